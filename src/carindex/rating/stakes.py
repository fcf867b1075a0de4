"""What each part of a programme can cost the whole: the weight that all combinations above give it, from the engine.

A part is put at its worst, all that is not known of the car at its best, and the whole is evaluated: what it then lacks
is what the part can cost it. That respects every way of combining (weights, the worst of several, the best of
several, shares of what applies), because it is the compiled protocol itself that is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.kept import kept
from carindex.rating.asking import fact_name
from carindex.rating.evaluation import run_groups
from carindex.rating.kernels import Array
from carindex.rating.load import as_shipped, shipped_folder
from carindex.rating.plan import Plan

_VALUES_AT_ONCE = 2 << 20
"""So many values (slots times columns) are worked on together, for the memory's sake."""


class Stake(msgspec.Struct, frozen=True):
    """What a node alone can cost the whole.

    Attributes
    ----------
    share
        Part of the greatest score of the whole, 0 to 1; roundings and upper limits of sums above the node are left
        aside, so that what it loses is not made up by another part. ``None``: the rules give the node no share: risks
        join as probabilities, precedents compare cars as a whole, impact points are counted out for each car, and
        what stands beside the tree or below a rule that is not known counts in nothing.
    of
        The whole: the root, or the part directly below it where a programme publishes no result of the whole.
    conditional
        Whether the node, or one above it, counts only for some cars; the share is that for a car for which it counts.
    """

    share: float | None
    of: str | None
    conditional: bool = False


def stakes(plan: Plan) -> Mapping[str, Stake]:
    """Return what each node alone can cost the whole.

    Of several parts of which the worst counts each can cost all: such shares add up to more than the whole. Of several
    of which the best count one alone may cost nothing.
    """
    name = plan.protocol.id
    if not as_shipped(name) or str(shipped_folder(name)) != str(Path(plan.protocol.place).parent):
        return _stakes(plan)
    return kept(f"{name}{'.calculator' if plan.protocol.calculator else ''}.stakes", lambda: _stakes(plan))


def _stakes(plan: Plan) -> dict[str, Stake]:
    found = {path: Stake(None, _whole(plan, path), _conditional(plan, path)) for path in plan.nodes}
    shared = [
        path for path, stake in found.items() if stake.of is not None and _has_share(plan, path, stake.of)
    ]
    at_once = max(1, _VALUES_AT_ONCE // plan.slots)
    for start in range(0, len(shared), at_once):
        part = shared[start : start + at_once]
        best, left = (_values(plan, part, worst=worst) for worst in (False, True))
        for column, path in enumerate(part):
            top = found[path].of
            assert top is not None
            most, now = (_score(plan, top, values, column) for values in (best, left))
            whole = plan.nodes[top].node.maximum
            if whole > 0:
                share = 1.0 if path == top else max(0.0, (most - now) / whole)
                found[path] = msgspec.structs.replace(found[path], share=share)
    return found


def _whole(plan: Plan, path: str) -> str | None:
    """Return the node that a node counts in at last; ``None`` beside the tree and below unknown rules."""
    if plan.nodes[path].node.beside or plan.below_open(path):
        return None
    if not plan.protocol.root.apart:
        return ""
    return path.split("/", 1)[0] or None


def _way(plan: Plan, path: str) -> Iterator[str]:
    """Yield the nodes from the root down to a node, the node itself last."""
    parts = path.split("/") if path else []
    for end in range(len(parts) + 1):
        one = "/".join(parts[:end])
        if one in plan.nodes:
            yield one


def _conditional(plan: Plan, path: str) -> bool:
    return any(plan.nodes[one].node.spec.applies_when is not None for one in _way(plan, path))


def _has_share(plan: Plan, path: str, top: str) -> bool:
    """Whether every combination from a node up to the whole gives its parts points of their own."""
    above = [plan.nodes[one] for one in _way(plan, path) if len(one) >= len(top) and one != path]
    return not any(
        one.kind == "joint_risk"
        or one.node.counts == "risk"
        or one.node.spec.precedents is not None
        or one.node.spec.grid is not None  # each car has its own number of impact points
        for one in above
    )


def _values(plan: Plan, paths: Sequence[str], *, worst: bool) -> tuple[Array, Array]:
    """Return lower and upper values of all slots, shape ``(slots, paths)``, nothing known of the car.

    Each column is for one node: conditions under which it counts are met; with ``worst`` the node is at its worst.
    """
    low, high = np.empty((2, plan.slots, len(paths)))
    facts = len(plan.facts)
    low[:facts], high[:facts] = plan.least[:, None], plan.most[:, None]
    for values in (low, high):
        values[plan.presence[:, 1]] = 0.0
        values[plan.raws[:, 1]] = np.nan
        for slot, _ in plan.known_any:
            values[slot] = 0.0
    put: dict[int, list[tuple[int, float]]] = {}
    usual = _conditions(plan, plan.nodes, whole=True)
    for column, path in enumerate(paths):
        for slot, value in {**usual, **_conditions(plan, _way(plan, path))}.items():
            put.setdefault(slot, []).append((column, value))
        if worst:
            node_plan = plan.nodes[path]
            value = 0.0 if node_plan.node.counts == "points" else node_plan.node.maximum
            put.setdefault(node_plan.value, []).append((column, value))
    # above the node roundings and upper limits of a sum would hide its loss behind what another part has in plenty
    passed: dict[int, tuple[int, list[int]]] = {}
    for column, path in enumerate(paths):
        for above in _way(plan, path):
            for step in plan.nodes[above].steps if above != path else ():
                if step.adjustment.round is not None or step.adjustment.at_most is not None:
                    passed.setdefault(step.after, (step.before, []))[1].append(column)
    _put(low, high, np.arange(facts), put, passed)
    for group in plan.groups:
        run_groups((group,), low, high, {})
        _put(low, high, group.outputs.ravel(), put, passed)
    return low, high


def _conditions(plan: Plan, paths: Iterable[str], *, whole: bool = False) -> dict[int, float]:
    """Return slots and their values that make nodes count; of conditions that exclude each other the first is met.

    Where a condition is a word of a fact it is the fact that has it: what counts for other cars then falls away.
    ``whole``: leave aside criteria, which are not parts that a car has or lacks.
    """
    found: dict[int, float] = {}
    for one in paths:
        node_plan = plan.nodes[one]
        condition = node_plan.node.spec.applies_when
        if condition is None or node_plan.applies is None:
            continue
        if condition.fact is not None and condition.equals is not None and condition.node is None:
            fact = plan.facts.index(fact_name(condition.fact, node_plan.node))
            found.setdefault(fact, float(plan.quantities[fact].categories.index(condition.equals)))
        elif not whole or (node_plan.node.spec.criterion is None and condition.negate is not None):
            found.setdefault(node_plan.applies, 1.0)
    return found


def _put(
    low: Array,
    high: Array,
    slots: NDArray[np.intp],
    put: Mapping[int, list[tuple[int, float]]],
    passed: Mapping[int, tuple[int, list[int]]],
) -> None:
    for slot in slots.tolist():
        if slot in passed:
            before, columns = passed[slot]
            low[slot, columns], high[slot, columns] = low[before, columns], high[before, columns]
        for column, value in put.get(slot, ()):
            low[slot, column] = high[slot, column] = value


def _score(plan: Plan, top: str, values: tuple[Array, Array], column: int) -> float:
    """Return the best score of the whole before its own adjustments."""
    low, high = values
    node_plan = plan.nodes[top]
    if node_plan.node.counts == "points":
        return float(high[node_plan.combined, column])
    return node_plan.node.maximum - float(low[node_plan.combined, column])
