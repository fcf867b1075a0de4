"""Runs on a test track as files: named channels with units in, quantities of crash avoidance out."""

from __future__ import annotations

import csv
import string
import warnings
from itertools import pairwise
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from carindex.criteria.peaks import Interval, Peak
from carindex.measures import Measurements, measure
from carindex.measures.catalogue import function
from carindex.measures.track.rules import TIME, Needs, expressions, plain, track_rules
from carindex.messages import LANGUAGES
from carindex.messages.catalogue import entry
from carindex.recordings import read
from carindex.units import conversion, ratio
from carindex.vocabulary import vocabulary

Columns = dict[str, np.ndarray]
HEADER = {
    "VUT length": "4.5 m",
    "VUT width": "1800 mm",
    "VUT reference to front": "0 m",
    "VUT yaw": "0 deg",
    "target length": "4.0 m",
    "target width": "1.7 m",
    "target reference to front": "4.0 m",  # positions are those of its rear centre
    "target yaw": "0 deg",
}
V0, DECELERATION, GAP, BRAKES, WARNS = 50 / 3.6, 6.0, 15.0, 4.0, 3.2


def car_to_car() -> Columns:
    """Stationary target car: 50 km/h, braking by 6 m/s² from 4 s on, 15 m before it; warning at 3.2 s."""
    t = np.arange(800) * 0.01
    braked = np.clip(t - BRAKES, 0.0, V0 / DECELERATION)
    x = V0 * (np.minimum(t, BRAKES) - BRAKES) + V0 * braked - 0.5 * DECELERATION * braked**2 - GAP
    return {
        "time [s]": t,
        "VUT x [m]": x,
        "VUT y [m]": 0.1 + 0 * t,
        "VUT speed [km/h]": 3.6 * (V0 - DECELERATION * braked),
        "VUT acceleration [m/s2]": np.where((braked > 0) & (braked < V0 / DECELERATION), -DECELERATION, 0.0),
        "target x [m]": 0 * t,
        "target y [m]": 0.55 + 0 * t,
        "target speed [km/h]": 0 * t,
        "FCW [1]": (t >= WARNS - 1e-9).astype(float),
    }


IMPACT = sqrt(V0**2 - 2 * DECELERATION * GAP)


def write(path: Path, columns: Columns, header: dict[str, str] | None = None) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        for key, value in (HEADER if header is None else header).items():
            file.write(f"# {key}: {value}\n")
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([f"{value:.10g}" for value in row] for row in zip(*columns.values(), strict=True))
    return path


def measured(
    tmp_path: Path, columns: Columns, header: dict[str, str] | None = None
) -> tuple[dict[str, float], Measurements]:
    result = measure(read(write(tmp_path / "run.csv", columns, header), eager=True))
    return {value.criterion: value.value for value in result.values}, result


def codes(result: Measurements, severity: str = "error") -> list[str]:
    found = {finding.code for finding in result.findings if finding.severity == severity}
    return sorted(found - {"recordings.code_missing"})


def without(columns: Columns, *names: str) -> Columns:
    return {name: values for name, values in columns.items() if not name.startswith(names)}


def renamed(columns: Columns, old: str, new: str, factor: float = 1.0) -> Columns:
    return {(new if n == old else n): (v * factor if n == old else v) for n, v in columns.items()}


