"""`measure_track`: all quantities of crash avoidance that the named channels of a run allow.

Belongs here: running the steps of ``track.yaml``, and saying why a quantity has no value. Does not belong here:
what the steps are (data), formulas (`carindex.criteria`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from carindex.measures.catalogue import function
from carindex.measures.planning import finding, refused_finding
from carindex.measures.processing import UnusableChannelError
from carindex.measures.results import Measured, Measurements
from carindex.measures.track.channels import RunChannels, find_channels
from carindex.measures.track.clock import Samples, on_one_clock, samples_of, step_of
from carindex.measures.track.rules import TIME, Needs, TrackCriterion, track_rules
from carindex.measures.values import Values, reading_of
from carindex.messages import Finding, InputError
from carindex.recordings import Recording
from carindex.vocabulary import vocabulary

_SEPARATOR = {"en": ", ", "zh": "、"}


def measure_track(recording: Recording, refused: frozenset[str], quality: Iterable[Finding]) -> Measurements:
    """Compute what the named channels of a track test allow.

    Parameters
    ----------
    recording
        Any recording; one without channels of a track test gives nothing.
    refused
        Labels of the channels that data quality refuses.
    quality
        Findings of data quality, whose codes go with the quantities of their channels.

    Returns
    -------
    Measurements
        Quantities of the vehicle in the order of ``track.yaml``. ``findings`` says which channels cannot be
        used, and which quantities are missing that the recorded channels show to be wanted.
    """
    channels = find_channels(recording, refused)
    if not channels.labels:
        return Measurements(())
    run = _Run(recording, channels, quality)
    values = [*run.measured()]
    values += run.only_one(values)
    if not values and not run.findings and all(channel.code is None for channel in recording):
        run.findings.append(_nothing(recording, channels))
    return Measurements(tuple(values), tuple(run.findings))


def _nothing(recording: Recording, channels: RunChannels) -> Finding:
    examples = ", ".join(rule.example for rule in track_rules().channels.values())
    present = ", ".join(channels.labels.values())
    return finding("track_nothing", "error", str(recording.path), None, present=present, examples=examples)


def _labels(roles: Iterable[str]) -> dict[str, str]:
    """Return the labels of channels as one text a language."""
    found = [track_rules().channels[role].label for role in roles]
    return {language: mark.join(label[language] for label in found) for language, mark in _SEPARATOR.items()}


class _Run:
    """One run: its usable channels, and what was computed of them."""

    def __init__(self, recording: Recording, channels: RunChannels, quality: Iterable[Finding]) -> None:
        self._rules = track_rules()
        self._place = str(recording.path)
        self._channels = channels
        self.findings: list[Finding] = list(channels.findings)
        self._samples: dict[str, Samples] = {}
        for role, channel in channels.series.items():
            try:
                self._samples[role] = samples_of(channel, self._rules.channels[role].kind)
            except UnusableChannelError as error:
                self.findings.append(error.finding)
        usable = [*self._samples, *channels.numbers]
        self._needs = Needs(usable, channels.labels)
        self._steps = self._needs.steps()
        self._values: dict[frozenset[str], Values | None] = {}
        self._codes: dict[str, dict[str, None]] = {}
        for found in quality:
            if found.channel is not None:
                self._codes.setdefault(found.channel, {})[found.code] = None

    def measured(self) -> Iterator[Measured]:
        """Yield every criterion that has a value; what has none goes to the findings."""
        missing: dict[tuple[str, ...], list[str]] = {}
        broken: dict[tuple[str, ...], list[str]] = {}
        for name, criterion in self._rules.criteria.items():
            lacking = self._needs.lacking(self._needs.inputs(criterion))
            if not lacking:
                yield from self._computed(name, criterion)
                continue
            if not self._needs.is_asked(criterion):
                continue
            unusable = tuple(role for role in lacking if role in self._channels.labels)
            kind = broken if unusable else missing
            kind.setdefault(unusable or tuple(lacking), []).append(name)
        for roles, criteria in broken.items():
            self.findings.append(refused_finding([self._channels.labels[role] for role in roles], criteria))
        for roles, criteria in missing.items():
            self.findings.append(self._missing(roles, criteria))

    def _missing(self, roles: Sequence[str], criteria: Sequence[str]) -> Finding:
        examples = ", ".join(self._rules.channels[role].example for role in roles)
        present = ", ".join(self._channels.labels.values())
        return finding(
            "track_channel_missing", "error", self._place, None,
            missing=_labels(roles), present=present, examples=examples, criteria=", ".join(criteria),
        )  # fmt: skip

    def _on_clock(self, roles: Sequence[str]) -> Values | None:
        """Return the values of what rests on some channels, on the clock that these channels share."""
        key = frozenset(roles)
        if key not in self._values:
            series = {role: self._samples[role] for role in roles if role in self._samples}
            kinds = {role: self._rules.channels[role].kind for role in series}
            given: dict[str, Any] | None = dict(on_one_clock(series, kinds) or {}) or None
            if given is None:
                names = ", ".join(self._channels.labels[role] for role in series)
                self.findings.append(finding("no_shared_time", "error", self._place, None, channels=names))
                self._values[key] = None
            else:
                context = {"dt": step_of(given[TIME]), "start": float(given[TIME][0])}
                given |= {role: self._channels.numbers[role] for role in roles if role not in series}
                self._values[key] = Values(self._steps, given, context)
        return self._values[key]

    def _computed(self, name: str, criterion: TrackCriterion) -> Iterator[Measured]:
        roles = list(self._needs.channels(self._needs.inputs(criterion)))
        values = self._on_clock(roles)
        labels = tuple(dict.fromkeys(self._channels.labels[role] for role in roles))
        quantity = vocabulary().quantities[name]
        if values is None or not self._can_filter(name, roles, values):
            return
        where = ", ".join(labels)
        try:
            if self._is_refused(name, criterion, values):
                return
            reading = reading_of(values.call(criterion), criterion.unit, quantity.unit)
        except (ValueError, InputError) as error:
            self.findings.append(
                finding("not_computed", "error", where, None, criterion=quantity.label, reason=str(error))
            )
            return
        if not math.isfinite(reading.value):
            why = "track_no_value" if math.isnan(reading.value) else "track_not_closing"
            self.findings.append(finding(why, "warning", where, None, criterion=quantity.label))
            return
        filtered = "vut_acceleration" in roles
        codes = dict.fromkeys(code for label in labels for code in self._codes.get(label, ()))
        for remark in criterion.remarks:
            if self._holds(remark, values):
                self._say(remark, name)
                codes[f"measures.{self._rules.checks[remark].message}"] = None
        yield Measured(
            occupant=None,
            dummy=None,
            criterion=name,
            value=reading.value + 0.0,
            unit=quantity.unit,
            t1=reading.t1,
            t2=reading.t2,
            channels=labels,
            filter="Butterworth 10 Hz" if filtered else "",
            methods=criterion.method,
            findings=tuple(codes),
            source=criterion.source,
            verified=criterion.verified,
        )

    def _can_filter(self, name: str, roles: Sequence[str], values: Values) -> bool:
        """Return whether accelerations can be filtered on the clock of a criterion; if not, say why."""
        clock = values[TIME]
        rate = 1.0 / float(np.median(np.diff(clock)))
        usual, least = self._rules.usual_rate, self._rules.filter_rate
        if rate < 0.99 * usual:
            self.findings.append(
                finding("track_slow", "warning", self._place, None, rate=f"{rate:.4g}", usual=f"{usual:g}")
            )
        if "vut_acceleration" not in roles:
            return True
        label = vocabulary().quantities[name].label
        if rate < 0.99 * least or math.isnan(step_of(clock)):
            channel = self._channels.labels["vut_acceleration"]
            self.findings.append(
                finding("track_not_filtered", "error", channel, channel,
                        criterion=label, least=f"{least:g}", rate=f"{rate:.4g}")
            )  # fmt: skip
            return False
        return True

    def _is_refused(self, name: str, criterion: TrackCriterion, values: Values) -> bool:
        """Return whether a check of a criterion holds, and put what it says to the findings."""
        for check in criterion.checks:
            if self._holds(check, values):
                self._say(check, name)
                return True
        return False

    def _holds(self, check_name: str, values: Values) -> bool:
        check = self._rules.checks[check_name]
        return bool(np.all(function(check.function)(*(values[item] for item in check.of))))

    def _say(self, check_name: str, name: str) -> None:
        check = self._rules.checks[check_name]
        if check.message:
            used = self._needs.channels(check.of)
            labels = ", ".join(self._channels.labels[role] for role in used)
            parameters = {"criterion": vocabulary().quantities[name].label, "channels": labels}
            self.findings.append(finding(check.message, check.severity, labels, None, **parameters))

    def only_one(self, values: Sequence[Measured]) -> Iterator[Measured]:
        """Yield criteria that are one of several, where only one of these was measured."""
        by_name = {measured.criterion: measured for measured in values}
        for name, several in self._rules.only_one.items():
            found = [by_name[other] for other in several if other in by_name]
            if len(found) == 1:
                yield replace(found[0], criterion=name)
            elif found:
                criterion = vocabulary().quantities[name].label
                names = ", ".join(measured.criterion for measured in found)
                self.findings.append(
                    finding("track_several", "note", self._place, None, criterion=criterion, names=names)
                )
