"""ISO/TS 13499 ("ISO-MME"): ``NAME.mme``, ``Channel/NAME.chn`` and ``Channel/NAME.001`` …

Here: finding the files of one recording, their header entries, implicit and explicit time. Numbers are read
by ``samples.py``. Source: ISO/TS 13499, file structure and header entries of the multimedia data exchange
format.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from types import MappingProxyType

import numpy as np

from carindex.messages import Finding, InputError, Severity
from carindex.recordings.lazy import converted, occupants_from_codes, parsers, unit_of
from carindex.recordings.model import Channel, ChannelCode, Recording, Samples
from carindex.recordings.samples import Parsed, SampleText
from carindex.recordings.sources import HEAD, FileSource
from carindex.recordings.text import HeadedText, key_of, split_header
from carindex.units import Conversion

NAME = "iso-mme"

_TEST_KEYS = frozenset(
    map(
        key_of,
        (
            "Data format edition number", "Laboratory name", "Laboratory test ref. number", "Customer name",
            "Customer test ref. number", "Customer project ref. number", "Laboratory project ref. number",
            "Customer order number", "Title", "Medium No./number of media", "Timestamp", "Type of the test",
            "Subtype of the test", "Regulation", "Reference temperature", "Relative air humidity",
            "Date of the test",
            "Number of test objects", "Name of test object 1", "Velocity test object 1", "Mass test object 1",
            "Driver position object 1", "Impact side test object 1", "Type of test object 1",
            "Class of test object 1", "Code of test object 1", "Ref. number of test object 1",
        ),
    )
)  # fmt: skip
_CHANNEL_KEYS = frozenset(
    map(
        key_of,
        (
            "Test object number", "Name of the channel", "Laboratory channel code", "Customer channel code",
            "Channel code", "Unit", "Reference system", "Transducer type", "Pre-filter type",
            "Cut off frequency",
            "Channel amplitude class", "Reference channel", "Reference channel name", "Data source",
            "Data status",
            "Sampling interval", "Bit resolution", "Time of first sample", "Number of samples",
            "First global maximum value",
            "First global minimum value", "Start offset interval", "End offset interval",
            "Channel frequency class",
        ),
    )
)  # fmt: skip
#: Keys that other texts have too do not make a test header on their own.
_OWN_TEST_KEYS = _TEST_KEYS - {"title", "timestamp", "regulation", "customername", "dateofthetest"}
_INDEX_KEYS = frozenset(map(key_of, ("Instrumentation standard", "Number of channels")))
_INDEX_ENTRY = re.compile(r"nameofchannel0*(\d+)")
_NUMBERED = re.compile(r"\.(\d{1,6})$")
_OWN_KEYS = tuple(sorted(_TEST_KEYS | _CHANNEL_KEYS | _INDEX_KEYS | {"nameofchannel"}, key=len, reverse=True))


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of one recording: header, index and numbered channel files."""

    test: str | None
    index: str | None
    channels: Mapping[int, str]


def _kind(source: FileSource, name: str) -> str | None:
    """Return what a file is by its content: ``test``, ``index``, ``channel`` or ``None``."""
    head = source.head(name)
    if head.count(b":") < 2 and head.count(b":\x00") + head.count(b"\x00:") < 2:
        return None
    keys = [key_of(key) for key in split_header(head[:HEAD]).entries]
    index_entries = sum(1 for key in keys if _INDEX_ENTRY.fullmatch(key))
    scores = {
        "test": sum(1 for key in keys if key in _TEST_KEYS),
        "index": sum(1 for key in keys if key in _INDEX_KEYS) + index_entries,
        "channel": sum(1 for key in keys if key in _CHANNEL_KEYS),
    }
    kind = max(scores, key=scores.__getitem__)
    if scores[kind] < 2 or (kind == "test" and not _OWN_TEST_KEYS.intersection(keys)):
        return None
    return kind


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _classified(source: FileSource) -> dict[str, str]:
    """Kind of every file that belongs to this format, by content; ``.mme`` and ``.chn`` also when damaged."""
    found = {}
    for name in source.names:
        kind = _kind(source, name)
        if kind is None and _suffix(name) in {".mme", ".chn"} and b"\x00\x00" not in source.head(name)[:64]:
            kind = "test" if _suffix(name) == ".mme" else "index"
        if kind is not None:
            found[name] = kind
    return found


