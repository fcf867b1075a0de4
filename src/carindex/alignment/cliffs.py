"""How far a car is from the nearest cliff: the value of one fact at which something jumps, all other facts as measured.

A cliff is where an outcome changes (a star edge, a minimum of another node), an adjustment begins or ends to act
(capping, a veto, a gate), or the points of a node jump from one band to the next. Every scattering fact is moved away
from its measured value, up and down, in steps of an eighth of its standard deviation; between the two steps where
something jumps first, the edge is found by halving the distance until no number lies between. All steps and edges of a
fact are rated together, each as a car of its own. What jumps and comes back within one step is not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.alignment.robustness import Name, Progress, Subject
from carindex.alignment.sampling import beyond
from carindex.alignment.uncertainty import Scatter
from carindex.rating import Plan
from carindex.rating.specialised import SpecialisedPlan

Array = NDArray[np.float64]
Kind = Literal["outcome", "adjustment", "band"]

REACH = 6.0
"""So many standard deviations away from the measured value are looked at."""
STEPS = 8
"""So many steps to a standard deviation."""

# a node whose points take no more values than this on the way jumps from one to the next; others slide
_MOST_BANDS = 12
_HALVINGS = 80
_EQUAL = 1e-9


class HeadlineJump(msgspec.Struct, frozen=True):
    """What happens at an edge to a result that the programme publishes."""

    path: str
    before: tuple[Name, Name]
    after: tuple[Name, Name]
    score: float


class Cliff(msgspec.Struct, frozen=True):
    """An edge that one fact can reach by itself.

    Attributes
    ----------
    fact, value
        The fact and its measured value.
    edge
        Its first value on the other side.
    distance, deviations
        How far that is, in the unit of the fact with its sign, and in standard deviations.
    probability
        That the fact lies on the other side, by its scatter alone.
    kind, path, part
        What jumps: the outcome of a node, an adjustment of it (by its number), or its points.
    before, after
        Outcomes on this side and the other, lower and upper, where the outcome of the node jumps.
    headline
        For each part published of the car: its outcome (lower, upper) just before the edge and on the other side, and
        by how much its score changes at the edge.
    """

    fact: str
    value: float
    edge: float
    distance: float
    deviations: float
    probability: float
    kind: Kind
    path: str
    part: int
    before: tuple[Name, Name] | None
    after: tuple[Name, Name] | None
    headline: tuple[HeadlineJump, ...]

    @property
    def matters(self) -> bool:
        """Whether an outcome that the programme publishes, or a score of the whole, jumps at the edge."""
        return any(jump.before != jump.after or abs(jump.score) > _EQUAL for jump in self.headline)


class _Watched(msgspec.Struct, frozen=True):
    """Something that can jump: its slot."""

    kind: Kind
    path: str
    part: int
    slot: int


def cliffs(subject: Subject, progress: Progress | None = None) -> tuple[Cliff, ...]:
    """Return every edge within `REACH` standard deviations that one fact can reach by itself, the nearest first.

    Parameters
    ----------
    subject
        The car. Its words do not move here.
    progress
        Called with the share done and the number of facts.
    """
    scatters = subject.uncertainty.scatters
    if not scatters:
        return ()
    plan = subject.plan
    watched = _watched(plan)
    headline = list(plan.headline or ("",))
    extra = [slot for path in headline for slot in _headline_slots(plan, path)]
    some = subject.specialised([one.slot for one in watched] + extra)
    moves = np.flatnonzero(some.reached[[one.slot for one in watched]])
    found: list[Cliff] = []
    for number, scatter in enumerate(scatters):
        found.extend(
            _of_fact(subject, some, scatter, number, [(int(i), watched[i]) for i in moves], headline)
        )
        if progress is not None:
            progress((number + 1) / len(scatters), number + 1)
    return tuple(
        sorted(
            found, key=lambda cliff: (abs(cliff.deviations), cliff.fact, cliff.kind, cliff.path, cliff.part)
        )
    )


def _watched(plan: Plan) -> list[_Watched]:
    """Return everything that can jump."""
    found: list[_Watched] = []
    for path, node in plan.nodes.items():
        if plan.below_open(path):
            continue
        if node.outcome is not None:
            found.append(_Watched("outcome", path, 0, node.outcome.slot))
        found.extend(
            _Watched("adjustment", path, number, step.when)
            for number, step in enumerate(node.steps)
            if step.when is not None
        )
        if not node.parts:
            found.append(_Watched("band", path, 0, node.value))
    return found


def _headline_slots(plan: Plan, path: str) -> list[int]:
    outcome = plan.nodes[path].outcome
    return [plan.nodes[path].value if outcome is None else outcome.slot, plan.nodes[path].value]


def _grid(subject: Subject, scatter: Scatter, number: int) -> list[Array]:
    """Return the values to try below and above the measured one, nearest first, each beginning with it."""
    least, most = subject.sampler.least[number], subject.sampler.most[number]
    steps = np.arange(1, round(REACH * STEPS) + 1) / STEPS * scatter.deviation
    ways = []
    for values in (scatter.value - steps, scatter.value + steps):
        inside = values[(values >= least) & (values <= most)]
        end = least if values[0] < scatter.value else most
        if len(inside) < len(values) and np.isfinite(end) and end != scatter.value:
            inside = np.append(inside, end) if not len(inside) or inside[-1] != end else inside
        ways.append(np.concatenate([[scatter.value], inside]))
    return ways


def _of_fact(
    subject: Subject,
    some: SpecialisedPlan,
    scatter: Scatter,
    number: int,
    watched: Sequence[tuple[int, _Watched]],
    headline: Sequence[str],
) -> list[Cliff]:
    """Return the edges of one fact: the first jump of everything watched, each way."""
    ways = _grid(subject, scatter, number)
    tried = np.concatenate(ways)
    low, high = _rated(subject, some, number, tried)
    brackets: list[tuple[_Watched, int, float, float]] = []
    start = 0
    for way in ways:
        part = slice(start, start + len(way))
        start += len(way)
        for row, one in watched:
            states = np.stack([low[row, part], high[row, part]])
            first = _first_jump(states, slides=one.kind == "band")
            if first is not None:
                brackets.append((one, row, float(way[first - 1]), float(way[first])))
    return _halved(subject, some, scatter, number, brackets, headline)


def _first_jump(states: Array, *, slides: bool) -> int | None:
    """Return the first step at which a state is another than at the start; ``None`` where it never is, or slides."""
    changed = (states != states[:, :1]).any(axis=0)
    if not changed.any():
        return None
    if slides and len(np.unique(states, axis=1).T) > min(_MOST_BANDS, states.shape[1] // 2):
        return None
    return int(np.argmax(changed))


def _rated(subject: Subject, some: SpecialisedPlan, number: int, values: Array) -> tuple[Array, Array]:
    """Return what is wanted with one fact moved and the others as measured."""
    facts = np.repeat(_measured(subject)[:, None], len(values), axis=1)
    facts[number] = values
    return some.evaluate(facts)


def _measured(subject: Subject) -> Array:
    return np.asarray(subject.rating.evaluation.low[subject.sampler.facts, 0], np.float64)


def _halved(
    subject: Subject,
    some: SpecialisedPlan,
    scatter: Scatter,
    number: int,
    brackets: Sequence[tuple[_Watched, int, float, float]],
    headline: Sequence[str],
) -> list[Cliff]:
    """Find the edges between pairs of values, all of a fact together."""
    if not brackets:
        return []
    rows = np.array([row for _, row, _, _ in brackets])
    near, far = (np.array([bracket[k] for bracket in brackets]) for k in (2, 3))
    place = np.arange(len(brackets))
    for _ in range(_HALVINGS):
        middle = near + (far - near) / 2.0
        if ((middle == near) | (middle == far)).all():
            break
        low, high = _rated(subject, some, number, np.concatenate([near, middle]))
        count = len(brackets)
        same = (low[rows, place] == low[rows, count + place]) & (
            high[rows, place] == high[rows, count + place]
        )
        near, far = np.where(same, middle, near), np.where(same, far, middle)
    low, high = _rated(subject, some, number, np.concatenate([near, far]))
    count, found = len(brackets), []
    for i, (one, row, _, _) in enumerate(brackets):
        jump = np.abs(low[row, i] - low[row, count + i]) + np.abs(high[row, i] - high[row, count + i])
        if one.kind == "band" and not jump > _EQUAL:
            continue  # it slides after all
        found.append(
            _cliff(subject, scatter, number, one, (row, i, count + i), (low, high), far[i], headline)
        )
    return found


def _cliff(
    subject: Subject,
    scatter: Scatter,
    number: int,
    one: _Watched,
    at: tuple[int, int, int],
    values: tuple[Array, Array],
    edge: float,
    headline: Sequence[str],
) -> Cliff:
    plan = subject.plan
    row, this, other = at
    low, high = values
    before = after = None
    outcome = plan.nodes[one.path].outcome
    if one.kind == "outcome" and outcome is not None:
        before = outcome.name(low[row, this]), outcome.name(high[row, this])
        after = outcome.name(low[row, other]), outcome.name(high[row, other])
    jumps = []
    base = len(low) - 2 * len(headline)
    for n, path in enumerate(headline):
        node = plan.nodes[path]
        named, score = base + 2 * n, base + 2 * n + 1
        sign = 1.0 if node.node.counts == "points" else -1.0

        def names(place: int, row: int = named, path: str = path) -> tuple[Name, Name]:
            own = plan.nodes[path].outcome
            return (None, None) if own is None else (own.name(low[row, place]), own.name(high[row, place]))

        change = sign * float(low[score, other] - low[score, this])
        jumps.append(HeadlineJump(path, names(this), names(other), change if abs(change) > _EQUAL else 0.0))
    distance = edge - scatter.value
    return Cliff(
        plan.facts[scatter.fact],
        scatter.value,
        float(edge),
        float(distance),
        float(distance / scatter.deviation),
        beyond(scatter, float(edge)),
        one.kind,
        one.path,
        one.part,
        before,
        after,
        tuple(jumps),
    )
