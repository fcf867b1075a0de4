"""Pelvis criteria against plain loops and closed forms."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carindex.criteria import pelvis

G = 9.80665
BATCH = arrays(np.float64, (2, 15), elements=st.floats(-5e3, 5e3))


@given(BATCH, BATCH, BATCH)
def test_resultants_by_a_loop(x, y, z):
    acceleration = pelvis.pelvis_acceleration(x, y, z, 1e-3)
    acetabulum = pelvis.acetabulum_force(x, y, z, 1e-3)
    pushed = pelvis.acetabulum_force(x, y, z, 1e-3, compression_only=True)
    pulled = pelvis.acetabulum_force(x, y, z, 1e-3, compression_only=True, compressive_sign=1)
    for r in range(2):
        total = [sqrt(a * a + b * b + c * c) for a, b, c in zip(x[r], y[r], z[r], strict=True)]
        assert acetabulum.value[r] == pytest.approx(max(total))
        assert acceleration.value[r] == pytest.approx(max(total) / G)
        assert pushed.value[r] == pytest.approx(
            max([f for f, a in zip(total, x[r], strict=True) if a < 0], default=0.0)
        )
        assert pulled.value[r] == pytest.approx(
            max([f for f, a in zip(total, x[r], strict=True) if a > 0], default=0.0)
        )


def test_a3ms_of_a_triangle():
    # rises to 60 g in 10 ms and falls in 10 ms; 3 ms wide at 60 g (1 - 1.5/10)
    t = np.arange(401) * 1e-4
    a = 60 * G * np.clip(1 - np.abs(t - 0.02) / 0.010, 0, None)
    zero = np.zeros_like(a)
    for counting in ("contiguous", "cumulative"):
        found = pelvis.pelvis_a3ms(zero, a, zero, 1e-4, counting=counting)
        assert found.value == pytest.approx(51.0, rel=1e-9)
        assert (found.t1, found.t2) == pytest.approx((0.0185, 0.0215))


@given(BATCH, BATCH)
def test_sums_and_magnitudes_by_a_loop(a, b):
    both = pelvis.combined_pelvic_force(a, b, 1e-3)
    pubic = pelvis.pubic_symphysis_force(a, 1e-3)
    iliac = pelvis.iliac_force(a, 1e-3)
    lumbar = pelvis.lumbar_loads(a, b, a, 1e-3)
    for r in range(2):
        assert both.value[r] == max(abs(p + q) for p, q in zip(a[r], b[r], strict=True))
        assert both.value[r] <= max(abs(a[r])) + max(abs(b[r])) + 1e-9
        largest = max(abs(p) for p in a[r])
        assert (
            pubic.value[r]
            == iliac.value[r]
            == lumbar.lateral_force.value[r]
            == lumbar.lateral_moment.value[r]
            == largest
        )
        assert lumbar.axial_force.value[r] == max(abs(p) for p in b[r])


@pytest.mark.parametrize("dt", [1e-4, 8e-5, 2.5e-4, 3e-4])
def test_iliac_force_drop_by_interpolation(dt):
    force = np.random.default_rng(3).normal(size=(2, 200)).cumsum(axis=1) * 100
    found = pelvis.iliac_force_drop(force, dt, -0.005)
    t = -0.005 + dt * np.arange(200)
    for r in range(2):
        begin = t[t + 0.001 <= t[-1] + 1e-12]
        drops = np.interp(begin + 0.001, t, force[r]) - np.interp(begin, t, force[r])
        assert found.value[r] == pytest.approx(drops.max(), rel=1e-9)
        assert found.time[r] == pytest.approx(begin[drops.argmax()], abs=1e-9)


def test_iliac_force_drop_of_a_belt_that_slips_off():
    # compression of 3 kN is lost at 2.5 kN in 1 ms, after a slow rise
    t = np.arange(1001) * 1e-4
    force = -3000 * np.clip(t / 0.05, 0, 1) + 3000 * np.clip((t - 0.05) / 0.0012, 0, 1)
    assert pelvis.iliac_force_drop(force, 1e-4).value == pytest.approx(2500.0, rel=1e-6)
    assert pelvis.iliac_force_drop(force, 1e-4).time == pytest.approx(0.05, abs=1.1e-4 + 1e-9)
    short = pelvis.iliac_force_drop(force[:9], 1e-4)
    assert np.isnan([short.value, short.time]).all()


def test_nan_stays_in_its_record():
    x = np.ones((2, 40))
    x[1, 5] = np.nan
    one = np.ones((2, 40))
    results = [
        pelvis.pelvis_acceleration(x, one, one, 1e-3),
        pelvis.pelvis_a3ms(one, one, x, 1e-3),
        pelvis.acetabulum_force(one, x, one, 1e-3, compression_only=True),
        pelvis.iliac_force_drop(x, 1e-3),
        pelvis.combined_pelvic_force(one, x, 1e-3),
        pelvis.pubic_symphysis_force(x, 1e-3),
    ]
    for result in results:
        assert np.isfinite(result.value[0])
        assert np.isnan(result.value[1])
