"""What the site says of itself: how cars are tested, and what the API offers."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from carindex.web.api.v1 import PREFIX, description
from carindex.web.templating import page

router = APIRouter()

SECTIONS = (
    "chosen",
    "bought",
    "tested",
    "rated",
    "missing",
    "reviewed",
    "published",
    "corrected",
    "rules",
    "check",
)


@router.get("/how-we-test")
def how_we_test(request: Request) -> Response:
    """Say how cars are chosen, tested, rated, reviewed and published."""
    return page(request, "about/how.html", {"sections": SECTIONS})


@router.get("/api")
def api(request: Request) -> Response:
    """Show what the API offers, from its description."""
    found = description(request.app)
    operations = [
        (method.upper(), path, entry[method].get("summary", ""), entry[method].get("description", ""))
        for path, entry in found["paths"].items()
        for method in entry
    ]
    return page(request, "about/api.html", {"operations": operations, "prefix": PREFIX})
