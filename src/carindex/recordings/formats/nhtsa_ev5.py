"""NHTSA "EV5 ASCII X-Y": a pipe-separated specification file and one file a curve.

Here: the records of the specification file, the curve files (``seconds<TAB>value`` or values only), their
time axis. Codes are mapped in ``nhtsa_codes.py``. Polarity is that of SAE J211 already and is left as
recorded. Source: NHTSA Test Reference Guide, Version 5, vol. I, sections 2.2 to 2.8 and appendix A.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from types import MappingProxyType

import numpy as np

from carindex.messages import Finding, InputError
from carindex.recordings.formats.ev5_records import Occupants, occupants_of, test_attributes
from carindex.recordings.formats.nhtsa_codes import code_of, name_of, position_of
from carindex.recordings.lazy import converted, in_canonical_unit, parsers, unit_of
from carindex.recordings.model import Channel, ChannelCode, Recording, Samples
from carindex.recordings.samples import Parsed, SampleText, parse
from carindex.recordings.sources import FileSource
from carindex.recordings.text import decode, in_single_bytes
from carindex.units import Conversion, conversion

NAME = "nhtsa-ev5"

_SECTION = re.compile(r"-{5}\s*(.+?)\s*-{5}")
_NUMBERED = re.compile(r"\.(\d{1,5})$")
#: Time may deviate from a constant step by this share of the step, plus what printing 6 decimals costs.
STEP_TOLERANCE = 0.02
PRINTED_TIME = 0.6e-6
#: No recorder of a crash samples more slowly than this, in s.
LONGEST_STEP = 10.0
#: Field order of the INSTRUMENTATION record.
_FIELDS = (
    "vehicle", "curve number", "sensor type", "sensor location", "sensor attachment", "axis", "time unit",
    "Unit",
    "Cut off frequency", "Transducer type", "calibration date", "Channel amplitude class",
    "channel maximum rating percent", "initial velocity", "first point", "last point", "time increment",
    "data status", "primary or redundant", "comment",
)  # fmt: skip
_NO_COMMENT = {"", "NO", "NO COMMENT", "NO COMMENTS", "NONE", "N/A", "NA"}
_ABSENT = {"NO"}
#: Comments that judge the data instead of naming the sensor; such a sensor is named after its location.
_REMARK = re.compile(r"(QUES|NO VALID|NOT |INVALID|BAD |DATA )", re.IGNORECASE)


def _looks_like_specification(head: bytes) -> bool:
    text = head.replace(b"\x00", b"")
    return b"-----" in text and bool(re.search(rb"-{5}\s*(EV5|INSTRUMENTATION|TEST)\s*-{5}", text))


def _specifications(source: FileSource) -> list[str]:
    if source.focus is not None:
        return [source.focus] if _looks_like_specification(source.head(source.focus)) else []
    return [name for name in source.names if _looks_like_specification(source.head(name))]


def recognises(source: FileSource) -> bool:
    """Return whether the source holds a specification file with EV5 records."""
    return bool(_specifications(source))


def records_of(text: str) -> dict[str, list[tuple[int, list[str]]]]:
    """Return the records of a specification file by section: line number and fields."""
    found: dict[str, list[tuple[int, list[str]]]] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if match := _SECTION.fullmatch(stripped):
            section = match[1].upper()
            continue
        found.setdefault(section, []).append((number, [part.strip() for part in line.split("|")]))
    return found


@dataclass(frozen=True, slots=True)
class _Curve:
    """One INSTRUMENTATION record."""

    line: int
    number: int
    fields: Mapping[str, str]
    unit: Conversion
    code: ChannelCode | None
    name: str

    @property
    def label(self) -> str:
        return self.code.text if self.code else self.name


@dataclass(frozen=True, slots=True)
class _Time:
    """Time axis of a curve: constant, or explicit in the first column times ``factor``."""

    start: float
    step: float
    factor: float
    explicit: bool = False
    findings: tuple[Finding, ...] = ()


def read(source: FileSource, *, eager: bool = False) -> Recording:
    """Read an NHTSA EV5 recording.

    Parameters
    ----------
    source
        Folder, archive or the specification file.
    eager
        Parse all samples now, in one pass.

    Returns
    -------
    Recording
        Channels in the order of the specification file. Sensors that were not installed are findings, not
        channels. ``attributes`` has the test, vehicle and barrier records and what the laboratory published
        for each occupant (see `carindex.recordings.formats.ev5_records`).

    Raises
    ------
    InputError
        Two specification files, or no curve at all.
    """
    names = _specifications(source)
    if len(names) > 1:
        raise InputError(
            source.path, "recordings.several_recordings", first=names[0], second=names[1], count=len(names)
        )
    if not names:
        raise InputError(source.path, "recordings.no_channels")
    place = source.place(names[0])
    text, encoding = decode(source.read(names[0]))
    records = records_of(text)
    occupants = occupants_of(records.get("OCCUPANT", []), place)
    curves, findings = _curves(records.get("INSTRUMENTATION", []), occupants, place)
    found = _curve_files(source, names[0])
    texts, kept, read_files = [], [], [names[0]]
    for curve in curves:
        file = found.get(curve.number)
        if file is None or curve.fields["data status"] in _ABSENT:
            findings.append(_absent(curve, place, file))
            continue
        try:
            data, _ = in_single_bytes(source.read(file))
        except InputError as error:
            findings.append(error.as_finding("error", curve.label))
            continue
        read_files.append(file)
        texts.append(_sample_text(data, curve, source.place(file)))
        kept.append(curve)
    if not kept:
        raise InputError(source.path, "recordings.no_channels")
    times = [_time_axis(curve, text) for curve, text in zip(kept, texts, strict=True)]
    sources = parsers(texts, eager)
    channels = [
        _channel(curve, text, time, parsed)
        for curve, text, time, parsed in zip(kept, texts, times, sources, strict=True)
    ]
    attributes = {**test_attributes(records, names[0]), **occupants.published, "encoding": encoding}
    return Recording(
        path=source.path if source.focus is None else source.path / source.focus,
        format=NAME,
        channels=tuple(channels),
        attributes=MappingProxyType(attributes),
        files=MappingProxyType({name: source.digest(name) for name in sorted(read_files)}),
        findings=(*occupants.findings, *findings, *(f for time in times for f in time.findings)),
        occupants=MappingProxyType(dict(occupants.by_position)),
    )


def _curve_files(source: FileSource, specification: str) -> dict[int, str]:
    path = PurePosixPath(specification)
    own = path.name[: len(path.name) - len(path.suffix)].lower()
    found: dict[str, dict[int, str]] = {}
    for name in source.names:
        other = PurePosixPath(name)
        if (match := _NUMBERED.search(name)) and other.parent == path.parent:
            stem = other.name[: len(other.name) - len(other.suffix)].lower()
            found.setdefault(stem, {}).setdefault(int(match[1]), name)
    if own in found:
        return found[own]
    # A renamed specification file still belongs to the only set of curves beside it.
    return next(iter(found.values())) if len(found) == 1 else {}


def _absent(curve: _Curve, place: str, file: str | None) -> Finding:
    where = f"{place}:{curve.line}"
    parameters = {"number": f"{curve.number:03d}", "name": curve.name}
    said = curve.fields["data status"] in _ABSENT or "NOT INSTALLED" in curve.fields["comment"].upper()
    if said or file is not None:
        return Finding("recordings.not_installed", "note", where, curve.label, parameters)
    return Finding(
        "recordings.missing_file",
        "warning",
        where,
        curve.label,
        {"file": f"*.{curve.number:03d}", "name": curve.name},
    )


def _curves(
    records: Sequence[tuple[int, list[str]]], occupants: Occupants, place: str
) -> tuple[list[_Curve], list[Finding]]:
    curves: list[_Curve] = []
    findings: list[Finding] = []
    taken: dict[str, int] = {}
    numbers: set[int] = set()
    for line, parts in records:
        where = f"{place}:{line}"
        if len(parts) < len(_FIELDS) - 3 or not parts[1].isdecimal():
            parameters: dict[str, object] = {"fields": len(parts), "expected": len(_FIELDS)}
            findings.append(Finding("recordings.record", "error", where, None, parameters))
            continue
        padded = [*parts, *[""] * (len(_FIELDS) - len(parts))]
        comment = "|".join(padded[len(_FIELDS) - 1 :])
        fields = dict(zip(_FIELDS, [*padded[: len(_FIELDS) - 1], comment], strict=True))
        number = int(parts[1])
        if number in numbers:
            parameters = {"number": number}
            findings.append(Finding("recordings.repeated_curve", "error", where, None, parameters))
            continue
        numbers.add(number)
        curve, curve_findings = _curve(line, number, fields, occupants, where)
        if curve.code is not None and curve.code.text in taken:
            parameters = {"code": curve.code.text, "other": f"{taken[curve.code.text]:03d}"}
            curve = replace(curve, code=None)
            findings.append(Finding("recordings.code_taken", "note", where, curve.label, parameters))
        elif curve.code is not None and curve.fields["data status"] not in _ABSENT:
            taken[curve.code.text] = number
        curves.append(curve)
        findings += curve_findings
    return curves, findings


def _curve(
    line: int, number: int, fields: dict[str, str], occupants: Occupants, where: str
) -> tuple[_Curve, tuple[Finding, ...]]:
    comment = fields["comment"]
    spoken = "" if comment.upper() in _NO_COMMENT else comment
    described = f"{name_of(fields['sensor attachment'])} {fields['axis']} {fields['sensor type']}"
    name = described.upper() if not spoken or _REMARK.match(spoken) else spoken
    unit, findings = unit_of(fields["Unit"], where, name)
    position = position_of(fields["sensor location"])
    seat = (fields["vehicle"], position or "")
    code = code_of(
        test_object=fields["vehicle"],
        position=position,
        dummy=occupants.dummies.get(seat, "00"),
        attachment=fields["sensor attachment"],
        axis=fields["axis"],
        unit=unit.unit,
        redundant=fields["primary or redundant"] == "R",
        comment=comment,
    )
    return _Curve(line, number, fields, unit, code, name), findings


def _integer(text: str) -> int | None:
    try:
        return int(text.strip())
    except ValueError:
        return None


def _sample_text(data: bytes, curve: _Curve, place: str) -> SampleText:
    first, last = _integer(curve.fields["first point"]), _integer(curve.fields["last point"])
    declared = last - first + 1 if first is not None and last is not None and last >= first else None
    start = data.lstrip(b" \t\n")[:200].split(b"\n", 1)[0]
    columns = 2 if len(start.split()) >= 2 else 1
    return SampleText(data, 1, declared, place, curve.label, columns)


def _first_and_last(data: bytes) -> tuple[float, float]:
    """Return the first and the last time of a two-column text, NaN where it is not a number."""
    lines = data[:200].lstrip().split(b"\n", 1)[0], data[-400:].rstrip().rsplit(b"\n", 1)[-1]
    times = []
    for line in lines:
        try:
            times.append(float(line.split()[0]))
        except (ValueError, IndexError):
            times.append(math.nan)
    return times[0], times[1]


def _time_axis(curve: _Curve, text: SampleText) -> _Time:
    """Return the time axis from the header where the time column agrees with it, else from the column.

    First and last time and the number of lines are compared here; that every time between them fits is
    checked when the samples are parsed (see `_examined`).
    """
    place, label = f"{text.place}", curve.label
    first_point, increment = _integer(curve.fields["first point"]), _integer(curve.fields["time increment"])
    constant = first_point is not None and increment is not None and increment > 0
    start = (first_point or 0) * (increment or 0) / 1e6 if constant else math.nan
    step = (increment or 0) / 1e6 if constant else math.nan
    time_unit = conversion(curve.fields["time unit"])
    if text.columns == 1:
        if constant:
            return _Time(start, step, 1.0)
        finding = Finding("recordings.no_time", "error", place, label, {"key": "NFP, DELT"})
        return _Time(math.nan, math.nan, 1.0, findings=(finding,))
    if time_unit is None or time_unit.unit != "s":
        parameters = {"unit": curve.fields["time unit"]}
        finding = Finding("recordings.time_unit", "error", place, label, parameters)
        return _Time(math.nan, math.nan, math.nan, explicit=True, findings=(finding,))
    factor = time_unit.factor
    lines = text.data.count(b"\n") + (not text.data.endswith(b"\n"))
    first, last = (value * factor for value in _first_and_last(text.data))
    near = STEP_TOLERANCE * step + PRINTED_TIME
    if constant and abs(first - start) <= near and abs(last - start - step * (lines - 1)) <= near:
        return _Time(start, step, factor)
    return _time_from_column(text, start, step, factor, label)


def _time_from_column(text: SampleText, start: float, step: float, factor: float, label: str) -> _Time:
    time = in_canonical_unit(parse(text).table[:, 0], Conversion("s", factor))
    readable = np.flatnonzero(np.isfinite(time))
    if readable.size < 2:
        finding = Finding("recordings.no_time", "error", text.place, label, {"key": "TIME"})
        return _Time(math.nan, math.nan, factor, explicit=True, findings=(finding,))
    low, high = readable[0], readable[-1]
    own_step = (float(time[high]) - float(time[low])) / float(high - low)
    # Whole microseconds are what the header can say; the column's own mean step is taken to that precision.
    sensible = 0.0 < own_step < LONGEST_STEP
    rounded = round(own_step * 1e6) / 1e6 if sensible else math.nan
    own_step = rounded if rounded > 0 and abs(rounded - own_step) * time.size <= PRINTED_TIME else own_step
    own_start = float(time[low]) - own_step * float(low)
    with np.errstate(over="ignore", invalid="ignore"):
        ideal = own_start + own_step * np.arange(time.size)
        deviation = np.abs(time[readable] - ideal[readable]).max()
    if not sensible or not deviation <= STEP_TOLERANCE * own_step + PRINTED_TIME:
        if math.isfinite(step) and _fits(time, start, step):
            # All but a few times agree with the header: a damaged time, found again when samples are parsed.
            return _Time(start, step, factor)
        finding = Finding("recordings.time_not_constant", "warning", text.place, label)
        return _Time(float(time[low]), math.nan, factor, explicit=True, findings=(finding,))
    agrees = math.isnan(step) or (abs(own_step - step) <= 1e-9 and abs(own_start - start) <= PRINTED_TIME)
    parameters = {"start": f"{own_start:.6g}", "step": f"{own_step:.6g}", "header_start": f"{start:.6g}",
                  "header_step": f"{step:.6g}"}  # fmt: skip
    findings = (
        () if agrees else (Finding("recordings.time_differs", "warning", text.place, label, parameters),)
    )
    return _Time(own_start, own_step, factor, findings=findings)


def _fits(time: Samples, start: float, step: float) -> bool:
    expected = start + step * np.arange(time.size)
    with np.errstate(over="ignore", invalid="ignore"):
        near = np.abs(time - expected) <= STEP_TOLERANCE * step + PRINTED_TIME
    return bool(np.mean(near) > 0.99)


def _examined(
    text: SampleText, time: _Time, parsed: Callable[[], Parsed]
) -> Callable[[], tuple[Finding, ...]]:
    """Return the findings of the samples, and of the times that do not fit the constant step."""

    def findings() -> tuple[Finding, ...]:
        result = parsed()
        if text.columns == 1 or time.explicit or not math.isfinite(time.step):
            return result.findings
        column = in_canonical_unit(result.table[:, 0], Conversion("s", time.factor))
        ideal = time.start + time.step * np.arange(column.size)
        with np.errstate(over="ignore", invalid="ignore"):
            near = np.abs(column - ideal) <= STEP_TOLERANCE * time.step + PRINTED_TIME
            wrong = np.flatnonzero(~near)  # a time that is not a number is wrong too
        if not wrong.size:
            return result.findings
        parameters: dict[str, object] = {"count": int(wrong.size), "line": text.first_line + int(wrong[0])}
        finding = Finding("recordings.time_irregular", "error", text.place, text.label, parameters)
        return (*result.findings, finding)

    return findings


def _channel(curve: _Curve, text: SampleText, time: _Time, parsed: Callable[[], Parsed]) -> Channel:
    column = Conversion("s", time.factor)
    load_time = (lambda: in_canonical_unit(parsed().table[:, 0], column)) if time.explicit else None
    attributes = {key: value for key, value in curve.fields.items() if value}
    return Channel(
        code=curve.code,
        name=curve.name,
        unit=curve.unit.unit,
        source_unit=curve.fields["Unit"],
        start=time.start,
        step=time.step,
        place=text.place,
        load=converted(parsed, curve.unit),
        attributes=MappingProxyType(attributes),
        declared_samples=text.declared,
        load_time=load_time,
        load_findings=_examined(text, time, parsed),
    )
