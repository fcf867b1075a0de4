"""``align readiness``: what a car's evidence says in a market, for an exporter."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carindex.cli.options import (
    PATH,
    end,
    with_acceptance,
    with_json,
    with_language,
    with_overlays,
    write_json,
)
from carindex.messages import InputError, Language

if TYPE_CHECKING:
    from carindex.alignment.reuse import Accepted


@click.command()
@click.argument("path", type=PATH)
@click.option("--market", required=True, metavar="MARKET", help="eu, cn, asean, in, latam, us or au.")
@click.option("--day", metavar="YYYY-MM-DD", help="Day whose editions count; today by default.")
@with_overlays
@with_acceptance
@click.option("--car", help="Which car, where a facts file has several.")
@click.option("--report", type=PATH, help="Write a report (HTML and PDF, both languages) into this folder.")
@with_json
@with_language
def readiness(
    path: Path,
    market: str,
    day: str | None,
    accept: tuple[Accepted, ...],
    car: str | None,
    report: Path | None,
    json_file: Path | None,
    language: Language,
) -> None:
    """Show what a car's evidence says in a market: outcomes, coverage, tests to run, critical items, improvement.

    PATH is a dossier folder, a facts file (CSV, JSON, Parquet) or a folder of a programme's workbooks.
    """
    from carindex.alignment.readiness import readiness as ready
    from carindex.cli.rating import evidence
    from carindex.report.alignment.readiness import as_json, document_of

    dossier = evidence(path, car)
    made = ready(
        market,
        dossier.facts,
        date.today() if day is None else _day(day),
        accept=accept,
        car=dossier.car,
        findings=dossier.findings,
        inputs=dossier.inputs,
    )
    if json_file is not None:
        write_json(json_file, as_json(made, dossier, language))
    else:
        from carindex.report.terminal.readiness import show_readiness

        show_readiness(document_of(made, dossier, language))
    if report is not None:
        from carindex.report import write_readiness

        for file in write_readiness(made, dossier, report, language, both_languages=True):
            click.echo(file, err=json_file is not None)
    end(dossier.findings, language, shown=False)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--day {text}", "alignment.not_a_day", found=text) from None
