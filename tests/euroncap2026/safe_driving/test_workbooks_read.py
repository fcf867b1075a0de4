"""Prepared workbooks to facts: as the slow reader reads them, and every cell that cannot be used is named."""

from __future__ import annotations

import random
import re
from functools import cache
from importlib.resources import files

import pytest
import yaml

from carindex.dossier.readers import gather
from carindex.euroncap.cells import Book
from carindex.euroncap.pages import write_book
from carindex.euroncap.safe_driving import blank, prepare, read
from carindex.messages import InputError

from .books import book_of, in_memory, loaded
from .test_reference import EDITED, SCORED, facts_of_run, has_text_for_a_value
from .workbook import facts_of

ROOM = "euroncap/safe_driving."
BASES = {run["base"]: run for run in SCORED if not run["facts"]}


@cache
def car(base: str = "case_00011"):
    """A car of the edited runs, unchanged: its facts, and our workbook of it."""
    facts = facts_of_run(BASES[base])
    return facts, in_memory(book_of(facts))


def values_of(rows) -> dict:
    assert len({row.name for row in rows}) == len(rows)
    return {row.name: row.value for row in rows}


def codes(findings) -> list[str]:
    return [finding.code.removeprefix(ROOM) for finding in findings]


# -- without the ready cars: our own workbooks


@pytest.mark.parametrize("base", sorted(BASES))
@pytest.mark.parametrize("calculator", [False, True])
def test_the_facts_of_a_car_come_back(base, calculator, tmp_path):
    facts, _ = car(base)
    write_book(tmp_path / "sd_input.xlsx", book_of(facts))
    rows, findings = read(Book(tmp_path / "sd_input.xlsx"), calculator=calculator)
    assert not findings
    assert values_of(rows) == facts
    assert facts_of(tmp_path / "sd_input.xlsx") == facts  # the slow reader reads our workbook alike


def test_facts_are_those_of_the_vocabulary():
    facts, book = car()
    rows, _ = read(book)
    known, findings = gather(rows)
    assert not findings
    not_applicable = {name for name, value in facts.items() if value == "N/A"}
    assert {fact.name for fact in known} | not_applicable == set(facts)


def test_every_fact_has_its_place():
    _, book = car()
    places = {row.name: row.place for row in read(book)[0]}
    assert places["seatbelt_usage/lap_belt_only/result"] == "sd_input.xlsx: OM - Seatbelt usage verif.!C5"
    assert places["seatbelt_usage/rear_seats/number_of_seats"] == "sd_input.xlsx: Input parameters!G2"
    cell = "driver_monitoring/long_distraction/non_driving_task/owl/driver_side_window/warning/prediction"
    assert places[cell] == "sd_input.xlsx: DE - DM pred.!D17"
    assert places["acc/ccrs_straight/60_km_h-0_km_h-0.5/prediction"] == "sd_input.xlsx: VA - ACC verif.!I10"


@pytest.mark.parametrize("run", [i for i, r in enumerate(SCORED) if not has_text_for_a_value(r)][::6])
def test_edited_cars_come_back(run):
    facts = facts_of_run(SCORED[run])
    rows, findings = read(in_memory(book_of(facts)))
    found = values_of(rows)
    hidden = {name for name in facts if name not in found}
    # answers of lines that the declared parameters do not call for are not in a workbook of ours
    assert all("/result" in name or name.startswith("acc/") for name in hidden)
    assert all(
        found[name] == facts[name] for name in found if name in facts and "occupant_presence" not in name
    )
    impossible = [f for f in findings if f.code != f"{ROOM}not_possible"]
    assert not impossible


