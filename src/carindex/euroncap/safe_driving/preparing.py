"""From a filled template to the workbook prepared for testing: checks laid out, predictions coloured, tests drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from carindex.euroncap.cells import Book
from carindex.euroncap.pages import Entry, Page
from carindex.euroncap.safe_driving.content import (
    MonitoringCell,
    checks,
    noise,
    noise_key,
    parameters,
)
from carindex.euroncap.safe_driving.draw import Selection, draw
from carindex.euroncap.safe_driving.files import countries, monitoring
from carindex.euroncap.safe_driving.grids import (
    Prediction,
    read_acc,
    read_countries,
    read_hazards,
    read_monitoring,
)
from carindex.euroncap.safe_driving.layout import Value, layout
from carindex.euroncap.safe_driving.lines import read_questions
from carindex.euroncap.safe_driving.listing import acc_checks_page, monitoring_checks_page
from carindex.euroncap.safe_driving.reader import Reader, message
from carindex.euroncap.safe_driving.reading import not_functional
from carindex.euroncap.safe_driving.sheets import (
    acc_page,
    checks_page,
    countries_page,
    documentation_page,
    monitoring_page,
    ordered,
    parameters_page,
    score_page,
    version_page,
)
from carindex.euroncap.safe_driving.whole import (
    check_scores,
    check_sheets,
    check_version,
    is_prepared,
    require_stage,
)
from carindex.messages import Finding, InputError

_GOOD = "green"


class Filled(msgspec.Struct, frozen=True):
    """What a filled template says: parameters and noise variables by fact, predictions by the names of their cells."""

    declared: Mapping[str, Value]
    monitoring: Mapping[str, Prediction]
    countries: Mapping[str, Prediction]
    hazards: Mapping[str, Prediction]
    acc: Mapping[str, Prediction]

    @property
    def functional(self) -> list[str]:
        """Keys of the noise variables that are functional."""
        return [
            noise_key(question.fact)
            for question in noise().questions
            if self.declared.get(question.fact) == question.options[-1]
        ]

    @property
    def not_functional(self) -> list[str]:
        """Facts of the required noise variables that are not said to be functional."""
        return not_functional(self.declared)


def prepare(book: Book, seed: int) -> tuple[list[Page], list[Finding]]:
    """Prepare a filled template for testing.

    Parameters
    ----------
    book
        The template, its parameters and predictions filled in.
    seed
        Seed of the draw; the same seed and the same predictions give the same workbook.

    Returns
    -------
    tuple
        The prepared workbook, and what is wrong with the template. A prediction that cannot be used claims nothing.

    Raises
    ------
    InputError
        When the workbook is of another stage, or prepared already.
    """
    filled, findings = read_template(book)
    return prepared_pages(filled, selection_of(filled, seed)), findings


def read_template(book: Book) -> tuple[Filled, list[Finding]]:
    """Read what a filled template says."""
    require_stage(book)
    if is_prepared(book):
        raise InputError(book.path, message("already_prepared"))
    reader = Reader(book)
    check_sheets(reader, layout().template_sheets)
    check_version(reader, layout().version_sheet.template)
    check_scores(reader, {})
    declared = read_questions(reader, parameters()) | read_questions(reader, noise())
    filled = Filled(
        declared,
        read_monitoring(reader, words_only=True),
        read_countries(reader),
        read_hazards(reader),
        read_acc(reader, words_only=True),
    )
    for question in (*parameters().questions, *noise().questions):
        if question.fact not in declared:
            reader.say(
                "not_declared", str(book.path), "warning", line=" / ".join(filter(None, question.line))
            )
    rule = layout()
    _left_out(reader, filled.monitoring.values(), rule.monitoring.words)
    _left_out(reader, filled.hazards.values(), rule.hazards.words)
    grey = [said for said in filled.countries.values() if said.colour in rule.countries.fills]
    _left_out(reader, grey, rule.countries.words, any_colour=True)
    return filled, reader.findings


def _left_out(
    reader: Reader, cells: Iterable[Prediction], words: list[str], *, any_colour: bool = False
) -> None:
    """Say how many cells of a grid have no prediction, and which is the first."""
    empty = [said for said in cells if not said.text and (any_colour or said.colour is None)]
    if empty:
        choice = ", ".join(words)
        reader.say("left_out", empty[0].place, "warning", count=len(empty), options=choice)


def selection_of(filled: Filled, seed: int) -> Selection:
    """Draw the tests of a filled template; none of driver monitoring where a required noise variable fails."""
    claims = {name: said.colour for name, said in filled.monitoring.items()}
    points = {fact: said.colour for fact, said in filled.acc.items()}
    drawn = draw(claims, filled.functional, points, seed)
    return Selection((), drawn.targets) if filled.not_functional else drawn


# -- pages -------------------------------------------------------------------------------------------------


def prepared_pages(filled: Filled, selection: Selection) -> list[Page]:
    """Return the prepared workbook of a filled template, for tests that were drawn."""
    rule = layout()
    answers = prepared_answers(filled)
    with_tests = (monitoring().verification_sheet, rule.acc.verification_sheet)
    pages = [
        parameters_page(filled.declared),
        *(score_page(part, filled.declared) for part in rule.scores.sheets),
        *(checks_page(part, filled.declared, answers) for part in checks() if part.sheet not in with_tests),
        _claims_page(filled, selection),
        monitoring_checks_page(filled.declared, filled.not_functional, selection),
        countries_page(
            lambda cell: _limit(filled.countries.get(cell.fact), None),
            lambda cell: _limit(filled.hazards.get(cell.fact), rule.fills["unanswered"]),
        ),
        acc_page(lambda point: _point(filled.acc.get(point.fact))),
        acc_checks_page(
            filled.declared, {fact: said.colour for fact, said in filled.acc.items()}, selection.targets
        ),
        version_page([rule.version_sheet.template, rule.version_sheet.prepared]),
        *(documentation_page(title) for title in rule.documentation),
    ]
    return ordered(pages, rule.prepared_sheets)


def prepared_answers(filled: Filled) -> dict[str, Value]:
    """Return the checks that follow from predictions: speed limits from the countries, hazards from their channels."""
    answers: dict[str, Value] = {}
    content = countries()
    lines = sum(len(group.countries) for group in content.groups.values())
    for key, column in content.columns.items():
        fails = {
            (group_key, country): _fails(
                filled.countries.get(f"speed_assistance/advanced_speed_limit/{key}/{country}")
            )
            for group_key, group in content.groups.items()
            for country in group.countries
        }
        passed = lines - sum(fails.values()) >= content.share_of_all_lines * lines and not any(
            failed and content.groups[group].none_failing for (group, _), failed in fails.items()
        )
        fact = f"speed_assistance/advanced_speed_limit/{column.line}/result"
        answers[fact] = "PASS" if passed and answers.get(fact) != "FAIL" else "FAIL"
    channels: dict[str, list[Prediction]] = {}
    for name, said in filled.hazards.items():
        channels.setdefault(name.rsplit("/", 1)[0], []).append(said)
    for area, said_by in channels.items():
        claimed = any(said.colour == _GOOD for said in said_by)
        answers[f"{area}/result"] = "PASS" if claimed else "FAIL"
    return answers


def _fails(said: Prediction | None) -> bool:
    """Whether a country's cell speaks against a speed limit: red, greyed out, or a word that is no answer."""
    return said is not None and said.colour != _GOOD and (said.colour is not None or bool(_word(said)))


