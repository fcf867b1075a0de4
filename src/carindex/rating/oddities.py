"""Which of the oddities of a programme's own calculator make a difference to a car."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from carindex.kept import kept, read_yaml
from carindex.rating.compile import compile_protocol
from carindex.rating.crash_tests import SCHEME
from carindex.rating.evaluate import Evaluation, evaluate
from carindex.rating.load import load_protocol, shipped_folder
from carindex.rating.matrices import TABLES
from carindex.rating.plan import Plan
from carindex.rating.protocol import DATA, Protocol

if TYPE_CHECKING:
    from carindex.dossier import Fact

_FILE = "oddities.yaml"
_NEAR = 1e-9


@dataclass(frozen=True)
class Touched:
    """An oddity that makes a difference to a car.

    Attributes
    ----------
    name, label
        What it is called, in the protocol's files and for people.
    nodes
        The deepest nodes whose score or outcome is another without it.
    """

    name: str
    label: Mapping[str, str]
    nodes: tuple[str, ...]


def labels_of(protocol: Protocol) -> Mapping[str, Mapping[str, str]]:
    """Return what each oddity is called, by name, from the ``oddities.yaml`` of the protocol's folders."""
    found: dict[str, Mapping[str, str]] = {}
    for layer in reversed(protocol.layers):
        found |= _labels(layer.folder)
    return found


@cache
def _labels(folder: Path) -> Mapping[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    for file in sorted(folder.rglob(_FILE)):
        entries = read_yaml(file)
        found |= {str(name): entry["label"] for name, entry in entries.items() if isinstance(entry, dict)}
    return found


def touched(evaluation: Evaluation, facts: Iterable[Fact], by_the_rules: Evaluation) -> list[Touched]:
    """Return the oddities without which, each alone, a car would be rated otherwise.

    Parameters
    ----------
    evaluation
        One car as the programme's calculator has it.
    facts
        What is known of it, however it was read.
    by_the_rules
        The same car by the rules: where they give the same, nothing is looked for.
    """
    protocol = evaluation.plan.protocol
    if not protocol.calculator:
        return []
    known = {fact.name: fact.value for fact in facts}
    different = _different(evaluation, by_the_rules, _slots(by_the_rules.plan))
    if not different:
        return []
    labels, found = labels_of(protocol), []
    for name in dict.fromkeys(oddity.name for oddity in protocol.oddities):
        paths = [oddity.path for oddity in protocol.oddities if oddity.name == name]
        if not any(_related(path, different, protocol) for path in paths):
            continue
        variant = _variant(protocol, name)
        nodes = _deepest(_different(evaluation, variant.evaluate(evaluation.plan, known), variant.slots))
        if nodes:
            found.append(Touched(name, labels.get(name, {"en": name, "zh": name}), nodes))
    return found


@dataclass(frozen=True)
class _Variant:
    """A protocol as its calculator has it without one oddity: what is needed to evaluate it and to compare scores."""

    parts: Mapping[str, Any]
    slots: Mapping[str, tuple[int, ...]]

    def evaluate(self, plan: Plan, known: Mapping[str, float]) -> Evaluation:
        plan = replace(plan, **self.parts)
        column = np.array([known.get(name, np.nan) for name in plan.facts])
        return evaluate(plan, column[:, None])


_PARTS = ("facts", "least", "most", "slots", "groups", "presence", "raws", "known_any")


def _variant(protocol: Protocol, name: str) -> _Variant:
    folder = Path(protocol.place).parent

    def make() -> _Variant:
        plan = compile_protocol(load_protocol(folder, calculator=True, without=frozenset({name})))
        return _Variant({part: getattr(plan, part) for part in _PARTS}, _slots(plan))

    return kept(f"{protocol.id}.without.{name}", make) if shipped_folder(protocol.id) == folder else make()


def _slots(plan: Plan) -> dict[str, tuple[int, ...]]:
    """Return the slots of each node's score and outcome."""
    return {
        path: (node.value,) if node.outcome is None else (node.value, node.outcome.slot)
        for path, node in plan.nodes.items()
    }


def _different(one: Evaluation, other: Evaluation, there: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Return the nodes of which one car's score or outcome is not the same."""
    return [
        path
        for path, slots in _slots(one.plan).items()
        if path not in there
        or not all(_same(one, a, other, b) for a, b in zip(slots, there[path], strict=True))
    ]


def _same(one: Evaluation, a: int, other: Evaluation, b: int) -> bool:
    pairs = ((one.low[a, 0], other.low[b, 0]), (one.high[a, 0], other.high[b, 0]))
    return all(abs(x - y) <= _NEAR or (np.isnan(x) and np.isnan(y)) or x == y for x, y in pairs)


def _deepest(paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        path
        for path in paths
        if not any(other.startswith(f"{path}/") or (not path and other) for other in paths)
    )


def _related(path: str, others: Iterable[str], protocol: Protocol) -> bool:
    """Whether a node, or one above or below it, is among others; of what nodes share, one that uses it."""
    if not path:
        return True
    if path.startswith(DATA):
        field = {SCHEME: "role", TABLES: "layer"}.get(path.removeprefix(DATA))
        return field is None or any(
            getattr(protocol.nodes[other].spec, field) is not None for other in others
        )
    return any(
        other == path or other.startswith(f"{path}/") or path.startswith(f"{other}/") for other in others
    )
