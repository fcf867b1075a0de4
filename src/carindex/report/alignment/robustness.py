"""How sure a rating is in words and pictures, prepared once for the terminal and the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from carindex import __version__
from carindex.alignment.cliffs import REACH, STEPS, Cliff, Edge
from carindex.alignment.robustness import Name, NodeRisk, Probability, ScoreRisk, Spread
from carindex.alignment.robustness_result import Robustness
from carindex.alignment.sensitivity import SCREENED_WITH, Index, Indices
from carindex.kept import shipped
from carindex.messages import Language
from carindex.rating import Plan
from carindex.report.alignment.charts import Bar, TornadoBar, histogram_chart, shares_chart, tornado_chart
from carindex.report.alignment.impact import signed
from carindex.report.alignment.phrases import Phrase, phrases
from carindex.report.pictures.model import Picture
from carindex.report.wording import (
    fact_text,
    in_language,
    limit_figure,
    measured_figure,
    occupant_name,
    path_text,
    percent,
    points,
    test_name,
    unit_text,
    with_unit,
)
from carindex.vocabulary import FactName, InvalidFactNameError

_MOST_CLIFFS = 25
_MOST_FACTORS = 15
_MOST_JUMPS = 3


@dataclass(frozen=True)
class OutcomeTable:
    """The outcomes of a node: name, what the measured facts give, rows of text, and the bars."""

    name: str
    measured: str
    rows: tuple[tuple[str, str, str, str], ...]
    picture: Picture | None


@dataclass(frozen=True)
class ScoreRow:
    """The distribution of a node's score as text, and its picture where it is one that is published."""

    name: str
    measured: str
    mean: str
    deviation: str
    range: str
    pictures: tuple[tuple[str, Picture], ...]


@dataclass(frozen=True)
class IndexTable:
    """The indices of one result."""

    name: str
    rows: tuple[tuple[str, str, str], ...]
    picture: Picture | None


@dataclass(frozen=True)
class CliffRow:
    """One edge, as text; ``matters``: something published jumps there."""

    fact: str
    value: str
    edge: str
    distance: str
    deviations: str
    beyond: str
    jumps: str
    published: str
    matters: bool


@dataclass(frozen=True)
class RobustnessPage:
    """Everything, in one language."""

    language: Language
    title: str
    heading: str
    subject: str
    notes: tuple[tuple[str, str], ...]
    headline: tuple[OutcomeTable, ...]
    parts: tuple[OutcomeTable, ...]
    scores: tuple[ScoreRow, ...]
    sobol: tuple[str, ...]
    indices: tuple[IndexTable, ...]
    cliff_note: str
    cliffs: tuple[CliffRow, ...]
    more_cliffs: int
    scatter: tuple[tuple[str, str, str, str, str], ...]
    findings: tuple[tuple[str, str], ...]
    provenance: tuple[tuple[str, str], ...]
    engine: str


def robustness_page(found: Robustness, language: Language) -> RobustnessPage:
    """Prepare a robustness to be shown."""
    phrase = phrases("robustness", language)
    subject, rating = found.subject, found.subject.rating
    plan = subject.plan
    head = plan.protocol.head
    programme = f"{in_language(head.programme, language)} {head.edition}"
    shown = found.cliffs[:_MOST_CLIFFS]
    published = [cliff for cliff in found.cliffs if cliff.matters][:_MOST_CLIFFS]
    chosen = sorted({id(c): c for c in (*shown, *published)}.values(), key=lambda c: abs(c.deviations))
    return RobustnessPage(
        language,
        phrase("title", car=rating.car, protocol=plan.protocol.id),
        phrase("heading", car=rating.car or phrase("whole")),
        phrase("subject", protocol=programme, samples=f"{found.sampled.samples:,}", seed=found.sampled.seed),
        tuple(_notes(found, language, phrase)),
        tuple(_outcomes(node, plan, language, phrase) for node in found.sampled.outcomes if node.headline),
        tuple(
            _outcomes(node, plan, language, phrase) for node in found.sampled.outcomes if not node.headline
        ),
        tuple(_score(score, plan, language, phrase) for score in found.sampled.scores),
        tuple(_sobol(found, phrase)),
        tuple(_indices(one, plan, language, phrase) for one in found.sensitivity.results),
        phrase("cliff_note", reach=f"{REACH:g}", step=f"{1 / STEPS:g}")
        if chosen
        else phrase("no_cliffs", reach=f"{REACH:g}"),
        tuple(_cliff(cliff, plan, language, phrase) for cliff in chosen),
        len(found.cliffs) - len(chosen),
        tuple(_scatter(found, language, phrase)),
        tuple(
            (finding.severity, finding.line(language))
            for finding in found.findings
            # what is only to be known about the recordings stands in the report of the rating
            if finding.severity != "note" or finding.code.startswith(("alignment.", "rating."))
        ),
        ((plan.protocol.id, plan.protocol.hash), *sorted(rating.inputs.items())),
        f"carindex {__version__}",
    )


