"""From a filled-in template to the workbook that is prepared for testing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from carindex.euroncap.cells import Book
from carindex.euroncap.crash_avoidance.blanks import (
    driver_state_link,
    evidence_pages,
    heading_row,
    in_order,
    input_cell,
    input_parameters,
    matrix_tops,
    put_line_labels,
    put_matrix_headings,
    robustness_page,
    score_pages,
    version_page,
)
from carindex.euroncap.crash_avoidance.drawing import Answers, Drawn, Point, draw
from carindex.euroncap.crash_avoidance.layout import (
    EXTENDED,
    STANDARD,
    Line,
    Matrix,
    Subelement,
    claims_dooring,
    colour_fills,
    is_grey_until_predicted,
    matrices,
    matrices_of,
    offered_layers,
    quantity_of,
    scenarios,
    subelements,
    table,
    workbook,
)
from carindex.euroncap.crash_avoidance.reading import check_book
from carindex.euroncap.crash_avoidance.statements import Statements
from carindex.euroncap.crash_avoidance.templates import read_answers, read_driver_state_link
from carindex.euroncap.pages import INPUT_FILL, Page
from carindex.euroncap.tables import copied
from carindex.messages import Finding


def prepare(
    book: Book, seed: int, *, drawn: Mapping[str, Drawn] | None = None
) -> tuple[list[Page], list[Finding]]:
    """Return the workbook that is prepared for testing.

    Parameters
    ----------
    book
        A template that the manufacturer filled in.
    seed
        Number of the draw: the same number and answers draw the same points.
    drawn
        A draw to be kept instead of drawing.

    Returns
    -------
    tuple
        The pages, none where a finding is an error; and what is wrong with the template.

    Raises
    ------
    InputError
        When the workbook is one of another stage.
    """
    statements = Statements(book, calculator=False)
    check_book(statements, prepared=False)
    answers = read_answers(statements)
    link = read_driver_state_link(statements)
    if any(finding.severity == "error" for finding in statements.findings):
        return [], statements.findings
    drawn = draw(answers, seed) if drawn is None else drawn
    pages = [
        input_parameters(answers.parameters, prepared=True),
        *score_pages(prepared=True),
        driver_state_link(link),
        *(_prediction_page(sheet, answers, drawn) for sheet in workbook()["predictions"]),
        *(robustness_page(sheet, answers.claims) for sheet in workbook()["robustness"]["sheets"]),
        *(_verification_page(sub, answers, drawn) for sub in subelements()),
        *evidence_pages(_called_for(answers)),
        version_page(prepared=True),
    ]
    known = {page.title for page in pages}
    pages += [page for page in copied(book) if page.title not in known]
    return in_order(pages, workbook()["sheets"]["prepared"]), statements.findings


def _prediction_page(sheet: str, answers: Answers, drawn: Mapping[str, Drawn]) -> Page:
    """Return a sheet of predictions: colours are fills now, drawn cells are marked, repeating rows are gone."""
    page = Page(sheet, widths={1: 18, 2: 14, 3: 16, 4: 14})
    fills, mark = colour_fills(), workbook()["mark"]
    gone = 0
    for matrix in matrices_of(sheet):
        row = matrix_tops(sheet)[matrix.name] - gone
        put_matrix_headings(page, matrix, row)
        marked = {(point.line, point.column) for point in drawn.get(matrix.name, Drawn(())).points}
        row += 2
        for line in matrix.lines:
            if line.name in answers.taken_out(matrix):
                gone += 1
                continue
            put_line_labels(page, matrix, row, line.name, answers.functions.get((matrix.name, line.name)))
            for column, place in enumerate(matrix.places):
                if line.cells[column] == ".":
                    continue
                colour = answers.colour(matrix, line, column)
                if colour is None:
                    fill = fills["Grey"] if is_grey_until_predicted(matrix, line, column) else INPUT_FILL
                else:
                    fill = fills[colour]
                page.put(row, place, mark if (line.name, column) in marked else None, fill=fill)
            row += 1
    return page


def _verification_page(sub: Subelement, answers: Answers, drawn: Mapping[str, Drawn]) -> Page:
    rules, fills = workbook()["verification"], workbook()["fills"]
    rows = [
        row
        for name in rules["order"][sub.verification]
        for row in test_cells(matrices()[name], answers, drawn.get(name, Drawn(())), sub)
    ]
    # a column that no row has anything for is left out; what is filled in later is there from the start
    there = {title for row in rows for title in row} | {"Scenario", "Value", "Colour"}
    titles = [title for title in rules["columns"] if title in there]
    widths = {i: float(max(len(title) + 2, 12)) for i, title in enumerate(titles, start=1)}
    page = Page(sub.verification, widths=widths)
    value = titles.index("Value") + 1
    heading_row(page, 1, ["Scenario"])
    heading_row(page, 1, ["Value"], column=value)
    row = 2
    for name in sub.checks:
        page.put(row, 1, name)
        page.put(row, value, None, fill=fills["input"], options=rules["passed"])
        row += 1
    heading_row(page, row + 1, titles)
    for number, cells in enumerate(rows, start=row + 2):
        _put_test(page, number, titles, cells)
    return page


def _put_test(page: Page, number: int, titles: Sequence[str], cells: Mapping[str, str | None]) -> None:
    rules, fill = workbook()["verification"], workbook()["fills"]["input"]
    for column, title in enumerate(titles, start=1):
        if title not in cells:
            continue
        said = cells[title]
        if title in ("Value", "Value baseline"):
            page.put(number, column, None, fill=fill)
        elif title == "Robustness" and said in rules["passed"]:
            page.put(number, column, said, fill=fill, options=rules["passed"])
        elif title == "Type of system":
            systems = [*table("judging")["criteria"]["dooring"]["by_system"]]
            input_cell(page, number, column, None, systems)
        elif said is not None:
            page.put(number, column, said)


def test_cells(
    matrix: Matrix, answers: Answers, drawn: Drawn, sub: Subelement
) -> list[dict[str, str | None]]:
    """Return the rows of the tests of a matrix, by the titles of their columns."""
    return [_test_row(matrix, answers, drawn, sub, point) for point in drawn.points]


def _test_row(
    matrix: Matrix, answers: Answers, drawn: Drawn, sub: Subelement, point: Point
) -> dict[str, str | None]:
    rules = workbook()["verification"]
    line = matrix.by_name[point.line]
    criterion = table("judging")["criteria"][matrix.judged_by]
    function = answers.functions.get((matrix.name, line.name)) if line.declared else line.function
    by_warning = answers.parameters.get((matrix.scenario, "Extended range performance")) == "LDW"
    quantity = quantity_of(matrix, point.kind, function, by_warning=by_warning)
    cells: dict[str, str | None] = {
        "Scenario": matrix.heading,
        **matrix.attributes(line, point.column),
        "Range": rules["ranges"][point.kind],
        "Test point": f"({_row_number(matrix, answers, line)}, {point.column})",
        "OEM Prediction": answers.colour(matrix, line, point.column),
        "Expected value": rules["quantities"].get(quantity, quantity),
        "Value": None,
    }
    if sub.element == rules["function"]["element"]:
        cells["Function"] = function or rules["function"]["otherwise"]
    if point.approach is not None:
        cells["Target approach"] = point.approach
    if "baseline" in criterion:
        cells["Expected value baseline"] = str(criterion["baseline"])
        cells["Value baseline"] = None
    if "by_system" in criterion and claims_dooring(
        answers.parameters.get((matrix.scenario, "Vehicle response"))
    ):
        cells |= {"Door selected": point.door, "Type of system": None}
    if point.kind == STANDARD and drawn.layer is not None:
        none = rules["no_layer"]
        cells["Robustness layer"] = drawn.layer
        cells["Robustness"] = none if drawn.layer == none else rules["passed"][0]
        if drawn.condition is not None:
            cells["Verification condition"] = drawn.condition
    return cells


def _row_number(matrix: Matrix, answers: Answers, line: Line) -> int:
    """Return the number of a row from 0, among those that are left."""
    left = [other.name for other in matrix.lines if other.name not in answers.taken_out(matrix)]
    return left.index(line.name)


def _called_for(answers: Answers) -> dict[str, bool]:
    """Return which evidence the answers call for."""
    rules = workbook()["evidence"]
    return {
        name: _calls_for(rule, answers)
        for title in ("Documentation", "Data")
        for name, rule in rules[title]["rows"].items()
    }


def _calls_for(rule: Mapping[str, object], answers: Answers) -> bool:
    if "method" in rule:
        predicted = workbook()["input_parameters"]["predicted"]
        return any(
            said == rule["method"] and parameter in predicted and scenarios()[name].element == rule["element"]
            for (name, parameter), said in answers.parameters.items()
        )
    if "claimed" in rule:
        sheets: Sequence[str] = rule["claimed"]  # type: ignore[assignment]
        return any(_claims_perception(sheet, answers) for sheet in sheets)
    cells: Mapping[str, Mapping[str, int]] = rule["cells"]  # type: ignore[assignment]
    colours: Sequence[str] = rule["predicted"]  # type: ignore[assignment]
    return any(_edge_has(matrices()[name], edge, colours, answers) for name, edge in cells.items())


def _claims_perception(sheet: str, answers: Answers) -> bool:
    rule = workbook()["evidence"]["perception"]
    layers = {
        line["layer"]
        for line in table("robustness")["offered"][sheet]["layers"]
        if line["concerns"] == rule["concerns"] or line["layer"].rstrip("*") in rule["layers"]
    }
    return any(
        answers.claims.get((scenario, name)) == "YES"
        for scenario in workbook()["robustness"]["sheets"][sheet]["scenarios"]
        for name, label in offered_layers(sheet, scenario).items()
        if label in layers
    )


def _edge_has(matrix: Matrix, edge: Mapping[str, int], colours: Sequence[str], answers: Answers) -> bool:
    """Whether one of the cells at an edge of a matrix is predicted in one of the colours."""
    lines = matrix.lines[: edge.get("first_rows", len(matrix.lines))][
        -edge.get("last_rows", len(matrix.lines)) :
    ]
    columns = range(len(matrix.columns))[-edge.get("last_columns", len(matrix.columns)) :]
    return any(answers.colour(matrix, line, column) in colours for line in lines for column in columns)


__all__ = ["EXTENDED", "prepare", "test_cells"]
