"""carindex: the open engine of an automotive index.

Evidence about a car goes in, its rating under any programme comes out, with every lost point explained.
Data moves one way through the rooms: recordings, criteria, measures, dossier, rating, report.
"""

__version__ = "0.1.0"
