from __future__ import annotations

import math
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml

from carindex.messages import InputError
from carindex.recordings import Channel, ChannelCode, Recording, read
from carindex.recordings.formats import nhtsa_codes

G = 9.80665


@pytest.fixture
def folder(data: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(data / "ev5", tmp_path / "ev5"))


def codes(recording: Recording) -> list[str]:
    return [finding.code.removeprefix("recordings.") for finding in recording.findings]


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("ascii")
    assert old in text
    file.write_text(text.replace(old, new), "ascii")


def raw(data: Path, number: int) -> list[tuple[float, float]]:
    """The reference: one line at a time."""
    lines = (data / f"ev5/v10146.{number:03d}").read_text("ascii").splitlines()
    return [(float(a), float(b)) for a, b in (line.split("\t") for line in lines)]


@pytest.mark.parametrize("eager", [False, True])
def test_real_channels(data: Path, eager: bool) -> None:
    recording = read(data / "ev5", eager=eager)
    assert recording.format == "nhtsa-ev5"
    assert [c.label for c in recording] == [
        "11HEAD0000H3ACX0", "11HEAD0000H3ACY0", "11HEAD0000H3ACZ0", "11HEAD00RDH3ACX0", "11CHST0003H3DSX0",
        "11FEMRLE00H3FOZ0", "10ENGN000000ACX0", "BOTTOM OF ENGINE X: No valid data after 67ms",
    ]  # fmt: skip
    assert recording.occupants == {"1": "H3", "3": "HF"}
    for channel, number, unit, factor in zip(
        recording, (1, 2, 3, 4, 19, 23, 95, 96), ["m/s²"] * 4 + ["m", "N"] + ["m/s²"] * 2,
        [G] * 4 + [1e-3, 1.0] + [G] * 2, strict=True,
    ):  # fmt: skip
        lines = raw(data, number)
        assert channel.unit == unit
        assert channel.values.tolist() == [value * factor for _, value in lines]
        assert channel.time.tolist() == pytest.approx([time for time, _ in lines], abs=1e-9)
        assert (channel.start, channel.step, channel.declared_samples) == (-0.01, 0.0001, 500)
        assert channel.findings == ()


def test_attributes_of_a_channel(data: Path) -> None:
    head, *_, last = read(data / "ev5").channels
    assert head.name == "DRIVER HEAD X"
    assert head.source_unit == "G'S"
    expected = {
        "Cut off frequency": "2800", "initial velocity": "57.09", "data status": "AM",
        "primary or redundant": "P", "comment": "DRIVER HEAD X", "Channel amplitude class": "1200",
        "sensor attachment": "HDCG", "axis": "XL", "curve number": "1",
    }  # fmt: skip
    assert expected.items() <= head.attributes.items()
    assert last.attributes["data status"] == "CF"
    assert last.attributes["comment"].endswith("No valid data after 67ms")


def test_attributes_of_the_test(data: Path) -> None:
    attributes = read(data / "ev5/v10146.EV5").attributes
    expected = {
        "test number": "v10146", "title": "NCAP - 2018 TOYOTA CAMRY LE 4-DOOR SEDAN", "test type": "NCA",
        "test date": "03/OCT/2017", "laboratory": "MGA", "closing speed": "57.09",
        "closing speed m/s": "15.8583",
        "vehicle 1 model year": "2018", "vehicle 1 speed": "57.09", "vehicle 1 test mass": "1719",
        "published 11 HIC": "140", "published 11 HIC t1 ms": "77.7",
        "published 11 HIC t2 ms": "92.7",
        "published 11 chest 3 ms g": "41.0", "published 11 femur left N": "-1923",
        "published 11 femur right N": "-2345", "published 13 HIC": "335",
        "published 13 femur left N": "-1182",
    }  # fmt: skip
    assert expected.items() <= attributes.items()
    assert "published 11 lap belt N" not in attributes  # 0 in the record: not reported


def test_sensor_that_was_not_installed_is_a_note(data: Path) -> None:
    finding = next(f for f in read(data / "ev5").findings if f.code == "recordings.not_installed")
    assert (finding.severity, finding.channel) == ("note", "11SEBE0000B3FO00")
    assert "045" in finding.text("en")
    assert "045" in finding.text("zh")


def test_a_code_is_given_once(data: Path) -> None:
    recording = read(data / "ev5")
    assert all(len(channels) == 1 for channels in recording.by_code.values())
    finding = next(f for f in recording.findings if f.code == "recordings.code_taken")
    assert finding.severity == "note"
    assert "095" in finding.text()


def test_missing_curve_file_is_a_warning(folder: Path) -> None:
    (folder / "v10146.019").unlink()
    finding = next(f for f in read(folder).findings if f.code == "recordings.missing_file")
    assert (finding.severity, finding.channel) == ("warning", "11CHST0003H3DSX0")


def test_values_only_curves_take_their_time_from_the_header(folder: Path, data: Path) -> None:
    for number in (1, 2):
        values = "".join(f"{value!r}\r\n" for _, value in raw(data, number))
        (folder / f"v10146.{number:03d}").write_text(values, "ascii")
    first = read(folder).channels[0]
    assert first.values.tolist() == [value * G for _, value in raw(data, 1)]
    assert (first.start, first.step, first.findings) == (-0.01, 0.0001, ())


