"""C-NCAP 2018, 2021, 2024 and 2027: totals, stars and occupant points against published results, rules by hand.

Published results: cars without names in ``data/cncap-items`` (see its SOURCE.md), and the whole tables beside the checkout.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from carindex.dossier import Fact, quantity_of
from carindex.dossier.published import import_table
from carindex.rating import compile_protocol, evaluate, load_protocol, rate

ITEMS = Path(__file__).parent / "data" / "cncap-items"
EDITIONS = ("c-ncap-2018", "c-ncap-2021", "c-ncap-2024")
ALL = (*EDITIONS, "c-ncap-2027")
STARS = {"6.0": "5+", "5.0": "5", "4.0": "4", "3.0": "3", "2.0": "2", "1.0": "1"}
SECOND = {"c-ncap-2018": "pedestrian_protection", "c-ncap-2021": "pedestrian_protection"}
OCCUPANT = "occupant_protection"

# Totals that rounding the weighted sum does not give, by what identifies the car (its rates); published and computed.
# 124 and 134 of the items, the Forester of the list. All of 2018; published 0.1 higher. Nothing explains them.
UNEXPLAINED_TOTALS = {
    ("93.55", "83.75", "93.98"): ("92.2", 92.1),  # Honda Breeze 2020
    ("92.75", "72.29", "91.17"): ("89.5", 89.4),
    ("91.32", "81.05", "95.11"): ("90.4", 90.3),  # Subaru Forester 2019
}
# One car of 82.4 % has four stars instead of five: a fire, told by the press (Wuling Victory 2021). It is told by its total.
FIRE_TOTAL = "82.4"

# Cars of 2018 whose items do not add up to their published occupant rate, with what is missing in points of 70.
ITEM_REMAINDERS_2018 = {
    "87": 0.256,  # second row, neck, full width: 0.0 of 0.4 in the items; the test's score has 0.256 more
    "88": 0.400,  # the same, 0.4
    "132": 17.578,  # no item of the full-width test
    "158": 1.950,  # head and neck of the second row published as one item, which does not fit the score of the test
    "160": 1.890,
    "161": 1.520,
}
# What curtain airbags and E-CALL of 2021 must have had (of 4, split unknown): only halves occur. Below: other than 4.0
CURTAIN_ECALL_2021 = {"21": 3.5, "41": 3.5, "42": 1.5, "47": 3.5, "48": 3.0}
# Cars of 2021 without an item of the child assessment (of 3): both together
WITH_CHILD_STATIC_2021 = {"61": 2.0, "62": 7.0, "64": 6.0, "65": 1.0, "66": 6.0, "67": 6.5}
# What the far side of 2024 (of 8) must have had. Two cars need more than the 8 points: an item is not known here.
FAR_SIDE_2024 = {"2": 8.0, "5": 7.754, "6": 8.0, "9": 8.755, "13": 8.0, "14": 8.997}
# Of what is beyond 8, up to one point may be a bonus beside the 113; of 9 and 14 it must be at least this much.
BONUS_2024 = {"9": 0.755, "14": 0.997}


@pytest.fixture(scope="module")
def plans():
    return {name: compile_protocol(load_protocol(name)) for name in ALL}


class Table:
    """A published table, rated under one edition."""

    def __init__(self, plan, name, path):
        table = import_table(name, path)
        self.findings = table.findings
        at = {column: i for i, column in enumerate(table.columns)}
        self.rows = [row for row in table.rows if row[at["protocol"]] == plan.protocol.id]
        self.at, self.plan = at, plan
        facts = np.array(
            [[self.number(row[at[f]] if f in at else None, f) for row in self.rows] for f in plan.facts]
        )
        self.facts = facts.reshape(len(plan.facts), len(self.rows))
        self.result = evaluate(plan, self.facts)

    @staticmethod
    def number(cell, fact):
        if cell is None:
            return np.nan
        words = quantity_of(fact).categories if not fact.startswith("given:") else ()
        return float(words.index(cell)) if words else float(cell)

    def column(self, name):
        return [row[self.at[name]] for row in self.rows]

    @property
    def cars(self):
        return [car.split()[0] for car in self.column("car")]


def rating(plan, **facts):
    """Rate one car; keys are fact names."""
    return rate(plan, [Fact(name, float(value), "", "test", {}) for name, value in facts.items()])


def modules(plan, occupant, second, active, **more):
    """Rate a car by the rates of its modules; nothing that costs stars happened unless ``more`` says so."""
    usual = {
        "car/year_of_test": 2020,
        "car/fire_after_crash": 0,
        "car/electrical_safety_failed": 0,
        "car/stability_control_fitted": 1,
        "car/impactor_minimum_missed": 0,
        "car/points_deducted": 0,
        "given:impactor_tests": 100,
    }
    given = {
        f"given:{OCCUPANT}": occupant,
        f"given:{SECOND.get(plan.protocol.id, 'vru_protection')}": second,
        "given:active_safety": active,
    }
    known = {name: v for name, v in {**usual, **given, **more}.items() if name in plan.facts}
    # the module of an edition whose rules are known is stated as well, though no fact is asked for
    known |= {name: v for name, v in given.items() if name not in known}
    return rating(plan, **known)


# -- published totals and stars ------------------------------------------------------------------------------------


def compare_totals(table):
    """Return the rates of the cars whose total is not the published one."""
    low, high = table.result.score("")
    rates = zip(*(table.column(f"given:{path}") for path in table_modules(table)), strict=True)
    different = set()
    for row, (published, own) in enumerate(zip(table.column("published:#score"), rates, strict=True)):
        if any(value is None for value in own):
            continue
        assert low[row] == high[row]
        key = tuple(f"{float(value):.2f}" for value in own)
        if low[row] != float(published.rstrip("%")):
            different.add(key)
            if key in UNEXPLAINED_TOTALS:
                assert UNEXPLAINED_TOTALS[key] == (published.rstrip("%"), low[row])
        else:
            assert key not in UNEXPLAINED_TOTALS
    return different


def table_modules(table):
    return (OCCUPANT, SECOND.get(table.plan.protocol.id, "vru_protection"), "active_safety")


def compare_stars(table):
    """Return how many cars have stars published; all of them must be the computed ones but the car that burnt."""
    low, high = table.result.outcome("")
    grades = table.plan.nodes[""].outcome.grades[::-1]
    compared = 0
    columns = (table.column("published:"), table.column("published:#score"), low, high)
    for published, total, worst, best in zip(*columns, strict=True):
        if not published:
            continue
        assert worst == best
        known = STARS.get(published, published)
        if total.rstrip("%") == FIRE_TOTAL and known == "4":
            assert grades[int(worst)] == "5"
            continue
        assert grades[int(worst)] == known
        compared += 1
    return compared


@pytest.mark.parametrize(
    ("edition", "cars", "different"), [("c-ncap-2018", 61, 2), ("c-ncap-2021", 32, 0), ("c-ncap-2024", 6, 0)]
)
def test_totals_and_stars_of_the_items_sample(plans, edition, cars, different):
    table = Table(plans[edition], "cncap-outcomes", ITEMS / "official_outcomes.csv")
    assert len(table.rows) == cars
    found = compare_totals(table)
    assert found <= set(UNEXPLAINED_TOTALS)
    assert len(found) == different
    assert compare_stars(table) == cars


@pytest.mark.shared
@pytest.mark.parametrize("edition", EDITIONS)
def test_totals_and_stars_of_all_cars(plans, shared, edition):
    """Whatever cars the table holds: none may differ but the known totals and the fire.

    One record of 2024 is called corrupt by those who made the table; it may be the one that differs.
    """
    path = shared / "results" / "cncap-items" / "official_outcomes.csv"
    table = Table(plans[edition], "cncap-outcomes", path)
    corrupt = compare_totals(table) - set(UNEXPLAINED_TOTALS)
    assert len(corrupt) <= (1 if edition == "c-ncap-2024" else 0)
    assert compare_stars(table) >= len(table.rows) - 1


@pytest.mark.shared
@pytest.mark.parametrize(
    ("edition", "least"), [("c-ncap-2018", 25), ("c-ncap-2021", 25), ("c-ncap-2024", 20)]
)
def test_totals_of_the_published_list(plans, shared, edition, least):
    table = Table(plans[edition], "cncap", shared / "results" / "results-cncap.csv")
    assert len(table.rows) >= least
    assert compare_totals(table) <= set(UNEXPLAINED_TOTALS)


@pytest.mark.shared
def test_stars_that_the_press_published(plans, shared):
    """Two rows have stars and a total, but no rates: nothing follows. Of some only "five or more" is known."""
    table = Table(plans["c-ncap-2018"], "cncap", shared / "results" / "results-cncap.csv")
    grades = table.plan.nodes[""].outcome.grades[::-1]
    low, high = table.result.outcome("")
    for row, published in enumerate(table.column("published:")):
        if not published:
            continue
        worst, best = grades[int(low[row])], grades[int(high[row])]
        if table.column(f"given:{OCCUPANT}")[row] is None:
            assert worst != best
        elif published.startswith(">="):
            assert worst in ("5", "5+")
        else:
            assert worst == best == published


# -- occupant points from items --------------------------------------------------------------------------------------


def occupant(plan, name, file):
    table = Table(plan, name, ITEMS / file)
    low, high = table.result.score(OCCUPANT)
    published = np.array([float(text.rstrip("%")) for text in table.column(f"published:{OCCUPANT}#score")])
    return table, low, high, published


def test_occupant_rate_of_2018_is_the_sum_of_all_items(plans):
    """61 cars: 54 add up exactly from items and deductions, seven do not or leave it open; see the remainders."""
    table, low, high, published = occupant(plans["c-ncap-2018"], "cncap-items", "item_scores_long.csv")
    exact = (low == high) & (low == published)
    assert exact.sum() == 54
    other = {car for car, same in zip(table.cars, exact, strict=True) if not same}
    # 165 has head and neck of the second row as one item, which does fit: its total is open here all the same
    assert other == {*ITEM_REMAINDERS_2018, "165"}
    assert (low <= published).all()
    # items of these are less than the report of their test has, so that even the best of what is open is too little: with
    # two points for head and neck, 160 has 18.02 of 18.20 and 161 has 17.02 of 17.12 in the full-width test
    too_little = published > high
    assert {car for car, less in zip(table.cars, too_little, strict=True) if less} == {
        "87",
        "88",
        "160",
        "161",
    }


def item_sum(car):
    """The sum of all items of a car and of what its tests deducted, read from the files."""
    items = csv.DictReader((ITEMS / "item_scores_long.csv").read_text("utf-8").splitlines())
    tests = csv.DictReader((ITEMS / "test_level_adjustments.csv").read_text("utf-8").splitlines())
    total = sum(float(row["score"]) for row in items if row["variant_id"] == car)
    return total + sum(min(float(row["adjustment"]), 0.0) for row in tests if row["variant_id"] == car)


@pytest.mark.parametrize(("car", "remainder"), list(ITEM_REMAINDERS_2018.items()))
def test_what_the_items_of_2018_leave_unexplained(car, remainder):
    outcomes = csv.DictReader((ITEMS / "official_outcomes.csv").read_text("utf-8").splitlines())
    published = next(float(row["ap_score"].rstrip("%")) for row in outcomes if row["variant_id"] == car)
    # a rate is published to 0.005 %, which is 0.0035 points of 70
    assert published * 0.7 - item_sum(car) == pytest.approx(remainder, abs=0.0036)


def test_occupant_rate_of_2018_is_the_sum_of_the_official_test_scores(plans):
    """With the tests' own scores 60 of 61 cars add up; 132 lacks one test."""
    table, low, high, published = occupant(plans["c-ncap-2018"], "cncap-tests", "test_level_adjustments.csv")
    exact = (low == high) & (low == published)
    assert exact.sum() == 60
    assert [car for car, same in zip(table.cars, exact, strict=True) if not same] == ["132"]


