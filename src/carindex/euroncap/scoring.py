"""Score prepared workbooks: facts out of every stage's workbook, one rating, a report for each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from carindex.dossier import Fact
from carindex.dossier.readers import FactSet, Row, gather, sha256
from carindex.dossier.workbooks import Layout, read_reports, read_workbooks, workbook_layout
from carindex.euroncap.cells import Book
from carindex.euroncap.pages import write_book
from carindex.euroncap.stages import PROTOCOL, STAGES, Stage, find
from carindex.kept import kept_as
from carindex.messages import Finding, InputError
from carindex.rating import Evaluation, Plan, evaluate_facts, load_protocol
from carindex.rating.compiled import compiled


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


def score_folder(
    folder: Path, output: Path, stages: Sequence[Stage], *, calculator: bool = False
) -> tuple[list[Path], list[Finding]]:
    """Score the prepared workbooks of a folder and write a report for each.

    Parameters
    ----------
    folder
        Folder of one car's workbooks.
    output
        Folder of the reports.
    stages
        Which stages to score. The overall rating alone is made from the reports that the folder holds.
    calculator
        Compute what the programme's own calculator computes.

    Returns
    -------
    tuple
        The files written, and everything that was found.

    Raises
    ------
    InputError
        When the folder holds no workbook to score, or one as a whole cannot be used.
    """
    evidence = read_prepared(folder, stages, calculator=calculator)
    overall = next(stage for stage in STAGES if stage.name == "overall")
    if not evidence.books:
        raise InputError(
            folder, "euroncap.nothing_found", pattern="cp_*.xlsx, ca_*.xlsx, sd_*.xlsx, pc_*.xlsx"
        )
    more: tuple[Fact, ...] = ()
    findings: list[Finding] = []
    if overall in evidence.books:
        read = {stage.name for stage in evidence.books}
        stated = stated_by_reports(folder, without=read)
        more, findings = stated
    elif overall in stages:
        findings.append(Finding("euroncap.no_overall", "warning", str(folder), None, {}))
    evaluation, found = evaluate_books(plan_of(calculator=calculator), evidence, more)
    written = write_reports(evidence, evaluation, output, stages)
    return written, [*findings, *found]


def stated_by_reports(folder: Path, *, without: Collection[str]) -> tuple[tuple[Fact, ...], list[Finding]]:
    """Return the scores that the reports of a folder state, those of some stages left aside."""
    layout = _layout()
    rows = read_reports(folder, layout, without={name.replace("_", " ") for name in without})
    facts, findings = gather(rows)
    return facts, list(findings)


class RatedCar:
    """What an evaluation of one car says, as a report asks for it."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.calculator = evaluation.plan.protocol.calculator

    def score(self, path: str) -> float | None:
        """Return the points of a node as its own stage reports them, ``None`` while it is open.

        What rules between stages, and gaps that the programme's calculator fills, make of a test is ``PATH#counted``.
        """
        reported = f"{path}#reported"
        if reported in self.evaluation.plan.named:
            return self.named(reported)
        low, high = self.evaluation.score(path)
        return float(low[0]) if low[0] == high[0] else None

    def named(self, name: str) -> float | None:
        """Return a published value by name, ``None`` while it is open; ``#stars`` are the car's stars."""
        if name == "#stars":
            worst, best = self.evaluation.outcome("")
            return float(worst[0]) if worst[0] == best[0] else None
        low, high = self.evaluation.named(name)
        return float(low[0]) if low[0] == high[0] else None


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
    books, rows, findings = {}, {}, []
    for stage, path in find(folder, stages, prepared=True).items():
        book = Book(path)
        rows[stage], found = stage.books.read(book, calculator=calculator)
        books[stage] = book
        findings.extend(found)
    return Evidence(books, rows, tuple(findings), calculator)


@kept_as(f"{PROTOCOL}.reports")
def _layout() -> Layout:
    """Return which cells of reports are which facts."""
    layout = workbook_layout(Path(load_protocol(PROTOCOL).place).parent)
    assert layout is not None
    return layout


def plan_of(*, calculator: bool) -> Plan:
    """Return the compiled protocol."""
    return compiled(PROTOCOL, calculator=calculator)


def write_reports(
    evidence: Evidence, evaluation: Evaluation, folder: Path, stages: Iterable[Stage]
) -> list[Path]:
    """Write the report of each stage that was read; returns the files."""
    car = RatedCar(evaluation)
    written = []
    for stage in stages:
        if stage in evidence.books:
            pages = stage.books.report(evidence.books[stage], evidence.rows[stage], car)
            write_book(folder / stage.report, pages)
            written.append(folder / stage.report)
    return written


def evaluate_books(
    plan: Plan, evidence: Evidence, more: Iterable[Fact] = ()
) -> tuple[Evaluation, list[Finding]]:
    """Rate what prepared workbooks say, together with facts from elsewhere (scores that reports state)."""
    facts, findings = evidence.facts
    evaluation, impossible = evaluate_facts(plan, (*facts, *more), as_given=evidence.calculator)
    return evaluation, [*findings, *impossible]


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
