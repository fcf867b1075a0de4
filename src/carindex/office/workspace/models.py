"""Tables of uploads and jobs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from carindex.office.store.base import Code, Json, Large, Record, link


class UploadState(StrEnum):
    """``receiving`` → ``complete`` or ``refused``; each → ``removed``, which ends it."""

    RECEIVING = "receiving"
    COMPLETE = "complete"
    REFUSED = "refused"
    REMOVED = "removed"


class UploadKind(StrEnum):
    """What an upload turned out to be."""

    DOSSIER = "dossier"
    RECORDING = "recording"
    WORKBOOKS = "workbooks"
    FACTS = "facts"


class Upload(Record):
    """Files that belong together, as a person sent them.

    ``files``: name, size and (once complete) SHA-256 of each. ``finding``: why it was refused.
    """

    __tablename__ = "workspace_upload"

    person: Mapped[str] = link("person")
    organisation: Mapped[str] = link("organisation")
    title: Mapped[str] = mapped_column(String(200))
    files: Mapped[Json]
    size: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[Code]
    kind: Mapped[str | None] = mapped_column(String(40))
    finding: Mapped[Json | None]
    begun: Mapped[datetime]
    ended: Mapped[datetime | None]


class JobState(StrEnum):
    """``waiting`` → ``running`` → ``done`` or ``failed``; a running one whose worker ended waits again."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(Record):
    """Long work that a person asked for: its kind with its settings, its state, what came out."""

    __tablename__ = "workspace_job"

    person: Mapped[str] = link("person")
    organisation: Mapped[str] = link("organisation")
    upload: Mapped[str | None] = link("workspace_upload")
    kind: Mapped[Code]
    settings: Mapped[Json]
    state: Mapped[Code] = mapped_column(index=True)
    tries: Mapped[int] = mapped_column(default=0)
    asked: Mapped[datetime]
    begun: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    finding: Mapped[Json | None]
    result: Mapped[Large | None]
