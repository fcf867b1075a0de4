"""Parking, keeping the lane and false activation as files: named channels in, quantities out, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from carindex.measures import Measurements, measure
from carindex.recordings import read
from carindex.vocabulary import FactName

T = np.arange(0, 4000) * 0.01
Columns = dict[str, np.ndarray]


def parked() -> Columns:
    """System on from 2 s to 32 s; backwards to 20 s, forwards to 28 s; 0.30 m and 0.24 m to the kerb, 1 degree."""
    moving = np.where((T >= 3) & (T < 20), -0.5, np.where((T >= 21) & (T < 28), 0.3, 0.0))
    near = 0.5 + np.abs(T - 19.0) * 0.05
    return {
        "time [s]": T,
        "parking [1]": ((T >= 2 - 1e-9) & (T < 32 - 1e-9)).astype(float),
        "VUT speed [m/s]": moving,
        "front to kerb [cm]": 30.0 + 0 * T,
        "rear to kerb [cm]": np.where(np.abs(T - 10) < 0.1, -2.0, 24.0),
        "VUT yaw [deg]": 181.0 + 0 * T,
        "gap to front car [m]": 0.8 + 0 * T,
        "gap to rear car [m]": near,
    }


def run(
    path: Path, columns: Columns, header: dict[str, str] | None = None
) -> tuple[dict[str, float], Measurements]:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(
            f"# {key}: {value}\n"
            for key, value in ({"slot yaw": "0 deg"} if header is None else header).items()
        )
        file.write(",".join(columns) + "\n")
        for row in zip(*columns.values(), strict=True):
            file.write(",".join(f"{value:.8g}" for value in row) + "\n")
    result = measure(read(path, eager=True))
    return {item.criterion: item.value for item in result.values}, result


def errors(result: Measurements) -> set[str]:
    return {f.code.removeprefix("measures.") for f in result.findings if f.severity == "error"}


def test_parking_by_hand(tmp_path):
    found, result = run(tmp_path / "run.csv", parked())
    assert not errors(result)
    assert found["parking_time"] == pytest.approx(30.0)
    assert found["parking_moves"] == 2.0
    assert found["parking_kerb_front"] == pytest.approx(0.30)
    assert found["parking_kerb_rear"] == pytest.approx(0.24)
    assert found["parking_kerb_rear_least"] == pytest.approx(-0.02)  # over the kerb for 0.2 s
    assert found["parking_angle"] == pytest.approx(1.0)
    assert found["parking_gap_front"] == pytest.approx(0.8)
    assert found["parking_gap_rear"] == pytest.approx(0.5 + 13 * 0.05)  # at 32 s
    assert found["parking_gap_rear_least"] == pytest.approx(0.5)
    assert "parking_gap_left" not in found
    moves = result.get(None, "parking_moves")
    assert moves is not None
    assert (moves.t1, moves.t2) == (pytest.approx(2.0), pytest.approx(32.0))
    for name in found:
        assert FactName.parse(f"parking_parallel/{name}")


def test_kerb_from_positions(tmp_path):
    # along a kerb at y = 0: reference in the rear centre 1.25 m from it, half width 0.9: 0.35 m
    columns = {
        "time [s]": T,
        "parking [1]": parked()["parking [1]"],
        "VUT x [m]": 5.0 + 0 * T,
        "VUT y [m]": 1.25 + 0 * T,
        "VUT yaw [deg]": 0 * T,
    }
    header = {
        "slot yaw": "0 deg", "kerb x": "0 m", "kerb y": "0 m", "VUT length": "4.5 m", "VUT width": "1.8 m",
        "VUT reference to front": "4.5 m",
    }  # fmt: skip
    found, result = run(tmp_path / "run.csv", columns, header)
    assert not errors(result)
    assert found["parking_kerb_front"] == pytest.approx(0.35)
    assert found["parking_kerb_rear_least"] == pytest.approx(0.35)


@pytest.mark.parametrize(
    ("change", "code", "severity"),
    [
        (lambda on: 0 * on, "track_never_on", "warning"),
        (lambda on: 0 * on + 1, "track_on_from_start", "error"),
        (lambda on: (T >= 2).astype(float), "track_on_at_end", "error"),
        (lambda on: 3 * on, "track_not_a_switch", "error"),
    ],
)
def test_a_switch_that_says_nothing(tmp_path, change, code, severity):
    columns = parked()
    columns["parking [1]"] = change(columns["parking [1]"])
    found, result = run(tmp_path / "run.csv", columns)
    assert not [name for name in found if name.startswith("parking")]
    assert code in {f.code.removeprefix("measures.") for f in result.findings if f.severity == severity}


def test_what_is_missing_is_named(tmp_path):
    columns = {name: values for name, values in parked().items() if name != "parking [1]"}
    found, result = run(tmp_path / "run.csv", columns)
    assert not [name for name in found if name.startswith("parking")]
    missing = [f for f in result.findings if f.code == "measures.track_channel_missing"]
    assert any("parking assistance" in f.text("en") for f in missing)
    assert any("自动泊车" in f.text("zh") for f in missing)


def test_wrong_units_are_refused(tmp_path):
    columns = parked()
    columns["front to kerb [s]"] = columns.pop("front to kerb [cm]")
    found, result = run(tmp_path / "run.csv", columns)
    assert "track_unit" in errors(result)
    assert "parking_kerb_front" not in found
    metres = parked()
    metres["front to kerb [m]"] = metres.pop("front to kerb [cm]")  # 30 m from the kerb
    assert "track_out_of_range" in errors(run(tmp_path / "m.csv", metres)[1])


def test_false_activation(tmp_path):
    braking = np.where((T >= 10) & (T < 11), -4.0, 0.0)
    columns = {
        "time [s]": T,
        "VUT speed [km/h]": np.where(T < 10, 50.0, np.maximum(50.0 - 14.4 * (T - 10), 35.6)),
        "VUT acceleration [m/s2]": braking,
        "FCW [1]": ((T >= 9) & (T < 9.5) | (T >= 20) & (T < 21)).astype(float),
        "AEB [1]": ((T >= 10) & (T < 11)).astype(float),
    }
    found, _ = run(tmp_path / "run.csv", columns, {})
    assert found["fcw_activations"] == 2.0
    assert found["aeb_activations"] == 1.0
    assert found["speed_lost"] == pytest.approx(14.4)
    assert found["greatest_deceleration"] == pytest.approx(4.0, abs=0.5)  # the filter overshoots a step
    columns["AEB [1]"] = 0 * T
    assert run(tmp_path / "none.csv", columns, {})[0]["aeb_activations"] == 0.0


def test_keeping_the_lane(tmp_path):
    columns = {
        "time [s]": T,
        "lane centre offset [m]": 0.3 * np.sin(2 * np.pi * T / 10),
        "distance to lane edge [m]": 0.25 - 0.3 * np.sin(2 * np.pi * T / 10),
    }
    found, result = run(tmp_path / "run.csv", columns, {})
    assert not errors(result)
    assert found["lane_deviation_max"] == pytest.approx(0.3, abs=1e-6)
    assert found["lane_deviation_spread"] == pytest.approx(0.3 / np.sqrt(2), abs=1e-3)  # four whole waves
    assert found["lane_departures"] == 4.0
    # beyond the edge where sin > 5/6: (pi - 2 asin(5/6)) / (2 pi) of each 10 s
    outside = 4 * 10 * (np.pi - 2 * np.arcsin(0.25 / 0.3)) / (2 * np.pi)
    assert found["time_outside_lane"] == pytest.approx(outside, abs=1e-3)
    assert found["dtle_min"] == pytest.approx(-0.05, abs=1e-6)
