"""Conflicts of interest: an expert never has to do with a car of an affiliated maker or a test of an own laboratory.

Organisations that belong together count as one. An affiliation counts as long as it lasts, and after its end for the
time that the organisation's rules say.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex.messages import LANGUAGES, InputError, Language
from carindex.office.panel.calendar import months_after
from carindex.office.panel.models import Affiliation
from carindex.office.panel.rules import SUBJECT, PanelRules
from carindex.office.people.organisations import family, organisation_of, shown_name
from carindex.office.people.persons import person_of
from carindex.office.programme.work import laboratories_of, maker_of
from carindex.office.statutes import statute
from carindex.office.store import Change, Organisation, Person, Role
from carindex.office.wording import label


class Tie(msgspec.Struct, frozen=True):
    """What binds a person to an organisation, and until when; ``None``: still."""

    organisation: str
    nature: str
    begins: date | None
    ends: date | None


class Conflict(msgspec.Struct, frozen=True):
    """A conflict of interest: the tie, and the maker or laboratory that its organisation belongs together with."""

    tie: Tie
    kind: str
    concerned: str


def declare(
    change: Change, person: str, organisation: str, nature: str, begins: date, ends: date | None = None
) -> Affiliation:
    """Declare an affiliation: a person their own, a secretary anybody's. It is never taken back, only ended.

    Raises
    ------
    InputError
        When it is somebody else's, the organisation is not known, nothing is said of its nature, or it ends before it
        begins.
    """
    found = person_of(change.session, person)
    if change.actor.person != found.key:
        change.require(Role.SECRETARY, Role.ADMINISTRATOR)
    with_whom = organisation_of(change.session, organisation)
    if not nature.strip() or (ends is not None and ends < begins):
        raise InputError(found.name, "office/panel.bad_affiliation")
    made = change.add(
        Affiliation(
            person=found.key,
            organisation=with_whom.key,
            nature=nature.strip(),
            begins=begins,
            ends=ends,
            at=change.at,
        )
    )
    change.record("affiliation.declared", made, _said(made))
    return made


def end_affiliation(change: Change, key: str, ends: date) -> Affiliation:
    """Say when an affiliation ended.

    Raises
    ------
    InputError
        When there is none, it has an end already, or that lies before its begin.
    """
    change.require(Role.SECRETARY, Role.ADMINISTRATOR)
    found = change.session.get(Affiliation, key)
    if found is None or found.ends is not None or ends < found.begins:
        raise InputError(key, "office/panel.bad_affiliation")
    found.ends = ends
    change.record("affiliation.ended", found, _said(found))
    return found


def _said(one: Affiliation) -> dict[str, object]:
    return {
        "person": one.person,
        "organisation": one.organisation,
        "nature": one.nature,
        "begins": one.begins.isoformat(),
        "ends": None if one.ends is None else one.ends.isoformat(),
    }


def ties_of(session: Session, person: str) -> list[Tie]:
    """Return everything that binds a person to organisations: declared, and where they belong."""
    found = [
        Tie(one.organisation, one.nature, one.begins, one.ends)
        for one in session.scalars(
            select(Affiliation).where(Affiliation.person == person).order_by(Affiliation.key)
        )
    ]
    home = session.get_one(Person, person).organisation
    if home is not None:
        found.append(Tie(home, "organisation", None, None))
    return found


def conflicts(session: Session, person: str, candidate: str, on: date) -> list[Conflict]:
    """Return the conflicts of interest of a person with a candidate's car and tests, on a day."""
    concerned = [("maker", maker_of(session, candidate))]
    concerned += [("laboratory", one) for one in sorted(laboratories_of(session, candidate))]
    return conflicts_with(session, person, concerned, on)


def conflicts_with(
    session: Session, person: str, concerned: Iterable[tuple[str, str]], on: date
) -> list[Conflict]:
    """Return the conflicts of interest of a person with organisations, each with what it is here."""
    try:
        cooling = statute(session, SUBJECT, PanelRules)[1].cooling_off_months
    except InputError:
        cooling = 0
    ties = [
        tie for tie in ties_of(session, person) if tie.ends is None or on <= months_after(tie.ends, cooling)
    ]
    found = []
    for kind, organisation in concerned:
        together = family(session, organisation)
        found += [Conflict(tie, kind, organisation) for tie in ties if tie.organisation in together]
    return found


def refuse_conflicts(session: Session, person: str, candidate: str, on: date) -> None:
    """Refuse a person who has a conflict of interest with a candidate.

    Raises
    ------
    InputError
        Naming the first conflict.
    """
    found = conflicts(session, person, candidate, on)
    if found:
        first = found[0]
        raise InputError(
            session.get_one(Person, person).name,
            "office/panel.conflict",
            own=_shown(session, first.tie.organisation),
            nature=first.tie.nature,
            concerned=_shown(session, first.concerned),
            kind={language: label(f"organisation.{first.kind}", language) for language in LANGUAGES},
        )


def refuse_tied_expert(change: Change, candidate: str) -> None:
    """Refuse an expert with a conflict of interest in whatever other role, such as a secretary's.

    Raises
    ------
    InputError
        Naming the first conflict.
    """
    if Role.EXPERT in change.actor.roles and change.actor.person is not None:
        refuse_conflicts(change.session, change.actor.person, candidate, change.at.date())


def _shown(session: Session, organisation: str) -> dict[Language, str]:
    found = session.get_one(Organisation, organisation)
    return {language: shown_name(found, language) for language in LANGUAGES}
