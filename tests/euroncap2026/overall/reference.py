"""The overall rating of one car from the printed scores of the four stages: the slow and obvious scorer.

`reports_of` reads a folder of report workbooks; `rate` computes from what it returns. Scores that a report leaves empty are None,
a stage without report is absent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import openpyxl
import yaml

from ..crash_protection.workbook import regions
from ..safe_driving.comparison import labelled_rows
from ..safe_driving.rules import FOLDER, rounded
from ..safe_driving.workbook import CellError, slug

PREFIXES = {"safe_driving": "sd", "crash_avoidance": "ca", "crash_protection": "cp", "post_crash": "pc"}
SHEETS = {
    "safe_driving": ["Test Scores", "Category Scores"],
    "crash_avoidance": ["Test Scores"],
    "crash_protection": ["Test Scores", "CP - Body region scores"],
    "post_crash": ["Test Scores", "Scenario Scores"],
}
REGION = ("Stage subelement", "Loadcase", "Seat position", "Dummy", "Body region")


@cache
def rules() -> dict:
    """What the protocol's files say of the overall rating, in the words of this reference."""
    protocol = yaml.safe_load((FOLDER / "protocol.yaml").read_text(encoding="utf-8"))
    workbooks = yaml.safe_load((FOLDER / "workbooks.yaml").read_text(encoding="utf-8"))
    root, balance = protocol["root"], protocol["beside"]["stage_balance"]["compensate"]
    deduct, least, seen, _ = root["children"]["crash_protection"]["adjust"]
    curves = deduct["deduct"]["choose"]["cases"]
    lines = list(protocol["scales"]["stage_stars"]["stars"]["at_least"].values())
    start = {
        int(year): dict(zip(balance["of"], points, strict=True))
        for year, points in balance["offsets"].items()
    }
    walkers, ecall = protocol["changes"].items()
    (below,) = (step for step in walkers[1]["adjust"] if step.get("set_to") == 0)
    stages = {stage: branch(node) for stage, node in root["children"].items()}
    vru = below["when"]["node"].split("/")
    (rows,) = (sheet["rows"] for sheet in workbooks["inputs"]["overall_input.xlsx"]["sheets"])
    return {
        "inputs": [
            {"fact": "vehicle/test_year", "line": rows["car/test_year"]},
            {"fact": "vehicle/provision_assessment_score", "line": rows["car/vehicle_provision_score"]},
        ],
        "stages": stages,
        "across": [
            {
                "when": {
                    "sum_of": [
                        f"{below['when']['node']}/{slug(name)}"
                        for name in stages[vru[0]]["elements"][vru[1]]["tests"]
                    ],
                    "below": below["when"]["below"],
                },
                "node": walkers[0],
                "set_to": below["set_to"],
            },
            {"node": ecall[0]},
        ],
        "provision": {
            "stage": "crash_protection",
            "fact": "vehicle/provision_assessment_score",
            "needs": {int(year): case["curve"]["through"][0][1] for year, case in curves.items()},
            "least": least["at_least"],
        },
        "floor": seen["round"],
        "balance": {"chain": balance["of"], "at_most": balance["move"], "head_start": start},
        "stars": {
            year: {stage: [line - offsets.get(stage, 0) for line in lines] for stage in root["children"]}
            for year, offsets in start.items()
        },
        "caps": [{"to": root["stars"]["caps"][0]["to"], "regions": critical_regions()}],
    }


def branch(node: dict) -> dict:
    """A stage by its elements, each with its tests."""

    def of(folder: Path, entry: dict) -> tuple[Path, dict]:
        if "file" not in entry:
            return folder, entry
        file = folder / entry["file"]
        return file.parent, yaml.safe_load(file.read_text(encoding="utf-8")) | entry

    folder, stage = of(FOLDER, node)
    elements = {}
    for key, entry in stage["children"].items():
        inner, element = of(folder, entry)
        tests = [of(inner, test)[1]["label"]["en"] for test in element["children"].values()]
        elements[key] = {"label": element["label"], "tests": tests}
    return {"label": stage["label"], "elements": elements}


def critical_regions() -> list[list]:
    """Sub-element, load case, seat, dummy and region of every region that the files of Crash Protection mark so."""
    return [[*labels[:4], [labels[4]]] for labels, region in regions().items() if region.get("critical")]


