"""A plan of tests: the fewest or cheapest that make an outcome final, or decide whether one is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.alignment.covering import cheapest
from carindex.alignment.deciding import Needed, Progress, Question, needed_for, questions, ranks_of
from carindex.alignment.missing_tests import Car
from carindex.alignment.results import Results
from carindex.messages import InputError
from carindex.rating.plan import Plan


class Choice(msgspec.Struct, frozen=True):
    """Tests to run, what they cost together, and what any set that does the same costs at least."""

    tests: tuple[str, ...]
    cost: float
    at_least: float

    @property
    def optimal(self) -> bool:
        """Whether nothing cheaper does the same."""
        return self.cost <= self.at_least + 1e-9 * max(1.0, self.cost)


class InAnyCase(msgspec.Struct, frozen=True):
    """The tests after which an answer is certain whatever their results; see `Needed` for ``needed`` and the others.

    ``choice``: those needed and, where it is not clear whether they are, those that may be.
    """

    choice: Choice
    needed: Needed


class Decision(msgspec.Struct, frozen=True):
    """How to find out whether a node reaches an outcome.

    Attributes
    ----------
    question
        The question.
    answer
        The answer where what is known gives it already.
    yes, no
        The cheapest tests with which the answer can be yes, or no, for certain: at their best, or at their worst;
        ``None`` where it cannot.
    in_any_case
        The tests after which the answer is certain whatever their results.
    """

    question: Question
    answer: bool | None
    yes: Choice | None
    no: Choice | None
    in_any_case: InAnyCase | None


def final_plan(car: Car, costs: Mapping[str, float], progress: Progress | None = None) -> InAnyCase | None:
    """Return the tests after which the outcome is final whatever their results; ``None`` where it is already.

    Parameters
    ----------
    car
        The car.
    costs
        Cost of each missing test.
    progress
        Told how many of how many rounds of the search are done.
    """
    asked = questions(car)
    return _in_any_case(car, asked, costs, progress) if asked else None


def _in_any_case(
    car: Car, asked: Sequence[Question], costs: Mapping[str, float], progress: Progress | None
) -> InAnyCase:
    found = needed_for(car, asked, progress)
    wanted = {*found.needed, *found.unclear}
    tests = tuple(test.name for test in car.tests if test.name in wanted)
    surely = sum(costs[name] for name in found.needed)
    return InAnyCase(Choice(tests, sum(costs[name] for name in tests), surely), found)


def decide(
    car: Car, question: Question, costs: Mapping[str, float], progress: Progress | None = None
) -> Decision:
    """Return how to find out whether a node reaches an outcome.

    Parameters
    ----------
    car, costs, progress
        As in `final_plan`.
    question
        The question, with an outcome.
    """
    assert question.rank is not None
    rank = question.rank
    low, high = (float(bound[0]) for bound in car.evaluation.outcome(question.path))
    if low >= rank or high < rank:
        return Decision(question, low >= rank, None, None, None)
    slot = question.slot(car.plan)
    variations = car.variations([slot])
    results = Results(car)
    reaching = np.array([variations.reach(test.fills)[slot] for test in car.tests])
    tests = [test.name for test in car.tests]
    own = [name for name, reaches in zip(tests, reaching, strict=True) if reaches]
    numbers = np.flatnonzero(reaching)

    def choice(*, best: bool) -> Choice | None:
        def answers(sets: NDArray[np.bool_]) -> NDArray[np.bool_]:
            done = np.zeros((len(tests), sets.shape[1]), bool)
            done[numbers] = sets
            below, above = variations.bounds(results.facts(done, np.full(done.shape, float(best))))
            return np.asarray(below[0] >= rank if best else above[0] < rank, np.bool_)

        found = cheapest(np.array([costs[name] for name in own]), answers)
        if found is None:
            return None
        chosen = tuple(name for name, taken in zip(own, found.chosen, strict=True) if taken)
        return Choice(chosen, found.cost, found.at_least)

    return Decision(
        question,
        None,
        choice(best=True),
        choice(best=False),
        _in_any_case(car, (question,), costs, progress),
    )


def asked_for(plan: Plan, text: str) -> Question:
    """Return the question that ``5``, ``G`` or ``NODE=5`` asks.

    Raises
    ------
    InputError
        When there is no such node or outcome, or it is not said which of several nodes is meant.
    """
    path, equals, name = text.rpartition("=")
    place = f"--decide {text}"
    published = plan.headline
    if not equals:
        if len(published) != 1:
            known = [f"{one}={_names(plan, one)[-1]}" for one in published or _with_outcome(plan)]
            code = "alignment.which_node" if known else "alignment.nothing_to_decide"
            raise InputError(place, code, protocol=plan.protocol.id, available=", ".join(known))
        path = published[0]
    elif path not in plan.nodes or plan.nodes[path].outcome is None:
        known = _with_outcome(plan)
        code = "alignment.which_node" if known else "alignment.nothing_to_decide"
        raise InputError(place, code, protocol=plan.protocol.id, available=", ".join(known))
    outcome = plan.nodes[path].outcome
    assert outcome is not None
    for rank in ranks_of(plan, path):
        if str(outcome.name(rank)) == name.strip():
            return Question(path, rank)
    available = ", ".join(_names(plan, path))
    raise InputError(
        place, "alignment.no_such_outcome", text=name, protocol=plan.protocol.id, available=available
    )


def _with_outcome(plan: Plan) -> list[str]:
    return [path for path, node_plan in plan.nodes.items() if node_plan.outcome is not None]


def _names(plan: Plan, path: str) -> list[str]:
    outcome = plan.nodes[path].outcome
    assert outcome is not None
    return [str(outcome.name(rank)) for rank in ranks_of(plan, path)]
