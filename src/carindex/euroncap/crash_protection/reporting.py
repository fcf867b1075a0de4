"""The report of Crash Protection: the prepared workbook with every score, colour and capping filled in.

A cell stays empty while its score is open. Where something was not measured the report prints what the programme's own
does: a body region that has no score without what is missing stays empty, headforms whose band has no points
stay as they were.
"""

from __future__ import annotations

from collections.abc import Sequence

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book
from carindex.euroncap.crash_protection.carrying import Carried, PointLine, carried_over, criterion_of
from carindex.euroncap.crash_protection.content import Dummy, Region, content
from carindex.euroncap.crash_protection.layout import CriteriaSheet, layout
from carindex.euroncap.crash_protection.lines import Line
from carindex.euroncap.crash_protection.pointsheets import head_page, leg_page
from carindex.euroncap.crash_protection.prediction import coloured
from carindex.euroncap.crash_protection.sheets import (
    criteria_headings,
    criteria_page,
    dummies_page,
    last_pages,
    lines_with_dummies,
    parameters_page,
    prediction_prepared,
    regions_page,
    tests_page,
)
from carindex.euroncap.forms import FIRST_ROW, HEADING_ROW, fit, rounded
from carindex.euroncap.pages import Page, Value
from carindex.euroncap.scored import Scored


def report(book: Book, rows: list[Row], scored: Scored) -> list[Page]:
    """Return the prepared workbook with its scores.

    Parameters
    ----------
    book
        The prepared workbook.
    rows
        The facts that were read from it.
    scored
        What the rating says.
    """
    return _Report(carried_over(book), rows, scored).pages(book)


