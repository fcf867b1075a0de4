"""Adoption: a proposal that the panel accepted becomes a dated edition, in a folder that lies over the protocols."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from carindex.messages import InputError
from carindex.office.consensus.drafts import (
    FILE,
    as_edition,
    content_digest,
    read_folder,
    write_folder,
)
from carindex.office.consensus.models import Edition, ProposalState
from carindex.office.consensus.proposals import end, laid_out, proposal_of, with_content
from carindex.office.consensus.rounds import rounds_of
from carindex.office.store import Change, Office, Role

FOLDER = "editions"
"""Folder of an office that holds its editions; lie it over the protocols (``--protocols``)."""


def decide(
    change: Change,
    proposal: str,
    *,
    edition: str,
    label: str,
    valid_from: date,
    valid_to: date | None = None,
) -> Edition:
    """Adopt a proposal that the panel accepted in every statement.

    Parameters
    ----------
    change
        By a secretary or an administrator.
    edition
        Name of the new edition, for commands and file names.
    label
        What the programme calls it.
    valid_from, valid_to
        Days of validity; not before the day of adoption.

    Raises
    ------
    InputError
        When the panel did not accept it, the rules it changes are no longer those it was drafted on, the name is taken,
        or the dates make no sense.
    """
    change.require(Role.SECRETARY, Role.ADMINISTRATOR)
    found = with_content(change.session, proposal)
    _accepted(change.session, proposal)
    if valid_from < change.at.date():
        raise InputError(valid_from, "office/consensus.in_the_past", day=change.at.date())
    if valid_to is not None and valid_to < valid_from:
        raise InputError(valid_to, "office/consensus.bad_dates", day=valid_from)
    taken = change.session.scalar(select(Edition.key).where(Edition.name == edition))
    from carindex.rating.library import over, read_mapping, shipped
    from carindex.rating.load import load_protocol

    if taken is not None or edition in shipped():
        raise InputError(edition, "office/consensus.edition_taken")
    if load_protocol(found.protocol).hash != found.protocol_hash:
        raise InputError(found.protocol, "office/consensus.rules_changed")
    with laid_out(found.files) as draft:
        extends = str(read_mapping(draft / FILE).get("extends"))
    # what the rules before say of their own validity holds for them only
    valid: dict[str, date | None] = dict.fromkeys(load_protocol(found.protocol).head.valid)
    valid |= {"from": valid_from, "to": valid_to}
    files = as_edition(found.files, edition, extends, label, valid)
    with laid_out(files) as folder, over((folder,)):
        loaded = load_protocol(edition)
    made = change.add(
        Edition(
            name=edition,
            proposal=proposal,
            extends=found.protocol,
            programme=loaded.head.programme["en"],
            valid_from=valid_from,
            valid_to=valid_to,
            adopted_at=change.at,
            files=files,
            digest=content_digest(files),
            protocol_hash=loaded.hash,
        )
    )
    end(change, found, ProposalState.ADOPTED)
    change.record(
        "consensus.adopted",
        made,
        {
            "proposal": proposal,
            "draft": found.digest,
            "edition": edition,
            "valid_from": valid_from.isoformat(),
            "digest": made.digest,
            "protocol_hash": loaded.hash,
        },
    )
    return made


def reject(change: Change, proposal: str) -> None:
    """End a proposal that the panel rejected, or on which it did not agree.

    Raises
    ------
    InputError
        When rounds are still to be held, or the panel accepted it.
    """
    change.require(Role.SECRETARY, Role.ADMINISTRATOR)
    found = proposal_of(change.session, proposal)
    said = _settled(change.session, proposal)
    if all(one == "adopt" for one in said.values()):
        raise InputError(proposal, "office/consensus.was_accepted")
    state = ProposalState.REJECTED if "reject" in said.values() else ProposalState.ENDED
    end(change, found, state)
    change.record("consensus.not_adopted", found, {"state": state.value, "statements": said})


def write_editions(office: Office, folder: Path | None = None) -> tuple[Path, ...]:
    """Write the folders of all editions that are not there as they were adopted; those that are, stay untouched.

    The database is what counts: a folder lost or half written is made anew.

    Raises
    ------
    InputError
        When a folder cannot be written.
    """
    base = folder or office.files.parent / FOLDER
    written = []
    with office.reading() as session:
        for edition in session.scalars(
            select(Edition).options(undefer(Edition.files)).order_by(Edition.name)
        ):
            own = base / edition.name
            if _as_adopted(own, edition.digest):
                continue
            write_folder(own, edition.files)
            written.append(own)
    return tuple(written)


def editions(session: Session) -> tuple[Edition, ...]:
    """Return the editions that were adopted, the first in force first."""
    return tuple(session.scalars(select(Edition).order_by(Edition.valid_from, Edition.name)))


def in_force(session: Session, programme: str, day: date) -> Edition | None:
    """Return the adopted edition of a programme (its English name) in force on a day, of several the latest."""
    wanted = (
        select(Edition)
        .where(Edition.programme == programme, Edition.valid_from <= day)
        .where(Edition.valid_to.is_(None) | (Edition.valid_to >= day))
        .order_by(Edition.valid_from.desc(), Edition.adopted_at.desc())
    )
    return session.scalars(wanted.limit(1)).one_or_none()


def _as_adopted(folder: Path, digest: str) -> bool:
    try:
        return content_digest(read_folder(folder)) == digest
    except InputError:
        return False


def _settled(session: Session, proposal: str) -> dict[str, str]:
    """Return what each statement's last round led to.

    Raises
    ------
    InputError
        When a statement wants another round.
    """
    found = proposal_of(session, proposal)
    if found.state != ProposalState.SETTLED:
        raise InputError(proposal, "office/consensus.wrong_state", state=found.state, expected="settled")
    last = rounds_of(session, proposal)[-1]
    assert last.result is not None
    return {name: one["next"] for name, one in last.result["statements"].items()}


def _accepted(session: Session, proposal: str) -> None:
    said = _settled(session, proposal)
    others = [f"{name}: {one}" for name, one in said.items() if one != "adopt"]
    if others:
        raise InputError(proposal, "office/consensus.not_accepted", statements=", ".join(others))
