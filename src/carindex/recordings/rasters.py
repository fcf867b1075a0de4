"""Time columns of tables and measurement files: is the step constant, and then which one?"""

from __future__ import annotations

import math

import numpy as np

from carindex.recordings.model import Samples

#: Largest deviation from a constant step, as a share of the step, that printing and clock rounding explain.
STEP_TOLERANCE = 0.02
#: Longer steps, in s, are damaged times.
LONGEST_STEP = 1e6


def constant_step(
    time: Samples, stated_start: float = math.nan, stated_step: float = math.nan
) -> tuple[float, float] | None:
    """Return start and step of a time column in s, ``None`` when its step is not constant.

    Parameters
    ----------
    time
        Time of each sample in s, shape ``(n,)``.
    stated_start, stated_step
        What a header says; used where the column agrees with it, because a printed column is rounded.

    Notes
    -----
    A column with NaN, with fewer than two samples or that does not rise has no constant step.
    """
    if time.size < 2 or not np.isfinite(time).all():
        return None
    if stated_step > 0 and math.isfinite(stated_start) and _near(time, stated_start, stated_step):
        return stated_start, stated_step
    step = (float(time[-1]) - float(time[0])) / (time.size - 1)
    if not 0.0 < step < LONGEST_STEP:
        return None
    # A step that is a round number of nanoseconds is what was meant; the mean differs from it by rounding
    # only.
    rounded = round(step * 1e9) / 1e9
    if rounded > 0 and abs(rounded - step) * time.size <= STEP_TOLERANCE * rounded:
        step = rounded
    start = float(time[0])
    return (start, step) if step > 0 and _near(time, start, step) else None


def _near(time: Samples, start: float, step: float) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.abs(time - (start + step * np.arange(time.size))).max() <= STEP_TOLERANCE * step)
