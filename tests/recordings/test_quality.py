"""Every data-quality check on a synthetic crash: silent on the sound test, one finding for each damage."""

# One damage a line reads best in a wide table.

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from carindex.messages import Finding, InputError
from carindex.recordings.model import Channel, ChannelCode, Recording
from carindex.recordings.quality import examine, refused_channels, usable_span
from carindex.recordings.quality.limits import limits, unit_name
from carindex.recordings.quality.signal import smoothed

STEP, START, SAMPLES = 1e-4, -0.05, 3000
UNITS = {"AC": "m/s²", "AV": "rad/s", "FO": "N", "MO": "N·m", "DS": "m", "DC": "m", "AN": "rad"}


def pulse(peak: float, centre: float, width: float, *, noise: float, seed: int) -> np.ndarray:
    """A bell of the given peak and width (s) at a time, with measurement noise."""
    time = START + STEP * np.arange(SAMPLES)
    bell = peak * np.exp(-(((time - centre) / width) ** 2) / 2) ** 2
    return bell + np.random.default_rng(seed).normal(0.0, noise, SAMPLES)


def channel(code: str | None, values: np.ndarray, name: str = "", **other: object) -> Channel:
    parsed = ChannelCode.parse(code) if code else None
    unit = UNITS.get(parsed.dimension, "") if parsed else "m/s²"
    known: dict[str, object] = {
        "unit": unit,
        "source_unit": unit,
        "start": START,
        "step": STEP,
        "place": f"{code or name}.001",
        "declared_samples": values.size,
    }
    return Channel(parsed, name or str(code), load=lambda: values, **(known | other))  # type: ignore[arg-type]


#: code: peak, time of the peak, width, noise. Velocity changes of the x accelerations are 15 to 17 m/s.
SIGNALS: Mapping[str, tuple[float, float, float, float]] = {
    "11HEAD0000H3ACX0": (-400, 0.080, 0.022, 0.8),
    "11HEAD0000H3ACY0": (60, 0.085, 0.020, 0.8),
    "11HEAD0000H3ACZ0": (160, 0.082, 0.020, 0.8),
    "11HEAD00RDH3ACX0": (-402, 0.080, 0.022, 0.8),
    "11HEAD00RDH3ACY0": (58, 0.085, 0.020, 0.8),
    "11HEAD00RDH3ACZ0": (163, 0.082, 0.020, 0.8),
    "11HEAD0000H3AVX0": (10, 0.085, 0.020, 0.1),
    "11HEAD0000H3AVY0": (-22, 0.090, 0.020, 0.1),
    "11HEAD0000H3AVZ0": (9, 0.090, 0.020, 0.1),
    "11NECKUP00H3FOX0": (400, 0.080, 0.020, 3),
    "11NECKUP00H3FOZ0": (1100, 0.082, 0.020, 3),
    "11NECKUP00H3MOY0": (32, 0.070, 0.020, 0.1),
    "11CHST0000H3ACX0": (-350, 0.070, 0.026, 0.8),
    "11CHST0000H3ACY0": (50, 0.070, 0.020, 0.8),
    "11CHST0000H3ACZ0": (80, 0.080, 0.020, 0.8),
    "11CHST0003H3DSX0": (-0.025, 0.070, 0.030, 3e-5),
    "11PELV0000H3ACX0": (-450, 0.060, 0.020, 0.8),
    "11FEMRLE00H3FOZ0": (-2000, 0.060, 0.015, 3),
    "11FEMRRI00H3FOZ0": (-2200, 0.055, 0.015, 3),
    "11KNSLLE00H3DSX0": (-0.006, 0.060, 0.015, 1e-6),
    "11KNSLRI00H3DSX0": (-0.006, 0.060, 0.015, 1e-6),
    "11TIBILEUPH3FOZ0": (-2400, 0.050, 0.015, 3),
    "11SEBE0000B3FO00": (4500, 0.075, 0.030, 2),
    "10FLORLERE00ACX0": (-330, 0.045, 0.028, 1.0),
    "10FLORRIRE00ACX0": (-330, 0.045, 0.028, 1.0),
    "10ENGN000000ACX0": (-900, 0.032, 0.010, 1.5),
}
HEAD_X, HEAD_Y, HEAD_Z = "11HEAD0000H3ACX0", "11HEAD0000H3ACY0", "11HEAD0000H3ACZ0"
CHEST, CHEST_DEFLECTION, FEMUR = "11CHST0000H3ACX0", "11CHST0003H3DSX0", "11FEMRLE00H3FOZ0"
BELT, FLOOR, ENGINE = "11SEBE0000B3FO00", "10FLORLERE00ACX0", "10ENGN000000ACX0"


