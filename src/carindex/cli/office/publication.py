"""Batches, results, appeals, the keys and the log of publications."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carindex.cli.office.asking import answer, key_of, names, with_actor, with_office
from carindex.cli.options import PATH, end, with_language
from carindex.messages import Language

if TYPE_CHECKING:
    from carindex.office.store import Base, Change, Office


class Moment(click.ParamType[datetime]):
    """A moment with its zone, as YYYY-MM-DDThh:mm+hh:mm."""

    name = "YYYY-MM-DDThh:mm+hh:mm"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401
        """Return the moment."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value}: {self.name}", param, ctx)
        if found.tzinfo is None:
            self.fail(f"{value}: {self.name}", param, ctx)
        return found


def with_reason(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--why`` and ``--why-zh``: a reason that the public reads."""
    command = click.option("--why-zh", required=True, help="The same in Chinese.")(command)
    return click.option("--why", required=True, help="The reason, in English; it is published.")(command)


def _done(
    office: Office, by: str, json_file: Path | None, language: Language, act: Callable[[Change], Base]
) -> None:
    """Make a change and show the record that it changed."""
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = act(change)
    answer(plain(made), json_file, language)


@click.group()
def batch() -> None:
    """Results that are published together: gathered, sealed under embargo, released at a time."""


@batch.command("new")
@click.argument("en")
@click.argument("zh")
@with_actor
def new_(office: Office, by: str, en: str, zh: str, json_file: Path | None, language: Language) -> None:
    """Begin a batch, with its name in English and Chinese."""
    from carindex.office.publication.batches import new_batch

    _done(office, by, json_file, language, lambda change: new_batch(change, names(en, zh)))


@batch.command()
@click.argument("key", metavar="BATCH")
@click.argument("assessment")
@click.option("--retest-of", metavar="RESULT", help="The result that this one tests again.")
@with_actor
def add(
    office: Office,
    by: str,
    key: str,
    assessment: str,
    retest_of: str | None,
    json_file: Path | None,
    language: Language,
) -> None:
    """Put an approved ASSESSMENT into a batch."""
    from carindex.office.publication.batches import add_result
    from carindex.office.publication.evidence import publishable

    def act(change: Change) -> Base:
        found = publishable(change.session, assessment)
        return add_result(change, key, found, retest_of=retest_of)

    _done(office, by, json_file, language, act)


@batch.command()
@click.argument("result")
@click.option("--why", required=True, help="The reason.")
@with_actor
def remove(
    office: Office, by: str, result: str, why: str, json_file: Path | None, language: Language
) -> None:
    """Take a RESULT out of a batch that is a draft."""
    from carindex.office.publication.batches import remove_result, result_of

    def act(change: Change) -> Base:
        remove_result(change, result, why)
        return result_of(change.session, result)

    _done(office, by, json_file, language, act)


@batch.command()
@click.argument("key", metavar="BATCH")
@click.option("--at", type=Moment(), required=True, help="Moment of release, with its zone.")
@with_actor
def seal(office: Office, by: str, key: str, at: datetime, json_file: Path | None, language: Language) -> None:
    """Close a batch and fix its release; makers see their own results from now on."""
    from carindex.office.publication.batches import seal as seal_it

    _done(office, by, json_file, language, lambda change: seal_it(change, key, at))


@batch.command()
@click.argument("key", metavar="BATCH")
@click.option("--at", type=Moment(), required=True, help="The new moment of release.")
@click.option("--why", required=True, help="The reason.")
@with_actor
def reschedule(
    office: Office, by: str, key: str, at: datetime, why: str, json_file: Path | None, language: Language
) -> None:
    """Move the release of a sealed batch."""
    from carindex.office.publication.batches import reschedule as move

    _done(office, by, json_file, language, lambda change: move(change, key, at, why))


@batch.command()
@click.argument("key", metavar="BATCH")
@click.option("--why", required=True, help="The reason.")
@with_actor
def unseal(office: Office, by: str, key: str, why: str, json_file: Path | None, language: Language) -> None:
    """Open a sealed batch again."""
    from carindex.office.publication.batches import unseal as open_it

    _done(office, by, json_file, language, lambda change: open_it(change, key, why))


@batch.command()
@click.argument("key", metavar="BATCH")
@click.option("--why", required=True, help="The reason.")
@with_actor
def abandon(office: Office, by: str, key: str, why: str, json_file: Path | None, language: Language) -> None:
    """Give a batch up."""
    from carindex.office.publication.batches import abandon as give_up

    _done(office, by, json_file, language, lambda change: give_up(change, key, why))


@batch.command()
@click.argument("key", metavar="BATCH")
@with_actor
def release(office: Office, by: str, key: str, json_file: Path | None, language: Language) -> None:
    """Publish a sealed batch whose time has come."""
    from carindex.office.publication.batches import release as publish

    _done(office, by, json_file, language, lambda change: publish(change, key))


@batch.command()
@with_office
def due(office: Office, json_file: Path | None, language: Language) -> None:
    """Release every batch whose time has come; run it by a timer."""
    from carindex.office.publication.batches import release_due

    answer([{"batch": key} for key in release_due(office)], json_file, language)


@batch.command("list")
@with_office
def list_(office: Office, json_file: Path | None, language: Language) -> None:
    """List all batches."""
    from sqlalchemy import select

    from carindex.office.publication.batches import results_of
    from carindex.office.publication.models import Batch
    from carindex.office.store.plain import plain

    with office.reading() as session:
        rows = [
            {**plain(one), "results": len(results_of(session, one.key))}
            for one in session.scalars(select(Batch).order_by(Batch.key))
        ]
    answer(rows, json_file, language)


@click.group()
def result() -> None:
    """Correct, withdraw, publish again or test again what was published."""


@result.command("list")
@with_office
def listed(office: Office, json_file: Path | None, language: Language) -> None:
    """List what the public may read."""
    from carindex.office.publication.results import public_results

    with office.reading() as session:
        rows = [
            {
                "result": one.key,
                "car": (one.document or {}).get("car", {}).get("name"),
                "protocol": (one.document or {}).get("protocol"),
                "outcome": (one.document or {}).get("outcome"),
                "state": one.state,
                "version": one.version,
                "at": one.published_at,
            }
            for one in public_results(session)
        ]
    answer(rows, json_file, language)


@result.command()
@click.argument("key", metavar="RESULT")
@with_office
def show(office: Office, key: str, json_file: Path | None, language: Language) -> None:
    """Show a published result with its versions; with --json all that was published of it."""
    import msgspec

    from carindex.office.publication.results import public_result

    with office.reading() as session:
        said = msgspec.to_builtins(public_result(session, key))
    if json_file is None:
        document = said.pop("document") or {}
        said = {"car": (document.get("car") or {}).get("name"), "outcome": document.get("outcome"), **said}
    answer(said, json_file, language)


@result.command()
@click.argument("key", metavar="RESULT")
@click.argument("assessment")
@with_reason
@with_actor
def correct(
    office: Office,
    by: str,
    key: str,
    assessment: str,
    why: str,
    why_zh: str,
    json_file: Path | None,
    language: Language,
) -> None:
    """Publish a corrected version of a RESULT from an approved ASSESSMENT."""
    from carindex.office.publication.evidence import publishable
    from carindex.office.publication.results import correct as correct_it

    def act(change: Change) -> Base:
        return correct_it(change, key, publishable(change.session, assessment), names(why, why_zh))

    _done(office, by, json_file, language, act)


@result.command()
@click.argument("key", metavar="RESULT")
@with_reason
@with_actor
def withdraw(
    office: Office, by: str, key: str, why: str, why_zh: str, json_file: Path | None, language: Language
) -> None:
    """Withdraw a published RESULT."""
    from carindex.office.publication.results import withdraw as take_away

    _done(office, by, json_file, language, lambda change: take_away(change, key, names(why, why_zh)))


@result.command()
@click.argument("key", metavar="RESULT")
@click.argument("assessment")
@with_reason
@with_actor
def republish(
    office: Office,
    by: str,
    key: str,
    assessment: str,
    why: str,
    why_zh: str,
    json_file: Path | None,
    language: Language,
) -> None:
    """Publish a withdrawn RESULT again, from an approved ASSESSMENT."""
    from carindex.office.publication.evidence import publishable
    from carindex.office.publication.results import republish as publish_again

    def act(change: Change) -> Base:
        return publish_again(change, key, publishable(change.session, assessment), names(why, why_zh))

    _done(office, by, json_file, language, act)


@result.command()
@click.argument("key", metavar="RESULT")
@with_reason
@with_actor
def retest(
    office: Office, by: str, key: str, why: str, why_zh: str, json_file: Path | None, language: Language
) -> None:
    """Order that a RESULT be tested again."""
    from carindex.office.publication.results import order_retest

    _done(office, by, json_file, language, lambda change: order_retest(change, key, names(why, why_zh)))


@click.group()
def appeal() -> None:
    """Appeals by makers against their results."""


@appeal.command("file")
@click.argument("key", metavar="RESULT")
@click.option("--grounds", required=True, help="Why the result is wrong.")
@with_actor
def file_(
    office: Office, by: str, key: str, grounds: str, json_file: Path | None, language: Language
) -> None:
    """File an appeal against a RESULT: by an engineer of its maker."""
    from carindex.office.publication.appeals import file

    _done(office, by, json_file, language, lambda change: file(change, key, grounds))


@appeal.command()
@click.argument("key", metavar="APPEAL")
@with_actor
def admit(office: Office, by: str, key: str, json_file: Path | None, language: Language) -> None:
    """Admit an appeal: it will be decided."""
    from carindex.office.publication.appeals import admit as admit_it

    _done(office, by, json_file, language, lambda change: admit_it(change, key))


@appeal.command()
@click.argument("key", metavar="APPEAL")
@click.option("--why", required=True, help="The reason.")
@with_actor
def refuse(office: Office, by: str, key: str, why: str, json_file: Path | None, language: Language) -> None:
    """Refuse an appeal as inadmissible."""
    from carindex.office.publication.appeals import refuse as refuse_it

    _done(office, by, json_file, language, lambda change: refuse_it(change, key, why))


@appeal.command("take-back")
@click.argument("key", metavar="APPEAL")
@with_actor
def take_back(office: Office, by: str, key: str, json_file: Path | None, language: Language) -> None:
    """Take an appeal back: by the maker that filed it."""
    from carindex.office.publication.appeals import take_back as take_it_back

    _done(office, by, json_file, language, lambda change: take_it_back(change, key))


@appeal.command()
@click.argument("key", metavar="APPEAL")
@click.option("--decision", required=True, help="The grounds of the decision.")
@click.option(
    "--signed-by", "signed", multiple=True, required=True, help="An expert who decided; several times."
)
@click.option("--remedy", type=click.Choice(["correction", "withdrawal", "retest"]), help="For the maker.")
@with_actor
def decide(
    office: Office,
    by: str,
    key: str,
    decision: str,
    signed: tuple[str, ...],
    remedy: Any,  # noqa: ANN401 - one of the choices
    json_file: Path | None,
    language: Language,
) -> None:
    """Decide an appeal: for the maker with a remedy, against it without."""
    from carindex.office.publication.appeals import decide as decide_it

    people = [key_of(office, person) for person in signed]
    _done(office, by, json_file, language, lambda change: decide_it(change, key, decision, people, remedy))


@appeal.command()
@click.argument("key", metavar="APPEAL")
@with_actor
def settle(office: Office, by: str, key: str, json_file: Path | None, language: Language) -> None:
    """Close an appeal whose remedy was carried out."""
    from carindex.office.publication.appeals import settle as settle_it

    _done(office, by, json_file, language, lambda change: settle_it(change, key))


@appeal.command("list")
@click.option("--late", is_flag=True, help="Only those whose next step is late.")
@with_office
def appeals_(office: Office, late: bool, json_file: Path | None, language: Language) -> None:
    """List appeals."""
    from carindex.office.publication.appeals import appeals, overdue
    from carindex.office.store.plain import plain

    with office.reading() as session:
        found = overdue(session, office.clock()) if late else appeals(session)
        answer([plain(one) for one in found], json_file, language)


@click.group("key")
def key_() -> None:
    """Begin the log of publications with a key, or change the key."""


@key_.command()
@with_actor
def start(office: Office, by: str, json_file: Path | None, language: Language) -> None:
    """Begin the log of publications; make the fingerprint known in other ways too."""
    from carindex.office.publication.log import start as begin

    with office.change(key_of(office, by)) as change:
        fingerprint = begin(change)
    answer({"key": fingerprint, "folder": _keys(office)}, json_file, language)


@key_.command()
@click.option("--why", required=True, help="The reason.")
@with_actor
def rotate(office: Office, by: str, why: str, json_file: Path | None, language: Language) -> None:
    """Bring in a new key; the old one signs nothing more."""
    from carindex.office.publication.log import rotate as change_key

    with office.change(key_of(office, by)) as change:
        fingerprint = change_key(change, why)
    answer({"key": fingerprint, "folder": _keys(office)}, json_file, language)


@click.command("log")
@click.argument("file", type=PATH)
@with_office
def log_(office: Office, file: Path, json_file: Path | None, language: Language) -> None:
    """Write the signed log of publications into a FILE that anybody can verify."""
    from carindex.office.publication.log import export, verify_log

    with office.reading() as session:
        export(session, file)
        found = verify_log(session)
    answer({"file": str(file), "records": found.records, "key": found.keys[0]}, json_file, language)


@click.command()
@click.argument("path", type=PATH, required=False)
@click.option("--office", "where", metavar="DIR|URL", help="Another office. [env: CARINDEX_OFFICE]")
@click.option("--key", "trusted", help="Fingerprint of the first key, as the office made it known.")
@click.option("--earlier", type=PATH, help="An earlier copy of the log, which this one must begin with.")
@click.option("--json", "json_file", type=PATH, help="Write JSON to this file ('-': standard output).")
@with_language
def verify(
    path: Path | None,
    where: str | None,
    trusted: str | None,
    earlier: Path | None,
    json_file: Path | None,
    language: Language,
) -> None:
    """Check that publications are as they were signed, offline.

    PATH: a log file, a static edition, or the folder of an office; without it the office.
    """
    from carindex.office.publication.exported import verify_file
    from carindex.office.publication.verification import is_office, verify_office
    from carindex.office.site.checking import is_site, verify_site

    if path is not None and path.is_dir() and is_site(path):
        found = verify_site(path, trusted=trusted, earlier=earlier)
    elif path is not None and not (path.is_dir() and is_office(path)):
        found = verify_file(path, trusted=trusted, earlier=earlier)
    else:
        from carindex.office.store import open_office

        office = open_office(path if path is not None else where)
        place = office.engine.url.render_as_string(hide_password=True)
        with office.reading() as session:
            found = verify_office(session, place, trusted=trusted, earlier=earlier)
        office.close()
    if json_file is not None:
        findings = [finding.as_json(language) for finding in found.findings]
        said = {
            "records": found.records,
            "keys": list(found.keys),
            "last": found.tip.at,
            "digest": found.tip.digest,
        }
        answer({"whole": found.whole, **said, "findings": findings}, json_file, language)
    else:
        first = found.keys[0] if found.keys else None
        said = {"whole": found.whole, "records": found.records, "last": found.tip.at, "key": first}
        answer({**said, "digest": found.tip.digest}, None, language)
    end(found.findings, language, shown=False)


def _keys(office: Office) -> str:
    from carindex.office.publication.signing import key_folder

    return str(key_folder(office.files))
