"""Tables of passwords, failed sign-ins, sessions and tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from carindex.office.store.base import Base, Code, Json, Record, link


class Account(Base):
    """The password of a person, as its Argon2 hash."""

    __tablename__ = "account"

    person: Mapped[str] = link("person", primary_key=True, index=False)
    password: Mapped[str]
    changed: Mapped[datetime]


class FailedSignIn(Record):
    """An attempt to sign in that failed: with which login, from where. Forgotten after a success, and with age."""

    __tablename__ = "failed_sign_in"

    login: Mapped[str] = mapped_column(String(120), index=True)
    source: Mapped[str] = mapped_column(String(80), index=True)
    at: Mapped[datetime]


class Bearer(Record):
    """Something that lets its bearer act as a person: a session of a browser, or a token for the API.

    Only a digest of the secret is kept. ``scopes`` are what a token may be used for; a session may all.
    """

    __tablename__ = "bearer"

    person: Mapped[str] = link("person")
    kind: Mapped[Code]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    note: Mapped[str]
    scopes: Mapped[Json]
    made: Mapped[datetime]
    used: Mapped[datetime]
    ends: Mapped[datetime]
    revoked: Mapped[bool] = mapped_column(default=False)
