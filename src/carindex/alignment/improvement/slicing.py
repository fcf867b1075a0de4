"""The part of a protocol's operations that some slots depend on, run for many variations of one car."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels import KERNELS, Array
from carindex.rating.plan import Group, Plan
from carindex.rating.reduced import needed

Slots = NDArray[np.intp]
COLUMNS_AT_ONCE = 256


class Operation(NamedTuple):
    """One operation of a group: its kernel, the slots it reads and fills, its parameters by `Operation.of`."""

    group: Group
    row: int

    @property
    def kernel(self) -> str:
        """Name of the array operation."""
        return self.group.kernel

    @property
    def inputs(self) -> list[int]:
        """Slots that it reads."""
        found: list[int] = self.group.inputs[self.row].tolist()
        return found

    @property
    def outputs(self) -> list[int]:
        """Slots that it fills."""
        found: list[int] = np.atleast_1d(self.group.outputs[self.row]).tolist()
        return found

    def of(self, name: str) -> Any:  # noqa: ANN401 - whatever the parameter table holds
        """Return a parameter of this operation; one that all of its group share as it is."""
        value = self.group.parameters[name]
        return value[self.row] if isinstance(value, np.ndarray) else value


class Slice:
    """What some slots of a plan depend on; ``facts`` are the numbers of the facts among it.

    Parameters
    ----------
    plan
        Compiled protocol.
    wanted
        Slots that are asked for.
    stated
        Slots whose value is put in from outside, whatever is worked out for them (stated scores of nodes).
    """

    def __init__(self, plan: Plan, wanted: Iterable[int], stated: Iterable[int] = ()) -> None:
        self.plan = plan
        self.stated = np.array(list(stated), np.intp)
        self.groups, self.used = needed(plan, np.array(sorted(set(wanted)), np.intp))
        raws, presence = plan.raws[self.used[plan.raws[:, 1]]], plan.presence[self.used[plan.presence[:, 1]]]
        some = [(slot, facts) for slot, facts in plan.known_any if self.used[slot]]
        read = [np.flatnonzero(self.used[: len(plan.facts)]), raws[:, 0], presence[:, 0]]
        self.facts: Slots = np.unique(np.concatenate([*read, *(facts for _, facts in some)]))
        row_of = np.full(len(plan.facts), -1, np.intp)
        row_of[self.facts] = np.arange(len(self.facts))
        self.row_of = row_of
        self._raws = np.stack([row_of[raws[:, 0]], raws[:, 1]], axis=1)
        self._presence = np.stack([row_of[presence[:, 0]], presence[:, 1]], axis=1)
        self._known_any = [(slot, row_of[facts]) for slot, facts in some]
        self._place = {int(slot): row for row, slot in enumerate(self.stated)}
        self._touched = [np.flatnonzero(np.isin(group.outputs.ravel(), self.stated)) for group in self.groups]

    def operations(self) -> Iterator[Operation]:
        """Yield every operation in the order in which it can be worked out."""
        for group in self.groups:
            for row in range(len(group.inputs)):
                yield Operation(group, row)

    @cached_property
    def filled_by(self) -> Mapping[int, Operation]:
        """The operation that fills each slot."""
        return {slot: one for one in self.operations() for slot in one.outputs}

    def run(self, low: Array, high: Array, over: tuple[Array, Array] | None = None) -> tuple[Array, Array]:
        """Return the least and greatest value of every slot that is needed, for variations of the car.

        Parameters
        ----------
        low, high
            Least and greatest value of each of `facts`, ``(facts, n)``; NaN where it is missing.
        over
            The same of the slots put in from outside, ``(stated, n)``.

        Returns
        -------
        tuple of numpy.ndarray
            Bounds of the slots, ``(slots, n)``; rows of slots that are not needed hold nothing of meaning.
        """
        plan, n = self.plan, low.shape[1]
        missing = np.isnan(low)
        bounds = []
        for values, open_ends in ((low, plan.least), (high, plan.most)):
            filled = np.empty((plan.slots, n))
            filled[self.facts] = np.where(missing, open_ends[self.facts, None], values)
            filled[self._presence[:, 1]] = ~missing[self._presence[:, 0]]
            for slot, facts in self._known_any:
                filled[slot] = ~missing[facts].all(axis=0)
            filled[self._raws[:, 1]] = np.where(missing[self._raws[:, 0]], np.nan, values[self._raws[:, 0]])
            bounds.append(filled)
        low_values, high_values = bounds
        for group, touched in zip(self.groups, self._touched, strict=True):
            out = KERNELS[group.kernel](group.parameters, low_values[group.inputs], high_values[group.inputs])
            low_values[group.outputs], high_values[group.outputs] = out
            if over is not None and len(touched):
                for slot in group.outputs.ravel()[touched]:
                    low_values[slot], high_values[slot] = (end[self._place[int(slot)]] for end in over)
        return low_values, high_values
