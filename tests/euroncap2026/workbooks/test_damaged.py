"""Damaged workbooks: nothing but an input error is raised, and no value is lost without a word."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from carindex.euroncap import overall, post_crash
from carindex.euroncap.cells import Book, letters
from carindex.euroncap.crash_protection import read
from carindex.euroncap.pages import Page, write_book
from carindex.messages import InputError
from carindex.messages.catalogue import entry

from ..crash_protection.test_reference import GOOD_FACTS
from .cars import prepared_of

OFFSET, REGIONS, TESTS = "CP - Frontal Offset", "CP - Body region scores", "Test Scores"
GRID, HEAD, LEGS = "CP - VRU Prediction", "CP - VRU Head Impact", "CP - VRU Pelvis & Leg Impact"
JUNK: list[Any] = [
    "abc", "n/a", "12.5", "1,5", -3, -0.01, 1e9, 1e308, 150, 0, 3, True, False, "Green", "yes", "PASS", "X", "-", " ", "５", "#REF!", "1e999",
]  # fmt: skip


def good() -> list[Page]:
    return prepared_of(GOOD_FACTS)


def page_of(pages: list[Page], title: str) -> Page:
    return next(page for page in pages if page.title == title)


def put(page: Page, row: int, column: int, value: Any) -> None:
    before = page.cells.get((row, column))
    page.put(row, column, value, fill=before.fill if before else None)


def taken(
    pages: list[Page], path: Path, **how: Any
) -> tuple[dict[str, Any], dict[str, str], dict[str, list[Any]]]:
    """Facts, their places, and findings by place (without the file)."""
    write_book(path, pages)
    found, findings = read(Book(path), **how)
    said: dict[str, list[Any]] = {}
    for one in findings:
        said.setdefault(one.place.removeprefix(f"{path}: "), []).append(one)
        for language in ("en", "zh"):
            assert "{" not in one.line(language) + one.consequence(language)
            assert str(path) in one.line(language)
    places = {row.place.removeprefix(f"{path}: "): row.name for row in found}
    return {row.name: row.value for row in found}, places, said


def said_of(path: Path, take: Callable[..., Any]) -> list[Any]:
    """Everything that is said of a workbook; that it cannot be used at all is one finding."""
    try:
        return list(take(Book(path))[1])
    except InputError as error:
        return [error.as_finding()]


# ---- one cell at a time ----------------------------------------------------------------------------------------------------------

CELLS = [
    # sheet, row, column, what stands there, what is said, severity in protocol and in calculator mode
    (OFFSET, 3, 10, "abc", "not_a_number", "error", "text_counts_as", "warning"),
    (OFFSET, 3, 10, "500", "number_as_text", "warning", "number_as_text", "warning"),
    (OFFSET, 3, 10, -1, "not_possible", "error", "not_possible", "warning"),
    (OFFSET, 3, 10, True, "not_a_number", "error", "not_a_number", "error"),
    (OFFSET, 3, 10, "n/a", "counts_as_empty", "warning", "counts_as_empty", "warning"),
    (OFFSET, 8, 10, "abc", "not_a_number", "error", "not_a_number", "error"),
    (OFFSET, 17, 10, -2.5, "not_possible", "error", "not_possible", "warning"),
    (OFFSET, 3, 9, "Purple", "unknown_word", "error", "unknown_word", "error"),
    (OFFSET, 2, 9, "Green", "not_predicted", "warning", "not_predicted", "warning"),
    (OFFSET, 3, 6, 600, "other_limit", "warning", "other_limit", "warning"),
    (OFFSET, 3, 8, None, "other_limit", "warning", "other_limit", "warning"),
    (OFFSET, 4, 5, "Ares-5ms", "unknown_line", "error", "unknown_line", "error"),
    (OFFSET, 4, 5, "HIC15", "line_twice", "error", "line_twice", "error"),
    (OFFSET, 4, 5, None, "stray_value", "error", "stray_value", "error"),
    (OFFSET, 1, 10, "Valeu", "no_column", "error", "no_column", "error"),
    (TESTS, 2, 4, 101, "not_possible", "error", "not_possible", "warning"),
    (TESTS, 2, 6, 25, "other_limit", "warning", "other_limit", "warning"),
    (REGIONS, 2, 9, "ten", "not_a_number", "error", "not_a_number", "error"),
    (REGIONS, 2, 9, -1, "not_possible", "error", "not_possible", "warning"),
    (REGIONS, 5, 11, 9, "other_limit", "warning", "other_limit", "warning"),
    ("CP - Dummy Scores", 3, 9, 9, "other_limit", "warning", "other_limit", "warning"),
    ("CP - Side Pole", 5, 10, "maybe", "unknown_word", "error", "word_counts_as", "warning"),
    ("CP - Side Farside", 9, 9, "Purple", "unknown_word", "error", "unknown_word", "error"),
    ("CP - Rear Whiplash", 41, 9, "perhaps", "unknown_word", "error", "unknown_word", "warning"),
    ("Input parameters", 7, 5, "maybe", "unknown_word", "error", "unknown_word", "error"),
    ("Input parameters", 9, 5, "N/A", "counts_as_empty", "warning", "counts_as_empty", "warning"),
    ("Input parameters", 2, 5, 3, "stray_value", "error", "stray_value", "error"),
    ("Input parameters", 11, 5, 10.5, "not_whole", "error", "not_whole", "warning"),
    ("Input parameters", 11, 4, "Tests", "unknown_line", "error", "unknown_line", "error"),
    (GRID, 10, 12, "Purple", "word_on_fill", "error", "word_on_fill", "warning"),
    (GRID, 28, 15, "Q", "unknown_word", "error", "unknown_word", "error"),
    (GRID, 3, 5, 9, "moved", "error", "moved", "error"),
    (HEAD, 2, 5, "(99, 0)", "unknown_line", "error", "unknown_line", "error"),
    (HEAD, 2, 10, "Brown", "other_prediction", "error", "other_prediction", "error"),
    (HEAD, 2, 11, "abc", "not_a_number", "error", "text_counts_as", "warning"),
    (HEAD, 2, 7, 700, "other_limit", "warning", "other_limit", "warning"),
    (HEAD, 2, 4, "Child", "other_label", "warning", "other_label", "warning"),
    (LEGS, 3, 10, "Sa", "other_prediction", "error", "other_prediction", "error"),
    (LEGS, 3, 10, "Tee", "unknown_word", "error", "unknown_word", "error"),
    (LEGS, 3, 6, "Sum of farces", "unknown_line", "error", "unknown_line", "error"),
    ("Version", 2, 2, "5.3.1", "other_version", "error", "other_version", "error"),
    ("Version", 2, 2, "5.4.10", "other_patch", "warning", "other_patch", "warning"),
]  # fmt: skip


@pytest.mark.parametrize("case", CELLS, ids=lambda case: f"{case[0]}-{case[1]}-{case[2]}-{case[3]}")
def test_a_cell_that_cannot_be_used_is_named(tmp_path: Path, case: tuple[Any, ...]) -> None:
    sheet, row, column, value, code, severity, other_code, other_severity = case
    pages = good()
    put(page_of(pages, sheet), row, column, value)
    write_book(tmp_path / "cp_input.xlsx", pages)
    for calculator, expected in ((False, (code, severity)), (True, (other_code, other_severity))):
        _, findings = read(Book(tmp_path / "cp_input.xlsx"), calculator=calculator)
        assert expected in {(one.code.rsplit(".", 1)[1], one.severity) for one in findings}
        found = next(one for one in findings if one.code.endswith(f".{expected[0]}"))
        where = (
            f"{sheet}!{letters(column)}{row}",
            f"{sheet}!A{row}",
            f"{sheet}!E{row}",
            f"{sheet}!A1",
            f"{sheet}!J{row}",
        )
        assert found.place.removeprefix(f"{tmp_path / 'cp_input.xlsx'}: ") in where


def test_a_fill_that_is_no_prediction_is_named(tmp_path: Path) -> None:
    pages = good()
    page_of(pages, GRID).put(10, 12, None, fill="123456")
    _, _, said = taken(pages, tmp_path / "cp_input.xlsx")
    assert [one.code for one in said[f"{GRID}!L10"]] == ["euroncap/crash_protection.unknown_fill"]


def test_a_point_without_mark_and_a_mark_without_point(tmp_path: Path) -> None:
    pages = good()
    grid = page_of(pages, GRID)
    marked = next(at for at, entry in grid.cells.items() if entry.value == "X")
    free = next(at for at, e in grid.cells.items() if e.fill == "009933" and e.value is None)
    put(grid, *marked, None)
    put(grid, *free, "X")
    _, _, said = taken(pages, tmp_path / "cp_input.xlsx")
    codes = {one.code.rsplit(".", 1)[1] for group in said.values() for one in group}
    assert codes == {"not_marked", "no_test"}


def filled(facts: dict) -> set[str]:
    """Return what stands in cells: neither what an empty cell says, nor that all of a grid is there."""
    return {
        name
        for name, value in facts.items()
        if value != "none" and not (name.endswith("/tested") and name.count("/") == 1)
    }


def test_a_formula_without_result_is_no_empty_cell(tmp_path: Path) -> None:
    path = tmp_path / "cp_input.xlsx"
    write_book(path, good())
    book = openpyxl.load_workbook(path)
    book[OFFSET]["J3"] = "=J4*10"
    book[OFFSET]["J4"] = "#DIV/0!"
    book.save(path)
    for calculator in (False, True):
        found, findings = read(Book(path), calculator=calculator)
        assert {one.place.rpartition("!")[2]: one.code for one in findings} == dict.fromkeys(
            ("J3", "J4"), "euroncap/forms.no_value"
        )
        assert len(filled({row.name: row.value for row in found})) == len(GOOD_FACTS) - 2


@pytest.mark.parametrize("sheet", [OFFSET, REGIONS, TESTS, "Input parameters", GRID, HEAD, LEGS])
def test_a_missing_sheet_is_named(tmp_path: Path, sheet: str) -> None:
    pages = [page for page in good() if page.title != sheet]
    facts, _, said = taken(pages, tmp_path / "cp_input.xlsx")
    everything = [one for group in said.values() for one in group]
    assert any(
        one.code == "euroncap/forms.no_sheet" and one.parameters["sheet"] == sheet for one in everything
    )
    assert len(filled(facts)) < len(GOOD_FACTS)


def test_a_deleted_row_is_named(tmp_path: Path) -> None:
    pages = good()
    page = page_of(pages, OFFSET)
    page.cells = {(r - (r > 4), c): entry for (r, c), entry in page.cells.items() if r != 4}
    facts, _, said = taken(pages, tmp_path / "cp_input.xlsx")
    (one,) = [one for group in said.values() for one in group]
    assert one.code == "euroncap/forms.no_line"
    assert "Ares-3ms" in one.line()
    assert "frontal_mpdb_50/driver/thor_50m/head_a3ms" not in facts
    assert len(filled(facts)) == len(GOOD_FACTS) - 1


# ---- hundreds at once --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_no_value_is_lost_without_a_word(tmp_path: Path, seed: int) -> None:
    """Forty cells of the user are overwritten at once: each becomes its fact, or is named, or is empty."""
    rng = random.Random(seed)
    pages = good()
    user = [
        (page, at)
        for page in pages
        for at, entry in page.cells.items()
        if entry.fill == "D9D9D9" and at[0] > 1 and page.title != GRID
    ]
    damaged = {}
    for page, (row, column) in rng.sample(user, 40):
        value = rng.choice(JUNK)
        put(page, row, column, value)
        damaged[f"{page.title}!{letters(column)}{row}"] = value
    calculator = bool(seed % 2)
    facts, places, said = taken(pages, tmp_path / "cp_input.xlsx", calculator=calculator)
    for place, value in damaged.items():
        if isinstance(value, str) and not value.strip():
            continue
        assert place in places or place in said, (place, value)
        if place in places and place not in said and isinstance(value, (int, float)):
            assert abs(facts[places[place]]) == abs(value) if not isinstance(value, bool) else True


@pytest.mark.parametrize("seed", range(16))
def test_nothing_but_an_input_error_is_raised(tmp_path: Path, seed: int) -> None:
    """Labels, headings, sheets and values are moved, deleted and overwritten."""
    rng = random.Random(seed)
    pages = good()
    for _ in range(rng.randint(1, 25)):
        page = rng.choice(pages)
        if not page.cells:
            continue
        at = rng.choice(list(page.cells))
        change = rng.randint(0, 5)
        if change == 0:
            put(page, *at, rng.choice(JUNK))
        elif change == 1:
            page.cells.pop(at)
        elif change == 2:
            page.put(*at, None, fill=rng.choice(["FFFFFF", "123456", "009933"]))
        elif change == 3:
            page.cells = {(r + (r >= at[0]), c): entry for (r, c), entry in page.cells.items()}
        elif change == 4:
            page.cells = {(r, c + (c >= at[1])): entry for (r, c), entry in page.cells.items()}
        elif len(pages) > 3:
            pages.remove(page)
    write_book(tmp_path / "cp_input.xlsx", pages)
    for calculator in (False, True):
        for one in said_of(tmp_path / "cp_input.xlsx", lambda book, c=calculator: read(book, calculator=c)):
            assert "{" not in one.line("en") + one.line("zh")


@pytest.mark.parametrize("take", [read, post_crash.read, overall.read])
@pytest.mark.parametrize("pages", [post_crash.blank(), overall.blank(), [Page("Sheet1")]])
def test_any_workbook_to_any_reader(tmp_path: Path, pages: list[Page], take: Callable[..., Any]) -> None:
    write_book(tmp_path / "book.xlsx", pages)
    for one in said_of(tmp_path / "book.xlsx", take):
        assert str(tmp_path) in one.line("en")


@pytest.mark.parametrize("room", ["euroncap/forms", "euroncap/crash_protection"])
def test_messages_are_in_both_languages(room: str) -> None:
    from carindex.messages.catalogue import _catalogue

    for name in _catalogue(room):
        message = entry(f"{room}.{name}")
        for part, texts in message.items():
            assert set(texts) == {"en", "zh"}, (name, part)
            assert sorted(_holes(texts["en"])) == sorted(_holes(texts["zh"])), name
        assert {"found", "expected", "action"} <= set(message)


def _holes(text: str) -> list[str]:
    import string

    return [field for _, field, _, _ in string.Formatter().parse(text) if field]
