"""Femur, knee, tibia and foot: axial forces, duration of femur load, knee slider, tibia index, impulse.

Belongs here: criteria from load cells and sensors below the pelvis. Does not belong here: acetabulum and
iliac wing (`pelvis`), pedestrian legforms, injury risk and limits.

Force in N and moment in N·m with the signs of SAE J211/1 and J1733: compression is negative and stays
negative in the results, as NHTSA lists it. Displacement in m; foot acceleration in m/s² in, g out. Signals
are ``(n,)`` or ``(..., n)``; a NaN anywhere in a needed record gives NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.constants import constants
from carindex.criteria.corridors import Corridor, Counting, Utilisation, utilisation
from carindex.criteria.kinematics import STANDARD_GRAVITY, resultant
from carindex.criteria.peaks import (
    FloatArray,
    Interval,
    Peak,
    as_signal,
    maximum,
    minimum,
    positive_maximum,
    sample_times,
)

IMPULSE_END_FORCE = -4050.0
"""Femur force at whose passing, after the peak, the knee-thigh-hip impulse ends, N (IIHS)."""


def femur_force(Fz: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest compressive femur force, the smallest sample with its sign.

    Parameters
    ----------
    Fz
        ``(..., n)``, N, compression negative, CFC 600.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Force, N, negative, and its time. A femur that was never compressed gives its smallest positive value.

    References
    ----------
    .. [1] NHTSA Test Reference Guide, Volume I, left and right femur load of the occupant record.
    """
    return minimum(Fz, dt, start)


def femur_duration(
    Fz: ArrayLike,
    dt: float,
    *,
    corridor: str = "un_r94_femur_compression",
    counting: Counting = "cumulative",
) -> Utilisation:
    """Compare femur compression with the bound that falls with the time a force is held.

    UN Regulation No. 94 bounds it by 9.07 kN at 0 ms, falling to 7.58 kN at 10 ms and longer [1]_.

    Parameters
    ----------
    Fz
        ``(..., n)``, N, compression negative, CFC 600.
    dt
        Sampling interval, s.
    corridor
        Entry of ``duration_corridors`` in ``constants.yaml``.
    counting
        How time at a level is counted, ``"cumulative"`` or ``"contiguous"``.

    Returns
    -------
    Utilisation
        Ratio to the bound (kept up to 1), with the compression, N positive, and the time where it is largest.

    Raises
    ------
    InputError
        When there is no such corridor.

    References
    ----------
    .. [1] UN Regulation No. 94, Annex 4.
    """
    points = constants("duration_corridors", corridor)
    limit = Corridor(points.series("durations"), points.series("levels"))
    return utilisation(-as_signal(Fz), dt, limit, counting)


