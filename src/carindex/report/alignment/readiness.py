"""Market readiness for people: prepared once for the terminal, the page and the printed document, and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from carindex import __version__
from carindex.alignment.coverage import STATES, Coverage, Needed, TestCoverage
from carindex.alignment.readiness import ProgrammeReadiness, Readiness
from carindex.messages import Language
from carindex.rating import Loss
from carindex.rating.verification import counts
from carindex.report.alignment.coverage import (
    fact_name_text,
    outcome_line,
    relation_text,
    share_text,
    test_text,
    why_text,
)
from carindex.report.comparison import Part, bar_of
from carindex.report.evidence import FindingRow, finding_rows
from carindex.report.labels import label
from carindex.report.wording import fact_text, in_language, lost_text, path_text, value_text

if TYPE_CHECKING:
    from carindex.dossier.folder import Dossier

_TESTS = 12
"""So many tests to run are named."""


@dataclass(frozen=True)
class TestRow:
    """A test to run: its name, how many of its facts are missing, and how much of the whole it leaves open."""

    name: str
    missing: str
    open: str
    share: float


@dataclass(frozen=True)
class ReuseRow:
    """A fact that is missing, what could stand in for it, how strong that is and why."""

    fact: str
    sources: str
    relation: str
    why: str


@dataclass(frozen=True)
class CriticalRow:
    """Points that are lost already: where, how many, why, and by which clause."""

    where: str
    lost: str
    why: str
    source: str


@dataclass(frozen=True)
class ChangeRow:
    """A fact that would have to change: its name, from what to what, and the effort."""

    fact: str
    before: str
    after: str
    effort: str


@dataclass(frozen=True)
class ImprovementSection:
    """The cheapest improvement: what is said of it, and its changes."""

    said: str
    changes: tuple[ChangeRow, ...] = ()


@dataclass(frozen=True)
class ProgrammeSection:
    """A programme of the market, in words and figures."""

    protocol: str
    programme: str
    edition: str
    in_force: str
    stands_for: str
    outcome: str
    outcome_after: str
    final: bool
    present: int
    equivalent: int
    indicative: int
    missing: int
    bar: tuple[Part, ...]
    tests: tuple[TestRow, ...]
    tests_in_all: int
    more_tests: str
    reuse_heading: str
    reuse: tuple[ReuseRow, ...]
    critical: tuple[CriticalRow, ...]
    improvement: ImprovementSection


@dataclass(frozen=True)
class ReadinessDocument:
    """What the page and the printed document show."""

    language: Language
    title: str
    car: str
    day: str
    programmes: tuple[ProgrammeSection, ...]
    findings: tuple[FindingRow, ...]
    engine: str


def document_of(made: Readiness, dossier: Dossier, language: Language) -> ReadinessDocument:
    """Prepare a readiness for showing; the dossier says how its files are called."""
    findings = (
        finding
        for one in made.programmes
        for finding in one.coverage.after.findings
        if not finding.code.startswith("alignment.reused_")
    )
    return ReadinessDocument(
        language,
        label("readiness_title", language, market=in_language(made.label, language)),
        made.car or label("unnamed_car", language),
        label("readiness_day", language, day=made.day.isoformat()),
        tuple(_section(one, language) for one in made.programmes),
        finding_rows(findings, dossier, language),
        f"carindex {__version__}",
    )


def _section(one: ProgrammeReadiness, language: Language) -> ProgrammeSection:
    made = one.coverage
    head = made.plan.protocol.head
    number = {state: sum(needed.state == state for needed in made.needed) for state in STATES}
    more = len(one.to_run) - _TESTS
    stands_for = "" if one.stands_for is None else in_language(one.stands_for, language)
    return ProgrammeSection(
        one.edition.protocol,
        in_language(head.programme, language),
        one.edition.edition,
        label(f"readiness_in_force_{one.in_force}", language),
        label("readiness_stands_for", language, programme=stands_for) if stands_for else "",
        outcome_line(made.before, language),
        outcome_line(made.after, language) if made.accept else "",
        made.before.final,
        number["present"],
        number["equivalent"],
        number["indicative"],
        number["missing"],
        bar_of(counts(made.plan.protocol), language),
        tuple(_test(test, language) for test in one.to_run[:_TESTS]),
        len(one.to_run),
        label("readiness_more_tests", language, count=more) if more > 0 else "",
        label("readiness_reuse_done" if made.accept else "readiness_reuse", language),
        tuple(_reuse(made, needed, language) for needed in made.needed if needed.reuse is not None),
        tuple(_critical(made, loss, language) for loss in one.critical),
        _improvement(one, language),
    )


def _test(test: TestCoverage, language: Language) -> TestRow:
    total = sum(test.counts.values())
    share = test.open_after
    return TestRow(
        test_text(test.test, language),
        f"{total - test.counts['present']}/{total}",
        share_text(share),
        share or 0.0,
    )


def _reuse(made: Coverage, needed: Needed, language: Language) -> ReuseRow:
    reuse = needed.reuse
    assert reuse is not None
    return ReuseRow(
        fact_name_text(made, needed, language),
        "\n".join(fact.name for fact in reuse.sources),
        relation_text(reuse, language),
        why_text(reuse, language),
    )


def _improvement(one: ProgrammeReadiness, language: Language) -> ImprovementSection:
    found = one.improvement
    if found is None:
        word = "best" if one.coverage.before.final else "open"
        return ImprovementSection(label(f"readiness_improve_{word}", language))
    if not found.reached:
        return ImprovementSection(label("readiness_improve_none", language, target=one.target))
    sure = (
        label("readiness_optimal", language)
        if found.optimal
        else label("readiness_gap", language, gap=f"{100 * found.gap:.1f} %")
    )
    stop = "；" if language == "zh" else "; "
    return ImprovementSection(
        f"{label('readiness_improve_to', language, target=one.target)}{stop}{sure}",
        tuple(
            ChangeRow(
                fact_text(one.coverage.plan, change.fact, language),
                value_text(change.before, change.unit),
                value_text(change.after, change.unit),
                f"{change.effort:.3g}",
            )
            for change in found.changes
        ),
    )


def _critical(made: Coverage, loss: Loss, language: Language) -> CriticalRow:
    return CriticalRow(
        path_text(made.plan, loss.path, language),
        lost_text(loss.points, made.after),
        loss.why[language],
        loss.source,
    )


def as_json(made: Readiness, dossier: Dossier, language: Language) -> dict[str, Any]:
    """Return a readiness as JSON: codes and numbers, words in one language beside them."""
    shown = document_of(made, dossier, language)
    return {
        "car": made.car,
        "market": made.market,
        "day": made.day.isoformat(),
        "engine": shown.engine,
        "programmes": [
            {
                **_plain(one),
                "in_force": one.in_force,
                "said": {key: value for key, value in asdict(section).items() if key != "bar"},
            }
            for one, section in zip(made.programmes, shown.programmes, strict=True)
        ],
    }


def _plain(one: ProgrammeReadiness) -> dict[str, Any]:
    made = one.coverage

    def bounds(rating: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a rating
        return [
            {"path": node.path, "lower": node.outcome_lower, "upper": node.outcome_upper}
            for node in (rating.headline or (rating.root,))
        ]

    return {
        "protocol": one.edition.protocol,
        "final": made.before.final,
        "outcomes": bounds(made.before),
        "outcomes_after": bounds(made.after),
        "score": {"lower": made.before.root.lower, "upper": made.before.root.upper},
        "coverage": {state: sum(needed.state == state for needed in made.needed) for state in STATES},
        "tests": [
            {
                "test": test.test,
                "missing": sum(test.counts.values()) - test.counts["present"],
                "open": test.open,
                "open_after": test.open_after,
            }
            for test in one.to_run
        ],
        "critical": [
            {"path": loss.path, "points": loss.points, "source": loss.source} for loss in one.critical
        ],
    }
