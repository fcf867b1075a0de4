"""The workbooks of Crash Protection: the blank template, preparation for testing, reading, and the report.

A report asks for these values beside scores: of a criterion ``#colour``, ``#percent``, ``#capped``, ``#scores``,
``#assessed``, ``#limit``; of a body region ``#percent``, ``#modifiers``, ``#modifier_N``, ``#maximum``, ``#scores``;
of a dummy ``#capped``, ``#maximum``; of an impact point (``vru_headform/ROW_COLUMN``, legforms' points with their
quantity) ``#colour``, ``#percent``, ``#value``. A name that nobody publishes counts as a value that is not there.
"""

from typing import TYPE_CHECKING

from carindex.euroncap.on_demand import on_demand

if TYPE_CHECKING:
    from carindex.euroncap.crash_protection.preparing import prepare
    from carindex.euroncap.crash_protection.reading import read
    from carindex.euroncap.crash_protection.reporting import report
    from carindex.euroncap.crash_protection.sheets import blank

__all__ = ["blank", "prepare", "read", "report"]
__getattr__ = on_demand(__name__, blank="sheets", prepare="preparing", read="reading", report="reporting")
