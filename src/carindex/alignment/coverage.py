"""How much of a protocol a car's evidence covers: what is there, what can be taken over, what is missing, by test."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Literal

import msgspec

from carindex.alignment.items import item_of
from carindex.alignment.reuse import ACCEPTED, Accepted, Reuse, rate_with_reuse, reusable
from carindex.dossier import Fact
from carindex.kept import kept
from carindex.messages import Finding
from carindex.rating import Plan, Rating, rate
from carindex.rating.stakes import stakes
from carindex.vocabulary import CAR, GIVEN, FactName, vocabulary

State = Literal["present", "equivalent", "indicative", "missing"]
STATES: tuple[State, ...] = ("present", "equivalent", "indicative", "missing")

REPORT = ""
"""Stands for a test where only a report can state points, because the rule is not known."""


class Clause(msgspec.Struct, frozen=True):
    """Where a protocol asks for a fact: the node, and the source of its rule."""

    path: str
    source: str
    verified: str


class Needed(msgspec.Struct, frozen=True):
    """A fact that a protocol needs of a car.

    ``state``: present; equivalent or indicative, where it can be taken over (``reuse``); or missing. ``programmes``:
    protocols that ask for the test that it can be taken over from.
    """

    name: str
    test: str
    state: State
    fact: Fact | None
    reuse: Reuse | None
    clauses: tuple[Clause, ...]
    programmes: tuple[str, ...] = ()


class TestCoverage(msgspec.Struct, frozen=True):
    """Coverage of one test.

    ``share``: what its parts can cost the whole, ``None`` where the rules give them no share. ``open``: the part of the
    whole that is open there with the facts of the car alone; ``open_after`` with those that are taken over.
    """

    test: str
    counts: Mapping[State, int]
    share: float | None
    open: float | None
    open_after: float | None


class Coverage(msgspec.Struct, frozen=True):
    """What of a protocol the evidence of a car covers.

    ``before``: the rating by its own facts alone, ``after``: with what is taken over of the relations in ``accept``.
    """

    plan: Plan
    accept: tuple[Accepted, ...]
    needed: tuple[Needed, ...]
    tests: tuple[TestCoverage, ...]
    before: Rating
    after: Rating


def coverage(
    facts: Iterable[Fact],
    plan: Plan,
    *,
    accept: Collection[Accepted] = (),
    car: str = "",
    findings: Iterable[Finding] = (),
    inputs: Mapping[str, str] | None = None,
) -> Coverage:
    """Return how much of a protocol a car's facts cover, and what could be taken over.

    Parameters
    ----------
    facts
        What is known of the car.
    plan
        The protocol.
    accept
        Relations of evidence with which the rating goes on; nothing by default.
    car, findings, inputs
        As in `carindex.rating.rate`.
    """
    own, said = tuple(facts), tuple(findings)
    before = rate(plan, own, car=car, findings=said, inputs=inputs)
    possible = reusable(own, plan)
    wanted = set(before.missing)
    possible = {name: reuse for name, reuse in possible.items() if name in wanted}
    after, _ = rate_with_reuse(plan, own, accept, findings=said, car=car, inputs=inputs)
    needed = _needed(plan, before, possible)
    return Coverage(
        plan,
        tuple(relation for relation in ACCEPTED if relation in accept),
        needed,
        _by_test(plan, needed, before, after),
        before,
        after,
    )


def _needed(plan: Plan, rating: Rating, possible: Mapping[str, Reuse]) -> tuple[Needed, ...]:
    known = {fact.name: fact for node in rating.nodes for fact in node.facts}
    missing = set(rating.missing)
    clauses = _clauses(plan)
    found = []
    for name in plan.facts:
        fact, reuse = known.get(name), possible.get(name)
        if fact is None and name not in missing:
            continue
        state: State = "present" if fact is not None else reuse.relation if reuse is not None else "missing"
        programmes: tuple[str, ...] = ()
        if reuse is not None:
            programmes = _programmes(FactName.parse(reuse.sources[0].name).test)
        found.append(Needed(name, _test(name, plan), state, fact, reuse, clauses.get(name, ()), programmes))
    return tuple(found)


def _clauses(plan: Plan) -> Mapping[str, tuple[Clause, ...]]:
    """Return the nodes whose rule reads each fact; of one that no rule reads those that look at it otherwise."""
    found: dict[str, dict[str, Clause]] = {}
    beside: dict[str, dict[str, Clause]] = {}
    for path, node_plan in plan.nodes.items():
        clause = Clause(path, node_plan.node.source, node_plan.node.verified)
        for slot in node_plan.rule_facts:
            found.setdefault(plan.facts[slot], {})[path] = clause
        for slot in node_plan.facts:
            beside.setdefault(plan.facts[slot], {})[path] = clause
    return {name: tuple(found.get(name, clauses).values()) for name, clauses in beside.items()}


def _test(name: str, plan: Plan) -> str:
    """Return the test that a fact belongs to; of a score that a report states that of its node, if it names one."""
    if name.startswith(GIVEN):
        node = plan.nodes.get(name.removeprefix(GIVEN))
        return (node.node.test if node is not None else None) or REPORT
    return FactName.parse(name).test


@cache
def _programmes(test: str) -> tuple[str, ...]:
    """Return the protocols that come with the package and ask for facts of a test."""

    def make() -> dict[str, list[str]]:
        from carindex.rating import available_protocols
        from carindex.rating.compiled import compiled
        from carindex.rating.load import as_shipped

        found: dict[str, list[str]] = {}
        for name in available_protocols():
            if not as_shipped(name):
                continue
            items = {item_of(fact) for fact in compiled(name).facts}
            for asked in sorted({item.test for item in items if item is not None and item.test is not None}):
                found.setdefault(asked, []).append(name)
        return found

    return tuple(kept("alignment.asked", make).get(test, ()))


def _by_test(plan: Plan, needed: Iterable[Needed], before: Rating, after: Rating) -> tuple[TestCoverage, ...]:
    groups: dict[str, list[Needed]] = {}
    for one in needed:
        groups.setdefault(one.test, []).append(one)
    tops = _tops(plan)
    order = {name: i for i, name in enumerate((CAR, *vocabulary().tests, REPORT))}
    return tuple(
        TestCoverage(
            test,
            {state: sum(one.state == state for one in some) for state in STATES},
            *_weigh(plan, tops.get(test, ()), before, after),
        )
        for test, some in sorted(groups.items(), key=lambda item: order[item[0]])
    )


def _tops(plan: Plan) -> Mapping[str, tuple[str, ...]]:
    """Return the topmost nodes that ask for facts of one test only."""
    of: dict[str, set[str]] = {}
    for path, node_plan in plan.nodes.items():
        tests = {_test(plan.facts[slot], plan) for slot in node_plan.facts} - {CAR}
        parts = path.split("/") if path else []
        for end in range(len(parts) + 1):
            of.setdefault("/".join(parts[:end]), set()).update(tests)
    found: dict[str, list[str]] = {}
    for path in plan.nodes:
        above = path.rpartition("/")[0] if path else None
        if len(of[path]) == 1 and (above is None or len(of.get(above, ())) > 1):
            found.setdefault(next(iter(of[path])), []).append(path)
    return {test: tuple(paths) for test, paths in found.items()}


def _weigh(
    plan: Plan, tops: Iterable[str], before: Rating, after: Rating
) -> tuple[float | None, float | None, float | None]:
    """Return the share of the whole of some nodes, and how much of it is open before and after taking over."""
    weights = stakes(plan)
    shares = [(path, weights[path].share) for path in tops]
    told = [(path, share) for path, share in shares if share is not None]
    if not told:
        return None, None, None
    share = sum(one for _, one in told)
    widths = []
    for rating in (before, after):
        by_path = {node.path: node for node in rating.nodes}
        widths.append(
            sum(
                one * (by_path[path].upper - by_path[path].lower) / by_path[path].maximum
                for path, one in told
                if by_path[path].maximum > 0
            )
        )
    return share, widths[0], widths[1]
