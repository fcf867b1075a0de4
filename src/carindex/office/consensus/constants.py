"""Constants of the published methods, from ``constants.yaml``."""

from __future__ import annotations

from functools import cache

import msgspec

from carindex.kept import shipped


class PanelSize(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Counts of the older definitions of agreement and disagreement, for panels of some sizes."""

    members: tuple[int, int]
    outside: int
    extreme: int


class RandUcla(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Constants of the RAND/UCLA appropriateness method."""

    scale: tuple[int, int]
    thirds: tuple[float, float]
    interpercentile: tuple[float, float]
    symmetric_range: float
    asymmetry_factor: float
    source: str
    panels: tuple[PanelSize, ...]
    panels_source: str


class Hierarchy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Constants of the analytic hierarchy process."""

    scale: tuple[float, float]
    acceptable_ratio: float
    random_index: tuple[float, ...]
    source: str


class Constants(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them."""

    rand_ucla: RandUcla
    hierarchy: Hierarchy


@cache
def constants() -> Constants:
    """Return the constants."""
    return msgspec.convert(shipped("office/consensus/constants.yaml"), Constants)
