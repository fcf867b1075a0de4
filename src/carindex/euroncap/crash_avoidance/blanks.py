"""The blank template, and the sheets of it that prepared workbooks and reports have too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from carindex.euroncap.crash_avoidance.layout import (
    Matrix,
    Scenario,
    colour_fills,
    is_grey_until_predicted,
    matrices_of,
    offered_colours,
    offered_layers,
    parameters_of,
    scenarios,
    subelements,
    table,
    workbook,
)
from carindex.euroncap.pages import INPUT_FILL, Page

Value = str | float | int | bool | None


def blank() -> list[Page]:
    """Return the empty template: every sheet, label and option of the programme's own."""
    pages = [
        input_parameters({}),
        *score_pages(),
        driver_state_link({}),
        *(prediction_page(sheet) for sheet in workbook()["predictions"]),
        *(robustness_page(sheet, {}) for sheet in workbook()["robustness"]["sheets"]),
        *evidence_pages({}),
        version_page(prepared=False),
    ]
    return in_order(pages, workbook()["sheets"]["blank"])


def in_order(pages: Iterable[Page], titles: Sequence[str]) -> list[Page]:
    """Return pages in the order of their titles, hidden where the programme hides them; unknown ones last."""
    found = sorted(pages, key=lambda page: titles.index(page.title) if page.title in titles else len(titles))
    for page in found:
        page.hidden = page.title in workbook()["sheets"]["hidden"]
    return found


def heading_row(page: Page, row: int, titles: Iterable[Value], *, column: int = 1) -> None:
    """Put titles of columns, white on black; empty ones are left out."""
    for i, title in enumerate(titles):
        if title is not None:
            page.put(row, column + i, title, heading=True, fill=workbook()["fills"]["heading"])


def input_cell(page: Page, row: int, column: int, value: Value, options: Sequence[str]) -> None:
    """Put a cell that somebody fills in."""
    page.put(row, column, value, fill=INPUT_FILL, options=options)


def _tree_rows(
    page: Page, rows: Iterable[tuple[Sequence[str], Sequence[Value]]]
) -> Iterable[tuple[int, int]]:
    """Put rows of labels, each label only where it or one left of it is new; yields row and column behind them."""
    before: Sequence[str] = ()
    for number, (labels, values) in enumerate(rows, start=2):
        new = False
        for column, label in enumerate(labels):
            new = new or column >= len(before) or before[column] != label
            if new or column == len(labels) - 1:
                page.put(number, column + 1, label)
        page.put_row(number, values, column=len(labels) + 1)
        before = labels
        yield number, len(labels) + 1


def input_parameters(values: Mapping[tuple[str, str], Value], *, prepared: bool = False) -> Page:
    """Return the sheet of input parameters; ``values`` by scenario and parameter."""
    rules = workbook()["input_parameters"]
    page = Page("Input parameters", widths={1: 16, 2: 26, 3: 22, 4: 24, 5: 14, 6: 28, 7: 20})
    heading_row(page, 1, rules["columns"])
    rows, cells = [], []
    for scenario in scenarios().values():
        names = scenario.path.split("/")
        labels = tuple(
            rules["labels"].get(name, label) for name, label in zip(names, scenario.labels, strict=True)
        )
        for parameter in parameters_of(scenario):
            rows.append(((*labels, parameter), ()))
            cells.append((values.get((scenario.name, parameter)), rules["options"][parameter]))
    for (number, column), (value, options) in zip(_tree_rows(page, rows), cells, strict=True):
        fill = workbook()["fills"]["input"] if prepared else INPUT_FILL
        page.put(number, column, value, fill=fill, options=options)
    return page


def _score_rows(sheet: str) -> list[tuple[tuple[str, ...], float]]:
    if sheet == "Test Scores":
        return [(sub.labels, sub.points) for sub in subelements()]
    if sheet == "Category Scores":
        return [((*sub.labels, label), points) for sub in subelements() for label, points in sub.categories]
    layers = table("judging")["layers"]
    return [
        ((*scenario.labels[:4], scenario.label, layers[layer]["en"]), points)
        for scenario in scenarios().values()
        for layer, points in scenario.layers.items()
    ]


def score_pages(*, prepared: bool = False) -> list[Page]:
    """Return the sheets of scores, still without any."""
    titles, fills = workbook()["score_columns"], workbook()["fills"]
    pages = []
    for sheet, labels in workbook()["scores"].items():
        page = Page(sheet, widths={i + 1: 24 for i in range(len(labels))})
        heading_row(page, 1, [*labels, titles["score"], titles["maximum"]])
        rows = [(names, (titles["empty"], points)) for names, points in _score_rows(sheet)]
        for number, column in _tree_rows(page, rows):
            page.put(number, column, titles["empty"], fill=fills["score"] if prepared else None)
        pages.append(page)
    return pages


