"""What differs between two protocols, node by node and entry by entry."""

from __future__ import annotations

from typing import Any

import msgspec

from carindex.rating.protocol import Node, Protocol

_STRUCTURE = ("children", "file", "choose")


class Difference(msgspec.Struct, frozen=True):
    """One entry that differs: node path, entry (``node`` for a whole node), value before and after."""

    path: str
    field: str
    before: object
    after: object


def differences(first: Protocol, second: Protocol) -> tuple[Difference, ...]:
    """Return what changes from one protocol to the other, in the order of the trees.

    Nodes are matched by their path; ``None`` stands where one of the two says nothing.
    """
    found = _entries("", _head(first), _head(second))
    for path in dict.fromkeys((*first.nodes, *second.nodes)):
        before, after = first.nodes.get(path), second.nodes.get(path)
        if before is None or after is None:
            found.append(Difference(path, "node", before and before.label, after and after.label))
        else:
            found.extend(_entries(path, _plain(before), _plain(after)))
    return tuple(found)


def _head(protocol: Protocol) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(protocol.head)
    return {key: value for key, value in data.items() if key not in ("root", "beside")}


def _plain(node: Node) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(node.spec)
    kept = {key: value for key, value in data.items() if key not in _STRUCTURE}
    if node.spec.choose is not None:
        kept["choose"] = msgspec.to_builtins(node.spec.choose)
    return {**kept, "maximum": node.maximum, "source": node.source, "verified": node.verified}


def _entries(path: str, before: object, after: object, prefix: str = "") -> list[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for key in dict.fromkeys((*before, *after)):
            name = f"{prefix}.{key}" if prefix else str(key)
            found.extend(_entries(path, before.get(key), after.get(key), name))
        return found
    return [] if before == after else [Difference(path, prefix, before, after)]
