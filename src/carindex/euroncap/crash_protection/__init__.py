"""The workbooks of Crash Protection."""

from carindex.euroncap.crash_protection.reading import read
from carindex.euroncap.crash_protection.sheets import blank

__all__ = ["blank", "read"]
