"""Which node of one protocol is which node of another one: by their place, else by what they measure.

Editions move criteria between boxes and rename tests. A node that has kept its path is taken for the same. Of the
others a rule is the one that judges the same fact; else the same quantity of the same occupant in the test that took
the place of the old one; else that of the same label and theme. A combination is the one with which it shares most of
its rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from difflib import SequenceMatcher

import msgspec

from carindex.alignment.items import item_of, measured
from carindex.rating import Plan
from carindex.rating.themes import theme_of
from carindex.vocabulary import FactName, vocabulary

_LEAST_SHARED = 0.4
"""Two combinations are the same where they share at least this part of their rules."""

_LEAST_ALIKE = 0.6
"""A test may be another one's successor where their names and configurations are alike at least so much."""


class Matching(msgspec.Struct, frozen=True):
    """Pairs of paths, one of each protocol: ``after`` of each path before, ``before`` of each path after."""

    after: Mapping[str, str]
    before: Mapping[str, str]


def match(first: Plan, second: Plan) -> Matching:
    """Return which nodes of two protocols are the same; what is only in one of them is in no pair."""
    after: dict[str, str] = {path: path for path in first.nodes if path in second.nodes}
    after[""] = ""
    before = {path: path for path in after}
    mine, others = (_rules(plan) for plan in (first, second))
    renamed = _tests_renamed(first, second)

    def in_renamed_test(plan: Plan, path: str) -> Hashable | None:
        name = _read(plan, path)
        if name is None or name.seat is None:
            return None
        test = renamed.get(name.test, name.test) if plan is first else name.test
        return (test, name.seat, name.dummy, name.quantity)

    keys: tuple[Callable[[Plan, str], Hashable | None], ...] = (
        _read,
        in_renamed_test,
        _place,
        _label_and_theme,
    )
    for key in keys:
        _pair(first, second, key, (mine, others), (after, before))
    _pair_boxes(first, second, after, before)
    _pair_combinations(first, second, mine, others, after, before)
    _pair_successors(first, second, after, before)
    return Matching(after, before)


def _pair_successors(first: Plan, second: Plan, after: dict[str, str], before: dict[str, str]) -> None:
    """Pair criteria of one body region that stand in the same part and have names much alike: HIC36 and HIC15."""
    quantities = vocabulary().quantities
    left = [path for path in second.nodes if path not in before and _read(second, path) is not None]
    for path in first.nodes:
        name = _read(first, path) if path not in after else None
        part = after.get(path.rpartition("/")[0])
        if name is None or part is None:
            continue
        for other in left:
            its = _read(second, other)
            if other in before or its is None or other.rpartition("/")[0] != part:
                continue
            regions = {quantities[one.quantity].region for one in (name, its)}
            alike = SequenceMatcher(None, name.quantity, its.quantity).ratio()
            if len(regions) == 1 and None not in regions and alike >= _LEAST_ALIKE:
                after[path], before[other] = other, path
                break


def _pair_boxes(first: Plan, second: Plan, after: dict[str, str], before: dict[str, str]) -> None:
    """Pair topmost parts of one theme that share a rule: a box keeps being one, under whatever name."""
    boxes = [
        [child.path for child in plan.protocol.root.children if child.path not in paired]
        for plan, paired in ((first, after), (second, before))
    ]
    for path in boxes[0]:
        theme = theme_of(first.protocol, path)
        for other in boxes[1]:
            shared = any(
                one.startswith(f"{path}/") and its.startswith(f"{other}/") for one, its in after.items()
            )
            if other not in before and shared and theme_of(second.protocol, other) == theme:
                after[path], before[other] = other, path
                break


def _rules(plan: Plan) -> frozenset[str]:
    """Return the nodes that are no combination of others."""
    return frozenset(path for path, node_plan in plan.nodes.items() if not node_plan.node.children)


def _read(plan: Plan, path: str) -> FactName | None:
    """Return the measured fact that the rule of a node judges."""
    name = measured(plan.nodes[path].node)
    return None if name is None else FactName.parse(name)


