"""Kernel of low-speed scenarios: a matrix of which every cell counts, by its measured colour where it was tested.

As in the other scenarios facts arrive raw, and a matrix is closed where a fact says that all of its
verification is written down.
"""

from __future__ import annotations

import msgspec
import numpy as np

from carindex.rating.kernels.basic import rounded
from carindex.rating.kernels.judging import COLOURS, GREEN, GREY, RED, Flags, Indices, Judging
from carindex.rating.kernels.kernel import Array, Interval, Parameters, details, equal

# first and last colour that a point can have, shape (cells, cars)
Bounds = tuple[Array, Array]


class Dooring(msgspec.Struct, frozen=True, eq=False):
    """Systems that act when a door is opened: from which time to collision on they are in time, and their best colours.

    ``at_least``, ``not_between``: least time, and times in between which are too late. ``best``: by system
    and door (the driver's, another). A system word beyond these is the vehicle's response, and a response
    beyond these is none.
    """

    at_least: Array
    not_between: Array
    best: Array
    other_doors: Array
    not_claimed: int
    doors: int


class LowSpeedTable(msgspec.Struct, frozen=True, eq=False):
    """A matrix of low-speed cells: how values are judged and what colours are worth.

    ``judging``: of the values, or with ``baseline`` of what they are above the baseline run's (``binary``:
    by the difference of their binary fractions, not of the decimals that are written). ``worth``: least and
    greatest of each pair of colours.
    """

    cells: int
    points: float
    worth: Array
    judging: Judging | None
    baseline: bool
    binary: bool
    dooring: Dooring | None
    closed: bool

    @property
    def outputs(self) -> int:
        """How many slots the kernel fills."""
        return 1 + 3 * self.cells


