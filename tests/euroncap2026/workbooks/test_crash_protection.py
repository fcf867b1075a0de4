"""The workbooks of Crash Protection against the programme's own, the slow reader and the slow reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from carindex.euroncap.cells import Book
from carindex.euroncap.crash_protection import blank, prepare, read, report
from carindex.euroncap.pages import write_book
from carindex.messages import InputError
from carindex.rating.compiled import compiled

from ..crash_protection.report_cells import differences, report_scores
from ..crash_protection.structure import rows
from ..crash_protection.test_reference import EDITED, GOOD_FACTS, GOOD_REPORT, SEEDS, case, edited, unnested
from ..crash_protection.workbook import _Reader, facts_of, regions
from .books import compared, official_blank
from .cars import Reference, book_of, our_name, prepared_of, shown

SLOWLY_READ = (10, 15, 23)


def named(facts: dict[str, Any]) -> dict[str, Any]:
    return {our_name(name): value for name, value in facts.items()}


def stated(found: list[Any]) -> dict[str, Any]:
    """Return what stands in cells; what empty cells say (`said_by_blanks`) is looked at and left aside."""
    facts = {row.name: row.value for row in found}
    assert len(facts) == len(found), "a fact is stated once"
    said = {name: value for name, value in facts.items() if value == "none" or name in WRITTEN_DOWN}
    facts = {name: value for name, value in facts.items() if name not in said}
    nothing = {name for name, value in said.items() if value == "none"}
    assert said_by_blanks(facts) <= nothing <= set(compiled("euro-ncap-2026").facts)
    return facts


WRITTEN_DOWN = {f"{test}/tested" for test in ("vru_headform", "vru_upper_legform", "vru_lower_legform")}


def said_by_blanks(facts: dict[str, Any]) -> set[str]:
    """Return the predictions that were not made of criteria that were measured."""
    asked = {name for name in compiled("euro-ncap-2026").facts if name.endswith("/predicted")}
    return {name for name in asked - facts.keys() if name.removesuffix("/predicted") in facts}


# ---- reading -------------------------------------------------------------------------------------------------------------------


@pytest.mark.shared
@pytest.mark.parametrize("seed", SLOWLY_READ)
def test_ready_cars_are_read_like_by_the_slow_reader(shared: Path, seed: int) -> None:
    path = case(shared, seed) / "cp_input.xlsx"
    book = openpyxl.load_workbook(path, data_only=True)
    slow = {mode: named(_Reader(book, path.name, mode).read()) for mode in ("protocol", "calculator")}
    found, findings = read(Book(path), calculator=True)
    assert stated(found) == slow["calculator"]
    found, errors = read(Book(path))
    assert {one.code for one in (*findings, *errors)} == {"euroncap/forms.not_possible"}
    # ready cars were drawn with some values that cannot be: each is an error that names the cell, and no fact
    places = {row.name: row.place for row in read(Book(path), calculator=True)[0]}
    impossible = slow["protocol"].keys() - stated(found).keys()
    assert {places[name] for name in impossible} == {error.place for error in errors}
    assert stated(found).items() <= slow["protocol"].items()


@pytest.mark.shared
def test_every_cell_names_its_place(shared: Path) -> None:
    path = case(shared, 12) / "cp_input.xlsx"
    book = openpyxl.load_workbook(path, data_only=True)
    for row in read(Book(path), calculator=True)[0]:
        sheet, _, cell = row.place.removeprefix(f"{path}: ").rpartition("!")
        value = book[sheet][cell].value
        if isinstance(row.value, (int, float)):
            assert abs(row.value) == abs(value), row


@pytest.mark.parametrize("name", ["good", *list(EDITED)[::16]])
def test_our_workbook_is_read_back(tmp_path: Path, name: str) -> None:
    facts = GOOD_FACTS if name == "good" else edited(name)
    book = book_of(prepared_of(facts), tmp_path / "cp_input.xlsx")
    found, findings = read(book, calculator=True)
    said = stated(found)
    assert said == named(facts)
    assert {one.severity for one in findings} <= {"warning"}


def test_our_workbook_is_read_by_the_slow_reader(tmp_path: Path) -> None:
    book = book_of(prepared_of(GOOD_FACTS), tmp_path / "cp_input.xlsx")
    assert facts_of(book.path) == GOOD_FACTS
    assert stated(read(book)[0]) == named(GOOD_FACTS)
    assert read(book)[1] == []


# ---- the template ---------------------------------------------------------------------------------------------------------------


def test_the_blank_template_asks_for_every_row_of_the_rules() -> None:
    pages = {page.title: page for page in blank()}
    for title in {row.sheet for row in rows().values()}:
        printed = [row for row in rows().values() if row.sheet == title]
        page = pages[title]
        criteria = [page.cells[row, 5].value for row in range(2, len(printed) + 2)]
        assert sorted(map(str, criteria)) == sorted(row.label for row in printed)
    scores = pages["CP - Body region scores"]
    assert [scores.cells[row, 6].value for row in range(2, len(regions()) + 2)] == [
        key[-1] for key in regions()
    ]


@pytest.mark.shared
def test_the_blank_template_is_the_programmes(shared: Path, tmp_path: Path) -> None:
    """Every value and every fill stands where it stands in a filled template, but for what was filled in."""
    write_book(tmp_path / "blank.xlsx", blank())
    found = compared(tmp_path / "blank.xlsx", case(shared, 10) / "cp_template.xlsx", fills=True)
    filled = [place for place, ours, _ in found if ours is None]
    assert len(filled) == len(found)
    assert all(official_blank(place) for place in filled)


def test_the_same_template_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        write_book(tmp_path / name, blank())
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


# ---- the report -----------------------------------------------------------------------------------------------------------------


@pytest.mark.shared
@pytest.mark.parametrize("seed", SEEDS[::4])
def test_reports_of_the_ready_cars_by_the_reference(shared: Path, tmp_path: Path, seed: int) -> None:
    """Every value and every fill of every sheet, computed by the slow reference."""
    book = Book(case(shared, seed) / "cp_input.xlsx")
    found, _ = read(book, calculator=True)
    facts = {row.name.replace("crash_protection/", ""): row.value for row in found}
    write_book(tmp_path / "report.xlsx", report(book, found, Reference(facts)))
    assert compared(tmp_path / "report.xlsx", case(shared, seed) / "cp_report.xlsx", fills=True) == []


@pytest.mark.parametrize("name", ["good", *list(EDITED)[::7]])
def test_reports_of_edited_cars(tmp_path: Path, name: str) -> None:
    """Every scoring cell of cars that the programme's calculator scored: blank cells, capping, thresholds."""
    facts = GOOD_FACTS if name == "good" else edited(name)
    theirs = GOOD_REPORT
    if name != "good":
        car = EDITED[name]
        theirs = {key: value for key, value in GOOD_REPORT.items() if key[0] not in car["absent"]}
        theirs |= unnested(car["report"])
    book = book_of(prepared_of(facts), tmp_path / "cp_input.xlsx")
    found, _ = read(book, calculator=True)
    pages = report(book, found, Reference(facts))
    assert differences(report_scores(shown(pages))[0], theirs) == {}


