"""Run a few independent tasks of one command on as many processors as there are.

Belongs here: how tasks are started and their results come back. Does not: what the tasks are. A task is run in a copy
of this process (``fork``), so that it needs nothing handed over; where a process cannot be copied, or must not be
because it has threads, tasks simply run one after the other, with the same results.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar, cast

T = TypeVar("T")

_WITH_THREADS = ("typst", "vl_convert")
"""Libraries that start threads of their own when they work; a copy of a process that used one would wait for ever."""


class Task(Generic[T]):
    """A task that has been started, or will be run when its result is asked for."""

    def __init__(self, work: Callable[[], T]) -> None:
        """Start a task; at the latest `result` runs it."""
        self._work = work
        self._process = 0
        self._pipe = -1
        if _copies_allowed():
            self._start()

    def _start(self) -> None:
        reading, writing = os.pipe()
        process = os.fork()
        if process:
            os.close(writing)
            self._process, self._pipe = process, reading
            return
        os.close(reading)  # from here on the copy; it must not return to what the command would do next
        status = 1
        with suppress(BaseException):
            with os.fdopen(writing, "wb") as target:
                target.write(_outcome(self._work))
            status = 0
        os._exit(status)

    def result(self) -> T:
        """Return what the task returns.

        Raises
        ------
        Exception
            What the task raised.
        """
        if not self._process:
            return self._work()
        with os.fdopen(self._pipe, "rb") as source:
            answer = source.read()
        process, self._process = self._process, 0
        _, status = os.waitpid(process, 0)
        if status or not answer:  # the copy was ended from outside: nothing is lost but time
            return self._work()
        failed, value = pickle.loads(answer)
        if failed:
            raise value
        return cast(T, value)

    def drop(self) -> None:
        """End a task whose result nobody asks for."""
        if self._process:
            process, self._process = self._process, 0
            os.close(self._pipe)
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)

    def __del__(self) -> None:
        """End a task that was forgotten, after an error elsewhere."""
        self.drop()


def side_by_side(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Return the results of tasks, in their order; all but the last run in copies of this process if that is possible.

    Parameters
    ----------
    tasks
        What to do. A task changes nothing that another one or the caller looks at, and its result can be pickled.

    Raises
    ------
    Exception
        What the first failing task raised, after all have ended.
    """
    started = [Task(task) for task in tasks[:-1]]
    outcomes: list[Callable[[], T]] = []
    if tasks:
        last = _outcome_here(tasks[-1])
        outcomes = [_outcome_here(task.result) for task in started] + [last]
    return [outcome() for outcome in outcomes]


def processors() -> int:
    """Return how many processors this command may use; 1 where tasks do not run side by side."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _copies_allowed() -> bool:
    if not hasattr(os, "fork") or not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        return False
    if any(name in sys.modules for name in _WITH_THREADS):
        return False
    threading = sys.modules.get("threading")
    return threading is None or threading.active_count() == 1


def _outcome(work: Callable[[], T]) -> bytes:
    outcome: tuple[bool, T | Exception]
    try:
        outcome = False, work()
    except Exception as error:  # it is raised again where the result is asked for
        outcome = True, error
    return pickle.dumps(outcome, protocol=5)


def _outcome_here(work: Callable[[], T]) -> Callable[[], T]:
    """Run a task now; what it returns or raises comes when the returned function is called."""
    try:
        value = work()
    except Exception as problem:
        error = problem

        def fail() -> T:
            raise error

        return fail
    return lambda: value
