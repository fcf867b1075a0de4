"""Facts from a programme's own workbooks: which cell is which fact lies in the protocol's ``workbooks.yaml``.

A folder of report workbooks is read as evidence: the score of each test as its report states it, and what
else the layout names. Every cell that cannot be used is named by workbook, sheet and cell; nothing is read
as zero because it could not be read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from carindex.dossier.facts import MISSING_WORDS
from carindex.dossier.readers import FactSet, Row, gather, sha256
from carindex.kept import read_yaml
from carindex.messages import Finding, InputError
from carindex.vocabulary import GIVEN, FactName, InvalidFactNameError

LAYOUT_FILE = "workbooks.yaml"


class MarkedRegions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows of a sheet that a stage's own files mark: the file the tree begins in, and the entry that marks a region."""

    file: str
    mark: str


class SheetLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which cells of a sheet are facts: rows are told by their labels, the value stands in one column."""

    sheet: str
    labels: list[str]
    value: str
    scores: bool = False
    rows: dict[str, list[str]] = {}
    any_zero: dict[str, list[list[str]] | MarkedRegions] = {}

    def zeros(self) -> Iterator[tuple[str, list[list[str]]]]:
        """Yield the facts that are told by a row without points, each with its rows."""
        for fact, rows in self.any_zero.items():
            yield fact, rows if isinstance(rows, list) else _marked(Path(rows.file), rows.mark)


class Reports(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Report workbooks: the files' pattern, where a report says its stage, and its sheets by stage."""

    pattern: str
    sheet: str
    stage: str
    of: dict[str, list[SheetLayout]]


class InputBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An input workbook: its sheets, spelled out or in a file of the stage's own; the stage whose checks it holds."""

    sheets: list[SheetLayout] = []
    file: str | None = None
    stage: str | None = None


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The workbooks of a programme."""

    reports: Reports
    inputs: dict[str, InputBook] = {}


class _Line(msgspec.Struct, frozen=True):
    line: list[str]


class _CheckSheet(msgspec.Struct, frozen=True):
    sheet: str
    columns: list[str]
    facts: dict[str, _Line]


class _CheckList(msgspec.Struct, frozen=True):
    sheets: list[_CheckSheet]


_CHECK_VALUE = "Value"


@dataclass(frozen=True)
class _Cell:
    value: object
    place: str


Table = dict[tuple[str, ...], _Cell]


@cache
def workbook_layout(folder: Path) -> Layout | None:
    """Return the layout that a protocol folder holds, ``None`` where it holds none."""
    file = folder / LAYOUT_FILE
    if not file.is_file():
        return None
    layout = msgspec.convert(read_yaml(file), Layout)
    inputs = {
        name: msgspec.structs.replace(book, sheets=[*book.sheets, *_checks(folder / book.file)])
        if book.file
        else book
        for name, book in layout.inputs.items()
    }
    reports = {
        stage: [_in_folder(sheet, folder) for sheet in sheets] for stage, sheets in layout.reports.of.items()
    }
    return msgspec.structs.replace(
        layout, inputs=inputs, reports=msgspec.structs.replace(layout.reports, of=reports)
    )


def _in_folder(sheet: SheetLayout, folder: Path) -> SheetLayout:
    """Return a sheet whose files of marked regions are named from a folder."""
    named = {
        fact: msgspec.structs.replace(rows, file=str(folder / rows.file))
        if isinstance(rows, MarkedRegions)
        else rows
        for fact, rows in sheet.any_zero.items()
    }
    return msgspec.structs.replace(sheet, any_zero=named)


@cache
def _marked(file: Path, mark: str) -> list[list[str]]:
    """Return the printed labels of every marked node below a stage, from the stage's elements on."""
    found: list[list[str]] = []

    def visit(node: dict[str, Any], labels: list[str]) -> None:
        for child in node.get("children", {}).values():
            if "file" in child:
                child = {**_plain(file.parent / child["file"]), **child}
            printed = child.get("printed", {})
            words = [printed[name] for name in ("seat", "dummy") if name in printed]
            if "loadcase" in child:
                words.insert(0, child["loadcase"])
            mine = [*labels, *(words or [child["label"]["en"]])]
            if child.get(mark):
                found.append(mine)
            visit(child, mine)

    visit(_plain(file), [])
    return found


