"""Low-pass filters of crash testing: channel frequency classes and the phaseless Butterworth behind them.

Belongs here: what changes the frequency content of one channel. Does not belong here: which channel gets
which class (that is data of the measures), resampling, offset removal, differentiation and integration
(`kinematics`).

The FIR100 filter of the older side impact dummies is not here: its coefficients are not at hand.

Both standards describe the same filter, a second-order Butterworth run forward and then backward, and
differ by 0.3 % in its corner frequency; which one was used has to be recorded with a result.

References
----------
.. [1] SAE J211/1, Instrumentation for Impact Test, Part 1: Electronic Instrumentation.
.. [2] ISO 6487, Road vehicles: Measurement techniques in impact tests: Instrumentation.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.peaks import FloatArray

Standard = Literal["sae_j211", "iso_6487"]

CHANNEL_FREQUENCY_CLASSES = (60, 180, 600, 1000)

# Corner of one pass, as a multiple of 2 pi times the class.
_CORNER_FACTOR: dict[str, float] = {"sae_j211": 2.0775, "iso_6487": 1.25 / 0.6}
# -3 dB of both passes together lie at 5/3 of the class, and the record needs six times that rate.
_SAMPLES_PER_CLASS = 10.0
# Clocks written with few digits must not fall below the minimum by rounding.
_RATE_TOLERANCE = 1e-4
# Samples that are handled by one matrix product; measured optimum between 32 and 128.
_BLOCK = 64


class Biquad(NamedTuple):
    """Coefficients of ``y[i] = a0 x[i] + a1 x[i-1] + a2 x[i-2] + b1 y[i-1] + b2 y[i-2]``."""

    a0: float
    a1: float
    a2: float
    b1: float
    b2: float


def minimum_sampling_rate(channel_frequency_class: float) -> float:
    """Return the lowest sampling rate in Hz that a channel frequency class may be applied to.

    Six times the -3 dB frequency, which itself is 5/3 of the class: 600, 1800, 6000 and 10000 Hz [1]_.

    References
    ----------
    .. [1] SAE J211/1.
    """
    return _SAMPLES_PER_CLASS * channel_frequency_class


def cfc_coefficients(dt: float, channel_frequency_class: float, standard: Standard = "sae_j211") -> Biquad:
    """Return the coefficients of one pass of a channel-frequency-class filter.

    Parameters
    ----------
    dt
        Sampling interval, s.
    channel_frequency_class
        Class, usually 60, 180, 600 or 1000.
    standard
        ``"sae_j211"``: corner at 2.0775 times the class; ``"iso_6487"``: at 1.25/0.6 times the class.

    Raises
    ------
    ValueError
        When the sampling rate is below the minimum of the class, when ``dt`` or the class is not a positive
        number, or when the standard is not known.
    """
    if standard not in _CORNER_FACTOR:
        raise ValueError(f"standard is {standard!r}; expected one of {sorted(_CORNER_FACTOR)}")
    if not (math.isfinite(channel_frequency_class) and channel_frequency_class > 0):
        raise ValueError(
            f"channel frequency class is {channel_frequency_class!r}; expected a positive number"
        )
    _check_interval(dt)
    minimum = minimum_sampling_rate(channel_frequency_class)
    if dt * minimum > 1.0 + _RATE_TOLERANCE:
        raise ValueError(
            f"sampling rate is {1.0 / dt:g} Hz; CFC {channel_frequency_class:g} needs at least {minimum:g} Hz"
        )
    return _butterworth(2.0 * math.pi * channel_frequency_class * _CORNER_FACTOR[standard], dt)


def cfc(
    signal: ArrayLike, dt: float, channel_frequency_class: float, standard: Standard = "sae_j211"
) -> FloatArray:
    """Filter with a channel frequency class (second-order Butterworth forward and backward, no phase shift).

    Both ends of the record are extended by point reflection about the end sample, ``2 x[0] - x[i]``, over
    10 ms or 100 samples, whichever is more, at most all samples but one. This is the rule of ISO 6487 [2]_
    (as secondary sources give it); SAE J211/1 [1]_ asks for at least 10 ms and leaves the form open, so the
    same is done. Each pass starts in the steady state of its first sample, which is a choice made here.

    Parameters
    ----------
    signal
        One channel ``(n,)`` or several ``(..., n)``, time last, any unit, constant sampling interval.
    dt
        Sampling interval, s.
    channel_frequency_class
        Class, usually 60, 180, 600 or 1000.
    standard
        Which standard's corner frequency, see `cfc_coefficients`.

    Returns
    -------
    ndarray
        Filtered signal, shape and unit of ``signal``. A channel that holds a NaN or infinity anywhere is NaN
        throughout: the filter reaches over the whole record.

    Raises
    ------
    ValueError
        See `cfc_coefficients`; also when the record is empty.

    References
    ----------
    .. [1] SAE J211/1.
    .. [2] ISO 6487.
    """
    return _forward_backward(signal, dt, cfc_coefficients(dt, channel_frequency_class, standard))


def phaseless_butterworth(signal: ArrayLike, dt: float, cutoff_frequency: float) -> FloatArray:
    """Filter with a four-pole phaseless Butterworth (two poles forward and backward), -3 dB at the cutoff.

    The form of the 100 Hz filter that older side-impact practice puts on rib deflection and its rate [1]_.

    Parameters
    ----------
    signal
        ``(n,)`` or ``(..., n)``, any unit.
    dt
        Sampling interval, s.
    cutoff_frequency
        Frequency of half power after both passes, Hz. The bilinear transformation is pre-warped so that this
        frequency is exact at every sampling rate.

    Returns
    -------
    ndarray
        Filtered signal; ends and NaN as in `cfc`.

    Raises
    ------
    ValueError
        When the sampling rate is below six times the cutoff, or an argument is not a positive number.

    References
    ----------
    .. [1] NHTSA, viscous criterion (VC) signal-analysis tool.
    """
    _check_cutoff(dt, cutoff_frequency)
    # Two passes: |H|^2 = 1/sqrt(2) at the cutoff puts the corner of one pass a little higher.
    warped = math.tan(math.pi * cutoff_frequency * dt) / (math.sqrt(2.0) - 1.0) ** 0.25
    return _forward_backward(signal, dt, _from_warped(warped))


def twelve_pole_butterworth(signal: ArrayLike, dt: float, cutoff_frequency: float) -> FloatArray:
    """Filter with a twelve-pole phaseless Butterworth (six poles forward and backward).

    The filter of accelerations in track tests of driver assistance [1]_. One pass has half power at the cutoff,
    so that both leave half the amplitude there.

    Parameters
    ----------
    signal
        ``(n,)`` or ``(..., n)``, any unit.
    dt
        Sampling interval, s.
    cutoff_frequency
        Cutoff of one pass, Hz, exact at every sampling rate (pre-warped).

    Returns
    -------
    ndarray
        Filtered signal; ends and NaN as in `cfc`.

    Raises
    ------
    ValueError
        When the sampling rate is below six times the cutoff, or an argument is not a positive number.

    References
    ----------
    .. [1] Euro NCAP, test protocol AEB Car-to-Car systems, filtering (12-pole phaseless, 10 Hz).
    """
    _check_cutoff(dt, cutoff_frequency)
    warped = math.tan(math.pi * cutoff_frequency * dt)
    filtered = np.asarray(signal, dtype=np.float64)
    for pair in range(3):  # pole pairs of the sixth-order Butterworth polynomial
        damping = 2.0 * math.sin(math.pi * (2 * pair + 1) / 12.0)
        filtered = _forward_backward(filtered, dt, _from_warped(warped, damping))
    return filtered


def _check_cutoff(dt: float, cutoff_frequency: float) -> None:
    _check_interval(dt)
    if not (math.isfinite(cutoff_frequency) and cutoff_frequency > 0):
        raise ValueError(f"cutoff frequency is {cutoff_frequency!r}; expected a positive number")
    if dt * 6.0 * cutoff_frequency > 1.0 + _RATE_TOLERANCE:
        raise ValueError(
            f"sampling rate is {1.0 / dt:g} Hz; a cutoff of {cutoff_frequency:g} Hz needs at least "
            f"{6.0 * cutoff_frequency:g} Hz"
        )


def _check_interval(dt: float) -> None:
    if not (math.isfinite(dt) and dt > 0):
        raise ValueError(f"sampling interval is {dt!r} s; expected a positive number")


def _butterworth(corner: float, dt: float) -> Biquad:
    return _from_warped(math.tan(corner * dt / 2.0))


def _from_warped(wa: float, damping: float = math.sqrt(2.0)) -> Biquad:
    """Return one pole pair by its pre-warped corner and the middle coefficient of its polynomial."""
    q = 1.0 + damping * wa + wa * wa
    a0 = wa * wa / q
    return Biquad(a0, 2.0 * a0, a0, -2.0 * (wa * wa - 1.0) / q, (-1.0 + damping * wa - wa * wa) / q)


def _forward_backward(signal: ArrayLike, dt: float, coefficients: Biquad) -> FloatArray:
    x = np.asarray(signal, dtype=np.float64)
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError("the record is empty; expected at least one sample along the last axis")
    n = x.shape[-1]
    rows = x.reshape(-1, n)
    usable = np.isfinite(rows).all(axis=1)
    result = np.full(rows.shape, np.nan)
    if usable.any():
        extended, margin = _extend(rows if usable.all() else rows[usable], dt)
        forward = _one_pass(extended, coefficients)
        backward = _one_pass(forward[:, ::-1], coefficients)[:, ::-1]
        result[usable] = backward[:, margin : margin + n]
    return result.reshape(x.shape)


def _extend(rows: FloatArray, dt: float) -> tuple[FloatArray, int]:
    n = rows.shape[1]
    margin = min(max(math.ceil(0.010 / dt - 1e-9), 100), n - 1)
    extended = np.empty((rows.shape[0], n + 2 * margin))
    extended[:, margin : margin + n] = rows
    if margin:
        extended[:, :margin] = 2.0 * rows[:, :1] - rows[:, margin:0:-1]
        extended[:, margin + n :] = 2.0 * rows[:, -1:] - rows[:, -2 : -margin - 2 : -1]
    return extended, margin


@lru_cache(maxsize=64)
def _block_matrices(coefficients: Biquad) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return what a block of samples does to its output and to the state after it, and the state to both."""
    a0, a1, a2, b1, b2 = coefficients
    step = np.array([[b1, 1.0], [b2, 0.0]])
    drive = np.array([a1 + b1 * a0, a2 + b2 * a0])
    free = np.empty((2, _BLOCK))  # output at each sample of the block from a unit state before it
    reach = np.empty((_BLOCK, 2))  # state left after 0, 1, ... further samples by a unit input
    power = np.eye(2)
    for i in range(_BLOCK):
        free[:, i] = power[0]
        reach[i] = power @ drive
        power = power @ step
    impulse = np.concatenate(([a0], reach[:-1, 0]))
    lag = np.arange(_BLOCK)[None, :] - np.arange(_BLOCK)[:, None]
    forced = np.where(lag >= 0, impulse[np.maximum(lag, 0)], 0.0)
    return forced, np.ascontiguousarray(reach[::-1]), free, power.T.copy()


