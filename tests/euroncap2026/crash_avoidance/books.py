"""Help for the tests of the workbooks: the slow reference as a rating, a car filled in by lot, cells compared one by one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl

from carindex.euroncap.cells import Book, Sheet, letters
from carindex.euroncap.crash_avoidance import blank, prepare
from carindex.euroncap.crash_avoidance.layout import (
    matrices_of,
    offered_colours,
    workbook,
)
from carindex.euroncap.pages import Page, write_book
from carindex.messages import InputError

from . import rules
from .reference import Result, facts_of
from .workbook import Facts

COLOURS = ["Green", "Yellow", "Orange", "Brown", "Red", "Grey"]
# grey and white of cells that say nothing; themes are no fills that are spelled out
SILENT = ("FFFFFF", "F2F2F2")


class Reference:
    """The scores and colours of the slow reference in calculator mode, as a report asks for them."""

    calculator = True

    def __init__(self, result: Result) -> None:
        self.scores: dict[str, float] = {}
        for path, points in {**result.tests, **result.categories}.items():
            self.scores["/".join(("crash_avoidance", *path))] = points
        for (*path, scenario, layer), points in result.scenarios.items():
            names = (*path, scenario) if scenario.startswith("driv") else (*path, scenario, layer)
            self.scores["/".join(("crash_avoidance", *names))] = points
        self.colours = {
            f"{cell}#colour": None if colour is None else float(COLOURS.index(colour))
            for cell, colour in result.colours.items()
        }

    def score(self, path: str) -> float | None:
        return self.scores[path]

    def named(self, name: str) -> float | None:
        return self.colours[name]


def facts_in_small_letters(source: Path | openpyxl.Workbook, mode: str) -> Facts:
    """What the slow reader gives, with predicted colours in small letters; by the rules every matrix is written down."""
    written_down = {f"{matrix}/tested": "yes" for matrix in rules.matrices()} if mode == "protocol" else {}
    return written_down | {
        name: value.lower() if name.endswith("/prediction") else value
        for name, value in facts_of(source, mode).items()
    }


@dataclass(frozen=True)
class Seen:
    """A cell: value, and fill where it says something."""

    value: Any
    fill: str | None


def both(one: Path, other: Path) -> Iterator[tuple[str, Seen, Seen]]:
    """Every cell of the sheets of one workbook, by place, beside that of the other."""
    first, second = Book(one), Book(other)
    for title in first.sheets:
        sheets = first.sheet(title), second.sheet(title)
        for row in range(1, max(sheet.rows for sheet in sheets) + 1):
            for column in range(1, max(sheet.columns for sheet in sheets) + 1):
                place = f"{title}!{letters(column)}{row}"
                a, b = (_seen(sheet, row, column) for sheet in sheets)
                yield place, a, b


def _seen(sheet: Sheet, row: int, column: int) -> Seen:
    fill = sheet.fill(row, column)
    return Seen(sheet.cell(row, column).value, None if fill in SILENT else fill)


def put(pages: list[Page], title: str, row: int, column: int, value: Any) -> None:
    """Change the value of a cell of a page and leave the rest of it."""
    page = next(page for page in pages if page.title == title)
    entry = page.cells[row, column]
    page.put(row, column, value, fill=entry.fill, heading=entry.heading, options=entry.options)


def filled_template(seed: int, *, quality: float = 0.8) -> list[Page]:
    """A blank template with every answer drawn from the options of its cell."""
    lots = random.Random(seed)
    pages = blank()
    choice_rows = {}
    for page in pages:
        for (row, column), entry in sorted(page.cells.items()):
            if not entry.options:
                continue
            good = [option for option in entry.options if option not in ("N/A", "NO")]
            word = good[0] if lots.random() < quality else lots.choice(entry.options)
            put(pages, page.title, row, column, word)
    response = next(p for p in pages if p.title == "Input parameters")
    put(pages, "Input parameters", max(r for r, _ in response.cells), 7, "Retention")
    # rows declared AEB repeat the fixed row of their speed, and are predicted like it
    sheet = "FC - Ped & Cyc pred."
    page = next(p for p in pages if p.title == sheet)
    row = 1
    for matrix in matrices_of(sheet):
        row += matrix.gap if row > 1 else 0
        rows = {line.name: row + 2 + i for i, line in enumerate(matrix.lines)}
        for line in matrix.lines:
            fixed = line.name.removesuffix("-choice").replace(
                "-20_km_h", "-15_km_h" if matrix.name == "cbla" else "-20_km_h"
            )
            if line.band == "choice" and fixed in rows:
                choice_rows[matrix.name] = True
                for place in matrix.places:
                    if (rows[fixed], place) in page.cells:
                        colour = page.cells[rows[fixed], place].value
                        offered = offered_colours(matrix, line, 0)
                        put(pages, sheet, rows[line.name], place, colour if colour in offered else offered[0])
                        put(pages, sheet, rows[fixed], place, colour if colour in offered else offered[0])
        row += 2 + len(matrix.lines)
    assert len(choice_rows) == 3
    return pages


def prepared(folder: Path, seed: int, **options: Any) -> Path:
    """A prepared workbook of a car filled in by lot, in a file."""
    write_book(folder / f"template_{seed}.xlsx", filled_template(seed, **options))
    pages, findings = prepare(Book(folder / f"template_{seed}.xlsx"), seed)
    assert pages, [finding.line() for finding in findings]
    write_book(folder / f"input_{seed}.xlsx", pages)
    return folder / f"input_{seed}.xlsx"


def test_cells(book: openpyxl.Workbook, title: str) -> Iterator[tuple[Any, str, Any]]:
    """Scenario, quantity and value cell of every test of a verification sheet."""
    sheet = book[title]
    top = next(r for r in range(2, sheet.max_row + 1) if sheet.cell(r, 1).value == "Scenario")
    columns = {cell.value: cell.column for cell in sheet[top] if cell.value}
    for row in range(top + 1, sheet.max_row + 1):
        if sheet.cell(row, 1).value:
            value = sheet.cell(row, columns["Value"])
            yield sheet.cell(row, 1).value, sheet.cell(row, columns["Expected value"]).value, value
            if columns.get("Value baseline") and sheet.cell(row, columns["Expected value baseline"]).value:
                yield (
                    sheet.cell(row, 1).value,
                    "v_impact_baseline",
                    sheet.cell(row, columns["Value baseline"]),
                )


def filled_in(path: Path, seed: int, change: Callable[[openpyxl.Workbook], None] | None = None) -> Path:
    """The prepared workbook with values measured by lot, and changed."""
    lots = random.Random(seed)
    book = openpyxl.load_workbook(path)
    for title in workbook()["verification"]["order"]:
        sheet = book[title]
        for row in range(2, 5):
            if sheet.cell(row, 1).value in ("General requirements", "Driveability", "Driver state link"):
                column = next(c.column for c in sheet[1] if c.value == "Value")
                sheet.cell(row, column).value = "PASS" if lots.random() < 0.95 else "FAIL"
        for _, quantity, cell in test_cells(book, title):
            if lots.random() < 0.95:
                cell.value = (
                    int(lots.random() < 0.1)
                    if quantity == "impact_occurred"
                    else round(lots.uniform(0, 3), 2)
                )
    if change is not None:
        change(book)
    out = path.with_name(f"filled_{path.stem}_{seed}.xlsx")
    book.save(out)
    return out


class BookOfPages(Book):
    """Pages read as a workbook, without a file between."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self.path = Path("ca_input.xlsx")
        self._pages = {page.title: page for page in pages}
        self._read = {}

    @property
    def sheets(self) -> list[str]:
        return list(self._pages)

    def sheet(self, title: str) -> Sheet:
        if title not in self._pages:
            raise InputError(self.path, "dossier.no_sheet", sheet=title, sheets=", ".join(self.sheets))
        if title not in self._read:
            cells = self._pages[title].cells
            rows, columns = (max((place[i] for place in cells), default=0) for i in (0, 1))
            values: list[list[Any]] = [[None] * columns for _ in range(rows)]
            for (row, column), entry in cells.items():
                values[row - 1][column - 1] = entry.value
            self._read[title] = Sheet(self, title, values)
        return self._read[title]

    def fills(self, title: str) -> dict[tuple[int, int], str]:
        return {place: entry.fill for place, entry in self._pages[title].cells.items() if entry.fill}

    def without_value(self, title: str) -> dict[tuple[int, int], str]:
        return {}


def without_row(page: Page, gone: int) -> Page:
    """The page with a row deleted and those below moved up."""
    cells = {(r - (r > gone), c): entry for (r, c), entry in page.cells.items() if r != gone}
    return Page(page.title, cells)


def without_column(page: Page, gone: int) -> Page:
    """The page with a column deleted and those to its right moved left."""
    cells = {(r, c - (c > gone)): entry for (r, c), entry in page.cells.items() if c != gone}
    return Page(page.title, cells)


def with_rows_swapped(page: Page, one: int, other: int) -> Page:
    """The page with two rows in each other's place."""
    to = {one: other, other: one}
    return Page(page.title, {(to.get(r, r), c): entry for (r, c), entry in page.cells.items()})
