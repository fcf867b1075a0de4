"""Leg criteria: loops, closed forms and the values of NHTSA tests 10146 and 07292."""

from __future__ import annotations

from math import hypot, pi
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carindex.criteria import leg
from carindex.criteria.filters import cfc
from carindex.messages import InputError

DATA = Path(__file__).parent / "data"
BATCH = arrays(np.float64, (3, 23), elements=st.floats(-9e3, 9e3))
G = 9.80665


@pytest.fixture(scope="module")
def v10146():
    with np.load(DATA / "nhtsa_v10146_body.npz") as file:
        return {name: file[name].astype(float) for name in file.files}


@pytest.fixture(scope="module")
def v07292():
    with np.load(DATA / "nhtsa_v07292_body.npz") as file:
        return {name: file[name].astype(float) for name in file.files}


def test_femur_force_published_for_nhtsa_07292(v07292):
    dt = float(v07292["dt"])
    left = leg.femur_force(cfc(v07292["femur_left_fz"], dt, 600), dt)
    right = leg.femur_force(cfc(v07292["femur_right_fz"], dt, 600), dt)
    assert (round(float(left.value)), round(float(right.value))) == (-6055, -5167)


FEMURS_10146 = [
    (23, "driver_femur_left_fz", -1923, -1923.3),
    (24, "driver_femur_right_fz", -2345, -2345.3),
    (69, "passenger_femur_left_fz", -1182, -1181.6),
    (70, "passenger_femur_right_fz", -1378, -1378.1),
]


@pytest.mark.parametrize(("_channel", "name", "published", "exact"), FEMURS_10146)
def test_femur_force_published_for_nhtsa_10146(_channel, name, published, exact):
    with np.load(DATA / "nhtsa_v10146.npz") as file:
        found = leg.femur_force(cfc(file[name].astype(float), 1e-4, 600), 1e-4, -0.05)
    assert round(float(found.value)) == published
    assert found.value == pytest.approx(exact, abs=0.051)


@pytest.mark.shared
@pytest.mark.parametrize(("channel", "_name", "published", "exact"), FEMURS_10146)
def test_femur_force_of_the_raw_files_of_nhtsa_10146(shared, channel, _name, published, exact):
    raw = np.loadtxt(shared / "data" / "nhtsa-v10146" / f"v10146.{channel:03d}")
    found = leg.femur_force(cfc(raw[:, 1], 1e-4, 600), 1e-4, raw[0, 0])
    assert round(float(found.value)) == published
    assert found.value == pytest.approx(exact, abs=0.051)
    assert 0.03 < found.time < 0.12


def tibia(data, place):
    return [cfc(data[f"{place}_{axis}"], float(data["dt"]), 600) for axis in ("mx", "my", "fz")]


@pytest.mark.parametrize(
    ("place", "dummy", "expected"),
    [
        ("driver_tibia_left_upper", "h3_50m", 0.454),
        ("passenger_tibia_left_upper", "h3_05f", 0.453),
        ("passenger_tibia_left_upper", "h3_05f_cp005", 0.456),
    ],
)
def test_tibia_index_of_nhtsa_10146(v10146, place, dummy, expected):
    found = leg.tibia_index(*tibia(v10146, place), 1e-4, -0.05, dummy=dummy)
    assert found.value == pytest.approx(expected, abs=0.0006)


def test_tibia_index_in_compression_only_of_nhtsa_10146(v10146):
    found = leg.tibia_index(
        *tibia(v10146, "passenger_tibia_left_upper"), 1e-4, -0.05, dummy="h3_05f_cp005", compression_only=True
    )
    assert found.value == pytest.approx(0.451, abs=0.0006)


@pytest.mark.shared
def test_tibia_fixture_is_the_measured_record(shared, v10146):
    for place, first in (("driver_tibia_left_upper", 27), ("passenger_tibia_right_lower", 82)):
        for i, axis in enumerate(("mx", "my", "fz")):
            raw = np.loadtxt(shared / "data" / "nhtsa-v10146" / f"v10146.{first + i:03d}")[:, 1]
            np.testing.assert_allclose(v10146[f"{place}_{axis}"], raw, rtol=1e-7, atol=1e-6)


