"""A running site: its settings, its office, what it keeps in memory; requests find it at ``app.state.site``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request

from carindex.web.settings import Settings
from carindex.web.throttle import Throttle

if TYPE_CHECKING:
    from carindex.office.store import Office


@dataclass(frozen=True)
class Throttles:
    """What is counted, in memory: a site that starts anew counts from nothing."""

    api: Throttle
    api_signed_in: Throttle
    work: Throttle

    @classmethod
    def of(cls, settings: Settings) -> Throttles:
        """Return counters of a site, all at nothing."""
        rates = settings.rates
        return cls(
            Throttle(*rates.api),
            Throttle(*rates.api_signed_in),
            Throttle(*rates.work),
        )


@dataclass(frozen=True)
class Site:
    """What requests share. ``key`` is the secret that forms are signed with; it is never shown nor logged."""

    settings: Settings
    office: Office
    key: bytes = field(repr=False)
    throttles: Throttles


def site_of(request: Request) -> Site:
    """Return the site that a request came to."""
    site: Site = request.app.state.site
    return site


def address_of(request: Request) -> str:
    """Return the address that a request came from."""
    return request.client.host if request.client is not None else "-"
