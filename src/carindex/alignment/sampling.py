"""Values of scattering facts from independent standard normal numbers.

Each fact has a number of its own; each group of facts that scatter together has one more, which all of its facts share:
with correlation r the number of a fact is √r · shared + √(1 − r) · own. The shared number is severity: for facts of
which more is better it counts with the other sign. The number becomes a value through the quantile function of the
fact's distribution (a Gaussian copula), cut off at what is physically possible.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.alignment.uncertainty import Scatter, Uncertainty
from carindex.rating import Plan

Array = NDArray[np.float64]


class Sampler(msgspec.Struct, frozen=True, eq=False):
    """How numbers become values; made by `sampler_of`.

    Attributes
    ----------
    facts
        Facts that scatter, by their numbers in the plan; values come in this order.
    shared
        Number of the shared number of each fact, −1 without one.
    own, common
        What its own and the shared number count.
    least, most
        Physical range of each fact.
    """

    facts: NDArray[np.intp]
    scatters: tuple[Scatter, ...]
    words: tuple[Array, ...]
    shared: NDArray[np.intp]
    own: Array
    common: Array
    least: Array
    most: Array
    groups: int

    @property
    def numbers(self) -> int:
        """How many independent numbers a sample takes: one a fact, then one a group."""
        return len(self.facts) + self.groups

    def values(self, numbers: Array) -> tuple[Array, int]:
        """Return values of the facts, shape ``(facts, samples)``, and how many were cut off.

        Parameters
        ----------
        numbers
            Standard normal numbers, shape ``(numbers, samples)``.
        """
        count = len(self.facts)
        z = self.own[:, None] * numbers[:count]
        grouped = self.shared >= 0
        if grouped.any():
            z[grouped] += self.common[grouped, None] * numbers[count + self.shared[grouped]]
        out = np.empty_like(z)
        for i, scatter in enumerate(self.scatters):
            out[i] = quantile(scatter, z[i])
        for i, cumulated in enumerate(self.words, len(self.scatters)):
            out[i] = np.searchsorted(cumulated, _ndtr(z[i]), side="right").clip(0, len(cumulated) - 1)
        cut = (out < self.least[:, None]) | (out > self.most[:, None])
        np.clip(out, self.least[:, None], self.most[:, None], out=out)
        return out, int(cut.sum())

    def inputs_of(self, fact: int) -> tuple[int, ...]:
        """Return the numbers that a fact depends on, by its place."""
        return (fact,) if self.shared[fact] < 0 else (fact, len(self.facts) + int(self.shared[fact]))


def sampler_of(uncertainty: Uncertainty, plan: Plan) -> Sampler:
    """Return how the facts of a car are sampled."""
    facts = np.array(uncertainty.facts, np.intp)
    place = {int(fact): i for i, fact in enumerate(facts)}
    shared = np.full(len(facts), -1, np.intp)
    own, common = np.ones(len(facts)), np.zeros(len(facts))
    for number, group in enumerate(uncertainty.groups):
        for fact in group.facts:
            i = place[fact]
            shared[i] = number
            better = plan.quantities[fact].better
            common[i] = np.sqrt(group.correlation) * (-1.0 if better == "higher" else 1.0)
            own[i] = np.sqrt(1.0 - group.correlation)
    least, most = plan.least[facts], plan.most[facts]
    for i, fact in enumerate(facts):
        low, high = plan.quantities[fact].range
        if not plan.quantities[fact].categories:
            least[i], most[i] = max(least[i], low), min(most[i], high)
    return Sampler(
        facts,
        uncertainty.scatters,
        tuple(np.cumsum(word.probabilities) for word in uncertainty.words),
        shared,
        own,
        common,
        least,
        most,
        len(uncertainty.groups),
    )


def quantile(scatter: Scatter, z: Array) -> Array:
    """Return the values of a distribution at the quantiles Φ(z).

    ``normal`` and ``uniform`` lie around the measured value with the standard deviation; ``lognormal`` has it as its
    mean and the same sign.
    """
    value, deviation = scatter.value, scatter.deviation
    if scatter.distribution == "normal":
        return value + deviation * z
    if scatter.distribution == "uniform":
        return np.asarray(value + np.sqrt(3.0) * deviation * (2.0 * _ndtr(z) - 1.0), np.float64)
    if value == 0.0:
        return np.full(z.shape, 0.0)
    # ln x is normal with variance s² = ln(1 + (sd / mean)²) around ln(mean) − s² / 2
    variance = np.log1p((deviation / value) ** 2)
    return np.asarray(value * np.exp(np.sqrt(variance) * z - variance / 2.0), np.float64)


def beyond(scatter: Scatter, value: float) -> float:
    """Return the probability that a fact lies beyond a value, on the side away from the measured one; with it."""
    from scipy.special import ndtr

    distance = value - scatter.value
    if scatter.distribution == "normal":
        return float(ndtr(-abs(distance) / scatter.deviation))
    if scatter.distribution == "uniform":
        return float(max(0.0, 0.5 - abs(distance) / (2.0 * np.sqrt(3.0) * scatter.deviation)))
    variance = np.log1p((scatter.deviation / scatter.value) ** 2)
    share = value / scatter.value
    if share <= 0:
        return 0.0
    z = (np.log(share) + variance / 2.0) / np.sqrt(variance)
    return float(ndtr(-z if share > 1 else z))


def _ndtr(z: Array) -> Array:
    from scipy.special import ndtr

    return np.asarray(ndtr(z), np.float64)
