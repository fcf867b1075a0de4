"""Reports: the programme's own cell by cell, and its scores in our workbooks; the rating engine fills them in alike."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from carindex.dossier.readers import gather
from carindex.euroncap.cells import Book
from carindex.euroncap.pages import write_book
from carindex.euroncap.safe_driving import read, report
from carindex.euroncap.safe_driving.reporting import printed
from carindex.euroncap.scoring import RatedCar, plan_of
from carindex.messages import InputError
from carindex.rating import evaluate_facts

from .books import COLOURS, FakeScored, book_of, cells_of, differences, in_memory
from .comparison import pairs
from .reference import score
from .test_reference import SCORED, facts_of_run, official_scores
from .test_workbooks_read import BASES, car, damage


class Nothing:
    """A rating that knows nothing."""

    def score(self, path):
        return None

    def named(self, name):
        return None


def rows_of(pages) -> dict:
    """The score sheets of a report as `comparison` reads them."""
    out = {}
    for page in pages:
        if page.title.endswith(" Scores"):
            last, width = max(row for row, _ in page.cells), max(column for _, column in page.cells)
            table = [
                [page.cells[r, c].value if (r, c) in page.cells else None for c in range(1, width + 1)]
                for r in range(1, last + 1)
            ]
            out[page.title] = [dict(zip(table[0], line, strict=True)) for line in table[1:]]
    return out


def reported(facts: dict, mode: str = "calculator"):
    book = in_memory(book_of(facts))
    rows, _ = read(book, calculator=mode == "calculator")
    return report(book, rows, FakeScored(facts, mode))


@pytest.mark.parametrize("base", sorted(BASES))
def test_scores_of_our_workbooks_are_the_calculators(base):
    found = pairs(rows_of(reported(car(base)[0])), "safe-driving", "safe-driving.yaml")
    assert len(found) > 150
    assert [(node, value) for _, node, value in found] == official_scores(BASES[base])


def test_scores_of_edited_cars():
    """Cars whose evidence is incomplete or poor: open scores stay blank, the speedometer takes off what it should."""
    compared, blank = 0, 0
    for run in SCORED[3::11]:
        facts = facts_of_run(run)
        book = in_memory(book_of(facts))
        rows, _ = read(book, calculator=True)
        ours = {row.name: row.value for row in rows}
        scored = FakeScored(ours, "calculator")
        for _, node, value in pairs(rows_of(report(book, rows, scored)), "safe-driving", "safe-driving.yaml"):
            expected = scored.result.scores[node]
            assert (value is None) == (expected is None), node
            assert value is None or value == pytest.approx(expected, abs=1e-9), node
            compared += 1
            blank += value is None
    assert compared > 3000
    assert blank > 200


def test_colours_of_tested_points():
    facts, _ = car()
    page = next(p for p in reported(facts) if p.title == "VA - ACC verif.")
    expected = score(facts, "calculator").colours
    shown = Counter(e.value for (_, column), e in page.cells.items() if column == 12 and e.value)
    assert shown == Counter(colour.capitalize() for colour in expected.values())
    assert len(expected) > 50


def test_a_report_that_knows_nothing_is_blank():
    _, book = car("case_00015")
    rows, _ = read(book)
    pages = {page.title: page for page in report(book, rows, Nothing())}
    for title, column in (("Test Scores", 4), ("Category Scores", 5), ("Scenario Scores", 6)):
        scores = {e.value for (row, c), e in pages[title].cells.items() if c == column and row > 1}
        assert scores == {None}


def test_everything_that_was_filled_in_stands_in_the_report(tmp_path):
    facts, _ = car()
    write_book(tmp_path / "sd_report.xlsx", reported(facts))
    again, findings = read(Book(tmp_path / "sd_report.xlsx"))
    assert not findings
    assert {row.name: row.value for row in again} == facts


def test_reports_of_damaged_workbooks():
    facts, book = car()
    rng = random.Random("safe driving, damaged reports")
    scored = FakeScored(facts, "calculator")
    for _ in range(40):
        damaged, _ = damage(book, rng)
        try:
            rows, _ = read(damaged)
        except InputError:
            continue
        pages = report(damaged, rows, scored)
        assert [page.title for page in pages if "required" not in page.title] == damaged.sheets


def test_what_a_report_asks_for():
    asked = set()

    class Asking(Nothing):
        def score(self, path):
            asked.add(path)

        def named(self, name):
            asked.add(name)

    facts, book = car()
    report(book, read(book)[0], Asking())
    names = {name for name in asked if "#" in name}
    assert names == {f"{fact}#colour" for fact in score(facts).colours}
    assert {path.split("/")[0] for path in asked - names} == {"safe_driving"}
    assert {path.removeprefix("safe_driving/") for path in asked - names} <= set(score(facts).values)


@pytest.mark.parametrize(
    ("exact", "shown"), [(0.0005, 0.001), (1.0005 - 1e-12, 1.001), (2 / 3, 0.667), (-2.5, -2.5)]
)
def test_printed_scores_are_rounded_half_up(exact, shown):
    assert printed(exact) == shown


@pytest.mark.parametrize("mode", ["protocol", "calculator"])
def test_the_rating_engine_fills_a_report_alike(mode):
    facts, book = car("case_00023")  # a car without empty predictions
    rows, _ = read(book, calculator=mode == "calculator")
    known, findings = gather(rows)
    assert not findings
    evaluation, _ = evaluate_facts(plan_of(calculator=mode == "calculator"), known)
    ours, theirs = report(book, rows, RatedCar(evaluation)), report(book, rows, FakeScored(facts, mode))
    assert [page.title for page in ours] == [page.title for page in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert one.cells == other.cells, one.title


@pytest.mark.shared
def test_reports_are_the_programmes_cell_by_cell(shared):
    compared, scores, kinds = 0, 0, Counter()
    plan = plan_of(calculator=True)
    for case in sorted((shared / "oracle/euroncap2026/cases").iterdir()):
        book = Book(case / "sd_input.xlsx")
        rows, _ = read(book, calculator=True)
        facts = {row.name: row.value for row in rows}
        pages = report(book, rows, FakeScored(facts, "calculator"))
        assert [page.title for page in pages] == list(cells_of(case / "sd_report.xlsx")), case.name
        evaluation, _ = evaluate_facts(plan, gather(rows)[0])
        for ours, rated in zip(pages, report(book, rows, RatedCar(evaluation)), strict=True):
            assert ours.cells == rated.cells, (case.name, ours.title)
        count, found = differences(pages, case / "sd_report.xlsx")
        compared += count
        scores += sum(
            isinstance(e.value, float) for p in pages for e in p.cells.values() if p.title.endswith("Scores")
        )
        for kind, sheet, place, ours, theirs in found:
            kinds[kind, sheet, place[1], ours, theirs] += 1
    # the programme leaves out the element of a line where the line above has the same, though of another scenario
    assert kinds == {("value", "OM - Occ. presence verif.", 3, "Rear Seat - Warning", None): 3}
    assert compared > 50000
    assert scores > 4000


def test_colours_are_those_of_the_vocabulary():
    from carindex.vocabulary import vocabulary

    assert list(vocabulary().quantities["prediction"].categories) == COLOURS
