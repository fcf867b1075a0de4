"""The cheapest improvement of a car: what has to change, by how much, and what is won."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from carindex.alignment.improvement.blocks import put
from carindex.alignment.improvement.goals import Goal, goals_for
from carindex.alignment.improvement.levers import Effort, Lever
from carindex.alignment.improvement.model import Known, Model, known_of, model_of
from carindex.alignment.improvement.reasons import blocking, unreachable
from carindex.alignment.improvement.search import Found, Search, best_reach
from carindex.dossier import Fact
from carindex.messages import Finding, Language
from carindex.rating.plan import Plan
from carindex.rating.rating import Rating, rate
from carindex.vocabulary import GIVEN

TIME_LIMIT = 8.0
"""Seconds that a search may take by default before it returns the best it has."""

NO_EFFORT = Effort()

Relation = Literal["to", "at_most", "at_least", "is"]


class Request(msgspec.Struct, frozen=True):
    """What one protocol is asked for: stars, a grade (also ``NODE=OUTCOME``), or a score."""

    plan: Plan
    target: str | None = None
    score: float | None = None

    @property
    def goals(self) -> tuple[Goal, ...]:
        """The outcomes or scores of nodes that have to be reached."""
        return goals_for(self.plan, self.target, self.score)


class Gain(msgspec.Struct, frozen=True):
    """What a node that reads a fact has more after all changes than before: points, or less risk or demerits.

    ``before`` is the worst that its score may have been where facts were missing.
    """

    protocol: str
    path: str
    before: float
    after: float


class Change(msgspec.Struct, frozen=True):
    """One fact that has to change, or a missing one that something is asked of.

    Attributes
    ----------
    fact
        Its name.
    relation
        ``to``: it changes to ``after``. Of a missing fact: it has to be no more (``at_most``) or no less
        (``at_least``), or ``after`` itself (``is``).
    before, after
        Values, words as words; ``before`` is ``None`` for a missing fact.
    unit
        Unit of the values.
    effort
        What it costs; of a missing fact how much is asked of it (1 and its distance from the worst limit in spans).
    step
        Unit in which a number was moved; 0 for words.
    gains
        What the nodes that read it win by all changes together.
    """

    fact: str
    relation: Relation
    before: str | float | None
    after: str | float
    unit: str
    effort: float
    step: float
    gains: tuple[Gain, ...] = ()


class Improvement(msgspec.Struct, frozen=True):
    """The cheapest improvement that was found.

    Attributes
    ----------
    goals
        What was asked for.
    reached
        Whether it can be.
    changes
        Facts that change, the greatest effort first.
    requirements
        Missing facts of which something is asked.
    effort, bound
        Effort of the changes; no set of changes takes less than ``bound``.
    optimal
        Whether the effort is the least, to within ``tolerance`` (two steps of every number that changes).
    before, after
        Ratings under each protocol as the car is and as it would be.
    findings
        What was found; an error for each goal that cannot be reached.
    """

    car: str
    goals: tuple[Goal, ...]
    reached: bool
    changes: tuple[Change, ...]
    requirements: tuple[Change, ...]
    effort: float
    bound: float
    optimal: bool
    tolerance: float
    before: tuple[Rating, ...]
    after: tuple[Rating, ...]
    findings: tuple[Finding, ...]

    @property
    def gap(self) -> float:
        """Part of the effort that is not proved to be needed, from 0 to 1."""
        return 0.0 if self.optimal or self.effort <= 0 else (self.effort - self.bound) / self.effort

    def as_json(self, language: Language = "en") -> dict[str, Any]:
        """Return the improvement as plain values: the JSON of ``carindex align improve --json``."""
        return {
            "car": self.car,
            "targets": [
                {
                    "protocol": goal.plan.protocol.id,
                    "path": goal.path,
                    "score" if goal.score else "outcome": goal.text,
                }
                for goal in self.goals
            ],
            "reached": self.reached,
            "changes": [_change_json(change) for change in self.changes],
            "requirements": [_change_json(change) for change in self.requirements],
            "effort": self.effort,
            "bound": self.bound if math.isfinite(self.bound) else None,
            "optimal": self.optimal,
            "gap": self.gap,
            "tolerance": self.tolerance,
            "before": [_rating_json(rating) for rating in self.before],
            "after": [_rating_json(rating) for rating in self.after],
            "findings": [finding.as_json(language) for finding in self.findings],
        }


def _change_json(change: Change) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(change)
    return found


def _rating_json(rating: Rating) -> dict[str, Any]:
    return {
        "protocol": rating.protocol.id,
        "outcomes": [
            {"path": node.path, "lower": node.outcome_lower, "upper": node.outcome_upper}
            for node in rating.headline
        ],
        "score": {"lower": rating.root.lower, "upper": rating.root.upper, "max": rating.root.maximum},
    }


def improve(
    requests: Sequence[Request],
    facts: Iterable[Fact],
    *,
    car: str = "",
    effort: Effort = NO_EFFORT,
    place: str = "effort",
    time_limit: float = TIME_LIMIT,
) -> Improvement:
    """Return the smallest set of changes that reaches all goals.

    Parameters
    ----------
    requests
        Protocols and what is asked of each.
    facts
        What is known of the car.
    car
        Its name.
    effort
        What changes cost, what stays fixed, what changes together. By default a fact costs 1 for the span from the
        first to the last limit that any rule of the protocols has for it, a word 1 a step.
    place
        Where the efforts come from, for errors.
    time_limit
        Seconds after which the best answer so far is returned.

    Raises
    ------
    InputError
        When a target does not exist, or the efforts contradict themselves or name facts that are not rated.
    """
    facts = list(facts)
    goals = [request.goals for request in requests]
    known = [known_of(request.plan, facts) for request in requests]
    model = model_of(known, goals, effort, place)
    every = tuple(goal for own in goals for goal in own)
    before = tuple(rate(request.plan, facts, car=car) for request in requests)
    findings = [finding for one in known for finding in one.findings]
    search = Search(model, time_limit)
    found = search.run()
    if found.values is None:
        findings += _why(model, search, found)
        nothing = (0.0, 0.0, False, 0.0)
        return Improvement(car, every, False, (), (), *nothing, before, (), tuple(findings))
    changed = _changed(facts, model, found.values)
    after = tuple(rate(request.plan, changed, car=car) for request in requests)
    gains = _gains(model, found.values, before, after)
    changes = [
        _change(model.levers[name], name, value, gains.get(name, ())) for name, value in found.values.items()
    ]
    changes.sort(key=lambda change: (-change.effort, change.fact))
    return Improvement(
        car,
        every,
        True,
        tuple(change for change in changes if change.relation == "to"),
        tuple(_loosest(model, found.values, [change for change in changes if change.relation != "to"])),
        found.effort,
        found.bound,
        found.optimal,
        found.tolerance,
        before,
        after,
        tuple(findings),
    )


def _why(model: Model, search: Search, found: Found) -> list[Finding]:
    """Return a finding for each goal that cannot be reached."""
    bounds = model.bounds(model.levers.values())
    best = best_reach(search)
    every = {name: lever.words[-1] if lever.words else lever.best for name, lever in model.levers.items()}
    put_in = put(every, model.levers)
    at_best = [part.run([put_in.get(i, {})]) for i, part in enumerate(model.parts)]
    findings, number = [], 0
    for part, own, most in zip(model.parts, bounds, at_best, strict=True):
        for goal in part.goals:
            value = None if best is None else float(best[number])
            number += 1
            if value is not None and (value <= goal.line if goal.falling else value >= goal.line):
                continue
            reasons = blocking(part, goal, own, most)
            findings.append(unreachable(goal, value, reasons))
    if not findings:  # each goal by itself could be reached
        findings = [
            unreachable(goal, None, blocking(part, goal, own, most))
            for part, own, most in zip(model.parts, bounds, at_best, strict=True)
            for goal in part.goals
        ]
    return findings


def _said(lever: Lever, value: float) -> str | float:
    return lever.quantity.categories[round(value)] if lever.quantity.categories else value


def _changed(facts: Sequence[Fact], model: Model, values: Mapping[str, float]) -> list[Fact]:
    """Return the facts of the car as it would be; for a score that is stated of a protocol, that protocol's."""
    found = {fact.name: fact for fact in facts}
    for name, value in values.items():
        lever = model.levers[name]
        for known in _owners(model, lever):
            own = name
            if name.startswith(GIVEN):
                path = name.removeprefix(GIVEN).rpartition(":")[2]
                for key in (f"{GIVEN}{path}", f"{GIVEN}{known.plan.protocol.id}:{path}"):
                    found.pop(key, None)
                own = f"{GIVEN}{known.plan.protocol.id}:{path}"
            found[own] = _fact(own, lever, value)
    return list(found.values())


