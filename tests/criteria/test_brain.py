"""Brain injury criteria against closed forms, an adaptive integrator and values computed elsewhere."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import solve_ivp

from carindex.criteria import brain
from carindex.criteria.filters import cfc
from carindex.messages import InputError

RATES = arrays(np.float64, (3, 2, 12), elements=st.floats(-80, 80))
# The published constants of the model, written out once more.
STIFFNESS = np.array([[32142 + 1636.3, 0, -1636.3], [0, 23493, 0], [-1636.3, 0, 16935 + 1636.3]])


@pytest.mark.parametrize(
    ("basis", "critical"),
    [("average", (66.25, 56.45, 42.87)), ("csdm", (66.20, 59.10, 44.25)), ("mps", (66.30, 53.80, 41.50))],
)
def test_bric_of_the_critical_rates(basis, critical):
    rates = [np.array([0.0, c, -0.3 * c]) for c in critical]
    assert brain.bric(*rates, basis) == pytest.approx(math.sqrt(3.0))
    # Each axis alone, in either direction, and at different times.
    for axis in range(3):
        only = [np.zeros(3), np.zeros(3), np.zeros(3)]
        only[axis] = -rates[axis]
        assert brain.bric(*only, basis) == pytest.approx(1.0)


@given(RATES)
def test_bric_of_a_batch(w):
    batch = brain.bric(*w)
    for row in range(2):
        expected = math.hypot(
            *(max(abs(v) for v in w[axis, row]) / c for axis, c in enumerate((66.25, 56.45, 42.87)))
        )
        assert batch[row] == pytest.approx(expected, rel=1e-12, abs=1e-15)
        assert batch[row] == brain.bric(*w[:, row])


def test_bric_edges():
    w = np.ones((3, 2, 8))
    w[2, 0, 3] = np.nan
    assert np.isnan(brain.bric(*w)).tolist() == [True, False]
    assert brain.bric([0.0], [0.0], [0.0]) == 0.0
    with pytest.raises(InputError, match="average"):
        brain.bric(*w, "median")


def test_bric_risk():
    """At shift + scale the Weibull risk is 1 - 1/e."""
    assert brain.bric_risk(0.523 + 0.647) == pytest.approx(1 - math.exp(-1))
    assert brain.bric_risk(0.523 + 0.531, "ais3") == pytest.approx(1 - math.exp(-1))
    np.testing.assert_array_equal(brain.bric_risk([0.0, 0.523, np.nan]), [0.0, 0.0, np.nan])
    assert brain.bric_risk(0.8) == pytest.approx(1 - math.exp(-(((0.8 - 0.523) / 0.647) ** 1.8)))


@pytest.mark.parametrize(("occupant", "average"), [("driver", 0.736), ("passenger", 0.422)])
def test_bric_of_nhtsa_10146(nhtsa_v10146, occupant, average):
    """Reference values of an independent computation, CFC 60."""
    w = cfc([nhtsa_v10146[occupant][f"head_w{axis}"] for axis in "xyz"], 1e-4, 60)
    assert brain.bric(*w) == pytest.approx(average, abs=5e-4)
    if occupant == "driver":
        assert brain.bric(*w, "mps") == pytest.approx(0.758, abs=5e-4)


def test_ubric():
    critical = ((211.0, 20000.0), (171.0, 10300.0), (115.0, 7760.0))
    w = [np.array([0.0, c]) for c, _ in critical]
    a = [np.array([0.0, -c]) for _, c in critical]
    # Both ratios 1: u = 1 on every axis.
    assert brain.ubric(*w, *a) == pytest.approx(math.sqrt(3.0))
    # Ratios 0.5 and 2: u = 0.5 + 1.5 exp(-4).
    one = brain.ubric(0.5 * w[0], [0.0], [0.0], 2 * a[0], [0.0], [0.0])
    assert one == pytest.approx(0.5 + 1.5 * math.exp(-4))
    assert brain.ubric([0.0], [0.0], [0.0], [0.0], [0.0], [0.0]) == 0.0
    assert brain.ubric([0.0], [0.0], [0.0], [9e3], [0.0], [0.0]) == 0.0
    assert brain.ubric([5.0], [0.0], [0.0], [0.0], [0.0], [0.0]) == 0.0
    batch = brain.ubric(*np.tile(w, (1, 2)).reshape(3, 2, 2), *np.tile(a, (1, 2)).reshape(3, 2, 2))
    np.testing.assert_allclose(batch, math.sqrt(3.0))
    assert np.isnan(brain.ubric(w[0], w[1], [np.nan, 1.0], *a))


def slow_displacement(u, dt):
    """Integrate the coupled equations with an adaptive method of order eight and tight tolerances."""
    t = np.arange(u.shape[1]) * dt

    def slope(now, state):
        drive = np.array([np.interp(now, t, axis) for axis in u])
        return np.concatenate([state[3:], drive - STIFFNESS @ (state[:3] + 5.9148e-3 * state[3:])])

    solution = solve_ivp(
        slope, (0.0, t[-1]), np.zeros(6), method="DOP853", t_eval=t, rtol=1e-10, atol=1e-13, max_step=dt
    )
    return solution.y[:3]


@pytest.mark.parametrize("dt", [1e-3, 2.5e-4])
def test_damage_equals_an_adaptive_integrator(dt):
    t = np.arange(0.0, 0.12, dt)
    rng = np.random.default_rng(0)
    u = np.stack(
        [
            4000 * np.exp(-(((t - 0.030) / 0.008) ** 2)),
            -6000 * np.sin(2 * np.pi * t / 0.05) * (t < 0.05),
            rng.normal(scale=3000, size=t.size),
        ]
    )
    u[0, 0] = 700.0  # the drive need not start at zero
    expected = slow_displacement(u, dt)
    moved = brain.damage_displacement(*u, dt)
    np.testing.assert_allclose(moved, expected, rtol=0, atol=1e-7 * np.abs(expected).max())
    size = np.sqrt((expected**2).sum(axis=0))
    found = brain.damage(*u, dt, start=-0.02)
    assert found.value == pytest.approx(2.9903 * size.max(), rel=1e-6)
    assert found.time == pytest.approx(-0.02 + dt * size.argmax())


def test_damage_of_a_constant_acceleration_settles_at_the_static_displacement():
    u = np.tile(np.array([[1000.0], [-2000.0], [1500.0]]), 4000)
    moved = brain.damage_displacement(*u, 1e-3)
    np.testing.assert_allclose(moved[:, -1], np.linalg.solve(STIFFNESS, u[:, 0]), rtol=1e-10)


def test_damage_does_not_depend_on_sampling_where_the_drive_is_straight():
    coarse = np.interp(np.arange(0, 101) * 1e-3, [0, 0.02, 0.05, 0.1], [0, 5000, -3000, 0])
    fine = np.interp(np.arange(0, 1001) * 1e-4, [0, 0.02, 0.05, 0.1], [0, 5000, -3000, 0])
    one = brain.damage_displacement(coarse, 0.5 * coarse, -coarse, 1e-3)
    ten = brain.damage_displacement(fine, 0.5 * fine, -fine, 1e-4)
    np.testing.assert_allclose(one, ten[:, ::10], rtol=1e-9, atol=1e-16)


@given(arrays(np.float64, (3, 2, 20), elements=st.floats(-1e4, 1e4)))
def test_damage_of_a_batch_is_its_rows(u):
    batch = brain.damage(*u, 1e-3)
    for row in range(2):
        one = brain.damage(*u[:, row], 1e-3)
        assert batch.value[row] == pytest.approx(one.value, rel=1e-10, abs=1e-18)


def test_damage_edges():
    u = np.ones((3, 2, 50))
    u[1, 1, 20] = np.nan
    found = brain.damage(*u, 1e-3)
    assert np.isnan(found.value).tolist() == np.isnan(found.time).tolist() == [False, True]
    assert brain.damage([0.0, 0.0], [0.0, 0.0], [0.0, 0.0], 1e-3).value == 0.0


def test_takes_milliseconds():
    u = np.random.default_rng(1).normal(scale=2000, size=(3, 6000))
    took = []
    for _ in range(5):
        begin = time.perf_counter()
        brain.damage(*u, 5e-5)
        took.append(time.perf_counter() - begin)
    assert min(took) < 0.03  # about 1 ms alone on one core
