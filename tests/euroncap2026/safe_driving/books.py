"""Workbooks for the tests: ours filled in, the ready cars' values put in, draws taken from a prepared workbook."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import openpyxl

from carindex.euroncap.cells import Book, Sheet
from carindex.euroncap.pages import Entry, Page
from carindex.euroncap.safe_driving.content import (
    acc_scenarios,
    checks,
    country_cells,
    hazard_cells,
    is_shown,
    monitoring_cells,
    noise,
    noise_key,
    parameters,
)
from carindex.euroncap.safe_driving.draw import ChosenTest, Selection
from carindex.euroncap.safe_driving.drawn import listed_points, listed_tests
from carindex.euroncap.safe_driving.grids import Prediction
from carindex.euroncap.safe_driving.preparing import Filled, prepared_pages
from carindex.euroncap.safe_driving.reader import Reader
from carindex.messages import InputError

from .reference import score

COLOURS = ["green", "yellow", "orange", "brown", "red", "grey"]


@cache
def cells_of(path: Path) -> dict:
    """Sheet -> {(row, column): (value, fill)} as the other library reads it; "theme" for a fill that is not spelled out."""
    book = openpyxl.load_workbook(path)
    content = {}
    for sheet in book:
        covered = {
            (row, column)
            for merged in sheet.merged_cells.ranges
            for row, column in merged.cells
            if (row, column) != (merged.min_row, merged.min_col)
        }
        cells = content[sheet.title] = {}
        for line in sheet.iter_rows():
            for cell in line:
                fill = None
                if cell.fill.fill_type is not None:
                    rgb = cell.fill.fgColor.rgb
                    fill = rgb[-6:] if isinstance(rgb, str) else "theme"
                if (cell.row, cell.column) in covered:
                    fill = "covered"
                if cell.value is not None or fill is not None:
                    cells[cell.row, cell.column] = (cell.value, fill)
    book.close()
    return content


def differences(pages: list[Page], path: Path) -> tuple[int, list[tuple]]:
    """Return how many cells were compared, and ("value" or "fill", sheet, cell, ours, theirs) of those that differ."""
    official = cells_of(path)
    compared, found = 0, []
    for page in pages:
        theirs = official.get(page.title, {})
        for place in sorted({*page.cells, *theirs}):
            entry = page.cells.get(place, Entry())
            value, fill = theirs.get(place, (None, None))
            compared += 1
            if not same(entry.value, value):
                found.append(("value", page.title, place, entry.value, value))
            if entry.fill != fill and fill not in ("theme", "covered"):
                found.append(("fill", page.title, place, entry.fill, fill))
    return compared, found


def same(ours, theirs) -> bool:
    if isinstance(ours, bool) or isinstance(theirs, bool) or isinstance(ours, str) or isinstance(theirs, str):
        return ours == theirs and type(ours) is type(theirs)
    if ours is None or theirs is None:
        return ours is theirs
    return abs(ours - theirs) < 1e-9


def put_values(pages: list[Page], path: Path) -> list[Page]:
    """Put the values of a workbook into the cells of our pages that are to be filled in."""
    theirs = cells_of(path)
    for page in pages:
        for place, entry in page.cells.items():
            value = theirs.get(page.title, {}).get(place, (None, None))[0]
            if fillable(entry):
                page.cells[place] = Entry(value, entry.fill, entry.heading, entry.options, entry.number)
    return pages


def fillable(entry: Entry) -> bool:
    return not entry.heading and (bool(entry.options) or entry.fill == "D9D9D9")


def answered_at_random(pages: list[Page], rng) -> list[Page]:
    """Answer every open check of a prepared workbook with a word of its list, every test point with a speed."""
    for page in pages:
        if not page.title.endswith("verif."):
            continue
        for place, entry in sorted(page.cells.items()):
            if entry.value is None and fillable(entry):
                good = rng.random() < 0.8
                words = entry.options
                value = (words[0] if good else rng.choice(words)) if words else round(rng.uniform(0, 50), 2)
                page.cells[place] = Entry(value, entry.fill, False, words, entry.number)
    return pages


def given_selection(path: Path) -> Selection:
    """The draw that a prepared workbook holds."""
    keys = {
        (question.line[-1] or question.line[-2]): noise_key(question.fact) for question in noise().questions
    }
    reader = Reader(Book(path))
    tests = tuple(ChosenTest(test.cell, keys.get(test.noise), test.scenario) for test in listed_tests(reader))
    points = listed_points(reader)
    return Selection(tests, {p.point.fact: p.additional_target for p in points if p.additional_target})


# -- workbooks in memory -----------------------------------------------------------------------------------


class MemoryBook(Book):
    """A workbook that was never written: pages, or a workbook whose cells were edited.

    Edits are ``[sheet, row, column, value]``; a value "fill RRGGBB" changes the fill only.
    """

    def __init__(self, path, contents: dict[str, tuple[list[list], dict]]):
        self.path, self.contents, self.made = Path(path), contents, {}

    @property
    def sheets(self):
        return list(self.contents)

    def sheet(self, title):
        if title not in self.contents:
            raise InputError(self.path, "dossier.no_sheet", sheet=title, sheets=", ".join(self.sheets))
        if title not in self.made:
            self.made[title] = Sheet(self, title, self.contents[title][0])
        return self.made[title]

    def fills(self, title):
        return self.contents[title][1]

    def edited(self, edits) -> MemoryBook:
        contents = dict(self.contents)
        for title in {title for title, *_ in edits}:
            values, fills = self.contents[title]
            contents[title] = ([list(line) for line in values], dict(fills))
        for title, row, column, value in edits:
            values, fills = contents[title]
            if isinstance(value, str) and value.startswith("fill "):
                fills[row, column] = value.removeprefix("fill ")
                continue
            while len(values) < row:
                values.append([])
            values[row - 1].extend([None] * (column - len(values[row - 1])))
            values[row - 1][column - 1] = value
        return MemoryBook(self.path, contents)

    def without_row(self, title, row) -> MemoryBook:
        values, fills = self.contents[title]
        moved = {(r - (r > row), c): fill for (r, c), fill in fills.items() if r != row}
        return MemoryBook(self.path, self.contents | {title: (values[: row - 1] + values[row:], moved)})

    def without(self, *titles) -> MemoryBook:
        return MemoryBook(self.path, {t: content for t, content in self.contents.items() if t not in titles})


def in_memory(pages: list[Page], path="sd_input.xlsx") -> MemoryBook:
    contents = {}
    for page in pages:
        rows = max((row for row, _ in page.cells), default=0)
        columns = max((column for _, column in page.cells), default=0)
        values = [[None] * columns for _ in range(rows)]
        for (row, column), entry in page.cells.items():
            values[row - 1][column - 1] = entry.value
        fills = {place: entry.fill for place, entry in page.cells.items() if entry.fill}
        contents[page.title] = (values, fills)
    return MemoryBook(path, contents)


def loaded(path: Path) -> MemoryBook:
    """A workbook of the disk in memory, to be edited; only the grids' fills are kept."""
    book = Book(path)
    contents = {}
    for title in book.sheets:
        sheet = book.sheet(title)
        values = [[cell.value for cell in sheet.row(row)] for row in range(1, sheet.rows + 1)]
        contents[title] = (values, book.fills(title) if title.endswith("pred.") else {})
    return MemoryBook(path, contents)


