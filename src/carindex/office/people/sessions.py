"""Sessions of browsers and tokens for the API: secrets that let their bearer act as a person, for a while."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select

from carindex.messages import InputError
from carindex.office.people.accounts import limits
from carindex.office.people.models import Bearer
from carindex.office.people.persons import person_of
from carindex.office.store import Actor, Change, Office, Person, Role
from carindex.office.store.transaction import actor_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SESSION, TOKEN = "session", "token"
SCOPES = ("read", "rate", "office")
"""What a token may be used for: read what its person may see, upload and rate, change the office."""


class Bearing(msgspec.Struct, frozen=True):
    """Who bears a session or token, and what it may be used for."""

    key: str
    actor: Actor
    scopes: frozenset[str]
    kind: str


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def begin_session(change: Change, person: str, note: str = "") -> str:
    """Begin a session of a person whose password was checked; returns its secret, which is kept nowhere."""
    ends = change.at + timedelta(hours=limits()["session"]["hours"])
    return _made(change, person, SESSION, note[:200], SCOPES, ends)


def make_token(change: Change, person: str, note: str, scopes: Sequence[str], days: int) -> str:
    """Make a token for a person: their own, or an administrator anybody's; returns its secret, kept nowhere.

    Raises
    ------
    InputError
        When it is somebody else's, a scope is not known, or it would live too long.
    """
    found = person_of(change.session, person)
    if change.actor.person != found.key:
        change.require(Role.ADMINISTRATOR)
    if not scopes or not set(scopes) <= set(SCOPES):
        raise InputError(
            "token", "office/people.unknown_scope", scopes=", ".join(scopes), known=", ".join(SCOPES)
        )
    longest = limits()["token"]["days"]
    if not 0 < days <= longest:
        raise InputError("token", "office/people.token_life", days=days, longest=longest)
    return _made(change, found.key, TOKEN, note, scopes, change.at + timedelta(days=days))


def _made(change: Change, person: str, kind: str, note: str, scopes: Sequence[str], ends: datetime) -> str:
    secret = secrets.token_urlsafe(32)
    bearer = Bearer(
        person=person,
        kind=kind,
        digest=_digest(secret),
        note=note,
        scopes=sorted(set(scopes)),
        made=change.at,
        used=change.at,
        ends=ends,
        revoked=False,
    )
    change.add(bearer)
    change.record(f"account.{kind}_made", bearer, {"person": person, "note": note, "scopes": bearer.scopes})
    return secret


def borne_by(session: Session, secret: str, now: datetime) -> Bearing | None:
    """Return who bears a secret; ``None`` where it is unknown, ended, revoked or long idle, or the person inactive."""
    bearer = session.scalar(select(Bearer).where(Bearer.digest == _digest(secret)))
    if bearer is None or bearer.revoked or now >= bearer.ends:
        return None
    idle = timedelta(minutes=limits()["session"]["idle_minutes"])
    if bearer.kind == SESSION and now >= bearer.used + idle:
        return None
    person = session.get(Person, bearer.person)
    if person is None or not person.active:
        return None
    return Bearing(bearer.key, actor_of(session, person.key), frozenset(bearer.scopes), bearer.kind)


def keep_alive(office: Office, bearing: Bearing) -> None:
    """Note that a session is in use, at most once in a tenth of the time it may lie idle."""
    step = timedelta(minutes=limits()["session"]["idle_minutes"]) / 10
    with office.reading() as session:
        bearer = session.get(Bearer, bearing.key)
        if bearer is None or office.clock() < bearer.used + step:
            return
    with office.change(bearing.actor.person) as change:
        change.session.get_one(Bearer, bearing.key).used = change.at
        change.unremarkable("bearer")


def revoke(change: Change, bearer: str) -> None:
    """End a session or token: one's own, or an administrator anybody's.

    Raises
    ------
    InputError
        When there is none, or it is somebody else's.
    """
    found = change.session.get(Bearer, bearer)
    if found is None:
        raise InputError(bearer, "office/people.unknown_bearer")
    if found.person != change.actor.person:
        change.require(Role.ADMINISTRATOR)
    found.revoked = True
    change.record(f"account.{found.kind}_revoked", found, {"person": found.person})


def bearers_of(session: Session, person: str) -> list[Bearer]:
    """Return the sessions and tokens of a person that were not revoked, the latest first."""
    return list(
        session.scalars(
            select(Bearer)
            .where(Bearer.person == person, Bearer.revoked.is_(False))
            .order_by(Bearer.key.desc())
        )
    )
