"""Published tables of results to facts: a column of the table is a fact, or a published outcome.

Which is which lies in ``tables/NAME.yaml``. Outcomes are kept beside the facts in columns
``published:PATH``, their text unchanged; they are for comparison and never enter a rating.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec
import yaml

from carindex.dossier.facts import MISSING_WORDS, quantity_of, value_from_text
from carindex.dossier.readers import table_of_text
from carindex.messages import Finding, InputError


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a fact stands in a published table, and how it is written there."""

    column: str
    unit: str | None = None
    minus: bool = False
    zero_is_missing: bool = False
    words: dict[str, str] = {}


class PublishedTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the columns of a published table mean.

    ``rows``: where a file holds several programmes or editions, the words of each column that this table takes; other
    rows are left out, with a note.
    """

    title: dict[str, str]
    source: str
    car: list[str]
    facts: dict[str, Column]
    rows: dict[str, list[str]] = {}
    published: dict[str, str] = {}


_NAMED = 12
"""So many rows that are left out are named."""


@dataclass(frozen=True)
class ImportedTable:
    """Facts of many cars: column names and, row by row, their texts or numbers; ``None`` where not known."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]
    findings: tuple[Finding, ...]


def published_tables() -> tuple[str, ...]:
    """Return the names of all known published tables."""
    folder = files("carindex.dossier").joinpath("tables")
    return tuple(sorted(Path(item.name).stem for item in folder.iterdir() if item.name.endswith(".yaml")))


@cache
def published_table(name: str) -> PublishedTable:
    """Return what is known of a published table.

    Raises
    ------
    InputError
        When there is no such table.
    """
    if name not in published_tables():
        raise InputError(name, "dossier.unknown_table", table=name, available=", ".join(published_tables()))
    text = files("carindex.dossier").joinpath("tables", f"{name}.yaml").read_text("utf-8")
    return msgspec.convert(yaml.load(text, yaml.CSafeLoader), PublishedTable)


def import_table(name: str, path: Path) -> ImportedTable:
    """Read a published table.

    Raises
    ------
    InputError
        When there is no such table or the file lacks columns of it.
    """
    table = published_table(name)
    if not path.is_file():
        raise InputError(path, "dossier.no_such_path")
    try:
        header, lines = table_of_text(path)
    except (OSError, UnicodeError, ValueError) as error:
        raise InputError(path, "dossier.unreadable", reason=error, expected="CSV, Parquet") from None
    needed = [
        *table.rows,
        *table.car,
        *(column.column for column in table.facts.values()),
        *table.published.values(),
    ]
    missing = [column for column in needed if column not in header]
    if missing:
        raise InputError(f"{path}:1", "dossier.table_columns_missing", missing=", ".join(missing), table=name)
    at = {column: header.index(column) for column in needed}
    findings: list[Finding] = []
    rows = []
    taken, left_out = [], []
    for number, line in enumerate(lines, start=2):
        if len(line) != len(header):
            where = f"{path}:{number}"
            parameters = {"found": len(line), "expected": len(header)}
            findings.append(Finding("dossier.row_not_read", "error", where, None, parameters))
            continue
        if not all(_is_one_of(line[at[column]], words) for column, words in table.rows.items()):
            left_out.append(line)
            continue
        taken.append((number, line))
    names = _car_names(table.car, at, [line for _, line in taken])
    for car, (number, line) in zip(names, taken, strict=True):
        facts = [
            _value(fact, column, line[at[column.column]], f"{path}:{number}: {column.column}", findings)
            for fact, column in table.facts.items()
        ]
        outcomes = [_text(line[at[column]]) for column in table.published.values()]
        rows.append((car, *facts, *outcomes))
    if left_out:
        cars = ", ".join(_car_names(table.car, at, left_out[:_NAMED]))
        more = " …" if len(left_out) > _NAMED else ""
        left = {"count": len(left_out), "table": name, "cars": cars, "more": more}
        findings.append(Finding("dossier.rows_left_out", "note", str(path), None, left))
    columns = ("car", *table.facts, *(f"published:{path}" for path in table.published))
    return ImportedTable(columns, tuple(rows), tuple(findings))


def _is_one_of(value: object, words: Sequence[str]) -> bool:
    """Whether a cell is one of some words; numbers are equal however they are written."""
    text = "" if value is None else str(value).strip()
    return any(text == word or _number(text) == _number(word) is not None for word in words)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _text(value: object) -> str | None:
    text = "" if value is None else str(value)
    return text or None


def _value(fact: str, column: Column, raw: object, place: str, findings: list[Finding]) -> str | float | None:
    text = "" if raw is None else str(raw).strip()
    if text.lower() in MISSING_WORDS:
        return None
    if column.words:
        text = column.words.get(text, text)
    if column.minus:
        text = text.removeprefix("-") if text.startswith("-") else f"-{text}"
    quantity = quantity_of(fact)
    try:
        value = value_from_text(text, quantity, place, column.unit)
    except InputError as error:
        findings.append(error.as_finding())
        return None
    if value is None or (column.zero_is_missing and value == 0):
        return None
    return quantity.categories[round(value)] if quantity.categories else value


def _car_names(
    columns: Sequence[str], at: Mapping[str, int], lines: Sequence[Sequence[object]]
) -> Iterator[str]:
    """Yield a name for each row; rows that describe the same car get a number."""
    seen: Counter[str] = Counter()
    for line in lines:
        parts = [_text(line[at[column]]) if at[column] < len(line) else None for column in columns]
        name = " ".join(part for part in parts if part)
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} #{seen[name]}"
