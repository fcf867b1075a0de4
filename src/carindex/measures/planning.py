"""Which measures are computed where: every occupant and the vehicle, against every measure.

Belongs here: choosing between measures that give the same criterion, and saying why a criterion is left out.
Does not belong here: choosing channels (`channels`), computing (`compute`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from carindex.measures.catalogue import Measure, lacking, measures
from carindex.measures.channels import ChannelIndex, Selection, select
from carindex.measures.setup import TestSetup
from carindex.messages import Finding, Severity
from carindex.recordings import Recording
from carindex.vocabulary import vocabulary

# Test objects besides the car that carry a pulse. Source: ISO/TS 13499, test object.
_OBJECTS = {"sled": "S", "barrier": "M"}


@dataclass(frozen=True)
class Place:
    """Where a measure is computed: test object, position, and the occupant there (no seat: the vehicle)."""

    test_object: str
    position: str
    seat: str | None = None
    dummy: str | None = None
    unknown_code: str = ""

    @property
    def seat_label(self) -> Mapping[str, str] | str:
        """Name of the seat, one text a language."""
        return "" if self.seat is None else vocabulary().seats[self.seat].label


@dataclass(frozen=True)
class Job:
    """A measure with its place and channels, and the criteria it is to give."""

    measure: Measure
    place: Place
    selection: Selection
    criteria: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of its channels, each once."""
        return tuple(dict.fromkeys(channel.label for channel in self.selection.channels.values()))


def finding(
    name: str, severity: Severity, place: str, channel: str | None, /, **parameters: object
) -> Finding:
    """Return a finding of this room."""
    return Finding(f"measures.{name}", severity, place, channel, MappingProxyType(parameters))


def refused_finding(channels: Sequence[str], criteria: Sequence[str]) -> Finding:
    """Return the finding that criteria are refused because of channels; it belongs to the first of them."""
    names, labels = ", ".join(criteria), ", ".join(channels)
    return finding("refused", "error", channels[0], channels[0], criteria=names, channels=labels)


def plan(
    recording: Recording, setup: TestSetup, refused: frozenset[str]
) -> tuple[tuple[Job, ...], tuple[Finding, ...]]:
    """Return what is computed, and findings about what is not.

    Parameters
    ----------
    recording, setup
        The recorded test.
    refused
        Labels of the channels that data quality refuses.
    """
    index = ChannelIndex(recording)
    jobs: list[Job] = []
    findings: list[Finding] = []
    for place in _places(setup):
        _plan_place(place, setup.kind, index, refused, str(recording.path), jobs, findings)
    return tuple(jobs), tuple(findings)


def _places(setup: TestSetup) -> Iterator[Place]:
    for occupant in setup.occupants.values():
        yield Place(setup.test_object, occupant.position, occupant.seat, occupant.dummy, occupant.code)
    yield Place(setup.test_object, "0")


def _candidates(place: Place, kind: str) -> Iterator[Measure]:
    """Yield the measures that exist for an occupant (as far as the dummy is known) or for the vehicle."""
    for candidate in measures():
        entry = candidate.entry
        if (entry.scope == "occupant") != (place.seat is not None):
            continue
        if entry.kinds and kind not in entry.kinds:
            continue
        if entry.dummies and place.dummy is not None and place.dummy not in entry.dummies:
            continue
        yield candidate


def _plan_place(
    place: Place,
    kind: str,
    index: ChannelIndex,
    refused: frozenset[str],
    where: str,
    jobs: list[Job],
    findings: list[Finding],
) -> None:
    done: set[str] = set()
    failed: list[tuple[Measure, Selection]] = []
    nameless: list[str] = []
    for candidate in _candidates(place, kind):
        entry = candidate.entry
        wanted = tuple(name for name in entry.criteria if name not in done)
        if not wanted:
            continue
        test_object = _OBJECTS.get(entry.scope, place.test_object)
        selection = select(candidate, index, refused, test_object, place.position, place.dummy)
        if not selection.complete:
            if selection.touched:
                failed.append((candidate, selection))
            continue
        if place.seat is not None and place.dummy is None and entry.dummies:
            if not entry.special:
                nameless.extend(wanted)
                done.update(wanted)
            continue
        done.update(wanted)
        if place.dummy is not None and (group := lacking(candidate, place.dummy)) is not None:
            findings.append(_no_constants(place, place.dummy, group, wanted, where))
            continue
        rivals = [s for other, s in failed if set(other.entry.criteria) & set(wanted)]
        about = (
            *selection.findings,
            *_replaced(rivals, selection, wanted),
            *_remarks(candidate, place, wanted),
        )
        jobs.append(Job(candidate, place, selection, wanted, about))
    findings.extend(_failures(place, failed, done, where))
    if nameless:
        findings.append(
            finding("dummy_unknown", "error", where, None, position=place.position, seat=place.seat_label,
                    key=place.seat, code=place.unknown_code or "00", criteria=", ".join(nameless))
        )  # fmt: skip


def _no_constants(place: Place, dummy: str, group: str, criteria: Sequence[str], where: str) -> Finding:
    label = vocabulary().dummies[dummy].label
    parameters = {"criteria": ", ".join(criteria), "seat": place.seat_label, "dummy": label}
    return finding("no_constants", "note", where, None, group=group.replace("_", " "), **parameters)


def _remarks(candidate: Measure, place: Place, criteria: Sequence[str]) -> Iterator[Finding]:
    """Yield what a file of measures asks to be said whenever the measure is used."""
    if candidate.entry.finding:
        name = candidate.entry.finding.removeprefix("measures.")
        where = f"{place.test_object}{place.position}"
        yield finding(name, "warning", where, None, criteria=", ".join(criteria), seat=place.seat_label)


def _replaced(failed: Iterable[Selection], used: Selection, criteria: Sequence[str]) -> Iterator[Finding]:
    """Yield that channels stand in for refused ones of a preferred measure."""
    labels = ", ".join(dict.fromkeys(channel.label for channel in used.channels.values()))
    for selection in failed:
        for channel in selection.refused:
            yield finding("other_channels", "warning", channel.label, channel.label, refused=channel.label,
                          criteria=", ".join(criteria), used=labels)  # fmt: skip


def _failures(
    place: Place, failed: Sequence[tuple[Measure, Selection]], done: set[str], where: str
) -> Iterator[Finding]:
    """Yield why criteria could not be computed although some of their channels are recorded."""
    told: set[str] = set()
    # What is refused is told before what is missing: it is the graver reason for the same criterion.
    for candidate, selection in sorted(failed, key=lambda pair: not pair[1].refused):
        criteria = [name for name in candidate.entry.criteria if name not in done | told]
        # Without a dummy it is open whether a measure that only some dummies have exists at all.
        if not criteria or (place.seat is not None and place.dummy is None and candidate.entry.dummies):
            continue
        told.update(criteria)
        if selection.refused:
            yield refused_finding([channel.label for channel in selection.refused], criteria)
        else:
            present = ", ".join(channel.label for channel in selection.channels.values())
            missing, names = ", ".join(selection.missing), ", ".join(criteria)
            yield finding(
                "channel_missing", "note", where, None, criteria=names, missing=missing, present=present
            )
