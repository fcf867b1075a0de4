"""Unpack an archive that somebody sent: every member's name, kind and size is checked, sizes again while written.

What an archive says of itself is not believed: the bytes that come out are counted.
"""

from __future__ import annotations

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import IO

import msgspec

from carindex.messages import InputError
from carindex.office.workspace.names import checked_name, checked_names

_BLOCK = 1 << 18
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,  # an encrypted member
    NotImplementedError,
    ValueError,
)


class UnpackLimits(msgspec.Struct, frozen=True):
    """How much an archive may hold: bytes and files altogether, and how many times its own size."""

    total: int
    members: int
    ratio: float
    ratio_from: int = 16 * 1024**2


def checked_zip(file: Path, limits: UnpackLimits) -> list[str]:
    """Return the names of a zip archive's files.

    Raises
    ------
    InputError
        When it is damaged, encrypted, holds links, leaves its folder, or says that it holds too much.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except _DAMAGED as error:
        raise InputError(file.name, "office/workspace.damaged_archive", reason=error) from None
    if len(members) > limits.members:
        raise InputError(file.name, "office/workspace.too_many_members", most=limits.members)
    files = []
    for member in members:
        mode = member.external_attr >> 16
        if stat.S_ISLNK(mode):
            raise InputError(file.name, "office/workspace.link_in_archive", member=member.filename[:80])
        if member.flag_bits & 1:
            raise InputError(file.name, "office/workspace.encrypted")
        if not member.is_dir():
            checked_name(member.filename)
            files.append(member)
    # members that lie over each other in the file unpack to far more than it holds
    spans = sorted((member.header_offset, member.compress_size) for member in files)
    overlap = any(start + size > after for (start, size), (after, _) in pairwise(spans))
    _check(file, sum(member.file_size for member in files), limits)
    if overlap:
        raise InputError(file.name, "office/workspace.bomb")
    return checked_names([member.filename for member in files])


def unpack(file: Path, folder: Path, limits: UnpackLimits) -> None:
    """Unpack an archive into a folder that is not there yet; nothing is left there where it cannot be.

    Raises
    ------
    InputError
        When anything in it is not as it should be.
    """
    import shutil

    folder.mkdir(mode=0o700)
    try:
        written = 0
        members = _zip_members(file, limits) if zipfile.is_zipfile(file) else _tar_members(file, limits)
        for name, stream in members:
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as target:
                while block := stream.read(_BLOCK):
                    written += len(block)
                    _check(file, written, limits)
                    target.write(block)
    except InputError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except _DAMAGED as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise InputError(file.name, "office/workspace.damaged_archive", reason=error) from None


def _zip_members(file: Path, limits: UnpackLimits) -> Iterator[tuple[str, IO[bytes]]]:
    names = checked_zip(file, limits)
    with zipfile.ZipFile(file) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        for name, member in zip(names, members, strict=True):
            with archive.open(member) as stream:
                yield name, stream


def _tar_members(file: Path, limits: UnpackLimits) -> Iterator[tuple[str, IO[bytes]]]:
    seen = []
    with tarfile.open(file, mode="r:*") as archive:
        for count, member in enumerate(archive, start=1):
            if count > limits.members:
                raise InputError(file.name, "office/workspace.too_many_members", most=limits.members)
            if member.isdir():
                continue
            if not member.isreg():
                raise InputError(file.name, "office/workspace.link_in_archive", member=member.name[:80])
            seen.append(member.name)
            name = checked_name(member.name)
            stream = archive.extractfile(member)
            if stream is not None:
                yield name, stream
    checked_names(seen)


def _check(file: Path, total: int, limits: UnpackLimits) -> None:
    if total > limits.total:
        raise InputError(file.name, "office/workspace.unpacks_too_large", most=limits.total)
    if total > limits.ratio_from and total > limits.ratio * max(file.stat().st_size, 1):
        raise InputError(file.name, "office/workspace.bomb")
