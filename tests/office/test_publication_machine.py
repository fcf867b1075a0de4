"""Any order of steps on batches, results and appeals against a slow reference; and a process killed while it publishes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select
from tests.office.conftest import SetClock
from tests.office.test_publication import NAME, WHY, Desk, desk_in

from carindex.messages import InputError
from carindex.office.publication import appeals
from carindex.office.publication.batches import (
    abandon,
    add_result,
    new_batch,
    release,
    remove_result,
    seal,
    unseal,
)
from carindex.office.publication.models import Batch, LogRecord, Result, ResultVersion
from carindex.office.publication.results import correct, public_results, republish, withdraw
from carindex.office.publication.verification import verify_office
from carindex.office.store import open_office

_TEMPLATE: list[tempfile.TemporaryDirectory[str]] = []  # removed when the tests end


def _template() -> Path:
    if not _TEMPLATE:
        _TEMPLATE.append(tempfile.TemporaryDirectory(prefix="carindex-machine-"))
        open_office(_TEMPLATE[0].name, create=True).close()
    return Path(_TEMPLATE[0].name)


class Publication(RuleBasedStateMachine):
    """The office beside plain dictionaries that say what must be so.

    The reference keeps words only: a batch is open, closed (with its day) or over; a result is in, out, shown or hidden.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="carindex-machine-"))
        shutil.copytree(_template(), self.folder / "office")
        self.clock = SetClock()
        self.office = open_office(self.folder / "office", clock=self.clock, chance=Random(1).getrandbits)
        self.batches: dict[str, list] = {}  # key: [word, day of release, results]
        self.results: dict[str, list] = {}  # key: [word, versions, published on, batch]
        self.complaints: dict[str, list] = {}  # key: [word, result]
        self.sources = 0
        self.records = 1

    @initialize()
    def start(self) -> None:
        self.desk = desk_in(self.office)

    def teardown(self) -> None:
        self.office.close()
        shutil.rmtree(self.folder)

    def attempt(self, allowed: bool, function, *args, by: str | None = None):
        try:
            made = self.desk.do(function, *args, by=by)
        except InputError:
            assert not allowed, (function.__name__, args)
            return None
        assert allowed, (function.__name__, args)
        return made

    def pick(self, some: dict, number: int) -> str:
        return list(some)[number % len(some)]

    def held(self, batch: str) -> bool:
        return any(
            word in ("filed", "heard", "won") and self.results[r][3] == batch
            for word, r in self.complaints.values()
        )

    @rule()
    def make(self) -> None:
        if len(self.batches) < 6:
            self.batches[self.desk.do(new_batch, NAME).key] = ["open", None]

    @rule(count=st.integers(1, 2))
    def furnish(self, count: int) -> None:
        """A sealed batch at once, so that what comes after is met often."""
        if len(self.batches) < 5:
            self.make()
            n = len(self.batches) - 1
            if self.batches[self.pick(self.batches, n)][0] == "open":
                for _ in range(count):
                    self.add(n, 1)
                self.close(n, 7)

    @rule(days=st.integers(1, 12))
    def wait(self, days: int) -> None:
        self.clock.forward(days=days)

    @precondition(lambda self: self.batches)
    @rule(n=st.integers(0, 9), approved=st.integers(0, 5))
    def add(self, n: int, approved: int) -> None:
        batch, self.sources = self.pick(self.batches, n), self.sources + 1
        found = self.desk.found(f"s{self.sources}", approved=approved > 0)
        made = self.attempt(self.batches[batch][0] == "open" and approved > 0, add_result, batch, found)
        if made is not None:
            self.results[made.key] = ["in", 0, None, batch]

    @precondition(lambda self: self.results)
    @rule(n=st.integers(0, 9))
    def take_out(self, n: int) -> None:
        key = self.pick(self.results, n)
        word, _, _, batch = self.results[key]
        if self.attempt(word == "in" and self.batches[batch][0] == "open", remove_result, key, "why") or (
            word == "in" and self.batches[batch][0] == "open"
        ):
            self.results[key][0] = "out"

    @precondition(lambda self: self.batches)
    @rule(n=st.integers(0, 9), days=st.integers(5, 9))
    def close(self, n: int, days: int) -> None:
        batch = self.pick(self.batches, n)
        filled = any(word == "in" and own == batch for word, _, _, own in self.results.values())
        day = self.clock.now + timedelta(days=days)
        if self.attempt(self.batches[batch][0] == "open" and filled and days >= 7, seal, batch, day):
            self.batches[batch][:] = ["closed", day]

    @precondition(lambda self: self.batches)
    @rule(n=st.integers(0, 9))
    def reopen(self, n: int) -> None:
        batch = self.pick(self.batches, n)
        if self.attempt(self.batches[batch][0] == "closed", unseal, batch, "why"):
            self.batches[batch][:] = ["open", None]

    @precondition(lambda self: self.batches)
    @rule(n=st.integers(0, 9))
    def give_up(self, n: int) -> None:
        batch = self.pick(self.batches, n)
        if self.attempt(self.batches[batch][0] in ("open", "closed"), abandon, batch, "why"):
            self.batches[batch][:] = ["over", None]
            for one in self.results.values():
                if one[3] == batch:
                    one[0] = "out"

    @precondition(lambda self: self.batches)
    @rule(n=st.integers(0, 9))
    def publish(self, n: int) -> None:
        batch = self.pick(self.batches, n)
        word, day = self.batches[batch]
        allowed = word == "closed" and self.clock.now >= day and not self.held(batch)
        if self.attempt(allowed, release, batch):
            self.batches[batch][:] = ["over", None]
            self.records += 1
            for one in self.results.values():
                if one[3] == batch and one[0] == "in":
                    one[:3] = ["shown", 1, self.clock.now]
                    self.records += 1

    def again(self, n: int, word: str, after: str, function, *more) -> None:
        key = self.pick(self.results, n)
        if self.attempt(self.results[key][0] == word, function, key, *more, WHY):
            self.results[key][0] = after
            self.results[key][1] += 1
            self.results[key][2] = self.clock.now
            self.records += 1

    @precondition(lambda self: self.results)
    @rule(n=st.integers(0, 9))
    def put_right(self, n: int) -> None:
        self.sources += 1
        self.again(n, "shown", "shown", correct, self.desk.found(f"s{self.sources}"))

    @precondition(lambda self: self.results)
    @rule(n=st.integers(0, 9))
    def hide(self, n: int) -> None:
        self.again(n, "shown", "hidden", withdraw)

    @precondition(lambda self: self.results)
    @rule(n=st.integers(0, 9))
    def show_again(self, n: int) -> None:
        self.sources += 1
        self.again(n, "hidden", "shown", republish, self.desk.found(f"s{self.sources}"))

    @precondition(lambda self: self.results)
    @rule(n=st.integers(0, 9))
    def complain(self, n: int) -> None:
        key = self.pick(self.results, n)
        word, _, day, batch = self.results[key]
        seen = word in ("shown", "hidden") or (word == "in" and self.batches[batch][0] == "closed")
        free = not any(w in ("filed", "heard", "won") and r == key for w, r in self.complaints.values())
        in_time = day is None or self.clock.now - day <= timedelta(days=20)
        made = self.attempt(seen and free and in_time, appeals.file, key, "why", by=self.desk.engineer)
        if made is not None:
            self.complaints[made.key] = ["filed", key]

    @precondition(lambda self: any(word == "closed" for word, _ in self.batches.values()))
    @rule()
    def complain_on_the_eve(self) -> None:
        """An appeal against a sealed batch, then its day: what is held is met often."""
        batch = next(key for key, (word, _) in self.batches.items() if word == "closed")
        results = [key for key, one in self.results.items() if one[3] == batch and one[0] == "in"]
        self.complain(list(self.results).index(results[0]))
        self.clock.now = max(self.clock.now, self.batches[batch][1])
        self.publish(list(self.batches).index(batch))

    @precondition(lambda self: self.complaints)
    @rule(n=st.integers(0, 9), step=st.sampled_from(["admit", "refuse", "for", "against", "back"]))
    def answer(self, n: int, step: str) -> None:
        key = self.pick(self.complaints, n)
        word = self.complaints[key][0]
        two = self.desk.experts[:2]
        steps = {
            "admit": ("filed", "heard", appeals.admit, ()),
            "refuse": ("filed", "over", appeals.refuse, ("why",)),
            "for": ("heard", "won", appeals.decide, ("why", two, "withdrawal")),
            "against": ("heard", "over", appeals.decide, ("why", two)),
            "back": (("filed", "heard"), "over", appeals.take_back, ()),
        }
        before, after, function, more = steps[step]
        by = self.desk.engineer if step == "back" else None
        if self.attempt(word in before, function, key, *more, by=by):
            self.complaints[key][0] = after

    @invariant()
    def the_public_sees_what_it_may(self) -> None:
        with self.office.reading() as session:
            shown = {one.key: (one.state, one.version) for one in public_results(session)}
            states = {"shown": "published", "hidden": "withdrawn"}
            expected = {k: (states[r[0]], r[1]) for k, r in self.results.items() if r[0] in states}
            assert shown == expected
            if self.records % 3 == 0:
                found = verify_office(session, "office")
                assert found.whole
                assert found.records == self.records