def driver_state_link(values: Mapping[tuple[str, int], Value]) -> Page:
    """Return the sheet of the driver state link; ``values`` by scenario and number of the column."""
    rules = workbook()["driver_state_link"]
    page = Page(rules["sheet"], widths={1: 14, 2: 32, 3: 32, 4: 18})
    for row, titles in enumerate(rules["headings"], start=1):
        heading_row(page, row, titles)
    for row, name in enumerate(rules["scenarios"], start=len(rules["headings"]) + 1):
        page.put(row, 1, scenarios()[name].label)
        for column in (2, 3, 4):
            input_cell(page, row, column, values.get((name, column)), rules["options"])
    return page


def matrix_tops(sheet: str) -> dict[str, int]:
    """Return the heading row of every matrix of a blank sheet."""
    tops, row = {}, 1
    for i, matrix in enumerate(matrices_of(sheet)):
        row += matrix.gap if i else 0
        tops[matrix.name] = row
        row += 2 + len(matrix.lines)
    return tops


def put_matrix_headings(page: Page, matrix: Matrix, top: int) -> None:
    """Put the two heading rows of a matrix."""
    last = matrix.first + max(len(other.across) for other in matrices_of(matrix.sheet)) - 1
    for row in (top, top + 1):
        for column in range(1, last + 1):
            page.put(row, column, None, heading=True, fill=workbook()["fills"]["heading"])
    heading_row(page, top, [matrix.heading, *matrix.labels])
    heading_row(page, top, [matrix.axis], column=matrix.first)
    heading_row(page, top + 1, [matrix.corner])
    heading_row(page, top + 1, matrix.across, column=matrix.first)


def prediction_page(sheet: str) -> Page:
    """Return a sheet of prediction matrices in which nothing is predicted."""
    page = Page(sheet, widths={1: 18, 2: 14, 3: 16, 4: 14})
    nothing = workbook()["offered_colours"]["nothing"]
    for matrix in matrices_of(sheet):
        top = matrix_tops(sheet)[matrix.name]
        put_matrix_headings(page, matrix, top)
        for row, line in enumerate(matrix.lines, start=top + 2):
            put_line_labels(page, matrix, row, line.name, None)
            for column, place in enumerate(matrix.places):
                if line.cells[column] != ".":
                    fill = (
                        colour_fills()["Grey"]
                        if is_grey_until_predicted(matrix, line, column)
                        else INPUT_FILL
                    )
                    options = (nothing, *offered_colours(matrix, line, column))
                    page.put(row, place, None, fill=fill, options=options)
    return page


def put_line_labels(page: Page, matrix: Matrix, row: int, name: str, function: Value) -> None:
    """Put the labels of a row, and the declared function where there is one to declare."""
    line = matrix.by_name[name]
    page.put(row, 1, line.label)
    for column, title in enumerate(matrix.labels, start=2):
        if title == "Function" and line.declared:
            input_cell(page, row, column, function, line.axes["Function"])
        elif title is not None and title in line.axes:
            page.put(row, column, line.axes[title])


def robustness_page(sheet: str, claims: Mapping[tuple[str, str], Value]) -> Page:
    """Return a sheet of robustness layers; ``claims`` by scenario and layer, as facts name it."""
    rules, entry = workbook()["robustness"], workbook()["robustness"]["sheets"][sheet]
    fills = workbook()["fills"]["claimed"]
    page = Page(sheet, widths={1: 14, 2: 30})
    names: list[Scenario] = [scenarios()[name] for name in entry["scenarios"]]
    heading_row(page, 1, [*rules["columns"], *(scenario.label for scenario in names)])
    concerns = None
    for row, line in enumerate(
        table("robustness")["offered"][sheet]["layers"], entry.get("heading_rows", 1) + 1
    ):
        if line["concerns"] != concerns:
            concerns = line["concerns"]
            page.put(row, 1, concerns)
        page.put(row, 2, line["layer"])
        for column, scenario in enumerate(names, start=3):
            for key, label in offered_layers(sheet, scenario.name).items():
                if label == line["layer"]:
                    said = claims.get((scenario.name, key))
                    page.put(row, column, said, fill=fills.get(said, INPUT_FILL), options=rules["options"])
    return page


def evidence_pages(called_for: Mapping[str, bool]) -> list[Page]:
    """Return the hidden sheets that say which evidence the answers call for."""
    words = workbook()["evidence"]["words"]
    pages = []
    for title in ("Documentation", "Data"):
        entry = workbook()["evidence"][title]
        page = Page(title, widths={1: 26})
        heading_row(page, 1, entry["heading"])
        for row, name in enumerate(entry["rows"], start=2):
            page.put(row, 1, name)
            if name in called_for:
                page.put(row, 2, words["called_for" if called_for[name] else "not_called_for"])
        pages.append(page)
    return pages


def version_page(*, prepared: bool) -> Page:
    """Return the sheet that says which version of the workbook this is."""
    rules = workbook()["version"]
    page = Page("Version", widths={1: 26})
    heading_row(page, 1, [rules["label"], rules["file"]])
    if prepared:
        heading_row(page, 2, [rules["prepared"], rules["file"]])
    return page
