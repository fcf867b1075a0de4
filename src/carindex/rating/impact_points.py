"""Compile impact points on a car's front: bands of the headform grid, and rows of a legform's points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from carindex.rating import schema
from carindex.rating.kernels.impact import HeadformGrid, LegformRow, PointCriterion
from carindex.rating.kinds.crash import PERCENT, granted, scheme, thresholds
from carindex.rating.protocol import Node

if TYPE_CHECKING:
    from carindex.rating.compile import Compiled, Compiler

CELL, TESTED = "cell", "tested"


def grid_points(grid: schema.Grid) -> list[tuple[int, int]]:
    """Return the points of a headform grid, (row, column), in the order of the sheet."""
    first, last = int(grid.rows["first"]["row"]), int(grid.rows["last"]["row"])
    columns = range(grid.columns["first"], grid.columns["last"] - 1, -1)
    return [(row, column) for row in range(first, last - 1, -1) for column in columns]


def point_fact(test: str | None, point: tuple[int, int], quantity: str) -> str:
    """Return the name of what is said of an impact point."""
    return f"{test}/{point[0]}_{point[1]}/{quantity}"


def grid_facts(node: Node) -> Iterator[str]:
    """Yield the facts of a headform grid."""
    grid = node.spec.grid
    assert grid is not None
    for quantity in (CELL, TESTED, str(grid.criterion["fact"])):
        for point in grid_points(grid):
            yield point_fact(node.test, point, quantity)


def row_facts(node: Node) -> Iterator[str]:
    """Yield the facts of a legform's row."""
    row = node.spec.row
    assert row is not None
    quantities = [CELL, *(child.spec.criterion.fact for child in node.children if child.spec.criterion)]
    for quantity in quantities:
        for column in _columns(row):
            yield point_fact(node.test, (row.row, column), quantity)


def _columns(row: schema.Row) -> list[int]:
    return list(range(row.columns[0], row.columns[1] - 1, -1))


def _grid_owner(compiler: Compiler, node: Node) -> Node:
    path = node.path
    while compiler.protocol.nodes[path].spec.grid is None:
        path = path.rsplit("/", 1)[0]
    return compiler.protocol.nodes[path]


def _point_criterion(
    limits: tuple[float, float],
    colours: schema.Colours,
    name: str,
    tolerance: dict[str, float],
    divisor: float,
) -> PointCriterion:
    least, most = granted(limits, colours, tolerance)
    return PointCriterion(
        divisor,
        np.array(thresholds(limits, colours)),
        np.array(least),
        np.array(most),
        np.array([colours.scores[name][colour] for colour in colours.names]),
    )


def compile_band(compiler: Compiler, node: Node) -> tuple[Compiled, int | None]:
    """Return a band of the headform grid in per cent, and the slot of its greatest score."""
    from carindex.rating.compile import Compiled

    owner = _grid_owner(compiler, node)
    if owner.path not in compiler.grids:
        compiler.grids[owner.path] = _headform(compiler, owner)
    percent, greatest = compiler.grids[owner.path][node.path]
    compiler.publish(f"{node.path}#maximum", greatest)
    facts = tuple(compiler.fact(name, owner) for name in grid_facts(owner))
    return Compiled("grid", percent, facts=facts), greatest


