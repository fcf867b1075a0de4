"""A prediction matrix for tables of cars: points and failures only, no colours and no losses of its cells.

`Matrix` works on floats and looks at every cell that may be tested one by one. Where facts are known or not, but no
intervals, most cells need no look of their own: what a cell is predicted to be worth, and what a test may yield of
which nothing is known, depends on its predicted colours alone. Both are looked up in one table of whole numbers whose
fields are sums once a column is added up; only tested cells are judged by their values.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels.judging import COLOURS, GREY, PAIRS, Flags, Indices
from carindex.rating.kernels.kernel import Array
from carindex.rating.kernels.matrix import Matrix
from carindex.rating.kernels.points import Counts, Points
from carindex.rating.kernels.scenario import (
    EXTENDED,
    LAYERS,
    STANDARD,
    MatrixTable,
    ScenarioTable,
    Variant,
)

Whole = NDArray[np.int64]

# Fields of the sums over cells: worth at least and at most in parts of _PARTS, points that may be borne out,
# refuted, or either. A field of ten bits counts _MOST_CELLS at most.
_PARTS = 64
_MOST = 16
_RIGHT, _WRONG, _SOME = 32, 42, 52
_MOST_CELLS = 255
# Fields of the sums over tested points, in the order of `Counts`; they are added up as floats, exact up to 2 ** 53.
_BITS = 8
# whether a point has to be green enough for its prediction, need only not be red, or both is possible
_AS_PREDICTED, _NOT_RED, _EITHER = range(3)


def can_tally(table: ScenarioTable) -> bool:
    """Return whether the matrices of a scenario can be worked out this way."""
    return _worth(table) is not None and all(matrix.cells <= _MOST_CELLS for matrix in table.matrices)


class Tally(Matrix):
    """One matrix of one block of cars of which no fact is known as an interval."""

    def _which_are_tested(self) -> None:
        tested = self.tested[0]
        self.surely = tested == 1
        if self.table.closed:
            self.perhaps = self.surely
            return
        unknown = np.isnan(tested)
        valued = np.isnan(self.values[0][0])
        for value, _ in self.values[1:]:
            valued &= np.isnan(value)
        np.logical_not(valued, out=valued)
        # a value that was measured says that the cell was tested
        self.surely |= unknown & valued
        self.perhaps = self.surely if self.closed.all() else self.surely | (unknown & ~self.closed)

    def work_out(self) -> None:
        """Work out points and failures over all variants that are possible for each car."""
        self._prepare()
        for variant, possible in self._variants():
            self._work_out(variant, possible)

    def _work_out(self, variant: Variant, possible: Flags) -> None:
        car, matrix = self.car, self.matrix
        points = []
        failing: tuple[Flags, Flags] | None = None
        for kind, (least, most, counts) in enumerate(self._sums(variant)):
            full = matrix.points[LAYERS[kind]]
            cells = max(len(_rows(variant)[kind]), 1)
            least, most = least / cells * full, most / cells * full
            if kind == EXTENDED:
                least, most = self._step(least, full), self._step(most, full)
                least, most = least * car.performance.low, most * car.performance.high
            low, high, fails = self._factor_of(kind, counts)
            failing = fails if failing is None else failing
            points.append((least * low, most * high))
        assert failing is not None
        surely, perhaps = self._robustness_failed(variant)
        fail_low, fail_high = failing[0] | surely, failing[1] | perhaps
        robust = self._robustness(points[STANDARD], fail_low, fail_high)
        self._note(possible, (*points, robust[:2]), fail_low, fail_high)

    def _sums(self, variant: Variant) -> list[tuple[Array, Array, Counts]]:
        """Return for both ranges the least and greatest worth of their cells, and the counts of their points."""
        whole = len(variant.cells) == self.matrix.cells  # then they stand in their order
        first, last = (some if whole else some[variant.cells] for some in self.predicted)
        surely = self.surely if whole else self.surely[variant.cells]
        perhaps = (
            surely if self.perhaps is self.surely else self.perhaps if whole else self.perhaps[variant.cells]
        )
        index = (first * np.int8(COLOURS) + last).astype(np.int16)
        width = len(self.matrix.judging.passes[0]) * PAIRS
        tables = _tables(self.table, self.matrix)
        judged = perhaps
        # by which criterion a point is judged is the same for every car, whichever of its values counts
        if self.matrix.warning is None and bool((self.car.performance.high <= 1).all()):
            index += (variant.plain * PAIRS).astype(np.int16)[:, None]
            judged = surely
            if perhaps is not surely:
                index += (perhaps & ~surely) * np.int16(width)
        counted = self._counted(variant, judged, first, last)
        state = np.where(
            self.only_not_red[0], _NOT_RED, np.where(self.only_not_red[1], _EITHER, _AS_PREDICTED)
        )
        found = []
        for kind in (STANDARD, EXTENDED):
            rows = _rows(variant)[kind]
            mine = index[rows]
            if kind == STANDARD and state.any():
                mine += (state * (2 * width)).astype(np.int16)
            sums = np.add.reduce(tables[kind].take(mine, mode="clip"), axis=0)
            counts = counted[kind]
            counts[1] += (sums >> _RIGHT) & 1023
            counts[3] += (sums >> _WRONG) & 1023
            counts[5] += (sums >> _SOME) & 1023
            least, most = sums & 0xFFFF, (sums >> _MOST) & 0xFFFF
            nothing = np.zeros(0, np.intp)
            fields = [field.astype(np.float64) for field in counts]
            own = Counts(fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], (nothing, nothing))
            found.append((least / _PARTS, most / _PARTS, own))
        return found

    def _counted(
        self, variant: Variant, judged: Flags, first: NDArray[np.int8], last: NDArray[np.int8]
    ) -> Whole:
        """Count the points that are judged one by one, shape ``(ranges, 6, cars)``."""
        places = np.flatnonzero(judged)
        if not len(places):
            return np.zeros((2, 6, self.cars), np.int64)
        rows, columns = np.divmod(places, self.cars)
        before, after = first.reshape(-1).take(places), last.reshape(-1).take(places)
        standard = variant.standard[rows]
        points = Points(self, variant, rows, columns, before, after)
        right, wrong = points.judged(standard, shown=False)
        coloured = before < GREY
        idle = (after == GREY) | ~points.sure
        code = (right & coloured) + 2 * (wrong & coloured).astype(np.int8) + 4 * idle.astype(np.int8)
        sums = np.bincount(
            columns + np.where(standard, 0, self.cars), _COUNTED[code], minlength=2 * self.cars
        ).astype(np.int64)
        fields = [(sums >> (_BITS * field)) & ((1 << _BITS) - 1) for field in range(6)]
        return np.stack([field.reshape(2, self.cars) for field in fields], axis=1)

    def _factor_of(self, kind: int, counts: Counts) -> tuple[Array, Array, tuple[Flags, Flags]]:
        """As `_factor`; what was worked out for the same counts before is remembered."""
        methods, factors = self.car.methods[kind], self.table.factors[kind]
        last = factors.shape[1] - 1
        bits = last.bit_length()
        if 6 * bits + len(methods) > _MOST_KEY:
            return self._factor(kind, counts)
        key = np.zeros(self.cars, np.intp)
        for some in (
            counts.least_out,
            counts.most_out,
            counts.only_refuted,
            counts.most_refuted,
            counts.least,
            counts.most,
        ):
            # so many points or more: not in the table
            key = (key << bits) | np.minimum(some, last).astype(np.intp)
        for method in methods:
            key = (key << 1) | method
        memory = _memory(factors.tobytes(), factors.shape, self.table.not_claimed)
        new = np.flatnonzero(~memory.known[key])
        if len(new):
            _, chosen = np.unique(key[new], return_index=True)
            new = new[chosen]
            memory.low[key[new]], memory.high[key[new]], fails = _factors(
                factors, self.table.not_claimed, counts, methods, new
            )
            memory.surely[key[new]], memory.perhaps[key[new]] = fails
            memory.known[key[new]] = True
        return memory.low[key], memory.high[key], (memory.surely[key], memory.perhaps[key])

    def _robustness_failed(self, variant: Variant) -> tuple[Flags, Flags]:
        may_be = self.matrix.may_be[STANDARD]
        if len(variant.cells) == self.matrix.cells:
            mine = np.flatnonzero(variant.standard[may_be])
        else:
            standard = np.zeros(self.matrix.cells, bool)
            standard[variant.cells] = variant.standard
            mine = np.flatnonzero(standard[may_be])
        cells, outcome = may_be[mine], self.outcome[0][mine]
        failed = outcome == 1
        surely = (failed & self.surely[cells]).any(axis=0) & self.robustness_counts[0]
        perhaps = ((failed | (np.isnan(outcome) & ~self.closed)) & self.perhaps[cells]).any(axis=0)
        return surely, perhaps & self.robustness_counts[1]


def _of_code(code: int) -> float:
    """Return what a point adds to the six fields of `Counts`: whether it may be right, wrong, not counted."""
    right, wrong, idle = bool(code & 1), bool(code & 2), bool(code & 4)
    some = right or wrong
    fields = (
        right and not wrong and not idle,
        right,
        wrong and not right and not idle,
        wrong,
        some and not idle,
        some,
    )
    return float(sum(int(value) << (_BITS * field) for field, value in enumerate(fields)))


_COUNTED = np.array([_of_code(code) for code in range(8)])
# bits of a key for what is remembered of factors
_MOST_KEY = 22


class _Memory(NamedTuple):
    """Factors by key; memory that no key touches is never taken."""

    known: Flags
    low: Array
    high: Array
    surely: Flags
    perhaps: Flags


@lru_cache(maxsize=8)
def _memory(factors: bytes, shape: tuple[int, ...], not_claimed: int) -> _Memory:
    size = 1 << (6 * (shape[1] - 1).bit_length() + shape[0])
    flags = [np.zeros(size, bool) for _ in range(3)]
    return _Memory(flags[0], np.zeros(size), np.zeros(size), flags[1], flags[2])


def _factors(
    factors: Array, not_claimed: int, counts: Counts, methods: Flags, cars: Indices
) -> tuple[Array, Array, tuple[Flags, Flags]]:
    """Return the factors of some cars over all outcomes that are possible, and whether a point is refuted."""
    last = factors.shape[1] - 1
    out, refuted = (some.ravel()[:, None] for some in np.mgrid[: last + 1, : last + 1])
    inside = (out + refuted < last)[:, 0]
    out, refuted = out[inside], refuted[inside]
    total = out + refuted
    here = (counts.least_out[cars] <= out) & (out <= counts.most_out[cars])
    here &= (counts.only_refuted[cars] <= refuted) & (refuted <= counts.most_refuted[cars])
    here &= (counts.least[cars] <= total) & (total <= counts.most[cars])
    low, high = np.full(len(cars), np.inf), np.full(len(cars), -np.inf)
    for method, may in enumerate(methods[:, cars]):
        if method == not_claimed:
            continue
        part, mine = factors[method, out, refuted], here & may
        low = np.minimum(low, np.where(mine, part, np.inf).min(axis=0))
        high = np.maximum(high, np.where(mine, part, -np.inf).max(axis=0))
    beyond = counts.most[cars] >= last
    low, high = np.where(beyond, np.minimum(low, 1.0), low), np.where(beyond, np.maximum(high, 1.0), high)
    surely = ~(here & (refuted == 0)).any(axis=0)
    perhaps = (here & (refuted > 0)).any(axis=0) | beyond
    none = np.isinf(low)
    return np.where(none, 0.0, low), np.where(none, 0.0, high), (surely, perhaps)


@lru_cache(maxsize=512)
def _rows(variant: Variant) -> tuple[Indices, Indices]:
    """Return the rows of a variant's cells that are in the standard range, and in the extended one."""
    return np.flatnonzero(variant.standard), np.flatnonzero(~variant.standard)


