"""Sample text to numbers: a fast path that proves it read everything, a careful path that finds the bad line.

Here: columns of text to float64 with the findings about unreadable samples, wrong counts and truncated files.
Not here: units, time, formats. Every number is the double nearest to its decimal text on both paths.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carindex.messages import Finding, Severity

#: A count that is off by more than this share is an error: the event itself may be cut.
COUNT_TOLERANCE = 0.01
_MISSING = {b"NOVALUE", b"NAN"}
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class SampleText:
    """The sample lines of one channel, still text.

    Attributes
    ----------
    data
        From the first sample on; one byte for every ASCII character, line ends are line feeds.
    first_line
        Line number of the first sample in its file.
    declared
        Number of samples that the header promises, ``None`` when it does not say.
    place, label
        File and channel for the findings.
    columns
        Numbers on a line: 1, or 2 for time and value.
    """

    data: bytes
    first_line: int
    declared: int | None
    place: str
    label: str
    columns: int = 1


@dataclass(frozen=True, slots=True)
class Parsed:
    """Numbers of shape ``(n, columns)``, NaN where the text is not a number, and what was noticed."""

    table: NDArray[np.float64]
    findings: tuple[Finding, ...] = ()


def parse(text: SampleText) -> Parsed:
    """Return the numbers of one channel; never raises, whatever the text is."""
    if _is_plain(text):
        tokens = text.data.split()
        if len(tokens) == (text.declared or 0) * text.columns:
            try:
                flat = np.fromiter(map(float, tokens), np.float64, len(tokens))
            except ValueError:
                return _parse_carefully(text)
            return Parsed(flat.reshape(-1, text.columns))
    return _parse_carefully(text)


def parse_all(texts: Sequence[SampleText]) -> list[Parsed]:
    """Return the numbers of many channels, the plain ones in one pass over their joined text."""
    results: dict[int, Parsed] = {}
    for columns in sorted({text.columns for text in texts}):
        plain = [i for i, text in enumerate(texts) if text.columns == columns and _is_plain(text)]
        results |= _joined([(i, texts[i]) for i in plain], columns)
    return [results[i] if i in results else parse(text) for i, text in enumerate(texts)]


def _is_plain(text: SampleText) -> bool:
    """Return whether line and header count agree and every line ends.

    Then an equal count of tokens proves that everything was read.
    """
    data = text.data
    return (
        text.declared is not None
        and text.declared > 0
        and data.endswith(b"\n")
        and data.count(b"\n") == text.declared
        and b"_" not in data  # Python reads 1_000 as a number, a laboratory does not mean it
    )


def _joined(texts: list[tuple[int, SampleText]], columns: int) -> dict[int, Parsed]:
    """Parse the joined text of plain channels; an empty result means that one of them has a bad line."""
    if len(texts) < 2:
        return {}
    import pyarrow
    from pyarrow import csv

    names = [str(column) for column in range(columns)]
    data = b"".join(text.data for _, text in texts)
    try:
        table = csv.read_csv(
            pyarrow.BufferReader(data),
            read_options=csv.ReadOptions(column_names=names, block_size=1 << 22),
            parse_options=csv.ParseOptions(delimiter="\t", quote_char=False),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pyarrow.float64()),
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    except pyarrow.ArrowInvalid:
        return {}
    counts = [text.declared or 0 for _, text in texts]
    # Every text has exactly `declared` lines, and blank lines are skipped: an equal total leaves no blank
    # one.
    if table.num_rows != sum(counts) or any(table[name].null_count for name in names):
        return {}
    whole = np.column_stack([doubles(table[name]) for name in names])
    ends = np.cumsum(counts)
    return {
        i: Parsed(whole[end - count : end]) for (i, _), end, count in zip(texts, ends, counts, strict=True)
    }


def doubles(column: Any) -> NDArray[np.float64]:  # noqa: ANN401 - pyarrow has no types
    """Return a float64 column of pyarrow as an array, shape ``(n,)``, NaN where it is null.

    ``to_numpy`` would import pandas where it is installed, which takes longer than reading a whole test.
    """
    parts = []
    for chunk in column.chunks:
        data = np.frombuffer(chunk.buffers()[1], np.float64, len(chunk), chunk.offset * 8)
        if chunk.null_count:
            packed = np.frombuffer(chunk.buffers()[0], np.uint8)
            valid = np.unpackbits(packed, bitorder="little")[chunk.offset : chunk.offset + len(chunk)]
            data = np.where(valid.astype(bool), data, np.nan)
        parts.append(data)
    return np.concatenate(parts) if parts else np.empty(0)


def _number(token: bytes) -> float | None:
    """Return the value of one token, NaN for a declared missing value, ``None`` for anything else."""
    try:
        return float(token) if b"_" not in token else None
    except ValueError:
        return float("nan") if token.upper() in _MISSING else None


def _lines_of(text: SampleText) -> list[tuple[int, bytes]]:
    """Return sample lines with line numbers: no trailing blank ones, inner ones only as lost samples."""
    data = text.data
    if b"," in data and b"." not in data:
        data = data.replace(b",", b".")
    lines = [
        (number, line.strip(b" \t\r\x00\x1a"))
        for number, line in enumerate(data.split(b"\n"), start=text.first_line)
    ]
    while lines and not lines[-1][1]:
        lines.pop()
    filled = [(number, line) for number, line in lines if line]
    # Double-spaced files have blank lines between all samples; otherwise a blank line is a lost sample.
    return filled if text.declared is None or len(lines) != text.declared else lines


def _values_per_line(lines: list[tuple[int, bytes]], text: SampleText) -> int:
    """Return how many samples stand on a line: one, unless the declared count says otherwise."""
    if text.columns != 1 or text.declared is None or len(lines) >= text.declared or not lines:
        return 1
    counts = [len(line.split()) for _, line in lines]
    return counts[0] if counts[0] > 1 and sum(counts) == text.declared else 1


def _parse_carefully(text: SampleText) -> Parsed:
    lines = _lines_of(text)
    several = _values_per_line(lines, text) > 1
    rows: list[list[float]] = []
    bad: list[tuple[int, bytes]] = []
    for number, line in lines:
        tokens = line.split()
        numbers = [_number(token) for token in tokens]
        read = [value for value in numbers if value is not None]
        if several and len(read) == len(tokens):
            rows.extend([value] for value in read)
        elif len(read) == len(tokens) == text.columns:
            rows.append(read)
        else:
            rows.append([float("nan")] * text.columns)
            if line.upper() not in _MISSING:
                bad.append((number, line))
    table = np.array(rows, np.float64).reshape(len(rows), text.columns)
    findings = []
    if bad:
        findings.append(_unreadable(text, bad))
    cut = bool(lines) and not text.data.endswith(b"\n") and _is_cut(lines, text)
    if cut:
        table[-1] = np.nan
        findings.append(_finding("truncated", "error", text, line=lines[-1][0], text=_shown(lines[-1][1])))
    if not rows:
        findings.append(_finding("no_samples", "error", text))
    elif text.declared is not None and len(rows) != text.declared:
        far = abs(len(rows) - text.declared) > COUNT_TOLERANCE * text.declared
        severity: Severity = "error" if cut or far else "warning"
        findings.append(_finding("sample_count", severity, text, found=len(rows), declared=text.declared))
    return Parsed(table, tuple(findings))


def _is_cut(lines: list[tuple[int, bytes]], text: SampleText) -> bool:
    """Return whether the last line, which has no line end, was cut inside its number.

    It is when samples are missing after it, or when it is shorter than any line of a file whose numbers all
    have the same form.
    """
    last = lines[-1][1]
    if text.declared is not None and len(lines) < text.declared:
        return True
    forms = {re.sub(rb"[0-9]", b"0", line.lstrip(b"+-")) for _, line in lines[-201:-1]}
    return len(forms) == 1 and re.sub(rb"[0-9]", b"0", last.lstrip(b"+-")) not in forms


def _shown(line: bytes) -> str:
    text = line[:40].decode("latin-1")
    return "".join(char if char.isprintable() else "?" for char in text) or "(blank)"


def _unreadable(text: SampleText, bad: list[tuple[int, bytes]]) -> Finding:
    numbers = ", ".join(str(number) for number, _ in bad[:_SHOWN]) + (", …" if len(bad) > _SHOWN else "")
    finding = _finding(
        "unreadable_sample", "error", text, count=len(bad), lines=numbers, text=_shown(bad[0][1])
    )
    return Finding(
        finding.code, finding.severity, f"{text.place}:{bad[0][0]}", finding.channel, finding.parameters
    )


def _finding(name: str, severity: Severity, source: SampleText, **parameters: object) -> Finding:
    return Finding(
        f"recordings.{name}", severity, source.place, source.label, MappingProxyType(dict(parameters))
    )
