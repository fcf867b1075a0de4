"""One criterion: measured value to colour, score, capping and check of the prediction. Slow, plain and written from the rules."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .structure import stage

COLOURS = stage()["colours"]["names"]


def half_up(value: float | Decimal | None, decimals: int) -> float | None:
    """Decimal rounding, ties away from zero; nine decimals first, so that a tie is one that a person would see."""
    if value is None:
        return None
    seen = Decimal(value).quantize(Decimal(1).scaleb(-max(9, decimals + 4)), rounding=ROUND_HALF_UP)
    return float(seen.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))


def exact(value: float) -> Decimal:
    """The number as it is written."""
    return Decimal(repr(float(value)))


@dataclass
class Assessed:
    """What a criterion came to; ``score`` None: it has none; ``value`` is the rounded measured value."""

    colour: str | None = None
    score: float | None = None
    capped: bool = False
    check: str | None = None
    value: float | None = None


def thresholds(limits: list[float]) -> list[float]:
    """The four values that part the five colours."""
    higher, lower = exact(limits[0]), exact(limits[1])
    return [half_up(higher + (lower - higher) * k / 3, 2) for k in range(4)]


def windows(limits: list[float], tolerance: dict[str, float]) -> list[tuple[float, float]]:
    """Around each threshold: the lower and the upper value up to which a prediction beside it is granted."""
    edges = thresholds(limits)
    if "relative" in tolerance:
        least, most = 1 + exact(tolerance["relative"]), 1 - exact(tolerance["relative"])
        return [(half_up(exact(t) / least, 2), half_up(exact(t) / most, 2)) for t in edges]
    step = half_up((exact(limits[1]) - exact(limits[0])) / 3, 2)
    margin = half_up(exact(step) * exact(tolerance["share_of_step"]), 2)
    return [(float(exact(t) - exact(margin)), float(exact(t) + exact(margin))) for t in edges]


def colour_of(value: float, limits: list[float]) -> str:
    """The band that a rounded value lies in; a value on a threshold belongs to the worse colour."""
    more_is_better = limits[0] > limits[1]
    for colour, edge in zip(COLOURS, thresholds(limits), strict=False):
        if value > edge if more_is_better else value < edge:
            return colour
    return COLOURS[-1]


def check_of(
    value: float, limits: list[float], predicted: str, measured: str, tolerance: dict[str, float]
) -> str:
    """How a predicted colour compares with the measured one."""
    words = stage()["colours"]["checks"]
    if predicted == measured:
        return words["same"]
    if predicted not in COLOURS:  # blue and the A-pillar cells predict no band
        return words["outside"]
    around = windows(limits, tolerance)
    place = COLOURS.index(predicted)
    above_lower_edge = place == 0 or value >= around[place - 1][0]
    below_upper_edge = place == len(COLOURS) - 1 or value < around[place][1]
    return words["within"] if above_lower_edge and below_upper_edge else words["outside"]


def assess(rule: dict[str, Any], value: float | None, predicted: str | None = None) -> Assessed:
    """A criterion by itself: without the conditions that other facts set.

    A missing value has no colour and scores 0.
    """
    scores = stage()["colours"]["scores"][rule.get("colours", "occupants")]
    value = half_up(value, 2)
    if value is None:
        return Assessed(score=0.0)
    cap = half_up(rule.get("cap"), 2)
    found = Assessed(value=value, capped=cap is not None and value >= cap)
    if "gate" in rule:
        found.colour, found.score = ("green", 100.0) if value < rule["gate"] else ("red", None)
    elif "limits" in rule:
        found.colour = colour_of(value, rule["limits"])
        if predicted is not None:
            tolerance = rule.get("tolerance", stage()["colours"]["tolerance"])
            found.check = check_of(value, rule["limits"], predicted, found.colour, tolerance)
            if found.check == stage()["colours"]["checks"]["within"]:
                found.colour = predicted
        found.score = float(scores[found.colour])
    else:
        found.colour = "red" if found.capped else "green"
    return found
