"""Write what mixes levers as constraints: one entry for each kind of array operation.

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
from carindex.rating.kernels import KERNELS, Array

# how far below a line is surely below it for a solver that works to 1e-7
_BELOW = 1e-6
_FINE = 1e6
"""More steps than this between a slot's bounds and rounding it is left out: the error is a millionth of what it can be."""
_COARSE = 500
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
        self.program, self.analysis = program, analysis
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
        write = _ENCODERS.get(operation.kernel)
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

    def equal_within(self, expression: Affine, low: float, high: float) -> Affine:
        """Return a column between two numbers that is an expression, or as near to it as they allow."""
        column, spare = self.program.column(low, high), [self.program.column(0.0, 1e-3) for _ in range(2)]
        whole = Affine(0.0, ((column, 1.0), (spare[0], 1.0), (spare[1], -1.0)))
        self.program.row(total([whole, expression.times(-1.0)]), 0.0, 0.0)
        return Affine(0.0, ((column, 1.0),))

    def equal(self, slot: int, expression: Affine) -> Affine:
        """Return an expression, through a column of its own where it is long."""
        if len(expression.terms) <= 12:
            return expression
        column = self.free(slot)
        self.program.row(total([column, expression.times(-1.0)]), 0.0, 0.0)
        return column

    # -- comparisons -----------------------------------------------------------------------------------------

    def at_least(self, x: Affine, bounds: tuple[float, float], line: float, *, both: bool, scale: float) -> Affine:
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
                mine = [(part, 1.0) for part, combo in zip(parts, combos, strict=True) if combo[position] == index]
                self.program.row(Affine(0.0, (*mine, (flag, -1.0))), 0.0, 0.0)
        return Affine(0.0, tuple((part, float(value)) for part, value in zip(parts, values, strict=True) if value))


def _linear(e: Encoder, o: Operation, slot: int) -> Affine | None:
    weights = o.of("weights")
    parts = [e.of(i).times(float(w)) for i, w in zip(o.inputs, weights, strict=True) if w]
    return e.equal(slot, total([Affine(float(o.of("constant"))), *parts]))


def _extreme(e: Encoder, slot: int, inputs: Sequence[int], *, least: bool) -> Affine:
    """Write the least, or the greatest, of several slots."""
    column = e.free(slot)
    easy, hard = (e.up(slot), e.down(slot)) if least else (e.down(slot), e.up(slot))
    side = 1.0 if least else -1.0
    flags = [e.program.flag() for _ in inputs] if hard and len(inputs) > 1 else []
    for number, i in enumerate(inputs):
        # side · (input − column): never below 0 if the column is the least, 0 for one of the inputs
        apart = total([e.of(i).times(side), column.times(-side)])
        if easy:
            e.program.row(apart, 0.0)
        if hard:
            widest = e.high(i) - e.low(slot) if least else e.high(slot) - e.low(i)
            if flags:
                e.program.row(total([apart, Affine(0.0, ((flags[number], widest),))]), most=widest)
            else:
                e.program.row(apart, most=0.0)
    if flags:
        e.program.row(Affine(0.0, tuple((flag, 1.0) for flag in flags)), 1.0, 1.0)
    return column


def _minimum(e: Encoder, o: Operation, slot: int) -> Affine | None:
    return _extreme(e, slot, e.analysis.relevant(o), least=True)


def _maximum(e: Encoder, o: Operation, slot: int) -> Affine | None:
    return _extreme(e, slot, e.analysis.relevant(o), least=False)


def _clip(e: Encoder, o: Operation, slot: int) -> Affine | None:
    (i,) = o.inputs
    x, least, most = e.of(i), float(o.of("least")), float(o.of("most"))
    low, high = e.low(i), e.high(i)
    if low < least:  # the greater of x and least
        column = Affine(0.0, ((e.program.column(least, max(high, least)), 1.0),))
        if e.down(slot):
            e.program.row(total([column, x.times(-1.0)]), 0.0)
        if e.up(slot):
            flag = e.program.flag()  # 1: x itself
            gap = Affine(0.0, ((flag, -1.0),))
            e.program.row(total([column, gap.times(max(high - least, 0.0))]), most=least)
            e.program.row(total([column, x.times(-1.0), gap.times(low - least)]), most=least - low)
        x, low, high = column, least, max(high, least)
    if high > most:  # the lesser of x and most
        column = Affine(0.0, ((e.program.column(min(low, most), most), 1.0),))
        if e.up(slot):
            e.program.row(total([column, x.times(-1.0)]), most=0.0)
        if e.down(slot):
            flag = e.program.flag()
            gap = Affine(0.0, ((flag, 1.0),))
            e.program.row(total([column, gap.times(max(most - low, 0.0))]), most)
            e.program.row(total([column, x.times(-1.0), gap.times(most - high)]), most - high)
        x = column
    return x


