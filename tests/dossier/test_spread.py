"""Published tables with several rows a car, and with files beside them."""

from __future__ import annotations

import pytest

from carindex.dossier.readers import table_of_text
from carindex.dossier.spread import Layout, laid_out
from carindex.messages import InputError

LONG = Layout(car="id", item="item")


def write(folder, name, text):
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def laid(path, layout=LONG, beside=None):
    return laid_out(path, table_of_text(path), layout, beside or {})


def cell(table, car, column):
    row = next(i for i, place in enumerate(table.places) if place.endswith(f" {car}"))
    return table.lines[row][table.header.index(column)] if column in table.header else None


def test_items_become_columns(tmp_path):
    path = write(tmp_path, "items.csv", "id,year,item,score\n7,2020,head,3.5\n7,2020,neck,1\n8,2021,head,4\n")
    table, findings = laid(path)
    assert not findings
    assert [place.rsplit(" ", 1)[1] for place in table.places] == ["7", "8"]
    assert cell(table, "7", "score@head") == "3.5"
    assert cell(table, "7", "score@neck") == "1"
    assert cell(table, "8", "score@neck") is None
    assert cell(table, "8", "year") == "2021"


def test_files_beside_are_joined_by_the_car(tmp_path):
    path = write(tmp_path, "items.csv", "id,item,score\n7,head,3.5\n")
    write(tmp_path, "whole.csv", "id,stars\n7,5\n9,4\n")
    write(tmp_path, "tests.csv", "id,test,taken\n7,side,-1\n7,front,0\n")
    beside = {"whole.csv": Layout(car="id"), "tests.csv": Layout(car="id", item="test")}
    table, findings = laid(path, beside=beside)
    assert not findings
    assert len(table.lines) == 1
    assert cell(table, "7", "whole.csv:stars") == "5"
    assert cell(table, "7", "tests.csv:taken@side") == "-1"


def test_a_file_that_is_not_there_says_nothing(tmp_path):
    path = write(tmp_path, "items.csv", "id,item,score\n7,head,3.5\n")
    table, findings = laid(path, beside={"whole.csv": Layout(car="id")})
    assert [finding.code for finding in findings] == ["dossier.beside_missing"]
    assert cell(table, "7", "score@head") == "3.5"


def test_broken_rows_are_named_and_left_out(tmp_path):
    path = write(tmp_path, "items.csv", "id,item,score\n7,head\n8,head,4\n")
    table, findings = laid(path)
    assert [finding.place for finding in findings] == [f"{path}:2"]
    assert len(table.lines) == 1


def test_of_two_rows_for_one_item_the_first_counts_and_the_other_is_named(tmp_path):
    same = write(tmp_path, "same.csv", "id,item,score\n7,head,4\n7,head,4\n")
    assert not laid(same)[1]
    other = write(tmp_path, "other.csv", "id,item,score\n7,head,4\n7,head,3\n")
    table, findings = laid(other)
    assert [(finding.code, finding.place) for finding in findings] == [("dossier.item_twice", f"{other}:3")]
    assert cell(table, "7", "score@head") == "4"


@pytest.mark.parametrize("header", ["car,item,score", "id,thing,score"])
def test_columns_that_tell_cars_and_items_must_be_there(tmp_path, header):
    path = write(tmp_path, "items.csv", f"{header}\n7,head,4\n")
    with pytest.raises(InputError) as error:
        laid(path)
    assert error.value.code == "dossier.table_columns_missing"
