"""Bounds of the life-cycle sum against trying many points inside the ranges."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carindex.criteria.life_cycle import (
    UNKNOWN,
    Bounds,
    electricity,
    fuel,
    made,
    product,
    quotient,
    shared,
    total,
)

PAIR = st.tuples(st.floats(0.001, 1e4), st.floats(0, 1e4)).map(
    lambda pair: Bounds(pair[0], pair[0] + pair[1])
)
SHARE = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda pair: Bounds(min(pair), max(pair)))
LOSS = st.tuples(st.floats(0, 0.4), st.floats(0, 0.4)).map(lambda pair: Bounds(min(pair), max(pair)))


def points(bounds):
    return [bounds.low + part * (bounds.high - bounds.low) for part in (0.0, 0.3, 1.0)]


def check(found, values):
    """All points lie inside, and the ends are reached."""
    scale = 1e-9 * (1 + abs(found.high))
    assert min(values) == pytest.approx(found.low, rel=1e-9, abs=scale)
    assert max(values) == pytest.approx(found.high, rel=1e-9, abs=scale)


@given(PAIR, PAIR, PAIR)
def test_making(amount, factor, lifetime):
    tried = itertools.product(points(amount), points(factor), points(lifetime))
    check(made(amount, factor, lifetime), [1000 * a * f / km for a, f, km in tried])


@given(PAIR, PAIR, LOSS, SHARE)
def test_electricity(consumption, intensity, loss, trend):
    tried = itertools.product(points(consumption), points(intensity), points(loss), points(trend))
    check(
        electricity(consumption, intensity, loss, trend),
        [c / 100 * g * k / (1 - lost) for c, g, lost, k in tried],
    )


@given(SHARE, PAIR, PAIR)
def test_share(share, one, other):
    tried = itertools.product(points(share), points(one), points(other))
    check(shared(share, one, other), [s * a + (1 - s) * b for s, a, b in tried])


@given(PAIR, PAIR, PAIR)
def test_sums_products_quotients(a, b, c):
    tried = list(itertools.product(points(a), points(b), points(c)))
    check(total(a, b, c), [x + y + z for x, y, z in tried])
    check(product(a, b, c), [x * y * z for x, y, z in tried])
    check(quotient(a, b), [x / y for x, y, _ in tried])
    check(fuel(a, b), [x / 100 * y * 1000 for x, y, _ in tried])


def test_by_hand():
    def one(value):
        return Bounds(value, value)

    # 1350 kg · 5.2 kg/kg over 240,000 km: 29.25 g/km; 60 kWh · 74 kg/kWh: 18.5 g/km
    assert made(one(1350), one(5.2), one(240000)) == pytest.approx((29.25, 29.25))
    assert made(one(60), one(74), one(240000)) == pytest.approx((18.5, 18.5))
    # 18 kWh/100 km · 200 g/kWh / 0.9: 40 g/km; 6 l/100 km · 2.345 kg/l: 140.7 g/km
    assert electricity(one(18), one(200), one(0.1), one(1)) == pytest.approx((40.0, 40.0))
    assert fuel(one(6), one(2.345)) == pytest.approx((140.7, 140.7))


def test_what_is_not_known_stays_so():
    assert not total(Bounds(1, 2), UNKNOWN).is_known
    assert math.isnan(made(UNKNOWN, Bounds(1, 1), Bounds(1, 1)).low)
    assert math.isnan(shared(Bounds(0, 1), UNKNOWN, Bounds(1, 1)).high)
    with pytest.raises(ValueError, match="cannot divide"):
        quotient(Bounds(1, 1), Bounds(0, 1))
    with pytest.raises(ValueError, match="cannot divide"):
        electricity(Bounds(1, 1), Bounds(1, 1), Bounds(0, 1), Bounds(1, 1))
