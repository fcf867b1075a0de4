"""Rounds of anonymous ratings: who answered is known, what each answered is not shown to anybody else.

While a round is open nothing of its answers is shown; when it closes, the panel is told median and quartiles of each
statement, how often each rating was given, and the remarks in an order that says nothing of their authors.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session, make_transient

from carindex.messages import InputError
from carindex.office.consensus.concordance import kendall_w
from carindex.office.consensus.criteria import Criteria, Outcome, outcome
from carindex.office.consensus.hierarchy import aggregated, reciprocal_matrix, weights
from carindex.office.consensus.models import Answer, Answered, Proposal, ProposalState, Round
from carindex.office.consensus.proposals import panel_of, proposal_of
from carindex.office.consensus.ratings import checked
from carindex.office.store import Change, Role

_LONGEST_REMARK = 4000
_OFFICE = (Role.SECRETARY, Role.ADMINISTRATOR)
Comparison = tuple[str, str, float]


def open_round(change: Change, proposal: str, closes_at: datetime) -> Round:
    """Open the next round.

    Raises
    ------
    InputError
        When a round is open, the proposal has ended or its last round settled it, too few are asked, what the draft
        does to past cars is not attached, all rounds were held, or it would close at once.
    """
    change.require(*_OFFICE)
    found = proposal_of(change.session, proposal)
    if found.state not in (ProposalState.DRAFT, ProposalState.RATED):
        raise InputError(proposal, "office/consensus.wrong_state", state=found.state, expected="draft, rated")
    if found.impact_of != found.digest:
        raise InputError(proposal, "office/consensus.no_impact")
    criteria = msgspec.convert(found.criteria, Criteria)
    panel = panel_of(change.session, proposal)
    if len(panel) < criteria.fewest:
        raise InputError(
            proposal, "office/consensus.panel_too_small", count=len(panel), fewest=criteria.fewest
        )
    held = rounds_of(change.session, proposal)
    if held and held[-1].closed_at is None:
        raise InputError(proposal, "office/consensus.round_open", number=held[-1].number)
    if len(held) >= criteria.rounds[1]:
        raise InputError(proposal, "office/consensus.no_more_rounds", count=len(held))
    if closes_at <= change.at:
        raise InputError("closes", "office/consensus.closes_too_early")
    made = change.add(
        Round(proposal=proposal, number=len(held) + 1, opened_at=change.at, closes_at=closes_at)
    )
    found.state = ProposalState.RATED
    change.record("consensus.round_opened", made, {"number": made.number, "closes": closes_at.isoformat()})
    return made


def answer(
    change: Change,
    round_: str,
    ratings: Mapping[str, int],
    *,
    comparisons: Sequence[Comparison] = (),
    remarks: Mapping[str, str] | None = None,
) -> None:
    """Answer a round, or answer it anew while it is open.

    Parameters
    ----------
    change
        By the expert who answers.
    ratings
        A rating from 1 to 9 for every statement.
    comparisons
        Where things are to be weighted: how many times as important the first is as the second, for every pair.
    remarks
        Remarks on statements; they are shown without a name.

    Raises
    ------
    InputError
        When the expert is not asked, the round is closed or its time is up, or the answer is not complete.
    """
    found, proposal = _round(change.session, round_)
    person = change.actor.person
    if person is None or person not in panel_of(change.session, proposal.key):
        raise InputError(round_, "office/consensus.not_asked")
    if found.closed_at is not None or change.at >= found.closes_at:
        raise InputError(round_, "office/consensus.round_over")
    names = [statement["id"] for statement in proposal.statements]
    if ratings.keys() != set(names):
        raise InputError(round_, "office/consensus.not_complete", statements=", ".join(names))
    for name in names:
        checked([ratings[name]], name)
    _matrix(proposal, comparisons)
    said = {name: text.strip() for name, text in (remarks or {}).items() if text.strip()}
    if not said.keys() <= set(names) or any(len(text) > _LONGEST_REMARK for text in said.values()):
        raise InputError(round_, "office/consensus.bad_remark", most=_LONGEST_REMARK)
    key = (round_, _pseudonym(proposal, person))
    row = change.session.get(Answer, key)
    first = row is None
    if row is None:
        row = Answer(round=round_, pseudonym=key[1])
        change.session.add(row)
    row.ratings = {name: int(ratings[name]) for name in names}
    row.comparisons = [list(comparison) for comparison in comparisons]
    row.remarks = said
    if first:
        change.add(Answered(round=round_, person=person))
    # the log says that, never what
    change.record("consensus.answered", found, {"number": found.number, "again": not first})


def close_round(change: Change, round_: str) -> Round:
    """Close a round whose time is up or that everybody answered, and work out what it says.

    Raises
    ------
    InputError
        When it is closed already, or closing it now would leave out somebody who still has time.
    """
    change.require(*_OFFICE)
    found, proposal = _round(change.session, round_)
    if found.closed_at is not None:
        raise InputError(round_, "office/consensus.round_over")
    missing = len(panel_of(change.session, proposal.key)) - len(answered(change.session, round_))
    if missing and change.at < found.closes_at:
        raise InputError(round_, "office/consensus.still_time", missing=missing, until=found.closes_at)
    found.result = _result(change.session, found, proposal)
    _put_in_order(change.session, round_)
    found.closed_at = change.at
    if all(one["next"] != "another_round" for one in found.result["statements"].values()):
        proposal.state = ProposalState.SETTLED
    said = {name: one["next"] for name, one in found.result["statements"].items()}
    change.record("consensus.round_closed", found, {"number": found.number, "next": said})
    return found


def rounds_of(session: Session, proposal: str) -> tuple[Round, ...]:
    """Return the rounds of a proposal, the first first."""
    wanted = select(Round).where(Round.proposal == proposal).order_by(Round.number)
    return tuple(session.scalars(wanted))


def answered(session: Session, round_: str) -> tuple[str, ...]:
    """Return who answered a round."""
    wanted = select(Answered.person).where(Answered.round == round_).order_by(Answered.person)
    return tuple(session.scalars(wanted))


def own_answer(session: Session, round_: str, person: str) -> dict[str, Any] | None:
    """Return what a person answered; for that person only, and only until the proposal ends."""
    _, proposal = _round(session, round_)
    if proposal.secret is None:
        return None
    row = session.get(Answer, (round_, _pseudonym(proposal, person)))
    if row is None:
        return None
    return {"ratings": row.ratings, "comparisons": row.comparisons, "remarks": row.remarks}


def _round(session: Session, key: str) -> tuple[Round, Proposal]:
    found = session.get(Round, key)
    if found is None:
        raise InputError(key, "office/consensus.unknown_round")
    return found, proposal_of(session, found.proposal)


def _pseudonym(proposal: Proposal, person: str) -> str:
    if proposal.secret is None:
        raise InputError(proposal.key, "office/consensus.round_over")
    return hmac.new(bytes.fromhex(proposal.secret), person.encode(), hashlib.sha256).hexdigest()


def _answers(session: Session, round_: str) -> list[Answer]:
    return list(session.scalars(select(Answer).where(Answer.round == round_).order_by(Answer.pseudonym)))


def _put_in_order(session: Session, round_: str) -> None:
    """Write answers anew by pseudonym: databases keep rows as they came, and the log says who came when."""
    rows = _answers(session, round_)
    session.flush()
    for row in rows:
        session.delete(row)
    session.flush()
    for row in rows:
        make_transient(row)
        session.add(row)
        session.flush()


def _matrix(proposal: Proposal, comparisons: Sequence[Sequence[Any]]) -> Any:  # noqa: ANN401 - an array or nothing
    if not proposal.things:
        if comparisons:
            raise InputError("comparisons", "office/consensus.unknown_thing", things="-")
        return None
    pairs = {(first, second): float(value) for first, second, value in comparisons}
    if len(pairs) != len(comparisons):
        raise InputError("comparisons", "office/consensus.compared_twice")
    return reciprocal_matrix(proposal.things, pairs)


def _result(session: Session, found: Round, proposal: Proposal) -> dict[str, Any]:
    criteria = msgspec.convert(proposal.criteria, Criteria)
    rows = _answers(session, found.key)
    held = rounds_of(session, proposal.key)
    before = _answers(session, held[found.number - 2].key) if found.number > 1 else []
    statements: dict[str, Any] = {}
    for statement in proposal.statements:
        name = statement["id"]
        now = {row.pseudonym: row.ratings[name] for row in rows}
        then = {row.pseudonym: row.ratings[name] for row in before}
        said: Outcome = outcome(criteria, now, then or None, found.number)
        remarks = sorted(row.remarks[name] for row in rows if name in row.remarks)
        statements[name] = {**_values(said), "remarks": remarks if said.enough else []}
    enough = len(rows) >= criteria.fewest
    return {
        "answers": len(rows),
        "statements": statements,
        "concordance": _concordance(proposal, rows) if enough else None,
        "weights": _weights(proposal, rows) if enough else None,
    }


def _values(found: msgspec.Struct) -> dict[str, Any]:
    """Return a result as JSON holds it: lists for tuples."""
    return dict(msgspec.json.decode(msgspec.json.encode(found)))


def _concordance(proposal: Proposal, rows: Sequence[Answer]) -> dict[str, Any] | None:
    names = [statement["id"] for statement in proposal.statements]
    try:
        return _values(kendall_w([[row.ratings[name] for name in names] for row in rows]))
    except InputError:  # one statement, or everybody finds all alike: there is no order to agree on
        return None


def _weights(proposal: Proposal, rows: Sequence[Answer]) -> dict[str, Any] | None:
    if not proposal.things:
        return None
    matrices = [_matrix(proposal, row.comparisons) for row in rows]
    ratios = sorted(weights(matrix).consistency_ratio for matrix in matrices)
    together = weights(aggregated(matrices))
    return {
        "things": dict(zip(proposal.things, together.weights, strict=True)),
        "consistency_ratio": together.consistency_ratio,
        "consistent": together.consistent,
        "experts_consistent": sum(weights(matrix).consistent for matrix in matrices),
        "greatest_ratio": ratios[-1],
    }