BAD = [
    ("VA - ACC verif.", 12, 11, "fast", "not_a_number"),
    ("VA - ACC verif.", 12, 11, "58.2", "not_a_number"),
    ("VA - ACC verif.", 12, 11, -0.5, "not_possible"),
    ("VA - ACC verif.", 12, 11, 400, "not_possible"),
    ("VA - ACC verif.", 12, 11, True, "not_a_number"),
    ("VA - ACC verif.", 12, 9, "Purple", "unknown_colour"),
    ("VA - ACC verif.", 12, 4, "65 km/h", "not_drawn_from"),
    ("VA - ACC verif.", 12, 2, "CCRs round", "not_drawn_from"),
    ("OM - Seatbelt usage verif.", 3, 3, "maybe", "unknown_word"),
    ("OM - Seatbelt usage verif.", 3, 3, 1, "unknown_word"),
    ("OM - Seatbelt usage verif.", 3, 2, "Seatbelt buckle", "unknown_line"),
    ("VA - Steering assistance verif.", 2, 3, "Stays", "unknown_word"),
    ("Input parameters", 3, 7, "Magic", "unknown_word"),
    ("Input parameters", 2, 7, 7, "not_possible"),
    ("Input parameters", 2, 7, 2.5, "not_possible"),
    ("Input parameters", 2, 7, -1, "not_possible"),
    ("Input parameters", 2, 7, "two", "not_a_number"),
    ("DE - DM pred.", 17, 4, "Purple", "unknown_colour"),
    ("DE - DM pred.", 17, 4, "Orange", "unknown_colour"),
    ("DE - DM pred.", 18, 4, "fill 0066CC", "unknown_fill"),
    ("DE - DM pred.", 18, 4, "fill 123456", "unknown_fill"),
    ("DE - DM pred.", 68, 6, "Green", "not_a_cell"),
    ("VA - Speed assist. pred.", 3, 3, "Blue", "unknown_colour"),
    ("VA - Speed assist. pred.", 35, 3, "Orange", "unknown_colour"),
    ("VA - ACC pred.", 3, 7, "Black", "unknown_colour"),
    ("VA - ACC pred.", 3, 8, "Green", "not_a_cell"),
    ("VA - ACC pred.", 3, 8, "fill 009933", "not_a_cell"),
    ("DE - GVC verif.", 20, 3, "PASS", "stray_value"),
]


@pytest.mark.parametrize(("sheet", "row", "column", "value", "code"), BAD)
def test_a_bad_cell_is_an_error_in_its_place(sheet, row, column, value, code):
    facts, book = car()
    rows, findings = read(book.edited([[sheet, row, column, value]]))
    found = [finding for finding in findings if finding.code == ROOM + code]
    assert found, codes(findings)
    assert all(finding.severity == "error" for finding in found)
    assert any(f"sd_input.xlsx: {sheet}!" in finding.place for finding in found)
    for finding in findings:
        for language in ("en", "zh"):
            assert finding.line(language)
            assert "{" not in finding.line(language)
    lost = set(facts) - set(values_of(rows))
    assert len(lost) <= 3


@pytest.mark.parametrize(
    ("sheet", "row", "code"),
    [
        ("OM - Seatbelt usage verif.", 3, "no_line"),
        ("DE - DM pred.", 18, "no_line"),
        ("DE - DM pred.", 4, "no_line"),
        ("VA - Speed assist. pred.", 3, "no_line"),
        ("VA - Speed assist. pred.", 35, "no_line"),
        ("VA - ACC pred.", 3, "no_line"),
        ("VA - ACC verif.", 12, "no_test"),
        ("DE - DM verif.", 20, "no_test"),
        ("Input parameters", 9, "no_line"),
    ],
)
def test_a_deleted_row_is_an_error(sheet, row, code):
    _, book = car()
    findings = read(book.without_row(sheet, row))[1]
    assert code in [c for c, f in zip(codes(findings), findings, strict=True) if f.severity == "error"]


def test_a_drawn_test_whose_line_is_gone_is_not_taken_for_confirmed():
    facts, book = car()
    for row in range(18, len(book.contents["DE - DM verif."][0]) + 1):
        rows, findings = read(book.without_row("DE - DM verif.", row))
        gone = values_of(rows)
        missing = [name for name in facts if name not in gone]
        # labels are left out where the line above has them: with the first of a group the others lose theirs
        assert missing
        assert all(facts[name] in ("PASS", "FAIL") for name in missing)
        assert len([f for f in findings if f.code == ROOM + "no_test" and f.severity == "error"]) == len(
            missing
        )
        assert {name: value for name, value in facts.items() if name in gone} == gone


