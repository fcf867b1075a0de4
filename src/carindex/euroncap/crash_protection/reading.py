"""A prepared workbook of Crash Protection to facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book, Cell
from carindex.euroncap.crash_protection.content import content
from carindex.euroncap.crash_protection.layout import CriteriaSheet, Parameter, layout
from carindex.euroncap.crash_protection.lines import Line
from carindex.euroncap.crash_protection.prediction import read_points, read_prediction
from carindex.euroncap.crash_protection.sheets import PREDICTED, UNPREDICTED, colour_words, criteria_headings
from carindex.euroncap.forms import (
    Notes,
    Table,
    TableLine,
    check_sheets,
    check_version,
    number_of,
    refuse_other_stage,
    same_number,
)
from carindex.messages import Finding, InputError
from carindex.messages.findings import Severity

# of a row of a score sheet: the fact that is its inspection, and its greatest score
Expected = Mapping[tuple[str, ...], tuple[str | None, float | None]]


def read(book: Book, *, calculator: bool = False) -> tuple[list[Row], list[Finding]]:
    """Return the facts of a prepared workbook, and what is wrong with it.

    Parameters
    ----------
    book
        The workbook, of the programme's own tool or of ours.
    calculator
        Read cells as the programme's calculator reads them: text in the cell of a criterion is 0, a value that
        cannot be is used.

    Returns
    -------
    tuple
        Facts with the places they come from, an empty cell giving none; and findings. A cell that cannot be used is
        a finding of severity ``error``, and its fact is not stated.

    Raises
    ------
    InputError
        When the workbook is of another stage, or a template that was not prepared for testing.
    """
    require_stage(book)
    if not is_prepared(book):
        expected = f"{layout().points.head.sheet}, {layout().points.leg.sheet}"
        sheets = ", ".join(book.sheets)[:300]
        raise InputError(book.path, "euroncap/forms.not_prepared", sheets=sheets, expected=expected)
    notes = Notes(book, calculator, layout().blank)
    check_sheets(notes, [title for title in layout().prepared_sheets if title not in layout().hidden])
    version = layout().version_sheet
    check_version(notes, version.sheet, version.prepared, layout().version)
    read_questions(notes)
    read_points(notes, read_prediction(notes))
    return notes.rows, notes.findings


def read_questions(notes: Notes) -> None:
    """Read what template and prepared workbook both ask for: all but the impact points."""
    _read_parameters(notes)
    _read_inspections(notes)
    for part in layout().criteria.sheets:
        _read_criteria(notes, part)


def is_prepared(book: Book) -> bool:
    """Whether a workbook has a sheet that only a prepared one has."""
    points = layout().points
    return any(part.sheet in book.sheets for part in (points.head, points.leg))


def template_sheets() -> list[str]:
    """Return the sheets that a template cannot do without."""
    return [title for title in layout().template_sheets if title not in layout().hidden]


def require_stage(book: Book) -> None:
    """Refuse a workbook of another stage.

    Raises
    ------
    InputError
        When it has none of the sheets that only this stage has.
    """
    own = [part.sheet for part in layout().criteria.sheets]
    own += [layout().prediction.sheet, layout().occupants.sheet, layout().regions.sheet]
    refuse_other_stage(book, own, content().label)


# -- parameters and inspections ------------------------------------------------------------------------------


def parameter_lines() -> dict[tuple[str, ...], Parameter]:
    """Return the rows of input parameters by their labels."""
    rows = layout().parameters.rows
    return {(content().label, row.element, row.sub_element, row.label or ""): row for row in rows}


def _read_parameters(notes: Notes) -> None:
    rule = layout().parameters
    *labels, value = rule.headings
    table = notes.table(rule.sheet, labels, [value])
    third = layout().third_row
    if table is None:
        return
    angle: Cell | None = None
    for line, parameter in notes.matched(table, parameter_lines(), [value]):
        cell = table.cell(line, value)
        if parameter.fact is None:
            if not cell.empty:
                notes.say("stray_value", cell.place, text=cell.text)
            continue
        if parameter.fact == third.stated_by:
            angle = cell
        found = read_parameter(notes, cell, parameter)
        if found is not None:
            notes.state(parameter.fact, found, cell.place)
    if angle is not None:
        stated = any(row.name == third.stated_by for row in notes.rows)
        unusable = not stated and not (angle.empty or angle.text.lower() in layout().blank)
        if not unusable:
            notes.state(third.fact, "yes" if stated else "no", angle.place)


def read_parameter(notes: Notes, cell: Cell, parameter: Parameter) -> str | float | None:
    """Return what a cell of the input parameters says, ``None`` where it says nothing that can be used."""
    assert parameter.fact is not None
    if parameter.options:
        word = notes.word(cell, parameter.options)
        return None if word is None else word.lower()
    blank = [parameter.none] if parameter.none else []
    return notes.number(cell, parameter.fact, whole=parameter.whole, blank=blank)


def _read_inspections(notes: Notes) -> None:
    label = content().label
    tests: Expected = {
        (label, test.element, test.label): (test.inspection, test.maximum) for test in content().tests
    }
    _read_score_sheet(notes, layout().tests.sheet, layout().tests.headings, 3, tests)
    dummies: Expected = {
        (label, test.element, test.label, dummy.loadcase, dummy.seat, dummy.label): (None, dummy.maximum)
        for test, dummy in content().dummies
    }
    _read_score_sheet(notes, layout().occupants.sheet, layout().occupants.headings, 6, dummies)
    regions: Expected = {
        (test.element, test.label, dummy.loadcase, dummy.seat, dummy.label, region.label): (
            region.inspection,
            region.maximum,
        )
        for test, dummy in content().dummies
        for region in dummy.regions
    }
    _read_score_sheet(notes, layout().regions.sheet, layout().regions.headings, 6, regions)


def _read_score_sheet(
    notes: Notes,
    title: str,
    headings: Sequence[str],
    labels: int,
    expected: Expected,
) -> None:
    """Read the inspections of a score sheet, and say where maxima were edited."""
    inspection = next((text for text in headings if text.startswith("Inspection")), None)
    most = headings[-1]
    table = notes.table(title, headings[:labels], [most, *([inspection] if inspection else [])])
    if table is None:
        return
    filled_in = [inspection] if inspection else []
    # a sheet that asks for nothing loses nothing where its rows were edited
    severity: Severity = "error" if inspection else "warning"
    for line, (fact, maximum) in notes.matched(table, expected, filled_in, severity):
        if maximum is not None:
            notes.compare(table.cell(line, most), most, maximum, _same_maximum)
        if fact is not None and inspection is not None:
            cell = table.cell(line, inspection)
            value = notes.number(cell, fact)
            if value is not None:
                notes.state(fact, value, cell.place)


def _same_maximum(one: float, other: float) -> bool:
    """Whether maxima are the same: thirds are printed with as many digits as a workbook keeps."""
    return abs(one - other) <= 1e-6


# -- measured values -----------------------------------------------------------------------------------------


def _read_criteria(notes: Notes, part: CriteriaSheet) -> None:
    rule = layout().criteria.headings
    others = criteria_headings(part)[len(rule.labels) :]
    table = notes.table(part.sheet, rule.labels, others)
    if table is None:
        return
    filled_in = [rule.value, *([rule.predicted] if part.predicted else [])]
    for found, line in notes.matched(table, content().lines[part.sheet], filled_in):
        tested = _read_value(notes, table.cell(found, rule.value), line)
        if part.predicted:
            _read_predicted(notes, table.cell(found, rule.predicted), line, tested=tested)
        _compare_limits(notes, table, found, line)


def _read_value(notes: Notes, cell: Cell, line: Line) -> bool:
    """State the value of a row; returns whether it has one."""
    value: float | str | None
    if line.kind == "criterion":
        value = notes.number(cell, line.fact, line.unit, size=line.size, text_is=0.0)
    elif line.kind == "modifier":
        value = notes.number(cell, line.fact, line.unit)
    elif line.kind == "excursion":
        word = notes.word(cell, layout().criteria.excursion.words)
        value = None if word is None else word.lower()
    else:
        value = _answer(notes, cell, line)
    if value is not None:
        notes.state(line.fact, value, cell.place, line.unit)
    return value is not None


def _answer(notes: Notes, cell: Cell, line: Line) -> str | None:
    """Return the answer to a question with two answers, spelled in one of several ways."""
    if notes.is_blank(cell):
        return None
    contact = line.kind == "contact"
    rule = layout().criteria.contact if contact else layout().criteria.non_use
    yes, no = ("yes", "no") if contact else ("pass", "fail")
    number = number_of(cell.value)
    word = f"{number:g}" if number is not None else cell.text.lower()
    accepted = {**dict.fromkeys(rule.yes, yes), **dict.fromkeys(rule.no, no)}
    is_word = contact or not isinstance(cell.value, bool)
    if notes.calculator and contact:
        answer: str | None = yes if word in ("true", "1") else no
        if word not in accepted:
            options = ", ".join(accepted)
            notes.say("word_counts_as", cell.place, "warning", text=cell.text, options=options, word=answer)
        return answer
    if is_word and word in accepted:
        return accepted[word]
    notes.say("unknown_word", cell.place, notes.lenient, text=cell.text, options=", ".join(accepted))
    return None


def _read_predicted(notes: Notes, cell: Cell, line: Line, *, tested: bool) -> None:
    if line.kind != "criterion":
        if not cell.empty:
            notes.say("not_predicted", cell.place, "warning", "euroncap/crash_protection", text=cell.text)
        return
    word = notes.word(cell, colour_words())
    if word is not None:
        if not line.predicted:
            notes.say("not_predicted", cell.place, "warning", "euroncap/crash_protection", text=cell.text)
        notes.state(f"{line.fact}{PREDICTED}", word.lower(), cell.place)
    elif (
        line.predicted and tested and cell.empty
    ):  # once the test is done, this says that nothing was predicted
        notes.state(f"{line.fact}{PREDICTED}", UNPREDICTED, cell.place)


def _compare_limits(notes: Notes, table: Table, found: TableLine, line: Line) -> None:
    """Say where limits were edited; those that are worked out stand at 0 until the report."""
    rule = layout().criteria.headings
    for heading, limit in zip((*rule.limits, rule.capping), line.limits, strict=True):
        if heading in table.columns and not line.worked_out:
            notes.compare(table.cell(found, heading), heading, limit, same_number)