def _rounding(e: Encoder, o: Operation, slot: int) -> Affine | None:
    (i,) = o.inputs
    x, unit, mode = e.of(i), 10.0 ** -float(o.of("decimals")), str(o.of("mode"))
    steps_between = (e.high(i) - e.low(i)) / unit
    if steps_between > _FINE:
        return x
    below, above = {"half_up": (0.5, 0.5), "half_even": (0.5, 0.5), "floor": (1.0, 0.0), "ceiling": (0.0, 1.0)}.get(
        mode, (1.0, 1.0)
    )
    if e.coarse and steps_between > _COARSE:
        if e.held is not None or e.up(slot) == e.down(slot):
            return x
        return total([x, Affine(above * unit if e.up(slot) else -below * unit)])
    first, last = round(e.low(slot) / unit), round(e.high(slot) / unit)
    steps = Affine(0.0, ((e.program.column(first, last, whole=True), 1.0),))
    out = steps.times(unit)
    # out lies no more than ``above`` over x and no more than ``below`` under it; what rounds down never lies over it
    if e.up(slot):
        e.program.row(total([out, x.times(-1.0)]), most=above * unit + 1e-9)
    if e.down(slot):
        e.program.row(total([out, x.times(-1.0)]), -below * unit - 1e-9)
    return out


def _steps(e: Encoder, o: Operation, slot: int) -> Affine | None:
    (i,) = o.inputs
    divisor = float(o.of("divisor"))
    x, ends = e.of(i).times(1.0 / divisor), sorted((e.low(i) / divisor, e.high(i) / divisor))
    lines, values = o.of("thresholds"), o.of("values")
    rises = np.diff(values)
    one_way = (e.up(slot) and not e.down(slot) and (rises >= 0).all()) or (
        e.down(slot) and not e.up(slot) and (rises <= 0).all()
    )
    parts = [Affine(float(values[0]))]
    before: Affine | None = None
    for line, rise in zip(lines, rises, strict=True):
        scale = max(1.0, abs(float(line)))
        reached = e.at_least(x, (ends[0], ends[1]), float(line), both=not one_way, scale=scale)
        if before is not None and reached.terms and before.terms:
            e.program.row(total([before, reached.times(-1.0)]), 0.0)
        before = reached
        if rise:
            parts.append(reached.times(float(rise)))
    return total(parts)


def _compare(e: Encoder, o: Operation, slot: int) -> Affine | None:
    (i,) = o.inputs
    divisor = float(o.of("divisor"))
    x, ends = e.of(i).times(1.0 / divisor), sorted((e.low(i) / divisor, e.high(i) / divisor))
    least, most = float(o.of("least")), float(o.of("most"))
    flags = []
    if np.isfinite(least):
        scale = max(1.0, abs(least))
        flags.append(e.at_least(x, (ends[0], ends[1]), least, both=e.down(slot), scale=scale))
    if np.isfinite(most):
        scale = max(1.0, abs(most))
        flags.append(
            e.at_least(x.times(-1.0), (-ends[1], -ends[0]), -most, both=e.down(slot), scale=scale)
        )
    return total([*flags, Affine(1.0 - len(flags))])


