"""Workbooks for the tests: ours filled in, the ready cars' values put in, draws taken from a prepared workbook."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import openpyxl

from carindex.euroncap.cells import Book
from carindex.euroncap.pages import Entry, Page
from carindex.euroncap.safe_driving.content import noise, noise_key
from carindex.euroncap.safe_driving.draw import ChosenTest, Selection
from carindex.euroncap.safe_driving.drawn import listed_points, listed_tests
from carindex.euroncap.safe_driving.reader import Reader

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
                value = (words[0] if good else rng.choice(words)) if words else round(rng.uniform(0, 60), 2)
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
