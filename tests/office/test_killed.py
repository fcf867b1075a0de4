"""A process that is killed while it takes data in: what was committed is there afterwards, whole; nothing is half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from random import Random

import pytest
from sqlalchemy import select
from tests.office.test_programme import Work

from carindex.office.programme.models import Receipt
from carindex.office.store import AuditEntry, open_office
from carindex.office.store.files import KeptFile, digest_of_file, place_of
from carindex.office.store.transaction import first_broken

PROGRAM = """
import sys
from pathlib import Path
from carindex.office.programme.work import receive
from carindex.office.store import open_office
address, by, order, folder = sys.argv[1:]
office = open_office(address)
print("begun", flush=True)
for i in range(1000):
    file = Path(folder) / f"{i}.bin"
    file.write_bytes(f"{i} of {order}".encode() * 20_000)
    with office.change(by) as change:
        key = receive(change, order, file).key
    print(key, flush=True)
"""


@pytest.mark.parametrize("seed", range(3))
def test_killed_while_data_come_in(office, address, tmp_path, seed):
    work = Work(office)
    order = work.ordered()
    arguments = [address, work.secretary, order, str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    time.sleep(Random(seed).uniform(0.02, 0.4))
    process.send_signal(signal.SIGKILL)
    said = process.stdout.read().split("\n")[:-1]
    process.wait()
    process.stdout.close()
    again = open_office(address)
    with again.reading() as session:
        receipts = list(session.scalars(select(Receipt).order_by(Receipt.key)))
        assert [one.key for one in receipts][: len(said)] == said
        assert len(receipts) <= len(said) + 1  # the last one may be committed and not yet said
        logged = session.scalars(select(AuditEntry).where(AuditEntry.action == "order.data_received"))
        assert [one.details["receipt"] for one in logged] == [one.key for one in receipts]
        assert first_broken(session) is None
        for one in session.scalars(select(KeptFile)):
            assert digest_of_file(place_of(again.files, one.digest)) == one.digest
        named = {digest for one in receipts for digest in one.files.values()}
        assert named == set(session.scalars(select(KeptFile.digest)))
    again.close()
