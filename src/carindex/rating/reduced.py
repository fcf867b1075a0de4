"""A plan without what nobody asks for: what a table of many cars is rated with.

A compiled protocol also works out what an explanation shows: the colour, the check and the losses of every cell,
values that have a name. Of millions of cars only scores and outcomes are written. A reduced plan keeps the operations
that these depend on, tells kernels to leave their details away, and numbers the slots that are left anew, so that a
block of cars fits into an array that is used again for the next block. The results are those of `evaluate`, bit for
bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.rating.evaluation import Evaluation
from carindex.rating.kernels import HEADS, KERNELS, Array
from carindex.rating.plan import Group, Plan

Slots = NDArray[np.intp]

# Cars that are worked on together: enough for an array operation to outweigh its call, few enough for what most kernels
# read and write to stay in the processor's cache.
CARS_AT_ONCE = 4096
_FACTS_AT_ONCE = 512
_KEPT = 31 << 20


@dataclass(frozen=True)
class _Step:
    """A group of operations on rows of the workspace.

    ``given``: all inputs are facts as they were given, and ``inputs`` are their numbers; ``first`` is the first of
    inputs that follow one another, which need not be gathered; ``filled`` is the first of the outputs, which do.
    """

    group: Group
    given: bool
    first: int | None
    filled: int

    def inputs(self, values: Array) -> Array:
        """Return the inputs of the group, ``(operations, inputs, cars)``."""
        if self.first is None:
            return values[self.group.inputs]
        shape = (*self.group.inputs.shape, values.shape[1])
        return values[self.first : self.first + self.group.inputs.size].reshape(shape)

    @property
    def outputs(self) -> slice:
        """The rows that the group fills."""
        return slice(self.filled, self.filled + self.group.outputs.size)


class ReducedPlan:
    """The part of a plan that the values of nodes, their outcomes and some named values depend on.

    Parameters
    ----------
    plan
        Compiled protocol.
    named
        Named values to keep.
    """

    def __init__(self, plan: Plan, named: Iterable[str] = ()) -> None:
        self.plan = plan
        names = tuple(named)
        outcomes = [node.outcome.slot for node in plan.nodes.values() if node.outcome is not None]
        wanted = np.unique(
            np.array([*plan.values, *outcomes, *(plan.named[name] for name in names)], np.intp)
        )
        groups, used = needed(plan, wanted)
        self.shown = _shown(plan, wanted, names)
        self._layout(groups, used)
        self.wanted = self.row[wanted]
        # values and outcomes: stars stay open where a line is known only to lie between two numbers
        self.results = self.row[plan.results]
        self._space: tuple[Array, Array] | None = None

    def _layout(self, groups: list[Group], used: NDArray[np.bool_]) -> None:
        """Give the slots that are left their rows: facts, what is known of facts, what operations fill."""
        plan = self.plan
        raw_of = np.full(plan.slots, -1, np.intp)
        raw_of[plan.raws[:, 1]] = plan.raws[:, 0]
        given = [bool((raw_of[group.inputs] >= 0).all()) for group in groups]
        # facts that only such groups read are taken where they lie
        read = used.copy()
        read[plan.raws[:, 1]] = False
        for group, direct in zip(groups, given, strict=True):
            if not direct:
                read[group.inputs] = used[group.inputs]
        self.bounded = np.flatnonzero(read[: len(plan.facts)])
        presence = plan.presence[read[plan.presence[:, 1]]]
        known_any = [(slot, facts) for slot, facts in plan.known_any if read[slot]]
        raws = plan.raws[read[plan.raws[:, 1]]]
        ordered = [
            self.bounded,
            presence[:, 1],
            np.array([slot for slot, _ in known_any], np.intp),
            raws[:, 1],
            *(group.outputs.ravel() for group in groups),
        ]
        slots = np.concatenate(ordered)
        self.row = np.full(plan.slots, -1, np.intp)
        self.row[slots] = np.arange(len(slots))
        self.rows = len(slots)
        self.presence = np.stack([presence[:, 0], self.row[presence[:, 1]]], axis=1)
        self.known_any = [(int(self.row[slot]), facts) for slot, facts in known_any]
        self.raws = np.stack([raws[:, 0], self.row[raws[:, 1]]], axis=1)
        self.least, self.most = plan.least[self.bounded, None], plan.most[self.bounded, None]
        self.steps = []
        for group, direct in zip(groups, given, strict=True):
            inputs = raw_of[group.inputs] if direct else self.row[group.inputs]
            flat = inputs.ravel()
            first = int(flat[0]) if flat.size and bool((np.diff(flat) == 1).all()) else None
            own = msgspec.structs.replace(group, inputs=inputs, outputs=self.row[group.outputs])
            self.steps.append(_Step(own, direct, first, int(own.outputs.flat[0])))

    def evaluate(self, facts: Array, missing: NDArray[np.bool_] | None = None) -> Evaluation:
        """Evaluate cars.

        Parameters
        ----------
        facts
            As in `carindex.rating.evaluate`: ``(facts, cars)``, NaN where a fact is missing.
        missing
            Cars that lack a fact, if that is known already.

        Returns
        -------
        Evaluation
            Bounds of the values of all nodes, of their outcomes and of the named values that were asked for; its plan
            knows these slots only.
        """
        cars = facts.shape[1]
        low = np.empty((len(self.wanted), cars))
        high = low
        for start in range(0, cars, CARS_AT_ONCE):
            part = slice(start, min(cars, start + CARS_AT_ONCE))
            block = facts[:, part]
            lacking = _lacking(block) if missing is None else missing[part]
            high = self._block(block, lacking, part, low, high)
        return Evaluation(self.shown, low, high)

    def _block(self, block: Array, lacking: NDArray[np.bool_], part: slice, low: Array, high: Array) -> Array:
        """Evaluate a block and put its results in place; returns the upper values, apart from now on if need be."""
        # cars about which all is known take a shorter way, as in `evaluate`
        kinds = [lacking] if lacking.all() else [~lacking, lacking] if lacking.any() else [~lacking]
        for cars in kinds:
            some = block if cars.all() else np.ascontiguousarray(block[:, cars])
            where = np.arange(part.start, part.stop)[cars] if len(kinds) > 1 else part
            lower, upper = self._run(some, cars is lacking)
            if upper is not lower and high is low:
                high = low.copy()
            low[:, where] = lower[self.wanted]
            if high is not low:
                high[:, where] = upper[self.wanted]
        return high

    def _run(self, facts: Array, incomplete: bool) -> tuple[Array, Array]:
        if not incomplete:
            low, _ = self._filled(facts, False)
            if not np.isnan(low[self.results]).any():
                return low, low
        # bounds, also where a value stays open though all facts are known, because a rule says so
        return self._filled(facts, True)

    def _filled(self, facts: Array, bounds: bool) -> tuple[Array, Array]:
        """Fill the workspace for some cars and return their part of it."""
        cars = facts.shape[1]
        if self._space is None or self._space[0].shape[1] < cars:
            shape = (self.rows, cars)
            self._space = np.empty(shape), np.empty(shape)
            # The C library keeps the memory of freed arrays up to the size of the largest one that it has seen
            # freed; after this untouched one kernels get the same pages again, block after block.
            np.empty(_KEPT, np.uint8)
        low = self._space[0][:, :cars]
        high = self._space[1][:, :cars] if bounds else low
        own, count = facts[self.bounded], len(self.bounded)
        open_ = np.zeros(self.rows if bounds else 0, bool)
        if bounds:
            unknown = np.isnan(own)
            low[:count] = np.where(unknown, self.least, own)
            high[:count] = np.where(unknown, self.most, own)
            open_[:count] = unknown.any(axis=1)
        else:
            low[:count] = own
        for values in (low, high) if bounds else (low,):
            values[self.presence[:, 1]] = ~np.isnan(facts[self.presence[:, 0]])
            for row, some in self.known_any:
                values[row] = ~np.isnan(facts[some]).all(axis=0)
            values[self.raws[:, 1]] = facts[self.raws[:, 0]]
        if bounds:
            open_[self.raws[:, 1]] = np.isnan(facts[self.raws[:, 0]]).any(axis=1)
        for step in self.steps:
            if bounds:
                self._bounded_step(step, facts, low, high, open_)
            else:
                self._step(step, facts, low)
        return low, high

    @staticmethod
    def _step(step: _Step, facts: Array, values: Array) -> None:
        """Work out values of cars about which all is known."""
        own = step.inputs(facts if step.given else values)
        out, _ = KERNELS[step.group.kernel](step.group.parameters, own, own)
        values[step.outputs] = out.reshape(-1, values.shape[1])

    @staticmethod
    def _bounded_step(step: _Step, facts: Array, low: Array, high: Array, open_: NDArray[np.bool_]) -> None:
        """Work out bounds; only once where the inputs are known of every car, which ``open_`` tells of each row."""
        group, cars = step.group, low.shape[1]
        kernel, outputs = KERNELS[group.kernel], step.outputs
        below = step.inputs(facts if step.given else low)
        known = not (np.isnan(below).any() if step.given else open_[group.inputs].any())
        if known:
            out, _ = kernel(group.parameters, below, below)
            out = out.reshape(-1, cars)
            if not np.isnan(out).any():  # else a value stays open though all facts are known
                low[outputs] = high[outputs] = out
                return
        # another array object tells kernels that not all is known, though the numbers are the same ones
        above = below.view() if step.given or known else step.inputs(high)
        for values, found in zip((low, high), kernel(group.parameters, below, above), strict=True):
            values[outputs] = found.reshape(-1, cars)
        np.any(low[outputs] != high[outputs], axis=1, out=open_[outputs])


def _lacking(facts: Array) -> NDArray[np.bool_]:
    """Return which cars lack a fact; looks no further once all of them do."""
    lacking = np.zeros(facts.shape[1], bool)
    for start in range(0, len(facts), _FACTS_AT_ONCE):
        lacking |= np.isnan(facts[start : start + _FACTS_AT_ONCE]).any(axis=0)
        if lacking.all():
            break
    return lacking


def needed(plan: Plan, wanted: Slots) -> tuple[list[Group], NDArray[np.bool_]]:
    """Return the operations that wanted slots depend on, without what only explains, and the slots these read or fill.

    Parameters
    ----------
    plan
        Compiled protocol.
    wanted
        Slots that are asked for.
    """
    used = np.zeros(plan.slots, bool)
    used[wanted] = True
    found: list[Group] = []
    for group in reversed(plan.groups):
        outputs = group.outputs.reshape(len(group.inputs), -1)
        keep = np.asarray(used[outputs].any(axis=1), bool)
        if not keep.any():
            continue
        own = _without_details(_part(group, keep), used)
        used[own.inputs] = True
        found.append(own)
    return found[::-1], used


def _part(group: Group, keep: NDArray[np.bool_]) -> Group:
    """Return a group with some of its operations only."""
    if keep.all():
        return group
    parameters = {
        name: value[keep] if isinstance(value, np.ndarray) else value
        for name, value in group.parameters.items()
    }
    return Group(group.kernel, group.inputs[keep], group.outputs[keep], parameters)


def _without_details(group: Group, used: NDArray[np.bool_]) -> Group:
    """Tell a kernel to leave its details away if nothing of them is needed."""
    if group.kernel not in HEADS:
        return group
    heads = HEADS[group.kernel](group.parameters)
    if used[group.outputs[:, heads:]].any():
        return group
    parameters: Mapping[str, Any] = {**group.parameters, "details": False}
    return Group(group.kernel, group.inputs, np.ascontiguousarray(group.outputs[:, :heads]), parameters)


def _shown(plan: Plan, wanted: Slots, names: tuple[str, ...]) -> Plan:
    """Return a plan whose slots are the wanted ones only, to look results up with."""
    place = {int(slot): row for row, slot in enumerate(wanted)}
    nodes = {}
    for path, node in plan.nodes.items():
        outcome = node.outcome
        if outcome is not None:
            outcome = msgspec.structs.replace(outcome, slot=place[outcome.slot])
        nodes[path] = msgspec.structs.replace(node, value=place[node.value], outcome=outcome)
    kept = {name: place[plan.named[name]] for name in names}
    return replace(plan, slots=len(wanted), groups=(), nodes=nodes, named=kept)
