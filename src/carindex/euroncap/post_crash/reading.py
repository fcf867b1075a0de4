"""Reading, preparing and reporting workbooks of Post-Crash."""

from __future__ import annotations

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book, Cell
from carindex.euroncap.forms import (
    Notes,
    Table,
    check_sheets,
    check_version,
    refuse_other_stage,
    rounded,
    same_number,
)
from carindex.euroncap.pages import Page, Value
from carindex.euroncap.post_crash.layout import (
    Question,
    QuestionSheet,
    ScoredNode,
    ScoreSheet,
    checks,
    layout,
    options_of,
    parameters,
    scored_nodes,
)
from carindex.euroncap.post_crash.sheets import prepared
from carindex.euroncap.scored import Scored
from carindex.messages import Finding, InputError
from carindex.vocabulary import FactName, InvalidFactNameError

_DECIMALS = 3
_SEEN = 9
"""Decimals up to which a score is looked at before it is rounded: more come from adding binary fractions."""


def read(book: Book, *, calculator: bool = False) -> tuple[list[Row], list[Finding]]:
    """Return the facts of a prepared workbook, and what is wrong with it.

    Parameters
    ----------
    book
        The workbook, of the programme's own tool or of ours.
    calculator
        Read cells as the programme's calculator reads them: a word that is none of the options counts as not passed.

    Returns
    -------
    tuple
        Facts with the places they come from, an empty cell giving none; and findings. Parameters that change no
        score are checked and not stated.

    Raises
    ------
    InputError
        When the workbook is of another stage, or a template that was not prepared.
    """
    require_stage(book)
    if not is_prepared(book):
        expected = ", ".join(part.sheet for part in checks())
        sheets = ", ".join(book.sheets)[:300]
        raise InputError(book.path, "euroncap/forms.not_prepared", sheets=sheets, expected=expected)
    notes = Notes(book, calculator, layout().blank)
    _check_whole(notes, layout().prepared_sheets, layout().version_sheet.prepared)
    for part in (parameters(), *checks()):
        _read_questions(notes, part)
    return notes.rows, notes.findings


def prepare(book: Book, seed: int) -> tuple[list[Page], list[Finding]]:
    """Return the workbook that is prepared for testing, from a template with its parameters filled in.

    Parameters
    ----------
    book
        The filled template; a workbook that is prepared already keeps its answers.
    seed
        Not used: nothing is drawn in this stage.

    Raises
    ------
    InputError
        When the workbook is of another stage.
    """
    require_stage(book)
    kept = is_prepared(book)
    notes = Notes(book, calculator=False, blank=layout().blank)
    version = layout().version_sheet
    sheets = layout().prepared_sheets if kept else layout().template_sheets
    _check_whole(notes, sheets, version.prepared if kept else version.template)
    for part in (parameters(), *(checks() if kept else [])):
        _read_questions(notes, part)
    return prepared(_carried(book)), notes.findings


def report(book: Book, rows: list[Row], scored: Scored) -> list[Page]:
    """Return the prepared workbook with its scores; one that is open stays empty."""

    def score(node: ScoredNode) -> Value:
        try:  # before rules between stages, which a stage's own report does not know
            value = scored.named(f"{node.path}#reported")
        except KeyError:
            value = scored.score(node.path)
        return None if value is None else rounded(round(value, _SEEN), _DECIMALS)

    return prepared(_carried(book), score)


def require_stage(book: Book) -> None:
    """Refuse a workbook of another stage.

    Raises
    ------
    InputError
        Naming the sheets it has, and those it should have.
    """
    own = [part.sheet for part in checks()]
    if any(sheet in book.sheets for sheet in own):
        return
    stage = scored_nodes()[0].labels[0]
    scores = layout().scores[0]
    said = ""
    if scores.sheet in book.sheets:
        sheet = book.sheet(scores.sheet)
        said = next(
            (sheet.cell(row, 1).text for row in range(2, sheet.rows + 1) if sheet.cell(row, 1).text), ""
        )
    if said != stage:
        refuse_other_stage(book, [sheet for sheet in own if sheet not in book.sheets], stage)


