"""What reviewers say: comments pinned to nodes or channels, opinions; and when a review can be concluded."""

from __future__ import annotations

from collections import Counter
from datetime import date

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex.messages import LANGUAGES, Finding, InputError
from carindex.office.assessments.keeping import assessment_of
from carindex.office.assessments.models import Assessment
from carindex.office.panel.appointing import appointment_on
from carindex.office.panel.interests import conflicts, refuse_conflicts, refuse_tied_expert
from carindex.office.programme.work import laboratories_of
from carindex.office.review.assigning import open_one, review_of, reviewers, rules_of
from carindex.office.review.models import Assignment, Comment, Opinion, Question, Review
from carindex.office.store import Actor, Change, Role

VERDICTS = ("approve", "object", "ask")
_LONGEST = 20_000


class Standing(msgspec.Struct, frozen=True):
    """Where a review stands: who approves, objects, asks and is silent, whose opinion does not count, what is missing.

    ``unmet`` is empty when it can be approved.
    """

    approvals: tuple[str, ...]
    objections: tuple[str, ...]
    asking: tuple[str, ...]
    silent: tuple[str, ...]
    set_aside: tuple[str, ...]
    unmet: tuple[Finding, ...]


def as_reviewer(change: Change, review: str) -> tuple[Review, Assignment]:
    """Return an open review and the assignment of who acts, with every condition for acting on it checked now.

    Raises
    ------
    InputError
        When the review is not open, or who acts is not assigned, no longer on the panel, or has a conflict of interest.
    """
    change.require(Role.EXPERT)
    found = open_one(change.session, review)
    person = change.actor.person
    assignment = next((one for one in reviewers(change.session, found.key) if one.person == person), None)
    if assignment is None or person is None:
        raise InputError(change.actor.name or "office", "office/review.not_assigned")
    today = change.at.date()
    if appointment_on(change.session, person, today) is None:
        raise InputError(change.actor.name, "office/review.term_over")
    refuse_conflicts(change.session, person, found.candidate, today)
    return found, assignment


def comment(
    change: Change,
    review: str,
    text: str,
    *,
    node: str | None = None,
    channel: str | None = None,
    reply_to: str | None = None,
) -> Comment:
    """Comment on a node of the rating tree or a channel: a reviewer, or the secretary.

    Raises
    ------
    InputError
        When it is pinned to nothing or to what is not there, says nothing, or who says it may not.
    """
    session = change.session
    if Role.SECRETARY in change.actor.roles:
        found = open_one(session, review)
        refuse_tied_expert(change, found.candidate)
    else:
        found, _ = as_reviewer(change, review)
    if not text.strip() or len(text) > _LONGEST:
        raise InputError(found.key, "office/review.no_text", longest=_LONGEST)
    if reply_to is not None:
        before = session.get(Comment, reply_to)
        if before is None or before.review != found.key:
            raise InputError(reply_to, "office/review.unknown_comment")
        node, channel = before.node, before.channel
    elif node is not None and channel is None:
        check_node(session, found, node)
    elif node is not None or not channel or len(channel) > 64:
        raise InputError(found.key, "office/review.not_pinned")
    made = change.add(
        Comment(
            review=found.key,
            person=change.actor.person or "",
            node=node,
            channel=channel,
            reply_to=reply_to,
            text=text.strip(),
            at=change.at,
        )
    )
    change.record(
        "review.commented", made, {"review": found.key, "node": node, "channel": channel, "text": made.text}
    )
    return made


def check_node(session: Session, review: Review, node: str) -> None:
    """Refuse a node that the rating tree of a review does not have.

    Raises
    ------
    InputError
        Naming the nearest ones that it has.
    """
    import difflib

    paths = [one["path"] for one in assessment_of(session, review.assessment).rating["en"]["nodes"]]
    if node not in paths:
        near = ", ".join(difflib.get_close_matches(node, paths, 3, 0.0)) or "-"
        raise InputError(node, "office/review.unknown_node", near=near)


def give_opinion(change: Change, review: str, verdict: str, text: str = "") -> Opinion:
    """Approve, object or ask; who objects or asks says why.

    Raises
    ------
    InputError
        When who says it may not, or no reason is given.
    """
    found, _ = as_reviewer(change, review)
    if verdict not in VERDICTS:
        raise InputError(verdict, "office/review.unknown_verdict", known=", ".join(VERDICTS))
    if verdict != "approve" and not text.strip():
        raise InputError(found.key, "office/review.no_text", longest=_LONGEST)
    made = change.add(
        Opinion(
            review=found.key,
            person=change.actor.person or "",
            verdict=verdict,
            text=text.strip()[:_LONGEST],
            at=change.at,
        )
    )
    change.record("review.opinion", made, {"review": found.key, "verdict": verdict, "text": made.text})
    return made


