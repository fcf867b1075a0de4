"""What the points of a node are for: the theme under which a comparison of programmes shows them.

A theme says nothing about how points count; it only groups what one programme took, beside what another one took.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from carindex.kept import kept
from carindex.rating.load import as_shipped, shipped_folder
from carindex.rating.plan import Plan
from carindex.rating.protocol import Node, Protocol
from carindex.rating.rating import Rating
from carindex.vocabulary import CAR, FactName, InvalidFactNameError, vocabulary

OTHER, OCCUPANTS = "other", "occupants"
"""Themes of last resort: nothing says what it is for; an adult's protection that is not split further."""


def theme_of(protocol: Protocol, path: str, facts: tuple[str, ...] = ()) -> str:
    """Return the theme of a node.

    What is said first in this list counts: the nearest ``theme`` of a node at or above it; a word of a theme that goes
    before others in the key of a node on the way, the topmost one; the dummy; another word, the nearest one; the kind
    of its test, or of the tests of its ``facts``; an occupant's protection as a whole.
    """
    way = list(_way(protocol, path))
    for node in reversed(way):
        if node.spec.theme is not None:
            return node.spec.theme
    words = [_themes_of_key(node.key) for node in way]
    themes, dummies = vocabulary().themes, vocabulary().dummies
    for found in words:
        for theme in found:
            if themes[theme].first:
                return theme
    node = way[-1]
    of_dummy = dummies[node.dummy].theme if node.dummy is not None and node.dummy in dummies else None
    if of_dummy is not None:
        return of_dummy
    for found in reversed(words):
        for theme in found:
            if theme != OCCUPANTS:
                return theme
    tests = {node.test} if node.test is not None else {_test(name) for name in facts}
    of_tests = {_theme_of_test(test) for test in tests}
    if len(of_tests) == 1 and None not in of_tests:
        return of_tests.pop() or OTHER
    return OCCUPANTS if any(OCCUPANTS in found for found in words) else OTHER


def lost_by_theme(rating: Rating) -> Mapping[str, float]:
    """Return the points lost for each theme, in the order of the themes; they add up to what the whole car lost."""
    lost = dict.fromkeys(vocabulary().themes, 0.0)
    themes = _themes(rating.plan)
    for loss in rating.losses:
        lost[themes[loss.path]] += loss.points
    return {theme: points for theme, points in lost.items() if points != 0.0}


def _themes(plan: Plan) -> Mapping[str, str]:
    """Return the theme of every node of a protocol; one that comes with the package is gone through once."""

    def make() -> dict[str, str]:
        return {
            path: theme_of(plan.protocol, path, tuple(plan.facts[slot] for slot in node.facts))
            for path, node in plan.nodes.items()
        }

    name = plan.protocol.id
    if not as_shipped(name) or str(shipped_folder(name)) != str(Path(plan.protocol.place).parent):
        return make()
    return kept(f"{name}{'.calculator' if plan.protocol.calculator else ''}.themes", make)


def _way(protocol: Protocol, path: str) -> Iterator[Node]:
    """Yield the root and all nodes on the way to a node; a node beside the tree has a way of its own."""
    parts = path.split("/") if path else []
    for end in range(len(parts) + 1):
        node = protocol.nodes.get("/".join(parts[:end]))
        if node is not None:
            yield node


@cache
def _themes_of_key(key: str) -> tuple[str, ...]:
    """Return the themes of which a word stands in a key as a whole word."""
    return tuple(
        name
        for name, theme in vocabulary().themes.items()
        if any(re.search(rf"(^|_){re.escape(word)}(_|$)", key) for word in theme.words)
    )


def _test(fact: str) -> str | None:
    try:
        return FactName.parse(fact).test
    except InvalidFactNameError:
        return None


def _theme_of_test(test: str | None) -> str | None:
    words = vocabulary()
    if test is None or test == CAR or test not in words.tests:
        return None
    kind = words.tests[test].kind
    return next((name for name, theme in words.themes.items() if kind in theme.kinds), None)
