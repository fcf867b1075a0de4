"""A plan specialised on what is known of one car and does not vary: many variants of that car, and only what differs.

Of a car that is looked at again and again with some facts a little other, most operations give the same values every
time. They are worked out once; what is left are the operations that a varying fact reaches and a wanted slot depends
on. The results are those of `evaluate`, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.rating.evaluation import Evaluation
from carindex.rating.kernels import KERNELS, Array
from carindex.rating.plan import Group, Plan
from carindex.rating.reduced import part_of, without_details

Slots = NDArray[np.intp]


# Variants that are worked on together: what is read and written of them stays in the processor's cache.
_AT_ONCE = 512


@dataclass(frozen=True)
class _Step:
    """Operations on rows of the workspace.

    ``exact``: all that they read is known, whatever varies. ``low``, ``high``: what they read, a row an input, with the
    constants in place; the entries ``varying`` of them are read from the rows ``rows`` of the workspace.
    """

    group: Group
    exact: bool
    varying: Slots
    rows: Slots
    low: Array
    high: Array


class SpecialisedPlan:
    """The part of a plan that varying facts reach and wanted slots depend on.

    Parameters
    ----------
    base
        Evaluation of the one car whose facts vary; scores stated for its nodes stay.
    varying
        Facts that vary, by their slots; they must be known.
    wanted
        Slots whose values are asked for.
    """

    def __init__(self, base: Evaluation, varying: Sequence[int], wanted: Sequence[int]) -> None:
        self.plan: Plan = base.plan
        plan = base.plan
        self.varying = np.array(varying, np.intp)
        self.wanted = np.array(wanted, np.intp)
        self.low, self.high = base.low[:, 0], base.high[:, 0]
        fixed = _fixed(base)
        self.reached = _reached(plan, self.varying, fixed)
        groups, used = _needed(plan, self.reached, fixed, self.wanted)
        self._layout(groups, used)

    @property
    def operations(self) -> int:
        """How many operations are left."""
        return sum(len(step.group.inputs) for step in self._steps)

    def _layout(self, groups: Sequence[Group], used: NDArray[np.bool_]) -> None:
        """Give rows to the facts that vary, to what does not, and to what operations fill."""
        plan = self.plan
        raws = [(int(fact), int(slot)) for fact, slot in plan.raws if used[slot] and self.reached[slot]]
        filled = [group.outputs.ravel() for group in groups]
        slots = np.concatenate([self.varying, np.array([slot for _, slot in raws], np.intp), *filled])
        row = np.full(plan.slots, -1, np.intp)
        row[slots] = np.arange(len(slots))
        self._rows = len(slots)
        place = {int(fact): i for i, fact in enumerate(self.varying)}
        self._raws = [(place[fact], int(row[slot])) for fact, slot in raws]
        open_ = np.zeros(plan.slots, bool)
        constants = used & ~self.reached
        open_[constants] = self.low[constants] != self.high[constants]
        self._steps: list[_Step] = []
        for group in groups:
            inexact = np.asarray(open_[group.inputs].any(axis=1), bool)
            outputs = group.outputs.reshape(len(group.inputs), -1)
            open_[outputs[inexact]] = True
            known = np.logical_not(inexact)
            for keep, exact in ((known, True), (inexact, False)):
                if keep.any():
                    self._steps.append(self._step(part_of(group, keep), row, exact))
        self._open = not all(step.exact for step in self._steps)
        # a value that a rule leaves open though all facts are known shows as NaN there
        results = plan.results
        self._checked = row[results[used[results] & self.reached[results]]]
        self._wanted_rows = row[self.wanted]
        self._wanted_vary = self.reached[self.wanted]

    def _step(self, group: Group, row: Slots, exact: bool) -> _Step:
        """Lay the constants ready that operations read."""
        flat = group.inputs.ravel()
        varying = np.flatnonzero(self.reached[flat])
        own = msgspec.structs.replace(group, outputs=row[group.outputs])
        ready = [
            np.repeat(values[flat][:, None], _AT_ONCE, axis=1)
            for values in ((self.low,) if exact else (self.low, self.high))
        ]
        return _Step(own, exact, varying, row[flat[varying]], ready[0], ready[-1])

    def blocks(self, values: Array) -> Iterator[tuple[slice, Array, Array]]:
        """Evaluate variants block by block.

        Parameters
        ----------
        values
            Values of the varying facts, shape ``(varying, variants)``, without NaN.

        Yields
        ------
        slice, array, array
            Which variants, and lower and upper values of the wanted slots, shape ``(wanted, variants of the block)``;
            the same object twice where all is known.
        """
        for start in range(0, values.shape[1], _AT_ONCE):
            part = slice(start, min(values.shape[1], start + _AT_ONCE))
            low, high = self._run(values[:, part])
            taken = self._taken(low, self.low)
            yield (
                part,
                taken,
                taken if high is low and not self._wanted_open else self._taken(high, self.high),
            )

    def evaluate(self, values: Array) -> tuple[Array, Array]:
        """Return lower and upper values of the wanted slots for all variants, shape ``(wanted, variants)``."""
        low = np.empty((len(self.wanted), values.shape[1]))
        high = np.empty_like(low)
        for part, below, above in self.blocks(values):
            low[:, part], high[:, part] = below, above
        return low, high

    @property
    def _wanted_open(self) -> bool:
        still = self.wanted[~self._wanted_vary]
        return bool((self.low[still] != self.high[still]).any())

    def _taken(self, values: Array, constants: Array) -> Array:
        out = np.repeat(constants[self.wanted][:, None], values.shape[1], axis=1)
        out[self._wanted_vary] = values[self._wanted_rows[self._wanted_vary]]
        return out

    def _run(self, values: Array) -> tuple[Array, Array]:
        low, high = self._filled(values, bounds=self._open, everywhere=False)
        if np.isnan(low[self._checked]).any():
            return self._filled(values, bounds=True, everywhere=True)
        return low, high

    def _filled(self, values: Array, *, bounds: bool, everywhere: bool) -> tuple[Array, Array]:
        """Fill a workspace; ``everywhere``: work out bounds even where all that is read is known."""
        variants = values.shape[1]
        low = np.empty((self._rows, variants))
        high = np.empty_like(low) if bounds else low
        for space in (low, high) if bounds else (low,):
            space[: len(self.varying)] = values
            for fact, row in self._raws:
                space[row] = values[fact]
        for step in self._steps:
            group = step.group
            below = _read(step, step.low, low)
            above = below
            if bounds and (everywhere or not step.exact):
                # another array object tells kernels that not all is known
                above = _read(step, step.high if step.high is not step.low else step.low.copy(), high)
            out_low, out_high = KERNELS[group.kernel](group.parameters, below, above)
            low[group.outputs] = out_low
            if bounds:
                high[group.outputs] = out_high
        return low, high


def _read(step: _Step, ready: Array, space: Array) -> Array:
    """Return what operations read: constants that lie ready, and the rows of a workspace that vary."""
    variants = space.shape[1]
    shape = (*step.group.inputs.shape, variants)
    if len(step.rows) == len(ready):
        return space[step.rows].reshape(shape)
    ready[step.varying, :variants] = space[step.rows]
    return ready[:, :variants].reshape(shape)


def reached_by(base: Evaluation, varying: Sequence[int]) -> NDArray[np.bool_]:
    """Return which slots any of some facts of a car can change, shape ``(slots,)``."""
    return _reached(base.plan, np.array(varying, np.intp), _fixed(base))


def _fixed(base: Evaluation) -> NDArray[np.bool_]:
    """Return which slots hold scores that are stated."""
    fixed = np.zeros(base.plan.slots, bool)
    fixed[[base.plan.nodes[path].value for path in base.stated]] = True
    return fixed


def _reached(plan: Plan, varying: Slots, fixed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which slots a varying fact reaches."""
    reached = np.zeros(plan.slots, bool)
    reached[varying] = True
    reached[plan.raws[:, 1]] |= reached[plan.raws[:, 0]]
    for group in plan.groups:
        touched = reached[group.inputs].any(axis=1)
        if touched.any():
            outputs = group.outputs.reshape(len(group.inputs), -1)[touched]
            reached[outputs] = ~fixed[outputs]
    return reached


def _needed(
    plan: Plan, reached: NDArray[np.bool_], fixed: NDArray[np.bool_], wanted: Slots
) -> tuple[list[Group], NDArray[np.bool_]]:
    """Return the operations to run again, and which slots these read or fill."""
    used = np.zeros(plan.slots, bool)
    used[wanted[reached[wanted]]] = True
    found: list[Group] = []
    for group in reversed(plan.groups):
        outputs = group.outputs.reshape(len(group.inputs), -1)
        keep = np.asarray((used[outputs] & reached[outputs]).any(axis=1), bool)
        if not keep.any():
            continue
        own = without_details(part_of(group, keep), used)
        used[own.inputs] = True
        found.append(own)
    assert not (fixed & used & reached).any()
    return found[::-1], used