def test_header_that_disagrees_with_the_time_column(folder: Path) -> None:
    edit(
        folder / "v10146.EV5",
        "57.09|-100|399|100|AM|P|DRIVER HEAD X\n",
        "57.09|-100|399|125|AM|P|DRIVER HEAD X\n",
    )
    recording = read(folder)
    first = recording.channels[0]
    assert (first.start, first.step) == (-0.01, 0.0001)
    assert "time_differs" in codes(recording)


def test_no_time_increment_in_the_header(folder: Path) -> None:
    edit(
        folder / "v10146.EV5",
        "57.09|-100|399|100|AM|P|DRIVER HEAD X\n",
        "57.09|-100|399|0|AM|P|DRIVER HEAD X\n",
    )
    recording = read(folder)
    assert (recording.channels[0].start, recording.channels[0].step) == (-0.01, 0.0001)
    assert "time_differs" not in codes(recording)


def test_time_that_is_really_not_constant_stays_explicit(folder: Path, data: Path) -> None:
    lines = [(time + 0.02 * (time + 0.01) ** 2, value) for time, value in raw(data, 1)]
    (folder / "v10146.001").write_text("".join(f"{t:.9f}\t{v}\n" for t, v in lines), "ascii")
    recording = read(folder)
    first = recording.channels[0]
    assert not first.has_constant_step
    assert first.time.tolist() == [float(f"{t:.9f}") for t, _ in lines]
    assert "time_not_constant" in codes(recording)


def test_one_damaged_time_is_an_error_of_that_channel(folder: Path) -> None:
    edit(folder / "v10146.001", "\n0.000000\t", "\n0.005000\t")
    first, second, *_ = read(folder).channels
    assert first.has_constant_step
    assert [(f.code, f.severity) for f in first.findings] == [("recordings.time_irregular", "error")]
    assert first.findings[0].parameters["line"] == 101
    assert second.findings == ()


def test_lost_line_is_found(folder: Path) -> None:
    lines = (folder / "v10146.001").read_text("ascii").splitlines(keepends=True)
    (folder / "v10146.001").write_text("".join(lines[:200] + lines[201:]), "ascii")
    recording = read(folder)
    first = recording.channels[0]
    assert [f.code for f in first.findings] == ["recordings.sample_count"]
    # The samples that are left keep their own times: nothing after the gap moves forward.
    assert "time_not_constant" in codes(recording)
    assert first.time.tolist() == [float(line.split()[0]) for line in lines[:200] + lines[201:]]


