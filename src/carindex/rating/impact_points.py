"""Compile impact points on a car's front: bands of the headform grid, and rows of a legform's points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from carindex.messages import LANGUAGES, phrase
from carindex.rating import schema
from carindex.rating.kernels.impact import HeadformGrid, LegformRow, PointCriterion
from carindex.rating.kinds.crash import PERCENT, granted, scheme, thresholds
from carindex.rating.plan import Detail, Place
from carindex.rating.protocol import Node

if TYPE_CHECKING:
    from carindex.rating.compile import Compiled, Compiler

CELL, TESTED = "cell", "tested"


class BandSlots(msgspec.Struct, frozen=True):
    """Slots of a band of the headform grid: per cent, greatest score, and what the correction of predictions costs."""

    percent: int
    greatest: int
    correction: int


class GridSlots(msgspec.Struct, frozen=True):
    """Slots of a headform grid: its bands by path, and of each point the colour and the points that it costs."""

    bands: Mapping[str, BandSlots]
    colour: tuple[int, ...]
    lost: tuple[int, ...]


def grid_points(grid: schema.Grid) -> list[tuple[int, int]]:
    """Return the points of a headform grid, (row, column), in the order of the sheet."""
    first, last = int(grid.rows["first"]["row"]), int(grid.rows["last"]["row"])
    columns = range(grid.columns["first"], grid.columns["last"] - 1, -1)
    return [(row, column) for row in range(first, last - 1, -1) for column in columns]


def point_fact(test: str | None, point: tuple[int, int], quantity: str) -> str:
    """Return the name of what is said of an impact point."""
    return f"{test}/{point[0]}_{point[1]}/{quantity}"


def grid_facts(node: Node) -> Iterator[str]:
    """Yield the facts of a headform grid: whether all of it is said, then what is said of each point."""
    grid = node.spec.grid
    assert grid is not None
    yield f"{node.test}/{TESTED}"
    for quantity in (CELL, TESTED, str(grid.criterion["fact"])):
        for point in grid_points(grid):
            yield point_fact(node.test, point, quantity)


def row_facts(node: Node) -> Iterator[str]:
    """Yield the facts of a legform's row: whether all of it is said, then what is said of each point."""
    row = node.spec.row
    assert row is not None
    yield f"{node.test}/{TESTED}"
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


def compile_band(compiler: Compiler, node: Node) -> tuple[Compiled, int, int]:
    """Return a band of the headform grid in per cent, its greatest score, and the slot of whether it is assessed."""
    from carindex.rating.compile import Compiled

    owner = _grid_owner(compiler, node)
    assert owner.spec.grid is not None
    slots = _grid_slots(compiler, owner)
    band = slots.bands[node.path]
    compiler.publish(f"{node.path}#maximum", band.greatest)
    facts = tuple(compiler.fact(name, owner) for name in grid_facts(owner))
    some = [band.greatest]
    if owner.spec.grid.empty_band == "without_points":
        some = [other.greatest for other in slots.bands.values()]
    cells = compiler.emit("linear", some, weights=(1.0,) * len(some), constant=0.0)
    assessed = compiler.emit("compare", [cells], least=1e-9, most=np.inf, divisor=1.0)
    details = tuple(_band_details(compiler, owner, node))
    return Compiled("grid", band.percent, facts=facts, details=details), band.greatest, assessed


def _grid_slots(compiler: Compiler, owner: Node) -> GridSlots:
    if owner.path not in compiler.grids:
        compiler.grids[owner.path] = _headform(compiler, owner)
    return compiler.grids[owner.path]


