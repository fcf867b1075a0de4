"""A crash-protection workbook made here, cell by cell: what is filled in is read, and every bad cell is named."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carindex.euroncap import crash_protection
from carindex.euroncap.cells import Book
from carindex.euroncap.crash_protection.content import content
from carindex.euroncap.pages import Page, write_book
from carindex.messages import InputError

SIZES = {True: -1.0, False: 1.0}


def prepared(folder: Path) -> Path:
    """Write a workbook prepared for testing, without any value."""
    write_book(folder / "cp_template.xlsx", crash_protection.blank())
    pages, _ = crash_protection.prepare(Book(folder / "cp_template.xlsx"), 0)
    write_book(folder / "cp_input.xlsx", pages)
    return folder / "cp_input.xlsx"


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Path:
    return prepared(tmp_path_factory.mktemp("book"))


def changed(empty: Path, target: Path, sheet: str, cell: str, value) -> Book:
    book = openpyxl.load_workbook(empty)
    book[sheet][cell] = value
    book.save(target)
    return Book(target)


def errors(findings) -> list:
    return [finding for finding in findings if finding.severity == "error"]


def test_an_empty_workbook_states_nothing_and_has_nothing_wrong(empty):
    rows, findings = crash_protection.read(Book(empty))
    assert [(row.name, row.value) for row in rows] == [("car/third_seat_row", "no")]
    assert findings == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_filled_in_is_read(empty, tmp_path, data):
    book = openpyxl.load_workbook(empty)
    title = data.draw(st.sampled_from(sorted(content().lines)))
    sheet = book[title]
    column = next(cell.column for cell in sheet[1] if cell.value == "Value")
    wanted = {}
    for number, line in enumerate(content().lines[title].values(), start=2):
        assert sheet.cell(number, 5).value == line.labels[4]
        if line.kind in ("criterion", "modifier") and data.draw(st.booleans()):
            value = data.draw(st.integers(0, 9000)) / 100
            sheet.cell(number, column).value = value
            wanted[line.fact] = SIZES[line.size] * value
    book.save(tmp_path / "cp_input.xlsx")
    found, findings = crash_protection.read(Book(tmp_path / "cp_input.xlsx"))
    facts = {row.name: row.value for row in found if row.name != "car/third_seat_row"}
    unpredicted = {name for name, value in facts.items() if value == "none"}
    assert {name.removesuffix("/predicted") for name in unpredicted} <= wanted.keys()
    assert {name: value for name, value in facts.items() if name not in unpredicted} == pytest.approx(wanted)
    assert errors(findings) == []


@pytest.mark.parametrize("value", ["oops", "1,5", "12 mm", True])
def test_text_for_a_number_is_refused_with_its_place(empty, tmp_path, value):
    """The programme's own tool reads it as 0.0 and colours it green."""
    rows, findings = crash_protection.read(
        changed(empty, tmp_path / "cp_input.xlsx", "CP - Frontal Offset", "J3", value)
    )
    (error,) = errors(findings)
    assert error.place.endswith("cp_input.xlsx: CP - Frontal Offset!J3")
    assert len(rows) == 1
    lenient, _ = crash_protection.read(Book(tmp_path / "cp_input.xlsx"), calculator=True)
    if value is not True:
        assert [row.value for row in lenient if row.place == error.place] == [0.0]


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "code"),
    [
        ("CP - Frontal Offset", "J3", -1, "not_possible"),
        ("CP - Frontal Offset", "I3", "purple", "unknown_word"),
        ("CP - Body region scores", "I2", 101, "not_possible"),
        ("Test Scores", "D2", 250, "not_possible"),
        ("CP - Frontal Offset", "E3", "HIC16", "unknown_line"),
        ("Input parameters", "E7", "perhaps", "unknown_word"),
    ],
)
def test_impossible_cells_are_named(empty, tmp_path, sheet, cell, value, code):
    _, findings = crash_protection.read(changed(empty, tmp_path / "cp_input.xlsx", sheet, cell, value))
    places = [finding.place.split(": ")[1] for finding in errors(findings)]
    assert any(place in (f"{sheet}!{cell}", f"{sheet}!A{cell[1:]}") for place in places)
    assert f"euroncap/forms.{code}" in [finding.code for finding in errors(findings)]
    assert all(finding.line(language) for finding in findings for language in ("en", "zh"))


def test_an_edited_limit_is_a_warning_and_ours_counts(empty, tmp_path):
    _, findings = crash_protection.read(
        changed(empty, tmp_path / "cp_input.xlsx", "CP - Frontal Offset", "F3", 5000)
    )
    assert [(finding.code, finding.severity) for finding in findings] == [
        ("euroncap/forms.other_limit", "warning")
    ]


def test_a_template_and_a_workbook_of_another_stage_are_refused(empty, tmp_path):
    with pytest.raises(InputError) as error:
        crash_protection.read(Book(empty.parent / "cp_template.xlsx"))
    assert error.value.code == "euroncap/forms.not_prepared"
    write_book(tmp_path / "other.xlsx", [Page("Input parameters")])
    with pytest.raises(InputError) as error:
        crash_protection.read(Book(tmp_path / "other.xlsx"))
    assert error.value.code == "euroncap/forms.other_workbook"


def test_a_missing_sheet_is_named(empty, tmp_path):
    book = openpyxl.load_workbook(empty)
    del book["CP - Side Pole"]
    book.save(tmp_path / "cp_input.xlsx")
    _, findings = crash_protection.read(Book(tmp_path / "cp_input.xlsx"))
    (error,) = errors(findings)
    assert (error.code, error.parameters["sheet"]) == ("euroncap/forms.no_sheet", "CP - Side Pole")
