"""The reference of the overall rating against the programme's calculator: the ready cars, and 300 runs on edited reports."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from ..safe_driving.workbook import CellError
from .reference import inputs_of, rate, reports_of, rules

RUNS = json.loads((Path(__file__).parent / "data" / "edited_reports.json").read_text(encoding="utf-8"))
DOMAINS = {"sd": "safe_driving", "ca": "crash_avoidance", "cp": "crash_protection", "pc": "post_crash"}


def equal(a, b) -> bool:
    return a is b or (a is not None and b is not None and abs(a - b) < 1e-9)


def reports(run: dict) -> dict:
    """The reports of a run as `reports_of` returns them."""
    out = {}
    for domain, stage in DOMAINS.items():
        if domain in run["absent"]:
            continue
        names = [
            (element["label"]["en"], test)
            for element in rules()["stages"][stage]["elements"].values()
            for test in element["tests"]
        ]
        scores = zip(names, run["scores"][domain], strict=True)
        rows = [{"Stage element": e, "Stage subelement": t, "Score": score} for (e, t), score in scores]
        out[stage] = {"Test Scores": rows}
    if "safe_driving" in out:
        row = {"Category": "Crash occupancy information", "Score": run["crash occupancy information"]}
        out["safe_driving"]["Category Scores"] = [row]
    if "post_crash" in out:
        row = {"Scenario": "Potential number of occupants", "Score": run["potential number of occupants"]}
        out["post_crash"]["Scenario Scores"] = [row]
    if "crash_protection" in out:
        columns = ("Stage subelement", "Loadcase", "Seat position", "Dummy", "Body region")
        out["crash_protection"]["CP - Body region scores"] = [
            dict(zip(columns, labels, strict=True)) | {"Score": run["regions"].get(str(i), 0.5)}
            for i, labels in enumerate(RUNS["regions"])
        ]
    return out


def facts(run: dict) -> dict:
    both = {"vehicle/test_year": run["year"], "vehicle/provision_assessment_score": run["provision"]}
    return {name: value for name, value in both.items() if value is not None}


@pytest.mark.parametrize("index", range(len(RUNS["runs"])))
def test_calculator_on_edited_reports(index):
    run = RUNS["runs"][index]
    rating = rate(reports(run), facts(run), "calculator")
    tests = run["official"].get(
        "Test Scores", [score for domain in DOMAINS for score in run["scores"][domain]]
    )
    assert all(map(equal, rating.tests.values(), tests))
    assert all(map(equal, rating.elements.values(), run["official"]["Stage element Scores"]))
    assert all(map(equal, rating.stages.values(), run["official"]["Stage Scores"]))
    assert equal(rating.stars, run["stars"])


@pytest.mark.parametrize("index", range(len(RUNS["runs"])))
def test_protocol_differs_by_named_oddities_only(index):
    run = RUNS["runs"][index]
    if run["year"] not in (2026, 2027, 2028):
        with pytest.raises(CellError):
            rate(reports(run), facts(run))
        return
    rating, calculator = rate(reports(run), facts(run)), rate(reports(run), facts(run), "calculator")
    same = rating.stars == calculator.stars and rating.stages == calculator.stages
    assert same or rating.touched | calculator.touched


def test_runs_cover_what_matters():
    runs = RUNS["runs"]
    stars = Counter((run["year"], run["stars"]) for run in runs)
    for year in (2026, 2027, 2028):
        assert stars[year, 5] >= 5
        assert stars[year, 4] >= 5
    rated = [rate(reports(run), facts(run), "calculator") for run in runs]
    held = [rate(reports(run | {"regions": {}}), facts(run), "calculator").stars for run in runs]
    assert sum(a.stars == 4 and b == 5 for a, b in zip(rated, held, strict=True)) > 10  # the four-star cap
    assert sum(rating.moves not in (None, (0, 0)) for rating in rated) > 50
    assert {name for rating in rated for name in rating.touched} >= {
        "test_score_left_empty",
        "test_year_unknown",
        "provision_score_left_empty",
        "report_missing",
        "region_score_left_empty",
    }


def test_deduction_below_zero():
    run = RUNS["runs"][0]
    low = run | {"scores": run["scores"] | {"cp": [0.0] * 9}, "provision": 5, "year": 2026}
    assert rate(reports(low), facts(low), "calculator").stages["crash_protection"] == -2
    assert rate(reports(low), facts(low)).stages["crash_protection"] == 0


@pytest.mark.shared
def test_ready_cars(shared):
    compared = 0
    for case in sorted((shared / "oracle/euroncap2026/cases").iterdir()):
        expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))["domains"]["overall"]
        rating = rate(reports_of(case), inputs_of(case / "overall_input.xlsx"), "calculator")
        for ours, sheet in (
            (rating.tests, "Test Scores"),
            (rating.elements, "Stage element Scores"),
            (rating.stages, "Stage Scores"),
        ):
            theirs = [row.get("Score") for row in expected[sheet]]
            assert len(ours) == len(theirs)
            assert all(map(equal, ours.values(), theirs)), (case.name, sheet)
            compared += len(theirs)
        assert rating.stars == expected["Rating"][0].get("Star rating")
        compared += 1
    print(f"overall: {compared} cells compared, all equal")
    assert compared == 16 * 47
