"""Where files come from: a folder, one file with its neighbours, a zip or a tar archive, all seen alike.

Here: listing members, reading their bytes, hashing them, and refusing archives that are dangerous (bombs,
paths that leave the archive). Nothing is ever unpacked to disk. Not here: what the files mean.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import os
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from carindex.messages import InputError

#: Limits against archive bombs. A crash test with every channel is below 200 MB; text compresses about
#: tenfold.
MAXIMUM_TOTAL_SIZE = 4 * 1024**3
MAXIMUM_MEMBERS = 20_000
MAXIMUM_RATIO = 200.0
#: Compression is judged only beyond this size: a small file of equal lines compresses extremely well.
RATIO_MATTERS_FROM = 64 * 1024**2
#: Folders below the given one that are searched for a recording.
MAXIMUM_DEPTH = 5
#: What is looked at to recognise a file.
HEAD = 4096

_DRIVE = re.compile(r"[A-Za-z]:")
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,  # an encrypted zip member
    NotImplementedError,  # a compression method that is not supported
    ValueError,
    IndexError,
)


@dataclass(frozen=True)
class FileSource:
    """Files that belong together, by their name inside ``path`` (with ``/`` between folders).

    Attributes
    ----------
    path
        The folder or archive.
    sizes
        Size in bytes of every file by its name, names in sorted order.
    fetch
        Returns the bytes of one file.
    focus
        Name of the one file that was asked for, ``None`` for a whole folder or archive.
    """

    path: Path
    sizes: Mapping[str, int]
    fetch: Callable[[str], bytes] = field(repr=False)
    focus: str | None = None
    _read: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all files, sorted."""
        return tuple(self.sizes)

    def place(self, name: str) -> str:
        """Return how messages name a file of this source."""
        return str(self.path / name)

    def read(self, name: str) -> bytes:
        """Return the bytes of a file.

        Raises
        ------
        InputError
            When the file cannot be read or its archive is damaged there.
        """
        if name not in self._read:
            try:
                self._read[name] = self.fetch(name)
            except _DAMAGED as error:
                raise _unreadable(self.place(name), error) from error
        return self._read[name]

    def head(self, name: str) -> bytes:
        """Return the first bytes of a file, nothing when it cannot be read."""
        if self.sizes[name] > RATIO_MATTERS_FROM and name not in self._read:
            return b"" if self.path.is_file() else _first_bytes(self.path / name)
        try:
            return self.read(name)[:HEAD]
        except InputError:
            return b""

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a file as hexadecimal digits."""
        return hashlib.sha256(self.read(name)).hexdigest()


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError:
        return b""


def _unreadable(place: object, error: BaseException) -> InputError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return InputError(place, "recordings.unreadable_file", reason=reason or type(error).__name__)


def open_source(path: Path) -> FileSource:
    """Return the files at ``path``: a folder, an archive (zip, tar, tar.gz, tar.xz, tar.bz2) or one file.

    One file comes with its neighbours, because a header file alone is not a recording: the files of its
    folder, of a ``Channel`` folder below it, or of the folder above when it lies in a ``Channel`` folder.

    Raises
    ------
    InputError
        Missing path, no permission, empty file, damaged or dangerous archive.
    """
    try:
        if path.is_dir():
            return _folder(path)
        if not path.exists():
            raise InputError(path, "recordings.missing_path")
        size = path.stat().st_size
        if size == 0:
            raise InputError(path, "recordings.empty_file")
        with path.open("rb") as file:
            start = file.read(512)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(path)
    if start.startswith((b"\x1f\x8b", b"\xfd7zXZ\x00", b"BZh")) or start[257:262] == b"ustar":
        return _tar(path)
    try:
        return _one_file(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _folder(path: Path, *, only: Callable[[PurePosixPath], bool] | None = None) -> FileSource:
    sizes: dict[str, int] = {}
    for name, size in _walk(path, ""):
        if only is None or only(PurePosixPath(name)):
            sizes[name] = size
        if len(sizes) > MAXIMUM_MEMBERS:
            raise InputError(path, "recordings.too_many_files", limit=MAXIMUM_MEMBERS)
    return FileSource(path, dict(sorted(sizes.items())), lambda name: (path / name).read_bytes())


def _walk(root: Path, below: str, depth: int = 0) -> Iterator[tuple[str, int]]:
    """Files below a folder; folders that are links are not followed, so that no circle is walked."""
    with os.scandir(root / below) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        name = f"{below}{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            if depth < MAXIMUM_DEPTH:
                try:
                    yield from _walk(root, f"{name}/", depth + 1)
                except PermissionError:
                    continue
        elif entry.is_file():
            yield name, entry.stat().st_size


def _one_file(path: Path) -> FileSource:
    folder = path.parent
    in_channel_folder = folder.name.lower() == "channel"
    root = folder.parent if in_channel_folder else folder
    sizes: dict[str, int] = {}
    for place in (root, *_channel_folders(root)):
        prefix = "" if place == root else f"{place.name}/"
        with os.scandir(place) as entries:
            sizes.update({f"{prefix}{e.name}": e.stat().st_size for e in entries if e.is_file()})
    focus = f"{folder.name}/{path.name}" if in_channel_folder else path.name
    sizes.setdefault(focus, path.stat().st_size)
    return FileSource(root, dict(sorted(sizes.items())), lambda name: (root / name).read_bytes(), focus)


def _channel_folders(root: Path) -> list[Path]:
    with os.scandir(root) as entries:
        return [root / e.name for e in entries if e.name.lower() == "channel" and e.is_dir()]


def _safe_name(archive: Path, name: str) -> str:
    cleaned = name.replace("\\", "/")
    parts = PurePosixPath(cleaned).parts
    if cleaned.startswith("/") or ".." in parts or _DRIVE.match(cleaned) or "\x00" in cleaned:
        raise InputError(archive, "recordings.unsafe_member", member=name[:80])
    return "/".join(part for part in parts if part != ".")


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _check_size(archive: Path, total: int, packed: int) -> None:
    if total > MAXIMUM_TOTAL_SIZE:
        raise InputError(
            archive, "recordings.archive_too_large", limit=f"{MAXIMUM_TOTAL_SIZE / 1024**3:.0f} GiB"
        )
    if total > RATIO_MATTERS_FROM and total > MAXIMUM_RATIO * max(packed, 1):
        raise InputError(archive, "recordings.archive_bomb", ratio=round(total / max(packed, 1)))


def _zip(path: Path) -> FileSource:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except _DAMAGED as error:
        raise _unreadable(path, error) from error
    if len(infos) > MAXIMUM_MEMBERS:
        raise InputError(path, "recordings.too_many_files", limit=MAXIMUM_MEMBERS)
    files = {}
    for info in infos:
        name = _safe_name(path, info.filename)
        if not info.is_dir() and name and not _hidden(name):
            files[name] = info
    _check_size(path, sum(info.file_size for info in files.values()), path.stat().st_size)
    sizes = {name: files[name].file_size for name in sorted(files)}
    opened = zipfile.ZipFile(path)  # members are read later; closed with the source
    return FileSource(path, sizes, partial(_zip_member, opened, files))


def _zip_member(archive: zipfile.ZipFile, files: Mapping[str, zipfile.ZipInfo], name: str) -> bytes:
    # zipfile stops at the declared size of a member, which was counted when the archive was opened.
    return archive.read(files[name])


def _tar(path: Path) -> FileSource:
    contents: dict[str, bytes] = {}
    packed, total, members = path.stat().st_size, 0, 0
    try:
        with tarfile.open(path, mode="r:*") as archive:
            for member in archive:
                members += 1
                total += max(member.size, 0)
                if members > MAXIMUM_MEMBERS:
                    raise InputError(path, "recordings.too_many_files", limit=MAXIMUM_MEMBERS)
                _check_size(path, total, packed)
                name = _safe_name(path, member.name)
                if not member.isfile() or _hidden(name) or not name:
                    continue
                stream = archive.extractfile(member)
                contents[name] = b"" if stream is None else stream.read()
    except _DAMAGED as error:
        raise _unreadable(path, error) from error
    sizes = {name: len(contents[name]) for name in sorted(contents)}
    return FileSource(path, sizes, contents.__getitem__)


def in_memory(files: Mapping[str, bytes], path: Path = Path("memory")) -> FileSource:
    """Return a source over bytes that are already in memory (for tests and for callers without a disk)."""
    return FileSource(path, {name: len(files[name]) for name in sorted(files)}, dict(files).__getitem__)


def as_stream(data: bytes) -> io.BytesIO:
    """Return bytes as a stream, for libraries that want one."""
    return io.BytesIO(data)
