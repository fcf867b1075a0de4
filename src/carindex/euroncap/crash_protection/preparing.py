"""A filled template of Crash Protection to the prepared workbook: points drawn, cells for what is measured."""

from __future__ import annotations

from itertools import product

from carindex.euroncap.cells import Book, Sheet
from carindex.euroncap.crash_protection.carrying import carried_over
from carindex.euroncap.crash_protection.content import content
from carindex.euroncap.crash_protection.draw import draw_head, draw_legs, is_fair, legs_are_fair
from carindex.euroncap.crash_protection.layout import layout
from carindex.euroncap.crash_protection.points import Point
from carindex.euroncap.crash_protection.pointsheets import head_lines, head_page, leg_lines, leg_page
from carindex.euroncap.crash_protection.prediction import (
    NOTHING,
    ROOM,
    Prediction,
    read_prediction,
    stands_in_place,
)
from carindex.euroncap.crash_protection.reading import (
    is_prepared,
    read_questions,
    require_stage,
    template_sheets,
)
from carindex.euroncap.crash_protection.sheets import (
    first_pages,
    head_cells,
    last_pages,
    leg_cells,
    prediction_prepared,
)
from carindex.euroncap.forms import Notes, check_sheets, check_version, number_of
from carindex.euroncap.pages import Page
from carindex.messages import Finding


def prepare(book: Book, seed: int) -> tuple[list[Page], list[Finding]]:
    """Return the workbook that is prepared for testing, from a template with its predictions filled in.

    Parameters
    ----------
    book
        The filled template. A workbook that is prepared already keeps its draw; where that does not follow the rules,
        it is said.
    seed
        Number that the draw depends on: the same number draws the same points, see `draw`.

    Returns
    -------
    tuple
        The sheets, and what is wrong with the template: a cell of severity ``error`` was not used for the draw.

    Raises
    ------
    InputError
        When the workbook is of another stage.
    """
    require_stage(book)
    notes = Notes(book, calculator=False, blank=layout().blank)
    kept = is_prepared(book)
    check_sheets(notes, template_sheets())
    version = layout().version_sheet
    check_version(notes, version.sheet, version.prepared if kept else version.template, layout().version)
    read_questions(notes)
    carried = carried_over(book)
    if kept:
        prediction = read_prediction(notes)
        drawn = [line.point for line in carried.heads]
        cells, legs = prediction.cells, {point: key for point, (key, _) in prediction.legs.items()}
        heads, leg_rows = carried.heads, carried.legs
        _check_draw(notes, prediction, drawn)
    else:
        cells, legs = _read_words(notes)
        number = _number(notes, carried.values.get(content().grid.number))
        always = [point for point in _grid() if cells.get(point) in content().grid.always]
        drawn = [*draw_head(cells, number, seed), *always]
        heads = head_lines(drawn, cells)
        legs = draw_legs(legs, seed)
        leg_rows = leg_lines(legs)
    pages = [
        *first_pages(carried.values, "prepared"),
        prediction_prepared(cells, dict.fromkeys(drawn, layout().mark), legs),
        head_page(heads),
        leg_page(leg_rows),
        *last_pages([version.template, version.prepared]),
    ]
    return pages, notes.findings


def _grid() -> list[Point]:
    return list(product(content().grid.rows, content().grid.columns))


def _read_words(notes: Notes) -> tuple[dict[Point, str], dict[Point, str]]:
    """Read what the cells of a template say, in words; a cell that says nothing is no part of the car."""
    sheet = notes.sheet(layout().prediction.sheet)
    if sheet is None or not stands_in_place(notes, sheet):
        return {}, {}
    grid = content().grid
    words = {cell.label["en"]: key for key, cell in grid.cells.items()}
    cells = {}
    for point, (row, column) in head_cells().items():
        key = _said(notes, sheet, row, column, words)
        if key is not None and key != NOTHING:
            cells[point] = key
    legs = {}
    for leg in content().legs:
        words = {label: key for key, label in leg.cells.items()}
        for number, (row, column) in leg_cells(leg.row).items():
            key = _said(notes, sheet, row, column, words)
            if key is not None:
                legs[leg.row, number] = key
    return cells, legs


def _said(notes: Notes, sheet: Sheet, row: int, column: int, words: dict[str, str]) -> str | None:
    cell = sheet.cell(row, column)
    if not cell.text or cell.text.lower() in layout().blank:
        return None
    word = notes.word(cell, list(words))
    return None if word is None else words[word]


def _number(notes: Notes, stated: object) -> int:
    """Return how many points verify predictions: what is stated, but not fewer than the rules ask for."""
    grid = content().grid
    value = number_of(stated) if isinstance(stated, str | int | float | bool) else None
    if value is None or value < grid.least or value != int(value):
        place = next((row.place for row in notes.rows if row.name == grid.number), str(notes.book.path))
        shown = "-" if stated is None else stated
        notes.say("too_few_points", place, room=ROOM, found=shown, least=grid.least)
        return grid.least
    return int(value)


def _check_draw(notes: Notes, prediction: Prediction, drawn: list[Point]) -> None:
    """Say where a draw that is kept does not follow the rules."""
    grid = content().grid
    place = f"{notes.book.path}: {layout().prediction.sheet}"
    notes.say("draw_kept", place, "note", ROOM)
    sampled = [point for point in drawn if prediction.cells.get(point) in grid.sampled]
    stated = [row.value for row in notes.rows if row.name == grid.number]
    number = int(stated[0]) if stated and isinstance(stated[0], float) else len(sampled)
    missing = [
        point for point in _grid() if prediction.cells.get(point) in grid.always and point not in drawn
    ]
    legs = {point: key for point, (key, _) in prediction.legs.items()}
    if missing or not is_fair(prediction.cells, sampled, number) or not legs_are_fair(legs):
        notes.say("unfair_draw", place, "warning", ROOM)
