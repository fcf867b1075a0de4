"""Recordings to files: ISO-MME (folder or zip) and Parquet. Same recording in, same bytes out.

Values are written in canonical units with the shortest text that reads back to the same double, so that a
round trip is exact. Not here: reading.
"""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from carindex.messages import InputError
from carindex.recordings.model import Channel, ChannelCode, Recording, Samples
from carindex.recordings.text import key_of

#: Canonical units as ISO-MME files spell them, in ASCII.
_SPELLED = {"m/s²": "m/s2", "N·m": "Nm", "rad/s²": "rad/s2", "": "NOVALUE"}
_TIME_CODE = "10TIRS{:04d}00TI00"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_KEY_WIDTH = 28


def write_iso_mme(recording: Recording, target: Path | str, *, name: str | None = None) -> Path:
    """Write a recording as ISO-MME and return where it is.

    Parameters
    ----------
    recording
        What to write. Missing samples become ``NOVALUE``; explicit times become time reference channels.
    target
        Folder, created when absent, or a file name that ends with ``.zip``.
    name
        Name of the test in the file names; by default the test number or the name of the source.

    Raises
    ------
    InputError
        The target cannot be written.
    """
    place = Path(target)
    stem = _stem(recording, name)
    files = _iso_mme_files(recording, stem)
    try:
        if place.suffix.lower() == ".zip":
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(_zipped({f"{stem}/{member}": text for member, text in files.items()}))
            return place
        for member, text in files.items():
            file = place / member
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text)
    except OSError as error:
        raise InputError(place, "recordings.not_writable", reason=error.strerror or str(error)) from error
    return place


def _zipped(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in sorted(files):
            info = zipfile.ZipInfo(member, _ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[member])
    return stream.getvalue()


def _stem(recording: Recording, name: str | None) -> str:
    wanted = name or recording.attributes.get("test number") or recording.path.name.split(".")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "_", wanted).strip("_") or "test"


def _entry(key: str, value: str) -> str:
    """One header entry; a value of several lines becomes several entries of the same key."""
    cleaned = " ".join(key.replace(":", " ").split())
    return "".join(f"{cleaned:<{_KEY_WIDTH}}:{line.strip()}\n" for line in (value.splitlines() or [""]))


def _number(value: float) -> str:
    return "NOVALUE" if math.isnan(value) else repr(float(value))


def _iso_mme_files(recording: Recording, stem: str) -> dict[str, bytes]:
    channels = list(recording.channels)
    references = _time_references(channels)
    files = {f"{stem}.mme": _test_header(recording).encode("utf-8")}
    index = _entry("Number of channels", str(len(channels)))
    width = max(3, len(str(len(channels))))
    for number, channel in enumerate(channels, start=1):
        code = channel.code.text if channel.code else "NOVALUE"
        index += _entry(f"Name of channel {number:0{width}d}", f"{code} / {channel.name}")
        text = _channel_header(channel, references.get(number - 1)) + _samples(channel.values)
        files[f"Channel/{stem}.{number:0{width}d}"] = text.encode("utf-8")
    files[f"Channel/{stem}.chn"] = index.encode("utf-8")
    return files


def _time_references(channels: list[Channel]) -> dict[int, str]:
    """Return the code of the time channel of each channel with an explicit time; new ones are appended."""
    references: dict[int, str] = {}
    known: list[tuple[str, Samples]] = [
        (channel.code.text, channel.values) for channel in channels if channel.code and channel.unit == "s"
    ]
    for number, channel in enumerate(list(channels)):
        if channel.load_time is None:
            continue
        time = channel.time
        code = next(
            (code for code, known_time in known if np.array_equal(known_time, time, equal_nan=True)), None
        )
        if code is None:
            code = _TIME_CODE.format(len(known) + 1)
            known.append((code, time))
            references[len(channels)] = code
            channels.append(_time_channel(code, time, channel.place))
        references[number] = code
    return references


def _time_channel(code: str, time: Samples, place: str) -> Channel:
    return Channel(
        code=ChannelCode(code), name="time reference", unit="s", source_unit="s", start=math.nan,
        step=math.nan, place=place, load=lambda: time,
    )  # fmt: skip


def _test_header(recording: Recording) -> str:
    objects = {channel.code.test_object for channel in recording.channels if channel.code}
    required = {
        "Data format edition number": "1.6",
        "Number of test objects": str(max(1, len(objects & {"1", "2"}))),
    }
    given = {key: value for key, value in recording.attributes.items() if key != "encoding" and key.strip()}
    present = {key_of(key) for key in given}
    lines = [_entry(key, value) for key, value in required.items() if key_of(key) not in present]
    return "".join([*lines, *(_entry(key, value) for key, value in given.items())])


