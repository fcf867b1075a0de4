"""The impact map: 399 cells and three bumper rows, each in its colour and place."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from tests.report.pictures.conftest import HOSTILE, SVG, Drawn, check, read

from carindex.messages import LANGUAGES, Language
from carindex.report.pictures import ImpactMap, Palette, Verified, impact_map_picture
from carindex.report.pictures.from_protocol import impact_map
from carindex.report.pictures.svg import EMPTY

_TESTED = {
    "10/6": Verified("yellow", "719.01", "", {"en": "HIC15", "zh": "HIC15"}, correct=False),
    "3/-2": Verified("green", "412.5", "", {"en": "HIC15", "zh": "HIC15"}, correct=True),
    "18/10": Verified("brown", "1423.4"),
}
_LEGS = {"femur/4": Verified("orange", "401.2", "N*m"), "pelvis/0": Verified("green", "4.7", "kN")}


def _words(palette: Palette) -> dict[str, str]:
    """Every word in turn, and every thirteenth cell left out."""
    words = [*palette, None]
    places = [f"{row}/{column}" for row in range(19) for column in range(-10, 11)]
    return {place: word for i, place in enumerate(places) if (word := words[i % len(words)]) is not None}


@pytest.fixture(scope="module")
def drawn_map(map_colours: Palette) -> ImpactMap:
    bumper = {
        f"{row}/{c}": ("t", "st", "sa")[c % 3]
        for row in ("pelvis", "femur", "knee_tibia")
        for c in range(-8, 9)
    }
    return impact_map(
        read("crash-protection/vru-head.yaml"),
        read("crash-protection/vru-leg.yaml"),
        _words(map_colours),
        verified=_TESTED,
        bumper=bumper,
        bumper_verified=_LEGS,
        inferred=["femur/4"],
        reached={"adult": (2.758, 3.808)},
    )


@pytest.fixture(scope="module", params=LANGUAGES)
def drawn(request: pytest.FixtureRequest, drawn_map: ImpactMap, map_colours: Palette) -> Drawn:
    return check(impact_map_picture(drawn_map, map_colours, request.param), request.param)


def test_every_cell_stands_once_in_its_colour(drawn: Drawn, map_colours: Palette) -> None:
    cells = drawn.marked("data-cell")
    assert len(cells) == 19 * 21 == 399
    assert len({place for place, _ in cells}) == 399
    words = _words(map_colours)
    fills = read("crash-protection/vru-head.yaml")["grid"]["cells"]
    for place, node in cells:
        assert node.get("fill") == (f"#{fills[words[place]]['fill']}" if place in words else EMPTY)


def test_cells_lie_where_their_numbers_say(drawn: Drawn) -> None:
    at = {
        place: (float(node.get("x", 0)), float(node.get("y", 0))) for place, node in drawn.marked("data-cell")
    }
    rows = [at[f"{row}/0"][1] for row in range(19)]
    assert rows == sorted(rows, reverse=True)
    columns = [at[f"0/{column}"][0] for column in range(10, -11, -1)]
    assert columns == sorted(columns)
    texts = {node.text: float(node.get("y", 0)) for node in drawn.root.iter(f"{SVG}text")}
    assert abs(texts["1000"] - at["0/0"][1]) < 20
    assert abs(texts["2800"] - at["18/0"][1]) < 20


def test_every_cell_says_its_colour_without_colour(drawn: Drawn, map_colours: Palette) -> None:
    language = "zh" if drawn.root.get("lang") == "zh-Hans" else "en"
    words = _words(map_colours)
    for paint_word, paint in map_colours.items():
        wanted = sum(word == paint_word and place not in _TESTED for place, word in words.items())
        # once more in the legend, whose name may be the sign itself
        legend = 1 + (paint.label[language] == paint.sign[language])
        extra = sum(place not in words for place in (f"{r}/{c}" for r in range(19) for c in range(-10, 11)))
        found = drawn.texts.count(paint.sign[language])
        assert found == wanted + legend + (extra if paint.sign[language] == "–" else 0), paint_word


def test_tested_points_carry_measured_colour_and_value(drawn: Drawn) -> None:
    fills = []
    for colour, node in drawn.marked("data-measured"):
        first = node.find(f"{SVG}rect")
        assert first is not None
        fills.append((colour, first.get("fill")))
    assert sorted(fills) == [("brown", "#964B00"), ("green", "#009933"), ("yellow", "#FFDD33")]
    shown = " ".join(drawn.texts)
    for value in ("719", "412", "1423", "401", "4.7"):
        assert re.search(rf"\b{value}\b", shown)


def test_tested_points_are_told_in_words(drawn: Drawn) -> None:
    lines = drawn.picture.lines
    assert len(lines) == len(_TESTED) + len(_LEGS)
    if drawn.root.get("lang") == "en":
        assert (
            "WAD 2000 mm, column +6: predicted D Green, measured Yellow, HIC15 719.01, not as predicted"
            in [re.sub(r"predicted [A-Z][\w -]*(?=, m)", "predicted D Green", line) for line in lines]
        )
        assert "Femur, column +4: ST, value taken from another point, measured Orange, 401.2 N·m" in lines
    else:
        assert any("实测黄" in line and "与预测不一致" in line for line in lines)
    for line in lines:
        assert line in drawn.picture.text


def test_bumper_rows_lie_from_the_pelvis_down(drawn: Drawn) -> None:
    points = drawn.marked("data-bumper")
    assert len(points) == 3 * 17
    height = {name.split("/")[0]: float(node.get("y", 0)) for name, node in points}
    assert height["pelvis"] < height["femur"] < height["knee_tibia"]
    lowest = max(float(node.get("y", 0)) for _, node in drawn.marked("data-cell"))
    assert lowest < height["pelvis"]
    fills = {name: node.get("fill") for name, node in points}
    assert fills["femur/4"] == "#FF9933"
    assert fills["pelvis/0"] == "#009933"
    assert fills["knee_tibia/1"] == EMPTY


def test_the_rows_of_each_headform_are_the_data_s(drawn_map: ImpactMap, drawn: Drawn) -> None:
    assert {band.name: band.rows for band in drawn_map.bands} == {
        "cyclist": (12, 18),
        "adult": (6, 11),
        "child": (0, 5),
    }
    assert sorted(name for name, _ in drawn.marked("data-band")) == ["adult", "child", "cyclist"]
    assert "2.758 / 3.808" in drawn.texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_never_taken_for_markup(
    drawn_map: ImpactMap, map_colours: Palette, language: Language
) -> None:
    verified = Verified(HOSTILE["en"], HOSTILE["en"], HOSTILE["en"], HOSTILE, correct=True)
    cells = (replace(drawn_map.cells[0], verified=verified), *drawn_map.cells[1:])
    bands = tuple(replace(band, label=HOSTILE, name=HOSTILE["en"]) for band in drawn_map.bands)
    hostile = replace(drawn_map, label=HOSTILE, cells=cells, bands=bands)
    picture = impact_map_picture(hostile, map_colours, language)
    assert Drawn(picture).root.find(f"{SVG}title") is not None
    assert "<script" not in picture.svg
