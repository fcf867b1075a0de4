"""What the overall workbook shows: ``workbook.yaml`` as typed structures, and the scored stages, elements and tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from carindex.euroncap.stages import PROTOCOL
from carindex.kept import kept_as, shipped
from carindex.rating import load_protocol

FOLDER = "protocols/euro-ncap/2026/overall"
_LEVELS = 3
"""Stage, element, test: deeper nodes are not printed here."""


class Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file says that is not listed here is a mistake in the file."""


class VersionSheet(Struct, frozen=True, kw_only=True):
    """The sheet with the version that a workbook was made for, and its labels by state."""

    sheet: str
    template: str
    report: str


class Parameter(Struct, frozen=True, kw_only=True):
    """A row of input parameters; what the calculator makes of a word that is none of the options."""

    line: list[str]
    fact: str
    options: list[int] = []
    unknown_counts_as: int | None = None


class Parameters(Struct, frozen=True, kw_only=True):
    """The sheet of input parameters."""

    sheet: str
    headings: list[str]
    year: Parameter
    provision: Parameter


class RatingSheet(Struct, frozen=True, kw_only=True):
    """The sheet of the stars."""

    sheet: str
    headings: list[str]
    most: int


class ScoreSheet(Struct, frozen=True, kw_only=True):
    """A sheet of scores: how many labels it prints of a node, and how it shows numbers."""

    sheet: str
    headings: list[str]
    level: int
    number: str


class Layout(Struct, frozen=True, kw_only=True):
    """Everything that ``workbook.yaml`` says."""

    source: str
    verified: str
    version: str
    version_sheet: VersionSheet
    label: dict[str, str]
    fills: dict[str, str]
    formats: dict[str, str]
    open: str
    blank: list[str]
    parameters: Parameters
    rating: RatingSheet
    scores: list[ScoreSheet]

    @property
    def sheets(self) -> list[str]:
        """Titles of all sheets in their order."""
        scores = [part.sheet for part in self.scores]
        return [self.parameters.sheet, self.rating.sheet, *scores, self.version_sheet.sheet]


@dataclass(frozen=True)
class ScoredNode:
    """A stage, element or test: its printed labels, its path in the protocol, its greatest score."""

    labels: tuple[str, ...]
    path: str
    maximum: float


def _of_file(name: str) -> Any:  # noqa: ANN401 - whatever the file holds
    return shipped(f"{FOLDER}/{name}")


@kept_as("euro-ncap-2026.overall.layout")
def layout() -> Layout:
    """Return what the workbook shows."""
    return msgspec.convert(_of_file("workbook.yaml"), Layout)


@kept_as("euro-ncap-2026.overall.scored-nodes")
def scored_nodes() -> tuple[ScoredNode, ...]:
    """Return stages, elements and tests, each before those below it."""
    nodes = load_protocol(PROTOCOL).nodes
    found = []
    for path, node in nodes.items():
        above = [path.rsplit("/", i)[0] for i in range(path.count("/"), -1, -1)]
        if path and len(above) <= _LEVELS and not node.beside:
            labels = tuple(nodes[one].label["en"] for one in above)
            found.append(ScoredNode(labels, path, node.maximum))
    return tuple(found)
