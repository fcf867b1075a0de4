"""Checks of a road trip with exhaust measurement: is what was recorded possible, and did the analysers drift?

Belongs here: what only makes sense for a drive of minutes, with a line a second. Does not belong here: samples and
time base (`samples`); whether the trip counts as valid for a regulation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carindex.messages import Finding
from carindex.recordings.quality.limits import limits, number, words
from carindex.recordings.quality.signal import Signal, Test
from carindex.units import conversion, ratio

_KINDS = {"zero": {"en": "zero", "zh": "零点"}, "span": {"en": "span", "zh": "量距点"}}
_NUMBER = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)?(?:[eE][-+]?[0-9]+)?")


def _trip() -> Mapping[str, Any]:
    found: Mapping[str, Any] = limits()["trip"]
    return found


def _where(signal: Signal, index: int, first_line: int) -> dict[str, object]:
    return {"time": f"{signal.time_at(index):g}", "line": first_line + index}


def _first_line(test: Test) -> int:
    """Return the line of the first sample; lines are counted from 1 where the file does not say more."""
    text = test.recording.attributes.get("first line of values", "1")
    return int(text) if text.isdigit() else 1


def slow(test: Test) -> Iterator[Finding]:
    """Report a record with less than one value a second."""
    step = max((signal.step for signal in test.timed), default=0.0)
    if step > number("trip", "step"):
        yield Finding(
            "recordings.trip_slow", "warning", str(test.recording.path), None, {"step": f"{step:g}"}
        )


def impossible(test: Test) -> Iterator[Finding]:
    """Report values that no trip can have, with the place of the first."""
    first_line = _first_line(test)
    for signal in test.signals:
        row = next(
            (row for row in _trip()["possible"] if words(row["name"]).search(signal.channel.name)), None
        )
        if row is None:
            continue
        unit = conversion(row["unit"])
        if unit is None or unit.unit != signal.channel.unit:
            continue
        values = signal.values / unit.factor
        outside = np.flatnonzero((values < row["least"]) | (values > row["most"]))
        if outside.size:
            index = int(outside[0])
            yield signal.finding(
                "trip_impossible", row["severity"], count=int(outside.size), least=f"{row['least']:g}",
                most=f"{row['most']:g}", unit=row["unit"], value=f"{values[index]:.6g}",
                **_where(signal, index, first_line),
            )  # fmt: skip


def acceleration(test: Test) -> Iterator[Finding]:
    """Report a speed that changes faster than a car on a road can."""
    most = number("trip", "acceleration")
    for signal in test.timed:
        if signal.channel.unit != "m/s" or not words("speed").search(signal.channel.name):
            continue
        change = np.diff(signal.values) / np.diff(signal.time)
        beyond = np.flatnonzero(np.abs(change) > most)
        if beyond.size:
            index = int(beyond[0])
            yield signal.finding(
                "trip_acceleration", "warning", count=int(beyond.size), most=f"{most:g}",
                value=f"{change[index]:.3g}", **_where(signal, index + 1, _first_line(test)),
            )  # fmt: skip


def negative(test: Test) -> Iterator[Finding]:
    """Report concentrations and flows below zero: they count, and should be seen."""
    for signal in test.signals:
        if not words(_trip()["counted"]).search(signal.channel.name) or not signal.has_samples:
            continue
        below: NDArray[np.intp] = np.flatnonzero(signal.values < 0)
        if below.size:
            index = int(np.nanargmin(signal.values))
            stated = signal.channel.source_unit
            unit = conversion(stated)
            factor = unit.factor if unit is not None else 1.0
            yield signal.finding(
                "trip_negative", "note", count=int(below.size), value=f"{signal.values[index] / factor:.4g}",
                unit=stated, **_where(signal, index, _first_line(test)),
            )  # fmt: skip


def constant(test: Test) -> Iterator[Finding]:
    """Report a temperature that never changes."""
    for signal in test.timed:
        if words(_trip()["moving"]).search(signal.channel.name) and signal.low == signal.high:
            yield signal.finding(
                "trip_constant", "warning", value=f"{signal.low:g}", unit=signal.channel.unit
            )


def not_measured(test: Test) -> Iterator[Finding]:
    """Report samples in which the system says that it did not measure."""
    for signal in test.signals:
        if not words("^gas measurement active").search(signal.channel.name):
            continue
        off = np.flatnonzero(signal.finite & (signal.values != 1.0))
        if off.size:
            where = _where(signal, int(off[0]), _first_line(test))
            yield signal.finding("trip_not_measured", "warning", count=int(off.size), **where)


def speeds_differ(test: Test) -> Iterator[Finding]:
    """Report speed signals, and an odometer, that do not give one distance."""
    place = str(test.recording.path)
    driven = {
        signal.channel.name: float(signal.clean.sum()) * signal.step / 1e3
        for signal in test.timed
        if signal.channel.unit == "m/s" and words("^vehicle speed").search(signal.channel.name)
    }
    pairs = [(one, other, number("trip", "distance")) for one, other in combinations(driven, 2)]
    ends = [
        _stated(test.recording.attributes, f"Odometer value at test {end} [km]") for end in ("start", "end")
    ]
    if driven and ends[0] is not None and ends[1] is not None:
        driven["odometer"] = ends[1] - ends[0]
        pairs.append((next(iter(driven)), "odometer", number("trip", "odometer")))
    for one, other, limit in pairs:
        if abs(driven[one] - driven[other]) > 0.01 * limit * max(abs(driven[one]), abs(driven[other])):
            yield Finding(
                "recordings.trip_speeds_differ", "warning", place, None,
                {"first": one, "one": f"{driven[one]:.2f}", "second": other, "other": f"{driven[other]:.2f}",
                 "limit": f"{limit:g}"},
            )  # fmt: skip


def _stated(attributes: Mapping[str, str], key: str) -> float | None:
    match = _NUMBER.fullmatch(attributes.get(key, "").strip())
    return float(match[0].replace(",", ".")) if match else None


def drift(test: Test) -> Iterator[Finding]:
    """Report analysers whose zero or span moved by more than the law allows from before to after the test."""
    attributes, place = test.recording.attributes, str(test.recording.path)
    for gas, row in _trip()["drift"].items():
        for kind in ("zero", "span"):
            keys = [
                next((key for key in attributes if key.startswith(f"{when} {kind} response {gas} [")), None)
                for when in ("Pre-test", "Post-test")
            ]
            if keys[0] is None or keys[1] is None:
                continue
            before, after = (_stated(attributes, key) for key in (keys[0], keys[1]))
            unit = keys[0][keys[0].rindex("[") + 1 : -1]
            factor = ratio(row["unit"], unit)
            if before is None or after is None or not np.isfinite(factor):
                continue
            limit = row["zero"] * factor
            if kind == "span":
                limit = max(limit, row["span"] * abs(before))
            moved = after - before
            if abs(moved) > limit * (1 + 1e-9):
                yield Finding(
                    "recordings.trip_drift", "warning", f"{place} {keys[1]}", None,
                    {"kind": _KINDS[kind], "gas": gas, "moved": f"{moved:+.6g}", "before": f"{before:g}",
                     "after": f"{after:g}", "unit": unit, "limit": f"{limit:.6g}"},
                )  # fmt: skip


CHECKS = (slow, impossible, acceleration, negative, constant, not_measured, speeds_differ, drift)
"""All checks of a trip, in the order of their findings."""
