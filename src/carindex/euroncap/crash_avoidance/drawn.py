"""The draw that a prepared workbook shows: what its verification sheets test."""

from __future__ import annotations

from collections.abc import Mapping

from carindex.euroncap.cells import Book
from carindex.euroncap.crash_avoidance.answers import read_parameters
from carindex.euroncap.crash_avoidance.drawing import Drawn, Point
from carindex.euroncap.crash_avoidance.layout import STANDARD, matrices, subelements
from carindex.euroncap.crash_avoidance.reading import check_book, read_predictions
from carindex.euroncap.crash_avoidance.statements import Statements
from carindex.euroncap.crash_avoidance.verification import (
    CONDITION,
    DOOR,
    LAYER,
    TestRow,
    heading_of,
    test_rows,
)


def drawn_in(book: Book) -> Mapping[str, Drawn]:
    """Return what the verification sheets of a prepared workbook test, by matrix.

    Raises
    ------
    InputError
        When the workbook is one of another stage, or was not prepared.
    """
    statements = Statements(book, calculator=False)
    check_book(statements, prepared=True)
    read_parameters(statements)
    grids = read_predictions(statements)
    tests: dict[str, list[TestRow]] = {name: [] for name in matrices()}
    for sub in subelements():
        sheet = book.sheet(sub.verification)
        top = heading_of(sheet)
        for test in test_rows(statements, sheet, top, grids) if top else ():
            tests[test.matrix.name].append(test)
    return {name: _drawn(rows) for name, rows in tests.items()}


def _drawn(rows: list[TestRow]) -> Drawn:
    points = tuple(
        Point(row.line.name, row.column, row.kind, _said(row, "Target approach"), _said(row, DOOR))
        for row in rows
    )
    standard = [row for row in rows if row.kind == STANDARD]
    if not standard:
        return Drawn(points)
    return Drawn(points, _said(standard[0], LAYER), _said(standard[0], CONDITION))


def _said(row: TestRow, title: str) -> str | None:
    cell = row.cell(title)
    return None if cell is None else cell.text
