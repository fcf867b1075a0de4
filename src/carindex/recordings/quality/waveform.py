"""Checks of one channel's shape: flat, held, clipped, shifted before T0, against the sign convention.

Does not belong here: comparisons between channels, see ``sensors``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from carindex.messages import Finding
from carindex.recordings.model import Samples
from carindex.recordings.quality.limits import limits, number, rows_for
from carindex.recordings.quality.magnitude import is_belt
from carindex.recordings.quality.signal import Signal, Test


def _repeats(values: Samples) -> tuple[int, int]:
    """Return first index and length of the longest run of equal samples."""
    if not values.size:
        return 0, 0
    edges = np.flatnonzero(np.diff(values) != 0) + 1
    bounds = np.concatenate(([0], edges, [values.size]))
    lengths = np.diff(bounds)
    longest = int(lengths.argmax())
    return int(bounds[longest]), int(lengths[longest])


def flat(signal: Signal) -> Iterator[Finding]:
    """Report a channel whose every sample is the same."""
    if signal.has_samples and signal.values.size > 4 and signal.low == signal.high:
        yield signal.finding("flat", signal.severity, value=f"{signal.low:.4g}", unit=signal.channel.unit)


def held(signal: Signal) -> Iterator[Finding]:
    """Report a value that is repeated for several milliseconds inside the crash window: lost data.

    A hold away from zero is impossible in a measured signal; at zero it may be a force that is not yet or no
    longer there (calculated signals), so that only a hold between two movements counts, as a warning.
    """
    if not signal.is_timed or signal.low == signal.high:
        return
    begin = max(signal.window.start, signal.span[0])
    part = signal.clean[begin : min(signal.window.stop, signal.span[1])]
    first, length = _repeats(part)
    table = limits()["hold"]
    if length < table["samples"] or length * signal.step < table["time"]:
        return
    level = float(part[first])
    at_zero = abs(level) <= table["zero"] * signal.peak
    at_edge = first == 0 or first + length >= part.size
    if (at_zero and at_edge) or (level in (signal.high, signal.low) and _is_high(signal, level)):
        return  # at rest, or a matter of `saturated`
    begins = float(signal.time[begin + first])
    yield signal.finding(
        "held",
        "warning" if at_zero else signal.severity,
        value=f"{level:.4g}",
        unit=signal.channel.unit,
        first=f"{begins * 1e3:.1f}",
        duration=f"{length * signal.step * 1e3:.1f}",
    )


def saturated(signal: Signal) -> Iterator[Finding]:
    """Report a clipped peak: several samples at the extreme value that are entered or left by a jump."""
    if not signal.is_timed or signal.low == signal.high:
        return
    table = limits()["saturation"]
    values = signal.clean
    for extreme in (signal.high, signal.low):
        if not _is_high(signal, extreme):
            continue
        at_extreme = values == extreme
        if int(at_extreme.sum()) < table["samples"]:  # cheap, and true for nearly every channel
            continue
        first, length = _longest_true(at_extreme)
        inside = first > 0 and first + length < values.size
        if length < table["samples"] or not inside:
            continue
        steps = np.abs(np.diff(values))
        resolution = float(steps[steps > 0].min())
        entered, left = steps[first - 1], steps[first + length - 1]
        if max(entered, left) > table["jump"] * resolution:
            yield signal.finding(
                "saturated",
                signal.severity,
                value=f"{extreme:.4g}",
                unit=signal.channel.unit,
                count=length,
                first=f"{signal.time[first] * 1e3:.1f}",
            )


def _is_high(signal: Signal, level: float) -> bool:
    return abs(level - signal.rest) >= number("saturation", "level") * signal.peak


def _longest_true(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[int, int]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    longest = int((ends - starts).argmax())
    return int(starts[longest]), int(ends[longest] - starts[longest])


def offset_before_zero(signal: Signal) -> Iterator[Finding]:
    """Report a mean before T0 that is not zero, for quantities that start from zero."""
    if not signal.is_timed or signal.code is None or signal.low == signal.high:
        return
    table = limits()["offset"]
    bound = table["absolute"].get(signal.code.dimension)
    if bound is None or signal.before.size < table["samples"]:
        return
    offset = float(signal.before.mean())
    share = abs(offset) / signal.peak
    if abs(offset) <= bound or share <= table["warning"]:
        return
    grave = share > table["error"] and not is_belt(signal)
    yield signal.finding(
        "offset_before_zero",
        signal.severity if grave else "warning",
        offset=f"{offset:.4g}",
        unit=signal.channel.unit,
        share=f"{share * 100:.0f}",
    )


def polarity(test: Test) -> Iterator[Finding]:
    """Report channels that move against the sign convention of SAE J211/1, where the sign is beyond doubt.

    Error where a criterion reads one sign only, so that it would take a loaded occupant for an unloaded one;
    warning where it takes the resultant or the magnitude. Neck, lumbar spine and pelvis forces are not
    judged: both signs occur in sound tests.
    """
    dominance = number("polarity", "dominance")
    for signal in test.timed:
        for row in rows_for(signal.code, "polarity", "rows"):
            assert signal.code is not None
            if test.impact(signal.code.test_object) not in row["impacts"]:
                continue
            part = signal.smooth[signal.window]
            if not part.size:
                continue
            with_sign = max(float((row["sign"] * (part - signal.rest)).max()), 0.0)
            against = max(float((-row["sign"] * (part - signal.rest)).max()), 0.0)
            if against >= row["least"] and against > dominance * with_sign:
                yield signal.finding(
                    "polarity",
                    "error" if row["read"] == "sign" else "warning",
                    size=f"{-row['sign'] * against:.4g}",
                    unit=signal.channel.unit,
                    sign="+" if row["sign"] > 0 else "−",
                )
    yield from _polarity_of_velocity(test)


def _polarity_of_velocity(test: Test) -> Iterator[Finding]:
    table = limits()["polarity_of_velocity"]
    for signal in test.trunk:
        assert signal.code is not None
        expected = {"frontal": -1, "rear": 1}.get(test.impact(signal.code.test_object))
        change = signal.velocity_change
        if expected is None or abs(change) < number("velocity", "confident") or change * expected > 0:
            continue
        # Pulse criteria integrate the acceleration with its sign: the car would gain speed. Occupant criteria
        # use resultants, which a wrong sign leaves as they are.
        yield signal.finding(
            "polarity_of_velocity",
            "error" if signal.code.main_location in table["refused"] else "warning",
            change=f"{change:.1f}",
            sign="+" if expected > 0 else "−",
        )
