"""One car in many variations of what is missing: only what can still change is worked out, and only what is asked.

What no missing fact reaches, and every node whose score is settled already, is taken from one evaluation of the car;
the operations that are left run over all variations at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.rating.evaluation import Evaluation, evaluate, run_groups
from carindex.rating.kernels import Array
from carindex.rating.plan import Group, Plan
from carindex.rating.reduced import needed

_VALUES_AT_ONCE = 2 << 20
"""So many values (rows times variations) are worked on together, for the memory's sake."""


class Variations:
    """A car of which facts are missing, ready to be evaluated with some of them filled in.

    Parameters
    ----------
    plan
        Compiled protocol.
    column
        Facts of the car, shape ``(facts,)``, NaN where one is missing.
    assumed
        Scores put in from outside, by node; see `carindex.rating.evaluate`.
    slots
        Slots that will be asked for.
    evaluation
        The car evaluated as it is, where it has been already.

    Attributes
    ----------
    low, high
        Bounds of all slots with the facts as they are, shape ``(slots,)``.
    reached
        Slots that a missing fact can still change.
    """

    def __init__(
        self,
        plan: Plan,
        column: Array,
        assumed: Mapping[str, float],
        slots: Iterable[int],
        evaluation: Evaluation | None = None,
    ) -> None:
        self.plan, self.column = plan, column
        base = evaluation or evaluate(plan, column[:, None], assumed)
        self.low, self.high = base.low[:, 0], base.high[:, 0]
        self.missing = np.isnan(column)
        # what is settled stays as it is whatever is filled in: a fact more never widens a node
        self._settled = np.zeros(plan.slots, bool)
        self._settled[plan.results] = self.low[plan.results] == self.high[plan.results]
        self._settled[[plan.nodes[path].value for path in assumed]] = True
        self.reached = self._reach(self.missing)
        self.slots = np.array(sorted(set(slots)), np.intp)
        open_groups = tuple(part for group in plan.groups if (part := self._open(group)) is not None)
        wanted = self.slots[self.reached[self.slots]]
        groups, used = needed(replace(plan, groups=open_groups), wanted)
        used[self.slots] = True
        self._rows = np.flatnonzero(used)
        self._row = np.full(plan.slots, -1, np.intp)
        self._row[self._rows] = np.arange(len(self._rows))
        self._groups = [
            msgspec.structs.replace(group, inputs=self._row[group.inputs], outputs=self._row[group.outputs])
            for group in groups
        ]
        # an operation with several outputs may also fill one that is stated, which keeps what is stated
        stated = [plan.nodes[path].value for path in assumed if used[plan.nodes[path].value]]
        self._stated = {int(self._row[slot]): float(self.low[slot]) for slot in stated}
        presence, raws = plan.presence, plan.raws
        self._facts = self._rows[self._rows < len(plan.facts)]
        self._presence = presence[used[presence[:, 1]]]
        self._raws = raws[used[raws[:, 1]]]
        self._known_any = [(slot, facts) for slot, facts in plan.known_any if used[slot]]

    def _reach(self, facts: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the slots that some facts can change, shape ``(slots,)``."""
        plan = self.plan
        found = np.zeros(plan.slots, bool)
        found[: len(facts)] = facts
        for pairs in (plan.presence, plan.raws):
            found[pairs[:, 1]] = facts[pairs[:, 0]]
        for slot, some in plan.known_any:
            found[slot] = facts[some].any()
        found &= ~self._settled
        for group in plan.groups:
            changes = np.asarray(found[group.inputs].any(axis=1), np.bool_).reshape(-1)
            outputs = group.outputs.reshape(len(group.inputs), -1)
            found[outputs] = changes[:, None] & ~self._settled[outputs]
        return found

    def reach(self, facts: Iterable[int]) -> NDArray[np.bool_]:
        """Return which slots missing facts, by number, can change; shape ``(slots,)``. What is settled is not."""
        some = np.zeros(len(self.plan.facts), bool)
        some[list(facts)] = True
        return self._reach(some)

    def _open(self, group: Group) -> Group | None:
        """Return the operations of a group that can still give something else."""
        outputs = group.outputs.reshape(len(group.inputs), -1)
        keep = self.reached[outputs].any(axis=1)
        if not keep.any():
            return None
        parameters = {
            name: value[keep] if isinstance(value, np.ndarray) else value
            for name, value in group.parameters.items()
        }
        return Group(group.kernel, group.inputs[keep], group.outputs[keep], parameters)

    def bounds(self, facts: Array) -> tuple[Array, Array]:
        """Return lower and upper value of the slots asked for, in their order in ``slots``.

        Parameters
        ----------
        facts
            Facts of each variation, shape ``(facts, n)``, NaN where one stays missing. They differ from the car only in
            facts that are missing of it.

        Returns
        -------
        tuple of array
            Lower and upper values, each of shape ``(slots, n)``.
        """
        n = facts.shape[1]
        low, high = np.empty((2, len(self.slots), n))
        rows = self._row[self.slots]
        step = max(1, _VALUES_AT_ONCE // max(1, len(self._rows)))
        for start in range(0, n, step):
            part = slice(start, min(n, start + step))
            below, above = self._run(facts[:, part])
            low[:, part], high[:, part] = below[rows], above[rows]
        return low, high

    def _run(self, facts: Array) -> tuple[Array, Array]:
        n = facts.shape[1]
        low = np.repeat(self.low[self._rows, None], n, axis=1)
        high = np.repeat(self.high[self._rows, None], n, axis=1)
        own = facts[self._facts]
        unknown, count = np.isnan(own), len(self._facts)
        low[:count] = np.where(unknown, self.plan.least[self._facts, None], own)
        high[:count] = np.where(unknown, self.plan.most[self._facts, None], own)
        for values in (low, high):
            values[self._row[self._presence[:, 1]]] = ~np.isnan(facts[self._presence[:, 0]])
            values[self._row[self._raws[:, 1]]] = facts[self._raws[:, 0]]
            for slot, some in self._known_any:
                values[self._row[slot]] = ~np.isnan(facts[some]).all(axis=0)
        run_groups(self._groups, low, high, self._stated)
        return low, high
