"""Files of an upload, received piece by piece: what is there is asked for, the next piece begins where it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from carindex.messages import InputError
from carindex.office.store import Office
from carindex.office.workspace.models import Upload, UploadState
from carindex.office.workspace.places import folder_of

_PARTS = "parts"


def part_file(office: Office, upload: Upload, number: int) -> Path:
    """Return where a file of an upload is received; its name is its number, not what its sender called it.

    Raises
    ------
    InputError
        When the upload has no such file.
    """
    if not 0 <= number < len(upload.files):
        raise InputError(
            f"{upload.title}: {number}", "office/workspace.no_such_file", count=len(upload.files)
        )
    return folder_of(office, upload.key) / _PARTS / str(number)


def received(office: Office, upload: Upload) -> list[int]:
    """Return the bytes received of each file."""
    files = [part_file(office, upload, number) for number in range(len(upload.files))]
    return [file.stat().st_size if file.is_file() else 0 for file in files]


def receive(office: Office, upload: Upload, number: int, offset: int, content: bytes) -> int:
    """Add a piece to a file; returns the bytes received of it.

    Raises
    ------
    InputError
        When the upload receives nothing more, the piece does not begin where the file ends, or is more than was
        announced.
    """
    if upload.state != UploadState.RECEIVING.value:
        raise InputError(upload.title, "office/workspace.not_receiving", state=upload.state)
    file = part_file(office, upload, number)
    announced = upload.files[number]["size"]
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file.open("ab") as stream:
        fcntl.flock(
            stream, fcntl.LOCK_EX
        )  # two senders of the same piece: one of them is told where to go on
        have = stream.seek(0, os.SEEK_END)
        if offset != have:
            raise InputError(
                upload.files[number]["name"], "office/workspace.wrong_offset", offset=offset, have=have
            )
        if have + len(content) > announced:
            raise InputError(
                upload.files[number]["name"], "office/workspace.more_than_announced", size=announced
            )
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return have + len(content)


def missing_of(office: Office, upload: Upload) -> Sequence[str]:
    """Return the names of files that were not received whole."""
    have = received(office, upload)
    return [entry["name"] for entry, got in zip(upload.files, have, strict=True) if got != entry["size"]]
