"""Published results: the list, one with its versions, its rating as it was published, and the signed log."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from carindex.office.publication import catalogue
from carindex.office.publication.catalogue import Listed
from carindex.office.publication.log import lines_of
from carindex.web.api.access import Counted
from carindex.web.api.answers import After, Lang, Limit, json_answer, listed, page_answer, problems
from carindex.web.api.public import SAID, SAID_LIST
from carindex.web.bench import Kept
from carindex.web.published import published
from carindex.web.site import site_of
from carindex.web.views.catalogue import car_name, slug_of

router = APIRouter(dependencies=[Counted])
Key = Annotated[str, Path(max_length=40, description="Key of a result.")]
_kept = Kept(2)


@router.get("/results", responses={**SAID_LIST, **problems(401, 422)})
def results(request: Request, after: After = None, limit: Limit = 50) -> Response:
    """List what is published, the latest first."""
    office = site_of(request).office
    with office.reading() as session:
        record = catalogue.latest_record(session)

    def made() -> tuple[Listed, ...]:
        with office.reading() as session:
            return catalogue.catalogue(session)

    every = _kept.get((id(office), record), made)
    found, following = listed(every, lambda one: one.key, after, limit)
    return page_answer(request, [_brief(one) for one in found], following, public=True)


@router.get("/results/{key}", responses={**SAID, **problems(401, 404, 422)})
def result(request: Request, key: Key) -> Response:
    """Return a result with all its versions; of a withdrawn one only these."""
    one = published(site_of(request).office, key)
    document = one.document or {}
    versions = [
        {
            "version": version.version,
            "kind": version.kind,
            "at": version.at,
            "reason": version.reason,
            "record": version.record,
            "digest": version.digest,
        }
        for version in one.versions
    ]
    rest = {name: value for name, value in document.items() if name != "rating"}
    return json_answer(
        request,
        {"key": one.key, "version": one.version, "state": one.state, "document": rest, "versions": versions},
        public=True,
    )


@router.get("/results/{key}/rating", responses={**SAID, **problems(401, 404, 422)})
def rating(request: Request, language: Lang, key: Key) -> Response:
    """Return the rating as it was published, as ``carindex rate --json`` has it; of a withdrawn result nothing."""
    return json_answer(request, published(site_of(request).office, key).said(language), public=True)


@router.get(
    "/log",
    responses={200: {"description": "JSON lines.", "content": {"text/plain": {}}}, **problems(401, 404, 422)},
)
def log(request: Request) -> Response:
    """Return the signed log of publications, for ``carindex office verify``."""
    with site_of(request).office.reading() as session:
        text = "".join(lines_of(session))
    return PlainTextResponse(text)


def _brief(one: Listed) -> dict[str, Any]:
    name = car_name(one.summary or one.first)
    return {
        "key": one.key,
        "car": name,
        "page": f"/en/cars/{slug_of(one.maker['en'], name)}/{one.key}",
        "maker": one.maker,
        "example": one.example,
        "protocol": (one.summary or one.first).get("protocol"),
        "outcome": one.summary.get("outcome"),
        "state": one.state,
        "version": one.version,
        "at": one.at,
        "batch": one.batch,
        "reason": one.reason,
        "retest_of": one.retest_of,
    }
