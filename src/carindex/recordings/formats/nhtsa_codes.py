"""NHTSA sensor, occupant and dummy codes to ISO/TS 13499 channel codes.

Here: the look-up in ``nhtsa_ev5_codes.yaml``. The knowledge is in that table; nothing is derived here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, cast

import yaml

from carindex.recordings.model import ChannelCode

_AXES = {"XL": "X", "YL": "Y", "ZL": "Z", "XG": "X", "YG": "Y", "ZG": "Z", "RS": "R", "NA": "0", "": "0"}


@cache
def _table() -> Mapping[str, Any]:
    text = files("carindex.recordings.formats").joinpath("nhtsa_ev5_codes.yaml").read_text("utf-8")
    return cast(Mapping[str, Any], yaml.load(text, yaml.CSafeLoader))


def position_of(location: str) -> str | None:
    """Return the ISO position digit of an occupant location (``02``: ``3``), ``None`` when unknown."""
    entry = _table()["positions"].get(location.strip())
    return str(entry["position"]) if entry else None


def dummy_of(occupant_type: str, size: str, remarks: str) -> str | None:
    """Return the ISO dummy code of an occupant record, ``None`` when nothing in it names a dummy."""
    sizes = _table()["dummies"].get(occupant_type.strip().upper(), {})
    entry = sizes.get(size.strip().upper()) or sizes.get("*")
    if entry:
        return str(entry["code"])
    if sizes:
        return None  # a known dummy family in a size the table does not have: not to be guessed
    words = remarks.upper()
    for rule in _table()["dummy_words"]:
        if all(word in words for word in rule["words"]):
            return str(rule["code"])
    return None


def name_of(attachment: str) -> str:
    """Return a readable name of a sensor attachment, the code itself when it is not in the table."""
    entry = _table()["attachments"].get(attachment)
    return str(entry["text"] if entry else _table()["names"].get(attachment, attachment))


def code_of(
    *,
    test_object: str,
    position: str | None,
    dummy: str,
    attachment: str,
    axis: str,
    unit: str,
    redundant: bool,
    comment: str,
) -> ChannelCode | None:
    """Return the channel code of a sensor, ``None`` when the table has none for it.

    Parameters
    ----------
    test_object
        Vehicle number as in VEHNO.
    position
        ISO position digit of the occupant the sensor belongs to, ``None`` for the vehicle.
    dummy
        ISO dummy code, ``00`` when it is not known.
    attachment, axis
        SENATT and AXIS.
    unit
        Canonical unit of the channel: it decides the physical dimension.
    redundant
        CHSTAT is ``R``: fine location 2 becomes ``RD``.
    comment
        INSCOM, for attachments that are not in the table.
    """
    direction = _AXES.get(axis)
    if direction is None or test_object not in {"1", "2"}:
        return None
    dimension = _table()["dimensions"].get(unit)
    if unit == "m":
        dimension = "DC" if direction == "0" else "DS"
    if dimension is None or (direction == "0" and dimension not in {"FO", "DC"}):
        return None
    entry = _table()["attachments"].get(attachment)
    location = None if entry is None else _location(entry, dimension, dummy)
    if location is None and position is not None:
        location = _from_comment(comment)
    if location is None:
        return None
    of_occupant = entry is None or entry.get("occupant", True)
    if of_occupant and position is None:
        return None
    fine = location[6:8] if not redundant else "RD"
    last = location[8:10] or (dummy if of_occupant else "00")
    where = position if of_occupant else "0"
    return ChannelCode.parse(f"{test_object}{where}{location[:6]}{fine}{last}{dimension}{direction}0")


def _location(entry: Mapping[str, Any], dimension: str, dummy: str) -> str:
    by_dummy = entry.get("by_dummy", {}).get(dummy)
    return str(by_dummy or entry.get("by_dimension", {}).get(dimension) or entry["code"])


def _from_comment(comment: str) -> str | None:
    words = comment.upper()
    for rule in _table()["comment_words"]:
        if all(word in words for word in rule["words"]):
            return str(rule["code"])
    return None
