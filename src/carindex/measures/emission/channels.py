"""Which channels of a recording belong to a test of emissions, and what its header says.

Belongs here: finding channels by their names, choosing among several sensors, fuel and test of the header. Does not
belong here: computing (`compute`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from carindex.criteria.peaks import FloatArray
from carindex.measures.emission.rules import channel_rules, emission_rules, expression
from carindex.measures.planning import finding
from carindex.measures.track.rules import plain
from carindex.messages import Finding
from carindex.recordings import Channel, Recording
from carindex.units import conversion
from carindex.vocabulary import vocabulary


@dataclass(frozen=True)
class Used:
    """A channel in the unit that sums are made in: values ``(n,)``, its label, how many samples are missing."""

    values: FloatArray
    label: str
    missing: int


@dataclass(frozen=True)
class EmissionChannels:
    """What a recording holds of a test of emissions.

    Attributes
    ----------
    time, step
        The clock, s, ``(n,)``, and its step; ``step`` is NaN where it is not constant.
    used
        Channels by role.
    findings
        What is to say about the choice.
    """

    time: FloatArray
    step: float
    used: Mapping[str, Used]
    findings: tuple[Finding, ...]


def find_channels(recording: Recording, refused: frozenset[str]) -> EmissionChannels:
    """Return the channels of a test of emissions that a recording holds.

    Parameters
    ----------
    recording
        Any recording; channels with a channel code of ISO/TS 13499 are left alone.
    refused
        Labels of the channels that data quality refuses.
    """
    named: dict[str, list[Channel]] = {}
    for channel in recording:
        if channel.code is None and channel.label not in refused:
            named.setdefault(plain(channel.name), []).append(channel)
    found: dict[str, list[Channel]] = {role: list(_candidates(role, named)) for role in channel_rules()}
    every = [channel for channels in found.values() for channel in channels]
    if not every:
        return EmissionChannels(np.empty(0), np.nan, MappingProxyType({}), ())
    # All on the raster of the first; a channel on another one cannot be summed with it.
    first = every[0]
    used: dict[str, Used] = {}
    findings: list[Finding] = []
    for role, channels in found.items():
        rule = channel_rules()[role]
        usable: list[Used] = []
        for channel in channels:
            factor = _factor(channel, rule.unit)
            place = f"{channel.place} {channel.label}".strip()
            if factor is None:
                findings.append(
                    finding("emission_unit", "error", place, channel.label,
                            channel=rule.label, stated=channel.source_unit or "-", unit=rule.unit)
                )  # fmt: skip
            elif not _same_clock(channel, first):
                findings.append(finding("emission_clock", "error", place, channel.label, first=first.label))
            else:
                values = channel.values / factor
                usable.append(Used(values, channel.label, int((~np.isfinite(values)).sum())))
        if not usable:
            continue
        chosen = next((one for one in usable if not one.missing), usable[0])
        used[role] = chosen
        if chosen is not usable[0]:
            findings.append(
                finding("emission_replaced", "warning", usable[0].label, None,
                        first=usable[0].label, count=usable[0].missing, used=chosen.label)
            )  # fmt: skip
    step = first.step if first.has_constant_step else np.nan
    return EmissionChannels(first.time, step, MappingProxyType(used), tuple(findings))


def _candidates(role: str, named: Mapping[str, list[Channel]]) -> Iterator[Channel]:
    for text in channel_rules()[role].names:
        for name, channels in named.items():
            if expression(text).fullmatch(name):
                yield from channels


def _factor(channel: Channel, unit: str) -> float | None:
    """Return what canonical values are divided by, ``None`` for a unit of another kind."""
    wanted = conversion(unit)
    assert wanted is not None
    known = conversion(channel.source_unit) is not None or channel.unit == wanted.unit != "1"
    return wanted.factor if channel.unit == wanted.unit and known else None


def _same_clock(one: Channel, other: Channel) -> bool:
    if one is other:
        return True
    return one.time.size == other.time.size and bool(np.array_equal(one.time, other.time, equal_nan=True))


def entry(recording: Recording, names: list[str]) -> tuple[str, str] | None:
    """Return the first header entry of one of some names: its key and what it says; ``None`` without one."""
    for name in names:
        for key, text in recording.attributes.items():
            if expression(name).fullmatch(key.strip().casefold()) and text.strip():
                return key, text.strip()
    return None


def fuel_of(recording: Recording) -> tuple[str | None, str]:
    """Return the fuel of ``constants.yaml`` that the header names, ``None`` for none, and what it says."""
    stated = entry(recording, emission_rules().fuel_entries)
    if stated is None:
        return None, ""
    for fuel, rule in emission_rules().fuels.items():
        if expression(rule.words).fullmatch(stated[1].casefold()):
            return fuel, stated[1]
    return None, stated[1]


def test_of(recording: Recording, known: str | None) -> str | None:
    """Return which test it was: the one that is known, else that of the header, else a road trip for its file."""
    if known is not None:
        return known
    stated = entry(recording, emission_rules().test_entries)
    if stated is not None and stated[1] in vocabulary().tests:
        return stated[1]
    return "rde_trip" if recording.format == "rde-exchange" else None