@pytest.mark.parametrize(
    ("table", "file"),
    [("cncap-items", "item_scores_long.csv"), ("cncap-tests", "test_level_adjustments.csv")],
)
def test_occupant_rate_of_2021_leaves_halves_to_curtains_and_ecall(plans, table, file):
    """32 cars: from each published rate the open items must come out as a multiple of a half, as they are scored.

    Car 34 has one row of seats, 60.2 points in all; the others 86. A point more or less in any other part would show.
    """
    imported, low, high, published = occupant(plans["c-ncap-2021"], table, file)
    for car, least, most, rate_ in zip(imported.cars, low, high, published, strict=True):
        if (table, car) == ("cncap-items", "57"):
            # the report of its side test has 0.126 more than its items, which count 1.2 times; deductions are left open
            assert (rate_ - most) * 0.86 == pytest.approx(0.126 * 1.2, abs=0.0087)
            continue
        whole = 60.2 if car == "34" else 86.0
        rest = (rate_ - least) * whole / 100
        expected = {**CURTAIN_ECALL_2021, **WITH_CHILD_STATIC_2021}.get(car, 4.0)
        # published and computed rate are each rounded to 0.005 %; 62 needs 6.971 of 7: 0.03 of the child assessment
        assert rest == pytest.approx(expected, abs=0.03 if car == "62" else 0.0001 * whole + 1e-9), car
        assert least <= rate_ <= most


