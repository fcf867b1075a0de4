"""Tasks that run beside each other have the results and the errors of tasks that run one after the other."""

from __future__ import annotations

import os
import threading
from functools import partial

import pytest

from carindex import side_by_side as module
from carindex.messages import Finding, InputError
from carindex.side_by_side import side_by_side


def square(number: int) -> int:
    return number * number


def fails(place: str) -> int:
    raise InputError(place, "dossier.no_such_path")


@pytest.fixture(params=[True, False], ids=["copies", "one after the other"])
def copies(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    allowed = bool(request.param) and hasattr(os, "fork")
    monkeypatch.setattr(module, "_copies_allowed", lambda: allowed)
    return allowed


def test_results_come_in_the_order_of_the_tasks(copies: bool) -> None:
    assert side_by_side([partial(square, n) for n in range(5)]) == [0, 1, 4, 9, 16]
    assert side_by_side([]) == []


def test_the_first_task_that_fails_tells_what_was_wrong(copies: bool) -> None:
    for tasks in (
        [partial(fails, "a.xlsx"), partial(square, 2)],
        [partial(square, 2), partial(fails, "a.xlsx")],
        [partial(fails, "a.xlsx"), partial(fails, "b.xlsx")],
    ):
        with pytest.raises(InputError) as caught:
            side_by_side(tasks)
        assert caught.value.place == "a.xlsx"
        assert caught.value.line("zh") == InputError("a.xlsx", "dossier.no_such_path").line("zh")


def test_what_cannot_be_handed_over_is_done_here(copies: bool) -> None:
    results = side_by_side([lambda: lambda: 3, partial(square, 3)])
    assert results[0]() == 3  # type: ignore[operator]
    assert results[1] == 9


def test_a_copy_that_is_ended_from_outside_loses_nothing(copies: bool) -> None:
    here = os.getpid()

    def dies_elsewhere() -> int:
        if os.getpid() != here:
            os._exit(9)
        return 7

    assert side_by_side([dies_elsewhere, partial(square, 2)]) == [7, 4]


def test_a_task_that_is_dropped_leaves_no_process() -> None:
    task = module.Task(lambda: b"x" * 10_000_000)
    process = task._process
    del task
    if process:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)


def test_a_process_with_threads_is_not_copied() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert not module._copies_allowed()
    finally:
        stop.set()
        thread.join()


def test_a_finding_can_be_handed_over(copies: bool) -> None:
    finding = InputError("a.xlsx", "dossier.no_such_path", path="x").as_finding()
    assert side_by_side([lambda: finding, lambda: finding]) == [finding, finding]
    assert isinstance(finding, Finding)
