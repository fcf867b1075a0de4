"""Confidence intervals of a probability that was counted.

References
----------
E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22, 209-212.
"""

from __future__ import annotations

from math import sqrt

LEVEL = 0.95
_Z = 1.959963984540054


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return the Wilson score interval at 95 % of a probability of which ``hits`` of ``count`` samples were counted."""
    share, spread = hits / count, _Z * _Z / count
    middle = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * sqrt(share * (1 - share) / count + spread / (4 * count))
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    return low, 1.0 if hits == count else min(1.0, middle + half)
