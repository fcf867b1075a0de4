"""Crash Avoidance of one car, slowly and plainly, from facts (workbook.py) and the protocol files (rules.py).

``score(facts, mode)`` gives every scoring cell of the stage: scores of layers, categories and tests, and the colour of every
tested point. ``mode="protocol"`` says what the rules say, ``mode="calculator"`` what the programme's calculator 5.4.9 computes;
they differ by the entries of oddities.yaml and by nothing else (every use of ``mode`` below names one).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from . import rules
from .rules import Matrix, Row, Scenario, slug
from .workbook import CellError, Facts, fact_names, facts_of, function_of, is_taken_out, kind_of, quantity_of

__all__ = [
    "CalculatorStopsError",
    "CellError",
    "Result",
    "UnknownWordError",
    "fact_names",
    "facts_of",
    "score",
]

ORDER = ["Green", "Yellow", "Orange", "Brown", "Red"]  # from best to worst
Path = tuple[str, ...]


class CalculatorStopsError(ArithmeticError):
    """The calculator gives no report for this car."""


class UnknownWordError(ValueError):
    """A word that the programme does not know."""


@dataclass
class Result:
    """Rounded scores by path, colours of tested points by ``<matrix>/<cell>`` (None: not judged)."""

    tests: dict[Path, float] = field(default_factory=dict)
    categories: dict[Path, float] = field(default_factory=dict)
    scenarios: dict[Path, float] = field(default_factory=dict)
    colours: dict[str, str | None] = field(default_factory=dict)


@dataclass
class Layers:
    """Unrounded points of one scenario, and what the rule across scenarios needs."""

    points: dict[str, float]
    tested_layer: str | None = None
    failed: bool = False
    claimed: frozenset[str] = frozenset()
    per_layer: float = 0.0


def half_up(value: float, decimals: int) -> float:
    """Round half up, ties away from zero, as a person would see the number."""
    seen = Decimal(value).quantize(Decimal(1).scaleb(-max(9, decimals + 4)), ROUND_HALF_UP)
    return float(seen.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


# --- one tested point ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    """A tested point: what was predicted, what the value says, and whether that is as predicted."""

    predicted: str
    measured: str | None  # the band of the value; None without a value
    applied: str  # the colour that is reported: the predicted one within tolerance
    as_predicted: bool


def criterion_of(matrix: Matrix, row: Row, facts: Facts, mode: str) -> dict[str, Any]:
    """How the value of a cell is judged."""
    judging = rules.read("judging")
    by_function = judging["criteria_by_function"]
    name = matrix.judged_by
    if matrix.name in by_function["matrices"]:
        function = function_of(matrix, row, facts)
        choice = row.band == "choice"
        if (
            mode == "calculator"
            and matrix.name in rules.read("oddities")["fixed_rows_after_repeated_ones"]["where"]
        ):
            left = [r for r in matrix.rows if not is_taken_out(matrix, r, facts)]
            choice = row in left[-4:]
        if function == "FCW":
            name = by_function["FCW"]
        elif function == "AEB" and choice:
            name = by_function["AEB_in_choice_band"]
        else:
            name = by_function["otherwise"]
    found: dict[str, Any] = judging["criteria"][name]
    return found


def bands_of(criterion: dict[str, Any], row: Row) -> list[tuple[str, float]]:
    """Colours with their upper edges, from the lowest values up."""
    if "by_vut_speed" not in criterion:
        return list(criterion["bands"].items())
    table = criterion["by_vut_speed"]
    speed = int(row.axes["VUT speed"].removesuffix(" km/h"))
    return list(table[min(speed, max(table))].items())


def place(value: float, bands: list[tuple[str, float]], criterion: dict[str, Any]) -> str:
    """The colour of the band that a value lies in."""
    if "zero" in criterion and value <= 0:
        return str(criterion["zero"])
    for colour, upper in bands:
        if "zero" in criterion and colour == criterion["zero"]:
            continue
        if value < upper or (criterion["within"] == "up_to" and value == upper):
            return colour
    raise AssertionError("the last band has no end")


def within_tolerance(value: float, predicted: str, bands: list[tuple[str, float]], tolerance: float) -> bool:
    """Whether a value is close enough to the predicted band to count as predicted."""
    colours = [colour for colour, _ in bands]
    if predicted not in colours:
        return False
    i = colours.index(predicted)
    if i == 0:
        return value < bands[0][1] + tolerance
    last = i == len(bands) - 1
    lower = bands[i - 1][1] - (0 if last else tolerance)
    return (value > 0 if lower <= 0 else value >= lower) and (last or value < bands[i][1] + tolerance)


def judge(matrix: Matrix, row: Row, value: float | None, predicted: str, facts: Facts, mode: str) -> Point:
    """A tested point of the frontal or lane departure scenarios."""
    if value is None:
        return Point(predicted, None, predicted, True)
    value = half_up(value, rules.read("judging")["round"]["decimals"])
    criterion = criterion_of(matrix, row, facts, mode)
    bands = bands_of(criterion, row)
    measured = place(value, bands, criterion)
    odd = rules.read("oddities")["speed_reduction_above_30"]
    if mode == "calculator" and matrix.name in odd["where"] and value > odd["above"]:
        measured = odd["calculator"]
    if measured == predicted:
        return Point(predicted, measured, measured, True)
    if "tolerance" in criterion and within_tolerance(value, predicted, bands, criterion["tolerance"]):
        return Point(predicted, measured, predicted, True)
    return Point(predicted, measured, measured, False)


def is_correct(point: Point, judged: str) -> bool:
    if judged == "not_red":
        return (point.measured or point.applied) != "Red"
    return point.as_predicted or ORDER.index(point.applied) < ORDER.index(point.predicted)


# --- one matrix of the frontal and lane departure scenarios ---------------------------------------------------------


def cells_of(matrix: Matrix, facts: Facts) -> list[tuple[Row, int, str]]:
    """Row, column and range of every cell that counts."""
    found = []
    for row in matrix.rows:
        if not is_taken_out(matrix, row, facts):
            for column in range(len(matrix.columns)):
                kind = kind_of(matrix, row, column, facts)
                if kind != ".":
                    found.append((row, column, kind))
    return found


def predicted_points(matrix: Matrix, facts: Facts, mode: str) -> tuple[float, float]:
    """Predicted points of the standard and the extended range."""
    ranges, colours = rules.read("ranges"), rules.read("judging")["colours"]
    worth: dict[str, list[float]] = {"S": [], "E": []}
    for row, column, kind in cells_of(matrix, facts):
        colour = facts.get(f"{matrix.name}/{matrix.cell(row, column)}/prediction", "Grey")
        if kind == "S":
            worth["S"].append(colours[colour]["worth"])
        elif colour == "Grey":
            worth["E"].append(rules.read("oddities")["unpredicted_extended_cells"][mode])
        else:
            worth["E"].append(ranges["extended"]["worth"][colour])
    standard = sum(worth["S"]) / len(worth["S"]) * matrix.points["standard"]
    full = matrix.points["extended"]
    reached = half_up(sum(worth["E"]) / len(worth["E"]) * full, 6)
    for step, part in sorted(ranges["extended"]["steps"].items(), reverse=True):
        if reached >= half_up(step * full, 6):
            return standard, part * full
    raise AssertionError("the last step is 0")


def said_of(matrix: Matrix, cell: str, quantity: str, facts: Facts) -> Any:
    """What is said of one cell, or of all cells of the matrix."""
    return facts.get(f"{matrix.name}/{cell}/{quantity}", facts.get(f"{matrix.name}/{quantity}"))


def robustness_share(scenario: Scenario, facts: Facts, mode: str) -> tuple[int, frozenset[str]]:
    """Number of layers that count, and the claimed ones."""
    offered = rules.offered_layers(scenario)
    said = {
        name.split("/")[1]: value
        for name, value in facts.items()
        if name.startswith(f"{scenario.name}/") and name.endswith("/claimed")
    }
    claimed = frozenset(layer for layer, value in said.items() if value == "YES")
    if mode == "protocol":
        return len(offered), claimed & frozenset(offered)
    if not said:  # oddity robustness_cells_left_empty
        raise CalculatorStopsError(f"{scenario.label}: no robustness layer says YES or NO")
    return len(said), claimed


def score_matrix(scenario: Scenario, matrix: Matrix, facts: Facts, mode: str, result: Result) -> Layers:
    """The three layers of one matrix."""
    standard, extended = predicted_points(matrix, facts, mode)
    performance = rules.read("ranges")["extended_range_performance"]
    if matrix.name == performance["matrix"]:
        worth = {word.lower(): part for word, part in performance["worth"].items()}
        said = str(facts.get(f"{scenario.name}/{performance['fact']}", "")).lower()
        extended *= worth.get(said, 1)

    eligible, correct = {"S": 0, "E": 0}, {"S": 0, "E": 0}
    failed_check = False
    tested_layer = None
    standard_points = 0
    for row, column, kind in cells_of(matrix, facts):
        cell = matrix.cell(row, column)
        name = f"{matrix.name}/{cell}"
        if facts.get(f"{name}/tested") != "yes":
            continue
        predicted = facts.get(f"{name}/prediction", "Grey")
        value = facts.get(f"{name}/{quantity_of(matrix, row, column, facts)}")
        point = judge(matrix, row, value, predicted, facts, mode)
        result.colours[name] = point.applied
        layer = said_of(matrix, cell, "robustness_layer", facts)
        if kind == "S":
            standard_points += 1
            tested_layer = tested_layer or layer
            failed_check |= facts.get(f"{name}/robustness") == "FAIL" and layer != "Not Applicable"
        if "Grey" in (point.predicted, point.applied):
            continue
        eligible[kind] += 1
        condition = said_of(matrix, cell, "verification_condition", facts)
        judged = "predicted"
        if layer is not None and kind == "S":
            judged = rules.judgement_of_condition(layer, condition, scenario.name)
        correct[kind] += is_correct(point, judged)

    factors = {}
    for kind, range_name in (("S", "standard"), ("E", "extended")):
        method = str(facts[f"{scenario.name}/prediction_{range_name}"]).lower()
        tables = {name.lower(): table for name, table in rules.read("judging")["factor"][range_name].items()}
        if method not in tables:
            raise UnknownWordError(f"{scenario.label}: {method!r} is no prediction method")
        if eligible[kind] not in tables[method]:
            factors[kind] = 1.0
            correct[kind] = 0
        else:
            factors[kind] = tables[method][eligible[kind]][correct[kind]] / 100
    standard *= factors["S"]
    extended *= factors["E"]

    count, claimed = robustness_share(scenario, facts, mode)
    points = matrix.points.get("robustness", 0.0)
    per_layer = points / count if claimed else 0.0
    untested = points / count * (len(claimed) - 1) if claimed else 0.0
    failed = correct["S"] < eligible["S"] or failed_check
    robustness = untested if failed else per_layer + untested
    if half_up(standard, 6) < half_up(
        rules.read("robustness")["score"]["needs"]["at_least"] * matrix.points["standard"], 6
    ):
        robustness = 0.0
    return Layers(
        {"standard": standard, "extended": extended, "robustness": robustness},
        tested_layer,
        failed,
        claimed,
        per_layer,
    )


# --- low speed ----------------------------------------------------------------------------------------------------


def low_speed_colour(matrix: Matrix, name: str, value: float, predicted: str, facts: Facts, mode: str) -> str:
    """The colour of a measured value."""
    judging = rules.read("judging")
    criterion = judging["criteria"][matrix.judged_by]
    if matrix.judged_by == "low_speed_mitigation":
        if value in criterion["equals"]:
            return str(criterion["equals"][value])
        baseline = facts.get(f"{name}/{criterion['baseline']}")
        if baseline is None:
            return "Grey"
        difference = value - baseline
        if mode == "protocol":  # oddity baseline_difference
            difference = float(Decimal(str(value)) - Decimal(str(baseline)))
        return place(difference, list(criterion["above_baseline"].items()), criterion)
    value = half_up(value, judging["round"]["decimals"])
    if matrix.judged_by == "dooring":
        return dooring_colour(criterion, name, value, predicted, facts)
    return place(value, list(criterion["bands"].items()), criterion)


def dooring_colour(criterion: dict[str, Any], name: str, value: float, predicted: str, facts: Facts) -> str:
    """Dooring: the system has to act in time, and gives at best the colour of its kind and door."""
    system = str(facts.get(f"{name}/system", "")).strip().capitalize()
    if system not in criterion["by_system"]:
        system = facts.get("cbda/vehicle_response", "")
    if system not in criterion["by_system"]:
        return "Red"
    limit = criterion["by_system"][system]
    if "at_least" in limit:
        in_time = value >= limit["at_least"]
    else:
        low, high = limit["not_between"]
        in_time = value <= low or value >= high
    if not in_time:
        return "Red"
    others = [door.lower() for door in criterion["doors"]["other"]]
    door = "other" if str(facts.get(f"{name}/door", "")).strip().lower() in others else "driver"
    best = criterion["at_best"][system][door]
    return ORDER[max(ORDER.index(best), ORDER.index(predicted))]


def score_low_speed(scenario: Scenario, facts: Facts, mode: str, result: Result) -> Layers:
    """The standard layer of a low-speed scenario: the mean worth of all cells of its matrix."""
    (matrix,) = (rules.matrices()[name] for name in scenario.matrices)
    colours = rules.read("judging")["colours"]
    cells = cells_of(matrix, facts)
    response = str(facts.get("cbda/vehicle_response", "")).lower()
    if matrix.judged_by == "dooring" and response == rules.read("ranges")["dooring"]["not_claimed"].lower():
        for row, column, _ in cells:
            name = f"{matrix.name}/{matrix.cell(row, column)}"
            if facts.get(f"{name}/tested") == "yes":
                result.colours[name] = None
        return Layers({"standard": 0.0})
    names = {f"{matrix.name}/{matrix.cell(row, column)}": (row, column) for row, column, _ in cells}
    tested = [name for name in names if facts.get(f"{name}/tested") == "yes"]
    total = 0.0
    for name in tested or names:
        predicted = facts.get(f"{name}/prediction", "Grey")
        value = facts.get(f"{name}/{quantity_of(matrix, *names[name], facts)}") if tested else None
        if predicted == "Grey" or value is None:
            colour = predicted
        else:
            colour = low_speed_colour(matrix, name, value, predicted, facts, mode)
        total += 1 / len(cells) * colours[colour]["worth"]
        if tested:
            result.colours[name] = colour
    return Layers({"standard": total * matrix.points["standard"]})


# --- the stage ----------------------------------------------------------------------------------------------------


def is_claimed(scenario: Scenario, facts: Facts) -> bool:
    """Whether the scenario is claimed: no input parameter says N/A, and both prediction methods are given."""
    said = [facts.get(f"{scenario.name}/{q}") for q in ("prediction_standard", "prediction_extended")]
    others = [facts.get(f"{scenario.name}/extended_range_performance")]
    not_claimed = str(rules.read("ranges")["claimed"]["not_claimed"]).lower()
    return None not in said and not any(str(word).lower() == not_claimed for word in said + others)


def score_scenario(scenario: Scenario, facts: Facts, mode: str, result: Result) -> Layers:
    """All layers of one scenario."""
    if facts.get(f"{scenario.element}_{scenario.subelement}/verification_sheet") == "missing":
        return Layers(dict.fromkeys(scenario.layers, 0.0))  # oddity verification_sheet_missing
    if scenario.name == "driveability":
        braking = str(facts.get("driveability/heading_correction", "")).lower() == "differential braking"
        passed = facts.get("driveability/check") == "PASS" and not braking
        return Layers({"standard": float(scenario.layers["standard"]) if passed else 0.0})
    if scenario.name == "driver_state_link":
        driveability = score_scenario(rules.scenarios()["driveability"], facts, mode, result)
        passed = facts.get("driver_state_link/check") == "PASS" and driveability.points["standard"] > 0
        return Layers({"standard": float(scenario.layers["standard"]) if passed else 0.0})
    if scenario.element == "low_speed_collisions":
        return score_low_speed(scenario, facts, mode, result)
    if not is_claimed(scenario, facts):
        for matrix_name in scenario.matrices:
            for name, value in facts.items():
                if name.startswith(f"{matrix_name}/") and name.endswith("/tested") and value == "yes":
                    result.colours[name.removesuffix("/tested")] = None
        return Layers(dict.fromkeys(scenario.layers, 0.0))
    parts = [
        score_matrix(scenario, rules.matrices()[name], facts, mode, result) for name in scenario.matrices
    ]
    points = {layer: sum(part.points[layer] for part in parts) for layer in scenario.layers}
    first = parts[0]
    return Layers(points, first.tested_layer, first.failed, first.claimed, first.per_layer)


def across_scenarios(scored: dict[str, Layers]) -> None:
    """A layer that failed in two scenarios with one partner is taken from the others that claimed it."""
    rule = rules.read("robustness")["across"]
    for names in rule["partners"].values():
        fails = [layer for n in names if scored[n].failed and (layer := scored[n].tested_layer)]
        for layer in sorted({layer for layer in fails if fails.count(layer) >= rule["failed_in"]}):
            for name in names:
                other = scored[name]
                if other.failed and other.tested_layer == layer:
                    continue
                if rules.word(layer) in other.claimed:
                    left = other.points["robustness"] - other.per_layer
                    other.points["robustness"] = max(0.0, left)


def gate_closed(element: str, facts: Facts, mode: str) -> bool:
    """Whether the general requirements of a stage element are failed."""
    (gate,) = rules.stage()["children"][element]["gates"]
    for condition in gate["when"]["any"]:
        if "fact" in condition:
            if facts.get(condition["fact"]) == condition["equals"]:
                return True
            continue
        condition = condition["cells"]
        matrix = rules.matrices()[condition["matrix"]]
        if (
            mode == "calculator"
            and matrix.name in rules.read("oddities")["pedestrian_10_km_h_green"]["where"]
        ):
            continue
        for row in matrix.rows:
            for column in range(len(matrix.columns)):
                inside = row.axes["VUT speed"] in condition["VUT speed"]
                if "cells" in condition:
                    inside &= row.cells[column] == condition["cells"]
                if "Impact location" in condition:
                    inside &= matrix.columns[column] in [slug(v) for v in condition["Impact location"]]
                colour = facts.get(f"{matrix.name}/{matrix.cell(row, column)}/prediction")
                if inside and colour is not None and colour != condition["predicted_other_than"]:
                    return True
    return False


def score(facts: Facts, mode: str = "protocol") -> Result:
    """Every scoring cell of the stage.

    Parameters
    ----------
    facts
        As ``facts_of`` gives them.
    mode
        ``protocol`` or ``calculator``.

    Raises
    ------
    CalculatorStopsError
        In calculator mode, where the calculator ends without a report.
    UnknownWordError
        A prediction method that is not known.
    """
    if mode not in ("protocol", "calculator"):
        raise ValueError(mode)
    result = Result()
    scored = {name: score_scenario(s, facts, mode, result) for name, s in rules.scenarios().items()}
    across_scenarios(scored)
    closed = {element for element in rules.stage()["children"] if gate_closed(element, facts, mode)}
    tests: dict[Path, float] = {}
    categories: dict[Path, float] = {}
    for name, scenario in rules.scenarios().items():
        test = (scenario.element, scenario.subelement)
        category = (*test, scenario.category)
        for layer in scenario.layers:
            points = 0.0 if scenario.element in closed else scored[name].points[layer]
            result.scenarios[*category, name, layer] = half_up(points, 3)
            categories[category] = categories.get(category, 0.0) + points
    for path, points in categories.items():
        result.categories[path] = half_up(points, 3)
        tests[path[:2]] = tests.get(path[:2], 0.0) + points
    result.tests = {test: half_up(points, 3) for test, points in tests.items()}
    return result
