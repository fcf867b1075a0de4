"""What becomes of cars when rules change: parts of a programme that have a result, and a verdict for each car."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.messages import InputError
from carindex.rating import Outcome, Plan

Array = NDArray[np.float64]
Verdict = Literal["gain", "loss", "same", "open_moved", "open_same", "not_rated"]
"""``gain``, ``loss``: whatever is missing, the result is better, or worse, than before; ``same``: known before and
after, and equal; ``open_moved``: facts are missing, and what is possible changes; ``open_same``: it does not."""

VERDICTS: tuple[Verdict, ...] = ("gain", "loss", "same", "open_moved", "open_same", "not_rated")
OUTCOME_LOW, OUTCOME_HIGH, SCORE_LOW, SCORE_HIGH = range(4)
"""Rows of the values of a car."""

_NOISE = 1e-12


class Ladder(msgspec.Struct, frozen=True):
    """The outcomes of a part under two protocols in one order, the worst first.

    ``grades`` is empty where outcomes are stars, which are numbers and need no names.
    """

    grades: tuple[str, ...]

    def ranks(self, outcome: Outcome, values: Array) -> Array:
        """Return outcomes as one of the two protocols numbers them as places on the ladder."""
        if not self.grades:
            return values
        own = list(reversed(outcome.grades))
        if tuple(own) == self.grades:
            return values
        place = np.array([float(self.grades.index(grade)) for grade in own])
        known = ~np.isnan(values)
        out = np.full(values.shape, np.nan)
        out[known] = place[values[known].astype(np.intp)]
        return out

    def name(self, rank: float) -> str | int | float | None:
        """Return stars as a number, a grade as its word, ``None`` for NaN."""
        if np.isnan(rank):
            return None
        if self.grades:
            return self.grades[round(rank)]
        return int(rank) if float(rank).is_integer() else float(rank)


class Part(msgspec.Struct, frozen=True):
    """A node with a result under both protocols; ``headline``: it is one that the programme publishes of the car.

    ``ladder`` is ``None`` where it has neither stars nor a grade: then its score is all there is. ``scored``: its
    score means something (it does not only number its grades).
    """

    path: str
    label: dict[str, str]
    counts: str
    maximum: tuple[float, float]
    ladder: Ladder | None
    scored: bool
    headline: bool = True


def parts_of(before: Plan, after: Plan) -> tuple[Part, ...]:
    """Return the nodes to which both protocols give stars or a grade, or else the whole car.

    Those that the programme publishes of the car come first.

    Raises
    ------
    InputError
        When there is none, or grades of a part cannot be put in one order.
    """
    paths = [path for path in before.headline if path in after.nodes and after.nodes[path].outcome]
    if not paths and not before.protocol.root.apart:
        paths = [""]
    if not paths:
        raise InputError(after.protocol.place, "alignment.no_common_outcome")
    others = [
        path
        for path, node in before.nodes.items()
        if path not in paths and node.outcome and path in after.nodes and after.nodes[path].outcome
    ]
    return tuple(_part(before, after, path, headline=path in paths) for path in (*paths, *others))


def _part(before: Plan, after: Plan, path: str, *, headline: bool) -> Part:
    old, new = before.nodes[path], after.nodes[path]
    ladder = None
    if old.outcome is not None and new.outcome is not None:
        ladder = _ladder(old.outcome.grades, new.outcome.grades, new.node.place)
    return Part(
        path,
        dict(old.node.label),
        old.node.counts,
        (old.node.maximum, new.node.maximum),
        ladder,
        not (old.node.grades or new.node.grades or old.node.apart),
        headline,
    )


def _ladder(before: Sequence[str], after: Sequence[str], place: str) -> Ladder:
    longer, shorter = (before, after) if len(before) >= len(after) else (after, before)
    if [grade for grade in longer if grade in shorter] != list(shorter):
        raise InputError(
            place, "alignment.grades_not_comparable", before=", ".join(before), after=", ".join(after)
        )
    return Ladder(tuple(reversed(longer)))


def values_of(plan: Plan, part: Part, outcome: tuple[Array, Array], score: tuple[Array, Array]) -> Array:
    """Return outcome and score of a part, lower and upper, shape ``(4, cars)``; NaN where it has none."""
    out = np.full((4, len(score[0])), np.nan)
    named = plan.nodes[part.path].outcome
    if part.ladder is not None and named is not None:
        out[OUTCOME_LOW] = part.ladder.ranks(named, outcome[0])
        out[OUTCOME_HIGH] = part.ladder.ranks(named, outcome[1])
    if part.scored:
        out[SCORE_LOW], out[SCORE_HIGH] = score
    return out


def moved(old: Array, new: Array) -> NDArray[np.bool_]:
    """Return which cars have any bound that is another one; shape ``(..., 4, cars)`` to ``(cars,)``."""
    with np.errstate(invalid="ignore"):
        size = np.maximum(1.0, np.maximum(np.abs(old), np.abs(new)))
        other = np.abs(new - old) > _NOISE * size
    other |= np.isnan(old) != np.isnan(new)
    return np.asarray(other.any(axis=tuple(range(old.ndim - 1))), bool)


def verdicts(part: Part, old: Array, new: Array, left_out: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Return the place in `VERDICTS` of what becomes of each car.

    The outcome decides; where a part has none, the score does.

    Parameters
    ----------
    old, new
        Values before and after, shape ``(4, cars)``.
    left_out
        Cars that are not rated.
    """
    low, high = (OUTCOME_LOW, OUTCOME_HIGH) if part.ladder is not None else (SCORE_LOW, SCORE_HIGH)
    gain, loss = new[low] > old[high], new[high] < old[low]
    if part.ladder is None:  # a difference in the last binary place is none
        real = moved(old[None, low:], new[None, low:])
        gain, loss = gain & real, loss & real
    certain = (old[low] == old[high]) & (new[low] == new[high])
    same = (old[low] == new[low]) & (old[high] == new[high])
    code = np.full(old.shape[1], VERDICTS.index("open_moved"), np.int8)
    code[same] = VERDICTS.index("open_same")
    code[certain & ~gain & ~loss] = VERDICTS.index("same")
    code[gain] = VERDICTS.index("gain")
    code[loss] = VERDICTS.index("loss")
    code[left_out] = VERDICTS.index("not_rated")
    return code


def names_of(part: Part, ranks: Iterable[float]) -> tuple[str | int | float | None, ...]:
    """Return the names of places on the ladder of a part, empty where it has none."""
    return () if part.ladder is None else tuple(part.ladder.name(rank) for rank in ranks)
