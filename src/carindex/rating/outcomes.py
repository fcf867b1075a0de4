"""Stars and grades as numbers: the lines between them, and what minima of other nodes still allow."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from carindex.messages import InputError
from carindex.rating import schema
from carindex.rating.protocol import Node


def outcome_value(spec: schema.Stars, name: schema.OutcomeName | None) -> float:
    """Return the number that stands for an outcome: stars, or a grade's rank counted from the worst."""
    if spec.grades:
        if name is None:
            return 0.0
        return float(len(spec.grades) - 1 - spec.grades.index(str(name)))
    return 0.0 if name is None else float(name)


def outcome_lines(spec: schema.Stars, node: Node) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the ascending lines of stars or grades and the outcome in each band between them."""
    otherwise = outcome_value(spec, spec.otherwise)
    falling = [
        (line if strict else float(np.nextafter(line, np.inf)), outcome_value(spec, name))
        for lines, strict in ((spec.below, True), (spec.at_most, False))
        for name, line in (lines or {}).items()
    ]
    rising = [
        (float(np.nextafter(line, np.inf)) if strict else line, outcome_value(spec, name))
        for lines, strict in ((spec.above, True), (spec.at_least, False))
        for name, line in (lines or {}).items()
    ]
    if falling and rising:
        raise InputError(node.place, "rating.lines_both_ways")
    if falling:
        falling.sort()
        return tuple(line for line, _ in falling), (*(value for _, value in falling), otherwise)
    rising.sort()
    return tuple(line for line, _ in rising), (otherwise, *(value for _, value in rising))


def minima_by_node(spec: schema.Stars) -> dict[str, dict[schema.OutcomeName, float]]:
    """Turn minima by outcome into minima by node: what each node's score must be for each outcome."""
    found: dict[str, dict[schema.OutcomeName, float]] = {}
    for name, floors in (spec.minima or {}).items():
        for path, floor in floors.items():
            found.setdefault(path, {})[name] = floor
    return found


def _outcomes(spec: schema.Stars) -> list[float]:
    """Return every outcome that a specification names, ascending."""
    names = [*(spec.at_least or {}), *(spec.above or {}), *(spec.below or {}), *(spec.at_most or {})]
    names += [*(spec.minima or {})]
    return sorted({outcome_value(spec, name) for name in (*names, spec.otherwise)})


def allowed(
    spec: schema.Stars, floors: Mapping[schema.OutcomeName, float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return lines of one node's score and the best outcome that its minima allow in each band between them.

    An outcome without a minimum for that node is allowed at any score.
    """
    needed = {outcome_value(spec, name): floor for name, floor in floors.items()}
    lines = tuple(sorted(set(needed.values())))
    best = tuple(
        max(value for value in _outcomes(spec) if needed.get(value, -np.inf) <= reached)
        for reached in (-np.inf, *lines)
    )
    return lines, best
