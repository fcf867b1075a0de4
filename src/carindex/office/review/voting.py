"""Votes on discretionary modifiers: independent and blind, with a measure of how far those who vote agree.

Nobody, a secretary neither, sees a ballot before its question is closed; only that it was cast. With the close all
ballots are written into the audit log.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, cast

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex.messages import InputError
from carindex.office.panel.interests import conflicts, refuse_tied_expert
from carindex.office.review.assigning import open_one, reviewers, rules_of
from carindex.office.review.discussing import as_reviewer, check_node
from carindex.office.review.models import Ballot, Question, Review
from carindex.office.store import Actor, Change, Role

Scale = Literal["nominal", "ordinal"]
SCALES: tuple[Scale, ...] = ("nominal", "ordinal")
"""Whether options have an order: those of an ordinal question are given from the least to the greatest."""


class Agreement(msgspec.Struct, frozen=True):
    """How far experts agree on questions that have the same options.

    ``alpha`` is Krippendorff's: 1 for full agreement, 0 for what chance would give; ``None`` where it is not defined:
    fewer than two questions with two ballots, or all ballots the same.
    """

    options: tuple[str, ...]
    scale: str
    questions: int
    ballots: int
    alpha: float | None


def pose(
    change: Change, review: str, node: str, modifier: str, options: Sequence[str], *, scale: str = "nominal"
) -> Question:
    """Put a discretionary modifier to the vote of a review's experts.

    Parameters
    ----------
    change
        The change; a secretary's.
    review, node, modifier
        What it concerns: a node of the rating tree and the modifier's name.
    options
        What can be chosen, in order where the scale has one.
    scale
        One of `SCALES`.

    Raises
    ------
    InputError
        When there are fewer than two options, one twice, or the same question is open already.
    """
    change.require(Role.SECRETARY)
    found = open_one(change.session, review)
    refuse_tied_expert(change, found.candidate)
    check_node(change.session, found, node)
    options = [option.strip() for option in options]
    if len(options) < 2 or len(set(options)) != len(options) or not all(options) or not modifier.strip():
        raise InputError(modifier or "-", "office/review.bad_options")
    if scale not in SCALES:
        raise InputError(scale, "office/review.unknown_scale", known=", ".join(SCALES))
    same = select(Question.key).where(
        Question.review == found.key,
        Question.node == node,
        Question.modifier == modifier.strip(),
        Question.state != "undecided",
    )
    if change.session.scalar(same):
        raise InputError(modifier, "office/review.asked_already")
    made = change.add(
        Question(
            review=found.key,
            node=node,
            modifier=modifier.strip(),
            options=options,
            scale=scale,
            state="open",
            outcome=None,
            at=change.at,
            closed=None,
        )
    )
    details = {
        "review": found.key,
        "node": node,
        "modifier": made.modifier,
        "options": options,
        "scale": scale,
    }
    change.record("question.posed", made, details)
    return made


def vote(change: Change, question: str, choice: str, reason: str) -> Ballot:
    """Vote: a reviewer, for oneself. The audit log says that, not what.

    Raises
    ------
    InputError
        When the question is closed, there is no such option, no reason is given, or who votes may not.
    """
    found = question_of(change.session, question)
    as_reviewer(change, found.review)
    if found.state != "open":
        raise InputError(found.modifier, "office/review.question_closed", state=found.state)
    if choice not in found.options:
        raise InputError(choice, "office/review.unknown_option", known=", ".join(found.options))
    if not reason.strip():
        raise InputError(found.modifier, "office/review.no_text", longest=20_000)
    made = change.add(
        Ballot(
            question=found.key,
            person=change.actor.person or "",
            choice=choice,
            reason=reason.strip(),
            at=change.at,
        )
    )
    change.record("question.voted", found)
    return made


def close(change: Change, question: str) -> Question:
    """Close a vote: decided by the majority that the rules ask for, or undecided, to be asked again.

    Raises
    ------
    InputError
        When it is closed, or fewer ballots were cast than the rules ask for.
    """
    change.require(Role.SECRETARY)
    session = change.session
    found = question_of(session, question)
    review = open_one(session, found.review)
    refuse_tied_expert(change, review.candidate)
    if found.state != "open":
        raise InputError(found.modifier, "office/review.question_closed", state=found.state)
    rules = rules_of(session, review).voting
    ballots, set_aside = _counted(change, review, found)
    if len(ballots) < rules.least:
        raise InputError(found.modifier, "office/review.few_ballots", have=len(ballots), needed=rules.least)
    found.outcome = decided([one.choice for one in ballots], rules.more_than)
    found.state, found.closed = ("undecided" if found.outcome is None else "decided"), change.at
    details = {
        "outcome": found.outcome,
        "ballots": [{"person": one.person, "choice": one.choice, "reason": one.reason} for one in ballots],
        "set_aside": [one.person for one in set_aside],
    }
    change.record(f"question.{found.state}", found, details)
    return found


def decided(choices: Sequence[str], more_than: float) -> str | None:
    """Return the option whose share of the ballots is greater than that; ``None``: there is none."""
    if not choices:
        return None
    option, number = Counter(choices).most_common(1)[0]
    return option if number > more_than * len(choices) else None


def question_of(session: Session, key: str) -> Question:
    """Return a question.

    Raises
    ------
    InputError
        When there is none.
    """
    found = session.get(Question, key)
    if found is None:
        raise InputError(key, "office/review.unknown_question")
    return found


def questions_of(session: Session, review: str) -> list[Question]:
    """Return the questions of a review, in the order they were posed."""
    return list(session.scalars(select(Question).where(Question.review == review).order_by(Question.key)))


def all_questions(session: Session) -> list[Question]:
    """Return the questions of all reviews, in the order they were posed."""
    return list(session.scalars(select(Question).order_by(Question.key)))


def voters(session: Session, question: str) -> list[str]:
    """Return who has voted, in the order of their first ballot."""
    asked = select(Ballot.person).where(Ballot.question == question).order_by(Ballot.key)
    return list(dict.fromkeys(session.scalars(asked)))


def ballots_seen_by(session: Session, actor: Actor, question: str) -> list[Ballot]:
    """Return the ballots that somebody may see: of an open question their own, of a closed one the last of each."""
    found = question_of(session, question)
    latest = _latest(session, found)
    if found.state == "open":
        return [one for one in latest if actor.person is not None and one.person == actor.person]
    involved = any(one.person == actor.person for one in reviewers(session, found.review))
    if actor.system or involved or not actor.roles.isdisjoint((Role.SECRETARY, Role.ADMINISTRATOR)):
        return latest
    return []


def agreement(session: Session, questions: Iterable[Question]) -> list[Agreement]:
    """Return how far experts agree, over closed questions, for each set of options."""
    groups: dict[tuple[tuple[str, ...], str], list[Question]] = {}
    for one in questions:
        if one.state != "open":
            groups.setdefault((tuple(one.options), one.scale), []).append(one)
    found = []
    for (options, scale), members in groups.items():
        choices = [[one.choice for one in _latest(session, question)] for question in members]
        alpha = krippendorff_alpha(choices, options, cast(Scale, scale))
        found.append(Agreement(options, scale, len(members), sum(map(len, choices)), alpha))
    return found


def krippendorff_alpha(
    choices: Sequence[Sequence[str]], options: Sequence[str], scale: Scale
) -> float | None:
    """Return Krippendorff's alpha of the choices for each question; ``None`` where it is not defined."""
    import krippendorff
    import numpy as np

    counts = np.array([[list(one).count(option) for option in options] for one in choices if len(one) > 1])
    if len(counts) < 2 or np.count_nonzero(counts.sum(axis=0)) < 2:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        alpha = krippendorff.alpha(
            value_counts=counts, value_domain=list(range(len(options))), level_of_measurement=scale
        )
    return None if np.isnan(alpha) else float(alpha)


def _latest(session: Session, question: Question) -> list[Ballot]:
    """Return the last ballot of everybody who voted, in the order of the first ones."""
    last: dict[str, Ballot] = {}
    for one in session.scalars(select(Ballot).where(Ballot.question == question.key).order_by(Ballot.key)):
        last[one.person] = one
    return list(last.values())


def _counted(change: Change, review: Review, question: Question) -> tuple[list[Ballot], list[Ballot]]:
    """Return the ballots that count, and those of people excused or with a conflict of interest since."""
    assigned = {one.person for one in reviewers(change.session, review.key)}
    counted: list[Ballot] = []
    aside: list[Ballot] = []
    for one in _latest(change.session, question):
        days = {change.at.date(), one.at.date()}
        tied = any(conflicts(change.session, one.person, review.candidate, day) for day in days)
        (counted if one.person in assigned and not tied else aside).append(one)
    return counted, aside
