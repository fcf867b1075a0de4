"""A prepared crash-protection workbook as facts: name to number or word.

Numbers are in the unit that the sheet uses, which is the ``unit`` of the rule on that fact. A cell without content gives no fact. Words
are in small letters with ``_`` for anything that is not a letter or digit.

``mode="protocol"``: content that cannot be what the cell asks for is refused with workbook, sheet and cell.
``mode="calculator"``: read as the programme's calculator reads it (text in the cell of a criterion is 0).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import openpyxl

from .structure import fact_name, occupants, rows, sheet_of, stage, sub_elements

Facts = dict[str, float | str]

# What the calculator's spreadsheet reader takes for an empty cell.
BLANK = {"", "#n/a", "#na", "n/a", "na", "null", "nan", "none", "-nan", "<na>"}
PARAMETERS = {
    "Countermeasure?": ("car/farside_countermeasure", "yes_no"),
    "Red line >125 mm outboard of the orange line ?": ("car/farside_red_line_outboard", "yes_no"),
    "Torso angle (rear second row)": ("head_restraint_static_rear/rear_second_row/hpm/torso_angle", "number"),
    "Torso angle (rear third row)": ("head_restraint_static_rear/rear_third_row/hpm/torso_angle", "number"),
    "Number of verification tests (min 10)": ("vru_headform/number_of_verification_tests", "number"),
}
LEG_TESTS = {
    "Pelvis Impact": "vru_upper_legform/number_of_verification_tests",
    "Leg Impact": "vru_lower_legform/number_of_verification_tests",
}
COLOURS = ["green", "yellow", "orange", "brown", "red"]
EXCURSIONS = ["green", "yellow", "orange", "red", "capping"]
GRID_TOP, GRID_LEFT = 4, 5  # first cell of the headform grid: row 18, column +10


class UnreadableCellError(ValueError):
    """A cell holds what it cannot hold; says workbook, sheet and cell."""


def slug(text: object) -> str:
    """Small letters and digits, everything else one underscore."""
    return re.sub(r"[^a-z0-9]+", "_", str(text).lower()).strip("_")


class Table:
    """A sheet with one row of headers; labels left out where they repeat are filled down."""

    def __init__(self, name: str, sheet: Any) -> None:
        self.name, self.sheet = name, sheet
        self.columns = {str(c.value).strip(): c.column for c in sheet[1] if c.value is not None}

    def rows(self, filled: tuple[str, ...]) -> list[dict[str, Any]]:
        """Rows as dictionaries; a label fills down, and a new one ends those to its right."""
        last: dict[str, Any] = dict.fromkeys(filled)
        found = []
        for number in range(2, self.sheet.max_row + 1):
            row = {name: self.sheet.cell(number, column).value for name, column in self.columns.items()}
            if all(value is None for value in row.values()):
                continue
            for name in filled:
                last[name] = last[name] if blank(row[name]) else str(row[name]).strip()
                row[name] = last[name]
            row["_row"] = number
            found.append(row)
        return found

    def cell(self, row: dict[str, Any], column: str) -> Any:
        return self.sheet.cell(row["_row"], self.columns[column])


def blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in BLANK)


def facts_of(path: Path, mode: str = "protocol") -> Facts:
    """Every input of the crash-protection part of a prepared workbook."""
    book = openpyxl.load_workbook(path, data_only=True)
    try:
        return _Reader(book, Path(path).name, mode).read()
    finally:
        book.close()


class _Reader:
    def __init__(self, book: Any, name: str, mode: str) -> None:
        self.book, self.name, self.strict = book, name, mode == "protocol"
        self.facts: Facts = {}

    def read(self) -> Facts:
        self.parameters()
        self.inspections()
        for sub_element in sub_elements():
            if not sub_element.startswith("vru_impact"):
                self.occupants(sheet_of(sub_element))
        self.grid()
        self.points("CP - VRU Head Impact", {"Headform": "vru_headform", "Headform Apillar": "vru_headform"})
        self.points(
            "CP - VRU Pelvis & Leg Impact",
            {"Upper Leg": "vru_upper_legform", "Lower Leg": "vru_lower_legform"},
        )
        return self.facts

    # ---- single values -------------------------------------------------------------------------------------------------------
    def refuse(self, cell: Any, expected: str) -> UnreadableCellError:
        return UnreadableCellError(
            f"{self.name} sheet {cell.parent.title!r} cell {cell.coordinate}: {cell.value!r} found; {expected} expected"
        )

    def number(self, cell: Any, lenient: bool = False) -> float | None:
        """The number in a cell; text that is a number is one. ``lenient``: other text is 0 for the calculator."""
        value = cell.value
        if blank(value):
            return None
        if isinstance(value, bool):
            raise self.refuse(cell, "a number")
        try:
            return float(value)
        except (TypeError, ValueError):
            if lenient and not self.strict:
                return 0.0
            raise self.refuse(cell, "a number") from None

    def word(self, cell: Any, words: list[str]) -> str | None:
        if blank(cell.value):
            return None
        word = slug(cell.value)
        if word not in words:
            raise self.refuse(cell, "one of " + ", ".join(words))
        return word

    def put(self, fact: str, value: float | str | None) -> None:
        if value is not None:
            self.facts[fact] = value

    # ---- sheets --------------------------------------------------------------------------------------------------------------
    def parameters(self) -> None:
        table = Table("Input parameters", self.book["Input parameters"])
        self.facts["car/third_seat_row"] = "no"
        for row in table.rows(("Stage subelement",)):
            cell = table.cell(row, "Value")
            parameter = row["Input parameter"]
            if row["Stage subelement"] in LEG_TESTS:
                self.put(LEG_TESTS[row["Stage subelement"]], self.number(cell))
            elif parameter in PARAMETERS:
                fact, kind = PARAMETERS[parameter]
                self.put(fact, self.word(cell, ["yes", "no"]) if kind == "yes_no" else self.number(cell))
        if "head_restraint_static_rear/rear_third_row/hpm/torso_angle" in self.facts:
            self.facts["car/third_seat_row"] = "yes"

    def inspections(self) -> None:
        table = Table("Test Scores", self.book["Test Scores"])
        for row in table.rows(("Stage element", "Stage subelement")):
            self.put(
                f"{slug(row['Stage subelement'])}/inspection", self.number(table.cell(row, "Inspection [%]"))
            )
        table = Table("CP - Body region scores", self.book["CP - Body region scores"])
        labels = ("Stage element", "Stage subelement", "Loadcase", "Seat position", "Dummy")
        for row in table.rows(labels):
            region = regions().get((*(row[name] for name in labels[1:]), row["Body region"]))
            if region is not None:
                self.put(inspection_fact(region), self.number(table.cell(row, "Inspection [%]")))

    def occupants(self, sheet: str) -> None:
        table = Table(sheet, self.book[sheet])
        labels = ("Loadcase", "Seat position", "Dummy", "Body region")
        for row in table.rows(labels):
            if blank(row["Criteria"]):
                continue
            rule = rows()[(sheet, *(row[name] for name in labels), row["Criteria"])]
            cell = table.cell(row, "Value")
            if rule.kind == "criterion":
                value = self.number(cell, lenient=True)
                if value is not None and "/femur_" in rule.fact:
                    value = (
                        -value
                    )  # the sheet has the size of the compression; the fact is negative in compression
                self.put(rule.fact, value)
                if "OEM Prediction" in table.columns:
                    self.put(f"{rule.fact}/predicted", self.word(table.cell(row, "OEM Prediction"), COLOURS))
            elif rule.kind == "modifier":
                self.put(rule.fact, self.number(cell))
            elif rule.kind == "excursion":
                self.put(rule.fact, self.word(cell, EXCURSIONS))
            else:
                self.put(rule.fact, self.pass_or_contact(cell, rule.kind))

    def pass_or_contact(self, cell: Any, kind: str) -> str | None:
        value = cell.value
        if blank(value):
            return None
        yes, no = ("pass", "fail") if kind == "non_use_position" else ("yes", "no")
        word = str(value).strip().lower()
        if kind == "non_use_position":
            accepted = {
                **dict.fromkeys(("pass", "passed", "ok", "yes", "true"), yes),
                **dict.fromkeys(("fail", "failed", "no", "false"), no),
            }
            if not isinstance(value, bool):
                if word in accepted:
                    return accepted[word]
                if re.fullmatch(r"\d+(\.0*)?", word) and float(word) in (0.0, 1000.0):
                    return yes if float(word) else no
            if not self.strict:
                return None
        elif not self.strict:
            return yes if word == "true" or value == 1 else no
        elif word in ("true", "yes", "1", "1.0"):
            return yes
        elif word in ("false", "no", "0", "0.0"):
            return no
        raise self.refuse(cell, f"{yes} or {no}")

    def grid(self) -> None:
        sheet = self.book["CP - VRU Prediction"]
        node = sub_elements()["vru_impact/head_impact"]["grid"]
        words = {cell["fill"]: word for word, cell in node["cells"].items()}
        for i, row in enumerate(range(node["rows"]["first"]["row"], node["rows"]["last"]["row"] - 1, -1)):
            for j, column in enumerate(range(node["columns"]["first"], node["columns"]["last"] - 1, -1)):
                fill = sheet.cell(GRID_TOP + i, GRID_LEFT + j).fill
                colour = fill.fgColor.rgb if fill is not None and fill.fill_type else None
                word = words.get(colour[-6:]) if isinstance(colour, str) else None
                if word not in (None, "grey"):
                    self.facts[f"vru_headform/{row}_{column}/cell"] = word

    def points(self, sheet: str, tests: dict[str, str]) -> None:
        """The rows of impact points: what is predicted for a point, and what was measured."""
        table = Table(sheet, self.book[sheet])
        quantities = point_quantities()
        for row in table.rows(("Loadcase", "Body region", "Test point")):
            if blank(row["Criteria"]):
                continue
            point = f"{tests[row['Loadcase']]}/{'_'.join(re.findall('-?[0-9]+', row['Test point']))}"
            predicted = slug(row["OEM Prediction"])
            if tests[row["Loadcase"]] == "vru_headform":
                if self.facts.get(f"{point}/cell") != predicted:
                    raise self.refuse(
                        table.cell(row, "OEM Prediction"),
                        f"the colour of the grid for point {row['Test point']}",
                    )
                self.facts[f"{point}/tested"] = "yes"
            else:
                self.facts[f"{point}/cell"] = predicted
            self.put(
                f"{point}/{quantities[row['Criteria']]}", self.number(table.cell(row, "Value"), lenient=True)
            )


def point_quantities() -> dict[str, str]:
    """Printed criterion of an impact point to its quantity."""
    found = {"HIC15": "hic15"}
    for dummy in occupants("vru_impact/pelvis_leg_impact"):
        for region in dummy["children"].values():
            for node in region["children"].values():
                found[node["label"]["en"]] = node["criterion"]["fact"]
    return found


def regions() -> dict[tuple[str, ...], dict[str, Any]]:
    """Printed (sub-element, load case, seat, dummy, region) to the region's node."""
    found = {}
    for sub_element in sub_elements().values():
        for dummy in occupants(sub_element["path"]):
            printed = dummy["printed"]
            for region in dummy["children"].values():
                place = (sub_element["label"]["en"], dummy["loadcase"], printed["seat"], printed["dummy"])
                found[(*place, region["label"]["en"])] = region
    return found


