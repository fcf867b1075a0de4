"""Compile what is done to a node's score afterwards, and the stars or grade that it gives."""

from __future__ import annotations

import numpy as np

from carindex.messages import InputError
from carindex.rating import schema
from carindex.rating.asking import REPORTED, requirements
from carindex.rating.conditions import Conditions
from carindex.rating.outcomes import (
    allowed,
    at_ends,
    has_open_lines,
    minima_by_node,
    outcome_lines,
    outcome_value,
)
from carindex.rating.plan import AdjustStep, NodePlan, Outcome
from carindex.rating.protocol import Node, Protocol
from carindex.rating.reported import ReportedTests
from carindex.vocabulary import GIVEN


class Adjusting(Conditions):
    """Compiles adjustments, requirements and outcomes."""

    tests: ReportedTests

    def __init__(self, protocol: Protocol) -> None:
        super().__init__(protocol)
        self._required: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._met: dict[tuple[object, ...], tuple[int, int]] = {}

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

    def outcome_of(self, path: str, node: Node) -> Outcome:
        """Return the stars or grade of another node; one without is a mistake in the protocol."""
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
            most = max(value for path in spec.balance for value in self.outcome_of(path, node).values)
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
        slot = None
        if lines:
            seen = self.as_seen(measure)
            slot = self.emit("steps", [seen], thresholds=lines, values=values, divisor=1.0)
        limits: list[int] = [] if slot is None else [slot]
        limits.extend(self.outcome_of(path, node).slot for path in spec.balance or [])
        for path, floors in minima_by_node(spec).items():
            floor_lines, best = allowed(spec, floors)
            score = self.as_seen(self.score(path, node))
            limits.append(self.emit("steps", [score], thresholds=floor_lines, values=best, divisor=1.0))
        if node.grades and not limits:  # the grade itself is what is given
            return measure, (), tuple(float(rank) for rank in range(len(node.grades)))
        return limits[0] if len(limits) == 1 else self.emit("minimum", limits), lines, values
