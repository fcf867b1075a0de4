"""The rating engine on the facts of the reference, its results under the names of `report_cells.reference_scores`."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from carindex.rating import Evaluation, Plan, compile_protocol, evaluate, load_protocol
from carindex.units import ratio

from .impact_points import HEADFORM, leg_points
from .report_cells import Name
from .structure import criteria, fact_name, occupants, rows, stage, sub_elements
from .workbook import Facts, point_quantities

STAGE = "crash_protection"
COLOURS = ["Green", "Yellow", "Orange", "Brown", "Red"]


@cache
def plan(calculator: bool) -> Plan:
    return compile_protocol(load_protocol("euro-ncap-2026", calculator=calculator))


@cache
def units() -> dict[str, str]:
    """Unit in which the sheets give a fact, where the rules name one."""
    found: dict[str, str] = {}

    def visit(node: dict[str, Any], owner: dict[str, Any]) -> None:
        owner = node if "path" in node else owner
        for key, value in node.items():
            if key == "definitions":
                continue
            if isinstance(value, dict):
                if "fact" in value and "unit" in value:
                    found[fact_name(value["fact"], owner)] = value["unit"]
                visit(value, owner)
            elif isinstance(value, list):
                for item in value:
                    if isinstance(item, dict):
                        visit(item, owner)

    visit(stage(), stage())
    return found


def quantity_unit(name: str) -> str | None:
    if name in units():
        return units()[name]
    parts = name.split("/")
    if len(parts) == 3 and parts[0].startswith("vru_"):
        for dummy in occupants("vru_impact/pelvis_leg_impact"):
            for region in dummy["children"].values():
                for node in criteria(region):
                    if node["criterion"]["fact"] == parts[2]:
                        return node["criterion"].get("unit")
    return None


def engine_name(name: str) -> str:
    parts = name.split("/")
    if len(parts) == 2 and parts[1] == "inspection":
        return f"{STAGE}/{name}"
    return name


def column(facts: Facts, compiled: Plan) -> np.ndarray:
    """Facts of the reference as the engine's column; what the sheets call otherwise is renamed, units converted.

    The reference knows a whole car: what its sheets leave blank was not predicted, and is no point of the grid.
    """
    values = np.full(len(compiled.facts), np.nan)
    place = {name: i for i, name in enumerate(compiled.facts)}
    for name, i in place.items():
        if name.endswith("/predicted"):
            values[i] = compiled.quantities[i].categories.index("none")
        elif name.startswith("vru_") and name.count("/") == 1 and name.endswith("/tested"):
            values[i] = 1.0
    for name, value in facts.items():
        i = place.get(engine_name(name))
        if i is None:
            continue
        quantity = compiled.quantities[i]
        if isinstance(value, str):
            values[i] = quantity.categories.index(value)
        else:
            unit = quantity_unit(name)
            values[i] = value if unit is None else value * ratio(unit, quantity.unit)
    return values


def evaluated(facts: Facts, mode: str) -> Evaluation:
    compiled = plan(mode == "calculator")
    return evaluate(compiled, column(facts, compiled)[:, None])


class OneCar:
    """One car of an evaluation of many."""

    def __init__(self, evaluation: Evaluation, car: int = 0) -> None:
        self.evaluation, self.car = evaluation, car

    def number(self, name: str) -> float | None:
        if name not in self.evaluation.plan.named:
            return None
        low, high = (float(bound[self.car]) for bound in self.evaluation.named(name))
        return low if low == high else None

    def points(self, path: str) -> float | None:
        low, high = (float(bound[self.car]) for bound in self.evaluation.score(path))
        return low if low == high else None


def engine_scores(facts: Facts, car: OneCar) -> dict[Name, Any]:
    """What the engine says, for tests, dummies, regions, criteria and impact points."""
    found: dict[Name, Any] = {}

    def colour(name: str) -> str | None:
        value = car.number(f"{name}#colour")
        return None if value is None or np.isnan(value) else COLOURS[int(value)]

    for path in sub_elements():
        found[path, "points"] = car.points(f"{STAGE}/{path}")
        for dummy in occupants(path):
            found[dummy["path"], "points"] = car.points(f"{STAGE}/{dummy['path']}")
            for region in dummy["children"].values():
                at = f"{STAGE}/{region['path']}"
                found[region["path"], "score"] = car.number(f"{at}#percent")
                found[region["path"], "modifiers"] = car.number(f"{at}#modifiers") or 0.0
                found[region["path"], "points"] = car.points(at)
            for node in (*dummy["children"].values(), *dummy.get("capping_only", {}).values()):
                for one in criteria(node):
                    if "row" in node:
                        continue
                    at = f"{STAGE}/{one['path']}"
                    assessed = car.number(f"{at}#assessed") != 0.0
                    scores = car.number(f"{at}#scores") != 0.0
                    found[one["path"], "colour"] = colour(at) if assessed else None
                    found[one["path"], "score"] = car.number(f"{at}#percent") if scores else None
                    found[one["path"], "capping"] = "YES" if car.number(f"{at}#capped") == 1.0 else None
                    if f"{at}#limit" in car.evaluation.plan.named:
                        found[one["path"], "limit"] = car.number(f"{at}#limit")
    for name in facts:
        parts = name.split("/")
        if len(parts) == 3 and parts[0] == HEADFORM and parts[2] == "tested":
            at = f"{HEADFORM}/{parts[1]}"
            found[f"{at}/hic15", "colour"] = colour(at)
            found[f"{at}/hic15", "score"] = car.number(f"{at}#percent")
    for dummy in occupants("vru_impact/pelvis_leg_impact"):
        for region in dummy["children"].values():
            for point, key in leg_points(facts, region):
                quantity = region["children"][key]["criterion"]["fact"]
                at = f"{region['test']}/{point[0]}_{point[1]}/{quantity}"
                found[at, "colour"] = colour(at)
                found[at, "score"] = car.number(f"{at}#percent")
    return found


__all__ = ["OneCar", "engine_scores", "evaluated", "plan", "point_quantities", "rows"]
