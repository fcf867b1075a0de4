"""Write a static edition: a folder that is there as a whole, with the checksums of all its files."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from carindex.messages import InputError
from carindex.office.publication.exported import NAME
from carindex.office.site.content import Content
from carindex.office.site.feeds import feeds
from carindex.office.site.open_data import open_data
from carindex.office.site.pages import pages

SUMS = "SHA256SUMS"
LICENCE = "LICENCE.txt"


def files_of(content: Content) -> Iterator[tuple[str, bytes]]:
    """Yield every file of a static edition, the checksums aside."""
    for name, text in (*pages(content), *feeds(content)):
        yield name, text.encode()
    yield from open_data(content)
    yield NAME, content.log.encode()
    yield LICENCE, (content.licence.strip() + "\n").encode()


def write_site(content: Content, folder: Path) -> dict[str, str]:
    """Write a static edition; returns the SHA-256 of every file.

    A folder that holds an earlier edition is replaced; any other that is not empty is left alone.

    Raises
    ------
    InputError
        When the folder holds something else, or cannot be written.
    """
    if folder.exists() and not (folder.is_dir() and (not any(folder.iterdir()) or (folder / SUMS).is_file())):
        raise InputError(folder, "office/site.not_empty")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            sums = _write(content, made)
            made.chmod(0o755)
            if folder.exists():
                before = made.with_name(f"{made.name}.before")
                folder.replace(before)
                made.replace(folder)
                shutil.rmtree(before)
            else:
                made.replace(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise InputError(folder, "office/site.not_written", reason=error.strerror) from None
    return sums


def _write(content: Content, folder: Path) -> dict[str, str]:
    sums: dict[str, str] = {}
    for name, data in files_of(content):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        sums[name] = hashlib.sha256(data).hexdigest()
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
    with (folder / SUMS).open("w", encoding="utf-8", newline="\n") as out:
        out.write(lines)
        out.flush()
        os.fsync(out.fileno())
    return sums
