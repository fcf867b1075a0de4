"""Where the points of the stage go: losses add up at every level, down to the cell, in words."""

from __future__ import annotations

import numpy as np
import pytest

from carindex.dossier import Fact
from carindex.rating import Plan, losses, rate
from carindex.rating.explain import best_values, own_loss

from .engine import as_written_down, evaluated, number_of, plan
from .random_cars import redrawn
from .test_engine import CARS
from .workbook import Facts

STAGE = "crash_avoidance"
CCRS = f"{STAGE}/frontal_collisions/car_ptw/longitudinal/ccrs"


@pytest.mark.parametrize("open_", [False, True])
def test_losses_add_up_at_every_node(open_: bool) -> None:
    cars = [redrawn(CARS[seed % len(CARS)][1], 4000 + seed) for seed in range(8)]
    if open_:
        cars = [{n: v for i, (n, v) in enumerate(car.items()) if i % 9 != k} for k, car in enumerate(cars)]
    evaluation = evaluated(cars, "protocol")
    values = best_values(evaluation)
    for path, node in evaluation.plan.nodes.items():
        if not path.startswith(STAGE):
            continue
        expected = node.node.maximum - evaluation.score(path)[1]
        np.testing.assert_allclose(own_loss(node, values), expected, atol=1e-9)
        shares = losses(evaluation, path)
        np.testing.assert_allclose(sum(share.points for share in shares), expected, atol=1e-9, err_msg=path)
        if node.node.spec.layer is None:
            continue
        details = sum((share.points for share in shares if share.cause == "detail"), np.zeros(len(cars)))
        assert all((share.points > -1e-9).all() for share in shares if share.cause == "detail")
        assert (details <= expected + 1e-9).all(), path


def facts_of(facts: Facts, compiled: Plan) -> list[Fact]:
    place = {name: i for i, name in enumerate(compiled.facts)}
    found = []
    for name, value in as_written_down(facts).items():
        if name in place:
            quantity = compiled.quantities[place[name]]
            number = number_of(value, quantity.categories)
            if not np.isnan(number):
                found.append(Fact(name, number, quantity.unit))
    return found


def words_at(facts: Facts, path: str, language: str) -> list[str]:
    rating = rate(plan(False), facts_of(facts, plan(False)), assumed={"crash_protection/vru_impact": 20.0})
    return [loss.why[language] for loss in rating.losses if loss.path == path]  # type: ignore[index]


def car() -> Facts:
    facts = redrawn(CARS[0][1], 5000)
    facts = {name: value for name, value in facts.items() if not name.startswith("ccrs/")}
    from . import rules

    matrix = rules.matrices()["ccrs"]
    for row in matrix.rows:
        for column, _ in enumerate(row.cells):
            facts[f"ccrs/{matrix.cell(row, column)}/prediction"] = "Green"
    facts |= {"ccrs/prediction_standard": "VTA", "ccrs/prediction_extended": "VTA"}
    return facts


def test_a_cell_that_is_not_predicted_green_and_one_that_is_refuted() -> None:
    facts = car()
    facts["ccrs/50_km_h-0_km_h-1/prediction"] = "Yellow"
    facts |= {"ccrs/60_km_h-0_km_h-0.5/tested": "yes", "ccrs/60_km_h-0_km_h-0.5/v_rel_impact": 12.0}
    english, chinese = (words_at(facts, f"{CCRS}/standard", language) for language in ("en", "zh"))
    assert english == [
        "CCRs, VUT 60 km/h, target 0 km/h, impact location 50 %: Predicted colour of the cell green; "
        "Relative impact speed 12 km/h; counts as Orange (Green at 0 km/h; Yellow below 10 km/h; Orange below 20 km/h; "
        "Brown below 30 km/h; Red beyond)",
        "CCRs, VUT 50 km/h, target 0 km/h, impact location 100 %: Predicted colour of the cell yellow",
    ]
    assert len(chinese) == 2
    assert "相对碰撞速度 12 km/h" in chinese[0]
    assert "计为橙色" in chinese[0]


def test_layers_that_are_not_claimed_or_fail_are_named() -> None:
    facts = car()
    claims = [name for name in facts if name.startswith("ccrs/") or "/claimed" in name]
    for name in claims:
        if name.startswith("ccrs/") and name.endswith("/claimed"):
            facts[name] = "YES"
    facts["ccrs/speed/claimed"] = "NO"  # not offered to this scenario: nobody asks
    facts["ccrs/type/claimed"] = "NO"
    facts["ccrs/driver_input_pre_crash/claimed"] = "YES"
    said = words_at(facts, f"{CCRS}/robustness", "en")
    assert "Type: not claimed" in said
    assert not [words for words in said if words.startswith("Speed")]


def test_a_scenario_that_is_not_claimed_says_so() -> None:
    facts = car() | {"ccrs/prediction_standard": "N/A"}
    (said,) = words_at(facts, f"{CCRS}/standard", "en")
    assert said.startswith("Prediction of the standard range N/A")
