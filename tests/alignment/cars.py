"""Random complete cars for real protocols: numbers about their limits, words mostly good ones."""

from __future__ import annotations

import numpy as np

from carindex.alignment.improvement.slicing import Slice
from carindex.alignment.improvement.structure import limits_of
from carindex.dossier import Fact


def random_car(plan, seed, good=0.9):
    random = np.random.default_rng(seed)
    slots = [node.value for node in plan.nodes.values()]
    slots += [node.outcome.slot for node in plan.nodes.values() if node.outcome is not None]
    limits = limits_of(Slice(plan, slots))
    found = []
    for i, (name, quantity) in enumerate(zip(plan.facts, plan.quantities, strict=True)):
        if name.startswith("given:") and plan.nodes[name.removeprefix("given:")].node.spec.open is not True:
            continue
        found.append(
            Fact(name, value(plan, i, quantity, limits.get(i, ()), random, good), quantity.unit, "random")
        )
    return found


def value(plan, i, quantity, limits, random, good):
    if quantity.categories:
        last = len(quantity.categories) - 1
        if random.random() < good and quantity.better != "none":
            return float(last if quantity.better == "higher" else 0)
        return float(random.integers(0, last + 1))
    least, most = quantity.range
    inside = [limit for limit in limits if least <= limit <= most]
    if plan.facts[i].startswith("given:"):
        x = plan.most[i] * random.uniform(0.5, 1.0)
    elif inside:
        first, last = inside[0], inside[-1]
        width = (last - first) or abs(first) or 1.0
        share = random.beta(1.2, 2.5) * 1.1 - 0.2
        x = last - width * share if quantity.better == "higher" else first + width * share
    else:
        ends = quantity.plausible or quantity.range
        x = random.uniform(*ends)
    return round(float(min(max(x, least), most)), 4)
