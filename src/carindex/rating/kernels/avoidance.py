"""Kernels of crash-avoidance scenarios: prediction matrices, verified by test points, with robustness layers.

Facts arrive raw: NaN where they are not known. A fact that is not known may be any of its words or values, so that a tested
cell may count as borne out, as refuted, or not at all; bounds follow from counting the cells that surely and that perhaps do
each of these. A matrix is *closed* where a fact says that all of its verification is written down: what is still not said of
one of its cells is then known not to be there (no prediction, no test, no robustness layer).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels.basic import rounded
from carindex.rating.kernels.judging import COLOURS, GREY, RED, Flags, Indices, Judging
from carindex.rating.kernels.kernel import Array, Interval, Kernel, Parameters
from carindex.rating.kernels.low_speed import low_speed

# cars that are worked on together: their cells stay within the processor's cache
BLOCK = 1024
LAYERS = ("standard", "extended", "robustness")
STANDARD, EXTENDED, ROBUSTNESS = range(3)
AEB, FCW = 0.0, 1.0


@dataclass(frozen=True, eq=False)
class Variant:
    """A matrix with some of its repeating rows taken out: which cells are left, their ranges and criteria.

    ``taken_out`` tells for each pair of repeating rows whether the first is out. ``plain``: criterion of the first quantity
    where no function is declared, ``aeb`` where AEB is.
    """

    taken_out: tuple[bool, ...]
    cells: Indices
    standard: Flags
    plain: Indices
    aeb: Indices


@dataclass(frozen=True, eq=False)
class MatrixTable:
    """A prediction matrix: its variants, how values are judged, and what it is worth."""

    cells: int
    # of each cell, the number of its row among the rows whose function is declared; −1 for the others
    declared: Indices
    functions: int
    # of each pair of repeating rows, the number of the first among the declared ones, and its cells
    repeating: tuple[tuple[int, Indices], ...]
    variants: tuple[Variant, ...]
    judging: Judging
    warning: int | None
    second_in_extended: bool
    points: Mapping[str, float]
    # numbers of the cells that can be in the standard range, and in the extended one
    may_be: tuple[Indices, Indices]

    @property
    def quantities(self) -> int:
        """How many quantities may be measured in a cell."""
        return 2 if self.warning is not None or self.second_in_extended else 1


@dataclass(frozen=True, eq=False)
class ScenarioTable:
    """A scenario: its matrices, the robustness layers offered, the tables of factors and judgements.

    ``closed``: every matrix is closed, whatever the facts say, and a tested point without a value is as predicted.
    ``answered``: only layers that are answered count. ``not_red[layer, condition]``: whether points tested so need only not
    be red; the last row and column stand for any. ``factors``: for each range, by method, borne out and refuted points.
    """

    matrices: tuple[MatrixTable, ...]
    layers: int
    not_red: Flags
    not_applicable: int
    factors: tuple[Array, Array]
    worth: Array
    worth_extended: Array
    steps: tuple[tuple[float, float], ...]
    needs: float
    not_claimed: int
    performance: tuple[float, ...]
    performance_not_claimed: int
    answered: bool
    closed: bool

    @property
    def outputs(self) -> int:
        """How many slots the kernel fills."""
        cells = sum(2 * m.cells + len(m.may_be[0]) + len(m.may_be[1]) for m in self.matrices)
        return 6 + 2 * self.layers + 2 + cells


@dataclass
class _Pair:
    """Lower and upper array."""

    low: Array
    high: Array


@dataclass
class _Car:
    """What is known of a scenario beside its matrices."""

    methods: list[Flags] = field(default_factory=list)
    refused: tuple[Flags, Flags] = field(default_factory=tuple)  # type: ignore[assignment]
    performance: _Pair | None = None
    claims: _Pair | None = None
    offered: Array | None = None


def scenario(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Points of the three layers, what the rule across scenarios needs, colours and losses of the cells.

    Outputs: standard, extended, robustness, share of one layer, whether the tested layer failed, which layer was tested
    (−1: none), a flag for each claimed layer, what each unclaimed layer loses, what the failed layer and what too few standard
    points lose; then for each matrix the colour and the check of each cell (NaN: not tested), and what each cell loses of the
    standard and of the extended range.
    """
    table: ScenarioTable = parameters["table"]
    low, high = low[0], high[0]
    same = high is low or np.array_equal(low, high, equal_nan=True)
    cars = low.shape[1]
    lower = np.empty((table.outputs, cars))
    upper = lower if high is low else np.empty_like(lower)
    for start in range(0, cars, BLOCK):
        part = slice(start, start + BLOCK)
        facts = np.ascontiguousarray(low[:, part])
        above = facts if same else np.ascontiguousarray(high[:, part])
        lower[:, part], upper[:, part] = _scenario(table, facts, above)
    return lower[None], upper[None]


