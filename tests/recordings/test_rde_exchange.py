"""Exchange files of road trips: what is read, and what makes a trip implausible."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from carindex.messages import InputError
from carindex.recordings import read
from carindex.recordings.quality import examine
from exchange_files import CO2, ECU_SPEED, FLOW, NOX, SPEED, text_of, write

N = 20
SOUND = {SPEED: [float(v) for v in range(N)], FLOW: [0.01] * N, CO2: [120000.0] * N}


def found(path: Path) -> dict[str, list]:
    codes: dict[str, list] = {}
    for finding in examine(read(path, eager=True)):
        codes.setdefault(finding.code.removeprefix("recordings."), []).append(finding)
    return codes


def test_channels_in_canonical_units(tmp_path):
    recording = read(write(tmp_path / "trip.csv", SOUND, {"Engine rated power,[kW]": "85"}))
    assert recording.format == "rde-exchange"
    assert [channel.name for channel in recording] == [
        "Vehicle speed (GPS)", "Exhaust mass flow rate (EFM)", "CO2 concentration (Analyser)",
    ]  # fmt: skip
    speed, flow, co2 = recording
    assert (speed.unit, flow.unit, co2.unit) == ("m/s", "kg/s", "1")
    assert speed.values == pytest.approx(np.arange(N) / 3.6)
    assert co2.values == pytest.approx(0.12)
    assert (speed.start, speed.step) == (0.0, 1.0)
    assert recording.attributes["Engine rated power [kW]"] == "85"
    assert recording.attributes["Fuel type"] == "gasoline"
    assert not examine(recording)


@pytest.mark.parametrize(("separator", "comma"), [(";", True), (";", False), ("\t", True)])
def test_other_separators_and_decimal_comma(tmp_path, separator, comma):
    path = write(tmp_path / "trip.csv", SOUND, separator=separator, comma=comma)
    for one, other in zip(read(path), read(write(tmp_path / "plain.csv", SOUND)), strict=True):
        assert one.name == other.name
        assert one.values.tolist() == other.values.tolist()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings(tmp_path, encoding):
    path = tmp_path / "trip.csv"
    path.write_bytes(text_of(SOUND, {"Vehicle driver,[name]": "Jörg"}).encode(encoding))
    assert read(path).attributes["Vehicle driver"] == "Jörg"


def test_empty_columns_are_not_channels(tmp_path):
    columns = {**SOUND, ("PN concentration", "Analyser", "[#/m3]"): [math.nan] * N}
    codes = found(write(tmp_path / "trip.csv", columns))
    assert "PN concentration (Analyser)" in codes["columns_empty"][0].parameters["names"]


def test_positions(tmp_path):
    columns = {**SOUND, ("Latitude", "GPS", "[deg:min:s]"): ["-45:30:36.0"] * N}
    latitude = read(write(tmp_path / "trip.csv", columns)).channels[-1]
    assert latitude.values == pytest.approx(-math.radians(45.51))  # 45 + 30/60 + 36/3600
    columns = {**SOUND, ("Latitude", "GPS", "[deg:min:s]"): ["31:23.9"] * N}
    recording = read(write(tmp_path / "lost.csv", columns))
    assert [c.name for c in recording][-1] == "CO2 concentration (Analyser)"
    assert recording.findings[0].code == "recordings.rde_position"


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda text: text.replace("Time,", "Clock,"), "rde_no_headings"),
        (lambda text: text.replace("[s],", "[x],"), "rde_time_unit"),
        (lambda text: text[: text.index("Time,")], "rde_no_headings"),
        (lambda text: text[: text.index("0,0,")], "no_channels"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, damage, code):
    path = tmp_path / "trip.csv"
    path.write_text(damage(text_of(SOUND)), "utf-8")
    with pytest.raises(InputError) as error:
        read(path)
    assert error.value.code == f"recordings.{code}"


def test_two_files_are_refused(tmp_path):
    write(tmp_path / "a.csv", SOUND)
    write(tmp_path / "b.csv", SOUND)
    with pytest.raises(InputError, match="2 recordings"):
        read(tmp_path)


def test_bad_cells_and_lines_are_named(tmp_path):
    path = tmp_path / "trip.csv"
    text = (
        text_of(SOUND).replace("5,5,0.01,120000", "5,abc,0.01,120000").replace("7,7,0.01,120000", "7,7,0.01")
    )
    path.write_text(text, "utf-8")
    codes = found(path)
    assert codes["unreadable_sample"][0].channel == "Vehicle speed (GPS)"
    assert codes["unreadable_sample"][0].place.endswith(":16")  # 10 lines above the values, sixth value
    assert codes["table_row"][0].place.endswith(":18")


# -- is the trip plausible? ------------------------------------------------------------------------------------------


def test_time_that_jumps_or_goes_back(tmp_path):
    gap = found(write(tmp_path / "gap.csv", SOUND, time=[*range(10), *range(20, 30)]))
    assert gap["time_gap"][0].parameters["first"] == "9000.0"
    back = found(write(tmp_path / "back.csv", SOUND, time=[*range(10), *range(5, 15)]))
    assert back["time_not_rising"][0].parameters["sample"] == 11
    slow = found(write(tmp_path / "slow.csv", SOUND, time=[5 * i for i in range(N)]))
    assert slow["trip_slow"][0].parameters["step"] == "5"


def test_missing_values(tmp_path):
    columns = {**SOUND, NOX: [1.0] * 5 + [math.nan] * 3 + [1.0] * 12}
    assert found(write(tmp_path / "trip.csv", columns))["not_finite"][0].parameters["count"] == 3


@pytest.mark.parametrize(
    ("column", "value", "severity"),
    [
        (SPEED, 400.0, "error"),
        (SPEED, -20.0, "error"),
        (CO2, 2e6, "error"),
        (FLOW, 20.0, "error"),
        (("Engine torque", "ECU", "[Nm]"), 1e10, "warning"),
        (("Engine speed", "ECU", "[rpm]"), 60000.0, "error"),
    ],
)
def test_impossible_values_are_named_with_their_place(tmp_path, column, value, severity):
    ordinary = list(SOUND.get(column, [1000.0] * N))
    ordinary[7] = value
    codes = found(write(tmp_path / "trip.csv", {**SOUND, column: ordinary}))
    finding = codes["trip_impossible"][0]
    assert finding.severity == severity
    assert finding.parameters["time"] == "7"
    assert finding.parameters["line"] == 18  # ten lines above the values
    assert finding.parameters["count"] == 1
    assert "line 18" in finding.text("en")
    assert "18" in finding.text("zh")


def test_implausible_acceleration(tmp_path):
    # 0 to 72 km/h in a second: 20 m/s²
    codes = found(write(tmp_path / "trip.csv", {**SOUND, SPEED: [0.0] * 10 + [72.0] * 10}))
    assert codes["trip_acceleration"][0].parameters["value"] == "20"
    assert codes["trip_acceleration"][0].parameters["time"] == "10"
    assert "trip_acceleration" not in found(
        write(tmp_path / "s.csv", {**SOUND, SPEED: [0.0] * 10 + [43.0] * 10})
    )


def test_two_speeds_and_the_odometer(tmp_path):
    speeds = {SPEED: [100.0] * 360, ECU_SPEED: [95.0] * 360, FLOW: [0.01] * 360}  # 10 km and 9.5 km: 5 %
    codes = found(write(tmp_path / "trip.csv", speeds))
    assert codes["trip_speeds_differ"][0].parameters["one"] == "10.00"
    assert codes["trip_speeds_differ"][0].parameters["other"] == "9.50"
    agreed = {**speeds, ECU_SPEED: [96.5] * 360}
    assert "trip_speeds_differ" not in found(write(tmp_path / "near.csv", agreed))
    header = {"Odometer value at test start,[km]": "100", "Odometer value at test end,[km]": "112"}
    assert (
        found(write(tmp_path / "odo.csv", agreed, header))["trip_speeds_differ"][0].parameters["other"]
        == "12.00"
    )


def test_negative_constant_and_inactive(tmp_path):
    columns = {
        **SOUND,
        NOX: [-3.0, *([1.0] * 19)],
        ("Engine Oil temperature", "ECU", "[K]"): [233.15] * N,
        ("Gas measurement active", "PEMS", "[active (1); inactive (0); error (>1)]"): [1.0] * 10 + [0.0] * 10,
    }
    codes = found(write(tmp_path / "trip.csv", columns))
    assert codes["trip_negative"][0].parameters["value"] == "-3"
    assert codes["trip_constant"][0].channel == "Engine Oil temperature (ECU)"
    assert codes["trip_not_measured"][0].parameters["count"] == 10


@pytest.mark.parametrize(
    ("gas", "unit", "before", "after", "kind", "drifted"),
    [
        ("CO2", "%", "0", "0.2", "zero", False),  # 2000 ppm are 0.2 %
        ("CO2", "%", "0", "0.21", "zero", True),
        ("CO2", "%", "15", "15.3", "span", False),  # 2 % of 15
        ("CO2", "%", "15", "14.69", "span", True),
        ("NO", "ppm", "0", "5", "zero", False),
        ("NO", "ppm", "0", "-5.1", "zero", True),
        ("CO", "ppm", "1000", "1075", "span", False),  # 75 ppm are more than 2 %
        ("CO", "ppm", "18000", "18361", "span", True),
        ("NO2", "ppm", "", "500", "span", False),
        ("NO2", "ppm", "550", "?", "span", False),
    ],
)
def test_drift(tmp_path, gas, unit, before, after, kind, drifted):
    header = {
        f"{when} {kind} response {gas},[{unit}]": value
        for when, value in (("Pre-test", before), ("Post-test", after))
    }
    codes = found(write(tmp_path / "trip.csv", SOUND, header))
    assert ("trip_drift" in codes) is drifted
    if drifted:
        assert codes["trip_drift"][0].parameters["gas"] == gas


# -- a measured file -------------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_sample_is_read_as_it_is(shared):
    path = shared / "data" / "jrc-rde-sample" / "Sample_Data_Exchange_File.csv"
    with path.open(encoding="ascii") as file:
        rows = list(csv.reader(file))
    columns = {
        f"{name} ({source})": [row[i] for row in rows[200:]]
        for i, (name, source) in enumerate(zip(rows[197], rows[198], strict=True))
    }
    factors = {"m/s": 3.6, "1": 1e6, "kg/s": 1.0, "K": 1.0, "m": 1.0}
    recording = read(path)
    assert len(recording) == 28
    for channel in recording:
        assert channel.values.size == 6428
        if channel.source_unit in ("km/h", "ppm", "kg/s", "K", "m"):
            stated = np.array([float(cell) for cell in columns[channel.name]])
            assert channel.values * factors[channel.unit] == pytest.approx(stated, rel=1e-12)
    codes = {finding.code for finding in examine(recording)}
    assert {"recordings.trip_impossible", "recordings.trip_drift", "recordings.trip_constant"} <= codes
    # the folder holds two reports besides; only the exchange file is a recording
    assert read(path.parent).format == "rde-exchange"
