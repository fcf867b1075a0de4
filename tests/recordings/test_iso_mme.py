from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from iso_mme_files import MME, channel, files, write

from carindex.messages import InputError
from carindex.recordings import Recording, read


def read_files(folder: Path, content: dict[str, bytes], *, eager: bool = False) -> Recording:
    return read(write(folder, content), eager=eager)


def codes(recording: Recording) -> list[str]:
    return [finding.code.removeprefix("recordings.") for finding in recording.findings]


@pytest.mark.parametrize("eager", [False, True])
def test_real_channels(data: Path, eager: bool) -> None:
    recording = read(data / "iso-mme", eager=eager)
    assert recording.format == "iso-mme"
    assert len(recording) == 7
    assert recording.findings == ()
    assert recording.occupants == {"1": "H3"}
    assert recording.attributes["Laboratory name"] == "MGA"
    assert recording.attributes["Velocity test object 1"] == "15.858"
    head = recording.by_code["11HEAD0000H3ACX0"][0]
    assert (head.unit, head.source_unit, head.declared_samples) == ("m/s²", "m/s2", 500)
    assert (head.start, head.step) == (-0.01, 0.0001)
    assert head.attributes["Cut off frequency"] == "2800"
    lines = (data / "iso-mme/Channel/v10146.001").read_text("ascii").splitlines()[-500:]
    assert head.values.tolist() == [float(line) for line in lines]
    assert head.time[0] == -0.01
    assert head.time[-1] == pytest.approx(0.0399, abs=1e-12)
    assert not head.values.flags.writeable
    assert head.findings == ()
    assert len(recording.files) == 9


@pytest.mark.parametrize("name", ["v10146.mme", "Channel/v10146.chn", "."])
def test_every_entrance_leads_to_the_same_recording(data: Path, name: str) -> None:
    recording = read(data / "iso-mme" / name)
    assert [c.label for c in recording] == [c.label for c in read(data / "iso-mme")]


