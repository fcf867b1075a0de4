"""Passwords: set, checked, and slowed down where they are guessed.

Hashing is Argon2id with the library's parameters (RFC 9106); it is done outside of transactions, which wait for each
other. An unknown login costs the same time as a wrong password.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from math import ceil
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from carindex.kept import shipped
from carindex.messages import InputError
from carindex.office.people.models import Account, Bearer, FailedSignIn
from carindex.office.people.persons import person_of
from carindex.office.store import SYSTEM, Change, Office, Person, Role


def limits() -> Any:  # noqa: ANN401 - the file is ours
    """Return how long and how often, from ``access.yaml``."""
    return shipped("office/people/access.yaml")


@cache
def _hasher() -> Any:  # noqa: ANN401 - imported late
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobodys() -> str:
    """Return the hash of a password that nobody has: an unknown login takes as long as a known one."""
    return str(_hasher().hash("nobody's"))


def hashed(password: str, person: Person) -> str:
    """Return the hash of a new password; slow, so done before a change begins.

    Raises
    ------
    InputError
        When it is too short, too long, or the person's own name or login.
    """
    rule = limits()["password"]
    if not rule["least"] <= len(password) <= rule["most"]:
        raise InputError("password", "office/people.password_length", least=rule["least"], most=rule["most"])
    if password.casefold() in (person.name.casefold(), (person.login or "").casefold()):
        raise InputError("password", "office/people.password_is_name")
    return str(_hasher().hash(password))


def set_password(office: Office, by: str | None, person: str, password: str) -> None:
    """Set a person's password: their own, or an administrator anybody's. Their sessions and tokens end.

    Parameters
    ----------
    office
        The office.
    by
        Key of who sets it; ``None``: the office itself, for the first administrator.
    person
        Key or login.
    password
        The new password.

    Raises
    ------
    InputError
        When who sets it may not, there is no such person, they have no login, or the password is refused.
    """
    with office.reading() as session:
        found = person_of(session, person)
    if found.login is None:
        raise InputError(found.name, "office/people.no_login")
    digest = hashed(password, found)
    with office.change(SYSTEM if by is None else by) as change:
        if change.actor.person != found.key:
            change.require(Role.ADMINISTRATOR)
        account = change.session.get(Account, found.key)
        if account is None:
            change.add(Account(person=found.key, password=digest, changed=change.at))
        else:
            account.password, account.changed = digest, change.at
        for bearer in change.session.scalars(
            select(Bearer).where(Bearer.person == found.key, Bearer.revoked.is_(False))
        ):
            bearer.revoked = True
        change.record("account.password_set", found)


def check_password(office: Office, login: str, password: str, source: str = "") -> str:
    """Return the key of the person whose login and password these are; a failure is counted and audited.

    Parameters
    ----------
    office
        The office.
    login, password
        What was typed.
    source
        From where, such as an address.

    Raises
    ------
    InputError
        When they do not fit each other (not said which), or there were too many failures just before.
    """
    login = login.strip().lower()[:120]
    source = source[:80]
    with office.reading() as session:
        wait = waiting(session, login, source, office.clock())
        person = session.scalar(select(Person).where(Person.login == login, Person.active))
        account = None if person is None else session.get(Account, person.key)
    if wait > timedelta(0):
        raise InputError("sign-in", "office/people.wait", minutes=ceil(wait / timedelta(minutes=1)))
    right = _fits(account.password if account else _nobodys(), password[: limits()["password"]["most"]])
    with office.change(SYSTEM) as change:
        if right and account is not None and person is not None:
            _forget(change, login)
            change.record("account.signed_in", person, {"source": source})
            return person.key
        change.add(FailedSignIn(login=login, source=source, at=change.at))
        change.record("account.sign_in_failed", login or "-", {"source": source})
    raise InputError("sign-in", "office/people.wrong_password")


def _fits(digest: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return bool(_hasher().verify(digest, password))
    except (VerificationError, InvalidHashError):
        return False


def waiting(session: Session, login: str, source: str, now: datetime) -> timedelta:
    """Return how long a login, or an address, has to wait after failures; zero or less: not at all."""
    rule = limits()["failures"]
    longest = timedelta(minutes=rule["longest_minutes"])
    recent = now - longest
    failed = sorted(
        session.scalars(select(FailedSignIn.at).where(FailedSignIn.login == login, FailedSignIn.at > recent))
    )
    wait = timedelta(0)
    if len(failed) >= rule["free"]:
        doubled = timedelta(minutes=rule["wait_minutes"]) * 2 ** min(len(failed) - rule["free"], 20)
        wait = failed[-1] + min(doubled, longest) - now
    if source:
        hour = timedelta(hours=1)
        from_there = sorted(
            session.scalars(
                select(FailedSignIn.at).where(FailedSignIn.source == source, FailedSignIn.at > now - hour)
            )
        )
        if len(from_there) >= rule["by_source"]:
            wait = max(wait, from_there[-rule["by_source"]] + hour - now)
    return wait


def _forget(change: Change, login: str) -> None:
    """Forget the failures of a login, and all that are older than any wait."""
    old = change.at - timedelta(hours=24)
    change.session.execute(
        delete(FailedSignIn).where((FailedSignIn.login == login) | (FailedSignIn.at < old))
    )
