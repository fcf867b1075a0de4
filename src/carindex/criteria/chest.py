"""Chest criteria: deflection and its rate, viscous criterion, acceleration, THOR's four points, trauma index.

Belongs here: what is measured in the thorax of frontal dummies, and the viscous criterion and trauma index
that side dummies share. Does not belong here: rib results of side dummies (`side`), abdomen, belts, limits.

Deflections are in m, velocities in m/s, accelerations in m/s², angles in rad, time in s; the 3 ms clip and
the trauma index are returned in g. Records are ``(n,)`` or ``(..., n)``, time last. A deflection channel of
SAE J211/1 or ISO/TS 13499 is negative in compression; functions say which sign they take.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.constants import constants
from carindex.criteria.head import a3ms_contiguous, severity_index
from carindex.criteria.kinematics import STANDARD_GRAVITY, differentiate, resultant
from carindex.criteria.peaks import (
    FloatArray,
    Interval,
    Numbers,
    Peak,
    as_signal,
    maximum,
    positive_maximum,
    sample_times,
)


def deflection(chest_displacement: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest compression of the chest as a positive number, m, and its time.

    Parameters
    ----------
    chest_displacement
        Sternum displacement, m, negative in compression, zero before loading, ``(n,)`` or ``(..., n)``.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Compression, m; 0 with NaN time when the chest is never compressed, NaN for a record with a NaN.
    """
    return positive_maximum(-as_signal(chest_displacement), dt, start)


