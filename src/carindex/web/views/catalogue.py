"""The catalogue: published cars with what each programme says of them, searched, filtered, sorted."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from carindex.messages import InputError, Language
from carindex.office.publication import catalogue as published
from carindex.office.publication.catalogue import Listed
from carindex.office.store import Office
from carindex.office.wording import label as office_label
from carindex.rating import Plan
from carindex.report.labels import label
from carindex.report.wording import in_language, most_stars, stars_text
from carindex.web.bench import Kept
from carindex.web.views.protocols import plan_of

SORTS = ("newest", "name", "maker")


@dataclass(frozen=True)
class Said:
    """An outcome: of what (empty: the whole car), in signs, in words; ``share`` (0 to 1) sorts and is never shown."""

    of: str
    text: str
    spoken: str
    final: bool
    share: float


@dataclass(frozen=True)
class Entry:
    """One published result."""

    key: str
    version: int
    protocol: str
    programme: str
    edition: str
    said: tuple[Said, ...]
    withdrawn: bool
    corrected: bool
    reason: str
    day: str
    batch: str
    batch_name: str
    retest_of: str | None
    kind: str


@dataclass(frozen=True)
class Car:
    """A car with its results, the latest first."""

    slug: str
    name: str
    maker: str
    example: bool
    entries: tuple[Entry, ...]

    @property
    def day(self) -> str:
        """Day of the latest result."""
        return max(entry.day for entry in self.entries)


@dataclass(frozen=True)
class Catalogue:
    """All published cars, and what they can be filtered by."""

    record: int
    cars: tuple[Car, ...]
    makers: tuple[str, ...]
    programmes: tuple[tuple[str, str], ...]
    batches: tuple[tuple[str, str], ...]

    def car(self, slug: str) -> Car:
        """Return a car.

        Raises
        ------
        InputError
            When none is published under that name.
        """
        found = next((car for car in self.cars if car.slug == slug), None)
        if found is None:
            raise InputError(slug[:80], "web.no_such_car")
        return found


_kept = Kept(6)


def catalogue_of(office: Office, language: Language) -> Catalogue:
    """Return the catalogue; it is made anew when something was published, corrected or withdrawn."""
    with office.reading() as session:
        record = published.latest_record(session)
    return _kept.get((id(office), record, language), lambda: _made(office, language))


def _made(office: Office, language: Language) -> Catalogue:
    cars: dict[tuple[str, str], list[Entry]] = {}
    heads: dict[tuple[str, str], tuple[str, str, bool]] = {}
    with office.reading() as session:
        record = published.latest_record(session)
        for one in published.catalogue(session):
            document: Mapping[str, Any] = one.summary
            outcome = document.get("outcome")
            if one.summary and (not isinstance(outcome, dict) or outcome.get("lower") is None):
                document = published.document_of(session, one.key)[1] or {}
            name = car_name(one.summary or one.first)
            maker = in_language(one.maker, language)
            if one.example:
                maker = office_label("example", language).format(name=maker)
            key = (one.maker["en"], name)
            heads[key] = (name, maker, one.example)
            cars.setdefault(key, []).append(_entry(one, document, language))
    made = tuple(Car(slug_of(*key), *heads[key], tuple(entries)) for key, entries in cars.items())
    programmes = dict.fromkeys(
        (entry.protocol, f"{entry.programme} {entry.edition}".strip())
        for car in made
        for entry in car.entries
        if entry.protocol
    )
    batches = dict.fromkeys((entry.batch, entry.batch_name) for car in made for entry in car.entries)
    return Catalogue(
        record,
        made,
        tuple(sorted({car.maker for car in made})),
        tuple(sorted(programmes, key=lambda item: item[1])),
        tuple(batches),
    )


def car_name(document: Mapping[str, Any]) -> str:
    """Return the name of the car of a published document."""
    said = document.get("car", "")
    return str(said.get("name", "") if isinstance(said, Mapping) else said)


def slug_of(maker: str, car: str) -> str:
    """Return the name of a car's page: its letters and digits, and what tells it from all others."""
    plain = unicodedata.normalize("NFKD", car).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]
    digest = hashlib.sha256(f"{maker}\n{car}".encode()).hexdigest()[:8]
    return f"{words}-{digest}" if words else digest


@lru_cache(maxsize=64)
def _plan(protocol: str) -> Plan | None:
    try:
        return plan_of(protocol)
    except InputError:
        return None  # an edition of the office's own


