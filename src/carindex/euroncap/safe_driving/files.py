"""The protocol's files that say what is asked of a car, as typed structures: questions, driver monitoring, countries."""

from __future__ import annotations

from functools import cache

import msgspec

from carindex.euroncap.safe_driving.layout import of_file


class Line(msgspec.Struct):
    """A question: the labels of its line, and what may be answered."""

    line: list[str]
    options: list[str] | dict[str, tuple[float, float]] = msgspec.field(
        default_factory=lambda: ["FAIL", "PASS"]
    )


class LineSheet(msgspec.Struct):
    """Questions of one sheet."""

    sheet: str
    columns: list[str]
    facts: dict[str, Line]
    column: str = "Value"


class Labelled(msgspec.Struct):
    """Something with a name in every language."""

    label: dict[str, str]


class Hazard(Labelled):
    """A local hazard."""

    sending: bool


class HazardLine(Labelled):
    """A line of the hazards: channel and direction."""

    channel: str
    direction: str
    direction_label: str


class Hazards(msgspec.Struct):
    """The table of local hazards."""

    sheet: str
    heading: str
    lines: list[HazardLine]
    hazards: dict[str, Hazard]


class Inputs(msgspec.Struct):
    """The file of questions."""

    sheets: list[LineSheet]
    hazards: Hazards


class Response(Labelled):
    """A response of the car, and its column."""

    key: str
    column: str


class Cells(Labelled):
    """A line of cells, by the letters of their responses."""

    cells: str = ""


class Movement(Labelled):
    """A movement type of a task."""

    cells: str = ""
    gaze: dict[str, Cells] = {}


class Task(Labelled):
    """A task of a table."""

    cells: str = ""
    types: dict[str, Cells] = {}
    movements: dict[str, Movement] = {}


class Table(Labelled):
    """A table of the driver-monitoring predictions."""

    tasks: dict[str, Task]


class NoiseVariable(Labelled):
    """A noise variable."""

    category: str
    required: bool


class MonitoringFile(msgspec.Struct):
    """The file of driver-monitoring cells."""

    sheet: str
    verification_sheet: str
    responses: dict[str, Response]
    tables: dict[str, Table]
    noise_variables: dict[str, NoiseVariable]


class Column(Labelled):
    """A column of the speed limits, and the check that it decides."""

    heading: str
    line: str = msgspec.field(name="for")


class Country(Labelled):
    """A country, and which cells it is asked for."""

    cells: str


class Group(Labelled):
    """A group of countries."""

    none_failing: bool
    countries: dict[str, Country]


class CountryFile(msgspec.Struct):
    """The file of speed limits by country."""

    sheet: str
    share_of_all_lines: float
    columns: dict[str, Column]
    groups: dict[str, Group]


@cache
def inputs() -> Inputs:
    """Return the file of questions."""
    return of_file("inputs.yaml", Inputs)


@cache
def monitoring() -> MonitoringFile:
    """Return the file of driver-monitoring cells."""
    return of_file("driver-monitoring-cells.yaml", MonitoringFile)


@cache
def countries() -> CountryFile:
    """Return the file of speed limits by country."""
    return of_file("speed-limit-countries.yaml", CountryFile)