@given(BATCH, BATCH, BATCH, st.booleans())
def test_tibia_index_by_a_loop(mx, my, fz, compression_only):
    found = leg.tibia_index(mx, my, fz, 1e-3, dummy="h3_50m", compression_only=compression_only)
    for r in range(3):
        best = 0.0
        for x, y, z in zip(mx[r], my[r], fz[r], strict=True):
            if z >= 0 and compression_only:
                continue
            best = max(best, hypot(x, y) / 225.0 + abs(z) / 35900.0)
        assert found.value[r] == pytest.approx(best, rel=1e-12, abs=1e-12)


def test_tibia_index_needs_known_critical_values():
    with pytest.raises(InputError, match="q3"):
        leg.tibia_index([1.0], [1.0], [1.0], 1e-3, dummy="q3")


def test_tibia_index_is_nan_with_one_nan():
    x = np.ones((2, 9))
    x[1, 4] = np.nan
    one = np.ones((2, 9))
    for arguments in ((x, one, one), (one, x, one), (one, one, x)):
        for compression_only in (True, False):
            found = leg.tibia_index(*arguments, 1e-3, dummy="h3_50m", compression_only=compression_only)
            assert np.isfinite(found.value[0])
            assert np.isnan(found.value[1])


def test_adjusted_moments_of_a_pure_axial_force():
    fz = np.array([-1000.0, -2000.0])
    np.testing.assert_allclose(leg.adjusted_upper_tibia_moment([10.0, 20.0], fz), [38.32, 76.64])
    np.testing.assert_allclose(leg.adjusted_lower_tibia_moment([10.0, 20.0], fz), [3.602, 7.204])


@given(BATCH)
def test_peaks_of_forces_and_slider(fz):
    slider = leg.knee_slider(fz, 1e-3, -0.01)
    for r, row in enumerate(fz.tolist()):
        smallest = min(row)
        when = pytest.approx(-0.01 + 1e-3 * row.index(smallest), abs=1e-12)
        for function in (leg.femur_force, leg.tibia_force):
            found = function(fz, 1e-3, -0.01)
            assert found.value[r] == smallest
            assert found.time[r] == when
        assert slider.value[r] == max(0.0, -smallest)
        if smallest < 0:
            assert slider.time[r] == when
        else:
            assert np.isnan(slider.time[r])


def rectangle(force, duration, dt=1e-4, n=1000):
    """A force that is held for a duration, with ramps so steep that they do not matter."""
    fz = np.zeros(n)
    fz[200 : 200 + round(duration / dt) + 1] = -force
    return fz


@pytest.mark.parametrize(
    ("force", "duration", "ratio"),
    [
        (7580.0, 0.020, 1.0),  # held longer than 10 ms: the flat part
        (9070.0, 0.020, 9070 / 7580),
        (8325.0, 0.005, 1.0),  # midway of the slope
        (3790.0, 0.030, 0.5),
    ],
)
def test_femur_corridor_of_a_held_force(force, duration, ratio):
    found = leg.femur_duration(rectangle(force, duration), 1e-4)
    assert found.ratio == pytest.approx(ratio, rel=0.01)


def test_femur_corridor_counts_compression_only():
    assert leg.femur_duration(-rectangle(20000.0, 0.02), 1e-4).ratio == 0.0
    spoiled = rectangle(5000.0, 0.02)
    spoiled[3] = np.nan
    assert np.isnan(leg.femur_duration(spoiled, 1e-4).ratio)


