"""`measure`: all criteria that the channels of one recorded test allow.

Belongs here: running the planned measures. Does not belong here: what a measure consists of (the YAML files),
what is computed where (`planning`), channels (`channels`), filtering (`processing`), formulas
(`carindex.criteria`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from carindex.criteria.peaks import sample_times
from carindex.measures.catalogue import Criterion, Step, rules, verified
from carindex.measures.emission import measure_emission
from carindex.measures.planning import Job, finding, plan, refused_finding
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
from carindex.measures.track import measure_track
from carindex.measures.values import Reading, Values, reading_of
from carindex.messages import Finding, InputError
from carindex.recordings import Channel, Recording
from carindex.recordings.quality import examine, refused_channels
from carindex.units import ratio
from carindex.vocabulary import vocabulary


@dataclass(frozen=True)
class _Prepared:
    """Channels of a job on one time base, and what was done to them."""

    signals: Mapping[str, Signal]
    decisions: tuple[Decision, ...]


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
    quality = tuple(examine(recording) if findings is None else findings)
    if setup is None:
        setup = setup_from(recording)
    jobs, about_plan = plan(recording, setup, refused_channels(quality))
    own = [*(quality if findings is None else ()), *setup.findings, *about_plan]
    of_channel: dict[str, dict[str, None]] = {}
    for found in quality:
        if found.channel is not None:
            of_channel.setdefault(found.channel, {})[found.code] = None
    values: list[Measured] = []
    for job, prepared in zip(jobs, _prepare(jobs), strict=True):
        if isinstance(prepared, UnusableChannelError):
            refused = refused_finding([prepared.finding.channel or job.labels[0]], job.criteria)
            own += [prepared.finding, refused]
            continue
        own += job.findings
        own += [decision.finding for decision in prepared.decisions if decision.finding is not None]
        codes = dict.fromkeys(code for label in job.labels for code in of_channel.get(label, ()))
        for item in _compute(job, prepared, setup, tuple(codes)):
            if isinstance(item, Finding):
                own.append(item)
            else:
                values.append(item)
    of_track = measure_track(recording, refused_channels(quality), quality)
    of_emission = measure_emission(recording, refused_channels(quality), quality, _emission_test(setup))
    return Measurements(
        (*values, *of_track.values, *of_emission.values),
        tuple(_once([*own, *of_track.findings, *of_emission.findings])),
    )


def _emission_test(setup: TestSetup) -> str | None:
    return setup.test if setup.kind == "emission" else None


def _once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield each finding once: a channel that several criteria need is reported by each of them."""
    seen: dict[tuple[str, str, str | None], list[Finding]] = {}
    for found in findings:
        earlier = seen.setdefault((found.code, found.place, found.channel), [])
        if found not in earlier:
            earlier.append(found)
            yield found


def _prepare(jobs: Sequence[Job]) -> list[_Prepared | UnusableChannelError]:
    """Read, filter and align the channels of all jobs, each channel once a filter."""
    raw: dict[int, Signal | UnusableChannelError] = {}

    def read(channel: Channel) -> Signal:
        if id(channel) not in raw:
            try:
                raw[id(channel)] = signal_of(channel)
            except UnusableChannelError as error:
                raw[id(channel)] = error
        signal = raw[id(channel)]
        if isinstance(signal, UnusableChannelError):
            raise signal
        return signal

    decided: list[dict[str, Decision | None] | UnusableChannelError] = []
    requests: list[tuple[int, Signal, float, str]] = []
    for job in jobs:
        entry = job.measure.entry
        try:
            decisions: dict[str, Decision | None] = {
                role: None if role in entry.unfiltered else decide(channel, entry.filter, read(channel).step)
                for role, channel in job.selection.channels.items()
            }
            for role, channel in job.selection.channels.items():
                decision = decisions[role]
                signal = read(channel)
                if decision is not None and decision.apply:
                    requests.append((id(channel), signal, entry.filter.cfc, entry.filter.standard))
            decided.append(decisions)
        except UnusableChannelError as error:
            decided.append(error)
    filtered = filter_all(requests)
    prepared: list[_Prepared | UnusableChannelError] = []
    for job, outcome in zip(jobs, decided, strict=True):
        if isinstance(outcome, UnusableChannelError):
            prepared.append(outcome)
            continue
        wanted = job.measure.entry.filter
        signals: dict[str, Signal] = {}
        for role, channel in job.selection.channels.items():
            decision = outcome[role]
            is_filtered = decision is not None and decision.apply
            signals[role] = (
                filtered[id(channel), wanted.cfc, wanted.standard] if is_filtered else read(channel)
            )
        labels = {role: channel.label for role, channel in job.selection.channels.items()}
        try:
            shared = shared_time(signals, labels)
        except UnusableChannelError as error:
            prepared.append(error)
            continue
        made = tuple(decision for decision in outcome.values() if decision is not None)
        prepared.append(_Prepared(shared, made))
    return prepared


