"""The tests that were drawn: which cells they test, and their outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from carindex.euroncap.cells import Sheet
from carindex.euroncap.safe_driving.content import (
    FIRST_ROW,
    AccPoint,
    MonitoringCell,
    acc_scenarios,
    monitoring_cells,
)
from carindex.euroncap.safe_driving.files import monitoring
from carindex.euroncap.safe_driving.grids import Prediction
from carindex.euroncap.safe_driving.layout import layout
from carindex.euroncap.safe_driving.reader import Reader, slug

NOT_SELECTED = "not_selected"
_OUTCOMES = ("FAIL", "PASS")
_POINT = "Test point"


class DrawnTest(msgspec.Struct, frozen=True):
    """A drawn test of driver monitoring as a workbook lists it."""

    cell: MonitoringCell
    noise: str | None
    scenario: str | None
    row: int


class TestedPoint(msgspec.Struct, frozen=True):
    """A test point of the adaptive cruise control as a workbook lists it."""

    __test__ = False  # not a pytest class

    point: AccPoint
    additional_target: str | None
    row: int


def second_heading(sheet: Sheet) -> int | None:
    """Return the heading row of the table below the checks, ``None`` where there is none."""
    title = layout().monitoring.tests.headings[0]
    return next((row for row in range(FIRST_ROW, sheet.rows + 1) if sheet.cell(row, 1).text == title), None)


def _optional(sheet: Sheet, row: int, headings: Sequence[str]) -> dict[str, int]:
    """Return the columns of headings that a workbook may do without."""
    columns = range(1, sheet.columns + 1)
    return {text: column for column in columns if (text := sheet.cell(row, column).text) in headings}


def listed_tests(reader: Reader) -> list[DrawnTest]:
    """Return the drawn tests that the verification sheet of driver monitoring lists."""
    sheet = reader.sheet(monitoring().verification_sheet)
    start = second_heading(sheet) if sheet is not None else None
    if sheet is None or start is None:
        return []
    rule = layout().monitoring.tests
    head = reader.columns(sheet, start, [name for name in rule.headings if name != _POINT])
    if head is None:
        return []
    head |= _optional(sheet, start, [_POINT])
    names = {cell.name: cell for cell in monitoring_cells()}
    carried = ("Category", "Glance target type", "Movement type", "Gaze location")
    last = dict.fromkeys(carried, "")
    tests = []
    for row in range(start + 1, sheet.rows + 1):
        texts = {name: sheet.cell(row, column).text for name, column in head.items()}
        last.update({name: texts[name] for name in carried if texts[name]})
        if not texts["Requirement"]:
            if any(texts.values()):
                reader.say("no_requirement", sheet.place(row, head["Requirement"]))
            continue
        name = _cell_name(last, texts["Requirement"])
        if name not in names:
            labels = [*last.values(), texts["Requirement"]]
            reader.say(
                "not_drawn_from", sheet.place(row, 1), line=" / ".join(label for label in labels if label)
            )
            continue
        if not _same_cell(reader, sheet, row, head, names[name]):
            continue
        tests.append(
            DrawnTest(names[name], texts["Noise variable"] or None, texts["Test scenario"] or None, row)
        )
    return tests


def _same_cell(reader: Reader, sheet: Sheet, row: int, head: Mapping[str, int], cell: MonitoringCell) -> bool:
    """Whether a line's labels and its test point are of one cell: labels left out go wrong where a line is deleted."""
    column = head.get(_POINT)
    place = "" if column is None else sheet.cell(row, column).text
    expected = layout().monitoring.tests.point.format(row=cell.place[0], column=cell.place[1])
    if column is None or place in ("", expected):
        return True
    labels = " / ".join(label for label in (*cell.labels, cell.requirement) if label)
    reader.say("other_cell", sheet.place(row, column), found=place, expected=expected, line=labels)
    return reader.calculator


def _cell_name(labels: Mapping[str, str], requirement: str) -> str:
    stage, _, table = labels["Category"].partition(" - ")
    if stage == "Non-transient":
        parts = ["non_transient", slug(table)]
    else:
        parts = [slug(table), slug(labels["Glance target type"]), slug(labels["Movement type"])]
        if labels["Glance target type"] != "Multi-target":
            parts.append(slug(labels["Gaze location"]))
    return "/".join(["driver_monitoring", *parts, slug(requirement)])


def read_tests(reader: Reader, predictions: Mapping[str, Prediction]) -> None:
    """State the outcome of every drawn test, and that the other cells were not selected.

    A cell with the mark of a drawn test whose line is missing has no outcome: nothing is stated about it.
    """
    title = monitoring().verification_sheet
    sheet = reader.sheet(title)
    tests = listed_tests(reader)
    outcomes: dict[str, tuple[str | None, str]] = {}
    above: str | None = None
    head = second_heading(sheet) if sheet is not None else None
    if sheet is not None and head is not None and tests:
        columns = reader.columns(sheet, head, ["Value"])
        for test in tests if columns is not None else []:
            cell = sheet.cell(test.row, columns["Value"] if columns else 1)
            word = reader.word(cell, _OUTCOMES) if not cell.empty else None
            if word is None and reader.calculator and above is not None:
                reader.say("above_counts", cell.place, word=above)
                word = above
            above = word
            if test.cell.name in outcomes:
                reader.say("line_twice", cell.place, line=test.cell.key, first=outcomes[test.cell.name][1])
            outcomes[test.cell.name] = (word, cell.place)
    nowhere = f"{reader.book.path}: {title}"
    for asked in monitoring_cells():
        said = predictions.get(asked.name)
        marked = said is not None and said.marked
        if asked.name in outcomes:
            word, place = outcomes[asked.name]
            if word is not None:
                reader.state(f"{asked.name}/verification", word, place)
            if said is not None and not marked and not reader.calculator:
                reader.say("not_marked", said.place, "warning", mark=layout().mark, sheet=title)
        elif marked and said is not None:
            reader.say("no_test", said.place, mark=layout().mark, sheet=title, line=" / ".join(asked.labels))
            if reader.calculator:
                reader.state(f"{asked.name}/verification", NOT_SELECTED, nowhere)
        else:
            reader.state(f"{asked.name}/verification", NOT_SELECTED, nowhere)


