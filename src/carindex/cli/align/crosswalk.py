"""``align crosswalk``: programmes side by side, item by item."""

from __future__ import annotations

from pathlib import Path

import click

from carindex.cli.options import PATH, with_json, with_language, with_overlays, write_json, write_text
from carindex.messages import Language


@click.command()
@click.option(
    "-p",
    "--protocol",
    "protocols",
    multiple=True,
    metavar="PROTOCOL",
    help="Protocol; may be given several times. All of them by default.",
)
@click.option(
    "--topic",
    help="Only items about this: a body region, criterion, kind of test, theme, dummy or seat, in English or Chinese.",
)
@with_overlays
@with_json
@click.option("--csv", "csv_file", type=PATH, help="Write a table (CSV) to this file ('-': standard output).")
@click.option("--html", "html_file", type=PATH, help="Write a heat map (one HTML page) to this file.")
@with_language
def crosswalk(
    protocols: tuple[str, ...],
    topic: str | None,
    json_file: Path | None,
    csv_file: Path | None,
    html_file: Path | None,
    language: Language,
) -> None:
    """Line up protocols item by item: test, dummy, limits, points, share, and what is the same or like what.

    From the rules and the vocabulary alone; no car is needed.
    """
    from carindex.alignment.crosswalk import crosswalk as line_up
    from carindex.rating import available_protocols
    from carindex.rating.compiled import compiled
    from carindex.report.alignment.crosswalk import as_json, csv_text

    names = tuple(dict.fromkeys(protocols)) or tuple(available_protocols())
    made = line_up([compiled(name) for name in names], topic)
    if json_file is not None:
        write_json(json_file, as_json(made, language))
    if csv_file is not None:
        write_text(csv_file, csv_text(made, language))
    if html_file is not None:
        from carindex.report.alignment.page import crosswalk_page

        write_text(html_file, crosswalk_page(made, language))
    if json_file is None and csv_file is None and html_file is None:
        from carindex.report.terminal.crosswalk import show_crosswalk

        show_crosswalk(made, language)
