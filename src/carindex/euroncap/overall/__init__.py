"""The overall workbook: the blank template, reading, and the report.

A report asks for scores of nodes, for ``PATH#counted`` where the calculator counts another score of a test, and for
``#stars``.
"""

from carindex.euroncap.overall.reading import prepare, read, report
from carindex.euroncap.overall.sheets import blank

__all__ = ["blank", "prepare", "read", "report"]
