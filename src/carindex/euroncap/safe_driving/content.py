"""What stands in the workbooks: questions with their options, cells of the prediction grids, test points, score lines.

All of it comes from the protocol's files; the places of grid cells are those of the template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from carindex.euroncap.cells import column_number
from carindex.euroncap.safe_driving.files import Line, Table, countries, inputs, monitoring
from carindex.euroncap.safe_driving.layout import Value, layout
from carindex.kept import kept_as

if TYPE_CHECKING:
    from carindex.rating import Node

_PROTOCOL = "euro-ncap-2026"
STAGE = "safe_driving"
FIRST_ROW = 2
"""First row below the heading of a sheet."""
_ANY = "*"


class Question(msgspec.Struct, frozen=True):
    """A cell that is answered with a word or a number: its fact, its line and what may stand there."""

    fact: str
    line: tuple[str, ...]
    options: tuple[str, ...]
    bounds: tuple[float, float] | None
    whole: bool

    @property
    def wild(self) -> bool:
        """Whether the line's last label is what the car has."""
        return self.line[-1] == _ANY

    @property
    def offered(self) -> tuple[str, ...]:
        """The words in the order in which the sheet offers them."""
        words = [option for option in self.options if option != NOT_FITTED]
        for order in layout().offered:
            if set(order) == set(words):
                return tuple(order)
        return tuple(words)


NOT_FITTED = "not_fitted"


class QuestionSheet(msgspec.Struct, frozen=True):
    """Questions of one sheet, with the headings of their label columns and of the answers."""

    sheet: str
    labels: tuple[str, ...]
    answer: str
    questions: tuple[Question, ...]


class MonitoringCell(msgspec.Struct, frozen=True):
    """A cell of the driver-monitoring predictions; ``name`` begins its facts, ``place`` is row and column."""

    name: str
    table: str
    task: str
    movement: str | None
    gaze: str | None
    response: str
    labels: tuple[str, str, str, str]
    requirement: str
    place: tuple[int, int]

    @property
    def group(self) -> str:
        """Table, task and movement type (or task alone)."""
        return "/".join(part for part in (self.table, self.task, self.movement) if part)

    @property
    def key(self) -> str:
        """The name without the area of all driver-monitoring facts."""
        return self.name.split("/", 1)[1]


class GridCell(msgspec.Struct, frozen=True):
    """A cell of the speed-limit or hazard predictions, by its fact, place and (for limits) whether it is asked for."""

    fact: str
    place: tuple[int, int]
    line: str
    asked: bool = True


class AccPoint(msgspec.Struct, frozen=True):
    """A test point of the adaptive cruise control; ``row`` and ``column`` count within its matrix."""

    fact: str
    measured: str
    vut_speed: str
    target_speed: str
    ttc: str | None
    impact: float
    row: int
    column: int
    place: tuple[int, int]

    @property
    def impact_text(self) -> str:
        """The impact location in per cent."""
        return f"{self.impact * 100:.0f}%"

    @property
    def vut_km_h(self) -> float:
        """Speed of the car under test."""
        return float(self.vut_speed.split()[0])


class AccScenario(msgspec.Struct, frozen=True):
    """A matrix of test points: its label, the category's label, its heading row."""

    key: str
    label: str
    category: str
    points: tuple[AccPoint, ...]
    row: int

    @property
    def has_ttc(self) -> bool:
        """Whether its points have a time to collision."""
        return any(point.ttc is not None for point in self.points)


class ScoreLine(msgspec.Struct, frozen=True):
    """A line of a score sheet: labels, the node, and its greatest score."""

    labels: tuple[str, ...]
    path: str
    maximum: float
    deduction: bool = False


@cache
def question_sheets() -> tuple[QuestionSheet, ...]:
    """Return all questions by sheet, in the order of the file."""
    return tuple(
        QuestionSheet(
            part.sheet,
            tuple(part.columns),
            part.column,
            tuple(_question(fact, line) for fact, line in part.facts.items()),
        )
        for part in inputs().sheets
    )


def _question(fact: str, line: Line) -> Question:
    if isinstance(line.options, dict):
        ((kind, bounds),) = line.options.items()
        return Question(fact, tuple(line.line), (), bounds, kind == "whole")
    return Question(fact, tuple(line.line), tuple(line.options), None, False)


def parameters() -> QuestionSheet:
    """Return the sheet of input parameters."""
    return _sheet(layout().parameters.sheet)


def noise() -> QuestionSheet:
    """Return the table of noise variables."""
    return _sheet(monitoring().sheet)


