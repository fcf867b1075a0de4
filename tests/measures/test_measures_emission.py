"""Tests of emissions as files: grams a kilometre by hand, slow sums over the text, and what is refused."""

from __future__ import annotations

import csv
import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carindex.cli.main import app
from carindex.criteria.constants import entries
from carindex.dossier.folder import load_dossier
from carindex.measures import Measurements, measure
from carindex.measures.emission.rules import channel_rules, emission_rules
from carindex.messages import LANGUAGES
from carindex.messages.catalogue import entry
from carindex.recordings import read
from carindex.units import conversion
from carindex.vocabulary import FactName, vocabulary
from exchange_files import COOLANT, ECU_SPEED, ENGINE, FLOW, NOX, NOX_MASS, SPEED, write

# 36 km/h for an hour, 72 for half an hour, 108 for 20 minutes: 36 km each
TRIP = {
    SPEED: [36.0] * 3600 + [72.0] * 1800 + [108.0] * 1200,
    FLOW: [0.01] * 3600 + [0.02] * 1800 + [0.03] * 1200,
    NOX: [20.0] * 3600 + [10.0] * 1800 + [5.0] * 1200,
}


def values(result: Measurements) -> dict[tuple[str | None, str], float]:
    return {(item.cell, item.criterion): item.value for item in result.values}


def codes(result: Measurements, severity: str | None = None) -> set[str]:
    return {
        finding.code.removeprefix("measures.")
        for finding in result.findings
        if severity is None or finding.severity == severity
    }


def of(path: Path) -> Measurements:
    return measure(read(path, eager=True))


def test_trip_by_hand(tmp_path):
    found = values(of(write(tmp_path / "trip.csv", TRIP)))
    # petrol E10, u = 0.001587: urban 0.001587 · 20 · 0.01 = 0.0003174 g/s · 3600 s = 1.14264 g over 36 km = 31.74 mg/km
    assert found["urban", "nox_mass"] == pytest.approx(1.14264)
    assert found["urban", "nox_distance_specific"] == pytest.approx(0.03174)
    # rural 0.0003174 g/s · 1800 s = 0.57132 g; motorway 0.00023805 g/s · 1200 s = 0.28566 g
    assert found["rural", "nox_distance_specific"] == pytest.approx(0.01587)
    assert found["motorway", "nox_mass"] == pytest.approx(0.28566)
    # together 1.99962 g over 108 km
    assert found["total", "nox_distance_specific"] == pytest.approx(1.99962 / 108)
    assert found["total", "driven_distance"] == pytest.approx(108.0)
    assert found["total", "duration"] == 6600.0
    assert found["urban", "mean_speed"] == pytest.approx(36.0)
    assert ("cold_start", "nox_mass") not in found  # no engine speed


def test_every_result_says_how_it_was_made(tmp_path):
    result = of(write(tmp_path / "trip.csv", TRIP))
    nox = result.get("urban", "nox_distance_specific")
    assert nox is not None
    assert nox.channels == (
        "NOx concentration (Analyser)",
        "Exhaust mass flow rate (EFM)",
        "Vehicle speed (GPS)",
    )
    assert "0.001587" in nox.method
    assert "petrol_e10" in nox.method
    assert "3600" in nox.method
    assert nox.verified == "text"  # the factor reproduces a sample, the ends of the phases were read
    for item in result.values:
        assert set(item.methods) == set(LANGUAGES)
        assert item.source
        assert str(FactName.parse(f"rde_trip/{item.cell}/{item.criterion}"))


def test_cold_start(tmp_path):
    running = {**TRIP, ENGINE: [0.0] * 100 + [900.0] * 6500}
    found = values(of(write(tmp_path / "trip.csv", running)))
    # 300 s at 36 km/h are 3 km; 0.0003174 g/s
    assert found["cold_start", "driven_distance"] == pytest.approx(3.0)
    assert found["cold_start", "nox_mass"] == pytest.approx(0.09522)
    warm = {**running, COOLANT: [300.0] * 200 + [350.0] * 6400}
    assert values(of(write(tmp_path / "warm.csv", warm)))["cold_start", "duration"] == 100.0
    never = of(write(tmp_path / "off.csv", {**TRIP, ENGINE: [0.0] * 6600}))
    assert "emission_engine_off" in codes(never, "note")


