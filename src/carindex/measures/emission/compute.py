"""`measure_emission`: masses, grams a kilometre and energy by phase, from the named channels of a test.

Belongs here: which sums are made for which phase, and saying why one is not. Does not belong here: formulas
(`carindex.criteria`), names and phases (data).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from carindex.criteria import emissions, energy
from carindex.criteria.constants import Constants, constants, entries
from carindex.criteria.emissions import Mask
from carindex.criteria.peaks import FloatArray
from carindex.measures.catalogue import VERIFIED
from carindex.measures.emission.channels import EmissionChannels, Used, entry, find_channels, fuel_of, test_of
from carindex.measures.emission.rules import PARTICLES, channel_rules, concentration, emission_rules, rate
from carindex.measures.planning import finding
from carindex.measures.results import Measured, Measurements
from carindex.messages import Finding, Severity
from carindex.recordings import Recording
from carindex.vocabulary import vocabulary

TOTAL, COLD = "total", "cold_start"


@dataclass(frozen=True)
class _Phase:
    """A part of a test: its samples, and how well it is known where it begins and ends."""

    name: str
    samples: Mask
    verified: str


@dataclass(frozen=True)
class _Amount:
    """What is summed: values a second, from which channels, and how."""

    rate: FloatArray
    labels: tuple[str, ...]
    method: str
    words: Mapping[str, object]
    source: str
    verified: str


def measure_emission(
    recording: Recording, refused: frozenset[str], quality: Iterable[Finding], test: str | None = None
) -> Measurements:
    """Compute what the named channels of a test of emissions or energy allow, phase by phase.

    Parameters
    ----------
    recording
        Any recording; one without such channels gives nothing.
    refused
        Labels of the channels that data quality refuses.
    quality
        Findings of data quality, whose codes go with the results of their channels.
    test
        Test of the vocabulary, where it is known.

    Returns
    -------
    Measurements
        Results of the vehicle; ``cell`` is the phase. ``findings`` says what has no value and why.
    """
    channels = find_channels(recording, refused)
    asked = set(channels.used) - {"speed", "engine_speed", "coolant"}
    if not asked and not channels.findings:
        return Measurements(())
    if not asked and not any(found.severity == "error" for found in channels.findings):
        return Measurements(())
    run = _Run(recording, channels, quality, test)
    return Measurements(tuple(run.measured()), tuple(run.findings))


def _weakest(*levels: str) -> str:
    return max(levels, key=VERIFIED.index)


class _Run:
    """One test: its channels, phases and fuel."""

    def __init__(
        self, recording: Recording, channels: EmissionChannels, quality: Iterable[Finding], test: str | None
    ) -> None:
        self._recording = recording
        self._place = str(recording.path)
        self._used = channels.used
        self._time, self._step = channels.time, channels.step
        self.findings: list[Finding] = list(channels.findings)
        self._test = test_of(recording, test)
        self._codes: dict[str, dict[str, None]] = {}
        for found in quality:
            if found.channel is not None:
                self._codes.setdefault(found.channel, {})[found.code] = None

    def _say(self, name: str, severity: Severity, **parameters: object) -> None:
        said = finding(name, severity, self._place, None, **parameters)
        if said not in self.findings:
            self.findings.append(said)

    def measured(self) -> Iterator[Measured]:
        """Yield every result that has a value; what has none goes to the findings."""
        if not self._step > 0:
            self._say("emission_step", "error")
            return
        amounts = dict(self._amounts())
        phases = list(self._phases())
        for phase in phases:
            yield from self._drive(phase)
            for component, amount in amounts.items():
                yield from self._summed(component, amount, phase)
            yield from self._battery(phase)
        yield from self._charging()

    # -- phases ------------------------------------------------------------------------------------------------------

    def _phases(self) -> Iterator[_Phase]:
        every = np.ones(self._time.shape, dtype=np.bool_)
        # The whole is known by itself: what rests on it is as good as its other parts.
        yield _Phase(TOTAL, every, VERIFIED[0])
        kind = emission_rules().phases.get(self._test or "")
        speed = self._used.get("speed")
        if kind == "speed":
            if speed is None:
                self._say("emission_no_speed", "error")
            elif speed.missing:
                self._say("emission_speed_missing", "error", channel=speed.label, count=speed.missing)
            else:
                known = constants("trip_speeds", "m1").verified
                for name, samples in zip(
                    ("urban", "rural", "motorway"), emissions.speed_phases(speed.values), strict=True
                ):
                    yield _Phase(name, samples, known)
            yield from self._cold_start()
        elif kind == "wltc":
            yield from self._cycle()

    def _cold_start(self) -> Iterator[_Phase]:
        engine = self._used.get("engine_speed")
        if engine is None:
            return
        start = float(emissions.engine_start(self._time, engine.values))
        if math.isinf(start):
            self._say("emission_engine_off", "note", channel=engine.label)
            return
        coolant = self._used.get("coolant")
        samples = emissions.cold_start(self._time, start, None if coolant is None else coolant.values)
        if samples.any():
            yield _Phase(COLD, samples, constants("trip_limits", "m1").verified)

    def _cycle(self) -> Iterator[_Phase]:
        begin = 0.0
        last = float(self._time[-1]) + self._step
        for name in entries("wltc_class3_phases"):
            known = constants("wltc_class3_phases", name)
            end = known["end"]
            if self._time[0] > begin or last < end - 0.5 * self._step:
                words = emission_rules().words[name]
                self._say(
                    "emission_cycle_cut", "error", phase=words, first=f"{self._time[0]:g}", last=f"{last:g}"
                )
            else:
                yield _Phase(name, emissions.time_phase(self._time, begin, end), known.verified)
            begin = end

    # -- what is summed ----------------------------------------------------------------------------------------------

    def _amounts(self) -> Iterator[tuple[str, _Amount]]:
        fuel, stated = fuel_of(self._recording)
        flow = self._used.get("flow")
        wanted = [PARTICLES, *emission_rules().components]
        concentrations = [name for name in wanted if concentration(name) in self._used]
        if concentrations and fuel is None:
            self._say(
                "emission_no_fuel", "error", stated=stated or "-", known=", ".join(emission_rules().fuels)
            )
        if concentrations and flow is None:
            labels = ", ".join(self._used[concentration(name)].label for name in concentrations)
            self._say("emission_no_flow", "error", channels=labels)
        if fuel is not None:
            self._judge_ignition(fuel, stated)
        ratios: dict[str, float] = {}
        for name in wanted:
            measured, recorded = self._used.get(concentration(name)), self._used.get(rate(name))
            amount = None
            if measured is not None and flow is not None and fuel is not None:
                amount = self._computed(name, measured, flow, fuel)
            if amount is not None and recorded is not None:
                self._compare(name, amount, recorded)
            if recorded is not None and measured is not None and flow is not None and name != PARTICLES:
                ratios[name] = _ratio(recorded.values, measured.values * flow.values)
            if amount is None and recorded is not None:
                amount = _Amount(
                    recorded.values,
                    (recorded.label,),
                    "recorded",
                    {},
                    emission_rules().sources["drive"],
                    "text",
                )
            if amount is not None:
                yield name, amount
        if fuel is not None:
            self._judge_factors(fuel, stated, ratios)

    def _computed(self, name: str, measured: Used, flow: Used, fuel: str) -> _Amount | None:
        labels = (measured.label, flow.label)
        known: Constants
        if name == PARTICLES:
            known = constants("exhaust_density", fuel)
            particles = emissions.particle_rate(measured.values, flow.values, known["density"])
            words: dict[str, object] = {"density": known["density"], "fuel": fuel}
            return _Amount(particles, labels, "particles", words, known.source, known.verified)
        factor = emission_rules().components[name].factor
        key = f"{factor}_{fuel}"
        if not factor or key not in entries("exhaust_u"):
            self._say("emission_no_factor", "warning", component=name.upper(), fuel=fuel)
            return None
        known = constants("exhaust_u", key)
        grams = emissions.mass_rate(measured.values, flow.values, known["u"])
        return _Amount(
            grams, labels, "computed", {"u": known["u"], "fuel": fuel}, known.source, known.verified
        )

    def _compare(self, name: str, amount: _Amount, recorded: Used) -> None:
        """Compare a recorded rate with the computed one over the samples that have both."""
        both = np.isfinite(amount.rate) & np.isfinite(recorded.values)
        ours, theirs = float(amount.rate[both].sum()), float(recorded.values[both].sum())
        limit = emission_rules().mass_differs
        if abs(ours - theirs) > limit * max(abs(ours), abs(theirs)):
            unit = "#" if name == PARTICLES else "g"
            self._say(
                "emission_mass_differs", "warning", channel=recorded.label, theirs=f"{theirs * self._step:.6g}",
                ours=f"{ours * self._step:.6g}", unit=unit,
            )  # fmt: skip

    def _judge_ignition(self, fuel: str, stated: str) -> None:
        found = entry(self._recording, emission_rules().ignition_entries)
        if found is not None and found[1].upper() in ("SI", "CI"):
            expected = emission_rules().fuels[fuel].ignition
            if found[1].upper() != expected:
                self._say(
                    "emission_ignition", "warning", fuel=stated, stated=found[1].upper(), expected=expected
                )

    def _judge_factors(self, fuel: str, stated: str, ratios: Mapping[str, float]) -> None:
        """Say when the recorded masses were made with the factors of another fuel than the header's."""
        agrees = emission_rules().factor_agrees

        def fits(other: str) -> bool:
            for name, found in ratios.items():
                key = f"{emission_rules().components[name].factor}_{other}"
                if key in entries("exhaust_u"):
                    u = constants("exhaust_u", key)["u"]
                    if not abs(found - u) <= agrees * u:
                        return False
            return True

        if not ratios or fits(fuel):
            return
        others = [other for other in emission_rules().fuels if fits(other)]
        if others:
            name, found = next(iter(ratios.items()))
            self._say(
                "emission_other_fuel", "warning", stated=stated, fuel=fuel, others=", ".join(others),
                example=f"{name.upper()} {found:.6f}",
            )  # fmt: skip

    # -- results -----------------------------------------------------------------------------------------------------

    def _summed(self, component: str, amount: _Amount, phase: _Phase) -> Iterator[Measured]:
        counted = phase.samples
        if not counted.any():
            return
        gaps = counted & ~np.isfinite(amount.rate)
        role = concentration(component) if concentration(component) in self._used else rate(component)
        label = channel_rules()[role].label
        if gaps.any():
            self._say(
                "emission_gap", "error", component=label, phase=emission_rules().words[phase.name],
                count=int(gaps.sum()), time=f"{self._time[int(np.argmax(gaps))]:g}",
            )  # fmt: skip
            return
        total = float(emissions.summed(amount.rate, self._step, counted))
        if total < 0:
            self._say(
                "emission_below_zero", "warning", component=label, phase=emission_rules().words[phase.name],
                total=f"{total:.4g}",
            )  # fmt: skip
            return
        known = _weakest(amount.verified, phase.verified)
        words = self._words(phase) | dict(amount.words)
        if component != PARTICLES:
            yield self._result(f"{component}_mass", total, phase, amount, words, known)
        km = self._distance(phase)
        if km is None:
            return
        per = float(emissions.distance_specific(total, km))
        if math.isnan(per):
            self._say("emission_not_driven", "warning", phase=emission_rules().words[phase.name])
            return
        yield self._result(f"{component}_distance_specific", per, phase, amount, words, known, km)

    def _words(self, phase: _Phase) -> dict[str, object]:
        return {"count": int(phase.samples.sum()), "step": self._step, "name": phase.name}

    def _distance(self, phase: _Phase) -> float | None:
        speed = self._used.get("speed")
        if speed is None:
            self._say("emission_no_speed", "error")
            return None
        km = float(emissions.distance(speed.values, self._step, phase.samples))
        if math.isnan(km):
            self._say("emission_speed_missing", "error", channel=speed.label, count=speed.missing)
            return None
        return max(km, 0.0)

    def _result(
        self, criterion: str, value: float, phase: _Phase, amount: _Amount, words: Mapping[str, object],
        known: str, km: float | None = None,
    ) -> Measured:  # fmt: skip
        labels = amount.labels
        rules = emission_rules()
        speed = self._used.get("speed")
        if km is not None and speed is not None:
            labels = (*labels, speed.label)
        methods = {}
        for language, text in rules.methods[amount.method].items():
            methods[language] = text.format(**{**words, "phase": rules.words[phase.name][language]})
            if km is not None:
                methods[language] += rules.methods["per_distance"][language].format(km=km)
        codes = dict.fromkeys(code for label in labels for code in self._codes.get(label, ()))
        return Measured(
            occupant=None, dummy=None, criterion=criterion, value=value,
            unit=vocabulary().quantities[criterion].unit, t1=None, t2=None, channels=labels, filter="",
            methods=methods, findings=tuple(codes), source=amount.source, verified=known, cell=phase.name,
        )  # fmt: skip

    def _drive(self, phase: _Phase) -> Iterator[Measured]:
        speed = self._used.get("speed")
        if speed is None or not phase.samples.any():
            return
        km = self._distance(phase)
        if km is None:
            return
        seconds = float(phase.samples.sum()) * self._step
        stood = float((emissions.standing(speed.values) & phase.samples).sum()) * self._step
        amount = _Amount(speed.values, (speed.label,), "drive", {}, emission_rules().sources["drive"], "text")
        words = self._words(phase)
        limits = constants("trip_limits", "m1")
        known = _weakest("text", phase.verified)
        yield self._result("driven_distance", km, phase, amount, words, known)
        yield self._result("duration", seconds, phase, amount, words, known)
        yield self._result("mean_speed", 3600 * km / seconds, phase, amount, words, known)
        yield self._result("standing_time", stood, phase, amount, words, _weakest(known, limits.verified))

    # -- electric energy ---------------------------------------------------------------------------------------------

    def _battery_power(self) -> tuple[FloatArray, tuple[str, ...]] | None:
        voltage, current = self._used.get("battery_voltage"), self._used.get("battery_current")
        if voltage is None and current is None:
            return None
        if voltage is None or current is None:
            lacking = "battery_voltage" if voltage is None else "battery_current"
            self._say("emission_battery_half", "error", missing=channel_rules()[lacking].label)
            return None
        if voltage.missing or current.missing:
            broken = voltage if voltage.missing else current
            self._say("emission_battery_gap", "error", channel=broken.label, count=broken.missing)
            return None
        return energy.power(voltage.values, current.values), (voltage.label, current.label)

    def _battery(self, phase: _Phase) -> Iterator[Measured]:
        if "grid_power" in self._used:
            return
        found = self._battery_power()
        if found is None or phase.samples.sum() < 2:
            return
        watts, labels = found
        # Phases by speed are in pieces: each sample stands for one step, as it does for the exhaust.
        kwh = float(emissions.summed(watts, self._step, phase.samples)) / energy.JOULES_PER_KWH
        known = _weakest("text", phase.verified)
        amount = _Amount(watts, labels, "battery", {}, emission_rules().sources["battery"], known)
        words = self._words(phase)
        yield self._result("electric_energy", kwh, phase, amount, words, known)
        km = self._distance(phase) if "speed" in self._used else None
        if km:
            used = float(energy.consumption(kwh, km))
            yield self._result("electric_consumption", used, phase, amount, words, known, km)

    def _charging(self) -> Iterator[Measured]:
        grid = self._used.get("grid_power")
        if grid is None:
            return
        if grid.missing:
            self._say("emission_battery_gap", "error", channel=grid.label, count=grid.missing)
            return
        phase = _Phase(TOTAL, np.ones(self._time.shape, dtype=np.bool_), "text")
        source = emission_rules().sources["battery"]
        drawn = float(energy.energy(self._time, grid.values))
        words = self._words(phase)
        amount = _Amount(grid.values, (grid.label,), "battery", {}, source, "text")
        yield self._result("grid_energy", drawn, phase, amount, words, "text")
        found = self._battery_power()
        if found is None:
            return
        watts, labels = found
        stored = -float(energy.energy(self._time, watts))
        share = float(energy.charging_efficiency(stored, drawn))
        if not 0.0 < share <= 1.0:
            self._say("emission_charging", "error", stored=f"{stored:.4g}", drawn=f"{drawn:.4g}")
            return
        amount = _Amount(watts, (*labels, grid.label), "charging", {}, source, "text")
        yield self._result("charging_efficiency", share, phase, amount, words, "text")
        yield self._result("charging_loss", 1.0 - share, phase, amount, words, "text")


def _ratio(recorded: FloatArray, product: FloatArray) -> float:
    """Return the usual ratio of a recorded rate to concentration times flow, NaN where there is none."""
    usable = np.isfinite(recorded) & (product > 0)
    return float(np.median(recorded[usable] / product[usable])) if usable.any() else math.nan