@pytest.mark.parametrize(
    ("table", "file"),
    [("cncap-items", "item_scores_long.csv"), ("cncap-tests", "test_level_adjustments.csv")],
)
def test_occupant_rate_of_2024_leaves_the_far_side(plans, table, file):
    imported, low, high, published = occupant(plans["c-ncap-2024"], table, file)
    without = imported.facts.copy()
    without[imported.plan.facts.index("car/bonus_points")] = 0
    _, less = evaluate(imported.plan, without).score(OCCUPANT)
    for car, least, most, plain, rate_ in zip(imported.cars, low, high, less, published, strict=True):
        rest = (rate_ - least) * 1.13
        assert rest == pytest.approx(FAR_SIDE_2024[car], abs=0.0115), car
        assert least <= rate_ <= most, car
        assert max(rate_ - plain, 0) * 1.13 == pytest.approx(BONUS_2024.get(car, 0), abs=0.0115), car


def test_a_bonus_beside_the_points_of_2024(plans):
    """One point of 113 is 0.88 %, of 82 it is 1.22 %; not above 100 %."""
    tests = {"full_width_frontal_impact": 12, "mpdb_frontal_impact": 16, "side_impact": 16, "side_pole_impact": 16, "far_side": 8, "whiplash": 5, "curtain_airbag_pressure_hold": 3, "e_call": 2}  # fmt: skip
    rear = {
        "full_width_frontal_impact": 8,
        "mpdb_frontal_impact": 8,
        "side_impact": 4,
        "side_pole_impact": 4,
        "whiplash": 2,
    }
    rear |= {"child_restraint_static_assessment": 3, "child_presence_detection": 2}
    for single, whole in ((1, 82), (0, 113)):
        given = {k: tests.get(k, 0) + (0 if single else rear.get(k, 0)) for k in (*tests, *rear)}
        facts = {f"given:{OCCUPANT}/{k}": v for k, v in given.items()} | {"car/single_seat_row": single}
        for bonus in (0, 0.5, 1):
            got = rating(plans["c-ncap-2024"], **facts, **{"car/bonus_points": bonus}).node(OCCUPANT).score
            assert got == round((whole - 4 + bonus) / whole * 100, 2)
        open_ = rating(plans["c-ncap-2024"], **facts).node(OCCUPANT)
        assert (open_.lower, open_.upper) == (
            round((whole - 4) / whole * 100, 2),
            round((whole - 3) / whole * 100, 2),
        )
        facts[f"given:{OCCUPANT}/full_width_frontal_impact"] += 4
        assert rating(plans["c-ncap-2024"], **facts, **{"car/bonus_points": 1}).node(OCCUPANT).score == 100


@pytest.mark.parametrize(
    ("edition", "chargeable", "points"),
    [
        # public parameter list: 57 points without a second row in 2018, 82 in 2024; 60.2 in 2021 as car 34 shows
        ("c-ncap-2018", 0, {"full_width_frontal_impact": 16, "offset_frontal_impact": 16, "side_impact": 16, "whiplash": 5, "bonus": 4}),
        ("c-ncap-2021", 0, {"full_width_frontal_impact": 16, "mpdb_frontal_impact": 16, "side_impact": 16, "whiplash": 5, "curtain_airbags_and_e_call": 4}),
        ("c-ncap-2021", 1, {"full_width_frontal_impact": 16, "mpdb_frontal_impact": 16, "side_pole_impact": 16, "whiplash": 5, "curtain_airbags_and_e_call": 4}),
        ("c-ncap-2024", 0, {"full_width_frontal_impact": 16, "mpdb_frontal_impact": 16, "side_impact": 16, "side_pole_impact": 16, "far_side": 8, "whiplash": 5, "curtain_airbag_pressure_hold": 3, "e_call": 2}),
    ],
)  # fmt: skip
def test_a_car_with_one_row_of_seats_reaches_100_per_cent_without_the_rest(
    plans, edition, chargeable, points
):
    plan = plans[edition]
    facts = {f"given:{OCCUPANT}/{path}": worth for path, worth in points.items()}
    own = {"car/single_seat_row": 1, "car/externally_chargeable": chargeable, "car/bonus_points": 0}
    full = rating(plan, **facts, **{k: v for k, v in own.items() if k in plan.facts}).node(OCCUPANT)
    assert full.score == 100.0
    # the whiplash test alone without its 5 points: 57 - 5 = 52 of 57 and so on
    less = {**facts, f"given:{OCCUPANT}/whiplash": 0}
    weights = {"side_impact": 1.2, "side_pole_impact": 1.5} if edition == "c-ncap-2021" else {}
    whole = sum(worth * weights.get(path, 1) for path, worth in points.items())
    assert round(whole, 6) in (57, 60.2, 65, 82)
    rated = rating(plan, **less, **{k: v for k, v in own.items() if k in plan.facts}).node(OCCUPANT)
    assert rated.score == pytest.approx(round((whole - 5) / whole * 100, 2), abs=1e-9)


# -- stars: every line, minimum and veto -----------------------------------------------------------------------------

LINES = {
    "c-ncap-2018": {"5+": 90, "5": 82, "4": 72, "3": 60, "2": 45},
    "c-ncap-2021": {"5+": 92, "5": 83, "4": 74, "3": 65, "2": 45},
    "c-ncap-2024": {"5+": 92, "5": 83, "4": 74, "3": 65, "2": 45},
    "c-ncap-2027": {"5+": 92, "5": 83, "4": 74, "3": 65, "2": 45},
}
# occupant, pedestrian or VRU, active; test of 2020 or later
MINIMA = {
    "c-ncap-2018": {"5+": (95, 75, 72), "5": (85, 65, 55), "4": (75, 50, 26), "3": (65, 40, 0), "2": (55, 20, 0)},
    "c-ncap-2021": {"5+": (95, 75, 85), "5": (85, 65, 70), "4": (75, 50, 60), "3": (65, 0, 0), "2": (60, 0, 0)},
    "c-ncap-2024": {"5+": (95, 75, 85), "5": (85, 70, 70), "4": (75, 65, 60), "3": (65, 0, 0), "2": (60, 0, 0)},
    "c-ncap-2027": {"5+": (95, 75, 90), "5": (85, 70, 80), "4": (75, 65, 70), "3": (65, 0, 0), "2": (60, 0, 0)},
}  # fmt: skip
ORDER = ["1", "2", "3", "4", "5", "5+"]
BELOW = dict(zip(ORDER[1:], ORDER, strict=False))


