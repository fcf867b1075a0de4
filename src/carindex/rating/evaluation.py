"""Run a compiled protocol over facts: one car or a million, exact where all is known, bounds where not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels import KERNELS, Array
from carindex.rating.plan import Group, Plan


class Evaluation(msgspec.Struct, frozen=True):
    """Lower and upper value of every slot for every car, shape ``(slots, cars)``.

    ``low is high`` where every fact of every car was known. ``stated``: nodes whose score was put in from
    outside, whatever their rule gives.
    """

    plan: Plan
    low: Array
    high: Array
    stated: frozenset[str] = frozenset()

    def value(self, path: str) -> tuple[Array, Array]:
        """Return lower and upper value of a node, shape ``(cars,)``."""
        slot = self.plan.nodes[path].value
        return self.low[slot], self.high[slot]

    def score(self, path: str) -> tuple[Array, Array]:
        """Return lower and upper score: a node's points, or what risk or demerits leave of its maximum."""
        node_plan = self.plan.nodes[path]
        low, high = self.low[node_plan.value], self.high[node_plan.value]
        if node_plan.node.counts == "points":
            return low, high
        return node_plan.node.maximum - high, node_plan.node.maximum - low

    def outcome(self, path: str) -> tuple[Array, Array]:
        """Return worst and best stars or grade rank of a node; NaN where it has none."""
        outcome = self.plan.nodes[path].outcome
        if outcome is None:
            nothing = np.full(self.low.shape[1], np.nan)
            return nothing, nothing
        return self.low[outcome.slot], self.high[outcome.slot]

    def named(self, name: str) -> tuple[Array, Array]:
        """Return lower and upper value of what a rule works out beside its score, shape ``(cars,)``.

        Raises
        ------
        KeyError
            When no rule publishes a value of that name.
        """
        slot = self.plan.named[name]
        return self.low[slot], self.high[slot]


def evaluate(
    plan: Plan, facts: Array, assumed: Mapping[str, float] | None = None, high: Array | None = None
) -> Evaluation:
    """Evaluate a protocol.

    Parameters
    ----------
    plan
        Compiled protocol.
    facts
        Values in the vocabulary's units, shape ``(facts, cars)``, rows in the order of ``plan.facts``; NaN is
        a missing fact and becomes the interval of all values that the fact can have.
    assumed
        Score to assume for nodes, by path; the rating goes on from there.
    high
        Upper values, same shape, for facts that are themselves known as intervals; ``facts`` are then the
        lower values.

    Returns
    -------
    Evaluation
        Bounds that contain the result for every completion of the missing facts, equal where nothing is
        missing.
    """
    overrides = _overrides(plan, assumed or {})
    stated = frozenset(assumed or ())
    missing = np.isnan(facts)
    incomplete = missing.any(axis=0)
    if high is None and not incomplete.any():
        values, _ = _run(plan, facts, facts, missing, overrides)
        if not np.isnan(values[plan.results]).any():
            return Evaluation(plan, values, values, stated)
        # a value that stays open though all facts are known, because a rule says so
        return Evaluation(plan, *_run(plan, facts, facts.copy(), missing, overrides), stated)
    low = np.where(missing, plan.least[:, None], facts)
    top = np.where(missing, plan.most[:, None], facts if high is None else high)
    if high is not None or incomplete.all():
        return Evaluation(plan, *_run(plan, low, top, missing, overrides), stated)
    # Cars about which all is known take the short way; the others are done apart and put back in place.
    out_low = np.empty((plan.slots, facts.shape[1]))
    out_high = np.empty_like(out_low)
    complete = ~incomplete
    done = evaluate(plan, np.ascontiguousarray(facts[:, complete]), assumed) if complete.any() else None
    if done is not None:
        out_low[:, complete], out_high[:, complete] = done.low, done.high
    some_low, some_high = _run(
        plan, low[:, incomplete], top[:, incomplete], missing[:, incomplete], overrides
    )
    out_low[:, incomplete] = some_low
    out_high[:, incomplete] = some_high
    return Evaluation(plan, out_low, out_high, stated)


def _overrides(plan: Plan, assumed: Mapping[str, float]) -> dict[int, float]:
    """Return the value to put into the slot of each node for which a score is assumed."""
    found = {}
    for path, score in assumed.items():
        node_plan = plan.nodes[path]
        counts_points = node_plan.node.counts == "points"
        found[node_plan.value] = score if counts_points else node_plan.node.maximum - score
    return found


def _run(
    plan: Plan, low: Array, high: Array, missing: NDArray[np.bool_], overrides: Mapping[int, float]
) -> tuple[Array, Array]:
    count, cars = low.shape
    values_low = np.empty((plan.slots, cars))
    values_low[:count] = low
    present, raw = plan.presence, plan.raws
    values_low[present[:, 1]] = ~missing[present[:, 0]]
    for slot, facts in plan.known_any:
        values_low[slot] = ~missing[facts].all(axis=0)
    values_low[raw[:, 1]] = np.where(missing[raw[:, 0]], np.nan, low[raw[:, 0]])
    values_high = values_low
    if high is not low:
        values_high = np.empty_like(values_low)
        values_high[:count] = high
        values_high[present[:, 1]] = values_low[present[:, 1]]
        for slot, _ in plan.known_any:
            values_high[slot] = values_low[slot]
        values_high[raw[:, 1]] = np.where(missing[raw[:, 0]], np.nan, high[raw[:, 0]])
    _assume(values_low, values_high, overrides, np.arange(count))
    run_groups(plan.groups, values_low, values_high, overrides)
    return values_low, values_high


def run_groups(groups: Iterable[Group], low: Array, high: Array, overrides: Mapping[int, float]) -> None:
    """Put what groups of operations work out into their slots; ``high`` may be ``low`` where all is known.

    Parameters
    ----------
    groups
        Operations in the order in which they run.
    low, high
        Lower and upper value of every slot, shape ``(slots, cars)``; changed in place.
    overrides
        Values that slots have whatever is worked out for them.
    """
    for group in groups:
        inputs_low = low[group.inputs]
        inputs_high = inputs_low if high is low else high[group.inputs]
        out_low, out_high = KERNELS[group.kernel](group.parameters, inputs_low, inputs_high)
        low[group.outputs] = out_low
        if high is not low:
            high[group.outputs] = out_high
        if overrides:
            _assume(low, high, overrides, group.outputs)


def _assume(low: Array, high: Array, overrides: Mapping[int, float], slots: NDArray[np.intp]) -> None:
    flat = slots.ravel()
    for slot in flat[np.isin(flat, list(overrides))]:
        low[slot] = high[slot] = overrides[int(slot)]
