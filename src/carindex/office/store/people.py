"""Tables of people and organisations, which most other records name; what is done with them is in ``office.people``."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from carindex.office.store.base import Base, Code, Record, Words, link


class Role(StrEnum):
    """What a person may do here. ``public`` is everybody's, and never held by name."""

    PUBLIC = "public"
    ENGINEER = "engineer"
    LABORATORY = "laboratory"
    EXPERT = "expert"
    SECRETARY = "secretary"
    ADMINISTRATOR = "administrator"


class OrganisationKind(StrEnum):
    """What an organisation is in the work of an index."""

    MAKER = "maker"
    LABORATORY = "laboratory"
    INDEX = "index"
    AUTHORITY = "authority"
    ACADEMIC = "academic"
    OTHER = "other"


class Organisation(Record):
    """An organisation.

    ``parent`` is the one it belongs to (a brand's maker, a maker's laboratory): who is affiliated with either is
    affiliated with both. ``example``: an invented one, always shown as such.
    """

    __tablename__ = "organisation"

    name: Mapped[Words]
    kind: Mapped[Code]
    country: Mapped[str | None] = mapped_column(String(2))
    parent: Mapped[str | None] = link("organisation")
    example: Mapped[bool] = mapped_column(default=False)


class Person(Record):
    """A person who has to do with the office."""

    __tablename__ = "person"

    name: Mapped[str]
    login: Mapped[str | None] = mapped_column(String(120), unique=True)
    organisation: Mapped[str | None] = link("organisation")
    language: Mapped[str] = mapped_column(String(2), default="en")
    active: Mapped[bool] = mapped_column(default=True)


class RoleHeld(Base):
    """A role that a person holds."""

    __tablename__ = "role_held"
    __table_args__ = (CheckConstraint("role <> 'public'", name="named"),)

    person: Mapped[str] = link("person", primary_key=True, index=False)
    role: Mapped[Code] = mapped_column(primary_key=True)