def test_car_to_car_with_contact(tmp_path: Path) -> None:
    values, result = measured(tmp_path, car_to_car())
    at = BRAKES + (V0 - IMPACT) / DECELERATION
    assert values["v_impact"] == pytest.approx(3.6 * IMPACT, abs=0.01)
    assert values["v_rel_impact"] == pytest.approx(3.6 * IMPACT, abs=0.01)
    assert values["v_reduction"] == pytest.approx(50 - 3.6 * IMPACT, abs=0.01)
    assert values["v_rel_reduction"] == pytest.approx(1 - IMPACT / V0, abs=1e-3)
    assert values["impact_occurred"] == 1
    assert values["lateral_offset_impact"] == pytest.approx(0.45)
    assert values["impact_location"] == pytest.approx(0.75)
    assert values["fcw_ttc"] == pytest.approx((GAP + V0 * (BRAKES - WARNS)) / V0, abs=1e-6)
    assert values["mean_deceleration"] == pytest.approx(DECELERATION, rel=0.03)
    assert values["aeb_ttc"] == pytest.approx(GAP / V0, abs=0.05)
    assert "minimum_distance" not in values
    impact = result.get(None, "v_impact")
    assert impact is not None
    assert (impact.occupant, impact.dummy, impact.unit) == (None, None, "km/h")
    assert impact.t1 == pytest.approx(at, abs=1e-3)
    assert {"VUT x", "VUT speed", "VUT width", "target x"} <= set(impact.channels)
    assert codes(result) == []


def test_relative_channels_give_the_same(tmp_path: Path) -> None:
    """A range system gives gap, offset and closing speed; only the widths are needed then."""
    whole = car_to_car()
    columns = {
        "time [ms]": whole["time [s]"] * 1e3,
        "LongitudinalGap [mm]": -1e3 * whole["VUT x [m]"],
        "lateral_offset [cm]": 45 + 0 * whole["time [s]"],
        "ego.Speed [m/s]": whole["VUT speed [km/h]"] / 3.6,
        "closing speed (mph)": whole["VUT speed [km/h]"] / 1.609344,
        "FCW active": whole["FCW [1]"],
    }
    header = {"VUT width": "1.8 m", "target width": "1.7 m"}
    values, result = measured(tmp_path, columns, header)
    reference, _ = measured(tmp_path, whole)
    for name in (
        "v_impact",
        "v_rel_impact",
        "v_reduction",
        "fcw_ttc",
        "impact_location",
        "lateral_offset_impact",
    ):
        assert values[name] == pytest.approx(reference[name], abs=1e-6), name
    assert codes(result) == []


def test_avoided(tmp_path: Path) -> None:
    columns = car_to_car()
    columns["VUT x [m]"] = columns["VUT x [m]"] - 2.0
    values, result = measured(tmp_path, columns)
    assert (values["v_impact"], values["v_rel_impact"], values["impact_occurred"]) == (0.0, 0.0, 0.0)
    assert values["v_reduction"] == pytest.approx(50.0)
    assert values["minimum_distance"] == pytest.approx(GAP + 2 - V0**2 / (2 * DECELERATION), abs=1e-4)
    assert "impact_location" not in values
    impact = result.get(None, "v_impact")
    assert impact is not None
    assert impact.t1 is None
    assert "t1" not in impact.as_json()
    assert codes(result) == []


def test_a_run_that_never_is_near_says_so(tmp_path: Path) -> None:
    """A target in another place would pass for a test in which contact was avoided."""
    columns = car_to_car()
    columns["target x [m]"] = columns["target x [m]"] + 200.0
    values, result = measured(tmp_path, columns)
    assert values["v_impact"] == 0.0
    assert "measures.track_far" in result.by_name[None, "v_impact"].findings
    assert "measures.track_far" in codes(result, "warning")
    assert "v_reduction" not in values


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("VUT x [m]", "VUT x [km]"),
        ("VUT x [m]", "VUT x [ft]"),
        ("VUT speed [km/h]", "VUT speed [m/s]"),
        ("VUT speed [km/h]", "VUT speed [mph]"),
        ("time [s]", "time [ms]"),
    ],
)
def test_positions_and_speeds_in_other_units_than_stated(tmp_path: Path, old: str, new: str) -> None:
    values, result = measured(tmp_path, renamed(car_to_car(), old, new))
    assert not {"v_impact", "v_rel_impact", "impact_occurred", "fcw_ttc"} & set(values)
    assert "measures.track_disagrees" in codes(result)


