"""Rules of crash avoidance: scenarios of prediction matrices and their layers."""

from __future__ import annotations

from carindex.rating.schema.parts import Struct


class Scenario(Struct, frozen=True, kw_only=True):
    """A scenario, scored from its matrices in the protocol's data; several matrices add up.

    ``low_speed``: every cell of its one matrix counts, by its measured colour where there is one.
    """

    name: str
    matrices: list[str]
    low_speed: bool = False
