"""Kernels of claims and test points. Facts arrive raw: NaN where they are not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels.kernel import Array, Interval, Kernel, Parameters, column


def open_value(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Return what is not known: anything from nothing to ``points``, NaN for cars about which all facts are known."""
    points = column(parameters["points"])
    if high is low:
        out = np.full(low[:, 0].shape, np.nan)
        return out, out
    return np.zeros_like(low[:, 0]), np.broadcast_to(points, low[:, 0].shape)


def still_open(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Return the second input, open where the first is: from nothing to the first's upper bound."""
    if high is low:
        return low[:, 1], low[:, 1]
    unsure = low[:, 0] < high[:, 0]
    return np.where(unsure, 0.0, low[:, 1]), np.where(unsure, high[:, 0], high[:, 1])


def row_above(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Return the first input, the second where the first is open."""
    if high is low:
        out = np.where(np.isnan(low[:, 0]), low[:, 1], low[:, 0])
        return out, out
    unsure = ~(low[:, 0] == high[:, 0])
    return np.where(unsure, low[:, 1], low[:, 0]), np.where(unsure, high[:, 1], high[:, 0])


@dataclass(frozen=True, eq=False)
class Claim:
    """A claimed node: for each response its cells among the inputs and what it is worth; the cells of the warning."""

    responses: tuple[NDArray[np.intp], ...]
    worth: tuple[float, ...]
    costs: tuple[bool, ...]
    warning: NDArray[np.intp]
    cells: int
    counted: bool
    green: float
    not_selected: float
    failed: float


def claimed(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Sum of what the responses are worth that are claimed and not refuted.

    Inputs, raw: the prediction of each cell, then the outcome of its drawn test. A cell without prediction is not
    claimed; while a test's outcome is missing the node is open.
    """
    claim: Claim = parameters["table"]
    predictions, outcomes = low[0, : claim.cells], low[0, claim.cells :]
    with np.errstate(invalid="ignore"):
        green = predictions == claim.green
        failed = outcomes == claim.failed
    drawn = np.isnan(outcomes) | (outcomes != claim.not_selected)
    mine = np.concatenate(claim.responses)
    missing = np.isnan(outcomes[mine]).any(axis=0) & claim.counted
    any_drawn = drawn[mine].any(axis=0)
    warning_failed = np.zeros(low.shape[2], bool)
    if len(claim.warning):
        words = outcomes[claim.warning]
        warning_failed = (
            green[claim.warning].all(axis=0)
            & ~np.isnan(words).any(axis=0)
            & failed[claim.warning].any(axis=0)
        )
    all_passed = ~failed[mine].any(axis=0)
    total = np.zeros(low.shape[2])
    most = np.zeros(low.shape[2])
    for cells, worth, costs in zip(claim.responses, claim.worth, claim.costs, strict=True):
        asked = green[cells].all(axis=0)
        confirmed = ~failed[cells].any(axis=0) if claim.counted else np.ones(low.shape[2], bool)
        confirmed = np.where(
            warning_failed, np.where(any_drawn, all_passed, confirmed & (not costs)), confirmed
        )
        total += np.where(asked & confirmed, worth, 0.0)
        most += np.where(asked, worth, 0.0)
    if high is low:
        out = total[None]
        return out, out
    silent = np.isnan(predictions[mine]).all(axis=0)  # while nothing is claimed yet, anything may be
    most = np.where(silent, sum(claim.worth), most)
    unsure = missing | silent
    return np.where(unsure, 0.0, total)[None], np.where(unsure, most, total)[None]


@dataclass(frozen=True, eq=False)
class PointMatrix:
    """Test points that share a node's points: what a reduction must exceed for each colour."""

    green_above: Array
    orange_above: float
    worth: Array
    points: float


def test_points(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Points of a matrix, then the colour of each point: green 0, orange 2, red 4; NaN for a point that is not tested.

    Inputs, raw: the prediction of each point (0 … 5 as in the five colours and grey), then its measured reduction. A
    tested point without measured value counts as predicted.
    """
    matrix: PointMatrix = parameters["table"]
    count = len(matrix.green_above)

    def scored(values: Array) -> tuple[Array, Array]:
        predicted, measured = values[:count], values[count:]
        with np.errstate(invalid="ignore"):
            tested = (predicted == 0) | (predicted == 2)
            colour = np.where(
                measured > matrix.green_above[:, None],
                0.0,
                np.where(measured > matrix.orange_above, 2.0, 4.0),
            )
        colour = np.where(np.isnan(measured), predicted, colour)
        colour = np.where(tested, colour, np.nan)
        worth = np.where(tested, matrix.worth[np.where(tested, colour, 0).astype(np.intp)], 0.0)
        coloured = (~np.isnan(predicted) & (predicted != 5)).any(axis=0)
        total = (worth * (matrix.points / count)).sum(axis=0)
        return np.concatenate([np.where(coloured, total, np.nan)[None], colour]), coloured

    out, coloured = scored(low[0])
    if high is low:
        return out[None], out[None]
    top, _ = scored(high[0])
    lower, upper = np.fmin(out, top), np.fmax(out, top)
    lower[0] = np.where(coloured, lower[0], 0.0)
    upper[0] = np.where(coloured, upper[0], matrix.points)
    return lower[None], upper[None]


CHECKS: Mapping[str, Kernel] = {
    "open_value": open_value,
    "still_open": still_open,
    "row_above": row_above,
    "claimed": claimed,
    "test_points": test_points,
}