def _owners(model: Model, lever: Lever) -> list[Known]:
    return [model.known[number] for number in lever.rows]


def _fact(name: str, lever: Lever, value: float) -> Fact:
    word = _said(lever, value)
    unit = lever.quantity.unit
    if isinstance(word, str) and name.startswith(GIVEN):
        return Fact(name, math.nan, unit, "improvement", said=word)
    return Fact(name, value, unit, "improvement")


def _gains(
    model: Model, values: Mapping[str, float], before: Sequence[Rating], after: Sequence[Rating]
) -> dict[str, tuple[Gain, ...]]:
    """Return what the nodes that read each changed fact win by all changes together."""
    found: dict[str, list[Gain]] = {}
    for number, part in enumerate(model.parts):
        facts = {
            model.levers[name].rows[number]: name for name in values if number in model.levers[name].rows
        }
        was = {node.path: node.lower for node in before[number].nodes}
        now = {node.path: node.lower for node in after[number].nodes}
        for path, node_plan in part.plan.nodes.items():
            if node_plan.node.beside or path not in was or not now[path] > was[path]:
                continue
            for row in {*node_plan.facts, node_plan.value}:
                if row in facts:
                    gain = Gain(part.plan.protocol.id, path, was[path], now[path])
                    found.setdefault(facts[row], []).append(gain)
    return {name: tuple(some) for name, some in found.items()}


