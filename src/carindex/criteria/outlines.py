"""Two rectangular bodies that move and turn on a plane: how far apart they are, where one is seen from the other.

Belongs here: the geometry of two outlines, sample by sample. Does not belong here: when they meet and how fast
(`track`).

Axes are those of ISO 8855: x forward, y to the left, heading from x towards y. Positions are in m in one fixed
frame, headings in rad. Signals are ``(n,)`` or ``(..., n)``, dimensions one number or one for each run ``(...)``.

References
----------
.. [1] ISO 8855, Road vehicles - Vehicle dynamics and road-holding ability - Vocabulary.
.. [2] Gottschalk, Lin, Manocha, OBBTree, SIGGRAPH 1996 (separating axes of two boxes).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.peaks import FloatArray


class Body(NamedTuple):
    """A rectangular body and its motion.

    Attributes
    ----------
    x, y
        Position of its reference point, m, ``(..., n)``.
    heading
        Direction it points in, rad, ``(..., n)``.
    length, width
        Size of its rectangle, m, positive.
    front
        How far its front end lies ahead of the reference point, m: 0 when the reference point is the front
        centre, the length when it is the rear centre.
    """

    x: ArrayLike
    y: ArrayLike
    heading: ArrayLike
    length: ArrayLike
    width: ArrayLike
    front: ArrayLike


class _Placed(NamedTuple):
    """Centre, unit vectors and half dimensions of a body; vectors hold x and y."""

    centre: tuple[FloatArray, FloatArray]
    forward: tuple[FloatArray, FloatArray]
    half_length: FloatArray
    half_width: FloatArray

    @property
    def left(self) -> tuple[FloatArray, FloatArray]:
        return -self.forward[1], self.forward[0]


def _per_run(value: ArrayLike, name: str, least: float = -np.inf) -> FloatArray:
    number = np.asarray(value, dtype=np.float64)
    if (number <= least).any():
        raise ValueError(f"{name} is {float(number.min()):g} m; expected a positive number")
    return number[..., None]


def _placed(body: Body) -> _Placed:
    length = _per_run(body.length, "the length of a body", 0.0)
    width = _per_run(body.width, "the width of a body", 0.0)
    heading = np.asarray(body.heading, dtype=np.float64)
    forward = np.cos(heading), np.sin(heading)
    ahead = _per_run(body.front, "the front") - 0.5 * length
    x, y = np.asarray(body.x, dtype=np.float64), np.asarray(body.y, dtype=np.float64)
    return _Placed((x + ahead * forward[0], y + ahead * forward[1]), forward, 0.5 * length, 0.5 * width)


def _dot(a: tuple[FloatArray, FloatArray], b: tuple[FloatArray, FloatArray]) -> FloatArray:
    return a[0] * b[0] + a[1] * b[1]


def clearances(body: Body, other: Body) -> FloatArray:
    """Return how far the other body lies outside this one, along the eight directions that can separate them.

    Parameters
    ----------
    body, other
        The two bodies.

    Returns
    -------
    ndarray
        ``(..., 8, n)``, m: ahead of ``body``, to its left, to its right, behind it; then the same along the
        axes of ``other``. The bodies touch or overlap exactly where none is positive; the largest is a lower bound of
        their distance. The first is the longitudinal gap to a body ahead. NaN where an input is NaN.

    Raises
    ------
    ValueError
        When a length or width is not positive.
    """
    one, two = _placed(body), _placed(other)
    between = two.centre[0] - one.centre[0], two.centre[1] - one.centre[1]
    found: list[FloatArray] = []
    for forward, left in ((one.forward, one.left), (two.forward, two.left)):
        ahead, aside = (_dot(between, axis) for axis in (forward, left))
        along, across = (_reach(one, axis) + _reach(two, axis) for axis in (forward, left))
        found += [ahead - along, aside - across, -aside - across, -ahead - along]
    return np.stack(np.broadcast_arrays(*found), axis=-2)


def _reach(body: _Placed, axis: tuple[FloatArray, FloatArray]) -> FloatArray:
    """Return how far a body reaches from its centre along an axis, m."""
    reach: FloatArray = body.half_length * np.abs(_dot(body.forward, axis))
    return reach + body.half_width * np.abs(_dot(body.left, axis))


def longitudinal_gap(body: Body, other: Body) -> FloatArray:
    """Return the distance from the front of a body to the nearest point of the other, along the body's axis.

    Returns
    -------
    ndarray
        ``(..., n)``, m; negative where the other reaches behind the front. NaN as in `clearances`.
    """
    gap: FloatArray = clearances(body, other)[..., 0, :]
    return gap


def lateral_offset(body: Body, other: Body) -> FloatArray:
    """Return how far the centre of the other body lies to the left of the centre line of this one.

    Returns
    -------
    ndarray
        ``(..., n)``, m, negative to the right. NaN where an input is NaN.
    """
    one, two = _placed(body), _placed(other)
    return _dot((two.centre[0] - one.centre[0], two.centre[1] - one.centre[1]), one.left)


def distance(body: Body, other: Body) -> FloatArray:
    """Return the shortest distance between the two bodies, sample by sample.

    Returns
    -------
    ndarray
        ``(..., n)``, m, zero where they touch or overlap. NaN where an input is NaN.
    """
    one, two = _placed(body), _placed(other)
    apart = clearances(body, other).max(axis=-2)
    # Of two convex bodies that do not touch, one is nearest at a corner.
    nearest = np.minimum(_corners_to(one, two), _corners_to(two, one))
    return np.where(np.isnan(apart), np.nan, np.where(apart <= 0.0, 0.0, nearest))


def _corners_to(one: _Placed, two: _Placed) -> FloatArray:
    """Return the least distance from the corners of one rectangle to the other, filled rectangle."""
    found: FloatArray | None = None
    for ahead in (1.0, -1.0):
        for aside in (1.0, -1.0):
            corner = tuple(
                one.centre[i]
                + ahead * one.half_length * one.forward[i]
                + aside * one.half_width * one.left[i]
                - two.centre[i]
                for i in (0, 1)
            )
            offset = corner[0], corner[1]
            outside = np.hypot(
                np.maximum(np.abs(_dot(offset, two.forward)) - two.half_length, 0.0),
                np.maximum(np.abs(_dot(offset, two.left)) - two.half_width, 0.0),
            )
            found = outside if found is None else np.minimum(found, outside)
    assert found is not None
    return found