@dataclass
class Rating:
    """Scores by path (test, element, stage), stars, and the oddities of the calculator that decided something."""

    tests: dict[str, float | None]
    elements: dict[str, float | None]
    stages: dict[str, float | None]
    stars: int | None
    touched: set[str] = field(default_factory=set)
    moves: tuple[int, int] | None = None


# -- reading


def table(sheet) -> list[dict]:
    head = {c.column: str(c.value).strip() for c in sheet[1] if c.value is not None}
    rows = [{name: sheet.cell(r, c).value for c, name in head.items()} for r in range(2, sheet.max_row + 1)]
    return [row for row in rows if any(v is not None for v in row.values())]


def reports_of(folder) -> dict:
    """Return stage -> sheet -> rows of the reports in a folder (``sd_*report.xlsx`` and so on)."""
    reports = {}
    for stage, prefix in PREFIXES.items():
        found = sorted(Path(folder).glob(f"{prefix}_*report.xlsx"))
        if len(found) > 1:
            raise CellError(folder, prefix, "", [f.name for f in found], "one report of each stage")
        if found:
            book = openpyxl.load_workbook(found[0], data_only=True)
            reports[stage] = {name: table(book[name]) for name in SHEETS[stage]}
            book.close()
    return reports


def inputs_of(path) -> dict:
    """Return the two facts of the overall workbook; what is empty is absent."""
    book = openpyxl.load_workbook(path, data_only=True)
    rows = table(book["Input parameters"])
    book.close()
    words = {labels: row.get("Value") for labels, row in labelled_rows(rows, ["Stage", "Input parameter"])}
    facts = {line["fact"]: words.get(tuple(line["line"])) for line in rules()["inputs"]}
    return {fact: value for fact, value in facts.items() if value is not None}


# -- rating


def rate(reports: dict, facts: dict, mode: str = "protocol") -> Rating:
    """Rate a car from its reports and the facts vehicle/test_year and vehicle/provision_assessment_score.

    Raises
    ------
    CellError
        In protocol mode, for a test year that the rules do not know.
    """
    calculator = mode == "calculator"
    touched: set[str] = set()
    year = facts.get("vehicle/test_year")
    if year not in rules()["stars"]:
        touched.add("test_year_unknown")
        if not calculator:
            raise CellError("overall", "Input parameters", "C2", year, "2026, 2027 or 2028")
    tests = collected(reports, calculator, touched)
    across(tests, reports, calculator, touched)

    elements, stages = {}, {}
    for stage, part in rules()["stages"].items():
        for element, how in part["elements"].items():
            path = f"{stage}/{element}"
            elements[path] = total(tests[f"{path}/{slug(name)}"] for name in how["tests"])
        stages[stage] = total(elements[f"{stage}/{element}"] for element in part["elements"])
    provision(stages, facts, year, calculator, touched)
    for stage, score in stages.items():
        if score is not None:
            stages[stage] = float(math.floor(rounded(score, rules()["floor"]["decimals"])))

    if None in stages.values():
        return Rating(tests, elements, stages, None, touched)
    known_year = year if year in rules()["stars"] else 2028
    moved, move = balanced(stages, known_year)
    stars = min(
        sum(moved[stage] >= threshold for threshold in thresholds)
        for stage, thresholds in rules()["stars"][known_year].items()
    )
    stars = capped(stars, reports.get("crash_protection"), calculator, touched)
    return Rating(tests, elements, stages, stars, touched, move)


def total(scores) -> float | None:
    scores = list(scores)
    return None if None in scores else sum(scores)


def collected(reports: dict, calculator: bool, touched: set) -> dict[str, float | None]:
    tests: dict[str, float | None] = {}
    for stage, part in rules()["stages"].items():
        if stage not in reports:
            touched.add("report_missing")
        found: dict[tuple, float | None] = {}
        above = None
        for labels, row in labelled_rows(
            reports.get(stage, {}).get("Test Scores", []), ["Stage element", "Stage subelement"]
        ):
            score = row.get("Score")
            if score is None and calculator:
                touched.add("test_score_left_empty")
                score = above
            above = score
            found[labels] = score
        for element, how in part["elements"].items():
            for name in how["tests"]:
                missing = 0.0 if calculator and stage not in reports else None
                tests[f"{stage}/{element}/{slug(name)}"] = found.get((how["label"]["en"], name), missing)
    if calculator:  # what is still empty takes the score above it in the whole list
        above = None
        for path, score in tests.items():
            tests[path] = above = above if score is None else score
    return tests


