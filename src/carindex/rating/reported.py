"""Tests that reports state as a programme's own calculator counts them: gaps filled, then the rules between stages.

A test without a score takes that of the test above it in the list of all tests; a stage of which nothing is known has
no report, and each of its tests counts nothing. Rules between stages come after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from carindex.rating import schema
from carindex.rating.plan import AdjustStep, NodePlan
from carindex.vocabulary import GIVEN

if TYPE_CHECKING:
    from carindex.rating.compile import Compiler
    from carindex.rating.protocol import Node, Protocol

_FILLED = schema.Adjustment(
    label={
        "en": "A test without a score: that of the test above it",
        "zh": "测试项无得分：取上一测试项的得分",
    }
)
_NO_REPORT = schema.Adjustment(label={"en": "No report of this stage", "zh": "该阶段没有报告"}, set_to=0.0)

_DEPTH = 3
"""Parts of a test's path: stage, element, test."""


def tests_of(protocol: Protocol) -> list[str]:
    """Return the paths of the nodes that reports list as tests, in their order."""
    nodes = protocol.nodes.values()
    return [node.path for node in nodes if node.reported and node.path.count("/") == _DEPTH - 1]


@dataclass
class ReportedTests:
    """The tests of a protocol while it is compiled: what each counts where its calculator fills gaps."""

    compiler: Compiler
    tests: Sequence[str]
    facts_below: dict[str, list[int]] = field(default_factory=dict)
    filled: dict[str, tuple[int, tuple[AdjustStep, ...]]] = field(default_factory=dict)
    counted: dict[str, NodePlan] = field(default_factory=dict)

    def __contains__(self, path: str) -> bool:
        return path in self.tests

    def note_fact(self, fact: int, node: Node) -> None:
        """Remember that something below a stage, or a test, asks for a fact."""
        parts = node.path.split("/")
        for path in dict.fromkeys((parts[0], "/".join(parts[:_DEPTH]))):
            if path != node.path or len(parts) > 1:
                self.facts_below.setdefault(path, []).append(fact)

    def count(self, plan: NodePlan) -> NodePlan:
        """Return the plan of a test with the score that counts; any other node as it is."""
        path = plan.node.path
        if path not in self.tests:
            return plan
        if path not in self.counted:
            slot, steps = self._filled(path)
            across: list[AdjustStep] = []
            facts: list[int] = []
            for adjustment in plan.node.spec.adjust:
                if adjustment.across:
                    slot = self.compiler.step(adjustment, plan.node, slot, across, facts)
            self.compiler.publish(f"{path}#counted", slot)
            self.counted[path] = replace(
                plan,
                value=slot,
                steps=(*plan.steps, *steps, *across),
                facts=tuple(dict.fromkeys((*plan.facts, *facts))),
            )
        return self.counted[path]

    def _filled(self, path: str) -> tuple[int, tuple[AdjustStep, ...]]:
        """Return the slot of a test's score with gaps filled, and the steps to it."""
        if path in self.filled:
            return self.filled[path]
        compiler, place = self.compiler, self.tests.index(path)
        plan = compiler.node(path)
        stage = path.partition("/")[0]
        of_stage = [one for one in self.tests if one.partition("/")[0] == stage]
        reported = compiler.any_known([compiler.fact(f"{GIVEN}{one}", plan.node) for one in of_stage])
        known = compiler.any_known(self.facts_below.get(path, ()))
        # a report that states other tests has nothing to say of this one: its score is blank, not what nothing gives
        blank = compiler.emit("choose", [known, compiler.open_value(plan.node.maximum), plan.value])
        value = compiler.emit("choose", [reported, plan.value, blank])
        anything = compiler.any_known(self.facts_below.get(stage, ()))
        stated = compiler.emit("choose", [anything, compiler.constant(0.0), value])
        steps = [AdjustStep(_NO_REPORT, plan.value, stated)]
        slot = stated
        if place:
            above, _ = self._filled(self.tests[place - 1])
            slot = compiler.emit("row_above", [stated, above])
            steps.append(AdjustStep(_FILLED, stated, slot))
        self.filled[path] = (slot, tuple(steps))
        return self.filled[path]
