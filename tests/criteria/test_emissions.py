"""Emissions, electric energy and cabin air: calculations by hand and slow references, one sample at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carindex.criteria import cabin, emissions, energy
from carindex.criteria.constants import constants, entries
from carindex.messages import InputError

FINITE = st.floats(-1e6, 1e6, allow_subnormal=False)
COMPONENTS = ("nox", "co", "co2", "o2", "ch4")


# -- factors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fuel", entries("exhaust_density"))
@pytest.mark.parametrize("component", COMPONENTS)
def test_u_is_the_ratio_of_densities(fuel, component):
    """One mole fills 22.414 l at 273.15 K: u = M / 22.414 / density of the exhaust, as far as three digits of u go."""
    density = constants("molar_mass", component)["molar_mass"] / 22.414
    expected = density / constants("exhaust_density", fuel)["density"] / 1000
    assert emissions.u_factor(component, fuel) == pytest.approx(expected, abs=1.3e-6)


@pytest.mark.parametrize(
    ("entry", "carbon", "hydrogen", "oxygen"),
    # compositions of the reference fuels, recalled; M of C1HxOy over 22.414
    [
        ("petrol_e10", 1, 1.93, 0.033),
        ("diesel_b7", 1, 1.86, 0.007),
        ("ethanol_e85", 1, 2.74, 0.385),
        ("lpg", 1, 2.525, 0),
    ],
)
def test_hydrocarbon_density_is_that_of_the_fuel_to_one_carbon(entry, carbon, hydrogen, oxygen):
    mass = 12.011 * carbon + 1.008 * hydrogen + 15.999 * oxygen
    assert constants("diluted_density", f"thc_{entry}")["density"] == pytest.approx(mass / 22.414, abs=1e-3)


@pytest.mark.parametrize("gas", ["co", "co2", "nox", "ch4", "n2o"])
def test_density_of_a_gas_is_its_molar_mass_over_the_molar_volume(gas):
    mass = constants("molar_mass", gas)["molar_mass"]
    assert constants("diluted_density", gas)["density"] == pytest.approx(mass / 22.414, rel=1.5e-3)


def test_no_factor_is_made_up():
    with pytest.raises(InputError):
        emissions.u_factor("co2", "hydrogen")
    with pytest.raises(InputError):
        emissions.u_factor("nh3", "petrol_e10")
    with pytest.raises(InputError):
        cabin.molar_mass("tvoc")


# -- by hand ---------------------------------------------------------------------------------------------------------


def test_mass_rate_by_hand():
    # 150 ppm NOx, 0.02 kg/s exhaust, petrol E10: 0.001587 · 150 · 0.02 = 0.004761 g/s
    assert emissions.mass_rate(150.0, 0.02, 0.001587) == pytest.approx(0.004761, rel=1e-12)
    # a row of the JRC sample (second 214): 75547.92158 ppm CO2, 0.001928012 kg/s -> 0.221107782 g/s in the file
    u = emissions.u_factor("co2", "petrol_e10")
    assert emissions.mass_rate(75547.92158, 0.001928012, u) == pytest.approx(0.221107782, rel=1e-5)


def test_particles_by_hand():
    # 1e12 #/m³ · 0.02 kg/s / 1.25 kg/m³ = 1.6e10 #/s
    assert emissions.particle_rate(1e12, 0.02, 1.25) == pytest.approx(1.6e10)


def test_wet_by_hand():
    # CO2 10 %, CO 0, alpha 1.85, H 10.71 g/kg: k_w1 = 17.22168/1017.22168 = 0.0169301;
    # k_w = (1/1.0925 - 0.0169301) · 1.008 = 0.9055885; 100 ppm dry are 90.56 ppm wet
    assert emissions.wet_concentration(100.0, 10.0, 0.0, 1.85, 10.71) == pytest.approx(90.55885, rel=2e-6)


def test_trip_by_hand():
    # 3600 s at 36 km/h (36 km), 1800 s at 72 km/h (36 km), 900 s at 144 km/h (36 km); 0.01, 0.02 and 0.04 g/s
    speed = np.repeat([36.0, 72.0, 144.0], [3600, 1800, 900])
    rate = np.repeat([0.01, 0.02, 0.04], [3600, 1800, 900])
    phases = emissions.speed_phases(speed)
    for phase in phases:
        driven = emissions.distance(speed, 1.0, phase)
        assert driven == pytest.approx(36.0)
        assert emissions.summed(rate, 1.0, phase) == pytest.approx(36.0)  # g
        assert emissions.distance_specific(emissions.summed(rate, 1.0, phase), driven) == pytest.approx(1.0)
    assert emissions.combined([36.0, 36.0, 18.0], [36.0, 36.0, 36.0]) == pytest.approx(90 / 108)


def test_ends_of_speeds():
    urban, rural, motorway = emissions.speed_phases(
        [0.0, 60.0, np.nextafter(60, 61), 90.0, np.nextafter(90, 91), math.nan]
    )
    assert urban.tolist() == [True, True, False, False, False, False]
    assert rural.tolist() == [False, False, True, True, False, False]
    assert motorway.tolist() == [False, False, False, False, True, False]


def test_cold_start_by_hand():
    t = np.arange(1000.0)
    start = emissions.engine_start(t, np.where(t >= 12, 900.0, 0.0))
    assert start == 12.0
    assert emissions.cold_start(t, start).sum() == 300  # 12 … 311
    coolant = 290.0 + 0.5 * t  # 343.15 K is passed between 106 s and 107 s
    cold = emissions.cold_start(t, start, coolant)
    assert np.flatnonzero(cold).tolist() == list(range(12, 107))
    assert not emissions.cold_start(t, math.inf).any()
    assert emissions.engine_start(t, 0 * t) == math.inf
    # warm from the beginning: no cold start; coolant that falls below again does not begin another one
    assert not emissions.cold_start(t, start, 360 + 0 * t).any()
    assert emissions.cold_start(t, start, np.where(t == 50, 350.0, 300.0)).sum() == 38


def test_bag_by_hand():
    # CO2 1.2 %, HC 20 ppm, CO 80 ppm: DF = 13.4 / (1.2 + 100e-4) = 11.0744
    dilution = emissions.dilution_factor("petrol_e10", 1.2, 20.0, 80.0)
    assert dilution == pytest.approx(11.074380, rel=1e-6)
    # NOx 10 ppm in the bag, 0.5 in the air: 10 - 0.5 (1 - 1/11.07438) = 9.545149
    corrected = emissions.background_corrected(10.0, 0.5, dilution)
    assert corrected == pytest.approx(9.545149, rel=1e-6)
    # 150 m³ of bag air: 150000 l · 2.05 g/l · 1 · 9.545149e-6 = 2.935133 g
    assert emissions.bag_mass(150e3, corrected, 2.05) == pytest.approx(2.935133, rel=1e-6)
    assert emissions.humidity_factor(10.71) == 1.0
    # 5 g/kg: 1 / (1 + 0.0329 · 5.71) = 0.841853
    assert emissions.humidity_factor(5.0) == pytest.approx(0.841853, rel=1e-5)


def test_battery_by_hand():
    # 400 V, 50 A for an hour: 20 kWh; then 25 A back for half an hour: -5 kWh
    t = np.array([0.0, 3600.0, 3600.001, 5400.0])
    current = np.array([50.0, 50.0, -25.0, -25.0])
    watts = energy.power(400.0, current)
    assert energy.energy(t, watts) == pytest.approx(15.0, abs=1e-4)
    assert energy.given_energy(t, watts) == pytest.approx(20.0, abs=1e-4)
    assert energy.taken_energy(t, watts) == pytest.approx(5.0, abs=1e-4)
    assert energy.consumption(15.0, 100.0) == pytest.approx(15.0)
    # 60 kWh from the grid, 54 in the battery: 90 %, 10 % lost, 15 kWh/100 km become 16.667 at the wall
    assert energy.charging_efficiency(54.0, 60.0) == pytest.approx(0.9)
    assert energy.charging_loss(54.0, 60.0) == pytest.approx(0.1)
    assert energy.wall_consumption(15.0, 0.9) == pytest.approx(16.6667, abs=1e-4)
    assert math.isnan(energy.charging_efficiency(1.0, 0.0))
    assert math.isnan(energy.consumption(1.0, 0.0))


def test_crossing_zero_by_hand():
    # from +3.6 MW to -3.6 MW in 2 s: triangles of 1 s, half height: 1.8 MJ = 0.5 kWh each way
    assert energy.given_energy([0.0, 2.0], [3.6e6, -3.6e6]) == pytest.approx(0.5)
    assert energy.taken_energy([0.0, 2.0], [3.6e6, -3.6e6]) == pytest.approx(0.5)
    assert energy.energy([0.0, 2.0], [3.6e6, -3.6e6]) == 0.0


def test_cabin_units_by_hand():
    # 25 °C, 101325 Pa: Vm = 8.314462618 · 298.15 / 101325 = 24.4654 l/mol; formaldehyde 30.026 g/mol: 0.1 mg/m³ = 0.08148 ppm
    assert cabin.molar_volume(298.15, 101325.0) == pytest.approx(24.4654, abs=1e-4)
    ppm = cabin.volume_concentration(0.1, cabin.molar_mass("formaldehyde"), 298.15, 101325.0)
    assert ppm == pytest.approx(0.081481, rel=1e-5)
    assert cabin.mass_concentration(ppm, cabin.molar_mass("formaldehyde"), 298.15, 101325.0) == pytest.approx(
        0.1
    )
    # at 65 °C the same moles fill 338.15/298.15 more: fewer mg a m³
    hot = cabin.at_conditions(0.1, 298.15, 101325.0, 338.15, 101325.0)
    assert hot == pytest.approx(0.1 * 298.15 / 338.15)
    assert cabin.field_resultant(3.0, 4.0, 12.0) == 13.0
    assert cabin.removal(200.0, 50.0) == pytest.approx(0.75)
    assert math.isnan(cabin.removal(0.0, 0.0))
    # 0 to 2 in one second, then 2 for three: (1 + 6) / 4
    assert cabin.time_mean([0.0, 1.0, 4.0], [0.0, 2.0, 2.0]) == pytest.approx(1.75)
    assert cabin.root_mean_square([0.0, 1.0, 2.0], [3.0, -3.0, 3.0]) == pytest.approx(3.0)


# -- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [0.0, -1.0, math.nan, math.inf])
def test_a_step_that_is_none_is_refused(step):
    with pytest.raises(ValueError, match="step"):
        emissions.summed([1.0], step)


@pytest.mark.parametrize(("t", "p"), [(0.0, 1e5), (-5.0, 1e5), (298.0, 0.0)])
def test_temperatures_and_pressures_that_are_none_are_refused(t, p):
    with pytest.raises(ValueError, match="expected K and Pa"):
        cabin.mass_concentration(1.0, 30.0, t, p)


def test_missing_is_not_zero():
    rate, phase = [1.0, math.nan, 1.0], [True, True, False]
    assert math.isnan(emissions.summed(rate, 1.0, phase))
    assert emissions.summed(rate, 1.0, [True, False, True]) == 2.0
    assert math.isnan(energy.energy([0.0, 1.0], [1.0, math.nan]))
    assert math.isnan(energy.given_energy([0.0, 1.0], [-1.0, math.nan]))
    assert math.isnan(cabin.greatest([1.0, math.nan]))
    assert math.isnan(emissions.distance_specific(1.0, 0.0))
    assert emissions.summed([1.0, 2.0], 1.0, [False, False]) == 0.0
    with pytest.raises(ValueError, match="empty"):
        emissions.summed([], 1.0)


# -- slow references -------------------------------------------------------------------------------------------------

RECORDS = st.integers(1, 40).flatmap(
    lambda n: st.tuples(arrays(float, n, elements=FINITE), arrays(float, n, elements=st.floats(0, 200)))
)


@given(RECORDS, st.floats(0.01, 10))
def test_sums_one_sample_at_a_time(record, step):
    rate, speed = record
    masks = emissions.speed_phases(speed)
    expected = {"urban": 0.0, "rural": 0.0, "motorway": 0.0}
    driven = dict(expected)
    for r, v in zip(rate.tolist(), speed.tolist(), strict=True):
        name = "urban" if v <= 60 else "rural" if v <= 90 else "motorway"
        expected[name] += r * step
        driven[name] += v / 3600 * step
    for name, mask in zip(expected, masks, strict=True):
        assert emissions.summed(rate, step, mask) == pytest.approx(expected[name], rel=1e-9, abs=1e-6)
        assert emissions.distance(speed, step, mask) == pytest.approx(driven[name], rel=1e-9, abs=1e-9)
    assert np.sum(masks, axis=0).tolist() == [1] * len(speed)  # each sample is in one phase


@given(st.lists(st.tuples(st.floats(0.1, 5), st.floats(-1e5, 1e5)), min_size=2, max_size=12))
def test_energy_by_many_thin_slices(samples):
    t = np.cumsum([step for step, _ in samples])
    p = np.array([watts for _, watts in samples])
    given_, taken = 0.0, 0.0
    for i in range(len(t) - 1):
        for k in range(400):
            watts = p[i] + (p[i + 1] - p[i]) * (k + 0.5) / 400
            slice_ = watts * (t[i + 1] - t[i]) / 400 / 3.6e6
            given_ += max(slice_, 0.0)
            taken += max(-slice_, 0.0)
    scale = 1e-6 + np.abs(p).max() * (t[-1] - t[0]) / 3.6e6
    assert energy.given_energy(t, p) == pytest.approx(given_, abs=1e-4 * scale)
    assert energy.taken_energy(t, p) == pytest.approx(taken, abs=1e-4 * scale)
    assert energy.energy(t, p) == pytest.approx(given_ - taken, abs=2e-4 * scale)


@given(st.lists(st.tuples(st.booleans(), st.floats(280, 370)), min_size=1, max_size=60), st.integers(1, 20))
def test_cold_start_one_second_at_a_time(samples, step):
    t = np.arange(len(samples)) * float(step)
    rpm = np.array([900.0 if runs else 0.0 for runs, _ in samples])
    coolant = np.array([kelvin for _, kelvin in samples])
    expected, begun, over = [], None, False
    for now, n, kelvin in zip(t, rpm, coolant, strict=True):
        if begun is None and n > 50:
            begun = now
        if begun is not None and (kelvin >= 343.15 or now >= begun + 300):
            over = True
        expected.append(begun is not None and not over)
    assert emissions.cold_start(t, emissions.engine_start(t, rpm), coolant).tolist() == expected


@given(st.floats(1e-6, 1e6), st.floats(10, 200), st.floats(200, 400), st.floats(5e4, 2e5))
def test_mass_and_volume_undo_each_other(ppm, mass, kelvin, pascal):
    there = cabin.mass_concentration(ppm, mass, kelvin, pascal)
    assert cabin.volume_concentration(there, mass, kelvin, pascal) == pytest.approx(ppm, rel=1e-12)
    # slow: moles of air in a cubic metre, a millionth of them times ppm, times grams a mole, in mg
    moles = pascal / (8.31446261815324 * kelvin)
    assert there == pytest.approx(moles * ppm * 1e-6 * mass * 1e3, rel=1e-12)


@given(arrays(float, (3, 7), elements=st.floats(-1e3, 1e3)))
def test_a_batch_is_its_records(batch):
    t = np.arange(7.0)
    for index, record in enumerate(batch):
        assert emissions.summed(batch, 0.5)[index] == emissions.summed(record, 0.5)
        assert energy.energy(t, batch)[index] == pytest.approx(energy.energy(t, record), rel=1e-12, abs=1e-15)
        assert cabin.time_mean(t, batch)[index] == pytest.approx(
            cabin.time_mean(t, record), rel=1e-12, abs=1e-9
        )
