"""Brain injury criteria from the rotation of the head: BrIC, UBrIC and DAMAGE.

Belongs here: criteria driven by angular velocity or angular acceleration. Does not belong here: criteria of
linear acceleration (`head`), limits.

All rotations are about the head's own axes at its centre of gravity (SAE J211/1 signs); angular velocity in
rad/s, angular acceleration in rad/s². Records are ``(n,)`` or ``(..., n)`` with a constant sampling
interval.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carindex.criteria.constants import constants
from carindex.criteria.peaks import FloatArray, Numbers, Peak, as_signal, maximum

Basis = Literal["average", "csdm", "mps"]
ComplexArray = NDArray[np.complex128]


def bric(wx: ArrayLike, wy: ArrayLike, wz: ArrayLike, basis: Basis = "average") -> Numbers:
    """Return the brain injury criterion BrIC [1]_, dimensionless.

    ``BrIC = sqrt((max|wx| / wxC)^2 + (max|wy| / wyC)^2 + (max|wz| / wzC)^2)``; each axis has its own
    maximum, at its own time.

    Parameters
    ----------
    wx, wy, wz
        Filtered angular velocity about the three axes, rad/s, ``(n,)`` or ``(..., n)``.
    basis
        Row of critical values: fitted to the cumulative strain damage measure (``"csdm"``), to the maximum
        principal strain (``"mps"``) or their mean (``"average"``: 66.25, 56.45, 42.87 rad/s).

    Returns
    -------
    float or ndarray
        BrIC of the leading shape; NaN where one of the three records holds a NaN.

    Raises
    ------
    InputError
        When the basis is not known.

    References
    ----------
    .. [1] Takhounts, Craig, Moorhouse, McFadden, Hasija: Development of Brain Injury Criteria (BrIC), Stapp
    Car
       Crash Journal 57, 2013.

    See Also
    --------
    bric_risk, damage
    """
    critical = constants("bric_critical_rates", basis)
    total: FloatArray = np.zeros(())
    for rate, axis in ((wx, "x"), (wy, "y"), (wz, "z")):
        total = total + np.square(np.abs(as_signal(rate)).max(axis=-1) / critical[axis])
    return np.sqrt(total)[()]


def bric_risk(value: ArrayLike, level: Literal["ais3", "ais4"] = "ais4") -> Numbers:
    """Return the risk of a brain injury of the given severity or above, 0 to 1 [1]_.

    Weibull curve for the mean of both strain measures, so for BrIC with ``basis="average"``.

    Parameters
    ----------
    value
        BrIC, any shape.
    level
        ``"ais3"`` or ``"ais4"``.

    Returns
    -------
    float or ndarray
        Risk of the same shape, zero below BrIC 0.523, NaN for NaN.

    References
    ----------
    .. [1] Takhounts et al., Stapp Car Crash Journal 57, 2013.
    """
    curve = constants("bric_risk", level)
    above = np.maximum(np.asarray(value, dtype=np.float64) - curve["shift"], 0.0)
    risk: FloatArray = -np.expm1(-((above / curve["scale"]) ** curve["shape"]))
    return risk[()]


def ubric(
    wx: ArrayLike, wy: ArrayLike, wz: ArrayLike, ax: ArrayLike, ay: ArrayLike, az: ArrayLike
) -> Numbers:
    """Return the universal brain injury criterion UBrIC (maximum principal strain) [1]_, dimensionless.

    Each axis has ``u = w + (a - w) exp(-a / w)`` with ``w`` and ``a`` the largest magnitudes of angular
    velocity and angular acceleration over their critical values; UBrIC is the root of the sum of the three
    ``u^2``.

    The critical values are marked *unverified*: not to be used for a score before they are checked in the
    paper.

    Parameters
    ----------
    wx, wy, wz
        Filtered angular velocity, rad/s, ``(n,)`` or ``(..., n)``.
    ax, ay, az
        Angular acceleration, rad/s², same shape.

    Returns
    -------
    float or ndarray
        UBrIC of the leading shape, 0 for a head at rest; NaN where one of the six records holds a NaN.

    References
    ----------
    .. [1] Gabler, Crandall, Panzer: Development of a Metric for Predicting Brain Strain Responses Using Head
       Kinematics, Annals of Biomedical Engineering 46(7), 2018.
    """
    critical = constants("ubric_critical_values", "mps")
    total: FloatArray = np.zeros(())
    for rate, acceleration, axis in ((wx, ax, "x"), (wy, ay, "y"), (wz, az, "z")):
        w = np.abs(as_signal(rate)).max(axis=-1) / critical[f"rate_{axis}"]
        a = np.abs(as_signal(acceleration)).max(axis=-1) / critical[f"acceleration_{axis}"]
        # A head that does not turn has a ratio of any size and weight zero.
        with np.errstate(over="ignore"):
            ratio = np.divide(a, w, out=np.full(np.broadcast(a, w).shape, np.inf), where=w != 0)
        total = total + np.square(np.where((w == 0) & (a == 0), 0.0, w + (a - w) * np.exp(-ratio)))
    return np.sqrt(total)[()]


def damage(ax: ArrayLike, ay: ArrayLike, az: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return DAMAGE, the diffuse axonal multi-axis general evaluation [1]_ [2]_, dimensionless.

    Three coupled spring-dampers are driven by the angular acceleration of the head, ``M d'' + C d' + K d =
    M u''`` with ``C = 5.9148 ms K``, from rest; DAMAGE is 2.9903 per metre times the largest ``|d|``.

    The system is linear with damping proportional to stiffness, so it falls into three independent
    oscillators; each is solved exactly for angular acceleration that is straight between samples. No step
    size limits the accuracy.

    Parameters
    ----------
    ax, ay, az
        Filtered angular acceleration, rad/s², ``(n,)`` or ``(..., n)``.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        DAMAGE and the time of the largest displacement, s; NaN where one of the three records holds a NaN.

    References
    ----------
    .. [1] Gabler, Crandall, Panzer: Development of a Second-Order System for Rapid Estimation of Maximum
    Brain
       Strain, Annals of Biomedical Engineering 47, 2019.
    .. [2] Euro NCAP Technical Bulletin TB 035.
    """
    moved = damage_displacement(ax, ay, az, dt)
    factor = constants("damage_model", "gabler_2019")["factor"]
    return maximum(factor * np.sqrt(np.square(moved).sum(axis=-2)), dt, start)


