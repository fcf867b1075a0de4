"""A prepared workbook of Safe Driving to facts."""

from __future__ import annotations

from collections.abc import Mapping

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book
from carindex.euroncap.safe_driving.content import checks, noise, noise_key, parameters
from carindex.euroncap.safe_driving.drawn import read_points, read_tests
from carindex.euroncap.safe_driving.files import monitoring
from carindex.euroncap.safe_driving.grids import (
    read_acc,
    read_countries,
    read_hazards,
    read_monitoring,
    state_predictions,
)
from carindex.euroncap.safe_driving.layout import Value, layout
from carindex.euroncap.safe_driving.lines import read_questions
from carindex.euroncap.safe_driving.reader import Reader, message
from carindex.euroncap.safe_driving.whole import (
    check_scores,
    check_sheets,
    check_version,
    is_prepared,
    require_stage,
)
from carindex.messages import Finding, InputError


def read(book: Book, *, calculator: bool = False) -> tuple[list[Row], list[Finding]]:
    """Return the facts of a prepared workbook, and what is wrong with it.

    Parameters
    ----------
    book
        The workbook, of the programme's own tool or of ours.
    calculator
        Read cells as the programme's calculator reads them, mistakes included.

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
        raise InputError(book.path, message("not_prepared"), sheets=", ".join(book.sheets)[:200])
    reader = Reader(book, calculator)
    check_sheets(reader, layout().prepared_sheets)
    check_version(reader, layout().version_sheet.prepared)
    declared = dict(read_questions(reader, parameters()))
    declared |= read_questions(reader, noise())
    check_scores(reader, declared)
    for part in checks():
        if part.sheet == monitoring().verification_sheet and _says_why_not(reader, declared):
            continue
        read_questions(reader, part, declared)
    predictions = read_monitoring(reader)
    state_predictions(reader, predictions)
    read_tests(reader, predictions)
    state_predictions(reader, read_countries(reader))
    state_predictions(reader, read_hazards(reader))
    read_points(reader, read_acc(reader))
    return reader.rows, reader.findings


def not_functional(declared: Mapping[str, Value]) -> list[str]:
    """Return the facts of noise variables that are required and not said to be functional."""
    required = {key for key, variable in monitoring().noise_variables.items() if variable.required}
    return [
        question.fact
        for question in noise().questions
        if noise_key(question.fact) in required and declared.get(question.fact) != question.options[-1]
    ]


def _says_why_not(reader: Reader, declared: Mapping[str, Value]) -> bool:
    """Whether the sheet of drawn tests only says why none was drawn."""
    sheet = reader.sheet(monitoring().verification_sheet)
    if sheet is None or not not_functional(declared):
        return False
    answer = layout().monitoring.tests.headings[-2]
    return all(sheet.cell(1, column).text != answer for column in range(1, sheet.columns + 1))
