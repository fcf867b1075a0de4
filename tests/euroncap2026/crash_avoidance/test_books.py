"""Crash Avoidance workbooks against the slow reader and the programme's own books, cell by cell."""

from __future__ import annotations

import hashlib
from pathlib import Path

import openpyxl
import pytest

from carindex.euroncap.cells import Book
from carindex.euroncap.crash_avoidance import blank, drawn_in, prepare, read, report
from carindex.euroncap.crash_avoidance.drawing import broken_rules
from carindex.euroncap.crash_avoidance.statements import Statements
from carindex.euroncap.crash_avoidance.templates import read_answers
from carindex.euroncap.pages import write_book
from carindex.messages import InputError

from .books import (
    Reference,
    both,
    facts_in_small_letters,
    filled_in,
    filled_template,
    prepared,
    put,
)
from .engine import evaluated, paths
from .reference import facts_of, score


@pytest.fixture(scope="module")
def cases(shared: Path) -> list[Path]:
    found = sorted((shared / "oracle/euroncap2026/cases").iterdir())
    assert len(found) >= 16
    return found


# --- the ready cases ------------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_prepared_workbooks_are_read_as_by_the_slow_reader(cases: list[Path]) -> None:
    for case in cases:
        for mode in ("protocol", "calculator"):
            rows, findings = read(Book(case / "ca_input.xlsx"), calculator=mode == "calculator")
            expected = facts_in_small_letters(case / "ca_input.xlsx", mode)
            assert {row.name: row.value for row in rows} == expected, case.name
            assert len({row.name for row in rows}) == len(rows)
            assert not findings, case.name
            assert all("ca_input.xlsx: " in row.place and "!" in row.place for row in rows)


@pytest.mark.shared
def test_reports_are_the_programmes_own_cell_by_cell(cases: list[Path], tmp_path: Path) -> None:
    numbers = 0
    some = cases[::6]  # official_books.py compares all of them
    for case in some:
        book = Book(case / "ca_input.xlsx")
        rows, _ = read(book, calculator=True)
        result = score(facts_of(case / "ca_input.xlsx"), "calculator")
        write_book(tmp_path / "report.xlsx", report(book, rows, Reference(result)))
        assert Book(tmp_path / "report.xlsx").sheets == Book(case / "ca_report.xlsx").sheets
        for place, ours, theirs in both(tmp_path / "report.xlsx", case / "ca_report.xlsx"):
            assert ours.value == theirs.value, (case.name, place)
            assert "000000" in (ours.fill, theirs.fill) or ours.fill == theirs.fill, (case.name, place)
            numbers += isinstance(theirs.value, float)
    assert numbers > 100 * len(some)


@pytest.mark.shared
def test_the_programmes_own_draws_obey_the_rules(cases: list[Path]) -> None:
    for case in cases:
        answers = read_answers(Statements(Book(case / "ca_template.xlsx"), calculator=False))
        assert broken_rules(answers, drawn_in(Book(case / "ca_input.xlsx"))) == []


@pytest.mark.shared
def test_a_kept_draw_gives_the_programmes_own_prepared_workbook(cases: list[Path], tmp_path: Path) -> None:
    for case in cases[1::6]:
        drawn = drawn_in(Book(case / "ca_input.xlsx"))
        pages, _ = prepare(Book(case / "ca_template.xlsx"), 0, drawn=drawn)
        write_book(tmp_path / "input.xlsx", pages)
        # the stamp of the programme's tool is its own to give
        assert [*Book(tmp_path / "input.xlsx").sheets, "Integrity"] == Book(case / "ca_input.xlsx").sheets
        for place, ours, theirs in both(tmp_path / "input.xlsx", case / "ca_input.xlsx"):
            if "verif." in place and (
                theirs.fill == "D9D9D9" or theirs.value in ("Information", "Warning", "Retention")
            ):
                continue  # filled in by the laboratory
            # the programme's tool writes a few headings in other small letters
            assert str(ours.value).lower() == str(theirs.value).lower(), (case.name, place)
            assert "000000" in (ours.fill, theirs.fill) or ours.fill == theirs.fill, (case.name, place)


