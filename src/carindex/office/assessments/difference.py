"""What differs between two ratings of one car: outcome, nodes, losses, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

_SAID_OF_NODES = ("value", "score", "max", "lower", "upper", "status", "stars", "grade")
_PROVENANCE = ("engine", "protocol_hash", "inputs")


class Changed(msgspec.Struct, frozen=True):
    """One value that differs: at which node, which value, before and after; ``None`` where there was or is none."""

    path: str
    what: str
    before: Any
    after: Any


class Difference(msgspec.Struct, frozen=True):
    """All that differs between two ratings.

    ``nodes`` hold a change a value; a node that only one of them has, one change ``node``. ``losses`` are points lost
    by node. ``outcome`` and ``provenance`` hold a change a value.
    """

    outcome: tuple[Changed, ...]
    nodes: tuple[Changed, ...]
    losses: tuple[Changed, ...]
    provenance: tuple[Changed, ...]

    @property
    def same_result(self) -> bool:
        """Whether nothing that the rating says differs, wherever it comes from."""
        return not (self.outcome or self.nodes or self.losses)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Difference:
    """Return what differs between two ratings, each as ``rate --json`` has it."""
    old, new = ({node["path"]: node for node in rating["nodes"]} for rating in (before, after))
    nodes: list[Changed] = []
    for path in dict.fromkeys((*old, *new)):
        if path not in old or path not in new:
            nodes.append(Changed(path, "node", path in old, path in new))
            continue
        nodes.extend(_changes(path, _SAID_OF_NODES, old[path], new[path]))
    return Difference(
        tuple(
            _changes(
                "", ("protocol", *_keys(before["outcome"], after["outcome"])), _head(before), _head(after)
            )
        ),
        tuple(nodes),
        tuple(_of_mappings("points", _lost(before), _lost(after))),
        tuple(_changes("", _PROVENANCE, before["provenance"], after["provenance"])),
    )


def _head(rating: Mapping[str, Any]) -> dict[str, Any]:
    return {"protocol": rating["protocol"], **rating["outcome"]}


def _keys(*mappings: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(key for mapping in mappings for key in mapping))


def _lost(rating: Mapping[str, Any]) -> dict[str, float]:
    """Return the points lost by node."""
    lost: dict[str, float] = {}
    for loss in rating["losses"]:
        lost[loss["path"]] = lost.get(loss["path"], 0.0) + loss["points"]
    return lost


def _changes(
    path: str, names: tuple[str, ...], old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[Changed]:
    return [
        Changed(path, name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)
    ]


def _of_mappings(what: str, old: Mapping[str, float], new: Mapping[str, float]) -> list[Changed]:
    return [
        Changed(path, what, old.get(path), new.get(path))
        for path in _keys(old, new)
        if old.get(path, 0.0) != new.get(path, 0.0)
    ]