def lands(table, rates):
    """The best star whose minima all rates reach, read from the table above."""
    return next(star for star in reversed(ORDER) if star == "1" or all(a >= b for a, b in zip(rates, table[star], strict=True)))  # fmt: skip


@pytest.mark.parametrize("edition", ALL)
def test_every_line_of_the_total(plans, edition):
    """The same rate in all modules is the total; minima lie above the lines of the lower stars, so they decide too."""
    for line in LINES[edition].values():
        for total in (line, line - 0.1, line + 0.1):
            by_total = next((s for s, least in LINES[edition].items() if total >= least), "1")
            by_minima = lands(MINIMA[edition], (total,) * 3)
            expected = min(by_total, by_minima, key=ORDER.index)
            assert modules(plans[edition], total, total, total).root.outcome == expected, (edition, total)


@pytest.mark.parametrize("edition", EDITIONS)
def test_lines_of_the_total_alone(plans, edition):
    """Modules that all reach the minima of a star, with a total at its line and just below it."""
    wo, wp, wa = {"c-ncap-2018": (70, 15, 15), "c-ncap-2021": (60, 15, 25), "c-ncap-2024": (54, 25, 21)}[
        edition
    ]
    for star in ("5+", "5", "4"):
        o, p, a = MINIMA[edition][star]
        for line, expected in ((LINES[edition][star], star), (LINES[edition][star] - 0.1, BELOW[star])):
            # the occupant module stays at its minimum, the two others make up for the rest of the total
            need = (line * 100 - o * wo) / (wp + wa)
            rates = (o, max(need, p), max(need, a))
            total = sum(r * w for r, w in zip(rates, (wo, wp, wa), strict=True)) / 100
            if max(rates) > 100 or abs(total - line) > 1e-9:
                continue
            assert modules(plans[edition], *rates).root.outcome == expected, (edition, star, line)


@pytest.mark.parametrize("edition", ALL)
def test_every_minimum(plans, edition):
    """100 % in two modules: the third decides, at its minimum and a hundredth below it."""
    for star, least in MINIMA[edition].items():
        for module, line in enumerate(least):
            for rate_ in (line, line - 0.01):
                if rate_ < 0:
                    continue
                rates = [100.0, 100.0, 100.0]
                rates[module] = rate_
                got = modules(plans[edition], *rates)
                by_total = next((s for s, at in LINES[edition].items() if got.root.score >= at), "1")
                expected = min(by_total, lands(MINIMA[edition], rates), key=ORDER.index)
                assert got.root.outcome == expected, (edition, star, module, rate_)


@pytest.mark.parametrize(
    ("year", "active", "star"),
    [
        # 2018: active minima 50 / 26 in tests of 2018, 55 / 38 of 2019, 72 / 55 from 2020 on; occupant and pedestrian 100
        (2018, 50, "5+"), (2018, 49.99, "5"), (2018, 26, "5"), (2018, 25.99, "3"),
        (2019, 55, "5+"), (2019, 54.99, "5"), (2019, 38, "5"), (2019, 37.99, "4"), (2019, 26, "4"), (2019, 25.99, "3"),
        (2020, 72, "5+"), (2020, 71.99, "5"), (2020, 55, "5"), (2020, 54.99, "4"), (2021, 54.99, "4"),
    ],
)  # fmt: skip
def test_active_minima_of_2018_by_year(plans, year, active, star):
    # total: 0.85 * 100 + 0.15 * active, from 88.9 % up: below 90 % five stars are the most
    total = 85 + 0.15 * active
    expected = star if total >= 90 or star != "5+" else "5"
    assert (
        modules(plans["c-ncap-2018"], 100, 100, active, **{"car/year_of_test": year}).root.outcome == expected
    )


def test_unknown_year_leaves_the_stars_open(plans):
    plan = plans["c-ncap-2018"]
    facts = {f"given:{OCCUPANT}": 100, "given:pedestrian_protection": 100, "given:active_safety": 60}
    facts |= {"car/fire_after_crash": 0, "car/electrical_safety_failed": 0}
    root = rating(plan, **facts).root
    assert (root.outcome_lower, root.outcome_upper) == ("5", "5+")


@pytest.mark.parametrize("edition", ALL)
@pytest.mark.parametrize(("rates", "star", "burnt"), [((100,) * 3, "5+", "5"), ((0,) * 3, "1", "1")])
def test_a_fire_costs_one_star_down_to_one(plans, edition, rates, star, burnt):
    assert modules(plans[edition], *rates).root.outcome == star
    assert modules(plans[edition], *rates, **{"car/fire_after_crash": 1}).root.outcome == burnt


def test_the_published_fire(plans):
    """Wuling Victory 2021, 82.4 %: four stars instead of five. Rates of the car are not at hand; such that fit."""
    # 0.7 * 86 + 0.15 * 70 + 0.15 * 78 = 60.2 + 10.5 + 11.7 = 82.4
    assert modules(plans["c-ncap-2018"], 86, 70, 78).root.score == 82.4
    assert modules(plans["c-ncap-2018"], 86, 70, 78).root.outcome == "5"
    assert modules(plans["c-ncap-2018"], 86, 70, 78, **{"car/fire_after_crash": 1}).root.outcome == "4"


@pytest.mark.parametrize("edition", EDITIONS[:2])
def test_no_star_without_electrical_safety(plans, edition):
    assert modules(plans[edition], 100, 100, 100, **{"car/electrical_safety_failed": 1}).root.outcome == "0"


@pytest.mark.parametrize("edition", ALL[2:])
def test_no_more_than_three_stars_without_stability_control(plans, edition):
    assert modules(plans[edition], 100, 100, 100, **{"car/stability_control_fitted": 0}).root.outcome == "3"


@pytest.mark.parametrize(
    ("head", "leg", "star"),
    [
        # 62 % of 15 points are 9.3; VRU: at least 0.6 * 62 + 0.4 * 100 = 77.2 %, above the minimum of 75
        (4.3, 5, "5+"), (4.29, 5, "4"), (9.3, 0, "5+"), (9.29, 0, "4"), (10, 5, "5+"),
    ],
)  # fmt: skip
def test_the_62_per_cent_line_of_2024(plans, head, leg, star):
    facts = {
        f"given:{OCCUPANT}": 100,
        "given:active_safety": 100,
        "given:vru_protection/impactor_tests/head_impact": head,
        "given:vru_protection/impactor_tests/leg_impact": leg,
        "given:vru_protection/emergency_braking_vru": 24,
        "car/fire_after_crash": 0,
        "car/stability_control_fitted": 1,
    }
    rated = rating(plans["c-ncap-2024"], **facts)
    assert rated.node("vru_protection").score == pytest.approx(round((head + leg) / 15 * 60 + 40, 2))
    assert rated.root.outcome == star


