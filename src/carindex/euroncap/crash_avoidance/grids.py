"""Find the prediction matrices on a sheet: which row and column of the sheet is which of the matrix."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from carindex.euroncap.cells import Sheet
from carindex.euroncap.crash_avoidance.layout import (
    CHOICE,
    NO_CELL,
    Line,
    Matrix,
    colour_fills,
    is_repeating,
    matrices_of,
    workbook,
)
from carindex.euroncap.crash_avoidance.statements import Statements
from carindex.rating.matrices import slug, word

TOLERANCE_OF_FILL = 0.02


class Grid(msgspec.Struct, frozen=True):
    """A matrix as it stands on a sheet."""

    matrix: Matrix
    place: str
    rows: tuple[tuple[Line, int], ...]
    """The rows that are there, in the order of the sheet, and the number of each."""
    columns: Mapping[int, int]
    """Column of the matrix to column of the sheet."""
    absent: tuple[Line, ...]
    """Rows that are not there because they repeat others."""
    function: int | None
    """Column of the sheet in which the function is declared."""


def grids_of(sheet: Sheet, statements: Statements, *, prepared: bool) -> dict[str, Grid]:
    """Return the matrices of a sheet by name; one that cannot be used is left out, and a finding says why."""
    headings: dict[str, int] = {}
    for row in range(1, sheet.rows + 1):
        text = sheet.cell(row, 1).text
        if text:
            headings.setdefault(word(text), row)
    found = {}
    for matrix in matrices_of(sheet.title):
        top = headings.get(word(matrix.heading))
        if top is None:
            statements.say("matrix_missing", sheet.place(1, 1), matrix=matrix.heading)
            continue
        grid = _grid(sheet, matrix, top, statements, prepared=prepared)
        if grid is not None:
            found[matrix.name] = grid
    return found


def _grid(sheet: Sheet, matrix: Matrix, top: int, statements: Statements, *, prepared: bool) -> Grid | None:
    columns = _columns(sheet, matrix, top, statements)
    labels = _labels(sheet, matrix, top, statements)
    if columns is None or labels is None:
        return None
    rows: list[tuple[Line, int]] = []
    absent: list[Line] = []
    remaining = list(matrix.lines)
    row = top + 2
    while not sheet.cell(row, 1).empty:
        said = _said(sheet, row, labels)
        skipped = []
        while remaining and not _is(remaining[0], said, labels):
            skipped.append(remaining.pop(0))
        wrong = [line for line in skipped if not _may_be_absent(matrix, line, statements, prepared=prepared)]
        if not remaining or wrong:
            expected = next(iter(wrong or skipped), None)
            statements.say(
                "row_unknown",
                sheet.place(row, 1),
                found=" / ".join(said.values()),
                expected="-" if expected is None else expected.shown,
                matrix=matrix.heading,
            )
            return None
        absent += skipped
        rows.append((remaining.pop(0), row))
        row += 1
    for line in remaining:
        if not _may_be_absent(matrix, line, statements, prepared=prepared):
            statements.say("row_missing", sheet.place(row, 1), row=line.shown, matrix=matrix.heading)
            return None
    function = next((column for column, title in labels.items() if title == "Function"), None)
    return Grid(matrix, sheet.place(top, 1), tuple(rows), columns, (*absent, *remaining), function)


def _columns(sheet: Sheet, matrix: Matrix, top: int, statements: Statements) -> dict[int, int] | None:
    across: dict[str, int] = {}
    for column in range(2, sheet.columns + 1):
        cell = sheet.cell(top + 1, column)
        if not cell.empty:
            value = cell.value
            name = slug(value if isinstance(value, int | float) else cell.text)
            across.setdefault(name, column)
    found = {}
    for i, name in enumerate(matrix.slugs):
        if not any(line.cells[i] != NO_CELL for line in matrix.lines):
            continue
        if name not in across:
            statements.say(
                "column_missing",
                sheet.place(top + 1, matrix.places[i]),
                column=str(matrix.columns[i]),
                matrix=matrix.heading,
            )
            return None
        found[i] = across[name]
    return found


def _labels(sheet: Sheet, matrix: Matrix, top: int, statements: Statements) -> dict[int, str] | None:
    """Return the columns that label rows, by their titles."""
    titles = {sheet.cell(top, column).text.lower(): column for column in range(2, sheet.columns + 1)}
    found = {}
    for title in matrix.labels:
        if title is None:
            continue
        if title.lower() not in titles:
            statements.say("column_missing", sheet.place(top, 1), column=title, matrix=matrix.heading)
            return None
        found[titles[title.lower()]] = title
    return found


def _said(sheet: Sheet, row: int, labels: Mapping[int, str]) -> dict[int, str]:
    said = {1: sheet.cell(row, 1).text}
    return said | {c: sheet.cell(row, c).text for c, title in labels.items() if title != "Function"}


def _is(line: Line, said: Mapping[int, str], labels: Mapping[int, str]) -> bool:
    return slug(line.label) == slug(said[1]) and all(
        slug(line.axes[title]) == slug(said[column]) for column, title in labels.items() if column in said
    )


def _may_be_absent(matrix: Matrix, line: Line, statements: Statements, *, prepared: bool) -> bool:
    """Whether a row may be left out: one that repeats another; the calculator lets any row of a choice band go."""
    if not prepared:
        return False
    return is_repeating(matrix, line) or (statements.calculator and line.band == CHOICE)


@lru_cache(maxsize=256)
def colour_of(fill: str | None) -> str | None:
    """Return the colour that a fill stands for, in small letters; nothing where it stands for none."""
    if fill is None:
        return None
    seen = _channels(fill)
    for colour, meant in colour_fills().items():
        if all(abs(a - b) / 255 < TOLERANCE_OF_FILL for a, b in zip(seen, _channels(meant), strict=True)):
            return colour.lower()
    return None


def _channels(fill: str) -> tuple[int, int, int]:
    return int(fill[:2], 16), int(fill[2:4], 16), int(fill[4:6], 16)


@lru_cache(maxsize=256)
def says_nothing(fill: str | None) -> bool:
    """Whether a fill is that of a cell in which nothing is predicted."""
    return fill is None or fill in workbook()["fills_without_colour"]
