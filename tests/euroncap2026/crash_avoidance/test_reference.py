"""The reference scorer of Crash Avoidance against the programme's own calculator, cell by cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from . import reference, rules, workbook
from .reference import CalculatorStopsError, CellError, Result, score
from .workbook import Facts, facts_of

DATA = Path(__file__).parent / "data"
SHEETS = {
    "Scenario Scores": ("Stage element", "Stage subelement", "Category", "Scenario", "Layer"),
    "Category Scores": ("Stage element", "Stage subelement", "Category"),
    "Test Scores": ("Stage element", "Stage subelement"),
}


def flat(nested: dict[str, Any], path: str = "") -> Facts:
    """Facts by their full names."""
    facts: Facts = {}
    for key, value in nested.items():
        facts |= flat(value, f"{path}{key}/") if isinstance(value, dict) else {f"{path}{key}": value}
    return facts


def scores_of(result: Result) -> dict[str, float]:
    levels = (result.scenarios, result.categories, result.tests)
    return {"/".join(path): value for level in levels for path, value in level.items()}


def official(expected: dict[str, Any], facts: Facts) -> tuple[dict[str, float], dict[str, str | None]]:
    """Scores by path and colours by cell, as the calculator's report has them."""
    scores = {}
    for sheet, keys in SHEETS.items():
        last: dict[str, str] = {}
        for row in expected[sheet]:
            last |= {key: row[key] for key in keys if row[key] is not None}
            scores["/".join(rules.word(last[key]) for key in keys)] = row["Score"]
    colours: dict[str, str | None] = {}
    by_heading = {m.heading: m for m in rules.matrices().values()}
    for sheet, content in expected.items():
        for point in content["points"] if sheet.endswith("verif.") else []:
            matrix = by_heading[point["Scenario"]]
            rows = [r for r in matrix.rows if not workbook.is_taken_out(matrix, r, facts)]
            row, column = (int(part) for part in point["Test point"].strip("()").split(","))
            # the calculator writes the word "nan" for points of scenarios that are not claimed
            colour = None if point["Colour"] == "nan" else point["Colour"]
            colours[f"{matrix.name}/{matrix.cell(rows[row], column)}"] = colour
    return scores, colours


def touched_by_oddities(facts: Facts) -> set[str]:
    """Paths of scores that the named oddities can change for a car, found without scoring it."""
    touched: set[str] = set()
    for scenario in rules.scenarios().values():
        path = "/".join((scenario.element, scenario.subelement, scenario.category, scenario.name))
        for name in scenario.matrices:
            matrix = rules.matrices()[name]
            cells = reference.cells_of(matrix, facts)
            if any(
                kind == "E" and facts.get(f"{name}/{matrix.cell(row, c)}/prediction", "Grey") == "Grey"
                for row, c, kind in cells
            ):
                touched.add(f"{path}/extended")
            if name.startswith("cpla") and any(
                workbook.is_taken_out(matrix, row, facts) for row in matrix.rows
            ):
                touched |= {f"{path}/{layer}" for layer in scenario.layers}
            if any(facts.get(f"{name}/{matrix.cell(row, c)}/v_reduction", 0) > 30 for row, c, _ in cells):
                touched |= {f"{path}/{layer}" for layer in scenario.layers}
            if name == "cpmfc":
                touched.add(f"{path}/standard")
        offered = rules.offered_layers(scenario)
        if any(f"{scenario.name}/{layer}/claimed" not in facts for layer in offered):
            touched.add(f"{path}/robustness")
    cpna = [facts.get(f"{m}/10_km_h-5_km_h-0.75/prediction", "Green") for m in ("cpna_day", "cpna_night")]
    if cpna != ["Green", "Green"]:
        touched |= {
            "/".join((s.element, s.subelement, s.category, s.name, layer))
            for s in rules.scenarios().values()
            for layer in s.layers
            if s.element == "frontal_collisions"
        }
    return touched | {"/".join(path.split("/")[:n]) for path in touched for n in (2, 3)}


# --- the ready cases ----------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_every_cell_of_the_ready_cases(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = sorted((shared / "oracle/euroncap2026/cases").iterdir())
    assert len(cases) >= 16
    compared = {"scores": 0, "colours": 0, "scores that oddities change": 0}
    for case in cases:
        expected = json.loads((case / "expected.json").read_text())["domains"]["ca"]
        facts = facts_of(case / "ca_input.xlsx")
        assert set(facts) <= set(workbook.fact_names()), case.name
        scores, colours = official(expected, facts)
        result = score(facts, "calculator")
        assert scores_of(result) == scores, case.name
        assert result.colours == colours, case.name
        compared["scores"] += len(scores)
        compared["colours"] += len(colours)

        by_rules = score(facts_of(case / "ca_input.xlsx", "protocol"), "protocol")
        changed = {path for path, value in scores_of(by_rules).items() if value != scores[path]}
        assert changed <= touched_by_oddities(facts), case.name
        compared["scores that oddities change"] += len(changed)
    assert compared["scores"] == 110 * len(cases)
    with capsys.disabled():
        print(f"\nCrash Avoidance, {len(cases)} cars: {compared}")


