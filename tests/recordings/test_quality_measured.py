"""Data-quality checks on measured tests: silent on sound channels, alert on damaged ones."""

# One damage a line reads best in a wide table.

from __future__ import annotations

import time as clock
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from carindex.messages import Finding
from carindex.recordings.model import Channel, ChannelCode, Recording
from carindex.recordings.quality import examine, refused_channels

pytestmark = pytest.mark.shared
GRAVITY = 9.80665
DEGREE = np.pi / 180
UNITS = {"m/s2": "m/s²", "Nm": "N·m"}
EV5_UNITS = {"G'S": ("m/s²", GRAVITY), "NWT": ("N", 1.0), "NWM": ("N·m", 1.0), "MM": ("m", 1e-3),
             "DPS": ("rad/s", DEGREE), "DEG": ("rad", DEGREE), "RP2": ("rad/s²", 1.0), "VOL": ("V", 1.0)}  # fmt: skip

#: What is wrong with the sound test 10146 in truth: two floor accelerometers that differ by 8 %.
KNOWN = {("redundant_disagrees", "warning", "10FLORLERD00ACX0")}


def _header(lines: list[str]) -> dict[str, str]:
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


@pytest.fixture(scope="module")
def camry(shared: Path) -> Recording:
    """Test 10146 in ISO-MME, read without the product's readers."""
    folder = shared / "data" / "nhtsa-v10146-isomme"
    channels = []
    for path in sorted((folder / "Channel").glob("v10146.[0-9]*")):
        lines = path.read_text("latin-1").split("\n")
        first = next(i for i, line in enumerate(lines) if ":" not in line)
        header = _header(lines[:first])
        values = np.array([float(line) for line in lines[first:] if line.strip()])
        channels.append(
            Channel(
                ChannelCode.parse(header["Channel code"]),
                header["Name of the channel"],
                UNITS.get(header["Unit"], header["Unit"]),
                header["Unit"],
                float(header["Time of first sample"]),
                float(header["Sampling interval"]),
                path.name,
                load=lambda values=values: values,
                attributes=header,
                declared_samples=int(header["Number of samples"]),
            )
        )
    return Recording(
        folder, "iso-mme", tuple(channels), _header((folder / "v10146.mme").read_text().split("\n"))
    )


def _ev5(folder: Path, test: str) -> Recording:
    """An EV5 folder with the laboratory's words, without channel codes."""
    text = (folder / f"{test}.EV5").read_text("latin-1")
    channels = []
    for line in text.split("----- INSTRUMENTATION -----\n")[1].split("----- END")[0].splitlines():
        fields = line.split("|")
        path = folder / f"{test}.{int(fields[1]):03d}"
        if not path.is_file():
            continue
        unit, factor = EV5_UNITS[fields[7]]
        table = np.array(path.read_text().split(), dtype=float).reshape(-1, 2)
        channels.append(
            Channel(
                None,
                f"{fields[1]} {fields[4]} {fields[5]}",
                unit,
                fields[7],
                float(fields[14]) * float(fields[16]) * 1e-6,
                float(fields[16]) * 1e-6,
                path.name,
                load=lambda values=table[:, 1] * factor: values,
                attributes={"comment": fields[19], "data status": fields[17]},
                declared_samples=int(fields[15]) - int(fields[14]) + 1,
            )
        )
    return Recording(folder, "nhtsa-ev5", tuple(channels))


def shown(findings: tuple[Finding, ...]) -> set[tuple[str, str, str | None]]:
    return {(f.code.removeprefix("recordings."), f.severity, f.channel) for f in findings}


def damaged(
    camry: Recording, code: str, change: Callable[[np.ndarray], np.ndarray], **other: object
) -> Recording:
    values = change(np.array(camry.by_code[code][0].values))
    return camry.with_channels(
        replace(c, load=lambda: values, **other) if c.label == code else c  # type: ignore[arg-type]
        for c in camry
    )


def new(
    camry: Recording, code: str, change: Callable[[np.ndarray], np.ndarray], **other: object
) -> set[tuple[str, str, str | None]]:
    """Findings of the damaged test that the sound one does not have."""
    return shown(examine(damaged(camry, code, change, **other))) - KNOWN


def test_the_sound_test_has_one_true_finding(camry: Recording) -> None:
    assert shown(examine(camry)) == KNOWN
    assert refused_channels(examine(camry)) == frozenset()


def test_the_channel_that_ends_at_67_ms_and_nothing_else_is_remarked(shared: Path) -> None:
    found = examine(_ev5(shared / "data" / "nhtsa-v10146", "v10146"))
    assert shown(found) == {("laboratory_remark", "warning", "96 ENGN XG"), ("code_missing", "note", None)}