@lru_cache(maxsize=256)
def _worth(table: ScenarioTable) -> tuple[Whole, Whole] | None:
    """Return what pairs of colours are worth in both ranges as whole numbers, if they are such parts."""
    found = []
    for worth in (table.worth, table.worth_extended):
        parts = np.asarray(worth) * _PARTS
        if not ((parts == np.rint(parts)) & (parts >= 0) & (parts <= _PARTS)).all():
            return None
        found.append(parts.astype(np.int64))
    return found[0], found[1]


@lru_cache(maxsize=512)
def _tables(table: ScenarioTable, matrix: MatrixTable) -> tuple[Whole, Whole]:
    """Return the sums' fields of one cell for both ranges, by state, whether a test is open, criterion, and colours."""
    worths = _worth(table)
    assert worths is not None
    judging = matrix.judging
    criteria = len(judging.passes[0])
    coloured = np.arange(PAIRS) // COLOURS < GREY
    # of a value of which nothing is known: whether it surely, or perhaps, bears its prediction out, or is not red
    sure = (judging.surely[0] == -np.inf) & (judging.surely[1] == np.inf)
    some = np.ones_like(sure)
    passes = ((judging.passes[0] == -np.inf) & (judging.passes[1] == np.inf))[:, None]
    may_pass = np.ones_like(passes)
    found = []
    for worth in worths:
        own = np.broadcast_to(worth[0] | (worth[1] << _MOST), (criteria, PAIRS))
        states = []
        for borne_out, perhaps in (
            (sure, some),
            (passes & np.ones_like(sure), may_pass & np.ones_like(some)),
            (sure & passes, some | may_pass),
        ):
            right, wrong = perhaps & coloured, ~borne_out & coloured
            open_ = own + (right.astype(np.int64) << _RIGHT) + (wrong.astype(np.int64) << _WRONG)
            open_ = open_ + ((right | wrong).astype(np.int64) << _SOME)
            states += [own, open_]
        found.append(np.concatenate([state.ravel() for state in states]))
    return found[0], found[1]