def _tests_renamed(first: Plan, second: Plan) -> Mapping[str, str]:
    """Return the likeliest successor, of tests that only the second protocol has, for each that only the first has."""
    mine, others = (
        dict.fromkeys(item.test for name in plan.facts if (item := item_of(name)) is not None and item.test)
        for plan in (first, second)
    )
    words = vocabulary().tests
    found = []
    for test in mine:
        for other in others if test not in others else ():
            if other in mine or words[test].kind != words[other].kind:
                continue
            alike = SequenceMatcher(None, words[test].label["en"], words[other].label["en"]).ratio()
            own, its = words[test].configuration, words[other].configuration
            found.append(
                (alike + 0.2 * sum(own[key] == its[key] for key in own.keys() & its.keys()), test, other)
            )
    renamed: dict[str, str] = {}
    for alike, test, other in sorted(found, reverse=True):
        if alike >= _LEAST_ALIKE and test not in renamed and other not in renamed.values():
            renamed[test] = other
    return renamed


def _place(plan: Plan, path: str) -> Hashable | None:
    """Return what a reader recognises a part by that measures no single fact: its key, its label, the part above."""
    node = plan.nodes[path].node
    if measured(node) is not None:
        return None
    above = path.rpartition("/")[0].rpartition("/")[2]
    return (above, node.key, node.label["en"], node.test, node.occupant, node.dummy)


def _label_and_theme(plan: Plan, path: str) -> Hashable | None:
    """Return key, label and theme of a node that only a report tells, or that asks for a whole test."""
    node = plan.nodes[path].node
    if node.occupant is not None or measured(node) is not None:
        return None
    return (node.key, node.label["en"], theme_of(plan.protocol, path))


def _pair(
    first: Plan,
    second: Plan,
    key: Callable[[Plan, str], Hashable | None],
    rules: tuple[frozenset[str], frozenset[str]],
    pairs: tuple[dict[str, str], dict[str, str]],
) -> None:
    """Pair rules that are not paired yet and have the same key; of several the ones whose paths are most alike."""
    after, before = pairs
    waiting: dict[Hashable, list[str]] = defaultdict(list)
    for path in second.nodes:
        if path in rules[1] and path not in before:
            told = key(second, path)
            if told is not None:
                waiting[told].append(path)
    for path in first.nodes:
        if path not in rules[0] or path in after:
            continue
        told = key(first, path)
        candidates = waiting.get(told, []) if told is not None else []
        if candidates:
            other = max(candidates, key=lambda one: _alike(path, one))
            candidates.remove(other)
            after[path], before[other] = other, path


def _alike(first: str, second: str) -> int:
    return len(set(first.split("/")) & set(second.split("/")))


def _pair_combinations(
    first: Plan,
    second: Plan,
    mine: Iterable[str],
    others: Iterable[str],
    after: dict[str, str],
    before: dict[str, str],
) -> None:
    below_first, below_second = _below(first, mine), _below(second, others)
    found = []
    for path, rules in below_first.items():
        if path in after:
            continue
        shared: dict[str, int] = defaultdict(int)
        for rule in rules:
            for above in _above(after.get(rule, "")):
                shared[above] += 1
        for other, count in shared.items():
            if other in before or other not in below_second:
                continue
            part = 2 * count / (len(rules) + len(below_second[other]))
            nodes = first.nodes[path].node, second.nodes[other].node
            if part >= _LEAST_SHARED and nodes[0].occupant == nodes[1].occupant:
                named = SequenceMatcher(None, nodes[0].label["en"], nodes[1].label["en"]).ratio()
                found.append((part + 0.5 * named, -abs(path.count("/") - other.count("/")), path, other))
    for _, _, path, other in sorted(found, key=lambda one: (-one[0], -one[1], one[2])):
        if path not in after and other not in before:
            after[path], before[other] = other, path


def _below(plan: Plan, rules: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Return the rules below each combination."""
    found: dict[str, set[str]] = defaultdict(set)
    for rule in rules:
        for above in _above(rule):
            if above in plan.nodes:
                found[above].add(rule)
    return {path: frozenset(some) for path, some in found.items()}


def _above(path: str) -> list[str]:
    """Return the nodes above a node, without the root."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]
