"""Sheets that are one table: a line of headings, labels that are left out where they repeat, and values behind them.

Reading finds columns by their headings and rows by their labels, and says what is wrong with a sheet or a cell;
writing puts headings, labels and fills. The stages whose workbooks are such tables build on it.
"""

from carindex.euroncap.forms.reading import (
    FIRST_ROW,
    HEADING_ROW,
    Notes,
    Table,
    TableLine,
    number_of,
    range_of,
    same_number,
)
from carindex.euroncap.forms.whole import check_sheets, check_version, refuse_other_stage
from carindex.euroncap.forms.writing import (
    fit,
    hidden_pages,
    put_heading,
    put_labels,
    rounded,
    version_page,
)

__all__ = [
    "FIRST_ROW",
    "HEADING_ROW",
    "Notes",
    "Table",
    "TableLine",
    "check_sheets",
    "check_version",
    "fit",
    "hidden_pages",
    "number_of",
    "put_heading",
    "put_labels",
    "range_of",
    "refuse_other_stage",
    "rounded",
    "same_number",
    "version_page",
]
