from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from carindex.messages import InputError
from carindex.recordings import read


@pytest.fixture
def file(tmp_path: Path) -> Path:
    asammdf = pytest.importorskip("asammdf")
    fast, slow = np.arange(100) * 1e-4 - 0.002, np.array([0.0, 0.01, 0.05])
    signals = [
        asammdf.Signal(np.sin(fast * 1000), fast, unit="g", name="11HEAD0000H3ACX0", comment="head"),
        asammdf.Signal(np.arange(100, dtype=np.int16), fast, unit="kN", name="Belt"),
    ]
    path = tmp_path / "a.mf4"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with asammdf.MDF(version="4.10") as measurement:
            measurement.append(signals, comment="fast")
            measurement.append(asammdf.Signal([1.0, 2.0, 3.0], slow, unit="bar", name="Pressure"))
            measurement.save(path)
    return path


def test_signals(file: Path) -> None:
    recording = read(file)
    assert recording.format == "mdf4"
    head, belt, pressure = recording
    time = np.arange(100) * 1e-4 - 0.002
    assert (head.label, head.unit, head.attributes["comment"]) == ("11HEAD0000H3ACX0", "m/s²", "head")
    assert head.values.tolist() == (np.sin(time * 1000) * 9.80665).tolist()
    assert (head.start, head.step) == (pytest.approx(-0.002), pytest.approx(1e-4))
    assert (belt.code, belt.name, belt.unit) == (None, "Belt", "N")
    assert belt.values.tolist() == [1000.0 * n for n in range(100)]
    assert not pressure.has_constant_step
    assert pressure.time.tolist() == [0.0, 0.01, 0.05]
    assert pressure.values.tolist() == [1e5, 2e5, 3e5]
    assert recording.occupants == {"1": "H3"}


@pytest.mark.parametrize("keep", [70, 300, 2000])
def test_damaged(file: Path, keep: int) -> None:
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(InputError) as caught:
        read(file)
    assert caught.value.code in {"recordings.unreadable_file", "recordings.no_channels"}


def test_without_asammdf(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asammdf", None)
    with pytest.raises(InputError, match=r"pip install \"carindex\[mdf4\]\""):
        read(file)
