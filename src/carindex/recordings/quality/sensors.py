"""Checks that compare channels: axes of one sensor, primary and redundant, left and right, code against code.

Does not belong here: what one channel shows by itself, see ``samples``, ``magnitude`` and ``waveform``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from carindex.messages import Finding
from carindex.recordings.quality.limits import locations, number, rows_for
from carindex.recordings.quality.signal import Signal, Test

# Load cells measure forces and moments on one time base, and criteria combine the two (Nij, tibia index).
_TOGETHER = {"MO": "FO"}


def _is_redundant(signal: Signal) -> bool:
    if signal.code is not None and signal.code.fine_location_2 == "RD":
        return True
    return signal.attribute(("primary or redundant", "channel status", "chstat")).upper() in (
        "R",
        "REDUNDANT",
    )


def sensors(test: Test, *, by_dimension: bool = True) -> Iterator[list[Signal]]:
    """Yield the axes of every sensor with at least two of them: same code but for the direction.

    With ``by_dimension`` false, forces and moments of a load cell count as one sensor.
    """
    found: dict[tuple[str, bool, str], list[Signal]] = {}
    for signal in test.timed:
        if signal.code is None or signal.code.direction not in "XYZ":
            continue
        dimension = signal.code.dimension
        if not by_dimension:
            dimension = _TOGETHER.get(dimension, dimension)
        key = (signal.code.text[:12], _is_redundant(signal), dimension)
        found.setdefault(key, []).append(signal)
    yield from (axes for axes in found.values() if len(axes) > 1)


def time_base_of_axes(test: Test) -> Iterator[Finding]:
    """Report axes of one sensor that differ in step, start or number of samples.

    The axes that differ from most others are refused, with a tie all of them: a resultant of values that were
    not measured at the same time is wrong. Axes that only end at different times share a span: warning.
    """
    for axes in sensors(test, by_dimension=False):
        step_difference = number("time", "step_difference")
        bases = [
            (
                round(np.log(signal.step) / step_difference),
                round(float(signal.time[0]) / (number("time", "start_difference") * signal.step)),
            )
            for signal in axes
        ]
        # Rounding to a grid may part two equal bases at its edge: compare directly before believing it.
        reference = axes[bases.index(Counter(bases).most_common(1)[0][0])]
        odd = [signal for signal in axes if not _same_base(signal, reference)]
        if odd and len(odd) >= len(axes) / 2:
            odd = list(axes)
        for signal in odd:
            other = next(s for s in axes if s is not signal and not _same_base(s, signal))
            yield signal.finding(
                "axes_time_base",
                signal.severity,
                step=f"{signal.step:.6g}",
                start=f"{signal.time[0]:.6g}",
                other=other.channel.label,
                other_step=f"{other.step:.6g}",
                other_start=f"{other.time[0]:.6g}",
            )
        if odd:
            continue
        longest = max(axes, key=lambda signal: signal.values.size)
        for signal in axes:
            if signal.values.size != longest.values.size:
                yield signal.finding(
                    "axes_length",
                    "warning",
                    found=signal.values.size,
                    other=longest.channel.label,
                    other_found=longest.values.size,
                )


def _same_base(signal: Signal, reference: Signal) -> bool:
    same_step = abs(signal.step - reference.step) <= number("time", "step_difference") * reference.step
    start = abs(float(signal.time[0]) - float(reference.time[0]))
    return same_step and start <= number("time", "start_difference") * reference.step


def dead_axis(test: Test) -> Iterator[Finding]:
    """Report an axis that shows noise only, or next to nothing, while the other axes of the sensor move.

    Real sensors leak one or more per cent of a cross axis, so that a sound one is never quite still.
    """
    for axes in sensors(test):
        largest = max(signal.smooth_peak for signal in axes)
        for signal in axes:
            if signal.low == signal.high:
                continue  # `flat` says it already
            if _is_dead(signal, largest):
                yield signal.finding(
                    "dead_axis",
                    signal.severity,
                    size=f"{signal.smooth_peak:.3g}",
                    largest=f"{largest:.3g}",
                    unit=signal.channel.unit,
                )


def _is_dead(signal: Signal, largest: float) -> bool:
    if signal.smooth_peak < number("noise", "silent") * largest:
        return True
    noise_only = signal.smooth_peak < number("noise", "dead") * signal.noise
    return noise_only and signal.smooth_peak < number("noise", "dead_sister") * largest


@dataclass(frozen=True)
class Pair:
    """A redundant channel, its primary, and all axes of the primary sensor."""

    primary: Signal
    redundant: Signal
    sensor: tuple[Signal, ...]


def _sensor_key(signal: Signal) -> str:
    assert signal.code is not None
    text = signal.code.text
    return text[:8] + text[10:14]


def redundant_pairs(test: Test) -> Iterator[Pair]:
    """Yield every redundant channel with its primary.

    The primary has the same code but for fine location 2, with ``00`` preferred; without a clear one no pair.
    """
    candidates: dict[str, list[Signal]] = {}
    for signal in test.timed:
        if signal.code is not None and not _is_redundant(signal):
            candidates.setdefault(_sensor_key(signal), []).append(signal)
    for signal in test.timed:
        if signal.code is None or not _is_redundant(signal):
            continue
        axes = candidates.get(_sensor_key(signal), [])
        same = [s for s in axes if s.code is not None and s.code.direction == signal.code.direction]
        alike = [
            s
            for s in same
            if s.code is not None and s.code.fine_location_2 in ("00", signal.code.fine_location_2)
        ]
        choice = alike or same
        if len(choice) == 1:
            yield Pair(choice[0], signal, tuple(axes))


def redundant_disagrees(test: Test, unusable: frozenset[str]) -> Iterator[Finding]:
    """Report primary and redundant sensors that disagree, by the rms of their difference.

    Measured on the smoothed signals in the crash window, against the whole sensor: a cross axis may differ
    more in itself. A partner that is unusable anyway is not compared: it must not discredit a sound one.
    """
    for pair in redundant_pairs(test):
        if {pair.primary.channel.label, pair.redundant.channel.label} & unusable:
            continue
        difference = _difference(pair)
        if difference is None or difference <= number("redundant", "warning"):
            continue
        grave = difference > number("redundant", "error")
        for signal, other in ((pair.primary, pair.redundant), (pair.redundant, pair.primary)):
            if not grave and signal is pair.primary:
                continue  # a warning needs to be said once, a refusal concerns both
            yield signal.finding(
                "redundant_disagrees",
                signal.severity if grave else "warning",
                other=other.channel.label,
                share=f"{difference * 100:.0f}",
                size=f"{signal.smooth_peak:.4g}",
                other_size=f"{other.smooth_peak:.4g}",
                unit=signal.channel.unit,
            )


def _difference(pair: Pair) -> float | None:
    a, b = pair.primary, pair.redundant
    part = a.window
    time = a.time[part]
    time = time[time <= b.end]
    if time.size < 10:
        return None
    first = a.smooth[part][: time.size] - a.rest
    second = np.interp(time, b.time, b.smooth) - b.rest
    axes = [s.smooth[s.window][: time.size] - s.rest for s in pair.sensor]
    power = sum(float(np.mean(axis**2)) for axis in axes if axis.size)
    return float(np.sqrt(np.mean((first - second) ** 2) / power)) if power > 0 else None


def sides_oppose(test: Test) -> Iterator[Finding]:
    """Report left and right sensors that move in opposite directions where both must move the same way."""
    sides: dict[str, dict[str, Signal]] = {}
    least = 0.0
    for signal in test.timed:
        rows = rows_for(signal.code, "pairs", "rows")
        if not rows or signal.code is None or signal.code.fine_location_1 not in ("LE", "RI"):
            continue
        least = rows[0]["least"]
        text = signal.code.text
        sides.setdefault(text[:6] + text[8:], {})[signal.code.fine_location_1] = signal
    for pair in sides.values():
        if len(pair) < 2:
            continue
        left, right = _excursion(pair["LE"]), _excursion(pair["RI"])
        if min(abs(left), abs(right)) >= least and left * right < 0:
            yield pair["LE"].finding(
                "sides_oppose",
                "warning",
                other=pair["RI"].channel.label,
                size=f"{left:.4g}",
                other_size=f"{right:.4g}",
                unit=pair["LE"].channel.unit,
            )


def _excursion(signal: Signal) -> float:
    part = signal.smooth[signal.window] - signal.rest
    return float(max(part.max(), part.min(), key=abs)) if part.size else 0.0


def duplicate_codes(test: Test) -> Iterator[Finding]:
    """Report channels that share one code: which one a criterion takes would be luck."""
    groups: dict[str, list[Signal]] = {}
    for signal in test.signals:
        if signal.code is not None:
            groups.setdefault(signal.code.text, []).append(signal)
    for group in groups.values():
        if len(group) < 2:
            continue
        equal = all(np.array_equal(group[0].values, s.values, equal_nan=True) for s in group[1:])
        if len(group) == 2 and _is_redundant(group[0]) != _is_redundant(group[1]):
            continue  # primary and redundant of a format that says so beside the code
        yield group[0].finding(
            "code_repeated_equal" if equal else "code_repeated",
            "note" if equal else group[0].severity,
            count=len(group),
            names=_names(group),
        )


def _names(signals: Sequence[Signal], most: int = 4) -> str:
    names = [signal.channel.name or signal.channel.place for signal in signals]
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")


def codes_unknown(test: Test) -> Iterator[Finding]:
    """Report channels without a channel code, with one that cannot be read, or with ``?`` in it."""
    without = [signal for signal in test.signals if signal.code is None]
    for signal in without:
        stated = signal.attribute(("channel code",))
        if stated and stated.casefold() != "novalue":
            yield signal.finding("code_invalid", "warning", stated=stated)
    unnamed = [s for s in without if s.attribute(("channel code",)).casefold() in ("", "novalue")]
    if unnamed:
        yield Finding(
            "recordings.code_missing",
            "note",
            str(test.recording.path),
            None,
            {"count": len(unnamed), "total": len(test.signals), "names": _names(unnamed)},
        )
    for signal in test.signals:
        if signal.code is not None and "?" in signal.code.text:
            yield signal.finding("code_open", "warning", stated=signal.code.text)


def dummy_unknown(test: Test) -> Iterator[Finding]:
    """Report positions whose channels name no dummy (``00``): dimensions and limits depend on it."""
    without: dict[str, list[Signal]] = {}
    named: set[str] = set()
    for signal in test.signals:
        code = signal.code
        if code is None or code.main_location not in locations("occupant") or code.position == "0":
            continue
        if code.main_location in locations("belt"):
            continue
        if code.fine_location_3 in ("00", "??"):
            without.setdefault(code.test_object + code.position, []).append(signal)
        else:
            named.add(code.test_object + code.position)
    for seat, signals in without.items():
        if seat in named or seat[1] in test.recording.occupants:
            continue
        yield Finding(
            "recordings.dummy_unknown",
            "warning",
            f"{test.recording.path} {signals[0].channel.label}",
            None,
            {"position": seat[1], "count": len(signals), "example": signals[0].channel.label},
        )
