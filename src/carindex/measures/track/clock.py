"""Channels of a run on one clock.

Belongs here: bridging short gaps, the time that channels share, reading one raster at the instants of another.
Does not belong here: which channels (`channels`).

Test tracks record position at 100 Hz and warnings at whatever rate the bus has. The clock is that of the finest
channel that moves; the others are read on straight lines between their samples, a switch keeps its last value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from carindex.criteria.peaks import FloatArray
from carindex.measures.planning import finding
from carindex.measures.processing import UnusableChannelError
from carindex.measures.track.rules import TIME, track_rules
from carindex.recordings import Channel

# The last digit of a printed time.
_SAME_STEP = 0.02


@dataclass(frozen=True)
class Samples:
    """Samples of one channel without its missing ones: times, s, rising, and values, ``(n,)`` each."""

    time: FloatArray
    values: FloatArray


def samples_of(channel: Channel, kind: str) -> Samples:
    """Return the samples of a channel from its first to its last number.

    Raises
    ------
    UnusableChannelError
        Without a rising time, with fewer than two samples, or with a gap that is too long to bridge.
    """
    time, values = channel.time, channel.values
    place = f"{channel.place} {channel.label}".strip()
    if time.size != values.size or not np.isfinite(time).all() or not (np.diff(time) > 0).all():
        raise UnusableChannelError(
            finding("track_time", "error", place, channel.label, channel=channel.label)
        )
    kept = np.isfinite(values)
    if kept.sum() < 2:
        raise UnusableChannelError(
            finding("track_empty", "error", place, channel.label, channel=channel.label)
        )
    time, values = time[kept], values[kept]
    longest, gaps = track_rules().longest_gap, np.diff(time)
    # A slow raster has long steps everywhere; a gap is a step that is long beside the others too.
    usual = float(np.median(np.diff(channel.time)))
    if kind != "switch" and gaps.max() > max(longest + 1e-6, 1.5 * usual):
        index = int(np.argmax(gaps))
        parameters = {"channel": channel.label, "begin": f"{time[index]:.3f}", "length": f"{gaps[index]:.3f}"}
        raise UnusableChannelError(
            finding("track_gap", "error", place, channel.label, longest=f"{longest:g}", **parameters)
        )
    return Samples(time, np.unwrap(values) if kind == "angle" else values)


def on_one_clock(channels: Mapping[str, Samples], kinds: Mapping[str, str]) -> dict[str, FloatArray] | None:
    """Return channels by role on one clock, which is in the result as `TIME`; ``None`` when they share no time.

    Parameters
    ----------
    channels
        Samples by role, at least one.
    kinds
        What each role is; switches do not choose the clock unless there is nothing else.
    """
    moving = [role for role in channels if kinds[role] != "switch"] or list(channels)
    finest = min(moving, key=lambda role: float(np.median(np.diff(channels[role].time))))
    begin = max(samples.time[0] for samples in channels.values())
    end = min(samples.time[-1] for samples in channels.values())
    # Rasters of one recording may begin at times that differ in the last digit.
    slack = 1e-9 * max(1.0, abs(begin), abs(end))
    clock = channels[finest].time
    clock = clock[(clock >= begin - slack) & (clock <= end + slack)]
    if clock.size < 2:
        return None
    found = {TIME: clock}
    for role, samples in channels.items():
        if kinds[role] == "switch":
            last = np.searchsorted(samples.time, clock + slack, side="right") - 1
            found[role] = samples.values[np.maximum(last, 0)]
        else:
            found[role] = np.interp(clock, samples.time, samples.values)
    return found


def step_of(clock: FloatArray) -> float:
    """Return the step of a clock in s, NaN where it is not constant."""
    steps = np.diff(clock)
    mean = float(clock[-1] - clock[0]) / steps.size
    return mean if float(np.abs(steps - mean).max()) <= _SAME_STEP * mean else float("nan")
