"""Rate a table of cars: read a piece, rate it, write it; memory stays what it was asked to stay."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from carindex.campaign.columns import FactColumns
from carindex.campaign.facts import (
    Problems,
    cars_of_others,
    editions_rated,
    fact_columns,
    facts_of_piece,
    words_of,
)
from carindex.campaign.tables import TableSource, is_parquet, open_table, table_writer
from carindex.campaign.unknown import Unknown
from carindex.messages import Finding, InputError, Language, statements
from carindex.rating import Evaluation, Plan
from carindex.rating.reduced import CARS_AT_ONCE, ReducedPlan

_LEAST_MEMORY = 256 << 20
# What the program takes by itself, and what a car takes for each fact while its piece is read, rated and written;
# both measured, see docs/performance.md. Pieces of more cars than this are no faster, of fewer much slower.
_PROGRAM = 200 << 20
_PER_CELL, _PER_TEXT = 80, 160
_MOST_AT_ONCE, _FEWEST_AT_ONCE = 1 << 16, 512
_UPPER_LEVELS = 2
_SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


@dataclass(frozen=True)
class BatchResult:
    """How many cars were read, how many have a final outcome, and what was found in the table as a whole.

    ``others`` of the cars belong to other editions of the programme and were not rated.
    """

    cars: int
    final: int
    others: int
    findings: tuple[Finding, ...]


def memory_size(text: str) -> int:
    """Return the bytes that ``512M`` or ``2G`` means.

    Raises
    ------
    InputError
        When it is not a size, or less than 256 MB.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg]?)i?b?\s*", text.lower())
    size = int(float(match.group(1)) * _SIZES[match.group(2)]) if match else 0
    if size < _LEAST_MEMORY:
        raise InputError("--memory", "campaign.memory_not_understood", text=text)
    return size


def rate_table(
    plan: Plan,
    source: Path,
    target: Path,
    *,
    memory: int = 1 << 30,
    language: Language = "en",
    progress: Callable[[float, int], None] | None = None,
) -> BatchResult:
    """Rate every car of a wide table and write a wide table of outcomes.

    Parameters
    ----------
    plan
        Compiled protocol.
    source, target
        Tables, CSV or Parquet by their endings: one row a car, a column ``car``, a column a fact, and
        ``published:`` columns that are passed through. A column ``protocol`` names the protocol that a car belongs
        to; cars of another one than this (or than one that a draft extends) stay in the output, not rated.
    memory
        Bytes that the work may take, roughly.
    language
        Language of the findings column.
    progress
        Called after each piece with the share of the table and the number of cars done.

    Raises
    ------
    InputError
        When the table as a whole cannot be used. Cars that cannot be rated stay in the output, with
        the reason.
    """
    rows = (memory - _PROGRAM) // ((_PER_CELL if is_parquet(source) else _PER_TEXT) * len(plan.facts))
    table = open_table(source, min(_MOST_AT_ONCE, max(_FEWEST_AT_ONCE, rows)), words=words_of(plan))
    columns, findings = fact_columns(table, plan)
    layout = _Layout(plan, table, language)
    cars = final = 0
    schema: pa.Schema | None = None
    with _Target(target) as write:
        for piece in table.pieces:
            if piece.num_rows == 0:
                continue
            batch, done = layout.rated(piece, columns)
            schema = batch.schema
            write(batch)
            cars += batch.num_rows
            final += done
            if progress is not None:
                progress(table.share_done(cars), cars)
        if table.refused:
            batch = layout.refused(schema)
            write(batch)
            cars += batch.num_rows
        if cars == 0:
            raise InputError(source, "dossier.no_cars")
    refused = tuple(finding for _, finding in table.refused)
    return BatchResult(cars, final, layout.others, (*findings, *refused))


