"""The rating engine against the reference, which equals the programme's own calculator, on many cars at once."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from carindex.dossier import Fact
from carindex.rating import Evaluation, Plan, compile_protocol, evaluate, load_protocol, losses, rate
from carindex.rating.explain import best_values, own_loss

from .random_cars import car as random_car
from .reference import reading_of, score
from .rules import read
from .test_reference import SCORED, facts_of_run, has_text_for_a_value

EDITED = [facts_of_run(run) for run in SCORED if not has_text_for_a_value(run)]
COMPLETE = [random_car(seed) for seed in range(400)]
PARTIAL = [random_car(seed, blank) for seed in range(60) for blank in (0.02, 0.15)]
CARS = {"edited": EDITED, "complete": COMPLETE, "partial": PARTIAL}
SHARED_SEATS = "/rear_seat_occupancy/seat"  # printed with the points that a seat has among those of the car
COLOURS = ["green", "yellow", "orange", "brown", "red", "grey"]
STAGE = "safe_driving"
SEATS = "seatbelt_usage/rear_seats/number_of_seats"
# without the number of rear seats the calculator stops; the reference has these nodes open
STOPPED = (
    "occupant_monitoring",
    "occupant_monitoring/seatbelt_usage",
    "occupant_monitoring/seatbelt_usage/rear_seat_occupancy",
)


@cache
def plan_of(mode: str) -> Plan:
    return compile_protocol(load_protocol("euro-ncap-2026", calculator=mode == "calculator"))


def matrix(plan: Plan, cars: Sequence[dict]) -> np.ndarray:
    place = {name: i for i, name in enumerate(plan.facts)}
    values = np.full((len(plan.facts), len(cars)), np.nan)
    for i, facts in enumerate(cars):
        for name, value in facts.items():
            if name in place:
                words = plan.quantities[place[name]].categories
                values[place[name], i] = words.index(str(value)) if words else value
    return values


@cache
def evaluated(mode: str, which: str) -> Evaluation:
    plan = plan_of(mode)
    return evaluate(plan, matrix(plan, CARS[which]))


def printed(evaluation: Evaluation, path: str) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of a score as the stage's report prints it, before gaps between tests are filled."""
    name = f"{path}#reported"
    return evaluation.named(name) if name in evaluation.plan.named else evaluation.score(path)


def compare(evaluation: Evaluation, car: int, facts: dict, mode: str) -> int:
    """Compare every score of a car with the reference; returns how many there are."""
    result = score(facts, mode)
    compared = 0
    for path, expected in result.scores.items():
        if path.endswith("/speedometer_accuracy") or SHARED_SEATS in path:
            continue
        if mode == "calculator" and ("/" not in path or (SEATS not in facts and path in STOPPED)):
            continue  # what elements count for the stage is printed, and compared, with the overall rating
        compared += 1
        low, high = (float(bound[car]) for bound in printed(evaluation, f"{STAGE}/{path}"))
        if expected is not None:
            assert low == pytest.approx(high, abs=1e-9), path
            assert round(low + 1e-9, 3) == pytest.approx(expected, abs=1e-6), path
        elif mode == "calculator":
            assert low != high, path
        else:
            bounds = result.values[path]
            assert bounds.low - 1e-9 <= low <= high <= bounds.high + 1e-9, path
            if path in result.enumerated and "set_to" not in str(
                evaluation.plan.nodes[f"{STAGE}/{path}"].node.spec.adjust
            ):
                assert (low, high) == pytest.approx((bounds.low, bounds.high), abs=1e-9), path
    return compared


@pytest.mark.parametrize("mode", ["calculator", "protocol"])
@pytest.mark.parametrize("which", list(CARS))
def test_every_score(which: str, mode: str) -> None:
    evaluation = evaluated(mode, which)
    compared = 0
    for car, facts in enumerate(CARS[which]):
        compared += compare(evaluation, car, facts, mode)
        if mode == "calculator":
            for fact, colour in score(facts, mode).colours.items():
                low, high = evaluation.named(f"{fact}#colour")
                assert (low[car], COLOURS[int(low[car])]) == (high[car], colour), fact
                compared += 1
    assert compared > 15000


@pytest.mark.shared
@pytest.mark.parametrize("mode", ["calculator", "protocol"])
def test_ready_cars(shared: Path, mode: str) -> None:
    cases = sorted((shared / "oracle/euroncap2026/cases").iterdir())
    cars = [reading_of(case / "sd_input.xlsx", "safe-driving", mode).facts for case in cases]
    evaluation = evaluate(plan_of(mode), matrix(plan_of(mode), cars))
    assert sum(compare(evaluation, i, facts, mode) for i, facts in enumerate(cars)) > 2300


def test_child_presence_table() -> None:
    """Every combination of PASS and FAIL, all at once."""
    columns = read("safe-driving", "child-presence-table.yaml")["columns"]
    words = {"P": "PASS", "F": "FAIL"}
    for mode in ("calculator", "protocol"):
        cars = [
            COMPLETE[0]
            | {name: words[letter] for name, letter in zip(columns, letters, strict=True)}
            | {"occupant_presence/child_presence_detection/general_requirements/result": "PASS"}
            | {f"occupant_presence/{s}/type_of_system": "Warning and intervention" for s in SCENARIOS}
            | {f"occupant_presence/{s}/seat_coverage": "All seats" for s in SCENARIOS}
            for letters in itertools.product("PF", repeat=8)
        ]
        evaluation = evaluate(plan_of(mode), matrix(plan_of(mode), cars))
        for car, facts in enumerate(cars):
            expected = score(facts, mode).scores
            for scenario in SCENARIOS:
                path = f"occupant_monitoring/occupant_presence/child_presence_detection/{scenario}"
                assert evaluation.score(f"{STAGE}/{path}")[0][car] == expected[path]


