"""Which of the oddities of a programme's own calculator make a difference to a car."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.kept import kept, read_yaml
from carindex.rating.compile import compile_protocol
from carindex.rating.crash_tests import SCHEME
from carindex.rating.evaluation import Evaluation, evaluate
from carindex.rating.kernels import Array
from carindex.rating.load import load_protocol, shipped_folder
from carindex.rating.matrices import TABLES
from carindex.rating.plan import Plan
from carindex.rating.protocol import DATA, Protocol
from carindex.rating.variants import Difference, difference, evaluate_difference

if TYPE_CHECKING:
    from carindex.dossier import Fact

_FILE = "oddities.yaml"
_NEAR = 1e-9


class Touched(msgspec.Struct, frozen=True):
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
    different = _different(
        evaluation, by_the_rules.low, by_the_rules.high, _slots(evaluation.plan, by_the_rules.plan)
    )
    if not different:
        return []
    labels, found = labels_of(protocol), []
    column = np.array([known.get(name, np.nan) for name in evaluation.plan.facts])
    base = evaluate(evaluation.plan, column[:, None])
    for name in dict.fromkeys(oddity.name for oddity in protocol.oddities):
        paths = [oddity.path for oddity in protocol.oddities if oddity.name == name]
        if not any(_related(path, different, protocol) for path in paths):
            continue
        variant = _variant(evaluation.plan, name)
        low, high = evaluate_difference(variant.what, base, known)
        nodes = _deepest(_different(evaluation, low, high, variant.slots))
        if nodes:
            found.append(Touched(name, labels.get(name, {"en": name, "zh": name}), nodes))
    return found


class _Variant(msgspec.Struct, frozen=True, eq=False):
    """A protocol as its calculator has it without one oddity: what is computed otherwise, and the slots of scores."""

    what: Difference
    slots: NDArray[np.intp]


def _variant(base: Plan, name: str) -> _Variant:
    protocol = base.protocol
    folder = Path(protocol.place).parent

    def make() -> _Variant:
        plan = compile_protocol(load_protocol(folder, calculator=True, without=frozenset({name})))
        return _Variant(difference(plan, base), _slots(base, plan))

    return kept(f"{protocol.id}.without.{name}", make) if shipped_folder(protocol.id) == folder else make()


_NO_SLOT = -1


def _slots(names: Plan, plan: Plan) -> NDArray[np.intp]:
    """Return the slots of score and outcome of each node of ``names`` in a plan, shape ``(nodes, 2)``."""
    found = np.full((len(names.nodes), 2), _NO_SLOT, np.intp)
    for row, path in zip(found, names.nodes, strict=True):
        node = plan.nodes.get(path)
        if node is not None:
            row[0] = node.value
            row[1] = _NO_SLOT if node.outcome is None else node.outcome.slot
    return found


def _different(one: Evaluation, low: Array, high: Array, there: NDArray[np.intp]) -> list[str]:
    """Return the nodes of which one car's score or outcome is not the same, or that are not there."""
    here = _slots(one.plan, one.plan)
    with np.errstate(invalid="ignore"):
        same = (here == _NO_SLOT) & (there == _NO_SLOT)
        both = (here != _NO_SLOT) & (there != _NO_SLOT)
        pairs = ((one.low[here, 0], low[there, 0]), (one.high[here, 0], high[there, 0]))
        equal = [(np.abs(a - b) <= _NEAR) | (np.isnan(a) & np.isnan(b)) | (a == b) for a, b in pairs]
    same |= both & equal[0] & equal[1]
    return [path for path, alike in zip(one.plan.nodes, same.all(axis=1), strict=True) if not alike]


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
