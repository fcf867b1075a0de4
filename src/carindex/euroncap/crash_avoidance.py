"""The crash-avoidance workbook: prepared for testing to facts, and filled in as a report.

A report asks for scores of the layers, categories and tests, and for ``<matrix>/<cell>#colour`` of tested points.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book, Cell, Sheet
from carindex.euroncap.pages import Page
from carindex.euroncap.scored import Scored
from carindex.euroncap.scores import SHEETS, fill_scores, node_of, printed_score
from carindex.euroncap.tables import (
    Table,
    blank,
    check_version,
    copied,
    finding,
    note_scored,
    number_of,
    page_of,
    put_value,
)
from carindex.messages import Finding, InputError
from carindex.rating import load_protocol
from carindex.rating.matrices import NAMING_AXES, TABLES, TESTED, Avoidance, Matrix, slug, word
from carindex.rating.protocol import Node

STAGE = "crash_avoidance"
COLOURS = ("Green", "Yellow", "Orange", "Brown", "Red", "Grey")
TOLERANCE = 0.02 * 255
INPUTS = "Input parameters"
CHECKS = {"Driveability": "driveability/check", "Driver state link": "driver_state_link/check"}
ROW_LABELS = ("Target speed", "Turn", "Target direction")
NOT_APPLICABLE = "Not Applicable"


@cache
def tables() -> Avoidance:
    """Return the matrices and rules of the protocol."""
    return Avoidance(load_protocol("euro-ncap-2026").head.data[TABLES])


@cache
def matrices_as_written() -> dict[str, dict[str, Any]]:
    """Return what the files say of each matrix, for its sheet and heading."""
    data = load_protocol("euro-ncap-2026").head.data[TABLES]["matrices"]
    return {name: entry for file in data.values() for name, entry in file.items()}


@cache
def _sheets() -> dict[str, Any]:
    place = Path(load_protocol("euro-ncap-2026").place).parent / "crash-avoidance" / "sheets.yaml"
    found: dict[str, Any] = yaml.load(place.read_text("utf-8"), yaml.CSafeLoader)
    return found


@cache
def subelements() -> dict[str, Node]:
    """Return the six tests by the area of their general requirements: ``frontal_collisions_car_ptw``."""
    stage = load_protocol("euro-ncap-2026").nodes[STAGE]
    return {f"{element.key}_{test.key}": test for element in stage.children for test in element.children}


@cache
def scenarios() -> dict[str, Node]:
    """Return the scenarios by name."""
    stage = load_protocol("euro-ncap-2026").nodes[STAGE]
    return {
        scenario.key: scenario
        for element in stage.children
        for test in element.children
        for category in test.children
        for scenario in category.children
    }


class _Reader:
    def __init__(self, book: Book, calculator: bool) -> None:
        self.book, self.calculator = book, calculator
        self.rows: list[Row] = []
        self.findings: list[Finding] = []
        self.said: dict[str, object] = {}

    def put(self, fact: str, value: object, cell: Cell) -> None:
        if value is not None:
            self.rows.append(Row(fact, value, None, "", cell.place))
            self.said[fact] = value

    def wrong(self, code: str, cell: Cell, **parameters: object) -> None:
        found = {"found": cell.text, **parameters}
        self.findings.append(Finding(f"euroncap.{code}", "error", cell.place, None, found))

    def choice(self, cell: Cell, words: Sequence[str]) -> str | None:
        """Return the word of a cell as the options spell it, refused by name where it is none of them."""
        if cell.value is None or (blank(cell) and cell.text not in words):
            return None
        for option in words:
            if cell.text.lower() == option.lower():
                return option
        self.wrong("not_a_word", cell, expected=", ".join(words))
        return None

    def read(self) -> None:
        self.parameters()
        present = {name: self.prediction(matrix) for name, matrix in tables().matrices.items()}
        self.claims()
        for area, test in subelements().items():
            title = str((test.spec.printed or {})["verification_sheet"])
            if title not in self.book.sheets:
                place = Cell(None, str(self.book.path))
                self.wrong("no_sheet", place, sheet=title)
                continue
            self.verification(self.book.sheet(title), area, present)

    # -- inputs

    def parameters(self) -> None:
        names: Mapping[str, str] = _sheets()["input_parameters"]
        table = Table(self.book.sheet(INPUTS), ("Scenario",), ("Input parameter", "Value"))
        options = {
            "prediction_standard": ("VTA", "Self claimed", "N/A"),
            "prediction_extended": ("VTA", "Self claimed", "N/A"),
            "extended_range_performance": ("ELK", "LDW", "N/A"),
            "heading_correction": ("Steering input", "Differential braking"),
            "vehicle_response": ("Information", "Warning", "Retention", "N/A"),
        }
        for row in table.rows():
            name = names.get(row.cell("Input parameter").text)
            cell = row.cell("Value")
            if name is not None and cell.value is not None:
                self.put(f"{word(row.labels[0])}/{name}", self.choice(cell, options[name]), cell)

    # -- predictions

    def colour(self, sheet: Sheet, row: int, column: int) -> str | None:
        """Return the colour that the fill of a cell stands for."""
        fill = sheet.fill(row, column)
        if fill is None or fill in ("FFFFFF", "000000"):
            return None
        parts = [int(fill[i : i + 2], 16) for i in (0, 2, 4)]
        for name, entry in tables().judging["colours"].items():
            wanted = [int(entry["fill"][i : i + 2], 16) for i in (0, 2, 4)]
            if all(abs(a - b) < TOLERANCE for a, b in zip(parts, wanted, strict=True)):
                return str(name)
        if fill != "D9D9D9" and not self.calculator:
            self.findings.append(finding("unknown_fill", sheet.place(row, column), found=fill))
        return None

    def prediction(self, matrix: Matrix) -> list[int]:
        """Read a matrix; returns the rows that the workbook has, in its order."""
        entry = matrices_as_written()[matrix.name]
        sheet = self.book.sheet(str(entry["sheet"]))
        heading = word(entry["heading"])
        top = next((r for r in range(1, sheet.rows + 1) if word(sheet.cell(r, 1).text) == heading), None)
        if top is None:
            self.wrong("row_missing", Cell(None, sheet.place(1, 1)), row=entry["heading"])
            return []
        headings = {sheet.cell(top, c).text: c for c in range(1, sheet.columns + 1)}
        across = {
            slug(_plain(cell)): c
            for c, cell in enumerate(sheet.row(top + 1), start=1)
            if c > 1 and cell.value is not None
        }
        remaining = list(range(len(matrix.rows)))
        present: list[int] = []
        number = top + 2
        while number <= sheet.rows and sheet.cell(number, 1).value is not None:
            labels = {slug(_plain(sheet.cell(number, 1)))}
            labels |= {
                slug(_plain(sheet.cell(number, headings[name]))) for name in ROW_LABELS if name in headings
            }
            found = self.row_of(matrix, remaining, labels, sheet.cell(number, 1))
            if found is not None:
                present.append(found)
                self.predicted_row(matrix, found, sheet, number, across, headings)
            number += 1
        for row in remaining:
            self.not_there(matrix, row, sheet.cell(top, 1))
        return present

    def row_of(self, matrix: Matrix, remaining: list[int], labels: set[str], cell: Cell) -> int | None:
        """Take the next row that labels name off the list; rows that repeat others may be left out before it."""
        for row in list(remaining):
            axes = matrix.rows[row].axes
            if {slug(axes[name]) for name in NAMING_AXES if name in axes} <= labels:
                for left in remaining[: remaining.index(row)]:
                    self.not_there(matrix, left, cell)
                del remaining[: remaining.index(row) + 1]
                return row
        self.wrong("unknown_row", cell, row=f"{matrix.name}: {cell.text}")
        return None

    def not_there(self, matrix: Matrix, row: int, cell: Cell) -> None:
        line = matrix.rows[row]
        if line.band == "choice":
            self.put(f"{matrix.name}/{line.name}/function", "AEB", cell)
            self.put(f"{matrix.name}/{line.name}/taken_out", "yes", cell)
        else:
            self.wrong("row_missing", cell, row=f"{matrix.name}: {line.name}")

    def predicted_row(
        self,
        matrix: Matrix,
        row: int,
        sheet: Sheet,
        number: int,
        across: Mapping[str, int],
        headings: Mapping[str, int],
    ) -> None:
        line = matrix.rows[row]
        if line.band == "choice" and "Function" in headings:
            cell = sheet.cell(number, headings["Function"])
            self.put(f"{matrix.name}/{line.name}/function", self.choice(cell, ("AEB", "FCW")), cell)
        for column, kind in enumerate(line.cells):
            if kind != "." and matrix.columns[column] in across:
                at = across[matrix.columns[column]]
                colour = self.colour(sheet, number, at)
                if colour is not None:
                    self.put(f"{matrix.cell(row, column)}/prediction", colour.lower(), sheet.cell(number, at))

    # -- robustness

    def claims(self) -> None:
        by_label = {node.label["en"]: name for name, node in scenarios().items()}
        titles = dict.fromkeys(
            str((test.spec.printed or {})["robustness_sheet"])
            for test in subelements().values()
            if "robustness_sheet" in (test.spec.printed or {})
        )
        for title in titles:
            sheet = self.book.sheet(title)
            columns = [
                (c, by_label[cell.text])
                for c, cell in enumerate(sheet.row(1), start=1)
                if cell.text in by_label
            ]
            for number in range(2, sheet.rows + 1):
                layer = sheet.cell(number, 2).text
                for column, scenario in columns:
                    cell = sheet.cell(number, column)
                    if blank(cell) or not layer:
                        continue
                    offered = {word(one) for one in tables().offered(scenario)}
                    if word(layer) not in offered:
                        if not self.calculator:
                            self.wrong("layer_not_offered", cell, layer=layer, scenario=scenario)
                        continue
                    said = self.choice(cell, ("YES", "NO"))
                    self.put(f"{scenario}/{word(layer)}/claimed", said, cell)

    # -- verification

    def verification(self, sheet: Sheet, area: str, present: Mapping[str, Sequence[int]]) -> None:
        top = None
        value = next((c for c, cell in enumerate(sheet.row(1), start=1) if cell.text == "Value"), None)
        for number in range(2, sheet.rows + 1):
            first = sheet.cell(number, 1).text
            if first == "Scenario":
                top = number
                break
            if value is None:
                continue
            cell = sheet.cell(number, value)
            if first == "General requirements":
                self.put(f"{area}/general_requirements", self.choice(cell, ("PASS", "FAIL")), cell)
            elif first in CHECKS:
                self.put(CHECKS[first], self.choice(cell, ("PASS", "FAIL")), cell)
        if top is None:
            return
        if (
            not self.calculator
        ):  # the drawn points stand here: what does not was not tested, or not even predicted
            for scenario in (node for category in subelements()[area].children for node in category.children):
                for name in scenario.spec.matrices:
                    self.put(f"{name}/{TESTED}", "yes", sheet.cell(top, 1))
        tested: dict[str, list[tuple[Cell, str | None, Cell, str | None]]] = {}
        for matrix, row, column, cells in self.points(sheet, top, present):
            self.point(matrix, row, column, cells, tested)
        for name, lines in tested.items():
            self.layer_of(name, lines)

    def points(
        self, sheet: Sheet, top: int, present: Mapping[str, Sequence[int]]
    ) -> Iterator[tuple[Matrix, int, int, dict[str, Cell]]]:
        by_heading = {str(entry["heading"]): name for name, entry in matrices_as_written().items()}
        columns = {cell.text: c for c, cell in enumerate(sheet.row(top), start=1) if cell.text}
        for number in range(top + 1, sheet.rows + 1):
            cells = {heading: sheet.cell(number, column) for heading, column in columns.items()}
            said = cells["Scenario"]
            if said.value is None:
                continue
            name = by_heading.get(said.text)
            if name is None:
                self.wrong("unknown_row", said, row=said.text)
                continue
            matrix = tables().matrices[name]
            place = _position(cells["Test point"].text)
            rows = present[name]
            if place is None or place[0] >= len(rows) or place[1] >= len(matrix.columns):
                self.wrong("unknown_row", cells["Test point"], row=f"{name} {cells['Test point'].text}")
                continue
            row, column = rows[place[0]], place[1]
            if matrix.rows[row].cells[column] == ".":
                self.wrong("unknown_row", cells["Test point"], row=f"{name} {cells['Test point'].text}")
                continue
            yield matrix, row, column, cells

    def point(
        self,
        matrix: Matrix,
        row: int,
        column: int,
        cells: Mapping[str, Cell],
        tested: dict[str, list[tuple[Cell, str | None, Cell, str | None]]],
    ) -> None:
        fact = matrix.cell(row, column)
        predicted = str(self.said.get(f"{fact}/prediction", "")).capitalize()
        said = cells["OEM Prediction"]
        if said.text != predicted:
            self.wrong("not_as_predicted", said, expected=predicted or "-")
            return
        self.put(f"{fact}/tested", "yes", said)
        self.measured(f"{fact}/{self.quantity(matrix, row, column)}", cells["Value"])
        criterion = tables().criterion(matrix)
        if "baseline" in criterion and "Value baseline" in cells:
            self.measured(f"{fact}/{criterion['baseline']}", cells["Value baseline"])
        if "by_system" in criterion:
            for heading, quantity, words in (
                ("Type of system", "system", ("Information", "Warning", "Retention")),
                ("Door selected", "door", ("Driver", "Passenger", "Behind driver", "Behind passenger")),
            ):
                if heading in cells:
                    self.put(f"{fact}/{quantity}", self.choice(cells[heading], words), cells[heading])
        if "Robustness layer" in cells:
            standard = self.is_standard(matrix, row, column)
            outcome = cells.get("Robustness")
            if outcome is not None and standard:
                self.put(
                    f"{fact}/robustness", self.choice(outcome, ("PASS", "FAIL", "NOT APPLICABLE")), outcome
                )
            layer, condition = cells["Robustness layer"], cells.get("Verification condition", said)
            both = (_said(layer), _said(condition) if "Verification condition" in cells else None)
            tested.setdefault(matrix.name, []).append((layer, both[0], condition, both[1]))

    def measured(self, fact: str, cell: Cell) -> None:
        if blank(cell):
            return
        number = number_of(cell)
        if number is None:
            if not self.calculator:
                self.wrong("not_a_number", cell)
            return
        if number < 0 and fact.rsplit("/", 1)[-1].startswith("v_") and not self.calculator:
            self.wrong("below_possible", cell, least="0")
            return
        self.put(fact, number, cell)

    def is_taken_out(self, matrix: Matrix, row: int) -> bool:
        line = matrix.rows[row]
        if self.said.get(f"{matrix.name}/{line.name}/taken_out") == "yes":
            return True
        rule = tables().ranges["repeated_rows"]
        if matrix.name not in rule["matrices"] or line.band != rule["when"]["band"]:
            return False
        function = self.said.get(f"{matrix.name}/{line.name}/function")
        cells = (f"{matrix.cell(row, c)}/prediction" for c in range(len(matrix.columns)))
        predicted = any(self.said.get(name, "grey") != "grey" for name in cells)
        return (
            line.axes["VUT speed"] in rule["VUT speed"] and function == rule["when"]["Function"] and predicted
        )

    def is_standard(self, matrix: Matrix, row: int, column: int) -> bool:
        rule = tables().ranges["repeated_rows"]
        line = matrix.rows[row]
        if (
            matrix.name in rule["matrices"]
            and line.band == "fixed"
            and line.axes["VUT speed"] in rule["VUT speed"]
        ):
            repeating = next(
                k
                for k, other in enumerate(matrix.rows)
                if other.band == "choice" and other.axes["VUT speed"] == line.axes["VUT speed"]
            )
            ((axis, standard),) = rule["standard_in_fixed_row"].items()
            if axis == matrix.axis and self.is_taken_out(matrix, repeating):
                return matrix.columns[column] in {slug(value) for value in standard}
        return line.cells[column] == "S"

    def quantity(self, matrix: Matrix, row: int, column: int) -> str:
        """Return what is measured in a cell: by the function that acts, or by the warning in the extended range."""
        usual, *second = tables().quantities(matrix)
        if tables().by_function(matrix):
            line = matrix.rows[row]
            function = (
                self.said.get(f"{matrix.name}/{line.name}/function")
                if line.declared
                else line.axes.get("Function")
            )
            return second[0] if function == "FCW" else usual
        if second:
            scenario = str(matrices_as_written()[matrix.name]["scenario"])
            by_warning = self.said.get(f"{scenario}/extended_range_performance") == "LDW"
            return second[0] if by_warning and not self.is_standard(matrix, row, column) else usual
        return usual

    def layer_of(self, name: str, lines: Sequence[tuple[Cell, str | None, Cell, str | None]]) -> None:
        """State the layer and condition under which the points of a matrix were tested: one for all of them."""
        said = [line for line in lines if line[1] is not None or line[3] is not None]
        for position, quantity in ((1, "robustness_layer"), (3, "verification_condition")):
            words = list(dict.fromkeys(line[position] for line in said))
            if not words:
                continue
            cell = said[0][position - 1]
            assert isinstance(cell, Cell)
            if len(words) > 1 and not self.calculator:
                self.wrong("several_layers", cell, matrix=name)
            if words[0] is not None:
                self.put(f"{name}/{quantity}", words[0], cell)


def _said(cell: Cell) -> str | None:
    return None if cell.value is None or blank(cell) else cell.text


def _plain(cell: Cell) -> object:
    return float(cell.value) if isinstance(cell.value, int | float) else cell.text


def _position(text: str) -> tuple[int, int] | None:
    try:
        row, column = (int(part) for part in text.strip("()").split(","))
    except ValueError:
        return None
    return (row, column) if row >= 0 and column >= 0 else None


def read(book: Book, *, calculator: bool = False) -> tuple[list[Row], list[Finding]]:
    """Return the facts of a prepared crash-avoidance workbook, and what is wrong with it."""
    if "FC - Car & PTW pred." not in book.sheets:
        raise InputError(book.path, "euroncap.other_stage", stage="Crash Avoidance")
    reader = _Reader(book, calculator)
    reader.findings.extend(check_version(book))
    reader.read()
    return reader.rows, reader.findings


# -- report --------------------------------------------------------------------------------------------------


def _path(labels: Sequence[str]) -> str:
    """Return the node of a printed row; one-layer scenarios without matrices have no node for their layer."""
    nodes = load_protocol("euro-ncap-2026").nodes
    path = node_of(labels)
    return path if path in nodes else path.rsplit("/", 1)[0]


def report(book: Book, rows: list[Row], scored: Scored) -> list[Page]:
    """Return the prepared workbook with its scores and the colours of its tested points."""
    pages = copied(book)
    for sheet, labels in SHEETS.items():
        wanted = (*labels, "Layer") if sheet == "Scenario Scores" else labels
        fill_scores(book, pages, sheet, wanted, lambda said: printed_score(scored, _path(said)))
    reader = _Reader(book, calculator=True)
    reader.said = {row.name: row.value for row in rows}
    present = {name: _rows_there(reader, matrix) for name, matrix in tables().matrices.items()}
    for test in subelements().values():
        title = str((test.spec.printed or {})["verification_sheet"])
        if title in book.sheets:
            _colours(book.sheet(title), page_of(pages, title), reader, present, scored)
    note_scored(pages)
    return pages


def _rows_there(reader: _Reader, matrix: Matrix) -> list[int]:
    names = [f"{matrix.name}/{row.name}/taken_out" for row in matrix.rows]
    return [number for number, name in enumerate(names) if reader.said.get(name) != "yes"]


def _colours(
    sheet: Sheet, page: Page, reader: _Reader, present: Mapping[str, Sequence[int]], scored: Scored
) -> None:
    top = next((r for r in range(2, sheet.rows + 1) if sheet.cell(r, 1).text == "Scenario"), None)
    if top is None:
        return
    headings = {cell.text: c for c, cell in enumerate(sheet.row(top), start=1) if cell.text}
    column = headings.get("Colour", max(headings.values()) + 1)
    if "Colour" not in headings:
        page.put(top, column, "Colour", heading=True)
    numbers = [
        r for r in range(top + 1, sheet.rows + 1) if sheet.cell(r, headings["Scenario"]).value is not None
    ]
    for number, (matrix, row, at, _) in zip(numbers, reader.points(sheet, top, present), strict=False):
        value = scored.named(f"{matrix.cell(row, at)}#colour")
        judged = value is not None and value == value
        shown = COLOURS[int(value)] if judged and value is not None else None
        if not judged and getattr(scored, "calculator", False):
            shown = (
                "nan"  # what the programme's calculator writes for points of a scenario that is not claimed
            )
        put_value(page, number, column, shown)
