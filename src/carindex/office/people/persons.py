"""People and the roles they hold."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from carindex.messages import LANGUAGES, InputError
from carindex.office.people.organisations import organisation_of
from carindex.office.store import Change, Person, Role, RoleHeld

_OF_AN_ORGANISATION = (Role.ENGINEER, Role.LABORATORY)
"""Roles that a person holds for an organisation, and see only what is that organisation's."""


def add_person(
    change: Change,
    name: str,
    *,
    login: str | None = None,
    organisation: str | None = None,
    roles: tuple[Role, ...] = (),
    language: str = "en",
) -> Person:
    """Add a person.

    Raises
    ------
    InputError
        When the name is empty, the login taken, the organisation or language not known, or a role needs an
        organisation and there is none.
    """
    change.require(Role.ADMINISTRATOR)
    if not name.strip():
        raise InputError("person", "office/people.no_name")
    if language not in LANGUAGES:
        raise InputError(
            name, "office/people.unknown_language", language=language, known=", ".join(LANGUAGES)
        )
    if login is not None:
        login = login.strip().lower()
        if not login or login in change.session.scalars(select(Person.login)):
            raise InputError(login or name, "office/people.login_taken")
    home = None if organisation is None else organisation_of(change.session, organisation).key
    person = change.add(
        Person(name=name.strip(), login=login, organisation=home, language=language, active=True)
    )
    change.record("person.added", person, {"name": person.name, "login": login, "organisation": home})
    for role in dict.fromkeys(roles):
        give_role(change, person.key, role)
    return person


def person_of(session: Session, name: str) -> Person:
    """Return a person by key or login.

    Raises
    ------
    InputError
        When there is none.
    """
    found = session.get(Person, name)
    if found is None:
        found = session.scalar(select(Person).where(Person.login == name.strip().lower()))
    if found is None:
        raise InputError(name, "office/people.unknown_person")
    return found


def roles_of(session: Session, person: str) -> frozenset[Role]:
    """Return the roles that a person holds."""
    return frozenset(
        Role(role) for role in session.scalars(select(RoleHeld.role).where(RoleHeld.person == person))
    )


def give_role(change: Change, person: str, role: Role) -> None:
    """Give a person a role; nothing is done where it is held.

    Raises
    ------
    InputError
        When it is everybody's, or is held for an organisation and the person has none.
    """
    change.require(Role.ADMINISTRATOR)
    found = person_of(change.session, person)
    if role is Role.PUBLIC:
        raise InputError(found.name, "office/people.public_is_everybodys")
    if role in _OF_AN_ORGANISATION and found.organisation is None:
        raise InputError(found.name, "office/people.role_needs_organisation", role=role)
    if change.session.get(RoleHeld, (found.key, role.value)) is None:
        change.add(RoleHeld(person=found.key, role=role.value))
        change.record("person.role_given", found, {"role": role.value})


def take_role(change: Change, person: str, role: Role) -> None:
    """Take a role from a person.

    Raises
    ------
    InputError
        When it is not held, or it would leave no administrator.
    """
    change.require(Role.ADMINISTRATOR)
    found = person_of(change.session, person)
    held = change.session.get(RoleHeld, (found.key, role.value))
    if held is None:
        raise InputError(found.name, "office/people.role_not_held", role=role)
    change.session.delete(held)
    change.record("person.role_taken", found, {"role": role.value})
    _keep_an_administrator(change)


def set_active(change: Change, person: str, *, active: bool) -> None:
    """Let a person act, or no longer; what they did before stays.

    Raises
    ------
    InputError
        When it would leave no administrator.
    """
    change.require(Role.ADMINISTRATOR)
    found = person_of(change.session, person)
    found.active = active
    change.record("person.activated" if active else "person.deactivated", found)
    _keep_an_administrator(change)


def _keep_an_administrator(change: Change) -> None:
    left = change.session.scalar(
        select(func.count())
        .select_from(RoleHeld)
        .join(Person, Person.key == RoleHeld.person)
        .where(RoleHeld.role == Role.ADMINISTRATOR.value, Person.active)
    )
    if not left:
        raise InputError("office", "office/people.last_administrator")