@pytest.mark.parametrize("cut", [3, 5, 12, 18])
def test_curve_cut_inside_a_number(folder: Path, cut: int) -> None:
    content = (folder / "v10146.001").read_bytes()
    (folder / "v10146.001").write_bytes(content[: len(content) // 2 - cut])
    first, second, *_ = read(folder).channels
    assert "recordings.sample_count" in {f.code for f in first.findings if f.severity == "error"}
    assert second.findings == ()
    assert second.values.size == 500


def test_damaged_record_is_a_finding(folder: Path) -> None:
    edit(folder / "v10146.EV5", "1|2|AC|01|HDCG|YL|SEC", "1?2?AC")
    recording = read(folder)
    assert "11HEAD0000H3ACY0" not in recording.by_code
    finding = next(f for f in recording.findings if f.code == "recordings.record")
    assert finding.severity == "error"
    assert finding.place.endswith(":22")


def test_unknown_dummy_and_seat(folder: Path) -> None:
    edit(folder / "v10146.EV5", "1|01|H3|0|M|0|0|H3|50|DENTON", "1|01|ZZ|0|M|0|0|H3|50|DENTON")
    edit(folder / "v10146.EV5", "1|02|H3", "1|77|H3")
    recording = read(folder)
    assert {"unknown_dummy", "unknown_seat"} <= set(codes(recording))
    assert recording.channels[0].label == "11HEAD000000ACX0"
    assert recording.occupants == {}


def test_known_dummy_family_in_unknown_size_is_not_guessed() -> None:
    assert nhtsa_codes.dummy_of("H3", "77", "") is None
    assert nhtsa_codes.dummy_of("OT", "50", "THOR-50M S/N 3") == "TH"


def test_two_tests_in_one_folder(folder: Path) -> None:
    shutil.copy(folder / "v10146.EV5", folder / "v10147.EV5")
    with pytest.raises(InputError, match=r"v10146\.EV5 and v10147\.EV5"):
        read(folder)
    assert len(read(folder / "v10146.EV5")) == 8


def test_specification_without_curves(folder: Path) -> None:
    for file in folder.glob("*.[0-9]*"):
        file.unlink()
    with pytest.raises(InputError) as caught:
        read(folder)
    assert caught.value.code == "recordings.no_channels"


def test_ev5_and_iso_mme_agree(data: Path) -> None:
    agree(read(data / "ev5"), read(data / "iso-mme"))


def agree(ev5: Recording, iso: Recording) -> None:
    for expected in iso:
        found = ev5.by_code[expected.label][0]
        assert found.name == expected.name
        assert (found.start, found.step, found.unit) == (expected.start, expected.step, expected.unit)
        # Seven printed digits: relative rounding of at most 0.5e-6.
        assert np.allclose(found.values, expected.values, rtol=5.1e-7, atol=0.0)


def test_bundled_example(example: Path) -> None:
    if not example.exists():
        pytest.skip("the bundled example is not there yet")
    check_10146(read(example, eager=True))


def check_10146(recording: Recording) -> None:
    assert len(recording) == 102
    assert Counter(codes(recording)) == {"not_installed": 4, "code_taken": 1}
    assert all(c.findings == () for c in recording)
    assert {c.values.size for c in recording} == {3500, 1170}
    assert [c.name for c in recording if c.code is None] == ["BOTTOM OF ENGINE X: No valid data after 67ms"]


@pytest.mark.shared
def test_10146_and_its_iso_mme_conversion(shared: Path) -> None:
    recording = read(shared / "data/nhtsa-v10146", eager=True)
    check_10146(recording)
    iso = read(shared / "data/nhtsa-v10146-isomme", eager=True)
    agree(recording, iso)
    assert set(recording.by_code) == set(iso.by_code)


@pytest.mark.shared
def test_07292_with_a_thor(shared: Path) -> None:
    recording = read(shared / "data/nhtsa-v07292-thor", eager=True)
    assert len(recording) == 153
    assert recording.occupants == {"1": "TH"}
    assert set(codes(recording)) == {"code_taken"}
    assert all(c.findings == () and c.values.size == 4126 for c in recording)
    expected = {
        "21HEAD0000THACX0": 164, "21NECKLO00THMOY0": 183, "21CHSTLEUPTHDSX0": 305, "21CHSTRILOTHDSZ0": 316,
        "21ABDOLE00THDSX0": 298, "21PELV0000THACX0": 218, "21ACTBLE00THFOX0": 221, "21ACTBRI00THFOZ0": 226,
        "21LUSP0000THFOZ0": 212, "21FEMRRI00THFOZ0": 235, "21KNSLRI00THDSX0": 255, "21TIBILELOTHMOY0": 248,
        "21ANKLRI00THANY0": 266, "21FOOTLE00THACX0": 252, "21SEBE0000B3FO00": 283, "21SEBE0000B6FO00": 282,
        "20VEHCCG0000ACX0": 275, "20SILBLEFR00ACX0": 271, "21HEAD0000THAAY0": 286,
    }  # fmt: skip
    for code, number in expected.items():
        (found,) = recording.by_code[code]
        assert found.attributes["curve number"] == str(number)
    published = recording.attributes
    assert (published["published 21 HIC"], published["published 21 shoulder belt N"]) == ("432", "3504")
    # The published belt peaks, which CFC 60 lowers by some newtons: raw peaks lie just above them.
    belt = recording.by_code["21SEBE0000B3FO00"][0].values.max()
    assert 3504 <= belt <= 3504 * 1.05
    assert recording.channels[0].start == -0.02
    assert recording.channels[0].step == 8e-5


def test_table_of_codes_is_consistent() -> None:
    path = Path(nhtsa_codes.__file__).with_name("nhtsa_ev5_codes.yaml")
    table = yaml.safe_load(path.read_text("utf-8"))
    assert all(entry["position"] in "123456" for entry in table["positions"].values())
    assert {e["verified"] for e in table["attachments"].values()} <= {"data", "guide", "unverified"}
    for entry in table["attachments"].values():
        locations = [
            entry["code"],
            *entry.get("by_dimension", {}).values(),
            *entry.get("by_dummy", {}).values(),
        ]
        for location in locations:
            assert len(location) in {8, 10}
            code = f"11{location[:8]}{location[8:10] or 'H3'}ACX0"
            assert ChannelCode.parse(code) is not None


def test_polarity_is_left_as_recorded(data: Path) -> None:
    chest: Channel = read(data / "ev5").by_code["11CHST0003H3DSX0"][0]
    values = np.array([value for _, value in raw(data, 19)])
    assert np.array_equal(np.sign(chest.values), np.sign(values))
    assert math.isclose(chest.values.min(), values.min() / 1000.0, rel_tol=1e-15)


@pytest.mark.parametrize("time", ["1e308", "-1e308", "inf", "nan", "x"])
def test_impossible_times(folder: Path, time: str) -> None:
    lines = (folder / "v10146.001").read_text("ascii").splitlines()
    for row in (0, 250, 499):
        changed = [f"{time}\t{line.split()[1]}" if i == row else line for i, line in enumerate(lines)]
        (folder / "v10146.001").write_text("\n".join([*changed, ""]), "ascii")
        recording = read(folder)
        first, second = recording.channels[:2]
        told = [*first.findings, *(f for f in recording.findings if f.channel == first.label)]
        assert told
        assert first.time.shape == first.values.shape == (500,)
        assert second.findings == ()
