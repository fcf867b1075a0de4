"""What every reader returns: a frozen `Recording` of `Channel`s in canonical units.

Canonical units, converted once by the reader: time s, acceleration m/s², force N, moment N·m, length m,
velocity m/s, angle rad, angular velocity rad/s, angular acceleration rad/s², pressure Pa, temperature K,
voltage V, current A. Nothing here knows dummies or protocols.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from carindex.messages import Finding

Samples = NDArray[np.float64]

_CODE = re.compile(r"[A-Z0-9?]{16}")
_EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ChannelCode:
    """The 16-character channel code of ISO/TS 13499, and its parts.

    Source: ISO/TS 13499 (ISO-MME), structure of the channel code.
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> ChannelCode | None:
        """Return the code that ``text`` holds, or ``None`` when it is not a 16-character channel code."""
        cleaned = text.strip().upper()
        return cls(cleaned) if _CODE.fullmatch(cleaned) else None

    @property
    def test_object(self) -> str:
        """Test object: ``1`` vehicle 1, ``2`` vehicle 2, ``B`` or ``M`` barrier, ``S`` sled …"""
        return self.text[0]

    @property
    def position(self) -> str:
        """Position in the test object: ``1`` front left, ``3`` front right, ``4`` to ``6`` second row …"""
        return self.text[1]

    @property
    def main_location(self) -> str:
        """Main location, four characters: ``HEAD``, ``NECK``, ``CHST`` …"""
        return self.text[2:6]

    @property
    def fine_location_1(self) -> str:
        """Fine location 1: ``LE``, ``RI``, ``UP``, ``LO``, ``00`` …"""
        return self.text[6:8]

    @property
    def fine_location_2(self) -> str:
        """Fine location 2: ``UP``, ``LO``, ``RD`` (redundant sensor), ``01`` …"""
        return self.text[8:10]

    @property
    def fine_location_3(self) -> str:
        """Fine location 3, for a dummy its type: ``H3``, ``HF``, ``TH``, ``WS`` …; ``00`` not stated."""
        return self.text[10:12]

    @property
    def dimension(self) -> str:
        """Physical dimension: ``AC``, ``AV``, ``AA``, ``FO``, ``MO``, ``DS``, ``DC``, ``AN``, ``VE`` …"""
        return self.text[12:14]

    @property
    def direction(self) -> str:
        """Direction: ``X``, ``Y``, ``Z``, ``R`` (resultant) or ``0``."""
        return self.text[14]

    @property
    def filter_class(self) -> str:
        """Filter class: ``0`` unfiltered, ``A`` CFC 1000, ``B`` 600, ``C`` 180, ``D`` 60 …"""
        return self.text[15]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a channel's processing history, for example ``Step("CFC 180", "SAE J211")``."""

    name: str
    detail: str = ""


