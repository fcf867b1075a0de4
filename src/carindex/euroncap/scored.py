"""What a report workbook asks of a rating."""

from __future__ import annotations

from typing import Protocol


class Scored(Protocol):
    """What a rating says, as a report asks for it."""

    def score(self, path: str) -> float | None:
        """Return the points of a node of the protocol, ``None`` while it is open."""

    def named(self, name: str) -> float | None:
        """Return a value that a rule works out beside a score, by name; ``None`` while it is open."""
