"""Batches: results gathered, sealed under embargo, released together at a time, each signed into the log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from carindex.messages import InputError
from carindex.office.assessments.models import Assessment
from carindex.office.people.organisations import family
from carindex.office.publication.lifecycle import (
    OPEN_APPEALS,
    BatchState,
    BatchStep,
    ResultState,
    ResultStep,
    batch_after,
    result_after,
)
from carindex.office.publication.log import append
from carindex.office.publication.models import Appeal, Batch, Result, ResultVersion
from carindex.office.publication.rules import rules_at
from carindex.office.publication.signing import digest
from carindex.office.review.discussing import is_approved
from carindex.office.store import SYSTEM, Change, Office, Organisation, Role
from carindex.office.store.columns import instant

OFFICE = (Role.SECRETARY, Role.ADMINISTRATOR)
_SUMMARY = ("car", "protocol", "protocol_hash", "engine", "outcome")
"""Entries of a result's document that its records in the log repeat."""


class Publishable(msgspec.Struct, frozen=True):
    """An assessment as it is to be published.

    Attributes
    ----------
    source
        Key of the assessment.
    maker
        Key of the organisation that makes the car.
    document
        What the public gets: car, protocol with its hash, engine, outcome, the whole rating, digests of the evidence.
    approved
        Whether the review is complete.
    """

    source: str
    maker: str
    document: dict[str, Any]
    approved: bool


def new_batch(change: Change, name: Mapping[str, str]) -> Batch:
    """Begin a batch.

    Raises
    ------
    InputError
        When it has no name in English and Chinese, or the actor is not of the office.
    """
    change.require(*OFFICE)
    if not name.get("en") or not name.get("zh"):
        raise InputError("batch", "office/publication.no_name")
    made = change.add(Batch(name=dict(name), state=BatchState.DRAFT, made_at=change.at))
    change.record("batch.made", made, {"name": dict(name)})
    return made


def add_result(change: Change, batch: str, found: Publishable, *, retest_of: str | None = None) -> Result:
    """Put an assessment into a batch.

    Parameters
    ----------
    retest_of
        The published result of the same maker that this one tests again; both stay.

    Raises
    ------
    InputError
        When its review is not complete, it was put into a batch already, the batch is not a draft, or a re-test was not
        ordered.
    """
    change.require(*OFFICE)
    own = batch_of(change.session, batch)
    own.state = batch_after(own.state, BatchStep.ADD, batch)
    check_approved(change.session, found)
    if change.session.scalar(_in_use(found.source)) is not None:
        raise InputError(found.source, "office/publication.in_a_batch")
    change.session.get_one(Organisation, found.maker)
    if retest_of is not None:
        _check_retest(change.session, retest_of, found)
    made = change.add(
        Result(
            batch=batch,
            source=found.source,
            maker=found.maker,
            state=ResultState.LISTED,
            version=0,
            retest_of=retest_of,
            document=found.document,
            digest=digest(found.document),
        )
    )
    change.record("batch.result_added", made, {"batch": batch, "source": found.source, "digest": made.digest})
    return made


def _in_use(source: str) -> Any:  # noqa: ANN401 - a statement
    return select(Result.key).where(Result.source == source, Result.state != ResultState.REMOVED).limit(1)


def _check_retest(session: Session, retest_of: str, found: Publishable) -> None:
    first = result_of(session, retest_of)
    if first.retest_ordered is None:
        raise InputError(retest_of, "office/publication.no_retest")
    if found.maker not in family(session, first.maker):
        raise InputError(retest_of, "office/publication.another_maker")


def remove_result(change: Change, result: str, reason: str) -> None:
    """Take a result out of a batch that is a draft; the assessment stays.

    Raises
    ------
    InputError
        When the batch is sealed or released, or there is no reason.
    """
    change.require(*OFFICE)
    found = result_of(change.session, result)
    own = batch_of(change.session, found.batch)
    own.state = batch_after(own.state, BatchStep.REMOVE, own.key)
    if not reason.strip():
        raise InputError(result, "office/publication.no_reason")
    found.state = result_after(found.state, ResultStep.REMOVE, result)
    change.record("batch.result_removed", found, {"batch": own.key, "source": found.source, "reason": reason})


