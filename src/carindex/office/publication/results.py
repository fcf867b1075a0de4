"""After publication: corrections and withdrawals with their reason, re-tests; what the public may read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from carindex.messages import InputError
from carindex.office.publication.batches import (
    OFFICE,
    Publishable,
    check_approved,
    publish_version,
    result_of,
)
from carindex.office.publication.lifecycle import ResultState, ResultStep
from carindex.office.publication.models import Batch, Result, ResultVersion
from carindex.office.publication.signing import digest
from carindex.office.store import Change, Organisation


class PublicResult(msgspec.Struct, frozen=True):
    """What the public may read of a result.

    Attributes
    ----------
    key, version, state, published_at
        Which result, its newest version, ``published`` or ``withdrawn``, and when that version was published.
    batch, batch_name
        The batch it was released in.
    maker, example
        The maker's name a language, and whether it is an invented organisation.
    retest_of, retests
        The result that this one tests again, and those that test this one again.
    document, digest
        The newest version's content; of a withdrawn result nothing.
    history
        Every version: number, kind, moment, reason, number of its record in the log, digest.
    """

    key: str
    version: int
    state: str
    published_at: str
    batch: str
    batch_name: dict[str, str]
    maker: dict[str, str]
    example: bool
    retest_of: str | None
    retests: tuple[str, ...]
    document: dict[str, Any] | None
    digest: str | None
    history: tuple[dict[str, Any], ...]


def correct(change: Change, result: str, found: Publishable, reason: Mapping[str, str]) -> Result:
    """Publish a corrected version of a result; the former one stays in the log.

    Raises
    ------
    InputError
        When the result is not published, the new assessment is not approved, says nothing else, or is of another maker;
        without a reason in both languages.
    """
    change.require(*OFFICE)
    own = _loaded(change.session, result)
    _check_reason(result, reason)
    _check_replacement(change.session, own, found)
    own.source = found.source
    publish_version(change, own, "correction", reason, found.document, ResultStep.CORRECT)
    return own


def withdraw(change: Change, result: str, reason: Mapping[str, str]) -> Result:
    """Withdraw a published result: the public sees that it was, and why, and no longer what it said.

    Raises
    ------
    InputError
        When it is not published, or without a reason in both languages.
    """
    change.require(*OFFICE)
    own = _loaded(change.session, result)
    _check_reason(result, reason)
    publish_version(change, own, "withdrawal", reason, None, ResultStep.WITHDRAW)
    return own


def republish(change: Change, result: str, found: Publishable, reason: Mapping[str, str]) -> Result:
    """Publish a withdrawn result again, with an assessment approved for it; raises as `correct`."""
    change.require(*OFFICE)
    own = _loaded(change.session, result)
    _check_reason(result, reason)
    check_approved(change.session, found)
    if found.maker != own.maker:
        raise InputError(result, "office/publication.another_maker")
    own.source = found.source
    publish_version(change, own, "republication", reason, found.document, ResultStep.REPUBLISH)
    return own


def order_retest(change: Change, result: str, reason: Mapping[str, str]) -> Result:
    """Order that a published or withdrawn result be tested again; the new result goes into a batch of its own time.

    Raises
    ------
    InputError
        When it was never published, was ordered already, or without a reason in both languages.
    """
    change.require(*OFFICE)
    own = result_of(change.session, result)
    _check_reason(result, reason)
    if own.state not in (ResultState.PUBLISHED, ResultState.WITHDRAWN):
        raise InputError(
            result,
            "office/publication.wrong_step",
            step="retest",
            state=own.state,
            expected="published, withdrawn",
        )
    if own.retest_ordered is not None:
        raise InputError(result, "office/publication.retest_ordered")
    own.retest_ordered = dict(reason)
    change.record("publication.retest_ordered", own, {"reason": dict(reason)})
    return own


def public_results(session: Session) -> tuple[PublicResult, ...]:
    """Return what the public may read, the latest first: nothing of a batch that is not released."""
    wanted = (
        select(Result, Batch, Organisation)
        .join(Batch, Batch.key == Result.batch)
        .join(Organisation, Organisation.key == Result.maker)
        .where(Result.state.in_((ResultState.PUBLISHED, ResultState.WITHDRAWN)))
        .order_by(Result.published_at.desc(), Result.key)
        .options(undefer(Result.document))
    )
    rows = session.execute(wanted).all()
    history: dict[str, list[dict[str, Any]]] = {}
    versions = select(ResultVersion).order_by(ResultVersion.result, ResultVersion.version)
    for version in session.scalars(versions):
        history.setdefault(version.result, []).append(_told(version))
    retests: dict[str, list[str]] = {}
    for result, _, _ in rows:
        if result.retest_of is not None:
            retests.setdefault(result.retest_of, []).append(result.key)
    return tuple(
        PublicResult(
            result.key,
            result.version,
            result.state,
            history[result.key][-1]["at"],
            batch.key,
            batch.name,
            maker.name,
            maker.example,
            result.retest_of,
            tuple(sorted(retests.get(result.key, ()))),
            result.document if result.state == ResultState.PUBLISHED else None,
            result.digest if result.state == ResultState.PUBLISHED else None,
            tuple(history[result.key]),
        )
        for result, batch, maker in rows
    )


def public_result(session: Session, key: str) -> PublicResult:
    """Return one of `public_results`.

    Raises
    ------
    InputError
        When there is none of that key that the public may read.
    """
    found = next((one for one in public_results(session) if one.key == key), None)
    if found is None:
        raise InputError(key, "office/publication.unknown_result")
    return found


def _told(version: ResultVersion) -> dict[str, Any]:
    from carindex.office.store.columns import instant

    return {
        "version": version.version,
        "kind": version.kind,
        "at": instant(version.at),
        "reason": version.reason,
        "record": version.record,
        "digest": version.digest,
    }


def _loaded(session: Session, key: str) -> Result:
    result_of(session, key)
    wanted = select(Result).where(Result.key == key).options(undefer(Result.document))
    return session.scalars(wanted.execution_options(populate_existing=True)).one()


def _check_reason(place: str, reason: Mapping[str, str]) -> None:
    if not all((reason.get(language) or "").strip() for language in ("en", "zh")):
        raise InputError(place, "office/publication.no_reason")


def _check_replacement(session: Session, own: Result, found: Publishable) -> None:
    check_approved(session, found)
    if found.maker != own.maker:
        raise InputError(own.key, "office/publication.another_maker")
    if digest(found.document) == own.digest:
        raise InputError(own.key, "office/publication.nothing_corrected")
