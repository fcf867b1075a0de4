"""Side-impact thorax: rib deflection from one- and two-dimensional sensors, V*C, shoulder, lower spine.

Belongs here: what ribs, shoulder and lower spine of WorldSID, ES-2, ES-2re and SID-IIs say; abdomen ribs of
WorldSID and SID-IIs are ribs here too. Does not belong here: pelvis (`pelvis`), the abdominal force of ES-2
(`abdomen`), head and neck, limits.

Compression of a rib is in m and positive when pressed in, whatever side is struck: a displacement channel has
to be turned to that sign first. Forces in N, accelerations in m/s² in and g out. Signals are ``(n,)`` or
``(..., n)``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.chest import deflection_rate, viscous_constants, viscous_criterion
from carindex.criteria.corridors import Counting, clip
from carindex.criteria.kinematics import STANDARD_GRAVITY, resultant
from carindex.criteria.peaks import (
    FloatArray,
    Interval,
    Numbers,
    Peak,
    absolute_maximum,
    as_signal,
    index_of_zero,
    maximum,
    positive_maximum,
)


def rib_compression(length: ArrayLike, dt: float, start: float = 0.0) -> FloatArray:
    """Return the compression of a rib from the length of a one-dimensional IR-TRACC.

    Parameters
    ----------
    length
        ``(..., n)`` length of the sensor, m, CFC 180.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    ndarray
        ``(..., n)`` length at time zero minus length, m; NaN where the length is, and throughout when it is
        at time zero.

    Raises
    ------
    ValueError
        When time zero lies outside the record.
    """
    tube = as_signal(length)
    return _at_time_zero(tube, dt, start) - tube


def rib_compression_2d(length: ArrayLike, angle: ArrayLike, dt: float, start: float = 0.0) -> FloatArray:
    """Return the lateral compression of a rib from a two-dimensional IR-TRACC: its length and its angle.

    ``L(0) cos(angle(0)) - L cos(angle)``: the change of the rib end's lateral position, without the part that
    moves it fore and aft.

    Parameters
    ----------
    length
        ``(..., n)`` length of the sensor, m, CFC 180.
    angle
        ``(..., n)`` angle of the sensor from the lateral axis of the dummy, rad, CFC 180.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    ndarray
        ``(..., n)`` m; NaN where an input is, and throughout when one is at time zero.

    Raises
    ------
    ValueError
        When time zero lies outside the record.
    """
    lateral = as_signal(length) * np.cos(as_signal(angle))
    return _at_time_zero(lateral, dt, start) - lateral


def rib_displacement_2d(length: ArrayLike, angle: ArrayLike, dt: float, start: float = 0.0) -> FloatArray:
    """Return how far a rib's end is from its place at time zero, in the plane of a two-dimensional IR-TRACC.

    Arguments, NaN and errors as in `rib_compression_2d`; the resultant of lateral and fore-and-aft
    displacement, m.
    """
    tube, turned = as_signal(length), as_signal(angle)
    lateral, forward = tube * np.cos(turned), tube * np.sin(turned)
    return resultant(_at_time_zero(lateral, dt, start) - lateral, _at_time_zero(forward, dt, start) - forward)


def rib_deflection(compression: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest compression of one rib.

    Parameters
    ----------
    compression
        ``(..., n)`` m, positive when pressed in, CFC 180.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Compression, m, and its time; 0 with NaN time for a rib that is never pressed in, NaN for a record
        with a NaN.

    References
    ----------
    .. [1] UN Regulation No. 95; UN Regulation No. 135.
    """
    return positive_maximum(compression, dt, start)


