"""Keeping a lane: how often and how long a car is outside it, how far from its middle.

Belongs here: what is read from distances to lane edges and from the lane's middle. Does not belong here: warnings and
interventions (`interventions`), limits.

Shapes, clock, interpolation, inf and NaN as in `instants`. A distance to the lane edge is in m, negative beyond it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.instants import run_of, spanned, timed
from carindex.criteria.interventions import stretches
from carindex.criteria.peaks import Interval, Peak


def departures(time: ArrayLike, edge_distance: ArrayLike) -> Peak:
    """Return how often a car leaves its lane: stretches of samples beyond the edge.

    Parameters
    ----------
    time, edge_distance
        ``(n,)``, s, and distance to the lane edge, m, ``(..., n)``.

    Returns
    -------
    Peak
        Number of stretches below 0, one that begins with the record among them, and the first sample of the first,
        s, NaN without any. NaN for a run with a NaN.
    """
    t, d = run_of(time, edge_distance)
    out = d < 0.0
    first = np.where(out.any(axis=-1), t[np.argmax(out, axis=-1)], np.inf)
    return timed(np.where(np.isnan(d).any(axis=-1), np.nan, stretches(out))[()], first)


def time_outside(time: ArrayLike, edge_distance: ArrayLike) -> Interval:
    """Return how long a car is beyond the edge of its lane, straight lines between samples.

    Returns
    -------
    Interval
        Sum of all stretches, s, with begin and end of the record. NaN for a run with a NaN.
    """
    t, d = run_of(time, edge_distance)
    low, high = d[..., :-1], d[..., 1:]
    crosses = (low < 0) != (high < 0)
    span = np.where(crosses, np.abs(low - high), 1.0)
    beyond = np.maximum(np.maximum(-low, -high), 0.0)
    share = np.where(crosses, beyond / span, (low < 0).astype(np.float64))
    outside = (share * np.diff(t)).sum(axis=-1)
    return spanned(np.where(np.isnan(d).any(axis=-1), np.nan, outside)[()], t[0], t[-1])


def greatest_deviation(time: ArrayLike, offset: ArrayLike) -> Peak:
    """Return the greatest distance from the middle of the lane among the samples, m, and its time, s.

    Parameters
    ----------
    time, offset
        ``(n,)``, s, and position of the car in its lane, m, left positive, ``(..., n)``.
    """
    t, y = run_of(time, offset)
    size = np.where(np.isnan(y), np.inf, np.abs(y))
    index = np.asarray(np.argmax(size, axis=-1))
    value = np.abs(np.take_along_axis(y, index[..., None], axis=-1)[..., 0])
    return timed(value[()], t[index])


def deviation_spread(time: ArrayLike, offset: ArrayLike) -> Interval:
    """Return the standard deviation of the position in the lane, m, every sample alike, over the whole record.

    Returns
    -------
    Interval
        m, with begin and end of the record. NaN for a run with a NaN.
    """
    t, y = run_of(time, offset)
    return spanned(y.std(axis=-1)[()], t[0], t[-1])
