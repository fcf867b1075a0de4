"""Who sat where, which car, how fast."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from synthetic_recordings import changed, channel, recoded, recording

from carindex.measures import Overrides, TestSetup, measure, setup_from
from carindex.messages import InputError
from carindex.recordings import Recording

N = 2000


def head(position: str, dummy: str = "H3", test_object: str = "1") -> list:
    pulse = 300 * np.sin(np.linspace(0, np.pi, N))
    return [channel(f"{test_object}{position}HEAD0000{dummy}AC{axis}0", pulse) for axis in "XYZ"]


def seats(setup: TestSetup) -> dict[str, tuple[str, str | None]]:
    return {position: (o.seat, o.dummy) for position, o in setup.occupants.items()}


def codes(findings: object) -> list[str]:
    return [finding.code for finding in findings]  # type: ignore[attr-defined]


def test_left_hand_drive_is_usual() -> None:
    whole = recording(*head("1"), *head("3", "HF"), *head("4", "Q6"), *head("5", "QB"), *head("6", "QA"))
    assert seats(setup_from(whole)) == {
        "1": ("driver", "h3_50m"),
        "3": ("front_passenger", "h3_05f"),
        "4": ("rear_left", "q6"),
        "5": ("rear_middle", "q10"),
        "6": ("rear_right", "q10"),
    }


def test_right_hand_drive_swaps_the_front_seats_only() -> None:
    whole = recording(
        *head("1", "HF"), *head("3"), *head("4", "Q6"), attributes={"Driver position object 1": "3"}
    )
    setup = setup_from(whole)
    assert setup.driver_side == "right"
    assert seats(setup) == {
        "1": ("front_passenger", "h3_05f"), "3": ("driver", "h3_50m"), "4": ("rear_left", "q6")
    }  # fmt: skip
    assert {m.occupant for m in measure(whole).values} == {"front_passenger", "driver", "rear_left"}
    stated = setup_from(whole, Overrides(driver_side="left"))
    assert seats(stated)["1"] == ("driver", "h3_05f")


@pytest.mark.parametrize("text", ["1", "0", "NOVALUE", ""])
def test_other_headers_mean_left_hand_drive(text: str) -> None:
    assert (
        setup_from(recording(*head("1"), attributes={"Driver position object 1": text})).driver_side == "left"
    )


def test_dummy_code_of_the_channel_counts_before_the_statement() -> None:
    setup = setup_from(recording(*head("1")), Overrides(occupants={"driver": (None, "h3_05f")}))
    assert seats(setup)["1"] == ("driver", "h3_50m")
    assert codes(setup.findings) == ["measures.dummy_contradicted"]


def test_open_dummy_code_is_completed() -> None:
    bare = recording(*head("1", "00"))
    assert seats(setup_from(bare)) == {"1": ("driver", None)}
    stated = setup_from(bare, Overrides(occupants={"driver": (None, "thor_50m")}))
    assert stated.occupants["1"].dummy == "thor_50m"
    assert stated.occupants["1"].source == "stated"
    known = Recording(bare.path, "table", bare.channels, occupants={"1": "HF"})
    assert setup_from(known).occupants["1"].dummy == "h3_05f"
    assert setup_from(known).occupants["1"].source == "recording"


def test_what_the_file_says_of_vehicle_1_is_not_taken_for_vehicle_2() -> None:
    two = recording(*head("1", "00"), *head("1", "00", "2"))
    known = Recording(two.path, "table", two.channels, occupants={"1": "HF"})
    assert setup_from(known, Overrides(test_object="2")).occupants["1"].dummy is None
    assert setup_from(known).occupants["1"].dummy == "h3_05f"


def test_most_channels_decide_between_two_dummies() -> None:
    setup = setup_from(recording(*head("1"), *head("1", "HF")[:1]))
    assert setup.occupants["1"].dummy == "h3_50m"
    assert codes(setup.findings) == ["measures.dummies_differ"]


def test_belts_do_not_name_a_dummy() -> None:
    belt = channel("11SEBE0000B3FO00", np.full(N, 100.0))
    assert setup_from(recording(belt)).occupants["1"].code == ""


def test_two_cars() -> None:
    whole = recording(*head("1"), *head("1", "HF", "2"))
    setup = setup_from(whole)
    assert setup.test_object == "1"
    assert codes(setup.findings) == ["measures.several_objects"]
    other = setup_from(whole, Overrides(test_object="2"))
    assert (other.occupants["1"].dummy, other.findings) == ("h3_05f", ())
    results = measure(whole, other)
    assert {m.channels[0][:2] for m in results.values} == {"21"}
    assert setup_from(recording(*head("1", "HF", "2"))).test_object == "2"
    missing = setup_from(whole, Overrides(test_object="7"))
    assert "measures.no_such_object" in codes(missing.findings)
    assert measure(whole, missing).values == ()


def test_a_position_without_seat_is_named_and_can_be_stated() -> None:
    whole = recording(*head("7"))
    setup = setup_from(whole)
    assert setup.occupants == {}
    (finding,) = setup.findings
    assert finding.code == "measures.no_seat"
    assert 'position = "7"' in finding.text()
    stated = setup_from(whole, Overrides(occupants={"rear_left": ("7", None)}))
    assert seats(stated) == {"7": ("rear_left", "h3_50m")}


def test_a_sled_without_positions() -> None:
    whole = recording(*head("0"))
    assert setup_from(whole).occupants == {}
    stated = setup_from(whole, Overrides(occupants={"driver": ("0", None)}))
    assert seats(stated) == {"0": ("driver", "h3_50m")}
    assert measure(whole, stated).get("driver", "hic15") is not None


@pytest.mark.parametrize(
    ("attributes", "speed"),
    [
        ({"Velocity test object 1": "15.858"}, 15.858),
        ({"Velocity test object 1": "15,858"}, 15.858),
        ({"vehicle 1 speed": "57.09"}, 57.09 / 3.6),
        ({"vehicle 2 speed": "57.09"}, None),
        ({"Velocity test object 1": "NOVALUE", "vehicle 1 speed": "36"}, 10.0),
        ({}, None),
    ],
)
def test_initial_velocity(attributes: dict[str, str], speed: float | None) -> None:
    setup = setup_from(recording(*head("1"), attributes=attributes))
    assert setup.initial_velocity == (None if speed is None else pytest.approx(speed))
    assert setup.findings == ()
    assert setup_from(recording(*head("1")), Overrides(initial_velocity=3.0)).initial_velocity == 3.0


@pytest.mark.parametrize("text", ["fast", "158.58", "nan"])
def test_a_velocity_that_is_none(text: str) -> None:
    setup = setup_from(recording(*head("1"), attributes={"Velocity test object 1": text}))
    assert setup.initial_velocity is None
    assert codes(setup.findings) == ["measures.velocity_unusable"]


@pytest.mark.parametrize(
    "stated",
    [
        Overrides(driver_side="middle"),
        Overrides(driver_side=1),  # type: ignore[arg-type]
        Overrides(test_object="vehicle 1"),
        Overrides(test_object=""),
        Overrides(initial_velocity=-1.0),
        Overrides(initial_velocity=56.0 * 3.6),
        Overrides(initial_velocity=float("nan")),
        Overrides(occupants={"pilot": (None, None)}),
        Overrides(occupants={"driver": (None, "H3")}),
        Overrides(occupants={"driver": ("11", None)}),
        Overrides(occupants={"driver": ("1", None), "rear_left": ("1", None)}),
    ],
)
def test_a_statement_that_is_none(stated: Overrides) -> None:
    with pytest.raises(InputError, match=r"test\.toml: .*; one of .*; correct"):
        setup_from(recording(*head("1")), stated)


def test_kind_of_impact(camry: Recording) -> None:
    assert setup_from(camry).kind == "unknown"
    assert setup_from(camry, test="full_width_rigid_56").kind == "frontal"
    assert setup_from(camry, test="side_pole_oblique_32").kind == "side"
    assert {o.dummy for o in setup_from(camry).occupants.values()} == {"h3_50m", "h3_05f"}
    assert setup_from(camry).initial_velocity == pytest.approx(57.09 / 3.6)
    assert (
        measure(camry, setup_from(camry, test="side_pole_oblique_32"), findings=()).get(None, "olc") is None
    )


def test_codes_of_child_dummies() -> None:
    """ISO/TS 13499 RED B: Y6 and Y7 are the Hybrid III of 3 and 6 years, Q2 is the Q1.5."""
    for code, dummy in {"Y6": "h3_3y", "Y7": "h3_6y", "Y2": "crabi_12m", "Q2": "q1_5", "QA": "q10"}.items():
        assert setup_from(recording(*head("4", code))).occupants["4"].dummy == dummy


def test_unknown_dummy_code_is_named(camry: Recording) -> None:
    setup = setup_from(replace(changed(camry, "H3", recoded("H3", "X9")), occupants={}))
    assert setup.occupants["1"].dummy is None
    assert setup.occupants["1"].code == "X9"
