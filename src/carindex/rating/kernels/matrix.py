"""One prediction matrix of some cars: points, failures, colours and losses, over all that is possible."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels.basic import rounded
from carindex.rating.kernels.judging import COLOURS, GREY, Flags
from carindex.rating.kernels.kernel import Array
from carindex.rating.kernels.points import Counts, Points
from carindex.rating.kernels.scenario import (
    AEB,
    EXTENDED,
    LAYERS,
    STANDARD,
    Car,
    MatrixTable,
    Pair,
    ScenarioTable,
    Variant,
)

Colours = NDArray[np.int8]


class Matrix:
    """One matrix of one block of cars."""

    def __init__(self, table: ScenarioTable, matrix: MatrixTable, car: Car, low: Array, high: Array) -> None:
        self.table, self.matrix, self.car = table, matrix, car
        cars = self.cars = low.shape[1]
        repeating = len(matrix.repeating) if table.closed else 0
        at = 2 + matrix.functions
        self.layer_facts = Pair(low[:2], high[:2])
        self.functions = Pair(low[2:at], high[2:at])
        self.said_out = low[at : at + repeating] if table.closed else None
        closed = np.ones(cars, bool) if table.closed else low[at] == 1
        self.closed = closed
        at += repeating if table.closed else 1
        n = matrix.cells
        unknown = np.isnan(low[at : at + n])
        if low is high and not unknown.any():
            colours = low[at : at + n].astype(np.int8)
            self.predicted = colours, colours
        else:
            self.predicted = (
                np.where(unknown, np.where(closed, GREY, 0), low[at : at + n]).astype(np.int8),
                np.where(unknown, GREY, high[at : at + n]).astype(np.int8),
            )

        def bounds(start: int, stop: int | None) -> tuple[Array, Array]:
            own = low[start:stop]
            return own, own if low is high else high[start:stop]

        self.tested = bounds(at + n, at + 2 * n)
        at += 2 * n
        self.values = [bounds(at + k * n, at + (k + 1) * n) for k in range(matrix.quantities)]
        at += matrix.quantities * n
        self.outcome = bounds(at, None)
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
        self.layer = Pair(least, most)
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
        self.colours = Pair(*(np.full((matrix.cells, cars), np.nan) for _ in range(2)))
        self.check = Pair(*(np.full((matrix.cells, cars), np.nan) for _ in range(2)))
        self._prepare()
        for variant, possible in self._variants():
            self._work_out(variant, possible)

    def _prepare(self) -> None:
        """Make room for points and failures, and divide the robustness points among the layers."""
        matrix, cars = self.matrix, self.cars
        self.points = Pair(np.full((3, cars), np.inf), np.full((3, cars), -np.inf))
        self.failed = Pair(np.ones(cars), np.zeros(cars))
        worth = matrix.points.get("robustness", 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            self.per_offered = np.where(self.car.offered > 0, worth / self.car.offered, 0.0)
        self.per_layer = np.where(self.car.claims.high > 0, self.per_offered, 0.0)
        self.lost_by_failing, self.lost_by_needs = np.zeros(cars), np.zeros(cars)

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
        matrix, car = self.matrix, self.car
        low, high = (bound[variant.cells] for bound in self.predicted)
        sets = low * COLOURS + high
        counts = self._counts(variant, low, high)
        points, losses = [], []
        factors = [self._factor(kind, counts[kind]) for kind in (STANDARD, EXTENDED)]
        failing = factors[STANDARD][2]
        for kind in (STANDARD, EXTENDED):
            mine = variant.standard if kind == STANDARD else ~variant.standard
            full = matrix.points[LAYERS[kind]]
            least, most, cells = self._predicted(sets[mine], kind, full)
            if kind == EXTENDED:
                least, most = least * car.performance.low, most * car.performance.high
            part_low, part_high, _ = factors[kind]
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
        self._note(possible, (*points, robust[:2]), fail_low, fail_high)
        for kind in (STANDARD, EXTENDED):
            self.lost[kind] = np.where(best, losses[kind][matrix.may_be[kind]], self.lost[kind])
        self.lost_by_failing = np.where(best, robust[2], self.lost_by_failing)
        self.lost_by_needs = np.where(best, robust[3], self.lost_by_needs)
        self._show(variant, possible, counts)

    def _note(
        self, possible: Flags, points: tuple[tuple[Array, Array], ...], fail_low: Flags, fail_high: Flags
    ) -> None:
        """Note points and failures of a variant where it is possible."""
        for kind, (least, most) in enumerate(points):
            self.points.low[kind] = np.where(
                possible, np.minimum(self.points.low[kind], least), self.points.low[kind]
            )
            self.points.high[kind] = np.where(
                possible, np.maximum(self.points.high[kind], most), self.points.high[kind]
            )
        self.failed.low = np.where(possible, np.minimum(self.failed.low, fail_low), self.failed.low)
        self.failed.high = np.where(possible, np.maximum(self.failed.high, fail_high), self.failed.high)

    def _predicted(self, sets: Colours, kind: int, full: float) -> tuple[Array, Array, Array]:
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
        edges, worth = _steps(self.table.steps, full)
        return worth[np.searchsorted(edges, rounded(reached, 1e6, "half_up"), side="right")]

    # -- tested points ---------------------------------------------------------------------------------------

    def _counts(self, variant: Variant, low: Colours, high: Colours) -> tuple[Counts, Counts]:
        """Count the tested points of both ranges that are borne out, refuted, or not counted."""
        rows, columns = np.nonzero(self.perhaps[variant.cells])
        cells = variant.cells[rows]
        first, last = low[rows, columns], high[rows, columns]
        standard = variant.standard[rows]
        points = Points(self, variant, rows, columns, first, last)
        right, wrong = points.judged(standard)
        coloured = first < GREY
        right, wrong = right & coloured, wrong & coloured
        idle = (last == GREY) | ~self.surely[cells, columns]
        self._points = points
        return tuple(  # type: ignore[return-value]
            Counts.of(self.cars, cells, columns, right & mine, wrong & mine, idle & mine)
            for mine in (standard, ~standard)
        )

    def _factor(self, kind: int, counts: Counts) -> tuple[Array, Array, tuple[Flags, Flags]]:
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
        each = self.per_offered
        least = _needed(self.table.needs, matrix.points["standard"])

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

    def _show(self, variant: Variant, possible: Flags, counts: tuple[Counts, Counts]) -> None:
        """Note the colours that are reported, over all possible variants."""
        points = self._points
        cells, columns = variant.cells[points.rows], points.columns
        here = possible[columns]
        cells, columns = cells[here], columns[here]
        for pair, bounds in ((self.colours, points.colours), (self.check, points.checks)):
            low, high = (bound[here] for bound in bounds)
            pair.low[cells, columns] = np.fmin(pair.low[cells, columns], low)
            pair.high[cells, columns] = np.fmax(pair.high[cells, columns], high)


@lru_cache(maxsize=512)
def _steps(steps: tuple[tuple[float, float], ...], full: float) -> tuple[Array, Array]:
    """Return the points from which on each step is reached, ascending, and what is then given: nothing at first."""
    edges = rounded(np.array([step * full for step, _ in steps]), 1e6, "half_up")
    return edges, np.array([0.0, *(worth * full for _, worth in steps)])


@lru_cache(maxsize=512)
def _needed(part: float, full: float) -> float:
    """Return the standard points below which nothing is given for robustness."""
    return float(rounded(np.array(part * full), 1e6, "half_up"))
