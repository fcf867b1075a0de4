"""How long a signal stays at a level: clips (level held for a duration) and duration corridors.

Belongs here: the level-duration relation of any signal, exact for the straight lines between samples. Does
not belong here: which signal and which corridor (`neck`, `leg`, `constants.yaml`).

A level can be counted *cumulatively* (all pieces of time together) or *contiguously* (the longest single
piece). A record that holds a NaN or an infinity gives NaN.

References
----------
.. [1] UN Regulation No. 94, Annex 4.
.. [2] SAE J1727, Calculation Guidelines for Impact Testing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.constants import constants
from carindex.criteria.peaks import FloatArray, Interval, as_signal

Counting = Literal["cumulative", "contiguous"]

# A plateau as long as the duration must count although 0.003 s / 0.0001 s is not exactly 30.
_TOLERANCE = 1e-9


class Corridor(NamedTuple):
    """An upper bound of a level as a function of the time the level is held.

    Attributes
    ----------
    durations
        Durations, s, increasing, the first one 0.
    levels
        Bound at each duration, positive and nowhere increasing; straight lines between, constant after the
        last.
    """

    durations: tuple[float, ...]
    levels: tuple[float, ...]


class Utilisation(NamedTuple):
    """How much of a corridor a signal uses.

    Attributes
    ----------
    ratio
        Largest level divided by the bound for the time that level is held; above 1 the corridor is exceeded.
    level
        Level where that happens, unit of the signal.
    duration
        Time that level is held, s.
    """

    ratio: FloatArray
    level: FloatArray
    duration: FloatArray


def published(name: str) -> Corridor:
    """Return a published corridor by its entry in the group ``duration_corridors`` of ``constants.yaml``.

    Raises
    ------
    InputError
        When there is no corridor of that name.
    """
    found = constants("duration_corridors", name)
    return Corridor(found.series("durations"), found.series("levels"))


def bound(corridor: Corridor, duration: ArrayLike) -> FloatArray:
    """Return the corridor's bound for durations in s, in the unit of its levels."""
    _check_corridor(corridor)
    return np.asarray(np.interp(np.asarray(duration, dtype=np.float64), corridor.durations, corridor.levels))


def duration_at_level(
    signal: ArrayLike, dt: float, level: float, counting: Counting = "cumulative"
) -> FloatArray:
    """Return how long a signal equals or exceeds a level, s.

    Parameters
    ----------
    signal
        ``(n,)`` or ``(..., n)``, any unit; straight lines between samples.
    dt
        Sampling interval, s.
    level
        Level in the unit of the signal.
    counting
        ``"cumulative"``: all pieces together; ``"contiguous"``: the longest piece.

    Returns
    -------
    ndarray or scalar
        Duration in s, NaN for a record that holds a NaN.
    """
    _check_counting(counting)
    x = as_signal(signal)
    rows = x.reshape(-1, x.shape[-1])
    values = [
        np.nan if not np.isfinite(row).all() else dt * _Row(row).duration(level, counting) for row in rows
    ]
    return np.array(values).reshape(x.shape[:-1])[()]


def clip(
    signal: ArrayLike, dt: float, duration: float, counting: Counting = "contiguous", start: float = 0.0
) -> Interval:
    """Return the largest level that a signal equals or exceeds for a duration (3 ms clip and the like) [2]_.

    The answer is exact for the straight lines between samples; ``dt`` need not divide the duration.

    Parameters
    ----------
    signal
        ``(n,)`` or ``(..., n)``, any unit, usually a resultant.
    dt, start
        Sampling interval and time of the first sample, s.
    duration
        Duration, s, at least 0 (then the peak is returned).
    counting
        ``"contiguous"``: in one piece; ``"cumulative"``: all pieces together.

    Returns
    -------
    Interval
        Level in the unit of ``signal``. Contiguous: ``t1`` to ``t2 = t1 + duration`` is the (first)
        interval at that level. Cumulative: ``t1`` and ``t2`` are the first and the last time at that level.
        All NaN for a record that holds a NaN or is shorter than the duration.

    Raises
    ------
    ValueError
        When the duration is negative or not a number, or the counting is unknown.

    References
    ----------
    .. [2] SAE J1727; NHTSA signal-analysis tools, Clip.
    """
    _check_counting(counting)
    if not (math.isfinite(duration) and duration >= 0):
        raise ValueError(f"duration is {duration!r} s; expected zero or a positive number")
    x = as_signal(signal)
    found = np.full((*x.shape[:-1], 3), np.nan)
    for index in np.ndindex(x.shape[:-1]):
        row = x[index]
        if not np.isfinite(row).all():
            continue
        level, first, last = _clip_row(_Row(row), duration / dt, counting)
        found[index] = level, start + dt * first, start + dt * last
    return Interval(found[..., 0][()], found[..., 1][()], found[..., 2][()])