# -- adaptive cruise control -------------------------------------------------------------------------------


def listed_points(reader: Reader) -> list[TestedPoint]:
    """Return the test points that the verification sheet of the adaptive cruise control lists."""
    sheet = reader.sheet(layout().acc.verification_sheet)
    if sheet is None:
        return []
    start = second_heading(sheet)
    if start is None:
        reader.say("no_line", f"{reader.book.path}: {sheet.title}", line="Category / Scenario / Test point")
        return []
    spare = layout().acc.tests.spare
    wanted = [name for name in layout().acc.tests.headings if name not in (*spare, _POINT)]
    head = reader.columns(sheet, start, wanted)
    if head is None:
        return []
    head |= _optional(sheet, start, spare)
    known = {
        (scenario.label, point.vut_speed, point.target_speed): point
        for scenario in acc_scenarios()
        for point in scenario.points
    }
    points: list[TestedPoint] = []
    rows: dict[str, int] = {}
    for row in range(start + 1, sheet.rows + 1):
        texts = {name: sheet.cell(row, column).text for name, column in head.items()}
        if not texts["Scenario"]:
            if texts["Value"]:
                reader.say("stray_value", sheet.place(row, head["Value"]), text=texts["Value"])
            continue
        point = known.get((texts["Scenario"], texts["VUT speed"], texts["Target speed"]))
        line = " / ".join(texts[name] for name in ("Scenario", "VUT speed", "Target speed"))
        if point is None:
            reader.say("not_drawn_from", sheet.place(row, 1), line=line)
            continue
        if texts["Impact location"] not in (point.impact_text, f"{point.impact:g}"):
            place = sheet.place(row, head["Impact location"])
            found = texts["Impact location"] or "-"
            reader.say("other_value", place, "warning", found=found, expected=point.impact_text)
        if point.fact in rows:
            first = sheet.place(rows[point.fact], head["Scenario"])
            reader.say("line_twice", sheet.place(row, head["Scenario"]), line=line, first=first)
        rows[point.fact] = row
        points.append(TestedPoint(point, texts.get("Additional target") or None, row))
    return points


def read_points(reader: Reader, predictions: Mapping[str, Prediction]) -> None:
    """State the predictions and the measured values of all test points of the adaptive cruise control."""
    title = layout().acc.verification_sheet
    sheet = reader.sheet(title)
    points = {tested.point.fact: tested for tested in listed_points(reader)}
    start = second_heading(sheet) if sheet is not None else None
    head = (
        reader.columns(sheet, start, ["OEM Prediction", "Value"])
        if sheet is not None and start is not None
        else None
    )
    for fact, said in predictions.items():
        tested = points.get(fact)
        colour, place = said.colour, said.place
        if tested is None or sheet is None or head is None:
            if colour in layout().acc.tested and head is not None:
                reader.say("no_test", place, mark=layout().mark, sheet=title, line=fact)
        else:
            colour, place = _predicted(reader, sheet, tested, head["OEM Prediction"], said)
        if colour is not None:
            reader.state(f"{fact}/prediction", colour, place)
    if sheet is None or head is None:
        return
    for tested in points.values():
        cell = sheet.cell(tested.row, head["Value"])
        if tested.point.fact not in predictions:
            continue
        value = _measured(reader, sheet, tested, head["Value"])
        if value is not None:
            reader.state(f"{tested.point.fact}/{tested.point.measured}", value, cell.place)


def _predicted(
    reader: Reader, sheet: Sheet, tested: TestedPoint, column: int, said: Prediction
) -> tuple[str | None, str]:
    """Return the prediction of a tested point: what its line repeats counts, as in the calculator."""
    cell = sheet.cell(tested.row, column)
    word = cell.text.lower()
    if word not in layout().acc.tested:
        choice = ", ".join(name.capitalize() for name in layout().acc.tested)
        reader.say("unknown_colour", cell.place, text=cell.text or "-", options=choice)
        return (word or "none", cell.place) if reader.calculator else (said.colour, said.place)
    if word != said.colour:
        there = (said.colour or "-").capitalize()
        reader.say("other_prediction", cell.place, "warning", found=cell.text, other=there, where=said.place)
    return word, cell.place


def _measured(reader: Reader, sheet: Sheet, tested: TestedPoint, column: int) -> float | None:
    cell = sheet.cell(tested.row, column)
    if cell.empty:
        return None
    rule = layout().acc.value
    low, high = rule["at_least"], tested.point.vut_km_h + rule["above_vut_speed_at_most"]
    value = cell.value
    if isinstance(value, str | bool) or value is None:
        if not reader.calculator:
            reader.say("not_a_number", cell.place, text=cell.text, low=f"{low:g}", high=f"{high:g}")
            return None
        if str(value).lower() in layout().nothing:
            return None
        # the calculator reads a text as a value that reaches nothing
        reader.say("text_reaches_nothing", cell.place, text=cell.text)
        return 0.0
    if not low <= value <= high:
        reader.say("not_possible", cell.place, value=f"{value:g}", low=f"{low:g}", high=f"{high:g}")
        return value if reader.calculator else None
    return value
