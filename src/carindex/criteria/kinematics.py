"""Resultants, rates, integrals and turned axes: the arithmetic between measured channels and criteria.

Belongs here: operations on signals that carry no injury model. Does not belong here: filters (`filters`) and
criteria.

References
----------
.. [1] SAE J1727, Calculation Guidelines for Impact Testing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.peaks import FloatArray, as_signal

STANDARD_GRAVITY = 9.80665
"""Standard acceleration of gravity, m/s² (exact by definition)."""


def resultant(*components: ArrayLike) -> FloatArray:
    """Return the square root of the sum of squares, sample by sample.

    Parameters
    ----------
    *components
        One or more signals ``(..., n)`` of the same unit, already filtered: a resultant is formed after
        filtering.

    Returns
    -------
    ndarray
        Resultant in the unit of the components, NaN where a component is NaN.

    Raises
    ------
    ValueError
        Without any component.
    """
    if not components:
        raise ValueError("no component given; expected at least one")
    total: FloatArray = np.square(np.asarray(components[0], dtype=np.float64))
    for component in components[1:]:
        total = total + np.square(np.asarray(component, dtype=np.float64))
    return np.sqrt(total)


def differentiate(signal: ArrayLike, dt: float) -> FloatArray:
    """Differentiate with the five-point rule of SAE J1727 [1]_.

    ``v[i] = (8 (y[i+1] - y[i-1]) - (y[i+2] - y[i-2])) / (12 dt)``; the first two and the last two samples
    use the one-sided three-point rule (second order), forward and backward.

    Parameters
    ----------
    signal
        ``(n,)`` or ``(..., n)``, ``n >= 5``, any unit.
    dt
        Sampling interval, s.

    Returns
    -------
    ndarray
        Rate in unit per second, same shape; NaN at every sample whose rule touches a NaN.

    Raises
    ------
    ValueError
        When the record has fewer than five samples.

    References
    ----------
    .. [1] SAE J1727.
    """
    y = as_signal(signal)
    n = y.shape[-1]
    if n < 5:
        raise ValueError(f"the record has {n} samples; the five-point rule needs at least 5")
    rate = np.empty_like(y)
    rate[..., 2:-2] = (8.0 * (y[..., 3:-1] - y[..., 1:-3]) - (y[..., 4:] - y[..., :-4])) / (12.0 * dt)
    rate[..., :2] = (-3.0 * y[..., :2] + 4.0 * y[..., 1:3] - y[..., 2:4]) / (2.0 * dt)
    rate[..., -2:] = (3.0 * y[..., -2:] - 4.0 * y[..., -3:-1] + y[..., -4:-2]) / (2.0 * dt)
    return rate


def integrate(signal: ArrayLike, dt: float, initial: ArrayLike = 0.0) -> FloatArray:
    """Integrate over time with the trapezoidal rule.

    Parameters
    ----------
    signal
        ``(n,)`` or ``(..., n)``, any unit.
    dt
        Sampling interval, s.
    initial
        Value of the integral at the first sample; one number, or one a record of the batch.

    Returns
    -------
    ndarray
        Integral in unit times second, same shape; NaN from the first NaN of the signal on.
    """
    y = as_signal(signal)
    integral = np.zeros_like(y)
    np.cumsum(y[..., 1:] + y[..., :-1], axis=-1, out=integral[..., 1:])
    integral[..., 1:] *= 0.5 * dt
    integral += np.asarray(initial, dtype=np.float64)[..., None]
    return integral


def rotate(first: ArrayLike, second: ArrayLike, angle: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Express a vector of a plane in axes that are turned by an angle.

    With (first, second) = (x, y) and a positive angle the new x axis points towards the old y axis; for a
    sensor pitched in the x-z plane give (z, x). ``first' = first cos + second sin``, ``second' = second cos
    - first sin``.

    Parameters
    ----------
    first, second
        Components along the old axes, ``(..., n)``, same unit.
    angle
        Angle from the old to the new axes, rad; one number or one a sample.

    Returns
    -------
    tuple of ndarray
        Components along the new axes, in the same unit; NaN where an input is NaN.
    """
    a = np.asarray(first, dtype=np.float64)
    b = np.asarray(second, dtype=np.float64)
    turn = np.asarray(angle, dtype=np.float64)
    cosine, sine = np.cos(turn), np.sin(turn)
    return a * cosine + b * sine, b * cosine - a * sine


def degrees_to_radians_per_second(rate: ArrayLike) -> FloatArray:
    """Return an angular rate in rad/s from one in deg/s."""
    return np.asarray(rate, dtype=np.float64) * (math.pi / 180.0)
