"""Putting tables on pages: headings, labels left out where they repeat, and the sheets that every stage has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from carindex.euroncap.pages import Page

_WIDEST, _NARROWEST = 60, 7


def put_heading(page: Page, headings: Sequence[str], fill: str, row: int = 1) -> None:
    """Put the line of headings."""
    for column, text in enumerate(headings, start=1):
        page.put(row, column, text, heading=True, fill=fill)


def put_labels(
    page: Page, row: int, labels: Sequence[str], keys: Sequence[str], above: Sequence[str]
) -> None:
    """Put the labels of a row.

    Parameters
    ----------
    page, row
        Where.
    labels
        The labels, from the left.
    keys
        What each label names; two things may be called the same.
    above
        Keys of the row above. A label is left out where it and all to its left name what that row names.
    """
    same = bool(above)
    for i, (label, key) in enumerate(zip(labels, keys, strict=True)):
        same = same and above[i] == key
        if not same:
            page.put(row, 1 + i, label)


def fit(page: Page) -> Page:
    """Make columns as wide as what stands in them, within bounds."""
    for (_, column), entry in page.cells.items():
        width = min(len(str("" if entry.value is None else entry.value)) + 2, _WIDEST)
        page.widths[column] = max(page.widths.get(column, _NARROWEST), width)
    return page


def rounded(value: float, decimals: int) -> float:
    """Return a number rounded half up, as the programme prints it."""
    return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))


def version_page(sheet: str, labels: Sequence[str | None], version: str, fill: str) -> Page:
    """Return the sheet that says for which version a workbook was made; a row without label stays empty."""
    page = Page(sheet)
    for row, label in enumerate(labels, start=1):
        if label is None:
            continue
        page.put(row, 1, label, heading=True, fill=fill)
        page.put(row, 2, version, heading=True, fill=fill)
    return fit(page)


def hidden_pages(sheets: Mapping[str, Sequence[str]], fill: str) -> list[Page]:
    """Return the hidden sheets, which have headings only."""
    pages = []
    for title, headings in sheets.items():
        page = Page(title, hidden=True)
        put_heading(page, headings, fill)
        pages.append(page)
    return pages
