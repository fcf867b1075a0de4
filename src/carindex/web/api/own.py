"""What an organisation does with its own material: upload, look, rate."""

from __future__ import annotations

import tempfile
from pathlib import Path as FilePath
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from carindex.messages import Finding, InputError
from carindex.office.workspace.models import Upload, UploadState
from carindex.office.workspace.uploads import uploads_of
from carindex.web import downloads, intake
from carindex.web.api.access import Counted, Rater, Reader
from carindex.web.api.answers import After, Lang, Limit, json_answer, listed, page_answer, problems
from carindex.web.api.public import SAID, SAID_LIST
from carindex.web.bench import Looked, evidence_of, rating_json, rating_of, without_places
from carindex.web.site import Site, site_of
from carindex.web.views.protocols import plan_of

router = APIRouter(dependencies=[Counted])

Key = Annotated[str, Path(max_length=40, description="Key of an upload.")]
Car = Annotated[str | None, Query(max_length=200, description="Which car, where a facts file has several.")]
Test = Annotated[
    str | None,
    Query(max_length=80, description="Which test a recording alone is, by its name in the vocabulary."),
]
_REFUSED = problems(401, 403, 404, 413, 422)
_WHOLE = {**SAID, **_REFUSED}


def json_body(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a JSON body."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _bytes() -> dict[str, Any]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {"requestBody": {"required": True, "content": {"application/octet-stream": binary}}}


_BEGIN = json_body(
    {
        "type": "object",
        "required": ["files"],
        "additionalProperties": False,
        "properties": {
            "title": {"type": "string", "maxLength": 200},
            "files": {
                "type": "array",
                "minItems": 1,
                "maxItems": 200,
                "items": {
                    "type": "object",
                    "required": ["name", "size"],
                    "additionalProperties": False,
                    "properties": {"name": {"type": "string"}, "size": {"type": "integer", "minimum": 1}},
                },
            },
        },
    }
)


async def body_of(request: Request) -> bytes:
    """Return the body of a request; how large it may be was checked before."""
    return await request.body()


Content = Annotated[bytes, Depends(body_of)]


@router.get("/uploads", responses={**SAID_LIST, **_REFUSED})
def uploads(
    request: Request, actor: Reader, language: Lang, after: After = None, limit: Limit = 50
) -> Response:
    """List the uploads of the own organisation, the latest first."""
    site = site_of(request)
    with site.office.reading() as session:
        every = uploads_of(session, actor)
    found, following = listed(every, lambda upload: upload.key, after, limit)
    return page_answer(request, [intake.as_json(site, upload, language) for upload in found], following)


@router.post("/uploads", status_code=201, openapi_extra=_BEGIN, responses={201: SAID[200], **_REFUSED})
def begin(request: Request, actor: Rater, language: Lang, content: Content) -> Response:
    """Begin an upload: names and sizes of the files to come."""
    site = site_of(request)
    upload = intake.begin(site, actor, intake.beginning_of(content))
    return _told(request, site, upload, language, 201)


@router.get("/uploads/{key}", responses=_WHOLE)
def upload(request: Request, actor: Reader, language: Lang, key: Key) -> Response:
    """Return an upload, with the bytes received of each file."""
    site = site_of(request)
    return _told(request, site, intake.find(site, actor, key), language)


@router.put(
    "/uploads/{key}/chunks/{number}",
    openapi_extra=_bytes(),
    responses={**_WHOLE, **problems(409)},
)
def chunk(
    request: Request,
    actor: Rater,
    language: Lang,
    key: Key,
    content: Content,
    number: Annotated[int, Path(ge=0, le=10_000, description="Which file.")],
    offset: Annotated[
        int, Query(ge=0, le=2**53, description="Where the piece begins: the bytes received so far.")
    ],
) -> Response:
    """Add a piece to a file. A piece that does not begin where the file ends is refused (409), with where that is."""
    site = site_of(request)
    return _told(request, site, intake.add(site, actor, key, number, offset, content), language)


@router.post("/uploads/{key}/complete", responses={**_WHOLE, **problems(409)})
def complete(request: Request, actor: Rater, language: Lang, key: Key) -> Response:
    """Complete an upload: its files are checked, and it is told what they are."""
    site = site_of(request)
    return _told(request, site, intake.complete(site, actor, key), language)


@router.delete(
    "/uploads/{key}",
    status_code=204,
    responses={204: {"description": "Removed."}, **_REFUSED, **problems(409)},
)
def remove(request: Request, actor: Rater, key: Key) -> Response:
    """Remove an upload with its files."""
    intake.remove(site_of(request), actor, key)
    return Response(status_code=204)


@router.get("/uploads/{key}/findings", responses={**_WHOLE, **problems(409)})
def findings(
    request: Request, actor: Reader, language: Lang, key: Key, car: Car = None, test: Test = None
) -> Response:
    """Return what was found in the files."""
    looked = _looked(request, actor, key, car, test)
    evidence = evidence_of(looked)
    found = [finding.as_json(language) for finding in evidence.findings]
    document = {"car": evidence.car, "findings": without_places(found, looked.folder, evidence.path)}
    return json_answer(request, document)


@router.get("/uploads/{key}/criteria", responses={**SAID_LIST, **_REFUSED, **problems(409)})
def criteria(
    request: Request, actor: Reader, language: Lang, key: Key, car: Car = None, test: Test = None
) -> Response:
    """Return all criteria, each as ``carindex criteria --json`` has it."""
    looked = _looked(request, actor, key, car, test)
    return page_answer(request, downloads.criteria_json(looked, language), None)


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which protocols to rate by, and points to assume for nodes."""

    protocols: list[str]
    assumed: dict[str, float] = {}


class Stated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Facts to rate at once, without an upload."""

    protocols: list[str]
    facts: dict[str, Any]
    car: str = ""
    assumed: dict[str, float] = {}


MOST_PROTOCOLS = 40
_NUMBERS = {"type": "object", "additionalProperties": {"type": "number"}}
_NAMES = {"type": "array", "minItems": 1, "maxItems": MOST_PROTOCOLS, "items": {"type": "string"}}
_RATE: dict[str, Any] = {
    "type": "object",
    "required": ["protocols"],
    "additionalProperties": False,
    "properties": {"protocols": _NAMES, "assumed": _NUMBERS},
}
_RATE_FACTS: dict[str, Any] = {
    **_RATE,
    "required": ["protocols", "facts"],
    "properties": {
        **_RATE["properties"],
        "facts": {"type": "object"},
        "car": {"type": "string", "maxLength": 200},
    },
}


@router.post(
    "/uploads/{key}/ratings",
    openapi_extra=json_body(_RATE),
    responses={**SAID_LIST, **_REFUSED, **problems(409)},
)
def ratings(
    request: Request,
    actor: Rater,
    language: Lang,
    key: Key,
    content: Content,
    car: Car = None,
    test: Test = None,
) -> Response:
    """Rate an upload; each rating as ``carindex rate --json`` has it. Nothing is kept."""
    looked = _looked(request, actor, key, car, test)
    asked = decoded(content, Asked)
    _few(asked.protocols)
    found = [
        rating_json(looked, rating_of(looked, name, asked.assumed, among=asked.protocols), language)
        for name in asked.protocols
    ]
    return page_answer(request, found, None)


@router.post(
    "/ratings",
    openapi_extra=json_body(_RATE_FACTS),
    responses={**SAID_LIST, **problems(401, 403, 404, 413, 422)},
)
def rate_facts(request: Request, actor: Rater, language: Lang, content: Content) -> Response:
    """Rate facts that are sent along: ``{name: value}`` or ``{name: {"value": …, "unit": …, "source": …}}``."""
    from carindex.dossier import read_facts
    from carindex.rating import rate
    from carindex.rating.themes import lost_by_theme
    from carindex.rating.together import unmistakable

    del actor  # whoever may rate
    asked = decoded(content, Stated)
    _few(asked.protocols)
    plans = [plan_of(name) for name in asked.protocols]
    with tempfile.TemporaryDirectory() as folder:
        file = FilePath(folder) / "facts.json"
        file.write_bytes(msgspec.json.encode({"car": asked.car, "facts": asked.facts}))
        try:
            read = read_facts(file)
        except InputError as error:
            place = without_places(error.place, FilePath(folder))
            raise InputError(
                place, error.code, **without_places(error.parameters, FilePath(folder))
            ) from None
        facts, ambiguous = list(read.facts), list[Finding]()
        if len(plans) > 1:
            facts, ambiguous = unmistakable(read.facts, plans)
        found = []
        for plan in plans:
            rating = rate(
                plan,
                facts,
                car=asked.car,
                assumed={path: value for path, value in asked.assumed.items() if path in plan.nodes}
                if len(plans) > 1
                else asked.assumed,
                findings=(*read.findings, *ambiguous),
            )
            document = {
                **rating.as_json(language),
                "used": rating.used,
                "lost_by_theme": dict(lost_by_theme(rating)),
            }
            found.append(without_places(document, FilePath(folder)))
    return page_answer(request, found, None)


T = TypeVar("T")


def decoded(content: bytes, kind: type[T]) -> T:
    """Return what a body says; an input error where it is not understood."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError("request", "web.not_understood", reason=str(error)) from None


def _few(names: list[str]) -> None:
    if not 0 < len(names) <= MOST_PROTOCOLS:
        raise InputError("protocols", "web.too_many_protocols", count=len(names), most=MOST_PROTOCOLS)


def _looked(request: Request, actor: Reader, key: str, car: str | None, test: str | None) -> Looked:
    site = site_of(request)
    found = intake.find(site, actor, key)
    if found.state != UploadState.COMPLETE.value:
        raise InputError(found.title, "office/workspace.not_complete", state=found.state)
    return Looked(site.office, found, car or None, test or None)


def _told(request: Request, site: Site, upload: Upload, language: Lang, status: int = 200) -> Response:
    return json_answer(request, intake.as_json(site, upload, language), status=status)
