"""A protocol as it is loaded: its tree of nodes, each with everything it inherits filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from carindex.rating import schema

ROOT = ""


class Node(msgspec.Struct, frozen=True):
    """A node of a rating tree with everything it inherits filled in.

    Attributes
    ----------
    path
        Labels of the way from the root, joined by ``/``; empty for the root.
    spec
        What the file says.
    children
        Nodes below, by their key.
    test, occupant, dummy
        Context in which fact names of this node are completed.
    counts
        ``points``: the value counts up to ``maximum``; ``risk`` or ``demerits``: the value is what is lost
        of ``maximum``.
    maximum
        Greatest score.
    beside
        Whether the node stands beside the tree: shown, but counted in no other node.
    place
        File and path in the file, for messages.
    requires
        Requirements of the node and of all nodes above it, the outermost first, with full fact names: where one
        is not met, neither the node nor anything below it has points.
    predicted
        Whether the manufacturer may predict the colours of criteria.
    missing
        The word that a missing fact counts as, where a programme's calculator has it so.
    gates
        Gates of the node and of all nodes above it.
    reported
        Whether a test report states the score of the node.
    grades
        Grades, the best first, of a node whose grade is given as a word; its score then only numbers them.
    watched
        Criteria below that can cap the node and give no points.
    """

    path: str
    spec: schema.Node
    children: tuple[Node, ...]
    test: str | None
    occupant: str | None
    dummy: str | None
    injury: str | None
    counts: schema.Counts
    maximum: float
    source: str
    verified: schema.Verified
    beside: bool
    place: str
    requires: tuple[schema.Requirement, ...] = ()
    predicted: bool | None = None
    watched: tuple[Node, ...] = ()
    missing: str | None = None
    gates: tuple[schema.Gate, ...] = ()
    reported: bool = False
    grades: tuple[str, ...] = ()

    @property
    def label(self) -> schema.Label:
        """Name of the node in every language."""
        return self.spec.label or {"en": self.path.rsplit("/", 1)[-1]}

    @property
    def key(self) -> str:
        """Last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def apart(self) -> bool:
        """Whether the parts stand side by side: the programme publishes no result of the whole."""
        return self.spec.combine == "apart"

    def walk(self) -> Iterator[Node]:
        """Yield this node and all nodes below it, in the order of the files.

        The criteria of a row of impact points hold for each of its points and are no nodes of the tree.
        """
        yield self
        if self.spec.row is not None:
            return
        for child in (*self.children, *self.watched):
            yield from child.walk()


DATA = "data:"
"""Before the name of what many nodes share, where a place is asked for."""


class Oddity(msgspec.Struct, frozen=True):
    """Something that the programme's own calculator computes otherwise than the rules say: its name, and where.

    ``path`` is a node, or ``data:`` and a name where it is what many nodes share, empty where it is the whole protocol.
    """

    path: str
    name: str


class Layer(msgspec.Struct, frozen=True):
    """One of the protocols that a protocol is made of: its id, its folder, and the nodes that it changes.

    ``shipped``: it comes with the package.
    """

    id: str
    folder: Path
    shipped: bool
    changes: frozenset[str] = frozenset()


class Protocol(msgspec.Struct, frozen=True):
    """A programme's edition, ready to be compiled.

    ``calculator`` tells whether it was loaded as the programme's own calculator computes; ``oddities`` are the places
    where that makes a difference, whether or not they are in force. ``layers``: itself and what it extends, the topmost
    first.
    """

    id: str
    head: schema.Protocol
    root: Node
    beside: tuple[Node, ...]
    hash: str
    place: str
    nodes: Mapping[str, Node]
    calculator: bool = False
    oddities: tuple[Oddity, ...] = ()
    layers: tuple[Layer, ...] = ()

    @property
    def overlays(self) -> tuple[Layer, ...]:
        """The layers that do not come with the package and lie over others: somebody completed or corrected these."""
        return tuple(layer for layer in self.layers[:-1] if not layer.shipped)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids by which facts can name this protocol: its own, and those of what its overlays lie over."""
        count = 1 + len(self.overlays)
        return tuple(dict.fromkeys((self.id, *(layer.id for layer in self.layers[:count]))))

    def scale(self, stars: str | schema.Stars) -> schema.Stars:
        """Return the stars or grades that a node names or spells out."""
        return self.head.scales[stars].stars if isinstance(stars, str) else stars
