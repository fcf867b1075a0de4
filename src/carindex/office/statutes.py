"""The organisation's own rules, as data: each set once, dated, and never altered; a later one takes its place.

Belongs here: how such rules are read, kept and found. Does not: what they say; each room has a structure of its own.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from carindex.messages import InputError
from carindex.office.store import Change, Role
from carindex.office.store.base import Code, Json, Record

S = TypeVar("S", bound=msgspec.Struct)


class Statute(Record):
    """Rules of one subject (``panel``, ``review``), as they were set."""

    __tablename__ = "statute"

    subject: Mapped[Code] = mapped_column(index=True)
    document: Mapped[Json]
    at: Mapped[datetime]


def read_statute(path: Path) -> Any:  # noqa: ANN401 - what the file says
    """Return what a YAML file says.

    Raises
    ------
    InputError
        When it cannot be read or is no YAML.
    """
    import yaml

    try:
        return yaml.safe_load(path.read_text("utf-8-sig"))
    except OSError as error:
        raise InputError(path, "office.bad_statute", reason=error.strerror) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise InputError(path, "office.bad_statute", reason=str(error).replace("\n", " ")) from None


def set_statute(
    change: Change, subject: str, document: object, structure: type[msgspec.Struct], place: object
) -> Statute:
    """Set the rules of a subject; what is going on goes on under the rules it began under.

    Parameters
    ----------
    change
        The change; an administrator's.
    subject
        What the rules are of.
    document
        The rules, as plain values.
    structure
        What such rules may say.
    place
        Where they come from, for messages.

    Raises
    ------
    InputError
        When they say anything else.
    """
    change.require(Role.ADMINISTRATOR)
    checked(document, structure, place)
    made = change.add(Statute(subject=subject, document=document, at=change.at))
    change.record("statute.set", made, {"subject": subject, "document": document})
    return made


def checked(document: object, structure: type[S], place: object) -> S:
    """Return rules in their structure.

    Raises
    ------
    InputError
        When they say anything that it does not know.
    """
    try:
        return msgspec.convert(document, structure)
    except msgspec.ValidationError as error:
        raise InputError(place, "office.bad_statute", reason=error) from None


def statute(session: Session, subject: str, structure: type[S], key: str | None = None) -> tuple[str, S]:
    """Return the rules of a subject with their key: those in force, or those of a key.

    Raises
    ------
    InputError
        When none were set.
    """
    asked = select(Statute).where(Statute.subject == subject)
    if key is not None:
        asked = asked.where(Statute.key == key)
    found = session.scalar(asked.order_by(Statute.key.desc()).limit(1))
    if found is None:
        raise InputError(subject, "office.no_statute", subject=subject)
    return found.key, checked(found.document, structure, subject)
