"""``align next``: which test to run next, and a plan of tests to a final outcome or a decision."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from carindex.cli.options import (
    PATH,
    end,
    with_assumptions,
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
@with_overlays
@click.option(
    "--costs",
    type=PATH,
    help="Cost of each test: YAML, JSON or CSV, a test and its cost; 1 where none is said.",
)
@click.option(
    "--decide",
    multiple=True,
    metavar="OUTCOME",
    help="Plan to find out whether this outcome is reached: `5`, `G`, or `NODE=G`; may be given several times.",
)
@with_json
@with_assumptions
@with_language
def next_(
    path: Path,
    protocol: str,
    costs: Path | None,
    decide: tuple[str, ...],
    json_file: Path | None,
    assume: Path | None,
    car: str | None,
    language: Language,
) -> None:
    """Show which test to run next, and which tests lead to a final outcome.

    PATH is a dossier folder, a facts file (CSV, JSON, Parquet) or a folder of a programme's workbooks.
    """
    from carindex.alignment.campaign_plan import asked_for, final_plan
    from carindex.alignment.campaign_plan import decide as decide_
    from carindex.alignment.costs import read_mapping
    from carindex.alignment.missing_tests import car_rated
    from carindex.alignment.next_test import candidates, costs_of
    from carindex.cli.rating import assumed_scores, evidence
    from carindex.rating.compiled import compiled
    from carindex.rating.rating import rate
    from carindex.report.alignment.next_test import NextTests, as_json

    plan = compiled(protocol)
    asked = [asked_for(plan, text) for text in decide]
    said = {} if costs is None else read_mapping(costs)
    dossier = evidence(path, car)
    rating = rate(
        plan,
        dossier.facts,
        car=dossier.car,
        assumed=assumed_scores(assume, plan),
        findings=dossier.findings,
        inputs=dossier.inputs,
    )
    known = car_rated(rating, dossier.facts)
    prices = costs_of(known, said, str(costs))
    with _progress() as advance:
        made = NextTests(
            rating,
            candidates(known, prices),
            final_plan(known, prices, advance),
            tuple(decide_(known, question, prices, advance) for question in asked),
            frozenset(name for name in prices if name not in said),
        )
    if json_file is not None:
        write_json(json_file, as_json(made, language))
    else:
        from carindex.report.terminal.next_test import show_next

        show_next(made, language)
    end(rating.findings, language, shown=False)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """Show how far the search is, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress

    with Progress(BarColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda done, of: bar.update(task, completed=done / max(1, of))
