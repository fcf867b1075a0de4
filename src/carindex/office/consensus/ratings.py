"""What a panel's ratings of one statement say: median, spread, RAND/UCLA appropriateness and disagreement.

Pure functions on ratings from 1 (wholly against) to 9 (wholly for). Percentiles are interpolated linearly between
ordered ratings (Hyndman and Fan's definition 7); the manual of the method names none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from carindex.messages import InputError
from carindex.office.consensus.constants import constants

Appropriateness = Literal["appropriate", "uncertain", "inappropriate"]


class Feedback(msgspec.Struct, frozen=True):
    """What a panel is told of its ratings: nothing about who gave which.

    Attributes
    ----------
    count
        How many ratings.
    median, lower_quartile, upper_quartile
        Of the ratings.
    histogram
        How many gave 1, 2 … 9.
    """

    count: int
    median: float
    lower_quartile: float
    upper_quartile: float
    histogram: tuple[int, ...]

    @property
    def interquartile_range(self) -> float:
        """Distance of the quartiles."""
        return self.upper_quartile - self.lower_quartile


class Judgement(msgspec.Struct, frozen=True):
    """What the RAND/UCLA method makes of ratings.

    Attributes
    ----------
    appropriateness
        By the third of the scale that holds the median; ``uncertain`` in any case where the panel disagrees.
    disagreement
        Whether the interpercentile range is greater than the one adjusted for symmetry.
    interpercentile_range, adjusted_range
        The two ranges (IPR, IPRAS).
    asymmetry
        Distance of the centre of the interpercentile range from the middle of the scale.
    extremes_disagree, region_agrees
        The older definitions by counts; ``None`` for panels of a size they are not given for.
    """

    appropriateness: Appropriateness
    disagreement: bool
    interpercentile_range: float
    adjusted_range: float
    asymmetry: float
    extremes_disagree: bool | None
    region_agrees: bool | None


def checked(ratings: Sequence[int], place: str = "ratings") -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return ratings as an array.

    Raises
    ------
    InputError
        When there is none, or one is no whole number from 1 to 9.
    """
    low, high = constants().rand_ucla.scale
    if not len(ratings):
        raise InputError(place, "office/consensus.no_ratings")
    for value in ratings:
        whole = not isinstance(value, bool) and isinstance(value, int | np.integer)
        if not whole or not low <= value <= high:
            raise InputError(place, "office/consensus.not_a_rating", value=value, low=low, high=high)
    return np.asarray(ratings, dtype=np.int64)


def feedback(ratings: Sequence[int]) -> Feedback:
    """Return median, quartiles and histogram of ratings from 1 to 9.

    Raises
    ------
    InputError
        As `checked`.
    """
    values = checked(ratings)
    lower, median, upper = (float(value) for value in np.percentile(values, (25, 50, 75)))
    high = constants().rand_ucla.scale[1]
    histogram = np.bincount(values, minlength=high + 1)[1:]
    return Feedback(len(values), median, lower, upper, tuple(int(count) for count in histogram))


def judgement(ratings: Sequence[int]) -> Judgement:
    """Return appropriateness and disagreement by the RAND/UCLA method.

    Parameters
    ----------
    ratings
        Whole numbers from 1 to 9.

    Notes
    -----
    IPR = P70 - P30; AI = abs(5 - (P30 + P70) / 2); IPRAS = 2.35 + 1.5 AI. The panel disagrees when IPR > IPRAS.

    Raises
    ------
    InputError
        As `checked`.

    References
    ----------
    Fitch et al., The RAND/UCLA Appropriateness Method User's Manual, RAND (2001), chapter 8.
    """
    values, method = checked(ratings), constants().rand_ucla
    low, median, high = (
        float(value)
        for value in np.percentile(values, (method.interpercentile[0], 50, method.interpercentile[1]))
    )
    middle = sum(method.scale) / 2
    asymmetry = abs(middle - (low + high) / 2)
    adjusted = method.symmetric_range + method.asymmetry_factor * asymmetry
    disagreement = high - low > adjusted
    third = int(median >= method.thirds[0]) + int(median >= method.thirds[1])
    names: tuple[Appropriateness, ...] = ("inappropriate", "uncertain", "appropriate")
    extremes, agrees = _by_counts(values, third)
    return Judgement(
        "uncertain" if disagreement else names[third],
        disagreement,
        high - low,
        adjusted,
        asymmetry,
        extremes,
        agrees,
    )


def _by_counts(
    values: np.ndarray[tuple[int], np.dtype[np.int64]], third: int
) -> tuple[bool | None, bool | None]:
    """Return disagreement and agreement by the older definitions."""
    method = constants().rand_ucla
    size = next((p for p in method.panels if p.members[0] <= len(values) <= p.members[1]), None)
    if size is None:
        return None, None
    own = np.searchsorted(method.thirds, values)
    below, above = int((own == 0).sum()), int((own == len(method.thirds)).sum())
    outside = int((own != third).sum())
    return min(below, above) >= size.extreme, outside <= size.outside
