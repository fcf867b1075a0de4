"""From channels to filtered signals on one time base.

Belongs here: the gap-free part of a channel, the decision whether and how it is filtered, filtering many
channels at once, cutting several channels to the time they share. Does not belong here: which class a measure
asks for (data), the filters themselves (`carindex.criteria.filters`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from carindex.criteria import filters
from carindex.criteria.peaks import FloatArray
from carindex.measures.catalogue import Filter, rules
from carindex.messages import Finding
from carindex.recordings import Channel
from carindex.recordings.quality import usable_span

# Times printed with few digits differ in the last one; a step that varies by more is no constant step.
_STEP_TOLERANCE = 0.01
_SAME_STEP = 1e-4


class UnusableChannelError(Exception):
    """A channel that cannot be processed; carries the finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.line())
        self.finding = finding


@dataclass(frozen=True)
class Signal:
    """Samples on a constant time base: values in canonical units, time of the first sample and step in s."""

    values: FloatArray
    start: float
    step: float


@dataclass(frozen=True)
class Decision:
    """What is done to a channel before a criterion is computed.

    Attributes
    ----------
    apply
        Whether the filter of the measure is applied.
    name
        Short name for tables, such as ``CFC600``; a language each.
    text
        The same for the method, with the standard; a language each.
    finding
        A finding about it, if there is something to say.
    """

    apply: bool
    name: Mapping[str, str]
    text: Mapping[str, str]
    finding: Finding | None = None


def signal_of(channel: Channel) -> Signal:
    """Return the gap-free part of a channel around time zero on its constant time base.

    Raises
    ------
    UnusableChannelError
        When there is no sample, no time base, or no constant step.
    """
    values = channel.values
    if channel.has_constant_step:
        start, step = channel.start, channel.step
    else:
        start, step = _constant_step(channel)
    if not (math.isfinite(start) and math.isfinite(step) and step > 0):
        raise UnusableChannelError(_finding("no_time_base", channel))
    if not np.isfinite(values).all():
        span = usable_span(channel)
        values, start = values[span], start + step * span.start
    if values.size < 5:
        raise UnusableChannelError(_finding("too_few_samples", channel, count=int(values.size)))
    return Signal(values, start, step)


def _constant_step(channel: Channel) -> tuple[float, float]:
    time = channel.time
    if time.size < 2 or time.size != channel.values.size:
        return math.nan, math.nan
    step = float(time[-1] - time[0]) / (time.size - 1)
    deviation = np.abs(time - (time[0] + step * np.arange(time.size))).max()
    if not (step > 0 and deviation <= max(_STEP_TOLERANCE * step, 0.6e-6)):
        return math.nan, math.nan
    return float(time[0]), step


def _finding(name: str, channel: Channel, **parameters: object) -> Finding:
    place = f"{channel.place} {channel.label}".strip()
    return Finding(
        f"measures.{name}", "error", place, channel.label, {"channel": channel.label, **parameters}
    )


def _cut_off(channel: Channel) -> float | None:
    """Return the -3 dB frequency in Hz of the filter the channel was recorded through, ``None`` if not stated."""
    for key, text in channel.attributes.items():
        if key.lower() in ("cut off frequency", "cut-off frequency"):
            try:
                frequency = float(text.split()[0].replace(",", "."))
            except (ValueError, IndexError):
                return None
            return frequency if math.isfinite(frequency) and frequency > 0 else None
    return None


def _applied(channel: Channel) -> float | None:
    """Return the class that the filter letter of the code says was applied already, ``None`` without one."""
    return rules().filter_letters.get(channel.code.filter_class) if channel.code else None


