"""Improvement against brute force on random protocols, and what every answer has to keep on real ones."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carindex.alignment.improvement.goals import goals_for
from carindex.alignment.improvement.improve import NO_EFFORT
from carindex.alignment.improvement.model import known_of, model_of
from carindex.alignment.improvement.search import Search
from carindex.dossier import Fact, quantity_of
from carindex.rating import compile_protocol, evaluate
from rating import protocols

SETTINGS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


def facts_of(car):
    return [Fact(name, float(value), quantity_of(name).unit, "test") for name, value in car.items()]


def searched(plan, car, target, effort=NO_EFFORT, seconds=20.0):
    known = known_of(plan, facts_of(car))
    model = model_of([known], [goals_for(plan, target)], effort, "test")
    return model, Search(model, seconds).run()


def reached(plan, cars, target):
    """By the engine alone: which cars, each a mapping of all facts, reach the goal."""
    goal = goals_for(plan, target)[0]
    values = np.array([[car[name] for car in cars] for name in plan.facts])
    result = evaluate(plan, values)
    return result.low[goal.slot] >= goal.line


def cheapest(plan, car, target, model):
    """The least effort by trying: every value of every fact at which some rule changes, in all combinations.

    Sliding rules have no such values in between, so the answer of a search may be cheaper than this, never dearer.
    """
    names = [name for name in plan.facts if name in model.levers]
    ways = []
    for name in names:
        lever = model.levers[name]
        if lever.words:
            ways.append(list(lever.words))
            continue
        points = {lever.present}
        for limit in lever.limits:
            points |= {limit, limit - lever.step, limit + lever.step}
        first, last = sorted((lever.best, lever.worst))
        points = {x for x in points if first <= x <= last}
        ways.append(sorted(points))
    if np.prod([float(len(way)) for way in ways]) > 60000:
        return None
    combos = list(itertools.product(*ways))
    cars = [{**car, **dict(zip(names, combo, strict=True))} for combo in combos]
    holds = reached(plan, cars, target)
    costs = [sum(model.levers[n].cost(v) for n, v in zip(names, combo, strict=True)) for combo in combos]
    return min((cost for cost, ok in zip(costs, holds, strict=True) if ok), default=np.inf)


@SETTINGS
@given(data=st.data())
def test_no_dearer_than_every_combination_of_limits(data, tmp_path):
    protocol = data.draw(protocols.protocols(tmp_path))
    car = data.draw(protocols.cars())
    plan = compile_protocol(protocol)
    target = data.draw(st.sampled_from(["1", "3", "5"]))
    model, found = searched(plan, {n: v for n, v in car.items() if n in plan.facts}, target)
    by_hand = cheapest(plan, car, target, model)
    if by_hand is None:
        return
    if found.values is None:
        assert by_hand == np.inf
        return
    changed = {**car, **found.values}
    assert reached(plan, [changed], target)[0]
    for name in found.values:
        assert not reached(plan, [{**changed, name: car[name]}], target)[0], name
    assert found.effort <= by_hand + 1e-6
    assert found.bound <= by_hand + 1e-6