def is_prepared(book: Book) -> bool:
    """Whether a workbook has a sheet that only a prepared one has."""
    return any(part.sheet in book.sheets for part in checks())


def _check_whole(notes: Notes, sheets: list[str], label: str) -> None:
    check_sheets(notes, [title for title in sheets if title not in layout().hidden])
    check_version(notes, layout().version_sheet.sheet, label, layout().version)
    for part in layout().scores:
        _check_scores(notes, part)


def _check_scores(notes: Notes, part: ScoreSheet) -> None:
    """Say where labels or maxima were edited; those of the protocol count."""
    most = part.headings[-1]
    table = notes.table(part.sheet, part.headings[: part.level], [most])
    if table is None:
        return
    nodes = {node.labels: node for node in scored_nodes() if len(node.labels) == part.level}
    for line, node in notes.matched(table, nodes, [], "warning"):
        notes.compare(table.cell(line, most), most, node.maximum, same_number)


# -- questions -----------------------------------------------------------------------------------------------


def _table_of(notes: Notes, part: QuestionSheet) -> tuple[Table | None, tuple[str, ...]]:
    """Return the table of a sheet of questions, and the labels before those of ``inputs.yaml``."""
    if part.sheet == layout().parameters.sheet:
        rule = layout().parameters
        above = (scored_nodes()[0].labels[0], *rule.above)
        return notes.table(part.sheet, rule.headings[:-1], rule.headings[-1:]), above
    return notes.table(part.sheet, part.columns, [layout().value]), ()


def _read_questions(notes: Notes, part: QuestionSheet) -> None:
    table, above = _table_of(notes, part)
    if table is None:
        return
    expected = {(*above, *question.line): (fact, question) for fact, question in part.facts.items()}
    for line, (fact, question) in notes.matched(table, expected, [layout().value]):
        cell = table.cell(line, layout().value)
        raw = table.sheet.raw(line.row, table.columns[layout().value])
        word = _word(notes, cell, raw, part.sheet, question)
        if word is not None and _has_quantity(fact):
            notes.state(fact, word, cell.place)


def _word(notes: Notes, cell: Cell, raw: Value, sheet: str, question: Question) -> str | None:
    options = options_of(question)
    word = next((option for option in options if cell.text.lower() == option.lower()), None)
    counts_as = layout().unknown_counts_as.get(options[0])
    if word is not None:
        spaced = isinstance(raw, str) and raw != raw.strip() and sheet in layout().blanks_matter
        if notes.calculator and spaced and word == options[0]:
            notes.say("word_counts_as", cell.place, "warning", text=raw, options=options[0], word=counts_as)
            return counts_as
        return word
    if notes.is_blank(cell):
        return None
    choice = ", ".join(options)
    if notes.calculator and counts_as is not None:
        notes.say("word_counts_as", cell.place, "warning", text=cell.text, options=choice, word=counts_as)
        return counts_as
    notes.say("unknown_word", cell.place, notes.lenient, text=cell.text, options=choice)
    return None


def _has_quantity(fact: str) -> bool:
    """Whether the vocabulary knows a fact; what is recorded without changing a score it does not."""
    try:
        FactName.parse(fact)
    except InvalidFactNameError:
        return False
    return True


def _carried(book: Book) -> dict[str, Value]:
    """Return what stands in the user's cells, by fact."""
    notes = Notes(book, calculator=False)
    values: dict[str, Value] = {}
    for part in (parameters(), *checks()):
        if part.sheet not in book.sheets:
            continue
        table, above = _table_of(notes, part)
        if table is None:
            continue
        facts = {(*above, *question.line): fact for fact, question in part.facts.items()}
        for line in table.lines():
            if line.labels in facts:
                values.setdefault(facts[line.labels], table.cell(line, layout().value).value)
    return values
