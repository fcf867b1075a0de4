"""Does the programme's calculator take our workbooks? Run by hand, no test imports this.

    python official_runs.py COMMAND CASES [CASE ...]

COMMAND is the command of ``euroncap-rating-2026==5.4.9``; CASES holds the ready cars. For each car: our blank template, filled with
the car's words, goes through the calculator's preparation; a workbook that we prepared, with the car's values, through its scoring,
whose scores must be the car's; a workbook with our own draw, with values at random, too, whose scores must be ours.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path

import openpyxl

from carindex.euroncap.cells import Book
from carindex.euroncap.evidence import read_prepared
from carindex.euroncap.pages import write_book
from carindex.euroncap.scoring import RatedCar, evaluate_books, plan_of
from carindex.euroncap.stages import STAGES, Stage

COMPLAINTS = ("error", "mismatch", "warning", "differ", "signature", "traceback")
DRAWN = ("CP - VRU Head Impact", "CP - VRU Pelvis & Leg Impact")


def calculator(command: str, folder: Path, *arguments: str) -> list[str]:
    """Run the calculator; returns the lines in which it complains."""
    done = subprocess.run([command, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
    found = [line for line in lines if any(word in line.lower() for word in COMPLAINTS)]
    return found if done.returncode == 0 else [f"exit {done.returncode}", *lines[-5:]]


def filled(blank: Path, template: Path, target: Path) -> None:
    """Put the words of a filled template into our blank one, cell by cell."""
    book, other = openpyxl.load_workbook(blank), openpyxl.load_workbook(template)
    for sheet in other:
        for row in sheet.iter_rows(max_col=60):
            for cell in row:
                if cell.value is not None and sheet.title != "Version":
                    book[sheet.title][cell.coordinate].value = cell.value
    book.save(target)


def differences(one: Path, other: Path) -> list[str]:
    """Return the cells in which the values of two reports differ."""
    found = []
    ours, theirs = openpyxl.load_workbook(one), openpyxl.load_workbook(other)
    for title in theirs.sheetnames:
        a, b = ours[title], theirs[title]
        for row in range(1, max(a.max_row, b.max_row) + 1):
            for column in range(1, min(60, max(a.max_column, b.max_column)) + 1):
                x, y = a.cell(row, column).value, b.cell(row, column).value
                x, y = (None if v == "" else v for v in (x, y))
                close = isinstance(x, int | float) and isinstance(y, int | float) and abs(x - y) < 1e-9
                if x != y and not close:
                    found.append(f"{title}!{a.cell(row, column).coordinate}: {x!r} {y!r}")
    return found


def at_random(path: Path, rng: random.Random) -> None:
    """Fill the drawn impact points of a prepared workbook with values around their limits, some left out."""
    book = openpyxl.load_workbook(path)
    for title in DRAWN:
        sheet = book[title]
        for row in range(2, sheet.max_row + 1):
            predicted = str(sheet.cell(row, 10).value).lower()
            lower = sheet.cell(row, 8).value
            skipped = predicted == "sa" or (
                predicted != "t" and "green-" in predicted + "-" and rng.random() < 0.2
            )
            if lower is not None and not skipped:
                sheet.cell(row, 11).value = round(lower * rng.uniform(0.3, 1.1), 2)
    book.save(path)


def scored_here(stage: Stage, prepared: Path, target: Path) -> None:
    """Score a prepared workbook with the engine as the calculator computes."""
    evidence = read_prepared(prepared.parent, [stage], calculator=True)
    evaluation, _ = evaluate_books(plan_of(calculator=True), evidence)
    pages = stage.books.report(evidence.books[stage], evidence.rows[stage], RatedCar(evaluation))
    write_book(target, pages)


def run(command: str, case: Path, stage: Stage) -> dict[str, list[str]]:
    """Return complaints and differences by step."""
    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_book(folder / "blank.xlsx", stage.books.blank())
        template = case / stage.template
        filled(folder / "blank.xlsx", template, folder / "filled.xlsx")
        found["preparation"] = calculator(
            command, folder, stage.name, "preprocess", "-i", "filled.xlsx", "-o", "."
        )

        kept, _ = stage.books.prepare(Book(case / stage.prepared), 0)
        write_book(folder / "kept.xlsx", kept)
        found["scoring"] = calculator(
            command, folder, stage.name, "compute-score", "-i", "kept.xlsx", "-o", "."
        )
        report = next(folder.glob(f"{stage.prefix}_*_report.xlsx"))
        found["same scores"] = differences(report, case / stage.report)
        report.unlink()

        pages, _ = stage.books.prepare(Book(folder / "filled.xlsx"), 7)
        (folder / "own").mkdir()
        prepared = folder / "own" / stage.prepared
        write_book(prepared, [*pages[:-4], *pages[-4:]])
        values(prepared, folder / "kept.xlsx")
        if stage.prefix == "cp":
            at_random(prepared, random.Random(case.name))
        arguments = (stage.name, "compute-score", "-i", str(prepared), "-o", ".")
        found["scoring of our draw"] = calculator(command, folder, *arguments)
        scored_here(stage, prepared, folder / "ours.xlsx")
        report = next(folder.glob(f"{stage.prefix}_*_report.xlsx"))
        found["our scores"] = differences(folder / "ours.xlsx", report)
    return found


def values(prepared: Path, other: Path) -> None:
    """Take the values of sheets that are the same in both workbooks."""
    book, source = openpyxl.load_workbook(prepared), openpyxl.load_workbook(other)
    for sheet in source:
        if sheet.title in DRAWN or sheet.title == "CP - VRU Prediction":
            continue
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    book[sheet.title][cell.coordinate].value = cell.value
    book.save(prepared)


def main() -> None:
    command, cases, *names = sys.argv[1:]
    for case in sorted(Path(cases).glob("case_*")):
        if names and case.name not in names:
            continue
        for stage in STAGES:
            if stage.prefix in ("cp", "pc") and (case / stage.template).is_file():
                for step, lines in run(command, case, stage).items():
                    print(case.name, stage.prefix, step, len(lines), *lines[:5], sep=" | ")


if __name__ == "__main__":
    main()
