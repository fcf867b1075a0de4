"""IIHS: limits of every measure, sums of demerits by hand, and a recorded test through to its grades.

The limits below are written down from the sources a second time, not read from the protocol's files. No public table
holds the institute's measures together with its grades, so published results cannot be compared.
"""

from __future__ import annotations

import numpy as np
import pytest

from carindex.criteria import chest, corridors, filters
from carindex.dossier.folder import load_dossier
from carindex.examples import camry
from carindex.messages import InputError
from carindex.rating import rate
from carindex.recordings import read

from .graded import Programme, Rated, around, taken_as

SMALL, MODERATE = "frontal_small_overlap_rigid_64", "frontal_odb_64"
DRIVER = f"{SMALL}/driver/h3_50m"

# A car without any demerit in the small overlap test.
GOOD = {
    f"{SMALL}/structure_grade": "G",
    **{
        f"{DRIVER}/{name}": value
        for name, value in {
            "hic15": 200,
            "head_peak": 50,
            "nij": 0.3,
            "neck_tension": 1000,
            "neck_compression": 300,
            "neck_tension_corridor_45": 0.4,
            "neck_compression_corridor_30": 0.1,
            "neck_shear_corridor": 0.2,
            "chest_a3ms": 40,
            "chest_deflection": 25,
            "chest_deflection_rate": 2,
            "chest_vc": 0.1,
            "femur_left": -2000,
            "femur_right": -1500,
            "knee_slider_left": 2,
            "knee_slider_right": 3,
            "tibia_index_left": 0.4,
            "tibia_index_right": 0.5,
            "tibia_force_left": 2000,
            "tibia_force_right": 2500,
            "foot_acceleration_left": 80,
            "foot_acceleration_right": 90,
            "kinematics_demerits": 0,
            "restraint_failure": "no",
        }.items()
    },
}

# Quantity, Good-Acceptable, Acceptable-Marginal and Marginal-Poor limit in the vocabulary's units, component, its
# demerits, the step to the next value that is surely beyond.
FRONTAL = [
    ("hic15", (560, 700, 840), "head_and_neck", (0, 2, 10, 20), 1),
    ("nij", (0.80, 1.00, 1.20), "head_and_neck", (0, 2, 10, 20), 0.01),
    ("neck_tension", (2600, 3300, 4000), "head_and_neck", (0, 2, 10, 20), 1),
    ("neck_compression", (3200, 4000, 4800), "head_and_neck", (0, 2, 10, 20), 1),
    ("chest_a3ms", (60, 75, 90), "chest", (0, 2, 10, 20), 0.1),
    ("chest_deflection", (50, 60, 75), "chest", (0, 2, 10, 20), 0.1),
    ("chest_deflection_rate", (6.6, 8.2, 9.8), "chest", (0, 2, 10, 20), 0.01),
    ("chest_vc", (0.8, 1.0, 1.2), "chest", (0, 2, 10, 20), 0.01),
    ("knee_slider_left", (12, 15, 18), "leg_and_foot", (0, 1, 2, 4), 0.1),
    ("knee_slider_right", (12, 15, 18), "leg_and_foot", (0, 1, 2, 4), 0.1),
    ("tibia_index_left", (0.80, 1.00, 1.20), "leg_and_foot", (0, 1, 2, 4), 0.01),
    ("tibia_index_right", (0.80, 1.00, 1.20), "leg_and_foot", (0, 1, 2, 4), 0.01),
    ("tibia_force_left", (4000, 6000, 8000), "leg_and_foot", (0, 1, 2, 4), 1),
    ("tibia_force_right", (4000, 6000, 8000), "leg_and_foot", (0, 1, 2, 4), 1),
    ("foot_acceleration_left", (150, 200, 260), "leg_and_foot", (0, 1, 2, 4), 0.1),
    ("foot_acceleration_right", (150, 200, 260), "leg_and_foot", (0, 1, 2, 4), 0.1),
    ("kinematics_demerits", (1, 3, 5), "restraints_and_kinematics", (0, 2, 6, 10), 1),
]


@pytest.fixture(scope="module")
def small():
    return Programme("iihs-small-overlap")


@pytest.fixture(scope="module")
def moderate():
    return Programme("iihs-moderate-overlap-2")


def test_a_car_without_demerits_is_good(small):
    rated = small.rate(GOOD)
    assert (rated.grade(), rated.demerits()) == ("G", 0)
    assert not rated.rating.missing


@pytest.mark.parametrize(("name", "limits", "component", "demerits", "step"), FRONTAL)
def test_every_limit_of_the_frontal_dummy(small, name, limits, component, demerits, step):
    for value, index in around(limits, step):
        rated = small.rate({**GOOD, f"{DRIVER}/{name}": value})
        assert rated.grade(component) == "GAMP"[index], (name, value)
        assert rated.demerits(component) == demerits[index], (name, value)
        assert rated.demerits() == demerits[index], (name, value)


