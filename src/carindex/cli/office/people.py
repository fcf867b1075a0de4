"""People and organisations of the office."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from carindex.cli.office.asking import answer, key_of, names, with_actor, with_office
from carindex.messages import InputError, Language

if TYPE_CHECKING:
    from carindex.office.store import Office, Role


@click.group()
def people() -> None:
    """See people, add them, give and take roles, set passwords."""


@people.command("list")
@with_office
def list_people(office: Office, json_file: Path | None, language: Language) -> None:
    """List all people with their roles."""
    from sqlalchemy import select

    from carindex.office.people.persons import roles_of
    from carindex.office.store import Person
    from carindex.office.store.plain import plain

    with office.reading() as session:
        rows = [
            {**plain(one), "roles": sorted(roles_of(session, one.key))}
            for one in session.scalars(select(Person).order_by(Person.key))
        ]
    answer(rows, json_file, language)


@people.command("add")
@click.argument("name")
@click.option("--login", help="Name to sign in with.")
@click.option("--organisation", help="Key or name of the organisation that they belong to.")
@click.option("--role", "roles", multiple=True, help="Role; may be given several times.")
@with_actor
def add(
    office: Office,
    by: str,
    name: str,
    login: str | None,
    organisation: str | None,
    roles: tuple[str, ...],
    json_file: Path | None,
    language: Language,
) -> None:
    """Add a person."""
    from carindex.office.people.persons import add_person
    from carindex.office.store.plain import plain

    given = tuple(_role(role) for role in roles)
    with office.change(key_of(office, by)) as change:
        made = add_person(
            change, name, login=login, organisation=organisation, roles=given, language=language
        )
    answer(plain(made), json_file, language)


@people.command("role")
@click.argument("person")
@click.argument("role")
@click.option("--take", is_flag=True, help="Take it away.")
@with_actor
def role_(
    office: Office, by: str, person: str, role: str, take: bool, json_file: Path | None, language: Language
) -> None:
    """Give a PERSON a ROLE, or take it."""
    from carindex.office.people.persons import give_role, person_of, roles_of, take_role

    with office.change(key_of(office, by)) as change:
        (take_role if take else give_role)(change, person, _role(role))
        found = person_of(change.session, person)
        roles = sorted(roles_of(change.session, found.key))
    answer({"person": found.key, "roles": roles}, json_file, language)


@people.command("password")
@click.argument("person")
@with_actor
def password(office: Office, by: str, person: str, json_file: Path | None, language: Language) -> None:
    """Set the password of a PERSON; it is asked for, or taken from CARINDEX_OFFICE_PASSWORD."""
    from carindex.cli.office.setting_up import typed_password
    from carindex.office.people.accounts import set_password

    set_password(office, key_of(office, by), person, typed_password())
    answer({"person": key_of(office, person)}, json_file, language)


@click.group()
def organisations() -> None:
    """See and add organisations: makers, laboratories and others."""


@organisations.command("list")
@with_office
def list_organisations(office: Office, json_file: Path | None, language: Language) -> None:
    """List all organisations."""
    from sqlalchemy import select

    from carindex.office.store import Organisation
    from carindex.office.store.plain import plain

    with office.reading() as session:
        rows = [plain(one) for one in session.scalars(select(Organisation).order_by(Organisation.key))]
    answer(rows, json_file, language)


@organisations.command("add")
@click.argument("name")
@click.option("--zh", help="Its name in Chinese.")
@click.option("--kind", required=True, help="maker, laboratory, index, authority, academic or other.")
@click.option("--country", help="Two letters of ISO 3166-1, such as CN.")
@click.option("--parent", help="Key or name of the organisation that it belongs to.")
@click.option("--example", is_flag=True, help="It is invented, and shown as such.")
@with_actor
def add_one(
    office: Office,
    by: str,
    name: str,
    zh: str | None,
    kind: str,
    country: str | None,
    parent: str | None,
    example: bool,
    json_file: Path | None,
    language: Language,
) -> None:
    """Add an organisation with a NAME in English."""
    from carindex.office.people.organisations import add_organisation, organisation_of
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        above = None if parent is None else organisation_of(change.session, parent).key
        made = add_organisation(change, names(name, zh), kind, country=country, parent=above, example=example)
    answer(plain(made), json_file, language)


def _role(text: str) -> Role:
    from carindex.office.store import Role

    if text not in list(Role):
        raise InputError(text, "office/people.unknown_role", role=text, known=", ".join(Role))
    return Role(text)
