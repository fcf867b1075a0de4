"""The sheets of Post-Crash as pages: template, prepared workbook and report, what is answered given by fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from carindex.euroncap.forms import FIRST_ROW, fit, hidden_pages, put_heading, put_labels, version_page
from carindex.euroncap.pages import Page, Value
from carindex.euroncap.post_crash.layout import (
    QuestionSheet,
    ScoredNode,
    ScoreSheet,
    checks,
    layout,
    options_of,
    parameters,
    scored_nodes,
)

Values = Mapping[str, Value]
Score = Callable[[ScoredNode], Value]


def blank() -> list[Page]:
    """Return the empty template: parameters to be filled in by the manufacturer."""
    scores = [score_page(part, None) for part in layout().scores]
    hidden = hidden_pages(layout().hidden, layout().fills["heading"])
    return [parameters_page({}), *scores, *hidden, _version([layout().version_sheet.template])]


def prepared(values: Values, score: Score | None = None) -> list[Page]:
    """Return the prepared workbook, or with scores the report.

    Parameters
    ----------
    values
        What stands in the user's cells, by fact.
    score
        What to print as the score of a node; without it there are none yet.
    """
    version = layout().version_sheet
    labels = [version.template, version.prepared, *([version.report] if score else [])]
    return [
        parameters_page(values),
        *(score_page(part, score or _none_yet) for part in layout().scores),
        *(checks_page(part, values) for part in checks()),
        _version(labels),
        *hidden_pages(layout().hidden, layout().fills["heading"]),
    ]


def _none_yet(node: ScoredNode) -> Value:
    return layout().open


def _version(labels: Sequence[str]) -> Page:
    rule = layout()
    return version_page(rule.version_sheet.sheet, labels, rule.version, rule.fills["heading"])


def parameters_page(values: Values) -> Page:
    """Return the sheet of input parameters."""
    rule = layout().parameters
    above = (scored_nodes()[0].labels[0], *rule.above)
    return _questions(parameters(), values, rule.headings, above)


def checks_page(part: QuestionSheet, values: Values) -> Page:
    """Return a sheet of checks."""
    return _questions(part, values, [*part.columns, layout().value], ())


def _questions(part: QuestionSheet, values: Values, headings: Sequence[str], above: tuple[str, ...]) -> Page:
    page = Page(part.sheet)
    put_heading(page, headings, layout().fills["heading"])
    last: tuple[str, ...] = ()
    for row, (fact, question) in enumerate(part.facts.items(), start=FIRST_ROW):
        labels = (*above, *question.line)
        put_labels(page, row, labels, labels, last)
        options = options_of(question)
        page.put(row, len(headings), values.get(fact), fill=layout().fills["input"], options=options)
        last = labels
    return fit(page)


def score_page(part: ScoreSheet, score: Score | None) -> Page:
    """Return a sheet of scores; without ``score`` that of the template."""
    page = Page(part.sheet)
    put_heading(page, part.headings, layout().fills["heading"])
    last: tuple[str, ...] = ()
    fill = None if score is None else layout().fills["computed"]
    number = layout().number
    nodes = [node for node in scored_nodes() if len(node.labels) == part.level]
    for row, node in enumerate(nodes, start=FIRST_ROW):
        put_labels(page, row, node.labels, node.labels, last)
        value = layout().open if score is None else score(node)
        shown = number if isinstance(value, int | float) else None
        page.put(row, part.level + 1, value, fill=fill, number=shown)
        page.put(row, part.level + 2, node.maximum, number=number)
        last = node.labels
    return fit(page)
