"""An assessment as it is to be published: what the public gets of it, and whether its review is complete."""

from __future__ import annotations

from sqlalchemy.orm import Session

from carindex.messages import InputError
from carindex.office.assessments.keeping import assessment_of
from carindex.office.programme.models import Candidate, CarModel
from carindex.office.publication.batches import Publishable
from carindex.office.review.discussing import is_approved


def publishable(session: Session, assessment: str) -> Publishable:
    """Return an assessment as it is to be published; whether it may be is asked where it is put into a batch.

    Raises
    ------
    InputError
        When there is none, or it belongs to no candidate: then nobody says whose car it is.
    """
    found = assessment_of(session, assessment)
    if found.candidate is None:
        raise InputError(assessment, "office/publication.no_candidate")
    car = session.get_one(CarModel, session.get_one(Candidate, found.candidate).car)
    document = {
        "car": {
            "name": found.car,
            "model": car.name,
            "model_year": car.model_year,
            "example": car.example,
        },
        "protocol": found.protocol,
        "protocol_hash": found.protocol_hash,
        "mode": found.mode,
        "engine": found.engine,
        "outcome": found.outcome,
        "files": found.files,
        "assessment": found.digest,
        "rating": found.rating,
    }
    return Publishable(found.key, car.maker, document, is_approved(session, assessment))
