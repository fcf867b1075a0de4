"""A workbook as a whole: of which stage, with which sheets, made for which version."""

from __future__ import annotations

from collections.abc import Sequence

from carindex.euroncap.cells import Book
from carindex.euroncap.forms.reading import ROOM, Notes
from carindex.messages import InputError


def refuse_other_stage(book: Book, own: Sequence[str], stage: object) -> None:
    """Refuse a workbook that has none of the sheets that only a stage's workbooks have.

    Raises
    ------
    InputError
        Naming the sheets it has, and those it should have.
    """
    if not any(title in book.sheets for title in own):
        raise InputError(
            book.path,
            f"{ROOM}.other_workbook",
            stage=stage,
            sheets=", ".join(book.sheets)[:300] or "-",
            expected=", ".join(own),
        )


def check_sheets(notes: Notes, expected: Sequence[str]) -> None:
    """Say which sheets are missing."""
    for title in expected:
        if title not in notes.book.sheets:
            there = ", ".join(notes.book.sheets)
            notes.say("no_sheet", str(notes.book.path), sheet=title, sheets=there)


def check_version(notes: Notes, title: str, label: str, version: str) -> None:
    """Compare the version that a workbook states behind a label with ours: all parts but the last must be equal."""
    sheet = notes.sheet(title)
    row = 0
    if sheet is not None:
        row = next((i for i in range(1, sheet.rows + 1) if sheet.cell(i, 1).text == label), 0)
    if sheet is None or not row:
        place = str(notes.book.path) if sheet is None else sheet.place(1, 1)
        notes.say("no_version", place, "warning", label=label, version=version)
        return
    cell = sheet.cell(row, 2)
    if cell.text == version:
        return
    same = cell.text.split(".")[:2] == version.split(".")[:2]
    name = "other_patch" if same else "other_version"
    notes.say(name, cell.place, "warning" if same else "error", found=cell.text or "-", version=version)
