"""Resultant, rate, integral and turned axes against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carindex.criteria import kinematics

BATCH = arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(5, 30)), elements=st.floats(-1e3, 1e3))


@given(BATCH, BATCH)
def test_resultant_of_two(a, b):
    if a.shape == b.shape:
        r = kinematics.resultant(a, b)
        for i, j in np.ndindex(a.shape):
            assert r[i, j] == pytest.approx(math.hypot(a[i, j], b[i, j]), rel=1e-12, abs=1e-150)


def test_resultant_edges():
    np.testing.assert_array_equal(kinematics.resultant([-3.0, 2.0]), [3.0, 2.0])
    assert kinematics.resultant([2.0], [3.0], [6.0])[0] == 7.0
    assert np.isnan(kinematics.resultant([1.0, np.nan], [1.0, 1.0])).tolist() == [False, True]
    with pytest.raises(ValueError, match="at least one"):
        kinematics.resultant()


@given(BATCH)
def test_rate_is_the_five_point_rule(y):
    dt = 1e-3
    rate = kinematics.differentiate(y, dt)
    for row, v in zip(y, rate, strict=True):
        n = len(row)
        for i in range(n):
            if i < 2:
                expected = (-3 * row[i] + 4 * row[i + 1] - row[i + 2]) / (2 * dt)
            elif i >= n - 2:
                expected = (3 * row[i] - 4 * row[i - 1] + row[i - 2]) / (2 * dt)
            else:
                expected = (8 * (row[i + 1] - row[i - 1]) - (row[i + 2] - row[i - 2])) / (12 * dt)
            assert v[i] == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_rate_is_exact_for_polynomials_of_its_order():
    t = np.arange(30) * 1e-3
    rate = kinematics.differentiate(5.0 - 3.0 * t + 40.0 * t**2, 1e-3)
    np.testing.assert_allclose(rate, -3.0 + 80.0 * t, rtol=1e-9)
    quartic = kinematics.differentiate(t**4, 1e-3)[2:-2]
    np.testing.assert_allclose(quartic, 4 * t[2:-2] ** 3, rtol=1e-9, atol=1e-15)


def test_rate_edges():
    with pytest.raises(ValueError, match="at least 5"):
        kinematics.differentiate(np.zeros(4), 1e-3)
    y = np.zeros(12)
    y[6] = np.nan
    assert np.flatnonzero(np.isnan(kinematics.differentiate(y, 1e-3))).tolist() == [4, 5, 7, 8]


@given(BATCH, st.floats(-10, 10))
def test_integral_is_the_trapezoidal_sum(y, initial):
    dt = 1e-3
    integral = kinematics.integrate(y, dt, initial)
    for row, v in zip(y, integral, strict=True):
        total = initial
        assert v[0] == total
        for i in range(1, len(row)):
            total += dt * (row[i] + row[i - 1]) / 2
            assert v[i] == pytest.approx(total, rel=1e-9, abs=1e-9)


def test_integral_edges():
    y = np.ones((2, 4))
    y[1, 2] = np.nan
    v = kinematics.integrate(y, 0.5, [1.0, 2.0])
    np.testing.assert_allclose(v[0], [1.0, 1.5, 2.0, 2.5])
    assert np.isnan(v[1]).tolist() == [False, False, True, True]
    with pytest.raises(ValueError, match="empty"):
        kinematics.integrate([], 0.5)


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(-7, 7))
def test_turned_axes(x, y, angle):
    a, b = kinematics.rotate([x], [y], angle)
    turned = complex(x, y) * complex(math.cos(angle), -math.sin(angle))
    assert (a[0], b[0]) == (pytest.approx(turned.real, abs=1e-12), pytest.approx(turned.imag, abs=1e-12))


def test_a_quarter_turn_points_the_first_axis_at_the_old_second():
    a, b = kinematics.rotate([0.0], [1.0], math.pi / 2)
    np.testing.assert_allclose((a[0], b[0]), (1.0, 0.0), atol=1e-15)
    np.testing.assert_allclose(kinematics.degrees_to_radians_per_second([180.0, -90.0]), [np.pi, -np.pi / 2])
