"""C-NCAP: its protocols compiled, published tables rated under them, and one car by facts or by rates of its modules."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from carindex.dossier import Fact, quantity_of
from carindex.dossier.published import import_table
from carindex.rating import compile_protocol, evaluate, load_protocol, rate

ITEMS = Path(__file__).parent / "data" / "cncap-items"
EDITIONS = ("c-ncap-2018", "c-ncap-2021", "c-ncap-2024")
ALL = (*EDITIONS, "c-ncap-2027")
STARS = {"6.0": "5+", "5.0": "5", "4.0": "4", "3.0": "3", "2.0": "2", "1.0": "1"}
SECOND = {"c-ncap-2018": "pedestrian_protection", "c-ncap-2021": "pedestrian_protection"}
OCCUPANT = "occupant_protection"

# Totals that rounding the weighted sum does not give, by what identifies the car (its rates); published and computed.
# 124 and 134 of the items, the Forester of the list. All of 2018; published 0.1 higher. Nothing explains them.
UNEXPLAINED_TOTALS = {
    ("93.55", "83.75", "93.98"): ("92.2", 92.1),  # Honda Breeze 2020
    ("92.75", "72.29", "91.17"): ("89.5", 89.4),
    ("91.32", "81.05", "95.11"): ("90.4", 90.3),  # Subaru Forester 2019
}
# One car of 82.4 % has four stars instead of five: a fire, told by the press (Wuling Victory 2021). It is told by its total.
FIRE_TOTAL = "82.4"

# Cars of 2018 whose items do not add up to their published occupant rate, with what is missing in points of 70.
ITEM_REMAINDERS_2018 = {
    "87": 0.256,  # second row, neck, full width: 0.0 of 0.4 in the items; the test's score has 0.256 more
    "88": 0.400,  # the same, 0.4
    "132": 17.578,  # no item of the full-width test
    "158": 1.950,  # head and neck of the second row published as one item, which does not fit the score of the test
    "160": 1.890,
    "161": 1.520,
}
# What curtain airbags and E-CALL of 2021 must have had (of 4, split unknown): only halves occur. Below: other than 4.0
CURTAIN_ECALL_2021 = {"21": 3.5, "41": 3.5, "42": 1.5, "47": 3.5, "48": 3.0}
# Cars of 2021 without an item of the child assessment (of 3): both together
WITH_CHILD_STATIC_2021 = {"61": 2.0, "62": 7.0, "64": 6.0, "65": 1.0, "66": 6.0, "67": 6.5}
# What the far side of 2024 (of 8) must have had. Two cars need more than the 8 points: an item is not known here.
FAR_SIDE_2024 = {"2": 8.0, "5": 7.754, "6": 8.0, "9": 8.755, "13": 8.0, "14": 8.997}
# Of what is beyond 8, up to one point may be a bonus beside the 113; of 9 and 14 it must be at least this much.
BONUS_2024 = {"9": 0.755, "14": 0.997}


@cache
def plan_of(name):
    """A protocol, compiled once for all tests."""
    return compile_protocol(load_protocol(name))


PLANS = {name: plan_of(name) for name in ALL}


class Table:
    """A published table, rated under one edition."""

    def __init__(self, plan, name, path):
        table = import_table(name, path)
        self.findings = table.findings
        at = {column: i for i, column in enumerate(table.columns)}
        self.rows = [row for row in table.rows if row[at["protocol"]] == plan.protocol.id]
        self.at, self.plan = at, plan
        facts = np.array(
            [[self.number(row[at[f]] if f in at else None, f) for row in self.rows] for f in plan.facts]
        )
        self.facts = facts.reshape(len(plan.facts), len(self.rows))
        self.result = evaluate(plan, self.facts)

    @staticmethod
    def number(cell, fact):
        if cell is None:
            return np.nan
        words = quantity_of(fact).categories if not fact.startswith("given:") else ()
        return float(words.index(cell)) if words else float(cell)

    def column(self, name):
        return [row[self.at[name]] for row in self.rows]

    @property
    def cars(self):
        return [car.split()[0] for car in self.column("car")]


def rating(plan, **facts):
    """Rate one car; keys are fact names."""
    return rate(plan, [Fact(name, float(value), "", "test", {}) for name, value in facts.items()])


def modules(plan, occupant, second, active, **more):
    """Rate a car by the rates of its modules; nothing that costs stars happened unless ``more`` says so."""
    usual = {
        "car/year_of_test": 2020,
        "car/fire_after_crash": 0,
        "car/electrical_safety_failed": 0,
        "car/stability_control_fitted": 1,
        "car/impactor_minimum_missed": 0,
        "car/points_deducted": 0,
        "given:impactor_tests": 100,
    }
    given = {
        f"given:{OCCUPANT}": occupant,
        f"given:{SECOND.get(plan.protocol.id, 'vru_protection')}": second,
        "given:active_safety": active,
    }
    known = {name: v for name, v in {**usual, **given, **more}.items() if name in plan.facts}
    # the module of an edition whose rules are known is stated as well, though no fact is asked for
    known |= {name: v for name, v in given.items() if name not in known}
    return rating(plan, **known)
