"""Uploads: begun, received in pieces, completed or refused, removed; seen by the organisation's own people only."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from carindex.messages import Finding, InputError
from carindex.office.store import Actor, Change, Office
from carindex.office.workspace.access import organisation_of
from carindex.office.workspace.models import Job, JobState, Upload, UploadState
from carindex.office.workspace.names import checked_names
from carindex.office.workspace.places import folder_of
from carindex.office.workspace.sniffing import Recognised


class UploadLimits(msgspec.Struct, frozen=True):
    """Bytes of one upload and of all uploads that an organisation keeps, and how many files one may have."""

    upload: int
    kept: int
    files: int = 200


def begin(
    change: Change, files: Sequence[tuple[str, int]], limits: UploadLimits, *, title: str = ""
) -> Upload:
    """Begin an upload.

    Parameters
    ----------
    change
        The change of who uploads.
    files
        Name and size in bytes of each file to come.
    limits
        How much may be uploaded.
    title
        A name for people; that of the first file where none is given.

    Raises
    ------
    InputError
        When who uploads may not, a name or size is none that can be used, or there would be too much.
    """
    organisation = organisation_of(change.actor)
    if not 0 < len(files) <= limits.files:
        raise InputError("upload", "office/workspace.number_of_files", count=len(files), most=limits.files)
    names = checked_names([name for name, _ in files])
    for name, size in zip(names, (size for _, size in files), strict=True):
        if size <= 0:
            raise InputError(name, "office/workspace.empty_file")
    total = sum(size for _, size in files)
    if total > limits.upload:
        raise InputError(names[0], "office/workspace.upload_too_large", size=total, most=limits.upload)
    if kept_bytes(change.session, organisation) + total > limits.kept:
        raise InputError(names[0], "office/workspace.no_room", most=limits.kept)
    upload = change.add(
        Upload(
            person=str(change.actor.person),
            organisation=organisation,
            title=(title.strip() or names[0])[:200],
            files=[{"name": name, "size": size} for name, (_, size) in zip(names, files, strict=True)],
            size=total,
            state=UploadState.RECEIVING.value,
            kind=None,
            finding=None,
            begun=change.at,
            ended=None,
        )
    )
    change.record("workspace.upload_begun", upload, {"files": len(files), "size": total})
    return upload


def kept_bytes(session: Session, organisation: str) -> int:
    """Return the bytes of all uploads that an organisation keeps."""
    states = [UploadState.RECEIVING.value, UploadState.COMPLETE.value]
    found = session.scalar(
        select(func.sum(Upload.size)).where(Upload.organisation == organisation, Upload.state.in_(states))
    )
    return int(found or 0)


def upload_of(session: Session, actor: Actor, key: str) -> Upload:
    """Return an upload of the actor's own organisation.

    Raises
    ------
    InputError
        When there is none, or it is another organisation's: which of the two is not said.
    """
    organisation = organisation_of(actor)
    found = session.get(Upload, key)
    if found is None or found.organisation != organisation or found.state == UploadState.REMOVED.value:
        raise InputError(key[:40], "office/workspace.no_such_upload")
    return found


def uploads_of(session: Session, actor: Actor) -> list[Upload]:
    """Return the uploads of the actor's own organisation, the latest first."""
    organisation = organisation_of(actor)
    return list(
        session.scalars(
            select(Upload)
            .where(Upload.organisation == organisation, Upload.state != UploadState.REMOVED.value)
            .order_by(Upload.key.desc())
        )
    )


def complete(change: Change, key: str, found: Recognised) -> Upload:
    """Note that an upload was received whole and what it is."""
    upload = _receiving(change, key)
    upload.state, upload.kind, upload.ended = UploadState.COMPLETE.value, found.kind.value, change.at
    upload.files = [
        {"name": name, "size": size, "sha256": digest} for name, (size, digest) in found.files.items()
    ]
    change.record("workspace.upload_completed", upload, {"kind": upload.kind, "files": upload.files})
    return upload


def refuse(change: Change, key: str, finding: Finding) -> Upload:
    """Note that an upload cannot be used, and why."""
    upload = _receiving(change, key)
    upload.state, upload.ended = UploadState.REFUSED.value, change.at
    upload.finding = plain(finding)
    change.record("workspace.upload_refused", upload, {"code": finding.code})
    return upload


def remove(change: Change, key: str) -> Upload:
    """Remove an upload: its files go when the change is committed, see `discard`; the record of it stays.

    Raises
    ------
    InputError
        When there is none of the own organisation, or a job still works on it.
    """
    upload = upload_of(change.session, change.actor, key)
    working = [JobState.WAITING.value, JobState.RUNNING.value]
    if change.session.scalar(
        select(func.count()).select_from(Job).where(Job.upload == key, Job.state.in_(working))
    ):
        raise InputError(upload.title, "office/workspace.in_use")
    upload.state, upload.ended = UploadState.REMOVED.value, change.at
    change.record("workspace.upload_removed", upload)
    return upload


def _receiving(change: Change, key: str) -> Upload:
    upload = upload_of(change.session, change.actor, key)
    if upload.state != UploadState.RECEIVING.value:
        raise InputError(upload.title, "office/workspace.not_receiving", state=upload.state)
    return upload


def plain(finding: Finding) -> Mapping[str, Any]:
    """Return a finding as it is kept: plain values, of which `finding_of` makes it again."""
    parameters = {
        name: value if isinstance(value, str | int | float | dict) else str(value)
        for name, value in finding.parameters.items()
    }
    return {"code": finding.code, "place": finding.place, "parameters": parameters}


def finding_of(kept: Mapping[str, Any]) -> Finding:
    """Return a finding that was kept."""
    return Finding(kept["code"], "error", kept["place"], None, kept["parameters"])


def discard(office: Office, key: str) -> None:
    """Remove the files of an upload that was removed or refused."""
    shutil.rmtree(folder_of(office, key), ignore_errors=True)
