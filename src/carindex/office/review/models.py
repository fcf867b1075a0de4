"""Tables of reviews."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from carindex.office.store.base import Code, Json, Record, link


class Review(Record):
    """The review of one assessment, under the rules it began under.

    ``state`` is ``open``, ``approved``, ``returned`` (to be assessed anew) or ``superseded`` (it was assessed anew).
    """

    __tablename__ = "review"

    assessment: Mapped[str] = link("assessment", unique=True)
    candidate: Mapped[str] = link("candidate")
    statute: Mapped[str] = link("statute", index=False)
    state: Mapped[Code] = mapped_column(index=True)
    why: Mapped[str]
    opened: Mapped[datetime]
    closed: Mapped[datetime | None]


class Assignment(Record):
    """An expert assigned to a review, with the grounds; ``excused``: why not any more, empty while assigned."""

    __tablename__ = "assignment"
    __table_args__ = (UniqueConstraint("review", "person"),)

    review: Mapped[str] = link("review")
    person: Mapped[str] = link("person")
    region: Mapped[Code]
    field: Mapped[Code]
    grounds: Mapped[Json]
    excused: Mapped[str]
    at: Mapped[datetime]


class Comment(Record):
    """A comment pinned to a node of the rating tree or to a channel; ``reply_to``: what it answers. Never altered."""

    __tablename__ = "review_comment"

    review: Mapped[str] = link("review")
    person: Mapped[str] = link("person")
    node: Mapped[str | None]
    channel: Mapped[str | None] = mapped_column(String(64))
    reply_to: Mapped[str | None] = link("review_comment")
    text: Mapped[str]
    at: Mapped[datetime]


class Opinion(Record):
    """What a reviewer says of the whole: ``approve``, ``object`` or ``ask``. The latest counts. Never altered."""

    __tablename__ = "opinion"

    review: Mapped[str] = link("review")
    person: Mapped[str] = link("person")
    verdict: Mapped[Code]
    text: Mapped[str]
    at: Mapped[datetime]


class Question(Record):
    """A discretionary modifier to be voted on: at which node, between which options, on which scale.

    ``state`` is ``open``, ``decided`` or ``undecided``; ``outcome`` the option that was decided for.
    """

    __tablename__ = "question"

    review: Mapped[str] = link("review")
    node: Mapped[str]
    modifier: Mapped[str]
    options: Mapped[Json]
    scale: Mapped[Code]
    state: Mapped[Code]
    outcome: Mapped[str | None]
    at: Mapped[datetime]
    closed: Mapped[datetime | None]


class Ballot(Record):
    """A vote on a question, seen by nobody else until the question is closed; the latest counts. Never altered."""

    __tablename__ = "ballot"

    question: Mapped[str] = link("question")
    person: Mapped[str] = link("person")
    choice: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]
