"""The cheapest set of tests that is enough, by implicit hitting sets.

What is enough grows with the set: more tests never tell less. Small sets are simply all tried. Beyond them, every set
that is not enough, made as large as it can be without becoming enough, says that at least one test outside it is
needed; the cheapest set that meets all such demands is found as a mixed-integer program (a set cover). If it is enough
it is the cheapest there is, if not it gives one more demand.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels import Array

Flags = NDArray[np.bool_]
Enough = Callable[[Flags], Flags]
"""Whether sets are enough: sets ``(tests, n)`` to ``(n,)``."""

_TRIED = 2500
"""Sets of one size are all tried as long as they are no more than these."""


class Cheapest(msgspec.Struct, frozen=True):
    """A set of tests, by their number, its cost, and the least that any set that is enough costs."""

    members: tuple[int, ...]
    cost: float
    bound: float

    @property
    def optimal(self) -> bool:
        """Whether it is proved that no set costs less."""
        return self.cost <= self.bound + 1e-9


def cheapest(
    costs: Sequence[float],
    enough: Enough,
    time_limit: float = 5.0,
    worth: Sequence[float] | None = None,
) -> Cheapest | None:
    """Return the cheapest set of tests that is enough, ``None`` where all of them are not.

    Parameters
    ----------
    costs
        Of each test, above 0.
    enough
        Tells whether sets are enough; never loses a set for one more test.
    time_limit
        Seconds after which the best set so far is returned with the bound that is proved.
    worth
        How much each test may give; where it is said, tests that give least for their cost are left out first.
    """
    prices = np.array(costs, np.float64)
    count, until = len(prices), time.monotonic() + time_limit
    everything = np.ones((count, 1), bool)
    if not enough(everything)[0]:
        return None
    if enough(np.zeros((count, 1), bool))[0]:
        return Cheapest((), 0.0, 0.0)
    best = _shrunk(everything[:, 0], prices, enough)
    if worth is not None:
        by_worth = _shrunk(everything[:, 0], prices / (np.array(worth) + 1e-9), enough)
        best = min(best, by_worth, key=lambda some: float(prices[some].sum()))
    demands: list[Flags] = []
    small, bound = _small(prices, enough)
    if small is not None and prices[small].sum() < prices[best].sum():
        best = small
    while time.monotonic() < until:
        chosen = _covering(demands, prices, until - time.monotonic())
        if chosen is None:
            break
        bound = max(bound, float(prices[chosen].sum()))
        if bound >= prices[best].sum() - 1e-9:
            break
        if enough(chosen[:, None])[0]:
            best = chosen
            break
        # several demands of one set: whichever test is let in last is the one that others may stand for
        demands.extend(~_grown(chosen, prices, enough, start) for start in range(3))
    cost = float(prices[best].sum())
    return Cheapest(tuple(int(i) for i in np.flatnonzero(best)), cost, min(bound, cost))


def _shrunk(members: Flags, prices: Array, enough: Enough) -> Flags:
    """Drop tests, the dearest first, as long as what is left is enough; ``prices`` only order them."""
    kept = members.copy()
    rest = [int(i) for i in np.argsort(-prices, kind="stable") if kept[i]]
    while rest:
        # all beginnings of what is left dropped, in one go
        sets = np.repeat(kept[:, None], len(rest), axis=1)
        for k, i in enumerate(rest):
            sets[i, k:] = False
        holds = enough(sets)
        if holds.all():
            return np.asarray(sets[:, -1])
        first = int(np.argmin(holds))
        for i in rest[:first]:
            kept[i] = False
        rest = rest[first + 1 :]
    return kept


def _small(prices: Array, enough: Enough) -> tuple[Flags | None, float]:
    """Try all sets of one and two tests.

    Returns
    -------
    tuple
        The cheapest that is enough, ``None`` where none is, and the least that any set costs that is enough.
    """
    count = len(prices)
    best: Flags | None = None
    ascending = np.sort(prices)
    for size in (1, 2):
        if math.comb(count, size) > _TRIED:
            return best, float(min(ascending[:size].sum(), math.inf if best is None else prices[best].sum()))
        members = np.array(list(itertools.combinations(range(count), size)), np.intp).reshape(-1, size)
        sets = np.zeros((count, len(members)), bool)
        sets[members.T, np.arange(len(members))] = True
        costs = prices[members].sum(axis=1)
        good = np.flatnonzero(enough(sets))
        if len(good):
            found = int(good[np.argmin(costs[good])])
            if best is None or costs[found] < prices[best].sum():
                best = np.asarray(sets[:, found])
        # a larger set costs at least as much as the cheapest of its size
        larger = float(ascending[: size + 1].sum()) if count > size else math.inf
        if best is not None and prices[best].sum() <= larger + 1e-9:
            return best, float(prices[best].sum())
    return best, float(min(ascending[:3].sum(), math.inf if best is None else prices[best].sum()))


def _grown(members: Flags, prices: Array, enough: Enough, start: int) -> Flags:
    """Add tests as long as the set is not enough: as many at a time as that allows."""
    grown = members.copy()
    rest = [int(i) for i in np.argsort(prices, kind="stable") if not grown[i]]
    rest = rest[start * len(rest) // 3 :] + rest[: start * len(rest) // 3]
    while rest:
        # all beginnings of what is left, in one go
        sets = np.repeat(grown[:, None], len(rest), axis=1)
        for k, i in enumerate(rest):
            sets[i, k:] = True
        too_much = enough(sets)
        if not too_much.any():
            return np.asarray(sets[:, -1])
        first = int(np.argmax(too_much))
        for i in rest[:first]:
            grown[i] = True
        rest = rest[first + 1 :]
    return grown


def _covering(demands: Sequence[Flags], prices: Array, seconds: float) -> Flags | None:
    """Return the cheapest set that has a member in each demand, ``None`` where none is found in time."""
    if not demands:
        return np.zeros(len(prices), bool)
    from scipy.optimize import Bounds, LinearConstraint, milp

    matrix = np.array(demands, np.float64)
    found = milp(
        prices,
        integrality=np.ones(len(prices)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, np.ones(len(matrix)), np.full(len(matrix), np.inf)),
        options={"time_limit": max(seconds, 0.1), "mip_rel_gap": 1e-9},
    )
    if found.x is None or found.status != 0:
        return None
    return np.asarray(found.x > 0.5)