def deflection_rate(compression: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest rate of compression, m/s, and its time [1]_.

    Parameters
    ----------
    compression
        Compression, m, **positive when pressed in**, filtered, ``(n,)`` or ``(..., n)``, at least 5 samples.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Largest rate of loading, m/s (unloading does not count), by the five-point rule; NaN for a record
        with a NaN.

    References
    ----------
    .. [1] SAE J1727.
    """
    return maximum(differentiate(compression, dt), dt, start)


def viscous_criterion(
    compression: ArrayLike, dt: float, scale: float, depth: float, start: float = 0.0
) -> Peak:
    """Return the viscous criterion V*C, m/s [1]_ [2]_.

    ``V*C = max over t of scale (D / depth) dD/dt`` while the chest is compressed, with the rate by the
    five-point rule. The product is signed: unloading (rate negative) does not count.

    Parameters
    ----------
    compression
        Compression D, m, **positive when pressed in**, filtered, ``(n,)`` or ``(..., n)``, at least 5
        samples.
    dt, start
        Sampling interval and time of the first sample, s.
    scale, depth
        Scale factor and chest depth or half width (m) of the dummy, see `viscous_constants`.

    Returns
    -------
    Peak
        V*C, m/s, and its time; 0 with NaN time when the chest is never loaded, NaN for a record with a NaN.

    Raises
    ------
    ValueError
        When the record has fewer than five samples.

    References
    ----------
    .. [1] SAE J1727.
    .. [2] Lau, Viano: The Viscous Criterion, 30th Stapp Car Crash Conference, SAE 861882, 1986.
    """
    return positive_maximum(viscous_history(compression, dt, scale, depth), dt, start)


def viscous_history(compression: ArrayLike, dt: float, scale: float, depth: float) -> FloatArray:
    """Return V*C at each instant, m/s, ``(..., n)``, with the sign of the rate; see `viscous_criterion`.

    It is zero while the chest is not compressed, so that extension is never taken for loading.
    """
    d = as_signal(compression)
    return scale / depth * np.maximum(d, 0.0) * differentiate(d, dt)


def viscous_constants(dummy: str) -> tuple[float, float]:
    """Return scale factor and chest depth or half width (m) of a dummy for `viscous_criterion`.

    Raises
    ------
    InputError
        When there are none for the dummy.
    """
    found = constants("viscous_criterion", dummy)
    return found["scale"], found["depth"]


def a3ms(chest_resultant: ArrayLike, dt: float, start: float = 0.0) -> Interval:
    """Return the contiguous 3 ms clip of the chest's resultant acceleration (CFC 180) in **g**.

    Argument in m/s², ``(n,)`` or ``(..., n)``; NaN as in `carindex.criteria.head.a3ms_contiguous`, whose
    cumulative counterpart serves protocols that add the pieces up.
    """
    return a3ms_contiguous(chest_resultant, dt, start)


def chest_severity_index(chest_resultant: ArrayLike, dt: float) -> Numbers:
    """Return the chest severity index: the integral of a^2.5, a in g, of a resultant in m/s².

    See `carindex.criteria.head.severity_index`.
    """
    return severity_index(chest_resultant, dt)


def thoracic_trauma_index(upper_rib: ArrayLike, lower_rib: ArrayLike, lower_spine: ArrayLike) -> Numbers:
    """Return the thoracic trauma index TTI(d) of the side impact dummy SID, **g** [1]_.

    Half the sum of the larger rib peak and the lower spine peak (magnitudes of lateral acceleration).

    Parameters
    ----------
    upper_rib, lower_rib, lower_spine
        Lateral acceleration, m/s², FIR100 filtered, ``(n,)`` or ``(..., n)``.

    Returns
    -------
    float or ndarray
        TTI(d), g; NaN where one of the three records holds a NaN.

    References
    ----------
    .. [1] 49 CFR 571.214 (side impact dummy of 49 CFR 572 Subpart F).
    """
    ribs = np.maximum(np.abs(as_signal(upper_rib)).max(axis=-1), np.abs(as_signal(lower_rib)).max(axis=-1))
    spine = np.abs(as_signal(lower_spine)).max(axis=-1)
    index: FloatArray = 0.5 * (ribs + spine) / STANDARD_GRAVITY
    return index[()]


def irtracc_position(
    length: ArrayLike, angle_y: ArrayLike, angle_z: ArrayLike, offset: float = 0.0
) -> FloatArray:
    """Return the rib end of a three-dimensional IR-TRACC in the axes of its base, m [1]_.

    The tube turns by ``angle_z`` in the plane of a frame that stands ``offset`` beside the hinge axis, and
    the frame turns by ``angle_y`` about the y axis: the vector (L cos z, L sin z, offset) turned about y. x
    points away from the base along the tube at zero angles.

    Parameters
    ----------
    length
        Length L of the tube between its two joints, m, ``(..., n)``.
    angle_y, angle_z
        Angles, rad, ``(..., n)``.
    offset
        Distance of the tube from the hinge axis along the frame's z, m; THOR's chest: ``thor_irtracc`` of
        ``constants.yaml``, upper and lower.

    Returns
    -------
    ndarray
        ``(..., 3, n)``: x, y, z, m; NaN where an input is NaN.

    References
    ----------
    .. [1] Euro NCAP Technical Bulletin TB 021 (geometry not checked in the document).
    """
    tube = np.asarray(length, dtype=np.float64)
    y, z = np.asarray(angle_y, dtype=np.float64), np.asarray(angle_z, dtype=np.float64)
    along = tube * np.cos(z)
    return np.stack(
        np.broadcast_arrays(
            along * np.cos(y) + offset * np.sin(y), tube * np.sin(z), offset * np.cos(y) - along * np.sin(y)
        ),
        axis=-2,
    )


def resultant_deflection(position: ArrayLike, dt: float, start: float = 0.0) -> FloatArray:
    """Return the distance of a point from where it was at time zero, m.

    Parameters
    ----------
    position
        ``(..., 3, n)``: x, y, z, m, for instance of `irtracc_position`.
    dt, start
        Sampling interval and time of the first sample, s; time zero must lie inside the record.

    Returns
    -------
    ndarray
        ``(..., n)``, m; NaN throughout when the position at time zero is NaN, else where it is NaN.

    Raises
    ------
    ValueError
        When time zero lies outside the record.
    """
    p = as_signal(position)
    times = sample_times(p.shape[-1], dt, start)
    zero = int(np.argmin(np.abs(times)))
    if abs(times[zero]) > 0.5 * dt * (1.0 + 1e-6):
        raise ValueError(f"the record runs from {times[0]:g} s to {times[-1]:g} s; time zero must lie inside")
    change = p - p[..., zero : zero + 1]
    return resultant(change[..., 0, :], change[..., 1, :], change[..., 2, :])


class FourPoints(NamedTuple):
    """Largest resultant deflection of the four points of THOR's chest, m, and the largest of them.

    Attributes
    ----------
    largest
        Rmax, the largest of the four.
    upper_left, upper_right, lower_left, lower_right
        Maximum of each point.
    """

    largest: Peak
    upper_left: Peak
    upper_right: Peak
    lower_left: Peak
    lower_right: Peak


def four_points(
    upper_left: ArrayLike,
    upper_right: ArrayLike,
    lower_left: ArrayLike,
    lower_right: ArrayLike,
    dt: float,
    start: float = 0.0,
) -> FourPoints:
    """Return the maxima of THOR's four resultant deflections and Rmax, the largest of them.

    Parameters
    ----------
    upper_left, upper_right, lower_left, lower_right
        Resultant deflections, m, ``(n,)`` or ``(..., n)``, see `resultant_deflection`.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    FourPoints
        Maxima in m with their times. A point whose record holds a NaN is NaN, and so is Rmax then.
    """
    signals = np.broadcast_arrays(*(as_signal(s) for s in (upper_left, upper_right, lower_left, lower_right)))
    envelope = np.maximum.reduce(signals)
    return FourPoints(maximum(envelope, dt, start), *(maximum(s, dt, start) for s in signals))


def pc_score(
    upper_left: ArrayLike,
    upper_right: ArrayLike,
    lower_left: ArrayLike,
    lower_right: ArrayLike,
    terms: Literal["peaks", "history"] = "peaks",
) -> Numbers:
    """Return the PC score of THOR's chest [1]_, dimensionless.

    A weighted sum of four scaled terms: sum of left and right and magnitude of their difference, upper and
    lower. The constants are marked unverified.

    Parameters
    ----------
    upper_left, upper_right, lower_left, lower_right
        Resultant deflections, m, ``(n,)`` or ``(..., n)``, see `resultant_deflection`.
    terms
        ``"peaks"``: each term by its own maximum over time, then added; ``"history"``: terms added at each
        instant, then the maximum, which is never larger. Documents differ; the paper is understood to use
        peaks.

    Returns
    -------
    float or ndarray
        Score of the leading shape; NaN where one of the four records holds a NaN.

    Raises
    ------
    ValueError
        When ``terms`` is neither of the two.

    References
    ----------
    .. [1] Poplin et al.: Development of thoracic injury risk functions for the THOR ATD, Accident Analysis
    and
       Prevention 106, 2017.
    """
    model = constants("pc_score", "poplin_2017")
    ul, ur, ll, lr = (as_signal(s) for s in (upper_left, upper_right, lower_left, lower_right))
    scaled = [
        weight / scale * term
        for weight, scale, term in zip(
            model.series("weights"),
            model.series("scales"),
            (ul + ur, ll + lr, np.abs(ul - ur), np.abs(ll - lr)),
            strict=True,
        )
    ]
    if terms == "history":
        total = scaled[0] + scaled[1] + scaled[2] + scaled[3]
        return np.asarray(total.max(axis=-1))[()]
    if terms == "peaks":
        return np.asarray(sum(term.max(axis=-1) for term in scaled))[()]
    raise ValueError(f"terms is {terms!r}; expected 'peaks' or 'history'")
