"""Compile conditions: comparisons of facts and scores, gates, and what else a rule may hang on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

import numpy as np

from carindex.rating import crash_tests, schema
from carindex.rating.asking import fact_name
from carindex.rating.kinds.checks import channel_lacking
from carindex.rating.leaf import LeafRules
from carindex.rating.matrices import TESTED, predicted_other_than
from carindex.rating.plan import NodePlan
from carindex.rating.protocol import Node, Protocol

if TYPE_CHECKING:
    from carindex.rating.compile import Compiler


class Conditions(LeafRules):
    """Compiles conditions; what nodes give is asked of the compiler that this is a part of."""

    def __init__(self, protocol: Protocol) -> None:
        super().__init__(protocol)
        self.nodes: dict[str, NodePlan] = {}
        self.critical: list[crash_tests.CriticalRegion] = []
        self.referenced: set[tuple[str, str, str | None]] = set()
        self._gates: dict[int, tuple[int, tuple[int, ...]]] = {}

    @property
    def compiler(self) -> Compiler:
        """The compiler that this is a part of, as what other modules compile asks for it."""
        return cast("Compiler", self)

    @abstractmethod
    def node(self, path: str, asked_by: Node | None = None) -> NodePlan:
        """Compile a node, or return what it was compiled to."""

    @abstractmethod
    def score(self, path: str, asked_by: Node) -> int:
        """Return the slot of a node's score."""

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
            score = self.as_seen(self._score_of(condition, node))
            holds = self.compare(condition, score, 1.0, None, node)
            if condition.fact is None:
                return holds, ()
            said = self.fact(condition.fact, node)
            return self.emit("choose", [self.known(said), holds, said]), (said,)
        if condition.cells is not None:
            return self._predicted_other_than(condition.cells, node)
        if condition.channel_lacking:
            return channel_lacking(self.compiler, node)
        if condition.capped is not None:
            return crash_tests.capped(self.compiler, condition, node)
        if condition.passed is not None:
            passed = [self.node(f"{node.path}/{key}", node).value for key in condition.passed]
            flags = [self.emit("compare", [slot], least=1e-9, most=np.inf, divisor=1.0) for slot in passed]
            return self.emit("minimum", flags), ()
        if condition.any_value_of is not None:
            known = self.emit("minimum", [self._any_known(path, node) for path in condition.any_value_of])
            if (
                crash_tests.scheme(self.compiler).blank == "open"
            ):  # a value that is not known yet may still be one
                known = self.emit("choose", [known, self.open_value(1.0), self.constant(1.0)])
            return known, ()
        if condition.critical_region_without_points is not None:
            return self._critical(condition, node)
        if condition.stars_of is not None:
            slot = self.compiler.outcome_of(condition.stars_of, node).slot
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
        if node.spec.role is not None and crash_tests.scheme(self.compiler).blank == "nothing":
            holds = self.emit("minimum", [holds, self.known(fact)])
        return holds, (fact,)

    def unless_known(self, slot: int, condition: schema.Condition, node: Node) -> int:
        """Return a condition that, where empty cells count for nothing, holds as long as its fact is not known."""
        if condition.fact is None or crash_tests.scheme(self.compiler).blank != "nothing":
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
                yield from predicted_other_than(self.compiler.avoidance, item.cells)
                yield from () if self.compiler.avoidance.closed else (f"{item.cells.matrix}/{TESTED}",)

    def _predicted_other_than(self, rule: schema.CellsPredicted, node: Node) -> tuple[int, tuple[int, ...]]:
        """Return the slot that is 1 where one of the cells is predicted, and other than the colour asked for."""
        if rule.never:
            return self.constant(0.0), ()
        colour = rule.predicted_other_than.lower()
        facts = [self.fact(name, node) for name in predicted_other_than(self.compiler.avoidance, rule)]
        closed = None
        if (
            not self.compiler.avoidance.closed
        ):  # what is not predicted may be, until the matrix is said to be complete
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
        slot = crash_tests.without_points(self.compiler, path, node)
        regions = [region.path for region in self.critical if region.path.startswith(f"{path}/")]
        self.referenced.update((node.path, region, condition.fact) for region in regions)
        if condition.fact is None:
            return slot, ()
        fact = self.fact(condition.fact, node)
        return self.emit("choose", [self.known(fact), slot, fact]), (fact,)
