"""Workbooks in which one cell was changed by mistake, and what must never come of it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from carindex.dossier.readers import Row, gather
from carindex.euroncap.cells import Book
from carindex.euroncap.scoring import plan_of
from carindex.euroncap.stages import Stage
from carindex.messages import Finding, InputError
from carindex.rating import Evaluation, evaluate_facts

NOT_READ = ("Documentation", "Data", "Integrity", "Version")
# 0 is none of them: whether a plain number is the one that was meant nobody can see
MISTAKES = (
    *(
        "oops",
        "#REF!",
        "1,5",
        "-",
        "n/a",
        "12 mm",
        "PASSED",
        "fail",
        "Purple",
        "x",
        "Yes",
        "0",
        "  ",
        "1e400",
    ),
    *(-5, -0.001, 1e9, True, False, None, float("nan"), float("inf")),
)
_NEAR = 1e-9

Read = Mapping[Stage, tuple[list[Row], list[Finding]]]


class Rated(NamedTuple):
    """A car as its workbooks rate it, and everything that was found."""

    evaluation: Evaluation
    findings: list[Finding]


class Mutated(NamedTuple):
    """What came of one changed cell."""

    cell: str
    change: str
    outcome: str
    better: tuple[str, ...]


def rated(read: Read) -> Rated:
    """Rate what was read, by the rules."""
    facts, found = gather(row for rows, _ in read.values() for row in rows)
    evaluation, impossible = evaluate_facts(plan_of(calculator=False), facts)
    return Rated(evaluation, [*found, *impossible, *(one for _, some in read.values() for one in some)])


def mutated(files: Mapping[Stage, Path], count: int, seed: int) -> Iterable[Mutated]:
    """Change a cell at a time and rate the car again; yields what came of each change.

    Outcomes: ``refused`` (the workbook as a whole), ``named`` (a finding that was not there before), ``silent``.
    ``better``: nodes that surely have more points than before, in a car of which nothing new was found.
    """
    rnd = random.Random(seed)
    whole = {stage: stage.books.read(Book(path)) for stage, path in files.items()}
    before = rated(whole)
    known = {(finding.code, finding.place) for finding in before.findings}
    nodes = [path for path in before.evaluation.plan.nodes if path.count("/") <= 4]
    for _ in range(count):
        stage = rnd.choice(sorted(files, key=lambda s: s.name))
        book = Book(files[stage])
        sheet = book.sheet(rnd.choice([title for title in book.sheets if title not in NOT_READ]))
        filled = [
            (row, column)
            for row, cells in enumerate(sheet._values)
            for column, value in enumerate(cells)
            if value not in ("", None)
        ]
        row, column = rnd.choice(filled)
        old, new = sheet._values[row][column], rnd.choice(MISTAKES)
        if str(new).strip().lower() == str(old).strip().lower():
            continue
        sheet._values[row][column] = new
        cell, change = sheet.place(row + 1, column + 1), f"{old!r} -> {new!r}"
        try:
            after = rated({**whole, stage: stage.books.read(book)})
        except InputError:
            yield Mutated(cell, change, "refused", ())
            continue
        if any((finding.code, finding.place) not in known for finding in after.findings):
            yield Mutated(cell, change, "named", ())
            continue
        better = [
            path
            for path in nodes
            if after.evaluation.score(path)[0][0] > before.evaluation.score(path)[0][0] + _NEAR
        ]
        yield Mutated(cell, change, "silent", tuple(better))
