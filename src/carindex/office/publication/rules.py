"""Deadlines and conditions of publication as an organisation sets them: a statute, never in the code.

There is none by default: what a maker may do, and how long it takes, is for each organisation to say.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex.office.statutes import Statute, statute

SUBJECT = "publication"
Days = Annotated[int, msgspec.Meta(ge=0, le=3660)]


class PublicationRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an organisation's own rules say.

    Attributes
    ----------
    notice_days
        Between sealing a batch, from when makers see their own results, and its release, at least.
    file_days
        From publication of a result, or of its newest version, to the end of the time for an appeal.
    admit_days, decide_days, remedy_days
        From filing to admission or refusal; from there to the decision; from one for the maker to the remedy.
    open_appeals_hold_release
        Whether a batch with an open appeal against one of its results waits.
    signatures
        How many experts without a conflict of interest must sign a decision.
    source
        Where the organisation says so.
    """

    notice_days: Days
    file_days: Days
    admit_days: Days
    decide_days: Days
    remedy_days: Days
    open_appeals_hold_release: bool
    signatures: Annotated[int, msgspec.Meta(ge=1, le=100)]
    source: str


def rules_at(session: Session, at: datetime) -> tuple[str, PublicationRules]:
    """Return the rules that were in force at a moment, with their key; those set first where none were yet.

    Raises
    ------
    InputError
        When none were ever set.
    """
    wanted = select(Statute.key).where(Statute.subject == SUBJECT).order_by(Statute.key.desc()).limit(1)
    return statute(session, SUBJECT, PublicationRules, session.scalar(wanted.where(Statute.at <= at)))


def rules_named(session: Session, key: str) -> PublicationRules:
    """Return the rules of a key."""
    return statute(session, SUBJECT, PublicationRules, key)[1]
