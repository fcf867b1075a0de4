"""One programme's part of a report: verdict, losses, tree, figures, comparison, rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carindex.messages import Language, statements
from carindex.rating import Loss, Node, RatedNode, Rating
from carindex.rating.verification import DOUBTFUL, counts
from carindex.report.bands import Band, band_of, bands, kind_of_bands
from carindex.report.evidence import fact_value
from carindex.report.figures import OccupantFigure, occupant_figures
from carindex.report.labels import label
from carindex.report.ledger import adds_up, total_loss
from carindex.report.pictures import Picture, balance_picture
from carindex.report.pictures.from_crash_tests import load_cases_of
from carindex.report.pictures.from_rating import stage_balances
from carindex.report.pictures.gallery import Gallery, galleries
from carindex.report.rules import outcome_lines, rule_lines
from carindex.report.translations import translated
from carindex.report.tree import branches
from carindex.report.wording import (
    counted,
    fact_text,
    in_language,
    is_risk,
    lost_heading,
    lost_text,
    measure_text,
    most_stars,
    oddity_rows,
    outcome_spoken,
    outcome_text,
    path_text,
    percent,
    points,
    score_text,
    stars_text,
    status_text,
    verdict_spoken,
    verdict_state,
    verdict_text,
)
from carindex.vocabulary import GIVEN

if TYPE_CHECKING:
    from carindex.dossier.folder import Dossier

#: How many losses stand right below the verdict.
TOP_LOSSES = 5


@dataclass(frozen=True)
class Verdict:
    """The outcome of a rating and how far it can be relied on."""

    outcome: str
    spoken: str
    several: bool
    is_grade: bool
    final: bool
    assumed: bool
    state: str
    figures: tuple[tuple[str, str], ...]
    reservations: tuple[str, ...]


@dataclass(frozen=True)
class LossRow:
    """A line of the ledger; ``width`` is its share of the greatest loss, for a bar."""

    points: str
    share: str
    width: float
    where: str
    path: str
    why: str
    source: str
    verified: str


@dataclass(frozen=True)
class TreeRow:
    """A node of the tree; ``low`` and ``high`` bound the bar, both shares of its full length."""

    path: str
    depth: int
    name: str
    score: str
    low: float
    high: float
    colour: str
    band: str
    outcome: str
    spoken: str
    status: str
    status_text: str
    facts: str
    beside: bool
    verified: str


@dataclass(frozen=True)
class RuleRow:
    """A rule with its source, and how well it was verified."""

    name: str
    depth: int
    lines: tuple[str, ...]
    facts: tuple[str, ...]
    source: str
    verified: str
    verified_text: str


@dataclass(frozen=True)
class Comparison:
    """What a node was given here and what the programme published."""

    name: str
    ours: str
    published: str
    equal: bool | None
    equal_text: str


@dataclass(frozen=True)
class RatingSection:
    """Everything a report shows of one rating."""

    id: str
    protocol: str
    programme: str
    edition: str
    source: str
    hash: str
    verdict: Verdict
    counts_risk: bool
    score_heading: str
    bar_note: str
    lost_heading: str
    losses: tuple[LossRow, ...]
    top: tuple[LossRow, ...]
    rest: LossRow | None
    total: str
    adds_up: str
    tree: tuple[TreeRow, ...]
    bands: tuple[Band, ...]
    figures: tuple[OccupantFigure, ...]
    balances: tuple[Picture, ...]
    galleries: tuple[Gallery, ...]
    comparisons: tuple[Comparison, ...]
    comparison_summary: str
    rules: tuple[RuleRow, ...]
    scales: tuple[tuple[str, str], ...]
    verified_counts: tuple[tuple[str, str, int], ...]
    missing: tuple[tuple[str, str], ...]
    assumed: tuple[tuple[str, str], ...]
    oddities: tuple[tuple[str, str, str], ...]


def section_of(rating: Rating, dossier: Dossier, language: Language) -> RatingSection:
    """Prepare one programme's part of a report."""
    head, root = rating.protocol.head, rating.root
    losses = tuple(_loss_row(loss, rating, language) for loss in rating.losses)
    top, rest = losses[:TOP_LOSSES], rating.losses[TOP_LOSSES:]
    comparisons = tuple(_comparisons(rating, dossier, language))
    risk = is_risk(root)
    full = _full_bar(rating)
    # occupants of load cases are drawn by their regions' points, others by the facts that they were rated on
    figures = () if load_cases_of(rating) else occupant_figures(rating, language)
    return RatingSection(
        id=rating.protocol.id,
        protocol=rating.protocol.id,
        programme=in_language(head.programme, language),
        edition=translated(head.edition, language),
        source=translated(head.source, language),
        hash=rating.protocol.hash,
        verdict=_verdict(rating, language),
        counts_risk=risk,
        score_heading=counted(root, language),
        bar_note=label("bar_risk", language, full=f"{100 * full:.0f} %")
        if risk
        else label("bar_reached", language),
        lost_heading=lost_heading(root, language),
        losses=losses,
        top=top,
        rest=_rest(rest, rating, language),
        total=lost_text(sum(loss.points for loss in rating.losses), rating),
        adds_up=adds_up(rating, language),
        tree=tuple(_tree(rating, full, language)),
        bands=bands(kind_of_bands(root), language),
        figures=figures,
        balances=tuple(balance_picture(balance, language) for balance in stage_balances(rating)),
        galleries=galleries(rating, language),
        comparisons=comparisons,
        comparison_summary=_summary(comparisons, language),
        rules=tuple(_rules(rating, language)),
        scales=tuple(_scales(rating, language)),
        verified_counts=_verified_counts(rating, language),
        missing=tuple((fact_text(rating.plan, name, language), name) for name in rating.missing),
        assumed=tuple(
            (path_text(rating.plan, path, language), _assumed_text(rating, path, value))
            for path, value in rating.assumed.items()
        ),
        oddities=oddity_rows(rating, language),
    )


