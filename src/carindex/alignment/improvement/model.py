"""One car, its goals in one or more protocols, its levers: what is put together before anything is searched."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from carindex.alignment.improvement.blocks import Block, joined, put, with_options
from carindex.alignment.improvement.goals import Goal
from carindex.alignment.improvement.levers import (
    Effort,
    Lever,
    best_of,
    check_names,
    key_of,
    number_lever,
    word_lever,
)
from carindex.alignment.improvement.slicing import Slice
from carindex.alignment.improvement.structure import Analysis, Interval, Part, analysed, limits_of
from carindex.dossier import Fact
from carindex.messages import Finding, InputError
from carindex.rating.evaluation import evaluate
from carindex.rating.kernels import Array
from carindex.rating.missing import unknown_facts
from carindex.rating.plan import Plan
from carindex.rating.rating import facts_of
from carindex.vocabulary import GIVEN, Quantity

Values = Mapping[str, float]
_STATES = 6


@dataclass(frozen=True)
class Known:
    """What one protocol knows of the car: facts, those missing that matter or could, scores put in from outside."""

    plan: Plan
    base: Array
    facts: Mapping[str, Fact]
    missing: tuple[str, ...]
    over: Mapping[int, float]
    findings: tuple[Finding, ...]


def known_of(plan: Plan, facts: Iterable[Fact]) -> Known:
    """Return what a protocol knows of a car."""
    column = facts_of(plan, facts)
    stated = {path: fact.value for path, fact in column.stated.items()}
    # what is missing may matter only once something else is better: the worst of several is another one then
    better = [
        value if math.isnan(value) else best_of(name, quantity, value)
        for name, quantity, value in zip(plan.facts, plan.quantities, column.values.tolist(), strict=True)
    ]
    unknown: dict[int, None] = {}
    for values in (column.values, np.array(better)):
        evaluation = evaluate(plan, values[:, None], column.elsewhere)
        unknown |= dict.fromkeys(unknown_facts(evaluation, column.known, stated))
    missing = tuple(plan.facts[i] for i in unknown)
    over = {}
    for path, score in column.elsewhere.items():
        node = plan.nodes[path]
        over[node.value] = score if node.node.counts == "points" else node.node.maximum - score
    return Known(plan, column.values, column.known, missing, over, tuple(column.impossible))


@dataclass(frozen=True)
class Model:
    """Parts (one a protocol), and what can be moved in them."""

    parts: tuple[Part, ...]
    known: tuple[Known, ...]
    levers: Mapping[str, Lever]

    def reached(self, values: Sequence[Values]) -> Array:
        """Return which sets of new values surely reach all goals, ``(n,)``."""
        every = [put(some, self.levers) for some in values]
        out = np.ones(len(values), bool)
        for number, part in enumerate(self.parts):
            slots = [goal.slot for goal in part.goals]
            low, high = part.picked([one.get(number, {}) for one in every], slots)
            for row, goal in enumerate(part.goals):
                own = msgspec.structs.replace(goal, slot=row)
                out &= own.reached(low, high)
        return out

    def bounds(self, levers: Iterable[Lever]) -> list[tuple[Array, Array]]:
        """Return the bounds of all slots of each part over all that levers can do.

        Operations bound intervals of numbers, and facts that may be anything; those that take words as they are given
        do not bound a word that is one of some. What each of these ways gives is joined, and what the car is, what it
        is at its best, and some states in between.
        """
        levers = list(levers)
        random = np.random.default_rng(0)
        whole: list[dict[str, Interval]] = [{} for _ in range(3)]
        single: list[dict[str, float]] = [{} for _ in range(2 + _STATES)]
        for lever in levers:
            ends = lever.words or (lever.best, lever.worst)
            spread = min(ends), max(ends)
            whole[1][lever.name] = spread
            if lever.present is not None:
                whole[0][lever.name] = spread
            whole[2][lever.name] = (math.nan, math.nan) if self._raw(lever) else spread
            single[1][lever.name] = lever.words[-1] if lever.words else lever.best
            for state in single[2:]:
                if random.random() < 0.5:
                    state[lever.name] = float(random.choice(lever.words)) if lever.words else lever.best
        states = [*whole, *({name: (x, x) for name, x in state.items()} for state in single)]
        rows = {lever.name: lever.rows for lever in levers}
        found = []
        for number, part in enumerate(self.parts):
            assignments = [
                {rows[name][number]: ends for name, ends in state.items() if number in rows[name]}
                for state in states
            ]
            low, high = part.run(assignments)
            found.append((np.fmin.reduce(low, axis=1), np.fmax.reduce(high, axis=1)))
        return found

    def _raw(self, lever: Lever) -> bool:
        """Whether an operation takes a fact as it is given."""
        return any(
            number < len(self.parts) and bool(np.isin(row, self.parts[number].plan.raws[:, 0]))
            for number, row in lever.rows.items()
        )


def model_of(known: Sequence[Known], goals: Sequence[Sequence[Goal]], effort: Effort, place: str) -> Model:
    """Return the model of a car.

    Parameters
    ----------
    known
        What each protocol knows of the car.
    goals
        What is to be reached in each.
    effort
        What changes cost, what is fixed and what is coupled.
    place
        Where the efforts come from, for errors.

    Raises
    ------
    InputError
        See `carindex.alignment.improvement.levers.check_names`; also when a coupled fact is a word.
    """
    several = len(known) > 1
    parts = []
    for one, own in zip(known, goals, strict=True):
        slice_ = Slice(one.plan, [goal.slot for goal in own], one.over)
        parts.append(Part(one.plan, tuple(own), slice_, one.base, one.over))
    rows: dict[str, dict[int, int]] = {}
    quantities: dict[str, Quantity] = {}
    present: dict[str, float | None] = {}
    limits: dict[str, set[float]] = {}
    readable: dict[str, float | None] = {}
    for number, (one, part) in enumerate(zip(known, parts, strict=True)):
        lines = limits_of(part.slice)
        missing = set(one.missing)
        for row, name in enumerate(one.plan.facts):
            key = key_of(name, one.plan, several)
            value = None if math.isnan(one.base[row]) else float(one.base[row])
            readable[key] = value if value is not None else readable.get(key)
            if not part.slice.used[row] and not _raw_used(part, row):
                continue
            if value is None and name not in missing:
                continue
            ends = (0.0, float(one.plan.most[row])) if name.startswith(GIVEN) else lines.get(row, ())
            _note(rows, quantities, limits, key, number, row, one.plan.quantities[row], ends)
            present[key] = value if value is not None else present.get(key)
        for path, node_plan in one.plan.nodes.items():
            slot = node_plan.value
            if slot not in one.over or node_plan.node.counts != "points" or node_plan.node.grades:
                continue
            key = key_of(f"{GIVEN}{path}", one.plan, several)
            quantity = Quantity(node_plan.node.label, "1", "higher", (0.0, node_plan.node.maximum))
            readable[key] = present[key] = one.over[slot]
            _note(rows, quantities, limits, key, number, slot, quantity, (0.0, node_plan.node.maximum))
    check_names(effort, readable, place)
    for name in (name for names in effort.couple for name in names):
        if name in quantities and quantities[name].categories:
            raise InputError(f"{place}: {name}", "alignment.coupled_word", name=name)
    group = {name: i for i, names in enumerate(effort.couple) for name in names}
    levers = {}
    for key, own_rows in rows.items():
        if key in effort.fixed:
            continue
        lever = _lever(key, own_rows, quantities[key], present[key], sorted(limits[key]), effort, group)
        if lever is not None:
            levers[key] = lever
    return Model(tuple(parts), tuple(known), levers)


def _raw_used(part: Part, row: int) -> bool:
    raws = part.plan.raws
    return bool(part.slice.used[raws[raws[:, 0] == row, 1]].any())


def _note(
    rows: dict[str, dict[int, int]],
    quantities: dict[str, Quantity],
    limits: dict[str, set[float]],
    key: str,
    number: int,
    row: int,
    quantity: Quantity,
    lines: Iterable[float],
) -> None:
    rows.setdefault(key, {})[number] = row
    quantities.setdefault(key, quantity)
    limits.setdefault(key, set()).update(lines)


def _lever(
    key: str,
    rows: Mapping[int, int],
    quantity: Quantity,
    present: float | None,
    limits: Sequence[float],
    effort: Effort,
    group: Mapping[str, int],
) -> Lever | None:
    price = effort.per_unit.get(key)
    if quantity.categories:
        return word_lever(key, rows, quantity, present, price)
    if quantity.better == "none" and price is None:
        return None
    least, most = quantity.range
    inside = [value for value in limits if least <= value <= most]
    return number_lever(key, rows, quantity, present, inside, price, coupled=group.get(key, -1))


@dataclass(frozen=True)
class Structure:
    """What matters of a model: its levers by number, some of them joined to blocks, and how the goals hang on them."""

    levers: Mapping[int, Lever]
    blocks: Mapping[int, Block]
    analyses: tuple[Analysis, ...]

    def assignment(self, number: int, value: float) -> dict[int, dict[int, tuple[float, float]]]:
        """Return what a value of a lever, or an option of a block, puts into each part."""
        if number in self.blocks:
            return self.blocks[number].assignment(value)
        return {part: {row: (value, value)} for part, row in self.levers[number].rows.items()}


def structure_of(model: Model) -> Structure:
    """Return what of a model the goals hang on: levers that cannot matter are left out."""
    names = list(model.levers)
    bounds = model.bounds(model.levers.values())
    numbers = {name: i for i, name in enumerate(names)}
    analyses = _analyses(model, bounds, numbers)
    levers = {i: model.levers[name] for name, i in numbers.items()}
    words = {i: len(lever.words) for i, lever in levers.items() if lever.words}
    blocks = {}
    for members in joined(analyses, len(names), words):
        number = min(members)
        blocks[number] = Block(tuple(levers[i] for i in sorted(members)))
        for i in members:
            numbers[names[i]] = number
    if blocks:
        analyses = _analyses(model, bounds, numbers)
    used = {int(a.depends[slot]) for a in analyses for slot in a.frontier}
    used |= {i for i, lever in levers.items() if lever.coupled >= 0}
    blocks = {i: with_options(block, analyses, i) for i, block in blocks.items() if i in used}
    kept = {i: levers[i] for i in sorted(used) if i not in blocks}
    return Structure(kept, blocks, tuple(analyses))


def _analyses(
    model: Model, bounds: Sequence[tuple[Array, Array]], numbers: Mapping[str, int]
) -> list[Analysis]:
    found = []
    for number, part in enumerate(model.parts):
        sources, opening = {}, {}
        for name, i in numbers.items():
            lever = model.levers[name]
            if number in lever.rows:
                sources[lever.rows[number]] = i
                if lever.present is None:
                    opening[lever.rows[number]] = i
        found.append(analysed(part, bounds[number], sources, opening))
    return found