class _Report:
    def __init__(self, carried: Carried, rows: Sequence[Row], scored: Scored) -> None:
        self.carried, self.scored = carried, scored
        self.given = {row.name for row in rows}
        self.words = {row.name: str(row.value) for row in rows if isinstance(row.value, str)}
        self.left = self._left_as_they_were()

    def pages(self, book: Book) -> list[Page]:
        values = self.carried.values
        rule, version = layout(), layout().version_sheet
        cells, marks, legs = coloured(book)
        return [
            parameters_page(values, "prepared"),
            self._tests(tests_page(values, "prepared")),
            self._dummies(dummies_page("prepared")),
            self._regions(regions_page(values, "prepared")),
            *(self._criteria(part) for part in rule.criteria.sheets),
            prediction_prepared(cells, marks, legs),
            self._heads(),
            self._legs(),
            *last_pages([version.template, version.prepared, version.report]),
        ]

    # -- what the rating says --------------------------------------------------------------------------------

    def named(self, name: str) -> float | None:
        """Return a value by name, ``None`` while it is open or where nobody publishes it."""
        try:
            value = self.scored.named(name)
        except KeyError:
            return None
        return None if value is None or value != value else value

    def _percent(self, name: str) -> float | None:
        value = self.named(name)
        return None if value is None else rounded(value, content().scheme.regions.round["score"])

    def _points(self, path: str, decimals: int) -> float | None:
        value = self.scored.score(path)
        return None if value is None else rounded(value, decimals)

    def _maximum(self, path: str, fixed: float | None) -> float | None:
        value = self.named(f"{path}#maximum")
        return fixed if value is None else value

    def _put(self, page: Page, row: int, column: int, value: Value, number: str | None = None) -> None:
        shown = number if isinstance(value, int | float) else None
        page.put(row, column, value, fill=layout().fills["computed"], number=shown)

    # -- tests, dummies, body regions ------------------------------------------------------------------------

    def _tests(self, page: Page) -> Page:
        decimals = content().scheme.tests.round["points"]
        for row, test in enumerate(content().tests, start=FIRST_ROW):
            self._put(page, row, 5, self._points(test.path, decimals), layout().formats["test"])
        return fit(page)

    def _dummies(self, page: Page) -> Page:
        rounds, number = content().scheme.occupants.round, layout().formats["points"]
        for row, (_, dummy) in enumerate(content().dummies, start=FIRST_ROW):
            if dummy.path in self.left:
                self._put(page, row, 8, 0, number)
                continue
            capped = self.named(f"{dummy.path}#capped")
            self._put(page, row, 7, layout().capped.occupant if capped else None)
            self._put(page, row, 8, self._points(dummy.path, rounds["points"]), number)
            maximum = self._dummy_maximum(dummy)
            if maximum is not None:
                page.put(row, 9, rounded(maximum, rounds["maximum"]), number=number)
        return fit(page)

    def _dummy_maximum(self, dummy: Dummy) -> float | None:
        if dummy.maximum is not None:
            return self._maximum(dummy.path, dummy.maximum)
        below = [self._maximum(region.path, region.maximum) for region in dummy.regions]
        known = [value for value in below if value is not None]
        return self._maximum(dummy.path, sum(known) if len(known) == len(below) else None)

    def _regions(self, page: Page) -> Page:
        rounds, formats = content().scheme.regions.round, layout().formats
        row = FIRST_ROW
        for _, dummy in content().dummies:
            for region in dummy.regions:
                left = region.path in self.left
                percent, points = (0.0, 0.0) if left else self._region(dummy, region)
                modifiers = 0.0 if left else self.named(f"{region.path}#modifiers") or 0.0
                self._put(page, row, 7, percent, formats["percent"])
                self._put(page, row, 8, rounded(modifiers, rounds["score"]), formats["percent"])
                self._put(page, row, 10, points, formats["points"])
                maximum = self._maximum(region.path, region.maximum)
                if maximum is not None and not left:
                    # shares of the grid are printed as they are
                    shown = maximum if region.points == "grid" else rounded(maximum, rounds["maximum"])
                    page.put(row, 11, shown, number=formats["points"])
                row += 1
        return fit(page)

    def _region(self, dummy: Dummy, region: Region) -> tuple[float | None, float | None]:
        """Return per cent and points of a body region, nothing where it is not assessed."""
        if self._is_missing(dummy, region):
            return None, None
        percent = self._percent(f"{region.path}#percent")
        points = self._points(region.path, content().scheme.regions.round["points"])
        asked = region.inspected and region.points != "row"
        return percent, None if asked and region.inspection not in self.given else points

    def _is_missing(self, dummy: Dummy, region: Region) -> bool:
        """Whether nothing was given of a body region that has no score without it."""
        if region.points == "row":
            return not self.named(f"{region.path}#scores")
        excursions = [line for line in dummy.lines if line.kind == "excursion"]
        if not excursions:
            return False
        if any(line.fact in self.given for line in excursions):
            return False
        own = any(line.path == region.path for line in excursions)
        return not (own and self._head_missing(dummy))

    def _head_missing(self, dummy: Dummy) -> bool:
        """Whether a criterion of the head with a score elsewhere is blank: the excursion's region then has 0."""
        head = [
            line
            for line in dummy.lines
            if line.kind == "criterion" and line.labels[3] == dummy.regions[0].label
        ]
        return any(line.fact not in self.given for line in head[1:])

    def _left_as_they_were(self) -> set[str]:
        """Return headforms' rows that stay as they were: those of bands without cells or without drawn points."""
        grid = content().grid
        with_cells, with_points = set(), set()
        for row in grid.rows:
            for column in grid.columns:
                said = self.words.get(grid.fact((row, column), "cell"))
                if said is None:
                    continue
                with_cells.add(row)
                mirrored = said in grid.cells and grid.cells[said].mirrored
                if grid.fact((row, column), "tested") in self.given and not mirrored:
                    with_points.add(row)
        bands = [
            (dummy.path, region.path, {row for row in grid.rows if grid.band(row).region == region.label})
            for _, dummy in content().dummies
            for region in dummy.regions
            if region.points == "grid"
        ]
        coloured_bands = {path for _, path, rows in bands if rows & with_cells}
        drawn = {path for _, path, rows in bands if rows & with_points}
        everything = {path for dummy, region, _ in bands for path in (dummy, region)}
        if not coloured_bands:
            return everything
        if coloured_bands - drawn:
            return {path for _, path, _ in bands} - coloured_bands
        if len({dummy for dummy, path, _ in bands if path in drawn}) < len({dummy for dummy, _, _ in bands}):
            return everything
        order = [path for _, path, _ in bands]
        stop = next((i for i, path in enumerate(order) if path not in drawn), len(order))
        return set(order[stop:])

    # -- measured values -------------------------------------------------------------------------------------

    def _criteria(self, part: CriteriaSheet) -> Page:
        values = {
            fact: int(value) if isinstance(value, bool) else value
            for fact, value in self.carried.values.items()
        }
        page = criteria_page(part, values, "prepared")
        headings = criteria_headings(part)
        first = self._headings(page, len(headings) + 1)
        rule = layout().criteria.headings
        for row, (_, line) in enumerate(lines_with_dummies(part.sheet), start=FIRST_ROW):
            percent, capped, colour = self._criterion(line)
            self._put(page, row, first, percent, layout().formats["percent"])
            self._put(page, row, first + 1, capped)
            self._put(page, row, first + 2, self._colour(colour))
            if line.worked_out:
                limit = self.named(f"{line.path}#limit")
                for heading in rule.limits:
                    if limit is not None:
                        at = headings.index(heading) + 1
                        page.put(row, at, limit, number=layout().formats["limit"])
        return fit(page)

    def _headings(self, page: Page, first: int) -> int:
        for i, text in enumerate(layout().criteria.computed):
            page.put(HEADING_ROW, first + i, text, heading=True, fill=layout().fills["heading"])
        return first

    def _criterion(self, line: Line) -> tuple[float | None, str | None, float | None]:
        """Return score, capping and colour of a row as the sheet prints them."""
        if line.kind == "modifier":
            taken = self.named(f"{line.path}#modifier_{line.modifier}")
            last = len(content().scheme.colours.names) - 1
            return None, None, None if line.fact not in self.given or taken is None else last if taken else 0
        if line.kind != "criterion":
            return None, None, None
        percent, colour = self._percent(f"{line.path}#percent"), self.named(f"{line.path}#colour")
        capped = layout().capped.criterion if self.named(f"{line.path}#capped") else None
        if line.fact not in self.given and not line.coupled:
            colour = None
        if self.named(f"{line.path}#assessed") == 0.0:
            return None, capped, None
        if self.named(f"{line.path}#scores") == 0.0:
            percent = self._unscored(line)
        return percent, capped, colour

    def _unscored(self, line: Line) -> float | None:
        """Return what is printed as the score of a criterion that has none: 0 for one that caps and is blank."""
        peak = line.fact.endswith("/head_peak")
        return 0.0 if line.only_caps and line.fact not in self.given and not peak else None

    def _colour(self, colour: float | None) -> str | None:
        if colour is None:
            return None
        colours = content().scheme.colours
        return colours.labels[colours.names[int(colour)]]["en"]

    # -- impact points ---------------------------------------------------------------------------------------

    def _heads(self) -> Page:
        grid = content().grid
        mirrored = {cell.label["en"].lower() for cell in grid.cells.values() if cell.mirrored}
        lines = []
        for line in self.carried.heads:
            name = f"{grid.test}/{line.point[0]}_{line.point[1]}"
            lines.append((self._inferred(line, name, line.predicted.lower() in mirrored), name))
        return self._point_page(head_page([line for line, _ in lines]), [name for _, name in lines])

    def _legs(self) -> Page:
        lines = []
        for line in self.carried.legs:
            leg = next(leg for leg in content().legs if leg.row == line.point[0])
            criterion = criterion_of(line.point, line.criterion)
            assert criterion is not None
            name = leg.fact(line.point[1], criterion.quantity)
            inferred = line.predicted.lower() == leg.cells[layout().points.inferred].lower()
            lines.append((self._inferred(line, name, inferred), name))
        return self._point_page(leg_page([line for line, _ in lines]), [name for _, name in lines])

    def _inferred(self, line: PointLine, name: str, inferred: bool) -> PointLine:
        """Return a row with the value that its point takes from others, where it does and has none of its own."""
        value = self.named(f"{name}#value")
        if not inferred or value is None or line.value not in (None, ""):
            return line
        decimals = content().scheme.colours.round["value"]
        return PointLine(line.point, line.criterion, line.predicted, rounded(value, decimals))

    def _point_page(self, page: Page, names: Sequence[str]) -> Page:
        first = self._headings(page, len(layout().points.headings.all) + 1)
        for row, name in enumerate(names, start=FIRST_ROW):
            self._put(page, row, first, self._percent(f"{name}#percent"), layout().formats["percent"])
            self._put(page, row, first + 1, None)
            self._put(page, row, first + 2, self._colour(self.named(f"{name}#colour")))
        return fit(page)
