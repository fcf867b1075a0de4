"""Tables of the programme of work."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from carindex.office.store.base import Code, Json, Record, Words, link


class ReasonKind(StrEnum):
    """Why a car is proposed."""

    SALES = "sales"
    ATTENTION = "attention"
    COMPLAINTS = "complaints"
    APPLICATION = "application"


class Acquired(StrEnum):
    """How a car was got: bought in the market without a name, drawn at random from production, or handed over."""

    MARKET = "market"
    DRAWN = "drawn"
    SUPPLIED = "supplied"


class CarModel(Record):
    """A model of car. ``example``: an invented one, always shown as such."""

    __tablename__ = "car_model"

    maker: Mapped[str] = link("organisation")
    name: Mapped[Words]
    model_year: Mapped[int | None]
    example: Mapped[bool] = mapped_column(default=False)


class Candidate(Record):
    """A model proposed for a programme; ``state`` is ``proposed``, ``selected``, ``declined`` or ``withdrawn``."""

    __tablename__ = "candidate"

    car: Mapped[str] = link("car_model")
    programme: Mapped[Code] = mapped_column(index=True)
    state: Mapped[Code]
    why: Mapped[str]
    proposed: Mapped[datetime]
    decided: Mapped[datetime | None]


class Reason(Record):
    """A reason to test a candidate: what kind, what is known, from where."""

    __tablename__ = "candidate_reason"

    candidate: Mapped[str] = link("candidate")
    kind: Mapped[Code]
    text: Mapped[str]
    source: Mapped[str]


class Vehicle(Record):
    """A car that was got for a candidate: the variant matters, crash and assistance tests may use different ones."""

    __tablename__ = "vehicle"

    candidate: Mapped[str] = link("candidate")
    variant: Mapped[str]
    acquired: Mapped[Code]
    on: Mapped[date]
    place: Mapped[str]
    identification: Mapped[str | None] = mapped_column(String(40), unique=True)
    price: Mapped[str]
    note: Mapped[str]


class TestOrder(Record):
    """Tests ordered from a laboratory; ``state`` is ``ordered``, ``received`` or ``cancelled``."""

    __tablename__ = "test_order"
    __test__ = False  # no test of pytest

    vehicle: Mapped[str] = link("vehicle")
    laboratory: Mapped[str] = link("organisation")
    protocol: Mapped[str] = mapped_column(String(80))
    in_force: Mapped[Code]
    tests: Mapped[Json]
    due: Mapped[date | None]
    state: Mapped[Code]
    at: Mapped[datetime]


class Receipt(Record):
    """Data received for an order: all files with their digests."""

    __tablename__ = "receipt"

    order: Mapped[str] = link("test_order")
    files: Mapped[Json]
    note: Mapped[str]
    at: Mapped[datetime]
