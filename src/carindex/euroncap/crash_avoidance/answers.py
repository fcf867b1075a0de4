"""The manufacturer's answers, in a template and in a prepared workbook alike: input parameters, robustness layers."""

from __future__ import annotations

from carindex.euroncap.cells import Cell, Sheet
from carindex.euroncap.crash_avoidance.layout import (
    offered_layers,
    parameters_of,
    scenarios,
    table,
    workbook,
)
from carindex.euroncap.crash_avoidance.statements import Statements
from carindex.euroncap.tables import blank
from carindex.messages import InputError
from carindex.rating.matrices import word

INPUTS = "Input parameters"


def sheet_of(statements: Statements, title: str) -> Sheet | None:
    """Return a sheet; a finding says so where the workbook has none of that title."""
    try:
        return statements.book.sheet(title)
    except InputError as error:
        statements.findings.append(error.as_finding())
        return None


def parameter_cells(statements: Statements) -> dict[tuple[str, str], Cell]:
    """Return the cells of the input parameters, by scenario and parameter."""
    sheet = sheet_of(statements, INPUTS)
    if sheet is None:
        return {}
    titles = {sheet.cell(1, column).text: column for column in range(1, sheet.columns + 1)}
    needed = workbook()["input_parameters"]["columns"][4:]
    missing = [title for title in needed if title not in titles]
    for title in missing:
        statements.say("column_missing", sheet.place(1, 1), column=title, matrix=INPUTS)
    if missing:
        return {}
    known = {(s.name, parameter) for s in scenarios().values() for parameter in parameters_of(s)}
    found: dict[tuple[str, str], Cell] = {}
    scenario = ""
    for row in range(2, sheet.rows + 1):
        label, name, cell = (sheet.cell(row, titles[title]) for title in needed)
        scenario = word(label.text) if not label.empty else scenario
        key = (scenario, name.text)
        if name.empty and cell.empty:
            continue
        if key not in known or key in found:
            statements.say(
                "row_not_known", name.place, row=f"{label.text or scenario} / {name.text}", sheet=INPUTS
            )
            continue
        found[key] = cell
    for scenario, parameter in sorted(known - set(found)):
        statements.say(
            "row_gone", sheet.place(1, 1), row=f"{scenarios()[scenario].label} / {parameter}", sheet=INPUTS
        )
    return found


def read_parameters(statements: Statements) -> None:
    """Read the input parameters."""
    names, options = table("sheets")["input_parameters"], workbook()["input_parameters"]["options"]
    for (scenario, parameter), cell in parameter_cells(statements).items():
        # N/A is an answer here, not an empty cell
        if cell.empty or (blank(cell) and cell.text.upper() != "N/A"):
            continue
        said = _answer(statements, cell, tuple(options[parameter]))
        if said is not None:
            statements.put(f"{scenario}/{names[parameter]}", said, cell.place)


def _answer(statements: Statements, cell: Cell, words: tuple[str, ...]) -> str | None:
    if not statements.calculator and cell.text.upper() == "N/A" and "N/A" in words:
        return "N/A"
    if statements.calculator:
        return cell.text
    return statements.word(cell, words)


def read_claims(statements: Statements) -> None:
    """Read which robustness layers are claimed."""
    rules = workbook()["robustness"]
    for title, entry in rules["sheets"].items():
        sheet = sheet_of(statements, title)
        if sheet is None:
            continue
        labels = {scenarios()[name].label: name for name in entry["scenarios"]}
        columns = {
            labels[sheet.cell(1, c).text]: c
            for c in range(3, sheet.columns + 1)
            if sheet.cell(1, c).text in labels
        }
        for name in entry["scenarios"]:
            if name not in columns:
                statements.say(
                    "column_missing", sheet.place(1, 1), column=scenarios()[name].label, matrix=title
                )
        layers = [line["layer"] for line in table("robustness")["offered"][title]["layers"]]
        rows = {}
        for row in range(entry.get("heading_rows", 1) + 1, sheet.rows + 1):
            cell = sheet.cell(row, 2)
            if cell.text in layers and cell.text not in rows:
                rows[cell.text] = row
            elif not all(other.empty for other in list(sheet.row(row))[1:]):
                statements.complain("row_not_known", cell.place, row=cell.text or "-", sheet=title)
                if statements.calculator and not cell.empty:
                    rows[cell.text] = row
        for layer in layers:
            if layer not in rows:
                statements.complain("row_gone", sheet.place(1, 2), row=layer, sheet=title)
        _claims_of_sheet(statements, sheet, columns, rows)


def _claims_of_sheet(
    statements: Statements, sheet: Sheet, columns: dict[str, int], rows: dict[str, int]
) -> None:
    words = tuple(workbook()["robustness"]["options"])
    for layer, row in rows.items():
        for scenario, column in columns.items():
            cell = sheet.cell(row, column)
            if blank(cell):
                continue
            if word(layer) not in offered_layers(sheet.title, scenario):
                statements.complain(
                    "layer_not_offered", cell.place, layer=layer, scenario=scenarios()[scenario].label
                )
                if not statements.calculator:
                    continue
            said = statements.word(cell, words, exactly=True)
            if said is not None:
                statements.put(f"{scenario}/{word(layer)}/claimed", said, cell.place)
