"""Checks of the unit: is there one, does it fit the physical dimension, can the numbers be true in it.

A wrong unit is never corrected silently; where the numbers would be plausible in another customary unit, the
finding names it. What cannot be seen: a factor that leaves the value possible, such as g taken for m/s² in
one cross axis, or kN for N in a force of a few newtons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from carindex.messages import Finding, Severity
from carindex.recordings.quality.limits import (
    criterion_reads,
    expected_unit,
    limits,
    locations,
    number,
    rows_for,
    unit_factors,
    unit_name,
)
from carindex.recordings.quality.remarks import NUMBER
from carindex.recordings.quality.signal import Signal, Test


def unit_of_dimension(signal: Signal) -> Iterator[Finding]:
    """Report a missing unit, or one of another physical dimension than the channel code states."""
    expected = expected_unit(signal.code)
    if not signal.channel.unit.strip():
        severity: Severity = "error" if expected and criterion_reads(signal.code) else "warning"
        yield signal.finding(
            "unit_missing", severity, stated=signal.channel.source_unit or "-", expected=expected or "?"
        )
    elif expected is not None and unit_name(signal.channel.unit) != expected:
        assert signal.code is not None
        yield signal.finding(
            "unit_mismatch",
            "error",
            unit=signal.channel.source_unit or signal.channel.unit,
            dimension=signal.code.dimension,
            expected=expected,
        )


def _unit_fits(signal: Signal) -> bool:
    expected = expected_unit(signal.code)
    return expected is not None and unit_name(signal.channel.unit) == expected


def _other_units(signal: Signal, size: float, fits: Callable[[float], bool]) -> str:
    """Return the customary units in which a size would be plausible, best known first; may be empty."""
    factors = unit_factors(signal.code)
    stated = unit_name(signal.channel.source_unit or signal.channel.unit)
    raw = size / factors.get(stated, 1.0)
    return ", ".join(unit for unit, factor in factors.items() if unit != stated and fits(raw * factor))


def _between(low: float, high: float) -> Callable[[float], bool]:
    return lambda size: low <= size <= high


def _impossible(
    signal: Signal, name: str, size: float, limit: float, fits: Callable[[float], bool], unit: str
) -> Finding:
    units = _other_units(signal, size, fits)
    return signal.finding(
        f"{name}_other_unit" if units else name,
        "error",
        size=f"{size:.4g}",
        limit=f"{limit:.4g}",
        unit=unit,
        stated=signal.channel.source_unit or signal.channel.unit,
        units=units or "?",
    )


def too_large(signal: Signal) -> Iterator[Finding]:
    """Report a peak or a velocity change that no crash can produce: the unit or the scale is wrong."""
    if not signal.has_samples or not _unit_fits(signal):
        return
    for row in rows_for(signal.code, "magnitudes"):
        if signal.peak > row["largest"]:
            yield _impossible(
                signal,
                "peak_too_large",
                signal.peak,
                row["largest"],
                _between(*row["usual"]),
                signal.channel.unit,
            )
            return
    if not signal.is_timed or signal.code is None or signal.code.dimension != "AC":
        return
    change, largest = abs(signal.velocity_change), number("velocity", "largest")
    if change > largest:
        confident = number("velocity", "confident")
        yield _impossible(
            signal,
            "velocity_too_large",
            change,
            largest,
            _between(confident / 4, largest / 2),
            "m/s",
        )


def too_small(test: Test) -> Iterator[Finding]:
    """Report sensors whose largest axis stays below what any crash gives: dead or in a wrong unit.

    The largest axis counts, because a cross axis may rightly be quiet.
    """
    sensors: dict[str, list[Signal]] = {}
    for signal in test.timed:
        if signal.code is not None and _is_resolved(signal) and _unit_fits(signal):
            sensors.setdefault(signal.code.text[:14], []).append(signal)
    for axes in sensors.values():
        for row in rows_for(axes[0].code, "magnitudes"):
            size = max(signal.smooth_peak for signal in axes)
            if size >= row["smallest"]:
                continue
            for signal in axes:
                yield _impossible(
                    signal,
                    "peak_too_small",
                    size,
                    row["smallest"],
                    _between(*row["usual"]),
                    signal.channel.unit,
                )


def _is_resolved(signal: Signal) -> bool:
    """Whether the record is fine enough in time to show a crash pulse at all."""
    return signal.step <= number("noise", "smoothing")


def velocity_out_of_line(test: Test) -> Iterator[Finding]:
    """Report x accelerations of trunk or body whose velocity change cannot fit the car's.

    Only in frontal and rear impacts, where the x change is known to follow the car; compared with the median
    of the recording's x channels and with the speed that the header states.
    """
    for signal in test.trunk:
        assert signal.code is not None
        tested = signal.code.test_object
        if not _unit_fits(signal) or test.impact(tested) not in ("frontal", "rear"):
            continue
        change = abs(signal.velocity_change)
        usual, speed = test.usual_change(tested), test.speed(tested)
        references = [
            (usual, number("velocity", "smallest_to_usual"), number("velocity", "largest_to_usual")),
            (speed, number("velocity", "smallest_to_speed"), float("inf")),
        ]
        for reference, least, most in references:
            if reference is None or reference < number("velocity", "confident"):
                continue
            if least * reference <= change <= most * reference:
                continue
            if change > number("velocity", "largest"):
                break  # `too_large` says it already
            small = change < reference
            yield _impossible(
                signal,
                "velocity_too_small" if small else "velocity_too_large",
                change,
                least * reference if small else most * reference,
                _between(reference / 3, reference * 2),
                "m/s",
            )
            break


def beyond_rating(signal: Signal) -> Iterator[Finding]:
    """Report a peak beyond the range that the channel or sensor was set up for."""
    if signal.code is None or not signal.has_samples or signal.code.main_location == "BARR":
        return
    if any(signal.peak > row["largest"] for row in rows_for(signal.code, "magnitudes")):
        return  # `too_large` says more
    factors = unit_factors(signal.code)
    if not factors:
        return
    table = limits()["ratings"]
    stated = factors.get(unit_name(signal.channel.source_unit or signal.channel.unit), 1.0)
    for keys, factor in ((table["exact"], stated), (table["loose"], max(factors.values()))):
        match = NUMBER.search(signal.attribute(keys))
        if match is None:
            continue
        rating = float(match[0].replace(",", ".")) * factor
        if 0 < rating < signal.peak:
            yield signal.finding(
                "beyond_rating",
                "warning",
                size=f"{signal.peak:.4g}",
                limit=f"{rating:.4g}",
                unit=signal.channel.unit,
            )
            return


def is_belt(signal: Signal) -> bool:
    """Whether the channel is a belt force, which may carry load before T0."""
    return signal.code is not None and signal.code.main_location in locations("belt")