def _choose(e: Encoder, o: Operation, slot: int) -> Affine | None:
    only = e.analysis.chosen(o)
    if only is not None:
        return e.of(only)
    selector, *cases = o.inputs
    chosen = e.of(selector)
    first = max(0, round(e.low(selector)))
    last = min(len(cases) - 1, round(e.high(selector)))
    if last == first:
        return e.of(cases[first])
    if last == first + 1:
        flags = [total([Affine(1.0 + first), chosen.times(-1.0)]), total([Affine(-first), chosen])]
    else:
        columns = [e.program.flag() for _ in range(first, last + 1)]
        e.program.row(Affine(0.0, tuple((column, 1.0) for column in columns)), 1.0, 1.0)
        named = Affine(0.0, tuple((column, float(first + n)) for n, column in enumerate(columns)))
        e.program.row(total([named, chosen.times(-1.0)]), 0.0, 0.0)
        flags = [Affine(0.0, ((column, 1.0),)) for column in columns]
    some = cases[first : last + 1]
    if all(e.analysis.constant(case) for case in some):
        values = [e.low(case) if e.up(slot) else e.high(case) for case in some]
        return total([flag.times(value) for flag, value in zip(flags, values, strict=True)])
    column = e.free(slot)
    for flag, case in zip(flags, some, strict=True):
        apart = total([column, e.of(case).times(-1.0)])
        if e.up(slot):
            widest = max(e.high(slot) - e.low(case), 0.0)
            e.program.row(total([apart, flag.times(widest)]), most=widest)
        if e.down(slot):
            widest = max(e.high(case) - e.low(slot), 0.0)
            e.program.row(total([apart, flag.times(-widest)]), -widest)
    return column


def _between(e: Encoder, o: Operation, slot: int) -> Affine | None:
    if e.up(slot) and e.down(slot):
        return None
    return e.of(o.inputs[0 if e.up(slot) else 1])


def _share(e: Encoder, o: Operation, slot: int) -> Affine | None:
    count = len(o.inputs) // (3 if o.kernel == "share_of_varying" else 2)
    values, flags = o.inputs[:count], o.inputs[count : 2 * count]
    rest = [*flags, *o.inputs[2 * count :]]
    if not all(e.analysis.constant(i) and e.low(i) == e.high(i) for i in rest):
        return _share_of_what_applies(e, o, slot) if o.kernel == "share" else None
    weights = np.asarray(o.of("weights"))
    applies = np.array([e.low(i) for i in flags])
    if o.kernel == "share":
        maxima = np.asarray(o.of("maxima"))
    else:
        maxima = np.array([e.low(i) for i in o.inputs[2 * count :]])
    possible = float((weights * applies * maxima).sum())
    points = float(o.of("points"))
    if possible <= 0:
        return Affine(points)
    shares = points * weights * applies / possible
    return e.equal(slot, total([e.of(i).times(float(s)) for i, s in zip(values, shares, strict=True) if s]))


