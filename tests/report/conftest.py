"""A rated car with recordings, one without, and a small programme that grades: what the reports are tested on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from carindex.dossier import Fact
from carindex.dossier.folder import Dossier, load_dossier
from carindex.examples import camry
from carindex.rating import Plan, Rating, compile_protocol, load_protocol, rate

_GRADES = """
id: invented-grades
programme: {en: "Invented programme", zh: "虚构规程"}
edition: "1"
source: "invented for this test"
root:
  label: {en: "Car", zh: "整车"}
  combine: sum
  source: "invented, clause 1"
  verified: text
  test: full_width_rigid_56
  occupant: driver
  dummy: h3_50m
  stars: {grades: [Good, Acceptable, Marginal, Poor], at_least: {Good: 8, Acceptable: 6, Marginal: 4}, otherwise: Poor}
  children:
    head:
      label: {en: "Head", zh: "头部"}
      points: 4
      scale: {fact: hic15, limits: [100, 200]}
      source: "invented, clause 2"
      verified: unverified
    chest:
      label: {en: "Chest", zh: "胸部"}
      points: 4
      scale: {fact: chest_deflection, limits: [20, 30]}
      adjust:
        - {label: {en: "Steering wheel", zh: "方向盘"}, at_most: 2, when: {fact: neck_tension, above: 1, unit: kN}}
      source: "invented, clause 3"
      verified: text
    inspection_b:
      label: {en: "Inspection <b>", zh: "检查"}
      points: 2
      open: true
      source: "invented, clause 4"
"""


def rated(plan: Plan, dossier: Dossier, **options: object) -> Rating:
    """Rate a car from its dossier."""
    return rate(
        plan,
        dossier.facts,
        car=dossier.car,
        findings=dossier.findings,
        inputs=dossier.inputs,
        **options,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="session")
def us_ncap() -> Plan:
    return compile_protocol(load_protocol("us-ncap-2011"))


@pytest.fixture(scope="session")
def car() -> Dossier:
    """The example car: one recorded test, the rest stated."""
    with camry() as folder:
        return load_dossier(folder)


@pytest.fixture(scope="session")
def rating(us_ncap: Plan, car: Dossier) -> Rating:
    return rated(us_ncap, car)


@pytest.fixture(scope="session")
def partly_known(car: Dossier) -> Dossier:
    """The same car without recordings, without the pole test and the neck criteria."""
    facts = tuple(fact for fact in car.facts if "pole" not in fact.name and "nij" not in fact.name)
    return replace(car, facts=facts, tests=())


@pytest.fixture(scope="session")
def partly_rated(us_ncap: Plan, partly_known: Dossier) -> Rating:
    return rated(us_ncap, partly_known, assumed={"rollover": 0.9})


@pytest.fixture(scope="session")
def grades(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder: Path = tmp_path_factory.mktemp("invented")
    (folder / "protocol.yaml").write_text(_GRADES, "utf-8")
    return compile_protocol(load_protocol(folder))


@pytest.fixture(scope="session")
def graded(grades: Plan, partly_known: Dossier) -> Rating:
    facts = {
        "full_width_rigid_56/driver/h3_50m/hic15": 150.0,
        "full_width_rigid_56/driver/h3_50m/chest_deflection": 20.0,
        "full_width_rigid_56/driver/h3_50m/neck_tension": 1500.0,
    }
    return rate(
        grades,
        [Fact(name, value, "1") for name, value in facts.items()],
        assumed={"inspection_b": 1.5},
        car="C",
    )
