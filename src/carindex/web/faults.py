"""What is answered when something is wrong: a page in the language of the visitor, or JSON for the API.

An error in the input is said in the words of its message. A mistake of the program is never shown: it is logged under a
reference, and the answer says only that.
"""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from carindex.messages import InputError, Language
from carindex.web.templating import language_of, page
from carindex.web.wording import label, labels, preferred

API = "/api/"
_log = logging.getLogger("carindex.web")


class Throttled(HTTPException):
    """Too many attempts; may be tried again after some seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, round(seconds + 0.5))
        super().__init__(429, headers={"retry-after": str(self.seconds)})


class OldForm(HTTPException):
    """A form that does not come from this site and this visit."""

    def __init__(self) -> None:
        super().__init__(403)


def with_faults(app: FastAPI) -> None:
    """Let an application answer faults."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(InputError, _input)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(Exception, _mistake)


def language_for(request: Request) -> Language:
    """Return the language to answer in: that of the path, or what the client prefers."""
    if request.url.path.startswith(("/en/", "/zh/")):
        return language_of(request)
    return preferred(request.headers.get("accept-language", ""))


#: Messages that say that somebody may not do what they ask, or not now, or that a thing is not there.
STATUS_OF_CODES = {
    "office/store.not_allowed": 403,
    "office/panel.conflict": 403,
    "office/review.not_assigned": 403,
    "office/consensus.not_asked": 403,
    "office/workspace.no_organisation": 403,
    "office/workspace.wrong_offset": 409,
    "office/workspace.not_receiving": 409,
    "office/workspace.not_complete": 409,
    "office/workspace.not_whole": 409,
    "office/workspace.in_use": 409,
    "office/workspace.job_ended": 409,
    "office/workspace.job_not_done": 409,
    "office/workspace.too_many_jobs": 409,
    "web.no_such_protocol": 404,
    "web.no_such_car": 404,
    "office/publication.log_not_started": 404,
}


_NOT_THERE = frozenset(
    f"{before}{what}"
    for before, things in (
        ("unknown_", ("result", "batch", "proposal", "round", "question", "appeal", "bearer")),
        ("no_such_", ("upload", "job", "file")),
        ("", ("unknown",)),
    )
    for what in things
)


def status_of(error: InputError) -> int:
    """Return the status of an answer to an input error."""
    known = STATUS_OF_CODES.get(error.code)
    if known is not None:
        return known
    name = error.code.rsplit(".", 1)[-1]
    return 404 if error.code.startswith("office/") and name in _NOT_THERE else 422


def answer(
    request: Request,
    status: int,
    *,
    said: str = "",
    code: str = "",
    place: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    """Return the answer to a fault, as a page or as JSON."""
    language = language_for(request)
    known = f"wrong_{status}" if f"wrong_{status}" in labels() else "wrong_400"
    heading = label(known, language)
    if request.url.path.startswith(API):
        document = {
            "type": "about:blank",
            "status": status,
            "title": HTTPStatus(status).phrase,
            "code": code or f"http.{status}",
            "place": place,
            "detail": said or heading,
        }
        return JSONResponse(document, status, headers, media_type="application/problem+json")
    context = {"status": status, "heading": heading, "said": said}
    name = "fault_piece.html" if request.headers.get("hx-request") else "fault.html"
    return page(request, name, context, status=status, headers=headers)


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    language, status = language_for(request), error.status_code
    said = ""
    if isinstance(error, Throttled):
        said = label("say_429", language, seconds=error.seconds)
    elif isinstance(error, OldForm):
        said = label("say_form_old", language)
    elif f"say_{status}" in labels():
        said = label(f"say_{status}", language)
    headers = dict(error.headers or {})
    return answer(request, status, said=said, headers=headers)


async def _input(request: Request, error: Exception) -> Response:
    if not isinstance(error, InputError):
        raise error
    said = error.line(language_for(request))
    return answer(request, status_of(error), said=said, code=error.code, place=error.place)


async def _validation(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    # what was sent is not repeated: it may be a password
    parts = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
    return answer(request, 422, said="; ".join(parts)[:1000], code="http.422")


async def _mistake(request: Request, error: Exception) -> Response:
    reference = secrets.token_hex(4)
    _log.error("%s %s [%s]", request.method, request.url.path, reference, exc_info=error)
    said = label("say_500", language_for(request), reference=reference)
    return answer(request, 500, said=said)
