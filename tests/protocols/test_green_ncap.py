"""Green NCAP: stars from indices and averages against published ones, the switch between cutting and rounding."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from carindex.campaign.batch import rate_table
from carindex.campaign.imports import write_facts
from carindex.dossier import Fact
from carindex.dossier.published import import_table
from carindex.rating import compile_protocol, evaluate, load_protocol, rate

EDITIONS = ("green-ncap-2020", "green-ncap-2022", "green-ncap-2025")
INDICES = ("clean_air", "energy_efficiency", "greenhouse_gases")
OVERLAYS = Path(__file__).parents[2] / "docs" / "protocols" / "overlays"
every_edition = pytest.mark.parametrize("edition", EDITIONS)


def car(plan, *indices, average=None):
    facts = [Fact(f"given:{path}", value, "1") for path, value in zip(INDICES, indices, strict=False)]
    return rate(plan, facts if average is None else [*facts, Fact("given:", average, "1")])


def plan_of(edition):
    return compile_protocol(load_protocol(edition))


# Published cars: three indices, the average in per cent where it was printed, stars.
@pytest.mark.parametrize(
    ("edition", "indices", "average", "stars"),
    [
        ("green-ncap-2020", (6.0, 6.9, 5.4), None, 3.5),  # Toyota C-HR
        ("green-ncap-2020", (6.7, 7.0, 5.6), None, 3.5),  # Honda Jazz
        ("green-ncap-2020", (5.1, 7.2, 4.5), None, 3),  # Peugeot 208 diesel
        ("green-ncap-2020", (10, 9.7, 10), None, 5),  # Lexus UX 300e
        ("green-ncap-2022", (7.7, 4.4, 2.8), 49, 2.5),  # VW T-Roc
        ("green-ncap-2022", (10, 9.2, 9.5), 95, 5),  # MG5
        ("green-ncap-2022", (4.2, 4.5, 3.1), None, 2),  # Hyundai Tucson
        ("green-ncap-2022", (7.0, 3.9, 2.1), None, 2.5),  # Nissan Qashqai
        ("green-ncap-2022", (7.5, 4.7, 3.1), 51, 3),  # BMW 220i Active Tourer
        ("green-ncap-2022", (7.9, 4.6, 2.9), 51, 3),  # Opel Astra
        ("green-ncap-2025", (10, 10, 10), 100, 5),  # Dacia Spring
    ],
)
def test_published_cars(edition, indices, average, stars):
    rating = car(plan_of(edition), *indices)
    assert rating.root.outcome == stars
    assert rating.final
    assert rating.missing == ()
    if average is not None:
        assert rating.root.score == average


@every_edition
@pytest.mark.parametrize("line", [10, 20, 30, 40, 50, 60, 70, 80, 90])
def test_edges_of_the_half_star_bands(edition, line):
    """By hand: half a star for each full ten per cent and one half more, five at most."""
    plan = plan_of(edition)
    stars = min(5.0, line / 20 + 0.5)
    assert car(plan, average=line).root.outcome == stars
    assert car(plan, average=line - 1).root.outcome == (stars - 0.5 if line > 10 else None)
    index = line / 10
    assert car(plan, index, index, index).root.outcome == stars
    # one index a tenth lower: the average is a third of a per cent lower and cut to the per cent below
    lower = car(plan, index, index, round(index - 0.1, 1))
    assert lower.root.score == line - 1


@every_edition
def test_below_ten_per_cent_it_is_not_known_whether_there_is_half_a_star(edition):
    for rating in (car(plan_of(edition), average=9), car(plan_of(edition), 0, 0, 0)):
        assert (rating.root.outcome_lower, rating.root.outcome_upper) == (0, 0.5)


@every_edition
def test_every_half_star_can_be_the_outcome(edition):
    plan = plan_of(edition)
    found = {car(plan, average=percent).root.outcome for percent in range(101)} - {None}
    assert found == {1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5}


@every_edition
def test_an_average_that_is_cut_and_one_that_is_rounded(edition):
    """By hand: 7.7 + 4.4 + 2.8 = 14.9, a third of it is 4.967: 49 per cent cut, 50 rounded."""
    cut = car(plan_of(edition), 7.7, 4.4, 2.8).root
    assert (cut.score, cut.outcome) == (49, 2.5)
    rounded = car(
        compile_protocol(load_protocol(OVERLAYS / f"{edition}-average-rounded")), 7.7, 4.4, 2.8
    ).root
    assert (rounded.score, rounded.outcome) == (50, 3)


def test_sums_of_decimals_are_cut_as_a_person_would():
    """By hand: 6.1 + 4.3 + 4.6 = 15.0 is 50 per cent, though binary fractions add up to a little less."""
    for indices in ((6.1, 4.3, 4.6), (5.0, 5.0, 5.0), (9.9, 0.1, 5.0), (8.2, 3.6, 3.2)):
        assert car(plan_of("green-ncap-2022"), *indices).root.score == 50


def test_a_missing_index_leaves_an_interval():
    root = car(plan_of("green-ncap-2022"), 7.7, 4.4).root
    # by hand: 12.1 to 22.1 of 30
    assert (root.lower, root.upper) == (40, 73)
    assert (root.outcome_lower, root.outcome_upper) == (2.5, 4)


def test_a_stated_average_stands_for_indices_that_are_rounded():
    rating = car(plan_of("green-ncap-2022"), 7.7, 4.4, 2.8, average=50)
    assert rating.root.outcome == 3


@pytest.mark.parametrize(
    ("indices", "entry"),
    [
        ((8.0, 3.5, 3.5), 1),  # average exactly 5, smallest exactly 3.5
        ((8.0, 3.5, 3.4), 0),  # average 4.967
        ((10, 10, 3.4), 0),  # smallest too low
        ((3.4, 10, 10), 0),
        ((10, 3.4, 10), 0),
        ((5.0, 5.0, 4.9), 0),  # average too low
        ((10, 10, 10), 1),
    ],
)
def test_entry_to_the_robustness_tests(indices, entry):
    assert car(plan_of("green-ncap-2022"), *indices).node("robustness_test_entry").score == entry


def test_entry_stays_open_while_an_index_could_still_decide():
    assert car(plan_of("green-ncap-2022"), 8.0, 3.5).node("robustness_test_entry").score is None
    assert car(plan_of("green-ncap-2022"), 8.0, 3.4).node("robustness_test_entry").score == 0


@pytest.mark.parametrize(("name", "value"), [("clean_air", 10.1), ("greenhouse_gases", -0.1), ("", 101.0)])
def test_scores_that_cannot_be_are_refused(name, value):
    rating = rate(plan_of("green-ncap-2022"), [Fact(f"given:{name}", value, "1")])
    assert "dossier.not_possible" in {finding.code for finding in rating.findings}


NOX = "wltc_14/total/nox_distance_specific"
MADE_UP = """id: own
extends: green-ncap-2022
changes:
  clean_air: {open: null, combine: mean, points: 10, source: made up for this test, verified: unverified}
  clean_air/cold_wltc:
    open: null
    reads: null
    points: 10
    scale: {fact: wltc_14/total/nox_distance_specific, unit: g/km, limits: [0.01, 0.06], points: 10}
    source: made up for this test
    verified: unverified
