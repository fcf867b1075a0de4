"""From a prepared workbook (``ca_input.xlsx``) to facts. Nothing is scored here.

The facts of one car are a dictionary from names to words and numbers; what the workbook leaves empty is not in it:

``<scenario>/prediction_standard``, ``/prediction_extended``          VTA, Self claimed, N/A
``elk_re/extended_range_performance``                                 ELK, LDW, N/A
``driveability/heading_correction``, ``cbda/vehicle_response``        words
``<scenario>/<layer>/claimed``                                        YES, NO
``<matrix>/<cell>/prediction``                                        Green, Yellow, Orange, Brown, Red, Grey
``<matrix>/<row>/function``                                           AEB, FCW: rows of CPLA and CBLA that are declared
``<matrix>/<row>/taken_out``                                          yes: the row repeated another one
``<matrix>/<cell>/tested``                                            yes: the cell has a verification row
``<matrix>/<cell>/<quantity>``                                        the measured value, number
``<matrix>/<cell>/robustness``                                        PASS, FAIL
``<matrix>/robustness_layer``, ``<matrix>/verification_condition``    words; ``<matrix>/<cell>/...`` where rows differ
``cbda/<cell>/system``, ``cbda/<cell>/door``                          words
``<element>_<subelement>/general_requirements``                       PASS, FAIL
``driveability/check``, ``driver_state_link/check``                   PASS, FAIL
``<element>_<subelement>/verification_sheet``                         missing

A cell is ``<row>-<column>``: ``ccrs/50_km_h-0_km_h-0.5/v_rel_impact``.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import openpyxl

from . import rules
from .rules import Matrix, Row, slug, word

Facts = dict[str, Any]
NO_TEXT = ("", "N/A", "NA", "nan", "NaN", "null", "None", "#N/A", "n/a", "<NA>", "NULL")
TOLERANCE_OF_FILL = 0.02


class CellError(ValueError):
    """A cell that cannot be understood: workbook, sheet, cell, and what is wrong."""

    def __init__(self, workbook: str, sheet: str, cell: str, found: str) -> None:
        super().__init__(f"{workbook} [{sheet}!{cell}]: {found}")


@lru_cache(maxsize=4)
def _load(path: str, _changed: int) -> openpyxl.Workbook:
    return openpyxl.load_workbook(path, data_only=True)


def facts_of(path: Path | str | openpyxl.Workbook, mode: str = "calculator") -> Facts:
    """Facts of the workbook at ``path``.

    ``mode="protocol"`` refuses what cannot be meant: text for a number, YES for a layer that is not offered, a missing
    sheet. ``mode="calculator"`` reads such cells as the calculator does.

    Raises
    ------
    CellError
        With workbook, sheet and cell.
    """
    if isinstance(path, openpyxl.Workbook):
        book, name = path, "workbook"
    else:
        path = Path(path)
        book, name = _load(str(path), path.stat().st_mtime_ns), path.name
    facts: Facts = {}
    _input_parameters(book, facts)
    present = {m.name: _prediction(book, name, m, facts) for m in rules.matrices().values()}
    _claimed_layers(book, name, mode, facts)
    for (element, subelement), entry in rules.subelements().items():
        area = f"{element}_{subelement}"
        sheet = entry["printed"]["verification_sheet"]
        if sheet not in book.sheetnames:
            if mode == "protocol":
                raise CellError(name, sheet, "A1", "the sheet is missing")
            facts[f"{area}/verification_sheet"] = "missing"
            continue
        _verification(book, name, mode, sheet, area, present, facts)
    return facts


def _text(value: object) -> str | None:
    """The word in a cell; None for an empty one."""
    return None if value is None or str(value).strip() in NO_TEXT else str(value)


# --- Input parameters ---------------------------------------------------------------------------------------------


def _input_parameters(book: openpyxl.Workbook, facts: Facts) -> None:
    names = rules.read("sheets")["input_parameters"]
    scenario = ""
    for row in book["Input parameters"].iter_rows(min_row=2, values_only=True):
        scenario = word(row[4]) if row[4] is not None else scenario
        value = row[6]
        if row[5] in names and value is not None and str(value).strip() not in ("", "None", "nan"):
            facts[f"{scenario}/{names[row[5]]}"] = str(value).strip()


# --- prediction matrices ------------------------------------------------------------------------------------------


def _colour(cell: Any) -> str | None:
    """The colour that the fill of a cell stands for; None where it stands for none."""
    fill = cell.fill.fgColor if cell.fill else None
    if fill is None or fill.type != "rgb":
        return None
    for colour, entry in rules.read("judging")["colours"].items():
        pairs = [(int(fill.rgb[2 + i : 4 + i], 16), int(entry["fill"][i : i + 2], 16)) for i in (0, 2, 4)]
        if all(abs(a - b) / 255 < TOLERANCE_OF_FILL for a, b in pairs):
            return str(colour)
    return None


def _prediction(book: openpyxl.Workbook, name: str, matrix: Matrix, facts: Facts) -> list[Row]:
    """Predicted colours of a matrix; returns the rows that are in the workbook, in its order."""
    sheet = book[matrix.sheet]
    top = next(
        (r for r in range(1, sheet.max_row + 1) if word(sheet.cell(r, 1).value) == word(matrix.heading)), None
    )
    if top is None:
        raise CellError(name, matrix.sheet, "A1", f"no matrix {matrix.heading}")
    headings = [sheet.cell(top, c).value for c in range(1, sheet.max_column + 1)]
    across = {slug(c.value): c.column for c in sheet[top + 1][1:] if c.value is not None}
    remaining = list(matrix.rows)
    present = []
    for r in range(top + 2, sheet.max_row + 1):
        if sheet.cell(r, 1).value is None:
            break
        labels = {slug(sheet.cell(r, 1).value)}
        for c, heading in enumerate(headings[1:], start=2):
            if heading in ("Target speed", "Turn", "Target direction"):
                labels.add(slug(sheet.cell(r, c).value) if sheet.cell(r, c).value is not None else "")
        # rows stand in the order of the file; only rows that repeat another one may be left out
        row = None
        while remaining:
            row = remaining.pop(0)
            naming = {slug(row.axes[a]) for a in rules.NAMING_AXES if a in row.axes}
            if naming <= labels:
                break
            if row.band != "choice":
                raise CellError(name, matrix.sheet, f"A{r}", f"expected the row {row.name}")
            _take_out(matrix, row, facts)
            row = None
        if row is None:
            raise CellError(name, matrix.sheet, f"A{r}", f"no such row in {matrix.heading}")
        present.append(row)
        if row.band == "choice":
            function = _text(sheet.cell(r, headings.index("Function") + 1).value)
            if function:
                facts[f"{matrix.name}/{row.name}/function"] = function
        for c, kind in enumerate(row.cells):
            if kind == ".":
                continue
            cell = sheet.cell(r, across[matrix.columns[c]])
            colour = _colour(cell)
            if colour:
                facts[f"{matrix.name}/{matrix.cell(row, c)}/prediction"] = colour
    for row in remaining:
        _take_out(matrix, row, facts)
    return present


def _take_out(matrix: Matrix, row: Row, facts: Facts) -> None:
    facts[f"{matrix.name}/{row.name}/function"] = "AEB"
    facts[f"{matrix.name}/{row.name}/taken_out"] = "yes"


# --- robustness ---------------------------------------------------------------------------------------------------


def _claimed_layers(book: openpyxl.Workbook, name: str, mode: str, facts: Facts) -> None:
    by_label = {s.label: s for s in rules.scenarios().values()}
    sheets = {
        e["printed"]["robustness_sheet"]
        for e in rules.subelements().values()
        if "robustness_sheet" in e["printed"]
    }
    for title in sorted(sheets):
        sheet = book[title]
        columns = [(c.column, by_label[c.value]) for c in sheet[1] if c.value in by_label]
        for r in range(2, sheet.max_row + 1):
            layer = sheet.cell(r, 2).value
            for c, scenario in columns:
                claimed = _text(sheet.cell(r, c).value)
                if claimed is None or layer is None:
                    continue
                if mode == "protocol":
                    place = sheet.cell(r, c).coordinate
                    if claimed not in ("YES", "NO"):
                        raise CellError(name, title, place, f"{claimed!r} instead of YES or NO")
                    if word(layer) not in rules.offered_layers(scenario):
                        raise CellError(name, title, place, f"{layer} is not offered for {scenario.label}")
                facts[f"{scenario.name}/{word(layer)}/claimed"] = claimed


# --- verification -------------------------------------------------------------------------------------------------


def _verification(
    book: openpyxl.Workbook,
    name: str,
    mode: str,
    title: str,
    area: str,
    present: dict[str, list[Row]],
    facts: Facts,
) -> None:
    sheet = book[title]
    heading = [c.value for c in sheet[1]]
    checks = {"General requirements": f"{area}/general_requirements"}
    checks |= {"Driveability": "driveability/check", "Driver state link": "driver_state_link/check"}
    top = None
    for r in range(2, sheet.max_row + 1):
        first = sheet.cell(r, 1).value
        if first in checks:
            value = _text(sheet.cell(r, heading.index("Value") + 1).value)
            if value:
                facts[checks[first]] = value.strip().upper()
        if first == "Scenario":
            top = r
            break
    if top is None:
        return
    by_heading = {m.heading: m for m in rules.matrices().values()}
    columns = {c.value: c.column for c in sheet[top] if c.value is not None}
    tested: dict[str, list[tuple[str, str | None, str | None]]] = {}
    for r in range(top + 1, sheet.max_row + 1):
        values = {h: sheet.cell(r, c) for h, c in columns.items()}
        matrix = by_heading.get(values["Scenario"].value)
        if matrix is None:
            if values["Scenario"].value is not None:
                raise CellError(name, title, values["Scenario"].coordinate, "no such scenario")
            continue
        row, column = _test_point(name, title, values["Test point"], matrix, present[matrix.name])
        cell = matrix.cell(row, column)
        fact = f"{matrix.name}/{cell}"
        predicted = facts.get(f"{fact}/prediction")
        if values["OEM Prediction"].value != predicted:
            raise CellError(
                name, title, values["OEM Prediction"].coordinate, f"the matrix predicts {predicted}"
            )
        facts[f"{fact}/tested"] = "yes"
        _value(name, mode, title, values["Value"], f"{fact}/{quantity_of(matrix, row, column, facts)}", facts)
        if matrix.name == "cpmfc":
            _value(name, mode, title, values["Value baseline"], f"{fact}/v_impact_baseline", facts)
        if matrix.name == "cbda":
            for head, quantity in (("Type of system", "system"), ("Door selected", "door")):
                said = _text(values[head].value) if head in values else None
                if said:
                    facts[f"{fact}/{quantity}"] = said
        if "Robustness layer" in values:
            said = _text(values["Robustness"].value) if "Robustness" in values else None
            if said and kind_of(matrix, row, column, facts) == "S":
                facts[f"{fact}/robustness"] = said.strip().upper()
            layer = _text(values["Robustness layer"].value)
            condition = values["Verification condition"].value if "Verification condition" in values else None
            tested.setdefault(matrix.name, []).append((cell, layer, condition))
    for matrix_name, said_of in tested.items():
        standard = [line for line in said_of if line[1] is not None or line[2] is not None]
        for position, quantity in ((1, "robustness_layer"), (2, "verification_condition")):
            words = {line[position] for line in standard}
            if len(words) == 1 and None not in words:
                facts[f"{matrix_name}/{quantity}"] = standard[0][position]
            else:
                for line in standard:
                    if line[position] is not None:
                        facts[f"{matrix_name}/{line[0]}/{quantity}"] = line[position]


def _test_point(name: str, title: str, cell: Any, matrix: Matrix, rows: list[Row]) -> tuple[Row, int]:
    """The row and column that a test point such as ``(4, 2)`` counts to, in the matrix as it is in the workbook."""
    try:
        r, c = (int(part) for part in str(cell.value)[1:-1].split(","))
        row = rows[r]
        if min(r, c) < 0 or row.cells[c] == ".":
            raise IndexError
    except (ValueError, IndexError):
        raise CellError(
            name, title, cell.coordinate, f"{cell.value!r} is no cell of {matrix.heading}"
        ) from None
    return row, c


def _value(name: str, mode: str, title: str, cell: Any, fact: str, facts: Facts) -> None:
    value = cell.value
    if isinstance(value, str) and _text(value) is not None:
        if mode == "protocol":
            raise CellError(name, title, cell.coordinate, f"{value!r} where a number is expected")
        try:
            value = float(value)
        except ValueError:
            return
    if isinstance(value, (int, float)):
        facts[fact] = float(value)


def fact_names() -> list[str]:
    """All facts of the stage: the columns of a table with one car a row.

    Cell-wise ``robustness_layer`` and ``verification_condition`` are left out: they are needed only where the rows of
    one matrix were tested under different conditions.
    """
    judging = rules.read("judging")
    names = [
        f"{e}_{s}/{q}" for e, s in rules.subelements() for q in ("general_requirements", "verification_sheet")
    ]
    names += ["driveability/heading_correction", "driveability/check", "driver_state_link/check"]
    names += ["elk_re/extended_range_performance", "cbda/vehicle_response"]
    for scenario in rules.scenarios().values():
        if "extended" in scenario.layers:
            names += [f"{scenario.name}/prediction_standard", f"{scenario.name}/prediction_extended"]
        names += [f"{scenario.name}/{layer}/claimed" for layer in rules.offered_layers(scenario)]
    for matrix in rules.matrices().values():
        criterion = judging["criteria"][matrix.judged_by]
        quantities = [value for key, value in criterion.items() if key.startswith("quantity")]
        if "baseline" in criterion:
            quantities.append(criterion["baseline"])
        if matrix.name in judging["criteria_by_function"]["matrices"]:
            quantities.append(judging["criteria"]["warning"]["quantity"])
        frontal_or_lane = "extended" in matrix.points
        if frontal_or_lane:
            names += [f"{matrix.name}/robustness_layer", f"{matrix.name}/verification_condition"]
        for row in matrix.rows:
            if row.band == "choice":
                names += [f"{matrix.name}/{row.name}/function", f"{matrix.name}/{row.name}/taken_out"]
            for column, kind in enumerate(row.cells):
                if kind == ".":
                    continue
                cell = f"{matrix.name}/{matrix.cell(row, column)}"
                names += [f"{cell}/prediction", f"{cell}/tested"] + [f"{cell}/{q}" for q in quantities]
                names += [f"{cell}/system", f"{cell}/door"] if matrix.name == "cbda" else []
                names += [f"{cell}/robustness"] if frontal_or_lane else []
    return names


# --- what follows from facts alone, needed by reading and scoring ----------------------------------------------------


def function_of(matrix: Matrix, row: Row, facts: Facts) -> str | None:
    """AEB or FCW: what the row prints, or what the manufacturer declared."""
    if row.function_is_declared:
        return facts.get(f"{matrix.name}/{row.name}/function")
    return row.axes.get("Function")


def is_taken_out(matrix: Matrix, row: Row, facts: Facts) -> bool:
    """Whether the row repeats another one and is left out."""
    rule = rules.read("ranges")["repeated_rows"]
    if matrix.name not in rule["matrices"] or row.band != rule["when"]["band"]:
        return False
    if facts.get(f"{matrix.name}/{row.name}/taken_out") == "yes":
        return True
    predicted = any(
        facts.get(f"{matrix.name}/{matrix.cell(row, c)}/prediction", "Grey") != "Grey"
        for c in range(len(matrix.columns))
    )
    declared = function_of(matrix, row, facts) == rule["when"]["Function"]
    return row.axes["VUT speed"] in rule["VUT speed"] and declared and predicted


def kind_of(matrix: Matrix, row: Row, column: int, facts: Facts) -> str:
    """``S``, ``E`` or ``.``, with the rows that repeat others taken into account."""
    rule = rules.read("ranges")["repeated_rows"]
    if matrix.name in rule["matrices"] and row.band == "fixed" and row.axes["VUT speed"] in rule["VUT speed"]:
        repeated = next(
            r for r in matrix.rows if r.band == "choice" and r.axes["VUT speed"] == row.axes["VUT speed"]
        )
        ((axis, standard),) = rule["standard_in_fixed_row"].items()
        if is_taken_out(matrix, repeated, facts) and axis == matrix.axis:
            return "S" if matrix.columns[column] in [slug(v) for v in standard] else "E"
    return row.cells[column]


def quantity_of(matrix: Matrix, row: Row, column: int, facts: Facts) -> str:
    """The quantity that is measured in a cell."""
    judging = rules.read("judging")
    criterion = judging["criteria"][matrix.judged_by]
    if (
        matrix.name in judging["criteria_by_function"]["matrices"]
        and function_of(matrix, row, facts) == "FCW"
    ):
        criterion = judging["criteria"][judging["criteria_by_function"]["FCW"]]
    with_ldw = criterion.get("quantity_in_extended_range_with_ldw")
    by_warning = str(facts.get("elk_re/extended_range_performance")).lower() == "ldw"
    if with_ldw and by_warning and kind_of(matrix, row, column, facts) == "E":
        return str(with_ldw)
    return str(criterion["quantity"])