def _share_of_what_applies(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write out · Σ w·a·m = points · Σ w·a·x, where flags a say which parts apply: products with flags are exact."""
    if e.up(slot) and e.down(slot):
        return None
    up, count, points = e.up(slot), len(o.inputs) // 2, float(o.of("points"))
    out, sums = e.free(slot), []
    side = 1.0 if up else -1.0
    for i, flag, w, m in zip(o.inputs[:count], o.inputs[count:], o.of("weights"), o.of("maxima"), strict=True):
        a = e.of(flag)
        # turned so that the share is not to be claimed too high: its product from below, the part's from above
        for x, low, high, factor in (
            (out.times(side), *sorted((side * e.low(slot), side * e.high(slot))), float(w * m)),
            (e.of(i).times(-side), *sorted((-side * e.low(i), -side * e.high(i))), points * float(w)),
        ):
            part = Affine(0.0, ((e.program.column(min(low, 0.0), max(high, 0.0)), 1.0),))
            e.program.row(total([part, a.times(-low)]), 0.0)
            e.program.row(total([part, x.times(-1.0), a.times(-high)]), -high)
            sums.append(part.times(factor))
    e.program.row(total(sums), most=0.0)
    return out


def _worst_that_applies(e: Encoder, o: Operation, slot: int) -> Affine | None:
    count = len(o.inputs) // 2
    values, flags = o.inputs[:count], o.inputs[count:]
    least = str(o.of("losing")) != "yes"
    if all(e.analysis.constant(i) and e.low(i) == e.high(i) for i in flags):
        counted = [i for i, flag in zip(values, flags, strict=True) if e.low(flag) > 0.5]
        return _extreme(e, slot, counted, least=least) if counted else Affine(float(o.of("default")))
    if e.up(slot) if not least else e.down(slot):
        return None
    column = e.free(slot)
    side = 1.0 if least else -1.0
    for i, flag in zip(values, flags, strict=True):
        widest = max(e.high(slot) - e.low(i) if least else e.high(i) - e.low(slot), 0.0)
        apart = total([column.times(side), e.of(i).times(-side), e.of(flag).times(widest)])
        e.program.row(apart, most=widest)
    return column


def _best_of(e: Encoder, o: Operation, slot: int) -> Affine | None:
    if e.down(slot) or any(e.low(i) < 0 for i in o.inputs):
        return None
    taken, flags = [], []
    for i in o.inputs:
        flag, part = e.program.flag(), Affine(0.0, ((e.program.column(0.0, max(e.high(i), 0.0)), 1.0),))
        e.program.row(total([part, e.of(i).times(-1.0)]), most=0.0)
        e.program.row(total([part, Affine(0.0, ((flag, -max(e.high(i), 0.0)),))]), most=0.0)
        taken.append(part)
        flags.append((flag, 1.0))
    e.program.row(Affine(0.0, tuple(flags)), most=float(o.of("count")))
    return total(taken)


def _product(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write a product by its envelope, which is the product itself where one of the two is a flag."""
    factor = float(o.of("factor"))
    first, second = o.inputs
    for constant, other in ((first, second), (second, first)):
        if e.analysis.constant(constant) and e.low(constant) == e.high(constant):
            return e.of(other).times(factor * e.low(constant))
    if factor < 0:
        return None
    column, x, y = e.free(slot), e.of(first), e.of(second)
    for a, b, above in (
        (e.high(first), e.low(second), True),
        (e.low(first), e.high(second), True),
        (e.low(first), e.low(second), False),
        (e.high(first), e.high(second), False),
    ):
        plane = total([x.times(b), y.times(a), Affine(-a * b)]).times(factor)
        apart = total([column, plane.times(-1.0)])
        if above and e.up(slot):
            e.program.row(apart, most=0.0)
        if not above and e.down(slot):
            e.program.row(apart, 0.0)
    return column


_PIECES = 24
# a probability this near to 1 is not told from it
_CERTAIN = 1.0 - 1e-9


def _piecewise(
    e: Encoder, x: Affine, corners: Sequence[float], function: Callable[[Array], Array], *, up: bool, down: bool
) -> Affine:
    """Return a function of an expression by chords between corners, as much too generous as chords may be off."""
    points = np.unique(np.asarray(corners, np.float64))
    values = function(points)
    if len(points) == 1:
        return Affine(float(values[0]))
    parts = np.linspace(0.0, 1.0, 9)
    inside = points[:-1, None] + np.diff(points)[:, None] * parts
    chords = values[:-1, None] + np.diff(values)[:, None] * parts
    apart = function(inside) - chords
    over, under = apart.max(axis=1) * 1.05, apart.min(axis=1) * 1.05
    over, under = (np.where(np.abs(some) < 1e-12, 0.0, some) for some in (over, under))
    if e.strict:  # rather too little than too much
        over, under = under, over
    where: list[tuple[int, float]] = []
    what: list[tuple[int, float]] = []
    flags: list[tuple[int, float]] = []
    shifts: list[tuple[float, float]] = []
    for k in range(len(points) - 1):
        flag, part = e.program.flag(), e.program.column(0.0, 1.0)
        e.program.row(Affine(0.0, ((part, 1.0), (flag, -1.0))), most=0.0)
        where += [(flag, float(points[k])), (part, float(points[k + 1] - points[k]))]
        what += [(flag, float(values[k])), (part, float(values[k + 1] - values[k]))]
        flags.append((flag, 1.0))
        shifts.append((float(over[k]), float(under[k])))
    e.program.row(Affine(0.0, tuple(flags)), 1.0, 1.0)
    e.program.row(total([Affine(0.0, tuple(where)), x.times(-1.0)]), 0.0, 0.0)
    chord = Affine(0.0, tuple(what))
    most, least = (
        Affine(0.0, tuple((flag, shift[side]) for (flag, _), shift in zip(flags, shifts, strict=True) if shift[side]))
        for side in (0, 1)
    )
    e.curved = e.curved or bool(most.terms or least.terms)
    if not most.terms and not least.terms:
        return chord
    if up and not down:
        return total([chord, most])
    if down and not up:
        return total([chord, least])
    lowest, highest = float(values.min() + min(under.min(), 0.0)), float(values.max() + max(over.max(), 0.0))
    column = Affine(0.0, ((e.program.column(lowest, highest), 1.0),))
    apart_from = total([column, chord.times(-1.0)])
    e.program.row(total([apart_from, most.times(-1.0)]), most=0.0)
    e.program.row(total([apart_from, least.times(-1.0)]), 0.0)
    return column


def _corners(e: Encoder, low: float, high: float, key: object) -> list[float]:
    """Return corners between two ends, more of them where an earlier answer lies."""
    found = np.linspace(low, high, _PIECES).tolist()
    for value in e.focus.get(key, ()):
        width = (high - low) / _PIECES
        found += [value + width * shift for shift in (-0.3, -0.1, -0.03, -0.01, 0.0, 0.01, 0.03, 0.1, 0.3)]
    return sorted({min(max(value, low), high) for value in found})


def _curve(e: Encoder, o: Operation, slot: int) -> Affine | None:
    (i,) = o.inputs
    divisor = float(o.of("divisor"))
    xs, ys = np.asarray(o.of("x")), np.asarray(o.of("y"))
    low, high = sorted((e.low(i) / divisor, e.high(i) / divisor))
    corners = [low, *(float(x) for x in xs if low < x < high), high]
    x = e.of(i).times(1.0 / divisor)
    return _piecewise(e, x, corners, lambda at: np.interp(at, xs, ys), up=e.up(slot), down=e.down(slot))


def _curved(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write an injury-risk curve of what several levers decide."""
    (i,) = o.inputs
    parameters = {
        name: value[o.row : o.row + 1] if isinstance(value, np.ndarray) else value
        for name, value in o.group.parameters.items()
    }

    def at(x: Array) -> Array:
        row = x.reshape(1, 1, -1)
        return KERNELS[o.kernel](parameters, row, row)[0].reshape(x.shape)

    if not (np.isfinite(e.low(i)) and np.isfinite(e.high(i))):
        return None
    corners = _corners(e, e.low(i), e.high(i), i)
    return _piecewise(e, e.of(i), corners, at, up=e.up(slot), down=e.down(slot))


def _log_of_stretches(
    e: Encoder, stretches: Sequence[Stretch], log: Callable[[Array], Array], *, up: bool
) -> Affine:
    """Return the logarithm of a slot that one lever decides, stretch by stretch, with what its chords may be off."""
    terms: list[tuple[int, float]] = []
    for one in stretches:
        first, last = one.low if up else one.high
        ends = log(np.array([first, last]))
        generous = 1.0 if up != e.strict else -1.0
        off = 0.0
        if one.position is not None:
            along = np.linspace(0.0, 1.0, 9)
            moved = np.maximum(first + (last - first) * along + generous * one.off, 0.0)
            apart = log(moved) - (ends[0] + (ends[1] - ends[0]) * along)
            off = max(float(generous * apart.max() if generous > 0 else -apart.min()), 0.0) * generous
            terms.append((one.position, float(ends[1] - ends[0])))
            e.curved = e.curved or abs(off) > 1e-12
        terms.append((one.flag, float(ends[0]) + off))
    return Affine(0.0, tuple(terms))


def _joint_risk(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write 1 − Π (1 − x) by logarithms, which add up: −ln (1 − x) of each, and 1 − exp (−sum) of all."""
    up, down = e.up(slot), e.down(slot)
    logs, low, high = [], 0.0, 0.0

    def log(x: Array) -> Array:
        return -np.log1p(-np.minimum(x, _CERTAIN))

    def joint(x: Array) -> Array:
        return -np.expm1(-x)

    for i in o.inputs:
        ends = (e.low(i), min(e.high(i), _CERTAIN))
        first, last = (float(log(np.array(end))) for end in ends)
        low, high = low + first, high + last
        if e.analysis.constant(i):
            logs.append(Affine(float(log(np.array(e.analysis.value(i))))))
        elif i in e.stretches and up != down:
            logs.append(_log_of_stretches(e, e.stretches[i], log, up=up))
        elif down and not up and not e.strict:  # the logarithm is convex: tangents lie below it, and need no flags
            column = Affine(0.0, ((e.program.column(first, last), 1.0),))
            for at in _corners(e, *ends, i):
                slope = 1.0 / (1.0 - at)
                tangent = total([Affine(float(log(np.array(at))) - slope * at), e.of(i).times(slope)])
                e.program.row(total([column, tangent.times(-1.0)]), 0.0)
            e.curved = True
            logs.append(column)
        else:
            logs.append(_piecewise(e, e.of(i), _corners(e, *ends, i), log, up=up, down=down))
    # even in the probability itself, and finer the smaller it is
    ends = joint(np.array([low, high]))
    even = ends[0] + (ends[1] - ends[0]) * np.linspace(0.0, 1.0, _PIECES) ** 2
    near = [low + (high - low) * 1e-3, *e.focus.get(("joint", slot), ())]
    near = [value * part for value in near for part in (0.8, 0.93, 0.98, 1.0, 1.02, 1.07, 1.2)]
    corners = sorted({low, high, *(min(max(v, low), high) for v in (*log(even).tolist(), *near))})
    # chords of a rough sum may leave its range by what they are off
    return _piecewise(e, e.equal_within(total(logs), low, high), corners, joint, up=up, down=down)


def _compensate(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Allow every way of moving points between neighbours, where the rule takes one of them."""
    case, move = o.inputs[3], round(float(o.of("move")))
    if e.down(slot) or not e.analysis.constant(case) or e.low(case) != e.high(case):
        return None
    offsets = np.asarray(o.of("offsets")).reshape(-1, 3)[round(e.low(case))]
    column = e.free(slot)
    over, under = (
        [e.program.column(0.0, move, whole=True) for _ in range(2)] for _ in range(2)
    )
    one_way = e.program.flag()
    e.program.row(Affine(0.0, ((over[0], 1.0), (over[1], 1.0), (one_way, -float(move)))), most=0.0)
    e.program.row(Affine(0.0, ((under[0], 1.0), (under[1], 1.0), (one_way, float(move)))), most=float(move))
    a, b = (Affine(0.0, ((over[k], 1.0), (under[k], -1.0))) for k in range(2))
    moved = (a, total([a.times(-1.0), b.times(-1.0)]), b)
    for i, offset, shift in zip(o.inputs[:3], offsets, moved, strict=True):
        reached = total([e.of(i), Affine(float(offset)), shift])
        e.program.row(total([column, reached.times(-1.0)]), most=0.0)
    e.relaxed.append(o)
    return column


def _across(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Allow each scenario all its own points: the rule across scenarios only takes some away."""
    table = o.of("table")
    starts = np.cumsum([0, *(4 + len(layers) for layers in table.layers)])[:-1]
    at = o.outputs.index(slot)
    if at >= len(starts) or e.down(slot):
        return None
    e.relaxed.append(o)
    return e.of(o.inputs[int(starts[at])])


def _same(e: Encoder, o: Operation, slot: int) -> Affine | None:
    return e.of(o.inputs[0])


_ENCODERS: Mapping[str, Callable[[Encoder, Operation, int], Affine | None]] = {
    "linear": _linear,
    "minimum": _minimum,
    "maximum": _maximum,
    "clip": _clip,
    "clip_open": _clip,
    "rounding": _rounding,
    "steps": _steps,
    "compare": _compare,
    "choose": _choose,
    "between": _between,
    "share": _share,
    "share_of_varying": _share,
    "worst_that_applies": _worst_that_applies,
    "best_of": _best_of,
    "product": _product,
    "curve": _curve,
    "risk_logistic": _curved,
    "risk_lognormal": _curved,
    "risk_weibull": _curved,
    "joint_risk": _joint_risk,
    "compensate": _compensate,
    "across": _across,
    "surely": _same,
}

ENCODED = frozenset(_ENCODERS)
"""Operations that are written as constraints, exactly or as a relaxation."""
