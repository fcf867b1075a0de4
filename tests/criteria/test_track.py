"""Runs on a test track: closed forms of motion, and slow references that look at many instants between samples."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polygons import clipped, corners

from carindex.criteria import instants, outlines, track
from carindex.criteria.outlines import Body

DT = 0.01


def braking_run(v0, deceleration, gap_at_braking, before=3.0, dt=DT, after=6.0):
    """Constant speed, then constant deceleration to standstill; gap, speed and time, braking from time zero."""
    t = np.arange(-before, after, dt)
    braked = np.clip(t, 0.0, v0 / deceleration)
    travelled = np.where(t < 0, v0 * t, v0 * braked - 0.5 * deceleration * braked**2)
    return t, gap_at_braking - travelled, v0 - deceleration * braked


@pytest.mark.parametrize("v0", [50 / 3.6, 80 / 3.6])
@pytest.mark.parametrize("deceleration", [3.0, 5.0, 9.0])
def test_impact_speed_of_constant_deceleration(v0, deceleration):
    gap = 0.6 * v0**2 / (2 * deceleration)
    t, g, v = braking_run(v0, deceleration, gap)
    contact = track.first_contact(t, track.gap_clearances(g, 0 * g + 0.3, 1.8, 1.7))
    impact = sqrt(v0**2 - 2 * deceleration * gap)
    assert contact == pytest.approx((v0 - impact) / deceleration, abs=2e-4)
    found = track.impact_speed(t, v, contact)
    assert found.value == pytest.approx(impact, abs=2e-3)
    assert found.time == contact
    assert track.impact_occurred(contact) == (1.0, contact)
    begin = track.begin_of_test(t, g, v)
    assert begin == pytest.approx(max(gap / v0 - 4.0, t[0]), abs=1e-9)
    assert track.speed_reduction(t, v, begin, contact).value == pytest.approx(v0 - impact, abs=2e-3)
    assert track.relative_reduction(t, v, begin, contact).value == pytest.approx(1 - impact / v0, abs=2e-4)
    assert not track.ends_before_contact(t, track.gap_clearances(g, 0 * g, 1.8, 1.7), v)


def test_avoided_by_braking():
    t, g, v = braking_run(15.0, 9.0, 15.0)
    c = track.gap_clearances(g, 0 * g, 1.8, 1.7)
    contact = track.first_contact(t, c)
    assert contact == np.inf
    assert track.impact_speed(t, v, contact).value == 0.0
    assert np.isnan(track.impact_speed(t, v, contact).time)
    assert track.impact_occurred(contact).value == 0.0
    assert track.closest(t, g).value == pytest.approx(15.0 - 15.0**2 / 18.0)
    assert track.speed_reduction(t, v, track.begin_of_test(t, g, v), contact).value == pytest.approx(15.0)
    assert track.relative_reduction(t, v, track.begin_of_test(t, g, v), contact).value == 1.0
    assert not track.ends_before_contact(t, c, v)
    assert track.ends_before_contact(t[:350], c[:, :350], v[:350])
    assert not track.begins_in_contact(t, c)


def test_a_record_that_ends_on_the_way_back_to_a_target():
    t = np.arange(0.0, 2.0, DT)
    vut = Body(-1.0 * t, 0 * t, 0 * t, 4.5, 1.8, 0.0)
    target = Body(-10.0 + 0 * t, 0 * t, 0 * t, 0.6, 0.5, 0.3)
    c = outlines.clearances(vut, target)
    assert track.begins_beside_or_behind(c[0])
    assert track.ends_before_contact(t, c, -1.0 + 0 * t)
    assert not track.ends_before_contact(t, c, 0 * t)
    contact = track.first_contact(4 * t, outlines.clearances(vut._replace(x=-4.0 * t), target))
    assert contact == pytest.approx(10.0 - 0.3 - 4.5)


def test_a_target_beside_the_path_is_passed():
    t, g, _ = braking_run(15.0, 3.0, 10.0)
    contact = track.first_contact(t, track.gap_clearances(g, 0 * g + 1.76, 1.8, 1.7))
    assert contact == np.inf
    assert track.first_contact(t, track.gap_clearances(g, 0 * g - 1.74, 1.8, 1.7)) < np.inf


@given(
    st.floats(5.0, 60.0), st.floats(0.5, 40.0), st.floats(0.005, 0.1), st.floats(-1.0, 0.999), st.floats(0, 1)
)
@settings(deadline=None)
def test_time_to_collision_of_constant_closing_speed_falls_by_one_second_a_second(
    gap, closing, dt, share, when
):
    duration = 0.9 * gap / closing
    t = np.linspace(0.0, duration, max(3, int(duration / dt)))
    g = gap - closing * t
    ttc = track.time_to_collision(g, np.full(t.size, closing))
    assert np.allclose(ttc, gap / closing - t, rtol=1e-9, atol=1e-9)
    instant = when * duration
    found = track.time_to_collision_at(t, g, np.full(t.size, closing), instant)
    assert found.value == pytest.approx(gap / closing - instant, rel=1e-6)
    assert found.time == instant


def test_time_to_collision_where_nothing_closes_and_behind_the_point():
    found = track.time_to_collision([5.0, 5.0, -2.0, np.nan], [0.0, -1.0, 4.0, 1.0])
    assert found[:3].tolist() == [np.inf, np.inf, -0.5]
    assert np.isnan(found[3])


def test_parts_of_a_targets_speed():
    assert track.longitudinal_part(10.0, np.pi / 2, 0.0) == pytest.approx(0.0, abs=1e-12)
    assert track.longitudinal_part(10.0, np.pi, 0.0) == pytest.approx(-10.0)
    assert track.closing_speed(10.0, track.longitudinal_part(5.0, 0.3, 0.3)) == pytest.approx(5.0)


@st.composite
def lines(draw, rows=3):
    count = draw(st.integers(2, 12))
    steps = draw(st.lists(st.floats(0.01, 1.0), min_size=count, max_size=count))
    values = draw(
        st.lists(
            st.lists(st.floats(-3, 3), min_size=count, max_size=count), min_size=rows, max_size=rows
        )
    )  # fmt: skip
    return np.cumsum(steps), np.array(values)


def densely(t, values, count=400):
    """Sample straight lines at many instants of every interval."""
    dense = np.unique(np.concatenate([np.linspace(a, b, count) for a, b in pairwise(t)]))
    return dense, np.array([np.interp(dense, t, row) for row in values])


@given(lines())
@settings(max_examples=300, deadline=None)
def test_first_contact_is_the_first_of_many_instants_without_clearance(run):
    t, c = run
    found = track.first_contact(t, c)
    dense, values = densely(t, c)
    touching = (values <= 0).all(axis=0)
    if np.isfinite(found):
        at = np.array([np.interp(found, t, row) for row in c])
        assert at.max() <= 1e-9
        # No instant before it touches.
        assert not touching[dense < found - 1e-9].any()
    else:
        assert not touching.any()


@given(lines(rows=1), st.floats(-2, 2), st.floats(-0.5, 8.0))
@settings(max_examples=300, deadline=None)
def test_first_reaching_is_the_first_of_many_instants_below(run, level, after):
    t, (y,) = run
    found = instants.first_reaching(t, y, level, after)
    dense, (values,) = densely(t, [y])
    below = (values <= level) & (dense >= after)
    if np.isfinite(found):
        assert np.interp(found, t, y) <= level + 1e-9
        assert found >= min(after, t[-1])
        assert not below[dense < found - 1e-9].any()
    else:
        assert not below.any()


@given(lines(rows=1), st.floats(-1.0, 12.0))
@settings(deadline=None)
def test_value_at_is_on_the_straight_line(run, when):
    t, (y,) = run
    found = instants.value_at(t, y, when)
    if t[0] <= when <= t[-1]:
        assert found == pytest.approx(np.interp(when, t, y), abs=1e-9)
    else:
        assert np.isnan(found)


def test_a_pedestrian_crossing_in_front_of_the_car():
    """The front reaches the pedestrian's path when she has walked exactly to the middle of the car."""
    t = np.arange(0.0, 4.0, DT)
    v, walk, width = 40 / 3.6, 5 / 3.6, 1.8
    vut = Body(v * t, 0 * t, 0 * t, 4.5, width, 0.0)
    # Her rectangle is 0.6 m long in the direction she walks and 0.5 m wide; she comes from the right.
    arrives = 2.5
    target = Body(v * arrives + 0.25 + 0 * t, walk * (t - arrives), 0 * t + np.pi / 2, 0.6, 0.5, 0.3)
    c = outlines.clearances(vut, target)
    contact = track.first_contact(t, c)
    assert contact == pytest.approx(arrives, abs=1e-9)
    lateral = outlines.lateral_offset(vut, target)
    assert track.impact_location(t, lateral, width, contact).value == pytest.approx(0.5, abs=1e-9)
    closing = track.closing_speed(v, track.longitudinal_part(walk, np.pi / 2, 0 * t))
    assert track.impact_speed(t, closing, contact).value == pytest.approx(v)
    # A quarter of the width earlier she is hit at 25 % from the right.
    earlier = target._replace(y=walk * (t - arrives) - width / 4)
    contact = track.first_contact(t, outlines.clearances(vut, earlier))
    lateral = outlines.lateral_offset(vut, earlier)
    assert track.impact_location(t, lateral, width, contact).value == pytest.approx(0.25, abs=1e-9)


