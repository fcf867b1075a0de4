"""Euro NCAP 2016-2025: published stars, totals and part scores; criteria by hand.

The published records are compared with where they lie beside the checkout; none of them is in the package.
"""

from __future__ import annotations

import csv

import numpy as np
import pytest

from carindex.dossier import Fact, quantity_of
from carindex.dossier.published import import_table
from carindex.rating import compile_protocol, evaluate, load_protocol, rate

PROTOCOLS = ("euro-ncap-2016", "euro-ncap-2018", "euro-ncap-2020", "euro-ncap-2023")
BOXES = ("adult_occupant", "child_occupant", "vulnerable_road_users", "safety_assist")
HALF = 0.05  # points are published with one decimal

# Records whose published parts do not add to the published box (id and box: remainder, parts less box).
CONTRADICTIONS = {
    ("0720", "adult_occupant"): 2.6,  # DS 3 2017: parts 28.9, box 26.3
    ("0754", "vulnerable_road_users"): -1.0,  # Mercedes-Benz B-Class 2019: parts 36.7, box 37.7
    ("0775", "child_occupant"): -12.0,  # BMW Z4 2019, one place for a child: dynamic parts 8 + 4, dynamic 24
}
CONTRADICTIONS |= {("0775", "child_occupant/dynamic"): -12.0}
# In the other half of the records; here so that the whole table can be compared.
CONTRADICTIONS |= {("0763", "adult_occupant"): -3.9, ("0831", "adult_occupant"): 0.3}


@pytest.fixture(scope="module")
def plans():
    return {name: compile_protocol(load_protocol(name)) for name in PROTOCOLS}


class Cars:
    """Published cars of one edition, rated from the facts of a table."""

    def __init__(self, table, plan, path, name):
        imported = import_table(table, path)
        column = {header: i for i, header in enumerate(imported.columns)}
        self.rows = [row for row in imported.rows if row[column["protocol"]] == name]
        self.plan, self.column = plan, column
        self.facts = np.full((len(plan.facts), len(self.rows)), np.nan)
        for i, fact in enumerate(plan.facts):
            for header, factor in ((fact, 1.0), (f"{fact} [%]", plan.quantities[i].range[1] / 100)):
                if header in column:
                    self.facts[i] = [
                        np.nan if row[column[header]] is None else row[column[header]] * factor
                        for row in self.rows
                    ]
        self.result = evaluate(plan, self.facts)

    def published(self, path):
        at = self.column[f"published:{path}"]
        return np.array([np.nan if row[at] is None else float(row[at]) for row in self.rows])

    def cars(self, where):
        return [self.rows[i][0] for i in np.flatnonzero(where)]


def cars_of(shared, plans, table, file):
    for name in PROTOCOLS:
        cars = Cars(table, plans[name], shared / "results" / file, name)
        if cars.rows:
            yield name, cars


# -- published stars, percentages, totals ------------------------------------------------------------------


@pytest.mark.shared
@pytest.mark.parametrize(
    ("table", "file", "least"),
    [
        ("euroncap", "euroncap_cars.csv", 200),
        ("euroncap-history", "euroncap_history_2009_2016.csv", 10),
    ],
)
def test_all_published_stars_follow_from_the_boxes(shared, plans, table, file, least):
    compared = 0
    for name, cars in cars_of(shared, plans, table, file):
        low, high = cars.result.outcome("")
        assert (low == high).all(), name
        assert cars.cars(low != cars.published("")) == [], name
        compared += len(cars.rows)
    assert compared >= least


@pytest.mark.shared
def test_percentages_are_the_floor_of_the_points(shared, plans):
    """The published percentage lies among those that points known to half a decimal allow."""
    for name, cars in cars_of(shared, plans, "euroncap", "euroncap_cars.csv"):
        for box in BOXES:
            maximum = cars.plan.nodes[box].node.maximum
            points = cars.published(f"{box}#score")
            facts = np.full_like(cars.facts, np.nan)
            high = facts.copy()
            slot = cars.plan.facts.index(f"given:{box}")
            facts[slot], high[slot] = points - HALF, np.minimum(points + HALF, maximum)
            result = evaluate(cars.plan, facts, high=high)
            least, most = result.named(f"{box}#percent")
            assert (most - least).max() <= 1
            percent = np.array([row[cars.column[f"given:{box} [%]"]] for row in cars.rows], dtype=np.float64)
            outside = (percent < least) | (percent > most)
            # 0831, a Honda e of 2020 in the other half of the records: a misprint of the box
            assert [car for car in cars.cars(outside) if not car.endswith(" 0831")] == [], (name, box)


