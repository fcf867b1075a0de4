"""The API put together, and its description (OpenAPI)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response

from carindex import __version__
from carindex.web.api import jobs, own, public, results
from carindex.web.api.answers import json_answer

PREFIX = "/api/v1"
_PARTS = (public, results, own, jobs)

router = APIRouter(prefix=PREFIX)
for _part in _PARTS:
    router.include_router(_part.router)


def description(app: FastAPI) -> dict[str, Any]:
    """Return the description of the API."""
    found = get_openapi(
        title="carindex",
        version=__version__,
        description="The JSON of the command line, over HTTP.",
        routes=app.routes,
    )
    found["paths"] = {path: entry for path, entry in found["paths"].items() if path.startswith(PREFIX)}
    for entry in found["paths"].values():
        for operation in entry.values():
            # what is not understood is answered as every other problem
            operation.get("responses", {}).get("422", {}).get("content", {}).pop("application/json", None)
    found.get("components", {}).pop("schemas", None)
    return found


def with_api(app: FastAPI) -> None:
    """Put the API into an application."""
    app.include_router(router)
    kept: dict[str, Any] = {}

    def openapi(request: Request) -> Response:
        if not kept:
            kept.update(description(app))
        return json_answer(request, kept, public=True)

    app.add_api_route(f"{PREFIX}/openapi.json", openapi, methods=["GET"], include_in_schema=False)
