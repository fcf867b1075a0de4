"""Assessments: made, made anew, listed, compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from carindex.cli.office.asking import answer, key_of, with_actor, with_office
from carindex.cli.options import PATH, say, with_mode, with_overlays
from carindex.messages import Language

if TYPE_CHECKING:
    from carindex.office.assessments.difference import Difference
    from carindex.office.assessments.models import Assessment
    from carindex.office.store import Office


@click.command()
@click.argument("path", type=PATH)
@click.option("--candidate", help="The candidate that it is the evidence of.")
@click.option(
    "-p", "--protocol", help="The edition; by default the one in force today for the candidate's programme."
)
@click.option("--car", help="Which car, where a facts file has several.")
@with_mode
@with_overlays
@with_actor
def assess(
    office: Office,
    by: str,
    path: Path,
    candidate: str | None,
    protocol: str | None,
    car: str | None,
    mode: str,
    json_file: Path | None,
    language: Language,
) -> None:
    """Rate the dossier PATH and keep the result: files, protocol, engine, everything it says."""
    from carindex.office.assessments import keeping
    from carindex.office.programme.editions import editions
    from carindex.office.programme.work import edition_for

    if protocol is None:
        if candidate is None:
            raise click.UsageError("--protocol")
        with office.reading() as session:
            protocol = edition_for(session, candidate, editions(), office.clock().date())
    made = keeping.assess(
        office,
        key_of(office, by),
        path,
        protocol,
        candidate=candidate,
        car=car,
        calculator=mode == "calculator",
    )
    answer(_shown(made), json_file, language)


@click.command()
@click.argument("key", metavar="ASSESSMENT")
@click.option("-p", "--protocol", help="Another edition.")
@with_overlays
@with_actor
def again(
    office: Office, by: str, key: str, protocol: str | None, json_file: Path | None, language: Language
) -> None:
    """Rate the kept files of an ASSESSMENT again, as a new one, and show every value that differs."""
    from carindex.office.assessments import keeping

    made, changed = keeping.rate_again(office, key_of(office, by), key, protocol=protocol)
    _answer_difference({**_shown(made)}, changed, json_file, language)


@click.command()
@click.argument("keys", nargs=-1, metavar="[ASSESSMENT [OTHER]]")
@click.option("--candidate", help="Those of this candidate.")
@with_office
def assessments(
    office: Office, keys: tuple[str, ...], candidate: str | None, json_file: Path | None, language: Language
) -> None:
    """List assessments; show one in full (with --json its whole rating); compare two."""
    from carindex.office.assessments.difference import difference
    from carindex.office.assessments.keeping import assessment_of, assessments_of, digest_of

    with office.reading() as session:
        if not keys:
            answer([_shown(one) for one in assessments_of(session, candidate)], json_file, language)
            return
        found = [assessment_of(session, key) for key in keys[:2]]
    if len(found) == 1:
        whole = digest_of(found[0]) == found[0].digest
        document = {**_shown(found[0]), "whole": whole, "files": found[0].files}
        if json_file is not None:
            document["rating"] = found[0].rating[language]
        answer(document, json_file, language)
        return
    changed = difference(found[0].rating["en"], found[1].rating["en"])
    _answer_difference({"before": found[0].key, "after": found[1].key}, changed, json_file, language)


def _shown(one: Assessment) -> dict[str, object]:
    from carindex.office.store.plain import plain

    return {
        name: value for name, value in plain(one).items() if name not in ("files", "protocol_hash", "root")
    }


def _answer_difference(
    head: dict[str, object], changed: Difference, json_file: Path | None, language: Language
) -> None:
    if json_file is not None:
        answer({**head, "difference": changed}, json_file, language)
        return
    answer(head, None, language)
    rows = [
        {
            "part": part,
            "path": one.path or "/",
            "value": one.what,
            "before": _short(one.before),
            "after": _short(one.after),
        }
        for part, many in (
            ("outcome", changed.outcome),
            ("nodes", changed.nodes),
            ("losses", changed.losses),
            ("provenance", changed.provenance),
        )
        for one in many
    ]
    if rows:
        answer(rows, None, language)
    else:
        say("office.nothing_differs", language)


def _short(value: object) -> object:
    return f"({len(value)})" if isinstance(value, dict) else value