def _channel_header(channel: Channel, reference: str | None) -> str:
    known = {
        "Test object number": channel.code.test_object if channel.code else "NOVALUE",
        "Name of the channel": channel.name or "NOVALUE",
        "Channel code": channel.code.text if channel.code else "NOVALUE",
        "Unit": _SPELLED.get(channel.unit, channel.unit),
        "Reference channel": "explicit" if reference else "implicit",
        "Reference channel name": reference or "NOVALUE",
        "Sampling interval": _number(channel.step),
        "Time of first sample": _number(channel.start),
        "Number of samples": str(channel.values.size),
    }
    own = {key_of(key) for key in known} | {"encoding", "processinghistory"}
    extra = {
        key: value for key, value in channel.attributes.items() if key_of(key) not in own and key.strip()
    }
    steps = [f"{step.name}: {step.detail}" if step.detail else step.name for step in channel.history]
    lines = [_entry(key, value) for key, value in extra.items()]
    lines += [_entry("Processing history", "\n".join(steps))] if steps else []
    # The samples follow the last entry, which therefore is one that every reader knows.
    return "".join([*lines, *(_entry(key, value) for key, value in known.items())])


def _samples(values: Samples) -> str:
    if not values.size:
        return ""
    lines = [repr(value) for value in values.tolist()]
    if not np.isfinite(values).all():
        lines = ["NOVALUE" if line == "nan" else line for line in lines]
    return "\n".join([*lines, ""])


def write_parquet(recording: Recording, target: Path | str) -> Path:
    """Write a recording as Parquet and return where it is.

    The column names are those of `carindex.recordings.formats.table`: ``time [s]`` and ``CODE [unit]``. The
    most frequent raster is the time column; other rasters are in the metadata of their columns.

    Raises
    ------
    InputError
        The target cannot be written.
    """
    import pyarrow
    from pyarrow import parquet

    place = Path(target)
    columns, fields = _parquet_columns(recording.channels)
    length = max((values.size for values in columns), default=0)
    arrays = [
        pyarrow.array(values) if values.size == length else _padded(values, length) for values in columns
    ]
    attributes = {key: value for key, value in recording.attributes.items() if key.strip()}
    schema = pyarrow.schema(
        [pyarrow.field(name, pyarrow.float64(), metadata=about) for name, about in fields],
        metadata=attributes,
    )
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), place, compression="zstd")
    except OSError as error:
        raise InputError(place, "recordings.not_writable", reason=error.strerror or str(error)) from error
    return place


def _padded(values: Samples, length: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    import pyarrow

    return pyarrow.concat_arrays(
        [pyarrow.array(values), pyarrow.nulls(length - values.size, pyarrow.float64())]
    )


def _parquet_columns(
    channels: Sequence[Channel],
) -> tuple[list[Samples], list[tuple[str, dict[str, str]]]]:
    rasters = Counter((c.start, c.step, c.values.size) for c in channels if c.load_time is None)
    main = rasters.most_common(1)[0][0] if rasters else None
    if main is not None:
        time = np.asarray(main[0] + main[1] * np.arange(main[2]), np.float64)
    else:
        time = channels[0].time if channels else np.empty(0)
    columns: list[Samples] = [time]
    fields: list[tuple[str, dict[str, str]]] = [("time [s]", {})]
    used = {"time"}
    known_times: list[tuple[str, Samples]] = []
    for channel in channels:
        about = {
            "name": channel.name,
            "source unit": channel.source_unit,
            "samples": str(channel.values.size),
        }
        about |= {k: v for k, v in channel.attributes.items() if k not in about and k not in {"time", "role"}}
        if channel.history:
            about["history"] = json.dumps([[step.name, step.detail] for step in channel.history])
        if channel.load_time is None:
            about |= {"start": repr(channel.start), "step": repr(channel.step)}
        else:
            own = channel.time
            label = next((n for n, t in known_times if np.array_equal(t, own, equal_nan=True)), None)
            if label is None:
                label = _unused(f"time {len(known_times) + 2}", used)
                known_times.append((label, own))
                columns.append(own)
                fields.append((f"{label} [s]", {"role": "time"}))
            about["time"] = label
        columns.append(channel.values)
        name = _unused(channel.label.replace("[", "(").replace("]", ")"), used)
        fields.append((f"{name} [{channel.unit}]", about))
    return columns, fields


def _unused(name: str, used: set[str]) -> str:
    """Return a column name that no other column has."""
    candidate, number = name, 2
    while candidate in used or candidate.lower() in {"time", "t"}:
        candidate, number = f"{name} #{number}", number + 1
    used.add(candidate)
    return candidate
