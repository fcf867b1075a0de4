"""Level-duration relations against a plain search: loops over segments, bisection over levels."""

from __future__ import annotations

import math
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carindex.criteria import corridors
from carindex.criteria.corridors import Corridor, between, utilisation
from carindex.messages import InputError

COUNTINGS = ["cumulative", "contiguous"]
R94_TENSION = Corridor((0.0, 0.035, 0.060), (3300.0, 2900.0, 1100.0))
# Whole numbers make plateaus and equal peaks, the cases in which a level is held for a range of durations.
RECORD = arrays(np.float64, st.integers(2, 25), elements=st.integers(-4, 6).map(float))
SMOOTH = arrays(np.float64, st.integers(2, 25), elements=st.floats(-100, 100))


def slow_duration(x, dt, level, counting):
    """Add up, segment by segment, the time of the straight line at or above the level."""
    total = piece = longest = 0.0
    for a, b in pairwise(x):
        if a >= level and b >= level:
            total, piece = total + dt, piece + dt
        elif a < level and b < level:
            piece = 0.0
        else:
            share = dt * (max(a, b) - level) / abs(a - b)
            total += share
            if a >= level:
                longest = max(longest, piece + share)
                piece = 0.0
            else:
                piece = share
        longest = max(longest, piece)
    return total if counting == "cumulative" else longest


def slow_level(x, dt, duration, counting):
    """Bisect for the largest level that is held for the duration."""
    low, high = min(x), max(x) + 1.0
    for _ in range(100):
        middle = 0.5 * (low + high)
        if slow_duration(x, dt, middle, counting) >= duration - 1e-12:
            low = middle
        else:
            high = middle
    return low


@pytest.mark.parametrize("counting", COUNTINGS)
@given(x=RECORD | SMOOTH, level=st.integers(-5, 7).map(float))
def test_duration_at_a_level(counting, x, level):
    found = corridors.duration_at_level(x, 0.5, level, counting)
    assert found == pytest.approx(slow_duration(x, 0.5, level, counting), abs=1e-9)


@pytest.mark.parametrize("counting", COUNTINGS)
@settings(max_examples=200)
@given(x=RECORD | SMOOTH, share=st.floats(1e-3, 1))
def test_clip_is_the_largest_level_held_for_the_duration(counting, x, share):
    dt = 0.001
    duration = share * dt * (x.size - 1)
    level, t1, t2 = corridors.clip(x, dt, duration, counting, start=-0.02)
    # Equal peaks a rounding error long count as held; allow the search the same.
    assert level >= slow_level(x, dt, duration, counting) - 1e-6
    assert level <= slow_level(x, dt, duration - 1e-10, counting) + 1e-6
    if counting == "contiguous":
        assert t2 - t1 == pytest.approx(duration, abs=1e-12)
    assert t1 >= -0.02 - 1e-12
    assert t2 <= -0.02 + dt * (x.size - 1) + 1e-9
    held = np.interp([t1, t2], -0.02 + dt * np.arange(x.size), x)
    assert (held >= level - 1e-6 * (1 + np.abs(np.diff(x)).max())).all()


@pytest.mark.parametrize("counting", COUNTINGS)
def test_clip_without_duration_is_the_peak(counting):
    assert corridors.clip([0.0, 1.0, 7.0, 2.0], 0.1, 0.0, counting) == (7.0, 0.2, 0.2)


@pytest.mark.parametrize("dt", [1e-4, 8e-5, 7e-5])
def test_clip_of_a_triangle_in_closed_form(dt):
    """A triangle of height 100 and base 20 ms is above 85 for 3 ms; the peak lies between samples."""
    t = np.arange(0.0, 0.03, dt)
    x = np.maximum(0.0, 100.0 * (1.0 - np.abs(t - 0.0150004) / 0.010))
    for counting in COUNTINGS:
        level, t1, _ = corridors.clip(x, dt, 0.003, counting)
        assert level == pytest.approx(85.0, abs=1e-9)
        assert t1 == pytest.approx(0.0135004, abs=1e-9)


def test_two_equal_pulses_add_up_only_when_counted_together():
    """Two triangles of height 100, base 4 ms: together 3 ms above 62.5, each alone above 25."""
    t = np.arange(0.0, 0.0301, 1e-4)
    pulse = np.maximum(0.0, 1 - np.abs(t - 0.005) / 0.002) + np.maximum(0.0, 1 - np.abs(t - 0.020) / 0.002)
    assert corridors.clip(100 * pulse, 1e-4, 0.003, "cumulative").value == pytest.approx(62.5)
    assert corridors.clip(100 * pulse, 1e-4, 0.003, "contiguous").value == pytest.approx(25.0)