def _verdict(rating: Rating, language: Language) -> Verdict:
    root = rating.root
    numbers = [(counted(root, language), score_text(root, language))]
    measure = measure_text(rating, root, language)
    if measure is not None:
        numbers.insert(0, measure)
    return Verdict(
        outcome=verdict_text(rating, language),
        spoken=verdict_spoken(rating, language),
        several=len(rating.headline) > 1,
        is_grade=root.graded,
        final=rating.final,
        assumed=bool(rating.assumed),
        state=verdict_state(rating, language),
        figures=tuple(numbers),
        reservations=_reservations(rating, language),
    )


def _reservations(rating: Rating, language: Language) -> tuple[str, ...]:
    """Return what is missing, assumed and unverified, each also when it is none."""
    levels = counts(rating.protocol)
    doubtful = sum(levels[level] for level in DOUBTFUL)
    entries = (
        ("missing", len(rating.missing)),
        ("assumed", len(rating.assumed)),
        ("unverified", doubtful),
        ("errors", sum(1 for finding in rating.findings if finding.severity == "error")),
    )
    total = sum(levels.values())
    return tuple(
        label(f"reserve_{key}" if count else f"reserve_no_{key}", language, count=count, total=total)
        for key, count in entries
        if count or key != "errors"
    )


def _assumed_text(rating: Rating, path: str, value: float) -> str:
    node = rating.node(path)
    return percent(node.maximum - value) if is_risk(node) else f"{points(value)} / {points(node.maximum)}"


# -- losses --------------------------------------------------------------------------------------------------


def _loss_row(loss: Loss, rating: Rating, language: Language) -> LossRow:
    node = rating.plan.nodes[loss.path].node
    total = total_loss(rating)
    greatest = max(abs(item.points) for item in rating.losses)
    return LossRow(
        points=lost_text(loss.points, rating),
        share=f"{100 * loss.points / total:.1f} %" if total else "–",
        width=max(0.0, loss.points / greatest) if greatest else 0.0,
        where=path_text(rating.plan, loss.path, language),
        path=loss.path,
        why=loss.why[language],
        source=translated(loss.source, language),
        verified=label(f"verified_{'open' if node.spec.open else loss.verified}", language),
    )


def _rest(rest: tuple[Loss, ...], rating: Rating, language: Language) -> LossRow | None:
    if not rest:
        return None
    amount = sum(loss.points for loss in rest)
    total = total_loss(rating)
    text = label("other_losses", language, count=len(rest))
    share = f"{100 * amount / total:.1f} %" if total else "–"
    return LossRow(lost_text(amount, rating), share, 0.0, text, "", "", "", "")


# -- tree ----------------------------------------------------------------------------------------------------


def _full_bar(rating: Rating) -> float:
    """Return the risk that a bar of full length stands for: a round one that holds them all."""
    greatest = max((node.maximum - node.lower for node in rating.nodes if is_risk(node)), default=1.0)
    return next((full for full in (0.1, 0.2, 0.5) if greatest <= full), 1.0)


def _tree(rating: Rating, full: float, language: Language) -> list[TreeRow]:
    return [_tree_row(rating, node, len(last), full, language) for node, last in branches(rating)]


