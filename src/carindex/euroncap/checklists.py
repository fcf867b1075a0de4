"""Sheets of checks: a line a fact, found by its labels, answered by one of a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book, Cell
from carindex.euroncap.tables import Table, blank, finding
from carindex.messages import Finding, InputError
from carindex.rating import load_protocol
from carindex.vocabulary import FactName, InvalidFactNameError

USUAL = ("FAIL", "PASS")


@cache
def inputs_of(stage: str) -> Mapping[str, Any]:
    """Return what a stage's file of inputs says: its sheets, and the line of each fact."""
    place = Path(load_protocol("euro-ncap-2026").place).parent / stage / "inputs.yaml"
    found: Mapping[str, Any] = yaml.load(place.read_text("utf-8"), yaml.CSafeLoader)
    return found


@cache
def has_quantity(fact: str) -> bool:
    """Whether a fact has a quantity; what is recorded without one changes no score."""
    try:
        FactName.parse(fact)
    except InvalidFactNameError:
        return False
    return True


class ChecklistReader:
    """Reads the sheets of checks of a stage."""

    def __init__(self, book: Book, calculator: bool) -> None:
        self.book, self.calculator = book, calculator
        self.rows: list[Row] = []
        self.findings: list[Finding] = []

    def read(self, sheets: Sequence[Mapping[str, Any]]) -> None:
        """Read every sheet of a list; a sheet or line that is not there is said by name."""
        for part in sheets:
            if part["sheet"] not in self.book.sheets:
                self.findings.append(finding("no_sheet", str(self.book.path), sheet=part["sheet"]))
                continue
            self._sheet(part)

    def _sheet(self, part: Mapping[str, Any]) -> None:
        value = str(part.get("column", "Value"))
        table = Table(self.book.sheet(part["sheet"]), part["columns"], (value,))
        lines: dict[tuple[str, ...], Cell] = {}
        raws: dict[tuple[str, ...], object] = {}
        for row in table.rows():
            lines.setdefault(row.labels, row.cell(value))
            raws.setdefault(row.labels, table.sheet.raw(row.number, table.columns[value]))
        for fact, how in part["facts"].items():
            labels = tuple(how["line"])
            if labels not in lines:
                place = table.sheet.place(1, 1)
                self.findings.append(finding("row_missing", place, row=" / ".join(labels)))
                continue
            options = how.get("options", USUAL)
            said = self._word(lines[labels], raws[labels], options, str(part["sheet"]))
            if said is not None and has_quantity(fact):
                self.rows.append(Row(fact, said, None, "", lines[labels].place))

    def _word(self, cell: Cell, raw: object, options: Sequence[str], sheet: str) -> str | None:
        if cell.value is None or (blank(cell) and cell.text not in options):
            return None
        for option in options:
            if cell.text.lower() == str(option).lower():
                # oddity blanks_around_pass of the programme's calculator
                if self.calculator and option == "PASS" and raw != cell.text and "Energy" in sheet:
                    return "FAIL"
                return str(option)
        if self.calculator and "FAIL" in options:
            return "FAIL"
        self.findings.append(
            finding("not_a_word", cell.place, found=cell.text, expected=", ".join(map(str, options)))
        )
        return None


def wrong_stage(book: Book, sheet: str, stage: str) -> None:
    """Refuse a workbook of another stage.

    Raises
    ------
    InputError
        When the workbook lacks a sheet that every workbook of the stage has.
    """
    if sheet not in book.sheets:
        raise InputError(book.path, "euroncap.other_stage", stage=stage)
