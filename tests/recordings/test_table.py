from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from carindex.messages import InputError
from carindex.recordings import Recording, read
from carindex.recordings.rasters import constant_step


def table(folder: Path, text: str, name: str = "a.csv", encoding: str = "utf-8") -> Recording:
    file = folder / name
    file.write_bytes(text.encode(encoding))
    return read(file)


def codes(recording: Recording) -> list[str]:
    return [finding.code.removeprefix("recordings.") for finding in recording.findings]


PLAIN = """# title: Frontal 50 km/h
# initial velocity: 15.6
time [ms],11HEAD0000H3ACX0 [g],Sled pulse [m/s²]
-0.1,1.0,10
0.0,2.5,20
0.1,-3.0,30
"""


def test_plain(tmp_path: Path) -> None:
    recording = table(tmp_path, PLAIN)
    assert recording.format == "table"
    assert recording.attributes["title"] == "Frontal 50 km/h"
    assert recording.attributes["initial velocity"] == "15.6"
    head, sled = recording
    assert (head.label, head.unit, head.source_unit) == ("11HEAD0000H3ACX0", "m/s²", "g")
    assert head.values.tolist() == [9.80665, 2.5 * 9.80665, -3.0 * 9.80665]
    assert (head.start, head.step) == (pytest.approx(-1e-4), pytest.approx(1e-4))
    assert (sled.code, sled.name, sled.values.tolist()) == (None, "Sled pulse", [10.0, 20.0, 30.0])
    assert recording.occupants == {"1": "H3"}
    assert recording.findings == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("separator", "point"), [(",", "."), (";", "."), (";", ","), ("\t", ","), ("\t", ".")]
)
def test_spellings_of_the_same_table(
    tmp_path: Path, encoding: str, newline: str, separator: str, point: str
) -> None:
    rows = [["0.0", "1.5"], ["0.1", "-2.5"], ["0.2", "0.25"]]
    lines = ["# Ort: Grüne Wiese", separator.join(["time [s]", "a [N]"])]
    lines += [separator.join(cell.replace(".", point) for cell in row) for row in rows]
    recording = table(tmp_path, newline.join([*lines, ""]), "x", encoding)
    assert recording.channels[0].values.tolist() == [1.5, -2.5, 0.25]
    assert recording.channels[0].time.tolist() == pytest.approx([0.0, 0.1, 0.2])
    assert recording.attributes["Ort"] == "Grüne Wiese"


def test_missing_cells_are_nan(tmp_path: Path) -> None:
    recording = table(tmp_path, "time [s],a [N],b [N]\n0,1,\n1,NOVALUE,5\n2,3,nan\n")
    first, second = recording
    assert np.array_equal(first.values, [1.0, np.nan, 3.0], equal_nan=True)
    assert np.array_equal(second.values, [np.nan, 5.0, np.nan], equal_nan=True)
    assert first.findings == second.findings == ()


def test_bad_cell_is_a_finding_of_its_column(tmp_path: Path) -> None:
    first, second = table(tmp_path, "time [s],a [N],b [N]\n0,1,4\n1,kaputt,5\n2,3,6\n")
    assert np.array_equal(first.values, [1.0, np.nan, 3.0], equal_nan=True)
    (finding,) = first.findings
    assert (finding.code, finding.severity, finding.channel) == ("recordings.unreadable_sample", "error", "a")
    assert finding.place.endswith("a.csv:3")
    assert second.values.tolist() == [4.0, 5.0, 6.0]
    assert second.findings == ()


def test_uneven_rows(tmp_path: Path) -> None:
    recording = table(tmp_path, "time [s],a [N],b [N]\n0,1,4\n1,2\n2,3,6\n")
    assert np.array_equal(recording.channels[1].values, [4.0, np.nan, 6.0], equal_nan=True)
    assert codes(recording) == ["table_row"]


def test_explicit_time(tmp_path: Path) -> None:
    recording = table(tmp_path, "time [s],a [N]\n0,1\n0.1,2\n0.5,3\n")
    (only,) = recording
    assert not only.has_constant_step
    assert only.time.tolist() == [0.0, 0.1, 0.5]
    assert codes(recording) == ["time_not_constant"]


