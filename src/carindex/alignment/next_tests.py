"""Which test to run next, and which set of tests decides a rating.

What a test *closes* is how much narrower the interval of the score is once the test has gone as well, or as badly, as
it can. A campaign is a set of tests, known beforehand, and what is promised of it:

- `final`: every test that the published outcomes still read anything of. After them the rating is final, whatever they
  give.
- `final_at_best`, `final_at_worst`: the cheapest set after which the rating is final if all of it goes as well, or as
  badly, as it can, whatever the tests left out would give.
- `proof`: the cheapest set after which an outcome is certain if all of it goes as well as it can; `refutation`: after
  which it is certainly missed if all of it goes as badly as it can.

The last four tell the shortest way there is, not a way that never gets longer: a result in between may call for further
tests. An engineer who rates again after each result needs no more than `final`, and no fewer than these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
import numpy as np

from carindex.alignment.evidence import Evidence, evidence_of
from carindex.alignment.hitting import Flags, cheapest
from carindex.alignment.improvement.goals import Goal, goals_for
from carindex.alignment.improvement.slicing import Slice
from carindex.dossier import Fact
from carindex.messages import Finding, InputError
from carindex.rating.evaluation import Evaluation
from carindex.rating.kernels import Array
from carindex.rating.plan import Plan

_TINY = 1e-9
Aim = Literal["final", "final_at_best", "final_at_worst", "proof", "refutation"]


class Outlook(msgspec.Struct, frozen=True):
    """What the published outcome of a node can still be."""

    path: str
    lower: str | int | float | None
    upper: str | int | float | None


class NextTest(msgspec.Struct, frozen=True):
    """What one missing test would tell.

    Attributes
    ----------
    test
        Its name: a test, ``car``, or ``given:PATH`` for the score of a node that a report has to state.
    facts
        Names of its missing facts.
    cost
        What it costs.
    closes_most, closes_least
        How much of the interval of the whole score it closes, in the one of its two extreme results that closes more
        and in the other.
    stake
        Points of the whole score that are lost if it goes as badly as it can, all else at its best.
    at_best, at_worst
        What the outcomes can still be after each of its extreme results.
    decides
        Whether an outcome is certain after one of them.
    """

    test: str
    facts: tuple[str, ...]
    cost: float
    closes_most: float
    closes_least: float
    stake: float
    at_best: tuple[Outlook, ...]
    at_worst: tuple[Outlook, ...]
    decides: bool

    @property
    def per_cost(self) -> float:
        """Points at stake for what it costs."""
        return self.stake / self.cost


class Campaign(msgspec.Struct, frozen=True):
    """A set of tests and what is promised of it.

    Attributes
    ----------
    aim
        What the set is for; see the module.
    path, outcome
        Node and outcome that is proved or refuted; empty where the aim is any final rating.
    tests
        The tests; ``None`` where no set of tests is enough.
    cost, bound
        Its cost, and the least that any such set costs.
    never
        Whether no results whatever could bring what is aimed at; else no set is enough because facts stay open of which
        nobody says which way is better.
    """

    aim: Aim
    path: str
    outcome: str
    tests: tuple[str, ...] | None
    cost: float
    bound: float
    never: bool = False

    @property
    def optimal(self) -> bool:
        """Whether no set costs less."""
        return self.tests is not None and self.cost <= self.bound + _TINY


class NextTests(msgspec.Struct, frozen=True):
    """What is missing of a car under a protocol, by what each test would tell, and campaigns.

    ``unordered``: missing facts of which nobody says which way is better; they stay open in every result.
    """

    car: str
    plan: Plan
    outlook: tuple[Outlook, ...]
    lower: float
    upper: float
    maximum: float
    tests: tuple[NextTest, ...]
    campaigns: tuple[Campaign, ...]
    unordered: tuple[str, ...]
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values: the JSON of ``carindex align next --json``."""
        score = {"lower": self.lower, "upper": self.upper, "max": self.maximum}
        return {
            "car": self.car,
            "protocol": self.plan.protocol.id,
            "outlook": [msgspec.to_builtins(one) for one in self.outlook],
            "score": score,
            "tests": [{**msgspec.to_builtins(one), "per_cost": one.per_cost} for one in self.tests],
            "unordered": list(self.unordered),
            "campaigns": [{**msgspec.to_builtins(one), "optimal": one.optimal} for one in self.campaigns],
        }


