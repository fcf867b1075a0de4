"""The factors of the life-cycle sum: ``factors.yaml`` and ``ember_electricity.csv``.

Belongs here: loading and looking up. Does not belong here: choosing a factor for a car (`compute`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

import msgspec
import yaml

from carindex.criteria.life_cycle import Bounds

EMBER = "Ember, average of {year}, generation with life-cycle factors (CC BY-SA 4.0, ember_electricity.csv)"
EU = frozenset(
    {"AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT",
     "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE"}
)  # fmt: skip
"""Member states, which have the factors of the EU where they have none of their own."""


class Factor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A factor with where it is from; only a range where no single value is known."""

    source: str
    verified: Literal["text", "unverified", "stated"]
    value: float | None = None
    low: float | None = None
    high: float | None = None
    covers_end_of_life: bool = False

    @property
    def bounds(self) -> Bounds:
        """The range; that of the value alone where no other is given."""
        ends = [end for end in (self.low, self.value, self.high) if end is not None]
        return Bounds(min(ends), max(ends))

    @property
    def central(self) -> Bounds:
        """The value; the range where there is none."""
        return self.bounds if self.value is None else Bounds(self.value, self.value)


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Factors of one kind, in one unit."""

    unit: str
    entries: dict[str, Factor | None]


@cache
def groups() -> Mapping[str, Group]:
    """Return all factors but electricity, by kind."""
    text = files("carindex.measures.life_cycle").joinpath("factors.yaml").read_text("utf-8")
    return msgspec.convert(yaml.load(text, yaml.CSafeLoader), dict[str, Group])


@cache
def intensities() -> Mapping[str, Factor]:
    """Return the intensity of electricity by country, g CO2e/kWh."""
    text = files("carindex.measures.life_cycle").joinpath("ember_electricity.csv").read_text("utf-8")
    return MappingProxyType(
        {
            row["region"]: Factor(
                source=EMBER.format(year=row["year"]), verified="text", value=float(row["g_co2e_per_kwh"])
            )
            for row in csv.DictReader(io.StringIO(text))
        }
    )


def factor(kind: str, *names: str) -> Factor | None:
    """Return the first factor of a kind that one of some names has, ``None`` where no source is known."""
    entries = intensities() if kind == "electricity" else groups()[kind].entries
    return next((found for name in names if (found := entries.get(name)) is not None), None)


def region_names(region: str) -> tuple[str, ...]:
    """Return under which names a region's factors stand: its own, then those of the EU for a member state."""
    return (region, "EU") if region in EU else (region,)
