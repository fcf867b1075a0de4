"""Reading impact points: what a cell of the car's front says, which points are tested, and what was measured there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from carindex.euroncap.cells import Book, Cell, Sheet, Value
from carindex.euroncap.crash_protection.content import content
from carindex.euroncap.crash_protection.layout import PointSheet, layout
from carindex.euroncap.crash_protection.points import Point, PointCriterion, point_from, point_name
from carindex.euroncap.crash_protection.sheets import head_cells, leg_cells
from carindex.euroncap.forms import Notes, Table, TableLine, same_number
from carindex.rating.impact_points import TESTED

ROOM = "euroncap/crash_protection"
NOTHING = "grey"


@dataclass
class Prediction:
    """What the sheet of predicted impact points says.

    Attributes
    ----------
    cells
        What cells of the grid say, by key; cells that are no part of the car are left out.
    marked
        Cells of the grid that are marked as tested, with their places.
    legs
        What cells of the legforms' rows say, by key, with their places.
    known
        Whether the sheet could be read.
    """

    cells: dict[Point, str] = field(default_factory=dict)
    marked: dict[Point, str] = field(default_factory=dict)
    legs: dict[Point, tuple[str, str]] = field(default_factory=dict)
    known: bool = False


# -- the sheet of predictions --------------------------------------------------------------------------------


def read_prediction(notes: Notes) -> Prediction:
    """Read the sheet of predicted impact points of a prepared workbook: fills and marks; states what cells say."""
    found = Prediction()
    sheet = notes.sheet(layout().prediction.sheet)
    if sheet is None or not stands_in_place(notes, sheet):
        return found
    found.known = True
    grid = content().grid
    by_fill = {cell.fill: key for key, cell in grid.cells.items()}
    for point, (row, column) in head_cells().items():
        key = _filled(notes, sheet, row, column, by_fill)
        if key is not None and key != NOTHING:
            found.cells[point] = key
            notes.state(grid.fact(point, "cell"), key, sheet.place(row, column))
        if sheet.cell(row, column).text.upper() == layout().mark:
            found.marked[point] = sheet.place(row, column)
    for leg in content().legs:
        words = {label.lower(): key for key, label in leg.cells.items()}
        for column, (row, at) in leg_cells(leg.row).items():
            cell = sheet.cell(row, at)
            if notes.is_blank(cell, *layout().blank):
                continue
            if cell.text.lower() in words:
                found.legs[leg.row, column] = words[cell.text.lower()], cell.place
            else:
                notes.say("unknown_word", cell.place, text=cell.text, options=", ".join(leg.cells.values()))
    filled = [grid.test] if found.cells else []
    filled += [leg.test for leg in content().legs if any(row == leg.row for row, _ in found.legs)]
    for test in dict.fromkeys(filled):  # what has no word there is no point
        notes.state(f"{test}/{TESTED}", "yes", sheet.place(*next(iter(head_cells().values()))))
    return found


def stands_in_place(notes: Notes, sheet: Sheet) -> bool:
    """Whether the rows and columns of the sheet stand where they belong; says where not."""
    rule, grid = layout().prediction, content().grid
    expected = {(rule.head.first_row + i, rule.columns.row): row for i, row in enumerate(grid.rows)}
    for number in (rule.head.columns_row, rule.leg.columns_row):
        expected |= {(number, rule.columns.first + j): column for j, column in enumerate(grid.columns)}
    for (row, column), value in expected.items():
        cell = sheet.cell(row, column)
        if cell.text != str(value):
            notes.say("moved", cell.place, room=ROOM, found=cell.text or "-", expected=value)
            return False
    for i, label in enumerate(rule.leg.labels):
        cell = sheet.cell(rule.leg.first_row + i, 1)
        if cell.text != label:
            notes.say("moved", cell.place, room=ROOM, found=cell.text or "-", expected=label)
            return False
    return True


def _filled(notes: Notes, sheet: Sheet, row: int, column: int, by_fill: Mapping[str, str]) -> str | None:
    """Return what a cell's fill says; a word in the cell must say the same."""
    grid = content().grid
    fill, cell = sheet.fill(row, column), sheet.cell(row, column)
    key = by_fill.get(fill) if fill is not None else None
    plain = fill is None or fill in layout().prediction.plain
    if key is None and not plain:
        options = ", ".join(f"{one.label['en']} ({one.fill})" for one in grid.cells.values())
        notes.say("unknown_fill", cell.place, notes.lenient, ROOM, fill=fill, options=options)
    text = cell.text
    if (
        text
        and text.upper() != layout().mark
        and not (text.lower() in layout().blank and key in (None, NOTHING))
    ):
        said = next((k for k, one in grid.cells.items() if one.label["en"].lower() == text.lower()), None)
        if said is None or said != (key or NOTHING):
            shown = grid.cells[key].label["en"] if key is not None else "-"
            notes.say("word_on_fill", cell.place, notes.lenient, ROOM, text=text, fill=shown)
            return key if notes.calculator else None
    return key


