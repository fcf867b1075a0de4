"""Random cars for protocols as they are: words and numbers that the facts' quantities allow."""

from __future__ import annotations

import numpy as np

from carindex.rating import Plan
from carindex.rating.kernels import Array


def random_facts(plan: Plan, random: np.random.Generator, cars: int, blank: float) -> Array:
    """Return facts of cars, ``(facts, cars)``; the part ``blank`` of them is missing."""
    facts = np.empty((len(plan.facts), cars))
    for row, (quantity, most) in enumerate(zip(plan.quantities, plan.most, strict=True)):
        if quantity.categories:
            facts[row] = random.integers(0, len(quantity.categories), cars)
            continue
        least, top = quantity.plausible or (0.0, 100.0)
        if np.isfinite(most):
            top = min(top, most)
        # few decimals, and many nothings: limits are met and not only passed by
        values = np.round(least + (top - least) * random.beta(1.0, 3.0, cars), 2)
        facts[row] = np.where(random.random(cars) < 0.2, max(least, 0.0), np.minimum(values, top))
    facts[random.random(facts.shape) < blank] = np.nan
    return facts
