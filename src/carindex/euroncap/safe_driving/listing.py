"""The sheets of checks with drawn tests below: driver monitoring, adaptive cruise control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from carindex.euroncap.pages import Page
from carindex.euroncap.safe_driving.content import (
    FIRST_ROW,
    QuestionSheet,
    checks,
    noise,
    noise_key,
)
from carindex.euroncap.safe_driving.draw import ChosenTest, Selection, tested_points
from carindex.euroncap.safe_driving.files import monitoring
from carindex.euroncap.safe_driving.layout import Value, layout
from carindex.euroncap.safe_driving.sheets import checks_page, fit, gap, heading, last_row

Line = dict[str, Value]
_ANSWER = "Value"
_OUTCOMES = ("PASS", "FAIL")


def _checks_of(title: str) -> QuestionSheet:
    return next(part for part in checks() if part.sheet == title)


def _with_tests(
    part: QuestionSheet,
    declared: Mapping[str, Value],
    headings: Sequence[str],
    left_out: Sequence[str],
    lines: Sequence[Line],
    options: Sequence[str] = (),
) -> Page:
    """Return a sheet of checks with a list of tests below."""
    column = headings.index(_ANSWER) + 1
    page = checks_page(part, declared, {}, column)
    heading(page, 1, [None] * (len(headings) - column), column + 1)
    row = last_row(page) + 1
    gap(page, row, len(headings))
    heading(page, row + 1, headings)
    above: Line = {}
    for at, line in enumerate(lines, start=row + 2):
        for i, name in enumerate(headings, start=1):
            value = line.get(name)
            if name == _ANSWER:
                page.put(
                    at, i, fill=layout().fills["input"], options=options, number=layout().formats["value"]
                )
            elif value is not None and not (name in left_out and above.get(name) == value):
                page.put(at, i, value)
        above = line
    return fit(page)


# -- driver monitoring -------------------------------------------------------------------------------------


def monitoring_checks_page(
    declared: Mapping[str, Value], not_functional: Sequence[str], selection: Selection
) -> Page:
    """Return the checks of driver monitoring with the drawn tests, or why there are none."""
    part = _checks_of(monitoring().verification_sheet)
    rule = layout().monitoring.tests
    if not_functional:
        page = Page(part.sheet)
        heading(page, 1, rule.headings[:1])
        for row, fact in enumerate(not_functional, start=FIRST_ROW):
            page.put(row, 1, rule.not_functional.format(element=_noise_label(noise_key(fact))))
        return fit(page)
    lines = [_test_line(test) for test in selection.tests]
    return _with_tests(part, declared, rule.headings, rule.left_out, lines, _OUTCOMES)


def _noise_label(key: str) -> str:
    question = next(question for question in noise().questions if noise_key(question.fact) == key)
    return question.line[-1] or question.line[-2]


def _test_line(test: ChosenTest) -> Line:
    rule, cell = layout().monitoring.tests, test.cell
    row, column = cell.place
    table, task, movement, gaze = cell.labels
    of_task = f"{cell.table}/{cell.task}"
    words = {
        "table": table,
        "task": rule.tasks.get(of_task, task),
        "movement": rule.movements.get(of_task, movement),
        "response": rule.responses.get(cell.response, rule.responses["default"]),
    }
    values = (
        rule.categories.get(cell.table, rule.categories["default"]).format(**words),
        rule.scenarios.get(cell.table, rule.scenarios["default"]).format(**words),
        rule.point.format(row=row, column=column),
        task,
        movement or None,
        gaze or None,
        None if test.noise is None else _noise_label(test.noise),
        cell.requirement,
        None,
        test.scenario,
    )
    return dict(zip(rule.headings, values, strict=True))


# -- adaptive cruise control -------------------------------------------------------------------------------


def acc_checks_page(
    declared: Mapping[str, Value], points: Mapping[str, str | None], targets: Mapping[str, str]
) -> Page:
    """Return the checks of the adaptive cruise control with the points to be tested."""
    rule = layout().acc
    part = _checks_of(rule.verification_sheet)
    lines: list[Line] = []
    for scenario, tested in tested_points(points):
        for i in tested:
            point = scenario.points[i]
            values = (
                layout().spelled(part.sheet, scenario.category),
                scenario.label,
                rule.tests.point.format(row=point.row + 2, column=point.column + 1),
                point.vut_speed,
                point.target_speed,
                point.impact_text,
                point.ttc,
                targets.get(point.fact),
                str(points[point.fact]).capitalize(),
                rule.tests.expected,
                None,
            )
            lines.append(dict(zip(rule.tests.headings, values, strict=True)))
    headings = [
        name
        for name in rule.tests.headings
        if not lines or name not in rule.tests.spare or any(line[name] is not None for line in lines)
    ]
    return _with_tests(part, declared, headings, rule.tests.left_out, lines)
