"""Rate many sets of changes quickly: what one lever decides is worked out once, what mixes levers for each set.

A set of changes differs from the next in few levers. The slots that a lever, or a block of them, decides alone are kept
by its values; only the operations that mix levers run again. Results are those of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from carindex.alignment.improvement.blocks import put
from carindex.alignment.improvement.levers import Lever
from carindex.alignment.improvement.model import Structure
from carindex.alignment.improvement.slicing import Slice
from carindex.alignment.improvement.structure import Analysis, Part
from carindex.rating.kernels import KERNELS, Array
from carindex.rating.plan import Group

Values = Mapping[str, float]
State = tuple[tuple[str, float], ...]


class Quick:
    """Tells which sets of changes reach the goals.

    Parameters
    ----------
    structure
        Levers, blocks, and how the goals hang on them.
    """

    def __init__(self, structure: Structure) -> None:
        members: dict[int, tuple[Lever, ...]] = {n: (lever,) for n, lever in structure.levers.items()}
        members |= {n: block.levers for n, block in structure.blocks.items()}
        self.levers = {lever.name: lever for some in members.values() for lever in some}
        self.owner = {lever.name: n for n, some in members.items() for lever in some}
        self.numbers = tuple(members)
        self.parts = [_Mixed(analysis) for analysis in structure.analyses]
        self._known: dict[tuple[int, int, State], tuple[Array, Array]] = {}

    def reached(self, values: Sequence[Values]) -> Array:
        """Return which sets of new values surely reach all goals, ``(n,)``."""
        if not values:
            return np.zeros(0, bool)
        states = [self._states(one) for one in values]
        self._work_out(states)
        out = np.ones(len(values), bool)
        for part, mixed in enumerate(self.parts):
            bounds = [np.repeat(end[:, None], len(values), axis=1) for end in mixed.ends]
            for number, slots in mixed.slots_of.items():
                rows = mixed.rows_of[slots]
                for side in (0, 1):
                    bounds[side][rows] = np.stack(
                        [self._known[part, number, state.get(number, ())][side] for state in states], axis=1
                    )
            out &= mixed.reached(bounds[0], bounds[1])
        return out

    def _states(self, values: Values) -> dict[int, State]:
        found: dict[int, list[tuple[str, float]]] = {}
        for name, value in values.items():
            if name in self.owner:
                found.setdefault(self.owner[name], []).append((name, value))
        return {number: tuple(sorted(some)) for number, some in found.items()}

    def _work_out(self, states: Sequence[Mapping[int, State]]) -> None:
        for part, mixed in enumerate(self.parts):
            for number, slots in mixed.slots_of.items():
                asked = list(dict.fromkeys(state.get(number, ()) for state in states))
                asked = [state for state in asked if (part, number, state) not in self._known]
                if not asked:
                    continue
                own = mixed.alone(number)
                columns = [put(dict(state), self.levers).get(part, {}) for state in asked]
                low, high = own.picked(columns, slots)
                for column, state in enumerate(asked):
                    self._known[part, number, state] = low[:, column], high[:, column]


class _Mixed:
    """The operations of one part that mix levers, on rows of their own; ``ends``: values of rows that never change."""

    def __init__(self, analysis: Analysis) -> None:
        self.part = analysis.part
        self.slots_of: dict[int, list[int]] = {}
        for slot in analysis.frontier:
            self.slots_of.setdefault(int(analysis.depends[slot]), []).append(slot)
        rows: dict[int, list[int]] = {}
        groups: dict[int, Group] = {}
        for operation in analysis.mixing:
            rows.setdefault(id(operation.group), []).append(operation.row)
            groups[id(operation.group)] = operation.group
        # in the order of the slice, so that what is read has been filled
        order = [group for group in analysis.part.slice.groups if id(group) in groups]
        self.groups = [_some(group, rows[id(group)]) for group in order]
        touched = [goal.slot for goal in self.part.goals] + analysis.frontier
        for group in self.groups:
            touched += group.inputs.ravel().tolist() + group.outputs.ravel().tolist()
        slots = np.unique(np.array(touched, np.intp))
        self.rows_of = np.full(analysis.part.plan.slots, -1, np.intp)
        self.rows_of[slots] = np.arange(len(slots))
        low, high = analysis.part.picked([{}], slots.tolist())
        self.ends = low[:, 0], high[:, 0]
        self._alone: dict[int, Part] = {}

    def alone(self, number: int) -> Part:
        """Return the part with what one lever decides only."""
        if number not in self._alone:
            own = Slice(self.part.plan, self.slots_of[number], self.part.slice.stated)
            self._alone[number] = replace(self.part, slice=own)
        return self._alone[number]

    def reached(self, low: Array, high: Array) -> Array:
        """Run what mixes levers and return which variations reach the goals."""
        for group in self.groups:
            inputs, outputs = self.rows_of[group.inputs], self.rows_of[group.outputs]
            low[outputs], high[outputs] = KERNELS[group.kernel](group.parameters, low[inputs], high[inputs])
        out = np.ones(low.shape[1], bool)
        for goal in self.part.goals:
            out &= msgspec.structs.replace(goal, slot=int(self.rows_of[goal.slot])).reached(low, high)
        return out


def _some(group: Group, rows: Sequence[int]) -> Group:
    """Return a group with some of its operations only."""
    at = np.array(sorted(set(rows)), np.intp)
    parameters = {
        name: value[at] if isinstance(value, np.ndarray) else value
        for name, value in group.parameters.items()
    }
    return Group(group.kernel, group.inputs[at], group.outputs[at], parameters)
