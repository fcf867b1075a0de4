"""One car under several programmes, on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from carindex.messages import Finding, Language
from carindex.rating import Rating
from carindex.rating.verification import counts
from carindex.report.comparison import Comparison, ComparisonRow, comparison_of, said_once
from carindex.report.labels import label
from carindex.report.terminal.protocols import bar, legend
from carindex.report.terminal.recordings import show_findings
from carindex.report.terminal.screen import Column, heading, rows, screen, table, words
from carindex.report.wording import entry

if TYPE_CHECKING:
    from rich.text import Text

    from carindex.dossier.folder import Dossier


def show_comparison(
    ratings: Sequence[Rating], unusable: Mapping[str, Finding], dossier: Dossier, language: Language
) -> None:
    """Show what each programme says of a car, what it took for what, and which programmes can use nothing of it."""
    console = screen()
    made = comparison_of(ratings, unusable, dossier, language)
    by_id = {rating.protocol.id: rating for rating in ratings}
    console.print()
    console.print(words((made.car, "bold")))
    console.print(made.verdict)
    if made.rows:
        columns: list[Column] = [
            (label("protocol", language), "fixed"),
            label("outcome", language),
            (label("status", language), "fixed"),
            (label("missing_short", language), "right"),
            (label("verified", language), "fixed"),
        ]
        lines = (
            (
                row.protocol,
                _outcome(row, language),
                words((row.state, "" if row.final and not row.assumed else "yellow")),
                str(row.missing),
                bar(counts(by_id[row.protocol].protocol)),
            )
            for row in made.rows
        )
        console.print(rows(table(columns), lines))
        console.print(legend(language))
        heading(console, label("lost_by_theme", language))
        console.print(words((label("lost_by_theme_note", language), "dim")))
        console.print(rows(table(_theme_columns(language)), _theme_lines(made)))
    if made.unused:
        heading(console, label("unused_heading", language, count=len(made.unused)))
        lines_unused = ((item.protocol, item.edition, item.why) for item in made.unused)
        headings: list[Column] = [
            (label("protocol", language), "fixed"),
            label("edition", language),
            label("why", language),
        ]
        console.print(rows(table(headings), lines_unused))
    found: Iterable[Finding] = (
        said_once(ratings) if any(rating.used for rating in ratings) else dossier.findings
    )
    show_findings(tuple(found), language)


def _outcome(row: ComparisonRow, language: Language) -> str:
    said = [
        entry(item.of, f"{item.outcome}  {item.score}", language) if item.of else item.outcome
        for item in row.said
    ]
    return "\n".join(filter(None, said)) or row.score


def _theme_columns(language: Language) -> list[Column]:
    return [
        (label("protocol", language), "fixed"),
        (label("total", language), "right"),
        (label("still_open", language), "right"),
        (label("of_what", language), "fixed"),
        label("by_theme", language),
    ]


def _theme_lines(made: Comparison) -> Iterator[Sequence[str | Text]]:
    for row in made.rows:
        lost = [
            f"{name} {item.text}"
            for (_, name), item in zip(made.themes, row.lost, strict=True)
            if item is not None
        ]
        yield [row.protocol, words((row.total, "bold")), row.open or "–", row.unit, " · ".join(lost) or "–"]
