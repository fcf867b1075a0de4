"""Vehicle pulses: closed forms and slow references; the pulse of NHTSA test 10146."""

from __future__ import annotations

from math import pi, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carindex.criteria import vehicle
from carindex.criteria.filters import cfc

G = 9.80665


def record(function, dt=1e-4, start=-0.02, end=0.2):
    t = start + dt * np.arange(round((end - start) / dt) + 1)
    return t, function(t), dt, start


def olc_by_scanning(v, free=0.065, restrained=0.235, end=0.3):
    """Compute the OLC of a velocity function on a 0.5 us grid, at the first instant that meets each rule."""
    t = np.linspace(0.0, end, 600001)
    u = v(0.0) - v(t)
    moved = np.concatenate(([0.0], np.cumsum(0.5 * (u[1:] + u[:-1]) * np.diff(t))))
    t1 = t[np.flatnonzero(moved >= free)[0]]
    excess = moved - free - 0.5 * u * (t - t1) - restrained
    last = np.flatnonzero((excess >= 0) & (t > t1))[0]
    return u[last] / (t[last] - t1) / G, t1, t[last]


@pytest.mark.parametrize("deceleration", [60.0, 150.0, 300.0])
@pytest.mark.parametrize("dt", [1e-4, 8e-5, 1e-3])
def test_olc_of_a_constant_deceleration_has_a_closed_form(deceleration, dt):
    # relative path a t^2 / 2; the second condition reduces to a t1 (t2 - t1) / 2 = 0.235
    a = deceleration
    t1 = sqrt(2 * 0.065 / a)
    t2 = t1 + 2 * 0.235 / (a * t1)
    _, v, dt, start = record(lambda t: 15.0 - a * np.maximum(t, 0.0), dt, end=0.3)
    found = vehicle.olc(v, dt, start)
    assert found.value == pytest.approx(a * t2 / (t2 - t1) / G, rel=1e-9)
    assert found.t1 == pytest.approx(t1, rel=1e-9)
    assert found.t2 == pytest.approx(t2, rel=1e-9)


def test_olc_of_a_half_sine_pulse_agrees_with_a_fine_scan():
    def v(t):
        s = np.clip(t, 0.0, 0.1)
        return 15.5 - 300.0 * 0.1 / pi * (1.0 - np.cos(pi * s / 0.1))

    expected = olc_by_scanning(v)
    _, samples, dt, start = record(v)
    found = vehicle.olc(samples, dt, start)
    assert found.value == pytest.approx(expected[0], rel=5e-5)
    assert (found.t1, found.t2) == pytest.approx(expected[1:], abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(20.0, 500.0), min_size=6, max_size=6))
def test_olc_of_random_stepped_pulses_agrees_with_a_fine_scan(steps):
    edges = np.linspace(0.0, 0.12, 7)
    speeds = 16.0 - np.concatenate(([0.0], np.cumsum(np.array(steps) * 0.02)))

    def v(t):
        return np.interp(t, edges, speeds)

    _, samples, dt, start = record(v)
    found = vehicle.olc(samples, dt, start)
    if np.isnan(found.value):
        with pytest.raises(IndexError):  # the scan finds no such instant in the record either
            olc_by_scanning(v, end=0.2)
        return
    expected = olc_by_scanning(v)
    assert found.value == pytest.approx(expected[0], rel=1e-4)


def test_olc_is_defined_by_its_two_distances():
    _, v, dt, start = record(lambda t: 15.0 - 150.0 * np.maximum(t, 0.0))
    found = vehicle.olc(v, dt, start)
    fine = np.linspace(0.0, found.t2, 200001)
    car = 15.0 - 150.0 * fine
    occupant = np.where(fine < found.t1, 15.0, 15.0 - found.value * G * (fine - found.t1))
    moved = np.concatenate(([0.0], np.cumsum((occupant - car)[:-1] * np.diff(fine))))
    assert np.interp(found.t1, fine, moved) == pytest.approx(0.065, abs=1e-5)
    assert moved[-1] == pytest.approx(0.300, abs=1e-5)
    assert occupant[-1] == pytest.approx(car[-1], abs=1e-9)


def test_olc_of_a_pulse_that_ends_too_early_is_nan():
    _, v, dt, start = record(lambda t: 15.0 - 30.0 * np.maximum(t, 0.0), end=0.08)
    found = vehicle.olc(v, dt, start)
    assert np.isnan([found.value, found.t1, found.t2]).all()


