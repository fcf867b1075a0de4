"""``cabin.yaml`` as typed structures."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
import yaml

from carindex.measures.catalogue import Label


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Temperature or pressure: a channel, or a header entry with its unit."""

    names: list[str]
    unit: str
    label: Label


class CabinQuantity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A quantity: its channel, or three of them, and what is made of the samples."""

    names: list[str]
    unit: str
    make: Literal["mean", "greatest"]
    substance: str = ""
    axes: list[str] = []


class CabinRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    tests: list[str]
    point_entries: list[str]
    mode_entries: list[str]
    temperature: Condition
    pressure: Condition
    quantities: dict[str, CabinQuantity]
    methods: dict[str, Label]
    source: str


@cache
def cabin_rules() -> CabinRules:
    """Return what holds for measurements in the cabin."""
    text = files("carindex.measures.cabin").joinpath("cabin.yaml").read_text("utf-8")
    return msgspec.convert(yaml.load(text, yaml.CSafeLoader), CabinRules)
