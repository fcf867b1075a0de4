"""The sheets of impact points of a prepared workbook as pages: a row for each point and criterion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from carindex.euroncap.crash_protection.carrying import PointLine
from carindex.euroncap.crash_protection.content import content
from carindex.euroncap.crash_protection.layout import layout
from carindex.euroncap.crash_protection.points import Point, point_name
from carindex.euroncap.forms import FIRST_ROW, fit, put_heading, put_labels
from carindex.euroncap.pages import Page

Labels = tuple[str, str, str, str]


def head_lines(points: Sequence[Point], cells: Mapping[Point, str]) -> list[PointLine]:
    """Return the rows of the headforms' points, load case by load case and headform by headform.

    Parameters
    ----------
    points
        Points that are tested, in the order in which a body region lists them.
    cells
        What each cell of the grid says, by key.
    """
    grid = content().grid
    loadcases = [grid.verified, grid.mirrored]
    order = [band.region for band in sorted(grid.bands, key=lambda band: _place(band.dummy, band.region))]
    ranked = sorted(
        enumerate(points),
        key=lambda item: (
            loadcases.index(grid.loadcase_of(cells[item[1]])),
            order.index(grid.band(item[1][0]).region),
            item[0],
        ),
    )
    return [PointLine(point, grid.criterion, grid.cells[cells[point]].label["en"]) for _, point in ranked]


def _place(dummy: str, region: str) -> tuple[int, int]:
    rule = layout().points.head
    dummies = [band.dummy for band in content().grid.bands]
    return dummies.index(dummy), rule.regions.index(region)


def leg_lines(cells: Mapping[Point, str]) -> list[PointLine]:
    """Return the rows of the legforms' points: of a row of the car, body region by body region."""
    found = []
    for leg in content().legs:
        there = [column for column in leg.columns if (leg.row, column) in cells]
        for region in dict.fromkeys(criterion.region for criterion in leg.criteria):
            criteria = [criterion for criterion in leg.criteria if criterion.region == region]
            for column in there:
                point = (leg.row, column)
                label = leg.cells[cells[point]].capitalize()
                found += [PointLine(point, criterion.label, label) for criterion in criteria]
    return found


def head_page(lines: Sequence[PointLine]) -> Page:
    """Return the sheet of the headforms' points."""
    grid = content().grid
    rows = []
    for line in lines:
        key = _key(line.predicted)
        band = grid.band(line.point[0])
        labels = (grid.loadcase_of(key), band.seat, band.dummy, band.region)
        rows.append((line, labels, grid.limits_of(key), True))
    return _page(layout().points.head.sheet, rows)


def _key(predicted: str) -> str:
    cells = content().grid.cells
    return next((key for key, cell in cells.items() if cell.label["en"].lower() == predicted.lower()), "grey")


def leg_page(lines: Sequence[PointLine]) -> Page:
    """Return the sheet of the legforms' points; a point that takes the value of others has none of its own."""
    rows = []
    for line in lines:
        leg = next(leg for leg in content().legs if leg.row == line.point[0])
        criterion = next(one for one in leg.criteria if one.label == line.criterion)
        labels = (leg.loadcase, leg.seat, leg.dummy, criterion.region)
        asked = line.predicted.lower() != leg.cells[layout().points.inferred].lower()
        rows.append((line, labels, criterion.limits, asked))
    return _page(layout().points.leg.sheet, rows)


def _page(title: str, rows: Sequence[tuple[PointLine, Labels, tuple[float, float], bool]]) -> Page:
    rule = layout().points.headings
    page = Page(title)
    put_heading(page, rule.all, layout().fills["heading"])
    column = {heading: i for i, heading in enumerate(rule.all, start=1)}
    for row, (line, labels, limits, asked) in _numbered(rows):
        above = rows[row - FIRST_ROW - 1][1] if row > FIRST_ROW else ()
        # the seat stands again at each impactor
        put_labels(page, row, labels, _seat_by_dummy(labels), _seat_by_dummy(above))
        page.put(row, column[rule.point], point_name(line.point))
        page.put(row, column[rule.criterion], line.criterion)
        for heading, limit in zip(rule.limits, limits, strict=True):
            page.put(row, column[heading], limit)
        page.put(row, column[rule.predicted], line.predicted)
        page.put(row, column[rule.value], line.value, fill=layout().fills["input"] if asked else None)
    return fit(page)


def _numbered(
    rows: Sequence[tuple[PointLine, Labels, tuple[float, float], bool]],
) -> Iterator[tuple[int, tuple[PointLine, Labels, tuple[float, float], bool]]]:
    return enumerate(rows, start=FIRST_ROW)


def _seat_by_dummy(labels: Sequence[str]) -> tuple[str, ...]:
    return (labels[0], f"{labels[1]}/{labels[2]}", *labels[2:]) if labels else ()
