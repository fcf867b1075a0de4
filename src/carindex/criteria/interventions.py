"""Interventions of driver assistance: when a warning or an intervention begins and ends, and how hard it brakes.

Belongs here: switches, begin of autonomous braking, mean deceleration. Does not belong here: what the car
comes near to or meets (`track`).

Shapes, clock, interpolation, inf and NaN as in `instants`. Units are s, m/s and m/s²; a deceleration has a negative
acceleration.

References
----------
.. [1] Euro NCAP, test protocol AEB Car-to-Car systems, definition of the activation time and filtering.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carindex.criteria.filters import twelve_pole_butterworth
from carindex.criteria.instants import first_reaching, run_of, spanned, timed, value_at
from carindex.criteria.peaks import FloatArray, Interval, Numbers, Peak, as_signal

BRAKING = 1.0
"""Deceleration that shows that the vehicle brakes, m/s² [1]_."""

BRAKING_ONSET = 0.3
"""Deceleration at which that braking is said to have begun, m/s² [1]_."""

ACCELERATION_CUTOFF = 10.0
"""Cutoff of the filter of accelerations, Hz [1]_."""


def filtered_acceleration(acceleration: ArrayLike, dt: float) -> FloatArray:
    """Return an acceleration through the 12-pole phaseless Butterworth filter at 10 Hz [1]_, m/s²."""
    return twelve_pole_butterworth(acceleration, dt, ACCELERATION_CUTOFF)


def braking_start(time: ArrayLike, acceleration: ArrayLike, until: ArrayLike = np.inf) -> Numbers:
    """Return when autonomous braking begins [1]_.

    From the last sample that decelerates by more than 1 m/s², back to the instant at which the deceleration
    first passed 0.3 m/s² on its way there.

    Parameters
    ----------
    time, acceleration
        ``(n,)``, s, and filtered acceleration of the VUT, m/s², negative when braking, ``(..., n)``.
    until
        Last instant that counts, s: contact or the end of the event, one for all or one for each run.

    Returns
    -------
    float or ndarray
        Instant, s; the first sample where the VUT brakes from the begin of the record, inf where it never
        does, NaN for a run with a NaN.
    """
    t, a = run_of(time, acceleration)
    last_counted = np.broadcast_to(np.asarray(until, dtype=np.float64), a.shape[:-1])[..., None]
    order = np.arange(t.size)
    last = np.where((a < -BRAKING) & (t <= last_counted), order, -1).max(axis=-1)
    # The last sample before it that does not yet decelerate by 0.3 m/s²; the onset lies just behind.
    quiet = np.where((a >= -BRAKING_ONSET) & (order < last[..., None]), order, -1).max(axis=-1)
    here, there = np.maximum(quiet, 0), np.minimum(np.maximum(quiet, 0) + 1, t.size - 1)
    low = np.take_along_axis(a, np.asarray(here)[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(a, np.asarray(there)[..., None], axis=-1)[..., 0]
    passes = (low >= -BRAKING_ONSET) & (high < -BRAKING_ONSET)
    share = np.where(passes, low + BRAKING_ONSET, 0.0) / np.where(passes, low - high, 1.0)
    onset = np.where(quiet < 0, t[0], t[here] + share * (t[there] - t[here]))
    found = np.where(last < 0, np.inf, onset)
    return np.where(np.isnan(a).any(axis=-1), np.nan, found)[()]


def end_of_event(time: ArrayLike, closing: ArrayLike, begin: ArrayLike, contact: ArrayLike) -> Numbers:
    """Return when the event is over: contact, else when the gap no longer closes, else the last sample, s."""
    t, _ = run_of(time, closing)
    over = first_reaching(time, closing, 0.0, after=begin)
    earliest: Numbers = np.minimum(np.minimum(np.asarray(contact, dtype=np.float64), over), t[-1])
    return earliest


def mean_deceleration(time: ArrayLike, speed: ArrayLike, begin: ArrayLike, end: ArrayLike) -> Interval:
    """Return the mean deceleration between two instants: what the speed fell by over the time it took.

    Returns
    -------
    Interval
        Deceleration, m/s², positive when the VUT becomes slower. NaN where an instant is not in the record or
        the second is not later.
    """
    first, last = np.asarray(begin, dtype=np.float64), np.asarray(end, dtype=np.float64)
    fallen = value_at(time, speed, first) - value_at(time, speed, last)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        value = np.where(last > first, fallen / (last - first), np.nan)[()]
    return spanned(value, first, last)


def switched_on(time: ArrayLike, flag: ArrayLike) -> Numbers:
    """Return when a signal of 0 and 1 is first on: its first sample at or above 0.5.

    Returns
    -------
    float or ndarray
        Instant of that sample, s (a switch is not interpolated); inf where it never is on, NaN with a NaN.
    """
    t, f = run_of(time, flag)
    on = f >= 0.5
    found = np.where(on.any(axis=-1), t[np.argmax(on, axis=-1)], np.inf)
    return np.where(np.isnan(f).any(axis=-1), np.nan, found)[()]


def switched_off(time: ArrayLike, flag: ArrayLike) -> Numbers:
    """Return when a signal of 0 and 1 is off for good: its first sample below 0.5 after the last one on.

    Returns
    -------
    float or ndarray
        Instant of that sample, s; inf where it never was on or is on to the end, NaN with a NaN.
    """
    t, f = run_of(time, flag)
    last = np.where(f >= 0.5, np.arange(t.size), -1).max(axis=-1)
    ended = (last >= 0) & (last < t.size - 1)
    found = np.where(ended, t[np.minimum(last + 1, t.size - 1)], np.inf)
    return np.where(np.isnan(f).any(axis=-1), np.nan, found)[()]


def never_on(time: ArrayLike, flag: ArrayLike) -> NDArray[np.bool_]:
    """Return whether a signal of 0 and 1 is never on."""
    return np.asarray(np.isposinf(switched_on(time, flag)))


def on_from_start(time: ArrayLike, flag: ArrayLike) -> NDArray[np.bool_]:
    """Return whether a signal of 0 and 1 is on in the first sample, so that nobody knows since when."""
    return np.asarray(switched_on(time, flag) == as_signal(time)[0])


def on_at_end(time: ArrayLike, flag: ArrayLike) -> NDArray[np.bool_]:
    """Return whether a signal of 0 and 1 is on in the last sample, so that nobody knows until when."""
    _, f = run_of(time, flag)
    return np.asarray(f[..., -1] >= 0.5)


def activations(time: ArrayLike, flag: ArrayLike) -> Peak:
    """Return how often a signal of 0 and 1 goes on; one that is on in the first sample counts as well.

    Returns
    -------
    Peak
        Number of stretches at or above 0.5, and the first sample of the first one, s, NaN without any. NaN with a NaN.
    """
    t, f = run_of(time, flag)
    count = stretches(f >= 0.5)
    return timed(np.where(np.isnan(f).any(axis=-1), np.nan, count)[()], switched_on(t, f))


def stretches(holds: ArrayLike) -> Numbers:
    """Return in how many unbroken stretches of samples a condition holds, ``(..., n)`` of truth values."""
    on = np.asarray(holds, dtype=np.bool_)
    before = np.concatenate([np.zeros((*on.shape[:-1], 1), dtype=np.bool_), on[..., :-1]], axis=-1)
    count: Numbers = (on & ~before).sum(axis=-1).astype(np.float64)
    return count


def greatest_deceleration(time: ArrayLike, acceleration: ArrayLike) -> Peak:
    """Return the greatest deceleration among the samples, m/s², positive when braking, and its time, s.

    Parameters
    ----------
    time, acceleration
        ``(n,)``, s, and filtered acceleration, m/s², ``(..., n)``.

    Returns
    -------
    Peak
        0 where the vehicle never decelerates; NaN for a run with a NaN.
    """
    return _lowest(time, acceleration, 0.0)


def speed_lost(time: ArrayLike, speed: ArrayLike) -> Peak:
    """Return by how much the speed falls below that of the first sample, m/s, and when it is lowest, s.

    Returns
    -------
    Peak
        0 where it never falls below; NaN for a run with a NaN.
    """
    _, v = run_of(time, speed)
    return _lowest(time, speed, v[..., 0])


def _lowest(time: ArrayLike, values: ArrayLike, start: ArrayLike) -> Peak:
    """Return by how much a signal falls below a start at most, and the first sample where; NaN for a run with a NaN."""
    t, x = run_of(time, values)
    index = np.asarray(np.argmin(np.where(np.isnan(x), np.inf, x), axis=-1))
    least = np.take_along_axis(x, index[..., None], axis=-1)[..., 0]
    fallen = np.maximum(np.asarray(start, dtype=np.float64) - least, 0.0)
    return timed(np.where(np.isnan(x).any(axis=-1), np.nan, fallen)[()], t[index])
