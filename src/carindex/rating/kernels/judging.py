"""How the measured value of a cell becomes a colour, and which values bear out which prediction.

A criterion puts values into bands of colours. For every predicted colour the values that bear it out are one interval;
that interval, not the bands, is all that a kernel needs. Colours are numbers from 0 (green) over 4 (red) to 5
(grey: not predicted).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels.kernel import Array

GREEN, RED, GREY = 0, 4, 5
COLOURS = 6
Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]
# a set of colours is a first and a last one; both make one index into tables of this length
PAIRS = COLOURS * COLOURS


@dataclass(frozen=True, eq=False)
class Criterion:
    """Upper edges of the bands of colours, from the lowest values up.

    ``up_to``: an edge belongs to the band below it. ``zero``: colour of the single point 0, if it has one of its
    own. ``tolerance``: so far from the predicted band a value still counts as predicted, but not downward from the
    last band. ``above``: from this value on the colour is ``above_colour`` whatever the bands say.
    """

    bands: tuple[tuple[int, float], ...]
    up_to: bool
    zero: int | None = None
    tolerance: float | None = None
    above: float | None = None
    above_colour: int = RED

    def colour(self, value: float) -> int:
        """Return the colour of the band that a value lies in."""
        if self.above is not None and value > self.above:
            return self.above_colour
        if self.zero is not None and value <= 0:
            return self.zero
        for colour, edge in self.bands:
            if colour != self.zero and (value < edge or (self.up_to and value == edge)):
                return colour
        raise ValueError(value)

    def close(self, value: float, predicted: int) -> bool:
        """Return whether a value is so near to the predicted band that it counts as predicted."""
        colours = [colour for colour, _ in self.bands]
        if self.tolerance is None or predicted not in colours:
            return False
        i = colours.index(predicted)
        if i == 0:
            return value < self.bands[0][1] + self.tolerance
        last = i == len(colours) - 1
        lower = self.bands[i - 1][1] - (0 if last else self.tolerance)
        reached = value > 0 if lower <= 0 else value >= lower
        return reached and (last or value < self.bands[i][1] + self.tolerance)

    @cached_property
    def atoms(self) -> tuple[tuple[float, float], ...]:
        """Closed intervals, from the lowest values up, inside which neither colour nor closeness changes."""
        points = {0.0} | {edge for _, edge in self.bands if np.isfinite(edge)}
        tolerance = self.tolerance or 0.0
        points |= {edge + shift for edge in set(points) for shift in (-tolerance, tolerance)}
        if self.above is not None:
            points.add(self.above)
        found, start = [], -np.inf
        for point in sorted(points):
            found += [(start, float(np.nextafter(point, -np.inf))), (point, point)]
            start = float(np.nextafter(point, np.inf))
        return (*found, (start, np.inf))

    def interval(self, holds: Callable[[float], bool]) -> tuple[float, float]:
        """Return the closed interval of the values for which something holds; no interval at all: (inf, −inf).

        Raises
        ------
        ValueError
            When these values are more than one interval.
        """
        inside = [holds(_within(atom)) for atom in self.atoms]
        if not any(inside):
            return np.inf, -np.inf
        first, last = inside.index(True), len(inside) - 1 - inside[::-1].index(True)
        if not all(inside[first : last + 1]):
            raise ValueError(self.bands)
        return self.atoms[first][0], self.atoms[last][1]

    def right(self, predicted: int) -> tuple[float, float]:
        """Return the interval of the values that are as predicted, or better."""
        return self.interval(lambda value: self.colour(value) <= predicted or self.close(value, predicted))

    def near(self, predicted: int) -> tuple[float, float]:
        """Return the interval of the values near enough to the predicted band."""
        return self.interval(lambda value: self.close(value, predicted))

    def passes(self, value: float) -> bool:
        """Return whether a value is not red."""
        return self.colour(value) != RED


def _within(atom: tuple[float, float]) -> float:
    least, most = atom
    if np.isinf(least):
        return most - 1.0
    return least + 1.0 if np.isinf(most) else (least + most) / 2


class Judging(msgspec.Struct, frozen=True, eq=False):
    """Several criteria as tables: every lookup is the number of a criterion and a pair of colours.

    ``surely``, ``perhaps``: least and greatest value that bears out every, or some, colour of the pair, shape
    ``(2, criteria, 36)``. ``close``: the same for values that count as predicted though their colour is another one,
    ``(2, criteria, 6)``. ``passes``: least and greatest value that is not red, ``(2, criteria)``. ``edges``,
    ``colours``: ascending values from which on a colour holds.
    """

    surely: Array
    perhaps: Array
    close: Array
    passes: Array
    edges: tuple[Array, ...]
    colours: tuple[Array, ...]

    @classmethod
    def of(cls, criteria: Sequence[Criterion]) -> Judging:
        """Return the tables of several criteria."""
        right = np.array([[c.right(p) for p in range(GREY)] for c in criteria])
        surely, perhaps = (np.empty((2, len(criteria), PAIRS)) for _ in range(2))
        for first in range(COLOURS):
            for last in range(COLOURS):
                some = right[:, first : max(min(last, RED), first) + 1]
                at = first * COLOURS + last
                if some.shape[1] == 0 or first > last:
                    surely[:, :, at] = perhaps[:, :, at] = np.array([[np.inf], [-np.inf]])
                    continue
                surely[:, :, at] = some[:, :, 0].max(axis=1), some[:, :, 1].min(axis=1)
                perhaps[:, :, at] = some[:, :, 0].min(axis=1), some[:, :, 1].max(axis=1)
        close = np.array([[c.near(p) for p in range(COLOURS)] for c in criteria])
        passes = np.array([c.interval(c.passes) for c in criteria])
        steps = [[(atom[0], c.colour(_within(atom))) for atom in c.atoms] for c in criteria]
        return cls(
            surely,
            perhaps,
            np.moveaxis(close, 2, 0),
            passes.T,
            tuple(np.array([least for least, _ in some]) for some in steps),
            tuple(np.array([float(colour) for _, colour in some]) for some in steps),
        )

    def measured(self, criterion: Indices, value: Array) -> Array:
        """Return the colour of each value by its criterion; NaN for NaN."""
        out = np.full(value.shape, np.nan)
        for number in sorted(set(criterion.ravel().tolist())):  # np.unique would import masked arrays
            mine = criterion == number
            place = np.searchsorted(self.edges[number], value[mine], side="right") - 1
            out[mine] = self.colours[number][np.minimum(place, len(self.colours[number]) - 1)]
        return np.where(np.isnan(value), np.nan, out)
