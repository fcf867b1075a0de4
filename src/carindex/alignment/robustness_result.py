"""All that is known of how sure a rating is, and its JSON."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from carindex import __version__
from carindex.alignment.cliffs import REACH, STEPS, Cliff, cliffs
from carindex.alignment.proportions import LEVEL
from carindex.alignment.robustness import (
    QUANTILES,
    Probability,
    Progress,
    Sampled,
    Spread,
    Subject,
    notes,
    sampled,
)
from carindex.alignment.sensitivity import Indices, Sensitivity, sensitivity
from carindex.messages import Finding, Language


class Robustness(msgspec.Struct, frozen=True, eq=False):
    """How sure a rating is: probabilities, which facts carry the risk, distance to the cliffs, and what to know."""

    subject: Subject
    sampled: Sampled
    sensitivity: Sensitivity
    cliffs: tuple[Cliff, ...]
    findings: tuple[Finding, ...]

    def as_json(self, language: Language = "en") -> dict[str, Any]:
        """Return everything as plain values: the JSON of ``carindex align robustness``."""
        subject, rating = self.subject, self.subject.rating
        return {
            "car": rating.car,
            "protocol": rating.protocol.id,
            "samples": self.sampled.samples,
            "seed": self.sampled.seed,
            "confidence_level": LEVEL,
            "outcomes": [
                {
                    "path": node.path,
                    "label": node.label.get(language) or node.label["en"],
                    "headline": node.headline,
                    "measured": {"lower": node.measured[0], "upper": node.measured[1]},
                    "probabilities": [
                        {
                            "outcome": outcome.name,
                            "exactly": _probability(outcome.exactly),
                            "at_least": _probability(outcome.at_least),
                        }
                        for outcome in node.outcomes
                    ],
                }
                for node in self.sampled.outcomes
            ],
            "scores": [
                {
                    "path": score.path,
                    "label": score.label.get(language) or score.label["en"],
                    "max": score.maximum,
                    "measured": {"lower": score.measured[0], "upper": score.measured[1]},
                    "edges": list(score.edges),
                    "lower": _spread(score.lower),
                    "upper": _spread(score.upper or score.lower),
                }
                for score in self.sampled.scores
            ],
            "sensitivity": self._sensitivity_json(),
            "cliffs": {
                "reach_sd": REACH,
                "step_sd": 1 / STEPS,
                "list": [_cliff_json(cliff) for cliff in self.cliffs],
            },
            "uncertainty": self._uncertainty_json(),
            "clipped": self.sampled.clipped,
            "missing": list(rating.missing),
            "findings": [finding.as_json(language) for finding in self.findings],
            "provenance": {
                "engine": f"carindex {__version__}",
                "protocol_hash": rating.protocol.hash,
                "inputs": dict(rating.inputs),
            },
            "operations": {"whole": _operations(subject), "left": self.sampled.operations},
        }

    def _sensitivity_json(self) -> dict[str, Any]:
        found = self.sensitivity
        return {
            "grouping": found.grouping,
            "screened": list(found.screened),
            "base_samples": found.base,
            "evaluations": found.evaluations,
            "results": [_indices_json(one) for one in found.results],
        }

    def _uncertainty_json(self) -> dict[str, Any]:
        subject = self.subject
        names, uncertainty = subject.plan.facts, subject.uncertainty
        return {
            "facts": [
                {
                    "name": names[scatter.fact],
                    "value": scatter.value,
                    "sd": scatter.deviation,
                    "distribution": scatter.distribution,
                    "assumed": scatter.spread.assumed,
                    "source": scatter.spread.source,
                }
                for scatter in uncertainty.scatters
            ],
            "words": [
                {
                    "name": names[word.fact],
                    "probabilities": dict(
                        zip(subject.plan.quantities[word.fact].categories, word.probabilities, strict=True)
                    ),
                    "source": word.source,
                }
                for word in uncertainty.words
            ],
            "groups": [
                {
                    "name": group.name,
                    "correlation": group.correlation,
                    "facts": [names[fact] for fact in group.facts],
                }
                for group in uncertainty.groups
            ],
            "still": uncertainty.still,
        }


def robustness(subject: Subject, samples: int, seed: int, progress: Progress | None = None) -> Robustness:
    """Work out how sure a rating is.

    Parameters
    ----------
    subject
        The rated car and the scatter of its facts, from `carindex.alignment.robustness.subject_of`.
    samples, seed
        How many samples, and the seed of all random numbers. The same seed gives the same result.
    progress
        Called with the share of the whole work done and a number of samples.
    """

    def step(start: float, end: float) -> Progress | None:
        if progress is None:
            return None
        return lambda share, count: progress(start + (end - start) * share, count)

    drawn = sampled(subject, samples, seed, step(0.0, 0.4))
    carried = sensitivity(subject, samples, seed, step(0.4, 0.7))
    near = cliffs(subject, step(0.7, 1.0))
    found = notes(subject, drawn.clipped, samples * len(subject.sampler.facts))
    return Robustness(subject, drawn, carried, near, (*subject.rating.findings, *found))


def _operations(subject: Subject) -> int:
    return sum(len(group.inputs) for group in subject.plan.groups)


def _probability(probability: Probability) -> dict[str, Any]:
    return {
        "lower": probability.lower,
        "upper": probability.upper,
        "confidence": list(probability.confidence),
    }


def _spread(spread: Spread) -> dict[str, Any]:
    return {
        "mean": spread.mean,
        "sd": spread.deviation,
        "quantiles": {f"{q:g}": value for q, value in zip(QUANTILES, spread.quantiles, strict=True)},
        "counts": list(spread.counts),
    }


def _indices_json(one: Indices) -> dict[str, Any]:
    return {
        "path": one.path,
        "result": one.target,
        "sd": one.deviation,
        "factors": [
            {
                "name": index.factor.name or index.factor.kind,
                "kind": index.factor.kind,
                "facts": list(index.factor.facts),
                "first": _finite(index.first),
                "first_confidence": _finite(index.first_confidence),
                "total": _finite(index.total),
                "total_confidence": _finite(index.total_confidence),
            }
            for index in one.indices
        ],
    }


def _cliff_json(cliff: Cliff) -> dict[str, Any]:
    return {
        "fact": cliff.fact,
        "value": cliff.value,
        "edge": cliff.edge,
        "distance": cliff.distance,
        "sd": cliff.deviations,
        "probability": cliff.probability,
        "matters": cliff.matters,
        "jumps": [
            {
                "kind": edge.kind,
                "path": edge.path,
                "number": edge.part,
                **({} if edge.before is None or edge.after is None else _both(edge.before, edge.after)),
            }
            for edge in cliff.edges
        ],
        "published": [
            {"path": jump.path, **_both(jump.before, jump.after), "score": jump.score}
            for jump in cliff.headline
        ],
    }


def _both(before: tuple[Any, Any], after: tuple[Any, Any]) -> dict[str, Any]:
    return {"before": list(before), "after": list(after)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
