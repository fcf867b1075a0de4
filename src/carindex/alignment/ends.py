"""The worst and the best that each fact can be for a protocol: between them lies what a missing test can still say.

A number of which more, or less, is better has its ends in the vocabulary. Which word is the best or the worst, and
which end of a number that is neither better nor worse by itself, is asked of the engine: all facts of one quantity of a
test are given each value that they can have, nothing else known of the car first and all else of the test at its best
then, and what the whole and its parts come to is compared. That a test's ends are the best and the worst of it is not
taken for granted: `carindex.alignment.next_test` says of each test whether they reach the ends of the interval.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from carindex.alignment.missing_tests import answerable, answering_test
from carindex.alignment.variations import Variations
from carindex.kept import kept
from carindex.rating.kernels import Array
from carindex.rating.load import as_shipped, shipped_folder
from carindex.rating.plan import Plan
from carindex.vocabulary import GIVEN, FactName, Quantity

_COLUMNS_AT_ONCE = 256


def ends(plan: Plan) -> tuple[Array, Array]:
    """Return the worst and the best value of each fact, each of shape ``(facts,)``; infinite where nothing bounds it.

    They are those of the protocol, whatever is known of a car.
    """
    name = plan.protocol.id
    if not as_shipped(name) or str(shipped_folder(name)) != str(Path(plan.protocol.place).parent):
        return _ends(plan)
    return kept(f"{name}{'.calculator' if plan.protocol.calculator else ''}.ends", lambda: _ends(plan))


def way_between(plan: Plan, worst: Array, best: Array) -> tuple[Array, Array]:
    """Return where a way from the worst to the best of each fact begins and ends, both finite, ``(facts,)``.

    Where an end is infinite, or far from what tests give, the plausible range of the quantity stands for it.
    """
    start, stop = worst.copy(), best.copy()
    for slot, quantity in enumerate(plan.quantities):
        if quantity.categories:
            continue
        least, most = _plausible(quantity, float(plan.least[slot]), float(plan.most[slot]))
        start[slot], stop[slot] = np.clip([worst[slot], best[slot]], least, most)
    return start, stop


def _plausible(quantity: Quantity, least: float, most: float) -> tuple[float, float]:
    if quantity.plausible is not None:
        low, high = quantity.plausible
    else:
        low = least if np.isfinite(least) else -100.0
        high = most if np.isfinite(most) else low + 200.0
    return max(low, least), min(high, most)


def _ends(plan: Plan) -> tuple[Array, Array]:
    worst, best = plan.most.copy(), plan.least.copy()
    open_: dict[tuple[str, str, tuple[float, ...]], list[int]] = {}
    for slot, (name, quantity) in enumerate(zip(plan.facts, plan.quantities, strict=True)):
        if quantity.better == "higher":
            worst[slot], best[slot] = plan.least[slot], plan.most[slot]
        if quantity.kind == "category" or quantity.better == "none":
            own = name if name.startswith(GIVEN) else FactName.parse(name).quantity
            open_.setdefault((answering_test(plan, slot), own, _values(plan, slot)), []).append(slot)
    if not open_:
        return worst, best
    together: dict[str, list[int]] = {}
    for slot, name in enumerate(plan.facts):
        if answerable(plan, name):
            together.setdefault(answering_test(plan, slot), []).append(slot)
    nothing = np.full(len(plan.facts), np.nan)
    variations = Variations(plan, nothing, {}, plan.values.tolist())
    tried = [(key, value) for key in open_ for value in key[2]]
    found = np.zeros(len(tried))
    # the order of the words is the first guess of what is best
    for others_best in (False, True):
        for start in range(0, len(tried), _COLUMNS_AT_ONCE):
            part = tried[start : start + _COLUMNS_AT_ONCE]
            facts = np.repeat(nothing[:, None], len(part), axis=1)
            for column, (key, value) in enumerate(part):
                if others_best:
                    facts[together[key[0]], column] = best[together[key[0]]]
                facts[open_[key], column] = value
            found[start : start + len(part)] += _worth(plan, variations, facts)
        columns: dict[object, list[int]] = {}
        for i, (key, _) in enumerate(tried):
            columns.setdefault(key, []).append(i)
        for key, slots in open_.items():
            order = sorted(columns[key], key=lambda i: float(found[i]))
            worst[slots], best[slots] = tried[order[0]][1], tried[order[-1]][1]
    return worst, best


def _values(plan: Plan, slot: int) -> tuple[float, ...]:
    """Return the values to try for a fact."""
    quantity = plan.quantities[slot]
    if quantity.categories:
        return tuple(float(i) for i in range(len(quantity.categories)))
    least, most = _plausible(quantity, float(plan.least[slot]), float(plan.most[slot]))
    return tuple(dict.fromkeys((least, *((0.0,) if least < 0.0 < most else ()), (least + most) / 2, most)))


def _worth(plan: Plan, variations: Variations, facts: Array) -> Array:
    """Return what the whole, and after it all parts, come to: the more the better, shape ``(n,)``."""
    low, high = variations.bounds(facts)
    row = {int(slot): i for i, slot in enumerate(variations.slots)}
    total = np.zeros(facts.shape[1])
    for path, node_plan in plan.nodes.items():
        if node_plan.node.beside or node_plan.node.apart or plan.below_open(path):
            continue
        size = node_plan.node.maximum if np.isfinite(node_plan.node.maximum) else 0.0
        if not size:
            continue
        sign = 1.0 if node_plan.node.counts == "points" else -1.0
        own = row[node_plan.value]
        weight = 1.0 if path else 1e3
        total += sign * weight * np.nan_to_num((low[own] + high[own]) / size, posinf=2.0, neginf=-2.0)
    return total
