"""Rules on one fact: its risk, scale, curve, bands, words, limit, or itself."""

from __future__ import annotations

from typing import Literal

from carindex.rating.schema.parts import FactRule, Struct


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


class Lookup(Struct, frozen=True, kw_only=True):
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


class OpenGrade(Struct, frozen=True, kw_only=True):
    """A rule that is not known here: the node takes the grade that its programme gave, a fact whose words are grades.

    The value of the node is the number of steps from its best grade where it counts losses, from its worst where it
    counts points.
    """

    grade: str