def next_tests(
    plan: Plan,
    facts: Iterable[Fact],
    *,
    car: str = "",
    costs: Mapping[str, float] | None = None,
    decide: str | None = None,
    place: str = "costs",
    time_limit: float = 5.0,
) -> NextTests:
    """Return what each missing test would tell, the most at stake for its cost first, and campaigns.

    Parameters
    ----------
    plan
        Compiled protocol.
    facts
        What is known of the car.
    car
        Its name.
    costs
        Cost of tests by name; 1 where none is given.
    decide
        An outcome (stars or grade, ``NODE=OUTCOME`` for one node) to prove or refute.
    place
        Where the costs come from, for errors.
    time_limit
        Seconds for each campaign.

    Raises
    ------
    InputError
        When a cost is for a test of which the protocol asks nothing, or there is no such outcome.
    """
    evidence = evidence_of(plan, facts)
    prices = _prices(evidence, costs or {}, place)
    goals = goals_for(plan, decide) if decide is not None else ()
    each, count = evidence.each, len(evidence.tests)
    low, high = each.score("")
    width = high - low
    found = []
    for i, test in enumerate(evidence.tests):
        best, worst = 1 + i, 1 + count + i
        closed = sorted(float(width[0] - width[k]) for k in (best, worst))
        outlooks = _outlook(evidence, each, best), _outlook(evidence, each, worst)
        now = _outlook(evidence, each, 0)
        decided = any(
            was.lower != was.upper and (one.lower == one.upper)
            for after in outlooks
            for was, one in zip(now, after, strict=True)
        )
        found.append(
            NextTest(
                test.name,
                tuple(plan.facts[row] for row in test.rows),
                prices[i],
                closed[1],
                closed[0],
                max(0.0, float(high[0] - high[worst])),
                outlooks[0],
                outlooks[1],
                decided,
            )
        )
    found.sort(key=lambda one: (-one.per_cost, -one.closes_most / one.cost, one.test))
    ends: tuple[Aim, ...] = ("final_at_best", "final_at_worst")
    campaigns = [_everything(evidence, prices)]
    campaigns += [_campaign(evidence, prices, aim, time_limit) for aim in ends]
    sides: tuple[Aim, ...] = ("proof", "refutation")
    campaigns += [_campaign(evidence, prices, aim, time_limit, goal) for goal in goals for aim in sides]
    root = plan.nodes[plan.protocol.root.path]
    return NextTests(
        car,
        plan,
        _outlook(evidence, each, 0),
        float(low[0]),
        float(high[0]),
        root.node.maximum,
        tuple(found),
        tuple(campaigns),
        tuple(
            plan.facts[row] for test in evidence.tests for row in test.rows if np.isnan(evidence.best[row])
        ),
        evidence.findings,
    )


def _prices(evidence: Evidence, costs: Mapping[str, float], place: str) -> list[float]:
    from difflib import get_close_matches

    from carindex.alignment.evidence import test_of

    asked = {test_of(name) for name in evidence.plan.facts}
    for name in costs:
        if name not in asked:
            near = ", ".join(get_close_matches(name, sorted(asked), n=3)) or next(iter(sorted(asked)))
            raise InputError(f"{place}: {name}", "alignment.test_not_missing", name=name, near=near)
    return [float(costs.get(test.name, 1.0)) for test in evidence.tests]


def _outlook(evidence: Evidence, evaluation: Evaluation, car: int) -> tuple[Outlook, ...]:
    found = []
    for path in evidence.plan.headline:
        outcome = evidence.plan.nodes[path].outcome
        assert outcome is not None
        worst, best = evaluation.outcome(path)
        found.append(Outlook(path, outcome.name(float(worst[car])), outcome.name(float(best[car]))))
    return tuple(found)


def _everything(evidence: Evidence, prices: list[float]) -> Campaign:
    """Return the tests that the outcomes (the whole score, where there is none) still read anything of."""
    plan = evidence.plan
    used = Slice(plan, _deciding_slots(plan)).used
    raw_of = dict(plan.raws.tolist())
    members = [
        i
        for i, test in enumerate(evidence.tests)
        if any(used[row] or (row in raw_of and used[raw_of[row]]) for row in test.rows)
    ]
    low, high = evidence.deciding(_deciding_slots(plan))(np.zeros((len(evidence.tests), 1)))
    if _settled(plan, low, high)[0]:
        members = []
    cost = float(sum(prices[i] for i in members))
    return Campaign("final", "", "", tuple(evidence.tests[i].name for i in members), cost, cost)


def _deciding_slots(plan: Plan) -> list[int]:
    """Return the slots of the outcomes that the programme publishes, of the whole score where it publishes none."""
    outcomes = [plan.nodes[path].outcome for path in plan.headline]
    return [one.slot for one in outcomes if one is not None] or [plan.nodes[plan.protocol.root.path].value]


def _settled(plan: Plan, low: Array, high: Array) -> Flags:
    slots = _deciding_slots(plan)
    return np.asarray((low[slots] == high[slots]).all(axis=0))


def _campaign(
    evidence: Evidence, prices: list[float], aim: Aim, time_limit: float, goal: Goal | None = None
) -> Campaign:
    """Return the cheapest set of tests after which what is aimed at is certain, for results that the aim speaks of."""
    slots = _deciding_slots(evidence.plan) if goal is None else [goal.slot]
    bounds = evidence.deciding(slots)
    run = 1.0 if aim in ("proof", "final_at_best") else -1.0

    def enough(sets: Flags) -> Flags:
        low, high = bounds(np.where(sets, run, 0.0))
        if goal is None:
            return _settled(evidence.plan, low, high)
        return goal.reached(low, high) if aim == "proof" else ~goal.possible(low, high)

    path, text = ("", "") if goal is None else (goal.path, goal.text)
    low, high = evidence.each.score("")
    stakes = (high[0] - high[1 + len(prices) :]).clip(0.0) if prices else None
    found = cheapest(prices, enough, time_limit, stakes)
    if found is None:
        never = False
        if goal is not None:
            low, high = bounds(np.full((len(prices), 1), run))
            missed = ~goal.possible(low, high) if aim == "proof" else goal.reached(low, high)
            never = bool(missed[0])
        return Campaign(aim, path, text, None, 0.0, 0.0, never)
    names = tuple(evidence.tests[i].name for i in found.members)
    return Campaign(aim, path, text, names, found.cost, found.bound)
