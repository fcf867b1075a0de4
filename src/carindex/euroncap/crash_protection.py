"""The crash-protection workbook: prepared for testing to facts, and filled in as a report.

A report asks for these values beside scores: of a criterion ``#colour``, ``#percent``, ``#capped``, ``#check``,
``#scores``, ``#assessed``, ``#limit``; of a region ``#percent``, ``#modifiers``, ``#modifier_N``, ``#maximum``; of an
impact point (``vru_headform/<row>_<column>``, legform points by criterion) ``#colour``, ``#percent``, ``#value``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book, Cell
from carindex.euroncap.occupants import (
    STAGE,
    Dummy,
    Printed,
    dummies,
    point_criteria,
    printed_rows,
    regions,
    sheet_of,
    tests,
)
from carindex.euroncap.pages import Page
from carindex.euroncap.scored import Scored
from carindex.euroncap.scores import rounded
from carindex.euroncap.tables import (
    Table,
    TableRow,
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
from carindex.rating.impact_points import grid_points
from carindex.rating.matrices import word
from carindex.rating.protocol import Node

COLOURS = ("green", "yellow", "orange", "brown", "red")
EXCURSIONS = (*COLOURS[:3], "red", "capping")
INPUTS = "Input parameters"
GRID = "CP - VRU Prediction"
GRID_TOP, GRID_LEFT = 4, 5
HEAD, LEGS = "CP - VRU Head Impact", "CP - VRU Pelvis & Leg Impact"
POINT_TESTS = {
    "Headform": "vru_headform",
    "Headform Apillar": "vru_headform",
    "Upper Leg": "vru_upper_legform",
    "Lower Leg": "vru_lower_legform",
}
PARAMETERS = {
    "Countermeasure?": ("car/farside_countermeasure", True),
    "Red line >125 mm outboard of the orange line ?": ("car/farside_red_line_outboard", True),
    "Torso angle (rear second row)": ("head_restraint_static_rear/rear_second_row/hpm/torso_angle", False),
    "Torso angle (rear third row)": ("head_restraint_static_rear/rear_third_row/hpm/torso_angle", False),
    "Number of verification tests (min 10)": ("vru_headform/number_of_verification_tests", False),
}
LEG_NUMBERS = {
    "Pelvis Impact": "vru_upper_legform/number_of_verification_tests",
    "Leg Impact": "vru_lower_legform/number_of_verification_tests",
}
PLACE = ("Loadcase", "Seat position", "Dummy", "Body region")
YES = {"true", "yes", "1", "1.0"}
NO = {"false", "no", "0", "0.0"}
PASSED = {"pass", "passed", "ok", "yes", "true"}
FAILED = {"fail", "failed", "no", "false"}


class _Reader:
    def __init__(self, book: Book, calculator: bool) -> None:
        self.book, self.calculator = book, calculator
        self.rows: list[Row] = []
        self.findings: list[Finding] = []

    def put(self, fact: str, value: object, cell: Cell, unit: str | None = None) -> None:
        if value is not None:
            self.rows.append(Row(fact, value, unit, "", cell.place))

    def wrong(self, code: str, cell: Cell, **parameters: object) -> None:
        self.findings.append(
            Finding(f"euroncap.{code}", "error", cell.place, None, {"found": cell.text, **parameters})
        )

    def number(self, cell: Cell, *, lenient: bool = False, least: float = 0.0) -> float | None:
        """Return the number of a cell, refused by name where it cannot be one or is below what is possible."""
        if blank(cell):
            return None
        number = number_of(cell)
        if number is None:
            if lenient and self.calculator:
                return 0.0
            self.wrong("not_a_number", cell)
            return None
        if number < least and not self.calculator:
            self.wrong("below_possible", cell, least=f"{least:g}")
            return None
        return number

    def choice(self, cell: Cell, words: Sequence[str]) -> str | None:
        if blank(cell):
            return None
        said = word(cell.text)
        if said in words:
            return said
        self.wrong("not_a_word", cell, expected=", ".join(words))
        return None

    # -- sheets

    def read(self) -> None:
        self.parameters()
        self.inspections()
        for test in tests().values():
            sheet = sheet_of(test)
            if test.spec.grid is None and not any(node.spec.row is not None for node in test.walk()):
                self.occupants(sheet)
        cells = self.grid()
        self.points(HEAD, cells)
        self.points(LEGS, cells)

    def parameters(self) -> None:
        table = Table(self.book.sheet(INPUTS), ("Stage subelement",), ("Input parameter", "Value"))
        third = False
        for row in table.rows():
            cell = row.cell("Value")
            name = row.cell("Input parameter").text
            if row.labels[0] in LEG_NUMBERS and name:
                self.put(LEG_NUMBERS[row.labels[0]], self.number(cell), cell)
            elif name in PARAMETERS:
                fact, yes_no = PARAMETERS[name]
                value: object = self.choice(cell, ("yes", "no")) if yes_no else self.number(cell, least=-90.0)
                unit = "deg" if fact.endswith("/torso_angle") else None
                self.put(fact, value, cell, unit)
                third |= fact.startswith("head_restraint_static_rear/rear_third_row") and value is not None
        place = Cell(None, self.book.sheet(INPUTS).place(1, 1))
        self.put("car/third_seat_row", "yes" if third else "no", place)

    def inspections(self) -> None:
        table = Table(
            self.book.sheet("Test Scores"), ("Stage element", "Stage subelement"), ("Inspection [%]",)
        )
        by_label = {test.label["en"]: test for test in tests().values()}
        for row in table.rows():
            cell = row.cell("Inspection [%]")
            test = by_label.get(row.labels[1])
            if test is None:
                self.wrong("unknown_row", table.sheet.cell(row.number, 1), row=" / ".join(row.labels))
                continue
            self.inspection(f"{STAGE}/{test.key}/inspection", cell)
        labels = ("Stage subelement", *PLACE)
        table = Table(
            self.book.sheet("CP - Body region scores"), ("Stage element", *labels), ("Inspection [%]",)
        )
        seen = set()
        for row in table.rows():
            region = _regions().get(row.labels[1:])
            if region is None:
                self.wrong("unknown_row", table.sheet.cell(row.number, 1), row=" / ".join(row.labels))
                continue
            seen.add(row.labels[1:])
            if region.spec.inspection != "none":
                self.inspection(_inspection_fact(region), row.cell("Inspection [%]"))
        for labels_of in _regions().keys() - seen:
            place = table.sheet.place(1, 1)
            self.findings.append(finding("row_missing", place, row=" / ".join(labels_of)))

    def inspection(self, fact: str, cell: Cell) -> None:
        number = self.number(cell)
        if number is not None and number > 100 and not self.calculator:
            self.wrong("inspection_above_100", cell)
            return
        self.put(fact, number, cell, "%")

    def occupants(self, sheet: str) -> None:
        table = Table(self.book.sheet(sheet), PLACE, ("Criteria", "Value"))
        seen = set()
        for row in table.rows():
            criterion = row.cell("Criteria")
            if blank(criterion):
                continue
            key = (sheet, *row.labels, criterion.text)
            rule = printed_rows().get(key)
            if rule is None:
                self.wrong("unknown_row", criterion, row=" / ".join(key[1:]))
                continue
            seen.add(key)
            self.limits(row, rule)
            self.value(row, rule)
        for key in printed_rows().keys() - seen:
            if key[0] == sheet:
                self.findings.append(finding("row_missing", table.sheet.place(1, 1), row=" / ".join(key[1:])))

    def limits(self, row: TableRow, rule: Printed) -> None:
        """Say where the limits that a sheet prints are not the protocol's: the protocol's count."""
        if rule.limits is None or "HPL" not in row.table.columns:
            return
        for heading, limit in zip(("HPL", "LPL"), rule.limits, strict=True):
            cell = row.cell(heading)
            number = number_of(cell)
            if number is None or abs(number - limit) > 1e-6:
                self.findings.append(
                    finding("limit_edited", cell.place, "warning", found=cell.text or "-", limit=f"{limit:g}")
                )

    def value(self, row: TableRow, rule: Printed) -> None:
        cell = row.cell("Value")
        if rule.kind in ("criterion", "modifier"):
            least = -1e9 if rule.fact.rsplit("/", 1)[-1].startswith(("backset", "pedal")) else 0.0
            number = self.number(cell, lenient=rule.kind == "criterion", least=least)
            if number is not None and rule.take == "compression":
                number = -number
            self.put(rule.fact, number, cell, rule.unit)
            if rule.predicted and "OEM Prediction" in row.table.columns:
                said = row.cell("OEM Prediction")
                self.put(f"{rule.fact}/predicted", self.choice(said, COLOURS), said)
        elif rule.kind == "excursion":
            self.put(rule.fact, self.choice(cell, EXCURSIONS), cell)
        elif not blank(cell):
            self.put(rule.fact, self.verdict(cell, rule.kind), cell)

    def verdict(self, cell: Cell, kind: str) -> str | None:
        yes, no = ("pass", "fail") if kind == "non_use_position" else ("yes", "no")
        said = cell.text.lower()
        accepted = PASSED if kind == "non_use_position" else YES
        refused = FAILED if kind == "non_use_position" else NO
        if said in accepted or (said in ("1000",) and kind == "non_use_position"):
            return yes
        if said in refused or said == "0":
            return no
        if self.calculator:
            return None if kind == "non_use_position" else no
        self.wrong("not_a_word", cell, expected=f"{yes}, {no}")
        return None

    def grid(self) -> dict[tuple[int, int], str]:
        sheet = self.book.sheet(GRID)
        grid = next(test.spec.grid for test in tests().values() if test.spec.grid is not None)
        words = {cell.fill: name for name, cell in grid.cells.items()}
        first = int(grid.rows["first"]["row"])
        found = {}
        for row, column in grid_points(grid):
            place = GRID_TOP + first - row, GRID_LEFT + grid.columns["first"] - column
            fill = sheet.fill(*place)
            said = words.get(fill or "")
            if said is None and fill not in (None, "FFFFFF", "000000", "D9D9D9") and not self.calculator:
                self.findings.append(finding("unknown_fill", sheet.place(*place), found=fill))
            if said not in (None, "grey"):
                assert said is not None
                found[row, column] = said
                self.put(f"vru_headform/{row}_{column}/cell", said, sheet.cell(*place))
        return found

    def points(self, title: str, cells: Mapping[tuple[int, int], str]) -> None:
        table = Table(
            self.book.sheet(title),
            ("Loadcase", "Body region", "Test point"),
            ("Criteria", "OEM Prediction", "Value"),
        )
        for row in table.rows():
            criterion = row.cell("Criteria")
            if blank(criterion):
                continue
            test = POINT_TESTS.get(row.labels[0])
            numbers = [int(number) for number in re.findall("-?[0-9]+", row.labels[2])]
            if test is None or criterion.text not in point_criteria() or len(numbers) != 2:
                self.wrong("unknown_row", criterion, row=" / ".join((*row.labels, criterion.text)))
                continue
            point = (numbers[0], numbers[1])
            at = f"{test}/{point[0]}_{point[1]}"
            said = row.cell("OEM Prediction")
            if test == "vru_headform":
                if cells.get(point) != word(said.text):
                    self.wrong("not_as_predicted", said, expected=cells.get(point, "-"))
                    continue
                self.put(f"{at}/tested", "yes", said)
            else:
                self.put(f"{at}/cell", self.choice(said, ("t", "st", "sa")), said)
            quantity, unit = point_criteria()[criterion.text]
            value = row.cell("Value")
            self.put(f"{at}/{quantity}", self.number(value, lenient=True), value, unit)


def _regions() -> dict[tuple[str, ...], Node]:
    return {
        labels: region
        for test in tests().values()
        for dummy in dummies(test)
        for region, labels in regions(dummy)
    }


def _inspection_fact(region: Node) -> str:
    from carindex.rating.asking import fact_name

    return fact_name(f"inspection_{region.key}", region)


def read(book: Book, *, calculator: bool = False) -> tuple[list[Row], list[Finding]]:
    """Return the facts of a prepared crash-protection workbook, and what is wrong with it."""
    if "CP - Body region scores" not in book.sheets:
        raise InputError(book.path, "euroncap.other_stage", stage="Crash Protection")
    reader = _Reader(book, calculator)
    reader.findings.extend(check_version(book))
    reader.read()
    return reader.rows, reader.findings


# -- report --------------------------------------------------------------------------------------------------


class _Report:
    def __init__(self, book: Book, rows: Sequence[Row], scored: Scored) -> None:
        self.book, self.scored = book, scored
        self.given = {row.name for row in rows}
        self.words = {row.name: row.value for row in rows}
        self.pages = copied(book)

    def write(self) -> list[Page]:
        left = self.left_as_they_were()
        self.tests()
        self.dummies(left)
        self.body_regions(left)
        for title in {row.sheet for row in printed_rows().values()}:
            self.criteria(title)
        self.impact_points(HEAD)
        self.impact_points(LEGS)
        note_scored(self.pages)
        return self.pages

    def named(self, name: str) -> float | None:
        try:
            value = self.scored.named(name)
        except KeyError:
            return None
        return None if value is None or value != value else value

    def tests(self) -> None:
        table = Table(self.book.sheet("Test Scores"), ("Stage element", "Stage subelement"), ("Score",))
        page = page_of(self.pages, "Test Scores")
        for row in table.rows():
            test = tests()[row.labels[1]]
            put_value(page, row.number, table.columns["Score"], rounded(self.scored.score(test.path)))

    def dummies(self, left: set[str]) -> None:
        labels = ("Stage subelement", "Loadcase", "Seat position", "Dummy")
        table = Table(self.book.sheet("CP - Dummy Scores"), labels, ("Capping?", "Score", "Max score"))
        page = page_of(self.pages, "CP - Dummy Scores")
        by_labels = {dummy.labels: dummy for test in tests().values() for dummy in dummies(test)}
        for row in table.rows():
            dummy = by_labels[row.labels]  # type: ignore[index]
            path = dummy.node.path
            if path in left:
                put_value(page, row.number, table.columns["Score"], 0)
                continue
            capped = self.named(f"{path}#capped")
            put_value(page, row.number, table.columns["Capping?"], "Capped" if capped else None)
            put_value(page, row.number, table.columns["Score"], rounded(self.scored.score(path), 4))
            maximum = self.named(f"{path}#maximum")
            if maximum is None:
                maximum = self.maximum_of(dummy)
            put_value(page, row.number, table.columns["Max score"], rounded(maximum, 4))

    def maximum_of(self, dummy: Dummy) -> float:
        if dummy.node.spec.points is not None:
            return dummy.node.spec.points
        return sum(self.region_maximum(region) for region, _ in regions(dummy))

    def region_maximum(self, region: Node) -> float:
        named = self.named(f"{region.path}#maximum")
        return region.maximum if named is None else named

    def body_regions(self, left: set[str]) -> None:
        labels = ("Stage subelement", *PLACE)
        title = "CP - Body region scores"
        table = Table(self.book.sheet(title), labels, ("Body regionscore", "Modifiers", "Score", "Max score"))
        page = page_of(self.pages, title)
        for row in table.rows():
            region = _regions()[row.labels]
            percent, points = self.region_scores(region)
            maximum = self.region_maximum(region)
            if region.path in left:
                percent = points = 0.0
            for heading, value in (
                ("Body regionscore", rounded(percent, 5)),
                ("Modifiers", rounded(self.named(f"{region.path}#modifiers") or 0.0, 5)),
                ("Score", rounded(points, 5)),
                ("Max score", maximum if region.spec.rows is not None else rounded(maximum, 5)),
            ):
                if region.path in left and heading == "Max score":
                    continue
                put_value(page, row.number, table.columns[heading], value)

    def region_scores(self, region: Node) -> tuple[float | None, float | None]:
        """Return per cent and points of a region, nothing where it is not assessed."""
        percent, points = self.named(f"{region.path}#percent"), self.scored.score(region.path)
        if self.no_scores(region):
            return None, None
        inspected = _inspection_fact(region) in self.given or region.spec.row is not None
        if region.spec.inspection != "none" and not inspected:
            points = None
        return percent, points

    def no_scores(self, region: Node) -> bool:
        """Whether nothing was given of a region that has no score without it."""
        if region.spec.choose is not None:
            fact = next(
                row.fact
                for row in printed_rows().values()
                if row.path == region.path and row.kind == "excursion"
            )
            return fact not in self.given and not self.head_blank(region)
        if any(child.spec.near is not None for child in region.children):
            near = [row.fact for row in printed_rows().values() if row.path.startswith(f"{region.path}/")]
            return not any(fact in self.given for fact in near)
        if region.spec.row is not None:
            return not self.named(f"{region.path}#scores")
        return False

    def head_blank(self, region: Node) -> bool:
        """Whether a criterion of the head in the same test is blank, which prints the region as 0."""
        owner = region.path.rsplit("/", 1)[0]
        head = [
            row
            for row in printed_rows().values()
            if row.path.startswith(f"{owner}/") and row.labels[3] == "Head" and row.kind == "criterion"
        ]
        return any(row.fact not in self.given and not row.fact.endswith("/head_peak") for row in head)

    def left_as_they_were(self) -> set[str]:
        """Return the headform rows that stay as they were: those of bands without cells or without drawn points."""
        test = next(test for test in tests().values() if test.spec.grid is not None)
        grid = test.spec.grid
        assert grid is not None
        cells, drawn = set(), set()
        for row, column in grid_points(grid):
            said = self.words.get(f"vru_headform/{row}_{column}/cell")
            if said is not None:
                cells.add(row)
                if f"vru_headform/{row}_{column}/tested" in self.given and not grid.cells[str(said)].mirrored:
                    drawn.add(row)
        bands = [
            (dummy.node.path, region.path, region.spec.rows or (0, -1))
            for dummy in dummies(test)
            for region, _ in regions(dummy)
        ]
        coloured = {path for _, path, (low, high) in bands if any(low <= row <= high for row in cells)}
        there = {path for _, path, (low, high) in bands if any(low <= row <= high for row in drawn)}
        if not coloured:
            return {path for _, path, _ in bands} | {dummy for dummy, _, _ in bands}
        if coloured - there:
            return {path for _, path, _ in bands} - coloured
        if len({dummy for dummy, path, _ in bands if path in there}) < 2:
            return {path for dummy, region, _ in bands for path in (dummy, region)}
        order = [path for _, path, _ in bands]
        stop = next((number for number, path in enumerate(order) if path not in there), len(order))
        return set(order[stop:])

    def columns(self, table: Table) -> tuple[int, int, int, int | None]:
        """Return the columns of score, capping and colour, added behind the last, and that of the check."""
        headings = table.columns
        last = max(headings.values())
        found = [headings.get(name) for name in ("Score", "Capping?", "Colour")]
        page = page_of(self.pages, table.sheet.title)
        for i, name in enumerate(("Score", "Capping?", "Colour")):
            if found[i] is None:
                last += 1
                found[i] = last
                page.put(1, last, name, heading=True)
        assert found[0] is not None
        assert found[1] is not None
        assert found[2] is not None
        return found[0], found[1], found[2], headings.get("Prediction.Check")

    def criteria(self, title: str) -> None:
        table = Table(self.book.sheet(title), PLACE, ("Criteria", "Value"))
        page = page_of(self.pages, title)
        score, capping, colour, check = self.columns(table)
        for row in table.rows():
            rule = printed_rows().get((title, *row.labels, row.cell("Criteria").text))
            if rule is None:
                continue
            shown: tuple[float | None, str | None, float | None, float | None] = (None, None, None, None)
            if rule.kind == "criterion":
                shown = self.criterion(rule)
                limit = self.named(f"{rule.path}#limit")
                if limit is not None and "HPL" in table.columns:
                    for heading in ("HPL", "LPL"):
                        put_value(page, row.number, table.columns[heading], limit)
            elif rule.kind == "modifier" and rule.fact in self.given:
                taken = self.named(f"{rule.path}#modifier_{rule.number}")
                shown = (None, None, 4.0 if taken else 0.0, None)
            put_value(page, row.number, score, rounded(shown[0], 5))
            put_value(page, row.number, capping, shown[1])
            self.put_colour(page, row.number, colour, shown[2])
            if check is not None:
                checks = ("Correct", "In Tolerance", "Incorrect")
                put_value(page, row.number, check, None if shown[3] is None else checks[int(shown[3])])

    def criterion(self, rule: Printed) -> tuple[float | None, str | None, float | None, float | None]:
        """Return score, capping, colour and check of a criterion as the sheet prints them."""
        path = rule.path
        percent: float | None = self.named(f"{path}#percent")
        colour, check = self.named(f"{path}#colour"), self.named(f"{path}#check")
        if self.named(f"{path}#assessed") == 0.0:
            percent = colour = check = None
        elif self.named(f"{path}#scores") == 0.0:
            percent = None
            watched = rule.limits is None and not rule.fact.endswith("/head_peak")
            if rule.fact not in self.given and watched and f"{path}#capped" and self.only_caps(path):
                percent = 0.0
        if rule.fact not in self.given:
            colour = check = None
        if self.coupled(path):
            colour = self.named(f"{path}#colour")
        return percent, "YES" if self.named(f"{path}#capped") == 1.0 else None, colour, check

    @staticmethod
    def only_caps(path: str) -> bool:
        rule = _node(path).spec.criterion
        return rule is not None and rule.limits is None and rule.gate is None and rule.limit is None

    @staticmethod
    def coupled(path: str) -> bool:
        rule = _node(path).spec.criterion
        return rule is not None and rule.cap_with is not None

    @staticmethod
    def put_colour(page: Page, row: int, column: int, colour: float | None) -> None:
        put_value(page, row, column, None if colour is None else COLOURS[int(colour)].capitalize())

    def impact_points(self, title: str) -> None:
        table = Table(
            self.book.sheet(title), ("Loadcase", "Body region", "Test point"), ("Criteria", "Value")
        )
        page = page_of(self.pages, title)
        score, capping, colour, check = self.columns(table)
        for row in table.rows():
            criterion = row.cell("Criteria").text
            test = POINT_TESTS.get(row.labels[0])
            if test is None or criterion not in point_criteria():
                continue
            numbers = "_".join(re.findall("-?[0-9]+", row.labels[2]))
            name = f"{test}/{numbers}"
            if test != "vru_headform":
                name = f"{name}/{point_criteria()[criterion][0]}"
            put_value(page, row.number, score, rounded(self.named(f"{name}#percent"), 5))
            put_value(page, row.number, capping, None)
            self.put_colour(page, row.number, colour, self.named(f"{name}#colour"))
            said = word(row.cell("OEM Prediction").text)
            value = self.named(f"{name}#value")
            if (said == "sa" or said.startswith("green_")) and value is not None and blank(row.cell("Value")):
                put_value(page, row.number, table.columns["Value"], rounded(value, 2))
            if check is not None:
                found = self.named(f"{name}#check")
                checks = ("Correct", "In Tolerance", "Incorrect")
                put_value(page, row.number, check, None if found is None else checks[int(found)])


def _node(path: str) -> Node:
    from carindex.rating import load_protocol

    return load_protocol("euro-ncap-2026").nodes[path]


def report(book: Book, rows: list[Row], scored: Scored) -> list[Page]:
    """Return the prepared workbook with scores, colours, capping and checks filled in."""
    return _Report(book, rows, scored).write()
