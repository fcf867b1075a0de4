"""Market readiness: what a car's evidence says in a market, what can be reused, what to test, what is critical.

One answer for an exporter: for each programme that counts in a market, the edition in force, the outcome that the
evidence allows, its coverage, the tests to run, what already costs most, and the cheapest improvement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

import msgspec

from carindex.alignment.coverage import Coverage, TestCoverage, coverage
from carindex.alignment.improvement.improve import TIME_LIMIT, Improvement, Request, improve
from carindex.alignment.reuse import Accepted
from carindex.dossier import Fact
from carindex.kept import shipped
from carindex.messages import Finding, InputError
from carindex.rating import Loss
from carindex.rating.compiled import compiled
from carindex.rating.editions import NO, UNKNOWN, Edition, editions
from carindex.vocabulary.words import Label

CRITICAL = 8
"""So many losses of a programme are called critical: those that cost most."""


class MarketProgramme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A programme that counts in a market; ``stands_for``: the programme of that market it is shown in place of."""

    programme: str
    stands_for: Label | None = None
    verified: str = "unverified"


class Market(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A market and its programmes, the one that is looked at most first."""

    label: Label
    programmes: tuple[MarketProgramme, ...]


class ProgrammeReadiness(msgspec.Struct, frozen=True):
    """What a car's evidence says under one protocol in force.

    Attributes
    ----------
    edition, in_force
        The edition, and whether it is in force on the day: ``yes``, ``perhaps`` (its dates are only known as months or
        years), ``unknown`` (it states none), or ``no``, where none is and this is the last one.
    stands_for
        What it is shown in place of.
    coverage
        What of it the evidence covers; its rating before and after evidence is taken over.
    to_run
        Tests of which something is missing, those that leave most open first.
    critical
        What costs most already, whatever the missing tests show.
    target, improvement
        The best outcome, and the cheapest way to it; looked for where the outcome is final and not the best there is.
    """

    edition: Edition
    in_force: str
    stands_for: Label | None
    coverage: Coverage
    to_run: tuple[TestCoverage, ...]
    critical: tuple[Loss, ...]
    target: str
    improvement: Improvement | None


class Readiness(msgspec.Struct, frozen=True):
    """A car in a market on a day."""

    market: str
    label: Label
    day: date
    car: str
    programmes: tuple[ProgrammeReadiness, ...]


@cache
def markets() -> Mapping[str, Market]:
    """Return the markets that are known, by their short names."""
    return msgspec.convert(shipped("alignment/markets.yaml"), dict[str, Market])


def readiness(
    market: str,
    facts: Iterable[Fact],
    day: date,
    *,
    accept: Collection[Accepted] = (),
    car: str = "",
    findings: Iterable[Finding] = (),
    inputs: Mapping[str, str] | None = None,
    time_limit: float = TIME_LIMIT,
) -> Readiness:
    """Return what a car's evidence says in a market.

    Parameters
    ----------
    market
        A name of `markets`.
    facts
        What is known of the car.
    day
        The day whose editions count.
    accept
        Relations of evidence of other tests with which the ratings go on; nothing by default.
    car, findings, inputs
        As in `carindex.rating.rate`.
    time_limit
        Seconds that the search for an improvement may take, for each programme.

    Raises
    ------
    InputError
        When there is no such market.
    """
    known = markets()
    if market not in known:
        raise InputError(f"--market {market}", "alignment.unknown_market", known=", ".join(known))
    own, said = tuple(facts), tuple(findings)
    options: dict[str, Any] = {"accept": accept, "car": car, "findings": said, "inputs": inputs}
    every = editions()
    found = []
    for entry in known[market].programmes:
        for edition, state in _in_force(every, entry.programme, day):
            made = coverage(own, compiled(edition.protocol), **options)
            target = _target(made)
            better = (
                improve([Request(made.plan, target)], own, car=car, time_limit=time_limit)
                if made.before.final and target and target != str(made.before.root.outcome)
                else None
            )
            found.append(
                ProgrammeReadiness(
                    edition,
                    state,
                    entry.stands_for,
                    made,
                    _to_run(made),
                    _critical(made),
                    target,
                    better,
                )
            )
    return Readiness(market, known[market].label, day, car, tuple(found))


def _in_force(every: Iterable[Edition], programme: str, day: date) -> list[tuple[Edition, str]]:
    """Return the editions of a programme that count on a day; the last one where none is in force."""
    own = [(edition, edition.in_force(day)) for edition in every if edition.programme == programme]
    current = [pair for pair in own if pair[1] not in (NO, UNKNOWN)]
    if current:
        return current
    dated = [pair for pair in own if pair[0].dated]
    return [max(dated or own, key=lambda pair: (pair[0].ends or "9999", pair[0].begins or ""))]


def _to_run(made: Coverage) -> tuple[TestCoverage, ...]:
    """Return the tests of which something is missing, those that leave most of the whole open first."""
    lacking = [test for test in made.tests if sum(test.counts.values()) > test.counts["present"]]
    return tuple(sorted(lacking, key=lambda test: -(test.open_after or 0.0)))


def _target(made: Coverage) -> str:
    """Return the best outcome that a protocol gives a whole car; nothing where it gives none."""
    outcome = made.plan.nodes[""].outcome
    if outcome is None:
        return ""
    return outcome.grades[0] if outcome.grades else f"{max(outcome.values):g}"


def _critical(made: Coverage) -> tuple[Loss, ...]:
    return tuple(
        sorted((loss for loss in made.after.losses if loss.points > 0), key=lambda loss: -loss.points)
    )[:CRITICAL]
