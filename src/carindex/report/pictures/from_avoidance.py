"""Prediction matrices of every programme whose protocol rates scenarios by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carindex.dossier import Fact
from carindex.rating import Node, Rating
from carindex.rating.matrices import FUNCTION, PREDICTION, TAKEN_OUT, Avoidance, slug, word
from carindex.rating.matrices import Matrix as Table
from carindex.report.pictures.from_crash_tests import facts_of, named_value, tested_figure
from carindex.report.pictures.from_protocol import matrix, palette_of_entries, robustness_layers
from carindex.report.pictures.model import Layer, Matrix, Palette, Text, Verified
from carindex.report.wording import unit_text


def matrices_of(rating: Rating) -> tuple[tuple[Matrix, Palette], ...]:
    """Return every prediction matrix of a rating with its colours, in the order of the tree."""
    data = rating.protocol.head.data.get("avoidance")
    if data is None:
        return ()
    tables, facts = Avoidance(data), facts_of(rating)
    entries = {name: entry for file in data["matrices"].values() for name, entry in file.items()}
    # facts write the words of colours in small letters
    colours = {name.lower(): entry for name, entry in data["judging"]["colours"].items()}
    palette = palette_of_entries(colours)
    names = list(colours)
    found = []
    for node in rating.protocol.root.walk():
        if node.spec.scenario is None:
            continue
        for i, name in enumerate(node.spec.scenario.matrices):
            table = tables.matrices[name]
            verified = _verified(table, tables, names, rating, facts)
            gone = [k for k in range(len(table.rows)) if _taken_out(tables, table, k, facts)]
            drawn = matrix(
                name,
                entries[name],
                _predicted(table, facts),
                verified=verified,
                functions=_functions(table, facts),
                left_out=gone,
                became_standard=_became_standard(table, tables, gone),
                layers=_layers(node, table, tables, rating, facts),
                # the points are those of the scenario: they stand at its first matrix
                points=_points(node, rating) if i == 0 else (),
            )
            found.append((drawn, palette))
    return tuple(found)


def _predicted(table: Table, facts: Mapping[str, Fact]) -> dict[str, str]:
    found = {}
    for row, column in table.cells:
        fact = facts.get(f"{table.cell(row, column)}/{PREDICTION}")
        if fact is not None:
            found[f"{row}/{column}"] = str(fact.word)
    return found


def _functions(table: Table, facts: Mapping[str, Fact]) -> dict[int, str]:
    known = {i: facts.get(f"{table.name}/{row.name}/{FUNCTION}") for i, row in enumerate(table.rows)}
    return {i: str(fact.word) for i, fact in known.items() if fact is not None}


def _taken_out(tables: Avoidance, table: Table, row: int, facts: Mapping[str, Fact]) -> bool:
    """Whether a row that may repeat another is taken out: by the rules when the same function is declared there."""
    if row not in {number for number, _ in tables.repeated(table)}:
        return False
    name = f"{table.name}/{table.rows[row].name}"
    if tables.closed:  # to the calculator where the workbook left it out
        fact = facts.get(f"{name}/{TAKEN_OUT}")
        return fact is not None and str(fact.word) == "yes"
    fact = facts.get(f"{name}/{FUNCTION}")
    return fact is not None and str(fact.word) == str(tables.ranges["repeated_rows"]["when"]["Function"])


def _became_standard(table: Table, tables: Avoidance, gone: list[int]) -> list[str]:
    """Return the cells of fixed rows that count in the standard range because a row that repeats them is taken out."""
    rule = tables.ranges["repeated_rows"]
    ((_, values),) = rule["standard_in_fixed_row"].items()
    columns = [j for j, column in enumerate(table.columns) if column in {slug(value) for value in values}]
    speeds = {table.rows[k].axes["VUT speed"] for k in gone}
    fixed = [k for k, row in enumerate(table.rows) if row.band == "fixed" and row.axes["VUT speed"] in speeds]
    return [f"{row}/{column}" for row in fixed for column in columns]


def _verified(
    table: Table, tables: Avoidance, names: list[str], rating: Rating, facts: Mapping[str, Fact]
) -> dict[str, Verified]:
    """Return every cell that has a measured value.

    Whether a point is as predicted is said where its colour alone decides, not where the condition of a layer asks
    for something else.
    """
    plain = f"{table.name}/verification_condition" not in facts
    found = {}
    for row, column in table.cells:
        cell = table.cell(row, column)
        measured = (facts.get(f"{cell}/{quantity}") for quantity in tables.quantities(table))
        fact = next((fact for fact in measured if fact is not None), None)
        if fact is None:
            continue
        value = named_value(rating, f"{cell}#colour")
        colour = names[int(value)] if value is not None else None
        said = facts.get(f"{cell}/{PREDICTION}")
        correct = None
        if plain and colour is not None and said is not None and str(said.word) in names:
            correct = names.index(colour) <= names.index(str(said.word))
        unit, label = unit_text(fact.unit), fact.quantity.label
        found[f"{row}/{column}"] = Verified(colour, tested_figure(fact.value), unit, label, correct)
    return found


def _layers(
    node: Node, table: Table, tables: Avoidance, rating: Rating, facts: Mapping[str, Fact]
) -> tuple[Layer, ...]:
    assert node.spec.scenario is not None
    scenario = node.spec.scenario.name
    lines: list[Mapping[str, Any]] = [
        line for sheet in tables.robustness["offered"].values() for line in sheet["layers"]
    ]
    claimed = []
    for layer in tables.offered(scenario):
        fact = facts.get(f"{scenario}/{word(layer)}/claimed")
        if fact is not None and str(fact.word).lower() == "yes":
            claimed.append(layer)
    tested, condition = (
        facts.get(f"{table.name}/{name}") for name in ("robustness_layer", "verification_condition")
    )
    return robustness_layers(
        lines,
        scenario,
        claimed,
        tested=str(tested.word) if tested is not None else None,
        failed=named_value(rating, f"{table.name}#failed") == 1.0,
        condition=str(condition.word) if condition is not None else "",
    )


def _points(node: Node, rating: Rating) -> list[tuple[Text, float | None, float]]:
    rated = (rating.node(child.path) for child in node.children)
    return [(it.label, it.score, it.maximum) for it in rated]
