"""What the workbooks of Crash Protection show beside the protocol's labels: ``workbook.yaml`` as typed structures."""

from __future__ import annotations

from typing import Any

import msgspec

from carindex.kept import kept_as, shipped

FOLDER = "protocols/euro-ncap/2026/crash-protection"


class Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file says that is not listed here is a mistake in the file."""


class VersionSheet(Struct, frozen=True, kw_only=True):
    """The sheet with the version that a workbook was made for, and its labels by state."""

    sheet: str
    template: str
    prepared: str
    report: str


class Parameter(Struct, frozen=True, kw_only=True):
    """A row of input parameters; ``none`` is the word that says that the car has no such thing."""

    element: str
    sub_element: str
    label: str | None = None
    fact: str | None = None
    options: list[str] = []
    none: str | None = None
    whole: bool = False


class Parameters(Struct, frozen=True, kw_only=True):
    """The sheet of input parameters."""

    sheet: str
    headings: list[str]
    rows: list[Parameter]


class ThirdRow(Struct, frozen=True, kw_only=True):
    """A fact that is yes where another is stated."""

    fact: str
    stated_by: str


class ScoreSheet(Struct, frozen=True, kw_only=True):
    """A sheet of scores."""

    sheet: str
    headings: list[str]


class Capped(Struct, frozen=True, kw_only=True):
    """The words for what is capped."""

    occupant: str
    criterion: str


class CriteriaHeadings(Struct, frozen=True, kw_only=True):
    """Titles of the columns of a sheet of measured values."""

    labels: list[str]
    limits: list[str]
    capping: str
    predicted: str
    value: str


class CriteriaSheet(Struct, frozen=True, kw_only=True):
    """A sheet of measured values: which test it is of, and which columns it has."""

    sheet: str
    of: str
    capping: bool = False
    predicted: bool = False


class Excursion(Struct, frozen=True, kw_only=True):
    """The row of the head's excursion."""

    label: str
    fact: str
    words: list[str]


class YesNo(Struct, frozen=True, kw_only=True):
    """Spellings of the two answers of a row."""

    yes: list[str]
    no: list[str]
    label: str | None = None
    offered: list[str] = []


class Criteria(Struct, frozen=True, kw_only=True):
    """The sheets of measured values."""

    headings: CriteriaHeadings
    computed: list[str]
    sheets: list[CriteriaSheet]
    after: dict[str, str]
    excursion: Excursion
    contact: YesNo
    non_use: YesNo


class Title(Struct, frozen=True, kw_only=True):
    """A title and the row it stands in."""

    row: int
    text: str


class PredictionColumns(Struct, frozen=True, kw_only=True):
    """Columns of the predictions: the first of the grid, and those of its labels."""

    first: int
    band: int
    distance: int
    row: int


class HeadGrid(Struct, frozen=True, kw_only=True):
    """Where the headforms' grid stands."""

    title: Title
    columns_row: int
    first_row: int
    side: str


class LegRows(Struct, frozen=True, kw_only=True):
    """Where the legforms' rows stand."""

    title: Title
    columns_row: int
    first_row: int
    labels: list[str]


class Legend(Struct, frozen=True, kw_only=True):
    """A line of the legend."""

    row: int
    texts: list[str | None]


class Prediction(Struct, frozen=True, kw_only=True):
    """The sheet of predicted impact points."""

    sheet: str
    columns: PredictionColumns
    head: HeadGrid
    leg: LegRows
    offered: list[str]
    leg_fill: str
    plain: list[str]
    legend: list[Legend]
    legend_column: int


class PointHeadings(Struct, frozen=True, kw_only=True):
    """Titles of the columns of a sheet of impact points."""

    labels: list[str]
    point: str
    criterion: str
    limits: list[str]
    capping: str
    predicted: str
    value: str

    @property
    def all(self) -> list[str]:
        """All titles in their order."""
        return [
            *self.labels,
            self.point,
            self.criterion,
            *self.limits,
            self.capping,
            self.predicted,
            self.value,
        ]


class PointSheet(Struct, frozen=True, kw_only=True):
    """A sheet of impact points; ``regions`` is the order of the body regions."""

    sheet: str
    of: str
    regions: list[str] = []


class Points(Struct, frozen=True, kw_only=True):
    """The sheets of impact points."""

    headings: PointHeadings
    head: PointSheet
    leg: PointSheet
    inferred: str


class Layout(Struct, frozen=True, kw_only=True):
    """Everything that ``workbook.yaml`` says."""

    source: str
    verified: str
    version: str
    version_sheet: VersionSheet
    hidden: dict[str, list[str]]
    seal: str
    fills: dict[str, str]
    formats: dict[str, str]
    open: str
    mark: str
    blank: list[str]
    parameters: Parameters
    third_row: ThirdRow
    tests: ScoreSheet
    occupants: ScoreSheet
    regions: ScoreSheet
    capped: Capped
    criteria: Criteria
    prediction: Prediction
    points: Points

    @property
    def template_sheets(self) -> list[str]:
        """Titles of the template's sheets in their order."""
        filled = [
            self.parameters.sheet,
            self.tests.sheet,
            self.occupants.sheet,
            self.regions.sheet,
            *(part.sheet for part in self.criteria.sheets),
            self.prediction.sheet,
        ]
        return [*filled, *self.hidden, self.version_sheet.sheet]

    @property
    def prepared_sheets(self) -> list[str]:
        """Titles of a prepared workbook's sheets in their order."""
        template = [title for title in self.template_sheets if title not in self.hidden]
        filled = [title for title in template if title != self.version_sheet.sheet]
        return [
            *filled,
            self.points.head.sheet,
            self.points.leg.sheet,
            self.version_sheet.sheet,
            *self.hidden,
        ]


def of_file(name: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return a file of the stage as plain data."""
    return shipped(f"{FOLDER}/{name}")


@kept_as("euro-ncap-2026.crash-protection.layout")
def layout() -> Layout:
    """Return what the workbooks show."""
    return msgspec.convert(of_file("workbook.yaml"), Layout)