@pytest.mark.parametrize("unit", ["m/s", "mph", "cm/s"])
def test_a_closing_speed_in_another_unit_than_stated(tmp_path: Path, unit: str) -> None:
    whole = car_to_car()
    columns = {
        "time [s]": whole["time [s]"],
        "longitudinal gap [m]": -whole["VUT x [m]"],
        f"closing speed [{unit}]": whole["VUT speed [km/h]"],
        "FCW": whole["FCW [1]"],
    }
    values, result = measured(tmp_path, columns, {})
    assert "fcw_ttc" not in values
    assert "measures.track_disagrees" in codes(result)


def lane(drift: float = 0.5, turns: float = 3.0) -> Columns:
    """Drift towards the lane edge from 1.2 m at 0 s; back from 3 s on. Warning at 1 s, intervention 2 s to 3.5 s."""
    t = np.arange(600) * 0.01
    return {
        "time [s]": t,
        "distance to lane edge [m]": 1.2 - drift * np.minimum(t, turns) + drift * np.maximum(t - turns, 0.0),
        "LDW [1]": ((t >= 1 - 1e-9) & (t < 5)).astype(float),
        "ELK [1]": ((t >= 2 - 1e-9) & (t < 3.5 - 1e-9)).astype(float),
    }


def test_lane_departure(tmp_path: Path) -> None:
    values, result = measured(tmp_path, lane(), {})
    assert values == {
        "dtle_t_end": pytest.approx(1.2 - 0.5 * 3.0 + 0.5 * 0.5),
        "dtle_t_ldw": pytest.approx(1.2 - 0.5 * 1.0),
        "dtle_min": pytest.approx(1.2 - 0.5 * 3.0),
        # beyond the edge from 2.4 s to 3.6 s
        "lane_departures": 1.0,
        "time_outside_lane": pytest.approx(1.2),
        "ldw_activations": 1.0,
        "lane_keeping_activations": 1.0,
    }
    assert codes(result) == []
    assert result.by_name[None, "dtle_t_end"].t1 == pytest.approx(3.5)


@pytest.mark.parametrize(
    ("name", "change", "code", "severity", "lost"),
    [
        ("ELK [1]", lambda f: 0 * f, "measures.track_never_on", "warning", "dtle_t_end"),
        ("ELK [1]", lambda f: np.maximum(f, (np.arange(600) > 500)), "measures.track_on_at_end", "error", "dtle_t_end"),
        ("LDW [1]", lambda f: 0 * f + 1, "measures.track_on_from_start", "error", "dtle_t_ldw"),
        ("LDW [1]", lambda f: 2 * f, "measures.track_not_a_switch", "error", "dtle_t_ldw"),
    ],
)  # fmt: skip
def test_switches_that_say_nothing(tmp_path, name, change, code, severity, lost) -> None:  # type: ignore[no-untyped-def]
    columns = lane()
    columns[name] = change(columns[name]).astype(float)
    values, result = measured(tmp_path, columns, {})
    assert code in codes(result, severity)
    assert {name for name in values if name.startswith("dtle")} == {
        "dtle_t_end",
        "dtle_t_ldw",
        "dtle_min",
    } - {lost}


def dooring() -> Columns:
    t = np.arange(500) * 0.01
    return {
        "time [s]": t,
        "door gap [m]": 12.0 - 15 / 3.6 * t,
        "bicyclist speed [km/h]": 15.0 + 0 * t,
        "door information [1]": (t >= 0.5).astype(float),
        "door warning [1]": (t >= 1.0).astype(float),
        "door retention [1]": (t >= 3.2).astype(float),
    }


def test_dooring(tmp_path: Path) -> None:
    arrives = 12.0 / (15 / 3.6)
    values, result = measured(tmp_path, dooring(), {})
    assert values == {
        "ttc_information": pytest.approx(arrives - 0.5),
        "ttc_warning": pytest.approx(arrives - 1.0),
        "ttc_retention": pytest.approx(arrives - 3.2),  # after the bicyclist has passed
    }
    assert codes(result, "note") == ["measures.track_several"]
    values, result = measured(tmp_path, without(dooring(), "door information", "door retention"), {})
    assert values["ttc"] == values["ttc_warning"] == pytest.approx(arrives - 1.0)


