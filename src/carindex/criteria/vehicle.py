"""The vehicle's own motion: velocity and displacement, delta-v, dynamic crush, pulse severity, barrier force.

Belongs here: what is computed from accelerations of the car, barrier or sled and from the load-cell barrier.
Does not belong here: anything measured in a dummy, intrusion measured after the test, barrier deformation.

Signs are those of the channel (SAE J211/1: x forward), so a frontal impact decelerates with negative numbers.
Acceleration is in m/s², velocity in m/s, displacement in m, force in N, time in s; only the occupant load
criterion is given in g. Time zero (t = 0 on the clock of ``start``) is first contact. Signals are ``(n,)`` or
``(..., n)``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.kinematics import STANDARD_GRAVITY, integrate
from carindex.criteria.peaks import (
    FloatArray,
    Interval,
    Numbers,
    Peak,
    absolute_maximum,
    as_signal,
    index_of_zero,
    maximum,
    moving_average,
    sample_times,
)

OLC_FREE_FLIGHT = 0.065
"""Relative displacement up to which the occupant of the OLC flies free, m (Euro NCAP TB 027)."""

OLC_RESTRAINED = 0.235
"""Further relative displacement in which the occupant of the OLC is restrained, m (Euro NCAP TB 027)."""


def velocity(
    acceleration: ArrayLike, dt: float, start: float = 0.0, *, initial_velocity: ArrayLike = 0.0
) -> FloatArray:
    """Integrate acceleration to velocity so that the velocity at time zero is the given one.

    Parameters
    ----------
    acceleration
        ``(..., n)``, m/s², CFC 180 for vehicle structure (SAE J211/1).
    dt
        Sampling interval, s.
    start
        Time of the first sample, s; time zero must lie inside the record.
    initial_velocity
        Velocity at time zero, m/s, one for all or one for each record.

    Returns
    -------
    ndarray
        ``(..., n)`` velocity, m/s, by the trapezoidal rule. A record with a NaN anywhere is NaN throughout.

    Raises
    ------
    ValueError
        When time zero lies outside the record.
    """
    a = as_signal(acceleration)
    return _integral_from_zero(a, dt, start) + np.asarray(initial_velocity, dtype=np.float64)[..., None]


def displacement(
    acceleration: ArrayLike, dt: float, start: float = 0.0, *, initial_velocity: ArrayLike = 0.0
) -> FloatArray:
    """Integrate acceleration twice to displacement from time zero; see `velocity` for all else.

    Returns
    -------
    ndarray
        ``(..., n)`` displacement, m, zero at time zero.
    """
    speed = velocity(acceleration, dt, start, initial_velocity=initial_velocity)
    return _integral_from_zero(speed, dt, start)


def delta_v(acceleration: ArrayLike, dt: float, start: float = 0.0, *, until: ArrayLike = np.inf) -> Peak:
    """Return the largest change of velocity since time zero.

    Parameters
    ----------
    acceleration
        ``(..., n)``, m/s², CFC 180.
    dt, start
        Sampling interval and time of the first sample, s.
    until
        Last time that counts, s (49 CFR 563 looks at 300 ms).

    Returns
    -------
    Peak
        Magnitude of the change, m/s, and when it is reached. NaN anywhere in the record gives NaN.

    References
    ----------
    .. [1] 49 CFR 563.5, "maximum delta-V, longitudinal".
    """
    return absolute_maximum(velocity(acceleration, dt, start), dt, start, after=0.0, until=until)


def time_to_zero_velocity(velocity_signal: ArrayLike, dt: float, start: float = 0.0) -> Numbers:
    """Return when the velocity first reaches zero after time zero.

    Parameters
    ----------
    velocity_signal
        ``(..., n)``, m/s, of the vehicle along its path, not zero at time zero.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    float or ndarray
        Time in s, interpolated between the two samples around the crossing. NaN when the velocity never
        reaches zero within the record or the record has a NaN.
    """
    v = as_signal(velocity_signal)
    zero = index_of_zero(v.shape[-1], dt, start)
    part = v[..., zero:]
    first = part[..., :1]
    crossed = (part * np.sign(first) <= 0) & (first != 0)
    return _first_crossing_time(part, crossed, 0.0, dt, start + zero * dt)


def maximum_dynamic_crush(
    acceleration: ArrayLike, dt: float, start: float = 0.0, *, initial_velocity: ArrayLike
) -> Peak:
    """Return the largest forward displacement of the occupant compartment after contact with a fixed barrier.

    The vehicle's own displacement is its crush only against a barrier that neither moves nor deforms.

    Parameters
    ----------
    acceleration
        ``(..., n)``, m/s², CFC 180, from the undeformed part of the vehicle, along its initial velocity.
    dt, start
        Sampling interval and time of the first sample, s.
    initial_velocity
        Impact velocity, m/s, same axis.

    Returns
    -------
    Peak
        Displacement, m, and its time. NaN anywhere in the record gives NaN.
    """
    moved = displacement(acceleration, dt, start, initial_velocity=initial_velocity)
    return maximum(moved, dt, start, after=0.0)


def peak_deceleration(acceleration: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest deceleration, positive, m/s², of an acceleration along the direction of travel.

    Parameters
    ----------
    acceleration
        ``(..., n)``, m/s², CFC 60 to compare vehicles (SAE J211/1); deceleration negative.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Deceleration, m/s², and its time. NaN anywhere in the record gives NaN.
    """
    return maximum(-as_signal(acceleration), dt, start)


