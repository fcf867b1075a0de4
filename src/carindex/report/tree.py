"""The tree of a rating as it is shown: which nodes, in which order, how deep."""

from __future__ import annotations

from collections.abc import Iterator

from carindex.rating import Node, RatedNode, Rating
from carindex.vocabulary import GIVEN


def branches(rating: Rating) -> Iterator[tuple[RatedNode, tuple[bool, ...]]]:
    """Yield the nodes that are shown, and for each node on the way to them whether it is the last of its branch.

    Below a node whose score is stated only what some fact speaks of is shown: the rest is not open. The criteria of a
    row of impact points stand for every point of it and are not rated by themselves.
    """
    rated = {node.path: node for node in rating.nodes}
    spoken_of = {
        path[:end]
        for path, node in rated.items()
        if node.facts
        for end in (*(i for i, sign in enumerate(path) if sign == "/"), len(path))
    }
    for top in (rating.protocol.root, *rating.protocol.beside):
        if top.path in rated:
            yield from _branch(top, (), rated, spoken_of, False)


def _branch(
    node: Node, last: tuple[bool, ...], rated: dict[str, RatedNode], spoken_of: set[str], below_stated: bool
) -> Iterator[tuple[RatedNode, tuple[bool, ...]]]:
    it = rated[node.path]
    yield it, last
    stated = below_stated or any(fact.name == f"{GIVEN}{it.path}" for fact in it.facts)
    children = [
        child for child in node.children if child.path in rated and (not stated or child.path in spoken_of)
    ]
    for i, child in enumerate(children):
        yield from _branch(child, (*last, i == len(children) - 1), rated, spoken_of, stated)