def across(tests: dict, reports: dict, calculator: bool, touched: set) -> None:
    """Rules between stages. The calculator leaves one out while a score that it looks at is not known."""
    pedestrians, occupants = rules()["across"]
    parts = [tests[path] for path in pedestrians["when"]["sum_of"]]
    known = sum(part for part in parts if part is not None)
    node, least = pedestrians["node"], pedestrians["when"]["below"]
    if None not in parts:
        if known < least:
            tests[node] = float(pedestrians["set_to"])
    elif known < least and tests[node] != pedestrians["set_to"]:
        touched.add("rule_between_stages_left_out")
        if not calculator:
            tests[node] = None

    information = single(
        reports, "safe_driving", "Category Scores", "Category", "Crash occupancy information"
    )
    number = single(reports, "post_crash", "Scenario Scores", "Scenario", "Potential number of occupants")
    node = occupants["node"]
    score = tests[node]
    if information not in (0, None) or number == 0 or score is None:
        return
    if None in (information, number):
        touched.add("rule_between_stages_left_out")
        if not calculator and score > 0:
            tests[node] = None
        return
    tests[node] = score - number
    if score < number:
        touched.add("ecall_below_zero")
        if not calculator:
            tests[node] = 0.0


def single(reports: dict, stage: str, sheet: str, column: str, label: str) -> float | None:
    rows = reports.get(stage, {}).get(sheet, [])
    return next((row.get("Score") for row in rows if row.get(column) == label), None)


def provision(stages: dict, facts: dict, year, calculator: bool, touched: set) -> None:
    rule = rules()["provision"]
    stage, score = rule["stage"], facts.get(rule["fact"])
    if score is None:
        touched.add("provision_score_left_empty")
        if not calculator:
            stages[stage] = None
        return
    needed = rule["needs"].get(year)
    if needed is None and year is not None and year < 2028:
        needed = rule["needs"][2026]
    if stages[stage] is None or needed is None:
        return
    stages[stage] -= max(0, needed - score)
    if stages[stage] < rule["least"]:
        touched.add("stage_below_zero")
        if not calculator:
            stages[stage] = float(rule["least"])


def balanced(stages: dict, year: int) -> tuple[dict, tuple[int, int]]:
    """Move points along the chain to where its stages are closest to their mean."""
    rule = rules()["balance"]
    first, middle, last = rule["chain"]
    start = rule["head_start"][year]
    scores = {stage: stages[stage] + start[stage] for stage in rule["chain"]}
    mean = sum(scores.values()) / len(scores)
    most = rule["at_most"]
    best = None
    for a in range(-most, most + 1):
        for b in range(-most, most + 1):
            if a * b < 0 or abs(a) + abs(b) > most:
                continue
            tried = {first: scores[first] + a, middle: scores[middle] - a - b, last: scores[last] + b}
            distance = sum((score - mean) ** 2 for score in tried.values())
            if best is None or distance < best[0]:
                best = (distance, tried, (a, b))
    moved = {stage: score - start[stage] for stage, score in best[1].items()}
    return stages | moved, best[2]


def capped(stars: int, report: dict | None, calculator: bool, touched: set) -> int | None:
    (rule,) = rules()["caps"]
    if stars <= rule["to"]:
        return stars
    without = critical_region_without_points(report, calculator, touched)
    return None if without is None else rule["to"] if without else stars


def critical_region_without_points(
    report: dict | None, calculator: bool, touched: set | None = None
) -> bool | None:
    """Whether a critical body region has no points; None while an empty score leaves that open."""
    (rule,) = rules()["caps"]
    critical = {(*line[:4], region) for line in rule["regions"] for region in line[4]}
    above = None
    unknown = False
    for labels, row in labelled_rows(forward_filled(report), list(REGION)):
        score = row.get("Score")
        if score is None:
            if labels in critical and touched is not None:
                touched.add("region_score_left_empty")
            if calculator:
                score = above
            elif labels in critical:
                unknown = True
        above = score
        if score == 0 and labels in critical:
            return True
    return None if unknown else False


def forward_filled(report: dict | None) -> list[dict]:
    """Body regions with every label column taken from above on its own, as the sheet prints them."""
    out, last = [], {}
    for row in (report or {}).get("CP - Body region scores", []):
        for name in REGION:
            if row.get(name) is not None:
                last[name] = row[name]
        out.append(row | last)
    return out
