"""Figures and outcomes as text."""

from __future__ import annotations

import math

import pytest

from carindex.report.wording import figure, percent, points, stars_text, window_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (139.8612, "139.86"),
        (41.02, "41.02"),
        (0.454, "0.4540"),
        (-1923.292, "−1923.3"),
        (1.4568, "1.457"),
        (0.0, "0.0000"),
        (math.nan, "–"),
        (math.inf, "∞"),
    ],
)
def test_figures(value: float, text: str) -> None:
    assert figure(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (0.0753, "7.53 %"),
        (1 - 0.9, "10.0 %"),
        (0.000343, "0.0343 %"),
        (0.9999, "100 %"),
        (1.0, "100 %"),
        (1e-9, "< 0.0001 %"),
    ],
)
def test_percentages_keep_three_figures(share: float, text: str) -> None:
    assert percent(share) == text


def test_points_show_three_decimals_only_where_there_are_any() -> None:
    assert points(16.0) == "16"
    assert points(12.3456) == "12.346"
    assert points(-1.5) == "−1.500"


def test_stars() -> None:
    assert stars_text(4, 5) == "★★★★☆"
    assert stars_text(3.5, 5) == "★★★½☆"
    assert stars_text(0, 5) == "☆☆☆☆☆"
    assert stars_text("Good", 5) == "Good"


def test_windows_are_in_milliseconds() -> None:
    assert window_text(0.0777, 0.0927) == "77.7–92.7"
    assert window_text(0.0678, 0.0678) == "67.8"
    assert window_text(-0.001, None) == "−1.0"
    assert window_text(None, None) == ""
