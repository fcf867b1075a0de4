"""Whether ratings still move from one round to the next."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from carindex.messages import InputError
from carindex.office.consensus.ratings import checked, feedback


class Movement(msgspec.Struct, frozen=True):
    """How ratings moved between two rounds, of those who answered in both.

    Attributes
    ----------
    experts
        How many answered in both.
    changed
        How many gave another rating.
    net_change
        Net person-changes: half the sum of the differences between the two histograms, by the number of experts.
    median_change, interquartile_change
        After minus before.
    p_value
        Wilcoxon's signed-rank test of no shift; ``None`` where nobody changed.
    """

    experts: int
    changed: int
    net_change: float
    median_change: float
    interquartile_change: float
    p_value: float | None


def movement(before: Mapping[str, int], after: Mapping[str, int]) -> Movement:
    """Return how ratings moved between two rounds.

    Parameters
    ----------
    before, after
        Rating by pseudonym; the same pseudonym is the same expert.

    Raises
    ------
    InputError
        When nobody answered in both rounds, or a rating is none.

    References
    ----------
    Scheibe, Skutsch and Schofer, Experiments in Delphi methodology, in Linstone and Turoff (eds.), The Delphi Method
    (1975): net person-changes; they call less than 15 per cent stable.
    """
    both = sorted(before.keys() & after.keys())
    if not both:
        raise InputError("rounds", "office/consensus.nobody_twice")
    first, second = checked([before[key] for key in both]), checked([after[key] for key in both])
    old, new = feedback([int(v) for v in first]), feedback([int(v) for v in second])
    net = sum(abs(a - b) for a, b in zip(old.histogram, new.histogram, strict=True)) / 2
    return Movement(
        len(both),
        int((first != second).sum()),
        net / len(both),
        new.median - old.median,
        new.interquartile_range - old.interquartile_range,
        _no_shift(np.asarray(second - first, dtype=float)),
    )


def _no_shift(shift: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float | None:
    if not shift.any():
        return None
    from scipy.stats import wilcoxon

    # pairs without change carry no direction and are left out, as in Wilcoxon's own test; ranks have ties
    moved = shift[shift != 0]
    method = "exact" if len(np.unique(np.abs(moved))) == len(moved) and len(moved) <= 50 else "asymptotic"
    return float(wilcoxon(moved, method=method).pvalue)