def test_a_switch_needs_no_unit_but_a_speed_does(tmp_path: Path) -> None:
    columns = renamed(car_to_car(), "FCW [1]", "FCW")
    values, result = measured(tmp_path, columns)
    assert "fcw_ttc" in values
    assert codes(result) == []
    columns = renamed(car_to_car(), "VUT speed [km/h]", "VUT speed")
    values, result = measured(tmp_path, columns)
    assert not {"v_impact", "v_rel_impact", "v_reduction", "fcw_ttc"} & set(values)
    assert "measures.track_no_unit" in codes(result)
    (text,) = [f.text() for f in result.findings if f.code == "measures.track_no_unit"]
    assert "VUT speed has no unit" in text
    assert "km/h, m/s" in text
    # A column of zeros without unit is no length either, although it could be a switch.
    _, result = measured(tmp_path, renamed(car_to_car(), "target x [m]", "target x"))
    assert "measures.track_no_unit" in codes(result)


@pytest.mark.parametrize(
    ("old", "new", "factor", "code", "words"),
    [
        ("VUT speed [km/h]", "VUT speed [m]", 1.0, "track_unit", 'VUT speed is in "m"'),
        ("VUT x [m]", "VUT x [km/h]", 1.0, "track_unit", 'VUT x is in "km/h"'),
        ("VUT speed [km/h]", "VUT speed [m/s]", 3.6, "track_out_of_range", "-120 to 120 m/s"),
        ("VUT speed [km/h]", "VUT speed [furlongs]", 1.0, "track_", "VUT speed"),
        ("FCW [1]", "FCW [V]", 1.0, "track_unit", 'FCW is in "V"'),
        ("target y [m]", "VUT y [m] ", 1.0, "track_ambiguous", "several channels"),
    ],
)
def test_channels_that_cannot_be_used_are_named(tmp_path, old, new, factor, code, words) -> None:  # type: ignore[no-untyped-def]
    values, result = measured(tmp_path, renamed(car_to_car(), old, new, factor))
    found = [f for f in result.findings if f.code.startswith(f"measures.{code}")]
    assert any(words in f.text() for f in found)
    assert "fcw_ttc" not in values
    assert "measures.refused" in codes(result)


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("VUT width", "1.8", "track_entry"),
        ("VUT width", "wide", "track_entry"),
        ("VUT width", "1.8 kg", "track_entry"),
        ("VUT width", "1800 m", "track_entry_out_of_range"),
        ("target yaw", "0 m", "track_entry"),
    ],
)
def test_header_entries_that_cannot_be_used(tmp_path: Path, key: str, value: str, code: str) -> None:
    values, result = measured(tmp_path, car_to_car(), {**HEADER, key: value})
    assert f"measures.{code}" in codes(result)
    assert "v_impact" not in values
    assert any(value in f.text() for f in result.findings)


def test_missing_channels_are_named_in_both_languages(tmp_path: Path) -> None:
    header = {key: value for key, value in HEADER.items() if key != "VUT width"}
    values, result = measured(tmp_path, without(car_to_car(), "target speed"), header)
    # what needs the VUT alone is still there
    assert set(values) == {"fcw_activations", "greatest_deceleration", "speed_lost"}
    found = [f for f in result.findings if f.code == "measures.track_channel_missing"]
    assert all(f.severity == "error" for f in found)
    texts = " ".join(f.text("en") + f.consequence("en") for f in found)
    for part in ("VUT width", "target speed", "target speed [km/h]", "v_impact"):
        assert part in texts
    assert any("目标物速度" in f.text("zh") for f in found)
    # A channel that is not there and was not asked for is no fault.
    _, result = measured(tmp_path, lane(), {})
    assert codes(result) == codes(result, "note") == []


def test_nothing_to_compute(tmp_path: Path) -> None:
    columns = {name: values for name, values in car_to_car().items() if name in ("time [s]", "VUT x [m]")}
    values, result = measured(tmp_path, columns, {})
    assert not values
    assert codes(result) == ["measures.track_nothing"]
    other = {"time [s]": columns["time [s]"], "Oil pressure [bar]": 2 + columns["time [s]"]}
    values, result = measured(tmp_path, other, {})
    assert not values
    assert codes(result) == []