def seal(change: Change, batch: str, release_at: datetime) -> Batch:
    """Close a batch and fix its release: from now on makers see their own results, and nothing in it changes.

    Raises
    ------
    InputError
        When it is empty, or the release leaves makers less time than the rules give them.
    """
    change.require(*OFFICE)
    found = batch_of(change.session, batch)
    found.state = batch_after(found.state, BatchStep.SEAL, batch)
    if change.session.scalar(_listed(batch).limit(1)) is None:
        raise InputError(batch, "office/publication.empty_batch")
    _check_release(change, change.at, release_at)
    found.sealed_at, found.release_at = change.at, release_at
    change.record("batch.sealed", found, {"release": instant(release_at)})
    return found


def reschedule(change: Change, batch: str, release_at: datetime, reason: str) -> Batch:
    """Move the release of a sealed batch; makers keep the time that the rules give them.

    Raises
    ------
    InputError
        As `seal`, and without a reason.
    """
    change.require(*OFFICE)
    found = batch_of(change.session, batch)
    found.state = batch_after(found.state, BatchStep.RESCHEDULE, batch)
    if not reason.strip():
        raise InputError(batch, "office/publication.no_reason")
    assert found.sealed_at is not None
    _check_release(change, found.sealed_at, release_at)
    if release_at < change.at:
        raise InputError(batch, "office/publication.release_past", now=instant(change.at))
    found.release_at = release_at
    change.record("batch.rescheduled", found, {"release": instant(release_at), "reason": reason})
    return found


def unseal(change: Change, batch: str, reason: str) -> Batch:
    """Open a sealed batch again, so that results can be taken out or put in; its release has to be fixed anew.

    Raises
    ------
    InputError
        When it is not sealed, or there is no reason.
    """
    return _set_back(change, batch, BatchStep.UNSEAL, reason)


def abandon(change: Change, batch: str, reason: str) -> Batch:
    """Give a batch up; raises as `unseal`. Its results are taken out, so that they can go into another one."""
    found = _set_back(change, batch, BatchStep.ABANDON, reason)
    for one in change.session.scalars(_listed(batch)):
        one.state = result_after(one.state, ResultStep.REMOVE, one.key)
    change.session.flush()
    return found


def _set_back(change: Change, batch: str, step: BatchStep, reason: str) -> Batch:
    change.require(*OFFICE)
    found = batch_of(change.session, batch)
    found.state = batch_after(found.state, step, batch)
    if not reason.strip():
        raise InputError(batch, "office/publication.no_reason")
    found.sealed_at = found.release_at = None
    change.record(f"batch.{step}", found, {"reason": reason})
    return found


def release(change: Change, batch: str) -> Batch:
    """Publish a sealed batch whose time has come: every result goes into the log, in one change.

    Raises
    ------
    InputError
        When its time has not come, an open appeal holds it, or the log cannot be signed.
    """
    change.require(*OFFICE)
    found = batch_of(change.session, batch)
    after = batch_after(found.state, BatchStep.RELEASE, batch)
    assert found.release_at is not None
    if change.at < found.release_at:
        raise InputError(batch, "office/publication.embargo", until=instant(found.release_at))
    _, rules = rules_at(change.session, change.at)
    if rules.open_appeals_hold_release:
        _check_no_appeal(change.session, batch)
    results = list(change.session.scalars(_listed(batch).options(undefer(Result.document))))
    append(
        change,
        "release",
        {"batch": batch, "name": found.name, "results": {one.key: one.digest for one in results}},
    )
    for one in results:
        publish_version(change, one, "result", {}, one.document, ResultStep.PUBLISH)
    found.state, found.released_at = after, change.at
    change.record("batch.released", found, {"results": len(results)})
    return found