def _word(said: Prediction) -> str:
    """Return the text of a cell, empty where it says nothing."""
    return "" if said.text.lower() in layout().nothing else said.text


def _claims_page(filled: Filled, selection: Selection) -> Page:
    marked = {test.cell.name for test in selection.tests}
    skipped = bool(filled.not_functional)

    def entry(cell: MonitoringCell) -> Entry:
        said = filled.monitoring.get(cell.name)
        colour = said.colour if said is not None else None
        text = said.text if said is not None else ""
        if colour is None and not text and not skipped:
            colour = "red"  # asked for and left empty: nothing is claimed
        if colour is None or text.lower() in layout().nothing:
            return Entry(text or None, layout().fills["unanswered"])
        return Entry(layout().mark if cell.name in marked else None, layout().colours[colour])

    return monitoring_page(filled.declared, entry)


def _limit(said: Prediction | None, otherwise: str | None) -> Entry:
    if said is None:
        return Entry(None, otherwise)
    fill = layout().colours[said.colour] if said.colour is not None else otherwise
    return Entry(said.text or None, fill)


def _point(said: Prediction | None) -> Entry:
    colour = said.colour if said is not None else None
    if said is None or colour is None or colour == "grey" or not said.text:
        return Entry((said.text or None) if said is not None else None, layout().fills["input"])
    tested = colour in layout().acc.tested
    return Entry(layout().mark if tested else None, layout().colours[colour])
