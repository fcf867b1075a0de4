"""Kept files: by the SHA-256 of their content, below the office's folder; written whole or not at all, never altered.

A file is in the folder before the record that names it is committed. One that is left over when that fails harms
nothing: it is the same file when it is kept again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from carindex.messages import InputError
from carindex.office.store.base import Base
from carindex.office.store.transaction import Change

_BLOCK = 1 << 20


class KeptFile(Base):
    """A kept file: its digest and size."""

    __tablename__ = "kept_file"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)


def place_of(folder: Path, digest: str) -> Path:
    """Return where a kept file lies."""
    return folder / digest[:2] / digest


def keep(change: Change, file: Path) -> str:
    """Keep a copy of a file; returns its digest.

    Raises
    ------
    InputError
        When it cannot be read, or the office's folder cannot be written.
    """
    digest = put(change.office.files, file)
    if change.session.get(KeptFile, digest) is None:
        change.add(KeptFile(digest=digest, size=place_of(change.office.files, digest).stat().st_size))
    return digest


def put(folder: Path, file: Path) -> str:
    """Copy a file into the folder of kept files, whole or not at all; returns its digest."""
    sha = hashlib.sha256()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with file.open("rb") as source, tempfile.NamedTemporaryFile(dir=folder, delete=False) as target:
            try:
                while block := source.read(_BLOCK):
                    sha.update(block)
                    target.write(block)
                target.flush()
                os.fsync(target.fileno())
            except BaseException:
                Path(target.name).unlink(missing_ok=True)
                raise
        digest = sha.hexdigest()
        place = place_of(folder, digest)
        if place.is_file():
            Path(target.name).unlink()
            return digest
        place.parent.mkdir(mode=0o700, exist_ok=True)
        Path(target.name).chmod(0o400)
        Path(target.name).replace(place)
        _sync(place.parent)
    except OSError as error:
        raise InputError(file, "office/store.not_kept", reason=error.strerror) from None
    return digest


def keep_tree(change: Change, path: Path) -> dict[str, str]:
    """Keep a file, or all files of a folder; returns their digests by their path below it."""
    return {name: keep(change, file) for name, file in files_below(path)}


def files_below(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of a folder with their path below it, sorted; a file by its name.

    Hidden files are left aside, and links are not followed: they may lead anywhere.
    """
    if path.is_file():
        yield path.name, path
        return
    for file in sorted(path.rglob("*")):
        below = file.relative_to(path)
        if file.is_file() and not file.is_symlink() and not any(part.startswith(".") for part in below.parts):
            yield below.as_posix(), file


def digest_of_file(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def lay_out(folder: Path, files: Mapping[str, str], target: Path) -> Path:
    """Lay kept files out again as they were; returns the folder, or the file where there was one without a folder.

    Raises
    ------
    InputError
        When one is missing, or is not what it was.
    """
    for name, digest in files.items():
        kept = place_of(folder, digest)
        if not kept.is_file() or digest_of_file(kept) != digest:
            raise InputError(name, "office/store.file_lost", digest=digest)
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept, place)
    return target


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