@pytest.mark.shared
def test_text_for_a_value_is_an_error_with_its_place(shared: Path) -> None:
    book = openpyxl.load_workbook(shared / "oracle/euroncap2026/cases/case_00020/ca_input.xlsx")
    sheet = book["FC - Car & PTW verif."]
    column = next(c.column for c in sheet[1] if c.value == "Value")
    sheet.cell(5, column).value = "oops"
    with pytest.raises(
        CellError, match=rf"FC - Car & PTW verif\.!{sheet.cell(5, column).coordinate}\]: 'oops'"
    ):
        facts_of(book, "protocol")
    with_text = facts_of(book, "calculator")
    sheet.cell(5, column).value = None
    assert with_text == facts_of(book, "protocol")


@pytest.mark.shared
def test_missing_sheet_and_layer_not_offered_are_errors(shared: Path) -> None:
    book = openpyxl.load_workbook(shared / "oracle/euroncap2026/cases/case_00020/ca_input.xlsx")
    book["FC - Car & PTW robust. pred."]["C3"] = "YES"
    with pytest.raises(CellError, match=r"C3\]: Speed is not offered for CCRs"):
        facts_of(book, "protocol")
    del book["LSC - Ped & Cyc verif."]
    book["FC - Car & PTW robust. pred."]["C3"] = None
    with pytest.raises(CellError, match="LSC - Ped & Cyc verif"):
        facts_of(book, "protocol")


@pytest.mark.shared
def test_a_row_that_contradicts_its_matrix_is_an_error(shared: Path) -> None:
    book = openpyxl.load_workbook(shared / "oracle/euroncap2026/cases/case_00020/ca_input.xlsx")
    sheet = book["FC - Car & PTW verif."]
    cell = next(c for c in sheet[4] if c.value == "OEM Prediction")
    sheet.cell(5, cell.column).value = "Brown"
    with pytest.raises(CellError, match=r"the matrix predicts"):
        facts_of(book, "calculator")


# --- edited cars --------------------------------------------------------------------------------------------------


