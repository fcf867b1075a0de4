"""What kernels of crash-avoidance scenarios work with: tables of matrices, and what is known of a car."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np

from carindex.rating.kernels.judging import Flags, Indices, Judging
from carindex.rating.kernels.kernel import Array

LAYERS = ("standard", "extended", "robustness")
STANDARD, EXTENDED, ROBUSTNESS = range(3)
AEB, FCW = 0.0, 1.0


class Variant(msgspec.Struct, frozen=True, eq=False):
    """A matrix with some of its repeating rows taken out: which cells are left, their ranges and criteria.

    ``taken_out`` tells for each pair of repeating rows whether the first is out. ``plain``: criterion of
    the first quantity where no function is declared, ``aeb`` where AEB is.
    """

    taken_out: tuple[bool, ...]
    cells: Indices
    standard: Flags
    plain: Indices
    aeb: Indices


class MatrixTable(msgspec.Struct, frozen=True, eq=False):
    """A prediction matrix: its variants, how values are judged, and what it is worth."""

    cells: int
    # of each cell, the number of its row among the rows whose function is declared; −1 for the others
    declared: Indices
    functions: int
    # of each pair of repeating rows, the number of the first among the declared ones, and its cells
    repeating: tuple[tuple[int, Indices], ...]
    variants: tuple[Variant, ...]
    judging: Judging
    warning: int | None
    second_in_extended: bool
    points: Mapping[str, float]
    # numbers of the cells that can be in the standard range, and in the extended one
    may_be: tuple[Indices, Indices]

    @property
    def quantities(self) -> int:
        """How many quantities may be measured in a cell."""
        return 2 if self.warning is not None or self.second_in_extended else 1


class ScenarioTable(msgspec.Struct, frozen=True, eq=False):
    """A scenario: its matrices, the robustness layers offered, the tables of factors and judgements.

    ``closed``: every matrix is closed, whatever the facts say, and a tested point without a value is as
    predicted. ``answered``: only layers that are answered count. ``not_red[layer, condition]``: whether
    points tested so need only not be red; the last row and column stand for any. ``factors``: for each
    range, by method, borne out and refuted points.
    """

    matrices: tuple[MatrixTable, ...]
    layers: int
    not_red: Flags
    not_applicable: int
    factors: tuple[Array, Array]
    worth: Array
    worth_extended: Array
    steps: tuple[tuple[float, float], ...]
    needs: float
    not_claimed: int
    performance: tuple[float, ...]
    performance_not_claimed: int
    answered: bool
    closed: bool

    @property
    def outputs(self) -> int:
        """How many slots the kernel fills."""
        cells = sum(2 * m.cells + len(m.may_be[0]) + len(m.may_be[1]) for m in self.matrices)
        return 6 + 2 * self.layers + 2 + cells


@dataclass
class Pair:
    """Lower and upper array."""

    low: Array
    high: Array


class Car(msgspec.Struct, frozen=True):
    """What is known of a scenario beside its matrices, each for every car.

    ``methods``: for each range, which words its prediction may be. ``refused``: whether the scenario is surely, and
    perhaps, not claimed. ``performance``: part of the extended range that is left. ``claimed``: flags of the layers;
    ``claims``: how many are claimed; ``offered``: how many count.
    """

    methods: tuple[Flags, Flags]
    refused: tuple[Flags, Flags]
    performance: Pair
    claimed: Pair
    claims: Pair
    offered: Array


def size_of(table: ScenarioTable, matrix: MatrixTable) -> int:
    """Return how many facts of a matrix a scenario takes."""
    own = 2 + matrix.functions + (len(matrix.repeating) if table.closed else 1)
    return own + (2 + matrix.quantities) * matrix.cells + len(matrix.may_be[0])


def said_of(table: ScenarioTable, low: Array, high: Array) -> tuple[Car, int]:
    """Read what is said of a scenario as a whole; returns the number of facts that was taken as well."""
    cars = low.shape[1]
    words = np.arange(table.factors[0].shape[0])[:, None]
    surely, perhaps = np.zeros(cars, bool), np.zeros(cars, bool)
    methods = []
    for k in range(2):
        unknown = np.isnan(low[k])
        may = ((low[k] <= words) & (words <= high[k])) | unknown
        none = may[table.not_claimed]
        # a method that is not said is none, where all is known to be said
        surely |= (none & (may.sum(axis=0) == 1)) | (unknown & table.closed)
        perhaps |= none
        methods.append(may)
    at, performance = 2, Pair(np.ones(cars), np.ones(cars))
    if table.performance:
        at = 3
        words = np.arange(len(table.performance))[:, None]
        may = ((low[2] <= words) & (words <= high[2])) | (np.isnan(low[2]) & (not table.closed))
        none = may[table.performance_not_claimed]
        perhaps |= none
        surely |= none & (may.sum(axis=0) == 1)
        part, unsaid = np.array(table.performance)[:, None], ~may.any(axis=0)
        performance = Pair(
            np.where(unsaid, 1.0, np.where(may, part, np.inf).min(axis=0)),
            np.where(unsaid, 1.0, np.where(may, part, -np.inf).max(axis=0)),
        )
    answers = slice(at, at + table.layers)
    unknown = np.isnan(low[answers])
    claimed = Pair(
        np.where(unknown, 0.0, low[answers]), np.where(unknown, 0.0 if table.closed else 1.0, high[answers])
    )
    claims = Pair(claimed.low.sum(axis=0), claimed.high.sum(axis=0))
    # layers that are not answered may not count among those offered
    offered = (~unknown).sum(axis=0) if table.answered else np.full(cars, table.layers)
    car = Car(
        (methods[0], methods[1]), (surely, perhaps), performance, claimed, claims, offered.astype(np.float64)
    )
    return car, at + table.layers
