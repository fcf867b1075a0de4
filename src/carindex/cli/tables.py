"""Commands on tables of cars: ``batch`` and ``import``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from carindex.cli.options import PATH, end, say, with_language, with_overlays, with_protocol
from carindex.messages import InputError, Language


@click.command()
@click.argument("facts", type=PATH)
@with_protocol
@with_overlays
@click.option("-o", "--output", type=PATH, required=True, help="Table to write, .csv or .parquet.")
@click.option("--memory", default="1G", show_default=True, help="Memory to use, such as 512M or 4G.")
@with_language
def batch(facts: Path, protocol: str, output: Path, memory: str, language: Language) -> None:
    """Rate a table of cars of any length.

    FACTS is a wide table: one row a car, a column `car`, a column for each fact.
    """
    from carindex.campaign.batch import memory_size, rate_table
    from carindex.rating.compiled import compiled

    size = memory_size(memory)
    plan = compiled(protocol)
    with progress(facts.name) as advance:
        result = rate_table(plan, facts, output, memory=size, language=language, progress=advance)
    say("campaign.rated", language, cars=result.cars - result.others, final=result.final, output=output)
    if result.others:
        say("campaign.others", language, cars=result.others)
    for finding in result.findings:
        click.echo(finding.line(language), err=True)
    end(result.findings, language, shown=True)


@click.command("import")
@click.argument("table")
@click.argument("csv", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, help="Facts table to write, .csv or .parquet.")
@click.option(
    "--where",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Only rows of CSV with this value; several values of one column: any of them.",
)
@with_language
def import_(table: str, csv: Path, output: Path, where: tuple[str, ...], language: Language) -> None:
    """Turn a published table into facts for `batch`, its published outcomes beside them.

    TABLE names the published table (euroncap, safercar, …); CSV is its file, CSV or Parquet.
    """
    from carindex.campaign.imports import write_facts
    from carindex.dossier.published import import_table

    imported = import_table(table, csv, where=_wanted(where))
    write_facts(imported, output)
    say("campaign.imported", language, cars=len(imported.rows), columns=len(imported.columns), output=output)
    for finding in imported.findings:
        click.echo(finding.line(language), err=True)
    end(imported.findings, language, shown=True)


def _wanted(where: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """Return the values asked for by column.

    Raises
    ------
    InputError
        When one is not written as COLUMN=VALUE.
    """
    wanted: dict[str, frozenset[str]] = {}
    for text in where:
        column, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not column:
            raise InputError("--where", "campaign.where_not_understood", text=text)
        wanted[column] = wanted.get(column, frozenset()) | {value}
    return wanted


@contextmanager
def progress(what: str) -> Iterator[Callable[[float, int], None] | None]:
    """Show how far the work is, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[cars]:,}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=1.0, cars=0)
        yield lambda share, cars: bar.update(task, completed=share, cars=cars)
