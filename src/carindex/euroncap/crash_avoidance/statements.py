"""What a workbook states and what is wrong with it, collected while its sheets are read."""

from __future__ import annotations

from dataclasses import dataclass, field

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book, Cell
from carindex.euroncap.tables import blank
from carindex.messages import Finding, Severity

ROOM = "euroncap/crash_avoidance"


@dataclass
class Statements:
    """Facts by name, and findings; ``calculator``: cells are taken as the programme's own calculator takes them."""

    book: Book
    calculator: bool
    facts: dict[str, Row] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def put(self, name: str, value: object, place: str, unit: str | None = None) -> None:
        """State a fact; a later statement of the same fact replaces an earlier one."""
        self.facts[name] = Row(name, value, unit, "", place)

    def value(self, name: str) -> object:
        """Return what was stated, nothing where nothing was."""
        row = self.facts.get(name)
        return None if row is None else row.value

    def say(self, code: str, place: str, severity: Severity = "error", **parameters: object) -> None:
        """Add a finding by the name of its message in this package's catalogue."""
        self.findings.append(Finding(f"{ROOM}.{code}", severity, place, None, dict(parameters)))

    def complain(self, code: str, place: str, **parameters: object) -> None:
        """Add a finding about what the programme's calculator goes on with: an error in protocol mode alone."""
        self.say(code, place, "warning" if self.calculator else "error", **parameters)

    def word(self, cell: Cell, words: tuple[str, ...], *, exactly: bool = False) -> str | None:
        """Return the word in a cell as the programme spells it; nothing for an empty cell, or for no word it knows.

        In calculator mode the cell's own text.
        """
        if blank(cell):
            return None
        text = cell.text
        if self.calculator:
            return text
        for word in words:
            if text == word or (not exactly and text.lower() == word.lower()):
                return word
        self.say("not_a_word", cell.place, found=text, expected=", ".join(words))
        return None

    def number(self, cell: Cell, least: float, most: float, *, whole: bool) -> float | None:
        """Return the number in a cell; nothing for an empty cell, or for content that is no possible measurement."""
        if cell.value is None or (isinstance(cell.value, str) and blank(cell)):
            return None
        value = _as_calculator(cell) if self.calculator else _number(cell)
        if self.calculator:
            return value
        if value is None:
            self.say("not_a_number", cell.place, found=cell.text)
            return None
        if not least <= value <= most or (whole and value != int(value)):
            self.say(
                "not_possible", cell.place, found=cell.text, least=f"{least:g}", most=f"{most:g}", whole=whole
            )
            return None
        return value


def _number(cell: Cell) -> float | None:
    return (
        float(cell.value)
        if isinstance(cell.value, int | float) and not isinstance(cell.value, bool)
        else None
    )


def _as_calculator(cell: Cell) -> float | None:
    """Return a number also where it is written as text; anything else counts as an empty cell."""
    try:
        return float(cell.value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
