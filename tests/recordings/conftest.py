"""Fixtures of the recordings tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data() -> Path:
    """A cut of a real crash test in both formats (see data/README.md)."""
    return Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def example() -> Path:
    """The whole real crash test that is bundled with the package."""
    root = Path(__file__).resolve().parent.parent.parent
    return root / "src/carindex/examples/toyota-camry-2018/tests/frontal/v10146.zip"
