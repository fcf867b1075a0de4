"""Long jobs: done apart, cancelled, failed, begun anew when the worker was killed; nothing of it is lost."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.web.test_access import FACTS

from carindex.messages import InputError
from carindex.office.people.organisations import add_organisation
from carindex.office.people.persons import add_person
from carindex.office.store import SYSTEM, Actor, Office, Role, open_office
from carindex.office.store.transaction import actor_of
from carindex.office.workspace import jobs
from carindex.office.workspace.models import Job
from carindex.web import intake
from carindex.web.intake import Announced, Beginning
from carindex.web.jobs.kinds import checked
from carindex.web.jobs.worker import one_job, only_worker, start
from carindex.web.settings import Settings
from carindex.web.site import Site, Throttles


class Shop:
    """An office with one engineer and one upload."""

    def __init__(self, folder: Path) -> None:
        self.store = str(folder)
        self.office: Office = open_office(folder, create=True)
        with self.office.change(SYSTEM) as change:
            home = add_organisation(change, {"en": "Maker A"}, "maker", example=True).key
            self.person = add_person(
                change, "Engineer A", login="a", organisation=home, roles=(Role.ENGINEER,)
            ).key
        with self.office.reading() as session:
            self.actor: Actor = actor_of(session, self.person)
        settings = Settings(self.store)
        site = Site(settings, self.office, b"", Throttles.of(settings))
        key = intake.begin(site, self.actor, Beginning([Announced("facts.csv", len(FACTS))])).key
        intake.add(site, self.actor, key, 0, 0, FACTS)
        self.upload = intake.complete(site, self.actor, key).key

    def ask(self, kind: str = "ratings", **settings: object) -> str:
        with self.office.change(self.person) as change:
            return jobs.ask(change, kind, self.upload, checked(kind, settings)).key

    def state(self, key: str) -> str:
        with self.office.reading() as session:
            return session.get_one(Job, key).state

    def until(self, key: str, *states: str, seconds: float = 60.0) -> str:
        end = time.monotonic() + seconds
        while self.state(key) not in states:
            assert time.monotonic() < end, self.state(key)
            time.sleep(0.05)
        return self.state(key)

    def cancel(self, key: str) -> None:
        with self.office.change(self.person) as change:
            jobs.cancel(change, key)


@pytest.fixture
def shop(tmp_path: Path):
    made = Shop(tmp_path / "office")
    yield made
    made.office.close()


def refused(code: str) -> Callable[[BaseException], bool]:
    return lambda error: isinstance(error, InputError) and error.code == code


def test_done_and_refused(shop: Shop):
    first, third = shop.ask(), shop.ask()
    shop.cancel(third)
    assert one_job(shop.office, shop.store, 0.05)
    assert shop.state(first) == "done"
    with shop.office.reading() as session:
        result = jobs.result_of(session, shop.actor, first)
    assert {one["protocol"] for one in result["zh"]} == {one["protocol"] for one in result["en"]}
    assert shop.office.files.as_posix() not in str(result)
    assert not one_job(shop.office, shop.store, 0.05)
    assert shop.state(third) == "cancelled"
    with pytest.raises(InputError, check=refused("office/workspace.job_ended")):
        shop.cancel(first)
    with (
        shop.office.reading() as session,
        pytest.raises(InputError, check=refused("office/workspace.job_not_done")),
    ):
        jobs.result_of(session, shop.actor, third)


def test_what_cannot_be_done_says_why(shop: Shop):
    key = shop.ask("robustness", protocol="no-such-protocol", samples=100)
    assert one_job(shop.office, shop.store, 0.05)
    assert shop.state(key) == "failed"
    with shop.office.reading() as session:
        assert session.get_one(Job, key).finding["code"] == "web.no_such_protocol"
    for kind, settings in (
        ("nothing", {}),
        ("robustness", {}),
        ("robustness", {"protocol": "x", "samples": 1}),
        ("ratings", {"more": 1}),
    ):
        with pytest.raises(InputError):
            shop.ask(kind, **settings)


def test_cancelled_while_it_runs(shop: Shop):
    key = shop.ask()
    worker = threading.Thread(target=one_job, args=(shop.office, shop.store, 0.05))
    worker.start()
    shop.until(key, "running")
    shop.cancel(key)
    worker.join(20)
    assert not worker.is_alive()
    assert shop.state(key) == "cancelled"
    with shop.office.reading() as session:
        assert session.get_one(Job, key).result is None


def test_one_worker_only(shop: Shop):
    with only_worker(shop.office) as first:
        assert first
        with only_worker(shop.office) as second:
            assert not second
    with only_worker(shop.office) as again:
        assert again


def test_begun_anew_after_the_worker_was_killed(shop: Shop):
    key = shop.ask()
    worker = start(shop.store)
    try:
        shop.until(key, "running", "done")
        os.kill(worker.pid, signal.SIGKILL)
        worker.join(10)
        assert shop.state(key) in ("running", "done")
        worker = start(shop.store)
        assert shop.until(key, "done", "failed") == "done"
    finally:
        worker.terminate()
        worker.join(10)


def test_given_up_after_some_tries(shop: Shop):
    key = shop.ask()
    for number in range(1, jobs.MOST_TRIES + 1):
        with shop.office.change(SYSTEM) as change:
            begun = jobs.begin_next(change)
            assert begun is not None
            assert begun.tries == number
        with shop.office.change(SYSTEM) as change:
            assert jobs.take_up_again(change) == 1
    assert shop.state(key) == "failed"
    with shop.office.change(SYSTEM) as change:
        assert jobs.begin_next(change) is None


def test_so_many_jobs_and_no_more(shop: Shop):
    for _ in range(jobs.MOST_WAITING):
        shop.ask()
    with pytest.raises(InputError, check=refused("office/workspace.too_many_jobs")):
        shop.ask()
