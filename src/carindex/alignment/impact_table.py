"""The table of cars before and after a change of rules, piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from carindex.alignment.draft import Draft
from carindex.alignment.effects import (
    OUTCOME_HIGH,
    OUTCOME_LOW,
    SCORE_HIGH,
    SCORE_LOW,
    VERDICTS,
    Part,
)
from carindex.campaign.facts import Problems
from carindex.messages import Language

Array = NDArray[np.float64]
_EQUAL = 1e-9


class Rated(Protocol):
    """Cars of a piece in one part; see `carindex.alignment.impact.RatedPart`."""

    @property
    def old(self) -> Array:
        """Values before, ``(4, cars)``."""

    @property
    def new(self) -> Array:
        """Values after."""

    @property
    def code(self) -> NDArray[np.int8]:
        """Verdicts."""

    @property
    def moved(self) -> NDArray[np.bool_]:
        """Which cars moved."""

    @property
    def due(self) -> Array:
        """What the change of each of these is due to, ``(causes, 4, moved cars)``."""


def impact_rows(
    piece: pa.RecordBatch,
    parts: Sequence[Part],
    rated: Sequence[Rated],
    draft: Draft,
    problems: Problems,
    language: Language,
) -> pa.RecordBatch:
    """Return the rows of a piece: for each part outcomes, scores, verdict and the changes that did most of it.

    Names of columns end in ``:PATH`` but for the whole car. ``by``: the changed rules with the greatest share in the
    change of the outcome, or of the score where the outcome stays.
    """
    rows = piece.num_rows
    out: dict[str, pa.Array] = {"car": piece.column("car").cast(pa.string())}
    for part, values in zip(parts, rated, strict=True):
        end = f":{part.path}" if part.path else ""
        shown = values.code != VERDICTS.index("not_rated")
        if part.ladder is not None:
            word = "grade" if part.ladder.grades else "stars"
            for name, bounds in (("before", values.old), ("after", values.new)):
                for side, row in (("lower", OUTCOME_LOW), ("upper", OUTCOME_HIGH)):
                    out[f"{word}_{name}_{side}{end}"] = _outcomes(part, bounds[row], shown)
        if part.scored:
            for name, bounds in (("before", values.old), ("after", values.new)):
                for side, row in (("lower", SCORE_LOW), ("upper", SCORE_HIGH)):
                    score = bounds[row]
                    out[f"score_{name}_{side}{end}"] = pa.array(score, mask=~shown | np.isnan(score))
        words = np.array(VERDICTS, object)
        out[f"change{end}"] = pa.array(words[values.code], pa.string())
        out[f"by{end}"] = _by(values, draft, rows)
    for column in piece.schema.names:
        if column.startswith("published:"):
            out[column] = piece.column(column)
    said = ["; ".join(finding.line(language) for finding in problems.get(row, ())) for row in range(rows)]
    out["findings"] = pa.array(said, pa.string())
    return pa.RecordBatch.from_pydict(out)


def _outcomes(part: Part, ranks: Array, shown: NDArray[np.bool_]) -> pa.Array:
    hidden = ~shown | np.isnan(ranks)
    assert part.ladder is not None
    if part.ladder.grades:
        words = np.array(part.ladder.grades, object)
        return pa.array(words[np.where(hidden, 0, ranks).astype(np.intp)], pa.string(), mask=hidden)
    return pa.array(ranks, mask=hidden)


def _by(values: Rated, draft: Draft, rows: int) -> pa.Array:
    """Return for each car that moved the names of the causes with the greatest share."""
    texts: list[str] = [""] * rows
    names = [factor.name for factor in draft.factors]
    due = np.nan_to_num(values.due)
    outcome = due[:, OUTCOME_LOW] + due[:, OUTCOME_HIGH]
    score = due[:, SCORE_LOW] + due[:, SCORE_HIGH]
    at = np.flatnonzero(values.moved)
    if len(names) and len(at):
        by_outcome = (np.abs(outcome) > _EQUAL).any(axis=0)
        push = np.where(by_outcome, outcome, score)
        push = push * np.sign(push.sum(axis=0) + 0.0)
        first = (push >= push.max(axis=0) - _EQUAL) & (push > _EQUAL)
        said: dict[bytes, str] = {}
        for n, row in enumerate(at):
            key = first[:, n].tobytes()
            if key not in said:
                said[key] = "; ".join(name for name, mine in zip(names, first[:, n], strict=True) if mine)
            texts[row] = said[key]
    return pa.array(texts, pa.string())
