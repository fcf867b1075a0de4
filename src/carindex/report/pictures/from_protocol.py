"""From a protocol's data files, and names with their colours, to what the drawings are made from.

The caller reads the files and hands over what they hold; nothing here knows a programme. Whoever has the
colours (the rating, a workbook) hands them over by name; a name that is left out is not assessed, not
predicted or not tested.

Names
-----
an occupant     ``load case/occupant``, keys of the file: ``mpdb_50/driver``
a region        ``load case/occupant/region``: ``mpdb_50/driver/head_neck``
a map point     ``row/column`` as the programme counts, left positive: ``6/10``, ``6/-3``
a bumper point  ``row name/column``: ``femur/4``
a matrix cell   ``row/column`` from 0 at the top left: ``5/4``
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from carindex.report.pictures.bodies import PARTS
from carindex.report.pictures.model import (
    BodyRegion,
    BumperPoint,
    BumperRow,
    FigureKind,
    ImpactMap,
    Layer,
    LayerState,
    LoadCase,
    MapBand,
    MapCell,
    Matrix,
    MatrixCell,
    MatrixRow,
    Occupant,
    Paint,
    Palette,
    Text,
    Verified,
)
from carindex.report.pictures.words import axis_text, sign_of
from carindex.vocabulary import vocabulary

#: Score and maximum of something, the score ``None`` while it is open.
Reached = tuple[float | None, float]
_NO_POINTS: Mapping[str, Reached] = {}


def palette_of(
    labels: Mapping[str, Text], fills: Mapping[str, str], *, unrated: Iterable[str] = ("grey", "Grey")
) -> Palette:
    """Return the colours of a programme.

    Parameters
    ----------
    labels, fills
        Name, and fill as ``rrggbb``, of each word.
    unrated
        Words that stand for what is not rated; they are drawn lightly.
    """
    faint = set(unrated)
    return {
        word: Paint(f"#{fill.lstrip('#')}", labels[word], sign_of(word, labels[word]), faint=word in faint)
        for word, fill in fills.items()
    }


def palette_of_entries(
    entries: Mapping[str, Mapping[str, Any]], *, unrated: Iterable[str] = ("grey", "Grey")
) -> Palette:
    """Return the colours of a file whose entries hold ``label`` and ``fill`` each."""
    labels = {word: entry["label"] for word, entry in entries.items()}
    return palette_of(labels, {word: entry["fill"] for word, entry in entries.items()}, unrated=unrated)


# -- occupants -----------------------------------------------------------------------------------------------


def parts_of(region: str) -> tuple[str, ...]:
    """Return the parts of the body that the key of a region names; every part where it names none."""
    found = tuple(part for part in PARTS if part in region)
    return found or tuple(PARTS)


def load_cases(
    test: Mapping[str, Any],
    colours: Mapping[str, str],
    reached: Mapping[str, Reached] = _NO_POINTS,
    *,
    capped: Iterable[str] = (),
) -> tuple[LoadCase, ...]:
    """Return the load cases of one file of a stage that tests occupants.

    Parameters
    ----------
    test
        The file: load cases, below them occupants, below them regions.
    colours
        Colour of each region, by name.
    reached
        Score and maximum of each region and occupant, by name; without an entry the score is open and the maximum
        that of the file. An occupant whose maximum is 0 does not apply to the car and is left out.
    capped
        Names of the occupants whose points a limit took.
    """
    cut = set(capped)
    return tuple(
        LoadCase(
            name,
            case["label"],
            tuple(
                _occupant(f"{name}/{key}", key, occupant, colours, reached, f"{name}/{key}" in cut)
                for key, occupant in case["children"].items()
                if reached.get(f"{name}/{key}", (None, 1.0))[1] > 0
            ),
        )
        for name, case in test["children"].items()
    )


def _occupant(
    name: str,
    key: str,
    data: Mapping[str, Any],
    colours: Mapping[str, str],
    reached: Mapping[str, Reached],
    capped: bool,
) -> Occupant:
    regions = tuple(
        _region(f"{name}/{region}", region, entry, colours, reached)
        for region, entry in data["children"].items()
    )
    dummy = str(data.get("dummy") or "")
    known = vocabulary().dummies.get(dummy)
    printed = str(data.get("printed", {}).get("dummy", dummy))
    label: Text = known.label if known is not None else {"en": printed, "zh": printed}
    score, maximum = reached.get(name, (None, _maximum(data)))
    seats = tuple(key.split("_and_")) if data.get("occupant") is None else (str(data["occupant"]),)
    kind = kind_of(dummy, regions)
    return Occupant(name, seats, data["label"], label, regions, score, maximum, kind, capped)


def _region(
    name: str, key: str, data: Mapping[str, Any], colours: Mapping[str, str], reached: Mapping[str, Reached]
) -> BodyRegion:
    score, maximum = reached.get(name, (None, _maximum(data)))
    critical = bool(data.get("critical"))
    return BodyRegion(key, data["label"], parts_of(key), colours.get(name), score, maximum, critical)


def _maximum(data: Mapping[str, Any]) -> float:
    own = data.get("points")
    return (
        float(own) if own is not None else sum(_maximum(child) for child in data.get("children", {}).values())
    )


def kind_of(dummy: str, regions: Sequence[BodyRegion]) -> FigureKind:
    """Return what is drawn of a dummy: a seat alone for a machine that carries no instruments, a child for a child."""
    known = vocabulary().dummies.get(dummy)
    if known is None or not known.codes:
        return "head_restraint"
    if all(region.parts == ("neck",) for region in regions):
        return "neck"
    return "child" if dummy.startswith("q") or dummy.endswith("y") else "adult"


# -- impact map ----------------------------------------------------------------------------------------------


def impact_map(
    head: Mapping[str, Any],
    legs: Mapping[str, Any],
    cells: Mapping[str, str],
    *,
    verified: Mapping[str, Verified] | None = None,
    bumper: Mapping[str, str] | None = None,
    bumper_verified: Mapping[str, Verified] | None = None,
    inferred: Iterable[str] = (),
    reached: Mapping[str, Reached] = _NO_POINTS,
    order: Sequence[str] = ("pelvis", "femur", "knee_tibia"),
) -> ImpactMap:
    """Return the map of a car front.

    Parameters
    ----------
    head, legs
        Files of the headforms (``grid``, bands with ``rows``) and of the legforms (regions with a ``row``).
    cells
        Word of each cell, by name.
    verified
        Tested cells, by name.
    bumper, bumper_verified
        Mark (a word of the row's ``cells``) and tested or taken value of each bumper point, by name.
    inferred
        Names of bumper points whose value was taken from another point.
    reached
        Score and maximum of each band and bumper row, by key.
    order
        Keys of the bumper rows from the highest on the car to the lowest; others follow in the order of the file.
    """
    grid = head["grid"]
    first, last, step = grid["rows"]["first"], grid["rows"]["last"], grid["rows"]["step"]
    distances = tuple(range(last["wrap_around_distance"], first["wrap_around_distance"] + 1, step))
    columns = tuple(range(grid["columns"]["first"], grid["columns"]["last"] - 1, -1))
    tested = verified or {}
    drawn = tuple(
        MapCell(row, column, cells.get(f"{row}/{column}"), tested.get(f"{row}/{column}"))
        for row in range(len(distances) - 1, -1, -1)
        for column in columns
    )
    bands = tuple(
        MapBand(name, entry["label"], (entry["rows"][0], entry["rows"][1]), *reached.get(name, (None, None)))
        for name, entry in _with(head, "rows")
    )
    rows = sorted(
        _with(legs, "row"), key=lambda item: order.index(item[0]) if item[0] in order else len(order)
    )
    taken = set(inferred)
    bumper_rows = tuple(
        _bumper_row(name, entry, columns, bumper or {}, bumper_verified or {}, taken, reached)
        for name, entry in rows
    )
    label = {
        language: f"{name} · {legs['label'].get(language, '')}" for language, name in head["label"].items()
    }
    return ImpactMap(label, distances, columns, drawn, bands, bumper_rows)


def _with(data: Mapping[str, Any], key: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the nodes below one that have a key, with their own keys."""
    found: list[tuple[str, Mapping[str, Any]]] = []
    for name, child in data.get("children", {}).items():
        found.extend([(name, child)] if key in child else _with(child, key))
    return found


def _bumper_row(
    name: str,
    data: Mapping[str, Any],
    columns: Sequence[int],
    words: Mapping[str, str],
    verified: Mapping[str, Verified],
    inferred: set[str],
    reached: Mapping[str, Reached],
) -> BumperRow:
    marks = data["row"]["cells"]
    points = []
    for column in columns:
        place = f"{name}/{column}"
        word = words.get(place)
        label = marks[word]["label"] if word in marks else None
        points.append(BumperPoint(column, label, verified.get(place), place in inferred))
    score, maximum = reached.get(name, (None, float(data["points"])))
    return BumperRow(name, data["label"], tuple(points), score, maximum)


# -- matrices ------------------------------------------------------------------------------------------------


def matrix(
    name: str,
    entry: Mapping[str, Any],
    predicted: Mapping[str, str],
    *,
    verified: Mapping[str, Verified] | None = None,
    functions: Mapping[int, str] | None = None,
    left_out: Iterable[int] = (),
    became_standard: Iterable[str] = (),
    layers: Sequence[Layer] = (),
    points: Sequence[tuple[Text, float | None, float]] = (),
) -> Matrix:
    """Return a prediction matrix.

    Parameters
    ----------
    name, entry
        Key and entry of the matrix in its file: one axis in ``columns``, ``rows`` with axis values and ``cells``.
    predicted
        Colour of each cell, by name.
    verified
        Tested cells, by name.
    functions
        What was declared where a row leaves a choice, by row; without it all that may be declared is shown.
    left_out
        Rows that do not count for this car, such as one that repeats another by what was declared for it.
    became_standard
        Names of cells of the extended range that count in the standard range for this car.
    layers
        Robustness layers, see `robustness_layers`.
    points
        Name, score and maximum of each layer of points.
    """
    tested, gone, standard = verified or {}, set(left_out), set(became_standard)
    ((axis, values),) = entry["columns"].items()
    axes = list(dict.fromkeys(key for row in entry["rows"] for key in row if key != "cells"))
    rows = tuple(
        MatrixRow(
            tuple(axis_text(_axis_value(row.get(key), (functions or {}).get(i))) for key in axes),
            tuple(
                _cell("S" if f"{i}/{j}" in standard else mark, f"{i}/{j}", predicted, tested)
                for j, mark in enumerate(str(row["cells"]).split())
            ),
        )
        for i, row in enumerate(entry["rows"])
        if i not in gone
    )
    return Matrix(
        name,
        entry["label"],
        axis_text(axis),
        tuple(_axis_value(value, None) for value in values),
        tuple(axis_text(key) for key in axes),
        rows,
        tuple(layers),
        tuple(points),
    )


def _axis_value(value: object, chosen: str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return chosen or "/".join(str(item) for item in value)
    if isinstance(value, int | float):
        return f"{100 * value:g} %".replace("-", "\N{MINUS SIGN}")
    return str(value)


def _cell(
    mark: str, name: str, predicted: Mapping[str, str], tested: Mapping[str, Verified]
) -> MatrixCell | None:
    if mark not in ("S", "E"):
        return None
    return MatrixCell("standard" if mark == "S" else "extended", predicted.get(name), tested.get(name))


def robustness_layers(
    offered: Iterable[Mapping[str, Any]],
    scenario: str,
    claimed: Iterable[str],
    *,
    tested: str | None = None,
    failed: bool = False,
    condition: str = "",
) -> tuple[Layer, ...]:
    """Return the layers that a scenario is offered and what became of them.

    Parameters
    ----------
    offered
        Entries of the file: ``layer``, ``label``, ``scenarios``.
    scenario
        Key of the scenario.
    claimed
        Layers that were claimed.
    tested, failed, condition
        The layer that was tested, whether it failed, and what it was tested under.
    """
    wanted = set(claimed)

    def state(layer: str) -> LayerState:
        if layer == tested:
            return "failed" if failed else "passed"
        return "claimed" if layer in wanted else "offered"

    return tuple(
        Layer(
            entry["layer"],
            entry["label"],
            state(entry["layer"]),
            condition if entry["layer"] == tested else "",
        )
        for entry in offered
        if scenario in entry["scenarios"]
    )
