"""The workbooks of Post-Crash against the programme's own, the slow reader and the slow reference."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from carindex.euroncap.cells import Book
from carindex.euroncap.pages import Page, write_book
from carindex.euroncap.post_crash import blank, prepare, read, report
from carindex.messages import InputError

from ..crash_protection.test_reference import SEEDS, case
from ..post_crash.reference import fact_names, facts_of, score
from ..post_crash.test_reference import EDITED, facts_of_run, official
from .books import compared
from .cars import book_of

CHECKS = (
    "RI - RS Verification",
    "RI - ERG Verification",
    "PCI - Advanced eCall Verif",
    "PCI - MCB & Hazard lights Verif",
    "VE - Energy Management Verif",
    "VE - Occupant Extrication Verif",
)
ENERGY, ECALL, INPUTS = CHECKS[4], CHECKS[2], "Input parameters"


class Scores:
    """Scores of the slow reference by path; what a rule between stages changes is not asked of it."""

    def __init__(self, scores: dict[str, float | None]) -> None:
        self.scores = scores

    def score(self, path: str) -> float | None:
        return self.scores[path.removeprefix("post_crash/")]

    def named(self, name: str) -> float | None:
        raise KeyError(name)


def template(seed: int) -> list[Page]:
    """A template with its parameters filled in at random."""
    rng = random.Random(seed)
    pages = blank()
    parameters = next(page for page in pages if page.title == INPUTS)
    for (row, column), entry in list(parameters.cells.items()):
        if entry.options and rng.random() < 0.8:
            parameters.put(row, column, rng.choice(entry.options), fill=entry.fill, options=entry.options)
    return pages


def filled(pages: list[Page], seed: int) -> list[str | None]:
    """Answer the checks at random; returns the answers in the order of the cells."""
    rng = random.Random(seed)
    given = []
    for page in pages:
        for (row, column), entry in sorted(page.cells.items()):
            if page.title in CHECKS and entry.options:
                value = rng.choice([*entry.options, None])
                page.put(row, column, value, fill=entry.fill, options=entry.options)
                given.append(value)
    return given


def checked_facts() -> list[str]:
    return [name for name in fact_names() if not name.endswith(("/type", "/place", "/glass_type"))]


def prepared(tmp_path: Path, seed: int) -> tuple[list[Page], list[str | None]]:
    pages, findings = prepare(book_of(template(seed), tmp_path / "pc_template.xlsx"), 0)
    assert findings == []
    return pages, filled(pages, seed)


@pytest.mark.parametrize("seed", range(6))
def test_what_was_answered_comes_back(tmp_path: Path, seed: int) -> None:
    pages, given = prepared(tmp_path, seed)
    found, findings = read(book_of(pages, tmp_path / "pc_input.xlsx"))
    assert findings == []
    expected = {name: value for name, value in zip(checked_facts(), given, strict=True) if value is not None}
    assert {row.name: row.value for row in found} == expected


def test_our_workbook_is_read_by_the_slow_reader(tmp_path: Path) -> None:
    pages, _ = prepared(tmp_path, 1)
    book = book_of(pages, tmp_path / "pc_input.xlsx")
    slow = facts_of(book.path)
    ours = {row.name: row.value for row in read(book)[0]}
    assert ours.items() <= slow.items()
    # parameters change no score and are no facts
    assert {name.rsplit("/", 1)[1] for name in slow.keys() - ours.keys()} <= {"type", "place", "glass_type"}


@pytest.mark.shared
@pytest.mark.parametrize("seed", SEEDS)
def test_ready_cars(shared: Path, tmp_path: Path, seed: int) -> None:
    """Read like by the slow reader; reported with the slow reference's scores, every cell and fill."""
    folder = case(shared, seed)
    book = Book(folder / "pc_input.xlsx")
    found, findings = read(book, calculator=True)
    assert findings == []
    slow = facts_of(book.path, "calculator")
    assert {row.name: row.value for row in found}.items() <= slow.items()
    assert len(found) == len(slow) - 7
    write_book(tmp_path / "report.xlsx", report(book, found, Scores(score(slow, "calculator").scores)))
    assert compared(tmp_path / "report.xlsx", folder / "pc_report.xlsx", fills=True) == []


@pytest.mark.shared
def test_templates_are_the_programmes(shared: Path, tmp_path: Path) -> None:
    write_book(tmp_path / "blank.xlsx", blank())
    found = compared(tmp_path / "blank.xlsx", case(shared, 10) / "pc_template.xlsx")
    assert len(found) == 7
    assert all(place.startswith(f"{INPUTS}!F") and ours is None for place, ours, _ in found)


