"""What a protocol file may say: the closed set of rule kinds, as typed structures.

A protocol file is read into these structures and refused, with the place in the file, when it says anything
else. They hold what is written, nothing worked out from it. One structure a rule kind; a node of the tree has
one rule (how its value comes about), any number of adjustments, and perhaps an outcome (stars or a grade).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Label = dict[str, str]
Verified = Literal["oracle", "published", "text", "unverified"]
Take = Literal["value", "magnitude", "compression"]
Counts = Literal["points", "risk", "demerits"]
Combine = Literal["sum", "mean", "weighted", "worst", "best", "share", "joint_risk", "demerits"]
OutcomeName = str | int | float
RoundMode = Literal["half_up", "half_even", "floor", "ceiling", "truncate"]


class _Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Anything a file says that is not listed here is a mistake in the file."""


class Rounding(_Struct, frozen=True, kw_only=True):
    """Rounding to a number of decimals; ``half_up`` takes ties away from zero, as a spreadsheet does."""

    decimals: int
    mode: RoundMode = "half_up"


class FactRule(_Struct, frozen=True, kw_only=True):
    """What all rules on one fact have in common."""

    fact: str
    unit: str | None = None
    take: Take = "value"
    round: Rounding | None = None


class Risk(FactRule, frozen=True, kw_only=True):
    """Injury-risk curve: the probability of an injury as a function of a fact.

    ``logistic``: 1 / (1 + exp(intercept − slope · g)), g = fact ^ power, or ln(fact − log_above).
    ``lognormal``: Φ((ln fact − mean) / deviation).
    ``weibull``: 1 − exp(−((fact − location) / scale) ^ shape).
    """

    form: Literal["logistic", "lognormal", "weibull"] = "logistic"
    intercept: float | None = None
    slope: float | None = None
    power: float | None = None
    log_above: float | None = None
    mean: float | None = None
    deviation: float | None = None
    scale: float | None = None
    shape: float | None = None
    location: float = 0.0


class Scale(FactRule, frozen=True, kw_only=True):
    """Sliding scale: all points at the higher performance limit, none at the lower, linear between."""

    limits: tuple[float, float]
    points: float | None = None


class Curve(FactRule, frozen=True, kw_only=True):
    """Piecewise linear function of a fact through ``points`` ``[fact, value]``, level outside them."""

    through: list[tuple[float, float]]


class Bands(FactRule, frozen=True, kw_only=True):
    """Steps: ``values[i]`` between ``limits[i-1]`` and ``limits[i]``, limits ascending.

    A fact equal to a limit belongs to the band above it (``upper``) or below it (``lower``).
    """

    limits: list[float]
    values: list[float]
    on_limit: Literal["upper", "lower"] = "upper"
    names: list[str] = []


class Lookup(_Struct, frozen=True, kw_only=True):
    """Points for each word that a fact can be."""

    fact: str
    points: dict[str, float]


class PassFail(FactRule, frozen=True, kw_only=True):
    """All points when the condition holds, ``otherwise`` when it does not."""

    below: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    above: float | None = None
    equals: str | None = None
    points: float | None = None
    otherwise: float = 0.0


class Given(FactRule, frozen=True, kw_only=True):
    """The fact is itself the value of the node, between 0 and its maximum."""


class Condition(_Struct, frozen=True, kw_only=True):
    """A fact, a node's score or a node's stars compared with a number or word; or several conditions."""

    fact: str | None = None
    node: str | None = None
    stars_of: str | None = None
    unit: str | None = None
    take: Take = "value"
    below: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    above: float | None = None
    equals: str | None = None
    all: list[Condition] | None = None
    any: list[Condition] | None = None
    negate: Condition | None = None


class Requirement(_Struct, frozen=True, kw_only=True):
    """All of these facts must be one of these words, or the node has no points."""

    facts: list[str]
    one_of: list[str]
    label: Label | None = None


