"""Crash Avoidance as its sheets print it: matrices with their rows, columns and cells, scenarios, robustness layers.

Belongs here: the protocol's tables and the layout of the workbook, put together. Does not: any workbook of a car.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, cast

from carindex.kept import kept_as, shipped
from carindex.rating.matrices import NAMING_AXES, slug, word

FOLDER = "protocols/euro-ncap/2026/crash-avoidance"
MATRICES = ("frontal-car-ptw", "frontal-ped-cyc", "lane-departure", "low-speed")
STANDARD, EXTENDED, NO_CELL = "S", "E", "."
CHOICE = "choice"


@cache
def table(name: str) -> Mapping[str, Any]:
    """Return one of the protocol's files about Crash Avoidance."""
    return cast(Mapping[str, Any], shipped(f"{FOLDER}/{name}.yaml"))


def workbook() -> Mapping[str, Any]:
    """Return what the workbook's file says."""
    return table("workbook")


@dataclass(frozen=True)
class Line:
    """A row of a matrix: its name in facts, its axis values, its cells (``S``, ``E`` or ``.``)."""

    name: str
    axes: Mapping[str, Any]
    band: str | None
    cells: tuple[str, ...]

    @cached_property
    def label(self) -> str:
        """What stands in the first column."""
        return str(next(self.axes[axis] for axis in NAMING_AXES if axis in self.axes))

    @property
    def declared(self) -> bool:
        """Whether the manufacturer declares which function acts."""
        return isinstance(self.axes.get("Function"), list)

    @property
    def function(self) -> str | None:
        """The function that the sheet prints."""
        said = self.axes.get("Function")
        return said if isinstance(said, str) else None

    @cached_property
    def shown(self) -> str:
        """The row as messages name it."""
        return " / ".join(str(value) for value in self.axes.values() if isinstance(value, str))


@dataclass(frozen=True)
class Matrix:
    """A prediction matrix and where it stands on its sheet."""

    name: str
    heading: str
    sheet: str
    scenario: str
    points: Mapping[str, float]
    judged_by: str
    tests: int
    axis: str
    columns: tuple[str | float, ...]
    lines: tuple[Line, ...]
    first: int
    across: tuple[str | float | None, ...]
    labels: tuple[str | None, ...]
    corner: str | None
    gap: int

    @cached_property
    def slugs(self) -> tuple[str, ...]:
        """The columns as they stand in names of facts."""
        return tuple(slug(column) for column in self.columns)

    @cached_property
    def places(self) -> tuple[int, ...]:
        """The column of the sheet that each column of the matrix stands in."""
        titles = [None if title is None else slug(title) for title in self.across]
        return tuple(self.first + titles.index(name) for name in self.slugs)

    @cached_property
    def by_name(self) -> Mapping[str, Line]:
        """Rows by their names in facts."""
        return {line.name: line for line in self.lines}

    @property
    def frontal_or_lane(self) -> bool:
        """Whether points are drawn, and a robustness layer with them."""
        return "extended" in self.points

    def fact(self, line: Line, column: int) -> str:
        """Return how facts name a cell."""
        return f"{self.name}/{line.name}-{self.slugs[column]}"

    def cells(self) -> Iterator[tuple[Line, int]]:
        """Yield every cell there is."""
        for line in self.lines:
            for column, kind in enumerate(line.cells):
                if kind != NO_CELL:
                    yield line, column

    def attributes(self, line: Line, column: int) -> dict[str, str]:
        """Return what a verification row says of the test: titles of its columns, and their values."""
        values = {**line.axes, self.axis: self.across[self.places[column] - self.first]}
        return {
            title: f"{value * 100:g}%" if isinstance(value, int | float) else str(value)
            for title, value in values.items()
            if title in workbook()["verification"]["columns"] and title != "Function"
        }

    @property
    def shown_in(self) -> str:
        """The matrix and its sheet as messages name them."""
        return f"{self.heading} ({self.sheet})"


@dataclass(frozen=True)
class Scenario:
    """A scenario with its place in the tree."""

    name: str
    label: str
    labels: tuple[str, ...]
    """Labels of stage, stage element, stage subelement, category and scenario."""
    element: str
    subelement: str
    path: str
    layers: Mapping[str, float]
    matrices: tuple[str, ...]

    def layer_path(self, layer: str) -> str:
        """Return the node that a layer is scored by."""
        return f"{self.path}/{layer}" if self.matrices else self.path


