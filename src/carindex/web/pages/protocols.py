"""The protocol browser."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from carindex.rating.verification import LEVELS
from carindex.report.labels import label as report_label
from carindex.web.paging import paged
from carindex.web.templating import language_of, page
from carindex.web.views.protocols import difference_page, listed, protocol_page

router = APIRouter()


@router.get("/protocols")
def protocols(request: Request) -> Response:
    """Show all protocols."""
    language = language_of(request)
    levels = [(level, report_label(f"verified_{level}", language)) for level in LEVELS]
    return page(request, "protocols/list.html", {"heads": listed(language), "levels": levels})


@router.get("/protocols/{name}")
def protocol(request: Request, name: str) -> Response:
    """Show one protocol."""
    return page(request, "protocols/one.html", {"page": protocol_page(name, language_of(request))})


@router.get("/protocol-changes")
def changes(request: Request, first: str, second: str) -> Response:
    """Show what differs between two protocols."""
    language = language_of(request)
    made = difference_page(first, second, language)
    shown, pager = paged(request, made.changes, language, size=200)
    return page(request, "protocols/changes.html", {"page": made, "shown": shown, "pager": pager})
