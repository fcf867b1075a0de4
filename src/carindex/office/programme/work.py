"""The work on a candidate: proposed, selected, bought, ordered, received. Each step says what it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex.messages import InputError
from carindex.office.people.organisations import organisation_of
from carindex.office.programme.editions import UNKNOWN, Edition, the_edition
from carindex.office.programme.models import (
    Acquired,
    Candidate,
    CarModel,
    Reason,
    ReasonKind,
    Receipt,
    TestOrder,
    Vehicle,
)
from carindex.office.store import Change, Record, Role
from carindex.office.store.files import keep_tree
from carindex.office.store.people import OrganisationKind
from carindex.vocabulary import vocabulary

T = TypeVar("T", bound=Record)

STEPS: Mapping[tuple[str, str], str] = {
    ("proposed", "select"): "selected",
    ("proposed", "decline"): "declined",
    ("declined", "select"): "selected",
    ("selected", "withdraw"): "withdrawn",
}
"""What may be decided of a candidate in which state, and the state it is then in."""


class Why(msgspec.Struct, frozen=True):
    """A reason to test a car: kind, what is known, from where."""

    kind: str
    text: str
    source: str = ""


def add_car(
    change: Change,
    maker: str,
    name: Mapping[str, str],
    *,
    model_year: int | None = None,
    example: bool = False,
) -> CarModel:
    """Add a model of a maker.

    Raises
    ------
    InputError
        When the maker is not known or none, or the name is empty.
    """
    change.require(Role.SECRETARY)
    by = organisation_of(change.session, maker)
    if by.kind != OrganisationKind.MAKER:
        raise InputError(by.name["en"], "office/programme.no_maker", kind=by.kind)
    given = {language: text.strip() for language, text in name.items() if text.strip()}
    if "en" not in given:
        raise InputError("car", "office/people.no_name")
    car = change.add(CarModel(maker=by.key, name=given, model_year=model_year, example=example))
    change.record(
        "car.added", car, {"maker": by.key, "name": given, "model_year": model_year, "example": example}
    )
    return car


def propose(change: Change, car: str, programme: str, reasons: Sequence[Why]) -> Candidate:
    """Propose a model for a programme.

    Raises
    ------
    InputError
        When no reason is given, one is of no known kind or empty, or the car is not known.
    """
    change.require(Role.SECRETARY)
    found = _get(change.session, CarModel, car, "unknown_car")
    if not reasons:
        raise InputError(found.name["en"], "office/programme.no_reason")
    candidate = change.add(
        Candidate(
            car=found.key, programme=programme, state="proposed", why="", proposed=change.at, decided=None
        )
    )
    change.record("candidate.proposed", candidate, {"car": found.key, "programme": programme})
    for reason in reasons:
        add_reason(change, candidate.key, reason)
    return candidate


def add_reason(change: Change, candidate: str, why: Why) -> Reason:
    """Add a reason to a candidate."""
    change.require(Role.SECRETARY)
    found = candidate_of(change.session, candidate)
    if why.kind not in list(ReasonKind) or not why.text.strip():
        raise InputError(
            why.kind or "-", "office/programme.bad_reason", known=", ".join(ReasonKind), text=why.text or "-"
        )
    reason = change.add(Reason(candidate=found.key, kind=why.kind, text=why.text.strip(), source=why.source))
    change.record("candidate.reason_added", found, {"kind": why.kind, "text": why.text, "source": why.source})
    return reason


def decide(change: Change, candidate: str, act: str, why: str) -> Candidate:
    """Select, decline or withdraw a candidate, with a reason.

    Raises
    ------
    InputError
        When the state of the candidate does not allow it, or no reason is given.
    """
    change.require(Role.SECRETARY)
    found = candidate_of(change.session, candidate)
    if (found.state, act) not in STEPS:
        possible = ", ".join(step for state, step in STEPS if state == found.state) or "-"
        raise InputError(found.key, "office/programme.not_now", act=act, state=found.state, possible=possible)
    if not why.strip():
        raise InputError(found.key, "office/programme.no_reason")
    before, found.state = found.state, STEPS[found.state, act]
    found.why, found.decided = why.strip(), change.at
    change.record(f"candidate.{found.state}", found, {"before": before, "why": found.why})
    return found


def buy(
    change: Change,
    candidate: str,
    variant: str,
    *,
    acquired: str,
    on: date,
    place: str = "",
    identification: str | None = None,
    price: str = "",
    note: str = "",
) -> Vehicle:
    """Record a car that was got for a candidate.

    Raises
    ------
    InputError
        When the candidate is not selected, the variant is empty, the day lies ahead, or the car is recorded already.
    """
    change.require(Role.SECRETARY)
    found = _selected(change.session, candidate)
    if not variant.strip():
        raise InputError(found.key, "office/programme.no_variant")
    if acquired not in list(Acquired):
        raise InputError(acquired, "office/programme.how_acquired", known=", ".join(Acquired))
    if on > change.at.date():
        raise InputError(on.isoformat(), "office/programme.day_ahead")
    if identification and change.session.scalar(
        select(Vehicle.key).where(Vehicle.identification == identification)
    ):
        raise InputError(identification, "office/programme.vehicle_twice")
    vehicle = change.add(
        Vehicle(
            candidate=found.key,
            variant=variant.strip(),
            acquired=acquired,
            on=on,
            place=place,
            identification=identification or None,
            price=price,
            note=note,
        )
    )
    details = {"candidate": found.key, "variant": vehicle.variant, "acquired": acquired, "on": on.isoformat()}
    more = {"place": place, "identification": vehicle.identification, "price": price}
    change.record("vehicle.bought", vehicle, {**details, **more})
    return vehicle


def order(
    change: Change,
    vehicle: str,
    laboratory: str,
    tests: Sequence[str],
    every: Sequence[Edition],
    *,
    protocol: str | None = None,
    due: date | None = None,
) -> TestOrder:
    """Order tests from a laboratory.

    Parameters
    ----------
    change
        The change; a secretary's.
    vehicle, laboratory
        Which car, tested by whom.
    tests
        Names of the vocabulary.
    every
        All editions, see `editions`.
    protocol
        The edition; by default the one in force today. Another one can be named, and the order says that it is not.
    due
        When the data are due.

    Raises
    ------
    InputError
        When something of it is not known, or it is not clear which edition is in force.
    """
    change.require(Role.SECRETARY)
    car = _get(change.session, Vehicle, vehicle, "unknown_vehicle")
    candidate = _selected(change.session, car.candidate)
    house = organisation_of(change.session, laboratory)
    if house.kind != OrganisationKind.LABORATORY:
        raise InputError(house.name["en"], "office/programme.no_laboratory", kind=house.kind)
    unknown = [name for name in tests if name not in vocabulary().tests]
    if unknown or not tests:
        known = ", ".join(vocabulary().tests)
        raise InputError(", ".join(unknown) or "-", "office/programme.unknown_test", known=known)
    today = change.at.date()
    if protocol is None:
        edition = the_edition(every, candidate.programme, today)
    else:
        named = [one for one in every if one.protocol == protocol]
        if not named:
            raise InputError(
                protocol, "rating.unknown_protocol", available=", ".join(one.protocol for one in every)
            )
        edition = named[0]
    state = edition.in_force(today) if edition.dated else UNKNOWN
    made = change.add(
        TestOrder(
            vehicle=car.key,
            laboratory=house.key,
            protocol=edition.protocol,
            in_force=state,
            tests=list(dict.fromkeys(tests)),
            due=due,
            state="ordered",
            at=change.at,
        )
    )
    details = {"vehicle": car.key, "laboratory": house.key, "protocol": edition.protocol, "in_force": state}
    change.record(
        "order.placed",
        made,
        {**details, "tests": made.tests, "due": None if due is None else due.isoformat()},
    )
    return made


def cancel(change: Change, key: str, why: str) -> TestOrder:
    """Cancel an order that nothing was received for."""
    change.require(Role.SECRETARY)
    found = order_of(change.session, key)
    if found.state != "ordered":
        raise InputError(found.key, "office/programme.not_now", act="cancel", state=found.state, possible="-")
    if not why.strip():
        raise InputError(found.key, "office/programme.no_reason")
    found.state = "cancelled"
    change.record("order.cancelled", found, {"why": why})
    return found


def receive(change: Change, key: str, path: Path, note: str = "") -> Receipt:
    """Take in the data of an order: a file or folder, kept with digests. A laboratory for its own orders only.

    Raises
    ------
    InputError
        When it is another laboratory's order, was cancelled, or there is no data.
    """
    change.require(Role.SECRETARY, Role.LABORATORY)
    found = order_of(change.session, key)
    actor = change.actor
    if not actor.system and Role.SECRETARY not in actor.roles and actor.organisation != found.laboratory:
        raise InputError(found.key, "office/programme.another_laboratorys")
    if found.state == "cancelled":
        raise InputError(
            found.key, "office/programme.not_now", act="receive", state=found.state, possible="-"
        )
    files = keep_tree(change, path)
    if not files:
        raise InputError(path, "office/programme.no_data")
    found.state = "received"
    receipt = change.add(Receipt(order=found.key, files=files, note=note, at=change.at))
    change.record("order.data_received", found, {"receipt": receipt.key, "files": files, "note": note})
    return receipt


def candidate_of(session: Session, key: str) -> Candidate:
    """Return a candidate.

    Raises
    ------
    InputError
        When there is none.
    """
    return _get(session, Candidate, key, "unknown_candidate")


def order_of(session: Session, key: str) -> TestOrder:
    """Return an order.

    Raises
    ------
    InputError
        When there is none.
    """
    return _get(session, TestOrder, key, "unknown_order")


def laboratories_of(session: Session, candidate: str) -> frozenset[str]:
    """Return the laboratories that test, or tested, a candidate's cars."""
    asked = (
        select(TestOrder.laboratory)
        .join(Vehicle, Vehicle.key == TestOrder.vehicle)
        .where(Vehicle.candidate == candidate, TestOrder.state != "cancelled")
    )
    return frozenset(session.scalars(asked))


