"""Single kernels: rounding as on paper, bounds by brute force over every value inside the interval."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carindex.rating import kernels

from .reference import rounded

MODES = ("half_up", "half_even", "floor", "ceiling", "truncate")
tenths = st.integers(-50, 50).map(lambda n: n / 10)


@pytest.mark.parametrize("mode", MODES)
@given(x=st.decimals(-1000, 1000, places=4), decimals=st.integers(0, 3))
def test_rounding_is_that_of_decimal_numbers(mode, x, decimals):
    array = np.array([float(x)])
    assert kernels.rounded(array, 10.0**decimals, mode)[0] == rounded(float(x), decimals, mode)


@pytest.mark.parametrize(
    ("value", "decimals", "mode", "expected"),
    [
        (0.665, 2, "half_up", 0.67),  # binary 0.665 lies below the tie
        (2.675, 2, "half_up", 2.68),
        (-2.5, 0, "half_up", -3.0),  # ties away from zero, as a spreadsheet
        (2.5, 0, "half_even", 2.0),
        (0.1 + 0.2, 1, "floor", 0.3),
        (79.99999999999999, 0, "floor", 80.0),
        (79.9999, 0, "floor", 79.0),
        (np.inf, 2, "half_up", np.inf),
    ],
)
def test_rounding_cases(value, decimals, mode, expected):
    assert kernels.rounded(np.array([value]), 10.0**decimals, mode)[0] == expected


def every_value(low, high):
    return [round(low + 0.1 * i, 1) for i in range(round((high - low) * 10) + 1)]


def run(kernel, parameters, inputs):
    array = np.array(inputs, float)[None, :, None]
    return float(kernels.KERNELS[kernel](parameters, array, array)[0][0, 0])


def bounds(kernel, parameters, lows, highs):
    low, high = (np.array(ends, float)[None, :, None] for ends in (lows, highs))
    out = kernels.KERNELS[kernel](parameters, low, high)
    return float(out[0][0, 0]), float(out[1][0, 0])


def one(**parameters):
    return {
        name: value if isinstance(value, str) else np.array([value], float)
        for name, value in parameters.items()
    }


SINGLE = {
    "risk_logistic": one(intercept=3.0, slope=-1.2, divisor=-2.0, power=1.0, origin=0.0, transform="none"),
    "risk_lognormal": one(mean=0.4, deviation=0.7, divisor=1.0),
    "risk_weibull": one(scale=2.0, shape=1.5, location=0.5, divisor=1.0),
    "curve": one(x=[-2.0, 0.0, 1.0, 3.0], y=[1.0, 4.0, 0.0, 2.0], divisor=1.0),
    "steps": one(thresholds=[-1.0, 0.5, 2.0], values=[1.0, 3.0, 0.0, 2.0], divisor=-1.0),
    "linear": one(weights=[-1.5], constant=2.0),
    "clip": one(least=-1.0, most=2.0),
    "compare": one(least=-0.5, most=1.0, divisor=-1.0),
}


@pytest.mark.parametrize("kernel", list(SINGLE))
@given(ends=st.tuples(tenths, tenths))
def test_bounds_of_one_input_are_exact(kernel, ends):
    low, high = sorted(ends)
    got = bounds(kernel, SINGLE[kernel], [low], [high])
    values = [run(kernel, SINGLE[kernel], [x]) for x in every_value(low, high)]
    assert got[0] == pytest.approx(min(values), abs=1e-12)
    assert got[1] == pytest.approx(max(values), abs=1e-12)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=3))
def test_choice_spans_every_case_still_possible(ends):
    lows = [0, *(min(pair) / 5 for pair in ends)]
    highs = [2, *(max(pair) / 5 for pair in ends)]
    got = bounds("choose", {}, lows, highs)
    values = [
        run("choose", {}, [index, *corner])
        for index in range(3)
        for corner in itertools.product(*zip(lows[1:], highs[1:], strict=True))
    ]
    assert got == (min(values), max(values))


@settings(max_examples=200)
@given(data=st.data())
def test_share_bounds_take_every_combination_of_open_parts(data):
    parts = data.draw(st.integers(1, 4))
    maxima = [data.draw(st.integers(1, 5)) for _ in range(parts)]
    ends = [sorted((data.draw(st.integers(0, m)), data.draw(st.integers(0, m)))) for m in maxima]
    flags = [data.draw(st.sampled_from([(0, 0), (1, 1), (0, 1)])) for _ in range(parts)]
    weights = [data.draw(st.integers(1, 3)) for _ in range(parts)]
    parameters = one(weights=weights, maxima=maxima, points=10.0)
    got = bounds(
        "share",
        parameters,
        [e[0] for e in ends] + [f[0] for f in flags],
        [e[1] for e in ends] + [f[1] for f in flags],
    )
    values = [
        run("share", parameters, [*scores, *applies])
        for scores in itertools.product(*[sorted(set(e)) for e in ends])
        for applies in itertools.product(*[sorted(set(f)) for f in flags])
    ]
    assert got[0] == pytest.approx(min(values))
    assert got[1] == pytest.approx(max(values))


def test_joint_risk_of_missing_parts_reaches_one():
    assert bounds("joint_risk", {}, [0.1, 0.0], [0.1, 1.0]) == pytest.approx((0.1, 1.0))


def test_missing_fact_that_can_be_anything_gives_the_whole_risk_interval():
    for kernel in ("risk_logistic", "risk_lognormal", "risk_weibull"):
        parameters = dict(SINGLE[kernel])
        if kernel == "risk_logistic":
            parameters |= one(slope=1.0, divisor=1.0, power=0.5, transform="power", origin=0.0)
        low, high = bounds(kernel, parameters, [0.0], [np.inf])
        assert low == pytest.approx(run(kernel, parameters, [0.0]))
        assert high == 1.0
