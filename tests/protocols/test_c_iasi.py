"""C-IASI: published items and grades, the derived occupant index against all weights that could explain them, edges."""

from __future__ import annotations

import csv
import itertools
from collections import Counter

import numpy as np
import pytest

from carindex.campaign import rate_table
from carindex.dossier.published import import_table
from carindex.messages import InputError
from carindex.rating import rate

from .graded import Programme, Rated, taken_as

SMALL, SIDE = "given:occupant_safety/small_overlap", "given:occupant_safety/side_impact"
ROOF, SEATS = "roof_strength/strength_to_weight_ratio", "seat_head_restraint/grade"
BETTER = "GAMP"
# Values in the middle of each grade of the items.
DEMERITS = {
    SMALL: dict(zip("GAMP", (1, 6, 15, 30), strict=True)),
    SIDE: dict(zip("GAMP", (2, 10, 28, 60), strict=True)),
}
RATIO = dict(zip("GAMP", (5.0, 3.5, 2.7, 2.0), strict=True))

# Grades of small overlap, side impact and roof strength, and of the occupant index, as 37 published cars of 2018 and
# 2019 have them.
SEEN = """
GGG G, AGG G, GAG G, AAG G, MGG A, MAG A, AMG A, MGA A, AGA A, GAA A, AAA A, AAM M, AGM M, APG M, GPG M, MMG M, MPA M,
MPG M, PAA M, PAG M, PMA M, PPA P, PPM P
"""
# What the analysis of these cars says that any rule must meet: one crash test P or M and all else G, the roof alone, two P.
LISTED = "PGG M, GPG M, GMG A, MGG A, AGG G, GAG G, GGA A, GGM M, PPG P"
# Items of cars that other sources describe, seats G where stated: an item "at least A" stands for both.
ELSEWHERE = "AGG G, GAG G, MGG A, MAG A, MGA A, PAG M, PAA M"


def pairs(text):
    return [tuple(part.split()) for part in text.split(",")]


@pytest.fixture(scope="module")
def c2017():
    return Programme("c-iasi-2017")


def items(grades, seats="not_published"):
    small, side, roof = grades
    return {SMALL: DEMERITS[SMALL][small], SIDE: DEMERITS[SIDE][side], ROOF: RATIO[roof], SEATS: seats}


@pytest.mark.parametrize("seats", ["not_published", "G"])
@pytest.mark.parametrize(("grades", "index"), [*pairs(SEEN), *pairs(LISTED), *pairs(ELSEWHERE)])
def test_published_and_listed_combinations(c2017, grades, index, seats):
    assert c2017.rate(items(grades, seats)).grade("occupant_safety") == index


def possible(grades, index, known):
    """Whether some sum of demerits gives these items that index, and all that is known what it should.

    Unknown are the demerits of A, M and P of a crash test (both alike) and of the roof, and the three lines. Lines are
    at least 1 apart, which is a choice of unit.
    """
    linprog = pytest.importorskip("scipy.optimize").linprog
    if grades in known:
        return known[grades] == index
    rows, limits = [], []

    def at_most(row, limit):
        rows.append(row)
        limits.append(limit)

    for one, wanted in [*known.items(), (grades, index)]:
        total = np.zeros(9)
        for item, grade in enumerate(one):
            if grade != "G":
                total[3 * (item == 2) + "AMP".index(grade)] += 1
        if wanted != "G":  # the sum reaches the line of this index ...
            line = np.zeros(9)
            line[6 + "AMP".index(wanted)] = 1
            at_most(line - total, 0)
        if wanted != "P":  # ... and not the next
            line = np.zeros(9)
            line[6 + BETTER.index(wanted)] = 1
            at_most(total - line, -1)
    for first in (0, 3):  # a worse grade costs no less
        for j in (first, first + 1):
            row = np.zeros(9)
            row[j], row[j + 1] = 1, -1
            at_most(row, 0)
    return linprog(np.ones(9), A_ub=np.array(rows), b_ub=limits, bounds=[(0, 1000)] * 9).status == 0


def test_the_index_is_open_exactly_where_sums_that_explain_the_cars_differ(c2017):
    """All 64 combinations, against linear programming: no choice of weights is made where several are possible."""
    known = dict(pairs(f"{SEEN}, {LISTED}"))
    for one in itertools.product(BETTER, repeat=3):
        grades = "".join(one)
        left = [index for index in BETTER if possible(grades, index, known)]
        expected = left[0] if len(left) == 1 else f"{left[0]}-{left[-1]}"
        assert c2017.rate(items(grades)).grade("occupant_safety") == expected, grades


