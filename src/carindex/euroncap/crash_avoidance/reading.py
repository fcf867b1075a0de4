"""Read a prepared workbook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book
from carindex.euroncap.crash_avoidance.answers import INPUTS, read_claims, read_parameters, sheet_of
from carindex.euroncap.crash_avoidance.blanks import score_pages
from carindex.euroncap.crash_avoidance.grids import Grid, colour_of, grids_of, says_nothing
from carindex.euroncap.crash_avoidance.layout import (
    Matrix,
    Subelement,
    is_repeating,
    scenarios,
    subelements,
    table,
    workbook,
)
from carindex.euroncap.crash_avoidance.statements import Statements
from carindex.euroncap.crash_avoidance.verification import read_verification
from carindex.euroncap.tables import check_version
from carindex.messages import Finding, InputError
from carindex.rating.matrices import TESTED

GREY = "grey"
# errors by which no row and no prediction is lost
NOTHING_LOST = ("not_a_number", "not_possible", "tested_twice")


def read(book: Book, *, calculator: bool = False) -> tuple[list[Row], list[Finding]]:
    """Return the facts of a prepared workbook, and what is wrong with it.

    Parameters
    ----------
    book
        A prepared workbook, of the programme's own tool or of `prepare`.
    calculator
        Take cells as the programme's own calculator takes them.

    Raises
    ------
    InputError
        When the workbook is one of another stage, or a template that was not prepared yet.
    """
    statements = Statements(book, calculator)
    check_book(statements, prepared=True)
    read_parameters(statements)
    grids = read_predictions(statements)
    read_claims(statements)
    for sub in subelements():
        if sub.verification in book.sheets:
            read_verification(statements, sub, grids)
        else:
            _without_verification(statements, sub)
    _cells_without_value(statements)
    _close_matrices(statements, grids)
    _compare_scores(statements)
    return list(statements.facts.values()), statements.findings


def check_book(statements: Statements, *, prepared: bool) -> None:
    """Refuse a workbook of another stage; state other versions.

    Raises
    ------
    InputError
        When it is no workbook of this stage, or no prepared one where one is needed.
    """
    book, rules = statements.book, workbook()
    own = {*rules["predictions"], *rules["robustness"]["sheets"], *rules["verification"]["order"]}
    if not own.intersection(book.sheets):
        raise InputError(book.path, "euroncap.other_stage", stage=rules["stage"])
    for found in check_version(book, prepared=prepared):
        # the calculator refuses other versions; what stands in them may mean something else
        statements.findings.append(replace(found, severity="error"))
    if prepared and not set(rules["verification"]["order"]).intersection(book.sheets):
        raise InputError(book.path, "euroncap.not_prepared")


def read_predictions(statements: Statements) -> dict[str, Grid]:
    """Read the predicted colours and the declared functions; returns the matrices as they stand on the sheets."""
    found: dict[str, Grid] = {}
    for title in workbook()["predictions"]:
        sheet = sheet_of(statements, title)
        if sheet is None:
            continue
        grids = grids_of(sheet, statements, prepared=True)
        for grid in grids.values():
            _functions(statements, grid)
            _colours(statements, grid)
        found |= grids
    return found


def _functions(statements: Statements, grid: Grid) -> None:
    sheet, matrix = statements.book.sheet(grid.matrix.sheet), grid.matrix
    for line, row in grid.rows:
        if line.declared and grid.function is not None:
            said = statements.word(sheet.cell(row, grid.function), tuple(line.axes["Function"]))
            if said is not None and line.band is not None:
                statements.put(f"{matrix.name}/{line.name}/function", said, sheet.place(row, grid.function))
    for line in grid.absent:
        # a row that is not there was declared like the one it repeats
        said = table("ranges")["repeated_rows"]["when"]["Function"]
        statements.put(f"{matrix.name}/{line.name}/function", said, grid.place)
        statements.put(f"{matrix.name}/{line.name}/taken_out", "yes", grid.place)


def _colours(statements: Statements, grid: Grid) -> None:
    sheet, matrix = statements.book.sheet(grid.matrix.sheet), grid.matrix
    mark = workbook()["mark"]
    for line, row in grid.rows:
        for column, place in grid.columns.items():
            if line.cells[column] == ".":
                continue
            fill = sheet.fill(row, place)
            colour = colour_of(fill)
            if colour is not None:
                statements.put(f"{matrix.fact(line, column)}/prediction", colour, sheet.place(row, place))
            elif not says_nothing(fill):
                statements.complain(
                    "unknown_fill", sheet.place(row, place), found=fill, colours=_colour_names()
                )
            cell = sheet.cell(row, place)
            if not cell.empty and cell.text.upper() != mark:
                statements.complain("not_a_mark", cell.place, found=cell.text, mark=mark)


def _colour_names() -> str:
    return ", ".join(table("judging")["colours"])


def _without_verification(statements: Statements, sub: Subelement) -> None:
    """State what follows from a missing sheet of tests: to the calculator all of its scenarios are worth nothing."""
    place = f"{statements.book.path}: {sub.verification}"
    if not statements.calculator:
        sheet_of(statements, sub.verification)
        return
    statements.say("no_tests", place, "warning", sheet=sub.verification)
    for scenario in scenarios().values():
        if (scenario.element, scenario.subelement) != (sub.element, sub.name):
            continue
        if "extended" in scenario.layers:
            statements.put(f"{scenario.name}/prediction_standard", "N/A", place)
        for matrix in scenario.matrices:
            for name in list(statements.facts):
                if "extended" not in scenario.layers and name.startswith(f"{matrix}/"):
                    del statements.facts[name]


def _close_matrices(statements: Statements, grids: Mapping[str, Grid]) -> None:
    """State of which matrices all is written down: what is not there was not predicted, not drawn, not tested.

    Not where a cell of their sheets could not be understood: a row or a prediction may be lost. A value that cannot be
    used is none of that; its point stays open by itself. Nor where nothing at all is said of a scenario: it may just as
    well not have been filled in yet.
    """
    if statements.calculator:  # it takes every workbook as written down
        return
    said = {name.split("/")[0] for name, row in statements.facts.items() if row.value != GREY}
    begun = {
        matrix
        for scenario in scenarios().values()
        if not said.isdisjoint((scenario.name, *scenario.matrices))
        for matrix in scenario.matrices
    }
    order = workbook()["verification"]["order"]
    for title in (title for title in order if title in statements.book.sheets):
        for grid in (grids[name] for name in order[title] if name in grids and name in begun):
            if not any(
                _loses_something(finding, title, grid.matrix, statements) for finding in statements.findings
            ):
                statements.put(f"{grid.matrix.name}/{TESTED}", "yes", grid.place)


def _loses_something(finding: Finding, title: str, matrix: Matrix, statements: Statements) -> bool:
    """Whether a finding leaves open what was predicted or tested of a matrix."""
    code = finding.code.rpartition(".")[2]
    if code == "mark_without_test":  # the row of a drawn point is gone
        return finding.parameters.get("matrix") == matrix.heading
    if finding.severity != "error" or code in NOTHING_LOST:
        return False
    return any(
        finding.place.startswith(f"{statements.book.path}: {sheet}!") for sheet in (title, matrix.sheet)
    )


def _cells_without_value(statements: Statements) -> None:
    """Name cells that look empty and are not: their content would be lost without a word."""
    rules = workbook()
    answered = (INPUTS, *rules["robustness"]["sheets"], *rules["verification"]["order"])
    for title in answered:
        if title in statements.book.sheets:
            sheet = statements.book.sheet(title)
            for (row, column), text in statements.book.without_value(title).items():
                statements.complain("no_value", sheet.place(row, column), found=text)


def _compare_scores(statements: Statements) -> None:
    """Say where labels or maxima of the sheets of scores are not the protocol's: the protocol's count."""
    for page in score_pages():
        if page.title not in statements.book.sheets:
            sheet_of(statements, page.title)
            continue
        sheet = statements.book.sheet(page.title)
        score = len(workbook()["scores"][page.title]) + 1
        for (row, column), entry in page.cells.items():
            cell = sheet.cell(row, column)
            if column != score and cell.value != entry.value:
                statements.say(
                    "edited",
                    cell.place,
                    "warning",
                    found=cell.text or "-",
                    expected=f"{entry.value:g}" if isinstance(entry.value, float) else str(entry.value),
                )


__all__ = ["GREY", "INPUTS", "check_book", "is_repeating", "read", "read_predictions"]