def test_the_62_per_cent_line_can_be_stated_or_stays_open(plans):
    plan = plans["c-ncap-2024"]
    facts = {f"given:{OCCUPANT}": 100, "given:active_safety": 100, "given:vru_protection": 90}
    facts |= {"car/fire_after_crash": 0, "car/stability_control_fitted": 1}
    root = rating(plan, **facts).root
    assert (root.outcome_lower, root.outcome_upper) == ("4", "5+")
    assert rating(plan, **facts, **{"car/impactor_minimum_missed": 0}).root.outcome == "5+"
    assert rating(plan, **facts, **{"car/impactor_minimum_missed": 1}).root.outcome == "4"


@pytest.mark.parametrize(("impactor", "star"), [(65, "5+"), (64.99, "5"), (62, "5"), (61.99, "4")])
def test_the_two_lines_of_head_and_leg_in_2027(plans, impactor, star):
    facts = {f"given:{OCCUPANT}": 100, "given:vru_protection": 100, "given:impactor_tests": impactor}
    facts |= {"car/points_deducted": 0, "car/fire_after_crash": 0, "car/stability_control_fitted": 1}
    facts |= {f"given:active_safety/{k}": v for k, v in (("avoidance_and_driving_risk_warning", 26), ("headlamps", 10), ("local_hazard_warning", 0))}  # fmt: skip
    assert rating(plans["c-ncap-2027"], **facts).root.outcome == star


# -- modules -----------------------------------------------------------------------------------------------------------


def test_a_module_counts_up_to_100_per_cent(plans):
    """Toyota Corolla 2021: 91.33, 77.2 and 105.73 %: 0.7 * 91.33 + 0.15 * 77.2 + 0.15 * 100 = 90.511, published 90.5."""
    for path in ("active_safety", OCCUPANT):
        rates = {OCCUPANT: 91.33, "active_safety": 91.33} | {path: 105.73}
        rated = modules(plans["c-ncap-2018"], rates[OCCUPANT], 77.2, rates["active_safety"])
        assert rated.node(path).score == 100
        assert not [finding for finding in rated.findings if finding.severity == "error"]
    assert modules(plans["c-ncap-2018"], 91.33, 77.2, 105.73).root.score == 90.5


def test_totals_are_rounded_half_up(plans):
    # Toyota Camry 2024: 0.6 * 89.21 + 0.15 * 80.46 + 0.25 * 93.02 = 53.526 + 12.069 + 23.255 = 88.85, published 88.9
    assert modules(plans["c-ncap-2021"], 89.21, 80.46, 93.02).root.score == 88.9
    # just below the tie: 88.8499
    assert modules(plans["c-ncap-2021"], 89.21, 80.46, 93.0196).root.score == 88.8


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{OCCUPANT}/full_width_frontal_impact", 20.1),
        (f"{OCCUPANT}/side_impact/front_row/head", 4.001),
        (f"{OCCUPANT}", -0.1),
        ("active_safety", -1),
    ],
)
def test_scores_that_cannot_be_are_refused(plans, path, value):
    rated = rating(plans["c-ncap-2018"], **{f"given:{path}": value})
    assert [f.code for f in rated.findings if f.severity == "error"] == ["dossier.not_possible"]
    assert rated.node(path).status == "missing"


def test_active_safety_of_2027_with_its_bonus(plans):
    facts = {"avoidance_and_driving_risk_warning": 19.5, "headlamps": 8, "local_hazard_warning": 1.5}
    rated = rating(plans["c-ncap-2027"], **{f"given:active_safety/{k}": v for k, v in facts.items()})
    # 19.5 / 26 * 71.4 + 8 / 10 * 28.6 + 1.5 / 3 * 4.76 = 53.55 + 22.88 + 2.38 = 78.81
    assert rated.node("active_safety").score == 78.81
    full = {"avoidance_and_driving_risk_warning": 26, "headlamps": 10, "local_hazard_warning": 3}
    rated = rating(plans["c-ncap-2027"], **{f"given:active_safety/{k}": v for k, v in full.items()})
    assert rated.node("active_safety").score == 100  # 104.76, capped


# -- criteria ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edition", "facts", "path", "points"),
    [
        # WorldSID rib 39 mm of 28/50: (50 - 39) / 22 * 4 = 2.0
        ("c-ncap-2021", {"side_aemdb_50/driver/worldsid_50m/rib_deflection": 39}, "side_impact/front_row/chest", 2.0),
        ("c-ncap-2024", {"side_scmdb_60/driver/worldsid_50m/rib_deflection": 28}, "side_impact/front_row/chest", 4.0),
        ("c-ncap-2024", {"side_scmdb_60/driver/worldsid_50m/rib_deflection": 50}, "side_impact/front_row/chest", 0.0),
        # pubic force 2.25 kN of 1.7/2.8: half of 4; SID-IIs pelvis 4.5 kN of 3.5/5.5: half of 1
        ("c-ncap-2021", {"side_pole_oblique_32/driver/worldsid_50m/pubic_force": 2250}, "side_pole_impact/front_row/pelvis", 2.0),
        ("c-ncap-2018", {"side_aemdb_50/rear_left/sid_iis/pelvic_force": 4500}, "side_impact/second_row/pelvis", 0.5),
        # child neck 2.1975 kN of 1.555/2.840: half of 1
        ("c-ncap-2021", {"frontal_full_width_rigid_50/rear_right/q3/neck_tension": 2197.5}, "full_width_frontal_impact/second_row_child/neck", 0.5),
        # rear neck: tension 2.16 kN of 1.7/2.62 is half, shear 1.2 kN and 36 Nm cost nothing; 0.4 points
        ("c-ncap-2021", {f"frontal_full_width_rigid_50/rear_left/h3_05f/{k}": v for k, v in (("neck_tension", 2160), ("neck_shear", 1200), ("neck_extension", 36))}, "full_width_frontal_impact/second_row/neck", 0.2),
        # rear chest 35.5 mm of 23/48: half of 2
        ("c-ncap-2018", {"frontal_odb_64/rear_left/h3_05f/chest_deflection": 35.5}, "offset_frontal_impact/second_row/chest", 1.0),
        ("c-ncap-2024", {"frontal_full_width_rigid_55/rear_left/h3_05f/chest_deflection": 35.5}, "full_width_frontal_impact/second_row/chest", 1.0),
        # NIC 19 of 8/30: half of 2
        ("c-ncap-2018", {"rear_whiplash_delta_v_20/driver/biorid_2/nic": 19}, "whiplash/front_row/nic", 1.0),
    ],
)  # fmt: skip
def test_criteria_by_hand(plans, edition, facts, path, points):
    assert rating(plans[edition], **facts).node(f"{OCCUPANT}/{path}").score == pytest.approx(points, abs=1e-9)


