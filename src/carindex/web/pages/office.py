"""The office's pages: board, reviews, consensus, panel, batches, audit log; every rule is the office's own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from carindex.messages import InputError
from carindex.office.board import board
from carindex.office.consensus import rounds
from carindex.office.consensus.proposals import panel_of
from carindex.office.panel.appointing import balance_on, panel_on
from carindex.office.publication import batches
from carindex.office.publication.evidence import publishable
from carindex.office.publication.results import correct, withdraw
from carindex.office.reading import (
    IN_OFFICE,
    approved_for,
    audit_for,
    batches_for,
    holds,
    proposal_for,
    proposals_for,
    require,
    review_for,
    reviews_for,
)
from carindex.office.review import assigning, discussing, voting
from carindex.office.store import Organisation, Role
from carindex.office.store.transaction import first_broken
from carindex.report.wording import in_language
from carindex.web.pages.forms import Sent, SignedIn
from carindex.web.site import site_of
from carindex.web.templating import language_of, page, to
from carindex.web.views.catalogue import car_name, outcomes_of
from carindex.web.views.office import names_of, pinned, shown_opinions, statements_of, word
from carindex.web.views.protocols import plan_of

router = APIRouter(prefix="/office")

Line = Annotated[str, Form(max_length=300)]
Text = Annotated[str, Form(max_length=20_000)]
_OFFICE = (Role.SECRETARY, Role.ADMINISTRATOR)


def _home(request: Request, *parts: str) -> str:
    return "/".join((f"/{language_of(request)}/office", *parts))


def _context(request: Request, visitor: SignedIn, tab: str) -> dict[str, Any]:
    tabs = [("reviews", "reviews"), ("proposals", "proposals"), ("panel", "panel")]
    if holds(visitor.actor, *_OFFICE):
        tabs = [("board", ""), *tabs, ("batches", "batches"), ("audit", "audit")]
    language = language_of(request)
    return {
        "tab": tab,
        "tabs": [(key, _home(request, path) if path else _home(request)) for key, path in tabs],
        "is_secretary": holds(visitor.actor, Role.SECRETARY),
        "is_expert": holds(visitor.actor, Role.EXPERT),
        "w": lambda name: word(name, language),
        "home": _home(request),
    }


@router.get("")
def first(request: Request, visitor: SignedIn) -> Response:
    """Show where every candidate stands; an expert's first page is their reviews."""
    require(visitor.actor, *IN_OFFICE)
    if not holds(visitor.actor, *_OFFICE):
        return to(_home(request, "reviews"))
    with site_of(request).office.reading() as session:
        rows = board(session)
    return page(request, "office/board.html", {**_context(request, visitor, "board"), "rows": rows})


# -- reviews -------------------------------------------------------------------------------------------------


@router.get("/reviews")
def reviews(request: Request, visitor: SignedIn) -> Response:
    """Show the reviews that somebody has to do with."""
    office, language = site_of(request).office, language_of(request)
    with office.reading() as session:
        rows = [
            {
                "key": review.key,
                "car": assessment.car,
                "protocol": assessment.protocol,
                "state": review.state,
                "opened": review.opened.strftime("%Y-%m-%d"),
                "reviewers": len(assigning.reviewers(session, review.key)),
                "own": next(
                    (
                        one.verdict
                        for one in reversed(discussing.opinions(session, review.key))
                        if one.person == visitor.person
                    ),
                    "",
                ),
            }
            for review, assessment in reviews_for(session, visitor.actor, office.clock().date())
        ]
    del language
    return page(request, "office/reviews.html", {**_context(request, visitor, "reviews"), "rows": rows})


