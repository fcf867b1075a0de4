"""Protection against requests that another site makes a browser send: a secret of the visit in every form.

A visit is named by a random cookie; its secret is a keyed digest of that name, so that nothing is stored. A form sends
it back as ``csrf``, a script as the header ``X-CSRF-Token``. Browsers also say where a request comes from
(``Sec-Fetch-Site``, ``Origin``): what comes from elsewhere is refused whatever it carries.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from starlette.requests import Request

COOKIE = "carindex_visit"
FIELD, HEADER = "csrf", "x-csrf-token"


def new_visit() -> str:
    """Return a name for a new visit."""
    return secrets.token_urlsafe(24)


def secret_of(visit: str, key: bytes) -> str:
    """Return the secret that forms of a visit carry."""
    return hmac.new(key, f"form:{visit}".encode(), hashlib.sha256).hexdigest()


def is_own(request: Request, sent: str, key: bytes) -> bool:
    """Whether a request that changes something comes from a page of this site in the same visit."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        return False
    visit = request.cookies.get(COOKIE, "")
    sent = sent or request.headers.get(HEADER, "")
    return bool(visit) and hmac.compare_digest(sent.encode(), secret_of(visit, key).encode())
