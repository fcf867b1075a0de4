"""What is measured: a criterion's value with everything needed to check it by hand.

Belongs here: `Measured`, `Measurements`, `Trace` and their JSON. Does not belong here: computing them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from carindex.criteria.peaks import FloatArray
from carindex.messages import Finding, Language


@dataclass(frozen=True)
class Trace:
    """The processed signal that a criterion was read from, for plots.

    Attributes
    ----------
    time, values
        Times in s from T0 and values in ``unit``, shape ``(n,)`` each.
    unit
        Unit that people read: g, mm, N …
    label
        Name of the criterion, one text a language.
    level
        The criterion as a level of the signal; ``None`` when it is none (HIC).
    window
        Start and end in s of the window the criterion was read from; ``None`` for a peak.
    """

    time: FloatArray
    values: FloatArray
    unit: str
    label: Mapping[str, str]
    level: float | None = None
    window: tuple[float, float] | None = None


@dataclass(frozen=True)
class Measured:
    """One criterion of one occupant, or of the vehicle.

    Attributes
    ----------
    occupant, dummy
        Seat and dummy of the vocabulary; ``None`` for the vehicle, ``dummy`` also when it is not known.
    criterion
        Quantity of the vocabulary.
    value, unit
        Value in the unit of the vocabulary.
    t1, t2
        Start and end of its window in s from T0; a peak has ``t1`` only, ``None`` where times make no sense.
    channels
        Codes of the channels it was computed from.
    filter
        Filter of the channels, such as ``CFC600``.
    methods
        How it was computed, with standard and rule, one text a language.
    findings
        Codes of the findings about its channels.
    source
        Published document of the method.
    verified
        ``oracle``, ``published``, ``text`` or ``unverified``: the weakest of method and constants.
    cell
        Phase or point of the test that it belongs to (``urban``), ``None`` where a test has none.
    """

    occupant: str | None
    dummy: str | None
    criterion: str
    value: float
    unit: str
    t1: float | None
    t2: float | None
    channels: tuple[str, ...]
    filter: str
    methods: Mapping[str, str]
    findings: tuple[str, ...]
    source: str
    verified: str
    cell: str | None = None
    draw: Callable[[], Trace] | None = field(default=None, repr=False, compare=False)

    @property
    def method(self) -> str:
        """How it was computed, in English."""
        return self.methods["en"]

    def trace(self) -> Trace | None:
        """Return the signal the criterion was read from, computed now; ``None`` where there is none."""
        return None if self.draw is None else self.draw()

    def as_json(self, language: Language = "en") -> dict[str, object]:
        """Return the criterion as plain values for JSON; times are left out where they make no sense."""
        times = {"t1": self.t1, "t2": self.t2}
        return {
            "occupant": self.occupant,
            "dummy": self.dummy,
            **({} if self.cell is None else {"cell": self.cell}),
            "criterion": self.criterion,
            "value": self.value,
            "unit": self.unit,
            **{name: time for name, time in times.items() if time is not None},
            "channels": list(self.channels),
            "filter": self.filter,
            "method": self.methods.get(language, self.method),
            "findings": list(self.findings),
            "source": self.source,
            "verified": self.verified,
        }


@dataclass(frozen=True)
class Measurements:
    """All criteria of a recorded test, and what was found while computing them."""

    values: tuple[Measured, ...]
    findings: tuple[Finding, ...] = ()
    by_name: Mapping[tuple[str | None, str], Measured] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = {
            (measured.occupant or measured.cell, measured.criterion): measured for measured in self.values
        }
        object.__setattr__(self, "by_name", MappingProxyType(found))

    def get(self, occupant: str | None, criterion: str) -> Measured | None:
        """Return a criterion of an occupant or phase (``None``.

        Of the vehicle), ``None`` when it was not computed.
        """
        return self.by_name.get((occupant, criterion))

    def as_json(self, language: Language = "en") -> list[dict[str, object]]:
        """Return all criteria as plain values for JSON."""
        return [measured.as_json(language) for measured in self.values]
