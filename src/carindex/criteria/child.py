"""Child dummies (Q series): neck loads and head excursion where they are read otherwise than in adults.

Belongs here: the few criteria that only child occupants have. Head injury criterion, a3ms, neck tension and
chest deflection of a Q dummy are the functions of `head`, `neck` and `chest`; the Q dummies enter there
through their constants only.

Force in N, position in m, signs of SAE J211/1 and J1733. Signals are ``(n,)`` or ``(..., n)``; a NaN anywhere
in a needed record gives NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.kinematics import resultant
from carindex.criteria.peaks import Peak, as_signal, maximum


def neck_resultant_force(Fx: ArrayLike, Fy: ArrayLike, Fz: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return the largest resultant upper neck force, which side impacts of child dummies look at.

    Parameters
    ----------
    Fx, Fy, Fz
        ``(..., n)``, N, one filter class for all three.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Force, N, and its time.
    """
    return maximum(resultant(as_signal(Fx), Fy, Fz), dt, start)


def head_excursion(position: ArrayLike, reference: ArrayLike, dt: float, start: float = 0.0) -> Peak:
    """Return how far the head moves at most beyond a reference, along one axis.

    Parameters
    ----------
    position
        ``(..., n)`` position of the foremost (or, for vertical excursion, uppermost) point of the head in the
        frame of the seat, m, positive in the direction of excursion.
    reference
        Position of the reference in the same frame, m: one number, one for each record (leading
        shape), or else a signal like ``position``; the Cr point of the seat for UN Regulation No. 129.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    Peak
        Excursion, m, and its time; negative when the head never reaches the reference.

    References
    ----------
    .. [1] UN Regulation No. 129, head excursion.
    """
    where = as_signal(position)
    origin = np.asarray(reference, dtype=np.float64)
    if origin.shape == where.shape[:-1]:
        origin = origin[..., None]
    return maximum(where - origin, dt, start)
