"""The small results that criteria return, and the plain extremes of a signal.

Belongs here: `Peak` (a value and its time), `Interval` (a value and its window), the search for extremes
and the moving average. Does not belong here: anything with an injury model behind it.

Results hold NumPy scalars for one record ``(n,)`` and arrays of the leading shape for a batch ``(..., n)``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
Numbers = np.float64 | NDArray[np.float64]
"""One number for one record, an array of the leading shape for a batch."""


class Peak(NamedTuple):
    """A value and when it occurs.

    Attributes
    ----------
    value
        The value, in the unit that the function names.
    time
        Its time, s.
    """

    value: Numbers
    time: Numbers


class Interval(NamedTuple):
    """A value and the interval of time it belongs to.

    Attributes
    ----------
    value
        The value, in the unit that the function names.
    t1, t2
        Start and end of the interval, s.
    """

    value: Numbers
    t1: Numbers
    t2: Numbers


def as_signal(signal: ArrayLike) -> FloatArray:
    """Return a signal as a float array, refusing one without samples.

    Raises
    ------
    ValueError
        When the signal is a single number or has no sample along the last axis.
    """
    x = np.asarray(signal, dtype=np.float64)
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError("the record is empty; expected at least one sample along the last axis")
    return x


def sample_times(count: int, dt: float, start: float = 0.0) -> FloatArray:
    """Return the times of ``count`` samples, s."""
    times: FloatArray = start + dt * np.arange(count, dtype=np.float64)
    return times


def index_of_zero(count: int, dt: float, start: float = 0.0) -> int:
    """Return the first sample at or after time zero.

    Raises
    ------
    ValueError
        When time zero lies outside the record.
    """
    # Times are products and sums of decimal fractions; a millionth of a sample is no difference.
    index = math.ceil(-start / dt - 1e-6)
    if not 0 <= index < count:
        raise ValueError(
            f"the record runs from {start:g} s to {start + (count - 1) * dt:g} s; time zero must lie inside"
        )
    return index


def maximum(
    signal: ArrayLike, dt: float, start: float = 0.0, *, after: ArrayLike = -np.inf, until: ArrayLike = np.inf
) -> Peak:
    """Return the largest value and its (first) time.

    Parameters
    ----------
    signal
        ``(n,)`` or ``(..., n)``, any unit.
    dt, start
        Sampling interval and time of the first sample, s.
    after, until
        First and last time that count, s, both included; one for all or one for each record.

    Returns
    -------
    Peak
        Value in the unit of ``signal`` with its sign. NaN value and time where a sample that counts is NaN,
        or no sample lies between ``after`` and ``until``.
    """
    x = as_signal(signal)
    empty: NDArray[np.bool_] = np.zeros((), dtype=np.bool_)
    first = np.asarray(after, dtype=np.float64)[..., None]
    last = np.asarray(until, dtype=np.float64)[..., None]
    if not (np.isneginf(first).all() and np.isposinf(last).all()):
        times = sample_times(x.shape[-1], dt, start)
        # Times are products and sums of decimal fractions; a millionth of a sample is no difference.
        counted = (times >= first - 1e-6 * dt) & (times <= last + 1e-6 * dt)
        empty = np.asarray(~counted.any(axis=-1))
        x = np.where(counted, x, -np.inf)
    broken = np.isnan(x).any(axis=-1) | empty
    index = np.argmax(x, axis=-1)
    value = np.take_along_axis(x, index[..., None], axis=-1)[..., 0]
    return Peak(np.where(broken, np.nan, value)[()], np.where(broken, np.nan, start + dt * index)[()])


def minimum(
    signal: ArrayLike, dt: float, start: float = 0.0, *, after: ArrayLike = -np.inf, until: ArrayLike = np.inf
) -> Peak:
    """Return the smallest (most negative) value, with its sign, and its (first) time. See `maximum`."""
    value, time = maximum(-as_signal(signal), dt, start, after=after, until=until)
    return Peak(0.0 - value, time)  # a peak of zero stays +0


def absolute_maximum(
    signal: ArrayLike, dt: float, start: float = 0.0, *, after: ArrayLike = -np.inf, until: ArrayLike = np.inf
) -> Peak:
    """Return the largest magnitude, without sign, and its (first) time. See `maximum`."""
    return maximum(np.abs(as_signal(signal)), dt, start, after=after, until=until)


def positive_maximum(
    signal: ArrayLike, dt: float, start: float = 0.0, *, after: ArrayLike = -np.inf, until: ArrayLike = np.inf
) -> Peak:
    """Return the largest value of a load that counts in one direction only; 0 with NaN time without it.

    Arguments and NaN as in `maximum`; turn the sign of a load that counts in the negative direction.
    """
    value, time = maximum(signal, dt, start, after=after, until=until)
    none = np.asarray(value) <= 0
    return Peak(np.where(none, 0.0, value)[()], np.where(none, np.nan, time)[()])


def moving_average(signal: ArrayLike, dt: float, duration: float) -> FloatArray:
    """Return the mean of the signal over a window that starts at each sample.

    The mean is the integral of the straight lines between samples; the window need not be a whole number of
    samples.

    Parameters
    ----------
    signal
        ``(..., n)``, any unit.
    dt
        Sampling interval, s.
    duration
        Length of the window, s, positive.

    Returns
    -------
    ndarray
        ``(..., m)`` means, one for each sample from which the whole window lies inside the record; ``m`` is
        0 when the record is shorter than the window. A record with a NaN anywhere is NaN throughout.

    Raises
    ------
    ValueError
        When the duration is not a positive number.
    """
    if not (math.isfinite(duration) and duration > 0):
        raise ValueError(f"duration is {duration!r} s; expected a positive number")
    x = as_signal(signal)
    length = duration / dt
    whole = math.floor(length + 1e-9)
    part = max(length - whole, 0.0) if length - whole > 1e-9 else 0.0
    count = x.shape[-1] - whole - (1 if part else 0)
    if count <= 0:
        return np.empty((*x.shape[:-1], 0))
    area = np.zeros(x.shape)
    np.cumsum(0.5 * (x[..., 1:] + x[..., :-1]), axis=-1, out=area[..., 1:])
    integral = area[..., whole : whole + count] - area[..., :count]
    if part:
        left = x[..., whole : whole + count]
        right = x[..., whole + 1 : whole + 1 + count]
        integral = integral + part * left + 0.5 * part * part * (right - left)
    means: FloatArray = integral / (whole + part)
    means[np.isnan(x).any(axis=-1)] = np.nan
    return means