def frontal(driver, passenger, *, test="frontal_full_width_rigid_50", dummy="h3_50m"):
    facts = {f"{test}/driver/{dummy}/{k}": v for k, v in driver.items()}
    return facts | {f"{test}/front_passenger/{dummy}/{k}": v for k, v in passenger.items()}


def test_the_worse_of_driver_and_passenger_counts(plans):
    good = {"hic36": 300, "head_a3ms": 50}
    # HIC36 825 of 650/1000 is half; 3 ms 84 g of 72/88 a quarter: 5 * 0.25 = 1.25
    for one, other in ((good, {"hic36": 825, "head_a3ms": 84}), ({"hic36": 825, "head_a3ms": 84}, good)):
        rated = rating(plans["c-ncap-2018"], **frontal(one, other))
        assert rated.node(f"{OCCUPANT}/full_width_frontal_impact/front_row/head").score == pytest.approx(1.25)


def test_lower_leg_by_hand(plans):
    fine = {f"tibia_{what}_{side}": 0 for what in ("index", "force") for side in ("left", "right")}
    # right index 0.85 of 0.4/1.3 is half, left force 3.5 kN of 2/8 three quarters: half of 2 points in the full-width test
    facts = frontal(fine, {**fine, "tibia_index_right": 0.85, "tibia_force_left": 3500})
    assert rating(plans["c-ncap-2018"], **facts).node(f"{OCCUPANT}/full_width_frontal_impact/front_row/lower_leg").score == pytest.approx(1.0)  # fmt: skip


def test_thigh_is_full_up_to_the_higher_limits_and_open_above(plans):
    path = f"{OCCUPANT}/full_width_frontal_impact/front_row/thigh"
    fine = {"femur_left": -3800, "femur_right": -1000, "knee_slider_left": 6, "knee_slider_right": 0}
    assert rating(plans["c-ncap-2018"], **frontal(fine, fine)).node(path).score == 2
    for more in ({"femur_left": -3801}, {"knee_slider_left": 6.1}):
        node = rating(plans["c-ncap-2018"], **frontal(fine, {**fine, **more})).node(path)
        assert (node.lower, node.upper) == (0, 2)


def test_a_dummy_beyond_an_extreme_limit_has_no_points(plans):
    """The published pole test of 2021: 9.502 points of the regions became 0.000 because of the chest."""
    dummy = "side_pole_oblique_32/driver/worldsid_50m"
    fine = {f"{dummy}/hic15": 300, f"{dummy}/abdomen_deflection": 40, f"{dummy}/pubic_force": 1000}
    for rib, points in ((49.9, 4 * 3 + 4 * 0.1 / 22), (50, 12), (50.1, 0)):
        rated = rating(plans["c-ncap-2021"], **fine, **{f"{dummy}/rib_deflection": rib})
        assert rated.node(f"{OCCUPANT}/side_pole_impact/front_row").score == pytest.approx(points)


def test_points_of_regions_settle_a_dummy_unless_one_has_none(plans):
    path = f"{OCCUPANT}/side_pole_impact/front_row"
    given = {f"given:{path}/{region}": 2 for region in ("head", "chest", "abdomen", "pelvis")}
    assert rating(plans["c-ncap-2021"], **given).node(path).score == 8
    node = rating(plans["c-ncap-2021"], **{**given, f"given:{path}/chest": 0}).node(path)
    assert (node.lower, node.upper) == (0, 6)  # perhaps beyond the extreme limit


def test_deductions_of_a_test(plans):
    path = f"{OCCUPANT}/offset_frontal_impact"
    given = {f"given:{path}/front_row": 14, f"given:{path}/second_row": 3, "car/single_seat_row": 0}
    for taken, points in ((0, 17), (1.5, 15.5), (18, 0)):
        rated = rating(plans["c-ncap-2018"], **given, **{"frontal_odb_64/points_deducted": taken})
        assert rated.node(path).score == points
    node = rating(plans["c-ncap-2018"], **given).node(path)
    assert (node.lower, node.upper) == (0, 17)


# -- assistance and VRU, 2024 -------------------------------------------------------------------------------------------

ACTIVE = "active_safety/driver_assistance"


def score(plans, path, **facts):
    node = rating(plans["c-ncap-2024"], **facts).node(path)
    return node.score if node.score is not None else (node.lower, node.upper)


@pytest.mark.parametrize(
    ("passed", "points"),
    [
        (0, 0),
        (1, 0.3),
        (5, 1.5),
        (7, 2.1),
        (8, 3),
        (9, 3),
        (10, 3),
    ],  # eight of ten and more: all; else n / 10 of 3
)
def test_false_action(plans, passed, points):
    facts = {"aeb_false_activation/scenarios/runs_passed": passed}
    assert score(plans, f"{ACTIVE}/false_action", **facts) == pytest.approx(points)


CCRS = {"aeb_20": 0, "aeb_30": 0, "aeb_40": 0, "fcw_50": 0, "fcw_60": 0, "fcw_70": 0, "fcw_80": 0}


@pytest.mark.parametrize(
    ("impacts", "points"),
    [
        ({}, 3),
        # 40 km/h hit at 20: half of weight 2 lost, 10 of 11 weights: 3 * 10 / 11
        ({"aeb_40": 20}, 3 * 10 / 11),
        # 60 hit at 45: a quarter of weight 2; above 40 km/h the series stops, 70 and 80 (1 each) have nothing: 7.5 of 11
        ({"fcw_60": 45}, 3 * 7.5 / 11),
        # 60 hit at 40: a third of weight 2, the series goes on: (11 - 4/3) of 11
        ({"fcw_60": 40}, 3 * (11 - 4 / 3) / 11),
        # 20 hit at 16: 0.2 of weight 1, reduction 4 < 5: 30 and 40 have nothing
        ({"aeb_20": 16}, 3 * (0.2 + 6) / 11),
        # at 15 the reduction is 5: 0.25 of weight 1, the series goes on
        ({"aeb_20": 15}, 3 * (11 - 0.75) / 11),
        (dict.fromkeys(CCRS, 150), 0),
    ],
)
def test_ccrs(plans, impacts, points):
    facts = {f"ccrs/{point}_km_h/v_impact": v for point, v in {**CCRS, **impacts}.items()}
    assert score(plans, f"{ACTIVE}/car_to_car/ccrs", **facts) == pytest.approx(points)


