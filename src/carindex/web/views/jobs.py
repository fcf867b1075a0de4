"""A job as it is shown: what it is, how far it is, what came out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from carindex.messages import Language
from carindex.office.store import Office
from carindex.office.workspace.jobs import progress
from carindex.office.workspace.models import Job, JobState
from carindex.office.workspace.uploads import finding_of
from carindex.web.wording import label

WORKING = (JobState.WAITING.value, JobState.RUNNING.value)


@dataclass(frozen=True)
class ShownJob:
    """A job; ``share`` is how much of it is done, 0 to 1, ``None`` where that is not known."""

    key: str
    kind: str
    about: str
    state: str
    state_text: str
    working: bool
    done: bool
    share: float | None
    asked: str
    said: str


def shown_job(office: Office, job: Job, language: Language) -> ShownJob:
    """Prepare a job."""
    done, whole = progress(office, job) if job.state == JobState.RUNNING.value else (0, 0)
    about = [str(job.settings[name]) for name in ("protocol", "samples", "car") if job.settings.get(name)]
    return ShownJob(
        key=job.key,
        kind=label(f"job_{job.kind}", language),
        about=" · ".join(about),
        state=job.state,
        state_text=label(f"job_state_{job.state}", language),
        working=job.state in WORKING,
        done=job.state == JobState.DONE.value,
        share=done / whole if whole else None,
        asked=job.asked.strftime("%Y-%m-%d %H:%M"),
        said=finding_of(job.finding).line(language) if job.finding else "",
    )


def job_json(office: Office, job: Job, language: Language) -> dict[str, Any]:
    """Return a job as plain values, without its result."""
    done, whole = progress(office, job) if job.state == JobState.RUNNING.value else (0, 0)
    return {
        "key": job.key,
        "upload": job.upload,
        "kind": job.kind,
        "settings": job.settings,
        "state": job.state,
        "progress": {"done": done, "of": whole},
        "asked": job.asked.isoformat(),
        "begun": job.begun.isoformat() if job.begun else None,
        "ended": job.ended.isoformat() if job.ended else None,
        "finding": finding_of(job.finding).as_json(language) if job.finding else None,
    }
