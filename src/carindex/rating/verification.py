"""How well the rules of a protocol are verified: every rule once, with its level and its source.

A rule is what a node says of its value, an adjustment, gate or cap that has a level of its own, a scale of stars that
nodes share, or a line between stars that is verified otherwise than its neighbours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from carindex.rating import schema
from carindex.rating.protocol import Node, Protocol

Level = Literal["oracle", "published", "text", "unverified", "open"]
LEVELS: tuple[Level, ...] = ("oracle", "published", "text", "unverified", "open")
DOUBTFUL: tuple[Level, ...] = ("open", "unverified")
"""Levels of rules that the programme's own document may correct."""

Part = Literal["rule", "scale", "line", "adjustment", "gate", "cap"]


class Rule(msgspec.Struct, frozen=True):
    """A rule: where it stands, what part of the node it is, how well it is verified, and its source.

    ``path`` is empty for the root, the name of the scale for a scale and its lines. ``name`` tells one part of a node
    from another: the label of an adjustment, the outcome of a line. ``changed``: an overlay touched the node.
    """

    path: str
    part: Part
    level: Level
    source: str
    name: schema.Label | None = None
    changed: bool = False


def rules_of(protocol: Protocol) -> tuple[Rule, ...]:
    """Return all rules of a protocol in the order of its files."""
    changed = {path for layer in protocol.overlays for path in layer.changes}
    found = [rule for name, scale in protocol.head.scales.items() for rule in _of_scale(name, scale)]
    for node in protocol.nodes.values():
        found.extend(_of_node(node, node.path in changed))
    return tuple(found)


def counts(protocol: Protocol) -> Mapping[Level, int]:
    """Return how many rules there are of each level, the best verified first."""
    counted = Counter(rule.level for rule in rules_of(protocol))
    return {level: counted[level] for level in LEVELS}


def _of_scale(name: str, scale: schema.NamedScale) -> Iterator[Rule]:
    stars = scale.stars
    lines = {
        key for table in (stars.below, stars.at_most, stars.at_least, stars.above) for key in table or ()
    }
    if not lines or lines - set(stars.verified or ()):  # some lines are as well verified as the scale says
        yield Rule(name, "scale", scale.verified, scale.source)
    for outcome, level in (scale.stars.verified or {}).items():
        yield Rule(name, "line", level, scale.source, {"en": str(outcome)})


def _of_node(node: Node, changed: bool) -> Iterator[Rule]:
    spec = node.spec
    doubted = spec.unstated
    yield Rule(node.path, "rule", "open" if spec.open else node.verified, node.source, None, changed)
    if isinstance(spec.stars, schema.Stars):
        for outcome, level in (spec.stars.verified or {}).items():
            name = {"en": str(outcome)}
            yield Rule(node.path, "line", "unverified" if doubted else level, node.source, name, changed)
        for cap in spec.stars.caps:
            if cap.verified is not None:
                yield Rule(node.path, "cap", cap.verified, cap.source or node.source, cap.label, changed)
    for adjustment in spec.adjust:
        if adjustment.verified is not None:
            source = adjustment.source or node.source
            yield Rule(node.path, "adjustment", adjustment.verified, source, adjustment.label, changed)
    for gate in spec.gates:
        if gate.verified is not None:
            yield Rule(node.path, "gate", gate.verified, gate.source or node.source, gate.label, changed)
