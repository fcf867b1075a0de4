"""How far a car is from the nearest cliff: the value of one fact at which something jumps, all other facts as measured.

A cliff is where an outcome changes (a star edge, a minimum of another node), an adjustment begins or ends to act
(capping, a veto, a gate), or the points of a node jump from one band to the next. Every scattering fact is moved away
from its measured value, up and down, in steps of an eighth of its standard deviation; between the two steps where
something jumps first, the edge is found by halving the distance until no number lies between. All steps and edges of a
fact are rated together, each as a car of its own. What jumps and comes back within one step is not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.alignment.robustness import Name, Progress, Subject
from carindex.alignment.sampling import beyond
from carindex.rating import Plan
from carindex.rating.specialised import SpecialisedPlan, reached_by
from carindex.side_by_side import processors, side_by_side

Array = NDArray[np.float64]
Kind = Literal["outcome", "adjustment", "band"]

REACH = 6.0
"""So many standard deviations away from the measured value are looked at."""
STEPS = 8
"""So many steps to a standard deviation."""

# a node whose points take no more values than this on the way jumps from one to the next; others slide
_MOST_BANDS = 12
# an interval is cut into so many parts at once, at most so many times; between neighbouring numbers nothing is left
_PARTS, _ROUNDS = 16, 40
_WORTH_A_COPY = 100
_EQUAL = 1e-9


class HeadlineJump(msgspec.Struct, frozen=True):
    """What happens at an edge to a result that the programme publishes."""

    path: str
    before: tuple[Name, Name]
    after: tuple[Name, Name]
    score: float


class Edge(msgspec.Struct, frozen=True):
    """What jumps: the outcome of a node, an adjustment of it (by its number), or its points.

    ``before``, ``after``: outcomes on this side and the other, lower and upper, where the outcome of the node jumps.
    """

    kind: Kind
    path: str
    part: int
    before: tuple[Name, Name] | None
    after: tuple[Name, Name] | None


class Cliff(msgspec.Struct, frozen=True):
    """A value at which something jumps that one fact can reach by itself.

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
    edges
        All that jumps there.
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
    edges: tuple[Edge, ...]
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
    parts = np.array_split(np.arange(len(scatters)), _tasks(len(scatters)))
    # the last part runs here, and can say how far it is
    found = side_by_side(
        [
            partial(_of_facts, subject, part.tolist(), progress if part is parts[-1] else None)
            for part in parts
        ]
    )
    return tuple(
        sorted(
            (cliff for some in found for cliff in some),
            key=lambda cliff: (abs(cliff.deviations), cliff.fact, cliff.edge),
        )
    )


def _tasks(facts: int) -> int:
    return processors() if facts >= _WORTH_A_COPY else 1


def _of_facts(subject: Subject, numbers: Sequence[int], progress: Progress | None) -> list[Cliff]:
    """Return the edges of some facts, by their places in the sampler."""
    watched = _watched(subject.plan)
    found: list[Cliff] = []
    for done, number in enumerate(numbers, 1):
        found.extend(_Search(subject, number, watched).cliffs())
        if progress is not None:
            progress(done / len(numbers), done)
    return found


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


