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
from carindex.rating.asking import (
    REPORTED,
    condition_facts,
    fact_name,
    listed_facts,
    requirements,
    rule_facts,
)
from carindex.rating.check import sum_varies
from carindex.rating.grouping import grouped
from carindex.rating.impact_points import GridSlots, grid_facts, row_facts
from carindex.rating.kernels.judging import Judging
from carindex.rating.kinds import KINDS
from carindex.rating.kinds.checks import channel_lacking, claimed_facts
from carindex.rating.leaf import LeafRules
from carindex.rating.matrices import TABLES, TESTED, Avoidance, predicted_other_than
from carindex.rating.outcomes import (
    allowed,
    at_ends,
    has_open_lines,
    minima_by_node,
    outcome_lines,
    outcome_value,
)
from carindex.rating.plan import AdjustStep, Detail, NodePlan, Outcome, Plan
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


class Compiler(LeafRules):
    """Builds the operations of one protocol; nodes are compiled when something first asks for them."""

    def __init__(self, protocol: Protocol) -> None:
        super().__init__(protocol)
        self.nodes: dict[str, NodePlan] = {}
        self.caps: dict[str, int] = {}
        self.assessed: dict[str, int] = {}
        self.critical: list[crash_tests.CriticalRegion] = []
        self.grids: dict[str, GridSlots] = {}
        self.scenarios: dict[str, avoidance.ScenarioSlots] = {}
        self.judgings: dict[tuple[str, bool], Judging] = {}
        self.referenced: set[tuple[str, str, str | None]] = set()
        self.asked_if: dict[int, int] = {}
        self.asked_unless: dict[int, int] = {}
        self.partners: dict[str, dict[str, tuple[int, int]]] = {}
        fills = protocol.head.reported_blank == "row_above"
        self.tests = ReportedTests(self, tests_of(protocol) if fills else [])
        self._gates: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._required: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._met: dict[tuple[object, ...], tuple[int, int]] = {}
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

    # -- conditions ----------------------------------------------------------------------------------------

    def condition(
        self, condition: schema.Condition, node: Node, *, unknown_fails: bool = False
    ) -> tuple[int, tuple[int, ...]]:
        """Compile a condition to a slot that is 1 where it holds; returns it with the facts it uses.

        With ``unknown_fails`` a comparison with a missing fact does not hold, instead of being open.
        """
        if condition.negate is not None:
            slot, facts = self.condition(condition.negate, node, unknown_fails=unknown_fails)
            return self.emit("linear", [slot], weights=(-1.0,), constant=1.0), facts
        for kernel, group in (("minimum", condition.all), ("maximum", condition.any)):
            if group is not None:
                compiled = [self.condition(item, node, unknown_fails=unknown_fails) for item in group]
                facts = tuple(dict.fromkeys(fact for _, some in compiled for fact in some))
                return self.emit(kernel, [slot for slot, _ in compiled]), facts
        if condition.node is not None:
            holds = self.compare(condition, self._score_of(condition, node), 1.0, None, node)
            if condition.fact is None:
                return holds, ()
            said = self.fact(condition.fact, node)
            return self.emit("choose", [self.known(said), holds, said]), (said,)
        if condition.cells is not None:
            return self._predicted_other_than(condition.cells, node)
        if condition.channel_lacking:
            return channel_lacking(self, node)
        if condition.capped is not None:
            return crash_tests.capped(self, condition, node)
        if condition.passed is not None:
            passed = [self.node(f"{node.path}/{key}", node).value for key in condition.passed]
            flags = [self.emit("compare", [slot], least=1e-9, most=np.inf, divisor=1.0) for slot in passed]
            return self.emit("minimum", flags), ()
        if condition.any_value_of is not None:
            known = self.emit("minimum", [self._any_known(path, node) for path in condition.any_value_of])
            if crash_tests.scheme(self).blank == "open":  # a value that is not known yet may still be one
                known = self.emit("choose", [known, self.open_value(1.0), self.constant(1.0)])
            return known, ()
        if condition.critical_region_without_points is not None:
            return self._critical(condition, node)
        if condition.stars_of is not None:
            slot = self._outcome_of(condition.stars_of, node).slot
            return self.compare(condition, slot, 1.0, None, node), ()
        assert condition.fact is not None
        fact = self.fact(condition.fact, node)
        divisor = self.divisor(fact, condition.unit, condition.take, node)
        slot = fact
        if condition.round is not None:
            slot = self.emit("linear", [fact], weights=(1.0 / divisor,), constant=0.0)
            slot, divisor = self.rounded(slot, condition.round), 1.0
        if condition.one_of is not None:
            holds = self.one_of(fact, condition.one_of, node)
        else:
            holds = self.compare(condition, slot, divisor, self.quantities[fact], node)
        if unknown_fails:
            return self.emit("minimum", [holds, self.known(fact)]), (fact,)
        if node.spec.role is not None and crash_tests.scheme(self).blank == "nothing":
            holds = self.emit("minimum", [holds, self.known(fact)])
        return holds, (fact,)

    def unless_known(self, slot: int, condition: schema.Condition, node: Node) -> int:
        """Return a condition that, where empty cells count for nothing, holds as long as its fact is not known."""
        if condition.fact is None or crash_tests.scheme(self).blank != "nothing":
            return slot
        known = self.known(self.fact(condition.fact, node))
        return self.emit("choose", [known, self.constant(1.0), slot])

    def path_from(self, path: str, node: Node) -> str:
        """Return the full path of a node that a file names from another: beside it (``../``) or within its stage."""
        if path.startswith("../"):
            return f"{node.path.rsplit('/', 1)[0]}/{path.removeprefix('../')}"
        if path in self.protocol.nodes:
            return path
        within = f"{node.path.split('/')[0]}/{path}"
        return within if within in self.protocol.nodes else path

    def _gate_facts(self, condition: schema.Condition) -> Iterable[str]:
        for item in (condition, *(condition.any or ())):
            if item.cells is not None and not item.cells.never:
                yield from predicted_other_than(self.avoidance, item.cells)
                yield from () if self.avoidance.closed else (f"{item.cells.matrix}/{TESTED}",)

    def _predicted_other_than(self, rule: schema.CellsPredicted, node: Node) -> tuple[int, tuple[int, ...]]:
        """Return the slot that is 1 where one of the cells is predicted, and other than the colour asked for."""
        if rule.never:
            return self.constant(0.0), ()
        colour = rule.predicted_other_than.lower()
        facts = [self.fact(name, node) for name in predicted_other_than(self.avoidance, rule)]
        closed = None
        if not self.avoidance.closed:  # what is not predicted may be, until the matrix is said to be complete
            complete = self.fact(f"{rule.matrix}/{TESTED}", node)
            said = schema.Condition(equals="yes")
            closed = self.compare(said, complete, 1.0, self.quantities[complete], node)
            closed = self.emit("minimum", [closed, self.known(complete)])
        flags = []
        for fact in facts:
            words = self.quantities[fact].categories
            other = self.words(fact, tuple(float(word != colour) for word in words))
            counts = self.known(fact)
            if closed is not None:
                open_ = self.emit("linear", [closed], weights=(-1.0,), constant=1.0)
                counts = self.emit("maximum", [counts, open_])
            flags.append(self.emit("minimum", [other, counts]))
        return self.emit("maximum", flags), tuple(facts)

    def _gate(self, gate: schema.Gate, node: Node) -> tuple[int, tuple[int, ...]]:
        """Compile the condition of a gate once for all nodes below it."""
        if id(gate) not in self._gates:
            fails = self.protocol.calculator
            self._gates[id(gate)] = self.condition(gate.when, node, unknown_fails=fails)
        return self._gates[id(gate)]

    def _score_of(self, condition: schema.Condition, node: Node) -> int:
        assert condition.node is not None
        path = self.path_from(condition.node, node)
        said = None if condition.fact is None else fact_name(condition.fact, node)
        self.referenced.add((node.path, path, said))
        if not condition.before_adjust:
            return self.score(path, node)
        plan = self.node(path, node)
        return self.named.get(f"{path}#percent", plan.combined)

    def _any_known(self, path: str, node: Node) -> int:
        """Return the slot that is 1 where at least one fact of the rules at or below a node is known."""
        owner = self.protocol.nodes[self.path_from(path, node)]
        self.referenced.add((node.path, owner.path, None))
        facts = [self.node(other.path, node).rule_facts for other in owner.walk() if other.spec.criterion]
        return self.emit("maximum", [self.known(some[0]) for some in facts])

    def _critical(self, condition: schema.Condition, node: Node) -> tuple[int, tuple[int, ...]]:
        assert condition.critical_region_without_points is not None
        path = condition.critical_region_without_points
        slot = crash_tests.without_points(self, path, node)
        regions = [region.path for region in self.critical if region.path.startswith(f"{path}/")]
        self.referenced.update((node.path, region, condition.fact) for region in regions)
        if condition.fact is None:
            return slot, ()
        fact = self.fact(condition.fact, node)
        return self.emit("choose", [self.known(fact), slot, fact]), (fact,)

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

    # -- adjustments and outcomes --------------------------------------------------------------------------

    def _adjusted(self, node: Node, slot: int) -> tuple[int, tuple[AdjustStep, ...], tuple[int, ...]]:
        steps: list[AdjustStep] = []
        facts: list[int] = []
        own = [step for step in node.spec.adjust if not step.across]
        adjustments = (*requirements(node), *own)
        if self.protocol.calculator and node.requires:
            adjustments = tuple(own)
            if not node.children:
                slot, steps, facts = self._gated(node, slot)
        for adjustment in adjustments:
            slot = self.step(adjustment, node, slot, steps, facts)
        # sums of nothing are nothing: a gate closes what has no parts of its own
        for gate in () if node.children else node.gates:
            when, used = self._gate(gate, node)
            facts.extend(used)
            before, slot = slot, self.emit("choose", [when, slot, self.constant(0.0)])
            closed = schema.Adjustment(
                label=gate.label, set_to=0.0, source=gate.source, verified=gate.verified
            )
            steps.append(AdjustStep(closed, before, slot, when))
        if node.reported and node.spec.open is not True:
            stated = self.fact(f"{GIVEN}{node.path}", node)
            facts.append(stated)
            before, slot = slot, self.emit("choose", [self.known(stated), slot, stated])
            steps.append(AdjustStep(REPORTED, before, slot, self.known(stated)))
        across = [step for step in node.spec.adjust if step.across]
        if across or node.path in self.tests:
            self.publish(f"{node.path}#reported", slot)
        for adjustment in () if node.path in self.tests else across:
            slot = self.step(adjustment, node, slot, steps, facts)
            self.publish(f"{node.path}#counted", slot)
        return slot, tuple(steps), tuple(facts)

    def step(
        self, adjustment: schema.Adjustment, node: Node, slot: int, steps: list[AdjustStep], facts: list[int]
    ) -> int:
        """Compile one adjustment; returns the slot of the value after it."""
        losing = node.counts != "points"
        before, when = slot, None
        if adjustment.when is not None:
            when, used = self._when(adjustment, node)
            facts.extend(used)
            if (
                adjustment.across and self.protocol.calculator
            ):  # left out while a score that it looks at is open
                when = self.emit("surely", [when])
        if adjustment.deduct is not None:
            _, amount, used = self.leaf(adjustment.deduct, node, adjustment.deduct.points or 0.0)
            facts.extend(used)
            sign = 1.0 if losing else -1.0
            changed = self.emit("linear", [slot, amount], weights=(1.0, sign), constant=0.0)
        elif adjustment.deduct_node is not None:
            sign = 1.0 if losing else -1.0
            amount = self.score(adjustment.deduct_node, node)
            self.referenced.add((node.path, adjustment.deduct_node, None))
            changed = self.emit("linear", [slot, amount], weights=(1.0, sign), constant=0.0)
        elif adjustment.take_off is not None:
            sign = 1.0 if losing else -1.0
            changed = self.emit("linear", [slot], weights=(1.0,), constant=sign * adjustment.take_off)
        elif adjustment.set_to is not None:
            changed = self.emit("linear", [slot], weights=(0.0,), constant=adjustment.set_to)
        elif adjustment.multiply is not None:
            changed = self.emit("linear", [slot], weights=(adjustment.multiply,), constant=0.0)
            if self.protocol.calculator and adjustment.multiply == 0:
                changed = self.emit("still_open", [slot, changed])
        elif adjustment.round is not None:
            changed = self.rounded(slot, adjustment.round)
        else:
            least = -np.inf if adjustment.at_least is None else adjustment.at_least
            most = np.inf if adjustment.at_most is None else adjustment.at_most
            if adjustment.settles:
                changed = self.emit("clip", [slot], least=least, most=most)
            else:
                changed = self.emit("clip_open", [slot], least=least, most=most, open=0.0)
        slot = changed if when is None else self.emit("choose", [when, slot, changed])
        steps.append(AdjustStep(adjustment, before, slot, when))
        return slot

    def _when(self, adjustment: schema.Adjustment, node: Node) -> tuple[int, tuple[int, ...]]:
        """Compile the condition of an adjustment; one that many nodes share (a requirement) only once."""
        assert adjustment.when is not None
        unknown_fails = self.protocol.calculator and node.spec.role is None
        if any(adjustment is own for own in node.spec.adjust):
            return self.condition(adjustment.when, node, unknown_fails=unknown_fails)
        if id(adjustment) not in self._required:
            self._required[id(adjustment)] = self.condition(
                adjustment.when, node, unknown_fails=unknown_fails
            )
        return self._required[id(adjustment)]

    def _gated(self, node: Node, slot: int) -> tuple[int, list[AdjustStep], list[int]]:
        """Apply requirements as a programme's calculator does: the first that is not met decides, the outermost first.

        One of which a fact is missing leaves the node open, whatever those below it say.
        """
        steps: list[AdjustStep] = []
        facts: list[int] = []
        for requirement in reversed(node.requires):
            before = slot
            used = [self.fact(name, node) for name in requirement.facts]
            facts.extend(used)
            met, known = self._requirement(requirement, used, node)
            slot = self.emit("choose", [met, self.constant(0.0), slot])
            if requirement.missing is None:
                slot = self.emit("choose", [known, self.open_value(node.maximum), slot])
            label = requirement.label or {}
            steps.append(AdjustStep(schema.Adjustment(label=label or node.label, set_to=0.0), before, slot))
        choice = node.spec.choose
        if choice is not None:
            for word in (word for word, case in choice.cases.items() if case.never_assessed):
                by_word = schema.Condition(fact=choice.by, equals=word)
                chosen, _ = self.condition(by_word, node, unknown_fails=True)
                slot = self.emit("choose", [chosen, slot, self.open_value(node.maximum)])
        return slot, steps, facts

    def _requirement(self, rule: schema.Requirement, facts: list[int], node: Node) -> tuple[int, int]:
        """Return the slots that are 1 where a requirement is met, and where all that it asks for is known."""
        key = (*rule.facts, *rule.one_of, rule.missing)
        if key not in self._met:
            met = []
            for name in rule.facts:
                condition = schema.Condition(fact=name, one_of=rule.one_of)
                holds, _ = self.condition(condition, node, unknown_fails=rule.missing is not None)
                met.append(holds)
            known = self.emit("minimum", [self.known(fact) for fact in facts])
            self._met[key] = (self.emit("minimum", met), known)
        return self._met[key]

    def _undeclared(self, rule: schema.Undeclared, by: int, slot: int, node: Node) -> int:
        """Return a choice that gives points although its own fact is missing, where another is known."""
        other = self.known(self.fact(rule.fact, node))
        instead = self.emit("choose", [other, slot, self.constant(rule.points)])
        return self.emit("choose", [self.known(by), instead, slot])

    def _outcome_of(self, path: str, node: Node) -> Outcome:
        outcome = self.node(path, node).outcome
        if outcome is None:
            raise InputError(node.place, "rating.no_outcome", path=path)
        return outcome

    def _outcome(self, spec: schema.Stars, plan: NodePlan) -> tuple[Outcome, tuple[int, ...]]:
        node = plan.node
        measure = plan.value
        if spec.per_cent:
            measure = self.emit("linear", [measure], weights=(100.0 / node.maximum,), constant=0.0)
        if spec.divide_by is not None:
            measure = self.emit("linear", [measure], weights=(1.0 / spec.divide_by,), constant=0.0)
        if spec.round is not None:
            measure = self.rounded(measure, spec.round)
        if spec.per_cent:
            self.publish(f"{node.path}#percent", measure)
        # a line that is only known to lie between two numbers leaves what either end gives
        strict, lenient = at_ends(spec) if has_open_lines(spec) else (spec, spec)
        result, lines, values = self._limited(strict, measure, node)
        if lenient is not strict:
            either = self._limited(lenient, measure, node)[0]
            result = self.emit("between", [result, either])
        facts: list[int] = []
        if not spec.settles and spec.balance:
            known = self.emit("exact", [self.node(path, node).value for path in spec.balance])
            most = max(value for path in spec.balance for value in self._outcome_of(path, node).values)
            result = self.emit("choose", [known, self.open_value(most), result])
        for cap in spec.caps:
            when, used = self.condition(cap.when, node)
            facts.extend(used)
            if cap.lower_by is None:
                capped = self.emit("clip", [result], least=-np.inf, most=outcome_value(spec, cap.to))
            else:
                lowest = outcome_value(spec, spec.otherwise)
                capped = self.emit("linear", [result], weights=(1.0,), constant=-float(cap.lower_by))
                # never above what it was: an outcome below the lowest one stays
                capped = self.emit(
                    "minimum", [result, self.emit("clip", [capped], least=lowest, most=np.inf)]
                )
            result = self.emit("choose", [when, result, capped])
        return Outcome(spec, measure, result, lines, values, tuple(spec.grades or ())), tuple(facts)

    def _limited(
        self, spec: schema.Stars, measure: int, node: Node
    ) -> tuple[int, tuple[float, ...], tuple[float, ...]]:
        """Return the slot of the outcome that lines, other outcomes and minima allow, and lines and outcomes."""
        lines, values = outcome_lines(spec, node)
        slot = self.emit("steps", [measure], thresholds=lines, values=values, divisor=1.0) if lines else None
        limits: list[int] = [] if slot is None else [slot]
        limits.extend(self._outcome_of(path, node).slot for path in spec.balance or [])
        for path, floors in minima_by_node(spec).items():
            floor_lines, best = allowed(spec, floors)
            score = self.score(path, node)
            limits.append(self.emit("steps", [score], thresholds=floor_lines, values=best, divisor=1.0))
        if node.grades and not limits:  # the grade itself is what is given
            return measure, (), tuple(float(rank) for rank in range(len(node.grades)))
        return limits[0] if len(limits) == 1 else self.emit("minimum", limits), lines, values

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