def _notes(found: Robustness, language: Language, phrase: Phrase) -> list[tuple[str, str]]:
    uncertainty = found.subject.uncertainty
    said: list[tuple[str, str]] = []
    stated = len(uncertainty.scatters) + len(uncertainty.words) - uncertainty.assumed
    if uncertainty.assumed:
        data = shipped("alignment/scatter.yaml")
        what = phrase("and").join(
            f"{in_language(entry['what'], language)} {entry['sd']}" for entry in data["entries"]
        )
        said.append(("warning", phrase("assumed_note", count=uncertainty.assumed, what=what)))
    if stated:
        said.append(("note", phrase("stated_note", count=stated)))
    if uncertainty.groups:
        groups = phrase("and").join(
            phrase(
                "group",
                name=_together(group.name, language),
                count=len(group.facts),
                correlation=f"{group.correlation:g}",
            )
            for group in uncertainty.groups
        )
        said.append(("note", phrase("correlated_note", what=groups)))
    said.append(("note", phrase("still_note", count=uncertainty.still)))
    if found.subject.rating.missing:
        said.append(("warning", phrase("open_note", count=len(found.subject.rating.missing))))
    return said


# -- outcomes and scores -------------------------------------------------------------------------------------


def _name(name: Name, phrase: Phrase) -> str:
    if isinstance(name, str):
        return name
    if name is None:
        return "–"
    return f"{name:g} ★" if name else phrase("no_star")


def _names(pair: tuple[Name, Name], phrase: Phrase) -> str:
    low, high = (_name(name, phrase) for name in pair)
    return low if low == high else phrase("from_to", low=low, high=high)


def _node_name(path: str, plan: Plan, language: Language, phrase: Phrase) -> str:
    return path_text(plan, path, language) if path else phrase("whole")


def _outcomes(node: NodeRisk, plan: Plan, language: Language, phrase: Phrase) -> OutcomeTable:
    rows, bars = [], []
    for outcome in node.outcomes:
        name = _name(outcome.name, phrase)
        said = _probability(outcome.exactly, phrase)
        confidence = " – ".join(_share(end) for end in outcome.exactly.confidence)
        rows.append((name, said, f"[{confidence}]", _probability(outcome.at_least, phrase)))
        own = outcome.exactly
        low, high = own.confidence
        bars.append(Bar(name, own.lower, own.upper, low, high, said, outcome.name in node.measured))
    name = _node_name(node.path, plan, language, phrase)
    return OutcomeTable(
        name,
        _names(node.measured, phrase),
        tuple(rows),
        shares_chart(bars, f"{phrase('probabilities')}: {name}", language)
        if node.headline and bars
        else None,
    )


def _probability(probability: Probability, phrase: Phrase) -> str:
    if probability.lower == probability.upper:
        return _share(probability.lower)
    return phrase("from_to", low=_share(probability.lower), high=_share(probability.upper))


def _share(value: float) -> str:
    """Return a probability in per cent; one that is nearly 1 is not shown as 1."""
    return f"{100 * value:.6g} %" if 0.99 <= value < 1.0 else percent(value)


