"""What a change of rules did to a table of cars, as plain frozen values, and how it is worked out of all cars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex import __version__
from carindex.alignment.attribution import MOST_SHAPLEY
from carindex.alignment.effects import (
    OUTCOME_HIGH,
    OUTCOME_LOW,
    SCORE_HIGH,
    SCORE_LOW,
    VERDICTS,
    Part,
    Verdict,
)
from carindex.messages import Finding, Language
from carindex.rating.changes import Change

Array = NDArray[np.float64]
Name = str | int | float | None
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_BINS = 40
_NOISE = 1e-12


class Shift(msgspec.Struct, frozen=True):
    """How scores move, of the cars whose score is known before and after.

    Attributes
    ----------
    cars, up, down
        How many there are, and of them with a higher and a lower score.
    mean, deviation, quantiles
        Of the score after minus the score before; ``quantiles`` are those of `QUANTILES`. NaN without cars.
    edges, counts
        Histogram of the same.
    before, after
        Mean score.
    """

    cars: int
    up: int
    down: int
    mean: float
    deviation: float
    quantiles: tuple[float, ...]
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    before: float
    after: float


class Cause(msgspec.Struct, frozen=True):
    """What one changed rule, or several that belong together, did.

    Attributes
    ----------
    changes
        The rules.
    touched
        Cars of which any bound moves because of it.
    gains, losses
        Cars that gain or lose and of whose change in outcome it has the greatest part; ``shared`` of them it has that
        part together with others.
    alone
        Cars with a known outcome whose outcome it changes by itself.
    needed
        Cars that gain or lose and would not without it.
    outcome, score
        Sum of its shares in the outcomes, and mean of its shares in the scores, of cars known before and after.
    """

    changes: tuple[Change, ...]
    touched: int
    gains: int
    losses: int
    shared: int
    alone: int
    needed: int
    outcome: float
    score: float


class CarChange(msgspec.Struct, frozen=True):
    """A car that changes: outcome and score (lower, upper) before and after, and the share of each cause in it."""

    car: str
    verdict: Verdict
    outcome_before: tuple[Name, Name]
    outcome_after: tuple[Name, Name]
    score_before: tuple[float, float]
    score_after: tuple[float, float]
    outcome_shares: tuple[tuple[float, float], ...]
    score_shares: tuple[tuple[float, float], ...]
    size: float = 0.0


class PartImpact(msgspec.Struct, frozen=True):
    """What becomes of one result that the programme publishes.

    Attributes
    ----------
    verdicts
        How many cars of each verdict.
    names
        Outcomes, the worst first; ``matrix`` counts cars by outcome before (rows) and after (columns), of cars whose
        outcome is known under both. Empty where the part has no outcome.
    before, after
        How many cars have which outcome: lower, upper, count; equal where it is known.
    shared
        Cars that gain or lose and of whose change several causes have the greatest part together.
    gainers, losers, opened
        Cars that change most, the greatest change first: certain ones, and open ones of which the possible changes.
    """

    part: Part
    verdicts: dict[Verdict, int]
    names: tuple[Name, ...]
    matrix: tuple[tuple[int, ...], ...]
    before: tuple[tuple[Name, Name, int], ...]
    after: tuple[tuple[Name, Name, int], ...]
    shift: Shift
    causes: tuple[Cause, ...]
    shared: int
    gainers: tuple[CarChange, ...]
    losers: tuple[CarChange, ...]
    opened: tuple[CarChange, ...]

    @property
    def moves(self) -> bool:
        """Whether any car has another bound of outcome or score."""
        return bool(
            self.before != self.after
            or self.shift.up
            or self.shift.down
            or any(c.touched for c in self.causes)
        )


class Impact(msgspec.Struct, frozen=True):
    """What a draft does to a table of cars.

    ``others`` of the cars belong to other editions and were left out. ``method``: how changes of cars were shared out
    among changed rules, ``shapley`` or ``sequential``.
    """

    before: str
    after: str
    hashes: tuple[str, str]
    draft: str
    table: str
    table_hash: str
    cars: int
    others: int
    method: str
    parts: tuple[PartImpact, ...]
    findings: tuple[Finding, ...]

    def as_json(self, language: Language = "en") -> dict[str, Any]:
        """Return the impact as plain values: the JSON of ``carindex align impact``."""
        return {
            "before": self.before,
            "after": self.after,
            "draft": self.draft,
            "cars": self.cars,
            "not_rated": self.others,
            "method": self.method,
            "parts": [_part_json(part, language) for part in self.parts],
            "findings": [finding.as_json(language) for finding in self.findings],
            "provenance": {
                "engine": f"carindex {__version__}",
                "protocol_hash": {"before": self.hashes[0], "after": self.hashes[1]},
                "inputs": {self.table: self.table_hash},
            },
        }


def method_for(causes: int) -> str:
    """Return how the changes of cars are shared out among so many causes."""
    return "shapley" if causes <= MOST_SHAPLEY else "sequential"


def shift_of(old: Array, new: Array) -> Shift:
    """Return how scores move; ``old`` and ``new`` are lower and upper scores, shape ``(2, cars)``."""
    known = (old[0] == old[1]) & (new[0] == new[1])
    before, after = old[0, known], new[0, known]
    change = after - before
    change[np.abs(change) <= _NOISE * np.maximum(1.0, np.abs(before))] = 0.0
    if not len(change):
        nothing = (float("nan"),) * len(QUANTILES)
        return Shift(0, 0, 0, np.nan, np.nan, nothing, (), (), np.nan, np.nan)
    edges, counts = np.zeros(0), np.array([len(change)])
    if np.ptp(change) > 0:
        counts, edges = np.histogram(change, _BINS)
    return Shift(
        len(change),
        int((change > 0).sum()),
        int((change < 0).sum()),
        float(change.mean()),
        float(change.std()),
        tuple(float(value) for value in np.quantile(change, QUANTILES)),
        tuple(float(edge) for edge in edges),
        tuple(int(count) for count in counts),
        float(before.mean()),
        float(after.mean()),
    )


def outcomes_of(part: Part, old: Array, new: Array) -> tuple[tuple[Name, ...], tuple[tuple[int, ...], ...]]:
    """Return the outcomes that there are, the worst first, and the matrix of cars known before and after."""
    if part.ladder is None:
        return (), ()
    seen = np.concatenate([bounds[~np.isnan(bounds)] for bounds in (*old[:2], *new[:2])])
    ranks = np.arange(len(part.ladder.grades), dtype=np.float64) if part.ladder.grades else np.unique(seen)
    known = (old[OUTCOME_LOW] == old[OUTCOME_HIGH]) & (new[OUTCOME_LOW] == new[OUTCOME_HIGH])
    matrix = np.zeros((len(ranks), len(ranks)), np.int64)
    rows, columns = (np.searchsorted(ranks, some[OUTCOME_LOW, known]) for some in (old, new))
    np.add.at(matrix, (rows, columns), 1)
    names = tuple(part.ladder.name(float(rank)) for rank in ranks)
    return names, tuple(tuple(int(count) for count in row) for row in matrix)


def distribution(part: Part, values: Array) -> tuple[tuple[Name, Name, int], ...]:
    """Return how many cars have which outcome, as lower and upper bound and count, the worst first."""
    if part.ladder is None:
        return ()
    bounds = values[:2, ~np.isnan(values[OUTCOME_LOW])]
    pairs, counts = np.unique(bounds, axis=1, return_counts=True)
    name = part.ladder.name
    return tuple(
        (name(float(low)), name(float(high)), int(count))
        for low, high, count in zip(pairs[0], pairs[1], counts, strict=True)
    )


def verdict_counts(code: NDArray[np.int8]) -> dict[Verdict, int]:
    """Return how many cars of each verdict there are."""
    counts = np.bincount(code, minlength=len(VERDICTS))
    return {name: int(count) for name, count in zip(VERDICTS, counts, strict=True)}


def car_change(part: Part, car: str, verdict: Verdict, old: Array, new: Array, due: Array) -> CarChange:
    """Return what becomes of one car; ``old`` and ``new`` are ``(4,)``, ``due`` is ``(causes, 4)``."""

    def named(values: Array) -> tuple[Name, Name]:
        if part.ladder is None:
            return None, None
        return part.ladder.name(values[OUTCOME_LOW]), part.ladder.name(values[OUTCOME_HIGH])

    pairs = [[(float(row[i]), float(row[i + 1])) for row in due] for i in (OUTCOME_LOW, SCORE_LOW)]
    return CarChange(
        car,
        verdict,
        named(old),
        named(new),
        (float(old[SCORE_LOW]), float(old[SCORE_HIGH])),
        (float(new[SCORE_LOW]), float(new[SCORE_HIGH])),
        tuple(pairs[0]),
        tuple(pairs[1]),
        float(size_of_change(old, new)),
    )


def size_of_change(old: Array, new: Array) -> Array:
    """Return how much a car changes, to put cars in order: outcomes first, then scores; ``(4, …)`` to ``(…)``."""
    change = np.nan_to_num(new - old)
    outcome = change[OUTCOME_LOW] + change[OUTCOME_HIGH]
    score = change[SCORE_LOW] + change[SCORE_HIGH]
    return np.asarray(outcome * 1e6 + score, np.float64)


# -- JSON ----------------------------------------------------------------------------------------------------


def _part_json(impact: PartImpact, language: Language) -> dict[str, Any]:
    part, shift = impact.part, impact.shift
    names = [cause_name(cause.changes) for cause in impact.causes]
    return {
        "path": part.path,
        "headline": part.headline,
        "label": part.label.get(language) or part.label["en"],
        "max": {"before": part.maximum[0], "after": part.maximum[1]},
        "verdicts": dict(impact.verdicts),
        "outcomes": list(impact.names),
        "matrix": [list(row) for row in impact.matrix],
        "before": [_held(held) for held in impact.before],
        "after": [_held(held) for held in impact.after],
        "score_shift": {
            "cars": shift.cars,
            "up": shift.up,
            "down": shift.down,
            "mean": _finite(shift.mean),
            "sd": _finite(shift.deviation),
            "quantiles": {f"{q:g}": _finite(v) for q, v in zip(QUANTILES, shift.quantiles, strict=True)},
            "mean_before": _finite(shift.before),
            "mean_after": _finite(shift.after),
            "histogram": {"edges": list(shift.edges), "counts": list(shift.counts)},
        },
        "causes": [_cause_json(cause) for cause in impact.causes],
        "shared": impact.shared,
        "gainers": [_car_json(car, names) for car in impact.gainers],
        "losers": [_car_json(car, names) for car in impact.losers],
        "open": [_car_json(car, names) for car in impact.opened],
    }


def cause_name(changes: Sequence[Change]) -> str:
    """Return the name of a cause as files say it."""
    return " + ".join(change.name for change in changes)


def _held(held: tuple[Name, Name, int]) -> dict[str, Any]:
    return {"lower": held[0], "upper": held[1], "cars": held[2]}


def _cause_json(cause: Cause) -> dict[str, Any]:
    def said(changes: Sequence[Change]) -> list[Mapping[str, Any]]:
        return [
            {"path": c.path, "part": c.part, "before": dict(c.before), "after": dict(c.after)}
            for c in changes
        ]

    return {
        "name": cause_name(cause.changes),
        "changes": said(cause.changes),
        "cars_touched": cause.touched,
        "gains": cause.gains,
        "losses": cause.losses,
        "shared": cause.shared,
        "alone": cause.alone,
        "needed": cause.needed,
        "outcome_sum": cause.outcome,
        "score_mean": _finite(cause.score),
    }


def _car_json(car: CarChange, causes: Sequence[str]) -> dict[str, Any]:
    return {
        "car": car.car,
        "verdict": car.verdict,
        "outcome_before": list(car.outcome_before),
        "outcome_after": list(car.outcome_after),
        "score_before": [_finite(value) for value in car.score_before],
        "score_after": [_finite(value) for value in car.score_after],
        "due_to": {
            name: {"outcome": [_finite(v) for v in outcome], "score": [_finite(v) for v in score]}
            for name, outcome, score in zip(causes, car.outcome_shares, car.score_shares, strict=True)
            if any(np.nan_to_num((*outcome, *score)))
        },
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