@cache
def checks() -> tuple[QuestionSheet, ...]:
    """Return the sheets of checks."""
    return tuple(sheet for sheet in question_sheets() if sheet.sheet in layout().checks)


@cache
def _sheet(title: str) -> QuestionSheet:
    return next(sheet for sheet in question_sheets() if sheet.sheet == title)


def noise_key(fact: str) -> str:
    """Return the key of the noise variable that a fact is about."""
    return fact.split("/")[2]


# -- driver monitoring -------------------------------------------------------------------------------------


@cache
def table_rows() -> Mapping[str, int]:
    """Return the first heading row of each table of the driver-monitoring predictions."""
    row = FIRST_ROW + len(noise().questions) + 1
    rows = {}
    for key, table in monitoring().tables.items():
        rows[key] = row
        row += 3 + sum(1 for _ in _lines(table))
    return rows


def _lines(table: Table) -> Iterator[tuple[tuple[str, str | None, str | None], tuple[str, str, str], str]]:
    """Yield keys, labels and letters of the lines of a table."""
    for task_key, task in table.tasks.items():
        label = task.label["en"]
        if task.cells:
            yield (task_key, None, None), (label, "", ""), task.cells
        for kind, cell in task.types.items():
            yield (task_key, None, kind), (label, "", cell.label["en"]), cell.cells
        for movement_key, movement in task.movements.items():
            of = (label, movement.label["en"])
            if movement.cells:
                yield (task_key, movement_key, None), (*of, ""), movement.cells
            for gaze, cell in movement.gaze.items():
                yield (task_key, movement_key, gaze), (*of, cell.label["en"]), cell.cells


@cache
def monitoring_cells() -> tuple[MonitoringCell, ...]:
    """Return all cells of the driver-monitoring predictions, line by line."""
    content = monitoring()
    cells = []
    for key, table in content.tables.items():
        for at, (keys, labels, letters) in enumerate(_lines(table), start=table_rows()[key] + 2):
            path = "/".join(part for part in (key, *keys) if part)
            for letter in letters.split():
                response = content.responses[letter]
                cells.append(
                    MonitoringCell(
                        f"driver_monitoring/{path}/{response.key}",
                        key,
                        *keys,
                        response.key,
                        (table.label["en"], *labels),
                        response.label["en"],
                        (at, column_number(response.column)),
                    )
                )
    return tuple(cells)


@cache
def cells_by_labels() -> Mapping[tuple[str, str, str, str], Mapping[int, MonitoringCell]]:
    """Return the cells of a line by column, by the line's labels."""
    found: dict[tuple[str, str, str, str], dict[int, MonitoringCell]] = {}
    for cell in monitoring_cells():
        found.setdefault(cell.labels, {})[cell.place[1]] = cell
    return found


# -- speed limits and hazards ------------------------------------------------------------------------------

COUNTRY_ROW, COUNTRY_COLUMN = 3, 3
"""First row and column of the speed limits by country."""


@cache
def country_cells() -> tuple[GridCell, ...]:
    """Return the cells of speed limits by country, those that are not asked for too; ``line`` is the country."""
    content = countries()
    cells = []
    row = COUNTRY_ROW
    for group in content.groups.values():
        for key, country in group.countries.items():
            for i, (column, letter) in enumerate(zip(content.columns, country.cells.split(), strict=True)):
                fact = f"speed_assistance/advanced_speed_limit/{column}/{key}"
                cells.append(GridCell(fact, (row, COUNTRY_COLUMN + i), country.label["en"], letter == "x"))
            row += 1
    return tuple(cells)


def hazard_row() -> int:
    """Return the heading row of the local hazards."""
    return COUNTRY_ROW + sum(len(group.countries) for group in countries().groups.values()) + 1


@cache
def hazard_cells() -> tuple[GridCell, ...]:
    """Return the cells of local hazards; ``line`` is the hazard."""
    content = inputs().hazards
    return tuple(
        GridCell(
            f"speed_assistance/local_hazards/{key}/{line.direction}/{line.channel}",
            (hazard_row() + 1 + i, COUNTRY_COLUMN + j),
            hazard.label["en"],
        )
        for i, line in enumerate(content.lines)
        for j, (key, hazard) in enumerate(content.hazards.items())
        if line.direction != "sending" or hazard.sending
    )


# -- the tree ----------------------------------------------------------------------------------------------


@kept_as("euro-ncap-2026.safe-driving.tree")
def tree() -> Node:
    """Return the node of the stage."""
    from carindex.rating import load_protocol  # only where what is kept is made

    return next(node for node in load_protocol(_PROTOCOL).root.children if node.key == STAGE)


