"""Cabin health: concentrations in one unit, fields and counts over a measurement.

Belongs here: conversion between mass and volume concentrations, means and peaks. Does not belong here: limits,
points, how long a car is heated before (the test).

Arrays are of any shape; NaN in gives NaN out where it counts.

References
----------
.. [1] Ideal gas: one mole fills R T / p. R is exact since the SI of 2019.
.. [2] IUPAC, standard atomic weights (molar masses in ``constants.yaml``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.constants import constants
from carindex.criteria.instants import run_of
from carindex.criteria.peaks import FloatArray, Numbers, as_signal


def molar_mass(substance: str) -> float:
    """Return the molar mass of a substance of ``molar_mass`` in ``constants.yaml``, g/mol [2]_.

    Raises
    ------
    carindex.messages.InputError
        When it is not there; a sum parameter such as TVOC has none.
    """
    return constants("molar_mass", substance)["molar_mass"]


def molar_volume(temperature: ArrayLike, pressure: ArrayLike) -> FloatArray:
    """Return the volume of one mole of gas, l/mol [1]_.

    Parameters
    ----------
    temperature, pressure
        K and Pa, positive.

    Raises
    ------
    ValueError
        When one of them is not positive: degrees Celsius or kPa in the place of K and Pa are not guessed.
    """
    t, p = np.asarray(temperature, dtype=np.float64), np.asarray(pressure, dtype=np.float64)
    if (t <= 0).any() or (p <= 0).any():
        raise ValueError("temperature and pressure must be positive; expected K and Pa")
    volume: FloatArray = 1e3 * constants("gas_constant", "si")["r"] * t / p
    return volume


def mass_concentration(
    ppm: ArrayLike, mass: ArrayLike, temperature: ArrayLike, pressure: ArrayLike
) -> FloatArray:
    """Return a concentration in mg/m³ of one in ppm (parts of volume).

    Parameters
    ----------
    ppm
        Concentration, ppm; ppb are thousandths of it.
    mass
        Molar mass, g/mol (`molar_mass`).
    temperature, pressure
        Of the air that the result is for, K and Pa.

    Returns
    -------
    ndarray
        mg/m³: ``ppm M / Vm``. NaN where an input is NaN.
    """
    found: FloatArray = (
        np.asarray(ppm, dtype=np.float64)
        * np.asarray(mass, dtype=np.float64)
        / molar_volume(temperature, pressure)
    )
    return found


def volume_concentration(
    milligrams: ArrayLike, mass: ArrayLike, temperature: ArrayLike, pressure: ArrayLike
) -> FloatArray:
    """Return a concentration in ppm of one in mg/m³; arguments as in `mass_concentration`."""
    found: FloatArray = (
        np.asarray(milligrams, dtype=np.float64)
        * molar_volume(temperature, pressure)
        / np.asarray(mass, dtype=np.float64)
    )
    return found


def at_conditions(
    concentration: ArrayLike,
    temperature: ArrayLike,
    pressure: ArrayLike,
    to_temperature: ArrayLike,
    to_pressure: ArrayLike,
) -> FloatArray:
    """Return a concentration by volume of air (mg/m³, #/cm³) for air of another temperature and pressure [1]_.

    Parameters
    ----------
    concentration
        At ``temperature``, K, and ``pressure``, Pa.
    to_temperature, to_pressure
        K and Pa that the result is for.
    """
    share = molar_volume(temperature, pressure) / molar_volume(to_temperature, to_pressure)
    found: FloatArray = np.asarray(concentration, dtype=np.float64) * share
    return found


def time_mean(time: ArrayLike, signal: ArrayLike) -> Numbers:
    """Return the mean of a signal over its time, straight lines between samples; NaN for a record with a NaN.

    Parameters
    ----------
    time, signal
        ``(n,)``, s, rising, and ``(..., n)``, any unit.
    """
    t, y = run_of(time, signal)
    mean: Numbers = (0.5 * (y[..., 1:] + y[..., :-1]) * np.diff(t)).sum(axis=-1) / (t[-1] - t[0])
    return mean


def root_mean_square(time: ArrayLike, signal: ArrayLike) -> Numbers:
    """Return the root of the mean square of a field over its time; squares are straight lines between samples."""
    _, y = run_of(time, signal)
    root: Numbers = np.sqrt(time_mean(time, y**2))
    return root


def greatest(signal: ArrayLike) -> Numbers:
    """Return the greatest sample; NaN for a record with a NaN, which may have hidden a greater one."""
    found: Numbers = as_signal(signal).max(axis=-1)
    return found


def field_resultant(x: ArrayLike, y: ArrayLike, z: ArrayLike) -> FloatArray:
    """Return the magnitude of a field of its three components, in their unit."""
    found: FloatArray = np.sqrt(
        np.asarray(x, dtype=np.float64) ** 2
        + np.asarray(y, dtype=np.float64) ** 2
        + np.asarray(z, dtype=np.float64) ** 2
    )
    return found


def removal(before: ArrayLike, after: ArrayLike) -> Numbers:
    """Return which share of particles or gas a filter took away: ``1 - after / before``; NaN for none before."""
    first, last = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(first > 0, 1.0 - last / first, np.nan)[()]