def _headform(compiler: Compiler, owner: Node) -> dict[str, tuple[int, int]]:
    grid = owner.spec.grid
    assert grid is not None
    shared = scheme(compiler)
    colours = shared.colours
    points = grid_points(grid)
    bands = [node for node in owner.walk() if node.spec.rows is not None]
    facts = [compiler.fact(name, owner) for name in grid_facts(owner)]
    words = compiler.quantities[facts[0]].categories
    kinds = [grid.cells.get(word) for word in words]
    usual = tuple(grid.criterion["limits"])
    limits = [tuple(kind.limits) if kind is not None and kind.limits else usual for kind in kinds]
    different = list(dict.fromkeys(limits))
    name, tolerance = str(grid.criterion["colours"]), dict(grid.criterion["tolerance"])

    def table(field: str, default: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401 - numbers or flags
        return np.array([default if kind is None else getattr(kind, field) for kind in kinds])

    plan = HeadformGrid(
        mirror=np.array([points.index((row, -column)) for row, column in points]),
        bands=np.array([[low <= row <= high for row, _ in points] for low, high in _rows(bands)]),
        predicted=table("predicted", 0.0).astype(np.float64),
        counts=table("counts", 0.0).astype(np.float64),
        sampled=table("tested", "never") == "sampled",
        always=table("tested", "never") == "always",
        times=table("times", 0.0).astype(np.float64),
        mirrored=table("mirrored", False),
        colours=np.array([colours.names.index(w) if w in colours.names else np.nan for w in words]),
        criterion_of=np.array([different.index(one) for one in limits]),
        criteria=tuple(_point_criterion((a, b), colours, name, tolerance, 1.0) for a, b in different),
        points=owner.maximum,
        least=grid.correction["least"],
        most=grid.correction["greatest"],
    )
    raw = [compiler.raw(fact) for fact in facts]
    outputs = compiler.emit_many(
        "headform_grid", raw, 2 * len(bands) + 4 * len(points), table=plan, blank=shared.blank
    )
    after = outputs[2 * len(bands) :]
    for k, what in enumerate(("colour", "percent", "check", "value")):
        for point, slot in zip(points, after[k * len(points) : (k + 1) * len(points)], strict=True):
            compiler.publish(f"{owner.test}/{point[0]}_{point[1]}#{what}", slot)
    return {band.path: (outputs[number], outputs[len(bands) + number]) for number, band in enumerate(bands)}


def _rows(bands: list[Node]) -> Iterator[tuple[int, int]]:
    for band in bands:
        assert band.spec.rows is not None
        yield band.spec.rows


def compile_row(compiler: Compiler, node: Node) -> Compiled:
    """Return a legform's row of points in per cent."""
    from carindex.rating.compile import Compiled

    row = node.spec.row
    assert row is not None
    shared = scheme(compiler)
    columns = _columns(row)
    facts = [compiler.fact(name, node) for name in row_facts(node)]
    words = compiler.quantities[facts[0]].categories
    takes = [row.cells.get(word, {}).get("without_value") for word in words]
    criteria = []
    for number, child in enumerate(node.children):
        rule = child.spec.criterion
        assert rule is not None
        assert rule.limits is not None
        fact = facts[(number + 1) * len(columns)]
        divisor = compiler.divisor(fact, rule.unit, rule.take, node)
        criteria.append(
            _point_criterion(rule.limits, shared.colours, rule.colours, shared.colours.tolerance, divisor)
        )
    plan = LegformRow(
        mirror=np.array([columns.index(-column) for column in columns]),
        takes_mirror=np.array([one == "mirrored_column" for one in takes]),
        takes_neighbour=np.array([one == "greater_neighbour" for one in takes]),
        criteria=tuple(criteria),
        combine=str(node.spec.combine),
    )
    raw = [compiler.raw(fact) for fact in facts]
    outputs = compiler.emit_many(
        "legform_row", raw, 2 + 3 * len(columns) * len(criteria), table=plan, blank=shared.blank
    )
    position = 2
    for child in node.children:
        assert child.spec.criterion is not None
        for what in ("colour", "percent", "value"):
            for column in columns:
                name = f"{node.test}/{row.row}_{column}/{child.spec.criterion.fact}#{what}"
                compiler.publish(name, outputs[position])
                position += 1
    compiler.publish(f"{node.path}#scores", outputs[1])
    return Compiled("row", outputs[0], facts=tuple(facts))


__all__ = ["PERCENT", "compile_band", "compile_row", "grid_facts", "grid_points", "point_fact", "row_facts"]
