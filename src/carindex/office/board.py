"""The status board: where every candidate stands, from its proposal to its review."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex.office.assessments.models import Assessment
from carindex.office.programme.models import Candidate, CarModel, Reason, TestOrder, Vehicle
from carindex.office.review.models import Review
from carindex.office.store import Organisation

STEPS = (
    "proposed",
    "declined",
    "withdrawn",
    "selected",
    "bought",
    "ordered",
    "received",
    "assessed",
    "in_review",
    "returned",
    "approved",
)
"""Steps of a candidate, in the order of the work."""


class Entry(msgspec.Struct, frozen=True):
    """Where a candidate stands: its step, what is bought, ordered, received and assessed, and its latest outcome."""

    candidate: str
    car: dict[str, str]
    maker: dict[str, str]
    example: bool
    programme: str
    step: str
    reasons: tuple[str, ...]
    vehicles: dict[str, str]
    orders: dict[str, str]
    assessment: str | None
    protocol: str | None
    outcome: dict[str, object] | None
    review: str | None
    since: datetime


def board(session: Session, programme: str | None = None) -> list[Entry]:
    """Return where the candidates of a programme stand, or of all, in the order they were proposed."""
    asked = select(Candidate, CarModel, Organisation)
    asked = asked.join(CarModel, CarModel.key == Candidate.car).join(
        Organisation, Organisation.key == CarModel.maker
    )
    if programme is not None:
        asked = asked.where(Candidate.programme == programme)
    reasons: dict[str, list[str]] = {}
    for reason in session.scalars(select(Reason).order_by(Reason.key)):
        reasons.setdefault(reason.candidate, []).append(reason.kind)
    vehicles: dict[str, dict[str, str]] = {}
    orders: dict[str, dict[str, str]] = {}
    for vehicle in session.scalars(select(Vehicle).order_by(Vehicle.key)):
        vehicles.setdefault(vehicle.candidate, {})[vehicle.key] = vehicle.variant
    placed = select(TestOrder, Vehicle.candidate).join(Vehicle, Vehicle.key == TestOrder.vehicle)
    for row in session.execute(placed.order_by(TestOrder.key)):
        orders.setdefault(row[1], {})[row[0].key] = row[0].state
    latest = {
        one.candidate: one
        for one in session.scalars(
            select(Assessment).where(Assessment.candidate.is_not(None)).order_by(Assessment.key)
        )
    }
    reviews = {one.assessment: one for one in session.scalars(select(Review))}
    found = []
    for candidate, car, maker in session.execute(asked.order_by(Candidate.key)):
        assessment = latest.get(candidate.key)
        review = None if assessment is None else reviews.get(assessment.key)
        own = orders.get(candidate.key, {})
        found.append(
            Entry(
                candidate.key,
                car.name,
                maker.name,
                car.example or maker.example,
                candidate.programme,
                _step(candidate, vehicles.get(candidate.key, {}), own, assessment, review),
                tuple(dict.fromkeys(reasons.get(candidate.key, ()))),
                vehicles.get(candidate.key, {}),
                own,
                None if assessment is None else assessment.key,
                None if assessment is None else assessment.protocol,
                None if assessment is None else assessment.outcome,
                None if review is None else review.key,
                candidate.proposed if candidate.decided is None else candidate.decided,
            )
        )
    return found


def _step(
    candidate: Candidate,
    vehicles: dict[str, str],
    orders: dict[str, str],
    assessment: Assessment | None,
    review: Review | None,
) -> str:
    if candidate.state != "selected":
        return candidate.state
    if review is not None and review.state != "superseded":
        return {"open": "in_review"}.get(review.state, review.state)
    if assessment is not None:
        return "assessed"
    states = {state for state in orders.values() if state != "cancelled"}
    if states:
        return "received" if states == {"received"} else "ordered"
    return "bought" if vehicles else "selected"