def _scenario(table: ScenarioTable, low: Array, high: Array) -> tuple[Array, Array]:
    cars = low.shape[1]
    car, position = _said(table, low, high)
    answers = slice(position, position + table.layers)
    claimed = _claimed(table, car, low[answers], high[answers])
    position += table.layers
    points = _Pair(np.zeros((3, cars)), np.zeros((3, cars)))
    found: list[_Matrix] = []
    unclaimed, failing, needing = np.zeros((table.layers, cars)), np.zeros(cars), np.zeros(cars)
    for matrix in table.matrices:
        size = _size(table, matrix)
        one = _Matrix(table, matrix, car, low[position : position + size], high[position : position + size])
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

    def unless_refused(pair: _Pair, nothing: float) -> tuple[Array, Array]:
        return np.where(perhaps, nothing, pair.low), np.where(surely, nothing, pair.high)

    first = found[0]
    share = _Pair(first.per_layer, first.per_layer)
    out = [
        unless_refused(points, 0.0),
        unless_refused(_stacked(share), 0.0),
        unless_refused(_stacked(first.failed), 0.0),
        unless_refused(_stacked(first.layer), -1.0),
        unless_refused(claimed, 0.0),
    ]
    out += [_lost(some, surely) for some in (unclaimed, failing[None], needing[None])]
    for one in found:
        out += [
            (np.where(surely, np.nan, p.low), np.where(surely, np.nan, p.high))
            for p in (one.colours, one.check)
        ]
        out += [_lost(some, surely) for some in one.lost]
    return np.concatenate([a for a, _ in out]), np.concatenate([b for _, b in out])


def _stacked(pair: _Pair) -> _Pair:
    return _Pair(pair.low[None], pair.high[None])


def _lost(points: Array, refused: Flags) -> tuple[Array, Array]:
    """Return what is lost at best; a scenario that is not claimed loses all its points by that."""
    lost = np.where(refused, 0.0, points)
    return lost, lost


def _size(table: ScenarioTable, matrix: MatrixTable) -> int:
    """Return how many facts of a matrix a scenario takes."""
    own = 2 + matrix.functions + (len(matrix.repeating) if table.closed else 1)
    return own + (2 + matrix.quantities) * matrix.cells + len(matrix.may_be[0])


def _said(table: ScenarioTable, low: Array, high: Array) -> tuple[_Car, int]:
    """Read how the scenario was predicted, and whether it is claimed at all."""
    cars = low.shape[1]
    words = table.factors[0].shape[0]
    car = _Car()
    surely, perhaps = np.zeros(cars, bool), np.zeros(cars, bool)
    for k in range(2):
        unknown = np.isnan(low[k])
        may = np.array([(low[k] <= word) & (word <= high[k]) for word in range(words)]) | unknown
        if table.closed:  # a method that is not said is none
            surely |= unknown
        perhaps |= may[table.not_claimed] | (unknown & table.closed)
        surely |= may[table.not_claimed] & (may.sum(axis=0) == 1)
        car.methods.append(may)
    position = 2
    performance = np.ones(cars), np.ones(cars)
    if table.performance:
        may = np.array([(low[2] <= w) & (w <= high[2]) for w in range(len(table.performance))])
        unknown = np.isnan(low[2])
        may |= unknown & (not table.closed)
        perhaps |= may[table.performance_not_claimed]
        surely |= may[table.performance_not_claimed] & (may.sum(axis=0) == 1)
        part = np.array(table.performance)[:, None]
        least = np.where(may, part, np.inf).min(axis=0, initial=np.inf)
        most = np.where(may, part, -np.inf).max(axis=0, initial=-np.inf)
        none = ~may.any(axis=0)
        performance = np.where(none, 1.0, least), np.where(none, 1.0, most)
        position = 3
    car.refused = surely, perhaps
    car.performance = _Pair(*performance)
    return car, position


