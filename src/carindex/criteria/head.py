"""Head criteria from linear acceleration and position: HIC, 3 ms clips, severity index, excursion, contact.

Belongs here: what the linear motion of the head's centre of gravity says. Does not belong here: rotation
(`brain`), limits, and the decision whether a criterion applies to a load case.

Acceleration arguments are in m/s² (canonical), time in s; HIC and the severity index are defined with
acceleration in g and returned in their customary way, 3 ms clips and peaks are returned in g. Records are
``(n,)`` or ``(..., n)``, time last.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.constants import constants
from carindex.criteria.corridors import clip
from carindex.criteria.kinematics import STANDARD_GRAVITY, integrate
from carindex.criteria.peaks import FloatArray, Interval, Numbers, Peak, as_signal, maximum

HARD_CONTACT_LEVEL = 80.0
"""Peak resultant above which Euro NCAP takes a hard contact for granted, g (unverified)."""


def hic(resultant: ArrayLike, dt: float, max_window: float = math.inf, start: float = 0.0) -> Interval:
    """Return the head injury criterion HIC [1]_ [2]_.

    ``HIC = max over t1 < t2 of (t2 - t1) (mean of a from t1 to t2)^2.5`` with a in g and t in s.

    *All* windows up to the limit are searched, not only the longest. ``t1`` and ``t2`` are sample times;
    the longest window is the largest whole number of sampling intervals that is not above the limit. The
    integral takes the signal as straight between samples.

    Parameters
    ----------
    resultant
        Resultant acceleration of the head's centre of gravity, m/s², not negative, ``(n,)`` or ``(..., n)``.
    dt, start
        Sampling interval and time of the first sample, s.
    max_window
        Longest window, s: 0.015 for HIC15, 0.036 for HIC36, infinite for the unlimited HIC.

    Returns
    -------
    Interval
        HIC (customary unit g^2.5 s, reported as a number) with ``t1`` and ``t2``; among equal values the
        earliest start of the window found first. NaN for a record that holds a NaN.

    Raises
    ------
    ValueError
        When the record has fewer than two samples, holds a negative value, or the window is shorter than
        ``dt``.

    References
    ----------
    .. [1] 49 CFR 571.208 S6.2.
    .. [2] SAE J1727; SAE J885.
    """
    a = as_signal(resultant)
    longest = a.shape[-1] - 1
    if longest < 1:
        raise ValueError("the record has one sample; HIC needs at least two")
    if not max_window >= dt:
        raise ValueError(f"the window is {max_window!r} s; expected at least the sampling interval {dt!r} s")
    if math.isfinite(max_window):
        longest = min(longest, math.floor(max_window / dt + 1e-9))
    if (a < 0).any():
        raise ValueError("the signal has negative values; HIC is defined for a resultant")
    found = np.full((*a.shape[:-1], 3), np.nan)
    for index in np.ndindex(a.shape[:-1]):
        row = a[index]
        if np.isfinite(row).all():
            value, first, length = _hic_row(row * (dt / STANDARD_GRAVITY), dt, longest)
            found[index] = value, start + dt * first, start + dt * (first + length)
    return Interval(found[..., 0][()], found[..., 1][()], found[..., 2][()])


def _hic_row(a: FloatArray, dt: float, longest: int) -> tuple[float, int, int]:
    """Return HIC, first sample and length of its window for an acceleration already multiplied by ``dt``.

    Longer windows of a non-negative signal never have a smaller best integral. So no length of a range can
    beat (best integral of the longest length) over (the shortest length); ranges that cannot win are left
    out.
    """
    area = np.zeros(a.size)
    np.cumsum(0.5 * (a[1:] + a[:-1]), out=area[1:])
    best, where, width = -1.0, 0, 1

    def look(length: int) -> float:
        nonlocal best, where, width
        gain = area[length:] - area[:-length]
        first = int(gain.argmax())
        largest = float(gain[first])
        value = max(largest, 0.0) ** 2.5 / (length * dt) ** 1.5
        if value > best:
            best, where, width = value, first, length
        return largest

    look(1)
    pending = [(1, longest, look(longest))]
    while pending:
        short, long, largest = pending.pop()
        # The margin keeps rounding in the bound from leaving out a window that wins by rounding alone.
        if long - short < 2 or max(largest, 0.0) ** 2.5 / ((short + 1) * dt) ** 1.5 < best * (1.0 - 1e-12):
            continue
        middle = (short + long) // 2
        at_middle = look(middle)
        pending.append((middle, long, largest))
        pending.append((short, middle, at_middle))
    return best, where, width


def hic15(resultant: ArrayLike, dt: float, start: float = 0.0) -> Interval:
    """Return HIC with windows of at most 15 ms; see `hic`."""
    return hic(resultant, dt, 0.015, start)


def hic36(resultant: ArrayLike, dt: float, start: float = 0.0) -> Interval:
    """Return HIC with windows of at most 36 ms; see `hic`."""
    return hic(resultant, dt, 0.036, start)


def hic_d(value: ArrayLike) -> Numbers:
    """Return HIC(d) of a free motion headform, ``0.75446 HIC + 166.4`` [1]_, dimensionless; NaN for NaN.

    The constants are marked unverified.

    References
    ----------
    .. [1] 49 CFR 571.201 S7.
    """
    line = constants("free_motion_headform", "hic_d")
    return (line["slope"] * np.asarray(value, dtype=np.float64) + line["offset"])[()]


def a3ms_contiguous(resultant: ArrayLike, dt: float, start: float = 0.0) -> Interval:
    """Return the 3 ms clip in one piece: the largest level equalled or exceeded for 3 ms on end [1]_.

    Parameters
    ----------
    resultant
        Acceleration, m/s², ``(n,)`` or ``(..., n)``; straight lines between samples.
    dt, start
        Sampling interval (need not divide 3 ms) and time of the first sample, s.

    Returns
    -------
    Interval
        Level in **g** and its interval. NaN for a record with a NaN or one shorter than 3 ms.

    References
    ----------
    .. [1] SAE J1727; NHTSA signal-analysis tools, Clip.

    See Also
    --------
    carindex.criteria.corridors.clip : any duration.
    """
    level, t1, t2 = clip(resultant, dt, 0.003, "contiguous", start)
    return Interval(level / STANDARD_GRAVITY, t1, t2)


def a3ms_cumulative(resultant: ArrayLike, dt: float, start: float = 0.0) -> Interval:
    """Return the cumulative 3 ms clip: the largest level equalled or exceeded for 3 ms in total [1]_.

    As `a3ms_contiguous`, but the pieces of time may lie apart; ``t1`` and ``t2`` are the first and last
    time at the level. Never below the contiguous clip.

    References
    ----------
    .. [1] UN Regulation No. 94, Annex 4.
    """
    level, t1, t2 = clip(resultant, dt, 0.003, "cumulative", start)
    return Interval(level / STANDARD_GRAVITY, t1, t2)


def peak_acceleration(resultant: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest acceleration in **g** and its time; argument in m/s², NaN gives NaN."""
    value, time = maximum(resultant, dt, start)
    return Peak(value / STANDARD_GRAVITY, time)


