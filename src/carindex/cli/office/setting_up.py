"""Set an office up, see where it stands and what was done, keep a copy of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carindex.cli.office.asking import answer, key_of, with_actor, with_office
from carindex.cli.options import DONE_WITH_ERRORS, PATH, with_json, with_language
from carindex.messages import Finding, Language

if TYPE_CHECKING:
    from carindex.office.store import Office

PASSWORD = "CARINDEX_OFFICE_PASSWORD"
"""Environment variable: a password, where none can be typed."""


def typed_password() -> str:
    """Return a password from the environment, or typed twice; it is never an argument that others can see."""
    said = os.environ.get(PASSWORD)
    return (
        said if said is not None else str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    )


@click.command()
@click.option("--office", "where", metavar="DIR|URL", help="Folder, or address of a PostgreSQL database.")
@click.option("--name", required=True, help="Name of the first administrator.")
@click.option("--login", required=True, help="Login of the first administrator.")
@with_json
@with_language
def init(where: str | None, name: str, login: str, json_file: Path | None, language: Language) -> None:
    """Make an office, with its first administrator, who is its secretary too until others are.

    The password is asked for, or taken from CARINDEX_OFFICE_PASSWORD.
    """
    from sqlalchemy import func, select

    from carindex.messages import InputError
    from carindex.office.people.accounts import set_password
    from carindex.office.people.persons import add_person
    from carindex.office.store import SYSTEM, Person, Role, open_office

    office = open_office(where, create=True)
    with office.reading() as session:
        there = session.scalar(select(func.count()).select_from(Person))
    if there:
        raise InputError(office.engine.url.render_as_string(), "office.not_empty")
    password = typed_password()
    with office.change(SYSTEM) as change:
        first = add_person(
            change, name, login=login, roles=(Role.ADMINISTRATOR, Role.SECRETARY), language=language
        )
        change.record("office.begun", first)
    set_password(office, None, first.key, password)
    url = office.engine.url
    place = str(office.files.parent) if url.get_backend_name() == "sqlite" else url.render_as_string()
    answer({"office": place, "person": first.key, "login": first.login}, json_file, language)
    office.close()


@click.command()
@click.argument("subject", type=click.Choice(["panel", "review", "publication"]))
@click.argument("file", type=PATH, required=False)
@with_actor
def statute(
    office: Office, by: str, subject: str, file: Path | None, json_file: Path | None, language: Language
) -> None:
    """Set the organisation's own rules of a SUBJECT from a YAML FILE; without one, show them."""
    import msgspec

    from carindex.office.panel.rules import PanelRules
    from carindex.office.publication.rules import PublicationRules
    from carindex.office.review.rules import ReviewRules
    from carindex.office.statutes import read_statute, set_statute
    from carindex.office.statutes import statute as in_force

    known: dict[str, type[msgspec.Struct]] = {
        "panel": PanelRules,
        "review": ReviewRules,
        "publication": PublicationRules,
    }
    structure = known[subject]
    if file is None:
        with office.reading() as session:
            answer(in_force(session, subject, structure)[1], json_file, language)
        return
    with office.change(key_of(office, by)) as change:
        made = set_statute(change, subject, read_statute(file), structure, file)
    answer({"statute": made.key, "subject": subject}, json_file, language)


@click.command()
@click.argument("candidate", required=False)
@click.option("--programme", help="Of this programme only.")
@with_office
def status(
    office: Office, candidate: str | None, programme: str | None, json_file: Path | None, language: Language
) -> None:
    """Show where every candidate stands; one CANDIDATE with its vehicles, orders, assessment and review."""
    import msgspec

    from carindex.office.board import board
    from carindex.office.programme.work import candidate_of

    with office.reading() as session:
        if candidate is not None:
            candidate_of(session, candidate)  # says that there is none
        found = [one for one in board(session, programme) if candidate in (None, one.candidate)]
    if json_file is not None or candidate is not None:
        answer(found if candidate is None else found[0], json_file, language)
        return
    shown = ("candidate", "car", "maker", "example", "programme", "step", "outcome", "since")
    rows = [{name: msgspec.to_builtins(getattr(one, name)) for name in shown} for one in found]
    for row in rows:
        row["outcome"] = row["outcome"] and (row["outcome"].get("stars") or row["outcome"].get("grade"))
    answer(rows, None, language)


@click.command()
@click.option("--last", type=click.IntRange(min=1), default=50, show_default=True, help="How many entries.")
@click.option("--subject", help="Of this record only.")
@click.option("--check", is_flag=True, help="Check that no entry was altered, removed or put in.")
@with_office
def audit(
    office: Office, last: int, subject: str | None, check: bool, json_file: Path | None, language: Language
) -> None:
    """Show what was done, the latest last; or check that the log is whole."""
    from sqlalchemy import select

    from carindex.office.store import AuditEntry
    from carindex.office.store.plain import plain
    from carindex.office.store.transaction import first_broken

    with office.reading() as session:
        if check:
            broken = first_broken(session)
            head = session.scalar(select(AuditEntry.digest).order_by(AuditEntry.number.desc()).limit(1))
            answer({"whole": broken is None, "first_broken": broken, "digest": head}, json_file, language)
            if broken is not None:
                found = Finding(
                    "office.log_broken",
                    "error",
                    office.engine.url.render_as_string(),
                    None,
                    {"number": broken},
                )
                click.echo(found.line(language), err=True)
                sys.exit(DONE_WITH_ERRORS)
            return
        asked = select(AuditEntry).order_by(AuditEntry.number.desc()).limit(last)
        if subject is not None:
            asked = asked.where(AuditEntry.subject == subject)
        rows = [plain(one) for one in reversed(list(session.scalars(asked)))]
    if json_file is None:
        rows = [
            {name: row[name] for name in ("number", "at", "actor", "action", "subject", "details")}
            for row in rows
        ]
    answer(rows, json_file, language)


@click.command()
@click.argument("file", type=PATH)
@with_office
def backup(office: Office, file: Path, json_file: Path | None, language: Language) -> None:
    """Write everything, records and kept files, into one FILE. It holds what is under embargo: keep it safe."""
    from carindex.office.backup import back_up

    answer(back_up(office, file), json_file, language)


@click.command()
@click.argument("file", type=PATH)
@click.option("--office", "where", metavar="DIR|URL", help="A new folder, or an empty PostgreSQL database.")
@with_json
@with_language
def restore(where: str | None, file: Path, json_file: Path | None, language: Language) -> None:
    """Restore a backup into an office that is empty: all of it, or nothing."""
    from carindex.messages import InputError
    from carindex.office import backup as copies
    from carindex.office.store import open_office

    if not file.is_file():
        raise InputError(file, "dossier.no_such_path")
    office = open_office(where, create=True)
    answer(copies.restore(office, file), json_file, language)
    office.close()