def inspection_fact(region: dict[str, Any]) -> str:
    """Name of the fact that is the inspection of a region."""
    key = region["path"].rsplit("/", 1)[-1]
    return fact_name(stage()["regions"]["inspection"].format(region=key), region)


def every_fact() -> list[str]:
    """The names of all inputs of the stage, in the order of the sheets: the columns of a wide table with one car a row."""
    found = ["car/third_seat_row", *(fact for fact, _ in PARAMETERS.values()), *LEG_TESTS.values()]
    found += [f"{path.rsplit('/', 1)[-1]}/inspection" for path in sub_elements()]
    found += [inspection_fact(region) for region in regions().values()]
    for row in rows().values():
        found.append(row.fact)
        node = sub_elements()["/".join(row.path.split("/")[:2])]
        if row.kind == "criterion" and node.get("predicted"):
            found.append(f"{row.fact}/predicted")
    grid = sub_elements()["vru_impact/head_impact"]["grid"]
    columns = range(grid["columns"]["first"], grid["columns"]["last"] - 1, -1)
    for row in range(grid["rows"]["first"]["row"], grid["rows"]["last"]["row"] - 1, -1):
        found += [
            f"vru_headform/{row}_{column}/{what}"
            for column in columns
            for what in ("cell", "tested", "hic15")
        ]
    for dummy in occupants("vru_impact/pelvis_leg_impact"):
        for region in dummy["children"].values():
            quantities = [node["criterion"]["fact"] for node in region["children"].values()]
            at = f"{region['test']}/{region['row']['row']}"
            found += [f"{at}_{column}/{what}" for column in columns for what in ("cell", *quantities)]
    return found
