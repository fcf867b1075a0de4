"""A protocol that differs a little from another: only what differs is computed, the rest is taken over.

Two compiled protocols number their slots each in its own way. What a slot holds is told by how it comes about: the
fact, or the operation with its parameters and what its inputs hold. Slots that come about in the same way hold the
same values for the same car.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.rating.evaluation import Evaluation, run_groups
from carindex.rating.kernels import Array
from carindex.rating.plan import Group, Plan


class Difference(msgspec.Struct, frozen=True, eq=False):
    """What must be computed of a protocol where another one has been evaluated.

    Attributes
    ----------
    slots
        Number of slots.
    same
        Pairs (slot here, slot there) that hold the same, shape ``(k, 2)``.
    facts
        Facts that the other protocol does not ask for: name, slot, least and greatest value.
    present, raw, known_any
        Slots that tell which facts are known, and those that are a fact as it was given.
    groups
        Operations whose results are others, in the order in which they run.
    """

    slots: int
    same: NDArray[np.intp]
    facts: tuple[tuple[str, int, float, float], ...]
    present: tuple[tuple[str, int], ...]
    raw: tuple[tuple[str, int], ...]
    known_any: tuple[tuple[tuple[str, ...], int], ...]
    groups: tuple[Group, ...]


def difference(plan: Plan, base: Plan) -> Difference:
    """Return what must be computed of a protocol where ``base`` has been evaluated."""
    there = {origin: slot for slot, origin in _origins(base).items()}
    mine = _origins(plan)
    same = {slot: there[origin] for slot, origin in mine.items() if origin in there}
    names = plan.facts
    return Difference(
        plan.slots,
        np.array(sorted(same.items()), np.intp).reshape(-1, 2),
        tuple(
            (name, i, float(plan.least[i]), float(plan.most[i]))
            for i, name in enumerate(names)
            if i not in same
        ),
        tuple((names[fact], int(slot)) for fact, slot in plan.presence if int(slot) not in same),
        tuple((names[fact], int(slot)) for fact, slot in plan.raws if int(slot) not in same),
        tuple(
            (tuple(names[fact] for fact in facts), slot) for slot, facts in plan.known_any if slot not in same
        ),
        tuple(_without(group, same) for group in plan.groups if not _outputs(group) <= same.keys()),
    )


def evaluate_difference(
    what: Difference, base: Evaluation, known: Mapping[str, float]
) -> tuple[Array, Array]:
    """Return lower and upper value of every slot of a protocol for one car, shape ``(slots, 1)``.

    Parameters
    ----------
    what
        What differs from the protocol that has been evaluated.
    base
        That evaluation, of one car.
    known
        The facts of the same car.
    """
    low = np.full((what.slots, 1), np.nan)
    high = low.copy()
    here, there = what.same[:, 0], what.same[:, 1]
    low[here], high[here] = base.low[there], base.high[there]
    for name, slot, least, most in what.facts:
        low[slot], high[slot] = known.get(name, least), known.get(name, most)
    for name, slot in what.present:
        low[slot] = high[slot] = name in known
    for name, slot in what.raw:
        low[slot] = high[slot] = known.get(name, np.nan)
    for names, slot in what.known_any:
        low[slot] = high[slot] = any(name in known for name in names)
    run_groups(what.groups, low, high, {})
    return low, high


def _origins(plan: Plan) -> dict[int, bytes]:
    """Return how each slot comes about, as a digest."""
    origins: dict[int, bytes] = {}

    def put(slot: int, *what: object) -> None:
        origins[int(slot)] = hashlib.sha256(repr(what).encode()).digest()

    for i, name in enumerate(plan.facts):
        put(i, "fact", name, float(plan.least[i]), float(plan.most[i]))
    for fact, slot in plan.presence:
        put(slot, "known", plan.facts[fact])
    for fact, slot in plan.raws:
        put(slot, "given", plan.facts[fact])
    for slot, facts in plan.known_any:
        put(slot, "any known", [plan.facts[fact] for fact in facts])
    tables: dict[int, bytes] = {}
    for group in plan.groups:
        for member in range(len(group.inputs)):
            inputs = [origins[int(slot)] for slot in np.ravel(group.inputs[member])]
            said = [
                (name, _digest(group, value, member, tables))
                for name, value in sorted(group.parameters.items())
            ]
            for number, slot in enumerate(np.ravel(group.outputs[member])):
                put(slot, group.kernel, inputs, said, number)
    return origins


def _digest(group: Group, value: Any, member: int, tables: dict[int, bytes]) -> object:  # noqa: ANN401 - any parameter
    if _one_each(group, value):
        return value[member].shape, value[member].tobytes()
    if isinstance(value, str | int | float):
        return value
    if id(value) not in tables:
        tables[id(value)] = hashlib.sha256(pickle.dumps(value, protocol=5)).digest()
    return tables[id(value)]


def _one_each(group: Group, value: object) -> bool:
    """Whether a parameter has an entry for each operation of a group; others are a word or a table for all."""
    return isinstance(value, np.ndarray) and len(value) == len(group.inputs)


def _outputs(group: Group) -> set[int]:
    return set(np.ravel(group.outputs).tolist())


def _without(group: Group, same: Mapping[int, int]) -> Group:
    """Return a group without the operations all of whose results are taken over."""
    outputs = group.outputs.reshape(len(group.inputs), -1)
    kept: Sequence[int] = [
        i for i, row in enumerate(outputs.tolist()) if not all(slot in same for slot in row)
    ]
    parameters = {
        name: value[kept] if _one_each(group, value) else value for name, value in group.parameters.items()
    }
    return Group(group.kernel, group.inputs[kept], group.outputs[kept], parameters)
