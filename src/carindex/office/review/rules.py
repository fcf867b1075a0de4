"""What the organisation's rules of reviews may say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from carindex.office.panel.rules import Region

SUBJECT = "review"
Positive = Annotated[int, msgspec.Meta(ge=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class Voting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a vote decides: so many ballots at least, and a share of them that is greater than ``more_than``."""

    least: Positive
    more_than: Annotated[float, msgspec.Meta(ge=0.5, lt=1)]


class ReviewRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules of a review.

    Attributes
    ----------
    reviewers
        How many experts are assigned.
    fields
        Fields of work that must be among them.
    regions
        How many regions there should be among them.
    quorum
        How many must approve.
    approving_regions
        From how many regions approvals must come.
    from_regions
        How many approvals must come from some regions.
    objections
        How many objections may stand when an assessment is approved.
    voting
        Votes on discretionary modifiers.
    """

    reviewers: Positive
    quorum: Positive
    voting: Voting
    fields: tuple[str, ...] = ()
    regions: Positive = 1
    approving_regions: Positive = 1
    from_regions: Mapping[Region, Positive] = {}
    objections: Count = 0
