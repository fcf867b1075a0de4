"""Which channel of a recording is which channel of a track test: by name, with its unit.

Belongs here: names, units, header entries, channels that cannot be used and why. Does not belong here: clocks
(`clock`). A unit is never guessed: a channel without one, or with one of another kind, is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from carindex.measures.planning import finding
from carindex.measures.track.rules import ChannelRule, expressions, plain, track_rules
from carindex.messages import Finding
from carindex.recordings import Channel, Recording
from carindex.units import conversion

_ENTRY = re.compile(r"\s*([-+]?[0-9]+(?:[.,][0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*(.*?)\s*")
# Dimensions come from GNSS systems as channels that repeat a number; rounding may move its last digit.
_SAME = 1e-3


@dataclass(frozen=True)
class RunChannels:
    """What a recording holds of a track test.

    Attributes
    ----------
    series
        Usable channels by role.
    numbers
        Usable numbers by role, in canonical units.
    labels
        What each recorded role is called in the file, usable or not.
    findings
        Why the others cannot be used.
    """

    series: Mapping[str, Channel]
    numbers: Mapping[str, float]
    labels: Mapping[str, str]
    findings: tuple[Finding, ...]

    @property
    def usable(self) -> frozenset[str]:
        """Roles that can be used."""
        return frozenset(self.series) | frozenset(self.numbers)


def find_channels(recording: Recording, refused: frozenset[str]) -> RunChannels:
    """Return the channels of a track test that a recording holds.

    Parameters
    ----------
    recording
        Any recording; channels with a channel code of ISO/TS 13499 belong to crash tests and are left alone.
    refused
        Labels of the channels that data quality refuses.
    """
    series: dict[str, Channel] = {}
    numbers: dict[str, float] = {}
    labels: dict[str, str] = {}
    findings: list[Finding] = []
    named: dict[str, list[Channel]] = {}
    for channel in recording:
        if channel.code is None:
            named.setdefault(plain(channel.name), []).append(channel)
    entries = {plain(key): key for key in recording.attributes}
    for role, rule in track_rules().channels.items():
        channels = _first(role, named)
        if len(channels) > 1:
            labels[role] = channels[0].label
            names = ", ".join(channel.name for channel in channels)
            findings.append(
                finding("track_ambiguous", "error", channels[0].place, None, channel=rule.label, names=names)
            )
        elif channels:
            channel = channels[0]
            labels[role] = channel.label
            found = list(_defects(channel, rule))
            findings += found
            if found or channel.label in refused:
                continue
            if rule.fixed:
                numbers[role] = float(np.nanmedian(channel.values))
            else:
                series[role] = channel
        elif rule.in_header and (key := _first_key(role, entries)) is not None:
            labels[role] = key
            number = _entry(recording.attributes[key], rule)
            if isinstance(number, float):
                numbers[role] = number
            else:
                name, parameters = number
                parameters |= {"channel": rule.label, "text": recording.attributes[key][:40]}
                findings.append(finding(name, "error", f"{recording.path} {key}", None, **parameters))
    return RunChannels(
        MappingProxyType(series), MappingProxyType(numbers), MappingProxyType(labels), tuple(findings)
    )


def _first(role: str, named: Mapping[str, list[Channel]]) -> list[Channel]:
    """Return the channels whose name is the most preferred one of a role."""
    for expression in expressions(role):
        found = [c for name, channels in named.items() if expression.fullmatch(name) for c in channels]
        if found:
            return found
    return []


def _first_key(role: str, entries: Mapping[str, str]) -> str | None:
    for expression in expressions(role):
        for name, key in entries.items():
            if expression.fullmatch(name):
                return key
    return None


def _expected(rule: ChannelRule) -> dict[str, object]:
    rules = track_rules()
    return {"unit": rules.units[rule.kind], "units": rules.unit_examples[rule.kind]}


def _entry(text: str, rule: ChannelRule) -> float | tuple[str, dict[str, object]]:
    """Return the number of a header entry in its canonical unit, or the message that says why there is none."""
    match = _ENTRY.fullmatch(text)
    unit = conversion(match[2]) if match and match[2] else None
    if match is None or unit is None or unit.unit != track_rules().units[rule.kind]:
        return "track_entry", _expected(rule)
    value = float(match[1].replace(",", ".")) * unit.factor
    if rule.range is not None and not rule.range[0] <= value <= rule.range[1]:
        low, high = rule.range
        return "track_entry_out_of_range", {**_expected(rule), "low": f"{low:g}", "high": f"{high:g}"}
    return value


def _defects(channel: Channel, rule: ChannelRule) -> Iterator[Finding]:
    """Yield why a channel cannot be used: unit, values beyond its range, a fixed one that varies."""
    place = f"{channel.place} {channel.label}".strip()
    shared: dict[str, object] = {"channel": channel.label, **_expected(rule)}
    if channel.unit != track_rules().units[rule.kind]:
        name = "track_unit" if channel.source_unit else "track_no_unit"
        yield finding(name, "error", place, channel.label, stated=channel.source_unit or "-", **shared)
        return
    values = channel.values[np.isfinite(channel.values)]
    if not values.size:
        yield finding("track_empty", "error", place, channel.label, **shared)
        return
    least, most = float(values.min()), float(values.max())
    shared |= {"least": f"{least:.4g}", "most": f"{most:.4g}"}
    if rule.kind == "switch" and not np.isin(values, (0.0, 1.0)).all():
        yield finding("track_not_a_switch", "error", place, channel.label, **shared)
    elif rule.range is not None and (least < rule.range[0] or most > rule.range[1]):
        shared |= {"low": f"{rule.range[0]:g}", "high": f"{rule.range[1]:g}"}
        yield finding("track_out_of_range", "error", place, channel.label, **shared)
    elif rule.fixed and most - least > _SAME:
        yield finding("track_varies", "error", place, channel.label, **shared)
