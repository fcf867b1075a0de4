"""What people of the office may read, each by their roles: reviews, proposals, batches, the audit log, the panel.

Pages and the API ask here and nowhere else; what somebody may not read is refused, or is not there for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex.messages import InputError
from carindex.office.assessments.keeping import assessment_of
from carindex.office.assessments.models import Assessment
from carindex.office.consensus.models import PanelMember, Proposal, ProposalState
from carindex.office.publication.batches import OFFICE, results_of
from carindex.office.publication.models import Batch, Result
from carindex.office.review.assigning import review_of
from carindex.office.review.discussing import is_approved, may_see
from carindex.office.review.models import Assignment, Review
from carindex.office.store import Actor, AuditEntry, Role
from carindex.office.store.transaction import not_allowed

IN_OFFICE = (Role.EXPERT, Role.SECRETARY, Role.ADMINISTRATOR)


def holds(actor: Actor, *roles: Role) -> bool:
    """Whether somebody holds one of these roles."""
    return actor.system or not actor.roles.isdisjoint(roles)


def require(actor: Actor, *roles: Role) -> None:
    """Refuse somebody who holds none of these roles.

    Raises
    ------
    InputError
        When none is held.
    """
    if not holds(actor, *roles):
        raise not_allowed(actor, *roles)


def reviews_for(session: Session, actor: Actor, day: date) -> list[tuple[Review, Assessment]]:
    """Return the reviews that somebody may see, open ones first, then the latest: an expert's own, or all."""
    require(actor, *IN_OFFICE)
    asked = select(Review, Assessment).join(Assessment, Assessment.key == Review.assessment)
    if not holds(actor, *OFFICE):
        own = select(Assignment.review).where(Assignment.person == actor.person, Assignment.excused == "")
        asked = asked.where(Review.key.in_(own))
    rows = [(row[0], row[1]) for row in session.execute(asked.order_by(Review.key.desc()))]
    seen = [row for row in rows if may_see(session, actor, row[1], day)]
    return sorted(seen, key=lambda row: row[0].state != "open")


def review_for(session: Session, actor: Actor, key: str, day: date) -> tuple[Review, Assessment]:
    """Return a review with its assessment, for somebody who may see it.

    Raises
    ------
    InputError
        When there is none that they may see: which of the two is not said.
    """
    require(actor, *IN_OFFICE)
    review = review_of(session, key)
    assessment = assessment_of(session, review.assessment)
    if not may_see(session, actor, assessment, day):
        raise InputError(key, "office/review.unknown")
    return review, assessment


def proposals_for(session: Session, actor: Actor) -> list[Proposal]:
    """Return the proposals that somebody may see, the latest first: those they are asked about or made, or all."""
    require(actor, *IN_OFFICE)
    asked = select(Proposal).order_by(Proposal.key.desc())
    if not holds(actor, *OFFICE):
        own = select(PanelMember.proposal).where(PanelMember.person == actor.person)
        asked = asked.where(
            Proposal.key.in_(own)
            | (Proposal.proposer == actor.person)
            | (Proposal.state == ProposalState.ADOPTED.value)
        )
    return list(session.scalars(asked))


def proposal_for(session: Session, actor: Actor, key: str) -> Proposal:
    """Return one of `proposals_for`.

    Raises
    ------
    InputError
        When there is none that they may see.
    """
    found = next((one for one in proposals_for(session, actor) if one.key == key), None)
    if found is None:
        raise InputError(key, "office/consensus.unknown_proposal")
    return found


def batches_for(session: Session, actor: Actor) -> list[tuple[Batch, Sequence[Result]]]:
    """Return all batches with their results, the latest first, for people of the office."""
    require(actor, *OFFICE)
    found = session.scalars(select(Batch).order_by(Batch.key.desc()))
    return [(batch, results_of(session, batch.key)) for batch in found]


def approved_for(session: Session, actor: Actor) -> list[Assessment]:
    """Return the approved assessments that are in no batch yet, for people of the office."""
    require(actor, *OFFICE)
    used = set(session.scalars(select(Result.source)))
    asked = (
        select(Assessment)
        .join(Review, Review.assessment == Assessment.key)
        .where(Review.state == "approved")
        .order_by(Assessment.key)
    )
    return [one for one in session.scalars(asked) if one.key not in used and is_approved(session, one.key)]


def audit_for(
    session: Session, actor: Actor, *, before: int | None = None, limit: int = 100
) -> list[AuditEntry]:
    """Return entries of the audit log, the latest first, for people of the office."""
    require(actor, *OFFICE)
    asked = select(AuditEntry).order_by(AuditEntry.number.desc()).limit(limit)
    return list(session.scalars(asked if before is None else asked.where(AuditEntry.number < before)))
