"""What an improvement is to reach: stars, a grade or a score of a node, as a value of a slot."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.messages import InputError
from carindex.rating.kernels import Array
from carindex.rating.plan import NodePlan, Plan

# a score that binary fractions leave a billionth short has reached its goal, as it has reached a line of the engine
TOLERANCE = 1e-9


class Goal(msgspec.Struct, frozen=True):
    """A node's outcome or score that is to be reached.

    Attributes
    ----------
    plan
        Compiled protocol.
    path
        The node.
    slot
        Slot that decides.
    line
        What its value has to reach: from below, or with ``falling`` (risks, demerits) from above.
    text
        The outcome or score as it was asked for.
    score
        Whether a score is asked for, not stars or a grade.
    """

    plan: Plan
    path: str
    slot: int
    line: float
    text: str
    falling: bool = False
    score: bool = False

    def reached(self, low: Array, high: Array) -> NDArray[np.bool_]:
        """Return which variations of a car surely reach the goal; bounds are those of all slots, ``(slots, n)``."""
        if self.falling:
            return np.asarray(high[self.slot] <= self.line + TOLERANCE)
        return np.asarray(low[self.slot] >= self.line - TOLERANCE)

    def possible(self, low: Array, high: Array) -> NDArray[np.bool_]:
        """Return which variations of a car may reach the goal."""
        if self.falling:
            return np.asarray(low[self.slot] <= self.line + TOLERANCE)
        return np.asarray(high[self.slot] >= self.line - TOLERANCE)

    def named(self, value: float) -> str | int | float | None:
        """Return a value of the slot as people say it: an outcome by its name, a score as what is left."""
        node = self.plan.nodes[self.path]
        if self.score:
            return node.node.maximum - value if self.falling else value
        assert node.outcome is not None
        return node.outcome.name(value)


def goals_for(plan: Plan, target: str | None = None, score: float | None = None) -> tuple[Goal, ...]:
    """Return what a protocol is asked for.

    Parameters
    ----------
    plan
        Compiled protocol.
    target
        Stars, a grade or its name in any language; ``NODE=OUTCOME`` for the outcome of one node. Without a node it
        holds for every outcome that the programme publishes of a car.
    score
        A score of the whole car instead; with ``target`` ``NODE=`` of that node.

    Raises
    ------
    InputError
        When there is no such node or outcome, or a score that is more than the greatest.
    """
    path, equals, text = (target or "").rpartition("=")
    if score is not None:
        return (_score(plan, path if equals else "", score),)
    if equals:
        return (_outcome(plan, path, text),)
    if not plan.headline:
        raise InputError(plan.protocol.id, "alignment.no_outcome_at_all", protocol=plan.protocol.id)
    return tuple(_outcome(plan, head, text) for head in plan.headline)


def _node(plan: Plan, path: str) -> NodePlan:
    if path not in plan.nodes:
        raise InputError(f"--target {path}", "rating.unknown_node", path=path)
    return plan.nodes[path]


def _score(plan: Plan, path: str, score: float) -> Goal:
    node = _node(plan, path)
    most = node.node.maximum
    if not 0 <= score <= most:
        place = f"--target-score {score:g}"
        raise InputError(
            place, "alignment.no_such_score", protocol=plan.protocol.id, value=f"{score:g}", most=most
        )
    falling = node.node.counts != "points"
    line = most - score if falling else score
    return Goal(plan, path, node.value, line, f"{score:g}", falling, True)


def _outcome(plan: Plan, path: str, text: str) -> Goal:
    outcome = _node(plan, path).outcome
    if outcome is None:
        raise InputError(f"--target {path}={text}", "rating.no_outcome", path=path)
    spelled: dict[str, float] = {}
    if outcome.grades:
        for rank, grade in enumerate(reversed(outcome.grades)):
            spelled[grade.casefold()] = float(rank)
            names: Mapping[str, str] = outcome.spec.names.get(grade, {})
            for name in names.values():
                spelled.setdefault(name.casefold(), float(rank))
    else:
        spelled = {f"{value:g}": value for value in sorted(_stars(plan, path))}
    key = text.strip().casefold()
    if key not in spelled:
        available = ", ".join(dict.fromkeys(outcome.grades or spelled))
        raise InputError(
            f"--target {text}",
            "alignment.no_such_outcome",
            protocol=plan.protocol.id,
            text=text,
            available=available,
        )
    return Goal(plan, path, outcome.slot, spelled[key], text.strip())


def _stars(plan: Plan, path: str) -> set[float]:
    """Return the stars that a node can have: those of its lines and minima, or of what it is balanced by."""
    outcome = plan.nodes[path].outcome
    if outcome is None:
        return set()
    spec = outcome.spec
    named = [
        name
        for lines in (spec.at_least, spec.above, spec.below, spec.at_most, spec.minima)
        for name in lines or {}
    ]
    found = {float(name) for name in named} | {0.0 if spec.otherwise is None else float(spec.otherwise)}
    return found.union(*(_stars(plan, other) for other in spec.balance or ()))
