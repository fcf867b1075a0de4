"""Names of files that come from elsewhere: which can be used, and what is made of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

from carindex.messages import InputError

_LONGEST, _DEEPEST, _LONGEST_PART = 400, 12, 120
_DRIVE = re.compile(r"[A-Za-z]:")
# names that one system or another keeps for devices, and signs that it does not take in a name
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_SIGNS = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')


def checked_name(text: str) -> str:
    """Return the name of a file inside a folder, parts joined by ``/``.

    Raises
    ------
    InputError
        When it leaves the folder, or no system could keep it.
    """
    name = unicodedata.normalize("NFC", text.replace("\\", "/"))
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or _DRIVE.match(name) or ".." in parts:
        raise InputError(_shown(text), "office/workspace.leaves_folder")
    hopeless = any(
        _SIGNS.search(part) or _DEVICES.fullmatch(part) or part != part.strip(" ") or part.endswith(".")
        for part in parts
    )
    long = len(name) > _LONGEST or len(parts) > _DEEPEST or any(len(part) > _LONGEST_PART for part in parts)
    if not parts or hopeless or long:
        raise InputError(_shown(text), "office/workspace.bad_name")
    return str(PurePosixPath(*parts))


def checked_names(texts: Sequence[str]) -> list[str]:
    """Return the names of files that belong together.

    Raises
    ------
    InputError
        When one cannot be used, two are the same (upper and lower case are not told apart), or one is also a folder.
    """
    names = [checked_name(text) for text in texts]
    seen: set[str] = set()
    for name in names:
        if name.casefold() in seen:
            raise InputError(name, "office/workspace.name_twice")
        seen.add(name.casefold())
    folders = {str(folder).casefold() for name in names for folder in PurePosixPath(name).parents}
    both = next((name for name in names if name.casefold() in folders), None)
    if both is not None:
        raise InputError(both, "office/workspace.name_twice")
    return names


def _shown(text: str) -> str:
    return "".join(sign if sign.isprintable() else "�" for sign in text)[:200] or "-"
