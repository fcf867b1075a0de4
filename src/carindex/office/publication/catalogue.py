"""What the public may read, found quickly: the list without documents, and one document at a time.

Nothing here tells of a batch that is not released, whoever asks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from carindex.messages import InputError
from carindex.office.publication.lifecycle import ResultState
from carindex.office.publication.models import Batch, LogRecord, Result, ResultVersion
from carindex.office.store import Organisation
from carindex.office.store.columns import instant

_PUBLIC = (ResultState.PUBLISHED.value, ResultState.WITHDRAWN.value)
_MANY = 500
"""So many numbers are asked for by name; of more the whole log is read."""


class Listed(msgspec.Struct, frozen=True):
    """A published or withdrawn result, without its document.

    ``summary``: what its newest record in the log repeats of the document; empty for a withdrawn one. ``reason``: why
    it was published anew or withdrawn.
    """

    key: str
    version: int
    state: str
    at: str
    batch: str
    batch_name: Mapping[str, str]
    maker: Mapping[str, str]
    example: bool
    retest_of: str | None
    record: int
    kind: str
    reason: Mapping[str, str]
    summary: Mapping[str, Any]
    first: Mapping[str, Any]


class Version(msgspec.Struct, frozen=True):
    """A version of a result: when it was published and why, and the record of the log that is signed for it."""

    version: int
    kind: str
    at: str
    reason: Mapping[str, str]
    record: int
    digest: str | None


def latest_record(session: Session) -> int:
    """Return the number of the last record of the log: whatever the public may read changes only with it."""
    return session.scalar(select(func.max(LogRecord.number))) or 0


def catalogue(session: Session) -> tuple[Listed, ...]:
    """Return all results that the public may know of, the latest first."""
    newest = {
        (version.result, version.version): version
        for version in session.scalars(select(ResultVersion).order_by(ResultVersion.result))
    }
    records = {
        number: json.loads(text)["body"]
        for number, text in session.execute(
            select(LogRecord.number, LogRecord.text).where(
                LogRecord.number.in_([version.record for version in newest.values()])
                if len(newest) < _MANY
                else LogRecord.number > 0
            )
        )
    }
    wanted = (
        select(Result, Batch, Organisation)
        .join(Batch, Batch.key == Result.batch)
        .join(Organisation, Organisation.key == Result.maker)
        .where(Result.state.in_(_PUBLIC))
        .order_by(Result.published_at.desc(), Result.key)
    )
    found = []
    for result, batch, maker in session.execute(wanted):
        version = newest[result.key, result.version]
        published = result.state == ResultState.PUBLISHED
        first = newest[result.key, 1]
        found.append(
            Listed(
                result.key,
                result.version,
                result.state,
                instant(version.at),
                batch.key,
                batch.name,
                maker.name,
                maker.example,
                result.retest_of,
                version.record,
                version.kind,
                version.reason,
                records[version.record] if published else {},
                records[first.record],
            )
        )
    return tuple(found)


def document_of(session: Session, key: str) -> tuple[Result, dict[str, Any] | None]:
    """Return a result and what was published of it last; of a withdrawn one nothing.

    Raises
    ------
    InputError
        When there is none of that key that the public may read.
    """
    found = session.scalars(
        select(Result).where(Result.key == key, Result.state.in_(_PUBLIC)).options(undefer(Result.document))
    ).one_or_none()
    if found is None:
        raise InputError(key[:40], "office/publication.unknown_result")
    return found, found.document if found.state == ResultState.PUBLISHED else None


def versions_of(session: Session, key: str) -> tuple[Version, ...]:
    """Return all versions of a result that the public may read, the first first; raises as `document_of`."""
    document_of(session, key)
    rows = session.scalars(
        select(ResultVersion).where(ResultVersion.result == key).order_by(ResultVersion.version)
    )
    return tuple(
        Version(row.version, row.kind, instant(row.at), row.reason, row.record, row.digest) for row in rows
    )


def record_text(session: Session, number: int) -> str:
    """Return a record of the log as it was signed.

    Raises
    ------
    InputError
        When there is none.
    """
    found = session.get(LogRecord, number)
    if found is None:
        raise InputError(str(number), "office/publication.unknown_result")
    return found.text
