"""The workbooks of Post-Crash: the blank template, preparation, reading, and the report.

A report asks for scores of nodes, and for ``PATH#reported`` where a rule between stages changes a score afterwards.
"""

from carindex.euroncap.post_crash.reading import prepare, read, report
from carindex.euroncap.post_crash.sheets import blank

__all__ = ["blank", "prepare", "read", "report"]
