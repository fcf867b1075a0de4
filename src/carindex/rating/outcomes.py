"""Stars and grades as numbers: the lines between them, and what minima of other nodes still allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
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


_FALLING, _RISING = ("below", "at_most"), ("at_least", "above")
"""Lines of measures that are better when lower, and of those that are better when higher."""


def _all_lines(spec: schema.Stars) -> Iterator[schema.Line]:
    for key in (*_FALLING, *_RISING):
        yield from (getattr(spec, key) or {}).values()
    for floors in (spec.minima or {}).values():
        yield from floors.values()


def has_open_lines(spec: schema.Stars) -> bool:
    """Whether a line is known only to lie between two numbers."""
    return any(isinstance(line, tuple) for line in _all_lines(spec))


def at_ends(spec: schema.Stars) -> tuple[schema.Stars, schema.Stars]:
    """Return stars with every open line at the end that asks the most, and with every one at the end that asks least.

    No outcome asks for more than a better one, so a line lies no further than those of better outcomes do.
    """
    return _at_end(spec, strict=True), _at_end(spec, strict=False)


def _at_end(spec: schema.Stars, *, strict: bool) -> schema.Stars:
    changed: dict[str, object] = {}
    for keys, most in ((_FALLING, not strict), (_RISING, strict)):
        lines = [
            (outcome_value(spec, name), key, name, _end(line, most=most))
            for key in keys
            for name, line in (getattr(spec, key) or {}).items()
        ]
        falling = keys is _FALLING
        # the end that asks the most gives way to the lines of better outcomes, the other one to those of worse ones
        lines.sort(key=lambda item: item[0], reverse=strict)
        nearest: float | None = None
        for _, key, name, line in lines:
            if nearest is not None:
                line = min(line, nearest) if falling != strict else max(line, nearest)
            nearest = line
            table = changed.setdefault(key, {})
            assert isinstance(table, dict)
            table[name] = line
    if spec.minima is not None:
        changed["minima"] = {
            name: {path: _end(line, most=strict) for path, line in floors.items()}
            for name, floors in spec.minima.items()
        }
    return msgspec.structs.replace(spec, **changed)


def _end(line: schema.Line, *, most: bool) -> float:
    return line if not isinstance(line, tuple) else line[1] if most else line[0]


def _closed(line: schema.Line) -> float:
    assert not isinstance(line, tuple)
    return line


def outcome_lines(spec: schema.Stars, node: Node) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the ascending lines of stars or grades and the outcome in each band between them."""
    otherwise = outcome_value(spec, spec.otherwise)
    falling = [
        (_closed(line) if strict else float(np.nextafter(_closed(line), np.inf)), outcome_value(spec, name))
        for lines, strict in ((spec.below, True), (spec.at_most, False))
        for name, line in (lines or {}).items()
    ]
    rising = [
        (float(np.nextafter(_closed(line), np.inf)) if strict else _closed(line), outcome_value(spec, name))
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
            found.setdefault(path, {})[name] = _closed(floor)
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
