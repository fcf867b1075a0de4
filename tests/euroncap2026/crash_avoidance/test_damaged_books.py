"""Damaged Crash Avoidance workbooks: every mistake is named with its cell, and nothing is lost without a word."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from msgspec.structs import replace

from carindex.euroncap.cells import Book, letters
from carindex.euroncap.crash_avoidance import read
from carindex.euroncap.crash_avoidance.layout import matrices, workbook
from carindex.euroncap.pages import Page, write_book
from carindex.euroncap.tables import copied
from carindex.messages import Finding, InputError

from .books import BookOfPages, filled_in, prepared, with_rows_swapped, without_column, without_row

RULES = workbook()
PREDICTIONS = list(RULES["predictions"])
TESTS = list(RULES["verification"]["order"])
EVIDENCE = ["Input parameters", *PREDICTIONS, *RULES["robustness"]["sheets"], *TESTS]
JUNK = [
    "oops",
    "12,5",
    "12.5",
    -5.0,
    1e9,
    True,
    "N/A",
    "",
    "yes",
    "green",
    "AEB ",
    0.5,
    "(1, 1)",
    "(99, 0)",
    "X",
    "nan",
]
FILLS = ["0066CC", "FF3333", "009933", "808080", "123456"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Page]:
    folder = tmp_path_factory.mktemp("damaged")
    return copied(Book(filled_in(prepared(folder, 4), 4)))


def changed(pages: list[Page], page: Page | None, title: str) -> BookOfPages:
    """The workbook with a page in place of that of the same title, or without it."""
    kept = [page if p.title == title else p for p in pages]
    return BookOfPages([p for p in kept if p is not None])


def with_entry(page: Page, place: tuple[int, int], **changes: Any) -> Page:
    cells = dict(page.cells)
    cells[place] = replace(cells[place], **changes)
    return Page(page.title, cells)


def found(book: BookOfPages, *, calculator: bool = False) -> tuple[dict[str, Any], list[Finding]]:
    rows, findings = read(book, calculator=calculator)
    for finding in findings:
        for language in ("en", "zh"):
            assert "{" not in finding.text(language), finding.code
            assert (
                finding.consequence(language)
                or finding.code.startswith(("euroncap.", "dossier."))
                or (finding.code.endswith("edited"))
            )
        assert str(book.path) in finding.place
    return {row.name: (row.value, row.place) for row in rows}, findings


def page_of(pages: list[Page], title: str) -> Page:
    return next(page for page in pages if page.title == title)


def test_mutations_lose_nothing_without_a_word(pages: list[Page]) -> None:
    """Hundreds of workbooks with one mistake each: what changed is named, or it is what the changed cell says."""
    whole, findings = found(BookOfPages(pages))
    assert not findings
    silent = 0
    for number in range(200):
        lots = random.Random(number)
        page = page_of(pages, lots.choice(EVIDENCE))
        place = lots.choice(sorted(page.cells))
        kind = lots.choice(["value", "value", "empty", "fill", "row", "column", "swap", "sheet"])
        damaged: Page | None
        if kind in ("value", "empty"):
            damaged = with_entry(page, place, value=None if kind == "empty" else lots.choice(JUNK))
        elif kind == "fill":
            damaged = with_entry(page, place, fill=lots.choice(FILLS))
        elif kind == "row":
            damaged = without_row(page, place[0])
        elif kind == "column":
            damaged = without_column(page, place[1])
        elif kind == "swap":
            damaged = with_rows_swapped(page, place[0], lots.choice(sorted(page.cells))[0])
        else:
            damaged = None
        said = f"{number}: {kind} {page.title}!{letters(place[1])}{place[0]}"
        try:
            facts, findings = found(changed(pages, damaged, page.title))
            if number % 5 == 0:
                found(changed(pages, damaged, page.title), calculator=True)
        except InputError:
            continue
        if findings:
            continue
        silent += 1
        cell = f"ca_input.xlsx: {page.title}!{letters(place[1])}{place[0]}"
        for name in whole.keys() | facts.keys():
            if whole.get(name, (None,))[0] == facts.get(name, (None,))[0]:
                continue
            mine = {where[1] for where in (whole.get(name), facts.get(name)) if where}
            if kind in ("value", "empty", "fill"):
                assert cell in mine, (said, name)
            elif kind == "row":
                # a row that may repeat another one is not missed
                assert "choice" in name, (said, name)
            else:
                # answers in rows without labels of their own go where they are put
                assert page.title == "Input parameters", (said, name)
    assert silent > 40


def value_cell(pages: list[Page], sheet: str, quantity: str) -> tuple[Page, tuple[int, int]]:
    """The first value cell of a quantity that has a value."""
    page = page_of(pages, sheet)
    top = next(r for (r, c), e in sorted(page.cells.items()) if r > 1 and c == 1 and e.value == "Scenario")
    columns = {e.value: c for (r, c), e in page.cells.items() if r == top}
    return page, next(
        (r, columns["Value"])
        for (r, c), e in sorted(page.cells.items())
        if c == columns["Expected value"]
        and e.value == quantity
        and page.cells[r, columns["Value"]].value is not None
    )


@pytest.mark.parametrize(
    ("sheet", "quantity", "value", "code"),
    [
        ("FC - Car & PTW verif.", "v_rel_impact", "oops", "not_a_number"),
        ("FC - Car & PTW verif.", "v_rel_impact", "12.5", "not_a_number"),
        ("FC - Car & PTW verif.", "v_rel_impact", True, "not_a_number"),
        ("FC - Car & PTW verif.", "v_rel_impact", -1, "not_possible"),
        ("FC - Car & PTW verif.", "v_impact", 1e6, "not_possible"),
        ("LDC - Car & PTW verif.", "impact_occurred", 0.5, "not_possible"),
        ("LDC - Car & PTW verif.", "impact_occurred", 2, "not_possible"),
        ("LSC - Ped & Cyc verif.", "TTC", "late", "not_a_number"),
    ],
)
def test_impossible_values(pages: list[Page], sheet: str, quantity: str, value: Any, code: str) -> None:
    page, place = value_cell(pages, sheet, quantity)
    facts, findings = found(changed(pages, with_entry(page, place, value=value), sheet))
    (finding,) = findings
    assert (finding.severity, finding.code.split(".")[-1]) == ("error", code)
    assert finding.place == f"ca_input.xlsx: {sheet}!{letters(place[1])}{place[0]}"
    assert not any(where == finding.place for _, where in facts.values())
    # the calculator takes numbers as they are, and other content as an empty cell
    facts, findings = found(changed(pages, with_entry(page, place, value=value), sheet), calculator=True)
    assert not findings
    taken = [said for said, where in facts.values() if where == finding.place and said != "yes"]
    assert taken == ([] if value in ("oops", "late") else [float(value)])


def test_an_empty_value_is_missing_evidence_and_no_mistake(pages: list[Page]) -> None:
    page, place = value_cell(pages, "FC - Car & PTW verif.", "v_rel_impact")
    whole, _ = found(BookOfPages(pages))
    facts, findings = found(changed(pages, with_entry(page, place, value=None), page.title))
    assert not findings
    assert len(whole) - len(facts) == 1


@pytest.mark.parametrize("title", EVIDENCE)
def test_a_missing_sheet_is_an_error(pages: list[Page], title: str) -> None:
    _, findings = found(changed(pages, None, title))
    assert any(finding.severity == "error" and title in finding.text() for finding in findings)


@pytest.mark.parametrize("name", ["ccrs", "cpla_day", "cbtafs_cbtans", "elk_re", "cmftap_sfs", "cbda"])
def test_relabelled_and_missing_parts_of_a_matrix(pages: list[Page], name: str) -> None:
    matrix = matrices()[name]
    page = page_of(pages, matrix.sheet)
    top = next(
        r for (r, c), e in page.cells.items() if c == 1 and str(e.value).lower() == matrix.heading.lower()
    )
    axis = (top + 1, matrix.places[0])
    for place, value, code in [
        ((top, 1), "CCXx", "matrix_missing"),
        ((top + 2, 1), "11 km/h", "row_unknown"),
        (axis, "33", "column_missing"),
    ]:
        facts, findings = found(changed(pages, with_entry(page, place, value=value), page.title))
        assert [finding.code.split(".")[-1] for finding in findings if finding.severity == "error"] == [code]
        assert not any(fact.startswith(f"{name}/") and fact.endswith("/prediction") for fact in facts)
    facts, findings = found(changed(pages, without_row(page, top + 2), page.title))
    if len(matrix.lines) > 1:
        assert any(finding.code.endswith(("row_unknown", "row_missing")) for finding in findings)


def test_unknown_fills_and_words_in_predicted_cells(pages: list[Page]) -> None:
    page = page_of(pages, "FC - Car & PTW pred.")
    facts, findings = found(changed(pages, with_entry(page, (3, 5), fill="0066CC"), page.title))
    assert findings[0].code.endswith("unknown_fill")
    assert "ccrs/10_km_h-0_km_h-1/prediction" not in facts
    _, findings = found(changed(pages, with_entry(page, (3, 5), value="Green"), page.title))
    assert any(finding.code.endswith("not_a_mark") and finding.severity == "error" for finding in findings)


def test_other_versions_are_errors(pages: list[Page]) -> None:
    page = page_of(pages, "Version")
    _, findings = found(changed(pages, with_entry(page, (1, 2), value="4.2.0"), "Version"))
    assert [finding.severity for finding in findings] == ["error"]
    with pytest.raises(InputError, match="not prepared"):
        read(changed(pages, without_row(page, 2), "Version"))


def test_edited_maxima_are_a_warning(pages: list[Page]) -> None:
    page = page_of(pages, "Scenario Scores")
    facts, findings = found(changed(pages, with_entry(page, (2, 8), value=12), page.title))
    assert facts == found(BookOfPages(pages))[0]
    (finding,) = findings
    assert (finding.severity, finding.place) == ("warning", "ca_input.xlsx: Scenario Scores!H2")


def test_robustness_layers_that_are_not_offered(pages: list[Page]) -> None:
    page = page_of(pages, "FC - Car & PTW robust. pred.")
    page.put(3, 3, None)  # Speed, CCRs
    _, findings = found(changed(pages, with_entry(page, (3, 3), value="YES"), page.title))
    assert [finding.code.split(".")[-1] for finding in findings] == ["layer_not_offered"]
    facts, findings = found(
        changed(pages, with_entry(page, (3, 3), value="YES"), page.title), calculator=True
    )
    assert facts["ccrs/speed/claimed"][0] == "YES"


def test_a_point_that_is_tested_twice(pages: list[Page]) -> None:
    page = page_of(pages, "LSC - Car & PTW verif.")
    last = max(row for row, _ in page.cells)
    cells = dict(page.cells)
    for (row, column), entry in page.cells.items():
        if row == last:
            cells[last + 1, column] = replace(
                entry, value=2.5 if isinstance(entry.value, float | int) else entry.value
            )
    whole, _ = found(BookOfPages(pages))
    facts, findings = found(changed(pages, Page(page.title, cells), page.title))
    assert [finding.code.split(".")[-1] for finding in findings] == ["tested_twice"]
    assert facts == whole


def closed(facts: dict[str, Any]) -> set[str]:
    """The matrices that are said to be written down."""
    return {name.split("/")[0] for name in facts if name.count("/") == 1 and name.endswith("/tested")}


def test_a_matrix_of_which_a_row_is_lost_stays_open(pages: list[Page]) -> None:
    """Otherwise a test that cannot be read, or was deleted, would count as one that was never drawn."""
    assert closed(found(BookOfPages(pages))[0]) == set(matrices())
    assert closed(found(BookOfPages(pages), calculator=True)[0]) == set()
    page, place = value_cell(pages, "FC - Car & PTW verif.", "v_rel_impact")
    point = next(c for (r, c), e in page.cells.items() if r == 4 and e.value == "Test point")
    on_sheet = {name for name in matrices() if name in RULES["verification"]["order"][page.title]}
    facts, _ = found(changed(pages, with_entry(page, (place[0], point), value="(99, 0)"), page.title))
    assert closed(facts) == set(matrices()) - on_sheet
    facts, _ = found(changed(pages, with_entry(page, place, value="oops"), page.title))
    assert closed(facts) == set(matrices())  # the point is there; its value alone is open
    deleted = without_row(page, place[0])
    facts, findings = found(changed(pages, deleted, page.title))
    (lost,) = [finding for finding in findings if finding.code.endswith("mark_without_test")]
    assert closed(facts) == set(matrices()) - {
        name for name, matrix in matrices().items() if matrix.heading == lost.parameters["matrix"]
    }


def test_rows_that_describe_another_test(pages: list[Page]) -> None:
    page, place = value_cell(pages, "FC - Car & PTW verif.", "v_rel_impact")
    speed = next(c for (r, c), e in page.cells.items() if r == 4 and e.value == "VUT speed")
    facts, findings = found(changed(pages, with_entry(page, (place[0], speed), value="7 km/h"), page.title))
    assert [f.code.split(".")[-1] for f in findings if f.severity == "error"] == ["other_test"]
    where = f"ca_input.xlsx: {page.title}!{letters(place[1])}{place[0]}"
    assert not any(said == where for _, said in facts.values())


def test_files_that_are_damaged_as_a_whole(tmp_path: Path, pages: list[Page]) -> None:
    write_book(tmp_path / "whole.xlsx", pages)
    data = (tmp_path / "whole.xlsx").read_bytes()
    for number in range(40):
        lots = random.Random(number)
        broken = bytearray(data)
        for _ in range(lots.randint(1, 30)):
            broken[lots.randrange(len(broken))] = lots.randrange(256)
        if number % 4 == 0:
            broken = broken[: lots.randrange(len(broken))]
        (tmp_path / "broken.xlsx").write_bytes(broken)
        with suppress(InputError):
            read(Book(tmp_path / "broken.xlsx"))


def test_errors_and_formulas_without_a_result_are_named(tmp_path: Path) -> None:
    def breaking(book: openpyxl.Workbook) -> None:
        sheet = book["FC - Car & PTW verif."]
        column = next(c.column for c in sheet[4] if c.value == "Value")
        sheet.cell(5, column).value = "#DIV/0!"
        sheet.cell(6, column).value = "=1+1"

    path = filled_in(prepared(tmp_path, 6), 6, breaking)
    rows, findings = read(Book(path))
    assert [finding.code.split(".")[-1] for finding in findings] == ["no_value", "no_value"]
    assert "#DIV/0!" in findings[0].text()
    assert "=1+1" in findings[1].text()
    assert rows
