"""Read a workbook cell by cell: value and fill, each with the place that an error names.

Values come from the workbook library; it does not know fills, in which the programme keeps its predicted colours, so
those are read from the sheet's own XML.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree
from xml.parsers import expat

from carindex.messages import InputError

Value = str | float | int | bool | None

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PLAIN_CELL = re.compile(rb"<c (?:[^>]*/>|[^>]*[^/>]>(?:(?!<c ).)*?</c>)", re.DOTALL)
_REFERENCE = re.compile(r"([A-Z]+)(\d+)")
# whatever reading the parts of a damaged file may end with
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    ElementTree.ParseError,
    expat.ExpatError,
    LookupError,
    ValueError,
    EOFError,
    OSError,
    RuntimeError,
)


class Cell(NamedTuple):
    """A cell: its value (``None`` when empty; text is stripped), and where it stands."""

    value: Value
    sheet: Sheet
    row: int
    column: int

    @property
    def place(self) -> str:
        """Workbook, sheet and cell."""
        return self.sheet.place(self.row, self.column)

    @property
    def text(self) -> str:
        """The value as text; whole numbers without decimals, nothing for an empty cell."""
        if self.value is None:
            return ""
        if isinstance(self.value, float) and self.value.is_integer():
            return str(int(self.value))
        return str(self.value)

    @property
    def empty(self) -> bool:
        """Whether the cell has no content."""
        return self.value is None


class Sheet:
    """A sheet of a workbook; rows and columns count from 1, as the programme's users count them."""

    def __init__(self, book: Book, title: str, values: list[list[Any]]) -> None:
        self.book = book
        self.title = title
        self._values = values

    @property
    def rows(self) -> int:
        """Number of the last row."""
        return len(self._values)

    @cached_property
    def columns(self) -> int:
        """Number of the last column."""
        return max((len(row) for row in self._values), default=0)

    def cell(self, row: int, column: int) -> Cell:
        """Return a cell; one outside the used area is empty."""
        value: Value = None
        if 1 <= row <= len(self._values) and 1 <= column <= len(self._values[row - 1]):
            value = _plain(self._values[row - 1][column - 1])
        return Cell(value, self, row, column)

    def raw(self, row: int, column: int) -> Value:
        """Return the value of a cell as it stands, blanks around text included."""
        if 1 <= row <= len(self._values) and 1 <= column <= len(self._values[row - 1]):
            value = self._values[row - 1][column - 1]
            return None if value == "" else value if isinstance(value, bool | int | float) else str(value)
        return None

    def row(self, row: int) -> Iterator[Cell]:
        """Yield the cells of a row from the first column to the last of the sheet."""
        return (self.cell(row, column) for column in range(1, self.columns + 1))

    def place(self, row: int, column: int) -> str:
        """Return workbook, sheet and cell, as every message names a place."""
        return f"{self.book.path}: {self.title}!{letters(column)}{row}"

    def fill(self, row: int, column: int) -> str | None:
        """Return the fill of a cell as ``RRGGBB``, ``None`` where it has none that is spelled out."""
        return self._fills.get((row, column))

    @cached_property
    def _fills(self) -> dict[tuple[int, int], str]:
        return self.book.fills(self.title)


class Book:
    """A workbook, its sheets read when they are asked for.

    Raises
    ------
    InputError
        When the file is no workbook that can be read.
    """

    def __init__(self, path: Path) -> None:
        from python_calamine import CalamineError, CalamineWorkbook

        self.path = path
        self._read: dict[str, Sheet] = {}
        try:
            self._book = CalamineWorkbook.from_path(path)
        except (CalamineError, OSError) as error:
            raise self._damaged(error) from None

    @property
    def sheets(self) -> list[str]:
        """Titles of the sheets, in order."""
        return list(self._book.sheet_names)

    def sheet(self, title: str) -> Sheet:
        """Return a sheet.

        Raises
        ------
        InputError
            When the workbook has no such sheet, naming those it has.
        """
        if title not in self._read:
            if title not in self._book.sheet_names:
                raise InputError(self.path, "dossier.no_sheet", sheet=title, sheets=", ".join(self.sheets))
            from python_calamine import CalamineError

            try:
                values = self._book.get_sheet_by_name(title).to_python(skip_empty_area=False)
            except CalamineError as error:
                raise self._damaged(error) from None
            self._read[title] = Sheet(self, title, values)
        return self._read[title]

    def fills(self, title: str) -> dict[tuple[int, int], str]:
        """Return the fills of a sheet: (row, column) to ``RRGGBB``; cells without a spelled-out fill are left out.

        Raises
        ------
        InputError
            When the workbook's XML cannot be read.
        """
        try:
            return _cells_with_fill(self._xml(title), self._fills_by_style)
        except _DAMAGED as error:
            raise self._damaged(error) from None

    def without_value(self, title: str) -> dict[tuple[int, int], str]:
        """Return cells that look empty and are not: errors such as ``#DIV/0!``, and formulas without a result.

        Raises
        ------
        InputError
            When the workbook's XML cannot be read.
        """
        try:
            return _cells_without_value(self._xml(title))
        except _DAMAGED as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> InputError:
        expected = {"en": "a workbook (xlsx)", "zh": "工作簿（xlsx）"}
        return InputError(self.path, "dossier.unreadable", reason=error, expected=expected)

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(io.BytesIO(self.path.read_bytes()))

    @cached_property
    def _parts(self) -> dict[str, str]:
        return _parts(self._archive)

    @cached_property
    def _fills_by_style(self) -> list[str | None]:
        return _fills_by_style(self._archive.read("xl/styles.xml"))

    def _xml(self, title: str) -> bytes:
        return self._archive.read(self._parts[title])


