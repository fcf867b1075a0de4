"""Checks of the samples and their time base: number, gaps, order, start, end and rate.

Does not belong here: what the values mean, see ``magnitude`` and ``waveform``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from carindex.messages import Finding, Severity
from carindex.recordings.quality.limits import limits, number, rows_for
from carindex.recordings.quality.remarks import valid_until
from carindex.recordings.quality.signal import Signal, Test


def sample_count(signal: Signal) -> Iterator[Finding]:
    """Report a number of samples that differs from the header, and a channel without any."""
    found, declared = signal.values.size, signal.channel.declared_samples
    if not signal.has_samples:
        yield signal.finding("channel_empty", signal.severity, found=found)
        return
    if declared is None or declared == found:
        return
    missing = declared - found
    # A few samples more or less move no criterion; beyond that the file was cut off when written or sent.
    cut = missing > number("record", "samples_tolerated") * declared
    yield signal.finding(
        "samples_cut" if cut else "samples_differ",
        signal.severity if cut else "warning",
        found=found,
        declared=declared,
        end=_ms(signal.end),
    )


def _ms(time: float) -> str:
    return f"{time * 1e3:.1f}"


def not_finite(signal: Signal) -> Iterator[Finding]:
    """Report NaN and infinity between the first and the last number of a channel.

    Inside the crash window the peak may lie in the gap: error. Elsewhere the gap can be left out: warning.
    Missing samples at the end are the business of `ends_early`, at the beginning of `time_zero`.
    """
    if signal.is_whole or not signal.has_samples:
        return
    first, last = signal.span
    bad = ~signal.finite
    bad[:first] = bad[last:] = False
    infinite = int(np.isinf(signal.values).sum())
    indices = np.flatnonzero(bad)
    if not indices.size:
        if infinite:
            yield signal.finding("infinite_at_end", "warning", infinite=infinite)
        return
    window = signal.window if signal.is_timed else slice(None)
    severity: Severity = signal.severity if bad[window].any() else "warning"
    yield signal.finding(
        "not_finite",
        severity,
        count=int(indices.size),
        infinite=infinite,
        first=_ms(signal.time_at(int(indices[0]))),
        last=_ms(signal.time_at(int(indices[-1]))),
    )


def time_order(signal: Signal) -> Iterator[Finding]:
    """Report a time base that is unknown, goes back, or has holes."""
    channel = signal.channel
    if channel.has_constant_step:
        if not signal.has_time:
            yield signal.finding("no_time_base", signal.severity, step=channel.step, start=channel.start)
        return
    if signal.time.size != signal.values.size:
        yield signal.finding(
            "time_count", signal.severity, times=signal.time.size, samples=signal.values.size
        )
        return
    steps = np.diff(signal.time)
    back = np.flatnonzero(~(steps > 0))  # catches NaN too
    if back.size:
        yield signal.finding(
            "time_not_rising", signal.severity, count=int(back.size), sample=int(back[0]) + 2
        )
        return
    if not steps.size:
        return
    widest = int(steps.argmax())
    if steps[widest] > number("time", "gap") * signal.step:
        begins, ends = signal.time[widest], signal.time[widest + 1]
        window = limits()["crash_window"]
        inside = begins < window["end"] and ends > window["start"]
        yield signal.finding(
            "time_gap",
            signal.severity if inside else "warning",
            first=_ms(float(begins)),
            last=_ms(float(ends)),
        )
    elif float(np.abs(steps - signal.step).max()) > number("time", "jitter") * signal.step:
        yield signal.finding("time_uneven", "warning", least=f"{steps.min():.4g}", most=f"{steps.max():.4g}")


def time_zero(signal: Signal) -> Iterator[Finding]:
    """Report a record that does not hold T0."""
    if not signal.is_timed:
        return
    first = float(signal.time[signal.span[0]])
    late = number("record", "start_tolerated")
    if first > late or signal.end < 0:
        yield signal.finding("time_zero_outside", signal.severity, first=_ms(first), last=_ms(signal.end))


def sampling_rate(signal: Signal) -> Iterator[Finding]:
    """Report a rate too low for the channel class that the criteria apply (SAE J211/1, ISO 6487)."""
    if not signal.is_timed:
        return
    for row in rows_for(signal.code, "filter_classes", "rows"):
        rate, needed = 1.0 / signal.step, number("sampling", "per_class") * row["class"]
        if rate < needed * (1 - number("time", "jitter")):
            refused = rate < number("sampling", "refused_below") * needed
            yield signal.finding(
                "sampling_rate",
                "error" if refused else "warning",
                rate=f"{rate:.4g}",
                needed=f"{needed:.0f}",
                cfc=row["class"],
            )


def no_pre_trigger(test: Test) -> Iterator[Finding]:
    """Report once how many channels begin at T0: their offset cannot be checked."""
    without = [s for s in test.timed if abs(s.time[0]) <= number("record", "start_tolerated")]
    if without:
        yield Finding(
            "recordings.no_pre_trigger",
            "note",
            str(test.recording.path),
            None,
            {"count": len(without), "total": len(test.signals), "example": without[0].channel.label},
        )


def ends_early(test: Test) -> Iterator[Finding]:
    """Report channels that end before the others, and a recording that ends before the event is over."""
    needed, early = number("record", "needed_end"), number("record", "early_by")
    usual = test.usual_end
    for signal in test.timed:
        if signal.end < usual - early:
            remark = valid_until(signal)
            if remark is not None and abs(remark - signal.end) < 2e-3:
                continue  # the laboratory says so itself, and its remark is reported
            severity = signal.severity if signal.end < needed else "warning"
            yield signal.finding("ends_early", severity, end=_ms(signal.end), usual=_ms(usual))
        elif signal.end < needed and _still_active(signal):
            yield signal.finding("active_at_end", signal.severity, end=_ms(signal.end))
    if usual < needed:
        yield Finding(
            "recordings.record_short",
            "warning",
            str(test.recording.path),
            None,
            {"end": _ms(usual), "needed": _ms(needed)},
        )


def _still_active(signal: Signal) -> bool:
    last = signal.span[1]
    tail = signal.clean[max(0, last - max(1, round(number("record", "tail") / signal.step))) : last]
    level = abs(float(tail.mean()) - signal.rest)
    return signal.peak > 0 and level > number("record", "active_at_end") * signal.peak