@dataclass(frozen=True)
class Subelement:
    """A stage subelement and its sheets."""

    element: str
    name: str
    labels: tuple[str, ...]
    points: float
    verification: str
    robustness: str | None
    categories: tuple[tuple[str, float], ...]

    @property
    def area(self) -> str:
        """How facts about the whole subelement begin."""
        return f"{self.element}_{self.name}"

    @property
    def checks(self) -> dict[str, str]:
        """The checks above the table of tests, and the fact that each is."""
        rules = workbook()["verification"]
        names = rules["checks_of"].get(self.name, list(rules["checks"])[:1])
        return {name: rules["checks"][name].format(area=self.area) for name in names}


@kept_as("euro-ncap-2026.crash-avoidance.matrices")
def matrices() -> Mapping[str, Matrix]:
    """Return all matrices by name, in the order of the protocol's files."""
    found = {}
    for file in MATRICES:
        for name, entry in table(f"matrices-{file}").items():
            found[name] = _matrix(name, entry)
    return found


def _matrix(name: str, entry: Mapping[str, Any]) -> Matrix:
    ((axis, columns),) = entry["columns"].items()
    sheet = workbook()["predictions"][entry["sheet"]]
    stands = sheet["matrices"][name]
    lines = []
    for row in entry["rows"]:
        parts = [slug(row[naming]) for naming in NAMING_AXES if naming in row]
        parts += [CHOICE] if row.get("band") == CHOICE else []
        axes = {key: value for key, value in row.items() if key not in ("cells", "band")}
        lines.append(Line("-".join(parts), axes, row.get("band"), tuple(str(row["cells"]).split())))
    return Matrix(
        name=name,
        heading=entry["heading"],
        sheet=entry["sheet"],
        scenario=entry["scenario"],
        points=entry["points"],
        judged_by=entry["judged_by"],
        tests=entry.get("tests", 0),
        axis=axis,
        columns=tuple(columns),
        lines=tuple(lines),
        first=sheet["first"],
        across=tuple(stands.get("across", sheet["across"].get(axis, columns))),
        labels=tuple(stands["labels"]),
        corner=stands.get("corner"),
        gap=stands.get("gap", 1),
    )


@cache
def matrices_of(sheet: str) -> tuple[Matrix, ...]:
    """Return the matrices of a prediction sheet, from the top."""
    found = {name: matrix for name, matrix in matrices().items() if matrix.sheet == sheet}
    return tuple(found[name] for name in workbook()["predictions"][sheet]["matrices"])


@kept_as("euro-ncap-2026.crash-avoidance.subelements")
def subelements() -> tuple[Subelement, ...]:
    """Return the stage subelements in the order of the programme."""
    stage = table("crash-avoidance")
    found = []
    for element_name, element in stage["children"].items():
        for name, entry in element["children"].items():
            labels = tuple(node["label"]["en"] for node in (stage, element, entry))
            categories = tuple((c["label"]["en"], c["points"]) for c in entry["children"].values())
            printed = entry["printed"]
            found.append(
                Subelement(
                    element_name,
                    name,
                    labels,
                    entry["points"],
                    printed["verification_sheet"],
                    printed.get("robustness_sheet"),
                    categories,
                )
            )
    return tuple(found)


@kept_as("euro-ncap-2026.crash-avoidance.scenarios")
def scenarios() -> Mapping[str, Scenario]:
    """Return all scenarios by name, in the order of the sheet Scenario Scores."""
    stage = table("crash-avoidance")
    found = {}
    for element_name, element in stage["children"].items():
        for sub_name, sub in element["children"].items():
            for category_name, category in sub["children"].items():
                for name, entry in category["children"].items():
                    nodes = (stage, element, sub, category, entry)
                    found[name] = Scenario(
                        name,
                        entry["label"]["en"],
                        tuple(node["label"]["en"] for node in nodes),
                        element_name,
                        sub_name,
                        "/".join(("crash_avoidance", element_name, sub_name, category_name, name)),
                        entry["layers"],
                        tuple(entry.get("matrices", ())),
                    )
    return {name: found[name] for name in table("sheets")["order_of_scenarios"]}


def parameters_of(scenario: Scenario) -> list[str]:
    """Return the input parameters that a scenario has."""
    rules = workbook()["input_parameters"]
    predicted = rules["predicted"] if "extended" in scenario.layers else []
    return [*predicted, *rules["more"].get(scenario.name, [])]


