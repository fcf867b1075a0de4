"""Rules on checks and claims: awards, tables of words, claims with drawn tests, test points, channels."""

from __future__ import annotations

from typing import Any, Literal

from carindex.rating.schema.parts import Condition, Label, Struct, Verified


class Award(Struct, frozen=True, kw_only=True):
    """Points while a condition holds."""

    points: float
    when: Condition


class TableLine(Struct, frozen=True, kw_only=True):
    """A line of a table of words: the words, and the points of each value it gives."""

    facts: str
    child_left_behind: float = 0.0
    child_enters_unlocked_vehicle: float = 0.0
    verified: Verified | None = None


class WordTable(Struct, frozen=True, kw_only=True):
    """The line that the facts equal word for word gives the points of the column ``value``; no such line: none."""

    value: str
    columns: list[str]
    words: dict[str, list[str]]
    lines: list[TableLine]
    exists: dict[str, Any] = {}
    source: str | None = None
    verified: Verified | None = None


class FailedWarning(Struct, frozen=True, kw_only=True):
    """The node whose failed warning costs interventions too, and the responses it costs when none of them was drawn."""

    node: str
    costs: list[str]


class Claimed(Struct, frozen=True, kw_only=True):
    """Points of each response that the manufacturer claims in all its cells and the drawn tests confirm."""

    cells: list[str]
    points: dict[str, float]
    tests: Literal["count", "ignored"] = "count"
    failed_warning: FailedWarning | None = None


class MonitoringCells(Struct, frozen=True, kw_only=True):
    """The cells of a prediction sheet: tables, tasks, movements and gaze locations, with the responses asked for."""

    source: str
    verified: Verified
    sheet: str
    verification_sheet: str
    responses: dict[str, dict[str, Any]]
    tables: dict[str, dict[str, Any]]
    noise_variables: dict[str, dict[str, Any]] = {}
    preparation: Any = None
    selection: Any = None

    def groups(self, area: str) -> dict[str, dict[str, list[str]]]:
        """Return group, response and the names of the cells of that response."""
        words = {letter: str(response["key"]) for letter, response in self.responses.items()}
        found: dict[str, dict[str, list[str]]] = {}

        def put(group: str, cell: str, letters: str) -> None:
            for letter in letters.split():
                found.setdefault(group, {}).setdefault(words[letter], []).append(
                    f"{area}/{cell}/{words[letter]}"
                )

        for table_key, table in self.tables.items():
            for task_key, task in table["tasks"].items():
                path = f"{table_key}/{task_key}"
                if "cells" in task:
                    put(path, path, task["cells"])
                for kind, cell in task.get("types", {}).items():
                    put(f"{path}/{kind}", f"{path}/{kind}", cell["cells"])
                for movement, inner in task.get("movements", {}).items():
                    group = f"{path}/{movement}"
                    if "cells" in inner:
                        put(group, group, inner["cells"])
                    for gaze, cell in inner.get("gaze", {}).items():
                        put(group, f"{group}/{gaze}", cell["cells"])
        return found


class TestPoints(Struct, frozen=True, kw_only=True):
    """A matrix of test points that share the points of a node equally; the colour of the result gives its part."""

    __test__ = False  # not a pytest class

    facts: str
    measured: str
    orange_above: float
    worth: dict[str, float]
    points: dict[str, dict[str, Any]]


class Channels(Struct, frozen=True, kw_only=True):
    """Points of a message that travels by both channels, or by one."""

    fact: str
    both: float
    one: float


class Undeclared(Struct, frozen=True, kw_only=True):
    """Points where the fact of a choice is missing though another is known (oddity of a programme's calculator)."""

    fact: str
    points: float


__all__ = [
    "Award",
    "Channels",
    "Claimed",
    "FailedWarning",
    "Label",
    "MonitoringCells",
    "TableLine",
    "TestPoints",
    "Undeclared",
    "WordTable",
]
