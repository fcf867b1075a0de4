"""`life_cycle`: the sum over the stages of a car's life, its bounds, and what is open.

Belongs here: which factor counts for which stage. Does not belong here: formulas (`carindex.criteria.life_cycle`),
the numbers (data).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from carindex.criteria import life_cycle as formulas
from carindex.criteria.life_cycle import UNKNOWN, ZERO, Bounds
from carindex.measures.life_cycle.car import CarLife
from carindex.measures.life_cycle.factors import Factor, factor, region_names


@dataclass(frozen=True)
class UsedFactor:
    """A factor and what it is of; ``factor`` is ``None`` where no source is known."""

    kind: str
    of: str
    factor: Factor | None


@dataclass(frozen=True)
class Stage:
    """One stage of the life.

    Attributes
    ----------
    name
        ``vehicle``, ``battery``, ``electricity``, ``fuel_supply``, ``use``, ``maintenance``, ``end_of_life``.
    bounds
        g CO2e/km over the ranges of its factors; NaN where one of them is open.
    central
        The same with the single values of the factors; bounds where a factor has only a range.
    factors
        What it was computed with.
    """

    name: str
    bounds: Bounds
    central: Bounds
    factors: tuple[UsedFactor, ...]

    @property
    def is_open(self) -> bool:
        """Whether a factor of it is not known."""
        return not self.bounds.is_known


@dataclass(frozen=True)
class LifeCycle:
    """The whole sum.

    Attributes
    ----------
    car
        The car.
    stages
        All stages, in the order of the life.
    known
        Sum of the stages that are known, g CO2e/km. It may be narrower than the sum of their bounds: what is not
        driven with electricity is driven with fuel.
    """

    car: CarLife
    stages: tuple[Stage, ...]
    known: Bounds

    @property
    def open(self) -> tuple[str, ...]:
        """Factors that no source is known for, as ``kind of what``."""
        lacking = [
            f"{used.kind} {used.of}" for stage in self.stages for used in stage.factors if used.factor is None
        ]
        return tuple(dict.fromkeys(lacking))

    @property
    def total(self) -> Bounds | None:
        """The whole sum, g CO2e/km; ``None`` while a stage is open: a part is never given for the whole."""
        return None if self.open else self.known

    @property
    def central(self) -> Bounds | None:
        """The whole sum with the single values of the factors, ``None`` while a stage is open."""
        return None if self.open else formulas.total(*(stage.central for stage in self.stages))

    @property
    def verified(self) -> str:
        """The weakest of all factors: ``stated``, ``text`` or ``unverified``."""
        marks = {
            used.factor.verified for stage in self.stages for used in stage.factors if used.factor is not None
        }
        return next(mark for mark in ("unverified", "text", "stated") if mark in marks)


class _Chosen:
    """Factors of one car: its own first, then the shipped ones."""

    def __init__(self, car: CarLife) -> None:
        self._car = car

    def get(self, kind: str, *names: str) -> UsedFactor:
        stated = self._car.stated.get(kind)
        return UsedFactor(kind, names[0], factor(kind, *names) if stated is None else stated)


def _ends(used: UsedFactor, central: bool) -> Bounds:
    if used.factor is None:
        return UNKNOWN
    return used.factor.central if central else used.factor.bounds


def life_cycle(car: CarLife) -> LifeCycle:
    """Return the greenhouse gases over the life of a car, to the kilometre.

    Parameters
    ----------
    car
        The car and its use.

    Returns
    -------
    LifeCycle
        Stages with bounds. A stage whose factor no source is known for is open, and then there is no total.
    """
    stages = _stages(car)
    # For a given share every stage is monotone in each of its factors; in the share the sum is linear.
    ends = [_sum(_stages(replace(car, electric_share=Bounds(end, end)))) for end in car.electric_share]
    return LifeCycle(car, stages, Bounds(min(end.low for end in ends), max(end.high for end in ends)))


def _sum(stages: tuple[Stage, ...]) -> Bounds:
    return formulas.total(*(stage.bounds for stage in stages if not stage.is_open))


def _stages(car: CarLife) -> tuple[Stage, ...]:
    chosen = _Chosen(car)
    made_in, used_in = region_names(car.made_in), region_names(car.used_in)
    lifetime = chosen.get("lifetime", *used_in)
    vehicle = chosen.get("vehicle", *made_in)
    stages = [_made("vehicle", car.mass_without_battery, vehicle, lifetime)]
    if car.battery_energy != ZERO:
        battery = chosen.get("battery", car.battery_chemistry)
        stages.append(_made("battery", car.battery_energy, battery, lifetime))
    if car.electricity != ZERO:
        stages.append(_electricity(car, chosen, used_in))
    if car.fuel:
        for name, kind in (("fuel_supply", "fuel_supply"), ("use", "fuel_use")):
            stages.append(_fuel(name, car, chosen.get(kind, car.fuel)))
    maintenance = chosen.get("maintenance", car.powertrain)
    stages.append(Stage("maintenance", _ends(maintenance, False), _ends(maintenance, True), (maintenance,)))
    stages.append(_end_of_life(car, chosen, vehicle))
    return tuple(stages)


def _made(name: str, amount: Bounds, used: UsedFactor, lifetime: UsedFactor) -> Stage:
    bounds, central = (
        UNKNOWN
        if used.factor is None or lifetime.factor is None
        else formulas.made(amount, _ends(used, single), _ends(lifetime, single))
        for single in (False, True)
    )
    return Stage(name, bounds, central, (used, lifetime))


def _electricity(car: CarLife, chosen: _Chosen, region: tuple[str, ...]) -> Stage:
    used = (
        chosen.get("electricity", *region),
        chosen.get("grid_loss", *region),
        chosen.get("grid_trend", *region, "other"),
    )
    found = []
    for single in (False, True):
        intensity, loss, trend = (_ends(one, single) for one in used)
        if any(one.factor is None for one in used):
            found.append(UNKNOWN)
            continue
        alone = formulas.electricity(car.electricity, intensity, loss, trend)
        found.append(formulas.shared(car.electric_share, alone, ZERO))
    return Stage("electricity", found[0], found[1], used)


def _fuel(name: str, car: CarLife, used: UsedFactor) -> Stage:
    found = []
    for single in (False, True):
        alone = formulas.fuel(car.fuel_consumption, _ends(used, single))
        found.append(formulas.shared(car.electric_share, ZERO, alone))
    return Stage(name, found[0], found[1], (used,))


def _end_of_life(car: CarLife, chosen: _Chosen, vehicle: UsedFactor) -> Stage:
    """Return the end of life: stated, or nothing where the making of the car covers it, else open."""
    used = chosen.get("end_of_life", *region_names(car.used_in))
    if used.factor is None and vehicle.factor is not None and vehicle.factor.covers_end_of_life:
        return Stage("end_of_life", ZERO, ZERO, (vehicle,))
    return Stage("end_of_life", _ends(used, False), _ends(used, True), (used,))
