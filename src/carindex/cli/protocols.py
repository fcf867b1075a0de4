"""Commands on protocols: ``protocols list``, ``show``, ``check`` and ``diff``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from carindex.cli.options import with_json, with_language, write_json
from carindex.messages import Language

if TYPE_CHECKING:
    from carindex.rating import Plan, Protocol


@click.group()
def protocols() -> None:
    """Show the rules of each programme."""


@protocols.command("list")
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
@with_language
def show(protocol: str, language: Language) -> None:
    """Show the tree of a protocol: rules, limits, facts asked for, sources."""
    from carindex.rating.compiled import compiled
    from carindex.report.terminal import show_protocol

    show_protocol(compiled(protocol), language)


@protocols.command()
@click.argument("names", nargs=-1, metavar="[PROTOCOL]...")
@with_language
def check(names: tuple[str, ...], language: Language) -> None:
    """Check that protocols are complete and sound, and count their rules by kind."""
    from carindex.rating import available_protocols
    from carindex.report.terminal import show_check

    for name in names or available_protocols():
        show_check(_plan(name), language)


@protocols.command()
@click.argument("first")
@click.argument("second")
@with_language
def diff(first: str, second: str, language: Language) -> None:
    """Show what differs between two protocols, rule by rule."""
    from carindex.rating import load_protocol
    from carindex.rating.difference import differences
    from carindex.report.terminal import show_differences

    show_differences(differences(load_protocol(first), load_protocol(second)), language)


def _plan(name: str) -> Plan:
    from carindex.rating import compile_protocol, load_protocol

    return compile_protocol(load_protocol(name))


def _as_json(protocol: Protocol) -> dict[str, Any]:
    head = protocol.head
    levels = Counter("open" if node.spec.open else node.verified for node in protocol.nodes.values())
    return {
        "id": protocol.id,
        "programme": head.programme,
        "edition": head.edition,
        "valid": head.valid,
        "source": head.source,
        "rules": len(protocol.nodes),
        "verified": dict(levels),
        "hash": protocol.hash,
    }
