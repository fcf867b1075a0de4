"""Rear-impact criteria: closed forms, loops, and a published seat rating."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carindex.criteria import whiplash
from carindex.criteria.neck import NijIntercepts
from carindex.messages import InputError

G = 9.80665
DT = 1e-3
START = -0.005
BATCH = arrays(np.float64, (2, 31), elements=st.floats(-300, 300))


def test_nic_of_constant_accelerations_has_a_closed_form():
    # 0.2 a + (a t)^2, largest at the end of contact
    t = START + DT * np.arange(120)
    t1, head = np.full(t.shape, 60.0), np.full(t.shape, 10.0)
    found = whiplash.nic(t1, head, DT, START, until=0.060)
    assert found.value == pytest.approx(0.2 * 50 + (50 * 0.060) ** 2, rel=1e-12)
    assert found.time == pytest.approx(0.060)


def test_nic_of_a_ramp_has_a_closed_form():
    # a_rel = k t, v_rel = k t^2 / 2; the trapezoid is exact for a straight line
    t = START + DT * np.arange(120)
    history = whiplash.nic_history(2000.0 * t, np.zeros(120), DT, START)
    after = t >= -1e-9
    np.testing.assert_allclose(
        history[after], 0.2 * 2000 * t[after] + (1000 * t[after] ** 2) ** 2, rtol=1e-9, atol=1e-12
    )
    assert np.isnan(history[~after]).all()


@given(BATCH, BATCH, st.integers(0, 25))
def test_nic_by_a_loop(t1, head, last):
    found = whiplash.nic(t1, head, DT, START, until=last * DT)
    for r in range(2):
        speed, best = 0.0, None
        for i in range(5, 31):
            a = t1[r, i] - head[r, i]
            if i > 5:
                speed += 0.5 * DT * (a + t1[r, i - 1] - head[r, i - 1])
            if i - 5 <= last:
                value = 0.2 * a + speed * speed
                best = value if best is None else max(best, value)
        assert found.value[r] == pytest.approx(best, rel=1e-9, abs=1e-9)


def test_nic_ignores_what_is_before_time_zero_and_after_contact():
    t1 = np.full((3, 31), 40.0)
    t1[0, 2] = np.nan  # before time zero
    t1[1, 30] = np.nan  # after contact
    t1[2, 15] = np.nan
    found = whiplash.nic(t1, np.zeros((3, 31)), DT, START, until=0.015)
    expected = 8 + 0.6**2
    np.testing.assert_allclose(found.value, [expected, expected, np.nan])
    assert np.isnan(whiplash.nic(t1[0], np.zeros(31), DT, START, until=np.nan).value)
    with pytest.raises(ValueError, match="time zero"):
        whiplash.nic(t1[0], np.zeros(31), DT, 0.5)


def test_t1_mean():
    np.testing.assert_array_equal(
        whiplash.t1_acceleration_mean([1.0, 2.0, np.nan], [3.0, 6.0, 1.0]), [2.0, 4.0, np.nan]
    )


@given(BATCH, arrays(np.float64, (2, 31), elements=st.floats(-60, 60)))
def test_nkm_by_a_loop(fx, moc):
    found = whiplash.nkm(fx, moc, DT, START, until=0.020)
    for r in range(2):
        best = {"fa": 0.0, "ea": 0.0, "fp": 0.0, "ep": 0.0}
        for i in range(5, 26):
            f, m = fx[r, i], moc[r, i]
            case = ("f" if m >= 0 else "e") + ("a" if f >= 0 else "p")
            best[case] = max(best[case], abs(f) / 845.0 + abs(m) / (88.1 if m >= 0 else 47.5))
        assert found.flexion_anterior.value[r] == pytest.approx(best["fa"], rel=1e-12)
        assert found.extension_anterior.value[r] == pytest.approx(best["ea"], rel=1e-12)
        assert found.flexion_posterior.value[r] == pytest.approx(best["fp"], rel=1e-12)
        assert found.extension_posterior.value[r] == pytest.approx(best["ep"], rel=1e-12)
        assert found.nkm.value[r] == pytest.approx(max(best.values()), rel=1e-12)


def test_nkm_names_its_quadrants():
    found = whiplash.nkm([845.0], [-47.5], DT)
    assert found.nkm.value == found.extension_anterior.value == 2.0
    assert (
        found.flexion_anterior.value
        == found.flexion_posterior.value
        == found.extension_posterior.value
        == 0.0
    )
    spoiled = whiplash.nkm([845.0, np.nan], [10.0, 1.0], DT)
    assert np.isnan(
        [spoiled.nkm.value, spoiled.flexion_anterior.value, spoiled.extension_posterior.value]
    ).all()
    with pytest.raises(InputError, match="q3"):
        whiplash.nkm([1.0], [1.0], DT, dummy="q3")


def switch(*closed, n=400):
    signal = np.zeros(n)
    for first, last in closed:
        signal[first : last + 1] = 5.0
    return signal


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        ([(100, 180)], (0.095, 0.175)),
        ([(50, 60), (100, 180)], (0.095, 0.175)),  # a touch of 10 ms is no contact
        ([(100, 130), (132, 180)], (0.095, 0.175)),  # opened for 1 ms: one sample is missing
        ([(100, 120), (123, 180)], (0.118, 0.175)),  # opened for 2 ms: two touches, the first too short
        ([(100, 160), (180, 200)], (0.095, 0.195)),  # lost for less than 40 ms: contact goes on
        ([(100, 160), (230, 300)], (0.095, 0.155)),  # lost for 69 ms: it has ended
        ([(100, 399)], (0.095, 0.394)),  # closed to the end of the record
        ([(100, 160), (385, 399)], (0.095, 0.155)),
        ([(50, 80)], None),
        ([], None),
    ],
)
def test_head_restraint_contact(closed, expected):
    found = whiplash.head_restraint_contact(switch(*closed), DT, START)
    if expected is None:
        assert np.isnan([found.value, found.t1, found.t2]).all()
    else:
        assert (found.t1, found.t2) == pytest.approx(expected)
        assert found.value == pytest.approx(expected[1] - expected[0])


def test_head_restraint_contact_before_time_zero_does_not_count():
    found = whiplash.head_restraint_contact(switch((0, 60), (150, 250)), DT, -0.100)
    assert (found.t1, found.t2) == pytest.approx((0.050, 0.150))


def test_head_restraint_contact_of_a_batch_and_nan():
    rows = np.stack([switch((100, 180)), switch((120, 220)), switch()])
    rows[2, 300] = np.nan
    found = whiplash.head_restraint_contact(rows, DT, START)
    np.testing.assert_allclose(found.t1, [0.095, 0.115, np.nan])
    np.testing.assert_allclose(found.t2, [0.175, 0.215, np.nan])
    assert whiplash.head_restraint_contact(rows[None], DT, START).t1.shape == (1, 3)


def test_rebound_velocity_counts_after_contact_only():
    head = np.zeros(400)
    head[20], head[250], head[390] = 9.0, 4.5, 8.0
    sled = np.full(400, 1.0)
    found = whiplash.head_rebound_velocity(head, sled, DT, after=0.100)
    assert (found.value, found.time) == pytest.approx((3.5, 0.250))
    assert np.isnan(whiplash.head_rebound_velocity(head, sled, DT, after=np.nan).value)


@given(BATCH, BATCH)
def test_forces_moments_and_t1_by_a_loop(x, z):
    forces = whiplash.upper_neck_forces(x, z, DT, START, until=0.010)
    flexion, extension = whiplash.neck_moments(x, DT, START, until=0.010)
    t1 = whiplash.t1_acceleration(x, DT, START, until=0.010)
    lower = whiplash.lower_neck_shear(x, DT, START, until=0.010)
    for r in range(2):
        part_x, part_z = x[r, 5:16].tolist(), z[r, 5:16].tolist()
        assert forces.shear_positive.value[r] == flexion.value[r] == max(0.0, *part_x)
        assert forces.shear_negative.value[r] == extension.value[r] == max(0.0, *[-v for v in part_x])
        assert forces.tension.value[r] == max(0.0, *part_z)
        assert lower.value[r] == max(abs(v) for v in part_x)
        assert t1.value[r] == pytest.approx(max(part_x) / G)


@given(BATCH, BATCH)
def test_nte_by_a_loop(fz, moc):
    limits = NijIntercepts(6806.0, 6160.0, 310.0, 135.0)
    found = whiplash.nte(fz, moc, limits, DT, START)
    for r in range(2):
        best = 0.0
        for i in range(5, 31):
            if fz[r, i] >= 0 and moc[r, i] < 0:
                best = max(best, fz[r, i] / 6806.0 + abs(moc[r, i]) / 135.0)
        assert found.value[r] == pytest.approx(best, rel=1e-12, abs=1e-12)
    fz[0, 20] = np.nan
    assert np.isnan(whiplash.nte(fz, moc, limits, DT, START).value[0])


def test_neck_force_score_of_a_published_seat():
    # 2005 Subaru Impreza WRX: shear 137 N, tension 678 N, published class 2 of 3 (moderate)
    score = whiplash.neck_force_score(137.0, 678.0)
    assert score == pytest.approx(0.343, abs=5e-4)
    assert 0.45 < sqrt(score) < 0.825
    np.testing.assert_allclose(whiplash.neck_force_score([0.0, 315.0, np.nan], 234.0), [0.0, 1.0, np.nan])
    assert whiplash.neck_force_score(0.0, 234.0 + 1131.0) == 1.0


@given(st.integers(1, 50))
def test_a_longer_lead_before_time_zero_changes_nothing(extra):
    rng = np.random.default_rng(7)
    t1, head, fx, moc = rng.normal(size=(4, 120)) * 100
    lead = [np.concatenate((rng.normal(size=extra) * 500, x)) for x in (t1, head, fx, moc)]
    early = START - extra * DT
    assert whiplash.nic(lead[0], lead[1], DT, early).value == pytest.approx(
        whiplash.nic(t1, head, DT, START).value
    )
    assert whiplash.nkm(lead[2], lead[3], DT, early).nkm.value == whiplash.nkm(fx, moc, DT, START).nkm.value
    contact = switch((100, 180))
    moved = whiplash.head_restraint_contact(np.concatenate((np.ones(extra), contact)), DT, early)
    still = whiplash.head_restraint_contact(contact, DT, START)
    assert (moved.t1, moved.t2) == pytest.approx((still.t1, still.t2))
