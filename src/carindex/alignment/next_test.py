"""Which test to run next: how much of the interval each missing one closes, and at what cost."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

import msgspec
import numpy as np

from carindex.alignment.bounds import Scores, slots_of
from carindex.alignment.missing_tests import Car, answering_test
from carindex.alignment.results import Results
from carindex.messages import InputError

SHADES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Results that are looked at of each test, from its worst to its best."""

_EVEN = 1e-9


class Candidate(msgspec.Struct, frozen=True):
    """A missing test and what running it would tell.

    Attributes
    ----------
    test, missing, facts
        Name of the test; how many facts are missing that it answers; their names.
    cost
        What it costs.
    closes
        What of the interval of the whole score it closes, at least and at most, of the results looked at.
    outcome_closes
        The same of stars or grades, in steps; of several outcomes the sum.
    at_stake
        Points of the whole between its worst and its best result, all other tests at their best.
    secures
        The same, all other tests at their worst.
    decides, decides_always
        Nodes with stars or a grade, not settled yet, that it alone can settle: with one of the results at least, and
        with each of them.
    reaches_ends
        Whether its worst result keeps the lower end of the interval and its best the upper one, as they do unless the
        bounds of the rules are wider than what can be.
    value
        Part of what is open that it closes, 0 to 1: of the score's interval, and of the stars' or grades' where the
        programme has them, the mean of both; of each the mean of the least and the most.
    """

    test: str
    facts: tuple[str, ...]
    cost: float
    closes: tuple[float, float]
    outcome_closes: tuple[float, float]
    at_stake: float
    secures: float
    decides: tuple[str, ...]
    decides_always: tuple[str, ...]
    reaches_ends: bool
    value: float

    @property
    def missing(self) -> int:
        """How many facts are missing that it answers."""
        return len(self.facts)

    @property
    def per_cost(self) -> float:
        """Value for one unit of cost."""
        return self.value / self.cost


def costs_of(car: Car, said: Mapping[str, object], place: str) -> dict[str, float]:
    """Return the cost of each missing test: as it is said, 1 where nothing is.

    Parameters
    ----------
    car
        The car.
    said
        Tests and costs, as a file says them; also of tests that are not missing.
    place
        Where they are said, for messages.

    Raises
    ------
    InputError
        When a name is no test that the protocol asks for, or a cost no number above 0.
    """
    plan = car.plan
    known = dict.fromkeys(answering_test(plan, slot) for slot in range(len(plan.facts)))
    found = {test.name: 1.0 for test in car.tests}
    for name, value in said.items():
        if name not in known:
            near = get_close_matches(name, known, n=3) or list(found or known)[:3]
            raise InputError(
                f"{place}: {name}", "alignment.test_not_missing", name=name, near=", ".join(near)
            )
        cost = _number(value)
        if not 0.0 < cost < np.inf:
            raise InputError(f"{place}: {name}", "alignment.not_a_cost", text=value)
        if name in found:
            found[name] = cost
    return found


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return np.nan
    try:
        return float(value)
    except ValueError:
        return np.nan


def candidates(car: Car, costs: Mapping[str, float]) -> tuple[Candidate, ...]:
    """Return the missing tests, the most valuable for its cost first.

    Parameters
    ----------
    car
        The car.
    costs
        Cost of each missing test.
    """
    plan = car.plan
    paths = [path for path, node_plan in plan.nodes.items() if node_plan.outcome is not None or not path]
    variations = car.variations(slots_of(plan, paths))
    count, shades = len(car.tests), len(SHADES)
    # the car as it is; each test with each result; all tests at their best but one, and at their worst but one
    whole = 1 + count * shades
    done = np.zeros((count, whole + 2 * (count + 1)), bool)
    how = np.zeros(done.shape)
    done[:, whole:] = True
    how[:, whole : whole + count + 1] = 1.0 - np.eye(count, count + 1)
    how[:, whole + count + 1 :] = np.eye(count, count + 1)
    for i in range(count):
        part = slice(1 + i * shades, 1 + (i + 1) * shades)
        done[i, part], how[i, part] = True, SHADES
    scores = Scores(variations, Results(car).facts(done, how))
    low, high = scores.score("")
    ranks = {path: scores.rank(path) for path in paths if plan.nodes[path].outcome is not None}
    steps = np.zeros(len(low))
    for path in plan.headline:
        steps += ranks[path][1] - ranks[path][0]
    found = []
    for i, test in enumerate(car.tests):
        part = slice(1 + i * shades, 1 + (i + 1) * shades)
        closed = (high[0] - low[0]) - (high[part] - low[part])
        fewer = steps[0] - steps[part]
        settled = {
            path: least[part] == most[part] for path, (least, most) in ranks.items() if least[0] < most[0]
        }
        least, most = float(closed.min()), float(closed.max())
        parts = [(least + most) / 2.0 / (high[0] - low[0])] if high[0] > low[0] else []
        if steps[0] > 0.0:
            parts.append((fewer.min() + fewer.max()) / 2.0 / steps[0])
        found.append(
            Candidate(
                test.name,
                test.missing,
                costs[test.name],
                (least, most),
                (float(fewer.min()), float(fewer.max())),
                float(high[whole + count] - high[whole + i]),
                float(low[whole + count + 1 + i] - low[-1]),
                tuple(path for path, when in settled.items() if when.any()),
                tuple(path for path, when in settled.items() if when.all()),
                bool(abs(low[part][0] - low[0]) <= _EVEN and abs(high[part][-1] - high[0]) <= _EVEN),
                float(np.mean(parts)) if parts else 0.0,
            )
        )
    order = {test.name: i for i, test in enumerate(car.tests)}
    return tuple(sorted(found, key=lambda one: (-one.per_cost, -one.at_stake / one.cost, order[one.test])))
