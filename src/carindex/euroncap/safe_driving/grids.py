"""The grids of predictions: driver monitoring, speed limits by country, local hazards, adaptive cruise control.

Cells are found by the labels of their lines and columns, so that a line that was inserted does no harm, and one that
was deleted or called otherwise is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from carindex.euroncap.cells import Sheet
from carindex.euroncap.safe_driving.content import (
    COUNTRY_COLUMN,
    COUNTRY_ROW,
    AccPoint,
    AccScenario,
    acc_scenarios,
    cells_by_labels,
    country_cells,
    hazard_cells,
    hazard_row,
)
from carindex.euroncap.safe_driving.files import countries, inputs, monitoring
from carindex.euroncap.safe_driving.layout import layout
from carindex.euroncap.safe_driving.reader import Reader


class Prediction(msgspec.Struct, frozen=True):
    """What a cell of a grid says: its colour, whether it has the mark of a drawn test, its place and its text."""

    colour: str | None
    marked: bool
    place: str
    text: str


def _said(reader: Reader, sheet: Sheet, row: int, column: int, colour: str | None) -> Prediction:
    cell = sheet.cell(row, column)
    return Prediction(colour, reader.marked(sheet, row, column), cell.place, cell.text)


def state_predictions(reader: Reader, found: Mapping[str, Prediction]) -> None:
    """State the colours of cells as facts, by the names that begin them."""
    for fact, said in found.items():
        if said.colour is not None:
            reader.state(f"{fact}/prediction", said.colour, said.place)


# -- driver monitoring -------------------------------------------------------------------------------------


def read_monitoring(reader: Reader, *, words_only: bool = False) -> dict[str, Prediction]:
    """Return the predictions of driver monitoring by the names of their cells.

    ``words_only``: in a template only words are predictions, a fill is none.
    """
    sheet = reader.sheet(monitoring().sheet)
    found: dict[str, Prediction] = {}
    if sheet is None:
        return found
    rule = layout().monitoring
    fills = () if words_only else tuple(rule.colours)
    for labels, row in _monitoring_lines(sheet):
        cells = cells_by_labels().get(labels)
        for column in _response_columns():
            cell = cells.get(column) if cells else None
            if cell is not None and cell.name not in found:
                colour = reader.colour(sheet, row, column, rule.colours, fills)
                found[cell.name] = _said(reader, sheet, row, column, colour)
            elif not sheet.cell(row, column).empty:
                name = " / ".join(label for label in labels if label)
                reader.say(
                    "not_a_cell", sheet.place(row, column), text=sheet.cell(row, column).text, line=name
                )
    for labels, cells in cells_by_labels().items():
        if all(cell.name not in found for cell in cells.values()):
            name = " / ".join(label for label in labels if label)
            reader.say("no_line", f"{reader.book.path}: {sheet.title}", line=name)
    return found


def _response_columns() -> tuple[int, ...]:
    return tuple(sorted({cell.place[1] for cells in cells_by_labels().values() for cell in cells.values()}))


def _monitoring_lines(sheet: Sheet) -> Iterator[tuple[tuple[str, str, str, str], int]]:
    """Yield the lines of the four tables with table, task, movement type and gaze location, and their rows."""
    tables = {table.label["en"]: key for key, table in monitoring().tables.items()}
    responses = {response.label["en"] for response in monitoring().responses.values()}
    table, task, movement = "", "", ""
    for row in range(1, sheet.rows + 1):
        first, second, third = (sheet.cell(row, column).text for column in (1, 2, 3))
        if first in tables:
            table, task, movement = first, "", ""
            continue
        if not table or sheet.cell(row, _response_columns()[0]).text in responses:
            continue
        movement = second or ("" if first else movement)
        task = first or task
        if first or second or third or any(not sheet.cell(row, column).empty for column in (4, 5, 6)):
            yield (table, task, movement, third), row


# -- speed limits and hazards ------------------------------------------------------------------------------


def read_countries(reader: Reader) -> dict[str, Prediction]:
    """Return the predictions of speed limits by country."""
    sheet = reader.sheet(countries().sheet)
    found: dict[str, Prediction] = {}
    if sheet is None:
        return found
    rule = layout().countries
    rows = {sheet.cell(row, 2).text: row for row in range(sheet.rows, COUNTRY_ROW - 1, -1)}
    columns = _headed(reader, sheet, [column.label["en"] for column in countries().columns.values()])
    keys = list(countries().columns)
    for cell in country_cells():
        key = cell.fact.split("/")[2]
        column = columns.get(keys.index(key))
        row = rows.get(cell.line)
        if row is None:
            if key == keys[0]:
                reader.say("no_line", f"{reader.book.path}: {sheet.title}", line=cell.line)
            continue
        if column is None:
            continue
        place = sheet.place(row, column)
        if not cell.asked and not reader.calculator:
            if not sheet.cell(row, column).empty:
                text = sheet.cell(row, column).text
                reader.say("not_asked", place, "warning", text=text, line=cell.line)
            continue
        colour = reader.colour(sheet, row, column, rule.colours, ())
        if colour is None and sheet.cell(row, column).empty:
            # an empty cell is not applicable, unless its grey says that it was left out
            fill = sheet.fill(row, column)
            colour = layout().colour_of(fill) if fill is not None else None
            colour = colour if colour in rule.fills else None
        found[cell.fact] = _said(reader, sheet, row, column, colour)
    return found


def _headed(reader: Reader, sheet: Sheet, labels: list[str]) -> dict[int, int]:
    """Return the columns of the speed limits by their order; a heading that is missing is said."""
    texts = {
        sheet.cell(COUNTRY_ROW - 1, column).text: column
        for column in range(sheet.columns, COUNTRY_COLUMN - 1, -1)
    }
    for label in labels:
        if label not in texts:
            there = ", ".join(text for text in texts if text) or "-"
            reader.say("no_column", sheet.place(COUNTRY_ROW - 1, COUNTRY_COLUMN), column=label, found=there)
    return {i: texts[label] for i, label in enumerate(labels) if label in texts}


def read_hazards(reader: Reader) -> dict[str, Prediction]:
    """Return the predictions of local hazards."""
    content = inputs().hazards
    sheet = reader.sheet(content.sheet)
    found: dict[str, Prediction] = {}
    if sheet is None:
        return found
    place = f"{reader.book.path}: {sheet.title}"
    start = next(
        (row for row in range(1, sheet.rows + 1) if sheet.cell(row, 1).text == content.heading), None
    )
    if start is None:
        reader.say("no_line", place, line=content.heading)
        return found
    columns = {sheet.cell(start, column).text: column for column in range(sheet.columns, 2, -1)}
    wrong = set()
    channel = ""
    for i, line in enumerate(content.lines, start=1):
        channel = sheet.cell(start + i, 1).text or channel
        if (channel, sheet.cell(start + i, 2).text) != (line.label["en"], line.direction_label):
            reader.say("no_line", place, line=f"{line.label['en']} / {line.direction_label}")
            wrong.add(i)
    for cell in hazard_cells():
        offset = cell.place[0] - hazard_row()
        column = columns.get(cell.line)
        if column is None or offset in wrong:
            continue
        colour = reader.colour(sheet, start + offset, column, layout().hazards.colours, ())
        found[cell.fact] = _said(reader, sheet, start + offset, column, colour)
    for hazard in content.hazards.values():
        if hazard.label["en"] not in columns:
            there = ", ".join(text for text in columns if text) or "-"
            reader.say("no_column", sheet.place(start, 1), column=hazard.label["en"], found=there)
    return found


# -- adaptive cruise control -------------------------------------------------------------------------------


def read_acc(reader: Reader, *, words_only: bool = False) -> dict[str, Prediction]:
    """Return the predictions of the adaptive cruise control by the names of their test points."""
    sheet = reader.sheet(layout().acc.sheet)
    found: dict[str, Prediction] = {}
    if sheet is None:
        return found
    scenarios = {scenario.label: scenario for scenario in acc_scenarios()}
    headings = {
        sheet.cell(row, 1).text: row
        for row in range(sheet.rows, 0, -1)
        if sheet.cell(row, 1).text in scenarios
    }
    for label, scenario in scenarios.items():
        start = headings.get(label)
        if start is None:
            reader.say("no_line", f"{reader.book.path}: {sheet.title}", line=label)
            continue
        end = min([row for row in headings.values() if row > start], default=sheet.rows + 1)
        found.update(_matrix(reader, sheet, scenario, start, end, words_only=words_only))
    return found


def _matrix(
    reader: Reader, sheet: Sheet, scenario: AccScenario, start: int, end: int, *, words_only: bool
) -> Iterator[tuple[str, Prediction]]:
    rule = layout().acc
    fills = () if words_only else tuple(rule.colours)
    columns = _impact_columns(sheet, start + 1)
    points: dict[int, AccPoint] = {}
    rows = {(sheet.cell(row, 1).text, sheet.cell(row, 2).text): row for row in range(end - 1, start + 1, -1)}
    for point in scenario.points:
        row = rows.get((point.vut_speed, point.target_speed))
        if row is None or point.impact not in columns:
            line = f"{scenario.label} / {point.vut_speed} / {point.target_speed} / {point.impact_text}"
            reader.say("no_line", f"{reader.book.path}: {sheet.title}", line=line)
            continue
        column = columns[point.impact]
        points[row] = point
        colour = reader.colour(sheet, row, column, rule.colours, fills)
        yield point.fact, _said(reader, sheet, row, column, colour)
    for row in range(start + 2, end):
        own = columns[points[row].impact] if row in points else None
        for column in columns.values():
            cell = sheet.cell(row, column)
            fill = None if words_only else sheet.fill(row, column)
            coloured = fill is not None and layout().colour_of(fill) in (*rule.tested, "red")
            if column != own and (not cell.empty or coloured):
                text = cell.text or str(fill)
                reader.say("not_a_cell", cell.place, text=text, line=scenario.label)


def _impact_columns(sheet: Sheet, row: int) -> dict[float, int]:
    """Return the columns of the impact locations that stand in a row."""
    columns: dict[float, int] = {}
    for column in range(sheet.columns, 3, -1):
        value = sheet.cell(row, column).value
        if isinstance(value, int | float) and not isinstance(value, bool):
            columns[float(value)] = column
    return columns
