"""Kernel of results that are known only from published ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from carindex.rating.kernels.kernel import Array, Interval, Kernel, Parameters


@dataclass(frozen=True, eq=False)
class PublishedCases:
    """Published cases: the scores of their ``k`` parts, ``(m, k)``, NaN for a part that did not apply; their results.

    ``least`` and ``most`` are the bounds of each result, ``(m,)``; ``between`` those of any result.
    """

    scores: Array
    least: Array
    most: Array
    between: tuple[float, float]


def precedents(parameters: Parameters, low: Array, high: Array) -> Interval:
    """Bounds of a result that never gets worse as a part gets better, between those of published cases.

    Inputs are ``k`` scores followed by ``k`` flags (1 where the part applies). Only cases with the same parts are
    compared: one that is nowhere better gives the lower bound, one that is nowhere worse the upper. NaN for cars of
    which all is known though the result stays open.
    """
    cases: PublishedCases = parameters["table"]
    k = cases.scores.shape[1]
    has = ~np.isnan(cases.scores)[:, :, None]
    scores = np.nan_to_num(cases.scores)[:, :, None]
    surely, perhaps = low[0, k:] > 0.5, high[0, k:] > 0.5
    same_parts = np.where(has, surely, ~perhaps).all(axis=1)
    reached = same_parts & (~has | (low[0, :k] >= scores)).all(axis=1)
    not_exceeded = same_parts & (~has | (high[0, :k] <= scores)).all(axis=1)
    worst, best = cases.between
    least = np.where(reached, cases.least[:, None], worst).max(axis=0, initial=worst)
    most = np.where(not_exceeded, cases.most[:, None], best).min(axis=0, initial=best)
    if high is low:
        out = np.where(least == most, least, np.nan)[None]
        return out, out
    return least[None], most[None]


PRECEDENTS: Mapping[str, Kernel] = {"precedents": precedents}
