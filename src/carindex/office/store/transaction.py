"""One change of the office: a transaction with its moment, who makes it, and what it says in the audit log.

The audit log is append-only (the database refuses to alter or remove an entry) and chained: each entry holds the digest
of the one before, so that an entry altered behind the database's back is found by `first_broken`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from sqlalchemy import Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from carindex.messages import InputError
from carindex.office.store.base import Base, Code, Json, Record
from carindex.office.store.columns import canonical, instant
from carindex.office.store.keys import LENGTH
from carindex.office.store.people import Person, Role, RoleHeld

if TYPE_CHECKING:
    from carindex.office.store.opening import Office

R = TypeVar("R", bound=Base)


class AuditEntry(Base):
    """One thing that was done: when, by whom, what, to which record, in detail.

    ``actor`` is the key of a person, or empty for the office itself (setting up, timed releases). It is no link to the
    person's record: the log stands by itself.
    """

    __tablename__ = "audit_entry"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str | None] = mapped_column(String(LENGTH), index=True)
    action: Mapped[Code] = mapped_column(index=True)
    kind: Mapped[Code]
    subject: Mapped[str] = mapped_column(String(80), index=True)
    details: Mapped[Json]
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))


class Actor(msgspec.Struct, frozen=True):
    """Who acts: a person with the roles held at this moment, somebody unknown, or the office itself."""

    person: str | None
    name: str
    roles: frozenset[Role]
    organisation: str | None = None
    system: bool = False


SYSTEM = Actor(None, "", frozenset(), system=True)
"""The office itself: setting up, and work at a time fixed before by a person."""

ANYBODY = Actor(None, "", frozenset({Role.PUBLIC}))
"""Somebody who is not signed in."""


class Change:
    """One change: what is done in it is committed together with its audit entries, or not at all.

    Attributes
    ----------
    session
        The session of the transaction; use `add` for new records.
    actor
        Who makes the change, with the roles held now.
    at
        The one moment of the change.
    office
        The office that is changed.
    """

    def __init__(self, office: Office, session: Session, actor: Actor, at: datetime) -> None:
        self.office = office
        self.session = session
        self.actor = actor
        self.at = at
        self.entries: list[AuditEntry] = []
        self.unremarked: set[str] = set()

    def add(self, record: R) -> R:
        """Give a new record its key and put it into the database at once, so that rules checked later see it."""
        if isinstance(record, Record) and not record.key:
            record.key = self.office.keys.next(self.at)
        self.session.add(record)
        self.session.flush()
        return record

    def record(
        self, action: str, subject: Base | str, details: Mapping[str, Any] | None = None
    ) -> AuditEntry:
        """Write the audit log: the only function that does.

        Parameters
        ----------
        action
            What was done, as ``room.done`` (``panel.appointed``).
        subject
            The record concerned, or the name of what is no record.
        details
            Plain values: what was decided and on what grounds, never a secret.
        """
        self.session.flush()
        last = self.session.execute(
            select(AuditEntry.number, AuditEntry.digest).order_by(AuditEntry.number.desc()).limit(1)
        ).one_or_none()
        kind, name = _named(subject)
        entry = AuditEntry(
            number=1 if last is None else last.number + 1,
            at=self.at,
            actor=self.actor.person,
            action=action,
            kind=kind,
            subject=name,
            details=dict(details or {}),
            previous="" if last is None else last.digest,
        )
        entry.digest = digest_of(entry)
        self.session.add(entry)
        self.session.flush()
        self.entries.append(entry)
        return entry

    def unremarkable(self, *tables: str) -> None:
        """Say that what changed in these tables needs no entry in the audit log: that something is in use, no more."""
        self.unremarked.update(tables)

    def require(self, *roles: Role) -> None:
        """Refuse the change unless who makes it holds one of these roles; the office itself may do anything.

        Raises
        ------
        InputError
            When none is held.
        """
        if not self.actor.system and self.actor.roles.isdisjoint(roles):
            raise not_allowed(self.actor, *roles)


def not_allowed(actor: Actor, *roles: Role) -> InputError:
    """Return the error that says which roles an act needs."""
    held = ", ".join(sorted(actor.roles)) or "-"
    return InputError(
        actor.name or "office", "office/store.not_allowed", held=held, needed=", ".join(sorted(roles))
    )


def actor_of(session: Session, person: str | None) -> Actor:
    """Return who acts, with the roles held now.

    Raises
    ------
    InputError
        When there is no such person, or one who is no longer active.
    """
    if person is None:
        return ANYBODY
    found = session.get(Person, person)
    if found is None or not found.active:
        raise InputError(person, "office/store.unknown_actor")
    held = session.scalars(select(RoleHeld.role).where(RoleHeld.person == person))
    return Actor(found.key, found.name, frozenset(Role(role) for role in held), found.organisation)


def digest_of(entry: AuditEntry) -> str:
    """Return the digest that an entry must have."""
    said = [
        entry.number,
        instant(entry.at),
        entry.actor,
        entry.action,
        entry.kind,
        entry.subject,
        entry.details,
        entry.previous,
    ]
    return hashlib.sha256(canonical(said).encode()).hexdigest()


def first_broken(session: Session) -> int | None:
    """Return the number of the first audit entry that was altered, removed or put in later; ``None``: all is whole.

    Entries removed at the end leave no gap: a digest published elsewhere shows that.
    """
    previous = ""
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).yield_per(500)
    for number, entry in enumerate(entries, start=1):
        if entry.number != number or entry.previous != previous or entry.digest != digest_of(entry):
            return number
        previous = entry.digest
    return None


def _named(subject: Base | str) -> tuple[str, str]:
    if isinstance(subject, str):
        return "", subject
    return subject.__tablename__, "/".join(
        str(part) for part in subject.__mapper__.primary_key_from_instance(subject)
    )