# -- workbooks of cars that are known by their facts -------------------------------------------------------


def filled_from(facts: dict) -> Filled:
    """What the template of a car says whose facts are known."""

    def said(name: str) -> Prediction:
        colour = facts.get(f"{name}/prediction")
        return Prediction(colour, False, "facts", "" if colour in (None, "grey") else colour.capitalize())

    questions = [*parameters().questions, *noise().questions]
    return Filled(
        {q.fact: facts[q.fact] for q in questions if q.fact in facts},
        {cell.name: said(cell.name) for cell in monitoring_cells()},
        {cell.fact: said(cell.fact) for cell in country_cells() if cell.asked},
        {cell.fact: said(cell.fact) for cell in hazard_cells()},
        {point.fact: said(point.fact) for scenario in acc_scenarios() for point in scenario.points},
    )


def selection_from(facts: dict) -> Selection:
    cells = [cell for cell in monitoring_cells() if facts.get(f"{cell.name}/verification") != "not_selected"]
    tables = list(dict.fromkeys(cell.table for cell in monitoring_cells()))
    cells.sort(
        key=lambda c: (tables.index(c.table), c.table != "non_transient" and c.response != "warning", c.place)
    )
    points = [point.fact for scenario in acc_scenarios() for point in scenario.points]
    targets = {fact: "front" for fact in points if fact.startswith("acc/cmrs_straight/")}
    return Selection(tuple(ChosenTest(cell, None, None) for cell in cells), targets)


def book_of(facts: dict) -> list[Page]:
    """The prepared workbook of a car whose facts are known, every answer filled in."""
    filled, selection = filled_from(facts), selection_from(facts)
    pages = {page.title: page for page in prepared_pages(filled, selection)}

    def put(page: Page, row: int, column: int, value) -> None:
        entry = page.cells[row, column]
        page.cells[row, column] = Entry(value, entry.fill, entry.heading, entry.options, entry.number)

    for part in checks():
        page = pages[part.sheet]
        columns = [c for (row, c), entry in page.cells.items() if row == 1 and entry.value == "Value"]
        if not columns:  # the sheet only says why nothing is tested
            continue
        column = columns[0]
        shown = [question for question in part.questions if is_shown(question.fact, filled.declared)]
        for row, question in enumerate(shown, start=2):
            put(page, row, column, facts.get(question.fact))
        below = 2 + len(shown) + 2
        if part.sheet == "DE - DM verif.":
            for row, test in enumerate(selection.tests, start=below):
                put(page, row, column, facts.get(f"{test.cell.name}/verification"))
        if part.sheet == "VA - ACC verif.":
            points = [
                point
                for scenario in acc_scenarios()
                for point in scenario.points
                if facts.get(f"{point.fact}/prediction") in ("green", "orange")
            ]
            for row, point in enumerate(points, start=below):
                put(page, row, column, facts.get(f"{point.fact}/v_reduction"))
    return list(pages.values())


class FakeScored:
    """What a rating says, from the slow reference."""

    def __init__(self, facts: dict, mode: str):
        self.result = score(facts, mode)
        self.seats = facts.get("seatbelt_usage/rear_seats/number_of_seats")

    def score(self, path: str):
        value = self.result.values[path.removeprefix("safe_driving/")].score
        # the reference gives a seat its share of the points, a rating gives it one point
        return value * self.seats / 5 if value is not None and "/rear_seat_occupancy/seat_" in path else value

    def named(self, name: str):
        fact, _, what = name.rpartition("#")
        assert what == "colour"
        return COLOURS.index(self.result.colours[fact])
