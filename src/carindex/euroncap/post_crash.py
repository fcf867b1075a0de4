"""The post-crash workbook: a list of checks to facts, and filled in as a report; it needs no preparation."""

from __future__ import annotations

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book
from carindex.euroncap.checklists import ChecklistReader, inputs_of, wrong_stage
from carindex.euroncap.pages import Page
from carindex.euroncap.scored import Scored
from carindex.euroncap.scores import SHEETS, fill_scores, node_of, printed_score
from carindex.euroncap.tables import check_version, copied, note_scored
from carindex.messages import Finding


def read(book: Book, *, calculator: bool = False) -> tuple[list[Row], list[Finding]]:
    """Return the facts of a post-crash workbook, and what is wrong with it."""
    wrong_stage(book, "PCI - Advanced eCall Verif", "Post-Crash")
    reader = ChecklistReader(book, calculator)
    reader.findings.extend(check_version(book, prepared=False))
    reader.read(inputs_of("post-crash")["sheets"])
    return reader.rows, reader.findings


def report(book: Book, rows: list[Row], scored: Scored) -> list[Page]:
    """Return the workbook with its scores."""
    pages = copied(book)
    for sheet, labels in SHEETS.items():
        fill_scores(book, pages, sheet, labels, lambda said: printed_score(scored, node_of(said)))
    note_scored(pages)
    return pages
