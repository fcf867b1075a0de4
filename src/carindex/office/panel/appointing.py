"""Appoint experts to the panel, and see its balance."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex.messages import LANGUAGES, Finding, InputError
from carindex.office.panel.balance import Member, against, imbalances
from carindex.office.panel.models import Affiliation, Appointment
from carindex.office.panel.rules import SUBJECT, PanelRules, Region
from carindex.office.people.organisations import family, organisation_of
from carindex.office.people.persons import person_of
from carindex.office.statutes import statute
from carindex.office.store import Change, Organisation, Role, RoleHeld


def appoint(
    change: Change,
    person: str,
    region: str,
    field: str,
    begins: date,
    ends: date,
    *,
    affiliation: str | None = None,
) -> Appointment:
    """Appoint an expert, who then holds the role of one.

    Parameters
    ----------
    change
        The change; a secretary's.
    person
        Key or login.
    region, field
        A `Region`, and a field of the panel's rules.
    begins, ends
        The term, both days included.
    affiliation
        The organisation that the expert works for, where there is one.

    Raises
    ------
    InputError
        When something is not known, or the rules of the panel speak against it: all reasons are said.
    """
    change.require(Role.SECRETARY)
    session = change.session
    key, rules = statute(session, SUBJECT, PanelRules)
    found = person_of(session, person)
    if region not in list(Region):
        raise InputError(region, "office/panel.unknown_region", known=", ".join(Region))
    if field not in rules.fields:
        raise InputError(field, "office/panel.unknown_field", known=", ".join(rules.fields))
    if ends < begins:
        raise InputError(found.name, "office/panel.term_backwards")
    house = None if affiliation is None else organisation_of(session, affiliation)
    new = Member(
        found.key,
        region,
        field,
        "" if house is None else house.kind,
        None if house is None else _family_name(session, house.key),
        begins,
        ends,
    )
    reasons = against(rules, members(session), new)
    if reasons:
        said = {language: "; ".join(reason.line(language) for reason in reasons) for language in LANGUAGES}
        raise InputError(found.name, "office/panel.refused", reasons=said)
    made = change.add(
        Appointment(
            person=found.key,
            region=region,
            field=field,
            affiliation=None if house is None else house.key,
            begins=begins,
            ends=ends,
            left="",
            statute=key,
            at=change.at,
        )
    )
    if house is not None:
        change.add(
            Affiliation(
                person=found.key,
                organisation=house.key,
                nature="named at appointment",
                begins=begins,
                ends=None,  # the end of a term is not the end of an employment
                at=change.at,
            )
        )
    if session.get(RoleHeld, (found.key, Role.EXPERT.value)) is None:
        change.add(RoleHeld(person=found.key, role=Role.EXPERT.value))
    details = {"person": found.key, "region": region, "field": field, "affiliation": made.affiliation}
    dates = {"begins": begins.isoformat(), "ends": ends.isoformat(), "statute": key}
    change.record("panel.appointed", made, {**details, **dates})
    return made


def leave(change: Change, key: str, last: date, why: str) -> Appointment:
    """End a term before its time: the member's own, or a secretary anybody's.

    Raises
    ------
    InputError
        When there is no such term, it does not cover that day, or no reason is given.
    """
    found = change.session.get(Appointment, key)
    if found is None or not found.begins <= last < found.ends or not why.strip():
        raise InputError(key, "office/panel.cannot_leave")
    if change.actor.person != found.person:
        change.require(Role.SECRETARY)
    before, found.ends, found.left = found.ends, last, why.strip()
    change.record(
        "panel.left", found, {"ends": last.isoformat(), "before": before.isoformat(), "why": found.left}
    )
    return found


def appointment_on(session: Session, person: str, day: date) -> Appointment | None:
    """Return the term of a person that covers a day."""
    asked = select(Appointment).where(
        Appointment.person == person, Appointment.begins <= day, Appointment.ends >= day
    )
    return session.scalar(asked)


def panel_on(session: Session, day: date) -> list[Appointment]:
    """Return the terms that cover a day, in the order they were appointed."""
    asked = select(Appointment).where(Appointment.begins <= day, Appointment.ends >= day)
    return list(session.scalars(asked.order_by(Appointment.key)))


def members(session: Session) -> list[Member]:
    """Return all terms as the balance sees them."""
    found = []
    for one in session.scalars(select(Appointment).order_by(Appointment.key)):
        house = None if one.affiliation is None else session.get_one(Organisation, one.affiliation)
        kind, name = ("", None) if house is None else (house.kind, _family_name(session, house.key))
        found.append(Member(one.person, one.region, one.field, kind, name, one.begins, one.ends))
    return found


def balance_on(session: Session, day: date) -> list[Finding]:
    """Return what is out of balance on a day, also what no appointment caused: terms end."""
    _, rules = statute(session, SUBJECT, PanelRules)
    return imbalances(rules, [one for one in members(session) if one.on(day)], day)


def _family_name(session: Session, organisation: str) -> str:
    """Return the name of the first made of all that belong together."""
    return str(session.get_one(Organisation, min(family(session, organisation))).name["en"])
