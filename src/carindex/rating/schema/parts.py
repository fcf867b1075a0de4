"""What rules of every kind are made of: facts, rounding, conditions, requirements."""

from __future__ import annotations

from typing import Literal

import msgspec

Label = dict[str, str]
Verified = Literal["oracle", "published", "text", "unverified"]
Take = Literal["value", "magnitude", "compression"]
Counts = Literal["points", "risk", "demerits"]
Combine = Literal[
    "sum",
    "mean",
    "weighted",
    "weighted_share",
    "worst",
    "best",
    "share",
    "joint_risk",
    "demerits",
    "apart",
    "points_mean",
    "points_worst",
]
OutcomeName = str | int | float
RoundMode = Literal["half_up", "half_even", "floor", "ceiling", "truncate"]


class Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Anything a file says that is not listed here is a mistake in the file."""


class Rounding(Struct, frozen=True, kw_only=True):
    """Rounding to a number of decimals; ``half_up`` takes ties away from zero, as a spreadsheet does."""

    decimals: int
    mode: RoundMode = "half_up"


class FactRule(Struct, frozen=True, kw_only=True):
    """What all rules on one fact have in common."""

    fact: str
    unit: str | None = None
    take: Take = "value"
    round: Rounding | None = None


_AXES = {"vut_speed": "VUT speed", "impact_location": "Impact location"}


class CellsPredicted(Struct, frozen=True, kw_only=True, rename=_AXES.get):
    """Whether one of these cells of a matrix is predicted other than a colour; no prediction is no such cell."""

    matrix: str
    vut_speed: list[str]
    impact_location: list[float] | None = None
    cells: str | None = None
    predicted_other_than: str
    never: bool = False  # oddity of a programme's calculator: looked at, but never found


class Condition(Struct, frozen=True, kw_only=True):
    """A fact, a node's score or a node's stars compared with a number or word; or several conditions."""

    fact: str | None = None
    # beside ``node``, ``fact`` is a yes or no that says whether the condition holds, where it is known
    node: str | None = None
    stars_of: str | None = None
    unit: str | None = None
    take: Take = "value"
    round: Rounding | None = None
    below: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    above: float | None = None
    equals: str | None = None
    one_of: list[str] | None = None
    all: list[Condition] | None = None
    any: list[Condition] | None = None
    negate: Condition | None = None
    # a criterion below is at its capping limit: of this node (any), or of one of these nodes
    capped: str | list[str] | None = None
    # all of these criteria of the node have points
    passed: list[str] | None = None
    # at least one fact below each of these nodes is known
    any_value_of: list[str] | None = None
    # the node's score before its adjustments, in per cent
    before_adjust: bool = False
    # one of these cells of a prediction matrix is predicted other than a colour
    cells: CellsPredicted | None = None
    # a message of the category lacks a channel
    channel_lacking: bool = False
    # one of the critical body regions below this node has no points; ``fact`` says so where it is known
    critical_region_without_points: str | None = None


class Requirement(Struct, frozen=True, kw_only=True):
    """All of these facts must be one of these words, or the node has no points."""

    facts: list[str]
    one_of: list[str]
    label: Label | None = None
    # the word that a missing fact counts as; written by the loader where a node above says so
    missing: str | None = None
