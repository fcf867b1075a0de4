"""Workbooks are written and read back cell by cell, fills included; another library agrees on both."""

import openpyxl
import pytest
from openpyxl.styles import PatternFill

from carindex.euroncap.cells import Book, column_number, letters
from carindex.euroncap.pages import Page, write_book
from carindex.messages import InputError


def page():
    made = Page("A sheet")
    made.put_row(1, ["Label", None, "Value"], heading=True)
    made.put(2, 1, "text", fill="009933")
    made.put(2, 3, 1.25, fill="FFDD33", options=["1.25", "2"])
    made.put(30, 28, None, fill="0066CC")
    return made


def test_what_is_written_is_read(tmp_path):
    write_book(tmp_path / "book.xlsx", [page(), Page("Empty")], {"version": "1.2.3"})
    book = Book(tmp_path / "book.xlsx")
    assert book.sheets == ["A sheet", "Empty"]
    sheet = book.sheet("A sheet")
    assert [cell.value for cell in sheet.row(1)][:3] == ["Label", None, "Value"]
    assert sheet.cell(2, 3).value == 1.25
    assert (sheet.fill(2, 1), sheet.fill(2, 3), sheet.fill(30, 28)) == ("009933", "FFDD33", "0066CC")
    assert sheet.fill(1, 1) is None
    assert sheet.cell(2, 3).place.endswith("book.xlsx: A sheet!C2")


def test_the_other_library_reads_the_same(tmp_path):
    write_book(tmp_path / "book.xlsx", [page()])
    sheet = openpyxl.load_workbook(tmp_path / "book.xlsx")["A sheet"]
    assert sheet["A2"].value == "text"
    assert sheet["A2"].fill.fgColor.rgb[-6:] == "009933"
    assert sheet["AB30"].fill.fgColor.rgb[-6:] == "0066CC"


def test_numbers_and_dark_fills_are_written_to_be_read(tmp_path):
    made = Page("A sheet")
    made.put(1, 1, "dark", fill="000000", heading=True)
    made.put(1, 2, "light", fill="FFDD33")
    made.put(2, 1, 0.5, number="0%")
    write_book(tmp_path / "book.xlsx", [made])
    sheet = openpyxl.load_workbook(tmp_path / "book.xlsx")["A sheet"]
    assert sheet["A1"].font.color.rgb[-6:] == "FFFFFF"
    assert sheet["B1"].font.color is None or sheet["B1"].font.color.rgb != "FFFFFFFF"
    assert (sheet["A2"].value, sheet["A2"].number_format) == (0.5, "0%")


def test_fills_of_the_other_library_are_read(tmp_path):
    made = openpyxl.Workbook()
    made.active.title = "Other"
    made.active["B3"].fill = PatternFill("solid", fgColor="FF3333")
    made.create_sheet("Second")["C4"].fill = PatternFill("solid", fgColor="964B00")
    made.save(tmp_path / "other.xlsx")
    book = Book(tmp_path / "other.xlsx")
    assert book.sheet("Other").fill(3, 2) == "FF3333"
    assert book.sheet("Second").fill(4, 3) == "964B00"


def test_the_same_pages_give_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        write_book(tmp_path / name / "book.xlsx", [page()])
    assert (tmp_path / "one/book.xlsx").read_bytes() == (tmp_path / "two/book.xlsx").read_bytes()


def test_a_missing_sheet_names_those_there_are(tmp_path):
    write_book(tmp_path / "book.xlsx", [page()])
    with pytest.raises(InputError, match="A sheet"):
        Book(tmp_path / "book.xlsx").sheet("Other")


def test_a_file_that_is_no_workbook_is_refused(tmp_path):
    (tmp_path / "book.xlsx").write_bytes(b"PK nonsense")
    with pytest.raises(InputError):
        Book(tmp_path / "book.xlsx")


@pytest.mark.parametrize(("number", "text"), [(1, "A"), (26, "Z"), (27, "AA"), (52, "AZ"), (703, "AAA")])
def test_columns(number, text):
    assert letters(number) == text
    assert column_number(text) == number
