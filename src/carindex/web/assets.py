"""Style, script and pictures of the site, read once; browsers keep them until their address changes."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

router = APIRouter()

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True)
class Asset:
    """A file as it is sent."""

    content: bytes
    packed: bytes
    type: str
    etag: str


@cache
def assets() -> dict[str, Asset]:
    """Return all files by name."""
    web = files("carindex.web") / "static"
    found = [(item.name, item) for item in web.iterdir() if item.is_file()]
    found += [(f"vendor/{item.name}", item) for item in (web / "vendor").iterdir()]
    found.append(("report.css", files("carindex.report") / "templates" / "report.css"))
    made = {}
    for name, item in found:
        kind = _TYPES.get(name[name.rfind(".") :])
        if kind is not None:
            content = item.read_bytes()
            etag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
            made[name] = Asset(content, gzip.compress(content, 9, mtime=0), kind, etag)
    return made


@router.get("/static/{name:path}")
async def asset(request: Request, name: str) -> Response:
    """Return a file."""
    found = assets().get(name)
    if found is None:
        raise HTTPException(404)
    kept = "public, max-age=31536000, immutable" if request.url.query else "public, max-age=300"
    headers = {"etag": found.etag, "cache-control": kept, "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, headers={**headers, "content-encoding": "gzip"}, media_type=found.type)
    return Response(found.content, headers=headers, media_type=found.type)
