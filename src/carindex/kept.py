"""Keep what is made from the package's own data files, so that it is made once for an installation, not once a start.

Belongs here: objects that follow from the package alone (a shipped protocol, compiled; the layout of a workbook).
Does not: anything about a user's car or protocol. What is kept is told by the package's files, their sizes and times
and the versions of what runs them; another state of any of them is another entry, and the old one of this
installation is removed.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

SETTING = "CARINDEX_CACHE"
"""Environment variable: another folder, or ``off``."""

_PACKAGE = Path(__file__).parent


def kept(name: str, make: Callable[[], T]) -> T:
    """Return what ``make`` makes, taken from the user's cache folder where it was made before.

    Parameters
    ----------
    name
        What it is, of letters, digits, ``-`` and ``.``.
    make
        Makes it from the files of the package, and from nothing else.

    Notes
    -----
    Nothing depends on the folder: where it cannot be read, written or trusted (it belongs to somebody else, or others
    may write into it), the object is made anew.
    """
    folder = _folder()
    if folder is None:
        return make()
    file = folder / f"{name}-{_installation()}-{_state()}.pickle"
    with suppress(Exception):  # a damaged entry may end in any way; it is made anew
        if _own(folder):
            value: T = pickle.loads(file.read_bytes())
            return value
    made = make()
    _write(file, name, made)
    return made


def kept_as(name: str) -> Callable[[Callable[[], T]], Callable[[], T]]:
    """Make a function without arguments one that works once for an installation, see `kept`."""

    def around(make: Callable[[], T]) -> Callable[[], T]:
        @cache
        @wraps(make)
        def once() -> T:
            return kept(name, make)

        return once

    return around


def read_yaml(file: Path) -> Any:  # noqa: ANN401 - whatever the file says
    """Return what a YAML file of the package says, as plain data."""
    import yaml  # not needed where what a file says is kept

    return yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)


def shipped(name: str) -> Any:  # noqa: ANN401 - whatever the file says
    """Return what a YAML file of the package says, by its name in the package; read once for an installation."""
    return kept(name.replace("/", "."), lambda: read_yaml(_PACKAGE / name))


def _folder() -> Path | None:
    said = os.environ.get(SETTING, "")
    if said.lower() == "off":
        return None
    if said:
        return Path(said)
    import platformdirs

    return Path(platformdirs.user_cache_dir("carindex", appauthor=False))


def _own(folder: Path) -> bool:
    """Whether a folder is the user's own, and nobody else may write into it."""
    if sys.platform == "win32":  # below the user's profile
        return True
    about = folder.stat()
    return about.st_uid == os.getuid() and not about.st_mode & 0o022


@cache
def _installation() -> str:
    """Return a short name of this installation: several may share a folder without removing each other's entries."""
    return hashlib.sha256(str(_PACKAGE).encode()).hexdigest()[:8]


@cache
def _state() -> str:
    """Return a digest of the package's files and of what runs them."""
    import msgspec
    import numpy as np

    digest = hashlib.sha256(f"{_PACKAGE} {sys.version} {np.__version__} {msgspec.__version__}".encode())
    folders = [_PACKAGE]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.is_dir():
                    if entry.name != "__pycache__":
                        folders.append(Path(entry.path))
                elif entry.name.endswith((".py", ".yaml")):
                    about = entry.stat()
                    digest.update(f"{entry.path} {about.st_size} {about.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]


def _write(file: Path, name: str, value: object) -> None:
    """Write an entry in one step, and remove those of other states."""
    with suppress(OSError, pickle.PicklingError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _own(file.parent):
            return
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as target:
            pickle.dump(value, target, protocol=5)
        Path(target.name).replace(file)
        for old in file.parent.glob(f"{name}-{_installation()}-{'[0-9a-f]' * 32}.pickle"):
            if old != file:
                old.unlink(missing_ok=True)