def damage_displacement(ax: ArrayLike, ay: ArrayLike, az: ArrayLike, dt: float) -> FloatArray:
    """Return the displacements of the DAMAGE model, m, ``(..., 3, n)``; arguments as in `damage`.

    A NaN in one axis makes all three displacements NaN from there on: the axes are coupled.
    """
    u = np.stack(np.broadcast_arrays(as_signal(ax), as_signal(ay), as_signal(az)), axis=-2)
    stiffness, shapes, delay = _oscillators()
    drive = np.einsum("ij,...jn->...in", shapes.T, u)
    modes = np.stack(
        [_oscillator(drive[..., i, :], float(stiffness[i]), delay, dt) for i in range(3)], axis=-2
    )
    moved: FloatArray = np.einsum("ij,...jn->...in", shapes, modes)
    return moved


@cache
def _oscillators() -> tuple[FloatArray, FloatArray, float]:
    """Return stiffness per mass and shape of the three independent oscillators, and the damping time."""
    model = constants("damage_model", "gabler_2019")
    xy, yz, xz = model["k_xy"], model["k_yz"], model["k_xz"]
    matrix = np.array(
        [
            [model["k_xx"] + xy + xz, -xy, -xz],
            [-xy, model["k_yy"] + xy + yz, -yz],
            [-xz, -yz, model["k_zz"] + xz + yz],
        ]
    )
    stiffness, shapes = np.linalg.eigh(matrix / model["mass"])
    return stiffness, shapes, model["damping"]


def _oscillator(drive: FloatArray, stiffness: float, delay: float, dt: float) -> FloatArray:
    """Solve ``q'' + delay k q' + k q = drive`` from rest, exactly for a drive straight between samples."""
    decay = 0.5 * delay * stiffness
    turn = math.sqrt(stiffness - decay * decay)  # the model's oscillators are all underdamped
    pole = complex(-decay, turn)
    step = pole * dt
    # y' = pole y + drive, q = Im(y) / turn. Weights of the drive at both ends of a step:
    # integral over the step of exp(pole (dt - s)) times (1 - s/dt) and times (s/dt).
    growth = np.exp(step)
    whole = np.expm1(step) / pole
    at_end = (np.expm1(step) - step) / (pole * step)
    y = np.zeros(drive.shape, dtype=np.complex128)
    y[..., 1:] = (whole - at_end) * drive[..., :-1] + at_end * drive[..., 1:]
    _accumulate(y, growth)
    moved: FloatArray = y.imag / turn
    return moved


def _accumulate(y: ComplexArray, growth: complex) -> None:
    """Turn increments into the solution of ``y[i] = growth y[i-1] + increment[i]``, in place."""
    distance = 1
    while distance < y.shape[-1]:
        y[..., distance:] += growth**distance * y[..., :-distance].copy()
        distance *= 2
