"""Abdomen criteria: geometry by construction and loops."""

from __future__ import annotations

from math import cos

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carindex.criteria import abdomen

DT = 1e-3
START = -0.002
ANGLE = arrays(np.float64, (2, 12), elements=st.floats(-0.7, 0.7))


@given(arrays(np.float64, (2, 12), elements=st.floats(0.03, 0.14)), ANGLE, ANGLE)
def test_thor_compression_by_a_loop(length, angle_y, angle_z):
    found = abdomen.thor_compression(length, angle_y, angle_z, DT, START)
    for r in range(2):
        x = [length[r, i] * cos(angle_y[r, i]) * cos(angle_z[r, i]) for i in range(12)]
        best = max(0.0, *[x[2] - v for v in x])
        assert found.value[r] == pytest.approx(best, abs=1e-14)


def test_thor_compression_of_a_straight_push_is_the_shortening():
    length = np.array([0.13, 0.13, 0.13, 0.10, 0.07, 0.09])
    found = abdomen.thor_compression(length, np.zeros(6), np.zeros(6), DT, START)
    assert (found.value, found.time) == pytest.approx((0.06, 0.002))
    never = abdomen.thor_compression([0.1, 0.1, 0.1, 0.12], np.zeros(4), np.zeros(4), DT, START)
    assert never.value == 0
    assert np.isnan(never.time)
    with pytest.raises(ValueError, match="time zero"):
        abdomen.thor_compression(length, np.zeros(6), np.zeros(6), DT, 0.5)


def test_displacement_channel_is_negative_in_compression():
    found = abdomen.displacement_compression([[0.0, -0.03, 0.05], [0.0, 0.01, 0.02]], DT)
    np.testing.assert_array_equal(found.value, [0.03, 0.0])
    np.testing.assert_array_equal(found.time, [0.001, np.nan])


@given(*[arrays(np.float64, (2, 12), elements=st.floats(-2e3, 2e3))] * 3)
def test_es2_force_is_the_peak_of_the_sum(front, middle, rear):
    found = abdomen.es2_force(front, middle, rear, DT)
    for r in range(2):
        total = [abs(a + b + c) for a, b, c in zip(front[r], middle[r], rear[r], strict=True)]
        assert found.value[r] == max(total)


def test_forces_at_different_times_do_not_add():
    found = abdomen.es2_force([900.0, 0, 0], [0, 900.0, 0], [0, 0, 900.0], DT)
    assert found.value == 900.0


def test_nan_stays_in_its_record():
    x = np.full((2, 12), 0.1)
    x[1, 5] = np.nan
    one = np.zeros((2, 12))
    for result in (
        abdomen.thor_compression(x, one, one, DT),
        abdomen.thor_compression(one + 0.1, x, one, DT),
        abdomen.displacement_compression(x, DT),
        abdomen.es2_force(one, x, one, DT),
    ):
        assert np.isfinite(result.value[0])
        assert np.isnan(result.value[1])