def test_a_record_that_ends_before_the_outcome(tmp_path: Path) -> None:
    columns = {name: values[:450] for name, values in car_to_car().items()}
    values, result = measured(tmp_path, columns)
    assert not {"v_impact", "impact_occurred", "v_rel_impact"} & set(values)
    assert "fcw_ttc" in values
    assert "measures.track_ends_early" in codes(result)


def test_bodies_that_overlap_from_the_start(tmp_path: Path) -> None:
    values, result = measured(tmp_path, car_to_car(), {**HEADER, "target reference to front": "19.9 m", "VUT length": "19 m", "target length": "20 m"})  # fmt: skip
    assert values.get("v_impact") is not None
    columns = car_to_car()
    columns["VUT x [m]"] = columns["VUT x [m]"] + 71.0
    values, result = measured(tmp_path, columns)
    assert "v_impact" not in values
    assert "measures.track_begins_in_contact" in codes(result)


def test_gaps(tmp_path: Path) -> None:
    reference, _ = measured(tmp_path, car_to_car())
    columns = car_to_car()
    columns["VUT x [m]"][300:305] = np.nan  # 60 ms at constant speed
    values, result = measured(tmp_path, columns)
    assert values["v_impact"] == pytest.approx(reference["v_impact"], abs=1e-6)
    columns["VUT x [m]"][300:350] = np.nan
    values, result = measured(tmp_path, columns)
    assert "v_impact" not in values
    assert "measures.track_gap" in codes(result)
    columns = car_to_car()
    columns["VUT width [m]"] = np.where(np.arange(800) < 400, 1.8, 1.9)
    assert "measures.track_varies" in codes(measured(tmp_path, columns)[1])


def test_slow_records(tmp_path: Path) -> None:
    columns = {name: values[::4] for name, values in car_to_car().items()}
    values, result = measured(tmp_path, columns)
    assert values["v_impact"] == pytest.approx(3.6 * IMPACT, abs=0.1)
    assert "aeb_ttc" not in values
    assert codes(result) == ["measures.track_not_filtered"]
    assert "measures.track_slow" in codes(result, "warning")


def test_mdf4_with_a_raster_for_each_system(tmp_path: Path) -> None:
    """Motion at 100 Hz, the warning at 50 Hz as a switch without unit, dimensions as constants at 1 Hz."""
    asammdf = pytest.importorskip("asammdf")
    columns = car_to_car()
    t = columns.pop("time [s]")
    warning = columns.pop("FCW [1]")
    motion = [
        asammdf.Signal(values, t, unit=name.partition("[")[2].rstrip("]"), name=name.partition(" [")[0])
        for name, values in columns.items()
    ]
    seconds = np.arange(9.0)
    fixed = [
        asammdf.Signal(np.full(9, float(value.split()[0])), seconds, unit=value.split()[1], name=key)
        for key, value in HEADER.items()
    ]
    path = tmp_path / "run.mf4"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with asammdf.MDF(version="4.10") as file:
            file.append(motion)
            file.append(asammdf.Signal(warning[::2].astype(np.uint8), t[::2], name="FCW_active"))
            file.append(fixed)
            file.save(path)
    result = measure(read(path, eager=True))
    values = {value.criterion: value.value for value in result.values}
    assert codes(result) == []
    assert values["v_impact"] == pytest.approx(3.6 * IMPACT, abs=0.01)
    assert values["fcw_ttc"] == pytest.approx((GAP + V0 * (BRAKES - WARNS)) / V0, abs=1e-6)
    assert values["impact_location"] == pytest.approx(0.75)
    assert values["aeb_ttc"] == pytest.approx(GAP / V0, abs=0.05)


# The file of track tests: everything it names exists and fits together.