@pytest.mark.parametrize(("total", "grade"), [(3, "G"), (4, "A"), (9, "A"), (10, "M"), (19, "M"), (20, "P")])
def test_lines_of_the_small_overlap_sum(small, total, grade):
    # sums made of components as a published rating would state them
    parts = {
        3: (2, 0, 0, 0, 1, 0),
        4: (2, 2, 0, 0, 0, 0),
        9: (2, 2, 2, 2, 1, 0),
        10: (0, 10, 0, 0, 0, 0),
        19: (6, 10, 2, 0, 1, 0),
        20: (10, 10, 0, 0, 0, 0),
    }[total]
    keys = (
        "structure",
        "head_and_neck",
        "chest",
        "thigh_and_hip",
        "leg_and_foot",
        "restraints_and_kinematics",
    )
    rated = small.rate({f"given:{key}": part for key, part in zip(keys, parts, strict=True)})
    assert sum(parts) == total
    assert (rated.demerits(), rated.grade()) == (total, grade)
    assert not rated.rating.missing


def test_small_overlap_by_hand(small):
    """Structure A 2; HIC15 600 and neck tension 2.7 kN A: 2; 76 g chest M: 10; legs A by TI 0.9: 1; sheet 2: A 2."""
    facts = {
        **GOOD,
        f"{SMALL}/structure_grade": "A",
        f"{DRIVER}/hic15": 600,
        f"{DRIVER}/neck_tension": 2700,
        f"{DRIVER}/chest_a3ms": 76,
        f"{DRIVER}/tibia_index_left": 0.9,
        f"{DRIVER}/kinematics_demerits": 2,
    }
    rated = small.rate(facts)
    assert (rated.demerits(), rated.grade()) == (2 + 2 + 10 + 0 + 1 + 2, "M")
    # the same neck held beyond its duration corridor: A becomes M, 10 demerits in place of 2
    rated = small.rate({**facts, f"{DRIVER}/neck_tension_corridor_45": 1.01})
    assert (rated.demerits(), rated.grade()) == (25, "P")
    # a seat that fails is Poor whatever the sheet says: 10 in place of 2
    rated = small.rate({**facts, f"{DRIVER}/restraint_failure": "yes"})
    assert (rated.demerits(), rated.grade()) == (25, "P")
    losses = [(loss.path, loss.points) for loss in rated.rating.losses]
    assert ("chest/chest_acceleration", 10) in losses
    assert sum(points for _, points in losses) == 25


def test_hard_contact_is_asked_for_above_70_g_only(small):
    assert small.rate({**GOOD, f"{DRIVER}/head_peak": 70}).grade("head_and_neck") == "G"
    above = {**GOOD, f"{DRIVER}/head_peak": 70.1}
    assert small.rate(above).grade("head_and_neck") == "G-P"
    assert f"{DRIVER}/hard_contact_downgrades" in small.rate(above).rating.missing
    for grades, expected in enumerate("GAMP"):
        stated = {**above, f"{DRIVER}/hard_contact_downgrades": grades}
        assert small.rate(stated).grade("head_and_neck") == expected
    # three grades below Marginal is still Poor
    worst = {**above, f"{DRIVER}/hic15": 800, f"{DRIVER}/hard_contact_downgrades": 3}
    assert small.rate(worst).demerits("head_and_neck") == 20


@pytest.mark.parametrize(("risk", "index"), [(5, 0), (5.1, 1), (15, 1), (15.1, 2), (25, 2), (25.1, 3)])
def test_knee_thigh_hip_risk_decides_above_the_least_force_of_a_grade(small, risk, index):
    facts = {**GOOD, f"{DRIVER}/femur_left": -6400, f"{DRIVER}/knee_thigh_hip_risk_left": risk}
    rated = small.rate(facts)
    assert rated.grade("thigh_and_hip") == "GAMP"[index]
    assert rated.demerits("thigh_and_hip") == (0, 2, 6, 10)[index]


@pytest.mark.parametrize(
    ("force", "grade"),
    [(5220, "G"), (5221, "G-A"), (5920, "G-A"), (5921, "G-M"), (6380, "G-M"), (6381, "G-P")],
)
def test_femur_force_alone_leaves_what_the_impulse_decides(small, force, grade):
    assert small.rate({**GOOD, f"{DRIVER}/femur_left": -force}).grade("thigh_and_hip") == grade