def _claimed(table: ScenarioTable, car: _Car, low: Array, high: Array) -> _Pair:
    """Read which robustness layers are claimed, and how many count."""
    unknown = np.isnan(low)
    least, most = np.where(unknown, 0.0, low), np.where(unknown, 0.0 if table.closed else 1.0, high)
    car.claims = _Pair(least.sum(axis=0), most.sum(axis=0))
    car.offered = (~unknown).sum(axis=0) if table.answered else np.full(low.shape[1], float(table.layers))
    return _Pair(least, most)


class _Matrix:
    """One matrix of one block of cars."""

    def __init__(self, table: ScenarioTable, matrix: MatrixTable, car: _Car, low: Array, high: Array) -> None:
        self.table, self.matrix, self.car = table, matrix, car
        cars = self.cars = low.shape[1]
        repeating = len(matrix.repeating) if table.closed else 0
        at = 2 + matrix.functions
        self.layer_facts = _Pair(low[:2], high[:2])
        self.functions = _Pair(low[2:at], high[2:at])
        self.said_out = low[at : at + repeating] if table.closed else None
        closed = np.ones(cars, bool) if table.closed else low[at] == 1
        self.closed = closed
        at += repeating if table.closed else 1
        n = matrix.cells
        unknown = np.isnan(low[at : at + n])
        self.predicted = (
            np.where(unknown, np.where(closed, GREY, 0), low[at : at + n]).astype(np.intp),
            np.where(unknown, GREY, high[at : at + n]).astype(np.intp),
        )
        self.tested = low[at + n : at + 2 * n], high[at + n : at + 2 * n]
        at += 2 * n
        self.values = [
            (low[at + k * n : at + (k + 1) * n], high[at + k * n : at + (k + 1) * n])
            for k in range(matrix.quantities)
        ]
        at += matrix.quantities * n
        self.outcome = low[at:], high[at:]
        self._judged_not_red()
        self._which_are_tested()

    # -- what is said of the matrix --------------------------------------------------------------------------

    def _judged_not_red(self) -> None:
        """Work out under which layer the points were tested, and whether they need only not be red."""
        table = self.table
        layers, conditions = table.not_red.shape[0] - 1, table.not_red.shape[1] - 1
        layer, condition = self.layer_facts.low
        exact = ~np.isnan(layer) & (layer == self.layer_facts.high[0])
        exact &= ~np.isnan(condition) & (condition == self.layer_facts.high[1])
        rows = np.where(np.isnan(layer) | (layer != self.layer_facts.high[0]), layers, layer).astype(np.intp)
        columns = np.where(
            np.isnan(condition) | (condition != self.layer_facts.high[1]), conditions, condition
        ).astype(np.intp)
        some = table.not_red[rows, columns]
        unsaid = self.closed & (np.isnan(layer) | np.isnan(condition))
        self.only_not_red = exact & some, some & ~unsaid
        none, open_ = np.isnan(layer) & self.closed, np.isnan(layer) & ~self.closed
        least = np.where(none | open_, -1.0, layer)
        most = np.where(none, -1.0, np.where(open_, layers - 1.0, self.layer_facts.high[0]))
        self.layer = _Pair(least, most)
        not_applicable = table.not_applicable
        self.robustness_counts = (
            none | ~((least <= not_applicable) & (not_applicable <= most)),
            none | ~((least == not_applicable) & (most == not_applicable)),
        )

    def _which_are_tested(self) -> None:
        """Work out which cells are surely and which perhaps tested."""
        low, high = self.tested
        unknown = np.isnan(low)
        surely, perhaps = low == 1, high == 1
        if not self.table.closed:  # a value that was measured says that the cell was tested
            valued = ~np.isnan(self.values[0][0])
            for value, _ in self.values[1:]:
                valued |= ~np.isnan(value)
            surely = surely | (unknown & valued)
            perhaps = perhaps | (unknown & (valued | ~self.closed))
        self.surely, self.perhaps = surely, perhaps

    # -- working it out --------------------------------------------------------------------------------------

    def work_out(self) -> None:
        """Work out points, failures, colours and losses over all variants that are possible for each car."""
        matrix, cars = self.matrix, self.cars
        self.lost = [np.zeros((len(cells), cars)) for cells in matrix.may_be]
        self.colours = _Pair(*(np.full((matrix.cells, cars), np.nan) for _ in range(2)))
        self.check = _Pair(*(np.full((matrix.cells, cars), np.nan) for _ in range(2)))
        self.points = _Pair(np.full((3, cars), np.inf), np.full((3, cars), -np.inf))
        self.failed = _Pair(np.ones(cars), np.zeros(cars))
        assert self.car.claims is not None
        assert self.car.offered is not None
        worth = matrix.points.get("robustness", 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            self.per_offered = np.where(self.car.offered > 0, worth / self.car.offered, 0.0)
        self.per_layer = np.where(self.car.claims.high > 0, self.per_offered, 0.0)
        self.lost_by_failing, self.lost_by_needs = np.zeros(cars), np.zeros(cars)
        for variant, possible in self._variants():
            self._work_out(variant, possible)

    def _variants(self) -> list[tuple[Variant, Flags]]:
        """Return the variants of the matrix and the cars for which each is possible."""
        if not self.matrix.repeating:
            return [(self.matrix.variants[0], np.ones(self.cars, bool))]
        out = []
        for pair, (number, cells) in enumerate(self.matrix.repeating):
            low, high = self.functions.low[number], self.functions.high[number]
            if self.said_out is None:
                unknown = np.isnan(low)
                surely, perhaps = high == AEB, unknown | (low == AEB)
            else:  # a row that nothing is predicted of is left where it stands
                some = (self.predicted[0][cells] != GREY).any(axis=0)
                surely = perhaps = ((low == AEB) & some) | (self.said_out[pair] == 1)
            out.append((perhaps, ~surely))
        found = []
        for variant in self.matrix.variants:
            possible = np.ones(self.cars, bool)
            for (is_out, is_in), wanted in zip(out, variant.taken_out, strict=True):
                possible = possible & (is_out if wanted else is_in)
            if possible.any():
                found.append((variant, possible))
        return found

    def _work_out(self, variant: Variant, possible: Flags) -> None:
        table, matrix, car = self.table, self.matrix, self.car
        low, high = (bound[variant.cells] for bound in self.predicted)
        sets = low * COLOURS + high
        counts = self._counts(variant, low, high)
        points, losses = [], []
        for kind in (STANDARD, EXTENDED):
            mine = variant.standard if kind == STANDARD else ~variant.standard
            full = matrix.points[LAYERS[kind]]
            least, most, cells = self._predicted(sets[mine], kind, full)
            if kind == EXTENDED and car.performance is not None:
                least, most = least * car.performance.low, most * car.performance.high
            part_low, part_high, failed = self._factor(kind, counts[kind])
            if kind == STANDARD:
                failing = failed
            points.append((least * part_low, most * part_high))
            refuted = counts[kind].only_refuted
            with np.errstate(invalid="ignore", divide="ignore"):
                each = np.where(refuted > 0, most * (1.0 - part_high) / refuted, 0.0)
            rows, columns = counts[kind].surely_refuted
            lost = np.zeros((matrix.cells, self.cars))
            lost[variant.cells[mine]] = cells
            lost[rows, columns] += each[columns]
            losses.append(lost)
        outcome_low, outcome_high = self._robustness_failed(variant)
        fail_low, fail_high = failing[0] | outcome_low, failing[1] | outcome_high
        robust = self._robustness(points[STANDARD], fail_low, fail_high)
        best = possible & (
            points[STANDARD][1] + points[EXTENDED][1] + robust[1] > self.points.high.sum(axis=0)
        )
        for kind, (least, most) in enumerate((*points, robust[:2])):
            self.points.low[kind] = np.where(
                possible, np.minimum(self.points.low[kind], least), self.points.low[kind]
            )
            self.points.high[kind] = np.where(
                possible, np.maximum(self.points.high[kind], most), self.points.high[kind]
            )
        self.failed.low = np.where(possible, np.minimum(self.failed.low, fail_low), self.failed.low)
        self.failed.high = np.where(possible, np.maximum(self.failed.high, fail_high), self.failed.high)
        for kind in (STANDARD, EXTENDED):
            self.lost[kind] = np.where(best, losses[kind][matrix.may_be[kind]], self.lost[kind])
        self.lost_by_failing = np.where(best, robust[2], self.lost_by_failing)
        self.lost_by_needs = np.where(best, robust[3], self.lost_by_needs)
        self._show(variant, possible, counts)

    def _predicted(self, sets: Indices, kind: int, full: float) -> tuple[Array, Array, Array]:
        """Return the predicted points of a range, and what each of its cells loses at best."""
        worth = self.table.worth if kind == STANDARD else self.table.worth_extended
        cells = max(len(sets), 1)
        least = worth[0][sets].sum(axis=0) / cells
        best = worth[1][sets]
        most = best.sum(axis=0) / cells
        if kind == STANDARD:
            return least * full, most * full, (1.0 - best) / cells * full
        low, high = self._step(least * full, full), self._step(most * full, full)
        lacking = (1.0 - best).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            lost = np.where(lacking > 0, (1.0 - best) * (full - high) / lacking, 0.0)
        return low, high, lost

    def _step(self, reached: Array, full: float) -> Array:
        """Return the extended points in steps."""
        reached = rounded(reached, 1e6, "half_up")
        found = np.zeros(reached.shape)
        for step, worth in self.table.steps:  # ascending
            found = np.where(reached >= rounded(np.array(step * full), 1e6, "half_up"), worth * full, found)
        return found

    # -- tested points ---------------------------------------------------------------------------------------

    def _counts(self, variant: Variant, low: Indices, high: Indices) -> tuple[_Counts, _Counts]:
        """Count the tested points of both ranges that are borne out, refuted, or not counted."""
        rows, columns = np.nonzero(self.perhaps[variant.cells])
        cells = variant.cells[rows]
        first, last = low[rows, columns], high[rows, columns]
        standard = variant.standard[rows]
        points = _Points(self, variant, rows, columns, first, last)
        right, wrong = points.judged(standard)
        coloured = first < GREY
        right, wrong = right & coloured, wrong & coloured
        idle = (last == GREY) | ~self.surely[cells, columns]
        self._points = points
        return tuple(  # type: ignore[return-value]
            _Counts.of(self.cars, cells, columns, right & mine, wrong & mine, idle & mine)
            for mine in (standard, ~standard)
        )

    def _factor(self, kind: int, counts: _Counts) -> tuple[Array, Array, tuple[Flags, Flags]]:
        """Return the factor on the predicted points over all possible outcomes, and whether a point is refuted."""
        factors, cars = self.table.factors[kind], self.cars
        last = factors.shape[1] - 1  # so many points or more: not in the table
        methods = self.car.methods[kind]
        if counts.exact and (methods.sum(axis=0) == 1).all():
            borne_out, refuted = (
                np.minimum(some, last).astype(np.intp) for some in (counts.most_out, counts.most_refuted)
            )
            method = methods.argmax(axis=0)
            part = np.where(method == self.table.not_claimed, 0.0, factors[method, borne_out, refuted])
            failed = (refuted > 0) | (counts.most >= last)
            return part, part, (failed, failed)
        low, high = np.full(cars, np.inf), np.full(cars, -np.inf)
        fails = np.ones(cars, bool), np.zeros(cars, bool)
        for borne_out in range(last + 1):
            for refuted in range(last + 1 - borne_out):
                if borne_out + refuted == last:
                    continue
                here = counts.possible(borne_out, refuted)
                if not here.any():
                    continue
                for method in range(len(factors)):
                    if method == self.table.not_claimed:
                        continue
                    mine = here & methods[method]
                    part = factors[method, borne_out, refuted]
                    low = np.where(mine, np.minimum(low, part), low)
                    high = np.where(mine, np.maximum(high, part), high)
                fails[0][here] &= refuted > 0
                fails[1][here] |= refuted > 0
        beyond = counts.most >= last
        low, high = np.where(beyond, np.minimum(low, 1.0), low), np.where(beyond, np.maximum(high, 1.0), high)
        fails[1][beyond] = True
        none = np.isinf(low)
        return np.where(none, 0.0, low), np.where(none, 0.0, high), fails

    def _robustness_failed(self, variant: Variant) -> tuple[Flags, Flags]:
        """Return whether a tested standard point surely, or perhaps, says that the robustness test failed."""
        standard = np.zeros(self.matrix.cells, bool)
        standard[variant.cells] = variant.standard
        may_be = self.matrix.may_be[STANDARD]
        mine = standard[may_be]
        cells = may_be[mine]
        low, high = (bound[mine] for bound in self.outcome)
        open_ = np.isnan(low) & ~self.closed
        surely = ((low == 1) & (high == 1) & self.surely[cells]).any(axis=0) & self.robustness_counts[0]
        some = ((low <= 1) & (high >= 1)) | open_
        return surely, (some & self.perhaps[cells]).any(axis=0) & self.robustness_counts[1]

    def _robustness(
        self, standard: tuple[Array, Array], fail_low: Flags, fail_high: Flags
    ) -> tuple[Array, Array, Array, Array]:
        """Return the robustness points, and what is lost at best by failing and by too few standard points."""
        car, matrix = self.car, self.matrix
        assert car.claims is not None
        each = self.per_offered
        least = rounded(np.array(self.table.needs * matrix.points["standard"]), 1e6, "half_up")

        def gained(claims: Array, failed: Flags) -> Array:
            untested = np.where(claims > 0, each * (claims - 1), 0.0)
            return np.where(failed, untested, np.where(claims > 0, each, 0.0) + untested)

        low, high = gained(car.claims.low, fail_high), gained(car.claims.high, fail_low)
        enough = [rounded(bound, 1e6, "half_up") >= least for bound in standard]
        failing = gained(car.claims.high, np.zeros(self.cars, bool)) - high
        return (
            np.where(enough[0], low, 0.0),
            np.where(enough[1], high, 0.0),
            failing,
            np.where(enough[1], 0.0, high),
        )

    def _show(self, variant: Variant, possible: Flags, counts: tuple[_Counts, _Counts]) -> None:
        """Note the colours that are reported, over all possible variants."""
        points = self._points
        cells, columns = variant.cells[points.rows], points.columns
        here = possible[columns]
        cells, columns = cells[here], columns[here]
        for pair, bounds in ((self.colours, points.colours), (self.check, points.checks)):
            low, high = (bound[here] for bound in bounds)
            pair.low[cells, columns] = np.fmin(pair.low[cells, columns], low)
            pair.high[cells, columns] = np.fmax(pair.high[cells, columns], high)


@dataclass
class _Counts:
    """How many points of a range can be borne out (c) and refuted (w): all c, w between these limits are possible.

    Every point is borne out, refuted or not counted, as far as each is possible for it, whatever the others are; the sums of
    such choices are all points (c, w) with both and their sum between their own limits.
    """

    least_out: Array
    most_out: Array
    only_refuted: Array
    most_refuted: Array
    least: Array
    most: Array
    surely_refuted: tuple[Indices, Indices]

    @classmethod
    def of(
        cls, cars: int, cells: Indices, columns: Indices, right: Flags, wrong: Flags, idle: Flags
    ) -> _Counts:
        """Count the points of each car; ``idle``: may also not count."""

        def count(mine: Flags) -> Array:
            return np.bincount(columns[mine], minlength=cars).astype(np.float64)

        only_wrong = wrong & ~right & ~idle
        some = right | wrong
        return cls(
            count(right & ~wrong & ~idle),
            count(right),
            count(only_wrong),
            count(wrong),
            count(some & ~idle),
            count(some),
            (cells[only_wrong], columns[only_wrong]),
        )

    @property
    def exact(self) -> bool:
        """Whether every point is known to be borne out, refuted or not counted."""
        return bool(
            (self.least_out == self.most_out).all() and (self.only_refuted == self.most_refuted).all()
        )

    def possible(self, borne_out: int, refuted: int) -> Flags:
        """Return the cars for which so many points can be borne out and refuted."""
        total = borne_out + refuted
        here = (self.least_out <= borne_out) & (borne_out <= self.most_out)
        here &= (self.only_refuted <= refuted) & (refuted <= self.most_refuted)
        return here & (self.least <= total) & (total <= self.most)


class _Points:
    """The points of a matrix that are perhaps tested, one after the other."""

    def __init__(
        self, owner: _Matrix, variant: Variant, rows: Indices, columns: Indices, first: Indices, last: Indices
    ) -> None:
        self.owner, self.rows, self.columns = owner, rows, columns
        self.first, self.last = first, last
        matrix = owner.matrix
        cells = variant.cells[rows]
        self.sure = owner.surely[cells, columns]
        values = [
            tuple(rounded(bound[cells, columns], 100.0, "half_up") for bound in pair) for pair in owner.values
        ]
        plain = variant.plain[rows]
        every = np.ones(len(rows), bool)
        # what may be measured: where, by which criterion, its values
        self.readings: list[tuple[Flags, Indices, tuple[Array, ...]]] = []
        if matrix.second_in_extended:
            assert owner.car.performance is not None
            extended = ~variant.standard[rows]
            by_warning = extended & (owner.car.performance.low < 1)[columns]
            not_by_warning = ~extended | (owner.car.performance.high == 1)[columns]
            self.readings += [(not_by_warning, plain, values[0]), (by_warning, plain, values[1])]
        elif matrix.warning is not None:
            number = matrix.declared[cells]
            said = number >= 0
            low, high = (
                np.where(said, bound[np.maximum(number, 0), columns], AEB)
                for bound in (owner.functions.low, owner.functions.high)
            )
            unknown = np.isnan(low)
            undeclared = ~said | (unknown & owner.table.closed)
            open_ = unknown & (not owner.table.closed)
            warned = said & ((high == FCW) | open_)
            self.readings += [
                (undeclared, plain, values[0]),
                (said & ((low == AEB) | open_), variant.aeb[rows], values[0]),
                (warned, np.full(len(rows), matrix.warning), values[1]),
            ]
        else:
            self.readings.append((every, plain, values[0]))

    def judged(self, standard: Flags) -> tuple[Flags, Flags]:
        """Return which points are perhaps borne out and which perhaps refuted; note their colours on the way."""
        owner = self.owner
        tables = owner.matrix.judging
        sets = self.first * COLOURS + self.last
        count = len(self.rows)
        not_red = [flags[self.columns] & standard for flags in owner.only_not_red]
        right, wrong = np.zeros(count, bool), np.zeros(count, bool)
        colours = np.full(count, np.inf), np.full(count, -np.inf)
        checks = np.full(count, np.inf), np.full(count, -np.inf)
        for possible, criterion, (low, high) in self.readings:
            if not possible.any():
                continue
            empty = np.isnan(low)
            least, most = np.where(empty, -np.inf, low), np.where(empty, np.inf, high)
            surely = (least >= tables.surely[0][criterion, sets]) & (
                most <= tables.surely[1][criterion, sets]
            )
            perhaps = (most >= tables.perhaps[0][criterion, sets]) & (
                least <= tables.perhaps[1][criterion, sets]
            )
            passes = (least >= tables.passes[0][criterion]) & (most <= tables.passes[1][criterion])
            may_pass = (most >= tables.passes[0][criterion]) & (least <= tables.passes[1][criterion])
            if owner.table.closed:  # as predicted
                surely, perhaps = surely | empty, perhaps | empty
                passes = np.where(empty, self.first != RED, passes)
                may_pass = np.where(empty, self.first != RED, may_pass)
            sure = np.where(not_red[0], passes, np.where(not_red[1], surely & passes, surely))
            some = np.where(not_red[0], may_pass, np.where(not_red[1], perhaps | may_pass, perhaps))
            right |= possible & some
            wrong |= possible & ~sure
            for bounds, found in zip(
                (colours, checks), self._coloured(criterion, low, high, empty), strict=True
            ):
                np.minimum(bounds[0], found[0], out=bounds[0], where=possible)
                np.maximum(bounds[1], found[1], out=bounds[1], where=possible)
        # what may not have been tested at all has no colour that could be shown
        self.colours = np.where(self.sure, colours[0], 0.0), np.where(self.sure, colours[1], float(GREY))
        self.checks = np.where(self.sure, checks[0], 0.0), np.where(self.sure, checks[1], 2.0)
        return right, wrong

    def _coloured(
        self, criterion: Indices, low: Array, high: Array, empty: Flags
    ) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        """Return the colour that is reported for each point, and whether it is as predicted, in tolerance, or neither."""
        tables, exact = self.owner.matrix.judging, (self.first == self.last) & ((low == high) | empty)
        first = np.minimum(self.first, GREY)
        measured = tables.measured(criterion, low)
        near = (low >= tables.close[0][criterion, first]) & (low <= tables.close[1][criterion, first])
        colour = np.where(near, first, measured)
        check = np.where(measured == first, 0.0, np.where(near, 1.0, 2.0))
        if self.owner.table.closed:
            colour, check = np.where(empty, first, colour), np.where(empty, 0.0, check)
        else:
            exact &= ~empty
        ends = [np.where(exact, colour, bound) for bound in (0.0, float(RED))]
        return (ends[0], ends[1]), (np.where(exact, check, 0.0), np.where(exact, check, 2.0))


@dataclass(frozen=True, eq=False)
class AcrossTable:
    """Scenarios with one collision partner: the layers each is offered, and in how many a layer has to fail."""

    layers: tuple[NDArray[np.intp], ...]
    failed_in: int


def across(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Robustness points after a layer that failed in several scenarios is taken from the others that claimed it.

    Inputs: for each scenario its robustness points, share of one layer, failed, tested layer, and claimed flags. Outputs: the
    points that are left of each scenario, then what each loses at best.
    """
    table: AcrossTable = parameters["table"]
    low, high = low[0], high[0]
    starts = np.cumsum([0, *(4 + len(layers) for layers in table.layers)])[:-1]
    left = np.stack([low[at] for at in starts]), np.stack([high[at] for at in starts])
    for layer in sorted({int(layer) for layers in table.layers for layer in layers}):
        least, most = low[starts + 3], high[starts + 3]
        surely = (low[starts + 2] > 0.5) & (least == layer) & (most == layer)
        perhaps = (high[starts + 2] > 0.5) & (least <= layer) & (layer <= most)
        for number, at in enumerate(starts):
            where = np.flatnonzero(table.layers[number] == layer)
            if not len(where):
                continue
            flag = at + 4 + int(where[0])
            others = [np.delete(fails, number, axis=0).sum(axis=0) for fails in (surely, perhaps)]
            lost = (others[0] >= table.failed_in) & (low[flag] > 0.5) & ~perhaps[number]
            may_be_lost = (others[1] >= table.failed_in) & (high[flag] > 0.5) & ~surely[number]
            left[0][number] -= np.where(may_be_lost, high[at + 1], 0.0)
            left[1][number] -= np.where(lost, low[at + 1], 0.0)
    lower, upper = (np.maximum(bound, 0.0) for bound in left)
    lost = high[starts] - upper
    lower = np.concatenate([lower, lost])[None]
    return (lower, lower) if high is low else (lower, np.concatenate([upper, lost])[None])


AVOIDANCE: Mapping[str, Kernel] = {"scenario": scenario, "low_speed": low_speed, "across": across}
