"""Commands that rate one car: ``rate``, ``explain`` and ``demo``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carindex.cli.options import (
    PATH,
    end,
    with_acceptance,
    with_assumptions,
    with_json,
    with_language,
    with_mode,
    with_overlays,
    with_protocol,
    write_json,
)
from carindex.messages import Finding, InputError, Language

if TYPE_CHECKING:
    from carindex.alignment.reuse import Accepted
    from carindex.dossier import Fact, FactSet
    from carindex.dossier.folder import Dossier
    from carindex.rating import Plan, Protocol, Rating
    from carindex.side_by_side import Task

EVERY = "all"
"""In the place of a protocol: every one there is."""

_ASSUMPTIONS = {"en": "JSON {node path: points}", "zh": "JSON {节点路径: 分值}"}


@click.command()
@click.argument("path", type=PATH)
@click.option(
    "-p",
    "--protocol",
    "protocols",
    required=True,
    multiple=True,
    help="Protocol; may be given several times, or `all`.",
)
@with_overlays
@with_mode
@with_json
@click.option("--report", type=PATH, help="Write a report (HTML and PDF) into this folder.")
@click.option("--bounds", is_flag=True, help="Show the interval of every node.")
@with_acceptance
@with_assumptions
@with_language
def rate(
    path: Path,
    protocols: tuple[str, ...],
    mode: str,
    json_file: Path | None,
    report: Path | None,
    bounds: bool,
    accept: tuple[Accepted, ...],
    assume: Path | None,
    car: str | None,
    language: Language,
) -> None:
    """Rate one car under one or more protocols; several are compared, side by side.

    PATH is a dossier folder, a facts file (CSV, JSON, Parquet) or a folder of the programme's workbooks. With
    `-p all` every protocol rates the car, and those that can use nothing of it say so.
    """
    asked = _asked(protocols)
    dossier, ratings = _rated(path, asked.names, assume, car, calculator=mode == "calculator", accept=accept)
    if json_file is not None:
        documents = _documents(ratings, asked, language)
        write_json(json_file, documents[0] if len(documents) == 1 else documents)
    else:
        from carindex.report.terminal import show_comparison, show_rating

        for rating in () if asked.every else ratings:
            show_rating(rating, language, bounds=bounds)
        if len(ratings) > 1 or asked.every:
            show_comparison(ratings, asked.unusable, dossier, language)
    if report is not None:
        for file in _write_reports(ratings, asked, dossier, report, language):
            click.echo(file, err=json_file is not None)
    found = [*(finding for rating in ratings for finding in rating.findings), *asked.unusable.values()]
    end(found, language, shown=json_file is None)


@dataclass(frozen=True)
class _Asked:
    """The protocols that a command asks for: those that can be loaded, and why others cannot; ``every``: all."""

    names: tuple[str, ...]
    unusable: Mapping[str, Finding]
    every: bool


def _asked(protocols: tuple[str, ...]) -> _Asked:
    """Return the protocols asked for; of `all`, one that cannot be loaded does not keep the others from rating."""
    if EVERY not in protocols:
        return _Asked(tuple(dict.fromkeys(protocols)), {}, every=False)
    from carindex.rating import available_protocols
    from carindex.rating.compiled import compiled

    names, unusable = [], {}
    named = [name for name in protocols if name != EVERY]
    for name in dict.fromkeys((*available_protocols(), *named)):
        try:
            compiled(name)
        except InputError as error:
            if name in named:
                raise
            unusable[name] = error.as_finding()
            continue
        names.append(name)
    return _Asked(tuple(names), unusable, every=True)


def _documents(ratings: Sequence[Rating], asked: _Asked, language: Language) -> list[dict[str, Any]]:
    from carindex.rating.themes import lost_by_theme

    documents = [
        {**rating.as_json(language), "used": rating.used, "lost_by_theme": dict(lost_by_theme(rating))}
        for rating in ratings
    ]
    refused = [
        {"protocol": name, "used": False, "findings": [finding.as_json(language)]}
        for name, finding in asked.unusable.items()
    ]
    return documents + refused


def _write_reports(
    ratings: Sequence[Rating], asked: _Asked, dossier: Dossier, folder: Path, language: Language
) -> list[Path]:
    """Write the report of the programmes that can use a fact of the car; of several also the comparison."""
    from carindex.report import write_comparison, write_reports

    if len(ratings) == 1 and not asked.every:
        return write_reports(ratings, dossier, folder, language)
    used = [rating for rating in ratings if rating.used]
    files = write_comparison(ratings, asked.unusable, dossier, folder, language, linked=bool(used))
    return files + (write_reports(used, dossier, folder, language) if used else [])


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
    accept: tuple[Accepted, ...] = (),
) -> tuple[Dossier, list[Rating]]:
    from carindex.dossier.folder import load_dossier

    reading = _reading(path, calculator)
    # workbooks are read twice: as the calculator takes their cells, and as the rules do
    by_the_rules = _reading(path, False) if calculator else None
    from carindex.rating.compiled import compiled
    from carindex.rating.together import unmistakable

    plans: list[Plan] = [compiled(name, calculator=calculator) for name in protocols]
    assumed = {} if assume is None else _assumed(assume)
    dossier = _of_workbooks(path, plans, car, reading) or load_dossier(path, car)
    if len(plans) > 1:
        facts, ambiguous = unmistakable(dossier.facts, plans)
        dossier = replace(dossier, facts=tuple(facts), findings=(*dossier.findings, *ambiguous))
    ratings = [
        _rate(
            plan,
            accept,
            dossier.facts,
            car=dossier.car,
            assumed=_assumed_for(plan, assumed, plans),
            findings=dossier.findings,
            inputs=dossier.inputs,
            as_given=calculator,
        )
        for plan in plans
    ]
    if calculator:
        ratings = [_with_oddities(rating, dossier, by_the_rules) for rating in ratings]
    return dossier, ratings


def _rate(plan: Plan, accept: tuple[Accepted, ...], facts: Iterable[Fact], **options: Any) -> Rating:  # noqa: ANN401
    if not accept:  # what takes evidence over is not imported where nothing is
        from carindex.rating.rating import rate

        return rate(plan, facts, **options)
    from carindex.alignment.reuse import rate_with_reuse

    return rate_with_reuse(plan, facts, accept, **options)[0]


def evidence(path: Path, plans: Sequence[Plan], car: str | None = None) -> Dossier:
    """Return the evidence of a car: of a dossier folder, a facts file, or a folder of workbooks of these protocols.

    Raises
    ------
    InputError
        When the path cannot be used.
    """
    from carindex.dossier.folder import load_dossier

    reading = _reading(path, False)
    return _of_workbooks(path, list(plans), car, reading) or load_dossier(path, car)


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


def _assumed_for(plan: Plan, assumed: Mapping[str, float], plans: Sequence[Plan]) -> dict[str, float]:
    """Return the scores to assume in one protocol: those named ``ID:PATH`` for it, and of paths that only it has."""
    found = {}
    for key, value in assumed.items():
        owner, colon, path = key.partition(":")
        if colon:
            if not any(owner in other.protocol.ids for other in plans):
                names = ", ".join(other.protocol.id for other in plans)
                raise InputError(f"--assume: {key}", "rating.unknown_protocol", available=names)
            if owner in plan.protocol.ids:
                found[path] = value
            continue
        takers = [other for other in plans if key in other.nodes] or [plans[0]]
        if len(takers) > 1:
            names = ", ".join(other.protocol.id for other in takers)
            example = f"{takers[0].protocol.id}:{key}"
            raise InputError(f"--assume: {key}", "rating.ambiguous_score", protocols=names, example=example)
        if plan is takers[0]:
            found[key] = value
    return found


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
