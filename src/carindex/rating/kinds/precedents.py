"""Compile results that are known only from published ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carindex.messages import InputError
from carindex.rating import schema
from carindex.rating.kernels.precedents import PublishedCases
from carindex.rating.kinds.kind import Kind

if TYPE_CHECKING:
    from carindex.rating.compile import Compiled, Compiler
    from carindex.rating.plan import NodePlan
    from carindex.rating.protocol import Node


def _score(plan: NodePlan, said: float | str) -> float:
    """Return the score that a published score or grade of a part stands for."""
    if not isinstance(said, str):
        return said
    grades = plan.node.grades
    if said not in grades:
        raise InputError(
            plan.node.place,
            "rating.precedent_grade",
            grade=said,
            path=plan.node.path,
            grades=", ".join(grades) or "–",
        )
    return float(len(grades) - 1 - grades.index(said))


def _precedents(compiler: Compiler, rule: schema.Precedents, node: Node) -> Compiled:
    from carindex.rating.compile import Compiled

    plans = {child.key: compiler.node(child.path, node) for child in node.children}
    scores = np.full((len(rule.known), len(plans)), np.nan)
    for i, case in enumerate(rule.known):
        if unknown := set(case.at) - set(plans):
            raise InputError(node.place, "rating.unknown_node", path=", ".join(sorted(unknown)))
        for j, (key, plan) in enumerate(plans.items()):
            if key in case.at:
                scores[i, j] = _score(plan, case.at[key])
    table = PublishedCases(
        scores,
        np.array([max(case.least, rule.between[0]) for case in rule.known]),
        np.array([min(case.most, rule.between[1]) for case in rule.known]),
        rule.between,
    )
    _refuse_contradiction(rule, table, node)
    always = compiler.constant(1.0)
    flags = [always if plan.applies is None else plan.applies for plan in plans.values()]
    slots = [compiler.score(child.path, node) for child in node.children]
    (slot,) = compiler.emit_many("precedents", [*slots, *flags], 1, table=table)
    return Compiled("precedents", slot)


def _refuse_contradiction(rule: schema.Precedents, table: PublishedCases, node: Node) -> None:
    """Refuse cases of which one was nowhere better than another, yet got more."""
    for i, first in enumerate(table.scores):
        for j, second in enumerate(table.scores):
            same = bool((np.isnan(first) == np.isnan(second)).all())
            if same and bool((first <= second)[~np.isnan(first)].all()) and table.least[i] > table.most[j]:
                names = [", ".join(rule.known[k].cars) for k in (i, j)]
                raise InputError(node.place, "rating.precedents_contradict", first=names[0], second=names[1])


PRECEDENT_KINDS = {
    "precedents": Kind(lambda rule, node: (), _precedents, lambda rule, spec: float(rule.between[1]))
}
