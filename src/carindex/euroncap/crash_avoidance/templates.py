"""Read a template that a manufacturer filled in, and check what it predicts."""

from __future__ import annotations

from carindex.euroncap.crash_avoidance.answers import parameter_cells, read_claims, sheet_of
from carindex.euroncap.crash_avoidance.drawing import Answers
from carindex.euroncap.crash_avoidance.grids import Grid, grids_of
from carindex.euroncap.crash_avoidance.layout import (
    EXTENDED,
    Line,
    Matrix,
    claims_dooring,
    colour_fills,
    is_repeating,
    matrices,
    offered_colours,
    scenarios,
    table,
    workbook,
)
from carindex.euroncap.crash_avoidance.statements import Statements
from carindex.euroncap.tables import blank
from carindex.rating.matrices import slug

Predictions = dict[str, dict[tuple[str, int], str]]


def read_answers(statements: Statements) -> Answers:
    """Return what a template answers; findings say what cannot be used, and what contradicts itself."""
    parameters = {}
    options = workbook()["input_parameters"]["options"]
    for (scenario, parameter), cell in parameter_cells(statements).items():
        if cell.empty:
            continue
        said = statements.word(cell, tuple(options[parameter])) if cell.text.upper() != "N/A" else "N/A"
        if said is not None:
            parameters[scenario, parameter] = said
    predictions: Predictions = {}
    functions: dict[tuple[str, str], str] = {}
    grids: dict[str, Grid] = {}
    for title in workbook()["predictions"]:
        sheet = sheet_of(statements, title)
        if sheet is None:
            continue
        grids |= grids_of(sheet, statements, prepared=False)
    for name, grid in grids.items():
        predictions[name] = _predictions(statements, grid)
        functions |= _functions(statements, grid)
    read_claims(statements)
    claims = {
        (name.split("/")[0], name.split("/")[1]): str(row.value)
        for name, row in statements.facts.items()
        if name.endswith("/claimed")
    }
    answers = Answers(parameters, predictions, functions, claims)
    _check_parameters(statements, answers)
    for grid in grids.values():
        _check_repeating(statements, answers, grid)
        _check_warnings(statements, answers, grid)
        _check_dooring(statements, answers, grid)
    return answers


def read_driver_state_link(statements: Statements) -> dict[tuple[str, int], str]:
    """Return what the sheet of the driver state link says, by scenario and column; it is not scored."""
    rules = workbook()["driver_state_link"]
    sheet = sheet_of(statements, rules["sheet"])
    if sheet is None:
        return {}
    labels = {scenarios()[name].label: name for name in rules["scenarios"]}
    found = {}
    for row in range(len(rules["headings"]) + 1, sheet.rows + 1):
        scenario = labels.get(sheet.cell(row, 1).text)
        for column in (2, 3, 4):
            cell = sheet.cell(row, column)
            if scenario is None or cell.empty:
                continue
            said = "N/A" if cell.text.upper() == "N/A" else statements.word(cell, tuple(rules["options"]))
            if said is not None:
                found[scenario, column] = said
    return found


def _predictions(statements: Statements, grid: Grid) -> dict[tuple[str, int], str]:
    sheet, matrix = statements.book.sheet(grid.matrix.sheet), grid.matrix
    found = {}
    for line, row in grid.rows:
        for column, place in grid.columns.items():
            cell = sheet.cell(row, place)
            if line.cells[column] == "." or blank(cell):
                continue
            offered = offered_colours(matrix, line, column)
            colour = next((c for c in offered if c.lower() == cell.text.lower()), None)
            if colour is None:
                statements.say("colour_not_offered", cell.place, found=cell.text, expected=", ".join(offered))
                continue
            found[line.name, column] = colour
    return found


def _functions(statements: Statements, grid: Grid) -> dict[tuple[str, str], str]:
    sheet, matrix = statements.book.sheet(grid.matrix.sheet), grid.matrix
    found = {}
    for line, row in grid.rows:
        if line.declared and grid.function is not None:
            said = statements.word(sheet.cell(row, grid.function), tuple(line.axes["Function"]))
            if said is not None:
                found[matrix.name, line.name] = said
    return found