class Adjustment(_Struct, frozen=True, kw_only=True):
    """One step from the combined value of a node to its final value; steps apply in the order of the file.

    ``deduct``: a rule whose value is taken off (a modifier); ``deduct_node``: another node's score. ``set_to``
    with ``when``: capping, gates and vetoes. ``at_most``/``at_least`` (with or without ``when``): limits of the
    value. ``multiply``, ``round``.
    """

    label: Label | None = None
    deduct: Node | None = None
    deduct_node: str | None = None
    when: Condition | None = None
    set_to: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    multiply: float | None = None
    round: Rounding | None = None
    source: str | None = None
    verified: Verified | None = None
    calculator: dict[str, Any] | None = None


class Stars(_Struct, frozen=True, kw_only=True):
    """Stars, or grades, from a node's value.

    The measure is the value, divided by ``divide_by`` and rounded if they are given. ``at_least``/``above``
    for measures that are better when higher, ``below``/``at_most`` for the others; ``otherwise`` is the
    outcome when no line is reached. ``minima``: what other nodes' scores must be at least, for each outcome.
    ``balance``: no more than the least outcome of these nodes. ``caps``: no more than that when a condition
    holds.
    """

    measure: Label | None = None
    divide_by: float | None = None
    round: Rounding | None = None
    below: dict[OutcomeName, float] | None = None
    at_most: dict[OutcomeName, float] | None = None
    at_least: dict[OutcomeName, float] | None = None
    above: dict[OutcomeName, float] | None = None
    otherwise: OutcomeName | None = None
    grades: list[str] | None = None
    minima: dict[OutcomeName, dict[str, float]] | None = None
    balance: list[str] | None = None
    caps: list[OutcomeCap] = []


class OutcomeCap(_Struct, frozen=True, kw_only=True):
    """No more than an outcome when a condition holds."""

    to: OutcomeName
    when: Condition
    label: Label | None = None
    source: str | None = None


class NamedScale(_Struct, frozen=True, kw_only=True):
    """Stars or grades that several nodes share."""

    stars: Stars
    source: str
    verified: Verified


class Choose(_Struct, frozen=True, kw_only=True):
    """One of several rules, chosen by the word that a fact is."""

    by: str
    cases: dict[str, Node]


class Compensate(_Struct, frozen=True, kw_only=True):
    """Whole points moved between neighbouring stages so that they come as near to their mean as they can.

    ``offsets``: what is added to each stage's score for each word of the fact ``by`` (a year); ``move``: how
    many points may be moved in all. The value is the least of the balanced scores, offsets included.
    """

    of: list[str]
    by: str
    offsets: dict[str, list[float]]
    move: int


class Node(_Struct, frozen=True, kw_only=True):
    """A node of the rating tree."""

    file: str | None = None
    label: Label | None = None
    test: str | None = None
    occupant: str | None = None
    dummy: str | None = None
    injury: str | None = None
    counts: Counts | None = None
    points: float | None = None
    applies_when: Condition | None = None
    requires: list[Requirement] = []
    # how the value comes about: exactly one
    combine: Combine | None = None
    risk: Risk | None = None
    scale: Scale | None = None
    curve: Curve | None = None
    bands: Bands | None = None
    lookup: Lookup | None = None
    pass_fail: PassFail | None = None
    given: Given | None = None
    choose: Choose | None = None
    compensate: Compensate | None = None
    open: bool = False
    # of a combination
    children: dict[str, Node] = {}
    of: list[str] = []
    weights: dict[str, float] | None = None
    over: float | None = None
    best: int | None = None
    demerits: dict[str, dict[str, float]] | None = None
    adjust: list[Adjustment] = []
    stars: str | Stars | None = None
    source: str | None = None
    verified: Verified | None = None
    note: Label | None = None
    # for the programme's own workbooks and calculator; no rule of the protocol
    printed: dict[str, Any] | None = None
    calculator: dict[str, Any] | None = None


class Protocol(_Struct, frozen=True, kw_only=True):
    """The head of a protocol: what it is, the scales its nodes share, and the root of its tree."""

    id: str
    programme: Label
    edition: str
    source: str
    root: Node
    valid: dict[str, str | list[int]] = {}
    counts: Counts = "points"
    points: float | None = None
    scales: dict[str, NamedScale] = {}
    beside: dict[str, Node] = {}
    note: Label | None = None


LEAF_RULES = ("risk", "scale", "curve", "bands", "lookup", "pass_fail", "given")
RULES = (*LEAF_RULES, "combine", "choose", "compensate", "open")