def _plain(file: Path) -> dict[str, Any]:
    data: dict[str, Any] = read_yaml(file)
    return data


def _checks(file: Path) -> Iterator[SheetLayout]:
    """Yield the sheets of a stage's list of checks; what is recorded without a quantity changes no score."""
    listed = msgspec.convert(read_yaml(file), _CheckList)
    for sheet in listed.sheets:
        rows = {fact: check.line for fact, check in sheet.facts.items() if _has_quantity(fact)}
        if rows:
            yield SheetLayout(sheet=sheet.sheet, labels=sheet.columns, value=_CHECK_VALUE, rows=rows)


def _has_quantity(fact: str) -> bool:
    try:
        FactName.parse(fact)
    except InvalidFactNameError:
        return False
    return True


def has_workbooks(folder: Path, layout: Layout) -> bool:
    """Whether a folder holds workbooks of that layout."""
    return any(folder.glob(layout.reports.pattern)) or any(
        (folder / name).is_file() for name in layout.inputs
    )


def read_reports(folder: Path, layout: Layout, *, without: Collection[str] = ()) -> list[Row]:
    """Return what the report workbooks of a folder state, those of some stages (in small letters) left aside.

    Raises
    ------
    InputError
        When a report cannot be read, is of no known stage, or two are of one stage.
    """
    rows: list[Row] = []
    reports: dict[str, Path] = {}
    for path in sorted(folder.glob(layout.reports.pattern)):
        book = _Book(path)
        if layout.reports.sheet not in book.sheets or path.name.startswith("overall"):
            continue
        stage = _stage_of(book, layout.reports)
        if stage in reports:
            raise InputError(path, "dossier.two_reports", stage=stage, other=reports[stage].name)
        reports[stage] = path
        if stage.lower().replace("-", " ") not in without:
            rows.extend(row for sheet in layout.reports.of[stage] for row in _facts(book, sheet))
    return rows


def read_workbooks(folder: Path, layout: Layout) -> FactSet:
    """Read the facts of one car from a folder of workbooks.

    Raises
    ------
    InputError
        When a workbook cannot be read, lacks a sheet or column, is of no known stage, or two are of one stage.
        A single cell that cannot be used becomes a finding, and its fact is not known.
    """
    rows: list[Row] = []
    inputs: dict[str, str] = {}
    checked: set[str] = set()
    for name, input_book in layout.inputs.items():
        path = folder / name
        if path.is_file():
            book = _Book(path)
            inputs[name] = sha256(path)
            found = [row for sheet in input_book.sheets for row in _facts(book, sheet)]
            rows.extend(found)
            if input_book.stage and any(str(row.value).strip() for row in found):
                checked.add(input_book.stage)
    reports: dict[str, Path] = {}
    for path in sorted(folder.glob(layout.reports.pattern)):
        book = _Book(path)
        stage = _stage_of(book, layout.reports)
        if stage in reports:
            raise InputError(path, "dossier.two_reports", stage=stage, other=reports[stage].name)
        reports[stage] = path
        if stage not in checked:  # the checks themselves say more than the report made of them
            inputs[path.name] = sha256(path)
            rows.extend(row for sheet in layout.reports.of[stage] for row in _facts(book, sheet))
    if not reports and not checked:
        raise InputError(folder, "dossier.no_reports", pattern=layout.reports.pattern)
    facts, findings = gather(rows)
    missing = [
        Finding("dossier.report_missing", "warning", str(folder), None, {"stage": stage})
        for stage in layout.reports.of
        if stage not in reports and stage not in checked
    ]
    return FactSet(folder.resolve().name, facts, (*findings, *missing), inputs, {})


