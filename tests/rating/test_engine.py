"""The engine against a slow reading of the same protocol, and the invariants every rule kind must keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carindex.rating import compile_protocol, contributions, evaluate, losses
from carindex.rating.explain import best_values, own_loss

from . import protocols
from .reference import Car

KINDS = {
    "points": protocols.protocols,
    "risk": protocols.risk_protocols,
    "demerits": protocols.demerit_protocols,
}
SETTINGS = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
kinds = pytest.mark.parametrize("kind", list(KINDS))


def column(plan, facts):
    return np.array([[facts[name]] for name in plan.facts])


def matrix(plan, cars):
    return np.hstack([column(plan, car) for car in cars])


@kinds
@SETTINGS
@given(data=st.data())
def test_agrees_with_a_slow_reading(kind, data, tmp_path):
    protocol = data.draw(KINDS[kind](tmp_path))
    cars = data.draw(st.lists(protocols.cars(), min_size=1, max_size=4))
    plan = compile_protocol(protocol)
    result = evaluate(plan, matrix(plan, cars))
    for i, facts in enumerate(cars):
        slow = Car(protocol, facts)
        for path, node in plan.nodes.items():
            assert result.low[node.value][i] == pytest.approx(slow.value(path), abs=1e-9), path
            if node.outcome is not None:
                assert result.low[node.outcome.slot][i] == slow.stars(path), path


@kinds
@SETTINGS
@given(data=st.data())
def test_bounds_contain_every_completion_and_shrink_as_facts_arrive(kind, data, tmp_path):
    protocol = data.draw(KINDS[kind](tmp_path))
    plan = compile_protocol(protocol)
    truth = data.draw(protocols.cars())
    hidden = data.draw(st.sets(st.sampled_from(plan.facts)))
    fewer = hidden - {data.draw(st.sampled_from(sorted(hidden)))} if hidden else hidden
    known, partly = ({n: np.nan if n in gone else truth[n] for n in plan.facts} for gone in (hidden, fewer))
    wide, narrow = evaluate(plan, column(plan, known)), evaluate(plan, column(plan, partly))
    exact = evaluate(plan, column(plan, truth))
    for path, node in plan.nodes.items():
        for slot in (node.value, *([node.outcome.slot] if node.outcome else [])):
            assert wide.low[slot][0] - 1e-9 <= exact.low[slot][0] <= wide.high[slot][0] + 1e-9, path
            assert wide.low[slot][0] - 1e-9 <= narrow.low[slot][0], path
            assert narrow.high[slot][0] <= wide.high[slot][0] + 1e-9, path
            if not hidden:
                assert wide.low[slot][0] == wide.high[slot][0] == exact.low[slot][0]


@kinds
@SETTINGS
@given(data=st.data())
def test_losses_add_up_at_every_node(kind, data, tmp_path):
    protocol = data.draw(KINDS[kind](tmp_path))
    plan = compile_protocol(protocol)
    cars = data.draw(st.lists(protocols.cars(), min_size=1, max_size=3))
    facts = matrix(plan, cars)
    gone = data.draw(st.sets(st.integers(0, len(plan.facts) - 1)))
    facts[list(gone), 0] = np.nan
    result = evaluate(plan, facts)
    values = best_values(result)
    for path, node in plan.nodes.items():
        expected = node.node.maximum - result.score(path)[1]
        np.testing.assert_allclose(own_loss(node, values), expected, atol=1e-9)
        shares = losses(result, path)
        np.testing.assert_allclose(sum(share.points for share in shares), expected, atol=1e-9)
        assert all(
            share.path == path or share.path.startswith(f"{path}/" if path else "") for share in shares
        )
        if (
            node.kind in ("sum", "mean", "weighted", "weighted_share", "worst", "joint_risk", "demerits")
            and not node.steps
        ):
            np.testing.assert_allclose(sum(contributions(result, path).values()), expected, atol=1e-9)


@kinds
@SETTINGS
@given(data=st.data())
def test_one_car_is_rated_as_in_an_array_of_cars(kind, data, tmp_path):
    protocol = data.draw(KINDS[kind](tmp_path))
    plan = compile_protocol(protocol)
    cars = data.draw(st.lists(protocols.cars(), min_size=2, max_size=5))
    facts = matrix(plan, cars)
    facts[0, 0] = np.nan
    together = evaluate(plan, facts)
    for i in range(len(cars)):
        alone = evaluate(plan, facts[:, i : i + 1])
        # exp and pow of an array may differ from those of one number in the last place
        np.testing.assert_allclose(together.low[:, i], alone.low[:, 0], rtol=1e-14)
        np.testing.assert_allclose(together.high[:, i], alone.high[:, 0], rtol=1e-14)
        for node in plan.nodes.values():
            if node.outcome is not None:
                assert together.low[node.outcome.slot, i] == alone.low[node.outcome.slot, 0]
