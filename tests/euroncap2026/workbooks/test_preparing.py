"""Blank to filled to prepared to read: what was filled in comes back, and what is wrong with a template is said."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carindex.euroncap.cells import Book
from carindex.euroncap.crash_protection import blank, prepare, read
from carindex.euroncap.crash_protection.draw import draw_head
from carindex.euroncap.pages import Page, write_book
from carindex.euroncap.stages import STAGES, stage_of

from ..crash_protection.structure import rows, sub_elements
from .cars import book_of

GRID = "CP - VRU Prediction"
# the words of the template, typed here once more: key of a cell, and how the template spells it
HEAD = {
    "D Green": "d_green",
    "Green": "green",
    "Yellow": "yellow",
    "Orange": "orange",
    "Brown": "brown",
    "Red": "red",
    "D Red": "d_red",
    "Green-40": "green_40",
    "Green-30": "green_30",
    "Green-20": "green_20",
    "Blue": "blue",
}


def page_of(pages: list[Page], title: str) -> Page:
    return next(page for page in pages if page.title == title)


def put(page: Page, row: int, column: int, value: Any) -> None:
    """Fill in a cell as a person does: its look stays."""
    entry = page.cells[row, column]
    page.put(row, column, value, fill=entry.fill, options=entry.options)


def filled_template(seed: int) -> tuple[list[Page], dict[str, Any]]:
    """A template filled in at random, and the facts it states."""
    rng = random.Random(seed)
    pages = blank()
    facts: dict[str, Any] = {}
    inputs = page_of(pages, "Input parameters")
    third = rng.choice(["N/A", 24, None])
    number = rng.randint(10, 20)
    for row, value, name in (
        (7, rng.choice(["Yes", "No"]), "car/farside_countermeasure"),
        (8, rng.choice(["Yes", "No"]), "car/farside_red_line_outboard"),
        (9, rng.randint(15, 30), "head_restraint_static_rear/rear_second_row/hpm/torso_angle"),
        (10, third, "head_restraint_static_rear/rear_third_row/hpm/torso_angle"),
        (11, number, "vru_headform/number_of_verification_tests"),
        (12, rng.randint(5, 8), "vru_upper_legform/number_of_verification_tests"),
        (13, rng.randint(5, 8), "vru_lower_legform/number_of_verification_tests"),
    ):
        put(inputs, row, 5, value)
        if value not in (None, "N/A"):
            facts[name] = value.lower() if isinstance(value, str) else value
    facts["car/third_seat_row"] = "yes" if isinstance(third, int) else "no"
    for page in pages:
        if page.title not in {row.sheet for row in rows().values()}:
            continue
        for (row, column), entry in list(page.cells.items()):
            if "Brown" in entry.options and rng.random() < 0.5:
                put(page, row, column, rng.choice(entry.options))
    grid = page_of(pages, GRID)
    half = rng.randint(2, 10)
    for row in range(4, 23):
        for column in range(15 - half, 16 + half):
            if rng.random() < 0.9:
                word = rng.choice(list(HEAD))
                put(grid, row, column, word)
                facts[f"vru_headform/{22 - row}_{15 - column}/cell"] = HEAD[word]
    for i, test in enumerate(("vru_upper_legform", "vru_lower_legform", "vru_lower_legform")):
        for column in range(15 - half, 16 + half):
            word = rng.choice(["T", "ST", "SA"])
            put(grid, 27 + i, column, word)
            facts[f"{test}/{i}_{15 - column}/cell"] = word.lower()
    return pages, facts


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 100_000), st.integers(0, 1_000))
def test_what_was_filled_in_comes_back(tmp_path: Path, car: int, seed: int) -> None:
    pages, facts = filled_template(car)
    template = book_of(pages, tmp_path / "cp_template.xlsx")
    prepared, findings = prepare(template, seed)
    assert findings == []
    book = book_of(prepared, tmp_path / "cp_input.xlsx")
    found, errors = read(book)
    assert errors == []
    said = {row.name: row.value for row in found}
    # that all of a grid is there is said of its test; of a point it says that it was tested
    whole = {name for name in said if name.endswith("/tested") and name.count("/") == 1}
    tested = {name for name in said if name.endswith("/tested")} - whole
    predicted = {name: value for name, value in said.items() if name.endswith("/predicted")}
    # what the draw may change: a cell that waits for it becomes one that is tested on one side
    for name in said.keys() & facts.keys():
        assert said[name] == facts[name] or (facts[name], said[name]) == ("sa", "st"), name
    assert said.keys() == facts.keys() | tested | whole | predicted.keys()
    always = {"blue", "green_20", "green_30", "green_40"}
    cells = {
        (int(at.split("_")[0]), int(at.split("_")[1])): word
        for name, word in facts.items()
        if name.startswith("vru_headform/") and name.endswith("/cell")
        for at in [name.split("/")[1]]
    }
    drawn = {*draw_head(cells, facts["vru_headform/number_of_verification_tests"], seed)}
    drawn |= {point for point, word in cells.items() if word in always}
    assert tested == {f"vru_headform/{row}_{column}/tested" for row, column in drawn}
    filled = [
        (page.title, entry.value)
        for page in pages
        for entry in page.cells.values()
        if "Brown" in entry.options and "D Red" not in entry.options and entry.value
    ]
    assert sorted(value.lower() for _, value in filled) == sorted(predicted.values())


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    template = book_of(filled_template(1)[0], tmp_path / "cp_template.xlsx")
    for name, seed in (("a.xlsx", 3), ("b.xlsx", 3), ("c.xlsx", 4)):
        write_book(tmp_path / name, prepare(template, seed)[0])
    first = (tmp_path / "a.xlsx").read_bytes()
    assert first == (tmp_path / "b.xlsx").read_bytes()
    assert first != (tmp_path / "c.xlsx").read_bytes()


def test_a_prepared_workbook_keeps_its_draw(tmp_path: Path) -> None:
    template = book_of(filled_template(2)[0], tmp_path / "cp_template.xlsx")
    pages, _ = prepare(template, 5)
    book = book_of(pages, tmp_path / "cp_input.xlsx")
    again, findings = prepare(book, 99)
    assert [one.code.rsplit(".", 1)[1] for one in findings] == ["draw_kept"]
    write_book(tmp_path / "again.xlsx", again)
    assert (tmp_path / "again.xlsx").read_bytes() == book.path.read_bytes()


def test_a_draw_that_was_changed_is_said(tmp_path: Path) -> None:
    template = book_of(filled_template(2)[0], tmp_path / "cp_template.xlsx")
    pages, _ = prepare(template, 5)
    head = page_of(pages, "CP - VRU Head Impact")
    last = max(row for row, _ in head.cells)
    for column in range(1, 12):
        head.cells.pop((last, column), None)
    _, findings = prepare(book_of(pages, tmp_path / "cp_input.xlsx"), 5)
    assert {"draw_kept", "unfair_draw"} <= {one.code.rsplit(".", 1)[1] for one in findings}


@pytest.mark.parametrize(
    ("sheet", "row", "column", "value", "code"),
    [
        (GRID, 10, 12, "Purple", "unknown_word"),
        (GRID, 28, 12, "Green", "unknown_word"),
        ("Input parameters", 11, 5, 9, "too_few_points"),
        ("Input parameters", 11, 5, None, "too_few_points"),
        ("Input parameters", 11, 5, "ten", "not_a_number"),
        ("Input parameters", 7, 5, "perhaps", "unknown_word"),
        ("CP - Frontal Offset", 3, 9, "Blue", "unknown_word"),
        (GRID, 10, 4, 13, "moved"),
        ("Version", 1, 2, "5.3.0", "other_version"),
    ],
)
def test_what_is_wrong_with_a_template(
    tmp_path: Path, sheet: str, row: int, column: int, value: Any, code: str
) -> None:
    pages, _ = filled_template(3)
    page_of(pages, sheet).put(row, column, value)
    book = book_of(pages, tmp_path / "cp_template.xlsx")
    _, findings = prepare(book, 0)
    found = {one.code.rsplit(".", 1)[1]: one for one in findings}
    assert code in found
    assert found[code].severity == "error"
    assert found[code].place.startswith(f"{book.path}: {sheet}!") or code == "too_few_points"
    for language in ("en", "zh"):
        assert "{" not in found[code].line(language)


def test_the_stages_can_make_prepare_read_and_report() -> None:
    for name in ("crash_protection", "post_crash", "overall"):
        books = stage_of(name).books
        assert all(callable(getattr(books, job)) for job in ("blank", "prepare", "read", "report"))
    assert len(STAGES) == 5
    assert len(sub_elements()) == 9


def test_a_prepared_workbook_is_a_book(tmp_path: Path) -> None:
    path = tmp_path / "cp_template.xlsx"
    write_book(path, filled_template(4)[0])
    pages, _ = prepare(Book(path), 0)
    assert [page.title for page in pages][-6:] == [
        "CP - VRU Prediction",
        "CP - VRU Head Impact",
        "CP - VRU Pelvis & Leg Impact",
        "Version",
        "Documentation",
        "Data",
    ]
