"""Two rectangles on a plane against polygons that are clipped point by point, and against points on their edges."""

from __future__ import annotations

from math import cos, hypot, pi, sin

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polygons import clipped, corners

from carindex.criteria import outlines
from carindex.criteria.outlines import Body

number = st.floats(-6.0, 6.0)
angle = st.floats(-pi, pi)
size = st.floats(0.2, 5.0)
body = st.builds(Body, number, number, angle, size, size, st.floats(-2.0, 5.0))


def edge_points(b, count=200):
    c = corners(b)
    s = np.linspace(0.0, 1.0, count)[:, None]
    return np.concatenate(
        [np.array(p) + s * (np.array(q) - np.array(p)) for p, q in zip(c, c[1:] + c[:1], strict=True)]
    )


def as_run(b):
    return b._replace(x=np.array([b.x]), y=np.array([b.y]), heading=np.array([b.heading]))


@given(body, body)
@settings(max_examples=400, deadline=None)
def test_bodies_overlap_where_their_polygons_do(one, two):
    apart = outlines.clearances(as_run(one), as_run(two)).max(axis=-2)[0]
    assume(abs(apart) > 1e-6)
    assert (apart < 0) == bool(clipped(corners(one), corners(two)))


@given(body, body)
@settings(max_examples=150, deadline=None)
def test_distance_is_that_of_the_nearest_points_of_the_edges(one, two):
    found = outlines.distance(as_run(one), as_run(two))[0]
    if clipped(corners(one), corners(two)):
        assert found == pytest.approx(0.0, abs=1e-9)
        return
    a, b = edge_points(one), edge_points(two)
    reference = np.hypot(a[:, None, 0] - b[None, :, 0], a[:, None, 1] - b[None, :, 1]).min()
    assert found - 1e-9 <= reference <= found + 2 * 5.0 / 199
    largest = outlines.clearances(as_run(one), as_run(two)).max()
    assert largest <= found + 1e-9


@given(body, body)
@settings(deadline=None)
def test_gap_and_offset_are_seen_from_the_first_body(one, two):
    along = [
        (x - one.x) * cos(one.heading) + (y - one.y) * sin(one.heading) - one.front for x, y in corners(two)
    ]
    assert outlines.longitudinal_gap(as_run(one), as_run(two))[0] == pytest.approx(min(along), abs=1e-9)
    c1, c2 = np.mean(corners(one), axis=0), np.mean(corners(two), axis=0)
    aside = -(c2[0] - c1[0]) * sin(one.heading) + (c2[1] - c1[1]) * cos(one.heading)
    assert outlines.lateral_offset(as_run(one), as_run(two))[0] == pytest.approx(aside, abs=1e-9)


def test_a_square_turned_by_45_degrees():
    one = Body([0.0], [0.0], [0.0], 2.0, 2.0, 1.0)
    two = Body([5.0], [0.0], [pi / 4], 2.0, 2.0, 1.0)
    two = two._replace(x=[5.0 - 0.0], front=1.0)
    assert outlines.longitudinal_gap(one, two)[0] == pytest.approx(4.0 - hypot(1.0, 1.0))
    assert outlines.distance(one, two)[0] == pytest.approx(4.0 - hypot(1.0, 1.0))


def test_runs_and_samples_are_axes():
    x = np.arange(6.0).reshape(2, 3)
    one = Body(0.0 * x, 0.0 * x, 0.0 * x, 4.0, 2.0, 0.0)
    two = Body(x, 1.0 + 0 * x, 0.0 * x, [1.0, 2.0], 1.0, [1.0, 2.0])
    found = outlines.clearances(one, two)
    assert found.shape == (2, 8, 3)
    for run in range(2):
        alone = outlines.clearances(
            Body(0 * x[run], 0 * x[run], 0 * x[run], 4.0, 2.0, 0.0),
            Body(x[run], 1 + 0 * x[run], 0 * x[run], [1.0, 2.0][run], 1.0, [1.0, 2.0][run]),
        )
        assert np.array_equal(found[run], alone)


def test_what_is_not_known_stays_unknown():
    one = Body([0.0, 0.0], [0.0, np.nan], [0.0, 0.0], 4.0, 2.0, 0.0)
    two = Body([3.0, 3.0], [0.0, 0.0], [0.0, 0.0], 1.0, 1.0, 1.0)
    assert np.isnan(outlines.distance(one, two)).tolist() == [False, True]
    assert np.isnan(outlines.clearances(one, two)[:, 1]).any()


@pytest.mark.parametrize("wrong", [{"length": 0.0}, {"width": -1.0}])
def test_a_body_without_size_is_refused(wrong):
    good = Body([0.0], [0.0], [0.0], 4.0, 2.0, 0.0)
    with pytest.raises(ValueError, match="expected a positive number"):
        outlines.clearances(good._replace(**wrong), good)
