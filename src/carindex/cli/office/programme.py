"""The programme of work: candidates, purchases, orders, data."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carindex.cli.office.asking import Day, answer, key_of, names, reasons, with_actor
from carindex.cli.options import PATH, with_json, with_language, with_overlays
from carindex.messages import Language

if TYPE_CHECKING:
    from carindex.office.store import Office


@click.command()
@click.argument("programme", required=False)
@click.option("--on", type=Day(), help="Which are in force on this day.")
@with_overlays
@with_json
@with_language
def editions(programme: str | None, on: date | None, json_file: Path | None, language: Language) -> None:
    """List the editions of a PROGRAMME, or of all, with the dates that they state."""
    from carindex.office.programme import editions as known

    rows = [one for one in known.editions() if programme in (None, one.programme)]
    if programme is not None and on is not None:
        found = (
            known.in_force(rows, programme, on) if rows else known.in_force(known.editions(), programme, on)
        )
        rows = [edition for edition, _ in found]
    document = [
        {
            "programme": one.programme,
            "protocol": one.protocol,
            "edition": one.edition,
            "begins": one.begins,
            "ends": one.ends,
            **({} if on is None else {"in_force": one.in_force(on)}),
        }
        for one in rows
    ]
    answer(document, json_file, language)


@click.group()
def candidate() -> None:
    """Propose cars, and decide on them."""


@candidate.command("add")
@click.argument("programme")
@click.argument("name")
@click.option("--maker", required=True, help="Key or name of the maker.")
@click.option("--zh", help="Name of the model in Chinese.")
@click.option("--year", type=click.IntRange(1900, 2200), help="Model year.")
@click.option(
    "--reason",
    "why",
    multiple=True,
    metavar="KIND:TEXT[@SOURCE]",
    help="sales, attention, complaints, application.",
)
@click.option("--example", is_flag=True, help="The model is invented, and shown as such.")
@with_actor
def add(
    office: Office,
    by: str,
    programme: str,
    name: str,
    maker: str,
    zh: str | None,
    year: int | None,
    why: tuple[str, ...],
    example: bool,
    json_file: Path | None,
    language: Language,
) -> None:
    """Propose the model NAME for a PROGRAMME, with reasons."""
    from carindex.office.programme.editions import editions as all_editions
    from carindex.office.programme.editions import in_force
    from carindex.office.programme.work import add_car, propose
    from carindex.office.store.plain import plain

    in_force(all_editions(), programme, office.clock().date())  # says which programmes there are
    with office.change(key_of(office, by)) as change:
        car = add_car(change, maker, names(name, zh), model_year=year, example=example)
        made = propose(change, car.key, programme, reasons(why))
    answer(plain(made), json_file, language)


def _decision(act: str) -> click.Command:
    @click.argument("key", metavar="CANDIDATE")
    @click.option("--why", required=True, help="Why: it is recorded.")
    @with_actor
    def command(
        office: Office, by: str, key: str, why: str, json_file: Path | None, language: Language
    ) -> None:
        from carindex.office.programme.work import decide
        from carindex.office.store.plain import plain

        with office.change(key_of(office, by)) as change:
            made = decide(change, key, act, why)
        answer(plain(made), json_file, language)

    command.__doc__ = f"{act.capitalize()} a CANDIDATE, with a reason."
    return candidate.command(act)(command)


select_, decline, withdraw = (_decision(act) for act in ("select", "decline", "withdraw"))


@click.command()
@click.argument("key", metavar="CANDIDATE")
@click.option("--variant", required=True, help="The variant as it is sold.")
@click.option("--acquired", required=True, help="market, drawn (at random from production) or supplied.")
@click.option("--on", type=Day(), required=True, help="Day of the purchase.")
@click.option("--place", default="", help="Where it was bought.")
@click.option("--identification", help="Vehicle identification number.")
@click.option("--price", default="", help="What was paid, with its currency.")
@click.option("--note", default="", help="Anything else.")
@with_actor
def buy(
    office: Office,
    by: str,
    key: str,
    variant: str,
    acquired: str,
    on: date,
    place: str,
    identification: str | None,
    price: str,
    note: str,
    json_file: Path | None,
    language: Language,
) -> None:
    """Record a car that was bought for a CANDIDATE."""
    from carindex.office.programme import work
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = work.buy(
            change,
            key,
            variant,
            acquired=acquired,
            on=on,
            place=place,
            identification=identification,
            price=price,
            note=note,
        )
    answer(plain(made), json_file, language)


@click.command()
@click.argument("vehicle")
@click.argument("tests", nargs=-1)
@click.option("--laboratory", help="Key or name of the laboratory.")
@click.option("-p", "--protocol", help="The edition; by default the one in force today.")
@click.option("--due", type=Day(), help="When the data are due.")
@click.option("--cancel", "why", metavar="WHY", help="Cancel the order named in the place of VEHICLE.")
@with_overlays
@with_actor
def order(
    office: Office,
    by: str,
    vehicle: str,
    tests: tuple[str, ...],
    laboratory: str | None,
    protocol: str | None,
    due: date | None,
    why: str | None,
    json_file: Path | None,
    language: Language,
) -> None:
    """Order TESTS of a VEHICLE from a laboratory."""
    from carindex.office.programme import work
    from carindex.office.programme.editions import editions as all_editions
    from carindex.office.store.plain import plain

    if why is None and laboratory is None:
        raise click.UsageError("--laboratory")
    with office.change(key_of(office, by)) as change:
        if why is not None:
            made = work.cancel(change, vehicle, why)
        else:
            made = work.order(
                change, vehicle, str(laboratory), tests, all_editions(), protocol=protocol, due=due
            )
    answer(plain(made), json_file, language)


@click.command()
@click.argument("key", metavar="ORDER")
@click.argument("path", type=PATH)
@click.option("--note", default="", help="Anything to say of it.")
@with_actor
def receive(
    office: Office, by: str, key: str, path: Path, note: str, json_file: Path | None, language: Language
) -> None:
    """Take in the data of an ORDER: the file or folder PATH, kept with its digests."""
    from carindex.messages import InputError
    from carindex.office.programme import work
    from carindex.office.store.plain import plain

    if not path.exists():
        raise InputError(path, "dossier.no_such_path")
    with office.change(key_of(office, by)) as change:
        made = work.receive(change, key, path, note)
    answer(plain(made), json_file, language)
