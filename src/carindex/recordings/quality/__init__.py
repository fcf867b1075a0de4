"""Data quality of a recording: what is wrong with which channel, how grave it is and what follows.

Every check is a small function that takes one `Signal` or the whole `Test` and yields findings; this module
only runs them in order. Limits and their reasons are data (``quality_limits.yaml``), words are data
(``messages.yaml``). Nothing is ever corrected: an *error* refuses the criteria that need the channel, a
*warning* asks to look at it.

What the checks cannot see, because the values stay possible: a wrong unit of a single cross axis (g for m/s²
in the y axis of a frontal test), a scale error below a factor of about four, the sign of neck, lumbar and
pelvis loads, and a redundant sensor that is wrong in the same way as the primary one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import numpy as np

from carindex.messages import Finding
from carindex.recordings.formats import rde_exchange
from carindex.recordings.model import Channel, Recording
from carindex.recordings.quality import magnitude, remarks, samples, sensors, trip, waveform
from carindex.recordings.quality.signal import Signal, Test, read_signal

__all__ = ["examine", "refused_channels", "usable_span"]

SIGNAL_CHECKS: tuple[Callable[[Signal], Iterator[Finding]], ...] = (
    samples.sample_count,
    samples.not_finite,
    samples.time_order,
    samples.time_zero,
    samples.sampling_rate,
    magnitude.unit_of_dimension,
    magnitude.too_large,
    magnitude.beyond_rating,
    waveform.flat,
    waveform.held,
    waveform.saturated,
    waveform.offset_before_zero,
    remarks.laboratory_remark,
    remarks.filter_applied,
)
TEST_CHECKS: tuple[Callable[[Test], Iterator[Finding]], ...] = (
    samples.ends_early,
    samples.no_pre_trigger,
    magnitude.too_small,
    magnitude.velocity_out_of_line,
    waveform.polarity,
    sensors.time_base_of_axes,
    sensors.dead_axis,
    sensors.sides_oppose,
    sensors.duplicate_codes,
    sensors.codes_unknown,
    sensors.dummy_unknown,
    remarks.already_filtered,
    remarks.recording_remark,
)

# What holds for any measurement. The others look for a crash: its T0, its first tenth of a second, a sensor that
# must move. A recording without any channel code is none, such as a run on a test track with a target at rest.
ANY_SIGNAL_CHECKS = (
    samples.sample_count,
    samples.not_finite,
    samples.time_order,
    magnitude.unit_of_dimension,
    remarks.laboratory_remark,
)
ANY_TEST_CHECKS = (sensors.codes_unknown, remarks.recording_remark)
# An exchange file has no channel codes by its nature; it is always a drive.
TRIP_TEST_CHECKS = (*trip.CHECKS, remarks.recording_remark)

# A reader that counts samples or units itself has said these; they are not said twice.
_SAID_BY_READER = {
    "recordings.channel_empty": ("recordings.no_samples",),
    "recordings.samples_differ": ("recordings.sample_count", "recordings.truncated"),
    "recordings.samples_cut": ("recordings.sample_count", "recordings.truncated"),
    "recordings.unit_missing": ("recordings.missing_unit", "recordings.unknown_unit"),
    "recordings.no_time_base": ("recordings.no_time",),
    "recordings.time_uneven": ("recordings.time_not_constant", "recordings.time_irregular"),
    "recordings.time_count": ("recordings.time_length",),
    "recordings.code_invalid": ("recordings.no_code",),
}


def examine(recording: Recording) -> tuple[Finding, ...]:
    """Return every data-quality finding of a recording, with those the readers already had.

    Parameters
    ----------
    recording
        Any recording; channels that cannot be read at all are reported and left out of the other checks.

    Returns
    -------
    tuple of Finding
        First what the reader noticed, then channel by channel in the order of the file, then what only shows
        between channels. The same recording gives the same findings in the same order.
    """
    # Absurd values (1e308) may overflow on the way to being reported.
    with np.errstate(over="ignore", invalid="ignore"):
        signals: list[Signal] = []
        found: list[Finding] = list(recording.findings)
        for channel in recording.channels:
            signal = read_signal(channel)
            if isinstance(signal, Finding):
                found.append(signal)
            else:
                signals.append(signal)
                found.extend(channel.findings)
        coded = any(channel.code is not None for channel in recording)
        for signal in signals:
            for check in SIGNAL_CHECKS if coded else ANY_SIGNAL_CHECKS:
                found.extend(check(signal))
        test = Test(recording, tuple(signals))
        test_checks = TRIP_TEST_CHECKS if recording.format == rde_exchange.NAME else ANY_TEST_CHECKS
        for test_check in TEST_CHECKS if coded else test_checks:
            found.extend(test_check(test))
        found.extend(sensors.redundant_disagrees(test, refused_channels(found)))
    return _once(found)


def _once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    kept: list[Finding] = []
    said: dict[tuple[str, str | None], set[str]] = {}
    for finding in findings:
        earlier: set[str] = set()
        for code in _SAID_BY_READER.get(finding.code, ()):
            earlier |= said.get((code, finding.channel), set())
        # A graver judgement than the reader's stands beside it: the reader does not know what criteria need.
        if finding.severity in earlier or "error" in earlier:
            continue
        said.setdefault((finding.code, finding.channel), set()).add(finding.severity)
        if finding not in kept:
            kept.append(finding)
    return tuple(kept)


def refused_channels(findings: Iterable[Finding]) -> frozenset[str]:
    """Return the channels (code, without one the name) that an *error* makes unusable for any criterion."""
    return frozenset(f.channel for f in findings if f.severity == "error" and f.channel is not None)


def usable_span(channel: Channel) -> slice:
    """Return the samples that can be used without a gap: the unbroken run of numbers around T0.

    Parameters
    ----------
    channel
        A channel that may hold NaN or infinity, for example after the time its sensor was lost.

    Returns
    -------
    slice
        The longest run of finite samples that holds T0, or that starts first after it; empty without one.
    """
    signal = read_signal(channel)
    if isinstance(signal, Finding) or not signal.has_samples:
        return slice(0, 0)
    if signal.is_whole:
        return slice(0, signal.values.size)
    zero = signal.index(0.0) if signal.has_time else 0
    gaps = [-1, *(int(i) for i in (~signal.finite).nonzero()[0]), signal.values.size]
    runs = [(a + 1, b) for a, b in pairwise(gaps) if b - a > 1]
    first, last = next((run for run in runs if run[1] > zero), runs[-1])
    return slice(first, last)
