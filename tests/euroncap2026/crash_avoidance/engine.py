"""The rating engine on the facts of the reference, its results under the reference's paths."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from carindex.rating import Evaluation, Plan, compile_protocol, evaluate, load_protocol

from . import rules
from .workbook import Facts

COLOURS = ["Green", "Yellow", "Orange", "Brown", "Red", "Grey"]
# so that no condition between the stages takes anything off here
PROTECTED = {"crash_protection/vru_impact": 20.0}


@cache
def plan(calculator: bool) -> Plan:
    return compile_protocol(load_protocol("euro-ncap-2026", calculator=calculator))


def number_of(value: object, words: Sequence[str]) -> float:
    if not words:
        return float(value)  # type: ignore[arg-type]
    spelled = [word.lower() for word in words]
    said = str(value).strip().lower()
    return float(spelled.index(said)) if said in spelled else np.nan  # an unknown word says nothing


def as_written_down(facts: Facts) -> Facts:
    """Facts of a prepared workbook: every matrix is complete, so that what does not stand in it is not there."""
    return {f"{matrix}/tested": "yes" for matrix in rules.matrices()} | facts


def evaluated(cars: Sequence[Facts], mode: str) -> Evaluation:
    compiled = plan(mode == "calculator")
    place = {name: i for i, name in enumerate(compiled.facts)}
    values = np.full((len(compiled.facts), len(cars)), np.nan)
    for car, facts in enumerate(cars):
        for name, value in as_written_down(facts).items():
            if name in place:
                values[place[name], car] = number_of(value, compiled.quantities[place[name]].categories)
    return evaluate(compiled, values, PROTECTED)


def paths() -> dict[tuple[str, ...], str]:
    """The reference's path of every score, and the engine's."""
    found: dict[tuple[str, ...], str] = {}
    for name, scenario in rules.scenarios().items():
        test = (scenario.element, scenario.subelement)
        found[test] = "/".join(("crash_avoidance", *test))
        category = (*test, scenario.category)
        found[category] = "/".join(("crash_avoidance", *category))
        for layer in scenario.layers:
            path = "/".join(("crash_avoidance", *category, name))
            found[(*category, name, layer)] = path if name.startswith("driv") else f"{path}/{layer}"
    return found


__all__ = ["COLOURS", "evaluated", "paths", "plan"]