def test_demerits_are_stated_as_demerits_of_any_node(small):
    """Of nodes that reports usually state as of those that they do not: 2 steps are Marginal."""
    rated = small.rate({**GOOD, "given:head_and_neck/injury_measures": 2})
    assert (rated.grade("head_and_neck"), rated.demerits("head_and_neck")) == ("M", 10)
    assert small.rate({**GOOD, "given:chest/viscous_criterion": 2}).demerits() == 2


def test_bad_input_is_refused(small):
    with pytest.raises(InputError):
        small.rate({f"{SMALL}/structure_grade": "Q"})
    with pytest.raises(InputError):
        small.rate({f"{DRIVER}/hic15": -1})
    rated = small.rate({**GOOD, "given:chest": 21})  # no component has more than 20
    assert any(finding.severity == "error" for finding in rated.rating.findings)
    assert rated.grade() == "G"


def rear_passenger(**other):
    values = {
        "hic15": 900,
        "nij": 1.3,
        "head_peak": 75,
        "head_contact_interior": "no",
        "neck_tension": 1900,
        "neck_compression": 1000,
        "chest_index": 30,
        "belt_shoulder": 5000,
        "femur_left": -2000,
        "femur_right": -2000,
        "kinematics_demerits": 0,
        "restraint_failure": "no",
        **other,
    }
    return {f"{MODERATE}/rear_left/h3_05f/{name}": value for name, value in values.items()}


def test_moderate_overlap_by_hand(moderate):
    driver = {name.replace(SMALL, MODERATE): value for name, value in GOOD.items()}
    rated = moderate.rate({**driver, **rear_passenger()})
    # without head contact HIC15 and Nij of the rear passenger are looked at by nobody
    assert (rated.demerits(), rated.grade()) == (0, "G")
    # contact: HIC15 900 and Nij 1.3 are Poor, 20
    touched = moderate.rate({**driver, **rear_passenger(head_contact_interior="yes")})
    assert (touched.demerits(), touched.grade()) == (20, "M")
    # contact above 70 g takes one grade from a head that is Good otherwise
    contact = rear_passenger(head_contact_interior="yes", hic15=200, nij=0.2)
    assert moderate.rate({**driver, **contact}).demerits() == 2
    # structure M 10, driver's restraints 2 demerits of the sheet: A 1; chest index 41 M 10, belt 6 kN M: 10 in all
    facts = {
        **driver,
        **rear_passenger(chest_index=41, belt_shoulder=6000, femur_left=-5000),
        f"{MODERATE}/structure_grade": "M",
        f"{MODERATE}/driver/h3_50m/kinematics_demerits": 2,
    }
    rated = moderate.rate(facts)
    assert (rated.demerits(), rated.grade()) == (10 + 1 + 10 + 2, "M")


@pytest.mark.parametrize(
    ("name", "limits", "component", "demerits", "step"),
    [
        ("neck_tension", (2000, 2400, 2800), "head_and_neck", (0, 2, 10, 20), 1),
        ("neck_compression", (2000, 2500, 3000), "head_and_neck", (0, 2, 10, 20), 1),
        ("chest_index", (35, 40, 45), "chest", (0, 2, 10, 20), 0.1),
        ("femur_left", (-4900, -6200, -7400), "thigh", (0, 2, 6, 10), -1),
        ("femur_right", (-4900, -6200, -7400), "thigh", (0, 2, 6, 10), -1),
        ("kinematics_demerits", (1, 5, 9), "restraints_and_kinematics", (0, 2, 10, 15), 1),
    ],
)
def test_limits_of_the_rear_passenger(moderate, name, limits, component, demerits, step):
    for value, index in around(limits, step):
        rated = moderate.rate(rear_passenger(**{name: value}))
        assert rated.demerits(f"rear_passenger/{component}") == demerits[index], value


@pytest.mark.parametrize(("total", "grade"), [(5, "G"), (6, "A"), (10, "A"), (11, "M"), (24, "M"), (25, "P")])
def test_lines_of_the_moderate_overlap_sum(moderate, total, grade):
    rated = moderate.rate({"given:structure": 0, "given:driver": total, "given:rear_passenger": 0})
    assert (rated.demerits(), rated.grade()) == (total, grade)


@pytest.mark.parametrize(
    ("ratio", "grade"),
    [(4.0, "G"), (3.999, "A"), (3.25, "A"), (3.249, "M"), (2.5, "M"), (2.499, "P"), (0, "P")],
)
def test_roof_strength(ratio, grade):
    assert Programme("iihs-roof").rate({"roof_strength/strength_to_weight_ratio": ratio}).grade() == grade


# -- a recorded test -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """NHTSA test 10146, said to be taken for a small overlap test."""
    return taken_as(SMALL, tmp_path_factory.mktemp("camry"))


