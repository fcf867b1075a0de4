"""Where files of uploads lie on this machine; never shown to anybody."""

from __future__ import annotations

from pathlib import Path

from carindex.office.store import Office


def folder_of(office: Office, key: str) -> Path:
    """Return the folder of an upload's files; its key was given by the office, never by a person."""
    return office.files / "workspace" / key