def _one_pass(rows: FloatArray, coefficients: Biquad) -> FloatArray:
    """Run the recursion along the last axis from the steady state of the first sample.

    The recursion is solved block by block: within a block as a product with the triangular matrix of the
    impulse response, from block to block as a prefix sum of the two-number state. It is the same linear
    system as the sample-by-sample loop, in another order of additions.
    """
    count, n = rows.shape
    blocks = -(-n // _BLOCK)
    if blocks * _BLOCK == n:
        x = np.ascontiguousarray(rows)
    else:
        x = np.zeros((count, blocks * _BLOCK))
        x[:, :n] = rows
    x = x.reshape(count * blocks, _BLOCK)
    forced, reach, free, power = _block_matrices(coefficients)
    y: FloatArray = x @ forced
    state = np.empty((count, blocks, 2))
    state[:, 0, 0] = (1.0 - coefficients.a0) * rows[:, 0]
    state[:, 0, 1] = (coefficients.a2 + coefficients.b2) * rows[:, 0]
    state[:, 1:] = (x @ reach).reshape(count, blocks, 2)[:, :-1]
    distance = 1
    while distance < blocks and np.abs(power).max() > 1e-30:
        state[:, distance:] += state[:, :-distance] @ power
        power = power @ power
        distance *= 2
    y += state.reshape(-1, 2) @ free
    return y.reshape(count, -1)[:, :n]
