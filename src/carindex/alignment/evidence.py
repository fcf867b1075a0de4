"""What is missing of a car, test by test, and what each test could show at best and at worst.

A test answers all facts of its name at once. Its *best* result is every one of its missing facts at the better end of
what it can be, its *worst* every one at the other end. Facts of which the vocabulary does not say which way is better,
and whose words stand in no order, stay open in both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np

from carindex.alignment.improvement.levers import words_of
from carindex.alignment.improvement.slicing import COLUMNS_AT_ONCE, Slice
from carindex.alignment.improvement.structure import Part
from carindex.dossier import Fact
from carindex.kept import shipped
from carindex.messages import Finding
from carindex.rating.evaluation import Evaluation, evaluate
from carindex.rating.kernels import Array
from carindex.rating.missing import unknown_facts
from carindex.rating.plan import Plan
from carindex.rating.rating import facts_of
from carindex.vocabulary import GIVEN, FactName, Quantity


class MissingTest(msgspec.Struct, frozen=True):
    """A test, or a stated score of a node, of which facts are missing.

    ``name``: a test of the vocabulary, ``car``, or ``given:PATH``. ``rows``: slots of its missing facts.
    """

    name: str
    rows: tuple[int, ...]


def test_of(name: str) -> str:
    """Return the test that a fact belongs to; of a node's stated score the fact itself."""
    return name if name.startswith(GIVEN) else FactName.parse(name).test


@dataclass(frozen=True)
class Evidence:
    """What a protocol knows of one car.

    Attributes
    ----------
    plan
        Compiled protocol.
    column
        Facts, ``(facts,)``, NaN where one is missing.
    stated
        Scores put in from outside, by node.
    tests
        What is missing and matters, in the order in which the protocol asks for it.
    best, worst
        Value of each fact in the best and the worst result of its test, ``(facts,)``; NaN where it stays open.
    findings
        What is wrong with the facts.
    """

    plan: Plan
    column: Array
    stated: Mapping[str, float]
    tests: tuple[MissingTest, ...]
    best: Array
    worst: Array
    findings: tuple[Finding, ...]
    now: Evaluation

    def evaluated(self, results: Array) -> Evaluation:
        """Evaluate results of the missing tests.

        Parameters
        ----------
        results
            1 for the best, −1 for the worst result of a test, 0 while it is not run; ``(tests, n)``.
        """
        return evaluate(self.plan, self.columns(results), self.stated)

    def columns(self, results: Array) -> Array:
        """Return the facts of the car after results of the missing tests, ``(facts, n)``; see `evaluated`."""
        columns = np.repeat(self.column[:, None], results.shape[1], axis=1)
        for test, row in zip(self.tests, results, strict=True):
            rows = np.array(test.rows, np.intp)
            for sign, values in ((1, self.best), (-1, self.worst)):
                run = row == sign
                if run.any():
                    columns[np.ix_(rows, np.flatnonzero(run))] = values[rows, None]
        return columns

    def deciding(self, slots: Iterable[int]) -> Callable[[Array], tuple[Array, Array]]:
        """Return what works out some slots alone, from results of the missing tests: bounds ``(slots, n)``."""
        plan = self.plan
        over = stated_values(plan, self.stated)
        part = Part(plan, (), Slice(plan, slots, over), self.column, over)

        def run(results: Array) -> tuple[Array, Array]:
            bounds = []
            for start in range(0, results.shape[1], COLUMNS_AT_ONCE):
                columns = self.columns(results[:, start : start + COLUMNS_AT_ONCE])[part.slice.facts]
                n = columns.shape[1]
                stated = np.repeat(np.array(list(over.values()))[:, None], n, axis=1).reshape(-1, n)
                bounds.append(part.slice.run(columns, columns, (stated, stated) if over else None))
            low, high = (np.concatenate([pair[side] for pair in bounds], axis=1) for side in (0, 1))
            return low, high

        return run

    @cached_property
    def each(self) -> Evaluation:
        """The car as it is, then with each test alone at its best, then with each at its worst: 1 + 2 · tests cars."""
        count = len(self.tests)
        results = np.zeros((count, 1 + 2 * count))
        results[np.arange(count), 1 + np.arange(count)] = 1
        results[np.arange(count), 1 + count + np.arange(count)] = -1
        return self.evaluated(results)


def evidence_of(plan: Plan, facts: Iterable[Fact]) -> Evidence:
    """Return what a protocol knows of a car, and what its missing tests could show.

    Parameters
    ----------
    plan
        Compiled protocol.
    facts
        What is known; facts that the protocol does not ask for are left aside.
    """
    column = facts_of(plan, facts)
    now = evaluate(plan, column.values[:, None], column.elsewhere)
    stated = {path: fact.value for path, fact in column.stated.items()}
    missing = unknown_facts(now, column.known, stated)
    rows: dict[str, list[int]] = {}
    for row in missing:
        rows.setdefault(test_of(plan.facts[row]), []).append(row)
    best, worst = np.full(len(plan.facts), np.nan), np.full(len(plan.facts), np.nan)
    for row in missing:
        least, most = float(plan.least[row]), float(plan.most[row])
        best[row], worst[row] = ends_of(plan.facts[row], plan.quantities[row], least, most)
    tests = tuple(MissingTest(name, tuple(some)) for name, some in rows.items())
    return Evidence(plan, column.values, column.elsewhere, tests, best, worst, tuple(column.impossible), now)


def stated_values(plan: Plan, stated: Mapping[str, float]) -> dict[int, float]:
    """Return the value that a stated score puts into the slot of its node."""
    over = {}
    for path, score in stated.items():
        node = plan.nodes[path].node
        over[plan.nodes[path].value] = score if node.counts == "points" else node.maximum - score
    return over


def ends_of(name: str, quantity: Quantity, least: float, most: float) -> tuple[float, float]:
    """Return the best and the worst value that a fact can have; NaN where nobody says which that is.

    Parameters
    ----------
    name, quantity
        The fact.
    least, most
        What it can be at all; where that has no end, what is plausible.
    """
    if quantity.categories:
        whole: Mapping[str, str] = shipped("alignment/known_when_run.yaml")
        word = whole.get(name.rpartition("/")[2])
        if word is not None:
            here = float(quantity.categories.index(word)) if name.count("/") == 1 else math.nan
            return here, here
        words = words_of(name, quantity)
        return (words[-1], words[0]) if words else (math.nan, math.nan)
    if quantity.better == "none":
        return math.nan, math.nan
    plausible = quantity.plausible or (math.nan, math.nan)
    low = least if math.isfinite(least) else plausible[0]
    high = most if math.isfinite(most) else plausible[1]
    return (high, low) if quantity.better == "higher" else (low, high)


def widths(evaluation: Evaluation, paths: Sequence[str]) -> tuple[Array, Array]:
    """Return lower and upper score of nodes, ``(nodes, cars)``."""
    bounds = [evaluation.score(path) for path in paths]
    return np.array([low for low, _ in bounds]), np.array([high for _, high in bounds])