def value(dossier, quantity, unit):
    (fact,) = [fact for fact in dossier.facts if fact.name == f"{DRIVER}/{quantity}"]
    assert fact.unit == unit
    return fact.value


def test_the_full_width_test_is_not_graded_unless_it_is_said_to_be(small):
    with camry() as folder:
        rating = rate(small.plan, load_dossier(folder).facts)
    assert Rated(rating).grade("chest") == "G-P"


def test_dummy_of_test_10146_by_hand(small, recorded):
    """Published and independently computed values of the driver against the limits, one by one.

    NHTSA: HIC15 140, femurs 1923 and 2345 N, 3 ms chest 41.0 g. Independent computation: Nij 0.196, deflection
    23.18 mm, V*C 0.082 m/s, left upper tibia index 0.454. All of them below 560, 5.22 kN, 60 g, 0.80, 50 mm, 0.8 m/s.
    """
    for quantity, unit, expected, within in (
        ("hic15", "1", 140, 0.5),
        ("femur_left", "N", -1923, 0.5),
        ("femur_right", "N", -2345, 0.5),
        ("chest_a3ms", "g", 41.0, 0.05),
        ("nij", "1", 0.196, 5e-4),
        ("chest_deflection", "mm", 23.18, 6e-3),
        ("chest_vc", "m/s", 0.0816, 5e-5),
    ):
        assert value(recorded, quantity, unit) == pytest.approx(expected, abs=within), quantity
    rated = Rated(rate(small.plan, recorded.facts))
    for component in ("head_and_neck", "chest", "thigh_and_hip"):
        assert (rated.grade(component), rated.demerits(component)) == ("G", 0), component
    # no knee sliders in this car, nobody graded structure and kinematics: they stay open, and so does the rating
    assert rated.demerits("leg_and_foot") == (0, 4)
    assert rated.demerits() == (0, 10 + 4 + 10)
    assert rated.grade() == "G-P"
    inspected = {
        f"{SMALL}/structure_grade": "G",
        f"{DRIVER}/knee_slider_left": 0,
        f"{DRIVER}/knee_slider_right": 0,
        f"{DRIVER}/kinematics_demerits": 0,
        f"{DRIVER}/restraint_failure": "no",
    }
    facts = {fact.name: fact.value for fact in recorded.facts if fact.name.startswith(DRIVER)}
    assert small.rate({**facts, **inspected}).grade() == "G"


def signal(recorded, code):
    (test,) = recorded.tests
    with camry() as folder:
        recording = read(folder / "tests" / "frontal" / "v10146.zip")
    assert test is not None
    return recording.by_code[code][0]


def five_point(y, i, dt):
    return (8 * (y[i + 1] - y[i - 1]) - (y[i + 2] - y[i - 2])) / (12 * dt)


def test_measures_of_10146_by_a_loop(recorded):
    """Criteria that this programme looks at besides those of others, computed again sample by sample."""
    channel = signal(recorded, "11CHST0003H3DSX0")
    pressed = -filters.cfc(channel.values, channel.step, 180)
    rate_ = max(five_point(pressed, i, channel.step) for i in range(2, len(pressed) - 2))
    assert value(recorded, "chest_deflection_rate", "m/s") == pytest.approx(rate_, rel=1e-9)
    assert chest.deflection_rate(pressed, channel.step).value == pytest.approx(rate_, rel=1e-9)

    for side_, code in (("left", "LE"), ("right", "RI")):
        ax, az = (signal(recorded, f"11FOOT{code}REH3AC{axis}0") for axis in "XZ")
        ax, az = (filters.cfc(one.values, one.step, 180) for one in (ax, az))
        largest = max((x * x + z * z) ** 0.5 for x, z in zip(ax, az, strict=True)) / 9.80665
        assert value(recorded, f"foot_acceleration_{side_}", "g") == pytest.approx(largest, rel=1e-9)

    channel = signal(recorded, "11NECKUP00H3FOZ0")
    force = filters.cfc(channel.values, channel.step, 1000)
    for name, corridor, sign in (
        ("neck_tension_corridor_45", "iihs_neck_tension", 1),
        ("neck_compression_corridor_30", "iihs_neck_compression", -1),
    ):
        bound = corridors.published(corridor)
        ratio = 0.0
        for level in np.linspace(0, (sign * force).max(), 2001)[1:]:
            held = np.count_nonzero(sign * force >= level) * channel.step
            ratio = max(ratio, level / np.interp(held, bound.durations, bound.levels))
        # levels in steps of 1/2000, time by whole samples: good to two parts in a hundred
        assert value(recorded, name, "1") == pytest.approx(ratio, rel=2e-2)