"""


def test_the_day_the_limits_are_known_measurements_give_the_index(tmp_path):
    """Limits made up here. By hand: 0.035 g/km lies half way between 0.01 and 0.06, so 5 of 10 points."""
    measured = Fact(NOX, 0.035, "g/km")
    today = rate(plan_of("green-ncap-2022"), [measured, Fact("given:clean_air", 7.7, "1")])
    assert today.node("clean_air").score == 7.7
    assert today.node("clean_air/cold_wltc").facts == (measured,)
    assert today.node("clean_air/cold_wltc").status == "uncounted"
    (tmp_path / "protocol.yaml").write_text(MADE_UP, "utf-8")
    known = rate(compile_protocol(load_protocol(tmp_path)), [measured])
    assert known.node("clean_air/cold_wltc").score == pytest.approx(5)
    # the eight other tests of this draft are open, from nothing to all of their points
    assert known.node("clean_air").lower == pytest.approx(5 / 9)


@every_edition
def test_every_index_names_what_it_will_measure(edition):
    plan = plan_of(edition)
    waiting = {plan.facts[i] for i in plan.idle if not plan.facts[i].startswith("given:")}
    assert {"wltc_14/total/nox_distance_specific", "wltc_14/total/co2_distance_specific"} <= waiting
    assert {"wltc_14/total/wall_consumption", "motorway_130/total/wall_consumption"} <= waiting
    assert not waiting & set(rate(plan, []).missing)


def rated(shared, tmp_path, edition):
    table, out = tmp_path / "facts.csv", tmp_path / "out.csv"
    imported = import_table("green-ncap", shared / "results" / "results-green-ncap.csv")
    assert {finding.severity for finding in imported.findings} <= {"note"}
    write_facts(imported, table)
    rate_table(plan_of(edition), table, out)
    rows, results = (list(csv.DictReader(file.read_text("utf-8").splitlines())) for file in (table, out))
    return [(row, result) for row, result in zip(rows, results, strict=True) if row["protocol"] == edition]


def decides(row):
    """Whether a row has what stars come from: the average, or all three indices."""
    return bool(row["given:"]) or all(row[f"given:{path}"] for path in INDICES)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("edition", "least"), [("green-ncap-2020", 5), ("green-ncap-2022", 30), ("green-ncap-2025", 9)]
)
def test_published_stars_of_every_testable_row(shared, tmp_path, edition, least):
    pairs = [(row, result) for row, result in rated(shared, tmp_path, edition) if decides(row)]
    assert len(pairs) >= least
    for row, result in pairs:
        assert float(result["stars"]) == float(row["published:"]), row["car"]


@pytest.mark.shared
@every_edition
def test_other_rows_stay_open_and_hold_the_published_stars(shared, tmp_path, edition):
    """Rows that print stars alone, or one or two indices: not decidable, and never in contradiction."""
    for row, result in rated(shared, tmp_path, edition):
        if not decides(row):
            assert result["stars"] == ""
            assert float(result["stars_lower"]) <= float(row["published:"]) <= float(result["stars_upper"])


@pytest.mark.shared
def test_what_no_protocol_covers(shared):
    """The pilot of 2019 had two indices and other levels: its rows are named by their scheme and rated by none."""
    imported = import_table("green-ncap", shared / "results" / "results-green-ncap.csv")
    at = imported.columns.index("protocol")
    assert {row[at] for row in imported.rows} == {*EDITIONS, "2019"}


@pytest.mark.shared
@every_edition
def test_printed_averages_are_cut_within_what_printed_indices_allow(shared, edition, tmp_path):
    """Indices are printed with one decimal: the average lies within what ±0.05 of each allows, cut to whole per cent."""
    plan = plan_of(edition)
    for row, _ in rated(shared, tmp_path, edition):
        if not (row["given:"] and all(row[f"given:{path}"] for path in INDICES)):
            continue
        facts = np.full((len(plan.facts), 1), np.nan)
        for path in INDICES:
            facts[plan.facts.index(f"given:{path}")] = float(row[f"given:{path}"])
        facts[plan.facts.index("given:")] = np.nan
        low, high = (np.clip(facts + shift, 0, 10) for shift in (-0.05, 0.05))
        known = ~np.isnan(facts[:, 0])
        low[~known], high[~known] = 0, 100
        least = float(np.floor(low[known].sum() / 0.3 + 1e-9))
        most = float(np.floor(high[known].sum() / 0.3 + 1e-9))
        assert least <= float(row["given:"]) <= most, row["car"]
        exact = evaluate(plan, facts).score("")[0][0]
        assert least <= exact <= most
