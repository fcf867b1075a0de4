"""Kept public pages: made once, made anew when something is published, never for somebody who is signed in."""

import asyncio
import gzip

import pytest

from carindex.web import kept_pages
from carindex.web.kept_pages import KeptPages
from carindex.web.settings import Rates, Settings
from carindex.web.site import Site, Throttles

BODY = b"<p>" + b"public " * 300 + b"</p>"


class Made:
    """A site whose answers are counted; ``record`` is the last record of its log."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, status: int = 200, cookie: bool = False) -> None:
        self.calls, self.record, self.now = 0, 1, 100.0
        monkeypatch.setattr(kept_pages, "_latest", lambda _: self.record)
        monkeypatch.setattr(kept_pages, "monotonic", lambda: self.now)
        settings = Settings(rates=Rates(api=(3, 1000.0)))
        self.site = Site(settings, None, b"", Throttles.of(settings))

        async def app(scope, receive, send) -> None:
            self.calls += 1
            headers = [(b"content-type", b"text/html"), (b"content-length", str(len(BODY)).encode())]
            if cookie:
                headers.append((b"set-cookie", b"x=y"))
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": BODY + str(self.calls).encode()})

        self.kept = KeptPages(app, site=self.site)

    def get(self, path: str = "/en/cars", query: bytes = b"", **headers: str) -> tuple[int, dict, bytes]:
        sent = []
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": query,
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
        }

        async def send(message) -> None:
            sent.append(message)

        asyncio.run(self.kept(scope, None, send))
        body = b"".join(message.get("body", b"") for message in sent[1:])
        said = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        if said.get("content-encoding") == "gzip":
            assert int(said["content-length"]) == len(body)
            body = gzip.decompress(body)
        return sent[0]["status"], said, body


def test_made_once_until_something_is_published(monkeypatch):
    site = Made(monkeypatch)
    first = site.get()
    assert site.get() == first
    assert site.get(accept_encoding="gzip")[2] == first[2]
    assert site.get(if_none_match=first[1]["etag"])[0] == 304
    assert site.calls == 1
    site.record += 1
    assert site.get()[2] == first[2]  # looked at a moment ago
    site.now += 0.6
    assert site.get()[2].endswith(b"2")
    assert site.get(if_none_match=first[1]["etag"])[0] == 200


def test_what_differs_is_kept_apart(monkeypatch):
    site = Made(monkeypatch)
    asked = [
        {"path": "/en/cars"},
        {"path": "/zh/cars"},
        {"query": b"q=x"},
        {"hx_request": "true"},
        {"path": "/api/v1/results", "accept_language": "en"},
        {"path": "/api/v1/results", "accept_language": "zh"},
    ]
    bodies = [site.get(**one)[2] for one in asked]
    assert len(set(bodies)) == len(asked)
    assert [site.get(**one)[2] for one in asked[:4]] == bodies[:4]


@pytest.mark.parametrize(
    "asked",
    [
        {"cookie": "carindex_session=abc"},
        {"authorization": "Bearer x"},
        {"path": "/en/workspace"},
        {"path": "/en/office"},
        {"path": "/en/sign-in"},
        {"path": "/en/account"},
        {"path": "/api/v1/uploads"},
        {"path": "/api/v1/jobs"},
        {"path": "/static/x"},
    ],
)
def test_what_is_somebodys_own_is_never_kept(monkeypatch, asked):
    site = Made(monkeypatch)
    kept = site.get()[2]
    answers = {site.get(**asked)[2] for _ in range(2)}
    assert len(answers) == 2
    assert kept not in answers
    assert site.get()[2] == kept


@pytest.mark.parametrize("what", [{"status": 404}, {"status": 500}, {"cookie": True}])
def test_what_may_not_be_kept(monkeypatch, what):
    site = Made(monkeypatch, **what)
    assert site.get()[2] != site.get()[2]


def test_what_is_kept_counts_as_asked(monkeypatch):
    site = Made(monkeypatch)
    assert len({site.get("/api/v1/results")[2] for _ in range(3)}) == 1
    assert site.site.throttles.api.left("127.0.0.1") == 0
    site.get("/api/v1/results")
    assert site.calls == 2  # handed on, to be refused


def test_no_more_than_there_is_room(monkeypatch):
    monkeypatch.setattr(kept_pages, "_BYTES", 3 * len(BODY))
    site = Made(monkeypatch)
    for number in range(6):
        site.get(query=str(number).encode())
    assert site.kept._bytes <= 3 * len(BODY)
    site.get(query=b"5")
    assert site.calls == 6
    site.get(query=b"0")
    assert site.calls == 7
