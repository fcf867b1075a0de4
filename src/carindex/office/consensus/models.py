"""Tables of consensus: proposals and their panels, rounds, anonymous answers, editions that were adopted.

Who answered a round is one table, what was answered another; they share nothing but the round. Answers are kept under
a pseudonym that follows from the proposal's secret, so that one expert's answers in two rounds can be compared; the
secret is erased when the proposal ends, and with it the only way back to the person.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from carindex.office.store.base import Base, Code, Json, Large, Record, Words, link


class ProposalState(StrEnum):
    """How far a proposal is."""

    DRAFT = "draft"
    RATED = "rated"
    SETTLED = "settled"
    ADOPTED = "adopted"
    REJECTED = "rejected"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


OPEN_STATES = (ProposalState.DRAFT, ProposalState.RATED, ProposalState.SETTLED)
"""States of a proposal that has not ended."""


class Proposal(Record):
    """A change of rules that is proposed: an overlay, what a panel is asked about it, and by which criteria it agrees.

    ``files`` holds the overlay folder (name to text), ``digest`` its content; ``impact`` what it does to past cars, of
    the draft with the digest ``impact_of``. ``things``: what is to be weighted by comparison in pairs, if anything.
    """

    __tablename__ = "proposal"

    title: Mapped[Words]
    reason: Mapped[str]
    protocol: Mapped[str]
    protocol_hash: Mapped[str] = mapped_column(String(64))
    files: Mapped[Large]
    digest: Mapped[str] = mapped_column(String(64))
    criteria_name: Mapped[str]
    criteria: Mapped[Json]
    statements: Mapped[Json]
    things: Mapped[Json]
    proposer: Mapped[str | None] = link("person")
    proposed_at: Mapped[datetime]
    state: Mapped[Code] = mapped_column(index=True)
    impact: Mapped[Large | None]
    impact_of: Mapped[str | None] = mapped_column(String(64))
    # deferred: what shows records as plain values leaves it out
    secret: Mapped[str | None] = mapped_column(String(64), deferred=True)


class PanelMember(Base):
    """An expert who is asked about a proposal."""

    __tablename__ = "proposal_member"

    proposal: Mapped[str] = link("proposal", primary_key=True, index=False)
    person: Mapped[str] = link("person", primary_key=True)


class Round(Record):
    """A round of ratings; ``result`` is what it said, worked out when it was closed."""

    __tablename__ = "consensus_round"
    __table_args__ = (UniqueConstraint("proposal", "number"),)

    proposal: Mapped[str] = link("proposal")
    number: Mapped[int]
    opened_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    result: Mapped[Json | None]


class Answered(Base):
    """That an expert answered a round; not what."""

    __tablename__ = "consensus_answered"

    round: Mapped[str] = link("consensus_round", primary_key=True, index=False)
    person: Mapped[str] = link("person", primary_key=True)


class Answer(Base):
    """What somebody answered in a round: ratings by statement, comparisons in pairs, remarks; without a moment.

    The primary key orders the rows, not the order in which they came.
    """

    __tablename__ = "consensus_answer"
    __table_args__ = ({"sqlite_with_rowid": False},)

    round: Mapped[str] = link("consensus_round", primary_key=True, index=False)
    pseudonym: Mapped[str] = mapped_column(String(64), primary_key=True)
    ratings: Mapped[Json]
    comparisons: Mapped[Json]
    remarks: Mapped[Json]


class Edition(Record):
    """An edition of rules that was adopted: the files of its overlay folder, and from when it is in force."""

    __tablename__ = "edition"
    __table_args__ = (CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="validity"),)

    name: Mapped[str] = mapped_column(String(80), unique=True)
    proposal: Mapped[str] = link("proposal", unique=True)
    extends: Mapped[str]
    programme: Mapped[str] = mapped_column(String(80), index=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    adopted_at: Mapped[datetime]
    files: Mapped[Large]
    digest: Mapped[str] = mapped_column(String(64))
    protocol_hash: Mapped[str] = mapped_column(String(64))
