"""The sheets of a template and of a prepared workbook as pages; what the user filled in is given by fact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from carindex.euroncap.crash_protection.content import Dummy, content
from carindex.euroncap.crash_protection.layout import CriteriaSheet, layout
from carindex.euroncap.crash_protection.lines import Line
from carindex.euroncap.crash_protection.points import Point
from carindex.euroncap.forms import (
    FIRST_ROW,
    fit,
    hidden_pages,
    put_heading,
    put_labels,
    version_page,
)
from carindex.euroncap.pages import Page, Value

State = Literal["template", "prepared"]
Values = Mapping[str, Value]
"""What stands in the user's cells, by the fact that a cell asks for; predictions by ``FACT/predicted``."""

PREDICTED, UNPREDICTED = "/predicted", "none"


def blank() -> list[Page]:
    """Return the empty template: all questions that come before testing, to be filled in by the manufacturer."""
    pages = [*first_pages({}, "template"), prediction_template({})]
    return [*pages, *_hidden(), _version([layout().version_sheet.template])]


def first_pages(values: Values, state: State) -> list[Page]:
    """Return the sheets that template and prepared workbook share, up to the predictions of impact points."""
    sheets = [criteria_page(part, values, state) for part in layout().criteria.sheets]
    return [
        parameters_page(values, state),
        tests_page(values, state),
        dummies_page(state),
        regions_page(values, state),
        *sheets,
    ]


def last_pages(labels: Sequence[str]) -> list[Page]:
    """Return the sheets at the end of a prepared workbook or report."""
    return [_version(labels), *_hidden()]


def _hidden() -> list[Page]:
    return hidden_pages(layout().hidden, layout().fills["heading"])


def _version(labels: Sequence[str]) -> Page:
    rule = layout()
    return version_page(rule.version_sheet.sheet, labels, rule.version, rule.fills["heading"])


# -- parameters and scores -----------------------------------------------------------------------------------


def parameters_page(values: Values, state: State) -> Page:
    """Return the sheet of input parameters."""
    rule = layout().parameters
    page = Page(rule.sheet)
    put_heading(page, rule.headings, layout().fills["heading"])
    column = len(rule.headings)
    above: tuple[str, ...] = ()
    for row, parameter in enumerate(rule.rows, start=FIRST_ROW):
        labels = (content().label, parameter.element, parameter.sub_element)
        put_labels(page, row, labels, labels, above)
        if parameter.label is not None:
            page.put(row, column - 1, parameter.label)
        value = values.get(parameter.fact or "")
        if parameter.fact is not None or state == "prepared":
            page.put(row, column, value, fill=layout().fills["input"], options=parameter.options)
        above = labels
    return fit(page)


def _score_fill(state: State) -> str | None:
    return layout().fills["computed"] if state == "prepared" else None


def _put_inspection(page: Page, row: int, column: int, value: Value, state: State) -> None:
    if state == "prepared":
        page.put(row, column, value, fill=layout().fills["input"])
    elif value is not None:
        page.put(row, column, value)


def tests_page(values: Values, state: State) -> Page:
    """Return the sheet of test scores."""
    rule = layout().tests
    page = Page(rule.sheet)
    put_heading(page, rule.headings, layout().fills["heading"])
    above: tuple[str, ...] = ()
    for row, test in enumerate(content().tests, start=FIRST_ROW):
        labels = (content().label, test.element, test.label)
        put_labels(page, row, labels, labels, above)
        _put_inspection(page, row, 4, values.get(test.inspection), state)
        page.put(row, 5, layout().open, fill=_score_fill(state))
        page.put(row, 6, test.maximum, number=layout().formats["test"])
        above = labels
    return fit(page)


