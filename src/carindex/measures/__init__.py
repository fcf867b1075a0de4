"""From channels to criteria: what is computed from which channels, for which dummy, in which test.

The measures are data: the YAML files of this package, one a body region, to be read beside the documents they
come from (``docs/measures.md`` says how). The code runs them: `setup_from` finds out who sat where, `measure`
computes. Points, stars and limits are not known here.
"""

from carindex.measures.compute import measure
from carindex.measures.results import Measured, Measurements, Trace
from carindex.measures.setup import Occupant, Overrides, TestSetup, setup_from

__all__ = [
    "Measured",
    "Measurements",
    "Occupant",
    "Overrides",
    "TestSetup",
    "Trace",
    "measure",
    "setup_from",
]