@given(
    st.floats(3, 20), st.floats(-0.3, 0.3), st.floats(1, 12), st.floats(-np.pi, np.pi), st.floats(-0.3, 0.3),
    st.floats(1.0, 3.0), st.floats(-4.0, 4.0), st.floats(-2.0, 2.0),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_contact_of_turning_bodies_is_that_of_their_polygons(v1, turn1, v2, heading, turn2, meets, dx, dy):
    """Two bodies that turn and pass near each other, clipped as polygons at every half millisecond."""

    def motion(t, speed, begin, turn, x, y, length, width, front):
        angle = begin + turn * t
        if abs(turn) < 1e-9:
            moved = speed * (t - meets) * np.cos(begin), speed * (t - meets) * np.sin(begin)
        else:
            last = begin + turn * meets
            moved = (
                speed / turn * (np.sin(angle) - np.sin(last)),
                -speed / turn * (np.cos(angle) - np.cos(last)),
            )
        return Body(x + moved[0], y + moved[1], angle, length, width, front)

    def both(t):
        return motion(t, v1, 0.0, turn1, 0.0, 0.0, 4.5, 1.8, 0.0), motion(
            t, v2, heading, turn2, dx, dy, 1.8, 0.6, 0.9
        )

    t = np.arange(0.0, 4.0, DT)
    clearance = outlines.clearances(*both(t))
    if track.begins_in_contact(t, clearance):
        return
    found = track.first_contact(t, clearance)
    fine = np.arange(0.0, t[-1], 5e-4)
    one, two = both(fine)
    near = np.flatnonzero(np.hypot(one.x - two.x, one.y - two.y) < 8.0)  # no other instant can touch
    first = next(
        (
            fine[i]
            for i in near
            if clipped(
                corners(one._replace(x=one.x[i], y=one.y[i], heading=one.heading[i])),
                corners(two._replace(x=two.x[i], y=two.y[i], heading=two.heading[i])),
            )
        ),
        np.inf,
    )
    if np.isposinf(first) or np.isposinf(found):
        # A touch of less than a millimetre's depth may be seen by one and not by the other.
        depth = outlines.clearances(*both(fine)).max(axis=-2).min()
        assert (np.isposinf(first) and np.isposinf(found)) or abs(depth) < 1e-3
    else:
        # The speed of approach may be small: what counts is the clearance at the instant found.
        late = outlines.clearances(*both(np.array([found, first]))).max(axis=-2)
        assert abs(found - first) < 1.5e-3 or abs(late[0]) < 1e-3


def test_a_touch_between_two_samples_is_found():
    """A narrow body passes through the other's corner within a single sampling interval."""
    t = np.array([0.0, 0.1])
    c = np.array([[[-1.0, 3.0], [3.0, -9.0]]])
    assert track.first_contact(t, c)[0] == pytest.approx(0.025)
    c = np.array([[-1.0, 3.0], [3.0, -1.0]])
    assert track.first_contact(t, c) == np.inf


@given(st.floats(2.0, 40.0), st.floats(-0.4, 0.4), st.floats(0.25, 4.0), st.integers(0, 1000))
@settings(deadline=None)
def test_a_path_agrees_with_its_speed_and_no_other(speed, turn, factor, seed):
    """Drive a circle, with 2 cm of noise on each position; a speed in another unit is seen."""
    t = np.arange(0.0, 6.0, DT)
    turn = turn if abs(turn) > 1e-3 else 1e-3
    noise = np.random.default_rng(seed).normal(0.0, 0.02, (2, t.size))
    x = speed / turn * np.sin(turn * t) + noise[0]
    y = speed / turn * (1 - np.cos(turn * t)) + noise[1]
    assert not track.path_disagrees(t, x, y, speed + 0 * t)
    wrong = max(factor, 1 / factor) > 1.2 and abs(factor - 1) * speed * 6.0 > 2.5
    if wrong:
        assert track.path_disagrees(t, x, y, factor * speed + 0 * t)


def test_a_gap_agrees_with_its_closing_speed():
    t, g, v = braking_run(15.0, 5.0, 20.0)
    assert not track.gap_disagrees(t, g, v)
    assert track.gap_disagrees(t, g, 3.6 * v)
    assert track.gap_disagrees(t, g, -v)
    assert not track.gap_disagrees(t, 5.0 + 0 * t, 0 * t)


def test_lateral_drift_to_the_lane_edge():
    t = np.arange(0.0, 6.0, DT)
    distance = 1.2 - 0.5 * np.minimum(t, 2.7)
    assert instants.reading_at(t, distance, 1.237).value == pytest.approx(1.2 - 0.5 * 1.237)
    found = track.closest(t, distance)
    assert (found.value, found.time) == (pytest.approx(1.2 - 0.5 * 2.7), pytest.approx(2.7))


def test_several_runs_are_one_axis():
    t = np.arange(0.0, 3.0, DT)
    speeds = np.array([10.0, 15.0, 2.0])
    gap = 20.0 - speeds[:, None] * t
    c = track.gap_clearances(gap, 0 * gap, 1.8, [1.7, 0.5, 0.5])
    contact = track.first_contact(t, c)
    assert contact.tolist() == [pytest.approx(2.0), pytest.approx(4 / 3), np.inf]
    v = speeds[:, None] + 0 * t
    assert track.impact_speed(t, v, contact).value.tolist() == pytest.approx([10.0, 15.0, 0.0])
    begin = track.begin_of_test(t, gap, v)
    for run in range(3):
        assert track.first_contact(t, c[run]) == contact[run]
        assert track.begin_of_test(t, gap[run], v[run]) == begin[run]
    assert begin.tolist() == [0.0, 0.0, np.inf]


def test_a_run_with_a_gap_has_no_result():
    t = np.arange(0.0, 3.0, DT)
    gap = 20.0 - 10 * t
    gap[3] = np.nan
    contact = track.first_contact(t, track.gap_clearances(gap, 0 * gap, 1.8, 1.7))
    assert np.isnan(contact)
    assert np.isnan(track.impact_occurred(contact).value)
    assert np.isnan(track.impact_speed(t, 10 + 0 * t, contact).value)
    assert np.isnan(track.closest(t, gap).value)
    assert np.isnan(track.begin_of_test(t, gap, 10 + 0 * t))


@pytest.mark.parametrize(
    ("time", "match"),
    [([0.0], "at least two"), ([0.0, 0.0, 1.0], "does not rise"), ([0.0, 1.0], "expected as many")],
)
def test_clocks_that_are_none(time, match):
    with pytest.raises(ValueError, match=match):
        instants.value_at(time, [1.0] * (3 if len(time) != 1 else 1), 0.5)


def test_clearances_need_directions_and_widths():
    with pytest.raises(ValueError, match="directions"):
        track.first_contact([0.0, 1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="width"):
        track.gap_clearances([1.0, 2.0], [0.0, 0.0], 0.0, 1.0)
