"""The choice of verification points, by lot.

Every candidate gets a lot, the SHA-256 of a text that names it: ``seed/matrix/what/candidate``, for example
``7/ccrs/standard/50_km_h-0_km_h-0.5``. The candidates with the smallest lots are drawn, in the order of their lots. So
anyone can repeat a draw with any tool that computes SHA-256, and the draw of one matrix does not depend on another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from carindex.euroncap.crash_avoidance.layout import (
    EXTENDED,
    STANDARD,
    Line,
    Matrix,
    claims_dooring,
    conditions_of,
    is_repeating,
    kind_of,
    matrices,
    offered_layers,
    robustness_sheet_of,
    scenarios,
    table,
    workbook,
)
from carindex.rating.matrices import slug

T = TypeVar("T")


class Answers(msgspec.Struct, frozen=True):
    """What a manufacturer answered in a template: words by cell, as the programme spells them."""

    parameters: Mapping[tuple[str, str], str] = msgspec.field(default_factory=dict)
    """By scenario and input parameter."""
    predictions: Mapping[str, Mapping[tuple[str, int], str]] = msgspec.field(default_factory=dict)
    """By matrix: colours by row and column; cells in which nothing is predicted are left out."""
    functions: Mapping[tuple[str, str], str] = msgspec.field(default_factory=dict)
    """Declared functions by matrix and row."""
    claims: Mapping[tuple[str, str], str] = msgspec.field(default_factory=dict)
    """YES or NO by scenario and robustness layer, as facts name it."""

    def colour(self, matrix: Matrix, line: Line, column: int) -> str | None:
        """Return the predicted colour of a cell, nothing where none is predicted."""
        return self.predictions.get(matrix.name, {}).get((line.name, column))

    def taken_out(self, matrix: Matrix) -> frozenset[str]:
        """Return the rows that are left out because they repeat others."""
        function = table("ranges")["repeated_rows"]["when"]["Function"]
        return frozenset(
            line.name
            for line in matrix.lines
            if is_repeating(matrix, line)
            and self.functions.get((matrix.name, line.name)) == function
            and any(name == line.name for name, _ in self.predictions.get(matrix.name, {}))
        )


class Point(msgspec.Struct, frozen=True):
    """A drawn cell, with what else is drawn for it: the side that the target comes from, or the door."""

    line: str
    column: int
    kind: str
    approach: str | None = None
    door: str | None = None


class Drawn(msgspec.Struct, frozen=True):
    """What is tested of a matrix. A layer ``None`` means that no robustness layer is tested with it."""

    points: tuple[Point, ...]
    layer: str | None = None
    condition: str | None = None


def lot(seed: int, matrix: str, what: str, candidate: str) -> str:
    """Return the lot of a candidate."""
    return hashlib.sha256(f"{seed}/{matrix}/{what}/{candidate}".encode()).hexdigest()


def draw(answers: Answers, seed: int) -> dict[str, Drawn]:
    """Return what is tested of every matrix.

    Parameters
    ----------
    answers
        What the manufacturer answered.
    seed
        A number that nobody could choose after the answers were given.
    """
    return {
        name: _frontal_or_lane(matrix, answers, seed)
        if matrix.frontal_or_lane
        else _low_speed(matrix, answers, seed)
        for name, matrix in matrices().items()
    }


def _smallest(
    seed: int, matrix: str, what: str, candidates: Sequence[T], names: Sequence[str], number: int
) -> list[T]:
    lots = sorted((lot(seed, matrix, what, name), i) for i, name in enumerate(names))
    return [candidates[i] for _, i in lots[:number]]


def _frontal_or_lane(matrix: Matrix, answers: Answers, seed: int) -> Drawn:
    rule = table("verification")["draw"]
    layers = eligible_layers(matrix, answers)
    chosen = _smallest(seed, matrix.name, "layer", layers, layers, rule["robustness_layers"])
    layer = chosen[0] if chosen else None
    condition = None
    if layer is not None:
        conditions = conditions_of(layer, matrix.scenario)
        condition = next(
            iter(_smallest(seed, matrix.name, f"condition/{layer}", conditions, conditions, 1)), None
        )
    points: list[Point] = []
    numbers = {STANDARD: matrix.tests, EXTENDED: rule["extended"]}
    for kind, number in numbers.items():
        cells = eligible_cells(matrix, answers, kind, layer)
        names = [f"{line.name}-{matrix.slugs[column]}" for line, column in cells]
        what = "standard" if kind == STANDARD else "extended"
        for line, column in _smallest(seed, matrix.name, what, cells, names, number):
            approach = _approach(matrix, f"{line.name}-{matrix.slugs[column]}", seed)
            points.append(Point(line.name, column, kind, approach=approach))
    if not robustness_is_tested(matrix, answers, points):
        return Drawn(tuple(points), None, None)
    return Drawn(tuple(points), layer or workbook()["verification"]["no_layer"], condition)


def _approach(matrix: Matrix, cell: str, seed: int) -> str | None:
    rule = table("verification")["draw"]["approach"]
    if matrix.name not in rule["matrices"]:
        return None
    return _smallest(seed, matrix.name, f"approach/{cell}", rule["words"], rule["words"], 1)[0]  # type: ignore[no-any-return]


def _low_speed(matrix: Matrix, answers: Answers, seed: int) -> Drawn:
    points = []
    for line, column in eligible_cells(matrix, answers, STANDARD, None):
        door = None
        response = answers.parameters.get((matrix.scenario, "Vehicle response"))
        if "by_system" in _criterion(matrix) and claims_dooring(response):
            doors = doors_of(matrix, answers.colour(matrix, line, column), response)
            cell = f"{line.name}-{matrix.slugs[column]}"
            door = _smallest(seed, matrix.name, f"door/{cell}", doors, doors, 1)[0]
        points.append(Point(line.name, column, STANDARD, door=door))
    return Drawn(tuple(points))


def doors_of(matrix: Matrix, colour: str | None, response: str | None) -> list[str]:
    """Return the doors that may be drawn for a colour: the others where all doors are claimed, else the driver's."""
    doors = _criterion(matrix)["doors"]
    all_claimed = {"response": response, "colour": colour} in table("ranges")["dooring"][
        "other_door_drawn_for"
    ]
    return list(doors["other" if all_claimed else "driver"])


