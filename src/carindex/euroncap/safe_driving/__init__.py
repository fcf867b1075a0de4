"""The workbooks of Safe Driving: the empty template, read, prepared for testing, and filled in as a report.

A report asks a rating for

* ``score("safe_driving/…")`` of every node that the sheets of test, category and scenario scores print. A rear seat is
  asked for as the node it is (one point) and printed with its share; what an inaccurate speedometer takes off is
  printed from the scores of the speed control function before and after;
* ``named("acc/SCENARIO/POINT#colour")`` of every tested point of the adaptive cruise control, such as
  ``acc/ccrs_straight/60_km_h-0_km_h-0.5#colour``: an index into green, yellow, orange, brown, red, grey.

Nothing else is asked for by name.
"""

from typing import TYPE_CHECKING

from carindex.euroncap.on_demand import on_demand

if TYPE_CHECKING:
    from carindex.euroncap.safe_driving.blanks import blank
    from carindex.euroncap.safe_driving.preparing import prepare
    from carindex.euroncap.safe_driving.reading import read
    from carindex.euroncap.safe_driving.reporting import report

__all__ = ["blank", "prepare", "read", "report"]
__getattr__ = on_demand(__name__, blank="blanks", prepare="preparing", read="reading", report="reporting")