def _counted(value: float, score: ScoreRisk) -> str:
    if score.counts == "risk":
        return f"{100 * (score.maximum - value):.3f} %"
    return points(value if score.counts == "points" else score.maximum - value)


def _score(score: ScoreRisk, plan: Plan, language: Language, phrase: Phrase) -> ScoreRow:
    spreads = [(phrase("lowest"), score.lower)]
    if score.upper is not None:
        spreads.append((phrase("highest"), score.upper))

    def both(of: object) -> str:
        texts = list(dict.fromkeys(of(spread) for _, spread in spreads))  # type: ignore[operator]
        return " … ".join(texts)

    scale = 100.0 if score.counts == "risk" else 1.0
    unit = " %" if score.counts == "risk" else ""
    measured = list(dict.fromkeys(_counted(value, score) for value in score.measured))
    return ScoreRow(
        f"{_node_name(score.path, plan, language, phrase)}, {_what(score, phrase)}",
        " … ".join(measured),
        both(lambda spread: _counted(spread.mean, score)),
        both(lambda spread: f"{scale * spread.deviation:.3f}{unit}"),
        both(lambda spread: _range(spread, score, phrase)),
        tuple(
            (name if score.upper is not None else "", _histogram(score, spread, k, language, phrase))
            for k, (name, spread) in enumerate(spreads)
            if score.headline and len(score.edges) > 2
        ),
    )


def _what(score: ScoreRisk, phrase: Phrase) -> str:
    return phrase("score" if score.counts == "points" else score.counts)


def _range(spread: Spread, score: ScoreRisk, phrase: Phrase) -> str:
    ends = [_counted(spread.quantiles[i], score) for i in (1, 5)]
    if score.counts != "points":
        ends.reverse()
    return phrase("from_to", low=ends[0], high=ends[1])


def _histogram(score: ScoreRisk, spread: Spread, side: int, language: Language, phrase: Phrase) -> Picture:
    factor = 100.0 if score.counts == "risk" else 1.0
    edges, counts = [*score.edges], [*spread.counts]
    measured = score.measured[side]
    if score.counts != "points":
        edges, counts = [factor * (score.maximum - edge) for edge in reversed(edges)], counts[::-1]
        measured = factor * (score.maximum - measured)
    tips = [
        phrase("histogram_bar", count=n, low=f"{edges[i]:.4g}", high=f"{edges[i + 1]:.4g}")
        for i, n in enumerate(counts)
    ]
    unit = f"{_what(score, phrase)}, %" if score.counts == "risk" else _what(score, phrase)
    return histogram_chart(
        edges,
        counts,
        phrase("scores"),
        phrase("samples_axis", what=unit),
        tips,
        language,
        split=measured,
        better="higher" if score.counts == "points" else "lower",
    )


# -- indices -------------------------------------------------------------------------------------------------


def _sobol(found: Robustness, phrase: Phrase) -> list[str]:
    own = found.sensitivity
    said = [phrase("sobol_note", evaluations=f"{own.evaluations:,}"), phrase(f"grouped_{own.grouping}")]
    if own.screened:
        said.append(phrase("screened_note", count=len(own.screened), pairs=SCREENED_WITH))
    return said


def _indices(one: Indices, plan: Plan, language: Language, phrase: Phrase) -> IndexTable:
    node = _node_name(one.path, plan, language, phrase)
    name = phrase("target_of", what=phrase(f"target_{one.target}"), node=node)
    if not one.indices:
        return IndexTable(phrase("no_variance", what=name), (), None)
    rows, bars = [], []
    for index in one.indices[:_MOST_FACTORS]:
        factor = _factor(index, plan, language, phrase)
        first, total = (
            _plus_minus(index.first, index.first_confidence),
            _plus_minus(index.total, index.total_confidence),
        )
        rows.append((factor, first, total))
        said = phrase("tornado_bar", name=factor, first=first, total=total)
        bars.append(TornadoBar(factor, index.first, index.total, index.total_confidence, said))
    chart = tornado_chart(bars, name, (phrase("first"), phrase("total")), language)
    return IndexTable(name, tuple(rows), chart)


def _plus_minus(value: float, confidence: float) -> str:
    return f"{value:.3f} ± {confidence:.3f}".replace("-", "−")


