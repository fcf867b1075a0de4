"""The kernels that rules of every programme need."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels.kernel import Array, Interval, Kernel, Parameters, column


def _monotone(
    function: Callable[[Array], Array], rising: NDArray[np.bool_] | np.bool_, low: Array, high: Array
) -> Interval:
    """Apply a function that rises in its input, or falls where ``rising`` is False, to an interval."""
    if high is low:
        out = function(low)
        return out, out
    at_low, at_high = function(low), function(high)
    up = np.asarray(rising, bool)[:, None]
    if up.all():
        return at_low, at_high
    return np.where(up, at_low, at_high), np.where(up, at_high, at_low)


def risk_logistic(parameters: Parameters, low: Array, high: Array) -> Interval:
    """1 / (1 + exp(intercept − slope · g(x / divisor))), g a power or the logarithm above an origin."""
    intercept, slope = column(parameters["intercept"]), column(parameters["slope"])
    divisor, power, origin = (column(parameters[name]) for name in ("divisor", "power", "origin"))
    transform = parameters["transform"]

    def curve(x: Array) -> Array:
        x = x / divisor
        if transform == "power":
            x = np.power(np.maximum(x, 0.0), power)
        elif transform == "logarithm":
            x = np.log(np.maximum(x - origin, 0.0))
        return 1.0 / (1.0 + np.exp(intercept - slope * x))

    with np.errstate(over="ignore", divide="ignore"):
        rising = (slope[:, 0] > 0) == (divisor[:, 0] > 0)
        return _monotone(curve, rising, low[:, 0], high[:, 0])


def risk_lognormal(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Φ((ln(x / divisor) − mean) / deviation)."""
    from scipy.special import ndtr

    mean, deviation, divisor = (column(parameters[name]) for name in ("mean", "deviation", "divisor"))

    def curve(x: Array) -> Array:
        return np.asarray(ndtr((np.log(np.maximum(x / divisor, 0.0)) - mean) / deviation), np.float64)

    with np.errstate(divide="ignore"):
        return _monotone(curve, divisor[:, 0] > 0, low[:, 0], high[:, 0])


def risk_weibull(parameters: Parameters, low: Array, high: Array) -> Interval:
    """1 − exp(−((x / divisor − location) / scale) ^ shape), zero below the location."""
    scale, shape, location, divisor = (
        column(parameters[name]) for name in ("scale", "shape", "location", "divisor")
    )

    def curve(x: Array) -> Array:
        return -np.expm1(-np.power(np.maximum(x / divisor - location, 0.0) / scale, shape))

    with np.errstate(over="ignore"):
        return _monotone(curve, divisor[:, 0] > 0, low[:, 0], high[:, 0])


