"""Records of alignment: laboratories, equivalence, agreements, groups, meetings, papers."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carindex.cli.office.asking import Day, answer, key_of, names, with_actor, with_office
from carindex.cli.office.publication import Moment
from carindex.cli.options import PATH
from carindex.messages import InputError, Language

if TYPE_CHECKING:
    from carindex.office.store import Office

_FILES = click.option("--file", "files", type=PATH, multiple=True, help="A document to keep; several times.")


@click.group()
def laboratory() -> None:
    """Accreditations of laboratories."""


@laboratory.command()
@click.argument("organisation")
@click.option("--body", required=True, help="Who accredited it.")
@click.option("--standard", required=True, help="To which standard.")
@click.option("--certificate", required=True, help="Number of the certificate.")
@click.option(
    "--test", "tests", multiple=True, required=True, help="A test of the vocabulary; several times."
)
@click.option("--from", "first", type=Day(), required=True, help="First day of validity.")
@click.option("--to", "last", type=Day(), help="Last day of validity.")
@_FILES
@with_actor
def accredit(
    office: Office,
    by: str,
    organisation: str,
    body: str,
    standard: str,
    certificate: str,
    tests: tuple[str, ...],
    first: date,
    last: date | None,
    files: tuple[Path, ...],
    json_file: Path | None,
    language: Language,
) -> None:
    """Record an accreditation of an ORGANISATION."""
    from carindex.office.alignment_records import laboratories
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = laboratories.accredit(
            change,
            organisation,
            body=body,
            standard=standard,
            certificate=certificate,
            tests=tests,
            valid_from=first,
            valid_to=last,
            files=files,
        )
    answer(plain(made), json_file, language)


@laboratory.command()
@click.argument("accreditation")
@click.option("--since", type=Day(), required=True, help="From this day on.")
@click.option("--why", required=True, help="The reason.")
@with_actor
def suspend(
    office: Office,
    by: str,
    accreditation: str,
    since: date,
    why: str,
    json_file: Path | None,
    language: Language,
) -> None:
    """End or suspend an accreditation."""
    from carindex.office.alignment_records import laboratories
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = laboratories.suspend(change, accreditation, since, why)
    answer(plain(made), json_file, language)


@laboratory.command("list")
@with_office
def laboratories_(office: Office, json_file: Path | None, language: Language) -> None:
    """List accreditations."""
    from carindex.office.alignment_records.models import Accreditation

    _list(office, Accreditation, json_file, language)


@click.group()
def equivalence() -> None:
    """Verdicts on the equivalence of tests, seats, dummies and quantities, with evidence and sign-off."""


@equivalence.command("draw-up")
@click.argument("part", type=click.Choice(["tests", "seats", "dummies", "quantities"]))
@click.argument("file", type=PATH)
@click.option("--signatures", "needed", type=click.IntRange(min=1), required=True, help="How many must sign.")
@click.option("--evidence-from", help="Organisation whose tests it rests on; its people do not sign.")
@click.option(
    "--evidence", "files", type=PATH, multiple=True, required=True, help="A document; several times."
)
@with_actor
def draw_up(
    office: Office,
    by: str,
    part: str,
    file: Path,
    needed: int,
    evidence_from: str | None,
    files: tuple[Path, ...],
    json_file: Path | None,
    language: Language,
) -> None:
    """Draw a verdict up from a YAML FILE: one entry as in the file of equivalences."""
    from carindex.office.alignment_records import equivalences
    from carindex.office.statutes import read_statute
    from carindex.office.store.plain import plain

    said = read_statute(file)
    if not isinstance(said, dict):
        raise InputError(file, "office/alignment_records.bad_entry", reason="-")
    with office.change(key_of(office, by)) as change:
        made = equivalences.draw_up(
            change, part, said, needed=needed, evidence_from=evidence_from, files=files
        )
    answer(plain(made), json_file, language)


@equivalence.command()
@click.argument("verdict")
@with_actor
def sign(office: Office, by: str, verdict: str, json_file: Path | None, language: Language) -> None:
    """Sign a verdict off, as an expert."""
    from carindex.office.alignment_records import equivalences
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = equivalences.sign(change, verdict)
    answer(plain(made), json_file, language)


@equivalence.command()
@click.argument("verdict")
@click.option("--why", required=True, help="The reason.")
@with_actor
def revoke(
    office: Office, by: str, verdict: str, why: str, json_file: Path | None, language: Language
) -> None:
    """Revoke a verdict."""
    from carindex.office.alignment_records import equivalences
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = equivalences.revoke(change, verdict, why)
    answer(plain(made), json_file, language)


@equivalence.command("list")
@with_office
def verdicts_(office: Office, json_file: Path | None, language: Language) -> None:
    """List verdicts."""
    from carindex.office.alignment_records.models import Verdict

    _list(office, Verdict, json_file, language)


@equivalence.command()
@click.argument("file", type=PATH)
@with_office
def write(office: Office, file: Path, json_file: Path | None, language: Language) -> None:
    """Write the signed verdicts into a FILE of the form of `vocabulary/equivalences.yaml`."""
    import yaml

    from carindex.office.alignment_records.equivalences import as_file
    from carindex.office.publication.exported import write_file

    with office.reading() as session:
        said = as_file(session)
    write_file(file, yaml.safe_dump(said, allow_unicode=True, sort_keys=False, width=120).encode())
    count = sum(len(entries) for entries in said.values())
    answer({"file": str(file), "verdicts": count}, json_file, language)


@click.group()
def agreement() -> None:
    """Agreements on mutual recognition."""


@agreement.command("record")
@click.argument("file", type=PATH)
@_FILES
@with_actor
def record_agreement(
    office: Office, by: str, file: Path, files: tuple[Path, ...], json_file: Path | None, language: Language
) -> None:
    """Record an agreement from a YAML FILE: title, scope, parties, from, to, verdicts."""
    from carindex.office.alignment_records.gatherings import agree
    from carindex.office.store.plain import plain

    said = _read(file, {"title", "scope", "parties", "from"}, {"to", "verdicts"})
    with office.change(key_of(office, by)) as change:
        made = agree(
            change,
            said["title"],
            said["scope"],
            said["parties"],
            valid_from=_day(said["from"], file),
            valid_to=None if said.get("to") is None else _day(said["to"], file),
            verdicts=said.get("verdicts", ()),
            files=files,
        )
    answer(plain(made), json_file, language)


@agreement.command("list")
@with_office
def agreements_(office: Office, json_file: Path | None, language: Language) -> None:
    """List agreements."""
    from carindex.office.alignment_records.models import Agreement

    _list(office, Agreement, json_file, language)


@click.group()
def meeting() -> None:
    """Meetings, technology observations and working groups."""


@meeting.command("record")
@click.argument("kind", type=click.Choice(["meeting", "observation", "conference"]))
@click.argument("file", type=PATH)
@click.option("--starts", type=Moment(), required=True, help="Beginning, with its zone.")
@click.option("--ends", type=Moment(), required=True, help="End, with its zone.")
@click.option("--group", help="The working group that meets.")
@_FILES
@with_actor
def record_meeting(
    office: Office,
    by: str,
    kind: str,
    file: Path,
    starts: datetime,
    ends: datetime,
    group: str | None,
    files: tuple[Path, ...],
    json_file: Path | None,
    language: Language,
) -> None:
    """Record a meeting from a YAML FILE: title, place, agenda."""
    from carindex.office.alignment_records.gatherings import meet
    from carindex.office.store.plain import plain

    said = _read(file, {"title", "place", "agenda"}, set())
    with office.change(key_of(office, by)) as change:
        made = meet(
            change,
            kind,
            said["title"],
            place=str(said["place"]),
            starts=starts,
            ends=ends,
            agenda=said["agenda"],
            group=group,
            files=files,
        )
    answer(plain(made), json_file, language)


@meeting.command()
@click.argument("key", metavar="MEETING")
@click.argument("files", type=PATH, nargs=-1, required=True)
@with_actor
def documents(
    office: Office, by: str, key: str, files: tuple[Path, ...], json_file: Path | None, language: Language
) -> None:
    """Add documents to a meeting."""
    from carindex.office.alignment_records.gatherings import add_documents
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = add_documents(change, key, files)
    answer(plain(made), json_file, language)


@meeting.command("group")
@click.argument("en")
@click.argument("zh")
@click.option("--mandate", required=True, help="What it is to do, in English.")
@click.option("--mandate-zh", required=True, help="The same in Chinese.")
@click.option("--organisation", "organisations", multiple=True, help="A member; several times.")
@click.option("--person", "people", multiple=True, help="A member; several times.")
@with_actor
def group_(
    office: Office,
    by: str,
    en: str,
    zh: str,
    mandate: str,
    mandate_zh: str,
    organisations: tuple[str, ...],
    people: tuple[str, ...],
    json_file: Path | None,
    language: Language,
) -> None:
    """Found a working group, with its name in English and Chinese."""
    from carindex.office.alignment_records.gatherings import found_group
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = found_group(
            change, names(en, zh), names(mandate, mandate_zh), organisations=organisations, people=people
        )
    answer(plain(made), json_file, language)


@meeting.command("list")
@with_office
def meetings_(office: Office, json_file: Path | None, language: Language) -> None:
    """List meetings."""
    from carindex.office.alignment_records.models import Meeting

    _list(office, Meeting, json_file, language)


@click.group()
def paper() -> None:
    """Papers whose figures anybody can make again."""


@paper.command()
@click.argument("file", type=PATH)
@click.argument("data", type=PATH, nargs=-1, required=True)
@with_actor
def add(
    office: Office, by: str, file: Path, data: tuple[Path, ...], json_file: Path | None, language: Language
) -> None:
    """Record a paper from a YAML FILE (title, citation, identifier, figures) and its DATA; the figures are made now.

    A figure has an `id`, a `command` (the words after carindex) and the `output` that it writes.
    """
    import msgspec

    from carindex.office.alignment_records.papers import Figure, add_paper, make
    from carindex.office.store.plain import plain

    said = _read(file, {"title", "citation", "figures"}, {"identifier"})
    try:
        figures = msgspec.convert(said["figures"], list[Figure])
    except msgspec.ValidationError as error:
        raise InputError(file, "office/alignment_records.bad_figure", reason=error) from None
    made = make(figures, data)
    with office.change(key_of(office, by)) as change:
        kept = add_paper(
            change, said["title"], str(said["citation"]), made, identifier=said.get("identifier")
        )
    answer(plain(kept), json_file, language)


@paper.command()
@click.argument("key", metavar="PAPER")
@with_office
def reproduce(office: Office, key: str, json_file: Path | None, language: Language) -> None:
    """Make the figures of a paper again and compare them byte by byte."""
    import sys

    import msgspec

    from carindex.cli.options import DONE_WITH_ERRORS
    from carindex.office.alignment_records.papers import reproduce as again

    found = again(office, key)
    answer([{**msgspec.to_builtins(one), "same": one.same} for one in found], json_file, language)
    if not all(one.same for one in found):
        sys.exit(DONE_WITH_ERRORS)


@paper.command("list")
@with_office
def papers_(office: Office, json_file: Path | None, language: Language) -> None:
    """List papers."""
    from carindex.office.alignment_records.models import Paper

    _list(office, Paper, json_file, language)


def _list(office: Office, table: Any, json_file: Path | None, language: Language) -> None:  # noqa: ANN401 - a table
    from sqlalchemy import select

    from carindex.office.store.plain import plain

    with office.reading() as session:
        rows = [plain(one) for one in session.scalars(select(table).order_by(table.key))]
    answer(rows, json_file, language)


def _read(file: Path, needed: set[str], more: set[str]) -> dict[str, Any]:
    from carindex.office.statutes import read_statute

    said = read_statute(file)
    if not isinstance(said, dict) or not needed <= said.keys() or not said.keys() <= needed | more:
        raise InputError(
            file,
            "office/alignment_records.bad_file",
            needed=", ".join(sorted(needed)),
            more=", ".join(sorted(more)) or "-",
        )
    kinds = {"title": dict, "scope": dict, "agenda": list, "parties": list, "verdicts": list, "figures": list}
    for name, kind in kinds.items():
        if name in said and not isinstance(said[name], kind):
            raise InputError(
                f"{file}: {name}", "office/alignment_records.bad_file", needed=kind.__name__, more="-"
            )
    if not all(isinstance(item, dict) for item in said.get("agenda", [])):
        raise InputError(f"{file}: agenda", "office/alignment_records.bad_file", needed="en, zh", more="-")
    return said


def _day(said: object, file: Path) -> date:
    try:
        return said if isinstance(said, date) else date.fromisoformat(str(said))
    except ValueError:
        raise InputError(
            f"{file}: {said}", "office/alignment_records.bad_file", needed="YYYY-MM-DD", more="-"
        ) from None
