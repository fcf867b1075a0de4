"""Accreditations of laboratories: what each may test on a day."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex.messages import InputError
from carindex.office.alignment_records.models import Accreditation
from carindex.office.people.organisations import organisation_of
from carindex.office.store import Change, Role
from carindex.office.store.files import keep
from carindex.office.store.people import OrganisationKind

OFFICE = (Role.SECRETARY, Role.ADMINISTRATOR)


def keep_documents(change: Change, files: Iterable[Path]) -> dict[str, str]:
    """Keep documents; returns their digests by name.

    Raises
    ------
    InputError
        When one cannot be read, or two have the same name.
    """
    found: dict[str, str] = {}
    for file in files:
        if file.name in found:
            raise InputError(file, "office/alignment_records.name_twice")
        found[file.name] = keep(change, file)
    return found


def accredit(
    change: Change,
    laboratory: str,
    *,
    body: str,
    standard: str,
    certificate: str,
    tests: Collection[str],
    valid_from: date,
    valid_to: date | None = None,
    files: Iterable[Path] = (),
) -> Accreditation:
    """Record an accreditation of a laboratory.

    Parameters
    ----------
    laboratory
        Key or name of the organisation.
    body, standard, certificate
        Who accredited it, to which standard, and the number of the certificate.
    tests
        Names of tests of the vocabulary.
    files
        The certificate and its scope, as documents.

    Raises
    ------
    InputError
        When it is no laboratory, a test is not known, nothing is said of the body, or the dates make no sense.
    """
    from carindex.vocabulary import vocabulary

    change.require(*OFFICE)
    found = organisation_of(change.session, laboratory)
    if found.kind != OrganisationKind.LABORATORY:
        raise InputError(laboratory, "office/alignment_records.no_laboratory")
    unknown = sorted(set(tests) - set(vocabulary().tests))
    if unknown or not tests:
        raise InputError(", ".join(unknown) or "tests", "office/alignment_records.unknown_test")
    if not body.strip() or not standard.strip() or not certificate.strip():
        raise InputError(laboratory, "office/alignment_records.incomplete")
    check_dates(valid_from, valid_to)
    made = change.add(
        Accreditation(
            laboratory=found.key,
            body=body,
            standard=standard,
            certificate=certificate,
            tests=sorted(set(tests)),
            valid_from=valid_from,
            valid_to=valid_to,
            files=keep_documents(change, files),
        )
    )
    details = {"laboratory": found.key, "certificate": certificate, "tests": made.tests, "files": made.files}
    change.record("laboratory.accredited", made, details)
    return made


def suspend(change: Change, accreditation: str, since: date, why: str) -> Accreditation:
    """End or suspend an accreditation from a day on; what was tested before stays tested.

    Raises
    ------
    InputError
        When there is none, or no reason.
    """
    change.require(*OFFICE)
    found = change.session.get(Accreditation, accreditation)
    if found is None:
        raise InputError(accreditation, "office/alignment_records.unknown_record")
    if not why.strip():
        raise InputError(accreditation, "office/alignment_records.incomplete")
    found.suspended_from, found.suspended_why = since, why
    change.record("laboratory.suspended", found, {"since": since.isoformat(), "why": why})
    return found


def accredited(session: Session, laboratory: str, test: str, day: date) -> tuple[Accreditation, ...]:
    """Return the accreditations under which a laboratory may run a test on a day."""
    wanted = (
        select(Accreditation)
        .where(Accreditation.laboratory == laboratory, Accreditation.valid_from <= day)
        .where(Accreditation.valid_to.is_(None) | (Accreditation.valid_to >= day))
        .where(Accreditation.suspended_from.is_(None) | (Accreditation.suspended_from > day))
    )
    return tuple(one for one in session.scalars(wanted.order_by(Accreditation.key)) if test in one.tests)


def check_dates(first: date, last: date | None) -> None:
    """Refuse a last day before the first."""
    if last is not None and last < first:
        raise InputError(last, "office/alignment_records.bad_dates", day=first)
