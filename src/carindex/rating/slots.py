"""Slots of a protocol while it is compiled: facts first, then what every operation fills."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from carindex.messages import InputError
from carindex.rating.asking import cut_off, fact_name
from carindex.rating.grouping import Operation
from carindex.rating.protocol import Node, Protocol
from carindex.vocabulary import GIVEN, FactName, InvalidFactNameError, Quantity, vocabulary


class SlotTable:
    """Gives out slots and keeps the operations that fill them."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.facts: dict[str, int] = {}
        self.quantities: list[Quantity] = []
        self.ranges: list[tuple[float, float]] = []
        self.operations: list[Operation] = []
        self.level: dict[int, int] = {}
        self.slots = 0
        self.presence: dict[int, int] = {}
        self.raws: dict[int, int] = {}
        self.known_any: dict[tuple[int, ...], int] = {}
        self.named: dict[str, int] = {}
        self.seen: dict[int, int] = {}

    def fact(self, name: str, node: Node) -> int:
        """Return the slot of a fact, by its full name or as a node's rule calls it."""
        full = fact_name(name, node)
        if full not in self.facts:
            if full.startswith(GIVEN):
                owner = self.protocol.nodes.get(full.removeprefix(GIVEN))
                if owner is None:
                    raise InputError(node.place, "rating.unknown_node", path=full.removeprefix(GIVEN))
                quantity = self._stated(owner)
            else:
                try:
                    quantity = vocabulary().quantities[FactName.parse(full).quantity]
                except InvalidFactNameError as error:
                    kind = vocabulary().kinds[error.kind]
                    raise InputError(node.place, "rating.unknown_word", word=error.word, kind=kind) from None
            # slots of facts come first; a rule that reads one names it before anything is compiled
            assert self.slots == len(self.facts), full
            self.facts[full] = self._slot(0)
            self.quantities.append(quantity)
            categories = quantity.categories
            if full.startswith(GIVEN):  # what is missing can give no more than what counts
                self.ranges.append((0.0, self.protocol.nodes[full.removeprefix(GIVEN)].maximum))
            else:
                self.ranges.append((0.0, len(categories) - 1.0) if categories else quantity.range)
        return self.facts[full]

    def _stated(self, owner: Node) -> Quantity:
        """Return what is stated of a node: its score, or its grade as a word."""
        words = list(reversed(owner.grades))
        names = self.protocol.scale(owner.spec.stars).names if owner.spec.stars is not None else {}
        return Quantity(
            label=owner.label,
            unit="1",
            better="higher",
            range=(0.0, inf if cut_off(owner) else owner.maximum),
            kind="category" if words else "number",
            values=words,
            also={text: grade for grade, texts in names.items() for text in texts.values()},
        )

    def facts_of_cells(self, test: str, cells: Sequence[str], quantity: str, node: Node) -> None:
        """Give the same quantity of many cells of a test their slots; what their names share is checked once."""
        known = None
        for cell in cells:
            full = f"{test}/{cell}/{quantity}"
            if full in self.facts:
                continue
            if known is None:
                known = self.quantities[self.fact(full, node)], self.ranges[-1]
                continue
            assert self.slots == len(self.facts), full
            self.facts[full] = self._slot(0)
            self.quantities.append(known[0])
            self.ranges.append(known[1])

    def _slot(self, level: int) -> int:
        self.level[self.slots] = level
        self.slots += 1
        return self.slots - 1

    def emit(self, kernel: str, inputs: Sequence[int], **parameters: Any) -> int:  # noqa: ANN401
        """Add an operation on slots and return the slot that it fills."""
        level = 1 + max((self.level[i] for i in inputs), default=0)
        output = self._slot(level)
        self.operations.append(Operation(kernel, tuple(inputs), output, parameters, level))
        return output

    def known(self, fact: int) -> int:
        """Return the slot that is 1 where a fact is known, 0 where it is missing."""
        if fact not in self.presence:
            self.presence[fact] = self._slot(0)
        return self.presence[fact]

    def any_known(self, facts: Sequence[int]) -> int:
        """Return the slot that is 1 where at least one of some facts is known."""
        key = tuple(dict.fromkeys(facts))
        if key not in self.known_any:
            self.known_any[key] = self._slot(0)
        return self.known_any[key]

    def raw(self, fact: int) -> int:
        """Return the slot that is a fact as it was given, NaN where it is missing."""
        if fact not in self.raws:
            self.raws[fact] = self._slot(0)
        return self.raws[fact]

    def emit_many(
        self,
        kernel: str,
        inputs: Sequence[int],
        outputs: int,
        **parameters: Any,  # noqa: ANN401
    ) -> tuple[int, ...]:
        """Add an operation that fills several slots and return them."""
        level = 1 + max((self.level[i] for i in inputs), default=0)
        filled = tuple(self._slot(level) for _ in range(outputs))
        self.operations.append(Operation(kernel, tuple(inputs), filled, parameters, level))
        return filled

    def constant(self, value: float) -> int:
        """Return a slot that is the same for every car."""
        return self.emit("clip", [0], least=value, most=value)

    def nothing(self) -> int:
        """Return a slot that is NaN for every car: a fact that nobody gives."""
        return self.constant(float("nan"))

    def publish(self, name: str, slot: int) -> None:
        """Give a slot a name, so that reports and pictures find what a rule works out beside its score."""
        self.named[name] = slot
