"""The expert panel."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carindex.cli.office.asking import Day, answer, key_of, with_actor, with_office
from carindex.messages import Language

if TYPE_CHECKING:
    from carindex.office.store import Office


@click.group()
def panel() -> None:
    """See the panel and its balance, appoint experts, declare affiliations."""


@panel.command("list")
@click.option("--on", type=Day(), help="On this day; today by default.")
@with_office
def list_(office: Office, on: date | None, json_file: Path | None, language: Language) -> None:
    """List the members of a day, and what is out of balance."""
    from carindex.office.panel.appointing import balance_on, panel_on
    from carindex.office.store import Organisation, Person
    from carindex.office.store.plain import plain

    day = on or office.clock().date()
    with office.reading() as session:
        rows = []
        for one in panel_on(session, day):
            house = None if one.affiliation is None else session.get_one(Organisation, one.affiliation).name
            rows.append(
                {**plain(one), "name": session.get_one(Person, one.person).name, "affiliation": house}
            )
        found = balance_on(session, day)
    if json_file is not None:
        document = {
            "day": day.isoformat(),
            "members": rows,
            "imbalances": [one.as_json(language) for one in found],
        }
        answer(document, json_file, language)
        return
    shown = ("key", "name", "region", "field", "affiliation", "begins", "ends")
    answer([{name: row[name] for name in shown} for row in rows], None, language)
    for finding in found:
        click.echo(finding.line(language))


@panel.command()
@click.argument("person")
@click.option(
    "--region", required=True, help="africa, asia, europe, north_america, oceania or south_america."
)
@click.option("--field", required=True, help="A field of the panel's rules.")
@click.option("--from", "begins", type=Day(), required=True, help="First day of the term.")
@click.option("--to", "ends", type=Day(), required=True, help="Last day of the term.")
@click.option("--affiliation", help="Key or name of the organisation that they work for.")
@with_actor
def appoint(
    office: Office,
    by: str,
    person: str,
    region: str,
    field: str,
    begins: date,
    ends: date,
    affiliation: str | None,
    json_file: Path | None,
    language: Language,
) -> None:
    """Appoint a PERSON; refused, with all reasons, where the rules of the panel speak against it."""
    from carindex.office.panel import appointing
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = appointing.appoint(change, person, region, field, begins, ends, affiliation=affiliation)
    answer(plain(made), json_file, language)


@panel.command()
@click.argument("appointment")
@click.option("--on", type=Day(), required=True, help="Last day.")
@click.option("--why", required=True, help="Why: it is recorded.")
@with_actor
def leave(
    office: Office, by: str, appointment: str, on: date, why: str, json_file: Path | None, language: Language
) -> None:
    """End an APPOINTMENT before its time."""
    from carindex.office.panel import appointing
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = appointing.leave(change, appointment, on, why)
    answer(plain(made), json_file, language)


@panel.command()
@click.argument("person")
@click.argument("organisation")
@click.option("--nature", required=True, help="Employment, consultancy, shares …")
@click.option("--from", "begins", type=Day(), required=True, help="Since when.")
@click.option("--to", "ends", type=Day(), help="Until when, where it is over.")
@with_actor
def declare(
    office: Office,
    by: str,
    person: str,
    organisation: str,
    nature: str,
    begins: date,
    ends: date | None,
    json_file: Path | None,
    language: Language,
) -> None:
    """Declare what binds a PERSON to an ORGANISATION."""
    from carindex.office.panel import interests
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = interests.declare(change, person, organisation, nature, begins, ends)
    answer(plain(made), json_file, language)
