"""Kernels of impact points on a car's front: the headform grid and a legform's row of points.

Facts arrive raw: NaN where they are not known. A point without a cell word is no point of the car.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels.basic import rounded
from carindex.rating.kernels.kernel import Array, Interval, Kernel, Parameters


@dataclass(frozen=True, eq=False)
class PointCriterion:
    """A criterion at an impact point: what parts its colours, what each scores, where a prediction is granted."""

    divisor: float
    thresholds: Array
    least: Array
    most: Array
    scores: Array

    def colour(self, value: Array, predicted: Array | None = None) -> Array:
        """Return the colour's number for rounded values, NaN where the value is; granted ones where predicted."""
        with np.errstate(invalid="ignore"):
            found = sum((value >= edge).astype(np.float64) for edge in self.thresholds)
            if predicted is not None:
                guess = np.where(np.isnan(predicted), 0, predicted).astype(np.intp)
                within = (value >= self.least[guess]) & (value < self.most[guess]) & ~np.isnan(predicted)
                found = np.where(within, predicted, found)
        return np.where(np.isnan(value), np.nan, found)

    def score(self, colour: Array) -> Array:
        """Return what colours score in per cent, NaN for no colour."""
        known = ~np.isnan(colour)
        return np.where(known, self.scores[np.where(known, colour, 0).astype(np.intp)], np.nan)


@dataclass(frozen=True, eq=False)
class HeadformGrid:
    """The headform grid as arrays: points in the order of the inputs, bands as masks, cell kinds as tables."""

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


