"""Names of facts: ``test/seat/dummy/quantity``, ``test/quantity``, ``car/quantity`` or ``test/cell/quantity``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from carindex.vocabulary.words import CAR, vocabulary


class InvalidFactNameError(ValueError):
    """A name that is not made of words of the vocabulary."""

    def __init__(self, text: str, word: str, kind: str) -> None:
        super().__init__(f"{text}: {word!r} is not a known {kind}")
        self.text = text
        self.word = word
        self.kind = kind


PREDICTED = "predicted"
"""Ends the name of a fact that is what the manufacturer predicted for the fact named before it."""

_CELL = re.compile(r"[a-z0-9_.\-]+(/[a-z0-9_.\-]+)*")
_KINDS_WITH_CELLS = ("inspection", "avoidance", "pedestrian", "emission")


@dataclass(frozen=True, slots=True)
class FactName:
    """The name of a fact, made of words of the vocabulary.

    ``full_width_rigid_56/driver/h3_50m/hic15`` is the HIC15 of a Hybrid III 50th male driver in that test,
    ``rollover_resistance/static_stability_factor`` belongs to a test without occupants. In an inspection
    (``advanced_ecall/tps/country_coverage/result``), a test of crash avoidance or of pedestrian protection, a cell,
    one or more words of the programme's own sheet, says what was inspected or which point was tested; in a test of
    emissions it is the phase (``rde_trip/urban/nox_distance_specific``) or the point of measurement. A prediction
    (``frontal_mpdb_50/driver/thor_50m/hic15/predicted``) has the quantity that was predicted as its cell.
    """

    test: str
    quantity: str
    seat: str | None = None
    dummy: str | None = None
    cell: str | None = None

    @classmethod
    def parse(cls, text: str) -> FactName:
        """Return the name that ``text`` spells.

        Raises
        ------
        InvalidFactNameError
            When a part is not a word of the vocabulary, naming the part and what it should have been.
        """
        return _parsed(text)

    @classmethod
    def _of(cls, text: str) -> FactName:
        words = vocabulary()
        parts = text.strip().split("/")
        test, quantity = parts[0], parts[-1]
        if len(parts) == 5 and quantity == PREDICTED:
            owner = cls.parse("/".join(parts[:-1]))
            return cls(owner.test, PREDICTED, owner.seat, owner.dummy, owner.quantity)
        if test in words.tests and words.tests[test].kind in _KINDS_WITH_CELLS and len(parts) > 2:
            cell = "/".join(parts[1:-1])
            if not _CELL.fullmatch(cell):
                raise InvalidFactNameError(text, cell, "cell")
            if quantity not in words.quantities:
                raise InvalidFactNameError(text, quantity, "quantity")
            return cls(test, quantity, cell=cell)
        if len(parts) not in (2, 4):
            raise InvalidFactNameError(text, text.strip(), "fact name")
        if test != CAR and test not in words.tests:
            raise InvalidFactNameError(text, test, "test")
        seat, dummy = (parts[1], parts[2]) if len(parts) == 4 else (None, None)
        if seat is not None and seat not in words.seats:
            raise InvalidFactNameError(text, seat, "seat")
        if dummy is not None and dummy not in words.dummies:
            raise InvalidFactNameError(text, dummy, "dummy")
        if quantity not in words.quantities:
            raise InvalidFactNameError(text, quantity, "quantity")
        return cls(test, quantity, seat, dummy)

    def __str__(self) -> str:
        parts = [self.test, self.seat, self.dummy, self.cell, self.quantity]
        return "/".join(part for part in parts if part)


@lru_cache(maxsize=1 << 16)
def _parsed(text: str) -> FactName:
    return FactName._of(text)
