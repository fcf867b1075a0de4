"""Our workbooks given to the programme's calculator; run by hand, no test imports this.

    (PROJECT's python) official_workbooks.py PYTHON CASES [COUNT] > RECORD

PYTHON is the interpreter of an environment with ``euroncap-rating-2026==5.4.9``; CASES holds the ready cars. For each car:

1. our template with the car's predictions: the calculator must prepare it without complaint;
2. our prepared workbook, with the car's own draw and answers: the calculator must score it as it scored its own;
3. our prepared workbook with a draw of ours and answers at random: the calculator must score it as the reference does.

What the calculator says on the way is printed, so that complaints are seen.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import openpyxl

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from carindex.euroncap.cells import Book
from carindex.euroncap.pages import write_book
from carindex.euroncap.safe_driving import blank, read
from carindex.euroncap.safe_driving.preparing import prepared_pages, read_template, selection_of
from euroncap2026.safe_driving.books import (
    answered_at_random,
    given_selection,
    put_values,
)
from euroncap2026.safe_driving.comparison import pairs
from euroncap2026.safe_driving.reference import score

STAGE = "safe_driving"
USUAL = (
    "[Safe Driving]",
    "Loading data",
    "Computing NCAP",
    "Saving to",
    "Log available",
    "Final report",
    "Generated with",
    "Copyright",
    "Created by",
)


def run(python: str, step: str, book: Path, folder: Path) -> list[str]:
    """Run a step of the calculator; returns what it says beyond the usual."""
    command = [python, "-m", "euroncap_rating_2026", STAGE, step, "-i", str(book), "-o", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
    said = [line for line in lines if line and not line.startswith(USUAL) and set(line) - set("=-_* ")]
    if done.returncode:
        raise SystemExit(f"{book}: {step}: {done.returncode}: {said}")
    return said


def rows_of(book: Path) -> dict:
    """The three score sheets of a report, as `comparison` reads them."""
    report = openpyxl.load_workbook(book, data_only=True)
    out = {}
    for name in ("Test Scores", "Category Scores", "Scenario Scores"):
        head = [str(cell.value) for cell in report[name][1]]
        rows = report[name].iter_rows(min_row=2, values_only=True)
        out[name] = [dict(zip(head, row, strict=True)) for row in rows]
    return out


def scored(python: str, pages: list, folder: Path) -> tuple[dict, list[str], Path]:
    book = folder / "sd_input.xlsx"
    write_book(book, pages)
    said = run(python, "compute-score", book, folder)
    (report,) = folder.glob("sd_*_report.xlsx")
    return rows_of(report), said, book


def main(python: str, cases: Path, count: int) -> None:
    complaints: dict[str, int] = {}
    compared = 0
    for number, case in enumerate(sorted(cases.iterdir())[:count]):
        filled, _ = read_template(Book(case / "sd_template.xlsx"))
        with tempfile.TemporaryDirectory() as name:
            template = Path(name) / "sd_template.xlsx"
            write_book(template, put_values(blank(), case / "sd_template.xlsx"))
            said = run(python, "preprocess", template, Path(name))
            prepared = openpyxl.load_workbook(Path(name) / "sd_preprocessed_template.xlsx")
            theirs = openpyxl.load_workbook(case / "sd_input.xlsx")
            assert prepared.sheetnames == theirs.sheetnames, case.name
        with tempfile.TemporaryDirectory() as name:
            pages = prepared_pages(filled, given_selection(case / "sd_input.xlsx"))
            found, more, _ = scored(python, put_values(pages, case / "sd_input.xlsx"), Path(name))
            expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))["domains"]["sd"]
            ours, official = (pairs(rows, "safe-driving", "safe-driving.yaml") for rows in (found, expected))
            assert ours == official, case.name
            compared += len(ours)
        with tempfile.TemporaryDirectory() as name:
            pages = answered_at_random(
                prepared_pages(filled, selection_of(filled, number)), random.Random(number)
            )
            found, rest, book = scored(python, pages, Path(name))
            rows, findings = read(Book(book), calculator=True)
            assert not findings, [finding.line() for finding in findings]
            result = score({row.name: row.value for row in rows}, "calculator")
            for _, node, value in pairs(found, "safe-driving", "safe-driving.yaml"):
                mine = result.scores[node]
                same = mine is value if None in (mine, value) else abs(mine - value) < 1e-9
                assert same, (case.name, node, mine, value)
                compared += 1
        for line in (*said, *more, *rest):
            complaints[line] = complaints.get(line, 0) + 1
        print(case.name, "accepted, prepared, scored alike", flush=True)
    print(f"{compared} scores equal")
    for line, times in complaints.items():
        print(f"{times} x {line}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1000)
