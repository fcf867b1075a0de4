"""The public pages of cars: first page, catalogue, one car, one result, several cars side by side."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from carindex.messages import InputError, Language
from carindex.report.sections import RatingSection, section_of
from carindex.web.paging import paged
from carindex.web.published import Published, log_state, published, signed_record
from carindex.web.site import site_of
from carindex.web.templating import language_of, page
from carindex.web.views.catalogue import SORTS, Car, Catalogue, Entry, Wanted, catalogue_of, found
from carindex.web.views.protocols import listed
from carindex.web.views.snapshot import PlainNode, losses_of, nodes_of

router = APIRouter()

MOST_COMPARED = 4
Text = Annotated[str, Query(max_length=200)]


def _catalogue(request: Request) -> Catalogue:
    return catalogue_of(site_of(request).office, language_of(request))


@router.get("/")
def first_page(request: Request) -> Response:
    """Show what there is."""
    language = language_of(request)
    made = _catalogue(request)
    heads = listed(language)
    context = {
        "latest": found(made, Wanted())[:6],
        "count": len(made.cars),
        "programmes": len({head.programme for head in heads}),
        "protocols": len(heads),
        "rules": sum(head.rules for head in heads),
    }
    return page(request, "cars/first.html", context)


@router.get("/cars")
def cars(
    request: Request,
    q: Text = "",
    maker: Text = "",
    protocol: Text = "",
    batch: Text = "",
    state: Text = "",
    sort: Text = "newest",
) -> Response:
    """Show the catalogue, as it is searched; a request of the page itself gets the list only."""
    language = language_of(request)
    made = _catalogue(request)
    wanted = Wanted(q.strip(), maker, protocol, batch, state, sort)
    hits = found(made, wanted)
    shown, pager = paged(request, hits, language, size=30)
    context = {
        "catalogue": made,
        "wanted": wanted,
        "cars": shown,
        "count": len(hits),
        "pager": pager,
        "sorts": SORTS,
    }
    piece = bool(request.headers.get("hx-request"))
    name = "cars/found.html" if piece else "cars/catalogue.html"
    return page(request, name, context, headers={"vary": "hx-request"})


@router.get("/compare")
def compare(request: Request, car: Annotated[list[str] | None, Query(max_length=40)] = None) -> Response:
    """Show several cars side by side, programme by programme; nothing is converted."""
    language = language_of(request)
    made = _catalogue(request)
    slugs = list(dict.fromkeys(car or ()))
    if len(slugs) > MOST_COMPARED:
        raise InputError("car", "web.too_many_cars", count=len(slugs), most=MOST_COMPARED)
    chosen = [made.car(slug) for slug in slugs]
    shared = dict.fromkeys(
        (entry.protocol, f"{entry.programme} {entry.edition}") for one in chosen for entry in one.entries
    )
    office = site_of(request).office
    tables = []
    for protocol, name in shared:
        entries = [_latest(one, protocol) for one in chosen]
        trees = [
            {} if entry is None or entry.withdrawn else _upper_nodes(published(office, entry.key), language)
            for entry in entries
        ]
        paths = dict.fromkeys((path, node.name) for tree in trees for path, node in tree.items() if path)
        rows = [(label, [tree.get(path) for tree in trees]) for path, label in paths]
        tables.append((protocol, name, entries, rows))
    columns = [(one.name, "") for one in chosen]
    context = {
        "chosen": chosen,
        "columns": columns,
        "tables": tables,
        "every": made.cars,
        "most": MOST_COMPARED,
    }
    return page(request, "cars/compare.html", context)


def _upper_nodes(one: Published, language: Language) -> dict[str, PlainNode]:
    nodes = nodes_of(one.said(language), language, deepest=2)
    return {node.path: node for node in nodes if node.status != "not_applicable"}


def _latest(car: Car, protocol: str) -> Entry | None:
    return next((entry for entry in car.entries if entry.protocol == protocol), None)


@router.get("/cars/{slug}")
def one_car(request: Request, slug: str) -> Response:
    """Show a car: what each programme says, and what became of each result."""
    language = language_of(request)
    car = _catalogue(request).car(slug)
    office = site_of(request).office
    details = [
        (entry, [] if entry.withdrawn else list(losses_of(published(office, entry.key).said(language)))[:3])
        for entry in car.entries
    ]
    return page(request, "cars/car.html", {"car": car, "details": details, "tab": ""})


@router.get("/cars/{slug}/{key}")
def one_result(request: Request, slug: str, key: str) -> Response:
    """Show one result of a car."""
    return _result(request, slug, key, "cars/result.html", "rating")


@router.get("/cars/{slug}/{key}/drawings")
def drawings(request: Request, slug: str, key: str) -> Response:
    """Show the drawings of a result: occupants, impact map, matrices."""
    return _result(request, slug, key, "cars/drawings.html", "drawings")


@router.get("/cars/{slug}/{key}/provenance")
def provenance(request: Request, slug: str, key: str) -> Response:
    """Show where a result comes from, its versions, and whether its signature holds."""
    return _result(request, slug, key, "cars/provenance.html", "provenance")


def _result(request: Request, slug: str, key: str, template: str, tab: str) -> Response:
    language = language_of(request)
    site = site_of(request)
    catalogue = _catalogue(request)
    car = catalogue.car(slug)
    entry = next((one for one in car.entries if one.key == key), None)
    if entry is None:
        raise InputError(key[:40], "web.no_such_car")
    one = published(site.office, key)
    section = None if one.rating is None else _section(site.office.files.as_posix(), one, language)
    said = one.said(language)
    base = f"/{language}/cars/{slug}/{key}"
    context = {
        "car": car,
        "entry": entry,
        "one": one,
        "section": section,
        "plain_nodes": nodes_of(said, language) if section is None else (),
        "plain_losses": losses_of(said) if section is None else (),
        "said": said,
        "base": base,
        "tab": tab,
        "tabs": [("rating", base), ("drawings", f"{base}/drawings"), ("provenance", f"{base}/provenance")],
        "log": log_state(site.office, catalogue.record) if tab == "provenance" else None,
        "records": [(version, signed_record(site.office, version.record)) for version in one.versions]
        if tab == "provenance"
        else [],
    }
    return page(request, template, context)


class _Section:
    """A published result as a key of what was made of it."""

    def __init__(self, place: str, one: Published) -> None:
        self.one, self.key = one, (place, one.key, one.version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Section) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


def _section(place: str, one: Published, language: Language) -> RatingSection:
    return _made_section(_Section(place, one), language)


@lru_cache(maxsize=64)
def _made_section(at: _Section, language: Language) -> RatingSection:
    assert at.one.rating is not None
    assert at.one.dossier is not None
    return section_of(at.one.rating, at.one.dossier, language)
