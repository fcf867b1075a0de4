"""Fill a prepared workbook in as a report."""

from __future__ import annotations

import math
from collections.abc import Iterable

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book, Sheet
from carindex.euroncap.crash_avoidance.answers import INPUTS, read_parameters
from carindex.euroncap.crash_avoidance.blanks import in_order
from carindex.euroncap.crash_avoidance.grids import grids_of
from carindex.euroncap.crash_avoidance.layout import (
    Subelement,
    colour_fills,
    scenarios,
    subelements,
    table,
    workbook,
)
from carindex.euroncap.crash_avoidance.reading import read_predictions
from carindex.euroncap.crash_avoidance.statements import Statements
from carindex.euroncap.crash_avoidance.verification import heading_of, test_rows, titles_of
from carindex.euroncap.pages import INPUT_FILL, Page
from carindex.euroncap.scored import Scored
from carindex.euroncap.scores import printed_score
from carindex.euroncap.tables import copied, note_scored, page_of, put_value
from carindex.rating.matrices import word

COLOUR = "Colour"


def report(book: Book, rows: Iterable[Row], scored: Scored) -> list[Page]:
    """Return the prepared workbook with its scores and the colours of its tests.

    Parameters
    ----------
    book
        The prepared workbook.
    rows
        What was read from it.
    scored
        The rating. Open scores and colours are left empty, as are colours of scenarios that are not claimed; by the
        calculator these have the word that it writes.
    """
    pages = in_order(copied(book), book.sheets)
    note_scored(pages)
    _dress(book, pages)
    for title in workbook()["scores"]:
        if title in book.sheets:
            _fill_scores(book.sheet(title), page_of(pages, title), scored)
    statements = Statements(book, calculator=True)
    read_parameters(statements)
    grids = read_predictions(statements)
    for sub in subelements():
        if sub.verification not in book.sheets:
            continue
        sheet, page = book.sheet(sub.verification), page_of(pages, sub.verification)
        top = heading_of(sheet)
        column = None if top is None else titles_of(sheet, top).get(COLOUR)
        if top is None or column is None:
            continue
        for test in test_rows(statements, sheet, top, grids):
            colour = scored.named(f"{test.fact}#colour")
            judged = colour is not None and not math.isnan(colour)
            if judged and colour is not None:
                put_value(page, test.row, column, list(colour_fills())[int(colour)])
            elif getattr(scored, "calculator", False):
                put_value(page, test.row, column, workbook()["verification"]["not_judged"])
    return pages


def path_of(labels: tuple[str, ...]) -> str | None:
    """Return the node that the labels of a row of scores name; nothing for labels the programme does not have."""
    if len(labels) == len(_LABELS):
        layers = {entry["en"].lower(): name for name, entry in table("judging")["layers"].items()}
        layer = layers.get(labels[-1].lower())
        for scenario in scenarios().values():
            names = [word(label) for label in scenario.labels[:4]] + [word(scenario.label)]
            if layer is not None and names == [word(label) for label in labels[:-1]]:
                return scenario.layer_path(layer) if layer in scenario.layers else None
        return None
    path = "/".join(word(label) for label in labels)
    known = {"/".join(s.path.split("/")[: len(labels)]) for s in scenarios().values()}
    return path if path in known else None


_LABELS = ("Stage", "Stage element", "Stage subelement", "Category", "Scenario", "Layer")


def _fill_scores(sheet: Sheet, page: Page, scored: Scored) -> None:
    titles = titles_of(sheet, 1)
    labels = workbook()["scores"][sheet.title]
    score = titles.get(workbook()["score_columns"]["score"])
    if score is None or any(label not in titles for label in labels):
        return
    current = [""] * len(labels)
    for row in range(2, sheet.rows + 1):
        for i, label in enumerate(labels):
            cell = sheet.cell(row, titles[label])
            if not cell.empty:
                current[i:] = [cell.text, *[""] * (len(labels) - i - 1)]
        path = path_of(tuple(current))
        if path is not None and not sheet.cell(row, titles[labels[-1]]).empty:
            put_value(page, row, score, printed_score(scored, path))


def _dress(book: Book, pages: list[Page]) -> None:
    """Give headings and cells to be filled in their fills, which a workbook may keep in a theme, and their options."""
    rules = workbook()
    headings = {title: {1} for title in (*rules["scores"], INPUTS, "Documentation", "Data", "Integrity")}
    headings[rules["driver_state_link"]["sheet"]] = set(
        range(1, len(rules["driver_state_link"]["headings"]) + 1)
    )
    headings["Version"] = {1, 2, 3}
    for title, entry in rules["robustness"]["sheets"].items():
        headings[title] = set(range(1, entry.get("heading_rows", 1) + 1))
    for title in rules["predictions"]:
        if title in book.sheets:
            headings[title] = _dress_predictions(book.sheet(title), page_of(pages, title))
    for sub in subelements():
        if sub.verification in book.sheets:
            sheet = book.sheet(sub.verification)
            _offer_options(sheet, page_of(pages, sub.verification), sub)
            headings[sub.verification] = {1, heading_of(sheet) or 1}
    for page in pages:
        for (row, column), entry in list(page.cells.items()):
            if row in headings.get(page.title, ()) and entry.value is not None:
                page.put(row, column, entry.value, heading=True, fill=rules["fills"]["heading"])


def _dress_predictions(sheet: Sheet, page: Page) -> set[int]:
    """Give empty predictions and declared functions their grey; returns the rows of headings."""
    headings = set()
    for grid in grids_of(sheet, Statements(sheet.book, calculator=True), prepared=True).values():
        for line, row in grid.rows:
            places = [place for column, place in grid.columns.items() if line.cells[column] != "."]
            if line.declared and grid.function is not None:
                places.append(grid.function)
            for place in places:
                entry = page.cells.get((row, place))
                if entry is None or entry.fill is None:
                    page.put(row, place, None if entry is None else entry.value, fill=INPUT_FILL)
        if grid.rows:
            headings |= {grid.rows[0][1] - 2, grid.rows[0][1] - 1}
    return headings


def _offer_options(sheet: Sheet, page: Page, sub: Subelement) -> None:
    passed = workbook()["verification"]["passed"]
    value = titles_of(sheet, 1).get("Value")
    top = heading_of(sheet)
    cells = [
        (row, value)
        for row in range(2, top or sheet.rows + 1)
        if value is not None and sheet.cell(row, 1).text in sub.checks
    ]
    robustness = None if top is None else titles_of(sheet, top).get("Robustness")
    if top is not None and robustness is not None:
        cells += [
            (row, robustness)
            for row in range(top + 1, sheet.rows + 1)
            if sheet.cell(row, robustness).text.upper() in passed
        ]
    for row, column in cells:
        entry = page.cells.get((row, column))
        page.put(
            row,
            column,
            None if entry is None else entry.value,
            fill=entry.fill if entry is not None else workbook()["fills"]["input"],
            options=passed,
        )
