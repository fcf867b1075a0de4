"""The cheapest improvement of a car, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from carindex.messages import Language
from carindex.report.labels import label
from carindex.report.terminal.screen import Column, heading, rows, screen, table, words
from carindex.report.wording import fact_text, path_text, value_text, verdict_text

if TYPE_CHECKING:
    from rich.text import Text

    from carindex.alignment.improvement.goals import Goal
    from carindex.alignment.improvement.improve import Change, Improvement
    from carindex.rating import Plan

_NODES = 2
"""Nodes named for one change; the first that it wins most at."""


def show_improvement(found: Improvement, language: Language) -> None:
    """Show an improvement: the targets, the effort and how sure it is the least, then every change."""
    console = screen()
    console.print()
    console.print(words((label("improve_title", language), "bold"), f"  {found.car}"))
    for goal in found.goals:
        console.print(f"  {_target(goal, language)}")
    if not found.reached:
        console.print(words((label("improve_not_reached", language), "bold red")))
        return
    if not found.changes and not found.requirements:
        console.print(words((label("improve_already", language), "bold green")))
        return
    console.print(words((_effort(found, language), "bold green" if found.optimal else "bold yellow")))
    for before, after in zip(found.before, found.after, strict=True):
        texts = (verdict_text(rating, language) for rating in (before, after))
        was, now = texts
        name = before.protocol.id
        console.print(f"  {label('improve_outcome_change', language, protocol=name, before=was, after=now)}")
    plans = {rating.protocol.id: rating.plan for rating in found.before}
    if found.changes:
        heading(console, label("improve_changes", language, count=len(found.changes)))
        columns: list[Column] = [
            label("improve_fact", language),
            (label("improve_from", language), "right"),
            (label("improve_to", language), "right"),
            (label("improve_effort", language), "right"),
            label("improve_won", language),
        ]
        console.print(rows(table(columns), _changes(found.changes, plans, language)))
    if found.requirements:
        heading(console, label("improve_requirements", language, count=len(found.requirements)))
        names = ("fact", "has_to_be", "fact_name")
        columns = [label(f"improve_{name}", language) for name in names]
        console.print(rows(table(columns), _requirements(found.requirements, plans, language)))


def _target(goal: Goal, language: Language) -> str:
    target = label("improve_score", language, score=goal.text) if goal.score else goal.text
    protocol = goal.plan.protocol.id
    if not goal.path:
        return label("improve_target", language, protocol=protocol, target=target)
    node = path_text(goal.plan, goal.path, language)
    return label("improve_target_at", language, protocol=protocol, node=node, target=target)


def _effort(found: Improvement, language: Language) -> str:
    effort = f"{found.effort:.4g}"
    if found.optimal:
        return label("improve_effort_optimal", language, effort=effort, tolerance=f"{found.tolerance:.1g}")
    gap, bound = f"{100 * found.gap:.1f} %", f"{found.bound:.4g}"
    return label("improve_effort_gap", language, effort=effort, bound=bound, gap=gap)


def _changes(
    changes: Sequence[Change], plans: dict[str, Plan], language: Language
) -> Iterator[Sequence[str | Text]]:
    for change in changes:
        yield (
            f"{_name(change, plans, language)}\n{change.fact}",
            value_text(change.before, change.unit),
            value_text(change.after, change.unit),
            f"{change.effort:.3g}",
            _won(change, plans, language),
        )


def _requirements(
    changes: Sequence[Change], plans: dict[str, Plan], language: Language
) -> Iterator[Sequence[str | Text]]:
    for change in changes:
        value = value_text(change.after, change.unit)
        said = label(f"improve_relation_{change.relation}", language, value=value)
        yield _name(change, plans, language), said, change.fact


def _name(change: Change, plans: dict[str, Plan], language: Language) -> str:
    owner, _, path = change.fact.removeprefix("given:").rpartition(":")
    if change.fact.startswith("given:"):
        plan = plans.get(owner) or next(iter(plans.values()))
        return path_text(plan, path, language)
    return fact_text(None, change.fact, language)


def _won(change: Change, plans: dict[str, Plan], language: Language) -> str:
    gains = sorted(change.gains, key=lambda gain: gain.before - gain.after)[:_NODES]
    if not gains:
        return label("improve_unmoved", language)
    return "\n".join(
        f"{_short(plans[gain.protocol], gain.path, language)} {gain.before:.4g} → {gain.after:.4g}"
        for gain in gains
    )


def _short(plan: Plan, path: str, language: Language) -> str:
    """Return the last two labels of a node's path."""
    return " › ".join(path_text(plan, path, language).split(" › ")[-2:])
