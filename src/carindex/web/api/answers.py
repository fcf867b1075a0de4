"""How the API answers: JSON with an ETag, lists in pages by cursor, and the language that is asked for."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from carindex.messages import InputError, Language
from carindex.web.wording import preferred

T = TypeVar("T")
TYPE = "application/json"


def said_language(
    request: Request,
    lang: Annotated[
        Literal["en", "zh"] | None, Query(description="Language of texts; else Accept-Language.")
    ] = None,
) -> Language:
    """Return the language to answer in."""
    return lang or preferred(request.headers.get("accept-language", ""))


Lang = Annotated[Language, Depends(said_language)]
Limit = Annotated[int, Query(ge=1, le=200, description="So many entries at most.")]
After = Annotated[str | None, Query(max_length=120, description="Where to go on: `next` of the page before.")]


def json_answer(
    request: Request, document: object, *, status: int = 200, public: bool = False, link: str = ""
) -> Response:
    """Return a document with its ETag; nothing but that where the client has it already."""
    content = msgspec.json.encode(document, enc_hook=str)
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    kept = "public, max-age=0, must-revalidate" if public else "private, no-store"
    said = {"etag": etag, "cache-control": kept, "vary": "accept-language, authorization"}
    if link:
        said["link"] = link
    if request.method in ("GET", "HEAD") and status == 200 and _has(request, etag):
        return Response(status_code=304, headers=said)
    return Response(content, status, said, media_type=TYPE)


def _has(request: Request, etag: str) -> bool:
    wanted = request.headers.get("if-none-match", "")
    return wanted == "*" or etag in (part.strip().removeprefix("W/") for part in wanted.split(","))


def listed(
    items: Sequence[T], key: Callable[[T], str], after: str | None, limit: int
) -> tuple[Sequence[T], str | None]:
    """Return a page of a list and the cursor of the next one; entries that came meanwhile move nothing.

    Parameters
    ----------
    items
        All entries, in an order that does not change.
    key
        What tells an entry from all others.
    after, limit
        Cursor of the page before, and how many entries.

    Raises
    ------
    InputError
        When there is no such cursor.
    """
    start = 0
    if after is not None:
        last = _opened(after)
        at = next((i for i, item in enumerate(items) if key(item) == last), None)
        if at is None:
            raise InputError("after", "web.no_such_cursor")
        start = at + 1
    page = items[start : start + limit]
    more = start + limit < len(items)
    return page, _closed(key(page[-1])) if more and page else None


def page_answer(
    request: Request, items: Sequence[Any], following: str | None, *, public: bool = False
) -> Response:
    """Return a page of a list."""
    link = ""
    if following is not None:
        url = request.url.include_query_params(after=following)
        link = f'<{url.path}?{url.query}>; rel="next"'
    return json_answer(request, {"items": items, "next": following}, public=public, link=link)


def _closed(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _opened(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (ValueError, UnicodeDecodeError):
        raise InputError("after", "web.no_such_cursor") from None


PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "required": ["status", "title", "code", "place", "detail"],
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "title": {"type": "string"},
        "code": {"type": "string"},
        "place": {"type": "string"},
        "detail": {"type": "string"},
    },
}
"""What is answered when something is wrong (RFC 9457)."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of answers that say what is wrong."""
    words = {
        401: "No token, or none that counts.",
        403: "The token's scopes or the person's roles do not allow it.",
        404: "Not there, or not for you to see.",
        409: "Not in this state.",
        413: "Too large.",
        422: "Not understood, or it cannot be used.",
        429: "Too often; wait as long as `Retry-After` says.",
    }
    return {
        status: {"description": words[status], "content": {"application/problem+json": {"schema": PROBLEM}}}
        for status in (*statuses, 429)
    }
