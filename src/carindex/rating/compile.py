"""Compile a protocol once to array operations, grouped by kind, level by level."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, TypeVar

import msgspec
import numpy as np
from msgspec.structs import replace

from carindex.messages import InputError
from carindex.rating import avoidance, crash_tests, schema
from carindex.rating.adjusting import Adjusting
from carindex.rating.asking import (
    condition_facts,
    listed_facts,
    requirements,
    rule_facts,
)
from carindex.rating.check import sum_varies
from carindex.rating.grouping import grouped
from carindex.rating.impact_points import GridSlots, grid_facts, row_facts
from carindex.rating.kernels.judging import Judging
from carindex.rating.kinds import KINDS
from carindex.rating.kinds.checks import claimed_facts
from carindex.rating.matrices import TABLES, Avoidance
from carindex.rating.plan import AdjustStep, Detail, NodePlan, Plan
from carindex.rating.protocol import Node, Protocol
from carindex.rating.reported import ReportedTests, tests_of
from carindex.vocabulary import GIVEN, vocabulary

Parts = tuple[tuple[str, int, float], ...]
Table = TypeVar("Table")


class Compiled(msgspec.Struct, frozen=True):
    """What a rule was compiled to: how its loss is shared out, its slot, its parts, and the facts it reads."""

    kind: str
    slot: int
    parts: Parts = ()
    facts: tuple[int, ...] = ()
    details: tuple[Detail, ...] = ()
    # facts that the rule reads beside those that explain it as a whole
    asked: tuple[int, ...] = ()
    applies: int | None = None


class Compiler(Adjusting):
    """Builds the operations of one protocol; nodes are compiled when something first asks for them."""

    def __init__(self, protocol: Protocol) -> None:
        super().__init__(protocol)
        self.caps: dict[str, int] = {}
        self.assessed: dict[str, int] = {}
        self.grids: dict[str, GridSlots] = {}
        self.scenarios: dict[str, avoidance.ScenarioSlots] = {}
        self.judgings: dict[tuple[str, bool], Judging] = {}
        self.asked_if: dict[int, int] = {}
        self.asked_unless: dict[int, int] = {}
        self.partners: dict[str, dict[str, tuple[int, int]]] = {}
        fills = protocol.head.reported_blank == "row_above"
        self.tests = ReportedTests(self, tests_of(protocol) if fills else [])
        self.groups: dict[str, dict[str, list[str]]] | None = None
        self._data: dict[str, Any] = {}
        self._open: set[str] = set()
        self._collect()

    @cached_property
    def avoidance(self) -> Avoidance:
        """The tables of the programme's crash avoidance."""
        return Avoidance(self.data(TABLES, dict))

    def data(self, name: str, kind: type[Table]) -> Table:
        """Return a table of the protocol's data as a rule kind wants it.

        Raises
        ------
        InputError
            When the protocol has no such table, or one of another shape.
        """
        if name not in self._data:
            try:
                self._data[name] = msgspec.convert(self.protocol.head.data[name], kind)
            except (KeyError, msgspec.ValidationError) as error:
                place = f"{self.protocol.place}: data/{name}"
                raise InputError(place, "rating.invalid_protocol", reason=error) from None
        found: Table = self._data[name]
        return found

    # -- facts ---------------------------------------------------------------------------------------------

    def _collect(self) -> None:
        """Give every fact that any rule names its slot, before any operation takes one."""
        for node in self.protocol.nodes.values():
            for name in self._fact_names(node):
                self.tests.note_fact(self.fact(name, node), node)
            if node.spec.scenario is not None:
                for fact in avoidance.collect(self, node):
                    self.tests.note_fact(fact, node)

    def _fact_names(self, node: Node) -> Iterable[str]:
        yield from rule_facts(node.spec)
        for adjustment in (*requirements(node), *node.spec.adjust):
            if adjustment.deduct is not None:
                yield from rule_facts(adjustment.deduct)
            yield from condition_facts(adjustment.when)
        yield from condition_facts(node.spec.applies_when)
        for field, kind in KINDS.items():
            rule = getattr(node.spec, field)
            if rule:
                yield from kind.facts(rule, node)
        if node.spec.claimed is not None:
            yield from claimed_facts(self, node.spec.claimed)
        yield from listed_facts(node)
        for gate in node.spec.gates:
            yield from self._gate_facts(gate.when)
        if node.spec.role is not None:
            shared = self.data(crash_tests.SCHEME, schema.CrashScheme)
            yield from crash_tests.region_facts(node, shared)
        for case in node.spec.points_when:
            yield from condition_facts(case.when)
        if node.spec.grid is not None:
            yield from grid_facts(node)
        if node.spec.row is not None:
            yield from row_facts(node)
        if node.spec.stars is not None:
            for cap in self.protocol.scale(node.spec.stars).caps:
                yield from condition_facts(cap.when)
        if node.spec.open is True or node.reported:
            yield f"{GIVEN}{node.path}"

    # -- nodes ---------------------------------------------------------------------------------------------

    def node(self, path: str, asked_by: Node | None = None) -> NodePlan:
        """Return the plan of a node, compiling it first if nothing has asked for it yet."""
        if path in self.nodes:
            return self.nodes[path]
        node = self.protocol.nodes.get(path)
        if node is None:
            place = asked_by.place if asked_by else self.protocol.place
            raise InputError(place, "rating.unknown_node", path=path)
        if path in self._open:
            raise InputError(node.place, "rating.circle", path=path)
        self._open.add(path)
        if node.spec.role == "region":
            compiled, value, steps, more = crash_tests.compile_region(self, node)
        else:
            compiled = self._value(node)
            before: tuple[AdjustStep, ...] = ()
            used: tuple[int, ...] = ()
            value = compiled.slot
            if node.spec.role is not None:
                value, before, used = crash_tests.role_steps(self, node, value)
            value, steps, more = self._adjusted(node, value)
            capping = [step.when for step in steps if step.when is not None]
            if node.spec.role == "occupant" and capping:
                self.publish(f"{node.path}#capped", self.emit("maximum", capping))
            steps, more = (*before, *steps), (*used, *more)
        applies = compiled.applies
        if node.spec.applies_when is not None and node.spec.criterion is None:
            applies, flags = self.condition(node.spec.applies_when, node)
            more = (*more, *flags)
            if node.spec.open is True and node.grades:  # a part that has been given a grade applies
                graded = self.known(self.fact(f"{GIVEN}{path}", node))
                applies = self.emit("maximum", [applies, graded])
        every = tuple(dict.fromkeys((*compiled.facts, *compiled.asked, *more)))
        plan = NodePlan(
            node=node,
            kind=compiled.kind,
            combined=compiled.slot,
            value=value,
            parts=compiled.parts,
            steps=steps,
            facts=every,
            applies=applies,
            rule_facts=compiled.facts,
            details=compiled.details,
            greatest=self.named.get(f"{path}#maximum"),
        )
        self.nodes[path] = plan
        if node.spec.stars is not None:
            outcome, flags = self._outcome(self.protocol.scale(node.spec.stars), plan)
            plan = replace(plan, outcome=outcome, facts=tuple(dict.fromkeys((*every, *flags))))
            self.nodes[path] = plan
        return plan

    def score(self, path: str, asked_by: Node) -> int:
        """Return the slot of a node's score (what is left of its maximum, where it counts losses)."""
        plan = self.node(path, asked_by)
        if plan.node.counts == "points":
            return plan.value
        return self.emit("linear", [plan.value], weights=(-1.0,), constant=plan.node.maximum)

    def _value(self, node: Node) -> Compiled:
        spec = node.spec
        if isinstance(spec.open, schema.OpenGrade):
            slot, fact = self.graded(spec.open, node)
            return Compiled("open", slot, facts=(fact,))
        if spec.open:
            slot = self.fact(f"{GIVEN}{node.path}", node)
            return Compiled("open", slot, facts=(slot,), asked=tuple(self.fact(f, node) for f in spec.reads))
        if spec.layer is not None:
            return avoidance.compile_layer(self, node)
        if any(getattr(spec, field) for field in KINDS):
            return self.by_kind(node)
        if spec.compensate is not None:
            return self._compensated(spec.compensate, node)
        if spec.combine is None:
            name, slot, used = self.leaf(spec, node, node.maximum)
            if node.missing is not None and spec.pass_fail is not None:
                slot = self.emit("product", [slot, self.known(used[0])], factor=1.0)
            if spec.undeclared is not None and spec.choose is not None:
                slot = self._undeclared(spec.undeclared, self.fact(spec.choose.by, node), slot, node)
            return Compiled(name, slot, facts=used)
        paths = [child.path for child in node.children] or list(spec.of)
        plans = [self.node(path, node) for path in paths]
        return self._combined(node, spec.combine, [self.tests.count(plan) for plan in plans])

    def by_kind(self, node: Node) -> Compiled:
        """Compile the rule of a node that is one of the registered kinds."""
        field, kind = next((field, kind) for field, kind in KINDS.items() if getattr(node.spec, field))
        return kind.compile(self, getattr(node.spec, field), node)

    def _combined(self, node: Node, combine: schema.Combine, plans: list[NodePlan]) -> Compiled:
        spec = node.spec
        slots = [plan.value for plan in plans]
        losing = node.counts != "points"
        weights = [1.0] * len(plans)
        if combine == "demerits":
            slots = [self._demerits(plan, node) for plan in plans]
            out = self.emit("linear", slots, weights=tuple(weights), constant=0.0)
        elif combine in ("sum", "apart", "mean", "weighted", "weighted_share", "share"):
            given = spec.weights or {}
            if combine in ("weighted", "weighted_share"):
                weights = [given[plan.node.key] for plan in plans]
            total = spec.over if spec.over is not None else sum(weights)
            if combine == "share":
                weights = [given.get(plan.node.key, 1.0) for plan in plans]
            if combine == "weighted_share":
                weights = [weight / plan.node.maximum for weight, plan in zip(weights, plans, strict=True)]
            flags = [plan.applies for plan in plans]
            varying = [plan for plan in plans if plan.greatest is not None and plan.node.spec.role is None]
            if combine == "sum" and (varying or any(flag is not None for flag in flags)):
                return self._sum_of_what_applies(node, plans)
            if any(flag is not None for flag in flags) or combine == "share":
                return self._share(node, plans, weights)
            if combine not in ("sum", "apart"):
                points = node.maximum if combine == "weighted_share" else 1.0
                weights = [points * weight / total for weight in weights]
            out = self.emit("linear", slots, weights=tuple(weights), constant=0.0)
        elif combine == "joint_risk":
            out = self.emit("joint_risk", slots)
        elif combine == "best":
            out = self.emit("best_of", slots, count=spec.best or 1)
        else:
            if not losing:
                weights = [node.maximum / plan.node.maximum for plan in plans]
                slots = [
                    slot if weight == 1.0 else self.emit("linear", [slot], weights=(weight,), constant=0.0)
                    for slot, weight in zip(slots, weights, strict=True)
                ]
            out = self._worst(plans, slots, losing, node)
        parts = tuple(
            (plan.node.path, slot, weight) for plan, slot, weight in zip(plans, slots, weights, strict=True)
        )
        return Compiled(combine, out, parts)

    def _compensated(self, rule: schema.Compensate, node: Node) -> Compiled:
        by = self.fact(rule.by, node)
        words = self.quantities[by].categories
        missing = [word for word in words if len(rule.offsets.get(word, ())) != len(rule.of)]
        if missing or len(rule.of) != 3:
            raise InputError(node.place, "rating.case_missing", word=", ".join(missing) or "of", fact=rule.by)
        slots = [self.score(path, node) for path in rule.of]
        offsets = tuple(offset for word in words for offset in rule.offsets[word])
        case = by if rule.unknown is None else self._case_or(rule.unknown, by, node)
        out = self.emit("compensate", [*slots, case], offsets=offsets, move=rule.move)
        return Compiled("compensate", out, facts=(by,))

    def _case_or(self, word: str, by: int, node: Node) -> int:
        """Return the number of a fact's word, that of ``word`` where the fact is missing or none of its words."""
        words = self.quantities[by].categories
        if word not in words:
            raise InputError(node.place, "rating.unknown_word", word=word, kind=vocabulary().kinds["value"])
        other = float(words.index(word))
        lines = tuple(i - 0.5 for i in range(len(words) + 1))
        values = (other, *(float(i) for i in range(len(words))), other)
        case = self.emit("steps", [by], thresholds=lines, values=values, divisor=1.0)
        return self.emit("choose", [self.known(by), self.constant(other), case])

    def _worst(self, plans: list[NodePlan], slots: list[int], losing: bool, node: Node) -> int:
        return self.worst_that_applies(plans, slots, 0.0 if losing else node.maximum, losing=losing)

    def worst_that_applies(
        self, plans: list[NodePlan], slots: list[int], default: float, *, losing: bool = False
    ) -> int:
        """Return the slot of the worst value of the nodes that apply, ``default`` where none does."""
        if all(plan.applies is None for plan in plans):
            return self.emit("maximum" if losing else "minimum", slots)
        return self.emit(
            "worst_that_applies",
            [*slots, *self._flags(plans)],
            losing="yes" if losing else "no",
            default=default,
        )

    def _flags(self, plans: list[NodePlan]) -> list[int]:
        """Return for each node the slot that is 1 where it applies."""
        always = self.constant(1.0)
        return [always if plan.applies is None else plan.applies for plan in plans]

    def _sum_of_what_applies(self, node: Node, plans: list[NodePlan]) -> Compiled:
        """Compile a sum whose parts may not apply: what does not apply is missing from its greatest score too."""
        flags = self._flags(plans)
        ones = (1.0,) * len(plans)
        counted, maxima = [], []
        for plan, flag in zip(plans, flags, strict=True):
            value, most = plan.value, self._greatest_of(plan)
            if plan.applies is not None:
                value, most = (self.emit("product", [slot, flag], factor=1.0) for slot in (value, most))
            counted.append(value)
            maxima.append(most)
        self.publish(f"{node.path}#maximum", self.emit("linear", maxima, weights=ones, constant=0.0))
        out = self.emit("linear", counted, weights=ones, constant=0.0)
        parts = tuple((plan.node.path, flag, 1.0) for plan, flag in zip(plans, flags, strict=True))
        return Compiled("sum", out, parts)

    def _greatest_of(self, plan: NodePlan) -> int:
        """Return the slot of the greatest score of a node."""
        return self.constant(plan.node.maximum) if plan.greatest is None else plan.greatest

    def _share(self, node: Node, plans: list[NodePlan], weights: list[float]) -> Compiled:
        flags = self._flags(plans)
        values = [plan.value for plan in plans]
        maxima = [1.0 if node.counts == "risk" else plan.node.maximum for plan in plans]
        if all(plan.greatest is None for plan in plans):
            out = self.emit(
                "share", [*values, *flags], weights=tuple(weights), maxima=tuple(maxima), points=node.maximum
            )
        else:
            out = self.emit(
                "share_of_varying",
                [*values, *flags, *(self._greatest_of(plan) for plan in plans)],
                weights=tuple(weights),
                least=tuple(_least_maximum(plan.node) for plan in plans),
                points=node.maximum,
            )
        parts = tuple(
            (plan.node.path, flag, weight) for plan, flag, weight in zip(plans, flags, weights, strict=True)
        )
        return Compiled("share", out, parts)

    def _demerits(self, plan: NodePlan, node: Node) -> int:
        tables = node.spec.demerits or {}
        table = tables.get(plan.node.key)
        if table is None or plan.outcome is None or not plan.outcome.grades:
            raise InputError(node.place, "rating.no_demerits", path=plan.node.path)
        worst_first = [table[grade] for grade in reversed(plan.outcome.grades)]
        known = [count for count in worst_first if not isinstance(count, tuple)]
        if len(known) == len(worst_first):
            slot = self.words(plan.outcome.slot, tuple(known))
        else:
            cases = [
                self.between(*count) if isinstance(count, tuple) else self.constant(count)
                for count in worst_first
            ]
            slot = self.emit("choose", [plan.outcome.slot, *cases])
        if plan.applies is not None:
            slot = self.emit("choose", [plan.applies, self.constant(0.0), slot])
        return slot

    # -- the whole -----------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        """Compile all nodes and group their operations."""
        for path in self.protocol.nodes:
            self.node(path)
        least, most = (np.array(ends, np.float64) for ends in zip(*self.ranges, strict=True))
        presence = np.array(list(self.presence.items()), np.intp).reshape(-1, 2)
        order = {path: i for i, path in enumerate(self.protocol.nodes)}
        self.nodes |= self.tests.counted
        nodes = dict(sorted(self.nodes.items(), key=lambda item: order[item[0]]))
        return Plan(
            self.protocol,
            tuple(self.facts),
            tuple(self.quantities),
            least,
            most,
            self.slots,
            grouped(self.operations),
            nodes,
            presence,
            dict(self.named),
            np.array(list(self.raws.items()), np.intp).reshape(-1, 2),
            frozenset(self.referenced),
            self.asked_if,
            self.asked_unless,
            tuple((slot, np.array(facts, np.intp)) for facts, slot in self.known_any.items()),
        )


def _least_maximum(node: Node) -> float:
    """Return the smallest greatest score above zero that a node can have where parts of it may not apply."""
    if not sum_varies(node):
        return node.maximum
    return min(_least_maximum(child) for child in node.children)


def compile_protocol(protocol: Protocol) -> Plan:
    """Compile a protocol to array operations.

    Raises
    ------
    InputError
        When a rule names a fact, word, unit or node that does not exist, or nodes depend on each other in a
        circle.
    """
    return Compiler(protocol).plan()
