"""Kernels of crash tests: criteria in colours, words near each other, products.

Facts arrive raw here: NaN where they are not known, so that an empty cell can count as the rules say it does.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels.basic import rounded
from carindex.rating.kernels.kernel import Array, Interval, Kernel, Parameters, column, equal


def _three(values: object) -> Array:
    """Return parameters ``(g, m)`` so that they broadcast over cars: ``(g, m, 1)``."""
    return np.asarray(values, np.float64)[:, :, None]


def criterion(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Per cent, colour, check of the prediction, capping, and whether there is a score; outputs ``(g, 5, n)``.

    Inputs are the measured value and the predicted colour, raw. ``thresholds`` part the colours, ``sign`` is −1 where
    more is better; ``least`` and ``most`` bound, for each predicted colour, the values for which it is granted.
    ``blank`` says what a missing value means: anything (``open``) or nothing at all (``nothing``). While it is not
    known what was predicted, every prediction that would be granted is possible.
    """
    kind, blank = str(parameters["form"]), str(parameters["blank"])
    divisor, sign = column(parameters["divisor"]), column(parameters["sign"])
    gate, cap = column(parameters["gate"]), column(parameters["cap"])
    thresholds, scores = _three(parameters["thresholds"]), np.asarray(parameters["scores"], np.float64)
    least, most = np.asarray(parameters["least"]), np.asarray(parameters["most"])
    decimals = 10.0 ** float(np.asarray(parameters["decimals"])[0])
    rows = np.arange(len(scores))[:, None]
    last = scores.shape[1] - 1

    def found(table: Array, colour: NDArray[np.intp]) -> Array:
        """Return what a table ``(g, m)`` holds for a colour; one index is looked up faster than two."""
        return np.asarray(table.reshape(-1).take(colour + rows * table.shape[1]), np.float64)

    def assessed(value: Array, predicted: Array) -> Array:
        out = np.empty((len(scores), 5, value.shape[-1]))
        x = rounded(value / divisor, decimals, "half_up")
        with np.errstate(invalid="ignore"):
            capped = x >= cap
            if kind == "graded":
                signed, reached = sign * x, np.zeros(x.shape, np.int8)
                for edge in range(thresholds.shape[1]):
                    reached += signed >= sign * thresholds[:, edge]
                colour = reached.astype(np.intp)
                asked = predicted < least.shape[1]  # neither unknown nor the word for no prediction
                out[:, 2] = np.nan
                if asked.any():
                    guess = np.where(asked, predicted, 0).astype(np.intp)
                    within = (x >= found(least, guess)) & (x < found(most, guess))
                    check = np.where(guess == colour, 0.0, np.where(within, 1.0, 2.0))
                    colour = np.where(asked & (check == 1.0), guess, colour)
                    out[:, 2] = np.where(asked, check, np.nan)
                out[:, 0] = found(scores, colour)
                out[:, 4] = 1.0
            elif kind == "gate":
                passed = x < gate
                colour = np.where(passed, 0, last)
                out[:, 0], out[:, 2], out[:, 4] = np.where(passed, 100.0, 0.0), np.nan, passed
            else:
                colour = np.where(capped, last, 0)
                out[:, 0], out[:, 2], out[:, 4] = 0.0, np.nan, 0.0
        out[:, 1] = colour
        out[:, 3] = capped
        return out

    out = assessed(low[:, 0], low[:, 1])
    if high is low:
        return out, out
    missing = np.isnan(low[:, 0])
    if equal(low, high):
        lower, upper = out, out.copy()
    else:
        top = assessed(high[:, 0], high[:, 1])
        with np.errstate(invalid="ignore"):
            lower, upper = np.fmin(out, top), np.fmax(out, top)
    if kind == "graded" and blank == "open":
        unpredicted = ~missing & np.isnan(low[:, 1])
        if unpredicted.any():
            ends = (rounded(bound[:, 0] / divisor, decimals, "half_up") for bound in (low, high))
            _grant_any(parameters, tuple(ends), unpredicted, lower, upper)
    has = np.array([1.0 if kind == "graded" else 0.0])
    open_low = np.array([scores.min(), 0.0, np.nan, 0.0, has[0]])
    caps = np.isfinite(cap).astype(np.float64)
    for k in range(5):
        if blank == "nothing":
            value = np.array([0.0, np.nan, np.nan, 0.0, has[0]])[k]
            np.copyto(lower[:, k], value, where=missing)
            np.copyto(upper[:, k], value, where=missing)
            continue
        most_k = np.broadcast_to(
            caps if k == 3 else np.array([[[100.0], [float(last)], [np.nan], [1.0], [1.0]][k]]), caps.shape
        )
        if kind == "capping" and k in (0, 4):
            most_k = np.zeros_like(most_k)
        np.copyto(lower[:, k], open_low[k], where=missing)
        np.copyto(upper[:, k], most_k, where=missing)
    return lower, upper


