"""The array operations that every rule is compiled to.

A kernel works on a group of ``g`` operations of the same kind at once, for ``n`` cars. Its inputs come as an
interval: ``low`` and ``high`` of shape ``(g, k, n)``, where ``k`` is the number of inputs of each operation.
Where everything is known both are the *same object*, and the kernel computes once and returns the same object
twice. Otherwise it returns bounds that contain the result for every value inside the inputs' intervals: exact
for monotone kernels, never too narrow for the others.

Kernels know numbers only: no facts, no nodes, no programmes. Parameters are arrays with the group first
None of them sees NaN: missing facts arrive as the interval of what is possible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from carindex.rating.kernels.avoidance import AVOIDANCE
from carindex.rating.kernels.basic import BASIC, rounded
from carindex.rating.kernels.checks import CHECKS
from carindex.rating.kernels.crash import CRASH
from carindex.rating.kernels.impact import IMPACT
from carindex.rating.kernels.kernel import Array, Interval, Kernel, Parameters
from carindex.rating.kernels.precedents import PRECEDENTS

KERNELS: Mapping[str, Kernel] = {**BASIC, **CRASH, **IMPACT, **CHECKS, **AVOIDANCE, **PRECEDENTS}

# How many of a kernel's outputs are left where a parameter ``details`` is False: the others only explain these.
HEADS: Mapping[str, Callable[[Parameters], int]] = {
    "scenario": lambda parameters: 6 + int(parameters["table"].layers),
    "headform_grid": lambda parameters: 3 * len(parameters["table"].bands),
    "legform_row": lambda _: 2,
    "low_speed": lambda _: 1,
    "claimed": lambda _: 1,
    "test_points": lambda _: 1,
}

__all__ = ["HEADS", "KERNELS", "Array", "Interval", "Kernel", "Parameters", "rounded"]
