"""Sheets as tables: a row of headings, labels that fill down, and the cells of a row by the heading of their column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from carindex.euroncap.cells import Book, Cell, Sheet
from carindex.euroncap.pages import Page
from carindex.messages import Finding, InputError, Severity

# what a spreadsheet reader takes for an empty cell
BLANK = frozenset({"", "#n/a", "#na", "n/a", "na", "null", "nan", "none", "-nan", "<na>"})


def blank(cell: Cell) -> bool:
    """Whether a cell has no content that says anything."""
    return cell.value is None or (isinstance(cell.value, str) and cell.value.lower() in BLANK)


class TableRow(msgspec.Struct, frozen=True):
    """A row of a table: its number, its labels written out, and its cells by heading."""

    number: int
    labels: tuple[str, ...]
    table: Table

    def cell(self, heading: str) -> Cell:
        """Return the cell below a heading."""
        return self.table.sheet.cell(self.number, self.table.columns[heading])


class Table:
    """A sheet with one row of headings; labels left out where they repeat are filled down.

    Raises
    ------
    InputError
        When a heading that is asked for is not there.
    """

    def __init__(self, sheet: Sheet, labels: Sequence[str], needed: Sequence[str] = (), top: int = 1) -> None:
        self.sheet, self.labels, self.top = sheet, tuple(labels), top
        self.columns: dict[str, int] = {}
        for column in range(1, sheet.columns + 1):
            text = sheet.cell(top, column).text
            if text and text not in self.columns:
                self.columns[text] = column
        for heading in (*labels, *needed):
            if heading not in self.columns:
                found = ", ".join(self.columns) or "-"
                raise InputError(
                    sheet.place(top, 1), "euroncap.no_heading", heading=heading, found=found[:200]
                )

    def rows(self, last: int | None = None) -> Iterator[TableRow]:
        """Yield the rows below the headings that say anything; a new label ends those to its right."""
        current = [""] * len(self.labels)
        for number in range(self.top + 1, (last or self.sheet.rows) + 1):
            if all(cell.value is None for cell in self.sheet.row(number)):
                continue
            for i, heading in enumerate(self.labels):
                cell = self.sheet.cell(number, self.columns[heading])
                if not blank(cell):
                    current[i:] = [cell.text, *[""] * (len(current) - i - 1)]
            yield TableRow(number, tuple(current), self)


def number_of(cell: Cell) -> float | None:
    """Return the number in a cell, also one that is written as text; ``None`` for other content."""
    if isinstance(cell.value, bool) or cell.value is None:
        return None
    try:
        return float(cell.value)
    except ValueError:
        return None


def finding(code: str, place: str, severity: Severity = "error", **parameters: object) -> Finding:
    """Return a finding about a cell, by the name of its message in this package's catalogue."""
    return Finding(f"euroncap.{code}", severity, place, None, dict(parameters))


def copied(book: Book) -> list[Page]:
    """Return all sheets of a workbook as pages: values and fills where they stand."""
    pages = []
    for title in book.sheets:
        sheet = book.sheet(title)
        page = Page(title)
        fills = book.fills(title)
        for row in range(1, sheet.rows + 1):
            for column in range(1, sheet.columns + 1):
                value = sheet.raw(row, column)
                fill = fills.pop((row, column), None)
                if value is not None or fill is not None:
                    page.put(row, column, _whole(value), fill=fill, heading=row == 1)
        for (row, column), fill in fills.items():
            page.put(row, column, None, fill=fill)
        pages.append(page)
    return pages


def _whole(value: str | float | int | bool | None) -> str | float | int | bool | None:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def page_of(pages: Sequence[Page], title: str) -> Page:
    """Return the page of a sheet."""
    return next(page for page in pages if page.title == title)


def put_value(page: Page, row: int, column: int, value: str | float | int | None) -> None:
    """Put a value into a cell and leave its fill as it is; nothing empties the cell."""
    before = page.cells.get((row, column))
    page.put(row, column, value, fill=before.fill if before else None)


VERSION, WRITTEN_WITH = "5.4", "5.4.9"


def check_version(book: Book, *, prepared: bool = True) -> list[Finding]:
    """Return what is wrong with the version sheet of a workbook: another version, or not prepared for testing.

    Raises
    ------
    InputError
        When the workbook is a template that was not prepared yet.
    """
    if "Version" not in book.sheets:
        return [finding("no_version", str(book.path), "warning")]
    sheet = book.sheet("Version")
    said = {sheet.cell(row, 1).text: sheet.cell(row, 2) for row in range(1, sheet.rows + 1)}
    template = said.get("Template version")
    found = []
    if template is None or not template.text.startswith(VERSION):
        place = template.place if template else f"{book.path}: Version!A1"
        found.append(
            finding(
                "other_version",
                place,
                "warning",
                found=template.text if template else "-",
                version=WRITTEN_WITH,
            )
        )
    if prepared and "Preprocessed with version" not in said:
        raise InputError(f"{book.path}: Version!A2", "euroncap.not_prepared")
    return found


def note_scored(pages: Sequence[Page]) -> None:
    """Write into the version sheet by which version's rules the scores were computed."""
    for page in pages:
        if page.title == "Version":
            page.put(3, 1, "Score computed with version")
            page.put(3, 2, WRITTEN_WITH)
