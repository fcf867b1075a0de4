"""Columns of delimited text: separator, decimal sign, cells to numbers with the place of every bad one.

Belongs here: what every format of lines and columns needs. Does not belong here: what the columns are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from carindex.messages import Finding
from carindex.recordings.model import Samples
from carindex.recordings.samples import doubles

_MISSING = {"", "NOVALUE", "NAN"}
_SHOWN = 5


def separator_of(line: str) -> str:
    """Return what separates the cells of a line: tab, semicolon or comma, in this order."""
    return next((mark for mark in "\t;" if mark in line), ",")


def has_decimal_comma(body: Sequence[str], separator: str) -> bool:
    """Return whether lines write their numbers with a comma: there are commas, and not one point."""
    return separator != "," and any("," in line for line in body) and not any("." in line for line in body)


def numbers(
    body: Sequence[str], separator: str, comma: bool, width: int, place: str, first_line: int
) -> tuple[list[Samples], dict[int, list[Finding]]]:
    """Return the columns of lines of text, and what was noticed.

    Parameters
    ----------
    body
        Lines of cells.
    separator, comma
        What stands between cells, and whether a comma is the decimal sign.
    width
        Number of columns.
    place, first_line
        File, and the number of the first line in it, for messages.

    Returns
    -------
    tuple
        One array ``(lines,)`` a column, NaN for an empty cell, ``NOVALUE`` and what is no number; findings by
        column, under -1 those about whole lines.
    """
    fast = _fast_numbers(body, separator, comma, width)
    if fast is not None:
        return fast, {}
    table = np.full((len(body), width), np.nan)
    bad: dict[int, list[tuple[int, str]]] = {}
    uneven: list[int] = []
    for row, line in enumerate(body):
        cells = line.split(separator)
        if len(cells) != width:
            uneven.append(first_line + row)
        for column, cell in enumerate(cells[:width]):
            token = cell.strip().strip('"').strip()
            try:
                table[row, column] = float(token.replace(",", ".") if comma else token)
                readable = "_" not in token
            except ValueError:
                readable = token.upper() in _MISSING
            if not readable:
                table[row, column] = np.nan
                bad.setdefault(column, []).append((first_line + row, token))
    findings = {column: [_unreadable(place, errors)] for column, errors in bad.items()}
    if uneven:
        parameters = {"count": len(uneven), "lines": _some(uneven), "expected": width}
        findings[-1] = [Finding("recordings.table_row", "error", f"{place}:{uneven[0]}", None, parameters)]
    return [np.ascontiguousarray(table[:, column]) for column in range(width)], findings


def _fast_numbers(body: Sequence[str], separator: str, comma: bool, width: int) -> list[Samples] | None:
    """Return the columns when every cell of every row is a number or empty, else ``None``."""
    if not body or any(not line.strip() for line in body):
        return None
    import pyarrow
    from pyarrow import csv as arrow_csv

    names = [str(column) for column in range(width)]
    try:
        table = arrow_csv.read_csv(
            pyarrow.BufferReader("\n".join([*body, ""]).encode("utf-8")),
            read_options=arrow_csv.ReadOptions(column_names=names, block_size=1 << 24),
            parse_options=arrow_csv.ParseOptions(delimiter=separator, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pyarrow.float64()),
                null_values=["", "NOVALUE", "NaN", "nan"],
                decimal_point="," if comma else ".",
            ),
        )
    except pyarrow.ArrowInvalid:
        return None
    if table.num_rows != len(body):
        return None
    return [doubles(table[name]) for name in names]


def _some(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:_SHOWN])) + (", …" if len(numbers) > _SHOWN else "")


def _unreadable(place: str, bad: Sequence[tuple[int, str]]) -> Finding:
    shown = "".join(char if char.isprintable() else "?" for char in bad[0][1][:40]) or "(blank)"
    parameters = {"count": len(bad), "lines": _some([line for line, _ in bad]), "text": shown}
    return Finding("recordings.unreadable_sample", "error", f"{place}:{bad[0][0]}", None, parameters)
