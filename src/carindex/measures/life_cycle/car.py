"""One car as the life-cycle sum sees it: a small file that a person can write.

Belongs here: reading and checking it. Does not belong here: factors (`factors`).
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from carindex.criteria.life_cycle import ZERO, Bounds
from carindex.measures.life_cycle.factors import Factor, groups, intensities
from carindex.messages import InputError

POWERTRAINS = ("bev", "petrol", "diesel", "phev", "lpg", "natural_gas", "hydrogen")
_KEYS = frozenset(
    {"name", "powertrain", "made_in", "used_in", "mass_without_battery", "battery_energy", "battery_chemistry",
     "electricity", "fuel", "fuel_consumption", "electric_share", "lifetime", "factors"}
)  # fmt: skip
_KINDS = frozenset({"vehicle", "battery", "electricity", "grid_trend", "grid_loss", "fuel_supply", "fuel_use",
                    "maintenance", "end_of_life", "lifetime"})  # fmt: skip


@dataclass(frozen=True)
class CarLife:
    """One car and its use.

    Attributes
    ----------
    name
        For people.
    powertrain
        One of `POWERTRAINS`.
    made_in, used_in
        Regions of the factors: ``EU``, ``CN`` or a country.
    mass_without_battery
        kg.
    battery_energy, battery_chemistry
        kWh, and ``nmc811``, ``lfp`` or ``lithium_ion``; 0 and empty without a traction battery.
    electricity
        Consumption from the wall, charging loss included, kWh/100 km where it is driven electrically.
    fuel, fuel_consumption
        Fuel, and litres (kg for gas and hydrogen) to 100 km where it is driven with fuel.
    electric_share
        Share of the distance driven electrically.
    stated
        Factors that the file itself states, with their source, in place of the shipped ones.
    """

    name: str
    powertrain: str
    made_in: str
    used_in: str
    mass_without_battery: Bounds
    battery_energy: Bounds = ZERO
    battery_chemistry: str = ""
    electricity: Bounds = ZERO
    fuel: str = ""
    fuel_consumption: Bounds = ZERO
    electric_share: Bounds = ZERO
    stated: Mapping[str, Factor] = field(default_factory=lambda: MappingProxyType({}))


def read_car(path: Path | str) -> CarLife:
    """Read a car from its TOML file.

    Raises
    ------
    InputError
        When the file cannot be read, an entry is unknown or missing, or a number is not possible.
    """
    path = Path(path)
    try:
        entries = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, OSError, UnicodeError) as error:
        raise InputError(path, "measures.life_unreadable", reason=str(error)) from None
    return car_of(entries, path)


def car_of(entries: Mapping[str, Any], place: Path) -> CarLife:
    """Return the car that the entries of a file describe; errors as in `read_car`."""
    for key in entries:
        if key not in _KEYS:
            raise _bad(place, key, entries[key], ", ".join(sorted(_KEYS)))
    powertrain = _word(entries, place, "powertrain", POWERTRAINS)
    regions = {*intensities(), *groups()["vehicle"].entries}
    electric, burns = powertrain in ("bev", "phev"), powertrain != "bev"
    fuels = tuple(groups()["fuel_use"].entries)
    chemistries = tuple(groups()["battery"].entries)
    own_fuel = powertrain if powertrain in fuels else ""
    return CarLife(
        name=str(entries.get("name", place.stem)),
        powertrain=powertrain,
        made_in=_word(entries, place, "made_in", tuple(sorted(regions))),
        used_in=_word(entries, place, "used_in", tuple(sorted(regions))),
        mass_without_battery=_number(entries, place, "mass_without_battery", (100.0, 10000.0)),
        battery_energy=_number(entries, place, "battery_energy", (0.1, 1000.0)) if electric else ZERO,
        battery_chemistry=_word(entries, place, "battery_chemistry", chemistries) if electric else "",
        electricity=_number(entries, place, "electricity", (1.0, 200.0)) if electric else ZERO,
        fuel=(own_fuel or _word(entries, place, "fuel", fuels)) if burns else "",
        fuel_consumption=_number(entries, place, "fuel_consumption", (0.1, 100.0)) if burns else ZERO,
        electric_share=_share(entries, place, powertrain),
        stated=_stated(entries, place),
    )


def _bad(place: Path, key: str, value: object, expected: str) -> InputError:
    return InputError(place, "measures.life_entry", key=key, value=str(value)[:60], expected=expected)


def _word(entries: Mapping[str, Any], place: Path, key: str, known: tuple[str, ...]) -> str:
    value = entries.get(key, "-")
    if value not in known:
        raise _bad(place, key, value, ", ".join(known))
    return str(value)


def _pair(value: object) -> Bounds | None:
    """Return a number, or a list of two, as bounds; ``None`` for anything else."""
    given = value if isinstance(value, list) and len(value) == 2 else [value, value]
    ends = [
        float(end) if isinstance(end, int | float) and not isinstance(end, bool) else math.nan
        for end in given
    ]
    return Bounds(ends[0], ends[1]) if all(math.isfinite(end) for end in ends) else None


def _number(entries: Mapping[str, Any], place: Path, key: str, possible: tuple[float, float]) -> Bounds:
    found = _pair(entries.get(key))
    if found is None or not possible[0] <= found.low <= found.high <= possible[1]:
        expected = f"{possible[0]:g} … {possible[1]:g}, or [low, high]"
        raise _bad(place, key, entries.get(key, "-"), expected)
    return found


def _share(entries: Mapping[str, Any], place: Path, powertrain: str) -> Bounds:
    if powertrain == "phev":
        return _number(entries, place, "electric_share", (0.0, 1.0))
    return Bounds(1.0, 1.0) if powertrain == "bev" else ZERO


def _stated(entries: Mapping[str, Any], place: Path) -> Mapping[str, Factor]:
    found: dict[str, Factor] = {}
    stated = dict(entries.get("factors", {}))
    if "lifetime" in entries:
        stated.setdefault("lifetime", {"value": entries["lifetime"], "source": f"stated in {place.name}"})
    for kind, entry in stated.items():
        expected = '{value = number or [low, high], source = "…"}'
        if kind not in _KINDS or not isinstance(entry, dict) or set(entry) != {"value", "source"}:
            raise _bad(place, f"factors.{kind}", entry, f"{', '.join(sorted(_KINDS))}: {expected}")
        bounds, source = _pair(entry["value"]), str(entry["source"]).strip()
        # A share of losses stays below everything, a lifetime above nothing.
        most = 0.9 if kind == "grid_loss" else math.inf
        if bounds is None or not 0.0 <= bounds.low <= bounds.high <= most or not source:
            raise _bad(place, f"factors.{kind}", entry, expected)
        if kind == "lifetime" and bounds.low < 1000.0:
            raise _bad(place, "lifetime", entry["value"], "km")
        value = bounds.low if bounds.low == bounds.high else None
        found[kind] = Factor(source=source, verified="stated", value=value, low=bounds.low, high=bounds.high)
    return MappingProxyType(found)