def test_a_stopped_series_needs_no_further_points(plans):
    facts = {"ccrs/aeb_20_km_h/v_impact": 20, "ccrs/fcw_50_km_h/v_impact": 50}
    assert score(plans, f"{ACTIVE}/car_to_car/ccrs", **facts) == 0


@pytest.mark.parametrize(("ttc", "points"), [((1.7, 1.7), 1), ((1.7, 1.69), 0.5), ((1.69, 0), 0)])
def test_ccrh(plans, ttc, points):
    facts = {f"ccrh/fcw_{v}_km_h/fcw_ttc": t for v, t in zip((80, 120), ttc, strict=True)}
    assert score(plans, f"{ACTIVE}/car_to_car/ccrh", **facts) == points


@pytest.mark.parametrize(("ttc", "impact", "points"), [(1.7, 30, 1), (1.6, 0, 1), (1.6, 1, 0.5)])
def test_scpo_by_warning_or_avoidance(plans, ttc, impact, points):
    facts = {"cccscpo/fcw_60_km_h/fcw_ttc": 2, "cccscpo/fcw_60_km_h/v_impact": 0}
    facts |= {"cccscpo/fcw_50_km_h/fcw_ttc": ttc, "cccscpo/fcw_50_km_h/v_impact": impact}
    assert score(plans, f"{ACTIVE}/car_to_car/scpo", **facts) == points


def test_ccft_and_scp(plans):
    facts = {f"ccftap/aeb_{v}_km_h/v_impact": hit for v, hit in ((10, 0), (20, 0), (30, 0.1))}
    assert score(plans, f"{ACTIVE}/car_to_car/ccft", **facts) == pytest.approx(4 / 3)
    facts = {f"cccscp/{p}_km_h/v_impact": hit for p, hit in (("aeb_30", 0), ("aeb_40", 10), ("fcw_50", 25), ("fcw_60", 60))}  # fmt: skip
    # 1 + 2 * 0.75 + 0.5 + 0 = 3 of 5, of 2 points
    assert score(plans, f"{ACTIVE}/car_to_car/scp", **facts) == pytest.approx(1.2)


def test_hmi(plans):
    facts = {"aeb_interface/not_off_by_one_short_press/check": 1, "aeb_interface/additional_warning_channel/check": 0, "aeb_interface/reusable_pretensioner/check": 1}  # fmt: skip
    assert score(plans, f"{ACTIVE}/car_to_car/hmi", **facts) == 0.75


def test_of_seven_audited_points_six_count(plans):
    path = f"{ACTIVE}/audited_options"
    given = {"ldw": 1, "tsr": 1, "isls": 1, "bsd": 2, "dow": 1, "rcta": 1}
    assert score(plans, path, **{f"given:{path}/{k}": v for k, v in given.items()}) == 6
    given["bsd"] = 0
    assert score(plans, path, **{f"given:{path}/{k}": v for k, v in given.items()}) == 5


@pytest.mark.parametrize(
    ("late", "points"), [(None, 1), ("car_30_km_h", 0), ("scooter_20_km_h", 0), ("e_bike_15_km_h", 0)]
)
def test_dow_needs_all(plans, late, points):
    facts = {
        f"door_open_warning/{who}/ttc_warning": 1.7
        for who in ("car_30_km_h", "scooter_20_km_h", "e_bike_15_km_h")
    }
    facts["door_open_warning/active_180_s/check"] = 1
    if late:
        facts[f"door_open_warning/{late}/ttc_warning"] = 1.69
    assert score(plans, f"{ACTIVE}/audited_options/dow", **facts) == points


def test_rcta_bsd_ldw_lka_elk(plans):
    sides = [
        f"{who}_{side}"
        for who in ("child_5_km_h", "scooter_20_km_h", "e_bike_15_km_h")
        for side in ("left", "right")
    ]
    facts = {f"rear_cross_traffic_alert/{who}/fcw_ttc": 1.7 for who in sides}
    assert score(plans, f"{ACTIVE}/audited_options/rcta", **facts) == 1
    facts["rear_cross_traffic_alert/child_5_km_h_left/fcw_ttc"] = 1.0
    assert score(plans, f"{ACTIVE}/audited_options/rcta", **facts) == 0
    bsd = {
        f"blind_spot_detection/{who}_{what}/check": 1
        for who in ("car", "scooter")
        for what in ("overtaking", "merging")
    }
    assert score(plans, f"{ACTIVE}/audited_options/bsd", **bsd) == 2
    assert (
        score(
            plans, f"{ACTIVE}/audited_options/bsd", **{**bsd, "blind_spot_detection/scooter_merging/check": 0}
        )
        == 1
    )
    cells = [
        *(f"straight_{s}_{v}_m_s" for s in ("left", "right") for v in ("0.6", "0.7")),
        "curve_left",
        "curve_right",
    ]
    ldw = {f"lane_departure_warning_track/{cell}/check": float(i > 1) for i, cell in enumerate(cells)}
    assert score(plans, f"{ACTIVE}/audited_options/ldw", **ldw) == pytest.approx(4 / 6)
    lka = {f"lane_keeping_track/{line}_{side}_{v}_m_s/check": float(line == "solid") for line in ("solid", "dashed") for side in ("left", "right") for v in ("0.3", "0.5")}  # fmt: skip
    assert score(plans, f"{ACTIVE}/lane_support/lka", **lka) == 1
    assert score(plans, f"{ACTIVE}/lane_support/elk", **{"cc_elk_ovi/dashed_left_0.6_m_s/check": 1}) == 1


def test_active_rate_of_2024(plans):
    given = {ACTIVE: 18, "active_safety/headlamps": 7.5}
    # 18 / 24 * 71.4 + 7.5 / 10 * 28.6 = 53.55 + 21.45 = 75.00
    assert score(plans, "active_safety", **{f"given:{k}": v for k, v in given.items()}) == 75.0


@pytest.mark.parametrize(
    ("heads", "gazes", "rate_"),
    [
        # with head movement (weight 2): all six 100, each three 50, one all 25; without (weight 1): four, two
        ((6, 6), (4, 4), 100), ((3, 5), (4, 4), (2 * 50 + 100) / 3), ((6, 2), (0, 0), 50 / 3), ((5, 2), (4, 1), 25 / 3), ((2, 2), (1, 1), 0),
    ],
)  # fmt: skip
def test_long_distraction(plans, heads, gazes, rate_):
    facts = {}
    for kind, counts in (("head", heads), ("gaze", gazes)):
        for i, count in enumerate(counts, start=1):
            facts[f"driver_monitoring/long_distraction_{kind}/driver_{i}/runs_passed"] = count
    assert score(plans, "dms_long_distraction", **facts) == pytest.approx(rate_)


