"""Cars of the slow reference as prepared workbooks, and the slow reference's results as a report asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from carindex.euroncap.cells import Book
from carindex.euroncap.crash_protection.content import content
from carindex.euroncap.crash_protection.pointsheets import head_lines, head_page, leg_lines, leg_page
from carindex.euroncap.crash_protection.sheets import first_pages, last_pages, prediction_prepared
from carindex.euroncap.pages import Page, write_book

from ..crash_protection.criterion import COLOURS
from ..crash_protection.impact_points import HEADFORM, cells_of, headform_points, leg_points, point_name
from ..crash_protection.reference import Result, score
from ..crash_protection.structure import occupants, rows
from ..crash_protection.workbook import Facts, every_fact

STAGE = "crash_protection/"


def our_name(name: str) -> str:
    """The name of a fact where that of the slow reader was changed."""
    parts = name.split("/")
    return f"{STAGE}{name}" if len(parts) == 2 and parts[1] == "inspection" else name


def sheet_values(facts: Facts) -> dict[str, Any]:
    """What stands in the cells of the sheets for the facts of a car."""
    kinds = {row.fact: row.kind for row in rows().values()}
    found: dict[str, Any] = {}
    for name, value in facts.items():
        kind = kinds.get(name)
        if kind == "contact":
            value = value == "yes"
        elif kind == "non_use_position":
            value = str(value).upper()
        elif isinstance(value, str) and not name.startswith("vru_"):
            value = value.capitalize()
        elif isinstance(value, (int, float)) and "/femur_" in name and not name.startswith("vru_"):
            value = -value
        found[our_name(name)] = value
    if facts.get("car/third_seat_row") == "no":
        found["head_restraint_static_rear/rear_third_row/hpm/torso_angle"] = "N/A"
    return found


def prepared_of(facts: Facts) -> list[Page]:
    """The prepared workbook of a car, filled in."""
    values = sheet_values(facts)
    cells = {point: str(word) for point, word in cells_of(facts, HEADFORM).items()}
    tested = [point for point in cells if facts.get(f"{point_name(HEADFORM, point)}/tested") == "yes"]
    legs = {}
    for leg in content().legs:
        legs |= {point: str(word) for point, word in cells_of(facts, leg.test, leg.row).items()}
    heads = head_page(
        [replaced(line, values, HEADFORM) for line in head_lines(sorted(tested, reverse=True), cells)]
    )
    leg_rows = leg_page([replaced(line, values) for line in leg_lines(legs)])
    return [
        *first_pages(values, "prepared"),
        prediction_prepared(cells, dict.fromkeys(tested, "X"), legs),
        heads,
        leg_rows,
        *last_pages(["Template version", "Preprocessed with version"]),
    ]


def replaced(line: Any, values: dict[str, Any], test: str | None = None) -> Any:
    """A row of an impact point with its value."""
    if test is not None:
        fact = content().grid.fact(line.point, "hic15")
    else:
        leg = next(leg for leg in content().legs if leg.row == line.point[0])
        quantity = next(one.quantity for one in leg.criteria if one.label == line.criterion)
        fact = leg.fact(line.point[1], quantity)
    return type(line)(line.point, line.criterion, line.predicted, values.get(fact))


def book_of(pages: list[Page], path: Path) -> Book:
    write_book(path, pages)
    return Book(path)


class Reference:
    """The slow reference's results, asked for as a report asks."""

    def __init__(self, facts: Facts, mode: str = "calculator") -> None:
        self.result: Result = score(facts, mode)
        self.points = {point_name(HEADFORM, point): found for point, found in headform_points(facts).items()}
        for dummy in occupants("vru_impact/pelvis_leg_impact"):
            for region in dummy["children"].values():
                for (point, key), found in leg_points(facts, region).items():
                    quantity = region["children"][key]["criterion"]["fact"]
                    self.points[f"{point_name(region['test'], point)}/{quantity}"] = found

    def score(self, path: str) -> float | None:
        at = path.removeprefix(STAGE)
        if at in self.result.tests:
            return self.result.tests[at]
        if at in self.result.occupants:
            return self.result.occupants[at].points or 0.0  # the programme prints 0 where there are none
        return self.result.regions[at].points

    def named(self, name: str) -> float | None:
        path, _, what = name.removeprefix(STAGE).rpartition("#")
        result = self.result
        found = self.points.get(path) or result.criteria.get(path)
        if found is not None:
            return self.criterion(found, path, what)
        if what.startswith("modifier_"):
            colour = result.modifiers.get(f"{path}/adjust/{what.removeprefix('modifier_')}")
            return None if colour is None else float(colour == "red")
        if path in result.occupants:
            occupant = result.occupants[path]
            return {"capped": float(occupant.capped), "maximum": occupant.maximum}[what]
        if path in result.regions:
            region = result.regions[path]
            return {
                "percent": region.score,
                "modifiers": region.modifiers,
                "maximum": region.maximum,
                "scores": float(region.score is not None),
            }[what]
        raise KeyError(name)

    def criterion(self, found: Any, path: str, what: str) -> float | None:
        if what == "limit":
            return self.result.limits.get(path)
        return {
            "colour": None if found.colour is None else float(COLOURS.index(found.colour)),
            "percent": found.score,
            "capped": float(found.capped),
            "assessed": float(found.colour is not None or found.score is not None),
            "scores": float(found.score is not None),
            "value": found.value,
        }[what]


def shown(pages: list[Page]) -> dict[str, list[dict[str, Any]]]:
    """Report pages as rows by heading, with the number of the row, as `report_cells` takes them."""
    found = {}
    for page in pages:
        headings = {column: entry.value for (row, column), entry in page.cells.items() if row == 1}
        lines: dict[int, dict[str, Any]] = {}
        for (row, column), entry in sorted(page.cells.items()):
            if row > 1 and column in headings:
                lines.setdefault(row, {"_row": row})[str(headings[column])] = entry.value
        names = [str(name) for name in headings.values()]
        found[page.title] = [dict.fromkeys(names) | line for line in lines.values()]
    return found


__all__ = ["Reference", "book_of", "every_fact", "our_name", "prepared_of", "shown"]
