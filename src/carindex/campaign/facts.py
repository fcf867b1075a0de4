"""The facts of a table of cars as a protocol asks for them: which column is which fact, and a piece as numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from carindex.campaign.columns import FactColumns
from carindex.campaign.tables import TableSource
from carindex.dossier import PROTOCOL, quantity_of, split_unit, stated_in_per_cent
from carindex.messages import Finding, InputError
from carindex.rating import Plan, stated_for
from carindex.rating.load import shipped_folder
from carindex.units import ratio
from carindex.vocabulary import GIVEN, FactName, InvalidFactNameError, vocabulary

Problems = dict[int, list[Finding]]
"""What is wrong with the cars of a piece, by their row."""


def fact_columns(table: TableSource, plan: Plan) -> tuple[FactColumns, list[Finding]]:
    """Return the columns of a table that are facts of a protocol, and findings about columns of no use.

    Raises
    ------
    InputError
        When no column names the cars, none is a fact of the protocol, two are the same fact, or a unit does not fit.
    """
    if "car" not in table.columns:
        raise InputError(f"{table.path}:1", "campaign.no_car_column")
    slots = {name: i for i, name in enumerate(plan.facts)}
    found: dict[int, str] = {}
    findings = []
    for column in table.columns:
        if column in ("car", PROTOCOL) or column.startswith("published:"):
            continue
        name, unit = split_unit(column)
        owner, path = stated_for(name)
        if owner is not None:  # a score that is stated for one protocol
            name = f"{GIVEN}{path}" if owner in plan.protocol.ids else name
        try:
            name = name if name.startswith(GIVEN) else str(FactName.parse(name))
        except InvalidFactNameError as error:
            kind = vocabulary().kinds[error.kind]
            parameters = {"column": column, "word": error.word, "kind": kind}
            where = f"{table.path}:1"
            findings.append(Finding("dossier.column_not_used", "warning", where, None, parameters))
            continue
        if name not in slots:
            continue
        if slots[name] in found:
            raise InputError(f"{table.path}:1", "dossier.column_twice", column=column)
        per_cent = stated_in_per_cent(name, unit)
        quantity = quantity_of(name, unit) if per_cent else plan.quantities[slots[name]]
        if unit and ratio(unit, quantity.unit) != ratio(unit, quantity.unit):
            raise InputError(
                f"{table.path}:1: {column}", "dossier.unit_does_not_fit", unit=unit, expected=quantity.unit
            )
        found[slots[name]] = column
    if not found:
        raise InputError(
            f"{table.path}:1",
            "campaign.no_fact_column",
            protocol=plan.protocol.id,
            some=", ".join(plan.facts[:2]),
        )
    return FactColumns(found, plan.quantities, str(table.path)), findings


def words_of(plan: Plan) -> frozenset[str]:
    """Return the facts of a protocol that are words: of these a table gives each word once, see `open_table`."""
    return frozenset(
        name for name, quantity in zip(plan.facts, plan.quantities, strict=True) if quantity.categories
    )


def facts_of_piece(
    piece: pa.RecordBatch, columns: FactColumns, problems: Problems, room: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return the facts of a piece, NaN where one is missing; cells that are refused are problems.

    Parameters
    ----------
    piece
        Cells of some cars.
    columns
        The columns that hold facts.
    problems
        Filled with what is wrong with the cars.
    room
        Array ``(facts, cars)`` to put the facts into; a new one by default.
    """

    def refuse(row: int, finding: Finding) -> None:
        problems.setdefault(row, []).append(finding)

    facts = np.empty((len(columns.quantities), piece.num_rows)) if room is None else room
    columns.fill(facts, piece, refuse)
    return facts


def editions_rated(plan: Plan) -> frozenset[str]:
    """Return what the column ``protocol`` may say of cars that a protocol rates.

    A draft rates the cars of the edition that it changes; an edition of its own does not.
    """
    draft = shipped_folder(plan.protocol.id) is None
    return frozenset({"", plan.protocol.id, *(plan.protocol.head.extended if draft else ())})


def cars_of_others(
    piece: pa.RecordBatch, own: frozenset[str], plan: Plan, table: TableSource, problems: Problems
) -> NDArray[np.bool_]:
    """Return which cars belong to other editions, and say so of each."""
    other = np.zeros(piece.num_rows, bool)
    if PROTOCOL not in piece.schema.names:
        return other
    for row, cell in enumerate(piece.column(PROTOCOL).cast(pa.string()).to_pylist()):
        said = (cell or "").strip()
        if said not in own:
            other[row] = True
            parameters = {"other": said, "protocol": plan.protocol.id}
            place = f"{table.path}: {PROTOCOL}"
            problems[row] = [Finding("campaign.of_another_edition", "note", place, None, parameters)]
    return other
