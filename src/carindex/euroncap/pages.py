"""Write a workbook from pages of cells: what stands where, in which colour, and which words a cell may hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from carindex.messages import InputError

Value = str | float | int | bool | None

INPUT_FILL = "F2F2F2"
"""Fill of the cells that are the user's to fill in."""


class Entry(msgspec.Struct, frozen=True):
    """A cell to be written.

    ``fill`` is ``RRGGBB``, with white text on a dark one; ``heading`` is bold; ``options`` are the words that the cell
    may hold, offered as a list; ``number`` is how a number is shown, in the spreadsheet's own notation.
    """

    value: Value = None
    fill: str | None = None
    heading: bool = False
    options: tuple[str, ...] = ()
    number: str | None = None


@dataclass
class Page:
    """A sheet to be written; rows and columns count from 1."""

    title: str
    cells: dict[tuple[int, int], Entry] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)
    hidden: bool = False

    def put(
        self,
        row: int,
        column: int,
        value: Value = None,
        *,
        fill: str | None = None,
        heading: bool = False,
        options: Sequence[str] = (),
        number: str | None = None,
    ) -> None:
        """Put a cell, replacing what stands there."""
        self.cells[row, column] = Entry(value, fill, heading, tuple(options), number)

    def put_row(self, row: int, values: Iterable[Value], *, heading: bool = False, column: int = 1) -> None:
        """Put several cells beside each other; an empty one is left out."""
        for i, value in enumerate(values):
            if value is not None:
                self.put(row, column + i, value, heading=heading)


def write_book(path: Path, pages: Sequence[Page], properties: Mapping[str, str] | None = None) -> None:
    """Write a workbook; the same pages give the same bytes.

    Parameters
    ----------
    path
        File to write; its folder is made.
    pages
        Sheets in their order.
    properties
        Custom document properties, by name.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    import datetime

    import xlsxwriter

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
        # a fixed date: the same content is the same file
        book.set_properties({"created": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)})
        for name, value in (properties or {}).items():
            book.set_custom_property(name, value)
        formats: dict[_Look, Any] = {}
        for page in pages:
            _write_page(book, page, formats)
        book.close()
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise InputError(path, "campaign.not_written", reason=error) from None


_Look = tuple[str | None, bool, str | None]
_DARK = 96
"""Greatest mean of red, green and blue of a fill that black text is hard to read on."""


def _format(fill: str | None, heading: bool, number: str | None) -> dict[str, Any]:
    look: dict[str, Any] = {"bold": heading, "border": 1}
    if fill:
        look["bg_color"] = f"#{fill}"
        if sum(int(fill[i : i + 2], 16) for i in (0, 2, 4)) < 3 * _DARK:
            look["font_color"] = "#FFFFFF"
    if number:
        look["num_format"] = number
    return look


def _write_page(book: Any, page: Page, formats: dict[_Look, Any]) -> None:  # noqa: ANN401
    sheet = book.add_worksheet(page.title)
    if page.hidden:
        sheet.hide()
    for column, width in page.widths.items():
        sheet.set_column(column - 1, column - 1, width)
    for (row, column), entry in sorted(page.cells.items()):
        key = (entry.fill, entry.heading, entry.number)
        if key not in formats:
            formats[key] = book.add_format(_format(*key))
        if entry.value is None:
            sheet.write_blank(row - 1, column - 1, None, formats[key])
        elif isinstance(entry.value, bool):
            sheet.write_boolean(row - 1, column - 1, entry.value, formats[key])
        elif isinstance(entry.value, int | float):
            sheet.write_number(row - 1, column - 1, entry.value, formats[key])
        else:
            sheet.write_string(row - 1, column - 1, str(entry.value), formats[key])
        if entry.options:
            sheet.data_validation(
                row - 1, column - 1, row - 1, column - 1, {"validate": "list", "source": list(entry.options)}
            )
