"""Builds small ISO-MME recordings as bytes, for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

MME = """Data format edition number  :1.6
Title                       :Versuch Größe µ
Number of test objects      :1
"""


def channel(
    code: str = "11HEAD0000H3ACX0",
    samples: Iterable[str] = ("1.0", "2.0", "3.0"),
    *,
    unit: str | None = "m/s2",
    entries: Mapping[str, str] | None = None,
    end: str = "\n",
    newline: str = "\n",
) -> str:
    lines = list(samples)
    header = {
        "Test object number": "1",
        "Name of the channel": f"Sensor {code}",
        "Channel code": code,
        "Unit": unit,
        "Reference channel": "implicit",
        "Reference channel name": "NOVALUE",
        "Sampling interval": "0.0001",
        "Time of first sample": "-0.01",
        "Number of samples": str(len(lines)),
    } | dict(entries or {})
    head = [f"{key:<28}:{value}" for key, value in header.items() if value is not None]
    return newline.join([*head, *lines]) + end


def files(
    channels: Mapping[int, str | bytes], *, mme: str | None = MME, index: bool = True
) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    if mme is not None:
        found["t.mme"] = mme.encode("utf-8")
    lines = []
    for number, text in channels.items():
        content = text if isinstance(text, bytes) else text.encode("utf-8")
        found[f"Channel/t.{number:03d}"] = content
        code = content.replace(b"\x00", b"").split(b"Channel code", 1)[-1].split(b":", 1)[-1].split()[0]
        lines.append(f"Name of channel {number:03d}         :{code.decode('latin-1')} / sensor {number}")
    if index:
        text = "\n".join([f"Number of channels          :{len(channels)}", *lines, ""])
        found["Channel/t.chn"] = text.encode("utf-8")
    return found


def write(folder: Path, content: Mapping[str, bytes]) -> Path:
    for name, text in content.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
    return folder