class _Book:
    """A workbook, its sheets read when they are asked for."""

    def __init__(self, path: Path) -> None:
        from python_calamine import CalamineError, CalamineWorkbook

        self.path = path
        try:
            self._book = CalamineWorkbook.from_path(path)
        except (CalamineError, OSError) as error:
            expected = {"en": "a workbook (xlsx)", "zh": "工作簿（xlsx）"}
            raise InputError(path, "dossier.unreadable", reason=error, expected=expected) from None

    @property
    def sheets(self) -> list[str]:
        """Titles of the sheets."""
        return list(self._book.sheet_names)

    def sheet(self, name: str) -> list[list[object]]:
        """Return the cells of a sheet from A1 on."""
        if name not in self._book.sheet_names:
            raise InputError(
                self.path, "dossier.no_sheet", sheet=name, sheets=", ".join(self._book.sheet_names)
            )
        cells = self._book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        return [list(line) for line in cells]


def _stage_of(book: _Book, reports: Reports) -> str:
    cells = book.sheet(reports.sheet)
    column = _column(book, reports.sheet, cells, reports.stage)
    stage = str(cells[1][column]).strip() if len(cells) > 1 else ""
    if stage not in reports.of:
        place = f"{book.path}: {reports.sheet}!{_letters(column)}2"
        raise InputError(place, "dossier.unknown_stage", stage=stage or "-", stages=", ".join(reports.of))
    return stage


def _column(book: _Book, sheet: str, cells: list[list[object]], name: str) -> int:
    header = [str(cell).strip() for cell in cells[0]] if cells else []
    if name not in header:
        place = f"{book.path}: {sheet}!A1"
        raise InputError(place, "dossier.no_columns", found=", ".join(header)[:200] or "-")
    return header.index(name)


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _table(book: _Book, layout: SheetLayout) -> Table:
    """Return the value cells of a sheet by their labels; an empty label is the one above it, the last excepted."""
    cells = book.sheet(layout.sheet)
    labels = [_column(book, layout.sheet, cells, name) for name in layout.labels]
    value = _column(book, layout.sheet, cells, layout.value)
    current: tuple[str, ...] = ("",) * len(labels)
    found: Table = {}
    for number, line in enumerate(cells[1:], start=2):
        texts = [str(line[at]).strip() if at < len(line) else "" for at in labels]
        if not texts[-1]:
            continue
        current = tuple(text or before for text, before in zip(texts, current, strict=True))
        cell = line[value] if value < len(line) else ""
        found[current] = _Cell(cell, f"{book.path}: {layout.sheet}!{_letters(value)}{number}")
    return found


def _facts(book: _Book, layout: SheetLayout) -> Iterator[Row]:
    table = _table(book, layout)
    if layout.scores:
        for labels, cell in table.items():
            yield _row(GIVEN + "/".join(_slug(label) for label in labels), cell)
    for fact, row in layout.rows.items():
        yield _row(fact, _found(book, layout, table, row))
    for fact, many in layout.zeros():
        yield from _any_zero(fact, [_found(book, layout, table, labels) for labels in many])


def _row(fact: str, cell: _Cell) -> Row:
    return Row(fact, cell.value, None, "", cell.place)


def _found(book: _Book, layout: SheetLayout, table: Table, labels: Sequence[str]) -> _Cell:
    cell = table.get(tuple(labels))
    if cell is None:
        place = f"{book.path}: {layout.sheet}"
        raise InputError(place, "dossier.no_row", row=" / ".join(labels))
    return cell


def _any_zero(fact: str, cells: list[_Cell]) -> Iterator[Row]:
    """State ``yes`` where one value is zero, ``no`` where none is; say nothing while a value is not known."""
    unknown = None
    for cell in cells:
        text = str(cell.value).strip()
        if text.lower() in MISSING_WORDS:
            unknown = unknown or cell
            continue
        try:
            value = float(text)
        except ValueError:
            # the text is refused by name where the fact is checked
            yield Row(fact, text, None, "", cell.place)
            return
        if value == 0.0:
            yield Row(fact, "yes", None, "", cell.place)
            return
    if unknown is None:
        yield Row(fact, "no", None, "", cells[0].place.rsplit("!", 1)[0])


def _slug(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
