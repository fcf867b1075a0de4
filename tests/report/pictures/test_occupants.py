"""Occupants of every load case: each region once, in the colour it was given, with its points in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.report.pictures.conftest import HOSTILE, SVG, check, read

from carindex.messages import LANGUAGES, Language
from carindex.report.pictures import LoadCase, Palette, load_case_picture
from carindex.report.pictures.bodies import PARTS
from carindex.report.pictures.from_protocol import load_cases, parts_of
from carindex.report.pictures.svg import EMPTY

_FILES = (
    "frontal-offset",
    "frontal-full-width",
    "frontal-sled",
    "side-barrier",
    "side-pole",
    "side-far-side",
    "rear-whiplash",
)


def _names(test: dict) -> list[str]:
    return [
        f"{case}/{occupant}/{region}"
        for case, data in test["children"].items()
        for occupant, below in data["children"].items()
        for region in below["children"]
    ]


@pytest.fixture(scope="module", params=_FILES)
def cases(request: pytest.FixtureRequest, body_colours: Palette) -> list[tuple[LoadCase, dict[str, str]]]:
    """The load cases of a file; colours in turn, and every sixth region not assessed."""
    test = read(f"crash-protection/{request.param}.yaml")
    words = [*body_colours, None]
    colours = {name: word for i, name in enumerate(_names(test)) if (word := words[i % 6]) is not None}
    reached = {name: (0.25 if name in colours else None, 1.25) for name in _names(test)}
    return [(case, colours) for case in load_cases(test, colours, reached)]


def test_there_is_a_picture_for_each_load_case() -> None:
    found = [case for file in _FILES for case in load_cases(read(f"crash-protection/{file}.yaml"), {})]
    assert len(found) == 18
    assert sum(len(case.occupants) for case in found) == 32
    assert sum(len(occupant.regions) for case in found for occupant in case.occupants) == 90


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_region_stands_once_in_its_colour(
    cases: list[tuple[LoadCase, dict[str, str]]], body_colours: Palette, language: Language
) -> None:
    for case, colours in cases:
        drawn = check(load_case_picture(case, body_colours, language), language)
        regions = drawn.marked("data-region")
        wanted = [f"{o.name}/{region.name}" for o in case.occupants for region in o.regions]
        assert sorted(name for name, _ in regions) == sorted(wanted)
        for name, node in regions:
            fill = body_colours[colours[name]].fill if name in colours else EMPTY
            assert node.get("fill") == fill
            inside = [child.get("fill") for child in node.iter(f"{SVG}path")]
            assert fill in inside
        for occupant in case.occupants:
            assert occupant.label[language] in " ".join(drawn.texts)
            for region in occupant.regions:
                reached = (
                    "0.250 / 1.250" if region.score is not None else {"en": "open", "zh": "未定"}[language]
                )
                assert reached in drawn.texts
                word = colours.get(f"{occupant.name}/{region.name}")
                said = (
                    body_colours[word].label[language]
                    if word
                    else {"en": "not assessed", "zh": "未评价"}[language]
                )
                assert region.label[language] in drawn.picture.text
                assert said in drawn.picture.text
                if word:
                    assert body_colours[word].sign[language] in drawn.texts


def test_the_seats_lie_as_in_the_car(body_colours: Palette) -> None:
    case = load_cases(read("crash-protection/frontal-offset.yaml"), {})[0]

    def places(drawn_case: LoadCase) -> dict[str, tuple[float, float]]:
        drawn = check(load_case_picture(drawn_case, body_colours, "en"), "en")
        at = {
            node.text: (float(node.get("x", 0)), float(node.get("y", 0)))
            for node in drawn.root.iter(f"{SVG}text")
        }
        return {name: at[name] for name in ("Driver", "Front Passenger", "Behind Driver", "Behind Passenger")}

    left = places(case)
    assert left["Driver"][0] < left["Front Passenger"][0]
    assert left["Driver"][0] == left["Behind Driver"][0]
    assert (
        left["Driver"][1]
        == left["Front Passenger"][1]
        < left["Behind Driver"][1]
        == left["Behind Passenger"][1]
    )
    right = places(replace(case, driver_at="right"))
    assert right["Driver"][0] > right["Front Passenger"][0]
    assert right["Driver"][0] == right["Behind Driver"][0]


def test_a_seat_without_a_dummy_is_said(body_colours: Palette) -> None:
    case = load_cases(read("crash-protection/side-barrier.yaml"), {})[0]
    assert "no dummy" in check(load_case_picture(case, body_colours, "en"), "en").texts


def test_dummies_that_are_rated_together_are_both_coloured_and_told_once(body_colours: Palette) -> None:
    case = load_cases(
        read("crash-protection/side-far-side.yaml"), {"pole_32/driver_and_front_passenger/head": "green"}
    )[0]
    drawn = check(load_case_picture(case, body_colours, "en"), "en")
    heads = [
        n
        for n in drawn.root.iter(f"{SVG}path")
        if n.get("fill") == "#009933" and n.get("d") == PARTS["head"][0]
    ]
    assert len(heads) == 2
    assert [name for name, _ in drawn.marked("data-region")] == ["pole_32/driver_and_front_passenger/head"]
    assert "rated together" in drawn.texts


def test_capped_occupants_and_critical_regions_without_points_are_said(body_colours: Palette) -> None:
    test = read("crash-protection/side-pole.yaml")
    reached = {"pole_32/driver/head": (0.0, 2.5), "pole_32/driver": (0.0, 10.0)}
    case = load_cases(test, {"pole_32/driver/head": "red"}, reached, capped=["pole_32/driver"])[0]
    for language, capped, limits in (
        ("en", "capped", "no points: limits the car"),
        ("zh", "一票归零", "零分：限制总评"),
    ):
        drawn = check(load_case_picture(case, body_colours, language), language)
        assert capped in drawn.texts
        assert capped in drawn.picture.text
        assert limits in drawn.picture.text
        assert limits.replace(" ", "") in "".join(drawn.texts).replace(" ", "")


def test_names_are_never_taken_for_markup(body_colours: Palette) -> None:
    case = load_cases(read("crash-protection/side-pole.yaml"), {})[0]
    (occupant,) = case.occupants
    regions = tuple(replace(region, label=HOSTILE, name=HOSTILE["en"]) for region in occupant.regions)
    hostile = replace(
        case, label=HOSTILE, occupants=(replace(occupant, label=HOSTILE, dummy=HOSTILE, regions=regions),)
    )
    for language in LANGUAGES:
        drawn = check(load_case_picture(hostile, body_colours, language), language)
        assert HOSTILE[language] in drawn.texts
        assert "<script" not in drawn.picture.svg


def test_the_key_of_a_region_says_what_it_covers() -> None:
    assert parts_of("head_neck") == ("head", "neck")
    assert parts_of("knee_femur_pelvis") == ("pelvis", "femur", "knee")
    assert parts_of("lower_leg_foot_ankle") == ("lower_leg", "foot")
    assert parts_of("whole") == tuple(PARTS)


def test_small_figures_stand_for_tests_of_the_seat() -> None:
    kinds = {
        case.name: {occupant.kind for occupant in case.occupants}
        for case in load_cases(read("crash-protection/rear-whiplash.yaml"), {})
    }
    assert kinds == {
        "rear_mid": {"neck"},
        "rear_high": {"neck"},
        "static_front": {"head_restraint"},
        "static_rear": {"head_restraint"},
    }
    offset = load_cases(read("crash-protection/frontal-offset.yaml"), {})[0]
    assert [occupant.kind for occupant in offset.occupants] == ["adult", "adult", "child", "child"]


def test_a_seat_that_the_car_does_not_have_is_left_out() -> None:
    test = read("crash-protection/rear-whiplash.yaml")
    cases = {case.name: case for case in load_cases(test, {}, {"static_rear/rear_third_row": (None, 0.0)})}
    assert [occupant.name for occupant in cases["static_rear"].occupants] == ["static_rear/rear_second_row"]


def test_everybody_is_drawn_also_on_seats_that_the_plan_does_not_know(body_colours: Palette) -> None:
    case = load_cases(read("crash-protection/side-pole.yaml"), {})[0]
    (driver,) = case.occupants
    seats = ("driver", "rear_middle", "rear_left", "somewhere", "rear_right")
    several = replace(case, occupants=tuple(replace(driver, name=seat, seats=(seat,)) for seat in seats))
    for side in ("left", "right"):
        drawn = check(load_case_picture(replace(several, driver_at=side), body_colours, "en"), "en")
        assert len(drawn.marked("data-region")) == 5 * len(driver.regions)
