"""Unit spellings to canonical units, converted once, at the door.

Here: one table of the spellings met in crash-test files, `conversion`, which falls back to the pint unit
registry for unusual ones, and `ratio`, for rules and facts written in other units than the vocabulary's.
Nothing behind the readers ever sees another unit than the canonical ones.

Sources: NIST SP 811 (conversion factors); standard gravity 9.80665 m/s² from the 3rd CGPM (1901); NHTSA Test
Reference Guide vol. I (YUNITS spellings); ISO/TS 13499 (default units).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache

STANDARD_GRAVITY = 9.80665
_DEGREE = math.pi / 180.0
_POUND_FORCE = 4.4482216152605
_FOOT = 0.3048


@dataclass(frozen=True, slots=True)
class Conversion:
    """How to get to the canonical unit: ``value * factor + offset``."""

    unit: str
    factor: float = 1.0
    offset: float = 0.0


# canonical unit: {spelling: factor}. Spaces, ``·``/``*`` and ``^`` are removed and superscripts lowered
# before the look-up, so that "m/s²", "m/s^2", "m / s2" are one entry. Case counts first; see `conversion`.
_SPELLINGS: dict[str, dict[str, float]] = {
    "m/s²": {
        "m/s2": 1.0, "m/(s2)": 1.0, "m/ss": 1.0, "m/(ss)": 1.0, "m/s/s": 1.0, "ms-2": 1.0, "m/sec2": 1.0,
        "mm/s2": 1e-3, "cm/s2": 1e-2, "km/s2": 1e3, "mm/ms2": 1e3, "m/ms2": 1e6,
        "g": STANDARD_GRAVITY, "G": STANDARD_GRAVITY, "G'S": STANDARD_GRAVITY, "g's": STANDARD_GRAVITY,
        "Gs": STANDARD_GRAVITY, "gs": STANDARD_GRAVITY, "GS": STANDARD_GRAVITY, "gn": STANDARD_GRAVITY,
        "g_n": STANDARD_GRAVITY, "g0": STANDARD_GRAVITY, "g_0": STANDARD_GRAVITY,
        "mg": STANDARD_GRAVITY / 1e3,
        "ft/s2": _FOOT, "in/s2": 0.0254,
    },
    "m/s": {
        "m/s": 1.0, "m/sec": 1.0, "ms-1": 1.0, "MPS": 1.0, "mm/s": 1e-3, "cm/s": 1e-2, "mm/ms": 1.0,
        "m/ms": 1e3,
        "km/h": 1 / 3.6, "kmh": 1 / 3.6, "km/hr": 1 / 3.6, "kph": 1 / 3.6, "KPH": 1 / 3.6, "kmph": 1 / 3.6,
        "mph": 0.44704, "mi/h": 0.44704, "ft/s": _FOOT, "in/s": 0.0254,
    },
    "m": {
        "m": 1.0, "M": 1.0, "meter": 1.0, "metre": 1.0, "mm": 1e-3, "MM": 1e-3, "cm": 1e-2, "CM": 1e-2,
        "dm": 0.1,
        "km": 1e3, "µm": 1e-6, "μm": 1e-6, "um": 1e-6, "micron": 1e-6, "nm": 1e-9, "in": 0.0254,
        "inch": 0.0254,
        "INC": 0.0254, "ft": _FOOT,
    },
    "N": {
        "N": 1.0, "newton": 1.0, "NWT": 1.0, "kN": 1e3, "KN": 1e3, "kn": 1e3, "MN": 1e6, "mN": 1e-3,
        "daN": 10.0,
        "kgf": STANDARD_GRAVITY, "kp": STANDARD_GRAVITY, "lbf": _POUND_FORCE, "lb": _POUND_FORCE,
        "LBF": _POUND_FORCE,
    },
    "N·m": {
        "Nm": 1.0, "N.m": 1.0, "N-m": 1.0, "NWM": 1.0, "newtonmeter": 1.0, "newtonmetre": 1.0, "kNm": 1e3,
        "kN.m": 1e3, "kN-m": 1e3, "Nmm": 1e-3, "N.mm": 1e-3, "N-mm": 1e-3, "kNmm": 1.0, "Ncm": 1e-2,
        "daNm": 10.0,
        "lbf.in": _POUND_FORCE * 0.0254, "lbf-in": _POUND_FORCE * 0.0254, "inlbf": _POUND_FORCE * 0.0254,
        "in-lbf": _POUND_FORCE * 0.0254, "in-lb": _POUND_FORCE * 0.0254, "lbf.ft": _POUND_FORCE * _FOOT,
        "ft-lbf": _POUND_FORCE * _FOOT, "ft-lb": _POUND_FORCE * _FOOT,
    },
    "rad": {
        "rad": 1.0, "radian": 1.0, "radians": 1.0, "mrad": 1e-3, "°": _DEGREE, "deg": _DEGREE, "DEG": _DEGREE,
        "degree": _DEGREE, "degrees": _DEGREE, "grad": math.pi / 200.0, "gon": math.pi / 200.0,
    },
    "rad/s": {
        "rad/s": 1.0, "rad/sec": 1.0, "rads-1": 1.0, "RPS": 1.0, "mrad/s": 1e-3, "rad/ms": 1e3,
        "°/s": _DEGREE,
        "°/sec": _DEGREE, "deg/s": _DEGREE, "deg/sec": _DEGREE, "degree/s": _DEGREE, "degrees/s": _DEGREE,
        "dps": _DEGREE, "DPS": _DEGREE, "deg/ms": 1e3 * _DEGREE, "rpm": math.pi / 30.0,
        "1/min": math.pi / 30.0,
    },
    "rad/s²": {
        "rad/s2": 1.0, "rad/(s2)": 1.0, "rad/ss": 1.0, "rad/(ss)": 1.0, "rad/s/s": 1.0, "rad/sec2": 1.0,
        "RP2": 1.0, "krad/s2": 1e3, "°/s2": _DEGREE, "deg/s2": _DEGREE, "deg/s/s": _DEGREE,
        "deg/sec2": _DEGREE,
        "degree/s2": _DEGREE, "DP2": _DEGREE,
    },
    "s": {
        "s": 1.0, "sec": 1.0, "SEC": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "MS": 1e-3, "msec": 1e-3,
        "MSC": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3, "µs": 1e-6, "μs": 1e-6, "us": 1e-6,
        "usec": 1e-6,
        "ns": 1e-9, "min": 60.0, "h": 3600.0,
    },
    "V": {"V": 1.0, "volt": 1.0, "volts": 1.0, "VOL": 1.0, "VDC": 1.0, "mV": 1e-3, "kV": 1e3, "µV": 1e-6,
    "uV": 1e-6},
    "A": {"A": 1.0, "amp": 1.0, "ampere": 1.0, "AMP": 1.0, "mA": 1e-3, "kA": 1e3},
    "Pa": {
        "Pa": 1.0, "hPa": 100.0, "kPa": 1e3, "KPa": 1e3, "KPA": 1e3, "MPa": 1e6, "MPA": 1e6, "bar": 1e5,
        "BAR": 1e5,
        "mbar": 100.0, "psi": 6894.757293168, "PSI": 6894.757293168, "atm": 101325.0, "N/mm2": 1e6,
        "N/m2": 1.0,
    },
    "K": {"K": 1.0, "kelvin": 1.0},
    # "g" and "mg" are accelerations here; a mass in grams is spelled out.
    "kg": {"kg": 1.0, "KG": 1.0, "t": 1e3, "gram": 1e-3},
    "Hz": {"Hz": 1.0, "HZ": 1.0, "kHz": 1e3, "1/s": 1.0},
    "J": {"J": 1.0, "kJ": 1e3, "MJ": 1e6, "Wh": 3.6e3, "kWh": 3.6e6},
    "W": {"W": 1.0, "kW": 1e3},
    # Emissions, energy and cabin air. "#" counts particles.
    "kg/s": {"kg/s": 1.0, "g/s": 1e-3, "mg/s": 1e-6, "kg/h": 1 / 3600, "g/h": 1e-3 / 3600},
    "kg/m": {"kg/m": 1.0, "g/km": 1e-6, "mg/km": 1e-9, "kg/km": 1e-3, "g/m": 1e-3},
    "#/s": {"#/s": 1.0},
    "#/m": {"#/m": 1.0, "#/km": 1e-3, "1/km": 1e-3},
    "m³/m": {"l/100km": 1e-8, "l/km": 1e-6},
    "J/m": {"J/m": 1.0, "MJ/km": 1e3, "Wh/km": 3.6, "kWh/km": 3.6e3, "kWh/100km": 36.0},
    "kg/m³": {
        "kg/m3": 1.0, "g/m3": 1e-3, "mg/m3": 1e-6, "µg/m3": 1e-9, "μg/m3": 1e-9, "ug/m3": 1e-9, "g/l": 1.0,
        "mg/l": 1e-3,
    },
    "#/m³": {"#/m3": 1.0, "1/m3": 1.0, "#/cm3": 1e6, "1/cm3": 1e6, "#/l": 1e3},
    "T": {"T": 1.0, "mT": 1e-3, "µT": 1e-6, "μT": 1e-6, "uT": 1e-6, "nT": 1e-9},
    "V/m": {"V/m": 1.0, "mV/m": 1e-3, "kV/m": 1e3},
    "1": {
        "1": 1.0, "-": 1.0, "[]": 1.0, "none": 1.0, "NON": 1.0, "dimensionless": 1.0, "%": 1e-2, "PCT": 1e-2,
        "percent": 1e-2, "m/m": 1.0, "mm/m": 1e-3, "µm/m": 1e-6, "um/m": 1e-6, "ustrain": 1e-6, "V/V": 1.0,
        "mV/V": 1e-3, "ppm": 1e-6, "ppb": 1e-9, "vol%": 1e-2, "g/kg": 1e-3, "kg/kg": 1.0,
    },
}  # fmt: skip
_OFFSETS = {
    spelling: Conversion("K", factor, offset)
    for factor, offset, spellings in (
        (1.0, 273.15, ("°C", "degC", "C", "celsius", "DGC")),
        (5.0 / 9.0, 459.67 * 5.0 / 9.0, ("°F", "degF", "fahrenheit", "DGF")),
    )
    for spelling in spellings
}
_EXACT = {
    spelling: Conversion(unit, factor)
    for unit, spellings in _SPELLINGS.items()
    for spelling, factor in spellings.items()
} | _OFFSETS
# Case is forgiven only where it cannot change the meaning: "SEC", "Deg/S" yes, "mn" (milli- or meganewton)
# no.
_AMBIGUOUS = {
    "mn",
    "mpa",
    "mv",
    "ma",
    "c",
    "k",
    "t",
    "h",
    "j",
    "mj",
    "w",
    "v",
    "a",
    "mg",
    "mt",
    "mj/km",
    "mv/m",
}
_FOLDED = {
    spelling.lower(): found
    for spelling, found in _EXACT.items()
    if spelling.lower() not in _AMBIGUOUS or spelling in {"MPa"}
}
_LOWERED = str.maketrans({"²": "2", "³": "3", "⁻": "-", "¹": "1", "·": None, "⋅": None, "*": None, "^": None})
_WITH_FACTOR = re.compile(r"([0-9]+(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*[x*·]?\s*([^\d\s].*)")
# Dimensions that pint reports to the canonical unit.
_PINT_UNITS = ("m/s**2", "m/s", "m", "N", "rad", "s", "V", "A", "Pa", "K", "kg", "Hz", "J", "W")
_PINT_NAMES = {"m/s**2": "m/s²"}


@cache
def conversion(text: str) -> Conversion | None:
    """Return how to convert values in the unit that ``text`` names, ``None`` when it names none.

    Parameters
    ----------
    text
        Unit as written in a file: ``m/s2``, ``G'S``, ``9.81 m/s2``, ``NWM``, ``[mm]`` …; surrounding blanks
        and brackets do not matter.

    Returns
    -------
    Conversion | None
        Canonical unit with factor and offset; ``None`` for an empty or unknown text (never a guess).
    """
    stripped = text.strip()
    if len(stripped) > 2 and stripped[0] in "[(" and stripped[-1] in "])":
        stripped = stripped[1:-1].strip()
    key = stripped.translate(_LOWERED).replace(" ", "").replace("/sec/sec", "/s2")
    found = _EXACT.get(key) or _FOLDED.get(key.lower())
    if found is not None or not key or len(key) > 40:
        return found
    if match := _WITH_FACTOR.fullmatch(stripped):
        inner = conversion(match[2])
        factor = float(match[1].replace(",", "."))
        if inner is None or inner.offset or not math.isfinite(factor) or factor <= 0.0:
            return None
        return Conversion(inner.unit, inner.factor * factor)
    return _from_registry(stripped)


def ratio(unit: str, per: str) -> float:
    """Return how many ``per`` one ``unit`` is, NaN when they do not measure the same thing.

    ``ratio("kN", "N")`` is 1000.
    """
    if unit == per:
        return 1.0
    one, other = conversion(unit), conversion(per)
    if one is None or other is None or one.unit != other.unit or one.offset or other.offset:
        return float("nan")
    # A ratio of decimal factors is a decimal number; division alone would leave 999.9999999999999.
    return float(f"{one.factor / other.factor:.12g}")


def _from_registry(text: str) -> Conversion | None:
    if "//" in text or not re.fullmatch(r"[A-Za-zµμ°Ω%./*^()²³ 0-9+-]+", text):
        return None
    import pint

    registry = _registry()
    try:
        parsed = registry.parse_units(text.replace("²", "**2").replace("³", "**3"))
        for canonical in _PINT_UNITS:
            target = registry.parse_units(canonical)
            if parsed.dimensionality == target.dimensionality and parsed.dimensionality:
                zero = float(registry.Quantity(0.0, parsed).to(target).magnitude)
                one = float(registry.Quantity(1.0, parsed).to(target).magnitude)
                return Conversion(_PINT_NAMES.get(canonical, canonical), one - zero, zero)
    except (pint.PintError, ValueError, TypeError, AttributeError, KeyError, SyntaxError, ArithmeticError):
        return None
    except Exception:
        # pint reads free text with Python's tokenizer, which raises its own errors for odd text; whatever it
        # trips over is not a unit.
        return None
    return None


@cache
def _registry():  # type: ignore[no-untyped-def]  # noqa: ANN202 - pint is imported only for unusual units
    import pint

    return pint.UnitRegistry(cache_folder=None)
