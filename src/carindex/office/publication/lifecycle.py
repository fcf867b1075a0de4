"""Which step may follow which: batches, results, appeals. Pure; every module that changes a state asks here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from carindex.messages import InputError


class BatchState(StrEnum):
    """How far a batch is."""

    DRAFT = "draft"
    SEALED = "sealed"
    RELEASED = "released"
    ABANDONED = "abandoned"


class BatchStep(StrEnum):
    """What can be done with a batch."""

    ADD = "add"
    REMOVE = "remove"
    SEAL = "seal"
    RESCHEDULE = "reschedule"
    UNSEAL = "unseal"
    RELEASE = "release"
    ABANDON = "abandon"


class ResultState(StrEnum):
    """How far a result is."""

    LISTED = "listed"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    REMOVED = "removed"


class ResultStep(StrEnum):
    """What can be done with a result."""

    REMOVE = "remove"
    PUBLISH = "publish"
    CORRECT = "correct"
    WITHDRAW = "withdraw"
    REPUBLISH = "republish"


class AppealState(StrEnum):
    """How far an appeal is."""

    FILED = "filed"
    ADMITTED = "admitted"
    REFUSED = "refused"
    UPHELD = "upheld"
    DISMISSED = "dismissed"
    TAKEN_BACK = "taken_back"
    SETTLED = "settled"


class AppealStep(StrEnum):
    """What can be done with an appeal."""

    ADMIT = "admit"
    REFUSE = "refuse"
    UPHOLD = "uphold"
    DISMISS = "dismiss"
    TAKE_BACK = "take_back"
    SETTLE = "settle"


S = TypeVar("S", BatchState, ResultState, AppealState)
T = TypeVar("T", BatchStep, ResultStep, AppealStep)

BATCH: Mapping[tuple[BatchState, BatchStep], BatchState] = {
    (BatchState.DRAFT, BatchStep.ADD): BatchState.DRAFT,
    (BatchState.DRAFT, BatchStep.REMOVE): BatchState.DRAFT,
    (BatchState.DRAFT, BatchStep.SEAL): BatchState.SEALED,
    (BatchState.DRAFT, BatchStep.ABANDON): BatchState.ABANDONED,
    (BatchState.SEALED, BatchStep.RESCHEDULE): BatchState.SEALED,
    (BatchState.SEALED, BatchStep.UNSEAL): BatchState.DRAFT,
    (BatchState.SEALED, BatchStep.RELEASE): BatchState.RELEASED,
    (BatchState.SEALED, BatchStep.ABANDON): BatchState.ABANDONED,
}
RESULT: Mapping[tuple[ResultState, ResultStep], ResultState] = {
    (ResultState.LISTED, ResultStep.REMOVE): ResultState.REMOVED,
    (ResultState.LISTED, ResultStep.PUBLISH): ResultState.PUBLISHED,
    (ResultState.PUBLISHED, ResultStep.CORRECT): ResultState.PUBLISHED,
    (ResultState.PUBLISHED, ResultStep.WITHDRAW): ResultState.WITHDRAWN,
    (ResultState.WITHDRAWN, ResultStep.REPUBLISH): ResultState.PUBLISHED,
}
APPEAL: Mapping[tuple[AppealState, AppealStep], AppealState] = {
    (AppealState.FILED, AppealStep.ADMIT): AppealState.ADMITTED,
    (AppealState.FILED, AppealStep.REFUSE): AppealState.REFUSED,
    (AppealState.FILED, AppealStep.TAKE_BACK): AppealState.TAKEN_BACK,
    (AppealState.ADMITTED, AppealStep.UPHOLD): AppealState.UPHELD,
    (AppealState.ADMITTED, AppealStep.DISMISS): AppealState.DISMISSED,
    (AppealState.ADMITTED, AppealStep.TAKE_BACK): AppealState.TAKEN_BACK,
    (AppealState.UPHELD, AppealStep.SETTLE): AppealState.SETTLED,
}
OPEN_APPEALS = (AppealState.FILED, AppealState.ADMITTED, AppealState.UPHELD)
"""States in which somebody owes an answer or a remedy."""


def batch_after(state: str, step: BatchStep, place: str) -> BatchState:
    """Return the state of a batch after a step.

    Raises
    ------
    InputError
        When the step may not follow.
    """
    return _after(BATCH, BatchState(state), step, place)


def result_after(state: str, step: ResultStep, place: str) -> ResultState:
    """Return the state of a result after a step; raises as `batch_after`."""
    return _after(RESULT, ResultState(state), step, place)


def appeal_after(state: str, step: AppealStep, place: str) -> AppealState:
    """Return the state of an appeal after a step; raises as `batch_after`."""
    return _after(APPEAL, AppealState(state), step, place)


def _after(table: Mapping[tuple[S, T], S], state: S, step: T, place: str) -> S:
    if (state, step) not in table:
        fitting = sorted(known.value for known, own in table if own == step)
        raise InputError(
            place, "office/publication.wrong_step", step=step, state=state, expected=", ".join(fitting)
        )
    return table[state, step]
