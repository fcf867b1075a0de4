"""What of a protocol a goal hangs on: which operations mix levers, which slots each lever decides alone.

A slot that a single lever decides is a function of that lever's value, whatever the operations on the way are, and is
tabulated by running them. Only operations that mix levers have to be written as constraints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from carindex.alignment.improvement.goals import Goal
from carindex.alignment.improvement.slicing import COLUMNS_AT_ONCE, Operation, Slice
from carindex.rating.kernels import Array
from carindex.rating.plan import Plan

CONSTANT, MIXED = -1, -2
HIGH, LOW = 1, 2
"""Whether a slot helps the goal when it is high, when it is low, or (both) one does not know."""

Interval = tuple[float, float]
Assignment = Mapping[int, Interval]
"""Value of slots that come from outside (facts, stated scores), as an interval; NaN for a missing fact."""


@dataclass(frozen=True)
class Part:
    """One protocol with its goals, and the car as it is.

    ``base``: the facts, ``(facts,)``, NaN where one is missing. ``over``: the stated values of slots.
    """

    plan: Plan
    goals: tuple[Goal, ...]
    slice: Slice
    base: Array
    over: Mapping[int, float]

    def run(self, assignments: Sequence[Assignment]) -> tuple[Array, Array]:
        """Return the bounds of all slots for variations of the car, ``(slots, n)``."""
        n = len(assignments)
        row_of = self.slice.row_of
        low = np.repeat(self.base[self.slice.facts, None], n, axis=1)
        high = low.copy()
        stated = list(self.over)
        above = np.repeat(np.array([self.over[slot] for slot in stated])[:, None], n, axis=1).reshape(-1, n)
        below = above.copy()
        place = {slot: row for row, slot in enumerate(stated)}
        for column, values in enumerate(assignments):
            for slot, (least, most) in values.items():
                if slot in place:
                    below[place[slot], column], above[place[slot], column] = least, most
                elif slot < len(row_of) and row_of[slot] >= 0:
                    low[row_of[slot], column], high[row_of[slot], column] = least, most
        return self.slice.run(low, high, (below, above) if stated else None)

    def picked(self, assignments: Sequence[Assignment], slots: Sequence[int]) -> tuple[Array, Array]:
        """Return the bounds of some slots for many variations, ``(slots, n)``, a block of variations at a time."""
        rows = np.array(slots, np.intp)
        found = [
            tuple(bound[rows] for bound in self.run(assignments[start : start + COLUMNS_AT_ONCE]))
            for start in range(0, len(assignments), COLUMNS_AT_ONCE)
        ]
        if not found:
            return np.empty((len(rows), 0)), np.empty((len(rows), 0))
        return np.concatenate([a for a, _ in found], axis=1), np.concatenate([b for _, b in found], axis=1)


@dataclass(frozen=True)
class Analysis:
    """What the goals of a part hang on.

    Attributes
    ----------
    part
        The protocol, its goals and the car.
    low, high
        Bounds of every slot over all that levers can do, ``(slots,)``.
    depends
        Which lever decides each slot alone; `CONSTANT` for none, `MIXED` for several.
    wanted
        Which way each slot that matters helps, a mask of `HIGH` and `LOW`; 0 where it does not matter.
    mixing
        Operations that mix levers and matter, in the order in which they are worked out.
    frontier
        Slots that one lever decides and that such an operation, or a goal, reads.
    """

    part: Part
    low: Array
    high: Array
    depends: NDArray[np.intp]
    wanted: NDArray[np.int8]
    mixing: list[Operation] = field(default_factory=list)
    frontier: list[int] = field(default_factory=list)

    def constant(self, slot: int) -> bool:
        """Whether no lever moves a slot."""
        return bool(self.depends[slot] == CONSTANT)

    def value(self, slot: int) -> float:
        """Return the value of a constant slot, of an open one that of its bounds that hurts."""
        return float(self.low[slot] if self.wanted[slot] & HIGH or not self.wanted[slot] else self.high[slot])

    def relevant(self, operation: Operation) -> list[int]:
        """Return the inputs of a least or greatest that can ever be it, all inputs of other operations."""
        inputs = operation.inputs
        if operation.kernel == "minimum":
            line = min(self.high[slot] for slot in inputs)
            kept = [slot for slot in inputs if self.low[slot] < line]
        elif operation.kernel == "maximum":
            line = max(self.low[slot] for slot in inputs)
            kept = [slot for slot in inputs if self.high[slot] > line]
        else:
            return inputs
        decisive = [slot for slot in inputs if slot not in kept and self._at(slot, line)]
        return list(dict.fromkeys([*kept, *decisive[:1]]))

    def _at(self, slot: int, line: float) -> bool:
        return bool(self.low[slot] == line or self.high[slot] == line)

    def chosen(self, operation: Operation) -> int | None:
        """Return the only input that a choice can give, ``None`` where it is open."""
        selector = operation.inputs[0]
        if not self.constant(selector) or self.low[selector] != self.high[selector]:
            return None
        index = int(np.clip(np.rint(self.low[selector]), 0, len(operation.inputs) - 2))
        return operation.inputs[1 + index]


def signs(operation: Operation) -> list[int]:
    """Return for each input of an operation whether its output rises (1), falls (−1) or may do both (0) with it."""
    kernel, count = operation.kernel, len(operation.inputs)
    if kernel == "linear":
        return [1 if weight >= 0 else -1 for weight in operation.of("weights")]
    if kernel in ("minimum", "maximum", "clip", "clip_open", "rounding", "best_of", "joint_risk", "surely"):
        return [1] * count
    if kernel in ("steps", "curve"):
        rises = np.diff(operation.of("values" if kernel == "steps" else "y"))
        turned = -1 if operation.of("divisor") < 0 else 1
        return [turned if (rises >= 0).all() else -turned if (rises <= 0).all() else 0]
    if kernel == "compare":
        turned = -1 if operation.of("divisor") < 0 else 1
        if np.isinf(operation.of("most")):
            return [turned]
        return [-turned] if np.isinf(operation.of("least")) else [0]
    if kernel == "choose":
        return [0] + [1] * (count - 1)
    if kernel in ("between", "compensate"):
        return [1] * (count - (kernel == "compensate")) + [0] * (kernel == "compensate")
    if kernel in ("share", "worst_that_applies"):
        return [1] * (count // 2) + [0] * (count - count // 2)
    if kernel == "share_of_varying":
        return [1] * (count // 3) + [0] * (count - count // 3)
    return [0] * count


def dependencies(
    slice_: Slice, low: Array, high: Array, sources: Mapping[int, int], opening: Mapping[int, int]
) -> NDArray[np.intp]:
    """Return which lever decides each slot alone.

    Parameters
    ----------
    slice_
        Operations.
    low, high
        Bounds of every slot over all that levers can do.
    sources
        Number of the lever of each slot that comes from outside.
    opening
        The same of facts that may be known or not.
    """
    plan = slice_.plan
    depends = np.full(plan.slots, CONSTANT, np.intp)
    still = (low == high) | (np.isnan(low) & np.isnan(high))
    for slot, lever in sources.items():
        depends[slot] = lever
    for fact, slot in plan.raws:
        depends[slot] = depends[fact]
    for fact, slot in plan.presence:
        depends[slot] = opening.get(int(fact), CONSTANT)
    for slot, facts in plan.known_any:
        depends[slot] = _joined([opening.get(int(fact), CONSTANT) for fact in facts])
    stated = set(slice_.stated.tolist())
    for group in slice_.groups:
        given = depends[group.inputs]
        if group.kernel == "minimum":
            given = np.where(low[group.inputs] >= high[group.inputs].min(axis=1)[:, None], CONSTANT, given)
        elif group.kernel == "maximum":
            given = np.where(high[group.inputs] <= low[group.inputs].max(axis=1)[:, None], CONSTANT, given)
        most = given.max(axis=1)
        mixed = ((given != CONSTANT) & (given != most[:, None])).any(axis=1)
        found = np.where(mixed, MIXED, most)
        if group.kernel == "choose":
            selector = group.inputs[:, 0]
            decided = (depends[selector] == CONSTANT) & (low[selector] == high[selector])
            index = np.clip(np.rint(np.nan_to_num(low[selector])), 0, given.shape[1] - 2).astype(np.intp)
            found = np.where(decided, given[np.arange(len(given)), 1 + index], found)
        outputs = group.outputs if group.outputs.ndim == 2 else group.outputs[:, None]
        depends[outputs] = np.where(still[outputs], CONSTANT, found[:, None])
        if stated:
            for slot in stated.intersection(outputs.ravel().tolist()):
                depends[slot] = sources.get(slot, CONSTANT)
    return depends


def _joined(levers: Sequence[int]) -> int:
    some = {lever for lever in levers if lever != CONSTANT}
    return CONSTANT if not some else some.pop() if len(some) == 1 else MIXED


def analysed(
    part: Part, bounds: tuple[Array, Array], sources: Mapping[int, int], opening: Mapping[int, int]
) -> Analysis:
    """Return what the goals of a part hang on, for given levers; parameters as of `dependencies`."""
    low, high = bounds
    depends = dependencies(part.slice, low, high, sources, opening)
    found = Analysis(part, low, high, depends, np.zeros(part.plan.slots, np.int8))
    wanted = found.wanted
    for goal in part.goals:
        wanted[goal.slot] |= LOW if goal.falling else HIGH
    stated = set(part.slice.stated.tolist())
    for operation in reversed(list(part.slice.operations())):
        outputs = operation.outputs
        live = [slot for slot in outputs if wanted[slot] and depends[slot] == MIXED and slot not in stated]
        if not live:
            continue
        ways = 0
        for slot in live:
            ways |= int(wanted[slot])
        found.mixing.append(operation)
        only = found.chosen(operation) if operation.kernel == "choose" else None
        relevant = set(found.relevant(operation)) if only is None else {only}
        for slot, sign in zip(operation.inputs, signs(operation), strict=True):
            if slot in relevant:
                wanted[slot] |= ways if sign > 0 else _turned(ways) if sign < 0 else HIGH | LOW
    found.mixing.reverse()
    read = {slot for operation in found.mixing for slot in operation.inputs if wanted[slot]}
    read |= {goal.slot for goal in part.goals}
    found.frontier.extend(sorted(slot for slot in read if depends[slot] >= 0))
    return found


def _turned(ways: int) -> int:
    return (LOW if ways & HIGH else 0) | (HIGH if ways & LOW else 0)


def limits_of(slice_: Slice) -> dict[int, tuple[float, ...]]:
    """Return the values of each slot at which some rule changes, followed back to what comes from outside.

    They are followed through whatever leaves a value as it is or only scales it: units, signs, roundings, the least or
    greatest of several, choices.
    """
    found: dict[int, set[float]] = {}
    for operation in reversed(list(slice_.operations())):
        own = _own_limits(operation)
        handed: set[float] = set()
        for slot in operation.outputs[:1]:
            handed |= found.get(slot, set())
        kernel, inputs = operation.kernel, operation.inputs
        if own:
            found.setdefault(inputs[0], set()).update(own)
        if not handed:
            continue
        if kernel == "linear":
            weights, constant = operation.of("weights"), float(operation.of("constant"))
            if len(inputs) == 1 and weights[0]:
                moved = {float((value - constant) / weights[0]) for value in handed}
                found.setdefault(inputs[0], set()).update(moved)
        elif kernel in ("minimum", "maximum", "rounding", "clip", "clip_open"):
            for slot in inputs:
                found.setdefault(slot, set()).update(handed)
        elif kernel == "choose":
            for slot in inputs[1:]:
                found.setdefault(slot, set()).update(handed)
    for fact, slot in slice_.plan.raws:
        if int(slot) in found:
            found.setdefault(int(fact), set()).update(found[int(slot)])
    return {
        slot: tuple(sorted(value for value in some if np.isfinite(value))) for slot, some in found.items()
    }


def _own_limits(operation: Operation) -> set[float]:
    kernel = operation.kernel
    names = {
        "curve": ("x",),
        "steps": ("thresholds",),
        "compare": ("least", "most"),
        "criterion": ("thresholds", "gate", "cap"),
    }.get(kernel, ())
    if not names:
        return set()
    divisor = float(operation.of("divisor"))
    values = np.concatenate([np.atleast_1d(operation.of(name)) for name in names])
    # a line that is not met itself lies one binary fraction beside the number that is meant
    return {float(f"{value * divisor:.12g}") for value in values if np.isfinite(value)}
