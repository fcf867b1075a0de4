"""IIHS side tests, the original and the updated one: limits of every measure and lines of the sums.

The limits are written down from the sources a second time, not read from the protocol's files.
"""

from __future__ import annotations

import pytest

from .graded import Programme, around

SIDE_1, SIDE_2 = "side_mdb_1500_50", "side_mdb_1900_60"


@pytest.fixture(scope="module")
def side_2():
    return Programme("iihs-side-2")


@pytest.fixture(scope="module")
def side_1():
    return Programme("iihs-side-1")


def side(test, occupant, **values):
    seat = "driver" if occupant == "driver" else "rear_left"
    return {f"{test}/{seat}/sid_iis/{name}": value for name, value in values.items()}


UPDATED = {
    "hic15": 100,
    "head_peak": 50,
    "head_contact_interior": "no",
    "head_contact_outside": "no",
    "side_head_protection_fitted": "yes",
    "neck_tension": 500,
    "neck_compression": 300,
    "torso_rib_deflection": 20,
    "torso_rib_rate": 3,
    "torso_rib_vc": 0.3,
    "rib_bottoming": "no",
    "shoulder_deflection": 30,
    "pelvic_force": 3000,
}


def updated(**driver):
    return {
        f"{SIDE_2}/b_pillar_distance": 200,
        f"{SIDE_2}/door_opening": "no",
        **side(SIDE_2, "driver", **{**UPDATED, **driver}),
        **side(SIDE_2, "rear_passenger", **UPDATED),
    }


@pytest.mark.parametrize(
    ("name", "limits", "component", "demerits", "step"),
    [
        ("hic15", (623, 779, 935), "head_and_neck", (0, 2, 10, 35), 1),
        ("neck_tension", (2100, 2500, 2900), "head_and_neck", (0, 2, 10, 35), 1),
        ("neck_compression", (2500, 3000, 3500), "head_and_neck", (0, 2, 10, 35), 1),
        ("torso_rib_deflection", (28, 38, 48), "torso", (0, 2, 10, 35), 0.1),
        ("torso_rib_rate", (8.2, 9.8, 11.5), "torso", (0, 2, 10, 35), 0.01),
        ("torso_rib_vc", (1.0, 1.2, 1.4), "torso", (0, 2, 10, 35), 0.01),
        ("pelvic_force", (4000, 5000, 6000), "pelvis", (0, 2, 6, 10), 1),
    ],
)
def test_limits_of_the_updated_side_test(side_2, name, limits, component, demerits, step):
    for value, index in around(limits, step):
        rated = side_2.rate(updated(**{name: value}))
        assert rated.demerits(f"driver/{component}") == demerits[index], value
        assert rated.demerits() == demerits[index]


@pytest.mark.parametrize(
    ("distance", "door", "demerits"),
    [
        (181, "no", 0),
        (180, "no", 2),
        (140, "no", 2),
        (139, "no", 10),
        (100, "no", 10),
        (99, "no", 22),
        (181, "yes", 2),
        (99, "yes", 22),
    ],
)
def test_intrusion_of_the_updated_side_test(side_2, distance, door, demerits):
    facts = {**updated(), f"{SIDE_2}/b_pillar_distance": distance, f"{SIDE_2}/door_opening": door}
    assert side_2.rate(facts).demerits("structure") == demerits


@pytest.mark.parametrize(
    ("facts", "demerits"),
    [
        ({}, 0),
        ({"head_peak": 71}, 2),
        ({"head_contact_interior": "yes"}, 2),
        ({"head_contact_interior": "yes", "head_peak": 71}, 10),
        ({"side_head_protection_fitted": "no"}, 10),
        ({"head_contact_outside": "yes"}, 22),
        ({"head_contact_outside": "yes", "head_contact_interior": "yes"}, 22),
    ],
)
def test_head_protection_of_the_updated_side_test(side_2, facts, demerits):
    assert side_2.rate(updated(**facts)).demerits("driver/head_protection") == demerits


@pytest.mark.parametrize(
    ("facts", "demerits"),
    [
        ({"rib_bottoming": "yes"}, 2),
        ({"shoulder_deflection": 60}, 0),
        ({"shoulder_deflection": 60.1}, 2),
        ({"shoulder_deflection": 61, "rib_bottoming": "yes"}, 2),
        ({"torso_rib_deflection": 50, "rib_bottoming": "yes"}, 35),
    ],
)
def test_downgrade_of_the_torso(side_2, facts, demerits):
    assert side_2.rate(updated(**facts)).demerits("driver/torso") == demerits