def test_stated_interval_is_used_where_the_column_is_only_rounded(tmp_path: Path) -> None:
    rows = "".join(f"{-0.01 + i * 7.8125e-5:.6f},{i}\n" for i in range(500))
    head = "# sampling interval: 0.000078125\n# time of first sample: -0.01\n# samples: 500\n"
    (only,) = table(tmp_path, f"{head}time [s],a [N]\n{rows}")
    assert (only.start, only.step, only.declared_samples) == (-0.01, 7.8125e-5, 500)


def test_sample_count(tmp_path: Path) -> None:
    (only,) = table(tmp_path, "# samples: 4\ntime [s],a [N]\n0,1\n1,2\n")
    assert [(f.code, f.severity) for f in only.findings] == [("recordings.sample_count", "error")]


@pytest.mark.parametrize("heading", ["time", "time [g]", "time [xyz]"])
def test_time_without_unit_is_refused(tmp_path: Path, heading: str) -> None:
    with pytest.raises(InputError) as caught:
        table(tmp_path, f"{heading},a [N]\n0,1\n")
    assert caught.value.code == "recordings.table_time_unit"


def test_column_without_unit(tmp_path: Path) -> None:
    recording = table(tmp_path, "time [s],11HEAD0000H3ACX0,b [xyz]\n0,1,2\n1,2,3\n")
    assert codes(recording) == ["missing_unit", "unknown_unit"]
    assert [c.unit for c in recording] == ["", ""]


def test_two_tables_in_one_folder(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(PLAIN, "utf-8")
    with pytest.raises(InputError, match=r"a\.csv and b\.csv"):
        read(tmp_path)


def test_foreign_parquet(tmp_path: Path) -> None:
    columns = {"time [s]": [0.0, 0.1, 0.2], "11HEAD0000H3ACX0 [g]": [1, None, 3], "note": ["a", "b", "c"]}
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    recording = read(tmp_path / "a.parquet")
    (head,) = recording
    assert np.array_equal(head.values, [9.80665, np.nan, 3 * 9.80665], equal_nan=True)
    assert codes(recording) == ["not_numeric"]


@pytest.mark.parametrize("keep", [5, 50, 200])
def test_damaged_parquet(tmp_path: Path, keep: int) -> None:
    parquet.write_table(pa.table({"time [s]": [0.0, 1.0], "a [N]": [1.0, 2.0]}), tmp_path / "a")
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:keep])
    with pytest.raises(InputError) as caught:
        read(tmp_path / "a")
    assert caught.value.code == "recordings.unreadable_file"


def test_parquet_without_time(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a [N]": [1.0, 2.0]}), tmp_path / "a")
    with pytest.raises(InputError) as caught:
        read(tmp_path / "a")
    assert caught.value.code == "recordings.table_no_time"


@given(st.floats(-1, 1), st.integers(1, 10**7), st.integers(2, 300))
def test_constant_step_is_found(start: float, nanoseconds: int, count: int) -> None:
    step = nanoseconds / 1e9
    found = constant_step(start + step * np.arange(count))
    assert found is not None
    assert found[0] == pytest.approx(start, abs=1e-12)
    assert found[1] == pytest.approx(step, rel=1e-6)


@pytest.mark.parametrize("time", [[], [0.0], [0.0, math.nan], [1.0, 0.0], [0.0, 0.0], [0.0, 1.0, 3.0]])
def test_no_constant_step(time: list[float]) -> None:
    assert constant_step(np.array(time)) is None


@settings(max_examples=150)
@given(st.binary(max_size=200))
def test_any_bytes_after_the_heading(data: bytes) -> None:
    from carindex.recordings.formats import table as format_table
    from carindex.recordings.sources import in_memory

    source = in_memory({"a": b"time [s],a [N]\n0,1\n" + data})
    for channel in format_table.read(source):
        assert channel.values.shape == channel.time.shape
        assert channel.values[0] == 1.0
