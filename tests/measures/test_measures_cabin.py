"""Measurements in the cabin as files: conversion by hand, means and extremes, what is refused."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carindex.dossier.facts import checked_value, plausibility
from carindex.dossier.folder import load_dossier
from carindex.measures import Measurements, measure
from carindex.measures.cabin.rules import cabin_rules
from carindex.messages import LANGUAGES, InputError
from carindex.recordings import read
from carindex.units import conversion, ratio
from carindex.vocabulary import FactName, vocabulary

AIR = {"test": "cabin_air", "mode": "High temperature", "temperature": "25 degC", "pressure": "101.325 kPa"}
FIELD = {"test": "cabin_field", "point": "driver head", "mode": "charging"}
Columns = dict[str, list[float]]


def of(path: Path, header: dict[str, str], columns: Columns) -> Measurements:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"# {key}: {value}\n" for key, value in header.items())
        file.write("time [min]," + ",".join(columns) + "\n")
        for i, row in enumerate(zip(*columns.values(), strict=True)):
            file.write(",".join([str(i), *("" if math.isnan(v) else f"{v:.10g}" for v in row)]) + "\n")
    return measure(read(path, eager=True))


def values(result: Measurements) -> dict[str, float]:
    return {item.criterion: item.value for item in result.values}


def errors(result: Measurements) -> set[str]:
    return {f.code.removeprefix("measures.") for f in result.findings if f.severity == "error"}


def test_concentrations_by_hand(tmp_path):
    columns = {
        "Formaldehyde [ppb]": [80.0] * 31,
        "Toluene [µg/m³]": [250.0] * 31,
        "TVOC [mg/m3]": [0.6] * 31,
        "PM2.5 [ug/m3]": [35.0] * 31,
    }
    result = of(tmp_path / "air.csv", AIR, columns)
    found = values(result)
    # 0.08 ppm · 30.026 g/mol / 24.4654 l/mol = 0.098183 mg/m³
    assert found["formaldehyde_concentration"] == pytest.approx(0.098183, rel=1e-5)
    assert found["toluene_concentration"] == pytest.approx(0.25)
    assert found["tvoc_concentration"] == pytest.approx(0.6)
    assert found["pm2_5_concentration"] == pytest.approx(35.0)
    assert {item.cell for item in result.values} == {"high_temperature"}
    assert not errors(result)
    formaldehyde = result.get("high_temperature", "formaldehyde_concentration")
    assert formaldehyde is not None
    assert "30.026" in formaldehyde.method
    for item in result.values:
        assert set(item.methods) == set(LANGUAGES)
        assert FactName.parse(f"cabin_air/{item.cell}/{item.criterion}")


def test_conditions_as_channels(tmp_path):
    header = {"test": "cabin_air"}
    columns = {
        "Benzene [ppm]": [1.0, 1.0],
        "Temperature [degC]": [25.0, 65.0],
        "Pressure [hPa]": [1013.25, 1013.25],
    }
    found = values(of(tmp_path / "air.csv", header, columns))
    volumes = [8.314462618 * kelvin / 101325 * 1e3 for kelvin in (298.15, 338.15)]
    assert found["benzene_concentration"] == pytest.approx(
        np.mean([78.112 / volume for volume in volumes]), rel=1e-6
    )


def test_fields(tmp_path):
    columns = {
        "B x [uT]": [3.0, 0.0, 0.1],
        "B y [uT]": [4.0, 0.0, 0.1],
        "B z [nT]": [12000.0, 0.0, 100.0],
        "Electric field [V/m]": [1.0, -2.0, 5.5],
    }
    result = of(tmp_path / "emf.csv", FIELD, columns)
    assert values(result)["magnetic_flux_density"] == pytest.approx(13.0)
    assert values(result)["electric_field_strength"] == pytest.approx(5.5)
    assert {item.cell for item in result.values} == {"driver_head.charging"}


def test_counts(tmp_path):
    found = values(
        of(
            tmp_path / "pn.csv",
            {"test": "cabin_air"},
            {"particle number [1/cm3]": [2000.0, 4000.0], "CO2 [ppm]": [900.0, 1100.0]},
        )
    )
    assert found["particle_concentration"] == pytest.approx(3000.0)
    assert found["cabin_co2_concentration"] == pytest.approx(1000.0)
    assert "co2_mass" not in found


# -- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "column", "code"),
    [
        ({**AIR, "temperature": ""}, "Formaldehyde [ppm]", "cabin_condition"),
        ({**AIR, "temperature": "25"}, "Formaldehyde [ppm]", "cabin_condition"),
        ({**AIR, "pressure": "101 degC"}, "Formaldehyde [ppm]", "cabin_condition"),
        ({**AIR, "pressure": "0 kPa"}, "Formaldehyde [ppm]", "cabin_condition"),
        (AIR, "TVOC [ppm]", "cabin_no_molar_mass"),
        (AIR, "Formaldehyde [V]", "cabin_unit"),
        (AIR, "CO2 [mg/m3]", "cabin_unit"),
        (AIR, "Toluene [mg]", "cabin_unit"),
        (FIELD, "B x [uT]", "cabin_axes"),
    ],
)
def test_what_cannot_be_converted_is_refused(tmp_path, header, column, code):
    result = of(tmp_path / "air.csv", header, {column: [1.0, 2.0]})
    assert code in errors(result)
    assert not result.values
    finding = next(f for f in result.findings if f.code == f"measures.{code}")
    assert finding.text("en")
    assert finding.text("zh")


def test_missing_and_negative(tmp_path):
    gap = of(tmp_path / "gap.csv", AIR, {"TVOC [mg/m3]": [1.0, math.nan, 1.0]})
    assert "cabin_gap" in errors(gap)
    assert not gap.values
    below = of(tmp_path / "neg.csv", AIR, {"TVOC [mg/m3]": [-1.0, -1.0]})
    assert "cabin_impossible" in errors(below)


def test_only_a_test_of_the_cabin_gives_values(tmp_path):
    result = of(tmp_path / "x.csv", {}, {"TVOC [mg/m3]": [1.0, 1.0]})
    assert not result.values
    assert "measures.cabin_no_test" in {finding.code for finding in result.findings}
    other = of(tmp_path / "y.csv", {"test": "wltc"}, {"TVOC [mg/m3]": [1.0, 1.0]})
    assert not [f for f in other.findings if f.code.startswith("measures.cabin")]


def test_facts_keep_their_units():
    quantity = vocabulary().quantities["formaldehyde_concentration"]
    assert checked_value(80.0, quantity, "f", "ug/m3") == pytest.approx(0.08)
    with pytest.raises(InputError):  # without temperature and pressure nothing is converted
        checked_value(0.08, quantity, "f", "ppm")
    assert plausibility("cabin_air/ambient/formaldehyde_concentration", 0.08, "f") is None
    assert plausibility("cabin_air/ambient/formaldehyde_concentration", 80.0, "f") is not None  # µg for mg
    assert ratio("nT", "uT") == pytest.approx(1e-3)
    assert ratio("1/cm3", "#/cm^3") == 1.0


def test_dossier(tmp_path):
    (tmp_path / "car.toml").write_text('name = "T"\n', "utf-8")
    folder = tmp_path / "tests" / "air"
    folder.mkdir(parents=True)
    (folder / "test.toml").write_text('test = "cabin_air"\n', "utf-8")
    of(folder / "air.csv", {"mode": "ambient"}, {"TVOC [mg/m3]": [0.5, 0.7]})
    facts = {fact.name: fact.value for fact in load_dossier(tmp_path).facts}
    assert facts == {"cabin_air/ambient/tvoc_concentration": pytest.approx(0.6)}


def test_the_file_is_complete():
    rules = cabin_rules()
    assert set(rules.tests) <= set(vocabulary().tests)
    for name, rule in rules.quantities.items():
        assert name in vocabulary().quantities
        assert conversion(rule.unit) is not None
        assert math.isfinite(ratio(rule.unit, vocabulary().quantities[name].unit))
        assert vocabulary().quantities[name].plausible is not None


# -- slow reference --------------------------------------------------------------------------------------------------


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 50), st.floats(-20, 90)), min_size=2, max_size=12), st.floats(80, 110))
def test_one_sample_at_a_time(tmp_path, samples, kilopascal):
    ppm, celsius = [a for a, _ in samples], [b for _, b in samples]
    columns = {"Styrene [ppm]": ppm, "Temperature [degC]": celsius}
    result = of(tmp_path / "air.csv", {"test": "cabin_air", "pressure": f"{kilopascal:.10g} kPa"}, columns)
    milligrams = [
        a * 104.150 / (1e3 * 8.31446261815324 * (c + 273.15) / (kilopascal * 1e3)) for a, c in samples
    ]
    area = sum((one + two) / 2 for one, two in pairwise(milligrams))
    assert values(result)["styrene_concentration"] == pytest.approx(
        area / (len(samples) - 1), rel=1e-4, abs=1e-9
    )
