"""Kernels of impact points on a car's front: the headform grid and a legform's row of points.

Facts arrive raw: NaN where they are not known. A point without a cell word is no point of the car.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels.basic import rounded
from carindex.rating.kernels.kernel import Array, Interval, Kernel, Parameters, details, equal

_HUNDREDTHS = 100.0
_FULL = 100.0


class PointCriterion(msgspec.Struct, frozen=True, eq=False):
    """A criterion at an impact point: what parts its colours, what each scores, where a prediction is granted."""

    divisor: float
    thresholds: Array
    least: Array
    most: Array
    scores: Array


class HeadformGrid(msgspec.Struct, frozen=True, eq=False):
    """The headform grid as arrays: points in the order of the inputs, bands by point, cell kinds as tables."""

    mirror: NDArray[np.intp]
    bands: NDArray[np.bool_]
    predicted: Array
    counts: Array
    sampled: NDArray[np.bool_]
    always: NDArray[np.bool_]
    times: Array
    mirrored: NDArray[np.bool_]
    colours: Array
    criterion_of: NDArray[np.intp]
    criteria: tuple[PointCriterion, ...]
    points: float
    least: float
    most: float


class _Tested(msgspec.Struct, frozen=True, eq=False):
    """The tested points of all cars in one row: point, car, cell kind, and what was measured there."""

    point: NDArray[np.intp]
    car: NDArray[np.intp]
    kind: NDArray[np.intp]
    value: Array
    colour: Array
    score: Array
    check: Array


class _Front(msgspec.Struct, frozen=True, eq=False):
    """What the cell words of a front say: points that count and what is predicted, by point and by band."""

    counts: Array
    predicted: Array
    most: Array
    worth: Array
    silent: NDArray[np.bool_]

    @classmethod
    def of(cls, grid: HeadformGrid, kind: NDArray[np.int16]) -> _Front:
        bands = grid.bands.astype(np.float64)
        counts, predicted = (np.append(table, 0.0).take(kind) for table in (grid.counts, grid.predicted))
        silent = (kind == len(grid.counts)).all(axis=0)
        return cls(counts, predicted, bands @ counts, bands @ predicted, silent)


def headform_grid(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Per cent of each band, its greatest points and what the correction costs it; then, point by point.

    Inputs, raw: whether all that there is of the grid is said (1), then cell word, tested (1) and value of each point,
    quantity after quantity. Before all is said nothing of the grid is known. Outputs of a point: colour,
    per cent, check of the prediction, value that counts, and points that its cell costs.
    """
    grid: HeadformGrid = parameters["table"]
    count = len(grid.mirror)
    is_open = high is not low and str(parameters["blank"]) == "open"
    said, low, high = low[0, 0], low[:, 1:], high[:, 1:] if high is not low else low[:, 1:]
    words, tested = low[0, :count], low[0, count : 2 * count]
    all_said = (said == 1) | ~np.isnan(low[0]).any(axis=0) | np.array(not is_open)
    kind = np.where(np.isnan(words), len(grid.counts), words).astype(np.int16)
    at = np.nonzero((tested == 1) & (kind < len(grid.counts)))
    front = _Front.of(grid, kind)
    detailed = details(parameters)
    least, most = low[0, 2 * count :], high[0, 2 * count :]
    first = second = _tested(grid, kind, at, least)
    if not equal(least, most):
        second = _tested(grid, kind, at, most)
    # a higher value is worse everywhere, so that the ends of its interval are the bounds
    worst = _headform(grid, front, second, 0.0, silent=0.0, detailed=detailed)
    undecided = front.silent.any() or np.isnan(first.score).any()
    if second is first and not (is_open and undecided):
        lower = upper = worst
    else:
        best = _headform(grid, front, first, _FULL * is_open, silent=float(is_open), detailed=detailed)
        lower, upper = np.fmin(worst, best), np.fmax(worst, best)
    if not all_said.all():
        lower, upper = _open_bands(grid, lower, upper, ~all_said)
    return lower[None], upper[None]


