"""What a report shows of the evidence: criteria with their signals, facts, and what was found in the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carindex.messages import Finding, Language, enumerated, statements
from carindex.rating import Rating
from carindex.report.charts import charts_of
from carindex.report.labels import label
from carindex.report.wording import (
    MINUS,
    by_severity,
    cell_name,
    dummy_name,
    fact_text,
    figure,
    in_language,
    limit_figure,
    measured_figure,
    occupant_name,
    quantity_name,
    test_name,
    unit_text,
    window_text,
    with_unit,
)
from carindex.vocabulary import vocabulary

if TYPE_CHECKING:
    from carindex.dossier import Fact
    from carindex.dossier.folder import Dossier, RecordedTest
    from carindex.measures import Measured

#: What a laboratory published with a recording: end of the header entry, and the criterion it belongs to.
#: A published head injury criterion says by the length of its window whether it is HIC15 or HIC36.
PUBLISHED: Mapping[str, str] = {
    "chest 3 ms g": "chest_a3ms",
    "femur left N": "femur_left",
    "femur right N": "femur_right",
    "lap belt N": "belt_lap",
    "shoulder belt N": "belt_shoulder",
}
_HIC15_WINDOW = 15.05


@dataclass(frozen=True)
class CriterionRow:
    """A criterion as computed from a recorded test."""

    id: str
    name: str
    value: str
    unit: str
    window: str
    channels: str
    filter: str
    method: str
    published: str
    used: bool
    verified: str
    verified_text: str
    source: str
    findings: str


@dataclass(frozen=True)
class OccupantCriteria:
    """All criteria of one occupant of one test."""

    test: str
    occupant: str
    dummy: str
    rows: tuple[CriterionRow, ...]


@dataclass(frozen=True)
class SignalChart:
    """The signal behind a criterion; ``svg`` carries no words."""

    title: str
    value: str
    caption: str
    description: str
    svg: str
    used: bool


@dataclass(frozen=True)
class FactRow:
    """A fact that a rating used, and where it came from."""

    text: str
    name: str
    value: str
    origin: str


@dataclass(frozen=True)
class FindingRow:
    """A finding in words."""

    severity: str
    severity_text: str
    place: str
    text: str
    consequence: str


@dataclass(frozen=True)
class TestRow:
    """A recorded test of the dossier."""

    name: str
    test: str
    format: str
    channels: int
    details: str


@dataclass(frozen=True)
class Evidence:
    """What the ratings of a car rest on."""

    tests: tuple[TestRow, ...]
    criteria: tuple[OccupantCriteria, ...]
    charts: tuple[SignalChart, ...]
    other_charts: tuple[SignalChart, ...]
    facts: tuple[FactRow, ...]
    unused_facts: int
    has_published: bool


def evidence_of(
    ratings: Sequence[Rating], dossier: Dossier, language: Language, charts: dict[str, str]
) -> Evidence:
    """Prepare the evidence; ``charts`` holds charts already drawn and receives the new ones."""
    used: dict[str, Fact] = {}
    for rating in ratings:
        for node in rating.nodes:
            used.update((fact.name, fact) for fact in node.facts)
    criteria: list[OccupantCriteria] = []
    shown: list[SignalChart] = []
    _draw(dossier.tests, charts)
    for test in dossier.tests:
        groups: dict[tuple[str | None, str | None, str | None], list[Measured]] = {}
        for measured in test.measurements.values:
            groups.setdefault((measured.occupant, measured.dummy, measured.cell), []).append(measured)
        for (occupant, dummy, cell), values in groups.items():
            rows = tuple(_criterion(measured, test, used, language) for measured in values)
            names = (
                test_name(test.test, language),
                occupant_name(occupant, language),
                dummy_name(dummy, language) or cell_name(cell, language),
            )
            criteria.append(OccupantCriteria(*names, rows))
            shown.extend(_charts(values, test, used, charts, language))
    every = tuple(criteria)
    return Evidence(
        tests=tuple(_test(test, language) for test in dossier.tests),
        criteria=every,
        charts=tuple(item for item in shown if item.used),
        other_charts=tuple(item for item in shown if not item.used),
        facts=tuple(_fact(fact, ratings, dossier, language) for fact in used.values()),
        unused_facts=sum(1 for fact in dossier.facts if fact.name not in used),
        has_published=any(row.published for group in every for row in group.rows),
    )


def fact_name_of(measured: Measured, test: str) -> str:
    """Return the name of the fact that a measured criterion becomes."""
    parts = [test, measured.occupant, measured.dummy, measured.cell, measured.criterion]
    return "/".join(part for part in parts if part)


def _is_used(measured: Measured, test: RecordedTest, used: Mapping[str, Fact]) -> bool:
    fact = used.get(fact_name_of(measured, test.test))
    return fact is not None and bool(fact.details.get("channels"))


def _criterion(
    measured: Measured, test: RecordedTest, used: Mapping[str, Fact], language: Language
) -> CriterionRow:
    findings = enumerated((code.rsplit(".", 1)[-1].replace("_", " ") for code in measured.findings), language)
    return CriterionRow(
        id=fact_name_of(measured, test.test),
        name=quantity_name(measured.criterion, language),
        value=measured_figure(measured.value),
        unit=unit_text(measured.unit),
        window=window_text(measured.t1, measured.t2),
        channels=" ".join(measured.channels),
        filter=measured.filter or "",
        method=measured.methods.get(language, measured.method),
        published=published_beside(measured, test.recording.attributes),
        used=_is_used(measured, test, used),
        verified=measured.verified,
        verified_text=label(f"verified_{measured.verified}", language),
        source=measured.source,
        findings=findings,
    )


def published_beside(measured: Measured, attributes: Mapping[str, str]) -> str:
    """Return what the laboratory published for a criterion with the recording; empty where it did not."""
    if not measured.channels or len(measured.channels[0]) < 2:
        return ""
    seat = f"published {measured.channels[0][:2]} "
    if measured.criterion in ("hic15", "hic36") and f"{seat}HIC" in attributes:
        start, end = attributes.get(f"{seat}HIC t1 ms", ""), attributes.get(f"{seat}HIC t2 ms", "")
        try:
            length = float(end) - float(start)
        except ValueError:
            return ""
        belongs = "hic15" if length <= _HIC15_WINDOW else "hic36"
        return f"{attributes[f'{seat}HIC']} ({start}–{end})" if measured.criterion == belongs else ""
    for entry, criterion in PUBLISHED.items():
        if criterion == measured.criterion and f"{seat}{entry}" in attributes:
            return attributes[f"{seat}{entry}"].replace("-", MINUS)
    return ""


def _chart_key(measured: Measured, test: RecordedTest) -> str:
    return f"{test.name}: {fact_name_of(measured, test.test)}"


def _draw(tests: Iterable[RecordedTest], charts: dict[str, str]) -> None:
    """Draw the charts of all criteria that are not drawn yet."""
    new: dict[str, Measured] = {}
    for test in tests:
        for measured in test.measurements.values:
            key = _chart_key(measured, test)
            if key not in charts:
                new.setdefault(key, measured)
    drawn = charts_of(tuple(new.values()))
    for key, svg in zip(new, drawn, strict=True):
        charts[key] = svg or ""


def _charts(
    values: Iterable[Measured],
    test: RecordedTest,
    used: Mapping[str, Fact],
    charts: dict[str, str],
    language: Language,
) -> Iterable[SignalChart]:
    for measured in values:
        key = _chart_key(measured, test)
        if not charts[key]:
            continue
        who = occupant_name(measured.occupant, language)
        name = quantity_name(measured.criterion, language)
        value = with_unit(figure(measured.value), measured.unit)
        window = window_text(measured.t1, measured.t2)
        caption = " · ".join(
            part
            for part in (f"{window} ms" if window else "", measured.filter or "", " ".join(measured.channels))
            if part
        )
        spoken = label("chart_description", language, who=who, name=name, value=value, window=window or "–")
        yield SignalChart(
            f"{who} · {name}", value, caption, spoken, charts[key], _is_used(measured, test, used)
        )


def _fact(fact: Fact, ratings: Sequence[Rating], dossier: Dossier, language: Language) -> FactRow:
    plan = next((rating.plan for rating in ratings if fact.name in rating.plan.facts), None)
    text = fact_text(plan, fact.name, language)
    return FactRow(text, fact.name, fact_value(fact, language), below(fact.origin, dossier) or "–")


def fact_value(fact: Fact, language: Language) -> str:
    """Return the value of a fact with its unit, or its word."""
    if fact.name.startswith("given:"):
        return limit_figure(round(fact.value, 6)) if fact.said is None else fact.said
    quantity = fact.quantity
    if quantity.kind == "boolean":
        return label("answer_yes" if fact.value else "answer_no", language)
    if quantity.categories:
        return str(fact.word)
    return with_unit(figure(fact.value), fact.unit)


def below(text: str, dossier: Dossier) -> str:
    """Return a place with files named from the dossier's folder on, wherever that lies on the machine."""
    folder = dossier.path if dossier.path.is_dir() else dossier.path.parent
    return text.replace(f"{folder}/", "") if folder.name else text


def finding_rows(findings: Iterable[Finding], dossier: Dossier, language: Language) -> tuple[FindingRow, ...]:
    """Return findings in words, errors first, each once."""
    rows = []
    for finding in by_severity(findings):
        place = below(finding.place, dossier)
        if finding.channel and finding.channel not in place:
            place = f"{finding.channel} ({place})" if place else finding.channel
        rows.append(
            FindingRow(
                finding.severity,
                label(f"severity_{finding.severity}", language),
                place,
                finding.text(language),
                finding.consequence(language),
            )
        )
    return tuple(rows)


def _test(test: RecordedTest, language: Language) -> TestRow:
    wanted = ("test number", "date", "laboratory", "closing speed")
    stated = test.recording.attributes
    details = statements((f"{key}: {stated[key]}" for key in wanted if stated.get(key)), language)
    name = (
        in_language(vocabulary().tests[test.test].label, language)
        if test.test in vocabulary().tests
        else test.test
    )
    return TestRow(test.name, name, test.recording.format, len(test.recording), details)