def _compute(
    job: Job, prepared: _Prepared, setup: TestSetup, codes: tuple[str, ...]
) -> Iterator[Measured | Finding]:
    entry, place = job.measure.entry, job.place
    first = next(iter(prepared.signals.values()))
    given: dict[str, Any] = {role: signal.values for role, signal in prepared.signals.items()}
    # The velocity of the pulse is shown from the impact speed where it is known; no criterion depends on it.
    given["initial_velocity"] = setup.initial_velocity or 0.0
    values = Values(entry.signals, given, {"dt": first.step, "start": first.start, "dummy": place.dummy})
    about = [*job.findings, *(d.finding for d in prepared.decisions if d.finding is not None)]
    codes = tuple(dict.fromkeys([*codes, *(found.code for found in about)]))
    names = _joined(decision.name for decision in prepared.decisions)
    texts = _joined(decision.text for decision in prepared.decisions)
    where = ", ".join(job.labels)
    for name in job.criteria:
        criterion = entry.criteria[name]
        quantity = vocabulary().quantities[name]
        try:
            reading = reading_of(values.call(criterion), criterion.unit, quantity.unit)
        except (ValueError, InputError) as error:
            yield finding("not_computed", "error", where, None, criterion=quantity.label, reason=str(error))
            continue
        if math.isnan(reading.value):
            yield finding("no_value", "warning", where, None, criterion=quantity.label)
            continue
        yield Measured(
            occupant=place.seat,
            dummy=place.dummy,
            criterion=name,
            value=reading.value,
            unit=quantity.unit,
            t1=reading.t1,
            t2=reading.t2,
            channels=job.labels,
            filter=names["en"],
            methods=_methods(criterion, texts, first.step),
            findings=codes,
            source=criterion.source,
            verified=verified(criterion, job.measure, place.dummy),
            draw=_drawing(name, criterion, values, entry.signals, first, reading),
        )


def _joined(texts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the different texts of several channels as one, a language each."""
    found: dict[str, dict[str, None]] = {"en": {}, "zh": {}}
    for text in texts:
        for language, kept in found.items():
            kept[text[language]] = None
    return {language: ", ".join(kept) for language, kept in found.items()}


def _methods(criterion: Criterion, filters: Mapping[str, str], step: float) -> dict[str, str]:
    words = {"rate": f"{1e-3 / step:g}"}
    if criterion.window is not None:
        words["longest"] = f"{1e3 * step * math.floor(criterion.window / step + 1e-9):.4g}"
    separator = rules().words["separator"]
    return {
        language: f"{text.format(**words)}{separator[language]}{filters[language]}"
        for language, text in criterion.method.items()
    }


def _drawing(
    name: str,
    criterion: Criterion,
    values: Values,
    steps: Mapping[str, Step],
    base: Signal,
    reading: Reading,
) -> Callable[[], Trace] | None:
    if not criterion.plot:
        return None

    def draw() -> Trace:
        step = steps[criterion.plot]
        quantity = vocabulary().quantities[name]
        signal = np.asarray(values[criterion.plot]) * ratio(step.unit, step.shown)
        window = None if reading.t1 is None or reading.t2 is None else (reading.t1, reading.t2)
        level = reading.value if step.shown == quantity.unit else None
        time = sample_times(signal.size, base.step, base.start)
        return Trace(time, signal, step.shown, quantity.label, level, window)

    return draw
