"""Prepared workbooks of the ready cars, scored: every cell of the reports as the programme's own calculator fills it."""

from __future__ import annotations

import json
import pickle
from functools import cache
from pathlib import Path

import openpyxl
import pytest

from carindex.dossier.readers import gather
from carindex.euroncap.cells import Book
from carindex.euroncap.evidence import facts_of_folder
from carindex.euroncap.pages import write_book
from carindex.euroncap.scoring import RatedCar, plan_of, score_folder
from carindex.euroncap.stages import STAGES, Stage
from carindex.rating import evaluate_facts

NOT_SCORES = ("Documentation", "Data", "Integrity")
# of each calculator quirk that is no score: (sheet, heading of the column)
OTHER_CELLS = {("Scenario Scores", "Stage subelement"), ("OM - Occ. presence verif.", "Element")}
SEEDS = range(10, 26)


def case(shared: Path, seed: int) -> Path:
    return shared / f"oracle/euroncap2026/cases/case_{seed:05d}"


@cache
def plan(calculator: bool):
    return plan_of(calculator=calculator)


def same(ours, theirs) -> bool:
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return abs(ours - theirs) < 1e-9
    return ours == theirs


def differences(ours: Path, theirs: Path) -> tuple[list, int]:
    mine, official = openpyxl.load_workbook(ours), openpyxl.load_workbook(theirs)
    found, compared = [], 0
    for sheet in official:
        if sheet.title in NOT_SCORES:
            continue
        other = mine[sheet.title]
        for row in range(1, max(sheet.max_row, other.max_row) + 1):
            for column in range(1, max(sheet.max_column, other.max_column) + 1):
                compared += 1
                cell = sheet.cell(row, column)
                if (sheet.title, sheet.cell(1, column).value) in OTHER_CELLS:
                    continue
                if not same(other.cell(row, column).value, cell.value):
                    found.append((sheet.title, cell.coordinate, other.cell(row, column).value, cell.value))
    return found, compared


@pytest.mark.shared
@pytest.mark.parametrize(
    "stage", [stage for stage in STAGES if stage.name != "overall"], ids=lambda s: s.name
)
@pytest.mark.parametrize("seed", [10, 17, 23, 25])
def test_report_of_a_stage_cell_by_cell(shared: Path, tmp_path: Path, stage: Stage, seed: int) -> None:
    book = Book(case(shared, seed) / stage.prepared)
    rows, _ = stage.books.read(book, calculator=True)
    facts, _ = gather(rows, as_given=True)
    evaluation, _ = evaluate_facts(plan(True), facts, as_given=True)
    write_book(tmp_path / stage.report, stage.books.report(book, rows, RatedCar(evaluation)))
    found, compared = differences(tmp_path / stage.report, case(shared, seed) / stage.report)
    assert found == []
    assert compared > 400


@pytest.mark.shared
@pytest.mark.parametrize("seed", SEEDS)
def test_overall_rating_from_five_workbooks(shared: Path, tmp_path: Path, seed: int) -> None:
    written, _ = score_folder(case(shared, seed), tmp_path, STAGES, calculator=True)
    assert [path.name for path in written] == [stage.report for stage in STAGES]
    expected = json.loads((case(shared, seed) / "expected.json").read_text("utf-8"))["domains"]["overall"]
    book = openpyxl.load_workbook(tmp_path / "overall_report.xlsx")
    compared = 0
    for title in ("Rating", "Stage Scores", "Stage element Scores", "Test Scores"):
        heading = "Star rating" if title == "Rating" else "Score"
        column = [cell.value for cell in book[title][1]].index(heading) + 1
        for row in expected[title]:
            assert same(book[title].cell(row["_row"], column).value, row[heading]), (title, row["_row"])
            compared += 1
    assert compared == 1 + 4 + 13 + 29


@pytest.mark.shared
def test_overall_alone_is_rated_from_the_reports(shared: Path, tmp_path: Path) -> None:
    score_folder(case(shared, 20), tmp_path, STAGES, calculator=True)
    whole = openpyxl.load_workbook(tmp_path / "overall_report.xlsx")
    (tmp_path / "overall_input.xlsx").write_bytes((case(shared, 20) / "overall_input.xlsx").read_bytes())
    alone = tmp_path / "alone"
    score_folder(tmp_path, alone, [stage for stage in STAGES if stage.name == "overall"], calculator=True)
    found, _ = differences(alone / "overall_report.xlsx", tmp_path / "overall_report.xlsx")
    assert found == []
    assert whole["Rating"]["A2"].value in range(6)


@pytest.mark.shared
def test_the_same_workbooks_give_the_same_bytes(shared: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        score_folder(case(shared, 21), tmp_path / name, STAGES)
    for stage in STAGES:
        assert (tmp_path / "one" / stage.report).read_bytes() == (
            tmp_path / "two" / stage.report
        ).read_bytes()


@pytest.mark.shared
@pytest.mark.parametrize("calculator", [False, True])
def test_what_is_read_can_be_handed_from_one_process_to_another(shared, calculator):
    # else every workbook would be read twice, and nobody would notice but the clock
    found = facts_of_folder(case(shared, 13), calculator=calculator)
    assert found is not None
    assert pickle.loads(pickle.dumps(found)) == found
