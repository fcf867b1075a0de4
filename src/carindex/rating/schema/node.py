"""The tree: nodes with their rule and adjustments, and the head of a protocol."""

from __future__ import annotations

from typing import Any, Literal

from carindex.rating.schema.avoidance import Scenario
from carindex.rating.schema.checks import Award, Channels, Claimed, TestPoints, Undeclared, WordTable
from carindex.rating.schema.crash import Criterion, Grid, Near, PointsWhen, Role, Row, Step
from carindex.rating.schema.leaves import Bands, Curve, Given, Lookup, OpenGrade, PassFail, Risk, Scale
from carindex.rating.schema.outcomes import NamedScale, Stars
from carindex.rating.schema.parts import (
    Combine,
    Condition,
    Counts,
    Label,
    Requirement,
    Rounding,
    Struct,
    Verified,
)
from carindex.rating.schema.precedents import Precedents


class Adjustment(Struct, frozen=True, kw_only=True):
    """One step from the combined value of a node to its final value; steps apply in the order of the file.

    ``deduct``: a rule whose value is taken off (a modifier); ``take_off``: so many points, while ``when`` holds;
    ``deduct_node``: another node's score. ``set_to``
    with ``when``: capping, gates and vetoes. ``at_most``/``at_least`` (with or without ``when``): limits of the
    value. ``multiply``, ``round``.
    """

    label: Label | None = None
    deduct: Node | None = None
    deduct_node: str | None = None
    take_off: float | None = None
    when: Condition | None = None
    set_to: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    multiply: float | None = None
    round: Rounding | None = None
    source: str | None = None
    verified: Verified | None = None
    # an adjustment that is asked for and shown, but takes nothing (oddity of a programme's calculator)
    ignored: bool = False
    # a rule between stages: it holds for a score that a report states as well
    across: bool = False
    # whether a cap settles what it cuts off: with ``false`` the sum stays open while any of its parts is
    settles: bool = True
    printed: dict[str, Any] | None = None
    calculator: dict[str, Any] | None = None


class Choose(Struct, frozen=True, kw_only=True):
    """One of several rules, chosen by the word that a fact is."""

    by: str
    cases: dict[str, Node]


class Compensate(Struct, frozen=True, kw_only=True):
    """Whole points moved between neighbouring stages so that they come as near to their mean as they can.

    ``offsets``: what is added to each stage's score for each word of the fact ``by`` (a year); ``move``: how
    many points may be moved in all. The value is the least of the balanced scores, offsets included. ``unknown``: the
    word that stands for a missing or unknown one (oddity of a programme's calculator).
    """

    of: list[str]
    by: str
    offsets: dict[str, list[float]]
    move: int
    unknown: str | None = None
    calculator: dict[str, Any] | None = None


class Gate(Struct, frozen=True, kw_only=True):
    """While the condition holds, neither the node nor anything below it has points."""

    label: Label
    when: Condition
    source: str | None = None
    verified: Verified | None = None


class Node(Struct, frozen=True, kw_only=True):
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
    criterion: Criterion | None = None
    ladder: list[Step] = []
    near: Near | None = None
    # of checks and claims
    awarded: list[Award] = []
    table: WordTable | None = None
    claimed: Claimed | None = None
    test_points: TestPoints | None = None
    channels: Channels | None = None
    precedents: Precedents | None = None
    # of crash avoidance
    scenario: Scenario | None = None
    layer: str | None = None
    layers: dict[str, float] = {}
    matrices: list[str] = []
    gates: list[Gate] = []
    open: bool | OpenGrade = False
    # facts that an unknown rule is known to work with: taken and shown, and without influence until it is known
    reads: list[str] = []
    # of crash tests
    role: Role | None = None
    critical: bool = False
    predicted: bool | None = None
    points_when: list[PointsWhen] = []
    capping_only: dict[str, Node] = {}
    inspection: str | dict[str, str] | None = None
    grid: Grid | None = None
    row: Row | None = None
    rows: tuple[int, int] | None = None
    # each occupant of a region must have a value, others are passed over (oddity of a programme's calculator)
    every_occupant: bool = False
    verification: dict[str, Any] | None = None
    loadcase: str | None = None
    # of a combination
    children: dict[str, Node] = {}
    of: list[str] = []
    weights: dict[str, float] | None = None
    over: float | None = None
    best: int | None = None
    # demerits of each grade of each child; where only bounds of them are known, both
    demerits: dict[str, dict[str, float | tuple[float, float]]] | None = None
    adjust: list[Adjustment] = []
    stars: str | Stars | None = None
    source: str | None = None
    verified: Verified | None = None
    note: Label | None = None
    # what the points of the node and of all below it are for, where that does not follow from its tests
    theme: str | None = None
    # changed from outside the package without saying how the changed rule is verified; written by the loader
    unstated: bool = False
    # for the programme's own workbooks and calculator; no rule of the protocol
    missing: str | None = None  # a fact that is missing here and below counts as this word
    missing_unless: str | None = None  # open while this fact is missing; another missing fact fails
    undeclared: Undeclared | None = None
    never_assessed: bool = False
    oddity: str | None = None
    printed: dict[str, Any] | None = None
    calculator: dict[str, Any] | None = None


class Protocol(Struct, frozen=True, kw_only=True):
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
    # nodes whose score a test report states (given:PATH), as patterns of their paths
    reported: list[str] = []
    # a test without score: open, or with the score of the test above it (oddity of a programme's calculator)
    reported_blank: Literal["open", "row_above"] = "open"
    # tables that rules of the tree refer to by name; their shape is the rule kind's
    data: dict[str, Any] = {}
    note: Label | None = None
    # the editions that this one extends, the nearest first; written by the loader
    extended: list[str] = []


LEAF_RULES = ("risk", "scale", "curve", "bands", "lookup", "pass_fail", "given")
CHECK_RULES = ("awarded", "table", "claimed", "test_points", "channels")
RULES = (
    *LEAF_RULES,
    *CHECK_RULES,
    "combine",
    "choose",
    "compensate",
    "criterion",
    "ladder",
    "near",
    "precedents",
    "rows",
    "layer",
    "open",
)
