"""The overall workbook: year and vehicle provision to facts, and the rating of all stages filled in."""

from __future__ import annotations

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book
from carindex.euroncap.checklists import wrong_stage
from carindex.euroncap.pages import Page
from carindex.euroncap.scored import Scored
from carindex.euroncap.scores import fill_scores, node_of, rounded
from carindex.euroncap.tables import (
    Table,
    blank,
    check_version,
    copied,
    finding,
    note_scored,
    number_of,
    page_of,
    put_value,
)
from carindex.messages import Finding

INPUTS = "Input parameters"
YEAR, PROVISION = "car/test_year", "car/vehicle_provision_score"
LINES = {
    ("All", "Year of the test"): YEAR,
    ("Crash Protection", "Vehicle provision assessment score"): PROVISION,
}
YEARS = (2026, 2027, 2028)
ROOT = ""


def read(book: Book, *, calculator: bool = False) -> tuple[list[Row], list[Finding]]:
    """Return year of the test and vehicle provision score, and what is wrong with the workbook.

    A year that the programme's calculator does not know is rated by it as 2028.
    """
    wrong_stage(book, INPUTS, "Overall")
    findings = check_version(book, prepared=False)
    table = Table(book.sheet(INPUTS), ("Stage", "Input parameter"), ("Value",))
    rows: list[Row] = []
    for row in table.rows():
        fact = LINES.get((row.labels[0], row.labels[1]))
        cell = row.cell("Value")
        if fact is None:
            continue
        number = number_of(cell)
        if fact == YEAR:
            known = number is not None and number in YEARS
            if known and number is not None:
                rows.append(Row(fact, str(int(number)), None, "", cell.place))
            elif calculator:
                rows.append(Row(fact, "2028", None, "", cell.place))
            else:
                found = cell.text or "-"
                findings.append(finding("unknown_year", cell.place, found=found))
        elif number is not None and (number >= 0 or calculator):
            rows.append(Row(fact, number, None, "", cell.place))
        elif not blank(cell):
            findings.append(finding("not_a_number", cell.place, found=cell.text))
    return rows, findings


def _counted(scored: Scored, path: str) -> float | None:
    """Return the score of a node as it counts for the stages."""
    try:
        return scored.named(f"{path}#counted")
    except KeyError:
        return scored.score(path)


def report(book: Book, rows: list[Row], scored: Scored) -> list[Page]:
    """Return the workbook with the scores of tests, elements and stages, and the stars."""
    pages = copied(book)
    for sheet, labels in (
        ("Stage Scores", ("Stage",)),
        ("Stage element Scores", ("Stage", "Stage element")),
        ("Test Scores", ("Stage", "Stage element", "Stage subelement")),
    ):
        fill_scores(book, pages, sheet, labels, lambda said: rounded(_counted(scored, node_of(said))))
    table = Table(book.sheet("Rating"), (), ("Star rating",))
    stars = scored.named("#stars")
    page = page_of(pages, "Rating")
    put_value(page, 2, table.columns["Star rating"], None if stars is None else int(stars))
    note_scored(pages)
    return pages