SCENARIOS = ("child_left_behind", "child_enters_unlocked_vehicle")


def test_bounds_contain_every_completion_and_shrink_as_facts_arrive() -> None:
    """Facts are hidden at random and come back one part after the other."""
    plan = plan_of("protocol")
    rng = np.random.default_rng(2026)
    mine = np.array(plan.facts_below(STAGE))
    whole = matrix(plan, COMPLETE[:150])
    exact = evaluate(plan, whole)
    order = rng.random((len(mine), whole.shape[1]))
    before = None
    paths = [path for path in plan.nodes if path.startswith(f"{STAGE}/")]
    for hidden in (1.0, 0.6, 0.2, 0.05, 0.01, 0.0):
        values = whole.copy()
        values[mine] = np.where(order < hidden, np.nan, whole[mine])
        evaluation = evaluate(plan, values)
        for path in paths:
            (low, high), (least, most) = evaluation.score(path), exact.score(path)
            assert (low <= least + 1e-9).all(), path
            assert (high >= most - 1e-9).all(), path
            if before is not None:
                wide_low, wide_high = before.score(path)
                assert (low >= wide_low - 1e-9).all(), path
                assert (high <= wide_high + 1e-9).all(), path
            if not hidden:
                np.testing.assert_array_equal(low, least)
        before = evaluation


def test_complete_facts_leave_nothing_open() -> None:
    """But for a matrix without any coloured prediction, and a switch of which nothing is said: they are not assessed."""
    evaluation = evaluated("protocol", "complete")
    for path in evaluation.plan.nodes:
        open_by_rule = "/acc_performance" in path or path.endswith("/passenger_airbag_status")
        if path.startswith(f"{STAGE}/") and not open_by_rule and path.count("/") > 2:
            low, high = evaluation.score(path)
            np.testing.assert_allclose(low, high, atol=1e-9, err_msg=path)


@pytest.mark.parametrize("which", ["complete", "partial"])
@pytest.mark.parametrize("mode", ["calculator", "protocol"])
def test_losses_add_up_at_every_node(mode: str, which: str) -> None:
    evaluation = evaluated(mode, which)
    values = best_values(evaluation)
    for path, node_plan in evaluation.plan.nodes.items():
        if path.startswith(f"{STAGE}/"):
            expected = node_plan.node.maximum - evaluation.score(path)[1]
            np.testing.assert_allclose(own_loss(node_plan, values), expected, atol=1e-9)
            shares = losses(evaluation, path, values=values)
            np.testing.assert_allclose(sum(share.points for share in shares), expected, atol=1e-9)


def test_loss_reaches_the_single_cell_and_test_point() -> None:
    facts = dict(COMPLETE[0])
    matrix_of = "acc/ccrs_straight"
    point = f"{matrix_of}/90_km_h-0_km_h-0.5"
    for name in facts:
        if name.startswith(matrix_of):
            facts[name] = "green" if name.endswith("/prediction") else 200.0
    facts[f"{point}/v_reduction"] = 33.0
    cell = "driver_monitoring/long_distraction/non_driving_task/owl/passenger_face/warning"
    for name in facts:
        if name.startswith("driver_monitoring/"):
            facts[name] = {"prediction": "green", "verification": "not_selected", "result": "PASS"}.get(
                name.rsplit("/", 1)[1], "Functional"
            )
    facts[f"{cell}/verification"] = "FAIL"
    plan = plan_of("protocol")
    known = [_fact(name, value) for name, value in facts.items() if name in set(plan.facts)]
    found = {
        (loss.path.rpartition("/")[2], round(loss.points, 6)): loss.why for loss in rate(plan, known).losses
    }
    for language in ("en", "zh"):
        why = found["ccrs_straight", 0.0625][language]
        assert all(part in why for part in ("90 km/h – 0 km/h – 0.5", "33 km/h", "88", "15")), why
        why = found["non_driving_task_owl_warning", 0.5][language]
        assert "passenger_face" in why, why
        assert "FAIL" in why, why


def _fact(name: str, value: object) -> Fact:
    quantity = Fact(name, 0.0, "1").quantity
    words = quantity.categories
    return Fact(name, float(words.index(str(value))) if words else float(str(value)), quantity.unit)


def test_speed() -> None:
    """Not measured here; that two thousand cars are one array operation is."""
    rng = random.Random(1)
    plan = plan_of("protocol")
    some = [COMPLETE[rng.randrange(len(COMPLETE))] for _ in range(30)]
    together = evaluate(plan, matrix(plan, some))
    for i in (0, 7, 29):
        alone = evaluate(plan, matrix(plan, some[i : i + 1]))
        slot = plan.nodes[STAGE].value
        assert together.low[slot, i] == alone.low[slot, 0]
