"""Crosswalks on the terminal: a column a protocol while they fit, else a line for each protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from carindex.alignment.crosswalk import Crosswalk
from carindex.messages import Language
from carindex.report.alignment.crosswalk import SIGNS, ShownCell, ShownCrosswalk, ShownTest, shown
from carindex.report.labels import label
from carindex.report.terminal.screen import Column, heading, rows, screen, table, words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_STYLE = {
    "same": "green",
    "alike": "yellow",
    "only": "",
    "equivalent": "cyan",
    "indicative": "yellow",
    "none": "dim",
}
_ITEM_WIDTH, _CELL_WIDTH = 28, 24
_MANY = 300
"""More rows than this are not shown item by item."""


def show_crosswalk(made: Crosswalk, language: Language) -> None:
    """Show protocols side by side, item by item; of very many items which protocols ask for which test."""
    console = screen()
    ready = shown(made, language)
    console.print(words((ready.title, "bold"), f"  {ready.topic}" if ready.topic else ""))
    console.print(ready.summary)
    if len(made.rows) > _MANY:
        _overview(console, ready)
        console.print(words((label("crosswalk_too_many", language, rows=len(made.rows)), "yellow")))
        return
    fits = _ITEM_WIDTH + _CELL_WIDTH * len(made.protocols) <= console.width
    for group in ready.groups:
        heading(console, f"{group.name}  {group.setup}".rstrip())
        if fits:
            console.print(rows(table(_wide_columns(ready)), _wide_lines(group)))
        else:
            console.print(rows(table(_long_columns(language)), _long_lines(group, ready)))
    _notes(console, ready)


def _notes(console: Console, ready: ShownCrosswalk) -> None:
    parts: list[str | tuple[str, str]] = []
    for name, sign, text in ready.standings:
        parts += [(f"{sign} ", _STYLE[name]), f"{text}   "]
    console.print(words(*parts))
    console.print(words((label("crosswalk_share_note", ready.language), "dim")))
    console.print(words((label("crosswalk_relation_note", ready.language), "dim")))


def _overview(console: Console, ready: ShownCrosswalk) -> None:
    heading(console, label("crosswalk_overview", ready.language))
    columns: list[Column] = [
        label("crosswalk_test", ready.language),
        label("crosswalk_configuration", ready.language),
        label("protocol", ready.language),
    ]
    lines = (
        (group.name, group.setup, ", ".join(_asking(group, ready))) for group in ready.groups if group.test
    )
    console.print(rows(table(columns), lines))


def _asking(group: ShownTest, ready: ShownCrosswalk) -> Iterator[str]:
    for i, (name, _, _) in enumerate(ready.protocols):
        if any(row.cells[i].standing in ("same", "alike", "only") for row in group.rows):
            yield name


def _wide_columns(ready: ShownCrosswalk) -> list[Column]:
    return [label("crosswalk_item", ready.language), *(name for name, _, _ in ready.protocols)]


def _wide_lines(group: ShownTest) -> Iterator[Sequence[str | Text]]:
    for row in group.rows:
        name = words(row.item, *(((f"\n{row.occupant}", "dim"),) if row.occupant else ()))
        yield [name, *(_cell(cell) for cell in row.cells)]


def _cell(cell: ShownCell) -> Text:
    if cell.standing == "none":
        return words(("–", "dim"))
    sign = (f"{SIGNS[cell.standing]} ", _STYLE[cell.standing])
    first, *others = cell.lines or ("",)
    return words(sign, first, *((f"\n  {line}", "dim") for line in others))


def _long_columns(language: Language) -> list[Column]:
    return [
        label("crosswalk_item", language),
        (label("protocol", language), "fixed"),
        label("crosswalk_limits", language),
        (label("crosswalk_points", language), "right"),
        label("crosswalk_share", language),
        label("verified", language),
    ]


def _long_lines(group: ShownTest, ready: ShownCrosswalk) -> Iterator[Sequence[str | Text]]:
    for row in group.rows:
        name = words(row.item, *(((f" {row.occupant}", "dim"),) if row.occupant else ()))
        for (protocol, _, _), cell in zip(ready.protocols, row.cells, strict=True):
            if cell.standing == "none":
                continue
            marked = words((f"{SIGNS[cell.standing]} ", _STYLE[cell.standing]), protocol)
            if cell.standing in ("equivalent", "indicative"):
                yield [name, marked, words(" · ".join(cell.lines), (f"\n{cell.why}", "dim")), "", "", ""]
                name = words("")
                continue
            for use in cell.uses:
                yield [name, marked, use.limits or use.rule, use.points, use.share, use.verified]
                name, marked = words(""), words("")