def _change(lever: Lever, name: str, value: float, gains: tuple[Gain, ...]) -> Change:
    relation: Relation = "to" if lever.present is not None else "is"
    return Change(
        name,
        relation,
        None if lever.present is None else _said(lever, lever.present),
        _said(lever, value),
        lever.quantity.unit,
        lever.cost(value),
        0.0 if lever.words else lever.step,
        gains,
    )


def _loosest(model: Model, values: Mapping[str, float], changes: Sequence[Change]) -> list[Change]:
    """Return what is asked of missing facts as bounds, where everything better than the value does as well."""
    numbers = [change for change in changes if not model.levers[change.fact].words]
    holds = np.ones(len(numbers), bool)
    for number, part in enumerate(model.parts):
        put_in = {
            model.levers[name].rows[number]: (value, value)
            for name, value in values.items()
            if number in model.levers[name].rows
        }
        columns = []
        for change in numbers:
            lever = model.levers[change.fact]
            first, last = sorted((values[change.fact], lever.best))
            own = {lever.rows[number]: (first, last)} if number in lever.rows else {}
            columns.append({**put_in, **own})
        low, high = part.picked(columns, [goal.slot for goal in part.goals])
        for row, goal in enumerate(part.goals):
            holds &= msgspec.structs.replace(goal, slot=row).reached(low, high)
    bounded = {change.fact for change, ok in zip(numbers, holds, strict=True) if ok}
    return [
        msgspec.structs.replace(
            change, relation="at_least" if model.levers[change.fact].rising else "at_most"
        )
        if change.fact in bounded
        else change
        for change in changes
    ]
