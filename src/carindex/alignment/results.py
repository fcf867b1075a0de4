"""Results that missing tests could have: from the worst to the best of each, in as many shades as are asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from carindex.alignment.ends import ends, way_between
from carindex.alignment.missing_tests import Car
from carindex.rating.kernels import Array


class Results:
    """The results that the missing tests of a car could have.

    A result is told by a number from 0, the test at its worst, to 1, at its best: numbers lie that far on the way, and
    of the words of a test the more are at their best the further it is.

    Parameters
    ----------
    car
        The car.
    """

    def __init__(self, car: Car) -> None:
        self.car = car
        self.worst, self.best = ends(car.plan)
        self._start, self._stop = way_between(car.plan, self.worst, self.best)
        slots = [slot for test in car.tests for slot in test.fills]
        self.slots = np.array(slots, np.intp)
        self.test_of = np.array([i for i, test in enumerate(car.tests) for _ in test.fills], np.intp)
        words = np.array([bool(car.plan.quantities[slot].categories) for slot in slots], bool)
        turns = np.full(len(slots), np.nan)
        for i in range(len(car.tests)):
            mine = np.flatnonzero(words & (self.test_of == i))
            turns[mine] = (np.arange(len(mine)) + 1.0) / (len(mine) + 1.0)
        self._turns = turns

    def facts(self, done: NDArray[np.bool_], how: Array) -> Array:
        """Return the facts of the car after some tests.

        Parameters
        ----------
        done
            Whether each test was run, shape ``(tests, n)``.
        how
            How it came out, from 0 to 1, shape ``(tests, n)``; read where it was run.

        Returns
        -------
        array
            Shape ``(facts, n)``, NaN where a fact is still missing.
        """
        found = np.repeat(self.car.column[:, None], done.shape[1], axis=1)
        if not len(self.slots):
            return found
        far = how[self.test_of]
        start, stop = self._start[self.slots, None], self._stop[self.slots, None]
        worst, best = self.worst[self.slots, None], self.best[self.slots, None]
        turns = self._turns[:, None]
        with np.errstate(invalid="ignore"):
            value = np.where(
                np.isnan(turns), start + (stop - start) * far, np.where(far < turns, worst, best)
            )
        value = np.where(far <= 0.0, worst, np.where(far >= 1.0, best, value))
        found[self.slots] = np.where(done[self.test_of], value, np.nan)
        return found
