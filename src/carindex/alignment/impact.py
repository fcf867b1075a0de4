"""What a change of rules does to a table of cars: every car under the rules in force and under the draft.

Cars are read, rated and written piece by piece; what is kept of each is its outcomes and scores. A car of which facts
are missing has bounds under both rules; it gains or loses only where the bounds leave no doubt.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from carindex.alignment.attribution import coalitions, shares
from carindex.alignment.draft import Draft
from carindex.alignment.effects import (
    OUTCOME_HIGH,
    OUTCOME_LOW,
    SCORE_HIGH,
    SCORE_LOW,
    VERDICTS,
    Part,
    Verdict,
    moved,
    parts_of,
    values_of,
    verdicts,
)
from carindex.alignment.impact_result import (
    CarChange,
    Cause,
    Impact,
    PartImpact,
    car_change,
    distribution,
    method_for,
    outcomes_of,
    shift_of,
    size_of_change,
    verdict_counts,
)
from carindex.alignment.impact_table import impact_rows
from carindex.campaign.columns import FactColumns
from carindex.campaign.facts import (
    Problems,
    cars_of_others,
    editions_rated,
    fact_columns,
    facts_of_piece,
    words_of,
)
from carindex.campaign.tables import TableSource, open_table, table_writer
from carindex.dossier import sha256, split_unit, stated_in_per_cent
from carindex.messages import Finding, InputError, Language
from carindex.rating import Plan
from carindex.rating.reduced import ReducedPlan

Array = NDArray[np.float64]
_CARS_AT_ONCE = 4096
_MOST_CARS = 50
_MOST_FINDINGS = 20
_EQUAL = 1e-9


def impact(
    draft: Draft,
    cars: Path,
    *,
    output: Path | None = None,
    language: Language = "en",
    progress: Callable[[float, int], None] | None = None,
) -> Impact:
    """Rate every car of a table under the rules in force and under a draft of them.

    Parameters
    ----------
    draft
        Rules in force and draft.
    cars
        Table of facts, CSV or Parquet, as for ``carindex batch``. Cars that its column ``protocol`` gives to another
        edition are left out.
    output
        Table to write, one row a car: outcomes and scores before and after, what became of it, by which change.
    language
        Language of the findings column.
    progress
        Called after each piece with the share of the table and the number of cars done.

    Raises
    ------
    InputError
        When the table has no fact that the rules in force ask for, or cannot be read, or the two protocols publish
        no result in common.
    """
    table = open_table(cars, _CARS_AT_ONCE, words=words_of(draft.before))
    work = _Work(draft, table)
    with ExitStack() as stack:
        write = None
        for piece in table.pieces:
            if piece.num_rows == 0:
                continue
            rated = work.piece(piece)
            if output is not None:
                batch = impact_rows(rated.piece, work.parts, rated.parts, draft, rated.problems, language)
                write = write or stack.enter_context(table_writer(output, batch.schema))
                write(batch)
            if progress is not None:
                progress(table.share_done(work.cars), work.cars)
    if work.cars == 0:
        raise InputError(cars, "dossier.no_cars")
    return work.result()


@dataclass(frozen=True)
class RatedPart:
    """Cars of a piece in one part: values before and after, verdicts, which moved, and what their change is due to.

    ``due`` is ``(causes, 4, moved cars)``.
    """

    old: Array
    new: Array
    code: NDArray[np.int8]
    moved: NDArray[np.bool_]
    due: Array


@dataclass(frozen=True)
class RatedPiece:
    """A piece of the table, rated."""

    piece: pa.RecordBatch
    parts: tuple[RatedPart, ...]
    problems: Problems


@dataclass
class _Sums:
    """What is gathered of one cause in one part."""

    touched: int = 0
    gains: int = 0
    losses: int = 0
    shared: int = 0
    alone: int = 0
    needed: int = 0
    outcome: float = 0.0
    score: float = 0.0


@dataclass
class _Gathered:
    """What is gathered of one part."""

    old: list[Array] = field(default_factory=list)
    new: list[Array] = field(default_factory=list)
    code: list[NDArray[np.int8]] = field(default_factory=list)
    shared: int = 0
    kept: dict[Verdict, list[CarChange]] = field(
        default_factory=lambda: {"gain": [], "loss": [], "open_moved": []}
    )


class _Work:
    """The plans, the columns and what is gathered while pieces go by."""

    def __init__(self, draft: Draft, table: TableSource) -> None:
        self.draft, self.table = draft, table
        self.parts = parts_of(draft.before, draft.after)
        self.columns, findings = fact_columns(table, draft.before)
        self.columns_after, _ = fact_columns(table, draft.after)
        self.findings: list[Finding] = list(findings)
        self.own = editions_rated(draft.before)
        self.reduced: dict[frozenset[int], ReducedPlan] = {}
        self.gathered = [_Gathered() for _ in self.parts]
        self.sums = [[_Sums() for _ in draft.factors] for _ in self.parts]
        self.cars = self.others = self.unnamed = 0

    def piece(self, piece: pa.RecordBatch) -> RatedPiece:
        """Rate a piece, and gather what the summary needs."""
        problems: Problems = {}
        before = self.draft.before
        facts = facts_of_piece(piece, self.columns, problems)
        facts_after = facts_of_piece(piece, self.columns_after, {})
        other = cars_of_others(piece, self.own, before, self.table, problems)
        old = self._values(frozenset(), facts)
        everything = frozenset(range(len(self.draft.factors)))
        new = self._values(everything, facts_after) if everything else old
        some = moved(old, new) & ~other
        between = self._between(piece, some, facts, facts_after, old, new)
        due = shares(between.__getitem__, len(self.draft.factors)) if some.any() else None
        names = piece.column("car").cast(pa.string()).to_pylist()
        rated = []
        for i, part in enumerate(self.parts):
            own = np.zeros((len(everything), 4, 0)) if due is None else due[:, i]
            code = verdicts(part, old[i], new[i], other)
            made = RatedPart(old[i], new[i], code, some, own)
            rated.append(made)
            if some.any():
                self._count(i, made, {key: values[i] for key, values in between.items()})
                self._keep(i, part, made, names)
            shown = ~other
            gathered = self.gathered[i]
            gathered.old.append(old[i][:, shown])
            gathered.new.append(new[i][:, shown])
            gathered.code.append(code)
        self.cars += piece.num_rows
        self.others += int(other.sum())
        self._note(problems, other)
        return RatedPiece(piece, tuple(rated), problems)

    def _values(self, some: frozenset[int], facts: Array) -> Array:
        """Return outcome and score, lower and upper, of each part: shape ``(parts, 4, cars)``."""
        plan = self.draft.with_factors(some)
        if some not in self.reduced:
            self.reduced[some] = ReducedPlan(plan)
        found = self.reduced[some].evaluate(facts)
        nothing = np.full((4, facts.shape[1]), np.nan)
        return np.stack(
            [
                values_of(plan, part, found.outcome(part.path), found.score(part.path))
                if part.path in plan.nodes
                else nothing
                for part in self.parts
            ]
        )

    def _between(
        self,
        piece: pa.RecordBatch,
        some: NDArray[np.bool_],
        facts: Array,
        facts_after: Array,
        old: Array,
        new: Array,
    ) -> dict[frozenset[int], Array]:
        """Return the values of the cars that moved under every combination of causes that is looked at."""
        if not some.any():
            return {}
        before, after = self.draft.before, self.draft.after
        known = dict(zip(before.facts, facts[:, some], strict=True))
        known |= dict(zip(after.facts, facts_after[:, some], strict=True))
        changed = piece.filter(pa.array(some))
        everything = frozenset(range(len(self.draft.factors)))
        values = {frozenset[int](): old[..., some], everything: new[..., some]}
        for chosen in coalitions(len(everything)):
            if chosen not in values:
                plan = self.draft.with_factors(chosen)
                values[chosen] = self._values(chosen, self._facts_between(plan, known, changed))
        return values

    def _facts_between(self, plan: Plan, known: dict[str, Array], piece: pa.RecordBatch) -> Array:
        """Return the facts that a protocol between the two asks for."""
        per_cent: dict[str, str] = {}
        for columns, owner in ((self.columns, self.draft.before), (self.columns_after, self.draft.after)):
            # per cent of a greatest score, which may be another one here
            per_cent |= {
                owner.facts[slot]: column
                for slot, column in columns.columns.items()
                if stated_in_per_cent(*split_unit(column))
            }
        stated = {slot: per_cent[name] for slot, name in enumerate(plan.facts) if name in per_cent}
        out = facts_of_piece(piece, FactColumns(stated, plan.quantities, str(self.table.path)), {})
        for slot, name in enumerate(plan.facts):
            if slot not in stated and name in known:
                out[slot] = known[name]
        return out

    def _count(self, number: int, rated: RatedPart, between: dict[frozenset[int], Array]) -> None:
        """Add what the cars of a piece say of each cause in one part."""
        part, sums = self.parts[number], self.sums[number]
        old, new = rated.old[:, rated.moved], rated.new[:, rated.moved]
        code, due = rated.code[rated.moved], np.nan_to_num(rated.due)
        has_outcome = part.ladder is not None
        low, high = (OUTCOME_LOW, OUTCOME_HIGH) if has_outcome else (SCORE_LOW, SCORE_HIGH)
        known = (old[low] == old[high]) & (new[low] == new[high])
        scored = (old[SCORE_LOW] == old[SCORE_HIGH]) & (new[SCORE_LOW] == new[SCORE_HIGH])
        everything = frozenset(range(len(sums)))
        signs: tuple[tuple[Verdict, float], ...] = (("gain", 1.0), ("loss", -1.0))
        for verdict, sign in signs:
            at = code == VERDICTS.index(verdict)
            # of a car that is open on one side only, the bound that moved towards the other one counts
            push = sign * (due[:, low] + due[:, high])[:, at] / 2
            greatest = push.max(axis=0, initial=-np.inf)
            first = push >= greatest - _EQUAL
            shared = first.sum(axis=0) > 1
            self.gathered[number].shared += int(shared.sum())
            for i, own in enumerate(sums):
                mine = int(first[i].sum())
                own.gains += mine if sign > 0 else 0
                own.losses += mine if sign < 0 else 0
                own.shared += int((first[i] & shared).sum())
                without = between[everything - {i}]
                back = (without[low] == old[low]) & (without[high] == old[high])
                own.needed += int((back & at).sum())
        for i, own in enumerate(sums):
            own.touched += int((np.abs(due[i]) > _EQUAL).any(axis=0).sum())
            alone = between[frozenset({i})]
            certain = (old[low] == old[high]) & (alone[low] == alone[high])
            other = np.abs(alone[low] - old[low]) > _EQUAL
            own.alone += int((certain & other).sum())
            own.outcome += float(due[i, OUTCOME_LOW, known].sum()) if has_outcome else 0.0
            own.score += float(due[i, SCORE_LOW, scored].sum())

    def _keep(self, number: int, part: Part, rated: RatedPart, names: list[str | None]) -> None:
        """Keep the cars that change most, by name."""
        at = np.flatnonzero(rated.moved)
        size = size_of_change(rated.old[:, at], rated.new[:, at])
        for verdict, kept in self.gathered[number].kept.items():
            mine = np.flatnonzero(rated.code[at] == VERDICTS.index(verdict))
            first = mine[np.argsort(-np.abs(size[mine]), kind="stable")][:_MOST_CARS]
            for n in first:
                row = int(at[n])
                kept.append(
                    car_change(
                        part,
                        names[row] or "",
                        VERDICTS[rated.code[row]],
                        rated.old[:, row],
                        rated.new[:, row],
                        rated.due[:, :, n],
                    )
                )
            kept.sort(key=lambda car: -abs(car.size))
            del kept[_MOST_CARS:]

    def _note(self, problems: Problems, other: NDArray[np.bool_]) -> None:
        """Keep the first findings about cells; of the others only their number."""
        for row, found in problems.items():
            if not other[row]:
                room = max(0, _MOST_FINDINGS - len(self.findings))
                self.findings.extend(found[:room])
                self.unnamed += len(found[room:])

    def result(self) -> Impact:
        """Return the summary of all cars."""
        draft = self.draft
        findings = [*self.findings, *(finding for _, finding in self.table.refused)]
        if self.unnamed:
            place = str(self.table.path)
            findings.append(
                Finding("alignment.more_findings", "warning", place, None, {"count": self.unnamed})
            )
        if not draft.changes:
            findings.append(Finding("alignment.draft_changes_nothing", "note", str(draft.folder)))
        findings.extend(
            Finding("alignment.rules_together", "note", str(draft.folder), None, {"names": factor.name})
            for factor in draft.factors
            if len(factor.changes) > 1
        )
        parts = [self._part_impact(i, part) for i, part in enumerate(self.parts)]
        return Impact(
            draft.before.protocol.id,
            draft.after.protocol.id,
            (draft.before.protocol.hash, draft.after.protocol.hash),
            str(draft.folder),
            str(self.table.path),
            sha256(self.table.path),
            self.cars,
            self.others,
            method_for(len(draft.factors)),
            tuple(part for part in parts if part.part.headline or part.moves),
            tuple(findings),
        )

    def _part_impact(self, number: int, part: Part) -> PartImpact:
        gathered = self.gathered[number]
        old, new = (np.concatenate(some, axis=1) for some in (gathered.old, gathered.new))
        names, matrix = outcomes_of(part, old, new)
        shift = shift_of(old[2:], new[2:])
        causes = tuple(
            Cause(
                factor.changes,
                own.touched,
                own.gains,
                own.losses,
                own.shared,
                own.alone,
                own.needed,
                own.outcome,
                own.score / shift.cars if shift.cars else float("nan"),
            )
            for factor, own in zip(self.draft.factors, self.sums[number], strict=True)
        )
        return PartImpact(
            part,
            verdict_counts(np.concatenate(gathered.code)),
            names,
            matrix,
            distribution(part, old),
            distribution(part, new),
            shift,
            causes,
            gathered.shared,
            tuple(gathered.kept["gain"]),
            tuple(gathered.kept["loss"]),
            tuple(gathered.kept["open_moved"]),
        )