# --- what every clone can test ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def car(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ca")
    return filled_in(prepared(folder, 3), 3)


def test_a_car_of_our_own_is_read_as_by_the_slow_reader(car: Path) -> None:
    for mode in ("protocol", "calculator"):
        rows, findings = read(Book(car), calculator=mode == "calculator")
        assert {row.name: row.value for row in rows} == facts_in_small_letters(car, mode)
        assert [finding.line() for finding in findings] == []
    assert sum(row.name.endswith("/tested") for row in rows) > 150


def test_a_report_holds_the_scores_of_the_reference(car: Path, tmp_path: Path) -> None:
    rows, _ = read(Book(car), calculator=True)
    result = score(facts_of(car), "calculator")
    write_book(tmp_path / "report.xlsx", report(Book(car), rows, Reference(result)))
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    scores = [row[3].value for row in book["Test Scores"].iter_rows(min_row=2)]
    assert scores == list(result.tests.values())
    scenarios = [row[6].value for row in book["Scenario Scores"].iter_rows(min_row=2)]
    assert scenarios == list(result.scenarios.values())
    colours = [
        sheet.cell(row, sheet.max_column).value
        for sheet in book
        if sheet.title.endswith("verif.")
        for row in range(5, sheet.max_row + 1)
    ]
    assert sorted(c for c in colours if c not in (None, "Colour", "nan")) == sorted(
        c for c in result.colours.values() if c
    )
    assert book["Version"]["A3"].value == "Score computed with version"
    # everything that stood in the prepared workbook stands there still
    for place, before, after in both(car, tmp_path / "report.xlsx"):
        if before.value is not None and "Scores" not in place:
            assert after.value == before.value, place


def test_open_scores_are_left_empty(car: Path) -> None:
    class Open:
        def score(self, path: str) -> None:
            return None

        def named(self, name: str) -> None:
            return None

    pages = report(Book(car), read(Book(car))[0], Open())
    scores = next(page for page in pages if page.title == "Test Scores")
    assert [scores.cells[row, 4].value for row in range(2, 8)] == [None] * 6


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    write_book(tmp_path / "template.xlsx", filled_template(5))
    digests = []
    for name, seed in (("one", 11), ("two", 11), ("three", 12)):
        pages, _ = prepare(Book(tmp_path / "template.xlsx"), seed)
        write_book(tmp_path / f"{name}.xlsx", pages)
        digests.append(hashlib.sha256((tmp_path / f"{name}.xlsx").read_bytes()).hexdigest())
    assert digests[0] == digests[1] != digests[2]


def test_blank_filled_and_read_says_what_was_filled_in(tmp_path: Path) -> None:
    for seed in range(2):
        pages = filled_template(seed, quality=0.5)
        path = prepared(tmp_path, seed, quality=0.5)
        facts = {row.name: row.value for row in read(Book(path))[0]}
        answered = sum(bool(e.options) and e.value in ("YES", "NO") for p in pages for e in p.cells.values())
        assert sum(name.endswith("/claimed") for name in facts) == answered
        words = ("Green", "Yellow", "Orange", "Brown", "Red")
        filled = sum(bool(e.options) and e.value in words for p in pages for e in p.cells.values())
        gone = sum(name.endswith("/taken_out") for name in facts)
        grey = sum(value == "grey" for name, value in facts.items() if name.endswith("/prediction"))
        read_back = sum(name.endswith("/prediction") for name in facts) - grey
        assert filled - 4 * gone <= read_back <= filled - gone or (gone == 0 and read_back == filled)


def test_an_unprepared_template_is_refused(tmp_path: Path) -> None:
    write_book(tmp_path / "ca_template.xlsx", blank())
    with pytest.raises(InputError, match="not prepared"):
        read(Book(tmp_path / "ca_template.xlsx"))