def knee_slider(displacement: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest rearward displacement of the tibia against the femur.

    Parameters
    ----------
    displacement
        ``(..., n)``, m, tibia rearward negative (the sign of ISO/TS 13499 channels), CFC 180.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Displacement, m, positive, and its time; 0 with NaN time when the tibia never moved rearward.
    """
    return positive_maximum(-as_signal(displacement), dt, start)


def tibia_force(Fz: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest compressive tibia force, N, negative; as `femur_force`, CFC 600."""
    return minimum(Fz, dt, start)


def tibia_index_history(
    Mx: ArrayLike,
    My: ArrayLike,
    Fz: ArrayLike,
    *,
    dummy: str,
    compression_only: bool = False,
) -> FloatArray:
    r"""Return the tibia index of every instant.

    .. math:: TI = \sqrt{M_x^2 + M_y^2} / M_c + |F_z| / F_c

    Parameters
    ----------
    Mx, My
        ``(..., n)`` moments at one end of the tibia, N·m, CFC 600.
    Fz
        ``(..., n)`` axial force, N, compression negative, CFC 600.
    dummy
        Dummy whose critical values apply, an entry of ``tibia_index`` in ``constants.yaml``. Published
        documents differ for two dummies; the entries ``h3_05f_cp005`` and ``h3_95m_cp005`` hold the other
        values.
    compression_only
        True: the index is 0 while the force is not compressive. Published formulas take the magnitude of the
        force in tension as well (False); the other rule is known from a newer document at second hand and
        unverified.

    Returns
    -------
    ndarray
        ``(..., n)``, NaN where an input is NaN.

    Raises
    ------
    InputError
        When there are no critical values of that name.

    References
    ----------
    .. [1] Euro NCAP Technical Bulletin 021, Data format and injury criteria calculation.
    .. [2] UN Regulation No. 94, Annex 4.
    """
    critical = constants("tibia_index", dummy)
    force = as_signal(Fz)
    moment = resultant(as_signal(Mx), as_signal(My))
    index = moment / critical["moment"] + np.abs(force) / critical["force"]
    if compression_only:
        index = np.where((force < 0) | np.isnan(index), index, 0.0)
    return index


def tibia_index(
    Mx: ArrayLike,
    My: ArrayLike,
    Fz: ArrayLike,
    dt: float,
    start: float = 0.0,
    *,
    dummy: str,
    compression_only: bool = False,
) -> Peak:
    """Return the largest tibia index and its time; arguments and errors as in `tibia_index_history`."""
    history = tibia_index_history(Mx, My, Fz, dummy=dummy, compression_only=compression_only)
    return maximum(history, dt, start)


def adjusted_upper_tibia_moment(My: ArrayLike, Fz: ArrayLike, *, dummy: str = "h3_50m") -> FloatArray:
    """Return the upper tibia moment without the part that the offset of the Hybrid III leg puts into it.

    The line from knee to ankle pivot of that leg does not pass through the load cells, so axial force alone
    reads as a moment: ``My - 0.02832 m * Fz`` at the upper cell.

    Parameters
    ----------
    My, Fz
        ``(..., n)`` moment, N·m, and axial force, N, compression negative, of the upper tibia, both CFC 600.
    dummy
        Dummy whose offset applies.

    Returns
    -------
    ndarray
        Moment, N·m, NaN where an input is NaN.

    Raises
    ------
    InputError
        When no offset of the dummy is known.

    References
    ----------
    .. [1] Zuby, Nolan, Sherwood: Effect of Hybrid III leg geometry on upper tibia bending moments, SAE paper,
       2001.
    .. [2] IIHS, guidelines for rating injury measures.
    """
    return as_signal(My) - constants("tibia_offset", dummy)["upper"] * as_signal(Fz)


def adjusted_lower_tibia_moment(My: ArrayLike, Fz: ArrayLike, *, dummy: str = "h3_50m") -> FloatArray:
    """Return the lower tibia moment likewise, ``My + 0.006398 m * Fz``; see `adjusted_upper_tibia_moment`."""
    return as_signal(My) - constants("tibia_offset", dummy)["lower"] * as_signal(Fz)


def knee_thigh_hip_impulse(
    Fz: ArrayLike, dt: float, start: float = 0.0, *, end_force: float = IMPULSE_END_FORCE
) -> Interval:
    """Return the impulse of the femur compression that the knee-thigh-hip rating uses beside the peak force.

    The integral begins at the last sample before the peak at which the femur is not compressed, and ends at
    the first sample after the peak whose compression is below ``end_force``. A femur whose peak does not
    reach ``end_force`` is integrated up to its peak, the limit of that rule; its force is then far below
    every boundary.

    Parameters
    ----------
    Fz
        ``(..., n)``, N, compression negative, CFC 600.
    dt, start
        Sampling interval and time of the first sample, s.
    end_force
        Force that ends the impulse, N, negative.

    Returns
    -------
    Interval
        Impulse, N·s, positive (0 for a femur that is nowhere compressed), from ``t1`` to ``t2``. A record
        that is compressed from its first sample begins there, one that stays beyond ``end_force`` ends with
        its last sample.

    References
    ----------
    .. [1] IIHS, Small Overlap Frontal Crashworthiness Evaluation, Rating Protocol.
    """
    force = as_signal(Fz)
    rows = force.reshape(-1, force.shape[-1])
    times = sample_times(rows.shape[1], dt, start)
    result = np.full((rows.shape[0], 3), np.nan)
    for i, row in enumerate(rows):
        if np.isnan(row).any():
            continue
        peak = int(np.argmin(row))
        free_before = np.flatnonzero(row[:peak] >= 0)
        first = int(free_before[-1]) if free_before.size else 0
        last = peak
        if row[peak] < end_force:
            relieved = np.flatnonzero(row[peak:] > end_force)
            last = peak + int(relieved[0]) if relieved.size else row.size - 1
        if row[peak] >= 0:
            first = last = peak
        part = row[first : last + 1]
        result[i] = -np.sum(part[1:] + part[:-1]) * 0.5 * dt, times[first], times[last]
    value, t1, t2 = (result[:, i].reshape(force.shape[:-1])[()] for i in range(3))
    return Interval(value, t1, t2)


def foot_acceleration(ax: ArrayLike, az: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest resultant foot acceleration of the two measured directions, in g.

    Parameters
    ----------
    ax, az
        ``(..., n)``, m/s², CFC 180 (the class of published channels; unverified against the protocol).
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Acceleration in g and its time.

    References
    ----------
    .. [1] IIHS, guidelines for rating injury measures.
    """
    return maximum(resultant(as_signal(ax), as_signal(az)) / STANDARD_GRAVITY, dt, start)