def low_speed(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Points of a low-speed matrix, then the colour and check of each cell (NaN: not tested), and what each cell loses.

    Inputs, raw: for dooring the vehicle's response; whether the matrix is closed, unless all are; then
    prediction, tested and value of each cell; its baseline for mitigation; its system and door for dooring.
    """
    table: LowSpeedTable = parameters["table"]
    lower, upper = _low_speed(table, low[0], high[0], details(parameters))
    return (lower[None], lower[None]) if high is low else (lower[None], upper[None])


def _low_speed(table: LowSpeedTable, low: Array, high: Array, detailed: bool) -> tuple[Array, Array]:
    cars, n = low.shape[1], table.cells
    at = 0 if table.dooring is None else 1
    closed = np.ones(cars, bool) if table.closed else low[at] == 1
    at += not table.closed
    blocks = [(low[k : k + n], high[k : k + n]) for k in range(at, len(low), n)]
    unknown = np.isnan(blocks[0][0])
    first = np.where(unknown, np.where(closed, GREY, GREEN), blocks[0][0]).astype(np.intp)
    last = np.where(unknown, GREY, blocks[0][1]).astype(np.intp)
    value = blocks[2]
    unsaid, valued = np.isnan(blocks[1][0]), ~np.isnan(value[0])
    surely = (blocks[1][0] == 1) | (unsaid & valued & (not table.closed))
    perhaps = surely | (blocks[1][1] == 1) | (unsaid & ~closed)
    measured = _measured(table, low[0], high[0], blocks, closed, (first, last))
    # a cell that is not predicted has no colour but grey, whatever was measured
    least = np.where(first == GREY, GREY, measured[0])
    most = np.where(last == GREY, GREY, measured[1])
    pairs = least.astype(np.intp) * COLOURS + most.astype(np.intp)
    predicted = first * COLOURS + last
    with_tests = _totals(
        table, np.where(surely, table.worth[0][pairs], 0.0), np.where(perhaps, table.worth[1][pairs], 0.0)
    )
    without = _totals(table, table.worth[0][predicted], table.worth[1][predicted])
    some, none = perhaps.any(axis=0), ~surely.any(axis=0)
    total_low = np.where(
        some, np.where(none, np.minimum(with_tests[0], without[0]), with_tests[0]), without[0]
    )
    total_high = np.where(
        some, np.where(none, np.maximum(with_tests[1], without[1]), with_tests[1]), without[1]
    )
    if not detailed:
        total_low, total_high = total_low * table.points, total_high * table.points
        if table.dooring is not None:
            refused, open_ = _refused(table, table.dooring, low[0], high[0])
            total_low, total_high = np.where(open_, 0.0, total_low), np.where(refused, 0.0, total_high)
        return total_low[None], total_high[None]
    tests_are_best = some & ~(none & (without[1] > with_tests[1]))
    best = np.where(tests_are_best, np.where(perhaps, table.worth[1][pairs], 0.0), table.worth[1][predicted])
    lost = (1.0 - best) / n * table.points
    shown_low = np.where(surely, least, np.where(perhaps, float(GREEN), np.nan))
    shown_high = np.where(surely, most, np.where(perhaps, float(GREY), np.nan))
    as_predicted = (first == last) & (shown_low == shown_high)
    check = np.where(as_predicted, np.where(shown_low == first, 0.0, 2.0), np.nan)
    check_low = np.where(np.isnan(check), np.where(perhaps, 0.0, np.nan), check)
    check_high = np.where(np.isnan(check), np.where(perhaps, 2.0, np.nan), check)
    total_low, total_high = total_low * table.points, total_high * table.points
    if table.dooring is not None:
        refused, open_ = _refused(table, table.dooring, low[0], high[0])
        total_low, total_high = np.where(open_, 0.0, total_low), np.where(refused, 0.0, total_high)
        lost = np.where(refused, 0.0, lost)
        shown_low, shown_high, check_low, check_high = (
            np.where(refused, np.nan, some) for some in (shown_low, shown_high, check_low, check_high)
        )
    return (
        np.concatenate([total_low[None], shown_low, check_low, lost]),
        np.concatenate([total_high[None], shown_high, check_high, lost]),
    )


def _refused(table: LowSpeedTable, rule: Dooring, low: Array, high: Array) -> tuple[Flags, Flags]:
    """Return whether the vehicle's response is surely, or perhaps, not claimed."""
    refused = (low == rule.not_claimed) & (high == low)
    return refused, (np.isnan(low) & (not table.closed)) | (high == rule.not_claimed)


def _totals(table: LowSpeedTable, least: Array, most: Array) -> tuple[Array, Array]:
    """Add up what the cells are worth, as parts of the whole."""
    return least.sum(axis=0) / table.cells, most.sum(axis=0) / table.cells


def _measured(
    table: LowSpeedTable,
    response_low: Array,
    response_high: Array,
    blocks: list[Bounds],
    closed: Flags,
    predicted: tuple[Indices, Indices],
) -> Bounds:
    """Return the first and last colour that each cell's value can have."""
    low, high = blocks[2]
    if table.baseline:
        least, most = _against_baseline(table, blocks[2], blocks[3])
    elif table.dooring is not None:
        response = response_low, response_high
        least, most = _dooring(table, table.dooring, blocks, response, closed, predicted)
    else:
        assert table.judging is not None
        value = rounded(low, 100.0, "half_up")
        least, most = _by_bands(
            table.judging, value, value if equal(low, high) else rounded(high, 100.0, "half_up")
        )
    empty = np.isnan(low)
    if table.closed:  # a point without a value is as predicted
        return np.where(empty, predicted[0], least), np.where(empty, predicted[1], most)
    return np.where(empty, float(GREEN), least), np.where(empty, float(RED), most)


def _by_bands(judging: Judging, low: Array, high: Array) -> Bounds:
    """Return the colours of the ends of the values: bands of one direction have nothing else between them."""
    number = np.zeros(low.shape, np.intp)
    first = judging.measured(number, low)
    if high is low:
        return first, first
    last = judging.measured(number, high)
    return np.fmin(first, last), np.fmax(first, last)


def _against_baseline(table: LowSpeedTable, value: Bounds, baseline: Bounds) -> Bounds:
    """Green at 0; otherwise by the difference to the baseline run, grey where there was none."""
    assert table.judging is not None
    low, high = value[0] - baseline[1], value[1] - baseline[0]
    if not table.binary:
        low, high = (rounded(bound, 1e9, "half_up") for bound in (low, high))
    least, most = _by_bands(table.judging, low, high)
    none = np.isnan(baseline[0])
    least = np.where(none, float(GREY) if table.closed else float(GREEN), least)
    most = np.where(none, float(GREY), most)
    avoided, perhaps_avoided = (value[0] == 0) & (value[1] == 0), (value[0] <= 0) & (value[1] >= 0)
    least, most = np.where(perhaps_avoided, float(GREEN), least), np.where(avoided, float(GREEN), most)
    return least, most


def _dooring(
    table: LowSpeedTable,
    rule: Dooring,
    blocks: list[Bounds],
    response: Bounds,
    closed: Flags,
    predicted: tuple[Indices, Indices],
) -> Bounds:
    """Return colours for dooring: in time, the colour of the system and door or the predicted one if that is worse."""
    systems = len(rule.best)
    low, high = (rounded(bound, 100.0, "half_up") for bound in blocks[2])
    unknown, no_door = np.isnan(blocks[3][0]), np.isnan(blocks[4][0])
    no_response = np.isnan(response[0])
    # the system's word says none, or nothing, and that is known: the vehicle's response acts
    fallback = (blocks[3][1] >= systems) | unknown
    doors = np.array([(blocks[4][0] <= door) & (door <= blocks[4][1]) for door in range(rule.doors)])
    is_other = np.isin(np.arange(rule.doors), rule.other_doors)
    other = doors[is_other].any(axis=0) | (no_door & ~closed)
    driver = doors[~is_other].any(axis=0) | no_door
    least, most = np.full(low.shape, np.inf), np.full(low.shape, -np.inf)
    none = np.ones(low.shape, bool)
    for system in range(systems):
        said = (blocks[3][0] <= system) & (system <= blocks[3][1])
        answered = ((response[0] <= system) & (system <= response[1])) | (no_response & (not table.closed))
        acts = said | (unknown & ~closed) | (fallback & answered)
        none &= ~acts
        first, last = rule.not_between[system]
        surely = (low >= rule.at_least[system]) & ((high <= first) | (low >= last))
        perhaps = (high >= rule.at_least[system]) & ((low <= first) | (high >= last))
        for number, door in enumerate((driver, other)):
            best = rule.best[system, number]
            mine = acts & door
            in_time = np.maximum(best, predicted[0]), np.maximum(best, np.minimum(predicted[1], RED))
            least = np.where(mine & perhaps, np.minimum(least, in_time[0]), least)
            most = np.where(mine & perhaps, np.maximum(most, in_time[1]), most)
            late = mine & ~surely
            least, most = (
                np.where(late, np.minimum(least, float(RED)), least),
                np.where(late, np.maximum(most, float(RED)), most),
            )
    # no system that is known to act
    return np.where(none, float(RED), least), np.where(none, float(RED), most)