def mean_deceleration(velocity_signal: ArrayLike, dt: float, start: float = 0.0) -> Interval:
    """Return the mean deceleration from time zero until the vehicle stands still.

    Parameters
    ----------
    velocity_signal
        ``(..., n)``, m/s, see `velocity`.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Interval
        Initial speed divided by the time to zero velocity, m/s², from ``t1 = 0`` to ``t2``. NaN when the
        vehicle does not come to rest within the record or the record has a NaN.
    """
    v = as_signal(velocity_signal)
    stop = np.asarray(time_to_zero_velocity(v, dt, start))
    zero = index_of_zero(v.shape[-1], dt, start)
    begin = start + zero * dt
    v0 = np.abs(v[..., zero])
    mean = v0 / (stop - begin)
    return Interval(mean[()], np.where(np.isnan(stop), np.nan, begin)[()], stop[()])


def maximum_moving_average(
    acceleration: ArrayLike, dt: float, duration: float, start: float = 0.0
) -> Interval:
    """Return the largest magnitude of the acceleration's mean over a window, for instance 10 ms or 50 ms.

    Parameters
    ----------
    acceleration
        ``(..., n)``, m/s².
    dt
        Sampling interval, s.
    duration
        Length of the window, s; need not be a whole number of samples.
    start
        Time of the first sample, s.

    Returns
    -------
    Interval
        Magnitude of the mean, m/s², with the window it comes from. NaN for a record with a NaN, or one
        shorter than the window.
    """
    a = as_signal(acceleration)
    means = moving_average(a, dt, duration)
    if means.shape[-1] == 0:
        nothing = np.full(a.shape[:-1], np.nan)[()]
        return Interval(nothing, nothing, nothing)
    peak = absolute_maximum(means, dt, start)
    return Interval(peak.value, peak.time, peak.time + duration)


