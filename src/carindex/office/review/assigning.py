"""Open reviews, assign experts to them, excuse them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from carindex.messages import InputError
from carindex.office.assessments.models import Assessment
from carindex.office.panel.appointing import panel_on
from carindex.office.panel.interests import conflicts, refuse_tied_expert
from carindex.office.people.persons import person_of
from carindex.office.review.choosing import Chosen, Eligible, choose
from carindex.office.review.models import Assignment, Review
from carindex.office.review.rules import SUBJECT, ReviewRules
from carindex.office.statutes import statute
from carindex.office.store import Change, Person, Role


class Assigned(msgspec.Struct, frozen=True):
    """What an assignment came to: who was chosen and why, who was not and why, and how many are missing."""

    chosen: tuple[Chosen, ...]
    left_out: Mapping[str, str]
    missing: int


def open_review(change: Change, assessment: str) -> Review:
    """Open the review of an assessment; reviews of those that it was made anew from end.

    Raises
    ------
    InputError
        When there is no such assessment, it belongs to no candidate (nobody could tell a conflict of interest), was
        made anew since, or is reviewed already.
    """
    change.require(Role.SECRETARY)
    session = change.session
    found = session.get(Assessment, assessment)
    if found is None:
        raise InputError(assessment, "office/assessments.unknown")
    if found.candidate is None:
        raise InputError(found.car, "office/review.no_candidate")
    if session.scalar(select(Assessment.key).where(Assessment.previous == found.key).limit(1)):
        raise InputError(found.car, "office/review.made_anew")
    if session.scalar(select(Review.key).where(Review.assessment == found.key)):
        raise InputError(found.car, "office/review.reviewed_already")
    key, _ = statute(session, SUBJECT, ReviewRules)
    before = found.previous
    while before is not None:
        old = session.scalar(select(Review).where(Review.assessment == before, Review.state == "open"))
        if old is not None:
            old.state, old.closed = "superseded", change.at
            change.record("review.superseded", old, {"by": found.key})
        before = session.get_one(Assessment, before).previous
    review = change.add(
        Review(
            assessment=found.key,
            candidate=found.candidate,
            statute=key,
            state="open",
            why="",
            opened=change.at,
            closed=None,
        )
    )
    change.record("review.opened", review, {"assessment": found.key, "digest": found.digest, "statute": key})
    return review


def assign(change: Change, review: str, *, fields: Sequence[str] = ()) -> Assigned:
    """Assign experts to a review, up to the number of its rules.

    Parameters
    ----------
    change
        The change; a secretary's.
    review
        The review.
    fields
        Fields that this one needs besides those of the rules.

    Raises
    ------
    InputError
        When it is not open.
    """
    change.require(Role.SECRETARY)
    session = change.session
    found = open_one(session, review)
    refuse_tied_expert(change, found.candidate)
    rules = rules_of(session, found)
    have = reviewers(session, found.key)
    eligible, left_out = _eligible(change, found)
    wanted = rules.reviewers - len(have)
    chosen = choose(
        eligible,
        wanted,
        fields=[*rules.fields, *fields],
        regions=rules.regions,
        have=[Eligible(one.person, one.field, one.region, 0) for one in have],
    )
    for one in chosen:
        assignment = change.add(
            Assignment(
                review=found.key,
                person=one.person,
                region=one.region,
                field=one.field,
                grounds=msgspec.to_builtins(one),
                excused="",
                at=change.at,
            )
        )
        change.record("review.assigned", assignment, {"review": found.key, **msgspec.to_builtins(one)})
    taken = {one.person for one in chosen}
    rest = {one.person: "not_needed" for one in eligible if one.person not in taken}
    made = Assigned(tuple(chosen), {**left_out, **rest}, max(0, wanted - len(chosen)))
    change.record("review.assignment", found, {"left_out": made.left_out, "missing": made.missing})
    return made


def excuse(change: Change, review: str, person: str, why: str) -> Assignment:
    """Take an expert off a review: the expert, or a secretary. What was said before stays, but counts no more.

    Raises
    ------
    InputError
        When the review is not open, the expert is not assigned, or no reason is given.
    """
    session = change.session
    found = open_one(session, review)
    who = person_of(session, person)
    if change.actor.person != who.key:
        change.require(Role.SECRETARY)
    assignment = _assignment(session, found.key, who.key)
    if assignment is None or not why.strip():
        raise InputError(who.name, "office/review.cannot_excuse")
    assignment.excused = why.strip()
    change.record("review.excused", assignment, {"review": found.key, "person": who.key, "why": why.strip()})
    return assignment


def review_of(session: Session, key: str) -> Review:
    """Return a review by its key, or that of its assessment.

    Raises
    ------
    InputError
        When there is none.
    """
    found = session.get(Review, key) or session.scalar(select(Review).where(Review.assessment == key))
    if found is None:
        raise InputError(key, "office/review.unknown")
    return found


def open_one(session: Session, key: str) -> Review:
    """Return a review that is open.

    Raises
    ------
    InputError
        When there is none, or it is closed.
    """
    found = review_of(session, key)
    if found.state != "open":
        raise InputError(found.key, "office/review.closed", state=found.state)
    return found


def rules_of(session: Session, review: Review) -> ReviewRules:
    """Return the rules that a review began under."""
    return statute(session, SUBJECT, ReviewRules, review.statute)[1]


def reviewers(session: Session, review: str) -> list[Assignment]:
    """Return who is assigned to a review and not excused, in the order of assignment."""
    asked = select(Assignment).where(Assignment.review == review, Assignment.excused == "")
    return list(session.scalars(asked.order_by(Assignment.key)))


def _assignment(session: Session, review: str, person: str) -> Assignment | None:
    return next((one for one in reviewers(session, review) if one.person == person), None)


def _eligible(change: Change, review: Review) -> tuple[list[Eligible], dict[str, str]]:
    """Return who may be assigned, in order of preference, and why the others may not."""
    session, today = change.session, change.at.date()
    asked_before = set(session.scalars(select(Assignment.person).where(Assignment.review == review.key)))
    loads = {
        row.person: row.number
        for row in session.execute(
            select(Assignment.person, func.count().label("number"))
            .join(Review, Review.key == Assignment.review)
            .where(Review.state == "open", Assignment.excused == "")
            .group_by(Assignment.person)
        )
    }
    latest: dict[str, datetime] = {}
    for one in session.scalars(select(Assignment).order_by(Assignment.key)):
        latest[one.person] = one.at
    left_out: dict[str, str] = {}
    found = []
    for place, member in enumerate(panel_on(session, today)):
        if member.person in asked_before:
            left_out[member.person] = "assigned_before"
        elif not session.get_one(Person, member.person).active:
            left_out[member.person] = "not_active"
        elif conflict := conflicts(session, member.person, review.candidate, today):
            left_out[member.person] = f"conflict_{conflict[0].kind}"
        else:
            load = loads.get(member.person, 0)
            last = latest.get(member.person)
            order = (load, "" if last is None else last.isoformat(), place)
            found.append((order, Eligible(member.person, member.field, member.region, load)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])], left_out
