"""The constants of injury criteria, read from ``constants.yaml``: one group a criterion, one entry a dummy.

Belongs here: looking constants up. The numbers, their units, sources and how far each was verified are
data. Does not belong here: limits and scores of a programme.

Dummies are named ``h3_50m h3_05f h3_95m h3_6y h3_3y crabi_12m thor_50m worldsid_50m worldsid_05f es2 es2re
sid_iis q0 q1 q1_5 q3 q6 q10 biorid_2``; groups that do not depend on a dummy have entries of their own
naming.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, cast

from carindex.messages import InputError


@dataclass(frozen=True)
class Constants:
    """The constants of one criterion for one dummy.

    Attributes
    ----------
    group, entry
        Where they stand in ``constants.yaml``.
    values
        Number, or tuple of numbers, by name.
    units
        Unit of each value.
    source
        The published document.
    verified
        ``oracle``, ``published``, ``text`` (read in the source) or ``unverified``.
    note
        What to know about them, for instance that documents disagree; empty when nothing.
    """

    group: str
    entry: str
    values: Mapping[str, float | tuple[float, ...]]
    units: Mapping[str, str]
    source: str
    verified: str
    note: str = ""

    def __getitem__(self, name: str) -> float:
        """Return one number by its name."""
        value = self.values[name]
        if isinstance(value, tuple):
            raise TypeError(f"{self.group}.{self.entry}.{name} is a series of numbers; use values")
        return value

    def series(self, name: str) -> tuple[float, ...]:
        """Return one series of numbers by its name."""
        value = self.values[name]
        return value if isinstance(value, tuple) else (value,)


@cache
def _document() -> Mapping[str, Any]:
    import yaml

    text = files("carindex.criteria").joinpath("constants.yaml").read_text("utf-8")
    return cast(Mapping[str, Any], yaml.load(text, yaml.CSafeLoader))


def groups() -> tuple[str, ...]:
    """Return the names of all groups of constants."""
    return tuple(_document())


def entries(group: str) -> tuple[str, ...]:
    """Return the entries (usually dummies) that a group has constants for."""
    return tuple(_document()[group]["entries"])


@cache
def constants(group: str, entry: str) -> Constants:
    """Return the constants of a criterion for a dummy.

    Parameters
    ----------
    group
        Group in ``constants.yaml``, for instance ``"nij_intercepts"``.
    entry
        Entry of the group, usually a dummy, for instance ``"h3_50m"``.

    Returns
    -------
    Constants
        Values with units, source and verification.

    Raises
    ------
    InputError
        When the group has no constants for the entry.
    KeyError
        When there is no such group: a mistake in the program.
    """
    table = _document()[group]
    found = table["entries"].get(entry)
    if found is None:
        raise InputError(
            entry, "criteria.no_constants", group=group.replace("_", " "), known=", ".join(table["entries"])
        )
    values = {
        name: tuple(float(number) for number in value) if isinstance(value, list) else float(value)
        for name, value in found["values"].items()
    }
    return Constants(
        group,
        entry,
        MappingProxyType(values),
        MappingProxyType(table["units"]),
        found["source"],
        found["verified"],
        found.get("note", ""),
    )
