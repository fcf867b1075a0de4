"""Kernels of claims, tables of words and test points. Facts arrive raw: NaN where they are not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels.kernel import Array, Interval, Kernel, Parameters, column, details

Flags = NDArray[np.bool_]


def open_value(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Return what is not known: anything from nothing to ``points``, NaN for cars about which all facts are known."""
    points = column(parameters["points"])
    if high is low:
        out = np.full(low[:, 0].shape, np.nan)
        return out, out
    return np.zeros_like(low[:, 0]), np.broadcast_to(points, low[:, 0].shape)


def still_open(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Return the second input, open where the first is: from nothing to the first's upper bound."""
    if high is low:
        return low[:, 1], low[:, 1]
    unsure = low[:, 0] < high[:, 0]
    return np.where(unsure, 0.0, low[:, 1]), np.where(unsure, high[:, 0], high[:, 1])


def surely(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Return 1 where the input is 1 for certain, 0 where it is 0 or open."""
    out = low[:, 0]
    return out, out


def exact(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Return 1 where all inputs are known exactly, else 0."""
    out = (low == high).all(axis=1).astype(np.float64)
    return out, out


def row_above(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Return the first input, the second where the first is open."""
    if high is low:
        out = np.where(np.isnan(low[:, 0]), low[:, 1], low[:, 0])
        return out, out
    unsure = ~(low[:, 0] == high[:, 0])
    return np.where(unsure, low[:, 1], low[:, 0]), np.where(unsure, high[:, 1], high[:, 0])


class WordLines(msgspec.Struct, frozen=True, eq=False):
    """A table of words: which words of a fact are which sign, and what every combination of signs is worth.

    ``sign_of[i]`` numbers the sign of each word of input ``i``; ``no_sign`` is that of a word which stands in no line,
    and which is never what is missing. ``signs`` are all combinations, ``(c, k)``, and ``worth`` their points.
    """

    sign_of: tuple[NDArray[np.intp], ...]
    no_sign: int
    signs: NDArray[np.intp]
    worth: Array


def word_table(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Points of the combination of signs that the inputs, words by number, are: the least and most still possible."""
    table: WordLines = parameters["table"]
    cars = low.shape[2]
    may_be = []  # by input, whether it may be each of its signs
    for i, sign_of in enumerate(table.sign_of):
        words = np.arange(len(sign_of))[:, None]
        first, last = np.rint(low[0, i]), np.rint(high[0, i])
        may = (first <= words) & (words <= last) & ((sign_of[:, None] != table.no_sign) | (first == last))
        may_be.append(np.array([may[words].any(axis=0) for words in _words_of(table, i)]).reshape(-1, cars))
    least = _extreme(table.worth, may_be, np.minimum, np.inf)[None]
    if high is low:
        return least, least
    return least, _extreme(table.worth, may_be, np.maximum, -np.inf)[None]


@lru_cache(maxsize=256)
def _words_of(table: WordLines, column: int) -> tuple[NDArray[np.intp], ...]:
    """Return the words of each sign that stands in a column of a table, signs ascending."""
    signs = sorted(set(table.signs[:, column].tolist()))
    return tuple(np.flatnonzero(table.sign_of[column] == sign) for sign in signs)


# rows of a table of sets of signs that is small enough to be made for every block of cars
_SETS = 512


def _extreme(worth: Array, may_be: list[Flags], reduce: np.ufunc, nothing: float) -> Array:
    """Return the least or greatest worth of all combinations that are possible for each car.

    ``worth`` is that of all combinations, the last input's sign changing fastest. The extreme is taken over one input
    after the other; over the first ones for every set of signs at once, so that most combinations are looked at once
    and not once for each car.
    """
    cars = may_be[0].shape[1]
    table, index, done = worth.reshape(1, -1), np.zeros(cars, np.intp), 0
    for may in may_be:
        count = len(may)
        if len(table) << count > _SETS:
            break
        parts = table.reshape(len(table), count, -1)
        sets = np.arange(1 << count)
        grown = np.full((len(table), len(sets), parts.shape[2]), nothing)
        for sign in range(count):
            has = (sets >> sign) & 1 == 1
            grown[:, has] = reduce(grown[:, has], parts[:, sign, None])
        table = grown.reshape(len(table) * len(sets), -1)
        index = index * len(sets) + (may * (1 << np.arange(count))[:, None]).sum(axis=0)
        done += 1
    rest = table[index]
    for may in may_be[done:]:
        rest = np.where(may.T[:, :, None], rest.reshape(cars, len(may), rest.shape[1] // len(may)), nothing)
        rest = reduce.reduce(rest, axis=1)
    return np.asarray(rest[:, 0], np.float64)


class Claim(msgspec.Struct, frozen=True, eq=False):
    """A claimed node: for each response its cells among the inputs and what it is worth; the cells of the warning.

    ``blank``: an empty prediction claims nothing, and a drawn test without outcome leaves the node open (as a
    programme's calculator has it), instead of standing for whatever it can be.
    """

    responses: tuple[NDArray[np.intp], ...]
    worth: tuple[float, ...]
    costs: tuple[bool, ...]
    warning: NDArray[np.intp]
    cells: int
    counted: bool
    green: float
    not_selected: float
    failed: float
    blank: bool = False


class _Outcomes(msgspec.Struct, frozen=True, eq=False):
    """What is known of the outcomes of some cells' tests."""

    failed: Flags
    unknown: Flags
    drawn: Flags

    @classmethod
    def of(cls, claim: Claim, outcomes: Array, cells: NDArray[np.intp]) -> _Outcomes:
        words = outcomes[cells]
        unknown = np.isnan(words)
        drawn = ~unknown & (words != claim.not_selected)
        failed = words == claim.failed
        return cls(*(np.asarray(flags.any(axis=0), bool) for flags in (failed, unknown, drawn)))


Case = tuple[Flags, list[tuple[Flags, Flags]]]


def _cases(claim: Claim, predictions: Array, outcomes: Array) -> Iterator[Case]:
    """Yield what can be the case: whether it is possible, and whether each response then surely, or perhaps, counts."""
    green = predictions == claim.green
    open_cells = np.isnan(predictions) & (not claim.blank)
    surely_green = [green[cells].all(axis=0) for cells in claim.responses]
    perhaps_green = [(green | open_cells)[cells].all(axis=0) for cells in claim.responses]
    nobody = np.zeros(outcomes.shape[1], bool)
    if not claim.counted:
        yield ~nobody, list(zip(surely_green, perhaps_green, strict=True))
        return
    warning = np.zeros(outcomes.shape[1], bool)
    no_warning = ~nobody
    if len(claim.warning):
        tests = _Outcomes.of(claim, outcomes, claim.warning)
        unsure = tests.unknown & (not claim.blank)
        void = tests.unknown & claim.blank
        warning = (green | open_cells)[claim.warning].all(axis=0) & (tests.failed | unsure) & ~void
        no_warning = ~(green[claim.warning].all(axis=0) & tests.failed) | void
    own = [_Outcomes.of(claim, outcomes, cells) for cells in claim.responses]
    yield (
        no_warning,
        [
            (sure & ~tests.failed & ~tests.unknown, perhaps & ~tests.failed)
            for sure, perhaps, tests in zip(surely_green, perhaps_green, own, strict=True)
        ],
    )
    if not len(claim.warning):
        return
    failed, unknown, drawn = (
        np.logical_or.reduce([getattr(tests, what) for tests in own])
        for what in ("failed", "unknown", "drawn")
    )
    yield (
        warning & ~failed & (drawn | unknown),
        list(zip(surely_green, perhaps_green, strict=True)),
    )
    yield warning & (failed | unknown), [(nobody, nobody) for _ in own]
    yield (
        warning & ~drawn,
        [
            (nobody, nobody) if costs else (sure, perhaps)
            for sure, perhaps, costs in zip(surely_green, perhaps_green, claim.costs, strict=True)
        ],
    )


def claimed(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Sum of what the responses are worth that are claimed and not refuted, then what each response loses.

    Inputs, raw: the prediction of each cell, then the outcome of its drawn test.
    """
    claim: Claim = parameters["table"]
    predictions, outcomes = low[0, : claim.cells], low[0, claim.cells :]
    cars = low.shape[2]
    count = len(claim.responses)
    worth = np.array(claim.worth)[:, None]
    least = np.full((1 + count, cars), np.inf)
    most = np.full((1 + count, cars), -np.inf)
    for possible, responses in _cases(claim, predictions, outcomes):
        sure = worth * np.array([flags[0] for flags in responses])
        perhaps = worth * np.array([flags[1] for flags in responses])
        for i, (below, above) in enumerate(
            ((sure.sum(axis=0), perhaps.sum(axis=0)), *zip(sure, perhaps, strict=True))
        ):
            least[i] = np.where(possible, np.minimum(least[i], below), least[i])
            most[i] = np.where(possible, np.maximum(most[i], above), most[i])
    if claim.blank and claim.counted:
        missing = np.isnan(outcomes[np.concatenate(claim.responses)]).any(axis=0)
        least = np.where(missing, 0.0, least)
        most[0] = np.where(missing, sum(claim.worth), most[0])
        most[1:] = np.where(missing, worth, most[1:])
    if not details(parameters):
        return (least[None, :1], least[None, :1]) if high is low else (least[None, :1], most[None, :1])
    lost_most, lost_least = worth - least[1:], worth - most[1:]
    if high is low:
        out = np.concatenate([least[:1], lost_most])[None]
        return out, out
    return np.concatenate([least[:1], lost_least])[None], np.concatenate([most[:1], lost_most])[None]


class PointMatrix(msgspec.Struct, frozen=True, eq=False):
    """Test points that share a node's points: what a reduction must exceed for each colour.

    ``blank``: an empty prediction is grey and a tested point without measured value counts as predicted (as a
    programme's calculator has it), instead of standing for whatever it can be.
    """

    green_above: Array
    orange_above: float
    worth: Array
    points: float
    blank: bool = False


_GREEN, _ORANGE, _RED, _GREY = 0.0, 2.0, 4.0, 5.0


def test_points(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Points of a matrix, the colour of each point, then what each point loses.

    Inputs, raw: the prediction of each point (0 … 5 as in the five colours and grey), then its measured reduction.
    Colours are green 0, orange 2, red 4; NaN for a point that is not tested. Without any coloured prediction the whole
    is open.
    """
    matrix: PointMatrix = parameters["table"]
    count = len(matrix.green_above)
    share = matrix.points / count
    predicted = low[0, :count]
    unknown = np.isnan(predicted) & (not matrix.blank)
    tested = (predicted == _GREEN) | (predicted == _ORANGE)
    coloured = (~np.isnan(predicted) & (predicted != _GREY)).any(axis=0)

    def colour_of(measured: Array) -> Array:
        green = measured > matrix.green_above[:, None]
        return np.where(green, _GREEN, np.where(measured > matrix.orange_above, _ORANGE, _RED))

    worth_of = matrix.worth * share

    def points_of(colour: Array) -> Array:
        return np.asarray(worth_of[colour.astype(np.intp)], np.float64)

    first, last = low[0, count:], high[0, count:]
    gone = np.isnan(first)
    with np.errstate(invalid="ignore"):
        # the greater the reduction the better the colour
        best, worst = colour_of(last), colour_of(first)
    as_predicted = np.where(tested, predicted, _RED)
    best = np.where(gone, as_predicted if matrix.blank else _GREEN, best)
    worst = np.where(gone, as_predicted if matrix.blank else _RED, worst)
    most = np.where(tested | unknown, points_of(best), 0.0)
    least = np.where(tested, points_of(worst), 0.0)
    total_least, total_most = least.sum(axis=0), most.sum(axis=0)
    if high is low:
        total = np.where(coloured, total_most, np.nan)
        if not details(parameters):
            return total[None, None], total[None, None]
        colour = np.where(tested, best, np.nan)
        out = np.concatenate([total[None], colour, share - most])[None]
        return out, out
    total_least = np.where(coloured, total_least, 0.0)
    total_most = np.where(coloured, total_most, matrix.points)
    if not details(parameters):
        return total_least[None, None], total_most[None, None]
    lost_least = np.where(coloured, share - most, 0.0)
    shown = tested | unknown
    lower = [total_least[None], np.where(shown, best, np.nan), lost_least]
    upper = [total_most[None], np.where(shown, np.where(unknown, _GREY, worst), np.nan), share - least]
    return np.concatenate(lower)[None], np.concatenate(upper)[None]


CHECKS: Mapping[str, Kernel] = {
    "open_value": open_value,
    "still_open": still_open,
    "surely": surely,
    "exact": exact,
    "row_above": row_above,
    "word_table": word_table,
    "claimed": claimed,
    "test_points": test_points,
}
