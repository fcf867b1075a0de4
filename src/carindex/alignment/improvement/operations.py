"""Operations of every kind that mix levers, written as constraints: sums, extremes, steps, choices, shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from carindex.alignment.improvement.encoder import Encoder
from carindex.alignment.improvement.program import Affine, total
from carindex.alignment.improvement.slicing import Operation

_FINE = 1e6
"""More steps than this between a slot's bounds and rounding it is left out: a millionth of what it can be is lost."""
_COARSE = 500


def linear(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write a weighted sum."""
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


def minimum(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write the least of several."""
    return _extreme(e, slot, e.analysis.relevant(o), least=True)


def maximum(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write the greatest of several."""
    return _extreme(e, slot, e.analysis.relevant(o), least=False)


def clip(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write a value that is cut off on both sides."""
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


def rounding(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write a rounding as a whole number of units, a very fine one as none."""
    (i,) = o.inputs
    x, unit, mode = e.of(i), 10.0 ** -float(o.of("decimals")), str(o.of("mode"))
    steps_between = (e.high(i) - e.low(i)) / unit
    if steps_between > _FINE:
        return x
    below, above = {
        "half_up": (0.5, 0.5),
        "half_even": (0.5, 0.5),
        "floor": (1.0, 0.0),
        "ceiling": (0.0, 1.0),
    }.get(mode, (1.0, 1.0))
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


def steps(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write a value that jumps from line to line."""
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


def compare(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write whether a value lies between two lines."""
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
        flags.append(e.at_least(x.times(-1.0), (-ends[1], -ends[0]), -most, both=e.down(slot), scale=scale))
    return total([*flags, Affine(1.0 - len(flags))])


def choose(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write one of several values, chosen by a whole number."""
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


def between(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write what lies between two values as the one that hurts."""
    if e.up(slot) and e.down(slot):
        return None
    return e.of(o.inputs[0 if e.up(slot) else 1])


def share(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write what was reached of what could be reached."""
    count = len(o.inputs) // (3 if o.kernel == "share_of_varying" else 2)
    values, flags = o.inputs[:count], o.inputs[count : 2 * count]
    rest = [*flags, *o.inputs[2 * count :]]
    if not all(e.analysis.constant(i) and e.low(i) == e.high(i) for i in rest):
        return share_of_what_applies(e, o, slot) if o.kernel == "share" else None
    weights = np.asarray(o.of("weights"))
    applies = np.array([e.low(i) for i in flags])
    constant = o.kernel == "share"
    maxima = np.asarray(o.of("maxima")) if constant else np.array([e.low(i) for i in o.inputs[2 * count :]])
    possible = float((weights * applies * maxima).sum())
    points = float(o.of("points"))
    if possible <= 0:
        return Affine(points)
    shares = points * weights * applies / possible
    return e.equal(slot, total([e.of(i).times(float(s)) for i, s in zip(values, shares, strict=True) if s]))


def share_of_what_applies(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write out · Σ w·a·m = points · Σ w·a·x, where flags a say which parts apply: products with flags are exact."""
    if e.up(slot) and e.down(slot):
        return None
    up, count, points = e.up(slot), len(o.inputs) // 2, float(o.of("points"))
    out, sums = e.free(slot), []
    side = 1.0 if up else -1.0
    for i, flag, w, m in zip(
        o.inputs[:count], o.inputs[count:], o.of("weights"), o.of("maxima"), strict=True
    ):
        a = e.of(flag)
        # turned so that the share is not to be claimed too high: its product from below, the part's from above
        for x, own, factor in (
            (out.times(side), (side * e.low(slot), side * e.high(slot)), float(w * m)),
            (e.of(i).times(-side), (-side * e.low(i), -side * e.high(i)), points * float(w)),
        ):
            low, high = min(own), max(own)
            part = Affine(0.0, ((e.program.column(min(low, 0.0), max(high, 0.0)), 1.0),))
            e.program.row(total([part, a.times(-low)]), 0.0)
            e.program.row(total([part, x.times(-1.0), a.times(-high)]), -high)
            sums.append(part.times(factor))
    e.program.row(total(sums), most=0.0)
    return out


def worst_that_applies(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write the worst of the values that apply."""
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


def best_of(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write the sum of the best of several values."""
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


def product(e: Encoder, o: Operation, slot: int) -> Affine | None:
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


def compensate(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Allow every way of moving points between neighbours, where the rule takes one of them."""
    case, move = o.inputs[3], round(float(o.of("move")))
    if e.down(slot) or not e.analysis.constant(case) or e.low(case) != e.high(case):
        return None
    offsets = np.asarray(o.of("offsets")).reshape(-1, 3)[round(e.low(case))]
    column = e.free(slot)
    over, under = ([e.program.column(0.0, move, whole=True) for _ in range(2)] for _ in range(2))
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


def across(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Allow each scenario all its own points: the rule across scenarios only takes some away."""
    table = o.of("table")
    starts = np.cumsum([0, *(4 + len(layers) for layers in table.layers)])[:-1]
    at = o.outputs.index(slot)
    if at >= len(starts) or e.down(slot):
        return None
    e.relaxed.append(o)
    return e.of(o.inputs[int(starts[at])])


def same(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write a value that is another one."""
    return e.of(o.inputs[0])
