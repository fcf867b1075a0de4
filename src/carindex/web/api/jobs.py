"""Long work: asked for, watched, cancelled, its result."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from carindex.office.workspace.jobs import ask, cancel, job_of, jobs_of, result_of
from carindex.web.api.access import Counted, Rater, Reader
from carindex.web.api.answers import After, Lang, Limit, json_answer, listed, page_answer, problems
from carindex.web.api.own import Content, decoded, json_body
from carindex.web.api.public import SAID, SAID_LIST
from carindex.web.jobs.kinds import KINDS, checked
from carindex.web.site import site_of
from carindex.web.views.jobs import job_json

router = APIRouter(dependencies=[Counted])
Key = Annotated[str, Path(max_length=40, description="Key of a job.")]
_REFUSED = problems(401, 403, 404, 409, 413, 422)


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A job to do."""

    upload: str
    kind: str
    settings: dict[str, Any] = {}


_ASK = json_body(
    {
        "type": "object",
        "required": ["upload", "kind"],
        "additionalProperties": False,
        "properties": {
            "upload": {"type": "string", "maxLength": 40},
            "kind": {"type": "string", "enum": list(KINDS)},
            "settings": {"type": "object"},
        },
    }
)


@router.get("/jobs", responses={**SAID_LIST, **_REFUSED})
def jobs(request: Request, actor: Reader, language: Lang, after: After = None, limit: Limit = 50) -> Response:
    """List the jobs of the own organisation, the latest first."""
    office = site_of(request).office
    with office.reading() as session:
        every = jobs_of(session, actor)
    found, following = listed(every, lambda job: job.key, after, limit)
    return page_answer(request, [job_json(office, job, language) for job in found], following)


@router.post("/jobs", status_code=202, openapi_extra=_ASK, responses={202: SAID[200], **_REFUSED})
def begin(request: Request, actor: Rater, language: Lang, content: Content) -> Response:
    """Ask for a job on a complete upload."""
    office = site_of(request).office
    asked = decoded(content, Asked)
    settings = checked(asked.kind, asked.settings)
    with office.change(actor.person) as change:
        job = ask(change, asked.kind, asked.upload, settings)
    return json_answer(request, job_json(office, job, language), status=202)


@router.get("/jobs/{key}", responses={**SAID, **_REFUSED})
def job(request: Request, actor: Reader, language: Lang, key: Key) -> Response:
    """Return a job: its state and how far it is."""
    office = site_of(request).office
    with office.reading() as session:
        found = job_of(session, actor, key)
    return json_answer(request, job_json(office, found, language))


@router.get("/jobs/{key}/result", responses={**SAID, **_REFUSED})
def result(request: Request, actor: Reader, language: Lang, key: Key) -> Response:
    """Return what came out of a job."""
    with site_of(request).office.reading() as session:
        return json_answer(request, result_of(session, actor, key)[language])


@router.delete("/jobs/{key}", responses={**SAID, **_REFUSED})
def stop(request: Request, actor: Rater, language: Lang, key: Key) -> Response:
    """Cancel a job that waits or runs."""
    office = site_of(request).office
    with office.change(actor.person) as change:
        found = cancel(change, key)
    return json_answer(request, job_json(office, found, language))
