"""Drawings of an issue: coloured occupants, impact maps, prediction matrices and the balance of the stages.

Each drawing is a pure function of frozen dataclasses (`model`) and returns a `Picture`: SVG for the page and
for print, and the same in words for people who hear the page. Nothing here knows a programme or computes a
score: colours, names and figures come from the caller; `from_protocol` and `from_rating` fill the dataclasses
from a protocol's files and from a rating.
"""

from carindex.report.pictures.balance import balance_picture
from carindex.report.pictures.impact_map import impact_map_picture
from carindex.report.pictures.matrix import matrix_picture
from carindex.report.pictures.model import (
    BodyRegion,
    BumperPoint,
    BumperRow,
    ImpactMap,
    Layer,
    LoadCase,
    MapBand,
    MapCell,
    Matrix,
    MatrixCell,
    MatrixRow,
    Occupant,
    Paint,
    Palette,
    Picture,
    Stage,
    StageBalance,
    Verified,
)
from carindex.report.pictures.occupants import load_case_picture

__all__ = [
    "BodyRegion",
    "BumperPoint",
    "BumperRow",
    "ImpactMap",
    "Layer",
    "LoadCase",
    "MapBand",
    "MapCell",
    "Matrix",
    "MatrixCell",
    "MatrixRow",
    "Occupant",
    "Paint",
    "Palette",
    "Picture",
    "Stage",
    "StageBalance",
    "Verified",
    "balance_picture",
    "impact_map_picture",
    "load_case_picture",
    "matrix_picture",
]
