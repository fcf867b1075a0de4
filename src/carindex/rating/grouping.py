"""Join operations of the same kind to groups that run as one array operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from carindex.rating.kernels import KERNELS
from carindex.rating.plan import Group


@dataclass(frozen=True)
class Operation:
    """One operation on slots: what a rule, or a part of one, was compiled to."""

    kernel: str
    inputs: tuple[int, ...]
    output: int
    parameters: dict[str, Any]
    level: int


def grouped(operations: list[Operation]) -> tuple[Group, ...]:
    """Join operations of the same level, kind and shape."""
    groups: dict[tuple[Any, ...], list[Operation]] = {}
    for operation in operations:
        shapes = tuple(
            (name, value if isinstance(value, str) or name == "count" else np.shape(value))
            for name, value in sorted(operation.parameters.items())
        )
        key = (operation.level, operation.kernel, len(operation.inputs), shapes)
        groups.setdefault(key, []).append(operation)
    joined = []
    for (_, kernel, _, _), members in sorted(groups.items(), key=lambda item: (item[0][0], str(item[0]))):
        assert kernel in KERNELS
        parameters: dict[str, Any] = {}
        for name, value in members[0].parameters.items():
            single = isinstance(value, str) or name == "count"
            parameters[name] = (
                value if single else np.array([m.parameters[name] for m in members], np.float64)
            )
        joined.append(
            Group(
                kernel,
                np.array([m.inputs for m in members], np.intp),
                np.array([m.output for m in members], np.intp),
                parameters,
            )
        )
    return tuple(joined)
