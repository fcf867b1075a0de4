"""Ratings and where their points went, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from carindex.messages import Language, statements
from carindex.rating import Rating
from carindex.report.labels import label
from carindex.report.ledger import adds_up, total_loss
from carindex.report.terminal.recordings import show_findings
from carindex.report.terminal.screen import Column, guide, heading, rows, screen, table, words
from carindex.report.translations import translated
from carindex.report.tree import branches
from carindex.report.wording import (
    counted,
    entry,
    fact_text,
    in_language,
    is_risk,
    lost_heading,
    lost_text,
    measure_text,
    oddity_rows,
    outcome_text,
    path_text,
    score_text,
    status_text,
    verdict_state,
    verdict_text,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_STATUS_STYLE = {
    "scored": "",
    "missing": "yellow",
    "assumed": "magenta",
    "not_applicable": "dim",
    "uncounted": "dim",
}


# Widths of the rating table, in characters: all columns but the names, the bounds, and the least the names get.
_OTHER_COLUMNS = 56
_BOUNDS_COLUMN = 22
_LEAST_ROOM = 24


def show_rating(rating: Rating, language: Language, bounds: bool = False) -> None:
    """Show a rating: the verdict first, then the tree, what is missing, findings and unverified rules."""
    console = screen()
    _verdict(console, rating, language)
    risk = is_risk(rating.root)
    columns: list[Column] = [
        (label("node", language), "fixed"),
        (counted(rating.root, language), "right"),
        *([(label("bounds_risk" if risk else "bounds", language), "right")] if bounds else []),
        (label("outcome", language), "fixed"),
        (label("status", language), "fixed"),
    ]
    room = max(_LEAST_ROOM, console.width - _OTHER_COLUMNS - (_BOUNDS_COLUMN if bounds else 0))
    console.print(rows(table(columns), _shortened(_tree(rating, language, bounds), room)))
    if rating.missing:
        heading(console, label("missing_count", language, count=len(rating.missing)))
        names = ((fact_text(rating.plan, name, language), name) for name in rating.missing)
        console.print(rows(table([label("fact", language), label("fact_name", language)]), names))
    if rating.oddities:
        heading(console, label("oddities_heading", language))
        columns = [label(key, language) for key in ("oddity", "oddity_name", "touches")]
        console.print(rows(table(columns), oddity_rows(rating, language)))
    if rating.assumed:
        heading(console, label("assumed_heading", language))
        for path, value in rating.assumed.items():
            console.print(f"  {entry(path_text(rating.plan, path, language), f'{value:g}', language)}")
    if rating.findings:
        show_findings(rating.findings, language)


def _shortened(lines: Iterator[Sequence[str | Text]], room: int) -> Iterator[Sequence[str | Text]]:
    """Cut the names of nodes to the room there is, so that the other columns keep theirs."""
    for name, *others in lines:
        text = words(name) if isinstance(name, str) else name.copy()
        text.truncate(room, overflow="ellipsis")
        yield [text, *others]


def _verdict(console: Console, rating: Rating, language: Language) -> None:
    root, head = rating.root, rating.protocol.head
    console.print()
    console.print(words((rating.car or label("unnamed_car", language), "bold")))
    mode = f", {label('as_calculator', language)}" if rating.protocol.calculator else ""
    edition = translated(head.edition, language)
    console.print(f"{in_language(head.programme, language)}, {edition} ({rating.protocol.id}{mode})")
    style = "bold green" if rating.final and not rating.assumed else "bold yellow"
    state = verdict_state(rating, language)
    console.print(words((verdict_text(rating, language), style), f"  ({state})"))
    said = score_text(root, language)
    # a programme whose parts have no common result has no score of the whole
    common = rating.protocol.root.spec.combine != "apart"
    parts = [said if root.counts == "demerits" else entry(counted(root, language), said, language)] * common
    measure = measure_text(rating, root, language)
    if measure is not None:
        parts.append(entry(*measure, language))
    if parts:
        console.print(statements(parts, language))


def _tree(rating: Rating, language: Language, bounds: bool) -> Iterator[Sequence[str | Text]]:
    for it, last in branches(rating):
        name = in_language(it.label, language)
        if it.beside and not last:
            name = f"{name} ({label('beside', language)})"
        style = "bold" if len(last) < 2 else ""
        status = words((status_text(it, language), "yellow" if it.reused else _STATUS_STYLE[it.status]))
        cells: list[str | Text] = [
            words(guide(last), (name, style)),
            "–" if bounds and it.score is None else score_text(it, language),
        ]
        if bounds:
            cells.append(score_text(it, language, bounds=True))
        yield [*cells, outcome_text(rating, it, language), status]


def show_losses(rating: Rating, language: Language, top: int = 0) -> None:
    """Show where the points went, the greatest loss first; ``top`` 0 shows all. The last lines add up."""
    console = screen()
    _verdict(console, rating, language)
    root = rating.root
    total = total_loss(rating)
    shown = rating.losses[:top] if top else rating.losses
    columns: list[Column] = [
        (lost_heading(root, language), "right"),
        (label("share", language), "right"),
        label("where", language),
        label("why", language),
        label("source", language),
    ]
    made = table(columns)
    rows(
        made,
        (
            (
                lost_text(loss.points, rating),
                _share(loss.points, total),
                path_text(rating.plan, loss.path, language),
                loss.why[language],
                translated(loss.source, language),
            )
            for loss in shown
        ),
    )
    rest = rating.losses[len(shown) :]
    if rest:
        amount = sum(loss.points for loss in rest)
        text = label("other_losses", language, count=len(rest))
        rows(made, [(lost_text(amount, rating), _share(amount, total), text, "", "")])
    made.add_section()
    whole = sum(loss.points for loss in rating.losses)
    rows(
        made,
        [(words((lost_text(whole, rating), "bold")), _share(whole, total), label("total", language), "", "")],
    )
    console.print(made)
    console.print(adds_up(rating, language))


def _share(points: float, total: float) -> str:
    return f"{100 * points / total:.1f} %" if total else "–"
