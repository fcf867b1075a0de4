"""Commands that compare programmes, evidence, plans and rules: the group ``align``.

Each command has a module of its own, imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

import click

from carindex.cli.commands import Commands

_COMMANDS: Mapping[str, str] = {
    "crosswalk": "carindex.cli.align.crosswalk:crosswalk",
    "coverage": "carindex.cli.align.coverage:coverage",
}


@click.group(cls=Commands.of(_COMMANDS))
def align() -> None:
    """Compare programmes, reuse evidence, plan tests, find improvements, weigh risks and changes of rules."""