def olc(
    velocity_signal: ArrayLike,
    dt: float,
    start: float = 0.0,
    *,
    free_flight: float = OLC_FREE_FLIGHT,
    restrained: float = OLC_RESTRAINED,
) -> Interval:
    """Return the occupant load criterion (OLC) of a vehicle or barrier pulse.

    A virtual occupant keeps the velocity ``v0`` of time zero until it has moved ``free_flight`` relative to
    the vehicle (``t1``). From there its velocity falls on a straight line that meets the vehicle's velocity
    at ``t2``, exactly when the occupant has moved ``restrained`` further. The slope of that line is the OLC:

    .. math:: OLC = (v_0 - v(t_2)) / (t_2 - t_1) / g

    The velocity is taken as straight between samples and both crossings are solved for exactly. The divisor
    is standard gravity, 9.80665 m/s²; a value computed with 9.81 is 0.03 % smaller.

    Parameters
    ----------
    velocity_signal
        ``(..., n)``, m/s, positive at time zero and falling, from acceleration of CFC 180 (see `velocity`).
    dt, start
        Sampling interval and time of the first sample, s.
    free_flight, restrained
        The two relative displacements, m.

    Returns
    -------
    Interval
        OLC in g with ``t1`` and ``t2``. NaN when the pulse ends before the occupant has moved both distances,
        or the record has a NaN after time zero.

    Raises
    ------
    ValueError
        When time zero lies outside the record or a distance is not positive.

    References
    ----------
    .. [1] Euro NCAP Technical Bulletin 027, Compatibility Assessment.
    """
    if not (free_flight > 0 and restrained > 0):
        raise ValueError(f"OLC distances are {free_flight!r} and {restrained!r} m; expected positive ones")
    v = as_signal(velocity_signal)
    zero = index_of_zero(v.shape[-1], dt, start)
    u = (v[..., zero : zero + 1] - v[..., zero:]).reshape(-1, v.shape[-1] - zero)
    moved = integrate(u, dt)

    i, reached = _first_true(moved >= free_flight)
    t1 = _quadratic_segment_root(u, moved, i, free_flight, dt)
    t1 = np.where(reached, t1, np.nan)

    # Excess of the free path over the restrained one if the two velocities met at sample k.
    t = dt * np.arange(u.shape[1])
    since = t - t1[:, None]
    with np.errstate(invalid="ignore"):
        further = np.where(since > 0, moved - free_flight - 0.5 * u * since, -np.inf)
        k, met = _first_true(further >= restrained)
    t2, gap = _olc_meeting(u, moved, k, t1, free_flight + restrained, dt)
    whole = met & ~np.isnan(u).any(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(whole, gap / (t2 - t1) / STANDARD_GRAVITY, np.nan)
    begin = start + zero * dt
    shape = v.shape[:-1]
    return Interval(
        value.reshape(shape)[()],
        np.where(whole, begin + t1, np.nan).reshape(shape)[()],
        np.where(whole, begin + t2, np.nan).reshape(shape)[()],
    )


def barrier_force(cells: ArrayLike) -> FloatArray:
    """Return the force on a load-cell barrier, the sum of its cells at each instant.

    Parameters
    ----------
    cells
        ``(..., cells, n)``, N, CFC 60 (SAE J211/1).

    Returns
    -------
    ndarray
        ``(..., n)``, N. NaN at every instant at which one cell is NaN: a sum without it would be too small.
    """
    forces = as_signal(cells)
    if forces.ndim < 2:
        raise ValueError("barrier cells have one dimension; expected one row for each cell")
    total: FloatArray = forces.sum(axis=-2)
    return total


def _integral_from_zero(signal: FloatArray, dt: float, start: float) -> FloatArray:
    area = integrate(signal, dt)
    area -= area[..., index_of_zero(signal.shape[-1], dt, start)][..., None]
    area[np.isnan(signal).any(axis=-1)] = np.nan
    return area


def _first_true(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first true index of each row and whether there is one."""
    index = np.argmax(mask, axis=-1)
    return index, np.take_along_axis(mask, index[..., None], axis=-1)[..., 0]


def _first_crossing_time(
    x: FloatArray, crossed: np.ndarray, level: float, dt: float, start: float
) -> Numbers:
    index, found = _first_true(crossed)
    found = found & ~np.isnan(x).any(axis=-1)
    before = np.maximum(index - 1, 0)
    high = np.take_along_axis(x, before[..., None], axis=-1)[..., 0]
    low = np.take_along_axis(x, index[..., None], axis=-1)[..., 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(high == low, 0.0, (high - level) / (high - low))
    times = sample_times(x.shape[-1], dt, start)
    time = np.where(found, times[before] + part * dt, np.nan)
    return time[()]


def _quadratic_segment_root(
    u: FloatArray, moved: FloatArray, index: np.ndarray, target: float, dt: float
) -> FloatArray:
    """Return when the integral of ``u`` reaches a target inside the step that ends at ``index``."""
    rows = np.arange(u.shape[0])
    before = np.maximum(index - 1, 0)
    u0, u1, area = u[rows, before], u[rows, index], moved[rows, before]
    # area + u0 tau + slope tau^2 / 2 = target, in the form that stays exact when the slope vanishes
    slope = (u1 - u0) / dt
    left = target - area
    with np.errstate(invalid="ignore", divide="ignore"):
        tau = 2.0 * left / (u0 + np.sqrt(np.maximum(u0 * u0 + 2.0 * slope * left, 0.0)))
    root: FloatArray = before * dt + np.where(left <= 0, 0.0, tau)
    return root


def _olc_meeting(
    u: FloatArray, moved: FloatArray, index: np.ndarray, t1: FloatArray, total: float, dt: float
) -> tuple[FloatArray, FloatArray]:
    """Return when the two velocities meet in the step that ends at ``index``, and the velocity lost."""
    rows = np.arange(u.shape[0])
    before = np.maximum(index - 1, 0)
    u0, u1, area = u[rows, before], u[rows, index], moved[rows, before]
    slope = (u1 - u0) / dt
    begin = before * dt
    # area + u0 x + s x^2/2 - (u0 + s x)(begin + x - t1)/2 = total is linear in x: the squares cancel.
    with np.errstate(invalid="ignore", divide="ignore"):
        lever = begin - t1
        x = (total - area + 0.5 * u0 * lever) / (0.5 * (u0 - slope * lever))
        meeting: FloatArray = begin + x
        lost: FloatArray = u0 + slope * x
    return meeting, lost
