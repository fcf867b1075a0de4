"""Filters against the sample-by-sample recursion and the standards' frequency response."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carindex.criteria import filters

FACTOR = {"sae_j211": 2.0775, "iso_6487": 1.25 / 0.6}


def slow_pass(x, wa):
    """Run the recursion of the standards sample by sample from the steady state of the first sample."""
    q = 1 + math.sqrt(2) * wa + wa**2
    a0 = wa**2 / q
    b1, b2 = -2 * (wa**2 - 1) / q, (-1 + math.sqrt(2) * wa - wa**2) / q
    x1 = x2 = y1 = y2 = x[0]
    out = []
    for value in x:
        y = a0 * value + 2 * a0 * x1 + a0 * x2 + b1 * y1 + b2 * y2
        x1, x2, y1, y2 = value, x1, y, y1
        out.append(y)
    return out


def slow_filter(x, dt, wa):
    """Extend by point reflection over 10 ms or 100 samples, run forward and backward, cut back."""
    x = [float(value) for value in x]
    n = len(x)
    margin = min(max(math.ceil(0.010 / dt - 1e-9), 100), n - 1)
    left = [2 * x[0] - x[i] for i in range(margin, 0, -1)]
    right = [2 * x[-1] - x[n - 1 - i] for i in range(1, margin + 1)]
    forward = slow_pass(left + x + right, wa)
    return np.array(slow_pass(forward[::-1], wa)[::-1][margin : margin + n])


def slow_cfc(x, dt, cfc, standard):
    return slow_filter(x, dt, math.tan(2 * math.pi * cfc * FACTOR[standard] * dt / 2))


def relative_error(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


@pytest.mark.parametrize("standard", ["sae_j211", "iso_6487"])
@pytest.mark.parametrize("cfc", [60, 180, 600, 1000])
@pytest.mark.parametrize("dt", [1e-4, 8e-5, 5e-5, 1e-5])
def test_equals_the_recursion_sample_by_sample(cfc, dt, standard):
    x = np.random.default_rng(cfc).normal(size=3500).cumsum()
    assert relative_error(filters.cfc(x, dt, cfc, standard), slow_cfc(x, dt, cfc, standard)) < 1e-9


@pytest.mark.parametrize("n", [1, 2, 3, 5, 63, 64, 65, 99, 101, 128, 129])
def test_short_records(n):
    x = np.random.default_rng(n).normal(size=n) + 3.0
    assert relative_error(filters.cfc(x, 1e-4, 180), slow_cfc(x, 1e-4, 180, "sae_j211")) < 1e-12


def test_slow_sampling_extends_by_a_hundred_samples():
    """At 2 kHz 10 ms are 20 samples only; the extension is 100."""
    x = np.random.default_rng(6).normal(size=300).cumsum()
    assert relative_error(filters.cfc(x, 5e-4, 60), slow_cfc(x, 5e-4, 60, "sae_j211")) < 1e-12


@given(arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 200)), elements=st.floats(-1e4, 1e4)))
def test_a_batch_is_its_rows_and_the_filter_is_linear(x):
    batch = filters.cfc(x, 1e-4, 600)
    assert batch.shape == x.shape
    scale = 1e-11 * (1 + np.abs(x).max())
    for row, filtered in zip(x, batch, strict=True):
        np.testing.assert_allclose(filtered, filters.cfc(row, 1e-4, 600), rtol=0, atol=scale)
    np.testing.assert_allclose(filters.cfc(3.0 * x - 7.0, 1e-4, 600), 3 * batch - 7.0, rtol=0, atol=5 * scale)


def test_keeps_leading_axes():
    x = np.random.default_rng(1).normal(size=(2, 3, 300))
    filtered = filters.cfc(x, 1e-4, 180)
    assert filtered.shape == (2, 3, 300)
    np.testing.assert_allclose(filtered[1, 2], filters.cfc(x[1, 2], 1e-4, 180), rtol=1e-12, atol=1e-14)


def test_constant_and_straight_line_pass_unchanged():
    t = np.arange(2000) * 1e-4
    np.testing.assert_allclose(filters.cfc(np.full(500, 4.25), 1e-4, 60), 4.25, rtol=1e-12)
    # Point reflection continues a straight line, so away from the far end of the extension nothing changes.
    np.testing.assert_allclose(filters.cfc(3.0 - 50.0 * t, 1e-4, 180), 3.0 - 50.0 * t, atol=1e-3)


def test_no_phase_shift():
    x = np.exp(-(((np.arange(2001) - 1000) / 25.0) ** 2))
    filtered = filters.cfc(x, 1e-4, 180)
    assert filtered.argmax() == 1000
    np.testing.assert_allclose(filtered, filtered[::-1], atol=1e-12)


def gain(cfc, frequency, dt, standard="sae_j211"):
    t = np.arange(round(0.4 / dt)) * dt
    x = np.cos(2 * np.pi * frequency * t)
    middle = slice(t.size // 4, 3 * t.size // 4)
    reference = x[middle] @ x[middle]
    return filters.cfc(x, dt, cfc, standard)[middle] @ x[middle] / reference


@pytest.mark.parametrize("standard", ["sae_j211", "iso_6487"])
@pytest.mark.parametrize("cfc", [60, 180, 600, 1000])
def test_half_power_at_five_thirds_of_the_class(cfc, standard):
    dt = 1.0 / (200.0 * cfc)
    level = 20 * math.log10(gain(cfc, cfc * 5 / 3, dt, standard))
    assert level == pytest.approx(-3.0, abs=0.06)


@pytest.mark.parametrize("cfc", [60, 180, 600, 1000])
def test_pass_band_and_slope(cfc):
    """J211: flat far below the class, at most 1 dB down at the class, four poles (24 dB an octave) beyond."""
    dt = 1.0 / (200.0 * cfc)
    assert abs(20 * math.log10(gain(cfc, cfc / 10, dt))) < 0.01
    assert -1.0 < 20 * math.log10(gain(cfc, cfc, dt)) < 0.5
    octave = 20 * math.log10(gain(cfc, cfc * 16, dt) / gain(cfc, cfc * 8, dt))
    assert octave == pytest.approx(-24.0, abs=0.8)


@pytest.mark.parametrize(("cfc", "rate"), [(60, 600), (180, 1800), (600, 6000), (1000, 10000)])
def test_refuses_too_few_samples_per_second(cfc, rate):
    assert filters.minimum_sampling_rate(cfc) == rate
    assert filters.cfc(np.zeros(50), 1.0 / rate, cfc).shape == (50,)
    with pytest.raises(ValueError, match=f"needs at least {rate} Hz"):
        filters.cfc(np.zeros(50), 1.0 / (0.99 * rate), cfc)


@pytest.mark.parametrize("bad", [0.0, -1e-4, math.nan, math.inf])
def test_refuses_a_bad_interval(bad):
    with pytest.raises(ValueError, match="sampling interval"):
        filters.cfc(np.zeros(50), bad, 60)


def test_refuses_other_bad_arguments():
    with pytest.raises(ValueError, match="empty"):
        filters.cfc(np.zeros((2, 0)), 1e-4, 60)
    with pytest.raises(ValueError, match="empty"):
        filters.cfc(1.0, 1e-4, 60)
    with pytest.raises(ValueError, match="standard"):
        filters.cfc(np.zeros(50), 1e-4, 60, "j211")
    with pytest.raises(ValueError, match="class"):
        filters.cfc(np.zeros(50), 1e-4, -60)


@pytest.mark.parametrize("hole", [math.nan, math.inf])
def test_a_hole_makes_its_own_record_nan_and_no_other(hole):
    x = np.random.default_rng(2).normal(size=(3, 400))
    clean = filters.cfc(x, 1e-4, 180)
    x[1, 250] = hole
    filtered = filters.cfc(x, 1e-4, 180)
    assert np.isnan(filtered[1]).all()
    np.testing.assert_allclose(filtered[[0, 2]], clean[[0, 2]], rtol=1e-12, atol=1e-15)
    assert np.isnan(filters.cfc(x[1], 1e-4, 180)).all()


def test_the_argument_is_not_changed():
    x = np.random.default_rng(3).normal(size=64)
    before = x.copy()
    filters.cfc(x, 1e-4, 60)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("cutoff", [100.0, 300.0])
def test_phaseless_butterworth(cutoff):
    dt = 1e-4
    wa = math.tan(math.pi * cutoff * dt) / (math.sqrt(2) - 1) ** 0.25
    x = np.random.default_rng(4).normal(size=2000)
    assert relative_error(filters.phaseless_butterworth(x, dt, cutoff), slow_filter(x, dt, wa)) < 1e-10
    t = np.arange(6000) * dt
    tone = np.cos(2 * np.pi * cutoff * t)
    middle = slice(1500, 4500)
    gain_there = (
        filters.phaseless_butterworth(tone, dt, cutoff)[middle] @ tone[middle] / (tone[middle] @ tone[middle])
    )
    assert gain_there == pytest.approx(math.sqrt(0.5), rel=1e-3)
    with pytest.raises(ValueError, match="needs at least"):
        filters.phaseless_butterworth(x, dt, 2000.0)
    with pytest.raises(ValueError, match="cutoff"):
        filters.phaseless_butterworth(x, dt, 0.0)


def test_a_whole_test_takes_milliseconds():
    x = np.random.default_rng(5).normal(size=(100, 3500))
    filters.cfc(x, 1e-4, 60)
    took = []
    for _ in range(5):
        begin = time.perf_counter()
        filters.cfc(x, 1e-4, 60)
        took.append(time.perf_counter() - begin)
    assert min(took) < 0.1  # 10 ms alone on one core; room for a busy machine
