"""How well a computed signal agrees with a measured one: the objective rating of ISO/TS 18571.

Belongs here: the rating of two signals over one interval. Does not belong here: choosing the interval,
resampling and filtering, which a virtual-testing protocol prescribes.

The rating itself is computed by the library ``objective-rating-metrics`` of the OpenVT community (the
optional dependency ``carindex[correlation]``), loaded on first use because it is large.

References
----------
.. [1] ISO/TS 18571:2014, Road vehicles: Objective rating metric for non-ambiguous signals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.peaks import FloatArray, as_signal
from carindex.messages import InputError

Grade = Literal["excellent", "good", "fair", "poor"]

# Lower ends of the sliding scale of ISO/TS 18571; recalled from the document, unverified.
_GRADES: tuple[tuple[float, Grade], ...] = ((0.94, "excellent"), (0.80, "good"), (0.58, "fair"))

SAMPLING_INTERVAL = 1e-4
"""Sampling interval that ISO/TS 18571 asks for, s (10 kHz)."""

# The nine-point slope must still fit when the largest shift, a fifth of the record, is cut off.
_SHORTEST = 11


@dataclass(frozen=True)
class ObjectiveRating:
    """The four scores of ISO/TS 18571 and their weighted mean, each from 0 (no agreement) to 1.

    Attributes
    ----------
    corridor, phase, magnitude, slope
        Scores with the weights 0.4, 0.2, 0.2, 0.2.
    overall
        Weighted mean.
    grade
        Word of the sliding scale, ``None`` when the rating is NaN.
    """

    corridor: float
    phase: float
    magnitude: float
    slope: float
    overall: float
    grade: Grade | None


def iso_18571(
    reference: ArrayLike, comparison: ArrayLike, dt: float = SAMPLING_INTERVAL, *, place: str = "ISO/TS 18571"
) -> ObjectiveRating:
    """Rate the agreement of a signal with a reference by ISO/TS 18571.

    Parameters
    ----------
    reference
        ``(n,)`` measured signal over the interval of evaluation, at least 11 samples, any unit.
    comparison
        ``(n,)`` computed signal at the same times, same unit.
    dt
        Sampling interval, s. The metric is defined for 10 kHz.
    place
        What an error names as its place.

    Returns
    -------
    ObjectiveRating
        All NaN when either signal has a NaN, or one of them is constant: the metric has no value then.

    Raises
    ------
    InputError
        When the two signals differ in length or are too short, when they are not sampled at 10 kHz, or when
        the optional library is not installed.
    """
    measured = as_signal(reference)
    computed = as_signal(comparison)
    if measured.ndim != 1 or measured.shape != computed.shape or measured.size < _SHORTEST:
        raise InputError(
            place,
            "criteria.correlation_lengths",
            reference=measured.shape[-1],
            comparison=computed.shape[-1],
            shortest=_SHORTEST,
        )
    if not math.isclose(dt, SAMPLING_INTERVAL, rel_tol=1e-6):
        raise InputError(
            place, "criteria.correlation_sampling", found=1.0 / dt, expected=1.0 / SAMPLING_INTERVAL
        )
    library = _library(place)
    if not _usable(measured) or not _usable(computed):
        return ObjectiveRating(math.nan, math.nan, math.nan, math.nan, math.nan, None)
    times = dt * np.arange(measured.size)
    # A stretch of constant signal has no correlation; the shifts that meet one are passed over.
    with np.errstate(invalid="ignore", divide="ignore"):
        metric = library.ISO18571(
            np.column_stack((times, measured)), np.column_stack((times, computed)), dt=dt
        )
        overall = float(metric.overall_rating(ndigits=-1))
        return ObjectiveRating(
            corridor=float(metric.corridor_rating(ndigits=-1)),
            phase=float(metric.phase_rating(ndigits=-1)),
            magnitude=float(metric.magnitude_rating(ndigits=-1)),
            slope=float(metric.slope_rating(ndigits=-1)),
            overall=overall,
            grade=grade_of(overall),
        )


def grade_of(overall: float) -> Grade | None:
    """Return the word of the sliding scale for an overall rating, ``None`` for NaN."""
    if math.isnan(overall):
        return None
    return next((grade for limit, grade in _GRADES if overall > limit), "poor")


def _usable(signal: FloatArray) -> bool:
    return bool(np.isfinite(signal).all() and np.ptp(signal) > 0)


def _library(place: str) -> Any:  # noqa: ANN401 - a module without types
    try:
        return import_module("objective_rating_metrics.rating")
    except ImportError as error:
        raise InputError(place, "criteria.correlation_library_missing") from error
