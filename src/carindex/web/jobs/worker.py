"""The worker: takes the job that waits the longest, does it in a process of its own, stops it when it is cancelled.

Only one worker works for an office (a lock on a file in its folder). A job that was running when the worker ended is
begun anew by the next one. The worker also releases batches whose time has come.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

from sqlalchemy import select

from carindex.messages import Finding, InputError
from carindex.office.publication.batches import release_due
from carindex.office.store import SYSTEM, Office, open_office
from carindex.office.workspace.jobs import begin_next, end, progress_file, take_up_again, tell
from carindex.office.workspace.models import Job, JobState, Upload
from carindex.web.bench import Looked
from carindex.web.jobs.kinds import done

_log = logging.getLogger("carindex.web.worker")
_SPAWN = multiprocessing.get_context("spawn")
MOST_SECONDS = 30 * 60.0
_MEMORY = 8 * 1024**3


@contextlib.contextmanager
def only_worker(office: Office) -> Iterator[bool]:
    """Tell whether this is the only worker of an office, as long as it lasts."""
    file = office.files / "site" / "worker.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as stream:
        yield _locked(stream)


def _locked(stream: IO[str]) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def work(store: str | None, parent: int, pause: float = 0.5) -> None:
    """Work for an office until the process that started it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    office = open_office(store)
    with only_worker(office) as alone:
        if not alone:
            _log.warning("another worker works for this office")
            return
        with office.reading() as session:
            running = select(Job.key).where(Job.state == JobState.RUNNING.value).limit(1)
            interrupted = session.scalar(running)
        if interrupted:
            with office.change(SYSTEM) as change:
                take_up_again(change)
        while os.getppid() == parent:
            _release(office)
            if not one_job(office, store, pause, parent):
                time.sleep(pause)


def _release(office: Office) -> None:
    try:
        release_due(office)
    except InputError as error:
        _log.error("batches cannot be released: %s", error)


def one_job(office: Office, store: str | None, pause: float, parent: int | None = None) -> bool:
    """Do the job that waits the longest; returns whether there was one."""
    with office.reading() as session:
        waiting = session.scalar(select(Job.key).where(Job.state == JobState.WAITING.value).limit(1))
    if waiting is None:
        return False
    with office.change(SYSTEM) as change:
        job = begin_next(change)
    if job is None:
        return False
    receiver, sender = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=_do, args=(store, str(office.files), job.key, sender), daemon=True)
    process.start()
    sender.close()
    answer: tuple[Any, Finding | None] | None = None
    began = time.monotonic()
    while answer is None:
        if receiver.poll(pause):
            try:
                answer = receiver.recv()
            except EOFError:
                answer = (
                    None,
                    Finding("office/workspace.worker_ended", "error", job.kind, None, {"tries": job.tries}),
                )
        elif parent is not None and os.getppid() != parent:
            process.kill()
            return True  # begun anew by the next worker
        elif not _wanted(office, job.key):
            process.kill()
            break
        elif time.monotonic() - began > MOST_SECONDS:
            process.kill()
            minutes = round(MOST_SECONDS / 60)
            answer = (
                None,
                Finding("office/workspace.took_too_long", "error", job.kind, None, {"minutes": minutes}),
            )
    process.join(10)
    if answer is not None:
        with office.change(SYSTEM) as change:
            end(change, job.key, *answer)
    progress_file(office, job.key).unlink(missing_ok=True)
    return True


def _wanted(office: Office, key: str) -> bool:
    with office.reading() as session:
        return session.get_one(Job, key).state == JobState.RUNNING.value


def _do(store: str | None, files: str, key: str, answer: Connection) -> None:
    """Do one job in this process; what is uploaded is strange data, so memory is limited."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    office = open_office(store)
    office.files = Path(files)
    with office.reading() as session:
        job = session.get_one(Job, key)
        upload = session.get_one(Upload, job.upload)
    looked = Looked(office, upload, job.settings.get("car"), job.settings.get("test"))
    last = 0.0

    def told(part: int, whole: int) -> None:
        nonlocal last
        if time.monotonic() - last > 0.2:
            last = time.monotonic()
            tell(office, key, part, whole)

    try:
        answer.send((done(job.kind, looked, job.settings, told), None))
    except InputError as error:
        answer.send((None, error.as_finding()))
    finally:
        answer.close()


def _end_with(parent: int) -> None:
    """End this process when the one that started it is gone."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def start(store: str | None) -> Any:  # noqa: ANN401 - a process of the multiprocessing context
    """Start a worker for an office; it ends with this process."""
    process = _SPAWN.Process(target=work, args=(store, os.getpid()), name="carindex worker")
    process.start()
    return process
