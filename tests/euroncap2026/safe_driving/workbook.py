"""Facts of Safe Driving and Post-Crash from the programme's prepared workbooks (``sd_input.xlsx``, ``pc_input.xlsx``).

Only reading happens here, by the labels of ``inputs.yaml`` and of the grids; nothing is scored. A fact that the workbook leaves
empty is absent. ``mode="calculator"`` reads what the programme's calculator reads where that is not what the sheet says.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import openpyxl

from .rules import monitoring_cells, read

COLOURS = {"green": (0, 153, 51), "red": (255, 51, 51), "orange": (255, 153, 51), "grey": (128, 128, 128)}
NOTHING = ("", "n/a", "-", "none", "nan")


class CellError(ValueError):
    """A cell that says something it may not say: workbook, sheet, cell, what was found, what was expected."""

    def __init__(self, book, sheet: str, cell: str, found, expected: str):
        super().__init__(f"{Path(book).name}: {sheet}!{cell}: {found!r}; expected {expected}")


def slug(label) -> str:
    return re.sub(r"[^a-z0-9]+", "_", str(label).lower()).strip("_")


@cache
def sheets_of(path: str) -> dict:
    """Return sheet -> {(row, column): (value, fill)}, cells that hold something only."""
    book = openpyxl.load_workbook(path, data_only=True)
    content = {}
    for sheet in book:
        cells = content[sheet.title] = {}
        for row in sheet.iter_rows():
            for cell in row:
                fill = cell.fill.fgColor.rgb if cell.fill is not None and cell.fill.fill_type else None
                fill = fill[-6:] if isinstance(fill, str) else None
                if cell.value is not None or fill is not None:
                    cells[cell.row, cell.column] = (cell.value, fill)
    book.close()
    return content


def edited(sheets: dict, edits) -> dict:
    """Return the sheets with ``[sheet, row, column, value]`` put in; a value "fill green" changes the colour only."""
    changed = {sheet: dict(sheets[sheet]) for sheet, *_ in edits}
    for sheet, row, column, new in edits:
        value, fill = changed[sheet].get((row, column), (None, None))
        if isinstance(new, str) and new.startswith("fill "):
            fill = "".join(f"{part:02X}" for part in COLOURS[new.removeprefix("fill ")])
        else:
            value = new
        changed[sheet][row, column] = (value, fill)
    return sheets | changed


def letter(column: int) -> str:
    return openpyxl.utils.get_column_letter(column)


class Reading:
    """One workbook being read into facts."""

    def __init__(self, path, stage: str, mode: str, edits=()):
        self.path, self.stage, self.calculator = str(path), stage, mode == "calculator"
        self.sheets = edited(sheets_of(self.path), edits)
        self.facts: dict = {}
        self.touched: set[str] = set()

    def cell(self, sheet: str, row: int, column: int):
        """The value of a cell; None for an empty one, or one that holds blanks only."""
        value = self.sheets[sheet].get((row, column), (None, None))[0]
        return None if isinstance(value, str) and not value.strip() else value

    def last_row(self, sheet: str) -> int:
        return max((row for row, _ in self.sheets[sheet]), default=0)

    def columns(self, sheet: str, row: int = 1) -> dict[str, int]:
        return {
            str(v).strip(): c
            for (r, c), (v, _) in sorted(self.sheets[sheet].items())
            if r == row and v is not None
        }

    def put(self, fact: str, sheet: str, row: int, column: int, options) -> None:
        value = self.cell(sheet, row, column)
        word = self.word(value, options, sheet, f"{letter(column)}{row}")
        if word is not None:
            self.facts[fact] = word

    def word(self, value, options, sheet: str, cell: str):
        """Return a cell's word as the options spell it, or its number."""
        if value is None:
            return None
        if isinstance(options, dict):
            low, high = options.get("whole") or options["number"]
            if isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high:
                return value
            if self.calculator and value == 0:
                return value
            raise CellError(self.path, sheet, cell, value, f"a number from {low} to {high}")
        for option in options:
            if str(value).strip().lower() == str(option).lower():
                if (
                    option == "PASS"
                    and value != str(value).strip()
                    and sheet == "VE - Energy Management Verif"
                ):
                    self.touched.add("blanks_around_pass")
                    return "FAIL" if self.calculator else "PASS"
                return option
        if str(value).strip().lower() in NOTHING:  # N/A where it is no answer
            return None
        if not self.calculator:
            raise CellError(self.path, sheet, cell, value, ", ".join(map(str, options)))
        self.touched.add("unknown_word")
        return "FAIL" if "FAIL" in options else str(value).strip()

    # -- sheets with one value a line

    def lines(self, content: dict) -> None:
        for part in content["sheets"]:
            sheet = part["sheet"]
            if sheet not in self.sheets:
                continue
            head = self.columns(sheet)
            label_columns = [head[name] for name in part["columns"]]
            value_column = head[part.get("column", "Value")]
            labelled: dict = {}
            last = [""] * len(label_columns)
            for row in range(2, self.last_row(sheet) + 1):
                labels = [self.cell(sheet, row, column) for column in label_columns]
                if labels[0] == "Category":  # a second table with a header of its own
                    break
                if not any(label is not None for label in labels):
                    continue
                for i, label in enumerate(labels):
                    if label is not None:
                        last[i:] = [str(label).strip()] + [""] * (len(last) - i - 1)
                labelled.setdefault(tuple(last), []).append(row)
            for fact, how in part["facts"].items():
                options = how.get("options", ["FAIL", "PASS"])
                rows = self.found(labelled, how["line"], fact)
                for row in rows[:1]:
                    self.put(fact, sheet, row, value_column, options)
                if not rows and "not_fitted" in options:
                    self.facts[fact] = "not_fitted"

    @staticmethod
    def found(labelled: dict, wanted: list[str], fact: str) -> list[int]:
        """Rows whose labels are those wanted; ``*`` stands for any label but one that another fact names."""
        rows = []
        for labels, at in labelled.items():
            if all(w in ("*", label) for w, label in zip(wanted, labels, strict=True)):
                if "*" in wanted and labels[-1] == "Speedometer accuracy":
                    continue
                rows += at
        return rows

    # -- grids

    def colour(
        self, sheet: str, row: int, column: int, fills: tuple[str, ...] = tuple(COLOURS)
    ) -> str | None:
        """The colour a cell says in words, else the colour it is filled with if that is one of ``fills``."""
        value, fill = self.sheets[sheet].get((row, column), (None, None))
        text = str(value or "").strip().lower()
        if text in COLOURS:
            return text
        if text not in NOTHING and text != "x":
            if self.calculator:
                return text
            raise CellError(self.path, sheet, f"{letter(column)}{row}", value, "a colour")
        if fill is None or fill == "FFFFFF":
            return None
        rgb = [int(fill[i : i + 2], 16) for i in (0, 2, 4)]
        for name, wanted in COLOURS.items():
            if name in fills and all(abs(a - b) <= 0.02 * 255 for a, b in zip(rgb, wanted, strict=True)):
                return name
        return None

    def put_colour(self, fact: str, sheet: str, row: int, column: int, fills=tuple(COLOURS)) -> None:
        colour = self.colour(sheet, row, column, fills)
        if colour is not None:
            self.facts[f"{fact}/prediction"] = colour

    def monitoring(self) -> None:
        content = read(self.stage, "driver-monitoring-cells.yaml")
        sheet = content["sheet"]
        columns = {
            r["key"]: openpyxl.utils.column_index_from_string(r["column"])
            for r in content["responses"].values()
        }
        names = {
            cell
            for group in monitoring_cells(self.stage).values()
            for cells in group.values()
            for cell in cells
        }
        table = task = movement = None
        headings = {slug(t["label"]["en"]): t for t in content["tables"].values()}
        for row in range(1, self.last_row(sheet) + 1):
            first, second, third = (self.cell(sheet, row, column) for column in (1, 2, 3))
            if slug(first) in headings:
                table, task, movement = slug(first), None, None
                continue
            if table is None:
                continue
            task = slug(first) if first else task
            movement = slug(second) if second else (None if first else movement)
            parts = [table, task, movement, slug(third) if third else None]
            place = "/".join(part for part in parts if part)
            for response, column in columns.items():
                name = f"driver_monitoring/{place}/{response}"
                if name in names:
                    self.put_colour(name, sheet, row, column)
        for name in names:
            self.facts[f"{name}/verification"] = "not_selected"
        self.drawn_tests(content["verification_sheet"], names)

    def drawn_tests(self, sheet: str, names: set) -> None:
        start = next(
            (r for r in range(2, self.last_row(sheet) + 1) if self.cell(sheet, r, 1) == "Category"), None
        )
        if start is None:
            return
        head = self.columns(sheet, start)
        last: dict = {}
        above = None
        for row in range(start + 1, self.last_row(sheet) + 1):
            for name in ("Category", "Glance target type", "Movement type", "Gaze location", "Requirement"):
                label = self.cell(sheet, row, head[name])
                if label is not None:
                    last[name] = label
            if self.cell(sheet, row, head["Requirement"]) is None:
                continue
            stage, table = last["Category"].split(" - ")
            if stage == "Non-transient":
                parts = ["non_transient", slug(table)]
            else:
                parts = [slug(table), slug(last["Glance target type"]), slug(last["Movement type"])]
                if last["Glance target type"] != "Multi-target":
                    parts.append(slug(last["Gaze location"]))
            name = "/".join(["driver_monitoring", *parts, slug(last["Requirement"])])
            at = f"{letter(head['Value'])}{row}"
            if name not in names:
                raise CellError(self.path, sheet, f"C{row}", name, "a cell of the prediction sheet")
            word = self.word(self.cell(sheet, row, head["Value"]), ["FAIL", "PASS"], sheet, at)
            if word is None and self.calculator and above is not None:
                word = above
                self.touched.add("driver_monitoring_value_left_empty")
            above = word
            if word is None:
                del self.facts[f"{name}/verification"]
            else:
                self.facts[f"{name}/verification"] = word

    def countries(self) -> None:
        content = read(self.stage, "speed-limit-countries.yaml")
        sheet = content["sheet"]
        keys = list(content["columns"])
        for group in content["groups"].values():
            for country, line in group["countries"].items():
                label = line["label"]["en"]
                row = next(r for r in range(1, self.last_row(sheet) + 1) if self.cell(sheet, r, 2) == label)
                for i, key in enumerate(keys):
                    self.put_colour(
                        f"speed_assistance/advanced_speed_limit/{key}/{country}", sheet, row, 3 + i, ("grey",)
                    )

    def hazards(self, content: dict) -> None:
        part = content["hazards"]
        sheet = part["sheet"]
        first = next(
            r for r in range(1, self.last_row(sheet) + 1) if self.cell(sheet, r, 1) == part["heading"]
        )
        columns = self.columns(sheet, first)
        for i, line in enumerate(part["lines"]):
            for hazard, how in part["hazards"].items():
                if line["direction"] != "sending" or how["sending"]:
                    fact = f"speed_assistance/local_hazards/{hazard}/{line['direction']}/{line['channel']}"
                    self.put_colour(fact, sheet, first + 1 + i, columns[how["label"]["en"]], ())

    def adaptive_cruise(self) -> None:
        scenarios = {}
        for category in read(self.stage, "acc-performance.yaml")["children"].values():
            for node in category.get("children", {}).values():
                if "test_points" in node:
                    scenarios[node["label"]["en"]] = node["test_points"]
        sheet = "VA - ACC pred."
        scenario, columns = None, {}
        for row in range(1, self.last_row(sheet) + 1):
            first = self.cell(sheet, row, 1)
            if first in scenarios:
                scenario = first
                columns = {float(self.cell(sheet, row + 1, c)): c for c in range(4, 11)}
            elif scenario and first:
                speeds = f"{first}-{self.cell(sheet, row, 2)}".replace(" ", "_").replace("/", "_")
                for name, point in scenarios[scenario]["points"].items():
                    if name.rsplit("-", 1)[0] == speeds:
                        column = columns[float(point["Impact location"])]
                        self.put_colour(f"{scenarios[scenario]['facts']}/{name}", sheet, row, column)
        self.measured_points("VA - ACC verif.", scenarios)

    def measured_points(self, sheet: str, scenarios: dict) -> None:
        start = next(r for r in range(2, self.last_row(sheet) + 1) if self.cell(sheet, r, 1) == "Category")
        head = self.columns(sheet, start)
        for row in range(start + 1, self.last_row(sheet) + 1):
            scenario = self.cell(sheet, row, head["Scenario"])
            if scenario is None:
                continue
            rule = scenarios[scenario]
            vut, target = (self.cell(sheet, row, head[name]) for name in ("VUT speed", "Target speed"))
            speeds = f"{vut}-{target}".replace(" ", "_").replace("/", "_")
            name = next(n for n in rule["points"] if n.rsplit("-", 1)[0] == speeds)
            fact = f"{rule['facts']}/{name}"
            self.facts[f"{fact}/prediction"] = str(self.cell(sheet, row, head["OEM Prediction"])).lower()
            value = self.cell(sheet, row, head["Value"])
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                if not self.calculator:
                    raise CellError(
                        self.path, sheet, f"{letter(head['Value'])}{row}", value, "a number, km/h"
                    )
                self.touched.add("text_for_a_value")
            self.facts[f"{fact}/{rule['measured']}"] = value


def reading_of(path, stage: str, mode: str, edits=()) -> Reading:
    """Read a workbook of Safe Driving (``safe-driving``) or Post-Crash (``post-crash``), with ``edits`` of its cells."""
    reading = Reading(path, stage, mode, edits)
    content = read(stage, "inputs.yaml")
    reading.lines(content)
    if stage == "safe-driving":
        reading.monitoring()
        reading.countries()
        reading.hazards(content)
        reading.adaptive_cruise()
    return reading


def facts_of(path, mode: str = "protocol", stage: str = "safe-driving") -> dict:
    """Return fact name -> value of a prepared workbook; empty cells are absent.

    Raises
    ------
    CellError
        In protocol mode, with workbook, sheet and cell, where a cell says something it may not say.
    """
    return reading_of(path, stage, mode).facts