class Nothing:
    """A rating that is open everywhere, and publishes no value."""

    def score(self, path: str) -> float | None:
        return None

    def named(self, name: str) -> float | None:
        raise KeyError(name)


def test_what_is_open_stays_empty(tmp_path: Path) -> None:
    book = book_of(prepared_of(GOOD_FACTS), tmp_path / "cp_input.xlsx")
    pages = {page.title: page for page in report(book, read(book)[0], Nothing())}
    scores = [pages["Test Scores"].cells[row, 5].value for row in range(2, 11)]
    assert scores == [None] * 9
    assert (
        pages["CP - Frontal Offset"].cells[3, 10].value == GOOD_FACTS["frontal_mpdb_50/driver/thor_50m/hic15"]
    )


# ---- a workbook as a whole ------------------------------------------------------------------------------------------------------


def test_a_template_is_not_read(tmp_path: Path) -> None:
    book = book_of(blank(), tmp_path / "cp_template.xlsx")
    with pytest.raises(InputError) as error:
        read(book)
    assert "prepare the filled template first" in error.value.line("en")
    assert "请先对填好的模板进行准备" in error.value.line("zh")


def test_a_workbook_of_another_stage_is_refused(tmp_path: Path) -> None:
    from carindex.euroncap import overall, post_crash

    for pages in (post_crash.blank(), overall.blank()):
        book = book_of(pages, tmp_path / "other.xlsx")
        for take in (read, lambda book: prepare(book, 0)):
            with pytest.raises(InputError, match="Crash Protection"):
                take(book)