def _criterion(matrix: Matrix) -> Mapping[str, Any]:
    found: Mapping[str, Any] = table("judging")["criteria"][matrix.judged_by]
    return found


def eligible_layers(matrix: Matrix, answers: Answers) -> list[str]:
    """Return the claimed robustness layers that may be drawn."""
    scenario = scenarios()[matrix.scenario]
    sheet = robustness_sheet_of(scenario)
    pool = table("robustness")["drawn_from"][scenario.element]
    if sheet is None:
        return []
    return [
        label
        for name, label in offered_layers(sheet, scenario.name).items()
        if label in pool and answers.claims.get((scenario.name, name)) == "YES"
    ]


def eligible_cells(matrix: Matrix, answers: Answers, kind: str, layer: str | None) -> list[tuple[Line, int]]:
    """Return the cells of a range that may be drawn when a robustness layer is tested with them."""
    rule = table("verification")["draw"]
    taken_out = answers.taken_out(matrix)
    found = []
    for line, column in matrix.cells():
        colour = answers.colour(matrix, line, column)
        if line.name in taken_out or kind_of(matrix, line, column, taken_out) != kind:
            continue
        if colour is None or colour in rule["never"]:
            continue
        if matrix.name in rule["only_green"] and colour != "Green":
            continue
        if is_corner_case(matrix, line, column) or is_excluded_with(matrix, line, column, layer):
            continue
        found.append((line, column))
    return found


def _values(matrix: Matrix, line: Line, column: int) -> dict[str, Any]:
    return {**line.axes, matrix.axis: matrix.columns[column]}


def is_corner_case(matrix: Matrix, line: Line, column: int) -> bool:
    """Whether a cell is never tested by the laboratory."""
    rule = table("verification")["corner_cases"].get(matrix.name)
    if rule is None:
        return False
    if rule == "all":
        return True
    values = _values(matrix, line, column)
    if "all_but" in rule:
        return any(slug(values[axis]) != slug(value) for axis, value in rule["all_but"].items())
    return any(
        float(str(values[axis]).removesuffix(" km/h")) > limit["above"] for axis, limit in rule.items()
    )


