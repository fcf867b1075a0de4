"""The impact of a draft in words and pictures, prepared once for the terminal and the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from carindex import __version__
from carindex.alignment.draft import Draft
from carindex.alignment.effects import VERDICTS, Verdict
from carindex.alignment.impact_result import CarChange, Cause, Impact, PartImpact
from carindex.messages import Language
from carindex.rating.changes import Change
from carindex.report.alignment.charts import Pair, histogram_chart, matrix_chart, pairs_chart
from carindex.report.alignment.phrases import Phrase, phrases
from carindex.report.pictures.model import Picture
from carindex.report.wording import MINUS, in_language, limit_figure, path_text, points, stars_text

_FEW_CARS = 25
_LONG = 240
_SAID_ELSEWHERE = frozenset({"label", "source", "note", "verified"})


@dataclass(frozen=True)
class CauseRow:
    """A changed rule in words: where, what it says before and after, and what it did."""

    rule: str
    said: str
    gained: int
    lost: int
    needed: int
    alone: int
    outcome: str
    score: str
    share: float


@dataclass(frozen=True)
class CarRow:
    """A car that changes, in words."""

    car: str
    outcome: str
    score: str
    by: str


@dataclass(frozen=True)
class PartPage:
    """One result of the programme, in words and pictures."""

    path: str
    name: str
    verdicts: tuple[tuple[str, str, int], ...]
    matrix: Picture | None
    distribution: Picture | None
    pairs: tuple[Pair, ...]
    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    histogram: Picture | None
    shift: str
    causes: tuple[CauseRow, ...]
    shared: int
    cars: tuple[tuple[str, int, tuple[CarRow, ...]], ...]
    unit: str


@dataclass(frozen=True)
class ImpactPage:
    """The whole impact, in one language."""

    language: Language
    title: str
    heading: str
    subject: str
    method: str
    parts: tuple[PartPage, ...]
    others: tuple[tuple[str, Mapping[Verdict, int]], ...]
    findings: tuple[tuple[str, str], ...]
    provenance: tuple[tuple[str, str], ...]
    engine: str


def impact_page(impact: Impact, draft: Draft, language: Language) -> ImpactPage:
    """Prepare an impact to be shown."""
    phrase = phrases("impact", language)
    programme = in_language(draft.before.protocol.head.programme, language)
    protocol = f"{programme} {draft.before.protocol.head.edition}"
    return ImpactPage(
        language,
        phrase("title", draft=impact.draft, protocol=impact.before),
        phrase("heading", protocol=protocol),
        phrase(
            "subject",
            cars=f"{impact.cars:,}",
            table=impact.table,
            before=impact.before,
            after=impact.after,
            draft=impact.draft,
        ),
        phrase(f"{impact.method}_note") if draft.changes else phrase("no_change"),
        tuple(_part(part, draft, language, phrase) for part in impact.parts if part.part.headline),
        tuple(
            (path_text(draft.before, part.part.path, language), part.verdicts)
            for part in impact.parts
            if not part.part.headline
        ),
        tuple((finding.severity, finding.line(language)) for finding in impact.findings),
        (
            (impact.before, impact.hashes[0]),
            (f"{impact.after} ({impact.draft})", impact.hashes[1]),
            (impact.table, impact.table_hash),
        ),
        f"carindex {__version__}",
    )


def _part(part: PartImpact, draft: Draft, language: Language, phrase: Phrase) -> PartPage:
    names = tuple(outcome_name(name, phrase) for name in part.names)
    first = next((i for i, _ in enumerate(names) if _seen(part, i)), 0)
    shown = slice(first if not part.part.ladder or not part.part.ladder.grades else 0, None)
    pairs = _pairs(part, phrase)
    title = phrase("distribution")
    axes = phrase("before"), phrase("after")
    return PartPage(
        part.part.path,
        path_text(draft.before, part.part.path, language) if part.part.path else phrase("whole"),
        tuple(
            (name, phrase(name), part.verdicts[name])
            for name in VERDICTS
            if part.verdicts[name] or name in ("gain", "loss", "same")
        ),
        _matrix(names[shown], [row[shown] for row in part.matrix[shown]], axes, phrase, language),
        pairs_chart(pairs, title, axes, language) if pairs else None,
        tuple(pairs),
        names[shown],
        tuple(row[shown] for row in part.matrix[shown]),
        _histogram(part, phrase, language),
        _shift(part, phrase),
        tuple(_cause(cause, part, draft, language, phrase) for cause in part.causes),
        part.shared,
        tuple(
            (
                phrase(key),
                part.verdicts[verdict],  # type: ignore[index]
                tuple(_car(car, part, draft, language, phrase) for car in some[:_FEW_CARS]),
            )
            for key, verdict, some in (
                ("gainers", "gain", part.gainers),
                ("losers", "loss", part.losers),
                ("opened", "open_moved", part.opened),
            )
            if some
        ),
        phrase("score" if part.part.counts == "points" else part.part.counts),
    )


def _seen(part: PartImpact, place: int) -> bool:
    name = part.names[place]
    return any(name in held[:2] for held in (*part.before, *part.after))


def outcome_name(name: str | float | None, phrase: Phrase) -> str:
    """Return an outcome as it is shown in tables: a grade, or stars as a number with a sign."""
    if isinstance(name, str):
        return name
    if name is None:
        return "–"
    return f"{name:g} ★" if name else phrase("no_star")


def _between(low: str | float | None, high: str | float | None, phrase: Phrase) -> str:
    if low == high:
        return stars_text(low, 0) if low else outcome_name(low, phrase)
    return f"{outcome_name(low, phrase)} – {outcome_name(high, phrase)}"


def _matrix(
    names: Sequence[str],
    counts: Sequence[Sequence[int]],
    axes: tuple[str, str],
    phrase: Phrase,
    language: Language,
) -> Picture | None:
    if not names:
        return None
    tips = [
        [phrase("matrix_cell", count=count, before=names[i], after=names[j]) for j, count in enumerate(row)]
        for i, row in enumerate(counts)
    ]
    return matrix_chart(names, counts, phrase("matrix_title"), axes, tips, language)


def _pairs(part: PartImpact, phrase: Phrase) -> list[Pair]:
    """Return how many cars have each outcome before and after, known ones by name, then all that are open."""
    held: dict[str, list[int]] = {outcome_name(name, phrase): [0, 0] for name in part.names}
    opened = [0, 0]
    for k, some in enumerate((part.before, part.after)):
        for low, high, count in some:
            if low == high:
                held[outcome_name(low, phrase)][k] += count
            else:
                opened[k] += count
    rows = [(name, amounts, False) for name, amounts in reversed(held.items()) if any(amounts)]
    if any(opened):
        rows.append((phrase("open"), opened, True))
    return [
        Pair(
            name,
            (amounts[0], amounts[1]),
            (f"{name}, {phrase('before')}: {amounts[0]}", f"{name}, {phrase('after')}: {amounts[1]}"),
            hatched,
        )
        for name, amounts, hatched in rows
    ]


def _counted(part: PartImpact) -> tuple[float, int]:
    """Return by what a shift of scores is multiplied to be one of what the node counts, and its decimals."""
    if part.part.counts == "risk":
        return -100.0, 3
    return (1.0, 3) if part.part.counts == "points" else (-1.0, 3)


def signed(value: float, decimals: int = 3) -> str:
    """Return a change with its sign."""
    if math.isnan(value):
        return "–"
    text = f"{value:+.{decimals}f}"
    text = text[0] + (text[1:].rstrip("0").rstrip(".") if "." in text else text[1:])
    return "0" if text[1:] in ("0", "") else text.replace("-", MINUS)


def _histogram(part: PartImpact, phrase: Phrase, language: Language) -> Picture | None:
    shift, (factor, _) = part.shift, _counted(part)
    if not shift.edges:
        return None
    edges, counts = [factor * edge for edge in shift.edges], list(shift.counts)
    if factor < 0:
        edges, counts = edges[::-1], counts[::-1]
    kind = "score" if part.part.counts == "points" else part.part.counts
    tips = [
        phrase("histogram_bar", count=count, low=signed(edges[i]), high=signed(edges[i + 1]))
        for i, count in enumerate(counts)
    ]
    better = "higher" if factor > 0 else "lower"
    title, axis = phrase("shift"), phrase(f"shift_{kind}")
    return histogram_chart(edges, counts, title, axis, tips, language, better=better)


def _shift(part: PartImpact, phrase: Phrase) -> str:
    shift, (factor, decimals) = part.shift, _counted(part)
    if not shift.cars:
        return phrase("shift_none") if part.part.scored else ""
    if not shift.up and not shift.down:
        return phrase("shift_still")
    _, low, _, median, _, high, _ = (factor * value for value in shift.quantiles)
    low, high = min(low, high), max(low, high)
    unit = " %" if part.part.counts == "risk" else ""
    return phrase(
        "shift_note",
        cars=shift.cars,
        up=shift.up,
        down=shift.down,
        same=shift.cars - shift.up - shift.down,
        mean=signed(factor * shift.mean, decimals) + unit,
        sd=f"{abs(factor) * shift.deviation:.{decimals}f}{unit}",
        median=signed(median, decimals) + unit,
        low=signed(low, decimals) + unit,
        high=signed(high, decimals) + unit,
    )


def _cause(cause: Cause, part: PartImpact, draft: Draft, language: Language, phrase: Phrase) -> CauseRow:
    factor, decimals = _counted(part)
    unit = " %" if part.part.counts == "risk" else ""
    most = max(1, *(other.gains + other.losses for other in part.causes))
    return CauseRow(
        phrase("separator").join(change_name(change, draft, language, phrase) for change in cause.changes),
        phrase("separator").join(change_text(change) for change in cause.changes)[:_LONG],
        cause.gains,
        cause.losses,
        cause.needed,
        cause.alone,
        signed(cause.outcome, 2),
        signed(factor * cause.score, decimals) + unit if not math.isnan(cause.score) else "–",
        (cause.gains + cause.losses) / most,
    )


def change_name(change: Change, draft: Draft, language: Language, phrase: Phrase) -> str:
    """Return what a changed rule is called: the node and what of it, or the scale or table."""
    what = phrase(f"part_{change.part}")
    if change.part in ("scale", "data", "head"):
        return phrase("named", name=change.path, what=what)
    plan = draft.after if change.part == "added" else draft.before
    known = change.path in plan.nodes
    where = path_text(plan, change.path, language) if known else change.path
    return phrase("named", name=where or phrase("whole"), what=what)


def change_text(change: Change) -> str:
    """Return what a changed rule says before and after, entry by entry: ``weights.side 4 → 5``."""
    before, after = _flat(change.before), _flat(change.after)
    return ", ".join(
        f"{key} {_value(before.get(key))} → {_value(after.get(key))}".strip()
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key)
    )


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:  # noqa: ANN401 - any YAML value
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for key, item in value.items():
            if key not in _SAID_ELSEWHERE:
                found |= _flat(item, f"{prefix}.{key}" if prefix else str(key))
        return found
    if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        return _flat({i + 1: item for i, item in enumerate(value)}, prefix)
    return {prefix: value}


def _value(value: Any) -> str:  # noqa: ANN401 - any YAML value
    if value is None:
        return "–"
    if isinstance(value, float):
        return limit_figure(value)
    return str(value)


def _car(car: CarChange, part: PartImpact, draft: Draft, language: Language, phrase: Phrase) -> CarRow:
    outcome = ""
    if part.part.ladder is not None:
        before, after = _between(*car.outcome_before, phrase), _between(*car.outcome_after, phrase)
        outcome = f"{before} → {after}"
    shares = car.outcome_shares if any(map(any, car.outcome_shares)) else car.score_shares
    total = sum(low + high for low, high in shares)
    pushes = [math.copysign(1.0, total) * (low + high) for low, high in shares]
    most = max(pushes, default=0.0)
    causes = [
        change_name(change, draft, language, phrase)
        for push, factor in zip(pushes, draft.factors, strict=True)
        if push > 1e-9 and push >= most - 1e-9
        for change in factor.changes
    ]
    return CarRow(car.car, outcome, _scores(car, part), phrase("separator").join(causes))


def _scores(car: CarChange, part: PartImpact) -> str:
    if not part.part.scored:
        return ""

    def said(bounds: tuple[float, float], maximum: float) -> str:
        low, high = bounds
        if part.part.counts == "points":
            ends = [points(low), points(high)]
        elif part.part.counts == "risk":
            ends = [f"{100 * (maximum - value):.2f} %" for value in (high, low)]
        else:
            ends = [points(maximum - value) for value in (high, low)]
        return ends[0] if low == high else f"{ends[0]} – {ends[1]}"

    before, after = part.part.maximum
    return f"{said(car.score_before, before)} → {said(car.score_after, after)}"