def letters(column: int) -> str:
    """Return the letters of a column that counts from 1: 1 is A, 28 is AB."""
    text = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def column_number(text: str) -> int:
    """Return the number of a column from its letters."""
    number = 0
    for letter in text:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _plain(value: Any) -> Value:  # noqa: ANN401 - whatever the workbook library gives
    if value is None:
        return None
    if isinstance(value, bool | int | float):
        return value
    text = str(value).strip()
    return text or None


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the name of the XML part that holds each sheet."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    parts = {}
    for sheet in book.iter(f"{_MAIN}sheet"):
        target = targets[sheet.get(_RELATION)]
        within = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
        parts[sheet.get("name", "")] = within
    return parts


def _fills_by_style(xml: bytes) -> list[str | None]:
    """Return the fill of each cell style, by the number that cells call it with."""
    styles = ElementTree.fromstring(xml)
    fills: list[str | None] = []
    for fill in styles.findall(f"{_MAIN}fills/{_MAIN}fill"):
        colour = fill.find(f"{_MAIN}patternFill/{_MAIN}fgColor")
        rgb = None if colour is None else colour.get("rgb")
        fills.append(rgb[-6:].upper() if rgb else None)
    formats = styles.findall(f"{_MAIN}cellXfs/{_MAIN}xf")
    return [fills[int(style.get("fillId", "0"))] for style in formats]


def _cells_with_fill(xml: bytes, fills: list[str | None]) -> dict[tuple[int, int], str]:
    found: dict[tuple[int, int], str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "c" and "s" in attributes:
            fill = fills[int(attributes["s"])]
            match = _REFERENCE.fullmatch(attributes.get("r", ""))
            if fill and match:
                found[int(match[2]), column_number(match[1])] = fill

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.Parse(xml, True)
    return found


def _cells_with_error_or_formula(xml: bytes) -> Iterator[ElementTree.Element]:
    """Yield cells that hold an error or a formula; where a sheet is written plainly, without a tree of all others."""
    cells = _PLAIN_CELL.findall(xml)
    if len(cells) != xml.count(b"<c "):  # prefixes, comments and the like: read it in full
        yield from ElementTree.fromstring(xml).iter(f"{_MAIN}c")
        return
    for cell in cells:
        if b'"e"' in cell or b"<f" in cell:
            yield ElementTree.fromstring(b"<x xmlns='%s'>%s</x>" % (_MAIN[1:-1].encode(), cell))[0]


def _cells_without_value(xml: bytes) -> dict[tuple[int, int], str]:
    found: dict[tuple[int, int], str] = {}
    if b'"e"' not in xml and b"<f" not in xml:  # the usual case, without reading the sheet once more
        return found
    for cell in _cells_with_error_or_formula(xml):
        formula, value = cell.find(f"{_MAIN}f"), cell.find(f"{_MAIN}v")
        empty = value is None or not value.text
        if cell.get("t") != "e" and not (formula is not None and empty):
            continue
        match = _REFERENCE.fullmatch(cell.get("r", ""))
        if match:
            text = (
                f"={formula.text or ''}"
                if empty and formula is not None
                else (value.text if value is not None else "")
            )
            found[int(match[2]), column_number(match[1])] = text or "-"
    return found
