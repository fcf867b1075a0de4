"""Cars at random: values on and around thresholds, limits and tolerance windows, grids and rows of any colours."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

from .structure import criteria, fact_name, occupants, sub_elements
from .workbook import COLOURS, EXCURSIONS, Facts, every_fact

SHADES = [*COLOURS, "d_green", "d_red", "blue", "green_20", "green_30", "green_40"]
HEAD_EDGES = [650, 1000, 1350, 1700, 590.91, 722.22, 909.09, 1111.11, 1888.89, 1545.45]
NEAR = (-0.01, -0.005, -0.004, 0, 0.004, 0.005, 0.01)
THIRD_ANGLE = "head_restraint_static_rear/rear_third_row/hpm/torso_angle"


@cache
def measured() -> dict[str, dict[str, Any]]:
    """Facts of criteria of occupants, with their rules."""
    found = {}
    for path in sub_elements():
        if not path.startswith("vru_impact"):
            for dummy in occupants(path):
                for node in (*criteria(dummy), *dummy.get("capping_only", {}).values()):
                    found[fact_name(node["criterion"]["fact"], node)] = node["criterion"]
    return found


@cache
def modifiers() -> dict[str, list[float]]:
    """Facts of modifiers, with their limits."""
    return {
        fact_name(step["deduct"]["bands"]["fact"], region): step["deduct"]["bands"]["limits"]
        for path in sub_elements()
        for dummy in occupants(path)
        for region in dummy["children"].values()
        for step in region.get("adjust", [])
    }


@cache
def legs() -> list[tuple[str, int, dict[str, tuple[float, float]]]]:
    """Rows of legforms: test, row, limits by quantity."""
    return [
        (
            region["test"],
            region["row"]["row"],
            {node["criterion"]["fact"]: node["criterion"]["limits"] for node in region["children"].values()},
        )
        for dummy in occupants("vru_impact/pelvis_leg_impact")
        for region in dummy["children"].values()
    ]


def edges(low: float, high: float) -> list[float]:
    marks = [low + (high - low) * k / 3 for k in range(4)]
    margin = abs(high - low) / 12
    return [mark + shift for mark in marks for shift in (0, margin, -margin)]


def value(rng: Random, rule: dict[str, Any]) -> float:
    marks = edges(*rule["limits"]) if "limits" in rule else []
    marks += [rule[name] for name in ("gate", "cap") if name in rule]
    marks += [320, 331.2] if "limit" in rule else []
    mark = rng.choice(marks)
    found = mark + rng.choice(NEAR) if rng.random() < 0.5 else abs(mark) * rng.uniform(0, 1.15)
    found = round(max(found, 0), 3)
    return -found if rule.get("take") == "compression" else found


def car(rng: Random, good: Facts, *, wild: float, blanks: float = 0.0) -> Facts:
    """A car that differs from a good one; with ``blanks`` some of its cells are empty, else nothing is missing."""
    facts = dict(good)
    names = every_fact()
    for name, rule in measured().items():
        if rng.random() < wild:
            facts[name] = value(rng, rule)
        if rng.random() < 0.3 and f"{name}/predicted" in names:
            facts[f"{name}/predicted"] = rng.choice(COLOURS)
    for name, limits in modifiers().items():
        if rng.random() < wild:
            facts[name] = max(0, round(rng.choice(limits) + rng.choice((-1, -0.001, 0, 0.001, 1)), 4))
    for name in names:
        if "inspection" in name and rng.random() < 0.15:
            facts[name] = rng.choice((0, 5, 7.777, 12.345, 33.333, 60, 100))
        if name.endswith("farside_excursion") and rng.random() < 0.5:
            facts[name] = rng.choice(EXCURSIONS)
        if name.endswith("torso_angle"):
            facts[name] = round(rng.uniform(20, 30), 2)
        if name.endswith("non_use_position"):
            facts[name] = rng.choice(("pass", "fail"))
    facts["side_pole_oblique_32/driver/worldsid_50m/head_pole_contact"] = rng.choice(("no", "no", "yes"))
    for name in ("car/farside_countermeasure", "car/farside_red_line_outboard"):
        facts[name] = rng.choice(("yes", "no"))
    if rng.random() < 0.4:
        facts["car/third_seat_row"] = "no"
        del facts[THIRD_ANGLE]
    if rng.random() < 0.8:
        _grid(rng, facts, whole=not blanks)
    for row in legs():
        if rng.random() < 0.8:
            _row(rng, facts, *row, whole=not blanks)
    for name in list(facts):
        if not name.startswith(("vru", "car/")) and rng.random() < blanks:
            del facts[name]
    return facts


def _grid(rng: Random, facts: Facts, *, whole: bool) -> None:
    for name in [name for name in facts if name.startswith("vru_headform/") and "number" not in name]:
        del facts[name]
    without = rng.choice((None, None, None, range(6), range(6, 12), range(12, 19)))
    for row in range(19):
        if without is not None and row in without:
            continue
        pool = rng.choice((SHADES, COLOURS, ["green", "blue", "green_20"], ["red", "d_red", "green_40"]))
        for column in range(10, -11, -1):
            if rng.random() < 0.5:
                continue
            word, at = rng.choice(pool), f"vru_headform/{row}_{column}"
            facts[f"{at}/cell"] = word
            if rng.random() >= (0.95 if word not in (*COLOURS, "d_green", "d_red") else 0.08):
                continue
            if word.startswith("d_"):
                continue
            facts[f"{at}/tested"] = "yes"
            twin = f"vru_headform/{row}_{-column}"
            mirrored = (
                word.startswith("green_")
                and column < 0
                and facts.get(f"{twin}/cell") == word
                and facts.get(f"{twin}/hic15", 0) != 0
            )
            if rng.random() < (0.3 if mirrored else 0 if whole else 0.05):
                continue
            facts[f"{at}/hic15"] = round(rng.choice(HEAD_EDGES) + rng.choice((*NEAR, 50, -50)), 3)


def _row(
    rng: Random, facts: Facts, test: str, row: int, limits: dict[str, tuple[float, float]], *, whole: bool
) -> None:
    for name in [name for name in facts if name.startswith(f"{test}/{row}_")]:
        del facts[name]
    for column in range(8, -9, -1):
        if rng.random() < 0.15:
            continue
        word, at = rng.choice(("t", "st", "sa")), f"{test}/{row}_{column}"
        facts[f"{at}/cell"] = word
        twin = f"{test}/{row}_{-column}/{next(iter(limits))}"
        has_twin = column < 0 and twin in facts
        if word == "sa" or (word == "st" and rng.random() < (0.5 if has_twin or not whole else 0)):
            continue
        for quantity, (low, high) in limits.items():
            facts[f"{at}/{quantity}"] = round(
                rng.choice(edges(low, high)) + rng.choice(NEAR) - rng.choice((0, 0, 0.2, 0.3)) * low, 3
            )


def completed_by(name: str, facts: Facts) -> bool:
    """Whether the rules say what counts where this fact is missing: a declaration, or a value that others stand in for.

    Cells, predictions and which points are tested are what a sheet declares: what is not there is not declared. Points in
    mirrored cells, and those that are inferred, take the values of others where they have none.
    """
    if name.endswith(("/cell", "/tested", "/predicted")):
        return True
    word = str(facts.get(f"{name.rsplit('/', 1)[0]}/cell", ""))
    return word in ("st", "sa") or word.startswith("green_")
