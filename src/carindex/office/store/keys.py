"""Keys of records: 26 letters and digits that sort in the order in which the records were made."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from threading import Lock

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80
LENGTH = 26


class KeyMaker:
    """Makes keys: milliseconds since 1970, then chance; within one process each is greater than the one before.

    ``chance`` returns that many random bits; a demonstration hands in its own so that it gives the same every time.
    """

    def __init__(self, chance: Callable[[int], int] = secrets.randbits) -> None:
        self._chance = chance
        self._last = 0
        self._lock = Lock()

    def next(self, at: datetime) -> str:
        """Return a key for a record made at a moment."""
        made = int(at.timestamp() * 1000) << _RANDOM_BITS | self._chance(_RANDOM_BITS)
        with self._lock:
            self._last = made = max(made, self._last + 1)
        return "".join(_DIGITS[made >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))