def test_olc_of_a_batch_is_that_of_its_rows_and_nan_stays_in_its_row():
    _, v, dt, start = record(lambda t: 15.0 - np.array([[120.0], [200.0], [150.0]]) * np.maximum(t, 0.0))
    v[2, 900] = np.nan
    found = vehicle.olc(v, dt, start)
    for i in range(2):
        one = vehicle.olc(v[i], dt, start)
        assert (one.value, one.t1, one.t2) == (found.value[i], found.t1[i], found.t2[i])
    assert np.isnan(found.value[2])
    one = vehicle.olc(v.reshape(3, 1, -1), dt, start)
    assert one.value.shape == (3, 1)


def test_olc_needs_time_zero_and_positive_distances():
    with pytest.raises(ValueError, match="time zero"):
        vehicle.olc(np.ones(10), 1e-4, 0.5)
    with pytest.raises(ValueError, match="positive"):
        vehicle.olc(np.ones(10), 1e-4, 0.0, free_flight=0.0)


def test_velocity_and_displacement_of_a_constant_deceleration():
    t, a, dt, start = record(lambda t: np.full(t.shape, -200.0))
    np.testing.assert_allclose(
        vehicle.velocity(a, dt, start, initial_velocity=15.0), 15.0 - 200.0 * t, atol=1e-9
    )
    # the trapezoidal rule is exact for a straight line
    np.testing.assert_allclose(
        vehicle.displacement(a, dt, start, initial_velocity=15.0), 15.0 * t - 100.0 * t**2, atol=1e-9
    )


def test_velocity_by_a_loop():
    a = np.random.default_rng(1).normal(size=(2, 50)) * 100
    dt, start = 1e-3, -0.010
    found = vehicle.velocity(a, dt, start, initial_velocity=[3.0, 5.0])
    for row, v0, result in zip(a, (3.0, 5.0), found, strict=True):
        speed, loop = v0, {10: v0}
        for i in range(11, 50):
            speed += 0.5 * dt * (row[i] + row[i - 1])
            loop[i] = speed
        speed = v0
        for i in range(9, -1, -1):
            speed -= 0.5 * dt * (row[i] + row[i + 1])
            loop[i] = speed
        np.testing.assert_allclose(result, [loop[i] for i in range(50)], atol=1e-12)


def test_delta_v_of_a_half_sine():
    # integral of A sin(pi t / T) over T is 2 A T / pi
    _, a, dt, start = record(lambda t: np.where((t > 0) & (t < 0.1), -250 * np.sin(pi * t / 0.1), 0.0))
    found = vehicle.delta_v(a, dt, start)
    assert found.value == pytest.approx(2 * 250 * 0.1 / pi, rel=1e-6)
    assert found.time == pytest.approx(0.1, abs=1e-4)
    half = vehicle.delta_v(a, dt, start, until=0.05)
    assert half.value == pytest.approx(250 * 0.1 / pi, rel=1e-6)


def test_rest_and_dynamic_crush_of_a_constant_deceleration():
    _, a, dt, start = record(lambda t: np.where(t >= -1e-9, -200.0, 0.0))
    v = vehicle.velocity(a, dt, start, initial_velocity=15.0)
    assert vehicle.time_to_zero_velocity(v, dt, start) == pytest.approx(0.075, abs=1e-9)
    crush = vehicle.maximum_dynamic_crush(a, dt, start, initial_velocity=15.0)
    assert crush.value == pytest.approx(15.0**2 / 400.0, rel=1e-6)
    assert crush.time == pytest.approx(0.075, abs=1e-4)
    mean = vehicle.mean_deceleration(v, dt, start)
    assert mean.value == pytest.approx(200.0, rel=1e-9)
    assert (mean.t1, mean.t2) == pytest.approx((0.0, 0.075), abs=1e-9)
    assert vehicle.peak_deceleration(a, dt, start).value == 200.0


def test_a_vehicle_that_never_stops_gives_nan():
    v = np.array(
        [[10.0, 9.0, 8.0, 7.0], [1.0, 0.5, -0.5, -1.0], [-1.0, -0.5, 0.5, 1.0], [1.0, 0.0, np.nan, 0.0]]
    )
    np.testing.assert_allclose(vehicle.time_to_zero_velocity(v, 0.01), [np.nan, 0.015, 0.015, np.nan])
    mean = vehicle.mean_deceleration(v, 0.01)
    np.testing.assert_allclose(mean.value, [np.nan, 1 / 0.015, 1 / 0.015, np.nan])
    np.testing.assert_allclose(mean.t1, [np.nan, 0.0, 0.0, np.nan])


