"""Electric energy: what a battery gave and took, what a charger lost, consumption to the kilometre.

Belongs here: sums of current times voltage, and what is made of them. Does not belong here: emissions
(`emissions`), what a consumption is worth in a programme.

Signals are ``(n,)`` or, on one clock, ``(..., n)``; ``time`` is ``(n,)``, s, rising. Between samples power is a
straight line. A record with a NaN is NaN in the result: missing is not zero. A current is positive where the
battery gives.

References
----------
.. [1] UN GTR No. 15 and UN R154 (WLTP), electric energy change of a rechargeable storage system; recalled, not
   read: the sum of voltage times current over time is its definition.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.instants import run_of
from carindex.criteria.peaks import FloatArray, Numbers

JOULES_PER_KWH = 3.6e6
"""Joules in one kilowatt hour."""


def power(voltage: ArrayLike, current: ArrayLike) -> FloatArray:
    """Return electric power, W, of voltage, V, and current, A, of one sign convention; NaN where an input is NaN."""
    product: FloatArray = np.asarray(voltage, dtype=np.float64) * np.asarray(current, dtype=np.float64)
    return product


def energy(time: ArrayLike, watts: ArrayLike) -> Numbers:
    """Return the energy of a record [1]_: the area under its power.

    Parameters
    ----------
    time, watts
        ``(n,)``, s, and ``(..., n)``, W.

    Returns
    -------
    float or ndarray
        kWh; what came back (negative power) is taken off. NaN for a record with a NaN.
    """
    t, p = run_of(time, watts)
    area: Numbers = (0.5 * (p[..., 1:] + p[..., :-1]) * np.diff(t)).sum(axis=-1) / JOULES_PER_KWH
    return area


def given_energy(time: ArrayLike, watts: ArrayLike) -> Numbers:
    """Return the energy that a battery gave, kWh, without what it took back; exact where power changes its sign."""
    return _one_way(time, watts)


def taken_energy(time: ArrayLike, watts: ArrayLike) -> Numbers:
    """Return the energy that a battery took, kWh, as a positive number, without what it gave."""
    return _one_way(time, -np.asarray(watts, dtype=np.float64))


def _one_way(time: ArrayLike, watts: ArrayLike) -> Numbers:
    t, p = run_of(time, watts)
    low, high = p[..., :-1], p[..., 1:]
    both = 0.5 * (np.maximum(low, 0.0) + np.maximum(high, 0.0))
    # Where the line crosses zero only the triangle on the positive side counts.
    crosses = (low > 0) != (high > 0)
    top = np.maximum(low, high)
    span = np.where(crosses & (high != low), np.abs(high - low), 1.0)
    mean = np.where(crosses, 0.5 * np.maximum(top, 0.0) ** 2 / span, both)
    area: Numbers = (mean * np.diff(t)).sum(axis=-1) / JOULES_PER_KWH
    return np.where(np.isnan(p).any(axis=-1), np.nan, area)[()]


def consumption(used: ArrayLike, driven: ArrayLike) -> Numbers:
    """Return a consumption, kWh/100 km, of energy, kWh, and distance, km; NaN where nothing was driven."""
    total, way = np.asarray(used, dtype=np.float64), np.asarray(driven, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(way > 0, 100.0 * total / way, np.nan)[()]


def charging_efficiency(stored: ArrayLike, drawn: ArrayLike) -> Numbers:
    """Return which share of the energy drawn from the grid reached the battery.

    Parameters
    ----------
    stored, drawn
        Energy into the battery and from the grid over the same time, kWh.

    Returns
    -------
    float or ndarray
        Share, 0 to 1 in a sound record; what is beyond is returned as it is, so that it is seen. NaN where nothing
        was drawn or an input is NaN.
    """
    reached, taken = np.asarray(stored, dtype=np.float64), np.asarray(drawn, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(taken > 0, reached / taken, np.nan)[()]


def charging_loss(stored: ArrayLike, drawn: ArrayLike) -> Numbers:
    """Return which share of the energy drawn from the grid was lost: 1 less `charging_efficiency`."""
    lost: Numbers = 1.0 - charging_efficiency(stored, drawn)
    return lost


def wall_consumption(battery: ArrayLike, efficiency: ArrayLike) -> Numbers:
    """Return the consumption from the grid for one from the battery, both in kWh/100 km.

    NaN for an efficiency of 0 or less.
    """
    used, share = np.asarray(battery, dtype=np.float64), np.asarray(efficiency, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(share > 0, used / share, np.nan)[()]
