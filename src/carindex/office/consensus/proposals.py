"""Proposals: a change of rules as a draft overlay, the panel that is asked, and what the change does to past cars.

A draft can be replaced until the first round; what is rated is the draft whose impact everybody could see.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from carindex.messages import InputError, Language
from carindex.office.consensus.criteria import Criteria, criteria_from, criteria_named
from carindex.office.consensus.drafts import FILE, content_digest, read_folder, write_folder
from carindex.office.consensus.models import OPEN_STATES, PanelMember, Proposal, ProposalState, Round
from carindex.office.store import Change, Person, Role, RoleHeld

_MOST_STATEMENTS = 200


class Drafted(msgspec.Struct, frozen=True):
    """A draft that was read and found sound: its files, what it changes, and the digests of both."""

    files: dict[str, str]
    digest: str
    protocol: str
    protocol_hash: str


def read_draft(folder: Path, protocol: str) -> Drafted:
    """Return a draft overlay, checked against the rules it changes.

    Raises
    ------
    InputError
        When there is no such protocol, or the folder is no overlay of it.
    """
    from carindex.rating import load_protocol

    before = load_protocol(protocol)
    files = read_folder(folder)
    with laid_out(files) as copy:
        _extends(copy, protocol)
    return Drafted(files, content_digest(files), before.id, before.hash)


def _extends(folder: Path, protocol: str) -> None:
    """Refuse a folder whose protocol is no draft of another one, or makes no sense."""
    from carindex.rating.library import library, over, read_mapping
    from carindex.rating.load import load_protocol

    said = read_mapping(folder / FILE)
    name = str(said.get("id") or said.get("extends") or "")
    with over((folder,)):
        library()
        loaded = load_protocol(name)
    if protocol not in (str(said.get("extends")), *loaded.head.extended):
        raise InputError(
            folder, "office/consensus.draft_of_another", found=said.get("extends"), protocol=protocol
        )


@contextmanager
def laid_out(files: Mapping[str, str]) -> Iterator[Path]:
    """Give the files of a draft as a folder, for a while."""
    with tempfile.TemporaryDirectory(prefix="carindex-draft-") as made:
        folder = Path(made) / "draft"
        write_folder(folder, files)
        yield folder


def impact_of(drafted: Drafted, cars: Path, language: Language = "en") -> dict[str, Any] | None:
    """Return what a draft does to a table of cars, as `carindex align impact --json` says it.

    Returns
    -------
    dict or None
        ``None`` where this installation cannot work it out.

    Raises
    ------
    InputError
        When the table cannot be used.
    """
    from importlib import import_module

    try:
        draft_of, impact = (
            import_module("carindex.alignment.draft").open_draft,
            import_module("carindex.alignment.impact").impact,
        )
    except ImportError:
        return None
    with laid_out(drafted.files) as folder:
        found: dict[str, Any] = impact(draft_of(drafted.protocol, folder), cars).as_json(language)
    # where the draft lay while it was worked out is of no interest to anybody
    found["draft"] = drafted.digest
    inputs = found["provenance"]["inputs"]
    found["provenance"]["inputs"] = {Path(name).name: digest for name, digest in inputs.items()}
    return dict(_plain(found))


def _plain(document: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return a document with numbers that are none, which JSON cannot hold, as nothing."""
    if isinstance(document, dict):
        return {str(key): _plain(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [_plain(value) for value in document]
    if isinstance(document, float) and (document != document or abs(document) == float("inf")):
        return None
    return document


def propose(
    change: Change,
    drafted: Drafted,
    *,
    title: Mapping[str, str],
    reason: str,
    statements: Sequence[Mapping[str, Any]],
    criteria: str | tuple[Path, bytes] = "rand_ucla",
    things: Sequence[str] = (),
    impact: Mapping[str, Any] | None = None,
) -> Proposal:
    """Put forward a change of rules.

    Parameters
    ----------
    change
        By a secretary, an administrator or an expert.
    drafted
        From `read_draft`.
    title, reason
        What and why; the title in English and Chinese.
    statements
        What the panel rates from 1 to 9: ``{"id": …, "text": {"en": …, "zh": …}}``.
    criteria
        When the panel agrees: a name, or an organisation's own file with its content.
    things
        What is weighted by comparison in pairs, if anything.
    impact
        From `impact_of`.

    Raises
    ------
    InputError
        When statements or criteria make no sense, or the actor may not.
    """
    change.require(Role.SECRETARY, Role.ADMINISTRATOR, Role.EXPERT)
    name, agreed = _criteria(criteria)
    _check_statements(statements, things)
    if not reason.strip() or not title.get("en") or not title.get("zh"):
        raise InputError("proposal", "office/consensus.no_reason")
    made = change.add(
        Proposal(
            title=dict(title),
            reason=reason,
            protocol=drafted.protocol,
            protocol_hash=drafted.protocol_hash,
            files=drafted.files,
            digest=drafted.digest,
            criteria_name=name,
            criteria=msgspec.to_builtins(agreed),
            statements=[dict(statement) for statement in statements],
            things=list(things),
            proposer=change.actor.person,
            proposed_at=change.at,
            state=ProposalState.DRAFT,
            impact=impact,
            impact_of=None if impact is None else drafted.digest,
            secret=secrets.token_hex(32),
        )
    )
    change.record(
        "consensus.proposed",
        made,
        {"protocol": drafted.protocol, "draft": drafted.digest, "impact": impact is not None},
    )
    return made


def redraft(
    change: Change, proposal: str, drafted: Drafted, reason: str, impact: Mapping[str, Any] | None = None
) -> Proposal:
    """Replace the draft of a proposal that was not rated yet; what the former one did to past cars no longer counts.

    Raises
    ------
    InputError
        When it was rated already, or the draft is of another protocol.
    """
    found = _own_or_office(change, proposal)
    _in_state(found, ProposalState.DRAFT)
    if drafted.protocol != found.protocol:
        raise InputError(
            proposal, "office/consensus.draft_of_another", found=drafted.protocol, protocol=found.protocol
        )
    found.files, found.digest, found.protocol_hash = drafted.files, drafted.digest, drafted.protocol_hash
    found.impact, found.impact_of = impact, None if impact is None else drafted.digest
    change.record("consensus.redrafted", found, {"draft": drafted.digest, "reason": reason})
    return found


def attach_impact(change: Change, proposal: str, impact: Mapping[str, Any]) -> Proposal:
    """Attach what a proposal's draft does to past cars.

    Raises
    ------
    InputError
        When it is the impact of another draft, or the proposal was rated already.
    """
    found = _own_or_office(change, proposal)
    _in_state(found, ProposalState.DRAFT)
    if impact.get("draft") != found.digest:
        raise InputError(proposal, "office/consensus.impact_of_another")
    found.impact, found.impact_of = impact, found.digest
    change.record("consensus.impact_attached", found, {"cars": impact.get("cars"), "draft": found.digest})
    return found


def set_panel(change: Change, proposal: str, people: Collection[str]) -> None:
    """Say which experts are asked; before the first round only.

    Raises
    ------
    InputError
        When one is no active expert, there are fewer than the criteria ask for, or a round was held.
    """
    change.require(Role.SECRETARY, Role.ADMINISTRATOR)
    found = proposal_of(change.session, proposal)
    _in_state(found, ProposalState.DRAFT)
    fewest = msgspec.convert(found.criteria, Criteria).fewest
    if len(set(people)) < fewest:
        raise InputError(proposal, "office/consensus.panel_too_small", count=len(set(people)), fewest=fewest)
    for person in sorted(set(people)):
        known = change.session.get(Person, person)
        held = change.session.get(RoleHeld, (person, Role.EXPERT))
        if known is None or not known.active or held is None:
            raise InputError(person, "office/consensus.not_an_expert")
    for member in change.session.scalars(select(PanelMember).where(PanelMember.proposal == proposal)):
        change.session.delete(member)
    change.session.flush()
    for person in sorted(set(people)):
        change.add(PanelMember(proposal=proposal, person=person))
    change.record("consensus.panel_set", found, {"people": sorted(set(people))})


def withdraw(change: Change, proposal: str, reason: str) -> Proposal:
    """Take a proposal back.

    Raises
    ------
    InputError
        When it has ended, no reason is given, or the actor neither proposed it nor is of the office.
    """
    found = _own_or_office(change, proposal)
    if not reason.strip():
        raise InputError(proposal, "office/consensus.no_reason")
    if found.state not in OPEN_STATES:
        raise InputError(
            proposal, "office/consensus.wrong_state", state=found.state, expected=", ".join(OPEN_STATES)
        )
    end(change, found, ProposalState.WITHDRAWN)
    change.record("consensus.withdrawn", found, {"reason": reason})
    return found


def end(change: Change, proposal: Proposal, state: ProposalState) -> None:
    """Let a proposal end: open rounds close, and the way from pseudonyms back to people is erased."""
    for one in change.session.scalars(
        select(Round).where(Round.proposal == proposal.key, Round.closed_at.is_(None))
    ):
        one.closed_at = change.at
    proposal.state, proposal.secret = state, None


def proposal_of(session: Session, key: str) -> Proposal:
    """Return a proposal.

    Raises
    ------
    InputError
        When there is none.
    """
    found = session.get(Proposal, key)
    if found is None:
        raise InputError(key, "office/consensus.unknown_proposal")
    return found


def with_content(session: Session, key: str) -> Proposal:
    """Return a proposal with its files and the impact, which are large."""
    proposal_of(session, key)
    wanted = (
        select(Proposal).where(Proposal.key == key).options(undefer(Proposal.files), undefer(Proposal.impact))
    )
    return session.scalars(wanted.execution_options(populate_existing=True)).one()


def panel_of(session: Session, proposal: str) -> tuple[str, ...]:
    """Return who is asked about a proposal."""
    wanted = select(PanelMember.person).where(PanelMember.proposal == proposal)
    return tuple(session.scalars(wanted.order_by(PanelMember.person)))


def _own_or_office(change: Change, proposal: str) -> Proposal:
    found = proposal_of(change.session, proposal)
    if change.actor.person is None or change.actor.person != found.proposer:
        change.require(Role.SECRETARY, Role.ADMINISTRATOR)
    return found


def _in_state(proposal: Proposal, *states: ProposalState) -> None:
    if proposal.state not in states:
        raise InputError(
            proposal.key, "office/consensus.wrong_state", state=proposal.state, expected=", ".join(states)
        )


def _criteria(criteria: str | tuple[Path, bytes]) -> tuple[str, Criteria]:
    if isinstance(criteria, str):
        return criteria, criteria_named(criteria)
    place, text = criteria
    return place.name, criteria_from(text, place)


def _check_statements(statements: Sequence[Mapping[str, Any]], things: Sequence[str]) -> None:
    names: set[str] = set()
    for statement in statements:
        name, text = statement.get("id"), statement.get("text")
        sound = (
            isinstance(name, str)
            and bool(name)
            and isinstance(text, Mapping)
            and all(isinstance(text.get(language), str) and text[language] for language in ("en", "zh"))
        )
        if not sound or name in names:
            raise InputError("statements", "office/consensus.bad_statement", id=name)
        names.add(str(name))
    if not 1 <= len(names) <= _MOST_STATEMENTS:
        raise InputError("statements", "office/consensus.bad_statement", id="-")
    if things and (len(set(things)) != len(things) or len(things) < 2 or not all(things)):
        raise InputError("things", "office/consensus.things_twice")
