"""Write what mixes levers as constraints.

Of a slot that helps a goal when it is high only "no more than" is demanded, of one that helps when it is low only "no
less than": the program is then free to claim less than there is, which is never of use to it. Operations that are not
written exactly are written as something that allows at least as much (a *relaxation*), so that the program's optimum
never exceeds the true one; whatever it answers is rated again by the engine.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from carindex.alignment.improvement.program import Affine, Program, total
from carindex.alignment.improvement.slicing import Operation
from carindex.alignment.improvement.structure import HIGH, LOW, MIXED, Analysis
from carindex.rating.kernels import KERNELS

# how far below a line is surely below it for a solver that works to 1e-7
_BELOW = 1e-6
_COMBINATIONS = 4000


class Stretch(NamedTuple):
    """A slot along one stretch of a lever: the flag of the stretch, the column of the way along it, values at its ends.

    ``off``: how far the slot may be from the line between them.
    """

    flag: int
    position: int | None
    low: tuple[float, float]
    high: tuple[float, float]
    off: float


Writer = Callable[["Encoder", Operation, int], Affine | None]
"""Writes one slot that an operation fills; ``None`` where it cannot."""


class _NoNumberError(Exception):
    """An input that is no finite number: its operation cannot be written."""


class Encoder:
    """Writes the operations of one part.

    Parameters
    ----------
    program
        Program to write into.
    analysis
        What matters in the part.
    writers
        What writes each kind of operation.
    tables
        What each slot of the frontier is, as an expression of the columns of its lever.
    choices
        For slots of the frontier that a choice among a few values decides: the flags of its cells and the slot's value
        in each, low and high.
    stretches
        For slots of the frontier that a lever decides by stretches: these.
    demands
        What slots have to be at least, or at most, for the goals to be reached.
    strict
        Where chords stand for curves: claim rather too little than too much.
    coarse
        Take fine roundings as no roundings, within what they can do.
    held
        Values of slots as the car is: what cannot be written is then taken to stay as it is, instead of to be anything.
    focus
        Values of slots near which chords are to be short.
    """

    def __init__(
        self,
        program: Program,
        analysis: Analysis,
        writers: Mapping[str, Writer],
        tables: Mapping[int, Affine],
        choices: Mapping[int, tuple[tuple[int, float, float], ...]],
        *,
        stretches: Mapping[int, tuple[Stretch, ...]] | None = None,
        demands: Mapping[int, float] | None = None,
        strict: bool = False,
        coarse: bool = False,
        held: Mapping[int, float] | None = None,
        focus: Mapping[object, Sequence[float]] | None = None,
    ) -> None:
        self.program, self.analysis, self.writers = program, analysis, writers
        self.strict, self.focus = strict, focus or {}
        self.stretches = stretches or {}
        self.demands = demands or {}
        self.coarse, self.held = coarse, held
        self.curved = False
        self.known: dict[int, Affine] = dict(tables)
        self.choices = choices
        self.relaxed: list[Operation] = []

    def write(self) -> None:
        """Write all operations that mix levers."""
        for slot in [slot for slot in self.demands if slot in self.known]:
            self._demand(slot)
        for operation in self.analysis.mixing:
            for slot in operation.outputs:
                if self.analysis.wanted[slot] and self.analysis.depends[slot] == MIXED:
                    self._write(operation, slot)

    def of(self, slot: int) -> Affine:
        """Return the expression of a slot."""
        if slot in self.known:
            return self.known[slot]
        value = self.analysis.value(slot) if self.analysis.constant(slot) else math.nan
        if not math.isfinite(value):
            raise _NoNumberError
        return Affine(value)

    def low(self, slot: int) -> float:
        """Return the least that a slot can be."""
        return float(self.analysis.low[slot])

    def high(self, slot: int) -> float:
        """Return the most that a slot can be."""
        return float(self.analysis.high[slot])

    def up(self, slot: int) -> bool:
        """Whether it has to be seen to that a slot is not claimed to be higher than it is."""
        return bool(self.analysis.wanted[slot] & HIGH)

    def down(self, slot: int) -> bool:
        """Whether it has to be seen to that a slot is not claimed to be lower than it is."""
        return bool(self.analysis.wanted[slot] & LOW)

    def _write(self, operation: Operation, slot: int) -> None:
        write = self.writers.get(operation.kernel)
        try:
            found = write(self, operation, slot) if write is not None else None
        except _NoNumberError:
            found = None
        if found is None:
            found = self.combined(operation, slot)
        if found is None:
            self.relaxed.append(operation)
            kept = None if self.held is None else self.held.get(slot)
            found = self.free(slot) if kept is None or not math.isfinite(kept) else Affine(kept)
        self.known[slot] = found
        if slot in self.demands:
            self._demand(slot)

    def _demand(self, slot: int) -> None:
        up, line = self.up(slot), self.demands[slot]
        self.program.row(self.known[slot], line if up else -math.inf, math.inf if up else line)

    def free(self, slot: int) -> Affine:
        """Return a column that is anything between the bounds of a slot."""
        return Affine(0.0, ((self.program.column(self.low(slot), self.high(slot)), 1.0),))

    def equal(self, slot: int, expression: Affine) -> Affine:
        """Return an expression, through a column of its own where it is long."""
        if len(expression.terms) <= 12:
            return expression
        column = self.free(slot)
        self.program.row(total([column, expression.times(-1.0)]), 0.0, 0.0)
        return column

    # -- comparisons -----------------------------------------------------------------------------------------

    def at_least(
        self, x: Affine, bounds: tuple[float, float], line: float, *, both: bool, scale: float
    ) -> Affine:
        """Return an expression that can be 1 only where ``x`` reaches a line; with ``both`` it is 1 there."""
        low, high = bounds
        tiny = _BELOW * scale
        if low >= line:
            return Affine(1.0)
        if high < line:
            return Affine(0.0)
        # a line one binary fraction above a number is that number, which itself does not reach it
        meant = float(f"{line:.13g}")
        first, last = (meant + tiny, meant) if meant < line else (line, line - tiny)
        flag = self.program.flag()
        reached = Affine(0.0, ((flag, 1.0),))
        self.program.row(total([x, reached.times(low - first)]), low)
        if both:
            self.program.row(total([x, reached.times(last - high)]), most=last)
        return reached

    def combined(self, operation: Operation, slot: int) -> Affine | None:
        """Write an operation on a few choices by all their combinations; ``None`` where these are too many."""
        moving = [i for i in operation.inputs if not self.analysis.constant(i)]
        if any(i not in self.choices for i in moving):
            return None
        sets = list(dict.fromkeys(tuple(flag for flag, _, _ in self.choices[i]) for i in moving))
        if math.prod(len(flags) for flags in sets) > _COMBINATIONS or len(sets) > 3:
            return None
        combos = list(itertools.product(*(range(len(flags)) for flags in sets)))
        which = {i: sets.index(tuple(flag for flag, _, _ in self.choices[i])) for i in moving}
        inputs = [
            np.array(
                [
                    [self.choices[i][combo[which[i]]][1 + side] for combo in combos]
                    if i in which
                    else [(self.low(i), self.high(i))[side]] * len(combos)
                    for i in operation.inputs
                ]
            )[None]
            for side in (0, 1)
        ]
        group, row = operation.group, operation.row
        parameters = {
            name: value[row : row + 1] if isinstance(value, np.ndarray) else value
            for name, value in group.parameters.items()
        }
        at = operation.outputs.index(slot)
        bounds = [out.reshape(-1, len(combos))[at] for out in KERNELS[group.kernel](parameters, *inputs)]
        if self.up(slot) and self.down(slot) and not np.array_equal(*bounds):
            return None
        values = bounds[0] if self.up(slot) else bounds[1]
        if np.isnan(values).any():
            return None
        parts = [self.program.column(0.0, 1.0) for _ in combos]
        for position, flags in enumerate(sets):
            for index, flag in enumerate(flags):
                mine = [
                    (part, 1.0) for part, combo in zip(parts, combos, strict=True) if combo[position] == index
                ]
                self.program.row(Affine(0.0, (*mine, (flag, -1.0))), 0.0, 0.0)
        return Affine(
            0.0, tuple((part, float(value)) for part, value in zip(parts, values, strict=True) if value)
        )
