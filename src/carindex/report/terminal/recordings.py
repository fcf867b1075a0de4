"""Recordings, their findings and the criteria computed from them, on the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from carindex.messages import Finding, Language
from carindex.report.labels import label
from carindex.report.terminal.screen import Column, heading, rows, screen, severity_text, table, words
from carindex.report.wording import (
    by_severity,
    cell_name,
    dummy_name,
    figure,
    measured_figure,
    milliseconds,
    occupant_name,
    quantity_name,
    unit_text,
    window_text,
)
from carindex.units import conversion

_SHOWN_AS_STATED = ("1", "kg/s", "kg/m³", "T")

if TYPE_CHECKING:
    from carindex.measures import Measured, Measurements
    from carindex.recordings import Channel, Recording


def show_recording(recording: Recording, language: Language, quiet: bool = False) -> None:
    """Show what a recording holds: where it came from and every channel, unless ``quiet``."""
    console = screen()
    console.print(words((str(recording.path), "bold")))
    console.print(
        label(
            "recording_summary",
            language,
            format=recording.format,
            channels=len(recording),
            files=len(recording.files),
        )
    )
    facts = rows(table([label("header_entry", language), label("value", language)]), _header(recording))
    if facts.row_count:
        console.print(facts)
    if quiet:
        return
    columns: list[Column] = [
        (label("channel", language), "fixed"),
        label("name", language),
        label("unit", language),
        (label("samples", language), "right"),
        ("kHz", "right"),
        (label("from_ms", language), "right"),
        (label("to_ms", language), "right"),
        (label("least", language), "right"),
        (label("greatest", language), "right"),
    ]
    console.print(rows(table(columns), (_channel(channel) for channel in recording)))


def _header(recording: Recording) -> Iterable[tuple[str, str]]:
    """Yield the header entries of the test; published values are left to reports."""
    for key, value in recording.attributes.items():
        if not key.startswith("published") and value.strip():
            yield key, value


def _channel(channel: Channel) -> tuple[str, ...]:
    values, time = channel.values, channel.time
    finite = values[np.isfinite(values)]
    rate = f"{0.001 / channel.step:.4g}" if channel.has_constant_step and channel.step > 0 else "–"
    unit, stated = unit_text(channel.unit) or channel.source_unit, conversion(channel.source_unit)
    if channel.unit in _SHOWN_AS_STATED and stated is not None:
        # Without a dimension, or tiny in canonical units: people know the number of the file.
        unit, finite = channel.source_unit, finite / stated.factor
    return (
        channel.code.text if channel.code else "–",
        channel.name,
        unit,
        str(values.size),
        rate,
        milliseconds(float(time[0])) if time.size else "–",
        milliseconds(float(time[-1])) if time.size else "–",
        figure(float(finite.min())) if finite.size else "–",
        figure(float(finite.max())) if finite.size else "–",
    )


def show_findings(findings: Iterable[Finding], language: Language) -> None:
    """Show findings, errors first: severity, place, channel, what was found and what follows from it."""
    console = screen()
    found = by_severity(findings)
    if not found:
        console.print(label("no_findings", language))
        return
    heading(console, label("findings", language))
    columns: list[Column] = [
        (label("severity", language), "fixed"),
        label("place", language),
        label("finding", language),
        label("consequence", language),
    ]
    lines = (
        (
            severity_text(finding.severity, language),
            _place(finding),
            finding.text(language),
            finding.consequence(language),
        )
        for finding in found
    )
    console.print(rows(table(columns), lines))
    counts = {
        severity: sum(1 for item in found if item.severity == severity)
        for severity in ("error", "warning", "note")
    }
    console.print(label("findings_count", language, **counts))


def _place(finding: Finding) -> str:
    if finding.channel and finding.channel not in finding.place:
        return f"{finding.channel} ({finding.place})" if finding.place else finding.channel
    return finding.place


def show_criteria(measurements: Measurements, language: Language) -> None:
    """Show every criterion by occupant: value, window, channels, method."""
    console = screen()
    groups: dict[tuple[str | None, str | None, str | None], list[Measured]] = {}
    for measured in measurements.values:
        groups.setdefault((measured.occupant, measured.dummy, measured.cell), []).append(measured)
    if not groups:
        console.print(label("no_criteria", language))
    for (occupant, dummy, cell), values in groups.items():
        name = dummy_name(dummy, language)
        words_of = [occupant_name(occupant, language), name, cell_name(cell, language)]
        heading(console, " · ".join(word for word in words_of if word))
        columns: list[Column] = [
            label("criterion", language),
            (label("value", language), "right"),
            (label("unit", language), "fixed"),
            ("t1–t2, ms", "right"),
            label("channels", language),
            label("filter", language),
            label("method", language),
        ]
        console.print(rows(table(columns), (_criterion(measured, language) for measured in values)))


def _criterion(measured: Measured, language: Language) -> tuple[str, ...]:
    mark = "" if measured.verified != "unverified" else f" ({label('verified_unverified', language)})"
    return (
        quantity_name(measured.criterion, language) + mark,
        measured_figure(measured.value),
        unit_text(measured.unit),
        window_text(measured.t1, measured.t2),
        " ".join(measured.channels),
        measured.filter or "",
        measured.methods.get(language, measured.method),
    )
