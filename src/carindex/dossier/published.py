"""Published tables of results to facts: a column of the table is a fact, or a published outcome.

Which is which lies in ``tables/NAME.yaml``. Outcomes are kept beside the facts in columns
``published:PATH``, their text unchanged; they are for comparison and never enter a rating. Where a table holds cars
of several editions of a programme, the column ``protocol`` says which protocol each car was rated under.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import msgspec
import yaml

from carindex.dossier.facts import (
    half_width,
    number_from_text,
    quantity_of,
    says_nothing,
    stated_in_per_cent,
    value_from_text,
)
from carindex.dossier.readers import PROTOCOL, blank_row, table_of_text
from carindex.dossier.spread import Laid, Layout, laid_out
from carindex.messages import Finding, InputError


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a fact stands in a published table, and how it is written there.

    ``protocols``: only cars of these protocols have it there; in others' rows the column is something else, or nothing.
    ``or_column``: where ``column`` is empty this one counts. ``suffix``: what the table may write after a number.
    ``grades``: words that are grades of a node; without them only numbers are a stated score.
    """

    column: str
    or_column: str | None = None
    suffix: str = ""
    unit: str | None = None
    minus: bool = False
    zero_is_missing: bool = False
    words: dict[str, str] = {}
    grades: list[str] = []
    protocols: list[str] = []


class Editions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which protocol a car was rated under, by what a column of the table says."""

    column: str
    protocols: dict[str, list[str]]

    def protocol(self, text: str) -> str:
        """Return the protocol of a car; what the table itself says where no protocol is known.

        A car of which nothing is said belongs to none: an empty cell would let every protocol rate it.
        """
        said = half_width(text).strip().removesuffix(".0")
        return next((name for name, words in self.protocols.items() if said in words), said or _NO_EDITION)


class PublishedTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the columns of a published table mean.

    ``rows`` and ``beside`` tell how a table holds cars that has several rows for one, and files beside it: see
    `carindex.dossier.spread`. Its facts that no column holds, because they are only mentioned where something happened,
    are ``unsaid``: they are taken as stated there, and the import says so.
    ``only``: where a file holds several programmes or editions, the words of each column that this table takes; other
    rows are left out, with a note.
    """

    title: dict[str, str]
    source: str
    car: list[str]
    facts: dict[str, Column]
    # facts that are the same for every row because of what the table is: that it leaves something out, say
    everywhere: dict[str, str] = {}
    only: dict[str, list[str]] = {}
    published: dict[str, str] = {}
    editions: Editions | None = None
    rows: Layout | None = None
    beside: dict[str, Layout] = {}
    unsaid: dict[str, str] = {}


_NAMED = 12
"""So many rows that are left out are named."""

_NO_EDITION = "not stated"
"""What stands in the column of protocols where a table does not say the edition of a car."""


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


