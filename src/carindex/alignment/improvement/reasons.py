"""Why a goal cannot be reached: which rule stands in the way though everything is as good as it can be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from carindex.alignment.improvement.goals import Goal
from carindex.alignment.improvement.structure import Part
from carindex.messages import LANGUAGES, Finding
from carindex.messages.catalogue import phrase
from carindex.rating.kernels import Array
from carindex.rating.outcomes import outcome_value
from carindex.rating.plan import NodePlan, Plan


def blocking(
    part: Part, goal: Goal, bounds: tuple[Array, Array], best: tuple[Array, Array]
) -> list[dict[str, str]]:
    """Return what keeps a goal from being reached, as texts in every language.

    Parameters
    ----------
    part, goal
        Protocol and goal.
    bounds
        Bounds of all slots over all that may be changed.
    best
        Bounds of all slots with everything that may be changed at its best, ``(slots, 1)``.
    """
    if goal.possible(*best)[0] and not goal.reached(*best)[0]:
        return [_said("reason_open", node=_name(part.plan.nodes[goal.path]))]
    if goal.score:
        low, high = bounds
        reach = goal.named(float(low[goal.slot] if goal.falling else high[goal.slot]))
        return [_line(part.plan.nodes[goal.path], reach, goal.text)]
    found = _of_outcome(part, goal.path, goal.line, bounds)
    return found or [_said("reason_together", node=_name(part.plan.nodes[goal.path]))]


def _of_outcome(part: Part, path: str, line: float, bounds: tuple[Array, Array]) -> list[dict[str, str]]:
    plan, (low, high) = part.plan, bounds
    node_plan = plan.nodes[path]
    outcome = node_plan.outcome
    if outcome is None or not part.slice.used[outcome.slot] or high[outcome.slot] >= line:
        return []
    spec, found = outcome.spec, []
    for strict, names in (
        (False, spec.at_least),
        (True, spec.above),
        (False, spec.at_most),
        (True, spec.below),
    ):
        for name, limit in (names or {}).items():
            if outcome_value(spec, name) != line or not part.slice.used[outcome.measure]:
                continue
            rising = names in (spec.at_least, spec.above)
            needed = limit if not isinstance(limit, tuple) else limit[1 if rising else 0]
            best = float(high[outcome.measure] if rising else low[outcome.measure])
            missed = best < needed if rising else best > needed
            if missed or (strict and best == needed):
                sign = {(True, False): "≥", (True, True): ">", (False, False): "≤", (False, True): "<"}
                found.append(_line(node_plan, best, f"{sign[rising, strict]} {needed:g}"))
    for name, floors in (spec.minima or {}).items():
        if outcome_value(spec, name) > line:
            continue
        for other, floor in floors.items():
            needed = floor if not isinstance(floor, tuple) else floor[1]
            best = _best_score(plan, other, bounds)
            if best < needed - 1e-9:
                found.append(_line(plan.nodes[other], best, f"≥ {needed:g}"))
    for other in spec.balance or ():
        found += _of_outcome(part, other, line, bounds)
    return found or _caps(part, node_plan, line, bounds)


def _caps(part: Part, node_plan: NodePlan, line: float, bounds: tuple[Array, Array]) -> list[dict[str, str]]:
    """Return the caps of an outcome that hold whatever is changed."""
    assert node_plan.outcome is not None
    spec, slot, found = node_plan.outcome.spec, node_plan.outcome.slot, []
    for cap in reversed(spec.caps):
        operation = part.slice.filled_by.get(slot)
        if operation is None or operation.kernel != "choose":
            break
        when, slot, _ = operation.inputs
        below = cap.lower_by is not None or outcome_value(spec, cap.to) < line
        if below and bounds[0][when] >= 1.0:
            label = cap.label or {"en": "a cap of the outcome", "zh": "结果上限"}
            found.append(_said("reason_cap", node=_name(node_plan), label=label))
    return found


def _best_score(plan: Plan, path: str, bounds: tuple[Array, Array]) -> float:
    node_plan = plan.nodes[path]
    low, high = bounds
    if node_plan.node.counts == "points":
        return float(high[node_plan.value])
    return float(node_plan.node.maximum - low[node_plan.value])


def _line(node_plan: NodePlan, best: object, needed: str) -> dict[str, str]:
    text = f"{best:.6g}" if isinstance(best, float | np.floating) else str(best)
    return _said("reason_line", node=_name(node_plan), best=text, needed=needed)


def _name(node_plan: NodePlan) -> Mapping[str, str]:
    path = node_plan.node.path
    return {language: f"{text} ({path})" if path else text for language, text in node_plan.node.label.items()}


def _said(key: str, **parameters: object) -> dict[str, str]:
    return {language: phrase(f"alignment.{key}", "found", language, parameters) for language in LANGUAGES}


def unreachable(goal: Goal, best: float | None, reasons: list[dict[str, str]]) -> Finding:
    """Return the finding that says that a goal cannot be reached."""
    said = goal.named(best) if best is not None else None
    text = "–" if said is None else f"{said:.6g}" if isinstance(said, float) else str(said)
    reason = {language: "; ".join(some[language] for some in reasons) for language in LANGUAGES}
    parameters = {"protocol": goal.plan.protocol.id, "target": goal.text, "best": text, "reason": reason}
    return Finding("alignment.unreachable", "error", goal.path or goal.plan.protocol.id, None, parameters)
