"""`measure_cabin`: values of cabin air and fields, and why there is none.

Belongs here: finding channels by name, converting them, means and extremes. Does not belong here: formulas, names
(data).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator

import numpy as np

from carindex.criteria import cabin
from carindex.criteria.constants import constants
from carindex.criteria.peaks import FloatArray
from carindex.measures.cabin.rules import CabinQuantity, Condition, cabin_rules
from carindex.measures.emission.channels import entry
from carindex.measures.emission.rules import expression
from carindex.measures.planning import finding
from carindex.measures.results import Measured, Measurements
from carindex.measures.track.rules import plain
from carindex.messages import Finding, Severity
from carindex.recordings import Channel, Recording
from carindex.units import conversion, ratio
from carindex.vocabulary import vocabulary

_CELL = re.compile(r"[a-z0-9_.\-]+")
_NUMBER = re.compile(r"\s*([-+]?[0-9]+(?:[.,][0-9]+)?)\s*(\S.*?)\s*")


def measure_cabin(
    recording: Recording, refused: frozenset[str], quality: Iterable[Finding], test: str | None
) -> Measurements:
    """Compute what the named channels of a measurement in the cabin allow.

    Parameters
    ----------
    recording
        Any recording; only one of a test of the cabin gives anything.
    refused
        Labels of the channels that data quality refuses.
    quality
        Findings of data quality, whose codes go with the values of their channels.
    test
        Test of the vocabulary, where it is known; else the header's ``test`` counts.
    """
    stated = entry(recording, ["test", "试验"])
    known = test or (stated[1] if stated is not None else None)
    if known not in cabin_rules().tests:
        return Measurements((), tuple(_untold(recording, known)))
    run = _Run(recording, refused, quality)
    return Measurements(tuple(run.measured()), tuple(run.findings))


def _untold(recording: Recording, known: str | None) -> Iterator[Finding]:
    """Yield what to write into the header, where channels are those of a cabin and no test is known."""
    if known is not None:
        return
    # CO, CO2 and fields are also measured elsewhere.
    rules = [rule for rule in cabin_rules().quantities.values() if rule.substance not in ("", "co")]
    rules += [cabin_rules().quantities[name] for name in ("tvoc_concentration", "pm2_5_concentration")]
    for channel in recording:
        names = (text for rule in rules for text in rule.names)
        if channel.code is None and any(expression(text).fullmatch(plain(channel.name)) for text in names):
            tests = ", ".join(cabin_rules().tests)
            yield finding(
                "cabin_no_test", "warning", str(recording.path), None, example=channel.label, tests=tests
            )
            return


class _Run:
    def __init__(self, recording: Recording, refused: frozenset[str], quality: Iterable[Finding]) -> None:
        self._recording = recording
        self._place = str(recording.path)
        self.findings: list[Finding] = []
        self._named: dict[str, Channel] = {}
        for channel in recording:
            if channel.code is None and channel.label not in refused:
                self._named.setdefault(plain(channel.name), channel)
        self._codes: dict[str, dict[str, None]] = {}
        for found in quality:
            if found.channel is not None:
                self._codes.setdefault(found.channel, {})[found.code] = None
        self._cell = self._point()

    def _say(self, name: str, severity: Severity, about: str | None = None, /, **parameters: object) -> None:
        self.findings.append(finding(name, severity, self._place, about, **parameters))

    def _point(self) -> str:
        """Return the cell: point and mode of the header, ``total`` without them."""
        words = []
        for names in (cabin_rules().point_entries, cabin_rules().mode_entries):
            found = entry(self._recording, names)
            if found is not None:
                words.append(re.sub(r"\s+", "_", found[1].casefold()))
        cell = ".".join(words) or "total"
        if not _CELL.fullmatch(cell):
            self._say("cabin_point", "error", text=cell)
            return "total"
        return cell

    def _channel(self, names: list[str]) -> Channel | None:
        for text in names:
            for name, channel in self._named.items():
                if expression(text).fullmatch(name):
                    return channel
        return None

    def measured(self) -> Iterator[Measured]:
        """Yield every value; why there is none goes to the findings."""
        for name, rule in cabin_rules().quantities.items():
            channels = self._channels(rule)
            if not channels:
                continue
            values, words = [], {"en": "", "zh": ""}
            for channel in channels:
                converted = self._values(channel, rule, words)
                if converted is None:
                    break
                values.append(converted)
            if len(values) == len(channels):
                yield from self._value(name, rule, channels, values, words)

    def _channels(self, rule: CabinQuantity) -> list[Channel]:
        one = self._channel(rule.names)
        if one is not None or not rule.axes:
            return [] if one is None else [one]
        three = [self._channel([text.replace("{axis}", axis) for text in rule.axes]) for axis in "xyz"]
        found = [channel for channel in three if channel is not None]
        if found and len(found) < 3:
            self._say("cabin_axes", "error", found[0].label, found=", ".join(c.label for c in found))
            return []
        return found

    def _values(self, channel: Channel, rule: CabinQuantity, words: dict[str, str]) -> FloatArray | None:
        """Return the samples in the unit of the quantity; ``None`` where they cannot be converted."""
        wanted, stated = conversion(rule.unit), conversion(channel.source_unit)
        assert wanted is not None
        if stated is None:
            self._say("cabin_unit", "error", channel.label, stated=channel.source_unit or "-", unit=rule.unit)
            return None
        if channel.unit == wanted.unit:
            return channel.values / wanted.factor
        if channel.unit != "1" or wanted.unit != "kg/m³":
            self._say("cabin_unit", "error", channel.label, stated=channel.source_unit, unit=rule.unit)
            return None
        if not rule.substance:  # a sum of substances has no molar mass
            self._say("cabin_no_molar_mass", "error", channel.label, unit=rule.unit)
            return None
        temperature, pressure = (
            self._condition(condition, channel)
            for condition in (cabin_rules().temperature, cabin_rules().pressure)
        )
        if temperature is None or pressure is None:
            return None
        mass = constants("molar_mass", rule.substance)["molar_mass"]
        for language, text in cabin_rules().methods["converted"].items():
            words[language] = text.format(mass=mass)
        return cabin.mass_concentration(channel.values * 1e6, mass, temperature, pressure) * ratio(
            "mg/m3", rule.unit
        )

    def _condition(self, condition: Condition, channel: Channel) -> FloatArray | None:
        """Return temperature or pressure at the samples of a channel, from a channel or the header."""
        other = self._channel(condition.names)
        if other is not None and other.unit == condition.unit and np.array_equal(other.time, channel.time):
            if (other.values > 0).all():
                return other.values
        else:
            stated = entry(self._recording, condition.names)
            match = _NUMBER.fullmatch(stated[1]) if stated is not None else None
            unit = conversion(match[2]) if match is not None else None
            if match is not None and unit is not None and unit.unit == condition.unit:
                value = float(match[1].replace(",", ".")) * unit.factor + unit.offset
                if value > 0:
                    return np.full(channel.values.shape, value)
        self._say("cabin_condition", "error", channel.label, channel=channel.label, missing=condition.label,
                  unit=condition.unit)  # fmt: skip
        return None

    def _value(
        self,
        name: str,
        rule: CabinQuantity,
        channels: list[Channel],
        values: list[FloatArray],
        words: dict[str, str],
    ) -> Iterator[Measured]:
        time = channels[0].time
        labels = tuple(channel.label for channel in channels)
        label = vocabulary().quantities[name].label
        sizes = {one.size for one in values}
        if len(sizes) > 1 or time.size < 2 or not (np.diff(time) > 0).all():
            self._say("cabin_clock", "error", labels[0], channels=", ".join(labels))
            return
        signal = values[0] if len(values) == 1 else cabin.field_resultant(*values)
        missing = int((~np.isfinite(signal)).sum())
        if missing:
            self._say("cabin_gap", "error", labels[0], quantity=label, count=missing, total=int(signal.size))
            return
        found = float(cabin.time_mean(time, signal) if rule.make == "mean" else cabin.greatest(signal))
        quantity = vocabulary().quantities[name]
        value = found * ratio(rule.unit, quantity.unit)
        if math.isnan(value) or not quantity.range[0] <= value <= quantity.range[1]:
            self._say(
                "cabin_impossible", "error", labels[0], quantity=label, value=f"{value:g}", unit=quantity.unit
            )
            return
        shown = {"time": float(time[-1] - time[0]), "count": int(signal.size)}
        method = "resultant" if len(values) > 1 else rule.make
        methods = {
            language: text.format(**shown) + words[language]
            for language, text in cabin_rules().methods[method].items()
        }
        codes = dict.fromkeys(code for one in labels for code in self._codes.get(one, ()))
        yield Measured(
            occupant=None, dummy=None, criterion=name, value=value, unit=quantity.unit, t1=None, t2=None,
            channels=labels, filter="", methods=methods, findings=tuple(codes), source=cabin_rules().source,
            verified="text", cell=self._cell,
        )  # fmt: skip
