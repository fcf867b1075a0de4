"""What the goals demand of slots on the way to them, whatever else is done: narrower bounds for the program.

Where five stars need a joint risk of 6 % no single risk in it can be more, and values of a fact beyond that need not be
looked at. Followed back from the goals through operations of which a better output takes better inputs.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from carindex.alignment.improvement.slicing import Operation
from carindex.alignment.improvement.structure import HIGH, LOW, MIXED, Analysis

_SLACK = 1e-5


def narrowed(analysis: Analysis) -> tuple[Analysis, dict[int, float]]:
    """Return an analysis with the bounds that reaching the goals leaves, and the demand on each slot that has one.

    A demand is the least a slot has to be where only `HIGH` helps, the most where only `LOW` does; bounds hold for
    every variation of the car that reaches the goals.
    """
    demands: dict[int, float] = {}
    for goal in analysis.part.goals:
        _demand(analysis, demands, goal.slot, goal.line)
    for operation in reversed(analysis.mixing):
        for slot in operation.outputs:
            if slot in demands and analysis.depends[slot] == MIXED:
                _hand_back(analysis, demands, operation, slot)
    low, high = analysis.low.copy(), analysis.high.copy()
    for slot, line in demands.items():
        if analysis.wanted[slot] == HIGH:
            low[slot] = min(max(low[slot], line), high[slot])
        else:
            high[slot] = max(min(high[slot], line), low[slot])
    return replace(analysis, low=low, high=high), demands


def _demand(analysis: Analysis, demands: dict[int, float], slot: int, line: float) -> None:
    """Note a demand on a slot, unless it always holds or the slot may help either way."""
    way = int(analysis.wanted[slot])
    if analysis.constant(slot) or not math.isfinite(line):
        return
    slack = _SLACK * max(1.0, abs(line))
    # a demand that hardly narrows would only bring numbers that a solver cannot tell apart
    if way == HIGH and line > analysis.low[slot] + slack:
        demands[slot] = max(demands.get(slot, -math.inf), line)
    elif way == LOW and line < analysis.high[slot] - slack:
        demands[slot] = min(demands.get(slot, math.inf), line)


def _hand_back(analysis: Analysis, demands: dict[int, float], operation: Operation, slot: int) -> None:
    line, up = demands[slot], analysis.wanted[slot] == HIGH
    kernel, inputs = operation.kernel, operation.inputs
    if kernel == "linear":
        weights = operation.of("weights")
        # what the others can give at best
        best = [
            float(w * (analysis.high[i] if (w > 0) == up else analysis.low[i])) if w else 0.0
            for w, i in zip(weights, inputs, strict=True)
        ]
        rest = float(operation.of("constant")) + sum(best)
        for w, i, own in zip(weights, inputs, best, strict=True):
            if w and math.isfinite(rest):
                _demand(analysis, demands, i, float((line - (rest - own)) / w))
    elif kernel == ("minimum" if up else "maximum") or (kernel == "joint_risk" and not up):
        for i in inputs:
            _demand(analysis, demands, i, line)
    elif kernel == "rounding":
        unit = 10.0 ** -float(operation.of("decimals"))
        _demand(analysis, demands, inputs[0], line - unit if up else line + unit)
    elif kernel in ("clip", "clip_open"):
        if (up and line > operation.of("least")) or (not up and line < operation.of("most")):
            _demand(analysis, demands, inputs[0], line)
    elif kernel == "steps":
        _hand_back_steps(analysis, demands, operation, line, up=up)
    elif kernel == "choose":
        only = analysis.chosen(operation)
        if only is not None:
            _demand(analysis, demands, only, line)
    elif kernel == "worst_that_applies" and up == (str(operation.of("losing")) != "yes"):
        count = len(inputs) // 2
        for i, flag in zip(inputs[:count], inputs[count:], strict=True):
            if analysis.constant(flag) and analysis.low[flag] > 0.5:
                _demand(analysis, demands, i, line)


def _hand_back_steps(
    analysis: Analysis, demands: dict[int, float], operation: Operation, line: float, *, up: bool
) -> None:
    values, lines, divisor = (
        operation.of("values"),
        operation.of("thresholds"),
        float(operation.of("divisor")),
    )
    good = values >= line if up else values <= line
    if not good.any():
        return
    first, last = int(np.argmax(good)), len(good) - 1 - int(np.argmax(good[::-1]))
    i = operation.inputs[0]
    ends = [
        -math.inf if first == 0 else float(lines[first - 1]),
        math.inf if last == len(lines) else float(lines[last]),
    ]
    least, most = sorted(end * divisor for end in ends)
    _demand(analysis, demands, i, least if analysis.wanted[i] == HIGH else most)
