"""One car under several programmes, side by side: what each says, how well it is verified, what it took for what.

Each programme keeps its own stars, grades and points; nothing is converted into those of another. A bar beside lost
points is their share of what the same programme took in all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carindex import __version__
from carindex.messages import Finding, Language
from carindex.rating import RatedNode, Rating
from carindex.rating.themes import lost_by_theme
from carindex.rating.verification import LEVELS, Level, counts
from carindex.report.evidence import FindingRow, finding_rows
from carindex.report.labels import label
from carindex.report.ledger import total_loss
from carindex.report.translations import translated
from carindex.report.wording import (
    in_language,
    is_risk,
    lost_text,
    outcome_spoken,
    outcome_text,
    percent,
    points,
    score_text,
    verdict_state,
)
from carindex.vocabulary import vocabulary

if TYPE_CHECKING:
    from carindex.dossier.folder import Dossier

_SELF_EVIDENT = frozenset({"rating.unverified_rules"})
"""Findings that the bars of a comparison say already."""


@dataclass(frozen=True)
class Said:
    """An outcome of a programme, and how it is read aloud; of what and its score, where it publishes several."""

    of: str
    outcome: str
    spoken: str
    score: str = ""


@dataclass(frozen=True)
class Part:
    """Part of a bar: its level, its share, and what it is in words."""

    level: Level
    share: float
    count: int
    text: str


@dataclass(frozen=True)
class Lost:
    """What a programme took for one theme: in its own points, and as a share of all that it took."""

    text: str
    share: float


@dataclass(frozen=True)
class ComparisonRow:
    """What one programme says of the car.

    ``lost`` has an entry for each theme of the comparison, ``None`` where nothing was lost. ``open``: points that
    missing facts leave open. ``unit``: what its lost points are.
    """

    protocol: str
    programme: str
    edition: str
    said: tuple[Said, ...]
    final: bool
    assumed: bool
    state: str
    score: str
    bar: tuple[Part, ...]
    bar_text: str
    overlaid: bool
    lost: tuple[Lost | None, ...]
    total: str
    open: str
    unit: str
    missing: int


@dataclass(frozen=True)
class Unused:
    """A programme that can use nothing of the car, or whose protocol cannot be used; ``why`` in words."""

    protocol: str
    programme: str
    edition: str
    why: str


@dataclass(frozen=True)
class Comparison:
    """A car under several programmes.

    ``themes`` are those for which any programme took points, by name and in words.
    """

    language: Language
    title: str
    car: str
    themes: tuple[tuple[str, str], ...]
    rows: tuple[ComparisonRow, ...]
    unused: tuple[Unused, ...]
    levels: tuple[tuple[Level, str], ...]
    findings: tuple[FindingRow, ...]
    engine: str
    linked: bool
    verdict: str


def bar_of(levels: Mapping[Level, int], language: Language) -> tuple[Part, ...]:
    """Return the parts of the bar that shows how well a protocol's rules are verified."""
    rules = sum(levels.values())
    return tuple(
        Part(level, count / rules, count, f"{label(f'verified_{level}', language)} {count}")
        for level, count in levels.items()
        if count
    )


def comparison_of(
    ratings: Sequence[Rating],
    unusable: Mapping[str, Finding],
    dossier: Dossier,
    language: Language,
    *,
    linked: bool = False,
) -> Comparison:
    """Prepare a comparison.

    Parameters
    ----------
    ratings
        Ratings of the same car, one a programme.
    unusable
        Protocols that could not be loaded, and why.
    dossier
        The evidence that the ratings were made from.
    linked
        Whether ``report.html`` with a section for each programme that could use a fact lies beside it.
    """
    used = [rating for rating in ratings if rating.used]
    lost = {rating.protocol.id: lost_by_theme(rating) for rating in used}
    names = [name for name in vocabulary().themes if any(name in of for of in lost.values())]
    car = dossier.car or next((rating.car for rating in ratings if rating.car), "")
    car = car or label("unnamed_car", language)
    idle = [_idle(rating, language) for rating in ratings if not rating.used]
    refused = [Unused(name, "", "", finding.line(language)) for name, finding in unusable.items()]
    return Comparison(
        language=language,
        title=label("comparison_title", language, car=car),
        car=car,
        themes=tuple((name, in_language(vocabulary().themes[name].label, language)) for name in names),
        rows=tuple(_row(rating, lost[rating.protocol.id], names, language) for rating in used),
        unused=(*idle, *refused),
        levels=tuple((level, label(f"verified_{level}", language)) for level in LEVELS),
        findings=finding_rows(said_once(ratings), dossier, language),
        engine=f"carindex {__version__}",
        linked=linked,
        verdict=label(
            "comparison_summary_rated",
            language,
            used=len(used),
            final=sum(rating.final for rating in used),
            unused=len(ratings) - len(used) + len(unusable),
        ),
    )


def said_once(ratings: Sequence[Rating]) -> list[Finding]:
    """Return the findings of all ratings, but those that the comparison shows anyway."""
    found = [finding for rating in ratings if rating.used for finding in rating.findings]
    return [finding for finding in found if finding.code not in _SELF_EVIDENT]


def _row(
    rating: Rating, lost: Mapping[str, float], themes: Sequence[str], language: Language
) -> ComparisonRow:
    head, root = rating.protocol.head, rating.root
    levels = counts(rating.protocol)
    total = total_loss(rating)
    return ComparisonRow(
        protocol=rating.protocol.id,
        programme=in_language(head.programme, language),
        edition=translated(head.edition, language),
        said=tuple(_said(rating, node, language) for node in rating.headline) or (Said("", "", ""),),
        final=rating.final,
        assumed=bool(rating.assumed),
        state=verdict_state(rating, language),
        # a programme that publishes several outcomes gives the whole car no score
        score="" if len(rating.headline) > 1 else score_text(root, language),
        bar=bar_of(levels, language),
        bar_text=label(
            "bar_counts",
            language,
            good=levels["oracle"] + levels["published"],
            text=levels["text"],
            doubtful=levels["unverified"] + levels["open"],
        ),
        overlaid=bool(rating.protocol.overlays),
        lost=tuple(
            Lost(lost_text(lost[theme], rating), max(0.0, lost[theme] / total) if total else 0.0)
            if theme in lost
            else None
            for theme in themes
        ),
        total=lost_text(total, rating),
        open=_open(root),
        unit=label(f"unit_{root.counts}", language, maximum=points(root.maximum)),
        missing=len(rating.missing),
    )


def _said(rating: Rating, node: RatedNode, language: Language) -> Said:
    of, score = (in_language(node.label, language), score_text(node, language)) if node.path else ("", "")
    return Said(of, outcome_text(rating, node, language), outcome_spoken(node, language), score)


def _open(root: RatedNode) -> str:
    """Return how much of the whole car's score is open."""
    if root.score is not None:
        return ""
    return percent(root.upper - root.lower) if is_risk(root) else points(root.upper - root.lower)


def _idle(rating: Rating, language: Language) -> Unused:
    head = rating.protocol.head
    why = label("no_fact_used", language, count=len(rating.plan.facts))
    return Unused(
        rating.protocol.id, in_language(head.programme, language), translated(head.edition, language), why
    )
