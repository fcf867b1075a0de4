"""Kernels of crash-avoidance scenarios: prediction matrices, verified by test points, with robustness layers.

Facts arrive raw: NaN where they are not known. A fact that is not known may be any of its words or values,
so that a tested cell may count as borne out, as refuted, or not at all; bounds follow from counting the
cells that surely and that perhaps do each of these. A matrix is *closed* where a fact says that all of its
verification is written down: what is still not said of one of its cells is then known not to be there (no
prediction, no test, no robustness layer).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels.judging import Flags
from carindex.rating.kernels.kernel import Array, Interval, Kernel, Parameters, details, equal
from carindex.rating.kernels.low_speed import low_speed
from carindex.rating.kernels.matrix import Matrix
from carindex.rating.kernels.scenario import Pair, ScenarioTable, said_of, size_of
from carindex.rating.kernels.tally import Tally, can_tally

# cars that are worked on together: their cells stay within the processor's cache
BLOCK = 4096


def scenario(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Points of the three layers, what the rule across scenarios needs, colours and losses of the cells.

    Outputs: standard, extended, robustness, share of one layer, whether the tested layer failed, which
    layer was tested (−1: none), a flag for each claimed layer, what each unclaimed layer loses, what the
    failed layer and what too few standard points lose; then for each matrix the colour and the check of
    each cell (NaN: not tested), and what each cell loses of the standard and of the extended range.
    """
    table: ScenarioTable = parameters["table"]
    low, high = low[0], high[0]
    same = equal(low, high)
    cars = low.shape[1]
    detailed = details(parameters)
    lower = np.empty((table.outputs if detailed else 6 + table.layers, cars))
    upper = lower if high is low else np.empty_like(lower)
    for start in range(0, cars, BLOCK):
        part = slice(start, start + BLOCK)
        facts = np.ascontiguousarray(low[:, part])
        above = facts if same else np.ascontiguousarray(high[:, part])
        lower[:, part], upper[:, part] = _scenario(table, facts, above, detailed)
    return lower[None], upper[None]


def _scenario(table: ScenarioTable, low: Array, high: Array, detailed: bool) -> tuple[Array, Array]:
    cars = low.shape[1]
    car, position = said_of(table, low, high)
    claimed, answers = car.claimed, slice(position - table.layers, position)
    points = Pair(np.zeros((3, cars)), np.zeros((3, cars)))
    found: list[Matrix] = []
    tally = low is high and not detailed and can_tally(table)
    unclaimed, failing, needing = np.zeros((table.layers, cars)), np.zeros(cars), np.zeros(cars)
    for matrix in table.matrices:
        size = size_of(table, matrix)
        own = low[position : position + size]
        above = own if low is high else high[position : position + size]
        one = (Tally if tally else Matrix)(table, matrix, car, own, above)
        position += size
        one.work_out()
        points.low += one.points.low
        points.high += one.points.high
        unclaimed += (1.0 - claimed.high) * one.per_offered
        failing += one.lost_by_failing
        needing += one.lost_by_needs
        found.append(one)
    if table.answered:  # layers that are not answered are not offered
        unclaimed = np.where(np.isnan(low[answers]), 0.0, unclaimed)
    surely, perhaps = car.refused

    def unless_refused(pair: Pair, nothing: float) -> tuple[Array, Array]:
        return np.where(perhaps, nothing, pair.low), np.where(surely, nothing, pair.high)

    first = found[0]
    share = Pair(first.per_layer, first.per_layer)
    out = [
        unless_refused(points, 0.0),
        unless_refused(_stacked(share), 0.0),
        unless_refused(_stacked(first.failed), 0.0),
        unless_refused(_stacked(first.layer), -1.0),
        unless_refused(claimed, 0.0),
    ]
    if not detailed:
        return np.concatenate([a for a, _ in out]), np.concatenate([b for _, b in out])
    out += [_lost(some, surely) for some in (unclaimed, failing[None], needing[None])]
    for one in found:
        out += [
            (np.where(surely, np.nan, p.low), np.where(surely, np.nan, p.high))
            for p in (one.colours, one.check)
        ]
        out += [_lost(some, surely) for some in one.lost]
    return np.concatenate([a for a, _ in out]), np.concatenate([b for _, b in out])


def _stacked(pair: Pair) -> Pair:
    return Pair(pair.low[None], pair.high[None])


def _lost(points: Array, refused: Flags) -> tuple[Array, Array]:
    """Return what is lost at best; a scenario that is not claimed loses all its points by that."""
    lost = np.where(refused, 0.0, points)
    return lost, lost


class AcrossTable(msgspec.Struct, frozen=True, eq=False):
    """Scenarios with one collision partner: the layers each is offered, and in how many a layer has to fail."""

    layers: tuple[NDArray[np.intp], ...]
    failed_in: int


def across(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Robustness points after a layer that failed in several scenarios is taken from the others that claimed it.

    Inputs: for each scenario its robustness points, share of one layer, failed, tested layer, and claimed
    flags. Outputs: the points that are left of each scenario, then what each loses at best.
    """
    table: AcrossTable = parameters["table"]
    low, high = low[0], high[0]
    starts = np.cumsum([0, *(4 + len(layers) for layers in table.layers)])[:-1]
    left = np.stack([low[at] for at in starts]), np.stack([high[at] for at in starts])
    for layer in sorted({int(layer) for layers in table.layers for layer in layers}):
        least, most = low[starts + 3], high[starts + 3]
        surely = (low[starts + 2] > 0.5) & (least == layer) & (most == layer)
        perhaps = (high[starts + 2] > 0.5) & (least <= layer) & (layer <= most)
        all_ = surely.sum(axis=0), perhaps.sum(axis=0)
        for number, at in enumerate(starts):
            where = np.flatnonzero(table.layers[number] == layer)
            if not len(where):
                continue
            flag = at + 4 + int(where[0])
            others = all_[0] - surely[number], all_[1] - perhaps[number]
            lost = (others[0] >= table.failed_in) & (low[flag] > 0.5) & ~perhaps[number]
            may_be_lost = (others[1] >= table.failed_in) & (high[flag] > 0.5) & ~surely[number]
            left[0][number] -= np.where(may_be_lost, high[at + 1], 0.0)
            left[1][number] -= np.where(lost, low[at + 1], 0.0)
    lower, upper = (np.maximum(bound, 0.0) for bound in left)
    lost = high[starts] - upper
    lower = np.concatenate([lower, lost])[None]
    return (lower, lower) if high is low else (lower, np.concatenate([upper, lost])[None])


AVOIDANCE: Mapping[str, Kernel] = {"scenario": scenario, "low_speed": low_speed, "across": across}
