"""The protocol files of Crash Avoidance as the reference scorer reads them; names of matrices, rows, cells and layers.

Belongs here: reading the YAML, making names. Does not: workbooks (workbook.py), scores (reference.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[3] / "src/carindex/protocols/euro-ncap/2026/crash-avoidance"
# axes that name a row, in this order; Function and Day/Night are the same for the row whatever is measured
NAMING_AXES = ("VUT speed", "d", "Gap", "Distance", "Turn", "Target direction", "Target speed")


@dataclass(frozen=True)
class Row:
    """One row of a matrix: its axis values, its name in facts, its cells (``S``, ``E`` or ``.``)."""

    name: str
    axes: dict[str, Any]
    band: str | None
    cells: tuple[str, ...]

    @property
    def function_is_declared(self) -> bool:
        return isinstance(self.axes.get("Function"), list)


@dataclass(frozen=True)
class Matrix:
    """One prediction matrix, as the file says it."""

    name: str
    heading: str
    sheet: str
    scenario: str
    points: dict[str, float]
    judged_by: str
    axis: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def cell(self, row: Row, column: int) -> str:
        return f"{row.name}-{self.columns[column]}"


@dataclass(frozen=True)
class Scenario:
    """One scenario with its place in the tree."""

    name: str
    label: str
    element: str
    subelement: str
    category: str
    layers: dict[str, float]
    matrices: tuple[str, ...]


def slug(text: object) -> str:
    """A label as it stands in the name of a fact: ``50 km/h`` is ``50_km_h``, 0.5 is ``0.5``."""
    if isinstance(text, (int, float)):
        return f"{text:g}"
    return re.sub(r"[^a-z0-9.\-]+", "_", str(text).strip().lower()).strip("_")


def word(label: object) -> str:
    """A label as it stands in the path of a node: ``Trajectory/Heading`` is ``trajectory_heading``."""
    return re.sub(r"[^a-z0-9]+", "_", str(label).lower()).strip("_")


@cache
def read(name: str) -> dict[str, Any]:
    with (FOLDER / f"{name}.yaml").open(encoding="utf-8") as file:
        content: dict[str, Any] = yaml.safe_load(file)
    return content


@cache
def matrices() -> dict[str, Matrix]:
    found: dict[str, Matrix] = {}
    for file in ("frontal-car-ptw", "frontal-ped-cyc", "lane-departure", "low-speed"):
        for name, entry in read(f"matrices-{file}").items():
            ((axis, columns),) = entry["columns"].items()
            rows = []
            for line in entry["rows"]:
                band = line.get("band")
                parts = [slug(line[a]) for a in NAMING_AXES if a in line]
                parts += [band] if band == "choice" else []
                axes = {a: v for a, v in line.items() if a not in ("cells", "band")}
                cells = tuple(line["cells"].split())
                if len(cells) != len(columns):
                    raise ValueError(f"{name}: {line} has {len(cells)} cells for {len(columns)} columns")
                rows.append(Row("-".join(parts), axes, band, cells))
            found[name] = Matrix(
                name=name,
                heading=entry["heading"],
                sheet=entry["sheet"],
                scenario=entry["scenario"],
                points=entry["points"],
                judged_by=entry["judged_by"],
                axis=axis,
                columns=tuple(slug(c) for c in columns),
                rows=tuple(rows),
            )
    return found


def stage() -> dict[str, Any]:
    content: dict[str, Any] = read("crash-avoidance")
    return content


@cache
def subelements() -> dict[tuple[str, str], dict[str, Any]]:
    """(stage element, stage subelement) by their names, in the order of the programme."""
    return {
        (e, s): sub for e, element in stage()["children"].items() for s, sub in element["children"].items()
    }


@cache
def scenarios() -> dict[str, Scenario]:
    found = {}
    for (element, subelement), sub in subelements().items():
        for category, entry in sub["children"].items():
            for name, node in entry["children"].items():
                found[name] = Scenario(
                    name=name,
                    label=node["label"]["en"],
                    element=element,
                    subelement=subelement,
                    category=category,
                    layers=node["layers"],
                    matrices=tuple(node.get("matrices", ())),
                )
    return {name: found[name] for name in read("sheets")["order_of_scenarios"]}


def offered_layers(scenario: Scenario) -> list[str]:
    """Names of the robustness layers that have a YES/NO cell for the scenario."""
    sheet = subelements()[scenario.element, scenario.subelement]["printed"].get("robustness_sheet")
    if sheet is None:
        return []
    return [
        word(line["layer"])
        for line in read("robustness")["offered"][sheet]["layers"]
        if scenario.name in line["scenarios"]
    ]


def judgement_of_condition(layer: str | None, condition: str | None, scenario: str) -> str:
    """``predicted`` or ``not_red``: how points tested under this condition are judged."""
    for line in read("robustness")["conditions"].get(layer, []):
        if line["condition"] == condition and scenario in line["scenarios"]:
            judged: str = line["judged"]
            return judged
    return "predicted"
