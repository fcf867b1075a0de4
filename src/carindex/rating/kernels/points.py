"""Tested points of a prediction matrix: which values bear their predictions out, and how many do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels.basic import rounded
from carindex.rating.kernels.judging import COLOURS, GREY, PAIRS, RED, Flags, Indices
from carindex.rating.kernels.kernel import Array
from carindex.rating.kernels.scenario import AEB, FCW, Variant

if TYPE_CHECKING:
    from carindex.rating.kernels.matrix import Matrix


@dataclass
class Counts:
    """How many points of a range can be borne out (c) and refuted (w): all c, w between these limits are possible.

    Every point is borne out, refuted or not counted, as far as each is possible for it, whatever the others
    are; the sums of such choices are all points (c, w) with both and their sum between their own limits.
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
    ) -> Counts:
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


class Points:
    """The points of a matrix that are perhaps tested, one after the other."""

    def __init__(
        self,
        owner: Matrix,
        variant: Variant,
        rows: Indices,
        columns: Indices,
        first: NDArray[np.int8],
        last: NDArray[np.int8],
    ) -> None:
        self.owner, self.rows, self.columns = owner, rows, columns
        self.first, self.last = first, last
        matrix = owner.matrix
        cells = variant.cells[rows]
        places = cells * owner.cars + columns  # one index is looked up faster than two
        self.sure = owner.surely.reshape(-1).take(places)
        values = []
        for low, high in owner.values:
            least = rounded(low.reshape(-1).take(places), 100.0, "half_up")
            most = least if high is low else rounded(high.reshape(-1).take(places), 100.0, "half_up")
            values.append((least, most))
        plain = variant.plain[rows]
        every = np.ones(len(rows), bool)
        # what may be measured: where, by which criterion, its values
        self.readings: list[tuple[Flags, Indices, tuple[Array, ...]]] = []
        if matrix.second_in_extended:
            extended = ~variant.standard[rows]
            by_warning = extended & (owner.car.performance.low < 1)[columns]
            not_by_warning = ~extended | (owner.car.performance.high == 1)[columns]
            self.readings += [(not_by_warning, plain, values[0]), (by_warning, plain, values[1])]
        elif matrix.warning is not None:
            number = matrix.declared[cells]
            said = number >= 0
            below, above = (
                np.where(said, bound[np.maximum(number, 0), columns], AEB)
                for bound in (owner.functions.low, owner.functions.high)
            )
            unknown = np.isnan(below)
            undeclared = ~said | (unknown & owner.table.closed)
            open_ = unknown & (not owner.table.closed)
            warned = said & ((above == FCW) | open_)
            self.readings += [
                (undeclared, plain, values[0]),
                (said & ((below == AEB) | open_), variant.aeb[rows], values[0]),
                (warned, np.full(len(rows), matrix.warning), values[1]),
            ]
        else:
            self.readings.append((every, plain, values[0]))

    def judged(self, standard: Flags, *, shown: bool = True) -> tuple[Flags, Flags]:
        """Return which points are perhaps borne out and which perhaps refuted; note their colours if they are shown."""
        owner = self.owner
        tables = owner.matrix.judging
        sets = self.first * COLOURS + self.last
        count = len(self.rows)
        # the first and last value of each criterion and pair of colours that surely, and perhaps, bears it out
        limits = [bound.reshape(-1) for bound in (*tables.surely, *tables.perhaps)]
        lenient = bool(owner.only_not_red[1].any())
        not_red = [flags[self.columns] & standard for flags in owner.only_not_red] if lenient else []
        right, wrong = np.zeros(count, bool), np.zeros(count, bool)
        room = count if shown else 0
        colours = np.full(room, np.inf), np.full(room, -np.inf)
        checks = np.full(room, np.inf), np.full(room, -np.inf)
        for possible, criterion, (low, high) in self.readings:
            if not possible.any():
                continue
            empty = np.isnan(low)
            at = criterion * PAIRS + sets
            least, most = np.where(empty, -np.inf, low), np.where(empty, np.inf, high)
            sure = (least >= limits[0].take(at)) & (most <= limits[1].take(at))
            some = (most >= limits[2].take(at)) & (least <= limits[3].take(at))
            if owner.table.closed:  # as predicted
                sure, some = sure | empty, some | empty
            if lenient:
                lowest, highest = tables.passes[0].take(criterion), tables.passes[1].take(criterion)
                passes = (least >= lowest) & (most <= highest)
                may_pass = (most >= lowest) & (least <= highest)
                if owner.table.closed:
                    passes = np.where(empty, self.first != RED, passes)
                    may_pass = np.where(empty, self.first != RED, may_pass)
                sure = np.where(not_red[0], passes, np.where(not_red[1], sure & passes, sure))
                some = np.where(not_red[0], may_pass, np.where(not_red[1], some | may_pass, some))
            right |= possible & some
            wrong |= possible & ~sure
            if not shown:
                continue
            for bounds, found in zip(
                (colours, checks), self._coloured(criterion, low, high, empty), strict=True
            ):
                np.minimum(bounds[0], found[0], out=bounds[0], where=possible)
                np.maximum(bounds[1], found[1], out=bounds[1], where=possible)
        if not shown:
            return right, wrong
        # what may not have been tested at all has no colour that could be shown
        self.colours = np.where(self.sure, colours[0], 0.0), np.where(self.sure, colours[1], float(GREY))
        self.checks = np.where(self.sure, checks[0], 0.0), np.where(self.sure, checks[1], 2.0)
        return right, wrong

    def _coloured(
        self, criterion: Indices, low: Array, high: Array, empty: Flags
    ) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        """Return the colour that is reported for each point, and whether it is predicted, in tolerance or neither."""
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
