"""Parking, keeping the lane and false activation: calculations by hand, and references one sample at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from polygons import corners

from carindex.criteria import interventions, lanes, parking
from carindex.criteria.outlines import Body

T = np.arange(0.0, 60.0, 0.5)


def test_time_and_moves_by_hand():
    # back for 10 s, stand 2 s, back again 5 s, forward 5 s, back 5 s: three moves
    speed = np.zeros(T.size)
    speed[(T >= 5) & (T < 15)] = -1.0
    speed[(T >= 17) & (T < 22)] = -0.8
    speed[(T >= 24) & (T < 29)] = 0.5
    speed[(T >= 30) & (T < 35)] = -0.5
    speed[T >= 50] = 3.0  # drives off after the manoeuvre
    assert parking.took(T, 4.0, 40.0) == (36.0, 4.0, 40.0)
    assert parking.moves(T, speed, 4.0, 40.0) == (3.0, 4.0, 40.0)
    assert parking.moves(T, speed, 4.0, 59.0).value == 4.0
    assert parking.moves(T, 0 * T + 0.04, 4.0, 40.0).value == 0.0
    assert math.isnan(parking.took(T, 4.0, np.inf).value)
    assert math.isnan(parking.took(T, 40.0, 4.0).value)
    assert math.isnan(parking.moves(T, speed, np.inf, 40.0).value)


@pytest.mark.parametrize(
    ("heading", "line", "degrees"),
    [
        (2, 0, 2),
        (-3, 0, -3),
        (178, 0, -2),
        (182, 0, 2),
        (90, 0, 90),
        (-90, 0, 90),
        (360, 0, 0),
        (271, 180, -89),
        (5, 90, -85),
    ],
)
def test_angle_by_hand(heading, line, degrees):
    found = parking.angle_to(math.radians(heading), math.radians(line))
    assert math.degrees(found) == pytest.approx(degrees, abs=1e-9)


def test_kerb_by_hand():
    # kerb along x at y = 0; a car of 4 m by 2 m, reference in the front centre at (10, 1.3), turned by 0: both ends 0.3 m
    car = Body(10.0, 1.3, 0.0, 4.0, 2.0, 0.0)
    assert parking.to_line(car, 0.0, 0.0, 0.0, "front") == pytest.approx(0.3)
    assert parking.to_line(car, 0.0, 0.0, 0.0, "rear") == pytest.approx(0.3)
    # turned left by asin(0.1): the rear is 0.4 m lower, its right corner by the cosine of the half width
    turned = Body(10.0, 1.5, math.asin(0.1), 4.0, 2.0, 0.0)
    assert parking.to_line(turned, 5.0, 0.0, 0.0, "rear") == pytest.approx(
        1.5 - 0.4 - math.cos(math.asin(0.1))
    )
    # a kerb on the other side is the same line in the other direction
    other = Body(10.0, -1.3, math.pi, 4.0, 2.0, 0.0)
    assert parking.to_line(other, 0.0, 0.0, math.pi, "front") == pytest.approx(0.3)
    with pytest.raises(ValueError, match="front or rear"):
        parking.to_line(car, 0.0, 0.0, 0.0, "side")


def test_nearest_while_parking():
    distance = np.abs(T - 20.0) + 0.2
    assert parking.nearest_between(T, distance, 10.0, 30.0) == (pytest.approx(0.2), 20.0)
    assert parking.nearest_between(T, distance, 30.0, 40.0) == (pytest.approx(10.2), 30.0)
    assert math.isnan(parking.nearest_between(T, distance, 70.0, 80.0).value)
    assert math.isnan(parking.nearest_between(T, np.where(T == 25, np.nan, distance), 10.0, 30.0).value)
    assert parking.nearest_between(T, np.where(T == 50, np.nan, distance), 10.0, 30.0).value == pytest.approx(
        0.2
    )


def test_lanes_and_activations_by_hand():
    t = np.arange(7.0)
    d = np.array([1.0, -1.0, -1.0, 1.0, 3.0, -1.0, 1.0])
    # below zero from 0.5 to 2.5, and from 4.75 to 5.5: 2.75 s
    assert lanes.departures(t, d) == (2.0, 1.0)
    assert lanes.time_outside(t, d).value == pytest.approx(2.75)
    assert lanes.greatest_deviation(t, [0.1, -0.4, 0.3, 0, 0, 0, 0]) == (0.4, 1.0)
    assert lanes.deviation_spread([0.0, 1.0], [0.0, 2.0]).value == pytest.approx(1.0)
    assert interventions.activations(t, [0, 1, 1, 0, 1, 0, 0]) == (2.0, 1.0)
    assert interventions.activations(t, [1, 0, 0, 0, 0, 0, 1]) == (2.0, 0.0)
    none = interventions.activations(t, 0 * t)
    assert none.value == 0.0
    assert math.isnan(none.time)
    assert interventions.greatest_deceleration(t, [0, -1, -3, 2, 0, 0, 0]) == (3.0, 2.0)
    assert interventions.greatest_deceleration(t, 0 * t + 1).value == 0.0
    assert interventions.speed_lost(t, [10, 11, 8, 7, 9, 10, 10]) == (3.0, 3.0)


def test_missing_is_nothing():
    gap = [1.0, math.nan, 1.0]
    for found in (
        lanes.departures(range(3), gap), lanes.time_outside(range(3), gap), lanes.greatest_deviation(range(3), gap),
        lanes.deviation_spread(range(3), gap), interventions.activations(range(3), gap),
        interventions.greatest_deceleration(range(3), gap), interventions.speed_lost(range(3), gap),
        parking.moves(range(3), gap, 0.0, 2.0),
    ):  # fmt: skip
        assert math.isnan(found.value)


# -- slow references -------------------------------------------------------------------------------------------------


@given(
    arrays(float, st.integers(2, 50), elements=st.sampled_from([-1.0, -0.03, 0.0, 0.05, 0.06, 2.0])),
    st.integers(0, 49),
    st.integers(0, 49),
)
def test_moves_one_sample_at_a_time(speed, begin, end):
    t = np.arange(float(speed.size))
    count, last = 0, 0
    for now, v in zip(t, speed, strict=True):
        if begin <= now <= end and abs(v) > 0.05:
            way = 1 if v > 0 else -1
            count += way != last
            last = way
    found = parking.moves(t, speed, float(begin), float(end)).value
    if begin <= end <= t[-1]:
        assert found == count
    else:
        assert math.isnan(found)


@given(st.floats(-10, 10), st.floats(-10, 10))
def test_angle_by_trying_half_turns(heading, line):
    best = min((heading - line + k * math.pi for k in range(-8, 9)), key=abs)
    found = float(parking.angle_to(heading, line))
    assert -math.pi / 2 - 1e-9 < found <= math.pi / 2 + 1e-9
    assert abs(found) == pytest.approx(abs(best), abs=1e-9)
    assert math.sin(found - (heading - line)) == pytest.approx(0.0, abs=1e-9)


@given(
    st.tuples(
        st.floats(-5, 5),
        st.floats(-5, 5),
        st.floats(-4, 4),
        st.floats(0.5, 6),
        st.floats(0.5, 3),
        st.floats(-1, 7),
    ),
    st.tuples(st.floats(-5, 5), st.floats(-5, 5), st.floats(-4, 4)),
)
def test_kerb_by_the_corners_of_the_outline(car, kerb):
    body = Body(*car)
    x, y, direction = kerb

    def away(corner):  # area of a parallelogram over its base
        dx, dy = math.cos(direction), math.sin(direction)
        return dx * (corner[1] - y) - dy * (corner[0] - x)

    forward = np.array([math.cos(car[2]), math.sin(car[2])])
    ordered = sorted(corners(body), key=lambda c: -float(np.dot(np.asarray(c) - np.array(car[:2]), forward)))
    assert parking.to_line(body, x, y, direction, "front") == pytest.approx(
        min(map(away, ordered[:2])), abs=1e-9
    )
    assert parking.to_line(body, x, y, direction, "rear") == pytest.approx(
        min(map(away, ordered[2:])), abs=1e-9
    )


@given(arrays(float, st.integers(2, 30), elements=st.floats(-3, 3)))
def test_time_outside_by_many_thin_slices(d):
    t = np.arange(float(d.size))
    fine = np.arange(0, d.size - 1, 0.0005) + 0.00025
    expected = float((np.interp(fine, t, d) < 0).sum()) * 0.0005
    assert lanes.time_outside(t, d).value == pytest.approx(expected, abs=1e-3 * d.size)
    count, out = 0, False
    for value in d:
        count += value < 0 and not out
        out = value < 0
    assert lanes.departures(t, d).value == count
    assert interventions.activations(t, (d < 0).astype(float)).value == count
