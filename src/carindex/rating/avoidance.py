"""Compile crash-avoidance scenarios: from the tables of the protocol's data to one array operation a scenario."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from carindex.messages import InputError
from carindex.rating import schema
from carindex.rating.kernels.avoidance import (
    GREY,
    RED,
    AcrossTable,
    CellCriterion,
    LowSpeedTable,
    MatrixTable,
    ScenarioTable,
)
from carindex.rating.protocol import Node

if TYPE_CHECKING:
    from carindex.rating.compile import Compiled, Compiler

TABLES = "avoidance"
COLOURS = ("green", "yellow", "orange", "brown", "red", "grey")
LAYERS = ("standard", "extended", "robustness")
# axes that name a row of a matrix, in this order
NAMING_AXES = ("VUT speed", "d", "Gap", "Distance", "Turn", "Target direction", "Target speed")
PREDICTION, TESTED, ROBUSTNESS, FUNCTION = "prediction", "tested", "robustness", "function"
TAKEN_OUT = "taken_out"


def slug(text: object) -> str:
    """Return a label as it stands in the name of a fact: ``50 km/h`` is ``50_km_h``, 0.5 is ``0.5``."""
    if isinstance(text, int | float):
        return f"{text:g}"
    return re.sub(r"[^a-z0-9.\-]+", "_", str(text).strip().lower()).strip("_")


def word(label: object) -> str:
    """Return a label as it stands in a path: ``Trajectory/Heading`` is ``trajectory_heading``."""
    return re.sub(r"[^a-z0-9]+", "_", str(label).lower()).strip("_")


@dataclass(frozen=True)
class MatrixRow:
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
    scenario: str
    points: Mapping[str, float]
    judged_by: str
    axis: str
    columns: tuple[str, ...]
    rows: tuple[MatrixRow, ...]

    @cached_property
    def cells(self) -> tuple[tuple[int, int], ...]:
        """Row and column of every cell there is."""
        return tuple(
            (r, c) for r, row in enumerate(self.rows) for c, kind in enumerate(row.cells) if kind != "."
        )

    def cell(self, row: int, column: int) -> str:
        """Return the name of a cell in facts."""
        return f"{self.name}/{self.rows[row].name}-{self.columns[column]}"


class Avoidance:
    """The tables of a programme's crash avoidance, read once."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self.judging: Mapping[str, Any] = tables["judging"]
        self.ranges: Mapping[str, Any] = tables["ranges"]
        self.robustness: Mapping[str, Any] = tables["robustness"]
        self.matrices = {
            name: _matrix(name, entry) for file in tables["matrices"].values() for name, entry in file.items()
        }

    def offered(self, scenario: str) -> list[str]:
        """Return the robustness layers that a scenario is offered, as the sheets call them."""
        return [
            str(line["layer"])
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
        str(entry["scenario"]),
        entry["points"],
        str(entry["judged_by"]),
        str(axis),
        tuple(slug(column) for column in columns),
        tuple(rows),
    )


# -- facts ---------------------------------------------------------------------------------------------------


def scenario_facts(tables: Avoidance, node: Node) -> Iterator[str]:
    """Yield the facts of a scenario, in the order in which its kernel takes them."""
    assert node.spec.scenario is not None
    rule = node.spec.scenario
    if rule.low_speed:
        yield from _low_speed_facts(tables, tables.matrices[rule.matrices[0]], rule.name)
        return
    yield f"{rule.name}/prediction_standard"
    yield f"{rule.name}/prediction_extended"
    if _performance(tables, rule) is not None:
        yield f"{rule.name}/{tables.ranges['extended_range_performance']['fact']}"
    yield from (f"{rule.name}/{word(layer)}/claimed" for layer in tables.offered(rule.name))
    for name in rule.matrices:
        matrix = tables.matrices[name]
        yield f"{name}/robustness_layer"
        yield f"{name}/verification_condition"
        yield from (f"{name}/{matrix.rows[row].name}/{FUNCTION}" for row in _declared(tables, matrix))
        repeated = _repeated(tables, matrix)
        yield from (f"{name}/{matrix.rows[row].name}/{TAKEN_OUT}" for row, _ in repeated)
        for quantity in (PREDICTION, TESTED, *tables.quantities(matrix), ROBUSTNESS):
            yield from (f"{matrix.cell(*cell)}/{quantity}" for cell in matrix.cells)