TWO = "vru_protection/emergency_braking_vru/two_wheeler"
PED = "vru_protection/emergency_braking_vru/pedestrian"


@pytest.mark.parametrize(
    ("impacts", "points"),
    [
        ((0, 0, 0), 3),
        # 40 hit at 10: 0.75 of weight 2; 60 hit at 40: reduction 20, all of weight 1: (1 + 1.5 + 1) / 4 * 3
        ((0, 10, 40), 2.625),
        # 60 hit at 40.1: reduction below 20, nothing: (1 + 2) / 4 * 3
        ((0, 0, 40.1), 2.25),
        # 20 hit at 17.5: reduction 2.5 < 3, the series stops with 0.125 of weight 1
        ((17.5, 0, 0), 3 * 0.125 / 4),
    ],
)
def test_cbnao(plans, impacts, points):
    facts = {f"cbnao/aeb_{v}_km_h/v_impact": hit for v, hit in zip((20, 40, 60), impacts, strict=True)}
    assert score(plans, f"{TWO}/cbnao_50", **facts) == pytest.approx(points)


def pedestrian(**more):
    points = {"cpla_25_day": 2, "cpla_25_night": 2, "cpnco_25": 2, "cpfao_25_day": 2, "cpfao_25_night": 2}
    points |= {"cpta_ln_50": 1, "cpta_lf_50": 1, "cpta_rf_50": 1}
    facts = {f"given:{PED}/{k}": v for k, v in (points | more).items()}
    shared = "frontal_collisions_pedestrian_cyclist"
    return facts | {f"{shared}/works_from_10_km_h/check": 1, f"{shared}/detects_walker_at_3_km_h/check": 1}


def test_pedestrian_scenarios_add_up_to_13_of_12(plans):
    """Full points everywhere are 12; anything less stays open by the one point that the notes do not explain."""
    assert score(plans, PED, **pedestrian()) == 12
    assert score(plans, PED, **pedestrian(cpnco_25=0)) == (10, 11)
    correction = {"frontal_collisions_pedestrian_cyclist/scenario_points/points_deducted": 0.5}
    assert score(plans, PED, **pedestrian(cpnco_25=0), **correction) == 10.5


@pytest.mark.parametrize("check", ["works_from_10_km_h", "detects_walker_at_3_km_h"])
def test_pedestrian_preconditions(plans, check):
    facts = pedestrian()
    facts[f"frontal_collisions_pedestrian_cyclist/{check}/check"] = 0
    assert score(plans, PED, **facts) == 0


# -- the files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", ALL)
def test_nothing_known_spans_everything(plans, edition):
    """Without any evidence each node can have anything from nothing to all of its points."""
    for node in rating(plans[edition]).nodes:
        assert node.lower == 0, node.path
        assert node.upper == pytest.approx(node.maximum, rel=1e-12), node.path


@pytest.mark.parametrize("edition", ALL)
def test_every_rule_has_source_level_and_chinese_label(edition):
    protocol = load_protocol(edition)
    for node in protocol.nodes.values():
        assert node.source, node.path
        assert node.spec.label["zh"], node.path
        # a label without Chinese is a name that both languages share
        if not re.search(r"[\u4e00-\u9fff]", node.label["zh"]):
            assert node.label["zh"].replace("+", "") in node.label["en"] + "（）", node.path
        if node.spec.open:
            assert node.verified == "unverified", node.path
        recalled = "recalled" in node.source or "not known" in node.source or "derived" in node.source
        assert not (recalled and node.verified in ("text", "published", "oracle")), node.path


def test_maxima_add_up(plans):
    # 70 points in 2018, 86 in 2021 (24 + 24 + 24 + 7 + 3 + 4, either side test), 113 in 2024
    whole = {"c-ncap-2018": 70, "c-ncap-2021": 86 + 24, "c-ncap-2024": 113}
    for edition, points in whole.items():
        node = plans[edition].nodes[OCCUPANT].node
        weights = node.spec.weights or {}
        assert sum(weights.get(child.key, 1) * child.maximum for child in node.children) == pytest.approx(
            points
        )
    assert plans["c-ncap-2024"].nodes[ACTIVE].node.maximum == 24
    assert plans["c-ncap-2024"].nodes[TWO].node.maximum == 12


# -- importing -------------------------------------------------------------------------------------------------------------


def test_the_import_says_what_it_takes_for_granted():
    table = import_table("cncap-outcomes", ITEMS / "official_outcomes.csv")
    said = [finding.place for finding in table.findings if finding.code == "dossier.taken_as_stated"]
    assert len(said) == 4
    assert any("fire_after_crash" in place for place in said)


def test_bonuses_of_tests_are_not_taken_as_deductions():
    """Six tests have more than the sum of their items: no deduction explains that, so it is not known."""
    table = import_table("cncap-items", ITEMS / "item_scores_long.csv")
    errors = [finding for finding in table.findings if finding.severity == "error"]
    assert {re.search(r"variant_id (\d+)", f.place).group(1) for f in errors} == {
        "57",
        "87",
        "88",
        "158",
        "160",
        "161",
    }


# -- what published item scores say of limits ---------------------------------------------------------------------------------


def lattice(item, versions, span, grid, half_step=False):
    """Return how many partial scores of an item lie on the steps that a scale of that span would give, and how many there are."""
    rows = csv.DictReader((ITEMS / "item_scores_long.csv").read_text("utf-8").splitlines())
    hits = count = 0
    for row in rows:
        if row["item_id"] != item or row["version"] not in versions:
            continue
        points, most = float(row["score"]), float(row["max"])
        if not 0 < points < most or len(row["score"].partition(".")[2]) < 3:
            continue
        steps = (most - points) * span / (most * grid) - (0.5 if half_step else 0.0)
        hits += abs(steps - round(steps)) <= 0.0006 * span / (most * grid)
        count += 1
    return hits, count


def test_published_scores_bear_out_the_ranges_that_sources_speak_of():
    """Ranges only: a scale with another offset of whole steps would fit as well, so the limits stay unverified."""
    hits, count = lattice("occ.side_mdb.row2_adult.pelvis", {"V5"}, 2.0, 0.01)
    assert hits >= 0.9 * count > 5
    hits, count = lattice("occ.frontal_mpdb50.row2_child.neck", {"V6", "V7"}, 1.285, 0.01, half_step=True)
    assert hits == count > 5
    hits, count = lattice("occ.frontal_mpdb50.row1.legfoot", {"V6"}, 0.9, 0.01)
    assert hits >= 0.6 * count > 5  # the rest is governed by the tibia force
