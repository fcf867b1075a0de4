"""`measure`: all criteria that the channels of one recorded test allow.

Belongs here: running the measures. Does not belong here: what a measure consists of (the YAML files), which
channel is used (`channels`), filtering (`processing`), formulas (`carindex.criteria`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from carindex.criteria.peaks import Interval, Peak, sample_times
from carindex.measures.catalogue import Criterion, Measure, Step, function, lacking, measures, rules, takes, verified
from carindex.measures.channels import ChannelIndex, Selection, select
from carindex.measures.processing import (
    Decision,
    Signal,
    UnusableChannelError,
    decide,
    filter_all,
    shared_time,
    signal_of,
)
from carindex.measures.results import Measured, Measurements, Trace
from carindex.measures.setup import TestSetup, setup_from
from carindex.messages import Finding, InputError
from carindex.recordings import Channel, Recording
from carindex.recordings.quality import examine, refused_channels
from carindex.units import ratio
from carindex.vocabulary import Quantity, vocabulary

# Test objects besides the car that carry a pulse. Source: ISO/TS 13499, test object.
_OBJECTS = {"sled": "S", "barrier": "M"}


@dataclass(frozen=True)
class _Place:
    """Where a measure is computed: test object, position, and the occupant there (``None``: the vehicle)."""

    test_object: str
    position: str
    seat: str | None
    dummy: str | None
    unknown_code: str = ""


@dataclass(frozen=True)
class _Job:
    """A measure with its channels, ready to be computed."""

    measure: Measure
    place: _Place
    selection: Selection


@dataclass
class _Run:
    """What one call of `measure` gathers."""

    setup: TestSetup
    where: str
    index: ChannelIndex
    refused: frozenset[str]
    findings: list[Finding]
    jobs: list[_Job] = field(default_factory=list)
    nameless: dict[_Place, list[str]] = field(default_factory=dict)

    def add(self, name: str, severity: Any, channel: str | None, **parameters: object) -> None:  # noqa: ANN401
        """Add a finding."""
        place = channel or self.where
        self.findings.append(
            Finding(f"measures.{name}", severity, place, channel, MappingProxyType(parameters))
        )


def measure(
    recording: Recording,
    setup: TestSetup | None = None,
    *,
    findings: Iterable[Finding] | None = None,
) -> Measurements:
    """Compute all criteria that the channels of a recorded test allow.

    Parameters
    ----------
    recording
        The recorded test.
    setup
        Who sat where and how fast; from the recording alone when it is not given.
    findings
        Findings of data quality (`carindex.recordings.quality.examine`). A channel with an *error* is not used.
        When they are not given the recording is examined.

    Returns
    -------
    Measurements
        Criteria by occupant in the order of positions, the vehicle's last. ``findings`` holds what was found
        here: criteria that are refused or cannot be computed, channels that stand in for others, dummies that
        are not known; and those of data quality when they were not given.
    """
    own: list[Finding] = []
    if findings is None:
        quality = examine(recording)
        own.extend(quality)
    else:
        quality = tuple(findings)
    if setup is None:
        setup = setup_from(recording)
    own.extend(setup.findings)
    run = _Run(setup, str(recording.path), ChannelIndex(recording), refused_channels(quality), own)
    for place in _places(setup):
        _find_jobs(run, place)
    _report_nameless(run)
    signals = _filtered(run)
    by_channel: dict[str, list[str]] = {}
    for finding in quality:
        if finding.channel is not None and finding.code not in by_channel.setdefault(finding.channel, []):
            by_channel[finding.channel].append(finding.code)
    values: list[Measured] = []
    for job in run.jobs:
        values.extend(_compute(run, job, signals, by_channel))
    return Measurements(tuple(values), tuple(dict.fromkeys_by_identity(own)) if False else tuple(_once(own)))


def _once(findings: Sequence[Finding]) -> Iterator[Finding]:
    seen: list[Finding] = []
    for finding in findings:
        if finding not in seen:
            seen.append(finding)
            yield finding


def _places(setup: TestSetup) -> Iterator[_Place]:
    for occupant in setup.occupants.values():
        yield _Place(setup.test_object, occupant.position, occupant.seat, occupant.dummy, occupant.code)
    yield _Place(setup.test_object, "0", None, None)


def _find_jobs(run: _Run, place: _Place) -> None:
    """Choose the measures that are computed at a place: of several for one criterion the first that can be."""
    done: set[str] = set()
    failed: list[tuple[Measure, Selection]] = []
    for candidate in measures():
        entry = candidate.entry
        wanted = [name for name in entry.criteria if name not in done]
        if not wanted or (entry.scope == "occupant") != (place.seat is not None):
            continue
        if entry.kinds and run.setup.kind not in entry.kinds:
            continue
        if entry.dummies and place.dummy is not None and place.dummy not in entry.dummies:
            continue
        test_object = _OBJECTS.get(entry.scope, place.test_object)
        selection = select(candidate, run.index, run.refused, test_object, place.position, place.dummy)
        if not selection.complete:
            if selection.touched:
                failed.append((candidate, selection))
            continue
        if place.seat is not None and place.dummy is None and entry.dummies:
            run.nameless.setdefault(place, []).extend(wanted)
            done.update(wanted)
            continue
        if place.dummy is not None and (group := lacking(candidate, place.dummy)) is not None:
            run.add("no_constants", "note", None, criteria=", ".join(wanted), seat=_seat(place), dummy=place.dummy,
                    group=group.replace("_", " "))  # fmt: skip
            done.update(wanted)
            continue
        _report_replaced(run, [s for m, s in failed if set(m.entry.criteria) & set(wanted)], selection, wanted)
        done.update(wanted)
        run.jobs.append(_Job(candidate, place, selection))
    _report_failed(run, place, failed, done)


def _seat(place: _Place) -> Mapping[str, str] | str:
    return vocabulary().seats[place.seat].label if place.seat is not None else ""


def _report_replaced(
    run: _Run, failed: list[Selection], used: Selection, criteria: Sequence[str]
) -> None:
    """Say that channels stand in for refused ones of a preferred measure."""
    for selection in failed:
        for channel in selection.refused:
            run.add("other_channels", "warning", channel.label, refused=channel.label, criteria=", ".join(criteria),
                    used=", ".join(c.label for c in used.channels.values()))  # fmt: skip


def _report_failed(
    run: _Run, place: _Place, failed: list[tuple[Measure, Selection]], done: set[str]
) -> None:
    told: set[str] = set()
    # What is refused is told before what is missing: it is the graver reason for the same criterion.
    for candidate, selection in sorted(failed, key=lambda pair: not pair[1].refused):
        criteria = [name for name in candidate.entry.criteria if name not in done | told]
        if not criteria:
            continue
        if place.seat is not None and place.dummy is None and candidate.entry.dummies:
            continue  # which dummy it is decides whether the measure exists at all
        told.update(criteria)
        names = ", ".join(criteria)
        if selection.refused:
            for channel in selection.refused:
                run.add("refused", "error", channel.label, criteria=names, channel=channel.label)
        else:
            run.add("channel_missing", "note", None, criteria=names, missing=", ".join(selection.missing),
                    present=", ".join(c.label for c in selection.channels.values()))  # fmt: skip


def _report_nameless(run: _Run) -> None:
    """Say once an occupant which criteria wait for the dummy to be named."""
    for place, criteria in run.nameless.items():
        parameters = {"position": place.position, "seat": _seat(place), "key": place.seat,
                      "code": place.unknown_code or "00", "criteria": ", ".join(criteria)}  # fmt: skip
        run.add("dummy_unknown", "error", None, **parameters)


@dataclass(frozen=True)
class _Prepared:
    """Channels of a measure on one time base, and what was done to them."""

    signals: Mapping[str, Signal]
    decisions: tuple[Decision, ...]


def _filtered(run: _Run) -> Mapping[int, _Prepared | UnusableChannelError]:
    """Read and filter the channels of all jobs, each channel once a class; by the place of the job in the list."""
    raw: dict[str, Signal | UnusableChannelError] = {}
    chosen: dict[tuple[str, float, str, bool], Decision] = {}

    def read(channel: Channel) -> Signal:
        if channel.label not in raw:
            try:
                raw[channel.label] = signal_of(channel)
            except UnusableChannelError as error:
                raw[channel.label] = error
        found = raw[channel.label]
        if isinstance(found, UnusableChannelError):
            raise found
        return found

    requests: list[tuple[str, Signal, Any]] = []
    plans: dict[int, dict[str, tuple[Channel, Decision | None]] | UnusableChannelError] = {}
    for number, job in enumerate(run.jobs):
        entry = job.measure.entry
        plan: dict[str, tuple[Channel, Decision | None]] = {}
        try:
            for role, channel in job.selection.channels.items():
                signal = read(channel)
                if role in entry.unfiltered:
                    plan[role] = channel, None
                    continue
                key = (channel.label, entry.filter.cfc, entry.filter.standard, entry.filter.as_recorded is None)
                if key not in chosen:
                    chosen[key] = decide(channel, entry.filter, signal.step)
                plan[role] = channel, chosen[key]
                if chosen[key].apply:
                    requests.append((channel.label, signal, entry.filter))
            plans[number] = plan
        except UnusableChannelError as error:
            plans[number] = error
    done = filter_all(requests)
    prepared: dict[int, _Prepared | UnusableChannelError] = {}
    for number, made in plans.items():
        if isinstance(made, UnusableChannelError):
            prepared[number] = made
            continue
        wanted = run.jobs[number].measure.entry.filter
        signals = {
            role: done[channel.label, wanted.cfc, wanted.standard]
            if decision is not None and decision.apply
            else read(channel)
            for role, (channel, decision) in made.items()
        }
        decisions = tuple(decision for _, decision in made.values() if decision is not None)
        try:
            labels = {role: channel.label for role, (channel, _) in made.items()}
            prepared[number] = _Prepared(shared_time(signals, labels), decisions)
        except UnusableChannelError as error:
            prepared[number] = error
    return prepared


class _Values:
    """Channels and computed signals of one measure by name, each computed when it is first asked for."""

    def __init__(self, steps: Mapping[str, Step], given: dict[str, Any], context: Mapping[str, Any]) -> None:
        self._steps = steps
        self._known = given
        self._context = context

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - signals, constants and results
        if name not in self._known:
            step = self._steps[name]
            self._known[name] = self.call(step)
        return self._known[name]

    def call(self, step: Step | Criterion) -> Any:  # noqa: ANN401
        """Return the result of the function that a step or criterion names."""
        by_name = {key: self._context[key] for key in takes(step.function)}
        by_name |= {key: self[other] for key, other in step.using.items()}
        return function(step.function)(*(self[name] for name in step.of), **by_name, **step.literal)


def _compute(
    run: _Run,
    job: _Job,
    prepared: Mapping[int, _Prepared | UnusableChannelError],
    by_channel: Mapping[str, Sequence[str]],
) -> Iterator[Measured]:
    made = prepared[run.jobs.index(job)] if False else prepared[_number(run, job)]
    entry, place = job.measure.entry, job.place
    labels = tuple(dict.fromkeys(channel.label for channel in job.selection.channels.values()))
    if isinstance(made, UnusableChannelError):
        run.findings.append(made.finding)
        channel = made.finding.channel
        run.add("refused", "error", channel, criteria=", ".join(entry.criteria), channel=channel or "")
        return
    about = list(job.selection.findings) + [d.finding for d in made.decisions if d.finding is not None]
    if entry.finding:
        parameters = {"criteria": ", ".join(entry.criteria), "seat": _seat(place)}
        about.append(Finding(entry.finding, "warning", labels[0], None, MappingProxyType(parameters)))
    run.findings.extend(about)
    first = next(iter(made.signals.values()))
    context = {"dt": first.step, "start": first.start, "dummy": place.dummy}
    given: dict[str, Any] = {role: signal.values for role, signal in made.signals.items()}
    given["initial_velocity"] = run.setup.initial_velocity or 0.0
    values = _Values(entry.signals, given, context)
    codes = dict.fromkeys(code for label in labels for code in by_channel.get(label, ()))
    codes |= dict.fromkeys(finding.code for finding in about)
    texts = _texts(made.decisions)
    for name, criterion in entry.criteria.items():
        try:
            result = values.call(criterion)
        except (ValueError, InputError) as error:
            run.add("not_computed", "error", labels[0], criterion=name, reason=str(error))
            continue
        value, t1, t2 = _numbers(result)
        quantity = vocabulary().quantities[name]
        if criterion.unit:
            value *= ratio(criterion.unit, quantity.unit)
        if math.isnan(value):
            run.add("no_value", "warning", labels[0], criterion=name, channels=", ".join(labels))
            continue
        yield Measured(
            occupant=place.seat,
            dummy=place.dummy,
            criterion=name,
            value=value,
            unit=quantity.unit,
            t1=t1,
            t2=t2,
            channels=labels,
            filter=texts["filter"]["en"],
            methods=_methods(criterion, texts["by"], first.step),
            findings=tuple(codes),
            source=criterion.source,
            verified=verified(criterion, job.measure, place.dummy),
            draw=_drawing(criterion, values, entry.signals, quantity, first, (value, t1, t2)),
        )
