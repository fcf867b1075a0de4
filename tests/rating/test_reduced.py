"""A reduced plan gives what the whole one gives, bit for bit."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tests.rating.cars import random_facts

from carindex.rating import Plan, evaluate
from carindex.rating.compiled import compiled
from carindex.rating.kernels import Array
from carindex.rating.reduced import ReducedPlan

PROTOCOLS = [
    ("us-ncap-2011", False),
    ("euro-ncap-2026", False),
    ("euro-ncap-2026", True),
    # lines that are known only to lie between two numbers, and nothing missing: stars stay open
    ("latin-ncap-2020", False),
    ("asean-ncap-2021", False),
]


@cache
def _plans(name: str, calculator: bool) -> tuple[Plan, ReducedPlan]:
    plan = compiled(name, calculator=calculator)
    return plan, ReducedPlan(plan, _percent(plan))


def _percent(plan: Plan) -> tuple[str, ...]:
    return tuple(f"{path}#percent" for path in plan.nodes if f"{path}#percent" in plan.named)


def _same(plan: Plan, reduced: ReducedPlan, facts: Array) -> None:
    whole, part = evaluate(plan, facts), reduced.evaluate(facts)
    for path in plan.nodes:
        for what in ("value", "score", "outcome"):
            for own, other in zip(getattr(part, what)(path), getattr(whole, what)(path), strict=True):
                np.testing.assert_array_equal(own, other, err_msg=f"{what} of {path}")
    for name in _percent(plan):
        np.testing.assert_array_equal(part.named(name), whole.named(name), err_msg=name)


@pytest.mark.parametrize("blank", [0.0, 0.02, 0.5, 0.95])
@pytest.mark.parametrize(("name", "calculator"), PROTOCOLS)
def test_random_cars_are_rated_as_by_the_whole_plan(name: str, calculator: bool, blank: float) -> None:
    plan, reduced = _plans(name, calculator)
    for seed in range(3):
        _same(plan, reduced, random_facts(plan, np.random.default_rng(seed), 60, blank))


@pytest.mark.parametrize(("name", "calculator"), PROTOCOLS)
def test_cars_that_lack_whole_tests(name: str, calculator: bool) -> None:
    plan, reduced = _plans(name, calculator)
    random = np.random.default_rng(7)
    facts = random_facts(plan, random, 80, 0.0)
    tests = np.array([fact.rsplit("/", 2)[0] for fact in plan.facts])
    for car in range(60):  # the others stay complete: both ways in one block
        gone = random.random() < np.linspace(0.1, 0.9, len(set(tests)))
        words = dict(zip(sorted(set(tests)), random.permutation(gone), strict=True))
        facts[np.array([words[test] for test in tests]), car] = np.nan
    _same(plan, reduced, facts)


@pytest.mark.parametrize(("name", "calculator"), PROTOCOLS)
def test_nothing_is_known(name: str, calculator: bool) -> None:
    plan, reduced = _plans(name, calculator)
    _same(plan, reduced, np.full((len(plan.facts), 3), np.nan))


def test_more_cars_than_a_block_holds_and_then_fewer() -> None:
    plan, reduced = _plans("us-ncap-2011", False)
    random = np.random.default_rng(3)
    for cars in (2500, 1, 0):
        _same(plan, reduced, random_facts(plan, random, cars, 0.01))


def test_what_nobody_asks_for_is_not_worked_out() -> None:
    plan, reduced = _plans("euro-ncap-2026", False)
    assert reduced.rows < plan.slots / 4