def dummies_page(state: State) -> Page:
    """Return the sheet of dummy scores."""
    rule = layout().occupants
    page = Page(rule.sheet)
    put_heading(page, rule.headings, layout().fills["heading"])
    above: tuple[str, ...] = ()
    for row, (test, dummy) in enumerate(content().dummies, start=FIRST_ROW):
        # the stage stands again at each of its elements, the load case at each of its nodes, the seat at each dummy
        stage = f"{content().label}/{test.element}"
        keys = (stage, test.element, test.label, dummy.loadcase_path, dummy.path, dummy.path)
        texts = (content().label, test.element, test.label, dummy.loadcase, dummy.seat, dummy.label)
        put_labels(page, row, texts, keys, above)
        page.put(row, 7, layout().open, fill=_score_fill(state))
        page.put(row, 8, layout().open, fill=_score_fill(state))
        if dummy.maximum is not None:
            page.put(row, 9, dummy.maximum, number=layout().formats["points"])
        above = keys
    return fit(page)


def regions_page(values: Values, state: State) -> Page:
    """Return the sheet of body regions."""
    rule = layout().regions
    page = Page(rule.sheet)
    put_heading(page, rule.headings, layout().fills["heading"])
    above: tuple[str, ...] = ()
    row = FIRST_ROW
    for test, dummy in content().dummies:
        for region in dummy.regions:
            at = (dummy.loadcase_path, dummy.path, dummy.path, region.path)
            keys = (test.element, test.label, *at)
            texts = (test.element, test.label, dummy.loadcase, dummy.seat, dummy.label, region.label)
            put_labels(page, row, texts, keys, above)
            for column in (7, 8, 10):
                page.put(row, column, layout().open, fill=_score_fill(state))
            _put_inspection(page, row, 9, values.get(region.inspection), state)
            if region.maximum is not None:
                page.put(row, 11, region.maximum, number=layout().formats["points"])
            above = keys
            row += 1
    return fit(page)


# -- measured values -----------------------------------------------------------------------------------------


def criteria_headings(part: CriteriaSheet) -> list[str]:
    """Return the headings of a sheet of measured values, in their order."""
    rule = layout().criteria.headings
    capping = [rule.capping] if part.capping else []
    predicted = [rule.predicted] if part.predicted else []
    return [*rule.labels, *rule.limits, *capping, *predicted, rule.value]


def criteria_page(part: CriteriaSheet, values: Values, state: State) -> Page:
    """Return a sheet of measured values."""
    page = Page(part.sheet)
    headings = criteria_headings(part)
    put_heading(page, headings, layout().fills["heading"])
    column = {heading: i for i, heading in enumerate(headings, start=1)}
    rule = layout().criteria.headings
    fill = layout().fills["input"]
    above: tuple[str, ...] = ()
    for row, (dummy, line) in enumerate(lines_with_dummies(part.sheet), start=FIRST_ROW):
        keys = (f"{dummy.loadcase_path}/{line.labels[0]}", *line.labels[1:4], f"{line.labels[4]}/{row}")
        put_labels(page, row, line.labels, keys, above)
        limits = (*rule.limits, rule.capping)
        for heading, limit in zip(limits, line.limits, strict=True):
            if heading in column and limit is not None:
                page.put(row, column[heading], limit, number=layout().formats["limit"])
        if part.predicted and (line.predicted or state == "prepared"):
            value = values.get(f"{line.fact}{PREDICTED}")
            options = colour_words() if line.predicted else ()
            page.put(row, column[rule.predicted], value, fill=fill, options=options)
        value = values.get(line.fact)
        page.put(
            row, column[rule.value], value, fill=fill if state == "prepared" else None, options=_answers(line)
        )
        above = keys
    return fit(page)


def lines_with_dummies(sheet: str) -> Iterator[tuple[Dummy, Line]]:
    """Yield the rows of a sheet of measured values in their order, each with its dummy."""
    for _, dummy in content().dummies:
        for line in dummy.lines:
            if line.sheet == sheet:
                yield dummy, line


def colour_words() -> list[str]:
    """Return the colours that can be predicted, as the sheets spell them."""
    colours = content().scheme.colours
    return [colours.labels[name]["en"] for name in colours.names]


