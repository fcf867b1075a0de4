"""A dossier: a folder with everything known about one car, that a person can make by hand.

``car.toml`` says what the car is. ``facts.csv`` holds what was measured or inspected elsewhere, with unit and
source. Each folder below ``tests/`` holds one recorded test and a ``test.toml`` that says which test it was;
criteria are computed from the recording and become facts that remember file, channels, filter and method.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carindex.dossier.facts import Fact, checked_value, plausibility, quantity_of
from carindex.dossier.readers import FactSet, read_facts, sha256
from carindex.messages import Finding, InputError
from carindex.vocabulary import FactName, InvalidFactNameError, vocabulary

if TYPE_CHECKING:
    from carindex.measures import Measured, Measurements, Overrides
    from carindex.recordings import Recording

CAR_FILE, TEST_FILE, FACTS_FILE, TESTS_FOLDER = "car.toml", "test.toml", "facts.csv", "tests"
_TEST_KEYS = ("test", "recording", "initial_velocity", "driver_side", "test_object", "occupants", "label")


@dataclass(frozen=True)
class RecordedTest:
    """One recorded test of a dossier: which test it was, the recording and all that was computed from it."""

    name: str
    test: str
    folder: Path
    recording: Recording = field(repr=False)
    measurements: Measurements = field(repr=False)
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Dossier:
    """Everything known about one car.

    Attributes
    ----------
    car
        Name for people, from ``car.toml``.
    identity
        All entries of ``car.toml``.
    tests
        Recorded tests with what was computed from them.
    facts
        All facts; of two that contradict each other the measured one, with a finding.
    findings
        What was found in the files, the data and the facts.
    inputs
        SHA-256 of every file that was read, by its path below the dossier.
    published
        Results published elsewhere that came along, for comparison only: by protocol (empty where the source
        does not name one) and node path.
    """

    path: Path
    car: str
    identity: Mapping[str, Any]
    tests: tuple[RecordedTest, ...]
    facts: tuple[Fact, ...]
    findings: tuple[Finding, ...]
    inputs: Mapping[str, str]
    published: Mapping[str, Mapping[str, str]]


def load_dossier(path: Path | str, car: str | None = None) -> Dossier:
    """Read a dossier folder, or a facts file as a dossier without recordings.

    Parameters
    ----------
    path
        Dossier folder, or facts file (CSV, JSON, Parquet).
    car
        Which car, where a facts file has several.

    Raises
    ------
    InputError
        When the path cannot be used at all. A single test or fact that cannot be used becomes a finding.
    """
    path = Path(path)
    if path.is_file():
        read_set = read_facts(path, car)
        return Dossier(
            path,
            read_set.car,
            {},
            (),
            read_set.facts,
            read_set.findings,
            read_set.inputs,
            {"": read_set.published},
        )
    if not path.is_dir():
        raise InputError(path, "dossier.no_such_path")
    if not (path / CAR_FILE).is_file():
        raise InputError(path, "dossier.not_a_dossier")
    identity = _toml(path / CAR_FILE)
    inputs = {CAR_FILE: sha256(path / CAR_FILE)}
    findings: list[Finding] = []
    tests: list[RecordedTest] = []
    for folder in sorted(file.parent for file in (path / TESTS_FOLDER).glob(f"*/{TEST_FILE}")):
        try:
            test = _recorded_test(folder, path, inputs)
        except InputError as error:
            findings.append(error.as_finding())
            continue
        findings.extend(test.findings)
        tests.append(test)
    stated = FactSet("", (), (), {}, {})
    if (path / FACTS_FILE).is_file():
        stated = read_facts(path / FACTS_FILE)
        findings.extend(stated.findings)
        inputs.update(stated.inputs)
    facts, contradictions = _united([fact for test in tests for fact in _facts_of(test, path)], stated.facts)
    return Dossier(
        path,
        car or _car_name(identity, path),
        identity,
        tuple(tests),
        facts,
        (*findings, *contradictions),
        inputs,
        _published(identity, path),
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, OSError, UnicodeError) as error:
        raise InputError(path, "dossier.unreadable", reason=str(error), expected="TOML") from None


def _car_name(identity: Mapping[str, Any], path: Path) -> str:
    if identity.get("name"):
        return str(identity["name"])
    parts = [str(identity[key]) for key in ("make", "model", "model_year") if identity.get(key)]
    return " ".join(parts) or path.resolve().name


def _published(identity: Mapping[str, Any], path: Path) -> dict[str, dict[str, str]]:
    """Return published outcomes by protocol and node path.

    Raises
    ------
    InputError
        When ``[published]`` does not hold one table a protocol.
    """
    found: dict[str, dict[str, str]] = {}
    for protocol, outcomes in dict(identity.get("published", {})).items():
        if not isinstance(outcomes, dict):
            place, expected = path / CAR_FILE, '[published.PROTOCOL] "node/path" = outcome'
            raise InputError(
                place, "dossier.bad_entry", key=f"published.{protocol}", value=outcomes, expected=expected
            )
        found[protocol] = {str(node): str(outcome) for node, outcome in outcomes.items()}
    return found


def _recorded_test(folder: Path, base: Path, inputs: dict[str, str]) -> RecordedTest:
    file = folder / TEST_FILE
    entries = _toml(file)
    inputs[file.relative_to(base).as_posix()] = sha256(file)
    expected = ", ".join(_TEST_KEYS)
    findings = [
        Finding("dossier.unknown_key", "warning", str(file), None, {"key": key, "expected": expected})
        for key in entries
        if key not in _TEST_KEYS
    ]
    test = str(entries.get("test", ""))
    if test not in vocabulary().tests:
        known = ", ".join(vocabulary().tests)
        raise InputError(file, "dossier.bad_entry", key="test", value=test or "-", expected=known)
    source = _recording_in(folder, entries)
    # a car without recordings is rated without them
    from carindex.measures import measure, setup_from
    from carindex.recordings import read
    from carindex.recordings.quality import examine

    recording = read(source)
    for name, digest in recording.files.items():
        inputs[f"{source.relative_to(base).as_posix()}!{name}" if source.is_file() else name] = digest
    quality = examine(recording)
    setup = setup_from(recording, _overrides(entries, file), test=test)
    measurements = measure(recording, setup, findings=quality)
    return RecordedTest(
        folder.name, test, folder, recording, measurements, (*findings, *quality, *measurements.findings)
    )


def _recording_in(folder: Path, entries: Mapping[str, Any]) -> Path:
    if "recording" in entries:
        source = folder / str(entries["recording"])
        if not source.resolve().is_relative_to(folder.resolve()):
            expected = "a file or folder inside the test's folder"
            raise InputError(
                folder / TEST_FILE, "dossier.bad_entry", key="recording", value=source.name, expected=expected
            )
        return source
    others = sorted(
        item for item in folder.iterdir() if item.name != TEST_FILE and not item.name.startswith(".")
    )
    if not others:
        raise InputError(folder, "dossier.test_without_recording")
    if len(others) > 1:
        if any(item.suffix.lower() in (".mme", ".ev5") for item in others):
            return folder
        some = ", ".join(item.name for item in others[:5])
        raise InputError(folder, "dossier.test_with_several_recordings", count=len(others), some=some)
    return others[0]


def _overrides(entries: Mapping[str, Any], file: Path) -> Overrides:
    from carindex.measures import Overrides

    velocity = entries.get("initial_velocity")
    if velocity is not None and not isinstance(velocity, int | float):
        raise InputError(file, "dossier.bad_entry", key="initial_velocity", value=velocity, expected="m/s")
    occupants = entries.get("occupants", {})
    for seat, what in occupants.items():
        dummy = what.get("dummy") if isinstance(what, dict) else None
        if seat not in vocabulary().seats or (dummy is not None and dummy not in vocabulary().dummies):
            expected = f"{', '.join(vocabulary().seats)}; {', '.join(vocabulary().dummies)}"
            raise InputError(
                file, "dossier.bad_entry", key=f"occupants.{seat}", value=what, expected=expected
            )
    return Overrides(
        initial_velocity=None if velocity is None else float(velocity),
        driver_side=entries.get("driver_side"),
        test_object=None if entries.get("test_object") is None else str(entries["test_object"]),
        occupants={
            seat: (None if what.get("position") is None else str(what["position"]), what.get("dummy"))
            for seat, what in occupants.items()
        },
    )


def fact_of(measured: Measured, test: str, origin: str) -> Fact | None:
    """Return what was measured as a fact of a test; ``None`` where the vocabulary has no name for it."""
    parts = [test, measured.occupant, measured.dummy, measured.criterion]
    if measured.occupant is None:
        parts = [test, *([] if measured.cell is None else [measured.cell]), measured.criterion]
    elif measured.dummy is None:
        return None
    try:
        name = str(FactName.parse("/".join(str(part) for part in parts)))
    except InvalidFactNameError:
        return None
    quantity = quantity_of(name)
    try:
        value = checked_value(measured.value, quantity, origin, measured.unit)
    except InputError:
        return None
    details = {
        "channels": measured.channels,
        "filter": measured.filter,
        "method": measured.method,
        "t1": measured.t1,
        "t2": measured.t2,
    }
    return Fact(name, value, quantity.unit, f"{origin}: {measured.method}", details)


def _facts_of(test: RecordedTest, base: Path) -> list[Fact]:
    place = test.recording.path
    origin = place.relative_to(base).as_posix() if place.is_relative_to(base) else str(place)
    found = (fact_of(measured, test.test, origin) for measured in test.measurements.values)
    return [fact for fact in found if fact is not None]


def _united(measured: list[Fact], stated: tuple[Fact, ...]) -> tuple[tuple[Fact, ...], list[Finding]]:
    """Join facts from channels with stated ones; what was measured from channels wins, with a finding."""
    findings: list[Finding] = []
    facts: dict[str, Fact] = {}
    for fact in measured:
        if fact.name in facts and facts[fact.name].value != fact.value:
            findings.append(_contradiction(facts[fact.name], fact))
            continue
        doubtful = plausibility(fact.name, fact.value, fact.origin)
        if doubtful is not None:
            findings.append(doubtful)
        facts[fact.name] = fact
    for fact in stated:
        known = facts.get(fact.name)
        if known is None:
            facts[fact.name] = fact
        elif abs(known.value - fact.value) > 0.005 * max(abs(known.value), abs(fact.value)):
            findings.append(_contradiction(known, fact))
    return tuple(facts.values()), findings


def _contradiction(used: Fact, other: Fact) -> Finding:
    parameters = {
        "name": used.name,
        "first": f"{other.value:g} {other.unit}",
        "second": f"{used.value:g} {used.unit}",
        "other": used.origin,
        "used": f"{used.value:g} {used.unit}",
    }
    return Finding("dossier.contradiction", "warning", other.origin, None, parameters)