def test_particles(tmp_path):
    columns = {**TRIP, ("PN concentration", "Analyser", "[#/m3]"): [1e12] * 6600}
    found = values(of(write(tmp_path / "trip.csv", columns)))
    # urban 1e12 · 0.01 / 1.2931 · 3600 / 36
    assert found["urban", "pn_distance_specific"] == pytest.approx(1e12 / 1.2931)


@pytest.mark.parametrize(
    ("fuel", "u"),
    [
        ("diesel", 0.001586),
        ("Petrol E10", 0.001587),
        ("LPG", 0.001602),
        ("NG/biomethane", 0.001621),
        ("E85", 0.001604),
        ("汽油", 0.001587),
    ],
)
def test_the_factor_follows_the_fuel(tmp_path, fuel, u):
    path = write(
        tmp_path / "trip.csv", TRIP, {"Fuel type,[gasoline/diesel/LPG/NG]": fuel, "Engine type,[SI/CI]": ""}
    )
    assert values(of(path))["urban", "nox_mass"] == pytest.approx(u * 20 * 0.01 * 3600)


@pytest.mark.parametrize("fuel", ["", "ethanol", "hydrogen", "diesel or so"])
def test_no_fuel_no_mass(tmp_path, fuel):
    result = of(write(tmp_path / "trip.csv", TRIP, {"Fuel type,[gasoline/diesel/LPG/NG]": fuel}))
    assert "emission_no_fuel" in codes(result, "error")
    assert not any("nox" in item.criterion for item in result.values)
    assert ("urban", "driven_distance") in values(result)


def test_recorded_rates_are_used_where_nothing_else_is(tmp_path):
    columns = {**TRIP, ("NH3 mass", "Analyser", "[g/s]"): [1e-4] * 6600}
    result = of(write(tmp_path / "trip.csv", columns))
    assert values(result)["total", "nh3_mass"] == pytest.approx(0.66)
    ppm = of(write(tmp_path / "ppm.csv", {**TRIP, ("NH3 concentration", "Analyser", "[ppm]"): [1.0] * 6600}))
    assert "emission_no_factor" in codes(ppm, "warning")
    assert ("total", "nh3_mass") not in values(ppm)


def test_recorded_masses_are_compared(tmp_path):
    rate = np.array(TRIP[NOX]) * np.array(TRIP[FLOW])
    same = of(write(tmp_path / "same.csv", {**TRIP, NOX_MASS: (0.001587 * rate).tolist()}))
    assert not codes(same)
    half = of(write(tmp_path / "half.csv", {**TRIP, NOX_MASS: (0.0005 * rate).tolist()}))
    assert codes(half) == {"emission_mass_differs"}
    lpg = of(write(tmp_path / "lpg.csv", {**TRIP, NOX_MASS: (0.001602 * rate).tolist()}))
    assert codes(lpg) == {"emission_other_fuel"}
    assert "lpg" in next(iter(lpg.findings)).parameters["others"]
    diesel = {"Fuel type,[gasoline/diesel/LPG/NG]": "diesel"}
    assert codes(of(write(tmp_path / "si.csv", TRIP, diesel))) == {"emission_ignition"}


# -- bad input -------------------------------------------------------------------------------------------------------


def test_a_missing_sample_leaves_its_phases_without_value(tmp_path):
    columns = {**TRIP, NOX: [math.nan, *TRIP[NOX][1:]]}
    result = of(write(tmp_path / "trip.csv", columns))
    found = values(result)
    assert ("urban", "nox_mass") not in found
    assert ("total", "nox_mass") not in found
    assert found["rural", "nox_mass"] == pytest.approx(0.57132)
    assert [f.parameters["time"] for f in result.findings if f.code == "measures.emission_gap"] == ["0", "0"]


