"""What slots are worth as functions of one lever: piecewise linear, found by running the operations themselves.

A lever's way is cut into *cells* on each of which every slot of the frontier is linear. Corners and jumps are found by
halving down to the lever's step, starting from the limits of the rules; where a rule is curved (an injury-risk curve)
cells are cut until the chord is near enough, and how far it is off is kept with the cell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from carindex.alignment.improvement.levers import Lever
from carindex.alignment.improvement.structure import Analysis, Assignment
from carindex.rating.kernels import Array

Slot = tuple[int, int]
"""Number of the part, slot."""
Put = Callable[[int, float], Mapping[int, Assignment]]
"""What a value of a lever puts into each part."""

NEAR = 2e-3
"""How far, in parts of a slot's range, a chord may be from a curved rule at first; nearer where the slot is near 0."""
_NEAR_ZERO = 0.02

_EXACT = 1e-9
_INSIDE = 6


@dataclass(frozen=True)
class Cell:
    """A stretch of a lever: its ends, what they cost, and the slots there.

    ``low`` and ``high``: bounds of each slot of the lever at both ends, ``(slots, 2)``; equal but for what stays open.
    ``off``: how far a slot may be from the chord, ``(slots,)``. For a choice of words or options both ends are one, and
    ``start`` is its number or value; NaN: the fact stays missing.
    """

    start: float
    end: float
    costs: tuple[float, float]
    low: Array
    high: Array
    off: Array

    @property
    def single(self) -> bool:
        """Whether the cell is one value."""
        return self.start == self.end or math.isnan(self.start)


@dataclass(frozen=True)
class Table:
    """The cells of a lever, and the slots that it decides."""

    slots: tuple[Slot, ...]
    cells: tuple[Cell, ...]

    @property
    def curved(self) -> bool:
        """Whether any chord is off."""
        return any((cell.off > 0).any() for cell in self.cells)


def slots_by_lever(analyses: Sequence[Analysis]) -> dict[int, list[Slot]]:
    """Return the slots of the frontier that each lever decides."""
    found: dict[int, list[Slot]] = {}
    for number, analysis in enumerate(analyses):
        for slot in analysis.frontier:
            found.setdefault(int(analysis.depends[slot]), []).append((number, slot))
    return found


class Sampler:
    """Runs the operations for values of many levers at once: they do not meet in the slots that are looked at."""

    def __init__(self, analyses: Sequence[Analysis], assignment: Put, levers: Iterable[int]) -> None:
        self.analyses = analyses
        self.assignment = assignment
        nothing: dict[int, list[Slot]] = {lever: [] for lever in levers}
        self.slots = nothing | slots_by_lever(analyses)
        self.known: dict[int, dict[float, tuple[Array, Array]]] = {lever: {} for lever in self.slots}

    def sample(self, wanted: Mapping[int, Sequence[float]]) -> None:
        """Work out the slots of levers at values."""
        asked = {
            lever: [value for value in dict.fromkeys(values) if value not in self.known[lever]]
            for lever, values in wanted.items()
        }
        count = max((len(values) for values in asked.values()), default=0)
        if not count:
            return
        columns: list[list[dict[int, tuple[float, float]]]] = [
            [{} for _ in range(count)] for _ in self.analyses
        ]
        for lever, values in asked.items():
            for column, value in enumerate(values):
                for number, put in self.assignment(lever, value).items():
                    columns[number][column].update(put)
        for lever, values in asked.items():
            size = len(self.slots[lever])
            self.known[lever].update({value: (np.empty(size), np.empty(size)) for value in values})
        for number, analysis in enumerate(self.analyses):
            frontier = analysis.frontier
            if not frontier:
                continue
            low, high = analysis.part.picked(columns[number], frontier)
            row_of = {slot: row for row, slot in enumerate(frontier)}
            for lever, values in asked.items():
                rows = [row_of[slot] for owner, slot in self.slots[lever] if owner == number]
                if not rows:
                    continue
                at = [i for i, (owner, _) in enumerate(self.slots[lever]) if owner == number]
                for column, value in enumerate(values):
                    bounds = self.known[lever][value]
                    bounds[0][at], bounds[1][at] = low[rows, column], high[rows, column]

    def at(self, lever: int, value: float) -> tuple[Array, Array]:
        """Return the bounds of a lever's slots at a value that was sampled."""
        return self.known[lever][value]


