"""Rules of crash tests: criteria with five colours, body regions, dummies, impact points on a car's front.

What all of them share (colours, roundings, inspections) is a table of the protocol's data, `CrashScheme`.
"""

from __future__ import annotations

from typing import Any, Literal

from carindex.rating.schema.parts import Condition, FactRule, Label, Struct

Role = Literal["test", "occupant", "region"]
"""What a node of a crash test is: a test with its inspection, a dummy on a seat, a body region in per cent."""


class Line(Struct, frozen=True, kw_only=True):
    """A limit that is worked out from another fact: slope · fact + intercept."""

    fact: str
    unit: str | None = None
    slope: float
    intercept: float
    # a fact without which the limit stays at nothing (oddity of the programme's calculator)
    needs: str | None = None


class Limit(Struct, frozen=True, kw_only=True):
    """One limit for higher and lower performance: all points below it, none from it on."""

    line: Line


class Criterion(FactRule, frozen=True, kw_only=True):
    """A measured value in five colours between higher and lower performance limit, 0 … 100 %; it may cap the dummy."""

    limits: tuple[float, float] | None = None
    limit: Limit | None = None
    gate: float | None = None
    cap: float | None = None
    cap_when: Condition | None = None
    cap_with: str | None = None
    shown_only: bool = False
    colours: str = "occupants"


class Step(Struct, frozen=True, kw_only=True):
    """A step of a ladder: what it reaches while its condition and those of all steps before hold."""

    reaches: float
    when: Condition


class Near(Struct, frozen=True, kw_only=True):
    """All points where a word is the same as another fact's, or at most ``steps`` away from it in ``order``."""

    fact: str
    to: str
    order: list[str]
    steps: int
    points: float


class PointsWhen(Struct, frozen=True, kw_only=True):
    """Another greatest score while a condition holds."""

    when: Condition
    points: float


class GridCell(Struct, frozen=True, kw_only=True):
    """What a cell of the headform grid may say: see the protocol's file."""

    label: Label
    predicted: float
    counts: float
    tested: Literal["never", "sampled", "always"]
    fill: str
    times: float = 0.0
    limits: tuple[float, float] | None = None
    mirrored: bool = False


class Grid(Struct, frozen=True, kw_only=True):
    """Impact points of headforms on a car's front: rows by wrap-around distance, columns across."""

    rows: dict[str, Any]
    columns: dict[str, int]
    cells: dict[str, GridCell]
    criterion: dict[str, Any]
    correction: dict[str, float]
    verification: dict[str, Any]
    loadcases: dict[str, str]
    # what a band without cells is where the others have some: no part of the car, or a region without points
    empty_band: Literal["left_out", "without_points"] = "left_out"


class Row(Struct, frozen=True, kw_only=True):
    """A row of impact points of a legform: which row, its columns, what a cell may say."""

    row: int
    columns: tuple[int, int]
    cells: dict[str, dict[str, Any]]


class Colours(Struct, frozen=True, kw_only=True):
    """The five colours, their scores, and how far from a predicted band a value may lie."""

    names: list[str]
    labels: dict[str, Label]
    fills: dict[str, str]
    scores: dict[str, dict[str, float]]
    tolerance: dict[str, float]
    checks: dict[str, str]
    round: dict[str, int]


class Rounds(Struct, frozen=True, kw_only=True):
    """Inspection and roundings of one role."""

    inspection: str | None = None
    round: dict[str, int] = {}
    of: str | None = None
    at_least: float | None = None


class CrashScheme(Struct, frozen=True, kw_only=True):
    """What all criteria, body regions, dummies and tests of a programme's crash tests share."""

    colours: Colours
    regions: Rounds
    occupants: Rounds
    tests: Rounds
    rounding: dict[str, str]
    critical: dict[str, Any]
    blank: Literal["open", "nothing"] = "open"
    # whether a criterion that is not assessed can still cap
    unassessed_caps: bool = False
    inspection_label: Label
