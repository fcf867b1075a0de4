"""Objective rating: the parts of ISO/TS 18571 that have closed forms, and refusals."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from carindex.criteria import correlation
from carindex.messages import InputError

T = np.arange(600) * 1e-4
PULSE = np.sin(np.pi * T / T[-1]) ** 2


def test_the_library_is_not_loaded_with_the_module():
    import subprocess

    code = "import sys, carindex.criteria.correlation; print('objective_rating_metrics' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_a_signal_agrees_fully_with_itself():
    pytest.importorskip("objective_rating_metrics")
    found = correlation.iso_18571(PULSE, PULSE)
    assert (found.corridor, found.phase, found.magnitude, found.slope, found.overall) == (1, 1, 1, 1, 1)
    assert found.grade == "excellent"


def test_a_scaled_signal_has_closed_form_scores():
    pytest.importorskip("objective_rating_metrics")
    scale = 0.9
    found = correlation.iso_18571(PULSE, scale * PULSE)
    assert found.phase == 1.0
    # slope error: the ratio of the 1-norms of (1 - scale) y' and y'; score 1 - error / 2
    assert found.slope == pytest.approx(1 - (1 - scale) / 2.0, abs=1e-9)
    # corridor: inner half width 5 %, outer 50 % of the largest reference, quadratic between
    error = (1 - scale) * PULSE
    top = PULSE.max()
    inside = [1.0 if e < 0.05 * top else ((0.5 * top - e) / (0.45 * top)) ** 2 for e in error]
    assert found.corridor == pytest.approx(np.mean(inside), abs=1e-9)
    assert 0 < found.magnitude <= 1
    weighted = 0.4 * found.corridor + 0.2 * (found.phase + found.magnitude + found.slope)
    assert found.overall == pytest.approx(weighted, abs=1e-12)


def test_a_shifted_signal_loses_phase_in_proportion():
    pytest.importorskip("objective_rating_metrics")
    shift = 30  # of at most 120 samples, a fifth of the record
    late = np.concatenate((np.zeros(shift), PULSE[:-shift]))
    found = correlation.iso_18571(PULSE, late)
    assert found.phase == pytest.approx(1 - shift / 120, abs=1e-12)


def test_opposite_signals_are_poor():
    pytest.importorskip("objective_rating_metrics")
    found = correlation.iso_18571(PULSE, -PULSE)
    assert found.overall < 0.58
    assert found.grade == "poor"


@pytest.mark.parametrize("spoil", [np.nan, "constant"])
def test_what_has_no_rating_is_nan(spoil):
    pytest.importorskip("objective_rating_metrics")
    other = np.zeros(600) if spoil == "constant" else np.where(np.arange(600) == 7, np.nan, PULSE)
    for pair in ((PULSE, other), (other, PULSE)):
        found = correlation.iso_18571(*pair)
        assert np.isnan([found.corridor, found.phase, found.magnitude, found.slope, found.overall]).all()
        assert found.grade is None


def test_pulses_with_long_flat_stretches_are_rated_without_warnings():
    pytest.importorskip("objective_rating_metrics")
    pulse = np.concatenate((np.zeros(500), PULSE[:100]))
    assert 0.9 < correlation.iso_18571(pulse, 0.98 * pulse).overall <= 1.0


@pytest.mark.parametrize(
    ("reference", "comparison"), [(PULSE, PULSE[:-1]), (PULSE[:10], PULSE[:10]), (PULSE[None], PULSE[None])]
)
def test_signals_that_cannot_be_compared_are_refused(reference, comparison):
    with pytest.raises(InputError) as caught:
        correlation.iso_18571(reference, comparison, place="11HEAD0000H3ACXA")
    assert str(caught.value).startswith("11HEAD0000H3ACXA: ")
    assert "采样点" in caught.value.line("zh")


def test_another_sampling_rate_is_refused():
    with pytest.raises(InputError, match="12500 Hz; 10000 Hz"):
        correlation.iso_18571(PULSE, PULSE, 8e-5)


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "objective_rating_metrics.rating", None)
    with pytest.raises(InputError, match=r"carindex\[correlation\]"):
        correlation.iso_18571(PULSE, PULSE)


@pytest.mark.parametrize(
    ("overall", "grade"),
    [(1.0, "excellent"), (0.94, "good"), (0.80, "fair"), (0.58, "poor"), (0.0, "poor"), (np.nan, None)],
)
def test_grades(overall, grade):
    assert correlation.grade_of(overall) == grade
