"""A small office for the tests of the web: invented organisations, the bundled car and two of its facts changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from carindex.examples import camry
from carindex.office.assessments.keeping import assess
from carindex.office.panel.appointing import appoint
from carindex.office.panel.rules import PanelRules
from carindex.office.people.accounts import set_password
from carindex.office.people.organisations import add_organisation
from carindex.office.people.persons import add_person
from carindex.office.programme.work import Why, add_car, decide, propose
from carindex.office.publication.batches import add_result, new_batch, release, seal
from carindex.office.publication.evidence import publishable
from carindex.office.publication.log import start
from carindex.office.publication.results import correct, withdraw
from carindex.office.publication.rules import SUBJECT, PublicationRules
from carindex.office.review.assigning import assign, open_review
from carindex.office.review.discussing import conclude, give_opinion
from carindex.office.review.rules import ReviewRules
from carindex.office.statutes import set_statute
from carindex.office.store import SYSTEM, Office, Role, open_office

PASSWORD = "correct horse battery"
PUBLICATION = {
    "notice_days": 7,
    "file_days": 20,
    "admit_days": 5,
    "decide_days": 30,
    "remedy_days": 60,
    "open_appeals_hold_release": True,
    "signatures": 2,
    "source": "an example",
}
PANEL = {"fields": {"crash": {"en": "Crash", "zh": "碰撞"}}}
REVIEW = {"reviewers": 2, "quorum": 2, "voting": {"least": 2, "more_than": 0.5}}
PEOPLE = {
    "engineer-a": ("a", Role.ENGINEER),
    "engineer-b": ("b", Role.ENGINEER),
    "expert-a": ("index", Role.EXPERT),
    "expert-b": ("index", Role.EXPERT),
    "expert-c": ("b", Role.EXPERT),
    "guessed": ("b", Role.ENGINEER),
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
    """An office with people, four published results (one withdrawn, one corrected), an embargoed one, one in review."""

    office: Office
    clock: SetClock
    people: Mapping[str, str]
    organisations: Mapping[str, str]
    published: str
    corrected: str
    withdrawn: str
    embargoed: str
    embargoed_batch: str
    review: str
    in_review: str


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


def seed(folder: Path) -> Seeded:
    clock = SetClock()
    office = open_office(folder / "office", create=True, clock=clock)
    with office.change(SYSTEM) as change:
        organisations = {
            "a": add_organisation(change, {"en": "Maker A", "zh": "车企甲"}, "maker", example=True).key,
            "b": add_organisation(change, {"en": "Maker B", "zh": "车企乙"}, "maker", example=True).key,
            "index": add_organisation(
                change, {"en": "Index A", "zh": "指数机构甲"}, "index", example=True
            ).key,
        }
        people = {
            login: add_person(
                change,
                login.replace("-", " ").title(),
                login=login,
                organisation=organisations[home],
                roles=(role,),
            ).key
            for login, (home, role) in PEOPLE.items()
        }
        start(change)
        set_statute(change, SUBJECT, PUBLICATION, PublicationRules, "publication.yaml")
        set_statute(change, "panel", PANEL, PanelRules, "panel.yaml")
        set_statute(change, "review", REVIEW, ReviewRules, "review.yaml")
        for login, region in (("expert-a", "asia"), ("expert-b", "europe"), ("expert-c", "asia")):
            appoint(change, people[login], region, "crash", date(2026, 1, 1), date(2026, 12, 31))
    for login in PEOPLE:
        set_password(office, None, login, PASSWORD)
    secretary = people["secretary"]

    def candidate(maker: str, name: str, *, example: bool = True) -> str:
        with office.change(secretary) as change:
            car = add_car(change, organisations[maker], {"en": name, "zh": name}, example=example).key
            key = propose(change, car, "us-ncap", [Why("sales", "an example")]).key
            return decide(change, key, "select", "an example").key

    def assessed(path: Path, of: str, protocol: str = "us-ncap-2011") -> str:
        return assess(office, secretary, path, protocol, candidate=of).key

    def reviewed(assessment: str) -> str:
        with office.change(secretary) as change:
            review = open_review(change, assessment).key
            chosen = [one.person for one in assign(change, review).chosen]
        for person in chosen:
            with office.change(person) as change:
                give_opinion(change, review, "approve")
        with office.change(secretary) as change:
            conclude(change, review, "approve")
        return assessment

    own = {
        name: candidate(maker, name) for name, maker in (("Camry", "a"), ("B", "b"), ("C", "b"), ("D", "b"))
    }
    with camry() as path:
        sources = [reviewed(assessed(path, own["Camry"]))]
        sources.append(reviewed(assessed(path, own["Camry"], "c-ncap-2021")))
    for name, hic in (("B", 300), ("C", 500)):
        sources.append(reviewed(assessed(dossier(folder / name, f"Example car {name}", hic), own[name])))
    later = reviewed(assessed(dossier(folder / "D", "Example car D under embargo", 250), own["D"]))
    better = reviewed(assessed(dossier(folder / "B2", "Example car B", 320), own["B"]))
    waiting = assessed(dossier(folder / "A2", "Example car E in review", 260), candidate("a", "E"))
    with office.change(secretary) as change:
        review = open_review(change, waiting).key
        assign(change, review)

    with office.change(secretary) as change:
        batch = new_batch(change, {"en": "Batch 1 of 2026", "zh": "2026年第一批"}).key
        results = [add_result(change, batch, publishable(change.session, source)).key for source in sources]
        seal(change, batch, change.at + timedelta(days=7))
        second = new_batch(change, {"en": "Batch 2 of 2026", "zh": "2026年第二批"}).key
        embargoed = add_result(change, second, publishable(change.session, later)).key
        seal(change, second, change.at + timedelta(days=60))
    clock.forward(days=7)
    with office.change(secretary) as change:
        release(change, batch)
    clock.forward(hours=1)
    why = {"en": "Example: a value was typed wrongly.", "zh": "示例：一个数值录入有误。"}
    with office.change(secretary) as change:
        correct(change, results[2], publishable(change.session, better), why)
        withdraw(
            change, results[3], {"en": "Example: wrong variant tested.", "zh": "示例：试验车型配置有误。"}
        )
    return Seeded(
        office,
        clock,
        people,
        organisations,
        results[0],
        results[2],
        results[3],
        embargoed,
        second,
        review,
        waiting,
    )
