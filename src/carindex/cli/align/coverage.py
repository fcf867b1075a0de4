"""``align coverage``: what of a protocol a car's evidence covers, and what could be taken over."""

from __future__ import annotations

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
    with_protocol,
    write_json,
)
from carindex.messages import Language

if TYPE_CHECKING:
    from carindex.alignment.reuse import Accepted


@click.command()
@click.argument("path", type=PATH)
@with_protocol
@with_overlays
@with_acceptance
@click.option("--car", help="Which car, where a facts file has several.")
@click.option("--all", "everything", is_flag=True, help="List every missing fact.")
@with_json
@with_language
def coverage(
    path: Path,
    protocol: str,
    accept: tuple[Accepted, ...],
    car: str | None,
    everything: bool,
    json_file: Path | None,
    language: Language,
) -> None:
    """Show which facts a protocol needs are there, which other tests could stand in for, and which are missing.

    PATH is a dossier folder, a facts file (CSV, JSON, Parquet) or a folder of the programme's workbooks.
    """
    from carindex.alignment.coverage import coverage as cover
    from carindex.cli.rating import evidence
    from carindex.rating.compiled import compiled

    plan = compiled(protocol)
    dossier = evidence(path, [plan], car)
    made = cover(
        dossier.facts,
        plan,
        accept=accept,
        car=dossier.car,
        findings=dossier.findings,
        inputs=dossier.inputs,
    )
    if json_file is not None:
        from carindex.report.alignment.coverage import as_json

        write_json(json_file, as_json(made, language))
    else:
        from carindex.report.terminal.coverage import show_coverage

        show_coverage(made, language, everything=everything)
    end(made.after.findings, language, shown=json_file is None)
