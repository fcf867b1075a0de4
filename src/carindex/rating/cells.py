"""Where the points of a prediction matrix are lost: at which cell, for which layer, and by which limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from carindex.messages import LANGUAGES, statements
from carindex.rating.matrices import COLOURS, PREDICTION, Avoidance, Matrix
from carindex.rating.plan import Detail, Place

if TYPE_CHECKING:
    from carindex.rating.compile import Compiler


def cell_details(
    compiler: Compiler, matrix: Matrix, cells: Iterable[int], lost: Sequence[int], colours: Sequence[int]
) -> list[Detail]:
    """Return what each cell loses: its place in the matrix, the facts on it, the limits of its colours."""
    tables = compiler.avoidance
    named = tables.judging["colours"]
    names = tuple(named[colour.capitalize()]["label"] for colour in COLOURS)
    quantities = [PREDICTION, *tables.quantities(matrix)]
    rows = [_row_label(tables, matrix, row) for row in range(len(matrix.rows))]
    columns = [_value(tables, matrix.axis, value) for value in matrix.values]
    limits = [_limits(tables, matrix, row) for row in range(len(matrix.rows))]
    found = []
    for cell, slot in zip(cells, lost, strict=True):
        row, column = matrix.cells[cell]
        label: dict[str, str] = {
            language: f"{rows[row][language]}, {columns[column][language]}" for language in LANGUAGES
        }
        facts = tuple(compiler.facts[f"{matrix.name}/{matrix.names[cell]}/{q}"] for q in quantities)
        found.append(Detail(label, slot, Place(facts, colours[cell], names, limits[row])))
    return found


def layer_details(
    tables: Avoidance,
    offered: Sequence[Mapping[str, Any]],
    unclaimed: Sequence[int],
    failing: int,
    needing: int,
) -> list[Detail]:
    """Return what each robustness layer loses that is not claimed, the tested one that failed, and too few points."""
    words = tables.robustness["losses"]
    found = [
        Detail(
            {
                language: words["not_claimed"][language].format(layer=line["label"][language])
                for language in LANGUAGES
            },
            slot,
        )
        for line, slot in zip(offered, unclaimed, strict=True)
    ]
    return [*found, Detail(words["failed"], failing), Detail(words["needs"], needing)]


def _row_label(tables: Avoidance, matrix: Matrix, row: int) -> dict[str, str]:
    axes = [
        _value(tables, axis, value)
        for axis, value in matrix.rows[row].axes.items()
        if axis in tables.judging["axes"]
    ]
    return {
        language: ", ".join((matrix.label[language], *(axis[language] for axis in axes)))
        for language in LANGUAGES
    }


def _value(tables: Avoidance, axis: str, value: object) -> dict[str, str]:
    shown = f"{value:.0%}".replace("%", " %") if isinstance(value, int | float) else str(value)
    label = tables.judging["axes"][axis]
    return {language: f"{label[language]} {shown}" for language in LANGUAGES}


def _limits(tables: Avoidance, matrix: Matrix, row: int) -> Mapping[str, str] | None:
    """Return the bands of the colours of a row in words and numbers, where one criterion alone decides."""
    criterion = tables.criterion(matrix)
    bands = criterion.get("bands")
    if "by_vut_speed" in criterion and not (tables.by_function(matrix) and matrix.rows[row].declared):
        table = {int(speed): some for speed, some in criterion["by_vut_speed"].items()}
        speed = int(str(matrix.rows[row].axes["VUT speed"]).removesuffix(" km/h"))
        bands = table[min(speed, max(table))]
    if bands is None:
        return None
    named, words = tables.judging["colours"], tables.judging["limits"]
    code = "up_to" if criterion["within"] == "up_to" else "below"
    unit = "" if criterion["unit"] == "1" else f" {criterion['unit']}"
    return {
        language: statements(
            (
                words[
                    "beyond" if edge == float("inf") else "at" if edge == 0 and "zero" in criterion else code
                ][language].format(colour=named[colour]["label"][language], edge=f"{edge:g}{unit}")
                for colour, edge in bands.items()
            ),
            language,
        )
        for language in LANGUAGES
    }
