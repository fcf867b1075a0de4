"""A crash-protection workbook made here, cell by cell: what is filled in is read, and every bad cell is named."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carindex.euroncap import crash_protection, occupants
from carindex.euroncap.cells import Book
from carindex.euroncap.pages import Page, write_book
from carindex.messages import InputError

LABELS = ["Loadcase", "Seat position", "Dummy", "Body region"]


def prepared(path: Path) -> Path:
    """Write a prepared workbook with every row and no values: labels of the programme's sheets, as the protocol has them."""
    pages = [Page("Input parameters"), Page("Test Scores"), Page("CP - Body region scores")]
    pages[0].put_row(1, ["Stage subelement", "Input parameter", "Value"])
    pages[0].put_row(2, ["Farside", "Countermeasure?"])
    pages[1].put_row(1, ["Stage element", "Stage subelement", "Inspection [%]"])
    pages[2].put_row(1, ["Stage element", "Stage subelement", *LABELS, "Inspection [%]"])
    number = 2
    for i, test in enumerate(occupants.tests().values(), start=2):
        pages[1].put_row(i, ["-", test.label["en"]])
        for dummy in occupants.dummies(test):
            for _, labels in occupants.regions(dummy):
                pages[2].put_row(number, ["-", *labels])
                number += 1
    for title in dict.fromkeys(row.sheet for row in occupants.printed_rows().values()):
        page = Page(title)
        page.put_row(1, [*LABELS, "Criteria", "HPL", "LPL", "OEM Prediction", "Value"])
        rows = [row for row in occupants.printed_rows().values() if row.sheet == title]
        for number, row in enumerate(rows, start=2):
            page.put_row(number, [*row.labels, *(row.limits or (None, None))])
        pages.append(page)
    pages.append(Page("CP - VRU Prediction"))
    for title in ("CP - VRU Head Impact", "CP - VRU Pelvis & Leg Impact"):
        page = Page(title)
        page.put_row(1, ["Loadcase", "Body region", "Test point", "Criteria", "OEM Prediction", "Value"])
        pages.append(page)
    version = Page("Version")
    version.put_row(1, ["Template version", "5.4.9"])
    version.put_row(2, ["Preprocessed with version", "5.4.9"])
    write_book(path, [*pages, version])
    return path


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Path:
    return prepared(tmp_path_factory.mktemp("book") / "cp_input.xlsx")


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
    titles = sorted({row.sheet for row in occupants.printed_rows().values()})
    title = data.draw(st.sampled_from(titles))
    wanted = {}
    rows = [row for row in occupants.printed_rows().values() if row.sheet == title]
    for number, row in enumerate(rows, start=2):
        if row.kind in ("criterion", "modifier") and data.draw(st.booleans()):
            value = data.draw(st.integers(0, 9000)) / 100
            book[title].cell(number, 9).value = value
            wanted[row.fact] = -value if row.take == "compression" else value
    book.save(tmp_path / "cp_input.xlsx")
    found, findings = crash_protection.read(Book(tmp_path / "cp_input.xlsx"))
    assert {row.name: row.value for row in found if row.name != "car/third_seat_row"} == pytest.approx(wanted)
    assert errors(findings) == []


@pytest.mark.parametrize("value", ["oops", "1,5", "12 mm", True])
def test_text_for_a_number_is_refused_with_its_place(empty, tmp_path, value):
    """The programme's own tool reads it as 0.0 and colours it green."""
    rows, findings = crash_protection.read(
        changed(empty, tmp_path / "cp_input.xlsx", "CP - Frontal Offset", "I3", value)
    )
    (error,) = errors(findings)
    assert error.place.endswith("cp_input.xlsx: CP - Frontal Offset!I3")
    assert len(rows) == 1
    lenient, _ = crash_protection.read(Book(tmp_path / "cp_input.xlsx"), calculator=True)
    if value is not True:
        assert [row.value for row in lenient if row.place == error.place] == [0.0]


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "code"),
    [
        ("CP - Frontal Offset", "I3", -1, "below_possible"),
        ("CP - Frontal Offset", "H3", "purple", "not_a_word"),
        ("CP - Body region scores", "G2", 101, "inspection_above_100"),
        ("Test Scores", "C2", 250, "inspection_above_100"),
        ("CP - Frontal Offset", "E3", "HIC16", "unknown_row"),
        ("Input parameters", "C2", "perhaps", "not_a_word"),
    ],
)
def test_impossible_cells_are_named(empty, tmp_path, sheet, cell, value, code):
    _, findings = crash_protection.read(changed(empty, tmp_path / "cp_input.xlsx", sheet, cell, value))
    assert f"{sheet}!{cell}" in errors(findings)[0].place
    assert errors(findings)[0].code == f"euroncap.{code}"
    assert all(finding.line(language) for finding in findings for language in ("en", "zh"))


def test_an_edited_limit_is_a_warning_and_ours_counts(empty, tmp_path):
    _, findings = crash_protection.read(
        changed(empty, tmp_path / "cp_input.xlsx", "CP - Frontal Offset", "F3", 5000)
    )
    assert [(finding.code, finding.severity) for finding in findings] == [
        ("euroncap.limit_edited", "warning")
    ]


def test_a_template_and_a_workbook_of_another_stage_are_refused(empty, tmp_path):
    with pytest.raises(InputError, match="not prepared"):
        crash_protection.read(changed(empty, tmp_path / "cp_input.xlsx", "Version", "A2", "something else"))
    write_book(tmp_path / "other.xlsx", [Page("Input parameters")])
    with pytest.raises(InputError, match="Crash Protection"):
        crash_protection.read(Book(tmp_path / "other.xlsx"))


def test_a_missing_sheet_is_refused_by_name(empty, tmp_path):
    book = openpyxl.load_workbook(empty)
    del book["CP - Side Pole"]
    book.save(tmp_path / "cp_input.xlsx")
    with pytest.raises(InputError, match="CP - Side Pole"):
        crash_protection.read(Book(tmp_path / "cp_input.xlsx"))