class _Target:
    """Opens the output when the first piece, and with it the schema, is there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._context: object = None
        self._write: Callable[[pa.RecordBatch], None] | None = None

    def __enter__(self) -> Callable[[pa.RecordBatch], None]:
        return self.write

    def write(self, batch: pa.RecordBatch) -> None:
        if self._write is None:
            context = table_writer(self.path, batch.schema)
            self._context = context
            self._write = context.__enter__()
        self._write(batch)

    def __exit__(self, *exception: object) -> None:
        if self._context is not None:
            self._context.__exit__(*exception)  # type: ignore[attr-defined]


class _Layout:
    """The columns of the output and how a piece of input becomes a piece of output."""

    def __init__(self, plan: Plan, table: TableSource, language: Language) -> None:
        self.plan = plan
        self.table = table
        self.language = language
        self.published = [column for column in table.columns if column.startswith("published:")]
        self.own = editions_rated(plan)
        self.others = 0
        self.unknown = Unknown(plan, language)
        self.percent = [
            path for path in plan.nodes if f"{path}#percent" in plan.named and plan.nodes[path].outcome
        ]
        self.reduced = ReducedPlan(plan, [f"{path}#percent" for path in self.percent])
        self.rated_paths = [path for path, node in plan.nodes.items() if node.outcome is not None and path]
        self.scored_paths = [
            path
            for path, node in plan.nodes.items()
            if not path or path.count("/") < _UPPER_LEVELS or node.outcome is not None
            # what numbers a grade, and what counts in nothing, is no score
            if not path or not (node.node.grades or plan.below_open(path))
        ]
        self._facts = np.empty((len(plan.facts), 0))
        self.word = self._word("")
        # where the programme gives the whole car no outcome, those that it gives stand with their bounds as well
        self.bounded = [path for path in plan.headline if path]

    def rated(self, piece: pa.RecordBatch, columns: FactColumns) -> tuple[pa.RecordBatch, int]:
        """Rate one piece; returns the output and how many of its cars have a final outcome."""
        rows = piece.num_rows
        problems: Problems = {}
        facts = facts_of_piece(piece, columns, problems, self._room(rows))
        missing = np.isnan(facts)
        other = cars_of_others(piece, self.own, self.plan, self.table, problems)
        self.others += int(other.sum())
        results = self._evaluated(facts, missing)
        for values in results.values():
            values[other] = np.nan
        out: dict[str, pa.Array] = {"car": piece.column("car").cast(pa.string())}
        low, high = results["stars_lower", ""], results["stars_upper", ""]
        settled = self._settled(results, rows)
        out[self.word] = self._outcome("", low, low == high)
        out[f"{self.word}_lower"] = self._outcome("", low)
        out[f"{self.word}_upper"] = self._outcome("", high)
        apart = self.plan.protocol.root.apart  # then the sum of the parts is no result
        for path in (
            path for path in self.scored_paths if path or not (apart or self.plan.nodes[""].node.grades)
        ):
            score = results["score_lower", path]
            name = "demerits" if self.plan.nodes[path].node.counts == "demerits" else "score"
            out[f"{name}:{path}"] = pa.array(score, mask=score != results["score_upper", path])
        for path in self.percent:
            low = results["percent_lower", path]
            out[f"percent:{path}"] = pa.array(low, mask=low != results["percent_upper", path])
        for path in self.rated_paths:
            low = results["stars_lower", path]
            high = results["stars_upper", path]
            word = self._word(path)
            out[f"{word}:{path}"] = self._outcome(path, low, low == high)
            if path in self.bounded:
                out[f"{word}_lower:{path}"] = self._outcome(path, low)
                out[f"{word}_upper:{path}"] = self._outcome(path, high)
        for column in self.published:
            out[column] = piece.column(column)
        out["findings"] = self._findings(missing, problems, other)
        return pa.RecordBatch.from_pydict(out), int(settled.sum())

    def _room(self, rows: int) -> NDArray[np.float64]:
        """Return an array for the facts of a piece; the memory of the piece before is used again."""
        if self._facts.shape[1] < rows:
            self._facts = np.empty((len(self.plan.facts), rows))
        return self._facts[:, :rows]

    def _settled(self, results: dict[tuple[str, str], NDArray[np.float64]], rows: int) -> NDArray[np.bool_]:
        """Return for each car whether all that the programme publishes of it is settled."""
        settled = np.ones(rows, bool)
        for path in self.plan.headline:
            settled &= results["stars_lower", path] == results["stars_upper", path]
        if not self.plan.headline:
            settled &= results["score_lower", ""] == results["score_upper", ""]
        return settled

    def _word(self, path: str) -> str:
        outcome = self.plan.nodes[path].outcome
        return "grade" if outcome is not None and outcome.grades else "stars"

    def _evaluated(
        self, facts: NDArray[np.float64], missing: NDArray[np.bool_]
    ) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Rate all cars of a piece."""
        rows = facts.shape[1]
        keys = [(side, path) for path in self.scored_paths for side in ("score_lower", "score_upper")]
        keys += [(side, path) for path in ("", *self.rated_paths) for side in ("stars_lower", "stars_upper")]
        keys += [(side, path) for path in self.percent for side in ("percent_lower", "percent_upper")]
        lacking = np.asarray(missing.any(axis=0), bool)
        results = {key: np.empty(rows) for key in keys}
        for start in range(0, rows, CARS_AT_ONCE):
            part = slice(start, min(rows, start + CARS_AT_ONCE))
            self._take(self.reduced.evaluate(facts[:, part], lacking[part]), part, results)
        return results

    def _take(
        self, evaluation: Evaluation, part: slice, results: dict[tuple[str, str], NDArray[np.float64]]
    ) -> None:
        for path in self.scored_paths:
            demerits = self.plan.nodes[path].node.counts == "demerits"
            low, high = evaluation.value(path) if demerits else evaluation.score(path)
            results["score_lower", path][part] = low
            results["score_upper", path][part] = high
        for path in self.percent:
            low, high = evaluation.named(f"{path}#percent")
            results["percent_lower", path][part] = low
            results["percent_upper", path][part] = high
        for path in ("", *self.rated_paths):
            low, high = evaluation.outcome(path)
            results["stars_lower", path][part] = low
            results["stars_upper", path][part] = high

    def _outcome(
        self, path: str, values: NDArray[np.float64], settled: NDArray[np.bool_] | None = None
    ) -> pa.Array:
        """Return outcomes as whole numbers, numbers or words; null where they are not settled."""
        outcome = self.plan.nodes[path].outcome
        hidden = np.isnan(values) if settled is None else ~settled | np.isnan(values)
        if outcome is not None and outcome.grades:
            values = np.nan_to_num(values)
            words = np.array(list(reversed(outcome.grades)), object)
            return pa.array(words[np.where(hidden, 0, values).astype(np.intp)], pa.string(), mask=hidden)
        whole = outcome is None or all(float(value).is_integer() for value in outcome.values)
        if whole:
            return pa.array(np.where(hidden, 0, values).astype(np.int8), mask=hidden)
        return pa.array(values, mask=hidden)

    def _findings(
        self,
        missing: NDArray[np.bool_],
        problems: dict[int, list[Finding]],
        other: NDArray[np.bool_],
    ) -> pa.Array:
        """Return the reason why a car is not fully rated: refused cells, and which facts are not known."""
        texts, which = self.unknown.texts(missing)
        if not problems:
            return pa.DictionaryArray.from_arrays(
                pa.array(which.astype(np.int32)), pa.array(texts, pa.string())
            ).cast(pa.string())
        lines = [texts[number] for number in which]
        for row, found in problems.items():
            said = statements((finding.line(self.language) for finding in found), self.language)
            more = [lines[row]] if lines[row] and not other[row] else []
            lines[row] = statements((said, *more), self.language)
        return pa.array(lines, pa.string())

    def refused(self, schema: pa.Schema | None) -> pa.RecordBatch:
        """Return the rows that could not be read at all, with the reason."""
        cars = [car for car, _ in self.table.refused]
        reasons = [finding.line(self.language) for _, finding in self.table.refused]
        if schema is None:
            names = ["car", *self.published]
            piece = pa.RecordBatch.from_pydict({name: pa.array([], pa.string()) for name in names})
            schema = self.rated(piece, FactColumns({}, self.plan.quantities, ""))[0].schema
        columns = {
            field.name: pa.array(cars, field.type)
            if field.name == "car"
            else pa.array(reasons, field.type)
            if field.name == "findings"
            else pa.nulls(len(cars), field.type)
            for field in schema
        }
        return pa.RecordBatch.from_pydict(columns, schema)
