"""Prediction matrices: every one of the data, every cell of each."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from tests.report.pictures.conftest import EDITION, HOSTILE, SVG, Drawn, check, read

from carindex.messages import LANGUAGES, Language
from carindex.report.pictures import Palette, Verified, matrix_picture
from carindex.report.pictures.from_protocol import matrix, robustness_layers
from carindex.report.pictures.svg import EMPTY

_FILES = ("frontal-car-ptw", "frontal-ped-cyc", "lane-departure", "low-speed")
_ENTRIES = {
    name: entry for file in _FILES for name, entry in read(f"crash-avoidance/matrices-{file}.yaml").items()
}


def _cells_of_text() -> dict[str, list[list[str]]]:
    """Read the cells of every matrix from the text of the files, without a YAML reader."""
    found: dict[str, list[list[str]]] = {}
    for file in _FILES:
        name = ""
        for line in (EDITION / f"crash-avoidance/matrices-{file}.yaml").read_text("utf-8").splitlines():
            if key := re.fullmatch(r"([a-z_]+):", line):
                name = key[1]
            elif row := re.search(r"cells: ([SE. ]+)\}", line):
                found.setdefault(name, []).append(row[1].split())
    return found


_CELLS = _cells_of_text()


def _predicted(name: str, palette: Palette) -> dict[str, str]:
    words = [*palette, None]
    places = [f"{i}/{j}" for i, row in enumerate(_CELLS[name]) for j, mark in enumerate(row) if mark != "."]
    return {place: word for i, place in enumerate(places) if (word := words[i % len(words)]) is not None}


def test_no_matrix_is_left_out() -> None:
    assert set(_CELLS) == set(_ENTRIES)
    assert len(_ENTRIES) == 43


@pytest.mark.parametrize("name", _ENTRIES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cell_stands_once_in_its_colour_and_range(
    name: str, language: Language, matrix_colours: Palette
) -> None:
    predicted = _predicted(name, matrix_colours)
    drawn = check(matrix_picture(matrix(name, _ENTRIES[name], predicted), matrix_colours, language), language)
    wanted = {
        f"{i}/{j}": "standard" if mark == "S" else "extended"
        for i, row in enumerate(_CELLS[name])
        for j, mark in enumerate(row)
        if mark != "."
    }
    cells = drawn.marked("data-cell")
    assert sorted(place for place, _ in cells) == sorted(wanted)
    for place, node in cells:
        assert node.get("data-range") == wanted[place]
        assert node.get("fill") == (matrix_colours[predicted[place]].fill if place in predicted else EMPTY)
    for word, paint in matrix_colours.items():
        if paint.sign["en"] != "–":
            in_cells = sum(value == word for value in predicted.values())
            legend = 1 + (paint.label[language] == paint.sign[language])
            assert drawn.texts.count(paint.sign[language]) == in_cells + legend
    assert _ENTRIES[name]["label"][language] == drawn.picture.title


@pytest.mark.parametrize("name", _ENTRIES)
def test_the_outline_is_that_of_the_standard_range(name: str, matrix_colours: Palette) -> None:
    drawn = check(matrix_picture(matrix(name, _ENTRIES[name], {}), matrix_colours, "en"), "en")
    grid = _CELLS[name]
    edges = 0
    for i, row in enumerate(grid):
        for j, mark in enumerate(row):
            if mark == "S":
                for a, b in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
                    inside = 0 <= a < len(grid) and 0 <= b < len(row) and grid[a][b] == "S"
                    edges += not inside
    (outline,) = [node for node in drawn.root.iter(f"{SVG}path") if node.get("stroke-linecap") == "square"]
    assert len(re.findall("M", outline.get("d", ""))) == edges


def test_axes_that_say_the_same_in_every_row_stand_above(matrix_colours: Palette) -> None:
    drawn = check(matrix_picture(matrix("ccrs", _ENTRIES["ccrs"], {}), matrix_colours, "en"), "en")
    assert "Target speed 0 km/h" in drawn.texts
    assert drawn.texts.count("10 km/h") == 1
    assert {"125 %", "100 %", "0 %", "−25 %", "Impact location", "VUT speed", "AEB/FCW"} <= set(drawn.texts)
    chosen = matrix("ccrs", _ENTRIES["ccrs"], {}, functions={5: "FCW"})
    assert "FCW" in check(matrix_picture(chosen, matrix_colours, "en"), "en").texts


def _layers() -> tuple:
    offered = read("crash-avoidance/robustness.yaml")["offered"]["FC - Car & PTW robust. pred."]["layers"]
    return robustness_layers(
        offered,
        "ccrs",
        ["Type", "Appearance"],
        tested="Trajectory/Heading",
        failed=True,
        condition="-10° (rotation)",
    )


def test_layers_are_those_offered_to_the_scenario_with_their_state(matrix_colours: Palette) -> None:
    offered = read("crash-avoidance/robustness.yaml")["offered"]["FC - Car & PTW robust. pred."]["layers"]
    layers = _layers()
    assert [layer.name for layer in layers] == [
        entry["layer"] for entry in offered if "ccrs" in entry["scenarios"]
    ]
    held = robustness_layers(offered, "ccrs", ["Type"], tested="Type")
    assert {layer.state for layer in held} == {"offered", "passed"}
    for language, failed, claimed in (
        ("en", "claimed, tested: failed", "claimed"),
        ("zh", "已申报，试验未通过", "已申报"),
    ):
        drawn = check(
            matrix_picture(matrix("ccrs", _ENTRIES["ccrs"], {}, layers=layers), matrix_colours, language),
            language,
        )
        states = {name: node.get("data-state") for name, node in drawn.marked("data-layer")}
        assert len(states) == len(layers) == 8
        assert states["Trajectory/Heading"] == "failed"
        assert states["Type"] == states["Appearance"] == "claimed"
        assert set(states.values()) == {"failed", "claimed", "offered"}
        assert drawn.texts.count(claimed) == 2
        assert any(text.startswith(failed) for text in drawn.texts)
        assert any("-10° (rotation)" in line for line in drawn.picture.lines)
        assert "-10° (rotation)" in drawn.picture.text


def test_tested_points_carry_measured_colour_and_value(matrix_colours: Palette) -> None:
    verified = {
        "2/2": Verified("Red", "30", "km/h", {"en": "Impact speed", "zh": "碰撞速度"}, correct=False),
        "5/4": Verified("Green", "1.5", "km/h", {"en": "Impact speed", "zh": "碰撞速度"}, correct=True),
    }
    drawn_matrix = matrix("ccrs", _ENTRIES["ccrs"], {"2/2": "Green", "5/4": "Green"}, verified=verified)
    drawn = check(matrix_picture(drawn_matrix, matrix_colours, "en"), "en")
    assert sorted(colour for colour, _ in drawn.marked("data-measured")) == ["Green", "Red"]
    assert {"R 30", "G 1.5"} <= set(drawn.texts)
    assert drawn.picture.lines == (
        "30 km/h, 0 km/h, AEB, Impact location 75 %: predicted Green, measured Red, Impact speed 30 km/h, not as predicted",
        "60 km/h, 0 km/h, AEB/FCW, Impact location 25 %: predicted Green, measured Green, Impact speed 1.5 km/h, as predicted",
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_never_taken_for_markup(matrix_colours: Palette, language: Language) -> None:
    layers = tuple(
        replace(layer, label=HOSTILE, name=HOSTILE["en"], condition=HOSTILE["en"]) for layer in _layers()
    )
    plain = matrix(
        "ccrs", _ENTRIES["ccrs"], {"0/0": HOSTILE["en"]}, layers=layers, points=[(HOSTILE, 1.0, 2.0)]
    )
    hostile = replace(plain, label=HOSTILE, column_axis=HOSTILE, columns=(HOSTILE["en"],) * 7)
    picture = matrix_picture(hostile, matrix_colours, language)
    assert Drawn(picture).root.find(f"{SVG}title") is not None
    assert "<script" not in picture.svg


def test_rows_may_be_left_out_and_cells_become_standard(matrix_colours: Palette) -> None:
    # CPLA, 50 km/h: the row declared AEB repeats the fixed row, which is then standard at 25 % too
    plain = matrix("cpla_day", _ENTRIES["cpla_day"], {})
    drawn_matrix = matrix(
        "cpla_day", _ENTRIES["cpla_day"], {"7/1": "Red"}, left_out=[6], became_standard=["4/2"]
    )
    assert len(drawn_matrix.rows) == len(plain.rows) - 1 == 9
    fixed, moved_up = drawn_matrix.rows[4], drawn_matrix.rows[6]
    assert [cell.range for cell in fixed.cells if cell] == ["extended", "standard", "standard", "extended"]
    assert [cell.colour for cell in moved_up.cells if cell] == [None, "Red", None, None]
    check(matrix_picture(drawn_matrix, matrix_colours, "zh"), "zh")