def _headform(compiler: Compiler, owner: Node) -> GridSlots:
    grid = owner.spec.grid
    assert grid is not None
    shared = scheme(compiler)
    colours = shared.colours
    points = grid_points(grid)
    bands = [node for node in owner.walk() if node.spec.rows is not None]
    facts = [compiler.fact(name, owner) for name in grid_facts(owner)]
    for fact in facts[1 : 1 + 2 * len(points)]:  # the points' words, and whether they were tested
        compiler.asked_unless[fact] = facts[0]
    words = compiler.quantities[facts[1]].categories
    kinds = [grid.cells.get(word) for word in words]
    usual = (grid.criterion["limits"][0], grid.criterion["limits"][1])
    limits = [kind.limits if kind is not None and kind.limits else usual for kind in kinds]
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
        criteria=tuple(_point_criterion(one, colours, name, tolerance, 1.0) for one in different),
        points=owner.maximum,
        least=grid.correction["least"],
        most=grid.correction["greatest"],
    )
    raw = [compiler.raw(fact) for fact in facts]
    outputs = compiler.emit_many(
        "headform_grid", raw, 3 * len(bands) + 5 * len(points), table=plan, blank=shared.blank
    )
    first, count = 3 * len(bands), len(points)
    by_point = [outputs[first + k * count : first + (k + 1) * count] for k in range(5)]
    for what, slots in zip(("colour", "percent", "check", "value", "lost"), by_point, strict=True):
        for point, slot in zip(points, slots, strict=True):
            compiler.publish(f"{owner.test}/{point[0]}_{point[1]}#{what}", slot)
    found = {
        band.path: BandSlots(*(outputs[number + k * len(bands)] for k in range(3)))
        for number, band in enumerate(bands)
    }
    return GridSlots(found, by_point[0], by_point[4])


def _band_details(compiler: Compiler, owner: Node, band: Node) -> Iterator[Detail]:
    """Yield what the verification tests add to a band or take from it, and what each of its points costs."""
    grid = owner.spec.grid
    assert grid is not None
    assert band.spec.rows is not None
    slots, colours = _grid_slots(compiler, owner), scheme(compiler).colours
    names = tuple(colours.labels[name] for name in colours.names)
    yield Detail(_said("rating.correction_factor"), slots.bands[band.path].correction)
    quantities = (CELL, str(grid.criterion["fact"]))
    first, last = band.spec.rows
    for point, colour, lost in zip(grid_points(grid), slots.colour, slots.lost, strict=True):
        if first <= point[0] <= last:
            facts = tuple(compiler.fact(point_fact(owner.test, point, what), owner) for what in quantities)
            yield Detail(_point_label(point), lost, Place(facts, colour, names))


def _point_label(point: tuple[int, int]) -> dict[str, str]:
    return _said("rating.impact_point", row=point[0], column=point[1])


def _said(code: str, **parameters: object) -> dict[str, str]:
    return {language: phrase(code, "found", language, parameters) for language in LANGUAGES}


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
    complete, *of_points = facts
    for fact in of_points[: len(columns)]:
        compiler.asked_unless[fact] = complete
    words = compiler.quantities[of_points[0]].categories
    takes = [row.cells.get(word, {}).get("without_value") for word in words]
    rules = [child.spec.criterion for child in node.children if child.spec.criterion is not None]
    criteria = []
    for number, rule in enumerate(rules):
        assert rule.limits is not None
        fact = of_points[(number + 1) * len(columns)]
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
        points=node.maximum,
    )
    raw = [compiler.raw(fact) for fact in facts]
    size = len(columns) * (2 + 3 * len(criteria))
    outputs = compiler.emit_many("legform_row", raw, 2 + size, table=plan, blank=shared.blank)
    places = [f"{node.test}/{row.row}_{column}" for column in columns]
    names = [f"{place}#{what}" for what in ("colour", "lost") for place in places]
    names += [
        f"{place}/{rule.fact}#{what}"
        for rule in rules
        for what in ("colour", "percent", "value")
        for place in places
    ]
    for name, slot in zip(names, outputs[2:], strict=True):
        compiler.publish(name, slot)
    compiler.publish(f"{node.path}#scores", outputs[1])
    colours = tuple(shared.colours.labels[name] for name in shared.colours.names)
    details = []
    for number, column in enumerate(columns):
        colour, lost = outputs[2 + number], outputs[2 + len(columns) + number]
        mine = tuple(of_points[number :: len(columns)])
        details.append(Detail(_point_label((row.row, column)), lost, Place(mine, colour, colours)))
    return Compiled("row", outputs[0], facts=tuple(facts), details=tuple(details))


__all__ = ["PERCENT", "compile_band", "compile_row", "grid_facts", "grid_points", "point_fact", "row_facts"]
