"""Rows of published tables as people type them: nothing is lost in silence, nothing is ever read as zero.

The rows are made up from what each table says of its columns; no published file is needed.
"""

from __future__ import annotations

import csv

import pytest

from carindex.campaign.imports import write_facts
from carindex.dossier.facts import quantity_of
from carindex.dossier.published import import_table, published_table, published_tables
from carindex.messages import InputError

FLAT = [name for name in published_tables() if published_table(name).rows is None]
LONG = [name for name in published_tables() if published_table(name).rows is not None]
NOTHING = ["", " ", "n/a", "N/A", "-", "—", "－", "/", "未测", "nan", "null", "　"]
NO_NUMBERS = [
    "8,5",
    "8-9",
    "8~9",
    "～8",
    "8_5",
    "<8",
    "8*",
    "8 分",
    "TBD",
    "?",
    "#N/A",
    "0x10",
    "②",
    "无",
    "1 2",
]
NUMBERS = {"８": 8.0, "８.５": 8.5, " 8 ": 8.0, "8.": 8.0, "1e1": 10.0}
HARMLESS = {"dossier.taken_as_stated", "dossier.rows_left_out", "dossier.edition_without_protocol"}


def possible(quantity):
    """A number that the quantity can be: 1, or its least one where that is more."""
    return f"{max(1.0, quantity.range[0]):g}"


def base_row(table, protocol=None):
    """A row with every column that the table asks for, all of them known."""
    row = {}
    for outcome in table.published.values():
        row[outcome] = "5"
    for fact, column in table.facts.items():
        if protocol and column.protocols and protocol not in column.protocols:
            row.setdefault(column.column, "1")
            continue
        quantity = quantity_of(fact, column.unit)
        words = [word for word, meant in column.words.items() if meant]
        row[column.column] = (
            column.grades[0]
            if column.grades
            else words[0]
            if words
            else (*quantity.categories, possible(quantity))[0]
        )
        if column.or_column:
            row[column.or_column] = ""
    for name, words in table.only.items():
        row[name] = words[0]
    if table.editions is not None:
        row[table.editions.column] = table.editions.protocols[protocol][0]
    for name in table.car:
        row.setdefault(name, "One")
    return row


def editions(table):
    return [None] if table.editions is None else [*table.editions.protocols]


def written(path, rows, *, encoding="utf-8", end="\n", header=None, delimiter=","):
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator=end, delimiter=delimiter)
        names = header or list(rows[0])
        writer.writerow(names)
        writer.writerows([row.get(name.strip(), "") for name in names] for row in rows)
    return path


def troubles(imported):
    return [finding.code for finding in imported.findings if finding.code not in HARMLESS]


def number_columns(table, protocol):
    for fact, column in table.facts.items():
        if column.grades or column.words or quantity_of(fact, column.unit).categories or column.or_column:
            continue
        if protocol is None or not column.protocols or protocol in column.protocols:
            yield fact, column


def value_of(imported, fact, column):
    name = f"{fact} [{column.unit}]" if column.unit == "%" and fact.startswith("given:") else fact
    return imported.rows[0][imported.columns.index(name)]


@pytest.mark.parametrize("name", FLAT)
def test_odd_cells_are_a_number_nothing_or_an_error_with_its_place(name, tmp_path):
    table = published_table(name)
    path = tmp_path / "table.csv"
    for protocol in editions(table):
        row = base_row(table, protocol)
        columns = list(number_columns(table, protocol))
        for text in (*NOTHING, *NO_NUMBERS, *NUMBERS):
            odd = {**row, **{column.column: text for _, column in columns}}
            if any(own in odd and odd[own] != row[own] for own in (*table.car, *table.only)):
                odd |= {own: row[own] for own in (*table.car, *table.only)}
            imported = import_table(name, written(path, [odd]))
            assert len(imported.rows) == 1
            places = " ".join(finding.place or "" for finding in imported.findings)
            for fact, column in columns:
                if odd[column.column] != text:
                    continue
                value = value_of(imported, fact, column)
                if text in NOTHING:
                    assert value is None, (fact, text)
                elif text in NO_NUMBERS:
                    assert value is None, (fact, text)
                    assert f"{path}:2: {column.column}" in places, (fact, text)
                else:
                    assert value is not None or f"{path}:2: {column.column}" in places, (fact, text)
                    assert value != 0, (fact, text)
            if text in NOTHING:
                assert not troubles(imported)
            write_facts(imported, tmp_path / "facts.csv")  # words and numbers in a column break nothing


@pytest.mark.parametrize("name", FLAT)
def test_a_zero_is_read_only_where_a_zero_stands(name, tmp_path):
    table = published_table(name)
    for protocol in editions(table):
        row = base_row(table, protocol)
        for fact, column in number_columns(table, protocol):
            if column.column in (*table.car, *table.only):
                continue
            imported = import_table(name, written(tmp_path / "t.csv", [{**row, column.column: "0"}]))
            value = value_of(imported, fact, column)
            assert value == 0 or (value is None and (column.zero_is_missing or imported.findings)), fact


