"""Columns of a table to numbers: the whole column at once where it is clean, cell by cell where it is not."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

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


@cache
def _factor(column: str) -> float:
    name, unit = split_unit(column)
    return 1.0 if not unit else ratio(unit, quantity_of(name, unit).unit)


def numbers(
    values: pa.Array, column: str, place: str, refuse: Refuse, quantity: Quantity | None = None
) -> NDArray[np.float64]:
    """Return a fact column as numbers in the vocabulary's unit, NaN where no value is known.

    Parameters
    ----------
    values
        Cells of the column: text, numbers or truth values.
    column
        Header of the column: a fact name, with a unit in brackets where it is not the vocabulary's.
    place
        File, for messages.
    refuse
        Called with the row and a finding for each cell that cannot be used; the cell is then not known.
    quantity
        What the column holds, where its name alone does not say how much it can be.
    """
    name, unit = split_unit(column)
    quantity = quantity or quantity_of(name)
    if (
        stated_in_per_cent(name, unit) and quantity.unit != unit
    ):  # of what the node can have, which is where its quantity ends
        share = numbers(values, column, place, refuse, quantity_of(name, unit))
        return share * quantity.range[1] / 100.0
    if quantity.categories or pa.types.is_boolean(values.type):
        return _words(values, column, place, refuse, quantity)
    out = _fast(values)
    if out is None:
        return _cells(values, column, place, refuse)
    factor = _factor(column)
    if factor != 1.0:
        out = out * factor
    least, most = quantity.range
    with np.errstate(invalid="ignore"):
        impossible = (out < least) | (out > most) | np.isinf(out)
    if impossible.any():
        out = out.copy()
        for row in np.flatnonzero(impossible):
            parameters = impossible_value(float(out[row]), quantity.unit, quantity.range)
            refuse(int(row), Finding("dossier.not_possible", "error", f"{place}: {column}", None, parameters))
        out[impossible] = np.nan
    return out


def _fast(values: pa.Array) -> NDArray[np.float64] | None:
    """Convert a clean column in one go; ``None`` when a cell stands in the way."""
    if pa.types.is_null(values.type):
        return np.full(len(values), np.nan)
    try:
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            nothing = pc.equal(values, pa.scalar("", values.type))
            values = pc.if_else(nothing, pa.scalar(None, values.type), values)
        numeric = pc.fill_null(pc.cast(values, pa.float64()), pa.scalar(np.nan, pa.float64()))
    except pa.ArrowException:
        return None
    return _array(numeric)


def _array(values: pa.Array) -> NDArray[np.float64]:
    """Return an array without nulls as numpy's; pyarrow's own way imports pandas if it is there."""
    return np.array(np.from_dlpack(values))


def _cells(values: pa.Array, column: str, place: str, refuse: Refuse) -> NDArray[np.float64]:
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


def _words(
    values: pa.Array, column: str, place: str, refuse: Refuse, quantity: Quantity
) -> NDArray[np.float64]:
    encoded = values.dictionary_encode()
    of_word = np.full(len(encoded.dictionary) + 1, np.nan)
    refused: dict[int, Finding] = {}
    for i, word in enumerate(encoded.dictionary.to_pylist()):
        text = {None: "", True: "yes", False: "no"}.get(word, word) if not isinstance(word, str) else word
        try:
            value = value_from_text(str(text), quantity, f"{place}: {column}")
        except InputError as problem:
            refused[i] = problem.as_finding()
            continue
        if value is not None:
            of_word[i] = value
    unknown = pa.scalar(len(encoded.dictionary), encoded.indices.type)
    codes = _array(pc.fill_null(encoded.indices, unknown)).astype(np.intp)
    for i, finding in refused.items():
        for row in np.flatnonzero(codes == i):
            refuse(int(row), finding)
    out: NDArray[np.float64] = of_word[codes]
    return out