@pytest.mark.parametrize(
    "sheet", ["OM - Occ. presence verif.", "DE - DM pred.", "VA - ACC verif.", "Version"]
)
def test_a_missing_sheet_is_an_error(sheet):
    _, book = car()
    findings = read(book.without(sheet))[1]
    assert "no_sheet" in codes(findings)
    assert findings[0].severity == "error"
    assert sheet in findings[0].line()


@pytest.mark.parametrize(
    ("sheet", "row", "column"),
    [("DE - GVC verif.", 1, 3), ("VA - ACC verif.", 9, 4), ("DE - DM pred.", 1, 4)],
)
def test_a_missing_column_is_an_error(sheet, row, column):
    _, book = car()
    findings = read(book.edited([[sheet, row, column, "Something"]]))[1]
    assert "no_column" in codes(findings)


def test_a_template_and_another_stage_are_refused():
    with pytest.raises(InputError, match="not prepared"):
        read(in_memory(blank()))
    _, book = car()
    with pytest.raises(InputError, match="not a workbook of Safe Driving"):
        read(book.without(*[title for title in book.sheets if title not in ("Input parameters", "Version")]))
    with pytest.raises(InputError, match="prepared for testing already"):
        prepare(book, 1)


@pytest.mark.parametrize(
    ("version", "code", "severity"),
    [
        ("5.3.0", "other_version", "error"),
        ("6.4.9", "other_version", "error"),
        ("5.4.5", "other_patch", "warning"),
    ],
)
def test_another_version_is_said(version, code, severity):
    _, book = car()
    findings = read(book.edited([["Version", 2, 2, version]]))[1]
    assert [(f.code, f.severity) for f in findings] == [(ROOM + code, severity)]


def test_edited_maxima_and_labels_of_scores_are_warnings_only():
    facts, book = car()
    edits = [
        ["Test Scores", 2, 5, 99],
        ["Category Scores", 3, 6, "5"],
        ["Scenario Scores", 4, 7, 2.5],
        ["Test Scores", 3, 3, "Something else"],
    ]
    rows, findings = read(book.edited(edits))
    assert values_of(rows) == facts
    assert sorted(codes(findings)) == ["no_score_line", "no_score_node", *["other_maximum"] * 3]
    assert all(finding.severity == "warning" for finding in findings)


def test_an_empty_answer_is_missing_evidence_and_no_error():
    _, book = car()
    rows, findings = read(book.edited([["DE - GVC verif.", 3, 3, None], ["VA - ACC verif.", 3, 11, None]]))
    assert not findings
    assert "general_vehicle_controls/vision/result" not in values_of(rows)


def test_a_declaration_that_does_not_fit_the_lines():
    _, book = car()
    findings = read(book.edited([["Input parameters", 2, 7, 1]]))[1]
    assert "line_not_declared" in codes(findings)
    findings = read(book.edited([["Input parameters", 2, 7, 6]]))[1]
    assert "no_line" in codes(findings)
    findings = read(book.edited([["Input parameters", 11, 7, "Driver input"]]))[1]
    assert {"other_label"} < {*codes(findings)} == {"other_label", "no_score_line", "no_score_node"}


def test_calculator_mode_warns_and_goes_on():
    facts, book = car()
    edits = [
        ["OM - Seatbelt usage verif.", 3, 3, "maybe"],
        ["DE - DM verif.", 19, 9, None],
        ["VA - ACC verif.", 12, 11, "fast"],
    ]
    rows, findings = read(book.edited(edits), calculator=True)
    values = values_of(rows)
    assert values["seatbelt_usage/seatbelt_buckle_only/result"] == "FAIL"
    assert all(finding.severity == "warning" for finding in findings)
    assert {"word_fails", "above_counts", "text_reaches_nothing"} == set(codes(findings))
    assert set(values) == set(facts)