def recognises(source: FileSource) -> bool:
    """Return whether the source holds an ISO-MME recording."""
    if source.focus is not None:
        return _kind(source, source.focus) is not None or _suffix(source.focus) in {".mme", ".chn"}
    return any(_kind(source, name) is not None for name in source.names) or any(
        _suffix(name) == ".mme" for name in source.names
    )


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    return path.name[: len(path.name) - len(path.suffix)].lower()


def _folder(name: str) -> str:
    return str(PurePosixPath(name).parent)


def _one(source: FileSource, names: Sequence[str]) -> str | None:
    if len(names) > 1:
        raise InputError(
            source.path, "recordings.several_recordings", first=names[0], second=names[1], count=len(names)
        )
    return names[0] if names else None


def _numbered(source: FileSource, folder: str, stem: str | None) -> dict[int, str]:
    found: dict[int, str] = {}
    for name in source.names:
        match = _NUMBERED.search(name)
        if match and _folder(name) == folder and (stem is None or _stem(name) == stem):
            found.setdefault(int(match[1]), name)
    return found


def _files(source: FileSource) -> _Files:
    kinds = _classified(source)
    focus = source.focus
    tests = [name for name, kind in kinds.items() if kind == "test"]
    indexes = [name for name, kind in kinds.items() if kind == "index"]
    if focus is not None and kinds.get(focus) == "channel":
        return _Files(None, None, {1: focus})
    if focus is not None and kinds.get(focus) == "test":
        test: str | None = focus
    elif focus is not None and kinds.get(focus) == "index":
        above = {_folder(focus), str(PurePosixPath(_folder(focus)).parent)}
        near = [name for name in tests if _folder(name) in above]
        test = next((name for name in near if _stem(name) == _stem(focus)), None) or _one(source, near)
    else:
        test = _one(source, tests)
    if test is None:
        return _without_test_header(source, kinds, focus)
    folders = _channel_folders(source, _folder(test))
    for stem in (_stem(test), None):
        for folder in folders:
            channels = _numbered(source, folder, stem)
            index = [n for n in indexes if _folder(n) == folder and stem in {None, _stem(n)}]
            if channels:
                return _Files(test, index[0] if index else None, channels)
    index = [n for n in indexes if _folder(n) in folders and _stem(n) == _stem(test)]
    return _Files(test, index[0] if index else None, {})


def _channel_folders(source: FileSource, folder: str) -> list[str]:
    """Return where the channels of a header in ``folder`` may be: ``Channel``, the folder, others below."""
    below = sorted(
        {_folder(name) for name in source.names if str(PurePosixPath(_folder(name)).parent) == folder}
    )
    named = [place for place in below if PurePosixPath(place).name.lower() == "channel"]
    return [*named, folder, *(place for place in below if place not in named and place != folder)]


def _without_test_header(source: FileSource, kinds: Mapping[str, str], focus: str | None) -> _Files:
    groups = sorted(
        {(_folder(n), _stem(n)) for n, k in kinds.items() if k == "channel" and _NUMBERED.search(n)}
    )
    if focus is not None:
        groups = [group for group in groups if group == (_folder(focus), _stem(focus))]
    if not groups:
        raise InputError(source.path, "recordings.no_channels")
    _one(source, [str(PurePosixPath(folder) / stem) for folder, stem in groups])
    folder, stem = groups[0]
    index = [n for n, k in kinds.items() if k == "index" and _folder(n) == folder and _stem(n) == stem]
    return _Files(None, index[0] if index else None, _numbered(source, folder, stem))


@dataclass(frozen=True, slots=True)
class _Listed:
    """One line of the index."""

    code: ChannelCode | None
    name: str


def _read_index(source: FileSource, name: str | None) -> tuple[dict[int, _Listed], list[Finding]]:
    if name is None:
        return {}, []
    try:
        header = split_header(source.read(name), _OWN_KEYS)
    except InputError as error:
        return {}, [error.as_finding("warning")]
    listed = {}
    for key, value in header.entries.items():
        if match := _INDEX_ENTRY.fullmatch(key_of(key)):
            code, _, text = value.partition("/")
            listed[int(match[1])] = _Listed(ChannelCode.parse(code), text.strip() or value.strip())
    return listed, _malformed(source.place(name), header, "warning")


def _malformed(place: str, header: HeadedText, severity: Severity, label: str | None = None) -> list[Finding]:
    return [
        Finding("recordings.header_line", severity, f"{place}:{line}", label) for line in header.malformed
    ]


