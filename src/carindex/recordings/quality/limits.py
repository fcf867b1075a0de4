"""The limits of the data-quality checks, read once from ``quality_limits.yaml``.

Belongs here: reading that table and looking rows up by channel code. The reasons and sources of the numbers
stand in the table; what is done with them stands in the modules of the checks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, cast

import yaml

from carindex.messages import Severity
from carindex.recordings.model import ChannelCode

Row = Mapping[str, Any]


@cache
def limits() -> Mapping[str, Any]:
    """Return the whole table."""
    text = files("carindex.recordings.quality").joinpath("quality_limits.yaml").read_text("utf-8")
    return cast(Mapping[str, Any], yaml.load(text, yaml.CSafeLoader))


def number(section: str, key: str) -> float:
    """Return one number of the table."""
    return float(limits()[section][key])


@cache
def words(text: str) -> re.Pattern[str]:
    """Return a search expression of the table, which ignores case."""
    return re.compile(text, re.IGNORECASE)


def locations(group: str) -> Sequence[str]:
    """Return the main locations of a group: ``occupant``, ``pulse`` or ``belt``."""
    return cast(Sequence[str], limits()["locations"][group])


@cache
def _rows(*path: str) -> Mapping[tuple[str, str], Sequence[Row]]:
    table: Any = limits()
    for key in path:
        table = table[key]
    found: dict[tuple[str, str], list[Row]] = {}
    for row in table:
        for location in row["locations"]:
            found.setdefault((location, row["dimension"]), []).append(row)
    return found


def rows_for(code: ChannelCode | None, *path: str) -> Sequence[Row]:
    """Return the rows of a table that speak about a channel's main location and physical dimension."""
    if code is None:
        return ()
    rows = _rows(*path).get((code.main_location, code.dimension), ())
    return [
        row
        for row in rows
        if row.get("direction", "?") in ("?", code.direction)
        and row.get("side", "?") in ("?", code.fine_location_1)
    ]


def criterion_reads(code: ChannelCode | None) -> bool:
    """Whether criteria read such a channel, so that a defect of it is an error and not only a warning."""
    if code is None:
        return False
    if code.main_location in locations("pulse"):
        return True
    if code.main_location in locations("occupant"):
        return code.position != "0"
    return False


def severity_of(code: ChannelCode | None) -> Severity:
    """Return how grave a defect of a channel is: it refuses a criterion only where one reads the channel."""
    return "error" if criterion_reads(code) else "warning"


def _plain(unit: str) -> str:
    return unit.strip().casefold().replace(" ", "").replace("·", "").replace(".", "")


@cache
def _spellings() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for dimension in limits()["dimensions"].values():
        for unit in dimension["units"]:
            found[_plain(unit)] = unit
    for unit, others in limits()["spelled"].items():
        found.update((_plain(other), unit) for other in (unit, *others))
    return found


def unit_name(unit: str) -> str:
    """Return a unit's spelling in the table, or the text itself when it is not known there."""
    return _spellings().get(_plain(unit), unit.strip())


def expected_unit(code: ChannelCode | None) -> str | None:
    """Return the canonical unit that the code's physical dimension demands, ``None`` when it demands none."""
    if code is None:
        return None
    dimension = limits()["dimensions"].get(code.dimension)
    return None if dimension is None else cast(str, dimension["unit"])


def unit_factors(code: ChannelCode | None) -> Mapping[str, float]:
    """Return the customary units of a code's physical dimension with their factors to the canonical unit."""
    if code is None:
        return {}
    return cast(Mapping[str, float], limits()["dimensions"].get(code.dimension, {"units": {}})["units"])
