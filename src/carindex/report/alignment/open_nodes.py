"""Which missing test keeps a score or an outcome open, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from carindex.messages import Language
from carindex.report.alignment.next_tests import test_text
from carindex.report.alignment.planning_labels import label
from carindex.report.terminal.screen import Column, heading, rows, screen, table
from carindex.report.wording import path_text

if TYPE_CHECKING:
    from rich.text import Text

    from carindex.alignment.bounds import Cause, OpenNode
    from carindex.rating import Plan

_CAUSES = 3
"""Tests named for one node; those that close most."""


def show_open_nodes(plan: Plan, nodes: Sequence[OpenNode], language: Language) -> None:
    """Show the upper nodes that are open, by how much, and the tests that close most of it."""
    if not nodes:
        return
    console = screen()
    heading(console, label("open_title", language))
    columns: list[Column] = [
        label("node", language),
        (label("interval", language), "right"),
        label("because_of", language),
    ]
    console.print(rows(table(columns), _lines(plan, nodes, language)))


def _lines(plan: Plan, nodes: Sequence[OpenNode], language: Language) -> Iterator[Sequence[str | Text]]:
    for node in nodes:
        name = path_text(plan, node.path, language)
        if node.outcome_lower is not None:
            span = f"{node.outcome_lower} – {node.outcome_upper}"
            causes = _causes(plan, node.outcome_causes, language)
            yield label("outcome_of", language, node=name), span, causes
        if node.upper > node.lower:
            yield name, f"{node.upper - node.lower:.4g}", _causes(plan, node.causes, language)


def _causes(plan: Plan, causes: Sequence[Cause], language: Language) -> str:
    if not causes:
        return label("several_needed", language)
    said = []
    for cause in causes[:_CAUSES]:
        least, most = sorted((cause.closed_at_best, cause.closed_at_worst))
        closed = f"{most:.4g}" if most - least < 1e-9 else f"{max(least, 0.0):.4g} – {most:.4g}"
        said.append(label("closes_by", language, test=test_text(plan, cause.test, language), closed=closed))
    return "\n".join(said)
