"""Read a sheet of verification tests: the checks above the table, and one test a row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from carindex.euroncap.cells import Cell, Sheet
from carindex.euroncap.crash_avoidance.grids import Grid
from carindex.euroncap.crash_avoidance.layout import (
    STANDARD,
    Line,
    Matrix,
    Subelement,
    claims_dooring,
    conditions_of,
    is_repeating,
    kind_of,
    matrices,
    offered_layers,
    quantity_of,
    scenarios,
    table,
    unit_of,
    workbook,
)
from carindex.euroncap.crash_avoidance.statements import Statements
from carindex.euroncap.tables import blank
from carindex.rating.matrices import slug, word

_POINT = re.compile(r"\(\s*(\d+)\s*,\s*(\d+)\s*\)")
POINT, PREDICTION, VALUE = "Test point", "OEM Prediction", "Value"
LAYER, CONDITION, ROBUSTNESS = "Robustness layer", "Verification condition", "Robustness"
BASELINE, EXPECTED, RANGE = "Value baseline", "Expected value", "Range"
SYSTEM, DOOR, FUNCTION = "Type of system", "Door selected", "Function"


class TestRow(msgspec.Struct, frozen=True):
    """A row of the table: its cells by the titles of their columns, and the cell of the matrix that was tested."""

    cells: Mapping[str, Cell]
    matrix: Matrix
    line: Line
    column: int
    kind: str
    row: int

    @property
    def fact(self) -> str:
        """How facts name the tested cell."""
        return self.matrix.fact(self.line, self.column)

    def cell(self, title: str) -> Cell | None:
        """Return a cell that says something, nothing for an empty one or a column that is not there."""
        cell = self.cells.get(title)
        return None if cell is None or blank(cell) else cell


def heading_of(sheet: Sheet) -> int | None:
    """Return the row of titles above the tests."""
    return next((row for row in range(2, sheet.rows + 1) if sheet.cell(row, 1).text == "Scenario"), None)


def titles_of(sheet: Sheet, row: int) -> dict[str, int]:
    """Return the columns of a row of titles."""
    found: dict[str, int] = {}
    for column in range(1, sheet.columns + 1):
        text = sheet.cell(row, column).text
        if text:
            found.setdefault(text, column)
    return found


def read_verification(statements: Statements, sub: Subelement, grids: Mapping[str, Grid]) -> None:
    """Read the sheet of a stage subelement."""
    sheet = statements.book.sheet(sub.verification)
    top = heading_of(sheet)
    _read_checks(statements, sheet, sub, top)
    if top is None:
        statements.complain("no_table", sheet.place(1, 1), sheet=sheet.title)
        return
    _check_titles(statements, sheet, top)
    seen: dict[str, str] = {}
    layers: dict[str, list[TestRow]] = {}
    for test in test_rows(statements, sheet, top, grids):
        if test.fact in seen:
            statements.complain("tested_twice", test.cells[POINT].place, other=seen[test.fact])
            if not statements.calculator:
                continue
        seen[test.fact] = test.cells[POINT].place
        if _read_test(statements, test):
            layers.setdefault(test.matrix.name, []).append(test)
    for tests in layers.values():
        _read_conditions(statements, tests)
    if not statements.calculator:
        _compare_marks(statements, sub, grids, seen)


def _read_checks(statements: Statements, sheet: Sheet, sub: Subelement, top: int | None) -> None:
    titles = titles_of(sheet, 1)
    if VALUE not in titles:
        statements.say("column_missing", sheet.place(1, 1), column=VALUE, matrix=sheet.title)
        return
    rows = {
        sheet.cell(row, 1).text: row
        for row in range(2, (top or sheet.rows + 1))
        if not sheet.cell(row, 1).empty
    }
    words = tuple(workbook()["verification"]["passed"])
    for name, fact in sub.checks.items():
        if name not in rows:
            statements.complain("row_gone", sheet.place(2, 1), row=name, sheet=sheet.title)
            continue
        cell = sheet.cell(rows[name], titles[VALUE])
        said = statements.word(cell, words)
        if said is not None:
            statements.put(fact, said.strip().upper(), cell.place)
    for name, row in rows.items():
        if name not in sub.checks:
            statements.complain("row_not_known", sheet.place(row, 1), row=name, sheet=sheet.title)


def _check_titles(statements: Statements, sheet: Sheet, top: int) -> None:
    """Name columns that say something under no title of the programme, and titles that are missing beside others."""
    titles = titles_of(sheet, top)
    for column in range(1, sheet.columns + 1):
        title = sheet.cell(top, column)
        known = title.text in workbook()["verification"]["columns"] and titles[title.text] == column
        below = (sheet.cell(row, column).empty for row in range(top + 1, sheet.rows + 1))
        if not known and not all(below):
            statements.complain("column_not_known", title.place, column=title.text or "-", sheet=sheet.title)
    for needed, beside in ((LAYER, ROBUSTNESS), (ROBUSTNESS, LAYER), (SYSTEM, DOOR), (DOOR, SYSTEM)):
        if needed not in titles and beside in titles:
            statements.complain("column_missing", sheet.place(top, 1), column=needed, matrix=sheet.title)


def test_rows(statements: Statements, sheet: Sheet, top: int, grids: Mapping[str, Grid]) -> Iterator[TestRow]:
    """Yield the tests of a sheet; a row that cannot be understood is left out, and a finding says why."""
    titles = titles_of(sheet, top)
    missing = [title for title in (POINT, PREDICTION, VALUE) if title not in titles]
    names = [matrices()[name] for name in workbook()["verification"]["order"][sheet.title]]
    by_heading = {word(matrix.heading): matrix for matrix in names}
    for row in range(top + 1, sheet.rows + 1):
        cells = {title: sheet.cell(row, column) for title, column in titles.items()}
        if all(cell.empty for cell in cells.values()):
            continue
        if missing:
            for title in missing:
                statements.say("column_missing", sheet.place(top, 1), column=title, matrix=sheet.title)
            return
        matrix = by_heading.get(word(cells["Scenario"].text))
        if matrix is None:
            expected = ", ".join(other.heading for other in names)
            statements.say(
                "not_a_word", cells["Scenario"].place, found=cells["Scenario"].text or "-", expected=expected
            )
            continue
        grid = grids.get(matrix.name)
        if grid is None:  # a finding about the matrix says why
            continue
        place = _cell_of(cells[POINT], grid)
        if place is None:
            statements.say(
                "no_such_point", cells[POINT].place, found=cells[POINT].text or "-", matrix=matrix.heading
            )
            continue
        line, column = place
        kind = kind_of(matrix, line, column, taken_out(statements, matrix))
        yield TestRow(cells, matrix, line, column, kind, row)


def taken_out(statements: Statements, matrix: Matrix) -> frozenset[str]:
    """Return the rows that were taken out because they repeat others, or would have been."""
    found = set()
    rule = table("ranges")["repeated_rows"]
    for line in matrix.lines:
        name = f"{matrix.name}/{line.name}"
        if not is_repeating(matrix, line):
            continue
        predicted = any(
            statements.value(f"{matrix.fact(line, column)}/prediction") not in (None, "grey")
            for column in range(len(matrix.columns))
        )
        declared = statements.value(f"{name}/function") == rule["when"]["Function"]
        if statements.value(f"{name}/taken_out") == "yes" or (declared and predicted):
            found.add(line.name)
    return frozenset(found)


def _cell_of(cell: Cell, grid: Grid) -> tuple[Line, int] | None:
    """Return the row and column that a test point counts to, in the matrix as it stands on the sheet."""
    match = _POINT.fullmatch(cell.text)
    if match is None:
        return None
    row, column = int(match[1]), int(match[2])
    if row >= len(grid.rows) or column >= len(grid.matrix.columns):
        return None
    line = grid.rows[row][0]
    return None if line.cells[column] == "." else (line, column)


def _read_test(statements: Statements, test: TestRow) -> bool:
    """Read one test; returns whether it can be used."""
    predicted = statements.value(f"{test.fact}/prediction")
    said = test.cells[PREDICTION]
    if (said.text.lower() or None) != predicted:
        expected = "-" if predicted is None else str(predicted).capitalize()
        statements.say("not_as_predicted", said.place, found=said.text or "-", expected=expected)
        return False
    if not statements.calculator and not _describes(statements, test):
        return False
    statements.put(f"{test.fact}/tested", "yes", test.cells[POINT].place)
    quantity = quantity_of(
        test.matrix, test.kind, _function_of(statements, test), by_warning=_by_warning(statements)
    )
    expects = workbook()["verification"]["quantities"].get(quantity, quantity)
    named = test.cell(EXPECTED)
    if named is not None and slug(named.text) != slug(expects):
        statements.complain("other_quantity", named.place, found=named.text, expected=expects)
        if not statements.calculator:
            return True
    _put_value(statements, test.cells[VALUE], test.fact, quantity)
    criterion = table("judging")["criteria"][test.matrix.judged_by]
    if "baseline" in criterion:
        _put_more(statements, test, BASELINE, str(criterion["baseline"]))
    if "by_system" in criterion:
        _read_system(statements, test)
    outcome = test.cell(ROBUSTNESS)
    if outcome is not None and test.kind == STANDARD and LAYER in test.cells:
        passed = workbook()["verification"]["passed"]
        said_of = statements.word(outcome, (*passed, workbook()["verification"]["no_layer"]))
        if said_of is not None:
            statements.put(f"{test.fact}/robustness", said_of.strip().upper(), outcome.place)
    return True


def _function_of(statements: Statements, test: TestRow) -> str | None:
    if test.line.declared:
        said = statements.value(f"{test.matrix.name}/{test.line.name}/function")
        return None if said is None else str(said)
    return test.line.function


def _by_warning(statements: Statements) -> bool:
    rule = table("ranges")["extended_range_performance"]
    return str(statements.value(f"{rule['matrix']}/{rule['fact']}")).lower() == "ldw"


def _describes(statements: Statements, test: TestRow) -> bool:
    """Whether a row describes the test that its test point counts to."""
    attributes = test.matrix.attributes(test.line, test.column)
    attributes[RANGE] = workbook()["verification"]["ranges"][test.kind]
    for title, expected in attributes.items():
        cell = test.cell(title)
        if cell is None:
            continue
        found = f"{cell.value * 100:g}%" if isinstance(cell.value, float | int) else cell.text
        if slug(found) != slug(expected):
            statements.say(
                "other_test", cell.place, found=cell.text, expected=expected, point=test.cells[POINT].text
            )
            return False
    return True


def _put_value(statements: Statements, cell: Cell, fact: str, quantity: str) -> None:
    least, most = workbook()["possible"][quantity]
    value = statements.number(cell, least, most, whole=quantity in workbook()["whole_numbers"])
    if value is not None:
        statements.put(f"{fact}/{quantity}", value, cell.place, unit_of(quantity))


def _put_more(statements: Statements, test: TestRow, title: str, quantity: str) -> None:
    if title not in test.cells:
        statements.complain(
            "column_missing", test.cells[POINT].place, column=title, matrix=test.matrix.heading
        )
        return
    _put_value(statements, test.cells[title], test.fact, quantity)


def _read_system(statements: Statements, test: TestRow) -> None:
    criterion = table("judging")["criteria"][test.matrix.judged_by]
    response = statements.value(f"{test.matrix.scenario}/vehicle_response")
    if SYSTEM not in test.cells and claims_dooring(None if response is None else str(response)):
        statements.complain(
            "column_missing", test.cells[POINT].place, column=SYSTEM, matrix=test.matrix.heading
        )
    doors = tuple(door for names in criterion["doors"].values() for door in names)
    for title, name, words in ((SYSTEM, "system", tuple(criterion["by_system"])), (DOOR, "door", doors)):
        cell = test.cell(title)
        if cell is None:
            continue
        said = statements.word(cell, words)
        if said is not None:
            statements.put(f"{test.fact}/{name}", said, cell.place)


def _read_conditions(statements: Statements, tests: list[TestRow]) -> None:
    """State under which robustness layer and condition a matrix was tested; row by row where rows differ."""
    matrix = tests[0].matrix
    if not any(LAYER in test.cells for test in tests):
        return
    said = [(test, _layer_of(statements, test), _condition_of(statements, test)) for test in tests]
    standard = [one for one in said if one[1] is not None or one[2] is not None]
    for position, quantity in ((1, "robustness_layer"), (2, "verification_condition")):
        words = {one[position] for one in standard}
        if not words - {None}:
            continue
        title = LAYER if position == 1 else CONDITION
        if len(words) == 1:
            statements.put(
                f"{matrix.name}/{quantity}", standard[0][position], standard[0][0].cells[title].place
            )
            continue
        statements.complain(
            "several_conditions", standard[0][0].cells[title].place, matrix=matrix.heading, column=title
        )
        for one in standard:
            if one[position] is not None:
                statements.put(f"{one[0].fact}/{quantity}", one[position], one[0].cells[title].place)


def _layer_of(statements: Statements, test: TestRow) -> str | None:
    cell = test.cell(LAYER)
    if cell is None:
        return None
    sheet = next(
        title
        for title, entry in workbook()["robustness"]["sheets"].items()
        if test.matrix.scenario in entry["scenarios"]
    )
    offered = tuple(offered_layers(sheet, test.matrix.scenario).values())
    # the calculator knows the layer of lane markings without the star that the sheet prints behind it
    more = tuple(layer.rstrip("*") for layer in offered if layer.endswith("*"))
    return statements.word(cell, (*offered, *more, workbook()["verification"]["no_layer"]))


def _condition_of(statements: Statements, test: TestRow) -> str | None:
    cell = test.cell(CONDITION)
    layer = test.cell(LAYER)
    known = conditions_of(layer.text if layer is not None else "", test.matrix.scenario)
    if cell is None:
        if known and CONDITION not in test.cells:
            statements.complain(
                "column_missing", test.cells[POINT].place, column=CONDITION, matrix=test.matrix.heading
            )
        return None
    if statements.calculator or not known:
        return cell.text
    return statements.word(cell, tuple(known))


def _compare_marks(
    statements: Statements, sub: Subelement, grids: Mapping[str, Grid], seen: Mapping[str, str]
) -> None:
    """Say where a cell is marked as drawn and no row tests it: the row is lost, and the point with it."""
    order = workbook()["verification"]["order"][sub.verification]
    for name in order:
        grid = grids.get(name)
        if grid is None:
            continue
        sheet = statements.book.sheet(grid.matrix.sheet)
        for line, row in grid.rows:
            for column, place in grid.columns.items():
                cell = sheet.cell(row, place)
                if cell.text == workbook()["mark"] and grid.matrix.fact(line, column) not in seen:
                    statements.say(
                        "mark_without_test", cell.place, "warning", matrix=grid.matrix.heading, row=line.shown
                    )


__all__ = ["TestRow", "heading_of", "read_verification", "scenarios", "taken_out", "test_rows", "titles_of"]
