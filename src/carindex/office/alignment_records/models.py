"""Tables of the records of alignment. Documents are kept files, named here with their digests."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from carindex.office.store.base import Base, Code, Json, Record, Words, link


class Accreditation(Record):
    """What a laboratory may test, by whom it was accredited, from when to when.

    ``tests``: names of the vocabulary; ``suspended``: from when it no longer holds, and why.
    """

    __tablename__ = "accreditation"
    __table_args__ = (CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="validity"),)

    laboratory: Mapped[str] = link("organisation")
    body: Mapped[str]
    standard: Mapped[str]
    certificate: Mapped[str]
    tests: Mapped[Json]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    suspended_from: Mapped[date | None]
    suspended_why: Mapped[str | None]
    files: Mapped[Json]


class VerdictState(StrEnum):
    """How far a verdict on equivalence is."""

    DRAFT = "draft"
    SIGNED = "signed"
    REVOKED = "revoked"


class Verdict(Record):
    """What evidence of one word says about another one: an entry of ``vocabulary/equivalences.yaml`` with its evidence.

    ``entry`` is the entry as that file has it; ``part`` one of its lists. ``evidence_from``: whose tests it rests on.
    """

    __tablename__ = "equivalence_verdict"

    part: Mapped[Code]
    entry: Mapped[Json]
    evidence_from: Mapped[str | None] = link("organisation")
    files: Mapped[Json]
    needed: Mapped[int]
    state: Mapped[Code] = mapped_column(index=True)
    made_at: Mapped[datetime]
    ended_why: Mapped[str | None]


class Signature(Base):
    """An expert's sign-off of a verdict."""

    __tablename__ = "equivalence_signature"

    verdict: Mapped[str] = link("equivalence_verdict", primary_key=True, index=False)
    person: Mapped[str] = link("person", primary_key=True)
    at: Mapped[datetime]


class Agreement(Record):
    """An agreement on mutual recognition; ``verdicts``: the equivalences that it rests on."""

    __tablename__ = "agreement"
    __table_args__ = (CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="validity"),)

    title: Mapped[Words]
    scope: Mapped[Words]
    parties: Mapped[Json]
    verdicts: Mapped[Json]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    files: Mapped[Json]


class WorkingGroup(Record):
    """A working group; members are organisations or people."""

    __tablename__ = "working_group"

    name: Mapped[Words]
    mandate: Mapped[Words]
    organisations: Mapped[Json]
    people: Mapped[Json]
    ended: Mapped[date | None]


class MeetingKind(StrEnum):
    """What came together."""

    MEETING = "meeting"
    OBSERVATION = "observation"
    CONFERENCE = "conference"


class Meeting(Record):
    """A meeting or technology observation, with agenda and documents; ``agenda`` is a list of texts a language."""

    __tablename__ = "meeting"
    __table_args__ = (CheckConstraint("starts <= ends", name="order"),)

    kind: Mapped[Code]
    title: Mapped[Words]
    place: Mapped[str]
    starts: Mapped[datetime] = mapped_column(index=True)
    ends: Mapped[datetime]
    group: Mapped[str | None] = link("working_group")
    agenda: Mapped[Json]
    files: Mapped[Json]


class Paper(Record):
    """A paper, and for each figure the data, the command and the digest of what it writes.

    ``figures``: ``{"id", "command": [words after carindex], "output": file, "digest"}``.
    """

    __tablename__ = "paper"

    title: Mapped[Words]
    citation: Mapped[str]
    identifier: Mapped[str | None] = mapped_column(String(200), unique=True)
    engine: Mapped[str]
    data: Mapped[Json]
    figures: Mapped[Json]
    added_at: Mapped[datetime]