def _low_speed_facts(tables: Avoidance, matrix: Matrix, scenario: str) -> Iterator[str]:
    criterion = tables.criterion(matrix)
    quantities = [PREDICTION, TESTED, str(criterion["quantity"])]
    if "baseline" in criterion:
        quantities.append(str(criterion["baseline"]))
    if "by_system" in criterion:
        yield f"{scenario}/vehicle_response"
        quantities += ["system", "door"]
    for quantity in quantities:
        yield from (f"{matrix.cell(*cell)}/{quantity}" for cell in matrix.cells)


def _declared(tables: Avoidance, matrix: Matrix) -> list[int]:
    if not tables.by_function(matrix):
        return []
    return [number for number, row in enumerate(matrix.rows) if row.declared]


def _repeated(tables: Avoidance, matrix: Matrix) -> list[tuple[int, int]]:
    """Return pairs of rows of which the first repeats the second where it is declared with the same function."""
    rule = tables.ranges["repeated_rows"]
    if matrix.name not in rule["matrices"]:
        return []
    fixed = {row.axes["VUT speed"]: k for k, row in enumerate(matrix.rows) if row.band == "fixed"}
    return [
        (number, fixed[row.axes["VUT speed"]])
        for number, row in enumerate(matrix.rows)
        if row.band == rule["when"]["band"] and row.axes["VUT speed"] in rule["VUT speed"]
    ]


def _performance(tables: Avoidance, rule: schema.Scenario) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] = tables.ranges["extended_range_performance"]
    return found if found["matrix"] in rule.matrices else None


# -- compiling -----------------------------------------------------------------------------------------------