def test_every_questionable_channel_of_the_thor_test_is_found(shared: Path) -> None:
    recording = _ev5(shared / "data" / "nhtsa-v07292-thor", "v07292")
    words = ("QUES", "NO VALID")
    doubted = {c.name for c in recording if any(word in c.attributes["comment"] for word in words)}
    assert len(doubted) == 37
    remarked = {channel for name, _, channel in shown(examine(recording)) if name == "laboratory_remark"}
    assert remarked == doubted
    # The same words on a channel that a criterion reads refuse it.
    coded = ChannelCode.parse("21CHSTLEUPTHDSX0")
    assert coded is not None
    upper_left = next(c for c in recording if c.name == "305 CHLU XL")
    found = examine(recording.with_channels([replace(upper_left, code=coded)]))
    assert ("laboratory_remark", "error", coded.text) in shown(found)


@pytest.mark.parametrize("folder", ["nhtsa-v10146", "nhtsa-v10146-isomme", "nhtsa-v07292-thor"])
def test_read_by_the_readers_exactly_the_doubted_channels_are_refused(shared: Path, folder: str) -> None:
    from carindex.recordings import read

    recording = read(shared / "data" / folder)
    findings = examine(recording)
    assert {f.code for f in findings if f.severity == "error"} <= {"recordings.laboratory_remark"}
    doubted = {
        c.label for c in recording if c.code is not None and "QUES" in c.attributes.get("comment", "").upper()
    }
    assert refused_channels(findings) == doubted
    assert bool(doubted) == (folder == "nhtsa-v07292-thor")


def test_the_thor_knees_move_in_opposite_directions(shared: Path) -> None:
    from carindex.recordings import read

    found = shown(examine(read(shared / "data" / "nhtsa-v07292-thor")))
    assert ("sides_oppose", "warning", "21KNSLLE00THDSX0") in found


def test_redundant_sensors_of_the_sound_test_agree(camry: Recording) -> None:
    # 17 of the 18 pairs are closer than 5 %; the published difference of HIC (335 against 332) is no finding.
    assert len(camry.select("*RD??????")) == 18
    assert [f.channel for f in examine(camry) if f.code.endswith("disagrees")] == ["10FLORLERD00ACX0"]


def test_the_examination_is_quick(camry: Recording) -> None:
    fastest = 1.0
    for _ in range(3):
        fresh = camry.with_channels(replace(c) for c in camry)
        for channel in fresh:
            channel.values  # noqa: B018  (parsing is not part of the examination)
        begin = clock.perf_counter()
        examine(fresh)
        fastest = min(fastest, clock.perf_counter() - begin)
    assert fastest < 0.1


HEAD, CHEST, DEFLECTION = "11HEAD0000H3ACX0", "11CHST0000H3ACX0", "11CHST0003H3DSX0"
FEMUR, FLOOR = "11FEMRLE00H3FOZ0", "10FLORRIRE00ACX0"


