"""The scoring cells of the programme's report by name, and the scores of the reference by the same names.

A name is a pair: the path of the rule (or an impact point with its quantity) and what is said of it.
"""

from __future__ import annotations

import re
from typing import Any

from .criterion import Assessed
from .impact_points import HEADFORM, headform_points, leg_points, point_name
from .reference import Result
from .structure import occupants, rows, sheet_of, sub_elements
from .workbook import Facts, point_quantities, regions

Name = tuple[str, str]
Cell = tuple[str, int, str]
Report = dict[str, list[dict[str, Any]]]
PLACES = ("Stage subelement", "Loadcase", "Seat position", "Dummy")
ROWS = ("Loadcase", "Seat position", "Dummy", "Body region")
CRITERION = {"Colour": "colour", "Score": "score", "Capping?": "capping"}
REGION = {"Body regionscore": "score", "Modifiers": "modifiers", "Score": "points", "Max score": "maximum"}
OCCUPANT = {"Capping?": "capping", "Score": "points", "Max score": "maximum"}
POINT_TESTS = {
    "Headform": HEADFORM,
    "Headform Apillar": HEADFORM,
    "Upper Leg": "vru_upper_legform",
    "Lower Leg": "vru_lower_legform",
}
INFERRED = ("sa", "green-20", "green-30", "green-40")  # cells whose value the report writes back


def filled(table: list[dict[str, Any]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows with the labels that repeat written out."""
    last: dict[str, Any] = {}
    found = []
    for row in table:
        last = {name: row.get(name) if row.get(name) is not None else last.get(name) for name in names}
        found.append({**row, **last})
    return found


def report_scores(report: Report) -> tuple[dict[Name, Any], dict[Name, Cell]]:
    """Every scoring cell of a report: by name its value, and by name where it stands."""
    values: dict[Name, Any] = {}
    cells: dict[Name, Cell] = {}

    def put(sheet: str, row: dict[str, Any], path: str, columns: dict[str, str]) -> None:
        for column, field in columns.items():
            assert (path, field) not in values or field == "limit", (path, field)
            values[path, field] = row.get(column)
            cells[path, field] = (sheet, row["_row"], column)

    labels = {node["label"]["en"]: path for path, node in sub_elements().items()}
    for row in filled(report["Test Scores"], ("Stage subelement",)):
        put("Test Scores", row, labels[row["Stage subelement"]], {"Score": "points"})
    dummies = {
        (node["label"]["en"], dummy["loadcase"], dummy["printed"]["seat"], dummy["printed"]["dummy"]): dummy[
            "path"
        ]
        for path, node in sub_elements().items()
        for dummy in occupants(path)
    }
    for row in filled(report["CP - Dummy Scores"], PLACES):
        put("CP - Dummy Scores", row, dummies[tuple(row[name] for name in PLACES)], OCCUPANT)
    for row in filled(report["CP - Body region scores"], PLACES):
        region = regions()[(*(row[name] for name in PLACES), row["Body region"])]
        put("CP - Body region scores", row, region["path"], REGION)

    quantities = point_quantities()
    for path in sub_elements():
        sheet = sheet_of(path)
        if path.startswith("vru_impact"):
            for row in filled(report[sheet], ("Loadcase", "Test point")):
                point = "_".join(re.findall("-?[0-9]+", row["Test point"]))
                name = f"{POINT_TESTS[row['Loadcase']]}/{point}/{quantities[row['Criteria']]}"
                put(sheet, row, name, CRITERION)
                if str(row["OEM Prediction"]).lower() in INFERRED:
                    put(sheet, row, name, {"Value": "value"})
            continue
        for row in filled(report[sheet], ROWS):
            rule = rows()[(sheet, *(row[name] for name in ROWS), row["Criteria"])]
            name = f"{rule.path}/{rule.kind}" if rule.kind not in ("criterion", "modifier") else rule.path
            put(sheet, row, name, CRITERION)
            if row["Criteria"] in ("Backset - Lowest", "Backset - Mid"):
                put(sheet, row, name, {"HPL": "limit"})
                assert row["HPL"] == row["LPL"]
    return values, cells


def reference_scores(facts: Facts, result: Result) -> dict[Name, Any]:
    """What the reference says, under the names of `report_scores`."""
    found: dict[Name, Any] = {}

    def put_criterion(path: str, assessed: Assessed) -> None:
        found[path, "colour"] = word(assessed.colour)
        found[path, "score"] = assessed.score
        found[path, "capping"] = "YES" if assessed.capped else None

    for path, points in result.tests.items():
        found[path, "points"] = points
    for path, occupant in result.occupants.items():
        found[path, "capping"] = "Capped" if occupant.capped else None
        found[path, "points"] = (
            occupant.points or 0
        )  # without points the cell stays as in the template, which reads as 0
        found[path, "maximum"] = occupant.maximum
    for path, region in result.regions.items():
        for field in REGION.values():
            found[path, field] = getattr(region, field)
    for path in result.unprinted:
        if path in result.occupants:
            found.update({(path, "capping"): "-", (path, "points"): 0, (path, "maximum"): None})
        else:
            found.update(
                {(path, "score"): 0, (path, "modifiers"): 0, (path, "points"): 0, (path, "maximum"): None}
            )
    for path, assessed in result.criteria.items():
        put_criterion(path, assessed)
    for path, limit in result.limits.items():
        found[path, "limit"] = limit
    for row in rows().values():
        if row.kind == "modifier":
            put_criterion(row.path, Assessed(colour=result.modifiers.get(row.path)))
        elif row.kind != "criterion":
            put_criterion(f"{row.path}/{row.kind}", Assessed())
    for point, assessed in headform_points(facts).items():
        name = f"{point_name(HEADFORM, point)}/hic15"
        put_criterion(name, assessed)
        if str(facts[f"{point_name(HEADFORM, point)}/cell"]).startswith("green_"):
            found[name, "value"] = assessed.value
    for dummy in occupants("vru_impact/pelvis_leg_impact"):
        for region in dummy["children"].values():
            for (point, key), assessed in leg_points(facts, region).items():
                at = point_name(region["test"], point)
                name = f"{at}/{region['children'][key]['criterion']['fact']}"
                put_criterion(name, assessed)
                if facts[f"{at}/cell"] == "sa":
                    found[name, "value"] = assessed.value
    return found


def word(colour: str | None) -> str | None:
    return colour.capitalize() if colour else None


def differences(ours: dict[Name, Any], theirs: dict[Name, Any]) -> dict[Name, tuple[Any, Any]]:
    """Names whose values differ, with both values; a name that only one side has differs."""
    absent = object()
    return {
        name: (ours.get(name, absent), theirs.get(name, absent))
        for name in ours.keys() | theirs.keys()
        if not same(ours.get(name, absent), theirs.get(name, absent), name[1])
    }


def same(ours: Any, theirs: Any, field: str) -> bool:
    """Numbers equal to nine decimals (a report keeps all binary digits), everything else equal; no value reads as 0."""
    if field == "value":
        ours, theirs = ours or 0, theirs or 0
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        return abs(ours - theirs) < 1e-9
    return bool(ours == theirs)