def offered_layers(sheet: str, scenario: str) -> dict[str, str]:
    """Return the robustness layers with a YES/NO cell for a scenario: name in facts, and label."""
    lines = table("robustness")["offered"][sheet]["layers"]
    return {word(line["layer"]): line["layer"] for line in lines if scenario in line["scenarios"]}


def robustness_sheet_of(scenario: Scenario) -> str | None:
    """Return the sheet on which a scenario's robustness layers are claimed."""
    return next(
        s.robustness for s in subelements() if (s.element, s.name) == (scenario.element, scenario.subelement)
    )


@cache
def colour_fills() -> Mapping[str, str]:
    """Return the colours, best first and Grey last, with their fills."""
    return {name: entry["fill"] for name, entry in table("judging")["colours"].items()}


def offered_colours(matrix: Matrix, line: Line, column: int) -> tuple[str, ...]:
    """Return the colours that a cell may be predicted in, best first."""
    extra, judging = workbook()["offered_colours"], table("judging")
    criterion = judging["criteria"][matrix.judged_by]
    if line.band == CHOICE:
        return tuple(extra["choice_rows"])
    if "by_system" in criterion:
        return tuple(extra["dooring"])
    if line.cells[column] == EXTENDED and matrix.name in extra["extended"]["matrices"]:
        return tuple(extra["extended"]["colours"])
    if "by_vut_speed" in criterion:
        edges = criterion["by_vut_speed"]
        bands = edges[min(int(line.axes["VUT speed"].removesuffix(" km/h")), max(edges))]
    else:
        bands = criterion.get("bands", criterion.get("above_baseline"))
    return tuple(colour for colour in colour_fills() if colour in bands)


def is_grey_until_predicted(matrix: Matrix, line: Line, column: int) -> bool:
    """Whether a cell is Grey as long as nothing is predicted in it."""
    return matrix.name in workbook()["grey_until_predicted"] and line.cells[column] == STANDARD


def is_repeating(matrix: Matrix, line: Line) -> bool:
    """Whether a row repeats the fixed row of its speed once it is declared like it."""
    rule = table("ranges")["repeated_rows"]
    return (
        matrix.name in rule["matrices"]
        and line.band == rule["when"]["band"]
        and line.axes["VUT speed"] in rule["VUT speed"]
    )


def repeating_of(matrix: Matrix, line: Line) -> Line | None:
    """Return the row that may repeat a fixed row."""
    if line.band == CHOICE:
        return None
    return next(
        (
            other
            for other in matrix.lines
            if is_repeating(matrix, other) and other.axes["VUT speed"] == line.axes["VUT speed"]
        ),
        None,
    )


def kind_of(matrix: Matrix, line: Line, column: int, taken_out: frozenset[str]) -> str:
    """Return the range of a cell, with the rows that were taken out because they repeat others."""
    repeating = repeating_of(matrix, line)
    if repeating is not None and repeating.name in taken_out:
        standard = table("ranges")["repeated_rows"]["standard_in_fixed_row"][matrix.axis]
        return STANDARD if matrix.columns[column] in standard else EXTENDED
    return line.cells[column]


def quantity_of(matrix: Matrix, kind: str, function: str | None, *, by_warning: bool) -> str:
    """Return what is measured in a cell; ``by_warning``: the extended range of ELK RE is claimed by a warning."""
    judging = table("judging")
    criterion = judging["criteria"][matrix.judged_by]
    by_function = judging["criteria_by_function"]
    if matrix.name in by_function["matrices"] and function == "FCW":
        criterion = judging["criteria"][by_function["FCW"]]
    warned = criterion.get("quantity_in_extended_range_with_ldw")
    if warned and by_warning and kind == EXTENDED:
        return str(warned)
    return str(criterion["quantity"])


def unit_of(quantity: str) -> str | None:
    """Return the unit in which a quantity is filled in, nothing for plain numbers."""
    for criterion in table("judging")["criteria"].values():
        if quantity in (value for key, value in criterion.items() if key in _QUANTITIES):
            return None if criterion["unit"] == "1" else str(criterion["unit"])
    return None


_QUANTITIES = ("quantity", "quantity_in_extended_range_with_ldw", "baseline")


def conditions_of(layer: str, scenario: str) -> list[str]:
    """Return the conditions under which a scenario is tested for a robustness layer."""
    lines = table("robustness")["conditions"].get(layer, [])
    return [str(line["condition"]).strip() for line in lines if scenario in line["scenarios"]]


def claims_dooring(response: str | None) -> bool:
    """Whether a vehicle response claims dooring at all."""
    return response is not None and response != table("ranges")["dooring"]["not_claimed"]
