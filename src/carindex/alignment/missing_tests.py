"""What is missing of a car, by test: a test answers all facts of it that the protocol asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from carindex.alignment.variations import Variations
from carindex.dossier import Fact
from carindex.rating.evaluation import Evaluation, evaluate
from carindex.rating.kernels import Array
from carindex.rating.missing import unknown_facts, way
from carindex.rating.plan import Plan
from carindex.rating.rating import Rating, facts_of
from carindex.vocabulary import CAR, GIVEN, FactName


class MissingTest(msgspec.Struct, frozen=True):
    """A test that was not run, or not reported in full.

    Attributes
    ----------
    name
        Test of the vocabulary, ``car`` for what has to be known of the car as a whole, or ``given:PATH`` for a score
        that only a report can state.
    missing
        Names of the facts that are missing and matter.
    fills
        Numbers, in the plan, of all facts that the test answers: also those that matter only once others are known.
    """

    name: str
    missing: tuple[str, ...]
    fills: tuple[int, ...]


class Car(msgspec.Struct, frozen=True):
    """What is known of a car under a protocol.

    Attributes
    ----------
    plan
        Compiled protocol.
    column
        Facts as the plan takes them, shape ``(facts,)``, NaN where one is missing.
    assumed
        Scores put in from outside, by node.
    evaluation
        The car evaluated with what is known.
    tests
        What is missing and matters.
    """

    plan: Plan
    column: Array
    assumed: Mapping[str, float]
    evaluation: Evaluation
    tests: tuple[MissingTest, ...]

    def variations(self, slots: Iterable[int]) -> Variations:
        """Return the car ready to be evaluated with missing facts filled in; ``slots`` are those asked for."""
        return Variations(self.plan, self.column, self.assumed, slots, self.evaluation)


def car_under(plan: Plan, facts: Iterable[Fact], assumed: Mapping[str, float] | None = None) -> Car:
    """Return what is known of a car under a protocol, and what is missing.

    Parameters
    ----------
    plan
        Compiled protocol.
    facts
        What is known of the car.
    assumed
        Scores to assume for nodes, by path.
    """
    own = facts_of(plan, facts, as_given=plan.protocol.calculator)
    elsewhere = {**own.elsewhere, **(assumed or {})}
    evaluation = evaluate(plan, own.values[:, None], elsewhere)
    stated = {**{path: fact.value for path, fact in own.stated.items()}, **(assumed or {})}
    unknown = unknown_facts(evaluation, own.known, stated)
    return Car(plan, own.values, elsewhere, evaluation, _by_test(plan, own.values, unknown))


def car_rated(rating: Rating, facts: Iterable[Fact]) -> Car:
    """Return the same of a car that is rated already, from these facts."""
    plan = rating.plan
    own = facts_of(plan, facts, as_given=plan.protocol.calculator)
    missing = set(rating.missing)
    unknown = [slot for slot, name in enumerate(plan.facts) if name in missing]
    elsewhere = {**own.elsewhere, **rating.assumed}
    return Car(plan, own.values, elsewhere, rating.evaluation, _by_test(plan, own.values, unknown))


def _by_test(plan: Plan, column: Array, unknown: list[int]) -> tuple[MissingTest, ...]:
    found: dict[str, list[int]] = {}
    for slot in unknown:
        found.setdefault(answering_test(plan, slot), []).append(slot)
    fills: dict[str, list[int]] = {name: [] for name in found}
    for slot, name in enumerate(plan.facts):
        if column[slot] == column[slot] or not answerable(plan, name):
            continue
        test = answering_test(plan, slot)
        if test in fills:
            fills[test].append(slot)
    return tuple(
        MissingTest(name, tuple(plan.facts[slot] for slot in slots), tuple(fills[name]))
        for name, slots in found.items()
    )


def answerable(plan: Plan, name: str) -> bool:
    """Whether a test answers a fact: a score of a node whose rule is known follows from others and is not stated."""
    if not name.startswith(GIVEN):
        return True
    node = plan.nodes.get(name.removeprefix(GIVEN))
    return node is None or node.node.spec.open is True


def answering_test(plan: Plan, slot: int) -> str:
    """Return the test that answers a fact.

    Points that only a report can state belong to the test that the nearest part above them, short of the whole car,
    asks facts of, if that is a single one; else they are a report of their own.
    """
    name = plan.facts[slot]
    if not name.startswith(GIVEN):
        return FactName.parse(name).test
    for above in reversed(way(name.removeprefix(GIVEN))[1:-1]):
        if above not in plan.nodes:
            continue
        tests = {
            FactName.parse(plan.facts[other]).test
            for other in plan.facts_below(above)
            if not plan.facts[other].startswith(GIVEN)
        } - {CAR}
        if tests:
            return tests.pop() if len(tests) == 1 else name
    return name
