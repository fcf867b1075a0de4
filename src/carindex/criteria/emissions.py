"""Exhaust emissions: from concentrations and flows to masses, and from masses to grams a kilometre.

Belongs here: the sums of a road trip with a portable system (PEMS) and of a chassis dynamometer, for raw and for
diluted exhaust. Does not belong here: which phases a test has for which programme, limits; electric energy
(`energy`).

Signals are ``(n,)`` or ``(..., n)``, numbers of a phase ``()`` or ``(...)``. Each sample stands for one step of the
clock, as the law sums a record of one value a second. NaN in a sample that counts makes the sum NaN: missing is not
zero. Negative values, as an analyser gives around its zero, count as they are.

References
----------
.. [1] Regulation (EU) 2017/1151, Annex IIIA (real driving emissions), as amended by (EU) 2023/443.
.. [2] UN GTR No. 15 and UN R154 (WLTP), calculation of mass emissions from diluted exhaust.

Both are recalled, not read; ``constants.yaml`` says for each number how far it is known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carindex.criteria.constants import constants
from carindex.criteria.peaks import FloatArray, Numbers, as_signal

Mask = NDArray[np.bool_]

KMH = 3.6
"""Kilometres an hour in one metre a second."""


def u_factor(component: str, fuel: str) -> float:
    """Return the density ratio u of a component in raw exhaust [1]_, in g/s per ppm and kg/s.

    Parameters
    ----------
    component
        ``co2``, ``co``, ``nox`` (also for NO and NO2, all counted as NO2), ``thc``, ``ch4``, ``o2``.
    fuel
        ``petrol_e10``, ``diesel_b7``, ``lpg``, ``natural_gas`` … as in ``exhaust_u`` of ``constants.yaml``.

    Raises
    ------
    carindex.messages.InputError
        When there is no factor for the two together: it is not known, never another one's.
    """
    return constants("exhaust_u", f"{component}_{fuel}")["u"]


def wet_concentration(
    dry: ArrayLike, co2: ArrayLike, co: ArrayLike, hydrogen: float, humidity: ArrayLike
) -> FloatArray:
    """Return the concentration in wet exhaust of what was measured in dried exhaust [1]_.

    Parameters
    ----------
    dry
        Concentration, any unit, ``(..., n)``.
    co2, co
        Concentrations of both in dry exhaust, %, ``(..., n)``.
    hydrogen
        Atoms of hydrogen to one of carbon in the fuel (alpha).
    humidity
        Water in the intake air, g to one kg of dry air, one number or ``(..., n)``.

    Returns
    -------
    ndarray
        ``(..., n)``, in the unit of ``dry``: ``k_w dry`` with ``k_w = 1.008 (1 / (1 + 0.005 alpha (co2 + co)) -
        k_w1)`` and ``k_w1 = 1.608 H / (1000 + 1.608 H)``. NaN where an input is NaN.

    Notes
    -----
    The formula is recalled, not read.
    """
    water = 1.608 * np.asarray(humidity, dtype=np.float64)
    carbon = np.asarray(co2, dtype=np.float64) + np.asarray(co, dtype=np.float64)
    factor = 1.008 * (1.0 / (1.0 + 0.005 * hydrogen * carbon) - water / (1000.0 + water))
    wet: FloatArray = factor * np.asarray(dry, dtype=np.float64)
    return wet


def mass_rate(concentration: ArrayLike, flow: ArrayLike, u: ArrayLike) -> FloatArray:
    """Return the mass rate of a component of raw exhaust [1]_: ``u c q``.

    Parameters
    ----------
    concentration
        In wet exhaust, ppm, ``(..., n)``, aligned in time with the flow.
    flow
        Exhaust mass flow, kg/s, ``(..., n)``.
    u
        Density ratio (`u_factor`), g/s per ppm and kg/s.

    Returns
    -------
    ndarray
        ``(..., n)``, g/s. NaN where an input is NaN.
    """
    rate: FloatArray = (
        np.asarray(u, dtype=np.float64)
        * np.asarray(concentration, dtype=np.float64)
        * np.asarray(flow, dtype=np.float64)
    )
    return rate


def particle_rate(concentration: ArrayLike, flow: ArrayLike, density: ArrayLike) -> FloatArray:
    """Return the rate of particles in raw exhaust [1]_: concentration times mass flow over exhaust density.

    Parameters
    ----------
    concentration
        Particles a cubic metre at 273 K, #/m³, ``(..., n)``.
    flow
        Exhaust mass flow, kg/s, ``(..., n)``.
    density
        Density of the exhaust at 273 K, kg/m³ (``exhaust_density`` of ``constants.yaml``).

    Returns
    -------
    ndarray
        ``(..., n)``, #/s. NaN where an input is NaN.
    """
    rate: FloatArray = (
        np.asarray(concentration, dtype=np.float64)
        * np.asarray(flow, dtype=np.float64)
        / np.asarray(density, dtype=np.float64)
    )
    return rate


def summed(rate: ArrayLike, step: float, phase: ArrayLike = True) -> Numbers:
    """Return the sum of a rate over a phase: grams of g/s, metres of m/s, joules of W.

    Parameters
    ----------
    rate
        ``(..., n)``, a unit per second.
    step
        Time that each sample stands for, s.
    phase
        Samples that count, ``(..., n)``; all of them when it is not given.

    Returns
    -------
    float or ndarray
        0 for a phase without samples, NaN where a sample that counts is NaN.

    Raises
    ------
    ValueError
        When the step is not a positive number.
    """
    if not step > 0 or not np.isfinite(step):
        raise ValueError(f"the time step is {step} s; expected a positive number")
    counted = np.where(np.asarray(phase, dtype=np.bool_), as_signal(rate), 0.0)
    total: Numbers = (counted.sum(axis=-1) * step)[()]
    return total


def distance(speed: ArrayLike, step: float, phase: ArrayLike = True) -> Numbers:
    """Return the distance driven in a phase.

    Parameters
    ----------
    speed
        km/h, ``(..., n)``.
    step, phase
        As in `summed`.

    Returns
    -------
    float or ndarray
        km. NaN where a speed that counts is NaN.
    """
    return summed(as_signal(speed) / 3600.0, step, phase)


def distance_specific(amount: ArrayLike, driven: ArrayLike) -> Numbers:
    """Return an amount to the kilometre, g/km or #/km; NaN where nothing was driven or an input is NaN."""
    total, way = np.asarray(amount, dtype=np.float64), np.asarray(driven, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(way > 0, total / way, np.nan)[()]


def combined(masses: ArrayLike, distances: ArrayLike) -> Numbers:
    """Return grams a kilometre of several phases together: all grams over all kilometres, last axis the phases."""
    mass, way = np.asarray(masses, dtype=np.float64), np.asarray(distances, dtype=np.float64)
    return distance_specific(mass.sum(axis=-1), way.sum(axis=-1))


def speed_phases(speed: ArrayLike) -> tuple[Mask, Mask, Mask]:
    """Return which samples are urban, rural and motorway by their speed [1]_.

    Parameters
    ----------
    speed
        km/h, ``(..., n)``.

    Returns
    -------
    tuple of ndarray of bool
        ``(..., n)`` each: at most 60 km/h, at most 90 km/h, faster. A NaN speed is in none.
    """
    v = as_signal(speed)
    ends = constants("trip_speeds", "m1")
    urban, rural = v <= ends["urban"], (v > ends["urban"]) & (v <= ends["rural"])
    return urban, rural, v > ends["rural"]


def time_phase(time: ArrayLike, begin: float, end: float) -> Mask:
    """Return which samples lie in a phase of a cycle: from ``begin``, which counts, to ``end``, which does not, s."""
    t = as_signal(time)
    return np.asarray((t >= begin) & (t < end))


def engine_start(time: ArrayLike, engine_speed: ArrayLike) -> Numbers:
    """Return when the engine first runs [1]_: the first sample above 50 rpm, s; inf where it never does.

    Parameters
    ----------
    time, engine_speed
        ``(n,)``, s, and ``(..., n)``, rpm. A NaN sample does not run.
    """
    t, n = as_signal(time), as_signal(engine_speed)
    runs = n > constants("trip_limits", "m1")["engine_runs"]
    return np.where(runs.any(axis=-1), t[np.argmax(runs, axis=-1)], np.inf)[()]


def cold_start(time: ArrayLike, start: ArrayLike, coolant: ArrayLike | None = None) -> Mask:
    """Return which samples belong to the cold start [1]_.

    Parameters
    ----------
    time
        ``(n,)``, s.
    start
        When the engine first runs (`engine_start`), s, one for all or one for each record.
    coolant
        Temperature of the coolant, K, ``(..., n)``; ``None`` when it was not measured. A NaN sample is not warm.

    Returns
    -------
    ndarray of bool
        From the start to five minutes later, or until the coolant is first at 70 °C, whichever is earlier; none
        where the engine never starts.
    """
    t = as_signal(time)
    limits = constants("trip_limits", "m1")
    begin = np.asarray(start, dtype=np.float64)[..., None]
    cold = np.asarray((t >= begin) & (t < begin + limits["cold_start"]))
    if coolant is None:
        return cold
    warm = (as_signal(coolant) >= limits["warm_coolant"]) & (t >= begin)
    return cold & ~np.logical_or.accumulate(warm, axis=-1)


def standing(speed: ArrayLike) -> Mask:
    """Return in which samples the vehicle stands [1]_: slower than 1 km/h. Speed in km/h, ``(..., n)``.

    NaN does not stand.
    """
    return np.asarray(as_signal(speed) < constants("trip_limits", "m1")["standing"])


def dilution_factor(fuel: str, co2: ArrayLike, thc: ArrayLike, co: ArrayLike) -> FloatArray:
    """Return by how much the exhaust in a bag was diluted [2]_.

    Parameters
    ----------
    fuel
        As in ``stoichiometric_co2`` of ``constants.yaml``.
    co2
        Concentration in the bag, %.
    thc, co
        Concentrations in the bag, ppm, hydrocarbons as carbon one.

    Returns
    -------
    ndarray
        ``X / (co2 + (thc + co) 1e-4)``, X the CO2 of stoichiometric exhaust in %. NaN where an input is NaN.
    """
    carbon = np.asarray(co2, dtype=np.float64) + 1e-4 * (
        np.asarray(thc, dtype=np.float64) + np.asarray(co, dtype=np.float64)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(carbon > 0, constants("stoichiometric_co2", fuel)["co2"] / carbon, np.nan)


def background_corrected(bag: ArrayLike, air: ArrayLike, dilution: ArrayLike) -> FloatArray:
    """Return what the exhaust added to the dilution air [2]_: ``bag - air (1 - 1 / dilution)``, in the unit given."""
    share = 1.0 - 1.0 / np.asarray(dilution, dtype=np.float64)
    found: FloatArray = np.asarray(bag, dtype=np.float64) - np.asarray(air, dtype=np.float64) * share
    return found


def humidity_factor(humidity: ArrayLike) -> FloatArray:
    """Return the factor KH that brings NOx to a standard humidity of the intake air [2]_.

    Parameters
    ----------
    humidity
        Water in the air, g to one kg of dry air.

    Returns
    -------
    ndarray
        ``1 / (1 - 0.0329 (H - 10.71))``, recalled, not read; 1 at 10.71 g/kg. NaN where the humidity is NaN.
    """
    factor: FloatArray = 1.0 / (1.0 - 0.0329 * (np.asarray(humidity, dtype=np.float64) - 10.71))
    return factor


def bag_mass(
    volume: ArrayLike, concentration: ArrayLike, density: ArrayLike, factor: ArrayLike = 1.0
) -> FloatArray:
    """Return the mass of a component collected in a phase of a dynamometer test [2]_.

    Parameters
    ----------
    volume
        Diluted exhaust at 273.15 K and 101.325 kPa, l.
    concentration
        Corrected for the dilution air (`background_corrected`), ppm.
    density
        Of the component at 273.15 K and 101.325 kPa, g/l (``diluted_density`` of ``constants.yaml``).
    factor
        Humidity factor for NOx, 1 for the others.

    Returns
    -------
    ndarray
        g: ``volume density factor concentration 1e-6``. NaN where an input is NaN.
    """
    mass: FloatArray = (
        np.asarray(volume, dtype=np.float64)
        * np.asarray(density, dtype=np.float64)
        * np.asarray(factor, dtype=np.float64)
        * np.asarray(concentration, dtype=np.float64)
        * 1e-6
    )
    return mass
