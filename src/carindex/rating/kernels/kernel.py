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
