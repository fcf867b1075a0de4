"""What of a protocol a car's evidence covers, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from carindex.alignment.coverage import STATES, Coverage, Needed
from carindex.messages import Language
from carindex.report.alignment.coverage import (
    fact_name_text,
    outcome_line,
    relation_text,
    share_text,
    test_text,
    why_text,
)
from carindex.report.labels import label
from carindex.report.terminal.recordings import show_findings
from carindex.report.terminal.screen import Column, heading, rows, screen, table, words
from carindex.report.wording import figure, in_language, path_text, with_unit

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from carindex.dossier import Fact

_SHOWN = 20
"""So many missing facts are listed where not all are asked for."""


def show_coverage(made: Coverage, language: Language, *, everything: bool = False) -> None:
    """Show what is there, what can be taken over, what is missing; by test, then fact by fact."""
    console = screen()
    car = made.before.car or label("unnamed_car", language)
    programme = in_language(made.plan.protocol.head.programme, language)
    title = label(
        "coverage_title", language, protocol=f"{programme}, {made.plan.protocol.head.edition}", car=car
    )
    console.print(words((title, "bold")))
    counts = {state: sum(one.state == state for one in made.needed) for state in STATES}
    console.print(label("coverage_summary", language, needed=len(made.needed), **counts))
    console.print(rows(table(_columns(made, language)), _lines(made, language)))
    console.print(words((label("coverage_note", language), "dim")))
    _takeovers(console, made, language)
    _missing(console, made, language, everything)
    console.print()
    console.print(f"{label('coverage_outcome', language)}: {outcome_line(made.before, language)}")
    if made.accept:
        accept = ", ".join(label(f"standing_{word}", language) for word in made.accept)
        text = label("coverage_outcome_after", language, accept=accept)
        console.print(
            words((f"{text}: {outcome_line(made.after, language)}", "yellow" if made.after.reused else ""))
        )
    elif any(one.reuse is not None for one in made.needed):
        console.print(words((label("coverage_hint", language), "yellow")))
    # what was taken over is told above
    others = [one for one in made.after.findings if not one.code.startswith("alignment.reused_")]
    show_findings(tuple(others), language)


def _columns(made: Coverage, language: Language) -> list[Column]:
    columns: list[Column] = [label("coverage_test", language)]
    columns += [
        (label(f"coverage_{name}", language), "right") for name in ("needed", *STATES, "share", "open")
    ]
    if made.accept:
        columns.append((label("coverage_open_after", language), "right"))
    return columns


def _lines(made: Coverage, language: Language) -> Iterator[Sequence[str | Text]]:
    for test in made.tests:
        numbers = [sum(test.counts.values()), *(test.counts[state] for state in STATES)]
        shares = [test.share, test.open, *([test.open_after] if made.accept else [])]
        yield [
            test_text(test.test, language),
            *(str(number) if number else "–" for number in numbers),
            *map(share_text, shares),
        ]


def _takeovers(console: Console, made: Coverage, language: Language) -> None:
    found = [one for one in made.needed if one.reuse is not None]
    heading(console, label("coverage_takeovers_done" if made.accept else "coverage_takeovers", language))
    if not found:
        console.print(label("coverage_nothing", language))
        return
    columns: list[Column] = [
        label("coverage_fact", language),
        label("coverage_from", language),
        label("coverage_relation", language),
        label("coverage_clause", language),
    ]
    console.print(rows(table(columns), (_takeover(made, one, language) for one in found)))


def _takeover(made: Coverage, needed: Needed, language: Language) -> Sequence[str | Text]:
    reuse = needed.reuse
    assert reuse is not None
    used = reuse.relation in made.accept
    value = with_unit(figure(reuse.fact.value), reuse.fact.unit)
    sources = "\n".join(f"{fact.name}{_place(fact)}" for fact in reuse.sources)
    programmes = label("coverage_programmes", language, programmes=", ".join(needed.programmes) or "–")
    clauses = "\n".join(
        f"{path_text(made.plan, clause.path, language)}: {clause.source}" for clause in needed.clauses[:1]
    )
    return [
        words((fact_name_text(made, needed, language), "bold" if used else ""), f"\n{needed.name}"),
        words(value, (f"\n{sources}\n{programmes}", "dim")),
        words(relation_text(reuse, language), (f"\n{why_text(reuse, language)}", "dim")),
        words((clauses, "dim")),
    ]


def _place(fact: Fact) -> str:
    """Return where a fact came from, without how it was measured."""
    return f" ({fact.origin.partition(': ')[0]})" if fact.origin else ""


def _missing(console: Console, made: Coverage, language: Language, everything: bool) -> None:
    found = [one for one in made.needed if one.state == "missing"]
    if not found:
        return
    heading(console, f"{label('coverage_missing_heading', language)}: {len(found)}")
    shown = found if everything else found[:_SHOWN]
    columns: list[Column] = [label("coverage_fact", language), label("fact_name", language)]
    console.print(rows(table(columns), ((fact_name_text(made, one, language), one.name) for one in shown)))
    if len(shown) < len(found):
        console.print(words((label("more_with_all", language, count=len(found) - len(shown)), "dim")))
