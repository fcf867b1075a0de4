"""How sure a car's rating is when its facts scatter: the probability of each outcome, of the whole and of its parts.

Facts are sampled from their distributions, and every sample is rated. Missing facts are not sampled: each sample then
has bounds, and so has each probability: how often an outcome is certain, and how often it is possible.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.alignment.proportions import wilson
from carindex.alignment.sampling import Sampler, sampler_of
from carindex.alignment.uncertainty import Stated, Uncertainty, scatter_of
from carindex.messages import Finding, InputError
from carindex.rating import Plan, Rating
from carindex.rating.specialised import SpecialisedPlan
from carindex.side_by_side import processors, side_by_side

Array = NDArray[np.float64]
Name = str | int | float | None
Progress = Callable[[float, int], None]
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
# samples drawn from one stream of random numbers; what is drawn does not depend on how many processors there are
_CHUNK = 2048
_WORTH_A_COPY = 20_000
_BINS = 40


class Probability(msgspec.Struct, frozen=True):
    """A probability between two bounds, and the 95 % interval of both.

    ``lower``: samples in which it is certain; ``upper``: in which it is possible. They differ only where facts are
    missing. ``confidence``: from the lower end of Wilson's interval of the one to the upper end of that of the other.
    """

    lower: float
    upper: float
    confidence: tuple[float, float]


class OutcomeRisk(msgspec.Struct, frozen=True):
    """The probability of an outcome, and of at least this outcome."""

    name: Name
    exactly: Probability
    at_least: Probability


class NodeRisk(msgspec.Struct, frozen=True):
    """The outcomes of a node: what the facts as measured give, and the probability of each, the best first."""

    path: str
    label: dict[str, str]
    measured: tuple[Name, Name]
    outcomes: tuple[OutcomeRisk, ...]
    headline: bool


class Spread(msgspec.Struct, frozen=True):
    """How a score is distributed: mean, standard deviation, quantiles (`QUANTILES`), counts of the histogram."""

    mean: float
    deviation: float
    quantiles: tuple[float, ...]
    counts: tuple[int, ...]


class ScoreRisk(msgspec.Struct, frozen=True):
    """The score of a node: what the facts as measured give, and how it is distributed, lower and upper bound.

    ``edges`` are those of the histograms. ``upper`` is ``None`` where the score is known in every sample.
    """

    path: str
    label: dict[str, str]
    counts: str
    maximum: float
    measured: tuple[float, float]
    edges: tuple[float, ...]
    lower: Spread
    upper: Spread | None
    headline: bool


class Sampled(msgspec.Struct, frozen=True):
    """What sampling gave."""

    samples: int
    seed: int
    outcomes: tuple[NodeRisk, ...]
    scores: tuple[ScoreRisk, ...]
    clipped: int
    operations: int


class Subject(msgspec.Struct, frozen=True, eq=False):
    """One car whose facts scatter: its rating, the scatter, and how it is sampled."""

    rating: Rating
    uncertainty: Uncertainty
    sampler: Sampler

    @property
    def plan(self) -> Plan:
        """The protocol."""
        return self.rating.plan

    def specialised(self, wanted: Sequence[int]) -> SpecialisedPlan:
        """Return the part of the protocol that scattering facts reach and these slots depend on."""
        return SpecialisedPlan(self.rating.evaluation, self.sampler.facts.tolist(), wanted)


def subject_of(rating: Rating, stated: Stated) -> Subject:
    """Return a rated car with the scatter of its facts.

    Raises
    ------
    InputError
        When no known fact scatters, or a fact stands in two groups.
    """
    plan = rating.plan
    place = {name: i for i, name in enumerate(plan.facts)}
    names = dict.fromkeys(fact.name for node in rating.nodes for fact in node.facts)
    known = {place[name]: float(rating.evaluation.low[place[name], 0]) for name in names if name in place}
    uncertainty = scatter_of(stated, plan, dict(sorted(known.items())))
    if not uncertainty.facts:
        raise InputError(stated.place or rating.car, "alignment.nothing_scatters", protocol=plan.protocol.id)
    return Subject(rating, uncertainty, sampler_of(uncertainty, plan))


def sampled(subject: Subject, samples: int, seed: int, progress: Progress | None = None) -> Sampled:
    """Sample a car.

    Parameters
    ----------
    subject
        The car.
    samples
        How many samples; the same seed gives the same samples, whatever the machine.
    seed
        Of the random numbers.
    progress
        Called with the share and the number of samples done.
    """
    plan = subject.plan
    outcome_paths = [path for path, node in plan.nodes.items() if node.outcome is not None]
    score_paths = _scored(plan)
    wanted = [node.outcome.slot for path in outcome_paths if (node := plan.nodes[path]).outcome is not None]
    wanted += [plan.nodes[path].value for path in score_paths]
    some = subject.specialised(wanted)
    chunks = list(range(-(-samples // _CHUNK)))
    tasks = 1 if samples < _WORTH_A_COPY else processors()
    parts = np.array_split(np.array(chunks), tasks)
    work = partial(_chunks, subject, some, len(outcome_paths), samples, seed)
    # the last part runs here, and can say how far it is
    found = side_by_side(
        [partial(work, part.tolist(), progress if part is parts[-1] else None) for part in parts]
    )
    held = [sum((one.held[i] for one in found), Counter()) for i in range(len(outcome_paths))]
    scores = np.concatenate([one.scores for one in found], axis=2)
    return Sampled(
        samples,
        seed,
        tuple(
            _node_risk(subject, path, counter, samples)
            for path, counter in zip(outcome_paths, held, strict=True)
        ),
        tuple(_score_risk(subject, path, scores[:, i]) for i, path in enumerate(score_paths)),
        sum(one.clipped for one in found),
        some.operations,
    )


def _scored(plan: Plan) -> list[str]:
    """Return the nodes whose scores are shown: those published of the car, and the parts of the whole."""
    found = []
    for path, node in plan.nodes.items():
        shown = path in plan.headline or (path.count("/") == 0 and not node.node.beside)
        if shown and not (node.node.grades or node.node.apart or plan.below_open(path)):
            found.append(path)
    return found


class _Held(msgspec.Struct):
    """What some chunks of samples gave: pairs of bounds of each outcome, scores ``(2, nodes, samples)``."""

    held: list[Counter[tuple[float, float]]]
    scores: Array
    clipped: int


def draw(sampler: Sampler, count: int, seed: int, chunk: int) -> Array:
    """Return the standard normal numbers of a chunk of samples, shape ``(numbers, count)``."""
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(chunk,)))
    return random.standard_normal((count, sampler.numbers)).T


def _chunks(
    subject: Subject,
    some: SpecialisedPlan,
    outcomes: int,
    samples: int,
    seed: int,
    chunks: Sequence[int],
    progress: Progress | None,
) -> _Held:
    held: list[Counter[tuple[float, float]]] = [Counter() for _ in range(outcomes)]
    scores, clipped = [], 0
    for done, chunk in enumerate(chunks, 1):
        count = min(_CHUNK, samples - chunk * _CHUNK)
        values, cut = subject.sampler.values(draw(subject.sampler, count, seed, chunk))
        clipped += cut
        low, high = some.evaluate(values)
        for i, counter in enumerate(held):
            pairs, counts = np.unique(np.stack([low[i], high[i]]), axis=1, return_counts=True)
            for (below, above), number in zip(pairs.T.tolist(), counts.tolist(), strict=True):
                counter[below, above] += number
        scores.append(np.stack([low[outcomes:], high[outcomes:]]))
        if progress is not None:
            progress(done / len(chunks), round(samples * done / len(chunks)))
    nodes = len(some.wanted) - outcomes
    return _Held(held, np.concatenate(scores, axis=2) if scores else np.empty((2, nodes, 0)), clipped)


def _probability(certain: int, possible: int, samples: int) -> Probability:
    return Probability(
        certain / samples,
        possible / samples,
        (wilson(certain, samples)[0], wilson(possible, samples)[1]),
    )


def _node_risk(subject: Subject, path: str, held: Counter[tuple[float, float]], samples: int) -> NodeRisk:
    node = subject.plan.nodes[path]
    outcome = node.outcome
    assert outcome is not None
    evaluation = subject.rating.evaluation
    measured = tuple(float(bound[0]) for bound in evaluation.outcome(path))
    grades = range(len(outcome.grades))
    stars = {value for pair in held for value in pair} | set(outcome.values)
    values = sorted(map(float, grades) if outcome.grades else stars, reverse=True)
    found = [
        OutcomeRisk(
            outcome.name(value),
            _probability(
                sum(n for (low, high), n in held.items() if low == high == value),
                sum(n for (low, high), n in held.items() if low <= value <= high),
                samples,
            ),
            _probability(
                sum(n for (low, _), n in held.items() if low >= value),
                sum(n for (_, high), n in held.items() if high >= value),
                samples,
            ),
        )
        for value in values
    ]
    return NodeRisk(
        path,
        dict(node.node.label),
        (outcome.name(measured[0]), outcome.name(measured[1])),
        tuple(found),
        path in subject.plan.headline,
    )


def _score_risk(subject: Subject, path: str, values: Array) -> ScoreRisk:
    """Return how a node's score is distributed; ``values`` are those of the node, ``(2, samples)``."""
    node = subject.plan.nodes[path].node
    low, high = values
    if node.counts != "points":
        low, high = node.maximum - high, node.maximum - low
    known = bool((low == high).all())
    least, most = float(low.min()), float(high.max())
    edges = np.linspace(least, most, _BINS + 1) if most > least else np.array([least, most])
    measured = subject.rating.evaluation.score(path)
    return ScoreRisk(
        path,
        dict(node.label),
        node.counts,
        node.maximum,
        (float(measured[0][0]), float(measured[1][0])),
        tuple(edges.tolist()),
        _spread(low, edges),
        None if known else _spread(high, edges),
        path in subject.plan.headline or path == "",
    )


def _spread(values: Array, edges: Array) -> Spread:
    counts = np.histogram(values, edges)[0] if edges[-1] > edges[0] else np.array([len(values)])
    return Spread(
        float(values.mean()),
        float(values.std(ddof=1)) if len(values) > 1 else 0.0,
        tuple(float(value) for value in np.quantile(values, QUANTILES)),
        tuple(int(count) for count in counts),
    )


def notes(subject: Subject, clipped: int, values: int) -> tuple[Finding, ...]:
    """Return what a reader of the result has to know: assumptions, values cut off, entries that count in nothing."""
    uncertainty = subject.uncertainty
    found = list(uncertainty.findings)
    place = subject.plan.protocol.id
    if uncertainty.assumed:
        parameters: dict[str, object] = {"count": uncertainty.assumed}
        found.append(Finding("alignment.assumed_scatter", "warning", place, None, parameters))
    if clipped:
        parameters = {"count": clipped, "values": values}
        found.append(Finding("alignment.clipped", "note", place, None, parameters))
    return tuple(found)
