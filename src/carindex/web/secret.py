"""The secret of a site, made once and kept in its folder, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from carindex.messages import InputError

_NAME = "site.key"
_LENGTH = 32


def site_key(folder: Path) -> bytes:
    """Return the secret that forms of a site are signed with.

    Raises
    ------
    InputError
        When it can be neither read nor made.
    """
    file = folder / _NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = file.read_bytes()
        else:
            key = secrets.token_bytes(_LENGTH)
            with os.fdopen(handle, "wb") as stream:
                stream.write(key)
    except OSError as error:
        raise InputError(file, "web.folder_not_usable", reason=error.strerror) from None
    if len(key) != _LENGTH:
        raise InputError(file, "web.key_damaged")
    return key