def _entry(one: Listed, document: Mapping[str, Any], language: Language) -> Entry:
    protocol = str((one.summary or one.first).get("protocol", ""))
    plan = _plan(protocol)
    head = None if plan is None else plan.protocol.head
    return Entry(
        key=one.key,
        version=one.version,
        protocol=protocol,
        programme=in_language(head.programme, language) if head else protocol,
        edition=head.edition if head else "",
        said=outcomes_of(document, plan, language) if one.summary else (),
        withdrawn=one.state == "withdrawn",
        corrected=one.kind in ("correction", "republication"),
        reason=in_language(one.reason, language) if one.reason else "",
        day=one.at[:10],
        batch=one.batch,
        batch_name=in_language(one.batch_name, language),
        retest_of=one.retest_of,
        kind=one.kind,
    )


def outcomes_of(document: Mapping[str, Any], plan: Plan | None, language: Language) -> tuple[Said, ...]:
    """Return the outcomes that a published document states, the whole car's or those of its parts."""
    rating = document.get("rating")
    whole = rating.get(language, rating) if isinstance(rating, Mapping) else document
    several = whole.get("outcomes") if isinstance(whole, Mapping) else None
    if several:
        labels = {node["path"]: node["label"] for node in whole.get("nodes", ())}
        return tuple(
            said for item in several if (said := _said(item, plan, labels.get(item["path"], ""), language))
        )
    outcome = document.get("outcome") or {}
    said = _said({"path": "", **outcome}, plan, "", language)
    return (said,) if said else ()


def _said(item: Mapping[str, Any], plan: Plan | None, of: str, language: Language) -> Said | None:
    low, high, path = item.get("lower"), item.get("upper"), str(item.get("path", ""))
    if low is None or high is None:
        return None
    node = plan.nodes.get(path) if plan is not None else None
    outcome = None if node is None else node.outcome
    if "grade" in item:
        names = outcome.spec.names if outcome is not None else {}
        worst, best = (
            f"{grade} {in_language(names[grade], language)}" if grade in names else str(grade)
            for grade in (low, high)
        )
        text = best if low == high else label("from_to", language, low=worst, high=best)
        ranks = list(outcome.grades) if outcome is not None and outcome.grades else []
        share = 1 - ranks.index(low) / max(len(ranks) - 1, 1) if low in ranks else 0.0
        return Said(of, text, str(high) if low == high else f"{low} – {high}", low == high, share)
    most = most_stars(plan, path) if plan is not None and node is not None else 0
    if low == high:
        spoken = label("stars_spoken", language, count=low)
        return Said(of, stars_text(low, most) or label("no_star", language), spoken, True, low / (most or 5))
    zero = label("no_star", language)
    text = label("from_to", language, low=stars_text(low, 0) or zero, high=stars_text(high, 0) or zero)
    return Said(of, text, label("stars_between", language, low=low, high=high), False, low / (most or 5))


@dataclass(frozen=True)
class Wanted:
    """What is searched for; empty: everything."""

    text: str = ""
    maker: str = ""
    protocol: str = ""
    batch: str = ""
    state: str = ""
    sort: str = "newest"


def found(catalogue: Catalogue, wanted: Wanted) -> Sequence[Car]:
    """Return the cars that fit, sorted."""
    words = wanted.text.casefold().split()
    cars = [car for car in catalogue.cars if _fits(car, wanted, words)]
    if wanted.sort == "name":
        cars.sort(key=lambda car: (car.name.casefold(), car.maker))
    elif wanted.sort == "maker":
        cars.sort(key=lambda car: (car.maker.casefold(), car.name.casefold()))
    elif wanted.sort.startswith("outcome:"):
        protocol = wanted.sort.removeprefix("outcome:")
        cars.sort(key=lambda car: (-_share(car, protocol), car.name.casefold()))
    else:
        cars.sort(key=lambda car: car.day, reverse=True)
    return cars


def _share(car: Car, protocol: str) -> float:
    shares = [said.share for entry in car.entries if entry.protocol == protocol for said in entry.said[:1]]
    return max(shares, default=-1.0)


def _fits(car: Car, wanted: Wanted, words: Sequence[str]) -> bool:
    text = f"{car.name} {car.maker}".casefold()
    return (
        all(word in text for word in words)
        and (not wanted.maker or car.maker == wanted.maker)
        and (not wanted.protocol or any(entry.protocol == wanted.protocol for entry in car.entries))
        and (not wanted.batch or any(entry.batch == wanted.batch for entry in car.entries))
        and (
            not wanted.state
            or any(
                {"withdrawn": entry.withdrawn, "corrected": entry.corrected}.get(wanted.state, False)
                for entry in car.entries
            )
        )
    )
