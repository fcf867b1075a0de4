"""The command ``align robustness``: how sure a rating is when its facts scatter."""

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
@click.argument("path", metavar="DOSSIER", type=PATH)
@with_protocol
@with_overlays
@click.option("--uncertainty", type=PATH, help="How much facts scatter: YAML, JSON or CSV.")
@click.option(
    "--samples",
    type=click.IntRange(100, 10_000_000),
    default=10_000,
    show_default=True,
    help="How many samples.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the random numbers."
)
@click.option("--html", type=PATH, help="Page to write, with pictures.")
@click.option("--car", help="Which car, where a facts file has several.")
@with_json
@with_language
def robustness(
    path: Path,
    protocol: str,
    uncertainty: Path | None,
    samples: int,
    seed: int,
    html: Path | None,
    car: str | None,
    json_file: Path | None,
    language: Language,
) -> None:
    """Show how sure a rating is under test-to-test and measurement scatter.

    The probability of each outcome, which facts carry the risk, and how far the car is from each cliff. DOSSIER is a
    dossier folder, a facts file (CSV, JSON, Parquet) or a folder of the programme's workbooks. Without --uncertainty
    the scatter is an assumption of this tool, and marked as one.
    """
    from carindex.alignment.robustness import subject_of
    from carindex.alignment.uncertainty import NOTHING_STATED, read_uncertainty

    stated = NOTHING_STATED if uncertainty is None else read_uncertainty(uncertainty)
    from carindex.alignment.robustness_result import robustness as robustness_of
    from carindex.cli.rating import rated
    from carindex.cli.tables import progress

    _, (rating,) = rated(path, (protocol,), car=car)
    subject = subject_of(rating, stated)
    with progress(rating.car or path.name) as advance:
        found = robustness_of(subject, samples, seed, advance)
    if json_file is not None:
        write_json(json_file, found.as_json(language))
    if json_file is None or html is not None:
        from carindex.report.alignment.robustness import robustness_page
        from carindex.report.alignment.robustness_shown import robustness_html, show_robustness

        page = robustness_page(found, language)
        if html is not None:
            write_text(html, robustness_html(page))
        if json_file is None:
            show_robustness(page)
            if html is not None:
                say("alignment.written", language, file=html)
    end(found.findings, language, shown=json_file is None)