def test_one_channel_file_alone(data: Path) -> None:
    recording = read(data / "iso-mme/Channel/v10146.019")
    assert [c.label for c in recording] == ["11CHST0003H3DSX0"]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16-le"), ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"), ("latin-1", "latin-1"), ("ascii", "ascii"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings(tmp_path: Path, encoding: str, name: str, newline: str) -> None:
    special = "Kopf" if encoding == "ascii" else "Kopf Größe µ"
    text = channel(unit="m/s2", entries={"Name of the channel": special}, newline=newline, end=newline)
    content = files({}) | {"Channel/t.001": text.encode(encoding)}
    content["t.mme"] = MME.replace("\n", newline).encode("utf-16" if "16" in encoding else "utf-8")
    del content["Channel/t.chn"]
    (only,) = read_files(tmp_path, content)
    assert only.name == special
    assert only.values.tolist() == [1.0, 2.0, 3.0]
    assert only.attributes["encoding"] == name
    assert only.findings == ()


def test_windows_1252(tmp_path: Path) -> None:
    text = channel(entries={"Name of the channel": "Messung – 50 €"}).encode("cp1252")
    (only,) = read_files(tmp_path, files({1: text}))
    assert only.name == "Messung – 50 €"
    assert only.attributes["encoding"] == "cp1252"


def test_degree_sign_in_latin_1(tmp_path: Path) -> None:
    text = channel("11HEAD0000H3AVX0", unit="°/s", samples=["180"]).encode("latin-1")
    (only,) = read_files(tmp_path, files({1: text}))
    assert only.unit == "rad/s"
    assert only.values[0] == pytest.approx(math.pi)


def test_keys_in_any_case_and_spacing(tmp_path: Path) -> None:
    text = """channel  CODE:11head0000h3acx0
UNIT :  g
SAMPLING interval:0,0001
Time of First sample: -0.01
numberofsamples:2
1
2
"""
    (only,) = read_files(tmp_path, files({1: text}))
    assert only.label == "11HEAD0000H3ACX0"
    assert only.values.tolist() == [9.80665, 2 * 9.80665]
    assert (only.start, only.step, only.declared_samples) == (-0.01, 0.0001, 2)


def test_decimal_comma(tmp_path: Path) -> None:
    (only,) = read_files(tmp_path, files({1: channel(samples=["1,5", "-2,5"])}))
    assert only.values.tolist() == [1.5, -2.5]


@pytest.mark.parametrize(("unit", "factor"), [("s", 1.0), ("ms", 1e-3)])
def test_explicit_time(tmp_path: Path, unit: str, factor: float) -> None:
    explicit = {
        "Reference channel": "explicit",
        "Reference channel name": "10TIRS000000TI00",
        "Sampling interval": "NOVALUE",
        "Time of first sample": "NOVALUE",
    }
    times = ["-10", "0", "15"]
    content = files(
        {1: channel(entries=explicit), 2: channel("10TIRS000000TI00", times, unit=unit, entries=explicit)}
    )
    recording = read_files(tmp_path, content)
    head = recording.channels[0]
    assert not head.has_constant_step
    assert math.isnan(head.step)
    assert head.time.tolist() == pytest.approx([float(t) * factor for t in times])
    assert head.findings == ()


def test_missing_time_channel_is_an_error_and_not_a_time(tmp_path: Path) -> None:
    explicit = {"Reference channel": "explicit", "Reference channel name": "10TIRS000000TI00"}
    (head,) = read_files(tmp_path, files({1: channel(entries=explicit)}))
    assert np.isnan(head.time).all()
    assert head.values.tolist() == [1.0, 2.0, 3.0]
    assert [(f.code, f.severity) for f in head.findings] == [("recordings.no_time_channel", "error")]


def test_time_channel_that_is_too_short(tmp_path: Path) -> None:
    explicit = {"Reference channel": "explicit", "Reference channel name": "10TIRS000000TI00"}
    content = files({1: channel(entries=explicit), 2: channel("10TIRS000000TI00", ["0", "1"], unit="s")})
    head = read_files(tmp_path, content).channels[0]
    assert np.array_equal(head.time, [0.0, 1.0, np.nan], equal_nan=True)
    assert [f.code for f in head.findings] == ["recordings.time_length"]


def test_time_and_value_pairs(tmp_path: Path) -> None:
    entries = {"Reference channel": "explicit", "Sampling interval": "NOVALUE"}
    (head,) = read_files(tmp_path, files({1: channel(samples=["0.0 1", "0.1 2", "0.3 3"], entries=entries)}))
    assert head.values.tolist() == [1.0, 2.0, 3.0]
    assert head.time.tolist() == [0.0, 0.1, 0.3]


@pytest.mark.parametrize("key", ["Sampling interval", "Time of first sample"])
def test_missing_time_is_never_read_as_zero(tmp_path: Path, key: str) -> None:
    recording = read_files(tmp_path, files({1: channel(entries={key: "NOVALUE"})}))
    assert codes(recording) == ["no_time"]
    assert recording.findings[0].severity == "error"
    assert np.isnan(recording.channels[0].time).any()
    assert recording.channels[0].values.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("key", "value"),
    [("Sampling interval", "abc"), ("Sampling interval", "0"), ("Sampling interval", "-0.1"),
     ("Sampling interval", "inf"), ("Number of samples", "x"), ("Number of samples", "-5"),
     ("Time of first sample", "1_0")],
)  # fmt: skip
def test_header_values_that_make_no_sense(tmp_path: Path, key: str, value: str) -> None:
    recording = read_files(
        tmp_path, files({1: channel(entries={key: value}), 2: channel("11HEAD0000H3ACY0")})
    )
    assert "header_value" in codes(recording)
    assert recording.findings[0].channel == "11HEAD0000H3ACX0"
    assert recording.channels[1].values.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("unit", "code"),
    [(None, "missing_unit"), ("", "missing_unit"), ("NOVALUE", "missing_unit"), ("xyz", "unknown_unit")],
)
def test_unit_that_is_not_known(tmp_path: Path, unit: str | None, code: str) -> None:
    recording = read_files(tmp_path, files({1: channel(unit=unit)}))
    (head,) = recording
    assert head.unit == ""
    assert head.values.tolist() == [1.0, 2.0, 3.0]
    assert codes(recording) == [code]


def test_bad_sample_is_a_finding_of_its_channel_only(tmp_path: Path) -> None:
    content = files({1: channel(samples=["1", "kaputt", "3"]), 2: channel("11HEAD0000H3ACY0")})
    for eager in (False, True):
        recording = read_files(tmp_path, content, eager=eager)
        first, second = recording
        assert np.array_equal(first.values, [1.0, np.nan, 3.0], equal_nan=True)
        (finding,) = first.findings
        assert (finding.code, finding.channel) == ("recordings.unreadable_sample", first.label)
        assert finding.place.endswith("t.001:11")
        assert second.findings == ()
        assert second.values.tolist() == [1.0, 2.0, 3.0]


def test_damaged_header_line_does_not_shift_the_samples(tmp_path: Path) -> None:
    text = channel().replace("Number of samples           :3", "Number of samples            3")
    recording = read_files(tmp_path, files({1: text}))
    assert codes(recording) == ["header_line"]
    assert recording.channels[0].values.tolist() == [1.0, 2.0, 3.0]
    text = channel().replace("Unit                        :m/s2", "####")
    recording = read_files(tmp_path, files({1: text}))
    assert codes(recording) == ["header_line", "missing_unit"]
    assert recording.channels[0].values.tolist() == [1.0, 2.0, 3.0]


def test_without_index_all_numbered_files_are_read(tmp_path: Path) -> None:
    recording = read_files(
        tmp_path,
        files({1: channel(), 2: channel("11HEAD0000H3ACY0"), 1000: channel("11HEAD0000H3ACZ0")}, index=False),
    )
    assert [c.label for c in recording] == ["11HEAD0000H3ACX0", "11HEAD0000H3ACY0", "11HEAD0000H3ACZ0"]
    assert [(f.code, f.severity) for f in recording.findings] == [("recordings.missing_index", "note")]


