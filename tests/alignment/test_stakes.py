"""What a part can cost the whole: against hand calculation, and against rating a car that is bad in that part alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.alignment.small_protocols import leaf, written

from carindex.rating import Plan, evaluate
from carindex.rating.compiled import compiled
from carindex.rating.stakes import stakes

_FACTS = [
    "hic15",
    "head_a3ms",
    "chest_deflection",
    "chest_vc",
    "nij",
    "neck_tension",
    "femur_left",
    "pelvis_a3ms",
]


@pytest.mark.parametrize(
    ("protocol", "path", "share"),
    [
        # 8 of 38 points of a box that weighs 40 %
        ("euro-ncap-2018", "adult_occupant/frontal_impact/odb", 0.4 * 8 / 38),
        # 4 of 16 raw points, halved: 2 of 40 points of a box that weighs 40 %
        (
            "euro-ncap-2023",
            "adult_occupant/frontal_impact/mpdb/head_and_neck/driver/head/hic15",
            0.4 * 2 / 40,
        ),
        # 20 of 70 points; the bonus beside the 70 points does not make up for them
        ("c-ncap-2018", "occupant_protection/full_width_frontal_impact", 0.7 * 20 / 70),
        ("c-ncap-2018", "occupant_protection/whiplash", 0.7 * 5 / 70),
        # a combustion car: 24 + 24 + 1.2 · 20 + 7 + 3 + 4 points; a chargeable one has 1.5 · 16 in the place of 1.2 · 20
        ("c-ncap-2021", "occupant_protection/side_impact", 0.6 * 24 / 86),
        ("c-ncap-2021", "occupant_protection/side_pole_impact", 0.6 * 24 / 86),
        # 24 of 24 at 71.4 % of a box of 21 %; scenarios of pedestrians add up to 13 and count up to 12
        ("c-ncap-2024", "active_safety/driver_assistance", 0.21 * 0.714),
        ("c-ncap-2024", "vru_protection", 0.25),
        ("green-ncap-2022", "clean_air", 1 / 3),
        ("iihs-small-overlap", "structure", 10 / 74),
    ],
)
def test_shares_by_hand(protocol: str, path: str, share: float) -> None:
    assert stakes(compiled(protocol))[path].share == pytest.approx(share, abs=1e-9)


def test_risks_and_precedents_have_no_share() -> None:
    assert stakes(compiled("us-ncap-2011"))["frontal/driver/head"].share is None
    assert stakes(compiled("ivista-2020"))["parking"].share is None


def test_a_part_that_counts_for_some_cars_says_so() -> None:
    found = stakes(compiled("c-ncap-2021"))
    assert found["occupant_protection/side_impact/front_row"].conditional
    assert not found["occupant_protection/full_width_frontal_impact"].conditional


@st.composite
def _trees(draw: st.DrawFn) -> dict:
    facts = iter(_FACTS)

    def node(depth: int) -> dict:
        combine = draw(st.sampled_from(["sum", "worst", "mean", "weighted"]))
        children = {}
        for i in range(draw(st.integers(1, 3))):
            key = f"part_{depth}_{i}"
            fact = next(facts, None)
            if fact is None:
                break
            points = draw(st.sampled_from([1.0, 2.0, 4.0, 5.0]))
            if depth < 2 and draw(st.booleans()):
                inner = node(depth + 1)
                if inner["children"]:
                    children[key] = {**inner, "label": {"en": f"Part {depth} {i}", "zh": key}}
                    continue
            children[key] = leaf(key, fact, points)
        made: dict = {"combine": combine, "children": children}
        if combine == "worst":
            made["points"] = draw(st.sampled_from([3.0, 4.0]))
        if combine == "weighted":
            made["weights"] = {key: draw(st.sampled_from([0.5, 1.0, 2.0])) for key in children}
        return made

    return node(0)


def _rated(plan: Plan, bad: set[str]) -> float:
    """Rate a car whose facts are all perfect but those of some nodes."""
    worst = {plan.facts[slot] for path in bad for slot in plan.nodes[path].rule_facts}
    values = np.array([1e9 if name in worst else 0.0 for name in plan.facts])
    return float(evaluate(plan, values[:, None]).score("")[0][0])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=_trees(), data=st.data())
def test_the_share_is_what_a_car_loses_that_is_bad_there_alone(tmp_path, tree, data) -> None:
    if not tree["children"]:
        return
    context = {
        "test": "full_width_rigid_56",
        "occupant": "driver",
        "dummy": "h3_50m",
        "label": {"en": "Car", "zh": "整车"},
    }
    plan = written(tmp_path, f"p{data.draw(st.integers(0, 10**9))}", {**context, **tree})
    shares = stakes(plan)
    whole = plan.protocol.root.maximum
    for path, node_plan in plan.nodes.items():
        if node_plan.node.children:
            continue
        lost = _rated(plan, set()) - _rated(plan, {path})
        assert shares[path].share == pytest.approx(lost / whole, abs=1e-9)
