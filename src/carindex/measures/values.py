"""The steps of a measure run one by one: signals by name, each computed when it is first asked for.

Belongs here: calling the functions that the files of measures name. Does not belong here: which steps there are
(data), where the channels come from (`channels`, `processing`, `track`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from carindex.criteria.peaks import Interval, Peak
from carindex.measures.catalogue import Criterion, Step, function, takes
from carindex.units import ratio


@dataclass(frozen=True)
class Reading:
    """Value of a criterion in the unit of the vocabulary, and the times it was read at."""

    value: float
    t1: float | None
    t2: float | None


class Values:
    """Channels and computed signals of one measure by name, each computed when it is first asked for."""

    def __init__(self, steps: Mapping[str, Step], given: dict[str, Any], context: Mapping[str, Any]) -> None:
        self._steps = steps
        self._known = given
        self._context = context

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - signals, constants and results
        if name not in self._known:
            self._known[name] = self.call(self._steps[name])
        return self._known[name]

    def call(self, step: Step | Criterion) -> Any:  # noqa: ANN401
        """Return the result of the function that a step or criterion names."""
        by_name = {key: self._context[key] for key in takes(step.function)}
        by_name |= {key: self[other] for key, other in step.using.items()}
        return function(step.function)(*(self[name] for name in step.of), **by_name, **step.literal)


def reading_of(result: Any, unit: str, wanted: str) -> Reading:  # noqa: ANN401 - what a criterion returns
    """Return the result of a criterion, given in ``unit`` (empty: in ``wanted``), in the unit ``wanted``."""
    factor = ratio(unit, wanted) if unit else 1.0
    if isinstance(result, Interval):
        return Reading(float(result.value) * factor, _time(result.t1), _time(result.t2))
    if isinstance(result, Peak):
        return Reading(float(result.value) * factor, _time(result.time), None)
    return Reading(float(result) * factor, None, None)


def _time(time: Any) -> float | None:  # noqa: ANN401 - a NumPy number
    """Return a time without the rounding noise of sums of steps, ``None`` for NaN."""
    return None if np.isnan(time) else round(float(time), 9) + 0.0