def _number(header: HeadedText, key: str) -> float | str | None:
    """Return the number of an entry, ``None`` when absent, the text itself when no finite number."""
    text = header.get(key)
    if text is None:
        return None
    try:
        value = float(text.replace(",", ".")) if "_" not in text else math.nan
    except ValueError:
        return text
    return value if math.isfinite(value) else text


@dataclass(frozen=True, slots=True)
class _Head:
    """A channel file with its header understood and its samples still text."""

    file: str
    code: ChannelCode | None
    name: str
    text: SampleText
    header: HeadedText
    unit: Conversion
    start: float
    step: float
    explicit: str | None
    findings: tuple[Finding, ...]


def _head(source: FileSource, file: str, listed: _Listed | None) -> _Head:
    place = source.place(file)
    header = split_header(source.read(file), _OWN_KEYS)
    own = ChannelCode.parse(header.get("Channel code") or "")
    code = own or (listed.code if listed else None)
    name = header.get("Name of the channel") or (listed.name if listed else "") or PurePosixPath(file).name
    label = code.text if code else name
    findings = _malformed(place, header, "warning", label)
    if listed and listed.code and own and listed.code != own:
        parameters = {"index": listed.code.text, "file": own.text}
        findings.append(Finding("recordings.code_differs", "warning", place, label, parameters))
    if code is None:
        found = header.get("Channel code") or ""
        findings.append(Finding("recordings.no_code", "warning", place, label, {"found": found[:40]}))
    unit, unit_findings = unit_of(header.get("Unit"), place, label)
    findings += unit_findings

    numbers: dict[str, float | None] = {}
    for key in ("Number of samples", "Sampling interval", "Time of first sample"):
        value = _number(header, key)
        wrong = isinstance(value, str) or (
            value is not None
            and ((key == "Sampling interval" and value <= 0) or (key == "Number of samples" and value < 0))
        )
        if wrong:
            parameters = {"key": key, "found": str(value)[:40]}
            findings.append(Finding("recordings.header_value", "error", place, label, parameters))
        numbers[key] = None if wrong or isinstance(value, str) else value
    declared, step, start = numbers.values()
    explicit = None
    columns = 1
    if (header.get("Reference channel") or "").lower().startswith("explicit"):
        explicit = header.get("Reference channel name") or ""
        columns = 1 if explicit else 2
    elif code is not None and code.main_location == "TIRS" and step is None:
        explicit = code.text  # a time reference is its own time
    elif step is None or start is None:
        missing = "Sampling interval" if step is None else "Time of first sample"
        findings.append(Finding("recordings.no_time", "error", place, label, {"key": missing}))
    text = SampleText(
        header.body, header.first_line, None if declared is None else int(declared), place, label, columns
    )
    return _Head(
        file, code, name, text, header, unit, math.nan if start is None else start,
        math.nan if step is None or explicit is not None else step, explicit, tuple(findings),
    )  # fmt: skip


def read(source: FileSource, *, eager: bool = False) -> Recording:
    """Read an ISO-MME recording.

    Parameters
    ----------
    source
        Folder, archive or one file of the recording.
    eager
        Parse all samples now, in one pass.

    Returns
    -------
    Recording
        Channels in the order of the index; ``attributes`` are the entries of the test header as they are.

    Raises
    ------
    InputError
        Two recordings in the source, or no channel at all.
    """
    files = _files(source)
    listed, findings = _read_index(source, files.index)
    findings += _index_findings(source, files, listed)
    attributes, test_findings, read_files = _test_header(source, files)
    findings += test_findings
    heads: list[_Head] = []
    wanted = {
        number: files.channels[number] for number in listed if number in files.channels
    } or files.channels
    for number, file in sorted(wanted.items()):
        try:
            head = _head(source, file, listed.get(number))
        except InputError as error:
            entry = listed.get(number)
            findings.append(error.as_finding("error", entry.code.text if entry and entry.code else None))
            continue
        heads.append(head)
        findings += head.findings
        read_files.append(file)
    if not heads:
        raise InputError(source.path, "recordings.no_channels")
    channels = _channels(heads, eager)
    return Recording(
        path=source.path if source.focus is None else source.path / source.focus,
        format=NAME,
        channels=tuple(channels),
        attributes=MappingProxyType(attributes),
        files=MappingProxyType({name: source.digest(name) for name in sorted(read_files)}),
        findings=tuple(findings),
        occupants=MappingProxyType(dict(occupants_from_codes([head.code for head in heads]))),
    )


