"""Kernels of crash-avoidance scenarios: prediction matrices, verified by test points, with robustness layers.

Facts arrive raw: NaN where they are not known. Colours are numbers from 0 (green) over 4 (red) to 5 (grey: not
predicted). Arrays of cells are ``(cells, cars)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels.basic import rounded
from carindex.rating.kernels.kernel import Array, Interval, Kernel, Parameters

GREEN, RED, GREY = 0.0, 4.0, 5.0
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CellCriterion:
    """How the value of a cell becomes a colour: upper edges of its bands from the lowest values up.

    ``up_to``: an edge belongs to the band below it. ``zero``: colour of the single point 0, if it has one of its own.
    ``above``: from this value on the colour is ``above_colour`` whatever the bands say.
    """

    colours: Array
    edges: Array
    up_to: bool
    zero: float | None = None
    tolerance: float | None = None
    above: float | None = None
    above_colour: float = RED

    def measured(self, value: Array) -> Array:
        """Return the colour of the band that each value lies in, NaN for NaN."""
        found = np.full(value.shape, np.nan)
        with np.errstate(invalid="ignore"):
            for colour, edge in zip(self.colours, self.edges, strict=True):
                inside = (value <= edge) if self.up_to else (value < edge)
                if self.zero is not None and colour == self.zero:
                    continue
                found = np.where(np.isnan(found) & inside, colour, found)
            if self.zero is not None:
                found = np.where(value <= 0, self.zero, found)
            if self.above is not None:
                found = np.where(value > self.above, self.above_colour, found)
        return np.where(np.isnan(value), np.nan, found)

    def close(self, value: Array, predicted: Array) -> Flags:
        """Return where a value is near enough to the predicted band to count as predicted."""
        near = np.zeros(value.shape, bool)
        if self.tolerance is None:
            return near
        last = len(self.colours) - 1
        with np.errstate(invalid="ignore"):
            for i, colour in enumerate(self.colours):
                if i == 0:
                    inside = value < self.edges[0] + self.tolerance
                else:
                    lower = self.edges[i - 1] - (0 if i == last else self.tolerance)
                    inside = value > 0 if lower <= 0 else value >= lower
                    if i != last:
                        inside = inside & (value < self.edges[i] + self.tolerance)
                near |= inside & (predicted == colour)
        return near


@dataclass(frozen=True, eq=False)
class MatrixTable:
    """A prediction matrix: its cells, which rows may repeat others, how values are judged, and what it is worth."""

    row: NDArray[np.intp]
    standard: Flags
    points: Mapping[str, float]
    criterion_of: NDArray[np.intp]
    criteria: tuple[CellCriterion, ...]
    second_quantity: bool = False
    # rows of which the manufacturer declares the function, and for each the number among the declared ones
    declared: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    # pairs (repeating row, repeated row) and which cells of the repeated row are standard once it is taken out
    repeated: tuple[tuple[int, int], ...] = ()
    standard_if_repeated: Flags = field(default_factory=lambda: np.zeros(0, bool))
    choice: Flags = field(default_factory=lambda: np.zeros(0, bool))
    last_rows: int | None = None
    warning: CellCriterion | None = None
    avoidance: CellCriterion | None = None
    second_in_extended: bool = False


@dataclass(frozen=True, eq=False)
class ScenarioTable:
    """A scenario: its matrices, the robustness layers offered, the tables of factors and judgements."""

    matrices: tuple[MatrixTable, ...]
    layers: int
    layers_of: NDArray[np.intp]
    not_red: Flags
    not_applicable: int
    factors: tuple[Mapping[int, Mapping[int, Mapping[int, float]]], ...]
    worth: Array
    worth_extended: Array
    steps: tuple[tuple[float, float], ...]
    needs: float
    not_claimed: int
    performance: Mapping[int, float] | None
    count_answered: bool
    blank: str


def scenario(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Points of the three layers, then what the rule across scenarios needs, then the colour of each cell.

    Outputs: standard, extended, robustness, share of one layer, whether the tested layer failed, which layer was tested
    (−1: none), a flag for each claimed layer, and for each cell the colour that is reported (NaN: not tested).
    """
    table: ScenarioTable = parameters["table"]
    first = _scenario(table, low[0], None if high is low else False)
    if high is low:
        return first[None], first[None]
    cases = [first, _scenario(table, low[0], True)]
    if not np.array_equal(low[0], high[0], equal_nan=True):  # facts that are themselves intervals
        cases.extend(_scenario(table, high[0], best) for best in (False, True))
    return _spanned(cases)


