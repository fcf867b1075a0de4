"""Market readiness on the terminal: an overview, then each programme in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carindex.report.alignment.readiness import ProgrammeSection, ReadinessDocument
from carindex.report.labels import label
from carindex.report.terminal.screen import Column, heading, rows, screen, table, words

if TYPE_CHECKING:
    from rich.console import Console

    from carindex.messages import Language

_TESTS, _CRITICAL, _CHANGES = 5, 4, 6
"""So many tests, losses and changes of a programme are shown; the page has more."""


def show_readiness(document: ReadinessDocument) -> None:
    """Show what a car's evidence says in a market."""
    console, language = screen(), document.language
    console.print(words((f"{document.title}  {document.car}", "bold"), f"  {document.day}"))
    columns: list[Column] = [label("readiness_programme", language), label("readiness_outcome", language)]
    columns += [
        (label(f"readiness_{name}", language), "right")
        for name in ("present", "equivalent", "indicative", "missing")
    ]
    console.print(
        rows(
            table(columns),
            (
                (
                    words((one.programme, "bold"), f" {one.edition}\n{one.protocol}"),
                    words((one.outcome, "" if one.final else "yellow")),
                    *(str(number) for number in (one.present, one.equivalent, one.indicative, one.missing)),
                )
                for one in document.programmes
            ),
        )
    )
    for one in document.programmes:
        _programme(console, one, language)


def _programme(console: Console, one: ProgrammeSection, language: Language) -> None:
    heading(console, f"{one.programme} {one.edition}: {one.in_force}")
    if one.stands_for:
        console.print(words((one.stands_for, "dim")))
    console.print(label("readiness_to_run", language) if one.tests else label("readiness_no_tests", language))
    for test in one.tests[:_TESTS]:
        console.print(f"  {test.name}: {test.missing}, {test.open}")
    if one.tests_in_all > _TESTS:
        more = label("readiness_more_tests", language, count=one.tests_in_all - _TESTS)
        console.print(words((f"  … {more}", "dim")))
    said = one.reuse_heading if one.reuse else label("readiness_no_reuse", language)
    console.print(f"{said}: {len(one.reuse)}" if one.reuse else said)
    if one.critical:
        console.print(label("readiness_critical", language))
        for row in one.critical[:_CRITICAL]:
            console.print(f"  {row.lost}  {row.where}: {row.why}")
    console.print(f"{label('readiness_improve', language)}: {one.improvement.said}")
    for change in one.improvement.changes[:_CHANGES]:
        console.print(f"  {change.fact}: {change.before} → {change.after} ({change.effort})")