def _open_bands(
    grid: HeadformGrid, lower: Array, upper: Array, where: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Leave the bands of some cars open; what is known of single points stays, but that they cost something."""
    bands, count = len(grid.bands), len(grid.mirror)
    lower, upper = lower.copy(), upper.copy()
    for first, last, least, most in (
        (0, bands, 0.0, _FULL),
        (bands, 2 * bands, 0.0, grid.points),
        (2 * bands, 3 * bands, 0.0, 0.0),
        (3 * bands + 4 * count, len(lower), 0.0, 0.0),
    ):
        lower[first:last, where], upper[first:last, where] = least, most
    return lower, upper


def _tested(
    grid: HeadformGrid,
    kind: NDArray[np.int16],
    at: tuple[NDArray[np.intp], ...],
    values: Array,
) -> _Tested:
    """Assess every tested point; an A-pillar point without a value takes that of its twin on the other side."""
    point, car = at
    kinds = kind[point, car].astype(np.intp)
    value = rounded(values[point, car], _HUNDREDTHS, "half_up")
    mirrored = grid.mirrored[kinds]
    value = np.where(mirrored & (value == 0), np.nan, value)
    place = np.full(kind.shape, -1, np.intp)
    place[point, car] = np.arange(len(point))
    twin = place[grid.mirror[point], car]
    takes = mirrored & np.isnan(value) & (twin >= 0) & (grid.mirror[point] != point)
    takes &= kinds == np.where(twin >= 0, kinds[twin], -1)
    value = np.where(takes, value[twin], value) if len(value) else value
    which = grid.criterion_of[kinds]
    thresholds, least, most, scores = (
        np.stack([getattr(criterion, name) for criterion in grid.criteria])
        for name in ("thresholds", "least", "most", "scores")
    )
    known = ~np.isnan(value)
    reached = np.zeros(value.shape, np.int8)
    for edge in thresholds.T:
        reached += value >= edge.take(which)
    measured = reached.astype(np.intp)
    predicted = grid.colours[kinds]
    asked = ~np.isnan(predicted)
    guess = np.where(asked, predicted, 0).astype(np.intp)
    within = asked & (value >= least[which, guess]) & (value < most[which, guess])
    colour = np.where(within, guess, measured)
    check = np.where(asked & (measured == guess), 0.0, np.where(within, 1.0, 2.0))
    return _Tested(
        point,
        car,
        kinds,
        value,
        np.where(known, colour, np.nan),
        np.where(known, scores[which, colour], np.nan),
        np.where(known, check, np.nan),
    )


def _headform(
    grid: HeadformGrid, front: _Front, tested: _Tested, fill: float, *, silent: float, detailed: bool
) -> Array:
    """Return the outputs with every missing value scoring ``fill``.

    ``silent``: the part of everything that a front has of which nothing is known.
    """
    count, cars = front.counts.shape
    counts, predicted, most, worth = front.counts, front.predicted, front.most, front.worth
    bands = grid.bands
    reached = np.where(np.isnan(tested.score), fill, tested.score) / _FULL
    sampled = grid.sampled[tested.kind]
    asked = np.bincount(tested.car, sampled * grid.predicted[tested.kind], cars)
    got = np.bincount(tested.car, sampled * reached, cars)
    factor = np.clip(np.divide(got, asked, out=np.zeros(cars), where=asked > 0), grid.least, grid.most)
    always = np.where(grid.always[tested.kind], reached * grid.times[tested.kind], 0.0)
    band = np.argmax(grid.bands, axis=0)[tested.point]
    added = np.bincount(band * cars + tested.car, always, len(bands) * cars).reshape(len(bands), cars)
    share = np.divide(_FULL * (factor * worth + added), most, out=np.zeros_like(most), where=most > 0)
    whole = most.sum(axis=0)
    unit = np.divide(grid.points, whole, out=np.zeros(cars), where=whole > 0)
    nothing_said = silent * (whole == 0) * front.silent
    head = 3 * len(bands)
    out = np.empty((head + 5 * count * detailed, cars))
    out[: len(bands)] = np.where(most > 0, np.minimum(share, _FULL), _FULL * nothing_said)
    out[len(bands) : 2 * len(bands)] = unit * most + grid.points * nothing_said
    out[2 * len(bands) : head] = unit * (worth + added - out[: len(bands)] / _FULL * most)
    if not detailed:
        return out
    points = out[head:].reshape(5, count, cars)
    points[:4] = np.nan
    where = (tested.point, tested.car)
    points[0][where] = tested.colour
    points[1][where] = np.where(np.isnan(tested.score), fill, tested.score)
    points[2][where] = tested.check
    points[3][where] = tested.value
    points[4] = unit * (counts - predicted)
    points[4][where] -= unit[tested.car] * always
    return out


class LegformRow(msgspec.Struct, frozen=True, eq=False):
    """A row of a legform's points: columns from left to right, mirrored columns, criteria, what a cell word does."""

    mirror: NDArray[np.intp]
    takes_mirror: NDArray[np.bool_]
    takes_neighbour: NDArray[np.bool_]
    criteria: tuple[PointCriterion, ...]
    combine: str
    points: float


def legform_row(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Per cent of the row and whether it has points; then, point by point, the worst colour and the points lost.

    After these colour, per cent and value of each criterion at each point. Inputs, raw: whether all that there is of
    the points is said (1), the cell word of each point, then for each criterion the value of each point. Before all is
    said nothing of the row is known.

    A point that is always tested, or on whose twin nothing was measured either, may have any value as long as it
    is missing; so may what is inferred from it.
    """
    row: LegformRow = parameters["table"]
    count, cars = len(row.mirror), low.shape[2]
    unasked = str(parameters["blank"]) == "nothing"
    is_open = high is not low and not unasked
    said, low, high = low[0, 0], low[:, 1:], high[:, 1:] if high is not low else low[:, 1:]
    words = low[0, :count]
    all_said = (said == 1) | ~np.isnan(low[0]).any(axis=0) | np.array(not is_open)
    there = ~np.isnan(words)
    kind = np.where(there, words, 0).astype(np.intp)
    detailed = details(parameters)

    def measured(inputs: Array) -> Array:
        divisors = np.array([criterion.divisor for criterion in row.criteria])[:, None, None]
        value = rounded(inputs[0, count:].reshape(-1, count, cars) / divisors, _HUNDREDTHS, "half_up")
        value = np.where(there, value, np.nan)
        return np.where(np.isnan(value) & (there & row.takes_mirror[kind]), value[:, row.mirror], value)

    def outputs(value: Array, pending: float) -> Array:
        missing = np.isnan(value)
        inferred = missing & there & row.takes_neighbour[kind]
        value = np.where(missing & there & ~inferred, pending, value)
        return _legform(
            row, there, _from_neighbours(value, inferred), unasked, _FULL * (pending < 0), detailed
        )

    value = top = measured(low)
    if not equal(low, high):
        top = measured(high)
    worst = outputs(top, np.inf if is_open else np.nan)
    undecided = (np.isnan(value) & there).any() or not there.any(axis=0).all()
    if top is value and not (is_open and undecided):
        lower = upper = worst
    else:
        best = outputs(value, -np.inf if is_open else np.nan)
        lower, upper = np.fmin(worst, best), np.fmax(worst, best)
    if not all_said.all():
        # what is known of single points stays, but that they cost something
        lower, upper = lower.copy(), upper.copy()
        for rows, most in ((slice(0, 1), _FULL), (slice(1, 2), 1.0), (slice(2 + count, 2 + 2 * count), 0.0)):
            lower[rows, ~all_said], upper[rows, ~all_said] = 0.0, most
    return lower[None], upper[None]


def _legform(
    row: LegformRow,
    there: NDArray[np.bool_],
    value: Array,
    unasked: bool,
    nothing_said: float,
    detailed: bool,
) -> Array:
    """Return the outputs for values at the points; what is NaN there has no colour and scores nothing."""
    thresholds = np.stack([criterion.thresholds for criterion in row.criteria])
    scores = np.stack([criterion.scores for criterion in row.criteria])
    known = ~np.isnan(value)
    reached = np.zeros(value.shape, np.int8)
    for edge in thresholds.T:
        reached += value >= edge[:, None, None]
    band = reached.astype(np.intp)
    first = np.arange(len(scores))[:, None, None] * scores.shape[1]
    score = np.where(known, scores.reshape(-1).take(band + first), 0.0)
    each = np.where(there, score.min(axis=0), _FULL)
    points = there.sum(axis=0)
    if row.combine == "points_worst":
        percent = each.min(axis=0)
        worst = there & (each == percent)
        lost = worst * (_FULL - percent) / np.maximum(worst.sum(axis=0), 1)
    else:
        percent = np.where(there, each, 0.0).sum(axis=0) / np.maximum(points, 1)
        lost = np.where(there, _FULL - each, 0.0) / np.maximum(points, 1)
    percent = np.where(points > 0, percent, 0.0 if unasked else nothing_said)
    count, cars = there.shape
    if not detailed:
        return np.stack([percent, (points > 0).astype(np.float64)])
    out = np.empty((2 + count * (2 + 3 * len(scores)), cars))
    out[0], out[1] = percent, points > 0
    rest = out[2:].reshape(-1, count, cars)
    colour = np.where(known & there, band, np.nan)
    rest[0] = np.where(known.all(axis=0), colour.max(axis=0), np.nan)
    rest[1] = lost * (row.points / _FULL)
    rest[2::3], rest[3::3], rest[4::3] = colour, score, value
    return out


def _from_neighbours(value: Array, inferred: NDArray[np.bool_]) -> Array:
    """Give inferable points the greater of the values beside them, again and again until none changes."""
    if not inferred.any():
        return value
    edge = np.full((len(value), 1, value.shape[2]), np.nan)
    for _ in range(value.shape[1]):
        beside = np.fmax(
            np.concatenate([edge, value[:, :-1]], axis=1), np.concatenate([value[:, 1:], edge], axis=1)
        )
        grown = np.where(inferred, np.fmax(value, beside), value)
        if np.array_equal(grown, value, equal_nan=True):
            break
        value = grown
    return value


IMPACT: Mapping[str, Kernel] = {"headform_grid": headform_grid, "legform_row": legform_row}
