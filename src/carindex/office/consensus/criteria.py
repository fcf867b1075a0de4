"""When a panel agrees: criteria as data, and what they say of a round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from carindex.kept import shipped
from carindex.messages import InputError
from carindex.office.consensus.ratings import Appropriateness, Feedback, Judgement, feedback, judgement
from carindex.office.consensus.stability import Movement, movement

Decision = Literal["accepted", "rejected", "open"]
Next = Literal["adopt", "reject", "another_round", "ended_open"]
Limits = tuple[float | None, float | None]
_THIRD = 3
_FOLLOWS: Mapping[Decision, Next] = {"accepted": "adopt", "rejected": "reject", "open": "ended_open"}


class Conditions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must hold; see ``criteria.yaml``."""

    appropriateness: Appropriateness | None = None
    share_high: Limits = (None, None)
    share_low: Limits = (None, None)
    interquartile_range: float | None = None


class Criteria(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a panel accepts or rejects a statement, and when asking again is of use."""

    name: dict[str, str]
    accept: Conditions
    reject: Conditions
    fewest: int
    stable_below: float
    rounds: tuple[int, int]
    source: str


class Outcome(msgspec.Struct, frozen=True):
    """What a round says of one statement.

    Attributes
    ----------
    decision
        By the criteria; ``open`` where neither side holds or too few answered.
    next
        What follows: the decision once enough rounds were held and opinions are settled; else another round, up to
        the greatest number, after which it stays open.
    enough
        Whether at least the fewest answers are there; without them feedback and judgement are not given, since few
        answers could be told apart.
    stable
        ``None`` in the first round.
    """

    decision: Decision
    next: Next
    enough: bool
    stable: bool | None
    answers: int
    feedback: Feedback | None
    judgement: Judgement | None
    movement: Movement | None


def criteria_named(name: str) -> Criteria:
    """Return a set of criteria that comes with the package.

    Raises
    ------
    InputError
        When there is none of that name.
    """
    known = shipped("office/consensus/criteria.yaml")
    if name not in known:
        raise InputError(name, "office/consensus.unknown_criteria", known=", ".join(known))
    return _converted(known[name], name)


def criteria_names() -> tuple[str, ...]:
    """Return the names of the sets of criteria that come with the package."""
    return tuple(shipped("office/consensus/criteria.yaml"))


def criteria_from(text: bytes, place: str | Path) -> Criteria:
    """Return criteria that an organisation wrote, from YAML.

    Raises
    ------
    InputError
        When it is no YAML, or not of the form.
    """
    import yaml

    try:
        data = yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise InputError(
            place, "office/consensus.bad_criteria", reason=str(error).replace("\n", " ")
        ) from None
    return _converted(data, place)


def _converted(data: object, place: str | Path) -> Criteria:
    try:
        made = msgspec.convert(data, Criteria)
    except msgspec.ValidationError as error:
        raise InputError(place, "office/consensus.bad_criteria", reason=error) from None
    sound = (
        made.fewest >= 1
        and 1 <= made.rounds[0] <= made.rounds[1]
        and 0 < made.stable_below <= 1
        and Conditions() not in (made.accept, made.reject)
    )
    if not sound:
        raise InputError(
            place, "office/consensus.bad_criteria", reason="fewest, rounds, stable_below, accept, reject"
        )
    return made


def holds(conditions: Conditions, ratings: Sequence[int]) -> bool:
    """Whether all conditions hold for ratings."""
    said, judged = feedback(ratings), judgement(ratings)
    high = sum(said.histogram[-_THIRD:]) / said.count
    low = sum(said.histogram[:_THIRD]) / said.count
    spread = conditions.interquartile_range
    return (
        conditions.appropriateness in (None, judged.appropriateness)
        and _within(high, conditions.share_high)
        and _within(low, conditions.share_low)
        and (spread is None or said.interquartile_range <= spread)
    )


def _within(value: float, limits: Limits) -> bool:
    least, below = limits
    return (least is None or value >= least) and (below is None or value < below)


def outcome(
    criteria: Criteria,
    ratings: Mapping[str, int],
    before: Mapping[str, int] | None,
    number: int,
) -> Outcome:
    """Return what a round says of one statement.

    Parameters
    ----------
    criteria
        When a panel agrees.
    ratings
        Rating by pseudonym in this round.
    before
        The same in the round before, ``None`` in the first.
    number
        Which round it is, from 1.
    """
    values = list(ratings.values())
    enough = len(values) >= criteria.fewest
    moved = movement(before, ratings) if enough and before and before.keys() & ratings.keys() else None
    stable = None if moved is None else moved.net_change < criteria.stable_below
    decision: Decision = "open"
    if enough:
        accepted, rejected = holds(criteria.accept, values), holds(criteria.reject, values)
        decision = "open" if accepted == rejected else "accepted" if accepted else "rejected"
    return Outcome(
        decision,
        _next(criteria, decision, stable, number),
        enough,
        stable,
        len(values),
        feedback(values) if enough else None,
        judgement(values) if enough else None,
        moved,
    )


def _next(criteria: Criteria, decision: Decision, stable: bool | None, number: int) -> Next:
    """Return what follows: without settled opinions nothing is adopted or rejected, however many rounds were held."""
    least, most = criteria.rounds
    settled = number >= least and (stable is True or (stable is None and least == 1))
    if settled:
        return _FOLLOWS[decision]
    return "ended_open" if number >= most else "another_round"