def _grant_any(
    parameters: Parameters,
    ends: tuple[Array, ...],
    unpredicted: NDArray[np.bool_],
    lower: Array,
    upper: Array,
) -> None:
    """Widen per cent and colour by every prediction that may have been made and would be granted."""
    scores, least, most = (np.asarray(parameters[name], np.float64) for name in ("scores", "least", "most"))
    first, last = np.minimum(*ends), np.maximum(*ends)
    for guess in range(least.shape[1]):
        granted = unpredicted & (last >= least[:, guess, None]) & (first < most[:, guess, None])
        if not granted.any():
            continue
        for column_, value in (
            (0, np.broadcast_to(scores[:, guess, None], granted.shape)),
            (1, float(guess)),
        ):
            np.copyto(lower[:, column_], np.minimum(lower[:, column_], value), where=granted)
            np.copyto(upper[:, column_], np.maximum(upper[:, column_], value), where=granted)


def criterion_line(parameters: Parameters, low: Array, high: Array) -> Interval:
    """As `criterion`, for one limit that is ``slope`` · the third input + ``intercept``; a sixth output is the limit.

    Inputs are value, predicted colour, the fact that the limit comes from, and a fact that has to be known for it.
    """
    blank = str(parameters["blank"])
    divisor, slope, intercept = (column(parameters[name]) for name in ("divisor", "slope", "intercept"))
    last = 4.0

    def assessed(value: Array, line: Array, needed: Array) -> tuple[Array, Array]:
        limit = slope * np.where(np.isnan(needed), np.nan, line) + intercept
        limit = np.where(np.isnan(limit), 0.0, limit)
        return rounded(value / divisor, 100.0, "half_up"), limit

    def outputs(reached: NDArray[np.bool_], limit: Array) -> Array:
        score = np.where(reached, 100.0, 0.0)
        nothing = np.full_like(score, np.nan)
        zero = np.zeros_like(score)
        return np.stack(
            [score, np.where(reached, 0.0, last), nothing, zero, np.ones_like(score), limit], axis=1
        )

    with np.errstate(invalid="ignore"):
        x, limit = assessed(low[:, 0], low[:, 2], low[:, 3])
        edge = rounded(limit, 100.0, "half_up")
        out = outputs(x < edge, limit)
        if high is low:
            return out, out
        top, most = assessed(high[:, 0], high[:, 2], high[:, 3])
        best = outputs(x < rounded(most, 100.0, "half_up"), most)
        worst = outputs(top < edge, limit)
        lower, upper = np.fmin(worst, best), np.fmax(worst, best)
    missing = np.isnan(low[:, 0])
    unknown = missing | np.isnan(low[:, 2])
    if blank == "nothing":
        for k, value in enumerate((0.0, np.nan, np.nan, 0.0, 1.0)):
            lower[:, k] = np.where(missing, value, lower[:, k])
            upper[:, k] = np.where(missing, value, upper[:, k])
    else:
        lower[:, 5] = np.where(np.isnan(low[:, 2]), -np.inf, lower[:, 5])
        upper[:, 5] = np.where(np.isnan(low[:, 2]), np.inf, upper[:, 5])
        lower[:, 0], upper[:, 0] = np.where(unknown, 0.0, lower[:, 0]), np.where(unknown, 100.0, upper[:, 0])
        lower[:, 1], upper[:, 1] = np.where(unknown, 0.0, lower[:, 1]), np.where(unknown, last, upper[:, 1])
    return lower, upper


def near(parameters: Parameters, low: Array, high: Array) -> Interval:
    """``points`` where two words are the same or at most ``steps`` apart below ``order``.

    Outputs are the score and whether it counts.

    Inputs are both words as numbers, raw.
    """
    blank = str(parameters["blank"])
    steps, order, points = (column(parameters[name]) for name in ("steps", "order", "points"))
    with np.errstate(invalid="ignore"):
        here, there = low[:, 0], low[:, 1]
        both = (here < order) & (there < order)
        close = (here == there) | (both & (np.abs(here - there) <= steps))
    score = np.where(close, points, 0.0)
    known = ~np.isnan(here)
    out = np.stack([score, np.ones_like(score)], axis=1)
    if high is low:
        return out, out
    if blank == "nothing":
        out[:, 1] = known
        return out, out
    unknown = np.isnan(here) | np.isnan(there)
    lower, upper = out.copy(), out.copy()
    lower[:, 0] = np.where(unknown, 0.0, score)
    upper[:, 0] = np.where(unknown, points, score)
    return lower, upper


def product(parameters: Parameters, low: Array, high: Array) -> Interval:
    """``factor`` · the product of two inputs."""
    factor = column(parameters["factor"])
    out = factor * low[:, 0] * low[:, 1]
    if high is low:
        return out, out
    corners = [factor * a[:, 0] * b[:, 1] for a in (low, high) for b in (low, high)]
    return np.minimum.reduce(corners), np.maximum.reduce(corners)


CRASH: Mapping[str, Kernel] = {
    "criterion": criterion,
    "criterion_line": criterion_line,
    "near": near,
    "product": product,
}
