"""Reading tables: columns by their headings, rows by their labels, and what is wrong with a row or a cell."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

import msgspec

from carindex.dossier.facts import quantity_of
from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book, Cell, Sheet, Value
from carindex.messages import Finding
from carindex.messages.findings import Severity
from carindex.units import ratio

HEADING_ROW = 1
FIRST_ROW = 2
ROOM = "euroncap/forms"
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_EQUAL = 1e-9
Item = TypeVar("Item")


@dataclass
class Notes:
    """Facts that a workbook states, and what was found while it was read.

    ``calculator``: the workbook is read as the programme's own calculator reads it. What that goes on with is then a
    warning; otherwise it is an error, and what needs the cell is not known.
    """

    book: Book
    calculator: bool
    blank: Sequence[str] = ()
    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def say(
        self, name: str, place: str, severity: Severity = "error", room: str = ROOM, **parameters: object
    ) -> None:
        """Note a finding."""
        self.findings.append(Finding(f"{room}.{name}", severity, place, None, dict(parameters)))

    def state(self, fact: str, value: Value, place: str, unit: str | None = None) -> None:
        """Note a fact."""
        self.rows.append(Row(fact, value, unit, "", place))

    @property
    def lenient(self) -> Severity:
        """How bad it is that a cell holds what the calculator goes on with."""
        return "warning" if self.calculator else "error"

    # -- cells -----------------------------------------------------------------------------------------------

    def is_blank(self, cell: Cell, *accepted: str | None) -> bool:
        """Whether a cell counts as empty; words that say so are warned of, unless they are ``accepted`` here."""
        text = cell.text
        if not text:
            return True
        if text.lower() not in self.blank:
            return False
        if text.lower() not in {str(word).lower() for word in accepted}:
            self.say("counts_as_empty", cell.place, "warning", text=text)
        return True

    def word(self, cell: Cell, options: Sequence[str], blank: Sequence[str] = ()) -> str | None:
        """Return a cell's word as its options spell it, ``None`` where it has none of them."""
        if self.is_blank(cell, *blank):
            return None
        text = cell.text.lower()
        for option in options:
            if text == option.lower():
                return option
        self.say("unknown_word", cell.place, text=cell.text, options=", ".join(options))
        return None

    def number(
        self,
        cell: Cell,
        fact: str,
        unit: str | None = None,
        *,
        size: bool = False,
        whole: bool = False,
        text_is: float | None = None,
        blank: Sequence[str] = (),
    ) -> float | None:
        """Return a cell's number, ``None`` where it has none that can be used.

        Parameters
        ----------
        cell, fact, unit
            The cell, the fact it is, and the unit it is given in.
        size
            Whether the cell holds the size of a negative number.
        whole
            Whether only whole numbers make sense.
        text_is
            The number that the calculator takes for any other text.
        blank
            Words that say that there is nothing.
        """
        if self.is_blank(cell, *blank):
            return None
        value = number_of(cell.value)
        if value is None or not math.isfinite(value):
            return self._text(cell, text_is)
        if isinstance(cell.value, str):
            self.say("number_as_text", cell.place, "warning", text=cell.value)
        if whole and value != int(value):
            self.say("not_whole", cell.place, self.lenient, value=cell.text)
            return value if self.calculator else None
        least, most = range_of(fact, unit)
        if size:
            value, least, most = -value, *sorted((least, most))
        if not least <= value <= most:
            low, high = (-most, -least) if size else (least, most)
            self.say(
                "not_possible", cell.place, self.lenient, value=cell.text, low=_limit(low), high=_limit(high)
            )
            return value if self.calculator else None
        return value

    def _text(self, cell: Cell, text_is: float | None) -> float | None:
        if self.calculator and text_is is not None and isinstance(cell.value, str):
            self.say("text_counts_as", cell.place, "warning", text=cell.text, number=f"{text_is:g}")
            return text_is
        self.say("not_a_number", cell.place, text=cell.text)
        return None

    # -- sheets ----------------------------------------------------------------------------------------------

    def sheet(self, title: str) -> Sheet | None:
        """Return a sheet, ``None`` where the workbook has none of that title; says which cells only look empty."""
        if title not in self.book.sheets:
            return None
        sheet = self.book.sheet(title)
        if title not in self._seen:
            self._seen.add(title)
            for (row, column), text in self.book.without_value(title).items():
                self.say("no_value", sheet.place(row, column), text=text)
        return sheet

    def table(self, title: str, labels: Sequence[str], others: Sequence[str]) -> Table | None:
        """Return a sheet as a table; ``None`` where the sheet or one of its columns is missing, which is said."""
        sheet = self.sheet(title)
        if sheet is None:
            return None
        table = Table(sheet, labels, others)
        for heading in table.missing:
            there = ", ".join(table.columns) or "-"
            self.say("no_column", sheet.place(HEADING_ROW, 1), column=heading, found=there)
        return None if table.missing else table

    def matched(
        self,
        table: Table,
        expected: Mapping[tuple[str, ...], Item],
        values: Sequence[str],
        severity: Severity = "error",
    ) -> Iterator[tuple[TableLine, Item]]:
        """Yield the rows of a table with what each is expected to be; say which are missing, unknown or there twice.

        Parameters
        ----------
        table, expected
            The table, and what is expected by labels.
        values
            Headings of the columns that the user fills in: a row without labels must not have any.
        severity
            How bad it is where rows are not as expected.
        """
        seen: dict[tuple[str, ...], int] = {}
        for line in table.lines():
            place = table.sheet.place(line.row, 1)
            if line.labels in seen:
                self.say("line_twice", place, severity, line=line.name, first=str(seen[line.labels]))
            elif line.labels in expected:
                seen[line.labels] = line.row
                yield line, expected[line.labels]
            elif line.labels[-1] and line.labels[-1].lower() not in self.blank:
                self.say("unknown_line", place, severity, line=line.name)
            else:
                self._stray(table, line, values)
        for labels in expected.keys() - seen.keys():
            name = " / ".join(labels)
            self.say("no_line", f"{self.book.path}: {table.sheet.title}", severity, line=name)

    def _stray(self, table: Table, line: TableLine, values: Sequence[str]) -> None:
        for heading in values:
            cell = table.cell(line, heading)
            if not cell.empty:
                self.say("stray_value", cell.place, text=cell.text)

    def compare(
        self, cell: Cell, name: str, expected: float | None, same: Callable[[float, float], bool]
    ) -> None:
        """Say where a number that the rules fix was edited; that of the rules counts."""
        value = number_of(cell.value)
        if expected is None and cell.empty:
            return
        if expected is not None and value is not None and same(value, expected):
            return
        shown = "-" if expected is None else f"{expected:g}"
        self.say("other_limit", cell.place, "warning", what=name, found=cell.text or "-", expected=shown)


