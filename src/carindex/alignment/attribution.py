"""Which of several causes an effect is due to: shares that add up to the effect.

With few causes every combination of them is looked at, and a cause's share is its Shapley value: the mean of what it
adds, over all orders in which the causes can come. With many causes they are put in one after the other, in a stated
order, and each gets what it adds then.

References
----------
L. S. Shapley (1953), A value for n-person games, Contributions to the Theory of Games II, 307-317.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Effect = Callable[[frozenset[int]], Array]
"""The values of every car when some of the causes are in force."""

MOST_SHAPLEY = 6
"""So many causes at most are shared out by Shapley; more one after the other."""


def coalitions(causes: int) -> Iterator[frozenset[int]]:
    """Yield every combination of causes that shares of so many causes look at."""
    numbers = range(causes)
    if causes <= MOST_SHAPLEY:
        for size in range(causes + 1):
            yield from map(frozenset, combinations(numbers, size))
        return
    seen = {frozenset(range(end)) for end in range(causes + 1)}
    seen |= {frozenset({i}) for i in numbers} | {frozenset(numbers) - {i} for i in numbers}
    yield from sorted(seen, key=lambda some: (len(some), sorted(some)))


def shares(effect: Effect, causes: int) -> Array:
    """Share an effect out among its causes.

    Parameters
    ----------
    effect
        Gives the values of shape ``(...)`` for a combination of causes; called once for each.
    causes
        How many there are.

    Returns
    -------
    array
        Shape ``(causes, ...)``; the sum over causes is the value with all of them minus the value with none. NaN
        where a value is NaN.
    """
    if causes > MOST_SHAPLEY:
        steps = [effect(frozenset(range(end))) for end in range(causes + 1)]
        return np.diff(np.stack(steps), axis=0)
    values = {some: effect(some) for some in coalitions(causes)}
    nothing = values[frozenset()]
    out = np.zeros((causes, *nothing.shape))
    for some, value in values.items():
        for cause in set(range(causes)) - some:
            size = len(some)
            weight = factorial(size) * factorial(causes - size - 1) / factorial(causes)
            out[cause] += weight * (values[some | {cause}] - value)
    return out
