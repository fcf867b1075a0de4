"""Track tests of driver assistance: contact with the target, speeds at contact, time to collision.

Belongs here: what is read from the motion of the vehicle under test (VUT) and of its target. Does not belong
here: the geometry of the two bodies (`outlines`), warnings and braking (`interventions`), limits.

Shapes, clock, interpolation, inf and NaN as in `instants`. Units are s, m and m/s; speeds are positive forwards.

References
----------
.. [1] Euro NCAP, test protocol AEB Car-to-Car systems, definitions.
.. [2] Euro NCAP 2026, Crash Avoidance: the quantities that tested points are judged by.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carindex.criteria.instants import first_reaching, run_of, spanned, timed, value_at
from carindex.criteria.peaks import FloatArray, Interval, Numbers, Peak, as_signal

TEST_BEGINS_AT_TTC = 4.0
"""Time to collision at which a test begins and its speeds are the test speeds, s [1]_."""


PATH_STEP = 0.5
"""Time between the positions that a path is measured by, s."""


def gap_clearances(
    gap: ArrayLike, lateral: ArrayLike, width: ArrayLike, other_width: ArrayLike
) -> FloatArray:
    """Return the clearances of a target that is known by its gap and lateral offset only.

    Parameters
    ----------
    gap
        From the front of the VUT to the nearest point of the target, along the VUT, m, ``(..., n)``.
    lateral
        Centre of the target from the centre line of the VUT, m, ``(..., n)``.
    width, other_width
        Widths of VUT and target across the VUT's axis, m, positive; one number or one for each run.

    Returns
    -------
    ndarray
        ``(..., 3, n)``, m: ahead, to the left, to the right. The VUT touches the target with its front where
        none is positive. NaN where an input is NaN.

    Raises
    ------
    ValueError
        When a width is not positive.
    """
    ahead, aside = as_signal(gap), as_signal(lateral)
    widths = np.asarray(width, dtype=np.float64), np.asarray(other_width, dtype=np.float64)
    if (widths[0] <= 0).any() or (widths[1] <= 0).any():
        raise ValueError("a width is not positive; expected the width of each body in m")
    reach = 0.5 * (widths[0] + widths[1])[..., None]
    return np.stack(np.broadcast_arrays(ahead, aside - reach, -aside - reach), axis=-2)


def gap_distance(gap: ArrayLike, lateral: ArrayLike, width: ArrayLike, other_width: ArrayLike) -> FloatArray:
    """Return the distance from the front of the VUT to the target; arguments as in `gap_clearances`.

    Returns
    -------
    ndarray
        ``(..., n)``, m, zero in contact. NaN where an input is NaN.
    """
    found = gap_clearances(gap, lateral, width, other_width)
    ahead, aside = found[..., 0, :], np.maximum(found[..., 1, :], found[..., 2, :])
    return np.hypot(np.maximum(ahead, 0.0), np.maximum(aside, 0.0))


def first_contact(time: ArrayLike, clearance: ArrayLike) -> Numbers:
    """Return when two bodies first touch: the first instant at which none of their clearances is positive.

    Parameters
    ----------
    time
        ``(n,)``, s.
    clearance
        ``(..., k, n)``, m (`gap_clearances`, `outlines.clearances`). Between samples each clearance is a
        straight line, which is exact as long as the bodies do not turn against each other.

    Returns
    -------
    float or ndarray
        Instant, s, also between samples, and where the touch begins and ends between two of them; inf without
        contact, NaN for a run with a NaN.
    """
    t, c = run_of(time, clearance)
    if c.ndim < 2:
        raise ValueError(f"the clearances have the shape {c.shape}; expected (..., directions, samples)")
    low, high = c[..., :-1], c[..., 1:]
    crosses = (low > 0) != (high > 0)
    crossing = np.where(crosses, low, 0.0) / np.where(crosses, low - high, 1.0)
    # Share of the interval in which a clearance is not positive: from `enters` to `leaves`.
    enters = np.where(low <= 0, 0.0, np.where(high <= 0, crossing, np.inf)).max(axis=-2)
    leaves = np.where(high <= 0, 1.0, np.where(low <= 0, crossing, -np.inf)).min(axis=-2)
    touches = enters <= leaves
    index = np.argmax(touches, axis=-1)
    share = np.take_along_axis(enters, np.asarray(index)[..., None], axis=-1)[..., 0]
    any_touch = touches.any(axis=-1)
    instant = t[index] + np.where(any_touch, share, 0.0) * (t[index + 1] - t[index])
    found = np.where(any_touch, instant, np.inf)
    return np.where(np.isnan(c).any(axis=(-2, -1)), np.nan, found)[()]


def begins_in_contact(time: ArrayLike, clearance: ArrayLike) -> NDArray[np.bool_]:
    """Return whether the bodies overlap in the first sample already: positions or dimensions are wrong."""
    _, c = run_of(time, clearance)
    return np.asarray((c[..., 0] <= 0).all(axis=-1))


def begins_beside_or_behind(gap: ArrayLike) -> NDArray[np.bool_]:
    """Return whether the target is not ahead of the front in the first sample: reversing, or being overtaken."""
    return np.asarray(as_signal(gap)[..., 0] <= 0)


def ends_before_contact(
    time: ArrayLike, clearance: ArrayLike, closing: ArrayLike, within: float = 4.0
) -> NDArray[np.bool_]:
    """Return whether a record ends although contact was near: then nobody knows whether it was avoided.

    Parameters
    ----------
    time, clearance
        As in `first_contact`; the first clearance is that ahead, the second and third those to the sides, a
        fourth one that behind.
    closing
        How fast the gap closes, m/s, ``(..., n)``.
    within
        Contact within this time at the last closing speed counts as near, s.

    Returns
    -------
    ndarray of bool
        True without contact in the record, with lateral overlap in the last sample, and a time to collision
        there below ``within``. A target that only moves into the path after the last sample is not seen.
    """
    t, c = run_of(time, clearance)
    rate = as_signal(closing)[..., -1]
    near = (rate > 0) & (c[..., 0, -1] > 0) & (c[..., 0, -1] < within * rate)
    if c.shape[-2] > 3:
        near |= (rate < 0) & (c[..., 3, -1] > 0) & (c[..., 3, -1] < -within * rate)
    in_path = (c[..., 1:3, -1] <= 0).all(axis=-1)
    return np.asarray(np.isposinf(first_contact(t, c)) & near & in_path)


def path_disagrees(time: ArrayLike, x: ArrayLike, y: ArrayLike, speed: ArrayLike) -> NDArray[np.bool_]:
    """Return whether positions and speed of a body contradict each other, as in different units than stated.

    Parameters
    ----------
    time
        ``(n,)``, s.
    x, y, speed
        Position, m, and speed, m/s, ``(..., n)``.

    Returns
    -------
    ndarray of bool
        True where the path, measured between instants half a second apart so that noise does not lengthen it,
        and the integral of the speed differ by more than 1 m and by more than a tenth of the larger.
    """
    t, v = run_of(time, speed)
    path = as_signal(x), as_signal(y)
    instants = np.append(np.arange(t[0], t[-1], PATH_STEP), t[-1])
    moved = np.zeros(np.broadcast_shapes(path[0].shape, path[1].shape)[:-1])
    for begin, end in pairwise(instants):
        step = [value_at(t, axis, end) - value_at(t, axis, begin) for axis in path]
        moved = moved + np.hypot(step[0], step[1])
    driven = (0.5 * (np.abs(v[..., 1:]) + np.abs(v[..., :-1])) * np.diff(t)).sum(axis=-1)
    return _differ(moved, driven, 0.1, 1.0)


def gap_disagrees(time: ArrayLike, gap: ArrayLike, closing: ArrayLike) -> NDArray[np.bool_]:
    """Return whether a gap closes at quite another rate than the closing speed says.

    Returns
    -------
    ndarray of bool
        True where the change of the gap and the integral of the closing speed differ by more than 2 m and by
        more than three tenths of the larger: a turning VUT explains less, other units than stated explain more.
    """
    t, v = run_of(time, closing)
    g = as_signal(gap)
    closed = (0.5 * (v[..., 1:] + v[..., :-1]) * np.diff(t)).sum(axis=-1)
    return _differ(g[..., 0] - g[..., -1], closed, 0.3, 2.0)


def _differ(one: Numbers, other: Numbers, share: float, least: float) -> NDArray[np.bool_]:
    bound = np.maximum(least, share * np.maximum(np.abs(one), np.abs(other)))
    return np.asarray(np.abs(one - other) > bound)


def closing_speed(speed: ArrayLike, other: ArrayLike) -> FloatArray:
    """Return how fast the VUT approaches a target along its own axis.

    Parameters
    ----------
    speed, other
        Speed of the VUT, and of the target along the axis of the VUT, m/s, ``(..., n)``.

    Returns
    -------
    ndarray
        ``(..., n)``, m/s, positive while the gap closes. NaN where an input is NaN.
    """
    difference: FloatArray = np.asarray(speed, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    return difference


def longitudinal_part(speed: ArrayLike, heading: ArrayLike, of: ArrayLike) -> FloatArray:
    """Return the part of a target's speed that points along the VUT.

    Parameters
    ----------
    speed, heading
        Speed of the target, m/s, and the direction it moves in, rad, ``(..., n)``.
    of
        Heading of the VUT, rad, ``(..., n)``.

    Returns
    -------
    ndarray
        ``(..., n)``, m/s; 0 for a target that crosses at a right angle, negative for an oncoming one.
    """
    turned = np.asarray(heading, dtype=np.float64) - np.asarray(of, dtype=np.float64)
    part: FloatArray = np.asarray(speed, dtype=np.float64) * np.cos(turned)
    return part


def time_to_collision(gap: ArrayLike, closing: ArrayLike) -> FloatArray:
    """Return the time after which the gap is closed if both keep their speed [1]_.

    Parameters
    ----------
    gap, closing
        Longitudinal gap, m, and how fast it closes, m/s, ``(..., n)``.

    Returns
    -------
    ndarray
        ``(..., n)``, s: inf where the gap does not close, negative behind the point of contact, NaN where an
        input is NaN.
    """
    g, v = np.broadcast_arrays(np.asarray(gap, dtype=np.float64), np.asarray(closing, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found = np.where(v > 0, g / v, np.inf)
    return np.where(np.isnan(g) | np.isnan(v), np.nan, found)


def time_to_collision_at(time: ArrayLike, gap: ArrayLike, closing: ArrayLike, instant: ArrayLike) -> Peak:
    """Return the time to collision at an instant, such as that of a warning (fcw_ttc, ttc [2]_).

    Parameters
    ----------
    time, gap, closing
        As in `time_to_collision`, with the clock.
    instant
        One for all or one for each run, s.

    Returns
    -------
    Peak
        Time to collision, s, of gap and speed interpolated to the instant, and the instant. NaN where it is
        outside the record or did not happen.
    """
    ahead, rate = value_at(time, gap, instant), value_at(time, closing, instant)
    return timed(time_to_collision(ahead, rate)[()], instant)


def impact_occurred(contact: ArrayLike) -> Peak:
    """Return 1 where there was contact and 0 where there was none (impact_occurred [2]_), with its time, s."""
    when = np.asarray(contact, dtype=np.float64)
    return timed(np.where(np.isnan(when), np.nan, np.isfinite(when).astype(np.float64))[()], when)


def impact_speed(time: ArrayLike, speed: ArrayLike, contact: ArrayLike) -> Peak:
    """Return the speed at first contact (v_impact of the VUT's speed, v_rel_impact of the closing speed [2]_).

    Parameters
    ----------
    time, speed
        ``(n,)``, s, and ``(..., n)``, m/s.
    contact
        Instant of first contact, s, one for all or one for each run.

    Returns
    -------
    Peak
        Magnitude of the speed, m/s, and the instant; 0 with NaN time where there was no contact (inf).
    """
    when = np.asarray(contact, dtype=np.float64)
    struck = np.abs(value_at(time, speed, when))
    avoided = np.isposinf(when) & ~np.isnan(as_signal(speed)).any(axis=-1)
    return timed(np.where(avoided, 0.0, struck)[()], when)


def impact_location(time: ArrayLike, lateral: ArrayLike, width: ArrayLike, contact: ArrayLike) -> Peak:
    """Return where along the width of the VUT the target's centre line is hit.

    Parameters
    ----------
    time, lateral
        ``(n,)``, s, and the target's lateral offset from the centre line of the VUT, m, ``(..., n)``.
    width
        Width of the VUT, m.
    contact
        Instant of first contact, s.

    Returns
    -------
    Peak
        Share of the width from the right edge of the VUT (0) to the left (1), 0.5 in the middle; beyond these
        where only the side of the target is hit. NaN without contact.
    """
    offset = value_at(time, lateral, contact)
    return timed((0.5 + offset / np.asarray(width, dtype=np.float64))[()], contact)


def closest(time: ArrayLike, distance: ArrayLike) -> Peak:
    """Return the least distance to the target among the samples, m, and its time, s; NaN for a run with a NaN."""
    t, d = run_of(time, distance)
    index = np.argmin(np.where(np.isnan(d), -np.inf, d), axis=-1)
    return timed(np.take_along_axis(d, np.asarray(index)[..., None], axis=-1)[..., 0][()], t[index])


def begin_of_test(time: ArrayLike, gap: ArrayLike, closing: ArrayLike) -> Numbers:
    """Return when the test begins: the first instant at which the time to collision is 4 s or less [1]_.

    Returns
    -------
    float or ndarray
        Instant, s; the first sample where the record begins later. inf where the target never comes that near.
    """
    ahead = as_signal(gap) - TEST_BEGINS_AT_TTC * as_signal(closing)
    return first_reaching(time, ahead, 0.0)


def speed_reduction(time: ArrayLike, speed: ArrayLike, begin: ArrayLike, contact: ArrayLike) -> Interval:
    """Return by how much the speed fell from the begin of the test to contact (v_reduction [2]_).

    Parameters
    ----------
    time, speed
        ``(n,)``, s, and speed of the VUT, m/s, ``(..., n)``.
    begin, contact
        Begin of the test and first contact, s (`begin_of_test`, `first_contact`).

    Returns
    -------
    Interval
        Reduction, m/s, negative where the VUT became faster; the whole speed where contact was avoided. NaN
        where the begin is not known.
    """
    first = np.abs(value_at(time, speed, begin))
    value = first - impact_speed(time, speed, contact).value
    return spanned(value, begin, contact)


def relative_reduction(time: ArrayLike, closing: ArrayLike, begin: ArrayLike, contact: ArrayLike) -> Interval:
    """Return which share of the closing speed was taken away before contact; arguments as in `speed_reduction`.

    Returns
    -------
    Interval
        1 where contact was avoided, 0 where nothing was reduced. NaN where the begin is not known.
    """
    first = np.abs(value_at(time, closing, begin))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        value = 1.0 - impact_speed(time, closing, contact).value / first
    return spanned(value, begin, contact)
