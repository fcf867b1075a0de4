"""Neck criteria: moment about the occipital condyle, Nij, peak loads, duration corridors.

Belongs here: what the upper neck load cell says in a frontal or side impact. Does not belong here:
rear-impact criteria (`whiplash`), limits.

Signs are those of SAE J211/1 and J1733: axial force Fz positive in tension, shear Fx positive when the head
is pushed rearward relative to the neck, moment My positive in flexion. Forces in N, moments in N·m, time in
s, records ``(n,)`` or ``(..., n)``. Channels come filtered; Nij takes CFC 600 for all three.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.constants import constants
from carindex.criteria.corridors import Corridor, Counting, Utilisation, utilisation
from carindex.criteria.peaks import FloatArray, Peak, absolute_maximum, as_signal, maximum, positive_maximum

Direction = Literal["positive", "negative", "both"]


class NijIntercepts(NamedTuple):
    """Critical values of Nij, all positive: forces in N, moments about the occipital condyle in N·m."""

    tension: float
    compression: float
    flexion: float
    extension: float


class Nij(NamedTuple):
    """The neck injury criterion and its four parts.

    Attributes
    ----------
    overall
        The largest of the four parts and its time.
    tension_extension, tension_flexion, compression_extension, compression_flexion
        Maximum of each part over the time in which its load case is live, and its time. A load case that
        never occurs has value 0 and time NaN.
    """

    overall: Peak
    tension_extension: Peak
    tension_flexion: Peak
    compression_extension: Peak
    compression_flexion: Peak


def nij_intercepts(dummy: str) -> NijIntercepts:
    """Return the critical values of a dummy; ``h3_05f_oop`` for the small female out of position.

    Raises
    ------
    InputError
        When there are none for the dummy.
    """
    found = constants("nij_intercepts", dummy)
    return NijIntercepts(found["tension"], found["compression"], found["flexion"], found["extension"])


def lever_arm(dummy: str) -> float:
    """Return the distance from the dummy's upper neck load cell to the occipital condyle, m.

    Raises
    ------
    InputError
        When it is not known for the dummy.
    """
    return constants("neck_lever_arm", dummy)["lever_arm"]


def moment_at_occipital_condyle(My: ArrayLike, Fx: ArrayLike, arm: float) -> FloatArray:
    """Return the flexion-extension moment about the occipital condyle, ``MOCy = My - D Fx``, N·m [1]_ [2]_.

    Parameters
    ----------
    My, Fx
        Moment (N·m) and shear force (N) of the upper neck load cell, ``(..., n)``, filtered to the same
        class.
    arm
        Distance D, m, see `lever_arm`.

    Returns
    -------
    ndarray
        Moment, N·m, positive in flexion; NaN where an input is NaN.

    References
    ----------
    .. [1] 49 CFR 572.123.
    .. [2] SAE J1733.
    """
    return np.asarray(My, dtype=np.float64) - arm * np.asarray(Fx, dtype=np.float64)


def lateral_moment_at_occipital_condyle(Mx: ArrayLike, Fy: ArrayLike, arm: float) -> FloatArray:
    """Return the lateral moment about the occipital condyle, ``MOCx = Mx + D Fy``, N·m.

    Arguments and NaN as in `moment_at_occipital_condyle`, with the lateral moment and force.
    """
    return np.asarray(Mx, dtype=np.float64) + arm * np.asarray(Fy, dtype=np.float64)


def nij_history(Fz: ArrayLike, MOCy: ArrayLike, intercepts: NijIntercepts) -> FloatArray:
    """Return Nij at each instant, ``Fz / Fzc + MOCy / Myc`` with the intercepts of the current signs.

    Parameters
    ----------
    Fz
        Axial force, N, tension positive, ``(..., n)``.
    MOCy
        Moment about the occipital condyle, N·m, flexion positive, ``(..., n)``.
    intercepts
        Critical values, see `nij_intercepts`.

    Returns
    -------
    ndarray
        Nij of the one load case that is live, not negative, ``(..., n)``; NaN where an input is NaN.
    """
    f = np.asarray(Fz, dtype=np.float64)
    m = np.asarray(MOCy, dtype=np.float64)
    force = np.abs(f) / np.where(f >= 0, intercepts.tension, intercepts.compression)
    moment = np.abs(m) / np.where(m >= 0, intercepts.flexion, intercepts.extension)
    return force + moment


def nij(Fz: ArrayLike, MOCy: ArrayLike, intercepts: NijIntercepts, dt: float, start: float = 0.0) -> Nij:
    """Return the neck injury criterion Nij and its four parts [1]_ [2]_.

    At each instant only one of tension-extension, tension-flexion, compression-extension and
    compression-flexion is live and the other three are zero. Force and moment of exactly zero count as
    tension and flexion. The moment is the one about the occipital condyle, not the load cell's.

    Parameters
    ----------
    Fz, MOCy, intercepts
        As in `nij_history`.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Nij
        Overall and four partial maxima, dimensionless, each with its time. NaN throughout for a record in
        which force or moment holds a NaN.

    References
    ----------
    .. [1] 49 CFR 571.208 S6.6.
    .. [2] Eppinger et al., Development of Improved Injury Criteria for the Assessment of Advanced Automotive
       Restraint Systems II, NHTSA, 1999; Supplement, 2000.
    """
    f, m = np.broadcast_arrays(as_signal(Fz), as_signal(MOCy))
    value = nij_history(f, m, intercepts)
    tension, flexion = f >= 0, m >= 0
    parts = [
        _live_peak(value, live, dt, start)
        for live in (tension & ~flexion, tension & flexion, ~tension & ~flexion, ~tension & flexion)
    ]
    return Nij(maximum(value, dt, start), *parts)


def _live_peak(value: FloatArray, live: np.ndarray, dt: float, start: float) -> Peak:
    # A NaN belongs to no load case but must reach all of them.
    peak = maximum(np.where(live | np.isnan(value), value, 0.0), dt, start)
    occurs = live.any(axis=-1)
    return Peak(peak.value, np.where(occurs, peak.time, np.nan)[()])


def tension(Fz: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest tension, N, and its time; 0 and NaN time when the neck is never in tension.

    ``Fz`` in N, tension positive, ``(n,)`` or ``(..., n)``. NaN for a record with a NaN.
    """
    return positive_maximum(as_signal(Fz), dt, start)


