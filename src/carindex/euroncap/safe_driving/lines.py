"""Sheets of questions: lines that are told by their labels, and answered with a word or a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import msgspec

from carindex.euroncap.cells import Sheet
from carindex.euroncap.safe_driving.content import (
    FIRST_ROW,
    NOT_FITTED,
    Question,
    QuestionSheet,
    is_shown,
    line_label,
)
from carindex.euroncap.safe_driving.files import monitoring
from carindex.euroncap.safe_driving.layout import Value, layout
from carindex.euroncap.safe_driving.reader import Reader


@cache
def _headings() -> frozenset[str]:
    """Return what stands in the first column of the heading of a table below."""
    tables = {table.label["en"] for table in monitoring().tables.values()}
    return frozenset({layout().monitoring.tests.headings[0], *tables})


class Line(msgspec.Struct, frozen=True):
    """A line of a sheet: its labels, those left blank taken from above, and its row."""

    labels: tuple[str, ...]
    row: int


def labelled_lines(sheet: Sheet, columns: list[int]) -> Iterator[Line]:
    """Yield the lines of the table at the top of a sheet; a table below with a heading of its own ends it."""
    last = [""] * len(columns)
    for row in range(FIRST_ROW, sheet.rows + 1):
        labels = [sheet.cell(row, column).text for column in columns]
        if labels[0] in _headings():
            return
        if not any(labels):
            continue
        for i, label in enumerate(labels):
            if label:
                last[i:] = [label] + [""] * (len(last) - i - 1)
        yield Line(tuple(last), row)


def read_questions(
    reader: Reader, part: QuestionSheet, declared: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """Read the answers of a sheet, state them as facts, and return them.

    Parameters
    ----------
    reader
        The workbook.
    part
        The questions.
    declared
        Input parameters, by which lines come and go; ``None`` where a sheet has all of its lines always.
    """
    sheet = reader.sheet(part.sheet)
    if sheet is None:
        return {}
    columns = reader.columns(sheet, 1, [*part.labels, part.answer])
    if columns is None:
        return {}
    at = columns[part.answer]
    lines = list(labelled_lines(sheet, [columns[label] for label in part.labels]))
    exact = {question.line for question in part.questions}
    answers: dict[str, Value] = {}
    used: set[int] = set()
    for question in part.questions:
        rows = [line for line in lines if _fits(line, question, exact)]
        used.update(line.row for line in rows)
        expected = declared is None or is_shown(question.fact, declared)
        if rows:
            _twice(reader, sheet, at, rows)
            if declared is not None:
                _check(reader, sheet, rows[0], question, declared, expected=expected)
            value = reader.answer(sheet.cell(rows[0].row, at), question)
            if value is not None:
                reader.state(question.fact, value, sheet.place(rows[0].row, at))
                answers[question.fact] = value
        elif expected:
            labels = " / ".join(label for label in question.line if label and label != "*")
            reader.say("no_line", f"{reader.book.path}: {part.sheet}", line=labels)
        if not rows and NOT_FITTED in question.options and (not expected or reader.calculator):
            reader.state(question.fact, NOT_FITTED, f"{reader.book.path}: {part.sheet}")
            answers[question.fact] = NOT_FITTED
    for line in lines:
        if line.row not in used:
            labels = " / ".join(label for label in line.labels if label)
            reader.say("unknown_line", sheet.place(line.row, columns[part.labels[0]]), line=labels)
    _stray(reader, sheet, at, {line.row for line in lines})
    return answers


def _fits(line: Line, question: Question, exact: set[tuple[str, ...]]) -> bool:
    """Whether a line is that of a question; a star stands for any label but one that another question names."""
    if line.labels == question.line:
        return True
    if line.labels in exact or "*" not in question.line:
        return False
    return all(wanted in ("*", label) for wanted, label in zip(question.line, line.labels, strict=True))


def _twice(reader: Reader, sheet: Sheet, column: int, rows: list[Line]) -> None:
    for line in rows[1:]:
        if not sheet.cell(line.row, column).empty:
            labels = " / ".join(label for label in line.labels if label)
            first = sheet.place(rows[0].row, column)
            reader.say("line_twice", sheet.place(line.row, column), line=labels, first=first)


def _check(
    reader: Reader,
    sheet: Sheet,
    line: Line,
    question: Question,
    declared: Mapping[str, Value],
    *,
    expected: bool,
) -> None:
    """Compare a line with what the input parameters say about the car."""
    place = sheet.place(line.row, 1)
    if not expected:
        labels = " / ".join(label for label in line.labels if label)
        reader.say("line_not_declared", place, "warning", line=labels, sheet=layout().parameters.sheet)
    wanted = line_label(question, declared)
    if question.wild and wanted and line.labels[-1] != wanted:
        reader.say(
            "other_label",
            place,
            "warning",
            label=line.labels[-1] or "-",
            expected=wanted,
            sheet=layout().parameters.sheet,
        )


def _stray(reader: Reader, sheet: Sheet, column: int, rows: set[int]) -> None:
    """Say where an answer stands in a line without labels."""
    for row in range(FIRST_ROW, sheet.rows + 1):
        if sheet.cell(row, 1).text in _headings():
            return
        cell = sheet.cell(row, column)
        if row not in rows and not cell.empty:
            reader.say("stray_value", cell.place, text=cell.text)
