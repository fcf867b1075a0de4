"""What time it is, asked at the edge only: a clock is handed in, and a change has one moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Says the time, with its zone."""


def utc_now() -> datetime:
    """Return the time of this machine, for commands and servers; tests hand in clocks of their own."""
    return datetime.now(UTC)