def test_femur_corridor_by_a_search_over_levels():
    t = np.arange(2000) * 1e-4
    fz = -9000.0 * np.sin(pi * np.clip((t - 0.05) / 0.03, 0, 1)) - 3000 * np.sin(
        pi * np.clip((t - 0.06) / 0.005, 0, 1)
    )
    best = 0.0
    for level in np.linspace(1.0, 12500.0, 12500):
        held = (-fz >= level).sum() * 1e-4
        best = max(best, level / np.interp(held, [0.0, 0.010], [9070.0, 7580.0]) if held else 0.0)
    found = leg.femur_duration(fz, 1e-4)
    assert found.ratio == pytest.approx(best, rel=3e-3)


def impulse_loop(row, dt):
    peak = min(range(len(row)), key=row.__getitem__)
    if row[peak] >= 0:
        return 0.0
    first = peak
    while first > 0 and row[first] < 0:
        first -= 1
    last = peak
    if row[peak] < -4050:
        while last < len(row) - 1 and row[last] <= -4050:
            last += 1
    return -sum(0.5 * dt * (row[i] + row[i + 1]) for i in range(first, last))


@given(BATCH)
def test_knee_thigh_hip_impulse_by_a_loop(fz):
    found = leg.knee_thigh_hip_impulse(fz, 1e-3)
    for r in range(3):
        assert found.value[r] == pytest.approx(impulse_loop(fz[r].tolist(), 1e-3), rel=1e-9, abs=1e-12)
        one = leg.knee_thigh_hip_impulse(fz[r], 1e-3)
        assert (one.value, one.t1, one.t2) == (found.value[r], found.t1[r], found.t2[r])


def test_knee_thigh_hip_impulse_of_a_half_sine():
    # F sin from zero until it falls through 4050 N: F T / pi (1 + sqrt(1 - (4050 / F)^2))
    force, duration, dt = 8000.0, 0.04, 1e-5
    t = np.arange(8001) * dt - 0.02
    fz = -force * np.sin(pi * np.clip(t / duration, 0.0, 1.0))
    found = leg.knee_thigh_hip_impulse(fz, dt, -0.02)
    cosine = np.sqrt(1 - (4050 / force) ** 2)
    assert found.value == pytest.approx(force * duration / pi * (1 + cosine), rel=2e-4)
    assert found.t1 == pytest.approx(0.0, abs=2e-5)
    assert found.t2 == pytest.approx(duration * (1 - np.arcsin(4050 / force) / pi), abs=2e-5)


def test_knee_thigh_hip_impulse_at_the_edges():
    assert leg.knee_thigh_hip_impulse([5.0, 3.0, 4.0], 1e-3).value == 0.0
    found = leg.knee_thigh_hip_impulse([-5000.0, -6000.0, -5000.0], 1.0)
    assert (found.value, found.t1, found.t2) == (11000.0, 0.0, 2.0)
    low = leg.knee_thigh_hip_impulse([0.0, -1000.0, -3000.0, -1000.0, 0.0], 1.0)
    assert (low.value, low.t2) == (2500.0, 2.0)
    spoiled = leg.knee_thigh_hip_impulse([[0.0, np.nan, -9.0]], 1e-3)
    assert np.isnan([spoiled.value[0], spoiled.t1[0], spoiled.t2[0]]).all()


def test_foot_acceleration_in_g():
    found = leg.foot_acceleration([0.0, 3 * G, 0.0], [0.0, 4 * G, 1.0], 1e-3)
    assert found.value == pytest.approx(5.0)
    assert found.time == pytest.approx(1e-3)


@given(st.integers(1, 30))
def test_a_later_clock_moves_the_times_only(shift):
    fz = -5000 * np.sin(np.linspace(0, pi, 40)) ** 2
    for function in (leg.femur_force, leg.tibia_force):
        early, late = function(fz, 1e-3, 0.0), function(fz, 1e-3, shift * 1e-3)
        assert late.value == early.value
        assert late.time == pytest.approx(early.time + shift * 1e-3)
    early, late = leg.knee_thigh_hip_impulse(fz, 1e-3), leg.knee_thigh_hip_impulse(fz, 1e-3, shift * 1e-3)
    assert late.value == early.value
    assert late.t2 - early.t2 == pytest.approx(shift * 1e-3)
