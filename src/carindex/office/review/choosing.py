"""Choose reviewers by field, region and load: the best choice there is, the same every time, with its grounds.

In this order: as many of the fields that are needed as possible, then as many regions as are asked for, then the least
load together; among choices equal in all of these the one whose experts come first in order (least load, then longest
without an assignment, then earliest appointed). Each step is solved exactly, as a small integer programme.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp


class Eligible(msgspec.Struct, frozen=True):
    """An expert who may be assigned: field, region, open reviews, and place in the order."""

    person: str
    field: str
    region: str
    load: int


class Chosen(msgspec.Struct, frozen=True):
    """An expert who was chosen, and why: the field and the region that nobody else brings, and the load."""

    person: str
    field: str
    region: str
    load: int
    brings_field: bool
    brings_region: bool


def choose(
    eligible: Sequence[Eligible],
    count: int,
    *,
    fields: Sequence[str] = (),
    regions: int = 1,
    have: Sequence[Eligible] = (),
) -> list[Chosen]:
    """Choose reviewers.

    Parameters
    ----------
    eligible
        Who may be assigned, in order of preference among equals.
    count
        How many to choose; all, where there are fewer.
    fields
        Fields that are needed.
    regions
        How many regions are asked for.
    have
        Who is assigned already; their fields and regions need nobody else.

    Returns
    -------
    list[Chosen]
        In the order of ``eligible``.
    """
    count = min(count, len(eligible))
    if count <= 0:
        return []
    needed = [field for field in dict.fromkeys(fields) if field not in {one.field for one in have}]
    known = {one.region for one in have}
    new_regions = sorted({one.region for one in eligible} - known)
    size, wanted = len(eligible), max(0, min(regions - len(known), len(new_regions)))
    # unknowns: who is chosen, which needed fields and which new regions are covered
    total = size + len(needed) + len(new_regions)
    rows: list[np.ndarray] = []
    least: list[float] = []
    most: list[float] = []

    def ask(row: np.ndarray, low: float, high: float) -> None:
        rows.append(row)
        least.append(low)
        most.append(high)

    chosen = np.zeros(total)
    chosen[:size] = 1
    ask(chosen, count, count)
    covered: Mapping[int, Sequence[int]] = {
        **{
            size + i: [j for j, one in enumerate(eligible) if one.field == field]
            for i, field in enumerate(needed)
        },
        **{
            size + len(needed) + i: [j for j, one in enumerate(eligible) if one.region == region]
            for i, region in enumerate(new_regions)
        },
    }
    for unknown, bringers in covered.items():
        row = np.zeros(total)
        row[list(bringers)], row[unknown] = 1, -1
        ask(row, 0, np.inf)
    fields_covered, regions_covered, load = np.zeros(total), np.zeros(total), np.zeros(total)
    fields_covered[size : size + len(needed)] = 1
    regions_covered[size + len(needed) :] = 1
    load[:size] = [one.load for one in eligible]

    def best(goal: np.ndarray) -> np.ndarray:
        """Return the solution with the least of a goal; there always is one."""
        constraints = LinearConstraint(np.array(rows), least, most)
        solved = milp(
            goal,
            integrality=np.ones(total),
            bounds=Bounds(0, 1),
            constraints=constraints,
            options={"mip_rel_gap": 0},
        )
        return np.asarray(np.round(solved.x))

    if needed:
        reached = float(fields_covered @ best(-fields_covered))
        ask(fields_covered, reached, np.inf)
    if wanted:
        # no more regions than are asked for count
        reached = min(float(wanted), float(regions_covered @ best(-regions_covered)))
        ask(regions_covered, reached, np.inf)
    solution = best(load)
    ask(load, -np.inf, float(load @ solution))
    for i in range(size):  # the first in order, as far as that leaves the choice as good
        this = np.zeros(total)
        this[i] = 1
        if not solution[i]:
            solution = best(-this)
        ask(this, float(solution[i]), float(solution[i]))
    picked = [one for i, one in enumerate(eligible) if solution[i]]
    return [
        Chosen(
            one.person,
            one.field,
            one.region,
            one.load,
            one.field in needed and all(other is one or other.field != one.field for other in picked),
            one.region not in known and all(other is one or other.region != one.region for other in picked),
        )
        for one in picked
    ]
