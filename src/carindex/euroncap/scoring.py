"""Score prepared workbooks: facts out of every stage's workbook, one rating, a report for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from carindex.dossier import Fact
from carindex.euroncap.evidence import Evidence, halves, read_prepared, stated_by_reports
from carindex.euroncap.pages import write_book
from carindex.euroncap.stages import PROTOCOL, STAGES, Stage
from carindex.messages import Finding, InputError
from carindex.rating import Evaluation, Plan, evaluate_facts
from carindex.rating.compiled import compiled
from carindex.side_by_side import side_by_side


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


def plan_of(*, calculator: bool) -> Plan:
    """Return the compiled protocol."""
    return compiled(PROTOCOL, calculator=calculator)


def write_reports(
    evidence: Evidence, evaluation: Evaluation, folder: Path, stages: Iterable[Stage]
) -> list[Path]:
    """Write the report of each stage that was read; returns the files."""
    car = RatedCar(evaluation)

    def write(some: Sequence[Stage]) -> None:
        for stage in some:
            pages = stage.books.report(evidence.books[stage], evidence.rows[stage], car)
            write_book(folder / stage.report, pages)

    scored = [stage for stage in stages if stage in evidence.books]
    side_by_side([partial(write, some) for some in halves(scored)])
    return [folder / stage.report for stage in scored]


def evaluate_books(
    plan: Plan, evidence: Evidence, more: Iterable[Fact] = ()
) -> tuple[Evaluation, list[Finding]]:
    """Rate what prepared workbooks say, together with facts from elsewhere (scores that reports state)."""
    facts, findings = evidence.facts
    evaluation, impossible = evaluate_facts(plan, (*facts, *more), as_given=evidence.calculator)
    return evaluation, [*findings, *impossible]
