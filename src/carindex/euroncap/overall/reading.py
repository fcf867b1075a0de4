"""Reading, preparing and reporting the overall workbook."""

from __future__ import annotations

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book, Cell
from carindex.euroncap.forms import (
    Notes,
    check_sheets,
    check_version,
    number_of,
    refuse_other_stage,
    rounded,
    same_number,
)
from carindex.euroncap.overall.layout import Parameter, ScoredNode, layout, scored_nodes
from carindex.euroncap.overall.sheets import scored as scored_pages
from carindex.euroncap.overall.sheets import template
from carindex.euroncap.pages import Page, Value
from carindex.euroncap.scored import Scored
from carindex.messages import Finding

_DECIMALS = 3
_SEEN = 9
"""Decimals up to which a score is looked at before it is rounded: more come from adding binary fractions."""


def read(book: Book, *, calculator: bool = False) -> tuple[list[Row], list[Finding]]:
    """Return year of the test and vehicle provision score, and what is wrong with the workbook.

    Parameters
    ----------
    book
        The filled-in workbook.
    calculator
        Read cells as the programme's calculator reads them: a year that it does not know, or none, is rated with the
        thresholds of the last one; one that is missing or too late, without deduction for vehicle provision.

    Raises
    ------
    InputError
        When the workbook is of a stage.
    """
    require_overall(book)
    notes = Notes(book, calculator, layout().blank)
    _check_whole(notes)
    _read_parameters(notes)
    return notes.rows, notes.findings


def prepare(book: Book, seed: int) -> tuple[list[Page], list[Finding]]:
    """Return the workbook as it is: nothing is drawn or expanded for the overall rating.

    Parameters
    ----------
    book
        The filled-in workbook.
    seed
        Not used.

    Raises
    ------
    InputError
        When the workbook is of a stage.
    """
    require_overall(book)
    notes = Notes(book, calculator=False, blank=layout().blank)
    _check_whole(notes)
    _read_parameters(notes)
    return template(_carried(book)), notes.findings


def report(book: Book, rows: list[Row], scored: Scored) -> list[Page]:
    """Return the workbook with the scores of stages, elements and tests, and the stars; what is open stays empty."""

    def score(node: ScoredNode) -> Value:
        try:  # where the calculator counts something else than the test has
            value = scored.named(f"{node.path}#counted")
        except KeyError:
            value = scored.score(node.path)
        return None if value is None else rounded(round(value, _SEEN), _DECIMALS)

    stars = scored.named("#stars")
    return scored_pages(_carried(book), None if stars is None else int(stars), score)


def require_overall(book: Book) -> None:
    """Refuse the workbook of a stage.

    Raises
    ------
    InputError
        Naming the sheets it has, and those it should have.
    """
    own = [layout().rating.sheet, *(part.sheet for part in layout().scores if part.level < 3)]
    refuse_other_stage(book, own, layout().label)


def _check_whole(notes: Notes) -> None:
    """Say which sheets are missing, of which version the workbook is, and where labels or maxima were edited."""
    check_sheets(notes, layout().sheets)
    version = layout().version_sheet
    check_version(notes, version.sheet, version.template, layout().version)
    for part in layout().scores:
        most = part.headings[-1]
        table = notes.table(part.sheet, part.headings[: part.level], [most])
        if table is None:
            continue
        nodes = {node.labels: node for node in scored_nodes() if len(node.labels) == part.level}
        for line, node in notes.matched(table, nodes, [], "warning"):
            notes.compare(table.cell(line, most), most, node.maximum, same_number)


def _read_parameters(notes: Notes) -> None:
    rule = layout().parameters
    *labels, value = rule.headings
    table = notes.table(rule.sheet, labels, [value])
    if table is None:
        return
    expected = {tuple(part.line): part for part in (rule.year, rule.provision)}
    cells = {part.fact: table.cell(line, value) for line, part in notes.matched(table, expected, [value])}
    known = True
    if rule.year.fact in cells:
        known = _read_year(notes, cells[rule.year.fact], rule.year)
    if rule.provision.fact in cells and known:
        cell = cells[rule.provision.fact]
        number = notes.number(cell, rule.provision.fact)
        if number is not None:
            notes.state(rule.provision.fact, number, cell.place)


def _read_year(notes: Notes, cell: Cell, rule: Parameter) -> bool:
    """Read the year of the test; returns whether the calculator deducts for vehicle provision in it."""
    number = None if notes.is_blank(cell) else number_of(cell.value)
    if number is not None and number in rule.options:
        if isinstance(cell.value, str):
            notes.say("number_as_text", cell.place, "warning", text=cell.value)
        notes.state(rule.fact, str(int(number)), cell.place)
        return True
    choice = ", ".join(map(str, rule.options))
    if not notes.calculator:
        if not cell.empty and cell.text.lower() not in layout().blank:
            notes.say("unknown_word", cell.place, text=cell.text, options=choice)
        return True
    counts_as = str(rule.unknown_counts_as)
    shown = cell.text or "-"
    notes.say("word_counts_as", cell.place, "warning", text=shown, options=choice, word=counts_as)
    notes.state(rule.fact, counts_as, cell.place)
    return number is not None and number < max(rule.options)


def _carried(book: Book) -> dict[str, Value]:
    """Return what stands in the user's cells, by fact."""
    rule = layout().parameters
    if rule.sheet not in book.sheets:
        return {}
    *labels, value = rule.headings
    table = Notes(book, calculator=False).table(rule.sheet, labels, [value])
    if table is None:
        return {}
    facts = {tuple(part.line): part.fact for part in (rule.year, rule.provision)}
    values: dict[str, Value] = {}
    for line in table.lines():
        if line.labels in facts:
            values.setdefault(facts[line.labels], table.cell(line, value).value)
    return values