def test_seats_that_are_not_good_or_not_known_leave_the_index_open(c2017):
    for grades, index in (("GGG", "G"), ("MAG", "A"), ("PAG", "M")):
        for seats in "AMP":
            assert c2017.rate(items(grades, seats)).grade("occupant_safety") == f"{index}-P"
        facts = items(grades)
        del facts[SEATS]
        rated = c2017.rate(facts)
        assert rated.grade("occupant_safety") == f"{index}-P"
        assert SEATS in rated.rating.missing
    assert c2017.rate(items("PPA", "P")).grade("occupant_safety") == "P"


@pytest.mark.parametrize(
    ("fact", "path", "edges"),
    [
        (SMALL, "small_overlap", {0: "G", 3: "G", 4: "A", 9: "A", 10: "M", 19: "M", 20: "P", 74: "P"}),
        (SIDE, "side_impact", {0: "G", 6: "G", 7: "A", 20: "A", 21: "M", 32: "M", 33: "P", 130: "P"}),
        (ROOF, "roof_strength", {4.0: "G", 3.999: "A", 3.25: "A", 3.249: "M", 2.5: "M", 2.499: "P"}),
    ],
)
def test_edges_of_the_items(c2017, fact, path, edges):
    for value, grade in edges.items():
        assert c2017.rate({fact: value}).grade(f"occupant_safety/{path}") == grade, value


def test_edges_of_the_pedestrian_rate(c2017):
    """65, 50 and 40 % of 30 points are 19.5, 15 and 12."""
    for value, grade in {
        30: "G",
        19.5: "G",
        19.499: "A",
        15: "A",
        14.999: "M",
        12: "M",
        11.999: "P",
        0: "P",
    }.items():
        assert c2017.rate({"given:pedestrian_safety": value}).grade("pedestrian_safety") == grade, value
    parts = {"given:pedestrian_safety/head": 16, "given:pedestrian_safety/leg": 3.5}
    assert c2017.rate(parts).grade("pedestrian_safety") == "G"


@pytest.mark.parametrize(
    ("front", "rear", "grade"),
    [
        # X = (2 front + rear) / 3: (50 + 19) / 3 = 23, (50 + 18.99) / 3 = 22.997, (40 + 17) / 3 = 19 ...
        (25, 19, "G"),
        (25, 18.99, "A"),
        (20, 17, "A"),
        (20, 16.99, "M"),
        (14, 14, "M"),
        (14, 13.99, "P"),
    ],
)
def test_repair_index_by_hand(c2017, front, rear, grade):
    index = "crashworthiness_and_repair_economy"
    facts = {
        f"given:{index}/front/structural_damage": 6,
        f"given:{index}/front/repair_economy": front - 6,
        f"given:{index}/rear": rear,
        "low_speed_structure_front_15/airbag_deployment": "no",
    }
    assert c2017.rate(facts).grade(index) == grade
    deployed = {**facts, "low_speed_structure_front_15/airbag_deployment": "yes"}
    assert c2017.rate(deployed).grade(index) == "P"


def test_a_car_without_assistance_has_no_grade_for_it(c2017):
    rated = c2017.rate({"assistance_safety/grade": "N/A"})
    assert rated.nodes["assistance_safety"].status == "not_applicable"
    assert c2017.rate({"assistance_safety/grade": "M"}).grade("assistance_safety") == "M"


def test_no_injury_limit_is_said_to_be_verified(c2017):
    """C-IASI's own tables were not read: everything below the crash tests' sums is an equivalent."""
    for path, node in c2017.plan.nodes.items():
        if path.startswith(("occupant_safety/small_overlap/", "occupant_safety/side_impact/")):
            assert node.node.verified == "unverified", path
            assert "IIHS equivalent" in node.node.source or "not known" in node.node.source, path
    assert c2017.plan.nodes["occupant_safety"].node.verified == "unverified"
    assert "erived" in c2017.plan.nodes["occupant_safety"].node.source


def test_injury_measures_lead_to_the_sum_as_for_iihs(c2017):
    """HIC15 600 is A: 2 demerits; a chest of 80 g M: 10; structure M: 6. With nothing else known at least 18: M."""
    test = "frontal_small_overlap_rigid_64"
    facts = {
        f"{test}/structure_grade": "M",
        f"{test}/driver/h3_50m/hic15": 600,
        f"{test}/driver/h3_50m/chest_a3ms": 80,
    }
    rated = c2017.rate(facts)
    assert rated.demerits("occupant_safety/small_overlap") == (18, 74 - (10 - 6))
    assert rated.grade("occupant_safety/small_overlap") == "M-P"


