"""Which missing test makes an interval wide: each in turn is put at its worst and at its best, all else left open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from carindex.alignment.ends import ends
from carindex.alignment.missing_tests import Car
from carindex.alignment.variations import Variations
from carindex.rating.kernels import Array
from carindex.rating.plan import NodePlan, Plan

Name = str | int | float | None
"""Stars, or a grade; ``None`` where a node has neither."""

_FACTS_AT_MOST = 500


class Cause(msgspec.Struct, frozen=True):
    """A missing test, or a single missing fact, that makes the interval of a node wide.

    Attributes
    ----------
    test
        Name of the test, see `MissingTest`.
    fact
        Name of the fact where a single test is behind the whole interval; else ``None``.
    if_worst, if_best
        Interval of the node's score once the test came out at its worst, or at its best.
    outcome_if_worst, outcome_if_best
        The same of stars or grade.
    closes
        What of the interval is closed at least and at most, of the two: points, or the measure of risk.
    """

    test: str
    fact: str | None
    if_worst: tuple[float, float]
    if_best: tuple[float, float]
    outcome_if_worst: tuple[Name, Name]
    outcome_if_best: tuple[Name, Name]
    closes: tuple[float, float]


class NodeBounds(msgspec.Struct, frozen=True):
    """The interval of a node's score and of its stars or grade, and what makes it wide, the widest first."""

    path: str
    lower: float
    upper: float
    outcome: tuple[Name, Name]
    causes: tuple[Cause, ...]

    @property
    def tests(self) -> tuple[str, ...]:
        """The tests behind the interval."""
        return tuple(dict.fromkeys(cause.test for cause in self.causes))


def upper_nodes(plan: Plan) -> tuple[str, ...]:
    """Return the nodes whose intervals are explained: the whole, its parts, and what has stars or a grade."""
    return tuple(
        path
        for path, node_plan in plan.nodes.items()
        if (path.count("/") == 0 and not node_plan.node.beside) or node_plan.outcome is not None
    )


def slots_of(plan: Plan, paths: Sequence[str]) -> list[int]:
    """Return the slots of the scores and outcomes of nodes."""
    found = [plan.nodes[path].value for path in paths]
    found += [one.slot for path in paths if (one := plan.nodes[path].outcome) is not None]
    return found


class Scores:
    """Bounds of scores and outcomes of nodes in many variations, looked up by node.

    Parameters
    ----------
    variations
        The car.
    facts
        Facts of each variation, ``(facts, n)``.
    """

    def __init__(self, variations: Variations, facts: Array) -> None:
        self.plan = variations.plan
        self.row = {int(slot): row for row, slot in enumerate(variations.slots)}
        self.low, self.high = variations.bounds(facts)

    def score(self, path: str) -> tuple[Array, Array]:
        """Return lower and upper score, shape ``(n,)``."""
        node_plan = self.plan.nodes[path]
        row = self.row[node_plan.value]
        if node_plan.node.counts == "points":
            return self.low[row], self.high[row]
        return node_plan.node.maximum - self.high[row], node_plan.node.maximum - self.low[row]

    def rank(self, path: str) -> tuple[Array, Array]:
        """Return worst and best outcome as ranks, shape ``(n,)``; NaN where there is none."""
        outcome = self.plan.nodes[path].outcome
        if outcome is None:
            nothing = np.full(self.low.shape[1], np.nan)
            return nothing, nothing
        return self.low[self.row[outcome.slot]], self.high[self.row[outcome.slot]]


def named(node_plan: NodePlan, low: float, high: float) -> tuple[Name, Name]:
    """Return worst and best outcome by name."""
    outcome = node_plan.outcome
    return (None, None) if outcome is None else (outcome.name(low), outcome.name(high))


def bounds(car: Car) -> tuple[NodeBounds, ...]:
    """Return the intervals of the whole and its parts, and which missing tests make them wide.

    Each test is put at its worst and at its best, all others left open. Of a node behind whose interval there is a
    single test the facts of that test are told apart in the same way.

    Returns
    -------
    tuple
        One a node, in the order of the tree; settled nodes have no causes.
    """
    plan, paths = car.plan, upper_nodes(car.plan)
    variations = car.variations(slots_of(plan, paths))
    worst, best = ends(plan) if car.tests else (plan.least, plan.most)
    changes = [(test.name, None, list(test.fills)) for test in car.tests]
    found = _of(car, variations, paths, changes, worst, best)
    alone = {node.tests[0] for node in found if len(node.tests) == 1}
    numbers = {name: slot for slot, name in enumerate(plan.facts)}
    facts = [
        (test.name, name, [numbers[name]])
        for test in car.tests
        if test.name in alone and 1 < len(test.missing) <= _FACTS_AT_MOST
        for name in test.missing
    ]
    if not facts:
        return found
    single = _of(car, variations, paths, facts, worst, best)
    return tuple(
        msgspec.structs.replace(node, causes=node.causes + causes)
        if len(node.tests) == 1
        and (causes := tuple(one for one in apart.causes if one.test == node.tests[0]))
        else node
        for node, apart in zip(found, single, strict=True)
    )


def _of(
    car: Car,
    variations: Variations,
    paths: Sequence[str],
    changes: Sequence[tuple[str, str | None, list[int]]],
    worst: Array,
    best: Array,
) -> tuple[NodeBounds, ...]:
    columns = np.repeat(car.column[:, None], 1 + 2 * len(changes), axis=1)
    for i, (_, _, slots) in enumerate(changes):
        columns[slots, 1 + 2 * i] = worst[slots]
        columns[slots, 2 + 2 * i] = best[slots]
    scores = Scores(variations, columns)
    found = []
    for path in paths:
        node_plan = car.plan.nodes[path]
        (low, high), (least, most) = scores.score(path), scores.rank(path)
        spread, steps = high - low, most - least
        causes = []
        for i, (test, fact, _) in enumerate(changes):
            at = (1 + 2 * i, 2 + 2 * i)
            closed = sorted(float(spread[0] - spread[one]) for one in at)
            if closed[1] <= 0.0 and not any(steps[one] < steps[0] for one in at):
                continue
            intervals = [(float(low[one]), float(high[one])) for one in at]
            outcomes = [named(node_plan, float(least[one]), float(most[one])) for one in at]
            scored, ranked = (intervals[0], intervals[1]), (outcomes[0], outcomes[1])
            causes.append(Cause(test, fact, *scored, *ranked, (closed[0], closed[1])))
        causes.sort(key=lambda one: (-one.closes[0] - one.closes[1], one.fact or one.test))
        outcome = named(node_plan, float(least[0]), float(most[0]))
        found.append(NodeBounds(path, float(low[0]), float(high[0]), outcome, tuple(causes)))
    return tuple(found)


def as_json(found: Sequence[NodeBounds]) -> list[dict[str, Any]]:
    """Return intervals and their causes as plain values."""
    return [
        {
            "path": node.path,
            "lower": node.lower,
            "upper": node.upper,
            **({} if node.outcome[1] is None else {"outcome": list(node.outcome)}),
            "causes": [
                {
                    "test": cause.test,
                    **({} if cause.fact is None else {"fact": cause.fact}),
                    "closes_at_least": cause.closes[0],
                    "closes_at_most": cause.closes[1],
                    "if_worst": list(cause.if_worst),
                    "if_best": list(cause.if_best),
                    **(
                        {}
                        if node.outcome[1] is None
                        else {
                            "outcome_if_worst": list(cause.outcome_if_worst),
                            "outcome_if_best": list(cause.outcome_if_best),
                        }
                    ),
                }
                for cause in node.causes
            ],
        }
        for node in found
    ]
