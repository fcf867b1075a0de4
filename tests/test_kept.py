"""What is made from the package's files is made once, and never taken from a place that cannot be trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from carindex import kept as module
from carindex.kept import SETTING, kept
from carindex.rating import compile_protocol, load_protocol, rate
from carindex.rating.compiled import compiled


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(SETTING, str(tmp_path / "cache"))
    return tmp_path / "cache"


class Maker:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> list[int]:
        self.calls += 1
        return [1, 2, 3]


def test_it_is_made_once(folder: Path) -> None:
    make = Maker()
    assert [kept("numbers", make) for _ in range(3)] == [[1, 2, 3]] * 3
    assert make.calls == 1
    assert len(list(folder.iterdir())) == 1


def test_another_state_of_the_package_is_another_entry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Maker()
    kept("numbers", make)
    kept("numbers.more", make)
    monkeypatch.setattr(module, "_state", lambda: "f" * 32)
    kept("numbers", make)
    assert make.calls == 3
    assert sorted(file.name.partition("-")[0] for file in folder.iterdir()) == ["numbers", "numbers.more"]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80\x05cno_such_module\nname\n."])
def test_a_damaged_entry_is_made_anew(folder: Path, content: bytes) -> None:
    make = Maker()
    kept("numbers", make)
    (file,) = folder.iterdir()
    file.write_bytes(content)
    assert kept("numbers", make) == [1, 2, 3]
    assert kept("numbers", make) == [1, 2, 3]
    assert make.calls == 2


def test_a_folder_that_others_may_write_into_is_not_read(folder: Path) -> None:
    make = Maker()
    kept("numbers", make)
    folder.chmod(0o777)
    kept("numbers", make)
    assert make.calls == 2


def test_off_and_a_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Maker()
    (tmp_path / "file").write_text("")
    for setting in ("off", str(tmp_path / "file" / "below")):
        monkeypatch.setenv(SETTING, setting)
        assert [kept("numbers", make) for _ in range(2)] == [[1, 2, 3]] * 2
    assert make.calls == 4


@pytest.mark.usefixtures("folder")
def test_a_kept_protocol_rates_as_a_fresh_one() -> None:
    fresh = rate(compile_protocol(load_protocol("us-ncap-2011")), [])
    for _ in range(2):
        assert rate(compiled("us-ncap-2011"), []).as_json("en") == fresh.as_json("en")


def test_a_protocol_in_a_folder_of_the_user_is_not_kept(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    text = "id: own\nextends: us-ncap-2011\n"
    (own / "protocol.yaml").write_text(text)
    assert compiled(own).protocol.id == "own"
    assert not list(folder.glob("*own*"))
