"""Commands on protocols: ``protocols list``, ``show``, ``check`` and ``diff``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carindex.cli.options import with_json, with_language, with_overlays, write_json
from carindex.messages import Language

if TYPE_CHECKING:
    from carindex.rating import Protocol


@click.group()
def protocols() -> None:
    """Show the rules of each programme."""


@protocols.command("list")
@with_overlays
@with_json
@with_language
def list_(json_file: Path | None, language: Language) -> None:
    """List all protocols with how well their rules are verified."""
    from carindex.rating import available_protocols, load_protocol

    loaded = [load_protocol(name) for name in available_protocols()]
    if json_file is not None:
        write_json(json_file, [_as_json(protocol) for protocol in loaded])
        return
    from carindex.report.terminal import show_protocols

    show_protocols(loaded, language)


@protocols.command()
@click.argument("protocol")
@with_overlays
@with_language
def show(protocol: str, language: Language) -> None:
    """Show the tree of a protocol: rules, limits, facts asked for, sources."""
    from carindex.rating.compiled import compiled
    from carindex.report.terminal import show_protocol

    show_protocol(compiled(protocol), language)


@protocols.command()
@click.argument("names", nargs=-1, metavar="[PROTOCOL]...")
@click.option("--all", "everything", is_flag=True, help="List every fact asked for and every doubtful rule.")
@with_overlays
@with_json
@with_language
def check(names: tuple[str, ...], everything: bool, json_file: Path | None, language: Language) -> None:
    """Check that protocols are sound; count their rules by kind; list what is open or not verified.

    Without PROTOCOL: all of them, one line each.
    """
    from carindex.rating import available_protocols
    from carindex.rating.compiled import compiled
    from carindex.report.terminal import show_check, show_checks

    plans = [compiled(name) for name in names or available_protocols()]
    if json_file is not None:
        write_json(json_file, [_as_json(plan.protocol, doubtful=True) for plan in plans])
    elif names:
        for plan in plans:
            show_check(plan, language, everything=everything)
    else:
        show_checks(plans, language)


@protocols.command()
@click.argument("first")
@click.argument("second")
@click.option("--all", "everything", is_flag=True, help="List every entry of the files that differs.")
@with_overlays
@with_json
@with_language
def diff(first: str, second: str, everything: bool, json_file: Path | None, language: Language) -> None:
    """Show what changes from one protocol to another one: tests, points, limits, weights, stars, conditions.

    What was moved or renamed is told by what it measures.
    """
    if everything:
        from carindex.rating import load_protocol
        from carindex.rating.difference import differences
        from carindex.report.terminal import show_differences

        found = differences(load_protocol(first), load_protocol(second))
        if json_file is not None:
            write_json(json_file, found)
        else:
            show_differences(found, language)
        return
    from carindex.alignment.changes import changes
    from carindex.rating.compiled import compiled

    made = changes(compiled(first), compiled(second))
    if json_file is not None:
        from carindex.report.alignment.changes import as_json

        write_json(json_file, as_json(made, language))
    else:
        from carindex.report.terminal.changes import show_changes

        show_changes(made, language)


def _as_json(protocol: Protocol, *, doubtful: bool = False) -> dict[str, Any]:
    from carindex.rating.verification import DOUBTFUL, counts, rules_of

    head = protocol.head
    levels = counts(protocol)
    rules = [rule for rule in rules_of(protocol) if rule.level in DOUBTFUL] if doubtful else []
    return {
        "id": protocol.id,
        "programme": head.programme,
        "edition": head.edition,
        "valid": head.valid,
        "source": head.source,
        "nodes": len(protocol.nodes),
        "rules": sum(levels.values()),
        "verified": dict(levels),
        "overlays": [str(layer.folder) for layer in protocol.overlays],
        "hash": protocol.hash,
        **(
            {
                "doubtful": [
                    {
                        "path": rule.path,
                        "part": rule.part,
                        "name": None if rule.name is None else rule.name.get("en"),
                        "level": rule.level,
                        "source": rule.source,
                    }
                    for rule in rules
                ]
            }
            if doubtful
            else {}
        ),
    }