def standing(session: Session, review: Review, day: date) -> Standing:
    """Return where a review stands on a day.

    The latest opinion of each reviewer counts, unless the reviewer has a conflict of interest on that day or had one
    when it was given, by all that is declared now.
    """
    rules = rules_of(session, review)
    latest_of: dict[str, Opinion] = {}
    for one in session.scalars(select(Opinion).where(Opinion.review == review.key).order_by(Opinion.key)):
        latest_of[one.person] = one
    by: dict[str, list[str]] = {verdict: [] for verdict in (*VERDICTS, "silent", "set_aside")}
    regions: Counter[str] = Counter()
    for assignment in reviewers(session, review.key):
        person = assignment.person
        opinion = latest_of.get(person)
        kind = "silent" if opinion is None else opinion.verdict
        days = {day} if opinion is None else {day, opinion.at.date()}
        if any(conflicts(session, person, review.candidate, on) for on in days):
            kind = "set_aside"
        if kind == "approve":
            regions[assignment.region] += 1
        by[kind].append(person)
    unmet: list[Finding] = []

    def need(name: str, **parameters: object) -> None:
        unmet.append(Finding(f"office/review.{name}", "error", review.key, None, parameters))

    if len(by["approve"]) < rules.quorum:
        need("quorum", have=len(by["approve"]), needed=rules.quorum)
    if len(regions) < rules.approving_regions:
        need("regions", have=len(regions), needed=rules.approving_regions)
    for region, needed in sorted(rules.from_regions.items()):
        if regions[region] < needed:
            need("from_region", region=str(region), have=regions[region], needed=needed)
    if len(by["object"]) > rules.objections:
        need("objections", have=len(by["object"]), most=rules.objections)
    if by["ask"]:
        need("asking", have=len(by["ask"]))
    latest: dict[tuple[str, str], str] = {}
    for question in session.scalars(
        select(Question).where(Question.review == review.key).order_by(Question.key)
    ):
        latest[question.node, question.modifier] = question.state
    for (node, modifier), state in latest.items():
        if state != "decided":
            need("question", node=node or "/", modifier=modifier)
    approvals, objections, asking, silent, aside = (
        tuple(by[kind]) for kind in ("approve", "object", "ask", "silent", "set_aside")
    )
    return Standing(approvals, objections, asking, silent, aside, tuple(unmet))


def conclude(change: Change, review: str, verdict: str, why: str = "") -> Review:
    """Conclude a review: approve the assessment, or return it to be assessed anew.

    Raises
    ------
    InputError
        When it is not open, or its rules are not met: everything that is missing is said; or it is returned without a
        reason.
    """
    change.require(Role.SECRETARY)
    found = open_one(change.session, review)
    refuse_tied_expert(change, found.candidate)
    if verdict not in ("approve", "return"):
        raise InputError(verdict, "office/review.unknown_verdict", known="approve, return")
    now = standing(change.session, found, change.at.date())
    if verdict == "approve" and now.unmet:
        said = {language: "; ".join(one.text(language) for one in now.unmet) for language in LANGUAGES}
        raise InputError(found.key, "office/review.not_yet", unmet=said)
    if verdict == "return" and not why.strip():
        raise InputError(found.key, "office/review.no_text", longest=_LONGEST)
    found.state = {"approve": "approved", "return": "returned"}[verdict]
    found.why, found.closed = why.strip(), change.at
    details = {
        "assessment": found.assessment,
        "approvals": list(now.approvals),
        "objections": list(now.objections),
        "asking": list(now.asking),
        "set_aside": list(now.set_aside),
        "why": found.why,
    }
    change.record(f"review.{found.state}", found, details)
    return found


def is_approved(session: Session, assessment: str) -> bool:
    """Whether an assessment passed its review."""
    return session.scalar(select(Review.state).where(Review.assessment == assessment)) == "approved"


def may_see(session: Session, actor: Actor, assessment: Assessment, day: date) -> bool:
    """Whether somebody may see an assessment that is not published.

    The secretary may; experts who are assigned to its review; people of a laboratory that tested the car. What a maker
    sees before publication is for the organisation to decide: nothing here.
    """
    if actor.system or not actor.roles.isdisjoint((Role.SECRETARY, Role.ADMINISTRATOR)):
        return True
    if assessment.candidate is None or actor.person is None:
        return False
    houses = laboratories_of(session, assessment.candidate)
    if Role.LABORATORY in actor.roles and actor.organisation in houses:
        return True
    if Role.EXPERT in actor.roles:
        review = session.scalar(select(Review).where(Review.assessment == assessment.key))
        if review is not None and any(one.person == actor.person for one in reviewers(session, review.key)):
            return not conflicts(session, actor.person, assessment.candidate, day)
    return False


def discussion(session: Session, review: str) -> list[Comment]:
    """Return the comments of a review, in the order they were made."""
    found = review_of(session, review)
    return list(session.scalars(select(Comment).where(Comment.review == found.key).order_by(Comment.key)))


def opinions(session: Session, review: str) -> list[Opinion]:
    """Return all opinions of a review, in the order they were given."""
    found = review_of(session, review)
    return list(session.scalars(select(Opinion).where(Opinion.review == found.key).order_by(Opinion.key)))
