"""Channels that parse their samples on first use, or all at once when asked to.

Here: the bridge from sample text to `Channel` fields, the same for every text format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np

from carindex.messages import Finding
from carindex.recordings.model import ChannelCode, Samples
from carindex.recordings.samples import Parsed, SampleText, parse, parse_all
from carindex.units import Conversion, conversion

#: Dummy codes of ISO/TS 13499, fine location 3 (frontal, side, rear and child dummies, no impactors).
DUMMY_CODES = frozenset(
    {
        "BR", "BS", "E1", "E2", "ER", "H2", "H3", "HA", "HB", "HF", "HM", "MA", "MD", "P0", "P1", "P2", "P3",
        "P4", "P5", "Q0", "Q1", "Q2", "Q3", "Q4", "Q6", "QA", "QB", "R2", "S2", "SH", "SI", "T1", "T3", "T5",
        "T9", "TF", "TH", "TM", "TV", "TW", "WF", "WS", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7", "Y8", "Y9",
        "YA", "YW",
    }
)  # fmt: skip
_AS_READ = Conversion("")


def parsers(texts: Sequence[SampleText], eager: bool) -> list[Callable[[], Parsed]]:
    """Return one function a channel that gives its numbers, parsed once: now (``eager``) or on first use."""
    if eager:
        return [_constant(parsed) for parsed in parse_all(texts)]
    return [_once(text) for text in texts]


def _constant(parsed: Parsed) -> Callable[[], Parsed]:
    return lambda: parsed


def _once(text: SampleText) -> Callable[[], Parsed]:
    return cache(lambda: parse(text))


def converted(source: Callable[[], Parsed], unit: Conversion) -> Callable[[], Samples]:
    """Return a function that gives the last column of parsed numbers in canonical units, shape ``(n,)``."""
    return lambda: in_canonical_unit(source().table[:, -1], unit)


def in_canonical_unit(values: Samples, unit: Conversion) -> Samples:
    """Return a converted copy, shape ``(n,)``; a value that is too large for a double becomes infinite."""
    if unit.factor == 1.0 and unit.offset == 0.0:
        return values.copy()
    with np.errstate(over="ignore", invalid="ignore"):
        return values * unit.factor + unit.offset if unit.offset else values * unit.factor


def unit_of(text: str | None, place: str, label: str) -> tuple[Conversion, tuple[Finding, ...]]:
    """Return the conversion for a unit text; without one the values stay and a finding says so."""
    stated = (text or "").strip()
    if not stated or stated.upper() == "NOVALUE":
        return _AS_READ, (Finding("recordings.missing_unit", "error", place, label),)
    found = conversion(stated)
    if found is None:
        return _AS_READ, (Finding("recordings.unknown_unit", "error", place, label, {"unit": stated[:40]}),)
    return found, ()


def unit_of_column(
    text: str | None, values: Samples, code: ChannelCode | None, place: str, label: str
) -> tuple[Conversion, tuple[Finding, ...]]:
    """Return the conversion for a unit text; only a switch, whose every sample is 0 or 1, does without one.

    What a channel code makes a force or an acceleration is no switch, even if it only ever was 0.
    """
    stated = (text or "").strip()
    if code is None and not stated and values.size and np.isin(values, (0.0, 1.0)).all():
        return Conversion("1"), (Finding("recordings.switch_without_unit", "note", place, label),)
    return unit_of(text, place, label)


def occupants_from_codes(codes: Sequence[ChannelCode | None]) -> Mapping[str, str]:
    """Return position digit to dummy code as far as the channel codes agree about it.

    A position whose channels name two dummies is left out: the file does not say clearly who sat there.
    Where two test objects have dummies at a position, the first test object counts.
    """
    found: dict[str, dict[str, set[str]]] = {}
    for code in codes:
        if code is not None and code.fine_location_3 in DUMMY_CODES and code.position != "0":
            found.setdefault(code.position, {}).setdefault(code.test_object, set()).add(code.fine_location_3)
    first = {position: objects[min(objects)] for position, objects in sorted(found.items())}
    return {position: next(iter(dummies)) for position, dummies in first.items() if len(dummies) == 1}