def load(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


BASE = load("base")
EDITED = {entry["name"]: entry for entry in load("edited")}
ALONE = {entry["name"]: entry for name in ("dooring", "repeated_rows") for entry in load(name)}


def edited_facts(name: str) -> Facts:
    facts = flat(BASE["facts"]) | EDITED[name]["facts"]
    return {fact: value for fact, value in facts.items() if value is not None}


def test_the_unedited_car() -> None:
    result = score(flat(BASE["facts"]), "calculator")
    assert scores_of(result) == BASE["scores"]
    assert result.colours == BASE["colours"]


@pytest.mark.parametrize("name", EDITED)
def test_edited_car(name: str) -> None:
    entry, facts = EDITED[name], edited_facts(name)
    if "stops" in entry:
        with pytest.raises((CalculatorStopsError, reference.UnknownWordError)):
            score(facts, "calculator")
        return
    result = score(facts, "calculator")
    colours = BASE["colours"] | entry["colours"]
    assert scores_of(result) == BASE["scores"] | entry["scores"]
    assert result.colours == {k: v for k, v in colours.items() if k not in entry.get("not_tested", ())}


@pytest.mark.parametrize("name", ALONE)
def test_scenario_alone(name: str) -> None:
    entry = ALONE[name]
    result = score(flat(entry["facts"]), "calculator")
    scores = scores_of(result)
    assert {path: scores[path] for path in entry["scores"]} == entry["scores"]
    assert result.colours == entry["colours"]


@pytest.mark.parametrize(
    "name", [n for n, entry in EDITED.items() if "stops" not in entry and "missing" not in n]
)
def test_modes_differ_by_named_oddities_alone(name: str) -> None:
    facts = edited_facts(name)
    by_rules, by_calculator = scores_of(score(facts, "protocol")), scores_of(score(facts, "calculator"))
    changed = {path for path in by_rules if by_rules[path] != by_calculator[path]}
    assert changed <= touched_by_oddities(facts)


# --- what the rules say where the calculator does not -----------------------------------------------------------------


def test_speed_reduction_above_30_is_green() -> None:
    facts = edited_facts("reduction_4")
    cell = "ccfhos/30_km_h-50_km_h-0.5"
    assert facts[f"{cell}/v_reduction"] == 45
    assert (score(facts, "calculator").colours[cell], score(facts).colours[cell]) == ("Red", "Green")


def test_unpredicted_extended_cells_are_worth_nothing() -> None:
    path = ("frontal_collisions", "car_ptw", "longitudinal", "ccrs", "extended")
    facts = edited_facts("extended_unpredicted")
    assert score(facts, "calculator").scenarios[path] == 0.113
    assert score(facts).scenarios[path] == 0


def test_cpna_at_10_km_h_has_to_be_green() -> None:
    facts = flat(BASE["facts"])
    facts["cpna_night/10_km_h-5_km_h-0.75/prediction"] = "Red"
    assert score(facts, "calculator").tests["frontal_collisions", "car_ptw"] > 0
    assert score(facts).tests["frontal_collisions", "car_ptw"] == 0
    facts["cpna_night/10_km_h-5_km_h-0.75/prediction"] = "Green"
    facts["cpna_night/10_km_h-5_km_h-0.25/prediction"] = "Red"
    assert score(facts).tests["frontal_collisions", "car_ptw"] > 0


def test_empty_robustness_cells_count_as_offered() -> None:
    facts = edited_facts("robustness_blank_0")
    path = ("frontal_collisions", "car_ptw", "longitudinal", "ccrs", "robustness")
    assert score(facts).scenarios[path] == 0


def test_fixed_rows_keep_their_bands() -> None:
    facts = flat(ALONE["repeated_11"]["facts"])
    cell = "cpla_day/60_km_h-5_km_h-0.5"
    assert score(facts, "calculator").colours[cell] == "Red"
    assert score(facts).colours[cell] == "Orange"
    assert 10 <= facts[f"{cell}/v_rel_impact"] < 20


def test_baseline_difference_in_decimals() -> None:
    facts = flat(BASE["facts"])
    cell = next(
        name.removesuffix("/tested")
        for name in facts
        if name.startswith("cpmfc/") and name.endswith("/tested")
    )
    facts |= {f"{cell}/v_impact": 1.1, f"{cell}/v_impact_baseline": 0.6}
    assert (score(facts, "calculator").colours[cell], score(facts).colours[cell]) == ("Red", "Green")


# --- the files ----------------------------------------------------------------------------------------------------


def test_maxima_add_up() -> None:
    stage = rules.stage()
    assert sum(e["points"] for e in stage["children"].values()) == stage["points"]
    for element in stage["children"].values():
        assert sum(s["points"] for s in element["children"].values()) == element["points"]
        for sub in element["children"].values():
            assert sum(c["points"] for c in sub["children"].values()) == sub["points"]
            for category in sub["children"].values():
                layers = [p for s in category["children"].values() for p in s["layers"].values()]
                assert sum(layers) == pytest.approx(category["points"], abs=1e-9)
    for scenario in rules.scenarios().values():
        for layer, points in scenario.layers.items():
            if scenario.matrices:
                parts = [rules.matrices()[m].points.get(layer, 0) for m in scenario.matrices]
                assert sum(parts) == pytest.approx(points, abs=1e-9), scenario.name


def test_every_block_has_source_and_verification() -> None:
    for file in sorted(rules.FOLDER.glob("matrices-*.yaml")):
        for name, entry in rules.read(file.stem).items():
            assert entry["source"], name
            assert entry["verified"] == "oracle", name
    matrices = rules.matrices()
    assert len(matrices) == 43
    assert {m for s in rules.scenarios().values() for m in s.matrices} == set(matrices)
    scenarios = set(rules.scenarios())
    robustness = rules.read("robustness")
    named = [s for lines in robustness["conditions"].values() for line in lines for s in line["scenarios"]]
    named += [s for names in robustness["across"]["partners"].values() for s in names]
    assert set(named) <= scenarios
    corner_cases = set(rules.read("verification")["corner_cases"])
    assert corner_cases <= set(matrices)


@pytest.mark.shared
def test_cells_are_those_of_the_prepared_workbook(shared: Path) -> None:
    """Every coloured cell of the programme's sheets is a cell here, and the columns are read by their headings."""
    case = shared / "oracle/euroncap2026/cases/case_00020/ca_input.xlsx"
    book = openpyxl.load_workbook(case)
    facts = facts_of(case)
    for sheet in {m.sheet for m in rules.matrices().values()}:
        coloured = sum(workbook._colour(c) is not None for row in book[sheet].iter_rows() for c in row)
        names = [m.name for m in rules.matrices().values() if m.sheet == sheet]
        read = sum(f.split("/")[0] in names and f.endswith("/prediction") for f in facts)
        assert read == coloured, sheet
