"""A small office for the tests of the web: invented organisations, the bundled car and two of its facts changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from carindex.examples import camry
from carindex.office.assessments.keeping import assess, assessment_of
from carindex.office.people.accounts import set_password
from carindex.office.people.organisations import add_organisation
from carindex.office.people.persons import add_person
from carindex.office.publication.batches import Publishable, add_result, new_batch, release, seal
from carindex.office.publication.log import start
from carindex.office.publication.results import correct, withdraw
from carindex.office.publication.rules import rules_from, set_rules
from carindex.office.store import SYSTEM, Office, Role, open_office

PASSWORD = "correct horse battery"
RULES = b"""
notice_days: 7
file_days: 20
admit_days: 5
decide_days: 30
remedy_days: 60
open_appeals_hold_release: true
signatures: 2
source: an example
"""
PEOPLE = {
    "engineer-a": ("a", Role.ENGINEER),
    "engineer-b": ("b", Role.ENGINEER),
    "expert": ("index", Role.EXPERT),
    "secretary": ("index", Role.SECRETARY),
    "administrator": ("index", Role.ADMINISTRATOR),
}


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Seeded:
    """An office with people, three published results of which one is withdrawn and one corrected, and an embargoed one."""

    office: Office
    clock: SetClock
    people: Mapping[str, str]
    organisations: Mapping[str, str]
    published: str
    corrected: str
    withdrawn: str
    embargoed: str
    embargoed_batch: str


def facts_of(hic: float) -> str:
    rows = [("name", "value", "unit", "source")]
    for seat in ("driver", "front_passenger"):
        rows += [
            (f"full_width_rigid_56/{seat}/h3_50m/hic15", str(hic), "", "example"),
            (f"full_width_rigid_56/{seat}/h3_50m/chest_deflection", "22", "mm", "example"),
        ]
    return "\n".join(",".join(row) for row in rows) + "\n"


def dossier(folder: Path, name: str, hic: float) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "car.toml").write_text(f'name = "{name}"\n', "utf-8")
    (folder / "facts.csv").write_text(facts_of(hic), "utf-8")
    return folder


def publishable(office: Office, key: str, maker: str) -> Publishable:
    with office.reading() as session:
        found = assessment_of(session, key)
    document: dict[str, Any] = {
        "car": found.car,
        "protocol": found.protocol,
        "protocol_hash": found.protocol_hash,
        "engine": found.engine,
        "outcome": found.outcome,
        "rating": found.rating,
        "assessment": found.digest,
    }
    return Publishable(key, maker, document, True)


def seed(folder: Path) -> Seeded:
    clock = SetClock()
    office = open_office(folder / "office", create=True, clock=clock)
    with office.change(SYSTEM) as change:
        organisations = {
            "a": add_organisation(change, {"en": "Maker A", "zh": "车企甲"}, "maker", example=True).key,
            "b": add_organisation(change, {"en": "Maker B", "zh": "车企乙"}, "maker", example=True).key,
            "index": add_organisation(change, {"en": "Index A", "zh": "指数机构甲"}, "index", example=True).key,
        }
        people = {
            login: add_person(
                change, login.replace("-", " ").title(), login=login, organisation=organisations[home], roles=(role,)
            ).key
            for login, (home, role) in PEOPLE.items()
        }
        start(change)
        set_rules(change, rules_from(RULES, "rules.yaml"))
    for login in PEOPLE:
        set_password(office, None, login, PASSWORD)
    secretary = people["secretary"]

    def assessed(path: Path, protocol: str = "us-ncap-2011") -> str:
        return assess(office, secretary, path, protocol).key

    with camry() as path:
        sources = [assessed(path), assessed(path, "c-ncap-2021")]
    sources += [assessed(dossier(folder / name, f"Example car {name}", hic)) for name, hic in (("B", 300), ("C", 500))]
    later = assessed(dossier(folder / "D", "Example car D under embargo", 250))
    better = assessed(dossier(folder / "B2", "Example car B", 320))
    makers = [organisations[name] for name in ("a", "a", "b", "b")]
    with office.change(secretary) as change:
        batch = new_batch(change, {"en": "Batch 1 of 2026", "zh": "2026年第一批"}).key
        results = [
            add_result(change, batch, publishable(office, source, maker)).key
            for source, maker in zip(sources, makers, strict=True)
        ]
        seal(change, batch, change.at + timedelta(days=7))
        second = new_batch(change, {"en": "Batch 2 of 2026", "zh": "2026年第二批"}).key
        embargoed = add_result(change, second, publishable(office, later, organisations["b"])).key
        seal(change, second, change.at + timedelta(days=60))
    clock.forward(days=7)
    with office.change(secretary) as change:
        release(change, batch)
    clock.forward(hours=1)
    why = {"en": "Example: a value was typed wrongly.", "zh": "示例：一个数值录入有误。"}
    with office.change(secretary) as change:
        correct(change, results[2], publishable(office, better, organisations["b"]), why)
        withdraw(change, results[3], {"en": "Example: wrong variant tested.", "zh": "示例：试验车型配置有误。"})
    return Seeded(
        office, clock, people, organisations, results[0], results[2], results[3], embargoed, second
    )
