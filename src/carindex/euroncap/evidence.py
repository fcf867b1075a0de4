"""What the workbooks of one car say: prepared workbooks and reports read to facts, without rating anything."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

import carindex
from carindex.dossier import Fact
from carindex.dossier.readers import FactSet, Row, gather, sha256
from carindex.dossier.workbooks import Layout, read_reports, read_workbooks, workbook_layout
from carindex.euroncap.cells import Book
from carindex.euroncap.stages import PROTOCOL, PROTOCOL_FOLDER, STAGES, Stage, find
from carindex.kept import kept_as
from carindex.messages import Finding
from carindex.side_by_side import side_by_side

_MOST_WORK = "crash_avoidance"
"""The stage whose workbook takes about as long as all others together."""


class Evidence(msgspec.Struct, frozen=True):
    """The prepared workbooks of one car, read: by stage its workbook and what it states."""

    books: Mapping[Stage, Book]
    rows: Mapping[Stage, list[Row]]
    findings: tuple[Finding, ...]
    calculator: bool = False

    @property
    def facts(self) -> tuple[tuple[Fact, ...], tuple[Finding, ...]]:
        """All facts, and everything that was found while they were read."""
        facts, found = gather((row for rows in self.rows.values() for row in rows), as_given=self.calculator)
        return facts, (*self.findings, *found)


def read_prepared(folder: Path, stages: Iterable[Stage] = STAGES, *, calculator: bool = False) -> Evidence:
    """Read the prepared workbooks that a folder holds.

    Parameters
    ----------
    folder
        Folder of one car's workbooks.
    stages
        Which stages to look for.
    calculator
        Read cells as the programme's own calculator reads them.

    Raises
    ------
    InputError
        When a workbook as a whole cannot be used. A single cell that cannot be used becomes a finding, and its fact is
        not known.
    """
    books = {stage: Book(path) for stage, path in find(folder, stages, prepared=True).items()}

    def read(some: Sequence[Stage]) -> dict[Stage, tuple[list[Row], list[Finding]]]:
        return {stage: stage.books.read(books[stage], calculator=calculator) for stage in some}

    parts = side_by_side([partial(read, some) for some in halves(books)])
    found = {stage: one for part in parts for stage, one in part.items()}
    return Evidence(
        books,
        {stage: found[stage][0] for stage in books},
        tuple(finding for stage in books for finding in found[stage][1]),
        calculator,
    )


def halves(stages: Iterable[Stage]) -> list[list[Stage]]:
    """Split stages into two parts of about the same work."""
    first = [stage for stage in stages if stage.name == _MOST_WORK]
    rest = [stage for stage in stages if stage.name != _MOST_WORK]
    return [part for part in (first, rest) if part]


@kept_as(f"{PROTOCOL}.reports")
def _layout() -> Layout:
    """Return which cells of reports are which facts."""
    layout = workbook_layout(Path(carindex.__file__).parent / PROTOCOL_FOLDER)
    assert layout is not None
    return layout


def stated_by_reports(folder: Path, *, without: Collection[str]) -> tuple[tuple[Fact, ...], list[Finding]]:
    """Return the scores that the reports of a folder state, those of some stages left aside."""
    layout = _layout()
    rows = read_reports(folder, layout, without={name.replace("_", " ") for name in without})
    facts, findings = gather(rows)
    return facts, list(findings)


def facts_of_folder(folder: Path, *, calculator: bool = False) -> FactSet | None:
    """Return what the workbooks of a folder say of a car, ``None`` where it holds none.

    A prepared workbook says more than the report that was made of it; of the other stages the reports are read.
    """
    layout = _layout()
    prepared = {
        stage: path for stage, path in find(folder, STAGES, prepared=True).items() if not _unprepared(path)
    }
    if not prepared:
        return read_workbooks(folder, layout) if any(folder.glob(layout.reports.pattern)) else None
    evidence = read_prepared(folder, prepared, calculator=calculator)
    read = {stage.name.replace("_", " ") for stage in evidence.books}
    stated = read_reports(folder, layout, without=read)
    rows = [*(row for some in evidence.rows.values() for row in some), *stated]
    facts, found = gather(rows, as_given=calculator)
    inputs = {book.path.name: sha256(book.path) for book in evidence.books.values()}
    inputs |= {path.name: sha256(path) for path in sorted({Path(row.place.split(": ")[0]) for row in stated})}
    known = {row.name.removeprefix("given:").split("/")[0].replace("_", " ") for row in stated} | read
    missing = [
        Finding("dossier.report_missing", "warning", str(folder), None, {"stage": stage})
        for stage in layout.reports.of
        if stage.lower().replace("-", " ") not in known
    ]
    return FactSet(folder.resolve().name, facts, (*evidence.findings, *found, *missing), inputs, {})


def _unprepared(path: Path) -> bool:
    return path.stem.endswith("template") and "preprocessed" not in path.stem
