"""What a kernel is: an array operation on intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Interval = tuple[Array, Array]
Parameters = Mapping[str, Any]
Kernel = Callable[[Parameters, Array, Array], Interval]


def column(values: Any) -> Array:  # noqa: ANN401 - whatever the parameter table holds
    """Return one parameter per operation as a column that broadcasts over cars."""
    return np.asarray(values, np.float64)[:, None]


def details(parameters: Parameters) -> bool:
    """Return whether a kernel shall also give what only explains its first outputs."""
    return bool(parameters.get("details", True))


def equal(low: Array, high: Array) -> bool:
    """Return whether an interval is one value everywhere; looks at the numbers only where memory does not tell."""
    if low is high:
        return True
    own, other = low.__array_interface__, high.__array_interface__
    if own["data"] == other["data"] and low.strides == high.strides and low.shape == high.shape:
        return True
    return bool(np.array_equal(low, high, equal_nan=True))
