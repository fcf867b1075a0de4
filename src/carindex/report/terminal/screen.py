"""The console everything is shown on, and the few forms it is shown in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from carindex.messages import Language, Severity
from carindex.report.labels import label

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

#: A column: its heading, or its heading and ``right`` for figures or ``fixed`` for what must not be broken.
Column = str | tuple[str, str]
#: Width of plain output that goes to a file or a pipe, where there is no terminal to fit into.
_PLAIN_WIDTH = 140
SEVERITY_STYLE: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "note": "dim"}


def screen() -> Console:
    """Return the console of this moment: as wide as the terminal, plain and of fixed width when piped."""
    from rich.console import Console

    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    width = _PLAIN_WIDTH if piped else None
    return Console(highlight=False, markup=False, emoji=False, width=width)


def words(*parts: str | tuple[str, str] | Text) -> Text:
    """Return text from parts, each plain, with a style, or text itself; nothing in it is taken for mark-up."""
    from rich.text import Text

    return Text.assemble(*parts)


def table(columns: Sequence[Column], *, title: str | None = None) -> Table:
    """Return an empty table; see `Column`."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(
        box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False, padding=(0, 1)
    )
    for column in columns:
        heading, side = (column, "left") if isinstance(column, str) else column
        if side == "right":
            made.add_column(heading, justify="right", no_wrap=True)
        elif side == "fixed":
            made.add_column(heading, no_wrap=True)
        else:
            made.add_column(heading, overflow="fold")
    return made


def rows(made: Table, lines: Iterable[Sequence[str | Text]]) -> Table:
    """Put lines into a table; returns the table."""
    from rich.text import Text

    for line in lines:
        made.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in line))
    return made


def heading(console: Console, text: str) -> None:
    """Print a heading with a blank line before it."""
    console.print()
    console.print(words((text, "bold")))


def severity_text(severity: Severity, language: Language) -> Text:
    """Return the name of a severity in its colour."""
    return words((label(f"severity_{severity}", language), SEVERITY_STYLE[severity]))


def guide(last: Sequence[bool]) -> str:
    """Return the lines that lead to a node of a tree; ``last`` says for each level whether it is the last."""
    if not last:
        return ""
    return "".join("   " if end else "│  " for end in last[:-1]) + ("└─ " if last[-1] else "├─ ")