def _test_header(source: FileSource, files: _Files) -> tuple[dict[str, str], list[Finding], list[str]]:
    read_files = [files.index] if files.index else []
    if files.test is None:
        return {}, [Finding("recordings.missing_header", "warning", str(source.path))], read_files
    try:
        header = split_header(source.read(files.test), _OWN_KEYS)
    except InputError as error:
        return {}, [error.as_finding("warning")], read_files
    attributes = {**header.entries, "encoding": header.encoding}
    return attributes, _malformed(source.place(files.test), header, "warning"), [*read_files, files.test]


def _index_findings(source: FileSource, files: _Files, listed: Mapping[int, _Listed]) -> list[Finding]:
    if files.index is None:
        place = str(source.path)
        return [Finding("recordings.missing_index", "note", place)] if files.test is not None else []
    place = source.place(files.index)
    findings = [
        Finding(
            "recordings.missing_file",
            "warning",
            place,
            entry.code.text if entry.code else entry.name,
            {"file": f"*.{number:03d}", "name": entry.name},
        )
        for number, entry in listed.items()
        if number not in files.channels
    ]
    if any(number in files.channels for number in listed):
        extra = sorted(PurePosixPath(name).name for n, name in files.channels.items() if n not in listed)
        if extra:
            shown = ", ".join(extra[:5]) + (", …" if len(extra) > 5 else "")
            parameters = {"count": len(extra), "files": shown}
            findings.append(Finding("recordings.unlisted_channel", "warning", place, None, parameters))
    return findings


def _channels(heads: Sequence[_Head], eager: bool) -> list[Channel]:
    sources = parsers([head.text for head in heads], eager)
    loads = [converted(parsed, head.unit) for parsed, head in zip(sources, heads, strict=True)]
    by_name: dict[str, int] = {}
    for number, head in enumerate(heads):
        for name in (
            head.code.text if head.code else "",
            head.name,
            head.header.get("Laboratory channel code"),
        ):
            if name:
                by_name.setdefault(key_of(name), number)
    channels = []
    for head, parsed, load in zip(heads, sources, loads, strict=True):
        load_time, load_findings, start = None, _findings_of(parsed), head.start
        if head.explicit == "":
            load_time = _first_column(parsed)
        elif head.explicit is not None:
            found = by_name.get(key_of(head.explicit))
            reference = None if found is None else (loads[found], heads[found])
            load_time, load_findings = _explicit_time(head, parsed, reference)
        channels.append(
            Channel(
                code=head.code,
                name=head.name,
                unit=head.unit.unit,
                source_unit=head.header.get("Unit") or "",
                start=start,
                step=head.step,
                place=head.text.place,
                load=load,
                attributes=MappingProxyType({**head.header.entries, "encoding": head.header.encoding}),
                declared_samples=head.text.declared,
                load_time=load_time,
                load_findings=load_findings,
            )
        )
    return channels


def _findings_of(parsed: Callable[[], Parsed]) -> Callable[[], tuple[Finding, ...]]:
    return lambda: parsed().findings


def _first_column(parsed: Callable[[], Parsed]) -> Callable[[], Samples]:
    return lambda: parsed().table[:, 0].copy()


def _explicit_time(
    head: _Head, parsed: Callable[[], Parsed], reference: tuple[Callable[[], Samples], _Head] | None
) -> tuple[Callable[[], Samples], Callable[[], tuple[Finding, ...]]]:
    """Time from another channel; a missing or shorter one leaves NaN and an error, never a made-up time."""

    @cache
    def both() -> tuple[Samples, tuple[Finding, ...]]:
        samples = parsed()
        count = len(samples.table)
        time = np.full(count, np.nan)
        place, label = head.text.place, head.text.label
        if reference is None or reference[1].unit.unit != "s":
            parameters: dict[str, object] = {"name": head.explicit or ""}
            finding = Finding("recordings.no_time_channel", "error", place, label, parameters)
            return time, (*samples.findings, finding)
        stated = reference[0]()
        shared = min(count, stated.size)
        time[:shared] = stated[:shared]
        if stated.size == count:
            return time, samples.findings
        parameters = {"found": stated.size, "expected": count}
        finding = Finding("recordings.time_length", "error", place, label, parameters)
        return time, (*samples.findings, finding)

    return (lambda: both()[0].copy()), (lambda: both()[1])