def _factor(index: Index, plan: Plan, language: Language, phrase: Phrase) -> str:
    factor, count = index.factor, len(index.factor.facts)
    if factor.kind == "rest":
        return phrase("rest", count=count)
    if factor.kind == "fact":
        return fact_text(plan, factor.facts[0], language)
    return phrase("several", name=_together(factor.name, language), count=count)


def _together(name: str, language: Language) -> str:
    """Return the name of facts that are together: a test, test and occupant, or as the user calls them."""
    test, _, seat = name.partition("/")
    said = test_name(test, language)
    return f"{said} · {occupant_name(seat, language)}" if seat else said


# -- cliffs --------------------------------------------------------------------------------------------------


def _cliff(cliff: Cliff, plan: Plan, language: Language, phrase: Phrase) -> CliffRow:
    unit = plan.quantities[plan.facts.index(cliff.fact)].unit
    jumps = list(dict.fromkeys(_edge(edge, plan, language, phrase) for edge in cliff.edges))
    more = f" (+{len(jumps) - _MOST_JUMPS})" if len(jumps) > _MOST_JUMPS else ""
    return CliffRow(
        _fact_name(cliff.fact, plan, language),
        with_unit(measured_figure(cliff.value), unit),
        limit_figure(float(f"{cliff.edge:.7g}")),
        signed(float(f"{cliff.distance:.4g}"), 4),
        signed(cliff.deviations, 2),
        percent(cliff.probability),
        phrase("and").join(jumps[:_MOST_JUMPS]) + more,
        phrase("and").join(_published(cliff, plan, language, phrase)) or phrase("no_change"),
        cliff.matters,
    )


def _fact_name(name: str, plan: Plan, language: Language) -> str:
    """Return a fact in words, with the point of an impactor or cell where there is one."""
    text = fact_text(plan, name, language)
    try:
        cell = FactName.parse(name).cell
    except InvalidFactNameError:
        return text
    return f"{text} [{cell}]" if cell else text


def _edge(edge: Edge, plan: Plan, language: Language, phrase: Phrase) -> str:
    node = _node_name(edge.path, plan, language, phrase)
    if edge.before is not None and edge.after is not None:
        before, after = _names(edge.before, phrase), _names(edge.after, phrase)
        return phrase("edge_outcome", node=node, before=before, after=after)
    if edge.kind == "adjustment":
        label: Mapping[str, str] = plan.nodes[edge.path].steps[edge.part].adjustment.label or {}
        return phrase("edge_adjustment", node=node, name=in_language(label, language))
    return phrase("edge_band", node=node)


def _published(cliff: Cliff, plan: Plan, language: Language, phrase: Phrase) -> list[str]:
    said = []
    for jump in cliff.headline:
        own = _node_name(jump.path, plan, language, phrase)
        if jump.before != jump.after:
            before, after = _names(jump.before, phrase), _names(jump.after, phrase)
            said.append(phrase("edge_outcome", node=own, before=before, after=after))
        if jump.score:
            said.append(phrase("score_change", change=signed(jump.score, 4)))
    return said


def _scatter(found: Robustness, language: Language, phrase: Phrase) -> list[tuple[str, str, str, str, str]]:
    subject = found.subject
    plan, rows = subject.plan, []
    for scatter in subject.uncertainty.scatters:
        unit = plan.quantities[scatter.fact].unit
        rows.append(
            (
                _fact_name(plan.facts[scatter.fact], plan, language),
                with_unit(measured_figure(scatter.value), unit),
                phrase(scatter.distribution),
                f"{scatter.deviation:.4g} {unit_text(unit)}".strip(),
                phrase("assumed") if scatter.spread.assumed else scatter.spread.source,
            )
        )
    for word in subject.uncertainty.words:
        names = plan.quantities[word.fact].categories
        table = ", ".join(f"{n} {p:g}" for n, p in zip(names, word.probabilities, strict=True) if p)
        rows.append(
            (_fact_name(plan.facts[word.fact], plan, language), "", phrase("words"), table, word.source)
        )
    return rows
