"""The tables of a programme's crash avoidance: prediction matrices, how they are judged, which facts they ask for."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import msgspec

from carindex.rating import schema

TABLES = "avoidance"
COLOURS = ("green", "yellow", "orange", "brown", "red", "grey")
# axes that name a row of a matrix, in this order
NAMING_AXES = ("VUT speed", "d", "Gap", "Distance", "Turn", "Target direction", "Target speed")
PREDICTION, TESTED, ROBUSTNESS, FUNCTION, TAKEN_OUT = (
    "prediction",
    "tested",
    "robustness",
    "function",
    "taken_out",
)
LAYER, CONDITION = "robustness_layer", "verification_condition"
# a block of facts: one quantity of many cells, ``<test>/<cell>/<quantity>``
Cells = tuple[str, tuple[str, ...], str]


@lru_cache(maxsize=1 << 12, typed=True)
def slug(text: Hashable) -> str:
    """Return a label as it stands in the name of a fact: ``50 km/h`` is ``50_km_h``, 0.5 is ``0.5``."""
    if isinstance(text, int | float):
        return f"{text:g}"
    return re.sub(r"[^a-z0-9.\-]+", "_", str(text).strip().lower()).strip("_")


@lru_cache(maxsize=1 << 12)
def word(label: Hashable) -> str:
    """Return a label as it stands in a path: ``Trajectory/Heading`` is ``trajectory_heading``."""
    return re.sub(r"[^a-z0-9]+", "_", str(label).lower()).strip("_")


class MatrixRow(msgspec.Struct, frozen=True):
    """A row of a matrix: its axis values, its name in facts, its cells (``S``, ``E`` or ``.``)."""

    name: str
    axes: Mapping[str, Any]
    band: str | None
    cells: tuple[str, ...]

    @property
    def declared(self) -> bool:
        """Whether the manufacturer declares which function acts."""
        return isinstance(self.axes.get("Function"), list)


@dataclass(frozen=True)
class Matrix:
    """A prediction matrix as the file says it."""

    name: str
    label: schema.Label
    points: Mapping[str, float]
    judged_by: str
    axis: str
    values: tuple[Any, ...]
    columns: tuple[str, ...]
    rows: tuple[MatrixRow, ...]

    @cached_property
    def cells(self) -> tuple[tuple[int, int], ...]:
        """Row and column of every cell there is."""
        return tuple(
            (r, c) for r, row in enumerate(self.rows) for c, kind in enumerate(row.cells) if kind != "."
        )

    def cell(self, row: int, column: int) -> str:
        """Return the name of a cell in facts, with its matrix."""
        return f"{self.name}/{self.rows[row].name}-{self.columns[column]}"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name of every cell in facts."""
        return tuple(f"{self.rows[row].name}-{self.columns[column]}" for row, column in self.cells)


