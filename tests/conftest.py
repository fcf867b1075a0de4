"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def _shared_folder() -> Path:
    return Path(os.environ.get("CARINDEX_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference data beside the checkout; tests that compare with it are left out where it is absent."""
    folder = _shared_folder()
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}")
    return folder


@pytest.fixture(autouse=True)
def _no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests know no terminal, however they are run, unless they say how wide it is."""
    monkeypatch.delenv("COLUMNS", raising=False)


def pytest_report_header() -> str:
    folder = _shared_folder()
    return f"reference data: {folder if folder.is_dir() else 'absent, comparisons with it are left out'}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many comparisons with the reference data ran, so that a run that left some out is seen."""

    def marked(outcome: str) -> int:
        reports = terminalreporter.stats.get(outcome, [])
        return sum("shared" in getattr(report, "keywords", ()) for report in reports)

    terminalreporter.write_line(
        f"comparisons with reference data: {marked('passed') + marked('failed')} ran, {marked('skipped')} left out"
    )