class TableLine(msgspec.Struct, frozen=True):
    """A row of a table with its labels written out."""

    row: int
    labels: tuple[str, ...]

    @property
    def name(self) -> str:
        """The labels in one line."""
        return " / ".join(label for label in self.labels if label)


class Table:
    """A sheet that is one table, its columns found by their headings.

    Parameters
    ----------
    sheet
        The sheet.
    labels
        Headings of the columns of labels. An empty label is the one above it, but for the last column, whose labels
        tell rows from each other.
    others
        Headings of the other columns that are needed.
    """

    def __init__(self, sheet: Sheet, labels: Sequence[str], others: Sequence[str]) -> None:
        self.sheet = sheet
        self.labels = tuple(labels)
        self.columns: dict[str, int] = {}
        for column in range(1, sheet.columns + 1):
            text = sheet.cell(HEADING_ROW, column).text
            if text:
                self.columns.setdefault(text, column)
        self.missing = [heading for heading in (*labels, *others) if heading not in self.columns]

    def cell(self, line: TableLine, heading: str) -> Cell:
        """Return a cell of a row by the heading of its column."""
        return self.sheet.cell(line.row, self.columns[heading])

    def lines(self) -> Iterator[TableLine]:
        """Yield the rows that have anything below a heading."""
        columns = [self.columns[heading] for heading in self.labels]
        used = sorted(self.columns.values())
        above = [""] * (len(columns) - 1)
        for row in range(FIRST_ROW, self.sheet.rows + 1):
            here = [self.sheet.cell(row, column).text for column in columns]
            if not any(here) and all(self.sheet.cell(row, column).empty for column in used):
                continue
            above = [text or last for text, last in zip(here[:-1], above, strict=True)]
            yield TableLine(row, (*above, here[-1]))


def number_of(value: Value) -> float | None:
    """Return the number that a cell is or spells out, ``None`` where it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    return float(value) if _NUMBER.fullmatch(value) else None


def same_number(one: float, other: float) -> bool:
    """Whether two numbers are the same but for the last binary digits."""
    return abs(one - other) <= _EQUAL * max(1.0, abs(other))


@cache
def range_of(fact: str, unit: str | None) -> tuple[float, float]:
    """Return the least and the greatest value that a fact can have, in a unit."""
    quantity = quantity_of(fact)
    factor = 1.0 if unit is None else ratio(quantity.unit, unit)
    least, most = quantity.range
    return least * factor, most * factor


def _limit(value: float) -> str:
    return {math.inf: "∞", -math.inf: "−∞"}.get(
        value, f"{value + 0.0:g}"
    )  # without the sign of a negative zero
