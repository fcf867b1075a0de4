"""The measures as data: which criterion is computed from which channels, how filtered, for which dummy.

Belongs here: loading the YAML files beside this module, checking their shape, looking up the functions they
name. Does not belong here: choosing channels (`channels`), filtering (`processing`), computing (`compute`).
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, cast

import msgspec
import yaml

from carindex.criteria.constants import constants, entries

Label = dict[str, str]
Scope = Literal["occupant", "vehicle", "sled", "barrier"]
FILES = (
    "head", "neck", "chest", "abdomen_pelvis", "leg", "belt", "side", "whiplash", "vehicle",
)  # fmt: skip
# From the best to the least: what a result rests on is as good as the weakest of them.
VERIFIED = ("oracle", "published", "text", "unverified")


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The filter of a measure's channels.

    ``as_recorded`` are the lowest and highest -3 dB frequency in Hz of a filter at recording with which an
    unfiltered channel is used as it is.
    """

    cfc: float
    standard: Literal["sae_j211", "iso_6487"] = "sae_j211"
    as_recorded: tuple[float, float] | None = None


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signal (or constant) computed from channels and earlier signals.

    ``unit`` is the unit of the values, ``shown`` the unit they are shown in; empty for what is not shown.
    """

    function: str
    of: list[str] = []
    using: dict[str, str] = {}
    literal: dict[str, Any] = msgspec.field(default_factory=dict, name="with")
    unit: str = ""
    shown: str = ""


class Criterion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A criterion: the function, what it is computed of, and how it is described.

    ``unit`` is the unit of the function's result, empty where it is the unit of the vocabulary.
    """

    function: str
    of: list[str]
    method: Label
    source: str
    verified: Literal["oracle", "published", "text", "unverified"]
    using: dict[str, str] = {}
    literal: dict[str, Any] = msgspec.field(default_factory=dict, name="with")
    unit: str = ""
    window: float | None = None
    plot: str = ""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of a file: channels by role, filter, signals, and the criteria computed from them.

    ``special``: for dummies of a special test only; for an unknown dummy nobody is told that it waits for the name.
    """

    channels: dict[str, list[str]]
    filter: Filter
    criteria: dict[str, Criterion]
    signals: dict[str, Step] = {}
    scope: Scope = "occupant"
    dummies: list[str] = []
    needs: list[str] = []
    kinds: list[str] = []
    unfiltered: list[str] = []
    special: bool = False
    finding: str = ""


class Pattern(msgspec.Struct, frozen=True):
    """A channel code without test object, position and filter class: ``HEAD 00 00 ?? AC X``.

    ``place`` is main location with fine locations 1 and 2, ``third`` fine location 3 (``??``: the dummy, any),
    ``what`` physical dimension and direction.
    """

    place: str
    third: str
    what: str

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Return the pattern that a text spells.

        Raises
        ------
        ValueError
            When the text has not the six fields of an ISO/TS 13499 code.
        """
        fields = text.split()
        if [len(field) for field in fields] != [4, 2, 2, 2, 2, 1]:
            raise ValueError(f"{text!r} is not MAIN F1 F2 F3 PD D of a channel code")
        return cls("".join(fields[:3]), fields[3], "".join(fields[4:]))

    def code(self, test_object: str, position: str, dummy: str = "??") -> str:
        """Return the code without filter class, for people."""
        return f"{test_object}{position}{self.place}{dummy if self.third == '??' else self.third}{self.what}"


class Measure(msgspec.Struct, frozen=True):
    """An entry with its name, its codes parsed and its place among the files."""

    name: str
    entry: Entry
    patterns: Mapping[str, tuple[Pattern, ...]]


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``rules.yaml``: what holds for every measure."""

    filter_letters: dict[str, float]
    letter_order: str
    redundant: dict[str, str]
    seats: dict[Literal["left", "right"], dict[str, str]]
    velocity: list[dict[str, str]]
    fastest: float
    standards: dict[str, str]
    words: dict[str, Label]


def _yaml(name: str) -> Any:  # noqa: ANN401 - checked by the caller
    text = files("carindex.measures").joinpath(f"{name}.yaml").read_text("utf-8")
    return yaml.load(text, yaml.CSafeLoader)


@cache
def rules() -> Rules:
    """Return the rules that hold for every measure."""
    return msgspec.convert(_yaml("rules"), Rules, str_keys=True)


def _filled(value: Any, words: Mapping[str, str]) -> Any:  # noqa: ANN401 - a YAML tree
    """Return a YAML tree with ``{placeholders}`` of ``each`` filled in."""
    if isinstance(value, str):
        for name, word in words.items():
            value = value.replace(name, word)
        return value
    if isinstance(value, dict):
        return {_filled(key, words): _filled(inner, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, words) for inner in value]
    return value


def _variants(name: str, raw: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield an entry once for each combination of the words of its ``each``."""
    raw = dict(raw)
    each: dict[str, dict[str, str]] = raw.pop("each", {})
    if not each:
        yield name, raw
        return
    for combination in itertools.product(*(choices.items() for choices in each.values())):
        words: dict[str, str] = {}
        for key, (word, code) in zip(each, combination, strict=True):
            words |= {f"{{{key}}}": word, f"{{{key.upper()}}}": code}
        yield "_".join([name, *(word for word, _ in combination)]), _filled(raw, words)


@cache
def measures() -> tuple[Measure, ...]:
    """Return all measures. Of several that give the same criterion, an earlier one is preferred."""
    found: list[Measure] = []
    for file in FILES:
        for name, raw in _yaml(file).items():
            for variant, filled in _variants(name, raw):
                entry = msgspec.convert(filled, Entry)
                patterns = {
                    role: tuple(Pattern.parse(text) for text in texts)
                    for role, texts in entry.channels.items()
                }
                found.append(Measure(variant, entry, MappingProxyType(patterns)))
    return tuple(found)


@cache
def function(name: str) -> Callable[..., Any]:
    """Return the function ``module.name`` of `carindex.criteria`, or of the measures' own ``signals``.

    Raises
    ------
    AttributeError
        When there is none: a mistake in a file of measures.
    """
    module, inner = name.split(".")
    where = "carindex.measures.signals" if module == "signals" else f"carindex.criteria.{module}"
    return cast(Callable[..., Any], getattr(import_module(where), inner))


@cache
def takes(name: str) -> frozenset[str]:
    """Return which of ``dt``, ``start`` and ``dummy`` a function takes: those are handed over by name."""
    return frozenset(inspect.signature(function(name)).parameters) & {"dt", "start", "dummy"}


def lacking(measure: Measure, dummy: str) -> str | None:
    """Return the first group of constants that a measure needs and a dummy has not."""
    return next((group for group in measure.entry.needs if dummy not in entries(group)), None)


def verified(criterion: Criterion, measure: Measure, dummy: str | None) -> str:
    """Return how well a criterion is verified together with the constants of the dummy it uses."""
    marks: list[str] = [criterion.verified]
    if dummy is not None:
        marks += [constants(group, dummy).verified for group in measure.entry.needs]
    return max(marks, key=VERIFIED.index)
