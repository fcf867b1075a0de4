"""Greenhouse gases over the life of a car: factors as data, a car as a small file, a sum with bounds.

Belongs here: which factor counts for which car, and what is open. Does not belong here: formulas
(`carindex.criteria.life_cycle`).
"""

from carindex.measures.life_cycle.car import CarLife, read_car
from carindex.measures.life_cycle.compute import LifeCycle, Stage, life_cycle

__all__ = ["CarLife", "LifeCycle", "Stage", "life_cycle", "read_car"]
