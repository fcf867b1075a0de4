"""The engine from the printed scores of the tests to the stars, against the programme's calculator and the reference."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carindex.rating import Evaluation, Plan, compile_protocol, evaluate, load_protocol

from .reference import Rating, critical_region_without_points, inputs_of, rate, reports_of, rules
from .test_reference import DOMAINS, RUNS, facts, reports

OCCUPANCY = "safe_driving/occupant_monitoring/occupant_presence/crash_occupancy_information"
ADVANCED_ECALL = "post_crash/post_crash_intervention/advanced_ecall"
NUMBER = f"{ADVANCED_ECALL}/advanced_ecall_112/potential_number_of_occupants"
YEAR, PROVISION, CRITICAL = (
    "car/test_year",
    "car/vehicle_provision_score",
    "car/critical_body_region_without_points",
)


@cache
def plan_of(mode: str) -> Plan:
    return compile_protocol(load_protocol("euro-ncap-2026", calculator=mode == "calculator"))


def paths_of(stage: str) -> list[str]:
    from ..safe_driving.workbook import slug

    elements = rules()["stages"][stage]["elements"]
    return [f"{stage}/{key}/{slug(name)}" for key, how in elements.items() for name in how["tests"]]


def facts_of(stated: dict, inputs: dict, mode: str) -> dict[str, float]:
    """Facts of the engine: what the reports of a car and its overall workbook say."""
    found: dict[str, float | None] = {}
    for stage in stated:
        rows = [row for row in stated[stage]["Test Scores"] if row.get("Stage subelement") is not None]
        found |= {f"given:{path}": row.get("Score") for path, row in zip(paths_of(stage), rows, strict=True)}
    for path, stage, sheet, column, label in (
        (OCCUPANCY, "safe_driving", "Category Scores", "Category", "Crash occupancy information"),
        (NUMBER, "post_crash", "Scenario Scores", "Scenario", "Potential number of occupants"),
    ):
        rows = stated.get(stage, {}).get(sheet, [])
        found[f"given:{path}"] = next((row.get("Score") for row in rows if row.get(column) == label), None)
    year = inputs.get("vehicle/test_year")
    if year is not None:
        found[YEAR] = float(year) - 2026
    found[PROVISION] = inputs.get("vehicle/provision_assessment_score")
    if "crash_protection" in stated:
        without = critical_region_without_points(stated["crash_protection"], mode == "calculator")
        found[CRITICAL] = None if without is None else float(without)
    return {name: value for name, value in found.items() if value is not None}


def evaluated(cars: Sequence[dict[str, float]], mode: str) -> Evaluation:
    plan = plan_of(mode)
    place = {name: i for i, name in enumerate(plan.facts)}
    values = np.full((len(plan.facts), len(cars)), np.nan)
    for i, car in enumerate(cars):
        for name, value in car.items():
            values[place[name], i] = value
    return evaluate(plan, values)


def exact(evaluation: Evaluation, path: str, car: int) -> float | None:
    low, high = (float(bound[car]) for bound in evaluation.score(path))
    return low if low == high else None


def stars_of(evaluation: Evaluation, car: int) -> float | None:
    low, high = (float(bound[car]) for bound in evaluation.outcome(""))
    return low if low == high else None


def same(ours: float | None, theirs: float | None) -> bool:
    return ours is theirs or (ours is not None and theirs is not None and abs(ours - theirs) < 1e-9)


@cache
def edited(mode: str) -> Evaluation:
    return evaluated([facts_of(reports(run), facts(run), mode) for run in RUNS["runs"]], mode)


def compare(
    evaluation: Evaluation, car: int, official: dict[str, Iterable[Any]], stars: float | None
) -> None:
    tests = [path for stage in DOMAINS.values() for path in paths_of(stage)]
    elements = list(dict.fromkeys(path.rsplit("/", 1)[0] for path in tests))
    for sheet, paths in (
        ("Test Scores", tests),
        ("Stage element Scores", elements),
        ("Stage Scores", list(DOMAINS.values())),
    ):
        for path, theirs in zip(paths, official[sheet], strict=True):
            assert same(exact(evaluation, path, car), theirs), path
    assert same(stars_of(evaluation, car), stars)


@pytest.mark.parametrize("car", range(len(RUNS["runs"])))
def test_edited_reports_as_the_calculator_rates_them(car: int) -> None:
    run = RUNS["runs"][car]
    told = [score for domain in DOMAINS for score in run["scores"][domain]]
    official = {"Test Scores": told} | run["official"]
    compare(edited("calculator"), car, official, run["stars"])


@pytest.mark.parametrize("car", range(len(RUNS["runs"])))
def test_edited_reports_by_the_rules(car: int) -> None:
    """What the reference knows the engine knows; what the reference leaves open lies within bounds."""
    run = RUNS["runs"][car]
    if run["year"] not in (2026, 2027, 2028):
        return
    evaluation = edited("protocol")
    rating: Rating = rate(reports(run), facts(run))
    for path, theirs in {**rating.tests, **rating.elements, **rating.stages}.items():
        ours = exact(evaluation, path, car)
        assert theirs is None or same(ours, theirs), path
    assert rating.stars is None or stars_of(evaluation, car) == rating.stars


@pytest.mark.shared
def test_ready_cars(shared: Path) -> None:
    cases = sorted((shared / "oracle/euroncap2026/cases").iterdir())
    cars = [
        facts_of(reports_of(case), inputs_of(case / "overall_input.xlsx"), "calculator") for case in cases
    ]
    evaluation = evaluated(cars, "calculator")
    for car, case in enumerate(cases):
        expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))["domains"]["overall"]
        sheets = ("Test Scores", "Stage element Scores", "Stage Scores")
        official = {sheet: [row.get("Score") for row in expected[sheet]] for sheet in sheets}
        compare(evaluation, car, official, expected["Rating"][0].get("Star rating"))


def test_deduction_below_zero() -> None:
    run = RUNS["runs"][0]
    low = run | {"scores": run["scores"] | {"cp": [0.0] * 9}, "provision": 5, "year": 2026}
    for mode, score in (("calculator", -2.0), ("protocol", 0.0)):
        evaluation = evaluated([facts_of(reports(low), facts(low), mode)], mode)
        assert exact(evaluation, "crash_protection", 0) == score
