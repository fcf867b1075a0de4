"""Search the least effort: solve, rate the answer again, look closer where it does not hold, until no more is won."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from carindex.alignment.improvement.assembly import Assembled, Tables, assembled
from carindex.alignment.improvement.levers import ASKED_WEIGHT
from carindex.alignment.improvement.model import Model, Structure, structure_of
from carindex.alignment.improvement.quick import Quick
from carindex.alignment.improvement.tables import Table
from carindex.rating.kernels import Array

Values = Mapping[str, float]

_ROUNDS = 40
_CLOSE = 1e-3
"""Relative gap at which curves are not looked at any closer."""
_NEARER = 6
_STROKES = 24


@dataclass(frozen=True)
class Found:
    """The best answer of a search.

    ``values``: new values, ``None`` where the goals cannot be reached. ``effort``: of the facts that are known.
    ``bound``: no answer takes less effort. ``optimal``: the effort is the bound, to within ``tolerance``.
    """

    values: dict[str, float] | None
    effort: float
    bound: float
    optimal: bool
    tolerance: float
    unreachable: bool = False


class Search:
    """One search on a model.

    Parameters
    ----------
    model
        Car, goals, levers.
    time_limit
        Seconds after which the best answer so far is returned, with the gap that is left.
    """

    def __init__(self, model: Model, time_limit: float) -> None:
        self.model = model
        self.until = time.monotonic() + time_limit
        self.structure: Structure = structure_of(model)
        self.tables = Tables(self.structure)
        self._reached = Quick(self.structure).reached

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.until - time.monotonic()

    def _gap(self, program: Assembled) -> float:
        """Return how near to its optimum a program is solved: no nearer than what it is built of is known."""
        if self.structure.blocks:
            return 1e-2
        return _CLOSE / 2 if program.curved else 1e-6

    def _share(self, program: Assembled) -> float:
        """Return the time for one program; with blocks something is left for the bound."""
        return max(self.left - 1.0, 0.5) if self.structure.blocks else self.left

    def run(self) -> Found:
        """Return the best answer."""
        if self.model.reached([{}])[0]:
            return Found({}, 0.0, 0.0, True, 0.0)
        best = self._asked_alone()
        if best is not None:
            best = self._sure(best)
        if best is not None:
            return Found(best, 0.0, 0.0, True, 0.0)
        made = self.tables.made()
        bound, loosest = 0.0, -math.inf
        program = assembled(self.tables, made)
        closed = False
        for number in range(_ROUNDS):
            solution = program.program.solve(self._share(program), self._gap(program))
            if not self.structure.blocks:
                bound = max(bound, min(solution.bound, math.inf))
            loosest = max(loosest, solution.bound)
            if solution.values is None:
                if number == 0 and solution.infeasible and not self.structure.blocks:
                    return Found(None, math.inf, math.inf, False, 0.0, unreachable=True)
                closed = solution.infeasible and number == 0
                break
            answer = self._borne_out(program.values(self.structure, solution.values), program, made)
            if answer is not None and (best is None or self.weight(answer) < self.weight(best)):
                best = answer
            if self._close(best, loosest) or self.left <= 0:
                break
            self._look_closer(program.values(self.structure, solution.values), answer)
            if program.curved:
                made = self.tables.made()
                program = assembled(self.tables, made)
            else:
                program.forbid(solution.values)
        if best is None:
            best = self._everything()
        if best is not None:
            best = self._sure(best)
        if best is None:
            return Found(None, math.inf, bound, False, 0.0, unreachable=closed)
        if self.structure.blocks:
            generous = assembled(self.tables, made, generous=True).program.solve(max(self.left, 1.0))
            bound = max(bound, generous.bound if math.isfinite(generous.bound) else 0.0)
        asked = sum(self._cost(name, value) for name, value in best.items() if self._asked(name))
        bound = max(0.0, bound - ASKED_WEIGHT * asked)
        effort, tolerance = self.effort(best), self._tolerance(best)
        # nothing is less than the effort itself, whatever solvers and roundings make of it
        return Found(best, effort, min(bound, effort), effort - bound <= tolerance, tolerance)

    def _sure(self, values: dict[str, float]) -> dict[str, float] | None:
        """Return an answer that the whole engine bears out, and of which it says that nothing can be dropped."""
        if not self.model.reached([values])[0]:
            return None
        without = [_taken(values, [dict.fromkeys(change)]) for change in self._changes(values)]
        if not self.model.reached(without).any():
            return values
        self._reached = self.model.reached
        return self._without_superfluous(values)

    # -- efforts -----------------------------------------------------------------------------------------------

    def _asked(self, name: str) -> bool:
        return self.model.levers[name].present is None

    def _cost(self, name: str, value: float) -> float:
        return self.model.levers[name].cost(value)

    def effort(self, values: Values) -> float:
        """Return the effort of changes of facts that are known."""
        return sum(self._cost(name, value) for name, value in values.items() if not self._asked(name))

    def weight(self, values: Values) -> float:
        """Return what is made as little as can be: the effort, and a little of what is asked of missing facts."""
        return sum(self.model.levers[name].weight(value) for name, value in values.items())

    def _tolerance(self, values: Values) -> float:
        """Return how near to the least effort an answer in steps can be told to be."""
        steps = [
            2.0 * lever.step * lever.price
            for lever in (self.model.levers[name] for name in values)
            if not lever.words and lever.present is not None
        ]
        return 1e-6 + sum(steps)

    def _close(self, best: Values | None, bound: float) -> bool:
        if best is None:
            return False
        if self.effort(best) == 0.0:  # nothing has to be changed, only to be so
            return True
        return self.weight(best) - bound <= self._tolerance(best) + _CLOSE * self.weight(best)

    # -- answers that hold -------------------------------------------------------------------------------------

    def _borne_out(
        self, values: dict[str, float], program: Assembled, made: Mapping[int, Table]
    ) -> dict[str, float] | None:
        """Return an answer that the engine bears out, made from one of the program; ``None`` where there is none."""
        # what is missing may have to be known, whatever it is, before a rule settles anything
        asked = self._asked_at_best
        tried = [values, *([{**asked, **values}] if asked else [])]
        tried += [self._nudged(some, steps) for steps in (1, 3, 10, 30) for some in tried[:2]]
        holds = self._reached(tried)
        if holds.any():
            first = int(np.argmax(holds))
            return self.finished(tried[first], rough=first > 0 or program.curved)
        if not program.curved:
            return None
        strict = assembled(self.tables, made, strict=True)
        solution = strict.program.solve(min(self.left, 5.0))
        if solution.values is None:
            return None
        again = strict.values(self.structure, solution.values)
        tried = [again, *(self._nudged(again, steps) for steps in (1, 10, 100, 1000))]
        holds = self._reached(tried)
        return self.finished(tried[int(np.argmax(holds))], rough=True) if holds.any() else None

    def _nudged(self, values: Values, steps: int) -> dict[str, float]:
        """Return an answer whose numbers go a few steps further."""
        found = dict(values)
        for name, value in values.items():
            lever = self.model.levers[name]
            if lever.words or lever.coupled >= 0:
                continue
            further = value + steps * lever.step * (1.0 if lever.rising else -1.0)
            within = min(further, lever.best) if lever.rising else max(further, lever.best)
            found[name] = lever.on_step(within, better=False)
        return found

    def _asked_alone(self) -> dict[str, float] | None:
        """Return what missing facts have to be where that is enough, ``None`` where it is not."""
        asked = self._asked_at_best
        return self.finished(asked, rough=True) if asked and self._reached([asked])[0] else None

    @cached_property
    def _asked_at_best(self) -> dict[str, float]:
        """The missing facts that matter, each at its best."""
        return {
            name: lever.words[-1] if lever.words else lever.best
            for name, lever in self.model.levers.items()
            if lever.present is None and name in self._used
        }

    @cached_property
    def _used(self) -> frozenset[str]:
        """Names of the levers that matter."""
        blocks = (lever.name for block in self.structure.blocks.values() for lever in block.levers)
        return frozenset([*(lever.name for lever in self.structure.levers.values()), *blocks])

    def _everything(self) -> dict[str, float] | None:
        """Return every lever at its best, made as little as it can be; ``None`` where even that misses the goals."""
        every = {
            name: lever.words[-1] if lever.words else lever.best for name, lever in self.model.levers.items()
        }
        every = {name: value for name, value in every.items() if name in self._used}
        coupled = [name for name in every if self.model.levers[name].coupled >= 0]
        for name in coupled:
            del every[name]
        return self.finished(every, rough=True) if self._reached([every])[0] else None

    def finished(self, values: Values, *, rough: bool = False) -> dict[str, float]:
        """Return an answer without what is superfluous, its numbers as near to what they were as they can stay.

        What the program decides lies at its cheapest already; numbers of blocks do not, nor any in a ``rough`` answer.
        """
        found = self._without_superfluous(dict(values))
        blocks = {lever.name for block in self.structure.blocks.values() for lever in block.levers}
        for _ in range(_NEARER):
            loose = [
                name
                for name in found
                if (rough or name in blocks)
                and not self.model.levers[name].words
                and self.model.levers[name].coupled < 0
            ]
            nearer = self._nearer(found, loose)
            gained = self.weight(found) - self.weight(nearer)
            found = nearer
            if gained <= 1e-3 * self.weight(found) + 1e-9:
                break
        return self._without_superfluous(found)

    def _nearer(self, values: dict[str, float], names: Sequence[str]) -> dict[str, float]:
        """Take numbers back towards what they were: as far as each alone can go, for as many as that holds together."""
        inside = {name: (values[name], self.model.levers[name].worst) for name in names}
        while True:
            tried = {}
            for name, (here, there) in inside.items():
                middle = self.model.levers[name].on_step((here + there) / 2.0, better=True)
                if min(here, there) < middle < max(here, there):
                    tried[name] = middle
            if not tried:
                break
            holds = self._reached([{**values, name: value} for name, value in tried.items()])
            for (name, middle), ok in zip(tried.items(), holds, strict=True):
                here, there = inside[name]
                inside[name] = (middle, there) if ok else (here, middle)
        moved = {name: here for name, (here, _) in inside.items() if here != values[name]}
        saved = {
            n: self.model.levers[n].weight(values[n]) - self.model.levers[n].weight(moved[n]) for n in moved
        }
        names = sorted(moved, key=lambda name: -saved[name])
        return self._one_after_the_other(values, [{name: moved[name]} for name in names])

    def _one_after_the_other(
        self, values: dict[str, float], steps: Sequence[Mapping[str, float | None]]
    ) -> dict[str, float]:
        """Take every step (new values; ``None``: the change is dropped) that the goals allow after those before it.

        What is not allowed alone is not allowed after others either. Of the rest as many as possible are taken in one
        stroke, and those that are left looked at again.
        """
        left = list(steps)
        while left:
            allowed = self._reached([_taken(values, [step]) for step in left])
            left = [step for step, ok in zip(left, allowed, strict=True) if ok]
            if not left:
                break
            counts = sorted(
                {*range(1, min(len(left), _STROKES) + 1), *np.geomspace(1, len(left), 32).astype(int)}
            )
            tried = [_taken(values, left[:count]) for count in counts]
            holds = self._reached(tried)
            good = int(np.argmin(holds)) if not holds.all() else len(tried)
            values = tried[good - 1]
            left = left[counts[good - 1] :]
        return values

    def _changes(self, values: Values) -> list[list[str]]:
        """Return the changes of an answer: facts that are coupled are one."""
        single = [[name] for name in values if self.model.levers[name].coupled < 0]
        groups: dict[int, list[str]] = {}
        for name in values:
            if self.model.levers[name].coupled >= 0:
                groups.setdefault(self.model.levers[name].coupled, []).append(name)
        return [*single, *groups.values()]

    def _without_superfluous(self, values: dict[str, float]) -> dict[str, float]:
        """Drop changes that are not needed, the dearest first, until dropping any one misses a goal."""
        while True:
            changes = self._changes(values)
            changes.sort(key=lambda change: -self.weight({name: values[name] for name in change}))
            values = self._one_after_the_other(values, [dict.fromkeys(change) for change in changes])
            left = self._changes(values)
            without = [_taken(values, [dict.fromkeys(change)]) for change in left]
            if not self._reached(without).any():
                return values

    # -- curves ------------------------------------------------------------------------------------------------

    def _look_closer(self, *answers: Values | None) -> None:
        """Let cells end at the values of answers, and chords be short around them."""
        numbers = {lever.name: n for n, lever in self.structure.levers.items() if not lever.words}
        for values in answers:
            if values is None:
                continue
            for name, number in numbers.items():
                lever = self.model.levers[name]
                value = values.get(name, lever.present)
                if value is None:
                    continue
                width = abs(lever.best - lever.worst)
                near = [value + width * part for part in (-0.02, -0.005, -0.001, 0.0, 0.001, 0.005, 0.02)]
                self.tables.extra.setdefault(number, []).extend(near)
            self._focus(values)

    def _focus(self, values: Values) -> None:
        from carindex.alignment.improvement.blocks import put

        assignment = put(values, self.model.levers)
        for part, analysis in enumerate(self.structure.analyses):
            curves = [o for o in analysis.mixing if o.kernel == "joint_risk" or o.kernel.startswith("risk_")]
            if not curves:
                continue
            slots = sorted({slot for o in curves for slot in o.inputs})
            low, high = analysis.part.picked([assignment.get(part, {})], slots)
            at: dict[int, float] = dict(zip(slots, ((low + high) / 2.0)[:, 0].tolist(), strict=True))
            focus = self.tables.focus.setdefault(part, {})
            for o in curves:
                for slot in o.inputs:
                    focus.setdefault(slot, []).append(at[slot])
                if o.kernel == "joint_risk":
                    inputs = np.array([at[slot] for slot in o.inputs])
                    logs = -np.log1p(-np.minimum(inputs, 1.0 - 1e-9))
                    focus.setdefault(("joint", o.outputs[0]), []).append(float(logs.sum()))


def _taken(values: Values, steps: Sequence[Mapping[str, float | None]]) -> dict[str, float]:
    """Return values after some steps."""
    changed = {name: value for step in steps for name, value in step.items()}
    kept: dict[str, float | None] = {**values, **changed}
    return {name: value for name, value in kept.items() if value is not None}


def best_reach(search: Search) -> Array | None:
    """Return the value of each goal's slot nearest to its line that can be reached together, ``None`` where unknown."""
    made = search.tables.made()
    program = assembled(search.tables, made, best=True)
    solution = program.program.solve(max(search.left, 2.0))
    if solution.values is None:
        return None
    values = program.values(search.structure, solution.values)
    found: list[float] = []
    from carindex.alignment.improvement.blocks import put

    assignment = put(values, search.model.levers)
    for number, part in enumerate(search.model.parts):
        slots = [goal.slot for goal in part.goals]
        low, high = part.picked([assignment.get(number, {})], slots)
        found += [float((high if goal.falling else low)[row, 0]) for row, goal in enumerate(part.goals)]
    return np.array(found)
