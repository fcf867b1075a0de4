"""Crash Protection in the engine on random cars: equal to the reference, bounded while facts are missing, losses that add up."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
import yaml

from carindex.dossier import Fact
from carindex.messages import LANGUAGES
from carindex.rating import Plan, compile_protocol, evaluate, load_protocol, losses, rate
from carindex.rating.explain import best_values

from .engine import STAGE, OneCar, column
from .random_cars import car, completed_by
from .reference import score
from .structure import DATA, sub_elements
from .test_engine import differences
from .test_reference import GOOD_FACTS
from .workbook import Facts

PROTOCOL = """
id: crash-protection-alone
programme: {{en: "Crash Protection alone"}}
edition: "2026"
source: "the stage's own files"
data: {{crash_tests: {{file: {folder}/scheme.yaml}}}}
reported: ["*/*/*"]
root:
  label: {{en: "Overall rating"}}
  combine: sum
  stars: {{at_least: {{5: 0}}, otherwise: 0, caps: [{{to: 4, when: {{critical_region_without_points: crash_protection}}}}]}}
  children:
    crash_protection: {{file: {folder}/stage.yaml}}
"""
HIDDEN = (0.02, 0.1, 0.4, 0.9)


@pytest.fixture(scope="module")
def plans(tmp_path_factory) -> dict[str, Plan]:
    """The stage without the others: by the rules, and as the calculator has it."""
    folder = tmp_path_factory.mktemp("alone")
    (folder / "protocol.yaml").write_text(PROTOCOL.format(folder=DATA), encoding="utf-8")
    modes = {"protocol": False, "calculator": True}
    return {
        mode: compile_protocol(load_protocol(folder, calculator=calculator))
        for mode, calculator in modes.items()
    }


def cars(count: int, *, blanks: float = 0.0) -> list[Facts]:
    rng = Random(2026)
    return [car(rng, GOOD_FACTS, wild=rng.choice((0.03, 0.1, 0.3)), blanks=blanks) for _ in range(count)]


def matrix(some: list[Facts], plan: Plan) -> np.ndarray:
    return np.stack([column(facts, plan) for facts in some], axis=1)


@pytest.mark.parametrize(("mode", "blanks"), [("protocol", 0.0), ("calculator", 0.0), ("calculator", 0.03)])
def test_every_score_is_that_of_the_reference(plans, mode, blanks):
    some = cars(80, blanks=blanks)
    together = evaluate(plans[mode], matrix(some, plans[mode]))
    worst, best = together.outcome("")
    for number, facts in enumerate(some):
        found = differences(facts, mode, OneCar(together, number))
        if facts["car/third_seat_row"] == "no":  # of a row that is not there nothing is asked
            found = {name: pair for name, pair in found.items() if "rear_third_row" not in name[0]}
        assert found == {}
        stars = 4 if score(facts, mode).zero else 5
        assert (worst[number], best[number]) == (stars, stars)


def test_bounds_contain_the_truth_and_shrink_as_facts_arrive(plans):
    plan = plans["protocol"]
    some = cars(40)
    truth = matrix(some, plan)
    may_hide = np.array([[not completed_by(name, facts) for facts in some] for name in plan.facts])
    exact = evaluate(plan, truth)
    rows = [node.value for node in plan.nodes.values()]
    rows += [slot for name, slot in plan.named.items() if not name.endswith(("#lost", "#value"))]
    rows += [node.outcome.slot for node in plan.nodes.values() if node.outcome]
    random = np.random.default_rng(2026)
    for part in HIDDEN:
        hidden = may_hide & (random.random(truth.shape) < part)
        fewer = hidden & (random.random(truth.shape) < 0.5)
        wide, narrow = (evaluate(plan, np.where(gone, np.nan, truth)) for gone in (hidden, fewer))
        for inner in (exact, narrow):
            with np.errstate(invalid="ignore"):
                assert not (wide.low[rows] - 1e-9 > inner.low[rows]).any()
                assert not (wide.high[rows] + 1e-9 < inner.high[rows]).any()


def test_while_nothing_is_known_a_test_has_anything_from_nothing_to_its_greatest_score(plans):
    plan = plans["protocol"]
    nothing = evaluate(plan, np.full((len(plan.facts), 1), np.nan))
    for path in sub_elements():
        low, high = nothing.score(f"{STAGE}/{path}")
        assert (low[0], high[0]) == (0.0, plan.nodes[f"{STAGE}/{path}"].node.maximum), path
    assert [bound[0] for bound in nothing.outcome("")] == [4, 5]


def test_losses_add_up_at_every_node_whatever_is_missing(plans):
    plan = plans["protocol"]
    some = cars(12)
    truth = matrix(some, plan)
    may_hide = np.array([[not completed_by(name, facts) for facts in some] for name in plan.facts])
    for part in (0.0, 0.3):
        gone = may_hide & (np.random.default_rng(1).random(truth.shape) < part)
        result = evaluate(plan, np.where(gone, np.nan, truth))
        values = best_values(result)
        for path, node in plan.nodes.items():
            expected = node.most(values) - result.score(path)[1]
            shares = losses(result, path, values=values)
            np.testing.assert_allclose(sum(share.points for share in shares), expected, atol=1e-9)


def facts_of(facts: Facts, plan: Plan) -> list[Fact]:
    values = column(facts, plan)
    return [
        Fact(name, float(value), plan.quantities[i].unit, "test")
        for i, (name, value) in enumerate(zip(plan.facts, values, strict=True))
        if not np.isnan(value)
    ]


def why(plans: dict[str, Plan], changes: Facts, path: str) -> list[str]:
    """English reasons for what is lost at or below a node, by a good car with some facts changed."""
    plan = plans["protocol"]
    rating = rate(plan, facts_of({**GOOD_FACTS, **changes}, plan))
    found = [
        loss for loss in rating.losses if loss.path.startswith(f"{STAGE}/{path}") and abs(loss.points) > 1e-4
    ]
    assert all(set(loss.why) == set(LANGUAGES) and all(loss.why.values()) for loss in found)
    return [loss.why["en"] for loss in found]


def test_a_complete_car_lacks_nothing(plans):
    plan = plans["protocol"]
    assert rate(plan, facts_of(GOOD_FACTS, plan)).missing == ()


def test_what_is_lost_is_told_with_value_limits_and_colour(plans):
    driver, region = "frontal_mpdb_50/driver/thor_50m", "frontal_impact/offset/mpdb_50/driver"
    assert why(plans, {f"{driver}/neck_tension": 2.95}, region) == [
        "Neck tension 2.95 kN; counts as Orange (Green below 2.7 kN, Yellow below 2.9 kN, Orange below 3.1 kN, Brown below 3.3 kN)"
    ]
    changes: Facts = {f"{driver}/neck_tension": 2.93, f"{driver}/neck_tension/predicted": "yellow"}
    assert why(plans, changes, region)[0].endswith("as predicted (Yellow), within the tolerance")
    assert why(plans, {f"{driver}/belt_shoulder": 6.5}, region) == [
        "Shoulder belt load 6.5 kN (deduction 0 % below 6 kN, 40 % from 6 kN)"
    ]
    assert why(plans, {f"{driver}/inspection_head_neck": 12.5}, region) == ["Inspection 12.5 %"]
    assert why(plans, {f"{driver}/femur_left": -9.5}, region)[0].startswith("Femur axial force, left")


def test_the_example_of_the_documentation(plans):
    """docs/protocol-format.md, crash tests: worst of 80 and 40 %, less 20 and 5 %, of 1.25 points."""
    plan, driver = plans["protocol"], "frontal_mpdb_50/driver/thor_50m"
    changes: Facts = {
        "head_peak": 85,
        "hic15": 560,
        "neck_tension": 2.95,
        "damage": 0.43,
        "inspection_head_neck": 5,
    }
    facts = {**GOOD_FACTS, **{f"{driver}/{name}": value for name, value in changes.items()}}
    region = f"{STAGE}/frontal_impact/offset/mpdb_50/driver/head_neck"
    assert rate(plan, facts_of(facts, plan)).node(region).score == pytest.approx(0.1875)
    facts |= {f"{driver}/neck_tension": 2.94, f"{driver}/neck_tension/predicted": "yellow"}
    assert rate(plan, facts_of(facts, plan)).node(f"{region}/fz_tension").score == 80


def test_every_oddity_in_force_is_named_in_the_list_of_the_stage(plans):
    listed = yaml.safe_load((DATA / "oddities.yaml").read_text(encoding="utf-8"))
    found = {oddity.name for oddity in plans["calculator"].protocol.oddities}
    assert found == set(listed)


def test_a_capped_dummy_says_what_capped(plans):
    changes: Facts = {"frontal_mpdb_50/driver/thor_50m/neck_extension": 60}
    assert "Capping: Neck extension moment 60 N·m, capping limit 57 N·m" in why(
        plans, changes, "frontal_impact/offset/mpdb_50/driver"
    )
    pulse = "rear_whiplash_mid/driver/biorid_2"
    alone: Facts = {f"{pulse}/t1_acceleration": 20, f"{pulse}/nic": 28}
    (capping,) = [text for text in why(plans, alone, "rear_impact/whiplash/rear_mid") if "Capping" in text]
    assert "NIC 28" in capping
    assert "T1" not in capping  # caps only together with the contact of the head restraint
    both = {**alone, f"{pulse}/head_restraint_contact_start": 95}
    (capping,) = [text for text in why(plans, both, "rear_impact/whiplash/rear_mid") if "Capping" in text]
    assert "T1 acceleration, forward 20 g, capping limit 15.55 g" in capping


def test_virtual_lower_legs_say_which_measured_one_has_no_points(plans):
    changes: Facts = {"frontal_mpdb_50/driver/thor_50m/tibia_index_left": 1.4}
    assert why(plans, changes, "frontal_impact/sled_vt/virtual_high/driver") == [
        "no points for MPDB-50 › Driver › Lower Leg, Foot & Ankle"
    ]


def test_losses_reach_the_impact_point(plans):
    legs = {f"vru_lower_legform/1_{c}/cell": "t" for c in (-1, 0, 1)}
    values = {f"vru_lower_legform/1_{c}/femur_moment_f{n}": 300 for c in (-1, 0, 1) for n in (1, 2, 3)}
    changes = {**legs, **values, "vru_lower_legform/1_0/femur_moment_f2": 450}
    others = {name: None for name in GOOD_FACTS if name.startswith("vru_lower_legform/1_")}
    facts = {name: value for name, value in {**GOOD_FACTS, **others, **changes}.items() if value is not None}
    plan = plans["protocol"]
    rating = rate(plan, facts_of(facts, plan))
    femur = f"{STAGE}/vru_impact/pelvis_leg_impact/lower_leg/femur"
    (loss,) = [one for one in rating.losses if one.path == femur and abs(one.points) > 1e-4]
    assert loss.points == pytest.approx(2.5 / 3)  # one of three points, by hand
    assert loss.why["en"].startswith("point 1 / 0:")
    assert "450 N·m" in loss.why["en"]
    assert loss.why["en"].endswith("counts as Red")
    # what is inferred beside a point that is still to be tested stays open, unless it is red already
    facts["vru_lower_legform/1_2/cell"] = "sa"
    del facts["vru_lower_legform/1_1/femur_moment_f1"]
    node = rate(plan, facts_of(facts, plan)).node(femur)
    assert (node.lower, node.upper) == (
        pytest.approx(2.5 / 4, abs=1e-5),
        pytest.approx(2.5 * 3 / 4, abs=1e-5),
    )


def test_a_predicted_cell_costs_its_part_of_the_grid(plans):
    """Ten cells, two of them yellow: 2 · 0.25 of 10 cells that share 10 points; one green tested green, factor 1."""
    head = {name: None for name in GOOD_FACTS if name.startswith("vru_headform/")}
    cells: Facts = {f"vru_headform/14_{c}/cell": "green" for c in range(8)}
    cells |= {f"vru_headform/2_{c}/cell": "yellow" for c in range(2)}
    cells |= {"vru_headform/14_3/tested": "yes", "vru_headform/14_3/hic15": 400}
    facts = {name: value for name, value in {**GOOD_FACTS, **head, **cells}.items() if value is not None}
    plan = plans["protocol"]
    rating = rate(plan, facts_of(facts, plan))
    test = f"{STAGE}/vru_impact/head_impact"
    assert rating.node(test).score == pytest.approx(9.5)
    found = {loss.why["en"]: loss.points for loss in rating.losses if loss.path.startswith(test)}
    assert found == {f"point 2 / {c}: Impact point yellow": pytest.approx(0.25) for c in range(2)}
    # the greatest score of a band is its part of the cells, and a band without any caps nothing
    assert rating.node(f"{test}/adult_headform/cyclist").maximum == pytest.approx(8)
    assert rating.root.outcome == 5
    assert rate(plans["calculator"], facts_of(facts, plans["calculator"])).root.outcome == 4


def test_third_seat_row_shares_the_points_of_the_rear_head_restraints(plans):
    plan = plans["protocol"]
    row = f"{STAGE}/rear_impact/whiplash/static_rear"
    for third, expected in (("yes", (0.5, 0.5)), ("no", (1.0, 0.0))):
        rating = rate(plan, facts_of({**GOOD_FACTS, "car/third_seat_row": third}, plan))
        nodes = [rating.node(f"{row}/rear_{name}_row") for name in ("second", "third")]
        assert tuple(node.maximum for node in nodes) == expected
        assert tuple(node.score for node in nodes) == expected
        assert not [loss for loss in rating.losses if loss.path.startswith(row) and abs(loss.points) > 1e-4]


def test_inspection_of_a_test_is_a_part_of_its_dummies(plans):
    """Sled: 4 dummies of 1.25 and 6 of 0.8333 points; a third of 9.9998, rounded to three decimals."""
    plan = plans["protocol"]
    facts = {**GOOD_FACTS, "sled_vt/inspection": 33.0}
    score_of = rate(plan, facts_of(facts, plan)).node(f"{STAGE}/frontal_impact/sled_vt").score
    assert score_of == pytest.approx(round(9.9998 * 0.67, 3))