@pytest.mark.parametrize("counting", COUNTINGS)
def test_a_plateau_of_exactly_the_duration_counts(counting):
    """0.003 / 0.0001 is not 30 in floating point."""
    x = np.zeros(100)
    x[40:71] = 60.0
    assert corridors.clip(x, 1e-4, 0.003, counting).value == 60.0
    assert corridors.clip(x, 1e-4, 0.00301, counting).value < 60.0


@pytest.mark.parametrize("hole", [math.nan, math.inf])
@pytest.mark.parametrize("counting", COUNTINGS)
def test_clip_edges(counting, hole):
    x = np.arange(12.0).reshape(3, 4)
    x[1, 2] = hole
    clip = corridors.clip(x, 0.001, 0.001, counting)
    assert np.isnan(clip.value).tolist() == [False, True, False]
    assert np.isnan(clip.t1).tolist() == np.isnan(clip.t2).tolist() == [False, True, False]
    assert clip.value[2] == 10.0
    assert np.isnan(corridors.clip(x[0], 0.001, 0.0031, counting).value)
    assert np.isnan(corridors.duration_at_level(x[1], 0.001, 1.0, counting))
    assert corridors.clip([5.0], 0.001, 0.0, counting).value == 5.0
    for bad in (-0.001, math.nan, math.inf):
        with pytest.raises(ValueError, match="duration"):
            corridors.clip(x, 0.001, bad, counting)
    with pytest.raises(ValueError, match="counting"):
        corridors.clip(x, 0.001, 0.001, "total")


@pytest.mark.parametrize("counting", COUNTINGS)
@given(x=RECORD, other=RECORD, duration=st.floats(0, 0.02))
def test_a_batch_is_its_rows(counting, x, other, duration):
    if x.size != other.size:
        return
    batch = corridors.clip(np.stack([x, other])[None], 0.001, duration, counting, 0.5)
    assert np.shape(batch.value) == (1, 2)
    for row, value, t1, t2 in zip((x, other), batch.value[0], batch.t1[0], batch.t2[0], strict=True):
        one = corridors.clip(row, 0.001, duration, counting, 0.5)
        np.testing.assert_array_equal([value, t1, t2], one)


def test_level_duration_curve():
    x = np.array([0.0, 4.0, 0.0])
    np.testing.assert_allclose(corridors.level_duration_curve(x, 1.0, [0.0, 1.0, 1.5, 2.0]), [4, 2, 1, 0])
    assert np.isnan(corridors.level_duration_curve(x, 1.0, [3.0])).all()
    assert corridors.level_duration_curve(x, 1.0, []).shape == (0,)


def test_bound_is_straight_between_points_and_constant_after():
    np.testing.assert_allclose(
        corridors.bound(R94_TENSION, [0.0, 0.0175, 0.035, 0.0475, 0.060, 1.0]),
        [3300, 3100, 2900, 2000, 1100, 1100],
    )


CORRIDORS = st.lists(st.tuples(st.floats(0.3, 4), st.floats(0.1, 3)), max_size=4).map(
    lambda steps: Corridor(
        (0.0, *np.cumsum([s for s, _ in steps]).tolist()),
        tuple(np.cumsum([1.0, *(d for _, d in steps)])[::-1].tolist()),
    )
)


@pytest.mark.parametrize("counting", COUNTINGS)
@settings(max_examples=150)
@given(x=RECORD | SMOOTH, corridor=CORRIDORS)
def test_utilisation_is_the_largest_ratio_of_all_levels(counting, x, corridor):
    ratio, level, duration = corridors.utilisation(x, 1.0, corridor, counting)
    if x.max() <= 0:
        assert (ratio, level, duration) == (0.0, 0.0, 0.0)
        return

    def slow_ratio(at):
        return at / float(np.interp(slow_duration(x, 1.0, at, counting), corridor.durations, corridor.levels))

    # It is reached ...
    assert ratio == pytest.approx(slow_ratio(level * (1 - 1e-9)), rel=1e-5)
    assert ratio == pytest.approx(level / float(corridors.bound(corridor, duration)), rel=1e-12)
    # ... and no level does better.
    levels = np.concatenate([x[x > 0], np.linspace(0, x.max(), 400)[1:]])
    assert max(slow_ratio(at) for at in levels) <= ratio * (1 + 1e-9)


def test_utilisation_in_closed_form():
    """2 kN for 47.5 ms touches the R94 tension corridor; for 60 ms it is 2/1.1 of it."""
    for length, expected in ((475, 1.0), (600, 2000 / 1100), (1000, 2000 / 1100), (350, 2000 / 2900)):
        x = np.zeros(1200)
        x[100 : 101 + length] = 2000.0
        found = corridors.utilisation(x, 1e-4, R94_TENSION)
        assert found.ratio == pytest.approx(expected, rel=1e-3)
        # The flanks of one sample add a little time below the plateau, never above it.
        assert found.level <= 2000.0


