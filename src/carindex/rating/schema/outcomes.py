"""Outcomes: stars or grades from a node's value."""

from __future__ import annotations

from typing import Any

from carindex.rating.schema.parts import Condition, Label, OutcomeName, Rounding, Struct, Verified

Line = float | tuple[float, float]
"""Where a better outcome begins; two numbers where all that is known is that it lies between them."""


class Stars(Struct, frozen=True, kw_only=True):
    """Stars, or grades, from a node's value.

    The measure is the value (with ``per_cent`` in per cent of the node's greatest score), divided by ``divide_by`` and
    rounded if they are given. ``at_least``/``above``
    for measures that are better when higher, ``below``/``at_most`` for the others; ``otherwise`` is the
    outcome when no line is reached. ``minima``: what other nodes' scores must be at least, for each outcome.
    ``balance``: no more than the least outcome of these nodes. ``caps``: no more than that when a condition
    holds. ``verified``: how well a line is verified, where that is not as well as the node. ``settles``: with
    ``false`` there is no outcome while one of the scores of ``balance`` is open, even where it could not change it
    (oddity of a programme's calculator). An open node with ``grades`` and no lines is given its grade as a word; its
    score then only numbers the grades.
    """

    measure: Label | None = None
    per_cent: bool = False
    divide_by: float | None = None
    round: Rounding | None = None
    below: dict[OutcomeName, Line] | None = None
    at_most: dict[OutcomeName, Line] | None = None
    at_least: dict[OutcomeName, Line] | None = None
    above: dict[OutcomeName, Line] | None = None
    otherwise: OutcomeName | None = None
    grades: list[str] | None = None
    # what a grade is called in words
    names: dict[str, Label] = {}
    minima: dict[OutcomeName, dict[str, Line]] | None = None
    verified: dict[OutcomeName, Verified] | None = None
    balance: list[str] | None = None
    settles: bool = True
    calculator: dict[str, Any] | None = None
    caps: list[OutcomeCap] = []


class OutcomeCap(Struct, frozen=True, kw_only=True):
    """No more than an outcome when a condition holds, or ``lower_by`` so many outcomes less, down to ``otherwise``."""

    to: OutcomeName | None = None
    lower_by: int | None = None
    when: Condition
    label: Label | None = None
    source: str | None = None
    verified: Verified | None = None


class NamedScale(Struct, frozen=True, kw_only=True):
    """Stars or grades that several nodes share."""

    stars: Stars
    source: str
    verified: Verified
