"""Impact points on a car's front: the headforms' grid and the legforms' rows, taken from the rules."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from carindex.euroncap.crash_protection.tree import Tree, criteria, dummies, label_of, plain
from carindex.rating import schema

Point = tuple[int, int]
"""Row and column of an impact point."""

_POINT = re.compile(r"\(?\s*(-?\d{1,3})\s*,\s*(-?\d{1,3})\s*\)?")


class Band(msgspec.Struct, frozen=True):
    """The rows of the grid that one headform is shot at: a body region of its own."""

    seat: str
    dummy: str
    region: str
    first: int
    last: int


class HeadGrid(msgspec.Struct, frozen=True):
    """The grid of the headforms.

    Attributes
    ----------
    rows, distances, columns
        From top to bottom with the wrap-around distances, and from left to right.
    cells
        What a cell may say, by key.
    bands
        From the top.
    limits
        Of a point whose cell has none of its own.
    verified, mirrored
        Load cases of points that verify predictions, and of those that may take the value of the other side.
    number, least
        The fact that says how many points verify predictions, and how many that must be at least.
    """

    test: str
    rows: tuple[int, ...]
    distances: tuple[int, ...]
    columns: tuple[int, ...]
    cells: Mapping[str, schema.GridCell]
    bands: tuple[Band, ...]
    criterion: str
    quantity: str
    limits: tuple[float, float]
    verified: str
    mirrored: str
    number: str
    least: int

    def band(self, row: int) -> Band:
        """Return the band of a row."""
        return next(band for band in self.bands if band.first <= row <= band.last)

    def limits_of(self, cell: str) -> tuple[float, float]:
        """Return the limits of a point by what its cell says."""
        return self.cells[cell].limits or self.limits

    def loadcase_of(self, cell: str) -> str:
        """Return the load case of a point by what its cell says."""
        return self.mirrored if self.cells[cell].mirrored else self.verified

    def fact(self, point: Point, quantity: str) -> str:
        """Return the name of a fact of a point."""
        return f"{self.test}/{point[0]}_{point[1]}/{quantity}"

    @property
    def sampled(self) -> list[str]:
        """Cells among which verification points are drawn, the best first."""
        return [key for key, cell in self.cells.items() if cell.tested == "sampled"]

    @property
    def always(self) -> list[str]:
        """Cells that are tested in any case."""
        return [key for key, cell in self.cells.items() if cell.tested == "always"]


class PointCriterion(msgspec.Struct, frozen=True):
    """A criterion of every point of a legform's row."""

    region: str
    label: str
    quantity: str
    unit: str | None
    limits: tuple[float, float]


class LegRow(msgspec.Struct, frozen=True):
    """A row of impact points of a legform: its printed labels, what a cell may say by key, and its criteria."""

    loadcase: str
    seat: str
    dummy: str
    test: str
    row: int
    columns: tuple[int, ...]
    cells: Mapping[str, str]
    criteria: tuple[PointCriterion, ...]
    number: str
    least: int

    def fact(self, column: int, quantity: str) -> str:
        """Return the name of a fact of a point."""
        return f"{self.test}/{self.row}_{column}/{quantity}"


def point_name(point: Point) -> str:
    """Return an impact point as the sheets print it."""
    return f"({point[0]}, {point[1]})"


def point_from(text: str) -> Point | None:
    """Return the impact point that a cell names, ``None`` where it names none."""
    match = _POINT.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None


def head_grid(node: Tree) -> HeadGrid:
    """Return the grid of a node of the rules."""
    rule = msgspec.convert(plain(node["grid"]), schema.Grid)
    first, last = rule.rows["first"], rule.rows["last"]
    count = first["row"] - last["row"] + 1
    bands = tuple(
        Band(dummy["printed"]["seat"], dummy["printed"]["dummy"], label_of(region), *region["rows"])
        for dummy in dummies(node)
        for region in dummy["children"].values()
    )
    return HeadGrid(
        node["test"],
        tuple(range(first["row"], last["row"] - 1, -1)),
        tuple(first["wrap_around_distance"] - i * rule.rows["step"] for i in range(count)),
        tuple(range(rule.columns["first"], rule.columns["last"] - 1, -1)),
        rule.cells,
        tuple(sorted(bands, key=lambda band: -band.first)),
        rule.criterion["label"]["en"],
        rule.criterion["fact"],
        (float(rule.criterion["limits"][0]), float(rule.criterion["limits"][1])),
        rule.loadcases["verification"],
        rule.loadcases["mirrored"],
        rule.verification["number"],
        rule.verification["at_least"],
    )


def leg_rows(node: Tree) -> tuple[LegRow, ...]:
    """Return the legforms' rows of a node of the rules."""
    return tuple(_leg_row(dummy, region) for dummy in dummies(node) for region in dummy["children"].values())


def _leg_row(dummy: Tree, region: Tree) -> LegRow:
    rule = msgspec.convert(region["row"], schema.Row)
    first, last = rule.columns
    found = []
    for one in criteria(region):
        criterion = msgspec.convert(one["criterion"], schema.Criterion)
        name = one.get("printed", {}).get("region", label_of(region))
        limits = criterion.limits or (0.0, 0.0)
        found.append(PointCriterion(name, label_of(one), criterion.fact, criterion.unit, limits))
    return LegRow(
        dummy["loadcase"],
        dummy["printed"]["seat"],
        dummy["printed"]["dummy"],
        region["test"],
        rule.row,
        tuple(range(first, last - 1, -1)),
        {key: cell["label"]["en"] for key, cell in rule.cells.items()},
        tuple(found),
        region["verification"]["number"],
        region["verification"]["at_least"],
    )