def hard_contact(resultant: ArrayLike, level: float = HARD_CONTACT_LEVEL) -> Numbers:
    """Tell from the peak of the acceleration whether the head hit something hard.

    Parameters
    ----------
    resultant
        Resultant acceleration of the head, m/s², ``(n,)`` or ``(..., n)``.
    level
        Peak above which a hard contact is taken for granted, **g**: 80 in Euro NCAP, 70 with IIHS.

    Returns
    -------
    float or ndarray
        1.0 above the level, 0.0 otherwise, NaN for a record with a NaN. Evidence from film or paint is not
        seen here.
    """
    peak = np.asarray(as_signal(resultant).max(axis=-1)) / STANDARD_GRAVITY
    return np.where(np.isnan(peak), np.nan, (peak > level).astype(np.float64))[()]


def severity_index(resultant: ArrayLike, dt: float) -> Numbers:
    """Return the Gadd severity index, the integral of a^2.5 over the record with a in g, t in s [1]_.

    Parameters
    ----------
    resultant
        Resultant acceleration, m/s², not negative, ``(n,)`` or ``(..., n)``; the record is the pulse.
    dt
        Sampling interval, s. Trapezoidal rule on the samples of a^2.5.

    Returns
    -------
    float or ndarray
        Severity index of the leading shape; NaN for a record with a NaN.

    Raises
    ------
    ValueError
        When the signal holds a negative value.

    References
    ----------
    .. [1] Gadd: Use of a Weighted-Impulse Criterion for Estimating Injury Hazard, SAE 660793, 1966.
    """
    a = as_signal(resultant)
    if (a < 0).any():
        raise ValueError("the signal has negative values; the severity index is defined for a resultant")
    weighted = (a / STANDARD_GRAVITY) ** 2.5
    total: FloatArray = dt * (weighted.sum(axis=-1) - 0.5 * (weighted[..., 0] + weighted[..., -1]))
    return total[()]


def relative_displacement(
    acceleration: ArrayLike, carrier_acceleration: ArrayLike, dt: float, initial: ArrayLike = 0.0
) -> FloatArray:
    """Return the displacement of a point relative to the vehicle by integrating the difference twice.

    Assumes that both accelerometers keep the vehicle's axes, and that the point moves with the vehicle at
    the first sample. A head that pitches breaks the first assumption: a film or marker measurement is to be
    preferred.

    Parameters
    ----------
    acceleration, carrier_acceleration
        Acceleration of the point and of the vehicle (or sled) along one axis, m/s², ``(n,)`` or ``(..., n)``.
    dt
        Sampling interval, s.
    initial
        Relative position at the first sample, m.

    Returns
    -------
    ndarray
        Relative position, m, ``(..., n)``; NaN from the first NaN on.
    """
    difference = np.asarray(acceleration, dtype=np.float64) - np.asarray(
        carrier_acceleration, dtype=np.float64
    )
    return integrate(integrate(difference, dt), dt, initial)


def excursion(
    position: ArrayLike,
    dt: float,
    start: float = 0.0,
    *,
    reference: ArrayLike = 0.0,
    until: ArrayLike = np.inf,
) -> Peak:
    """Return how far the head gets beyond a reference line, m.

    Parameters
    ----------
    position
        Position of the head along the axis of interest (forward, or to the side), m, ``(n,)`` or ``(...,
        n)``: from a film marker, or from `relative_displacement`. Positive in the direction that counts.
    dt, start
        Sampling interval and time of the first sample, s.
    reference
        Position of the line (for example the Cr point plane, or the seat centre line) on the same axis, m.
    until
        Last time that counts, s, for instance the start of rebound.

    Returns
    -------
    Peak
        Largest ``position - reference``, m, and its time; negative when the line is never reached, NaN for
        a record with a NaN.
    """
    line = np.asarray(reference, dtype=np.float64)[..., None]
    return maximum(as_signal(position) - line, dt, start, until=until)
