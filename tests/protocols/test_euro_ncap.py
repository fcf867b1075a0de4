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
