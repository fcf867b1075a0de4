"""Parking: how long it took, in how many moves, how the car stands in the end and how near it came to what is around.

Belongs here: what is read from a parking manoeuvre. Does not belong here: the geometry of two cars (`outlines`),
which distance a programme asks for, limits.

Shapes, clock, interpolation, inf and NaN as in `instants`. Units are s, m, m/s and rad; a speed is positive forwards.

References
----------
.. [1] ISO 16787, Assisted parking system - Performance requirements and test procedures: parallel and perpendicular
   slots, final position by distance to the kerb and angle; recalled, not read.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.instants import run_of, spanned, timed
from carindex.criteria.outlines import Body
from carindex.criteria.peaks import FloatArray, Interval, Numbers, Peak

MOVING = 0.05
"""Speed above which a car moves while it is parked, m/s.

Above the noise of satellite positioning, below creeping. Judgement.
"""


def took(time: ArrayLike, begin: ArrayLike, end: ArrayLike) -> Interval:
    """Return how long a manoeuvre took.

    Parameters
    ----------
    time
        ``(n,)``, s.
    begin, end
        When the system began and ended it, s, one for all or one for each run; inf where it did not.

    Returns
    -------
    Interval
        Duration, s, with both instants; NaN where one of them is not in the record or the end is not later.
    """
    t = np.asarray(time, dtype=np.float64)
    first, last = np.asarray(begin, dtype=np.float64), np.asarray(end, dtype=np.float64)
    inside = (first >= t[0]) & (last <= t[-1]) & (last > first)
    value = np.where(inside, np.where(inside, last, 0.0) - np.where(inside, first, 0.0), np.nan)[()]
    return spanned(value, first, last)


def moves(time: ArrayLike, speed: ArrayLike, begin: ArrayLike, end: ArrayLike) -> Interval:
    """Return in how many moves a car was parked: stretches in one direction, forwards or backwards.

    Parameters
    ----------
    time, speed
        ``(n,)``, s, and speed, m/s, negative backwards, ``(..., n)``.
    begin, end
        Begin and end of the manoeuvre, s.

    Returns
    -------
    Interval
        Number of moves; a stop on the way in one direction does not count. 0 for a car that does not move faster
        than 0.05 m/s, NaN where an instant is not in the record or a speed is missing.
    """
    t, v = run_of(time, speed)
    first = np.broadcast_to(np.asarray(begin, dtype=np.float64), v.shape[:-1])
    last = np.broadcast_to(np.asarray(end, dtype=np.float64), v.shape[:-1])
    counted = (t >= first[..., None]) & (t <= last[..., None]) & (np.abs(v) > MOVING)
    direction = np.where(counted, np.sign(v), 0.0)
    # The last direction before each sample, 0 before the first move.
    order = np.where(direction != 0, np.arange(t.size), -1)
    latest = np.maximum.accumulate(order, axis=-1)
    earlier = np.concatenate([np.full((*v.shape[:-1], 1), -1), latest[..., :-1]], axis=-1)
    before = np.where(earlier >= 0, np.take_along_axis(direction, np.maximum(earlier, 0), axis=-1), 0.0)
    count = ((direction != 0) & (direction != before)).sum(axis=-1).astype(np.float64)
    known = (first >= t[0]) & (last <= t[-1]) & (last >= first) & ~np.isnan(v).any(axis=-1)
    return spanned(np.where(known, count, np.nan)[()], first, last)


def angle_to(heading: ArrayLike, line: ArrayLike) -> FloatArray:
    """Return the angle between a car and a kerb or slot, whichever end of the car points along it.

    Parameters
    ----------
    heading, line
        Heading of the car and direction of the line, rad, in one frame, ``(..., n)`` or one number.

    Returns
    -------
    ndarray
        rad, above -90° up to 90°, positive where the car is turned to the left of the line. NaN where an input is
        NaN.
    """
    turned = np.asarray(heading, dtype=np.float64) - np.asarray(line, dtype=np.float64)
    half = np.pi
    found: FloatArray = turned - half * np.ceil(turned / half - 0.5)
    return found


def to_line(body: Body, x: ArrayLike, y: ArrayLike, direction: ArrayLike, end: str) -> FloatArray:
    """Return how far an end of a car is from a kerb line.

    Parameters
    ----------
    body
        The car, as in `outlines.Body`.
    x, y, direction
        A point of the line, m, and its direction, rad; the car stands to the left of it, as with the kerb on its
        right.
    end
        ``front`` or ``rear``.

    Returns
    -------
    ndarray
        ``(..., n)``, m: distance of the nearer of the two corners of that end, negative beyond the line. Corners of
        the outline, not wheels. NaN where an input is NaN.

    Raises
    ------
    ValueError
        For another end.
    """
    if end not in ("front", "rear"):
        raise ValueError(f"the end of the car is {end!r}; expected front or rear")
    heading = np.asarray(body.heading, dtype=np.float64)
    forward, left = (np.cos(heading), np.sin(heading)), (-np.sin(heading), np.cos(heading))
    length = np.asarray(body.length, dtype=np.float64)[..., None]
    along = np.asarray(body.front, dtype=np.float64)[..., None] - (0.0 if end == "front" else length)
    line = np.asarray(direction, dtype=np.float64)
    across = -np.sin(line), np.cos(line)
    nearest: FloatArray | None = None
    for side in (0.5, -0.5):
        aside = side * np.asarray(body.width, dtype=np.float64)[..., None]
        corner = [
            np.asarray(at, dtype=np.float64)
            + along * forward[i]
            + aside * left[i]
            - np.asarray(of, dtype=np.float64)
            for i, (at, of) in enumerate(((body.x, x), (body.y, y)))
        ]
        away: FloatArray = corner[0] * across[0] + corner[1] * across[1]
        nearest = away if nearest is None else np.minimum(nearest, away)
    assert nearest is not None
    return nearest


def nearest_between(time: ArrayLike, distance: ArrayLike, begin: ArrayLike, end: ArrayLike) -> Peak:
    """Return the least distance among the samples of a manoeuvre, with its time.

    Parameters
    ----------
    time, distance
        ``(n,)``, s, and ``(..., n)``, m.
    begin, end
        Begin and end of the manoeuvre, s.

    Returns
    -------
    Peak
        m, and s. NaN where no sample lies in the manoeuvre or one of them is missing.
    """
    t, d = run_of(time, distance)
    first = np.asarray(begin, dtype=np.float64)[..., None]
    last = np.asarray(end, dtype=np.float64)[..., None]
    inside = np.broadcast_to((t >= first) & (t <= last), d.shape)
    counted = np.where(inside, np.where(np.isnan(d), -np.inf, d), np.inf)
    index = np.asarray(np.argmin(counted, axis=-1))
    value: Numbers = np.take_along_axis(d, index[..., None], axis=-1)[..., 0]
    return timed(np.where(inside.any(axis=-1), value, np.nan)[()], t[index])
