"""Who a request comes from: nobody in particular, a signed-in person, or the bearer of a token.

Sessions are the office's (`carindex.office.people.sessions`); here is only the cookie that carries their secret. A
cookie is never taken by the API and a token never by the pages, so that a page elsewhere cannot use either.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from carindex.office.people.sessions import SESSION, TOKEN, Bearing, borne_by, keep_alive
from carindex.office.store import Actor, Office, Role
from carindex.office.workspace.access import WORKING
from carindex.web import forgery
from carindex.web.site import Site, site_of

_COOKIE = "carindex_session"
_IN_OFFICE = frozenset({Role.EXPERT, Role.SECRETARY, Role.ADMINISTRATOR})


@dataclass(frozen=True)
class Visitor:
    """Somebody signed in."""

    bearing: Bearing

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self.bearing.actor

    @property
    def person(self) -> str:
        """Key of the person."""
        return str(self.bearing.actor.person)

    @property
    def name(self) -> str:
        """Name for people."""
        return self.bearing.actor.name

    @property
    def may_upload(self) -> bool:
        """Whether there is a workspace for them: only for what is shown, the office's functions decide."""
        return self.actor.organisation is not None and not self.actor.roles.isdisjoint(WORKING)

    @property
    def in_office(self) -> bool:
        """Whether the office's pages are for them: only for what is shown, the office's functions decide."""
        return not self.actor.roles.isdisjoint(_IN_OFFICE)


class Visitors:
    """Find out who requests come from, before anything else looks at them."""

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        self.app = app
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            request = Request(scope)
            request.state.visitor = None
            secret = request.cookies.get(cookie_name(self.site))
            if secret and not scope["path"].startswith(("/static/", "/api/")):
                request.state.visitor = await run_in_threadpool(_visitor, self.site.office, secret)
        await self.app(scope, receive, send)


def _visitor(office: Office, secret: str) -> Visitor | None:
    with office.reading() as session:
        bearing = borne_by(session, secret, office.clock())
    if bearing is None or bearing.kind != SESSION:
        return None
    keep_alive(office, bearing)
    return Visitor(bearing)


def bearing_of_token(office: Office, secret: str) -> Bearing | None:
    """Return who bears a token, ``None`` where it is none that counts."""
    with office.reading() as session:
        bearing = borne_by(session, secret, office.clock())
    return bearing if bearing is not None and bearing.kind == TOKEN else None


def cookie_name(site: Site) -> str:
    """Return the name of the session's cookie; by HTTPS one that no other site of the domain can set."""
    return f"__Host-{_COOKIE}" if site.settings.secure else _COOKIE


def visitor_of(request: Request) -> Visitor:
    """Return who is signed in.

    Raises
    ------
    HTTPException
        401, when nobody is.
    """
    found: Visitor | None = request.state.visitor
    if found is None:
        raise HTTPException(401)
    return found


def give_cookie(response: Response, site: Site, secret: str) -> None:
    """Let a browser carry a session; scripts cannot read it, other sites cannot send it."""
    name, secure = cookie_name(site), site.settings.secure
    response.set_cookie(name, secret, path="/", httponly=True, secure=secure, samesite="lax")


def take_cookie(response: Response, site: Site) -> None:
    """Let a browser forget a session."""
    response.delete_cookie(cookie_name(site), path="/", httponly=True, secure=site.settings.secure)


def give_visit(response: Response, request: Request, visit: str) -> None:
    """Let a browser carry the name of a visit, by which forms are signed."""
    secure = site_of(request).settings.secure
    response.set_cookie(forgery.COOKIE, visit, path="/", httponly=True, secure=secure, samesite="strict")
