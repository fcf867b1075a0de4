"""A mixed-integer program while it is written, and its solution by HiGHS."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from carindex.rating.kernels import Array

_FAILED = 4
"""What the solver says where it has failed for numerical reasons."""


@dataclass(frozen=True)
class Affine:
    """A constant plus multiples of columns."""

    constant: float
    terms: tuple[tuple[int, float], ...] = ()

    def times(self, factor: float) -> Affine:
        """Return a multiple."""
        return Affine(self.constant * factor, tuple((column, value * factor) for column, value in self.terms))


def total(parts: Sequence[Affine]) -> Affine:
    """Return the sum of several."""
    terms: dict[int, float] = {}
    for part in parts:
        for column, value in part.terms:
            terms[column] = terms.get(column, 0.0) + value
    return Affine(sum(part.constant for part in parts), tuple(terms.items()))


@dataclass(frozen=True)
class Solution:
    """What the solver found: values of the columns (``None``: there are none), the least the objective can be.

    ``optimal``: proved, to the solver's own tolerance. ``infeasible``: proved that there is none.
    """

    values: Array | None
    objective: float
    bound: float
    optimal: bool
    infeasible: bool


@dataclass
class Program:
    """Columns with bounds and costs, and rows between them."""

    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    _rows: list[int] = field(default_factory=list)
    _columns: list[int] = field(default_factory=list)
    _values: list[float] = field(default_factory=list)
    _least: list[float] = field(default_factory=list)
    _most: list[float] = field(default_factory=list)

    def column(self, lower: float, upper: float, *, whole: bool = False, cost: float = 0.0) -> int:
        """Add a column and return its number."""
        self.lower.append(lower)
        self.upper.append(upper)
        self.whole.append(int(whole))
        self.costs.append(cost)
        return len(self.lower) - 1

    def flag(self) -> int:
        """Add a column that is 0 or 1."""
        return self.column(0.0, 1.0, whole=True)

    def row(self, expression: Affine, least: float = -math.inf, most: float = math.inf) -> None:
        """Demand that an expression lies between two numbers; one without columns demands nothing."""
        least, most = least - expression.constant, most - expression.constant
        expression = Affine(0.0, tuple((column, value) for column, value in expression.terms if value))
        if not expression.terms:
            if least > 1e-7 or most < -1e-7:  # what can never be
                self.row(Affine(0.0, ((self.column(0.0, 0.0), 1.0),)), 1.0, 1.0)
            return
        number = len(self._least)
        for column, value in expression.terms:
            self._rows.append(number)
            self._columns.append(column)
            self._values.append(value)
        self._least.append(least)
        self._most.append(most)

    def solve(self, time_limit: float, gap: float = 1e-6) -> Solution:
        """Solve the program.

        Parameters
        ----------
        time_limit
            Seconds.
        gap
            Relative gap at which the solver may stop.
        """
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        rows, values = np.array(self._rows, np.intp), np.array(self._values)
        # every row in the size of its greatest coefficient: risks of a thousandth stand beside points
        size = np.zeros(len(self._least))
        np.maximum.at(size, rows, np.abs(values))
        shape = (len(self._least), len(self.lower))
        matrix = csr_array((values / size[rows], (rows, np.array(self._columns, np.intp))), shape=shape)

        def solved(**options: object) -> Any:  # noqa: ANN401 - what scipy returns
            return milp(
                np.array(self.costs),
                integrality=np.array(self.whole),
                bounds=Bounds(np.array(self.lower), np.array(self.upper)),
                constraints=LinearConstraint(
                    matrix, np.array(self._least) / size, np.array(self._most) / size
                ),
                options={"time_limit": max(time_limit, 0.1), "mip_rel_gap": gap, **options},
            )

        found = solved()
        if found.status == _FAILED:  # presolving now and then loses a program that can be solved
            found = solved(presolve=False)
        bound = getattr(found, "mip_dual_bound", None)
        bound = -math.inf if bound is None or not np.isfinite(bound) else float(bound)
        if found.x is None:
            return Solution(None, math.inf, bound, False, found.status == 2)
        return Solution(np.asarray(found.x), float(found.fun), bound, found.status == 0, False)