def is_excluded_with(matrix: Matrix, line: Line, column: int, layer: str | None) -> bool:
    """Whether a cell is left out because of the robustness layer that is tested."""
    values = _values(matrix, line, column)
    for rule in table("verification")["excluded_with_layer"]:
        if rule["layer"] != layer or matrix.name not in rule["matrices"]:
            continue
        axes = {axis: words for axis, words in rule.items() if axis not in ("layer", "matrices")}
        if all(values[axis] in words for axis, words in axes.items()):
            return True
    return False


def robustness_is_tested(matrix: Matrix, answers: Answers, points: Iterable[Point]) -> bool:
    """Whether the drawn standard-range points are good enough for a robustness layer to be tested with them."""
    colours = table("judging")["colours"]
    worth = [
        colours[answers.colour(matrix, matrix.by_name[point.line], point.column) or "Grey"]["worth"]
        for point in points
        if point.kind == STANDARD
    ]
    needs = table("verification")["draw"]["robustness_needs"]
    return bool(worth) and sum(worth) / len(worth) >= needs


def broken_rules(answers: Answers, drawn: Mapping[str, Drawn]) -> list[str]:
    """Return what a draw does against the rules, in words for the tests; nothing for a draw that obeys them."""
    return [
        f"{name}: {what}"
        for name, matrix in matrices().items()
        for what in _broken(matrix, answers, drawn.get(name, Drawn(())))
    ]


def _broken(matrix: Matrix, answers: Answers, drawn: Drawn) -> Iterable[str]:
    none = workbook()["verification"]["no_layer"]
    layers = eligible_layers(matrix, answers) if matrix.frontal_or_lane else []
    layer = None if drawn.layer in (None, none) else drawn.layer
    # which layer was drawn is not told where none is tested; then any that may be drawn explains the points
    assumed: list[str | None] = [layer]
    if drawn.layer is None and layers:
        assumed = [*layers]
    numbers = {STANDARD: matrix.tests, EXTENDED: table("verification")["draw"]["extended"]}
    if not any(_explains(matrix, answers, drawn, one, numbers) for one in assumed):
        yield "points that are not eligible, or too few or too many"
    if not matrix.frontal_or_lane:
        return
    if layer is not None and layer not in layers:
        yield f"layer {layer} is not claimed or not drawn from"
    if drawn.layer == none and layers:
        yield f"no layer although {layers} are claimed"
    standard = [point for point in drawn.points if point.kind == STANDARD]
    if standard and (drawn.layer is not None) != robustness_is_tested(matrix, answers, standard):
        yield "a robustness layer where none is tested, or none where one is"
    conditions: list[str | None] = [*conditions_of(layer, matrix.scenario)] if layer else []
    if standard and drawn.condition not in (conditions or [None]):
        yield f"condition {drawn.condition}"
    rule = table("verification")["draw"]["approach"]
    for point in drawn.points:
        if (point.approach is not None) != (matrix.name in rule["matrices"]):
            yield f"approach of {point}"


def _explains(
    matrix: Matrix, answers: Answers, drawn: Drawn, layer: str | None, numbers: Mapping[str, int]
) -> bool:
    for kind in (STANDARD, EXTENDED):
        cells = {(line.name, column) for line, column in eligible_cells(matrix, answers, kind, layer)}
        points = [(point.line, point.column) for point in drawn.points if point.kind == kind]
        number = min(numbers[kind], len(cells)) if matrix.frontal_or_lane else len(cells)
        if len(points) != number or len(set(points)) != number or not set(points) <= cells:
            return False
    if matrix.frontal_or_lane:
        return True
    response = answers.parameters.get((matrix.scenario, "Vehicle response"))
    for point in drawn.points:
        if "by_system" not in _criterion(matrix) or not claims_dooring(response):
            allowed: list[str | None] = [None]
        else:
            colour = answers.colour(matrix, matrix.by_name[point.line], point.column)
            allowed = [*doors_of(matrix, colour, response)]
        if point.door not in allowed:
            return False
    return True
