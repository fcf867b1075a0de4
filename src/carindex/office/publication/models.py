"""Tables of publication: the signed log, batches and their results with every version, appeals and their rules."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from carindex.office.store.base import Base, Code, Json, Large, Record, Words, link


class LogRecord(Base):
    """A record of the log of publications, as it was signed; rows are permanent."""

    __tablename__ = "publication_record"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[Code]
    text: Mapped[str]


class LogHead(Base):
    """The signed head of the log: one row."""

    __tablename__ = "publication_head"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    document: Mapped[Json]


class Batch(Record):
    """Results that are published together, under embargo until then."""

    __tablename__ = "batch"

    name: Mapped[Words]
    state: Mapped[Code] = mapped_column(index=True)
    made_at: Mapped[datetime]
    sealed_at: Mapped[datetime | None]
    release_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]


class Result(Record):
    """A car's result in a batch; what is published of it is its newest version.

    ``source`` is the key of the assessment it comes from, ``maker`` the organisation that may appeal, ``retest_of`` the
    result that this one tests again.
    """

    __tablename__ = "published_result"

    batch: Mapped[str] = link("batch")
    source: Mapped[str] = mapped_column(String(80))
    maker: Mapped[str] = link("organisation")
    state: Mapped[Code] = mapped_column(index=True)
    version: Mapped[int]
    published_at: Mapped[datetime | None]
    retest_of: Mapped[str | None] = link("published_result")
    retest_ordered: Mapped[Words | None]
    document: Mapped[Large]
    digest: Mapped[str] = mapped_column(String(64))


class ResultVersion(Base):
    """What was published of a result at a moment, and why it was published anew; rows are permanent."""

    __tablename__ = "published_version"

    result: Mapped[str] = link("published_result", primary_key=True, index=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[Code]
    at: Mapped[datetime]
    reason: Mapped[Words]
    record: Mapped[int] = mapped_column(Integer, unique=True)
    document: Mapped[Large | None]
    digest: Mapped[str | None] = mapped_column(String(64))


class Appeal(Record):
    """An appeal by a maker against a result; ``due`` is when the next step is owed."""

    __tablename__ = "appeal"

    result: Mapped[str] = link("published_result")
    version: Mapped[int]
    organisation: Mapped[str] = link("organisation")
    filed_by: Mapped[str] = link("person")
    filed_at: Mapped[datetime]
    grounds: Mapped[str]
    state: Mapped[Code] = mapped_column(index=True)
    rules: Mapped[str] = link("statute")
    due: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decision: Mapped[str | None]
    remedy: Mapped[Code | None]
    signed_by: Mapped[Json]