@pytest.mark.parametrize("index", range(0, 60, 6))
def test_reports_of_edited_workbooks(tmp_path: Path, index: int) -> None:
    """Answers that the programme's calculator scored, some of them left out: its scores, cell by cell."""
    run = EDITED["runs"][index]
    pages, _ = prepared(tmp_path, 0)
    answers = iter(run["answers"])
    for page in pages:
        for (row, column), entry in sorted(page.cells.items()):
            if page.title in CHECKS and entry.options:
                page.put(row, column, next(answers), fill=entry.fill)
    book = book_of(pages, tmp_path / "pc_input.xlsx")
    found, _ = read(book, calculator=True)
    facts = {row.name: row.value for row in found}
    assert facts == facts_of_run(run)
    shown = report(book, found, Scores(score(facts, "calculator").scores))
    ours = [
        entry.value
        for title in ("Test Scores", "Category Scores", "Scenario Scores")
        for page in shown
        if page.title == title
        for (row, column), entry in sorted(page.cells.items())
        if row > 1 and page.cells[1, column].value == "Score"
    ]
    theirs = [score for *_, score in official(run)]
    assert sorted(map(str, map(number, ours))) == sorted(map(str, map(number, theirs)))


def number(value: Any) -> float | None:
    return None if value is None else round(float(value), 9)


@pytest.mark.parametrize(
    ("sheet", "row", "column", "value", "code", "in_calculator"),
    [
        (ECALL, 3, 3, "passed", "unknown_word", "FAIL"),
        (ECALL, 3, 3, 1, "unknown_word", "FAIL"),
        (ECALL, 3, 3, "n/a", "counts_as_empty", None),
        (ENERGY, 6, 3, "60 min", "unknown_word", "≤20 min"),
        (INPUTS, 2, 6, "Steam", "unknown_word", None),
        (ECALL, 3, 2, "Number of people", "unknown_line", None),
        (ECALL, 1, 3, "Vlaue", "no_column", None),
        ("Test Scores", 2, 5, 40, "other_limit", "PASS"),
        ("Scenario Scores", 2, 5, "Occupants", "unknown_line", "PASS"),
        ("Version", 1, 2, "5.4.9", None, "PASS"),
        ("Version", 2, 2, "6.0.0", "other_version", "PASS"),
    ],
)
def test_what_cannot_be_used_is_named(
    tmp_path: Path, sheet: str, row: int, column: int, value: Any, code: str | None, in_calculator: str | None
) -> None:
    pages, _ = prepared(tmp_path, 2)
    for page in pages:
        for at, entry in list(page.cells.items()):
            if page.title in CHECKS and entry.options:
                page.put(*at, entry.options[0], fill=entry.fill)
    next(page for page in pages if page.title == sheet).put(row, column, value)
    book = book_of(pages, tmp_path / "pc_input.xlsx")
    found, findings = read(book)
    codes = {one.code.rsplit(".", 1)[1] for one in findings}
    assert code in codes if code else not codes
    for one in findings:
        assert one.place.startswith(str(book.path))
        assert "{" not in one.line("en") + one.line("zh")
    fact = "advanced_ecall/112/potential_number_of_occupants/result"
    if sheet == ENERGY:
        fact = "energy_management/fulfilment_of_un_r100_03_with_predefined_leadtime/lead_time"
    if code == "unknown_word" and sheet != INPUTS:
        assert fact not in {row.name for row in found}
    if sheet != INPUTS:
        read_again = {row.name: row.value for row in read(book, calculator=True)[0]}
        assert read_again.get(fact) == in_calculator


def test_blanks_around_a_word(tmp_path: Path) -> None:
    """The programme's calculator takes them for an unknown word on one sheet; they say the same."""
    for sheet, in_calculator in ((ENERGY, "FAIL"), (ECALL, "PASS")):
        pages, _ = prepared(tmp_path, 3)
        next(page for page in pages if page.title == sheet).put(3, 3, " PASS ")
        book = book_of(pages, tmp_path / "pc_input.xlsx")
        place = f"{book.path}: {sheet}!C3"
        for calculator, expected in ((False, "PASS"), (True, in_calculator)):
            found, _ = read(book, calculator=calculator)
            assert [row.value for row in found if row.place == place] == [expected]


def test_other_workbooks_are_refused(tmp_path: Path) -> None:
    from carindex.euroncap import crash_protection

    for pages in (crash_protection.blank(), [Page("Sheet1")]):
        book = book_of(pages, tmp_path / "other.xlsx")
        for take in (read, lambda book: prepare(book, 0)):
            with pytest.raises(InputError, match="Post-Crash"):
                take(book)
    with pytest.raises(InputError, match="prepare the filled template first"):
        read(book_of(blank(), tmp_path / "pc_template.xlsx"))


def test_a_prepared_workbook_keeps_its_answers(tmp_path: Path) -> None:
    pages, _ = prepared(tmp_path, 4)
    book = book_of(pages, tmp_path / "pc_input.xlsx")
    again, findings = prepare(book, 0)
    assert findings == []
    write_book(tmp_path / "again.xlsx", again)
    assert compared(tmp_path / "again.xlsx", book.path, fills=True) == []
