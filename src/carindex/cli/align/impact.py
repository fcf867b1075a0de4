"""The command ``align impact``: what a change of rules does to a table of cars."""

from __future__ import annotations

from pathlib import Path

import click

from carindex.cli.options import (
    PATH,
    end,
    say,
    with_json,
    with_language,
    with_overlays,
    with_protocol,
    write_json,
    write_text,
)
from carindex.messages import Language


@click.command()
@click.option("--draft", "folder", type=PATH, required=True, help="Overlay folder with the draft.")
@with_protocol
@with_overlays
@click.option("--cars", type=PATH, required=True, help="Facts table, CSV or Parquet, as for `batch`.")
@click.option("-o", "--output", type=PATH, help="Table to write with every car, .csv or .parquet.")
@click.option("--html", type=PATH, help="Page to write, with pictures.")
@with_json
@with_language
def impact(
    folder: Path,
    protocol: str,
    cars: Path,
    output: Path | None,
    html: Path | None,
    json_file: Path | None,
    language: Language,
) -> None:
    """Rate a table of cars under the rules in force and under a draft: who gains, who loses, which rule did it."""
    from carindex.alignment.draft import open_draft
    from carindex.alignment.impact import impact as impact_of
    from carindex.cli.tables import progress

    draft = open_draft(protocol, folder)
    with progress(cars.name) as advance:
        found = impact_of(draft, cars, output=output, language=language, progress=advance)
    if json_file is not None:
        write_json(json_file, found.as_json(language))
    if json_file is None or html is not None:
        from carindex.report.alignment.impact import impact_page
        from carindex.report.alignment.impact_shown import impact_html, show_impact

        page = impact_page(found, draft, language)
        if html is not None:
            write_text(html, impact_html(page))
        if json_file is None:
            show_impact(page)
    for file in (output, html):
        if file is not None and json_file is None:
            say("alignment.written", language, file=file)
    end(found.findings, language, shown=json_file is None)
