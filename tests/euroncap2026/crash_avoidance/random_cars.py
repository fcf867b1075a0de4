"""Random cars: the known ones with predictions, values, claims and declarations drawn anew, many of them on limits."""

from __future__ import annotations

import random
from functools import cache

from . import rules
from .workbook import Facts, fact_names, is_taken_out, kind_of, quantity_of

VALUES = {
    "v_rel_impact": [0, 0.004, 0.01, 1.99, 2, 8, 9.99, 10, 11.99, 12, 18, 20, 21.99, 28, 30, 31.99, 55],
    "v_impact": [0, 0.004, 0.005, 0.5, 12],
    "v_impact_baseline": [0, 0.2, 0.6, 5, 11.5],
    "v_reduction": [0, 9.99, 10, 10.01, 20, 20.01, 25, 30, 30.01, 45],
    "fcw_ttc": [0, 1.69, 1.694, 1.695, 1.7, 3],
    "dtle_t_end": [-1, -0.11, -0.105, -0.1, -0.094, 0, 0.5],
    "dtle_t_ldw": [-1, -0.11, -0.105, -0.1, -0.094, 0, 0.5],
    "impact_occurred": [0, 1],
    "ttc": [-2, -0.41, -0.4, -0.39, 0, 1.69, 1.7, 2.29, 2.3, 5],
}
COLOURS = ["Green", "Green", "Yellow", "Orange", "Brown", "Red", "Grey"]
METHODS = ["VTA", "Self claimed"]


@cache
def _offered() -> list[str]:
    return [name for name in fact_names() if name.endswith("/claimed")]


def redrawn(facts: Facts, seed: int) -> Facts:
    """The facts of a car, a part of them drawn anew; everything that a protocol needs to be exact is there."""
    rng = random.Random(f"crash avoidance {seed}")
    found = dict(facts)
    part = rng.choice([0.02, 0.1, 0.3])
    found.setdefault("driveability/check", "PASS")
    found.setdefault("driveability/heading_correction", "Steering input")
    found.setdefault("driver_state_link/check", "PASS")
    for scenario in rules.scenarios().values():
        if "extended" in scenario.layers:
            found.setdefault(f"{scenario.name}/prediction_standard", "VTA")
            found.setdefault(f"{scenario.name}/prediction_extended", "N/A")
        if "extended" in scenario.layers and rng.random() < part:
            found[f"{scenario.name}/prediction_standard"] = rng.choice(METHODS)
            found[f"{scenario.name}/prediction_extended"] = rng.choice([*METHODS, "N/A"])
    for element, subelement in rules.subelements():
        found.setdefault(f"{element}_{subelement}/general_requirements", "PASS")
    for name in _offered():
        if name not in found or rng.random() < part:
            found[name] = rng.choice(["YES", "NO"])
    found.setdefault("elk_re/extended_range_performance", "ELK")
    found.setdefault("cbda/vehicle_response", "Warning")
    for matrix in rules.matrices().values():
        _redraw(matrix, found, rng, part)
    return found


def _redraw(matrix: rules.Matrix, found: Facts, rng: random.Random, part: float) -> None:
    wanted = rng.choice([part, 0.0])
    for row in matrix.rows:
        function = f"{matrix.name}/{row.name}/function"
        if row.band == "choice" and function not in found:
            found[function] = "FCW"
    layer = f"{matrix.name}/robustness_layer"
    lines = [
        (name, line["condition"])
        for name, some in rules.read("robustness")["conditions"].items()
        for line in some
        if matrix.scenario in line["scenarios"]
    ]
    if "extended" in matrix.points and lines and rng.random() < 0.5:
        found[layer], found[f"{matrix.name}/verification_condition"] = rng.choice(lines)
    for row in matrix.rows:
        if is_taken_out(matrix, row, found):
            continue
        for column, kind in enumerate(row.cells):
            cell = f"{matrix.name}/{matrix.cell(row, column)}"
            if kind == ".":
                continue
            if rng.random() < wanted / 5:
                found[f"{cell}/prediction"] = rng.choice(COLOURS)
            if rng.random() < wanted / 20:
                found[f"{cell}/tested"] = "yes"
            if found.get(f"{cell}/tested") != "yes":
                continue
            quantity = quantity_of(matrix, row, column, found)
            if f"{cell}/{quantity}" not in found or rng.random() < 0.3:
                good = VALUES[quantity][0] if quantity not in ("v_reduction", "fcw_ttc", "ttc") else 5
                value = rng.choice(VALUES[quantity]) if rng.random() < 0.4 else good
                found[f"{cell}/{quantity}"] = float(value)
            if matrix.name == "cpmfc":
                found.setdefault(f"{cell}/v_impact_baseline", float(rng.choice(VALUES["v_impact_baseline"])))
            if "extended" in matrix.points and kind_of(matrix, row, column, found) == "S":
                found[f"{cell}/robustness"] = rng.choice(["PASS"] * 9 + ["FAIL"])
