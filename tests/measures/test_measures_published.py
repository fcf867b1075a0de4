"""Values that NHTSA published, or that an independent computation gave, for measured tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from carindex.measures import Measurements, measure
from carindex.messages import Finding
from carindex.recordings import Recording, read

# Occupant record of NHTSA test 10146: HIC with its window in ms, femur loads in N, 3 ms chest acceleration in g.
PUBLISHED = {
    "driver": {"hic15": (140, 77.7, 92.7), "femur_left": -1923, "femur_right": -2345},
    "front_passenger": {"hic15": (335, 67.8, 82.8), "femur_left": -1182, "femur_right": -1378},
}
# Independent computation on the same files with another program, and how precisely it is stated.
REFERENCE = {
    "driver": {
        "hic15": (139.86, 0.005),
        "hic36": (268.4, 0.5),  # stated with CFC 1000
        "chest_a3ms": (41.02, 0.005),
        "chest_a3ms_contiguous": (40.92, 0.005),
        "chest_deflection": (23.18, 0.006),
        "chest_vc": (0.0816, 5e-5),
        "bric": (0.736, 5e-4),
        "nij_tf": (0.196, 5e-4),
        "nij_te": (0.155, 5e-4),
        "nij_cf": (0.120, 6e-4),
        "nij_ce": (0.103, 5e-4),
        "nij": (0.196, 5e-4),
        "tibia_index_upper_left": (0.454, 5e-4),
        "femur_left": (-1923.3, 0.05),
        "femur_right": (-2345.3, 0.06),
    },
    "front_passenger": {
        "hic15": (334.95, 0.005),
        "hic36": (547.8, 0.5),
        "chest_deflection": (17.75, 0.006),
        "chest_vc": (0.0834, 5e-5),
        "bric": (0.422, 5e-4),
        "nij_tf": (0.173, 5e-4),
        "nij_te": (0.211, 5e-4),
        "nij_cf": (0.151, 6e-4),
        "nij_ce": (0.208, 5e-4),
        "nij": (0.211, 5e-4),
        "tibia_index_upper_left": (0.453, 6e-4),
        "femur_left": (-1181.6, 0.05),
        "femur_right": (-1378.1, 0.05),
    },
}

FRONTAL = """
hic15 hic36 head_a3ms head_peak bric damage nij nij_te nij_tf nij_ce nij_cf neck_tension neck_compression neck_shear
neck_extension chest_a3ms chest_deflection chest_vc pelvis_a3ms femur_left femur_right tibia_index_upper_left
tibia_index_upper_right tibia_index_lower_left tibia_index_lower_right tibia_force_left tibia_force_right
"""


@pytest.fixture(scope="module")
def measured(camry: Recording, camry_quality: tuple[Finding, ...]) -> Measurements:
    return measure(camry, findings=camry_quality)


def value(results: Measurements, occupant: str | None, criterion: str) -> float:
    found = results.get(occupant, criterion)
    assert found is not None, f"{occupant} {criterion}"
    return found.value


def check_10146(results: Measurements) -> None:
    for occupant, published in PUBLISHED.items():
        hic = results.get(occupant, "hic15")
        assert hic is not None
        expected, t1, t2 = published["hic15"]
        assert round(hic.value) == expected
        assert hic.t1 == pytest.approx(t1 / 1e3, abs=1e-9)
        assert hic.t2 == pytest.approx(t2 / 1e3, abs=1e-9)
        for side in ("femur_left", "femur_right"):
            assert round(value(results, occupant, side)) == published[side]
    assert f"{value(results, 'driver', 'chest_a3ms'):.1f}" == "41.0"
    for occupant, reference in REFERENCE.items():
        for criterion, (expected, within) in reference.items():
            assert value(results, occupant, criterion) == pytest.approx(expected, abs=within), criterion


def test_bundled_test(measured: Measurements) -> None:
    check_10146(measured)
    assert measured.get("driver", "hic15").dummy == "h3_50m"
    assert measured.get("front_passenger", "hic15").dummy == "h3_05f"
    assert measured.findings == ()


def test_every_criterion_that_the_channels_allow_is_there(measured: Measurements) -> None:
    expected = set(FRONTAL.split())
    for occupant in ("driver", "front_passenger"):
        assert expected <= {m.criterion for m in measured.values if m.occupant == occupant}
    assert {m.criterion for m in measured.values if m.occupant is None} == {"olc", "delta_v"}


def test_delta_v_is_the_impact_speed_and_the_rebound(measured: Measurements, camry: Recording) -> None:
    """Against the mean of the two rear accelerometers, added up sample by sample without filter."""
    left, right = (camry.by_code[f"10FLOR{side}RE00ACX0"][0] for side in ("LE", "RI"))
    velocity, largest = 0.0, 0.0
    pairs = zip(left.values, right.values, strict=True)
    for time, (a, b) in zip(left.time, pairs, strict=True):
        if 0 <= time <= 0.3:
            velocity += 0.5 * (a + b) * left.step
            largest = max(largest, abs(velocity))
    found = measured.get(None, "delta_v")
    assert found.value == pytest.approx(largest, rel=2e-3)
    assert 57.09 / 3.6 < found.value < 57.09 / 3.6 + 4
    assert "rear floor" in found.method


def test_json_is_what_the_interface_says(measured: Measurements) -> None:
    entries = {(e["occupant"], e["criterion"]): e for e in measured.as_json()}
    hic = entries["driver", "hic15"]
    assert hic["unit"] == "1"
    assert hic["dummy"] == "h3_50m"
    assert hic["channels"] == ["11HEAD0000H3ACX0", "11HEAD0000H3ACY0", "11HEAD0000H3ACZ0"]
    assert hic["filter"] == "as recorded (2800 Hz)"
    assert hic["findings"] == []
    assert "t1" in hic
    assert "t2" in hic
    assert not {"t1", "t2"} & set(entries["driver", "bric"])
    assert entries["driver", "femur_left"]["filter"] == "CFC600"
    assert "SAE J211/1" in entries["driver", "femur_left"]["method"]
    assert "15 ms" in hic["method"]
    chinese = measured.as_json("zh")[0]["method"]
    assert "时间窗" in chinese
    import json

    assert json.loads(json.dumps(measured.as_json()))


def test_traces_show_what_the_value_was_read_from(measured: Measurements) -> None:
    for item in measured.values:
        trace = item.trace()
        assert trace is not None, item.criterion
        assert trace.time.shape == trace.values.shape
        assert np.isfinite(trace.values).all(), item.criterion
        assert set(trace.label) == {"en", "zh"}
        if trace.level is not None and item.t1 is not None and item.t2 is None:
            at = trace.values[np.argmin(np.abs(trace.time - item.t1))]
            assert at == pytest.approx(item.value, rel=1e-9), item.criterion
    hic = measured.get("driver", "hic15").trace()
    assert hic.unit == "g"
    assert hic.level is None
    assert hic.window == pytest.approx((0.0777, 0.0927))
    inside = (hic.time > 0.0777 - 5e-5) & (hic.time < 0.0927 + 5e-5)
    mean = np.trapezoid(hic.values[inside], hic.time[inside]) / 0.015
    assert 0.015 * mean**2.5 == pytest.approx(139.86, abs=0.01)
    clip = measured.get("driver", "chest_a3ms").trace()
    assert clip.level == pytest.approx(41.02, abs=0.005)
    assert np.count_nonzero(clip.values >= clip.level) * 1e-4 == pytest.approx(0.003, abs=3e-4)


def test_verification_is_the_weakest_of_method_and_constants(measured: Measurements) -> None:
    assert measured.get("driver", "hic15").verified == "published"
    assert measured.get("driver", "nij").verified == "unverified"  # its intercepts are
    assert measured.get("driver", "tibia_index_upper_left").verified == "text"


@pytest.mark.shared
@pytest.mark.parametrize("name", ["nhtsa-v10146", "nhtsa-v10146-isomme"])
def test_both_formats_give_the_same(shared: Path, name: str) -> None:
    check_10146(measure(read(shared / "data" / name)))


@pytest.mark.shared
def test_thor_driver_of_7292(shared: Path) -> None:
    results = measure(read(shared / "data" / "nhtsa-v07292-thor"))
    hic = results.get("driver", "hic36")
    assert hic.dummy == "thor_50m"
    assert hic.value == pytest.approx(432.25, abs=0.005)
    assert (hic.t1, hic.t2) == pytest.approx((0.08328, 0.11928), abs=1e-9)
    assert value(results, "driver", "hic15") == pytest.approx(216.0, abs=0.05)
    assert round(value(results, "driver", "femur_left")) == -6055
    assert round(value(results, "driver", "femur_right")) == -5167
    assert value(results, "driver", "belt_lap") == pytest.approx(3124.6, abs=0.05)
    assert value(results, "driver", "belt_shoulder") == pytest.approx(3503.5, abs=0.05)
    # The laboratory doubts the chest and abdomen sensors of this dummy: nothing is read from them.
    assert results.get("driver", "chest_rmax") is None
    assert results.get("driver", "abdomen_deflection") is None
    refused = [f for f in results.findings if f.code == "measures.refused"]
    assert any("chest_rmax" in f.text() and "21CHSTLEUPTHDSX0" in f.text() for f in refused)
    assert all(f.severity == "error" for f in refused)
    assert "recordings.sides_oppose" in results.get("driver", "knee_slider_left").findings
