"""The empty template."""

from __future__ import annotations

from carindex.euroncap.pages import Entry, Page
from carindex.euroncap.safe_driving.layout import layout
from carindex.euroncap.safe_driving.sheets import (
    acc_page,
    countries_page,
    documentation_page,
    monitoring_page,
    ordered,
    parameters_page,
    score_page,
    version_page,
)


def blank() -> list[Page]:
    """Return the empty template: parameters and predictions to be filled in, with the words to choose from."""
    rule, fills = layout(), layout().fills
    claim = Entry(None, fills["unanswered"], options=tuple(rule.monitoring.words))
    limit = Entry(None, fills["unanswered"], options=tuple(rule.countries.words))
    hazard = Entry(None, fills["unanswered"], options=tuple(rule.hazards.words))
    point = Entry(None, fills["input"], options=tuple(rule.acc.words))
    pages = [
        parameters_page({}),
        *(score_page(part, None) for part in rule.scores.sheets),
        monitoring_page({}, lambda _: claim),
        countries_page(lambda _: limit, lambda _: hazard),
        acc_page(lambda _: point),
        *(documentation_page(title) for title in rule.documentation),
        version_page([rule.version_sheet.template]),
    ]
    return ordered(pages, rule.template_sheets)
