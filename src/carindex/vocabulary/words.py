"""Load the vocabulary files once, checked against the shape each word must have."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from carindex.kept import kept, read_yaml

CAR = "car"
"""First part of the name of a fact that belongs to the car as a whole, not to one of its tests."""

GIVEN = "given:"
"""Begins the name of a fact that is a node's score itself, as a test report states it: ``given:PATH``."""

Label = dict[str, str]


class Test(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A physical test configuration."""

    __test__ = False  # not a pytest class

    label: Label
    kind: Literal["frontal", "side", "rear", "rollover", "pedestrian", "avoidance", "emission", "inspection"]
    configuration: dict[str, Any]
    source: str


class Seat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place in the car."""

    label: Label


class Dummy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A crash-test dummy and the ISO-MME characters that name it; a theme that all points of it are for."""

    codes: list[str]
    label: Label
    theme: str | None = None


class Quantity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something measured or inspected, with its unit and the values it can have.

    ``shared``: several checks use its words, each some of them. ``also``: other spellings of its words.
    """

    label: Label
    unit: str
    better: Literal["lower", "higher", "none"]
    range: tuple[float, float]
    plausible: tuple[float, float] | None = None
    kind: Literal["number", "boolean", "category"] = "number"
    values: list[str] = []
    shared: bool = False
    also: dict[str, str] = {}
    symbol: str | None = None
    region: str | None = None

    @property
    def categories(self) -> tuple[str, ...]:
        """The words a value can be, in the order of the numbers that stand for them; empty for a number."""
        return ("no", "yes") if self.kind == "boolean" else tuple(self.values)


class Theme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What points are for.

    ``words``: parts of a node's key that say so. ``kinds``: kinds of tests that do. ``first``: a word of this theme
    counts before one of another theme, wherever they stand: a child in a frontal test is a child.
    """

    label: Label
    words: list[str] = []
    kinds: list[str] = []
    first: bool = False


Word = TypeVar("Word", Test, Seat, Dummy, Quantity, Theme, Label)


def _load(name: str, word: type[Word]) -> Mapping[str, Word]:
    def read() -> Mapping[str, Word]:
        said = read_yaml(Path(__file__).with_name(f"{name}.yaml"))
        return msgspec.convert(said, dict[str, word])  # type: ignore[valid-type]

    return kept(f"vocabulary.{name}", read)


class Vocabulary:
    """All words, each kind loaded on first use."""

    @cached_property
    def tests(self) -> Mapping[str, Test]:
        """Tests by name."""
        return _load("tests", Test)

    @cached_property
    def seats(self) -> Mapping[str, Seat]:
        """Seats by name."""
        return _load("seats", Seat)

    @cached_property
    def dummies(self) -> Mapping[str, Dummy]:
        """Dummies by name."""
        return _load("dummies", Dummy)

    @cached_property
    def quantities(self) -> Mapping[str, Quantity]:
        """Quantities by name."""
        return _load("quantities", Quantity)

    @cached_property
    def themes(self) -> Mapping[str, Theme]:
        """Themes by name, in the order in which they are shown."""
        return _load("themes", Theme)

    @cached_property
    def kinds(self) -> Mapping[str, Label]:
        """What each part of a fact's name is called, in every language."""
        return _load("kinds", Label)

    @cached_property
    def dummy_of_code(self) -> Mapping[str, str]:
        """Name of the dummy by the characters of fine location 3 of an ISO-MME channel code."""
        return {code: name for name, dummy in self.dummies.items() for code in dummy.codes}


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary of this installation."""
    return Vocabulary()
