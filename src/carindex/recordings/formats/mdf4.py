"""ASAM MDF (``.mf4``, ``.mdf``) through the optional package asammdf.

Here: recognising the file and turning its signals into channels; a signal whose name is a 16-character
channel code of ISO/TS 13499 gets that code, and signals of different rasters keep their own time.
Source: ASAM MDF 4.2 (identification block).
"""

from __future__ import annotations

import gc
import math
import sys
import traceback
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from carindex.messages import Finding, InputError
from carindex.recordings.lazy import in_canonical_unit, occupants_from_codes, unit_of_column
from carindex.recordings.model import Channel, ChannelCode, Recording, Samples
from carindex.recordings.rasters import constant_step
from carindex.recordings.sources import FileSource, as_stream

NAME = "mdf4"
_MARKS = (b"MDF     ", b"UnFinMF ")


def _measurements(source: FileSource) -> list[str]:
    names = (source.focus,) if source.focus is not None else source.names
    return [name for name in names if source.head(name).startswith(_MARKS)]


def recognises(source: FileSource) -> bool:
    """Return whether the source holds an MDF file."""
    return bool(_measurements(source))


def read(source: FileSource, *, eager: bool = False) -> Recording:
    """Read an MDF file; all samples are read at once, whatever ``eager`` says.

    Raises
    ------
    InputError
        asammdf is not installed, several MDF files, a damaged file, no numeric signal.
    """
    names = _measurements(source)
    if len(names) > 1:
        raise InputError(
            source.path, "recordings.several_recordings", first=names[0], second=names[1], count=len(names)
        )
    place = source.place(names[0])
    channels: list[Channel] = []
    findings: list[Finding] = []
    for signal in _signals(source.read(names[0]), place):
        channel, found = _channel(signal, place)
        findings += found
        if channel is not None:
            channels.append(channel)
    if not channels:
        raise InputError(place, "recordings.no_channels")
    return Recording(
        path=source.path if source.focus is None else source.path / Path(source.focus),
        format=NAME,
        channels=tuple(channels),
        files=MappingProxyType({names[0]: source.digest(names[0])}),
        findings=tuple(findings),
        occupants=MappingProxyType(dict(occupants_from_codes([channel.code for channel in channels]))),
    )


def _signals(data: bytes, place: str) -> list[Any]:
    try:
        from asammdf import MDF
    except ImportError as error:
        raise InputError(place, "recordings.mdf4_not_installed") from error
    hook = sys.unraisablehook
    # asammdf fails once more, in __del__, when a file that it could not open is given up: nobody needs that.
    sys.unraisablehook = lambda _: None
    try:
        with MDF(as_stream(data)) as measurement:
            return list(measurement.iter_channels(skip_master=True, copy_master=True))
    except Exception as error:
        # asammdf has no common error type and fails in many ways on a damaged file.
        reason = str(error).split("\n", 1)[0][:200] or type(error).__name__
        traceback.clear_frames(error.__traceback__)
    finally:
        gc.collect()
        sys.unraisablehook = hook
    raise InputError(place, "recordings.unreadable_file", reason=reason)


def _channel(signal: Any, place: str) -> tuple[Channel | None, tuple[Finding, ...]]:  # noqa: ANN401
    name = str(signal.name)
    samples = np.asarray(signal.samples)
    if samples.ndim != 1 or samples.dtype.kind not in "fiub":
        parameters = {"name": name, "type": str(samples.dtype)}
        return None, (Finding("recordings.not_numeric", "note", place, None, parameters),)
    code = ChannelCode.parse(name)
    label = code.text if code else name
    numbers = samples.astype(np.float64)
    unit, findings = unit_of_column(str(signal.unit or ""), numbers, code, place, label)
    values = in_canonical_unit(numbers, unit)
    time: Samples = np.asarray(signal.timestamps, np.float64)
    constant = constant_step(time)
    comment = str(signal.comment or "")
    if constant is None:
        start, step = float(time[0]) if time.size else math.nan, math.nan
    else:
        start, step = constant
    channel = Channel(
        code=code,
        name=name,
        unit=unit.unit,
        source_unit=str(signal.unit or ""),
        start=start,
        step=step,
        place=place,
        load=lambda: values,
        attributes=MappingProxyType({"comment": comment} if comment else {}),
        load_time=(lambda: time) if constant is None else None,
    )
    return channel, findings
