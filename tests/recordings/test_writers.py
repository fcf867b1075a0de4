from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from carindex.messages import InputError
from carindex.recordings import Channel, ChannelCode, Recording, Step, read, write_iso_mme, write_parquet

UNITS = ["m/s²", "N", "N·m", "m", "m/s", "rad", "rad/s", "rad/s²", "Pa", "K", "V", "A", "1", "s", "kg"]
any_float = st.floats(allow_nan=True, allow_infinity=True, allow_subnormal=True)
samples = hnp.arrays(np.float64, st.integers(1, 30), elements=any_float)


def channel(
    values: np.ndarray, time: np.ndarray | None, unit: str, number: int, start: float, step: float
) -> Channel:
    return Channel(
        code=ChannelCode(f"1{number}HEAD0000H3ACX0"), name=f"Kopf {number}: Größe 头部", unit=unit,
        source_unit=unit, start=start, step=float("nan") if time is not None else step, place="memory",
        load=lambda: values, attributes={"comment": "a: b", "Cut off frequency": "2800"}, load_time=None if
        time is None else lambda: time,
    )  # fmt: skip


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    found = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        values = draw(samples)
        time = None
        if draw(st.booleans()):
            times = st.floats(-1, 1, allow_subnormal=False)
            time = draw(hnp.arrays(np.float64, values.size, elements=times))
        start, step = draw(st.floats(-1, 0)), draw(st.floats(1e-6, 1e-2))
        found.append(channel(values, time, draw(st.sampled_from(UNITS)), number, start, step))
    return Recording(Path("memory"), "table", tuple(found), {"title": "Versuch 试验", "x y": "a:b"})


def same(first: Recording, second: Recording) -> None:
    by_label = {c.label: c for c in second}
    for expected in first:
        found = by_label[expected.label]
        assert np.array_equal(found.values, expected.values, equal_nan=True)
        assert (found.unit, found.name) == (expected.unit, expected.name)
        assert found.has_constant_step == expected.has_constant_step
        if expected.has_constant_step:
            assert (found.start, found.step) == (expected.start, expected.step)
        assert np.array_equal(found.time, expected.time)
        assert found.findings == ()
        assert found.attributes["comment"] == expected.attributes["comment"]
    assert second.attributes["title"] == first.attributes["title"]
    assert [f for f in second.findings if f.severity == "error"] == []


@settings(max_examples=60, deadline=None)
@given(recordings())
def test_iso_mme_round_trip_is_exact(recording: Recording) -> None:
    with tempfile.TemporaryDirectory() as folder:
        same(recording, read(write_iso_mme(recording, Path(folder) / "out")))
        same(recording, read(write_iso_mme(recording, Path(folder) / "out.zip"), eager=True))


@settings(max_examples=60, deadline=None)
@given(recordings())
def test_parquet_round_trip_is_exact(recording: Recording) -> None:
    with tempfile.TemporaryDirectory() as folder:
        same(recording, read(write_parquet(recording, Path(folder) / "a.parquet")))


def test_history_survives(tmp_path: Path) -> None:
    made = channel(np.ones(3), None, "N", 1, 0.0, 1e-4).processed(np.ones(3), Step("CFC 180", "SAE J211"))
    recording = Recording(Path("memory"), "table", (made,))
    assert read(write_parquet(recording, tmp_path / "a")).channels[0].history == (
        Step("CFC 180", "SAE J211"),
    )
    text = (write_iso_mme(recording, tmp_path / "o", name="t") / "Channel/t.001").read_text("utf-8")
    assert "Processing history          :CFC 180: SAE J211\n" in text


def test_channels_without_code_and_with_the_same_code(tmp_path: Path) -> None:
    first = channel(np.arange(3.0), None, "N", 1, 0.0, 1e-4)
    second = Channel(None, "Belt [left]", "N", "N", 0.0, 1e-4, "memory", lambda: np.ones(3))
    recording = Recording(Path("memory"), "table", (first, first, second))
    for back in (
        read(write_parquet(recording, tmp_path / "a")),
        read(write_iso_mme(recording, tmp_path / "o.zip")),
    ):
        assert [c.name for c in back] == [first.name, first.name, "Belt [left]"]
        assert [c.values.tolist() for c in back] == [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [1.0, 1.0, 1.0]]
        assert back.channels[2].code is None


@pytest.mark.parametrize("kind", ["ev5", "iso-mme"])
def test_real_channels(data: Path, tmp_path: Path, kind: str) -> None:
    recording = read(data / kind)
    for target in (
        write_iso_mme(recording, tmp_path / "a.zip"),
        write_parquet(recording, tmp_path / "a.parquet"),
    ):
        back = read(target)
        for expected, found in zip(recording, back, strict=True):
            assert (expected.values == found.values).all()
            assert (expected.code, expected.unit, expected.name, expected.start, expected.step) == (
                found.code, found.unit, found.name, found.start, found.step,
            )  # fmt: skip
        for key in ("published 11 HIC", "Laboratory name"):
            assert back.attributes.get(key) == recording.attributes.get(key)
        assert back.occupants["1"] == "H3"


def test_same_recording_same_bytes(data: Path, tmp_path: Path) -> None:
    recording = read(data / "ev5")
    for write, name in ((write_iso_mme, "a.zip"), (write_parquet, "a.parquet")):
        first = write(recording, tmp_path / name).read_bytes()
        assert write(read(data / "ev5", eager=True), tmp_path / f"b{name}").read_bytes() == first


def test_nothing_to_write_to(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    recording = read(data / "iso-mme")
    for write, name in (
        (write_iso_mme, "file/a"),
        (write_iso_mme, "file/a.zip"),
        (write_parquet, "file/a.parquet"),
    ):
        with pytest.raises(InputError) as caught:
            write(recording, tmp_path / name)
        assert caught.value.code == "recordings.not_writable"
    shutil.rmtree(tmp_path, ignore_errors=True)
