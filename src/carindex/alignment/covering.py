"""The cheapest set of tests with which an answer can be certain, for questions that more tests never unsettle.

Sets of tests are asked of an oracle. One that does not answer is filled up to sets that just do not; of the tests
outside each of these one has to be run. The cheapest tests that hit all of them are found by a mixed-integer program
(HiGHS); once they answer, nothing cheaper does.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.rating.kernels import Array

Oracle = Callable[[NDArray[np.bool_]], NDArray[np.bool_]]
"""Says of sets of tests, shape ``(tests, n)``, whether each answers the question."""

_ROUNDS = 15
_ORDERS = 16
_EVEN = 1e-9


class Cover(msgspec.Struct, frozen=True):
    """A set of tests that answers: ``chosen``, ``(tests,)``, what it costs, and what any such set costs at least."""

    chosen: NDArray[np.bool_]
    cost: float
    at_least: float

    @property
    def optimal(self) -> bool:
        """Whether no cheaper set answers."""
        return self.cost <= self.at_least + _EVEN * max(1.0, self.cost)


def cheapest(costs: Array, answers: Oracle) -> Cover | None:
    """Return the cheapest tests that answer a question, ``None`` when not even all of them do.

    Parameters
    ----------
    costs
        Cost of each test, above 0, shape ``(tests,)``.
    answers
        The oracle; a test more never turns its yes into a no.

    Notes
    -----
    Stops after a number of rounds, with the best set found and what any set costs at least; it depends on no clock.
    """
    count = len(costs)
    if not answers(np.ones((count, 1), bool))[0]:
        return None
    random = np.random.default_rng(0)
    best = _thinned(costs, answers, random)
    blocks: list[NDArray[np.bool_]] = []
    at_least = 0.0
    for _ in range(_ROUNDS):
        chosen, at_least = _hitting(costs, blocks)
        if answers(chosen[:, None])[0]:
            return Cover(chosen, float(costs[chosen].sum()), float(costs[chosen].sum()))
        if at_least >= costs[best].sum() - _EVEN:
            break
        blocks += _blocks(chosen, answers, random)
    at_least = min(at_least, float(costs[best].sum()))
    return Cover(best, float(costs[best].sum()), at_least)


def _thinned(costs: Array, answers: Oracle, random: np.random.Generator) -> NDArray[np.bool_]:
    """Return a set from which nothing can be left out: the cheapest of several that are thinned out in turn."""
    count = len(costs)
    sets = np.ones((count, _ORDERS), bool)
    orders = [np.argsort(-costs, kind="stable")] + [random.permutation(count) for _ in range(_ORDERS - 1)]
    for step in range(count):
        fewer = sets.copy()
        fewer[[order[step] for order in orders], range(_ORDERS)] = False
        still = answers(fewer)
        sets[:, still] = fewer[:, still]
    return sets[:, int(np.argmin(costs @ sets))]


def _blocks(
    chosen: NDArray[np.bool_], answers: Oracle, random: np.random.Generator
) -> list[NDArray[np.bool_]]:
    """Return sets of tests of which one has to be run: what lies outside of sets that just do not answer."""
    count = len(chosen)
    sets = np.repeat(chosen[:, None], _ORDERS, axis=1)
    orders = [random.permutation(count) for _ in range(_ORDERS)]
    for step in range(count):
        more = sets.copy()
        more[[order[step] for order in orders], range(_ORDERS)] = True
        still = ~answers(more)
        sets[:, still] = more[:, still]
    return list({column.tobytes(): column for column in (~sets).T}.values())


def _hitting(costs: Array, blocks: list[NDArray[np.bool_]]) -> tuple[NDArray[np.bool_], float]:
    """Return the cheapest tests that hit every block, and what any such tests cost at least."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    if not blocks:
        return np.zeros(len(costs), bool), 0.0
    rows = LinearConstraint(np.array(blocks, float), 1.0, np.inf)
    found = milp(costs, integrality=np.ones(len(costs)), bounds=Bounds(0.0, 1.0), constraints=rows)
    assert found.x is not None, found.message
    return np.round(found.x).astype(bool), float(found.mip_dual_bound)
