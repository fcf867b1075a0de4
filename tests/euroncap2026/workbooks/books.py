"""Comparing workbooks cell by cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from carindex.euroncap.cells import Book, letters


def compared(one: Path, other: Path, *, fills: bool = False) -> list[tuple[str, Any, Any]]:
    """Places where two workbooks differ, with both values (or fills); numbers are equal to nine decimals."""
    ours, theirs = Book(one), Book(other)
    shown = [title for title in theirs.sheets if title != "Integrity"]
    found: list[tuple[str, Any, Any]] = []
    if ours.sheets != shown:
        found.append(("sheets", ours.sheets, theirs.sheets))
    for title in shown:
        if title not in ours.sheets:
            continue
        a, b = ours.sheet(title), theirs.sheet(title)
        for row in range(1, max(a.rows, b.rows) + 1):
            for column in range(1, min(60, max(a.columns, b.columns)) + 1):
                place = f"{title}!{letters(column)}{row}"
                x, y = a.cell(row, column).value, b.cell(row, column).value
                if not same(x, y):
                    found.append((place, x, y))
                elif fills and not same_fill(a.fill(row, column), b.fill(row, column)):
                    found.append((place, a.fill(row, column), b.fill(row, column)))
    return found


def same_fill(ours: str | None, theirs: str | None) -> bool:
    """Whether fills are the same; black is the colour that the programme's tool leaves out of a file."""
    return ours == theirs or (ours == "000000" and theirs is None)


def same(x: Any, y: Any) -> bool:
    if isinstance(x, (int, float)) and isinstance(y, (int, float)):
        return abs(x - y) < 1e-9
    return bool(x == y)


def official_blank(place: str) -> bool:
    """Whether a place of the crash-protection template is one of those that are filled in."""
    sheet, _, _cell = place.partition("!")
    return sheet in ("Input parameters", "CP - VRU Prediction")
