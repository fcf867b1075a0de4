"""What has to be known about a test besides its channels: who sat where, which car, how fast.

Belongs here: seats and dummies of the positions, driver side, test object, initial velocity, and where each
piece of knowledge comes from. Does not belong here: anything about criteria.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, cast

from carindex.measures.catalogue import rules
from carindex.messages import Finding, InputError
from carindex.recordings import Recording
from carindex.units import ratio
from carindex.vocabulary import vocabulary

DriverSide = Literal["left", "right"]
Positioned = Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True)
class Overrides:
    """What a person states about a test, over what its files say.

    Attributes
    ----------
    initial_velocity
        Speed of the test object at time zero, m/s.
    driver_side
        ``left`` or ``right``.
    test_object
        First character of the channel codes that count: ``1`` vehicle 1, ``2`` vehicle 2 …
    occupants
        By seat: position digit of the channel codes (``None``: the usual one) and dummy (``None``: not stated).
    place
        Where it is stated, for messages.
    """

    initial_velocity: float | None = None
    driver_side: str | None = None
    test_object: str | None = None
    occupants: Positioned = field(default_factory=lambda: MappingProxyType({}))
    place: str = "test.toml"


@dataclass(frozen=True)
class Occupant:
    """Who sat at a position.

    Attributes
    ----------
    position
        Position digit of the channel codes.
    seat
        Seat of the vocabulary.
    dummy
        Dummy of the vocabulary, ``None`` when it is not known.
    source
        Where the dummy is known from: ``channel codes``, ``recording``, ``stated``, or empty.
    code
        Fine location 3 of the channel codes when it names no dummy of the vocabulary, else empty.
    """

    position: str
    seat: str
    dummy: str | None
    source: str
    code: str = ""


@dataclass(frozen=True)
class TestSetup:
    """One recorded test as the measures see it.

    Attributes
    ----------
    test
        Test of the vocabulary, ``None`` when it is not known.
    test_object
        First character of the channel codes that count.
    driver_side
        Side the driver sits on.
    occupants
        Occupants by position digit.
    initial_velocity
        Speed of the test object at time zero, m/s; ``None`` when it is not known.
    velocity_source
        Where the speed is known from.
    findings
        What was found on the way.
    """

    __test__ = False  # not a pytest class

    test: str | None
    test_object: str
    driver_side: DriverSide
    occupants: Mapping[str, Occupant]
    initial_velocity: float | None
    velocity_source: str
    findings: tuple[Finding, ...] = ()

    @property
    def kind(self) -> str:
        """Kind of impact: ``frontal``, ``side``, ``rear`` …, or ``unknown``."""
        known = None if self.test is None else vocabulary().tests.get(self.test)
        return "unknown" if known is None else known.kind


def setup_from(
    recording: Recording, overrides: Overrides | None = None, *, test: str | None = None
) -> TestSetup:
    """Return what is known about a test from its recording, completed by what a person states.

    Parameters
    ----------
    recording
        Any recording.
    overrides
        What a person states. The dummy that channel codes name counts more than a stated one, with a finding
        where they differ; everything else that is stated counts more than the recording.
    test
        Test of the vocabulary.

    Returns
    -------
    TestSetup
        Occupants of all positions that have channels, or that are stated.

    Raises
    ------
    InputError
        When the stated driver side, test object, velocity, seat, dummy or position is not one.
    """
    stated = overrides or Overrides()
    _check(stated)
    findings: list[Finding] = []
    place = str(recording.path)
    test_object, first = _test_object(recording, stated, place, findings)
    side = _driver_side(recording, stated, test_object)
    seats = dict(rules().seats[side])
    for seat, (position, _) in stated.occupants.items():
        if position is not None:
            seats = {digit: other for digit, other in seats.items() if other != seat} | {position: seat}
    codes = _dummy_codes(recording, test_object)
    dummies = {seat: dummy for seat, (_, dummy) in stated.occupants.items()}
    occupants: dict[str, Occupant] = {}
    for position in sorted(codes):
        if position not in seats:
            _report_no_seat(recording, test_object, position, place, findings)
            continue
        of_file = recording.occupants.get(position) if first else None
        occupants[position] = _occupant(
            position, seats[position], codes[position], of_file, dummies.get(seats[position]), place, findings
        )
    velocity, source = _velocity(recording, stated, test_object, place, findings)
    return TestSetup(test, test_object, side, MappingProxyType(occupants), velocity, source, tuple(findings))


def _check(stated: Overrides) -> None:
    words = vocabulary()

    def refuse(key: str, value: object, expected: str) -> None:
        raise InputError(stated.place, "measures.bad_override", key=key, value=value, expected=expected)

    if stated.driver_side not in (None, "left", "right"):
        refuse("driver_side", stated.driver_side, "left, right")
    if stated.test_object is not None and not (len(stated.test_object) == 1 and stated.test_object.isalnum()):
        refuse("test_object", stated.test_object, "1, 2, …")
    speed = stated.initial_velocity
    if speed is not None and not (math.isfinite(speed) and 0 <= speed <= rules().fastest):
        refuse("initial_velocity", speed, f"0 … {rules().fastest:g} m/s")
    taken: dict[str, str] = {}
    for seat, (position, dummy) in stated.occupants.items():
        if seat not in words.seats:
            refuse(f"occupants.{seat}", seat, ", ".join(words.seats))
        if dummy is not None and dummy not in words.dummies:
            refuse(f"occupants.{seat}.dummy", dummy, ", ".join(words.dummies))
        if position is not None and (len(position) != 1 or not position.isalnum() or position in taken):
            refuse(f"occupants.{seat}.position", position, "0 … 9, A … Z")
        if position is not None:
            taken[position] = seat


def _test_object(
    recording: Recording, stated: Overrides, place: str, findings: list[Finding]
) -> tuple[str, bool]:
    """Return the test object that counts, and whether it is the first one with occupants."""
    occupied = sorted({c.code.test_object for c in recording if c.code and c.code.position != "0"})
    every = sorted({c.code.test_object for c in recording if c.code})
    present = occupied or every
    chosen = stated.test_object or ("1" if "1" in present or not present else present[0])
    if stated.test_object is not None and stated.test_object not in every:
        parameters = {"object": stated.test_object, "present": ", ".join(every) or "-"}
        findings.append(Finding("measures.no_such_object", "error", stated.place, None, parameters))
    others = [other for other in occupied if other != chosen]
    if others and stated.test_object is None:
        parameters = {"object": chosen, "others": ", ".join(others)}
        findings.append(Finding("measures.several_objects", "note", place, None, parameters))
    return chosen, not occupied or chosen == occupied[0]


def _driver_side(recording: Recording, stated: Overrides, test_object: str) -> DriverSide:
    if stated.driver_side is not None:
        return cast(DriverSide, stated.driver_side)
    header = recording.attributes.get(f"Driver position object {test_object}", "").strip()
    return "right" if header == "3" else "left"


def _dummy_codes(recording: Recording, test_object: str) -> dict[str, Counter[str]]:
    """Return how often each dummy code, or other fine location 3, occurs at each position."""
    found: dict[str, Counter[str]] = {}
    for channel in recording:
        code = channel.code
        if code is None or code.test_object != test_object or code.position == "0":
            continue
        counter = found.setdefault(code.position, Counter())
        if code.main_location != "SEBE":  # there fine location 3 is a place on the webbing
            counter[code.fine_location_3] += 1
    if not found:  # a sled or a single dummy without positions
        bare = Counter(
            c.code.fine_location_3
            for c in recording
            if c.code
            and c.code.test_object == test_object
            and c.code.fine_location_3 in vocabulary().dummy_of_code
        )
        if bare:
            found["0"] = bare
    return found


def _occupant(
    position: str,
    seat: str,
    codes: Counter[str],
    of_file: str | None,
    of_person: str | None,
    place: str,
    findings: list[Finding],
) -> Occupant:
    known = vocabulary().dummy_of_code
    named = Counter[str]()
    for code, count in codes.items():
        if code in known:
            named[known[code]] += count
    if named:
        dummy = max(named, key=lambda name: (named[name], name))
        if len(named) > 1:
            parameters: dict[str, object] = {
                "position": position,
                "dummies": ", ".join(sorted(named)),
                "used": dummy,
            }
            findings.append(Finding("measures.dummies_differ", "warning", place, None, parameters))
        if of_person is not None and of_person != dummy:
            parameters = {"position": position, "seat": seat, "stated": of_person, "used": dummy}
            findings.append(Finding("measures.dummy_contradicted", "warning", place, None, parameters))
        return Occupant(position, seat, dummy, "channel codes")
    if of_file is not None and of_file in known:
        return Occupant(position, seat, known[of_file], "recording")
    if of_person is not None:
        return Occupant(position, seat, of_person, "stated")
    others = [code for code in codes if code != "00"]
    return Occupant(position, seat, None, "", max(others, key=lambda code: codes[code]) if others else "")


def _report_no_seat(
    recording: Recording, test_object: str, position: str, place: str, findings: list[Finding]
) -> None:
    count = sum(
        1 for c in recording if c.code and c.code.test_object == test_object and c.code.position == position
    )
    parameters = {"position": position, "count": count}
    findings.append(Finding("measures.no_seat", "note", place, None, parameters))


def _velocity(
    recording: Recording, stated: Overrides, test_object: str, place: str, findings: list[Finding]
) -> tuple[float | None, str]:
    if stated.initial_velocity is not None:
        return stated.initial_velocity, "stated"
    for rule in rules().velocity:
        key = rule["key"].format(object=test_object)
        text = recording.attributes.get(key, "").strip()
        if not text or text.upper() == "NOVALUE":
            continue
        try:
            speed = float(text.replace(",", ".")) * ratio(rule["unit"], "m/s")
        except ValueError:
            speed = math.nan
        if math.isfinite(speed) and abs(speed) <= rules().fastest:
            return abs(speed), key
        parameters = {"key": key, "value": text, "fastest": f"{rules().fastest:g}"}
        findings.append(Finding("measures.velocity_unusable", "warning", place, None, parameters))
    return None, ""
