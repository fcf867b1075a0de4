"""Public pages kept as they were answered, until something is published: what many ask for is made once.

Kept are answers to people who are not signed in, of pages that hold nothing of the visitor. They hold as long as the
last record of the log of publications is the same; that is looked at twice a second at most.
"""

from __future__ import annotations

import gzip
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from time import monotonic

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from carindex.office.publication.catalogue import latest_record
from carindex.office.store import Office
from carindex.web.site import Site
from carindex.web.visitors import cookie_name

_PAGES = (
    "",
    "cars",
    "compare",
    "protocols",
    "protocol-changes",
    "crosswalk",
    "crosswalk.csv",
    "how-we-test",
    "api",
)
_API = ("protocols", "results", "crosswalk", "log", "openapi.json")
_LOOKED = 0.5
_BYTES = 96 * 1024**2
_LARGEST = 4 * 1024**2
_PACKED_FROM = 1024
_LEFT_OUT = frozenset({b"content-length", b"set-cookie"})


@dataclass(frozen=True)
class _Answer:
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    packed: bytes | None
    etag: bytes

    @property
    def size(self) -> int:
        return len(self.body) + len(self.packed or b"")


class KeptPages:
    """Answer from what is kept; keep what may be kept."""

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        self.app = app
        self.site = site
        self._kept: OrderedDict[tuple[object, ...], _Answer] = OrderedDict()
        self._bytes = 0
        self._record, self._looked = -1, -1.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        key = self._key(scope)
        if key is None:
            await self.app(scope, receive, send)
            return
        await self._look()
        if scope["path"].startswith("/api/") and not self._counted(scope):
            await self.app(scope, receive, send)  # which says that there were too many
            return
        known = self._kept.get(key)
        if known is None:
            known = await self._asked(scope, receive, send)
            if known is None:
                return
            self._keep(key, known)
        else:
            self._kept.move_to_end(key)
        await _send(known, Headers(scope=scope), send)

    def _key(self, scope: Scope) -> tuple[object, ...] | None:
        """Return what tells an answer from others, ``None`` where it is not kept."""
        if scope["type"] != "http" or scope["method"] != "GET":
            return None
        path: str = scope["path"]
        first, _, rest = path.lstrip("/").partition("/")
        part = rest.partition("/")[0] if first != "api" else rest.removeprefix("v1/").partition("/")[0]
        if part not in (_API if first == "api" else _PAGES if first in ("en", "zh") else ()):
            return None
        headers = Headers(scope=scope)
        if "authorization" in headers or cookie_name(self.site) in headers.get("cookie", ""):
            return None
        language = headers.get("accept-language", "")[:80] if first == "api" else ""
        return path, scope["query_string"], headers.get("hx-request"), language

    def _counted(self, scope: Scope) -> bool:
        throttle = self.site.throttles.api
        address = scope["client"][0] if scope.get("client") else "-"
        if throttle.left(address) <= 0:
            return False
        scope.setdefault("state", {})["counted"] = True
        throttle.count(address)
        return True

    async def _look(self) -> None:
        now = monotonic()
        if now - self._looked < _LOOKED:
            return
        self._looked = now
        record = await run_in_threadpool(_latest, self.site.office)
        if record != self._record:
            self._record = record
            self._kept.clear()
            self._bytes = 0

    async def _asked(self, scope: Scope, receive: Receive, send: Send) -> _Answer | None:
        """Ask the application; what cannot be kept is sent on at once, and nothing returned."""
        start: Message | None = None
        body = bytearray()
        sent = False

        async def watched(message: Message) -> None:
            nonlocal start, sent
            if sent:
                await send(message)
            elif message["type"] == "http.response.start":
                start = message
                names = {name for name, _ in message["headers"]}
                if message["status"] != 200 or b"set-cookie" in names:
                    sent = True
                    await send(message)
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))

        headers = [
            entry for entry in scope["headers"] if entry[0] not in (b"if-none-match", b"accept-encoding")
        ]
        await self.app({**scope, "headers": headers}, receive, watched)
        if sent or start is None:
            return None
        content = bytes(body)
        given = tuple((name, value) for name, value in start["headers"] if name not in _LEFT_OUT)
        said = dict(given)
        etag = said.get(b"etag") or b'"' + hashlib.sha256(content).hexdigest()[:32].encode() + b'"'
        rest = tuple(entry for entry in given if entry[0] not in (b"etag", b"cache-control", b"vary"))
        vary = said.get(b"vary", b"")
        more = (
            (b"etag", etag),
            (b"cache-control", said.get(b"cache-control", b"no-cache")),
            (b"vary", b"accept-encoding, cookie" + (b", " + vary if vary else b"")),
        )
        packed = gzip.compress(content, 6, mtime=0) if len(content) > _PACKED_FROM else None
        return _Answer(rest + more, content, packed, etag)

    def _keep(self, key: tuple[object, ...], answer: _Answer) -> None:
        if answer.size > _LARGEST:
            return
        self._kept[key] = answer
        self._bytes += answer.size
        while self._bytes > _BYTES:
            _, old = self._kept.popitem(last=False)
            self._bytes -= old.size


def _latest(office: Office) -> int:
    with office.reading() as session:
        return latest_record(session)


async def _send(answer: _Answer, asked: Headers, send: Send) -> None:
    wanted = asked.get("if-none-match", "")
    if wanted == "*" or answer.etag.decode() in (
        part.strip().removeprefix("W/") for part in wanted.split(",")
    ):
        headers = [entry for entry in answer.headers if entry[0] != b"content-type"]
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    packed = answer.packed if "gzip" in asked.get("accept-encoding", "") else None
    body = answer.body if packed is None else packed
    headers = [*answer.headers, (b"content-length", str(len(body)).encode())]
    if packed is not None:
        headers.append((b"content-encoding", b"gzip"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
