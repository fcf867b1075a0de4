"""What every form that changes something goes through first."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Form
from starlette.requests import Request

from carindex.web import forgery
from carindex.web.faults import OldForm, Throttled
from carindex.web.site import site_of
from carindex.web.visitors import Visitor, visitor_of


def own_form(request: Request, csrf: Annotated[str, Form(max_length=200)] = "") -> None:
    """Refuse a form that does not come from a page of this site in the same visit."""
    if not forgery.is_own(request, csrf, site_of(request).key):
        raise OldForm


def signed_form(request: Request, csrf: Annotated[str, Form(max_length=200)] = "") -> Visitor:
    """Return who sends a form of this site."""
    visitor = visitor_of(request)
    own_form(request, csrf)
    return visitor


def work_of(request: Request) -> None:
    """Count a request that makes the site compute."""
    visitor = visitor_of(request)
    wait = site_of(request).throttles.work.take(visitor.person)
    if wait:
        raise Throttled(wait)


SignedIn = Annotated[Visitor, Depends(visitor_of)]
Sent = Annotated[Visitor, Depends(signed_form)]
