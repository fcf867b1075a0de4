"""The files that say what is asked of a car, as typed structures: questions, driver monitoring, countries."""

from __future__ import annotations

import msgspec

from carindex.euroncap.safe_driving.layout import of_file
from carindex.kept import kept_as


class Line(msgspec.Struct, frozen=True):
    """A question: the labels of its line, and what may be answered."""

    line: list[str]
    options: list[str] | dict[str, tuple[float, float]] = msgspec.field(
        default_factory=lambda: ["FAIL", "PASS"]
    )


class LineSheet(msgspec.Struct, frozen=True):
    """Questions of one sheet."""

    sheet: str
    columns: list[str]
    facts: dict[str, Line]
    column: str = "Value"


class Labelled(msgspec.Struct, frozen=True):
    """Something with a name in every language."""

    label: dict[str, str]


class Hazard(Labelled, frozen=True):
    """A local hazard."""

    sending: bool


class HazardLine(Labelled, frozen=True):
    """A line of the hazards: channel and direction."""

    channel: str
    direction: str
    direction_label: str


class Hazards(msgspec.Struct, frozen=True):
    """The table of local hazards."""

    sheet: str
    heading: str
    lines: list[HazardLine]
    hazards: dict[str, Hazard]


class Inputs(msgspec.Struct, frozen=True):
    """The file of questions."""

    sheets: list[LineSheet]
    hazards: Hazards


class Response(Labelled, frozen=True):
    """A response of the car, and its column."""

    key: str
    column: str


class Cells(Labelled, frozen=True):
    """A line of cells, by the letters of their responses."""

    cells: str = ""


class Movement(Labelled, frozen=True):
    """A movement type of a task."""

    cells: str = ""
    gaze: dict[str, Cells] = {}


class Task(Labelled, frozen=True):
    """A task of a table."""

    cells: str = ""
    types: dict[str, Cells] = {}
    movements: dict[str, Movement] = {}


class Table(Labelled, frozen=True):
    """A table of the driver-monitoring predictions."""

    tasks: dict[str, Task]


class NoiseVariable(Labelled, frozen=True):
    """A noise variable."""

    category: str
    required: bool


class MonitoringFile(msgspec.Struct, frozen=True):
    """The file of driver-monitoring cells."""

    sheet: str
    verification_sheet: str
    responses: dict[str, Response]
    tables: dict[str, Table]
    noise_variables: dict[str, NoiseVariable]


class Column(Labelled, frozen=True):
    """A column of the speed limits, and the check that it decides."""

    heading: str
    line: str = msgspec.field(name="for")


class Country(Labelled, frozen=True):
    """A country, and which cells it is asked for."""

    cells: str


class Group(Labelled, frozen=True):
    """A group of countries."""

    none_failing: bool
    countries: dict[str, Country]


class CountryFile(msgspec.Struct, frozen=True):
    """The file of speed limits by country."""

    sheet: str
    share_of_all_lines: float
    columns: dict[str, Column]
    groups: dict[str, Group]


@kept_as("euro-ncap-2026.safe-driving.inputs")
def inputs() -> Inputs:
    """Return the file of questions."""
    return of_file("inputs.yaml", Inputs)


@kept_as("euro-ncap-2026.safe-driving.monitoring")
def monitoring() -> MonitoringFile:
    """Return the file of driver-monitoring cells."""
    return of_file("driver-monitoring-cells.yaml", MonitoringFile)


@kept_as("euro-ncap-2026.safe-driving.countries")
def countries() -> CountryFile:
    """Return the file of speed limits by country."""
    return of_file("speed-limit-countries.yaml", CountryFile)