def curve(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Piecewise linear function of x / divisor through the points ``x``, ``y`` (``(g, m)``, x ascending)."""
    xs, ys = np.asarray(parameters["x"], np.float64), np.asarray(parameters["y"], np.float64)
    divisor = column(parameters["divisor"])

    def value(x: Array) -> Array:
        x = x / divisor
        out = np.broadcast_to(ys[:, :1], x.shape).copy()
        for j in range(xs.shape[1] - 1):
            # written so that a value at or beyond the end of a segment gives that end exactly
            share = np.clip((x - xs[:, j, None]) / (xs[:, j + 1, None] - xs[:, j, None]), 0.0, 1.0)
            inside = (1.0 - share) * ys[:, j, None] + share * ys[:, j + 1, None]
            out = np.where(x > xs[:, j, None], inside, out)
        return out

    low, high = low[:, 0], high[:, 0]
    steps = np.diff(ys, axis=1) * np.sign(divisor)
    if high is low or bool(((steps >= 0).all(axis=1) | (steps <= 0).all(axis=1)).all()):
        return _monotone(value, (steps >= 0).all(axis=1), low, high)
    # A curve that turns: its extremes over an interval lie at the ends or at corners inside.
    first, last = np.minimum(low / divisor, high / divisor), np.maximum(low / divisor, high / divisor)
    at_ends = value(low), value(high)
    least, most = np.minimum(*at_ends), np.maximum(*at_ends)
    for j in range(xs.shape[1]):
        inside = (first <= xs[:, j, None]) & (xs[:, j, None] <= last)
        least = np.where(inside, np.minimum(least, ys[:, j, None]), least)
        most = np.where(inside, np.maximum(most, ys[:, j, None]), most)
    return least, most


def steps(parameters: Parameters, low: Array, high: Array) -> Interval:
    """``values[:, i]`` where x / divisor has reached ``i`` of the ascending ``thresholds`` (``(g, m)``)."""
    thresholds = np.asarray(parameters["thresholds"], np.float64)
    values = np.asarray(parameters["values"], np.float64)
    divisor = column(parameters["divisor"])
    rows = np.arange(len(values))[:, None]

    def band(x: Array) -> NDArray[np.intp]:
        x = x / divisor
        reached = np.zeros(x.shape, np.intp)
        for j in range(thresholds.shape[1]):
            reached += x >= thresholds[:, j, None]
        return reached

    low, high = low[:, 0], high[:, 0]
    at_low = band(low)
    if high is low:
        out = values[rows, at_low]
        return out, out
    at_high = band(high)
    rises = np.diff(values, axis=1)
    if bool(((rises >= 0).all(axis=1) | (rises <= 0).all(axis=1)).all()):
        ends = values[rows, at_low], values[rows, at_high]
        return np.minimum(*ends), np.maximum(*ends)
    first, last = np.minimum(at_low, at_high), np.maximum(at_low, at_high)
    least, most = values[rows, first], values[rows, first]
    for j in range(values.shape[1]):
        inside = (first <= j) & (j <= last)
        least = np.where(inside, np.fmin(least, values[:, j, None]), least)
        most = np.where(inside, np.fmax(most, values[:, j, None]), most)
    return least, most


def linear(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Constant + Σ weights · x (weights ``(g, k)``), added in the order of the inputs."""
    weights, constant = np.asarray(parameters["weights"], np.float64), column(parameters["constant"])

    def total(pick: Callable[[int], Array]) -> Array:
        out = np.broadcast_to(constant, (len(weights), low.shape[2])).copy()
        for j in range(weights.shape[1]):
            out += weights[:, j, None] * pick(j)
        return out

    if high is low:
        out = total(lambda j: low[:, j])
        return out, out
    up = weights >= 0
    every, none = np.asarray(up.all(axis=0), bool), np.asarray(~up.any(axis=0), bool)

    def end(j: int, above: Array, below: Array) -> Array:
        """Return the input's end that counts: ``above`` where its weight adds, ``below`` where it takes away."""
        if every[j]:
            return above[:, j]
        return below[:, j] if none[j] else np.where(up[:, j, None], above[:, j], below[:, j])

    return total(lambda j: end(j, low, high)), total(lambda j: end(j, high, low))


def _reduced(function: Callable[[Array], Array], low: Array, high: Array) -> Interval:
    out = function(low)
    return (out, out) if high is low else (out, function(high))


def minimum(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Least of the inputs."""
    return _reduced(lambda x: x.min(axis=1), low, high)


def maximum(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Greatest of the inputs."""
    return _reduced(lambda x: x.max(axis=1), low, high)


def joint_risk(parameters: Parameters, low: Array, high: Array) -> Interval:
    """1 − Π (1 − x): the probability of at least one of several independent injuries."""
    return _reduced(lambda x: 1.0 - np.prod(1.0 - x, axis=1), low, high)


def best_of(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Sum of the ``count`` greatest of the inputs."""
    count = int(parameters["count"])
    return _reduced(lambda x: np.sort(x, axis=1)[:, ::-1][:, :count].sum(axis=1), low, high)


def rounding(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Round to ``decimals`` in one of the modes; see `rounded`."""
    factor = column([10.0**d for d in parameters["decimals"]])
    mode = str(parameters["mode"])
    return _reduced(lambda x: rounded(x[:, 0], factor, mode), low, high)


def rounded(x: Array, factor: Array | float, mode: str) -> Array:
    """Round ``x`` to the decimals of ``factor`` (10 ^ decimals), on the decimal value that is meant.

    A sum such as 0.1 + 0.2 is one unit in the last place away from the decimal number that a person would
    compute; the scaled value is therefore first brought to the nearest 10⁻⁷, so that a tie is recognised
    as one. Infinite values pass through.
    """
    # in place as far as it goes: this runs on every value that is rounded, of every car
    scaled = np.array(x * factor, np.float64)
    np.round(scaled, 7, out=scaled)
    if mode == "half_up":
        whole = np.abs(scaled, out=np.empty_like(scaled))
        whole += 0.5
        np.floor(whole, out=whole)
        np.copysign(whole, scaled, out=whole)
    elif mode == "half_even":
        whole = np.rint(scaled, out=scaled)
    elif mode == "floor":
        whole = np.floor(scaled, out=scaled)
    elif mode == "ceiling":
        whole = np.ceil(scaled, out=scaled)
    else:
        whole = np.trunc(scaled, out=scaled)
    whole /= factor
    whole += 0.0  # no negative zero
    return whole


def clip(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Limit to ``least`` … ``most``."""
    least, most = column(parameters["least"]), column(parameters["most"])

    def limited(x: Array) -> Array:
        out = np.maximum(x[:, 0], least)
        return np.minimum(out, most, out=out)

    return _reduced(limited, low, high)


def clip_open(parameters: Parameters, low: Array, high: Array) -> Interval:
    """As `clip`, but what is not known exactly stays so though both its bounds are cut off at the same value."""
    out = clip(parameters, low, high)
    if high is low:
        return out
    return np.where(low[:, 0] < high[:, 0], column(parameters["open"]), out[0]), out[1]


def compare(parameters: Parameters, low: Array, high: Array) -> Interval:
    """1 where ``least`` ≤ x / divisor ≤ ``most``, else 0."""
    least, most, divisor = (column(parameters[name]) for name in ("least", "most", "divisor"))
    first, last = low[:, 0] / divisor, high[:, 0] / divisor
    if high is low:
        out = ((first >= least) & (first <= most)).astype(np.float64)
        return out, out
    first, last = np.minimum(first, last), np.maximum(first, last)
    surely = (first >= least) & (last <= most)
    perhaps = (last >= least) & (first <= most)
    return surely.astype(np.float64), perhaps.astype(np.float64)


def choose(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Input 1 + i where input 0 is ``i``: one of several values, chosen by a whole number.

    Bounds span every choice that is still possible.
    """
    choices = low.shape[1] - 1

    def taken(values: Array, chosen: Array) -> Array:
        if choices == 2:  # as most are
            return np.where(chosen > 0.5, values[:, 2], values[:, 1])
        index = np.clip(np.rint(np.nan_to_num(chosen)), 0, choices - 1).astype(np.intp)
        return np.take_along_axis(values[:, 1:], index[:, None], axis=1)[:, 0]

    if high is low:
        chosen = low[:, 0]
        out = taken(low, chosen)
        # what is chosen by something that a rule leaves open is not known either
        unknown = np.isnan(chosen)
        return (np.where(unknown, np.nan, out),) * 2 if unknown.any() else (out, out)
    if np.array_equal(low[:, 0], high[:, 0]):
        return taken(low, low[:, 0]), taken(high, low[:, 0])
    least = np.full(low[:, 0].shape, np.inf)
    most = np.full(low[:, 0].shape, -np.inf)
    first, last = (np.clip(np.rint(bound[:, 0]), 0, choices - 1) for bound in (low, high))
    for i in range(choices):
        possible = (first <= i) & (i <= last)
        least = np.where(possible, np.minimum(least, low[:, 1 + i]), least)
        most = np.where(possible, np.maximum(most, high[:, 1 + i]), most)
    return least, most


def between(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Anything between two inputs, the first never above the second: NaN while all facts are known and they differ."""
    first, second = low[:, 0], high[:, 1]
    if high is low:
        out = np.where(first == second, first, np.nan)
        return out, out
    return first, second


def share(parameters: Parameters, low: Array, high: Array) -> Interval:
    """``points`` · Σ w·a·x / Σ w·a·m over ``k`` parts: what was reached of what could be reached.

    Inputs are ``k`` values x followed by ``k`` flags a (1 where the part applies to the car, 0 where not);
    ``weights`` and ``maxima`` are ``(g, k)``. Where no part applies the result is ``points``: nothing that
    could be asked for is missing. While it is open whether a part applies, the bounds take every choice into
    account: a ratio of sums is extreme when the open parts join in order of their own ratio, up to some one.
    """
    weights, maxima = (
        np.asarray(parameters["weights"], np.float64),
        np.asarray(parameters["maxima"], np.float64),
    )
    points = column(parameters["points"])
    k = weights.shape[1]
    size = (weights * maxima)[:, :, None]

    def ratio(values: Array, applies: Array) -> Array:
        reached = (weights[:, :, None] * applies * values).sum(axis=1)
        possible = (applies * size).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(possible > 0, points * reached / possible, points)

    if high is low:
        out = ratio(low[:, :k], low[:, k:])
        return out, out
    sure, unsure = low[:, k:], high[:, k:] - low[:, k:]

    def extreme(values: Array, sign: float) -> Array:
        own = np.where(size > 0, weights[:, :, None] * values / np.where(size > 0, size, 1.0), 0.0)
        order = np.argsort(sign * own, axis=1, kind="stable")
        best = ratio(values, sure)
        applies = sure.copy()
        for j in range(k):
            which = order[:, j : j + 1]
            extra = np.take_along_axis(unsure, which, axis=1)
            np.put_along_axis(applies, which, np.take_along_axis(applies, which, axis=1) + extra, axis=1)
            candidate = ratio(values, applies)
            nothing_yet = (sure * size).sum(axis=1) <= 0
            better = np.minimum(best, candidate) if sign > 0 else np.maximum(best, candidate)
            best = np.where(nothing_yet & (j == 0), np.where(extra[:, 0] > 0, better, best), better)
        return best

    return extreme(low[:, :k], 1.0), extreme(high[:, :k], -1.0)


def share_of_varying(parameters: Parameters, low: Array, high: Array) -> Interval:
    """As `share`, of parts whose greatest scores differ from car to car.

    Inputs are ``k`` values x, ``k`` flags a and ``k`` greatest scores m; ``weights`` and ``least`` (the smallest
    greatest score above zero that a part can have) are ``(g, k)``. Bounds are those of a ratio of two intervals: while
    it is open which parts apply they may be wider than what can happen, never narrower.
    """
    weights, least = (np.asarray(parameters[name], np.float64) for name in ("weights", "least"))
    points = column(parameters["points"])
    k = weights.shape[1]
    sized = weights[:, :, None]

    def sums(values: Array, applies: Array, most: Array) -> tuple[Array, Array]:
        return (sized * applies * values).sum(axis=1), (sized * applies * most).sum(axis=1)

    def ratio(reached: Array, possible: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(possible > 0, points * reached / possible, points)

    if high is low:
        out = ratio(*sums(low[:, :k], low[:, k : 2 * k], low[:, 2 * k :]))
        return out, out
    sure, perhaps = low[:, k : 2 * k], high[:, k : 2 * k]
    fewest, most = (
        (sized * flags * m).sum(axis=1) for flags, m in ((sure, low[:, 2 * k :]), (perhaps, high[:, 2 * k :]))
    )
    part = np.where(perhaps * high[:, 2 * k :] > 0, sized * least[:, :, None], np.inf).min(axis=1)
    smallest = np.minimum(np.maximum(fewest, part), most)
    least_reached = (sized * np.minimum(sure * low[:, :k], perhaps * low[:, :k])).sum(axis=1)
    most_reached = (sized * np.maximum(sure * high[:, :k], perhaps * high[:, :k])).sum(axis=1)
    worst = ratio(least_reached, np.where(least_reached < 0, smallest, most))
    best = np.minimum(ratio(most_reached, np.where(most_reached < 0, most, smallest)), points)
    best = np.where(fewest > 0, best, points)  # perhaps nothing applies, and nothing is missing
    return np.minimum(worst, best), best


def worst_that_applies(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Least of ``k`` values whose flag is 1, ``default`` where none is; the greatest where ``losing``.

    Inputs are ``k`` values followed by ``k`` flags. A value more can only make the result worse, so the worse
    bound takes every value that may apply and the better bound only those that surely do.
    """
    default = column(parameters["default"])
    sign = -1.0 if parameters["losing"] == "yes" else 1.0
    k = low.shape[1] // 2

    def worst(values: Array, applies: Array) -> Array:
        out: Array = np.where(applies > 0.5, sign * values, np.inf).min(axis=1)
        return np.where(np.isinf(out), default, sign * out)

    if high is low:
        out = worst(low[:, :k], low[:, k:])
        return out, out
    if sign > 0:
        return worst(low[:, :k], high[:, k:]), worst(high[:, :k], low[:, k:])
    return worst(low[:, :k], low[:, k:]), worst(high[:, :k], high[:, k:])


def balanced(scores: Array, move: int) -> Array:
    """Three scores, shape ``(g, 3, cars)``, after points were moved between neighbours, as `compensate` moves them."""
    mean = scores.mean(axis=1)
    nearest = np.full(mean.shape, np.inf)
    out = np.zeros_like(scores)
    for a in range(-move, move + 1):
        span = range(-move - a, 1) if a < 0 else range(move - a + 1) if a > 0 else range(-move, move + 1)
        for b in span:
            moved = scores + np.array([a, -a - b, b], np.float64)[:, None]
            distance = ((moved - mean[:, None]) ** 2).sum(axis=1)
            better = distance < nearest - 1e-9
            nearest = np.where(better, distance, nearest)
            out = np.where(better[:, None], moved, out)
    return out


def compensate(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Least of three scores after whole points were moved between neighbours to bring all near their mean.

    Inputs are the three scores and the number of a case; ``offsets`` is ``(g, cases · 3)``. From score 0 to
    score 1 go ``−a`` points and from 1 to 2 ``b``: (s₀ + a, s₁ − a − b, s₂ + b), both moves of the same sign and
    |a| + |b| ≤ ``move``. The pair with the least sum of squared distances to the mean counts, the first in
    ascending a, then b, where several are equal.

    The least score is not monotone in the scores. Where they are not known exactly the bounds use what moving
    cannot change: it keeps the sum and gives or takes at most ``move`` points anywhere.
    """
    offsets = np.asarray(parameters["offsets"], np.float64)
    move = round(float(np.asarray(parameters["move"])[0]))
    cases = offsets.shape[1] // 3

    def shifted(scores: Array, case: Array) -> Array:
        index = np.clip(np.rint(case), 0, cases - 1).astype(np.intp)
        own = offsets.reshape(len(offsets), cases, 3)[np.arange(len(offsets))[:, None], index]
        return scores + own.transpose(0, 2, 1)

    def least(s: Array) -> Array:
        out: Array = balanced(s, move).min(axis=1)
        return out

    exact = least(shifted(low[:, :3], low[:, 3]))
    if high is low:
        return exact, exact
    possible = [np.full_like(low[:, 3], float(case)) for case in range(cases)]
    open_case = [(low[:, 3] <= case) & (case <= high[:, 3]) for case in range(cases)]
    worst = np.full(exact.shape, np.inf)
    best = np.full(exact.shape, -np.inf)
    for case, may_be in zip(possible, open_case, strict=True):
        below, above = shifted(low[:, :3], case), shifted(high[:, :3], case)
        worst = np.where(may_be, np.minimum(worst, below.min(axis=1) - move), worst)
        most = np.minimum(above.min(axis=1) + move, above.sum(axis=1) / 3.0)
        best = np.where(may_be, np.maximum(best, most), best)
    known = (low == high).all(axis=1)
    return np.where(known, exact, worst), np.where(known, exact, best)


BASIC: Mapping[str, Kernel] = {
    "risk_logistic": risk_logistic,
    "risk_lognormal": risk_lognormal,
    "risk_weibull": risk_weibull,
    "curve": curve,
    "steps": steps,
    "linear": linear,
    "minimum": minimum,
    "maximum": maximum,
    "joint_risk": joint_risk,
    "best_of": best_of,
    "rounding": rounding,
    "clip": clip,
    "clip_open": clip_open,
    "compare": compare,
    "choose": choose,
    "between": between,
    "share": share,
    "share_of_varying": share_of_varying,
    "compensate": compensate,
    "worst_that_applies": worst_that_applies,
}