class Avoidance:
    """The tables of a programme's crash avoidance, read once."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self.judging: Mapping[str, Any] = tables["judging"]
        self.ranges: Mapping[str, Any] = tables["ranges"]
        self.robustness: Mapping[str, Any] = tables["robustness"]
        self.matrices = {
            name: _matrix(name, entry) for file in tables["matrices"].values() for name, entry in file.items()
        }
        # what is not said is not there, in every matrix, whatever the facts say
        self.closed = self.judging["blank"] != "open"

    def offered(self, scenario: str) -> list[str]:
        """Return the robustness layers that a scenario is offered, as the sheets call them."""
        return [str(line["layer"]) for line in self.offered_lines(scenario)]

    def offered_lines(self, scenario: str) -> list[Mapping[str, Any]]:
        """Return what the file says of the robustness layers that a scenario is offered."""
        return [
            line
            for sheet in self.robustness["offered"].values()
            for line in sheet["layers"]
            if scenario in line["scenarios"]
        ]

    def by_function(self, matrix: Matrix) -> bool:
        """Whether what is measured depends on the function that acts."""
        return matrix.name in self.judging["criteria_by_function"]["matrices"]

    def criterion(self, matrix: Matrix) -> Mapping[str, Any]:
        """Return how the values of a matrix are judged."""
        found: Mapping[str, Any] = self.judging["criteria"][matrix.judged_by]
        return found

    def quantities(self, matrix: Matrix) -> list[str]:
        """Return the quantities that may be measured in a cell, the usual one first."""
        criterion = self.criterion(matrix)
        found = [str(criterion["quantity"])]
        if self.by_function(matrix):
            found.append(str(self.judging["criteria"]["warning"]["quantity"]))
        second = criterion.get("quantity_in_extended_range_with_ldw")
        if second is not None:
            found.append(str(second))
        return found

    def declared(self, matrix: Matrix) -> list[int]:
        """Return the rows of which the manufacturer declares the function, where that decides what is measured."""
        if not self.by_function(matrix):
            return []
        return [number for number, row in enumerate(matrix.rows) if row.declared]

    def repeated(self, matrix: Matrix) -> list[tuple[int, int]]:
        """Return pairs of rows of which the first repeats the second where it is declared with the same function."""
        rule = self.ranges["repeated_rows"]
        if matrix.name not in rule["matrices"]:
            return []
        fixed = {row.axes["VUT speed"]: k for k, row in enumerate(matrix.rows) if row.band == "fixed"}
        return [
            (number, fixed[row.axes["VUT speed"]])
            for number, row in enumerate(matrix.rows)
            if row.band == rule["when"]["band"] and row.axes["VUT speed"] in rule["VUT speed"]
        ]

    def standard(self, matrix: Matrix, taken_out: set[int]) -> list[bool]:
        """Return which cells are in the standard range once repeating rows, by the rows they repeat, are taken out."""
        rule = self.ranges["repeated_rows"]
        ((axis, values),) = rule["standard_in_fixed_row"].items()
        wanted = {slug(value) for value in values}
        return [
            matrix.columns[c] in wanted
            if r in taken_out and axis == matrix.axis
            else matrix.rows[r].cells[c] == "S"
            for r, c in matrix.cells
        ]

    def performance(self, rule: schema.Scenario) -> Mapping[str, Any] | None:
        """Return the rule on how the extended range of a scenario is claimed, if there is one."""
        found: Mapping[str, Any] = self.ranges["extended_range_performance"]
        return found if found["matrix"] in rule.matrices else None


def _matrix(name: str, entry: Mapping[str, Any]) -> Matrix:
    ((axis, columns),) = entry["columns"].items()
    rows = []
    for line in entry["rows"]:
        parts = [slug(line[axis_name]) for axis_name in NAMING_AXES if axis_name in line]
        parts += ["choice"] if line.get("band") == "choice" else []
        axes = {key: value for key, value in line.items() if key not in ("cells", "band")}
        rows.append(MatrixRow("-".join(parts), axes, line.get("band"), tuple(str(line["cells"]).split())))
    return Matrix(
        name,
        entry["label"],
        entry["points"],
        str(entry["judged_by"]),
        str(axis),
        tuple(columns),
        tuple(slug(column) for column in columns),
        tuple(rows),
    )


def scenario_facts(tables: Avoidance, rule: schema.Scenario) -> Iterator[str | Cells]:
    """Yield the facts of a scenario, in the order in which its kernel takes them."""
    if rule.low_speed:
        yield from _low_speed_facts(tables, tables.matrices[rule.matrices[0]], rule.name)
        return
    yield f"{rule.name}/prediction_standard"
    yield f"{rule.name}/prediction_extended"
    if tables.performance(rule) is not None:
        yield f"{rule.name}/{tables.ranges['extended_range_performance']['fact']}"
    yield from (f"{rule.name}/{word(layer)}/claimed" for layer in tables.offered(rule.name))
    for name in rule.matrices:
        matrix = tables.matrices[name]
        yield f"{name}/{LAYER}"
        yield f"{name}/{CONDITION}"
        yield from (f"{name}/{matrix.rows[row].name}/{FUNCTION}" for row in tables.declared(matrix))
        if tables.closed:  # otherwise the declared function alone says so
            yield from (f"{name}/{matrix.rows[row].name}/{TAKEN_OUT}" for row, _ in tables.repeated(matrix))
        else:
            yield f"{name}/{TESTED}"
        for quantity in (PREDICTION, TESTED, *tables.quantities(matrix)):
            yield name, matrix.names, quantity
        standard, _ = may_be(tables, matrix)
        yield name, tuple(matrix.names[cell] for cell in standard), ROBUSTNESS


def may_be(tables: Avoidance, matrix: Matrix) -> tuple[list[int], list[int]]:
    """Return the numbers of the cells that can be in the standard range, and of those in the extended one."""
    usual = tables.standard(matrix, set())
    after = tables.standard(matrix, {original for _, original in tables.repeated(matrix)})
    every = range(len(matrix.cells))
    return (
        [cell for cell in every if usual[cell] or after[cell]],
        [cell for cell in every if not (usual[cell] and after[cell])],
    )


def _low_speed_facts(tables: Avoidance, matrix: Matrix, scenario: str) -> Iterator[str | Cells]:
    criterion = tables.criterion(matrix)
    quantities = [PREDICTION, TESTED, str(criterion["quantity"])]
    if "baseline" in criterion:
        quantities.append(str(criterion["baseline"]))
    if "by_system" in criterion:
        yield f"{scenario}/vehicle_response"
        quantities += ["system", "door"]
    if not tables.closed:
        yield f"{matrix.name}/{TESTED}"
    for quantity in quantities:
        yield matrix.name, matrix.names, quantity


def predicted_other_than(tables: Avoidance, rule: schema.CellsPredicted) -> list[str]:
    """Return the predictions that a general requirement looks at."""
    matrix = tables.matrices[rule.matrix]
    found = []
    for (row, column), name in zip(matrix.cells, matrix.names, strict=True):
        line = matrix.rows[row]
        inside = line.axes["VUT speed"] in rule.vut_speed
        if rule.cells is not None:
            inside = inside and line.cells[column] == rule.cells
        if rule.impact_location is not None:
            inside = inside and matrix.columns[column] in {slug(value) for value in rule.impact_location}
        if inside:
            found.append(f"{matrix.name}/{name}/{PREDICTION}")
    return found
