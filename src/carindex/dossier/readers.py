"""Facts files of one car: CSV, JSON or Parquet, long (a row a fact) or wide (a row a car).

Long: columns ``name`` and ``value``, optionally ``unit`` and ``source``. Wide: a column ``car`` and a column
for each fact, its unit in brackets where it is not the vocabulary's: ``…/neck_tension [kN]``. JSON: an object
``{"car": …, "facts": {name: value}}``, where a value may be ``{"value": …, "unit": …, "source": …}``, or a
list of ``{"name": …, "value": …}``.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from carindex.dossier.facts import (
    Fact,
    checked_name,
    checked_value,
    plausibility,
    quantity_of,
    stated_word,
    value_from_text,
)
from carindex.messages import Finding, InputError
from carindex.units import ratio

_PUBLISHED = "published:"
PROTOCOL = "protocol"
"""Column of a table of cars: the protocol that each was rated under, where the table holds several editions."""
_FILE = {"en": "a facts file (CSV, JSON, Parquet)", "zh": "事实文件（CSV、JSON、Parquet）"}


class FactSet(msgspec.Struct, frozen=True):
    """The facts of one car that were read from somewhere, with what was found on the way.

    ``published`` holds results that came along with the facts (by node path), for comparison only.
    """

    car: str
    facts: tuple[Fact, ...]
    findings: tuple[Finding, ...]
    inputs: Mapping[str, str]
    published: Mapping[str, str]


class Row(msgspec.Struct, frozen=True):
    """One statement of a fact, as the file has it."""

    name: str
    value: object
    unit: str | None
    source: str
    place: str


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def read_facts(path: Path, car: str | None = None) -> FactSet:
    """Read the facts of one car from a file.

    Parameters
    ----------
    path
        CSV, JSON or Parquet file.
    car
        Which car, where the file has several.

    Returns
    -------
    FactSet
        Every fact that could be read; a finding of severity ``error`` for each that could not, which then
        counts as not known.

    Raises
    ------
    InputError
        When the file as a whole cannot be used.
    """
    if not path.is_file():
        raise InputError(path, "dossier.no_such_path")
    try:
        if path.suffix.lower() == ".json":
            name, rows = _from_json(path, car)
            published: dict[str, str] = {}
        else:
            name, rows, published = _from_table(path, car)
    except (OSError, UnicodeError, ValueError) as error:
        raise InputError(path, "dossier.unreadable", reason=_reason(error), expected=_FILE) from None
    facts, findings = gather(rows)
    return FactSet(name, facts, findings, {path.name: sha256(path)}, published)


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def gather(rows: Iterable[Row], *, as_given: bool = False) -> tuple[tuple[Fact, ...], tuple[Finding, ...]]:
    """Turn statements into facts: names and values checked, contradictions found.

    ``as_given`` takes numbers that no measurement can give, as a programme's own calculator does.
    """
    facts: dict[str, Fact] = {}
    findings: list[Finding] = []
    for row in rows:
        try:
            name = checked_name(row.name, row.place)
            word = stated_word(name, row.value)
            if word is not None:
                value: float | None = math.nan
            else:
                value = _as_given(row, name) if as_given else _value(row, name)
        except InputError as error:
            findings.append(error.as_finding())
            continue
        if value is None:
            continue
        unit = quantity_of(name, row.unit).unit
        stated = (word, value, unit)
        if name in facts and (facts[name].said, facts[name].value, facts[name].unit) != stated:
            findings.append(_contradiction(name, facts[name], word or f"{value:g}", row.place))
            continue
        doubtful = plausibility(name, value, row.place)
        if doubtful is not None:
            findings.append(doubtful)
        origin = f"{row.place} ({row.source})" if row.source else row.place
        facts[name] = Fact(name, value, unit, origin, {"place": row.place, "source": row.source}, word)
    return tuple(facts.values()), tuple(findings)


def _value(row: Row, name: str) -> float | None:
    quantity = quantity_of(name, row.unit)
    if row.value is None:
        return None
    if isinstance(row.value, bool):
        return value_from_text("yes" if row.value else "no", quantity, row.place)
    if isinstance(row.value, float) and row.value != row.value:
        return None
    if isinstance(row.value, int | float) and not quantity.categories:
        return checked_value(float(row.value), quantity, row.place, row.unit)
    return value_from_text(str(row.value), quantity, row.place, row.unit)


def _as_given(row: Row, name: str) -> float | None:
    quantity = quantity_of(name, row.unit)
    number = isinstance(row.value, int | float) and not isinstance(row.value, bool)
    if not number or quantity.categories or row.value != row.value:
        return _value(row, name)
    return float(row.value) * (1.0 if row.unit is None else ratio(row.unit, quantity.unit))  # type: ignore[arg-type]


def _contradiction(name: str, first: Fact, second: str, place: str) -> Finding:
    used = first.said or f"{first.value:g}"
    parameters = {"name": name, "first": second, "second": used, "other": first.origin, "used": used}
    return Finding("dossier.contradiction", "error", place, None, parameters)


def _from_json(path: Path, car: str | None) -> tuple[str, list[Row]]:
    data = json.loads(path.read_text("utf-8-sig"))
    rows: Any = data
    name = car or path.stem
    if isinstance(data, dict):
        name = car or str(data.get("car") or path.stem)
        rows = data.get("facts", {key: value for key, value in data.items() if key != "car"})
    return name, list(_json_rows(rows, path))


def _json_rows(rows: object, path: Path) -> Iterator[Row]:
    if isinstance(rows, dict):
        rows = [
            {"name": name, **value} if isinstance(value, dict) else {"name": name, "value": value}
            for name, value in rows.items()
        ]
    if not isinstance(rows, list):
        raise InputError(path, "dossier.unreadable", reason=type(rows).__name__, expected=_FILE)
    for i, row in enumerate(rows):
        if not isinstance(row, dict) or "name" not in row:
            raise InputError(f"{path}: [{i}]", "dossier.no_columns", found=str(row)[:60])
        name = str(row["name"])
        yield Row(name, row.get("value"), row.get("unit"), str(row.get("source") or ""), f"{path}: {name}")


def _from_table(path: Path, car: str | None) -> tuple[str, list[Row], dict[str, str]]:
    header, lines = table_of_text(path)
    names = [name.strip() for name in header]
    if "name" in names and "value" in names:
        return car or path.stem, list(_long_rows(names, lines, path)), {}
    if "car" not in names:
        raise InputError(f"{path}:1", "dossier.no_columns", found=", ".join(names)[:200] or "-")
    return _wide_rows(names, lines, path, car)


def table_of_text(path: Path) -> tuple[list[str], list[list[object]]]:
    """Read a whole small table: header and rows, as text from CSV and as values from Parquet."""
    if path.suffix.lower() in (".parquet", ".pq"):
        import pyarrow
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path)
        except pyarrow.ArrowException as error:
            raise InputError(path, "dossier.unreadable", reason=_reason(error), expected=_FILE) from None
        columns = [column.to_pylist() for column in table.columns]
        return list(table.column_names), [list(row) for row in zip(*columns, strict=True)]
    import csv

    text = path.read_text("utf-8-sig")
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max((",", ";", "\t"), key=first.count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    if not rows:
        raise InputError(path, "dossier.no_cars")
    return [name.strip() for name in rows[0]], [list(row) for row in rows[1:]]


def blank_row(line: Sequence[object]) -> bool:
    """Whether a row says nothing at all, as the last ones of a file often do."""
    return all(value is None or not str(value).strip() for value in line)


def _long_rows(names: list[str], lines: list[list[object]], path: Path) -> Iterator[Row]:
    def cell(row: list[object], column: str) -> object:
        at = names.index(column) if column in names else -1
        return row[at] if 0 <= at < len(row) else None

    for number, row in enumerate(lines, start=2):
        if blank_row(row):
            continue
        name, unit, source = (cell(row, column) for column in ("name", "unit", "source"))
        if name is None or str(name).lstrip().startswith("#"):
            continue
        yield Row(
            str(name).strip(),
            cell(row, "value"),
            str(unit).strip() if unit else None,
            str(source).strip() if source else "",
            f"{path}:{number}",
        )


def split_unit(column: str) -> tuple[str, str | None]:
    """Split a column header ``name [unit]``."""
    name, bracket, rest = column.partition("[")
    return name.strip(), rest.rstrip().removesuffix("]").strip() if bracket else None


def _wide_rows(
    names: list[str], lines: list[list[object]], path: Path, car: str | None
) -> tuple[str, list[Row], dict[str, str]]:
    at = names.index("car")
    cars = [str(row[at]) for row in lines if len(row) > at]
    some = ", ".join(cars[:5]) + (" …" if len(cars) > 5 else "")
    if not cars:
        raise InputError(path, "dossier.no_cars")
    if car is None and len(cars) > 1:
        raise InputError(path, "dossier.several_cars", count=len(cars), some=some)
    wanted = cars[0] if car is None else car
    if wanted not in cars:
        raise InputError(path, "dossier.no_such_car", car=wanted, some=some)
    number = next(i for i, row in enumerate(lines, start=2) if len(row) > at and str(row[at]) == wanted)
    row = lines[number - 2]
    if len(row) != len(names):
        raise InputError(f"{path}:{number}", "dossier.row_not_read", found=len(row), expected=len(names))
    rows, published = [], {}
    for column, value in zip(names, row, strict=True):
        if column.startswith(_PUBLISHED):
            published[column.removeprefix(_PUBLISHED)] = "" if value is None else str(value)
        elif column not in ("car", PROTOCOL):
            name, unit = split_unit(column)
            rows.append(Row(name, value, unit, "", f"{path}:{number}: {name}"))
    return wanted, rows, published