def test_a_missing_speed_is_replaced_or_nothing_is_divided(tmp_path):
    lost = {**TRIP, SPEED: [math.nan, *TRIP[SPEED][1:]]}
    result = of(write(tmp_path / "trip.csv", {**lost, ECU_SPEED: TRIP[SPEED]}))
    assert "emission_replaced" in codes(result, "warning")
    assert values(result)["total", "driven_distance"] == pytest.approx(108.0)
    without = of(write(tmp_path / "none.csv", lost))
    assert "emission_speed_missing" in codes(without, "error")
    assert set(values(without)) == {("total", "nox_mass")}


@pytest.mark.parametrize("column", [SPEED, FLOW])
def test_a_channel_that_quality_refuses_is_not_used(tmp_path, column):
    result = of(write(tmp_path / "trip.csv", {**TRIP, column: [900.0, *TRIP[column][1:]]}))
    assert not any("distance_specific" in name for _, name in values(result))


def test_wrong_units_are_refused(tmp_path):
    columns = {SPEED: TRIP[SPEED], ("Exhaust mass flow rate", "EFM", "[m3/s]"): TRIP[FLOW], NOX: TRIP[NOX]}
    result = of(write(tmp_path / "trip.csv", columns))
    assert "emission_no_flow" in codes(result, "error")
    columns = {SPEED: TRIP[SPEED], FLOW: TRIP[FLOW], ("NOx concentration", "Analyser", "[mg/m3]"): TRIP[NOX]}
    assert "emission_unit" in codes(of(write(tmp_path / "mg.csv", columns)), "error")
    # per cent are parts of volume as well: 0.002 % are 20 ppm
    share = {
        SPEED: TRIP[SPEED],
        FLOW: TRIP[FLOW],
        ("NOx concentration", "Analyser", "[%]"): [v * 1e-4 for v in TRIP[NOX]],
    }
    assert values(of(write(tmp_path / "pc.csv", share)))["urban", "nox_mass"] == pytest.approx(1.14264)


def test_a_gap_in_time_is_no_zero(tmp_path):
    time = [*range(3000), *range(3100, 6700)]
    result = of(write(tmp_path / "trip.csv", TRIP, time=time))
    assert "emission_step" in codes(result, "error")
    assert not result.values


def test_a_negative_sum_has_no_value(tmp_path):
    result = of(write(tmp_path / "trip.csv", {**TRIP, NOX: [-1.0] * 6600}))
    assert "emission_below_zero" in codes(result, "warning")
    assert not any("nox" in name for _, name in values(result))


def test_standing_all_the_time(tmp_path):
    result = of(write(tmp_path / "trip.csv", {**TRIP, SPEED: [0.0] * 6600}))
    assert "emission_not_driven" in codes(result, "warning")
    assert values(result)["urban", "nox_mass"] > 0
    assert values(result)["urban", "standing_time"] == 6600.0


# -- chassis dynamometer, battery, charging --------------------------------------------------------------------------