def compression(Fz: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest compression as a positive number, N, and its time; see `tension`."""
    return positive_maximum(-as_signal(Fz), dt, start)


def shear(Fx: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest magnitude of the shear force in either direction, N, and its time; NaN gives NaN."""
    return absolute_maximum(Fx, dt, start)


def flexion(MOCy: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest flexion moment, N·m, and its time; see `extension`."""
    return positive_maximum(as_signal(MOCy), dt, start)


def extension(MOCy: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest extension moment as a positive number, N·m, and its time.

    ``MOCy`` is the moment about the occipital condyle, N·m, flexion positive, ``(n,)`` or ``(..., n)``. 0
    and NaN time when the neck is never extended, NaN for a record with a NaN.
    """
    return positive_maximum(-as_signal(MOCy), dt, start)


def duration_corridor(
    force: ArrayLike,
    dt: float,
    corridor: Corridor,
    direction: Direction = "positive",
    counting: Counting = "cumulative",
) -> Utilisation:
    """Compare a neck force with a duration corridor [1]_.

    Parameters
    ----------
    force
        Fz or Fx, N, ``(n,)`` or ``(..., n)``, filtered.
    dt
        Sampling interval, s.
    corridor
        Bound of the force's magnitude, for instance ``corridors.published("un_r94_neck_tension")``.
    direction
        Which sign of the force is bounded: ``"positive"`` (tension), ``"negative"`` (compression) or
        ``"both"`` together by magnitude (shear).
    counting
        How the time at a level is counted.

    Returns
    -------
    Utilisation
        Ratio (above 1: exceeded), force and duration where it is largest; NaN for a record with a NaN.

    Raises
    ------
    ValueError
        When direction or counting is unknown or the corridor is not one.

    References
    ----------
    .. [1] UN Regulation No. 94, Annex 4.
    """
    f = as_signal(force)
    if direction == "positive":
        bounded = f
    elif direction == "negative":
        bounded = -f
    elif direction == "both":
        bounded = np.abs(f)
    else:
        raise ValueError(f"direction is {direction!r}; expected 'positive', 'negative' or 'both'")
    return utilisation(bounded, dt, corridor, counting)
