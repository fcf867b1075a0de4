"""Keep assessments, make them anew, find them."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from carindex.messages import InputError
from carindex.office.assessments.difference import Difference, difference
from carindex.office.assessments.models import Assessment
from carindex.office.assessments.rated import Rated, rate_dossier
from carindex.office.programme.models import Candidate
from carindex.office.store import Actor, Change, Office, Role
from carindex.office.store.columns import canonical
from carindex.office.store.files import keep, lay_out


def assess(
    office: Office,
    by: str | Actor | None,
    path: Path,
    protocol: str,
    *,
    candidate: str | None = None,
    car: str | None = None,
    calculator: bool = False,
) -> Assessment:
    """Rate a dossier and keep the result.

    Parameters
    ----------
    office, by
        The office, and who assesses: a secretary.
    path
        Dossier folder, facts file, or folder of workbooks.
    protocol
        Its edition.
    candidate
        Key of the candidate that it is the evidence of.
    car
        Which car, where a facts file has several.
    calculator
        As the programme's own calculator computes.

    Raises
    ------
    InputError
        When who assesses may not, or something cannot be used.
    """
    with office.change(by) as change:  # who may not is told before the work
        _allowed(change, candidate)
    rated = rate_dossier(path, protocol, car=car, calculator=calculator)
    with office.change(by) as change:
        return keep_rated(change, rated, candidate=candidate)


def keep_rated(
    change: Change, rated: Rated, *, candidate: str | None = None, previous: Assessment | None = None
) -> Assessment:
    """Keep a rated dossier as an assessment, with its files.

    Raises
    ------
    InputError
        When a file is no longer what was rated, or there is no such candidate.
    """
    _allowed(change, candidate)
    root = "file" if rated.path.is_file() else "folder"
    for name, digest in rated.files.items():
        file = rated.path if root == "file" else rated.path / name
        if keep(change, file) != digest:
            raise InputError(file, "office/assessments.changed_meanwhile")
    made = Assessment(
        car=rated.car,
        candidate=candidate,
        previous=None if previous is None else previous.key,
        protocol=rated.protocol,
        protocol_hash=rated.protocol_hash,
        mode=rated.mode,
        engine=rated.engine,
        root=root,
        files=dict(rated.files),
        outcome=rated.outcome,
        rating=dict(rated.rating),
        at=change.at,
        by=change.actor.person,
    )
    made.digest = digest_of(made)
    change.add(made)
    details = {
        "car": made.car,
        "candidate": candidate,
        "previous": made.previous,
        "protocol": made.protocol,
        "protocol_hash": made.protocol_hash,
        "engine": made.engine,
        "digest": made.digest,
        "outcome": made.outcome,
    }
    change.record("assessment.kept", made, details)
    return made


def digest_of(assessment: Assessment) -> str:
    """Return the digest that an assessment must have: of all that decides and all that is said."""
    said = {
        "car": assessment.car,
        "protocol": assessment.protocol,
        "protocol_hash": assessment.protocol_hash,
        "mode": assessment.mode,
        "engine": assessment.engine,
        "root": assessment.root,
        "files": assessment.files,
        "rating": assessment.rating,
    }
    return hashlib.sha256(canonical(said).encode()).hexdigest()


def rate_again(
    office: Office, by: str | Actor | None, key: str, *, protocol: str | None = None
) -> tuple[Assessment, Difference]:
    """Rate the kept files of an assessment again, with this engine; the old one stays as it is.

    Parameters
    ----------
    office, by
        The office, and who asks: a secretary.
    key
        The assessment.
    protocol
        Another edition; the same by default, as its files are now.

    Raises
    ------
    InputError
        When a kept file is lost, or what is asked cannot be done.
    """
    with office.change(by) as change:
        change.require(Role.SECRETARY)
        old = assessment_of(change.session, key)
    with tempfile.TemporaryDirectory(prefix="carindex") as folder:
        path = lay_out(office.files, old.files, Path(folder) / "dossier")
        if old.root == "file":
            path = path / next(iter(old.files))
        rated = rate_dossier(
            path,
            protocol or old.protocol,
            car=old.car if old.root == "file" else None,
            calculator=old.mode != "protocol",
        )
        with office.change(by) as change:
            new = keep_rated(change, rated, candidate=old.candidate, previous=old)
    return new, difference(old.rating["en"], new.rating["en"])


def assessment_of(session: Session, key: str) -> Assessment:
    """Return an assessment with its whole rating.

    Raises
    ------
    InputError
        When there is none.
    """
    found = session.get(Assessment, key, options=[undefer(Assessment.rating)])
    if found is None:
        raise InputError(key, "office/assessments.unknown")
    return found


def history(session: Session, key: str) -> list[Assessment]:
    """Return an assessment and all that it was made anew from, the latest first."""
    found = [assessment_of(session, key)]
    while (before := found[-1].previous) is not None:
        found.append(assessment_of(session, before))
    return found


def assessments_of(session: Session, candidate: str | None = None) -> list[Assessment]:
    """Return the assessments of a candidate, or all, in the order they were made; without their ratings."""
    asked = select(Assessment).order_by(Assessment.key)
    return list(
        session.scalars(asked if candidate is None else asked.where(Assessment.candidate == candidate))
    )


def _allowed(change: Change, candidate: str | None) -> None:
    change.require(Role.SECRETARY)
    if candidate is not None and change.session.get(Candidate, candidate) is None:
        raise InputError(candidate, "office/programme.unknown_candidate")
