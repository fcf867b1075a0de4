"""Rule kinds that nodes may have beside combinations, one module a family, found by the field of the file.

A kind says which facts its rule reads, the greatest score it can give, and how it is compiled to array operations.
"""

from __future__ import annotations

from collections.abc import Mapping

from carindex.rating.kinds.checks import CHECK_KINDS
from carindex.rating.kinds.crash import CRASH_KINDS
from carindex.rating.kinds.kind import Kind
from carindex.rating.kinds.precedents import PRECEDENT_KINDS

KINDS: Mapping[str, Kind] = {**CRASH_KINDS, **CHECK_KINDS, **PRECEDENT_KINDS}

__all__ = ["KINDS", "Kind"]