def level_duration_curve(
    signal: ArrayLike, dt: float, durations: ArrayLike, counting: Counting = "cumulative"
) -> FloatArray:
    """Return the level that is held for each of several durations, ``(..., len(durations))``; see `clip`."""
    wanted = np.atleast_1d(np.asarray(durations, dtype=np.float64))
    x = as_signal(signal)
    if wanted.size == 0:
        return np.empty((*x.shape[:-1], 0))
    return np.stack([clip(x, dt, float(d), counting).value for d in wanted], axis=-1)


def utilisation(
    signal: ArrayLike, dt: float, corridor: Corridor, counting: Counting = "cumulative"
) -> Utilisation:
    """Compare a signal with a duration corridor at every level.

    ``ratio = max over levels L > 0 of L / bound(time at L or above)``, exact for the straight lines between
    samples. The corridor is kept when the ratio is at most 1 [1]_.

    Parameters
    ----------
    signal
        ``(n,)`` or ``(..., n)`` in the unit of the corridor's levels, positive in the direction that is
        bounded (turn the sign for compression).
    dt
        Sampling interval, s.
    corridor
        The bound.
    counting
        How time at a level is counted.

    Returns
    -------
    Utilisation
        All zero for a signal that is nowhere positive; all NaN for a record that holds a NaN.

    Raises
    ------
    ValueError
        When the corridor does not start at duration 0, its durations do not increase, or its levels
        increase or are not positive.

    References
    ----------
    .. [1] UN Regulation No. 94, Annex 4.
    """
    _check_counting(counting)
    _check_corridor(corridor)
    x = as_signal(signal)
    found = np.full((*x.shape[:-1], 3), np.nan)
    for index in np.ndindex(x.shape[:-1]):
        row = x[index]
        if np.isfinite(row).all():
            found[index] = _utilisation_row(_Row(row), dt, corridor, counting)
    return Utilisation(found[..., 0][()], found[..., 1][()], found[..., 2][()])


def between(
    signal: ArrayLike, dt: float, higher: Corridor, lower: Corridor, counting: Counting = "cumulative"
) -> FloatArray:
    """Return where between two corridors a signal lies: how far the higher one must move to the lower to hold it.

    0: the corridor of higher performance is kept at every duration; 1: that of lower performance is just kept; above
    1 the largest ratio to the latter. A level L held for a time t lies at
    ``(L - higher(t)) / (lower(t) - higher(t))``; the answer is the largest of these over all levels.

    Parameters
    ----------
    signal
        ``(n,)`` or ``(..., n)`` in the unit of the corridors' levels, positive in the direction that is bounded.
    dt
        Sampling interval, s.
    higher, lower
        The corridors; ``higher`` (the smaller forces) is nowhere above ``lower``.
    counting
        How time at a level is counted.

    Raises
    ------
    ValueError
        When a corridor is not one (see `utilisation`), or ``higher`` lies above ``lower`` somewhere.
    """
    durations = tuple(sorted({*higher.durations, *lower.durations}))
    small, great = bound(higher, durations), bound(lower, durations)
    if (small > great).any():
        raise ValueError("the corridor of higher performance lies above that of lower performance")
    x = as_signal(signal)
    found = np.full(x.shape[:-1], np.nan)
    for index in np.ndindex(x.shape[:-1]):
        found[index] = _between_corridors(x[index], dt, durations, small, great, counting)
    return found[()]


def _between_corridors(
    x: FloatArray,
    dt: float,
    durations: tuple[float, ...],
    small: FloatArray,
    great: FloatArray,
    counting: Counting,
) -> float:
    """Move the corridor to the point that exceeds it most, again and again until none does."""
    worst = float(utilisation(x, dt, Corridor(durations, tuple(great)), counting).ratio)
    if not worst <= 1:  # beyond both, or not a number
        return worst
    share = 0.0
    while True:
        moved = Corridor(durations, tuple(small + share * (great - small)))
        used = utilisation(x, dt, moved, counting)
        if float(used.ratio) <= 1 + _TOLERANCE or share >= 1:
            return share
        least, most = (float(np.interp(used.duration, durations, levels)) for levels in (small, great))
        share = min(1.0, max(share + _TOLERANCE, (float(used.level) - least) / (most - least)))


def _check_counting(counting: str) -> None:
    if counting not in ("cumulative", "contiguous"):
        raise ValueError(f"counting is {counting!r}; expected 'cumulative' or 'contiguous'")


def _check_corridor(corridor: Corridor) -> None:
    durations, levels = np.asarray(corridor.durations), np.asarray(corridor.levels)
    if durations.shape != levels.shape or durations.size == 0 or durations[0] != 0:
        raise ValueError("a corridor needs as many durations as levels, the first duration 0")
    if (np.diff(durations) <= 0).any() or (np.diff(levels) > 0).any() or not (levels > 0).all():
        raise ValueError("a corridor needs increasing durations and positive levels that do not increase")


