"""Which protocols there are: those of the package, and over them those of the user's overlay folders.

An overlay folder holds protocols that complete or correct others without touching the package: each in a folder of its
own with a ``protocol.yaml`` that says ``extends``. One whose ``id`` is that of the protocol it extends stands in its
stead. Overlay folders lie over each other in the order they are named; to extend one's own id is to extend what lies
below.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import carindex
from carindex.kept import kept_as
from carindex.messages import InputError

SETTING = "CARINDEX_PROTOCOLS"
"""Environment variable: overlay folders, separated as paths are on this system; the last lies on top."""

FILE = "protocol.yaml"

_chosen: ContextVar[tuple[Path, ...]] = ContextVar("overlay folders", default=())


@contextmanager
def over(folders: Sequence[Path]) -> Iterator[None]:
    """Lay overlay folders over the protocols of the package, and over those of the environment, for a while."""
    token = _chosen.set((*_chosen.get(), *folders))
    try:
        yield
    finally:
        _chosen.reset(token)


def overlay_folders() -> tuple[Path, ...]:
    """Return the overlay folders in force, the lowest first."""
    said = os.environ.get(SETTING, "")
    return (*(Path(part) for part in said.split(os.pathsep) if part), *_chosen.get())


@dataclass(frozen=True)
class Library:
    """Folders of protocols by name, in layers; the package is the lowest."""

    layers: tuple[Mapping[str, Path], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all protocols, sorted."""
        return tuple(sorted({name for layer in self.layers for name in layer}))

    def find(self, name: str) -> Path | None:
        """Return the folder of the protocol that has a name, the topmost of several."""
        return next((layer[name] for layer in reversed(self.layers) if name in layer), None)

    def parent(self, name: str, folder: Path, own: str) -> Path | None:
        """Return the folder of a protocol that another one extends.

        Parameters
        ----------
        name
            What is extended.
        folder, own
            Folder and id of the protocol that extends it: its own id means the layer below; protocols of the package
            extend each other as they were shipped.
        """
        at = next((i for i, layer in enumerate(self.layers) if folder in layer.values()), len(self.layers))
        below = at if name == own else at + 1
        return next((layer[name] for layer in reversed(self.layers[:below]) if name in layer), None)


def library() -> Library:
    """Return the protocols in force.

    Raises
    ------
    InputError
        When an overlay folder is not there, holds no protocol or one that cannot be read, or two of the same id.
    """
    return _library(overlay_folders())


@cache
def _library(overlays: tuple[Path, ...]) -> Library:
    return Library((shipped(), *(_overlay(folder) for folder in overlays)))


@kept_as("protocols")
def shipped() -> Mapping[str, Path]:
    """Return the folders of the protocols that come with the package, by name."""
    base = Path(carindex.__file__).parent / "protocols"
    found = {}
    for file in sorted(base.glob(f"*/*/{FILE}")):
        match = re.search(r"^id:\s*(\S+)", file.read_text("utf-8"), re.MULTILINE)
        if match:
            found[match.group(1)] = file.parent
    return found


def _overlay(folder: Path) -> Mapping[str, Path]:
    if not folder.is_dir():
        raise InputError(folder, "rating.no_overlay_folder")
    found: dict[str, Path] = {}
    for file in sorted(folder.rglob(FILE)):
        head = read_mapping(file)
        name = str(head.get("id") or head.get("extends") or "")
        if not name:
            raise InputError(file, "rating.overlay_without_id")
        if name in found:
            raise InputError(file, "rating.overlay_twice", id=name, other=found[name] / FILE)
        found[name] = file.parent
    if not found:
        raise InputError(folder, "rating.empty_overlay_folder", file=FILE)
    return found


def read_mapping(place: Path, digest: Any = None) -> dict[str, Any]:  # noqa: ANN401 - a hashlib object
    """Return what a YAML file says; its bytes go into the digest.

    Raises
    ------
    InputError
        When it cannot be read, is no YAML, or says nothing.
    """
    try:
        raw = place.read_bytes()
    except OSError as error:
        raise InputError(place, "rating.unreadable_protocol", reason=error.strerror) from None
    if digest is not None:
        digest.update(raw)
    from carindex.rating.mapping import mapping_of  # a compiled protocol that is kept needs no YAML

    return mapping_of(raw, place)