@router.get("/reviews/{key}")
def review(request: Request, visitor: SignedIn, key: str) -> Response:
    """Show a review: the rating tree with its discussion, opinions, votes, and what is missing."""
    office, language = site_of(request).office, language_of(request)
    today = office.clock().date()
    with office.reading() as session:
        found, assessment = review_for(session, visitor.actor, key, today)
        rating = assessment.rating[language]
        nodes, channels = pinned(session, found, rating, language)
        standing = discussing.standing(session, found, today)
        people = assigning.reviewers(session, found.key)
        questions = []
        for one in voting.questions_of(session, found.key):
            ballots = voting.ballots_seen_by(session, visitor.actor, one.key)
            names = names_of(session, [ballot.person for ballot in ballots])
            questions.append(
                {
                    "key": one.key,
                    "node": one.node,
                    "modifier": one.modifier,
                    "options": one.options,
                    "state": one.state,
                    "outcome": one.outcome,
                    "voters": len(voting.voters(session, one.key)),
                    "ballots": [(names[b.person], b.choice, b.reason) for b in ballots],
                }
            )
        agreement = voting.agreement(session, voting.questions_of(session, found.key))
        names = names_of(
            session,
            [*(one.person for one in people), *standing.approvals, *standing.objections, *standing.silent],
        )
        opinions = shown_opinions(session, found, language)
    plan = None
    try:
        plan = plan_of(assessment.protocol)
    except InputError:
        plan = None  # an edition of the office's own
    context = {
        **_context(request, visitor, "reviews"),
        "review": found,
        "assessment": assessment,
        "said": outcomes_of({"rating": assessment.rating, "outcome": assessment.outcome}, plan, language),
        "nodes": nodes,
        "channels": channels,
        "opinions": opinions,
        "people": [(names[one.person], one.region, one.field) for one in people],
        "standing": standing,
        "unmet": [finding.text(language) for finding in standing.unmet],
        "names": names,
        "questions": questions,
        "agreement": agreement,
        "assigned": any(one.person == visitor.person for one in people),
        "verdicts": discussing.VERDICTS,
    }
    return page(request, "office/review.html", context)


@router.post("/reviews/{key}/comments")
def comment(
    request: Request,
    visitor: Sent,
    key: str,
    text: Text,
    node: Line = "",
    channel: Line = "",
    reply_to: Line = "",
    whole: Line = "",
) -> Response:
    """Comment on a node or a channel."""
    with site_of(request).office.change(visitor.person) as change:
        discussing.comment(
            change,
            key,
            text,
            node=node if node or whole else None,
            channel=channel or None,
            reply_to=reply_to or None,
        )
    return to(f"{_home(request, 'reviews', key)}#node-{node or 'whole'}")


@router.post("/reviews/{key}/opinion")
def opinion(request: Request, visitor: Sent, key: str, verdict: Line, text: Text = "") -> Response:
    """Approve, object or ask."""
    with site_of(request).office.change(visitor.person) as change:
        discussing.give_opinion(change, key, verdict, text)
    return to(_home(request, "reviews", key))


@router.post("/reviews/{key}/assign")
def assign(request: Request, visitor: Sent, key: str) -> Response:
    """Assign experts by field, region and load."""
    with site_of(request).office.change(visitor.person) as change:
        assigning.assign(change, key)
    return to(_home(request, "reviews", key))


@router.post("/reviews/{key}/conclude")
def conclude(request: Request, visitor: Sent, key: str, verdict: Line, why: Text = "") -> Response:
    """Conclude a review."""
    with site_of(request).office.change(visitor.person) as change:
        discussing.conclude(change, key, verdict, why)
    return to(_home(request, "reviews", key))


@router.post("/reviews/{key}/questions")
def pose(
    request: Request, visitor: Sent, key: str, modifier: Line, options: Text, node: Line = ""
) -> Response:
    """Put a discretionary modifier to the vote."""
    with site_of(request).office.change(visitor.person) as change:
        voting.pose(change, key, node, modifier, [line for line in options.splitlines() if line.strip()])
    return to(_home(request, "reviews", key))


@router.post("/reviews/{key}/questions/{question}/vote")
def vote(request: Request, visitor: Sent, key: str, question: str, choice: Line, reason: Text) -> Response:
    """Vote on a question."""
    with site_of(request).office.change(visitor.person) as change:
        voting.vote(change, question, choice, reason)
    return to(_home(request, "reviews", key))


@router.post("/reviews/{key}/questions/{question}/close")
def close_question(request: Request, visitor: Sent, key: str, question: str) -> Response:
    """Close a vote."""
    with site_of(request).office.change(visitor.person) as change:
        voting.close(change, question)
    return to(_home(request, "reviews", key))


# -- consensus -----------------------------------------------------------------------------------------------


