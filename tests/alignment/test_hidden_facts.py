"""Real cars with some of their facts hidden: what is left bounds the truth, and a fact more never widens the bounds."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.rating.cars import random_facts

from carindex.dossier.published import import_table
from carindex.euroncap.evidence import facts_of_folder
from carindex.rating import Evaluation, Plan, available_protocols, evaluate
from carindex.rating.compiled import compiled
from carindex.rating.kernels import Array

SAMPLE = Path(__file__).parents[1] / "protocols" / "data" / "safercar_sample.csv"
# parts of the facts that stay known, in one order: each step knows what the step before knew
STEPS = (0.0, 0.3, 0.6, 0.9, 0.99, 1.0)


def _of_table(plan: Plan, path: Path) -> Array:
    """Return the cars of the public NHTSA table of which every fact is known, ``(facts, cars)``."""
    imported = import_table("safercar", path)
    columns = {name.partition(" [")[0]: i for i, name in enumerate(imported.columns)}
    facts = np.full((len(plan.facts), len(imported.rows)), np.nan)
    for slot, (name, quantity) in enumerate(zip(plan.facts, plan.quantities, strict=True)):
        words = list(quantity.categories or ())
        for car, row in enumerate(imported.rows):
            cell = row[columns[name]] if name in columns else None
            if cell is not None:
                facts[slot, car] = words.index(str(cell)) if words else float(cell)
    return facts[:, ~np.isnan(facts).any(axis=0)]


@cache
def _ready_cars(folder: Path) -> Array:
    """Return the facts of the ready Euro NCAP 2026 cars, ``(facts, cars)``: blank where their workbooks are."""
    plan = compiled("euro-ncap-2026")
    cars = []
    for case in sorted(folder.iterdir()):
        if case.is_dir():
            known = {fact.name: fact.value for fact in facts_of_folder(case, calculator=False).facts}
            cars.append([known.get(name, np.nan) for name in plan.facts])
    return np.array(cars).T


def _inside(plan: Plan, outer: Evaluation, inner: Evaluation, what: str) -> None:
    """Say which node's bounds leave those that they should contain."""
    for path, node_plan in plan.nodes.items():
        pairs = [(outer.score(path), inner.score(path), "score")]
        if node_plan.outcome is not None:
            pairs.append((outer.outcome(path), inner.outcome(path), "outcome"))
        for (low, high), (least, most), kind in pairs:
            bad = (low > least + 1e-9) | (high < most - 1e-9)
            assert not bad.any(), f"{what}: {kind} of {path!r}, cars {np.flatnonzero(bad)[:5]}"


def _hide(plan: Plan, whole: Array, random: np.random.Generator, by_test: bool) -> None:
    """Hide facts one after the other, single facts or whole tests, and look at the bounds at each step."""
    names = [name.rsplit("/", 1)[0] if by_test else name for name in plan.facts]
    places = {name: i for i, name in enumerate(dict.fromkeys(names))}
    which = np.array([places[name] for name in names])
    rank = random.random((len(places), whole.shape[1]))[which]
    # that all of a matrix is written down is only known once all of it is: what is blank there says "not tested"
    for slot, name in enumerate(plan.facts):
        test, _, rest = name.partition("/")
        if rest == "tested":
            mine = [i for i, other in enumerate(plan.facts) if other.startswith(f"{test}/")]
            rank[slot] = rank[mine].max(axis=0)
    truth = evaluate(plan, whole)
    before = None
    for step in STEPS:
        now = evaluate(plan, np.where(rank < step, whole, np.nan))
        _inside(plan, now, truth, f"{step:.0%} known")
        if before is not None:
            _inside(plan, before, now, f"{step:.0%} known after less")
        before = now
    assert before is not None
    for path in plan.nodes:
        np.testing.assert_array_equal(before.score(path), truth.score(path))


@pytest.mark.parametrize("name", [name for name in available_protocols() if name != "euro-ncap-2026"])
def test_random_cars_of_every_protocol(name: str) -> None:
    plan = compiled(name)
    whole = random_facts(plan, np.random.default_rng(8), 60, 0.0)
    for slot, fact in enumerate(plan.facts):
        node = plan.nodes.get(fact.removeprefix("given:")) if fact.startswith("given:") else None
        # a score that is stated hides what a rule would give, and of a part that does not apply it contradicts the car
        if node is not None and not (node.node.spec.open and node.node.spec.applies_when is None):
            whole[slot] = np.nan
    for by_test in (False, True):
        _hide(plan, whole, np.random.default_rng(9), by_test)


@pytest.mark.parametrize("by_test", [False, True])
def test_cars_of_the_public_table(by_test: bool) -> None:
    plan = compiled("us-ncap-2011")
    whole = _of_table(plan, SAMPLE)
    assert whole.shape[1] > 20
    low, high = evaluate(plan, whole).outcome("")
    assert (low == high).all()
    for seed in range(4):
        _hide(plan, whole, np.random.default_rng(seed), by_test)


@pytest.mark.shared
@pytest.mark.parametrize("by_test", [False, True])
def test_thousands_of_cars_of_the_public_table(shared: Path, by_test: bool) -> None:
    plan = compiled("us-ncap-2011")
    whole = _of_table(plan, shared / "results" / "usncap_safercar_2011_2026.csv")
    assert whole.shape[1] > 500
    _hide(plan, np.tile(whole, 4), np.random.default_rng(2), by_test)


@pytest.mark.shared
@pytest.mark.parametrize("by_test", [False, True])
def test_ready_cars_many_times(shared: Path, by_test: bool) -> None:
    plan = compiled("euro-ncap-2026")
    whole = _ready_cars(shared / "oracle" / "euroncap2026" / "cases")
    assert whole.shape[1] == 16
    _hide(plan, np.tile(whole, 8), np.random.default_rng(3), by_test)