@cache
def sound() -> Recording:
    channels = tuple(
        channel(code, pulse(peak, centre, width, noise=noise, seed=seed))
        for seed, (code, (peak, centre, width, noise)) in enumerate(SIGNALS.items())
    )
    return Recording(Path("sound"), "table", channels, MappingProxyType({"Velocity test object 1": "15.6"}))


def changed(code: str, **other: object) -> Recording:
    """The sound recording with other fields of one channel."""
    return sound().with_channels(
        replace(c, **other) if c.label == code else c  # type: ignore[arg-type]
        for c in sound()
    )


def with_values(code: str, change: Callable[[np.ndarray], np.ndarray]) -> Recording:
    values = change(np.array(sound().by_code[code][0].values))
    return changed(code, load=lambda: values)


def with_extra(*extra: Channel) -> Recording:
    return sound().with_channels((*sound(), *extra))


def shown(findings: Iterable[Finding]) -> set[tuple[str, str, str | None]]:
    """Code, severity and channel of findings, after checking that both languages can be printed whole."""
    found = set()
    for finding in findings:
        for language in ("en", "zh"):
            line, consequence = finding.line(language), finding.consequence(language)
            assert consequence
            assert "{" not in line + consequence
        assert re.search("[一-鿿]", finding.text("zh"))
        found.add((finding.code.removeprefix("recordings."), finding.severity, finding.channel))
    return found


