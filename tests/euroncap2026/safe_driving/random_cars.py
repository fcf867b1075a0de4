"""Random cars of Safe Driving: every fact one of the words it can be, measured values at and near the limits."""

from __future__ import annotations

import random
from functools import cache

from .reference import fact_names
from .rules import monitoring_cells, read


@cache
def options() -> dict[str, list]:
    """The words that each answer can be."""
    found = {}
    for part in read("safe-driving", "inputs.yaml")["sheets"]:
        for fact, how in part["facts"].items():
            words = how.get("options", ["FAIL", "PASS"])
            found[fact] = list(range(1, 7)) if isinstance(words, dict) else words
    return found


@cache
def limits() -> dict[str, float]:
    """What the reduction of speed of each test point must exceed for green."""
    found = {}
    for category in read("safe-driving", "acc-performance.yaml")["children"].values():
        for node in category.get("children", {}).values():
            rule = node.get("test_points", {"points": {}})
            for name, point in rule["points"].items():
                found[f"{rule['facts']}/{name}"] = point["green_above"]
    return found


@cache
def parts() -> tuple[list[list[str]], list[str]]:
    """The cells of the prediction sheet by group and response, and all facts that are no answer."""
    groups = [cells for group in monitoring_cells("safe-driving").values() for cells in group.values()]
    return groups, [name for name in fact_names() if name not in options()]


def car(seed: int, blank: float = 0.0) -> dict[str, object]:
    """Return the facts of a random car, each missing with probability ``blank``."""
    rng = random.Random(f"car {seed} {blank}")
    good = rng.choice([0.5, 0.8, 0.95, 0.995])
    facts: dict[str, object] = {}
    for name, words in options().items():
        best = [word for word in words if word in ("PASS", "Functional", "Stays in lane")]
        facts[name] = best[0] if best and rng.random() < good else rng.choice(words)
    groups, others = parts()
    for cells in groups:
        claimed, drawn, fails = rng.random() < 0.8, rng.choice([0, 0.2, 0.6]), rng.choice([0, 0, 0.3])
        for cell in cells:
            fine = claimed and rng.random() < 0.98
            facts[f"{cell}/prediction"] = "green" if fine else rng.choice(["red", "grey", "green"])
            outcome = "FAIL" if rng.random() < fails else "PASS"
            facts[f"{cell}/verification"] = outcome if rng.random() < drawn else "not_selected"
    colours = rng.choice([["green"], ["green", "orange", "red", "grey"], ["red", "grey"], ["grey"]])
    for name in others:
        if name.endswith("/v_reduction"):
            green = limits()[name.rpartition("/")[0]]
            facts[name] = rng.choice([green, green + 0.01, green - 0.01, 15, 15.01, 14.99, 0, 200.0])
        elif name.startswith("acc/"):
            facts[name] = rng.choice(colours)
            colours = rng.choice([colours, colours, colours, ["green", "orange", "red", "grey"]])
        elif name not in facts:
            facts[name] = rng.choice(["green"] * 12 + ["red", "grey"])
    _without_elements_not_fitted(facts)
    return {name: word for name, word in facts.items() if rng.random() >= blank}


def _without_elements_not_fitted(facts: dict[str, object]) -> None:
    """Give child presence mostly the words of one line of its table, so that a line is often met."""
    table = read("safe-driving", "child-presence-table.yaml")
    rng = random.Random(str(sorted(facts.items())[:40]))
    if rng.random() < 0.8:
        words = rng.choice(table["lines"])["facts"].split()
        for name, letter in zip(table["columns"], words, strict=True):
            facts[name] = rng.choice(table["words"][letter])
