"""Who may use the API for what: tokens with scopes, and how often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.requests import Request

from carindex.office.people.sessions import Bearing
from carindex.office.store import Actor
from carindex.web.faults import Throttled
from carindex.web.site import address_of, site_of
from carindex.web.visitors import bearing_of_token

_scheme = HTTPBearer(auto_error=False, scheme_name="token", description="A token made under “account”.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)]
_UNKNOWN = {"www-authenticate": 'Bearer realm="carindex"'}


def bearer_of(request: Request, credentials: Credentials) -> Bearing | None:
    """Return who bears the token of a request, ``None`` where it has none; every request is counted.

    Raises
    ------
    HTTPException
        401, when the token is none that counts; 429, when there were too many requests.
    """
    site = site_of(request)
    throttle, key = site.throttles.api, address_of(request)
    wait = 0.0 if getattr(request.state, "counted", False) else throttle.take(key)
    if wait:
        raise Throttled(wait)
    if credentials is None:
        if "authorization" in request.headers:
            raise HTTPException(401, headers=_UNKNOWN)
        return None
    bearing = bearing_of_token(site.office, credentials.credentials)
    if bearing is None:
        raise HTTPException(401, headers=_UNKNOWN)
    wait = site.throttles.api_signed_in.take(bearing.key)
    if wait:
        raise Throttled(wait)
    return bearing


def scoped(scope: str) -> Callable[[Request, Bearing | None], Actor]:
    """Return a dependency: whoever has a token with a scope."""

    def actor_with(request: Request, bearing: Annotated[Bearing | None, Depends(bearer_of)]) -> Actor:
        if bearing is None:
            raise HTTPException(401, headers=_UNKNOWN)
        if scope not in bearing.scopes:
            raise HTTPException(
                403, headers={"www-authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
            )
        if scope == "rate":
            wait = site_of(request).throttles.work.take(str(bearing.actor.person))
            if wait:
                raise Throttled(wait)
        return bearing.actor

    return actor_with


Counted = Depends(bearer_of)
Reader = Annotated[Actor, Depends(scoped("read"))]
Rater = Annotated[Actor, Depends(scoped("rate"))]