def table(path: Path, header: dict[str, str], columns: dict[str, list[float]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"# {key}: {value}\n" for key, value in header.items())
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def cycle(seconds: int = 1800) -> dict[str, list[float]]:
    return {
        "time [s]": [float(t) for t in range(seconds)],
        "Vehicle speed [km/h]": [36.0] * seconds,
        "Exhaust mass flow rate [kg/s]": [0.01] * seconds,
        "CO2 concentration [%]": [12.0] * seconds,
    }


def test_phases_of_a_cycle(tmp_path):
    found = values(of(table(tmp_path / "wltc.csv", {"fuel": "petrol_e10", "test": "wltc"}, cycle())))
    # 0.001518 · 120000 ppm · 0.01 kg/s = 1.8216 g/s at 10 m/s: 182.16 g/km; 589, 433, 455 and 323 s
    for phase, seconds in (("low", 589), ("medium", 433), ("high", 455), ("extra_high", 323)):
        assert found[phase, "duration"] == seconds
        assert found[phase, "co2_mass"] == pytest.approx(1.8216 * seconds)
        assert found[phase, "co2_distance_specific"] == pytest.approx(182.16)
    assert ("urban", "co2_mass") not in found
    cut = of(table(tmp_path / "cut.csv", {"fuel": "petrol_e10", "test": "wltc"}, cycle(1500)))
    assert "emission_cycle_cut" in codes(cut, "error")
    assert ("extra_high", "co2_mass") not in values(cut)
    assert ("high", "co2_mass") in values(cut)


def test_without_a_test_there_is_only_the_whole(tmp_path):
    found = values(of(table(tmp_path / "run.csv", {"fuel": "e10"}, cycle(60))))
    assert {cell for cell, _ in found} == {"total"}


def test_battery(tmp_path):
    columns = cycle() | {"Battery voltage [V]": [400.0] * 1800, "Battery current [A]": [25.0] * 1800}
    del columns["CO2 concentration [%]"], columns["Exhaust mass flow rate [kg/s]"]
    found = values(of(table(tmp_path / "bev.csv", {"test": "wltc"}, columns)))
    # 10 kW for half an hour: 5 kWh over 18 km: 27.78 kWh/100 km
    assert found["total", "electric_energy"] == pytest.approx(5.0)
    assert found["total", "electric_consumption"] == pytest.approx(27.7778, abs=1e-3)
    assert sum(found[p, "electric_energy"] for p in entries("wltc_class3_phases")) == pytest.approx(5.0)
    del columns["Battery current [A]"]
    assert "emission_battery_half" in codes(
        of(table(tmp_path / "half.csv", {"test": "wltc"}, columns)), "error"
    )


def test_charging(tmp_path):
    columns = {
        "time [s]": [float(t) for t in range(0, 3601, 10)],
        "Grid power [kW]": [11.0] * 361,
        "Battery voltage [V]": [400.0] * 361,
        "Battery current [A]": [-25.0] * 361,
    }
    found = values(of(table(tmp_path / "ac.csv", {"test": "charging_ac"}, columns)))
    # 11 kWh from the grid, 10 kWh into the battery
    assert found["total", "grid_energy"] == pytest.approx(11.0)
    assert found["total", "charging_efficiency"] == pytest.approx(10 / 11)
    assert found["total", "charging_loss"] == pytest.approx(1 / 11)
    for current in (25.0, -30.0):  # the wrong sign; more than the grid gave
        wrong = of(
            table(
                tmp_path / "x.csv",
                {"test": "charging_ac"},
                {**columns, "Battery current [A]": [current] * 361},
            )
        )
        assert "emission_charging" in codes(wrong, "error")
        assert ("total", "charging_efficiency") not in values(wrong)


def test_other_recordings_have_no_emissions(tmp_path):
    columns = {
        "time [s]": [0.0, 0.01, 0.02],
        "VUT speed [km/h]": [50.0] * 3,
        "Vehicle speed [km/h]": [50.0] * 3,
    }
    result = of(table(tmp_path / "run.csv", {}, columns))
    assert not [item for item in result.values if item.cell is not None]
    assert not [code for code in codes(result) if code.startswith("emission")]


# -- slow reference --------------------------------------------------------------------------------------------------

ROWS = st.lists(
    st.tuples(st.floats(0, 140), st.floats(0, 0.06), st.floats(0, 2000), st.booleans()),
    min_size=30,
    max_size=60,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_one_line_at_a_time(tmp_path, rows):
    speed, flow, ppm, runs = (list(column) for column in zip(*rows, strict=True))
    columns = {SPEED: speed, FLOW: flow, NOX: ppm, ENGINE: [900.0 if run else 0.0 for run in runs]}
    # the check of accelerations is about another thing; files print ten digits
    found = values(of(write(tmp_path / "trip.csv", columns)))
    grams, km = dict.fromkeys(("total", "urban", "rural", "motorway", "cold_start"), 0.0), {}
    km = dict(grams)
    begun = False
    for v, q, c, run in rows:
        begun = begun or run
        phases = [
            "total",
            "urban" if v <= 60 else "rural" if v <= 90 else "motorway",
            *(["cold_start"] if begun else []),
        ]
        for phase in phases:
            grams[phase] += 0.001587 * c * q
            km[phase] += v / 3600
    for phase, mass in grams.items():
        if (phase, "nox_mass") in found:
            assert found[phase, "nox_mass"] == pytest.approx(mass, rel=1e-6, abs=1e-9)
            assert found[phase, "driven_distance"] == pytest.approx(km[phase], rel=1e-6, abs=1e-9)
        else:
            assert mass == 0.0
        if (phase, "nox_distance_specific") in found:
            assert found[phase, "nox_distance_specific"] == pytest.approx(mass / km[phase], rel=1e-6)


# -- the file of names, the words ------------------------------------------------------------------------------------


def test_names_units_and_words_are_complete():
    rules = emission_rules()
    for role, rule in channel_rules().items():
        assert conversion(rule.unit) is not None, role
        assert set(rule.label) == set(LANGUAGES)
    assert set(rules.fuels) <= set(entries("exhaust_density"))
    assert set(rules.phases) <= set(vocabulary().tests)
    for phase in ("total", "urban", "rural", "motorway", "cold_start", *entries("wltc_class3_phases")):
        assert set(rules.words[phase]) == set(LANGUAGES)
    for name, component in rules.components.items():
        assert f"{name}_mass" in vocabulary().quantities
        assert vocabulary().quantities[f"{name}_distance_specific"].unit == "g/km"
        assert not component.factor or f"{component.factor}_petrol_e10" in entries("exhaust_u")
    for text in ("emission_gap", "emission_no_fuel", "emission_cycle_cut", "emission_charging"):
        assert set(entry(f"measures.{text}")["found"]) == set(LANGUAGES)


# -- measured files, command line, dossier ---------------------------------------------------------------------------


@pytest.mark.shared
def test_sample_against_its_own_columns(shared):
    """The g/s columns and a plain sum, one line at a time: 14,104 g CO2, 10.58 g NOx, 5.33 g CO over 91.01 km."""
    path = shared / "data" / "jrc-rde-sample" / "Sample_Data_Exchange_File.csv"
    with path.open(encoding="ascii") as file:
        rows = list(csv.reader(file))[200:]
    grams = {"co": 0.0, "co2": 0.0, "nox": 0.0}
    km = dict.fromkeys(("urban", "rural", "motorway"), 0.0)
    of_phase = {phase: dict(grams) for phase in km}
    for row in rows:
        v = float(row[2])
        phase = "urban" if v <= 60 else "rural" if v <= 90 else "motorway"
        km[phase] += v / 3600
        for name, column in (("co", 28), ("co2", 29), ("nox", 30)):
            of_phase[phase][name] += float(row[column])
    assert sum(km.values()) == pytest.approx(91.01, abs=0.005)
    assert sum(p["co2"] for p in of_phase.values()) == pytest.approx(14104, abs=0.5)
    result = of(path)
    found = values(result)
    for phase, masses in of_phase.items():
        assert found[phase, "driven_distance"] == pytest.approx(km[phase], rel=1e-9)
        for name, mass in masses.items():
            # the header says diesel, the columns were made with petrol: 0.07 % between the factors of both
            assert found[phase, f"{name}_mass"] == pytest.approx(mass, rel=1.5e-3), (phase, name)
            assert found[phase, f"{name}_distance_specific"] == pytest.approx(mass / km[phase], rel=1.5e-3)
    assert {"emission_ignition", "emission_other_fuel"} <= codes(result, "warning")
    other = next(f for f in result.findings if f.code == "measures.emission_other_fuel")
    assert other.parameters["others"] == "petrol_e10"


@pytest.mark.shared
def test_sample_with_the_fuel_of_its_columns(shared, tmp_path):
    """With petrol in the header the recorded columns are reproduced, and nothing contradicts."""
    source = shared / "data" / "jrc-rde-sample" / "Sample_Data_Exchange_File.csv"
    path = tmp_path / "petrol.csv"
    path.write_text(source.read_text("ascii").replace("biodiesel],diesel,", "biodiesel],gasoline,"), "ascii")
    result = of(path)
    assert not codes(result) & {"emission_ignition", "emission_other_fuel", "emission_mass_differs"}
    found = values(result)
    assert found["total", "co2_mass"] == pytest.approx(14104.135980211973, rel=1e-4)
    assert found["total", "nox_mass"] == pytest.approx(10.57582376280001, rel=1e-3)
    # CO: single rows of the column differ; its sum agrees within 0.1 %
    assert found["total", "co_mass"] == pytest.approx(5.334583507199997, rel=1e-3)
    assert result.get("total", "co2_distance_specific").verified == "published"


@pytest.mark.shared
def test_reports_of_the_sample_divide_as_we_do(shared):
    """The report is of another trip or evaluation: its masses are not ours, its own grams a kilometre follow from them."""
    from carindex.criteria import emissions

    path = shared / "data" / "jrc-rde-sample" / "Sample_Reporting_File_1.csv"
    with path.open(encoding="ascii") as file:
        stated = {row[0].strip(): row[2].strip() for row in csv.reader(file) if len(row) > 2}
    checked = 0
    for part, title in (
        ("", "Total trip"),
        ("urban ", "Urban"),
        ("rural ", "Rural"),
        ("motorway ", "Motorway"),
    ):
        km = float(stated["Total trip distance" if not part else f"Distance {part.strip()} part"])
        for gas, factor in (("CO", 1000.0), ("CO2", 1.0), ("NOX", 1000.0)):
            mass = float(stated[f"Cumulated {part}{gas} mass"])
            assert float(stated[f"{title} {gas} emissions"]) == pytest.approx(
                factor * emissions.distance_specific(mass, km), rel=2e-5
            )
            checked += 1
    assert checked == 12
    speeds = [
        float(stated[f"Maximum speed {part} part" if part != "motorway" else "Maximum speed motorway part"])
        for part in ("urban", "rural", "motorway")
    ]
    masks = emissions.speed_phases(speeds)
    assert [int(np.argmax([mask[i] for mask in masks])) for i in range(3)] == [0, 1, 2]
    assert all(a < b for a, b in pairwise(speeds))


@pytest.mark.shared
def test_command_line(shared):
    path = shared / "data" / "jrc-rde-sample" / "Sample_Data_Exchange_File.csv"
    for language, word in (("en", "urban"), ("zh", "市区")):
        shown = CliRunner().invoke(app, ["criteria", str(path), "--lang", language], env={"COLUMNS": "200"})
        assert shown.exit_code == 0
        assert word in shown.output
    as_json = CliRunner().invoke(app, ["criteria", str(path), "--json", "-"])
    items = json.loads(as_json.output[: as_json.output.rindex("]") + 1])
    nox = next(i for i in items if i.get("cell") == "urban" and i["criterion"] == "nox_distance_specific")
    assert nox["unit"] == "g/km"
    assert nox["value"] == pytest.approx(0.1845, abs=2e-4)


def test_facts_of_a_dossier(tmp_path):
    (tmp_path / "car.toml").write_text('name = "T"\n', "utf-8")
    folder = tmp_path / "tests" / "rde"
    folder.mkdir(parents=True)
    (folder / "test.toml").write_text('test = "rde_trip"\n', "utf-8")
    write(folder / "trip.csv", TRIP)
    facts = {fact.name: fact for fact in load_dossier(tmp_path).facts}
    nox = facts["rde_trip/urban/nox_distance_specific"]
    assert (nox.value, nox.unit) == (pytest.approx(0.03174), "g/km")
    assert "trip.csv" in nox.origin
    (folder / "test.toml").write_text('test = "wltc"\n', "utf-8")
    cells = {FactName.parse(fact.name).cell for fact in load_dossier(tmp_path).facts}
    assert {"low", "medium", "high", "extra_high", "total"} <= cells
