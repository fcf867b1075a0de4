"""Consensus on rules: proposals with their impact, rounds of anonymous ratings, adoption."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carindex.cli.office.asking import Day, answer, key_of, with_actor, with_office
from carindex.cli.options import PATH, with_protocol
from carindex.messages import InputError, Language

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from carindex.office.consensus.proposals import Drafted
    from carindex.office.store import Office


@click.group()
def consensus() -> None:
    """Agree on a change of rules: draft, impact, rounds of anonymous ratings, edition."""


@consensus.command()
@click.argument("draft", type=PATH)
@with_protocol
@click.option("--about", type=PATH, required=True, help="YAML: title, reason, statements, criteria, things.")
@click.option("--cars", type=PATH, help="Table of past cars, as for `align impact`.")
@with_actor
def propose(
    office: Office,
    by: str,
    draft: Path,
    protocol: str,
    about: Path,
    cars: Path | None,
    json_file: Path | None,
    language: Language,
) -> None:
    """Propose the overlay folder DRAFT as a change of rules; what it does to past cars is attached."""
    from carindex.office.consensus.proposals import propose as propose_to
    from carindex.office.consensus.proposals import read_draft

    said = _mapping(about, {"title", "reason", "statements"}, {"criteria", "things"})
    drafted = read_draft(draft, protocol)
    impact = None if cars is None else _impact(drafted, cars, language)
    with office.change(key_of(office, by)) as change:
        made = propose_to(
            change,
            drafted,
            title=said["title"],
            reason=str(said["reason"]),
            statements=said["statements"],
            criteria=_criteria(said.get("criteria", "rand_ucla"), about),
            things=said.get("things", ()),
            impact=impact,
        )
    answer({"proposal": made.key, "digest": made.digest, "impact": impact is not None}, json_file, language)


@consensus.command()
@click.argument("proposal")
@click.option("--cars", type=PATH, required=True, help="Table of past cars, as for `align impact`.")
@with_actor
def impact(
    office: Office, by: str, proposal: str, cars: Path, json_file: Path | None, language: Language
) -> None:
    """Work out what a proposal's draft does to past cars, and attach it."""
    from carindex.office.consensus.proposals import Drafted, attach_impact, with_content

    with office.reading() as session:
        found = with_content(session, proposal)
        drafted = Drafted(dict(found.files), found.digest, found.protocol, found.protocol_hash)
    made = _impact(drafted, cars, language)
    with office.change(key_of(office, by)) as change:
        attach_impact(change, proposal, made)
    answer({"proposal": proposal, "cars": made["cars"], "digest": drafted.digest}, json_file, language)


@consensus.command()
@click.argument("proposal")
@click.argument("people", nargs=-1, required=True)
@with_actor
def ask(
    office: Office,
    by: str,
    proposal: str,
    people: tuple[str, ...],
    json_file: Path | None,
    language: Language,
) -> None:
    """Say which experts are asked about a proposal."""
    from carindex.office.consensus.proposals import set_panel

    keys = [key_of(office, person) for person in people]
    with office.change(key_of(office, by)) as change:
        set_panel(change, proposal, keys)
    answer({"proposal": proposal, "people": len(set(keys))}, json_file, language)


@consensus.command("open")
@click.argument("proposal")
@click.option(
    "--days", type=click.FloatRange(min=0, min_open=True), required=True, help="How long it is open."
)
@with_actor
def open_(
    office: Office, by: str, proposal: str, days: float, json_file: Path | None, language: Language
) -> None:
    """Open the next round of ratings."""
    from carindex.office.consensus.rounds import open_round
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = open_round(change, proposal, change.at + timedelta(days=days))
    answer(plain(made), json_file, language)


