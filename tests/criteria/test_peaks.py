"""Extremes and moving averages against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carindex.criteria import peaks

BATCH = arrays(np.float64, (3, 17), elements=st.floats(-1e3, 1e3))
DT = 0.001


def slow_maximum(row, start, after, until):
    best, when = None, None
    for i, value in enumerate(row):
        t = start + i * DT
        if t < after - 1e-9 or t > until + 1e-9:
            continue
        if np.isnan(value):
            return np.nan, np.nan
        if best is None or value > best:
            best, when = value, t
    return (np.nan, np.nan) if best is None else (best, when)


@given(BATCH, st.integers(-5, 20), st.integers(-5, 20))
def test_extremes_equal_a_loop_over_samples(x, first, last):
    start, after, until = -0.004, first * DT, last * DT
    found = peaks.maximum(x, DT, start, after=after, until=until)
    low = peaks.minimum(x, DT, start, after=after, until=until)
    big = peaks.absolute_maximum(x, DT, start, after=after, until=until)
    for i, row in enumerate(x):
        value, when = slow_maximum(row, start, after, until)
        np.testing.assert_allclose((found.value[i], found.time[i]), (value, when), atol=1e-12)
        value, when = slow_maximum(-row, start, after, until)
        np.testing.assert_allclose((low.value[i], low.time[i]), (-value, when), atol=1e-12)
        value, when = slow_maximum(np.abs(row), start, after, until)
        np.testing.assert_allclose((big.value[i], big.time[i]), (value, when), atol=1e-12)


@given(BATCH)
def test_a_batch_is_its_rows(x):
    batch = peaks.maximum(x, DT)
    for i, row in enumerate(x):
        one = peaks.maximum(row, DT)
        assert isinstance(one.value, float)
        assert (one.value, one.time) == (batch.value[i], batch.time[i])


def test_bounds_may_differ_between_records():
    x = np.tile(np.arange(10.0), (2, 1))
    found = peaks.maximum(x, DT, until=[0.003, 0.007])
    assert list(found.value) == [3.0, 7.0]


def test_nan_counts_only_inside_the_bounds():
    x = np.arange(10.0)
    x[9] = np.nan
    assert np.isnan(peaks.maximum(x, DT).value)
    assert np.isnan(peaks.maximum(x, DT).time)
    assert peaks.maximum(x, DT, until=0.008).value == 8.0
    assert np.isnan(peaks.maximum(x, DT, until=np.nan).value)
    assert np.isnan(peaks.maximum(x, DT, after=1.0).value)


@pytest.mark.parametrize("empty", [[], np.empty((3, 0)), 5.0])
def test_a_record_without_samples_is_refused(empty):
    with pytest.raises(ValueError, match="at least one sample"):
        peaks.maximum(empty, DT)


def slow_average(row, i, span):
    """Integrate the polygon from i to i + span with 4000 midpoint steps."""
    points = i + span * (np.arange(4000) + 0.5) / 4000
    return np.interp(points, np.arange(row.size), row).mean()


@pytest.mark.parametrize("duration", [0.003, 0.0031, 0.0005, 0.016])
def test_moving_average_of_the_polygon(duration):
    x = np.random.default_rng(5).normal(size=(2, 17))
    means = peaks.moving_average(x, DT, duration)
    span = duration / DT
    assert means.shape == (2, sum(1 for i in range(17) if i + span <= 16 + 1e-9))
    for r in range(2):
        expected = [slow_average(x[r], i, span) for i in range(means.shape[1])]
        np.testing.assert_allclose(means[r], expected, atol=2e-3)


def test_moving_average_of_a_straight_line_is_exact():
    x = 3.0 + 2.0 * np.arange(30)
    means = peaks.moving_average(x, DT, 0.00437)
    np.testing.assert_allclose(means, x[: means.size] + 4.37, rtol=1e-13)


def test_moving_average_edges():
    x = np.ones((2, 20))
    x[1, 19] = np.nan
    means = peaks.moving_average(x, DT, 0.002)
    assert (means[0] == 1.0).all()
    assert np.isnan(means[1]).all()
    assert peaks.moving_average(x, DT, 0.0195).shape == (2, 0)
    with pytest.raises(ValueError, match="positive number"):
        peaks.moving_average(x, DT, 0.0)
