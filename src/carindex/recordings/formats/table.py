"""Plain tables: CSV (or TSV) and Parquet with one time column and one column a channel.

Header convention. The first column is ``time [s]`` or ``time [ms]``; its unit must be stated. Every other
column is ``CODE [unit]`` with a 16-character channel code of ISO/TS 13499, or ``name [unit]`` with any name.
Lines ``# key: value`` above the header are attributes of the recording (``# title: …``, ``# initial
velocity: 15.6``). ``# sampling interval: 0.0001`` and ``# time of first sample: -0.05`` (seconds) are used
where the time column agrees, ``# samples: 3500`` is checked. Separators are comma, semicolon or tab; a
decimal comma needs one of the other two. An empty cell or ``NOVALUE`` is a missing sample. Parquet has the
same column names; attributes are the key-value metadata of its schema, and a column may carry ``start``,
``step``, ``samples``, ``time`` (name of another time column), ``name``, ``source unit`` and ``history`` in
its own metadata.

Not here: writing (``writers.py``).
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from carindex.messages import Finding, InputError
from carindex.recordings.delimited import has_decimal_comma, numbers, separator_of
from carindex.recordings.lazy import in_canonical_unit, occupants_from_codes, unit_of_column
from carindex.recordings.model import Channel, ChannelCode, Recording, Samples, Step
from carindex.recordings.rasters import constant_step
from carindex.recordings.samples import COUNT_TOLERANCE, doubles
from carindex.recordings.sources import FileSource, as_stream
from carindex.recordings.text import decode
from carindex.units import Conversion, conversion

NAME = "table"
PARQUET = b"PAR1"

_HEADING = re.compile(r"^(.*?)\s*(?:[\[(]\s*([^\])]*?)\s*[\])])?$", re.DOTALL)
_TIME_NAMES = {"time", "t"}
_RESERVED = {"sampling interval", "time of first sample", "samples"}


@dataclass(frozen=True)
class _Column:
    """One column as read: heading, numbers in file units, what is said about it."""

    name: str
    unit: str | None
    values: Samples
    about: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def _heading(text: str) -> tuple[str, str | None]:
    match = _HEADING.match(text.strip().strip('"').strip())
    return (match[1], match[2]) if match else (text, None)


def _is_time(heading: str) -> bool:
    return _heading(heading)[0].lower() in _TIME_NAMES


def _looks_like_table(head: bytes) -> bool:
    if head.startswith(PARQUET):
        return True
    text, _ = decode(head)
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        return False
    separator = separator_of(lines[0])
    return separator in lines[0] and _is_time(lines[0].split(separator)[0])


def _tables(source: FileSource) -> list[str]:
    names = (source.focus,) if source.focus is not None else source.names
    return [name for name in names if _looks_like_table(source.head(name))]


def recognises(source: FileSource) -> bool:
    """Return whether the source holds a table whose first column is time."""
    return bool(_tables(source))


def read(source: FileSource, *, eager: bool = False) -> Recording:
    """Read a table; all samples are parsed at once, whatever ``eager`` says.

    Raises
    ------
    InputError
        Several tables, no unit for the time column, no channel column, a damaged Parquet file.
    """
    names = _tables(source)
    if len(names) > 1:
        raise InputError(
            source.path, "recordings.several_recordings", first=names[0], second=names[1], count=len(names)
        )
    place = source.place(names[0])
    data = source.read(names[0])
    reader: Callable[[bytes, str], tuple[list[_Column], dict[str, str], list[Finding]]]
    reader = _read_parquet if data.startswith(PARQUET) else _read_csv
    columns, attributes, findings = reader(data, place)
    channels, channel_findings = _channels(columns, attributes, place)
    if not channels:
        raise InputError(place, "recordings.no_channels")
    return Recording(
        path=source.path if source.focus is None else source.path / Path(source.focus),
        format=NAME,
        channels=tuple(channels),
        attributes=MappingProxyType(attributes),
        files=MappingProxyType({names[0]: source.digest(names[0])}),
        findings=(*findings, *channel_findings),
        occupants=MappingProxyType(dict(occupants_from_codes([channel.code for channel in channels]))),
    )


def _read_csv(data: bytes, place: str) -> tuple[list[_Column], dict[str, str], list[Finding]]:
    text, encoding = decode(data)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    attributes: dict[str, str] = {"encoding": encoding}
    start = 0
    while start < len(lines) and (not lines[start].strip() or lines[start].lstrip().startswith("#")):
        key, colon, value = lines[start].lstrip("# \t").partition(":")
        if colon and key.strip():
            attributes[key.strip()] = value.strip()
        start += 1
    separator = separator_of(lines[start])
    headings = next(csv.reader([lines[start]], delimiter=separator))
    body = lines[start + 1 :]
    while body and not body[-1].strip():
        body.pop()
    comma = has_decimal_comma(body, separator)
    arrays, findings = numbers(body, separator, comma, len(headings), place, start + 2)
    columns = [_Column(*_heading(heading), values) for heading, values in zip(headings, arrays, strict=True)]
    flawed = [
        _Column(c.name, c.unit, c.values, c.about, tuple(findings.get(i, ()))) for i, c in enumerate(columns)
    ]
    return flawed, attributes, list(findings.get(-1, ()))


def _text_of(metadata: Mapping[bytes, bytes] | None) -> dict[str, str]:
    return {
        key.decode("utf-8", "replace"): value.decode("utf-8", "replace")
        for key, value in (metadata or {}).items()
        if key not in {b"ARROW:schema", b"pandas"} and not key.startswith(b"PARQUET:")
    }


def _read_parquet(data: bytes, place: str) -> tuple[list[_Column], dict[str, str], list[Finding]]:
    import pyarrow

    try:
        return _parquet_columns(data, place)
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
        # ValueError also stands for names that are not UTF-8 in a damaged file.
        reason = str(error).split("\n", 1)[0][:200] or type(error).__name__
        raise InputError(place, "recordings.unreadable_file", reason=reason) from error


def _parquet_columns(data: bytes, place: str) -> tuple[list[_Column], dict[str, str], list[Finding]]:
    from pyarrow import parquet

    table = parquet.read_table(as_stream(data))
    columns: list[_Column] = []
    findings: list[Finding] = []
    for number, column in enumerate(table.schema):
        name, unit = _heading(column.name)
        values = _parquet_values(table.column(number))
        if values is None:
            parameters = {"name": name, "type": str(column.type)}
            findings.append(Finding("recordings.not_numeric", "note", place, None, parameters))
            continue
        columns.append(_Column(name, unit, values, _text_of(column.metadata)))
    return columns, _text_of(table.schema.metadata), findings


def _parquet_values(column: Any) -> Samples | None:  # noqa: ANN401 - pyarrow has no types
    import pyarrow
    from pyarrow import types

    kind = column.type
    if not (
        types.is_floating(kind) or types.is_integer(kind) or types.is_boolean(kind) or types.is_decimal(kind)
    ):
        return None
    try:
        numbers = doubles(column.cast(pyarrow.float64(), safe=False))
    except pyarrow.ArrowException:
        return None
    with np.errstate(invalid="ignore"):
        return numbers + 0.0  # makes signalling NaN, which a damaged file may hold, plain NaN


def _stated(about: Mapping[str, str], key: str) -> float:
    try:
        return float(about.get(key, "").replace(",", "."))
    except ValueError:
        return math.nan


def _time_column(column: _Column, place: str) -> Samples:
    found = conversion(column.unit) if column.unit else None
    if found is None or found.unit != "s":
        raise InputError(place, "recordings.table_time_unit", found=column.unit or "", name=column.name)
    return in_canonical_unit(column.values, found)


def _channels(
    columns: Sequence[_Column], attributes: Mapping[str, str], place: str
) -> tuple[list[Channel], list[Finding]]:
    times = {column.name: column for column in columns if column.about.get("role") == "time"}
    first = next((column for column in columns if _is_time(column.name)), None)
    if first is None:
        raise InputError(place, "recordings.table_no_time")
    main = _time_column(first, place)
    constant = constant_step(
        main, _stated(attributes, "time of first sample"), _stated(attributes, "sampling interval")
    )
    declared = _stated(attributes, "samples")
    channels: list[Channel] = []
    findings: list[Finding] = [
        Finding(f.code, f.severity, f.place, None, f.parameters) for f in first.findings
    ]
    if constant is None:
        findings.append(Finding("recordings.time_not_constant", "note", place))
    for column in columns:
        if column is first or column.name in times:
            continue
        code = ChannelCode.parse(column.name)
        label = code.text if code else column.name
        unit, unit_findings = unit_of_column(column.unit, column.values, code, place, label)
        findings += unit_findings
        values, start, step, time = _on_its_raster(column, main, constant, times, place)
        channels.append(
            _channel(
                column,
                code,
                unit,
                values,
                (start, step, time),
                place,
                None if math.isnan(declared) else int(declared),
            )
        )
    return channels, findings


def _on_its_raster(
    column: _Column,
    main: Samples,
    constant: tuple[float, float] | None,
    times: Mapping[str, _Column],
    place: str,
) -> tuple[Samples, float, float, Samples | None]:
    """Return values, start, step and explicit time of a column, which may have its own raster (Parquet)."""
    about = column.about
    values = column.values
    count = _stated(about, "samples")
    if 0 <= count < values.size:
        values = values[: int(count)]
    if "time" in about and about["time"] in times:
        own = _time_column(times[about["time"]], place)[: values.size]
        return values, float(own[0]) if own.size else math.nan, math.nan, own
    if "step" in about:
        return values, _stated(about, "start"), _stated(about, "step"), None
    if constant is not None:
        return values, constant[0], constant[1], None
    time = main[: values.size]
    return values, float(time[0]) if time.size else math.nan, math.nan, time


def _channel(
    column: _Column,
    code: ChannelCode | None,
    unit: Conversion,
    values: Samples,
    raster: tuple[float, float, Samples | None],
    place: str,
    declared: int | None,
) -> Channel:
    start, step, time = raster
    label = code.text if code else column.name
    canonical = in_canonical_unit(values, unit)
    findings = [Finding(f.code, f.severity, f.place, label, f.parameters) for f in column.findings]
    if declared is not None and declared != values.size:
        far = abs(declared - values.size) > COUNT_TOLERANCE * max(declared, 1)
        parameters = {"found": values.size, "declared": declared}
        findings.append(
            Finding("recordings.sample_count", "error" if far else "warning", place, label, parameters)
        )
    own = {"name", "source unit", "history", "start", "step", "samples", "time", "role"}
    return Channel(
        code=code,
        name=column.about.get("name", column.name),
        unit=unit.unit,
        source_unit=column.about.get("source unit", column.unit or ""),
        start=start,
        step=step,
        place=place,
        load=lambda: canonical,
        attributes=MappingProxyType({k: v for k, v in column.about.items() if k not in own}),
        history=_history(column.about.get("history", "")),
        declared_samples=declared,
        load_time=None if time is None else lambda: time,
        load_findings=lambda: tuple(findings),
    )


def _history(text: str) -> tuple[Step, ...]:
    if not text:
        return ()
    try:
        steps = json.load(io.StringIO(text))
        return tuple(Step(str(name), str(detail)) for name, detail in steps)
    except (ValueError, TypeError):
        return ()
