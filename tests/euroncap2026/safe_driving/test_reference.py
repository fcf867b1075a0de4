"""The reference of Safe Driving against the programme's calculator: the ready cars, and runs on edited workbooks (``data``)."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path

import openpyxl
import pytest

from .comparison import pairs, points_by_row
from .reference import fact_names, prepared_limits, reading_of, score
from .rules import FOLDER, read
from .workbook import CellError

DATA = Path(__file__).parent / "data"
EDITED = json.loads((DATA / "edited_workbooks.json").read_text(encoding="utf-8"))
SCORED = [run for run in EDITED["runs"] if "stops" not in run]


def equal(a, b) -> bool:
    return a is b or (a is not None and b is not None and abs(a - b) < 1e-9)


def facts_of_run(run: dict) -> dict:
    values = list(EDITED["bases"][run["base"]]["facts"])
    for index, value in run["facts"].items():
        values[int(index)] = value
    return {name: value for name, value in zip(EDITED["names"], values, strict=True) if value is not None}


def official_scores(run: dict) -> list[tuple[str, float | None]]:
    base = EDITED["bases"][run["base"]]
    scores = list(base["scores"])
    for index, value in run["scores"].items():
        scores[int(index)] = value
    return list(zip(base["nodes"], scores, strict=True))


def test_names_of_facts_are_those_of_the_runs():
    assert fact_names() == EDITED["names"]
    assert len(set(fact_names())) == len(fact_names())


@pytest.mark.parametrize("index", range(len(SCORED)))
def test_calculator_on_edited_workbooks(index):
    run = SCORED[index]
    result = score(facts_of_run(run), "calculator")
    wrong = [
        (node, result.scores[node], theirs)
        for node, theirs in official_scores(run)
        if not equal(result.scores[node], theirs)
    ]
    assert not wrong


def has_text_for_a_value(run: dict) -> bool:
    """Whether a measured value is a text: the calculator scores it, in protocol mode the workbook is refused."""
    return any(
        isinstance(value, str) for name, value in facts_of_run(run).items() if name.endswith("/v_reduction")
    )


@pytest.mark.parametrize("index", [i for i, run in enumerate(SCORED) if not has_text_for_a_value(run)])
def test_protocol_differs_by_named_oddities_only(index):
    facts = facts_of_run(SCORED[index])
    protocol, calculator = score(facts, "protocol"), score(facts, "calculator")
    named = set(yaml_names("safe-driving"))
    touched = protocol.touched | calculator.touched
    assert touched <= named
    assert touched or protocol.scores == calculator.scores


def yaml_names(stage: str) -> list[str]:
    return list(read(stage, "oddities.yaml"))


def test_runs_cover_what_matters():
    """The edited runs reach the parts of the rules that ordinary cars seldom reach, in every state."""
    seen: dict = {}
    touched: Counter = Counter()
    for run in SCORED:
        result = score(facts_of_run(run), "calculator")
        touched.update(result.touched)
        for path, value in result.scores.items():
            seen.setdefault(path, set()).add(value)
    monitoring = [path for path in seen if path.startswith("driver_engagement/driver_monitoring/")]
    assert len(monitoring) == 7 + 29
    for path in monitoring:
        assert {None, 0.0} <= seen[path]
        assert max(value for value in seen[path] if value is not None) > 0
    roads = [values for path, values in seen.items() if "road_features/" in path]
    assert all(None in values for values in roads)
    assert set().union(*roads) == {None, 0.0, 0.2}
    assert seen["vehicle_assistance/acc_performance/auto_resume"] == {None, 0.0, 0.5, 1.0}
    classified = "occupant_monitoring/occupant_classification"
    assert seen[f"{classified}/passenger_airbag_status"] >= {None, 0.0, 1.0, 2.0, 4.0}
    assert seen[f"{classified}/stature_classification"] >= {None, 0.0, 1.0, 3.0, 4.0}
    assert seen[
        "driver_engagement/driver_monitoring/transient_long_distraction/non_driving_task_owl_intervention"
    ] >= {
        0.0,
        0.1,
        0.4,
        0.5,
    }
    assert set(touched) >= {
        "no_speed_control_not_assessed",
        "turn_left_empty",
        "slif_gate_on_speed_control",
        "prepared_answer_removed",
        "auto_resume_not_declared",
        "parameter_left_empty",
    }


def test_child_presence_table():
    """All 256 combinations of PASS and FAIL."""
    official = json.loads((DATA / "child_presence.json").read_text(encoding="utf-8"))
    columns = read("safe-driving", "child-presence-table.yaml")["columns"]
    detection = "occupant_monitoring/occupant_presence/child_presence_detection"
    for letters in map("".join, itertools.product("PF", repeat=8)):
        facts = {name: {"P": "PASS", "F": "FAIL"}[c] for name, c in zip(columns, letters, strict=True)}
        facts["occupant_presence/child_presence_detection/general_requirements/result"] = "PASS"
        for scenario in ("child_left_behind", "child_enters_unlocked_vehicle"):
            facts[f"occupant_presence/{scenario}/type_of_system"] = "Warning and intervention"
            facts[f"occupant_presence/{scenario}/seat_coverage"] = "All seats"
        for mode in ("calculator", "protocol"):
            scores = score(facts, mode).scores
            ours = [
                scores[f"{detection}/{s}"] for s in ("child_left_behind", "child_enters_unlocked_vehicle")
            ]
            expected = official.get(letters, [0, 0])
            if mode == "protocol" and letters in ("FFPPFPPF", "FFPPFFPP"):  # the named oddity
                expected = [3, 0.5] if letters == "FFPPFFPP" else [0, 0]
            assert ours == expected, (letters, mode)


def test_speed_limits_are_prepared_from_countries():
    content = read("safe-driving", "speed-limit-countries.yaml")
    countries = [country for group in content["groups"].values() for country in group["countries"]]
    letters = {"g": "green", "r": "red", "e": "grey"}
    compared = Counter()
    for run in json.loads((DATA / "prepared_limits.json").read_text(encoding="utf-8")):
        facts = {
            f"speed_assistance/advanced_speed_limit/{column}/{country}/prediction": letters[letter]
            for country, line in zip(countries, run["grid"].split(), strict=True)
            for column, letter in zip(content["columns"], line, strict=True)
            if letter != "."
        }
        ours = "".join(word[0] for word in prepared_limits(facts).values())
        assert ours == run["prepared"]
        compared.update(ours)
    assert compared["P"] > 50
    assert compared["F"] > 50


def test_rear_seats_unknown_stop_the_calculator():
    stops = [run for run in EDITED["runs"] if "stops" in run]
    assert stops
    assert {run["stops"] for run in stops} == {"ZeroDivisionError"}
    facts = facts_of_run(SCORED[0])
    del facts["seatbelt_usage/rear_seats/number_of_seats"]
    result = score(facts, "protocol")
    assert result.scores["occupant_monitoring/seatbelt_usage"] is None
    assert "rear_seats_left_empty" in result.touched


def test_every_file_has_source_and_verified():
    for file in sorted((FOLDER / "safe-driving").glob("*.yaml")):
        if file.name != "oddities.yaml":
            content = read("safe-driving", file.name)
            assert {"source", "verified"} <= set(content), file.name


def test_maxima_add_up():
    def check(node, path):
        children = node.get("children", {})
        for key, child in children.items():
            check(child, f"{path}/{key}")
        if node.get("combine") == "sum" and "at_most" not in str(node.get("adjust")):
            assert sum(child["points"] for child in children.values()) == pytest.approx(node["points"]), path

    check(read("safe-driving", "safe-driving.yaml"), "safe_driving")


# -- with the ready cars


@pytest.fixture(scope="module")
def cases(shared):
    return sorted((shared / "oracle/euroncap2026/cases").iterdir())


@pytest.mark.shared
def test_ready_cars(cases):
    compared = {"calculator": 0, "protocol": 0}
    differing = 0
    for case in cases:
        expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))["domains"]["sd"]
        touched: set[str] = set()
        for mode in compared:
            reading = reading_of(case / "sd_input.xlsx", "safe-driving", mode)
            result = score(reading.facts, mode)
            touched |= result.touched | reading.touched
            for _, node, theirs in pairs(expected, "safe-driving", "safe-driving.yaml"):
                compared[mode] += 1
                if mode == "calculator":
                    assert equal(result.scores[node], theirs), (case.name, node)
                elif not equal(result.scores[node], theirs):
                    differing += 1
                    assert touched, (case.name, node)
                    assert node.startswith(
                        ("vehicle_assistance/speed_assistance", "vehicle_assistance/acc_performance")
                    ), (case.name, node)
            for fact, colour in points_by_row(openpyxl.load_workbook(case / "sd_report.xlsx")):
                if mode == "calculator":  # by the rules a tested point without a value has no colour yet
                    compared[mode] += 1
                    assert result.colours[fact] == colour, (case.name, fact)
    print(
        f"safe driving: {compared['calculator']} cells equal; protocol: {compared['protocol']}, {differing} by oddities"
    )
    assert len(cases) == 16
    assert compared["calculator"] > 3000


@pytest.mark.shared
def test_edited_workbooks_are_read_as_the_runs_say(cases):
    compared = 0
    for run in SCORED:
        if "edits" in run:
            book = cases[0].parent / run["base"] / "sd_input.xlsx"
            assert reading_of(book, "safe-driving", "calculator", run["edits"]).facts == facts_of_run(run)
            compared += 1
    assert compared >= 20


@pytest.mark.shared
@pytest.mark.parametrize(
    ("sheet", "row", "column", "value"),
    [
        ("VA - ACC verif.", 12, 11, "fast"),
        ("OM - Seatbelt usage verif.", 3, 3, "maybe"),
        ("VA - Steering assistance verif.", 2, 3, "Stays"),
        ("Input parameters", 3, 7, "Magic"),
        ("Input parameters", 2, 7, 7),
        ("Input parameters", 2, 7, "two"),
        ("DE - DM pred.", 17, 4, "Purple"),
    ],
)
def test_bad_cells_are_named(cases, sheet, row, column, value):
    with pytest.raises(CellError) as caught:
        reading_of(cases[0] / "sd_input.xlsx", "safe-driving", "protocol", [[sheet, row, column, value]])
    cell = f"{openpyxl.utils.get_column_letter(column)}{row}"
    assert f"sd_input.xlsx: {sheet}!{cell}: {value!r}; expected" in str(caught.value)
