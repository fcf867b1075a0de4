"""Jobs: asked for, begun, done, failed or cancelled; what was running when its worker ended waits again.

The database holds in which state a job is; how far it is, is told beside it (`progress_file`), too often for records.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from carindex.messages import Finding, InputError
from carindex.office.store import Actor, Change, Office
from carindex.office.workspace.access import organisation_of
from carindex.office.workspace.models import Job, JobState, UploadState
from carindex.office.workspace.uploads import plain, upload_of

MOST_WAITING = 10
"""So many jobs of an organisation may wait or run."""
MOST_TRIES = 3
"""A job whose worker ended that often is not begun again: it may be what ends it."""
_WORKING = (JobState.WAITING.value, JobState.RUNNING.value)


def ask(change: Change, kind: str, upload: str, settings: Mapping[str, Any]) -> Job:
    """Ask for a job on an upload of the own organisation.

    Raises
    ------
    InputError
        When there is no such upload, it is not complete, or too many jobs wait already.
    """
    found = upload_of(change.session, change.actor, upload)
    if found.state != UploadState.COMPLETE.value:
        raise InputError(found.title, "office/workspace.not_complete", state=found.state)
    waiting = change.session.scalar(
        select(func.count())
        .select_from(Job)
        .where(Job.organisation == found.organisation, Job.state.in_(_WORKING))
    )
    if (waiting or 0) >= MOST_WAITING:
        raise InputError(found.title, "office/workspace.too_many_jobs", most=MOST_WAITING)
    job = change.add(
        Job(
            person=str(change.actor.person),
            organisation=found.organisation,
            upload=found.key,
            kind=kind,
            settings=dict(settings),
            state=JobState.WAITING.value,
            tries=0,
            asked=change.at,
            begun=None,
            ended=None,
            finding=None,
            result=None,
        )
    )
    change.record("workspace.job_asked", job, {"kind": kind, "upload": found.key})
    return job


def job_of(session: Session, actor: Actor, key: str) -> Job:
    """Return a job of the actor's own organisation.

    Raises
    ------
    InputError
        When there is none, or it is another organisation's: which of the two is not said.
    """
    organisation = organisation_of(actor)
    found = session.get(Job, key)
    if found is None or found.organisation != organisation:
        raise InputError(key[:40], "office/workspace.no_such_job")
    return found


def jobs_of(session: Session, actor: Actor, upload: str | None = None) -> list[Job]:
    """Return the jobs of the actor's own organisation, of one upload or all, the latest first."""
    asked = select(Job).where(Job.organisation == organisation_of(actor))
    if upload is not None:
        asked = asked.where(Job.upload == upload)
    return list(session.scalars(asked.order_by(Job.key.desc())))


def result_of(session: Session, actor: Actor, key: str) -> Any:  # noqa: ANN401 - plain values
    """Return what came out of a job of the actor's own organisation.

    Raises
    ------
    InputError
        When there is none, or it is not done.
    """
    job = job_of(session, actor, key)
    if job.state != JobState.DONE.value:
        raise InputError(key, "office/workspace.job_not_done", state=job.state)
    return session.scalar(select(Job.result).where(Job.key == key))


def cancel(change: Change, key: str) -> Job:
    """Cancel a job that waits or runs; its worker sees it and stops.

    Raises
    ------
    InputError
        When there is none of the own organisation, or it has ended.
    """
    job = job_of(change.session, change.actor, key)
    if job.state not in _WORKING:
        raise InputError(key, "office/workspace.job_ended", state=job.state)
    job.state, job.ended = JobState.CANCELLED.value, change.at
    change.record("workspace.job_cancelled", job)
    return job


# -- the worker's part ---------------------------------------------------------------------------------------


def begin_next(change: Change) -> Job | None:
    """Begin the job that waits the longest; ``None`` where none waits. Only the office itself does."""
    _only_itself(change)
    job = change.session.scalar(
        select(Job).where(Job.state == JobState.WAITING.value).order_by(Job.key).limit(1)
    )
    if job is None:
        return None
    job.state, job.begun, job.tries = JobState.RUNNING.value, change.at, job.tries + 1
    change.record("workspace.job_begun", job, {"try": job.tries})
    return job


def end(change: Change, key: str, result: Any, finding: Finding | None) -> bool:  # noqa: ANN401 - plain values
    """Note how a running job ended: with a result or a finding. Returns whether it was still wanted."""
    _only_itself(change)
    job = change.session.get_one(Job, key)
    if job.state != JobState.RUNNING.value:
        return False
    job.ended = change.at
    job.state = JobState.DONE.value if finding is None else JobState.FAILED.value
    job.result = result
    job.finding = None if finding is None else plain(finding)
    change.record("workspace.job_ended", job, {"state": job.state})
    return True


def take_up_again(change: Change) -> int:
    """Let jobs wait again that were running when their worker ended; returns how many. Only one worker may be there."""
    _only_itself(change)
    running = list(change.session.scalars(select(Job).where(Job.state == JobState.RUNNING.value)))
    for job in running:
        if job.tries >= MOST_TRIES:
            job.state, job.ended = JobState.FAILED.value, change.at
            job.finding = plain(
                Finding("office/workspace.worker_ended", "error", job.kind, None, {"tries": job.tries})
            )
        else:
            job.state = JobState.WAITING.value
        change.record("workspace.job_interrupted", job, {"state": job.state})
    return len(running)


def _only_itself(change: Change) -> None:
    if not change.actor.system:
        raise RuntimeError("only the office itself does its jobs")


# -- how far it is -------------------------------------------------------------------------------------------


def progress_file(office: Office, key: str) -> Path:
    """Return the file in which a worker says how far a job is."""
    return office.files / "workspace" / "jobs" / f"{key}.json"


def progress(office: Office, job: Job) -> tuple[int, int]:
    """Return how much of a job is done, and of how much; nothing of nothing where that is not known."""
    try:
        done, whole = json.loads(progress_file(office, job.key).read_text("utf-8"))
    except (OSError, ValueError):
        return 0, 0
    return int(done), int(whole)


def tell(office: Office, key: str, done: int, whole: int) -> None:
    """Say how far a job is: a small file that is put in place at once."""
    file = progress_file(office, key)
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(json.dumps([done, whole]), "utf-8")
    new.replace(file)