def import_table(
    name: str, path: Path, *, where: Mapping[str, frozenset[str]] = MappingProxyType({})
) -> ImportedTable:
    """Read a published table.

    Parameters
    ----------
    name
        Name of the table.
    path
        Its file, CSV or Parquet.
    where
        Columns of the file and the texts that they may have: other rows are left out.

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
    findings: list[Finding] = []
    laid = Laid(tuple(header), tuple(map(tuple, lines)), tuple(f"{path}:{i + 2}" for i in range(len(lines))))
    if table.rows is not None:
        laid, findings = laid_out(path, (header, lines), table.rows, table.beside)
    at = _places(name, table, laid, path, where)
    editions = table.editions
    rows = []
    names = _car_names(table.car, at, laid.lines)
    left_out: list[str] = []
    elsewhere: dict[str, list[str]] = {}
    unsaid = [word if quantity_of(fact).categories else float(word) for fact, word in table.unsaid.items()]
    for car, line, place in zip(names, laid.lines, laid.places, strict=True):
        if blank_row(line):
            continue
        if len(line) != len(laid.header):
            parameters = {"found": len(line), "expected": len(laid.header)}
            findings.append(Finding("dossier.row_not_read", "error", place, None, parameters))
            continue
        if any(_plain(line[at[column]]) not in words for column, words in where.items()):
            continue
        if not all(_is_one_of(line[at[column]], words) for column, words in table.only.items()):
            left_out.append(car)
            continue
        own = [] if editions is None else [editions.protocol(_plain(line[at[editions.column]]))]

        if editions is not None and own[0] not in editions.protocols:
            elsewhere.setdefault(own[0], []).append(car)

        def cell(column: str | None, line: Sequence[object] = line) -> object:
            return line[at[column]] if column in at else None

        def value(
            fact: str, column: Column, line: Sequence[object] = line, place: str = place
        ) -> str | float | None:
            used = column.column
            if column.or_column is not None and _plain(cell(used, line)) == "":
                used = column.or_column
            return _value(fact, column, cell(used, line), f"{place}: {used}", findings)

        facts = [
            None if column.protocols and not set(own) & set(column.protocols) else value(fact, column)
            for fact, column in table.facts.items()
        ]
        outcomes = [_text(cell(column)) for column in table.published.values()]
        rows.append((car, *own, *facts, *table.everywhere.values(), *unsaid, *outcomes))
    for fact, word in table.unsaid.items():
        said = {"fact": quantity_of(fact).label, "word": word}
        findings.append(Finding("dossier.taken_as_stated", "warning", f"{path}: {fact}", None, said))
    if left_out:
        left: dict[str, object] = {"count": len(left_out), "table": name, **_some(left_out)}
        findings.append(Finding("dossier.rows_left_out", "note", str(path), None, left))
    unstated = elsewhere.pop(_NO_EDITION, [])
    if unstated:
        named: dict[str, object] = {"count": len(unstated), **_some(unstated)}
        findings.append(Finding("dossier.edition_not_stated", "warning", str(path), None, named))
    if elsewhere:
        every = [car for of in elsewhere.values() for car in of]
        editions_of = ", ".join(f"{edition} ({len(of)})" for edition, of in sorted(elsewhere.items()))
        named = {"count": len(every), "editions": editions_of, **_some(every)}
        findings.append(Finding("dossier.edition_without_protocol", "note", str(path), None, named))
    columns = (
        "car",
        *(() if editions is None else (PROTOCOL,)),
        *(_header(fact, column) for fact, column in table.facts.items()),
        *table.everywhere,
        *table.unsaid,
        *(f"published:{path}" for path in table.published),
    )
    return ImportedTable(columns, tuple(rows), tuple(findings))


def _some(cars: Sequence[str]) -> dict[str, str]:
    """Return the first cars by name, for a message, and whether there are more."""
    return {"cars": ", ".join(cars[:_NAMED]), "more": " …" if len(cars) > _NAMED else ""}


def _places(
    name: str, table: PublishedTable, laid: Laid, path: Path, where: Mapping[str, frozenset[str]]
) -> dict[str, int]:
    """Return where each column of a table stands that is asked for.

    Of items and files beside the table, which a car may lack, all cars may lack some; other columns must be there.
    """
    columns = [one for column in table.facts.values() for one in (column.column, column.or_column) if one]
    needed = [*table.car, *columns, *table.published.values(), *where, *table.only]
    needed += [] if table.editions is None else [table.editions.column]
    twice = [column for column in dict.fromkeys(needed) if laid.header.count(column) > 1]
    if twice:
        raise InputError(f"{path}:1", "dossier.column_twice", column=", ".join(twice))
    at = {column: laid.header.index(column) for column in needed if column in laid.header}
    may_lack = (
        []
        if table.rows is None
        else [one for one in needed if "@" in one or one.partition(":")[0] in table.beside]
    )
    missing = [column for column in dict.fromkeys(needed) if column not in at and column not in may_lack]
    if missing:
        raise InputError(f"{path}:1", "dossier.table_columns_missing", missing=", ".join(missing), table=name)
    return at


def _header(fact: str, column: Column) -> str:
    return f"{fact} [{column.unit}]" if stated_in_per_cent(fact, column.unit) else fact


def _plain(value: object) -> str:
    """Return a cell as somebody would type it: no blanks around it, a whole number without decimals."""
    return "" if value is None else str(value).strip().removesuffix(".0")


def _is_one_of(value: object, words: Sequence[str]) -> bool:
    """Whether a cell is one of some words; numbers are equal however they are written."""
    text = "" if value is None else str(value).strip()
    return any(text == word or _number(text) == _number(word) is not None for word in words)


def _number(text: str) -> float | None:
    try:
        return number_from_text(text)
    except ValueError:
        return None


def _text(value: object) -> str | None:
    text = "" if value is None else str(value)
    return text or None


def _value(fact: str, column: Column, raw: object, place: str, findings: list[Finding]) -> str | float | None:
    text = "" if raw is None else half_width(str(raw)).strip()
    if column.words:
        text = column.words.get(text, text)
    if says_nothing(text):
        return None
    if column.grades:
        if text in column.grades:
            return text
        expected = {"text": text, "expected": ", ".join(column.grades)}
        findings.append(Finding("dossier.not_a_word", "error", place, None, expected))
        return None
    text = text.removesuffix(column.suffix).rstrip()
    if column.minus:
        text = text.removeprefix("-") if text.startswith("-") else f"-{text}"
    quantity = quantity_of(fact, column.unit)
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
