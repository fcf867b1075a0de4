"""Pelvis: acceleration, acetabulum and iliac force, submarining, pubic symphysis, lumbar spine.

Belongs here: criteria from sensors in the pelvis and the lumbar spine. Does not belong here: femur (`leg`),
abdomen (`abdomen`), injury risk and limits.

Acceleration in m/s² in and g out (the criteria are defined in g), force in N, moment in N·m, signs of SAE
J211/1 and J1733. Signals are ``(n,)`` or ``(..., n)``; a NaN anywhere in a needed record gives NaN.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.corridors import Counting, clip
from carindex.criteria.kinematics import STANDARD_GRAVITY, resultant
from carindex.criteria.peaks import Interval, Peak, absolute_maximum, as_signal, maximum, positive_maximum

FORCE_DROP_WINDOW = 0.001
"""Time within which a drop of the iliac force is looked for, s (Euro NCAP TB 021)."""


class LumbarLoads(NamedTuple):
    """Largest magnitudes of the lumbar spine: lateral and axial force, N; lateral bending moment, N·m."""

    lateral_force: Peak
    axial_force: Peak
    lateral_moment: Peak


def pelvis_acceleration(ax: ArrayLike, ay: ArrayLike, az: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest resultant pelvis acceleration in g.

    Parameters
    ----------
    ax, ay, az
        ``(..., n)``, m/s², CFC 1000 (SAE J211/1).
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Acceleration in g and its time.
    """
    return maximum(resultant(as_signal(ax), ay, az) / STANDARD_GRAVITY, dt, start)


def pelvis_a3ms(
    ax: ArrayLike,
    ay: ArrayLike,
    az: ArrayLike,
    dt: float,
    start: float = 0.0,
    *,
    counting: Counting = "contiguous",
) -> Interval:
    """Return the resultant pelvis acceleration held for 3 ms, in g.

    Parameters
    ----------
    ax, ay, az
        ``(..., n)``, m/s², CFC 1000.
    dt, start
        Sampling interval and time of the first sample, s.
    counting
        ``"contiguous"``: in one piece; ``"cumulative"``: all pieces together.

    Returns
    -------
    Interval
        Acceleration in g with its times, see `corridors.clip`.
    """
    return clip(resultant(as_signal(ax), ay, az) / STANDARD_GRAVITY, dt, 0.003, counting, start)


def acetabulum_force(
    Fx: ArrayLike,
    Fy: ArrayLike,
    Fz: ArrayLike,
    dt: float,
    start: float = 0.0,
    *,
    compression_only: bool = False,
    compressive_sign: Literal[-1, 1] = -1,
) -> Peak:
    """Return the largest resultant force in one acetabulum of a THOR.

    Parameters
    ----------
    Fx, Fy, Fz
        ``(..., n)``, N, CFC 600.
    dt, start
        Sampling interval and time of the first sample, s.
    compression_only
        True: only instants count at which Fx has ``compressive_sign``, that is, the femur is pushed into the
        socket. That programmes assess the compressive direction alone is recalled and unverified, therefore
        off by default.
    compressive_sign
        Sign of Fx in compression, -1 or 1.

    Returns
    -------
    Peak
        Force, N, and its time; 0 with NaN time when only compression counts and never occurs.

    References
    ----------
    .. [1] Euro NCAP Technical Bulletin 021, THOR acetabulum force.
    """
    along = as_signal(Fx)
    total = resultant(along, Fy, Fz)
    if compression_only:
        total = np.where((along * compressive_sign > 0) | np.isnan(total), total, 0.0)
        return positive_maximum(total, dt, start)
    return maximum(total, dt, start)


def iliac_force(force: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest magnitude of the force on one iliac wing, N (CFC 600), and its time."""
    return absolute_maximum(force, dt, start)


def iliac_force_drop(
    force: ArrayLike, dt: float, start: float = 0.0, *, window: float = FORCE_DROP_WINDOW
) -> Peak:
    """Return the largest loss of iliac compression within 1 ms: the belt slips off the iliac wing.

    ``F(t + 1 ms) - F(t)`` with compression negative, the later force interpolated on a straight line between
    its samples; rises of compression are not drops.

    Parameters
    ----------
    force
        ``(..., n)`` fore-and-aft force on one iliac wing, N, compression negative, CFC 600.
    dt, start
        Sampling interval and time of the first sample, s.
    window
        Time within which the drop happens, s.

    Returns
    -------
    Peak
        Drop, N, positive, and the time it begins; 0 with NaN time when compression is never lost; NaN when
        the record is shorter than the window.

    References
    ----------
    .. [1] Euro NCAP Technical Bulletin 021, THOR submarining.
    """
    f = as_signal(force)
    span = window / dt
    whole = int(np.floor(span + 1e-6))
    rest = span - whole
    if rest < 1e-6:
        rest = 0.0
    count = f.shape[-1] - whole - (1 if rest else 0)
    if count <= 0:
        nothing = np.full(f.shape[:-1], np.nan)[()]
        return Peak(nothing, nothing)
    later = f[..., whole : whole + count]
    if rest:
        later = later + rest * (f[..., whole + 1 : whole + 1 + count] - later)
    return positive_maximum(later - f[..., :count], dt, start)


def pubic_symphysis_force(Fy: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest magnitude of the pubic symphysis force of a side-impact dummy.

    Parameters
    ----------
    Fy
        ``(..., n)`` lateral force, N, CFC 600.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Force, N, positive, and its time.

    References
    ----------
    .. [1] UN Regulation No. 95, pubic symphysis peak force; UN Regulation No. 135.
    """
    return absolute_maximum(Fy, dt, start)


def combined_pelvic_force(iliac: ArrayLike, acetabulum: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest magnitude of the sum of iliac and acetabulum force of a SID-IIs.

    The forces are added at each instant; the sum of their two maxima would be larger.

    Parameters
    ----------
    iliac, acetabulum
        ``(..., n)`` lateral forces, N, same sign convention, CFC 600.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Force, N, positive, and its time.

    References
    ----------
    .. [1] 49 CFR 571.214 S7.2.6.
    """
    return absolute_maximum(as_signal(iliac) + as_signal(acetabulum), dt, start)


def lumbar_loads(Fy: ArrayLike, Fz: ArrayLike, Mx: ArrayLike, dt: float, start: float = 0.0) -> LumbarLoads:
    """Return the largest magnitudes of the lumbar loads that far-side tests look at.

    Parameters
    ----------
    Fy, Fz, Mx
        ``(..., n)`` lateral and axial force, N, and lateral bending moment, N·m, CFC 1000 (SAE J211/1).
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    LumbarLoads
        Each with its time; a NaN spoils its own load only.
    """
    return LumbarLoads(
        absolute_maximum(Fy, dt, start), absolute_maximum(Fz, dt, start), absolute_maximum(Mx, dt, start)
    )
