"""Operations that are curves, written by chords and tangents: injury-risk curves, joint risks, broken lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from carindex.alignment.improvement.encoder import Encoder, Stretch
from carindex.alignment.improvement.program import Affine, total
from carindex.alignment.improvement.slicing import Operation
from carindex.rating.kernels import KERNELS, Array

_PIECES = 24
# a probability this near to 1 is not told from it
_CERTAIN = 1.0 - 1e-9
_PAD = 0.05


def _piecewise(
    e: Encoder,
    x: Affine,
    corners: Sequence[float],
    function: Callable[[Array], Array],
    *,
    up: bool,
    down: bool,
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
        Affine(
            0.0,
            tuple((flag, shift[side]) for (flag, _), shift in zip(flags, shifts, strict=True) if shift[side]),
        )
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


def curve(e: Encoder, o: Operation, slot: int) -> Affine | None:
    """Write a broken line on what several levers decide."""
    (i,) = o.inputs
    divisor = float(o.of("divisor"))
    xs, ys = np.asarray(o.of("x")), np.asarray(o.of("y"))
    low, high = sorted((e.low(i) / divisor, e.high(i) / divisor))
    corners = [low, *(float(x) for x in xs if low < x < high), high]
    x = e.of(i).times(1.0 / divisor)
    return _piecewise(e, x, corners, lambda at: np.interp(at, xs, ys), up=e.up(slot), down=e.down(slot))


def curved(e: Encoder, o: Operation, slot: int) -> Affine | None:
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


def joint_risk(e: Encoder, o: Operation, slot: int) -> Affine | None:
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
        elif (
            down and not up and not e.strict
        ):  # the logarithm is convex: tangents lie below it, and need no flags
            column = Affine(0.0, ((e.program.column(first, last), 1.0),))
            for at in _corners(e, *ends, i):
                slope = 1.0 / (1.0 - at)
                tangent = total([Affine(float(log(np.array(at))) - slope * at), e.of(i).times(slope)])
                e.program.row(total([column, tangent.times(-1.0)]), 0.0)
            e.curved = True
            logs.append(column)
        else:
            logs.append(_piecewise(e, e.of(i), _corners(e, *ends, i), log, up=up, down=down))
    # what the chords of the logarithms may be off may take their sum out of its bounds
    low, high = low - _PAD, high + _PAD
    # even in the probability itself, and finer the smaller it is
    least, most = joint(np.array([low, high]))
    even = least + (most - least) * np.linspace(0.0, 1.0, _PIECES) ** 2
    near = [low + (high - low) * 1e-3, *e.focus.get(("joint", slot), ())]
    near = [value * part for value in near for part in (0.8, 0.93, 0.98, 1.0, 1.02, 1.07, 1.2)]
    corners = sorted({low, high, *(min(max(v, low), high) for v in (*log(even).tolist(), *near))})
    return _piecewise(e, total(logs), corners, joint, up=up, down=down)