@consensus.command("rate")
@click.argument("round_", metavar="ROUND")
@click.argument("file", type=PATH)
@with_actor
def rate_(
    office: Office, by: str, round_: str, file: Path, json_file: Path | None, language: Language
) -> None:
    """Answer a round from a YAML FILE: `ratings`, and `comparisons` and `remarks` where there are any.

    What is answered is shown to nobody else.
    """
    from carindex.office.consensus.rounds import answer as answer_to

    said = _mapping(file, {"ratings"}, {"comparisons", "remarks"})
    comparisons = _comparisons(said.get("comparisons", []), file)
    with office.change(key_of(office, by)) as change:
        answer_to(change, round_, said["ratings"], comparisons=comparisons, remarks=said.get("remarks"))
    answer({"round": round_, "answered": True}, json_file, language)


@consensus.command()
@click.argument("round_", metavar="ROUND")
@with_actor
def close(office: Office, by: str, round_: str, json_file: Path | None, language: Language) -> None:
    """Close a round and show what it says."""
    from carindex.office.consensus.rounds import close_round

    with office.change(key_of(office, by)) as change:
        found = close_round(change, round_)
        number, result = found.number, found.result
    _show(number, result or {}, json_file, language)


@consensus.command("list")
@with_office
def list_(office: Office, json_file: Path | None, language: Language) -> None:
    """List all proposals."""
    from sqlalchemy import select

    from carindex.office.consensus.models import Proposal

    with office.reading() as session:
        rows = [
            {
                "proposal": one.key,
                "title": one.title,
                "protocol": one.protocol,
                "state": one.state,
                "at": one.proposed_at.date().isoformat(),
                "impact": one.impact_of == one.digest,
            }
            for one in session.scalars(select(Proposal).order_by(Proposal.key))
        ]
    answer(rows, json_file, language)


@consensus.command()
@click.argument("proposal")
@with_office
def show(office: Office, proposal: str, json_file: Path | None, language: Language) -> None:
    """Show a proposal: its rounds, who answered, what closed rounds said, its impact."""
    with office.reading() as session:
        answer(_proposal(session, proposal, whole=json_file is not None), json_file, language)


@consensus.command()
@click.argument("proposal")
@click.option("--edition", required=True, help="Name of the new edition, for commands and files.")
@click.option("--label", required=True, help="What the programme calls it.")
@click.option("--from", "first", type=Day(), required=True, help="First day of validity.")
@click.option("--to", "last", type=Day(), help="Last day of validity.")
@with_actor
def adopt(
    office: Office,
    by: str,
    proposal: str,
    edition: str,
    label: str,
    first: date,
    last: date | None,
    json_file: Path | None,
    language: Language,
) -> None:
    """Adopt what the panel accepted: a dated edition, and its overlay folder."""
    from carindex.office.consensus.adoption import decide, write_editions
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = decide(change, proposal, edition=edition, label=label, valid_from=first, valid_to=last)
    folders = write_editions(office)
    answer({**plain(made), "folder": [str(folder) for folder in folders]}, json_file, language)


@consensus.command()
@click.argument("proposal")
@with_actor
def reject(office: Office, by: str, proposal: str, json_file: Path | None, language: Language) -> None:
    """End a proposal that the panel did not accept."""
    from carindex.office.consensus.adoption import reject as reject_it
    from carindex.office.consensus.proposals import proposal_of

    with office.change(key_of(office, by)) as change:
        reject_it(change, proposal)
        state = proposal_of(change.session, proposal).state
    answer({"proposal": proposal, "state": str(state)}, json_file, language)


@consensus.command()
@click.argument("proposal")
@click.option("--why", required=True, help="The reason.")
@with_actor
def withdraw(
    office: Office, by: str, proposal: str, why: str, json_file: Path | None, language: Language
) -> None:
    """Take a proposal back."""
    from carindex.office.consensus.proposals import withdraw as withdraw_it

    with office.change(key_of(office, by)) as change:
        withdraw_it(change, proposal, why)
    answer({"proposal": proposal, "state": "withdrawn"}, json_file, language)