def edition_for(session: Session, candidate: str, every: Sequence[Edition], day: date) -> str:
    """Return the edition that a candidate is assessed under: that of its orders, without orders the one in force.

    Raises
    ------
    InputError
        When its orders name several, or it is not clear which edition is in force.
    """
    found = candidate_of(session, candidate)
    asked = (
        select(TestOrder.protocol)
        .join(Vehicle, Vehicle.key == TestOrder.vehicle)
        .where(Vehicle.candidate == candidate, TestOrder.state != "cancelled")
    )
    ordered = sorted(set(session.scalars(asked)))
    if len(ordered) > 1:
        raise InputError(
            found.programme,
            "office/programme.which_edition",
            day=day.isoformat(),
            editions=", ".join(ordered),
        )
    return ordered[0] if ordered else the_edition(every, found.programme, day).protocol


def maker_of(session: Session, candidate: str) -> str:
    """Return the maker of a candidate's car."""
    return session.get_one(CarModel, candidate_of(session, candidate).car).maker


def _selected(session: Session, key: str) -> Candidate:
    found = candidate_of(session, key)
    if found.state != "selected":
        raise InputError(found.key, "office/programme.not_selected", state=found.state)
    return found


def _get(session: Session, table: type[T], key: str, code: str) -> T:
    found = session.get(table, key)
    if found is None:
        raise InputError(key, f"office/programme.{code}")
    return found
