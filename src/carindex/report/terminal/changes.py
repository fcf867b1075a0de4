"""What changes between two protocols, on the terminal."""

from __future__ import annotations

from carindex.alignment.changes import Changes
from carindex.messages import Language
from carindex.report.alignment.changes import ShownChange, shown
from carindex.report.labels import label
from carindex.report.terminal.screen import Column, heading, rows, screen, table, words

_STYLE = {"+": "green", "−": "red", "→": "yellow"}


_PARTS = 4
"""So many parts with the same change are named."""


def _parts(change: ShownChange, language: Language) -> str:
    named = [part for part in change.parts if part]
    if len(named) > _PARTS:
        more = label("and_more", language, count=len(named) - _PARTS)
        return "; ".join([*named[:_PARTS], more])
    return "; ".join(named)


def show_changes(made: Changes, language: Language) -> None:
    """Show changes box by box."""
    console = screen()
    ready = shown(made, language)
    console.print(words((ready.title, "bold")))
    if not made.changes:
        console.print(label("changes_none", language))
        return
    console.print(ready.summary)
    columns: list[Column] = [("", "fixed"), label("node", language), label("change_column", language)]
    for box in ready.boxes:
        heading(console, box.name)
        lines = (
            (
                words((change.sign, _STYLE[change.sign])),
                _parts(change, language),
                change.text,
            )
            for change in box.changes
        )
        console.print(rows(table(columns), lines))
    console.print(words((label("changes_words_only", language), "dim")))