def largest_rib_deflection(compressions: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest compression of several ribs.

    Parameters
    ----------
    compressions
        ``(..., ribs, n)`` m, positive when pressed in, CFC 180.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Compression, m, and its time, of the leading shape without the ribs; NaN when one rib has a NaN,
        because it may have been the largest.
    """
    return positive_maximum(_ribs(compressions).max(axis=-2), dt, start)


def average_rib_deflection(compressions: ArrayLike) -> Numbers:
    """Return the mean of the largest compressions of several ribs, each at its own time.

    That the maxima are averaged, not the histories, is how the insurance institutes' side rating is
    understood; unverified against its text.

    Parameters
    ----------
    compressions
        ``(..., ribs, n)`` m, positive when pressed in, CFC 180.

    Returns
    -------
    float or ndarray
        Mean, m, of the leading shape without the ribs; NaN when one rib has a NaN.
    """
    largest = np.maximum(_ribs(compressions).max(axis=-1), 0.0)
    mean: Numbers = largest.mean(axis=-1)[()]
    return mean


def rib_deflection_rate(compression: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest rate of compression of one rib, m/s; see `chest.deflection_rate`."""
    return deflection_rate(compression, dt, start)


def rib_viscous_criterion(compression: ArrayLike, dt: float, start: float = 0.0, *, dummy: str) -> Peak:
    """Return the viscous criterion V*C of one rib.

    Parameters
    ----------
    compression
        ``(..., n)`` m, positive when pressed in, CFC 180.
    dt, start
        Sampling interval and time of the first sample, s.
    dummy
        Dummy whose scale factor and half thorax width apply.

    Returns
    -------
    Peak
        V*C, m/s, and its time; see `carindex.criteria.chest.viscous_criterion`.

    Raises
    ------
    InputError
        When there are no constants for the dummy.
    ValueError
        When the record has fewer than five samples.

    References
    ----------
    .. [1] UN Regulation No. 95, Annex 4.
    """
    scale, depth = viscous_constants(dummy)
    return viscous_criterion(compression, dt, scale, depth, start)


def shoulder_force(Fy: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest magnitude of the lateral shoulder force of a WorldSID.

    Parameters
    ----------
    Fy
        ``(..., n)``, N, CFC 600.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Force, N, positive, and its time; NaN for a record with a NaN.

    References
    ----------
    .. [1] UN Regulation No. 135, lateral shoulder force.
    """
    return absolute_maximum(Fy, dt, start)


def lower_spine_a3ms(
    ax: ArrayLike,
    ay: ArrayLike,
    az: ArrayLike,
    dt: float,
    start: float = 0.0,
    *,
    counting: Counting = "cumulative",
) -> Interval:
    """Return the resultant acceleration of the lower spine (T12) that is held for 3 ms, in g.

    Parameters
    ----------
    ax, ay, az
        ``(..., n)``, m/s², CFC 180.
    dt, start
        Sampling interval and time of the first sample, s.
    counting
        ``"cumulative"``: all pieces together, as UN Regulation No. 135 is understood to count (unverified
        against its text); ``"contiguous"``: in one piece.

    Returns
    -------
    Interval
        Acceleration in g with its times, see `carindex.criteria.corridors.clip`; NaN for a record with a NaN.

    References
    ----------
    .. [1] UN Regulation No. 135, lower spine acceleration.
    """
    return clip(resultant(as_signal(ax), ay, az) / STANDARD_GRAVITY, dt, 0.003, counting, start)


def lower_spine_peak(ax: ArrayLike, ay: ArrayLike, az: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest resultant acceleration of the lower spine (T12) in g, as for the SID-IIs.

    Parameters
    ----------
    ax, ay, az
        ``(..., n)``, m/s², CFC 180.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Acceleration in g and its time; NaN for a record with a NaN.

    References
    ----------
    .. [1] 49 CFR 571.214 S7.2.6.
    """
    return maximum(resultant(as_signal(ax), ay, az) / STANDARD_GRAVITY, dt, start)


def _ribs(compressions: ArrayLike) -> FloatArray:
    ribs = as_signal(compressions)
    if ribs.ndim < 2:
        raise ValueError("the rib compressions have one dimension; expected one row for each rib")
    return ribs


def _at_time_zero(signal: FloatArray, dt: float, start: float) -> FloatArray:
    """Return the first sample at or after time zero, with the time axis kept."""
    zero = index_of_zero(signal.shape[-1], dt, start)
    return signal[..., zero : zero + 1]
