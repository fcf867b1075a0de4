"""Reading cells of a workbook: words, numbers and colours, and what is said about those that cannot be used."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book, Cell, Sheet
from carindex.euroncap.safe_driving.content import Question
from carindex.euroncap.safe_driving.layout import Value, layout
from carindex.messages import Finding
from carindex.messages.findings import Severity

_ROOM = "euroncap/safe_driving"
_GREY, _NOT_APPLICABLE = "grey", "n/a"
"""The colour, and the word, of a cell for which nothing is claimed."""


def message(name: str) -> str:
    """Return the code of a message of this package."""
    return f"{_ROOM}.{name}"


def slug(label: object) -> str:
    """Return a label as keys are written."""
    return re.sub(r"[^a-z0-9]+", "_", str(label).lower()).strip("_")


@dataclass
class Reader:
    """A workbook being read: the facts it states so far, and what was found.

    In ``calculator`` mode cells are read as the programme's own calculator reads them; what would be an error is then
    a warning, because the calculator goes on.
    """

    book: Book
    calculator: bool = False
    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def say(self, name: str, place: str, severity: Severity | None = None, **parameters: object) -> None:
        """Note a finding; without a severity it is an error, or a warning where the calculator goes on."""
        severity = severity or ("warning" if self.calculator else "error")
        self.findings.append(Finding(message(name), severity, place, None, dict(parameters)))

    def state(self, fact: str, value: Value, place: str) -> None:
        """Note a fact."""
        self.rows.append(Row(fact, value, None, "", place))

    def sheet(self, title: str) -> Sheet | None:
        """Return a sheet, ``None`` where the workbook has none of that title."""
        return self.book.sheet(title) if title in self.book.sheets else None

    def columns(self, sheet: Sheet, row: int, wanted: Sequence[str]) -> dict[str, int] | None:
        """Return the columns of headings; ``None`` when one is missing, which is said."""
        found: dict[str, int] = {}
        for column in range(1, sheet.columns + 1):
            found.setdefault(sheet.cell(row, column).text, column)
        missing = [heading for heading in wanted if heading not in found]
        for heading in missing:
            there = ", ".join(text for text in found if text) or "-"
            self.say("no_column", sheet.place(row, 1), column=heading, found=there)
        return None if missing else {heading: found[heading] for heading in wanted}

    # -- words and numbers

    def answer(self, cell: Cell, question: Question) -> Value:
        """Return a cell's word as its options spell it, or its number; ``None`` where it has none that can be used."""
        if cell.value is None:
            return None
        if question.bounds is not None:
            return self.number(cell, question.bounds, whole=question.whole)
        return self.word(cell, question.options)

    def word(self, cell: Cell, options: Sequence[str]) -> str | None:
        """Return a cell's word as the options spell it."""
        text = cell.text
        for option in options:
            if text.lower() == option.lower():
                return option
        choice = ", ".join(options)
        if not text or text.lower() in layout().nothing:
            if text:
                self.say("no_answer", cell.place, "warning", text=text, options=choice)
            return None
        if not self.calculator:
            self.say("unknown_word", cell.place, text=text, options=choice)
            return None
        self.say("word_fails", cell.place, text=text, options=choice)
        return "FAIL" if "FAIL" in options else text

    def number(self, cell: Cell, bounds: tuple[float, float], *, whole: bool) -> float | None:
        """Return a cell's number; text, and a number that cannot be, is an error in either mode."""
        low, high = bounds
        value = cell.value
        if isinstance(value, str | bool) or value is None:
            if str(value).lower() in layout().nothing:
                self.say("no_answer", cell.place, "warning", text=value, options=f"{low:g} … {high:g}")
            else:
                self.say("not_a_number", cell.place, "error", text=value, low=f"{low:g}", high=f"{high:g}")
            return None
        if self.calculator and value == 0:
            return value
        if not low <= value <= high or (whole and value != int(value)):
            self.say("not_possible", cell.place, "error", value=value, low=f"{low:g}", high=f"{high:g}")
            return None
        return value

    # -- colours

    def colour(
        self, sheet: Sheet, row: int, column: int, colours: Sequence[str], fills: Sequence[str]
    ) -> str | None:
        """Return the colour that a cell says in words, else the colour of its fill.

        Parameters
        ----------
        sheet, row, column
            The cell.
        colours
            The colours that may be said here.
        fills
            The colours that a fill may say here; none where fills say nothing.
        """
        cell = sheet.cell(row, column)
        text = cell.text.lower()
        if text in colours:
            return text
        if text in layout().nothing and not (text == _NOT_APPLICABLE and _GREY in colours):
            choice = ", ".join(name.capitalize() for name in colours)
            self.say("no_answer", cell.place, "warning", text=cell.text, options=choice)
        elif text and text not in layout().nothing and (text != layout().mark.lower() or not fills):
            choice = ", ".join(name.capitalize() for name in colours)
            self.say("unknown_colour", cell.place, text=cell.text, options=choice)
            return text if self.calculator and text in layout().colours else None
        fill = sheet.fill(row, column) if fills else None
        if fill is None or fill in layout().plain:
            return None
        name = layout().colour_of(fill)
        if name in fills:
            return name
        choice = ", ".join(f"{word.capitalize()} ({layout().colours[word]})" for word in fills)
        self.say("unknown_fill", cell.place, fill=fill, options=choice)
        return name if self.calculator else None

    def marked(self, sheet: Sheet, row: int, column: int) -> bool:
        """Whether a predicted cell has the mark of a drawn test."""
        return sheet.cell(row, column).text.lower() == layout().mark.lower()


def declared_values(rows: Sequence[Row]) -> Mapping[str, Value]:
    """Return the values of facts by name."""
    return {row.name: row.value for row in rows if isinstance(row.value, str | float | int | bool)}
