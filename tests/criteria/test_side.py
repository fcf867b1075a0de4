"""Side-impact thorax: geometry by construction, loops, closed forms."""

from __future__ import annotations

from math import cos, hypot, pi, sin, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carindex.criteria import side
from carindex.messages import InputError

G = 9.80665
DT = 1e-3
START = -0.003
BATCH = arrays(np.float64, (2, 15), elements=st.floats(-0.08, 0.08))


def test_rib_compression_of_a_length():
    length = np.array([[0.100, 0.101, 0.100, 0.102, 0.060, 0.110], [0.1, 0.1, 0.1, np.nan, 0.1, 0.1]])
    found = side.rib_compression(length, DT, START)
    np.testing.assert_allclose(found[0], [0.002, 0.001, 0.002, 0.0, 0.042, -0.008], atol=1e-15)
    assert np.isnan(found[1]).all()
    with pytest.raises(ValueError, match="time zero"):
        side.rib_compression(length, DT, 0.5)


@given(
    arrays(np.float64, (15,), elements=st.floats(0.03, 0.12)),
    arrays(np.float64, (15,), elements=st.floats(-0.6, 0.6)),
)
def test_two_dimensional_sensor_by_its_end_point(length, angle):
    lateral = side.rib_compression_2d(length, angle, DT, START)
    distance = side.rib_displacement_2d(length, angle, DT, START)
    y0, x0 = length[3] * cos(angle[3]), length[3] * sin(angle[3])
    for i in range(15):
        y, x = length[i] * cos(angle[i]), length[i] * sin(angle[i])
        assert lateral[i] == pytest.approx(y0 - y, abs=1e-14)
        assert distance[i] == pytest.approx(hypot(y0 - y, x0 - x), abs=1e-14)
        assert distance[i] >= abs(lateral[i]) - 1e-14


def test_a_rib_pushed_straight_and_one_that_only_turns():
    t = np.arange(8)
    pushed = 0.1 - 0.005 * t
    np.testing.assert_allclose(
        side.rib_compression_2d(pushed, np.zeros(8), DT), side.rib_compression(pushed, DT), atol=1e-15
    )
    # the end slides forward on a line: the lateral position stays
    forward = 0.01 * t
    length, angle = np.hypot(0.1, forward), np.arctan2(forward, 0.1)
    np.testing.assert_allclose(side.rib_compression_2d(length, angle, DT), 0.0, atol=1e-15)
    np.testing.assert_allclose(side.rib_displacement_2d(length, angle, DT), forward, atol=1e-15)


@given(arrays(np.float64, (2, 3, 15), elements=st.floats(-0.08, 0.08)))
def test_deflections_of_ribs_by_a_loop(ribs):
    largest = side.largest_rib_deflection(ribs, DT, START)
    average = side.average_rib_deflection(ribs)
    for b in range(2):
        peaks = [max(0.0, *ribs[b, r].tolist()) for r in range(3)]
        assert largest.value[b] == max(peaks)
        assert average[b] == pytest.approx(sum(peaks) / 3, abs=1e-15)
        for r in range(3):
            one = side.rib_deflection(ribs[b, r], DT, START)
            assert one.value == peaks[r]
            assert np.isnan(one.time) == (peaks[r] == 0)


def test_ribs_with_a_nan_and_without_rows():
    ribs = np.full((2, 3, 9), 0.02)
    ribs[1, 2, 4] = np.nan
    assert np.isnan(side.largest_rib_deflection(ribs, DT).value[1])
    assert np.isnan(side.average_rib_deflection(ribs)[1])
    assert side.average_rib_deflection(ribs)[0] == pytest.approx(0.02)
    with pytest.raises(ValueError, match="one row for each rib"):
        side.largest_rib_deflection(ribs[0, 0], DT)


def test_rate_and_viscous_criterion_of_a_sine_have_closed_forms():
    # D sin(w t): rate D w; V*C = s/d0 D^2 w / 2 sin(2 w t), largest at an eighth of the period
    depth, w, dt = 0.045, 2 * pi / 0.080, 1e-5
    t = np.arange(4001) * dt
    compression = depth * np.sin(w * t)
    assert side.rib_deflection_rate(compression, dt).value == pytest.approx(depth * w, rel=1e-6)
    for dummy, scale, width in (("es2", 1.0, 0.140), ("worldsid_50m", 1.0, 0.170), ("sid_iis", 1.0, 0.138)):
        found = side.rib_viscous_criterion(compression, dt, dummy=dummy)
        assert found.value == pytest.approx(scale / width * depth**2 * w / 2, rel=1e-6)
        assert found.time == pytest.approx(0.010, abs=2e-5)
    with pytest.raises(InputError, match="q3"):
        side.rib_viscous_criterion(compression, dt, dummy="q3")


@given(BATCH)
def test_shoulder_force_by_a_loop(fy):
    found = side.shoulder_force(fy, DT)
    for r in range(2):
        assert found.value[r] == max(abs(v) for v in fy[r])


def test_lower_spine_peak_and_three_milliseconds():
    t = np.arange(401) * 1e-4
    a = 80 * G * np.clip(1 - np.abs(t - 0.02) / 0.010, 0, None)
    x, y, z = a / sqrt(3), a / sqrt(3), a / sqrt(3)
    assert side.lower_spine_peak(x, y, z, 1e-4).value == pytest.approx(80.0)
    for counting in ("cumulative", "contiguous"):
        found = side.lower_spine_a3ms(x, y, z, 1e-4, counting=counting)
        assert found.value == pytest.approx(80 * 0.85, rel=1e-9)
    # two pieces of 2 ms: together they hold 4 ms, alone not 3 ms
    two = np.zeros(401)
    two[100:121] = two[200:221] = 50 * G
    zero = np.zeros(401)
    assert side.lower_spine_a3ms(two, zero, zero, 1e-4).value == pytest.approx(50.0)
    # alone, the edges have to give: 3 ms at a level h lasts 2 ms + 0.2 ms (1 - h / 50)
    assert side.lower_spine_a3ms(two, zero, zero, 1e-4, counting="contiguous").value == pytest.approx(0.0)


def test_nan_stays_in_its_record():
    x = np.full((2, 20), 0.01)
    x[1, 5] = np.nan
    one = np.ones((2, 20))
    for result in (
        side.rib_deflection(x, DT),
        side.rib_deflection_rate(x, DT),
        side.rib_viscous_criterion(x, DT, dummy="es2"),
        side.shoulder_force(x, DT),
        side.lower_spine_peak(one, x, one, DT),
        side.lower_spine_a3ms(one, one, x, DT),
    ):
        assert np.isfinite(result.value[0])
        assert np.isnan(result.value[1])