def headform_grid(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Percent and greatest points of each band, then colour, per cent and check of each point; one operation.

    Inputs, raw: cell word, tested (1) and value of each point, points after points.
    """
    grid: HeadformGrid = parameters["table"]
    count = len(grid.mirror)
    blank = str(parameters["blank"])
    words, tested = low[0, :count], low[0, count : 2 * count]
    first = _headform(grid, words, tested, low[0, 2 * count :], None if high is low else blank)
    if high is low:
        return first[0][None], first[0][None]
    second = _headform(grid, words, tested, high[0, 2 * count :], blank)
    with np.errstate(invalid="ignore"):
        lower = np.fmin(first[0], second[1])
        upper = np.fmax(first[1], second[0])
        lower, upper = np.fmin(lower, second[0]), np.fmax(upper, first[0])
        lower, upper = np.fmin(lower, first[1]), np.fmax(upper, second[1])
    return lower[None], upper[None]


def _headform(
    grid: HeadformGrid, words: Array, tested: Array, values: Array, blank: str | None
) -> tuple[Array, Array]:
    """Return the outputs with every missing value at its worst, and at its best."""
    there = ~np.isnan(words)
    kind = np.where(there, words, 0).astype(np.intp)
    is_tested = there & (tested == 1)
    value = rounded(values, 100.0, "half_up")
    mirrored = grid.mirrored[kind] & is_tested
    value = np.where(mirrored & (value == 0), np.nan, value)
    other = value[grid.mirror]
    takes = mirrored & np.isnan(value) & (grid.mirror != np.arange(len(grid.mirror)))[:, None]
    takes &= (kind[grid.mirror] == kind) & is_tested[grid.mirror]
    value = np.where(takes, other, value)
    colour = np.full(value.shape, np.nan)
    score = np.full(value.shape, np.nan)
    predicted = grid.colours[kind]
    own = np.full(value.shape, np.nan)
    for number, criterion in enumerate(grid.criteria):
        mine = is_tested & (grid.criterion_of[kind] == number)
        plain = criterion.colour(value)
        own = np.where(mine, plain, own)
        granted = criterion.colour(value, predicted)
        colour = np.where(mine, granted, colour)
        score = np.where(mine, criterion.score(granted), score)
    with np.errstate(invalid="ignore"):
        check = np.where(own == predicted, 0.0, np.where(colour == predicted, 1.0, 2.0))
    check = np.where(is_tested & ~np.isnan(colour), check, np.nan)
    outputs = []
    missing = is_tested & np.isnan(score)
    silent = ~there.any(axis=0) & (blank == "open")
    for fill in (0.0, 0.0 if blank in (None, "nothing") else 100.0):
        reached = np.where(missing, fill, score)
        sampled = is_tested & grid.sampled[kind]
        total = np.where(sampled, grid.predicted[kind], 0.0).sum(axis=0)
        got = np.where(sampled, reached / 100.0, 0.0).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            factor = np.clip(
                np.where(total > 0, got / np.where(total > 0, total, 1.0), 0.0), grid.least, grid.most
            )
        percents, greatest = [], []
        for band in grid.bands:
            inside = there & band[:, None]
            most = np.where(inside, grid.counts[kind], 0.0).sum(axis=0)
            worth = factor * np.where(inside, grid.predicted[kind], 0.0).sum(axis=0)
            always = inside & is_tested & grid.always[kind]
            worth = worth + np.where(always, reached / 100.0 * grid.times[kind], 0.0).sum(axis=0)
            with np.errstate(invalid="ignore", divide="ignore"):
                share = 100.0 * worth / np.where(most > 0, most, 1.0)
            nothing = 100.0 if fill > 0 else 0.0  # while nothing is said of the front, anything is possible
            percents.append(np.where(most > 0, np.minimum(share, 100.0), np.where(silent, nothing, 0.0)))
            greatest.append(most)
        whole = np.sum(greatest, axis=0)
        undecided = grid.points if fill > 0 else 0.0
        shares = [
            np.where(whole > 0, grid.points * one / np.where(whole > 0, whole, 1.0), undecided * silent)
            for one in greatest
        ]
        shown = np.where(missing, fill, score)
        outputs.append(np.concatenate([np.stack(percents), np.stack(shares), colour, shown, check, value]))
    return outputs[0], outputs[1]


@dataclass(frozen=True, eq=False)
class LegformRow:
    """A row of a legform's points: columns from left to right, mirrored columns, criteria, what a cell word does."""

    mirror: NDArray[np.intp]
    takes_mirror: NDArray[np.bool_]
    takes_neighbour: NDArray[np.bool_]
    criteria: tuple[PointCriterion, ...]
    combine: str


def legform_row(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Per cent of the row and whether it has points, then colour, per cent and value of each point and criterion.

    Inputs, raw: the cell word of each point, then for each criterion the value of each point.
    """
    row: LegformRow = parameters["table"]
    blank = str(parameters["blank"])
    count = len(row.mirror)
    words = low[0, :count]
    first = _legform(row, words, low[0, count:], blank)
    if high is low:
        return first[0][None], first[0][None]
    second = _legform(row, words, high[0, count:], blank)
    with np.errstate(invalid="ignore"):
        every = (*first, *second)
        lower, upper = every[0], every[0]
        for one in every[1:]:
            lower, upper = np.fmin(lower, one), np.fmax(upper, one)
    return lower[None], upper[None]


def _legform(row: LegformRow, words: Array, values: Array, blank: str) -> tuple[Array, Array]:
    count = len(row.mirror)
    there = ~np.isnan(words)
    kind = np.where(there, words, 0).astype(np.intp)
    worst = {0.0: np.full(there.shape, 100.0), 100.0: np.full(there.shape, 100.0)}
    shown: list[list[Array]] = []
    for k, criterion in enumerate(row.criteria):
        with np.errstate(invalid="ignore"):
            value = rounded(values[k * count : (k + 1) * count] / criterion.divisor, 100.0, "half_up")
        value = np.where(there, value, np.nan)
        value = np.where(np.isnan(value) & there & row.takes_mirror[kind], value[row.mirror], value)
        inferred = np.isnan(value) & there & row.takes_neighbour[kind]
        value = _from_neighbours(value, inferred)
        colour = criterion.colour(value)
        score = criterion.score(colour)
        missing = there & np.isnan(score)
        for fill, so_far in worst.items():
            worst[fill] = np.minimum(so_far, np.where(missing, fill, np.where(there, score, 100.0)))
        shown.append([colour, np.where(missing, 0.0, score), value])
    outputs = []
    points = there.sum(axis=0)
    for fill in (0.0, 0.0 if blank == "nothing" else 100.0):
        each = worst[fill]
        if row.combine == "points_worst":
            percent = each.min(axis=0)
        else:
            percent = np.where(there, each, 0.0).sum(axis=0) / np.maximum(points, 1)
        percent = np.where(points > 0, percent, fill if blank == "open" else 0.0)
        parts = [percent[None], (points > 0).astype(np.float64)[None]]
        outputs.append(np.concatenate([*parts, *(array for three in shown for array in three)]))
    return outputs[0], outputs[1]


def _from_neighbours(value: Array, inferred: NDArray[np.bool_]) -> Array:
    """Give inferable points the greater of the values beside them, again and again until none changes."""
    if not inferred.any():
        return value
    for _ in range(len(value)):
        left = np.vstack([np.full((1, value.shape[1]), np.nan), value[:-1]])
        right = np.vstack([value[1:], np.full((1, value.shape[1]), np.nan)])
        beside = np.fmax(left, right)
        grown = np.where(inferred, np.fmax(value, beside), value)
        if np.array_equal(grown, value, equal_nan=True):
            break
        value = grown
    return value


IMPACT: Mapping[str, Kernel] = {"headform_grid": headform_grid, "legform_row": legform_row}
