"""The rating engine against the reference, which equals the programme's own calculator, on all edited workbooks at once."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from carindex.rating import Evaluation, compile_protocol, evaluate, load_protocol

from .reference import Result, score
from .test_reference import SCORED, facts_of_run, has_text_for_a_value

RUNS = [run for run in SCORED if not has_text_for_a_value(run)]
SHARED_SEATS = "/rear_seat_occupancy/seat"  # printed with the points that a seat has among those of the car
COLOURS = ["green", "yellow", "orange", "brown", "red", "grey"]


@cache
def evaluated(mode: str) -> Evaluation:
    plan = compile_protocol(load_protocol("euro-ncap-2026", calculator=mode == "calculator"))
    place = {name: i for i, name in enumerate(plan.facts)}
    values = np.full((len(plan.facts), len(RUNS)), np.nan)
    for car, run in enumerate(RUNS):
        for name, value in facts_of_run(run).items():
            if name in place:
                words = plan.quantities[place[name]].categories
                values[place[name], car] = words.index(str(value)) if words else value
    return evaluate(plan, values)


@cache
def reference(car: int, mode: str) -> Result:
    return score(facts_of_run(RUNS[car]), mode)


def printed(evaluation: Evaluation, path: str, car: int) -> float | None:
    low, high = evaluation.score(f"safe_driving/{path}")
    return round(float(low[car]) + 1e-9, 3) if low[car] == high[car] else None


@pytest.mark.parametrize("car", range(len(RUNS)))
def test_every_score_as_the_calculator_has_it(car):
    evaluation = evaluated("calculator")
    compared = 0
    for path, expected in reference(car, "calculator").scores.items():
        if path.endswith("/speedometer_accuracy") or SHARED_SEATS in path:
            continue
        found = printed(evaluation, path, car)
        compared += 1
        assert (found is None) == (expected is None), path
        if expected is not None:
            assert found == pytest.approx(expected, abs=1e-6), path
    assert compared > 140


@pytest.mark.parametrize("car", range(len(RUNS)))
def test_by_the_rules_scores_are_equal_and_open_ones_bounded(car):
    evaluation = evaluated("protocol")
    result = reference(car, "protocol")
    for path, expected in result.scores.items():
        if path.endswith("/speedometer_accuracy") or SHARED_SEATS in path:
            continue
        low, high = (bound[car] for bound in evaluation.score(f"safe_driving/{path}"))
        if expected is not None:
            assert low == pytest.approx(high, abs=1e-9), path
            assert round(float(low) + 1e-9, 3) == pytest.approx(expected, abs=1e-6), path
        else:
            assert result.values[path].low - 1e-9 <= low <= high <= result.values[path].high + 1e-9, path


def test_colours_of_test_points():
    evaluation = evaluated("calculator")
    compared = 0
    for car in range(len(RUNS)):
        for fact, colour in reference(car, "calculator").colours.items():
            low, high = evaluation.named(f"{fact}#colour")
            assert low[car] == high[car]
            assert COLOURS[int(low[car])] == colour, fact
            compared += 1
    assert compared > 3000