class _Row:
    """One record with what every look at a level needs. Durations and times are in samples."""

    def __init__(self, x: FloatArray) -> None:
        self.x = x
        self.high = np.maximum(x[1:], x[:-1])
        self.low = np.minimum(x[1:], x[:-1])
        rise = self.high - self.low
        self.flat = rise == 0
        self.rise = np.where(self.flat, 1.0, rise)

    def duration(self, level: float, counting: Counting) -> float:
        if counting == "contiguous":
            first, last = self.pieces(level, level)
            return float((last - first).max(initial=0.0))
        # Bounded before the division: a rise of a rounding error must not overflow it.
        share = np.clip(self.high - level, 0.0, self.rise) / self.rise
        share = np.where(self.flat, self.high >= level, share)
        return float(share.sum())

    def pieces(self, level: float, members: float) -> tuple[FloatArray, FloatArray]:
        """Return start and end of each piece at or above a level.

        The pieces are those around the samples at or above ``members``; with ``members`` one sample value
        above ``level`` this is the limit from above, in which a sample exactly at the level joins nothing.
        """
        x = self.x
        above = np.zeros(x.size + 2, dtype=np.bool_)
        above[1:-1] = x >= members
        change = np.flatnonzero(above[1:] != above[:-1])
        first, last = change[::2], change[1::2] - 1  # first and last sample of each piece
        before, after = np.maximum(first - 1, 0), np.minimum(last + 1, x.size - 1)
        up, down = x[first] - x[before], x[last] - x[after]
        # At either end of the record there is no sample beyond: the piece ends with the record.
        start = first.astype(np.float64) - np.where(
            up > 0, (x[first] - level) / np.where(up > 0, up, 1.0), 0.0
        )
        end = last.astype(np.float64) + np.where(
            down > 0, (x[last] - level) / np.where(down > 0, down, 1.0), 0.0
        )
        return start, end


def _clip_row(row: _Row, wanted: float, counting: Counting) -> tuple[float, float, float]:
    """Return level, start and end (in samples) of the largest level held for ``wanted`` samples."""
    if wanted > row.x.size - 1 + _TOLERANCE:
        return math.nan, math.nan, math.nan
    enough = wanted - _TOLERANCE * max(1.0, wanted)
    levels = np.sort(row.x)
    lower, upper = 0, levels.size  # held at levels[lower], not at levels[upper]
    while upper - lower > 1:
        middle = (lower + upper) // 2
        if row.duration(float(levels[middle]), counting) >= enough:
            lower = middle
        else:
            upper = middle
    level = float(levels[lower])
    if upper < levels.size:
        level = _between(row, level, float(levels[upper]), wanted, counting)
    first, last = row.pieces(level, level)
    if counting == "cumulative":
        return level, float(first[0]), float(last[-1])
    longest = np.flatnonzero(last - first >= (last - first).max() - _TOLERANCE * max(1.0, wanted))[0]
    return level, float(first[longest]), float(first[longest]) + wanted


def _between(row: _Row, low: float, high: float, wanted: float, counting: Counting) -> float:
    """Solve for the level between two neighbouring sample values, where durations are linear in the level."""
    first_low, last_low = row.pieces(low, high)
    first_high, last_high = row.pieces(high, high)
    at_low, at_high = last_low - first_low, last_high - first_high
    if counting == "cumulative":
        at_low, at_high = at_low.sum(keepdims=True), at_high.sum(keepdims=True)
    held = at_low > wanted
    if not held.any():
        return low
    share = (at_low[held] - wanted) / (at_low[held] - at_high[held])
    return min(low + float(share.max()) * (high - low), high)


def _utilisation_row(
    row: _Row, dt: float, corridor: Corridor, counting: Counting
) -> tuple[float, float, float]:
    """Search all levels.

    Between neighbouring sample values and corridor points the ratio is monotone in the level, so only
    sample values and the levels held for exactly a corridor duration can be the largest. Whole ranges of
    sample values are left out when their highest level over the bound at their lowest level cannot win.
    """
    levels = np.sort(row.x[row.x > 0])
    if levels.size == 0:
        return 0.0, 0.0, 0.0
    best = (0.0, 0.0, 0.0)

    def look(level: float, duration: float) -> float:
        nonlocal best
        limit = float(np.interp(duration, corridor.durations, corridor.levels))
        if level / limit > best[0]:
            best = (level / limit, level, duration)
        return limit

    for duration in corridor.durations:
        level = _clip_row(row, duration / dt, counting)[0]
        if level > 0:  # NaN: the record is shorter than the duration
            look(level, duration)

    def limit_at(index: int) -> float:
        level = float(levels[index])
        return look(level, dt * row.duration(level, counting))

    _search(levels, limit_at, lambda: best[0])
    return best


def _search(levels: FloatArray, limit_at: Callable[[int], float], best: Callable[[], float]) -> None:
    limit_at(levels.size - 1)
    pending = [(0, levels.size - 1, limit_at(0))]
    while pending:
        first, last, limit = pending.pop()
        if last - first < 2 or float(levels[last]) / limit <= best():
            continue
        middle = (first + last) // 2
        pending.append((first, middle, limit))
        pending.append((middle, last, limit_at(middle)))