def test_dummy_of_nhtsa_test_10146_by_hand(c2017, tmp_path):
    """A full-width test taken for a small overlap test: the equivalents grade its dummy, and nothing is settled by it.

    Published: HIC15 140 (limit 560), 3 ms chest 41.0 g (60), femurs 1923 and 2345 N (5220). Computed elsewhere: Nij
    0.196 (0.80), deflection 23.18 mm (50), V*C 0.082 m/s (0.8), left upper tibia index 0.454 (0.80).
    """
    rating = rate(c2017.plan, taken_as("frontal_small_overlap_rigid_64", tmp_path).facts)
    rated = Rated(rating)
    known = {fact.name.rpartition("/")[2]: fact.value for node in rating.nodes for fact in node.facts}
    assert round(known["hic15"]) == 140
    assert round(known["chest_a3ms"], 1) == 41.0
    assert (round(known["femur_left"]), round(known["femur_right"])) == (-1923, -2345)
    assert known["nij"] == pytest.approx(0.196, abs=5e-4)
    assert known["chest_deflection"] == pytest.approx(23.18, abs=6e-3)
    assert known["tibia_index_left"] == pytest.approx(0.454, abs=5e-4)
    small = "occupant_safety/small_overlap"
    for component in ("head_and_neck", "chest", "thigh_and_hip"):
        assert (rated.grade(f"{small}/{component}"), rated.demerits(f"{small}/{component}")) == ("G", 0)
    assert rated.grade(small) == "G-P"
    assert rated.grade("occupant_safety") == "G-P"


def test_bad_input_is_refused(c2017):
    with pytest.raises(InputError):
        c2017.rate({SEATS: "excellent"})
    rated = c2017.rate({**items("GGG"), SMALL: 75})  # the components have no more than 74
    assert [f.severity for f in rated.rating.findings if f.severity == "error"]
    assert rated.grade("occupant_safety") == "G-M"


def test_there_is_no_overall_result(c2017):
    rated = c2017.rate(items("GGG"))
    assert rated.rating.root.outcome_lower is None
    assert rated.rating.final is False


# -- later versions: grades as they were published -------------------------------------------------------------


@pytest.mark.parametrize("name", ["c-iasi-2020", "c-iasi-2023"])
def test_what_is_not_known_of_the_later_versions_is_open(name):
    programme = Programme(name)
    nodes = programme.plan.nodes.values()
    assert all(
        plan.node.spec.open
        for plan in nodes
        if plan.node.path and not plan.node.path.startswith("assistance_rate")
    )
    rated = programme.rate({"occupant_safety/grade": "A", "frontal_small_overlap_rigid_64/grade": "M"})
    assert rated.grade("occupant_safety") == "A"
    assert rated.grade("driver_side_small_overlap") == "M"
    assert rated.grade("pedestrian_safety") == ("G-P" if name == "c-iasi-2020" else "G+-P")


def test_grades_of_another_version_say_nothing():
    assert Programme("c-iasi-2020").rate({"occupant_safety/grade": "G+"}).grade("occupant_safety") == "G-P"
    assert Programme("c-iasi-2023").rate({"occupant_safety/grade": "G+"}).grade("occupant_safety") == "G+"
    special = Programme("c-iasi-2023").rate({"new_energy_vehicle_special/grade": "G*"})
    assert special.grade("new_energy_vehicle_special") == "G+-P"


@pytest.mark.parametrize(
    ("systems", "automatic", "manual", "rate"),
    [
        # (systems + 1 each) / 1.14: 102 / 1.14 = 89.4737, 114 / 1.14 = 100, 57.285 / 1.14 = 50.25, half up 50.3
        (100, "PASS", "PASS", 89.5),
        (112, "PASS", "PASS", 100.0),
        (56.285, "PASS", "FAIL", 50.3),
        (0, "not_fitted", "not_fitted", 0.0),
    ],
)
def test_assistance_rate_of_2020_by_hand(systems, automatic, manual, rate):
    facts = {
        "given:assistance_rate/systems": systems,
        "advanced_ecall/automatic/result": automatic,
        "advanced_ecall/manual/result": manual,
    }
    rated = Programme("c-iasi-2020").rate(facts)
    assert rated.nodes["assistance_rate"].score == pytest.approx(rate)


# -- published tables ------------------------------------------------------------------------------------------


def rows_of(path):
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def batched(programme, table, folder):
    source, target = folder / "facts.csv", folder / "rated.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table.columns)
        writer.writerows(table.rows)
    rate_table(programme.plan, source, target)
    return rows_of(target)


