"""What all checks look at: a channel with the few numbers that most of them need, each computed once.

Belongs here: extremes, crash window, smoothing, noise and velocity change of one channel; and the recording's
usual end, speed and kind of impact. Does not belong here: any judgement, see the modules of the checks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from carindex.messages import Finding, InputError, Severity
from carindex.recordings.model import Channel, ChannelCode, Recording, Samples
from carindex.recordings.quality.limits import limits, number, severity_of, words


def smoothed(values: Samples, width: int) -> Samples:
    """Return the twofold moving average over ``width`` samples (made odd), the ends held; same shape."""
    width = min(max(1, width | 1), 2 * (values.size // 2) - 1)
    if width < 3:
        return values
    half = width // 2
    for _ in range(2):
        padded = np.empty(values.size + width)
        padded[0] = 0.0
        padded[1 : half + 1] = values[0]
        padded[half + 1 : half + 1 + values.size] = values
        padded[half + 1 + values.size :] = values[-1]
        sums = np.cumsum(padded)
        values = (sums[width:] - sums[:-width]) / width
    return values


@dataclass(frozen=True)
class Signal:
    """One channel as the checks see it.

    Attributes
    ----------
    channel
        The channel itself.
    values
        Its samples, shape ``(n,)``; may hold NaN and infinity.
    time
        Time of each sample in s, shape ``(n,)``.
    """

    channel: Channel
    values: Samples
    time: Samples

    @property
    def code(self) -> ChannelCode | None:
        """The channel code."""
        return self.channel.code

    @property
    def severity(self) -> Severity:
        """How grave a defect that would change a criterion is in this channel."""
        return severity_of(self.code)

    def finding(self, name: str, severity: Severity, **parameters: object) -> Finding:
        """Return a finding about this channel."""
        place = f"{self.channel.place} {self.channel.label}".strip()
        return Finding(
            f"recordings.{name}", severity, place, self.channel.label, MappingProxyType(dict(parameters))
        )

    @cached_property
    def finite(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which samples are numbers, shape ``(n,)``."""
        return np.isfinite(self.values)

    @cached_property
    def is_whole(self) -> bool:
        """Whether every sample is a number."""
        return bool(self.finite.all())

    @cached_property
    def span(self) -> tuple[int, int]:
        """Index of the first number and the index after the last; ``(0, 0)`` without any."""
        if self.is_whole:
            return 0, self.values.size
        indices = np.flatnonzero(self.finite)
        return (int(indices[0]), int(indices[-1]) + 1) if indices.size else (0, 0)

    @cached_property
    def clean(self) -> Samples:
        """The samples with every gap filled by a straight line, so that sums make sense; shape ``(n,)``."""
        if self.is_whole:
            return self.values
        known = np.flatnonzero(self.finite)
        if not known.size:
            return np.zeros_like(self.values)
        return np.interp(np.arange(self.values.size), known, self.values[known])

    @cached_property
    def has_samples(self) -> bool:
        """Whether there is any number at all."""
        return self.span[1] > self.span[0]

    @cached_property
    def has_time(self) -> bool:
        """Whether every time is known and later than the one before."""
        if self.channel.has_constant_step:
            return bool(self.channel.step > 0) and bool(np.isfinite(self.channel.start))
        return self.time.size == self.values.size and bool(np.all(np.diff(self.time) > 0))

    @cached_property
    def step(self) -> float:
        """Sampling interval in s, for an explicit time the median; NaN when unknown."""
        if self.channel.has_constant_step:
            return self.channel.step if self.has_time else float("nan")
        return float(np.median(np.diff(self.time))) if self.has_time and self.time.size > 1 else float("nan")

    @cached_property
    def is_timed(self) -> bool:
        """Whether there are samples, and a time base to judge them on."""
        return self.has_samples and self.has_time and self.step > 0 and self.values.size > 4

    @cached_property
    def low(self) -> float:
        """Smallest sample."""
        return float(self.clean.min()) if self.has_samples else 0.0

    @cached_property
    def high(self) -> float:
        """Largest sample."""
        return float(self.clean.max()) if self.has_samples else 0.0

    @cached_property
    def peak(self) -> float:
        """Largest magnitude of a sample."""
        return max(self.high, -self.low)

    @cached_property
    def end(self) -> float:
        """Time of the last number in s."""
        return self.time_at(self.span[1] - 1) if self.has_samples else float("nan")

    def time_at(self, index: int) -> float:
        """Return the time of a sample in s, NaN when the file gives fewer times than samples."""
        return float(self.time[index]) if index < self.time.size else float("nan")

    def index(self, time: float) -> int:
        """Return the index of the first sample at or after a time."""
        return int(np.searchsorted(self.time, time - 1e-9))

    @cached_property
    def window(self) -> slice:
        """The samples of the crash window."""
        return slice(
            self.index(number("crash_window", "start")), self.index(number("crash_window", "end") + 1e-9)
        )

    @cached_property
    def before(self) -> Samples:
        """The samples before T0 that offset and quiet noise are taken from; may be empty."""
        return self.clean[self.span[0] : max(self.index(number("offset", "before")), self.span[0])]

    @cached_property
    def smooth(self) -> Samples:
        """The samples after a short moving average, shape ``(n,)``."""
        return smoothed(self.clean, round(number("noise", "smoothing") / self.step))

    @cached_property
    def rest(self) -> float:
        """Level of rest: the mean before T0, without pre-trigger samples the median of the record."""
        if self.before.size >= number("offset", "samples"):
            return float(self.before.mean())
        return float(np.median(self.clean))

    @cached_property
    def smooth_peak(self) -> float:
        """Largest magnitude of the smoothed samples in the crash window, from the level of rest."""
        part = self.smooth[self.window]
        if not part.size:
            part = self.smooth
        return float(max(part.max() - self.rest, self.rest - part.min()))

    @cached_property
    def noise(self) -> float:
        """Standard deviation of the sample noise, from the differences of neighbours (robust)."""
        if self.values.size < 3:
            return 0.0
        return float(np.median(np.abs(np.diff(self.clean)))) / (0.6745 * math.sqrt(2.0))

    @cached_property
    def velocity_change(self) -> float:
        """Integral of the samples from T0, its largest magnitude with its sign, unit times s.

        The mean before T0 is taken off first, so that an offset is not mistaken for a pulse.
        """
        change = np.cumsum(self._loading)
        return float(max(change.max(), change.min(), key=abs)) * self.step if change.size else 0.0

    @property
    def _loading(self) -> Samples:
        part = self.clean[self.index(0.0) : self.index(number("velocity", "end"))]
        return part - float(self.before.mean()) if self.before.size >= number("offset", "samples") else part

    @cached_property
    def goes_one_way(self) -> bool:
        """Whether the velocity change has a sign worth believing: not noise, not vibration to and fro."""
        way = float(np.abs(self._loading).sum()) * self.step
        return way > number("velocity", "least_way") and abs(self.velocity_change) > (
            number("velocity", "one_way") * way
        )

    @cached_property
    def attributes(self) -> Mapping[str, str]:
        """Header entries with their keys in lower case, keys and values without outer blanks."""
        return _tidy(self.channel.attributes)

    def attribute(self, keys: Iterable[str]) -> str:
        """Return the header entry under the first of some keys that is there, else an empty text."""
        return _first_of(self.attributes, keys)


