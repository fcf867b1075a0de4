"""The crosswalk explorer: programmes side by side, item by item."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from carindex.alignment.crosswalk import Crosswalk, crosswalk
from carindex.messages import InputError
from carindex.report.alignment.crosswalk import csv_text, shown
from carindex.web.templating import language_of, page
from carindex.web.views.protocols import listed, plan_of

router = APIRouter()

MOST = 6
"""So many protocols stand side by side on a page."""
TOPICS = ("head", "neck", "chest", "pelvis", "femur", "pedestrian", "avoidance")
FIRST = ("euro-ncap-2026", "c-ncap-2024", "us-ncap-2011")


@lru_cache(maxsize=24)
def _made(names: tuple[str, ...], topic: str | None) -> Crosswalk:
    return crosswalk([plan_of(name) for name in names], topic)


def _asked(names: list[str] | None, topic: str) -> tuple[tuple[str, ...], str | None]:
    chosen = tuple(dict.fromkeys(names or FIRST))
    if len(chosen) > MOST:
        raise InputError("p", "web.too_many_protocols", count=len(chosen), most=MOST)
    return chosen, topic.strip()[:80] or None


Protocols = Annotated[list[str] | None, Query(max_length=40)]


@router.get("/crosswalk")
def explorer(request: Request, p: Protocols = None, topic: str = "head") -> Response:
    """Show protocols side by side; a request of the page itself gets the table only."""
    language = language_of(request)
    chosen, about = _asked(p, topic)
    problem, document = "", None
    try:
        document = shown(_made(chosen, about), language)
    except InputError as error:
        if error.code != "alignment.unknown_topic":
            raise
        problem = error.line(language)
    name = "crosswalk/explorer.html"
    context = {
        "document": document,
        "problem": problem,
        "heads": listed(language),
        "chosen": chosen,
        "topic": about or "",
        "topics": TOPICS,
        "most": MOST,
    }
    if request.headers.get("hx-request"):
        name = "crosswalk/result.html"
    return page(request, name, context, headers={"vary": "hx-request"})


@router.get("/crosswalk.csv")
def table(request: Request, p: Protocols = None, topic: str = "") -> Response:
    """Return the same as a table."""
    language = language_of(request)
    chosen, about = _asked(p, topic)
    text = csv_text(_made(chosen, about), language)
    headers = {"content-disposition": 'attachment; filename="crosswalk.csv"'}
    return PlainTextResponse(text, media_type="text/csv; charset=utf-8", headers=headers)