@pytest.mark.parametrize("name", FLAT)
def test_order_of_columns_more_columns_byte_order_mark_and_line_ends_change_nothing(name, tmp_path):
    table = published_table(name)
    for protocol in editions(table):
        row = base_row(table, protocol)
        plain = import_table(name, written(tmp_path / "a.csv", [row]))
        assert not troubles(plain)
        names = [f" {column} " for column in reversed(row)]
        other = written(
            tmp_path / "b.csv",
            [{**row, "remark": "1, 2\nand 3"}],
            encoding="utf-8-sig",
            end="\r\n",
            header=["remark", *names],
            delimiter=";",
        )
        other.write_bytes(
            other.read_bytes() + b"\r\n" + b";" * len(row) + b"\r\n"
        )  # blank rows, as Excel leaves
        again = import_table(name, other)
        assert again.rows == plain.rows
        assert not troubles(again)


@pytest.mark.parametrize("name", FLAT)
def test_a_column_that_lacks_or_stands_twice_is_refused(name, tmp_path):
    table = published_table(name)
    row = base_row(table, editions(table)[0])
    column = next(iter(table.facts.values())).column
    less = {key: value for key, value in row.items() if key != column}
    with pytest.raises(InputError, match=column):
        import_table(name, written(tmp_path / "a.csv", [less]))
    with pytest.raises(InputError, match=column):
        import_table(name, written(tmp_path / "b.csv", [row], header=[*row, column]))


@pytest.mark.parametrize("name", FLAT)
def test_a_short_row_is_an_error_and_the_others_are_read(name, tmp_path):
    table = published_table(name)
    row = base_row(table, editions(table)[0])
    path = written(tmp_path / "a.csv", [row])
    path.write_text(path.read_text("utf-8") + "only one cell\n", "utf-8")
    imported = import_table(name, path)
    assert len(imported.rows) == 1
    assert [f.place for f in imported.findings if f.code == "dossier.row_not_read"] == [f"{path}:3"]


@pytest.mark.parametrize("name", [name for name in FLAT if published_table(name).editions])
def test_a_car_of_no_edition_is_rated_by_no_protocol(name, tmp_path):
    """An empty edition must not let every protocol rate the car; one that no protocol covers is said."""
    table = published_table(name)
    row = base_row(table, editions(table)[0])
    column = table.editions.column
    if column in table.facts.values():
        return
    imported = import_table(name, written(tmp_path / "a.csv", [{**row, column: ""}, {**row, column: "1887"}]))
    own = imported.columns.index("protocol")
    assert [line[own] for line in imported.rows] == ["not stated", "1887"]
    assert {"dossier.edition_not_stated", "dossier.edition_without_protocol"} <= {
        finding.code for finding in imported.findings
    }


def test_per_cent_signs_are_read_where_a_column_holds_per_cent_and_refused_where_it_holds_points(tmp_path):
    table = published_table("euroncap")
    row = base_row(table, "euro-ncap-2023")
    imported = import_table("euroncap", written(tmp_path / "a.csv", [{**row, "ao_pct": "85％"}]))
    assert imported.rows[0][imported.columns.index("given:adult_occupant [%]")] == 85.0
    table = published_table("euroncap-subscores")
    row = base_row(table, "euro-ncap-2023")
    column = "safetyAssist.speedAssistance.score"
    imported = import_table("euroncap-subscores", written(tmp_path / "b.csv", [{**row, column: "85%"}]))
    assert imported.rows[0][imported.columns.index("given:safety_assist/speed_assistance")] is None
    assert troubles(imported) == ["dossier.not_a_number"]


def test_words_that_are_no_grade_are_refused(tmp_path):
    table = published_table("ivista")
    row = base_row(table, "ivista-2020")
    for text in ("g", "G-", "5", "very good"):
        imported = import_table("ivista", written(tmp_path / "a.csv", [{**row, "driving": text}]))
        assert imported.rows[0][imported.columns.index("given:driving")] is None
        assert troubles(imported) == ["dossier.not_a_word"]
    imported = import_table("ivista", written(tmp_path / "a.csv", [{**row, "driving": "Ｇ＋"}]))
    assert imported.rows[0][imported.columns.index("given:driving")] == "G+"


@pytest.mark.parametrize("name", LONG)
def test_long_tables_skip_blank_rows_and_refuse_odd_items(name, tmp_path):
    """Of an item that says no number nothing is known, with its place; the other items stay."""
    table = published_table(name)
    layout = table.rows
    fact, column = next(
        (fact, column)
        for fact, column in table.facts.items()
        if "@" in column.column and ":" not in column.column and not quantity_of(fact, column.unit).categories
    )
    what, item = column.column.split("@")
    rows = [{layout.car: "7", layout.item: item, what: "8-9"}]
    own = [column for column in table.car if "@" not in column and ":" not in column]
    path = written(tmp_path / "items.csv", [{**dict.fromkeys(own, "7"), **row} for row in rows], end="\r\n")
    path.write_bytes(path.read_bytes() + b",,\r\n\r\n")
    imported = import_table(name, path)
    assert imported.rows[0][imported.columns.index(fact)] is None
    assert "dossier.not_a_number" in troubles(imported)
    assert "dossier.row_not_read" not in troubles(imported)