def _tidy(attributes: Mapping[str, str]) -> Mapping[str, str]:
    return {key.strip().casefold(): str(value).strip() for key, value in attributes.items()}


def _first_of(attributes: Mapping[str, str], keys: Iterable[str]) -> str:
    return next((attributes[key] for key in keys if key in attributes), "")


def read_signal(channel: Channel) -> Signal | Finding:
    """Return the channel with its samples, or a finding when they cannot be read at all."""
    try:
        values, time = channel.values, channel.time
    except InputError as problem:
        return problem.as_finding("error", channel.label)
    return Signal(channel, values, time)


@dataclass(frozen=True)
class Test:
    """All signals of a recording, and what can only be known from them together."""

    __test__ = False

    recording: Recording
    signals: tuple[Signal, ...]

    @cached_property
    def timed(self) -> tuple[Signal, ...]:
        """The signals with samples and a time base."""
        return tuple(signal for signal in self.signals if signal.is_timed)

    @cached_property
    def attributes(self) -> Mapping[str, str]:
        """Header entries of the recording with their keys in lower case."""
        return _tidy(self.recording.attributes)

    @cached_property
    def usual_end(self) -> float:
        """Median end of the channels in s."""
        return float(np.median([signal.end for signal in self.timed])) if self.timed else float("nan")

    def _trunk(self, direction: str) -> tuple[Signal, ...]:
        places = limits()["velocity"]["trunk"]
        return tuple(
            signal
            for signal in self.timed
            if signal.code is not None
            and signal.code.main_location in places
            and signal.code.dimension == "AC"
            and signal.code.direction == direction
        )

    @cached_property
    def trunk(self) -> tuple[Signal, ...]:
        """The accelerations along x whose velocity change follows the one of the car."""
        return self._trunk("X")

    @cached_property
    def trunk_across(self) -> tuple[Signal, ...]:
        """The same along y."""
        return self._trunk("Y")

    def voters(self, test_object: str) -> tuple[Signal, ...]:
        """Return the signals of one test object that tell the direction and size of the pulse."""
        return _of_object(self.trunk, test_object)

    def usual_change(self, test_object: str) -> float | None:
        """Return the median size of the x velocity change in m/s, ``None`` with too few channels."""
        voters = self.voters(test_object)
        if len(voters) < number("velocity", "voters"):
            return None
        return _usual_change(voters)

    def speed(self, test_object: str) -> float | None:
        """Return the speed that the header states for a test object in m/s, ``None`` when it states none."""
        keys = (key.format(object=test_object) for key in limits()["speed_keys"])
        try:
            speed = abs(float(_first_of(self.attributes, keys).replace(",", ".")))
        except ValueError:
            return None
        return speed if number("velocity", "confident") < speed < number("velocity", "largest") else None

    @cached_property
    def stated_impact(self) -> str:
        """Kind of impact in the words of the header: ``frontal``, ``rear``, ``side`` or ``unknown``."""
        impact = limits()["impact"]
        text = " ".join(_first_of(self.attributes, (key,)) for key in impact["keys"])
        found = [kind for kind, pattern in impact["words"].items() if words(pattern).search(text)]
        return found[0] if len(found) == 1 else "unknown"

    @cached_property
    def _impacts(self) -> dict[str, str]:
        return {}

    def impact(self, test_object: str) -> str:
        """Return the kind of impact of a test object, from the header or by a majority of the channels."""
        if self.stated_impact != "unknown":
            return self.stated_impact
        if test_object not in self._impacts:
            self._impacts[test_object] = self._majority(test_object)
        return self._impacts[test_object]

    def _majority(self, test_object: str) -> str:
        voters = self.voters(test_object)
        across = _of_object(self.trunk_across, test_object)
        if across and voters and _usual_change(across) > _usual_change(voters):
            return "side"
        sure = [signal for signal in voters if signal.goes_one_way]
        if len(sure) < number("velocity", "voters") or len(sure) < len(voters) / 2:
            return "unknown"
        negative = sum(signal.velocity_change < 0 for signal in sure) / len(sure)
        if negative >= number("velocity", "majority"):
            return "frontal"
        return "rear" if 1 - negative >= number("velocity", "majority") else "unknown"


def _of_object(signals: tuple[Signal, ...], test_object: str) -> tuple[Signal, ...]:
    return tuple(s for s in signals if s.code is not None and s.code.test_object == test_object)


def _usual_change(signals: tuple[Signal, ...]) -> float:
    return float(np.median([abs(signal.velocity_change) for signal in signals]))