def test_moving_average_peak_of_a_half_sine():
    # mean of A sin over a window w centred at the crest: A sin(pi w / 2T) / (pi w / 2T)
    _, a, dt, start = record(lambda t: np.where((t > 0) & (t < 0.1), -250 * np.sin(pi * t / 0.1), 0.0))
    for width in (0.010, 0.050):
        x = pi * width / 0.2
        found = vehicle.maximum_moving_average(a, dt, width, start)
        assert found.value == pytest.approx(250 * np.sin(x) / x, rel=1e-6)
        assert (found.t1, found.t2) == pytest.approx((0.05 - width / 2, 0.05 + width / 2), abs=2e-4)
    assert np.isnan(vehicle.maximum_moving_average(a, dt, 1.0, start).value)


def test_barrier_force_is_the_sum_of_its_cells():
    cells = np.random.default_rng(2).normal(size=(2, 5, 30))
    cells[1, 3, 7] = np.nan
    total = vehicle.barrier_force(cells)
    for b in range(2):
        for i in range(30):
            assert total[b, i] == pytest.approx(sum(cells[b, c, i] for c in range(5)), nan_ok=True)
    assert np.isnan(total[1, 7])
    with pytest.raises(ValueError, match="one row for each cell"):
        vehicle.barrier_force(np.ones(30))


@given(st.integers(0, 40))
def test_a_longer_lead_before_time_zero_changes_nothing(extra):
    _, a, dt, start = record(lambda t: np.where(t >= 0, -180.0, 0.0), dt=1e-3)
    longer = np.concatenate((np.zeros(extra), a))
    for function in (
        lambda x, s: vehicle.delta_v(x, dt, s).value,
        lambda x, s: vehicle.olc(vehicle.velocity(x, dt, s, initial_velocity=15.0), dt, s).value,
        lambda x, s: vehicle.maximum_dynamic_crush(x, dt, s, initial_velocity=15.0).value,
    ):
        assert function(longer, start - extra * dt) == pytest.approx(function(a, start), rel=1e-12)


def test_nan_anywhere_in_the_pulse_spoils_its_integrals():
    a = np.full((2, 100), -100.0)
    a[1, 3] = np.nan
    for found in (
        vehicle.delta_v(a, 1e-3, -0.01).value,
        vehicle.maximum_dynamic_crush(a, 1e-3, -0.01, initial_velocity=10.0).value,
    ):
        assert np.isfinite(found[0])
        assert np.isnan(found[1])


@pytest.fixture(scope="module")
def v10146():
    with np.load(Path(__file__).parent / "data" / "nhtsa_v10146_body.npz") as file:
        return {name: file[name].astype(float) for name in file.files}


@pytest.mark.parametrize("side", ["left", "right"])
def test_pulse_of_nhtsa_10146(v10146, side):
    """A 57.09 km/h full-width test: both seat crossmember pulses have to stop the car from that speed."""
    dt, start, v0 = float(v10146["dt"]), float(v10146["start"]), 57.09 / 3.6
    a = cfc(v10146[f"seat_crossmember_{side}_x"] * G, dt, 180)
    v = vehicle.velocity(a, dt, start, initial_velocity=v0)
    stop = vehicle.time_to_zero_velocity(v, dt, start)
    assert 0.05 < stop < 0.09
    assert v0 < vehicle.delta_v(a, dt, start, until=0.15).value < 1.25 * v0
    assert vehicle.mean_deceleration(v, dt, start).value == pytest.approx(v0 / stop)
    t = start + dt * np.arange(v.size)
    expected = olc_by_scanning(lambda x: np.interp(x, t, v), end=0.2)
    assert vehicle.olc(v, dt, start).value == pytest.approx(expected[0], rel=5e-5)


@pytest.mark.shared
@pytest.mark.parametrize(("side", "channel"), [("left", "093"), ("right", "094")])
def test_pulse_fixture_is_the_measured_record(shared, v10146, side, channel):
    raw = np.loadtxt(shared / "data" / "nhtsa-v10146" / f"v10146.{channel}")
    np.testing.assert_allclose(v10146[f"seat_crossmember_{side}_x"], raw[:, 1], rtol=1e-7, atol=1e-6)
    assert (v10146["start"], v10146["dt"]) == pytest.approx((raw[0, 0], raw[1, 0] - raw[0, 0]))
