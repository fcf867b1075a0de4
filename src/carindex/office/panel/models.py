"""Tables of appointments and affiliations."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Mapped

from carindex.office.store.base import Code, Record, link


class Appointment(Record):
    """A term of an expert on the panel, both days included. ``left``: why it ended before its time."""

    __tablename__ = "appointment"

    person: Mapped[str] = link("person")
    region: Mapped[Code]
    field: Mapped[Code]
    affiliation: Mapped[str | None] = link("organisation")
    begins: Mapped[date]
    ends: Mapped[date]
    left: Mapped[str]
    statute: Mapped[str] = link("statute", index=False)
    at: Mapped[datetime]


class Affiliation(Record):
    """What binds a person to an organisation (employment, consultancy, shares …), from when to when."""

    __tablename__ = "affiliation"

    person: Mapped[str] = link("person")
    organisation: Mapped[str] = link("organisation")
    nature: Mapped[str]
    begins: Mapped[date]
    ends: Mapped[date | None]
    at: Mapped[datetime]
