"""Reports of the ready cars, rated by the engine as the programme's calculator computes: every cell of every sheet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from carindex.euroncap.evidence import read_prepared, stated_by_reports
from carindex.euroncap.pages import write_book
from carindex.euroncap.scoring import RatedCar, evaluate_books, plan_of
from carindex.euroncap.stages import stage_of

from ..crash_protection.test_reference import SEEDS, case
from .books import compared, same

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def plan():
    return plan_of(calculator=True)


@pytest.mark.parametrize("seed", SEEDS[::4])
@pytest.mark.parametrize("name", ["crash_protection", "post_crash"])
def test_reports(shared: Path, tmp_path: Path, plan, name: str, seed: int) -> None:
    stage = stage_of(name)
    evidence = read_prepared(case(shared, seed), [stage], calculator=True)
    evaluation, _ = evaluate_books(plan, evidence)
    pages = stage.books.report(evidence.books[stage], evidence.rows[stage], RatedCar(evaluation))
    write_book(tmp_path / stage.report, pages)
    assert compared(tmp_path / stage.report, case(shared, seed) / stage.report, fills=True) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_overall_from_four_reports(shared: Path, plan, seed: int) -> None:
    stage = stage_of("overall")
    evidence = read_prepared(case(shared, seed), [stage], calculator=True)
    stated, _ = stated_by_reports(case(shared, seed), without={"overall"})
    evaluation, _ = evaluate_books(plan, evidence, stated)
    pages = stage.books.report(evidence.books[stage], evidence.rows[stage], RatedCar(evaluation))
    theirs = json.loads((case(shared, seed) / "expected.json").read_text(encoding="utf-8"))
    checked = 0
    for page in pages:
        headings = {entry.value: column for (row, column), entry in page.cells.items() if row == 1}
        for line in theirs["domains"]["overall"].get(page.title, []):
            for heading, column in headings.items():
                ours = page.cells.get((line["_row"], column))
                assert same(None if ours is None else ours.value, line[heading]), (page.title, line)
                checked += 1
    assert checked == 6 + 2 + 4 * 3 + 13 * 4 + 29 * 5
