"""Head criteria against double loops, closed forms and NHTSA's published values."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carindex.criteria import head
from carindex.criteria.filters import cfc
from carindex.criteria.kinematics import resultant

G = 9.80665
DT, START = 1e-4, -0.05
POSITIVE = arrays(np.float64, st.integers(2, 40), elements=st.floats(0, 3000))
LUMPY = arrays(np.float64, st.integers(2, 40), elements=st.sampled_from([0.0, 100.0, 500.0]))


def slow_hic(a, dt, longest):
    """Search every pair of samples; a in m/s²."""
    best = -1.0
    for i in range(len(a)):
        area = 0.0
        for j in range(i + 1, min(i + longest, len(a) - 1) + 1):
            area += dt * (a[j] + a[j - 1]) / 2 / G
            duration = (j - i) * dt
            best = max(best, duration * (area / duration) ** 2.5)
    return best


@settings(max_examples=150)
@given(a=POSITIVE | LUMPY, longest=st.integers(1, 50))
def test_hic_equals_the_search_of_every_pair(a, longest):
    dt = 1e-3
    value, t1, t2 = head.hic(a, dt, longest * dt, start=-0.01)
    assert value == pytest.approx(slow_hic(a, dt, longest), rel=1e-9, abs=1e-12)
    # The window is one that gives the value.
    i, j = round((t1 + 0.01) / dt), round((t2 + 0.01) / dt)
    assert 0 <= i < j < a.size
    assert j - i <= longest
    mean = sum((a[k] + a[k + 1]) / 2 for k in range(i, j)) / (j - i) / G
    assert value == pytest.approx((j - i) * dt * mean**2.5, rel=1e-9, abs=1e-12)


@given(a=POSITIVE)
def test_unlimited_hic(a):
    assert head.hic(a, 1e-3).value == pytest.approx(slow_hic(a, 1e-3, a.size), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_hic_of_a_noisy_pulse_equals_the_search_of_every_pair(seed):
    rng = np.random.default_rng(seed)
    t = np.arange(500) * 2e-4
    a = np.abs(600 * np.exp(-(((t - 0.04) / 0.012) ** 2)) + rng.normal(scale=150, size=t.size))
    for window in (0.015, 0.036):
        expected = slow_hic(a, 2e-4, math.floor(window / 2e-4 + 1e-9))
        assert head.hic(a, 2e-4, window).value == pytest.approx(expected, rel=1e-10)


def half_sine(dt):
    t = np.arange(0.0, 0.03, dt)
    return np.where(t <= 0.005, 200 * G * np.sin(np.pi * np.minimum(t, 0.005) / 0.005), 0.0)


def test_hic_of_a_half_sine():
    """200 g for 5 ms: 1171.6 in a window of 3.4 ms when sampled at 10 kHz."""
    value, t1, t2 = head.hic15(half_sine(1e-4), 1e-4)
    assert round(float(value), 1) == 1171.6
    assert (t1, t2) == (pytest.approx(0.0008), pytest.approx(0.0042))


def test_hic_of_a_half_sine_in_closed_form():
    """The best window x = pi w / (2 T) solves tan x = 5 x / 3."""
    x = 1.05
    for _ in range(200):
        x = math.atan(5 * x / 3)
    window = 2 * 0.005 * x / math.pi
    area = 2 * 200 * 0.005 / math.pi * math.sin(x)
    found = head.hic15(half_sine(1e-6), 1e-6)
    assert found.value == pytest.approx(area**2.5 / window**1.5, rel=1e-6)
    assert found.t2 - found.t1 == pytest.approx(window, abs=5e-6)


def test_constant_acceleration_uses_the_longest_whole_window():
    """80 us does not divide 15 ms: the longest window is 14.96 ms."""
    found = head.hic15(np.full(1000, 50 * G), 8e-5)
    assert found.t2 - found.t1 == pytest.approx(0.01496)
    assert found.value == pytest.approx(0.01496 * 50**2.5)
    found = head.hic15(np.full(1000, 50 * G), 1e-4)
    assert found.t2 - found.t1 == pytest.approx(0.015)
    found = head.hic36(np.full(100, 50 * G), 1e-4)  # the record is shorter than the window
    assert found.value == pytest.approx(0.0099 * 50**2.5)


@given(arrays(np.float64, (2, 3, 30), elements=st.floats(0, 2000)))
def test_a_batch_is_its_rows(a):
    for function in (
        head.hic15,
        head.hic36,
        head.a3ms_contiguous,
        head.a3ms_cumulative,
        head.peak_acceleration,
    ):
        batch = function(a, 1e-3, -0.01)
        for index in np.ndindex(2, 3):
            one = function(a[index], 1e-3, -0.01)
            np.testing.assert_array_equal([np.asarray(part)[index] for part in batch], one)
    index = head.severity_index(a, 1e-3)
    for i, j in np.ndindex(2, 3):
        assert index[i, j] == pytest.approx(head.severity_index(a[i, j], 1e-3), rel=1e-12)


def test_a_nan_makes_its_own_record_nan():
    a = np.full((2, 60), 300.0)
    a[0, 30] = np.nan
    for function in (
        head.hic15,
        head.hic36,
        head.a3ms_contiguous,
        head.a3ms_cumulative,
        head.peak_acceleration,
    ):
        for part in function(a, 1e-3):
            assert np.isnan(part).tolist() == [True, False]
    assert np.isnan(head.hic15(np.where(np.isnan(a), np.inf, a), 1e-3).value).tolist() == [True, False]
    assert np.isnan(head.severity_index(a, 1e-3)).tolist() == [True, False]
    assert np.isnan(head.hard_contact(a)).tolist() == [True, False]
    assert np.isnan(head.hic_d(head.hic15(a, 1e-3).value)).tolist() == [True, False]


def test_what_is_no_resultant_is_refused():
    with pytest.raises(ValueError, match="negative"):
        head.hic15([1.0, -1.0, 1.0], 1e-3)
    with pytest.raises(ValueError, match="negative"):
        head.severity_index([1.0, -1.0, 1.0], 1e-3)
    with pytest.raises(ValueError, match="one sample"):
        head.hic15([1.0], 1e-3)
    for window in (0.0005, math.nan, -1.0):
        with pytest.raises(ValueError, match="window"):
            head.hic(np.ones(50), 1e-3, window)


def test_rest_is_zero():
    assert head.hic15(np.zeros(100), 1e-4).value == 0.0
    assert head.a3ms_contiguous(np.zeros(100), 1e-4).value == 0.0
    assert head.severity_index(np.zeros(100), 1e-4) == 0.0


@given(arrays(np.float64, st.integers(4, 30), elements=st.floats(0, 2000)))
def test_the_cumulative_clip_is_never_below_the_contiguous_one(a):
    together = head.a3ms_cumulative(a, 1e-3)
    alone = head.a3ms_contiguous(a, 1e-3)
    peak = head.peak_acceleration(a, 1e-3)
    assert alone.value <= together.value + 1e-9
    assert together.value <= peak.value + 1e-9


def test_clips_are_in_g():
    """A triangle of 100 g and 20 ms base is above 85 g for 3 ms."""
    t = np.arange(0.0, 0.03, 1e-4)
    a = 100 * G * np.maximum(0.0, 1 - np.abs(t - 0.015) / 0.010)
    for function in (head.a3ms_contiguous, head.a3ms_cumulative):
        found = function(a, 1e-4, -0.01)
        assert found.value == pytest.approx(85.0)
        assert (found.t1, found.t2) == (pytest.approx(0.0035), pytest.approx(0.0065))
    assert head.peak_acceleration(a, 1e-4, -0.01) == (pytest.approx(100.0), pytest.approx(0.005))


def test_hard_contact():
    a = np.array([[0.0, 81.0, 0.0], [0.0, 79.0, 0.0], [0.0, 80.0, 0.0]]) * G
    assert head.hard_contact(a).tolist() == [1.0, 0.0, 0.0]
    assert head.hard_contact(a[1], level=70.0) == 1.0


def test_severity_index_of_a_constant_and_of_a_ramp():
    assert head.severity_index(np.full(101, 40 * G), 1e-3) == pytest.approx(0.1 * 40**2.5)
    # integral of (c t)^2.5 is c^2.5 T^3.5 / 3.5
    t = np.arange(20001) * 5e-6
    assert head.severity_index(1000 * G * t, 5e-6) == pytest.approx(1000**2.5 * 0.1**3.5 / 3.5, rel=1e-6)


def test_hic_d():
    assert head.hic_d(1000.0) == pytest.approx(920.86)


def test_relative_displacement_of_constant_accelerations():
    t = np.arange(1001) * 1e-4
    moved = head.relative_displacement(np.full(1001, -20.0), np.full(1001, -320.0), 1e-4, initial=0.1)
    np.testing.assert_allclose(moved, 0.1 + 0.5 * 300.0 * t**2, atol=1e-9)


def test_excursion():
    position = np.array([[0.0, 0.3, 0.5, 0.2], [0.0, 0.1, np.nan, 0.2]])
    found = head.excursion(position, 0.01, -0.01, reference=[0.45, 0.0])
    assert found.value[0] == pytest.approx(0.05)
    assert found.time[0] == pytest.approx(0.01)
    assert np.isnan(found.value[1])
    assert head.excursion(position[0], 0.01, -0.01, until=0.0).value == pytest.approx(0.3)


# NHTSA test 10146


@pytest.mark.parametrize(
    ("occupant", "published", "t1", "t2"),
    [("driver", 140, 0.0777, 0.0927), ("passenger", 335, 0.0678, 0.0828)],
)
def test_published_hic_of_nhtsa_10146(nhtsa_v10146, occupant, published, t1, t2):
    channels = nhtsa_v10146[occupant]
    a = [channels[f"head_a{axis}"] for axis in "xyz"]
    found = head.hic15(resultant(*a), DT, START)
    assert round(float(found.value)) == published
    assert (found.t1, found.t2) == (pytest.approx(t1, abs=1e-9), pytest.approx(t2, abs=1e-9))
    filtered = head.hic15(resultant(*cfc(a, DT, 1000)), DT, START)
    assert round(float(filtered.value)) == published
    assert (filtered.t1, filtered.t2) == (pytest.approx(t1, abs=1.1e-4), pytest.approx(t2, abs=1.1e-4))


def test_hic36_of_nhtsa_10146_equals_the_search_of_every_pair(nhtsa_v10146):
    """The window of 36 ms is not the best one everywhere; a plain search over all pairs is the judge."""
    for channels in nhtsa_v10146.values():
        a = resultant(*(channels[f"head_a{axis}"] for axis in "xyz"))[900:1700]
        assert head.hic36(a, DT).value == pytest.approx(slow_hic(a, DT, 360), rel=1e-10)


def test_takes_milliseconds():
    rng = np.random.default_rng(0)
    a = np.abs(rng.normal(scale=300, size=6000)) + 500 * np.exp(-(((np.arange(6000) - 2500) / 400) ** 2))
    took = []
    for _ in range(5):
        begin = time.perf_counter()
        head.hic15(a, 5e-5)
        head.hic36(a, 5e-5)
        took.append(time.perf_counter() - begin)
    assert min(took) < 0.02  # below 1 ms alone on one core


# NHTSA test 07292, THOR


@pytest.mark.shared
def test_published_hic36_of_nhtsa_07292(shared):
    """THOR driver, 12.5 kHz: 432 in 83.28 to 119.28 ms."""
    folder = shared / "data" / "nhtsa-v07292-thor"
    channels = head_channels(folder)
    times = np.loadtxt(folder / channels[0])[:, 0]
    a = resultant(*(np.loadtxt(folder / name)[:, 1] * G for name in channels))
    found = head.hic36(a, 8e-5, times[0])
    assert round(float(found.value)) == 432
    assert (found.t1, found.t2) == (pytest.approx(0.08328, abs=1e-6), pytest.approx(0.11928, abs=1e-6))


def head_channels(folder):
    """Return the files of the head's x, y, z acceleration, by the header's records."""
    names = {}
    for line in (folder / "v07292.EV5").read_text("latin-1").splitlines():
        parts = line.split("|")
        if len(parts) > 5 and parts[2:5] == ["AC", "01", "HDCG"] and parts[-2] == "P" and parts[1].isdigit():
            names.setdefault(parts[5][0], f"v07292.{int(parts[1]):03d}")
    return [names[axis] for axis in "XYZ"]