def _answers(line: Line) -> Sequence[str]:
    """Return the words that are offered for the value of a row."""
    rule = layout().criteria
    if line.kind == "excursion":
        return rule.excursion.words
    answers = {"contact": rule.contact, "non_use": rule.non_use}.get(line.kind)
    return answers.offered if answers is not None else ()


# -- predictions of impact points ----------------------------------------------------------------------------


def prediction_template(values: Values) -> Page:
    """Return the sheet of predicted impact points with its cells to be filled in with words."""
    page = prediction_frame("template")
    rule = layout().prediction
    grid = content().grid
    fill = layout().fills["input"]
    offered = [grid.cells[key].label["en"] for key in rule.offered]
    for point, (row, column) in head_cells().items():
        page.put(row, column, values.get(grid.fact(point, "cell")), fill=fill, options=offered)
    for leg in content().legs:
        options = list(leg.cells.values())
        for column, (row, at) in leg_cells(leg.row).items():
            page.put(row, at, values.get(leg.fact(column, "cell")), fill=fill, options=options)
    return page


def prediction_prepared(
    cells: Mapping[Point, str], marked: Mapping[Point, Value], legs: Mapping[Point, str]
) -> Page:
    """Return the sheet of predicted impact points, coloured.

    Parameters
    ----------
    cells
        What each cell of the grid says, by key.
    marked
        What stands in cells of the grid that are tested.
    legs
        What each cell of the legforms' rows says, by key.
    """
    page = prediction_frame("prepared")
    grid = content().grid
    for point, (row, column) in head_cells().items():
        fill = grid.cells[cells.get(point, "grey")].fill
        page.put(row, column, marked.get(point), fill=fill)
    tested, other = grid.cells[layout().prediction.leg_fill].fill, grid.cells["grey"].fill
    for leg in content().legs:
        for column, (row, at) in leg_cells(leg.row).items():
            key = legs.get((leg.row, column))
            page.put(row, at, None if key is None else leg.cells[key], fill=tested if key else other)
    return page


def head_cells() -> dict[Point, tuple[int, int]]:
    """Return row and column in which each point of the headforms' grid stands."""
    rule, grid = layout().prediction, content().grid
    return {
        (row, column): (rule.head.first_row + i, rule.columns.first + j)
        for i, row in enumerate(grid.rows)
        for j, column in enumerate(grid.columns)
    }


def leg_cells(row: int) -> dict[int, tuple[int, int]]:
    """Return row and column in which each column of a legform's row stands."""
    rule = layout().prediction
    number, leg = next((i, leg) for i, leg in enumerate(content().legs) if leg.row == row)
    return {
        column: (rule.leg.first_row + number, rule.columns.first + j) for j, column in enumerate(leg.columns)
    }


def prediction_frame(state: State) -> Page:
    """Return the titles, labels and legend of the sheet of predicted impact points."""
    rule, grid = layout().prediction, content().grid
    page = Page(rule.sheet)
    fill = layout().fills["heading"] if state == "prepared" else None
    page.put(rule.head.title.row, 1, rule.head.title.text, heading=True, fill=fill)
    page.put(rule.leg.title.row, 1, rule.leg.title.text, heading=True, fill=fill)
    page.put(rule.head.first_row, 1, rule.head.side, heading=True, fill=fill)
    for row in (rule.head.columns_row, rule.leg.columns_row):
        page.put_row(row, grid.columns, column=rule.columns.first)
    for i, (row, distance) in enumerate(zip(grid.rows, grid.distances, strict=True)):
        at = rule.head.first_row + i
        page.put(at, rule.columns.band, grid.band(row).region)
        page.put(at, rule.columns.distance, distance)
        page.put(at, rule.columns.row, row)
    for i, label in enumerate(rule.leg.labels):
        page.put(rule.leg.first_row + i, 1, label, fill=fill)
    for line in rule.legend:
        for i, text in enumerate(line.texts):
            if text is not None:
                page.put(line.row, rule.legend_column + i, text, heading=i == 0)
    page.widths = {1: 18, **{rule.columns.first + j: 7 for j in range(len(grid.columns))}}
    return page
