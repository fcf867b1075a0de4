"""How often one may try: so many times in a window of time, told apart by a key (an account, an address, a token)."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from time import monotonic

_MOST_KEYS = 20_000


class Throttle:
    """Count what happens under a key in a sliding window.

    Parameters
    ----------
    most, window
        So many times in so many seconds.
    time
        Seconds that never go back.
    """

    def __init__(self, most: int, window: float, time: Callable[[], float] = monotonic) -> None:
        self.most, self.window, self._time = most, window, time
        self._at: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key: str) -> float:
        """Return how many seconds the key has to wait before it may try again; 0 where it may now."""
        with self._lock:
            return self._wait(key, self._time())

    def count(self, key: str) -> None:
        """Count one time."""
        with self._lock:
            self._count(key, self._time())

    def take(self, key: str) -> float:
        """Count one time where the key may; return how many seconds it has to wait, 0 where it was counted."""
        with self._lock:
            now = self._time()
            wait = self._wait(key, now)
            if not wait:
                self._count(key, now)
            return wait

    def forget(self, key: str) -> None:
        """Forget what was counted under a key."""
        with self._lock:
            self._at.pop(key, None)

    def left(self, key: str) -> int:
        """Return how many times are left in the window."""
        with self._lock:
            self._wait(key, self._time())
            return self.most - len(self._at.get(key, ()))

    def _wait(self, key: str, now: float) -> float:
        at = self._at.get(key)
        if at is None:
            return 0.0
        while at and at[0] <= now - self.window:
            at.popleft()
        return at[0] + self.window - now if len(at) >= self.most else 0.0

    def _count(self, key: str, now: float) -> None:
        at = self._at.setdefault(key, deque(maxlen=self.most))
        self._at.move_to_end(key)
        at.append(now)
        while len(self._at) > _MOST_KEYS:  # the keys that were quiet the longest
            self._at.popitem(last=False)
