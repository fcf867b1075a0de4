"""The workbooks of Post-Crash: the blank template, preparation, reading, and the report.

A report asks for scores of nodes, and for ``PATH#reported`` where a rule between stages changes a score afterwards.
"""

from typing import TYPE_CHECKING

from carindex.euroncap.on_demand import on_demand

if TYPE_CHECKING:
    from carindex.euroncap.post_crash.reading import prepare, read, report
    from carindex.euroncap.post_crash.sheets import blank

__all__ = ["blank", "prepare", "read", "report"]
__getattr__ = on_demand(__name__, blank="sheets", prepare="reading", read="reading", report="reading")