@pytest.mark.shared
def test_occupant_and_pedestrian_grades_of_37_cars(c2017, shared, tmp_path):
    path = shared / "results" / "results-ciasi-2017-items.csv"
    table = import_table("ciasi-items", path)
    assert {finding.severity for finding in table.findings} <= {"note"}
    rated = batched(c2017, table, tmp_path)
    assert len(rated) == 37
    for row in rated:
        for index in ("occupant_safety", "pedestrian_safety"):
            assert row[f"grade:{index}"] == row[f"published:{index}"], (row["car"], index)
    # the combinations above are those of these cars, none more and none less
    seen = {
        row["grade:occupant_safety/small_overlap"]
        + row["grade:occupant_safety/side_impact"]
        + row["grade:occupant_safety/roof_strength"]
        + " "
        + row["published:occupant_safety"]
        for row in rated
    }
    assert seen == {" ".join(pair) for pair in pairs(SEEN)}


def test_each_combination_follows_from_sums_that_explain_the_others():
    """Each of the 23 combinations left out in turn: some sum that explains all others gives its published grade."""
    known = dict(pairs(f"{SEEN}, {LISTED}"))
    for left_out in pairs(SEEN):
        assert possible(*left_out, {one: index for one, index in known.items() if one != left_out[0]}), (
            left_out
        )


@pytest.mark.shared
def test_published_grades_of_all_versions(shared, tmp_path):
    """Grades are taken as they are; what cannot be decided is counted.

    A version knows the grades of its own: rows of the others, and "--", leave an index open.
    """
    table = import_table("ciasi", shared / "results" / "results-ciasi.csv")
    assert {finding.severity for finding in table.findings} <= {"note"}
    indices = (
        "crashworthiness_and_repair_economy",
        "occupant_safety",
        "pedestrian_safety",
        "assistance_safety",
    )
    for version in ("2020", "2023"):
        programme = Programme(f"c-iasi-{version}")
        counts = Counter()
        for row in batched(programme, table, tmp_path):
            if row["car"].startswith(version):
                for index in indices:
                    published, found = row[f"published:{index}"], row[f"grade:{index}"]
                    counts["same" if found == published else "open" if not found else "different"] += 1
                    assert found or published == "--", (row["car"], index)
        assert counts["different"] == 0
        assert counts["same"] > 70


def test_table_of_items_says_what_it_leaves_out(c2017, tmp_path):
    """Two made-up cars: 3 and 6 demerits, ratio 4, 65 % are G throughout; 20 and 7, 3.25, 40 % are P, A, A and M."""
    path = tmp_path / "items.csv"
    path.write_text(
        "car,test_year,brand,model,small_overlap_demerits,side_demerits,b_pillar_cm,roof_swr,pedestrian_points_of_30,"
        "published_occupant_grade,published_pedestrian_grade\n"
        "One,2018,A,1,3,6,18.5,4,19.5,G,G\nTwo,2019,B,2,20,7,12.0,3.25,12,M,M\n",
        "utf-8",
    )
    table = import_table("ciasi-items", path)
    assert [row[table.columns.index(SEATS)] for row in table.rows] == ["not_published", "not_published"]
    assert table.rows[0][table.columns.index("side_mdb_1500_50/b_pillar_distance")] == 185
    one, two = batched(c2017, table, tmp_path)
    assert (one["car"], two["car"]) == ("2018 One", "2019 Two")
    assert (one["grade:occupant_safety"], two["grade:occupant_safety"]) == ("G", "M")
    assert (one["grade:pedestrian_safety"], two["grade:pedestrian_safety"]) == ("G", "M")
    # demerits stand there as demerits, not as what they leave of the greatest sum
    assert float(two["demerits:occupant_safety/small_overlap"]) == 20
    assert "score:occupant_safety/small_overlap" not in two
    assert float(two["score:pedestrian_safety"]) == 12


@pytest.mark.parametrize(
    "name",
    [
        "c-iasi-2017",
        "c-iasi-2020",
        "c-iasi-2023",
        "iihs-small-overlap",
        "iihs-moderate-overlap-2",
        "iihs-side-1",
        "iihs-side-2",
        "iihs-roof",
    ],
)
def test_every_rule_has_two_languages_a_source_and_a_level(name):
    programme = Programme(name)
    for path, plan in programme.plan.nodes.items():
        spec = plan.node.spec
        assert set(spec.label) == {"en", "zh"}, path
        assert spec.source, path
        assert spec.verified, path
        for adjustment in spec.adjust:
            if adjustment.label is not None:
                assert set(adjustment.label) == {"en", "zh"}, path
                assert adjustment.source, path
                assert adjustment.verified, path
    assert not any(plan.node.verified == "oracle" for plan in programme.plan.nodes.values())