@pytest.mark.parametrize(("total", "grade"), [(8, "G"), (9, "A"), (20, "A"), (21, "M"), (34, "M"), (35, "P")])
def test_lines_of_the_updated_side_sum(side_2, total, grade):
    rated = side_2.rate({"given:structure": 0, "given:driver": total, "given:rear_passenger": 0})
    assert (rated.demerits(), rated.grade()) == (total, grade)


ORIGINAL = {
    "head_protection_grade": "G",
    "hic15": 100,
    "neck_tension": 500,
    "neck_compression": 300,
    "torso_rib_deflection": 30,
    "torso_rib_deflection_mean": 20,
    "torso_rib_rate": 3,
    "torso_rib_vc": 0.3,
    "iliac_force": 1000,
    "acetabulum_force": 1000,
    "pelvic_force": 2000,
    "femur_lateral_force": 500,
    "femur_lateral_moment": 50,
}


def original(**driver):
    return {
        f"{SIDE_1}/b_pillar_distance": 200,
        **side(SIDE_1, "driver", **{**ORIGINAL, **driver}),
        **side(SIDE_1, "rear_passenger", **ORIGINAL),
    }


@pytest.mark.parametrize(
    ("name", "limits", "component", "demerits", "step"),
    [
        ("hic15", (623, 779, 935), "head_and_neck", (0, 2, 10, 20), 1),
        ("neck_tension", (2100, 2500, 2900), "head_and_neck", (0, 2, 10, 20), 1),
        ("neck_compression", (2500, 3000, 3500), "head_and_neck", (0, 2, 10, 20), 1),
        ("torso_rib_deflection_mean", (34, 42, 50), "torso", (0, 2, 10, 20), 0.1),
        ("torso_rib_rate", (8.20, 9.84, 11.48), "torso", (0, 2, 10, 20), 0.01),
        ("torso_rib_vc", (1.0, 1.2, 1.4), "torso", (0, 2, 10, 20), 0.01),
        ("iliac_force", (4000, 4800, 5600), "pelvis_and_leg", (0, 2, 6, 10), 1),
        ("acetabulum_force", (4000, 4800, 5600), "pelvis_and_leg", (0, 2, 6, 10), 1),
        ("pelvic_force", (5100, 6100, 7100), "pelvis_and_leg", (0, 2, 6, 10), 1),
        ("femur_lateral_force", (2800, 3400, 3900), "pelvis_and_leg", (0, 2, 6, 10), 1),
        ("femur_lateral_moment", (254, 305, 356), "pelvis_and_leg", (0, 2, 6, 10), 1),
    ],
)
def test_limits_of_the_original_side_test(side_1, name, limits, component, demerits, step):
    for value, index in around(limits, step):
        assert side_1.rate(original(**{name: value})).demerits(f"driver/{component}") == demerits[index], (
            value
        )


def test_the_worst_rib_has_no_line_between_good_and_acceptable(side_1):
    for deflection, demerits in ((50, 0), (50.1, 10), (55, 10), (55.1, 20)):
        assert side_1.rate(original(torso_rib_deflection=deflection)).demerits("driver/torso") == demerits


@pytest.mark.parametrize(("mm", "demerits"), [(125, 0), (124, 2), (50, 2), (49, 6), (0, 6), (-1, 10)])
def test_intrusion_of_the_original_side_test(side_1, mm, demerits):
    facts = {**original(), f"{SIDE_1}/b_pillar_distance": mm}
    assert side_1.rate(facts).demerits("structure") == demerits


@pytest.mark.parametrize(("total", "grade"), [(6, "G"), (7, "A"), (20, "A"), (21, "M"), (32, "M"), (33, "P")])
def test_lines_of_the_original_side_sum(side_1, total, grade):
    rated = side_1.rate({"given:structure": 0, "given:driver": total, "given:rear_passenger": 0})
    assert (rated.demerits(), rated.grade()) == (total, grade)


def test_demerits_of_the_structure_are_stated_as_demerits(side_2):
    assert side_2.rate({**updated(), "given:structure": 22}).demerits() == 22