def release_due(office: Office) -> tuple[str, ...]:
    """Release every batch whose time has come, each in a change of its own, by the office itself.

    A batch that an open appeal holds stays sealed; it is released when the appeal has ended.

    Returns
    -------
    tuple
        Keys of the batches that were released.
    """
    with office.reading() as session:
        wanted = select(Batch.key).where(Batch.state == BatchState.SEALED, Batch.release_at <= office.clock())
        due = list(session.scalars(wanted.order_by(Batch.release_at, Batch.key)))
    released = []
    for key in due:
        try:
            with office.change(SYSTEM) as change:
                release(change, key)
        except InputError as error:
            if error.code != "office/publication.appeal_open":
                raise
        else:
            released.append(key)
    return tuple(released)


def check_approved(session: Session, found: Publishable) -> None:
    """Refuse what its review did not approve, whatever the caller says of an assessment of this office.

    Raises
    ------
    InputError
        When the review is not complete.
    """
    known = session.get(Assessment, found.source) is not None
    if not found.approved or (known and not is_approved(session, found.source)):
        raise InputError(found.source, "office/publication.not_approved")


def publish_version(
    change: Change,
    result: Result,
    kind: str,
    reason: Mapping[str, str],
    document: dict[str, Any] | None,
    step: ResultStep,
) -> None:
    """Publish a version of a result: its state, its permanent row and its record in the log, together."""
    result.state = result_after(result.state, step, result.key)
    before = result.digest if result.version else None
    result.version += 1
    result.published_at = change.at
    own = None if document is None else digest(document)
    if document is not None and own is not None:
        result.document, result.digest = document, own
    body: dict[str, Any] = {
        "result": result.key,
        "version": result.version,
        "batch": result.batch,
        "digest": own,
        "replaces": before,
        "retest_of": result.retest_of,
        "reason": dict(reason),
    }
    if document is not None:
        body |= {name: document.get(name) for name in _SUMMARY}
    number = append(change, kind, body)
    change.session.add(
        ResultVersion(
            result=result.key,
            version=result.version,
            kind=kind,
            at=change.at,
            reason=dict(reason),
            record=number,
            document=document,
            digest=own,
        )
    )
    change.record(f"publication.{kind}", result, {"version": result.version, "record": number, "digest": own})


def batch_of(session: Session, key: str) -> Batch:
    """Return a batch.

    Raises
    ------
    InputError
        When there is none.
    """
    found = session.get(Batch, key)
    if found is None:
        raise InputError(key, "office/publication.unknown_batch")
    return found


def result_of(session: Session, key: str) -> Result:
    """Return a result; raises as `batch_of`."""
    found = session.get(Result, key)
    if found is None:
        raise InputError(key, "office/publication.unknown_result")
    return found


def results_of(session: Session, batch: str) -> tuple[Result, ...]:
    """Return the results of a batch, those that were taken out aside."""
    wanted = select(Result).where(Result.batch == batch, Result.state != ResultState.REMOVED)
    return tuple(session.scalars(wanted.order_by(Result.key)))


def seen_by_maker(session: Session, organisation: str) -> tuple[Result, ...]:
    """Return what a maker sees before the public does: its own results in sealed batches."""
    wanted = (
        select(Result)
        .join(Batch, Batch.key == Result.batch)
        .where(Batch.state == BatchState.SEALED, Result.state == ResultState.LISTED)
        .where(Result.maker.in_(family(session, organisation)))
    )
    return tuple(session.scalars(wanted.order_by(Result.key)))


def _listed(batch: str) -> Any:  # noqa: ANN401 - a statement
    return (
        select(Result).where(Result.batch == batch, Result.state == ResultState.LISTED).order_by(Result.key)
    )


def _check_release(change: Change, sealed_at: datetime, release_at: datetime) -> None:
    _, rules = rules_at(change.session, change.at)
    earliest = sealed_at + timedelta(days=rules.notice_days)
    if release_at < earliest:
        raise InputError(
            "release", "office/publication.too_early", days=rules.notice_days, earliest=instant(earliest)
        )


def _check_no_appeal(session: Session, batch: str) -> None:
    wanted = (
        select(Appeal.key)
        .join(Result, Result.key == Appeal.result)
        .where(Result.batch == batch, Appeal.state.in_(OPEN_APPEALS))
    )
    found = session.scalar(wanted.limit(1))
    if found is not None:
        raise InputError(batch, "office/publication.appeal_open", appeal=found)
