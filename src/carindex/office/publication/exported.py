"""The log of publications as a file that anybody can check: JSON lines, the records first, the signed head last."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from carindex.messages import InputError
from carindex.office.publication.chain import FORMAT, HEAD, Document, Verification, verify
from carindex.office.publication.signing import digest
from carindex.office.store.columns import canonical

NAME = "publications.jsonl"
"""Name of the file in a static edition."""
_LONGEST = 64 * 1024 * 1024


def as_lines(records: Iterable[Document], head: Document) -> Iterator[str]:
    """Yield the lines of a log file."""
    for record in records:
        yield canonical(record) + "\n"
    yield canonical(head) + "\n"


def write_file(file: Path, data: bytes) -> None:
    """Write a file so that at any moment it holds either what it held or all of the new content.

    Raises
    ------
    InputError
        When it cannot be written.
    """
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
    except OSError as error:
        raise InputError(file, "office/publication.not_written", reason=error.strerror) from None


def read_log(file: Path) -> tuple[list[Any], Any]:
    """Return the records and the head of a log file, as they stand; lines that are no JSON as texts.

    Raises
    ------
    InputError
        When the file cannot be read or has nothing of such a log.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(_LONGEST + 1)
    except OSError as error:
        raise InputError(file, "office/publication.unreadable_log", reason=error.strerror) from None
    if len(data) > _LONGEST:
        raise InputError(file, "office/publication.unreadable_log", reason=f"> {_LONGEST} bytes")
    lines = [_parsed(line) for line in data.splitlines() if line.strip()]
    formats = {line.get("format") for line in lines if isinstance(line, dict)}
    if not formats & {FORMAT, HEAD}:
        raise InputError(file, "office/publication.no_log", format=FORMAT)
    head = lines.pop() if isinstance(lines[-1], dict) and lines[-1].get("format") == HEAD else None
    return lines, head


def _parsed(line: bytes) -> Any:  # noqa: ANN401 - whatever the file says
    try:
        text = line.decode()
        value = json.loads(text)
        canonical(value)  # also refuses numbers that are none
    except (ValueError, RecursionError):
        return ""
    # only the one spelling that is signed is taken: two spellings would be two files for one log
    return value if canonical(value) == text else ""


def verify_file(file: Path, *, trusted: str | None = None, earlier: Path | None = None) -> Verification:
    """Examine a log file; see `carindex.office.publication.chain.verify`.

    Raises
    ------
    InputError
        When a file is no log.
    """
    records, head = read_log(file)
    known = None if earlier is None else [digest(record) for record in read_log(earlier)[0]]
    return verify(records, head, place=str(file), trusted=trusted, earlier=known)
