"""What a protocol file may say: the closed set of rule kinds, as typed structures.

A protocol file is read into these structures and refused, with the place in the file, when it says anything
else. They hold what is written, nothing worked out from it. One structure a rule kind; a node of the tree has
one rule (how its value comes about), any number of adjustments, and perhaps an outcome (stars or a grade).
"""

from carindex.rating.schema.avoidance import Scenario
from carindex.rating.schema.checks import (
    Award,
    Channels,
    Claimed,
    MonitoringCells,
    TestPoints,
    Undeclared,
    WordTable,
)
from carindex.rating.schema.crash import (
    Colours,
    CrashScheme,
    Criterion,
    Grid,
    GridCell,
    Near,
    PointsWhen,
    Role,
    Row,
    Step,
)
from carindex.rating.schema.leaves import Bands, Curve, Given, Lookup, PassFail, Risk, Scale
from carindex.rating.schema.node import (
    CHECK_RULES,
    LEAF_RULES,
    RULES,
    Adjustment,
    Choose,
    Compensate,
    Gate,
    Node,
    Protocol,
)
from carindex.rating.schema.outcomes import Line, NamedScale, OutcomeCap, Stars
from carindex.rating.schema.parts import (
    CellsPredicted,
    Combine,
    Condition,
    Counts,
    FactRule,
    Label,
    OutcomeName,
    Requirement,
    Rounding,
    RoundMode,
    Struct,
    Take,
    Verified,
)
from carindex.rating.schema.precedents import Precedent, Precedents

__all__ = [
    "CHECK_RULES",
    "LEAF_RULES",
    "RULES",
    "Adjustment",
    "Award",
    "Bands",
    "CellsPredicted",
    "Channels",
    "Choose",
    "Claimed",
    "Colours",
    "Combine",
    "Compensate",
    "Condition",
    "Counts",
    "CrashScheme",
    "Criterion",
    "Curve",
    "FactRule",
    "Gate",
    "Given",
    "Grid",
    "GridCell",
    "Label",
    "Line",
    "Lookup",
    "MonitoringCells",
    "NamedScale",
    "Near",
    "Node",
    "OutcomeCap",
    "OutcomeName",
    "PassFail",
    "PointsWhen",
    "Precedent",
    "Precedents",
    "Protocol",
    "Requirement",
    "Risk",
    "Role",
    "RoundMode",
    "Rounding",
    "Row",
    "Scale",
    "Scenario",
    "Stars",
    "Step",
    "Struct",
    "Take",
    "TestPoints",
    "Undeclared",
    "Verified",
    "WordTable",
]
