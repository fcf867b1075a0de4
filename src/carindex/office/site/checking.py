"""Check a static edition offline: its checksums, its log, and that it shows what was signed, all of it and no more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from carindex.messages import Finding
from carindex.office.publication.chain import Verification
from carindex.office.publication.exported import NAME, read_log, verify_file
from carindex.office.publication.signing import digest
from carindex.office.publication.verification import VERSIONS
from carindex.office.site.writing import SUMS

_RESULTS = "data/results"


def is_site(folder: Path) -> bool:
    """Whether a folder holds a static edition."""
    return (folder / NAME).is_file() and (folder / SUMS).is_file()


def verify_site(folder: Path, *, trusted: str | None = None, earlier: Path | None = None) -> Verification:
    """Examine a static edition.

    Raises
    ------
    InputError
        When its log or the earlier one cannot be read.
    """
    found = verify_file(folder / NAME, trusted=trusted, earlier=earlier)
    findings = (*found.findings, *_files(folder), *_results(folder))
    return msgspec.structs.replace(found, findings=findings)


def _files(folder: Path) -> Iterator[Finding]:
    """Yield an error for each file that is missing, altered or not in the list."""
    try:
        lines = (folder / SUMS).read_text("utf-8").splitlines()
        listed = {name: said for said, name in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError):
        yield _error("unreadable", folder / SUMS)
        return
    there = {
        file.relative_to(folder).as_posix(): file
        for file in folder.rglob("*")
        if file.is_symlink() or not file.is_dir()
    }
    for name, expected in listed.items():
        file = there.pop(name, None)
        if file is None or file.is_symlink():
            yield _error("missing", folder / name)
        elif hashlib.sha256(file.read_bytes()).hexdigest() != expected:
            yield _error("altered", file)
    there.pop(SUMS, None)
    for file in there.values():
        yield _error("unlisted", file)


def _results(folder: Path) -> Iterator[Finding]:
    """Yield an error for each result that is not as its newest record says."""
    newest: dict[str, dict[str, Any]] = {}
    for record in read_log(folder / NAME)[0]:
        if (
            isinstance(record, dict)
            and record.get("kind") in VERSIONS
            and isinstance(record.get("body"), dict)
        ):
            newest[str(record["body"].get("result"))] = record
    there = {file.stem: file for file in sorted((folder / _RESULTS).glob("*.json"))}
    for key, record in newest.items():
        file = there.pop(key, None)
        if file is None:
            yield _error("missing", folder / _RESULTS / f"{key}.json")
        elif not _same(file, record):
            yield _error("not_signed", file, record=record["number"])
    for file in there.values():
        yield _error("not_signed", file, record="-")


def _same(file: Path, record: dict[str, Any]) -> bool:
    try:
        shown = json.loads(file.read_bytes())
        document, body = shown["document"], record["body"]
        own = None if document is None else digest(document)
        return bool(own == body["digest"] == shown["digest"] and shown["version"] == body["version"])
    except (ValueError, LookupError, TypeError):
        return False


def _error(code: str, place: Path, **parameters: object) -> Finding:
    return Finding(f"office/site.{code}", "error", str(place), None, parameters)
