"""A running site on the loopback, with a small office; clients of each person; browsers where Chromium is installed."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from tests.web.seeded import PASSWORD, Seeded, seed

from carindex.web.app import create_app
from carindex.web.settings import Limits, Rates, Settings

MIB = 1024**2
LIMITS = Limits(
    request=MIB, chunk=2 * MIB, upload=24 * MIB, unpacked=40 * MIB, members=400, ratio=60.0, kept=120 * MIB
)
RATES = Rates(api=(100_000, 60.0), api_signed_in=(100_000, 60.0), work=(100_000, 60.0))


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port of the loopback."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", access_log=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    made = seed(tmp_path_factory.mktemp("web"))
    yield made
    made.office.close()


@pytest.fixture(scope="session")
def site(seeded: Seeded) -> Iterator[str]:
    """Address of the running site."""
    settings = Settings(worker=False, limits=LIMITS, rates=RATES, clock=seeded.clock)
    with running(create_app(settings, seeded.office)) as address:
        yield address


class Client(httpx.Client):
    """A browser without a window: carries cookies, knows the secret of its forms."""

    secret = ""

    def form(self, path: str, data: dict[str, str] | None = None, **options) -> httpx.Response:
        return self.post(path, data={"csrf": self.secret, **(data or {})}, **options)

    def sign_in(self, login: str, password: str = PASSWORD) -> httpx.Response:
        self.learn("/en/sign-in")
        answer = self.form("/en/sign-in", {"login": login, "password": password})
        if answer.status_code == 303:
            self.learn("/en/account")
        return answer

    def learn(self, path: str) -> None:
        found = re.search(r'name="csrf" value="(\w+)"', self.get(path).text)
        assert found is not None
        self.secret = found[1]


NewClient = Callable[..., Client]


@pytest.fixture(scope="session")
def client(site: str) -> Iterator[NewClient]:
    """Make a client, of somebody signed in or of nobody; one a person for the whole session."""
    made: dict[str, Client] = {}

    def new(login: str = "") -> Client:
        if login not in made:
            made[login] = Client(base_url=site, timeout=60)
            if login:
                assert made[login].sign_in(login).status_code == 303
        return made[login]

    yield new
    for one in made.values():
        one.close()


def token_of(client: Client, *scopes: str) -> dict[str, str]:
    """Make a token for the API; returns the header that carries it."""
    answer = client.post(
        "/en/account/tokens",
        data={"csrf": client.secret, "note": "test", "days": "30", "scopes": list(scopes)},
    )
    found = re.search(r'id="secret">([^<]+)<', answer.text)
    assert found is not None, answer.text
    return {"authorization": f"Bearer {found[1]}"}


CHROMIUM = Path("/usr/bin/chromium")
