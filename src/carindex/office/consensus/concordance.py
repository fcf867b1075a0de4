"""Kendall's coefficient of concordance: how far several experts put the same things in the same order."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from carindex.messages import InputError


class Concordance(msgspec.Struct, frozen=True):
    """Agreement of rankings.

    Attributes
    ----------
    w
        Kendall's W, corrected for ties: 0 none, 1 complete.
    chi_squared, degrees, p_value
        Friedman's test of W = 0, an approximation for many experts or things.
    experts, things
        How many of each.
    """

    w: float
    chi_squared: float
    degrees: int
    p_value: float
    experts: int
    things: int


def kendall_w(ratings: ArrayLike | Sequence[Sequence[float]]) -> Concordance:
    """Return Kendall's W of ratings or ranks, with ties corrected.

    Parameters
    ----------
    ratings
        Shape ``(experts, things)``, all known; any scale, since only each expert's order counts.

    Notes
    -----
    W = 12 S / (m² (n³ - n) - m Σ(t³ - t)), with m experts, n things, S the sum of squared deviations of the rank sums
    from their mean, and t the sizes of the groups of ties. W = 1 where every expert ties everything is not defined and
    refused.

    Raises
    ------
    InputError
        With fewer than two experts or things, unknown values, or when every expert finds all things equal.

    References
    ----------
    Kendall and Babington Smith, The problem of m rankings, Ann. Math. Statist. 10 (1939); ties: Kendall, Rank
    Correlation Methods, chapter 6.
    """
    from scipy.stats import chi2, rankdata

    values = np.asarray(ratings, dtype=float)
    if values.ndim != 2 or min(values.shape) < 2:
        raise InputError("ratings", "office/consensus.too_few_rankings")
    if not np.isfinite(values).all():
        raise InputError("ratings", "office/consensus.unknown_rank")
    experts, things = values.shape
    ranks = rankdata(values, axis=1)
    sums = ranks.sum(axis=0)
    deviation = float(((sums - sums.mean()) ** 2).sum())
    ties = 0
    for row in ranks:
        sizes = np.unique(row, return_counts=True)[1]
        ties += int((sizes**3 - sizes).sum())
    possible = experts**2 * (things**3 - things) - experts * ties
    if possible == 0:
        raise InputError("ratings", "office/consensus.all_tied")
    w = 12 * deviation / possible
    chi_squared = experts * (things - 1) * w
    return Concordance(w, chi_squared, things - 1, float(chi2.sf(chi_squared, things - 1)), experts, things)