def test_a_short_record_is_compared_for_the_time_it_has():
    found = corridors.utilisation(np.full(11, 1450.0), 1e-3, R94_TENSION)
    assert found.duration == pytest.approx(0.010)
    assert found.ratio == pytest.approx(1450.0 / (3300.0 - 400.0 * 10 / 35))


def test_utilisation_edges():
    x = np.ones((2, 50))
    x[0, 7] = np.nan
    found = corridors.utilisation(x, 1e-3, R94_TENSION)
    assert [np.isnan(part).tolist() for part in found] == [[True, False]] * 3
    for bad in (
        Corridor((), ()),
        Corridor((0.0,), (1.0, 2.0)),
        Corridor((0.001,), (5.0,)),
        Corridor((0.0, 0.0), (5.0, 4.0)),
        Corridor((0.0, 0.1), (4.0, 5.0)),
        Corridor((0.0, 0.1), (4.0, 0.0)),
        Corridor((0.0, 0.1), (4.0, math.nan)),
    ):
        with pytest.raises(ValueError, match="corridor needs"):
            corridors.utilisation(x, 1e-3, bad)


def test_published_corridors():
    assert corridors.published("un_r94_neck_tension") == R94_TENSION
    with pytest.raises(InputError, match="un_r94_neck_tension"):
        corridors.published("un_r94_hair")


def test_takes_milliseconds():
    rng = np.random.default_rng(0)
    x = 3000 * np.exp(-(((np.arange(3500) - 1200) / 300) ** 2)) + 50 * rng.normal(size=3500)
    took = []
    for _ in range(3):
        begin = time.perf_counter()
        corridors.utilisation(x, 1e-4, R94_TENSION)
        corridors.clip(x, 1e-4, 0.003)
        took.append(time.perf_counter() - begin)
    assert min(took) < 0.05  # 2 ms alone on one core


HIGHER = Corridor((0.0, 0.035, 0.060), (2700.0, 2300.0, 1100.0))
LOWER = Corridor((0.0, 0.035, 0.060), (3300.0, 2900.0, 1100.0))


@pytest.mark.parametrize(
    ("force", "held", "place"),
    [
        # a force held for a time, with edges of one sample: bounds by hand, straight lines between the points
        (2000.0, 0.035, 0.0),  # below 2300
        (2600.0, 0.035, 0.5),  # between 2300 and 2900
        (2900.0, 0.035, 1.0),
        (2800.0, 0.0175, 0.5),  # half way to 35 ms the bounds are 2500 and 3100
        (1700.0, 0.0475, 0.0),  # half way from 35 to 60 ms they are 1700 and 2000
        (1850.0, 0.0475, 0.5),
        (2200.0, 0.100, 2.0),  # beyond both: twice the 1100 of the lower one
        (-2600.0, 0.035, 0.0),
        (0.0, 0.035, 0.0),
    ],
)
def test_between_two_corridors(force, held, place):
    dt = 1e-5
    signal = np.zeros(20_000)
    signal[1000 : 1001 + round(held / dt)] = force
    assert between(signal, dt, HIGHER, LOWER) == pytest.approx(place, abs=2e-3)


def test_between_corridors_is_the_worst_level_of_all():
    # 2600 N for 35 ms (0.5), with a spike of 3180 N: at no duration to speak of (3180 - 2700) / 600 = 0.8
    dt = 1e-5
    signal = np.zeros(20_000)
    signal[1000:4501] = 2600.0
    signal[2000] = 3180.0
    assert between(signal, dt, HIGHER, LOWER) == pytest.approx(0.8, abs=2e-3)


def test_between_corridors_of_rows_gaps_and_corridors_that_cross():
    signal = np.zeros((2, 100))
    signal[1, 5] = np.nan
    out = between(signal, 1e-4, HIGHER, LOWER)
    assert out[0] == 0.0
    assert np.isnan(out[1])
    with pytest.raises(ValueError, match="higher performance"):
        between(signal, 1e-4, LOWER, HIGHER)


@settings(max_examples=200, deadline=None)
@given(
    x=arrays(np.float64, st.integers(2, 25), elements=st.floats(0, 3500)), dt=st.sampled_from([0.001, 0.01])
)
def test_between_corridors_is_the_first_corridor_that_is_kept(x, dt):
    place = float(between(x, dt, HIGHER, LOWER))
    if place > 1:
        assert place == pytest.approx(float(utilisation(x, dt, LOWER).ratio))
        return
    levels = np.array(HIGHER.levels), np.array(LOWER.levels)

    def moved(share):
        return Corridor(HIGHER.durations, tuple(levels[0] + share * (levels[1] - levels[0])))

    assert utilisation(x, dt, moved(place)).ratio <= 1 + 1e-8
    if place > 0.001:
        assert utilisation(x, dt, moved(place - 0.001)).ratio > 1