def test_names_of_the_file_exist() -> None:
    rules = track_rules()
    known = {*rules.channels, *rules.signals, TIME}
    for steps in rules.signals.values():
        for step in steps:
            assert set(step.of) <= known
            function(step.function)
    for check in rules.checks.values():
        assert set(check.of) <= known
        function(check.function)
        if check.message:
            assert "found" in entry(f"measures.{check.message}")
    for name, criterion in rules.criteria.items():
        quantity = vocabulary().quantities[name]
        assert set(criterion.of) <= known
        assert set(criterion.checks) <= set(rules.checks)
        assert all(rules.checks[remark].message for remark in criterion.remarks)
        assert set(criterion.asked_by) <= set(rules.channels)
        assert set(criterion.method) == set(LANGUAGES)
        assert np.isfinite(ratio(criterion.unit, quantity.unit)) if criterion.unit else True
        function(criterion.function)
        Needs(rules.channels, rules.channels).lacking(criterion.of)
    assert {n for others in rules.only_one.values() for n in others} <= set(rules.criteria)
    used = {
        check for criterion in rules.criteria.values() for check in [*criterion.checks, *criterion.remarks]
    }
    assert used == set(rules.checks)


def test_every_promised_quantity_is_there() -> None:
    promised = [
        "v_rel_impact",
        "v_reduction",
        "v_impact",
        "fcw_ttc",
        "dtle_t_end",
        "dtle_t_ldw",
        "impact_occurred",
    ]
    assert set(promised) <= set(track_rules().criteria)
    assert "ttc" in track_rules().only_one


@pytest.mark.parametrize("role", track_rules().channels)
def test_a_channel_is_known_by_its_example_and_no_other_is(role: str) -> None:
    rules = track_rules()
    rule = rules.channels[role]
    name, _, unit = rule.example.rstrip("]").partition(" [")
    found = {other for other in rules.channels for e in expressions(other) if e.fullmatch(plain(name))}
    assert found == {role}
    assert set(rule.label) == set(LANGUAGES)
    canonical = conversion(unit)
    assert canonical is not None
    assert canonical.unit == rules.units[rule.kind]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("VUT_Speed", "vut_speed"), ("ego.vx", "vut_speed"), ("本车速度", "vut_speed"), ("VutPosX", None),
        ("VUT pos X", "vut_x"), ("GVT x", "target_x"), ("目标物横摆角", "target_yaw"), ("VUT yaw rate", None),
        ("VUT heading", None), ("DTLE", "lane_edge_distance"), ("FCW_Flag", "forward_collision_warning"),
        ("relative velocity", None), ("VUT length", "vut_length"), ("Belt", None),
    ],
)  # fmt: skip
def test_names_of_laboratories(name: str, role: str | None) -> None:
    found = {
        other for other in track_rules().channels for e in expressions(other) if e.fullmatch(plain(name))
    }
    if name == "VutPosX":
        assert found <= {"vut_x"}
    else:
        assert found == ({role} if role else set())


def test_results_are_peaks_or_intervals() -> None:
    """So that every quantity carries the instant it was read at."""
    results = {
        "impact_occurred",
        "impact_speed",
        "reading_at",
        "closest",
        "impact_location",
        "time_to_collision_at",
        "activations",
        "greatest_deceleration",
        "speed_lost",
        "departures",
        "greatest_deviation",
        "nearest_between",
    }
    for criterion in track_rules().criteria.values():
        annotation = function(criterion.function).__annotations__["return"]
        name = criterion.function.partition(".")[2]
        assert annotation in (("Peak", Peak) if name in results else ("Interval", Interval))


def test_messages_of_track_tests_name_what_to_do() -> None:
    import yaml

    import carindex.measures

    text = (Path(carindex.measures.__file__).parent / "messages.yaml").read_text("utf-8")
    for name, parts in yaml.safe_load(text).items():
        if not name.startswith("track_"):
            continue
        assert "consequence" in parts or "action" in parts
        for one, other in pairwise(parts.values()):
            assert set(one) == set(other) == set(LANGUAGES)
        for texts in parts.values():
            fields = [{f for _, f, _, _ in string.Formatter().parse(t) if f} for t in texts.values()]
            assert fields[0] == fields[1]
