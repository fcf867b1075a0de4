"""Which missing test makes an interval wide: by hand, and against evaluations of the whole protocol."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.alignment.small_protocols import leaf, written
from tests.rating.cars import random_facts

from carindex.alignment.bounds import as_json, bounds, slots_of, upper_nodes
from carindex.alignment.ends import ends
from carindex.alignment.missing_tests import answering_test, car_under
from carindex.cli.main import app
from carindex.dossier import Fact
from carindex.examples import camry
from carindex.rating import evaluate
from carindex.rating.compiled import compiled

FRONT = "full_width_rigid_56/driver/h3_50m/hic15"
NECK = "full_width_rigid_56/driver/h3_50m/chest_deflection"
SIDE = "side_mdb_crabbed_62/driver/es2re/hic36"
POLE = "side_pole_oblique_32/driver/sid_iis/hic36"


def _fact(name: str, value: float) -> Fact:
    return Fact(name, value, "1", "test")


@pytest.fixture
def sum_of_three(tmp_path: Path):
    root = {
        "label": {"en": "Whole", "zh": "整体"},
        "points": 100,
        "combine": "sum",
        "stars": {"at_least": {1: 20, 2: 45, 3: 70}, "otherwise": 0},
        "children": {
            "front": leaf("front", FRONT, 50),
            "side": leaf("side", SIDE, 30),
            "pole": leaf("pole", POLE, 20),
        },
    }
    return written(tmp_path, "sum-of-three", root)


def test_each_test_closes_its_points(sum_of_three) -> None:
    whole, *parts = bounds(car_under(sum_of_three, [_fact(POLE, 100.0)]))  # 20 of 20
    assert (whole.path, whole.lower, whole.upper, whole.outcome) == ("", 20.0, 100.0, (1, 3))
    front, side = whole.causes
    assert (front.test, front.closes, front.if_worst, front.if_best) == (
        "full_width_rigid_56",
        (50.0, 50.0),
        (20.0, 50.0),
        (70.0, 100.0),
    )
    assert (front.outcome_if_worst, front.outcome_if_best) == ((1, 2), (3, 3))
    assert (side.test, side.if_worst, side.if_best) == ("side_mdb_crabbed_62", (20.0, 70.0), (50.0, 100.0))
    assert (side.outcome_if_worst, side.outcome_if_best) == ((1, 3), (2, 3))
    assert {part.path: [cause.test for cause in part.causes] for part in parts} == {
        "front": ["full_width_rigid_56"],
        "side": ["side_mdb_crabbed_62"],
        "pole": [],
    }


def test_of_two_parts_of_which_the_worse_counts_only_a_bad_test_closes(tmp_path: Path) -> None:
    root = {
        "label": {"en": "Whole", "zh": "整体"},
        "points": 10,
        "combine": "worst",
        "children": {"front": leaf("front", FRONT, 10), "side": leaf("side", SIDE, 10)},
    }
    whole = bounds(car_under(written(tmp_path, "worse-of-two", root), []))[0]
    assert [(cause.closes, cause.if_worst, cause.if_best) for cause in whole.causes] == [
        ((0.0, 10.0), (0.0, 0.0), (0.0, 10.0))
    ] * 2


def test_of_a_single_test_the_facts_are_told(tmp_path: Path) -> None:
    root = {
        "label": {"en": "Whole", "zh": "整体"},
        "points": 10,
        "combine": "sum",
        "children": {"head": leaf("head", FRONT, 7), "chest": leaf("chest", NECK, 3, (20, 50))},
    }
    whole = bounds(car_under(written(tmp_path, "one-test", root), []))[0]
    assert [(cause.fact, cause.closes) for cause in whole.causes] == [
        (None, (10.0, 10.0)),
        (FRONT, (7.0, 7.0)),
        (NECK, (3.0, 3.0)),
    ]


def test_a_car_that_is_settled_has_no_causes(sum_of_three) -> None:
    known = [_fact(name, 150.0) for name in (FRONT, SIDE, POLE)]
    car = car_under(sum_of_three, known)
    assert car.tests == ()
    assert all(node.causes == () and node.lower == node.upper for node in bounds(car))


@pytest.mark.parametrize(
    "name", ["c-ncap-2021", "euro-ncap-2020", "us-ncap-2011", "c-iasi-2017", "asean-ncap-2017"]
)
def test_what_is_worked_out_again_is_what_the_whole_protocol_gives(name: str) -> None:
    plan = compiled(name)
    random = np.random.default_rng(5)
    whole = random_facts(plan, random, 1, 0.0)[:, 0]
    for blank in (1.0, 0.6, 0.1):
        column = np.where(random.random(len(whole)) < blank, np.nan, whole)
        facts = [
            Fact(name, value, "1", "test")
            for name, value in zip(plan.facts, column, strict=True)
            if value == value and not name.startswith("given:")
        ]
        car = car_under(plan, facts)
        fills = [slot for test in car.tests for slot in test.fills]
        filled = np.repeat(car.column[:, None], 20, axis=1)
        for column_ in range(20):
            some = [slot for slot in fills if random.random() < 0.5]
            filled[some, column_] = np.minimum(whole[some], plan.most[some])
        slots = slots_of(plan, upper_nodes(plan))
        variations = car.variations(slots)
        low, high = variations.bounds(filled)
        truth = evaluate(plan, filled, car.assumed)
        np.testing.assert_array_equal(low, truth.low[variations.slots])
        np.testing.assert_array_equal(high, truth.high[variations.slots])


@pytest.mark.parametrize("name", ["c-ncap-2021", "euro-ncap-2020", "latin-ncap-2020", "iihs-side-2"])
def test_no_result_of_a_test_leaves_what_its_ends_say(name: str) -> None:
    """Random results of each test: no better than at its best for the upper end, no worse than at its worst for the lower."""
    plan = compiled(name)
    car = car_under(plan, [])
    worst, best = ends(plan)
    random = np.random.default_rng(3)
    cars = random_facts(plan, random, 40, 0.0)
    root = plan.nodes[""]
    assert root.node.counts in ("points", "demerits")
    variations = car.variations([root.value])
    for test in car.tests:
        fills = list(test.fills)
        columns = np.repeat(car.column[:, None], 42, axis=1)
        columns[fills, :40] = np.clip(cars[fills], plan.least[fills, None], plan.most[fills, None])
        columns[fills, 40], columns[fills, 41] = worst[fills], best[fills]
        low, high = (bound[0] for bound in variations.bounds(columns))
        if root.node.counts != "points":
            low, high = -high, -low
        assert (high[:40] <= high[41] + 1e-9).all(), test.name
        assert (low[:40] >= low[40] - 1e-9).all(), test.name


def test_points_that_a_report_states_belong_to_the_test_of_their_part() -> None:
    plan = compiled("asean-ncap-2017")
    part = "given:adult_occupant_protection/raw_score/frontal_offset/head_and_neck/not_known_here"
    assert answering_test(plan, plan.facts.index(part)) == "frontal_odb_64"
    alone = "given:child_occupant_protection/raw_score/frontal_dynamic"
    assert answering_test(plan, plan.facts.index(alone)) == alone


def test_rate_tells_what_makes_intervals_wide(capsys, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            app([*arguments], standalone_mode=False)
        assert ended.value.code == 0
        return capsys.readouterr().out

    with camry() as folder:
        rate = ("rate", str(folder), "-p", "euro-ncap-2016")
        file = tmp_path / "rating.json"
        run(*rate, "--bounds", "--json", str(file))
        said = json.loads(file.read_text("utf-8"))
        whole = said["bounds"][0]
        assert (whole["lower"], whole["upper"], whole["outcome"]) == (
            said["nodes"][0]["lower"],
            said["nodes"][0]["upper"],
            [said["outcome"]["lower"], said["outcome"]["upper"]],
        )
        missing = {name if name.startswith("given:") else name.split("/")[0] for name in said["missing"]}
        assert whole["causes"]
        assert {cause["test"] for cause in whole["causes"]} <= missing
        for language, words in (("en", "What makes the intervals wide"), ("zh", "区间宽度的来源")):
            assert words in run(*rate, "--bounds", "--lang", language)
            assert words not in run(*rate, "--lang", language)


def test_plain_values_name_every_node_once(sum_of_three) -> None:
    said = as_json(bounds(car_under(sum_of_three, [])))
    assert [node["path"] for node in said] == ["", "front", "pole", "side"]
