from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from carindex.messages import InputError
from carindex.recordings import read, sources


def members(folder: Path, below: str = "") -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {f"{below}{path.relative_to(folder).as_posix()}": path.read_bytes() for path in sorted(files)}


def pack(target: Path, content: dict[str, bytes]) -> Path:
    if target.suffix == ".zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in content.items():
                archive.writestr(name, text)
        return target
    mode = {".tar": "w", ".gz": "w:gz", ".tgz": "w:gz", ".xz": "w:xz", ".bz2": "w:bz2"}[target.suffix]
    with tarfile.open(target, mode) as archive:  # type: ignore[call-overload]
        for name, text in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    return target


def code(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read(path)
    for language in ("en", "zh"):
        assert caught.value.line(language).startswith(str(caught.value.place))
    return caught.value.code.removeprefix("recordings.")


@pytest.mark.parametrize("kind", ["ev5", "iso-mme"])
@pytest.mark.parametrize(
    "name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.xz", "a.tar.bz2", "noending.zip"]
)
@pytest.mark.parametrize("below", ["", "v10146/", "deep/er/"])
def test_archives(data: Path, tmp_path: Path, kind: str, name: str, below: str) -> None:
    target = pack(tmp_path / name, members(data / kind, below))
    if name.startswith("noending"):
        target = target.rename(tmp_path / "noending")
    found, expected = read(target), read(data / kind)
    assert [c.label for c in found] == [c.label for c in expected]
    assert all((a.values == b.values).all() for a, b in zip(found, expected, strict=True))
    assert {name.removeprefix(below): digest for name, digest in found.files.items()} == expected.files


def test_recording_in_a_folder_below(data: Path, tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/linked").symlink_to(data / "iso-mme/Channel")  # links are not followed
    for name, text in members(data / "iso-mme").items():
        file = tmp_path / "a/b" / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text)
    assert len(read(tmp_path)) == 7


def test_wrong_paths(tmp_path: Path) -> None:
    assert code(tmp_path / "nothing") == "missing_path"
    (tmp_path / "empty").write_bytes(b"")
    assert code(tmp_path / "empty") == "empty_file"
    (tmp_path / "a.txt").write_text("hello\n")
    assert code(tmp_path / "a.txt") == "unknown_format"
    assert code(tmp_path) == "unknown_format"
    assert code(Path("a\0b")) in {"missing_path", "unreadable_file"}


def test_unknown_content_lists_the_formats(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="iso-mme, nhtsa-ev5, mdf4, rde-exchange, table"):
        read(tmp_path / "a.bin")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("time [s],a [N]\n0,1\n")
    file.chmod(0)
    assert code(file) == "unreadable_file"


@pytest.mark.parametrize(
    "name", ["../evil.mme", "/etc/evil.mme", "a/../../evil.mme", "..\\evil.mme", "C:\\evil.mme"]
)
@pytest.mark.parametrize("kind", ["a.zip", "a.tar.gz"])
def test_members_that_leave_the_archive(data: Path, tmp_path: Path, kind: str, name: str) -> None:
    target = pack(tmp_path / kind, members(data / "iso-mme") | {name: b"x"})
    assert code(target) == "unsafe_member"


@pytest.mark.parametrize("kind", ["a.zip", "a.tar.gz", "a.tar.xz"])
def test_bombs(tmp_path: Path, kind: str) -> None:
    target = pack(tmp_path / kind, {"a.mme": b"\x00" * (80 * 1024**2)})
    assert target.stat().st_size < 200_000
    assert code(target) == "archive_bomb"


def test_too_large_and_too_many(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.zip", "a.tar.gz"):
        target = pack(tmp_path / name, members(data / "iso-mme"))
        monkeypatch.setattr(sources, "MAXIMUM_TOTAL_SIZE", 10_000)
        assert code(target) == "archive_too_large"
        monkeypatch.undo()
        monkeypatch.setattr(sources, "MAXIMUM_MEMBERS", 3)
        assert code(target) == "too_many_files"
        assert code(data / "iso-mme") == "too_many_files"
        monkeypatch.undo()


@pytest.mark.parametrize("kind", ["a.zip", "a.tar.gz", "a.tar.xz", "a.tar"])
def test_damaged_archives(data: Path, tmp_path: Path, kind: str) -> None:
    content = pack(tmp_path / kind, members(data / "iso-mme")).read_bytes()
    ends = [600, len(content) // 2]
    if kind != "a.tar":  # a plain tar ends in blocks of zeros that nobody misses
        ends.append(len(content) - 200)
    for keep in ends:
        (tmp_path / kind).write_bytes(content[:keep])
        assert code(tmp_path / kind) == "unreadable_file"


def test_damaged_member_loses_only_its_channel(data: Path, tmp_path: Path) -> None:
    target = pack(tmp_path / "a.zip", members(data / "iso-mme"))
    with zipfile.ZipFile(target) as archive:
        info = archive.getinfo("Channel/v10146.002")
    content = bytearray(target.read_bytes())
    start = info.header_offset + 30 + len(info.filename)
    content[start + 20 : start + 60] = bytes(40)
    target.write_bytes(content)
    recording = read(target)
    assert len(recording) == 6
    finding = next(f for f in recording.findings if f.severity == "error")
    assert (finding.code, finding.channel) == ("recordings.unreadable_file", "11HEAD0000H3ACY0")


def test_encrypted_member(data: Path, tmp_path: Path) -> None:
    target = pack(tmp_path / "a.zip", members(data / "ev5"))
    content = bytearray(target.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        position = content.find(mark)
        while position >= 0:
            content[position + offset] |= 1
            position = content.find(mark, position + 4)
    target.write_bytes(content)
    assert code(target) in {"unknown_format", "unreadable_file"}


def test_nested_archives_are_not_opened(data: Path, tmp_path: Path) -> None:
    inner = pack(tmp_path / "inner.zip", members(data / "iso-mme"))
    assert code(pack(tmp_path / "outer.zip", {"inner.zip": inner.read_bytes()})) == "unknown_format"


def test_links_and_devices_in_a_tar_are_ignored(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.tar"
    with tarfile.open(target, "w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo(f"Channel/v10146.{900 + int(kind)}")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        for name, text in members(data / "iso-mme").items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    assert len(read(target)) == 7


def test_two_formats_in_one_folder(data: Path, tmp_path: Path) -> None:
    target = pack(tmp_path / "a.zip", members(data / "iso-mme", "x/") | members(data / "ev5", "y/"))
    assert code(target) == "several_recordings"
