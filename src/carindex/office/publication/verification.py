"""Check an office, a log file or a static edition: the log, and that what is published is what was signed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from carindex.messages import Finding
from carindex.office.publication.chain import Verification
from carindex.office.publication.exported import read_log
from carindex.office.publication.lifecycle import ResultState
from carindex.office.publication.log import records_of, verify_log
from carindex.office.publication.models import Result, ResultVersion
from carindex.office.publication.signing import digest
from carindex.office.store.transaction import first_broken

VERSIONS = frozenset({"result", "correction", "withdrawal", "republication"})
"""Kinds of records that name a version of a result."""


def verify_office(
    session: Session, place: str, *, trusted: str | None = None, earlier: Path | None = None
) -> Verification:
    """Examine an office: its log, the content of every version that was published, and its audit log."""
    known = None if earlier is None else [digest(record) for record in read_log(earlier)[0]]
    found = verify_log(session, place=place, trusted=trusted, earlier=known)
    signed = {
        (record["body"].get("result"), record["body"].get("version")): record
        for record in records_of(session)
        if isinstance(record, dict)
        and record.get("kind") in VERSIONS
        and isinstance(record.get("body"), dict)
    }
    findings = list(found.findings)
    wanted = select(ResultVersion).options(undefer(ResultVersion.document))
    for version in session.scalars(wanted.order_by(ResultVersion.record)).yield_per(100):
        record = signed.pop((version.result, version.version), None)
        if record is None or not _same(version, record):
            findings.append(_error("content_differs", place, version.result, version.version, version.record))
    for (result, number), record in signed.items():
        findings.append(_error("version_missing", place, result, number, record["number"]))
    findings.extend(_shown(session, place))
    broken = first_broken(session)
    if broken is not None:
        parameters = {"number": broken}
        findings.append(Finding("office/publication.audit_broken", "error", place, None, parameters))
    return msgspec.structs.replace(found, findings=tuple(findings))


def _shown(session: Session, place: str) -> Iterator[Finding]:
    """Yield an error for each result that shows something else than its newest version."""
    newest: dict[str, ResultVersion] = {}
    for version in session.scalars(select(ResultVersion).order_by(ResultVersion.version)):
        newest[version.result] = version
    wanted = select(Result).options(undefer(Result.document)).order_by(Result.key)
    for result in session.scalars(wanted).yield_per(100):
        own = newest.get(result.key)
        public = result.state in (ResultState.PUBLISHED, ResultState.WITHDRAWN)
        sound = public == (own is not None)
        if own is not None:
            withdrawn = own.digest is None
            sound &= own.version == result.version and withdrawn == (result.state == ResultState.WITHDRAWN)
            sound &= withdrawn or own.digest == result.digest == digest(result.document)
        if not sound:
            yield _error("content_differs", place, result.key, result.version, own.record if own else "-")


def _same(version: ResultVersion, record: dict[str, Any]) -> bool:
    own = None if version.document is None else digest(version.document)
    body = record["body"]
    return bool(
        own == version.digest == body.get("digest")
        and record["number"] == version.record
        and record["kind"] == version.kind
        and body.get("reason") == version.reason
    )


def _error(code: str, place: str, result: object, version: object, record: object) -> Finding:
    parameters = {"result": result, "version": version, "record": record}
    return Finding(f"office/publication.{code}", "error", place, None, parameters)


def is_office(path: Path) -> bool:
    """Whether a folder holds an office."""
    from carindex.office.store.opening import DATABASE

    return (path / DATABASE).is_file()