# -- damaged workbooks


JUNK = [
    "?",
    "",
    "   ",
    "PASS",
    "fail ",
    "N/A",
    0,
    -1,
    1e9,
    True,
    "Green",
    "X",
    "Category",
    "60 km/h",
    3.7,
    "#REF!",
]


def damage(book, rng):
    """A workbook with one cell, row or sheet spoilt; whether it was a cell that was emptied."""
    title = rng.choice([title for title in book.sheets if any(map(len, book.contents[title][0]))])
    values = book.contents[title][0]
    row = rng.randrange(1, len(values) + 1)
    column = rng.randrange(1, max(len(line) for line in values) + 1)
    kind = rng.random()
    if kind < 0.75:
        spoilt = book.edited([[title, row, column, rng.choice(JUNK)]])
        return spoilt, spoilt.sheet(title).cell(row, column).empty
    return (book.without_row(title, row) if kind < 0.95 else book.without(title)), False


def test_hundreds_of_damaged_workbooks():
    """Whatever happens to a cell, a row or a sheet: an `InputError` at most, and no fact is lost without a word."""
    facts, book = car()
    rng = random.Random("safe driving, damaged")
    for number in range(200):
        damaged, emptied = damage(book, rng)
        try:
            rows, findings = read(damaged, calculator=number % 2 == 1)
        except InputError:
            continue
        lost = set(facts) - {row.name for row in rows}
        assert findings or not lost or emptied, lost
        for finding in findings:
            assert finding.line("en")
            assert finding.line("zh")


def test_every_message_is_said_in_both_languages():
    folder = files("carindex").joinpath("euroncap/safe_driving")
    texts = yaml.safe_load(folder.joinpath("messages.yaml").read_text("utf-8"))
    source = "".join(f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith(".py"))
    assert set(re.findall(r'(?:\.say|message)\(\s*"(\w+)"', source)) == set(texts)
    for name, parts in texts.items():
        assert {"found", "expected", "action"} <= set(parts), name
        for part in parts.values():
            assert set(part) == {"en", "zh"}
            assert re.findall(r"\{\w+\}", part["en"]).sort() == re.findall(r"\{\w+\}", part["zh"]).sort()


# -- with the ready cars


@pytest.mark.shared
def test_ready_cars_are_read_as_the_slow_reader_reads_them(shared):
    cases = sorted((shared / "oracle/euroncap2026/cases").iterdir())
    compared = 0
    for case in cases:
        book = Book(case / "sd_input.xlsx")
        for mode in ("protocol", "calculator"):
            rows, findings = read(book, calculator=mode == "calculator")
            assert not findings
            assert values_of(rows) == facts_of(case / "sd_input.xlsx", mode), (case.name, mode)
            compared += len(rows)
    assert len(cases) == 16
    assert compared > 25000


@pytest.mark.shared
def test_edited_workbooks_are_read_as_the_calculator_reads_them(shared):
    bases = {
        base: loaded(shared / "oracle/euroncap2026/cases" / base / "sd_input.xlsx")
        for base in EDITED["bases"]
    }
    colours = {"green": "009933", "red": "FF3333", "orange": "FF9933", "grey": "808080"}
    compared = 0
    for run in SCORED:
        if "edits" not in run:
            continue
        edits = [
            [
                *place,
                f"fill {colours[value.removeprefix('fill ')]}" if str(value).startswith("fill ") else value,
            ]
            for *place, value in run["edits"]
        ]
        rows, _ = read(bases[run["base"]].edited(edits), calculator=True)
        expected = facts_of_run(run)
        # what the calculator makes of a text is a value that reaches nothing; ours says so by its number
        texts = {
            name: 0
            for name, value in expected.items()
            if name.endswith("v_reduction") and isinstance(value, str)
        }
        assert values_of(rows) == expected | texts
        compared += 1
    assert compared >= 20
