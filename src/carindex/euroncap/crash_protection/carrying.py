"""What stands in the user's cells of a workbook, carried over: values, predictions, inspections, impact points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from carindex.euroncap.cells import Book
from carindex.euroncap.crash_protection.content import content
from carindex.euroncap.crash_protection.layout import layout
from carindex.euroncap.crash_protection.points import Point, PointCriterion, point_from
from carindex.euroncap.crash_protection.sheets import PREDICTED, criteria_headings
from carindex.euroncap.forms import Table
from carindex.euroncap.pages import Value

Facts = Mapping[tuple[str, ...], str]
"""The fact that a row asks for, by the labels of the row."""


class PointLine(msgspec.Struct, frozen=True):
    """A row of a sheet of impact points: which point and criterion, what is predicted, and what stands in its value."""

    point: Point
    criterion: str
    predicted: str
    value: Value = None


@dataclass
class Carried:
    """What the user filled in, by fact (predictions by ``FACT/predicted``), and the rows of the impact points."""

    values: dict[str, Value] = field(default_factory=dict)
    heads: list[PointLine] = field(default_factory=list)
    legs: list[PointLine] = field(default_factory=list)


def carried_over(book: Book) -> Carried:
    """Return what stands in the user's cells; a row that is not one of the programme's is left out."""
    found = Carried()
    for title, labels, column, facts in _questions():
        for table, row, key in _rows(book, title, labels, [column]):
            fact = facts.get(key)
            if fact is not None:
                found.values.setdefault(fact, table.sheet.cell(row, table.columns[column]).value)
    points = layout().points
    found.heads = list(_points(book, points.head.sheet))
    found.legs = list(_points(book, points.leg.sheet))
    return found


def _questions() -> Iterator[tuple[str, Sequence[str], str, Facts]]:
    """Yield sheet, headings of the labels, heading of the answers, and the fact of each row."""
    stage = content().label
    rule = layout()
    parameters: Facts = {
        (stage, row.element, row.sub_element, row.label or ""): row.fact
        for row in rule.parameters.rows
        if row.fact is not None
    }
    yield rule.parameters.sheet, rule.parameters.headings[:-1], rule.parameters.headings[-1], parameters
    tests: Facts = {(stage, test.element, test.label): test.inspection for test in content().tests}
    yield rule.tests.sheet, rule.tests.headings[:3], rule.tests.headings[3], tests
    regions: Facts = {
        (test.element, test.label, dummy.loadcase, dummy.seat, dummy.label, region.label): region.inspection
        for test, dummy in content().dummies
        for region in dummy.regions
    }
    yield rule.regions.sheet, rule.regions.headings[:6], rule.regions.headings[8], regions
    headings = rule.criteria.headings
    for part in rule.criteria.sheets:
        lines = content().lines[part.sheet]
        measured: Facts = {key: line.fact for key, line in lines.items()}
        yield part.sheet, headings.labels, headings.value, measured
        if headings.predicted in criteria_headings(part):
            predicted: Facts = {key: f"{line.fact}{PREDICTED}" for key, line in lines.items()}
            yield part.sheet, headings.labels, headings.predicted, predicted


def _rows(
    book: Book, title: str, labels: Sequence[str], others: Sequence[str]
) -> Iterator[tuple[Table, int, tuple[str, ...]]]:
    if title not in book.sheets:
        return
    table = Table(book.sheet(title), labels, others)
    if not table.missing:
        for line in table.lines():
            yield table, line.row, line.labels


def _points(book: Book, title: str) -> Iterator[PointLine]:
    rule = layout().points.headings
    labels = [*rule.labels, rule.point, rule.criterion]
    seen = set()
    for table, row, key in _rows(book, title, labels, [rule.predicted, rule.value]):
        point, criterion = point_from(key[4]), key[5]
        if point is None or (point, criterion) in seen or criterion_of(point, criterion) is None:
            continue
        seen.add((point, criterion))
        cells = table.sheet
        predicted = cells.cell(row, table.columns[rule.predicted]).text
        yield PointLine(point, criterion, predicted, cells.cell(row, table.columns[rule.value]).value)


def criterion_of(point: Point, label: str) -> PointCriterion | None:
    """Return the criterion of an impact point by its printed label, ``None`` where there is none."""
    grid = content().grid
    if label == grid.criterion:
        inside = point[0] in grid.rows and point[1] in grid.columns
        return PointCriterion("", label, grid.quantity, None, grid.limits) if inside else None
    for leg in content().legs:
        if leg.row == point[0] and point[1] in leg.columns:
            return next((one for one in leg.criteria if one.label == label), None)
    return None