def node(path: str) -> Node:
    """Return a node by its path below the stage."""
    found = tree()
    for key in path.split("/"):
        found = next(child for child in found.children if child.key == key)
    return found


def below(of: Node) -> str:
    """Return the path of a node below the stage."""
    return of.path.split("/", 1)[1]


@cache
def acc_scenarios() -> tuple[AccScenario, ...]:
    """Return the matrices of the adaptive cruise control in their order."""
    found = []
    row = 1
    for category in node("vehicle_assistance/acc_performance").children:
        for child in category.children:
            rule = child.spec.test_points
            if rule is None:
                continue
            points = []
            for i, (name, given) in enumerate(rule.points.items()):
                impact = float(given["Impact location"])
                column = layout().acc.impact_locations.index(impact)
                points.append(
                    AccPoint(
                        f"{rule.facts}/{name}",
                        rule.measured,
                        str(given["VUT speed"]),
                        str(given["Target speed"]),
                        given.get("TTC"),
                        impact,
                        i,
                        column,
                        (row + 2 + i, 4 + column),
                    )
                )
            found.append(AccScenario(child.key, child.label["en"], category.label["en"], tuple(points), row))
            row += 3 + len(points)
    return tuple(found)


def score_lines(levels: int, declared: Mapping[str, Value] | None = None) -> Iterator[ScoreLine]:
    """Yield the lines of a score sheet.

    Parameters
    ----------
    levels
        How many levels of the tree the sheet names below the stage.
    declared
        Input parameters by fact: what the lines of a prepared workbook depend on. ``None`` for the template.
    """
    known = declared or {}
    for element in tree().children:
        for test in element.children:
            of_test = (element.label["en"], test.label["en"])
            if levels == len(of_test):
                yield ScoreLine(of_test, below(test), test.maximum)
                continue
            for category in test.children:
                of = (*of_test, category.label["en"])
                if levels == len(of):
                    yield ScoreLine(of, below(category), category.maximum)
                else:
                    yield from _scenario_lines(category, of, known)


def _scenario_lines(
    category: Node, of: tuple[str, ...], declared: Mapping[str, Value]
) -> Iterator[ScoreLine]:
    path = below(category)
    deduction = layout().scores.deductions.get(path)
    if deduction is not None:
        yield ScoreLine((*of, deduction.label), path, 0.0, deduction=True)
    if not category.children:
        yield ScoreLine((*of, word_label(category, declared)), path, category.maximum)
    elif category.spec.combine == "share":
        shown = [child for child in category.children if is_shown(_fact_of(child), declared)]
        for child in shown:
            yield ScoreLine((*of, child.label["en"]), below(child), category.maximum / len(shown))
        if not shown:
            yield ScoreLine((*of, ""), path, category.maximum)
    else:
        for child in category.children:
            label = word_label(child, declared) or child.label["en"]
            yield ScoreLine((*of, label), below(child), child.maximum)


def _fact_of(of: Node) -> str:
    return of.spec.pass_fail.fact if of.spec.pass_fail is not None else ""


def word_label(of: Node, declared: Mapping[str, Value]) -> str:
    """Return how a line is called by what the car has: empty where it is not, or not declared."""
    if below(of) not in layout().named_by_word:
        return ""
    if of.spec.choose is not None:
        found = str(declared.get(of.spec.choose.by, ""))
        case = of.spec.choose.cases.get(found)
        while case is not None and case.choose is not None:
            found = str(declared.get(case.choose.by, ""))
            case = case.choose.cases.get(found)
        return case.label["en"] if case is not None and case.label is not None else ""
    if of.spec.lookup is not None:
        return str(declared.get(of.spec.lookup.fact) or "")
    return ""


def line_label(question: Question, declared: Mapping[str, Value]) -> str:
    """Return the last label of a question's line, for a car with these parameters."""
    if not question.wild:
        return question.line[-1]
    return word_label(node(layout().labelled_by[question.fact]), declared)


def is_shown(fact: str, declared: Mapping[str, Value]) -> bool:
    """Whether a prepared workbook has the line of a question, for a car with these parameters."""
    return all(when.holds(declared) for when in layout().shown_when.get(fact, []))


def is_answered(fact: str, declared: Mapping[str, Value]) -> bool:
    """Whether a line needs no answer, because the parameters say all."""
    when = layout().no_answer_when.get(fact)
    return when is not None and when.holds(declared)