@pytest.mark.shared
def test_totals_are_the_weighted_rates_cut_to_whole_per_cent(shared, plans):
    """From whole percentages the total can be one too low, never too high; points known to ±0.05 allow the published one."""
    for name, cars in cars_of(shared, plans, "euroncap", "euroncap_cars.csv"):
        less = cars.published("#score") - cars.result.score("")[0]
        assert set(less) <= {0.0, 1.0}, name
        low = np.full_like(cars.facts, np.nan)
        high = low.copy()
        for box in BOXES:
            slot = cars.plan.facts.index(f"given:{box}")
            points = cars.published(f"{box}#score")
            low[slot], high[slot] = points - HALF, np.minimum(points + HALF, cars.plan.most[slot])
        least, most = evaluate(cars.plan, low, high=high).score("")
        assert (most - least).max() <= 1
        outside = (cars.published("#score") < least) | (cars.published("#score") > most)
        assert [car for car in cars.cars(outside) if not car.endswith(" 0831")] == [], name


@pytest.mark.shared
def test_published_part_scores_add_up(shared, plans):
    """Every published sum of parts, within half a decimal a part; what does not add up is named above."""
    compared = 0
    found = {}
    for _, cars in cars_of(shared, plans, "euroncap-subscores", "euroncap_subscores.csv"):
        for header in cars.column:
            path = header.removeprefix("published:").removesuffix("#score")
            if not header.endswith("#score") or path not in cars.plan.nodes:
                continue
            given = [i for i, fact in enumerate(cars.plan.facts) if fact.startswith(f"given:{path}/")]
            parts = int((~np.isnan(cars.facts[given])).any(axis=1).sum())
            low, high = cars.result.score(path)
            published = cars.published(f"{path}#score")
            both = (low == high) & ~np.isnan(published)
            compared += both.sum()
            for i in np.flatnonzero(both & (np.abs(low - published) > HALF * (parts + 1) + 1e-9)):
                found[cars.rows[i][0].split()[0], path] = low[i] - published[i]
    assert compared > 1500
    for place, remainder in found.items():
        assert place in CONTRADICTIONS, (place, remainder)
        assert remainder == pytest.approx(CONTRADICTIONS[place], abs=0.06)


