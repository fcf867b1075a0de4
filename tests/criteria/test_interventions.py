"""Warnings and braking: closed forms and slow loops."""

from __future__ import annotations

from math import pi, tan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carindex.criteria import filters, interventions

DT = 0.01


def test_braking_that_builds_up_in_a_ramp():
    t = np.arange(0.0, 4.0, DT)
    a = -np.clip(12.0 * (t - 1.003), 0.0, 7.0)
    assert interventions.braking_start(t, a) == pytest.approx(1.003 + 0.3 / 12.0, abs=1e-3)
    assert interventions.braking_start(t, a, until=1.0) == np.inf
    assert interventions.braking_start(t, 0 * a) == np.inf
    assert interventions.braking_start(t, a - 2.0) == 0.0
    assert np.isnan(interventions.braking_start(t, np.where(t > 3, np.nan, a)))


def slow_start(t, a, until):
    last = None
    for i in range(t.size):
        if t[i] <= until and a[i] < -1.0:
            last = i
    if last is None:
        return np.inf
    i = last
    while i >= 0 and a[i] < -0.3:
        i -= 1
    if i < 0:
        return t[0]
    return np.interp(-0.3, [a[i + 1], a[i]], [t[i + 1], t[i]])


@given(st.lists(st.floats(-4, 1), min_size=2, max_size=20), st.floats(0, 2))
@settings(max_examples=300, deadline=None)
def test_braking_start_is_found_by_walking_back(values, until):
    t, a = 0.1 * np.arange(len(values)), np.array(values)
    assert interventions.braking_start(t, a, until) == pytest.approx(slow_start(t, a, until), abs=1e-9)


@pytest.mark.parametrize("rate", [100.0, 250.0, 1000.0])
@pytest.mark.parametrize("frequency", [1.0, 5.0, 10.0, 14.0])
def test_filter_leaves_a_tone_its_phase_and_the_share_of_its_twelve_poles(rate, frequency):
    dt = 1.0 / rate
    t = np.arange(0.0, 8.0, dt)
    tone = np.cos(2 * pi * frequency * t)
    # Bilinear transformation: frequencies are compared by their tangents.
    ratio = tan(pi * frequency * dt) / tan(pi * 10.0 * dt)
    share = 1.0 / (1.0 + ratio**12)
    middle = (t > 3) & (t < 5)
    filtered = interventions.filtered_acceleration(tone, dt)
    assert filtered[middle] == pytest.approx(share * tone[middle], abs=2e-4)


def test_filter_agrees_with_a_signal_processing_library():
    signal = pytest.importorskip("scipy.signal")
    rng = np.random.default_rng(3)
    noise = np.cumsum(rng.normal(size=2000)) * 0.05
    sections = signal.butter(6, 10.0, fs=100.0, output="sos")
    reference = signal.sosfiltfilt(sections, noise, padlen=300)
    found = filters.twelve_pole_butterworth(noise, 0.01, 10.0)
    assert found[400:-400] == pytest.approx(reference[400:-400], abs=1e-6)


@pytest.mark.parametrize(("dt", "cutoff"), [(0.02, 10.0), (0.0, 10.0), (0.01, -1.0), (float("nan"), 10.0)])
def test_filter_that_cannot_be(dt, cutoff):
    with pytest.raises(ValueError, match=r"sampling|cutoff"):
        filters.twelve_pole_butterworth(np.zeros(100), dt, cutoff)


def test_mean_deceleration():
    t = np.arange(0.0, 4.0, DT)
    v = 15.0 - 6.0 * np.clip(t - 1.0, 0.0, 2.0)
    found = interventions.mean_deceleration(t, v, 1.2345, 2.5)
    assert (found.value, found.t1, found.t2) == (pytest.approx(6.0), 1.2345, 2.5)
    assert np.isnan(interventions.mean_deceleration(t, v, 2.0, 2.0).value)
    assert np.isnan(interventions.mean_deceleration(t, v, np.inf, 3.0).value)


def test_end_of_event():
    t = np.arange(0.0, 4.0, DT)
    closing = 10.0 - 5.0 * t
    assert interventions.end_of_event(t, closing, 0.0, 1.5) == 1.5
    assert interventions.end_of_event(t, closing, 0.0, np.inf) == pytest.approx(2.0)
    assert interventions.end_of_event(t, closing + 20, 0.0, np.inf) == pytest.approx(t[-1])


@given(st.lists(st.booleans(), min_size=2, max_size=15))
@settings(deadline=None)
def test_switches(states):
    t, flag = 0.1 * np.arange(len(states)), np.array(states, dtype=float)
    on = [time for time, state in zip(t, states, strict=True) if state]
    assert interventions.switched_on(t, flag) == (on[0] if on else np.inf)
    later = [time for time in t if on and time > on[-1]]
    assert interventions.switched_off(t, flag) == (later[0] if later else np.inf)
    assert interventions.never_on(t, flag) == (not on)
    assert interventions.on_from_start(t, flag) == states[0]
    assert interventions.on_at_end(t, flag) == states[-1]


def test_a_switch_with_a_gap_is_not_known():
    assert np.isnan(interventions.switched_on([0.0, 1.0], [0.0, np.nan]))
    assert np.isnan(interventions.switched_off([0.0, 1.0], [1.0, np.nan]))
