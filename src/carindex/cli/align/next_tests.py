"""The command ``align next``: which test to run next."""

from __future__ import annotations

from pathlib import Path

import click

from carindex.cli.options import (
    PATH,
    end,
    with_json,
    with_language,
    with_overlays,
    with_protocol,
    write_json,
)
from carindex.messages import Language


@click.command("next")
@click.argument("path", type=PATH)
@with_protocol
@click.option(
    "--costs", "costs_file", type=PATH, help="YAML, JSON or CSV: what a test costs; 1 where it is not said."
)
@click.option(
    "--decide", metavar="OUTCOME", help="Stars or a grade to prove or refute; `NODE=G` for one node."
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0.1),
    default=5.0,
    show_default=True,
    help="Seconds for each campaign.",
)
@click.option("--car", help="Which car, where a facts file has several.")
@with_overlays
@with_json
@with_language
def next_(
    path: Path,
    protocol: str,
    costs_file: Path | None,
    decide: str | None,
    time_limit: float,
    car: str | None,
    json_file: Path | None,
    language: Language,
) -> None:
    """Show what each missing test would tell, the most at stake for its cost first, and whole campaigns.

    PATH is a dossier folder, a facts file (CSV, JSON, Parquet) or a folder of the programme's workbooks.
    """
    from carindex.alignment.costs import read_costs
    from carindex.alignment.next_tests import next_tests
    from carindex.cli.align.car import evidence
    from carindex.rating.compiled import compiled

    plan = compiled(protocol)
    costs = {} if costs_file is None else read_costs(costs_file)
    known = evidence(path, [plan], car)
    found = next_tests(
        plan,
        known.facts,
        car=known.car,
        costs=costs,
        decide=decide,
        place=str(costs_file or "--costs"),
        time_limit=time_limit,
    )
    if json_file is not None:
        write_json(json_file, found.as_json())
    else:
        from carindex.report.alignment.next_tests import show_next_tests

        show_next_tests(found, language)
    end([*known.findings, *found.findings], language, shown=False)
