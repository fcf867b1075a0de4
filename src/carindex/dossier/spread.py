"""Published tables that hold a car in several rows, or in several files: laid out again as one row a car.

A *long* table has a row for each item of a car; its column ``COLUMN@ITEM`` is what the row of that item says. What a
file beside it says of the same car is its column ``FILE:COLUMN`` (``FILE:COLUMN@ITEM`` where that file is long itself).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from carindex.dossier.readers import blank_row, table_of_text
from carindex.messages import Finding, InputError


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a file holds its cars.

    ``car``: the column whose text tells the rows of one car; ``item``: the column that names what a row of a long table
    is about, none where the file has one row a car.
    """

    car: str
    item: str | None = None


@dataclass(frozen=True)
class Laid:
    """A table with one row a car: header, rows, and the place of each row for messages."""

    header: tuple[str, ...]
    lines: tuple[tuple[object, ...], ...]
    places: tuple[str, ...]


def laid_out(
    path: Path, table: tuple[list[str], list[list[object]]], layout: Layout, beside: Mapping[str, Layout]
) -> tuple[Laid, list[Finding]]:
    """Return a table, and the files beside it, as one row a car.

    Parameters
    ----------
    path
        File of the table.
    table
        Its header and rows.
    layout
        How it holds its cars.
    beside
        How files in the same folder hold the same cars, by their names. One that is not there says nothing.

    Returns
    -------
    Laid
        One row a car, in the order in which the table names them.
    list[Finding]
        An error for each row that could not be read, or that says of an item what another row says otherwise (the
        first counts); a warning for each file that is not there.

    Raises
    ------
    InputError
        When a file lacks the columns that tell its cars or items.
    """
    findings: list[Finding] = []
    cars = _by_car(path, *table, layout, "", findings)
    for name, own in beside.items():
        other = path.parent / name
        if not other.is_file():
            findings.append(Finding("dossier.beside_missing", "warning", str(other)))
            continue
        more = _by_car(other, *table_of_text(other), own, f"{name}:", findings)
        for car, cells in more.items():
            if car in cars:
                cars[car] |= cells
    header = tuple(dict.fromkeys(column for cells in cars.values() for column in cells))
    lines = tuple(tuple(cells.get(column) for column in header) for cells in cars.values())
    return Laid(header, lines, tuple(f"{path}: {layout.car} {car}" for car in cars)), findings


def _by_car(
    path: Path,
    header: Sequence[str],
    lines: Sequence[Sequence[object]],
    layout: Layout,
    prefix: str,
    findings: list[Finding],
) -> dict[str, dict[str, object]]:
    """Return for each car what its rows say, by column."""
    asked = [layout.car] if layout.item is None else [layout.car, layout.item]
    missing = [column for column in asked if column not in header]
    if missing:
        raise InputError(
            f"{path}:1", "dossier.table_columns_missing", missing=", ".join(missing), table=path.name
        )
    at, item_at = header.index(layout.car), None if layout.item is None else header.index(layout.item)
    cars: dict[str, dict[str, object]] = {}
    for number, line in enumerate(lines, start=2):
        if blank_row(line):
            continue
        if len(line) != len(header):
            parameters = {"found": len(line), "expected": len(header)}
            findings.append(Finding("dossier.row_not_read", "error", f"{path}:{number}", None, parameters))
            continue
        cells = cars.setdefault(str(line[at]).strip(), {})
        item = None if item_at is None else str(line[item_at]).strip()
        for column, value in zip(header, line, strict=True):
            if item is None:
                cells[f"{prefix}{column}"] = value
                continue
            cells.setdefault(f"{prefix}{column}", value)  # what all rows of the car say
            name = f"{prefix}{column}@{item}"
            if name in cells and cells[name] != value:
                said = {"item": item, "column": column}
                findings.append(Finding("dossier.item_twice", "error", f"{path}:{number}", None, said))
                continue
            cells[name] = value
    return cars
