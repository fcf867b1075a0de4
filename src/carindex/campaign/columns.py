"""Columns of a table to numbers: the whole column at once where it is clean, cell by cell where it is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from carindex.dossier import quantity_of, split_unit, stated_in_per_cent, value_from_text
from carindex.dossier.facts import impossible as impossible_value
from carindex.messages import Finding, InputError
from carindex.units import ratio
from carindex.vocabulary import Quantity

Refuse = Callable[[int, Finding], None]
Numbers = NDArray[np.float64]

_FACTS_AT_ONCE = 512
_REMEMBERED = 1 << 16


@cache
def _factor(column: str) -> float:
    name, unit = split_unit(column)
    return 1.0 if not unit else ratio(unit, quantity_of(name, unit).unit)


class FactColumns:
    """The columns of a table that hold facts, piece by piece as numbers.

    Parameters
    ----------
    columns
        Header of the column of each fact that has one, by the number of the fact: a fact name, with a unit in brackets
        where it is not the vocabulary's.
    quantities
        What each fact is.
    place
        File, for messages.
    """

    def __init__(self, columns: Mapping[int, str], quantities: Sequence[Quantity], place: str) -> None:
        self.columns, self.quantities, self.place = columns, quantities, place
        self.least, self.most = (
            np.array([quantity.range[end] for quantity in quantities])[:, None] for end in range(2)
        )
        # words are few: their numbers are looked up once, though thousands of columns hold them
        self._known: dict[tuple[int, tuple[object, ...]], Numbers] = {}

    def fill(self, out: Numbers, piece: pa.RecordBatch, refuse: Refuse) -> None:
        """Put the facts of a piece into ``out``, ``(facts, cars)``, in the vocabulary's units.

        Parameters
        ----------
        out
            Changed in place; NaN where no value is known.
        piece
            Cells: text, numbers or truth values.
        refuse
            Called with the row and a finding for each cell that cannot be used; the cell is then not known.
        """
        for slot in range(len(out)):
            column = self.columns.get(slot)
            if column is None:
                out[slot] = np.nan
            else:
                self._fill(out[slot], piece.column(column), column, refuse, self.quantities[slot])
        self._refuse_impossible(out, refuse)

    def _fill(self, out: Numbers, values: pa.Array, column: str, refuse: Refuse, quantity: Quantity) -> None:
        if quantity.categories or pa.types.is_boolean(values.type):
            self._words(out, values, column, refuse, quantity)
            return
        if pa.types.is_float64(values.type) and "[" not in column:
            out[:] = values.to_numpy(zero_copy_only=False)
            return
        name, unit = split_unit(column)
        out[:] = _numbers(values, column, self.place, refuse)
        if stated_in_per_cent(name, unit) and quantity.unit != unit:
            # of what the node can have, which is where its quantity ends
            _refuse_impossible(out, column, self.place, refuse, quantity_of(name, unit))
            out *= quantity.range[1] / 100.0

    def _refuse_impossible(self, facts: Numbers, refuse: Refuse) -> None:
        """Refuse values that no car can have: they count as not known."""
        for start in range(0, len(facts), _FACTS_AT_ONCE):
            part = slice(start, start + _FACTS_AT_ONCE)
            own = facts[part]
            with np.errstate(invalid="ignore"):
                fits = (own >= self.least[part]) & (own <= self.most[part]) & (np.abs(own) < np.inf)
            fits |= np.isnan(own)
            for slot in (start + np.flatnonzero(~fits.all(axis=1))).tolist():
                _refuse_impossible(facts[slot], self.columns[slot], self.place, refuse, self.quantities[slot])

    def _words(self, out: Numbers, values: pa.Array, column: str, refuse: Refuse, quantity: Quantity) -> None:
        encoded = values.dictionary_encode()
        words = tuple(encoded.dictionary.to_pylist())
        key = id(quantity), words  # quantities live as long as this
        of_word = self._known.get(key)
        refused: dict[int, Finding] = {}
        if of_word is None:
            of_word, refused = _numbers_of(words, quantity, f"{self.place}: {column}")
            if not refused and len(self._known) < _REMEMBERED:  # what is refused names its column
                self._known[key] = of_word
        indices = encoded.indices
        codes = (pc.fill_null(indices, len(words)) if indices.null_count else indices).to_numpy()
        out[:] = of_word.take(codes)
        for i, finding in refused.items():
            for row in np.flatnonzero(codes == i):
                refuse(int(row), finding)


def _refuse_impossible(out: Numbers, column: str, place: str, refuse: Refuse, quantity: Quantity) -> None:
    least, most = quantity.range
    with np.errstate(invalid="ignore"):
        impossible = (out < least) | (out > most) | np.isinf(out)
    for row in np.flatnonzero(impossible):
        parameters = impossible_value(float(out[row]), quantity.unit, quantity.range)
        refuse(int(row), Finding("dossier.not_possible", "error", f"{place}: {column}", None, parameters))
    out[impossible] = np.nan


def _numbers(values: pa.Array, column: str, place: str, refuse: Refuse) -> Numbers:
    """Return a column of numbers in the vocabulary's unit, read cell by cell where one has to be looked at."""
    out = _fast(values)
    if out is None:
        return _cells(values, column, place, refuse)
    factor = _factor(column)
    return out * factor if factor != 1.0 else out


def _fast(values: pa.Array) -> Numbers | None:
    """Convert a clean column in one go; ``None`` when a cell stands in the way."""
    if pa.types.is_null(values.type):
        return np.full(len(values), np.nan)
    try:
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            nothing = pc.equal(values, pa.scalar("", values.type))
            values = pc.if_else(nothing, pa.scalar(None, values.type), values)
        numeric = pc.cast(values, pa.float64())
    except pa.ArrowException:
        return None
    return np.asarray(numeric.to_numpy(zero_copy_only=False), np.float64)


def _cells(values: pa.Array, column: str, place: str, refuse: Refuse) -> Numbers:
    name, unit = split_unit(column)
    quantity = quantity_of(name, unit)
    out = np.full(len(values), np.nan)
    for row, text in enumerate(values.to_pylist()):
        try:
            value = value_from_text("" if text is None else str(text), quantity, f"{place}: {column}", unit)
        except InputError as error:
            refuse(row, error.as_finding())
            continue
        if value is not None:
            out[row] = value
    return out


def _numbers_of(words: tuple[Any, ...], quantity: Quantity, place: str) -> tuple[Numbers, dict[int, Finding]]:
    """Return the number of each word, NaN for those that are refused and, last, for none; and why words are refused."""
    of_word = np.full(len(words) + 1, np.nan)
    refused: dict[int, Finding] = {}
    for i, word in enumerate(words):
        text = word if isinstance(word, str) else {None: "", True: "yes", False: "no"}.get(word, word)
        try:
            value = value_from_text(str(text), quantity, place)
        except InputError as problem:
            refused[i] = problem.as_finding()
            continue
        if value is not None:
            of_word[i] = value
    return of_word, refused