def _edges(bands: Mapping[str, float]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    colours = np.array([float(COLOURS.index(colour.lower())) for colour in bands])
    return colours, np.array([float(edge) for edge in bands.values()])


def _cell_criterion(criterion: Mapping[str, Any], bands: Mapping[str, float]) -> CellCriterion:
    colours, edges = _edges(bands)
    zero = criterion.get("zero")
    above = criterion.get("above")
    return CellCriterion(
        colours,
        edges,
        criterion["within"] == "up_to",
        None if zero is None else float(COLOURS.index(str(zero).lower())),
        criterion.get("tolerance"),
        None if above is None else float(above["value"]),
        RED if above is None else float(COLOURS.index(str(above["colour"]).lower())),
    )


def _criteria(
    criterion: Mapping[str, Any], matrix: Matrix
) -> tuple[tuple[CellCriterion, ...], np.ndarray[Any, Any]]:
    """Return the criteria of a matrix, and which of them each cell has."""
    if "by_vut_speed" not in criterion:
        return (_cell_criterion(criterion, criterion["bands"]),), np.zeros(len(matrix.cells), np.intp)
    table = {int(speed): bands for speed, bands in criterion["by_vut_speed"].items()}
    speeds = sorted(table)
    criteria = tuple(_cell_criterion(criterion, table[speed]) for speed in speeds)
    of = []
    for row, _ in matrix.cells:
        speed = int(str(matrix.rows[row].axes["VUT speed"]).removesuffix(" km/h"))
        of.append(speeds.index(min(speed, speeds[-1])))
    return criteria, np.array(of, np.intp)


def _matrix_table(tables: Avoidance, matrix: Matrix) -> MatrixTable:
    criterion = tables.criterion(matrix)
    criteria, of = _criteria(criterion, matrix)
    by_function = tables.judging["criteria_by_function"]
    uses_function = tables.by_function(matrix)
    named = tables.judging["criteria"]
    repeated = _repeated(tables, matrix)
    after = np.array([matrix.rows[r].cells[c] == "S" for r, c in matrix.cells])
    rule = tables.ranges["repeated_rows"]
    if matrix.name in rule["matrices"]:
        ((axis, values),) = rule["standard_in_fixed_row"].items()
        if axis == matrix.axis:
            wanted = {slug(value) for value in values}
            originals = {original for _, original in repeated}
            after = np.array(
                [
                    matrix.columns[c] in wanted if r in originals else matrix.rows[r].cells[c] == "S"
                    for r, c in matrix.cells
                ]
            )
    last = by_function.get("last_rows_are_choice", {})
    return MatrixTable(
        row=np.array([row for row, _ in matrix.cells], np.intp),
        standard=np.array([matrix.rows[r].cells[c] == "S" for r, c in matrix.cells]),
        points=matrix.points,
        criterion_of=of,
        criteria=criteria,
        second_quantity=len(tables.quantities(matrix)) > 1,
        declared=np.array(_declared(tables, matrix), np.intp),
        repeated=tuple(repeated),
        standard_if_repeated=after,
        choice=np.array([matrix.rows[r].band == "choice" for r, _ in matrix.cells]),
        last_rows=last["rows"] if matrix.name in last.get("matrices", ()) else None,
        warning=_cell_criterion(named["warning"], named["warning"]["bands"]) if uses_function else None,
        avoidance=_cell_criterion(named["avoidance"], named["avoidance"]["bands"]) if uses_function else None,
        second_in_extended="quantity_in_extended_range_with_ldw" in criterion,
    )


def _worth(table: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    named = {str(colour).lower(): value for colour, value in table.items()}
    return np.array([float(named[colour]) for colour in COLOURS])


def colour_worth(tables: Avoidance) -> np.ndarray[Any, Any]:
    """Return what a predicted cell of each colour is worth."""
    return _worth({name: entry["worth"] for name, entry in tables.judging["colours"].items()})


def _judged_not_red(
    tables: Avoidance, scenario: str, layers: Sequence[str], conditions: Sequence[str]
) -> np.ndarray[Any, Any]:
    found = np.zeros((len(layers), len(conditions)), bool)
    for layer, lines in tables.robustness["conditions"].items():
        for line in lines:
            if scenario in line["scenarios"]:
                place = layers.index(str(layer)), conditions.index(str(line["condition"]).strip())
                found[place] = found[place] or line["judged"] == "not_red"
    return found


def compile_scenario(compiler: Compiler, node: Node) -> dict[str, int]:
    """Compile a scenario once; returns the slots of its layers and what the rule across scenarios needs."""
    rule = node.spec.scenario
    assert rule is not None
    if rule.name in compiler.scenarios:
        return compiler.scenarios[rule.name]
    tables = compiler.avoidance
    facts = [compiler.fact(name, node) for name in scenario_facts(tables, node)]
    raw = [compiler.raw(fact) for fact in facts]
    if rule.low_speed:
        found = _compile_low_speed(compiler, node, facts, raw)
    else:
        found = _compile_matrices(compiler, node, facts, raw)
    compiler.scenarios[rule.name] = found
    return found


def _words_of(compiler: Compiler, name: str, node: Node) -> tuple[str, ...]:
    return compiler.quantities[compiler.fact(name, node)].categories


def _compile_matrices(compiler: Compiler, node: Node, facts: list[int], raw: list[int]) -> dict[str, int]:
    rule = node.spec.scenario
    assert rule is not None
    tables = compiler.avoidance
    matrices = [tables.matrices[name] for name in rule.matrices]
    methods = _words_of(compiler, f"{rule.name}/prediction_standard", node)
    layers = _words_of(compiler, f"{matrices[0].name}/robustness_layer", node)
    conditions = _words_of(compiler, f"{matrices[0].name}/verification_condition", node)
    offered = tables.offered(rule.name)
    performance = _performance(tables, rule)
    worth_of = None
    if performance is not None:
        words = _words_of(compiler, f"{rule.name}/{performance['fact']}", node)
        worth_of = {words.index(str(name)): float(part) for name, part in performance["worth"].items()}
    factors = tuple(
        {
            methods.index(str(method)): {
                int(tested): {int(correct): float(percent) for correct, percent in by.items()}
                for tested, by in table.items()
            }
            for method, table in tables.judging["factor"][kind].items()
        }
        for kind in ("standard", "extended")
    )
    score = tables.robustness["score"]
    plan = ScenarioTable(
        matrices=tuple(_matrix_table(tables, matrix) for matrix in matrices),
        layers=len(offered),
        layers_of=np.array([layers.index(layer) for layer in offered], np.intp),
        not_red=_judged_not_red(tables, rule.name, layers, conditions),
        not_applicable=layers.index("Not Applicable"),
        factors=factors,
        worth=colour_worth(tables),
        worth_extended=_worth(tables.ranges["extended"]["worth"]),
        steps=tuple(sorted((float(a), float(b)) for a, b in tables.ranges["extended"]["steps"].items())),
        needs=float(score["needs"]["at_least"]),
        not_claimed=methods.index("N/A"),
        performance=worth_of,
        count_answered=score["per_layer"]["divided_by"] == "answered",
        blank=str(tables.judging["blank"]),
    )
    cells = [(matrix, cell) for matrix in matrices for cell in matrix.cells]
    outputs = compiler.emit_many("scenario", raw, 6 + len(offered) + len(cells), table=plan)
    after = outputs[6 + len(offered) :]
    for (matrix, cell), slot in zip(cells, after, strict=True):
        compiler.publish(f"{matrix.cell(*cell)}#colour", slot)
    names = (*LAYERS, "share", "failed", "tested_layer")
    found = dict(zip(names, outputs[:6], strict=True))
    found |= {f"claimed_{i}": outputs[6 + i] for i in range(len(offered))}
    for name in ("failed", "tested_layer"):
        compiler.publish(f"{rule.name}#{name}", found[name])
    return found


def _compile_low_speed(compiler: Compiler, node: Node, facts: list[int], raw: list[int]) -> dict[str, int]:
    rule = node.spec.scenario
    assert rule is not None
    tables = compiler.avoidance
    (name,) = rule.matrices
    matrix = tables.matrices[name]
    criterion = tables.criterion(matrix)
    more: dict[str, Any] = {}
    plain = None
    if "baseline" in criterion:
        more = {
            "above_baseline": _cell_criterion(criterion, criterion["above_baseline"]),
            "binary": bool(criterion.get("binary", False)),
        }
    elif "by_system" in criterion:
        more = _dooring_table(compiler, node, criterion, matrix)
    else:
        plain = _cell_criterion(criterion, criterion["bands"])
    table = LowSpeedTable(
        matrix.points["standard"], colour_worth(tables), plain, blank=str(tables.judging["blank"]), **more
    )
    outputs = compiler.emit_many("low_speed", raw, 1 + len(matrix.cells), table=table)
    for cell, slot in zip(matrix.cells, outputs[1:], strict=True):
        compiler.publish(f"{matrix.cell(*cell)}#colour", slot)
    return {"standard": outputs[0]}


def _dooring_table(
    compiler: Compiler, node: Node, criterion: Mapping[str, Any], matrix: Matrix
) -> dict[str, Any]:
    rule = node.spec.scenario
    assert rule is not None
    responses = _words_of(compiler, f"{rule.name}/vehicle_response", node)
    doors = _words_of(compiler, f"{matrix.cell(*matrix.cells[0])}/door", node)
    systems = list(criterion["by_system"])
    if list(responses[: len(systems)]) != systems:
        raise InputError(node.place, "rating.unknown_word", word=", ".join(systems), kind={"en": "system"})
    limits = [criterion["by_system"][system] for system in systems]
    best = [
        [
            float(COLOURS.index(str(criterion["at_best"][system][door]).lower()))
            for door in ("driver", "other")
        ]
        for system in systems
    ]
    return {
        "at_least": np.array([float(one.get("at_least", -np.inf)) for one in limits]),
        "forbidden": np.array([one.get("not_between", (np.inf, np.inf)) for one in limits], np.float64),
        "best": np.array(best),
        "other_doors": np.array([float(doors.index(door)) for door in criterion["doors"]["other"]]),
        "not_claimed": responses.index(str(compiler.avoidance.ranges["dooring"]["not_claimed"])),
    }


def compile_layer(compiler: Compiler, node: Node) -> Compiled:
    """Compile one layer of a scenario; robustness after the rule across scenarios."""
    from carindex.rating.compile import Compiled

    layer = node.spec.layer
    assert layer is not None
    owner = compiler.protocol.nodes[node.path.rsplit("/", 1)[0]]
    found = compile_scenario(compiler, owner)
    rule = owner.spec.scenario
    assert rule is not None
    facts = tuple(compiler.fact(name, owner) for name in scenario_facts(compiler.avoidance, owner))
    slot = found[layer]
    if layer == "robustness":
        slot = _after_across(compiler, rule.name, slot)
    return Compiled("layer", slot, facts=facts)


def _after_across(compiler: Compiler, scenario: str, slot: int) -> int:
    tables = compiler.avoidance
    across = tables.robustness["across"]
    for partner, scenarios in across["partners"].items():
        if scenario not in scenarios:
            continue
        if partner not in compiler.partners:
            compiler.partners[partner] = _compile_across(compiler, scenarios, int(across["failed_in"]))
        return compiler.partners[partner][scenario]
    return slot


def _compile_across(compiler: Compiler, scenarios: Sequence[str], failed_in: int) -> dict[str, int]:
    tables = compiler.avoidance
    owners = {
        node.spec.scenario.name: node for node in compiler.protocol.nodes.values() if node.spec.scenario
    }
    inputs: list[int] = []
    layers = []
    for name in scenarios:
        node = owners[name]
        found = compile_scenario(compiler, node)
        assert node.spec.scenario is not None
        words = _words_of(compiler, f"{node.spec.scenario.matrices[0]}/robustness_layer", node)
        offered = tables.offered(name)
        layers.append(np.array([words.index(layer) for layer in offered], np.intp))
        inputs += [found["robustness"], found["share"], found["failed"], found["tested_layer"]]
        inputs += [found[f"claimed_{i}"] for i in range(len(offered))]
    table = AcrossTable(tuple(layers), failed_in)
    outputs = compiler.emit_many("across", inputs, len(scenarios), table=table)
    return dict(zip(scenarios, outputs, strict=True))


def predicted_other_than(tables: Avoidance, rule: schema.CellsPredicted) -> list[str]:
    """Return the predictions that a general requirement looks at."""
    matrix = tables.matrices[rule.matrix]
    found = []
    for row, column in matrix.cells:
        line = matrix.rows[row]
        inside = line.axes["VUT speed"] in rule.vut_speed
        if rule.cells is not None:
            inside = inside and line.cells[column] == rule.cells
        if rule.impact_location is not None:
            inside = inside and matrix.columns[column] in {slug(value) for value in rule.impact_location}
        if inside:
            found.append(f"{matrix.cell(row, column)}/{PREDICTION}")
    return found


__all__ = [
    "COLOURS",
    "GREY",
    "TABLES",
    "Avoidance",
    "Matrix",
    "MatrixRow",
    "compile_layer",
    "compile_scenario",
    "predicted_other_than",
    "scenario_facts",
    "slug",
    "word",
]
