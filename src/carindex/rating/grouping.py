"""Join operations of the same kind to groups that run as one array operation."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from carindex.rating.kernels import KERNELS
from carindex.rating.plan import Group


class Operation(msgspec.Struct, frozen=True):
    """One operation on slots: what a rule, or a part of one, was compiled to."""

    kernel: str
    inputs: tuple[int, ...]
    output: int | tuple[int, ...]
    parameters: dict[str, Any]
    level: int


_NUMBERS = (int, float, tuple, list, np.ndarray, np.number)


def _shape(value: Any) -> Any:  # noqa: ANN401 - whatever a parameter is
    """Return what must be equal for parameters to be joined: their shape, or the one table that both use."""
    return np.shape(value) if isinstance(value, _NUMBERS) else ("table", id(value))


def grouped(operations: list[Operation]) -> tuple[Group, ...]:
    """Join operations of the same level, kind and shape."""
    groups: dict[tuple[Any, ...], list[Operation]] = {}
    for operation in operations:
        shapes = tuple(
            (name, value if isinstance(value, str) or name == "count" else _shape(value))
            for name, value in sorted(operation.parameters.items())
        )
        outputs = len(operation.output) if isinstance(operation.output, tuple) else 0
        key = (operation.level, operation.kernel, len(operation.inputs), outputs, shapes)
        groups.setdefault(key, []).append(operation)
    joined = []
    for (_, kernel, _, _, _), members in sorted(groups.items(), key=lambda item: (item[0][0], str(item[0]))):
        assert kernel in KERNELS
        parameters: dict[str, Any] = {}
        for name, value in members[0].parameters.items():
            single = isinstance(value, str) or name == "count" or not isinstance(value, _NUMBERS)
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
