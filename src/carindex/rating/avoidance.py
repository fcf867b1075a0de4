"""Compile crash-avoidance scenarios: from the tables of the protocol's data to one array operation a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from carindex.messages import InputError
from carindex.rating.cells import cell_details, layer_details
from carindex.rating.kernels.avoidance import AcrossTable
from carindex.rating.kernels.judging import RED, Criterion, Judging
from carindex.rating.kernels.low_speed import Dooring, LowSpeedTable
from carindex.rating.kernels.scenario import LAYERS, MatrixTable, ScenarioTable, Variant
from carindex.rating.matrices import (
    COLOURS,
    CONDITION,
    FUNCTION,
    LAYER,
    PREDICTION,
    ROBUSTNESS,
    TESTED,
    Avoidance,
    Matrix,
    may_be,
    scenario_facts,
)
from carindex.rating.plan import Detail
from carindex.rating.protocol import Node

if TYPE_CHECKING:
    from carindex.rating import schema
    from carindex.rating.compile import Compiled, Compiler

Numbers = np.ndarray[Any, Any]


class ScenarioSlots(msgspec.Struct, frozen=True):
    """What a scenario was compiled to: slots of its layers, what the rule across scenarios needs, and the losses.

    ``said``: facts on the scenario as a whole; ``facts``: all of them.
    """

    layers: Mapping[str, int]
    share: int = -1
    failed: int = -1
    tested_layer: int = -1
    claimed: tuple[int, ...] = ()
    said: tuple[int, ...] = ()
    facts: tuple[int, ...] = ()
    details: Mapping[str, tuple[Detail, ...]] = msgspec.field(default_factory=dict)


def collect(compiler: Compiler, node: Node) -> list[int]:
    """Give the facts of a scenario their slots; returns them."""
    assert node.spec.scenario is not None
    for entry in scenario_facts(compiler.avoidance, node.spec.scenario):
        if isinstance(entry, str):
            compiler.fact(entry, node)
        else:
            compiler.facts_of_cells(*entry, node)
    _note_when_asked(compiler, node.spec.scenario)
    return _fact_slots(compiler, node)[0]


def _note_when_asked(compiler: Compiler, rule: schema.Scenario) -> None:
    """Note when facts are asked for: those about a test at tested cells, others in matrices that are not complete."""
    slots = compiler.facts
    for entry in scenario_facts(compiler.avoidance, rule):
        if isinstance(entry, str):
            complete = slots.get(f"{entry.split('/')[0]}/{TESTED}")
            if complete is not None and entry.endswith((f"/{LAYER}", f"/{CONDITION}", f"/{FUNCTION}")):
                compiler.asked_unless[slots[entry]] = complete
            continue
        matrix, cells, quantity = entry
        complete = slots.get(f"{matrix}/{TESTED}")
        for cell in cells:
            fact = slots[f"{matrix}/{cell}/{quantity}"]
            if quantity not in (PREDICTION, TESTED):
                compiler.asked_if[fact] = slots[f"{matrix}/{cell}/{TESTED}"]
            if complete is not None and quantity in (PREDICTION, TESTED, ROBUSTNESS, "system", "door"):
                compiler.asked_unless[fact] = complete


def _fact_slots(compiler: Compiler, node: Node) -> tuple[list[int], tuple[int, ...]]:
    """Return the slots of all facts of a scenario, in the order of its kernel, and of those on the whole of it."""
    assert node.spec.scenario is not None
    every: list[int] = []
    said: list[int] = []
    for entry in scenario_facts(compiler.avoidance, node.spec.scenario):
        if isinstance(entry, str):
            slot = compiler.facts[entry]
            every.append(slot)
            if entry.split("/", 1)[0] == node.spec.scenario.name and entry.count("/") == 1:
                said.append(slot)
        else:
            test, cells, quantity = entry
            every.extend(compiler.facts[f"{test}/{cell}/{quantity}"] for cell in cells)
    return every, tuple(said)


def compile_scenario(compiler: Compiler, node: Node) -> ScenarioSlots:
    """Compile a scenario once."""
    rule = node.spec.scenario
    assert rule is not None
    if rule.name not in compiler.scenarios:
        facts, said = _fact_slots(compiler, node)
        work = _compile_low_speed if rule.low_speed else _compile_matrices
        compiler.scenarios[rule.name] = work(compiler, node, facts, said)
    return compiler.scenarios[rule.name]


def _words_of(compiler: Compiler, name: str, node: Node) -> tuple[str, ...]:
    return compiler.quantities[compiler.fact(name, node)].categories


# -- tables of kernels -----------------------------------------------------------------------------------------


def _colour(name: object) -> int:
    return COLOURS.index(str(name).lower())


def _criterion(rule: Mapping[str, Any], bands: Mapping[str, float]) -> Criterion:
    zero, above = rule.get("zero"), rule.get("above")
    return Criterion(
        tuple((_colour(colour), float(edge)) for colour, edge in bands.items()),
        rule["within"] == "up_to",
        None if zero is None else _colour(zero),
        rule.get("tolerance"),
        None if above is None else float(above["value"]),
        RED if above is None else _colour(above["colour"]),
    )


def _worth(table: Mapping[str, Any]) -> Numbers:
    """Return the least and the greatest worth of every pair of a first and a last colour."""
    named = {str(colour).lower(): float(value) for colour, value in table.items()}
    each = [named[colour] for colour in COLOURS]
    ranges = [each[min(a, b) : max(a, b) + 1] for a in range(len(each)) for b in range(len(each))]
    return np.array([[min(some) for some in ranges], [max(some) for some in ranges]])


def colour_worth(tables: Avoidance) -> Numbers:
    """Return what a predicted cell of each pair of a first and a last colour is worth, least and greatest."""
    return _worth({name: entry["worth"] for name, entry in tables.judging["colours"].items()})


def _judging(compiler: Compiler, matrix: Matrix, node: Node) -> tuple[Judging, list[int], int | None, int]:
    """Return the criteria of a matrix, which each cell has, and which are for a warning and for avoidance."""
    tables = compiler.avoidance
    rule = tables.criterion(matrix)
    by_function = tables.by_function(matrix)
    key = (matrix.judged_by, by_function)
    criteria: list[Criterion]
    if "by_vut_speed" in rule:
        table = {int(speed): bands for speed, bands in rule["by_vut_speed"].items()}
        speeds = sorted(table)
        criteria = [_criterion(rule, table[speed]) for speed in speeds]
        said = [int(str(matrix.rows[row].axes["VUT speed"]).removesuffix(" km/h")) for row, _ in matrix.cells]
        of = [speeds.index(min(speed, speeds[-1])) for speed in said]
    else:
        criteria, of = [_criterion(rule, rule["bands"])], [0] * len(matrix.cells)
    warning = avoidance = None
    if by_function:
        named = tables.judging["criteria"]
        warning, avoidance = len(criteria), len(criteria) + 1
        criteria += [_criterion(named[name], named[name]["bands"]) for name in ("warning", "avoidance")]
    if key not in compiler.judgings:
        try:
            compiler.judgings[key] = Judging.of(criteria)
        except ValueError as error:
            raise InputError(node.place, "rating.not_ascending", limits=error) from None
    return compiler.judgings[key], of, warning, -1 if avoidance is None else avoidance


def _matrix_table(compiler: Compiler, matrix: Matrix, node: Node) -> MatrixTable:
    tables = compiler.avoidance
    judging, of, warning, avoidance = _judging(compiler, matrix, node)
    declared, repeated = tables.declared(matrix), tables.repeated(matrix)
    last = tables.judging["criteria_by_function"].get("last_rows_are_choice", {})
    rows = np.array([row for row, _ in matrix.cells], np.intp)
    plain = np.array(of, np.intp)

    def variant(taken_out: tuple[bool, ...]) -> Variant:
        pairs = [pair for pair, out in zip(repeated, taken_out, strict=True) if out]
        gone = {repeating for repeating, _ in pairs}
        left = [row for row in range(len(matrix.rows)) if row not in gone]
        choice = {row for row in left if matrix.rows[row].band == "choice"}
        if matrix.name in last.get("matrices", ()):
            choice = set(left[-int(last["rows"]) :])
        cells = np.flatnonzero(np.isin(rows, left))
        by_avoidance = np.isin(rows, list(choice)) & (avoidance >= 0)
        aeb = np.where(by_avoidance, avoidance, plain)
        # rows of which the function is printed are AEB throughout
        usual = np.where(np.isin(rows, declared), plain, aeb)
        standard = np.array(tables.standard(matrix, {original for _, original in pairs}))
        return Variant(taken_out, cells, standard[cells], usual[cells], aeb[cells])

    numbers = {row: number for number, row in enumerate(declared)}
    return MatrixTable(
        cells=len(matrix.cells),
        declared=np.array([numbers.get(row, -1) for row, _ in matrix.cells], np.intp),
        functions=len(declared),
        repeating=tuple((numbers[row], np.flatnonzero(rows == row)) for row, _ in repeated),
        variants=tuple(variant(out) for out in product((False, True), repeat=len(repeated))),
        judging=judging,
        warning=warning,
        second_in_extended="quantity_in_extended_range_with_ldw" in tables.criterion(matrix),
        points=matrix.points,
        may_be=tuple(np.array(cells, np.intp) for cells in may_be(tables, matrix)),  # type: ignore[arg-type]
    )


def _judged_not_red(
    tables: Avoidance, scenario: str, layers: Sequence[str], conditions: Sequence[str]
) -> Numbers:
    """Return for each layer and condition whether points need only not be red; last row and column: for any of them."""
    found = np.zeros((len(layers) + 1, len(conditions) + 1), bool)
    for layer, lines in tables.robustness["conditions"].items():
        for line in lines:
            if scenario in line["scenarios"] and line["judged"] == "not_red":
                row, column = layers.index(str(layer)), conditions.index(str(line["condition"]).strip())
                found[[row, row, -1, -1], [column, -1, column, -1]] = True
    return found


def _factors(table: Mapping[str, Any], methods: Sequence[str]) -> Numbers:
    """Return factors by method, borne out and refuted points; as many points as the table does not know: 1."""
    most = max(int(tested) for by in table.values() for tested in by) + 1
    found = np.ones((len(methods), most + 1, most + 1))
    for method, by_tested in table.items():
        for tested, by_correct in by_tested.items():
            for correct, percent in by_correct.items():
                found[methods.index(str(method)), int(correct), int(tested) - int(correct)] = percent / 100
    return found


def _compile_matrices(
    compiler: Compiler, node: Node, facts: list[int], said: tuple[int, ...]
) -> ScenarioSlots:
    rule = node.spec.scenario
    assert rule is not None
    tables = compiler.avoidance
    matrices = [tables.matrices[name] for name in rule.matrices]
    methods = _words_of(compiler, f"{rule.name}/prediction_standard", node)
    layers = _words_of(compiler, f"{matrices[0].name}/{LAYER}", node)
    conditions = _words_of(compiler, f"{matrices[0].name}/verification_condition", node)
    offered = tables.offered_lines(rule.name)
    performance = tables.performance(rule)
    words: tuple[str, ...] = ()
    if performance is not None:
        words = _words_of(compiler, f"{rule.name}/{performance['fact']}", node)
    worth_of = tuple(float(performance["worth"].get(name, 0.0)) for name in words) if performance else ()
    not_claimed = str(tables.ranges["claimed"]["not_claimed"])
    score = tables.robustness["score"]
    factor = tables.judging["factor"]
    table = ScenarioTable(
        matrices=tuple(_matrix_table(compiler, matrix, node) for matrix in matrices),
        layers=len(offered),
        not_red=_judged_not_red(tables, rule.name, layers, conditions),
        not_applicable=layers.index("Not Applicable"),
        factors=(_factors(factor["standard"], methods), _factors(factor["extended"], methods)),
        worth=colour_worth(tables),
        worth_extended=_worth(tables.ranges["extended"]["worth"]),
        steps=tuple(sorted((float(a), float(b)) for a, b in tables.ranges["extended"]["steps"].items())),
        needs=float(score["needs"]["at_least"]),
        not_claimed=methods.index(not_claimed),
        performance=worth_of,
        performance_not_claimed=words.index(not_claimed) if words else 0,
        answered=score["per_layer"]["divided_by"] == "answered",
        closed=tables.closed,
    )
    raw = [compiler.raw(fact) for fact in facts]
    slots = iter(compiler.emit_many("scenario", raw, table.outputs, table=table))

    def take(count: int) -> tuple[int, ...]:
        return tuple(next(slots) for _ in range(count))

    standard, extended, robustness, share, failed, tested_layer = take(6)
    claimed, unclaimed = take(len(offered)), take(len(offered))
    failing, needing = take(2)
    details: dict[str, list[Detail]] = {layer: [] for layer in LAYERS}
    for matrix, shape in zip(matrices, table.matrices, strict=True):
        colours = _published(compiler, matrix, take(shape.cells), take(shape.cells))
        for layer, cells in zip(LAYERS, shape.may_be, strict=False):
            details[layer] += cell_details(compiler, matrix, cells, take(len(cells)), colours)
    details["robustness"] += layer_details(tables, offered, unclaimed, failing, needing)
    compiler.publish(f"{rule.name}#failed", failed)
    compiler.publish(f"{rule.name}#tested_layer", tested_layer)
    return ScenarioSlots(
        {"standard": standard, "extended": extended, "robustness": robustness},
        share,
        failed,
        tested_layer,
        claimed,
        said,
        tuple(facts),
        {layer: tuple(some) for layer, some in details.items()},
    )


def _published(
    compiler: Compiler, matrix: Matrix, colours: tuple[int, ...], checks: tuple[int, ...]
) -> tuple[int, ...]:
    for name, colour, check in zip(matrix.names, colours, checks, strict=True):
        compiler.publish(f"{matrix.name}/{name}#colour", colour)
        compiler.publish(f"{matrix.name}/{name}#check", check)
    return colours


def _compile_low_speed(
    compiler: Compiler, node: Node, facts: list[int], said: tuple[int, ...]
) -> ScenarioSlots:
    rule = node.spec.scenario
    assert rule is not None
    tables = compiler.avoidance
    (name,) = rule.matrices
    matrix = tables.matrices[name]
    criterion = tables.criterion(matrix)
    bands = criterion.get("above_baseline", criterion.get("bands"))
    cells = len(matrix.cells)
    table = LowSpeedTable(
        cells=cells,
        points=matrix.points["standard"],
        worth=colour_worth(tables),
        judging=None if bands is None else Judging.of([_criterion(criterion, bands)]),
        baseline="baseline" in criterion,
        binary=bool(criterion.get("binary", False)),
        dooring=_dooring(compiler, node, criterion, matrix) if "by_system" in criterion else None,
        closed=tables.closed,
    )
    raw = [compiler.raw(fact) for fact in facts]
    slots = compiler.emit_many("low_speed", raw, table.outputs, table=table)
    colours = _published(compiler, matrix, slots[1 : 1 + cells], slots[1 + cells : 1 + 2 * cells])
    lost = cell_details(compiler, matrix, range(cells), slots[1 + 2 * cells :], colours)
    return ScenarioSlots(
        {"standard": slots[0]}, said=said, facts=tuple(facts), details={"standard": tuple(lost)}
    )


def _dooring(compiler: Compiler, node: Node, criterion: Mapping[str, Any], matrix: Matrix) -> Dooring:
    rule = node.spec.scenario
    assert rule is not None
    responses = _words_of(compiler, f"{rule.name}/vehicle_response", node)
    doors = _words_of(compiler, f"{matrix.name}/{matrix.names[0]}/door", node)
    systems = list(criterion["by_system"])
    if list(responses[: len(systems)]) != systems:
        raise InputError(node.place, "rating.unknown_word", word=", ".join(systems), kind={"en": "system"})
    limits = [criterion["by_system"][system] for system in systems]
    best = [
        [float(_colour(criterion["at_best"][system][door])) for door in ("driver", "other")]
        for system in systems
    ]
    return Dooring(
        at_least=np.array([float(one.get("at_least", -np.inf)) for one in limits]),
        not_between=np.array([one.get("not_between", (np.inf, np.inf)) for one in limits], np.float64),
        best=np.array(best),
        other_doors=np.array([doors.index(door) for door in criterion["doors"]["other"]]),
        not_claimed=responses.index(str(compiler.avoidance.ranges["dooring"]["not_claimed"])),
        doors=len(doors),
    )


# -- layers ----------------------------------------------------------------------------------------------------


def compile_layer(compiler: Compiler, node: Node) -> Compiled:
    """Compile one layer of a scenario; robustness after the rule across scenarios."""
    from carindex.rating.compile import Compiled

    layer = node.spec.layer
    assert layer is not None
    owner = compiler.protocol.nodes[node.path.rsplit("/", 1)[0]]
    found = compile_scenario(compiler, owner)
    slot, details = found.layers[layer], found.details[layer]
    if layer == "robustness":
        slot, more = _after_across(compiler, owner, slot)
        details = (*details, *more)
    return Compiled("layer", slot, facts=found.said, details=details, asked=found.facts)


def _after_across(compiler: Compiler, owner: Node, slot: int) -> tuple[int, tuple[Detail, ...]]:
    assert owner.spec.scenario is not None
    scenario = owner.spec.scenario.name
    across = compiler.avoidance.robustness["across"]
    for partner, scenarios in across["partners"].items():
        if scenario in scenarios:
            if partner not in compiler.partners:
                compiler.partners[partner] = _compile_across(compiler, scenarios, int(across["failed_in"]))
            left, lost = compiler.partners[partner][scenario]
            return left, (Detail(across["label"], lost),)
    return slot, ()


def _compile_across(
    compiler: Compiler, scenarios: Sequence[str], failed_in: int
) -> dict[str, tuple[int, int]]:
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
        words = _words_of(compiler, f"{node.spec.scenario.matrices[0]}/{LAYER}", node)
        layers.append(np.array([words.index(layer) for layer in tables.offered(name)], np.intp))
        inputs += [found.layers["robustness"], found.share, found.failed, found.tested_layer, *found.claimed]
    table = AcrossTable(tuple(layers), failed_in)
    outputs = compiler.emit_many("across", inputs, 2 * len(scenarios), table=table)
    return {name: (outputs[i], outputs[len(scenarios) + i]) for i, name in enumerate(scenarios)}
