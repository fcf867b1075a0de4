"""Greenhouse gases over the life of a car: a sum of stages, each with its bounds.

Belongs here: the formulas of the stages, and bounds of products and sums. Does not belong here: the factors, which
are data with sources (`carindex.measures.life_cycle`).

A number is a pair ``(low, high)``; one that is known exactly has both the same. All are at least 0, so that every
stage is monotone in each of them and its bounds are those of the extreme values. NaN in gives NaN out: what is not
known stays so.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Bounds(NamedTuple):
    """A number that lies between two, both included."""

    low: float
    high: float

    @property
    def is_known(self) -> bool:
        """Whether both ends are numbers."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))


ZERO = Bounds(0.0, 0.0)
UNKNOWN = Bounds(np.nan, np.nan)


def product(*factors: Bounds) -> Bounds:
    """Return the bounds of a product of numbers that are at least 0."""
    low = float(np.prod([factor.low for factor in factors]))
    return Bounds(low, float(np.prod([factor.high for factor in factors])))


def quotient(one: Bounds, other: Bounds) -> Bounds:
    """Return the bounds of a quotient of numbers that are at least 0.

    Raises
    ------
    ValueError
        When the divisor may be 0.
    """
    if other.low <= 0:
        raise ValueError(f"cannot divide by {other.low:g} to {other.high:g}; expected positive numbers")
    return Bounds(one.low / other.high, one.high / other.low)


def total(*parts: Bounds) -> Bounds:
    """Return the bounds of a sum."""
    return Bounds(sum(part.low for part in parts), sum(part.high for part in parts))


def made(amount: Bounds, factor: Bounds, lifetime: Bounds) -> Bounds:
    """Return what making something adds, g/km.

    Parameters
    ----------
    amount
        Of the car without its battery, kg; of the battery, kWh.
    factor
        kg CO2e a kg or kWh.
    lifetime
        Distance over the whole life, km.
    """
    return quotient(product(amount, factor, Bounds(1e3, 1e3)), lifetime)


def electricity(consumption: Bounds, intensity: Bounds, loss: Bounds, trend: Bounds) -> Bounds:
    """Return what the supply of electricity adds, g/km.

    Parameters
    ----------
    consumption
        From the wall, charging loss included, kWh/100 km.
    intensity
        Of generation, without losses of the grid, g CO2e/kWh.
    loss
        Share of the supply that the grid loses, below 1.
    trend
        Mean intensity over the life, relative to its begin.

    Raises
    ------
    ValueError
        When the loss may be everything.
    """
    arrives = Bounds(1.0 - loss.high, 1.0 - loss.low)
    return quotient(product(consumption, intensity, trend, Bounds(0.01, 0.01)), arrives)


def fuel(consumption: Bounds, factor: Bounds) -> Bounds:
    """Return what making or burning a fuel adds, g/km, of litres (or kg) to 100 km and kg CO2e a litre (or kg)."""
    return product(consumption, factor, Bounds(10.0, 10.0))


def shared(share: Bounds, one: Bounds, other: Bounds) -> Bounds:
    """Return the bounds of ``share one + (1 - share) other``: electricity and fuel of a plug-in hybrid.

    Parameters
    ----------
    share
        Between 0 and 1, the share of the distance driven with the first.
    one, other
        g/km of the first and of the second where it is driven alone.

    Notes
    -----
    For each end of the two the sum is linear in the share, so that an extreme lies at an end of the share.
    """
    ends = (share.low, share.high)
    low = [part * one.low + (1.0 - part) * other.low for part in ends]
    high = [part * one.high + (1.0 - part) * other.high for part in ends]
    return Bounds(float(np.min(low)), float(np.max(high)))