Publication.TestCase.settings = settings(
    max_examples=12, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestPublicationMachine = Publication.TestCase


# --- a process that is killed ----------------------------------------------------------------------------------------

_WORK = """
import json, sys, os
from datetime import UTC, datetime, timedelta
from carindex.office.store import open_office, SYSTEM
from carindex.office.publication.batches import *
from carindex.office.publication.results import correct

desk = json.loads(sys.argv[1])
moment = [datetime.fromisoformat(desk["now"])]
office = open_office(desk["folder"], clock=lambda: moment[0])
said = open(desk["said"], "a")

def done(*words):
    said.write(json.dumps(words) + "\\n")
    said.flush()
    os.fsync(said.fileno())

number = desk["first"]
while True:
    number += 1
    document = {"car": {"name": f"Example {number}"}, "pad": "x" * 20000}
    with office.change(desk["secretary"]) as change:          # import
        batch = new_batch(change, {"en": "B", "zh": "B"}).key
        keys = [add_result(change, batch, Publishable(f"s{number}-{i}", desk["maker"], {**document, "i": i}, True)).key
                for i in range(3)]
    done("imported", batch, *keys)
    with office.change(desk["secretary"]) as change:
        seal(change, batch, change.at + timedelta(days=7))
    moment[0] += timedelta(days=7)
    with office.change(SYSTEM) as change:                      # publish
        release(change, batch)
    done("released", batch, *keys)
    with office.change(desk["secretary"]) as change:
        correct(change, keys[0], Publishable(f"c{number}", desk["maker"], {**document, "i": 9}, True), {"en": "r", "zh": "r"})
    done("corrected", keys[0])
"""


def test_a_killed_process_leaves_every_committed_record_and_none_half_done(tmp_path: Path) -> None:
    folder, said = tmp_path / "office", tmp_path / "said"
    office = open_office(folder, create=True, clock=lambda: datetime(2026, 3, 2, tzinfo=UTC))
    desk: Desk = desk_in(office)
    office.close()
    chance, first, now = random.Random(6), 0, datetime(2026, 3, 3, tzinfo=UTC)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(6):
        given = {
            "folder": str(folder),
            "said": str(said),
            "secretary": desk.secretary,
            "maker": desk.maker,
            "first": first,
            "now": now.isoformat(),
        }
        before = said.stat().st_size if said.exists() else 0
        process = subprocess.Popen([sys.executable, "-c", _WORK, json.dumps(given)], env=environment)
        deadline = time.monotonic() + 30
        while not said.exists() or said.stat().st_size == before:  # it is at work
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.25))
        process.send_signal(signal.SIGKILL)
        process.wait()
        first, now = first + 10_000, now + timedelta(days=3650)
        _check(folder, said, now)
    assert sum(line.startswith('["released"') for line in said.read_text().splitlines()) >= 3


def _check(folder: Path, said: Path, now: datetime) -> None:
    # the last line may have been cut off by the kill; what it says is not counted as acknowledged
    lines = [json.loads(line) for line in said.read_text().splitlines() if line.endswith("]")]
    office = open_office(folder, clock=lambda: now)
    with office.reading() as session:
        found = verify_office(session, "office")
        assert found.whole, [finding.line() for finding in found.findings]
        batches = {one.key: one for one in session.scalars(select(Batch))}
        results = {one.key: one for one in session.scalars(select(Result))}
        for kind, key, *more in lines:  # every acknowledged change is there
            if kind == "imported":
                assert [results[one].batch for one in more] == [key] * 3
            elif kind == "released":
                assert batches[key].state == "released"
            else:
                assert results[key].version == 2
        by_batch = {key: [r for r in results.values() if r.batch == key] for key in batches}
        for key, own in by_batch.items():  # none is half done
            assert len(own) == 3
            assert {r.state for r in own} == {"published" if batches[key].state == "released" else "listed"}
        versions = session.scalars(select(ResultVersion.record)).all()
        kinds = session.scalars(select(LogRecord.kind)).all()
        assert len(versions) == sum(kind in ("result", "correction") for kind in kinds)
    office.close()
