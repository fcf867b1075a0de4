"""Which facts a rule or condition asks for, and their full names."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from carindex.messages import InputError
from carindex.rating import schema
from carindex.rating.protocol import Node
from carindex.vocabulary import GIVEN


def fact_name(name: str, node: Node) -> str:
    """Return the full name of a fact that a node's rule calls by its quantity."""
    if "/" in name or name.startswith(GIVEN):
        return name
    if node.test is None:
        raise InputError(node.place, "rating.no_test", fact=name)
    if node.occupant is None or node.dummy is None:
        return f"{node.test}/{name}"
    return f"{node.test}/{node.occupant}/{node.dummy}/{name}"


def listed_facts(node: Node) -> Iterable[str]:
    """Yield the facts that what a node and all above it require ask for, and those of its oddities."""
    for requirement in node.requires:
        yield from requirement.facts
    if node.spec.undeclared is not None:
        yield node.spec.undeclared.fact
    for gate in node.gates:
        yield from condition_facts(gate.when)


def cut_off(node: Node) -> bool:
    """Return whether a stated score above the greatest one is taken, because an adjustment cuts it off there."""
    return any(
        step.at_most is not None and step.at_most <= node.maximum and step.when is None
        for step in node.spec.adjust
        if step.across or node.spec.open
    )


REPORTED = schema.Adjustment(label={"en": "Score as its report states it", "zh": "测试报告给出的得分"})

_REQUIREMENT: schema.Label = {"en": "Requirement not met", "zh": "未满足前提条件"}


def requirements(node: Node) -> Iterable[schema.Adjustment]:
    """Yield what a node and all above it require, as adjustments: no points where one is not met."""
    for requirement in node.requires:
        yield _required(
            tuple(requirement.facts), tuple(requirement.one_of), tuple((requirement.label or {}).items())
        )


@cache
def _required(
    facts: tuple[str, ...], words: tuple[str, ...], label: tuple[tuple[str, str], ...]
) -> schema.Adjustment:
    """Return a requirement as an adjustment, the same one for every node that it holds for."""
    met = [schema.Condition(fact=fact, one_of=list(words)) for fact in facts]
    return schema.Adjustment(
        label=dict(label) or _REQUIREMENT,
        when=schema.Condition(negate=schema.Condition(all=met)),
        set_to=0.0,
    )


def rule_facts(spec: schema.Node) -> Iterable[str]:
    """Yield the names of the facts that a node's own rule reads, as the file writes them."""
    for kind in schema.LEAF_RULES:
        rule = getattr(spec, kind)
        if rule is not None:
            yield rule.fact
    if isinstance(spec.open, schema.OpenGrade):
        yield spec.open.grade
    yield from spec.reads
    if spec.compensate is not None:
        yield spec.compensate.by
    if spec.choose is not None:
        yield spec.choose.by
        for case in spec.choose.cases.values():
            yield from rule_facts(case)


def condition_facts(condition: schema.Condition | None) -> Iterable[str]:
    """Yield the names of the facts that a condition reads, as the file writes them."""
    if condition is None:
        return
    if condition.fact is not None:
        yield condition.fact
    for item in (*(condition.all or ()), *(condition.any or ()), condition.negate):
        yield from condition_facts(item)
