"""Cabin health: concentrations in one unit, fields and counts from the named channels of a measurement.

Belongs here: everything between a recording and a value with its unit. Does not belong here: formulas
(`carindex.criteria.cabin`), limits.
"""

from carindex.measures.cabin.compute import measure_cabin

__all__ = ["measure_cabin"]
