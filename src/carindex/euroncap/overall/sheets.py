"""The sheets of the overall workbook as pages: template, and with scores the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from carindex.euroncap.forms import FIRST_ROW, fit, put_heading, put_labels, version_page
from carindex.euroncap.overall.layout import ScoredNode, ScoreSheet, layout, scored_nodes
from carindex.euroncap.pages import Page, Value

Values = Mapping[str, Value]
Score = Callable[[ScoredNode], Value]


def blank() -> list[Page]:
    """Return the empty workbook: year of the test and vehicle provision to be filled in."""
    return template({})


def template(values: Values) -> list[Page]:
    """Return the workbook without scores; ``values`` is what stands in the user's cells, by fact."""
    scores = [score_page(part, None) for part in layout().scores]
    return [_parameters(values), _rating(None, None), *scores, _version([layout().version_sheet.template])]


def scored(values: Values, stars: int | None, score: Score) -> list[Page]:
    """Return the report.

    Parameters
    ----------
    values
        What stands in the user's cells, by fact.
    stars
        The car's stars, ``None`` while they are open.
    score
        What to print as the score of a node.
    """
    version = layout().version_sheet
    pages = [score_page(part, score) for part in layout().scores]
    fill = layout().fills["computed"]
    # the line between the two is that of a preparation, which this workbook does not have
    last = _version([version.template, None, version.report])
    return [_parameters(values), _rating(stars, fill), *pages, last]


def _version(labels: Sequence[str | None]) -> Page:
    rule = layout()
    return version_page(rule.version_sheet.sheet, labels, rule.version, rule.fills["heading"])


def _parameters(values: Values) -> Page:
    rule = layout().parameters
    page = Page(rule.sheet)
    put_heading(page, rule.headings, layout().fills["heading"])
    for row, parameter in enumerate((rule.year, rule.provision), start=FIRST_ROW):
        put_labels(page, row, parameter.line, parameter.line, ())
        options = [str(option) for option in parameter.options]
        value = values.get(parameter.fact)
        page.put(row, len(rule.headings), value, fill=layout().fills["input"], options=options)
    return fit(page)


def _rating(stars: int | None, fill: str | None) -> Page:
    rule = layout().rating
    page = Page(rule.sheet)
    put_heading(page, rule.headings, layout().fills["heading"])
    page.put(FIRST_ROW, 1, layout().open if fill is None else stars, fill=fill)
    page.put(FIRST_ROW, 2, rule.most)
    return fit(page)


def score_page(part: ScoreSheet, score: Score | None) -> Page:
    """Return a sheet of scores; without ``score`` that of the template."""
    page = Page(part.sheet)
    put_heading(page, part.headings, layout().fills["heading"])
    last: tuple[str, ...] = ()
    fill = None if score is None else layout().fills["computed"]
    number = layout().formats[part.number]
    nodes = [node for node in scored_nodes() if len(node.labels) == part.level]
    for row, node in enumerate(nodes, start=FIRST_ROW):
        put_labels(page, row, node.labels, node.labels, last)
        value = layout().open if score is None else score(node)
        shown = number if isinstance(value, int | float) else None
        page.put(row, part.level + 1, value, fill=fill, number=shown)
        page.put(row, part.level + 2, node.maximum, number=number)
        last = node.labels
    return fit(page)
