"""Which edition of a programme is in force at a date, as far as the protocols state their validity.

Protocols state days, months or years; within a month or year that is stated as a whole nobody can tell the day, and an
edition is then only *perhaps* in force.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from carindex.messages import InputError

if TYPE_CHECKING:
    from carindex.rating import Protocol

YES, PERHAPS, NO, UNKNOWN = "yes", "perhaps", "no", "unknown"
"""Whether an edition is in force; ``unknown``: it states no dates."""


class Edition(msgspec.Struct, frozen=True):
    """An edition of a programme and when it is in force, as its file states it."""

    programme: str
    protocol: str
    edition: str
    begins: str | None
    ends: str | None
    dated: bool

    def in_force(self, day: date) -> str:
        """Return whether the edition is in force on a day."""
        if not self.dated:
            return UNKNOWN
        first, first_at_last = _range(self.begins) if self.begins else (date.min, date.min)
        last_at_first, last = _range(self.ends) if self.ends else (date.max, date.max)
        if not first <= day <= last:
            return NO
        return YES if first_at_last <= day <= last_at_first else PERHAPS


def _range(text: str) -> tuple[date, date]:
    """Return the first and the last day that a date stated as a day, month or year can mean."""
    parts = [int(part) for part in text.split("-")]
    if len(parts) == 3:
        day = date(*parts)
        return day, day
    year = parts[0]
    if len(parts) == 2:
        return date(year, parts[1], 1), date(year, parts[1], calendar.monthrange(year, parts[1])[1])
    return date(year, 1, 1), date(year, 12, 31)


def edition_of(protocol: Protocol) -> Edition:
    """Return what a protocol says of itself."""
    valid = protocol.head.valid or {}
    programme = Path(protocol.place).parent.parent.name
    for layer in protocol.layers:
        if layer.shipped:  # an edition laid over a shipped one belongs to its programme
            programme = layer.folder.parent.name
            break
    begins, ends = (None if valid.get(key) is None else str(valid[key]) for key in ("from", "to"))
    return Edition(programme, protocol.id, protocol.head.edition, begins, ends, bool(begins or ends))


def editions() -> list[Edition]:
    """Return all editions of all programmes."""
    from carindex.rating import available_protocols, load_protocol

    return [edition_of(load_protocol(name)) for name in available_protocols()]


def in_force(every: Iterable[Edition], programme: str, day: date) -> list[tuple[Edition, str]]:
    """Return the editions of a programme that are, or perhaps are, in force on a day; those in force first.

    Raises
    ------
    InputError
        When there is no such programme.
    """
    every = list(every)
    own = [edition for edition in every if edition.programme == programme]
    if not own:
        known = ", ".join(sorted({edition.programme for edition in every}))
        raise InputError(programme, "office/programme.unknown_programme", known=known)
    found = [(edition, edition.in_force(day)) for edition in own]
    return sorted(
        (pair for pair in found if pair[1] in (YES, PERHAPS)),
        key=lambda pair: (pair[1] != YES, pair[0].protocol),
    )


def the_edition(every: Iterable[Edition], programme: str, day: date) -> Edition:
    """Return the one edition of a programme that is in force on a day.

    Raises
    ------
    InputError
        When there is none, or more than one comes into question.
    """
    found = in_force(every, programme, day)
    certain = [edition for edition, state in found if state == YES]
    if len(certain) == 1 and len(found) == 1:
        return certain[0]
    names = ", ".join(edition.protocol for edition, _ in found) or "-"
    raise InputError(programme, "office/programme.which_edition", day=day.isoformat(), editions=names)
