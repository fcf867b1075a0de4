"""What the organisation's rules of its panel may say."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

import msgspec

SUBJECT = "panel"
Positive = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]


class Region(StrEnum):
    """Where an expert works."""

    AFRICA = "africa"
    ASIA = "asia"
    EUROPE = "europe"
    NORTH_AMERICA = "north_america"
    OCEANIA = "oceania"
    SOUTH_AMERICA = "south_america"


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Terms: their greatest length, how many may follow each other, and after what pause one no longer follows."""

    years: Positive | None = None
    consecutive: Positive | None = None
    pause_months: Annotated[int, msgspec.Meta(ge=0)] = 0


class MostShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The greatest share of the members who have something in common, once there are so many members.

    ``of`` a region, a field, or a kind of organisation they are affiliated with; ``value``: that one only, by default
    each.
    """

    of: Literal["region", "field", "affiliation"]
    most: Share
    value: str | None = None
    once: Positive = 1


class Least(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seats that members of some regions and fields have: with the last free seats nobody else is appointed."""

    region: Mapping[Region, Positive] = {}
    field: Mapping[str, Positive] = {}


class PanelRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules of a panel.

    Attributes
    ----------
    fields
        Fields of work, with a label a language.
    seats
        How many members there are at most.
    term
        Terms of office.
    shares, least
        Balance.
    family
        How many members may be affiliated with organisations that belong together.
    cooling_off_months
        How long after its end an affiliation still counts as a conflict of interest.
    """

    fields: Mapping[str, Mapping[str, str]]
    seats: Positive | None = None
    term: Term = Term()
    shares: tuple[MostShare, ...] = ()
    least: Least = Least()
    family: Positive | None = None
    cooling_off_months: Annotated[int, msgspec.Meta(ge=0)] = 0
