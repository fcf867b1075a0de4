"""Occupant figures and charts."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carindex.dossier import Fact
from carindex.dossier.folder import Dossier
from carindex.rating import Plan, Rating, rate
from carindex.report.bands import band_of, bands, not_rated_colour
from carindex.report.charts import decimated, specification
from carindex.report.figures import REGIONS, occupant_figures

_SVG = "{http://www.w3.org/2000/svg}"


def test_each_occupant_of_each_test_has_a_figure(rating: Rating) -> None:
    figures = occupant_figures(rating, "en")
    assert [(figure.occupant, figure.dummy) for figure in figures] == [
        ("Driver", "Hybrid III 50th male"),
        ("Front passenger", "Hybrid III 5th female"),
        ("Driver", "ES-2re"),
        ("Driver", "SID-IIs"),
        ("Rear left", "SID-IIs"),
    ]
    rated = {region.region for region in figures[0].regions}
    assert rated == {"head", "neck", "chest", "left_femur", "right_femur"}
    assert {region.region for region in figures[2].regions} == {"head", "chest", "abdomen", "pelvis"}


def test_a_region_has_the_colour_of_its_node_and_its_value_beside_it(rating: Rating) -> None:
    for figure in occupant_figures(rating, "en"):
        svg = ElementTree.fromstring(figure.svg)
        painted = {path.get("data-region"): path.get("fill") for path in svg.iter(f"{_SVG}path")}
        texts = {text.text for text in svg.iter(f"{_SVG}text")}
        for region in figure.regions:
            band = band_of(region.node, "en")
            assert band is not None
            assert painted[region.region] == band.colour
            assert region.value in texts
        assert svg.find(f"{_SVG}title") is not None
        assert set(painted) - {None} == {region.region for region in figure.regions}


# The five bands of risk are 5, 10, 20 and 40 %. HIC15 at which the programme's head risk
# Φ((ln HIC15 − 7.45231) / 0.73998) is 2, 7, 15, 30 and 60 %.
@pytest.mark.parametrize(
    ("z", "band"), [(-2.053749, 1), (-1.475791, 2), (-1.036433, 3), (-0.524401, 4), (0.253347, 5)]
)
def test_the_colour_follows_the_value(us_ncap: Plan, z: float, band: int) -> None:
    hic15 = float(np.exp(7.45231 + 0.73998 * z))
    name = "full_width_rigid_56/driver/h3_50m/hic15"
    figure = occupant_figures(rate(us_ncap, [Fact(name, hic15, "1")]), "en")[0]
    head = next(region for region in figure.regions if region.region == "head")
    assert head.colour == bands("risk", "en")[band - 1].colour
    others = [region for region in figure.regions if region.region != "head"]
    assert {region.colour for region in others} == {not_rated_colour()}


def test_the_colour_of_points_follows_the_share_reached(graded: Rating) -> None:
    # head 2 of 4 and chest 2 of 4: the third band begins at half
    figure = occupant_figures(graded, "en")[0]
    assert {region.region: region.value for region in figure.regions}["head"] == "2 / 4"
    assert {region.colour for region in figure.regions} == {bands("reached", "en")[2].colour}


def test_every_region_of_the_vocabulary_can_be_drawn() -> None:
    from carindex.vocabulary import vocabulary

    regions = {quantity.region for quantity in vocabulary().quantities.values() if quantity.region}
    assert regions <= set(REGIONS)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=3000), st.integers(2, 200))
def test_thinning_keeps_the_extremes_and_the_order(values: list[float], columns: int) -> None:
    array = np.array(values)
    time = np.arange(array.size) / 10_000
    kept_time, kept = decimated(time, array, columns)
    assert kept.size <= max(2 * columns + 2, 2)
    assert kept.max() == array.max()
    assert kept.min() == array.min()
    assert np.all(np.diff(kept_time) > 0) or kept.size == 1
    assert np.array_equal(kept, array[np.round(kept_time * 10_000).astype(int)])


def test_thinning_leaves_out_what_is_not_a_number() -> None:
    time, values = decimated(np.arange(4.0), np.array([1.0, np.nan, 3.0, np.inf]))
    assert time.tolist() == [0.0, 2.0]
    assert values.tolist() == [1.0, 3.0]


def test_the_window_of_hic_is_shaded_and_its_value_written(car: Dossier) -> None:
    measured = car.tests[0].measurements.get("driver", "hic15")
    assert measured is not None
    spec = specification(measured)
    assert spec is not None
    (window,) = [layer for layer in spec["layer"] if layer["mark"]["type"] == "rect"]
    (edges,) = window["data"]["values"]
    # published by NHTSA for this test: 77.7 to 92.7 ms, HIC 140
    assert edges == pytest.approx({"a": 77.7, "b": 92.7})
    (text,) = [layer for layer in spec["layer"] if layer["mark"]["type"] == "text"]
    assert text["mark"]["text"] == "139.86  (77.7–92.7 ms)"


def test_the_level_of_the_3_ms_criterion_is_drawn(car: Dossier) -> None:
    measured = car.tests[0].measurements.get("driver", "chest_a3ms")
    assert measured is not None
    spec = specification(measured)
    assert spec is not None
    levels = [layer["data"]["values"][0]["y"] for layer in spec["layer"] if layer["mark"]["type"] == "rule"]
    assert any(level == pytest.approx(measured.value) for level in levels)


def test_a_chart_says_its_value_in_full(car: Dossier) -> None:
    from carindex.report.charts import chart

    measured = car.tests[0].measurements.get("driver", "nij")
    assert measured is not None
    svg = chart(measured)
    assert svg is not None
    texts = re.findall(r">([^<>]*ms\))<", svg)
    assert any(text.startswith(f"{measured.value:.4f}") for text in texts)