def test_index_decides_which_channels_belong(tmp_path: Path) -> None:
    content = files({1: channel(), 2: channel("11HEAD0000H3ACY0")})
    content["Channel/t.003"] = channel("11HEAD0000H3ACZ0").encode()
    recording = read_files(tmp_path, content)
    assert [c.label for c in recording] == ["11HEAD0000H3ACX0", "11HEAD0000H3ACY0"]
    (finding,) = recording.findings
    assert (finding.code, finding.severity) == ("recordings.unlisted_channel", "warning")
    assert "t.003" in finding.text()


def test_listed_channel_without_file(tmp_path: Path) -> None:
    content = files({1: channel(), 2: channel("11HEAD0000H3ACY0")})
    del content["Channel/t.002"]
    recording = read_files(tmp_path, content)
    assert len(recording) == 1
    (finding,) = recording.findings
    assert (finding.code, finding.channel) == ("recordings.missing_file", "11HEAD0000H3ACY0")


def test_code_from_the_index_and_codes_that_differ(tmp_path: Path) -> None:
    content = files({1: channel(), 2: channel("11HEAD0000H3ACY0")})
    content["Channel/t.001"] = channel(entries={"Channel code": "NOVALUE"}).encode()
    content["Channel/t.002"] = channel("11HEAD0000H3ACZ0").encode()
    content["Channel/t.chn"] = content["Channel/t.chn"].replace(b"NOVALUE ", b"11HEAD0000H3ACX0 ")
    recording = read_files(tmp_path, content)
    assert [c.label for c in recording] == ["11HEAD0000H3ACX0", "11HEAD0000H3ACZ0"]
    assert codes(recording) == ["code_differs"]


def test_without_test_header(tmp_path: Path) -> None:
    recording = read_files(tmp_path, files({1: channel()}, mme=None))
    assert len(recording) == 1
    assert "missing_header" in codes(recording)


def test_channel_without_code_keeps_its_name(tmp_path: Path) -> None:
    recording = read_files(tmp_path, files({1: channel("FREITEXT")}))
    (only,) = recording
    assert only.code is None
    assert only.label == "Sensor FREITEXT"
    assert codes(recording) == ["no_code"]


def test_any_number_of_digits_and_channels_beside_the_header(tmp_path: Path) -> None:
    content = {
        "x.mme": MME.encode(),
        "x.1": channel().encode(),
        "x.0002": channel("11HEAD0000H3ACY0").encode(),
    }
    assert [c.label for c in read_files(tmp_path, content)] == ["11HEAD0000H3ACX0", "11HEAD0000H3ACY0"]


def test_recognised_by_content_not_by_ending(tmp_path: Path) -> None:
    content = {"header.txt": MME.encode(), "header.001": channel().encode()}
    assert read_files(tmp_path, content).format == "iso-mme"


def test_two_recordings_are_named(tmp_path: Path) -> None:
    content = files({1: channel()}) | {"other.mme": MME.encode()}
    with pytest.raises(InputError, match=r"2 recordings, among them (other|t)\.mme and (other|t)\.mme"):
        read_files(tmp_path, content)
    assert len(read(tmp_path / "t.mme")) == 1


def test_header_without_channels(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_files(tmp_path, {"t.mme": MME.encode()})
    assert caught.value.code == "recordings.no_channels"


def test_unreadable_channel_file_is_a_finding(tmp_path: Path) -> None:
    content = files({1: channel(), 2: channel("11HEAD0000H3ACY0")})
    write(tmp_path, content)
    (tmp_path / "Channel/t.002").unlink()
    (tmp_path / "Channel/t.002").symlink_to("/nowhere")
    recording = read(tmp_path)
    assert [c.label for c in recording] == ["11HEAD0000H3ACX0"]
    assert codes(recording) == ["missing_file"]


@pytest.mark.shared
def test_101_channels(shared: Path) -> None:
    recording = read(shared / "data/nhtsa-v10146-isomme", eager=True)
    assert len(recording) == 101
    assert recording.findings == ()
    assert all(c.findings == () and c.values.size == 3500 for c in recording)
    assert recording.occupants == {"1": "H3", "3": "HF"}


def test_other_text_with_a_title_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Title: my notes\nTimestamp: today\nRegulation: none\n")
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert caught.value.code == "recordings.unknown_format"


def test_numbers_beyond_a_double_become_infinite_without_noise(tmp_path: Path) -> None:
    entries = {"Sampling interval": "1e308"}
    (only,) = read_files(
        tmp_path, files({1: channel(samples=["1e308", "-1e999", "1"], unit="kN", entries=entries)})
    )
    assert only.values.tolist() == [math.inf, -math.inf, 1000.0]
    assert only.time.shape == (3,)
