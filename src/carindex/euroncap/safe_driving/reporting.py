"""The report: the prepared workbook with its scores, and the colours that tested points came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book, Sheet
from carindex.euroncap.pages import Entry, Page
from carindex.euroncap.safe_driving.blanks import blank
from carindex.euroncap.safe_driving.content import STAGE, ScoreLine, node, score_lines, tree
from carindex.euroncap.safe_driving.drawn import listed_points, second_heading
from carindex.euroncap.safe_driving.layout import ScoreSheet, Value, layout
from carindex.euroncap.safe_driving.lines import labelled_lines
from carindex.euroncap.safe_driving.reader import Reader, declared_values
from carindex.euroncap.safe_driving.sheets import fit, gap, heading
from carindex.euroncap.scored import Scored
from carindex.vocabulary import vocabulary

_REPORTED = 3
"""Row of the version sheet that says for which version a report was made."""
_EXACT = 9
"""Decimals to which a score is exact; beyond them lies the noise of adding binary fractions."""


def report(book: Book, rows: list[Row], scored: Scored) -> list[Page]:
    """Return a prepared workbook with every score and colour filled in.

    Parameters
    ----------
    book
        The prepared workbook.
    rows
        Its facts.
    scored
        What the rating says. Asked for are the scores of the nodes that the three score sheets print
        (``safe_driving/…``) and ``acc/SCENARIO/POINT#colour`` of every tested point.
    """
    declared = declared_values(rows)
    titles = _titles()
    pages = {title: _copied(book.sheet(title), titles.get(title, {})) for title in book.sheets}
    for part in layout().scores.sheets:
        if part.sheet in pages:
            _put_scores(pages[part.sheet], book.sheet(part.sheet), part, declared, scored)
    if layout().acc.verification_sheet in pages:
        _put_colours(pages[layout().acc.verification_sheet], book, scored)
    rule = layout().version_sheet
    if rule.sheet in pages:
        kept = [line for line in pages[rule.sheet].cells if line[0] < _REPORTED]
        for row, column in sorted(kept):
            heading(pages[rule.sheet], row, [pages[rule.sheet].cells[row, column].value], column)
        heading(pages[rule.sheet], _REPORTED, [rule.report, layout().version])
    made = list(pages.values())
    if layout().required_sheet.of in pages:
        made.append(_required(book.sheet(layout().required_sheet.of)))
    return made


def printed(score: float) -> float:
    """Return a score as the sheets print it: rounded half up."""
    spec = tree().spec.printed or {}
    exact = Decimal(score).quantize(Decimal(1).scaleb(-_EXACT), ROUND_HALF_UP)
    return float(exact.quantize(Decimal(1).scaleb(-int(spec["decimals"])), ROUND_HALF_UP))


# -- what the workbook has ---------------------------------------------------------------------------------


def _titles() -> dict[str, dict[tuple[int, int], Entry]]:
    """Return the headings of the template by sheet: the programme's own fill them in a way that is not spelled out."""
    return {page.title: {at: entry for at, entry in page.cells.items() if entry.heading} for page in blank()}


def _copied(sheet: Sheet, titles: Mapping[tuple[int, int], Entry]) -> Page:
    """Return a page with the values and fills of a sheet.

    Headings are filled black in any case: the programme's own fill them in a way that is not spelled out in the file.
    """
    page = Page(sheet.title, hidden=sheet.title in layout().hidden_sheets)
    headings = {1, second_heading(sheet)} if not titles else {1}
    for row in range(1, sheet.rows + 1):
        for column in range(1, sheet.columns + 1):
            cell, fill = sheet.cell(row, column), sheet.fill(row, column)
            value = layout().spelled(sheet.title, cell.value) if isinstance(cell.value, str) else cell.value
            title = titles.get((row, column))
            if fill is None and title is not None and title.value == value:
                page.cells[row, column] = title
            elif row in headings and fill is None:
                heading(page, row, [value], column)
            elif value is not None or fill is not None:
                page.put(row, column, value, fill=fill, heading=fill == layout().fills["heading"])
    return fit(page)