def coloured(book: Book) -> tuple[dict[Point, str], dict[Point, Value], dict[Point, str]]:
    """Return what fills and marks of a prepared workbook say, without judging it.

    Returns
    -------
    tuple
        Cells of the grid by key, what stands in cells of the grid, and cells of the legforms' rows by key.
    """
    if layout().prediction.sheet not in book.sheets:
        return {}, {}, {}
    sheet, grid = book.sheet(layout().prediction.sheet), content().grid
    by_fill = {cell.fill: key for key, cell in grid.cells.items()}
    cells, marks, legs = {}, {}, {}
    for point, (row, column) in head_cells().items():
        cells[point] = by_fill.get(sheet.fill(row, column) or "", NOTHING)
        marks[point] = sheet.cell(row, column).value
    for leg in content().legs:
        words = {label.lower(): key for key, label in leg.cells.items()}
        for column, (row, at) in leg_cells(leg.row).items():
            key = words.get(sheet.cell(row, at).text.lower())
            if key is not None:
                legs[leg.row, column] = key
    return cells, marks, legs


# -- the sheets of impact points -----------------------------------------------------------------------------


def read_points(notes: Notes, prediction: Prediction) -> None:
    """Read what was measured at the impact points, and say where the sheets contradict the predictions."""
    _Heads(notes, prediction).read()
    _Legs(notes, prediction).read()


class _Points:
    """A sheet of impact points being read: one row for each point and criterion."""

    part: PointSheet

    def __init__(self, notes: Notes, prediction: Prediction) -> None:
        self.notes, self.prediction = notes, prediction
        self.seen: dict[tuple[Point, str], int] = {}

    def read(self) -> None:
        rule = layout().points.headings
        labels = [*rule.labels, rule.point, rule.criterion]
        table = self.notes.table(self.part.sheet, labels, [*rule.limits, rule.predicted, rule.value])
        if table is None:
            return
        for line in table.lines():
            self._line(table, line)
        if self.prediction.known:
            self._missing(table)

    def _line(self, table: Table, line: TableLine) -> None:
        rule = layout().points.headings
        if not line.labels[-1] or line.labels[-1].lower() in self.notes.blank:
            for heading in (rule.value, rule.predicted):
                cell = table.cell(line, heading)
                if not cell.empty:
                    self.notes.say("stray_value", cell.place, text=cell.text)
            return
        place = table.cell(line, rule.point)
        point = point_from(line.labels[4])
        criterion = None if point is None else self._criterion(point, line.labels[5])
        if point is None or criterion is None:
            self.notes.say("unknown_line", place.place, line=line.name)
            return
        if (point, criterion.label) in self.seen:
            first = str(self.seen[point, criterion.label])
            self.notes.say("line_twice", place.place, line=line.name, first=first)
            return
        self.seen[point, criterion.label] = line.row
        self._read(table, line, point, criterion)

    def _criterion(self, point: Point, label: str) -> PointCriterion | None:
        raise NotImplementedError

    def _read(self, table: Table, line: TableLine, point: Point, criterion: PointCriterion) -> None:
        raise NotImplementedError

    def _missing(self, table: Table) -> None:
        raise NotImplementedError

    def _compare(
        self, table: Table, line: TableLine, labels: Sequence[str], limits: tuple[float, float]
    ) -> None:
        """Say where labels or limits of a row are not those of its point; those of the point count."""
        rule = layout().points.headings
        for heading, found, expected in zip(rule.labels, line.labels, labels, strict=False):
            if found != expected:
                place = table.cell(line, heading).place
                self.notes.say("other_label", place, "warning", ROOM, found=found or "-", expected=expected)
        for heading, limit in zip(rule.limits, limits, strict=True):
            self.notes.compare(table.cell(line, heading), heading, limit, same_number)

    def _value(self, cell: Cell, fact: str, unit: str | None) -> float | None:
        return self.notes.number(cell, fact, unit, text_is=0.0)


