"""Which missing test makes the interval of a node's score, or of an outcome, wide.

Each missing test is taken to have gone as well, and as badly, as it can: how much narrower the interval is then says
how much of its width is that test's. All tests, in both ways, are cars of one evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np

from carindex.alignment.evidence import Evidence, MissingTest, evidence_of, stated_values
from carindex.alignment.improvement.slicing import Slice
from carindex.dossier import Fact
from carindex.rating.kernels import Array
from carindex.rating.plan import Plan
from carindex.rating.rating import facts_of

DEPTH = 2
"""Levels of the tree below the root whose nodes are looked at."""

_TINY = 1e-9


class Cause(msgspec.Struct, frozen=True):
    """A missing test and how much of an interval it closes: if it goes as well, and as badly, as it can."""

    test: str
    missing: int
    closed_at_best: float
    closed_at_worst: float

    @property
    def closed(self) -> float:
        """What it closes in the way that closes more."""
        return max(self.closed_at_best, self.closed_at_worst)


class OpenNode(msgspec.Struct, frozen=True):
    """A node that missing facts leave open.

    Attributes
    ----------
    path
        The node.
    lower, upper, maximum
        Bounds of its score, and the greatest it can be.
    outcome_lower, outcome_upper
        Bounds of its stars or grade; ``None`` where it has none or the outcome is certain.
    causes
        Missing tests by how much of the score's interval each closes, the most first; tests that close nothing alone
        are left out.
    outcome_causes
        The same of the outcome, in stars or steps of grades.
    """

    path: str
    lower: float
    upper: float
    maximum: float
    outcome_lower: str | int | float | None
    outcome_upper: str | int | float | None
    causes: tuple[Cause, ...]
    outcome_causes: tuple[Cause, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


class Interval(msgspec.Struct, frozen=True):
    """What the evidence allows of an upper node: bounds of its score, and of its stars or grade where it has any."""

    path: str
    lower: float
    upper: float
    maximum: float
    outcome_lower: str | int | float | None
    outcome_upper: str | int | float | None


def intervals(plan: Plan, facts: Iterable[Fact], depth: int = 0) -> tuple[Interval, ...]:
    """Return the bounds of the upper nodes alone, and of those that carry the published outcomes: nothing is explained.

    Parameters
    ----------
    plan
        Compiled protocol.
    facts
        What is known of the car.
    depth
        Levels of the tree below the root that are looked at.
    """
    column = facts_of(plan, facts)
    paths = [path for path in plan.nodes if path.count("/") + bool(path) <= depth or path in plan.headline]
    slots = [plan.nodes[path].value for path in paths]
    slots += [outcome.slot for path in paths if (outcome := plan.nodes[path].outcome) is not None]
    over = stated_values(plan, column.elsewhere)
    slice_ = _slice(plan, tuple(slots), tuple(over))
    values = column.values[slice_.facts, None]
    stated = np.array(list(over.values()), np.float64)[:, None]
    low, high = slice_.run(values, values, (stated, stated) if over else None)
    found = []
    for path in paths:
        node_plan = plan.nodes[path]
        worst, best = float(low[node_plan.value, 0]), float(high[node_plan.value, 0])
        most, outcome = node_plan.node.maximum, node_plan.outcome
        if node_plan.node.counts != "points":
            worst, best = most - best, most - worst
        names = [
            None if outcome is None else outcome.name(float(bound[outcome.slot, 0])) for bound in (low, high)
        ]
        found.append(Interval(path, worst, best, most, names[0], names[1]))
    return tuple(found)


def _slice(plan: Plan, slots: tuple[int, ...], stated: tuple[int, ...]) -> Slice:
    """Return a slice of a plan, made once for the plan and what is asked of it."""
    key = id(plan), slots, stated
    if key not in _slices:
        if len(_slices) >= _KEPT:
            _slices.clear()
        _slices[key] = Slice(plan, slots, stated)  # holds the plan, so that its id stays its own
    return _slices[key]


_KEPT = 128
_slices: dict[tuple[int, tuple[int, ...], tuple[int, ...]], Slice] = {}


def open_nodes(plan: Plan, facts: Iterable[Fact], depth: int = DEPTH) -> tuple[OpenNode, ...]:
    """Return the upper nodes whose score or outcome is open, and which missing tests make them so.

    Parameters
    ----------
    plan
        Compiled protocol.
    facts
        What is known of the car.
    depth
        Levels of the tree below the root that are looked at.
    """
    return open_nodes_of(evidence_of(plan, facts), depth)


def open_nodes_of(evidence: Evidence, depth: int = DEPTH) -> tuple[OpenNode, ...]:
    """Return the same for evidence that has been gathered already."""
    plan, now = evidence.plan, evidence.now
    upper = [path for path in plan.nodes if path.count("/") + bool(path) <= depth]
    wide = []
    for path in upper:
        low, high = now.score(path)
        worst, best = now.outcome(path)
        if high[0] - low[0] > _TINY or best[0] - worst[0] > _TINY:
            wide.append(path)
    if not wide:
        return ()
    each, found = evidence.each, []
    for path in wide:
        node_plan = plan.nodes[path]
        low, high = each.score(path)
        worst, best = each.outcome(path)
        outcome = node_plan.outcome if best[0] > worst[0] else None
        found.append(
            OpenNode(
                path,
                float(low[0]),
                float(high[0]),
                node_plan.node.maximum,
                None if outcome is None else outcome.name(float(worst[0])),
                None if outcome is None else outcome.name(float(best[0])),
                _causes(evidence.tests, high - low),
                () if outcome is None else _causes(evidence.tests, best - worst),
            )
        )
    return tuple(found)


def _causes(tests: Sequence[MissingTest], width: Array) -> tuple[Cause, ...]:
    """Return what each test closes of a width, ``(1 + 2 · tests,)``: as it is, each at its best, each at its worst."""
    count = len(tests)
    closed = np.nan_to_num(width[0] - width[1:])
    found = [
        Cause(test.name, len(test.rows), float(closed[i]), float(closed[count + i]))
        for i, test in enumerate(tests)
        if max(closed[i], closed[count + i]) > _TINY
    ]
    return tuple(sorted(found, key=lambda cause: (-cause.closed, cause.test)))
