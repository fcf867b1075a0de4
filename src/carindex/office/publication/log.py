"""The log of publications as the office keeps it: records are added inside a change, with the head signed anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex.messages import InputError
from carindex.office.publication.chain import (
    Document,
    Tip,
    Verification,
    head_of,
    key_record,
    record_after,
    tip_after,
    verify,
)
from carindex.office.publication.exported import as_lines, write_file
from carindex.office.publication.models import LogHead, LogRecord
from carindex.office.publication.signing import SigningKey, key_folder, load_key, new_key
from carindex.office.store import Change, Role
from carindex.office.store.columns import canonical, instant

_HEAD = 1


def start(change: Change, folder: Path | None = None) -> str:
    """Begin the log with a key of its own; returns the key's fingerprint, to be made known.

    Raises
    ------
    InputError
        When there is a log, the key cannot be written, or the actor is no administrator.
    """
    change.require(Role.ADMINISTRATOR)
    if _last(change.session) is not None:
        raise InputError("log", "office/publication.log_there")
    key = new_key(folder or key_folder(change.office.files))
    _write(change, Tip(), key_record(Tip(), key, change.at, None), key)
    change.record("publication.log_started", "log", {"key": key.public.fingerprint})
    return key.public.fingerprint


def rotate(change: Change, reason: str, folder: Path | None = None) -> str:
    """Bring in a new key, signed by the old one, which from now on signs nothing more; returns its fingerprint.

    Raises
    ------
    InputError
        When there is no log, no reason, or the old key is not at hand.
    """
    change.require(Role.ADMINISTRATOR)
    if not reason.strip():
        raise InputError("key", "office/publication.no_reason")
    keys = folder or key_folder(change.office.files)
    tip = _tip(change)
    old = load_key(keys, tip.key)
    key = new_key(keys)
    _write(change, tip, key_record(tip, key, change.at, old, reason), key)
    change.record("publication.key_changed", "log", {"key": key.public.fingerprint, "reason": reason})
    return key.public.fingerprint


def append(change: Change, kind: str, body: Mapping[str, Any]) -> int:
    """Add a record to the log; returns its number. It is there when the change is committed, else not.

    Raises
    ------
    InputError
        When there is no log, its key is not at hand, or the clock is behind its last record.
    """
    tip = _tip(change)
    key = load_key(key_folder(change.office.files), tip.key)
    record = record_after(tip, kind, body, change.at, key)
    _write(change, tip, record, key)
    return int(record["number"])


def records_of(session: Session) -> Iterator[Any]:
    """Yield the records of the log as they stand, the first first; a text that is no JSON as itself."""
    for text in session.scalars(select(LogRecord.text).order_by(LogRecord.number)).yield_per(500):
        try:
            value = json.loads(text)
            yield value if canonical(value) == text else text
        except ValueError:
            yield text


def head_in(session: Session) -> Any:  # noqa: ANN401 - as it stands
    """Return the signed head, ``None`` where there is none."""
    found = session.get(LogHead, _HEAD)
    return None if found is None else found.document


def verify_log(
    session: Session,
    *,
    place: str = "log",
    trusted: str | None = None,
    earlier: Sequence[str] | None = None,
) -> Verification:
    """Examine the log of an office, see `carindex.office.publication.chain.verify`."""
    return verify(records_of(session), head_in(session), place=place, trusted=trusted, earlier=earlier)


def lines_of(session: Session) -> Iterator[str]:
    """Yield the lines of the log as a file for anybody.

    Raises
    ------
    InputError
        When there is no log.
    """
    head = head_in(session)
    if head is None:
        raise InputError("log", "office/publication.log_not_started")
    return as_lines(records_of(session), head)


def export(session: Session, file: Path) -> None:
    """Write the log as a file for anybody; raises as `lines_of`, and when it cannot be written."""
    write_file(file, "".join(lines_of(session)).encode())


def _last(session: Session) -> Document | None:
    text = session.scalar(select(LogRecord.text).order_by(LogRecord.number.desc()).limit(1))
    return None if text is None else dict(json.loads(text))


def _tip(change: Change) -> Tip:
    last = _last(change.session)
    if last is None:
        raise InputError("log", "office/publication.log_not_started")
    tip = tip_after(Tip(), last)
    if instant(change.at) < tip.at:
        raise InputError("log", "office/publication.clock_behind", now=instant(change.at), last=tip.at)
    return tip


def _write(change: Change, tip: Tip, record: Document, key: SigningKey) -> None:
    after = tip_after(tip, record)
    change.session.add(LogRecord(number=record["number"], kind=record["kind"], text=canonical(record)))
    head = change.session.get(LogHead, _HEAD)
    if head is None:
        head = LogHead(id=_HEAD)
        change.session.add(head)
    head.document = head_of(after, change.at, key)
    change.session.flush()
