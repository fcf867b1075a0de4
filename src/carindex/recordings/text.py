"""Header text of recordings: character encoding and ``key :value`` lines.

Here: bytes to text with a detected encoding, and the split of a file into header entries and sample lines.
Not here: what the keys mean (``formats/``) and numbers (``samples.py``).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

#: A header longer than this is not a header.
MAXIMUM_HEADER_LINES = 2000
_NUMBER_START = re.compile(rb"[+-]?[.,]?[0-9]")
_MISSING = (b"NOVALUE", b"NAN", b"INF", b"-INF", b"+INF", b"-NAN")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def detect_encoding(data: bytes) -> str:
    """Return the Python name of the encoding of a text file.

    A byte order mark decides; else zeros in every second byte mean UTF-16, valid UTF-8 is UTF-8 (plain ASCII
    is named ``ascii``), bytes 0x80 to 0x9F mean Windows-1252, and what is left is Latin-1, which can read
    any byte.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    head = data[:1024]
    zeros = head.count(0)
    if zeros * 4 > len(head) > 4:
        return "utf-16-be" if head[0::2].count(0) > head[1::2].count(0) else "utf-16-le"
    if head.isascii() and data.isascii():
        return "ascii"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    if any(0x80 <= byte <= 0x9F for byte in head):
        try:
            head.decode("cp1252")
        except UnicodeDecodeError:
            return "latin-1"
        return "cp1252"
    return "latin-1"


def decode(data: bytes) -> tuple[str, str]:
    """Return the text of a file without byte order mark, and its encoding."""
    encoding = detect_encoding(data)
    return data.decode(encoding, errors="replace").lstrip("\ufeff"), encoding


def in_single_bytes(data: bytes) -> tuple[bytes, str]:
    """Return a text file with one byte for every ASCII character, and the encoding it had.

    UTF-16 becomes UTF-8, a byte order mark is removed, line ends become line feeds; everything else stays.
    """
    encoding = detect_encoding(data)
    if encoding.startswith("utf-16"):
        data = data.decode(encoding, errors="replace").lstrip("\ufeff").encode("utf-8")
    elif encoding == "utf-8-sig":
        data = data[len(codecs.BOM_UTF8) :]
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data, encoding


@lru_cache(maxsize=4096)  # a test has a hundred channels with the same twenty keys
def key_of(text: str) -> str:
    """Return a header key in the form it is compared in: lower case, no blanks."""
    return "".join(text.split()).lower()


@dataclass(frozen=True, slots=True)
class HeadedText:
    """A text file with ``key :value`` lines followed by samples.

    Attributes
    ----------
    entries
        Header entries as the file has them; the values of a repeated key are joined with line feeds.
    body
        Everything after the header, one byte for every ASCII character.
    first_line
        Line number (from 1) of the first line of ``body``.
    encoding
        Python name of the encoding the file had.
    malformed
        Line numbers inside the header that are not ``key :value``.
    """

    entries: Mapping[str, str]
    body: bytes
    first_line: int
    encoding: str
    malformed: tuple[int, ...] = ()
    _by_key: Mapping[str, str] = ()  # type: ignore[assignment]

    def get(self, key: str) -> str | None:
        """Return the value of a key, whatever its case and blanks; ``None`` when absent or ``NOVALUE``."""
        value = self._by_key.get(key_of(key))
        return None if value is None or value.upper() in {"", "NOVALUE"} else value


def split_header(data: bytes, known_keys: Iterable[str] = ()) -> HeadedText:
    """Split a file into header entries and sample lines.

    The header ends with the last ``key :value`` line before the first line that starts like a number. A line
    in between that is neither is reported as malformed, so that a damaged header line is not taken for a
    sample: one sample too many would shift the time of all others.

    Parameters
    ----------
    data
        The whole file.
    known_keys
        Header keys of the format (see `key_of`); a line that starts with one is a header line even without
        colon.
    """
    content, encoding = in_single_bytes(data)
    text_encoding = "utf-8" if encoding.startswith(("utf", "ascii")) else encoding
    known = tuple(known_keys)
    lines: list[bytes] = []
    kinds: list[str] = []
    position, body_start, last_header = 0, 0, -1
    while position < len(content) and len(lines) < MAXIMUM_HEADER_LINES:
        end = content.find(b"\n", position)
        end = len(content) if end < 0 else end
        line = content[position:end].strip()
        if b":" in line:
            kind = "entry"
        elif not line:
            kind = "blank"
        elif _NUMBER_START.match(line) or line.upper().startswith(_MISSING):
            break
        else:
            kind = "lost" if key_of(line.decode("latin-1")).startswith(known) and known else "other"
        position = end + 1
        lines.append(line)
        kinds.append(kind)
        if kind in {"entry", "lost"}:
            last_header, body_start = len(lines) - 1, position
    entries: dict[str, str] = {}
    by_key: dict[str, str] = {}
    malformed = []
    for number, (line, kind) in enumerate(zip(lines[: last_header + 1], kinds, strict=False), start=1):
        if kind == "entry":
            key, _, value = line.decode(text_encoding, errors="replace").partition(":")
            key, value = key.strip(), value.strip()
            repeated = key_of(key) in by_key
            entries[key] = f"{entries[key]}\n{value}" if key in entries else value
            if not repeated:
                by_key[key_of(key)] = value
        elif kind != "blank":
            malformed.append(number)
    return HeadedText(entries, content[body_start:], last_header + 2, encoding, tuple(malformed), by_key)
