"""A workbook as a whole: of this stage, prepared, of the right version, its labels and maxima as they were."""

from __future__ import annotations

from collections.abc import Mapping

from carindex.euroncap.cells import Book, Sheet
from carindex.euroncap.safe_driving.content import FIRST_ROW, score_lines
from carindex.euroncap.safe_driving.layout import ScoreSheet, Value, layout
from carindex.euroncap.safe_driving.lines import labelled_lines
from carindex.euroncap.safe_driving.reader import Reader, message
from carindex.messages import InputError

_TOLERANCE = 1e-9


def is_prepared(book: Book) -> bool:
    """Whether a workbook has a sheet that only a prepared one has."""
    return any(sheet in book.sheets for sheet in _only_prepared())


def _only_prepared() -> list[str]:
    return [sheet for sheet in layout().prepared_sheets if sheet not in layout().template_sheets]


def require_stage(book: Book) -> None:
    """Refuse a workbook of another stage.

    Raises
    ------
    InputError
        When it has none of the sheets that only this stage has.
    """
    own = [sheet for sheet in layout().prepared_sheets if sheet not in layout().shared_sheets]
    if not any(sheet in book.sheets for sheet in own):
        raise InputError(
            book.path, message("other_workbook"), sheets=", ".join(book.sheets)[:200], expected=", ".join(own)
        )


def check_sheets(reader: Reader, expected: list[str]) -> None:
    """Say which sheets are missing."""
    for title in expected:
        if title not in reader.book.sheets and title not in layout().spare_sheets:
            there = ", ".join(reader.book.sheets)
            reader.say("no_sheet", str(reader.book.path), sheet=title, sheets=there)


def check_version(reader: Reader, label: str) -> None:
    """Compare the version that a workbook was made for with ours: parts but the last must be equal."""
    sheet = reader.sheet(layout().version_sheet.sheet)
    if sheet is None:
        return
    row = next((row for row in range(1, sheet.rows + 1) if sheet.cell(row, 1).text == label), None)
    if row is None:
        reader.say("no_version", sheet.place(1, 1), "warning", label=label, version=layout().version)
        return
    cell = sheet.cell(row, 2)
    if cell.text == layout().version:
        return
    theirs, ours = (text.split(".")[:2] for text in (cell.text, layout().version))
    if theirs == ours:
        reader.say("other_patch", cell.place, "warning", found=cell.text, version=layout().version)
    else:
        reader.say("other_version", cell.place, found=cell.text or "-", version=layout().version)


def check_scores(reader: Reader, declared: Mapping[str, Value]) -> None:
    """Say where labels or maxima of the score sheets were edited; the protocol's count."""
    for part in layout().scores.sheets:
        sheet = reader.sheet(part.sheet)
        if sheet is not None:
            _check_score_sheet(reader, sheet, part, declared)


def _check_score_sheet(reader: Reader, sheet: Sheet, part: ScoreSheet, declared: Mapping[str, Value]) -> None:
    columns = reader.columns(sheet, 1, part.headings)
    if columns is None:
        return
    labels = part.headings[: part.levels + 1]
    found = {
        tuple(line.labels[1:]): line.row
        for line in labelled_lines(sheet, [columns[label] for label in labels])
    }
    most = columns[part.headings[-1]]
    for line in score_lines(part.levels, declared):
        row = found.pop(line.labels, None)
        name = " / ".join(label for label in line.labels if label)
        if row is None:
            reader.say("no_score_line", f"{reader.book.path}: {sheet.title}", "warning", line=name)
            continue
        cell = sheet.cell(row, most)
        value = cell.value
        if not isinstance(value, int | float) or abs(value - line.maximum) > _TOLERANCE:
            reader.say(
                "other_maximum", cell.place, "warning", found=cell.text or "-", maximum=f"{line.maximum:g}"
            )
    for labels_found, row in found.items():
        name = " / ".join(label for label in labels_found if label)
        reader.say("no_score_node", sheet.place(row, FIRST_ROW), "warning", line=name)
