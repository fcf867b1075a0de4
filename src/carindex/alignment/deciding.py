"""Which tests a question can hang on: results of all others with which a test alone still tips the answer.

A test is *needed*, whatever the results of others may be, if there are such results: whoever leaves it out may end with
them and not know the answer. If there are none, nobody needs it. So the fewest tests that answer a question in any case
are those for which such results exist, and no others; cost plays no part. They are looked for along ways on which the
other tests get better together, from the last point at which the answer is no to the first at which it is yes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.alignment.bounds import slots_of, upper_nodes
from carindex.alignment.missing_tests import Car
from carindex.alignment.results import Results
from carindex.alignment.variations import Variations
from carindex.rating.kernels import Array
from carindex.rating.plan import Plan

_HALVINGS = 16
_ORDERS = 6
_EVEN = 1e-9
Progress = Callable[[int, int], None]


class Question(msgspec.Struct, frozen=True):
    """Whether a node reaches an outcome.

    ``rank``: the outcome as a number, as in `carindex.rating.Outcome`; ``None`` asks what the score is, of programmes
    that publish no stars or grade.
    """

    path: str
    rank: float | None

    def slot(self, plan: Plan) -> int:
        """Return the slot that answers."""
        node_plan = plan.nodes[self.path]
        return node_plan.value if self.rank is None or node_plan.outcome is None else node_plan.outcome.slot


class Needed(msgspec.Struct, frozen=True):
    """Tests by what is known of whether a question can hang on them.

    Attributes
    ----------
    needed
        Tests for which results of all others were found with which they tip the answer.
    unclear
        Tests that reach the answer, but no such results were found: they may be needed.
    unneeded
        Tests that cannot change the answer, whatever the results.
    open
        Whether the answer can stay open though everything is known, because a rule is not known exactly.
    """

    needed: tuple[str, ...]
    unclear: tuple[str, ...]
    unneeded: tuple[str, ...]
    open: bool


def questions(car: Car) -> tuple[Question, ...]:
    """Return what is open of the outcome: for each node that the programme publishes, each outcome that is in doubt."""
    plan, found = car.plan, []
    if not plan.headline:
        low, high = (float(bound[0]) for bound in car.evaluation.value(""))
        return (Question("", None),) if low < high else ()
    for path in plan.headline:
        low, high = (float(bound[0]) for bound in car.evaluation.outcome(path))
        found += [Question(path, rank) for rank in ranks_of(plan, path) if low < rank <= high]
    return tuple(found)


def ranks_of(plan: Plan, path: str) -> tuple[float, ...]:
    """Return the outcomes of a node as numbers, the worst first; all whole ones where other nodes' stars give them."""
    outcome = plan.nodes[path].outcome
    assert outcome is not None
    if outcome.grades:
        return tuple(float(i) for i in range(len(outcome.grades)))
    found = set(outcome.values)
    for other in outcome.spec.balance or ():
        if plan.nodes[other].outcome is not None:
            found.update(ranks_of(plan, other))
    for name in outcome.spec.minima or ():
        found.add(float(name))
    return tuple(sorted(found))


def needed_for(car: Car, asked: Sequence[Question], progress: Progress | None = None) -> Needed:
    """Return which tests are needed to answer all of some questions, whatever the results.

    Parameters
    ----------
    car
        The car.
    asked
        The questions; a test that one of them needs is needed.
    progress
        Told how many of how many rounds are done.

    Notes
    -----
    The search is the same each time; it depends on no clock.
    """
    plan = car.plan
    paths = list(upper_nodes(plan))
    slots = [question.slot(plan) for question in asked]
    variations = car.variations([*slots, *slots_of(plan, paths)])
    reach = np.array([variations.reach(test.fills) for test in car.tests])
    names = [test.name for test in car.tests]
    if not names or not asked:
        return Needed((), (), tuple(names), False)
    results = Results(car)
    found = np.zeros(len(names) + 1, bool)  # the last one: nothing is missing
    rounds = _ways(plan, paths, reach)
    for number, way in enumerate(rounds):
        if progress is not None:
            progress(number, len(rounds))
        pairs = [
            (test, i)
            for i, slot in enumerate(slots)
            for test in range(len(names) + 1)
            if not found[test] and (test == len(names) or reach[test, slot])
        ]
        if pairs:
            _tip(variations, results, asked, pairs, way, found)
    if progress is not None:
        progress(len(rounds), len(rounds))
    touched = np.asarray(reach[:, slots].any(axis=1), np.bool_).reshape(-1)
    return Needed(
        tuple(name for i, name in enumerate(names) if found[i]),
        tuple(name for i, name in enumerate(names) if touched[i] and not found[i]),
        tuple(name for i, name in enumerate(names) if not touched[i] and not found[i]),
        bool(found[-1]),
    )


Way = Callable[[int], tuple[Array, Array]]
"""Where the tests are when one is looked at: each at ``first + slope * t`` for t from 0 to 1, kept within these."""


def _ways(plan: Plan, paths: Sequence[str], reach: NDArray[np.bool_]) -> list[Way]:
    """Return ways on which results of all tests get better: together, those of one part alone, one after another."""
    count = len(reach)
    together: list[Way] = [lambda _: (np.zeros(count), np.ones(count))]
    parts = [reach[:, plan.nodes[path].value] for path in paths]
    parts = [part for part in parts if 1 < part.sum() < count]

    def of_part(number: int) -> Way:
        def way(test: int) -> tuple[Array, Array]:
            own = [part for part in parts if test < count and part[test]]
            if number >= len(own):
                return np.zeros(count), np.zeros(count)
            inside = own[number]
            return np.where(inside, 0.0, 1.0), np.where(inside, 1.0, 0.0)

        return way

    depth = max((sum(int(part[test]) for part in parts) for test in range(count)), default=0)
    random = np.random.default_rng(0)

    def in_order(places: Array) -> Way:
        return lambda _: (-places, np.full(count, float(count)))

    orders = [in_order(random.permutation(count).astype(float)) for _ in range(_ORDERS)]
    return [*together, *(of_part(number) for number in range(depth)), *orders]


def _tip(
    variations: Variations,
    results: Results,
    asked: Sequence[Question],
    pairs: Sequence[tuple[int, int]],
    way: Way,
    found: NDArray[np.bool_],
) -> None:
    """Look, along a way, for results of all others with which a test tips an answer; note the tests."""
    row = {int(slot): i for i, slot in enumerate(variations.slots)}
    rows = np.array([row[question.slot(variations.plan)] for question in asked])
    lines = np.array([np.nan if question.rank is None else question.rank for question in asked])
    tests, which = (np.array(side) for side in zip(*pairs, strict=True))
    first, slope = (np.stack(side, axis=1) for side in zip(*(way(int(test)) for test in tests), strict=True))
    begin, end = np.zeros(len(pairs)), np.ones(len(pairs))
    count = len(first)
    for _ in range(_HALVINGS):
        left = np.flatnonzero(~found[tests])
        if not len(left):
            return
        middle = (begin[left] + end[left]) / 2.0
        how = np.clip(first[:, left] + slope[:, left] * middle, 0.0, 1.0)
        done = np.arange(count)[:, None] != tests[left]
        low, high = variations.bounds(results.facts(done, how))
        columns = np.arange(len(left))
        below, above = low[rows[which[left]], columns], high[rows[which[left]], columns]
        line = lines[which[left]]
        tips = np.where(np.isnan(line), above - below > _EVEN, (below < line) & (line <= above))
        found[tests[left[tips]]] = True
        reached = below >= line
        end[left] = np.where(reached, middle, end[left])
        begin[left] = np.where(reached, begin[left], middle)
