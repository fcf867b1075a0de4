"""Commands that rate one car: ``rate``, ``explain`` and ``demo``."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carindex.cli.options import (
    PATH,
    end,
    with_assumptions,
    with_json,
    with_language,
    with_mode,
    with_overlays,
    with_protocol,
    write_json,
)
from carindex.messages import InputError, Language

if TYPE_CHECKING:
    from carindex.dossier import FactSet
    from carindex.dossier.folder import Dossier
    from carindex.rating import Plan, Protocol, Rating
    from carindex.side_by_side import Task

_ASSUMPTIONS = {"en": "JSON {node path: points}", "zh": "JSON {节点路径: 分值}"}


@click.command()
@click.argument("path", type=PATH)
@click.option(
    "-p",
    "--protocol",
    "protocols",
    required=True,
    multiple=True,
    help="Protocol; may be given several times.",
)
@with_overlays
@with_mode
@with_json
@click.option("--report", type=PATH, help="Write a report (HTML and PDF) into this folder.")
@click.option("--bounds", is_flag=True, help="Show the interval of every node.")
@with_assumptions
@with_language
def rate(
    path: Path,
    protocols: tuple[str, ...],
    mode: str,
    json_file: Path | None,
    report: Path | None,
    bounds: bool,
    assume: Path | None,
    car: str | None,
    language: Language,
) -> None:
    """Rate one car under one or more protocols.

    PATH is a dossier folder, a facts file (CSV, JSON, Parquet) or a folder of the programme's workbooks.
    """
    dossier, ratings = _rated(path, protocols, assume, car, calculator=mode == "calculator")
    if json_file is not None:
        documents = [rating.as_json(language) for rating in ratings]
        write_json(json_file, documents[0] if len(documents) == 1 else documents)
    else:
        from carindex.report.terminal import show_rating

        for rating in ratings:
            show_rating(rating, language, bounds=bounds)
    if report is not None:
        from carindex.report import write_reports

        for file in write_reports(ratings, dossier, report, language):
            click.echo(file, err=json_file is not None)
    end((finding for rating in ratings for finding in rating.findings), language, shown=json_file is None)


@click.command()
@click.argument("path", type=PATH)
@with_protocol
@with_overlays
@with_mode
@click.option(
    "--top", type=click.IntRange(min=0), default=10, show_default=True, help="How many losses; 0 for all."
)
@with_json
@with_assumptions
@with_language
def explain(
    path: Path,
    protocol: str,
    mode: str,
    top: int,
    json_file: Path | None,
    assume: Path | None,
    car: str | None,
    language: Language,
) -> None:
    """Show where the points went.

    PATH is a dossier folder or a facts file (CSV, JSON, Parquet).
    """
    _, (rating,) = _rated(path, (protocol,), assume, car, calculator=mode == "calculator")
    if json_file is not None:
        write_json(json_file, rating.as_json(language))
    else:
        from carindex.report.terminal import show_losses

        show_losses(rating, language, top)
    end(rating.findings, language, shown=False)


@click.command()
@click.option(
    "-o", "--output", type=PATH, default=Path("out/demo"), show_default=True, help="Folder of the report."
)
@with_language
def demo(output: Path, language: Language) -> None:
    """Rate the bundled real car and write its report."""
    from carindex.examples import camry
    from carindex.report import write_reports
    from carindex.report.terminal import show_rating

    with camry() as folder:
        dossier, ratings = _rated(folder, ("us-ncap-2011",))
        show_rating(ratings[0], language, bounds=False)
        for file in write_reports(ratings, dossier, output, language, both_languages=True):
            click.echo(file)
    end((finding for rating in ratings for finding in rating.findings), language, shown=True)


def _rated(
    path: Path,
    protocols: tuple[str, ...],
    assume: Path | None = None,
    car: str | None = None,
    *,
    calculator: bool = False,
) -> tuple[Dossier, list[Rating]]:
    from carindex.dossier.folder import load_dossier

    reading = _reading(path, calculator)
    # workbooks are read twice: as the calculator takes their cells, and as the rules do
    by_the_rules = _reading(path, False) if calculator else None
    from carindex.rating.compiled import compiled
    from carindex.rating.rating import rate as rate_car

    plans: list[Plan] = [compiled(name, calculator=calculator) for name in protocols]
    assumed = {} if assume is None else _assumed(assume)
    dossier = _of_workbooks(path, plans, car, reading) or load_dossier(path, car)
    ratings = [
        rate_car(
            plan,
            dossier.facts,
            car=dossier.car,
            assumed=assumed,
            findings=dossier.findings,
            inputs=dossier.inputs,
            as_given=calculator,
        )
        for plan in plans
    ]
    if calculator:
        ratings = [_with_oddities(rating, dossier, by_the_rules) for rating in ratings]
    return dossier, ratings


def _with_oddities(rating: Rating, dossier: Dossier, reading: Task[FactSet | None] | None) -> Rating:
    """Return a rating as the programme's calculator has it with the oddities that make a difference to it."""
    from msgspec.structs import replace

    from carindex.rating.compiled import compiled
    from carindex.rating.oddities import touched
    from carindex.rating.rating import evaluate_facts

    if not rating.protocol.oddities:
        return rating
    folder = Path(rating.protocol.place).parent
    again = None if reading is None else reading.result()
    by_the_rules = dossier.facts if again is None else again.facts
    evaluation, _ = evaluate_facts(compiled(_name_of(rating.protocol, folder)), by_the_rules)
    known = {fact.name for fact in dossier.facts}
    facts = [*dossier.facts, *(fact for fact in by_the_rules if fact.name not in known)]
    return replace(rating, oddities=tuple(touched(rating.evaluation, facts, evaluation)))


def _name_of(protocol: Protocol, folder: Path) -> str | Path:
    from carindex.rating.library import library

    return protocol.id if library().find(protocol.id) == folder else folder


def _reading(path: Path, calculator: bool) -> Task[FactSet | None] | None:
    """Begin to read a folder that may be one of workbooks, while this process gets ready to rate what they say."""
    from carindex.dossier.folder import CAR_FILE

    if not path.is_dir() or (path / CAR_FILE).is_file():
        return None
    from carindex.euroncap.evidence import facts_of_folder
    from carindex.side_by_side import Task

    return Task(partial(facts_of_folder, path, calculator=calculator))


def _of_workbooks(
    path: Path, plans: list[Plan], car: str | None, reading: Task[FactSet | None] | None
) -> Dossier | None:
    """Return the evidence of a folder of workbooks, ``None`` when it is none of a protocol asked for."""
    from carindex.dossier.folder import Dossier
    from carindex.dossier.workbooks import LAYOUT_FILE

    if reading is None:
        return None
    layers = [layer for plan in plans for layer in plan.protocol.layers]
    if not any((layer.folder / LAYOUT_FILE).is_file() for layer in layers):
        return None
    found = reading.result()
    if found is None:
        return None
    return Dossier(path, car or found.car, {}, (), found.facts, found.findings, found.inputs, {})


def _assumed(path: Path) -> dict[str, float]:
    try:
        data = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InputError(path, "dossier.unreadable", reason=error, expected=_ASSUMPTIONS) from None
    if not isinstance(data, dict):
        raise InputError(path, "dossier.unreadable", reason=type(data).__name__, expected=_ASSUMPTIONS)
    for key, value in data.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{path}: {key}", "dossier.not_a_number", text=value, unit="points")
    return {str(key): float(value) for key, value in data.items()}