@router.get("/proposals")
def proposals(request: Request, visitor: SignedIn) -> Response:
    """Show the proposals to change rules."""
    office, language = site_of(request).office, language_of(request)
    with office.reading() as session:
        rows = [
            {
                "key": one.key,
                "title": in_language(one.title, language),
                "protocol": one.protocol,
                "state": one.state,
                "at": one.proposed_at.strftime("%Y-%m-%d"),
                "rounds": len(rounds.rounds_of(session, one.key)),
            }
            for one in proposals_for(session, visitor.actor)
        ]
    return page(request, "office/proposals.html", {**_context(request, visitor, "proposals"), "rows": rows})


@router.get("/proposals/{key}")
def proposal(request: Request, visitor: SignedIn, key: str) -> Response:
    """Show a proposal: statements, what each closed round said, the form of an open one."""
    office, language = site_of(request).office, language_of(request)
    now = office.clock()
    with office.reading() as session:
        found = proposal_for(session, visitor.actor, key)
        held = rounds.rounds_of(session, key)
        asked = panel_of(session, key)
        current = next((one for one in held if one.closed_at is None), None)
        own = None if current is None else rounds.own_answer(session, current.key, visitor.person)
        answered = 0 if current is None else len(rounds.answered(session, current.key))
        impact = found.impact
        names = names_of(session, [found.proposer])
    context = {
        **_context(request, visitor, "proposals"),
        "proposal": found,
        "title": in_language(found.title, language),
        "proposer": names[found.proposer or ""],
        "statements": statements_of(found.statements, [one.result for one in held], language),
        "rounds": held,
        "current": current,
        "answerable": current is not None and visitor.person in asked and now < current.closes_at,
        "own": own,
        "answered": answered,
        "asked": len(asked),
        "impact": impact,
        "results": [one.result for one in held if one.result],
    }
    return page(request, "office/proposal.html", context)


@router.post("/proposals/{key}/rounds")
def open_round(request: Request, visitor: Sent, key: str, closes: Line) -> Response:
    """Open a round of ratings."""
    with site_of(request).office.change(visitor.person) as change:
        rounds.open_round(change, key, _moment(closes, "closes"))
    return to(_home(request, "proposals", key))


@router.post("/proposals/{key}/rounds/{round_}/close")
def close_round(request: Request, visitor: Sent, key: str, round_: str) -> Response:
    """Close a round."""
    with site_of(request).office.change(visitor.person) as change:
        rounds.close_round(change, round_)
    return to(_home(request, "proposals", key))


@router.post("/proposals/{key}/rounds/{round_}/answer")
async def answer(request: Request, visitor: Sent, key: str, round_: str) -> Response:
    """Answer a round: a rating for every statement, remarks where there are some."""
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    ratings, remarks = {}, {}
    for name, value in form.items():
        if name.startswith("rating:") and value:
            if not value.isascii() or not value.isdigit() or len(value) > 3:
                raise InputError(name, "web.not_a_rating", text=value[:20])
            ratings[name.removeprefix("rating:")] = int(value)
        elif name.startswith("remark:"):
            remarks[name.removeprefix("remark:")] = value

    def done() -> None:
        with site_of(request).office.change(visitor.person) as change:
            rounds.answer(change, round_, ratings, remarks=remarks)

    await run_in_threadpool(done)
    return to(_home(request, "proposals", key))


# -- panel, batches, audit -----------------------------------------------------------------------------------


@router.get("/panel")
def panel(request: Request, visitor: SignedIn) -> Response:
    """Show the panel of today and its balance."""
    require(visitor.actor, *IN_OFFICE)
    office, language = site_of(request).office, language_of(request)
    today = office.clock().date()
    with office.reading() as session:
        terms = panel_on(session, today)
        names = names_of(session, [one.person for one in terms])
        rows = [
            (
                names[one.person],
                word(f"region.{one.region}", language),
                one.field,
                in_language(session.get_one(Organisation, one.affiliation).name, language)
                if one.affiliation
                else "–",
                one.begins.isoformat(),
                one.ends.isoformat(),
            )
            for one in terms
        ]
        try:
            findings = [finding.text(language) for finding in balance_on(session, today)]
        except InputError as error:  # no rules were set
            findings = [error.line(language)]
    shares: dict[str, int] = {}
    for row in rows:
        shares[row[1]] = shares.get(row[1], 0) + 1
    context = {
        **_context(request, visitor, "panel"),
        "rows": rows,
        "findings": findings,
        "shares": [(name, count, count / len(rows)) for name, count in shares.items()],
    }
    return page(request, "office/panel.html", context)


