"""Criteria of child dummies."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carindex.criteria import child

BATCH = arrays(np.float64, (2, 12), elements=st.floats(-3e3, 3e3))


@given(BATCH, BATCH, BATCH)
def test_neck_force_by_a_loop(x, y, z):
    force = child.neck_resultant_force(x, y, z, 1e-3)
    for r in range(2):
        total = [sqrt(a * a + b * b + c * c) for a, b, c in zip(x[r], y[r], z[r], strict=True)]
        assert force.value[r] == pytest.approx(max(total))


def test_head_excursion_beyond_a_line_a_line_for_each_record_and_a_moving_line():
    position = np.array([[0.10, 0.40, 0.62, 0.50], [0.0, 0.1, 0.2, 0.1]])
    np.testing.assert_allclose(child.head_excursion(position, 0.1, 1e-3).value, [0.52, 0.10])
    np.testing.assert_allclose(child.head_excursion(position, [0.1, 0.3], 1e-3).value, [0.52, -0.10])
    found = child.head_excursion(position[0], [0.0, 0.0, 0.30, 0.10], 1e-3, 0.05)
    assert found.value == pytest.approx(0.40)
    assert found.time == pytest.approx(0.051)


def test_nan_stays_in_its_record():
    x = np.ones((2, 6))
    x[1, 2] = np.nan
    for result in (
        child.neck_resultant_force(x, x, x, 1e-3),
        child.head_excursion(x, 0.0, 1e-3),
    ):
        assert np.isfinite(result.value[0])
        assert np.isnan(result.value[1])
