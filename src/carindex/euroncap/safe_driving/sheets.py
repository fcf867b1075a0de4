"""The sheets of a workbook as pages: labels, options, fills. What the cells of grids hold is given by the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from carindex.euroncap.pages import Entry, Page
from carindex.euroncap.safe_driving.content import (
    COUNTRY_COLUMN,
    COUNTRY_ROW,
    FIRST_ROW,
    AccPoint,
    GridCell,
    MonitoringCell,
    QuestionSheet,
    acc_scenarios,
    country_cells,
    hazard_cells,
    hazard_row,
    is_answered,
    is_shown,
    line_label,
    monitoring_cells,
    noise,
    noise_key,
    parameters,
    score_lines,
    table_rows,
)
from carindex.euroncap.safe_driving.files import countries, inputs, monitoring
from carindex.euroncap.safe_driving.layout import ScoreSheet, Value, layout

Declared = Mapping[str, Value]
_WIDEST, _NARROWEST = 50, 7


def heading(page: Page, row: int, texts: Sequence[Value], column: int = 1) -> None:
    """Put a line of headings, white on black."""
    for i, text in enumerate(texts):
        page.put(row, column + i, text or None, fill=layout().fills["heading"], heading=True)


def gap(page: Page, row: int, width: int) -> None:
    """Put a white line between two tables."""
    for column in range(1, width + 1):
        page.put(row, column, fill=layout().fills["gap"])


def put_labels(page: Page, row: int, labels: Sequence[str], above: Sequence[str]) -> None:
    """Put the labels of a line, those left out that the line above has too."""
    same = True
    for i, label in enumerate(labels):
        same = same and i < len(above) and above[i] == label
        if label and not same:
            page.put(row, 1 + i, label)


def fit(page: Page) -> Page:
    """Make columns as wide as what stands in them, within bounds."""
    for (_, column), entry in page.cells.items():
        width = min(len(str(entry.value or "")) + 2, _WIDEST)
        page.widths[column] = max(page.widths.get(column, _NARROWEST), width)
    return page


# -- parameters, scores, checks ----------------------------------------------------------------------------


def parameters_page(declared: Declared) -> Page:
    """Return the sheet of input parameters."""
    rule = layout().parameters
    page = Page(rule.sheet)
    heading(page, 1, rule.headings)
    above: tuple[str, ...] = ()
    for row, question in enumerate(parameters().questions, start=FIRST_ROW):
        labels = (layout().stage, *rule.above[question.fact.split("/")[0]], *question.line)
        put_labels(page, row, labels[:-1], above)
        page.put(row, len(labels), labels[-1])
        page.put(
            row,
            len(labels) + 1,
            declared.get(question.fact),
            fill=layout().fills["input"],
            options=question.offered,
        )
        above = labels[:-1]
    return fit(page)


def score_page(part: ScoreSheet, declared: Declared | None) -> Page:
    """Return a sheet of scores that are not scored yet; ``declared`` is ``None`` in the template."""
    page = Page(part.sheet)
    heading(page, 1, part.headings)
    fill = None if declared is None else layout().fills["score"]
    number = layout().formats["score"]
    above: tuple[str, ...] = ()
    for row, line in enumerate(score_lines(part.levels, declared), start=FIRST_ROW):
        labels = (layout().stage, *line.labels)
        labels = tuple(layout().spelled(part.sheet, label) for label in labels)
        put_labels(page, row, labels, above)
        page.put(row, len(labels) + 1, layout().scores.not_scored, fill=fill)
        page.put(row, len(labels) + 2, line.maximum, number=number)
        above = labels
    return fit(page)


def checks_page(part: QuestionSheet, declared: Declared, answers: Declared, width: int | None = None) -> Page:
    """Return a sheet of checks.

    Parameters
    ----------
    part
        The questions.
    declared
        Input parameters, by which lines come and go.
    answers
        What is answered already, by fact.
    width
        Column of the answers, where it is not the one behind the labels.
    """
    page = Page(part.sheet)
    column = width or len(part.labels) + 1
    heading(page, 1, [*part.labels, *[None] * (column - len(part.labels) - 1), part.answer])
    row = FIRST_ROW
    above: tuple[str, ...] = ()
    for question in part.questions:
        if not is_shown(question.fact, declared):
            continue
        labels = (*question.line[:-1], line_label(question, declared))
        put_labels(page, row, labels, above)
        if is_answered(question.fact, declared):
            page.put(row, column)
        else:
            fill = layout().fills["input"]
            page.put(row, column, answers.get(question.fact), fill=fill, options=question.offered)
        above = labels
        row += 1
    return fit(page)


def last_row(page: Page) -> int:
    """Return the number of the last row that has a cell."""
    return max(row for row, _ in page.cells)


# -- grids -------------------------------------------------------------------------------------------------


def monitoring_page(declared: Declared, entry: Callable[[MonitoringCell], Entry]) -> Page:
    """Return the predictions of driver monitoring, with the noise variables above."""
    content, rule = monitoring(), layout().monitoring
    page = Page(content.sheet)
    heading(page, 1, rule.noise.headings)
    kinds = {key: kind for kind, key in rule.noise.kinds.items()}
    above: tuple[str, ...] = ()
    for row, question in enumerate(noise().questions, start=FIRST_ROW):
        kind = kinds.get(noise_key(question.fact))
        if kind is not None:
            page.put(row, 1, kind)
        put_labels(page, row, ("", *question.line[1:]), ("", *above))
        fill = layout().fills["input"]
        page.put(
            row, len(question.line) + 1, declared.get(question.fact), fill=fill, options=question.offered
        )
        above = question.line[1:]
    for key, row in table_rows().items():
        titles = rule.headings.get(key, rule.headings["default"])
        heading(page, row, [content.tables[key].label["en"], *titles, rule.responses, None, None])
        own = {cell.place[1]: cell.requirement for cell in monitoring_cells() if cell.table == key}
        heading(page, row + 1, [None, None, None, *(own.get(column) for column in (4, 5, 6))])
    labels: tuple[str, ...] = ()
    for cell in monitoring_cells():
        if cell.labels != labels:
            put_labels(
                page, cell.place[0], cell.labels[1:], labels[1:] if labels[:1] == cell.labels[:1] else ()
            )
            labels = cell.labels
        page.cells[cell.place] = entry(cell)
    return fit(page)


def countries_page(limit: Callable[[GridCell], Entry], hazard: Callable[[GridCell], Entry]) -> Page:
    """Return the predictions of speed limits by country and of local hazards."""
    content, title = countries(), layout().countries.title
    page = Page(content.sheet)
    width = COUNTRY_COLUMN - 1 + len(content.columns)
    heading(page, 1, [title, *[None] * (width - 1)])
    heading(page, 2, [None] * width)
    above = ""
    for column, part in enumerate(content.columns.values(), start=COUNTRY_COLUMN):
        if part.heading != above:
            heading(page, 1, [part.heading], column)
        above = part.heading
        heading(page, 2, [part.label["en"]], column)
    row = COUNTRY_ROW
    for group in content.groups.values():
        page.put(row, 1, group.label["en"])
        for country in group.countries.values():
            page.put(row, 2, country.label["en"])
            row += 1
    for cell in country_cells():
        if cell.asked:
            page.cells[cell.place] = limit(cell)
    _hazards(page, hazard)
    return fit(page)


def _hazards(page: Page, entry: Callable[[GridCell], Entry]) -> None:
    content = inputs().hazards
    row = hazard_row()
    heading(page, row, [content.heading, None, *(hazard.label["en"] for hazard in content.hazards.values())])
    above: tuple[str, ...] = ()
    for i, line in enumerate(content.lines, start=1):
        labels = (line.label["en"], line.direction_label)
        put_labels(page, row + i, labels, above)
        above = labels
    for cell in hazard_cells():
        page.cells[cell.place] = entry(cell)


def acc_page(entry: Callable[[AccPoint], Entry]) -> Page:
    """Return the predictions of the adaptive cruise control."""
    rule = layout().acc
    page = Page(rule.sheet)
    for scenario in acc_scenarios():
        row, locations = scenario.row, rule.impact_locations
        ttc = rule.headings["ttc"] if scenario.has_ttc else None
        width = len(locations) - 1
        heading(
            page,
            row,
            [scenario.label, rule.headings["target"], ttc, rule.headings["impact"], *[None] * width],
        )
        heading(page, row + 1, [None] * 3)
        for column, location in enumerate(locations, start=4):
            fill, share = layout().fills["heading"], layout().formats["share"]
            page.put(row + 1, column, location, fill=fill, heading=True, number=share)
        for point in scenario.points:
            page.put_row(point.place[0], [point.vut_speed, point.target_speed, point.ttc])
            page.cells[point.place] = entry(point)
    return fit(page)


# -- the rest ----------------------------------------------------------------------------------------------


def version_page(states: Iterable[str]) -> Page:
    """Return the sheet with the version, for each state that the workbook has gone through."""
    rule = layout().version_sheet
    page = Page(rule.sheet)
    for row, label in enumerate(states, start=1):
        heading(page, row, [label, layout().version])
    return fit(page)


def documentation_page(title: str) -> Page:
    """Return one of the two hidden sheets that the programme keeps for later."""
    page = Page(title, hidden=True)
    heading(page, 1, layout().documentation[title])
    return fit(page)


def ordered(pages: Iterable[Page], titles: Sequence[str]) -> list[Page]:
    """Return pages in the order of their titles."""
    by_title = {page.title: page for page in pages}
    return [by_title[title] for title in titles if title in by_title]
