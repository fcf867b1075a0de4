"""From a rating to its drawings: colours, values and states are those of the facts and of the engine."""

from __future__ import annotations

import pytest
from tests.report.pictures.conftest import check

from carindex.dossier import Fact
from carindex.messages import LANGUAGES, Language
from carindex.rating import Plan, Rating, compile_protocol, load_protocol, rate
from carindex.report.pictures import BumperRow, ImpactMap, Matrix
from carindex.report.pictures.from_avoidance import matrices_of
from carindex.report.pictures.from_crash_tests import crash_colours, impact_maps_of, load_cases_of
from carindex.report.pictures.gallery import galleries

_POLE = "crash_protection/side_impact/pole/pole_32/driver"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return compile_protocol(load_protocol("euro-ncap-2026"))


@pytest.fixture(scope="module")
def rating(plan: Plan) -> Rating:
    """A car of which a few points are known."""
    values: dict[str, float | str] = {
        "vru_headform/10_6/cell": "green",
        "vru_headform/10_6/tested": "yes",
        "vru_headform/10_6/hic15": 900.0,
        "vru_headform/3_-2/cell": "d_red",
        "vru_headform/18_10/cell": "grey",
        "vru_upper_legform/0_4/cell": "t",
        "vru_upper_legform/0_4/pelvis_force_sum": 5500.0,
        "vru_upper_legform/0_3/cell": "sa",
        "ccrs/prediction_standard": "VTA",
        "ccrs/prediction_extended": "VTA",
        "ccrs/30_km_h-0_km_h-0.75/prediction": "green",
        "ccrs/30_km_h-0_km_h-0.75/tested": "yes",
        "ccrs/30_km_h-0_km_h-0.75/v_rel_impact": 25.0,
        "ccrs/10_km_h-0_km_h-1.25/prediction": "orange",
        "ccrs/type/claimed": "YES",
        "ccrs/appearance/claimed": "NO",
    }
    facts = []
    for name, value in values.items():
        quantity = plan.quantities[plan.facts.index(name)]
        number = float(quantity.categories.index(value)) if isinstance(value, str) else value
        facts.append(Fact(name, number, quantity.unit))
    shares = {"head": 2.5, "chest": 2.0, "abdomen": 0.5}
    return rate(plan, facts, assumed={f"{_POLE}/{region}": points for region, points in shares.items()})


def test_every_load_case_of_the_tree_is_drawn(rating: Rating) -> None:
    cases = load_cases_of(rating)
    assert len(cases) == 18
    assert sum(len(case.occupants) for case in cases) == 32
    assert sum(len(occupant.regions) for case in cases for occupant in case.occupants) == 90


def test_a_region_has_the_best_colour_that_its_points_reach(rating: Rating) -> None:
    (driver,) = next(case for case in load_cases_of(rating) if f"{case.name}/driver" == _POLE).occupants
    assert {region.name: region.colour for region in driver.regions} == {
        "head": "green",
        "chest": "yellow",
        "abdomen": "brown",
        "pelvis": None,
    }
    assert all(region.critical for region in driver.regions)
    assert driver.kind == "adult"


def _map(rating: Rating) -> ImpactMap:
    ((drawn, palette),) = impact_maps_of(rating)
    assert set(crash_colours(rating)) <= set(palette)
    assert {"d_red", "blue", "green_40", "grey"} <= set(palette)
    return drawn


def test_cells_and_tested_points_are_those_of_the_facts(rating: Rating) -> None:
    drawn = _map(rating)
    cells = {(cell.row, cell.column): cell for cell in drawn.cells}
    assert len(cells) == len(drawn.cells) == 399
    assert {place: cell.colour for place, cell in cells.items() if cell.colour} == {
        (10, 6): "green",
        (3, -2): "d_red",
        (18, 10): "grey",
    }
    # HIC15 of 900 lies between 650 and 1000, and more than 10 % above the green band
    verified = cells[10, 6].verified
    assert verified is not None
    assert (verified.colour, verified.value, verified.correct) == ("yellow", "900", False)
    assert sum(cell.verified is not None for cell in drawn.cells) == 1
    assert [band.name for band in drawn.bands] == ["cyclist", "adult", "child"]


def test_bumper_points_are_in_the_unit_of_their_limits(rating: Rating) -> None:
    rows: dict[str, BumperRow] = {row.name: row for row in _map(rating).bumper}
    assert list(rows) == ["pelvis", "femur", "knee_tibia"]
    points = {point.column: point for point in rows["pelvis"].points}
    own = points[4]
    assert own.verified is not None
    assert (own.verified.value, own.verified.unit, own.inferred) == ("5.5", "kN", False)
    # a point that is not tested takes the value beside it
    taken = points[3]
    assert taken.verified is None or (taken.verified.value == "5.5" and taken.inferred)


def _matrices(rating: Rating) -> dict[str, Matrix]:
    return {drawn.name: drawn for drawn, _ in matrices_of(rating)}


def test_matrices_are_those_of_the_data_with_predictions_and_tests(rating: Rating) -> None:
    found = _matrices(rating)
    assert len(found) == 43
    ccrs = found["ccrs"]
    cells = {(i, j): cell for i, row in enumerate(ccrs.rows) for j, cell in enumerate(row.cells) if cell}
    assert {place: cell.colour for place, cell in cells.items() if cell.colour} == {
        (2, 2): "green",
        (0, 0): "orange",
    }
    verified = cells[2, 2].verified
    assert verified is not None
    assert (verified.value, verified.unit) == ("25", "km/h")
    # from 30 km/h an impact at 10 km/h or more is red
    assert (verified.colour, verified.correct) == ("red", False)
    states = {layer.name: layer.state for layer in ccrs.layers}
    assert states["Type"] == "claimed"
    assert states["Appearance"] == "offered"
    assert [name["en"] for name, _, _ in ccrs.points] == ["Standard", "Extended", "Robustness"]


def test_a_row_that_repeats_another_is_left_out(plan: Plan) -> None:
    name = next(fact for fact in plan.facts if fact.startswith("cpla_day/50") and fact.endswith("/function"))
    quantity = plan.quantities[plan.facts.index(name)]
    some = rate(plan, [Fact(name, float(quantity.categories.index("AEB")), quantity.unit)])
    drawn, whole = _matrices(some)["cpla_day"], _matrices(rate(plan, []))["cpla_day"]
    assert len(drawn.rows) == len(whole.rows) - 1
    standard = [
        sum(cell.range == "standard" for row in m.rows for cell in row.cells if cell) for m in (drawn, whole)
    ]
    # the row had one standard cell, the fixed row has one more instead
    assert standard == [10, 10]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_gallery_has_every_subject_of_which_something_is_known(
    rating: Rating, language: Language
) -> None:
    shown = galleries(rating, language)
    assert [(gallery.key, len(gallery.pictures)) for gallery in shown] == [
        ("occupants", 1),  # the pole test
        ("impact-map", 1),
        ("matrices", 1),
    ]
    for gallery in shown:
        assert gallery.heading
        for picture in gallery.pictures:
            check(picture, language)


def test_programmes_without_these_tests_have_no_gallery() -> None:
    assert galleries(rate(compile_protocol(load_protocol("us-ncap-2011")), []), "en") == ()
