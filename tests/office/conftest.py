"""Offices for tests: on SQLite always, on PostgreSQL where its server programs are found; a clock that tests set."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

import pytest
from argon2 import PasswordHasher
from sqlalchemy import create_engine
from tests.office.postgresql import cluster, server_programs

from carindex.office.people import accounts
from carindex.office.store import SYSTEM, Office, Person, Role, open_office, opening
from carindex.office.store.people import RoleHeld


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a running cluster, with a place for the name of a database; a template is made once."""
    programs = server_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    with cluster(programs) as address:
        _sql(address, "CREATE DATABASE template_office")
        open_office(address.format(name="template_office"), create=True).close()
        yield address


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("office")
    open_office(folder, create=True).close()
    return folder / "office.sqlite"


def _sql(address: str, command: str) -> None:
    url = address.format(name="postgres").replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(command)
    engine.dispose()


_names = count(1)


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """What is tested survives a killed process, not a loss of power: the disk need not be waited for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "_SYNCHRONOUS", "OFF")
        yield


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with its least memory and time: what is tested is what is done with the hashes."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(accounts, "_hasher", lambda: hasher)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a new office with nothing in it, on each database."""
    if request.param == "sqlite":
        (tmp_path / "office").mkdir()
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "office" / "office.sqlite")
        return str(tmp_path / "office")
    base = request.getfixturevalue("postgresql")
    monkeypatch.setenv("CARINDEX_OFFICE_FILES", str(tmp_path / "files"))
    name = f"office_{next(_names)}"
    _sql(base, f"CREATE DATABASE {name} TEMPLATE template_office")
    return base.format(name=name)


@pytest.fixture
def office(address: str, clock: SetClock) -> Iterator[Office]:
    """A new office on each database, whose clock stands."""
    opened = open_office(address, clock=clock, chance=Random(1).getrandbits)
    yield opened
    opened.close()


@pytest.fixture
def lite(tmp_path: Path, clock: SetClock, sqlite_template: Path) -> Iterator[Office]:
    """A new office on SQLite only, for what does not depend on the database."""
    (tmp_path / "office").mkdir()
    shutil.copy(sqlite_template, tmp_path / "office" / "office.sqlite")
    opened = open_office(tmp_path / "office", clock=clock, chance=Random(1).getrandbits)
    yield opened
    opened.close()


NewPerson = Callable[..., str]


def person_in(office: Office, name: str, *roles: Role, organisation: str | None = None) -> str:
    """Put a person with roles into an office; returns the key."""
    with office.change(SYSTEM) as change:
        person = change.add(Person(name=name, organisation=organisation))
        for role in roles:
            change.add(RoleHeld(person=person.key, role=role))
        change.record("test.person", person)
    return person.key
