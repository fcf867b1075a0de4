"""Put levers, their tables and the operations that mix them together to one program, and read its answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from carindex.alignment.improvement.encoder import Encoder, Stretch
from carindex.alignment.improvement.encoding import WRITERS
from carindex.alignment.improvement.levers import ASKED_WEIGHT, Lever
from carindex.alignment.improvement.model import Structure
from carindex.alignment.improvement.needs import narrowed
from carindex.alignment.improvement.program import Affine, Program, total
from carindex.alignment.improvement.structure import HIGH, LOW, Analysis
from carindex.alignment.improvement.tables import Cell, Sampler, Table, choice_table, number_tables
from carindex.rating.kernels import Array


@dataclass
class Tables:
    """Tables of all levers of a structure; cut finer where an answer lay."""

    structure: Structure
    sampler: Sampler = field(init=False)
    extra: dict[int, list[float]] = field(default_factory=dict)
    focus: dict[int, dict[object, list[float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers = (*self.structure.levers, *self.structure.blocks)
        self.sampler = Sampler(self.structure.analyses, self.structure.assignment, numbers)

    def made(self) -> dict[int, Table]:
        """Return the table of each lever and block."""
        structure, sampler = self.structure, self.sampler
        numbers = {n: lever for n, lever in structure.levers.items() if not lever.words}
        words = {n: lever for n, lever in structure.levers.items() if lever.words}
        choices = {n: _words(lever) for n, lever in words.items()}
        choices |= {n: [float(i) for i in range(len(block.options))] for n, block in structure.blocks.items()}
        sampler.sample(choices)
        found = number_tables(sampler, numbers, self.extra)
        for n, values in choices.items():
            if n in words:
                costs = [0.0 if math.isnan(value) else words[n].cost(value) for value in values]
            else:
                costs = list(structure.blocks[n].costs)
            found[n] = choice_table(sampler, n, values, costs)
        return found


def _words(lever: Lever) -> list[float]:
    return [math.nan, *lever.words] if lever.present is None else list(lever.words)


@dataclass(frozen=True)
class _Column:
    """Flag and position of one cell."""

    cell: Cell
    flag: int
    position: int | None


@dataclass(frozen=True)
class Assembled:
    """A program of a structure.

    ``exact``: neither chords nor relaxations stand in it. ``costs``: the effort, as an expression.
    """

    program: Program
    columns: Mapping[int, tuple[_Column, ...]]
    exact: bool
    curved: bool
    reach: tuple[Affine, ...]

    def values(self, structure: Structure, solution: Array) -> dict[str, float]:
        """Return the new values of levers that an answer stands for; a lever that is not moved is not in it."""
        found: dict[str, float] = {}
        for number, columns in self.columns.items():
            column = max(columns, key=lambda one: solution[one.flag])
            cell = column.cell
            if number in structure.blocks:
                found.update(structure.blocks[number].options[round(cell.start)])
                continue
            lever = structure.levers[number]
            if math.isnan(cell.start):
                continue
            value = cell.start
            if not cell.single and column.position is not None:
                share = min(max(float(solution[column.position]), 0.0), 1.0)
                value = cell.start + (cell.end - cell.start) * share
                if min(share, 1.0 - share) > 1e-9:
                    value = lever.on_step(value, better=True)
                elif share > 0.5:
                    value = cell.end
                else:
                    value = cell.start
            if lever.present is None or value != lever.present:
                found[lever.name] = value
        return found

    def forbid(self, solution: Array) -> None:
        """Forbid the cells of an answer that the engine does not bear out, taken together."""
        taken = []
        for columns in self.columns.values():
            column = max(columns, key=lambda one: solution[one.flag])
            if len(columns) > 1:
                taken.append(column.flag)
        self.program.row(Affine(0.0, tuple((flag, 1.0) for flag in taken)), most=len(taken) - 1.0)


def assembled(
    tables: Tables,
    made: Mapping[int, Table],
    *,
    strict: bool = False,
    generous: bool = False,
    best: bool = False,
) -> Assembled:
    """Write the program of a structure.

    Parameters
    ----------
    tables
        Levers, and where to look closely.
    made
        Their tables.
    strict
        Claim rather too little than too much where chords stand for curves.
    generous
        Let any effort in a block, from that of its cheapest single change on, give all that the block can ever give:
        the optimum is then a bound.
    best
        Do not demand the goals but come as near to them as can be, whatever the effort.
    """
    structure, program = tables.structure, Program()
    columns: dict[int, tuple[_Column, ...]] = {}
    expressions: list[dict[int, Affine]] = [{} for _ in structure.analyses]
    choices: list[dict[int, tuple[tuple[int, float, float], ...]]] = [{} for _ in structure.analyses]
    held: list[dict[int, float] | None] = [None] * len(structure.analyses)
    if structure.blocks and not generous:
        held = [_as_it_is(analysis) for analysis in structure.analyses]
    stretches: list[dict[int, tuple[Stretch, ...]]] = [{} for _ in structure.analyses]
    curved = False
    analyses = [(one, {}) if best else narrowed(one) for one in structure.analyses]
    for number, table in made.items():
        if generous and number in structure.blocks and not structure.blocks[number].exact:
            _generous(program, structure, number, table, expressions)
            continue
        columns[number] = _columns(program, structure, number, table, priced=not best)
        for row, (part, slot) in enumerate(table.slots):
            analysis = structure.analyses[part]
            found = _expression(program, columns[number], row, int(analysis.wanted[slot]), strict=strict)
            if found is not None:
                expressions[part][slot] = found
            stretches[part][slot] = tuple(_stretch(column, row) for column in columns[number])
            if all(column.cell.single for column in columns[number]):
                choices[part][slot] = tuple(
                    (one.flag, float(one.cell.low[row, 0]), float(one.cell.high[row, 0]))
                    for one in columns[number]
                )
        curved = curved or table.curved
    _couple(program, structure, columns)
    exact = not generous or not structure.blocks
    reach = []
    for part, (analysis, demands) in enumerate(analyses):
        encoder = Encoder(
            program,
            analysis,
            WRITERS,
            expressions[part],
            choices[part],
            stretches=stretches[part],
            demands=demands,
            strict=strict,
            coarse=bool(structure.blocks),
            held=held[part],
            focus=tables.focus.get(part),
        )
        encoder.write()
        curved, exact = curved or encoder.curved, exact and not encoder.relaxed
        for goal in analysis.part.goals:
            value = encoder.of(goal.slot)
            reach.append(value)
            sign = -1.0 if goal.falling else 1.0
            if not best:
                program.row(value.times(sign), sign * goal.line)
                continue
            # as far as the goal, and no further: what lies beyond it makes up for nothing elsewhere
            short = program.column(0.0, math.inf, cost=1.0)
            program.row(total([value.times(sign), Affine(0.0, ((short, 1.0),))]), sign * goal.line)
    return Assembled(program, columns, exact and not curved, curved, tuple(reach))


def _as_it_is(analysis: Analysis) -> dict[int, float]:
    """Return the value of every slot that operations mix, for the car as it is; of an open one the end that hurts."""
    slots = [slot for operation in analysis.mixing for slot in operation.outputs]
    low, high = analysis.part.picked([{}], slots)
    return {
        slot: float(high[row, 0] if analysis.wanted[slot] == LOW else low[row, 0])
        for row, slot in enumerate(slots)
    }


def _columns(
    program: Program, structure: Structure, number: int, table: Table, *, priced: bool
) -> tuple[_Column, ...]:
    weight = 1.0
    if number in structure.levers and structure.levers[number].present is None:
        weight = ASKED_WEIGHT
    if not priced:
        weight *= 1e-9
    found = []
    for cell in table.cells:
        flag = program.flag()
        program.costs[flag] = cell.costs[0] * weight
        position = None
        if not cell.single:
            position = program.column(0.0, 1.0, cost=(cell.costs[1] - cell.costs[0]) * weight)
            program.row(Affine(0.0, ((position, 1.0), (flag, -1.0))), most=0.0)
        found.append(_Column(cell, flag, position))
    program.row(Affine(0.0, tuple((one.flag, 1.0) for one in found)), 1.0, 1.0)
    return tuple(found)


def _stretch(column: _Column, row: int) -> Stretch:
    cell = column.cell
    low, high = (tuple(float(value) for value in bound[row]) for bound in (cell.low, cell.high))
    return Stretch(column.flag, column.position, (low[0], low[1]), (high[0], high[1]), float(cell.off[row]))


def _expression(
    program: Program, columns: Sequence[_Column], row: int, wanted: int, *, strict: bool
) -> Affine | None:
    """Return what a slot is in the columns of its lever, ``None`` where it is no number."""
    up, down = bool(wanted & HIGH), bool(wanted & LOW)
    terms: list[tuple[int, float]] = []
    off: list[tuple[int, float]] = []
    for one in columns:
        low, high = one.cell.low[row], one.cell.high[row]
        ends = low if up else high
        if not np.isfinite(ends).all():
            return None
        if up and down and (low != high).any():
            program.upper[one.flag] = 0.0  # open both ways: what it hangs on has to be known
        terms.append((one.flag, float(ends[0])))
        if one.position is not None:
            terms.append((one.position, float(ends[1] - ends[0])))
        if one.cell.off[row]:
            off.append((one.flag, float(one.cell.off[row])))
    chord = Affine(0.0, tuple((column, value) for column, value in terms if value))
    if not off:
        return chord
    slack = Affine(0.0, tuple(off)).times(-1.0 if strict else 1.0)
    if not (up and down):
        return total([chord, slack.times(1.0 if up else -1.0)])
    if strict:
        return chord
    most = max(value for _, value in off)
    column = Affine(0.0, ((program.column(-most, most), 1.0),))
    program.row(total([column, slack.times(-1.0)]), most=0.0)
    program.row(total([column, slack]), 0.0)
    return total([chord, column])


def _generous(
    program: Program,
    structure: Structure,
    number: int,
    table: Table,
    expressions: Sequence[dict[int, Affine]],
) -> None:
    """Let any effort in a block give all that it ever can."""
    block = structure.blocks[number]
    least = min((_cheapest(lever) for lever in block.levers), default=0.0)
    flag = program.flag()
    program.costs[flag] = least
    unmoved = next(cell for cell, option in zip(table.cells, block.options, strict=True) if not option)
    for row, (part, slot) in enumerate(table.slots):
        analysis = structure.analyses[part]
        low, high = float(analysis.low[slot]), float(analysis.high[slot])
        here = (float(unmoved.low[row, 0]), float(unmoved.high[row, 0]))
        if not np.isfinite([low, high, *here]).all():
            continue
        column = program.column(low, high)
        value = Affine(0.0, ((column, 1.0),))
        program.row(total([value, Affine(0.0, ((flag, here[1] - high),))]), most=here[1])
        program.row(total([value, Affine(0.0, ((flag, here[0] - low),))]), here[0])
        expressions[part][slot] = value


def _cheapest(lever: Lever) -> float:
    if lever.present is None:
        return 0.0
    return lever.price if lever.words else lever.price * lever.step


def _couple(program: Program, structure: Structure, columns: Mapping[int, Sequence[_Column]]) -> None:
    """Let the facts of a group change by one factor."""
    groups: dict[int, list[int]] = {}
    for number, lever in structure.levers.items():
        if lever.coupled >= 0:
            groups.setdefault(lever.coupled, []).append(number)
    for members in groups.values():
        factor = program.column(-100.0, 100.0)
        for number in members:
            present = structure.levers[number].present
            assert present
            terms = [(factor, -1.0)]
            for one in columns[number]:
                terms.append((one.flag, one.cell.start / present))
                if one.position is not None:
                    terms.append((one.position, (one.cell.end - one.cell.start) / present))
            program.row(Affine(0.0, tuple(terms)), 0.0, 0.0)