class _Heads(_Points):
    def __init__(self, notes: Notes, prediction: Prediction) -> None:
        super().__init__(notes, prediction)
        self.part = layout().points.head

    def _criterion(self, point: Point, label: str) -> PointCriterion | None:
        grid = content().grid
        if point[0] not in grid.rows or point[1] not in grid.columns or label != grid.criterion:
            return None
        return PointCriterion("", label, grid.quantity, None, grid.limits)

    def _read(self, table: Table, line: TableLine, point: Point, criterion: PointCriterion) -> None:
        grid, rule = content().grid, layout().points.headings
        predicted, value = table.cell(line, rule.predicted), table.cell(line, rule.value)
        self.notes.state(grid.fact(point, "tested"), "yes", table.cell(line, rule.point).place)
        fact = grid.fact(point, grid.quantity)
        measured = self._value(value, fact, None)
        key = self.prediction.cells.get(point, NOTHING)
        shown = grid.cells[key].label["en"]
        if self.prediction.known:
            if predicted.text.lower() != shown.lower():
                self.notes.say(
                    "other_prediction",
                    predicted.place,
                    room=ROOM,
                    found=predicted.text or "-",
                    expected=shown,
                )
                if not self.notes.calculator:
                    return
            if point not in self.prediction.marked:
                mark = layout().mark
                self.notes.say(
                    "not_marked", predicted.place, "warning", ROOM, point=line.labels[4], mark=mark
                )
            band = grid.band(point[0])
            labels = (grid.loadcase_of(key), band.seat, band.dummy, band.region)
            self._compare(table, line, labels, grid.limits_of(key))
        if measured is not None:
            self.notes.state(fact, measured, value.place)

    def _missing(self, table: Table) -> None:
        drawn = {point for point, _ in self.seen}
        for point, place in self.prediction.marked.items():
            if point not in drawn:
                sheet = table.sheet.title
                self.notes.say("no_test", place, room=ROOM, point=point_name(point), sheet=sheet)


class _Legs(_Points):
    def __init__(self, notes: Notes, prediction: Prediction) -> None:
        super().__init__(notes, prediction)
        self.part = layout().points.leg
        self.cells: dict[Point, str | None] = {}

    def _criterion(self, point: Point, label: str) -> PointCriterion | None:
        for leg in content().legs:
            if leg.row == point[0] and point[1] in leg.columns:
                return next((one for one in leg.criteria if one.label == label), None)
        return None

    def _read(self, table: Table, line: TableLine, point: Point, criterion: PointCriterion) -> None:
        rule = layout().points.headings
        leg = next(leg for leg in content().legs if leg.row == point[0])
        predicted, value = table.cell(line, rule.predicted), table.cell(line, rule.value)
        words = {label.lower(): key for key, label in leg.cells.items()}
        key = words.get(predicted.text.lower())
        if key is None:
            if not self.notes.is_blank(predicted):
                options = ", ".join(leg.cells.values())
                self.notes.say("unknown_word", predicted.place, text=predicted.text, options=options)
        elif point not in self.cells:
            self.cells[point] = key
            self._state_cell(leg.fact(point[1], "cell"), point, key, predicted)
        elif self.cells[point] != key:
            shown = leg.cells[str(self.cells[point])]
            self.notes.say(
                "other_prediction", predicted.place, room=ROOM, found=predicted.text, expected=shown
            )
        fact = leg.fact(point[1], criterion.quantity)
        measured = self._value(value, fact, criterion.unit)
        if measured is not None:
            self.notes.state(fact, measured, value.place, criterion.unit)
        labels = (leg.loadcase, leg.seat, leg.dummy, criterion.region)
        self._compare(table, line, labels, criterion.limits)

    def _state_cell(self, fact: str, point: Point, key: str, cell: Cell) -> None:
        self.notes.state(fact, key, cell.place)
        if not self.prediction.known:
            return
        there = self.prediction.legs.get(point)
        if there is None or there[0] != key:
            expected = "-" if there is None else there[0].upper()
            self.notes.say("other_prediction", cell.place, room=ROOM, found=cell.text, expected=expected)

    def _missing(self, table: Table) -> None:
        for point, (_, place) in self.prediction.legs.items():
            leg = next(leg for leg in content().legs if leg.row == point[0])
            for criterion in leg.criteria:
                if (point, criterion.label) not in self.seen:
                    name = f"{point_name(point)} {criterion.label}"
                    self.notes.say("no_test", place, room=ROOM, point=name, sheet=table.sheet.title)
