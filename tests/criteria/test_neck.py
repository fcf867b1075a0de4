"""Neck criteria against loops, closed forms and values computed elsewhere for NHTSA test 10146."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carindex.criteria import corridors, neck
from carindex.criteria.filters import cfc
from carindex.messages import InputError

DT = 1e-3
LOADS = arrays(np.float64, (2, 2, 15), elements=st.floats(-9e3, 9e3) | st.just(0.0))
H3_50M = neck.NijIntercepts(tension=6806, compression=6160, flexion=310, extension=135)
PARTS = ("tension_extension", "tension_flexion", "compression_extension", "compression_flexion")


def slow_nij(fz, my, limits):
    """Return the four maxima by asking at each instant which one load case is live."""
    best = dict.fromkeys(PARTS, 0.0)
    when = dict.fromkeys(PARTS, np.nan)
    for i, (f, m) in enumerate(zip(fz, my, strict=True)):
        case = ("tension" if f >= 0 else "compression") + "_" + ("flexion" if m >= 0 else "extension")
        value = abs(f) / (limits.tension if f >= 0 else limits.compression)
        value += abs(m) / (limits.flexion if m >= 0 else limits.extension)
        if np.isnan(when[case]) or value > best[case]:
            best[case], when[case] = value, i * DT
    return best, when


@given(LOADS)
def test_nij_equals_a_loop_over_samples(loads):
    fz, my = loads[0], loads[1] / 30.0
    found = neck.nij(fz, my, H3_50M, DT)
    for row in range(2):
        best, when = slow_nij(fz[row], my[row], H3_50M)
        for part in PARTS:
            peak = getattr(found, part)
            assert peak.value[row] == pytest.approx(best[part], rel=1e-12)
            if best[part] > 0:
                assert peak.time[row] == pytest.approx(when[part])
            elif np.isnan(when[part]):
                assert np.isnan(peak.time[row])
        assert found.overall.value[row] == max(getattr(found, part).value[row] for part in PARTS)
        one = neck.nij(fz[row], my[row], H3_50M, DT)
        np.testing.assert_array_equal([p.value for p in one], [p.value[row] for p in found])


def test_an_empty_quadrant_is_zero_and_has_no_time():
    found = neck.nij([100.0, 6806.0], [31.0, 155.0], H3_50M, DT, start=-0.01)
    assert found.tension_flexion == (pytest.approx(1.5), pytest.approx(-0.009))
    assert found.overall == found.tension_flexion
    for part in ("tension_extension", "compression_extension", "compression_flexion"):
        peak = getattr(found, part)
        assert peak.value == 0.0
        assert np.isnan(peak.time)


def test_the_critical_values_give_two_on_every_corner():
    for f, m in ((6806.0, 310.0), (6806.0, -135.0), (-6160.0, 310.0), (-6160.0, -135.0)):
        assert neck.nij_history([f], [m], H3_50M)[0] == pytest.approx(2.0)


def test_a_nan_reaches_every_part_of_its_own_record():
    fz, my = np.full((2, 10), 500.0), np.full((2, 10), 20.0)
    fz[0, 4] = np.nan
    found = neck.nij(fz, my, H3_50M, DT)
    assert all(np.isnan(peak.value).tolist() == [True, False] for peak in found)
    assert np.isnan(found.overall.time).tolist() == [True, False]
    for function in (neck.tension, neck.compression, neck.shear, neck.extension, neck.flexion):
        peak = function(fz, DT)
        assert np.isnan(peak.value).tolist() == [True, False]
        assert np.isnan(peak.time)[0]


def test_moments_about_the_occipital_condyle():
    """A rearward push of 1000 N on the head takes 17.78 N·m off My, and a lateral one adds them to Mx."""
    assert neck.moment_at_occipital_condyle([50.0], [1000.0], 0.01778)[0] == pytest.approx(32.22)
    assert neck.lateral_moment_at_occipital_condyle([50.0], [1000.0], 0.01778)[0] == pytest.approx(67.78)


@given(arrays(np.float64, (2, 12), elements=st.floats(-5e3, 5e3)))
def test_peaks_equal_a_loop(load):
    expected = {
        neck.tension: [max(0.0, *row) for row in load],
        neck.compression: [max(0.0, *(-row)) for row in load],
        neck.shear: [max(abs(v) for v in row) for row in load],
        neck.flexion: [max(0.0, *row) for row in load],
        neck.extension: [max(0.0, *(-row)) for row in load],
    }
    for function, values in expected.items():
        peak = function(load, DT, -0.005)
        assert peak.value.tolist() == values
        for row in range(2):
            if values[row] > 0:
                at = round((peak.time[row] + 0.005) / DT)
                assert abs(load[row, at]) == values[row]
            elif function is not neck.shear:
                assert np.isnan(peak.time[row])


@pytest.mark.parametrize(
    ("occupant", "dummy", "expected"),
    [
        ("driver", "h3_50m", (0.155, 0.196, 0.103, 0.120)),
        ("passenger", "h3_05f", (0.211, 0.173, 0.208, 0.151)),
    ],
)
def test_nij_of_nhtsa_10146(nhtsa_v10146, occupant, dummy, expected):
    """Reference values of an independent computation, CFC 600, moment about the occipital condyle."""
    channels = nhtsa_v10146[occupant]
    fx, fz, my = cfc([channels["neck_fx"], channels["neck_fz"], channels["neck_my"]], 1e-4, 600)
    moc = neck.moment_at_occipital_condyle(my, fx, neck.lever_arm(dummy))
    found = neck.nij(fz, moc, neck.nij_intercepts(dummy), 1e-4, -0.05)
    for part, value in zip(PARTS, expected, strict=True):
        assert getattr(found, part).value == pytest.approx(value, abs=6e-4)
    assert found.overall.value == pytest.approx(max(expected), abs=6e-4)
    if occupant == "driver":  # with the load cell's own moment it is another number
        assert neck.nij(fz, my, neck.nij_intercepts(dummy), 1e-4).overall.value == pytest.approx(
            0.225, abs=6e-4
        )


def test_constants_of_dummies():
    assert neck.nij_intercepts("h3_50m") == H3_50M
    assert neck.nij_intercepts("h3_05f") == (4287, 3880, 155, 67)
    assert neck.nij_intercepts("h3_05f_oop") == (3880, 3880, 155, 61)
    assert neck.lever_arm("h3_50m") == 0.01778
    with pytest.raises(InputError, match="q10"):
        neck.nij_intercepts("q10")
    with pytest.raises(InputError, match="es2"):
        neck.lever_arm("es2")


def test_corridors_by_direction():
    """2000 N held for 60 ms or more is 2000/1100 of the tension bound."""
    load = np.zeros(200)
    load[20:120] = 2000.0
    bound = corridors.published("un_r94_neck_tension")
    expected = pytest.approx(2000 / 1100, rel=1e-9)
    assert neck.duration_corridor(load, DT, bound).ratio == expected
    assert neck.duration_corridor(-load, DT, bound).ratio == 0.0
    assert neck.duration_corridor(-load, DT, bound, "negative").ratio == expected
    both = load.copy()
    both[70:120] *= -1  # half the time in each direction
    assert neck.duration_corridor(both, DT, bound, "both").ratio == expected
    # One direction alone is held for 49 ms, where the bound is 2900 - 1800 * 14 / 25 N.
    one = neck.duration_corridor(both, DT, bound, "positive")
    assert one.ratio == pytest.approx(2000 / 1892)
    assert one.duration == pytest.approx(0.049)
    assert neck.duration_corridor(both, DT, bound, "positive", "contiguous").duration < 0.055
    with pytest.raises(ValueError, match="direction"):
        neck.duration_corridor(load, DT, bound, "up")


def test_neck_of_nhtsa_10146_stays_inside_the_corridors(nhtsa_v10146):
    """A plain look at three hundred levels finds no larger share of the corridor."""
    for channels in nhtsa_v10146.values():
        fz = cfc(channels["neck_fz"], 1e-4, 1000)
        bound = corridors.published("un_r94_neck_tension")
        found = neck.duration_corridor(fz, 1e-4, bound)
        slow = 0.0
        for level in np.linspace(1.0, fz.max(), 300):
            time_above = float(corridors.duration_at_level(fz, 1e-4, level))
            slow = max(slow, level / float(corridors.bound(bound, time_above)))
        assert slow <= found.ratio * (1 + 1e-9)
        assert found.ratio == pytest.approx(slow, rel=0.02)