def decide(channel: Channel, wanted: Filter, step: float) -> Decision:
    """Return what is done to a channel: filtered, taken as recorded, or left as it was filtered already.

    A channel is never filtered down to a class it already has or is below. Sampled too slowly for the class it
    is taken as recorded, with a finding, because the class cannot be applied.
    """
    words = rules().words
    name = f"CFC{wanted.cfc:g}"
    applied = _applied(channel)
    if applied is not None and applied <= wanted.cfc:
        text = {lang: t.format(name=f"CFC{applied:g}") for lang, t in words["already"].items()}
        return Decision(False, text, text)
    cut_off = _cut_off(channel)
    if applied is None and wanted.as_recorded is not None and cut_off is not None:
        low, high = wanted.as_recorded
        if low <= cut_off <= high:
            text = {lang: t.format(cut_off=f"{cut_off:g}") for lang, t in words["as_recorded"].items()}
            return Decision(False, text, text)
    if step * filters.minimum_sampling_rate(wanted.cfc) > 1.0 + 1e-4:
        text = {lang: t.format(rate=f"{1 / step:.0f}", name=name) for lang, t in words["slow"].items()}
        parameters = {"rate": f"{1 / step:.0f}", "name": name,
                      "needed": f"{filters.minimum_sampling_rate(wanted.cfc):.0f}"}  # fmt: skip
        place = f"{channel.place} {channel.label}".strip()
        finding = Finding("measures.not_filtered", "warning", place, channel.label, parameters)
        return Decision(False, text, text, finding)
    standard = rules().standards[wanted.standard]
    by = {lang: t.format(name=name, standard=standard) for lang, t in words["by"].items()}
    return Decision(True, dict.fromkeys(by, name), by)


def filter_all(
    requests: Iterable[tuple[int, Signal, float, str]],
) -> dict[tuple[int, float, str], Signal]:
    """Filter many signals, those of equal class, step and length in one pass.

    Parameters
    ----------
    requests
        Key, signal, channel frequency class and standard; what comes twice is filtered once.

    Returns
    -------
    dict
        Filtered signal by key, class and standard.
    """
    groups: dict[tuple[float, str, float, int], dict[int, Signal]] = {}
    for key, signal, cfc, standard in requests:
        groups.setdefault((cfc, standard, signal.step, signal.values.size), {})[key] = signal
    found: dict[tuple[int, float, str], Signal] = {}
    for (cfc, standard, step, _), members in groups.items():
        rows = np.stack([signal.values for signal in members.values()])
        filtered = filters.cfc(rows, step, cfc, cast(filters.Standard, standard))
        for row, (key, signal) in zip(filtered, members.items(), strict=True):
            found[key, cfc, standard] = Signal(row, signal.start, step)
    return found


def shared_time(signals: Mapping[str, Signal], labels: Mapping[str, str]) -> dict[str, Signal]:
    """Cut signals to the time they share, sample on sample.

    Parameters
    ----------
    signals
        Signals by role. Steps must agree; samples up to half a step apart count as simultaneous.
    labels
        Channel label of each role, for messages.

    Raises
    ------
    UnusableChannelError
        When steps differ or no time is shared.
    """
    (role, first), *others = signals.items()
    step = first.step
    for other_role, other in others:
        if abs(other.step - step) > _SAME_STEP * step:
            parameters = {"channel": labels[other_role], "step": f"{other.step:g}",
                          "other": labels[role], "other_step": f"{step:g}"}  # fmt: skip
            label = labels[other_role]
            raise UnusableChannelError(Finding("measures.steps_differ", "error", label, label, parameters))
    offsets = {r: round((s.start - first.start) / step) for r, s in signals.items()}
    begin = max(offsets.values())
    end = min(offset + signals[r].values.size for r, offset in offsets.items())
    if end - begin < 5:
        parameters = {"channels": ", ".join(dict.fromkeys(labels.values()))}
        raise UnusableChannelError(
            Finding("measures.no_shared_time", "error", labels[role], labels[role], parameters)
        )
    start = first.start + begin * step
    return {
        r: Signal(s.values[begin - offsets[r] : end - offsets[r]], start, step) for r, s in signals.items()
    }
