"""Abdomen: compression of the THOR abdomen, abdominal force of the ES-2.

Belongs here: sensors of the abdomen that are no ribs. Does not belong here: the abdomen ribs of WorldSID and
SID-IIs, which are read like thorax ribs (`side`); limits.

Compression in m, positive when pressed in; angles in rad; force in N. Signals are ``(n,)`` or ``(..., n)``; a
NaN anywhere in a needed record gives NaN.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from carindex.criteria.chest import irtracc_position
from carindex.criteria.peaks import (
    FloatArray,
    Peak,
    absolute_maximum,
    as_signal,
    index_of_zero,
    positive_maximum,
)


def thor_compression_history(
    length: ArrayLike, angle_y: ArrayLike, angle_z: ArrayLike, dt: float, start: float = 0.0
) -> FloatArray:
    """Return the fore-and-aft compression of one side of the THOR abdomen at each instant.

    Parameters
    ----------
    length
        ``(..., n)`` length of the IR-TRACC, m, CFC 180.
    angle_y, angle_z
        ``(..., n)`` its angles, rad, CFC 180, see `carindex.criteria.chest.irtracc_position`.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    ndarray
        ``(..., n)`` x at time zero minus x, m, positive when pressed in; NaN where an input is, and
        throughout when one is at time zero.

    Raises
    ------
    ValueError
        When time zero lies outside the record.

    References
    ----------
    .. [1] Euro NCAP Technical Bulletin 021, THOR abdomen compression.
    """
    x = irtracc_position(as_signal(length), angle_y, angle_z)[..., 0, :]
    zero = index_of_zero(x.shape[-1], dt, start)
    compression: FloatArray = x[..., zero : zero + 1] - x
    return compression


def thor_compression(
    length: ArrayLike, angle_y: ArrayLike, angle_z: ArrayLike, dt: float, start: float = 0.0
) -> Peak:
    """Return the largest fore-and-aft compression of one side of the THOR abdomen.

    Arguments and errors as in `thor_compression_history`.

    Returns
    -------
    Peak
        Compression, m, and its time; 0 with NaN time when it is never pressed in.
    """
    return positive_maximum(thor_compression_history(length, angle_y, angle_z, dt, start), dt, start)


def displacement_compression(displacement: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest compression of an abdomen whose channel already is a displacement.

    Parameters
    ----------
    displacement
        ``(..., n)``, m, compression negative (the sign of ISO/TS 13499 channels), zero at time zero, CFC 180.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Compression, m, positive, and its time; 0 with NaN time when it is never pressed in.
    """
    return positive_maximum(-as_signal(displacement), dt, start)


def es2_force(front: ArrayLike, middle: ArrayLike, rear: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest abdominal force of an ES-2 or ES-2re, the sum of its three load cells.

    The forces are added at each instant; the sum of their three maxima would be larger.

    Parameters
    ----------
    front, middle, rear
        ``(..., n)`` lateral forces, N, same sign convention, CFC 600.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Magnitude of the sum, N, and its time.

    References
    ----------
    .. [1] UN Regulation No. 95, abdominal peak force; 49 CFR 571.214 S7.2.5.
    """
    total = as_signal(front) + as_signal(middle) + as_signal(rear)
    return absolute_maximum(total, dt, start)