@consensus.command()
@click.option("-o", "--output", type=PATH, help="Folder; `editions` of the office by default.")
@with_office
def editions(office: Office, output: Path | None, json_file: Path | None, language: Language) -> None:
    """List the adopted editions, and write the folders of those that are not there as they were adopted."""
    from carindex.office.consensus.adoption import editions as adopted
    from carindex.office.consensus.adoption import write_editions
    from carindex.office.store.plain import plain

    written = {folder.name for folder in write_editions(office, output)}
    with office.reading() as session:
        rows = [{**plain(one), "written": one.name in written} for one in adopted(session)]
    answer(rows, json_file, language)


def _impact(drafted: Drafted, cars: Path, language: Language) -> dict[str, Any]:
    from carindex.office.consensus.proposals import impact_of

    found = impact_of(drafted, cars, language)
    if found is None:
        raise InputError(cars, "office/consensus.no_impact_here")
    return found


def _mapping(file: Path, needed: set[str], more: set[str]) -> dict[str, Any]:
    from carindex.office.statutes import read_statute

    said = read_statute(file)
    if not isinstance(said, dict) or not needed <= said.keys() or not said.keys() <= needed | more:
        raise InputError(
            file, "office/consensus.bad_file", needed=", ".join(sorted(needed)), more=", ".join(sorted(more))
        )
    for name, kind in (
        ("ratings", dict),
        ("remarks", dict),
        ("title", dict),
        ("statements", list),
        ("things", list),
    ):
        if name in said and not isinstance(said[name], kind):
            raise InputError(
                f"{file}: {name}",
                "office/consensus.bad_file",
                needed=", ".join(sorted(needed)),
                more=", ".join(sorted(more)),
            )
    return said


def _comparisons(said: Any, file: Path) -> list[tuple[str, str, float]]:  # noqa: ANN401 - what the file says
    try:
        return [(str(first), str(second), float(value)) for first, second, value in said]
    except (TypeError, ValueError):
        raise InputError(f"{file}: comparisons", "office/consensus.bad_comparisons") from None


def _criteria(said: object, about: Path) -> str | tuple[Path, bytes]:
    """Return criteria by their name, or from a file beside the one that names it."""
    from carindex.office.consensus.criteria import criteria_names

    name = str(said)
    if name in criteria_names():
        return name
    file = about.parent / name
    try:
        return file, file.read_bytes()
    except OSError:
        raise InputError(
            name, "office/consensus.unknown_criteria", known=", ".join(criteria_names())
        ) from None


def _show(number: int, result: dict[str, Any], json_file: Path | None, language: Language) -> None:
    if json_file is not None:
        answer({"number": number, **result}, json_file, language)
        return
    rows = []
    for name, one in result.get("statements", {}).items():
        told = one["feedback"] or {}
        rows.append(
            {
                "statement": name,
                "answers": one["answers"],
                "median": told.get("median"),
                "quartiles": [told["lower_quartile"], told["upper_quartile"]] if told else None,
                "appropriateness": (one["judgement"] or {}).get("appropriateness"),
                "disagreement": (one["judgement"] or {}).get("disagreement"),
                "stable": one["stable"],
                "next": one["next"],
            }
        )
    answer(rows, None, language)


def _proposal(session: Session, key: str, *, whole: bool) -> dict[str, Any]:
    from carindex.office.consensus.proposals import panel_of, with_content
    from carindex.office.consensus.rounds import answered, rounds_of

    found = with_content(session, key)
    said: dict[str, Any] = {
        "proposal": found.key,
        "title": found.title,
        "reason": found.reason,
        "protocol": found.protocol,
        "state": found.state,
        "digest": found.digest,
        "criteria": found.criteria_name,
        "panel": list(panel_of(session, key)),
        "impact": found.impact_of == found.digest,
        "rounds": [
            {
                "round": one.key,
                "number": one.number,
                "closes": _moment(one.closes_at),
                "closed": _moment(one.closed_at),
                "answered": list(answered(session, one.key)),
                **({"result": one.result} if whole else {}),
            }
            for one in rounds_of(session, key)
        ],
    }
    if whole:
        said |= {
            "statements": found.statements,
            "things": found.things,
            "files": found.files,
            "impact": found.impact,
        }
    return said


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
