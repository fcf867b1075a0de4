"""Commands about recorded tests: ``inspect`` and ``criteria``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carindex.cli.options import PATH, end, with_json, with_language, write_json
from carindex.messages import Finding, Language

if TYPE_CHECKING:
    from carindex.recordings import Recording


@click.command()
@click.argument("path", type=PATH)
@with_json
@with_language
def inspect(path: Path, json_file: Path | None, language: Language) -> None:
    """Show what a recording or dossier holds, and every data-quality finding.

    PATH is a recording (file, folder or archive) or a dossier folder.
    """
    findings: list[Finding] = []
    recordings: list[Recording] = []
    for recording, found in _inspected(path):
        findings.extend(found)
        if recording is not None:
            recordings.append(recording)
    if json_file is not None:
        found_json = [finding.as_json(language) for finding in findings]
        entries = [_recording_json(recording) for recording in recordings]
        write_json(json_file, {"recordings": entries, "findings": found_json})
    else:
        from carindex.report.terminal import show_findings, show_recording

        for recording in recordings:
            show_recording(recording, language)
        show_findings(findings, language)
    end(findings, language, shown=json_file is None)


@click.command()
@click.argument("path", type=PATH)
@with_json
@with_language
def criteria(path: Path, json_file: Path | None, language: Language) -> None:
    """Compute all criteria that the channels of one recorded test allow.

    PATH is a recording: a file, folder or archive.
    """
    from carindex.measures import measure
    from carindex.recordings import read
    from carindex.recordings.quality import examine

    recording = read(path, eager=True)
    quality = examine(recording)
    result = measure(recording, findings=quality)
    findings = [*quality, *result.findings]
    if json_file is not None:
        write_json(json_file, result.as_json(language))
    else:
        from carindex.report.terminal import show_criteria, show_findings

        show_criteria(result, language)
        show_findings(findings, language)
    end(findings, language, shown=json_file is None)


def _inspected(path: Path) -> Iterator[tuple[Recording | None, tuple[Finding, ...]]]:
    """Yield each recording below a path with what was found in it; a dossier also has findings of its own."""
    from carindex.recordings import read
    from carindex.recordings.quality import examine

    if path.is_dir() and (path / "car.toml").is_file():
        from carindex.dossier.folder import load_dossier

        dossier = load_dossier(path)
        for test in dossier.tests:
            yield test.recording, ()
        yield None, dossier.findings
        return
    recording = read(path, eager=True)
    yield recording, examine(recording)


def _recording_json(recording: Recording) -> dict[str, Any]:
    return {
        "path": str(recording.path),
        "format": recording.format,
        "attributes": dict(recording.attributes),
        "files": dict(recording.files),
        "channels": [
            {
                "code": channel.code.text if channel.code else None,
                "name": channel.name,
                "unit": channel.unit,
                "source_unit": channel.source_unit,
                "samples": int(channel.values.size),
                "start": channel.start,
                "step": channel.step if channel.has_constant_step else None,
            }
            for channel in recording
        ],
    }
