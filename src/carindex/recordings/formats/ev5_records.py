"""Test, vehicle, barrier and occupant records of an NHTSA EV5 file as attributes of the recording.

Keys of an occupant's published values: ``published <vehicle><position> <what>``, for example
``published 11 HIC`` (vehicle 1, ISO position 1). They are what the laboratory reported, to be shown beside
what is computed, never to replace it. A value of 0 means "not reported" in these records and is left out.
Source: NHTSA Test Reference Guide, Version 5, vol. I, sections 2.3 to 2.6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from carindex.messages import Finding
from carindex.recordings.formats.nhtsa_codes import dummy_of, position_of

Records = Sequence[tuple[int, list[str]]]

_TEST = (
    "guide version", "title", "test objective", "test date", "laboratory", "contract number",
    "test reference number", "test type", "test configuration", "track surface", "track condition",
    "ambient temperature", "recorder", "recorder link", "closing speed", "impact angle", "offset distance",
    "impact point", "number of curves", "test comment",
)  # fmt: skip
_VEHICLE = {
    1: "make", 2: "model", 3: "model year", 4: "NHTSA number", 5: "body", 6: "VIN", 7: "engine",
    10: "test mass", 11: "kerb mass", 12: "wheelbase", 13: "length", 14: "width",
    15: "centre of gravity behind front axle", 41: "speed", 42: "crabbed angle",
    43: "principal direction of force", 80: "comment",
}  # fmt: skip
_BARRIER = ("rigid or deformable", "shape", "angle", "pole diameter", "comment")
#: Field of the OCCUPANT record to the end of the attribute key.
_PUBLISHED = {
    32: "HIC", 33: "HIC t1 ms", 34: "HIC t2 ms", 35: "chest 3 ms g", 36: "femur left N", 37: "femur right N",
    38: "chest severity index", 39: "lap belt N", 40: "shoulder belt N", 41: "TTI", 42: "pelvis g",
}  # fmt: skip
_OCCUPANT = {2: "occupant type", 8: "dummy size", 9: "dummy", 25: "seat position", 43: "comment"}


@dataclass(frozen=True, slots=True)
class Occupants:
    """Who sat where: dummy by (vehicle, position), by position alone, published values, findings."""

    dummies: Mapping[tuple[str, str], str]
    by_position: Mapping[str, str]
    published: Mapping[str, str]
    findings: tuple[Finding, ...]


def _field(parts: Sequence[str], number: int) -> str:
    return parts[number] if number < len(parts) else ""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def test_attributes(records: Mapping[str, Records], specification: str) -> dict[str, str]:
    """Return the test, vehicle and barrier records as attributes; empty fields are left out.

    ``closing speed`` is in km/h as in the file, ``closing speed m/s`` the same converted.
    """
    found = {"test number": PurePosixPath(specification).stem}
    for _, parts in records.get("TEST", [])[:1]:
        found |= dict(zip(_TEST, parts, strict=False))
        speed = _number(found.get("closing speed", ""))
        if speed is not None:
            found["closing speed m/s"] = f"{speed / 3.6:.6g}"
    for _, parts in records.get("VEHICLE", []):
        found |= {f"vehicle {parts[0]} {name}": _field(parts, number) for number, name in _VEHICLE.items()}
    for _, parts in records.get("BARRIER", [])[:1]:
        found |= {f"barrier {name}": value for name, value in zip(_BARRIER, parts, strict=False)}
    return {key: value for key, value in found.items() if value}


def occupants_of(records: Records, place: str) -> Occupants:
    """Return the occupants of a test; one whose seat or dummy is not known is a finding."""
    dummies: dict[tuple[str, str], str] = {}
    published: dict[str, str] = {}
    findings = []
    for line, parts in records:
        where = f"{place}:{line}"
        vehicle, location = _field(parts, 0), _field(parts, 1)
        position = position_of(location)
        if position is None:
            findings.append(
                Finding("recordings.unknown_seat", "warning", where, None, {"location": location})
            )
            continue
        remarks = " ".join(_field(parts, number) for number in (9, 10, 11, 43))
        dummy = dummy_of(_field(parts, 2), _field(parts, 8), remarks)
        if dummy is None:
            parameters = {"type": _field(parts, 2), "size": _field(parts, 8)}
            findings.append(Finding("recordings.unknown_dummy", "warning", where, None, parameters))
        else:
            dummies[vehicle, position] = dummy
        for number, name in _PUBLISHED.items():
            value = _number(_field(parts, number))
            if value:
                published[f"published {vehicle}{position} {name}"] = _field(parts, number)
        for number, name in _OCCUPANT.items():
            if _field(parts, number):
                published[f"occupant {vehicle}{position} {name}"] = _field(parts, number)
    by_position = {
        position: dummies[vehicle, position] for vehicle, position in sorted(dummies, reverse=True)
    }
    return Occupants(dummies, dict(sorted(by_position.items())), published, tuple(findings))