def _spanned(cases: list[Array]) -> Interval:
    """Return the least and the greatest of several completions; what one of them does not say, the others do."""
    lower, upper = cases[0], cases[0]
    with np.errstate(invalid="ignore"):
        for case in cases[1:]:
            lower, upper = np.fmin(lower, case), np.fmax(upper, case)
    return lower[None], upper[None]


def _scenario(table: ScenarioTable, facts: Array, best: bool | None) -> Array:
    """Score one completion: what is missing at its best or its worst (``None``: nothing is missing)."""
    cars = facts.shape[1]
    methods = facts[:2]
    position = 2
    factor = np.ones(cars)
    said = [methods[0], methods[1]]
    if table.performance is not None:
        performance = facts[2]
        said.append(performance)
        position = 3
        for word, part in table.performance.items():
            factor = np.where(performance == word, part, factor)
    answers = facts[position : position + table.layers]
    position += table.layers
    claimed = answers == 1
    answered = (~np.isnan(answers)).sum(axis=0) if table.count_answered else np.full(cars, table.layers)
    claims = claimed.sum(axis=0)
    refused = np.zeros(cars, bool)
    for word in said:
        refused |= word == table.not_claimed
    unsaid = np.isnan(methods).any(axis=0)
    open_methods = unsaid & (table.blank == "open")
    refused |= unsaid & ~open_methods

    totals = np.zeros((3, cars))
    first: tuple[Array, Array, Array] | None = None
    colours: list[Array] = []
    for matrix in table.matrices:
        cells = len(matrix.row)
        layer, condition = facts[position], facts[position + 1]
        position += 2
        functions = facts[position : position + len(matrix.declared)]
        position += len(matrix.declared)
        taken_out = facts[position : position + len(matrix.repeated)]
        position += len(matrix.repeated)
        blocks = 4 + matrix.second_quantity
        block = facts[position : position + blocks * cells].reshape(blocks, cells, cars)
        position += blocks * cells
        points, share, failed, colour = _matrix(
            table,
            matrix,
            block,
            functions,
            taken_out,
            layer,
            condition,
            methods,
            claims,
            answered,
            factor,
            best,
        )
        totals += points
        if first is None:
            first = (share, failed, np.where(np.isnan(layer), -1.0, layer))
        colours.append(np.where(refused, np.nan, colour))
    assert first is not None
    totals = np.where(refused, 0.0, totals)
    maxima = np.array([[sum(m.points.get(name, 0.0) for m in table.matrices)] for name in _LAYERS])
    if best is not None:
        totals = np.where(open_methods, maxima if best else 0.0, totals)
    else:
        totals = np.where(open_methods, np.nan, totals)
    share, failed, tested = first
    share, failed = np.where(refused, 0.0, share), np.where(refused, 0.0, failed)
    tested = np.where(refused, -1.0, tested)
    flags = np.where(refused, 0.0, claimed.astype(np.float64))
    return np.concatenate([totals, share[None], failed[None], tested[None], flags, *colours])


_LAYERS = ("standard", "extended", "robustness")


