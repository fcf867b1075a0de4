"""Exchange file of a road trip with a portable emission measurement system (PEMS): real driving emissions, RDE.

What it looks like: text of cells between commas, semicolons or tabs. Above lie lines of name, ``[unit]`` or ``[what
to write]``, and value, the first one ``TEST ID``. Below them come three heading lines: names (the first one
``Time``), where each column comes from (``GPS``, ``ECU``, ``Analyser`` …) and units, then one line a second.

A name may occur several times, from different sensors: a channel is called ``Vehicle speed (GPS)``. A column
without any value is left out. Header entries with a unit keep it in their key (``Engine rated power [kW]``).

Source: Regulation (EU) 2017/1151, Annex IIIA, data exchange, as the JRC sample of 2017 has it.

Belongs here: reading. Does not belong here: whether the trip is plausible (`quality.trip`), emissions
(`carindex.measures.emission`).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from carindex.messages import Finding, InputError
from carindex.recordings.delimited import has_decimal_comma, numbers, separator_of
from carindex.recordings.lazy import in_canonical_unit, unit_of
from carindex.recordings.model import Channel, Recording, Samples
from carindex.recordings.rasters import constant_step
from carindex.recordings.sources import FileSource
from carindex.recordings.text import decode
from carindex.units import Conversion, conversion

NAME = "rde-exchange"

_FIRST = ("test id", "[code]")
_TIME = "time"
_ANGLE = "deg:min:s"


@dataclass(frozen=True)
class _Headings:
    """The three heading lines; ``line`` is the number of the first in the file."""

    line: int
    names: tuple[str, ...]
    sources: tuple[str, ...]
    units: tuple[str, ...]

    def label(self, column: int) -> str:
        """Return the name of a column with its source."""
        source = self.sources[column]
        return f"{self.names[column]} ({source})" if source else self.names[column]


def _is_exchange_file(head: bytes) -> bool:
    text, _ = decode(head)
    line = text.lstrip("\ufeff\r\n ").split("\n", 1)[0]
    cells = [cell.strip().strip('"').casefold() for cell in line.split(separator_of(line))]
    return tuple(cells[:2]) == _FIRST


def _files(source: FileSource) -> list[str]:
    names = (source.focus,) if source.focus is not None else source.names
    return [name for name in names if _is_exchange_file(source.head(name))]


def recognises(source: FileSource) -> bool:
    """Return whether the source holds an exchange file."""
    return bool(_files(source))


def read(source: FileSource, *, eager: bool = False) -> Recording:
    """Read an exchange file; all samples are parsed at once, whatever ``eager`` says.

    Raises
    ------
    InputError
        Several exchange files, no heading lines, no unit of time, no column with values.
    """
    names = _files(source)
    if len(names) > 1:
        raise InputError(
            source.path, "recordings.several_recordings", first=names[0], second=names[1], count=len(names)
        )
    place = source.place(names[0])
    text, encoding = decode(source.read(names[0]))
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    separator = separator_of(lines[0])
    headings = _headings(lines, separator, place)
    body = lines[headings.line + 2 :]
    channels, findings = _channels(body, separator, headings, place)
    if not channels:
        raise InputError(place, "recordings.no_channels")
    return Recording(
        path=source.path if source.focus is None else source.path / source.focus,
        format=NAME,
        channels=tuple(channels),
        attributes=MappingProxyType(
            _header(lines[: headings.line - 1], separator)
            | {"encoding": encoding, "first line of values": str(headings.line + 3)}
        ),
        files=MappingProxyType({names[0]: source.digest(names[0])}),
        findings=tuple(findings),
    )


def _cells(line: str, separator: str) -> list[str]:
    if '"' in line:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
    return [cell.strip() for cell in line.split(separator)]


def _headings(lines: Sequence[str], separator: str, place: str) -> _Headings:
    """Return the heading lines.

    Raises
    ------
    InputError
        When no line begins with ``Time``, or the third one after it has no unit of time.
    """
    for index, line in enumerate(lines):
        names = _cells(line, separator)
        if names[0].casefold() == _TIME and index + 2 < len(lines):
            sources, units = (_cells(lines[index + below], separator) for below in (1, 2))
            width = len(names)
            for row in (sources, units):
                row += [""] * (width - len(row))
            found = conversion(units[0])
            if found is None or found.unit != "s":
                raise InputError(f"{place}:{index + 3}", "recordings.rde_time_unit", unit=units[0] or "-")
            return _Headings(index + 1, tuple(names), tuple(sources[:width]), tuple(units[:width]))
    raise InputError(place, "recordings.rde_no_headings")


def _header(lines: Sequence[str], separator: str) -> dict[str, str]:
    """Return the header entries; the first of two that have one name counts."""
    found: dict[str, str] = {}
    for line in lines:
        cells = _cells(line, separator)
        name, unit, value = (*cells, "", "", "")[:3]
        if not name:
            continue
        inner = unit[1:-1].strip() if len(unit) > 2 and unit[0] == "[" and unit[-1] == "]" else unit
        key = f"{name} [{inner}]" if inner and conversion(inner) is not None else name
        found.setdefault(key, value)
    return found


def _channels(
    body: Sequence[str], separator: str, headings: _Headings, place: str
) -> tuple[list[Channel], list[Finding]]:
    angles = [column for column, unit in enumerate(headings.units) if _ANGLE in unit.replace(" ", "")]
    rows, positions = _without(body, separator, angles, len(headings.names))
    comma = has_decimal_comma(rows, separator)
    first = headings.line + 3
    columns, noticed = numbers(rows, separator, comma, len(headings.names), place, first)
    findings = list(noticed.get(-1, ()))
    findings += [_named(finding, _TIME) for finding in noticed.get(0, ())]
    clock = conversion(headings.units[0])
    assert clock is not None
    time = in_canonical_unit(columns[0], clock)
    constant = constant_step(time)
    channels: list[Channel] = []
    empty: list[str] = []
    seen: dict[str, int] = {}
    for column in range(1, len(headings.names)):
        if not headings.names[column]:
            continue
        label = headings.label(column)
        seen[label] = seen.get(label, 0) + 1
        if seen[label] > 1:
            label = f"{label} {seen[label]}"
        own = [_named(finding, label) for finding in noticed.get(column, ())]
        if column in positions:
            values, unit, more = _angles(positions[column], place, label)
            if more:  # half of a position is none
                findings += more
                continue
        else:
            values = columns[column]
            unit, more_findings = _unit(headings.units[column], place, label)
            own += more_findings
        if not own and not np.isfinite(values).any():
            empty.append(label)
            continue
        channels.append(_channel(label, headings.units[column], values, unit, (time, constant), place, own))
    if empty:
        parameters = {"count": len(empty), "names": ", ".join(empty)}
        findings.append(Finding("recordings.columns_empty", "note", place, None, parameters))
    return channels, findings


def _without(
    body: Sequence[str], separator: str, taken: Sequence[int], width: int
) -> tuple[list[str], dict[int, list[str]]]:
    """Return the lines with some cells blank, and these cells by column."""
    positions: dict[int, list[str]] = {column: [] for column in taken}
    if not taken:
        return list(body), positions
    rows: list[str] = []
    for line in body:
        cells = line.split(separator)
        for column in taken:
            positions[column].append(cells[column].strip() if column < len(cells) else "")
            if column < len(cells):
                cells[column] = ""
        rows.append(separator.join(cells))
    return rows, positions


def _angles(cells: Sequence[str], place: str, label: str) -> tuple[Samples, Conversion, list[Finding]]:
    """Return ``deg:min:s`` in rad; what lacks its degrees is no position."""
    values = np.full(len(cells), math.nan)
    short = 0
    for row, cell in enumerate(cells):
        parts = cell.lstrip("+-").split(":")
        try:
            degrees, minutes, seconds = (float(part.replace(",", ".")) for part in parts)
        except ValueError:
            short += bool(cell)
            continue
        size = degrees + minutes / 60.0 + seconds / 3600.0
        values[row] = math.radians(-size if cell.startswith("-") else size)
    findings = []
    if short:
        parameters = {"count": short, "text": next(cell for cell in cells if cell)[:40]}
        findings.append(Finding("recordings.rde_position", "warning", f"{place} {label}", None, parameters))
    return values, Conversion("rad"), findings


def _unit(text: str, place: str, label: str) -> tuple[Conversion, tuple[Finding, ...]]:
    """Return the conversion of a column; a legend of states (``active (1); inactive (0)``) is no unit."""
    if "(1)" in text:
        return Conversion("1"), ()
    return unit_of(text, place, label)


def _named(finding: Finding, label: str) -> Finding:
    return Finding(finding.code, finding.severity, finding.place, label, finding.parameters)


def _channel(
    label: str,
    source_unit: str,
    values: Samples,
    unit: Conversion,
    clock: tuple[Samples, tuple[float, float] | None],
    place: str,
    findings: Sequence[Finding],
) -> Channel:
    time, constant = clock
    canonical = in_canonical_unit(values, unit)
    kept = tuple(findings)
    start, step = constant if constant is not None else (float(time[0]) if time.size else math.nan, math.nan)
    return Channel(
        code=None,
        name=label,
        unit=unit.unit,
        source_unit=source_unit.strip("[]"),
        start=start,
        step=step,
        place=place,
        load=lambda: canonical,
        load_time=None if constant is not None else lambda: time,
        load_findings=lambda: kept,
    )
