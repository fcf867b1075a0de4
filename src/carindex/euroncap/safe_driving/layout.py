"""What the workbooks of Safe Driving show beside the protocol's own labels: ``workbook.yaml`` as typed structures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from carindex.kept import kept_as, shipped

Value = str | float | int | bool | None
_FOLDER = "protocols/euro-ncap/2026/safe-driving"
_Shape = TypeVar("_Shape")


class Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file says that is not listed here is a mistake in the file."""


class When(Struct, frozen=True, kw_only=True):
    """A declared word or number that a line depends on."""

    fact: str
    one_of: list[str] | None = None
    at_least: float | None = None

    def holds(self, declared: Mapping[str, Value]) -> bool:
        """Whether it is declared and fits."""
        value = declared.get(self.fact)
        if self.one_of is not None:
            return value in self.one_of
        return isinstance(value, int | float) and self.at_least is not None and value >= self.at_least


class VersionSheet(Struct, frozen=True, kw_only=True):
    """The sheet with the version that a workbook was made for, and its labels by state."""

    sheet: str
    template: str
    prepared: str
    report: str


class RequiredSheet(Struct, frozen=True, kw_only=True):
    """The report's hidden copy of a sheet."""

    sheet: str
    of: str
    columns: list[int]


class Parameters(Struct, frozen=True, kw_only=True):
    """The sheet of input parameters."""

    sheet: str
    headings: list[str]
    above: dict[str, tuple[str, str]]


class ScoreSheet(Struct, frozen=True, kw_only=True):
    """A sheet of scores: how many levels of the tree it names."""

    sheet: str
    levels: int
    headings: list[str]


class Deduction(Struct, frozen=True, kw_only=True):
    """A line that prints what is taken off a node."""

    label: str
    of: str
    none_unless: When
    open_without: str


class Scores(Struct, frozen=True, kw_only=True):
    """The sheets of scores."""

    not_scored: str
    sheets: list[ScoreSheet]
    deductions: dict[str, Deduction]
    spelled: dict[str, dict[str, str]]


class Noise(Struct, frozen=True, kw_only=True):
    """The table of noise variables: headings, and the first variable of each kind."""

    headings: list[str]
    kinds: dict[str, str]


class MonitoringTests(Struct, frozen=True, kw_only=True):
    """How drawn tests of driver monitoring are listed."""

    headings: list[str]
    left_out: list[str]
    point: str
    categories: dict[str, str]
    scenarios: dict[str, str]
    responses: dict[str, str]
    tasks: dict[str, str]
    movements: dict[str, str]
    not_functional: str


class Monitoring(Struct, frozen=True, kw_only=True):
    """The predictions of driver monitoring."""

    noise: Noise
    headings: dict[str, tuple[str, str]]
    responses: str
    words: list[str]
    colours: list[str]
    tests: MonitoringTests


class Countries(Struct, frozen=True, kw_only=True):
    """The predictions of speed limits by country."""

    title: str
    words: list[str]
    colours: list[str]
    fills: list[str]


class HazardWords(Struct, frozen=True, kw_only=True):
    """The predictions of local hazards."""

    words: list[str]
    colours: list[str]


class AccTests(Struct, frozen=True, kw_only=True):
    """How test points of the adaptive cruise control are listed."""

    headings: list[str]
    left_out: list[str]
    spare: list[str]
    point: str
    expected: str


class Acc(Struct, frozen=True, kw_only=True):
    """The predictions and tests of the adaptive cruise control."""

    sheet: str
    verification_sheet: str
    headings: dict[str, str]
    impact_locations: list[float]
    words: list[str]
    colours: list[str]
    tested: list[str]
    tests: AccTests
    value: dict[str, float]


class WarningDraw(Struct, frozen=True, kw_only=True):
    """Which warnings are drawn."""

    tasks: list[str]
    share: float


class InterventionDraw(Struct, frozen=True, kw_only=True):
    """Which interventions are drawn."""

    most: int
    responses: list[str]
    first: str


class NonTransientDraw(Struct, frozen=True, kw_only=True):
    """Which tests of non-transient states are drawn."""

    each: list[str]
    one_of: list[str]


class NoiseDraw(Struct, frozen=True, kw_only=True):
    """Which drawn tests are run under a noise variable."""

    variables: list[str]
    each_table: int
    last_resort: list[str]
    non_transient: dict[int, list[str]]


class ForwardScenario(Struct, frozen=True, kw_only=True):
    """The scenarios of forward support, and the responses that are tested in one."""

    text: str
    kinds: dict[str, int]
    locations: list[int]
    speeds: list[int]
    responses: list[str]


class LaneScenario(Struct, frozen=True, kw_only=True):
    """The scenario of lane support."""

    text: str
    responses: list[str]


class Scenarios(Struct, frozen=True, kw_only=True):
    """The scenarios of interventions."""

    forward: ForwardScenario
    lane: LaneScenario


class AdditionalTarget(Struct, frozen=True, kw_only=True):
    """Words that the tested points of a scenario share equally."""

    scenario: str
    words: list[str]


class Draw(Struct, frozen=True, kw_only=True):
    """Which tests are drawn."""

    warnings: WarningDraw
    interventions: InterventionDraw
    non_transient: NonTransientDraw
    noise: NoiseDraw
    scenarios: Scenarios
    additional_target: AdditionalTarget


class Layout(Struct, frozen=True, kw_only=True):
    """Everything that ``workbook.yaml`` says."""

    source: str
    verified: str
    stage: str
    version: str
    version_sheet: VersionSheet
    template_sheets: list[str]
    prepared_sheets: list[str]
    shared_sheets: list[str]
    spare_sheets: list[str]
    hidden_sheets: list[str]
    documentation: dict[str, list[str]]
    seal_sheet: str
    required_sheet: RequiredSheet
    fills: dict[str, str]
    plain: list[str]
    colours: dict[str, str]
    colour_tolerance: float
    formats: dict[str, str]
    mark: str
    nothing: list[str]
    offered: list[list[str]]
    parameters: Parameters
    scores: Scores
    checks: list[str]
    labelled_by: dict[str, str]
    named_by_word: list[str]
    no_answer_when: dict[str, When]
    shown_when: dict[str, list[When]]
    monitoring: Monitoring
    countries: Countries
    hazards: HazardWords
    acc: Acc
    draw: Draw

    def spelled(self, sheet: str, label: str) -> str:
        """Return a label as a sheet spells it."""
        return self.scores.spelled.get(sheet, {}).get(label, label)

    def colour_of(self, fill: str) -> str | None:
        """Return the name of the colour that a fill is, ``None`` where it is none of them."""
        parts = _parts(fill)
        for name, colour in self.colours.items():
            if all(
                abs(a - b) <= self.colour_tolerance * 255 for a, b in zip(parts, _parts(colour), strict=True)
            ):
                return name
        return None


def _parts(fill: str) -> tuple[int, int, int]:
    return int(fill[:2], 16), int(fill[2:4], 16), int(fill[4:], 16)


def of_file(name: str, shape: type[_Shape]) -> _Shape:
    """Return a file of the stage as a typed structure."""
    return msgspec.convert(shipped(f"{_FOLDER}/{name}"), shape)


@kept_as("euro-ncap-2026.safe-driving.layout")
def layout() -> Layout:
    """Return what the workbooks show."""
    return of_file("workbook.yaml", Layout)
