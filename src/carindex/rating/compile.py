"""Compile a protocol once to array operations, grouped by kind, level by level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from carindex.messages import InputError
from carindex.rating import schema
from carindex.rating.asking import condition_facts, fact_name, requirements, rule_facts
from carindex.rating.grouping import Operation, grouped
from carindex.rating.outcomes import allowed, minima_by_node, outcome_lines, outcome_value
from carindex.rating.plan import AdjustStep, NodePlan, Outcome, Plan
from carindex.rating.protocol import Node, Protocol
from carindex.units import ratio
from carindex.vocabulary import GIVEN, FactName, InvalidFactNameError, Quantity, vocabulary


class _Compiler:
    """Builds the operations of one protocol; nodes are compiled when something first asks for them."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.facts: dict[str, int] = {}
        self.quantities: list[Quantity] = []
        self.ranges: list[tuple[float, float]] = []
        self.operations: list[Operation] = []
        self.nodes: dict[str, NodePlan] = {}
        self.level: dict[int, int] = {}
        self.slots = 0
        self._open: set[str] = set()
        self._collect()

    # -- facts ---------------------------------------------------------------------------------------------

    def _collect(self) -> None:
        """Give every fact that any rule names its slot, before any operation takes one."""
        for node in self.protocol.nodes.values():
            for name in self._fact_names(node):
                self._fact_slot(name, node)

    def _fact_names(self, node: Node) -> Iterable[str]:
        yield from rule_facts(node.spec)
        for adjustment in (*requirements(node), *node.spec.adjust):
            if adjustment.deduct is not None:
                yield from rule_facts(adjustment.deduct)
            yield from condition_facts(adjustment.when)
        yield from condition_facts(node.spec.applies_when)
        if node.spec.stars is not None:
            for cap in self.protocol.scale(node.spec.stars).caps:
                yield from condition_facts(cap.when)
        if node.spec.open:
            yield f"{GIVEN}{node.path}"

    def _fact_slot(self, name: str, node: Node) -> int:
        full = fact_name(name, node)
        if full not in self.facts:
            if full.startswith(GIVEN):
                owner = self.protocol.nodes.get(full.removeprefix(GIVEN))
                if owner is None:
                    raise InputError(node.place, "rating.unknown_node", path=full.removeprefix(GIVEN))
                quantity = Quantity(label=owner.label, unit="1", better="higher", range=(0.0, owner.maximum))
            else:
                try:
                    quantity = vocabulary().quantities[FactName.parse(full).quantity]
                except InvalidFactNameError as error:
                    kind = vocabulary().kinds[error.kind]
                    raise InputError(node.place, "rating.unknown_word", word=error.word, kind=kind) from None
            self.facts[full] = self._slot(0)
            self.quantities.append(quantity)
            categories = quantity.categories
            self.ranges.append((0.0, len(categories) - 1.0) if categories else quantity.range)
        return self.facts[full]

    def _slot(self, level: int) -> int:
        self.level[self.slots] = level
        self.slots += 1
        return self.slots - 1

    def _emit(self, kernel: str, inputs: Sequence[int], **parameters: Any) -> int:  # noqa: ANN401
        level = 1 + max((self.level[i] for i in inputs), default=0)
        output = self._slot(level)
        self.operations.append(Operation(kernel, tuple(inputs), output, parameters, level))
        return output

    def _divisor(self, slot: int, unit: str | None, take: schema.Take, node: Node) -> float:
        quantity = self.quantities[slot]
        divisor = 1.0 if unit is None else ratio(unit, quantity.unit)
        if not np.isfinite(divisor):
            raise InputError(node.place, "rating.unit_does_not_fit", unit=unit, expected=quantity.unit)
        return -divisor if take == "compression" else divisor

    def _input(self, rule: schema.FactRule, node: Node) -> tuple[int, float, tuple[int, ...]]:
        """Return slot and divisor of a rule's fact, rounded and turned as the rule says."""
        fact = self._fact_slot(rule.fact, node)
        slot, divisor = fact, self._divisor(fact, rule.unit, rule.take, node)
        if rule.take == "magnitude":
            slot = self._emit("maximum", [slot, self._emit("linear", [slot], weights=(-1.0,), constant=0.0)])
        if rule.round is not None:
            slot = self._emit("linear", [slot], weights=(1.0 / divisor,), constant=0.0)
            slot, divisor = self._rounded(slot, rule.round), 1.0
        return slot, divisor, (fact,)

    def _rounded(self, slot: int, rounding: schema.Rounding) -> int:
        return self._emit("rounding", [slot], decimals=rounding.decimals, mode=rounding.mode)

    # -- rules on a fact -----------------------------------------------------------------------------------

    def leaf(self, spec: schema.Node, node: Node, points: float) -> tuple[str, int, tuple[int, ...]]:
        """Compile the rule of a leaf; returns its kind, its slot and the facts it uses."""
        if spec.choose is not None:
            return self._chosen(spec.choose, node, points)
        if spec.risk is not None:
            slot, divisor, facts = self._input(spec.risk, node)
            return "risk", self._risk(spec.risk, slot, divisor), facts
        if spec.scale is not None:
            slot, divisor, facts = self._input(spec.scale, node)
            high, low = spec.scale.limits
            full = spec.scale.points if spec.scale.points is not None else points
            xs, ys = ((high, low), (full, 0.0)) if high < low else ((low, high), (0.0, full))
            if high == low:  # a switch: all points below the limit
                return "scale", self._switch(slot, divisor, low, full, self.quantities[facts[0]]), facts
            return "scale", self._emit("curve", [slot], x=xs, y=ys, divisor=divisor), facts
        if spec.curve is not None:
            slot, divisor, facts = self._input(spec.curve, node)
            xs, ys = zip(*spec.curve.through, strict=True)
            return "curve", self._emit("curve", [slot], x=xs, y=ys, divisor=divisor), facts
        if spec.bands is not None:
            slot, divisor, facts = self._input(spec.bands, node)
            limits = spec.bands.limits
            if spec.bands.on_limit == "lower":
                limits = [float(np.nextafter(limit, np.inf)) for limit in limits]
            values = tuple(spec.bands.values)
            return (
                "bands",
                self._emit("steps", [slot], thresholds=tuple(limits), values=values, divisor=divisor),
                facts,
            )
        if spec.lookup is not None:
            fact = self._fact_slot(spec.lookup.fact, node)
            values = tuple(spec.lookup.points[word] for word in self.quantities[fact].categories)
            return "lookup", self._words(fact, values), (fact,)
        if spec.pass_fail is not None:
            slot, divisor, facts = self._input(spec.pass_fail, node)
            full = spec.pass_fail.points if spec.pass_fail.points is not None else points
            flag = self._compare(spec.pass_fail, slot, divisor, self.quantities[facts[0]], node)
            otherwise = spec.pass_fail.otherwise
            return (
                "pass_fail",
                self._emit("steps", [flag], thresholds=(0.5,), values=(otherwise, full), divisor=1.0),
                facts,
            )
        assert spec.given is not None
        slot, divisor, facts = self._input(spec.given, node)
        slot = self._emit("linear", [slot], weights=(1.0 / divisor,), constant=0.0)
        return "given", self._emit("clip", [slot], least=0.0, most=points), facts

    def _switch(self, slot: int, divisor: float, limit: float, points: float, quantity: Quantity) -> int:
        values = (0.0, points) if quantity.better == "higher" else (points, 0.0)
        return self._emit("steps", [slot], thresholds=(limit,), values=values, divisor=divisor)

    def _words(self, slot: int, values: tuple[float, ...]) -> int:
        thresholds = tuple(i + 0.5 for i in range(len(values) - 1))
        return self._emit("steps", [slot], thresholds=thresholds, values=values, divisor=1.0)

    def _risk(self, risk: schema.Risk, slot: int, divisor: float) -> int:
        if risk.form == "lognormal":
            return self._emit(
                "risk_lognormal", [slot], mean=risk.mean, deviation=risk.deviation, divisor=divisor
            )
        if risk.form == "weibull":
            return self._emit(
                "risk_weibull",
                [slot],
                scale=risk.scale,
                shape=risk.shape,
                location=risk.location,
                divisor=divisor,
            )
        transform = (
            "logarithm" if risk.log_above is not None else "power" if risk.power is not None else "none"
        )
        return self._emit(
            "risk_logistic",
            [slot],
            intercept=risk.intercept,
            slope=risk.slope,
            power=1.0 if risk.power is None else risk.power,
            origin=risk.log_above or 0.0,
            transform=transform,
            divisor=divisor,
        )

    # -- conditions ----------------------------------------------------------------------------------------

    def _compare(
        self,
        rule: schema.Condition | schema.PassFail,
        slot: int,
        divisor: float,
        quantity: Quantity | None,
        node: Node,
    ) -> int:
        least, most = -np.inf, np.inf
        if rule.equals is not None:
            categories = quantity.categories if quantity is not None else ()
            if rule.equals not in categories:
                kind = vocabulary().kinds["value"]
                raise InputError(node.place, "rating.unknown_word", word=rule.equals, kind=kind)
            least = most = float(categories.index(rule.equals))
        if rule.at_least is not None:
            least = rule.at_least
        if rule.above is not None:
            least = float(np.nextafter(rule.above, np.inf))
        if rule.at_most is not None:
            most = rule.at_most
        if rule.below is not None:
            most = float(np.nextafter(rule.below, -np.inf))
        return self._emit("compare", [slot], least=least, most=most, divisor=divisor)

    def _chosen(self, choice: schema.Choose, node: Node, points: float) -> tuple[str, int, tuple[int, ...]]:
        by = self._fact_slot(choice.by, node)
        cases, facts = [], [by]
        for word in self.quantities[by].categories:
            if word not in choice.cases:
                raise InputError(node.place, "rating.case_missing", word=word, fact=choice.by)
            _, slot, used = self.leaf(choice.cases[word], node, points)
            cases.append(slot)
            facts.extend(used)
        return "choose", self._emit("choose", [by, *cases]), tuple(dict.fromkeys(facts))

    def condition(self, condition: schema.Condition, node: Node) -> tuple[int, tuple[int, ...]]:
        """Compile a condition to a slot that is 1 where it holds; returns it with the facts it uses."""
        if condition.negate is not None:
            slot, facts = self.condition(condition.negate, node)
            return self._emit("linear", [slot], weights=(-1.0,), constant=1.0), facts
        for kernel, group in (("minimum", condition.all), ("maximum", condition.any)):
            if group is not None:
                compiled = [self.condition(item, node) for item in group]
                facts = tuple(dict.fromkeys(fact for _, some in compiled for fact in some))
                return self._emit(kernel, [slot for slot, _ in compiled]), facts
        if condition.node is not None:
            slot = self.score(condition.node, node)
            return self._compare(condition, slot, 1.0, None, node), ()
        if condition.stars_of is not None:
            slot = self._outcome_of(condition.stars_of, node).slot
            return self._compare(condition, slot, 1.0, None, node), ()
        assert condition.fact is not None
        fact = self._fact_slot(condition.fact, node)
        divisor = self._divisor(fact, condition.unit, condition.take, node)
        return self._compare(condition, fact, divisor, self.quantities[fact], node), (fact,)

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
        kind, combined, parts, facts = self._value(node)
        value, steps, more = self._adjusted(node, combined)
        applies = None
        if node.spec.applies_when is not None:
            applies, flags = self.condition(node.spec.applies_when, node)
            more = (*more, *flags)
        every = tuple(dict.fromkeys((*facts, *more)))
        plan = NodePlan(node, kind, combined, value, parts, steps, None, every, applies, facts)
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
        return self._emit("linear", [plan.value], weights=(-1.0,), constant=plan.node.maximum)

    def _value(self, node: Node) -> tuple[str, int, tuple[tuple[str, int, float], ...], tuple[int, ...]]:
        spec = node.spec
        if spec.open:
            slot = self._fact_slot(f"{GIVEN}{node.path}", node)
            return "open", slot, (), (slot,)
        if spec.compensate is not None:
            return self._compensated(spec.compensate, node)
        if spec.combine is None:
            kind, slot, used = self.leaf(spec, node, node.maximum)
            return kind, slot, (), used
        paths = [child.path for child in node.children] or list(spec.of)
        plans = [self.node(path, node) for path in paths]
        return self._combined(node, spec.combine, plans)

    def _combined(
        self, node: Node, combine: schema.Combine, plans: list[NodePlan]
    ) -> tuple[str, int, tuple[tuple[str, int, float], ...], tuple[int, ...]]:
        spec = node.spec
        slots = [plan.value for plan in plans]
        losing = node.counts != "points"
        weights = [1.0] * len(plans)
        if combine == "demerits":
            slots = [self._demerits(plan, node) for plan in plans]
            out = self._emit("linear", slots, weights=tuple(weights), constant=0.0)
        elif combine in ("sum", "mean", "weighted", "share"):
            given = spec.weights or {}
            if combine == "weighted":
                weights = [given[plan.node.key] for plan in plans]
            total = spec.over if spec.over is not None else sum(weights)
            if combine == "share":
                weights = [given.get(plan.node.key, 1.0) for plan in plans]
            flags = [plan.applies for plan in plans]
            if any(flag is not None for flag in flags) or combine == "share":
                return self._share(node, combine, plans, weights)
            if combine != "sum":
                weights = [weight / total for weight in weights]
            out = self._emit("linear", slots, weights=tuple(weights), constant=0.0)
        elif combine == "joint_risk":
            out = self._emit("joint_risk", slots)
        elif combine == "best":
            out = self._emit("best_of", slots, count=spec.best or 1)
        else:
            if not losing:
                weights = [node.maximum / plan.node.maximum for plan in plans]
                slots = [
                    slot if weight == 1.0 else self._emit("linear", [slot], weights=(weight,), constant=0.0)
                    for slot, weight in zip(slots, weights, strict=True)
                ]
            out = self._worst(plans, slots, losing, node)
        parts = tuple(
            (plan.node.path, slot, weight) for plan, slot, weight in zip(plans, slots, weights, strict=True)
        )
        return combine, out, parts, ()

    def _compensated(
        self, rule: schema.Compensate, node: Node
    ) -> tuple[str, int, tuple[tuple[str, int, float], ...], tuple[int, ...]]:
        by = self._fact_slot(rule.by, node)
        words = self.quantities[by].categories
        missing = [word for word in words if len(rule.offsets.get(word, ())) != len(rule.of)]
        if missing or len(rule.of) != 3:
            raise InputError(node.place, "rating.case_missing", word=", ".join(missing) or "of", fact=rule.by)
        slots = [self.score(path, node) for path in rule.of]
        offsets = tuple(offset for word in words for offset in rule.offsets[word])
        out = self._emit("compensate", [*slots, by], offsets=offsets, move=rule.move)
        return "compensate", out, (), (by,)

    def _worst(self, plans: list[NodePlan], slots: list[int], losing: bool, node: Node) -> int:
        if all(plan.applies is None for plan in plans):
            return self._emit("maximum" if losing else "minimum", slots)
        return self._emit(
            "worst_that_applies",
            [*slots, *self._flags(plans)],
            losing="yes" if losing else "no",
            default=0.0 if losing else node.maximum,
        )

    def _flags(self, plans: list[NodePlan]) -> list[int]:
        """Return for each node the slot that is 1 where it applies."""
        always = self._emit("linear", [plans[0].value], weights=(0.0,), constant=1.0)
        return [always if plan.applies is None else plan.applies for plan in plans]

    def _share(
        self, node: Node, combine: str, plans: list[NodePlan], weights: list[float]
    ) -> tuple[str, int, tuple[tuple[str, int, float], ...], tuple[int, ...]]:
        flags = self._flags(plans)
        values = [plan.value for plan in plans]
        maxima = [1.0 if node.counts == "risk" else plan.node.maximum for plan in plans]
        out = self._emit(
            "share", [*values, *flags], weights=tuple(weights), maxima=tuple(maxima), points=node.maximum
        )
        parts = tuple(
            (plan.node.path, flag, weight) for plan, flag, weight in zip(plans, flags, weights, strict=True)
        )
        return "share", out, parts, ()

    def _demerits(self, plan: NodePlan, node: Node) -> int:
        tables = node.spec.demerits or {}
        table = tables.get(plan.node.key)
        if table is None or plan.outcome is None or not plan.outcome.grades:
            raise InputError(node.place, "rating.no_demerits", path=plan.node.path)
        worst_first = tuple(reversed(plan.outcome.grades))
        return self._words(plan.outcome.slot, tuple(table[grade] for grade in worst_first))

    # -- adjustments and outcomes --------------------------------------------------------------------------

    def _adjusted(self, node: Node, slot: int) -> tuple[int, tuple[AdjustStep, ...], tuple[int, ...]]:
        steps: list[AdjustStep] = []
        facts: list[int] = []
        losing = node.counts != "points"
        for adjustment in (*requirements(node), *node.spec.adjust):
            before, when = slot, None
            if adjustment.when is not None:
                when, used = self.condition(adjustment.when, node)
                facts.extend(used)
            if adjustment.deduct is not None:
                _, amount, used = self.leaf(adjustment.deduct, node, adjustment.deduct.points or 0.0)
                facts.extend(used)
                sign = 1.0 if losing else -1.0
                changed = self._emit("linear", [slot, amount], weights=(1.0, sign), constant=0.0)
            elif adjustment.deduct_node is not None:
                sign = 1.0 if losing else -1.0
                amount = self.score(adjustment.deduct_node, node)
                changed = self._emit("linear", [slot, amount], weights=(1.0, sign), constant=0.0)
            elif adjustment.set_to is not None:
                changed = self._emit("linear", [slot], weights=(0.0,), constant=adjustment.set_to)
            elif adjustment.multiply is not None:
                changed = self._emit("linear", [slot], weights=(adjustment.multiply,), constant=0.0)
            elif adjustment.round is not None:
                changed = self._rounded(slot, adjustment.round)
            else:
                least = -np.inf if adjustment.at_least is None else adjustment.at_least
                most = np.inf if adjustment.at_most is None else adjustment.at_most
                changed = self._emit("clip", [slot], least=least, most=most)
            slot = changed if when is None else self._emit("choose", [when, slot, changed])
            steps.append(AdjustStep(adjustment, before, slot, when))
        return slot, tuple(steps), tuple(facts)

    def _outcome_of(self, path: str, node: Node) -> Outcome:
        outcome = self.node(path, node).outcome
        if outcome is None:
            raise InputError(node.place, "rating.no_outcome", path=path)
        return outcome

    def _outcome(self, spec: schema.Stars, plan: NodePlan) -> tuple[Outcome, tuple[int, ...]]:
        node = plan.node
        measure = plan.value
        if spec.divide_by is not None:
            measure = self._emit("linear", [measure], weights=(1.0 / spec.divide_by,), constant=0.0)
        if spec.round is not None:
            measure = self._rounded(measure, spec.round)
        lines, values = outcome_lines(spec, node)
        slot = self._emit("steps", [measure], thresholds=lines, values=values, divisor=1.0) if lines else None
        limits: list[int] = [] if slot is None else [slot]
        limits.extend(self._outcome_of(path, node).slot for path in spec.balance or [])
        for path, floors in minima_by_node(spec).items():
            floor_lines, best = allowed(spec, floors)
            score = self.score(path, node)
            limits.append(self._emit("steps", [score], thresholds=floor_lines, values=best, divisor=1.0))
        result = limits[0] if len(limits) == 1 else self._emit("minimum", limits)
        facts: list[int] = []
        for cap in spec.caps:
            when, used = self.condition(cap.when, node)
            facts.extend(used)
            capped = self._emit("clip", [result], least=-np.inf, most=outcome_value(spec, cap.to))
            result = self._emit("choose", [when, result, capped])
        return Outcome(spec, measure, result, lines, values, tuple(spec.grades or ())), tuple(facts)

    # -- the whole -----------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        """Compile all nodes and group their operations."""
        for path in self.protocol.nodes:
            self.node(path)
        least, most = (np.array(ends, np.float64) for ends in zip(*self.ranges, strict=True))
        order = {path: i for i, path in enumerate(self.protocol.nodes)}
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
        )


def compile_protocol(protocol: Protocol) -> Plan:
    """Compile a protocol to array operations.

    Raises
    ------
    InputError
        When a rule names a fact, word, unit or node that does not exist, or nodes depend on each other in a
        circle.
    """
    return _Compiler(protocol).plan()
