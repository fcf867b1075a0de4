"""Appeals by makers against their results: filed in time, admitted or refused, decided by experts without interest."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex.messages import InputError
from carindex.office.assessments.models import Assessment
from carindex.office.panel.interests import conflicts_with, refuse_conflicts
from carindex.office.people.organisations import family
from carindex.office.publication.batches import OFFICE, batch_of, result_of
from carindex.office.publication.lifecycle import (
    OPEN_APPEALS,
    AppealState,
    AppealStep,
    BatchState,
    ResultState,
    appeal_after,
)
from carindex.office.publication.models import Appeal, Result, ResultVersion
from carindex.office.publication.rules import rules_at, rules_named
from carindex.office.store import Change, Person, Role, RoleHeld
from carindex.office.store.columns import instant

Remedy = Literal["correction", "withdrawal", "retest"]
REMEDIES: tuple[Remedy, ...] = get_args(Remedy)
_CORRECTS = {"correction": ("correction", "republication"), "withdrawal": ("withdrawal",)}


def file(change: Change, result: str, grounds: str) -> Appeal:
    """File an appeal: by an engineer of the maker, against a result under embargo or published.

    Raises
    ------
    InputError
        When the actor is not of the maker, the result cannot be seen yet, the time is up, an appeal against it is
        open, or no grounds are given.
    """
    change.require(Role.ENGINEER)
    found = result_of(change.session, result)
    organisation = change.actor.organisation
    person = change.actor.person
    if organisation is None or person is None or organisation not in family(change.session, found.maker):
        # whether there is such a result under embargo is nobody else's business
        raise InputError(result, "office/publication.unknown_result")
    batch = batch_of(change.session, found.batch)
    unseen = found.state == ResultState.LISTED and batch.state != BatchState.SEALED
    if unseen or found.state == ResultState.REMOVED:
        raise InputError(result, "office/publication.unknown_result")
    if not grounds.strip():
        raise InputError(result, "office/publication.no_reason")
    key, rules = rules_at(change.session, found.published_at or change.at)
    if found.published_at is not None:
        last = found.published_at + timedelta(days=rules.file_days)
        if change.at > last:
            raise InputError(result, "office/publication.too_late", last=instant(last))
    same = select(Appeal.key).where(Appeal.result == result, Appeal.state.in_(OPEN_APPEALS))
    if change.session.scalar(same.limit(1)) is not None:
        raise InputError(
            result, "office/publication.appeal_open", appeal=change.session.scalar(same.limit(1))
        )
    made = change.add(
        Appeal(
            result=result,
            version=found.version,
            organisation=organisation,
            filed_by=person,
            filed_at=change.at,
            grounds=grounds,
            state=AppealState.FILED,
            rules=key,
            due=change.at + timedelta(days=rules.admit_days),
            signed_by=[],
        )
    )
    change.record("appeal.filed", made, {"result": result, "version": found.version})
    return made


def admit(change: Change, appeal: str) -> Appeal:
    """Admit an appeal: it will be decided.

    Raises
    ------
    InputError
        When that step may not follow, or the actor is not of the office.
    """
    change.require(*OFFICE)
    found = _step(change, appeal, AppealStep.ADMIT)
    found.due = change.at + timedelta(days=rules_named(change.session, found.rules).decide_days)
    change.record("appeal.admitted", found, {"due": instant(found.due)})
    return found


def refuse(change: Change, appeal: str, reason: str) -> Appeal:
    """Refuse an appeal as inadmissible, with the reason; raises as `admit`."""
    change.require(*OFFICE)
    if not reason.strip():
        raise InputError(appeal, "office/publication.no_reason")
    found = _step(change, appeal, AppealStep.REFUSE)
    found.due, found.decided_at, found.decision = None, change.at, reason
    change.record("appeal.refused", found, {"reason": reason})
    return found


def take_back(change: Change, appeal: str) -> Appeal:
    """Take an appeal back: by the maker that filed it.

    Raises
    ------
    InputError
        When it is decided already, or the actor is of another organisation.
    """
    change.require(Role.ENGINEER)
    found = appeal_of(change.session, appeal)
    if change.actor.organisation not in family(change.session, found.organisation):
        raise InputError(appeal, "office/publication.unknown_appeal")
    found = _step(change, appeal, AppealStep.TAKE_BACK)
    found.due = None
    change.record("appeal.taken_back", found)
    return found


def decide(
    change: Change, appeal: str, decision: str, signed_by: Collection[str], remedy: Remedy | None = None
) -> Appeal:
    """Decide an appeal: for the maker with a remedy, or against it without.

    Parameters
    ----------
    decision
        The grounds of the decision.
    signed_by
        Experts who decided; none may have a conflict of interest.

    Raises
    ------
    InputError
        When too few signed, one is no active expert or has a conflict of interest, or the remedy is not known.
    """
    change.require(*OFFICE)
    if not decision.strip():
        raise InputError(appeal, "office/publication.no_reason")
    if remedy is not None and remedy not in REMEDIES:
        raise InputError(appeal, "office/publication.unknown_remedy", known=", ".join(REMEDIES))
    found = appeal_of(change.session, appeal)
    rules = rules_named(change.session, found.rules)
    signed = sorted(set(signed_by))
    if len(signed) < rules.signatures:
        raise InputError(
            appeal, "office/publication.too_few_signatures", count=len(signed), fewest=rules.signatures
        )
    for person in signed:
        _check_signer(change, person, result_of(change.session, found.result))
    found = _step(change, appeal, AppealStep.DISMISS if remedy is None else AppealStep.UPHOLD)
    found.decided_at, found.decision, found.remedy, found.signed_by = change.at, decision, remedy, signed
    found.due = None if remedy is None else change.at + timedelta(days=rules.remedy_days)
    change.record("appeal.decided", found, {"decision": decision, "remedy": remedy, "signed_by": signed})
    return found


def _check_signer(change: Change, person: str, result: Result) -> None:
    """Refuse who is no active expert, or has an interest in the car: in its maker, or a laboratory that tested it."""
    known = change.session.get(Person, person)
    if known is None or not known.active or change.session.get(RoleHeld, (person, Role.EXPERT)) is None:
        raise InputError(person, "office/publication.not_an_expert")
    assessment = change.session.get(Assessment, result.source)
    if assessment is not None and assessment.candidate is not None:
        refuse_conflicts(change.session, person, assessment.candidate, change.at.date())
    elif conflicts_with(change.session, person, [("maker", result.maker)], change.at.date()):
        raise InputError(known.name, "office/publication.conflict")


def settle(change: Change, appeal: str) -> Appeal:
    """Close an appeal that was upheld, once its remedy was carried out.

    Raises
    ------
    InputError
        When it was not.
    """
    change.require(*OFFICE)
    found = appeal_of(change.session, appeal)
    after = appeal_after(found.state, AppealStep.SETTLE, appeal)
    if not _remedied(change.session, found):
        raise InputError(appeal, "office/publication.not_remedied", remedy=found.remedy)
    found.state, found.due = after, None
    change.record("appeal.settled", found, {"remedy": found.remedy})
    return found


def overdue(session: Session, at: datetime) -> tuple[Appeal, ...]:
    """Return the appeals whose next step is late, the latest first."""
    wanted = select(Appeal).where(Appeal.state.in_(OPEN_APPEALS), Appeal.due < at)
    return tuple(session.scalars(wanted.order_by(Appeal.due, Appeal.key)))


def appeals(session: Session, result: str | None = None) -> tuple[Appeal, ...]:
    """Return all appeals, or those against a result, the first first."""
    wanted = select(Appeal).order_by(Appeal.filed_at, Appeal.key)
    return tuple(session.scalars(wanted if result is None else wanted.where(Appeal.result == result)))


def appeal_of(session: Session, key: str) -> Appeal:
    """Return an appeal.

    Raises
    ------
    InputError
        When there is none.
    """
    found = session.get(Appeal, key)
    if found is None:
        raise InputError(key, "office/publication.unknown_appeal")
    return found


def _step(change: Change, appeal: str, step: AppealStep) -> Appeal:
    found = appeal_of(change.session, appeal)
    found.state = appeal_after(found.state, step, appeal)
    return found


def _remedied(session: Session, appeal: Appeal) -> bool:
    result: Result = result_of(session, appeal.result)
    if result.state == ResultState.REMOVED:  # it was under embargo, and was never published
        return True
    if appeal.remedy == "retest":
        return result.retest_ordered is not None
    assert appeal.decided_at is not None
    kinds = _CORRECTS[str(appeal.remedy)]
    wanted = select(ResultVersion.record).where(
        ResultVersion.result == appeal.result,
        ResultVersion.kind.in_(kinds),
        ResultVersion.at >= appeal.decided_at,
    )
    return session.scalar(wanted.limit(1)) is not None
