"""carindex: the open engine of an automotive index.

Evidence about a car goes in, its rating under any programme comes out, with every lost point explained.
Data moves one way through the rooms: recordings, criteria, measures, dossier, rating, report.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("carindex")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"
