"""Overlay folders as content: read whole, hashed, written again, and made into an edition with a date."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from carindex.messages import InputError
from carindex.office.store.columns import canonical

FILE = "protocol.yaml"
_ENDINGS = frozenset({".yaml", ".yml", ".csv", ".md"})
_MOST_FILES, _MOST_BYTES = 400, 8_000_000
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{2,79}")
_REPLACED = ("id", "edition", "valid", "extends")


def read_folder(folder: Path) -> dict[str, str]:
    """Return the files of an overlay folder that holds one protocol, by their name in it.

    Raises
    ------
    InputError
        When it cannot be read, has no ``protocol.yaml`` or several, holds links, other kinds of files, or too much.
    """
    if not folder.is_dir():
        raise InputError(folder, "office/consensus.no_draft")
    files: dict[str, str] = {}
    size = 0
    for file in sorted(folder.rglob("*")):
        if file.is_dir() and not file.is_symlink():
            continue
        name = file.relative_to(folder).as_posix()
        if file.is_symlink() or file.suffix not in _ENDINGS:
            raise InputError(file, "office/consensus.not_of_a_draft", endings=", ".join(sorted(_ENDINGS)))
        try:
            size += file.stat().st_size
            if len(files) >= _MOST_FILES or size > _MOST_BYTES:
                raise InputError(
                    folder, "office/consensus.draft_too_large", files=_MOST_FILES, bytes=_MOST_BYTES
                )
            files[name] = file.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(file, "office/consensus.unreadable_draft", reason=error) from None
    heads = [name for name in files if name.rsplit("/", 1)[-1] == FILE]
    if len(heads) != 1:
        raise InputError(folder, "office/consensus.not_one_draft", count=len(heads))
    above = heads[0].removesuffix(FILE)
    if any(not name.startswith(above) for name in files):
        raise InputError(folder, "office/consensus.not_one_draft", count=len(heads))
    return {name.removeprefix(above): text for name, text in files.items()}


def content_digest(files: Mapping[str, str]) -> str:
    """Return the SHA-256 of a folder's content: of the list of its names with the SHA-256 of each file."""
    listed = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    return hashlib.sha256(canonical(listed).encode()).hexdigest()


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Write files into a new folder that is there as a whole or not at all; one that is there is replaced.

    Raises
    ------
    InputError
        When it cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            for name, text in files.items():
                file = made / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text.encode())
            made.chmod(0o755)
            if folder.is_dir():
                shutil.rmtree(folder)
            made.replace(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise InputError(folder, "office/consensus.folder_not_written", reason=error.strerror) from None


def as_edition(
    files: Mapping[str, str], name: str, extends: str, label: str, valid: Mapping[str, date | None]
) -> dict[str, str]:
    """Return the files of a draft as those of an edition: with a name, a label and a validity of its own.

    Everything else stays as the panel saw it, comments included.

    Parameters
    ----------
    valid
        Days ``from`` and ``to``; ``None`` takes away what the extended rules say.

    Raises
    ------
    InputError
        When the name cannot be one of an edition.
    """
    if not _NAME.fullmatch(name):
        raise InputError(name, "office/consensus.bad_edition_name")
    head = _without_entries(files[FILE], _REPLACED)
    dates = ", ".join(
        f"{key}: " + ("null" if day is None else f'"{day.isoformat()}"') for key, day in valid.items()
    )
    lines = (f"id: {name}", f"extends: {extends}", f"edition: {_quoted(label)}", f"valid: {{{dates}}}", "")
    return {**files, FILE: "\n".join(lines) + head}


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _without_entries(text: str, names: tuple[str, ...]) -> str:
    """Return YAML without some entries of the top level: the line of each, and what is indented under it."""
    kept, leaving = [], False
    for line in text.splitlines(keepends=True):
        top = line[:1] not in (" ", "\t", "#", "\n", "\r", "-", "}", "]")
        if top:
            key = line.split(":", 1)[0].strip().strip("\"'")
            leaving = key in names
        if not leaving or line.startswith("#"):
            kept.append(line)
    return "".join(kept)
