"""wip"""

from carindex.euroncap.crash_avoidance.blank import blank
from carindex.euroncap.crash_avoidance.reading import read

__all__ = ["blank", "read"]
