"""The application: pages, API and what surrounds them, put together for one site."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from carindex import __version__
from carindex.messages import LANGUAGES
from carindex.office.store import Office, open_office
from carindex.web import assets
from carindex.web.api.v1 import with_api
from carindex.web.faults import with_faults
from carindex.web.headers import GreatestSize, SecurityHeaders
from carindex.web.jobs.worker import start
from carindex.web.kept_pages import KeptPages
from carindex.web.pages import about, account, cars, crosswalk, protocols, workspace
from carindex.web.pages import office as office_pages
from carindex.web.secret import site_key
from carindex.web.settings import Settings
from carindex.web.site import Site, Throttles
from carindex.web.visitors import Visitors
from carindex.web.wording import preferred

_PAGES = (cars, protocols, crosswalk, about, account, workspace, office_pages)
_log = logging.getLogger("carindex.web")


def create_app(settings: Settings, office: Office | None = None) -> FastAPI:
    """Return the application of a site.

    Parameters
    ----------
    settings
        What the site is given.
    office
        Its office, where it is open already; else the one that the settings name is opened.

    Raises
    ------
    InputError
        When the office cannot be opened or the folder cannot be written to.
    """
    opened = office if office is not None else open_office(settings.store, create=True, clock=settings.clock)
    site = Site(settings, opened, site_key(opened.files / "site"), Throttles.of(settings))

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        worker = start(settings.store) if settings.worker else None
        try:
            yield
        finally:
            if worker is not None:
                worker.terminate()
                worker.join(10)

    app = FastAPI(
        title="carindex",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=life,
        redirect_slashes=False,
    )
    app.state.site = site
    app.include_router(assets.router, include_in_schema=False)
    for language in LANGUAGES:
        pages = APIRouter(prefix=f"/{language}")
        for module in _PAGES:
            pages.include_router(module.router)
        app.include_router(pages, include_in_schema=False)
    with_api(app)
    app.add_api_route("/", _first_page, methods=["GET"], include_in_schema=False)
    with_faults(app)
    limits = settings.limits
    app.add_middleware(GreatestSize, most=limits.request, most_of={"/chunks/": limits.chunk})
    app.add_middleware(Visitors, site=site)
    app.add_middleware(KeptPages, site=site)
    app.add_middleware(SecurityHeaders, secure=settings.secure)
    return app


async def _first_page(request: Request) -> Response:
    language = preferred(request.headers.get("accept-language", ""))
    return RedirectResponse(f"/{language}/", 307, headers={"vary": "accept-language"})