def _required(sheet: Sheet) -> Page:
    """Return the hidden copy of the predictions that says which cells must be answered: none any more."""
    rule = layout().required_sheet
    page = Page(rule.sheet, hidden=True)
    for row in range(1, sheet.rows + 1):
        filled = any(not cell.empty for cell in sheet.row(row))
        if not filled:
            gap(page, row, max(rule.columns))
        for column in range(1, sheet.columns + 1):
            value: Value = sheet.cell(row, column).value
            if row > 1 and filled and column in rule.columns:
                value = False
            if value is not None:
                page.put(row, column, value)
    heading(page, 1, [sheet.cell(1, column).value for column in range(1, max(rule.columns) + 1)])
    return fit(page)


# -- scores ------------------------------------------------------------------------------------------------


def _put_scores(
    page: Page, sheet: Sheet, part: ScoreSheet, declared: Mapping[str, Value], scored: Scored
) -> None:
    lines = {line.labels: line for line in score_lines(part.levels, declared)}
    headings = {sheet.cell(1, column).text: column for column in range(sheet.columns, 0, -1)}
    if any(name not in headings for name in part.headings):
        return
    labels = [headings[name] for name in part.headings[: part.levels + 1]]
    score, most = (headings[name] for name in part.headings[-2:])
    fill, number = layout().fills["score"], layout().formats["score"]
    for row in range(2, sheet.rows + 1):
        page.put(row, score, fill=fill)
        maximum = page.cells.get((row, most))
        if maximum is not None:
            page.put(row, most, maximum.value, fill=maximum.fill, number=number)
    for found in labelled_lines(sheet, labels):
        line = lines.get(found.labels[1:])
        value = None if line is None else _score(line, declared, scored)
        shown = None if value is None else printed(value)
        page.put(found.row, score, shown, fill=fill, number=number)


def _score(line: ScoreLine, declared: Mapping[str, Value], scored: Scored) -> float | None:
    value = scored.score(f"{STAGE}/{line.path}")
    if line.deduction:
        return _deduction(line, value, declared, scored)
    own = node(line.path).maximum
    # a seat is printed with its share of the points of all seats
    return value if value is None or own == line.maximum else value * line.maximum / own


def _deduction(
    line: ScoreLine, left: float | None, declared: Mapping[str, Value], scored: Scored
) -> float | None:
    """Return what is taken off a node, as a negative score."""
    rule = layout().scores.deductions[line.path]
    before = scored.score(f"{STAGE}/{rule.of}")
    if before is None and not rule.none_unless.holds(declared) and rule.open_without in declared:
        return 0.0
    return None if before is None or left is None else left - before


def _put_colours(page: Page, book: Book, scored: Scored) -> None:
    """Put the colour that each tested point came to behind its measured value."""
    sheet = book.sheet(page.title)
    start = second_heading(sheet)
    if start is None:
        return
    answer = layout().acc.tests.headings[-1]
    column = next(
        (column for column in range(1, sheet.columns + 1) if sheet.cell(start, column).text == answer), 0
    )
    if not column:
        return
    names: Sequence[str] = vocabulary().quantities["prediction"].categories
    for row in (1, start):
        heading(page, row, [None], column + 1)
    for row in range(2, start):
        if not any(not cell.empty for cell in sheet.row(row)):
            gap(page, row, column + 1)
    for tested in listed_points(Reader(book)):
        value = page.cells.get((tested.row, column), Entry())
        number = layout().formats["value"]
        page.put(tested.row, column, value.value, fill=value.fill, number=number)
        index = scored.named(f"{tested.point.fact}#colour")
        if index is not None:
            page.put(tested.row, column + 1, names[round(index)].capitalize())