def _matrix(
    table: ScenarioTable,
    matrix: MatrixTable,
    block: Array,
    functions: Array,
    taken_out: Array,
    layer: Array,
    condition: Array,
    methods: Array,
    claims: Array,
    answered: Array,
    performance: Array,
    best: bool | None,
) -> tuple[Array, Array, Array, Array]:
    cars = block.shape[2]
    predicted = np.where(np.isnan(block[0]), GREY, block[0])
    if table.blank == "open" and best:  # while nothing is predicted yet, anything may be
        predicted = np.where(np.isnan(block[0]).all(axis=0), GREEN, predicted)
    marked = block[1] == 1
    value = block[2]
    robust = block[-1]
    standard, there = _ranges(matrix, predicted, functions, taken_out, cars)
    value, measured, near = _judged(
        table, matrix, block, functions, predicted, value, standard, there, performance
    )
    tested = marked & there
    empty = tested & np.isnan(value)
    if table.blank != "open" or best is None:
        applied = np.where(empty, predicted, measured)
        as_predicted = empty | (measured == predicted) | near
    else:
        applied = np.where(empty, predicted if best else RED, measured)
        as_predicted = (empty & best) | (measured == predicted) | near
        as_predicted |= empty & (predicted == RED)
    applied = np.where(~empty & near & (measured != predicted), predicted, applied)
    raw = np.where(empty, applied, measured)

    # correct points of each range
    counted = tested & (predicted != GREY) & (applied != GREY)
    judged_not_red = _judged_not_red(table, layer, condition)
    right = as_predicted | (applied < predicted)
    right = np.where(judged_not_red & standard, raw != RED, right)
    results = []
    for k, kind in enumerate((standard, ~standard)):
        eligible = (counted & kind).sum(axis=0)
        correct = (counted & kind & right).sum(axis=0)
        part = np.ones(cars)
        for method, by_tested in table.factors[k].items():
            mine = methods[k] == method
            known = np.zeros(cars, bool)
            for number, by_correct in by_tested.items():
                for amount, percent in by_correct.items():
                    hit = mine & (eligible == number) & (correct == amount)
                    part = np.where(hit, percent / 100.0, part)
                    known |= hit
            correct = np.where(mine & ~known, 0, correct)
        if table.blank == "open" and best is not None:
            # predicted, but nothing drawn yet: the tests may confirm all of it or nothing
            drawable = (there & kind & (predicted != GREY) & (predicted != RED)).any(axis=0)
            waiting = drawable & ~(tested & kind).any(axis=0) & np.isnan(block[1]).all(axis=0)
            part = np.where(waiting, 1.0 if best else 0.0, part)
        results.append((part, eligible, correct))
    counts = [(there & kind).sum(axis=0) for kind in (standard, ~standard)]
    worth = np.where(there & standard, table.worth[predicted.astype(np.intp)], 0.0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        points = worth / counts[0] * matrix.points["standard"] * results[0][0]
        share = np.where(there & ~standard, table.worth_extended[predicted.astype(np.intp)], 0.0).sum(axis=0)
        share = share / counts[1]
    full = matrix.points["extended"]
    reached = rounded(share * full, 1e6, "half_up")
    extended = np.zeros(cars)
    for step, worth_of_step in table.steps:  # ascending
        line = rounded(np.array(step * full), 1e6, "half_up")
        extended = np.where(reached >= line, worth_of_step * full, extended)
    extended = extended * results[1][0] * performance

    fails = (robust == 1) & standard & tested & (layer != table.not_applicable)
    failed = (results[0][2] < results[0][1]) | fails.any(axis=0)
    robustness = matrix.points.get("robustness", 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        per_layer = np.where(claims > 0, robustness / answered, 0.0)
        untested = np.where(claims > 0, robustness / answered * (claims - 1), 0.0)
    gained = np.where(failed, untested, per_layer + untested)
    least = rounded(np.array(table.needs * matrix.points["standard"]), 1e6, "half_up")
    gained = np.where(rounded(points, 1e6, "half_up") < least, 0.0, gained)
    shown = np.where(tested, np.where(empty, predicted, applied), np.nan)
    return np.stack([points, extended, gained]), per_layer, failed.astype(np.float64), shown


def _ranges(
    matrix: MatrixTable, predicted: Array, functions: Array, taken_out: Array, cars: int
) -> tuple[Flags, Flags]:
    """Return which cells are standard and which are there, once rows that repeat others are taken out."""
    standard = np.broadcast_to(matrix.standard[:, None], (len(matrix.row), cars)).copy()
    there = np.ones_like(standard)
    for pair, (repeating, original) in enumerate(matrix.repeated):
        mine = matrix.row == repeating
        number = int(np.flatnonzero(matrix.declared == repeating)[0])
        alike = (functions[number] == 0) & (predicted[mine] != GREY).any(axis=0)
        out = alike | (taken_out[pair] == 1)
        there[mine] &= ~out
        other = matrix.row == original
        standard[other] = np.where(out, matrix.standard_if_repeated[other][:, None], standard[other])
    return standard, there


def _judged(
    table: ScenarioTable,
    matrix: MatrixTable,
    block: Array,
    functions: Array,
    predicted: Array,
    value: Array,
    standard: Flags,
    there: Flags,
    performance: Array,
) -> tuple[Array, Array, Flags]:
    """Return the values that count, their colours, and where they are close enough to the predicted band."""
    value = rounded(value, 100.0, "half_up")
    measured = np.full(value.shape, np.nan)
    near = np.zeros(value.shape, bool)
    for number, criterion in enumerate(matrix.criteria):
        mine = (matrix.criterion_of == number)[:, None]
        measured = np.where(mine, criterion.measured(value), measured)
        near |= mine & criterion.close(value, predicted)
    if not matrix.second_quantity:
        return value, measured, near
    second = rounded(block[3], 100.0, "half_up")
    if matrix.second_in_extended:
        by_warning = ~standard & (performance < 1)
        criterion = matrix.criteria[0]
        used = np.where(by_warning, second, value)
        return used, criterion.measured(used), criterion.close(used, predicted)
    # rows declared FCW are judged by the warning, choice rows declared AEB by avoidance
    declared = np.full(value.shape, np.nan)
    for number, row in enumerate(matrix.declared):
        declared = np.where((matrix.row == row)[:, None], functions[number], declared)
    printed = np.isnan(declared) & ~np.isin(matrix.row, matrix.declared)[:, None]
    aeb = (declared == 0) | printed
    choice = matrix.choice[:, None] & np.ones(value.shape, bool)
    if matrix.last_rows is not None:
        choice = _in_last_rows(matrix, there, matrix.last_rows)
    assert matrix.warning is not None
    assert matrix.avoidance is not None
    warned = declared == 1
    used = np.where(warned, second, value)
    avoided = ~warned & aeb & choice
    measured = np.where(warned, matrix.warning.measured(used), measured)
    measured = np.where(avoided, matrix.avoidance.measured(used), measured)
    near = near & ~warned & ~avoided
    return used, measured, near


def _in_last_rows(matrix: MatrixTable, there: Flags, number: int) -> Flags:
    """Return the cells of the last rows that are left."""
    rows = int(matrix.row.max()) + 1
    left = np.stack([there[matrix.row == row].any(axis=0) for row in range(rows)])
    after = left[::-1].cumsum(axis=0)[::-1]
    return (left & (after <= number))[matrix.row]


def _judged_not_red(table: ScenarioTable, layer: Array, condition: Array) -> Flags:
    known = ~np.isnan(layer) & ~np.isnan(condition)
    rows = np.where(known, layer, 0).astype(np.intp)
    columns = np.where(known, condition, 0).astype(np.intp)
    return known & table.not_red[rows, columns]


@dataclass(frozen=True, eq=False)
class LowSpeedTable:
    """A matrix of low-speed cells that all count: how values are judged and what colours are worth."""

    points: float
    worth: Array
    criterion: CellCriterion | None
    above_baseline: CellCriterion | None = None
    binary: bool = False
    # dooring: least and forbidden values by system, and the best colour by system and door
    at_least: Array = field(default_factory=lambda: np.zeros(0))
    forbidden: Array = field(default_factory=lambda: np.zeros((0, 2)))
    best: Array = field(default_factory=lambda: np.zeros((0, 2)))
    other_doors: Array = field(default_factory=lambda: np.zeros(0))
    not_claimed: int = -1
    blank: str = "open"


def low_speed(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Points of a low-speed matrix, then the colour of each cell (NaN: not tested).

    Inputs, raw: for dooring the vehicle's response; then prediction, tested and value of each cell; its baseline for
    mitigation; its system and door for dooring.
    """
    table: LowSpeedTable = parameters["table"]
    first = _low_speed(table, low[0], None if high is low else False)
    if high is low:
        return first[None], first[None]
    cases = [first, _low_speed(table, low[0], True)]
    if not np.array_equal(low[0], high[0], equal_nan=True):
        cases.extend(_low_speed(table, high[0], best) for best in (False, True))
    return _spanned(cases)


def _low_speed(table: LowSpeedTable, facts: Array, best: bool | None) -> Array:
    dooring = bool(len(table.best))
    response = facts[0] if dooring else None
    blocks = 3 + (table.above_baseline is not None) + 2 * dooring
    cells = (len(facts) - dooring) // blocks
    block = facts[int(dooring) :].reshape(blocks, cells, facts.shape[1])
    predicted = np.where(np.isnan(block[0]), GREY, block[0])
    if table.blank == "open" and best:
        predicted = np.where(np.isnan(block[0]).all(axis=0), GREEN, predicted)
    tested = block[1] == 1
    value = block[2]
    if table.above_baseline is not None:
        colour = _against_baseline(table, value, block[3])
    elif dooring:
        assert response is not None
        colour = _dooring(table, rounded(value, 100.0, "half_up"), predicted, block[3], block[4], response)
    else:
        assert table.criterion is not None
        colour = table.criterion.measured(rounded(value, 100.0, "half_up"))
    empty = tested & np.isnan(value)
    colour = np.where(np.isnan(value) | (predicted == GREY), predicted, colour)
    shown = np.where(tested, colour, np.nan)
    any_tested = tested.any(axis=0)
    counted = np.where(any_tested, tested, True)
    used = np.where(any_tested, colour, predicted)
    if best is not None and table.blank == "open":
        used = np.where(empty & ~best, np.where(predicted == GREY, GREY, RED), used)
        # predicted, but nothing tested yet
        waiting = ~any_tested & np.isnan(block[1]).all(axis=0) & (not best)
        used = np.where(waiting & (predicted != GREY), RED, used)
    worth = np.where(counted, table.worth[used.astype(np.intp)], 0.0).sum(axis=0) / cells
    points = worth * table.points
    if dooring:
        assert response is not None
        refused = response == table.not_claimed
        points = np.where(refused, 0.0, points)
        shown = np.where(refused, np.nan, shown)
    return np.concatenate([points[None], shown])


def _against_baseline(table: LowSpeedTable, value: Array, baseline: Array) -> Array:
    """Green at 0; otherwise by the difference to the baseline run, grey without one."""
    assert table.above_baseline is not None
    difference = value - baseline
    if not table.binary:  # the difference of the numbers as they are written, not of their binary fractions
        difference = rounded(difference, 1e9, "half_up")
    colour = table.above_baseline.measured(difference)
    colour = np.where(np.isnan(baseline), GREY, colour)
    return np.where(value == 0, 0.0, colour)


def _dooring(
    table: LowSpeedTable, value: Array, predicted: Array, system: Array, door: Array, response: Array
) -> Array:
    """Judge dooring: a system in time gives at best the colour of its kind and door, never better than predicted."""
    systems = len(table.best)
    acted = np.where(np.isnan(system) | (system >= systems), response, system)
    known = ~np.isnan(acted) & (acted < systems)
    which = np.where(known, acted, 0).astype(np.intp)
    with np.errstate(invalid="ignore"):
        early = value >= table.at_least[which]
        forbidden = (value > table.forbidden[which, 0]) & (value < table.forbidden[which, 1])
    other = np.isin(door, table.other_doors)
    best = table.best[which, other.astype(np.intp)]
    colour = np.where(known & early & ~forbidden, np.maximum(best, predicted), RED)
    return np.where(np.isnan(value), np.nan, colour)


@dataclass(frozen=True, eq=False)
class AcrossTable:
    """Scenarios with one collision partner: how many layers each offers, and in how many a layer has to fail."""

    layers: tuple[NDArray[np.intp], ...]
    failed_in: int


def across(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Robustness points after a layer that failed in several scenarios is taken from the others that claimed it.

    Inputs: for each scenario its robustness points, share of one layer, failed, tested layer, and claimed flags.
    """
    table: AcrossTable = parameters["table"]
    worst = _across(table, low[0], high[0])
    if high is low:
        return worst[None], worst[None]
    best = _across(table, high[0], low[0])
    return np.minimum(worst, best)[None], np.maximum(worst, best)[None]


def _across(table: AcrossTable, points: Array, failing: Array) -> Array:
    cars = points.shape[1]
    position = 0
    parts = []
    for layers in table.layers:
        parts.append((position, layers))
        position += 4 + len(layers)
    every = sorted({int(layer) for layers in table.layers for layer in layers})
    out = np.stack([points[at] for at, _ in parts])
    for layer in every:
        fails = np.stack([(failing[at + 2] > 0.5) & (failing[at + 3] == layer) for at, _ in parts])
        taken = fails.sum(axis=0) >= table.failed_in
        for number, (at, layers) in enumerate(parts):
            where = np.flatnonzero(layers == layer)
            claimed = points[at + 4 + int(where[0])] > 0.5 if len(where) else np.zeros(cars, bool)
            lost = taken & claimed & ~fails[number]
            out[number] = np.where(lost, np.maximum(0.0, out[number] - points[at + 1]), out[number])
    return out


AVOIDANCE: Mapping[str, Kernel] = {"scenario": scenario, "low_speed": low_speed, "across": across}
