"""The overall workbook: what it asks for, what is wrong with it, and its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from carindex.euroncap.cells import Book
from carindex.euroncap.overall import blank, prepare, read, report
from carindex.euroncap.pages import Page, write_book
from carindex.messages import InputError

from ..crash_protection.test_reference import SEEDS, case
from ..overall.reference import inputs_of, rules
from .books import compared
from .cars import book_of

INPUTS = "Input parameters"


def filled(year: Any, provision: Any) -> list[Page]:
    pages = blank()
    pages[0].put(2, 3, year)
    pages[0].put(3, 3, provision)
    return pages


@pytest.mark.shared
@pytest.mark.parametrize("seed", SEEDS)
def test_ready_cars_are_read(shared: Path, seed: int) -> None:
    path = case(shared, seed) / "overall_input.xlsx"
    slow = inputs_of(path)
    for calculator in (False, True):
        found, findings = read(Book(path), calculator=calculator)
        assert findings == []
        assert {row.name: row.value for row in found} == {
            "car/test_year": str(slow["vehicle/test_year"]),
            "car/vehicle_provision_score": slow["vehicle/provision_assessment_score"],
        }


@pytest.mark.shared
def test_the_template_is_the_programmes(shared: Path, tmp_path: Path) -> None:
    write_book(tmp_path / "blank.xlsx", blank())
    found = compared(tmp_path / "blank.xlsx", case(shared, 10) / "overall_input.xlsx")
    assert [(place, ours) for place, ours, _ in found] == [(f"{INPUTS}!C2", None), (f"{INPUTS}!C3", None)]


@pytest.mark.parametrize("year", [2026, 2027, 2028, "2027"])
@pytest.mark.parametrize("provision", [0, 6.5, 10, None])
def test_what_was_filled_in_comes_back(tmp_path: Path, year: Any, provision: Any) -> None:
    book = book_of(filled(year, provision), tmp_path / "overall_template.xlsx")
    found, findings = read(book)
    assert {one.severity for one in findings} <= {"warning"}
    said = {row.name: row.value for row in found}
    assert said.pop("car/test_year") == str(year)
    assert said == ({} if provision is None else {"car/vehicle_provision_score": provision})
    assert {row.place.removeprefix(f"{book.path}: ") for row in found} <= {f"{INPUTS}!C2", f"{INPUTS}!C3"}
    pages, _ = prepare(book, 0)
    write_book(tmp_path / "again.xlsx", pages)
    assert compared(tmp_path / "again.xlsx", book.path) == []


@pytest.mark.parametrize(
    ("year", "provision", "code", "in_protocol", "in_calculator"),
    [
        (2025, 7, "unknown_word", {"provision": 7}, {"year": "2028", "provision": 7}),
        (2031, 7, "unknown_word", {"provision": 7}, {"year": "2028"}),
        ("soon", 7, "unknown_word", {"provision": 7}, {"year": "2028"}),
        (None, 7, None, {"provision": 7}, {"year": "2028"}),
        (2027, -1, "not_possible", {"year": "2027"}, {"year": "2027", "provision": -1}),
        (2027, "good", "not_a_number", {"year": "2027"}, {"year": "2027"}),
        (True, True, "unknown_word", {}, {"year": "2028"}),
    ],
)
def test_what_cannot_be_used_is_named(
    tmp_path: Path, year: Any, provision: Any, code: str | None, in_protocol: dict, in_calculator: dict
) -> None:
    book = book_of(filled(year, provision), tmp_path / "overall_template.xlsx")
    names = {"year": "car/test_year", "provision": "car/vehicle_provision_score"}
    for calculator, expected in ((False, in_protocol), (True, in_calculator)):
        found, findings = read(book, calculator=calculator)
        assert {row.name: row.value for row in found} == {names[k]: v for k, v in expected.items()}
        if not calculator:
            codes = {one.code.rsplit(".", 1)[1] for one in findings if one.severity == "error"}
            assert (code in codes) if code else not codes
        for one in findings:
            assert "{" not in one.line("en") + one.line("zh")


def test_edited_maxima_and_other_versions_are_said(tmp_path: Path) -> None:
    pages = filled(2027, 8)
    pages[2].put(3, 3, 90)
    pages[-1].put(1, 2, "4.9.0")
    _, findings = read(book_of(pages, tmp_path / "overall_template.xlsx"))
    assert [(one.code.rsplit(".", 1)[1], one.severity) for one in findings] == [
        ("other_version", "error"),
        ("other_limit", "warning"),
    ]


def test_workbooks_of_a_stage_are_refused(tmp_path: Path) -> None:
    from carindex.euroncap import crash_protection, post_crash

    for pages in (crash_protection.blank(), post_crash.blank()):
        with pytest.raises(InputError, match="not a workbook of"):
            read(book_of(pages, tmp_path / "other.xlsx"))


class Numbered:
    """A rating whose scores tell nodes from each other; one is open, one counts otherwise than it is."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def score(self, path: str) -> float | None:
        self.asked.append(path)
        return None if path == "post_crash" else len(self.asked) + 0.0005

    def named(self, name: str) -> float | None:
        if name == "#stars":
            return 4.0
        if name == "crash_protection/frontal_impact/fw#counted":
            return 3.25
        raise KeyError(name)


def test_every_stage_element_and_test_has_its_score(tmp_path: Path) -> None:
    book = book_of(filled(2027, 8), tmp_path / "overall_template.xlsx")
    rating = Numbered()
    pages = {page.title: page for page in report(book, [], rating)}
    assert pages["Rating"].cells[2, 1].value == 4
    assert pages["Stage Scores"].cells[5, 2].value is None
    # the paths are those of the rules, in the order of the sheets
    stages = rules()["stages"]
    elements = [f"{stage}/{key}" for stage, rule in stages.items() for key in rule["elements"]]
    tests = sum(len(part["tests"]) for rule in stages.values() for part in rule["elements"].values())
    assert rating.asked[:4] == list(stages)
    assert rating.asked[4:17] == elements
    assert len(rating.asked) == 4 + 13 + tests - 1
    shown = pages["Test Scores"]
    rows = {shown.cells[row, 3].value: shown.cells[row, 4].value for row in range(2, 2 + tests)}
    assert rows["FW"] == 3.25
    assert rows["Seatbelt usage"] == 18.001, "half a thousandth is rounded up"
    assert pages["Version"].cells[3, 1].value == "Score computed with version"


def test_what_is_open_stays_empty(tmp_path: Path) -> None:
    class Open:
        def score(self, path: str) -> float | None:
            return None

        def named(self, name: str) -> float | None:
            return None

    book = book_of(filled(2027, 8), tmp_path / "overall_template.xlsx")
    for page in report(book, [], Open()):
        scores = [c for (r, c), e in page.cells.items() if r == 1 and e.value in ("Score", "Star rating")]
        for column in scores:
            assert all(e.value is None for (r, c), e in page.cells.items() if c == column and r > 1)
