"""A compiled protocol: which slots hold what, and the operations that fill them.

Every fact, every node's value and every outcome has a *slot*: one row of a ``(slots, cars)`` array. An
operation reads some slots and fills one. Operations of the same kind on the same level, with the same number
of inputs, are one group and run as one array operation, whatever nodes they belong to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.rating import schema
from carindex.rating.kernels import Array
from carindex.rating.protocol import Node, Protocol
from carindex.vocabulary import Quantity


class Group(msgspec.Struct, frozen=True):
    """Operations of one kind that run together: inputs ``(g, k)``, outputs ``(g,)`` or ``(g, m)``."""

    kernel: str
    inputs: NDArray[np.intp]
    outputs: NDArray[np.intp]
    parameters: Mapping[str, Any]


class AdjustStep(msgspec.Struct, frozen=True):
    """One adjustment of a node: the slots of the value before and after it, of its condition, the facts it reads."""

    adjustment: schema.Adjustment
    before: int
    after: int
    when: int | None = None
    facts: tuple[int, ...] = ()


class Outcome(msgspec.Struct, frozen=True):
    """Stars or grade of a node: slot of the measure, slot of the outcome, names of the outcomes."""

    spec: schema.Stars
    measure: int
    slot: int
    lines: tuple[float, ...]
    values: tuple[float, ...]
    grades: tuple[str, ...]

    def name(self, value: float) -> str | int | float | None:
        """Return stars as a number, a grade as its word, ``None`` for NaN."""
        if not np.isfinite(value):
            return None
        if self.grades:
            return self.grades[len(self.grades) - 1 - round(value)]
        return int(value) if float(value).is_integer() else value


class Place(msgspec.Struct, frozen=True):
    """What decides a colour at one of many places: facts, the slot and the names of the colour, its limits."""

    facts: tuple[int, ...]
    colour: int
    colours: tuple[Mapping[str, str], ...]
    limits: Mapping[str, str] | None = None


class Answers(msgspec.Struct, frozen=True):
    """What decides what one of many places is worth: facts, words that are no cause, what a value must exceed."""

    facts: tuple[int, ...]
    fine: tuple[str, ...] = ()
    limits: tuple[tuple[str, float], ...] = ()


class Detail(msgspec.Struct, frozen=True):
    """One of many places at which a rule can lose points.

    Attributes
    ----------
    label
        What it is called.
    slot
        Slot of the points lost there.
    place
        What decides there, as far as the rule can say.
    """

    label: Mapping[str, str]
    slot: int
    place: Place | Answers | None = None


class NodePlan(msgspec.Struct, frozen=True):
    """How one node comes about, in slots: what the explanation needs to follow the points.

    ``rule_facts`` are the facts that the node's own rule reads, ``facts`` also those of its adjustments,
    conditions and caps. ``details`` break down what the node's own rule loses, as far as it can say. ``greatest`` is
    the slot of the greatest score where conditions change it.
    """

    node: Node
    kind: str
    combined: int
    value: int
    parts: tuple[tuple[str, int, float], ...] = ()
    steps: tuple[AdjustStep, ...] = ()
    outcome: Outcome | None = None
    facts: tuple[int, ...] = ()
    applies: int | None = None
    rule_facts: tuple[int, ...] = ()
    details: tuple[Detail, ...] = ()
    greatest: int | None = None

    def most(self, values: Array) -> Array | float:
        """Return the greatest score: a number, or one for each car where conditions change it."""
        return self.node.maximum if self.greatest is None else values[self.greatest]


@dataclass(frozen=True)
class Plan:
    """A compiled protocol.

    Attributes
    ----------
    protocol
        What was compiled.
    facts
        Names of the facts it asks for, in the order of their slots (slot ``i`` is fact ``i``).
    quantities
        Quantity of each fact.
    least, most
        Interval of each fact while it is missing, shape ``(facts,)``.
    slots
        Number of slots.
    groups
        Operations in the order in which they run.
    nodes
        Plan of each node by path, children before their parents.
    presence
        Pairs (fact, slot), shape ``(k, 2)``: slots that are 1 where the fact is known and 0 where it is missing.
    named
        Slots that reports and pictures ask for by name.
    referenced
        A condition or deduction of the first node looks at the second, unless the fact named third is known.
    asked_if, asked_unless
        Facts that are asked for only if, or only unless, another one is known.
    raws
        Pairs (fact, slot), shape ``(k, 2)``: slots that are the fact as it was given, NaN where it is missing.
    """

    protocol: Protocol
    facts: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    least: Array
    most: Array
    slots: int
    groups: tuple[Group, ...]
    nodes: Mapping[str, NodePlan]
    presence: NDArray[np.intp] = field(default_factory=lambda: np.zeros((0, 2), np.intp))
    named: Mapping[str, int] = field(default_factory=dict)
    raws: NDArray[np.intp] = field(default_factory=lambda: np.zeros((0, 2), np.intp))
    referenced: frozenset[tuple[str, str, str | None]] = frozenset()
    asked_if: Mapping[int, int] = field(default_factory=dict)
    asked_unless: Mapping[int, int] = field(default_factory=dict)
    known_any: tuple[tuple[int, NDArray[np.intp]], ...] = ()

    @cached_property
    def values(self) -> NDArray[np.intp]:
        """Slots of the values of all nodes."""
        return np.array([node.value for node in self.nodes.values()], np.intp)

    @cached_property
    def results(self) -> NDArray[np.intp]:
        """Slots of the values and of the outcomes of all nodes."""
        outcomes = [node.outcome.slot for node in self.nodes.values() if node.outcome is not None]
        return np.concatenate([self.values, np.array(outcomes, np.intp)])

    @cached_property
    def headline(self) -> tuple[str, ...]:
        """Nodes whose stars or grades are what the programme publishes of a car: the root, or the topmost that have."""
        found: list[str] = []

        def look(node: Node) -> None:
            if self.nodes[node.path].outcome is not None:
                found.append(node.path)
                return
            for child in node.children:
                if child.path in self.nodes:
                    look(child)

        look(self.protocol.root)
        return tuple(found)

    @cached_property
    def idle(self) -> frozenset[int]:
        """Facts that count in nothing as yet: only rules that are not known, or nodes below such, would read them."""
        used: set[int] = set()
        for node_plan in self.nodes.values():
            if not self.below_open(node_plan.node.path):
                used.update(node_plan.rule_facts if node_plan.node.spec.reads else node_plan.facts)
        return frozenset(range(len(self.facts))) - used

    def below_open(self, path: str) -> bool:
        """Whether a node stands below one whose rule is not known."""
        parts = path.split("/") if path else []
        above = [""] * bool(parts) + ["/".join(parts[:end]) for end in range(1, len(parts))]
        known = self.protocol.nodes
        return any(
            known[one].spec.open for one in above if one in known and known[one].beside == known[path].beside
        )

    def facts_below(self, path: str) -> tuple[int, ...]:
        """Return the slots of all facts that a node or anything below it asks for, without repetition."""
        found: dict[int, None] = {}
        plan = self.nodes[path]
        found.update(dict.fromkeys(plan.facts))
        for part, _, _ in plan.parts:
            found.update(dict.fromkeys(self.facts_below(part)))
        return tuple(found)
