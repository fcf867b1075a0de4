"""Tests of emissions and energy: channels found by name, sums by phase.

Belongs here: everything between a recording and grams a kilometre of a phase. Does not belong here: formulas
(`carindex.criteria.emissions`, `carindex.criteria.energy`), limits.
"""

from carindex.measures.emission.compute import measure_emission

__all__ = ["measure_emission"]
