"""The rows of the sheets of Crash Protection: tests, dummies, body regions and impact points, taken from the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import msgspec

from carindex.euroncap.crash_protection.layout import layout, of_file
from carindex.euroncap.crash_protection.lines import Line, lines_of
from carindex.euroncap.crash_protection.points import HeadGrid, LegRow, head_grid, leg_rows
from carindex.euroncap.crash_protection.tree import (
    STAGE,
    Tree,
    dummies,
    fact_of,
    key_of,
    label_of,
    plain,
    points_of,
    tree,
)
from carindex.kept import kept_as
from carindex.rating import schema


@dataclass(frozen=True)
class Region:
    """A row of the sheet of body regions.

    Attributes
    ----------
    label, path
        What is printed, and its node.
    inspection
        The fact that is its inspection; ``inspected`` tells whether the rules take it off.
    maximum
        ``None`` where it depends on the headforms' grid.
    points
        Whether its score comes from impact points: of the ``grid`` or of a ``row``.
    """

    label: str
    path: str
    inspection: str
    maximum: float | None
    inspected: bool = True
    points: Literal["grid", "row"] | None = None


@dataclass(frozen=True)
class Dummy:
    """A row of the sheet of dummies, with its body regions and its rows of measured values."""

    loadcase: str
    seat: str
    label: str
    path: str
    maximum: float | None
    regions: tuple[Region, ...]
    lines: tuple[Line, ...]

    @property
    def loadcase_path(self) -> str:
        """What tells its load case from others, some of which are called the same."""
        return f"{self.path.rsplit('/', 1)[0]}/{self.loadcase}"


@dataclass(frozen=True)
class TestRow:
    """A row of the sheet of test scores, with its dummies."""

    element: str
    label: str
    path: str
    inspection: str
    maximum: float
    dummies: tuple[Dummy, ...]


@dataclass(frozen=True)
class Content:
    """Everything that the rules say about the sheets."""

    label: str
    tests: tuple[TestRow, ...]
    grid: HeadGrid
    legs: tuple[LegRow, ...]
    scheme: schema.CrashScheme

    @property
    def dummies(self) -> Iterator[tuple[TestRow, Dummy]]:
        """Every dummy with its test, in the order of the sheets."""
        return ((test, dummy) for test in self.tests for dummy in test.dummies)

    @cached_property
    def lines(self) -> Mapping[str, Mapping[tuple[str, ...], Line]]:
        """Rows of measured values by sheet and labels."""
        found: dict[str, dict[tuple[str, ...], Line]] = {}
        for _, dummy in self.dummies:
            for line in dummy.lines:
                found.setdefault(line.sheet, {})[line.labels] = line
        return found


@kept_as("euro-ncap-2026.crash-protection.content")
def content() -> Content:
    """Return the rows of all sheets."""
    scheme = msgspec.convert(plain(of_file("scheme.yaml")), schema.CrashScheme)
    stage = tree()
    pairs = [
        (label_of(element), node)
        for element in stage["children"].values()
        for node in element["children"].values()
    ]
    points = layout().points
    grid = next(head_grid(node) for _, node in pairs if node["path"] == f"{STAGE}/{points.head.of}")
    legs = next(leg_rows(node) for _, node in pairs if node["path"] == f"{STAGE}/{points.leg.of}")
    tests = tuple(_test(element, node, scheme) for element, node in pairs)
    return Content(label_of(stage), tests, grid, legs, scheme)


def _test(element: str, node: Tree, scheme: schema.CrashScheme) -> TestRow:
    sheets = {f"{STAGE}/{part.of}": part for part in layout().criteria.sheets}
    part = sheets.get(node["path"])
    found = tuple(
        Dummy(
            dummy["loadcase"],
            dummy["printed"]["seat"],
            dummy["printed"]["dummy"],
            dummy["path"],
            points_of(dummy),
            tuple(_region(region, scheme) for region in dummy["children"].values()),
            () if part is None else tuple(lines_of(part, dummy)),
        )
        for dummy in dummies(node)
    )
    inspection = str(scheme.tests.inspection).format(sub_element=key_of(node))
    return TestRow(element, label_of(node), node["path"], inspection, float(node["points"]), found)


def _region(node: Tree, scheme: schema.CrashScheme) -> Region:
    quantity = str(scheme.regions.inspection).format(region=key_of(node))
    return Region(
        label_of(node),
        node["path"],
        fact_of(quantity, node),
        points_of(node),
        node.get("inspection") != "none",
        "grid" if "rows" in node else "row" if "row" in node else None,
    )