def _nan_at(milliseconds: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(values: np.ndarray) -> np.ndarray:
        values[500 + round(milliseconds * 10)] = np.nan
        return values

    return change


@pytest.mark.parametrize(
    ("code", "change", "expected"),
    [
        (HEAD, _nan_at(80), {("not_finite", "error", HEAD)}),
        (HEAD, _nan_at(280), {("not_finite", "warning", HEAD)}),
        (HEAD, lambda v: v[:1170], {("samples_cut", "error", HEAD), ("ends_early", "error", HEAD), ("axes_length", "warning", HEAD)}),
        (HEAD, lambda v: v[:-3], {("samples_differ", "warning", HEAD), ("axes_length", "warning", HEAD)}),
        (CHEST, lambda v: np.clip(v, -250, 250), {("saturated", "error", CHEST)}),
        (FEMUR, lambda v: np.clip(v, -1500, 1500), {("saturated", "error", FEMUR)}),
        (DEFLECTION, lambda v: -v, {("polarity", "error", DEFLECTION)}),
        (FEMUR, lambda v: -v, {("polarity", "error", FEMUR)}),
        (FLOOR, lambda v: -v, {("polarity_of_velocity", "error", FLOOR)}),
        (DEFLECTION, lambda v: v - 0.002, {("offset_before_zero", "warning", DEFLECTION)}),
        (DEFLECTION, lambda v: v - 0.008, {("offset_before_zero", "error", DEFLECTION)}),
        (DEFLECTION, lambda v: 0 * v, {("flat", "error", DEFLECTION), ("peak_too_small", "error", DEFLECTION)}),
        ("11CHST0000H3ACZ0", lambda v: np.resize(v[:400], v.size), {("dead_axis", "error", "11CHST0000H3ACZ0")}),
    ],
)  # fmt: skip
def test_damage_of_a_real_channel(
    camry: Recording,
    code: str,
    change: Callable[[np.ndarray], np.ndarray],
    expected: set[tuple[str, str, str]],
) -> None:
    found = new(camry, code, change)
    assert found == expected


def test_a_step_that_differs_between_head_axes(camry: Recording) -> None:
    found = new(camry, HEAD, lambda v: v[::2], step=2e-4, declared_samples=1750)
    assert {("axes_time_base", "error", HEAD), ("sampling_rate", "warning", HEAD)} <= found
    assert refused_channels(examine(damaged(camry, HEAD, lambda v: v, start=-0.04))) >= {HEAD}


# Unit factors as they are met: the numbers stay, the unit is another one.
FACTORS = {
    "AC": {"m/s² called g": GRAVITY, "g called m/s²": 1 / GRAVITY},
    "DS": {"mm called m": 1e3, "m called mm": 1e-3, "µm called m": 1e6, "m called µm": 1e-6},
    "FO": {"N called kN": 1e3, "kN called N": 1e-3},
    "AV": {"deg/s called rad/s": 1 / DEGREE, "rad/s called deg/s": DEGREE},
}
#: What cannot be seen, because the value stays possible or another axis of the sensor carries the proof.
UNSEEN = {
    "m/s² called g": "velocity change below 6 m/s (cross axes), or vibration of the structure",
    "g called m/s²": "any axis but the x axis of head, chest, pelvis and floor",
    "rad/s called deg/s": "one axis of three, while the others are plausible",
}


@pytest.mark.parametrize("dimension", FACTORS)
def test_a_wrong_unit_is_refused_wherever_the_result_is_impossible(camry: Recording, dimension: str) -> None:
    """Every channel by every factor, one at a time; exceptions are derived from the mechanics, not from the code."""
    for channel in camry:
        code = channel.code
        if code is None or code.dimension != dimension or code.main_location == "ENGN":
            continue
        if code.fine_location_2 == "RD":
            continue
        values = channel.values
        after = values[500:2000] - values[:480].mean()
        change = np.abs(np.cumsum(after)).max() * channel.step
        for name, factor in FACTORS[dimension].items():
            refused = refused_channels(
                examine(damaged(camry, code.text, lambda v, factor=factor: v * factor))
            )
            seen = code.text in refused
            must_be_seen = {
                # more than 216 km/h of velocity change, or more than 500 g on head and chest
                "m/s² called g": change * factor > 60.0,
                # less than a quarter of the car's change along its own axis
                "g called m/s²": code.direction == "X"
                and code.main_location in ("HEAD", "CHST", "PELV", "FLOR"),
                "rad/s called deg/s": False,
            }.get(name, True)
            assert seen or not must_be_seen, (code.text, name)
            if not seen:
                assert name in UNSEEN, (code.text, name)


def test_a_whole_sensor_in_the_wrong_unit_is_refused(camry: Recording) -> None:
    """Angular velocities of a head in deg/s called rad/s and the reverse, all three axes."""
    for factor in (DEGREE, 1 / DEGREE):
        wrong = camry.with_channels(
            replace(c, load=lambda v=c.values * factor: v) if c.label.startswith("13HEAD0000HFAV") else c
            for c in camry
        )
        assert refused_channels(examine(wrong)) == {f"13HEAD0000HFAV{axis}0" for axis in "XYZ"}


def test_hic_of_34000_cannot_happen(camry: Recording) -> None:
    """All head accelerations in m/s² but called g: refused, and the unit that fits is named."""
    wrong = camry.with_channels(
        replace(c, load=lambda v=c.values: v * GRAVITY, source_unit="g")
        if "HEAD0000" in c.label and "AC" in c.label
        else c
        for c in camry
    )
    findings = [f for f in examine(wrong) if f.severity == "error"]
    assert {HEAD, "13HEAD0000HFACX0"} <= refused_channels(findings)
    units = {f.channel: str(f.parameters.get("units")) for f in findings}
    assert "m/s²" in units[HEAD].split(", ")


def test_micrometres_called_metres(camry: Recording) -> None:
    wrong = damaged(camry, DEFLECTION, lambda v: v * 1e6)
    (finding,) = (f for f in examine(wrong) if f.channel == DEFLECTION)
    assert finding.parameters["units"] == "µm"
