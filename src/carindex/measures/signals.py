"""Small steps between measured channels and the functions of `carindex.criteria`, named by the measures' files.

Belongs here: signs, sums, the larger of two signals, one part of a result. Does not belong here: anything with
an injury model behind it, which is a function of `carindex.criteria`.

Signals are ``(n,)``; a NaN in an input is a NaN in the output at that sample.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from carindex.criteria import brain, chest, corridors, side, whiplash
from carindex.criteria.constants import constants
from carindex.criteria.peaks import FloatArray, Peak, minimum, positive_maximum


def same(signal: FloatArray) -> FloatArray:
    """Return the signal as it is."""
    return signal


def negated(signal: FloatArray) -> FloatArray:
    """Return the signal with the other sign: compression of a channel that is negative in compression."""
    return -signal


def magnitude(signal: FloatArray) -> FloatArray:
    """Return the signal without its sign."""
    return np.abs(signal)


def dominant(signal: FloatArray) -> FloatArray:
    """Return the signal turned so that its larger excursion from the sample before the event is positive.

    For rib displacements of side dummies, whose sign differs between struck sides and laboratories: a rib is
    pressed in by far more than it springs out.
    """
    return signal if np.nanmax(signal) >= -np.nanmin(signal) else -signal


def total(*signals: FloatArray) -> FloatArray:
    """Return the sum at each instant."""
    added: FloatArray = np.sum(signals, axis=0)
    return added


def mean(*signals: FloatArray) -> FloatArray:
    """Return the mean at each instant."""
    average: FloatArray = np.mean(signals, axis=0)
    return average


def largest(*signals: FloatArray) -> FloatArray:
    """Return the largest of the signals at each instant."""
    envelope: FloatArray = np.maximum.reduce(signals)
    return envelope


def rows(*signals: FloatArray) -> FloatArray:
    """Return the signals as rows of one array ``(signals, n)``."""
    return np.stack(signals)


def part(parts: Any, name: str) -> Peak:  # noqa: ANN401 - any named result of `carindex.criteria`
    """Return one part of a result that has several."""
    found: Peak = getattr(parts, name)
    return found


def moved(x: FloatArray, y: FloatArray, z: FloatArray, dt: float, start: float) -> FloatArray:
    """Return how far a point is from where it was at time zero, m; see `chest.resultant_deflection`."""
    return chest.resultant_deflection(np.stack([x, y, z]), dt, start)


def irtracc_moved(
    length: FloatArray,
    angle_y: FloatArray,
    angle_z: FloatArray,
    dt: float,
    start: float,
    level: Literal["upper", "lower"],
) -> FloatArray:
    """Return how far the end of a THOR chest IR-TRACC is from where it was at time zero, m."""
    offset = constants("thor_irtracc", level)["offset"]
    return chest.resultant_deflection(chest.irtracc_position(length, angle_y, angle_z, offset), dt, start)


def viscous_history(compression: FloatArray, dt: float, dummy: str) -> FloatArray:
    """Return V*C of a dummy at each instant, m/s; see `chest.viscous_history`."""
    scale, depth = chest.viscous_constants(dummy)
    return chest.viscous_history(compression, dt, scale, depth)


def viscous_criterion(compression: FloatArray, dt: float, start: float, dummy: str) -> Peak:
    """Return V*C of a dummy, m/s; see `chest.viscous_criterion`."""
    scale, depth = chest.viscous_constants(dummy)
    return chest.viscous_criterion(compression, dt, scale, depth, start)


def largest_viscous_criterion(ribs: FloatArray, dt: float, start: float, dummy: str) -> Peak:
    """Return the largest V*C of several ribs ``(ribs, n)``, m/s; NaN when one rib has a NaN."""
    found = side.rib_viscous_criterion(ribs, dt, start, dummy=dummy)
    values = np.atleast_1d(found.value)
    index = int(np.argmax(values))  # the first NaN, where there is one
    return Peak(values[index], np.atleast_1d(found.time)[index])


def largest_rate(ribs: FloatArray, dt: float, start: float) -> Peak:
    """Return the largest rate at which one of several ribs ``(ribs, n)`` is pressed in, m/s; NaN when one has a NaN."""
    found = side.rib_deflection_rate(ribs, dt, start)
    values = np.atleast_1d(found.value)
    index = int(np.argmax(values))  # the first NaN, where there is one
    return Peak(values[index], np.atleast_1d(found.time)[index])


def damage_history(x: FloatArray, y: FloatArray, z: FloatArray, dt: float) -> FloatArray:
    """Return DAMAGE at each instant for angular accelerations in rad/s²; see `brain.damage`."""
    displacement = brain.damage_displacement(x, y, z, dt)
    factor = constants("damage_model", "gabler_2019")["factor"]
    history: FloatArray = factor * np.sqrt(np.square(displacement).sum(axis=-2))
    return history


def largest_compression(force: FloatArray, dt: float, start: float) -> Peak:
    """Return the smallest value of a force that is negative in compression; 0 when it never is compressed."""
    value, time = minimum(force, dt, start)
    return Peak(value, time) if not value > 0 else Peak(np.float64(0.0), np.float64(np.nan))


def corridor(name: str) -> corridors.Corridor:
    """Return a published duration corridor."""
    return corridors.published(name)


def ratio_of_corridor(force: FloatArray, limit: corridors.Corridor, dt: float) -> FloatArray:
    """Return the largest ratio of a force to the bound for the cumulative time it is held (1: just kept)."""
    return corridors.utilisation(force, dt, limit).ratio


def between_corridors(
    force: FloatArray, higher: corridors.Corridor, lower: corridors.Corridor, dt: float
) -> FloatArray:
    """Return where between two corridors a force lies: 0 the one is kept, 1 the other is just kept."""
    return corridors.between(force, dt, higher, lower)


def contact_end(contact: FloatArray, dt: float, start: float) -> float:
    """Return the end of head restraint contact, s; NaN without contact. Closed is above half of the maximum."""
    high = float(np.max(contact))
    if not high > 0:
        return float("nan")
    return float(whiplash.head_restraint_contact(contact, dt, start, threshold=0.5 * high).t2)


def contact_start(contact: FloatArray, dt: float, start: float) -> Peak:
    """Return the start of head restraint contact, s, as a value at its own time; NaN without contact."""
    high = float(np.max(contact))
    time = np.float64(np.nan)
    if high > 0:
        time = np.float64(whiplash.head_restraint_contact(contact, dt, start, threshold=0.5 * high).t1)
    return Peak(time, time)


def largest_until(signal: FloatArray, dt: float, start: float, until: float) -> Peak:
    """Return the largest positive value from time zero to a time; 0 where there is none."""
    return positive_maximum(signal, dt, start, after=0.0, until=until)