@pytest.mark.shared
def test_every_published_maximum_is_that_of_the_node(shared, plans):
    """Greatest scores of boxes and parts as each record has them."""
    names = {
        "adultOccupant.frontalImpact": "adult_occupant/frontal_impact",
        "adultOccupant.rearImpact": "adult_occupant/rear_impact",
        "adultOccupant.AEBCity": "adult_occupant/aeb_city",
        "adultOccupant.rescueAndExtrication": "adult_occupant/rescue_and_extrication",
        "adultOccupant.sideImpact": "adult_occupant/side_impact",
        "adultOccupant.sideImpact.MDB": "adult_occupant/side_impact/ae_mdb",
        "adultOccupant.frontalImpact.offset": "adult_occupant/frontal_impact/mpdb",
        "adultOccupant": "adult_occupant",
        "childOccupant": "child_occupant",
        "childOccupant.COPDynamic.frontalImpact": "child_occupant/dynamic/frontal_impact",
        "childOccupant.safetyFeatures": "child_occupant/safety_features",
        "vulnerableRoadUsers": "vulnerable_road_users",
        "vulnerableRoadUsers.VRUImpactProtection.head": "vulnerable_road_users/impact_protection/head",
        "vulnerableRoadUsers.VRUImpactMitigation": "vulnerable_road_users/impact_mitigation",
        "vulnerableRoadUsers.VRUImpactMitigation.AEBCyclist": "vulnerable_road_users/impact_mitigation/aeb_cyclist",
        "safetyAssist": "safety_assist",
        "safetyAssist.laneSupport": "safety_assist/lane_support",
        "safetyAssist.AEBCarToCar": "safety_assist/aeb_car_to_car",
    }
    years = {"2016": range(2016, 2018), "2018": range(2018, 2020), "2020": range(2020, 2023)}
    compared = 0
    with (shared / "results" / "euroncap_subscores.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            year = int(float(row["protocol_year"]))
            edition = next((name for name, span in years.items() if year in span), "2023")
            nodes = plans[f"euro-ncap-{edition}"].nodes
            for column, path in names.items():
                stated = row.get(f"{column}.maxScore")
                if stated and path in nodes:
                    assert nodes[path].node.maximum == float(stated), (row["id"], path)
                    compared += 1
    assert compared > 2000


@pytest.mark.shared
def test_scores_that_follow_from_published_colours(shared, plans):
    """Lane support for motorcyclists, and dooring where its colour tells the points: every car since 2023."""
    node = "vulnerable_road_users/impact_mitigation"
    base = "vulnerableRoadUsers.VRUImpactMitigation"
    with (shared / "results" / "euroncap_verdicts.csv").open(encoding="utf-8") as stream:
        verdicts = {row["id"]: row for row in csv.DictReader(stream)}
    with (shared / "results" / "euroncap_subscores.csv").open(encoding="utf-8") as stream:
        scores = [row for row in csv.DictReader(stream) if float(row["protocol_year"]) >= 2023]
    plan = plans["euro-ncap-2023"]
    words = quantity_of("cm_elk_on/colour").categories
    columns = {
        "cm_elk_on/colour": f"{base}.LSSMotorcyclist.scenarios.ELKoncoming.day",
        "cm_elk_ov/colour": f"{base}.LSSMotorcyclist.scenarios.ELKovertaking.day",
        "cbda/colour": f"{base}.cyclistDoorPrevention.verdict",
    }
    facts = np.full((len(plan.facts), len(scores)), np.nan)
    for fact, column in columns.items():
        facts[plan.facts.index(fact)] = [words.index(verdicts[row["id"]][column].lower()) for row in scores]
    result = evaluate(plan, facts)
    assert len(scores) > 70
    for path, column in (
        ("lss_motorcyclist", "LSSMotorcyclist"),
        ("cyclist_dooring", "cyclistDoorPrevention"),
    ):
        published = np.array([float(row[f"{base}.{column}.score"]) for row in scores])
        low, high = result.score(f"{node}/{path}")
        assert ((low - HALF - 1e-9 <= published) & (published <= high + HALF + 1e-9)).all(), path
        if path == "lss_motorcyclist":
            assert (low == high).all()


# -- edges of the ladders ------------------------------------------------------------------------------------

LADDERS = {
    "euro-ncap-2016": {
        "adult_occupant": (80, 70, 60, 50, 40),
        "child_occupant": (75, 60, 30, 25, 15),
        "vulnerable_road_users": (60, 50, 40, 25, 15),
        "safety_assist": (50, 40, 25, 15, 10),
    },
    "euro-ncap-2018": {
        "adult_occupant": (80, 70, 60, 50, 40),
        "child_occupant": (80, 70, 60, 50, 40),
        "vulnerable_road_users": (60, 50, 40, 30, 20),
        "safety_assist": (70, 60, 50, 40, 30),
    },
    "euro-ncap-2023": {
        "adult_occupant": (80, 70, 60, 50, 40),
        "child_occupant": (80, 70, 60, 50, 40),
        "vulnerable_road_users": (70, 60, 50, 40, 30),
        "safety_assist": (70, 60, 50, 40, 30),
    },
}
LADDERS["euro-ncap-2020"] = LADDERS["euro-ncap-2018"]


def stated(path, value, unit="1"):
    return Fact(f"given:{path}", float(value), unit)


def boxes(**percent):
    return [stated(box, percent.get(box, 100), "%") for box in BOXES]


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("box", BOXES)
def test_every_line_of_every_ladder(plans, name, box):
    """On the line the star is there, one per cent below it is not; the other boxes are full."""
    for star, line in zip((5, 4, 3, 2, 1), LADDERS[name][box], strict=True):
        assert rate(plans[name], boxes(**{box: line})).root.outcome == star
        assert rate(plans[name], boxes(**{box: line - 1})).root.outcome == star - 1


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("box", BOXES)
def test_a_whole_percentage_stays_what_it_is(plans, name, box):
    """75 % of 38 points is 75 %, whatever binary fractions make of it; so is every other whole percentage."""
    plan = plans[name]
    facts = np.full((len(plan.facts), 101), np.nan)
    slot = plan.facts.index(f"given:{box}")
    facts[slot] = np.arange(101) * plan.nodes[box].node.maximum / 100.0
    low, high = evaluate(plan, facts).named(f"{box}#percent")
    np.testing.assert_array_equal(low, np.arange(101))
    np.testing.assert_array_equal(high, np.arange(101))


def test_points_just_below_a_line_miss_it(plans):
    # 30.4 of 38 points are exactly 80 %; 30.39 are 79.97 %, which is 79 whole per cent
    for points, star in ((30.4, 5), (30.39, 4)):
        facts = [*boxes()[1:], stated("adult_occupant", points)]
        assert rate(plans["euro-ncap-2020"], facts).node("adult_occupant").outcome == star


def test_scores_that_cannot_be_are_refused(plans):
    for fact in (stated("adult_occupant", 40.1), stated("safety_assist", 120, "%")):
        rating = rate(plans["euro-ncap-2023"], [fact])
        assert [finding.code for finding in rating.findings if finding.severity == "error"] == [
            "dossier.not_possible"
        ]
        assert rating.root.outcome is None


def test_mitigation_counts_nothing_below_22_points_of_impact_protection_in_2018(plans):
    node = "vulnerable_road_users"
    for head, points in ((10.0, 10.0), (9.9, 0.0)):
        facts = [
            stated(f"{node}/impact_protection/head", head),
            stated(f"{node}/impact_protection/pelvis", 6),
            stated(f"{node}/impact_protection/leg", 6),
            stated(f"{node}/impact_mitigation/aeb_pedestrian", 5),
            stated(f"{node}/impact_mitigation/aeb_cyclist", 5),
        ]
        assert rate(plans["euro-ncap-2018"], facts).node(f"{node}/impact_mitigation").score == points


# -- criteria by hand ------------------------------------------------------------------------------------------

MPDB, WALL = "frontal_mpdb_50", "frontal_full_width_rigid_50"
DRIVER, PASSENGER = f"{MPDB}/driver/thor_50m", f"{MPDB}/front_passenger/h3_50m"
GOOD = {
    f"{DRIVER}/hic15": 400, f"{DRIVER}/head_a3ms": 60, f"{DRIVER}/head_peak": 70, f"{DRIVER}/head_hard_contact": "no",
    f"{DRIVER}/damage": 0.3, f"{DRIVER}/neck_extension": 20, f"{DRIVER}/neck_tension": 1500, f"{DRIVER}/neck_shear": 900,
    f"{DRIVER}/airbag_contact_unstable": "no", f"{DRIVER}/airbag_deployment_hazardous": "no",
    f"{DRIVER}/airbag_deployment_incorrect": "no", f"{MPDB}/steering_column_displacement": 20,
    f"{DRIVER}/chest_deflection_upper_left": 30, f"{DRIVER}/chest_deflection_upper_right": 30,
    f"{DRIVER}/chest_deflection_lower_left": 30, f"{DRIVER}/chest_deflection_lower_right": 30,
    f"{DRIVER}/chest_steering_wheel_contact": "no", f"{MPDB}/a_pillar_rearward": 20,
    f"{MPDB}/compartment_integrity_lost": "no", f"{DRIVER}/belt_shoulder": 5000,
    f"{DRIVER}/abdomen_deflection_left": 50, f"{DRIVER}/abdomen_deflection_right": 50,
    f"{DRIVER}/acetabulum_left": 2000, f"{DRIVER}/acetabulum_right": 2000,
    f"{DRIVER}/tibia_index_left": 0.3, f"{DRIVER}/tibia_index_right": 0.3,
    f"{DRIVER}/pedal_rearward": 20, f"{DRIVER}/pedal_vertical": 10, f"{DRIVER}/pedal_blocking": 0,
    f"{MPDB}/footwell_rupture": "no",
    f"{PASSENGER}/hic15": 300, f"{PASSENGER}/head_a3ms": 50, f"{PASSENGER}/neck_extension": 20,
    f"{PASSENGER}/neck_tension_between_corridors": 0, f"{PASSENGER}/neck_shear_between_corridors": 0,
    f"{PASSENGER}/chest_deflection": 20, f"{PASSENGER}/chest_vc": 0.2, f"{PASSENGER}/belt_shoulder": 5000,
    f"{PASSENGER}/tibia_index_left": 0.3, f"{PASSENGER}/tibia_index_right": 0.3,
    f"{MPDB}/doors_opened": 0, f"{MPDB}/olc_barrier": 20, f"{MPDB}/barrier_deformation_deviation": 40,
    f"{MPDB}/barrier_bottoming_out": "no",
}  # fmt: skip
for dummy in (DRIVER, PASSENGER):
    GOOD |= {
        f"{dummy}/submarining": "no",
        f"{dummy}/knees_variable_contact": 0,
        f"{dummy}/knees_concentrated_loading": 0,
    }
    for side in ("left", "right"):
        GOOD |= {f"{dummy}/femur_between_corridors_{side}": 0, f"{dummy}/knee_slider_{side}": 3, f"{dummy}/tibia_force_{side}": 1000}  # fmt: skip


def measured(values):
    def number(name, value):
        categories = quantity_of(name).categories
        return float(categories.index(value)) if categories else float(value)

    return [Fact(name, number(name, value), quantity_of(name).unit) for name, value in values.items()]


def score(plan, values, path):
    node = rate(plan, measured(values)).node(path)
    assert node.score is not None, node.missing
    return node.score


FRONT = "adult_occupant/frontal_impact/mpdb"


@pytest.mark.parametrize("name", ["euro-ncap-2020", "euro-ncap-2023"])
@pytest.mark.parametrize(
    ("change", "points"),
    [
        ({}, 8.0),
        # no hard contact: HIC15 and a3ms do not count, whatever they are
        ({f"{DRIVER}/hic15": 690}, 8.0),
        # hard contact seen on video: HIC15 600 is half way from 500 to 700, 2 of 4 points: (2 + 4 + 4 + 4) / 2
        ({f"{DRIVER}/hic15": 600, f"{DRIVER}/head_hard_contact": "yes"}, 7.0),
        # the same by the peak; 80 g itself is no contact
        ({f"{DRIVER}/hic15": 600, f"{DRIVER}/head_peak": 80.1}, 7.0),
        ({f"{DRIVER}/hic15": 600, f"{DRIVER}/head_peak": 80}, 8.0),
        # beyond the capping limit the test has nothing; without contact it is none
        ({f"{DRIVER}/hic15": 701, f"{DRIVER}/head_hard_contact": "yes"}, 0.0),
        ({f"{DRIVER}/hic15": 701}, 8.0),
        # chest of the passenger 32 mm: (42 - 32) / 20 = half: 2 points; the driver's 4 do not help
        ({f"{PASSENGER}/chest_deflection": 32}, 7.0),
        # a shoulder belt above 6 kN takes 2 points of that occupant's chest; 6 kN itself does not
        ({f"{DRIVER}/belt_shoulder": 6001}, 7.0),
        ({f"{DRIVER}/belt_shoulder": 6000}, 8.0),
        # a rib at 47.5 mm: (60 - 47.5) / 25 = half, 2 points, less 1 (wheel contact): 1; modifiers stop at 0
        (
            {f"{DRIVER}/chest_deflection_lower_right": 47.5, f"{DRIVER}/chest_steering_wheel_contact": "yes"},
            6.5,
        ),
        (
            {f"{DRIVER}/chest_deflection_lower_right": 57.5, f"{DRIVER}/chest_steering_wheel_contact": "yes"},
            6.0,
        ),
        # A-pillar 150 mm: half way from 100 to 200, one of two points
        ({f"{MPDB}/a_pillar_rearward": 150}, 7.5),
        # abdomen: all up to 88 mm, nothing above
        ({f"{DRIVER}/abdomen_deflection_left": 88}, 8.0),
        ({f"{DRIVER}/abdomen_deflection_left": 88.1}, 6.0),
        # passenger's neck half way between the corridors, and beyond the lower one
        ({f"{PASSENGER}/neck_shear_between_corridors": 0.5}, 7.0),
        ({f"{PASSENGER}/neck_shear_between_corridors": 1.01}, 0.0),
        # one knee with variable contact, submarining
        ({f"{DRIVER}/knees_variable_contact": 1}, 7.5),
        ({f"{PASSENGER}/submarining": "yes"}, 6.0),
        # tibia index 0.85: half way from 0.4 to 1.3
        ({f"{DRIVER}/tibia_index_right": 0.85}, 7.0),
        # upward pedal 80 mm: half way from 72 to 88, half a point
        ({f"{DRIVER}/pedal_vertical": 80}, 7.75),
    ],
)
def test_mpdb_by_hand(plans, name, change, points):
    assert score(plans[name], GOOD | change, FRONT) == pytest.approx(points)


@pytest.mark.parametrize(
    ("change", "points", "before"),
    [
        # OLC 32.5 g: half way from 25 to 40, one of two points (half as much until 2022)
        ({f"{MPDB}/olc_barrier": 32.5}, 7.0, 7.5),
        # deformation 100 mm: half way from 50 to 150, two of four
        ({f"{MPDB}/barrier_deformation_deviation": 100}, 6.0, 7.0),
        ({f"{MPDB}/barrier_bottoming_out": "yes"}, 6.0, 7.0),
        # the greatest penalty: 8 of 8, and 4 of 8
        (
            {
                f"{MPDB}/olc_barrier": 41,
                f"{MPDB}/barrier_deformation_deviation": 160,
                f"{MPDB}/barrier_bottoming_out": "yes",
            },
            0.0,
            4.0,
        ),
        ({f"{MPDB}/doors_opened": 2}, 6.0, 7.0),
        # DAMAGE: one point from 0.42, two from 0.47; only watched until 2022
        ({f"{DRIVER}/damage": 0.42}, 7.5, 8.0),
        ({f"{DRIVER}/damage": 0.47}, 7.0, 8.0),
    ],
)
def test_what_changed_in_2023_by_hand(plans, change, points, before):
    assert score(plans["euro-ncap-2023"], GOOD | change, FRONT) == pytest.approx(points)
    assert score(plans["euro-ncap-2020"], GOOD | change, FRONT) == pytest.approx(before)


def test_what_is_missing_leaves_an_interval_that_holds_the_score(plans):
    plan = plans["euro-ncap-2023"]
    for name in GOOD:
        node = rate(plan, measured({k: v for k, v in GOOD.items() if k != name})).node(FRONT)
        assert node.lower <= 8.0 <= node.upper, name


def full_width(**changes):
    values = {f"{WALL}/doors_opened": 0, f"{WALL}/steering_column_displacement": 0}
    for seat in ("driver", "behind_passenger"):
        at = f"{WALL}/{seat}/h3_05f"
        values |= {
            f"{at}/hic15": 300, f"{at}/head_a3ms": 50, f"{at}/head_peak": 60, f"{at}/head_hard_contact": "no",
            f"{at}/airbag_contact_unstable": "no", f"{at}/airbag_deployment_hazardous": "no",
            f"{at}/airbag_deployment_incorrect": "no", f"{at}/head_excursion": 300, f"{at}/neck_extension": 20,
            f"{at}/neck_tension": 1000, f"{at}/neck_shear": 500, f"{at}/chest_deflection": 15, f"{at}/chest_vc": 0.1,
            f"{at}/chest_steering_wheel_contact": "no", f"{at}/belt_shoulder": 4000, f"{at}/femur_left": -1000,
            f"{at}/femur_right": -1000, f"{at}/submarining": "no",
        }  # fmt: skip
    return values | {f"{WALL}/{name.replace('__', '/h3_05f/')}": value for name, value in changes.items()}


@pytest.mark.parametrize(
    ("changes", "points"),
    [
        ({}, 8.0),
        # driver's chest 26 mm: half way from 18 to 34, 2 points: (14 + 16) / 4
        ({"driver__chest_deflection": 26}, 7.5),
        # rear neck: tension 2.16 kN is half way from 1.7 to 2.62, half of one point; beyond the limits the driver's other
        # limits would cap, the rear passenger's do not: (16 + 15.5) / 4, (16 + 12) / 4
        ({"behind_passenger__neck_tension": 2160}, 7.875),
        ({"behind_passenger__neck_tension": 5000, "behind_passenger__neck_shear": 5000,
          "behind_passenger__neck_extension": 90}, 7.0),
        # driver's neck at 2.62 kN has nothing (3 of 4 regions), above 2.9 kN the test has nothing
        ({"driver__neck_tension": 2620}, 7.0),
        ({"driver__neck_tension": 2901}, 0.0),
        # femur compression 4.4 kN: half way from 2.6 to 6.2
        ({"driver__femur_right": -4400}, 7.5),
        # rear head 450 mm forward: 2 points, 550 mm: 4
        ({"behind_passenger__head_excursion": 450}, 7.5),
        ({"behind_passenger__head_excursion": 449}, 8.0),
        ({"behind_passenger__head_excursion": 550}, 7.0),
        ({"behind_passenger__head_a3ms": 76}, 7.5),
        ({"behind_passenger__chest_deflection": 34.1}, 0.0),
        ({"driver__submarining": "yes"}, 7.0),
    ],
)  # fmt: skip
def test_full_width_by_hand(plans, changes, points):
    path = "adult_occupant/frontal_impact/full_width"
    assert score(plans["euro-ncap-2023"], full_width(**changes), path) == pytest.approx(points)


def side(test, **changes):
    at = f"{test}/driver/worldsid_50m"
    values = {
        f"{at}/hic15": 300, f"{at}/head_a3ms": 50, f"{at}/head_peak": 60, f"{at}/head_pole_contact": "no",
        f"{at}/rib_deflection": 20, f"{at}/rib_vc": 0.3, f"{at}/shoulder_force": 1500, f"{at}/abdomen_deflection": 30,
        f"{at}/abdomen_rib_vc": 0.3, f"{at}/pubic_force": 1000, f"{at}/airbag_regions_unprotected": 0,
        f"{test}/doors_opened": 0, f"{test}/head_protection_insufficient_front": "no",
        f"{test}/head_protection_insufficient_rear": "no",
    }  # fmt: skip
    return values | {f"{at}/{name}": value for name, value in changes.items()}


@pytest.mark.parametrize(
    ("changes", "barrier", "pole"),
    [
        ({}, 6.0, 6.0),
        # chest 39 mm: half way from 28 to 50, 2 of 4: 14/16 of 6
        ({"rib_deflection": 39}, 5.25, 5.25),
        # 51 mm caps the barrier test; the pole test at 55 mm, the chest has nothing: 12/16 of 6
        ({"rib_deflection": 51}, 0.0, 4.5),
        ({"rib_deflection": 55.1}, 0.0, 0.0),
        # V*C 1.0 m/s and shoulder 3 kN are the last with points
        ({"rib_vc": 1.0, "shoulder_force": 3000}, 6.0, 6.0),
        ({"shoulder_force": 3001}, 4.5, 4.5),
        # pubic force 2.25 kN: half way from 1.7 to 2.8
        ({"pubic_force": 2250}, 5.25, 5.25),
        # HIC15 600 slides in the barrier test and passes in the pole test; 80 g at the peak passes, more caps
        ({"hic15": 600}, 5.25, 6.0),
        ({"head_peak": 80.5}, 6.0, 0.0),
        ({"head_pole_contact": "yes"}, 6.0, 0.0),
        # one region behind an airbag that deployed wrongly: one of 16
        ({"airbag_regions_unprotected": 1}, 5.625, 5.625),
    ],
)
def test_side_by_hand(plans, changes, barrier, pole):
    plan = plans["euro-ncap-2023"]
    path = "adult_occupant/side_impact"
    assert score(plan, side("side_aemdb_60", **changes), f"{path}/ae_mdb") == pytest.approx(barrier)
    assert score(plan, side("side_pole_oblique_32", **changes), f"{path}/pole") == pytest.approx(pole)


FAR = "farside_pole/driver/worldsid_50m"
FAR_GOOD = {
    f"{FAR}/hic15": 300, f"{FAR}/head_a3ms": 40, f"{FAR}/head_hard_contact": "no", f"{FAR}/farside_excursion": "green",
    f"{FAR}/neck_tension": 1000, f"{FAR}/lower_neck_tension": 1000, f"{FAR}/neck_lateral_flexion": 100,
    f"{FAR}/lower_neck_lateral_flexion": 100, f"{FAR}/neck_extension": 20, f"{FAR}/lower_neck_extension": 40,
    f"{FAR}/rib_deflection": 20, f"{FAR}/abdomen_deflection": 30, f"{FAR}/pubic_force": 1000,
    f"{FAR}/lumbar_shear_fy": 500, f"{FAR}/lumbar_axial_fz": 1000, f"{FAR}/lumbar_moment_mx": 50,
    "farside_pole/occupant_to_occupant_contact": "no", "car/farside_countermeasure": "yes",
    "car/farside_red_line_outboard": "no",
}  # fmt: skip


@pytest.mark.parametrize(
    ("band", "countermeasure", "outboard", "points"),
    [
        # the most that head, neck, and chest with abdomen can have: see the published tables of the far-side protocol
        ("green", "yes", "no", 12), ("yellow", "yes", "no", 12), ("orange", "yes", "no", 9),
        ("red", "yes", "no", 4), ("red", "yes", "yes", 6), ("capping", "yes", "no", 0),
        ("green", "no", "no", 12), ("yellow", "no", "no", 6), ("orange", "no", "no", 3),
        ("red", "no", "no", 1), ("red", "no", "yes", 1), ("capping", "no", "no", 0),
    ],
)  # fmt: skip
def test_far_side_bands(plans, band, countermeasure, outboard, points):
    values = FAR_GOOD | {
        f"{FAR}/farside_excursion": band,
        "car/farside_countermeasure": countermeasure,
        "car/farside_red_line_outboard": outboard,
    }
    assert score(plans["euro-ncap-2023"], values, "far_side_pole") == pytest.approx(points)


@pytest.mark.parametrize(
    ("changes", "points"),
    [
        # lateral flexion 205 Nm: half way from 162 to 248, 2 of 4
        ({f"{FAR}/lower_neck_lateral_flexion": 205}, 10),
        # one lumbar limit, or two: four of the 12 points, once
        ({f"{FAR}/lumbar_moment_mx": 121}, 8),
        ({f"{FAR}/lumbar_moment_mx": 121, f"{FAR}/pubic_force": 2900}, 8),
        # occupants that hit each other: one of the four points that the 12 are scaled to
        ({"farside_pole/occupant_to_occupant_contact": "yes"}, 9),
        # HIC15 waits for contact
        ({f"{FAR}/hic15": 600}, 12),
        ({f"{FAR}/hic15": 600, f"{FAR}/head_hard_contact": "yes"}, 10),
    ],
)
def test_far_side_by_hand(plans, changes, points):
    assert score(plans["euro-ncap-2023"], FAR_GOOD | changes, "far_side_pole") == pytest.approx(points)


def child(test, seat, dummy, **changes):
    at = f"{test}/{seat}/{dummy}"
    values = {
        f"{at}/head_peak": 60, f"{at}/hic15": 300, f"{at}/head_a3ms": 50, f"{at}/neck_tension": 1000,
        f"{at}/neck_extension": 20, f"{at}/chest_deflection": 20, f"{at}/chest_a3ms": 30, f"{at}/neck_force_resultant": 1000,
    }  # fmt: skip
    return values | {f"{at}/{name}": value for name, value in changes.items()}


@pytest.mark.parametrize(
    ("dummy", "changes", "frontal"),
    [
        ("q6", {}, 8),
        # head 70 g: half way from 60 to 80, 2 of 4; above 80 g the dummy has nothing
        ("q6", {"head_a3ms": 70}, 6),
        ("q6", {"head_a3ms": 81}, 0),
        # neck: 36 Nm is the last with points; tension 2.16 kN is half way
        ("q6", {"neck_extension": 36.1}, 6),
        ("q6", {"neck_tension": 2160}, 7),
        # chest 36 mm: half way from 30 to 42
        ("q6", {"chest_deflection": 36}, 7),
        # Q10: 48 g is half way from 41 to 55; 49 Nm; 56 mm caps when it is exceeded
        ("q10", {"chest_a3ms": 48}, 7),
        ("q10", {"neck_extension": 49}, 8),
        ("q10", {"chest_deflection": 56}, 8),
        ("q10", {"chest_deflection": 56.1}, 0),
        # HIC15 only with contact
        ("q10", {"hic15": 600}, 8),
        ("q10", {"hic15": 600, "head_peak": 81}, 6),
    ],
)
@pytest.mark.parametrize("name", PROTOCOLS)
def test_child_dummies_by_hand(plans, name, dummy, changes, frontal):
    seat = {"q6": "behind_driver", "q10": "behind_passenger"}[dummy]
    test = "frontal_odb_64" if name in ("euro-ncap-2016", "euro-ncap-2018") else MPDB
    path = f"child_occupant/dynamic/frontal_impact/{dummy}"
    assert score(plans[name], child(test, seat, dummy, **changes), path) == pytest.approx(frontal)


# -- tables of several editions ---------------------------------------------------------------------------------

TABLE = (
    "make,model,year,ao_pct,co_pct,vru_pct,sa_pct,stars\n"
    "A,Old,2014,90,90,90,90,5\n"
    "A,One,2016,80,75,60,50,5\n"
    "A,Two,2016.0,79,75,60,50,4\n"
    "B,New,2024,80,80,70,70,5\n"
)


def test_a_table_says_which_protocol_each_car_belongs_to(tmp_path):
    file = tmp_path / "history.csv"
    file.write_text(TABLE)
    table = import_table("euroncap-history", file)
    assert table.columns[:3] == ("car", "protocol", "given:adult_occupant [%]")
    assert [row[1] for row in table.rows] == ["2014", "euro-ncap-2016", "euro-ncap-2016", "euro-ncap-2023"]
    some = import_table("euroncap-history", file, where={"year": frozenset({"2016"})})
    assert [row[0] for row in some.rows] == ["A One 2016", "A Two 2016.0"]
