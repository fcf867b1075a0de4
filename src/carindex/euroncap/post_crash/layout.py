"""What the workbooks of Post-Crash show: ``workbook.yaml`` and ``inputs.yaml`` as typed structures, scored nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from carindex.kept import kept_as, shipped

FOLDER = "protocols/euro-ncap/2026/post-crash"
STAGE = "post_crash"


class Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file says that is not listed here is a mistake in the file."""


class VersionSheet(Struct, frozen=True, kw_only=True):
    """The sheet with the version that a workbook was made for, and its labels by state."""

    sheet: str
    template: str
    prepared: str
    report: str


class Parameters(Struct, frozen=True, kw_only=True):
    """The sheet of input parameters: headings, and the labels between the stage and those of ``inputs.yaml``."""

    sheet: str
    headings: list[str]
    above: list[str]


class ScoreSheet(Struct, frozen=True, kw_only=True):
    """A sheet of scores: how many labels it prints of a node."""

    sheet: str
    headings: list[str]
    level: int


class Layout(Struct, frozen=True, kw_only=True):
    """Everything that ``workbook.yaml`` says."""

    source: str
    verified: str
    version: str
    version_sheet: VersionSheet
    hidden: dict[str, list[str]]
    fills: dict[str, str]
    number: str
    open: str
    blank: list[str]
    parameters: Parameters
    value: str
    offered: list[str]
    unknown_counts_as: dict[str, str]
    blanks_matter: list[str]
    scores: list[ScoreSheet]

    @property
    def template_sheets(self) -> list[str]:
        """Titles of the template's sheets in their order."""
        scores = [part.sheet for part in self.scores]
        return [self.parameters.sheet, *scores, *self.hidden, self.version_sheet.sheet]

    @property
    def prepared_sheets(self) -> list[str]:
        """Titles of a prepared workbook's sheets in their order."""
        scores = [part.sheet for part in self.scores]
        checked = [part.sheet for part in checks()]
        return [self.parameters.sheet, *scores, *checked, self.version_sheet.sheet, *self.hidden]


class Question(Struct, frozen=True, kw_only=True):
    """A row that asks for a word: its labels and the words it may have."""

    line: list[str]
    options: list[str] = []


class QuestionSheet(Struct, frozen=True, kw_only=True):
    """A sheet of questions by fact; ``columns`` are the headings of its labels."""

    sheet: str
    columns: list[str]
    facts: dict[str, Question]


class Inputs(Struct, frozen=True, kw_only=True):
    """Everything that ``inputs.yaml`` says."""

    source: str
    verified: str
    sheets: list[QuestionSheet]


@dataclass(frozen=True)
class ScoredNode:
    """A node of the rules: its printed labels from the stage on, its path, its greatest score."""

    labels: tuple[str, ...]
    path: str
    maximum: float


def _of_file(name: str) -> Any:  # noqa: ANN401 - whatever the file holds
    return shipped(f"{FOLDER}/{name}")


@kept_as("euro-ncap-2026.post-crash.layout")
def layout() -> Layout:
    """Return what the workbooks show."""
    return msgspec.convert(_of_file("workbook.yaml"), Layout)


@kept_as("euro-ncap-2026.post-crash.inputs")
def _inputs() -> list[QuestionSheet]:
    return msgspec.convert(_of_file("inputs.yaml"), Inputs).sheets


def parameters() -> QuestionSheet:
    """Return the input parameters."""
    return next(part for part in _inputs() if part.sheet == layout().parameters.sheet)


def checks() -> list[QuestionSheet]:
    """Return the sheets of checks that a prepared workbook has."""
    return [part for part in _inputs() if part.sheet != layout().parameters.sheet]


def options_of(question: Question) -> list[str]:
    """Return the words that a row may have, in the order in which a list offers them."""
    return question.options or layout().offered


@kept_as("euro-ncap-2026.post-crash.scored-nodes")
def scored_nodes() -> tuple[ScoredNode, ...]:
    """Return every node of the rules, each before those below it."""
    stage = _of_file("post-crash.yaml")
    return tuple(_walk(stage, (stage["label"]["en"],), STAGE))


def _walk(node: Mapping[str, Any], labels: tuple[str, ...], path: str) -> Iterator[ScoredNode]:
    yield ScoredNode(labels, path, float(node["points"]))
    for key, child in node.get("children", {}).items():
        yield from _walk(child, (*labels, child["label"]["en"]), f"{path}/{key}")
