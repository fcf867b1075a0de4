"""Commands about Euro NCAP's own workbooks: ``euroncap new``, ``prepare`` and ``score``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from carindex.cli.options import PATH, end, with_language, with_mode
from carindex.messages import Finding, InputError, Language

if TYPE_CHECKING:
    from carindex.euroncap.stages import Stage

DOMAINS = ("crash_protection", "crash_avoidance", "safe_driving", "post_crash", "overall")


@click.group()
def euroncap() -> None:
    """Make, prepare and score the programme's own workbooks."""


def _stages(domains: Iterable[str]) -> list[Stage]:
    from carindex.euroncap.stages import STAGES, stage_of

    return [stage_of(domain) for domain in domains] or list(STAGES)


_domain = click.option(
    "--domain",
    "domains",
    multiple=True,
    help=f"Only this stage: {', '.join(DOMAINS)}; may be given several times.",
)


@euroncap.command()
@click.argument("folder", type=PATH, default=Path())
@_domain
@with_language
def new(folder: Path, domains: tuple[str, ...], language: Language) -> None:
    """Write blank workbooks into FOLDER, for the manufacturer's predictions and parameters."""
    from carindex.euroncap.pages import write_book

    findings: list[Finding] = []
    for stage in _stages(domains):
        blank = getattr(stage.books, "blank", None)
        if blank is None:
            findings.append(_not_yet(stage, "new", domains))
            continue
        write_book(folder / stage.template, blank())
        click.echo(folder / stage.template)
    end(findings, language, shown=False)


@euroncap.command()
@click.argument("folder", type=PATH)
@click.option("-o", "--output", type=PATH, help="Folder to write into; FOLDER itself by default.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draw of verification points.")
@_domain
@with_language
def prepare(
    folder: Path, output: Path | None, seed: int, domains: tuple[str, ...], language: Language
) -> None:
    """Prepare filled-in templates of FOLDER for testing: expand them and draw the verification points.

    The same seed draws the same points, so that anyone can repeat the draw.
    """
    from carindex.euroncap.cells import Book
    from carindex.euroncap.pages import write_book
    from carindex.euroncap.stages import find

    findings: list[Finding] = []
    found = find(folder, _stages(domains), prepared=False)
    if not found:
        raise InputError(folder, "euroncap.nothing_found", pattern="cp_*.xlsx, ca_*.xlsx, …")
    for stage, path in found.items():
        make = getattr(stage.books, "prepare", None)
        if make is None:
            findings.append(_not_yet(stage, "prepare", domains))
            continue
        pages, more = make(Book(path), seed)
        findings.extend(more)
        if not pages:  # a template with mistakes is not prepared; the findings say why
            continue
        target = (output or folder) / stage.prepared
        write_book(target, pages)
        click.echo(target)
    end(findings, language, shown=False)


def _not_yet(stage: Stage, command: str, domains: tuple[str, ...]) -> Finding:
    """Return what to say of a stage for which a command is not there yet: an error where it was asked for."""
    return Finding(
        "euroncap.not_yet", "error" if domains else "warning", stage.name, None, {"command": command}
    )


@euroncap.command()
@click.argument("folder", type=PATH)
@click.option("-o", "--output", type=PATH, help="Folder of the reports; FOLDER itself by default.")
@_domain
@with_mode
@with_language
def score(folder: Path, output: Path | None, domains: tuple[str, ...], mode: str, language: Language) -> None:
    """Score the prepared workbooks of FOLDER and write a report for each.

    With ``--domain overall`` the rating is made from the reports that are already in FOLDER.
    """
    from carindex.euroncap.scoring import score_folder

    written, findings = score_folder(
        folder, output or folder, _stages(domains), calculator=mode == "calculator"
    )
    for path in written:
        click.echo(path)
    end(findings, language, shown=False)
