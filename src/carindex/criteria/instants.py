"""Instants of a run: a signal at an instant, and the instant at which it reaches a level.

Belongs here: reading between samples, for records on a clock that need not be regular. Does not belong here:
what the signals are (`track`, `interventions`).

Every signal is ``(n,)`` or, for several runs on one clock, ``(..., n)``; ``time`` is ``(n,)``, s, rising. Between
samples every signal is a straight line. An instant is inf where the event does not happen within the record and
NaN where it is not known. A run with a NaN in an input is NaN in the result: cut a record to what was measured.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carindex.criteria.peaks import FloatArray, Interval, Numbers, Peak, as_signal


def value_at(time: ArrayLike, signal: ArrayLike, instant: ArrayLike) -> Numbers:
    """Return a signal at an instant of each run.

    Parameters
    ----------
    time, signal
        ``(n,)`` and ``(..., n)``, any unit.
    instant
        One for all or one for each run, s.

    Returns
    -------
    float or ndarray
        Value on the straight line between the two samples around it; NaN outside the record, for an instant
        that is inf or NaN, and for a run with a NaN.
    """
    t, y = run_of(time, signal)
    when = np.broadcast_to(np.asarray(instant, dtype=np.float64), y.shape[:-1])
    inside = (when >= t[0]) & (when <= t[-1])
    after = np.clip(np.searchsorted(t, np.where(inside, when, t[0])), 1, t.size - 1)
    share = (np.where(inside, when, t[0]) - t[after - 1]) / (t[after] - t[after - 1])
    low = np.take_along_axis(y, np.asarray(after - 1)[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(y, np.asarray(after)[..., None], axis=-1)[..., 0]
    value = low + share * (high - low)
    return np.where(inside & ~np.isnan(y).any(axis=-1), value, np.nan)[()]


def run_of(time: ArrayLike, signal: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return clock and signal as float arrays that belong together.

    Raises
    ------
    ValueError
        With fewer than two instants, another number of samples than of instants, or a clock that does not rise.
    """
    t, y = as_signal(time), as_signal(signal)
    if t.ndim != 1 or t.size < 2:
        raise ValueError(f"time has the shape {t.shape}; expected at least two instants, one for all runs")
    if y.shape[-1] != t.size:
        raise ValueError(f"the signal has {y.shape[-1]} samples, time has {t.size}; expected as many")
    if not (np.diff(t) > 0).all():
        raise ValueError("time does not rise; expected each sample later than the one before")
    return t, y


def first_reaching(time: ArrayLike, signal: ArrayLike, level: float, after: ArrayLike = -np.inf) -> Numbers:
    """Return when a signal is first at or below a level.

    Parameters
    ----------
    time, signal
        ``(n,)`` and ``(..., n)``, any unit.
    level
        The level, in the unit of the signal.
    after
        First instant that counts, s, one for all or one for each run; inf or NaN stay what they are.

    Returns
    -------
    float or ndarray
        Instant, s: ``after`` (or the first sample) where the signal is below the level already, inf where it
        never is, NaN for a run with a NaN.
    """
    t, y = run_of(time, signal)
    begin = np.broadcast_to(np.asarray(after, dtype=np.float64), y.shape[:-1])
    at_begin = value_at(t, y, np.clip(begin, t[0], t[-1]))
    counted = (y <= level) & (t >= begin[..., None])
    index = np.argmax(counted, axis=-1)
    before = np.maximum(index - 1, 0)
    low = np.take_along_axis(y, np.asarray(before)[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(y, np.asarray(index)[..., None], axis=-1)[..., 0]
    crosses = (low > level) & (high <= level)
    share = np.where(crosses, low - level, 0.0) / np.where(crosses, low - high, 1.0)
    crossed = np.maximum(t[before] + share * (t[index] - t[before]), begin)
    found = np.where(counted.any(axis=-1), crossed, np.inf)
    found = np.where(at_begin <= level, np.maximum(begin, t[0]), found)
    found = np.where(np.isposinf(begin) | (begin > t[-1]), np.inf, found)
    return np.where(np.isnan(y).any(axis=-1) | np.isnan(begin), np.nan, found)[()]


def timed(value: Numbers, instant: ArrayLike) -> Peak:
    """Return a value with the instant it was read at; the time is NaN where the value is, or the instant inf."""
    when = np.broadcast_to(np.asarray(instant, dtype=np.float64), np.shape(value))
    return Peak(value, np.where(np.isfinite(when) & ~np.isnan(value), when, np.nan)[()])


def spanned(value: Numbers, begin: ArrayLike, end: ArrayLike) -> Interval:
    """Return a value with the two instants it was read at; a time is NaN where the value is, or the instant inf."""
    return Interval(value, timed(value, begin).time, timed(value, end).time)


def reading_at(time: ArrayLike, signal: ArrayLike, instant: ArrayLike) -> Peak:
    """Return a signal at an instant with that instant: dtle_t_ldw, dtle_t_end, lateral offset at contact.

    Arguments and value as in `value_at`; the time is NaN where the value is.
    """
    return timed(value_at(time, signal, instant), instant)


def never(instant: ArrayLike) -> NDArray[np.bool_]:
    """Return whether an event did not happen within the record (its instant is inf)."""
    return np.asarray(np.isposinf(np.asarray(instant, dtype=np.float64)))


def happened(instant: ArrayLike) -> NDArray[np.bool_]:
    """Return whether an event happened within the record (its instant is a number)."""
    return np.asarray(np.isfinite(np.asarray(instant, dtype=np.float64)))