def _tree_row(rating: Rating, node: RatedNode, depth: int, full: float, language: Language) -> TreeRow:
    low, high = node.lower, node.upper
    if is_risk(node):
        low, high = (node.maximum - node.upper) / full, (node.maximum - node.lower) / full
    else:
        low, high = (bound / node.maximum if node.maximum else 0.0 for bound in (low, high))
    band = band_of(node, language)
    facts = statements(
        (f"{_short(fact.name, language)} {fact_value(fact, language)}" for fact in node.facts), language
    )
    return TreeRow(
        path=node.path,
        depth=depth,
        name=in_language(node.label, language),
        score=score_text(node, language),
        low=min(1.0, max(0.0, low)),
        high=min(1.0, max(0.0, high)),
        colour=band.colour if band else "#9aa5b1",
        band=band.name if band else "",
        outcome=outcome_text(rating, node, language),
        spoken=outcome_spoken(node, language),
        status=node.status,
        status_text=status_text(node, language),
        facts=facts,
        beside=node.beside,
        verified="open" if rating.plan.nodes[node.path].node.spec.open else node.verified,
    )


def _short(name: str, language: Language) -> str:
    if name.startswith(GIVEN):  # of the node in whose line it stands
        return label("stated_short", language)
    return fact_text(None, name, language).rsplit(" · ", 1)[-1]


# -- rules and comparison ------------------------------------------------------------------------------------


def _rules(rating: Rating, language: Language) -> list[RuleRow]:
    rows: list[RuleRow] = []
    for node in _in_order(rating):
        level = "open" if node.spec.open else node.verified
        plan = rating.plan.nodes[node.path]
        rows.append(
            RuleRow(
                name=path_text(rating.plan, node.path, language),
                depth=node.path.count("/") + 1 if node.path else 0,
                lines=tuple(rule_lines(rating.plan, plan, language)),
                facts=tuple(rating.plan.facts[slot] for slot in plan.facts),
                source=translated(node.source, language),
                verified=level,
                verified_text=label(f"verified_{level}", language),
            )
        )
    return rows


def _in_order(rating: Rating) -> list[Node]:
    tops = (rating.protocol.root, *rating.protocol.beside)
    return [node for top in tops for node in top.walk() if node.path in rating.plan.nodes]


def _scales(rating: Rating, language: Language) -> list[tuple[str, str]]:
    return [
        (
            name,
            f"{statements(outcome_lines(rating.protocol, scale.stars, language), language)}"
            f" ({translated(scale.source, language)})",
        )
        for name, scale in rating.protocol.head.scales.items()
    ]


def _verified_counts(rating: Rating, language: Language) -> tuple[tuple[str, str, int], ...]:
    return tuple(
        (level, label(f"verified_{level}", language), count)
        for level, count in counts(rating.protocol).items()
        if count
    )


def _comparisons(rating: Rating, dossier: Dossier, language: Language) -> list[Comparison]:
    rated = {node.path: node for node in rating.nodes}
    found: list[Comparison] = []
    outcomes = dossier.published.get(rating.protocol.id, {})
    # what a table publishes beside outcomes (PATH#score) is not compared here
    unnamed = {path: text for path, text in dossier.published.get("", {}).items() if "#" not in path}
    # outcomes that do not say whose they are belong here only if every one of them is an outcome of this tree
    if set(unnamed) <= {path for path, node in rated.items() if node.outcome_lower is not None}:
        outcomes = {**unnamed, **outcomes}
    for path, text in outcomes.items():
        node = rated.get(path)
        if node is None or not str(text).strip():
            continue
        published = str(text).strip()
        shown = _published_outcome(published, rating, node)
        equal = _equal(published, node)
        key = "equal_open" if equal is None else "equal_yes" if equal else "equal_no"
        name = path_text(rating.plan, path, language)
        ours = outcome_text(rating, node, language)
        found.append(Comparison(name, ours, shown, equal, label(key, language)))
    return found


def _published_outcome(text: str, rating: Rating, node: RatedNode) -> str:
    if node.graded:
        return text
    try:
        return stars_text(float(text), most_stars(rating.plan, node.path))
    except ValueError:
        return text


def _equal(text: str, node: RatedNode) -> bool | None:
    """Whether our outcome is the published one; ``None`` while ours is an interval."""
    if node.outcome is None:
        return None
    if isinstance(node.outcome, str):
        return node.outcome == text
    try:
        return float(node.outcome) == float(text)
    except ValueError:
        return False


def _summary(comparisons: tuple[Comparison, ...], language: Language) -> str:
    if not comparisons:
        return ""
    equal = sum(1 for item in comparisons if item.equal)
    unknown = sum(1 for item in comparisons if item.equal is None)
    key = "comparison_open" if unknown else "comparison_summary"
    return label(key, language, equal=equal, count=len(comparisons), open=unknown)