def number_tables(
    sampler: Sampler,
    levers: Mapping[int, Lever],
    extra: Mapping[int, Sequence[float]] | None = None,
    near: Mapping[int, float] | None = None,
) -> dict[int, Table]:
    """Cut the ways of numbers into cells.

    Parameters
    ----------
    sampler
        Runs the operations.
    levers
        Levers that are numbers, by number.
    extra
        Values at which a cell has to end, for instance those of an earlier answer.
    near
        How far a chord may be off for each lever, in parts of a slot's range; `NEAR` where nothing is said.
    """
    points: dict[int, list[float]] = {}
    for number, lever in levers.items():
        points[number] = _first_points(lever, (extra or {}).get(number, ()))
    sampler.sample({n: [*points[n], math.nan] if levers[n].present is None else points[n] for n in points})
    closed: dict[int, dict[tuple[float, float], Array]] = {number: {} for number in levers}
    pending = {n: list(pairwise(p)) for n, p in points.items()}
    while any(pending.values()):
        middles = {}
        for number, stretches in pending.items():
            lever = levers[number]
            middles[number] = [
                (first, last, lever.on_step((first + last) / 2.0, better=True)) for first, last in stretches
            ]
        sampler.sample({n: [m for a, b, m in some if a < m < b] for n, some in middles.items()})
        for number, some in middles.items():
            pending[number] = []
            tolerance = (near or {}).get(number, NEAR)
            for first, last, middle in some:
                if not first < middle < last:
                    closed[number][first, last] = np.full(len(sampler.slots[number]), math.inf)
                    continue
                off = _off(sampler, number, first, middle, last)
                here = np.nan_to_num(np.abs(sampler.at(number, middle)[1])) / _range(sampler, number)
                allowed = np.clip(_NEAR_ZERO * here, tolerance / 200.0, tolerance)
                if (off <= allowed).all():
                    # the middle of a curve is where a chord is off most, give or take; a corner may hide a little more
                    closed[number][first, last] = np.where(off > _EXACT, 2.0 * off, 0.0)
                else:
                    pending[number] += [(first, middle), (middle, last)]
    return {number: _table(sampler, number, lever, closed[number]) for number, lever in levers.items()}


def _first_points(lever: Lever, extra: Sequence[float]) -> list[float]:
    first, last = min(lever.best, lever.worst), max(lever.best, lever.worst)
    found = {lever.best, lever.worst, *(first + (last - first) * i / _INSIDE for i in range(1, _INSIDE))}
    found |= {limit + i * lever.step for limit in lever.limits for i in (-1, 0, 1)}
    found |= set(extra)
    stepped = {lever.on_step(value, better=True) for value in found}
    ends = {lever.worst} if lever.present is not None else set()
    return sorted({value for value in stepped if first <= value <= last} | ends)


def _range(sampler: Sampler, number: int) -> Array:
    values = sampler.known[number].values()
    every = np.array([bound for pair in values for bound in pair])
    spread: Array = np.fmax.reduce(every, axis=0) - np.fmin.reduce(every, axis=0)
    return np.where(spread > 0, spread, 1.0)