def set_at(index: slice | list[int], value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(values: np.ndarray) -> np.ndarray:
        values[index] = value
        return values

    return change


def at(milliseconds: float) -> int:
    return round((milliseconds / 1e3 - START) / STEP)


def clipped(values: np.ndarray) -> np.ndarray:
    return np.maximum(values, 0.7 * values.min())


def times(**changes: float) -> Callable[[], np.ndarray]:
    """Explicit times with the time of a sample replaced: ``times(s100=0.2)``."""
    time = START + STEP * np.arange(SAMPLES)
    for sample, value in changes.items():
        time[int(sample[1:])] = value
    return lambda: time


def paused() -> np.ndarray:
    time = START + STEP * np.arange(SAMPLES)
    time[at(60) :] += 0.004
    return time


def test_a_sound_recording_has_no_finding() -> None:
    assert shown(examine(sound())) == set()
    assert refused_channels(examine(sound())) == frozenset()


DAMAGED: list[tuple[str, Callable[[], Recording], set[tuple[str, str, str | None]]]] = [
    # samples
    ("empty", lambda: with_values(CHEST_DEFLECTION, lambda v: v[:0]), {("channel_empty", "error", CHEST_DEFLECTION)}),
    ("all NaN", lambda: with_values(FEMUR, lambda v: v * np.nan), {("channel_empty", "error", FEMUR)}),
    ("one sample more", lambda: changed(BELT, declared_samples=SAMPLES - 1), {("samples_differ", "warning", BELT)}),
    ("a few fewer", lambda: changed(BELT, declared_samples=SAMPLES + 9), {("samples_differ", "warning", BELT)}),
    ("truncated", lambda: changed(BELT, declared_samples=2 * SAMPLES), {("samples_cut", "error", BELT)}),
    ("truncated, unread", lambda: changed(ENGINE, declared_samples=2 * SAMPLES), {("samples_cut", "warning", ENGINE)}),
    ("NaN in the window", lambda: with_values(HEAD_X, set_at([at(70)], np.nan)), {("not_finite", "error", HEAD_X)}),
    ("infinity in the window", lambda: with_values(HEAD_X, set_at([at(70)], np.inf)), {("not_finite", "error", HEAD_X)}),
    ("NaN before T0", lambda: with_values(HEAD_X, set_at([at(-20)], np.nan)), {("not_finite", "warning", HEAD_X)}),
    ("NaN at the end", lambda: with_values(HEAD_X, set_at([-1], np.nan)), set()),
    ("infinite end", lambda: with_values(HEAD_X, set_at([-1], -np.inf)), {("infinite_at_end", "warning", HEAD_X)}),
    ("NaN from 67 ms", lambda: with_values(FEMUR, set_at(slice(at(67), None), np.nan)), {("ends_early", "error", FEMUR)}),
    ("NaN from 150 ms", lambda: with_values(FEMUR, set_at(slice(at(150), None), np.nan)), {("ends_early", "warning", FEMUR)}),
    ("engine to 67 ms", lambda: with_values(ENGINE, set_at(slice(at(67), None), np.nan)), {("ends_early", "warning", ENGINE)}),
    # time
    ("no step", lambda: changed(BELT, step=np.nan), {("no_time_base", "error", BELT)}),
    ("negative step", lambda: changed(BELT, step=-STEP), {("no_time_base", "error", BELT)}),
    ("explicit time", lambda: changed(BELT, load_time=times()), set()),
    ("time goes back", lambda: changed(BELT, load_time=times(s700=0.0)), {("time_not_rising", "error", BELT)}),
    ("time not known", lambda: changed(BELT, load_time=times(s700=np.nan)), {("time_not_rising", "error", BELT)}),
    ("too few times", lambda: changed(BELT, load_time=lambda: times()()[:-1]), {("time_count", "error", BELT)}),
    ("pause", lambda: changed(BELT, load_time=paused), {("time_gap", "error", BELT)}),
    ("jitter", lambda: changed(BELT, load_time=times(s700=START + 700.2 * STEP)), {("time_uneven", "warning", BELT)}),
    ("starts after T0", lambda: changed(BELT, start=0.01), {("time_zero_outside", "error", BELT)}),
    ("milliseconds as seconds", lambda: changed(BELT, start=-50.0, step=0.1), {("sampling_rate", "error", BELT)}),
    ("all from T0", lambda: sound().with_channels(replace(c, start=0.0) for c in sound()), {("no_pre_trigger", "note", None)}),
    # sampling rate: half the samples at 5 kHz is below 10 kHz for CFC 1000, a fifth at 2 kHz cannot be filtered
    ("5 kHz", lambda: halved(2), {("sampling_rate", "warning", a) for a in (HEAD_X, HEAD_Y, HEAD_Z)}),
    ("2 kHz", lambda: halved(5), {("sampling_rate", "error", a) for a in (HEAD_X, HEAD_Y, HEAD_Z)}),
    # units and magnitude
    ("no unit", lambda: changed(BELT, unit="", source_unit=""), {("unit_missing", "error", BELT)}),
    ("no unit, unread", lambda: changed(ENGINE, unit="", source_unit=""), {("unit_missing", "warning", ENGINE)}),
    ("volt", lambda: changed(BELT, unit="V", source_unit="V"), {("unit_mismatch", "error", BELT)}),
    ("spelled otherwise", lambda: changed(HEAD_X, unit="m/s^2"), set()),
    ("m/s² labelled g", lambda: scaled(HEAD_X, 9.80665, "g"), {("velocity_too_large_other_unit", "error", HEAD_X)}),
    ("g labelled m/s²", lambda: scaled(CHEST, 1 / 9.80665, "m/s²"), {("velocity_too_small_other_unit", "error", CHEST)}),
    ("µm labelled m", lambda: scaled(CHEST_DEFLECTION, 1e6, "m"), {("peak_too_large_other_unit", "error", CHEST_DEFLECTION)}),
    ("mm labelled m", lambda: scaled(CHEST_DEFLECTION, 1e3, "m"), {("peak_too_large_other_unit", "error", CHEST_DEFLECTION)}),
    ("m labelled mm", lambda: scaled(CHEST_DEFLECTION, 1e-3, "mm"), {("peak_too_small_other_unit", "error", CHEST_DEFLECTION)}),
    ("N labelled kN", lambda: scaled(FEMUR, 1e3, "kN"), {("peak_too_large_other_unit", "error", FEMUR)}),
    ("kN labelled N", lambda: scaled(FEMUR, 1e-3, "N"), {("peak_too_small_other_unit", "error", FEMUR)}),
    ("no unit fits", lambda: scaled(FEMUR, 1e12, "N"), {("peak_too_large", "error", FEMUR)}),
    ("beyond its range", lambda: changed(FEMUR, attributes={"Channel amplitude class": "0.3"}), {("beyond_rating", "warning", FEMUR)}),
    ("range in another unit", lambda: changed(HEAD_X, attributes={"Channel amplitude class": "100"}), set()),
    ("no unit fits the velocity", lambda: scaled(FLOOR, 30, "m/s²"), {("velocity_too_large", "error", FLOOR)}),
    # waveform
    ("flat", lambda: with_values(BELT, lambda v: 0 * v), {("flat", "error", BELT), ("peak_too_small", "error", BELT)}),
    ("clipped", lambda: with_values(FEMUR, clipped), {("saturated", "error", FEMUR)}),
    ("clipped, unread", lambda: with_values(ENGINE, clipped), {("saturated", "warning", ENGINE)}),
    ("held", lambda: with_values(BELT, set_at(slice(at(90), at(100)), 1000.0)), {("held", "error", BELT)}),
    ("dropped to zero", lambda: with_values(BELT, set_at(slice(at(90), at(100)), 0.0)), {("held", "warning", BELT)}),
    ("zero until loaded", lambda: with_values(BELT, set_at(slice(0, at(30)), 0.0)), set()),
    ("small offset", lambda: with_values(FEMUR, lambda v: v + 100), {("offset_before_zero", "warning", FEMUR)}),
    ("large offset", lambda: with_values(FEMUR, lambda v: v + 500), {("offset_before_zero", "error", FEMUR)}),
    ("offset within noise", lambda: with_values(FEMUR, lambda v: v + 15), set()),
    ("preloaded belt", lambda: with_values(BELT, lambda v: v + 1000), {("offset_before_zero", "warning", BELT)}),
    # polarity
    ("chest expands", lambda: with_values(CHEST_DEFLECTION, np.negative), {("polarity", "error", CHEST_DEFLECTION)}),
    ("femur pulled", lambda: with_values(FEMUR, np.negative), {("polarity", "error", FEMUR)}),
    ("belt pushes", lambda: with_values(BELT, np.negative), {("polarity", "error", BELT)}),
    ("chest forward", lambda: with_values(CHEST, np.negative), {("polarity_of_velocity", "warning", CHEST)}),
    ("floor forward", lambda: with_values(FLOOR, np.negative), {("polarity_of_velocity", "error", FLOOR)}),
    ("head sideways", lambda: with_values(HEAD_Y, np.negative), {
        ("redundant_disagrees", "warning", "11HEAD00RDH3ACY0")}),
    ("knees oppose", lambda: with_values("11KNSLLE00H3DSX0", np.negative), {("sides_oppose", "warning", "11KNSLLE00H3DSX0")}),
    # sensors
    ("dead axis", lambda: with_values("11CHST0000H3ACZ0", lambda v: noise_like(v, 0.8)), {("dead_axis", "error", "11CHST0000H3ACZ0")}),
    ("silent axis", lambda: with_values("11CHST0000H3ACZ0", lambda v: v * 1e-3), {("dead_axis", "error", "11CHST0000H3ACZ0")}),
    ("axis shifted", lambda: changed("11CHST0000H3ACZ0", start=START + 0.002), {("axes_time_base", "error", "11CHST0000H3ACZ0")}),
    ("axis stretched", lambda: changed("11CHST0000H3ACZ0", step=STEP * 1.01), {("axes_time_base", "error", "11CHST0000H3ACZ0")}),
    ("moment shifted", lambda: changed("11NECKUP00H3MOY0", start=START + 0.002), {("axes_time_base", "error", "11NECKUP00H3MOY0")}),
    ("axis shorter", lambda: shorter("11CHST0000H3ACZ0", 8), {("axes_length", "warning", "11CHST0000H3ACZ0")}),
    ("redundant 15 % off", lambda: with_values("11HEAD00RDH3ACX0", lambda v: 1.15 * v), {("redundant_disagrees", "warning", "11HEAD00RDH3ACX0")}),
    ("redundant 3 % off", lambda: with_values("11HEAD00RDH3ACX0", lambda v: 1.03 * v), set()),
    ("redundant half", lambda: with_values("11HEAD00RDH3ACX0", lambda v: 0.5 * v), {
        ("redundant_disagrees", "error", "11HEAD00RDH3ACX0"), ("redundant_disagrees", "error", HEAD_X)}),
    ("redundant broken", lambda: with_values("11HEAD00RDH3ACX0", lambda v: 0 * v), {
        ("flat", "error", "11HEAD00RDH3ACX0"), ("velocity_too_small", "error", "11HEAD00RDH3ACX0")}),
    # codes
    ("same code", lambda: with_extra(channel(FEMUR, pulse(-1500, 0.05, 0.015, noise=3, seed=90), "another")), {("code_repeated", "error", FEMUR)}),
    ("same code, unread", lambda: with_extra(channel(ENGINE, pulse(-500, 0.04, 0.01, noise=3, seed=91), "low")), {("code_repeated", "warning", ENGINE)}),
    ("same channel twice", lambda: with_extra(sound().by_code[FEMUR][0]), {("code_repeated_equal", "note", FEMUR)}),
    ("no code", lambda: with_extra(channel(None, pulse(90, 0.05, 0.01, noise=1, seed=92), "extra")), {("code_missing", "note", None)}),
    ("bad code", lambda: with_extra(channel(None, pulse(90, 0.05, 0.01, noise=1, seed=92), "extra", attributes={"Channel code": "11HEAD"})), {("code_invalid", "warning", "extra")}),
    ("open code", lambda: with_extra(channel("11ABDO0000??FOX0", pulse(900, 0.05, 0.02, noise=1, seed=93))), {("code_open", "warning", "11ABDO0000??FOX0")}),
    ("dummy 00", lambda: with_extra(channel("13ABDO000000FOX0", pulse(900, 0.05, 0.02, noise=1, seed=93))), {("dummy_unknown", "warning", None)}),
    # filters
    ("chest CFC 60", lambda: with_extra(channel("13CHST0000HFACXD", pulse(-350, 0.07, 0.026, noise=0.1, seed=94))), {
        ("filtered_too_low", "warning", "13CHST0000HFACXD"), ("already_filtered", "note", None)}),
    ("chest CFC 180", lambda: with_extra(channel("13CHST0000HFACXC", pulse(-350, 0.07, 0.026, noise=0.1, seed=94))), {("already_filtered", "note", None)}),
    ("special filter", lambda: with_extra(channel("13CHST0000HFACXS", pulse(-350, 0.07, 0.026, noise=0.1, seed=94))), {("filter_unknown", "warning", "13CHST0000HFACXS")}),
    ("300 Hz before", lambda: changed(HEAD_X, attributes={"Cut off frequency": "300"}), {("filtered_too_low", "warning", HEAD_X)}),
    ("CFC 180 before", lambda: changed(HEAD_X, attributes={"Pre-filter type": "CFC 180"}), {("filtered_too_low", "warning", HEAD_X)}),
    ("1650 Hz before", lambda: changed(HEAD_X, attributes={"Cut off frequency": "1650"}), set()),
    # remarks
    ("questionable", lambda: changed(FEMUR, attributes={"comment": "QUESTIONABLE DATA"}), {("laboratory_remark", "error", FEMUR)}),
    ("in the name", lambda: changed(FEMUR, name="FEMUR; no valid data"), {("laboratory_remark", "error", FEMUR)}),
    ("in Chinese", lambda: changed(FEMUR, attributes={"备注": "传感器损坏"}), {("laboratory_remark", "error", FEMUR)}),
    ("data status QD", lambda: changed(FEMUR, attributes={"data status": "QD"}), {("laboratory_remark", "error", FEMUR)}),
    ("spike", lambda: changed(FEMUR, attributes={"Comments": "spike at 40 ms"}), {("laboratory_remark", "warning", FEMUR)}),
    ("valid to 180 ms", lambda: changed(FEMUR, attributes={"comment": "no valid data after 180 ms", "data status": "CF"}), {("laboratory_remark", "warning", FEMUR)}),
    ("valid to 67 ms", lambda: changed(FEMUR, attributes={"comment": "no valid data after 67ms", "data status": "CF"}), {("laboratory_remark", "error", FEMUR)}),
    ("questionable, unread", lambda: changed(ENGINE, attributes={"comment": "questionable"}), {("laboratory_remark", "warning", ENGINE)}),
    ("no comments", lambda: changed(FEMUR, attributes={"comment": "NO COMMENTS", "data status": "AM"}), set()),
    ("dead pedal", lambda: changed(FLOOR, name="DEAD PEDAL BRACKET, OFFSET BARRIER"), set()),
    ("on the test", lambda: replace(sound(), attributes={**sound().attributes, "Comments": "femur questionable"}), {("recording_remark", "warning", None)}),
]  # fmt: skip


def scaled(code: str, factor: float, stated: str) -> Recording:
    values = sound().by_code[code][0].values * factor
    return changed(code, load=lambda: values, source_unit=stated)


def halved(by: int) -> Recording:
    """All head accelerations with every second (fifth) sample only; the redundant ones are left out."""
    kept = []
    for each in sound():
        if each.label.startswith("11HEAD00RD"):
            continue
        if each.label in (HEAD_X, HEAD_Y, HEAD_Z):
            values = each.values[::by]
            kept.append(channel(each.label, values, step=STEP * by))
        else:
            kept.append(each)
    return sound().with_channels(kept)


def shorter(code: str, by: int) -> Recording:
    values = sound().by_code[code][0].values[:-by]
    return changed(code, load=lambda: values, declared_samples=values.size)


def noise_like(values: np.ndarray, deviation: float) -> np.ndarray:
    return np.random.default_rng(7).normal(0.0, deviation, values.size)


@pytest.mark.parametrize(
    ("damaged", "expected"), [case[1:] for case in DAMAGED], ids=[case[0] for case in DAMAGED]
)
def test_a_damage_gives_its_finding_and_no_other(
    damaged: Callable[[], Recording], expected: set[tuple[str, str, str | None]]
) -> None:
    findings = examine(damaged())
    assert shown(findings) == expected
    errors = {channel for _, severity, channel in expected if severity == "error"}
    assert refused_channels(findings) == errors


def messages_of_data_quality() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """The entries below the comment ``# data quality``, up to the next such comment."""
    text = files("carindex.recordings").joinpath("messages.yaml").read_text("utf-8")
    section = text.split("\n# data quality\n", 1)[1]
    return yaml.safe_load(re.split(r"\n# \w", section, maxsplit=1)[0])  # type: ignore[no-any-return]


def test_every_message_has_a_damage_that_brings_it() -> None:
    produced = {name for _, _, expected in DAMAGED for name, _, _ in expected}
    produced |= {"record_short", "active_at_end"}  # below, they need a whole short recording
    assert produced == set(messages_of_data_quality())


def test_every_message_has_both_languages_with_the_same_places() -> None:
    for name, entry in messages_of_data_quality().items():
        assert {"found", "consequence"} <= set(entry) <= {"found", "expected", "action", "consequence"}, name
        for part in entry.values():
            assert set(part) == {"en", "zh"}, name
            assert sorted(re.findall(r"\{\w+\}", part["en"])) == sorted(re.findall(r"\{\w+\}", part["zh"])), (
                name
            )


def until(milliseconds: float) -> Recording:
    kept = []
    for each in sound():
        values = each.values[: at(milliseconds)]
        kept.append(replace(each, load=lambda values=values: values, declared_samples=values.size))
    return sound().with_channels(kept)


def test_a_recording_that_ends_in_the_event_is_reported_once_and_refused_where_still_loaded() -> None:
    found = shown(examine(until(80)))
    assert ("record_short", "warning", None) in found
    assert ("active_at_end", "error", HEAD_X) in found  # at its peak
    assert not [f for f in found if f[0] == "ends_early"]
    assert ("active_at_end", "error", "11TIBILEUPH3FOZ0") not in found  # over since 30 ms
    assert "record_short" not in {name for name, _, _ in shown(examine(until(110)))}


def test_a_remark_that_names_the_end_is_not_doubled_by_the_early_end() -> None:
    values = sound().by_code[FEMUR][0].values[: at(67)]
    remark = {"comment": "No valid data after 67ms", "data status": "CF"}
    test = changed(FEMUR, load=lambda: values, declared_samples=values.size, attributes=remark)
    assert shown(examine(test)) == {("laboratory_remark", "error", FEMUR)}


def test_units_that_would_fit_are_named() -> None:
    (finding,) = examine(scaled(CHEST_DEFLECTION, 1e6, "m"))
    assert finding.parameters["units"] == "µm"
    assert "µm" in finding.text("en")
    (finding,) = examine(scaled(HEAD_X, 9.80665, "g"))
    assert "m/s²" in str(finding.parameters["units"]).split(", ")
    (finding,) = examine(scaled(FEMUR, 1e-3, "N"))
    assert "kN" in str(finding.parameters["units"]).split(", ")


def test_a_whole_recording_in_the_wrong_unit_is_seen_from_the_stated_speed() -> None:
    accelerations = {c.label for c in sound() if c.code is not None and c.code.dimension == "AC"}
    wrong = sound().with_channels(
        replace(c, load=lambda v=c.values: v / 9.80665) if c.label in accelerations else c for c in sound()
    )
    refused = refused_channels(examine(wrong))
    trunk = {HEAD_X, "11HEAD00RDH3ACX0", CHEST, "11PELV0000H3ACX0", FLOOR, "10FLORRIRE00ACX0"}
    assert trunk <= refused
    # Without a speed there is nothing to compare with: the limit of what can be seen, on purpose.
    assert not trunk & refused_channels(examine(replace(wrong, attributes={})))


def test_in_a_rear_impact_forward_is_the_right_sign() -> None:
    reversed_x = sound().with_channels(
        replace(c, load=lambda v=c.values: -v)
        if c.code is not None and c.code.dimension == "AC" and c.code.direction == "X"
        else c
        for c in sound()
    )
    names = {name for name, _, _ in shown(examine(reversed_x))}
    assert "polarity_of_velocity" not in names
    frontal = replace(reversed_x, attributes={"Type of the test": "Frontal impact"})
    refused = refused_channels(examine(frontal))
    assert {FLOOR, "10FLORRIRE00ACX0"} <= refused


def test_in_a_side_impact_the_x_axis_is_not_judged() -> None:
    def turned(each: Channel) -> Channel:
        if each.code is None or each.code.dimension != "AC" or each.label == ENGINE:
            return each
        # a small forward push and a large one across, on every sensor that has both axes
        factor = {"X": -0.06, "Y": 6.0}.get(each.code.direction, 1.0)
        return replace(each, load=lambda v=each.values: factor * v)

    side = sound().with_channels(turned(c) for c in sound())
    names = {name for name, _, _ in shown(examine(side))}
    assert not names & {"velocity_too_small", "velocity_too_small_other_unit", "polarity_of_velocity"}


def test_what_the_reader_said_is_kept_and_not_said_twice() -> None:
    told = Finding("recordings.sample_count", "error", "x.001", BELT, {"found": 1, "declared": 2})
    header = Finding("recordings.missing_index", "note", "x", None)
    test = replace(
        changed(BELT, declared_samples=2 * SAMPLES, load_findings=lambda: (told,)), findings=(header,)
    )
    assert examine(test) == (header, told)
    assert refused_channels(examine(test)) == {BELT}
    milder = structs.replace(told, severity="warning")
    graver = examine(changed(BELT, declared_samples=2 * SAMPLES, load_findings=lambda: (milder,)))
    assert [f.code for f in graver] == ["recordings.sample_count", "recordings.samples_cut"]


def test_a_channel_that_cannot_be_read_is_a_finding_and_the_rest_is_examined() -> None:
    def broken() -> np.ndarray:
        raise InputError("x.001", "recordings.channel_empty", found=0)

    found = examine(changed(BELT, load=broken))
    assert [(f.code, f.severity, f.channel) for f in found] == [("recordings.channel_empty", "error", BELT)]


def test_same_input_same_findings() -> None:
    damaged = with_values(FEMUR, clipped)
    assert examine(damaged) == examine(damaged)


def test_absurd_values_are_findings_and_not_crashes() -> None:
    for value in (1e308, -1e308, np.inf, np.nan, 5e-324):
        for index in (slice(None), [0], [-1], slice(at(0), at(1)), slice(0, -1), slice(1, None)):
            findings = examine(with_values(HEAD_X, set_at(index, value)))
            shown(findings)
    for size in range(8):
        shown(examine(shorter(HEAD_X, SAMPLES - size)))
    assert examine(Recording(Path("empty"), "table", ())) == ()


@given(st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=60), st.integers(0, 40))
@settings(max_examples=150, deadline=None)
def test_smoothing_is_the_twofold_moving_average(values: list[float], width: int) -> None:
    width_odd = min(max(1, width | 1), 2 * (len(values) // 2) - 1)

    def once(given: list[float]) -> list[float]:
        half = width_odd // 2
        held = [given[0]] * half + given + [given[-1]] * half
        return [sum(held[i : i + width_odd]) / width_odd for i in range(len(given))]

    expected = once(once(values)) if width_odd >= 3 else values
    assert np.allclose(smoothed(np.array(values), width), expected, rtol=0, atol=1e-6 * 1e2)


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(0, 40))
@settings(max_examples=200, deadline=None)
def test_usable_span_is_an_unbroken_run_around_time_zero(known: list[bool], before: int) -> None:
    values = np.where(known, 1.0, np.nan)
    each = channel(BELT, values, start=-before * STEP)
    span = usable_span(each)
    inside = list(range(values.size))[span]
    assert all(known[i] for i in inside)
    if not any(known):
        assert not inside
        return
    assert inside
    for edge in (inside[0] - 1, inside[-1] + 1):  # it cannot be made longer
        assert edge in (-1, values.size) or not known[edge]
    if before < values.size and known[before]:
        assert before in inside


def test_every_limit_has_a_source() -> None:
    table = limits()
    for section in ("locations", "crash_window", "record", "time", "sampling", "noise", "saturation", "hold", "offset",
                    "redundant", "velocity", "polarity", "polarity_of_velocity", "pairs", "filter_classes", "remarks",
                    "ratings"):  # fmt: skip
        assert table[section]["source"], section
    for row in table["magnitudes"]:
        low, high = row["usual"]
        assert row["source"]
        assert row["smallest"] <= low < high <= row["largest"], row


@pytest.mark.parametrize(
    ("text", "name"),
    [("M/S2", "m/s²"), ("m/s^2", "m/s²"), ("G'S", "g"), ("g", "g"), ("Nm", "N·m"), ("N.m", "N·m"), ("kN", "kN"),
     ("DPS", "deg/s"), ("um", "µm"), ("MM", "mm"), ("furlong", "furlong")],
)  # fmt: skip
def test_spellings_of_units(text: str, name: str) -> None:
    assert unit_name(text) == name
