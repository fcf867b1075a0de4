"""A specialised plan gives what the whole evaluation gives, whatever varies and whatever is missing."""

from __future__ import annotations

import numpy as np
import pytest
from tests.rating.cars import random_facts

from carindex.rating.compiled import compiled
from carindex.rating.evaluation import evaluate
from carindex.rating.specialised import SpecialisedPlan

PROTOCOLS = (
    "us-ncap-2011",
    "euro-ncap-2023",
    "euro-ncap-2026",
    "c-ncap-2024",
    "c-iasi-2017",
    "iihs-side-2",
    "green-ncap-2025",
)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("blank", [0.0, 0.15])
def test_the_same_as_the_whole_evaluation(protocol, blank):
    plan = compiled(protocol)
    random = np.random.default_rng(11)
    for _ in range(1 if protocol == "euro-ncap-2026" else 5):
        car = random_facts(plan, random, 1, blank)
        known = np.flatnonzero(~np.isnan(car[:, 0]))
        varying = np.sort(random.choice(known, max(1, len(known) // 4), replace=False))
        values = random_facts(plan, random, 30, 0.0)[varying]
        whole = np.repeat(car, 30, axis=1)
        whole[varying] = values
        expected = evaluate(plan, whole)
        some = SpecialisedPlan(evaluate(plan, car), varying.tolist(), plan.results.tolist())
        low, high = some.evaluate(values)
        np.testing.assert_array_equal(low, expected.low[plan.results])
        np.testing.assert_array_equal(high, expected.high[plan.results])


def test_stated_scores_stay_and_hide_what_lies_below():
    plan = compiled("us-ncap-2011")
    car = random_facts(plan, np.random.default_rng(1), 1, 0.0)
    assumed = {"frontal": 0.9}
    base = evaluate(plan, car, assumed)
    values = random_facts(plan, np.random.default_rng(2), 20, 0.0)
    some = SpecialisedPlan(base, list(range(len(plan.facts))), plan.results.tolist())
    expected = evaluate(plan, values, assumed)
    low, _ = some.evaluate(values)
    np.testing.assert_array_equal(low, expected.low[plan.results])
    # nothing of the frontal crash is worked out any more when only the whole car is asked for
    whole = SpecialisedPlan(base, list(range(len(plan.facts))), [plan.nodes[""].value])
    assert whole.operations < some.operations


def test_only_what_varies_is_worked_out():
    plan = compiled("euro-ncap-2026")
    car = random_facts(plan, np.random.default_rng(3), 1, 0.0)
    base = evaluate(plan, car)
    hic = next(i for i, name in enumerate(plan.facts) if name.endswith("/hic15"))
    one = SpecialisedPlan(base, [hic], plan.results.tolist())
    assert one.operations < sum(len(group.inputs) for group in plan.groups) / 20