def test_the_workbook_of_another_stage_is_refused(tmp_path: Path) -> None:
    pages = [page for page in blank() if page.title in ("Input parameters", "Version", "Test Scores")]
    write_book(tmp_path / "other.xlsx", pages)
    for step in (read, lambda book: prepare(book, 0)):
        with pytest.raises(InputError, match="another stage"):
            step(Book(tmp_path / "other.xlsx"))


def test_a_blank_template_is_prepared_without_any_test(tmp_path: Path) -> None:
    write_book(tmp_path / "ca_template.xlsx", blank())
    pages, findings = prepare(Book(tmp_path / "ca_template.xlsx"), 1)
    assert not findings
    write_book(tmp_path / "ca_input.xlsx", pages)
    rows, findings = read(Book(tmp_path / "ca_input.xlsx"))
    assert not findings
    said = {str(row.value) for row in rows if row.name.count("/") > 1 or not row.name.endswith("/tested")}
    assert said <= {"grey"}


@pytest.mark.parametrize(
    ("sheet", "row", "column", "value", "code"),
    [
        ("FC - Car & PTW pred.", 3, 4, "Blue", "colour_not_offered"),
        ("FC - Car & PTW pred.", 3, 4, "Yellow", "colour_not_offered"),
        ("FC - Car & PTW robust. pred.", 2, 3, "MAYBE", "not_a_word"),
        ("Input parameters", 2, 7, "Guessed", "not_a_word"),
        ("LSC - Ped & Cyc pred.", 24, 2, "Green", "better_than_response"),
    ],
)
def test_templates_with_mistakes_are_not_prepared(
    tmp_path: Path, sheet: str, row: int, column: int, value: str, code: str
) -> None:
    pages = filled_template(1)
    if code == "better_than_response":
        put(pages, "Input parameters", 56, 7, "Information")
    put(pages, sheet, row, column, value)
    write_book(tmp_path / "template.xlsx", pages)
    made, findings = prepare(Book(tmp_path / "template.xlsx"), 1)
    assert made == []
    errors = [finding for finding in findings if finding.severity == "error"]
    assert {finding.code.split(".")[-1] for finding in errors} == {code}
    for finding in errors:
        assert "template.xlsx: " in finding.place
        assert finding.text("zh") != finding.text("en")


def test_rows_that_repeat_each_other_are_predicted_alike(tmp_path: Path) -> None:
    pages = filled_template(1)
    put(pages, "FC - Ped & Cyc pred.", 9, 3, "AEB")
    put(pages, "FC - Ped & Cyc pred.", 9, 7, "Red")
    put(pages, "FC - Ped & Cyc pred.", 7, 7, "Green")
    write_book(tmp_path / "template.xlsx", pages)
    made, findings = prepare(Book(tmp_path / "template.xlsx"), 1)
    assert made == []
    (finding,) = (finding for finding in findings if finding.severity == "error")
    assert finding.place.endswith("FC - Ped & Cyc pred.!G9")
    assert "G7" in finding.text()


@pytest.mark.parametrize(
    "title", ["FC - Ped & Cyc verif.", "LDC - Single Veh verif.", "LSC - Ped & Cyc verif."]
)
def test_a_missing_sheet_of_tests_scores_nothing_by_the_calculator(car: Path, title: str) -> None:
    book = openpyxl.load_workbook(car)
    del book[title]
    without = car.with_name(f"without_{title[:8].replace(' ', '')}.xlsx")
    book.save(without)
    rows, findings = read(Book(without), calculator=True)
    assert [finding.severity for finding in findings] == ["warning"]
    evaluation = evaluated([{row.name: row.value for row in rows}], "calculator")
    result = score(facts_of(without), "calculator")
    for path, expected in {**result.tests, **result.categories, **result.scenarios}.items():
        low, high = (float(bound[0]) for bound in evaluation.score(paths()[path]))
        assert low == high == pytest.approx(expected, abs=0.0005 + 1e-9), path
    _, findings = read(Book(without))
    assert [finding.severity for finding in findings] == ["error"]