def _place(statements: Statements, grid: Grid, line: Line, column: int) -> str:
    row = next(row for other, row in grid.rows if other.name == line.name)
    return statements.book.sheet(grid.matrix.sheet).place(row, grid.columns[column])


def _check_parameters(statements: Statements, answers: Answers) -> None:
    cells = parameter_cells(Statements(statements.book, calculator=True))
    not_claimed = {name for (name, _), said in answers.parameters.items() if said == "N/A"}
    for (name, parameter), said in answers.parameters.items():
        if name in not_claimed and said != "N/A":
            statements.say(
                "partly_not_claimed",
                cells[name, parameter].place,
                "warning",
                found=said,
                scenario=scenarios()[name].label,
            )


def _check_repeating(statements: Statements, answers: Answers, grid: Grid) -> None:
    """Cells of a row that repeats the fixed row of its speed have to be predicted like it."""
    matrix = grid.matrix
    rule = table("ranges")["repeated_rows"]["when"]["Function"]
    for line in matrix.lines:
        if not is_repeating(matrix, line) or answers.functions.get((matrix.name, line.name)) != rule:
            continue
        fixed = _fixed(matrix, line)
        if fixed is None:
            continue
        for column in grid.columns:
            mine = answers.colour(matrix, line, column)
            other = answers.colour(matrix, fixed, column)
            if None not in (mine, other) and mine != other:
                statements.say(
                    "repeated_differently",
                    _place(statements, grid, line, column),
                    found=mine,
                    expected=other,
                    other=_place(statements, grid, fixed, column).rsplit("!", 1)[-1],
                )


def _fixed(matrix: Matrix, line: Line) -> Line | None:
    """Return the fixed row that a row repeats: alike in everything that names it."""
    axes = {axis: value for axis, value in line.axes.items() if axis != "Function"}
    for other in matrix.lines:
        if other.band != line.band and {a: v for a, v in other.axes.items() if a != "Function"} == axes:
            return other
    return None


def _check_warnings(statements: Statements, answers: Answers, grid: Grid) -> None:
    """Warn of graded colours of a warning, and of Green in an extended range that a warning claims."""
    matrix = grid.matrix
    performance = table("ranges")["extended_range_performance"]
    by_warning = answers.parameters.get((matrix.scenario, "Extended range performance")) == "LDW"
    for line, column in matrix.cells():
        colour = answers.colour(matrix, line, column)
        if colour is None:
            continue
        warned = line.band is not None and answers.functions.get((matrix.name, line.name)) == "FCW"
        if warned and colour not in ("Green", "Red"):
            statements.say("graded_warning", _place(statements, grid, line, column), "warning", found=colour)
        extended = matrix.name == performance["matrix"] and line.cells[column] == EXTENDED
        if by_warning and extended and colour == "Green":
            statements.say("green_with_warning", _place(statements, grid, line, column), "warning")


def _check_dooring(statements: Statements, answers: Answers, grid: Grid) -> None:
    matrix = grid.matrix
    if "by_system" not in table("judging")["criteria"][matrix.judged_by]:
        return
    response = answers.parameters.get((matrix.scenario, "Vehicle response"))
    best = table("ranges")["dooring"]["at_best"].get(response)
    order = list(colour_fills())
    for line, column in matrix.cells():
        colour = answers.colour(matrix, line, column)
        if colour is None:
            continue
        if response is None:
            statements.say("no_response", _place(statements, grid, line, column))
            return
        if claims_dooring(response) and order.index(colour) < order.index(best):
            statements.say(
                "better_than_response",
                _place(statements, grid, line, column),
                found=colour,
                response=response,
                best=best,
            )


__all__ = ["matrices", "read_answers", "read_driver_state_link", "slug"]