@dataclass(frozen=True)
class Channel:
    """One measured signal.

    Attributes
    ----------
    code
        ISO-MME channel code; ``None`` when the file gives none and none can be derived.
    name
        The laboratory's own name of the channel.
    unit
        Canonical unit of ``values``, empty when the file states none.
    source_unit
        Unit text as the file has it.
    start, step
        Time of the first sample and sampling interval in s; ``step`` is NaN with an explicit time.
    place
        File (and member or line) the channel was read from.
    attributes
        Header entries as the file has them.
    history
        What was done to the values since they were measured, oldest first.
    load
        Returns the samples in canonical units, shape ``(n,)``; called once, on first use.
    declared_samples
        Number of samples that the header promises, ``None`` when it does not say.
    load_time
        Returns the explicit time of each sample in s, shape ``(n,)``; ``None`` for a constant interval.
    load_findings
        Returns what was noticed while the samples were parsed; ``None`` when nothing can be.
    """

    code: ChannelCode | None
    name: str
    unit: str
    source_unit: str
    start: float
    step: float
    place: str
    load: Callable[[], Samples] = field(repr=False, compare=False)
    attributes: Mapping[str, str] = field(default_factory=lambda: _EMPTY, repr=False)
    history: tuple[Step, ...] = ()
    declared_samples: int | None = None
    load_time: Callable[[], Samples] | None = field(default=None, repr=False, compare=False)
    load_findings: Callable[[], tuple[Finding, ...]] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def values(self) -> Samples:
        """Samples in canonical units, shape ``(n,)``, read-only; NaN where the file has no value."""
        return _frozen(self.load())

    @cached_property
    def time(self) -> Samples:
        """Time of each sample in s from T0, shape ``(n,)``, read-only."""
        if self.load_time is not None:
            return _frozen(self.load_time())
        with np.errstate(over="ignore", invalid="ignore"):
            return _frozen(np.asarray(self.start + self.step * np.arange(self.values.size), np.float64))

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed while the samples were parsed: unreadable samples, a truncated file …

        Findings that are known from the header alone are in `Recording.findings`. Asking parses the samples.
        """
        return () if self.load_findings is None else self.load_findings()

    @property
    def has_constant_step(self) -> bool:
        """Whether the sampling interval is constant."""
        return self.load_time is None

    @property
    def label(self) -> str:
        """The code where there is one, else the laboratory's name."""
        return self.code.text if self.code else self.name

    def processed(self, values: Samples, step: Step, *, unit: str | None = None) -> Channel:
        """Return a new channel with other values on the same time base and one more step in its history."""
        return replace(
            self,
            load=lambda: values,
            unit=self.unit if unit is None else unit,
            history=(*self.history, step),
        )


def _frozen(values: Samples) -> Samples:
    array = np.asarray(values, dtype=np.float64)
    array.flags.writeable = False
    return array


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    """Translate ``?`` (one character) and ``*`` (any number) to a regular expression."""
    parts = (re.escape(char) if char not in "?*" else {"?": ".", "*": ".*"}[char] for char in pattern.upper())
    return re.compile("".join(parts))


@dataclass(frozen=True)
class Recording:
    """One recorded test: channels with the header of the file they came from.

    Attributes
    ----------
    path
        What was read: a folder, a file or an archive.
    format
        Short name of the format: ``iso-mme``, ``nhtsa-ev5``, ``table``, ``mdf4``, ``rde-exchange``.
    channels
        All channels, in the order of the file.
    attributes
        Header entries of the test as the file has them.
    files
        SHA-256 of every file that was read, by its name inside ``path``.
    findings
        What the reader noticed and survived (see `carindex.messages.Finding`).
    occupants
        What the file itself says about who sat where: ISO position digit to dummy code of ISO-MME
        (``{"1": "H3", "3": "HF"}``); empty when it does not say.
    """

    path: Path
    format: str
    channels: tuple[Channel, ...]
    attributes: Mapping[str, str] = field(default_factory=lambda: _EMPTY, repr=False)
    files: Mapping[str, str] = field(default_factory=lambda: _EMPTY, repr=False)
    findings: tuple[Finding, ...] = ()
    occupants: Mapping[str, str] = field(default_factory=lambda: _EMPTY)

    def __iter__(self) -> Iterator[Channel]:
        return iter(self.channels)

    def __len__(self) -> int:
        return len(self.channels)

    @cached_property
    def by_code(self) -> Mapping[str, tuple[Channel, ...]]:
        """Channels by their full code; a code that occurs twice has two."""
        found: dict[str, tuple[Channel, ...]] = {}
        for channel in self.channels:
            if channel.code is not None:
                found[channel.code.text] = (*found.get(channel.code.text, ()), channel)
        return MappingProxyType(found)

    def select(self, pattern: str) -> tuple[Channel, ...]:
        """Return the channels whose code matches a pattern; ``?`` is one character, ``*`` any number.

        ``select("1?HEAD0000??AC?*")`` gives the head accelerations of every occupant of vehicle 1.
        """
        expression = _pattern(pattern)
        return tuple(
            channel for channel in self.channels if channel.code and expression.fullmatch(channel.code.text)
        )

    def with_channels(self, channels: Iterable[Channel]) -> Recording:
        """Return the same recording with other channels."""
        return replace(self, channels=tuple(channels))
