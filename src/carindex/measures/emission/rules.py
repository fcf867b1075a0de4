"""``emission.yaml`` as typed structures.

Belongs here: the shape of the file, names as search expressions. Does not belong here: channels of a recording
(`channels`), computing (`compute`).
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
import yaml

from carindex.measures.catalogue import Label

PARTICLES = "pn"
"""The component that is counted, not weighed."""


class ChannelRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel: what it is, the unit it is used in, the names it is known by."""

    label: Label
    unit: str
    names: list[str]


class Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A component of exhaust: whose factor it has (empty: none is known), what it is called."""

    names: str
    factor: str = ""


class Fuel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fuel: the words for it, and the ignition of the engines that burn it."""

    words: str
    ignition: Literal["SI", "CI"]


class EmissionRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    channels: dict[str, ChannelRule]
    components: dict[str, Component]
    fuels: dict[str, Fuel]
    fuel_entries: list[str]
    ignition_entries: list[str]
    test_entries: list[str]
    phases: dict[str, Literal["speed", "wltc"]]
    mass_differs: float
    factor_agrees: float
    words: dict[str, Label]
    methods: dict[str, Label]
    sources: dict[str, str]


@cache
def emission_rules() -> EmissionRules:
    """Return what holds for tests of emissions and energy."""
    text = files("carindex.measures.emission").joinpath("emission.yaml").read_text("utf-8")
    return msgspec.convert(yaml.load(text, yaml.CSafeLoader), EmissionRules)


@cache
def channel_rules() -> dict[str, ChannelRule]:
    """Return all channels by role: those of the file, and concentration and rate of every component."""
    rules = emission_rules()
    found = dict(rules.channels)
    parts = {PARTICLES: Component("pn|particle number")} | rules.components
    for name, component in parts.items():
        counted = name == PARTICLES
        shown = name.upper().replace("NOX", "NOx")
        here = f"(?:{component.names})"
        found[concentration(name)] = ChannelRule(
            {"en": f"{shown} concentration", "zh": f"{shown}浓度"},
            "#/m³" if counted else "ppm",
            [f"{here} concentration(?: analyser| sensor)?", f"{here}浓度"],
        )
        names = [f"{here} (?:mass|rate|mass rate|mass flow)(?: analyser| sensor)?", f"{here}质量流率"]
        found[rate(name)] = ChannelRule(
            {"en": f"{shown} rate", "zh": f"{shown}流率"},
            "#/s" if counted else "g/s",
            [*names, f"{here}(?: analyser)?"] if counted else names,
        )
    return found


def concentration(component: str) -> str:
    """Return the role of the concentration of a component."""
    return f"{component}_concentration"


def rate(component: str) -> str:
    """Return the role of the recorded rate of a component."""
    return f"{component}_rate"


@cache
def expression(text: str) -> re.Pattern[str]:
    """Return a name of the file as a search expression."""
    return re.compile(text)