@router.get("/batches")
def batches_page(request: Request, visitor: SignedIn) -> Response:
    """Show the batches with their results, and what may go into one."""
    office, language = site_of(request).office, language_of(request)
    with office.reading() as session:
        rows = []
        for batch, results in batches_for(session, visitor.actor):
            documents = [(one, one.document) for one in results]
            rows.append(
                {
                    "key": batch.key,
                    "name": in_language(batch.name, language),
                    "state": batch.state,
                    "release": batch.release_at.strftime("%Y-%m-%d %H:%M") if batch.release_at else "",
                    "results": [
                        (one.key, car_name(document), document.get("protocol", ""), one.state)
                        for one, document in documents
                    ],
                }
            )
        ready = [(one.key, f"{one.car} · {one.protocol}") for one in approved_for(session, visitor.actor)]
    context = {**_context(request, visitor, "batches"), "rows": rows, "ready": ready}
    return page(request, "office/batches.html", context)


@router.post("/batches")
def new_batch(request: Request, visitor: Sent, en: Line, zh: Line) -> Response:
    """Begin a batch."""
    with site_of(request).office.change(visitor.person) as change:
        batches.new_batch(change, {"en": en, "zh": zh})
    return to(_home(request, "batches"))


@router.post("/batches/{key}/results")
def add_result(request: Request, visitor: Sent, key: str, assessment: Line) -> Response:
    """Put an approved assessment into a batch."""
    with site_of(request).office.change(visitor.person) as change:
        batches.add_result(change, key, publishable(change.session, assessment))
    return to(_home(request, "batches"))


@router.post("/batches/{key}/seal")
def seal(request: Request, visitor: Sent, key: str, release: Line) -> Response:
    """Seal a batch: its release is fixed, makers see their own results."""
    with site_of(request).office.change(visitor.person) as change:
        batches.seal(change, key, _moment(release, "release"))
    return to(_home(request, "batches"))


@router.post("/batches/{key}/release")
def release(request: Request, visitor: Sent, key: str) -> Response:
    """Release a batch whose time has come."""
    with site_of(request).office.change(visitor.person) as change:
        batches.release(change, key)
    return to(_home(request, "batches"))


@router.post("/results/{key}/withdraw")
def withdraw_result(request: Request, visitor: Sent, key: str, en: Text, zh: Text) -> Response:
    """Withdraw a published result, with its reason."""
    with site_of(request).office.change(visitor.person) as change:
        withdraw(change, key, {"en": en, "zh": zh})
    return to(_home(request, "batches"))


@router.post("/results/{key}/correct")
def correct_result(
    request: Request, visitor: Sent, key: str, assessment: Line, en: Text, zh: Text
) -> Response:
    """Publish a corrected version of a result, with its reason."""
    with site_of(request).office.change(visitor.person) as change:
        correct(change, key, publishable(change.session, assessment), {"en": en, "zh": zh})
    return to(_home(request, "batches"))


@router.get("/audit")
def audit(
    request: Request, visitor: SignedIn, before: Annotated[int | None, Query(ge=1, le=2**53)] = None
) -> Response:
    """Show the audit log, the latest first, and whether it is whole."""
    office = site_of(request).office
    with office.reading() as session:
        entries = audit_for(session, visitor.actor, before=before, limit=100)
        names = names_of(session, [one.actor for one in entries])
        broken = first_broken(session) if before is None else None
    context = {
        **_context(request, visitor, "audit"),
        "entries": entries,
        "names": names,
        "broken": broken,
        "checked": before is None,
        "next": entries[-1].number if len(entries) == 100 else None,
    }
    return page(request, "office/audit.html", context)


def _moment(text: str, place: str) -> datetime:
    """Return a moment that a form states, in UTC where it names no zone."""
    from datetime import UTC

    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(place, "web.not_a_moment", text=text[:40]) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
