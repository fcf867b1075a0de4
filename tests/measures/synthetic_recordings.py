"""Recordings made channel by channel, and measured ones damaged on purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from carindex.recordings import Channel, ChannelCode, Recording

UNITS = {
    "AC": "m/s²", "FO": "N", "MO": "N·m", "DS": "m", "DC": "m", "AV": "rad/s", "AA": "rad/s²", "AN": "rad",
    "VO": "V", "EV": "V",
}  # fmt: skip


def channel(
    code: str,
    values: np.ndarray,
    *,
    step: float = 1e-4,
    start: float = -0.02,
    attributes: Mapping[str, str] | None = None,
) -> Channel:
    """A channel with the canonical unit of its physical dimension."""
    parsed = ChannelCode.parse(code)
    assert parsed is not None, code
    samples = np.asarray(values, dtype=np.float64)
    return Channel(
        code=parsed,
        name=code,
        unit=UNITS[parsed.dimension],
        source_unit=UNITS[parsed.dimension],
        start=start,
        step=step,
        place="synthetic",
        load=lambda: samples,
        attributes=dict(attributes or {}),
    )


def recording(*channels: Channel, attributes: Mapping[str, str] | None = None) -> Recording:
    return Recording(Path("synthetic"), "table", tuple(channels), attributes=dict(attributes or {}))


def changed(whole: Recording, code: str, change: Callable[[Channel], Channel | None]) -> Recording:
    """The recording with the channels whose code contains a text changed, or left out for ``None``."""
    hit = [c for c in whole if c.code is not None and code in c.code.text]
    assert hit, f"no channel {code}"
    kept = (change(c) if c in hit else c for c in whole)
    return whole.with_channels(c for c in kept if c is not None)


def scaled(factor: float) -> Callable[[Channel], Channel]:
    def change(c: Channel) -> Channel:
        values = c.values * factor
        return replace(c, load=lambda: values)

    return change


def recoded(old: str, new: str) -> Callable[[Channel], Channel]:
    def change(c: Channel) -> Channel:
        assert c.code is not None
        return replace(c, code=ChannelCode(c.code.text.replace(old, new)))

    return change
