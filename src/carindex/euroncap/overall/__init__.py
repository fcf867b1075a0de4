"""The overall workbook: the blank template, reading, and the report.

A report asks for scores of nodes, for ``PATH#counted`` where the calculator counts another score of a test, and for
``#stars``.
"""

from typing import TYPE_CHECKING

from carindex.euroncap.on_demand import on_demand

if TYPE_CHECKING:
    from carindex.euroncap.overall.reading import prepare, read, report
    from carindex.euroncap.overall.sheets import blank

__all__ = ["blank", "prepare", "read", "report"]
__getattr__ = on_demand(__name__, blank="sheets", prepare="reading", read="reading", report="reading")