class _Search:
    """The edges of one fact: what it can move, worked out for many of its values at once."""

    def __init__(self, subject: Subject, number: int, watched: Sequence[_Watched]) -> None:
        self.subject, self.plan = subject, subject.plan
        self.scatter = subject.uncertainty.scatters[number]
        self.least, self.most = subject.sampler.least[number], subject.sampler.most[number]
        evaluation = subject.rating.evaluation
        reached = reached_by(evaluation, [self.scatter.fact])
        self.watched = [
            one
            for one in watched
            if reached[one.slot]
            and (one.kind != "band" or self.scatter.fact in self.plan.nodes[one.path].rule_facts)
        ]
        self.headline = list(self.plan.headline or ("",))
        slots = [one.slot for one in self.watched]
        for path in self.headline:
            node = self.plan.nodes[path]
            slots += [node.value if node.outcome is None else node.outcome.slot, node.value]
        self.some = SpecialisedPlan(evaluation, [self.scatter.fact], slots)

    def cliffs(self) -> list[Cliff]:
        """Return the first edge of everything watched, each way."""
        if not self.watched:
            return []
        ways = self._grid()
        low, high = self.some.evaluate(np.concatenate(ways)[None])
        brackets: list[tuple[int, float, float]] = []
        start = 0
        for way in ways:
            part = slice(start, start + len(way))
            start += len(way)
            for row, one in enumerate(self.watched):
                states = np.stack([low[row, part], high[row, part]])
                first = _first_jump(states, slides=one.kind == "band")
                if first is not None:
                    brackets.append((row, float(way[first - 1]), float(way[first])))
        return self._narrowed(brackets) if brackets else []

    def _grid(self) -> list[Array]:
        """Return the values to try below and above the measured one, nearest first, each beginning with it."""
        value = self.scatter.value
        steps = np.arange(1, round(REACH * STEPS) + 1) / STEPS * self.scatter.deviation
        ways = []
        for values, end in ((value - steps, self.least), (value + steps, self.most)):
            inside = values[(values >= self.least) & (values <= self.most)]
            if len(inside) < len(values) and end not in (value, *inside[-1:]):
                inside = np.append(inside, end)
            ways.append(np.concatenate([[value], inside]))
        return ways

    def _narrowed(self, brackets: Sequence[tuple[int, float, float]]) -> list[Cliff]:
        """Find the edges between pairs of values, all of them together, down to neighbouring numbers."""
        rows = np.array([row for row, _, _ in brackets])
        near, far = (np.array([bracket[k] for bracket in brackets]) for k in (1, 2))
        place = np.arange(len(rows))
        shares = np.arange(_PARTS + 1)[:, None] / _PARTS
        for _ in range(_ROUNDS):
            between = near + (far - near) * shares
            between[-1] = far
            if ((between == near) | (between == far)).all():
                break
            states = self.some.evaluate(between.ravel()[None])
            # of each pair the row that it watches, at its own values
            low, high = (bound.reshape(-1, *between.shape)[rows, :, place] for bound in states)
            changed = (low != low[:, :1]) | (high != high[:, :1])
            changed[:, -1] = True
            first = np.argmax(changed, axis=1)
            near, far = between[first - 1, place], between[first, place]
        low, high = self.some.evaluate(np.concatenate([near, far])[None])
        count = len(rows)
        found: dict[float, tuple[list[Edge], tuple[HeadlineJump, ...]]] = {}
        for i, row in enumerate(rows.tolist()):
            one, other = self.watched[row], count + i
            jump = np.abs(low[row, i] - low[row, other]) + np.abs(high[row, i] - high[row, other])
            if one.kind == "band" and not jump > _EQUAL:
                continue  # it slides after all
            edge = float(far[i])
            if edge not in found:
                found[edge] = [], self._jumps((i, other), (low, high))
            outcome = self.plan.nodes[one.path].outcome
            before = after = None
            if one.kind == "outcome" and outcome is not None:
                before, after = ((outcome.name(low[row, k]), outcome.name(high[row, k])) for k in (i, other))
            found[edge][0].append(Edge(one.kind, one.path, one.part, before, after))
        return [self._cliff(edge, edges, jumps) for edge, (edges, jumps) in found.items()]

    def _jumps(self, at: tuple[int, int], values: tuple[Array, Array]) -> tuple[HeadlineJump, ...]:
        """Return what happens to each result that is published between two samples."""
        (this, other), (low, high) = at, values
        jumps = []
        for n, path in enumerate(self.headline):
            node = self.plan.nodes[path]
            named = len(self.watched) + 2 * n
            pairs: list[tuple[Name, Name]] = [(None, None), (None, None)]
            if node.outcome is not None:
                pairs = [
                    (node.outcome.name(low[named, i]), node.outcome.name(high[named, i]))
                    for i in (this, other)
                ]
            sign = 1.0 if node.node.counts == "points" else -1.0
            change = sign * float(low[named + 1, other] - low[named + 1, this])
            jumps.append(HeadlineJump(path, pairs[0], pairs[1], change if abs(change) > _EQUAL else 0.0))
        return tuple(jumps)

    def _cliff(self, edge: float, edges: Sequence[Edge], jumps: tuple[HeadlineJump, ...]) -> Cliff:
        distance = edge - self.scatter.value
        return Cliff(
            self.plan.facts[self.scatter.fact],
            self.scatter.value,
            edge,
            distance,
            float(distance / self.scatter.deviation),
            beyond(self.scatter, edge),
            tuple(edges),
            jumps,
        )


def _first_jump(states: Array, *, slides: bool) -> int | None:
    """Return the first step at which a state is another than at the start; ``None`` where it never is, or slides."""
    changed = (states != states[:, :1]).any(axis=0)
    if not changed.any():
        return None
    if slides and len(np.unique(states, axis=1).T) > min(_MOST_BANDS, states.shape[1] // 2):
        return None
    return int(np.argmax(changed))
