"""Rear-impact neck criteria of the BioRID dummy: NIC, Nkm, rebound velocity, contact times, T1, neck forces.

Belongs here: what a rear-impact seat test computes from head, T1, upper neck and the head-restraint contact
signal. Does not belong here: static geometry of head restraints, limits and points, Nij of other impacts
(`neck`).

Acceleration in m/s², force in N, moment in N·m, velocity in m/s, time in s from the first movement of the
sled; signs of SAE J211/1 and J1733 (x forward; flexion and tension positive). Signals are ``(n,)`` or ``(...,
n)``. The assessed part of the record runs from time zero to the end of head restraint contact, ``until``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from carindex.criteria.constants import constants
from carindex.criteria.kinematics import STANDARD_GRAVITY, integrate
from carindex.criteria.neck import NijIntercepts, nij_history
from carindex.criteria.peaks import (
    FloatArray,
    Interval,
    Numbers,
    Peak,
    absolute_maximum,
    as_signal,
    index_of_zero,
    maximum,
    positive_maximum,
)


class NeckShearMoment(NamedTuple):
    """Nkm and its four load cases.

    Attributes
    ----------
    nkm
        Largest value over the assessed time, of whichever case is live.
    flexion_anterior, extension_anterior, flexion_posterior, extension_posterior
        Largest value of each case (Nfa, Nea, Nfp, Nep); 0 with NaN time when the case never occurs.
    """

    nkm: Peak
    flexion_anterior: Peak
    extension_anterior: Peak
    flexion_posterior: Peak
    extension_posterior: Peak


class UpperNeckForces(NamedTuple):
    """Extremes of the upper neck forces over the assessed time, N; 0 with NaN time for one that never occurs.

    Attributes
    ----------
    shear_positive
        Largest positive Fx.
    shear_negative
        Largest negative Fx, as a magnitude.
    tension
        Largest positive Fz.
    """

    shear_positive: Peak
    shear_negative: Peak
    tension: Peak


def t1_acceleration_mean(left: ArrayLike, right: ArrayLike) -> FloatArray:
    """Return the mean of the left and right T1 accelerations; NaN where either is.

    Parameters
    ----------
    left, right
        ``(..., n)``, m/s², each CFC 60.

    References
    ----------
    .. [1] UN Global Technical Regulation No. 7, neck injury criterion.
    """
    mean: FloatArray = 0.5 * (as_signal(left) + as_signal(right))
    return mean


def nic_history(t1_x: ArrayLike, head_x: ArrayLike, dt: float, start: float = 0.0) -> FloatArray:
    r"""Return the neck injury criterion of every instant from time zero on.

    .. math:: NIC(t) = 0.2\,\mathrm{m} \cdot a_{rel}(t) + v_{rel}(t)^2, \quad a_{rel} = a_{T1} - a_{head}

    with the relative velocity integrated from time zero.

    Parameters
    ----------
    t1_x
        ``(..., n)``, m/s², CFC 60; the mean of left and right, see `t1_acceleration_mean`.
    head_x
        ``(..., n)``, m/s², CFC 60.
    dt, start
        Sampling interval and time of the first sample, s.

    Returns
    -------
    ndarray
        ``(..., n)``, m²/s²; NaN before time zero and from the first NaN of the inputs after it on.

    Raises
    ------
    ValueError
        When time zero lies outside the record.

    References
    ----------
    .. [1] Boström et al., IRCOBI 1996.
    .. [2] UN Global Technical Regulation No. 7, neck injury criterion.
    """
    relative = as_signal(t1_x) - as_signal(head_x)
    zero = index_of_zero(relative.shape[-1], dt, start)
    part = relative[..., zero:]
    history = np.full(relative.shape, np.nan)
    history[..., zero:] = 0.2 * part + integrate(part, dt) ** 2
    return history


def nic(
    t1_x: ArrayLike, head_x: ArrayLike, dt: float, start: float = 0.0, *, until: ArrayLike = np.inf
) -> Peak:
    """Return the largest neck injury criterion from time zero to the end of head restraint contact.

    Parameters
    ----------
    t1_x, head_x, dt, start
        As in `nic_history`.
    until
        End of head restraint contact, s, see `head_restraint_contact`; NaN gives NaN.

    Returns
    -------
    Peak
        NIC, m²/s², and its time. A NaN in the inputs between time zero and ``until`` gives NaN.
    """
    return maximum(nic_history(t1_x, head_x, dt, start), dt, start, after=0.0, until=until)


def nkm(
    Fx: ArrayLike,
    MOCy: ArrayLike,
    dt: float,
    start: float = 0.0,
    *,
    until: ArrayLike = np.inf,
    dummy: str = "biorid_2",
) -> NeckShearMoment:
    """Return Nkm, the combined shear force and sagittal moment of the neck, and its four cases.

    .. math:: N_{km}(t) = |F_x| / F_{int} + |M_{OCy}| / M_{int}

    One case is live at an instant, by the signs of force and moment: positive shear anterior, negative
    posterior; positive moment flexion, negative extension. The others are zero then. The intercepts are 845
    N, 88.1 N·m in flexion and 47.5 N·m in extension; they are listed as unverified in ``constants.yaml``.

    Parameters
    ----------
    Fx
        ``(..., n)`` upper neck shear force, N, CFC 600.
    MOCy
        ``(..., n)`` moment at the occipital condyle, N·m, CFC 600 (`neck.moment_at_occipital_condyle`).
    dt, start
        Sampling interval and time of the first sample, s.
    until
        End of head restraint contact, s.
    dummy
        Dummy whose intercepts apply.

    Returns
    -------
    NeckShearMoment
        Each maximum with its time. A NaN in the inputs between time zero and ``until`` gives NaN.

    Raises
    ------
    InputError
        When the dummy has no intercepts.

    References
    ----------
    .. [1] Schmitt, Muser, Walz, Niederer: Nkm, a proposal for a neck protection criterion for low-speed
       rear-end impacts. Traffic Injury Prevention 3, 2002.
    """
    limits = constants("nkm_intercepts", dummy)
    force = as_signal(Fx)
    moment = as_signal(MOCy)
    total = np.abs(force) / limits["shear"] + np.where(
        moment >= 0, moment / limits["flexion"], -moment / limits["extension"]
    )

    def largest(live: np.ndarray) -> Peak:
        # NaN fails every comparison, so it has to be kept in each case explicitly.
        return positive_maximum(
            np.where(live | np.isnan(total), total, 0.0), dt, start, after=0.0, until=until
        )

    return NeckShearMoment(
        nkm=maximum(total, dt, start, after=0.0, until=until),
        flexion_anterior=largest((force >= 0) & (moment >= 0)),
        extension_anterior=largest((force >= 0) & (moment < 0)),
        flexion_posterior=largest((force < 0) & (moment >= 0)),
        extension_posterior=largest((force < 0) & (moment < 0)),
    )


def head_restraint_contact(
    contact: ArrayLike,
    dt: float,
    start: float = 0.0,
    *,
    threshold: float = 0.5,
    shortest: float = 0.040,
    bridged: float = 0.001,
) -> Interval:
    """Return when the head meets the head restraint and when it leaves it, from a contact-switch signal.

    Contact starts with the first closed stretch after time zero that lasts at least ``shortest``, and ends
    with the last closed sample before an opening that lasts at least ``shortest`` (or reaches the end of the
    record). Openings of at most ``bridged`` do not interrupt it. The two durations are the usual ones of
    seat-test practice and not verified against a protocol text; they are arguments for that reason.

    Parameters
    ----------
    contact
        ``(..., n)`` switch or foil signal, larger when closed, any unit.
    dt, start
        Sampling interval and time of the first sample, s.
    threshold
        Closed is at or above this value, in the unit of ``contact``.
    shortest
        Shortest contact, and shortest loss of contact, that counts, s.
    bridged
        Longest opening that is taken for a faulty contact, s.

    Returns
    -------
    Interval
        Duration of contact, s, with start ``t1`` and end ``t2``. NaN when there is no such contact, or the
        signal has a NaN at or after time zero.

    References
    ----------
    .. [1] Euro NCAP, dynamic assessment of car seats for neck injury protection, T-HRC(start) and T-HRC(end).
    """
    signal = as_signal(contact)
    zero = max(int(np.ceil(-start / dt - 1e-6)), 0)
    rows = signal.reshape(-1, signal.shape[-1])[:, zero:]
    begin = start + zero * dt
    found = np.array([_contact_of(row, dt, threshold, shortest, bridged) for row in rows]) * dt + begin
    t1 = found[:, 0].reshape(signal.shape[:-1])
    t2 = found[:, 1].reshape(signal.shape[:-1])
    return Interval((t2 - t1)[()], t1[()], t2[()])


def head_rebound_velocity(
    head_vx: ArrayLike,
    sled_vx: ArrayLike,
    dt: float,
    start: float = 0.0,
    *,
    after: ArrayLike,
    until: float = 0.300,
) -> Peak:
    """Return the largest forward velocity of the head relative to the sled during rebound.

    Parameters
    ----------
    head_vx
        ``(..., n)`` horizontal velocity of the head in the laboratory, m/s, forward positive, from film
        targets.
    sled_vx
        ``(..., n)`` velocity of the sled, m/s, same axis.
    dt, start
        Sampling interval and time of the first sample, s.
    after
        Start of head restraint contact, s; before it a forward velocity is no rebound.
    until
        Last time that counts, s.

    Returns
    -------
    Peak
        Velocity, m/s, and its time. NaN for a NaN between the two times, or when ``after`` is NaN.

    References
    ----------
    .. [1] Euro NCAP, dynamic assessment of car seats for neck injury protection, head rebound velocity.
    """
    return maximum(as_signal(head_vx) - as_signal(sled_vx), dt, start, after=after, until=until)


def t1_acceleration(t1_x: ArrayLike, dt: float, start: float = 0.0, *, until: ArrayLike = np.inf) -> Peak:
    """Return the largest forward T1 acceleration from time zero to the end of head restraint contact, in g.

    Parameters
    ----------
    t1_x
        ``(..., n)``, m/s², CFC 60; the mean of left and right.
    dt, start
        Sampling interval and time of the first sample, s.
    until
        End of head restraint contact, s.

    Returns
    -------
    Peak
        Acceleration in g and its time; NaN for a NaN in the assessed time.
    """
    return maximum(as_signal(t1_x) / STANDARD_GRAVITY, dt, start, after=0.0, until=until)


def upper_neck_forces(
    Fx: ArrayLike, Fz: ArrayLike, dt: float, start: float = 0.0, *, until: ArrayLike = np.inf
) -> UpperNeckForces:
    """Return the largest shear forces of both signs and the largest tension of the upper neck.

    Parameters
    ----------
    Fx, Fz
        ``(..., n)``, N, CFC 1000.
    dt, start
        Sampling interval and time of the first sample, s.
    until
        End of head restraint contact, s.

    Returns
    -------
    UpperNeckForces
        Each with its time; NaN for a NaN in the assessed time of that force.
    """
    shear = as_signal(Fx)
    axial = as_signal(Fz)
    return UpperNeckForces(
        shear_positive=positive_maximum(shear, dt, start, after=0.0, until=until),
        shear_negative=positive_maximum(-shear, dt, start, after=0.0, until=until),
        tension=positive_maximum(axial, dt, start, after=0.0, until=until),
    )


def lower_neck_shear(Fx: ArrayLike, dt: float, start: float = 0.0, *, until: ArrayLike = np.inf) -> Peak:
    """Return the largest magnitude of the lower neck shear force, N; see `upper_neck_forces`."""
    return absolute_maximum(Fx, dt, start, after=0.0, until=until)


def neck_moments(
    My: ArrayLike, dt: float, start: float = 0.0, *, until: ArrayLike = np.inf
) -> tuple[Peak, Peak]:
    """Return the largest flexion and the largest extension moment, both as magnitudes, N·m.

    Parameters
    ----------
    My
        ``(..., n)``, N·m, CFC 600, flexion positive: the moment at the occipital condyle for the upper neck,
        the moment of the load cell for the lower one.
    dt, start
        Sampling interval and time of the first sample, s.
    until
        End of head restraint contact, s.

    Returns
    -------
    tuple of Peak
        Flexion and extension; 0 with NaN time when the moment never has that sign, NaN for a NaN in the
        assessed time.
    """
    moment = as_signal(My)
    return (
        positive_maximum(moment, dt, start, after=0.0, until=until),
        positive_maximum(-moment, dt, start, after=0.0, until=until),
    )


def nte(
    Fz: ArrayLike,
    MOCy: ArrayLike,
    intercepts: NijIntercepts,
    dt: float,
    start: float = 0.0,
    *,
    until: ArrayLike = np.inf,
) -> Peak:
    """Return the tension-extension part of Nij over the assessed time of a rear impact.

    Parameters
    ----------
    Fz, MOCy
        ``(..., n)`` axial force, N, and moment at the occipital condyle, N·m, both CFC 600.
    intercepts
        Critical values, see `carindex.criteria.neck.nij_intercepts`; those of the Hybrid III 50M are usual,
        BioRID has none of its own.
    dt, start
        Sampling interval and time of the first sample, s.
    until
        End of head restraint contact, s.

    Returns
    -------
    Peak
        Largest value while the neck is in tension and extension; 0 with NaN time when that never occurs; NaN
        for a NaN in the assessed time.

    See Also
    --------
    carindex.criteria.neck.nij : All four parts, over the whole record.

    References
    ----------
    .. [1] Eppinger et al., NHTSA, Development of Improved Injury Criteria, 1999.
    """
    force = as_signal(Fz)
    moment = as_signal(MOCy)
    total = nij_history(force, moment, intercepts)
    live = ((force >= 0) & (moment < 0)) | np.isnan(total)
    return positive_maximum(np.where(live, total, 0.0), dt, start, after=0.0, until=until)


def neck_force_score(shear: ArrayLike, tension: ArrayLike) -> Numbers:
    r"""Return the insurance institutes' score of neck shear and tension of a seat test.

    .. math:: (F_x / 315\,\mathrm{N})^2 + ((F_z - 234\,\mathrm{N}) / 1131\,\mathrm{N})^2

    Below 0.45² the neck force is classed as low, above 0.825² as high, otherwise as moderate. Some
    descriptions print the square root of the score, with 0.45 and 0.825.

    Parameters
    ----------
    shear
        Largest positive upper neck shear force, N.
    tension
        Largest upper neck tension, N. The square also grows for tension below 234 N; the formula is used as
        printed.

    Returns
    -------
    float or ndarray
        Score; NaN where an argument is.

    References
    ----------
    .. [1] RCAR-IIWPG Seat/Head Restraint Evaluation Protocol; IIHS head restraint rating workbook.
    """
    x = np.asarray(shear, dtype=np.float64) / 315.0
    z = (np.asarray(tension, dtype=np.float64) - 234.0) / 1131.0
    score: Numbers = (x**2 + z**2)[()]
    return score


def _contact_of(
    row: FloatArray, dt: float, threshold: float, shortest: float, bridged: float
) -> tuple[float, float]:
    """Return first and last sample of the contact of one record, counted from its first sample."""
    if row.size == 0 or np.isnan(row).any():
        return np.nan, np.nan
    closed = row >= threshold
    edges = np.flatnonzero(np.diff(np.concatenate(([False], closed, [False])).astype(np.int8)))
    begins, ends = edges[::2], edges[1::2]  # ends are one past the last closed sample
    if begins.size == 0:
        return np.nan, np.nan
    openings = (begins[1:] - ends[:-1]) * dt
    keep = openings > bridged * (1 + 1e-6)
    begins = begins[np.concatenate(([True], keep))]
    ends = ends[np.concatenate((keep, [True]))]
    long_enough = np.flatnonzero((ends - begins) * dt >= shortest * (1 - 1e-6))
    if long_enough.size == 0:
        return np.nan, np.nan
    first = int(long_enough[0])
    last = first
    while last + 1 < begins.size and (begins[last + 1] - ends[last]) * dt < shortest * (1 - 1e-6):
        last += 1
    return float(begins[first]), float(ends[last] - 1)
