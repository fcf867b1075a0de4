from __future__ import annotations

import math

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carindex.units import STANDARD_GRAVITY, conversion

# Expected factors from NIST SP 811 and the definitions of the units, not from the table under test.
KNOWN = [
    ("m/s2", "m/s²", 1.0), ("m/s^2", "m/s²", 1.0), ("m/s²", "m/s²", 1.0), ("m/s/s", "m/s²", 1.0),
    ("m/(s*s)", "m/s²", 1.0), ("m / s2", "m/s²", 1.0), ("g", "m/s²", 9.80665), ("G", "m/s²", 9.80665),
    ("G'S", "m/s²", 9.80665), ("9.81 m/s2", "m/s²", 9.81), ("9,81 m/s2", "m/s²", 9.81), ("N", "N", 1.0),
    ("kN", "N", 1000.0), ("NWT", "N", 1.0), ("lbf", "N", 4.4482216152605), ("NWM", "N·m", 1.0),
    ("Nm", "N·m", 1.0), ("N.m", "N·m", 1.0), ("N*m", "N·m", 1.0), ("N·m", "N·m", 1.0), ("kNm", "N·m", 1000.0),
    ("mm", "m", 1e-3), ("MM", "m", 1e-3), ("m", "m", 1.0), ("µm", "m", 1e-6), ("μm", "m", 1e-6), ("um", "m",
    1e-6), ("deg", "rad", math.pi / 180), ("DEG", "rad", math.pi / 180), ("°", "rad", math.pi / 180),
    ("rad", "rad", 1.0), ("deg/s", "rad/s", math.pi / 180), ("DPS", "rad/s", math.pi / 180), ("rad/s",
    "rad/s", 1.0), ("rad/s2", "rad/s²", 1.0), ("rad/(s*s)", "rad/s²", 1.0), ("deg/s2", "rad/s²",
    math.pi / 180), ("RP2", "rad/s²", 1.0), ("V", "V", 1.0), ("VOL", "V", 1.0), ("mV", "V", 1e-3), ("%", "1",
    0.01), ("km/h", "m/s", 1 / 3.6), ("KPH", "m/s", 1 / 3.6), ("s", "s", 1.0), ("ms", "s", 1e-3), ("SEC",
    "s", 1.0), ("bar", "Pa", 1e5), ("kPa", "Pa", 1e3), ("psi", "Pa", 6894.757293168), ("[mm]", "m", 1e-3),
]  # fmt: skip


@pytest.mark.parametrize(("text", "unit", "factor"), KNOWN)
def test_known_spelling(text: str, unit: str, factor: float) -> None:
    found = conversion(text)
    assert found is not None
    assert (found.unit, found.offset) == (unit, 0.0)
    assert found.factor == pytest.approx(factor, rel=1e-15)


@pytest.mark.parametrize(("text", "zero"), [("°C", 273.15), ("degC", 273.15), ("°F", 255.3722222222222)])
def test_temperature_has_an_offset(text: str, zero: float) -> None:
    found = conversion(text)
    assert found is not None
    assert found.unit == "K"
    assert found.offset == pytest.approx(zero, rel=1e-12)


@pytest.mark.parametrize(
    "text", ["", "  ", "xyz", "NOVALUE", "(((", "m//s", "mn", "9.81 xyz", "0 m", "import os"]
)
def test_unknown_spelling_is_never_guessed(text: str) -> None:
    assert conversion(text) is None


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("furlong/fortnight", "m/s"),
        ("kg*m/s**2", "N"),
        ("inch/s**2", "m/s²"),
        ("mm/us", "m/s"),
        ("torr", "Pa"),
    ],
)
def test_unusual_units_agree_with_the_registry(text: str, unit: str) -> None:
    found = conversion(text)
    assert found is not None
    assert found.unit == unit
    registry = pint.UnitRegistry()
    target = {"m/s²": "m/s**2"}.get(unit, unit)
    assert found.factor == pytest.approx(registry.Quantity(1.0, text).to(target).magnitude, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "registry_text"),
    [
        ("km/h", "km/h"),
        ("kNm", "kN*m"),
        ("rpm", "rpm"),
        ("mph", "mph"),
        ("in-lb", "inch*lbf"),
        ("psi", "psi"),
    ],
)
def test_table_agrees_with_the_registry(text: str, registry_text: str) -> None:
    found = conversion(text)
    assert found is not None
    target = found.unit.replace("²", "**2").replace("·", "*")
    magnitude = pint.UnitRegistry().Quantity(1.0, registry_text).to(target).magnitude
    assert found.factor == pytest.approx(magnitude, rel=1e-12)


@given(st.text(max_size=30))
def test_any_text_is_answered(text: str) -> None:
    found = conversion(text)
    assert found is None or (math.isfinite(found.factor) and found.factor > 0 and math.isfinite(found.offset))


def test_standard_gravity() -> None:
    assert STANDARD_GRAVITY == 9.80665
