"""Seat-belt loads of an occupant: shoulder and lap belt force, webbing paid out by the retractor.

Belongs here: forces and displacements of the webbing. Does not belong here: chest deflection under the belt
(`chest`), limits of programmes. Force in N, CFC 60 (SAE J211/1; the class that reproduces the belt loads that
NHTSA publishes); displacement in m; signals are ``(n,)`` or ``(..., n)``.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from carindex.criteria.peaks import Peak, maximum


def belt_force(force: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest tension of a shoulder or lap belt.

    Parameters
    ----------
    force
        ``(..., n)``, N, tension positive, CFC 60.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Force, N, and its time. NaN anywhere in the record gives NaN.
    """
    return maximum(force, dt, start)


def webbing_payout(displacement: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return how much webbing the retractor pays out at most.

    Parameters
    ----------
    displacement
        ``(..., n)``, m, payout positive, zero before the test, CFC 180; pretensioning is negative.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Payout, m, and its time. NaN anywhere in the record gives NaN.
    """
    return maximum(displacement, dt, start)
