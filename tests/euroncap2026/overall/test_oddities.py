"""Which oddities of the programme's calculator are said to touch a car."""

from __future__ import annotations

import numpy as np
import pytest

from carindex.dossier import Fact
from carindex.rating import Evaluation, compile_protocol, evaluate_facts, load_protocol
from carindex.rating.compiled import compiled
from carindex.rating.oddities import labels_of, touched

from ..crash_avoidance.engine import as_written_down, number_of
from ..crash_avoidance.test_reference import BASE, flat

NAME = "euro-ncap-2026"


def facts_of(words: dict, calculator: bool) -> list[Fact]:
    plan = compiled(NAME, calculator=calculator)
    place = {name: i for i, name in enumerate(plan.facts)}
    said = words if calculator else as_written_down(words)
    found = []
    for name, value in said.items():
        if name in place:
            quantity = plan.quantities[place[name]]
            number = number_of(value, quantity.categories)
            if not np.isnan(number):
                found.append(Fact(name, number, quantity.unit))
    return found


def found_in(words: dict) -> dict[str, tuple[str, ...]]:
    ours, rules = facts_of(words, calculator=True), facts_of(words, calculator=False)
    known = {fact.name for fact in ours}
    evaluation, _ = evaluate_facts(compiled(NAME, calculator=True), ours, as_given=True)
    by_the_rules, _ = evaluate_facts(compiled(NAME), rules)
    more = [fact for fact in rules if fact.name not in known]
    return {one.name: one.nodes for one in touched(evaluation, [*ours, *more], by_the_rules)}


@pytest.fixture(scope="module")
def car() -> dict:
    return flat(BASE["facts"])


def test_every_oddity_is_called_something_in_both_languages() -> None:
    protocol = load_protocol(NAME, calculator=True)
    labels = labels_of(protocol)
    for name in {oddity.name for oddity in protocol.oddities}:
        assert labels[name]["en"]
        assert labels[name]["zh"]


def test_a_tested_point_whose_value_is_taken_away_touches_its_scenario(car: dict) -> None:
    measured = [name for name in car if name.startswith("ccrs/") and name.endswith("/v_rel_impact")]
    whole = found_in(car).get("value_left_empty", ())
    without = found_in({name: value for name, value in car.items() if name not in measured})
    ccrs = "crash_avoidance/frontal_collisions/car_ptw/longitudinal/ccrs/"
    new = set(without["value_left_empty"]) - set(whole)
    assert new
    assert all(path.startswith(ccrs) for path in new)


def test_nothing_is_said_where_both_modes_agree() -> None:
    nothing: list[Fact] = []
    rules, _ = evaluate_facts(compiled(NAME), nothing)
    assert touched(rules, nothing, rules) == []


def test_as_a_slow_search_without_shortcuts(car: dict) -> None:
    """Every oddity left out, one after the other, from a protocol that is loaded and compiled in full."""
    ours, rules = facts_of(car, calculator=True), facts_of(car, calculator=False)
    known = {fact.name for fact in ours}
    every = [*ours, *(fact for fact in rules if fact.name not in known)]
    evaluation, _ = evaluate_facts(
        compile_protocol(load_protocol(NAME, calculator=True)), every, as_given=True
    )
    names = {oddity.name for oddity in evaluation.plan.protocol.oddities}
    slow = set()
    for name in names:
        plan = compile_protocol(load_protocol(NAME, calculator=True, without=frozenset({name})))
        other, _ = evaluate_facts(plan, every, as_given=True)
        if scores(other) != scores(evaluation):
            slow.add(name)
    assert set(found_in(car)) == slow
    assert slow


def scores(evaluation: Evaluation) -> dict[str, tuple[float, float]]:
    found = {}
    for path in evaluation.plan.nodes:
        low, high = (float(bound[0]) for bound in evaluation.score(path))
        found[path] = (round(low, 8), round(high, 8))
    return found