def _off(sampler: Sampler, number: int, first: float, middle: float, last: float) -> Array:
    """Return how far a value in between is from the chord, in parts of each slot's range."""
    part = (middle - first) / (last - first)
    scale = _range(sampler, number)
    worst = np.zeros(len(scale))
    for side in (0, 1):
        at_first, at_middle, at_last = (sampler.at(number, value)[side] for value in (first, middle, last))
        chord = at_first + (at_last - at_first) * part
        same = (at_first == at_middle) & (at_middle == at_last)
        distance = np.where(same, 0.0, np.abs(at_middle - chord))
        worst = np.fmax(worst, np.where(np.isnan(distance), 0.0, distance) / scale)
    return worst


def _table(sampler: Sampler, number: int, lever: Lever, closed: Mapping[tuple[float, float], Array]) -> Table:
    """Join neighbouring stretches that are one line, and leave out what only costs more for the same."""
    scale = _range(sampler, number)
    stretches: list[tuple[float, float, Array]] = []
    ends: set[float] = set()
    for (first, last), off in sorted(closed.items()):
        ends |= {first, last}
        if np.isinf(off).any():
            continue  # a jump between neighbouring steps
        if stretches and stretches[-1][1] == first and not off.any() and not stretches[-1][2].any():
            start = stretches[-1][0]
            if (_off(sampler, number, start, first, last) <= _EXACT).all():
                stretches[-1] = (start, last, off)
                continue
        stretches.append((first, last, off * scale))
    covered = [(first, last) for first, last, _ in stretches]
    if not closed:
        ends = {lever.worst, lever.best}
    singles = [value for value in ends if not any(a <= value <= b for a, b in covered)]
    cells = [_cell(sampler, number, lever, first, last, off) for first, last, off in stretches]
    nothing = np.zeros(len(sampler.slots[number]))
    cells += [_cell(sampler, number, lever, value, value, nothing) for value in singles]
    if lever.present is not None and not any(lever.worst in (cell.start, cell.end) for cell in cells):
        cells.append(_cell(sampler, number, lever, lever.worst, lever.worst, nothing))
    if lever.coupled < 0:
        cells = [_flattened(cell) for cell in cells]
    if lever.present is None:
        cells.append(_open(sampler, number))
    ordered = sorted(cells, key=lambda cell: (cell.costs[0], cell.start))
    return Table(tuple(sampler.slots[number]), tuple(ordered))


def _cell(sampler: Sampler, number: int, lever: Lever, first: float, last: float, off: Array) -> Cell:
    at_first, at_last = sampler.at(number, first), sampler.at(number, last)
    low, high = (np.stack([at_first[side], at_last[side]], axis=1) for side in (0, 1))
    return Cell(first, last, (lever.cost(first), lever.cost(last)), low, high, off)


def _open(sampler: Sampler, number: int) -> Cell:
    low, high = sampler.at(number, math.nan)
    nothing = np.zeros(len(low))
    low, high = (np.stack([x, x], axis=1) for x in (low, high))
    return Cell(math.nan, math.nan, (0.0, 0.0), low, high, nothing)


def _flattened(cell: Cell) -> Cell:
    """Return the cheaper end of a cell on which nothing changes."""
    same = all((x[:, 0] == x[:, 1]).all() for x in (cell.low, cell.high))
    if cell.single or not same or cell.off.any():
        return cell
    at = 0 if cell.costs[0] <= cell.costs[1] else 1
    value = (cell.start, cell.end)[at]
    low, high = (x[:, [at, at]] for x in (cell.low, cell.high))
    return Cell(value, value, (cell.costs[at], cell.costs[at]), low, high, cell.off)


def choice_table(sampler: Sampler, number: int, values: Sequence[float], costs: Sequence[float]) -> Table:
    """Return the cells of a lever that is one of several values (words, options); they have been sampled."""
    nothing = np.zeros(len(sampler.slots[number]))
    cells = []
    for value, cost in zip(values, costs, strict=True):
        low, high = (np.stack([x, x], axis=1) for x in sampler.at(number, value))
        cells.append(Cell(value, value, (cost, cost), low, high, nothing))
    return Table(tuple(sampler.slots[number]), tuple(cells))
