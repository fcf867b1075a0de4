"""The rating engine against the reference, which equals the programme's own calculator, score by score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carindex.rating import evaluate

from .engine import OneCar, column, engine_scores, evaluated, plan
from .reference import score
from .report_cells import Name, reference_scores
from .structure import criteria, fact_name, occupants, sub_elements
from .test_reference import EDITED, GOOD_FACTS, SEEDS, case, edited, touched
from .workbook import Facts, facts_of, inspection_fact, regions


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return abs(ours - theirs) < 1e-9
    return bool(ours == theirs)


def not_printed(facts: Facts) -> set[str]:
    """What the report shows in a way of its own: what it leaves blank has no other number in the engine.

    Regions without inspection and without excursion, rows of the headform that are left as they were, and criteria that only cap and
    have no value.
    """
    found: set[str] = set(score(facts, "calculator").unprinted)
    for path in sub_elements():
        for dummy in occupants(path):
            for region in dummy["children"].values():
                blank = inspection_fact(region) not in facts and region.get("inspection") != "none"
                excursion = "choose" in region and fact_name("farside_excursion", region) not in facts
                if blank or excursion:
                    found.add(region["path"])
                if any("near" in run for run in region.get("children", {}).values()):
                    found.add(region["path"])
            for node in (*dummy["children"].values(), *dummy.get("capping_only", {}).values()):
                for one in criteria(node):
                    rule = one["criterion"]
                    if (
                        "limits" not in rule
                        and "limit" not in rule
                        and fact_name(rule["fact"], one) not in facts
                    ):
                        found.add(one["path"])
    return found


def differences(facts: Facts, mode: str, car: OneCar | None = None) -> dict[Name, tuple[Any, Any]]:
    expected = reference_scores(facts, score(facts, mode))
    found = engine_scores(facts, car or OneCar(evaluated(facts, mode)))
    assert len(found) > 1400
    left_out = not_printed(facts)
    return {
        name: (value, expected.get(name, "absent"))
        for name, value in found.items()
        if name[0] not in left_out and not same(value, expected.get(name, "absent"))
    }


@pytest.mark.shared
@pytest.mark.parametrize("seed", SEEDS)
def test_every_score_of_a_ready_car(shared: Path, seed: int) -> None:
    assert differences(facts_of(case(shared, seed) / "cp_input.xlsx", "calculator"), "calculator") == {}


@pytest.mark.parametrize("name", [None, *EDITED])
def test_every_score_of_an_edited_car(name: str | None) -> None:
    assert differences(GOOD_FACTS if name is None else edited(name), "calculator") == {}


def test_good_car_by_the_rules() -> None:
    assert differences(GOOD_FACTS, "protocol") == {}


@pytest.mark.shared
@pytest.mark.parametrize("seed", SEEDS)
def test_by_the_rules_only_what_is_missing_is_open(shared: Path, seed: int) -> None:
    facts = facts_of(case(shared, seed) / "cp_input.xlsx", "protocol")
    for name, (ours, theirs) in differences(facts, "protocol").items():
        assert ours is None, (name, theirs)
    assert touched(facts)


def test_critical_region_left_out_takes_the_points_of_the_region_above() -> None:
    """Named oddity: a region without inspection has no score, and the four-star cap then looks at the one above it."""
    of_path = {region["path"]: inspection_fact(region) for region in regions().values()}
    offset = "frontal_impact/offset/mpdb_50"
    above = of_path[f"{offset}/driver/lower_leg_foot_ankle"]  # not critical itself
    critical = of_path[f"{offset}/front_passenger/head_neck"]
    name = "crash_protection#critical_region_without_points"
    cars = {
        "nothing wrong": GOOD_FACTS,
        "none above": GOOD_FACTS | {above: 100.0},
        "left out": {fact: value for fact, value in GOOD_FACTS.items() if fact != critical},
        "left out, none above": {
            fact: value for fact, value in (GOOD_FACTS | {above: 100.0}).items() if fact != critical
        },
    }
    for calculator in (True, False):
        compiled = plan(calculator)
        values = np.stack([column(facts, compiled) for facts in cars.values()], axis=1)
        low, high = evaluate(compiled, values).named(name)
        if calculator:
            assert low.tolist() == high.tolist() == [0, 0, 0, 1]
        else:
            assert (low.tolist(), high.tolist()) == ([0, 0, 0, 0], [0, 0, 1, 1])
